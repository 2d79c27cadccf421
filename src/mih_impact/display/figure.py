"""The style of figures: axes and their units, colours, names at line ends."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.locale import Label, in_language, language
from mih_impact.display.numbers import money_shown, number, percent
from mih_impact.display.unit import SHARE, AnyUnit, as_unit, is_money, unit_between
from mih_impact.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

__all__ = [
    "ACTOR_COLOURS",
    "CONTROL",
    "GREY",
    "GRID",
    "OKABE_ITO",
    "PARTICIPANT",
    "SIZE",
    "SOFT",
    "alt_text",
    "axes",
    "figure_style",
    "figures_for_files",
    "is_frame",
    "kroner_axis",
    "kroner_unit",
    "label_line_ends",
    "luminance",
    "new_axes",
    "percent_axis",
    "readable",
    "root_figure",
    "set_alt_text",
    "settle",
    "source_line",
    "sources_told_elsewhere",
    "spread",
    "tinted",
    "unit_axis",
    "unit_line",
]

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""

PARTICIPANT = OKABE_ITO["blue"]
CONTROL = "#8A8A8A"
SOFT = "#5A5A5A"
GRID = "#DDDDDD"

# The sum of three budgets is none of them: a wine red beyond the eight of the palette, told from
# them by colour-blind readers and, by its darkness, in grey.
_WINE = "#882255"

ACTOR_COLOURS = {
    "society": OKABE_ITO["black"],
    "participant": PARTICIPANT,
    "public": _WINE,
    "state": OKABE_ITO["vermillion"],
    "county": OKABE_ITO["orange"],
    "municipality": OKABE_ITO["green"],
    "employer": OKABE_ITO["sky"],
    "users": OKABE_ITO["purple"],
    "displaced": OKABE_ITO["yellow"],
    "rest_of_society": CONTROL,
}
"""A colour for everybody who pays or gains, the same in every figure."""

GREY = np.array([0.2126, 0.7152, 0.0722])
"""How bright red, green and blue look."""


def readable(colour: Any) -> tuple[float, float, float]:
    """Darken a colour until text in it has WCAG's contrast of 4.5 to 1 on white."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    while 1.05 / (luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.97
    return float(rgb[0]), float(rgb[1]), float(rgb[2])


def tinted(colour: Any, strength: float) -> tuple[float, float, float]:
    """Mix a colour with white; at a strength of 1 it is itself, at 0 white.

    Examples
    --------
    >>> tinted("black", 0.25)
    (0.75, 0.75, 0.75)
    """
    from matplotlib.colors import to_rgb

    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(colour))
    return red, green, blue


def luminance(rgb: NDArray[np.float64]) -> float:
    """Return the relative luminance of a colour, 0 to 1, as WCAG defines it."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ GREY)


SIZE = (7.2, 4.4)
"""Inches: the width of a text column, calm proportions."""

_FONT = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine
_RC: Any = {
    "font.family": [_FONT],
    "font.size": 9.5,
    "text.color": "#222222",
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.0,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titley": 1.0,  # where it stands anyway: to look for room measures every text anew
    "axes.titlepad": 26.0,  # leaves room for the unit above the axis
    "figure.dpi": 110,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "mih_impact",
    "text.hinting": "no_hinting",  # as long in pixels as in SVG, and at any number of dots
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
}
_FOR_FILES: ContextVar[float | None] = ContextVar("dots of figures for files", default=None)
_STYLED: ContextVar[bool] = ContextVar("in the library's style", default=False)
_ALT: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the library's style; the caller's settings are back when the block ends."""
    import matplotlib as mpl

    if _STYLED.get():
        yield
        return
    interactive, token = mpl.is_interactive(), _STYLED.set(True)
    try:
        with mpl.rc_context():
            mpl.rcdefaults()  # the reader's own style sheet plays no part
            mpl.rcParams.update(_RC)
            try:
                yield
            finally:
                interactive = mpl.is_interactive()
    finally:
        # Jupyter's backend wakes with the first figure, here inside, and turns interactive mode
        # on; taking that back would leave every later cell without its figure.
        mpl.interactive(interactive)
        _STYLED.reset(token)


def axes(ax: Axes | None = None, *, size: tuple[float, float] = SIZE) -> Axes:
    """Return dressed axes: the given ones, or new ones in a figure of their own.

    Parameters
    ----------
    ax
        Axes to draw in; None makes a figure (see the module for who shows it).
    size
        Width and height of a new figure in inches.
    """
    if ax is None:
        ax = _pyplot_axes(size) if _reader_uses_pyplot() else new_axes(size=size)
    elif not hasattr(ax, "get_figure"):
        raise OptionError(
            "ax= is axes of Matplotlib to draw in",
            found=f"ax={arguments.shown(ax)}",
            do="give ax=plt.subplots()[1], or leave it out",
        )
    return _dress(ax)


