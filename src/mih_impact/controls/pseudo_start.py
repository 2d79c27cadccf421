"""Who could have started in a year, and when.

In a panel by year everybody is compared from the same year. In a panel by month a candidate is
given a month to be compared from, drawn as the participants' are spread, and is a candidate only if
eligible the month before. Nothing that happens later is looked at, so nobody is a candidate because
of having stayed eligible for long: no time is immortal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel.cube import NEVER, Cube

__all__ = ["DEFAULT_SEED", "members"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Seed of the drawn months where none is given.
DEFAULT_SEED = 2025


def members(
    cube: Cube, start_year: int, exact: Sequence[str], window_end: int | None, seed: int | None
) -> tuple[IntArray, IntArray]:
    """Return participants and candidates of a start year, and the period each is compared from.

    Parameters
    ----------
    cube
        The persons.
    start_year
        Calendar year.
    exact
        Columns that participants and controls must share; months are drawn within their cells.
    window_end
        The last year since start by which candidates have not started; None: they never do.
    seed
        Seed of the drawn months; `DEFAULT_SEED` for None.

    Returns
    -------
    tuple
        Positions in the cube, ascending, and periods, each of shape (m,).

    Notes
    -----
    A candidate has one uniform number u in a start year. It is compared from month s if it is
    eligible in the month before s, has not started, and F(s - 1) <= u < F(s), where F is how the
    start months of participants in its cell of that month are spread; the first such month, if a
    change of cell makes two. In a cell without participants F is that of the whole start year.
    """
    periods = start_year * cube.PER_YEAR + np.arange(cube.PER_YEAR)
    compared_from = np.where(cube.start_year == start_year, cube.start, NEVER)
    starting = np.flatnonzero(compared_from != NEVER)
    drawn = np.ones((len(periods), cube.n_persons), dtype=bool)
    if len(periods) > 1:
        low, high = _spread(cube, periods, starting, exact)
        rng = np.random.default_rng([DEFAULT_SEED if seed is None else seed, start_year])
        u = rng.random(cube.n_persons)
        drawn = (low <= u) & (u < high)
    for s, here in zip(periods.tolist(), drawn, strict=True):
        candidate = here & cube.eligible_before(s) & _waiting(cube, s, window_end)
        compared_from[candidate & (compared_from == NEVER)] = s
    person = np.flatnonzero(compared_from != NEVER)
    return person, compared_from[person]


def _waiting(cube: Cube, start: int, window_end: int | None) -> BoolArray:
    """Return who never starts, or only after the last period of the window."""
    waiting: BoolArray = cube.start == NEVER
    if window_end is not None:
        waiting = waiting | (cube.start >= start + cube.PER_YEAR * (window_end + 1))
    return waiting


def _spread(
    cube: Cube, periods: IntArray, starting: IntArray, exact: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return F before and F at each month for every person's cell, each (months, n_persons)."""
    cell, cells = _cells(cube, periods, exact)
    month = cube.start[starting] - periods[0]
    started = np.zeros((cells + 1, len(periods)))
    np.add.at(started, (cell[month, starting], month), 1.0)
    # The last row is for those whose cell is not known.
    started[started.sum(axis=1) == 0] = started.sum(axis=0)
    started[-1] = np.bincount(month, minlength=len(periods))
    F = np.cumsum(started, axis=1) / started.sum(axis=1, keepdims=True)
    before = np.hstack([np.zeros((cells + 1, 1)), F[:, :-1]])
    at = np.arange(len(periods))[:, None]
    return before[cell, at], F[cell, at]


def _cells(cube: Cube, periods: IntArray, exact: Sequence[str]) -> tuple[IntArray, int]:
    """Return everybody's cell before each period, -1 where unknown, and the number of cells."""
    cell = np.zeros(len(periods) * cube.n_persons, dtype=np.int64)
    unknown = np.zeros(len(cell), dtype=bool)
    for name in exact:
        values = np.concatenate([cube.as_of(name, s - 1).values for s in periods.tolist()])
        codes, categories = pd.factorize(values)
        cell = cell * max(len(categories), 1) + codes
        unknown |= codes < 0
    known, cell = np.unique(np.where(unknown, -1, cell), return_inverse=True)
    cell = np.where(unknown, -1, cell - (known[0] < 0))
    return cell.reshape(len(periods), -1), len(known)
