"""Other starters matched again and again: everybody's nearest are listed once, then looked up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.choose import (
    as_sets,
    choosing_order,
    lots,
    nearest_sets,
    serves_once,
)
from mih_impact.controls.group import Sets
from mih_impact.controls.nearest import SAME, Neighbours
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
    lot
        The order among equals, as `choose.lots` returns it.
    rows
        Rows with a list, shape (r,), ascending.
    near
        The nearest rows within cell and caliper, the row itself among them, nearest first and
        equals by lot, shape (r, L); -1 where there are no more.
    far
        How far they are, shape (r, L); infinity where there are no more.
    """

    risk: RiskSet
    score: Score | None
    whitened: FloatArray | None
    options: MatchOptions
    lot: FloatArray
    rows: IntArray
    near: IntArray
    far: FloatArray

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
        alike, lot = replace(options, ratio=length, replace=True), lots(risk, options)
        point = score.index[:, None] if whitened is None and score is not None else whitened
        assert point is not None
        near = np.full((len(rows), length), -1, dtype=np.int64)
        far = np.full(near.shape, np.inf)
        for first in range(0, len(rows), AT_A_TIME):
            some = rows[first : first + AT_A_TIME]
            sets, _ = nearest_sets(free, some, score, whitened, alike, lot)
            own, entry = sets.pairs()
            control = sets.control[entry]
            distance = np.linalg.norm(point[sets.participant[own]] - point[control], axis=1)
            ranked = _ranked(own, distance, lot[control] if len(lot) else control)
            own, control, distance = own[ranked], control[ranked], distance[ranked]
            at = first + np.searchsorted(some, sets.participant)[own]
            place = np.arange(len(own)) - np.searchsorted(own, own)
            kept = place < length
            near[at[kept], place[kept]] = control[kept]
            far[at[kept], place[kept]] = distance[kept]
        return cls(risk, score, whitened, options, lot, rows, near, far)

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
        at = np.searchsorted(self.rows, target)
        near, far = self.near[at], self.far[at]
        whole = near[:, -1] < 0
        free = (near >= 0) & ~treated[near]
        if self.options.replace:
            found = self._first(near, far, free, whole)
        else:
            found = self._in_turn(target, near, far, free, whole)
        if found is None:
            again = replace(self.risk, treated=treated)
            chosen = self.score, self.whitened, self.options, self.lot
            return nearest_sets(again, target, *chosen)[0]
        return as_sets(target, found)

    def _first(
        self, near: IntArray, far: FloatArray, free: BoolArray, whole: BoolArray
    ) -> Neighbours | None:
        """Return the first free rows of every list, and those as near; None if one is too short."""
        last = free & (free.cumsum(axis=1) == self.options.ratio)
        reach = np.where(last.any(axis=1), np.max(far, axis=1, where=last, initial=0.0), np.inf)
        # A list that goes on beyond them leaves out nobody who is as near.
        if not (whole | (far[:, -1] > reach + SAME)).all():
            return None
        chosen = np.where(free & (far <= reach[:, None] + SAME), near, -1)
        return Neighbours.of_each(chosen, 0)

    def _in_turn(
        self, target: IntArray, near: IntArray, far: FloatArray, free: BoolArray, whole: BoolArray
    ) -> Neighbours | None:
        """Return rows chosen in rounds, each person once; None where a list ends."""
        index = np.zeros(len(self.risk.person)) if self.score is None else self.score.index
        order = choosing_order(index[target], self.lot[target], self.options).tolist()
        once = serves_once(self.risk, near, self.options)
        # Of the last ones some who are as near may be missing, who would come first by lot.
        free = free & (whole[:, None] | (far < far[:, -1:] - SAME))
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
        return Neighbours.of_each(chosen, 0)


def _ranked(own: IntArray, distance: FloatArray, lot: NDArray[np.number]) -> IntArray:
    """Return the order by whose list, distance and lot; what differs by rounding is as near."""
    order = np.lexsort((distance, own))
    new = np.ones(len(order), dtype=np.int64)
    new[1:] = (np.diff(own[order]) != 0) | (np.diff(distance[order]) > SAME)
    return order[np.lexsort((lot[order], np.cumsum(new)))]
