"""One calm figure style: participants in colour, controls grey, every line named at its end.

A figure function reads::

    with figure_style():
        ax = axes(ax)
        ...draw...
        kroner_axis(ax, lang, price_year=2024)
        source_line(ax, "...")
        label_line_ends(ax)
        set_alt_text(ax, "...")
    return ax

Who shows the figure. With ``ax=None`` the figure belongs to pyplot exactly when its reader uses
pyplot: inside IPython (Jupyter draws it once, when the cell ends, and closes it; what the cell
returns is an Axes, which is not drawn again) or when the program has imported pyplot itself, so
that its own ``plt.show()`` finds it. Anywhere else the figure is a plain one that no global list
keeps alive. The backend and the global settings are never touched, and nothing is shown here.
"""

from __future__ import annotations

import io
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np

from mih_impact.display.labels import Label
from mih_impact.display.numbers import number, percent
from mih_impact.display.options import Lang, language
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = [
    "ACTOR_COLOURS",
    "CONTROL",
    "OKABE_ITO",
    "PARTICIPANT",
    "alt_text",
    "axes",
    "contact_sheet",
    "figure_style",
    "kroner_axis",
    "label_line_ends",
    "new_axes",
    "percent_axis",
    "save_figure",
    "set_alt_text",
    "source_line",
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
INK = "#222222"
SOFT = "#5A5A5A"
GRID = "#DDDDDD"

ACTOR_COLOURS = {
    "society": OKABE_ITO["black"],
    "participant": PARTICIPANT,
    "public": OKABE_ITO["vermillion"],
    "state": OKABE_ITO["vermillion"],
    "county": OKABE_ITO["orange"],
    "municipality": OKABE_ITO["green"],
    "employer": OKABE_ITO["sky"],
    "users": OKABE_ITO["purple"],
    "displaced": OKABE_ITO["yellow"],
    "rest_of_society": CONTROL,
}
"""A colour for everybody who pays or gains, the same in every figure."""

_GREY = np.array([0.2126, 0.7152, 0.0722])  # how bright red, green and blue look
_SIZE = (7.2, 4.4)  # inches: the width of a text column, calm proportions
_FONT = "DejaVu Sans"  # ships with matplotlib: the same picture on every machine
_RC: Any = {
    "font.family": [_FONT],
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.0,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 26.0,  # leaves room for the unit above the axis
    "figure.dpi": 110,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "mih_impact",
}
_ALT: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()

_PRICES = Label("{unit}, faste {year}-priser", "{unit}, fixed {year} prices")
_UNITS = {
    0: Label("{unit}", "{unit}"),
    3: Label("1\u00a0000\u00a0{unit}", "{unit}\u00a0thousand"),
    6: Label("mill.\u00a0{unit}", "{unit}\u00a0million"),
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the library's style; the caller's settings are back when the block ends."""
    import matplotlib as mpl

    interactive = mpl.is_interactive()
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


def axes(ax: Axes | None = None, *, size: tuple[float, float] = _SIZE) -> Axes:
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
    return _dress(ax)


def new_axes(*, size: tuple[float, float] = _SIZE) -> Axes:
    """Return dressed axes in a plain figure that pyplot never hears of: for files and tests."""
    from matplotlib.figure import Figure

    return _dress(Figure(figsize=size, layout="constrained").add_subplot())


def _reader_uses_pyplot() -> bool:
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
    return ax


def label_line_ends(
    ax: Axes, lines: Sequence[Line2D] | None = None, *, gap: float = 1.25, size: float = 9.0
) -> None:
    """Write each line's label at its right end, in its colour, without overlap.

    Call it last: labels are placed by the limits and the layout as they then stand.

    Parameters
    ----------
    ax
        The axes.
    lines
        The lines; None takes all with a label that does not begin with an underscore.
    gap
        Least distance between labels, in heights of the text.
    size
        Size of the text in points.
    """
    chosen = list(ax.get_lines()) if lines is None else list(lines)
    ends = [(line, end) for line in chosen if (end := _end(line)) is not None]
    if not ends:
        return
    _root(ax).draw_without_rendering()  # lets the layout settle, so that heights are true
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground=ax.get_facecolor())]  # keeps grid lines off the text
    per_point = _root(ax).dpi / 72
    heights = np.array([ax.transData.transform(end)[1] for _, end in ends]) / per_point
    rows = np.array([str(line.get_label()).count("\n") + 1 for line, _ in ends])
    shifts = _spread(heights, rows * size * gap) - heights
    right = max(end[0] for _, end in ends)
    for (line, (x, y)), shift in zip(ends, shifts, strict=True):
        ax.annotate(
            str(line.get_label()),
            xy=(right if np.isclose(x, right) else x, y),
            xytext=(7, float(shift)),
            textcoords="offset points",
            color=_readable(line.get_color()),
            fontsize=size,
            ha="left",
            va="center",
            annotation_clip=False,
            path_effects=halo,
        )


def _readable(colour: Any) -> tuple[float, float, float]:
    """Darken a colour until text in it has WCAG's contrast of 4.5 to 1 on white."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.97
    return float(rgb[0]), float(rgb[1]), float(rgb[2])


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ _GREY)


def _end(line: Line2D) -> tuple[float, float] | None:
    if str(line.get_label()).startswith("_"):
        return None
    x = np.asarray(line.get_xdata(), dtype=float)
    y = np.asarray(line.get_ydata(), dtype=float)
    seen = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    return None if seen.size == 0 else (float(x[seen[-1]]), float(y[seen[-1]]))


def _spread(wanted: np.ndarray, height: np.ndarray) -> np.ndarray:
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


def source_line(ax: Axes, text: str) -> None:
    """Write the source beneath the axes (beneath the x label, so set that first)."""
    size = 7.5
    cell = ax.get_subplotspec()
    share = 1.0 if cell is None else len(cell.colspan) / cell.get_gridspec().ncols
    width = share * _root(ax).get_figwidth() * 72 - 50  # points, less the tick labels
    beneath = ax.get_xlabel() and ax.xaxis.label.get_verticalalignment() == "top"
    ax.annotate(
        textwrap.fill(text, max(20, int(width / (size * 0.53)))),
        xy=(0, 0),
        xycoords="axes fraction",
        xytext=(0, -42 if beneath else -25),
        textcoords="offset points",
        fontsize=size,
        color=SOFT,
        ha="left",
        va="top",
        annotation_clip=False,
    )


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
    code = Label("kr", "NOK") if unit == "NOK" else unit
    name = _UNITS[power].format(unit=code).text(lang)
    if price_year is not None:
        name = _PRICES.format(unit=name, year=price_year).text(lang)
    _format_axis(ax, axis, f"{what}, {name}" if what else name, 10.0**power, lang)


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
        decimals = next((d for d in range(3) if np.allclose(ticks, ticks.round(d))), 3)
        return number(value / scale, decimals, lang)

    side.set_major_formatter(FuncFormatter(show))
    _name_axis(ax, axis, name)


def _name_axis(ax: Axes, axis: str, name: str) -> None:
    from matplotlib.transforms import ScaledTranslation

    # Upright, under the title, for either axis: read first, and without turning the head.
    side = ax.yaxis if axis == "y" else ax.xaxis
    side.set_label_text(name[:1].upper() + name[1:], rotation=0, ha="left", va="bottom")
    lift = ScaledTranslation(0, 7 / 72, _root(ax).dpi_scale_trans)
    side.set_label_coords(0, 1, transform=ax.transAxes + lift)


def set_alt_text(where: Figure | Axes, text: str) -> None:
    """Give a figure the text that stands for it where it cannot be seen."""
    _ALT[_root(where)] = text


def alt_text(where: Figure | Axes) -> str:
    """Return the figure's alt text, empty when it has none."""
    return _ALT.get(_root(where), "")


def _root(where: Figure | Axes) -> Figure:
    from matplotlib.figure import Figure

    if isinstance(where, Figure):
        return where
    parent = where.figure
    return parent if isinstance(parent, Figure) else parent.figure  # a SubFigure's is the root


def save_figure(fig: Figure | Axes, stem: str | Path) -> tuple[Path, Path]:
    """Write a figure as PNG and SVG, its alt text in both; the same figure, the same bytes.

    Parameters
    ----------
    fig
        The figure, or axes in it.
    stem
        Path without a suffix.

    Returns
    -------
    tuple of Path
        The PNG and the SVG.
    """
    figure, text = _root(fig), alt_text(fig)
    stem = Path(stem)
    with figure_style():
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", metadata={"Software": None, "Description": text})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return (
        write_whole(stem.with_name(f"{stem.name}.png"), png.getvalue()),
        write_whole(stem.with_name(f"{stem.name}.svg"), _describe(svg.getvalue(), text)),
    )


