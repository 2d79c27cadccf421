"""A sheet as CSV: written for the spreadsheet of the language, read as any spreadsheet saves it."""

from __future__ import annotations

import csv
import io
import re
import tomllib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mih_impact import arguments
from mih_impact.account.sheet.cells import (
    BY_KEY,
    COLUMNS,
    Line,
    heading,
    key_of,
    number_text,
    points_text,
    year_key,
)
from mih_impact.account.sheet.lines import SETTINGS, Cells
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label, language
from mih_impact.display.tables import guarded, unguarded
from mih_impact.errors import AssumptionError, MissingExtraError, PanelContractError
from mih_impact.panel.csv_text import decode, dialect

__all__ = [
    "csv_bytes",
    "excel_bytes",
    "lines_of_content",
    "lines_of_table",
    "read_csv",
    "read_excel",
    "read_toml",
    "toml_bytes",
    "toml_content",
]

#: What a sheet cannot be read without.
_NEEDED = ("name", "value", "unit", "low", "high", "distribution", "status", "source")


def lines_of_table(rows: Sequence[tuple[str, Sequence[Any]]], file: str) -> list[Line]:
    """Return the rows beneath the header, cells by column.

    Parameters
    ----------
    rows
        Where each row stands, and its cells; the first is the header.
    file
        Name of the file, for messages.

    Raises
    ------
    AssumptionError
        A column that is missing, unknown or twice.
    """
    where, header = rows[0]
    keys = _keys(header, rows[1:], f"{file}, {where}")
    headers = {
        key: str(text).strip()
        for key, text in zip(keys, header, strict=True)
        if key is not None
    }  # fmt: skip
    lines = []
    for place, cells in rows[1:]:
        found = {
            key: cell
            for key, cell in zip(keys, cells, strict=False)
            if key is not None and not is_empty(cell)
        }
        if found:
            lines.append(Line(place, found, headers))
    return lines


def is_empty(cell: Any) -> bool:
    """Return whether nothing is written in a cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _keys(
    header: Sequence[Any], rows: Sequence[tuple[str, Sequence[Any]]], where: str
) -> list[str | None]:
    """Return the key of every column, None for one that is empty throughout."""
    keys: list[str | None] = []
    for number, text in enumerate(header):
        if is_empty(text):
            filled = [place for place, cells in rows if not is_empty(_cell(cells, number))]
            if filled:
                raise AssumptionError(
                    f"{where}: column {number + 1} has no name, and is not empty",
                    found=f"something in {', '.join(filled[:5])}",
                    do="delete the column; remarks have their place under source",
                )
            keys.append(None)
            continue
        key = key_of(str(text))
        if key is None:
            known = [name for each in BY_KEY for name in (each, heading(each).nb, heading(each).en)]
            raise AssumptionError(
                f"{where}: there is no column {str(text).strip()!r} in a sheet",
                found=", ".join(str(each).strip() for each in header if not is_empty(each)),
                do="write its name back, or delete the column; remarks have their place under"
                f" source{nearest(str(text), known)}",
            )
        keys.append(key)
    _require_once(keys, where)
    return keys


def _cell(cells: Sequence[Any], number: int) -> Any:
    return cells[number] if number < len(cells) else None


def _require_once(keys: Sequence[str | None], where: str) -> None:
    """Raise on columns that are twice or missing."""
    twice = sorted({key for key in keys if key is not None and keys.count(key) > 1})
    missing = [key for key in _NEEDED if key not in keys]
    if twice or missing:
        raise AssumptionError(
            f"{where}: the sheet does not have the columns it needs, each once",
            found=f"twice {', '.join(twice) or 'none'}; missing {', '.join(missing) or 'none'}",
            do="put the columns back as case.sheet().write(...) writes them",
        )


def csv_bytes(lines: Sequence[Cells]) -> bytes:
    """Return the rows as CSV: in bokmål with semicolons and decimal commas, marked as UTF-8.

    A text that a spreadsheet would run as a formula begins with an apostrophe, which `read_csv`
    takes away.
    """
    comma = language() == "nb"
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


def excel_bytes(lines: Sequence[Cells]) -> bytes:
    """Return the rows as a workbook; see `excel_layout`."""
    _openpyxl()
    from mih_impact.account.sheet.excel_layout import workbook_bytes

    return workbook_bytes(lines)


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


_HEAD = Label(
    nb="# Forutsetningene i et regnskap. Det som kan endres: value, low, high, distribution,"
    " points,\n# status, source og range_source. Resten er strukturen i regnskapet.\n\n",
    en="# The assumptions of an account. What can be changed: value, low, high, distribution,"
    " points,\n# status, source and range_source. The rest is the structure of the account.\n\n",
)
_TEXTS = ("label", "when", "note")
_LANGS = ("nb", "en")
_ASSUMPTION = (*(key for key in BY_KEY if key[-3:] not in ("_nb", "_en")), "label", "when", "years")


def toml_bytes(lines: Sequence[Cells]) -> bytes:
    """Return the rows as a TOML file."""
    import tomli_w

    return (_HEAD.text() + tomli_w.dumps(toml_content(lines))).encode()


def toml_content(lines: Sequence[Cells]) -> dict[str, Any]:
    """Return the rows as tables of plain values."""
    account: dict[str, Any] = {}
    programme: dict[str, Any] = {}
    numbers = []
    for cells in lines:
        name = cells["name"]
        if name in SETTINGS:
            value = cells["value"]
            account[name.removeprefix("account:")] = (
                int(value) if isinstance(value, float) else value
            )
        elif name == "programme":
            programme |= {"name": cells["value"], "label": _toml_text(cells, "label")}
        elif name == "programme:note":
            programme["note"] = _toml_text(cells, "label")
        else:
            numbers.append(_table(cells))
    return {"account": account, "programme": programme, "assumption": numbers}


def _toml_text(cells: Cells, key: str) -> dict[str, str]:
    """Return a text in its languages."""
    return {lang: cells[f"{key}_{lang}"] for lang in _LANGS if f"{key}_{lang}" in cells}


def _table(cells: Cells) -> dict[str, Any]:
    """Return one row as a table: languages, points and years each under one key."""
    years = [value for key, value in cells.items() if key.startswith("year_")]
    table: dict[str, Any] = {}
    for key, value in cells.items():
        text = re.fullmatch(r"(label|when)_(nb|en)", key)
        if text:
            table.setdefault(text[1], _toml_text(cells, text[1]))
        elif key == "cash":
            table[key] = value == "true"
        elif key == "points":
            table[key] = [list(pair) for pair in value]
        elif not key.startswith("year_"):
            table[key] = value
    return table | ({"years": years} if years else {})


def read_toml(path: Path) -> list[Line]:
    """Return the rows of a TOML file, as they stand.

    Raises
    ------
    AssumptionError
        The file is no TOML, or holds tables or keys that a sheet has not.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AssumptionError(
            f"The sheet {path.name} is no TOML",
            found=str(error),
            do="correct it there; texts stand in quotation marks, decimals have a point",
        ) from None
    return lines_of_content(content, path.name)


