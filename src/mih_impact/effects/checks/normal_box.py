"""A normal vector inside a box: how probable that is, and its mean there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["normal_in_box"]

FloatArray = NDArray[np.float64]

#: Points of the quasi-random rule; a probability is then right to about 1e-5.
POINTS = 1 << 14
_PRIMES = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71])


def normal_in_box(
    mean: FloatArray, covariance: FloatArray, half_width: FloatArray
) -> tuple[float, FloatArray]:
    """Return P(|b_j| <= w_j for all j) and E[b | |b_j| <= w_j for all j], b ~ N(mean, covariance).

    Parameters
    ----------
    mean, half_width
        Shape (L,), L at most 21.
    covariance
        Positive definite, shape (L, L).

    Returns
    -------
    tuple of float and array of shape (L,)

    Notes
    -----
    One coordinate after the other is drawn within its limits given those before; the product of the
    probabilities of the limits weighs the draw (Genz 1992, Journal of Computational and Graphical
    Statistics 1(2); Geweke, Hajivassiliou and Keane). Points are those of Richtmyer's lattice,
    folded: nothing is random, and the probability is smooth in the mean.
    """
    root = np.linalg.cholesky(covariance)
    size = len(mean)
    step = np.sqrt(_PRIMES[: max(size - 1, 0)].astype(np.float64))
    points = np.abs(2.0 * ((np.arange(1, POINTS + 1)[:, None] * step + 0.5) % 1.0) - 1.0)
    weight = np.ones(POINTS)
    drawn = np.zeros((POINTS, size))
    last = np.zeros((POINTS, 2))
    for j in range(size):
        centre = mean[j] + drawn[:, :j] @ root[j, :j]
        limits = (np.array([-1.0, 1.0]) * half_width[j] - centre[:, None]) / root[j, j]
        low, high = ndtr(limits).T
        weight = weight * (high - low)
        if j < size - 1:
            inside = np.clip(low + points[:, j] * (high - low), 1e-300, 1.0 - 1e-16)
            drawn[:, j] = ndtri(inside)
        else:
            last = limits
    # The last coordinate needs no draw: its mean within the limits is known.
    density = np.exp(-0.5 * last**2) / np.sqrt(2.0 * np.pi)
    inside = ndtr(last[:, 1]) - ndtr(last[:, 0])
    drawn[:, -1] = (density[:, 0] - density[:, 1]) / np.where(inside > 0, inside, 1.0)
    probability = float(weight.mean())
    expected = (weight @ drawn) / weight.sum() if probability > 0 else np.zeros(size)
    return probability, mean + root @ expected