def new_axes(*, size: tuple[float, float] = SIZE) -> Axes:
    """Return dressed axes in a plain figure that pyplot never hears of: for files and tests."""
    from matplotlib.figure import Figure

    from mih_impact.display.picture import FileCanvas

    figure = Figure(figsize=size, layout="constrained", dpi=_FOR_FILES.get())
    FileCanvas(figure)  # keeps what measures texts, and with it the measures
    return _dress(figure.add_subplot())


@contextmanager
def figures_for_files(dpi: float = _RC["savefig.dpi"]) -> Iterator[None]:
    """Draw plain figures within, that pyplot never hears of, at the dots of their files.

    Texts are then measured once, for drawing and for the file.
    """
    token = _FOR_FILES.set(dpi)
    try:
        with figure_style():
            yield
    finally:
        _FOR_FILES.reset(token)


def _reader_uses_pyplot() -> bool:
    if _FOR_FILES.get() is not None:
        return False
    if "matplotlib.pyplot" in sys.modules:
        return True
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _pyplot_axes(size: tuple[float, float]) -> Axes:
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=size, layout="constrained")
    return ax


def _dress(ax: Axes) -> Axes:
    # Said to the axes and not left to the settings: ticks are made when the figure is drawn, which
    # in a notebook is after the style has been left.
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(SOFT)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(axis="both", colors=SOFT, labelsize=9.0, length=0, pad=5, labelfontfamily=_FONT)
    ax.tick_params(axis="x", length=3)
    ax.tick_params(axis="y", left=False)
    # Of axes that were there before the style: their titles would still read dollars as formulas.
    from matplotlib.text import Text

    titles = [child for child in ax.get_children() if isinstance(child, Text)]
    for text in (*titles, ax.xaxis.label, ax.yaxis.label):
        text.set_parse_math(False)
    return ax


def set_alt_text(where: Figure | Axes, text: str) -> None:
    """Give a figure the text that stands for it where it cannot be seen."""
    _ALT[root_figure(where)] = text


def alt_text(where: Figure | Axes) -> str:
    """Return the figure's alt text, empty when it has none."""
    return _ALT.get(root_figure(where), "")


