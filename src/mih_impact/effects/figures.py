"""Figures of effects: the difference, the levels behind it, and shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.figure import (
    CONTROL,
    OKABE_ITO,
    PARTICIPANT,
    axes,
    figure_style,
    label_line_ends,
    percent_axis,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.display.locale import Label
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.result import evidence_of
from mih_impact.display.unit import amount, difference, zero_is_nothing
from mih_impact.effects.estimates import require_outcome
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.estimates import EffectEstimates

__all__ = ["interval_level", "plot_effects", "plot_levels", "plot_shares"]

_PARTICIPANTS = Label(nb="deltakere", en="participants")
_CONTROLS = Label(nb="kontroller", en="controls")
_SINCE = Label(nb="år siden oppstart", en="years since start")
_EFFECT_TITLE = Label(
    nb="Effekt på {outcome}, gjennomsnitt per deltaker som startet",
    en="Effect on {outcome}, average per starter",
)
_LEVELS_TITLE = Label(
    nb="{outcome}: deltakere og kontroller", en="{outcome}: participants and controls"
)
_SHARES_TITLE = Label(
    nb="I arbeid og på ytelser: deltakere og kontroller",
    en="In work and on benefits: participants and controls",
)
_DIFFERENCE = Label(nb="forskjell fra kontrollgruppen", en="difference from the control group")
_SHARE = Label(nb="andel av gruppen", en="share of the group")
_INTERVAL_NOTE = Label(
    nb="Strek: {level} konfidensintervall. Felt: simultant bånd for alle år.",
    en="Bars: {level} confidence interval. Shade: simultaneous band over all years.",
)
_OPEN_BASE = Label(
    nb="Åpent punkt: basisåret, som er null.", en="Open point: the base year, which is zero."
)
_OPEN_BASES = Label(
    nb="Åpne punkter: basisårene, som er null i snitt.",
    en="Open points: the base years, whose mean is zero.",
)
_OPEN_MATCHED = Label(
    nb="Åpne punkter: år der gruppene er gjort like, som ikke tester noe.",
    en="Open points: years in which the groups are made alike, which test nothing.",
)
_OPEN_BOTH = Label(
    nb="Åpne punkter: basisår, og år der gruppene er gjort like, som ikke tester noe.",
    en="Open points: base years, and years in which the groups are made alike, which test nothing.",
)
_COUNT_NOTE = Label(
    nb="{n} deltakere i oppstartsåret, {last} i år {year}.",
    en="{n} participants in the start year, {last} in year {year}.",
)
_GAP_NOTE = Label(
    nb="Ingen er sammenlignet i år {years}.", en="Nobody is compared in year {years}."
)
_LEVELS_NOTES = {
    True: Label(
        nb="Gjennomsnitt med nuller. Døde og utvandrede teller som null.",
        en="Means with zeros. The dead and emigrated count as zero.",
    ),
    False: Label(
        nb="Gjennomsnitt. Døde og utvandrede er ikke med.",
        en="Means. The dead and emigrated are left out.",
    ),
}
_EFFECT_ALT = Label(
    nb="{title}. Tre år etter oppstart: {estimate} ({interval}).",
    en="{title}. Three years after start: {estimate} ({interval}).",
)
_LEVELS_ALT = Label(
    nb="{title}. Siste år: deltakere {t}, kontroller {c}.",
    en="{title}. Last year: participants {t}, controls {c}.",
)

#: The shade of a year alone, whose band has no neighbour to be drawn towards, in years.
_WIDTH = np.array([-0.1, 0.1])
#: Line style and colour of the two shares; controls are grey in both.
_SHARE_LINES: tuple[tuple[Any, str, dict[str, float]], ...] = (
    ("-", PARTICIPANT, {}),
    ((0, (4, 2)), OKABE_ITO["vermillion"], {}),
    ((0, (1, 2)), OKABE_ITO["sky"], {"linewidth": 1.3, "markersize": 2.5}),
)
#: Who is in work, by the measure that Norwegian studies use.
IN_WORK = "wage_income > 1 G"


def _shares_of(effects: EffectEstimates) -> tuple[str, ...]:
    """Return the shares that a series has of those in work and on benefits."""
    if IN_WORK in effects.outcomes:
        return tuple(
            name for name in (IN_WORK, "on_benefit", "in_work") if name in effects.outcomes
        )
    return ("in_work", "on_benefit")


def _rows(effects: EffectEstimates, outcome: str) -> pd.DataFrame:
    """Return an outcome's rows as displayed, or raise naming those there are."""
    require_outcome(effects.outcomes, outcome)
    frame = effects.shown().frame
    chosen = (frame["outcome"] == outcome) & (frame["subgroup"] == effects.subgroups[0])
    return frame[chosen].reset_index(drop=True)


