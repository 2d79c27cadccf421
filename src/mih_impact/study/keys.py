"""Keys and texts of a specification, as its files hold them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mih_impact import arguments
from mih_impact.arguments import shown
from mih_impact.display.labels import Label
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError

__all__ = ["file_of", "read_label", "read_tables", "require_keys"]


def file_of(path: Any) -> Path | Traversable:
    """Return a file given by its path, or a file within a package as it is."""
    if isinstance(path, Traversable) and not isinstance(path, Path):
        return path
    return arguments.path("path", path, error=AssumptionError)


def read_label(given: Any, where: str) -> Label:
    """Return a displayed text: one for both languages, or a table with `nb` and `en`.

    Examples
    --------
    >>> read_label("Job Club", "label") == read_label({"nb": "Job Club", "en": "Job Club"}, "label")
    True
    """
    if isinstance(given, str):
        return Label(nb=given, en=given)
    if not isinstance(given, Mapping) or set(given) != {"nb", "en"}:
        keys = ", ".join(map(str, given)) if isinstance(given, Mapping) else shown(given)
        raise AssumptionError(
            f"The {where} is no text, nor one in each language",
            found=keys or "an empty table",
            do="write one text for both languages, or { nb = '...', en = '...' }",
        )
    return Label(nb=given["nb"], en=given["en"])


def read_tables(content: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """Return the tables beneath one heading; none where it is not there."""
    given = content.get(key, [])
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise AssumptionError(
            f"{key} of {where} is no table",
            found=shown(given[0] if isinstance(given, list) and len(given) == 1 else given),
            do=f"write key = value beneath [[{key}]]",
        )
    return given


def require_keys(given: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise on a key that does not exist."""
    unknown = [key for key in given if key not in known]
    if unknown:
        raise AssumptionError(
            f"{where} has a key that does not exist",
            found=", ".join(unknown),
            do=f"use {', '.join(sorted(known))}{nearest(unknown[0], sorted(known))}",
        )
