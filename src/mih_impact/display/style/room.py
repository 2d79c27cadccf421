"""Room on the axis for what is written beyond the ends of marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.style.figure import settle
from mih_impact.display.style.units import is_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["make_room", "widened"]

FloatArray = NDArray[np.float64]

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