def _describe(svg: bytes, text: str) -> bytes:
    """Make the picture one image with a description, for screen readers."""
    from html import escape

    label = f' role="img" aria-label="{escape(text)}"' if text else ' role="img"'
    return svg.replace(b"<svg ", f"<svg{label} ".encode(), 1)


def contact_sheet(
    folder: str | Path, out: str | Path | None = None, *, across: int = 2, width: float = 20.0
) -> Path:
    """Arrange the PNGs of a folder on one picture: each in colour, and beside it in grey.

    Pictures of one name in several subfolders (languages, say) come to stand side by side.

    Parameters
    ----------
    folder
        Where the pictures are, its subfolders too.
    out
        The sheet; None is ``contact_sheet.png`` in `folder`.
    across
        Pictures in a row, each of them twice.
    width
        Width of the sheet in inches.

    Returns
    -------
    Path
        The sheet.
    """
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    folder = Path(folder)
    target = Path(out) if out is not None else folder / "contact_sheet.png"
    found = (file for file in folder.rglob("*.png") if file.resolve() != target.resolve())
    files = sorted(found, key=lambda file: (file.name, file))
    pictures = [imread(file)[..., :3] for file in files]
    rows = max(1, -(-len(files) // across))
    tallest = max((p.shape[0] / p.shape[1] for p in pictures), default=0.5)
    height = rows * (width / (2 * across) * tallest + 0.35)
    with figure_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(rows, 2 * across, squeeze=False).ravel()
        for ax in grid:
            ax.axis("off")
        for file, picture, colour, grey in zip(
            files, pictures, grid[::2], grid[1::2], strict=False
        ):
            colour.imshow(picture)
            grey.imshow(picture @ _GREY, cmap="gray", vmin=0, vmax=1)
            colour.set_title(file.relative_to(folder).as_posix(), fontsize=9, pad=4)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return write_whole(target, buffer.getvalue())
