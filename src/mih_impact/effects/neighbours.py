"""The nearest other candidates of a candidate: what its variance is read off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.mahalanobis import Cloud, mahalanobis_nearest
from mih_impact.controls.nearest import nearest_other, steps

__all__ = ["neighbours"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Neighbours on each side looked at for one whose outcomes are seen.
LOOK = 4


def neighbours(group: ControlGroup, rows: IntArray) -> IntArray:
    """Return the candidates nearest to some candidates, in start year and cell.

    Near is what was near to the matching: on the log odds, or by Mahalanobis distance; within a
    cell without either everybody is as near.

    Parameters
    ----------
    group
        The control group.
    rows
        Rows of the risk set, candidates all, shape (q,).

    Returns
    -------
    array of int
        Rows of the risk set, nearest first, shape (q, 2 * LOOK); -1 where there are no more.
    """
    risk = group.risk
    candidate = np.flatnonzero(~risk.treated)
    wanted = np.searchsorted(candidate, rows)
    cell = risk.cell[candidate]
    if group.whitened is not None:
        found = _nearest_points(group.whitened[candidate], cell, wanted)
    else:
        score = np.zeros(len(candidate)) if group.score is None else group.score.index[candidate]
        found = nearest_other(score, cell, wanted, LOOK)
    return np.where(found >= 0, candidate[found], -1)


def _nearest_points(point: FloatArray, cell: IntArray, rows: IntArray) -> IntArray:
    """Return the nearest other points of the same cell, shape (q, 2 * LOOK), -1 for none.

    Distances that are equal on paper are equal here, and ties go to the lower row: one look for all
    at some more points than are wanted, and a closer one for whom more are as near as the last.
    """
    wanted, found = 2 * LOOK + 1, np.full((len(rows), 2 * LOOK + 1), -1, dtype=np.int64)
    unsure = np.zeros(len(rows), dtype=bool)
    for c in np.unique(cell[rows]).tolist():
        inside, asking = np.flatnonzero(cell == c), np.flatnonzero(cell[rows] == c)
        count = min(2 * wanted, len(inside))
        tree = cKDTree(point[inside])
        distance, place = tree.query(point[rows[asking]], k=np.arange(1, count + 1))
        other, step = inside[place], steps(np.asarray(distance))
        rank = np.lexsort((other, step), axis=1)[:, :wanted]
        found[asking, : rank.shape[1]] = np.take_along_axis(other, rank, axis=1)
        if count < len(inside):
            unsure[asking] = step[:, wanted - 1] == step[:, -1]
    if unsure.any():
        cloud, again = Cloud(point, cell, np.arange(len(point))), rows[unsure]
        nowhere = np.zeros(len(again))
        found[unsure] = mahalanobis_nearest(
            cloud, point[again], cell[again], nowhere, wanted
        ).position
    # Oneself goes last; among many equal points one may not be among the nearest at all.
    own = found == rows[:, None]
    rank = np.argsort(own, axis=1, kind="stable")
    return np.take_along_axis(np.where(own, -1, found), rank, axis=1)[:, :-1]
