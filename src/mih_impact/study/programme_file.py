"""A programme as a TOML file: named cost items with payer, year, status and source."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.apprenticeship import Apprenticeship, pay_term
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.cost_item import CostItem
from mih_impact.economics.phase import Phase
from mih_impact.economics.programme import Programme
from mih_impact.errors import AssumptionError
from mih_impact.study.keys import file_of, read_label, read_tables
from mih_impact.study.non_priced_file import non_priced_content, non_priced_of

__all__ = ["programme_content", "programme_of", "read_programme"]

_ITEM = frozenset(
    [
        "name",
        "label",
        "phase",
        "per_starter",
        "reach",
        "payer",
        "receiver",
        "cash",
        "budget_line",
        "timing",
        "status",
        "source",
        "low",
        "high",
        "distribution",
        "points",
        "range_source",
    ]
)
_PHASE = frozenset(
    [
        "name",
        "label",
        "when",
        "reach",
        "low",
        "high",
        "distribution",
        "points",
        "status",
        "source",
        "range_source",
    ]
)
_TERM = frozenset(
    ["value", "low", "high", "distribution", "points", "status", "source", "range_source"]
)
_APPRENTICESHIP = frozenset(
    ["phase", "employer", "by_year", "months", "share", "skilled_wage", "price_year", "note"]
)
_PROGRAMME = frozenset(
    [
        "name",
        "label",
        "price_year",
        "note",
        "headlines",
        "compensated",
        "apprenticeship",
        "phase",
        "item",
        "age_at_start",
        "non_priced",
        "effect",
    ]
)


def read_programme(path: str | Path | Traversable) -> Programme:
    """Read a programme from a TOML file.

    Parameters
    ----------
    path
        A file with `name`, `label`, `price_year`, optionally `note`, `non_priced` (the file of
        effects without a price, beside it), `headlines` and `compensated` (see `Programme`),
        `[age_at_start]`, `[apprenticeship]`, one `[[phase]]` per phase and one `[[item]]` per cost.
        `per_starter` is the cost of an average starter by year since start, the reach of its phase
        included.

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
    >>> [phase.name for phase in mih.nav.menn_i_helse().phases]
    ['practice', 'summer_job', 'school', 'apprenticeship']
    """
    file = file_of(path)
    return programme_of(programme_content(file), file.name)


def programme_content(file: Path | Traversable) -> dict[str, Any]:
    """Return the tables of a programme file, those of effects without a price among them.

    Raises
    ------
    AssumptionError
        There is no such file, or it is no TOML.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AssumptionError(
            f"The programme {file.name} cannot be read",
            found=error.strerror if isinstance(error, OSError) else str(error),
            do="give a TOML file; relative paths start at the folder of the analysis",
        ) from None
    if "non_priced" in content:
        folder = file.parent if isinstance(file, Path) else Path(str(file)).parent
        content["effect"] = non_priced_content(folder / str(content.pop("non_priced")))
    return content


def programme_of(content: dict[str, Any], name: str) -> Programme:
    """Return the programme that the tables of a file, or of an analysis, stand for; `name` is its.

    Raises
    ------
    AssumptionError
        A key is missing or unknown, or an item does not hold together.
    """
    _require_keys(content, {"name", "label", "price_year"}, _PROGRAMME, f"The programme {name}")
    arguments.whole("price_year", content["price_year"], error=AssumptionError)
    phases = tuple(_phase(row, name) for row in read_tables(content, "phase", name))
    reaches = {phase.name: phase.reach for phase in phases}
    items = (
        _item(row, content["price_year"], reaches, name)
        for row in read_tables(content, "item", name)
    )
    return Programme(
        name=content["name"],
        label=read_label(content["label"], f"label of {name}"),
        items=tuple(items),
        phases=phases,
        age_at_start=_age(content.get("age_at_start"), name),
        non_priced=non_priced_of(content.get("effect", []), name),
        note=read_label(content["note"], f"note of {name}") if "note" in content else None,
        headlines=content.get("headlines", ()),
        compensated=content.get("compensated"),
        apprenticeship=_apprenticeship(content.get("apprenticeship"), name),
    )


