"""Means of participants and of controls by their weights, with persons' influence on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.effects.influence import Influence

__all__ = ["Pooled", "joint_test"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pooled:
    """Participants with weight 1 and controls with theirs, all sets together.

    Attributes
    ----------
    rows
        Rows of the risk set, participants first, shape (r,).
    treated
        Whether the row is a participant, shape (r,).
    weight
        Weight of the row, shape (r,); over the register as a whole both sides add up to the same.
    person
        Position in the cube, shape (r,).
    """

    rows: IntArray
    treated: BoolArray
    weight: FloatArray
    person: IntArray

    @classmethod
    def of(cls, group: ControlGroup) -> Pooled:
        """Read the rows and weights of a control group."""
        own, control = group.sets.participant, np.unique(group.sets.control)
        rows = np.concatenate([own, control])
        weight = group.row_weight[rows]
        treated = np.arange(len(rows)) < len(own)
        return cls(rows, treated, weight, group.risk.person[rows])

    def count(self, which: BoolArray) -> tuple[int, int]:
        """Return the distinct persons among some rows, as participants and as controls."""
        sides = (which & self.treated, which & ~self.treated & (self.weight > 0))
        first, second = (len(np.unique(self.person[side])) for side in sides)
        return first, second

    def difference(self, values: FloatArray, included: BoolArray) -> dict[str, Any]:
        """Compare the means of some rows; NaN where a side has none.

        Returns
        -------
        dict
            `participants, controls, difference, std_error`, and `influence` of every row on the
            difference, shape (r,), summed within persons by `joint_test`.

        Notes
        -----
        The standard error is that of the coefficient on being a participant in a weighted
        regression, clustered by person, scaled by sqrt(G / (G - 1)) for G persons.
        """
        means, influence = [], np.zeros(len(self.rows))
        for side, sign in ((self.treated, 1.0), (~self.treated, -1.0)):
            w = np.where(included & side, self.weight, 0.0)
            total = w.sum()
            mean = float(w @ np.where(w > 0, values, 0.0) / total) if total > 0 else float("nan")
            means.append(mean)
            if total > 0:
                influence += sign * w / total * np.where(w > 0, values - mean, 0.0)
        persons = len(np.unique(self.person[included & (self.weight > 0)]))
        influence *= np.sqrt(persons / max(persons - 1, 1))
        clustered = Influence(influence[:, None], self.person).clustered(self.person)
        gap = means[0] - means[1]
        return {
            "participants": means[0],
            "controls": means[1],
            "difference": gap,
            "std_error": float(np.sqrt(clustered.covariance[0, 0])) if gap == gap else np.nan,
            "influence": clustered.rows[:, 0],
        }


def joint_test(estimate: FloatArray, influence: Sequence[FloatArray]) -> tuple[float, int, float]:
    """Return the Wald statistic of estimates being zero, its degrees of freedom and p-value.

    Parameters
    ----------
    estimate
        Shape (C,).
    influence
        Of every person on each of them, C arrays of the same shape.

    Notes
    -----
    Directions without variance take no part: the generalised inverse is of the correlation, and the
    degrees of freedom are its rank. NaN where there is none.
    """
    from scipy.stats import chi2

    if not len(estimate):
        return float("nan"), 0, float("nan")
    rows = np.stack(list(influence), axis=1)
    error = np.sqrt((rows**2).sum(axis=0))
    kept = error > 0
    if not kept.any():
        return float("nan"), 0, float("nan")
    rows, t = rows[:, kept] / error[kept], estimate[kept] / error[kept]
    value, vector = np.linalg.eigh(rows.T @ rows)
    there = value > 1e-8 * value[-1]
    statistic = float((((vector[:, there].T @ t) ** 2) / value[there]).sum())
    df = int(there.sum())
    return statistic, df, float(chi2.sf(statistic, df))