def settle(where: Figure | Axes) -> None:
    """Let the layout put everything in its place, as drawing does, without drawing it."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = root_figure(where)
    layout = figure.get_layout_engine()
    if isinstance(layout, ConstrainedLayoutEngine):
        layout.execute(figure)
    else:
        figure.draw_without_rendering()


def root_figure(where: Figure | Axes) -> Figure:
    """Return the figure itself, or the one that axes are in."""
    from matplotlib.figure import Figure

    if isinstance(where, Figure):
        return where
    parent = where.figure
    return parent if isinstance(parent, Figure) else parent.figure  # a SubFigure's is the root


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
    letters = max(20, int(width / (size * 0.5)))
    note = ax.annotate(
        textwrap.fill(text, letters),
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
    dots = root_figure(ax).dpi / 72 * width
    while letters > 20 and note.get_window_extent().width > dots:  # wide letters: room for fewer
        letters -= 2
        note.set_text(textwrap.fill(text, letters))


def _depth(ax: Axes) -> float:
    """Return how far beneath the axes ticks and label reach, in points."""
    box = ax.xaxis.get_tightbbox()
    return 0.0 if box is None else float(ax.bbox.y0 - box.y0) * 72 / root_figure(ax).dpi


def is_frame(text: Text) -> bool:
    """Return whether a text frames the axes, unit above or source beneath, and names no mark."""
    return text.get_label() in (_SOURCE, _UNIT)


def kroner_axis(
    ax: Axes,
    *,
    price_year: int | None = None,
    unit: str | None = None,
    what: str | None = None,
    axis: Literal["x", "y"] = "y",
) -> None:
    """Show an axis in kroner, thousands or millions; unit and price year stand above it.

    Parameters
    ----------
    ax
        The axes, drawn already: the scale follows from its limits.
    price_year
        Year of the fixed prices; None says nothing of prices.
    unit
        Currency by its ISO code; None is that of the result drawn.
    what
        What is measured, written before the unit.
    axis
        Which axis.
    """
    low, high = ax.get_ylim() if axis == "y" else ax.get_xlim()
    largest = max(abs(low), abs(high))
    power = 6 if largest >= 2_500_000 else 3 if largest >= 10_000 else 0
    name = _in_prices(power, unit or money_shown(), price_year)
    _format_axis(ax, axis, f"{what}, {name}" if what else name, 10.0**power)


def kroner_unit(what: str, *, price_year: int) -> str:
    """Return what is measured with its unit, thousand kroner, for amounts that are on no axis."""
    return f"{what}, {_in_prices(3, money_shown(), price_year)}"


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


def _in_prices(power: int, unit: str, price_year: int | None) -> str:
    code = Label("kr", "NOK") if unit == "NOK" else unit
    name = _UNITS[power].format(unit=code)
    priced = name if price_year is None else _PRICES.format(unit=name, year=price_year)
    return priced.text()


def unit_axis(
    ax: Axes,
    *,
    unit: AnyUnit,
    price_year: int,
    what: str,
    axis: Literal["x", "y"] = "y",
    level: bool = False,
) -> None:
    """Show an axis in a unit: kroner with their price year, per cent, or the unit's own name.

    What stands on it are differences, of shares percentage points, unless it is a `level`.
    """
    share = str(unit) == SHARE
    if is_money(unit):
        kroner_axis(ax, price_year=price_year, unit=str(unit), what=what, axis=axis)
    elif level and share:
        percent_axis(ax, what=what, axis=axis)
    else:
        name = as_unit(unit if level else unit_between(unit)).displayed.text()
        _format_axis(ax, axis, f"{what}, {name}", 0.01 if share else 1.0)


def percent_axis(ax: Axes, *, what: str = "", axis: Literal["x", "y"] = "y") -> None:
    """Show an axis of shares as percentages, with what they are shares of above it."""
    label_ticks(ax.yaxis if axis == "y" else ax.xaxis, percent)
    _name_axis(ax, axis, what)


def label_ticks(side: Axis, show: Callable[[float], str]) -> None:
    """Show the ticks of an axis by `show`, in the language in force now, whenever it is drawn."""
    from matplotlib.ticker import FuncFormatter

    lang = language()

    def label(value: float, _: object) -> str:
        with in_language(lang):
            return show(value)

    side.set_major_formatter(FuncFormatter(label))


def _format_axis(ax: Axes, axis: str, name: str, scale: float) -> None:
    side = ax.yaxis if axis == "y" else ax.xaxis

    def show(value: float) -> str:
        return number(value / scale, _decimals(tuple(side.get_majorticklocs()), scale))

    label_ticks(side, show)
    _name_axis(ax, axis, name)


@lru_cache(maxsize=64)
def _decimals(places: tuple[float, ...], scale: float) -> int:
    """Return how many decimals tell ticks from each other, the same for all of them."""
    ticks = np.asarray(places) / scale
    near = 1e-6 * np.ptp(ticks) if len(ticks) > 1 else 1e-9
    return next((d for d in range(8) if np.allclose(ticks, ticks.round(d), 0, near)), 8)


def _name_axis(ax: Axes, axis: str, name: str) -> None:
    from matplotlib.transforms import ScaledTranslation

    # Upright, under the title, for either axis: read first, and without turning the head.
    side = ax.yaxis if axis == "y" else ax.xaxis
    side.set_label_text(name[:1].upper() + name[1:], rotation=0, ha="left", va="bottom")
    lift = ScaledTranslation(0, 7 / 72, root_figure(ax).dpi_scale_trans)
    side.set_label_coords(0, 1, transform=ax.transAxes + lift)


#: The size of labels at the ends of lines, in points, and from one to the next in their heights.
_LABEL_SIZE, _LABEL_STEP = 9.0, 1.45


def label_line_ends(ax: Axes) -> None:
    """Write each line's label at its right end, in its colour, without overlap.

    Lines whose label begins with an underscore have none. Call it last: labels are placed by the
    limits and the layout as they then stand.
    """
    ends = [(line, end) for line in ax.get_lines() if (end := _end(line)) is not None]
    if not ends:
        return
    settle(ax)  # so that heights are true
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground=ax.get_facecolor())]  # keeps grid lines off the text
    per_point = root_figure(ax).dpi / 72
    heights = np.array([ax.transData.transform(end)[1] for _, end in ends]) / per_point
    rows = np.array([str(line.get_label()).count("\n") + 1 for line, _ in ends])
    shifts = spread(heights, rows * _LABEL_SIZE * _LABEL_STEP) - heights
    right = max(end[0] for _, end in ends)
    for (line, (x, y)), shift in zip(ends, shifts, strict=True):
        ax.annotate(
            str(line.get_label()),
            xy=(right if np.isclose(x, right) else x, y),
            xytext=(7, float(shift)),
            textcoords="offset points",
            color=readable(line.get_color()),
            fontsize=_LABEL_SIZE,
            ha="left",
            va="center",
            annotation_clip=False,
            path_effects=halo,
        )


def _end(line: Line2D) -> tuple[float, float] | None:
    if str(line.get_label()).startswith("_"):
        return None
    x = np.asarray(line.get_xdata(), dtype=float)
    y = np.asarray(line.get_ydata(), dtype=float)
    seen = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    return None if seen.size == 0 else (float(x[seen[-1]]), float(y[seen[-1]]))


def spread(wanted: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions nearest to those wanted (least squares) that keep each label its height.

    Take the needed distances away and what is left must be non-decreasing: isotonic regression,
    by pooling neighbours that are out of order.
    """
    order = np.argsort(wanted, kind="stable")
    tall = height[order]
    offset = np.concatenate([[0.0], np.cumsum((tall[1:] + tall[:-1]) / 2)])
    pools: list[tuple[float, int]] = []
    for value in wanted[order] - offset:
        mean, size = float(value), 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, size = (mean * size + before * many) / (size + many), size + many
        pools.append((mean, size))
    placed = np.empty_like(wanted, dtype=float)
    placed[order] = np.repeat([m for m, _ in pools], [n for _, n in pools]) + offset
    return placed
