"""The rows of costs, reaches and the programme itself, put together as a programme."""

from __future__ import annotations

from dataclasses import replace

from mih_impact.display.labels import Label
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.checks import nearest
from mih_impact.economics.cost_item import CostItem
from mih_impact.economics.phase import Phase, reach_assumption
from mih_impact.economics.programme import Programme
from mih_impact.economics.sheet.cells import Line
from mih_impact.economics.sheet.row import assumption_of, label_of_row, required

__all__ = ["programme_of_rows", "require_carried"]

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
            do="give every year from 0 on, those without a cost as 0",
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
