"""Who is compared: for each start year its starters, and those who had not started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import (
    design_weights,
    has_both_sides,
    one_sided,
    read_term,
    require_years,
)
from mih_impact.controls.design import Coded, Column, Design
from mih_impact.controls.flow import Flow, Tally
from mih_impact.controls.terms import Lag, Term
from mih_impact.effects.inference.covariance import FEWEST
from mih_impact.errors import EffectsError, OptionError, SupportError
from mih_impact.panel.cube import NEVER, Cube, Dead

__all__ = [
    "BasePeriod",
    "Controls",
    "Outcomes",
    "StartGroup",
    "Windows",
    "build_windows",
    "cluster_labels",
    "read_outcomes",
    "require_cluster",
    "require_followed",
    "start_groups",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Controls = Literal["never", "not_yet"]
BasePeriod = Literal["universal", "varying"]

#: Later than any calendar year: those who never start have not started by any of them.
NO_START = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Windows:
    """The years each start year's effects compare, as positions among the years with rows.

    Attributes
    ----------
    starts
        The G start years, ascending.
    years
        The T calendar years, ascending.
    base
        Position of the year that year t is compared with, shape (G, T); -1 where the register has
        no such year.
    free_after
        A control must start later than this year, shape (G, T).
    """

    starts: IntArray
    years: IntArray
    base: IntArray
    free_after: IntArray


def build_windows(cube: Cube, base_period: BasePeriod, anticipation: int) -> Windows:
    """Place the base year of every start year and year.

    Notes
    -----
    The base is start - 1 - anticipation; with "varying", before the start, it is the year before.
    A control must not have started, nor be about to, in the later of the year and its base.
    """
    years = cube.years
    starts = np.unique(cube.start_year[cube.start_year != NEVER])
    start = starts[:, None]
    base_year = np.broadcast_to(start - 1 - anticipation, (len(starts), len(years)))
    if base_period == "varying":
        base_year = np.where(years[None, :] < start, years[None, :] - 1, base_year)
    place = np.minimum(np.searchsorted(years, base_year), len(years) - 1)
    base = np.where(years[place] == base_year, place, -1)
    free_after = np.maximum(years[None, :], base_year) + anticipation
    return Windows(starts, years, base, free_after)


@dataclass(frozen=True, eq=False)
class StartGroup:
    """The starters of one year and those they can be compared with.

    Attributes
    ----------
    start_year
        The year they start.
    treated, treated_cell
        Positions in the cube of the starters, ascending, and the exact cell of each.
    control, control_cell
        The same for persons eligible the year before who had not started.
    control_start
        When a control starts itself, `NO_START` if never.
    later
        The controls that start themselves.
    n_cells
        Number of exact cells; each holds both sides.
    design
        Covariates of the starters, then of the controls.
    n_starters
        Starters in the register.
    """

    start_year: int
    treated: IntArray
    treated_cell: IntArray
    control: IntArray
    control_cell: IntArray
    control_start: IntArray
    later: IntArray
    n_cells: int
    design: Design
    n_starters: int


def start_groups(
    cube: Cube,
    windows: Windows,
    *,
    covariates: Sequence[Term],
    exact: Sequence[str],
    controls: Controls,
    anticipation: int,
    logit: bool,
) -> tuple[list[StartGroup], tuple[Flow, ...]]:
    """Gather the comparison of every start year, and who is left after each filter.

    Exact cells and eligibility are read in the year before start, covariates in the base year
    start - 1 - anticipation. Starters whose year has neither in the register are compared with
    nobody. A starter is present in the year before start as controls are: with a row, or resident.

    Parameters
    ----------
    logit
        Whether a propensity is fitted: then controls with a value of a covariate that no starter of
        the year has are left out, as starters with a value that no control has are always.

    Raises
    ------
    SupportError
        Nobody starts, a covariate falls outside the register, or nobody can be compared.
    """
    observed = set(windows.years.tolist())
    usable = np.array(
        [g for g in windows.starts.tolist() if {g - 1, g - 1 - anticipation} <= observed],
        dtype=np.int64,
    )
    if not len(usable):
        raise _no_base_year(cube, windows.starts, anticipation)
    require_years(cube, list(covariates), usable, ahead=anticipation)
    require_years(cube, list(exact), usable)
    earliest = (
        windows.free_after.min(axis=1)
        if controls == "not_yet"
        else [NO_START] * len(windows.starts)
    )
    tally = Tally(list(dict.fromkeys([*covariates, *exact])), covariates, cube.n_persons)
    never = None
    if not (covariates or exact or cube.state.any()) and cube.eligible.all():
        never = np.flatnonzero(cube.start_year == NEVER)  # one array for all start years
    groups: list[StartGroup] = []
    for g, after in zip(windows.starts.tolist(), earliest, strict=True):
        if g not in usable:
            groups.append(_uncovered(cube, g, tally))
        elif never is not None and len(never):
            groups.append(_everybody(cube, g, never, int(after), tally))
        else:
            groups.append(
                _start_group(cube, g, covariates, exact, int(after), anticipation, logit, tally)
            )
    flow = tally.flow()
    if not any(len(group.treated) for group in groups):
        raise _nobody(flow)
    vary = {term for group in groups for term in group.design.terms}
    vary |= {term for term in covariates if any(step.step == f"level: {term}" for step in flow)}
    if constant := [str(term) for term in covariates if term not in vary]:
        raise SupportError(
            f"{', '.join(constant)} in covariates= does not vary",
            found="one value among those who are compared, in every start year",
            do="leave it out of covariates=",
        )
    return groups, flow


def _no_base_year(cube: Cube, starts: IntArray, anticipation: int) -> SupportError:
    """Return the error where the register lacks every base year, with the years it lacks."""
    missing = np.unique([starts - 1, starts - 1 - anticipation])
    missing = missing[~np.isin(missing, cube.years)]
    less = "give a smaller anticipation=, " if anticipation else ""
    return SupportError(
        "No start year has its base year in the register",
        found=f"start years {cube.named(starts)}; the register has {cube.span}",
        do=f"{less}bring the rows of {cube.named(missing)}, or see that start_year is the column "
        "with the start year: columns={'start_year': ...}",
    )


def _nobody(flow: Sequence[Flow]) -> SupportError:
    """Return the error for start years without anybody to compare."""
    left = {step.step: step.participants for step in flow}
    levels = [str(step.column) for step in flow if step.step.startswith("level")]
    if left["cell"] and levels:
        names = ", ".join(levels)
        return SupportError(
            f"Starters and controls have no value in common of {names}: there is no common support",
            found=f"{left['cell']} starters with known characteristics",
            do=f"leave {names} out of covariates=, or make it coarser",
        )
    return SupportError(
        "No start year has both starters and persons to compare them with",
        found=f"{left['observed']} starters with known characteristics",
        do="choose coarser exact=, wider eligible=, or controls='not_yet'",
    )


def _uncovered(cube: Cube, g: int, tally: Tally) -> StartGroup:
    """Return the starters of a year whose base year has no register rows: nobody is compared."""
    nobody = np.empty(0, dtype=np.int64)
    none = Design.of([], 0)
    starters = np.flatnonzero(cube.start_year == g)
    everyone = np.ones(len(starters), dtype=bool)
    tally.add(starters, len(starters), [everyone])
    return StartGroup(g, nobody, nobody, nobody, nobody, nobody, nobody, 0, none, len(starters))


def _start_group(
    cube: Cube,
    g: int,
    covariates: Sequence[Term],
    exact: Sequence[str],
    later_than: int,
    anticipation: int,
    logit: bool,
    tally: Tally,
) -> StartGroup:
    """Gather the starters of a year, never-starters, and those who start later than a year."""
    starter = cube.start_year == g
    free = cube.start_year == NEVER
    if later_than < NO_START:
        free |= (cube.start_year > later_than) & ~starter
    free &= cube.eligible_before(g)
    n = n_starters = int(starter.sum())
    person = np.concatenate([np.flatnonzero(starter), np.flatnonzero(free)])
    treated = np.zeros(len(person), dtype=bool)
    treated[:n] = True

    read: list[tuple[Term, NDArray[Any]]] = [
        (term, read_term(cube, term, g - anticipation)[0][person]) for term in covariates
    ]
    cells = {name: read_term(cube, name, g)[0][person] for name in exact}
    everyone, present = np.ones(len(person), dtype=bool), cube.present_before(g)
    left = [everyone, everyone if present.all() else present[person]]
    for column in _known_together(read, cells):
        left.append(left[-1] & column)
    cell = _cells(list(cells.values()), left[-1])
    left += [left[-1], _in_cells(cell, treated, left[-1])] if exact else _both(n, left[-1])
    columns: list[tuple[Term, Column]] = [(term, _coded(values)) for term, values in read]
    if columns:
        rows = np.flatnonzero(left[-1])
        why = one_sided(
            [column[rows] for _, column in columns], treated[rows], cell[rows], candidates=logit
        )
        for k in range(len(columns) + 1):
            left.append(left[-1].copy())
            left[-1][rows[why == k]] = False
    else:
        left.append(left[-1])
    kept = left[-1]
    tally.add(person, n, left)
    if not kept.all():
        n = int(kept[:n].sum())
        person, cell = person[kept], cell[kept]
        columns = [(term, values[kept]) for term, values in columns]
    # One value in a start year tells nobody apart, as that of a category has no indicator.
    columns = [(term, values) for term, values in columns if not _same(values)]
    if exact:
        both, cell = np.unique(cell, return_inverse=True)
    control_start, later = _own_starts(cube, person[n:], later_than)
    return StartGroup(
        start_year=g,
        treated=person[:n],
        treated_cell=cell[:n],
        control=person[n:],
        control_cell=cell[n:],
        control_start=control_start,
        later=later,
        n_cells=len(both) if exact else 1,
        design=Design.of(columns, len(person)),
        n_starters=n_starters,
    )


def _everybody(cube: Cube, g: int, never: IntArray, later_than: int, tally: Tally) -> StartGroup:
    """Gather starters and controls where all have rows in all years, and nothing tells them apart.

    `never` are those who never start, the same persons year after year.
    """
    start, control = cube.start_year, never
    if later_than < NO_START:
        control = np.flatnonzero((start == NEVER) | ((start > later_than) & (start != g)))
    treated = np.flatnonzero(start == g)
    tally.add_all(len(treated), control)
    control_start, later = _own_starts(cube, control, later_than)
    return StartGroup(
        start_year=g,
        treated=treated,
        treated_cell=np.broadcast_to(np.int64(0), len(treated)),
        control=control,
        control_cell=np.broadcast_to(np.int64(0), len(control)),
        control_start=control_start,
        later=later,
        n_cells=1,
        design=Design.of([], len(treated) + len(control)),
        n_starters=len(treated),
    )


def _own_starts(cube: Cube, control: IntArray, later_than: int) -> tuple[IntArray, IntArray]:
    """Return when controls start themselves, and those of them who do."""
    if later_than == NO_START:
        return np.broadcast_to(np.int64(NO_START), len(control)), control[:0]  # takes no memory
    start = cube.start_year[control]
    return np.where(start == NEVER, NO_START, start), control[start != NEVER]


def _known_together(
    read: Sequence[tuple[Term, NDArray[Any]]], cells: Mapping[str, NDArray[Any]]
) -> list[BoolArray]:
    """Return where each characteristic is known, one asked for twice being known in both years."""
    known: dict[Term, BoolArray] = {}
    for term, values in (*read, *cells.items()):
        known[term] = known.get(term, True) & np.asarray(pd.notna(values))
    return list(known.values())


def _both(n: int, known: BoolArray) -> list[BoolArray]:
    """Return who is known, and again where both sides are: the first `n` are starters."""
    both = known[:n].any() and known[n:].any()
    return [known, known if both else np.zeros_like(known)]


def _in_cells(cell: IntArray, treated: BoolArray, known: BoolArray) -> BoolArray:
    """Return who is known and in a cell with both sides."""
    place = np.where(known, cell, 0)
    return known & has_both_sides(place, treated, known)


def _coded(values: NDArray[Any]) -> Column:
    return Coded.of(values) if values.dtype == object else values


def _same(values: Column) -> bool:
    """Return whether all rows have one value."""
    found = values.codes if isinstance(values, Coded) else values
    return bool((found == found[:1]).all())


def _cells(columns: Sequence[NDArray[Any]], kept: BoolArray) -> IntArray:
    """Give each combination of exact values a number; -1 where one is not known."""
    if not columns:
        return np.broadcast_to(np.int64(0), len(kept))
    cell = np.zeros(len(kept), dtype=np.int64)
    for column in columns:
        codes, categories = pd.factorize(column)
        cell, _ = pd.factorize(cell * (len(categories) + 1) + codes + 1)
    return np.where(kept, cell, -1).astype(np.int64)


def require_followed(cube: Cube, call: str) -> None:
    """Raise where nobody is seen twice, so that there are no changes to compare.

    Where residency is known a year without a row is a year without income, and nobody is refused.
    """
    n = cube.n_persons
    if cube.residency_known or not n or np.count_nonzero(cube.row) > n:
        return
    if (cube.row.sum(axis=1) > 1).any():
        return
    years = len(cube.years)
    raise SupportError(
        f"{call} compares changes of the same persons, and nobody is seen in more than one year: "
        "repeated cross-sections are not supported",
        found=f"{n} persons, each with one row; {years} years with rows",
        do="see that person_id names the same person in every year: columns={'person_id': ...}; "
        "or read one period with mih.read_cross_section",
    )


def require_cluster(cluster: Term) -> None:
    """Raise on clusters that are no column."""
    if not isinstance(cluster, str | Lag) or cluster == "person_id":
        raise OptionError(
            "Clusters are persons, or the values of one column above them",
            found=f"cluster={arguments.shown(cluster)}",
            do='give cluster="person", or name a column, such as cluster="municipality"',
        )


def cluster_labels(cube: Cube, serving: Sequence[tuple[int, IntArray]], term: Term) -> IntArray:
    """Return the number of each person's cluster, shape (persons of the cube,); -1 for none.

    `serving` are start years, ascending, and who serves in each. A person belongs to the cluster
    of the year before the first start year it serves, in all start years, so that clusters are
    unions of persons.

    Raises
    ------
    EffectsError
        Somebody who is compared has no value, or there are fewer than 20 clusters.
    """
    value = np.full(cube.n_persons, np.nan, dtype=object)
    serves = np.zeros(cube.n_persons, dtype=bool)
    for start_year, persons in serving:
        who = persons[~serves[persons]]
        if len(who):
            value[who] = read_term(cube, term, start_year)[0][who]
            serves[who] = True
    unknown = int(pd.isna(value[serves]).sum())
    if unknown:
        raise EffectsError(
            f"Some persons have no {term} before start",
            found=f"{unknown} of {int(serves.sum())} persons who are compared",
            do="name it in exact=, so that those without a value are left out, or choose another "
            "column",
        )
    label = np.full(cube.n_persons, -1, dtype=np.int64)
    label[serves], found = pd.factorize(value[serves], sort=True)
    if len(found) < FEWEST:
        raise EffectsError(
            f"Too few clusters for standard errors by {term}",
            found=f"{len(found)} clusters, and at least {FEWEST} are needed",
            do="choose a finer column, or cluster='person'",
        )
    return label


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What every person of the cube has in every year with register rows.

    Attributes
    ----------
    names
        The K outcomes.
    years
        The T calendar years with register rows, ascending.
    values
        Shape (n_persons, K * T), outcome-major, NaN where not seen (0 where nobody is); each column
        less its mean among those who never start, which no contrast of changes can feel and which
        keeps sums of squares exact.
    anybody
        Whether anybody is seen in the column, shape (K * T,).
    complete
        Whether a person is seen wherever anybody is, shape (n_persons,).
    weight
        The design weight of every person, 1 in the mean of those who start, shape (n_persons,);
        None without design weights.
    middle
        What was taken from each column, shape (K * T,).
    """

    names: tuple[str, ...]
    years: IntArray
    values: FloatArray
    anybody: BoolArray
    complete: BoolArray
    weight: FloatArray | None = None
    middle: FloatArray | float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """Number of outcomes and of years."""
        return len(self.names), len(self.years)


