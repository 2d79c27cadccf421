"""An account's assumptions as rows: one for each number, and one for each choice of the account."""

from __future__ import annotations

from typing import Any

from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_item import CostItem
from mih_impact.account.parameters import Persistence, all_assumptions
from mih_impact.account.programme import Phase, Programme
from mih_impact.account.sheet.cells import year_key
from mih_impact.display.locale import Label
from mih_impact.reference.discount import Discount

__all__ = ["LATER", "SETTINGS", "Cells", "later_source", "lines_of"]

Cells = dict[str, Any]

#: The name of a later step of the discount ladder, by its first year.
LATER = "discount_rate:from_"

#: The choices of the account, by name.
SETTINGS = {
    "account:preset": Label(nb="regelverk", en="rules"),
    "account:price_year": Label(nb="kroneår", en="price year"),
    "account:horizon": Label(
        nb="analyseperiode, oppstartsåret medregnet", en="horizon, the start year included"
    ),
    "account:persistence": Label(
        nb="effekten etter siste anslåtte år", en="the effect after the last estimated year"
    ),
    "account:timing": Label(nb="når i året beløpene faller", en="when in the year flows fall"),
}

_LATER = Label(nb="kalkulasjonsrente fra år {year}", en="discount rate from year {year}")


def lines_of(
    assumptions: Assumptions, programme: Programme, horizon: int, persistence: Persistence
) -> list[Cells]:
    """Return every row, with its cells by column; empty ones are left out."""
    costs = {item.assumption.name: item for item in programme.items}
    phases = {phase.assumption.name: phase for phase in programme.phases}
    numbers = [
        _kept(_number(item) | _cost(costs.get(item.name)) | _phase(phases.get(item.name)))
        for item in all_assumptions(assumptions, programme)
    ]
    rates = len(assumptions.items)
    return [
        *numbers[:rates],
        *_later(assumptions.discount),
        *numbers[rates:],
        *_settings(assumptions, horizon, persistence),
        *_programme(programme),
    ]


def _kept(cells: Cells) -> Cells:
    return {key: value for key, value in cells.items() if value not in (None, "", ())}


def _named(name: str, label: Label) -> Cells:
    return {"name": name, "label_nb": label.nb, "label_en": label.en}


def _number(item: Assumption) -> Cells:
    """Return what an assumption says."""
    return {
        **_named(item.name, item.label),
        "value": float(item.value),
        "unit": item.unit,
        "low": None if item.low is None else float(item.low),
        "high": None if item.high is None else float(item.high),
        "distribution": item.distribution,
        "points": item.points,
        "status": item.status,
        "source": item.source,
        "range_source": item.range_source,
    }


def _cost(item: CostItem | None) -> Cells:
    """Return what a cost says beside its sum."""
    if item is None:
        return {}
    assert isinstance(item.amounts, tuple)
    return {
        "phase": item.phase,
        "payer": item.payer,
        "receiver": item.receiver,
        "cash": str(item.cash).lower(),
        "budget_line": item.budget_line,
        "timing": item.timing,
        **{year_key(year): float(amount) for year, amount in enumerate(item.amounts)},
    }


def _phase(phase: Phase | None) -> Cells:
    """Return what a phase says beside its reach."""
    if phase is None:
        return {}
    when = phase.when or Label(nb="", en="")
    return {"phase": phase.name, "when_nb": when.nb, "when_en": when.en}


def later_source(discount: Discount) -> tuple[str, str]:
    """Return status and source of the later steps of a ladder."""
    official = discount.ladder[1:] == Discount().ladder[1:]
    return ("seen", "R-109/2021 6.2") if official else ("ASSUMED", "the analyst's own value")


def _later(discount: Discount) -> list[Cells]:
    """Return the steps of the ladder after the first, each by its first year."""
    status, source = later_source(discount)
    ends = [end for end, _ in discount.ladder]
    return [
        {
            **_named(f"{LATER}{end + 1}", _LATER.format(year=str(end + 1))),
            "value": rate,
            "unit": "per year, real",
            "status": status,
            "source": source,
        }
        for end, (_, rate) in zip(ends, discount.ladder[1:], strict=False)
        if end is not None
    ]


def _settings(assumptions: Assumptions, horizon: int, persistence: Persistence) -> list[Cells]:
    values = {
        "account:preset": assumptions.preset,
        "account:price_year": float(assumptions.price_year),
        "account:horizon": float(horizon),
        "account:persistence": persistence,
        "account:timing": assumptions.discount.timing,
    }
    units = {"account:price_year": "calendar year", "account:horizon": "years"}
    return [
        _kept(_named(name, label) | {"value": values[name], "unit": units.get(name)})
        for name, label in SETTINGS.items()
    ]


def _programme(programme: Programme) -> list[Cells]:
    found = [_named("programme", programme.label) | {"value": programme.name}]
    if programme.note is not None:
        found.append(_named("programme:note", programme.note))
    return found
