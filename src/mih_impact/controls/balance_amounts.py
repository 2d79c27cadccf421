"""On how many persons' amounts the means of a balance table rest, and which rows are hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.locale import current
from mih_impact.display.result import are_many, is_small, persons_behind, with_complement

__all__ = ["blanked", "contributors_of", "hidden_rows", "without"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def contributors_of(
    x: FloatArray, weight: FloatArray, person: IntArray, starts: int, *, indicator: bool
) -> float:
    """Return on how many persons' amounts a mean rests; see `hidden.contributors`.

    Parameters
    ----------
    x, weight, person
        The amounts of the rows, what they weigh, and whose they are, shape (rows,).
    starts
        In how many start years a person can have a row.
    indicator
        Whether `x` is 0 or 1: then the fewer of those who have it and those who have not.

    Examples
    --------
    >>> of = {"weight": np.ones(4), "person": np.array([0, 1, 2, 2]), "starts": 2}
    >>> contributors_of(np.array([0.0, 2.0, 1.0, 1.0]), **of, indicator=False)
    2.0
    >>> contributors_of(np.array([9.0, 2.0, 1.0, 1.0]), **of, indicator=False)
    1.0
    >>> contributors_of(np.array([0.0, 1.0, 1.0, 1.0]), **of, indicator=True)
    1.0
    """
    amount = np.abs(x * weight)
    giving = amount != 0
    without = (x == 0) & (weight > 0) if indicator else giving
    n, others = int(giving.sum()), int(without.sum())
    largest, total = float(amount.max(initial=0.0)), float(amount.sum())
    # Where so many rows of each start year have an amount, whose they are is not looked at.
    if are_many(min(n, others) / starts) and largest * starts <= total / 2:
        return float(min(n, others) / starts)
    if starts > 1:  # else nobody has two rows
        own, place = np.unique(person[giving], return_inverse=True)
        n, largest = len(own), np.bincount(place, amount[giving]).max(initial=0.0)
        others = len(np.unique(person[without])) if indicator else n
    return float(persons_behind(min(n, others) if n and others else n, largest, total))


def hidden_rows(
    table: pd.DataFrame,
    contributors: FloatArray,
    key: str | None = None,
    of_all: frozenset[str] = frozenset(),
) -> BoolArray:
    """Return the rows that rest on too few persons' amounts, and those that would tell of these.

    The shares of the values of a characteristic add up to one, and the means of parts to that of
    all together: beside one that is hidden so is another.

    Parameters
    ----------
    table
        A row per covariate, or per part and covariate.
    contributors
        On how many persons' amounts each row rests.
    key
        The column that says the part; None for all together.
    of_all
        The covariates that are hidden of all together, and so of every part.
    """
    names = table["covariate"].astype(str)
    hidden: BoolArray = is_small(contributors) | names.isin(of_all).to_numpy()
    part = pd.Series(0, index=table.index) if key is None else table[key]
    sums = [[part, names.str.split("=").str[0]]] + ([] if key is None else [[names]])
    groups = [rows for by in sums for rows in table.groupby(by, sort=False).indices.values()]
    before = -1
    while before != (before := int(hidden.sum())):
        for rows in groups:
            if len(rows) > 1 and hidden[rows].any():
                hidden[rows] = with_complement(hidden[rows], contributors[rows])
    return hidden


#: What is no number of a table, and is never blanked; nor is who stands behind a part.
_TEXTS = ["covariate", "label_nb", "label_en", "reason"]
_PARTS = ["start_year", "subgroup", "n_participants", "effective_controls"]


def without(table: pd.DataFrame, rows: NDArray[np.bool_]) -> pd.DataFrame:
    """Return a table without the numbers of some rows."""
    if not rows.any():
        return table
    numbers = table.columns.drop([*_TEXTS, *_PARTS], errors="ignore")
    shown = table.astype(dict.fromkeys(numbers, np.float64))
    shown.loc[rows, numbers] = np.nan
    return shown


def blanked(table: pd.DataFrame, key: str, everybody: float | None = None) -> pd.DataFrame:
    """Return a table with the numbers of parts of few participants blanked, and of one more.

    Means add up: where all together are shown, participants of no part, or of one and not of all,
    are what the parts leave, and count as one.
    """
    n = table.groupby(key, sort=False)["n_participants"].first()
    apart = 0.0 if everybody is None else abs(everybody - float(n.sum()))
    few = np.append(n < current().min_cell, is_small(apart))  # of nobody, there are means before
    if not few.any():
        return table
    few[-1] |= apart > 0
    parts = n.index[with_complement(few, np.append(n, apart))[:-1]]
    built = table.columns.drop([key, *_TEXTS], errors="ignore")
    shown = table.astype(dict.fromkeys(built, np.float64))
    shown.loc[table[key].isin(parts), built] = np.nan
    return shown
