"""What an Excel sheet of assumptions looks like, for who edits it."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from mih_impact.account.assumption import bounds_of
from mih_impact.account.sheet.cells import (
    BY_KEY,
    COLUMNS,
    WORDS,
    YEAR,
    heading,
    points_text,
    word_of,
)
from mih_impact.account.sheet.lines import LATER, SETTINGS, Cells
from mih_impact.display.locale import Label, language

__all__ = ["workbook_bytes"]

_SHEET = Label(nb="Forutsetninger", en="Assumptions")
_HELP = Label(nb="Forklaring", en="Explanation")
_HELP_COLUMNS = (
    Label(nb="Kolonne", en="Column"),
    Label(nb="Hva den er", en="What it is"),
    Label(nb="Kan endres her", en="Can be changed here"),
)
_YES, _NO = Label(nb="ja", en="yes"), Label(nb="nei", en="no")
_NOTES = (
    Label(
        nb="De gule cellene kan endres. Resten er låst, fordi det er strukturen i regnskapet og"
        " ikke forutsetninger. Arket er låst uten passord.",
        en="The yellow cells can be changed. The rest is locked: it is the structure of the"
        " account, and no assumption. The sheet is locked without a password.",
    ),
    Label(
        nb="Les arket inn igjen med case.with_sheet(\"fil.xlsx\"). Et nytt tall uten ny kilde"
        " merkes som analytikerens egen verdi.",
        en="Read the sheet back with case.with_sheet(\"file.xlsx\"). A new number without a new"
        " source is marked as the analyst's own value.",
    ),
    Label(
        nb="Et tall som ikke er kjent, er 0 med et spenn. Ikke slett rader.",
        en="A number that is not known is 0 with a range. Do not delete rows.",
    ),
)  # fmt: skip
_OUT_OF_BOUNDS = Label(
    nb="Tallet må være fra {low} til {high}.", en="The number must be from {low} to {high}."
)
_FROM_ZERO = Label(nb="Tallet må være 0 eller mer.", en="The number must be 0 or more.")
_CHOOSE = Label(nb="Velg fra listen.", en="Choose from the list.")

_INPUT = PatternFill("solid", start_color="FFF6D5")
_LOCKED = PatternFill("solid", start_color="F2F2F2")
_HEAD = PatternFill("solid", start_color="1F3A5F")
_HEAD_FONT = Font(name="Calibri", size=11, bold=True, color="FFFFFF")
_LINE = Border(bottom=Side(style="hair", color="BFBFBF"))
#: Points of a line of text.
_LINE_HEIGHT = 15.0
_PERCENT, _KRONER, _PLAIN = "0.0##\\ %", "#,##0", "General"
_WORD_ROWS = {"account:persistence": "persistence", "account:timing": "account_timing"}


def workbook_bytes(lines: Sequence[Cells]) -> bytes:
    """Return the rows as a workbook: the assumptions, and a sheet that explains the columns."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = _SHEET.text()
    keys = _keys(lines)
    _write_header(sheet, keys)
    for row, cells in enumerate(lines, start=2):
        _write_row(sheet, row, cells, keys)
    _write_lists(sheet, lines, keys)
    _set_page(sheet, keys, len(lines))
    _write_help(book.create_sheet(_HELP.text()), keys)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _keys(lines: Sequence[Cells]) -> list[str]:
    """Return the columns in their order, the texts of the other language last."""
    used = {key for cells in lines for key in cells}
    years = sorted((key for key in used if key not in BY_KEY), key=lambda key: int(key[5:]))
    always = {"name", "value", "unit", "low", "high", "distribution", "points", "status", "source"}
    keys = [column.key for column in COLUMNS if column.key in used | always]
    other = [key for key in keys if key.endswith("_en" if language() == "nb" else "_nb")]
    return [*(key for key in keys if key not in other), *years, *other]


