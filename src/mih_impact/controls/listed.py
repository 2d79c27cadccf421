"""Other starters matched again and again: everybody's nearest are listed once, then looked up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.choose import (
    as_sets,
    choosing_order,
    coordinates,
    nearest_sets,
    serves_once,
)
from mih_impact.controls.group import Sets
from mih_impact.controls.nearest import Neighbours
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score
from mih_impact.controls.risk_set import RiskSet

__all__ = ["Listed"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Rows whose nearest are listed at a time, to keep distances small in memory.
AT_A_TIME = 20_000


@dataclass(frozen=True, eq=False)
class Listed:
    """The nearest of every row that may start, whoever starts.

    Attributes
    ----------
    risk, score, whitened, options
        As in `nearest_sets`; whom the risk sets take to start plays no part.
    rows
        Rows with a list, shape (r,), ascending.
    near
        The nearest rows within cell and caliper, the row itself among them, nearest first, shape
        (r, L); -1 where there are no more.
    """

    risk: RiskSet
    score: Score | None
    whitened: FloatArray | None
    options: MatchOptions
    rows: IntArray
    near: IntArray

    @classmethod
    def of(
        cls,
        risk: RiskSet,
        rows: IntArray,
        score: Score | None,
        whitened: FloatArray | None,
        options: MatchOptions,
        *,
        length: int,
    ) -> Listed:
        """List the `length` nearest of some rows, when everybody else is free to be a control."""
        free = replace(risk, treated=np.zeros(len(risk.person), dtype=bool))
        alike = replace(options, ratio=length, replace=True)
        near = np.full((len(rows), length), -1, dtype=np.int64)
        for first in range(0, len(rows), AT_A_TIME):
            some = rows[first : first + AT_A_TIME]
            sets, _ = nearest_sets(free, some, score, whitened, alike)
            at = first + np.searchsorted(some, sets.participant[sets.member])
            start = np.searchsorted(sets.member, np.arange(len(sets.participant)))
            near[at, np.arange(len(at)) - start[sets.member]] = sets.control
        return cls(risk, score, whitened, options, rows, near)

    def match(self, starters: IntArray, target: IntArray) -> Sets:
        """Return what `nearest_sets` returns, by way of the lists where these are long enough.

        Parameters
        ----------
        starters
            Rows that start, ascending.
        target
            Those of them that are to have controls, ascending; all have lists.
        """
        treated = np.zeros(len(self.risk.person), dtype=bool)
        treated[starters] = True
        near = self.near[np.searchsorted(self.rows, target)]
        free = (near >= 0) & ~treated[near]
        whole = near[:, -1] < 0
        if self.options.replace:
            chosen = self._first(near, free, whole)
        else:
            chosen = self._in_turn(target, near, free, whole)
        if chosen is None:
            again = replace(self.risk, treated=treated)
            return nearest_sets(again, target, self.score, self.whitened, self.options)[0]
        return as_sets(target, Neighbours(chosen, 0), coordinates(self.score, self.whitened))

    def _first(self, near: IntArray, free: BoolArray, whole: BoolArray) -> IntArray | None:
        """Return the first free rows of every list, (n, ratio); None where a list is too short."""
        ratio = self.options.ratio
        if not (whole | (free.sum(axis=1) >= ratio)).all():
            return None
        chosen = np.full((len(near), ratio), -1, dtype=np.int64)
        rank = free.cumsum(axis=1)
        target, place = np.nonzero(free & (rank <= ratio))
        chosen[target, rank[target, place] - 1] = near[target, place]
        return chosen

    def _in_turn(
        self, target: IntArray, near: IntArray, free: BoolArray, whole: BoolArray
    ) -> IntArray | None:
        """Return rows chosen in rounds, each person once, (n, ratio); None where a list ends."""
        index = np.zeros(len(self.risk.person)) if self.score is None else self.score.index
        order = choosing_order(index[target], self.options).tolist()
        once = serves_once(self.risk, near, self.options)
        left = [
            iter(zip(rows[f].tolist(), who[f].tolist(), strict=True))
            for rows, who, f in zip(near, once, free, strict=True)
        ]
        chosen = np.full((len(target), self.options.ratio), -1, dtype=np.int64)
        taken: set[int] = set()
        for k in range(self.options.ratio):
            for i in order:
                for row, person in left[i]:
                    if person not in taken:
                        chosen[i, k] = row
                        taken.add(person)
                        break
                else:
                    if not whole[i]:
                        return None
        return chosen
