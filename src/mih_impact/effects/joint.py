"""Wald's test of several estimates at once, and Holm's correction for several tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Wald", "holm", "wald"]

FloatArray = NDArray[np.float64]

#: Eigenvalues of a correlation matrix below this are rounding.
_SINGULAR = 1e-10


class Wald(NamedTuple):
    """A test that all of some estimates are zero; the p-value is NaN where there is none."""

    statistic: float
    df: int
    p_value: float


def wald(estimate: FloatArray, covariance: FloatArray) -> Wald:
    """Test that all estimates are zero.

    Parameters
    ----------
    estimate
        Shape (k,).
    covariance
        Shape (k, k).

    Notes
    -----
    b' V^-1 b against chi-squared with k degrees of freedom. No test where an estimate has no
    variance, or some combination of them has none: too few persons, or one that repeats others.

    Examples
    --------
    >>> statistic, df, p = wald(np.array([2.0, 0.0]), np.eye(2))
    >>> statistic, df, round(p, 3)
    (4.0, 2, 0.135)
    """
    from scipy.stats import chi2

    df = len(estimate)
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not df or not (error > 0.0).all():
        return Wald(float("nan"), df, float("nan"))
    z, correlation = estimate / error, covariance / np.outer(error, error)
    if np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        return Wald(float("nan"), df, float("nan"))
    statistic = float(z @ np.linalg.solve(correlation, z))
    return Wald(statistic, df, float(chi2.sf(statistic, df)))


def holm(p_value: FloatArray) -> FloatArray:
    """Return p-values adjusted so that the chance of any false alarm is bounded (Holm 1979).

    Parameters
    ----------
    p_value
        Shape (m,); NaN where there was no test, which then counts as none.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(p_value), np.nan)
    tested = np.flatnonzero(np.isfinite(p_value))
    order = tested[np.argsort(p_value[tested], kind="stable")]
    steps = p_value[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
