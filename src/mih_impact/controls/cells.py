"""Numbers for combinations of values: the exact cells that persons are compared within."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["combined"]

IntArray = NDArray[np.int64]

#: More numbers than this are given anew, so that a table over them stays small.
MOST = 10_000_000


def combined(
    columns: Iterable[tuple[NDArray[np.integer], int]], *, most: int = MOST
) -> tuple[IntArray, int]:
    """Return a number for every combination of codes, in their order, and a bound on the numbers.

    Parameters
    ----------
    columns
        Codes of each column, all of one shape, -1 for unknown, which is a value like any other; and
        how many values there are.
    most
        When there could be more numbers than this only combinations that occur get one.

    Returns
    -------
    tuple
        Numbers from 0, of the shape of the codes, and one that all of them are below.

    Examples
    --------
    >>> combined([(np.array([0, 1, 1]), 2), (np.array([2, 0, -1]), 3)])
    (array([7, 9, 8]), 12)
    """
    several = iter(columns)
    codes, values = next(several)
    cell, many = codes.astype(np.int64) + 1, values + 1
    for codes, values in several:
        cell *= values + 1  # in place: with many rows memory is what takes the time
        cell += codes
        cell += 1
        many *= values + 1
        if many > most:
            numbers, found = np.unique(cell, return_inverse=True)
            cell, many = found.reshape(cell.shape), len(numbers)
    return cell, many
