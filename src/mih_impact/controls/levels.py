"""Values of a characteristic that only one side has: nobody who has one can be compared.

A logit has no finite coefficient for a value that no participant has, or that no candidate has. In
the limit it fits whoever has the value without error, and everybody else as if these rows were not
there. So they are left out, and counted. A number that has two values is such a characteristic too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Coded, Column, factorized

__all__ = ["Modelled", "has_both_sides", "one_sided"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Within what both sides must have a value: in all start years together or in each by itself; with
#: "weights" that is asked of each start year's participants alone, since candidates can have no
#: weight; None: nowhere.
Modelled = Literal["all", "start_year", "weights"] | None

#: Rows that are enough to see that a number has many values.
FEW = 1_000


def one_sided(
    columns: Sequence[Column],
    treated: BoolArray,
    cell: IntArray,
    *,
    group: IntArray | None = None,
    candidates: bool = True,
) -> IntArray:
    """Return why rows have nobody to be compared with, shape (m,).

    Parameters
    ----------
    columns
        Characteristics without missing values.
    treated
        Who starts, shape (m,).
    cell
        Cells that must hold both sides as well, numbered from 0, shape (m,).
    group
        What is modelled together, numbered from 0, shape (m,): both sides must have a value within
        it. All of it if None.
    candidates
        Whether candidates with a value that no participant has are meant too.

    Returns
    -------
    ndarray of int
        The column that has a value of one side, the number of columns where that leaves one side in
        the cell, and -1 for who can be compared. What is left is looked at again until all can.

    Examples
    --------
    >>> education = np.array(["basic", "higher", "basic", "rare"], dtype=object)
    >>> treated = np.array([True, True, False, False])
    >>> one_sided([education], treated, np.zeros(4, dtype=np.int64)).tolist()
    [-1, 0, -1, 0]
    """
    why = np.full(len(treated), -1, dtype=np.int64)
    values = [_values(column, group) for column in columns]
    while True:
        before = int((why >= 0).sum())
        for k, value in enumerate(values):
            if value is not None:
                left = why < 0
                why[left & ~has_both_sides(value, treated, left) & (treated | candidates)] = k
        left = why < 0
        if int((~left).sum()) == before:
            return why
        why[left & ~has_both_sides(cell, treated, left)] = len(columns)


def has_both_sides(value: IntArray, treated: BoolArray, left: BoolArray) -> BoolArray:
    """Return whether a participant and a candidate among some rows have the value of each."""
    sides = np.zeros((2, int(value.max(initial=-1)) + 1), dtype=bool)
    sides[0, value[left & treated]] = True
    sides[1, value[left & ~treated]] = True
    return np.asarray((sides[0] & sides[1])[value])


def _values(column: Column, group: IntArray | None) -> IntArray | None:
    """Return the value of each row within its group, numbered; None for a number with many."""
    if isinstance(column, Coded) or column.dtype == object:
        codes, categories = factorized(column)
        many = len(categories)
    else:
        low, high = column.min(initial=np.inf), column.max(initial=-np.inf)
        for rows in (slice(FEW), slice(None)):
            if not ((column[rows] == low) | (column[rows] == high)).all():
                return None
        codes, many = (column == high).astype(np.int32), 2
    found = codes.astype(np.int64)
    return found if group is None else group * many + found
