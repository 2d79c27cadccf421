"""A sheet as a table of cells, from CSV or Excel: the header read, empty rows left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mih_impact.economics.checks import nearest
from mih_impact.economics.sheet.cells import Line
from mih_impact.economics.sheet.columns import BY_KEY, heading, key_of
from mih_impact.errors import AssumptionError

__all__ = ["lines_of_table"]

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
