"""The nearest other candidates of a candidate: what its variance is read off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mih_impact.controls.group import ControlGroup
from mih_impact.controls.nearest import nearest_other

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
    """Return the nearest other points of the same cell, shape (q, 2 * LOOK), -1 for none."""
    found = np.full((len(rows), 2 * LOOK), -1, dtype=np.int64)
    for c in np.unique(cell[rows]).tolist():
        inside, asking = np.flatnonzero(cell == c), np.flatnonzero(cell[rows] == c)
        tree = cKDTree(point[inside])
        count = min(2 * LOOK + 1, len(inside))
        _, place = tree.query(point[rows[asking]], k=np.arange(1, count + 1))
        other = inside[place]
        own = other == rows[asking][:, None]
        # Oneself goes last; among many equal points the tree may not name oneself at all.
        rank = np.argsort(own, axis=1, kind="stable")
        other = np.where(own, -1, other)
        found[asking, : count - 1] = np.take_along_axis(other, rank, axis=1)[:, : count - 1]
    return found
