"""Reading what a comparison conditions on from the cube."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Coded, Column, Design
from mih_impact.controls.terms import (
    Lag,
    Term,
    as_terms,
    entered,
    lag,
    parse_term,
    term_label,
    years_before,
)
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube

__all__ = [
    "Design",
    "Lag",
    "Term",
    "as_terms",
    "by_period",
    "entered",
    "lag",
    "parse_term",
    "read_column",
    "read_rows",
    "read_term",
    "term_label",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
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
    column = term.column if isinstance(term, Lag) else term
    years = years_before(term)
    if cube.is_outcome(column):
        values = cube.lagged(column, start, years)
        return values, np.zeros(values.shape, dtype=bool)
    read = cube.as_of(column, start - 1 - cube.PER_YEAR * (years - 1))
    return read.values, read.carried


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


def read_column(cube: Cube, term: Term, person: IntArray, periods: Periods) -> tuple[Column, int]:
    """Read a term for rows of a risk set, texts as codes; and how many rows were carried.

    `periods` are those that rows are compared from, and the rows of each; see `by_period`.
    """
    name = term.column if isinstance(term, Lag) else term
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
        years, column = years_before(term), str(getattr(term, "column", term))
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
