"""What the engine counts about the rows of a panel, in one aggregate over all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel import engine
from mih_impact.panel.columns import Cast
from mih_impact.panel.contract import ABSURD_MONEY, CONTRACT
from mih_impact.panel.sources import FILE
from mih_impact.reference.codes import REFORMS, suspicious

__all__ = [
    "ColumnCount",
    "Rounding",
    "Rows",
    "Unfilled",
    "count_rows",
    "count_unfilled",
    "row_sums",
    "usable_year",
]

_ROUNDED = ("total", "moved", "shifted")

#: No number in a register is this large; infinity is what is meant.
FINITE = 1e300
EXITS = ("death_year", "emigration_year")
#: Columns whose codes are looked at; what they hold may be names as well.
PLACES = {"county", "municipality"}
#: Shares of a column's sum that rounding to øre may move, and of what its values may move.
MOST_MOVED, MOST_SHIFTED = 1e-6, 1e-4
#: Rows that pandas is asked of at a time.
PANDAS_ROWS = 200_000
#: Without these a row cannot be used.
_KEYS = [name for name, column in CONTRACT.items() if column.role == "key"]


@dataclass(frozen=True)
class Rounding:
    """What rounding to øre does to a money column.

    Attributes
    ----------
    total
        Sum of the absolute values.
    moved
        How far rounding moves that sum.
    shifted
        How far it moves all values together, whichever way.
    """

    total: float
    moved: float
    shifted: float

    @property
    def loses(self) -> bool:
        """Whether øre are too coarse for the column.

        Errors of either sign make up for each other in the sum, the more rows the better; in what
        values move they do not.
        """
        moves = abs(self.moved) > MOST_MOVED * self.total
        return self.total > 0 and (moves or self.shifted > MOST_SHIFTED * self.total)


@dataclass(frozen=True)
class ColumnCount:
    """Rows of one column: values in the source, not convertible, below and above the range.

    `all_zero` says whether all that are given are zero; `rounding` is of money with decimals;
    `gone` are rows whose code means by its list that there is no value; `places` is of columns of
    places; `above_zero` are rows with something of the first outcome, and `mean` their mean;
    `coded` are rows by values that look like codes for a missing value.
    """

    given: int
    failed: int
    below: int
    above: int
    all_zero: bool
    rounding: Rounding | None = None
    gone: int = 0
    places: PlaceCount | None = None
    above_zero: int = 0
    mean: float | None = None
    coded: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PlaceCount:
    """Rows of a column of places by what is the matter with their codes.

    `vintages` has for the year of a reform the rows with codes in use only before, and only since.
    """

    no_place: int
    stripped: int
    vintages: Mapping[int, tuple[int, int]]


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
    extremes
        Smallest and largest value of number columns, where every value could be converted.
    sums
        What must be the same whenever the rows are read: see `row_sums`.
    """

    n_rows: int
    years: tuple[int, int] | None
    starts: tuple[int, int] | None
    columns: Mapping[str, ColumnCount]
    after: Mapping[str, int]
    extremes: Mapping[str, tuple[float, float]]
    sums: Mapping[str, float | None]

    @property
    def all_usable(self) -> bool:
        """Whether every row names a person and a period."""
        keys = [seen for name, seen in self.columns.items() if name in _KEYS]
        given = all(seen.given == self.n_rows for seen in keys)
        return given and not any(seen.failed or seen.below or seen.above for seen in keys)


@dataclass(frozen=True)
class Unfilled:
    """Where a money column that has amounts is null in all rows: they count as nothing paid.

    Attributes
    ----------
    column
        Our name of the column.
    by
        What the rows have in common: a "period", a "file", or whether persons "start".
    which
        Those periods (months counted as 12 * year + month - 1), files, or True or False.
    rows
        The rows.
    chance
        Whether they may be null because nobody was paid, as few are elsewhere.
    """

    column: str
    by: Literal["period", "file", "start"]
    which: tuple[Any, ...]
    rows: int
    chance: bool


