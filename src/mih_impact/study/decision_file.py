"""Decisions as a TOML file: how many start a year, what is asked for it, and who says so."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mih_impact.economics.budget.decision import Decision
from mih_impact.errors import AssumptionError
from mih_impact.study.keys import file_of, read_label

__all__ = ["read_decisions"]

_TEXTS = ("label", "source", "covers", "asked_source", "note")
_NEEDED = {"name", "label", "starters", "status", "source"}
_KEYS = _NEEDED | {"low", "high", "asked", "budget", "covers", "asked_source", "note"}


def read_decisions(
    path: str | Path | Traversable, *, years: Sequence[int] | None = None
) -> dict[str, Decision]:
    """Read decisions from a TOML file.

    Parameters
    ----------
    path
        A file with `years`, and one `[[decision]]` per decision: `name`, `starters` (persons in
        each of the years), `status`, and `label` and `source` with a text `nb` and a text `en`;
        optionally `low` and `high` (persons), `asked` (NOK a year), `budget` (a year), and the
        texts `covers`, `asked_source` and `note`.
    years
        Start years; None takes those of the file.

    Returns
    -------
    dict
        The decisions by name, in the order of the file.

    Raises
    ------
    AssumptionError
        The file is no TOML, a key is missing or unknown, or a decision does not hold together.

    Examples
    --------
    >>> import mih_impact as mih
    >>> list(mih.nav.decisions())
    ['scale_down', 'keep', 'all_counties']
    """
    file = file_of(path)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as broken:
        raise AssumptionError(
            f"{file.name} is no TOML file", found=str(broken), do="write [[decision]] tables"
        ) from None
    rows, given = content.get("decision", []), content.get("years", [])
    unknown = sorted(set(content) - {"decision", "years"})
    if unknown or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AssumptionError(
            f"{file.name} does not have the keys of decisions",
            found=f"unknown {', '.join(unknown) or 'none'}",
            do="write years = [...] and one [[decision]] table per decision",
        )
    chosen = given if years is None else years
    found = [_decision(row, chosen, file.name) for row in rows]
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise AssumptionError(
            f"{file.name} has several decisions of one name",
            found=", ".join(names),
            do="give each its own name",
        )
    return dict(zip(names, found, strict=True))


def _decision(row: dict[str, Any], years: Sequence[int], file: str) -> Decision:
    missing, unknown = sorted(_NEEDED - set(row)), sorted(set(row) - _KEYS)
    if missing or unknown:
        raise AssumptionError(
            f"The decision {row.get('name', '?')!r} of {file} does not have the keys of a decision",
            found=f"missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}",
            do=f"use {', '.join(sorted(_KEYS))}; needed are {', '.join(sorted(_NEEDED))}",
        )
    what = f"decision {row['name']!r} of {file}"
    texts: dict[str, Any] = {
        key: read_label(row[key], f"{key} of the {what}") for key in _TEXTS if key in row
    }
    counts: dict[str, Any] = {
        key: dict.fromkeys(years, row[key]) for key in ("starters", "low", "high") if key in row
    }
    return Decision(**(row | texts | counts))
