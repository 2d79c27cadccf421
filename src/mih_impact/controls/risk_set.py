"""Risk sets: for each start year, those who start and those who could have but do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.cells import combined
from mih_impact.controls.covariates import Term, by_period, read_column, require_years
from mih_impact.controls.design import Coded, Column, Design, factorized
from mih_impact.controls.pseudo_start import Among, members
from mih_impact.display.labels import Label
from mih_impact.errors import SupportError
from mih_impact.panel.cube import NEVER, Cube

__all__ = ["Flow", "RiskSet", "build_risk_set", "cells"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

IN_REGISTER = Label(nb="i registeret", en="in the register")
OBSERVED = Label(nb="kjente kjennetegn før oppstart", en="characteristics before start are known")
IN_CELL = Label(
    nb="har noen i samme gruppe på den andre siden",
    en="somebody on the other side in the same exact cell",
)


@dataclass(frozen=True)
class Flow:
    """Persons left after one filter: participants, and distinct persons among candidates."""

    step: str
    label: Label
    participants: int
    candidates: int
    candidate_rows: int


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

    @property
    def start_years(self) -> IntArray:
        """The start years, ascending."""
        return np.flatnonzero(np.bincount(self.start_year))


def _flow(step: str, label: Label, person: IntArray, treated: BoolArray, left: BoolArray) -> Flow:
    """Count the rows that are left after a filter, by side."""
    candidate = left & ~treated
    met = np.zeros(int(person.max(initial=-1)) + 1, dtype=bool)
    met[person[candidate]] = True
    return Flow(step, label, int((left & treated).sum()), int(met.sum()), int(candidate.sum()))


def _require_period_before(cube: Cube, start: IntArray) -> None:
    periods = np.unique(start)
    seen = cube.has(periods - 1)
    if not seen.all():
        raise SupportError(
            "Some start years have no register rows before them",
            found=f"starts in {cube.named(periods[~seen])}; the register has {cube.span}",
            do="bring earlier years or leave those who start then out of the panel",
        )


def build_risk_set(
    cube: Cube,
    *,
    on: Sequence[Term],
    exact: Sequence[str],
    window_end: int | None = None,
    within: bool = True,
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
    seed
        Seed of the months that candidates are compared from, in a panel by month.
    among
        The participants and candidates it is about; all if None.

    Returns
    -------
    RiskSet
        Rows with every term known, in exact cells that hold both a participant and a candidate.

    Raises
    ------
    SupportError
        Nobody starts, a term falls outside the register, no participant or no candidate has every
        term known, or no cell holds both sides.
    """
    starts = cube.start[cube.start != NEVER]
    if not len(starts):
        raise SupportError(
            "Nobody in the panel starts",
            found="0 persons with a start year",
            do="name the column with the start year: columns={'start_year': ...}; or, where a "
            "register has several measures, the one to look at: measure=",
        )
    _require_period_before(cube, starts)
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

    known = np.ones(len(person), dtype=bool)
    for column in columns.values():
        known &= _given(column)
    _require_known(columns, is_treated, known)

    cell = cells(start_year, [columns[name] for name in exact if within], known)
    cell, kept = _in_cells_of_both(cell, is_treated, known)
    flow = (
        _flow("register", IN_REGISTER, person, is_treated, np.ones_like(known)),
        _flow("observed", OBSERVED, person, is_treated, known),
        _flow("cell", IN_CELL, person, is_treated, kept),
    )
    if not kept.any():
        raise SupportError(
            "No exact cell holds both a participant and a candidate",
            found=f"{flow[1].participants} participants and {flow[1].candidates} candidates "
            "with known characteristics",
            do="match exactly on fewer columns, or on coarser ones",
        )
    # Where everybody stays nothing is copied.
    rows = slice(None) if kept.all() else np.flatnonzero(kept)
    columns = {term: column[rows] for term, column in columns.items()}
    m = int(kept.sum())
    return RiskSet(
        cube=cube,
        person=person[rows],
        start=start[rows],
        start_year=start_year[rows],
        treated=is_treated[rows],
        cell=cell[rows],
        design=Design.of([(term, columns[term]) for term in on], m),
        exact_design=Design.of(
            [(name, _as_category(columns[name])) for name in exact], m, drop_one=False
        ),
        carried={term: rows for term, rows in carried.items() if rows},
        flow=flow,
    )


def _given(column: Column) -> BoolArray:
    """Return where a value is known, shape (m,)."""
    if isinstance(column, Coded):
        return np.asarray(column.codes >= 0)
    return np.asarray(pd.notna(column))


def _as_category(column: Column) -> Column:
    """Return numbers as objects, so that each value is a category."""
    return column if isinstance(column, Coded) else column.astype(object)


def _in_cells_of_both(
    cell: IntArray, treated: BoolArray, known: BoolArray
) -> tuple[IntArray, BoolArray]:
    """Return the number of each cell that holds both sides, and who is in one.

    Returns
    -------
    tuple
        Numbers, without meaning for other cells, and whether known and in one; shapes (m,).
    """
    sides = np.zeros((2, int(cell.max(initial=-1)) + 1), dtype=bool)
    sides[0, cell[known & treated]] = True
    sides[1, cell[known & ~treated]] = True
    both = sides[0] & sides[1]
    number = np.cumsum(both) - 1
    return number[cell], known & both[cell]


def _require_known(columns: dict[Term, Column], treated: BoolArray, known: BoolArray) -> None:
    """Raise if nobody of one side has every characteristic, saying which are missing."""
    for side, rows in (("participant", treated), ("candidate", ~treated)):
        if not rows.any() or known[rows].any():
            continue
        gaps = {term: int((~_given(column[rows])).sum()) for term, column in columns.items()}
        missing = [f"{term} for {n}" for term, n in gaps.items() if n]
        raise SupportError(
            f"No {side} has every characteristic known",
            found=f"{int(rows.sum())} {side} rows; missing: {', '.join(missing)}",
            do="leave the emptiest column out of on= or exact=, or fill it in the panel",
        )


def cells(start_year: IntArray, exact: Sequence[Column], known: BoolArray) -> IntArray:
    """Give each combination of start year and exact values a number; 0 where one is unknown."""
    first, last = int(start_year.min()), int(start_year.max())
    of_exact = (factorized(column) for column in exact)
    columns = ((codes, len(categories)) for codes, categories in of_exact)
    cell, _ = combined([(start_year - first, last - first + 1), *columns])
    cell[~known] = 0
    return cell
