"""The nearest other candidates of a candidate: what its variance is read off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.mahalanobis import Cloud
from mih_impact.controls.nearest import SAME, runs

__all__ = ["Nearby", "neighbours"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Places on each side looked at for one where somebody's outcomes are seen.
LOOK = 4


@dataclass(frozen=True, eq=False)
class Nearby:
    """Candidates in places, those of a place being alike, and the places near some of them.

    Attributes
    ----------
    rows, place
        Candidates and the place of each, shape (s,): all who are in a place near somebody.
    used
        Whose neighbours these are, shape (q,).
    near
        The places near each of them, its own among the first, nearest first, shape (q, L); -1 for
        none.
    level
        Places of the same level are equally near, shape (q, L); ascending.
    """

    rows: IntArray
    place: IntArray
    used: IntArray
    near: IntArray
    level: IntArray

    def means(self, values: FloatArray, seen: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return the mean of the nearest others who are seen, and how many these are.

        Parameters
        ----------
        values
            What `rows` and `used` are positions in, shape (r, c).
        seen
            Who is seen, shape (r,).

        Returns
        -------
        tuple
            Shapes (q, c) and (q,); 0 where nobody is seen. All who are equally near are in it, so
            that nobody has to be chosen among them.
        """
        many = int(self.place.max(initial=-1)) + 1
        kept = seen[self.rows]
        rows, place = self.rows[kept], self.place[kept]
        member = csr_array((np.ones(len(rows)), (place, rows)), shape=(many, len(values)))
        total, count = (
            member @ np.where(seen[:, None], values, 0.0),
            np.bincount(place, minlength=many),
        )
        # Everybody is in a place near it, and is no neighbour of itself.
        own = seen[self.used]
        sums, found = -np.where(own[:, None], values[self.used], 0.0), -own.astype(np.float64)
        settled = np.zeros(len(found), dtype=bool)
        for k in range(self.near.shape[1]):
            here = np.flatnonzero(~settled & (self.near[:, k] >= 0))
            sums[here] += total[self.near[here, k]]
            found[here] += count[self.near[here, k]]
            last = k + 1 == self.near.shape[1] or self.level[:, k + 1] > self.level[:, k]
            settled |= last & (found > 0)
        return sums / np.maximum(found, 1.0)[:, None], found


def neighbours(group: ControlGroup, rows: IntArray) -> Nearby:
    """Return the candidates nearest to some candidates, in start year and cell.

    Near is what was near to the matching: on the log odds, or by Mahalanobis distance; within a
    cell without either everybody is as near.

    Parameters
    ----------
    group
        The control group.
    rows
        Rows of the risk set, candidates all, shape (q,).
    """
    risk = group.risk
    candidate = np.flatnonzero(~risk.treated)
    wanted, cell = np.searchsorted(candidate, rows), risk.cell[candidate]
    if group.whitened is not None:
        place, near, level = _in_space(group.whitened[candidate], cell, wanted)
    else:
        score = np.zeros(len(candidate)) if group.score is None else group.score.index[candidate]
        place, near, level = _on_line(score, cell, wanted)
    needed = np.zeros(int(place.max(initial=-1)) + 1, dtype=bool)
    needed[near[near >= 0]] = True
    member = np.flatnonzero(needed[place])
    return Nearby(candidate[member], place[member], rows, near, level)


def _on_line(
    score: FloatArray, cell: IntArray, rows: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the place of everybody, and the places near some rows with their levels."""
    order = np.lexsort((score, cell))
    score, cell = score[order], cell[order]
    new = np.zeros(len(order), dtype=bool)
    new[runs(score)] = True
    new[1:] |= np.diff(cell) != 0
    start = np.flatnonzero(new)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    own = place[rows][:, None]
    near = own + np.arange(-LOOK, LOOK + 1)
    inside = (near >= 0) & (near < len(start))
    near = np.clip(near, 0, len(start) - 1)
    inside &= cell[start[near]] == cell[start[own]]
    distance = np.where(inside, np.abs(score[start[near]] - score[start[own]]), np.inf)
    rank = np.argsort(distance, axis=1, kind="stable")
    distance = np.take_along_axis(distance, rank, axis=1)
    near = np.take_along_axis(np.where(inside, near, -1), rank, axis=1)
    return place, near, _levels(distance)


def _in_space(
    point: FloatArray, cell: IntArray, rows: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the same by the distance between points: one look for all, closer ones for some."""
    cloud = Cloud(point, cell, np.arange(len(point)))
    near = np.full((len(rows), 1), -1, dtype=np.int64)
    level = np.zeros((len(rows), 1), dtype=np.int64)
    open_, count = np.arange(len(rows)), 4 * LOOK
    while len(open_):
        distance, place, whole = cloud.around(point[rows[open_]], cell[rows[open_]], count)
        step = _levels(distance)
        # Places as near as the last one may be missing, unless that was all.
        known = (place >= 0) & (whole[:, None] | (step < step[:, -1:]))
        wider = ((0, 0), (0, max(0, place.shape[1] - near.shape[1])))
        near, level = np.pad(near, wider, constant_values=-1), np.pad(level, wider, mode="maximum")
        near[open_[:, None], np.arange(place.shape[1])] = np.where(known, place, -1)
        level[open_[:, None], np.arange(place.shape[1])] = step
        open_, count = open_[~whole & (step[:, -1] < 2)], 4 * count
    return cloud.place, near, level


def _levels(distance: FloatArray) -> IntArray:
    """Return a number for what is equally far, in each row of ascending distances."""
    beyond = np.diff(np.where(np.isinf(distance), np.finfo(float).max, distance), axis=1) > SAME
    first = np.zeros((len(distance), 1), dtype=np.int64)
    return np.concatenate([first, np.cumsum(beyond, axis=1)], axis=1)
