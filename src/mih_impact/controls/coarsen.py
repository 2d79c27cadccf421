"""Coarsened exact matching: numbers in bins, and whoever shares every bin is alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.options import Cutpoints
from mih_impact.controls.risk_set import RiskSet
from mih_impact.errors import SupportError

__all__ = ["bins", "coarsened_cells", "edges", "sturges"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: A value this share of the largest below a point is at the point.
ROUNDING = 1e-11


def sturges(rows: int) -> int:
    """Return Sturges' number of bins, 1 + log2 of the rows, rounded up.

    Examples
    --------
    >>> sturges(614)
    11
    """
    return int(np.ceil(np.log2(rows) + 1))


def edges(x: FloatArray, count: int) -> FloatArray:
    """Return the points that part the range of x into bins of equal width.

    Examples
    --------
    >>> edges(np.array([0.0, 2.0, 10.0]), 5)
    array([2., 4., 6., 8.])
    """
    return np.asarray(np.linspace(x.min(), x.max(), count + 1)[1:-1])


def bins(x: FloatArray, cutpoints: FloatArray) -> IntArray:
    """Return the bin of each number; a bin holds its lower point and not its upper one.

    Examples
    --------
    >>> bins(np.array([19.0, 20.0, 34.0, 50.0]), np.array([20.0, 50.0]))
    array([0, 1, 1, 2])
    """
    return np.searchsorted(np.unique(cutpoints), x, side="right").astype(np.int64)


def coarsened_cells(risk: RiskSet, cutpoints: Cutpoints | None) -> IntArray:
    """Return the cell of every row by start year, exact columns and coarsened covariates.

    Parameters
    ----------
    risk
        The risk sets, `on` in their design.
    cutpoints
        Per term its number of bins or its points; Sturges' bins for the others.

    Returns
    -------
    array of int
        Shape (m,).

    Raises
    ------
    SupportError
        Cutpoints for a category.

    Notes
    -----
    As in R's MatchIt: a number falls in one of 1 + log2(m) bins of equal width over all rows of
    the risk sets, a category is its own bin (Iacus, King and Porro 2012, section 3).
    """
    design, given = risk.design, {} if cutpoints is None else dict(cutpoints)
    cell = risk.cell
    for k, name in enumerate(design.names):
        x = design.column(k)
        if name != str(design.terms[k]):  # an indicator of one value of a category
            if str(design.terms[k]) in given:
                raise SupportError(
                    f"{design.terms[k]} is a category: it has no cutpoints",
                    found=f"{sum(t == design.terms[k] for t in design.terms)} values or more",
                    do="leave it out of cutpoints=, or join its values in the panel",
                )
            code = x.astype(np.int64)
        else:
            points = given.get(name, sturges(len(x)))
            cut = edges(x, int(points)) if isinstance(points, (int, np.integer)) else points
            # A value that is at the point on paper may lie a rounding below it.
            rounding = ROUNDING * float(np.abs(x).max())
            code = bins(x, np.asarray(cut, dtype=np.float64) - rounding)
        pair = cell * (int(code.max()) + 1) + code
        cell = np.unique(pair, return_inverse=True)[1].astype(np.int64)
    return cell
