"""Workbooks recalculated by LibreOffice: another program's answer to the same formulas."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pytest

_FILTER = "xlsx:Calc MS Excel 2007 XML"


class Sheet:
    """The values of one sheet."""

    def __init__(self, title: str, rows: list[tuple[object, ...]]) -> None:
        self.title, self.rows = title, rows

    def at(self, row: int, column: int) -> object:
        """Return a value; row and column count from 1."""
        if row > len(self.rows) or column > len(self.rows[row - 1]):
            return None
        return self.rows[row - 1][column - 1]


class Reckoned:
    """The values of a recalculated workbook, sheet by sheet as they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: dict[str, Sheet] = {}

    @cached_property
    def _book(self):
        return openpyxl.load_workbook(self.path, data_only=True, read_only=True)

    @property
    def names(self) -> list[str]:
        return self._book.sheetnames

    def __getitem__(self, sheet: str | int) -> Sheet:
        name = self.names[sheet] if isinstance(sheet, int) else sheet
        if name not in self._read:
            rows = [tuple(row) for row in self._book[name].iter_rows(values_only=True)]
            self._read[name] = Sheet(name, rows)
        return self._read[name]


def changed(
    source: Path,
    copies: Mapping[Path, Mapping[str, object]],
    cells: Mapping[str, str] | None = None,
) -> None:
    """Write copies of a workbook with some inputs changed.

    Parameters
    ----------
    source
        The workbook.
    copies
        Values by the defined names of their cells, by path of the copy.
    cells
        Addresses of inputs without a name, such as "sheet11!E5", by what `copies` calls them.

    Notes
    -----
    No result of a formula is kept, so that whoever opens a copy must reckon it.
    """
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    places = _places(parts["xl/workbook.xml"]) | dict(cells or {})
    for name in [name for name in parts if name.startswith("xl/worksheets/sheet")]:
        parts[name] = re.sub(r"(</f>)<v>[^<]*</v>", r"\1", parts[name])
    for path, values in copies.items():
        own = dict(parts)
        for name, value in values.items():
            sheet, cell = places[name].split("!")
            own[f"xl/worksheets/{sheet}.xml"] = _put(own[f"xl/worksheets/{sheet}.xml"], cell, value)
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in own.items():
                archive.writestr(name, text)


def _places(workbook: str) -> dict[str, str]:
    """Return where the defined names point: "sheet2!B5"."""
    sheets = re.findall(r'<sheet name="([^"]+)" sheetId="(\d+)"', workbook)
    files = {name: f"sheet{number}" for name, number in sheets}
    named = re.findall(r'<definedName name="([^"]+)">([^<]+)</definedName>', workbook)
    places = {}
    for name, target in named:
        sheet, _, cells = target.partition("!")
        if ":" not in cells:
            places[name] = f"{files[sheet.strip(chr(39))]}!{cells.replace('$', '')}"
    return places


def _put(sheet: str, cell: str, value: object) -> str:
    """Return a sheet with the value of one cell changed."""
    style = re.search(rf'<c r="{cell}"( s="\d+")?', sheet)
    assert style is not None, cell
    kept = style[1] or ""
    new = (
        f'<c r="{cell}"{kept} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        if isinstance(value, str)
        else f'<c r="{cell}"{kept}><v>{value!r}</v></c>'
    )
    result, times = re.subn(rf'<c r="{cell}"[^>]*><v>[^<]*</v></c>', new, sheet)
    assert times == 1, cell
    return result


def recalculate(folder: Path) -> dict[str, Reckoned]:
    """Return every workbook of a folder as LibreOffice reckons it, in one start of it."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    out = folder / "recalculated"
    profile = (folder / "profile").as_uri()
    files = sorted(str(path) for path in folder.glob("*.xlsx"))
    command = [office, f"-env:UserInstallation={profile}", "--headless", "--convert-to", _FILTER]
    subprocess.run(
        [*command, "--outdir", str(out), *files], check=True, capture_output=True, timeout=300
    )
    return {path.stem: Reckoned(path) for path in sorted(out.glob("*.xlsx"))}
