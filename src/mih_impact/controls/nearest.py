"""Nearest neighbours on one score, within cells: sorted search, and everybody who is as near.

Everything here takes and returns arrays. All cells are searched at once: a step of a bisection is
one look at an array for every target, not one for the few of each cell.

Whole years make ties that are exact on paper and not in floating point: somebody a year younger
and somebody a year older are equally far. Distances that differ by no more than `SAME` are
therefore the same; otherwise the last digit of a coefficient would choose, and another machine
another control.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME", "Neighbours", "nearest", "nearest_within", "runs"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Distances, on the log odds or by Mahalanobis, that differ by no more are the same distance. What
#: is equal on paper differs by some 1e-14 in floating point, by the order of sums and the machine;
#: and nobody is meaningfully nearer for odds that differ by a billionth.
SAME = 1e-9
#: Cells that are sorted at the same time.
THREADS = 2
#: With fewer controls than this one thread is as fast.
MANY = 1_000_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The chosen controls of each target; targets with the same controls may share a set.

    Attributes
    ----------
    set_of
        The set of each target, shape (n,); -1 for nobody.
    member, control
        The set and the position among the controls of each entry, shape (p,); sets ascend, and
        controls within a set.
    ties
        With replacement the targets with more controls than were asked for, because as near;
        without, the choices between several that were as near.
    """

    set_of: IntArray
    member: IntArray
    control: IntArray
    ties: int

    @classmethod
    def of_each(cls, chosen: IntArray, ties: int) -> Neighbours:
        """Return a set of its own for every target, from positions (n, ratio), -1 where none."""
        has = (chosen >= 0).any(axis=1)
        chosen = np.sort(chosen[has], axis=1)
        member, place = np.nonzero(chosen >= 0)
        set_of = np.where(has, np.cumsum(has) - 1, -1)
        return cls(set_of, member, chosen[member, place], ties)

    def at(self, rows: IntArray) -> Neighbours:
        """Return the same with controls named by `rows`, not by position."""
        size = int(rows.max(initial=-1)) + 1
        key = self.member * size + rows[self.control]
        key.sort()
        member, control = np.divmod(key, max(size, 1))
        return Neighbours(self.set_of, member, control, self.ties)


def runs(ascending: FloatArray, apart: float = SAME) -> IntArray:
    """Return where a new value begins among ascending ones, those at most `apart` being the same.

    Examples
    --------
    >>> runs(np.array([0.1, 0.1 + 1e-14, 0.3]))
    array([0, 2])
    """
    new = np.ones(len(ascending), dtype=bool)
    new[1:] = np.diff(ascending) > apart
    return np.flatnonzero(new)


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
    """Find the `ratio` nearest controls of each target in its cell, and all who are as near.

    Parameters
    ----------
    target, target_cell
        Scores and numbers of cells, shape (n,).
    control, control_cell
        The same, shape (m,).
    ratio
        Neighbours wanted; fewer where the caliper or the cell gives fewer.
    caliper
        Greatest distance allowed; infinity for none.

    Returns
    -------
    Neighbours
        Everybody no farther than the ratio-th nearest: with replacement nobody has to be chosen
        among equals. Targets that have the same controls share a set.

    Examples
    --------
    >>> score, cell = np.array([0.1, 0.4, 0.2, 0.2]), np.array([0, 0, 1, 0])
    >>> nearest_within(np.array([0.3]), np.array([0]), score, cell, 1, np.inf).control
    array([1, 3])
    """
    if len(target) == 0 or len(control) == 0:
        nobody = np.zeros(0, dtype=np.int64)
        return Neighbours(np.full(len(target), -1, dtype=np.int64), nobody, nobody, 0)
    line = _Line.of(control, control_cell, target_cell)
    k = np.minimum(ratio, line.end - line.begin)
    low = line.window(target, k)
    ends = [np.abs(line.score[np.where(k > 0, at, 0)] - target) for at in (low, low + k - 1)]
    reach = np.minimum(np.maximum(*ends), caliper) + SAME
    # All within reach, ties at the edge included, lie between these two positions.
    first, last = line.edge(target, reach, side="left"), line.edge(target, reach, side="right")
    has = last > first
    stretch = first * (len(control) + 1) + last
    _, of_set, set_of = np.unique(stretch[has], return_index=True, return_inverse=True)
    first, many = first[has][of_set], (last - first)[has][of_set]
    member = np.repeat(np.arange(len(many)), many)
    inside = np.arange(len(member)) + np.repeat(first - (np.cumsum(many) - many), many)
    all_sets = np.full(len(target), -1, dtype=np.int64)
    all_sets[has] = set_of
    found = Neighbours(all_sets, member, inside, int((many > ratio)[set_of].sum()))
    return found.at(line.order)
