"""What stands above and beside the axes: the key in a row, and a common left edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mih_impact.display.style.figure import root_figure, settle
from mih_impact.display.style.palette import SOFT
from mih_impact.display.style.units import is_frame

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import Container
    from matplotlib.transforms import ScaledTranslation

__all__ = ["align_with_names", "key_row"]

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
