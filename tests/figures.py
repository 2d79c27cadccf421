"""What must hold for every figure, measured with the renderer it is drawn with."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from mih_impact.display.figure import alt_text, root_figure

#: Pixels that two boxes may share: boxes are rounded outwards, letters are not.
SHARED = 0.75


def assert_texts_apart(ax: Axes) -> None:
    """Raise unless every text of the figure is whole within it, and no two of them overlap."""
    figure = root_figure(ax)
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown_texts(figure)]
    assert boxes, "a figure without a word"
    assert_texts_filled(ax)
    page = figure.bbox
    clipped = [
        text
        for text, box in boxes
        if box.x0 < page.x0 - SHARED
        or box.x1 > page.x1 + SHARED
        or box.y0 < page.y0 - SHARED
        or box.y1 > page.y1 + SHARED
    ]
    assert not clipped, f"cut off by the edge: {clipped}"
    overlapping = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes, 2)
        if _shared(a, b) > SHARED
    ]
    assert not overlapping, f"written over each other: {overlapping}"


def assert_texts_filled(ax: Axes) -> None:
    """Raise where a text of the figure, or its alt text, still has a place that nothing fills."""
    figure = root_figure(ax)
    texts = [alt_text(figure), *(text.get_text() for text in shown_texts(figure))]
    assert not [text for text in texts if re.search(r"{\w+}", text)]


def shown_texts(figure: Figure) -> Iterator[Text]:
    """Yield every text that is seen: of ticks only those within the axis."""
    of_ticks = {
        id(text)
        for axis in figure.findobj(Axis)
        for tick in axis.get_major_ticks() + axis.get_minor_ticks()
        for text in (tick.label1, tick.label2)
        if not _within(axis, tick.get_loc())
    }
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in of_ticks:
            yield text


def _within(axis: Axis, place: float) -> bool:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    return low - slack <= place <= high + slack


def _shared(a: Bbox, b: Bbox) -> float:
    """Return the width or height, whichever is less, of what two boxes share."""
    across = min(a.x1, b.x1) - max(a.x0, b.x0)
    up = min(a.y1, b.y1) - max(a.y0, b.y0)
    return min(across, up)
