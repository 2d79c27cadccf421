"""Nearest neighbours on one score, within one cell: sorted search, ties settled by identifier.

Everything here takes and returns arrays. Controls are given in ascending order of identifier, so a
lower position is a lower identifier: that is how ties are settled.

Whole years make ties that are exact on paper and not in floating point: somebody a year younger
and somebody a year older are equally far. Distances are therefore compared in steps of `SAME`;
otherwise the last digit of a coefficient would choose, and another machine another control.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME", "Neighbours", "nearest", "nearest_other", "steps"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Distances on the log odds that differ by less are the same distance.
SAME = 1e-9


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


def _window(sorted_score: FloatArray, target: FloatArray, k: int) -> IntArray:
    """Return the start of the k consecutive sorted scores nearest to each target.

    The nearest k lie in a row. The window starting at s is too far left while the score just behind
    it is strictly nearer than its first: a bisection on s for all targets at once.
    """
    low = np.zeros(len(target), dtype=np.int64)
    high = np.full(len(target), len(sorted_score) - k, dtype=np.int64)
    while (low < high).any():
        active = low < high
        middle = (low + high) // 2
        first = sorted_score[middle]
        behind = sorted_score[np.minimum(middle + k, len(sorted_score) - 1)]
        right = active & (behind - target < target - first)
        low = np.where(right, middle + 1, low)
        high = np.where(active & ~right, middle, high)
    return low


def nearest(target: FloatArray, control: FloatArray, ratio: int, caliper: float) -> Neighbours:
    """Find the `ratio` nearest controls of each target, with replacement.

    Parameters
    ----------
    target
        Scores, shape (n,).
    control
        Scores in ascending order of identifier, shape (m,).
    ratio
        Neighbours wanted; fewer where the caliper or the cell gives fewer.
    caliper
        Greatest distance allowed; infinity for none.

    Returns
    -------
    Neighbours
        Different controls for each target. Of equally distant ones the lower identifier is taken.
    """
    k = min(ratio, len(control))
    chosen = np.full((len(target), ratio), -1, dtype=np.int64)
    if k == 0 or len(target) == 0:
        return Neighbours(chosen, 0)
    order = np.argsort(control, kind="stable")
    score = control[order]
    start = _window(score, target, k)
    inside = order[start[:, None] + np.arange(k)]
    distance = np.abs(control[inside] - target[:, None])
    reach = distance.max(axis=1) + SAME
    # All within reach, ties at the edge included, lie between these two positions.
    first = _edge(score, target, reach, side="left")
    last = _edge(score, target, reach, side="right")
    tied = np.flatnonzero((last - first > k) & (reach <= caliper + SAME))
    for i in tied:
        rivals = order[first[i] : last[i]]
        inside[i] = rivals[np.lexsort((rivals, steps(np.abs(control[rivals] - target[i]))))][:k]
    distance = np.abs(control[inside] - target[:, None])
    rank = np.lexsort((inside, steps(distance)), axis=1)
    inside = np.take_along_axis(inside, rank, axis=1)
    distance = np.take_along_axis(distance, rank, axis=1)
    chosen[:, :k] = np.where(distance <= caliper, inside, -1)
    return Neighbours(chosen, len(tied))


def _edge(score: FloatArray, target: FloatArray, reach: FloatArray, *, side: str) -> IntArray:
    """Return where the scores within `reach` begin (left) or end (right), by the distance itself.

    Comparing |score - target| rather than score with target - reach keeps rounding out of ties.
    """
    low = np.zeros(len(target), dtype=np.int64)
    high = np.full(len(target), len(score), dtype=np.int64)
    while (low < high).any():
        active = low < high
        middle = np.minimum((low + high) // 2, len(score) - 1)
        gap = score[middle] - target
        right = gap < -reach if side == "left" else gap <= reach
        low = np.where(active & right, middle + 1, low)
        high = np.where(active & ~right, middle, high)
    return low


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
