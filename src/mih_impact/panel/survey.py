"""What the engine counts about a panel: one aggregate over rows, one per person.

No identifier leaves the engine here; duplicate person-years are looked up by their keys only when
the positional sums say that there are any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact.panel import ops
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.door import Plan

__all__ = ["ColumnCount", "Persons", "Rows", "survey_persons", "survey_rows"]

#: No number in a register is this large; infinity is what is meant.
FINITE = 1e300


@dataclass(frozen=True)
class ColumnCount:
    """Rows of one column: values given, not convertible, below and above the range, not zero."""

    given: int
    failed: int
    below: int
    above: int
    nonzero: int


@dataclass(frozen=True)
class Rows:
    """What one pass over the rows found.

    Attributes
    ----------
    n_rows
        Rows in the register.
    years, starts
        First and last usable year and start year; None when there is none.
    columns
        Counts per column of ours.
    after
        Rows after the year of death and of emigration, by column name.
    """

    n_rows: int
    years: tuple[int, int] | None
    starts: tuple[int, int] | None
    columns: Mapping[str, ColumnCount]
    after: Mapping[str, int]


@dataclass(frozen=True)
class Persons:
    """What one aggregate per person found.

    Attributes
    ----------
    n_persons
        Persons in the register.
    n_rows
        Their rows with a usable year.
    duplicates
        Person-years with more than one row, and the rows beyond the first in them.
    changed
        Persons in whom a column has two different values, by column name.
    partly_started
        Persons whose start year is null in some of their rows.
    start_outside
        Persons whose start year lies outside the register's years.
    years
        The years in which the register has a row for anybody, ascending.
    """

    n_persons: int
    n_rows: int
    duplicates: tuple[int, int]
    changed: Mapping[str, int]
    partly_started: int
    start_outside: int
    years: tuple[int, ...]


def survey_rows(raw: nw.LazyFrame[Any], plans: Mapping[str, Plan]) -> Rows:
    """Return the counts of one pass over the rows.

    Parameters
    ----------
    raw
        The register as it came.
    plans
        How each column of ours is made from it.
    """
    tally = _Tally()
    for name, plan in plans.items():
        _tally_column(tally, name, plan)
    year = plans["year"].expr
    usable = _usable(year, "year")
    tally.range("year", nw.when(usable).then(year.cast(nw.Float64)))
    if "start_year" in plans:
        start = plans["start_year"].expr
        usable_start = _usable(start, "start_year")
        tally.range("start", nw.when(usable_start).then(start.cast(nw.Float64)))
    exits = [name for name in ("death_year", "emigration_year") if name in plans]
    for name in exits:
        tally.sum(f"after:{name}", ops.count_of(year > plans[name].expr))
    counted = tally.run(raw)
    return Rows(
        n_rows=int(counted["n"] or 0),
        years=_range_of(counted, "year"),
        starts=_range_of(counted, "start") if "start_year" in plans else None,
        columns={
            name: ColumnCount(
                *(
                    int(counted.get(f"{what}:{name}") or 0)
                    for what in ("given", "failed", "below", "above", "nonzero")
                )
            )
            for name in plans
        },
        after={name: int(counted[f"after:{name}"] or 0) for name in exits},
    )


def survey_persons(
    frame: nw.LazyFrame[Any], names: tuple[str, ...], years: tuple[int, int]
) -> Persons:
    """Return the counts of one aggregate per person.

    Parameters
    ----------
    frame
        The panel in the contract's names and types.
    names
        Its columns.
    years
        The first and last usable year of the register.
    """
    first, last = years
    constant = [name for name in names if name in CONTRACT and CONTRACT[name].constant]
    starts = "start_year" in names
    blocks = range(first, last + 1, ops.BLOCK)
    usable = frame.filter(
        ops.is_given(nw.col("person_id")) & _usable(nw.col("year"), "year", first, last)
    )
    prepared = [
        ops.year_bit(nw.col("year"), low, min(low + ops.BLOCK - 1, last)).alias(f"_bits{i}")
        for i, low in enumerate(blocks)
    ]
    if starts:
        prepared.append(ops.count_of(ops.is_given(nw.col("start_year"))).alias("_started"))
    per_person = (
        usable.with_columns(prepared)
        .group_by("person_id")
        .agg(
            nw.len().alias("_rows"),
            *(nw.col(f"_bits{i}").sum() for i in range(len(blocks))),
            *([nw.col("_started").sum()] if starts else []),
            *(nw.col(name).min().alias(f"_low_{name}") for name in constant),
            *(nw.col(name).max().alias(f"_high_{name}") for name in constant),
        )
    )
    leaving = [nw.col("_rows").cast(nw.Float64)]
    leaving += [nw.col(f"_bits{i}").cast(nw.Float64) for i in range(len(blocks))]
    leaving += [_differ(f"_low_{name}", f"_high_{name}").alias(f"_changed_{name}") for name in constant]
    if starts:
        leaving.append(nw.col("_started").cast(nw.Float64))
        beyond = ops.outside(nw.col("_high_start_year"), first, last)
        leaving.append(beyond.alias("_beyond"))
    found = ops.arrays(per_person.select(leaving))
    rows = found["_rows"]
    bits = np.stack([found[f"_bits{i}"] for i in range(len(blocks))]).astype(np.int64)
    distinct = bool((_ones(bits).sum(axis=0) == rows).all())
    partly = (found["_started"] > 0) & (found["_started"] < rows) if starts else np.zeros(1)
    return Persons(
        n_persons=len(rows),
        n_rows=int(rows.sum()),
        duplicates=(0, 0) if distinct else _duplicates(usable),
        changed={name: int(found[f"_changed_{name}"].sum()) for name in constant},
        partly_started=int(partly.sum()),
        start_outside=int(found["_beyond"].sum()) if starts else 0,
        years=_years_with_rows(bits, first) if distinct else tuple(range(first, last + 1)),
    )


# --- prepared columns and their sums --------------------------------------------------------------


class _Tally:
    """Collects prepared columns and runs them as one aggregate."""

    def __init__(self) -> None:
        self._prepared: list[nw.Expr] = []
        self._aggregates: list[nw.Expr] = [nw.len().alias("n")]

    def sum(self, key: str, column: nw.Expr) -> None:
        self._prepared.append(column.alias(key))
        self._aggregates.append(nw.col(key).sum())

    def range(self, key: str, column: nw.Expr) -> None:
        self._prepared += [column.alias(f"low:{key}"), column.alias(f"high:{key}")]
        self._aggregates += [nw.col(f"low:{key}").min(), nw.col(f"high:{key}").max()]

    def run(self, frame: nw.LazyFrame[Any]) -> dict[str, Any]:
        prepared = frame.select(self._prepared)
        counted = ops.arrays(prepared.select(self._aggregates))
        return {key: _scalar(values) for key, values in counted.items()}


def _tally_column(tally: _Tally, name: str, plan: Plan) -> None:
    tally.sum(f"given:{name}", ops.count_of(ops.is_given(plan.expr)))
    if plan.failed is not None:
        tally.sum(f"failed:{name}", ops.count_of(plan.failed))
    if plan.dtype in ("text", "category"):
        return
    if plan.dtype == "bool":
        tally.sum(f"nonzero:{name}", ops.count_of(plan.expr))
        return
    declared = CONTRACT.get(name)
    low = declared.low if declared is not None and declared.low is not None else -FINITE
    high = declared.high if declared is not None and declared.high is not None else FINITE
    tally.sum(f"below:{name}", ops.count_of(plan.expr < low))
    tally.sum(f"above:{name}", ops.count_of(plan.expr > high))
    tally.sum(f"nonzero:{name}", ops.count_of(plan.expr != 0))


def _usable(
    expr: nw.Expr, name: str, first: float | None = None, last: float | None = None
) -> nw.Expr:
    """Return True where a year is given, whole, and within the contract's (or the given) range."""
    low = CONTRACT[name].low if first is None else first
    high = CONTRACT[name].high if last is None else last
    return ops.is_given(expr) & ~ops.outside(expr, low, high) & ~ops.fractional(expr)


