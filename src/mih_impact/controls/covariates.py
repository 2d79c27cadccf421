"""Reading what a comparison conditions on from the cube.

A logit has no finite coefficient for a value that no participant has, or that no candidate has. In
the limit it fits whoever has the value without error, and everybody else as if these rows were not
there. So they are left out, and counted. A number that has two values is such a characteristic too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.design import Coded, Column, Design, combined, factorized
from mih_impact.controls.flow import Flow
from mih_impact.controls.terms import Lag, Term, column_of, years_before
from mih_impact.display.locale import current
from mih_impact.errors import PanelContractError, SupportError, warn
from mih_impact.panel.cube import Cube
from mih_impact.reference.codes import of_several_times

__all__ = [
    "MOST_NAMED",
    "Modelled",
    "by_period",
    "design_weights",
    "has_both_sides",
    "is_known",
    "names_for_messages",
    "no_sides",
    "one_sided",
    "read_column",
    "read_rows",
    "read_term",
    "require_known",
    "warn_of_times",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Periods of start, ascending, and the rows of each.
Periods = Sequence[tuple[int, "slice | IntArray"]]


def read_term(cube: Cube, term: Term, start: int) -> tuple[NDArray[Any], BoolArray]:
    """Read a term for every person of the cube, as of those who start in a period.

    Returns
    -------
    tuple
        Values, shape (n_persons,), float with NaN or object with None where missing, and whether
        each was carried forward from an earlier row.
    """
    column = column_of(term)
    years = years_before(term)
    if cube.is_outcome(column):
        values = cube.lagged(column, start, years)
        return values, np.zeros(values.shape, dtype=bool)
    read = cube.as_of(column, start - 1 - cube.PER_YEAR * (years - 1))
    return read.values, read.carried


def warn_of_times(cube: Cube, term: Term, values: Column) -> str | None:
    """Warn where what divides people has codes of places that were not in use at one time.

    Returns what was said.
    """
    name = column_of(term)
    if cube.currency != "NOK" or not (isinstance(values, Coded) or values.dtype == object):
        return None
    said = of_several_times(name, factorized(values)[1])
    if said is not None:
        warn(said)
    return said


def read_rows(
    cube: Cube, term: Term, person: IntArray, start: IntArray
) -> tuple[NDArray[Any], BoolArray]:
    """Read a term for rows of a risk set, each as of the period it is compared from.

    Returns
    -------
    tuple
        Values, shape (m,), float with NaN or object with None where missing, and whether each was
        carried forward from an earlier row.
    """
    return _read(cube, term, person, list(by_period(start)))


def _read(
    cube: Cube, term: Term, person: IntArray, periods: Periods
) -> tuple[NDArray[Any], BoolArray]:
    """Read a term as `read_rows` does, the rows of each period being known."""
    values, carried = np.empty(0), np.zeros(len(person), dtype=bool)
    for s, here in periods:
        read, forward = read_term(cube, term, s)
        if not len(values):
            values = np.empty(len(person), dtype=read.dtype)
        who = person[here]
        values[here] = read[who]
        if forward.any():
            carried[here] = forward[who]
    return values, carried


def design_weights(cube: Cube) -> FloatArray | None:
    """Return the design weight of every person, shape (n_persons,); None without weights.

    Raises
    ------
    PanelContractError
        A person without one, or with one that is not above 0, or with several.
    """
    if cube.weights is None:
        return None
    values = cube.number[cube.weights].astype(np.float64)
    known = np.isfinite(values)
    low = values.min(axis=1, where=known, initial=np.inf)
    high = values.max(axis=1, where=known, initial=-np.inf)
    some = known.any(axis=1)
    wrong = {
        "without a weight": ~some,
        "with a weight that is not above 0": some & (low <= 0),
        "with several weights": some & (low > 0) & (low < high),
    }
    found = [f"{int(who.sum())} persons {which}" for which, who in wrong.items() if who.any()]
    if found:
        raise PanelContractError(
            f"Design weights are one number above 0 for each person: {cube.weights}",
            found=f"{'; '.join(found)}, of {cube.n_persons}",
            do="give each person one weight, the same in all rows, or leave out weights=",
        )
    return np.asarray(high)


def read_column(cube: Cube, term: Term, person: IntArray, periods: Periods) -> tuple[Column, int]:
    """Read a term for rows of a risk set, texts as codes; and how many rows were carried.

    `periods` are those that rows are compared from, and the rows of each; see `by_period`.
    """
    name = column_of(term)
    if name not in cube.code:
        values, carried = _read(cube, term, person, periods)
        if values.dtype != object:
            return values, int(carried.sum())
        return Coded.of(values), int(carried.sum())
    codes, many = np.empty(len(person), dtype=np.int32), 0
    for s, here in periods:
        code, forward = cube.code_as_of(name, s - 1 - cube.PER_YEAR * (years_before(term) - 1))
        who = person[here]
        codes[here] = code[who]
        if forward.any():
            many += int(forward[who].sum())
    return Coded(codes, cube.categories[name]), many


def by_period(start: IntArray) -> Iterator[tuple[int, slice | IntArray]]:
    """Yield periods of start, ascending, and the rows of each: a slice where they are sorted."""
    ordered = bool((np.diff(start) >= 0).all())
    order = None if ordered else np.argsort(start, kind="stable")
    sorted_start = start if order is None else start[order]
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(sorted_start)) + 1, [len(start)]])
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if last > first:
            rows = slice(first, last) if order is None else order[first:last]
            yield int(sorted_start[first]), rows


def require_years(cube: Cube, terms: Sequence[Term], start: IntArray, *, ahead: int = 0) -> None:
    """Raise if a term falls in a year the register does not have for some periods of start.

    `ahead` is how many years earlier than otherwise everything is read.
    """
    periods = np.unique(start) - cube.PER_YEAR * ahead
    for term in terms:
        years, column = years_before(term), column_of(term)
        if isinstance(term, str) and term not in (*cube.ore, *cube.declared):
            continue
        if cube.is_outcome(column):
            unseen = periods[~cube.seen(periods, [-years])[:, 0]]
        else:
            unseen = periods[~cube.has(periods - 1 - cube.PER_YEAR * (years - 1))]
        if len(unseen):
            first = int(unseen[0])
            asked = np.unique(unseen // cube.PER_YEAR - years)
            raise SupportError(
                f"{term} falls in a year without register rows",
                found=f"{first // cube.PER_YEAR - years} for the start year "
                f"{first // cube.PER_YEAR + ahead}; the register has {cube.span}",
                do=f"leave {_call(term)} out, bring the rows of {', '.join(map(str, asked))}, or "
                f"leave those who start in {cube.named(unseen + cube.PER_YEAR * ahead)} out of the "
                "panel",
            )


def _call(term: Term) -> str:
    """Return a term as it is asked for."""
    return f'mih.lag("{term.column}", {term.years})' if isinstance(term, Lag) else term


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
    many = int(value.max(initial=-1)) + 1
    if many == 1:
        return np.full(len(value), (left & treated).any() and (left & ~treated).any())
    sides = np.zeros((2, many), dtype=bool)
    sides[0, value[left & treated]] = True
    sides[1, value[left & ~treated]] = True
    return np.asarray((sides[0] & sides[1])[value])


def is_known(column: Column) -> BoolArray:
    """Return where a value is known, shape (m,)."""
    if isinstance(column, Coded):
        return np.asarray(column.codes >= 0)
    return np.asarray(pd.notna(column))


def require_known(
    columns: dict[Term, Column], treated: BoolArray, known: BoolArray, flow: Sequence[Flow]
) -> None:
    """Raise if nobody of one side has every characteristic, saying which are missing."""
    if flow[0].participants and not flow[0].candidates:
        raise SupportError(
            "Nobody in the panel can be a control",
            found=f"{flow[0].participants} participants and 0 candidates",
            do="keep those who never start in the panel too; where eligible= says who can be a "
            "control, let it hold for some of them",
        )
    here = [step for step in flow if step.step == "present"]
    if here and not here[0].participants and flow[0].participants:
        raise SupportError(
            "No participant has a row in the year before start, or is known to be resident then",
            found=f"{flow[0].participants} participants",
            do="keep the years before start too: a row per person and year; if persons have no "
            "rows in years without income, say who is resident with the columns death_year and "
            "emigration_year, or with resident= of read_panel",
        )
    for side, rows in (("participant", treated), ("candidate", ~treated)):
        if not rows.any() or known[rows].any():
            continue
        gaps = {term: int((~is_known(column[rows])).sum()) for term, column in columns.items()}
        missing = [f"{term} for {n}" for term, n in gaps.items() if n]
        raise SupportError(
            f"No {side} has every characteristic known",
            found=f"{int(rows.sum())} {side} rows; missing: {', '.join(missing)}",
            do="leave the emptiest column out of on= or exact=, or fill it in the panel",
        )


def no_sides(
    known_of: Flow,
    exact: Mapping[str, Column],
    start_year: IntArray,
    treated: BoolArray,
    known: BoolArray,
) -> SupportError:
    """Return the error where no exact cell holds both, with the columns that alone are enough."""
    year = start_year - start_year.min()
    apart = []
    for name, column in exact.items():
        codes, categories = factorized(column)
        cell, _ = combined([(year, int(year.max()) + 1), (codes, len(categories))])
        if not (known & has_both_sides(np.where(known, cell, 0), treated, known)).any():
            apart.append(name)
    which = f": by {' and by '.join(apart)} alone none does" if apart else ""
    return SupportError(
        f"No exact cell holds both a participant and a candidate{which}",
        found=f"{known_of.participants} participants and {known_of.candidates} candidates "
        "with known characteristics",
        do=f"leave {', '.join(apart)} out of exact=, or make it coarser"
        if apart
        else "match exactly on fewer columns, or on coarser ones",
    )


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


#: The values of a column with more of them are not named: they may be persons.
MOST_NAMED = 20
#: A person has fewer rows than this: at most one a start year.
MANY_ROWS = 200


def names_for_messages(design: Design, person: NDArray[np.int64] | None = None) -> tuple[str, ...]:
    """Return a name for each column of a design that can stand in a message.

    An indicator's value is named where its column has at most 20 values and the value at least
    `options(min_cell=)` persons.

    Parameters
    ----------
    design
        The covariates, m rows.
    person
        The person of each row, shape (m,); None where each row is another.

    Examples
    --------
    >>> values = np.array(["basic"] * 6 + ["higher"] * 5 + ["rare"], dtype=object)
    >>> names_for_messages(Design.of([("education", values)]))
    ('education=higher', 'a value of education (which has 3 values)')
    """
    of_term: dict[Term, list[int]] = {}
    for k, (name, term) in enumerate(zip(design.names, design.terms, strict=True)):
        if name.startswith(f"{term}="):
            of_term.setdefault(term, []).append(k)
    names = list(design.names)
    for term, columns in of_term.items():
        many = len(columns) >= MOST_NAMED
        hidden = [k for k in columns if many or _few(design.column(k), person)]
        if hidden:
            left_out = bool((sum_of(design, columns) == 0).any())
            for k in hidden:
                names[k] = f"a value of {term} (which has {len(columns) + left_out} values)"
    return tuple(names)


def sum_of(design: Design, columns: list[int]) -> NDArray[np.float64]:
    """Return the sum of some columns, shape (m,): 0 where a row has the value left out."""
    total = np.zeros(design.rows)
    for k in columns:
        total += design.column(k)
    return total


def _few(indicator: NDArray[np.float64], person: NDArray[np.int64] | None) -> bool:
    """Return whether a value has fewer persons than a cell must have."""
    rows = indicator != 0
    n = int(rows.sum())
    if person is not None and n < MANY_ROWS * current().min_cell:
        n = len(np.unique(person[rows]))
    return n < current().min_cell
