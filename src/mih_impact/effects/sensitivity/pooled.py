"""Means of participants and of controls by their weights, and tests that they do not differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup

__all__ = ["Contrast", "Pooled"]

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

    def contrast(self, values: FloatArray, included: BoolArray) -> Contrast:
        """Compare the means of some rows, several columns at once; NaN where a side has none.

        Parameters
        ----------
        values, included
            Shape (r, C).

        Notes
        -----
        The covariance is that of no difference between the sides: variances and covariances of the
        values are pooled over both, each side by its effective number of persons, about their
        common mean. Where few have left one side, its own variance would say that this is certain.
        A person's weights are added up, so that a control used again counts as one person. Columns
        c and d have the covariance Omega_cd sum_p s_pc s_pd, s the persons' weights in the
        difference, Omega over the rows that are in both.
        """
        included = included & (self.weight > 0)[:, None]
        x = np.where(included, values, 0.0)
        people, place = np.unique(self.person, return_inverse=True)
        signed = np.zeros((len(people), values.shape[1]))
        means, share = [], np.zeros(len(self.rows))
        for side, sign in ((self.treated, 1.0), (~self.treated, -1.0)):
            w = np.where(included & side[:, None], self.weight[:, None], 0.0)
            total = w.sum(axis=0)
            w /= np.where(total > 0, total, 1.0)
            means.append(np.where(total > 0, (w * x).sum(axis=0), np.nan))
            np.add.at(signed, place, sign * w)
            own = np.bincount(place, weights=np.where(side, self.weight, 0.0))
            share += np.where(side, self.weight, 0.0) * own.sum() / (own**2).sum()
        g = np.where(included, share[:, None], 0.0)
        common = (g * x).sum(axis=0) / np.maximum(g.sum(axis=0), 1e-300)
        residual = np.where(included, x - common, 0.0)
        both = (included * share[:, None]).T @ included
        omega = (residual * share[:, None]).T @ residual / np.where(both > 0, both, 1.0)
        covariance = omega * (signed.T @ signed)
        missing = np.isnan(means[0] - means[1])
        covariance[missing], covariance[:, missing] = np.nan, np.nan
        return Contrast(means[0], means[1], means[0] - means[1], covariance)


@dataclass(frozen=True, eq=False)
class Contrast:
    """Means of participants and controls, C columns, with the covariance of their differences."""

    participants: FloatArray
    controls: FloatArray
    difference: FloatArray
    covariance: FloatArray

    @property
    def std_error(self) -> FloatArray:
        """Standard errors of the differences, shape (C,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def joint_test(self, columns: IntArray) -> tuple[float, int, float]:
        """Return the Wald statistic of some differences being zero, its df and p-value.

        Notes
        -----
        Directions without variance take no part: the generalised inverse is of the correlation,
        and the degrees of freedom are its rank. NaN where there is none.
        """
        from scipy.stats import chi2

        kept = columns[self.std_error[columns] > 0]
        if not len(kept):
            return float("nan"), 0, float("nan")
        error = self.std_error[kept]
        value, vector = np.linalg.eigh(self.covariance[np.ix_(kept, kept)] / np.outer(error, error))
        there = value > 1e-8 * value[-1]
        z = vector[:, there].T @ (self.difference[kept] / error)
        statistic, df = float((z**2 / value[there]).sum()), int(there.sum())
        return statistic, df, float(chi2.sf(statistic, df))