def lines_of_content(content: Mapping[str, Any], file: str) -> list[Line]:
    """Return the rows of a sheet's tables."""
    _require_keys(content, ("account", "programme", "assumption"), file)
    account, programme = content.get("account", {}), content.get("programme", {})
    numbers = content.get("assumption", [])
    shaped = isinstance(account, Mapping) and isinstance(programme, Mapping)
    if (
        not shaped
        or not isinstance(numbers, list)
        or not all(isinstance(row, Mapping) for row in numbers)
    ):
        raise AssumptionError(
            f"{file} does not have the tables of a sheet",
            found=", ".join(content),
            do="keep [account], [programme] and one [[assumption]] for each",
        )
    choices = tuple(name.removeprefix("account:") for name in SETTINGS)
    _require_keys(account, choices, "[account]")
    _require_keys(programme, ("name", "label", "note"), "[programme]")
    lines = [
        Line("[account]", {"name": f"account:{key}", **_label(f"account:{key}"), "value": value}
             | _unit(key), {"value": key})
        for key, value in account.items()
    ]  # fmt: skip
    if programme:
        cells = {"name": "programme", "value": programme.get("name")}
        lines.append(Line("[programme]", cells | _split(programme, "label"), {"value": "name"}))
    if "note" in programme:
        note = {"name": "programme:note", **_split({"label": programme["note"]}, "label")}
        lines.append(Line("[programme]", note, {"label_nb": "note", "label_en": "note"}))
    return [*lines, *(_line(row, number) for number, row in enumerate(numbers, start=1))]


def _label(name: str) -> dict[str, str]:
    """Return the texts of a choice, which TOML does not repeat."""
    return {"label_nb": SETTINGS[name].nb, "label_en": SETTINGS[name].en}


def _unit(key: str) -> dict[str, str]:
    units = {"price_year": "calendar year", "horizon": "years"}
    return {"unit": units[key]} if key in units else {}


def _line(row: Mapping[str, Any], number: int) -> Line:
    """Return one table as a row."""
    place = f"[[assumption]] {number}"
    name = row.get("name", "?")
    _require_keys(row, _ASSUMPTION, f"{place} ({name})")
    cells: dict[str, Any] = {}
    for key, value in row.items():
        if key in _TEXTS:
            cells |= _split(row, key)
        elif key == "years":
            if arguments.listed(value) is None:
                raise AssumptionError(
                    f"{place} ({name}), column 'years': these are no amounts by year",
                    found=arguments.shown(value),
                    do="write a list from year 0 on",
                )
            cells |= {year_key(year): amount for year, amount in enumerate(value)}
        else:
            cells[key] = value
    return Line(place, cells, {})


def _split(row: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return a text in both languages as a cell for each."""
    text = row.get(key, {})
    if not isinstance(text, Mapping) or not all(isinstance(part, str) for part in text.values()):
        raise AssumptionError(
            f"{key} is no text in bokmål and English",
            found=arguments.shown(text),
            do=f'write {key} = {{ nb = "...", en = "..." }}',
        )
    _require_keys(text, _LANGS, key)
    return {f"{key}_{lang}": part for lang, part in text.items()}


def _require_keys(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise AssumptionError(
            f"{where} has a key that a sheet does not have",
            found=", ".join(unknown),
            do=f"use {', '.join(known)}{nearest(unknown[0], known)}",
        )
