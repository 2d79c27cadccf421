"""A programme as a TOML file: named cost items with payer, year, status and source."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mih_impact import arguments
from mih_impact.account.assumption import Assumption
from mih_impact.account.cost_item import CostItem, UnpaidTime
from mih_impact.account.non_priced import NonPriced, require_non_priced
from mih_impact.account.programme import Apprenticeship, Phase, Programme, pay_term
from mih_impact.arguments import nearest, shown
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.account.budget.decision import Decision

__all__ = [
    "file_of",
    "non_priced_content",
    "non_priced_of",
    "programme_content",
    "programme_of",
    "read_decisions",
    "read_label",
    "read_non_priced",
    "read_programme",
    "read_tables",
    "require_keys",
]


def file_of(path: Any) -> Path | Traversable:
    """Return a file given by its path, or a file within a package as it is."""
    if isinstance(path, Traversable) and not isinstance(path, Path):
        return path
    return arguments.path("path", path)


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
        alone = "one table, and not a list of them" if isinstance(given, dict) else "no table"
        raise AssumptionError(
            f"{key} of {where} is {alone}",
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


def _content(file: Path | Traversable, *headings: str, do: str) -> dict[str, Any]:
    """Return what a TOML file holds: no other headings than those named, if any are."""
    try:
        content = deepcopy(_parsed(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise AssumptionError(f"{file.name} cannot be read", found=error.strerror, do=do) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise AssumptionError(f"{file.name} is no TOML file", found=str(broken), do=do) from None
    unknown = [name for name in content if headings and name not in headings]
    if unknown:
        found = f"unknown {', '.join(unknown)}"
        raise AssumptionError(f"{file.name} does not have the keys it needs", found=found, do=do)
    return content


@lru_cache(maxsize=8)  # an analysis reads the file of its programme several times
def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def _require_keys(
    row: Mapping[str, Any], needed: Collection[str], optional: Collection[str], where: str
) -> None:
    """Raise on keys that are missing or do not exist."""
    missing = sorted({*needed} - {*row})
    unknown = sorted({*row} - {*needed, *optional})
    if missing or unknown:
        also = f"; optional are {', '.join(sorted(optional))}" if optional else ""
        raise AssumptionError(
            f"{where} does not have the keys it needs",
            found=f"missing {', '.join(missing) or 'none'}; unknown {', '.join(unknown) or 'none'}",
            do=f"write {', '.join(sorted(needed))}{also}",
        )


def _labels(row: Mapping[str, Any], keys: Iterable[str], what: str) -> dict[str, Label]:
    """Return the displayed texts of a table, of those of the keys that it has."""
    return {key: read_label(row[key], f"{key} of {what}") for key in keys if key in row}


_EFFECT_TEXTS = ("label", "whom", "reason", "source")
_EFFECT_KEYS = ("name", *_EFFECT_TEXTS, "importance", "extent", "status")


def read_non_priced(path: str | Path | Traversable) -> tuple[NonPriced, ...]:
    """Read non-priced effects from a TOML file.

    Parameters
    ----------
    path
        A file with one `[[effect]]` per effect: `name`, `importance`, `extent`, `status`, and
        `label`, `whom`, `reason` and `source`, each a table with a text `nb` and a text `en`.

    Returns
    -------
    tuple of NonPriced
        In the order of the file.

    Raises
    ------
    AssumptionError
        The file is no TOML, a key is missing or unknown, or an effect does not hold together.

    Examples
    --------
    >>> import mih_impact as mih
    >>> [each.name for each in mih.nav.non_priced()][:2]
    ['recruitment', 'mixed_workforce']
    """
    file = file_of(path)
    return non_priced_of(non_priced_content(file), file.name)


def non_priced_content(file: Path | Traversable) -> list[Any]:
    """Return the `[[effect]]` tables of a file.

    Raises
    ------
    AssumptionError
        There is no such file, it is no TOML, or it holds something else.
    """
    do = "write one [[effect]] table per effect, and nothing else"
    content = _content(file, "effect", do=do)
    return read_tables(content, "effect", file.name)


def non_priced_of(rows: list[Any], name: str) -> tuple[NonPriced, ...]:
    """Return the effects that `[[effect]]` tables stand for; `name` is their file's."""
    tables = read_tables({"effect": rows}, "effect", name)
    return require_non_priced([_effect(row, name) for row in tables])


def _effect(row: dict[str, Any], file: str) -> NonPriced:
    what = f"effect {row.get('name', '?')!r} of {file}"
    _require_keys(row, _EFFECT_KEYS, (), f"The {what}")
    return NonPriced(**(row | _labels(row, _EFFECT_TEXTS, f"the {what}")))


#: The keys of each table of a programme: those that are needed, and those that may be left out.
_RANGE = ("low", "high", "distribution", "points", "range_source")
_ITEM = (
    ("name", "label", "per_starter", "payer", "cash", "status"),
    ("phase", "reach", "receiver", "budget_line", "timing", "source", *_RANGE),
)
_PHASE = ("name", "label", "reach", "status"), ("when", "source", *_RANGE)
_TERM = ("value", "status"), ("source", *_RANGE)
_UNPAID = ("years", "wage", "price_year", "status"), ("source",)
_APPRENTICESHIP = (
    ("phase", "employer", "by_year", "months", "share", "skilled_wage", "price_year"),
    ("note",),
)
_PROGRAMME = (
    ("name", "label", "price_year"),
    ("note", "published", "headlines", "compensated", "apprenticeship", "unpaid_time", "phase",
     "item", "age_at_start", "effect"),
)  # fmt: skip


