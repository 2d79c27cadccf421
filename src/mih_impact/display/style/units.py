"""What an axis is measured in, and where the figure comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

import numpy as np

from mih_impact.display.labels import Label
from mih_impact.display.numbers import number, percent
from mih_impact.display.options import Lang, language
from mih_impact.display.style.figure import root_figure, settle
from mih_impact.display.style.palette import SOFT
from mih_impact.display.unit import SHARE, AnyUnit, as_unit, is_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = [
    "is_frame",
    "kroner_axis",
    "kroner_unit",
    "percent_axis",
    "source_line",
    "sources_told_elsewhere",
    "unit_axis",
    "unit_line",
]

_SOURCE, _UNIT = "_source", "_unit"  # what the lines beneath and above are known by

_PRICES = Label("{unit}, faste {year}-priser", "{unit}, fixed {year} prices")
_UNITS = {
    0: Label("{unit}", "{unit}"),
    3: Label("1\u00a0000\u00a0{unit}", "{unit}\u00a0thousand"),
    6: Label("mill.\u00a0{unit}", "{unit}\u00a0million"),
}


_TOLD: ContextVar[bool] = ContextVar("sources told elsewhere", default=False)


@contextmanager
def sources_told_elsewhere() -> Iterator[None]:
    """Leave source lines out of the figures drawn within: the page they stand on has them."""
    token = _TOLD.set(True)
    try:
        yield
    finally:
        _TOLD.reset(token)


def source_line(ax: Axes, text: str) -> None:
    """Write the source beneath the axes (beneath the x label, so set that first)."""
    if _TOLD.get():
        return
    size = 7.5
    part = ax.get_subplotspec()
    cell = None if part is None else part.get_topmost_subplotspec()
    share = 1.0 if cell is None else len(cell.colspan) / cell.get_gridspec().ncols
    width = share * root_figure(ax).get_figwidth() * 72 - 50  # points, less the tick labels
    beneath = ax.get_xlabel() and ax.xaxis.label.get_verticalalignment() == "top"
    usual = 42.0 if beneath else 25.0
    tall = any("\n" in label.get_text() for label in ax.get_xticklabels())
    note = ax.annotate(
        textwrap.fill(text, max(20, int(width / (size * 0.5)))),
        xy=(0, 0),
        xycoords="axes fraction",
        xytext=(0, -max(usual, _depth(ax) + 8 if tall else 0.0)),
        textcoords="offset points",
        fontsize=size,
        color=SOFT,
        ha="left",
        va="top",
        annotation_clip=False,
    )
    note.set_label(_SOURCE)


def _depth(ax: Axes) -> float:
    """Return how far beneath the axes ticks and label reach, in points."""
    settle(ax)
    box = ax.xaxis.get_tightbbox()
    return 0.0 if box is None else float(ax.bbox.y0 - box.y0) * 72 / root_figure(ax).dpi


def is_frame(text: Text) -> bool:
    """Return whether a text frames the axes, unit above or source beneath, and names no mark."""
    return text.get_label() in (_SOURCE, _UNIT)


def kroner_axis(
    ax: Axes,
    lang: Lang | None = None,
    *,
    price_year: int | None = None,
    unit: str = "NOK",
    what: str | None = None,
    axis: Literal["x", "y"] = "y",
) -> None:
    """Show an axis in kroner, thousands or millions; unit and price year stand above it.

    Parameters
    ----------
    ax
        The axes, drawn already: the scale follows from its limits.
    lang
        Language; None is the one in force.
    price_year
        Year of the fixed prices; None says nothing of prices.
    unit
        Currency by its ISO code.
    what
        What is measured, written before the unit.
    axis
        Which axis.
    """
    lang = language(lang)
    low, high = ax.get_ylim() if axis == "y" else ax.get_xlim()
    largest = max(abs(low), abs(high))
    power = 6 if largest >= 2_500_000 else 3 if largest >= 10_000 else 0
    name = _in_prices(power, unit, price_year, lang)
    _format_axis(ax, axis, f"{what}, {name}" if what else name, 10.0**power, lang)


def kroner_unit(what: str, lang: Lang | None = None, *, price_year: int) -> str:
    """Return what is measured with its unit, thousand kroner, for amounts that are on no axis."""
    return f"{what}, {_in_prices(3, 'NOK', price_year, language(lang))}"


def unit_line(ax: Axes, text: str) -> None:
    """Write above the axes what stands in them, where no axis says it."""
    note = ax.annotate(
        text[:1].upper() + text[1:],
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 7),
        textcoords="offset points",
        fontsize=9.0,
        color=SOFT,
        ha="left",
        va="bottom",
        annotation_clip=False,
    )
    note.set_label(_UNIT)


def _in_prices(power: int, unit: str, price_year: int | None, lang: Lang) -> str:
    code = Label("kr", "NOK") if unit == "NOK" else unit
    name = _UNITS[power].format(unit=code)
    priced = name if price_year is None else _PRICES.format(unit=name, year=price_year)
    return priced.text(lang)


def unit_axis(
    ax: Axes,
    lang: Lang | None = None,
    *,
    unit: AnyUnit,
    price_year: int,
    what: str,
    axis: Literal["x", "y"] = "y",
) -> None:
    """Show an axis in a unit: kroner with their price year, per cent, or the unit's own name."""
    lang = language(lang)
    if is_money(unit):
        kroner_axis(ax, lang, price_year=price_year, unit=str(unit), what=what, axis=axis)
    elif str(unit) == SHARE:
        percent_axis(ax, lang, what=what, axis=axis)
    else:
        name = as_unit(unit).displayed.text(lang)
        _format_axis(ax, axis, f"{what}, {name}", 1.0, lang)


def percent_axis(
    ax: Axes, lang: Lang | None = None, *, what: str = "", axis: Literal["x", "y"] = "y"
) -> None:
    """Show an axis of shares as percentages, with what they are shares of above it."""
    from matplotlib.ticker import FuncFormatter

    lang = language(lang)
    side = ax.yaxis if axis == "y" else ax.xaxis
    side.set_major_formatter(FuncFormatter(lambda value, _: percent(value, lang=lang)))
    _name_axis(ax, axis, what)


def _format_axis(ax: Axes, axis: str, name: str, scale: float, lang: Lang) -> None:
    from matplotlib.ticker import FuncFormatter

    side = ax.yaxis if axis == "y" else ax.xaxis

    def show(value: float, _: object) -> str:
        ticks = np.asarray(side.get_majorticklocs()) / scale
        near = 1e-6 * np.ptp(ticks) if len(ticks) > 1 else 1e-9
        decimals = next((d for d in range(8) if np.allclose(ticks, ticks.round(d), 0, near)), 8)
        return number(value / scale, decimals, lang)

    side.set_major_formatter(FuncFormatter(show))
    _name_axis(ax, axis, name)


def _name_axis(ax: Axes, axis: str, name: str) -> None:
    from matplotlib.transforms import ScaledTranslation

    # Upright, under the title, for either axis: read first, and without turning the head.
    side = ax.yaxis if axis == "y" else ax.xaxis
    side.set_label_text(name[:1].upper() + name[1:], rotation=0, ha="left", va="bottom")
    lift = ScaledTranslation(0, 7 / 72, root_figure(ax).dpi_scale_trans)
    side.set_label_coords(0, 1, transform=ax.transAxes + lift)
