"""Rank and M-statistics of matched sets, and their bounds under hidden bias.

Arrays in, arrays out. A matched set is a row: the treated response first, then those of its
controls; NaN where it has no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from mih_impact.controls.nearest import runs
from mih_impact.errors import EffectsError

__all__ = ["Bounds", "Statistic", "bounds", "largest_gamma", "point_estimates", "scores"]

FloatArray = NDArray[np.float64]

Statistic = Literal["wilcoxon", "huber", "mean"]

#: Huber's psi is flat beyond this many times the median absolute difference.
TRIM = 2.5
#: Expectations that differ by less than this share of the scores are the same.
SAME = 1e-12


@dataclass(frozen=True)
class Bounds:
    """Normal approximation to the one-sided test under the worst and the best hidden bias.

    Attributes
    ----------
    p_upper, p_lower
        Bounds of the p-value against a positive effect.
    above, below
        The statistic less its largest and its least expectation, over the standard deviation.
    """

    p_upper: float
    p_lower: float
    above: float
    below: float


def scores(y: FloatArray, statistic: Statistic, rounding: float = 0.0) -> FloatArray:
    """Return what every member of a set would add to the statistic if it were the treated one.

    Parameters
    ----------
    y
        Matched sets, shape (n, m); at least two members each, the first among them.
    statistic
        "wilcoxon": the rank of a pair's absolute difference to who is higher, for pairs only;
        differences of zero are ranked and count for nobody (Pratt 1959). "huber": the sum of
        psi((y_j - y_k) / h) over the other members k, over the members of the set, psi(x) = x / 2.5
        up to 1 and h the median absolute difference within sets (Rosenbaum 2007). "mean": the
        difference from the mean of the others, over n.
    rounding
        Differences within sets that differ by no more are the same, and those no larger are zero:
        what is equal in whole øre seldom is in doubles that were deflated and subtracted.

    Returns
    -------
    array
        Shape (n, m); the statistic is the sum of the first column.

    Raises
    ------
    EffectsError
        "huber" where more than half of the differences are zero.
    """
    if statistic == "wilcoxon":
        from scipy.stats import rankdata

        difference = _unrounded(y[:, 0] - y[:, 1], rounding)
        size = np.abs(difference)
        order, alike = np.argsort(size), np.zeros(len(size), dtype=np.int64)
        alike[runs(size[order], rounding)] = 1
        rank = np.empty(len(size))
        rank[order] = rankdata(np.cumsum(alike))
        return np.stack([rank * (difference > 0), rank * (difference < 0)], axis=1)
    difference = _unrounded(y[:, :, None] - y[:, None, :], rounding)
    difference[:, np.arange(y.shape[1]), np.arange(y.shape[1])] = np.nan
    members = np.isfinite(y).sum(axis=1)[:, None]
    if statistic == "mean":
        summed = np.nansum(difference, axis=2) / (members - 1) / len(y)
    else:
        height = TRIM * float(np.nanmedian(np.abs(difference)))
        if not height > 0:
            raise EffectsError(
                "Most differences within sets are equal, so they have no scale to be measured by",
                found=f"a median absolute difference of 0 over {len(y)} sets",
                do="use statistic='mean', or an outcome that varies",
            )
        summed = np.nansum(np.clip(difference / height, -1.0, 1.0), axis=2) / members
    return np.where(np.isfinite(y), summed, np.nan)


def _unrounded(difference: FloatArray, rounding: float) -> FloatArray:
    """Return differences, those that are only rounding as zero."""
    return np.where(np.abs(difference) <= rounding, 0.0, difference)


def bounds(score: FloatArray, gamma: float) -> Bounds:
    """Bound the p-value where the odds of treatment within a set differ by at most gamma.

    Parameters
    ----------
    score
        Of every member of every set, shape (n, m); NaN where a set has no more.
    gamma
        At least 1.

    Notes
    -----
    The worst hidden bias makes the members with the highest scores the likeliest to be treated.
    Within a set the largest expectation over all ways to part the members is taken, and the largest
    variance among those that give it; the sum over sets is referred to the normal distribution
    (Gastwirth, Krieger and Rosenbaum 2000).
    """
    statistic = score[:, 0].sum()
    high, high_variance = _largest(score, gamma)
    low, low_variance = _largest(-score, gamma)
    above = _ratio(statistic - high, high_variance)
    below = _ratio(statistic + low, low_variance)
    return Bounds(float(ndtr(-above)), float(ndtr(-below)), above, below)


def _ratio(value: float, variance: float) -> float:
    return float(value / np.sqrt(variance)) if variance > 0 else 0.0


def _largest(score: FloatArray, gamma: float) -> tuple[float, float]:
    """Return the largest expectation of the statistic, and the largest variance that goes with it.

    With the a lowest scores at odds 1 and the others at odds gamma, a member's chance to be the
    treated one is its odds over their sum.
    """
    ordered = np.sort(score, axis=1)  # NaN last
    there = np.isfinite(ordered)
    members = there.sum(axis=1)[:, None]
    value = np.where(there, ordered, 0.0)
    a = np.arange(1, score.shape[1])
    odds = np.where(a < members, a + gamma * (members - a), 1.0)
    first, square = (np.cumsum(v, axis=1)[:, :-1] for v in (value, value**2))
    total, total_square = value.sum(axis=1)[:, None], (value**2).sum(axis=1)[:, None]
    mean = (first + gamma * (total - first)) / odds
    variance = (square + gamma * (total_square - square)) / odds - mean**2
    mean[a >= members] = -np.inf
    top = mean.max(axis=1)
    equal = mean >= (top - SAME * np.abs(value).max(axis=1))[:, None]
    return float(top.sum()), float(np.where(equal, variance, 0.0).max(axis=1).sum())


def point_estimates(
    y: FloatArray, statistic: Statistic, gamma: float, rounding: float = 0.0
) -> tuple[float, float]:
    """Return the least and the largest additive effect that centres the statistic at gamma.

    Notes
    -----
    With the treated responses lowered by tau, the statistic less its largest (least) expectation
    falls in tau and is zero at the least (largest) point estimate; where it is so on an interval,
    its middle is taken. At gamma 1 with pairs and ranks that is the estimate of Hodges and Lehmann.
    """

    def centred(which: str) -> Callable[[float], float]:
        def value(tau: float) -> float:
            moved = y.copy()
            moved[:, 0] -= tau
            return float(getattr(bounds(scores(moved, statistic, rounding), gamma), which))

        return value

    difference = y[:, :1] - y[:, 1:]
    ends = float(np.nanmin(difference)), float(np.nanmax(difference))
    return _crossing(centred("above"), *ends), _crossing(centred("below"), *ends)


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses zero, halfway where it stays there."""
    ends = []
    for edge in (SAME, -SAME):  # the last value above zero, and the first below
        least, most = low, high
        while most - least > 1e-13 * max(abs(least), abs(most), high - low):
            middle = 0.5 * (least + most)
            if middle in (least, most):
                break
            least, most = (middle, most) if falling(middle) > edge else (least, middle)
        ends.append(0.5 * (least + most))
    return 0.5 * (ends[0] + ends[1])


def largest_gamma(score: FloatArray, alpha: float) -> float:
    """Return the gamma at which the upper bound of the p-value is `alpha`; NaN if it is so at 1."""

    def excess(log_gamma: float) -> float:
        return bounds(score, float(np.exp(log_gamma))).p_upper - alpha

    if excess(0.0) > 0:
        return float("nan")
    high = 1.0
    while excess(high) <= 0:
        high *= 2.0
    return float(np.exp(brentq(excess, 0.0, high, xtol=1e-12)))
