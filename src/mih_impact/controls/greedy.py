"""Without replacement: whoever chooses takes the nearest control that is still free.

Controls stand on a line, sorted by score, those with the same score in one place. A place where
nobody is free any more points past itself to the left and to the right, so that looking for the
nearest that is free takes a few steps however many are taken (union-find).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.nearest import SAME, Neighbours

__all__ = ["Places", "greedy"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
        self._rows = order
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

    def rows(self, place: int) -> IntArray:
        """Return all rows of a place, taken or not."""
        return self._rows[self._begin[place] : self._begin[place + 1]]

    def take(self, row: int) -> None:
        """Take the person behind a row out of every place."""
        self._taken.add(self._person[row])


class _Line:
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
    line = _Line(control, control_cell, control_person)
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