def _phase(row: dict[str, Any], file: str) -> Phase:
    _require_keys(row, {"name", "label", "reach", "status"}, _PHASE, f"A phase of {file}")
    what = f"phase {row['name']!r} of {file}"
    texts: dict[str, Any] = {
        key: read_label(row[key], f"{key} of {what}") for key in ("label", "when") if key in row
    }
    return Phase(**(row | texts))


def _age(row: dict[str, Any] | None, file: str) -> Assumption | None:
    """Return the mean age at start as an assumption."""
    if row is None:
        return None
    (row,) = read_tables({"age_at_start": [row]}, "age_at_start", file)
    _require_keys(row, {"value", "status"}, _TERM, f"age_at_start of {file}")
    given = {"source": "", "low": None, "high": None} | row
    label = Label(nb="gjennomsnittlig alder ved oppstart", en="mean age at start")
    return Assumption(name="age_at_start", unit="years", label=label, **given)


def _apprenticeship(row: dict[str, Any] | None, file: str) -> Apprenticeship | None:
    """Return what apprentices are paid; the skilled wage is in prices of `price_year`."""
    if row is None:
        return None
    (row,) = read_tables({"apprenticeship": [row]}, "apprenticeship", file)
    where = f"apprenticeship of {file}"
    _require_keys(row, set(_APPRENTICESHIP) - {"note"}, _APPRENTICESHIP, where)
    terms = {
        key: _term(row[key], name, f"{key} of the {where}")
        for key, name in (
            ("months", "apprentice_months"),
            ("share", "apprentice_share"),
            ("skilled_wage", "skilled_wage"),
        )
    }
    note = read_label(row["note"], f"note of the {where}") if "note" in row else None
    return Apprenticeship(**(row | terms | {"note": note}))


def _term(row: dict[str, Any], name: str, where: str) -> Assumption:
    (row,) = read_tables({name: [row]}, name, where)
    _require_keys(row, {"value", "status"}, _TERM, where)
    return pay_term(name, **({"source": "", "low": None, "high": None} | row))


def _item(row: dict[str, Any], price_year: int, reaches: dict[str, float], file: str) -> CostItem:
    """Return one cost; the printed amounts include the reach, so it is divided out again."""
    name = f"The cost item {row.get('name', '?')!r} of {file}"
    _require_keys(row, {"name", "label", "per_starter", "payer", "cash", "status"}, _ITEM, name)
    phase = (
        arguments.name("phase", row["phase"], error=AssumptionError, do="name one of the phases")
        if "phase" in row
        else ""
    )
    reach = reaches.get(phase, row.get("reach", 1.0))
    reach = arguments.number(f"reach of {name[4:]}", reach, error=AssumptionError)
    if reach <= 0:
        raise AssumptionError(
            f"{name} is reached by nobody",
            found=f"reach {reach:g}, amounts per starter",
            do="give a reach above 0, or leave the item out",
        )
    kept = {key: row[key] for key in row if key not in ("label", "per_starter", "reach")}
    per_starter = arguments.listed(row["per_starter"])
    if per_starter is None or not all(map(arguments.is_number, per_starter)):
        raise AssumptionError(
            f"{name} has no amounts by year",
            found=f"per_starter={arguments.shown(row['per_starter'])}",
            do="write NOK by year since start, from year 0: per_starter = [40000, 20000]",
        )
    amounts = tuple(float(amount) / reach for amount in per_starter)
    return CostItem(
        **kept,
        label=read_label(row["label"], f"label of {name[4:]}"),
        amounts=amounts,
        reach=reach,
        price_year=price_year,
    )


def _require_keys(row: dict[str, Any], needed: set[str], known: frozenset[str], where: str) -> None:
    """Raise on keys that are missing or do not exist."""
    missing, unknown = sorted(needed - set(row)), sorted(set(row) - known)
    if missing or unknown:
        raise AssumptionError(
            f"{where} does not have the keys it needs",
            found=f"missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}",
            do=f"use {', '.join(sorted(known))}; needed are {', '.join(sorted(needed))}",
        )