def read_programme(path: str | Path | Traversable) -> Programme:
    """Read a programme from a TOML file.

    Parameters
    ----------
    path
        A file with `name`, `label`, `price_year`, optionally `note`, `non_priced` (the file of
        effects without a price, beside it), `published`, `headlines` and `compensated` (see
        `Programme`),
        `[age_at_start]`, `[apprenticeship]`, `[unpaid_time]`, one `[[phase]]` per phase and one
        `[[item]]` per cost.
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
    do = "give a TOML file; relative paths start at the folder of the analysis"
    content = _content(file, do=do)
    if "non_priced" in content:
        folder = file.parent if isinstance(file, Path) else Path(str(file)).parent
        name = str(content.pop("non_priced"))
        arguments.require_inside(folder, {"non_priced": name}, raised=AssumptionError)
        content["effect"] = non_priced_content(folder / name)
    return content


def programme_of(content: dict[str, Any], name: str) -> Programme:
    """Return the programme that the tables of a file, or of an analysis, stand for; `name` is its.

    Raises
    ------
    AssumptionError
        A key is missing or unknown, or an item does not hold together.
    """
    _require_keys(content, *_PROGRAMME, f"The programme {name}")
    arguments.whole("price_year", content["price_year"])
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
        note=_sentence(content, "note", name),
        published=_sentence(content, "published", name),
        headlines=content.get("headlines", ()),
        compensated=content.get("compensated"),
        apprenticeship=_apprenticeship(content.get("apprenticeship"), name),
        unpaid_time=_unpaid_time(content.get("unpaid_time"), name),
    )


def _sentence(content: dict[str, Any], key: str, file: str) -> Label | None:
    return read_label(content[key], f"{key} of {file}") if key in content else None


def _phase(row: dict[str, Any], file: str) -> Phase:
    _require_keys(row, *_PHASE, f"A phase of {file}")
    return Phase(**(row | _labels(row, ("label", "when"), f"phase {row['name']!r} of {file}")))


def _age(row: dict[str, Any] | None, file: str) -> Assumption | None:
    """Return the mean age at start as an assumption."""
    if row is None:
        return None
    (row,) = read_tables({"age_at_start": [row]}, "age_at_start", file)
    _require_keys(row, *_TERM, f"age_at_start of {file}")
    given = {"source": "", "low": None, "high": None} | row
    label = Label(nb="gjennomsnittlig alder ved oppstart", en="mean age at start")
    return Assumption(name="age_at_start", unit="years", label=label, **given)


def _apprenticeship(row: dict[str, Any] | None, file: str) -> Apprenticeship | None:
    """Return what apprentices are paid; the skilled wage is in prices of `price_year`."""
    if row is None:
        return None
    (row,) = read_tables({"apprenticeship": [row]}, "apprenticeship", file)
    where = f"apprenticeship of {file}"
    _require_keys(row, *_APPRENTICESHIP, where)
    terms = {
        key: _term(row[key], name, f"{key} of the {where}")
        for key, name in (
            ("months", "apprentice_months"),
            ("share", "apprentice_share"),
            ("skilled_wage", "skilled_wage"),
        )
    }
    return Apprenticeship(**(row | terms | _labels(row, ["note"], f"the {where}")))


def _unpaid_time(row: dict[str, Any] | None, file: str) -> UnpaidTime | None:
    """Return what participants give of their own time."""
    if row is None:
        return None
    (row,) = read_tables({"unpaid_time": [row]}, "unpaid_time", file)
    _require_keys(row, *_UNPAID, f"unpaid_time of {file}")
    return UnpaidTime(**row)


def _term(row: dict[str, Any], name: str, where: str) -> Assumption:
    (row,) = read_tables({name: [row]}, name, where)
    _require_keys(row, *_TERM, where)
    return pay_term(name, **({"source": "", "low": None, "high": None} | row))


def _item(row: dict[str, Any], price_year: int, reaches: dict[str, float], file: str) -> CostItem:
    """Return one cost; the printed amounts include the reach, so it is divided out again."""
    name = f"The cost item {row.get('name', '?')!r} of {file}"
    _require_keys(row, *_ITEM, name)
    phase = (
        arguments.name("phase", row["phase"], do="name one of the phases") if "phase" in row else ""
    )
    reach = reaches.get(phase, row.get("reach", 1.0))
    reach = arguments.number(f"reach of {name[4:]}", reach)
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


_TEXTS = ("label", "source", "covers", "asked_source", "note")
_DECISION = (
    ("name", "label", "starters", "status", "source"),
    ("low", "high", "asked", "budget", "covers", "asked_source", "note"),
)


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
    do = "write years = [...] and one [[decision]] table per decision"
    content = _content(file, "years", "decision", do=do)
    rows = read_tables(content, "decision", file.name)
    chosen = content.get("years", []) if years is None else years
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
    from mih_impact.account.budget.decision import Decision

    what = f"decision {row.get('name', '?')!r} of {file}"
    _require_keys(row, *_DECISION, f"The {what}")
    counts: dict[str, Any] = {
        key: dict.fromkeys(years, row[key]) for key in ("starters", "low", "high") if key in row
    }
    return Decision(**(row | _labels(row, _TEXTS, f"the {what}") | counts))
