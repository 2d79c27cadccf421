"""What a build will read, make and take: foretold from what files say of themselves."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, get_args

import narwhals as nw
import pandas as pd

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label
from mih_impact.display.numbers import number
from mih_impact.display.result import Card, Displayed
from mih_impact.panel.csv_text import dialect, encoding_of
from mih_impact.panel.engine import reading
from mih_impact.panel.files import PARQUET, files_of, is_path
from mih_impact.panel.panel import Period
from mih_impact.panel.size import parse_memory
from mih_impact.panel.sources import LEAST, connect
from mih_impact.registers.build import MEMORY, first_and_last
from mih_impact.registers.opening import chosen_files, first_rows, named
from mih_impact.registers.tables import Source, Table

__all__ = ["BuildEstimate", "estimate_build"]

#: Microseconds a row, on a quiet machine of many cores and on a busy one of two
#: (`benchmarks/results/registers_size_year.json`, `registers_files.json`).
_PARQUET, _OTHERS = (0.5, 10.0), (4.0, 60.0)
#: Seconds that a build takes of a few rows, a table.
_TABLE = (0.05, 0.5)
#: Bytes of a row that DuckDB holds at most; 75 to 122 went to disk (`docs/size.md`).
_HELD = 200

_TITLE = Label(nb="Panelet, før det bygges", en="The panel, before it is built")
_LINES = (
    Label(nb="Rader å lese", en="Rows to read"),
    Label(nb="Rader i panelet, høyst", en="Rows of the panel, at most"),
    Label(nb="Tid, om lag, sekunder", en="Time, about, seconds"),
    Label(nb="Disk til mellomlagring, høyst, MB", en="Disk to work on, at most, MB"),
)
_UNKNOWN = Label(
    nb="Ikke alle filer sier hvor mange rader de har, og de er ikke regnet med: ",
    en="Not all files say how many rows they have, and these are not counted: ",
)


@dataclass(frozen=True, eq=False, repr=False)
class BuildEstimate(Displayed):
    """What a build will read, make and take, before it reads a row.

    Attributes
    ----------
    tables
        The rows of each table, in order; None where its files do not say (SAS transport, `.por`).
    persons, periods
        Rows of the persons' table, and the years or months of the panel.
    seconds
        From a quiet machine of many cores to a busy one of two: as recorded in `benchmarks/`, and
        nothing is measured here.
    disk_bytes
        What DuckDB may write to disk meanwhile, at most, beyond the memory it may take.
    """

    tables: tuple[tuple[str, int | None], ...]
    persons: int | None
    periods: int
    seconds: tuple[float, float]
    disk_bytes: int

    @property
    def rows_read(self) -> int:
        """The rows of all tables that say how many they have."""
        return sum(rows or 0 for _, rows in self.tables)

    @property
    def panel_rows(self) -> int | None:
        """Rows of the panel at most: every person in every period."""
        return None if self.persons is None else self.persons * self.periods

    def to_frame(self) -> pd.DataFrame:
        """Return the rows by table: table, rows."""
        frame = pd.DataFrame(list(self.tables), columns=["table", "rows"])
        return frame.astype({"rows": "Int64"})

    def _card(self) -> Card:
        low, high = (number(max(1, round(each))) for each in self.seconds)
        values = (
            number(self.rows_read),
            number(self.panel_rows),
            f"{low}\u2013{high}",
            number(round(self.disk_bytes / 1e6)),
        )
        lines = zip((label.text() for label in _LINES), values, strict=True)
        silent = ", ".join(name for name, rows in self.tables if rows is None)
        notes = (_UNKNOWN.text() + silent,) if silent else ()
        return Card(_TITLE.text(), tuple(lines), notes=notes)


@named_options
def estimate_build(
    persons: Table,
    *tables: Source,
    years: tuple[int, int],
    period: Period = "year",
    memory_limit: float | str = MEMORY,
) -> BuildEstimate:
    """Foretell what `build_panel` will read, make and take: rows, time and disk.

    Rows are counted, and exact; of Parquet, Stata and SPSS the file says them, of text lines are
    counted, and a workbook is opened. Time is a range, from rates recorded on one machine.

    Parameters
    ----------
    persons, tables
        The persons, and all other tables of the build.
    years, period, memory_limit
        As in `build_panel`.

    Returns
    -------
    BuildEstimate

    Raises
    ------
    OptionError
        An argument that is none of what it takes.
    PanelContractError
        There are no such files, or several versions of one.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> persons = mih.Table(pd.DataFrame({"person_id": [1, 2, 3]}))
    >>> wages = mih.Table(pd.DataFrame({"person_id": [1, 1], "year": [2019, 2020]}), name="wages")
    >>> estimate = mih.estimate_build(persons, wages, years=(2019, 2020))
    >>> estimate.rows_read, estimate.panel_rows
    (5, 6)
    """
    arguments.choice("estimate_build", "period", period, get_args(Period))
    first, last = first_and_last(years)
    limit = max(parse_memory(memory_limit), LEAST)
    found = [
        _rows_of(table, "persons" if table is persons else "table") for table in (persons, *tables)
    ]
    periods = (last - first + 1) * (12 if period == "month" else 1)
    people = found[0].rows
    made = (people or 0) * periods
    low, high = (
        sum(_TABLE[k] + (each.rows or 0) * each.rate[k] / 1e6 for each in found)
        + made * _PARQUET[k] / 1e6
        for k in (0, 1)
    )
    held = _HELD * sum(each.rows or 0 for each in found)
    return BuildEstimate(
        tables=tuple((each.name, each.rows) for each in found),
        persons=people,
        periods=periods,
        seconds=(low, high),
        disk_bytes=held if held > limit // 2 else 0,
    )


class _Counted(NamedTuple):
    """A table: its name, its rows where they can be known, and microseconds a row, from and to."""

    name: str
    rows: int | None
    rate: tuple[float, float] = _OTHERS


def _rows_of(table: Source, kind: str) -> _Counted:
    """Return how many rows a table has, as far as its files say."""
    name = named(table, kind)
    if not is_path(table.source):
        if isinstance(table.source, pd.DataFrame):
            return _Counted(name, len(table.source), _PARQUET)
        frame = nw.from_native(table.source).lazy()
        with reading(frame):
            rows = frame.select(nw.len()).collect("pandas").to_native()
        return _Counted(name, int(rows.iloc[0, 0]), _PARQUET)
    form, files = files_of(table.source)
    files = chosen_files(files, table, name)
    if form.opened is not None:
        return _Counted(name, form.opened(files).rows)
    if form is PARQUET:
        return _Counted(name, first_rows(connect(), files)[-1] - 1, _PARQUET)
    return _Counted(name, sum(_lines(Path(file)) - (not table.form) for file in files))


def _lines(path: Path) -> int:
    """Return how many lines a CSV has, its header among them, blank ones not."""
    with path.open(encoding=encoding_of(path.read_bytes()), newline="") as file:
        delimiter, begun = dialect(file.readline())
        reader = csv.reader(chain([begun] if begun else [], file), delimiter=delimiter)
        return sum(1 for line in reader if line)
