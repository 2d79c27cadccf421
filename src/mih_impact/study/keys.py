"""Keys of a specification: one that does not exist is refused, and the nearest suggested."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError

__all__ = ["require_keys"]


def require_keys(given: Iterable[str], known: Collection[str], where: str) -> None:
    """Raise on a key that does not exist."""
    unknown = [key for key in given if key not in known]
    if unknown:
        raise AssumptionError(
            f"{where} has a key that does not exist",
            found=", ".join(unknown),
            do=f"use {', '.join(sorted(known))}{nearest(unknown[0], sorted(known))}",
        )
