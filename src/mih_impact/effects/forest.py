"""The figure of estimates beneath each other, each with its interval."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.figure import (
    CONTROL,
    GRID,
    PARTICIPANT,
    SOFT,
    alt_text,
    axes,
    figure_style,
    label_ticks,
    set_alt_text,
    settle,
    source_line,
    unit_axis,
)
from mih_impact.display.locale import Label, capital
from mih_impact.display.numbers import NBSP, interval, number, percent
from mih_impact.display.result import evidence_of, hidden_note
from mih_impact.display.unit import AnyUnit, difference
from mih_impact.effects.card import HIDDEN_CELL, shown_rows, year_to_show
from mih_impact.effects.estimates import require_outcome
from mih_impact.effects.figures import interval_level
from mih_impact.errors import OptionError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from mih_impact.effects.estimates import EffectEstimates

__all__ = [
    "BARS",
    "Rows",
    "align_heading",
    "forest",
    "name_subgroup",
    "plot_averages",
    "plot_subgroups",
    "value_axis",
]

FloatArray = NDArray[np.float64]

#: Characters that a title has room for.
TITLE_WIDTH = 66


@dataclass(frozen=True, eq=False)
class Rows:
    """What is drawn, in the reader's language.

    Attributes
    ----------
    names
        A name per row, the first on top.
    estimate, low, high
        Shape (rows,); NaN where there is nothing to draw.
    unit
        A currency, "share" or another; "" for plain numbers.
    price_year
        The year whose prices money is in.
    what
        What is measured.
    title, source, alt
        The texts around the figure.
    band
        An interval shaded behind all rows.
    first
        How many of the first rows stand apart: what the others are compared with.
    colours
        Of the first rows, and of the others.
    """

    names: Sequence[str]
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    unit: AnyUnit
    price_year: int
    what: str
    title: str
    source: str
    alt: str
    band: tuple[float, float] | None = None
    first: int = 0
    colours: tuple[str, str] = (CONTROL, PARTICIPANT)


def forest(drawn: Rows, *, ax: Axes | None = None) -> Axes:
    """Draw estimates beneath each other with their intervals.

    Parameters
    ----------
    drawn
        What to draw.
    ax
        Axes to draw on; a new figure if None.
    """
    place = np.arange(len(drawn.names))[::-1]
    colours = [drawn.colours[int(k >= drawn.first)] for k in range(len(place))]
    with figure_style():
        ax = axes(ax, size=(7.2, 2.0 + 0.3 * len(place)))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", color=GRID, linewidth=0.8)
        if drawn.band is not None:
            ax.axvspan(*drawn.band, color=CONTROL, alpha=0.15, linewidth=0)
        ax.axvline(0, color="#222222", linewidth=0.9)
        ax.hlines(place, drawn.low, drawn.high, color=colours, linewidth=1.8)
        ax.scatter(drawn.estimate, place, s=34, color=colours, zorder=3)
        ax.set_yticks(place, list(drawn.names))
        ax.set_ylim(-0.6, len(place) - 0.4)
        heading = ax.set_title(textwrap.fill(drawn.title, TITLE_WIDTH), loc="left")
        value_axis(ax, unit=drawn.unit, price_year=drawn.price_year, what=drawn.what)
        source_line(ax, drawn.source)
        align_heading(ax, heading)
        set_alt_text(ax, drawn.alt)
    return ax


def value_axis(ax: Axes, *, unit: AnyUnit, price_year: int, what: str) -> None:
    """Show the horizontal axis in its unit, and what it measures beneath it."""
    if unit != "":
        unit_axis(ax, unit=unit, price_year=price_year, what=what, axis="x")
    else:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_ticks(ax.xaxis, number)
        ax.set_xlabel(what[:1].upper() + what[1:], loc="left")


def align_heading(ax: Axes, heading: Text, *, of: Axes | None = None) -> None:
    """Let the title and the note, written last, begin where names do; they push axes to the right.

    Parameters
    ----------
    ax
        The axes with the note.
    heading
        The title, of these axes or of those above.
    of
        The axes of the title, if others.
    """
    from matplotlib.text import Annotation

    note = ax.texts[-1]
    assert isinstance(note, Annotation)
    for stands in (False, True):  # where names begin is settled before the note makes itself room
        note.set_in_layout(stands)
        settle(ax)
        names = ax.yaxis.get_tightbbox()
        if names is None:
            return
        note.xy = (float(ax.transAxes.inverted().transform((names.x0, 0))[0]), 0.0)
        above = (of or ax).transAxes.inverted().transform((names.x0, 0))
        heading.set_x(float(above[0]))


_TITLE = Label(
    nb="Effekt på {outcome} år {year} etter oppstart, etter {by}",
    en="Effect on {outcome} in year {year} since start, by {by}",
)
_CONDITIONAL_TITLE = Label(
    nb="{outcome} år {year}, betinget av fullføring (ikke en effekt)",
    en="{outcome} in year {year}, conditional on finishing (not an effect)",
)
_DIFFERENCE = Label(nb="forskjell fra kontrollgruppen", en="difference from the control group")
_BARS = Label(
    nb="Strek: {level} konfidensintervall, hver gruppe for seg. I parentes: antall deltakere.",
    en="Bars: {level} confidence interval, each group on its own. In brackets: participants.",
)
_ROW_ALT = Label(nb="{name}: {estimate} ({interval})", en="{name}: {estimate} ({interval})")
_NO_ERROR = Label(nb="uten standardfeil", en="no standard error")
_NOBODY = Label(nb="ingen data", en="no data")
_ONE = Label(nb="{by}: {name}", en="{by}: {name}")
_ONE_CONDITIONAL = Label(
    nb="{outcome}, {name}: ikke en effekt", en="{outcome}, {name}: not an effect"
)


def plot_subgroups(
    effects: EffectEstimates, outcome: str, *, year: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the effect on each subgroup with its interval, beneath that on all.

    Parameters
    ----------
    effects
        Effects by subgroup.
    outcome
        Which outcome.
    year
        Which year since start; three if None, or the last before it that has an estimate.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    EffectsError
        Effects without subgroups, an outcome or a year that is not there.
    """
    parts = effects.split
    if parts is None or outcome not in effects.outcomes:
        raise OptionError(
            f"No effects of {outcome!r} by subgroup",
            found=f"outcomes {', '.join(effects.outcomes)}; subgroups "
            f"{', '.join(effects.subgroups)}",
            do="name one of these outcomes, or split: by=... of mih.event_study",
        )
    if year is not None and year not in effects.event_years:
        raise OptionError(
            f"Year {year} since start is not among the estimated ones",
            found=", ".join(map(str, effects.event_years)),
            do="name one of these",
        )
    at = year_to_show(effects, outcome) if year is None else year
    frame = shown_rows(effects, outcome, at)
    names = [parts.names[name].text() for name in frame["subgroup"]]
    template = _TITLE if parts.conditional is None else _CONDITIONAL_TITLE
    told = template.format(outcome=label_of(outcome), year=number(at), by=parts.label).text()
    told = capital(told)
    level = interval_level(effects)
    notes = [_BARS.format(level=percent(level)).text()]
    notes += [hidden_note()] if frame["hidden"].any() else []
    said = [parts.conditional.text()] if parts.conditional else []
    drawn = Rows(
        names=[_named(n, row) for n, row in zip(names, _records(frame), strict=True)],
        estimate=frame["estimate"].to_numpy(dtype=np.float64),
        low=frame["conf_low"].to_numpy(dtype=np.float64),
        high=frame["conf_high"].to_numpy(dtype=np.float64),
        unit=effects.units[outcome],
        price_year=effects.price_year,
        what=_DIFFERENCE.text(),
        title=told,
        source=" ".join(filter(None, [*notes, *said, evidence_of(effects)])),
        alt=" ".join([f"{told}. {_alt(names, frame, effects.units[outcome])}.", *said]),
        first=1,
        colours=(PARTICIPANT, SOFT),
    )
    return forest(drawn, ax=ax)