def _differ(low: str, high: str) -> nw.Expr:
    """Return True where two values are given and differ; null against null is no difference."""
    both = ops.is_given(nw.col(low)) & ops.is_given(nw.col(high))
    return both & (nw.col(low) != nw.col(high)).fill_null(False)


# --- above the seam -------------------------------------------------------------------------------


def _scalar(values: NDArray[Any]) -> float | None:
    value = values[0]
    return None if value is None or value != value else float(value)


def _range_of(counted: Mapping[str, float | None], key: str) -> tuple[int, int] | None:
    low, high = counted[f"low:{key}"], counted[f"high:{key}"]
    return None if low is None or high is None else (int(low), int(high))


def _ones(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of ones in each integer."""
    octets = np.ascontiguousarray(bits).view(np.uint8).reshape(*bits.shape, 8)
    return np.unpackbits(octets, axis=-1).sum(axis=-1, dtype=np.int64)


def _years_with_rows(bits: NDArray[np.int64], first: int) -> tuple[int, ...]:
    seen = np.bitwise_or.reduce(bits, axis=1)
    return tuple(
        first + block * ops.BLOCK + bit
        for block, word in enumerate(seen.tolist())
        for bit in range(ops.BLOCK)
        if word >> bit & 1
    )


def _duplicates(frame: nw.LazyFrame[Any]) -> tuple[int, int]:
    """Return the person-years with more than one row, and the rows beyond the first."""
    cells = frame.group_by("person_id", "year").agg(nw.len().alias("_rows"))
    rows = ops.arrays(cells.filter(nw.col("_rows") > 1).select(nw.col("_rows").cast(nw.Int64)))
    return len(rows["_rows"]), int((rows["_rows"] - 1).sum())
