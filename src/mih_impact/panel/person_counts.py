"""What the engine counts about the persons of a register, once and only when asked.

No identifier leaves the engine here. Duplicate person-years are looked up by their keys, and what
changes within persons column by column, only when sums over all columns say that there are any.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import EngineError, MihImpactError
from mih_impact.panel import engine
from mih_impact.panel.columns import Cast
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.engine import reading
from mih_impact.panel.row_counts import (
    Rows,
    Unfilled,
    count_rows,
    count_unfilled,
    row_sums,
    usable_year,
)
from mih_impact.panel.selection import MEASURE, started
from mih_impact.panel.sources import FILE, footers

__all__ = ["Duplicates", "PanelCounts", "Persons", "count_within_persons"]

_START = "_start"
_HALF = "_half_start"
_PACKED = "_packed"
_BIT = "_bit"
#: Whole numbers up to here are exact in a double.
_EXACT = 2.0**53


@dataclass(frozen=True)
class Duplicates:
    """Person-periods with more than one row, by why they may have them.

    Attributes
    ----------
    copies
        Those whose rows are the same in every column, and the rows beyond the first in them.
    different
        Those whose rows differ, likewise.
    across
        Those with rows from several files, whatever the rows say, likewise.
    files
        Files of the latter.
    """

    copies: tuple[int, int] = (0, 0)
    different: tuple[int, int] = (0, 0)
    across: tuple[int, int] = (0, 0)
    files: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return any(cells for cells, _ in (self.copies, self.different, self.across))


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
        Person-periods with more than one row.
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
    constant
        Whether every such column has one value in all rows of everybody, or none in all of them;
        False also where that was not found out.
    """

    n_persons: int
    n_rows: int
    duplicates: Duplicates
    changed: Mapping[str, int]
    partly_started: int
    half_started: int
    start_outside: int
    periods: tuple[int, ...]
    constant: bool


