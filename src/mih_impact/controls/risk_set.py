"""Risk sets: for each start year, those who start and those who could have but do not.

In a panel by year everybody is compared from the same year. In a panel by month a candidate is
given a month to be compared from, so that candidates are spread over the months as participants
are, and is a candidate only if eligible the month before. Nothing that happens later is looked at,
so nobody is a candidate because of having stayed eligible for long: no time is immortal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.covariates import (
    Modelled,
    by_period,
    design_weights,
    has_both_sides,
    is_known,
    no_sides,
    one_sided,
    read_column,
    require_known,
    require_years,
    warn_of_times,
)
from mih_impact.controls.design import Coded, Column, Design, combined, factorized
from mih_impact.controls.flow import (
    IN_CELL,
    IN_CELL_STILL,
    IN_REGISTER,
    OBSERVED,
    PRESENT,
    Flow,
    about,
    left_after,
)
from mih_impact.controls.terms import Term
from mih_impact.errors import SupportError, warn
from mih_impact.panel.cube import NEVER, Cube

__all__ = [
    "DEFAULT_SEED",
    "Among",
    "RiskSet",
    "build_risk_set",
    "cells",
    "members",
    "require_starters",
    "uniform_number",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
        u = uniform_number(cube.person_id, seed, start_year)
        could = _compared_from(u, _chances(cube, periods, np.flatnonzero(starts), could, exact))
    for s, here in zip(periods.tolist(), could, strict=True):
        compared_from[here] = s
    person = np.flatnonzero(compared_from != NEVER)
    return person, compared_from[person]


def uniform_number(
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


def _compared_from(u: FloatArray, chance: FloatArray) -> BoolArray:
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


@dataclass(frozen=True, eq=False)
class RiskSet:
    """Stacked risk sets, a row per person and start year, sorted by start year, then person.

    In a panel by month a row has its own month of start, which candidates are given by chance.

    Attributes
    ----------
    cube
        The persons' outcomes and covariates.
    person
        Position in the cube, shape (m,).
    start
        The period the row is compared from, shape (m,).
    start_year
        The start year the row is compared in, shape (m,).
    treated
        Whether the person starts in that year, shape (m,).
    cell
        Number of the start year and exact cell, shape (m,).
    design
        Covariates of `on`, m rows.
    exact_design
        Indicators of every value of the exact columns, m rows.
    carried
        How many rows read each varying term from an earlier year.
    flow
        Persons through each filter.
    settled
        Terms of which one value is left once the values of one side are left out; they have no
        column in `design`.
    weight
        Design weight of each row, shape (m,), 1 in the mean of those who start; None without.
    warned
        What was warned of when it was built.
    mirror_of
        The risk sets that these are with sides exchanged; None where they are as they were built.
    """

    cube: Cube
    person: IntArray
    start: IntArray
    start_year: IntArray
    treated: BoolArray
    cell: IntArray
    design: Design
    exact_design: Design
    carried: dict[str, int]
    flow: tuple[Flow, ...]
    settled: tuple[Term, ...] = ()
    weight: FloatArray | None = None
    warned: tuple[str, ...] = ()
    mirror_of: RiskSet | None = None

    @property
    def weights(self) -> FloatArray:
        """The design weight of each row, 1 where there are none, shape (m,)."""
        return np.ones(len(self.person)) if self.weight is None else self.weight

    @cached_property
    def start_years(self) -> IntArray:
        """The start years, ascending."""
        return np.flatnonzero(np.bincount(self.start_year))

    @property
    def mirrored(self) -> RiskSet:
        """The same with sides exchanged: candidates look for participants."""
        return self.mirror_of or replace(self, treated=~self.treated, mirror_of=self)

    def require_varying(self, on: Sequence[Term], *, one_does: bool = False) -> None:
        """Raise on a term of one value, as `Design.require_varying`.

        A term of which the values of one side were left out need not vary, if another one does.
        """
        others = [term for term in on if term not in self.settled]
        self.design.require_varying(others or on, one_does=one_does)


def require_starters(cube: Cube) -> None:
    """Raise where nobody starts."""
    if not (cube.start_year != NEVER).any():
        raise SupportError(
            "Nobody in the panel starts",
            found="0 persons with a start year",
            do="name the column with the start year: columns={'start_year': ...}; or, where a "
            "register has several measures, the one to look at: measure=",
        )


def _starts(cube: Cube) -> IntArray:
    """Return the periods in which somebody starts; raise on none, or with none before it."""
    require_starters(cube)
    starts: IntArray = cube.start[cube.start != NEVER]
    periods = np.unique(starts)
    seen = cube.has(periods - 1)
    if not seen.all():
        raise SupportError(
            "Some start years have no register rows before them",
            found=f"starts in {cube.named(periods[~seen])}; the register has {cube.span}",
            do=f"bring the rows of {cube.named(periods[~seen] - 1)}, or leave those who start in "
            f"{cube.named(periods[~seen])} out of the panel",
        )
    return starts


#: Risk sets that a group still holds, by what they were built from: other choices of controls
#: among the same persons need not build them again.
_HELD: WeakValueDictionary[tuple[Any, ...], RiskSet] = WeakValueDictionary()


def build_risk_set(
    cube: Cube,
    *,
    on: Sequence[Term],
    exact: Sequence[str],
    window_end: int | None = None,
    within: bool = True,
    modelled: Modelled = None,
    seed: int | None = None,
    among: Among | None = None,
) -> RiskSet:
    """Stack the risk sets of all start years, with covariates measured before each start year.

    Parameters
    ----------
    cube
        Participants and eligible candidates.
    on
        Terms of the score or distance.
    exact
        Columns that participants and controls must share, as of the year before start.
    window_end
        Candidates do not start within this many years after the start year, and may start later;
        None: they never start.
    within
        Whether cells are start year and exact values; else a start year is one cell, and the exact
        columns are only described.
    modelled
        See `Modelled`: who has a value of `on`, or of an exact column that is only described, that
        nobody on the other side has is left out.
    seed
        Seed of the months that candidates are compared from, in a panel by month.
    among
        The participants and candidates it is about; all if None.

    Returns
    -------
    RiskSet
        Rows with every term known, in exact cells that hold both a participant and a candidate.
        Participants are present in the period before as candidates are: with a row, or resident.

    Raises
    ------
    SupportError
        Nobody starts, a term falls outside the register, no participant or no candidate has every
        term known, or no cell holds both sides.
    """
    asked = (cube, (*on,), (*exact,), window_end, within, modelled, seed, among)
    if (held := _HELD.get(asked)) is not None:
        for said in held.warned:
            warn(said)
        return held
    starts = _starts(cube)
    terms: list[Term] = list(dict.fromkeys([*on, *exact]))
    require_years(cube, terms, starts)

    start_years = np.unique(starts // cube.PER_YEAR).tolist()
    found = [members(cube, c, exact, window_end, seed, among) for c in start_years]
    person = np.concatenate([persons for persons, _ in found])
    start = np.concatenate([periods for _, periods in found])
    start_year = start if cube.PER_YEAR == 1 else start // cube.PER_YEAR
    is_treated = cube.start[person] == start
    periods = list(by_period(start))
    reads = {term: read_column(cube, term, person, periods) for term in terms}
    columns = {term: values for term, (values, _) in reads.items()}
    carried = {str(term): many for term, (_, many) in reads.items()}
    del reads

    warned = [warn_of_times(cube, name, columns[name][is_treated]) for name in exact]
    known, flow = _all_known(columns, person, is_treated, _present(cube, person, periods))
    cell = cells(start_year, [columns[name] for name in exact if within], known)
    kept = known & has_both_sides(cell, is_treated, known)
    flow.append(left_after("observed", OBSERVED, person, is_treated, known))
    flow.append(left_after("cell", IN_CELL, person, is_treated, kept))
    if not kept.any():
        own = {name: columns[name] for name in exact if within}
        raise no_sides(flow[-2], own, start_year, is_treated, known)
    # Where everybody stays nothing is copied.
    rows = slice(None) if kept.all() else np.flatnonzero(kept)
    stacked = _Stacked(person, start, start_year, is_treated, cell, columns).take(rows)
    described = () if within else exact
    left, steps, settled = stacked.with_both_sides([*on, *described], modelled)
    m = len(left.person)
    _HELD[asked] = built = RiskSet(
        cube=cube,
        person=left.person,
        start=left.start,
        start_year=left.start_year,
        treated=left.treated,
        cell=_renumbered(left.cell),
        design=Design.of([(term, left.columns[term]) for term in on if term not in settled], m),
        exact_design=Design.of(
            [(name, _as_category(left.columns[name])) for name in exact], m, drop_one=False
        ),
        carried={term: rows for term, rows in carried.items() if rows},
        flow=(*flow, *steps),
        settled=settled,
        weight=_weight(cube, left.person[left.treated], left.person),
        warned=tuple(filter(None, warned)),
    )
    return built


def _weight(cube: Cube, starters: IntArray, person: IntArray) -> FloatArray | None:
    """Return the design weight of rows, 1 in the mean of those who start."""
    weight = design_weights(cube)
    return None if weight is None else weight[person] / float(weight[starters].mean())


def _all_known(
    columns: dict[Term, Column], person: IntArray, treated: BoolArray, present: BoolArray
) -> tuple[BoolArray, list[Flow]]:
    """Return which rows are present with every term known, shape (m,), and the flow until there."""
    known = present.copy()
    everybody = np.ones(len(person), dtype=bool)
    flow = [left_after("register", IN_REGISTER, person, treated, everybody)]
    if not known.all():
        flow.append(left_after("present", PRESENT, person, treated, known))
    for term, column in columns.items():
        given = is_known(column)
        if (known & ~given).any():
            known &= given
            step, label, name = about("known", term)
            flow.append(left_after(step, label, person, treated, known, name))
    require_known(columns, treated, known, flow)
    return known, flow


@dataclass(frozen=True, eq=False)
class _Stacked:
    """Rows of the risk sets, and the columns that are read of them."""

    person: IntArray
    start: IntArray
    start_year: IntArray
    treated: BoolArray
    cell: IntArray
    columns: dict[Term, Column]

    def take(self, rows: IntArray | slice) -> _Stacked:
        """Return some of the rows."""
        return _Stacked(
            self.person[rows],
            self.start[rows],
            self.start_year[rows],
            self.treated[rows],
            self.cell[rows],
            {term: column[rows] for term, column in self.columns.items()},
        )

    def with_both_sides(
        self, terms: Sequence[Term], modelled: Modelled
    ) -> tuple[_Stacked, list[Flow], tuple[Term, ...]]:
        """Return who has no value that one side alone has, the steps, and terms of one value."""
        terms = list(dict.fromkeys(terms))
        if modelled is None or not terms:
            return self, [], ()
        why = one_sided(
            [self.columns[term] for term in terms],
            self.treated,
            self.cell,
            group=None if modelled == "all" else self.start_year - int(self.start_year.min()),
            candidates=modelled != "weights",
        )
        if (why < 0).all():
            return self, [], ()
        lost = [k for k in range(len(terms) + 1) if (why == k).any()]
        steps = list(self._steps(terms, why, lost))
        left = self.take(np.flatnonzero(why < 0))
        if not len(left.person):
            names = ", ".join(str(terms[k]) for k in lost if k < len(terms))
            raise SupportError(
                f"Participants and candidates have no value in common of {names}: there is no "
                "common support",
                found=f"{int(self.treated.sum())} participants and "
                f"{len(np.unique(self.person[~self.treated]))} candidates with known "
                "characteristics",
                do=f"leave {names} out, or make it coarser",
            )
        settled = [terms[k] for k in lost if k < len(terms) and _one_value(left.columns[terms[k]])]
        return left, steps, tuple(settled)

    def _steps(self, terms: Sequence[Term], why: IntArray, lost: list[int]) -> Iterator[Flow]:
        left = np.ones(len(why), dtype=bool)
        for k in lost:
            left &= why != k
            who = self.person, self.treated, left
            if k < len(terms):
                step, label, name = about("level", terms[k])
                yield left_after(step, label, *who, name)
            else:
                yield left_after("cell_left", IN_CELL_STILL, *who)


def _present(
    cube: Cube, person: IntArray, periods: list[tuple[int, slice | IntArray]]
) -> BoolArray:
    """Return who can be compared from its period, shape (m,), as candidates all are."""
    present = np.ones(len(person), dtype=bool)
    for s, rows in periods:
        present[rows] = cube.present_before(s)[person[rows]]
    return present


def _renumbered(cell: IntArray) -> IntArray:
    """Return the same cells, numbered from 0 without gaps."""
    if cell.min() == cell.max():
        return np.broadcast_to(np.int64(0), cell.shape)
    met = np.zeros(int(cell.max()) + 1, dtype=bool)
    met[cell] = True
    return (np.cumsum(met) - 1)[cell]


def _one_value(column: Column) -> bool:
    values = column.codes if isinstance(column, Coded) else column
    return bool((values == values[0]).all())


def _as_category(column: Column) -> Column:
    """Return numbers as objects, so that each value is a category."""
    return column if isinstance(column, Coded) else column.astype(object)


def cells(start_year: IntArray, exact: Sequence[Column], known: BoolArray) -> IntArray:
    """Give each combination of start year and exact values a number; 0 where one is unknown."""
    first, last = int(start_year.min()), int(start_year.max())
    of_exact = (factorized(column) for column in exact)
    columns = ((codes, len(categories)) for codes, categories in of_exact)
    cell, _ = combined([(start_year - first, last - first + 1), *columns])
    cell[~known] = 0
    return cell
