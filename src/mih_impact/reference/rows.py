"""Official series and rules as dated rows, each with unit, status and source.

A number without a source is not a fact. Every number the library starts from is a row of a CSV file
that a reader can open, and says how sure we are of it:

seen
    read in the source
derived
    arithmetic on values that were seen
remembered
    not checked: never used without being shown as such
ASSUMED
    ours: likewise
not found
    nobody has published it; there is no value

A source that is a name (a publication, a chapter of the budget) is the same in both languages. One
that is a sentence has its translation in a row of `data/source_texts.csv`; several sources of one
number are joined by semicolons and translated one by one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal, get_args

import pandas as pd

from mih_impact import arguments
from mih_impact.errors import AssumptionError, OptionError

__all__ = ["TABLES", "Row", "Status", "find", "rows", "source_in", "table", "unsure"]

Status = Literal["seen", "derived", "remembered", "ASSUMED", "not found"]

TABLES = (
    "kpi",
    "kpi_forecast",
    "grunnbelop",
    "wage_growth",
    "employer_contribution",
    "r109_2021",
    "cost_building_blocks",
)
"""The tables shipped on this floor."""

# Other tables call the columns of a row by the names of their own subject.
_NAMES = {"id": "name", "item": "name", "when": "year"}


@dataclass(frozen=True)
class Row:
    """One number or rule, with what a reader needs in order to trust it.

    Parameters
    ----------
    name
        What it is.
    value
        A number, a text (a rule, a range) or None where none was found.
    unit
        The unit, with the price level where it is money.
    year
        The year it holds for, or its price year; None when it has none.
    status
        How sure we are: ``seen``, ``derived``, ``remembered``, ``ASSUMED`` or ``not found``.
    source
        Where it was read.
    note
        What else the reader should know: range, method, reservation.
    """

    name: str
    value: float | str | None
    unit: str
    year: int | None
    status: Status
    source: str
    note: str

    @property
    def unsure(self) -> bool:
        """Whether whoever uses the row has to show its status."""
        return self.status in ("remembered", "ASSUMED")

    @property
    def number(self) -> float:
        """The value as a number; an error when the row holds none."""
        if isinstance(self.value, float):
            return self.value
        raise AssumptionError(
            f"The row {self.name!r} holds no number", found=f"{self.value!r}, status {self.status}"
        )


def table(name: str, folder: Traversable | None = None) -> pd.DataFrame:
    """Return a table as it stands in its file, for showing.

    Parameters
    ----------
    name
        Name of the table, such as ``"kpi"``.
    folder
        Where ``<name>.csv`` lies; None is the data of this floor.

    Returns
    -------
    pandas.DataFrame
        One row a line; a column of numbers is numeric, an empty text is ``""``.

    Raises
    ------
    AssumptionError
        When there is no such table.

    Examples
    --------
    >>> table("kpi").set_index("year")["value"].loc[2015].item()
    100.0
    """
    header, lines = _lines(name, folder)
    frame = pd.DataFrame(lines, columns=header)
    for place, column in enumerate(header):
        given = [_value(line[place]) for line in lines if line[place]]
        if given and all(isinstance(value, float) for value in given):
            frame[column] = pd.to_numeric(frame[column].replace("", None))
    return frame


def rows(name: str, folder: Traversable | None = None) -> tuple[Row, ...]:
    """Return a table as rows of one shape, whatever the table.

    A table with one column a year since start (``t0``, ``t1``, ...) gives one row for each cell.

    Parameters
    ----------
    name, folder
        As for `table`.

    Raises
    ------
    AssumptionError
        When there is no such table, or a line has an unknown status.

    Examples
    --------
    >>> find(rows("r109_2021"), "tax_financing_cost").value
    0.2
    """
    return _own_rows(name) if folder is None else _read(name, folder)


@cache
def _own_rows(name: str) -> tuple[Row, ...]:
    """Return the rows of a table of this floor, which does not change while the library is used."""
    return _read(name, None)


def _read(name: str, folder: Traversable | None) -> tuple[Row, ...]:
    header, lines = _lines(name, folder)
    years_since_start = [column for column in header if re.fullmatch(r"t\d+", column)]
    found: list[Row] = []
    for line in lines:
        cells = {_NAMES.get(k, k): v for k, v in zip(header, line, strict=True)}
        if not years_since_start:
            found.append(_row(cells))
        for t in years_since_start:
            label = f"{cells['name']}, {t[1:]} years after start"
            found.append(_row({**cells, "name": label, "value": cells[t]}))
    return tuple(found)


def find(candidates: Iterable[Row], name: str, *, year: int | None = None) -> Row:
    """Return the one row of that name (and year).

    Raises
    ------
    AssumptionError
        When there is none, or more than one because it stands for several years.
    """
    named = [row for row in candidates if row.name == name]
    hits = [row for row in named if year is None or row.year == year]
    if len(hits) == 1:
        return hits[0]
    years = ", ".join(str(row.year) for row in named) or "none"
    raise AssumptionError(
        f"There is not exactly one row {name!r}" + ("" if year is None else f" for {year}"),
        found=f"{len(hits)} rows; years of that name: {years}",
        do="Name a row and a year that the table has",
    )


def unsure(candidates: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows that are remembered or ASSUMED: whoever uses one shows that.

    Examples
    --------
    >>> [row.name for row in unsure(rows("cost_building_blocks"))][:2]
    ['pension and social costs share of wage', 'effective tax on taxable benefits']
    """
    return tuple(row for row in candidates if row.unsure)


