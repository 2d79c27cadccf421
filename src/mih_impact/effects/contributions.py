"""How the amounts behind an estimate are spread over persons.

A mean of forty persons, of whom one has an amount, times forty is that person's amount. A mean is
therefore shown only if nobody contributes to it, or if at least `options(min_cell=)` persons do and
none of them more than half: the minimum frequency rule and the dominance rule, (n, k) with n = 1
and k = 50 per cent.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, Wiley, section 4.2.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.options import current

__all__ = ["contributions", "is_thin", "thin_when_pooled"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: The largest part of a sum that one person may have.
DOMINANT = 0.5

_SIDES = ("participants", "controls")


def contributions(
    weight: Sequence[FloatArray], value: Sequence[FloatArray], person: Sequence[IntArray]
) -> dict[str, NDArray[np.float64]]:
    """Return who contributes to the means of participants and of controls.

    Parameters
    ----------
    weight, value
        Of either side, shape (rows, cells): the weight of each row in the mean, and its amount.
    person
        Whose row it is, shape (rows,).

    Returns
    -------
    dict
        For each side, shape (cells,): `giving_`, persons with an amount, or of an outcome that is 0
        or 1 the fewer of those who have it and those who have not; `largest_`, the largest amount
        of a person; and `total_`, the sum of all amounts, without their signs.
    """
    found = {}
    for side, w, y, who in zip(_SIDES, weight, value, person, strict=True):
        counts = w > 0
        amount = np.abs(np.where(counts, w * np.where(counts, y, 0.0), 0.0))
        binary = np.where(counts, (y == 0) | (y == 1), True).all(axis=0)
        persons, place = np.unique(who, return_inverse=True)
        if len(persons) < len(who):
            by_person, there = np.zeros((2, len(persons), w.shape[1]))
            np.add.at(by_person, place, amount)
            np.add.at(there, place, counts)
            amount, counts = by_person, there > 0
        giving = (amount > 0).sum(axis=0)
        without = counts.sum(axis=0) - giving
        fewer = np.where((giving > 0) & (without > 0), np.minimum(giving, without), giving)
        found[f"giving_{side}"] = np.where(binary, fewer, giving).astype(np.float64)
        found[f"largest_{side}"] = amount.max(axis=0, initial=0.0)
        found[f"total_{side}"] = amount.sum(axis=0)
    return found


def is_thin(table: pd.DataFrame) -> BoolArray:
    """Return which means rest on too few persons with an amount, or on one above all, (rows,)."""
    thin = np.zeros(len(table), dtype=bool)
    for side in _SIDES:
        giving, largest, total = (
            table[f"{name}_{side}"].to_numpy() for name in ("giving", "largest", "total")
        )
        thin |= _is_thin(giving, largest, total)
    return thin


def thin_when_pooled(parts: Sequence[pd.DataFrame]) -> BoolArray:
    """Return which sums of outcomes would still be thin, (rows,), as far as is known.

    The same person may have an amount of each: as many give as to the part that most give to, and
    the largest amount of a person is at most the sum of the largest.
    """
    thin = np.zeros(len(parts[0]), dtype=bool)
    for side in _SIDES:
        giving = np.max([part[f"giving_{side}"] for part in parts], axis=0)
        largest = np.sum([part[f"largest_{side}"] for part in parts], axis=0)
        total = np.sum([part[f"total_{side}"] for part in parts], axis=0)
        thin |= _is_thin(giving, largest, total)
    return thin


def _is_thin(giving: FloatArray, largest: FloatArray, total: FloatArray) -> BoolArray:
    least = current().min_cell
    if least <= 1:
        return np.zeros(len(giving), dtype=bool)
    # Sums are of doubles: two who have half each may be a rounding apart.
    dominated = largest > (DOMINANT + 1e-12) * total
    return np.asarray((giving > 0) & ((giving < least) | dominated))