def read_outcomes(cube: Cube, names: Sequence[str], *, dead: Dead) -> Outcomes:
    """Read outcomes out of the cube; years without rows for anybody are left out."""
    seen, weight = cube.observed, design_weights(cube)
    if weight is not None:
        weight = weight / weight[cube.start_year != NEVER].mean()
    tables = [cube.outcome(name, dead=dead) for name in names]
    if not seen.all():
        tables = [table[:, seen] for table in tables]
    values = tables[0] if len(tables) == 1 else np.concatenate(tables, axis=1)
    never = cube.start_year == NEVER
    # A plain sum is quick, and tells at once whether anything is missing at all.
    total = never.astype(np.float64) @ values
    if np.isfinite(total).all() and np.isfinite(values[~never]).all():
        anybody = np.ones(values.shape[1], dtype=bool)
        complete = np.ones(len(values), dtype=bool)
        middle = total / max(int(never.sum()), 1)
    else:
        finite = np.isfinite(values)
        anybody = np.asarray(finite.any(axis=0))
        complete = np.asarray(finite[:, anybody].all(axis=1))
        values[:, ~anybody] = 0.0
        whole = values[never & complete]
        middle = whole.mean(axis=0) if len(whole) else np.zeros(values.shape[1])
    values -= middle
    return Outcomes(tuple(names), cube.years, values, anybody, complete, weight, middle)
