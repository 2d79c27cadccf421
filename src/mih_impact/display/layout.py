"""The frame of a figure, and figures as files that have the same bytes each time.

A function that draws says only what is its own; the frame does the rest:

    with figure(ax, size=(7.2, 3.0)) as ax:  # the style, and axes if none were given
        ax.barh(places, values)
        kroner_axis(ax, price_year=2024, axis="x", what=_WHAT.text())
        finish(ax, title=_TITLE, source=[_NOTE], of=result, alt=_alt(result), names="rows")
    return ax

`finish` comes last: title, key, the lines of the source, names at rows or line ends, and alt text.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.figure import (
    SIZE,
    SOFT,
    alt_text,
    axes,
    figure_style,
    is_frame,
    label_line_ends,
    root_figure,
    set_alt_text,
    settle,
    source_line,
)
from mih_impact.display.locale import Label
from mih_impact.display.result import evidence_of
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import Container
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox, ScaledTranslation

__all__ = [
    "align_with_names",
    "figure",
    "figure_bytes",
    "finish",
    "key_row",
    "make_room",
    "save_figure",
    "widened",
]

FloatArray = NDArray[np.float64]


@contextmanager
def figure(ax: Axes | None = None, *, size: tuple[float, float] = SIZE) -> Iterator[Axes]:
    """Draw in the library's style, in the axes given or in a new figure.

    Parameters
    ----------
    ax
        Axes to draw in; None makes a figure.
    size
        Width and height of a new figure in inches.

    Yields
    ------
    Axes
    """
    with figure_style():
        yield axes(ax, size=size)


def finish(
    ax: Axes,
    *,
    title: Label | str,
    source: Sequence[Label | str],
    alt: str,
    of: object = None,
    key: Sequence[Artist | Container] = (),
    names: Literal["rows", "ends"] | None = None,
    pad: float | None = None,
) -> None:
    """Write what stands around the axes. Call it last, when marks and units are there.

    Parameters
    ----------
    ax
        The axes.
    title
        What the figure shows, above it.
    source
        Sentences beneath it.
    alt
        The text that stands for the figure where it cannot be seen.
    of
        The result drawn: what kind of data it rests on is said after `source`.
    key
        What a row above the axes names, each with its label.
    names
        "rows": what is written begins where the names of the rows do. "ends": each line gets its
        name at its right end. None: neither.
    pad
        Points between title and axes; None leaves room for the unit.
    """

    def text(said: Label | str) -> str:
        return said if isinstance(said, str) else said.text()

    ax.set_title(text(title), pad=pad)
    if key:
        key_row(ax, key)
    source_line(ax, " ".join(filter(None, [*map(text, source), evidence_of(of)])))
    if names == "rows":
        align_with_names(ax)
    elif names == "ends":
        label_line_ends(ax)
    set_alt_text(ax, alt)


_ROW = 18.0  # points: a row of small text and air
_ABOVE = 7.0  # points between the axes and the row
_KEY = "_key"  # what the row is known by


def key_row(ax: Axes, handles: Sequence[Artist | Container]) -> None:
    """Write the key in one row between the unit and the axes, where no mark can be.

    Call it when title and unit are there: both are lifted to make room.

    Parameters
    ----------
    ax
        The axes.
    handles
        What is to be named, each with its label.
    """
    legend = ax.legend(
        handles=list(handles), loc="lower left", ncols=len(handles), borderaxespad=0.0,
        borderpad=0.0, handlelength=1.5, handletextpad=0.5, columnspacing=1.5, fontsize=8.5,
        labelcolor=SOFT, bbox_to_anchor=(0.0, 1.0),
        bbox_transform=ax.transAxes + _by(ax, 0, _ABOVE),
    )  # fmt: skip
    legend.set_label(_KEY)
    _move(ax, _by(ax, 0, _ROW))


def align_with_names(ax: Axes) -> None:
    """Let title, unit, key and source begin where the names of the rows do.

    Long names push the axes far to the right, and what is written above and beneath them would
    follow. Call it last: the names must be there.

    Parameters
    ----------
    ax
        The axes, with names along the vertical axis.
    """
    from matplotlib.text import Annotation

    legend = ax.get_legend()
    key = legend if legend is not None and legend.get_label() == _KEY else None
    frame = [text for text in ax.texts if isinstance(text, Annotation) and is_frame(text)]
    names = ax.yaxis.get_tightbbox()
    if names is None:
        return
    # In points, not in shares of the axes, whose place and width the layout may change yet.
    points = (names.x0 - ax.bbox.x0) * 72 / root_figure(ax).dpi
    _move(ax, _by(ax, points, 0))
    if key is not None:
        key.set_bbox_to_anchor((0.0, 1.0), ax.transAxes + _by(ax, points, _ABOVE))
    for text in frame:
        text.xyann = (points, text.xyann[1])


def _by(ax: Axes, right: float, up: float) -> ScaledTranslation:
    from matplotlib.transforms import ScaledTranslation

    return ScaledTranslation(right / 72, up / 72, root_figure(ax).dpi_scale_trans)


def _move(ax: Axes, by: ScaledTranslation) -> None:
    """Move the title, and the unit that stands above the axes."""
    from matplotlib.text import Text

    for child in ax.get_children():
        if isinstance(child, Text) and child not in ax.texts:  # the titles
            child.set_transform(child.get_transform() + by)
    for side in (ax.xaxis, ax.yaxis):
        label = side.label
        if (
            label.get_text()
            and label.get_rotation() == 0
            and label.get_verticalalignment() == "bottom"
        ):
            side.set_label_coords(0, 1, transform=label.get_transform() + by)


_MARGIN = 5.25  # points between a text and the end of the axis


def make_room(ax: Axes) -> None:
    """Widen the horizontal axis until all that is written at marks stands within it.

    Call it when the marks and their texts are drawn, before the axis gets its unit.

    Parameters
    ----------
    ax
        The axes.
    """
    texts = [text for text in ax.texts if not is_frame(text)]
    for text in texts:
        text.set_in_layout(False)  # room is made in the axes: the layout need not make it beside
    settle(ax)
    boxes = [text.get_window_extent() for text in texts]
    if not boxes:
        return
    ends = ax.get_xlim()
    place = np.array([ax.transData.transform((text.xy[0], 0))[0] for text in texts])  # type: ignore[attr-defined]
    before = place - np.array([box.x0 for box in boxes])
    after = np.array([box.x1 for box in boxes]) - place
    share = (place - ax.bbox.x0) / ax.bbox.width
    pixels = np.stack([before, after]) + _MARGIN * root_figure(ax).dpi / 72
    low, high = widened(share, pixels / ax.bbox.width)
    ax.set_xlim(ends[0] + low * (ends[1] - ends[0]), ends[0] + high * (ends[1] - ends[0]))


def widened(place: FloatArray, reach: FloatArray) -> tuple[float, float]:
    """Return the least axis around 0 to 1 on which every text stands whole.

    Parameters
    ----------
    place
        Where each text is held, on an axis from 0 to 1, shape (n,).
    reach
        How far it goes to the left and to the right of that, as shares of the length of the axis,
        which stays as it is when the axis shows more; shape (2, n).

    Notes
    -----
    A text that no widening makes room for, longer than the axis, is left to stick out.

    Examples
    --------
    >>> widened(np.array([1.0]), np.array([[0.0], [0.5]]))
    (0.0, 2.0)
    """
    low, high = 0.0, 1.0
    for _ in range(200):  # each end calls for room by the other's width: a contraction
        span = high - low
        new = (
            min(0.0, float((place - reach[0] * span).min())),
            max(1.0, float((place + reach[1] * span).max())),
        )
        if max(low - new[0], new[1] - high) < 1e-9 or new[1] - new[0] > 10:
            break
        low, high = new
    return round(low, 6), round(high, 6)


_EDGE = 0.03
"""Inches around what reaches over the edge of a figure."""


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
    png, svg = figure_bytes(fig)
    stem = Path(stem)
    return (
        write_whole(stem.with_name(f"{stem.name}.png"), png),
        write_whole(stem.with_name(f"{stem.name}.svg"), svg),
    )


def figure_bytes(
    fig: Figure | Axes, *, dpi: int | None = None, whole: bool = False
) -> tuple[bytes, bytes]:
    """Return a figure as PNG and SVG, its alt text in both; the same figure, the same bytes.

    Parameters
    ----------
    fig
        The figure, or axes in it.
    dpi
        Dots per inch of the PNG; None is the style's.
    whole
        Whether the picture grows where something reaches over its edge, as the unit above an axis
        without a title does.

    Returns
    -------
    tuple of bytes
        The PNG and the SVG.
    """
    from matplotlib import rcParams

    figure, text = root_figure(fig), alt_text(fig)
    png, svg = io.BytesIO(), io.StringIO()
    with figure_style(), _settled(figure, dots := dpi or rcParams["savefig.dpi"]):
        box = _whole(figure) if whole else None
        figure.savefig(png, format="both", svg=svg, about=text, dpi=dots, bbox_inches=box)
    return png.getvalue(), _describe(svg.getvalue(), text).encode()


@contextmanager
def _settled(figure: Figure, dpi: float) -> Iterator[None]:
    """Lay a figure out once, at the dots of its picture; every file made within is drawn so."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from mih_impact.display.picture import FileCanvas

    canvas, own_dpi, layout = figure.canvas, figure.dpi, figure.get_layout_engine()
    if not isinstance(canvas, FileCanvas):
        FileCanvas(figure)  # in place of the reader's, whose window keeps its size
    try:
        figure.set_dpi(dpi)
        if isinstance(layout, ConstrainedLayoutEngine):
            settle(figure)
            figure.set_layout_engine(None)  # saving would lay it out, and draw it, to measure it
        yield
    finally:
        figure.set_layout_engine(layout)
        figure.set_dpi(own_dpi)
        figure.set_canvas(canvas)


def _whole(figure: Figure) -> Bbox:
    """Return the figure's own rectangle, and what reaches over it, in inches."""
    from matplotlib.transforms import Bbox

    return Bbox.union([figure.bbox_inches, figure.get_tightbbox().padded(_EDGE)])


def _describe(svg: str, text: str) -> str:
    """Make the picture one image with a description, for screen readers."""
    label = f' role="img" aria-label="{escape(text)}"' if text else ' role="img"'
    return svg.replace("<svg ", f"<svg{label} ", 1)