def name_subgroup(ax: Axes, effects: EffectEstimates, outcome: str) -> Axes:
    """Say in title and alt text whom a figure is of, if it is of one subgroup."""
    parts = effects.split
    if parts is None or len(effects.subgroups) > 1:
        return ax
    name = parts.names[effects.subgroups[0]]
    if parts.conditional is None:
        who = capital(_ONE.format(by=parts.label, name=name).text())
        heading, said = f"{ax.get_title(loc='left')}\n{who}", f"{alt_text(ax)} {who}."
    else:
        heading = _ONE_CONDITIONAL.format(outcome=label_of(outcome), name=name).text()
        heading = textwrap.fill(capital(heading), TITLE_WIDTH)
        said = f"{heading}. {parts.conditional.text()}"
    with figure_style():
        ax.set_title(heading, loc="left")
    set_alt_text(ax, said)
    return ax


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _named(name: str, row: dict[Any, Any]) -> str:
    """Return a subgroup's name with its participants, or why nothing is drawn."""
    if row["hidden"]:
        return f"{name} ({HIDDEN_CELL.text()})"
    if np.isnan(row["estimate"]):
        return f"{name} ({_NOBODY.text()})"
    count = number(row["n_participants"])
    alone = f"; {_NO_ERROR.text()}" if np.isnan(row["std_error"]) else ""
    return f"{name} ({count}{alone})".replace(" (", f"{NBSP}(")


