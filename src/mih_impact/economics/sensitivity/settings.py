"""Many settings of the assumptions in one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mih_impact.economics.books import Books

__all__ = ["at_each", "totals"]

FloatArray = NDArray[np.float64]


def at_each(books: Books, points: Sequence[tuple[str, float]]) -> dict[str, FloatArray]:
    """Return the changes of a stack of settings, in each of which one assumption is moved.

    Parameters
    ----------
    books
        The books of the account.
    points
        n pairs of a name and the value it has in that setting.

    Returns
    -------
    dict
        For every assumption moved somewhere its n values.
    """
    base = {item.name: item.value for item in books.items}
    names = dict.fromkeys(name for name, _ in points)
    changes = {name: np.full(len(points), float(base[name])) for name in names}
    for place, (name, value) in enumerate(points):
        changes[name][place] = value
    return changes


def totals(books: Books, effects: FloatArray, changes: dict[str, FloatArray]) -> FloatArray:
    """Return present values of every group, shape (n, G)."""
    n = max((len(values) for values in changes.values()), default=1)
    values = books.discounted(effects, changes).sum(axis=-1)
    return np.broadcast_to(values, (n, values.shape[-1]))
