"""The figure of estimates beneath each other, each with its interval."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import language
from mih_impact.display.style import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.display.style.figure import settle
from mih_impact.display.style.palette import GRID
from mih_impact.display.unit import AnyUnit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["Rows", "align_with_names", "forest", "value_axis"]

#: Characters that a title has room for.
TITLE_WIDTH = 66

FloatArray = NDArray[np.float64]


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


def forest(
    rows: Callable[[Lang], Rows], *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw estimates beneath each other with their intervals.

    Parameters
    ----------
    rows
        What to draw, by language.
    ax
        Axes to draw on; a new figure if None.
    lang
        Language; the option in force if None.
    """
    lang = language(lang)
    drawn = rows(lang)
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
        value_axis(ax, lang, unit=drawn.unit, price_year=drawn.price_year, what=drawn.what)
        source_line(ax, drawn.source)
        align_with_names(ax, heading)
        set_alt_text(ax, drawn.alt)
    return ax


def value_axis(ax: Axes, lang: Lang, *, unit: AnyUnit, price_year: int, what: str) -> None:
    """Show the horizontal axis in its unit, and what it measures beneath it."""
    if unit != "":
        unit_axis(ax, lang, unit=unit, price_year=price_year, what=what, axis="x")
    else:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(lambda value, _: number(value, lang=lang))
        ax.set_xlabel(what[:1].upper() + what[1:], loc="left")


def align_with_names(ax: Axes, heading: Text, *, of: Axes | None = None) -> None:
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
