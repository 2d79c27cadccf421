"""Where a comparison ends because a control begins another measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["censored", "next_other"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def next_other(
    code: NDArray[np.int32], categories: tuple[str, ...], name: str
) -> NDArray[np.int16]:
    """Return the position of the first period, from each on, in which another measure begins.

    Parameters
    ----------
    code, categories
        The column `measure` of the cube, shape (n_persons, n_periods).
    name
        The measure the analysis is about.

    Returns
    -------
    ndarray of int16, shape (n_persons, n_periods)
        The number of periods where no other measure begins from there on.

    Examples
    --------
    >>> next_other(np.array([[-1, 1, 0, -1]]), ("afl", "aft"), "afl").tolist()
    [[1, 1, 4, 4]]
    """
    named = categories.index(name) if name in categories else -1
    periods = code.shape[1]
    begins = (code >= 0) & (code != named)
    position = np.where(begins, np.arange(periods, dtype=np.int16), np.int16(periods))
    return np.minimum.accumulate(position[:, ::-1], axis=1)[:, ::-1].copy()


def censored(
    others: NDArray[np.int16],
    person: IntArray,
    position: IntArray,
    years: Sequence[int],
    *,
    per_year: int,
) -> BoolArray:
    """Return whether another measure has begun by the end of a year since start.

    Parameters
    ----------
    others
        As `next_other` returns it.
    person, position
        Persons, and the position of the period that each is compared from, shape (n,).
    years
        Years since start; nothing ends before start.
    per_year
        Periods in a year.

    Returns
    -------
    ndarray of bool, shape (n, len(years))

    Examples
    --------
    >>> others = next_other(np.array([[-1, -1, 1, -1]]), ("afl", "aft"), "afl")
    >>> censored(others, np.array([0]), np.array([1]), [-1, 0, 1, 2], per_year=1).tolist()
    [[False, False, True, True]]
    """
    begins = others[person, np.clip(position, 0, others.shape[1] - 1)]
    since = np.asarray(years)[None, :]
    last = position[:, None] + per_year * (since + 1) - 1
    return np.asarray(
        (since >= 0) & (last >= begins[:, None]) & (begins < others.shape[1])[:, None]
    )
