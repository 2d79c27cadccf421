"""The account under named scenarios: a dot and a whisker for each group."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval
from mih_impact.display.options import language
from mih_impact.display.style import (
    ACTOR_COLOURS,
    align_with_names,
    axes,
    figure_style,
    key_row,
    kroner_axis,
    make_room,
    set_alt_text,
    source_line,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.checks import require_group
from mih_impact.economics.figures.parts import (
    INK,
    INTERVAL,
    NO_INTERVAL,
    RULE,
    beneath,
    halo,
    name_rows,
    upright_grid,
    wrapped,
)
from mih_impact.economics.labels import hundreds
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from mih_impact.economics.sensitivity.scenarios import Scenarios

__all__ = ["plot_scenarios"]

_TITLE = Label(nb="Regnskapet i ulike scenarier", en="The account under scenarios")
_WHAT = Label(nb="Nåverdi per deltaker", en="Present value per participant")
_YEARS = Label(nb="{name} ({years} år)", en="{name} ({years} years)")
_NOTE = Label(
    nb="Pessimistisk og optimistisk er ytterpunkter, ikke anslag.",
    en="Pessimistic and optimistic are extremes, no forecasts.",
)
_LONGER = Label(
    nb="Scenarier med årstall i parentes går lenger enn regnskapet.",
    en="Scenarios with years in brackets are longer than the account.",
)
_MARKERS = "osD^vP"  # a shape of its own for each group, so that grey tells them apart
_Z = NormalDist().inv_cdf(0.975)
_STEP = 0.36  # between the groups of a scenario


def plot_scenarios(
    scenarios: Scenarios,
    of: Sequence[str] = ("society", "public"),
    *,
    ax: Axes | None = None,
    lang: Lang | None = None,
) -> Axes:
    """Draw present values under every scenario, with 95 per cent intervals.

    Parameters
    ----------
    scenarios
        The scenarios.
    of
        One to six of the actors, `public` and `society`.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes

    Raises
    ------
    AssumptionError
        No group, more than six, or an unknown one.
    """
    lang, groups = language(lang), _checked(of)
    frame = scenarios.to_frame()
    count = len(scenarios.scenarios)
    places = (0.55 + _STEP * len(groups)) * np.arange(count, dtype=np.float64)
    with figure_style():
        ax = axes(ax, size=(7.2, 2.0 + 0.5 * float(places[-1] + 1)))
        upright_grid(ax)
        ax.axvline(0, color=INK, linewidth=0.8)
        for between in (places[1:] + places[:-1]) / 2:
            ax.axhline(between, color=RULE, linewidth=0.6)
        marks = []
        for g, group in enumerate(groups):
            rows = frame[frame["actor"] == group]
            at = places + _STEP * (g - (len(groups) - 1) / 2)
            label = capital(GROUP_LABELS[group].text(lang))
            marks.append(_dots(ax, rows, at, group, _MARKERS[g], label, lang))
        name_rows(ax, places, _names(scenarios, frame, lang))
        edge = _STEP * len(groups) / 2 + 0.25
        ax.set_ylim(places[-1] + edge, places[0] - edge)
        make_room(ax)
        ax.set_title(_TITLE.text(lang))
        kroner_axis(ax, lang, price_year=scenarios.price_year, axis="x", what=_WHAT.text(lang))
        key_row(ax, marks)
        source_line(ax, beneath(scenarios.basis, scenarios, lang, *_notes(frame)))
        align_with_names(ax)
        set_alt_text(ax, _alt(scenarios, frame, groups, lang))
    return ax


def _checked(of: Sequence[str]) -> list[str]:
    given = arguments.listed(of)
    if given is None or not 1 <= len(given) <= len(_MARKERS):
        raise AssumptionError(
            f"Scenarios are drawn for one to {len(_MARKERS)} groups",
            found=arguments.shown(of),
            do="write of=['society', 'public']",
        )
    for group in given:
        require_group(group)
    return list(given)


def _dots(
    ax: Axes, rows: pd.DataFrame, at: np.ndarray, group: str, marker: str, label: str, lang: Lang
) -> Line2D:
    """Draw a group under every scenario, and return the handle that names it."""
    values = rows["present_value"].to_numpy()
    reach = _Z * rows["std_error"].fillna(0.0).to_numpy()
    colour = ACTOR_COLOURS[group]
    ax.hlines(at, values - reach, values + reach, color=colour, linewidth=2.0)
    (dots,) = ax.plot(
        values, at, marker, color=colour, markersize=6.5, markeredgecolor="white",
        markeredgewidth=0.8, label=label,
    )  # fmt: skip
    for place, value, right in zip(at, values, values + reach, strict=True):
        ax.annotate(
            hundreds(value, lang), xy=(right, place), xytext=(7, 0), textcoords="offset points",
            ha="left", va="center", fontsize=8.5, color=INK, path_effects=halo(),
        )  # fmt: skip
    return dots


def _names(scenarios: Scenarios, frame: pd.DataFrame, lang: Lang) -> list[str]:
    """Return the names of the scenarios, with their years where these are not the account's."""
    years = frame.groupby("scenario")["horizon"].first()
    usual = years.min()
    names = []
    for scenario in scenarios.scenarios:
        name = scenario.label.text(lang)
        if years[scenario.name] > usual:
            name = _YEARS.format(name=name, years=years[scenario.name]).text(lang)
        names.append(wrapped(name, 30))
    return names


def _notes(frame: pd.DataFrame) -> list[Label]:
    notes = [NO_INTERVAL if frame["std_error"].isna().all() else INTERVAL]
    if frame["scenario"].isin(["pessimistic", "optimistic"]).any():
        notes.append(_NOTE)
    return [*notes, _LONGER] if frame["horizon"].nunique() > 1 else notes


def _alt(scenarios: Scenarios, frame: pd.DataFrame, groups: list[str], lang: Lang) -> str:
    rows = frame.set_index(["scenario", "actor"])
    parts = []
    for scenario in scenarios.scenarios:
        values = []
        for group in groups:
            row = rows.loc[[(scenario.name, group)]]
            value, reach = row["present_value"].item(), _Z * row["std_error"].item()
            text = f"{GROUP_LABELS[group].text(lang)} {hundreds(value, lang)}"
            if not np.isnan(reach):
                text += f" ({interval(value - reach, value + reach, hundreds, lang)})"
            values.append(text)
        parts.append(f"{scenario.label.text(lang)}: {', '.join(values)}")
    return f"{_TITLE.text(lang)}. {'; '.join(parts)}."
