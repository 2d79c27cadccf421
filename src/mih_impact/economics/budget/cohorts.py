"""Cohorts: how many start in each year, and how their flows add up over calendar years."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError

__all__ = ["convolved", "read_starters", "scales"]

FloatArray = NDArray[np.float64]


def read_starters(starters: Mapping[int, float]) -> dict[int, float]:
    """Return starters by start year, ascending, checked.

    Raises
    ------
    AssumptionError
        No year, a year that is none, a number below 0, or a year left out between two others.
    """
    example = "{2026: 500, 2027: 700}"
    given = arguments.mapping("starters", starters, example, error=AssumptionError)
    wrong = [year for year in given if not arguments.is_whole(year) or not 1900 <= year <= 2200]
    if wrong or not given:
        raise AssumptionError(
            "starters goes from start years to numbers of persons",
            found=", ".join(map(arguments.shown, wrong)) or "no year",
            do=f"write starters={example}",
        )
    below = {year: n for year, n in given.items() if not arguments.is_number(n) or float(n) < 0}
    if below:
        raise AssumptionError(
            "A number of starters is negative or no number",
            found=", ".join(f"{year}: {arguments.shown(n)}" for year, n in below.items()),
            do="give 0 or more persons a year; nobody is 0",
        )
    years = sorted(int(year) for year in given)
    absent = sorted(set(range(years[0], years[-1] + 1)) - set(years))
    if absent:
        raise AssumptionError(
            "The start years have gaps",
            found=f"nothing for {', '.join(map(str, absent))}",
            do="give every year from the first to the last; nobody is 0",
        )
    return {year: float(given[year]) for year in years}


def scales(starters: FloatArray, elasticity: float, reference: float | None) -> FloatArray:
    """Return what becomes of the effect per starter in cohorts of each size.

    With an elasticity of -0.1 a cohort of 700 in place of 500 has (700/500)**-0.1 = 0.967 of the
    effect per starter. Every flow that an effect drives is scaled, in each year since start; costs
    per starter are not.

    Parameters
    ----------
    starters
        Cohort sizes, shape (C,).
    elasticity
        Per cent that the effect changes by when the cohort grows by one per cent.
    reference
        The cohort size that the estimated effect is for.

    Returns
    -------
    ndarray, shape (C,)
        (N / reference) ** elasticity, 1 where nobody starts.

    Examples
    --------
    >>> scales(np.array([500.0, 1000.0]), -0.5, 500.0).round(3).tolist()
    [1.0, 0.707]
    """
    if elasticity == 0 or reference is None:
        return np.ones_like(starters)
    size = np.where(starters > 0, starters, reference) / reference
    return np.asarray(size**elasticity)


def convolved(
    fixed: FloatArray, driven: FloatArray, starters: FloatArray, scale: FloatArray
) -> FloatArray:
    """Return flows by calendar year: G(y) = sum over c of N_c [fixed(y - c) + s_c driven(y - c)].

    Parameters
    ----------
    fixed, driven
        Flows per starter by year since start, shape (..., T): those no effect drives, and those one
        does.
    starters, scale
        Persons, and the scale of their effect, by start year, shape (C,).

    Returns
    -------
    ndarray, shape (..., C + T - 1)
        From the first start year on.

    Examples
    --------
    >>> convolved(np.array([-1.0, 0.0]), np.array([0.0, 3.0]), np.array([2.0, 1.0]), np.ones(2))
    array([-2.,  5.,  3.])
    """
    years = fixed.shape[-1]
    total = np.zeros(
        (*np.broadcast_shapes(fixed.shape, driven.shape)[:-1], len(starters) + years - 1)
    )
    for cohort, (n, s) in enumerate(zip(starters, scale, strict=True)):
        total[..., cohort : cohort + years] += n * (fixed + s * driven)
    return total
