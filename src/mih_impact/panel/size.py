"""How large a cube will be, and whether it may be: foretold before a row leaves the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.display.locale import Label
from mih_impact.display.numbers import number
from mih_impact.display.result import Card, Displayed, Provenance
from mih_impact.errors import MemoryLimitError, OptionError
from mih_impact.panel import engine as ops
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.engine import is_spark

__all__ = ["EIGHT", "Precision", "SizeEstimate", "Widths", "bytes_of", "disk_of", "parse_memory"]

Precision = Literal["float64", "float32"]

#: Whole øre that four bytes hold.
MOST_ORE = 2**31 - 1


@dataclass(frozen=True)
class Widths:
    """In which types values are stored; they are read out as float64 in any case.

    Attributes
    ----------
    number
        Type of number columns.
    exact
        Number columns that are kept in eight bytes all the same: those that can be outcomes.
    narrow
        Money columns whose øre are kept in four bytes, which loses nothing.
    """

    number: type[np.floating[Any]] = np.float64
    narrow: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        precision: Precision,
        money: Iterable[str],
        extremes: Mapping[str, tuple[float, float]],
        *,
        per_year: int,
        exact: Iterable[str] = (),
    ) -> Widths:
        """Return the types for a precision.

        Parameters
        ----------
        precision
            "float64" keeps everything in eight bytes. "float32" keeps numbers in four, which have
            seven digits, unless they can be outcomes, and money in four where no year of anybody's
            can be too large for them.
        money
            The money columns.
        extremes
            Smallest and largest value of each, in kroner.
        per_year
            Periods in a year. By month amounts are kept as running totals, and these may go round:
            what a year adds is right as long as no year alone is too large.
        exact
            The number columns that can be outcomes.

        Examples
        --------
        >>> Widths.of("float32", ["aap"], {"aap": (0.0, 900_000.0)}, per_year=12).narrow
        frozenset({'aap'})
        """
        if precision == "float64":
            return EIGHT
        largest = {name: max(map(abs, extremes[name])) for name in money if name in extremes}
        fits = [name for name, kroner in largest.items() if kroner * 100 * per_year <= MOST_ORE]
        return cls(np.float32, frozenset(fits), frozenset(exact))

    def of_number(self, name: str) -> type[np.floating[Any]]:
        """Return the type of a number column."""
        return np.float64 if name in self.exact else self.number

    def ore(self, name: str) -> type[np.signedinteger[Any]]:
        """Return the type of a money column."""
        return np.int32 if name in self.narrow else np.int64

    def bytes(self, name: str, dtype: Dtype) -> int:
        """Return the bytes of a varying column's cell: money has øre and a flag for null."""
        if dtype == "category":
            return 4
        if dtype == "money":
            return np.dtype(self.ore(name)).itemsize + 1
        return np.dtype(self.of_number(name)).itemsize


EIGHT = Widths()

#: Row, eligibility and state of every cell.
_CELL = 3
#: An identifier: a pointer and a short text.
_PERSON = 8 + 60
#: What an engine holds of a person while some are chosen: the identifier and a few sums.
_CHOOSING = 130
#: Bytes a row takes while it leaves the engine, of which there are a million at a time.
_LEAVING = 1_000_000 * 16
_UNITS = {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 2**10, "mib": 2**20, "gib": 2**30}

_TITLE = Label(nb="Størrelsen på utvalget", en="Size of the selection")
_LINES = (
    Label(nb="Personer", en="Persons"),
    Label(nb="Perioder", en="Periods"),
    Label(nb="Minne til tallene, MB", en="Memory for the arrays, MB"),
    Label(nb="Minne mens de hentes, MB", en="Memory while they are fetched, MB"),
    Label(nb="Rader å lese", en="Rows to read"),
    Label(nb="Tid å hente dem, om lag, sekunder", en="Time to fetch them, about, seconds"),
    Label(nb="Disk til mellomlagring, høyst, MB", en="Disk to work on, at most, MB"),
)


