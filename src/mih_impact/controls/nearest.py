"""Nearest neighbours on one score, within cells: sorted search, ties settled by identifier.

Everything here takes and returns arrays. Controls are given in ascending order of identifier, so a
lower position is a lower identifier: that is how ties are settled. All cells are searched at once:
a step of a bisection is one look at an array for every target, not one for the few of each cell.

Whole years make ties that are exact on paper and not in floating point: somebody a year younger
and somebody a year older are equally far. Distances are therefore compared in steps of `SAME`;
otherwise the last digit of a coefficient would choose, and another machine another control.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME", "Neighbours", "nearest", "nearest_other", "nearest_within", "steps"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Distances on the log odds that differ by less are the same distance.
SAME = 1e-9
#: Cells that are sorted at the same time.
THREADS = 2
#: With fewer controls than this one thread is as fast.
MANY = 1_000_000
#: Rivals for a last place that are ranked at a time, to keep them small in memory.
RIVALS = 1_000_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The chosen controls of each target.

    Attributes
    ----------
    position
        Positions among the controls, shape (n_targets, ratio), nearest first, -1 where none.
    ties
        Targets for whom the last place was settled by the lower identifier.
    """

    position: IntArray
    ties: int


def steps(distance: FloatArray) -> FloatArray:
    """Return distances in whole steps of `SAME`, so that what is equal on paper is equal."""
    return np.rint(distance / SAME)


@dataclass(frozen=True, eq=False)
class _Line:
    """Controls by cell, then score, and the part of them that each target may choose from.

    Attributes
    ----------
    order
        Positions among the controls, shape (m,).
    score
        Their scores, shape (m,).
    begin, end
        Where the cell of each target begins and ends, shape (n,).
    """

    order: IntArray
    score: FloatArray
    begin: IntArray
    end: IntArray

    @classmethod
    def of(cls, score: FloatArray, cell: IntArray, wanted: IntArray) -> _Line:
        """Sort the controls; `wanted` is the cell of each target."""
        cells = int(max(cell.max(initial=-1), wanted.max(initial=-1))) + 1
        # Sixteen bits are sorted by counting.
        narrow = cell.astype(np.uint16) if cells <= 2**16 else cell
        order = np.argsort(narrow, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=cells))])

        def sort(some: range) -> None:
            for c in some:
                own = order[bounds[c] : bounds[c + 1]]
                own[:] = own[np.argsort(score[own])]

        if len(score) < MANY:
            sort(range(cells))
        else:  # cells have nothing to do with one another, and sorting lets other threads run
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(sort, [range(t, cells, THREADS) for t in range(THREADS)]))
        return cls(order, score[order], bounds[wanted], bounds[wanted + 1])

    def window(self, target: FloatArray, k: IntArray) -> IntArray:
        """Return the start of the k consecutive scores nearest to each target.

        The nearest k lie in a row. The window starting at s is too far left while the score just
        behind it is strictly nearer than its first: a bisection on s for all targets at once.
        """
        low, high = self.begin.copy(), self.end - k
        while (active := low < high).any():
            middle = (low + high) // 2
            first = self.score[np.where(active, middle, 0)]
            behind = self.score[np.where(active, middle + k, 0)]
            right = active & (behind - target < target - first)
            low = np.where(right, middle + 1, low)
            high = np.where(active & ~right, middle, high)
        return low

    def edge(self, target: FloatArray, reach: FloatArray, *, side: str) -> IntArray:
        """Return where the scores within `reach` begin (left) or end (right), by the distance.

        Comparing |score - target| rather than score with target - reach keeps rounding out of ties.
        """
        low, high = self.begin.copy(), self.end.copy()
        while (active := low < high).any():
            middle = (low + high) // 2
            gap = self.score[np.where(active, middle, 0)] - target
            right = gap < -reach if side == "left" else gap <= reach
            low = np.where(active & right, middle + 1, low)
            high = np.where(active & ~right, middle, high)
        return low


def nearest(target: FloatArray, control: FloatArray, ratio: int, caliper: float) -> Neighbours:
    """Find the `ratio` nearest controls of each target among all; see `nearest_within`."""
    one_cell = np.zeros(len(target), dtype=np.int64), np.zeros(len(control), dtype=np.int64)
    return nearest_within(target, one_cell[0], control, one_cell[1], ratio, caliper)


