"""Who could have started in a year, and when.

In a panel by year everybody is compared from the same year. In a panel by month a candidate is
given a month to be compared from, so that candidates are spread over the months as participants
are, and is a candidate only if eligible the month before. Nothing that happens later is looked at,
so nobody is a candidate because of having stayed eligible for long: no time is immortal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.cells import combined
from mih_impact.panel.cube import NEVER, Cube

__all__ = ["DEFAULT_SEED", "Among", "drawn_number", "members"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Seed of what is drawn where none is given.
DEFAULT_SEED = 2025
#: As many cells as a table over cells and months may have.
MOST_CELLS = 100_000
#: Sums of chances that exceed 1 by no more than this are 1.
SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Among:
    """A part of the register that is looked at on its own.

    Attributes
    ----------
    starts
        Whose start counts, shape (persons of the cube,).
    could
        Who can be a candidate in a period, of the same shape; None for everybody.
    """

    starts: BoolArray
    could: Callable[[int], BoolArray] | None = None


def members(
    cube: Cube,
    start_year: int,
    exact: Sequence[str],
    window_end: int | None,
    seed: int | None,
    among: Among | None = None,
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
    among
        The participants and candidates it is about; all if None.

    Returns
    -------
    tuple
        Positions in the cube, ascending, and periods, each of shape (m,).

    Notes
    -----
    In a cell, month s is drawn by those who are eligible before it, and have not started, with
    chance

        q(s) = h(s) / sum of h over the year's months,    h(s) = n(s) / m(s),

    n(s) the participants of the cell who start in s, m(s) the candidates of the cell that month:
    however their number changes over the year, q(s) m(s) of them stand beside the n(s). Everybody
    has one uniform number u in a start year, and is compared from the month in which the sum of its
    own chances, along the cells it is in, passes u. Who moves may have chances that add up to more
    than 1; all are then divided by the largest sum. In a cell without participants q is that of the
    whole start year. u is reckoned from the seed, the start year and the identifier, so that who
    else is in the register does not matter.
    """
    periods = start_year * cube.PER_YEAR + np.arange(cube.PER_YEAR)
    starts = cube.start_year == start_year
    could = np.stack(
        [cube.eligible_before(s) & _waiting(cube, s, window_end) for s in periods.tolist()]
    )
    could &= ~starts
    if among is not None:
        starts = starts & among.starts
        if among.could is not None:
            could &= np.stack([among.could(s) for s in periods.tolist()])
    compared_from = np.where(starts, cube.start, NEVER)
    if len(periods) > 1:
        u = drawn_number(cube.person_id, seed, start_year)
        could = _drawn(u, _chances(cube, periods, np.flatnonzero(starts), could, exact))
    for s, here in zip(periods.tolist(), could, strict=True):
        compared_from[here] = s
    person = np.flatnonzero(compared_from != NEVER)
    return person, compared_from[person]


def drawn_number(
    person_id: NDArray[np.object_], seed: int | None, start_year: int, what: str = ""
) -> FloatArray:
    """Return a number between 0 and 1 for every person, from its identifier, shape (n_persons,).

    What is drawn with another `what` has nothing to do with this.
    """
    seed = DEFAULT_SEED if seed is None else seed
    key = hashlib.sha256(f"{seed} {start_year} {what}".rstrip().encode()).hexdigest()[:16]
    hashed = pd.util.hash_array(person_id, hash_key=key, categorize=False)
    return (hashed >> np.uint64(11)).astype(np.float64) / 2.0**53


def _waiting(cube: Cube, start: int, window_end: int | None) -> BoolArray:
    """Return who never starts, or only after the last period of the window.

    Where comparisons end with another measure, who begins one there and then is nobody's control.
    """
    waiting: BoolArray = cube.start == NEVER
    if window_end is not None:
        waiting = waiting | (cube.start >= start + cube.PER_YEAR * (window_end + 1))
    return waiting & ~cube.begins_other(start)


def _chances(
    cube: Cube, periods: IntArray, starting: IntArray, could: BoolArray, exact: Sequence[str]
) -> FloatArray:
    """Return everybody's chance of each month, given who could be compared from it, same shape."""
    cell, cells = _cells(cube, periods, exact)
    month = cube.start[starting] - periods[0]
    started = _counted(cell[month, starting], month, cells, len(periods))
    months, waiters = np.nonzero(could)
    waiting = _counted(cell[months, waiters], months, cells, len(periods))
    # A cell without participants has the chances of all; the last row is for unknown cells.
    bare = started.sum(axis=1) == 0
    bare[-1] = True
    started[bare], waiting[bare] = started.sum(axis=0), waiting.sum(axis=0)
    hazard = np.where(waiting > 0, started / np.maximum(waiting, 1.0), 0.0)
    share = hazard / np.maximum(hazard.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return np.where(could, share[cell, np.arange(len(periods))[:, None]], 0.0)


def _drawn(u: FloatArray, chance: FloatArray) -> BoolArray:
    """Return who is compared from each month, shape of `chance`, each from one at most."""
    top = np.cumsum(chance, axis=0)
    # Sums that are 1 on paper and a little more in floating point are no moves.
    most = max(1.0, float(top[-1].max(initial=0.0)) - SLACK)
    return (top - chance <= u * most) & (u * most < top)


def _counted(cell: IntArray, month: IntArray, cells: int, months: int) -> FloatArray:
    """Return how many are in each cell and month, shape (cells + 1, months); cell -1 comes last."""
    place = np.where(cell < 0, cells, cell) * months + month
    many = np.bincount(place, minlength=(cells + 1) * months)
    return many.reshape(cells + 1, months).astype(np.float64)


def _cells(cube: Cube, periods: IntArray, exact: Sequence[str]) -> tuple[IntArray, int]:
    """Return everybody's cell before each period, -1 where unknown, and the number of cells."""
    columns = [_codes_before(cube, name, periods) for name in exact]
    if not columns:
        return np.zeros((len(periods), cube.n_persons), dtype=np.int64), 1
    cell, cells = combined(columns, most=MOST_CELLS)
    for codes, _ in columns:
        cell[codes < 0] = -1
    return cell, cells


def _codes_before(cube: Cube, name: str, periods: IntArray) -> tuple[NDArray[np.integer], int]:
    """Return a column's values before each period as codes, -1 where unknown, and how many."""
    if name in cube.code:
        codes = np.stack([cube.code_as_of(name, s - 1)[0] for s in periods.tolist()])
        return codes, len(cube.categories[name])
    values = np.concatenate([cube.as_of(name, s - 1).values for s in periods.tolist()])
    found, categories = pd.factorize(values)
    return found.reshape(len(periods), -1), len(categories)