def count_within_persons(
    frame: nw.LazyFrame[Any],
    names: tuple[str, ...],
    years: tuple[int, int],
    *,
    texts: Mapping[str, tuple[str, ...]],
    extremes: Mapping[str, tuple[float, float]],
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
    extremes
        Smallest and largest value of number columns, where every value is a number.
    monthly
        Whether a row is a month; persons are then followed by month.
    """
    first, last = (12 * years[0], 12 * years[1] + 11) if monthly else years
    starts = "start_year" in names
    followed = _followed(frame, starts=starts, monthly=monthly)
    whole = followed.collect_schema()["year"].is_integer()
    usable = followed.filter(
        engine.has_value(nw.col("person_id"))
        & usable_year(nw.col("year"), "year", first, last, whole=whole)
    )
    constant = tuple(name for name in names if name in CONTRACT and CONTRACT[name].constant)
    asked = _Asked(usable, first, last, constant, names, texts, starts=starts, monthly=monthly)
    packed = asked.packed(extremes)
    counted = asked.screened(packed) if packed is not None else {}
    if not counted or counted["_any_changed"].any():
        counted = asked.detailed()
    return asked.persons(counted)


@dataclass(frozen=True)
class _Asked:
    """The usable rows of persons, and what is asked about them.

    Attributes
    ----------
    rows
        The rows, `year` being the period.
    first, last
        The first and last period that is followed.
    constant
        Columns that may not change within a person.
    names
        All columns of the panel.
    texts
        Distinct values of text columns.
    """

    rows: nw.LazyFrame[Any]
    first: int
    last: int
    constant: tuple[str, ...]
    names: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]]
    starts: bool = field(kw_only=True)
    monthly: bool = field(kw_only=True)

    @property
    def bits(self) -> list[str]:
        """The names of the positional sums."""
        blocks = range(self.first, self.last + 1, engine.BLOCK)
        return [f"_bits{i}" for i in range(len(blocks))]

    @property
    def same(self) -> list[str]:
        """What persons are counted together by: there are few kinds and many persons."""
        return ["_rows", *self.bits, *([_START] if self.starts else [])]

    def packed(self, extremes: Mapping[str, tuple[float, float]]) -> nw.Expr | None:
        """Return all constant columns as the digits of one whole number, a null being the lowest.

        None where they do not fit, or a column has values that could not be converted.
        """
        total, size, reach = nw.lit(0.0), 1.0, 0.0
        for name in self.constant:
            column = nw.col(name)
            if name in self.texts:
                digit = engine.code_of(column, self.texts[name]).cast(nw.Float64)
                low, high = -1.0, len(self.texts[name]) - 1.0
            elif name in extremes:
                low, high = extremes[name][0] - 1.0, extremes[name][1]
                digit = column.cast(nw.Float64).fill_null(low)
            else:
                return None
            total, reach = total + digit * size, reach + max(abs(low), abs(high)) * size
            size *= high - low + 1.0
        return total if max(size, reach) < _EXACT else None

    def screened(self, packed: nw.Expr) -> dict[str, NDArray[Any]]:
        """Return the counts, with whether anything changes within anybody."""
        half = engine.count_of(nw.col(_HALF)).cast(nw.Float64) if self.monthly else nw.lit(0.0)
        per_person = self._per_person(
            [packed.alias(_PACKED), *([half.alias("_half")] if self._halves else [])],
            [
                nw.col(_PACKED).min().alias("_low"),
                nw.col(_PACKED).max().alias("_high"),
                *([nw.col("_half").max()] if self._halves else []),
                *([nw.col(_START).max().alias(f"_high_{_START}")] if self.starts else []),
            ],
        )
        sums = [engine.count_of(nw.col("_low") != nw.col("_high")).alias("_any_changed")]
        if self._halves:
            sums.append(nw.col("_half").alias("_halves"))
        return self._tallied(per_person, sums, ["_any_changed", *(["_halves"] * self._halves)])

    def detailed(self) -> dict[str, NDArray[Any]]:
        """Return the counts, with the persons in whom each column changes."""
        constant = [*self.constant, *([_START] if self.starts else [])]
        prepared = [_coded(name, self.texts[name]) for name in constant if name in self.texts]
        counts: list[nw.Expr] = []
        if self.starts:
            prepared.append(engine.count_of(engine.has_value(nw.col(_START))).alias("_started"))
            prepared.append(engine.count_of(nw.col(_HALF)).alias("_half"))
            counts = [nw.col("_started").sum(), nw.col("_half").sum()]
        lows = [nw.col(name).min().alias(f"_low_{name}") for name in constant]
        highs = [nw.col(name).max().alias(f"_high_{name}") for name in constant]
        per_person = self._per_person(prepared, [*counts, *lows, *highs])
        names = [f"_changed_{name}" for name in self.constant]
        sums = [
            engine.count_of(_differ(f"_low_{name}", f"_high_{name}")).alias(f"_changed_{name}")
            for name in self.constant
        ]
        if self.starts:
            partly = (nw.col("_started") > 0) & (nw.col("_started") < nw.col("_rows"))
            sums.append(engine.count_of(partly).alias("_partly"))
            sums.append(engine.count_of(nw.col("_half") > 0).alias("_halves"))
            names += ["_partly", "_halves"]
        return self._tallied(per_person, sums, names)

    @property
    def _halves(self) -> bool:
        return self.monthly and self.starts

    def _per_person(
        self, prepared: Sequence[nw.Expr], aggregates: Sequence[nw.Expr]
    ) -> nw.LazyFrame[Any]:
        """Return an aggregate per person, rows and positional sums among it."""
        # One power a row, however many blocks: it is the dearest thing in this pass.
        block = engine.BLOCK
        bits = [
            nw.when((nw.col("year") >= low) & (nw.col("year") < low + block))
            .then(nw.col(_BIT))
            .otherwise(nw.lit(0.0))
            .alias(name)
            for name, low in zip(self.bits, range(self.first, self.last + 1, block), strict=True)
        ]
        power = engine.period_bit(nw.col("year"), self.first).alias(_BIT)
        groups = self.rows.with_columns(power, *prepared).with_columns(bits).group_by("person_id")
        sums = (nw.col(name).sum() for name in self.bits)
        return groups.agg(nw.len().alias("_rows"), *sums, *aggregates)

    def _tallied(
        self, per_person: nw.LazyFrame[Any], sums: Sequence[nw.Expr], names: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """Return the counts of persons who have the same periods and start."""
        kind = [nw.col(name).cast(nw.Float64) for name in ("_rows", *self.bits)]
        if self.starts:
            start = nw.col(f"_high_{_START}").cast(nw.Float64).fill_null(-1.0)
            kind.append(start.alias(_START))
        kinds = per_person.select(*kind, *sums).group_by(self.same)
        counts = kinds.agg(nw.len().alias("_persons"), *(nw.col(name).sum() for name in names))
        leaving = [nw.col(name) for name in self.same]
        leaving += [nw.col(n).cast(nw.Float64) for n in ("_persons", *names)]
        return engine.arrays(counts.select(leaving))

    def persons(self, counted: Mapping[str, NDArray[Any]]) -> Persons:
        """Return what the counts say."""

        def total(name: str) -> int:
            return int(counted[name].sum()) if name in counted else 0

        many, rows = counted["_persons"], counted["_rows"]
        bits = np.stack([counted[name] for name in self.bits]).astype(np.int64)
        distinct = bool((_ones(bits).sum(axis=0) == rows).all())
        everything = tuple(range(self.first, self.last + 1))
        periods = _periods_with_rows(bits, self.first) if distinct else everything
        beyond = np.zeros(len(many), dtype=bool)
        if self.starts and periods:
            start = counted[_START]
            beyond = (start >= 0) & ((start < periods[0]) | (start > periods[-1]))
        return Persons(
            n_persons=int(many.sum()),
            n_rows=int((rows * many).sum()),
            duplicates=Duplicates() if distinct else _duplicates(self.rows, self.names),
            changed={name: total(f"_changed_{name}") for name in self.constant},
            partly_started=total("_partly"),
            half_started=total("_halves"),
            start_outside=int((many * beyond).sum()),
            periods=periods,
            constant="_any_changed" in counted,
        )


# --- prepared columns -----------------------------------------------------------------------------


def _followed(frame: nw.LazyFrame[Any], *, starts: bool, monthly: bool) -> nw.LazyFrame[Any]:
    """Return the frame with `year` as the period, and the period of start and what it lacks."""
    if not starts:
        return engine.in_months(frame) if monthly else frame
    if not monthly:
        return frame.with_columns(nw.col("start_year").alias(_START), nw.lit(False).alias(_HALF))
    one = engine.has_value(nw.col("start_year")) != engine.has_value(nw.col("start_month"))
    kept = frame.with_columns(
        nw.col("start_year").alias("_kept_year"),
        nw.col("start_month").alias("_kept_month"),
        one.alias(_HALF),
    )
    counted = engine.in_months(kept).rename({"start_year": _START})
    return counted.rename({"_kept_year": "start_year", "_kept_month": "start_month"})


def _differ(low: str, high: str) -> nw.Expr:
    """Return True where two values are given and differ; null against null is no difference."""
    both = engine.has_value(nw.col(low)) & engine.has_value(nw.col(high))
    return both & (nw.col(low) != nw.col(high)).fill_null(False)


def _coded(name: str, texts: tuple[str, ...]) -> nw.Expr:
    """Return a text column as codes with nulls: comparing texts is what would take the time."""
    return (
        nw.when(engine.has_value(nw.col(name)))
        .then(engine.code_of(nw.col(name), texts))
        .alias(name)
    )


# --- above the seam ------------------------------------------------------------------------------


def _ones(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of ones in each integer."""
    octets = np.ascontiguousarray(bits).view(np.uint8).reshape(*bits.shape, 8)
    ones: NDArray[np.int64] = np.unpackbits(octets, axis=-1).sum(axis=-1, dtype=np.int64)
    return ones


def _periods_with_rows(bits: NDArray[np.int64], first: int) -> tuple[int, ...]:
    seen = np.bitwise_or.reduce(bits, axis=1)
    return tuple(
        first + block * engine.BLOCK + bit
        for block, word in enumerate(seen.tolist())
        for bit in range(engine.BLOCK)
        if word >> bit & 1
    )


def _duplicates(frame: nw.LazyFrame[Any], names: Sequence[str]) -> Duplicates:
    """Return the person-periods with more than one row, by why they may have them."""
    present = frame.collect_schema()
    file = nw.col(FILE) if FILE in present else nw.lit("")
    rows = frame.select(*(name for name in names if name in present), file.alias(FILE))
    whole = [name for name in rows.collect_schema() if name != FILE]
    files = (nw.col(FILE).min().alias("_first"), nw.col(FILE).max().alias("_last"))
    kinds = rows.group_by(whole).agg(nw.len().alias("_rows"), *files)
    spans = (nw.col("_first").min(), nw.col("_last").max())
    cells = kinds.group_by("person_id", "year").agg(
        nw.col("_rows").sum(), nw.len().alias("_kinds"), *spans
    )
    alike = engine.count_of(nw.col("_kinds") == 1).alias("_alike")
    several = cells.filter(nw.col("_rows") > 1).with_columns(alike)
    kind = ("_alike", "_first", "_last")
    counts = several.group_by(kind).agg(nw.len().alias("_cells"), nw.col("_rows").sum())
    numbers = [nw.col(name).cast(nw.Int64) for name in ("_cells", "_rows")]
    found = pd.DataFrame(engine.arrays(counts.select(*kind, *numbers)))
    across, alike_ = found["_first"] != found["_last"], found["_alike"] == 1

    def of(chosen: pd.Series[bool]) -> tuple[int, int]:
        n = int(found.loc[chosen, "_cells"].sum())
        return n, int(found.loc[chosen, "_rows"].sum()) - n

    named = found.loc[across, ["_first", "_last"]].to_numpy().ravel()
    return Duplicates(
        copies=of(~across & alike_),
        different=of(~across & ~alike_),
        across=of(across),
        files=tuple(sorted(set(map(str, named)))),
    )


#: A text column with no more distinct values leaves the engine as codes.
FEW_TEXTS = 2_000


class PanelCounts:
    """The rows of a register in the contract's names and types, and what has been counted of them.

    Panels of the same rows share it.

    Parameters
    ----------
    raw
        The register as it came.
    casts
        How each column of ours is made from it.
    monthly
        Whether a row is a month.
    files
        The files that it is read from, where it is.

    Attributes
    ----------
    seconds
        How long the passes over rows and over persons took.
    """

    def __init__(
        self,
        raw: nw.LazyFrame[Any],
        casts: Mapping[str, Cast],
        *,
        monthly: bool,
        files: Sequence[str] = (),
    ) -> None:
        self.raw = raw
        self.casts = dict(casts)
        self.monthly = monthly
        self.files = files
        self.seconds: dict[str, float] = {}
        self._written: list[tuple[int, int]] = []
        self._by_text: dict[str, Mapping[str, int] | None] = {}
        self._started: dict[str, tuple[nw.LazyFrame[Any], tuple[int, int]]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by our names."""
        return tuple(self.casts)

    @cached_property
    def frame(self) -> nw.LazyFrame[Any]:
        """The rows in the contract's names and types."""
        return self.raw.select([cast.expr.alias(name) for name, cast in self.casts.items()])

    @cached_property
    def rows(self) -> Rows:
        """What one pass over the rows finds."""
        with self._timed("rows"), reading(self.raw):
            self._written = _written(self.files)
            told = footers(self.raw, self.files)
            return count_rows(self.raw, self.casts, told, self._rows_by_text)

    @property
    def counted(self) -> Rows | None:
        """What has been found of the rows, None where nothing has been read yet."""
        return self.__dict__.get("rows")

    @cached_property
    def persons(self) -> Persons | None:
        """What one aggregate per person finds; None where no row has a usable year."""
        if self.rows.years is None:
            return None
        constant = [name for name in self.casts if name in CONTRACT and CONTRACT[name].constant]
        with self._timed("persons"), reading(self.raw):
            found = count_within_persons(
                self._with_files,
                self.columns,
                self.rows.years,
                texts=self.texts_of(constant),
                extremes=self.rows.extremes,
                monthly=self.monthly,
            )
        if self.rows.all_usable and found.n_rows != self.rows.n_rows:
            raise _other_rows(f"{self.rows.n_rows} rows, and {found.n_rows} the next time")
        return found

    @cached_property
    def unfilled(self) -> tuple[Unfilled, ...]:
        """Where money columns that have amounts are null in all rows."""
        with self._timed("unfilled"), reading(self.raw):
            return count_unfilled(
                self._with_files,
                self.casts,
                self.rows,
                files=len(self.files),
                monthly=self.monthly,
            )

    @property
    def _with_files(self) -> nw.LazyFrame[Any]:
        """The rows with the file that each came from, where there are several."""
        if FILE not in self.raw.collect_schema():
            return self.frame
        columns = [cast.expr.alias(name) for name, cast in self.casts.items()]
        return self.raw.select(*columns, nw.col(FILE).cast(nw.String))

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Raise where the source has given other rows meanwhile than when they were counted.

        What was read then belongs to no register. A sample that is drawn anew each time, or a table
        that somebody writes to, is such a source.

        Raises
        ------
        EngineError
        """
        try:
            yield
        except MihImpactError:
            raise
        except Exception:
            self._require_unchanged()  # what does not fit together may have any error
            raise
        self._require_unchanged()

    def _require_unchanged(self) -> None:
        counted = self.rows.sums
        if self._written and self._written == _written(self.files):
            return  # nobody has written to the files
        with reading(self.raw):
            again = row_sums(self.raw, self.casts)
        if again != counted:
            rows = f"{counted['n']:.0f} rows, and {again['n']:.0f} the next time"
            raise _other_rows(f"{rows}, with other sums" if again["n"] == counted["n"] else rows)

    @property
    def measures(self) -> tuple[str, ...] | None:
        """The measures that somebody begins, ascending; None without the column."""
        if MEASURE not in self.casts:
            return None
        with reading(self.raw):
            return self.texts_of([MEASURE]).get(MEASURE, ())

    def started(self, measure: str) -> tuple[nw.LazyFrame[Any], tuple[int, int]]:
        """Return the rows with starts in a measure, and their first and last year; read once."""
        if measure not in self._started:
            with reading(self.raw):
                self._started[measure] = started(self.frame, measure, monthly=self.monthly)
        return self._started[measure]

    def texts_of(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the distinct values of those text columns that have few, read once a column."""
        categories = [name for name in names if self.casts[name].dtype == "category"]
        by_text = {name: self._rows_by_text(name) for name in categories}
        return {name: tuple(sorted(rows)) for name, rows in by_text.items() if rows is not None}

    def _rows_by_text(self, name: str) -> Mapping[str, int] | None:
        """Return the rows of each value of a text column, None where it has many; read once."""
        if name not in self._by_text:
            self._by_text[name] = engine.rows_by_text(self.frame, name, at_most=FEW_TEXTS)
        return self._by_text[name]

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = perf_counter()
        yield
        self.seconds[what] = perf_counter() - begun


def _written(files: Iterable[str]) -> list[tuple[int, int]]:
    """Return when files were last written and how long they are; nothing where one is gone."""
    try:
        return [(found.st_mtime_ns, found.st_size) for found in map(os.stat, files)]
    except OSError:
        return []


def _other_rows(found: str) -> EngineError:
    return EngineError(
        "The source gives other rows each time that it is read",
        found=found,
        do="keep what it is to be before reading: write it to Parquet, collect it into a frame, or "
        "store a query as a table (a sample that is drawn anew each time is another register)",
    )
