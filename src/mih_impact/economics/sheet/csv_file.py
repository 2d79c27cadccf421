"""A sheet as CSV: written for the spreadsheet of the language, read as any spreadsheet saves it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mih_impact.display.labels import Lang
from mih_impact.display.tables import guarded, unguarded
from mih_impact.economics.sheet.cells import Line, number_text, points_text
from mih_impact.economics.sheet.columns import COLUMNS
from mih_impact.economics.sheet.lines import Cells
from mih_impact.economics.sheet.table import lines_of_table
from mih_impact.errors import AssumptionError, PanelContractError
from mih_impact.panel.csv_text import decode, dialect

__all__ = ["csv_bytes", "read_csv"]


def csv_bytes(lines: Sequence[Cells], lang: Lang) -> bytes:
    """Return the rows as CSV: in bokmål with semicolons and decimal commas, marked as UTF-8.

    A text that a spreadsheet would run as a formula begins with an apostrophe, which `read_csv`
    takes away.
    """
    comma = lang == "nb"
    years = sorted({key for cells in lines for key in cells if key.startswith("year_")}, key=_year)
    keys = [*(column.key for column in COLUMNS), *years]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";" if comma else ",", lineterminator="\r\n")
    writer.writerow(keys)
    writer.writerows([_text(cells.get(key), comma) for key in keys] for cells in lines)
    return buffer.getvalue().encode("utf-8-sig")


def _year(key: str) -> int:
    return int(key.removeprefix("year_"))


def _text(value: Any, comma: bool) -> str:
    if isinstance(value, float):
        return number_text(value, comma=comma)
    if isinstance(value, tuple):
        return points_text(value, comma=comma)
    return "" if value is None else guarded(str(value))


def read_csv(path: Path) -> list[Line]:
    """Return the rows of a CSV file, as they stand.

    Raises
    ------
    AssumptionError
        The bytes are no known encoding, or a row does not have the fields of the header.
    """
    try:
        delimiter, text = dialect(decode(path.read_bytes()))
    except PanelContractError as error:
        raise AssumptionError(
            f"{path.name}: {error.what}", found=error.found, do=error.do
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, list[Any]]] = []
    try:
        for fields in reader:
            rows.append((f"row {len(rows) + 1}", [unguarded(field) for field in fields]))
    except csv.Error as error:
        raise AssumptionError(
            f"{path.name}: a quotation mark is not closed, or stands alone",
            found=f"{error}, line {reader.line_num}",
            do="double the quotation marks inside quoted fields",
        ) from None
    _require_width(rows, path.name)
    return lines_of_table(rows, path.name)


def _require_width(rows: list[tuple[str, list[Any]]], file: str) -> None:
    width = len(rows[0][1])
    for place, fields in rows:
        if fields and len(fields) != width:
            raise AssumptionError(
                f"{file}, {place}: too few or too many fields",
                found=f"{len(fields)} fields; the header has {width}",
                do="quote fields that hold the separator, such as a decimal comma",
            )