def _write_header(sheet: Worksheet, keys: Sequence[str]) -> None:
    for number, key in enumerate(keys, start=1):
        cell = sheet.cell(1, number, heading(key).text())
        cell.font, cell.fill = _HEAD_FONT, _HEAD
        column = BY_KEY.get(key, YEAR)
        is_number = column.kind == "number"
        cell.alignment = Alignment(
            vertical="center",
            wrap_text=True,
            horizontal="right" if is_number else "left",
            indent=0 if is_number else 1,
        )
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        other = key.endswith("_en" if language() == "nb" else "_nb")
        sheet.column_dimensions[get_column_letter(number)].hidden = other
    sheet.row_dimensions[1].height = 32


def _write_row(sheet: Worksheet, row: int, cells: Cells, keys: Sequence[str]) -> None:
    for number, key in enumerate(keys, start=1):
        cell = sheet.cell(row, number)
        value = _shown(cells, key)
        _put(cell, value)
        cell.number_format = _number_format(key, cells)
        cell.border = _LINE
        is_number = BY_KEY.get(key, YEAR).kind == "number"
        cell.alignment = Alignment(
            vertical="top",
            wrap_text=not is_number,
            horizontal="right" if is_number else "left",
            indent=0 if is_number else 1,
        )
        _mark(cell, is_input=_is_input(cells["name"], key))
    hidden = "_en" if language() == "nb" else "_nb"
    texts = [
        (_shown(cells, key), BY_KEY[key].width)
        for key in keys
        if key in BY_KEY and not key.endswith(hidden)
    ]
    sheet.row_dimensions[row].height = _height(texts)


def _height(texts: Sequence[tuple[Any, int]]) -> float:
    """Return the height of a row that shows its texts whole, each in a width of characters."""
    lines = [
        math.ceil(len(str(text)) * 1.15 / (width - 2))
        for text, width in texts
        if isinstance(text, str)
    ]
    return _LINE_HEIGHT * max(lines, default=1)


def _put(cell: Any, value: Any) -> None:
    """Put a value in a cell: text never as a formula, a number to its last bit.

    openpyxl writes numbers with 16 digits, which is one too few; text it writes as it stands.
    """
    cell.value = repr(value) if isinstance(value, float) else value
    if value is not None:
        cell.data_type = "n" if isinstance(value, float) else "s"


def _shown(cells: Cells, key: str) -> Any:
    """Return the value of a cell, words in the reader's language."""
    value = cells.get(key)
    if value is None:
        return None
    if key == "points":
        return points_text(value, comma=language() == "nb")
    if key == "value" and cells["name"] in _WORD_ROWS:
        return word_of(_WORD_ROWS[cells["name"]], value)
    return word_of(key, value) if key in WORDS else value


def _is_input(name: str, key: str) -> bool:
    """Return whether people are to change a cell."""
    if name in SETTINGS or name.startswith("programme"):
        return key == "value" and name in _WORD_ROWS
    if name.startswith(LATER):
        return key == "value"
    return BY_KEY.get(key, YEAR).editable


def _mark(cell: Cell | Any, *, is_input: bool) -> None:
    cell.protection = Protection(locked=not is_input)
    cell.fill = _INPUT if is_input else _LOCKED


def _number_format(key: str, cells: Cells) -> str:
    """Return how a number is shown; it is always stored whole."""
    if key.startswith("year_"):
        return _KRONER
    if key not in ("value", "low", "high"):
        return _PLAIN
    unit = cells.get("unit", "")
    if unit in ("share", "per year, real", "NOK per NOK"):
        return _PERCENT if unit != "NOK per NOK" else "0.0##"
    return _KRONER if unit.startswith("NOK per ") else _PLAIN