def _row(cells: dict[str, str]) -> Row:
    status = cells.get("status", "")
    if not arguments.is_one_of(status, get_args(Status)):
        raise AssumptionError(
            f"The row {cells.get('name', '')!r} has an unknown status", found=repr(status)
        )
    year = cells.get("year", "")
    return Row(
        name=cells["name"],
        value=_value(cells["value"]),
        unit=cells.get("unit", ""),
        year=int(year) if re.fullmatch(r"\d{4}", year) else None,
        status=status,  # type: ignore[arg-type]
        source=cells.get("source", ""),
        note=cells.get("note", ""),
    )


def _value(text: str) -> float | str | None:
    if text == "":
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _lines(name: str, folder: Traversable | None) -> tuple[list[str], list[list[str]]]:
    home = files(__package__) / "data" if folder is None else folder
    path = home / f"{name}.csv"
    if not path.is_file():
        raise OptionError(
            f"There is no table {name!r}",
            found=", ".join(sorted(p.name[:-4] for p in home.iterdir() if p.name[-4:] == ".csv")),
            do="Ask for one of those found",
        )
    header, *lines = csv.reader(path.read_text(encoding="utf-8").splitlines())
    return header, lines


@cache
def _translations() -> dict[str, str]:
    text = (files(__package__) / "data" / "source_texts.csv").read_text(encoding="utf-8")
    return {row["en"]: row["nb"] for row in csv.DictReader(text.splitlines())}


def source_in(source: str, lang: str) -> str:
    """Return a source in a language; what has no translation is shown as it is.

    Parameters
    ----------
    source
        The source as it stands in a table or on an assumption.
    lang
        "nb" or "en".

    Examples
    --------
    >>> source_in("Vista Analyse 2021/37; assumed in mih_impact, without a source", "nb")
    'Vista Analyse 2021/37; forutsatt i mih_impact, uten kilde'
    """
    if lang != "nb":
        return source
    known = _translations()
    if source in known:
        return known[source]
    parts = source.split("; ")
    for cut in range(len(parts) - 1, 0, -1):  # the longest beginning that is known
        first, rest = "; ".join(parts[:cut]), "; ".join(parts[cut:])
        if first in known or cut == 1:
            return f"{known.get(first, first)}; {source_in(rest, lang)}"
    return source
