"""The residual value: what the years after the account would be worth, beside the headline."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval, year_range
from mih_impact.display.options import language
from mih_impact.display.style import (
    ACTOR_COLOURS,
    align_with_names,
    axes,
    figure_style,
    kroner_axis,
    make_room,
    set_alt_text,
    source_line,
    tinted,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.basis import basis_of
from mih_impact.economics.checks import require_group
from mih_impact.economics.figures.parts import (
    INK,
    INTERVAL,
    NO_INTERVAL,
    RULE,
    beneath,
    name_rows,
    per_participant,
    upright_grid,
    whiskers,
    write_amounts,
)
from mih_impact.economics.labels import hundreds
from mih_impact.economics.residual import years_left

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.case import CostBenefit

__all__ = ["plot_residual"]

_TITLE = Label(nb="Restverdien ved siden av regnskapet", en="The residual value beside the account")
_ACCOUNT = Label(nb="Regnskapet, år {years}", en="The account, years {years}")
_AFTER = Label(
    nb="Restverdi, år {years}, ikke lagt til", en="Residual value, years {years}, not added"
)
_NOTE = Label(
    nb="Ingen har målt effekten i årene etter regnskapet: restverdien legges aldri til, og de tre"
    " er alternativer.",
    en="Nobody has measured the effect in the years after the account: the residual value is never"
    " added, and the three are alternatives.",
)
_Z = NormalDist().inv_cdf(0.975)


def plot_residual(
    case: CostBenefit, of: str = "society", *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the headline, and under a line the residual value by each decay of the effect.

    Parameters
    ----------
    case
        The account.
    of
        An actor, `public` or `society`.
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
        An unknown group, or a programme that does not say how old starters are.
    """
    require_group(of)
    lang = language(lang)
    rows, heading = _rows(case, of, lang), _heading(case, lang)
    places = np.array([0.0, *(2.2 + np.arange(len(rows) - 1))])
    values = rows["present_value"].to_numpy()
    reach = _Z * rows["std_error"].fillna(0.0).to_numpy()
    names = [capital(name) for name in rows["name"]]
    with figure_style():
        ax = axes(ax, size=(7.2, 3.7))
        upright_grid(ax)
        bars = ax.barh(places, values, height=0.6, color=tinted(ACTOR_COLOURS[of], 0.3))
        bars[0].set_facecolor(ACTOR_COLOURS[of])
        for bar in bars[1:]:
            bar.set(hatch="....", edgecolor=tinted(ACTOR_COLOURS[of], 0.6), linewidth=0.0)
        if case.covariance is not None:
            whiskers(ax, places, values - reach, values + reach)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.axhline(0.75, color=RULE, linewidth=0.9)
        lines = [0.0, 1.3, *places[1:]]
        name_rows(ax, lines, [names[0], heading, *names[1:]], heads=[0, 1])
        write_amounts(ax, places, values, values - reach, values + reach, lang)
        make_room(ax)
        ax.set_title(_TITLE.text(lang))
        what = per_participant(GROUP_LABELS[of]).text(lang)
        kroner_axis(ax, lang, price_year=case.price_year, axis="x", what=what)
        note = NO_INTERVAL if case.covariance is None else INTERVAL
        source_line(ax, beneath(basis_of(case), case, lang, _NOTE, note))
        align_with_names(ax)
        set_alt_text(ax, _alt(rows, heading, reach, case.covariance is not None, lang))
    return ax


def _rows(case: CostBenefit, of: str, lang: Lang) -> pd.DataFrame:
    """Return `name, present_value, std_error`: the account, then each residual value."""
    after = case.residual_value(lang)
    after = after[after["actor"] == of].rename(columns={"label": "name"})
    account = case.by_actor().query("actor == @of")
    years = year_range(0, case.horizon - 1)
    account = account.assign(name=_ACCOUNT.format(years=years).text(lang))
    return pd.concat([account, after])[["name", "present_value", "std_error"]]


def _heading(case: CostBenefit, lang: Lang) -> str:
    last = case.horizon + years_left(case) - 1
    return _AFTER.format(years=year_range(case.horizon, last)).text(lang)


def _alt(rows: pd.DataFrame, heading: str, reach: np.ndarray, known: bool, lang: Lang) -> str:
    parts = []
    for name, value, half in zip(rows["name"], rows["present_value"], reach, strict=True):
        bounds = f" ({interval(value - half, value + half, hundreds, lang)})" if known else ""
        parts.append(f"{name}: {hundreds(value, lang)}{bounds}")
    return f"{_TITLE.text(lang)}. {parts[0]}. {heading}: {'; '.join(parts[1:])}."
