"""Otsu and Rai's weighted bootstrap for matching: the linear form with the matches as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.effects.asked import Asked
from mih_impact.effects.influence import Influence, person
from mih_impact.effects.measured import Measured

__all__ = ["linear_form"]

FloatArray = NDArray[np.float64]

#: The controls' mean is a polynomial of this degree in the log odds.
DEGREE = 3
#: Directions with a smaller share of the largest spread than this carry no slope.
SAME = 1e-9


def linear_form(group: ControlGroup, asked: Asked, *, adjust: bool) -> Influence:
    """Return what each person adds to the matching estimates, K held fixed.

    Parameters
    ----------
    group
        Participants and their matched controls.
    asked
        Outcomes and years.
    adjust
        Whether the estimates are those that are adjusted for `on`.

    Returns
    -------
    Influence
        Rows by person; a draw of the bootstrap is sum_i v_i psi_i, v with mean 0 and variance 1.

    Notes
    -----
    Otsu and Rai (2017), the treated population: with m an estimate of the controls' mean change
    given what was matched on,

        psi_i = [d_i (D_i - m_i - tau) - (1 - d_i) K_i (D_i - m_i)] / n,

    summed over a person's roles and start years. Redrawing residuals from m, not the changes
    themselves, keeps what a participant and its controls have in common from being counted twice.

    m has to depend on what the pairs have in common, and on no more. For plain estimates matched on
    the score it is a cubic in the log odds: what other characteristics explain is noise of this
    estimate. For Mahalanobis matching, and for adjusted estimates (Abadie and Imbens 2011, the
    paper's estimate for several covariates), it is linear in `on`. Start years and exact columns
    come in as indicators. The regression is on controls with weights K, so that their weighted
    residuals are zero in the mean, and is taken as known, as in the paper.

    Scaled by sqrt(P / (P - 1)), P the persons compared. That the score is estimated is not in it.
    """
    measured = Measured.of(group, asked, "person", adjust=False)
    everyone = np.ones(group.n_participants, dtype=bool)
    comparison, _ = measured.effect(everyone)
    X, changes = _in_common(group, adjust)[measured.rows], measured.changes.copy()
    for k in np.flatnonzero(comparison.valid.any(axis=0)).tolist():
        load = comparison.load[:, k]
        seen = np.sqrt(load[load > 0])[:, None]
        known = X[measured.used[load > 0]]
        y = changes[measured.used[load > 0], k]
        fit = np.linalg.lstsq(seen * known, seen[:, 0] * y, rcond=SAME)
        changes[:, k] -= X @ fit[0]
    beyond, _ = replace(measured, changes=changes).effect(everyone)
    return person(group, beyond)


def _in_common(group: ControlGroup, adjust: bool) -> FloatArray:
    """Return what pairs have in common, standardised, for every row of the risk sets."""
    risk = group.risk
    starts = (risk.start_year[:, None] == risk.start_years[1:]).astype(np.float64)
    own = risk.design.X
    if not adjust and group.score is not None and group.whitened is None:
        index = group.score.index - group.score.index.mean()
        own = (index / max(float(index.std()), SAME))[:, None] ** np.arange(1, DEGREE + 1)
    X = np.column_stack([own, starts, risk.exact_design.X])
    spread = X.std(axis=0)
    X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.column_stack([np.ones(len(X)), X])
