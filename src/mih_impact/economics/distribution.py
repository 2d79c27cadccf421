"""How an assumption may vary: five distributions, drawn by their quantile functions.

All are quantiles of the same uniform numbers, so that a change of one assumption's distribution
leaves the draws of every other where they were.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError

__all__ = ["Distribution", "Points", "quantiles", "require_distribution", "require_pairs"]

FloatArray = NDArray[np.float64]

Distribution = Literal["fixed", "triangular", "uniform", "normal", "discrete"]
Points = tuple[tuple[float, float], ...]
"""Values and their probabilities, of a discrete distribution."""

#: A normal distribution has its range as the central 95 per cent.
_Z = 1.959963984540054


def quantiles(
    uniform: FloatArray,
    *,
    distribution: Distribution,
    value: float,
    low: float,
    high: float,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    points: Points = (),
) -> FloatArray:
    """Return the quantiles of a distribution.

    Parameters
    ----------
    uniform
        Probabilities between 0 and 1, shape (n,).
    distribution
        `triangular` with `value` as its mode; `uniform` from `low` to `high`; `normal` with mean
        `value` and `low` to `high` as wide as its central 95 per cent, cut off at `bounds`;
        `discrete` with `points`; `fixed` is `value` always.
    value, low, high
        Base value and range.
    bounds
        What the assumption can be at all.
    points
        Values and probabilities of a discrete distribution.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> u = np.array([0.0, 0.5, 1.0])
    >>> quantiles(u, distribution="uniform", value=2.0, low=1.0, high=5.0).tolist()
    [1.0, 3.0, 5.0]
    >>> quantiles(u, distribution="triangular", value=1.0, low=0.0, high=2.0).tolist()
    [0.0, 1.0, 2.0]
    """
    if distribution == "fixed":
        return np.full(uniform.shape, value)
    if distribution == "uniform":
        return low + (high - low) * uniform
    if distribution == "triangular":
        return _triangular(uniform, value, low, high)
    if distribution == "normal":
        return _normal(uniform, value, (high - low) / (2 * _Z), bounds)
    values, weights = np.array(points, dtype=np.float64).T
    place = np.searchsorted(np.cumsum(weights), uniform, side="right")
    return np.asarray(values[np.minimum(place, len(values) - 1)])


def _triangular(uniform: FloatArray, mode: float, low: float, high: float) -> FloatArray:
    width = high - low
    rising = low + np.sqrt(uniform * width * (mode - low))
    falling = high - np.sqrt((1 - uniform) * width * (high - mode))
    return np.where(uniform <= (mode - low) / width, rising, falling)


def _normal(uniform: FloatArray, mean: float, sd: float, bounds: tuple[float, float]) -> FloatArray:
    from scipy.special import ndtr, ndtri

    below, above = (ndtr((bound - mean) / sd) for bound in bounds)
    inside = np.clip(below + uniform * (above - below), 1e-16, 1 - 1e-16)
    return np.asarray(np.clip(mean + sd * ndtri(inside), *bounds))


def require_distribution(
    name: str,
    distribution: str,
    *,
    value: float,
    low: float | None,
    high: float | None,
    bounds: tuple[float, float],
    points: Points,
) -> None:
    """Raise unless a range and a distribution go together, and with the value."""
    if not arguments.is_one_of(distribution, get_args(Distribution)):
        raise AssumptionError(
            f"{name} has a distribution that does not exist",
            found=arguments.shown(distribution),
            do=f"use one of {', '.join(get_args(Distribution))}",
        )
    for end in (low, high):
        if end is not None and not arguments.is_number(end):
            raise AssumptionError(
                f"The range of {name} has an end that is no number",
                found=arguments.shown(end),
                do="give low and high as finite numbers, or neither",
            )
    if (low is None) != (high is None):
        raise AssumptionError(
            f"The range of {name} has one end only",
            found=f"low {low}, high {high}",
            do="give both ends, or neither",
        )
    if low is not None and high is not None:
        _require_range(name, value, low, high, bounds)
    elif distribution not in ("fixed", "discrete"):
        raise AssumptionError(
            f"{name} is to vary, and has no range",
            found=f"distribution {distribution!r} without low and high",
            do=f"give low and high, as in assumptions.vary({name!r}, low=..., high=...)",
        )
    _require_points(name, distribution, bounds, points)


def require_pairs(name: str, points: Any) -> Points:
    """Return the points of a discrete distribution as pairs of numbers, or raise."""
    listed = arguments.listed(points)
    pairs = [arguments.listed(pair) or [] for pair in listed or ()]
    if listed is None or not all(
        len(pair) == 2 and all(map(arguments.is_number, pair)) for pair in pairs
    ):
        raise AssumptionError(
            f"The points of {name} are not pairs of numbers",
            found=arguments.shown(points),
            do="give points=((value, probability), ...), such as ((0, 0.5), (1000, 0.5))",
        )
    return tuple((float(at), float(weight)) for at, weight in pairs)


def _require_range(
    name: str, value: float, low: float, high: float, bounds: tuple[float, float]
) -> None:
    if not low <= value <= high or low == high:
        raise AssumptionError(
            f"The range of {name} does not hold its value",
            found=f"{value:g}, range {low:g} to {high:g}",
            do="give low and high, not the same, with the value between them",
        )
    if not bounds[0] <= low <= high <= bounds[1]:
        raise AssumptionError(
            f"The range of {name} holds what it cannot be",
            found=f"{low:g} to {high:g}",
            do=f"stay from {bounds[0]:g} to {bounds[1]:g}",
        )


def _require_points(
    name: str, distribution: str, bounds: tuple[float, float], points: Points
) -> None:
    if (distribution == "discrete") != bool(points):
        raise AssumptionError(
            f"A discrete distribution has points, and no other has: {name}",
            found=f"distribution {distribution!r} with {len(points)} points",
            do="give points=((value, probability), ...) with distribution='discrete'",
        )
    weights = [weight for _, weight in points]
    outside = [at for at, _ in points if not bounds[0] <= at <= bounds[1]]
    if points and (abs(sum(weights) - 1) > 1e-9 or min(weights) < 0 or outside):
        raise AssumptionError(
            f"The points of {name} are no distribution",
            found=f"probabilities that sum to {sum(weights):g}"
            + (f"; values outside {bounds[0]:g} to {bounds[1]:g}" if outside else ""),
            do="give probabilities from 0 on that sum to 1, and values the assumption can have",
        )