def count_rows(
    raw: nw.LazyFrame[Any],
    casts: Mapping[str, Cast],
    told: Mapping[str, Sequence[float | None]],
    by_text: Callable[[str], Mapping[str, int] | None] = lambda _: None,
) -> Rows:
    """Return the counts of one pass over the rows.

    Counts of values, minima and maxima come from one pass; only columns whose extremes lie
    outside their range are passed over again, to count the rows.

    Parameters
    ----------
    raw
        The register as it came.
    casts
        How each column of ours is made from it.
    told
        Of the register's columns how many values they have, the smallest and the largest, where
        the source says so: they are not counted.
    by_text
        The rows of each value of a text column of ours, None where it has many.
    """
    tally = _Tally()
    known: dict[str, float | None] = {}
    for name, cast in casts.items():
        numeric = cast.dtype not in ("text", "category")
        same = cast.unchanged and cast.failed is None and (cast.whole or not numeric)
        if same and cast.source in told:
            given, low, high = told[cast.source]
            known[f"given:{name}"] = given
            if numeric:
                known.update({f"low:{name}": low, f"high:{name}": high})
                for code in _codes(cast, low, high):
                    tally.add_rows(f"code:{name}:{code}", cast.expr == code)
            continue
        tally.add(f"given:{name}", cast.raw, "count")
        if cast.failed is not None:
            tally.add_rows(f"failed:{name}", cast.failed)
        if numeric:
            number = engine.count_of(cast.expr) if cast.dtype == "bool" else cast.number
            tally.add(f"low:{name}", number, "min")
            tally.add(f"high:{name}", number, "max")
        if cast.dtype == "money" and not cast.whole:
            for part, expr in zip(_ROUNDED, engine.rounding(cast.expr), strict=True):
                tally.add(f"{part}:{name}", expr, "sum")
        if cast.listed:
            gone = cast.expr.is_null() & engine.has_value(cast.raw)
            tally.add_rows(f"null:{name}", gone)
    exits = [name for name in EXITS if name in casts]
    for name in exits:
        late = casts["year"].expr > casts[name].expr
        tally.add_rows(f"after:{name}", late)
    summed = _summed(casts)
    for key, column in summed.items():
        tally.add(key, column, "sum")
    for name in _first_outcome(casts):
        tally.add_rows(f"above zero:{name}", casts[name].expr > 0)
    counted = {**tally.run(raw), **known}
    outside = _rows_outside(raw, casts, counted)
    return Rows(
        n_rows=int(counted["n"] or 0),
        years=_span(raw, casts, counted, "year"),
        starts=_span(raw, casts, counted, "start_year"),
        columns={
            name: _column_count(name, counted, outside, _place_count(raw, name, cast, by_text))
            for name, cast in casts.items()
        },
        after={name: int(counted[f"after:{name}"] or 0) for name in exits},
        extremes=dict(_extremes(casts, counted)),
        sums={key: counted[key] for key in ("n", *summed)},
    )


#: Rows without a value are no chance where so few would be, by the share that has one elsewhere.
_NO_CHANCE = 1e-6
#: Of more rows it is asked first whether any has a value, which engines are soon done with.
_MANY_ROWS = 10_000_000


def count_unfilled(
    frame: nw.LazyFrame[Any],
    casts: Mapping[str, Cast],
    rows: Rows,
    *,
    files: int,
    monthly: bool,
) -> tuple[Unfilled, ...]:
    """Return where money columns are null throughout; nothing is passed over where none has nulls.

    Parameters
    ----------
    frame
        The panel in the contract's names and types, with `FILE` where there are several files.
    casts, rows
        Its columns, and what was counted of them.
    files
        How many files there are.
    monthly
        Whether a row is a month.
    """
    amounts = [
        name
        for name, cast in casts.items()
        if cast.dtype == "money"
        and not rows.columns[name].failed
        and (cast.coded or 0 < rows.columns[name].given < rows.n_rows)
    ]
    if not amounts:
        return ()
    period = nw.col("year").cast(nw.Float64)
    if monthly:
        period = 12.0 * period + nw.col("month").cast(nw.Float64) - 1.0
    kinds = {"period": period.fill_null(-1.0)}
    if "start_year" in casts:
        kinds["start"] = engine.count_of(engine.has_value(nw.col("start_year")))
    if FILE in frame.collect_schema():
        kinds["file"] = nw.col(FILE)
    chosen = frame.select(*map(nw.col, amounts), **kinds)
    if rows.n_rows > _MANY_ROWS and rows.all_usable and rows.years is not None:
        periods = (rows.years[1] - rows.years[0] + 1) * (12 if monthly else 1)
        many = {"period": periods, "start": 2, "file": files}
        amounts = [name for name in amounts if not _is_filled(chosen, name, many)]
        if not amounts:
            return ()
    groups = chosen.group_by(list(kinds))
    counted = groups.agg(nw.len().alias("_rows"), *(nw.col(name).count() for name in amounts))
    table = pd.DataFrame(engine.arrays(counted))
    return tuple(found for name in amounts for found in _unfilled(table, name))


