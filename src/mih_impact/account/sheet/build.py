"""Rows of a sheet put together again as assumptions and programme, every cell accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions, discount_assumption, preset_items
from mih_impact.account.cost_item import CostItem
from mih_impact.account.parameters import Persistence, all_assumptions
from mih_impact.account.programme import Phase, Programme, reach_assumption
from mih_impact.account.sheet.cells import WORDS, Line, code_of, number_of, typed
from mih_impact.account.sheet.lines import LATER, SETTINGS, later_source
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Discount, Timing

__all__ = [
    "Parts",
    "assumption_of",
    "label_of_row",
    "parts_of",
    "programme_of_rows",
    "require_carried",
    "required",
]


def required(line: Line, column: str) -> Any:
    """Return a cell that must not be empty."""
    value = line.get(column)
    if value is None:
        raise line.error(
            column, "the cell is empty", do="fill it in; what does not count is 0, and is in sight"
        )
    return value


def label_of_row(line: Line) -> Label:
    """Return the displayed name in a row."""
    return Label(nb=line.get("label_nb", ""), en=line.get("label_en", ""))


def assumption_of(line: Line, unit: str) -> Assumption:
    """Return the assumption of a row, checked one column at a time."""
    value, low, high = required(line, "value"), line.get("low"), line.get("high")
    if required(line, "unit") != unit:
        raise line.error(
            "unit",
            f"the unit of {line.name} is {unit}",
            found=repr(line.get("unit")),
            do=f"write {unit!r} back, and the value, low and high in it",
        )
    with line.checking("value"):
        item = Assumption(
            name=line.name, value=value, unit=unit, status=required(line, "status"),
            source=line.get("source", ""), low=None, high=None, label=label_of_row(line),
            range_source=line.get("range_source", ""),
        )  # fmt: skip
    _require_range(line, value, low, high)
    outside = low is not None and not item.bounds[0] <= low
    with line.checking("low" if outside else "high"):
        item = replace(item, low=low, high=high)
    points = line.get("points", ())
    distribution = required(line, "distribution")
    with line.checking("points" if "discrete" in (distribution,) or points else "distribution"):
        return replace(item, distribution=distribution, points=points)


def _require_range(line: Line, value: float, low: float | None, high: float | None) -> None:
    """Raise on a range with one end, turned round, or beside the value."""
    if low is None and high is None:
        return
    if low is None or high is None:
        raise line.error(
            "low" if low is None else "high",
            "the range has one end only",
            found=f"low {low}, high {high}",
            do="give both, or empty both",
        )
    if low > high:
        raise line.error(
            "low",
            "low is above high",
            found=f"low {low:g}, high {high:g}",
            do="let them change places",
        )
    if not low <= value <= high:
        raise line.error(
            "value",
            "the value is outside its range",
            found=f"{value:g}, from {low:g} to {high:g}",
            do="change the value, or give low and high that hold it",
        )


_COST_UNIT = "NOK per participant in the phase"


def programme_of_rows(lines: dict[str, Line], price_year: int) -> Programme:
    """Return the programme that the rows make, its costs in prices of `price_year`."""
    head, note = lines["programme"], lines.get("programme:note")
    costs = [line for line in lines.values() if line.name.startswith("cost:")]
    reaches = [line for line in lines.values() if line.name.startswith("reach:")]
    own = {line.name.removeprefix("reach:"): line for line in reaches if not line.get("phase")}
    items = [_cost(line, own, price_year) for line in costs]
    for name, line in own.items():
        if name not in [item.name for item in items]:
            raise line.error(
                "name",
                "there is no cost that this reach is of",
                found=repr(name),
                do=f"put the row of the cost back, or delete this one"
                f"{nearest(name, [item.name for item in items])}",
            )
    phases = tuple(_phase(line) for line in reaches if line.get("phase"))
    age = lines.get("age_at_start")
    with head.checking("name"):
        return Programme(
            name=str(required(head, "value")),
            label=label_of_row(head),
            items=tuple(items),
            phases=phases,
            age_at_start=None if age is None else assumption_of(age, "years"),
            note=None if note is None else label_of_row(note),
        )


def _cost(line: Line, own: dict[str, Line], price_year: int) -> CostItem:
    """Return a cost: its sum, spread as its years say."""
    item = assumption_of(line, _COST_UNIT)
    name = line.name.removeprefix("cost:")
    years = sorted(int(key[5:]) for key in line.cells if key.startswith("year_"))
    if years != list(range(len(years))) or (item.value and not years):
        raise line.error(
            f"year_{next(k for k in range(len(years) + 1) if k not in years)}",
            "the years of the cost have a gap",
            found=f"amounts in years {', '.join(map(str, years)) or 'none'}",
            do="write back what stood there; a year without a cost is 0",
        )
    reach = own.get(name)
    with line.checking("payer"):
        cost = CostItem(
            name=name,
            label=item.label,
            amounts=tuple(line.cells[f"year_{year}"] for year in years),
            payer=required(line, "payer"),
            receiver=line.get("receiver"),
            phase=line.get("phase", ""),
            reach=1.0 if reach is None else assumption_of(reach, "share").value,
            cash=required(line, "cash") == "true",
            budget_line=line.get("budget_line", ""),
            price_year=price_year,
            timing=line.get("timing"),
        )
    with line.checking("value"):
        amounts = cost.amounts if cost.total == item.value else cost.spread(item.value)
        return replace(
            cost, amounts=amounts, low=item.low, high=item.high, distribution=item.distribution,
            points=item.points, status=item.status, source=item.source,
            range_source=item.range_source,
        )  # fmt: skip


def _phase(line: Line) -> Phase:
    """Return a phase; its label is that of its reach less the words that say so."""
    item, name = assumption_of(line, "share"), line.get("phase")
    if line.name != f"reach:{name}":
        raise line.error(
            "phase", "row and phase have different names", found=repr(name), do="write them alike"
        )
    lead = reach_assumption(name, Label(nb="", en=""), 1.0).label
    label = Label(nb=item.label.nb.removeprefix(lead.nb), en=item.label.en.removeprefix(lead.en))
    when = Label(nb=line.get("when_nb", ""), en=line.get("when_en", ""))
    return Phase(
        name=name, label=label, when=when if when.nb or when.en else None, reach=item.value,
        low=item.low, high=item.high, distribution=item.distribution, points=item.points,
        status=item.status, source=item.source, range_source=item.range_source,
    )  # fmt: skip


def require_carried(lines: dict[str, Line], items: tuple[Assumption, ...]) -> None:
    """Raise where the row of a cost's own reach says what the account has no place for."""
    carried = {item.name: item for item in items}
    for name, line in lines.items():
        if not name.startswith("reach:") or line.get("phase"):
            continue
        plain = reach_assumption(name.removeprefix("reach:"), label_of_row(line), 1.0)
        found = carried.get(name, plain)
        told = assumption_of(line, "share")
        for column in ("low", "distribution", "status", "source", "range_source"):
            if getattr(told, column) != getattr(found, column):
                raise line.error(
                    column,
                    "a cost without a phase has a plain reach: no range and no source",
                    found=repr(getattr(told, column)),
                    do="give the cost a phase in the programme file; the phase has a range",
                )


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
