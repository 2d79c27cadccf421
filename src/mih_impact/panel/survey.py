"""What the engine counts about a panel: one aggregate over rows, one per person.

No identifier leaves the engine here; duplicate person-years are looked up by their keys only when
the positional sums say that there are any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact.panel import ops
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.door import Plan

__all__ = ["ColumnCount", "Persons", "Rows", "survey_persons", "survey_rows"]

#: No number in a register is this large; infinity is what is meant.
FINITE = 1e300
YEARS = ("year", "start_year")
EXITS = ("death_year", "emigration_year")
_START = "_start"
_HALF = "_half_start"


@dataclass(frozen=True)
class ColumnCount:
    """Rows of one column: values in the source, not convertible, below and above the range."""

    given: int
    failed: int
    below: int
    above: int
    all_zero: bool


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
        Person-periods with more than one row, and the rows beyond the first in them.
    changed
        Persons in whom a column has two different values, by column name.
    partly_started
        Persons whose start year is null in some of their rows.
    half_started
        Persons with a start year or a start month only; 0 in a panel by year.
    start_outside
        Persons whose start lies outside the register's periods.
    periods
        The periods in which the register has a row for anybody, ascending: years, or months
        counted as 12 * year + month - 1.
    """

    n_persons: int
    n_rows: int
    duplicates: tuple[int, int]
    changed: Mapping[str, int]
    partly_started: int
    half_started: int
    start_outside: int
    periods: tuple[int, ...]

    @property
    def changed_columns(self) -> tuple[str, ...]:
        """The columns that change within somebody."""
        return tuple(name for name, persons in self.changed.items() if persons)


def survey_rows(raw: nw.LazyFrame[Any], plans: Mapping[str, Plan]) -> Rows:
    """Return the counts of one pass over the rows.

    Counts of values, minima and maxima come from one pass; only columns whose extremes lie
    outside their range are passed over again, to count the rows.

    Parameters
    ----------
    raw
        The register as it came.
    plans
        How each column of ours is made from it.
    """
    tally = _Tally()
    for name, plan in plans.items():
        tally.add(f"given:{name}", plan.raw, "count")
        if plan.failed is not None:
            tally.add(f"failed:{name}", ops.count_of(plan.failed), "sum")
        if plan.dtype not in ("text", "category"):
            number = ops.count_of(plan.expr) if plan.dtype == "bool" else plan.expr
            tally.add(f"low:{name}", number, "min")
            tally.add(f"high:{name}", number, "max")
    usable = {name: _usable(plans[name].expr, name) for name in YEARS if name in plans}
    for name, is_usable in usable.items():
        year = nw.when(is_usable).then(plans[name].expr.cast(nw.Float64))
        tally.add(f"first:{name}", year, "min")
        tally.add(f"last:{name}", year, "max")
    exits = [name for name in EXITS if name in plans]
    for name in exits:
        late = plans["year"].expr > plans[name].expr
        tally.add(f"after:{name}", ops.count_of(late), "sum")
    counted = tally.run(raw)
    outside = _rows_outside(raw, plans, counted)
    return Rows(
        n_rows=int(counted["n"] or 0),
        years=_span(counted, "year"),
        starts=_span(counted, "start_year"),
        columns={name: _column_count(name, counted, outside) for name in plans},
        after={name: int(counted[f"after:{name}"] or 0) for name in exits},
    )


