"""Excel workbooks as tables: one sheet, names in its first row, each column of one type."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, time
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mih_impact.errors import PanelContractError, require_package
from mih_impact.panel.statfiles import Mode, code_text

__all__ = ["ExcelFiles"]

#: What Excel writes in a cell that it cannot reckon.
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")

#: Numbers the tables that connections are given: each has a name of its own.
_NUMBER = count()


class ExcelFiles:
    """Excel workbooks that are one table: each has one sheet, whose first row has the names.

    For the attributes see `TypedFiles`; cells have no labels, and none is declared missing.

    Parameters
    ----------
    files
        Their paths.
    """

    def __init__(self, files: Sequence[str]) -> None:
        require_package("openpyxl", extra="excel", to="Reading Excel files")
        self._files = files
        self._cells: dict[str, list[Any]] = {}
        self._zeros: dict[str, int] = {}
        self._rows: list[int] = []
        for file in files:
            self._take(Path(file))
        self.columns = tuple(self._cells)
        self.labels: Mapping[str, Mapping[str, str]] = {name: {} for name in self.columns}
        self.declared: Mapping[str, int] = {}
        self.lacking: Mapping[str, int] = {}
        self.rows = sum(self._rows)

    def _take(self, path: Path) -> None:
        names, lines, formats = _sheet_of(path)
        if self._cells and names != [*self._cells]:
            raise PanelContractError(
                "The Excel files do not have the same columns",
                found=", ".join(sorted({*names} ^ self._cells.keys())) or "another order",
                do="read them one by one, or give them the same header",
            )
        for place, name in enumerate(names):
            self._cells.setdefault(name, []).extend(line[place] for line in lines)
            self._zeros[name] = max(self._zeros.get(name, 0), formats[place])
        self._rows.append(len(lines))

    def frame(
        self, _connection: Any, modes: Mapping[str, Mode], named: str | None = None, /
    ) -> pd.DataFrame:
        """Return the wanted columns; see `TypedFiles`. They are in memory, and need no DuckDB."""
        made = pd.DataFrame(
            {
                name: _typed_cells(name, self._cells[name], self._zeros[name], mode)
                for name, mode in modes.items()
            }
        )
        if named is not None:
            files = np.repeat(np.array([*self._files], dtype=object), self._rows)
            made[named] = pd.Series(files, dtype="category")
        return made

    def query(self, connection: Any, modes: Mapping[str, Mode], /) -> str:
        """Return the query of a DuckDB connection that reads the wanted columns."""
        name = f"excel_{next(_NUMBER)}"
        connection.register(name, self.frame(connection, modes))
        return f"SELECT * FROM {name}"


def _sheet_of(path: Path) -> tuple[list[str], list[list[Any]], list[int]]:
    """Return the names, the rows, and how many digits each column's zeros fill."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that hold nothing of ours
        try:
            with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
                sheets = [[[*row] for row in sheet.iter_rows()] for sheet in book.worksheets]
            filled = [rows for rows in sheets if any(c.value is not None for r in rows for c in r)]
            if len(filled) == 1:
                _require_saved(path, filled[0], sheets.index(filled[0]))
        except PanelContractError:
            raise
        except Exception as error:  # a damaged part raises whatever its reader happens to raise
            raise PanelContractError(
                f"{path.name} is no Excel workbook",
                found=type(error).__name__,
                do="save it as .xlsx, without a password",
            ) from None
    if len(filled) != 1:
        raise PanelContractError(
            f"{path.name} does not have exactly one sheet with rows",
            found=f"{len(filled)} sheets with cells: {', '.join(book.sheetnames)}",
            do="save the sheet as a workbook of its own, or read it into a frame first: "
            "pandas.read_excel(path, sheet_name=...)",
        )
    rows = [row for row in filled[0] if any(cell.value is not None for cell in row)]
    header = ["" if cell.value is None else str(cell.value).strip() for cell in rows[0]]
    taken = [place for place, name in enumerate(header) if name]
    names = [header[place] for place in taken]
    _require_names(path, header, rows)
    lines = [[row[p].value if p < len(row) else None for p in taken] for row in rows[1:]]
    digits = [max((_digits(r[p]) for r in rows[1:] if p < len(r)), default=0) for p in taken]
    return names, lines, digits


def _digits(cell: Any) -> int:
    """Return how many digits a number is filled to: the format 0000 shows 301 as 0301."""
    if type(cell.value) is not int:
        return 0
    shown = cell.number_format or ""
    return len(shown) if len(shown) > 1 and not shown.strip("0") else 0


def _require_names(path: Path, header: list[str], rows: list[Any]) -> None:
    double = sorted({name for name in header if name and header.count(name) > 1})
    if double:
        raise PanelContractError(
            "There are two sources for one name",
            found=f"the first row of {path.name} has {', '.join(double)} more than once",
            do="rename or drop one of them",
        )
    unnamed = [
        place
        for row in rows[1:]
        for place, cell in enumerate(row)
        if cell.value is not None and (place >= len(header) or not header[place])
    ]
    if unnamed or not all(isinstance(c.value, str) for c in rows[0] if c.value is not None):
        raise PanelContractError(
            f"The first row of {path.name} is not the names of the columns",
            found=f"{len({*unnamed})} columns with cells and no name" if unnamed else "numbers",
            do="write the names of the columns in the first row, and no title above them",
        )


def _require_saved(path: Path, rows: list[Any], sheet: int) -> None:
    """Raise on a formula whose value was not saved: it would be taken for an empty cell."""
    import openpyxl

    if all(cell.value is not None for row in rows for cell in row):
        return
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        lines = book.worksheets[sheet].iter_rows()
        unsaved = sum(
            formula.data_type == "f" and (place >= len(row) or row[place].value is None)
            for row, line in zip(rows, lines, strict=False)
            for place, formula in enumerate(line)
        )
    if unsaved:
        raise PanelContractError(
            f"{path.name} has formulas without their values",
            found=f"{unsaved:,} cells",
            do="open and save the file in a spreadsheet, or write the values themselves",
        )


def _typed_cells(name: str, cells: list[Any], zeros: int, mode: Mode) -> pd.Series[Any]:
    """Return a column of cells in one type: numbers, days, true or false; else text."""
    values = [None if isinstance(cell, str) and not cell.strip() else cell for cell in cells]
    given = [value for value in values if value is not None]
    wrong = sum(isinstance(value, str) and value in _ERRORS for value in given)
    if wrong:
        raise PanelContractError(
            f"The column {name} has cells in which Excel shows an error",
            found=f"{wrong:,} cells such as #N/A",
            do="correct them, or leave them empty",
        )
    if given and all(type(value) is bool for value in given):
        return pd.Series(values, dtype="boolean")
    numeric = all(type(value) in (int, float) for value in given)
    if numeric and not (zeros and mode != "number"):
        whole = given and all(float(value).is_integer() for value in given)
        return pd.Series(values, dtype="float64").astype("Int64" if whole else "float64")
    if all(isinstance(value, datetime) for value in given):
        return pd.Series(pd.to_datetime(pd.Series(values)).to_numpy(dtype="datetime64[us]"))
    return pd.Series([_cell_text(value, zeros) for value in values], dtype="string")


def _cell_text(value: Any, zeros: int) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return code_text(value).zfill(zeros)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return None if value is None else str(value)