def _is_filled(chosen: nw.LazyFrame[Any], name: str, many: Mapping[str, int]) -> bool:
    """Return whether a column has a value in some row of each kind, of which there are so many."""
    given = chosen.filter(engine.has_value(nw.col(name)))
    kinds = [(kind, n) for kind, n in many.items() if kind in chosen.collect_schema()]
    found = (engine.grouped(given.select(kind), kind).head(n) for kind, n in kinds)
    return all(
        len(engine.arrays(each)[kind]) == n for (kind, n), each in zip(kinds, found, strict=True)
    )


def _unfilled(table: pd.DataFrame, name: str) -> Iterator[Unfilled]:
    """Yield where a column is null; what is told of periods is not told of files again."""
    if (table[name].to_numpy() > 0).all():
        return
    table = table[table["period"] >= 0]
    for by in ("period", "file", "start"):
        if by not in table:
            continue
        each = table.groupby(by)[["_rows", name]].sum()
        empty = each[each[name] == 0]
        if empty.empty or len(empty) == len(each):
            continue
        # Of few rows no share is known to be one: a row more counts, without a value.
        share = each[name].sum() / (each["_rows"].sum() - empty["_rows"].sum() + 1)
        chance = (1.0 - share) ** empty["_rows"] > _NO_CHANCE
        for may_be in (False, True):
            found = empty[chance == may_be]
            if len(found):
                yield Unfilled(name, by, (*found.index,), int(found["_rows"].sum()), may_be)
        table = table[~table[by].isin(empty.index)]


def row_sums(raw: nw.LazyFrame[Any], casts: Mapping[str, Cast]) -> Mapping[str, float | None]:
    """Return the number of rows, the sum of the years, and that of the first outcome in øre.

    They are whole numbers: the order of the rows plays no part, and a source that gives other rows
    gives other sums.
    """
    tally = _Tally()
    for key, column in _summed(casts).items():
        tally.add(key, column, "sum")
    return tally.run(raw)


def _summed(casts: Mapping[str, Cast]) -> dict[str, nw.Expr]:
    whole = {"sum:year": casts["year"].expr.cast(nw.Float64)}
    for name in _first_outcome(casts):
        value = casts[name].expr.cast(nw.Float64).fill_null(0.0)
        within = (value > -ABSURD_MONEY) & (value < ABSURD_MONEY)
        kept = nw.when(within).then(value).otherwise(nw.lit(0.0))
        whole[f"sum:{name}"] = engine.ore(kept)
    return whole


def _first_outcome(casts: Mapping[str, Cast]) -> list[str]:
    """Return the first outcome, in a list; none where there is none."""
    return [name for name, cast in casts.items() if cast.dtype in ("money", "number")][:1]


# --- prepared columns and their aggregates --------------------------------------------------------