@dataclass(frozen=True, eq=False, repr=False)
class SizeEstimate(Displayed):
    """What a cube will take, reckoned from counts that the engine gave.

    Attributes
    ----------
    persons, periods
        Who comes along, and how many years or months.
    by_column
        Bytes of each column's arrays; the keys and states are under `person_id`.
    rows
        Rows of the register, which are read once.
    seconds
        About how long it will take: as long as reading the register for the check took here. The
        one figure of the library that a clock has a say in.
    disk_bytes
        What the engine may write to disk meanwhile, at most.
    """

    persons: int
    periods: int
    by_column: Mapping[str, int]
    rows: int
    seconds: float
    disk_bytes: int
    provenance: Provenance

    @property
    def cube_bytes(self) -> int:
        """Bytes of the cube's arrays."""
        return sum(self.by_column.values())

    @property
    def peak_bytes(self) -> int:
        """Bytes while the cube is filled: its arrays, and the rows that are on their way."""
        return self.cube_bytes + min(_LEAVING, 16 * self.persons * self.periods) * max(
            len(self.by_column), 1
        )

    def to_frame(self) -> pd.DataFrame:
        """Return bytes by column: column, bytes."""
        return pd.DataFrame(list(self.by_column.items()), columns=["column", "bytes"])

    def require(self, limit: int) -> None:
        """Raise where the cube would not fit.

        Raises
        ------
        MemoryLimitError
        """
        if self.peak_bytes <= limit:
            return
        largest = sorted(self.by_column, key=self.by_column.__getitem__, reverse=True)[:3]
        raise MemoryLimitError(
            "The persons asked for would not fit the memory allowed",
            found=f"{self.persons} persons x {self.periods} periods take about "
            f"{self.peak_bytes / 1e9:.2f} GB while they are fetched, and memory_limit is "
            f"{limit / 1e9:.2f} GB; the largest columns are {', '.join(largest)}",
            do="name fewer columns or outcomes, narrow eligible=, read by year instead of month, "
            "or raise memory_limit=",
        )

    def _card(self) -> Card:
        values = (
            self.persons,
            self.periods,
            round(self.cube_bytes / 1e6),
            round(self.peak_bytes / 1e6),
            self.rows,
            max(1, round(self.seconds)),
            round(self.disk_bytes / 1e6),
        )
        lines = zip((label.text() for label in _LINES), values, strict=True)
        return Card(_TITLE.text(), tuple((label, number(value)) for label, value in lines))


def bytes_of(
    dtypes: Mapping[str, Dtype],
    persons: int,
    periods: int,
    *,
    monthly: bool,
    widths: Widths = EIGHT,
) -> dict[str, int]:
    """Return the bytes that each column takes in a cube.

    Examples
    --------
    >>> bytes_of({"wage_income": "money"}, 1_000, 10, monthly=False)
    {'person_id': 98000, 'wage_income': 90000}
    """
    cells = persons * periods
    found = {"person_id": cells * _CELL + persons * _PERSON}
    for name, dtype in dtypes.items():
        fixed = name in CONTRACT and CONTRACT[name].role in ("fixed", "exit", "treatment")
        found[name] = persons * 8 if fixed else cells * widths.bytes(name, dtype)
        if monthly and dtype == "money":
            found[name] += persons * (widths.bytes(name, dtype) - 1)
    return found


def disk_of(
    rows: nw.LazyFrame[Any], by_column: Mapping[str, int], *, everybody: int, limited: bool
) -> int:
    """Return the bytes that an engine may write to disk, at most, while a cube is fetched.

    Parameters
    ----------
    rows
        The panel's rows.
    by_column
        What the cube takes.
    everybody
        Persons in the register.
    limited
        Whether DuckDB has a limit beyond which it goes to disk: then with what it holds of every
        person while they are chosen. A Spark cluster holds the rows on their way, and goes to disk
        with what its executors cannot; so does DuckDB without PyArrow.
    """
    held = sum(by_column.values())
    if is_spark(rows.implementation):
        return held
    if not limited:
        return 0
    return everybody * _CHOOSING + (0 if ops.has_arrow() else held)


def parse_memory(limit: float | str) -> int:
    """Return bytes: a number, or text such as "4 GB" or "500 MiB".

    Raises
    ------
    PanelContractError
        The text is no amount of memory.

    Examples
    --------
    >>> parse_memory("4 GB"), parse_memory(1e9)
    (4000000000, 1000000000)
    """
    if isinstance(limit, str):
        words = limit.strip().lower().replace(" ", "")
        digits = words.rstrip("bgikmt")
        try:
            amount = float(digits) * _UNITS.get(words[len(digits) :], 0.0)
        except ValueError:
            amount = 0.0
    else:
        amount = float(limit) if arguments.is_number(limit) else 0.0
    if not 0 < amount < float("inf"):
        raise OptionError(
            "memory_limit is an amount of memory",
            found=f"memory_limit={arguments.shown(limit)}",
            do='give bytes, or text such as "4 GB"',
        )
    return int(amount)
