"""Names at the ends of lines, instead of a legend that has to be looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.style.figure import root_figure, settle
from mih_impact.display.style.palette import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["label_line_ends", "spread"]


def label_line_ends(
    ax: Axes, lines: Sequence[Line2D] | None = None, *, gap: float = 1.45, size: float = 9.0
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
    settle(ax)  # so that heights are true
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground=ax.get_facecolor())]  # keeps grid lines off the text
    per_point = root_figure(ax).dpi / 72
    heights = np.array([ax.transData.transform(end)[1] for _, end in ends]) / per_point
    rows = np.array([str(line.get_label()).count("\n") + 1 for line, _ in ends])
    shifts = spread(heights, rows * size * gap) - heights
    right = max(end[0] for _, end in ends)
    for (line, (x, y)), shift in zip(ends, shifts, strict=True):
        ax.annotate(
            str(line.get_label()),
            xy=(right if np.isclose(x, right) else x, y),
            xytext=(7, float(shift)),
            textcoords="offset points",
            color=readable(line.get_color()),
            fontsize=size,
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
