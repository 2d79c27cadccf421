"""Nearest neighbours on one score within cells, with replacement and without.

Everything here takes and returns arrays. All cells are searched at once: a step of a bisection is
one look at an array for every target, not one for the few of each cell.

Whole years make ties that are exact on paper and not in floating point: somebody a year younger
and somebody a year older are equally far. Distances that differ by no more than `SAME` are
therefore the same; otherwise the last digit of a coefficient would choose, and another machine
another control.

Controls stand on a line, sorted by score, those with the same score in one place. A place where
nobody is free any more points past itself to the left and to the right, so that looking for the
nearest that is free takes a few steps however many are taken (union-find).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME", "Line", "Neighbours", "Places", "greedy", "nearest", "nearest_within", "runs"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Distances, on the log odds or by Mahalanobis, that differ by no more are the same distance. What
#: is equal on paper differs by some 1e-14 in floating point, by the order of sums and the machine;
#: and nobody is meaningfully nearer for odds that differ by a billionth.
SAME = 1e-9
#: Cells that are sorted at the same time.
THREADS = 2
#: With fewer controls than this one thread is as fast.
MANY = 1_000_000
#: Targets that look for their nearest at a time.
AT_A_TIME = 2**15


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
        control = rows[self.control]
        if len(control) and int(self.member[-1]) + 1 < len(control):  # sets of several
            control += self.member * size
            control.sort()
            control -= self.member * size
        return Neighbours(self.set_of, self.member, control, self.ties)


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


def _by_cell(cell: IntArray, cells: int) -> tuple[IntArray, IntArray]:
    """Return positions cell by cell, and where each cell begins and ends among them."""
    if cells == 1:
        return np.arange(len(cell)), np.array([0, len(cell)])
    # Sixteen bits are sorted by counting.
    narrow = cell.astype(np.uint16) if cells <= 2**16 else cell
    many = np.bincount(cell, minlength=cells)
    return np.argsort(narrow, kind="stable"), np.concatenate([[0], np.cumsum(many)])


def _in_order(score: FloatArray, cell: IntArray, cells: int) -> tuple[IntArray, IntArray]:
    """Return positions by cell, then score, and where each cell begins and ends among them."""
    order, bounds = _by_cell(cell, cells)

    def sort(some: range) -> None:
        for c in some:
            own = order[bounds[c] : bounds[c + 1]]
            own[:] = own[np.argsort(score[own])]

    if len(score) < MANY:
        sort(range(cells))
    else:  # cells have nothing to do with one another, and sorting lets other threads run
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(sort, [range(t, cells, THREADS) for t in range(THREADS)]))
    return order, bounds


def _alike(key: IntArray) -> tuple[IntArray, IntArray]:
    """Return which of the different keys, ascending, each is, and where one such stands."""
    new = np.ones(len(key), dtype=bool)
    if (key[1:] >= key[:-1]).all():
        new[1:] = key[1:] > key[:-1]
        return np.cumsum(new) - 1, np.flatnonzero(new)
    order = np.argsort(key, kind="stable")
    new[1:] = np.diff(key[order]) != 0
    place = np.empty(len(key), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return place, order[new]


def _turning(
    low: IntArray, high: IntArray, before: Callable[[IntArray, IntArray], BoolArray]
) -> IntArray:
    """Return the first place, `high` if none is, that is not `before`: a bisection for all at once.

    `before` takes positions among the targets, and a place for each, from `low` on.
    """
    low, high = low.copy(), high.copy()
    while len(open_ := np.flatnonzero(low < high)):
        middle = (low[open_] + high[open_]) // 2
        right = before(open_, middle)
        low[open_[right]] = middle[right] + 1
        high[open_[~right]] = middle[~right]
    return low


@dataclass(frozen=True, eq=False)
class _Search:
    """Controls by cell, then score, and the part of them that each target may choose from.

    Targets stand in line as well, so that one looks where the one before it has looked.

    Attributes
    ----------
    score, target
        Scores of the controls, shape (m,), and of the targets, shape (n,).
    begin, end
        Where the cell of each target begins and ends, shape (n,).
    at
        Where the first control is that is not below the target, shape (n,).
    """

    score: FloatArray
    target: FloatArray
    begin: IntArray
    end: IntArray
    at: IntArray

    @classmethod
    def of(cls, controls: Line, targets: Line) -> Iterator[tuple[slice, _Search]]:
        """Find the places of some targets at a time, whose arrays the processor can hold."""
        more = max(len(targets.bounds) - len(controls.bounds), 0)
        bounds, own = np.pad(controls.bounds, (0, more), mode="edge"), targets.bounds
        cells = np.flatnonzero(np.diff(own))
        for first in range(0, len(targets.score), AT_A_TIME):
            last = min(first + AT_A_TIME, len(targets.score))
            target = targets.score[first:last]
            begin, end, at = np.empty((3, len(target)), dtype=np.int64)
            among = (
                np.searchsorted(own[cells + 1], first, "right"),
                np.searchsorted(own[cells], last),
            )
            for c in cells[slice(*among)].tolist():
                here = slice(max(own[c] - first, 0), own[c + 1] - first)
                begin[here], end[here] = bounds[c : c + 2]
                score = controls.score[bounds[c] : bounds[c + 1]]
                at[here] = bounds[c] + np.searchsorted(score, target[here])
            yield slice(first, last), cls(controls.score, target, begin, end, at)

    def window(self, k: IntArray) -> IntArray:
        """Return the start of the k consecutive scores nearest to each target.

        The nearest k lie in a row, which the target's own place is in or beside. The window
        starting at s is too far left while the score just behind it is strictly nearer than its
        first.
        """

        def too_far_left(i: IntArray, s: IntArray) -> BoolArray:
            ahead, behind = self.score[s], self.score[s + k[i]]
            return np.asarray(behind - self.target[i] < self.target[i] - ahead)

        low, high = np.maximum(self.begin, self.at - k), np.minimum(self.end - k, self.at)
        return _turning(low, high, too_far_left)

    def within(self, reach: FloatArray, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
        """Return where the scores within `reach` begin and end, by the distance.

        They are looked for from `low` and `high` outwards, by ever longer steps: few go on far.
        Comparing |score - target| rather than score with target - reach keeps rounding out of ties.
        """

        def short(i: IntArray, s: IntArray) -> BoolArray:
            return np.asarray(self.score[s] - self.target[i] < -reach[i])

        def inside(i: IntArray, s: IntArray) -> BoolArray:
            return np.asarray(self.score[s] - self.target[i] <= reach[i])

        first, last, step = low.copy(), high.copy(), 1
        left = right = np.arange(len(low))
        while len(left) or len(right):
            left = left[first[left] > self.begin[left]]
            left = left[~short(left, first[left] - 1)]
            first[left] = np.maximum(first[left] - step, self.begin[left])
            right = right[last[right] < self.end[right]]
            right = right[inside(right, last[right])]
            last[right] = np.minimum(last[right] + step, self.end[right])
            step *= 2
        return _turning(first, self.at, short), _turning(self.at, last, inside)


def nearest(target: FloatArray, control: FloatArray, ratio: int, caliper: float) -> Neighbours:
    """Find the `ratio` nearest controls of each target among all; see `nearest_within`."""
    targets, controls = (Line.of(x, np.zeros(len(x), dtype=np.int64)) for x in (target, control))
    return nearest_within(targets, controls, ratio, caliper)


def nearest_within(
    targets: Line, controls: Line, ratio: int, caliper: float | FloatArray
) -> Neighbours:
    """Find the `ratio` nearest controls of each target in its cell, and all who are as near.

    Parameters
    ----------
    targets, controls
        Those who look for somebody, n of them, and those who are found.
    ratio
        Neighbours wanted; fewer where the caliper or the cell gives fewer.
    caliper
        Greatest distance allowed, of all or of each target, shape (n,); infinity for none.

    Returns
    -------
    Neighbours
        Everybody no farther than the ratio-th nearest: with replacement nobody has to be chosen
        among equals. Targets that have the same controls share a set.

    Examples
    --------
    >>> controls = Line.of(np.array([0.1, 0.4, 0.2, 0.2]), np.array([0, 0, 1, 0]))
    >>> nearest_within(Line.of(np.array([0.3]), np.array([0])), controls, 1, np.inf).control
    array([1, 3])
    """
    all_sets = np.full(len(targets.order), -1, dtype=np.int64)
    if not len(targets.order) or not len(controls.order):
        nobody = np.zeros(0, dtype=np.int64)
        return Neighbours(all_sets, nobody, nobody, 0)
    # All within reach, ties at the edge included, lie between these two positions.
    first, last = np.empty((2, len(all_sets)), dtype=np.int64)
    limit = np.broadcast_to(caliper, len(all_sets))[targets.order]
    for some, line in _Search.of(controls, targets):
        k = np.minimum(ratio, line.end - line.begin)
        low = line.window(k)
        ends = [
            np.abs(line.score[np.where(k > 0, at, 0)] - line.target) for at in (low, low + k - 1)
        ]
        reach = np.minimum(np.maximum(*ends), limit[some]) + SAME
        first[some], last[some] = line.within(reach, low, low + k)
    has, last = np.flatnonzero(last > first), last - first
    set_of, of_set = _alike(first[has] * (len(controls.order) + 1) + last[has])
    first, many = first[has[of_set]], last[has[of_set]]
    all_sets[targets.order[has]] = set_of
    member = inside = np.arange(len(many))
    if many.max(initial=1) == 1:
        return Neighbours(all_sets, member, first, 0).at(controls.order)
    member = np.repeat(member, many)
    inside = np.arange(len(member)) + np.repeat(first - (np.cumsum(many) - many), many)
    found = Neighbours(all_sets, member, inside, int((many > ratio)[set_of].sum()))
    return found.at(controls.order)


class Places:
    """Rows in places: those of a place are alike, and the lower row goes first.

    Rows are numbered in the order in which equals are to be taken, which a lot decides.

    Parameters
    ----------
    order
        Rows, place by place, ascending within one.
    begin
        Where each place begins in `order`, and where the last one ends.
    person
        The person behind each row; a person who is taken is free in no place.
    """

    def __init__(self, order: IntArray, begin: IntArray, person: IntArray) -> None:
        # A memoryview hands out one plain number at a time faster than an array does.
        #: Rows, place by place.
        self.order, self._first = order, begin
        #: How many rows each place has, taken or not.
        self.size = begin[1:] - begin[:-1]
        self._order, self._begin = order.data, begin.data
        self._person = np.ascontiguousarray(person).data
        self._taken: set[int] = set()
        self._ahead: dict[int, int] = {}

    def _free_from(self, at: int, end: int) -> int:
        """Return the position of the first free row from `at` on, `end` if there is none."""
        while at < end and self._person[self._order[at]] in self._taken:
            at += 1
        return at

    def first_two(self, place: int) -> list[int]:
        """Return the lowest free rows of a place, two at most: the second tells of a tie."""
        begin, end = self._begin[place], self._begin[place + 1]
        first = self._free_from(self._ahead.get(place, begin), end)
        if first > begin:
            self._ahead[place] = first
        if first == end:
            return []
        second = self._free_from(first + 1, end)
        return [self._order[at] for at in (first, second) if at < end]

    def rows_of(self, place: IntArray, size: IntArray) -> IntArray:
        """Return all rows of several places, of these sizes, one place after the other."""
        first = self._first[place] - (np.cumsum(size) - size)
        return np.asarray(self.order[np.repeat(first, size) + np.arange(size.sum())])

    def rows(self, place: int) -> IntArray:
        """Return all rows of a place, taken or not."""
        return self.order[self._begin[place] : self._begin[place + 1]]

    def take(self, row: int) -> None:
        """Take the person behind a row out of every place."""
        self._taken.add(self._person[row])


class _GreedyLine:
    """Places on a line, each cell a stretch of its own."""

    def __init__(self, score: FloatArray, cell: IntArray, person: IntArray) -> None:
        order = np.lexsort((score, cell))
        score, self._cell = score[order], cell[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(score) != 0) | (np.diff(self._cell) != 0)
        start = np.flatnonzero(new)
        self.places = Places(order, np.append(start, len(order)), person)
        self.score = score[start]
        self._view = self.score.data
        self._cell = self._cell[start]
        self._past: dict[int, dict[int, int]] = {-1: {}, 1: {}}

    def stretch(self, cell: IntArray) -> tuple[IntArray, IntArray]:
        """Return where the places of each cell begin and end."""
        return (
            np.searchsorted(self._cell, cell, side="left"),
            np.searchsorted(self._cell, cell, side="right"),
        )

    def locate(self, target: FloatArray, first: IntArray, end: IntArray) -> IntArray:
        """Return the first place at or above each target in its stretch."""
        at = np.empty(len(target), dtype=np.int64)
        for low, high in set(zip(first.tolist(), end.tolist(), strict=True)):
            here = (first == low) & (end == high)
            at[here] = low + np.searchsorted(self.score[low:high], target[here])
        return at

    def _next(self, place: int, side: int, stop: int) -> tuple[int, list[int]]:
        """Return the next place with somebody free, from `place` on, and its lowest free rows."""
        past, crossed = self._past[side], []
        rows: list[int] = []
        while place != stop:
            if place not in past:
                rows = self.places.first_two(place)
                if rows:
                    break
                past[place] = place + side
            crossed.append(place)
            place = past[place]
        for empty in crossed:
            past[empty] = place
        return place, rows

    def nearest(self, target: float, at: int, first: int, end: int) -> tuple[float, list[int]]:
        """Return the least distance to somebody free, and the lowest free rows that far away.

        Two rows at most of each place; infinity and none where nobody is free.
        """
        below, left = self._next(at - 1, -1, first - 1)
        above, right = self._next(at, 1, end)
        score = self._view
        to_left = target - score[below] if left else math.inf
        to_right = score[above] - target if right else math.inf
        least = min(to_left, to_right)
        rows = self._as_near(target, least, below, left, -1, first - 1)
        return least, rows + self._as_near(target, least, above, right, 1, end)

    def _as_near(
        self, target: float, least: float, place: int, rows: list[int], side: int, stop: int
    ) -> list[int]:
        """Return free rows on one side that are no farther, from a place with some of them on.

        Places a rounding apart are the same place on paper.
        """
        score, found = self._view, []
        while place != stop and side * (score[place] - target) <= least + SAME:
            found += rows
            place += side
            if place == stop or side * (score[place] - target) > least + SAME:
                break
            place, rows = self._next(place, side, stop)
        return found


def greedy(
    target: FloatArray,
    target_cell: IntArray,
    control: FloatArray,
    control_cell: IntArray,
    control_person: IntArray,
    sequence: IntArray,
    ratio: int,
    caliper: float,
) -> Neighbours:
    """Match on one score without replacement: each person serves once.

    Parameters
    ----------
    target, control
        Scores; controls in the order in which equals are to be taken.
    target_cell, control_cell
        Start year and exact cell of each.
    control_person
        Who serves once: the person behind each control row, for once whatever the start year, or
        the row itself, for once in each start year.
    sequence
        The order in which targets choose.
    ratio
        Rounds: everyone chooses a first control before anyone chooses a second.
    caliper
        Greatest distance allowed.

    Returns
    -------
    Neighbours
        A set for every target that has somebody. Of equally near controls the lower position is
        taken; `ties` counts these choices.
    """
    line = _GreedyLine(control, control_cell, control_person)
    first, end = line.stretch(target_cell)
    at = line.locate(target, first, end)
    wanted = list(zip(target.tolist(), at.tolist(), first.tolist(), end.tolist(), strict=True))
    chosen = np.full((len(target), ratio), -1, dtype=np.int64)
    ties = 0
    for k in range(ratio):
        for i in sequence.tolist():
            distance, rows = line.nearest(*wanted[i])
            if not rows or distance > caliper + SAME:
                continue
            ties += len(rows) > 1
            chosen[i, k] = min(rows)
            line.places.take(min(rows))
    return Neighbours.of_each(chosen, ties)


@dataclass(frozen=True, eq=False)
class Line:
    """Rows on the line of a score, cell by cell.

    Attributes
    ----------
    order
        Rows by cell, then score, shape (n,).
    score
        Their scores, in that order.
    bounds
        Where each cell begins among them, and where the last one ends.
    """

    order: IntArray
    score: FloatArray
    bounds: IntArray

    @classmethod
    def of(cls, score: FloatArray, cell: IntArray) -> Line:
        """Put rows in line."""
        order, bounds = _in_order(score, cell, int(cell.max(initial=-1)) + 1)
        return cls(order, score[order], bounds)

    @property
    def cell(self) -> IntArray:
        """Of each in line, shape (n,)."""
        if len(self.bounds) == 2:
            return np.broadcast_to(np.int64(0), len(self.order))
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    @cached_property
    def _begins(self) -> BoolArray:
        """Who in line is the first of a place: those of a cell with the same score are in one."""
        new = np.zeros(len(self.order), dtype=bool)
        new[runs(self.score)] = True
        new[self.bounds[:-1][np.diff(self.bounds) > 0]] = True
        return new

    @cached_property
    def place(self) -> IntArray:
        """The place of each row, shape (n,)."""
        place = np.empty(len(self.order), dtype=np.int64)
        place[self.order] = np.cumsum(self._begins) - 1
        return place

    @cached_property
    def _places(self) -> tuple[FloatArray, IntArray]:
        """Score and cell of each place."""
        if self._begins.all():
            return self.score, self.cell
        return self.score[self._begins], self.cell[self._begins]

    def around(self, rows: IntArray, look: int) -> tuple[IntArray, FloatArray]:
        """Return the places around those of some rows, nearest first, and how far they are.

        As many on each side as `look` says, and the own, shapes (q, 2 look + 1); -1 and infinity
        where the cell ends.
        """
        if look == 1:
            return self._next_to(self.place[rows])
        own = self.place[rows][:, None]
        near, distance = self._at(own + np.arange(-look, look + 1), own)
        rank = np.argsort(distance, axis=1, kind="stable")
        near = np.take_along_axis(near, rank, axis=1)
        return near, np.take_along_axis(distance, rank, axis=1)

    def _at(self, near: IntArray, own: IntArray) -> tuple[IntArray, FloatArray]:
        """Return places and how far they are from their own; -1 and infinity outside the cell."""
        score, cell = self._places
        inside = (near >= 0) & (near < len(score))
        near = np.clip(near, 0, len(score) - 1)
        if len(self.bounds) > 2:
            inside &= cell[near] == cell[own]
        distance = np.where(inside, np.abs(score[near] - score[own]), np.inf)
        return np.where(inside, near, -1), distance

    def _next_to(self, own: IntArray) -> tuple[IntArray, FloatArray]:
        """Return places and the next ones on either side: three need no sorting."""
        (left, to_left), (right, to_right) = self._at(own - 1, own), self._at(own + 1, own)
        first = to_right < to_left
        near = own, np.where(first, right, left), np.where(first, left, right)
        distance = np.zeros(len(own)), np.minimum(to_left, to_right), np.maximum(to_left, to_right)
        return np.stack(near, axis=1), np.stack(distance, axis=1)
