"""Cells of a sheet: what people and spreadsheets write, read as what it must be or refused.

A number may have a decimal comma, spaces between thousands and a per cent sign. What could be read
in two ways is refused, cell by cell: a sheet is typed by many hands, and one that is misread gives
an account that nobody asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mih_impact import arguments
from mih_impact.economics.checks import nearest
from mih_impact.economics.sheet.columns import BY_KEY, YEAR
from mih_impact.economics.sheet.words import WORDS, code_of
from mih_impact.errors import AssumptionError
from mih_impact.panel.number_text import read_numbers

__all__ = ["Line", "number_of", "number_text", "points_of", "points_text", "typed"]

#: Units of which a hundredth is a per cent.
_PERCENT = ("share", "NOK per NOK", "per year, real")


@dataclass(frozen=True)
class Line:
    """One row of a sheet, with where it stands.

    Attributes
    ----------
    place
        The row, as its reader finds it: "row 7".
    cells
        What is not empty, by column.
    headers
        What the columns are called there, where that is not their key.
    """

    place: str
    cells: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the assumption."""
        return str(self.cells.get("name", ""))

    def get(self, column: str, default: Any = None) -> Any:
        """Return a cell; `default` where it is empty."""
        return self.cells.get(column, default)

    def at(self, column: str) -> str:
        """Return where a cell is, in words."""
        named = f" ({self.name})" if self.name else ""
        return f"{self.place}{named}, column {self.headers.get(column, column)!r}"

    def error(
        self, column: str, what: str, *, found: Any = None, do: str | None = None
    ) -> AssumptionError:
        """Return the error of a cell."""
        shown = None if found is None else found if isinstance(found, str) else repr(found)
        return AssumptionError(f"{self.at(column)}: {what}", found=shown, do=do)

    @contextmanager
    def checking(self, column: str) -> Iterator[None]:
        """Say of an error raised inside which cell it is about."""
        try:
            yield
        except AssumptionError as error:
            raise AssumptionError(
                f"{self.at(column)}: {error.what}", found=error.found, do=error.do
            ) from None


def typed(line: Line) -> Line:
    """Return a row with every cell read as what its column holds."""
    cells: dict[str, Any] = {}
    unit = _typed_cell(line, "unit", line.get("unit"), "")
    for column, raw in line.cells.items():
        value = _typed_cell(line, column, raw, str(unit or ""))
        if value is not None:
            cells[column] = value
    return Line(line.place, cells, line.headers)


def _typed_cell(line: Line, column: str, raw: Any, unit: str) -> Any:
    """Return one cell, None where it is empty."""
    kind = BY_KEY.get(column, YEAR).kind
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if kind == "word":
        return _word(line, column, raw)
    if kind == "points":
        return points_of(raw, line, unit)
    if kind == "number" and not (column == "value" and _is_setting(line.name)):
        kroner = "NOK per participant in the phase"
        return number_of(raw, line, column, kroner if column.startswith("year_") else unit)
    text = f"{raw:g}" if isinstance(raw, float) else str(raw)
    return text.strip() if column in ("name", "phase", "value") else text


def _is_setting(name: str) -> bool:
    """Return whether the value of a row is a word, or is read when its row is known."""
    return name.strip() == "programme" or name.strip().startswith(("account:", "programme:"))


def _word(line: Line, column: str, raw: Any) -> str:
    text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    code = code_of(column, f"{raw:g}" if isinstance(raw, float) else text)
    if code is None:
        known = [each for label in WORDS[column].values() for each in (label.nb, label.en)]
        raise line.error(
            column,
            "this is none of the words it can be",
            found=arguments.shown(text.strip()),
            do=f"use one of {', '.join(WORDS[column])}{nearest(text, [*WORDS[column], *known])}",
        )
    return code


def number_of(raw: Any, line: Line, column: str, unit: str = "") -> float:
    """Return the number in a cell.

    Parameters
    ----------
    raw
        A number, or text as people type it.
    line, column
        Where it stands, for the error.
    unit
        The unit of the assumption, which says whether it can be written in per cent.

    Raises
    ------
    AssumptionError
        The cell is no number, or one that could be read in two ways.

    Examples
    --------
    >>> line = Line("row 2", {"name": "tax_rate_wage"}, {})
    >>> number_of("24,5\u00a0%", line, "value", "share"), number_of("200 000 kr", line, "value")
    (0.245, 200000.0)
    """
    if arguments.is_number(raw):
        return float(raw)
    if not isinstance(raw, str):
        raise line.error(
            column,
            "this is not a number",
            found=arguments.type_of(raw),
            do="write the number again, in a cell that is formatted as a number"
            " (spreadsheets make dates of what looks like one)",
        )
    plain = re.sub(r"^(kr|NOK)\s*|\s*(kr|NOK)$", "", raw.strip(), flags=re.IGNORECASE)
    percent = plain.endswith("%")
    plain = plain.removesuffix("%").strip()
    read = read_numbers([plain])
    if read.no_number[0] or math.isinf(read.values[0]):
        raise line.error(
            column,
            "this is not a number",
            found=arguments.shown(raw),
            do="write digits with one decimal mark and spaces or nothing between thousands",
        )
    if percent and unit not in _PERCENT:
        raise line.error(
            column,
            f"per cent is no way to write {unit or 'this'}",
            found=arguments.shown(raw),
            do=f"write it in {unit or 'its own unit'}",
        )
    if read.two_ways[0]:
        raise line.error(
            column,
            "this can be read as thousands or as decimals",
            found=arguments.shown(raw),
            do=f"write {plain.replace(read.mark, '')} for thousands, {plain}0 for decimals",
        )
    number = float(read.values[0])
    return _hundredth(number) if percent else number


def _hundredth(number: float) -> float:
    """Return a hundredth, to the last bit what its digits say: 24.5 per cent is 0.245."""
    digits = repr(number)
    return number / 100 if "e" in digits else float(f"{digits}e-2")


def number_text(x: float, *, comma: bool = False) -> str:
    """Return a number as text that reads back to its last bit.

    Examples
    --------
    >>> number_text(0.1 + 0.2, comma=True), number_text(59100.0), number_text(59.125)
    ('0,30000000000000004', '59100', '59.1250')
    """
    text = repr(float(x)).removesuffix(".0")
    if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", text):
        text += "0"  # not to be taken for thousands
    return text.replace(".", ",") if comma else text


def points_of(raw: Any, line: Line, unit: str = "") -> tuple[tuple[float, float], ...]:
    """Return values and probabilities, from pairs or from text: "0.2: 0.5 | 0.3: 0.5".

    Examples
    --------
    >>> points_of("0,2: 50 % | 0,3: 0,5", Line("row 2", {}, {}), "share")
    ((0.2, 0.5), (0.3, 0.5))
    """
    pairs = [part.split(":") for part in raw.split("|")] if isinstance(raw, str) else raw
    fits = isinstance(pairs, (list, tuple)) and all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs
    )
    if not fits:
        raise line.error(
            "points",
            "these are not values with their probabilities",
            found=arguments.shown(raw),
            do='write "0.2: 0.5 | 0.3: 0.5"',
        )
    return tuple(
        (number_of(at, line, "points", unit), number_of(weight, line, "points", "share"))
        for at, weight in pairs
    )


def points_text(points: tuple[tuple[float, float], ...], *, comma: bool = False) -> str:
    """Return points as the text that `points_of` reads."""
    return " | ".join(
        f"{number_text(at, comma=comma)}: {number_text(weight, comma=comma)}"
        for at, weight in points
    )