class _Tally:
    """Collects prepared columns, then runs them as one aggregate."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._prepared: dict[str, nw.Expr] = {}
        self._aggregates: list[nw.Expr] = [nw.len().alias("n")]
        self._over: dict[str, Callable[[Iterable[float]], float]] = {"n": sum}

    def add(self, key: str, column: nw.Expr, how: Literal["count", "sum", "min", "max"]) -> None:
        """Add an aggregate; what several are asked of is prepared once."""
        name = self._names.setdefault(id(column), f"_mih_{len(self._names)}")
        self._prepared[name] = column
        self._aggregates.append(getattr(nw.col(name), how)().alias(key))
        self._over[key] = {"min": min, "max": max}.get(how, sum)

    def add_rows(self, key: str, holds: nw.Expr) -> None:
        """Add the number of rows in which something holds: engines count faster than they sum."""
        self.add(key, nw.when(holds).then(nw.lit(1)), "count")

    def run(self, frame: nw.LazyFrame[Any]) -> dict[str, float | None]:
        parts = [self._of(part) for part in _some_rows_each(frame)]
        found = {key: [part[key] for part in parts] for key in self._over}
        given = {key: [v for v in values if v is not None] for key, values in found.items()}
        return {key: over(given[key]) if given[key] else None for key, over in self._over.items()}

    def _of(self, frame: nw.LazyFrame[Any]) -> dict[str, float | None]:
        aggregated = frame.select(**self._prepared).select(self._aggregates)
        if frame.implementation is nw.Implementation.PANDAS:
            # It has the extremes of a column of nulls as what is no number.
            aggregated = aggregated.select(
                nw.col(name).cast(nw.Float64) if dtype.is_numeric() else nw.col(name)
                for name, dtype in aggregated.collect_schema().items()
            )
        counted = engine.arrays(aggregated)
        return {key: _scalar(values) for key, values in counted.items()}


def _some_rows_each(frame: nw.LazyFrame[Any]) -> Iterator[nw.LazyFrame[Any]]:
    """Return a pandas frame some rows at a time, any other whole.

    pandas makes every column of an expression at full length: of all rows together they would take
    more than the frame. Other engines go through rows by themselves.
    """
    if frame.implementation is not nw.Implementation.PANDAS:
        yield frame
        return
    native = frame.to_native()
    for begin in range(0, max(len(native), 1), PANDAS_ROWS):
        yield nw.from_native(native.iloc[begin : begin + PANDAS_ROWS]).lazy()


def _rows_outside(
    raw: nw.LazyFrame[Any], casts: Mapping[str, Cast], counted: Mapping[str, float | None]
) -> Mapping[str, float | None]:
    """Return the rows of each column below and above its range, and at and near what may be codes.

    Nothing is passed over where there are none by the extremes.
    """
    tally, broken = _Tally(), False
    for name, cast in casts.items():
        if cast.dtype in ("text", "category", "bool"):
            continue
        low, high = _bounds(name, cast)
        smallest, largest = counted[f"low:{name}"], counted[f"high:{name}"]
        if smallest is not None and smallest < low:
            tally.add_rows(f"below:{name}", cast.expr < low)
            broken = True
        if largest is not None and largest > high:
            tally.add_rows(f"above:{name}", cast.expr > high)
            broken = True
        for code in _codes(cast, smallest, largest):
            if (known := counted.get(f"code:{name}:{code}")) is not None and known < LEAST_CODED:
                continue
            # a code below zero is beside all that is; another beside what is about as large
            reach = max(abs(code) / 1000, 10.0)
            beside = (cast.expr > code - reach) & (cast.expr < code + reach)
            near = beside if code > 0 else cast.expr < 0
            tally.add_rows(f"near:{name}:{code}", near)
            tally.add_rows(f"code:{name}:{code}", cast.expr == code)
            broken = True
    return tally.run(raw) if broken else {}


#: So many rows with one value, more than all about as large, look like a code.
LEAST_CODED = 5
#: What a code for a missing value is made of; one digit alone is a code below zero only.
_RUNS = tuple(int(digit * length) for length in range(1, 11) for digit in "89")


def _codes(cast: Cast, low: float | None, high: float | None) -> list[int]:
    """Return the values between the extremes of a column that may be codes for a missing value.

    Of amounts those of six digits or more; else an extreme itself.
    """
    if low is None or high is None:
        return []
    least = 10**5 if cast.dtype == "money" else math.inf
    found = [run for run in _RUNS if least <= run <= high or (run == high and run > 9)]
    found += [0] if cast.dtype == "int" and low == 0 else []
    return [*found, *(-run for run in (1, *_RUNS) if -run == low)]


def _place_count(
    raw: nw.LazyFrame[Any],
    name: str,
    cast: Cast,
    by_text: Callable[[str], Mapping[str, int] | None],
) -> PlaceCount | None:
    """Return the rows with each kind of odd code; None where codes are not of the column's own."""
    if name not in PLACES or cast.listed or cast.dtype != "category":
        return None
    odd = suspicious(name)
    kinds = (odd.whole, odd.no_place, odd.stripped, *odd.before.values(), *odd.since.values())
    rows = by_text(name)
    if rows is None:
        column = raw.select(cast.expr.alias(name))
        rows = engine.rows_of(column, name, {code for kind in kinds for code in kind})

    def having(codes: Iterable[str]) -> int:
        return sum(rows.get(code, 0) for code in codes)

    both = {year: (having(odd.before[year]), having(odd.since[year])) for year in REFORMS}
    vintages = {year: pair for year, pair in both.items() if all(pair)}
    # A county "3" alone is anybody's code; beside "11" it is 03 without its zero.
    stripped = having(odd.stripped) if name == "municipality" or having(odd.whole) else 0
    return PlaceCount(having(odd.no_place), stripped, vintages)


