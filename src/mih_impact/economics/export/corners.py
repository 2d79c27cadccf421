"""What is affine in each of some assumptions, held at the corners of their unit cube.

The flows of an account are multilinear in the views (whose money, displacement, leisure, selection)
and in the tax-financing cost: affine in each while the others are held. Such a function is known
from its values where every one of them is 0 or 1, and in between it is their weighted mean. Each
corner is a ledger that can be looked up and checked; no formula is written a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["corners", "mixed"]

FloatArray = NDArray[np.float64]


def corners(
    parameters: Sequence[str], table: Callable[[Mapping[str, float]], FloatArray]
) -> dict[str, Any]:
    """Return a table at every corner of some parameters.

    Parameters
    ----------
    parameters
        The k assumptions it is affine in, each from 0 to 1.
    table
        What gives the table, shape (m, n), at values of the parameters.

    Returns
    -------
    dict
        `parameters`, and `corners`: the 2^k tables as lists; in the one at place c, parameter i is
        1 where bit i of c is set.

    Examples
    --------
    >>> block = corners(("a",), lambda at: np.array([[1 + at["a"]]]))
    >>> block["corners"], mixed(block, {"a": 0.25})
    ([[[1.0]], [[2.0]]], [[1.25]])
    """
    settings = [bits[::-1] for bits in product((0.0, 1.0), repeat=len(parameters))]
    tables = [table(dict(zip(parameters, bits, strict=True))) + 0.0 for bits in settings]
    return {"parameters": list(parameters), "corners": [each.tolist() for each in tables]}


def mixed(block: Mapping[str, Any], at: Mapping[str, Any]) -> list[list[float]]:
    """Return the table at any values of the parameters: the weighted mean of the corners.

    Plain loops, as a reader without NumPy has to write them.
    """
    first = block["corners"][0]
    total = [[0.0] * len(row) for row in first]
    for corner, table in enumerate(block["corners"]):
        weight = 1.0
        for place, name in enumerate(block["parameters"]):
            weight *= at[name] if corner >> place & 1 else 1.0 - at[name]
        for i, row in enumerate(table):
            for j, value in enumerate(row):
                total[i][j] += weight * value
    return total
