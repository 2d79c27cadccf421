"""A sheet as TOML: the account's choices, the programme, and one table for each assumption."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mih_impact import arguments
from mih_impact.display.labels import Label, Lang
from mih_impact.economics.checks import nearest
from mih_impact.economics.sheet.cells import Line
from mih_impact.economics.sheet.columns import BY_KEY, year_key
from mih_impact.economics.sheet.lines import SETTINGS, Cells
from mih_impact.errors import AssumptionError

__all__ = ["lines_of_content", "read_toml", "toml_bytes", "toml_content"]

_HEAD = Label(
    nb="# Forutsetningene i et regnskap. Det som kan endres: value, low, high, distribution,"
    " points,\n# status, source og range_source. Resten er strukturen i regnskapet.\n\n",
    en="# The assumptions of an account. What can be changed: value, low, high, distribution,"
    " points,\n# status, source and range_source. The rest is the structure of the account.\n\n",
)
_TEXTS = ("label", "when", "note")
_LANGS = ("nb", "en")
_ASSUMPTION = (*(key for key in BY_KEY if key[-3:] not in ("_nb", "_en")), "label", "when", "years")


def toml_bytes(lines: Sequence[Cells], lang: Lang) -> bytes:
    """Return the rows as a TOML file."""
    import tomli_w

    return (_HEAD.text(lang) + tomli_w.dumps(toml_content(lines))).encode()


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
            programme |= {"name": cells["value"], "label": _text(cells, "label")}
        elif name == "programme:note":
            programme["note"] = _text(cells, "label")
        else:
            numbers.append(_table(cells))
    return {"account": account, "programme": programme, "assumption": numbers}


def _text(cells: Cells, key: str) -> dict[str, str]:
    """Return a text in its languages."""
    return {lang: cells[f"{key}_{lang}"] for lang in _LANGS if f"{key}_{lang}" in cells}


def _table(cells: Cells) -> dict[str, Any]:
    """Return one row as a table: languages, points and years each under one key."""
    years = [value for key, value in cells.items() if key.startswith("year_")]
    table: dict[str, Any] = {}
    for key, value in cells.items():
        text = re.fullmatch(r"(label|when)_(nb|en)", key)
        if text:
            table.setdefault(text[1], _text(cells, text[1]))
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
    """Return a text in its languages as cells."""
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
            f"{where} has a key that a sheet has not",
            found=", ".join(unknown),
            do=f"use {', '.join(known)}{nearest(unknown[0], known)}",
        )
