"""Keys and texts of a specification, as its files hold them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mih_impact.arguments import shown
from mih_impact.display.labels import Label
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError

__all__ = ["read_label", "require_keys"]


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


def require_keys(given: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise on a key that does not exist."""
    unknown = [key for key in given if key not in known]
    if unknown:
        raise AssumptionError(
            f"{where} has a key that does not exist",
            found=", ".join(unknown),
            do=f"use {', '.join(sorted(known))}{nearest(unknown[0], sorted(known))}",
        )