def _write_lists(sheet: Worksheet, lines: Sequence[Cells], keys: Sequence[str]) -> None:
    """Let a spreadsheet refuse words that are none and numbers that cannot be meant."""
    lists: dict[str, DataValidation] = {}
    for row, cells in enumerate(lines, start=2):
        name = cells["name"]
        for key in ("distribution", "status", "value"):
            words = _WORD_ROWS.get(name) if key == "value" else key
            if words is None or not _is_input(name, key):
                continue
            if words not in lists:
                lists[words] = _word_list(words)
                sheet.add_data_validation(lists[words])
            lists[words].add(f"{get_column_letter(keys.index(key) + 1)}{row}")
        if isinstance(cells.get("value"), float) and _is_input(name, "value"):
            validation = _bounds(cells["unit"])
            sheet.add_data_validation(validation)
            for key in ("value", "low", "high"):
                if _is_input(name, key):
                    validation.add(f"{get_column_letter(keys.index(key) + 1)}{row}")


def _word_list(column: str) -> DataValidation:
    words = ",".join(label.text() for label in WORDS[column].values())
    found = DataValidation(type="list", formula1=f'"{words}"', allow_blank=False)
    found.error, found.errorTitle = _CHOOSE.text(), heading_of(column)
    found.showErrorMessage = True
    return found


def heading_of(column: str) -> str:
    """Return the title of a message on a column."""
    return (BY_KEY[column].label if column in BY_KEY else BY_KEY["value"].label).text()


def _bounds(unit: str) -> DataValidation:
    low, high = bounds_of(unit)
    unbounded = high == float("inf")
    told = (_FROM_ZERO if unbounded else _OUT_OF_BOUNDS).format(low=f"{low:g}", high=f"{high:g}")
    found = DataValidation(
        type="decimal", operator="greaterThanOrEqual" if unbounded else "between",
        formula1=f"{low:g}", formula2=None if unbounded else f"{high:g}", allow_blank=True,
    )  # fmt: skip
    found.error, found.errorTitle = told.text(), BY_KEY["value"].label.text()
    found.showErrorMessage = True
    return found


def _set_page(sheet: Worksheet, keys: Sequence[str], rows: int) -> None:
    """Freeze the header and the names, lock the structure, fit a landscape page."""
    label = keys.index(f"label_{language()}") + 2
    sheet.freeze_panes = f"{get_column_letter(label)}2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(keys))}{rows + 1}"
    sheet.protection.sheet = True
    for allowed in ("formatColumns", "formatRows", "formatCells", "autoFilter", "sort"):
        setattr(sheet.protection, allowed, False)  # False: the lock leaves it free
    last = get_column_letter(keys.index("source") + 1)
    sheet.print_area = f"A1:{last}{rows + 1}"
    _fit_to_page(sheet)


def _fit_to_page(sheet: Worksheet) -> None:
    """Print on landscape A4, as wide as the page, the header on every page."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _write_help(sheet: Worksheet, keys: Sequence[str]) -> None:
    """Explain the columns in the reader's language."""
    sheet.sheet_view.showGridLines = False
    for number, label in enumerate(_HELP_COLUMNS, start=1):
        cell = sheet.cell(1, number, label.text())
        cell.font, cell.fill = _HEAD_FONT, _HEAD
    years = [key for key in keys if key not in BY_KEY]
    rows = [(heading(key), BY_KEY[key].told, BY_KEY[key].editable) for key in keys if key in BY_KEY]
    if years:
        span = f"{years[0][5:]}–{years[-1][5:]}"
        rows.append((YEAR.label.format(year=span), YEAR.told, False))
    for row, (label, told, editable) in enumerate(rows, start=2):
        answer = (_YES if editable else _NO).text()
        for number, text in enumerate((label.text(), told.text(), answer), start=1):
            cell = sheet.cell(row, number, text)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.border = _LINE
            if number == 1 and editable:
                cell.fill = _INPUT
        sheet.row_dimensions[row].height = _height([(told.text(), 90)])
    for row, note in enumerate(_NOTES, start=len(rows) + 3):
        sheet.cell(row, 2, note.text()).alignment = Alignment(vertical="top", wrap_text=True)
        sheet.row_dimensions[row].height = _height([(note.text(), 90)])
    for letter, width in (("A", 26), ("B", 90), ("C", 18)):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    _fit_to_page(sheet)
