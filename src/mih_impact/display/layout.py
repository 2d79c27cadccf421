"""What stands around the axes, and figures as files that have the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.figure import (
    GREY,
    SOFT,
    alt_text,
    figure_style,
    is_frame,
    root_figure,
    settle,
)
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import Container
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox, ScaledTranslation

__all__ = [
    "align_with_names",
    "contact_sheet",
    "figure_bytes",
    "key_row",
    "make_room",
    "save_figure",
    "widened",
]

FloatArray = NDArray[np.float64]

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
    wide = [*frame, *([] if key is None else [key])]
    for artist in wide:  # where they stand now they would press the axes together
        artist.set_in_layout(False)
    settle(ax)
    names = ax.yaxis.get_tightbbox()
    for artist in wide:
        artist.set_in_layout(True)
    if names is None:
        return
    # In points, not in shares of the axes, whose width the layout may change yet.
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


_MARGIN = 8.0  # pixels between a text and the end of the axis


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
    pixels = np.stack([before, after]) + _MARGIN
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
    with figure_style():
        png, svg = io.BytesIO(), io.BytesIO()
        box = _whole(figure) if whole else None
        figure.savefig(
            png,
            format="png",
            dpi=dpi or rcParams["savefig.dpi"],
            bbox_inches=box,
            metadata={"Software": None, "Description": text},
        )
        figure.savefig(svg, format="svg", bbox_inches=box, metadata={"Date": None, "Creator": None})
    return png.getvalue(), _describe(svg.getvalue(), text)


def _whole(figure: Figure) -> Bbox:
    """Return the figure's own rectangle, and what reaches over it, in inches."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()  # places everything
    return Bbox.union([figure.bbox_inches, figure.get_tightbbox().padded(_EDGE)])


def _describe(svg: bytes, text: str) -> bytes:
    """Make the picture one image with a description, for screen readers."""
    label = f' role="img" aria-label="{escape(text)}"' if text else ' role="img"'
    return svg.replace(b"<svg ", f"<svg{label} ".encode(), 1)


def _numbered(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts fig10 after fig9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


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
    found = (
        file
        for file in folder.rglob("*.png")
        if file.name not in ("contact_sheet.png", target.name)
    )
    files = sorted(found, key=lambda file: (_numbered(file.name), file))
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
            grey.imshow(picture @ GREY, cmap="gray", vmin=0, vmax=1)
            colour.set_title(file.relative_to(folder).as_posix(), fontsize=9, pad=4)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return write_whole(target, buffer.getvalue())