def nearest_within(
    target: FloatArray,
    target_cell: IntArray,
    control: FloatArray,
    control_cell: IntArray,
    ratio: int,
    caliper: float,
) -> Neighbours:
    """Find the `ratio` nearest controls of each target in its cell, with replacement.

    Parameters
    ----------
    target, target_cell
        Scores and numbers of cells, shape (n,).
    control, control_cell
        The same in ascending order of identifier, shape (m,).
    ratio
        Neighbours wanted; fewer where the caliper or the cell gives fewer.
    caliper
        Greatest distance allowed; infinity for none.

    Returns
    -------
    Neighbours
        Different controls for each target. Of equally distant ones the lower identifier is taken.

    Examples
    --------
    >>> score, cell = np.array([0.1, 0.4, 0.2]), np.array([0, 0, 1])
    >>> nearest_within(np.array([0.3]), np.array([0]), score, cell, 1, np.inf).position
    array([[1]])
    """
    if len(target) == 0 or len(control) == 0:
        return Neighbours(np.full((len(target), ratio), -1, dtype=np.int64), 0)
    line = _Line.of(control, control_cell, target_cell)
    k = np.minimum(ratio, line.end - line.begin)
    there = np.arange(ratio) < k[:, None]
    place = line.window(target, k)[:, None] + np.arange(ratio)
    inside = line.order[np.where(there, place, 0)]
    distance = _distance(target, control, inside, there)
    reach = np.where(there, distance, 0.0).max(axis=1, initial=0.0) + SAME
    # All within reach, ties at the edge included, lie between these two positions.
    first, last = line.edge(target, reach, side="left"), line.edge(target, reach, side="right")
    tied = np.flatnonzero((last - first > k) & (reach <= caliper + SAME))
    for some in _at_a_time(tied, (last - first)[tied]):
        inside[some] = _lowest(line, first[some], last[some], target[some], control, ratio)
    distance = _distance(target, control, inside, there)
    rank = np.lexsort((inside, steps(distance)), axis=1)
    inside = np.take_along_axis(inside, rank, axis=1)
    distance = np.take_along_axis(distance, rank, axis=1)
    return Neighbours(np.where(there & (distance <= caliper), inside, -1), len(tied))


def _distance(
    target: FloatArray, control: FloatArray, inside: IntArray, there: BoolArray
) -> FloatArray:
    """Return how far the chosen are, infinitely where a cell has no more."""
    return np.where(there, np.abs(control[inside] - target[:, None]), np.inf)


def _at_a_time(tied: IntArray, many: IntArray) -> Iterator[IntArray]:
    """Yield some of the tied targets at a time, with no more than so many rivals together."""
    part = (np.cumsum(many) - many) // RIVALS
    yield from np.split(tied, np.flatnonzero(np.diff(part)) + 1) if len(tied) else []


def _lowest(
    line: _Line,
    first: IntArray,
    last: IntArray,
    target: FloatArray,
    control: FloatArray,
    ratio: int,
) -> IntArray:
    """Return the nearest of all within reach, the lowest of equals, shape (targets, ratio)."""
    many = last - first
    begin = np.cumsum(many) - many
    whose = np.repeat(np.arange(len(many)), many)
    rivals = line.order[np.arange(len(whose)) + np.repeat(first - begin, many)]
    rank = np.lexsort((rivals, steps(np.abs(control[rivals] - target[whose])), whose))
    chosen: IntArray = rivals[rank[begin[:, None] + np.arange(ratio)]]
    return chosen


def nearest_other(score: FloatArray, cell: IntArray, rows: IntArray, count: int) -> IntArray:
    """Return the nearest other rows of the same cell.

    Parameters
    ----------
    score, cell
        Shape (m,); rows in ascending order of identifier within a cell.
    rows
        Whose neighbours are wanted, shape (q,).
    count
        How many on each side to look at.

    Returns
    -------
    array of int
        Shape (q, 2 * count), nearest first, ties to the lower row; -1 where the cell has no more.
    """
    m = len(score)
    order = np.lexsort((np.arange(m), score, cell))
    place = np.empty(m, dtype=np.int64)
    place[order] = np.arange(m)
    beside = np.concatenate([np.arange(-count, 0), np.arange(1, count + 1)])
    around = place[rows][:, None] + beside
    inside = (around >= 0) & (around < m)
    other = order[np.clip(around, 0, m - 1)]
    inside &= cell[other] == cell[rows][:, None]
    distance = np.where(inside, np.abs(score[other] - score[rows][:, None]), np.inf)
    rank = np.lexsort((other, steps(distance)), axis=1)
    other = np.take_along_axis(np.where(inside, other, -1), rank, axis=1)
    return other