def interval_level(effects: EffectEstimates) -> float:
    """Return the coverage of the intervals, as it was asked for."""
    return float(effects.provenance.options.get("level", 0.95))


def _source(effects: EffectEstimates, notes: Sequence[str]) -> str:
    """Return the line beneath a figure: what is drawn, and what kind of data it is."""
    return " ".join(filter(None, [*notes, evidence_of(effects)]))


def _years_axis(ax: Axes, years: np.ndarray) -> None:
    ax.axvline(-0.5, color=CONTROL, linewidth=0.9, linestyle=(0, (2, 3)), zorder=0)
    ax.set_xticks(years, [number(year) for year in years])
    ax.set_xlabel(_SINCE.text())
    ax.set_xlim(years[0] - 0.3, years[-1] + 0.3)


def plot_effects(effects: EffectEstimates, outcome: str, *, ax: Axes | None = None) -> Axes:
    """Draw the effect by year since start with interval and simultaneous band.

    Parameters
    ----------
    effects
        The series.
    outcome
        Which outcome.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    rows = _rows(effects, outcome)
    years = rows["year_since_start"].to_numpy()
    value = rows["estimate"].to_numpy()
    open_ = (rows["matched_on"] | np.isin(years, effects.base)).to_numpy()
    with figure_style():
        ax = axes(ax)
        band = rows[["band_low", "band_high"]].to_numpy()
        band = np.where(np.isnan(band) & np.isin(years, effects.base)[:, None], 0.0, band)
        pieces = [(years, band), *((years[k] + _WIDTH, band[[k, k]]) for k in _alone(band[:, 0]))]
        for x, (low, high) in ((x, piece.T) for x, piece in pieces):
            ax.fill_between(x, low, high, color=PARTICIPANT, alpha=0.13, linewidth=0)
        ax.axhline(0, color="#222222", linewidth=0.9)
        ax.plot(years, value, color=PARTICIPANT, linewidth=1.6, label="_effect")
        ax.vlines(years, rows["conf_low"], rows["conf_high"], color=PARTICIPANT, linewidth=1.8)
        ax.scatter(years[~open_], value[~open_], s=34, color=PARTICIPANT, zorder=3)
        ax.scatter(
            years[open_], value[open_], s=34, facecolors="white", edgecolors=PARTICIPANT,
            linewidths=1.6, zorder=3,
        )  # fmt: skip
        title = _EFFECT_TITLE.format(outcome=label_of(outcome)).text()
        ax.set_title(title)
        _years_axis(ax, years)
        unit = effects.units[outcome]
        unit_axis(ax, unit=unit, price_year=effects.price_year, what=_DIFFERENCE.text())
        level = percent(interval_level(effects))
        notes = [_INTERVAL_NOTE.format(level=level).text(), *_open_note(effects, rows)]
        source_line(ax, _source(effects, [*notes, *_counts(rows)]))
        set_alt_text(ax, _effect_alt(effects, outcome, rows, title))
    return ax


def _open_note(effects: EffectEstimates, rows: pd.DataFrame) -> list[str]:
    """Return what the open points are, of those that there are."""
    base = rows["year_since_start"].isin(effects.base)
    matched = rows["matched_on"].astype(bool) & ~base
    if matched.any():
        return [(_OPEN_BOTH if base.any() else _OPEN_MATCHED).text()]
    if not base.any():
        return []
    return [(_OPEN_BASES if len(effects.base) > 1 else _OPEN_BASE).text()]


def _counts(rows: pd.DataFrame) -> list[str]:
    """Return how many participants stand behind the first and last year, or that years lack."""
    seen = rows[rows["n_participants"].fillna(0) > 0]
    gap = rows.loc[_in_gap(rows["n_participants"].to_numpy()), "year_since_start"]
    if len(gap):
        years = ", ".join(number(year) for year in gap)
        return [_GAP_NOTE.format(years=years).text()]
    start = seen[seen["year_since_start"] == 0]
    if seen.empty or start.empty:
        return []
    last = seen.iloc[-1]
    text = _COUNT_NOTE.format(
        n=number(start["n_participants"].iloc[0]),
        last=number(last["n_participants"]),
        year=number(last["year_since_start"]),
    )
    return [text.text()]


def _in_gap(n: np.ndarray) -> np.ndarray:
    """Return which years nobody is compared in, though years on both sides of them have somebody.

    Examples
    --------
    >>> _in_gap(np.array([0, 9, 0, 9])).tolist()
    [False, False, True, False]
    """
    some = np.flatnonzero(n > 0)
    place = np.arange(len(n))
    if not len(some):
        return np.zeros(len(n), dtype=bool)
    return np.asarray((n == 0) & (place > some[0]) & (place < some[-1]))


def _alone(values: np.ndarray) -> list[int]:
    """Return the places of values without a neighbour: a line does not show them, a marker does.

    Examples
    --------
    >>> _alone(np.array([1.0, 2.0, np.nan, 3.0]))
    [3]
    """
    seen = np.concatenate([[False], np.isfinite(values), [False]])
    return [int(k) for k in np.flatnonzero(seen[1:-1] & ~seen[:-2] & ~seen[2:])]


def _effect_alt(effects: EffectEstimates, outcome: str, rows: pd.DataFrame, title: str) -> str:
    third = rows[rows["year_since_start"] == 3]
    if third.empty or not np.isfinite(third["estimate"].iloc[0]):
        return f"{title}."
    row = third.iloc[0]

    show = difference(effects.units[outcome])
    text = _EFFECT_ALT.format(
        title=title,
        estimate=show(row["estimate"]),
        interval=interval(row["conf_low"], row["conf_high"], show),
    )
    return text.text()


def plot_levels(effects: EffectEstimates, outcome: str, *, ax: Axes | None = None) -> Axes:
    """Draw the means of participants and of their controls by year since start.

    Parameters
    ----------
    effects
        The series; levels are there for effects that `event_study` made.
    outcome
        Which outcome.
    ax
        As `plot_effects`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    rows = _rows(effects, outcome)
    if effects.term != "event" or not np.isfinite(rows["participant_mean"]).any():
        raise EffectsError(
            "These effects have no levels by year since start",
            found=f"{effects.provenance.call}",
            do="use mih.event_study, which keeps the means of participants and controls",
        )
    years = rows["year_since_start"].to_numpy()
    with figure_style():
        ax = axes(ax)
        name = label_of(outcome).text()
        for column, colour, who in (
            ("control_mean", CONTROL, _CONTROLS),
            ("participant_mean", PARTICIPANT, _PARTICIPANTS),
        ):
            mean = rows[column].to_numpy(dtype=float)
            label, every = who.text(), _alone(mean)
            line = ax.plot(years, mean, color=colour, marker="o", markevery=every, label=label)[0]
            line.set_clip_on(False)  # a marker may stand on the edge
        lowest = rows[["participant_mean", "control_mean"]].to_numpy(dtype=float)
        if zero_is_nothing(effects.units[outcome]) and np.nanmin(lowest) >= 0:
            ax.set_ylim(bottom=0)
        title = _LEVELS_TITLE.format(outcome=name[:1].upper() + name[1:]).text()
        ax.set_title(title)
        _years_axis(ax, years)
        unit = effects.units[outcome]
        unit_axis(ax, unit=unit, price_year=effects.price_year, what=name, level=True)
        zeros = effects.provenance.options.get("dead", "zero") == "zero"
        note = _LEVELS_NOTES[zeros and zero_is_nothing(effects.units[outcome])]
        notes = [note.text(), *_counts(rows)]
        source_line(ax, _source(effects, notes))
        label_line_ends(ax)
        last = rows[np.isfinite(rows["participant_mean"])].iloc[-1]
        show = amount(effects.units[outcome])
        means = {"t": show(last["participant_mean"]), "c": show(last["control_mean"])}
        alt = _LEVELS_ALT.format(title=title, **means)
        set_alt_text(ax, alt.text())
    return ax


