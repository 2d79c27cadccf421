"""A programme as a TOML file: named cost items with payer, year, status and source."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mih_impact.display.labels import Label
from mih_impact.economics.programme import CostItem, Programme
from mih_impact.errors import AssumptionError

__all__ = ["read_programme"]

_ITEM = {
    "name",
    "label",
    "per_starter",
    "reach",
    "payer",
    "receiver",
    "cash",
    "budget_line",
    "status",
    "source",
    "low",
    "high",
}


def read_programme(path: str | Path | Traversable) -> Programme:
    """Read a programme from a TOML file.

    Parameters
    ----------
    path
        A file with `name`, `label`, `price_year`, optionally `note`, and one `[[item]]` per cost.
        `per_starter` is the cost of an average starter by year since start, reach included.

    Returns
    -------
    Programme

    Raises
    ------
    AssumptionError
        A key is missing or unknown, or an item does not hold together.

    Examples
    --------
    >>> import mih_impact as mih
    >>> [item.name for item in mih.nav.menn_i_helse().items][:2]
    ['coordination', 'school']
    """
    file = Path(path) if isinstance(path, str) else path
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    missing = [key for key in ("name", "label", "price_year") if key not in content]
    unknown = sorted(set(content) - {"name", "label", "price_year", "note", "item"})
    if missing or unknown:
        raise AssumptionError(
            f"The programme file {file.name} does not have the keys of a programme",
            found=f"missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}",
            do="write name, label, price_year, optionally note, and [[item]] tables",
        )
    return Programme(
        name=content["name"],
        label=Label(**content["label"]),
        items=tuple(
            _item(row, content["price_year"], file.name) for row in content.get("item", [])
        ),
        note=Label(**content["note"]) if "note" in content else None,
    )


def _item(row: dict[str, Any], price_year: int, file: str) -> CostItem:
    """Return one cost; the printed amounts include the reach, so it is divided out again."""
    missing = sorted({"name", "label", "per_starter", "payer", "cash", "status"} - set(row))
    unknown = sorted(set(row) - _ITEM)
    reach = float(row.get("reach", 1.0))
    if missing or unknown or reach <= 0:
        raise AssumptionError(
            f"The cost item {row.get('name', '?')!r} of {file} does not have the keys of an item",
            found=f"missing {', '.join(missing) or 'none'}; "
            f"unknown {', '.join(unknown) or 'none'}; reach {reach:g}",
            do=f"use {', '.join(sorted(_ITEM))}; a reach above 0",
        )
    kept = {key: row[key] for key in row if key not in ("label", "per_starter", "reach")}
    amounts = tuple(float(amount) / reach for amount in row["per_starter"])
    return CostItem(
        **kept, label=Label(**row["label"]), amounts=amounts, reach=reach, price_year=price_year
    )
