"""Rows of a sheet put together again as assumptions and programme, every cell accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from mih_impact.economics.assumption import Assumption
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.checks import nearest
from mih_impact.economics.parameters import all_assumptions
from mih_impact.economics.persistence import Persistence
from mih_impact.economics.presets import discount_assumption, preset_items
from mih_impact.economics.programme import Programme
from mih_impact.economics.sheet.cells import Line, number_of, typed
from mih_impact.economics.sheet.lines import LATER, SETTINGS, later_source
from mih_impact.economics.sheet.programme_rows import programme_of_rows, require_carried
from mih_impact.economics.sheet.row import assumption_of, required
from mih_impact.economics.sheet.words import WORDS, code_of
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Discount, Timing

__all__ = ["Parts", "parts_of"]

_NUMBER = frozenset(
    ["name", "label_nb", "label_en", "value", "unit", "low", "high", "distribution", "points",
     "status", "source", "range_source"]
)  # fmt: skip
_COST = _NUMBER | frozenset(["phase", "payer", "receiver", "cash", "budget_line", "timing"])
_PHASE = _NUMBER | frozenset(["phase", "when_nb", "when_en"])
_LATER = frozenset(["name", "label_nb", "label_en", "value", "unit", "status", "source"])
_SETTING = frozenset(["name", "label_nb", "label_en", "value", "unit"])


@dataclass(frozen=True)
class Parts:
    """What the rows of a sheet make together."""

    assumptions: Assumptions
    programme: Programme
    horizon: int
    persistence: Persistence


def parts_of(raw: Sequence[Line]) -> Parts:
    """Return what the rows of a sheet make together.

    Raises
    ------
    AssumptionError
        A row that is missing, twice or unknown, a cell that is not what its column holds, or
        numbers that do not go together; the message says which row and column.
    """
    lines = _by_name([typed(line) for line in raw])
    rates = {item.name: item for item in preset_items()}
    _require_rows(lines, rates)
    settings = {name: _setting(lines[name]) for name in SETTINGS}
    discount = _discount(lines, settings["account:timing"])
    items = tuple(assumption_of(lines[name], item.unit) for name, item in rates.items())
    price_year = _whole(lines["account:price_year"], settings["account:price_year"])
    assumptions = Assumptions(settings["account:preset"], price_year, discount, items)
    programme = programme_of_rows(lines, price_year)
    require_carried(lines, all_assumptions(assumptions, programme))
    horizon = _whole(lines["account:horizon"], settings["account:horizon"])
    persistence = cast(Persistence, settings["account:persistence"])
    return Parts(assumptions, programme, horizon, persistence)


def _by_name(lines: Iterable[Line]) -> dict[str, Line]:
    """Return rows by name; raise on one without a name, or two of one name."""
    found: dict[str, Line] = {}
    for line in lines:
        if not line.name:
            shown = ", ".join(sorted(line.cells))
            raise line.error(
                "name", "the row has no name", found=f"cells in {shown}", do="delete the row, or"
                " write its name back; remarks have their place under source",
            )  # fmt: skip
        if line.name in found:
            raise line.error(
                "name",
                "there are two rows of this name",
                found=f"{line.name} in {found[line.name].place} and {line.place}",
                do="delete one of them",
            )
        found[line.name] = line
    return found


def _require_rows(lines: dict[str, Line], rates: dict[str, Assumption]) -> None:
    """Raise on names that are unknown or missing, or cells that have no place in their row."""
    needed = [*rates, *SETTINGS, "programme"]
    other = ("programme:note", "age_at_start")
    known = [*needed, *other]
    for name, line in lines.items():
        if name not in known and not name.startswith(("cost:", "reach:", LATER)):
            raise line.error(
                "name",
                "there is no such assumption",
                found=repr(name),
                do=f"use the names of case.sheet(){nearest(name, known)}",
            )
        allowed = _allowed(line)
        for column in line.cells:
            if column not in allowed and not (
                name.startswith("cost:") and column.startswith("year_")
            ):
                raise line.error(
                    column,
                    "a row of this kind has nothing in this column",
                    found=repr(line.cells[column]),
                    do="empty the cell; remarks have their place under source",
                )
    missing = [name for name in needed if name not in lines]
    if missing:
        raise AssumptionError(
            "Rows are missing from the sheet",
            found=", ".join(missing),
            do="put them back from the sheet of the account, case.sheet().write(...); an assumption"
            " that shall not count is set to 0",
        )


def _allowed(line: Line) -> frozenset[str]:
    name = line.name
    if name in SETTINGS or name.startswith("programme"):
        return _SETTING
    if name.startswith(LATER):
        return _LATER
    if name.startswith("reach:"):
        return _PHASE
    return _COST if name.startswith("cost:") else _NUMBER


def _setting(line: Line) -> Any:
    """Return the value of a choice of the account."""
    value = required(line, "value")
    vocabulary = {"account:persistence": "persistence", "account:timing": "account_timing"}
    if line.name in vocabulary:
        code = code_of(vocabulary[line.name], str(value))
        if code is None:
            words = WORDS[vocabulary[line.name]]
            raise line.error(
                "value",
                "this is none of the words it can be",
                found=repr(value),
                do=f"use one of {', '.join(words)}{nearest(value, words)}",
            )
        return code
    if line.name == "account:preset":
        return str(value)
    return number_of(value, line, "value")


def _whole(line: Line, value: float) -> int:
    if value != int(value) or value < 1:
        raise line.error(
            "value", "this is not a whole number", found=f"{value:g}", do="write a whole number"
        )
    return int(value)


def _discount(lines: dict[str, Line], timing: Timing) -> Discount:
    """Return the discount of the sheet: its first rate, and the steps after it."""
    rate = replace(discount_assumption(0.04), low=None, high=None)
    later = sorted(
        (
            (_first_year(line), line)
            for line in lines.values()
            if line.name.startswith(LATER)
        ),
        key=lambda pair: pair[0],
    )  # fmt: skip
    rates = [required(lines["discount_rate"], "value")]
    for _, line in later:
        with line.checking("value"):
            rates.append(replace(rate, value=required(line, "value")).value)
    ends = [*(year - 1 for year, _ in later), None]
    with lines["discount_rate"].checking("value"):
        discount = Discount(tuple(zip(ends, rates, strict=True)), timing)
    for _, line in later:
        told = (line.get("status"), line.get("source"))
        if told not in (later_source(Discount()), ("ASSUMED", "the analyst's own value")):
            raise line.error(
                "source",
                "the account keeps no source of a later discount rate",
                found=", ".join(map(str, told)),
                do="leave status and source as they were; a rate of your own is marked so",
            )
    return discount


def _first_year(line: Line) -> int:
    year = line.name.removeprefix(LATER)
    if not year.isdigit() or int(year) < 2:
        raise line.error(
            "name", "this is no year that a later discount rate starts in", found=repr(year),
            do=f"write {LATER}41",
        )  # fmt: skip
    return int(year)
