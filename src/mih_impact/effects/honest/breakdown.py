"""The breakdown value: how much deviation it takes before the interval includes zero."""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq

__all__ = ["breakdown_value"]


def breakdown_value(ends: Callable[[float], tuple[float, float]], *, start: float) -> float:
    """Return the least M at which an interval that excludes zero at M = 0 includes it.

    Parameters
    ----------
    ends
        The interval for a given M.
    start
        Where the search begins; M is doubled from there until zero is included, and the crossing is
        then found by Brent's method. Intervals need not be nested, and a shorter return to zero
        than a doubling can see is not looked for.

    Returns
    -------
    float
        NaN where zero is included already at M = 0.

    Examples
    --------
    >>> round(breakdown_value(lambda M: (3.0 - M, 3.0 + M), start=0.1), 6)
    3.0
    """
    low, high = ends(0.0)
    if low <= 0.0 <= high:
        return float("nan")
    above = low > 0.0

    def margin(M: float) -> float:
        low, high = ends(M)
        return low if above else -high

    inside, outside = 0.0, start
    while margin(outside) > 0.0:
        inside, outside = outside, 2.0 * outside
    return float(brentq(margin, inside, outside, xtol=1e-10 * outside, rtol=1e-10))