def survey_persons(
    frame: nw.LazyFrame[Any],
    names: tuple[str, ...],
    years: tuple[int, int],
    texts: Mapping[str, tuple[str, ...]],
    *,
    monthly: bool,
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
    texts
        The distinct values of text columns that have few: they are compared by their codes.
    monthly
        Whether a row is a month; persons are then followed by month.
    """
    first, last = (12 * years[0], 12 * years[1] + 11) if monthly else years
    constant = [name for name in names if name in CONTRACT and CONTRACT[name].constant]
    starts = "start_year" in names
    blocks = range(first, last + 1, ops.BLOCK)
    usable = _followed(frame, starts=starts, monthly=monthly).filter(
        ops.is_given(nw.col("person_id")) & _usable(nw.col("year"), "year", first, last)
    )
    prepared = [
        ops.year_bit(nw.col("year"), low, min(low + ops.BLOCK - 1, last)).alias(f"_bits{i}")
        for i, low in enumerate(blocks)
    ]
    if starts:
        prepared.append(ops.count_of(ops.is_given(nw.col(_START))).alias("_started"))
        prepared.append(ops.count_of(nw.col(_HALF)).alias("_half"))
        constant = [*constant, _START]
    prepared += [_coded(name, texts[name]) for name in constant if name in texts]
    per_person = (
        usable.with_columns(prepared)
        .group_by("person_id")
        .agg(
            nw.len().alias("_rows"),
            *(nw.col(f"_bits{i}").sum() for i in range(len(blocks))),
            *([nw.col("_started").sum(), nw.col("_half").sum()] if starts else []),
            *(nw.col(name).min().alias(f"_low_{name}") for name in constant),
            *(nw.col(name).max().alias(f"_high_{name}") for name in constant),
        )
    )
    counted = _tallied(per_person, constant, starts=starts, blocks=len(blocks))
    many, rows = counted["_persons"], counted["_rows"]
    bits = np.stack([counted[f"_bits{i}"] for i in range(len(blocks))]).astype(np.int64)
    distinct = bool((_ones(bits).sum(axis=0) == rows).all())
    periods = _periods_with_rows(bits, first) if distinct else tuple(range(first, last + 1))
    beyond = np.zeros(1, dtype=bool)
    if starts and periods:
        beyond = (counted[_START] >= 0) & (
            (counted[_START] < periods[0]) | (counted[_START] > periods[-1])
        )
    return Persons(
        n_persons=int(many.sum()),
        n_rows=int((rows * many).sum()),
        duplicates=(0, 0) if distinct else _duplicates(usable),
        changed={
            name: int(counted[f"_changed_{name}"].sum()) for name in constant if name != _START
        },
        partly_started=int(counted["_partly"].sum()) if starts else 0,
        half_started=int(counted["_halves"].sum()) if starts else 0,
        start_outside=int((many * beyond).sum()),
        periods=periods,
    )


def _tallied(
    per_person: nw.LazyFrame[Any], constant: list[str], *, starts: bool, blocks: int
) -> dict[str, NDArray[Any]]:
    """Return the counts of persons who have the same periods and start; few kinds, many persons."""
    same = ["_rows", *(f"_bits{i}" for i in range(blocks)), *([_START] if starts else [])]
    kind = [nw.col(name).cast(nw.Float64) for name in same[: blocks + 1]]
    summed = [
        ops.count_of(_differ(f"_low_{name}", f"_high_{name}")).alias(f"_changed_{name}")
        for name in constant
    ]
    if starts:
        kind.append(nw.col(f"_high_{_START}").cast(nw.Float64).fill_null(-1.0).alias(_START))
        partly = (nw.col("_started") > 0) & (nw.col("_started") < nw.col("_rows"))
        summed += [
            ops.count_of(partly).alias("_partly"),
            ops.count_of(nw.col("_half") > 0).alias("_halves"),
        ]
    names = [f"_changed_{name}" for name in constant]
    names += ["_partly", "_halves"] if starts else []
    kinds = per_person.select(*kind, *summed).group_by(same)
    counts = kinds.agg(nw.len().alias("_persons"), *(nw.col(name).sum() for name in names))
    leaving = [*same, *(nw.col(n).cast(nw.Float64) for n in ("_persons", *names))]
    return ops.arrays(counts.select(leaving))


def _followed(frame: nw.LazyFrame[Any], *, starts: bool, monthly: bool) -> nw.LazyFrame[Any]:
    """Return the frame with `year` as the period, and the period of start and what it lacks."""
    if not starts:
        return ops.in_months(frame) if monthly else frame
    if not monthly:
        return frame.with_columns(nw.col("start_year").alias(_START), nw.lit(False).alias(_HALF))
    one = ops.is_given(nw.col("start_year")) != ops.is_given(nw.col("start_month"))
    kept = frame.with_columns(
        nw.col("start_year").alias("_kept_year"),
        nw.col("start_month").alias("_kept_month"),
        one.alias(_HALF),
    )
    counted = ops.in_months(kept).rename({"start_year": _START})
    return counted.rename({"_kept_year": "start_year", "_kept_month": "start_month"})


# --- prepared columns and their aggregates --------------------------------------------------------


class _Tally:
    """Collects prepared columns, then runs them as one aggregate."""

    def __init__(self) -> None:
        self._prepared: list[nw.Expr] = []
        self._aggregates: list[nw.Expr] = [nw.len().alias("n")]

    def add(self, key: str, column: nw.Expr, how: Literal["count", "sum", "min", "max"]) -> None:
        self._prepared.append(column.alias(key))
        self._aggregates.append(getattr(nw.col(key), how)())

    def run(self, frame: nw.LazyFrame[Any]) -> dict[str, float | None]:
        counted = ops.arrays(frame.select(self._prepared).select(self._aggregates))
        return {key: _scalar(values) for key, values in counted.items()}


def _rows_outside(
    raw: nw.LazyFrame[Any], plans: Mapping[str, Plan], counted: Mapping[str, float | None]
) -> Mapping[str, float | None]:
    """Return the number of rows below and above the range of each column, where there are any."""
    tally, broken = _Tally(), False
    for name, plan in plans.items():
        if plan.dtype in ("text", "category", "bool"):
            continue
        low, high = _bounds(name)
        smallest, largest = counted[f"low:{name}"], counted[f"high:{name}"]
        if smallest is not None and smallest < low:
            tally.add(f"below:{name}", ops.count_of(plan.expr < low), "sum")
            broken = True
        if largest is not None and largest > high:
            tally.add(f"above:{name}", ops.count_of(plan.expr > high), "sum")
            broken = True
    return tally.run(raw) if broken else {}


def _bounds(name: str) -> tuple[float, float]:
    declared = CONTRACT.get(name)
    low = -FINITE if declared is None or declared.low is None else declared.low
    high = FINITE if declared is None or declared.high is None else declared.high
    return low, high


def _column_count(
    name: str, counted: Mapping[str, float | None], outside: Mapping[str, float | None]
) -> ColumnCount:
    return ColumnCount(
        given=int(counted[f"given:{name}"] or 0),
        failed=int(counted.get(f"failed:{name}") or 0),
        below=int(outside.get(f"below:{name}") or 0),
        above=int(outside.get(f"above:{name}") or 0),
        all_zero=counted.get(f"low:{name}") == 0 == counted.get(f"high:{name}"),
    )


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


def _coded(name: str, texts: tuple[str, ...]) -> nw.Expr:
    """Return a text column as codes with nulls: comparing texts is what would take the time."""
    return nw.when(ops.is_given(nw.col(name))).then(ops.code_of(nw.col(name), texts)).alias(name)


# --- above the seam -------------------------------------------------------------------------------


def _scalar(values: NDArray[Any]) -> float | None:
    value = values[0]
    return None if value is None or value != value else float(value)


def _span(counted: Mapping[str, float | None], name: str) -> tuple[int, int] | None:
    first, last = counted.get(f"first:{name}"), counted.get(f"last:{name}")
    return None if first is None or last is None else (int(first), int(last))


def _ones(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of ones in each integer."""
    octets = np.ascontiguousarray(bits).view(np.uint8).reshape(*bits.shape, 8)
    ones: NDArray[np.int64] = np.unpackbits(octets, axis=-1).sum(axis=-1, dtype=np.int64)
    return ones


def _periods_with_rows(bits: NDArray[np.int64], first: int) -> tuple[int, ...]:
    seen = np.bitwise_or.reduce(bits, axis=1)
    return tuple(
        first + block * ops.BLOCK + bit
        for block, word in enumerate(seen.tolist())
        for bit in range(ops.BLOCK)
        if word >> bit & 1
    )


def _duplicates(frame: nw.LazyFrame[Any]) -> tuple[int, int]:
    """Return the person-periods with more than one row, and the rows beyond the first."""
    cells = frame.group_by("person_id", "year").agg(nw.len().alias("_rows"))
    rows = ops.arrays(cells.filter(nw.col("_rows") > 1).select(nw.col("_rows").cast(nw.Int64)))
    return len(rows["_rows"]), int((rows["_rows"] - 1).sum())
