"""A sheet as an Excel workbook, read: what people type, and what Excel makes of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mih_impact.display.labels import Lang
from mih_impact.economics.sheet.cells import Line
from mih_impact.economics.sheet.columns import key_of
from mih_impact.economics.sheet.lines import Cells
from mih_impact.economics.sheet.table import is_empty, lines_of_table
from mih_impact.errors import AssumptionError, MissingExtraError

__all__ = ["excel_bytes", "read_excel"]


def excel_bytes(lines: Sequence[Cells], lang: Lang) -> bytes:
    """Return the rows as a workbook; see `excel_layout`."""
    _openpyxl()
    from mih_impact.economics.sheet.excel_layout import workbook_bytes

    return workbook_bytes(lines, lang)


def read_excel(path: Path) -> list[Line]:
    """Return the rows of a workbook, as they stand.

    A formula gives the value that the spreadsheet saved beside it.

    Raises
    ------
    AssumptionError
        No workbook, none of its sheets is of assumptions, or a formula was saved without its value.
    MissingExtraError
        openpyxl is not installed.
    """
    openpyxl = _openpyxl()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that hold nothing of ours
            values = openpyxl.load_workbook(path, data_only=True)
            formulas = openpyxl.load_workbook(path)
    except Exception as error:  # a damaged part raises whatever its reader happens to raise
        raise AssumptionError(
            f"{path.name} is no Excel workbook",
            found=f"{type(error).__name__}",
            do="save it as .xlsx, without a password",
        ) from None
    for sheet in values.worksheets:
        first = _header_row(sheet)
        if first is not None:
            _require_values(sheet, formulas[sheet.title], path.name)
            rows = [
                (f"row {number}", list(cells))
                for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
                if number >= first
            ]
            return lines_of_table(rows, path.name)
    raise AssumptionError(
        f"{path.name} holds no sheet of assumptions",
        found=", ".join(values.sheetnames),
        do="keep the header as case.sheet().write(...) writes it, with name and value",
    )


def _header_row(sheet: Any) -> int | None:
    """Return the row with the columns' names, which people may have put a title above."""
    for number, cells in enumerate(sheet.iter_rows(max_row=10, values_only=True), start=1):
        keys = [key_of(cell) for cell in cells if isinstance(cell, str)]
        if "name" in keys and "value" in keys:
            return number
    return None


def _require_values(values: Any, formulas: Any, file: str) -> None:
    """Raise on a formula whose value was not saved: it would be taken for an empty cell."""
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and is_empty(values[cell.coordinate].value):
                raise AssumptionError(
                    f"{file}, row {cell.row}, cell {cell.coordinate}: a formula without its value",
                    found=str(cell.value),
                    do="open and save the file in a spreadsheet, or write the value itself",
                )


def _openpyxl() -> Any:
    """Return openpyxl, or say how to get it."""
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError(
            "Excel files need openpyxl, which is not installed",
            do="pip install 'mih-impact[excel]', or use .csv or .toml",
        ) from error
    return openpyxl
