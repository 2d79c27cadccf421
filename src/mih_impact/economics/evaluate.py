"""Present values, their exact variance, draws and break-even: functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mih_impact.economics.actors import GROUPS
from mih_impact.economics.ledger import Ledger
from mih_impact.reference.discount import Timing

#: Draws beyond which a quantile has digits that nobody reads.
MOST_DRAWS = 100_000

__all__ = [
    "MOST_DRAWS",
    "Accumulated",
    "accumulate",
    "break_even_year",
    "break_even_years",
    "discounted",
    "draw_effects",
    "probability_positive",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Accumulated:
    """Cumulative present values of every group, as a linear map of the estimated effects.

    Attributes
    ----------
    weights
        Shape (G, T, R, S): what one krone of effect (r, s) adds to the present value accumulated to
        year t.
    constants
        Shape (G, T): the part no effect drives.
    """

    weights: FloatArray
    constants: FloatArray

    def values(self, effects: FloatArray) -> FloatArray:
        """Return cumulative present values, shape (..., G, T), for effects (..., R, S)."""
        driven: FloatArray = np.einsum("gtrs,...rs->...gt", self.weights, effects)
        return driven + self.constants

    def totals(self, effects: FloatArray) -> FloatArray:
        """Return present values to the end, shape (..., G), for effects (..., R, S)."""
        last = self.weights[:, -1].reshape(len(self.weights), -1)
        flat = effects.reshape(*effects.shape[:-2], -1)
        return np.asarray(flat @ last.T + self.constants[:, -1])

    def std_errors(self, covariance: FloatArray) -> FloatArray:
        """Return exact standard errors, shape (G, T): sqrt(c' Sigma c) with the full covariance."""
        groups, years = self.constants.shape
        c = self.weights.reshape(groups * years, -1)
        variance: FloatArray = ((c @ covariance) * c).sum(axis=1)
        return np.sqrt(np.clip(variance, 0.0, None)).reshape(groups, years)


def accumulate(
    ledger: Ledger, factors: Mapping[Timing | None, FloatArray], reaching: FloatArray
) -> Accumulated:
    """Return the map from estimated effects to cumulative present values.

    Parameters
    ----------
    ledger
        The flows.
    factors
        Discount factors by year, shape (T,), for each time of the year at which flows fall.
    reaching
        What one krone of effect estimated in year s is in year t, shape (R, T, S): the identity
        within the estimated years.

    Notes
    -----
    Accumulated to t: sum over s <= t of d_s F_s, and F is affine in the effects.
    """
    years = ledger.n_years
    groups, roles = len(GROUPS), len(ledger.roles)
    weights = np.zeros((groups, years, roles, reaching.shape[-1]))
    constants = np.zeros((groups, years))
    for timing in ledger.timings:
        part = ledger.at(timing)
        counted = np.tril(np.ones((years, years))) * factors[timing]  # (t, u)
        worth = np.einsum("tu,rus->trs", counted, reaching)
        weights += np.einsum("gr,trs->gtrs", part.group_coefficients, worth)
        constants += np.einsum("tu,gu->gt", counted, part.group_constants)
    return Accumulated(weights, constants)


def discounted(
    ledger: Ledger, effects: FloatArray, factors: Mapping[Timing | None, FloatArray]
) -> FloatArray:
    """Return the present value of every group's flow, year by year.

    Parameters
    ----------
    ledger
        The flows, one setting of the assumptions or a stack of them.
    effects
        Effects of all years, shape (..., R, T).
    factors
        Discount factors, shape (..., T), for each time of the year at which flows fall.

    Returns
    -------
    ndarray, shape (..., G, T)
    """
    parts = (
        ledger.at(timing).group_amounts(effects) * factors[timing][..., None, :]
        for timing in ledger.timings
    )
    return sum(parts, np.zeros(()))


def break_even_year(cumulative: FloatArray, *, tolerance: float = 0.0) -> int | None:
    """Return the smallest year from which the cumulative present value stays at or above zero.

    Parameters
    ----------
    cumulative
        Cumulative present value by year since start, shape (T,).
    tolerance
        How far below zero still counts as zero: rounding.

    Returns
    -------
    int or None
        None if it ends below zero: never within the horizon.

    Notes
    -----
    Not the first crossing: a gain that costs later eat up again has not broken even.

    Examples
    --------
    >>> break_even_year(np.array([-10.0, 5.0, -1.0, 2.0])), break_even_year(np.array([1.0, -1.0]))
    (3, None)
    """
    year = int(break_even_years(cumulative, tolerance=tolerance))
    return year if year < cumulative.size else None


def break_even_years(cumulative: FloatArray, *, tolerance: float = 0.0) -> NDArray[np.int64]:
    """Return the break-even year of many paths; the number of years itself means never.

    Parameters
    ----------
    cumulative
        Cumulative present values, shape (..., T).
    tolerance
        As for `break_even_year`.

    Returns
    -------
    ndarray of int, shape (...)

    Examples
    --------
    >>> break_even_years(np.array([[-10.0, 5.0], [1.0, -1.0]])).tolist()
    [1, 2]
    """
    below = cumulative < -tolerance
    years = cumulative.shape[-1]
    last_below = years - 1 - np.argmax(below[..., ::-1], axis=-1)
    return np.where(below.any(axis=-1), last_below + 1, 0).astype(np.int64)


def probability_positive(value: float, std_error: float) -> float:
    """Return the probability of a value above zero under the normal approximation.

    Examples
    --------
    >>> probability_positive(1.0, 0.0), round(probability_positive(1.96, 1.0), 3)
    (1.0, 0.975)
    """
    if std_error == 0:
        return float(value > 0)
    return NormalDist().cdf(value / std_error)


def draw_effects(effects: FloatArray, covariance: FloatArray, n: int, seed: int) -> FloatArray:
    """Draw effects from their normal approximation.

    Parameters
    ----------
    effects
        Estimates, shape (R, T).
    covariance
        Their full covariance, outcome-major, shape (R * T, R * T).
    n, seed
        Number of draws and the seed of their generator.

    Returns
    -------
    ndarray, shape (n, R, T)

    Notes
    -----
    The factor is the symmetric square root of the covariance, which is unique: the draws do not
    hang on the sign or order of eigenvectors that a linear algebra library happens to return.
    """
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    normal = np.random.default_rng(seed).standard_normal((n, effects.size))
    noise: FloatArray = (normal @ root).reshape(n, *effects.shape)
    return effects + noise