def plot_shares(
    effects: EffectEstimates, *, outcomes: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw shares, for participants and controls, by year since start.

    Parameters
    ----------
    effects
        The series, with these outcomes.
    outcomes
        Two or three shares: the first is drawn solid, the second dashed, the third thin and dotted.
        None is who is in work, wage over 1 G where the series has it and any wage otherwise, who is
        on a benefit, and any wage beside wage over 1 G.
    ax
        As `plot_effects`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    with figure_style():
        ax = axes(ax)
        drawn = _shares_of(effects) if outcomes is None else outcomes
        for outcome, (dash, colour, width) in zip(drawn, _SHARE_LINES, strict=False):
            rows = _rows(effects, outcome)
            name = label_of(outcome).text()
            for column, who, shade in (
                ("participant_mean", _PARTICIPANTS, colour),
                ("control_mean", _CONTROLS, CONTROL),
            ):
                label = f"{who.text()}:\n{name}"
                share = rows[column].to_numpy(dtype=float)
                line = {"color": shade, "linestyle": dash, "marker": "o", **width}
                every = _alone(share)
                ax.plot(rows["year_since_start"], share, label=label, markevery=every, **line)
        years = rows["year_since_start"].to_numpy()
        ax.set_ylim(0, 1)
        ax.set_title(_SHARES_TITLE.text())
        _years_axis(ax, years)
        percent_axis(ax, what=_SHARE.text())
        source_line(ax, _source(effects, _counts(rows)))
        label_line_ends(ax)
        set_alt_text(ax, _SHARES_TITLE.text() + ".")
    return ax
