"""tables.toml: the tables of an extract in a file, and the panel that they make."""

from __future__ import annotations

import dataclasses
import inspect
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import narwhals as nw

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.errors import PanelContractError
from mih_impact.panel.names import with_nulls
from mih_impact.reference import codes as lists
from mih_impact.registers.build import build_panel
from mih_impact.registers.built import BuiltPanel
from mih_impact.registers.tables import Source, Spells, Starts, Status, Table, refuse, scaled

__all__ = ["LISTS", "build_from_toml", "values_of"]

#: What each table of the file is, by its name there; those in a list may be several.
_ONE: dict[str, type[Source]] = {
    "persons": Table,
    "residence": Spells,
    "starts": Starts,
    "identifiers": Table,
}
_SEVERAL: dict[str, type[Source]] = {
    "yearly": Table,
    "monthly": Table,
    "spells": Spells,
    "status": Status,
}
_PLAIN = [
    "years",
    "period",
    "rows",
    "benefit_type",
    "units",
    "price_year",
    "evidence",
    "memory_limit",
]
#: The code lists that values may name, by their name there.
LISTS = ("municipality", "county", "education_level", "effort_group", "programme")


@named_options
def build_from_toml(
    path: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    eligible: nw.Expr | None = None,
    engine: Any = None,
    allow_outside: bool = False,
) -> BuiltPanel:
    """Build the panel that the section `[tables]` of a toml file tells of.

    Parameters
    ----------
    path
        The file; the paths of its tables are seen from its folder.
    out, eligible, engine
        As in `build_panel`.
    allow_outside
        Whether the file may name tables outside its own folder: say True of a file that you wrote
        or have read through.

    Raises
    ------
    PanelContractError
        The file has no such section, names a table outside its folder, or something in
        it has another name than `build_panel` and its tables have.

    Examples
    --------
    >>> import mih_impact as mih
    >>> mih.build_from_toml("missing.toml")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mih_impact.errors.PanelContractError: The file of tables cannot be read. Found: ...
    """
    file = Path(path)
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refuse(
            "The file of tables cannot be read",
            found=f"{file.name}: {type(error).__name__}",
            do="check the path; the file is TOML in UTF-8",
        ) from None
    tables = given.get("tables")
    if not isinstance(tables, dict):
        raise refuse(f"{file.name} lists no tables", do="write them under [tables]")
    _require_names("[tables]", tables, [*_ONE, *_SEVERAL, *_PLAIN])
    missing = [name for name in ("persons", "years") if name not in tables]
    if missing:
        raise refuse(f"[tables] lacks {', '.join(missing)}", do="years = [2009, 2025]")
    options: dict[str, Any] = {name: tables[name] for name in _PLAIN if name in tables}
    for name, kind in _ONE.items():
        if name in tables:
            options[name] = _table(name, kind, tables[name], file.parent)
    for name, kind in _SEVERAL.items():
        lines = tables.get(name, [])
        if not isinstance(lines, list):
            raise refuse(f"{name} may be several", do=f"write [[tables.{name}]] above each")
        options[name] = [_table(name, kind, line, file.parent) for line in lines]
    if not allow_outside:
        _require_inside(tables, file.parent)
    return build_panel(options.pop("persons"), out=out, eligible=eligible, engine=engine, **options)


def _require_inside(tables: Mapping[str, Any], folder: Path) -> None:
    """Raise unless every table lies within the folder of the file that tells of it."""
    lines = {name: [tables[name]] for name in _ONE if name in tables}
    lines |= {name: tables[name] for name in _SEVERAL if name in tables}
    named = {
        f"[tables.{name}] source, {k + 1}": each["source"]
        for name, several in lines.items()
        for k, each in enumerate(several)
    }
    arguments.require_inside(folder, named, raised=PanelContractError)


def _require_names(where: str, given: Mapping[str, Any], known: list[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise refuse(
            f"{where} has names that are none of its options",
            found=", ".join(unknown),
            do=f"use {', '.join(known)}",
        )


def _table(name: str, kind: type[Source], line: Any, folder: Path) -> Any:
    """Return what one table of the file declares."""
    if not isinstance(line, dict) or not isinstance(line.get("source"), str):
        raise refuse(f"[tables.{name}] does not say which file it is", do='source = "income_*.csv"')
    known = [field.name for field in dataclasses.fields(kind) if field.name != "_"]
    _require_names(f"[tables.{name}]", line, known)
    given = {**line, "source": str(folder / line["source"])}
    days = given.get("days")
    if isinstance(days, dict) and set(days) == {"scaled"}:
        given["days"] = scaled(days["scaled"])
    if isinstance(line.get("values"), dict):
        given["values"] = values_of(line["values"])
    return kind(given.pop("source"), **given)


def values_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `values` of a TOML file says, as Python takes it.

    Codes stand as they are written, the text "null" for no value; or they are a list of `mih.codes`
    by its name, with what the list lacks: `{ list = "county", year = 2024, codes = { 77 = "null"
    } }`.

    Examples
    --------
    >>> values_of({"wage_income": {"9999999": "null"}})
    {'wage_income': {'9999999': None}}
    """
    return {column: _listed(with_nulls(codes)) for column, codes in given.items()}


def _listed(codes: Any) -> Any:
    """Return what codes stand for: as written, or a list of `mih.codes` by its name."""
    if not isinstance(codes, dict) or "list" not in codes:
        return codes
    given = dict(codes)
    name, more = given.pop("list"), given.pop("codes", None)
    if name not in LISTS:
        raise refuse(
            "values names a list of codes that is not shipped",
            found=arguments.shown(name),
            do=f"use one of {', '.join(LISTS)}",
        )
    call = getattr(lists, name)
    _require_names(f"the list {name}", given, [*inspect.signature(call).parameters, "codes"])
    return call(**given) if more is None else call(**given) | more