def _bounds(name: str, cast: Cast) -> tuple[float, float]:
    """Return the range of a column; money that the contract does not know may be negative."""
    declared = CONTRACT.get(name)
    if declared is None and cast.dtype == "money":
        return -ABSURD_MONEY, ABSURD_MONEY
    low = -FINITE if declared is None or declared.low is None else declared.low
    high = FINITE if declared is None or declared.high is None else declared.high
    return low, high


def _column_count(
    name: str,
    counted: Mapping[str, float | None],
    outside: Mapping[str, float | None],
    places: PlaceCount | None,
) -> ColumnCount:
    above_zero = int(counted.get(f"above zero:{name}") or 0)
    total = counted.get(f"sum:{name}")  # øre
    return ColumnCount(
        given=int(counted[f"given:{name}"] or 0),
        failed=int(counted.get(f"failed:{name}") or 0),
        below=int(outside.get(f"below:{name}") or 0),
        above=int(outside.get(f"above:{name}") or 0),
        all_zero=counted.get(f"low:{name}") == 0 == counted.get(f"high:{name}"),
        rounding=_rounding(name, counted),
        gone=int(counted.get(f"null:{name}") or 0) - int(counted.get(f"failed:{name}") or 0)
        if f"null:{name}" in counted
        else 0,
        places=places,
        above_zero=above_zero,
        mean=total / 100.0 / above_zero if above_zero and total is not None else None,
        coded=_coded(name, outside),
    )


def _coded(name: str, outside: Mapping[str, float | None]) -> dict[int, int]:
    """Return the rows of each value that is a code by how many there are of it."""
    codes = [0, *(sign * run for run in (1, *_RUNS) for sign in (1, -1))]
    known = {code: outside.get(f"code:{name}:{code}") for code in codes}
    rows = {code: int(n) for code, n in known.items() if n is not None and n >= LEAST_CODED}
    return {code: n for code, n in rows.items() if 2 * n > (outside[f"near:{name}:{code}"] or 0)}


def _rounding(name: str, counted: Mapping[str, float | None]) -> Rounding | None:
    parts = [counted.get(f"{part}:{name}") for part in _ROUNDED]
    known = [part for part in parts if part is not None and part < FINITE]
    return Rounding(*known) if len(known) == len(parts) else None


def usable_year(
    expr: nw.Expr,
    name: str,
    first: float | None = None,
    last: float | None = None,
    *,
    whole: bool = False,
) -> nw.Expr:
    """Return True where a year is given, whole, and within the contract's (or the given) range.

    Where its type says that it is `whole` nobody looks for decimals.
    """
    low = CONTRACT[name].low if first is None else first
    high = CONTRACT[name].high if last is None else last
    usable = engine.has_value(expr) & ~engine.outside(expr, low, high)
    return usable if whole else usable & ~engine.fractional(expr)


# --- above the seam -------------------------------------------------------------------------------


def _scalar(values: NDArray[Any]) -> float | None:
    value = values[0]
    return None if pd.isna(value) else float(value)


def _extremes(
    casts: Mapping[str, Cast], counted: Mapping[str, float | None]
) -> Iterator[tuple[str, tuple[float, float]]]:
    for name in casts:
        low, high = counted.get(f"low:{name}"), counted.get(f"high:{name}")
        if low is not None and high is not None and not counted.get(f"failed:{name}"):
            yield name, (low, high)


def _span(
    raw: nw.LazyFrame[Any],
    casts: Mapping[str, Cast],
    counted: Mapping[str, float | None],
    name: str,
) -> tuple[int, int] | None:
    """Return the first and last usable year; rows are passed over again only where some are not."""
    if name not in casts:
        return None
    first, last = counted[f"low:{name}"], counted[f"high:{name}"]
    if first is None or last is None:
        return None
    low, high = _bounds(name, casts[name])
    if first < low or last > high or counted.get(f"failed:{name}"):
        again = _Tally()
        year = nw.when(usable_year(casts[name].expr, name)).then(casts[name].expr.cast(nw.Float64))
        again.add("first", year, "min")
        again.add("last", year, "max")
        found = again.run(raw)
        first, last = found["first"], found["last"]
    return None if first is None or last is None else (int(first), int(last))
