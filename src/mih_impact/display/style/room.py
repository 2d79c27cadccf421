"""Room on the axis for what is written beyond the ends of marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mih_impact.display.style.figure import root_figure
from mih_impact.display.style.units import is_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["make_room"]

_MARGIN = 8.0  # pixels
_ROUNDS = 8  # each widens by what is lacking: it is as good as enough after three


def make_room(ax: Axes) -> None:
    """Widen the horizontal axis until all that is written at marks stands within it.

    Call it when the marks and their texts are drawn, before the axis gets its unit.

    Parameters
    ----------
    ax
        The axes.
    """
    for _ in range(_ROUNDS):
        root_figure(ax).draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts if not is_frame(text)]
        if not boxes:
            return
        left = ax.bbox.x0 + _MARGIN - min(box.x0 for box in boxes)
        right = max(box.x1 for box in boxes) - ax.bbox.x1 + _MARGIN
        if max(left, right) <= 0.5:
            return
        low, high = ax.get_xlim()
        pixel = (high - low) / ax.bbox.width
        ax.set_xlim(low - 1.1 * pixel * max(left, 0.0), high + 1.1 * pixel * max(right, 0.0))
