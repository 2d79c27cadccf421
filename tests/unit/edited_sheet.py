"""A sheet of assumptions that people have edited: cells, rows, and what a file says otherwise."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl

import mih_impact as mih

#: Cells by the row's name and by column; None in place of a row's cells deletes it.
Edits = Mapping[str, Mapping[str, Any] | None]


def edited_sheet(
    case: mih.CostBenefit,
    folder: Path,
    cells: Edits | None = None,
    *,
    csv: tuple[str, str] | None = None,
    toml: tuple[str, str] | None = None,
    xlsx: Mapping[str, Any] | None = None,
) -> mih.CostBenefit:
    """Return the account under its own sheet, after somebody has edited the file.

    `cells` are edited in the CSV; `csv` and `toml` are a text of the file and what is put in its
    place; `xlsx` are cells of the workbook, by where they stand.
    """
    ending = "toml" if toml else "xlsx" if xlsx else "csv"
    path = case.sheet().write(folder / f"sheet.{ending}", lang="en")
    if xlsx:
        book = openpyxl.load_workbook(path)
        for place, value in xlsx.items():
            book.worksheets[0][place] = value
        book.save(path)
    else:
        text = path.read_text(encoding="utf-8-sig")
        text = _with_cells(text, cells or {})
        for old, new in filter(None, (csv, toml)):
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text, encoding="utf-8")
    return case.with_sheet(path)


def _with_cells(text: str, cells: Edits) -> str:
    if not cells:
        return text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for name, edits in cells.items():
        found = [row for row in rows if row["name"] == name]
        if edits is None:
            rows.remove(found[0])
        elif found:
            found[0].update(edits)
        else:
            rows.append(dict.fromkeys(rows[0], "") | {"name": name, **edits})
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