def _alt(names: list[str], frame: pd.DataFrame, unit: AnyUnit) -> str:
    """Return the figure in words, row by row."""
    show = difference(unit)
    said = []
    for name, row in zip(names, _records(frame), strict=True):
        if np.isnan(row["estimate"]):
            said.append(_named(name, row))
            continue
        label = _ROW_ALT.format(
            name=name,
            estimate=show(row["estimate"]),
            interval=interval(row["conf_low"], row["conf_high"], show),
        )
        said.append(label.text())
    return "; ".join(said)


_TITLES = {
    "group": Label(
        nb="Effekt på {outcome} etter oppstartsår", en="Effect on {outcome} by start year"
    ),
    "calendar": Label(
        nb="Effekt på {outcome} per kalenderår", en="Effect on {outcome} by calendar year"
    ),
    "overall": Label(nb="Samlet effekt på {outcome}", en="Overall effect on {outcome}"),
}

#: What the bars of a figure are.
BARS = Label(nb="Strek: {level} konfidensintervall.", en="Bars: {level} confidence interval.")
_ALL = Label(nb="alle", en="all")


def plot_averages(effects: EffectEstimates, outcome: str, *, ax: Axes | None = None) -> Axes:
    """Draw the estimate at each level with its interval, beneath each other.

    Parameters
    ----------
    effects
        Averages by start year, by calendar year, or overall.
    outcome
        The outcome.
    ax
        Axes to draw on; a new figure if None.

    Raises
    ------
    OptionError
        An unknown outcome.
    """
    require_outcome(effects.outcomes, outcome)
    shown = effects.shown().frame
    frame = shown[(shown["outcome"] == outcome) & (shown["subgroup"] == effects.subgroups[0])]
    title = _TITLES[effects.term].format(outcome=label_of(outcome)).text()
    level = percent(interval_level(effects))
    note = BARS.format(level=level).text()
    overall = effects.term == "overall"
    drawn = Rows(
        names=[_ALL.text() if overall else str(int(year)) for year in frame["level"]],
        estimate=frame["estimate"].to_numpy(dtype=float),
        low=frame["conf_low"].to_numpy(dtype=float),
        high=frame["conf_high"].to_numpy(dtype=float),
        unit=effects.units[outcome],
        price_year=effects.price_year,
        what=_DIFFERENCE.text(),
        title=title,
        source=" ".join(filter(None, [note, evidence_of(effects)])),
        alt=f"{title}.",
    )
    return forest(drawn, ax=ax)
