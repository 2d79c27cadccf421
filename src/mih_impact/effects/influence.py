"""Standard errors: rows of influence whose cross-product is the covariance of all estimates.

Three ways to write the rows for matched sets; every interval, band and test above comes from them.
Columns are outcome-major, as in `comparison`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.effects.comparison import Comparison, centred
from mih_impact.effects.neighbours import Nearby

__all__ = [
    "AnyInfluence",
    "Influence",
    "abadie_imbens",
    "matched_set",
    "pair_rows",
    "person",
    "seen_alike",
    "sup_t",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Differences of less than this share of what is subtracted are rounding.
ROUNDING = 1e-12

StandardError = Literal["auto", "person", "abadie_imbens", "matched_set", "estimated_weights"]


class AnyInfluence(Protocol):
    """Influence of every cluster on every estimate, written out or kept in factors."""

    @property
    def covariance(self) -> FloatArray:
        """The cross-product of the rows, shape (KE, KE)."""

    @property
    def rows(self) -> FloatArray:
        """What each cluster moves every estimate by, shape (n_clusters, KE)."""

    @property
    def cluster(self) -> IntArray:
        """Which cluster each row is, shape (n_clusters,)."""

    def columns(self, chosen: slice | IntArray) -> AnyInfluence:
        """Return the influence on some of the estimates."""

    def clustered(self, label: IntArray) -> Influence:
        """Add up the rows of the same label, shape (n_clusters,), such as a county."""


@dataclass(frozen=True, eq=False)
class Influence:
    """Influence of every cluster on every estimate, written out.

    Attributes
    ----------
    rows
        Shape (n_clusters, KE); an estimate moves by its row when the cluster is added.
    cluster
        Which cluster each row is, shape (n_clusters,): a person's position in the cube; ~position
        (below zero) for what a control adds by being used again, which is a row of its own.
    """

    rows: FloatArray
    cluster: IntArray

    @property
    def covariance(self) -> FloatArray:
        """The cross-product of the rows, shape (KE, KE)."""
        return np.asarray(self.rows.T @ self.rows)

    def columns(self, chosen: slice | IntArray) -> Influence:
        """Return the influence on some of the estimates."""
        return Influence(self.rows[:, chosen], self.cluster)

    def clustered(self, label: IntArray) -> Influence:
        """Add up the rows of the same label, shape (n_clusters,), such as a county."""
        return Influence(*_sum_within(self.rows, label))

    @classmethod
    def beside(cls, parts: Sequence[Influence]) -> Influence:
        """Set several side by side, rows of the same cluster in line; absent ones are zero."""
        if len(parts) == 1:
            return parts[0]
        clusters = np.unique(np.concatenate([part.cluster for part in parts]))
        width = sum(part.rows.shape[1] for part in parts)
        rows, first = np.zeros((len(clusters), width)), 0
        for part in parts:
            last = first + part.rows.shape[1]
            rows[np.searchsorted(clusters, part.cluster), first:last] = part.rows
            first = last
        return cls(rows, clusters)


def _sum_within(rows: FloatArray, label: IntArray) -> tuple[FloatArray, IntArray]:
    """Add the rows of the same label; labels ascending."""
    labels, place = np.unique(label, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(labels)))
    return np.add.reduceat(rows[order], starts, axis=0), labels


def person(group: ControlGroup, comparison: Comparison) -> Influence:
    """Rows by person, the weights taken as fixed.

    Notes
    -----
    The estimate is the coefficient on treatment in a weighted regression of the change on
    treatment, controls weighted by K; a person's row is the sum of its scores over roles and start
    years, so that a control used twice is one cluster. Scaled by sqrt(G / (G - 1)), G the persons
    compared. Where changes are adjusted, a control's score counts with its leverage.
    """
    c, who = comparison, group.risk.person
    treated = centred(c.change_t, c.share, c.stratum_t) + c.between
    control = -centred(c.change_c, c.load, c.stratum_c)
    if c.leverage is not None:
        control *= c.leverage
    label = np.concatenate([who[group.sets.participant], who[c.control_row]])
    rows, clusters = _sum_within(np.concatenate([treated, control]), label)
    used, _ = _sum_within(np.concatenate([c.valid, c.load > 0]).astype(np.float64), label)
    count = (used > 0).sum(axis=0)
    return Influence(rows * np.sqrt(count / np.maximum(count - 1, 1)), clusters)


def pair_rows(comparison: Comparison) -> FloatArray:
    """Return (contrast - tau) / n of every participant, or within strata, shape (n, KE)."""
    c = comparison
    return centred(c.contrast, c.share, c.stratum_t) + c.between


def matched_set(group: ControlGroup, comparison: Comparison) -> Influence:
    """Rows by matched set, for matching without replacement (Abadie and Spiess 2022).

    Notes
    -----
    A set is a participant and its controls, none of whom is in another set: its row is its contrast
    less the mean contrast, over n, scaled by sqrt(n / (n - 1)).
    """
    c = comparison
    rows = pair_rows(c)
    scale = np.sqrt(np.maximum(c.n, 1) / np.maximum(c.n - 1, 1))
    return Influence(rows * scale, group.risk.person[group.sets.participant])


def abadie_imbens(
    group: ControlGroup, comparison: Comparison, near: Nearby, changes: FloatArray
) -> Influence:
    """Rows for matching with replacement (Abadie and Imbens 2006, section 4, for the treated).

    Parameters
    ----------
    group
        Participants and their controls.
    comparison
        Their contrasts and the load on every control.
    near
        The neighbours of each control, as rows of `changes`.
    changes
        Changes by outcome and year, not adjusted, KE columns; NaN where not seen.

    Notes
    -----
    The participants' rows are (contrast_i - tau) / n. Control j's row is the sum over start years c
    of sqrt(K_jc^2 - K'_jc) r_jc / n, K the sum of its weights and K' of their squares, and r_jc is
    (its change - the mean change of its L nearest other candidates) sqrt(L / (L + 1)), the nearest
    being of that start year and cell on the log odds, L of them where L are equally near; with one
    that is (its change - the other's) / sqrt 2, and in a cell, where all others are as near, r_jc^2
    is on average the variance within it. With one start year, and M equal weights, this is
    1/n^2 [sum_i (contrast_i - tau)^2 + sum_j K(K - 1)/M^2 s_j^2]. Where none of the nearest is seen
    in a year, the next nearest are looked at; where none is, the change less the controls' mean
    takes its place, which is conservative.
    """
    c, who = comparison, group.risk.person
    pairs = pair_rows(c)
    residual = _neighbour_residual(comparison.load, near, changes)
    reuse = np.sqrt(np.clip(c.load**2 - c.load_squares, 0.0, None)) * residual
    control, persons = _sum_within(reuse, who[c.control_row])
    cluster = np.concatenate([who[group.sets.participant], ~persons])
    return Influence(np.concatenate([pairs, control]), cluster)


def seen_alike(changes: FloatArray) -> list[tuple[NDArray[np.bool_], IntArray]]:
    """Return who is seen, shape (r,), and the columns, shape (c,), in which it is just these."""
    columns: dict[bytes, list[int]] = {}
    seen = np.isfinite(changes)
    for k in range(changes.shape[1]):
        columns.setdefault(seen[:, k].tobytes(), []).append(k)
    return [(seen[:, ks[0]], np.array(ks)) for ks in columns.values()]


def _neighbour_residual(load: FloatArray, near: Nearby, changes: FloatArray) -> FloatArray:
    """Return r of every control row, shape (q, KE); 0 where the control itself is not seen."""
    own = changes[near.used]
    residual = own - (load * np.where(np.isfinite(own), own, 0.0)).sum(axis=0)
    for seen, columns in seen_alike(changes):
        mean, count = near.means(changes[:, columns], seen)
        known = np.flatnonzero(count > 0)
        scale = np.sqrt(count / (count + 1.0))[known, None]
        gap = own[np.ix_(known, columns)] - mean[known]
        # Equal changes, whose sums are rounded, do not differ.
        gap[np.abs(gap) <= ROUNDING * np.abs(mean[known])] = 0.0
        residual[np.ix_(known, columns)] = gap * scale
    return np.where(np.isfinite(own), residual, 0.0)


def sup_t(matrix: FloatArray, normal: FloatArray, *, level: float) -> float:
    """Return the critical value of a simultaneous band.

    Parameters
    ----------
    matrix
        Covariance of the estimates the band covers together, shape (E, E).
    normal
        Independent standard normal draws, shape (draws, E) or wider.
    level
        Joint coverage.

    Notes
    -----
    The `level` quantile of max_e |Z_e|, Z normal with the correlation of the estimates (Montiel
    Olea and Plagborg-Moller 2019), at least the pointwise value.
    """
    from scipy.special import ndtri

    error = np.sqrt(np.diag(matrix))
    kept = error > 0
    if not kept.any():
        return float("nan")
    correlation = matrix[np.ix_(kept, kept)] / np.outer(error[kept], error[kept])
    value, vector = np.linalg.eigh(correlation)
    root = vector * np.sqrt(np.clip(value, 0.0, None))
    largest = np.abs(normal[:, : len(value)] @ root.T).max(axis=1)
    return float(max(np.quantile(largest, level), ndtri(0.5 + level / 2)))
