"""The sheet of assumptions: the input cells that everything else follows."""

from __future__ import annotations

import math
from typing import Any

from mih_impact.display.labels import Label
from mih_impact.economics.assumption import Assumption
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen
from mih_impact.reporting.workbook.plan import Plan
from mih_impact.reporting.workbook.words import (
    DISTRIBUTIONS,
    PERSISTENCE,
    STATUS,
    TIMING,
    UNITS,
    YES_NO,
)

__all__ = ["VALUE", "write_assumptions"]

#: Column of the values.
VALUE = 1

_TITLE = Label(nb="Forutsetninger", en="Assumptions")
_WHAT = Label(
    nb="Gule celler kan endres, og alt annet følger med. Kroner er i faste {year}-priser.",
    en="Yellow cells can be changed, and all else follows. NOK in fixed {year} prices.",
)
_HEADINGS = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Verdi", en="Value"),
    Label(nb="Enhet", en="Unit"),
    Label(nb="Lav", en="Low"),
    Label(nb="Høy", en="High"),
    Label(nb="Fordeling", en="Distribution"),
    Label(nb="Status", en="Status"),
    Label(nb="Kilde", en="Source"),
    Label(nb="Kilde til spennet", en="Source of the range"),
    Label(nb="Navn i formlene", en="Name in the formulas"),
)
_CHOICES = Label(nb="Valg", en="Choices")
_CHOSEN = {
    "timing": Label(nb="når i året beløpene faller", en="when in the year flows fall"),
    "persistence": Label(
        nb="effekten etter siste anslåtte år", en="the effect after the last estimated year"
    ),
}
_DERIVED = Label(nb="Avledet av forutsetningene", en="Derived from the assumptions")
_LABOUR_COST = Label(
    nb="lønnskostnad per krone lønn: (1 + pensjon) × (1 + avgift)",
    en="labour cost per krone of wage: (1 + pension) × (1 + contribution)",
)
_STATE_SHARE = Label(nb="statens andel av inntektsskatten", en="state's share of income tax")
_WHOLE_TAX = Label(
    nb="skatteandelene summerer seg til høyst én", en="the tax shares sum to at most one"
)
_UNUSED = Label(
    nb="{label} (brukes bare i restverdien, som ikke er i denne arbeidsboken)",
    en="{label} (only for the residual value, which is not in this workbook)",
)
_WRONG = Label(nb="Verdien kan ikke være slik", en="The value cannot be this")
_BOUNDS = Label(nb="Skriv et tall fra {low} til {high}.", en="Write a number from {low} to {high}.")
_LOW = Label(nb="Skriv et tall fra {low} og oppover.", en="Write a number from {low} up.")
_CHOOSE = Label(nb="Velg fra listen.", en="Choose from the list.")

#: How the values of each unit are shown.
_NUMBERS = {
    "share": "percent",
    "per year, real": "percent",
    "NOK per NOK": "ratio",
    "years": "decimal",
}

#: The least step above a bound that is not itself possible.
_ABOVE = 1e-6
_NOT_HERE = "age_at_start"


def write_assumptions(plan: Plan, pen: Pen) -> None:
    """Write every assumption in use, each in a cell of its own name."""
    what = _WHAT.format(year=plan.case.price_year)
    pen.head(_TITLE, what, plan.evidence, _HEADINGS)
    row = FIRST_ROW
    for item in plan.assumptions:
        _write_item(plan, pen, row, item)
        row += 1
    row = _write_choices(plan, pen, row + 1)
    _write_derived(plan, pen, row + 1)
    pen.finish((72, 22, 34, 12, 12, 13, 20, 9, 16, 42), frozen=(FIRST_ROW, 2))


def _write_item(plan: Plan, pen: Pen, row: int, item: Assumption) -> None:
    shown = _NUMBERS.get(item.unit, "kroner")
    unused = item.name == _NOT_HERE
    label = _UNUSED.format(label=item.label) if unused else item.label
    pen.text(row, 0, label, "wrapped")
    pen.number(row, VALUE, float(item.value), shown, "text" if unused else "input")
    pen.text(row, 2, UNITS[item.unit])
    for column, bound in ((3, item.low), (4, item.high)):
        if bound is not None:
            pen.number(row, column, float(bound), shown, "text")
    pen.text(row, 5, DISTRIBUTIONS[item.distribution])
    pen.text(row, 6, STATUS[item.status])
    pen.text(row, 7, plan.sources.cite(item.source))
    pen.text(row, 8, plan.sources.cite(item.range_source))
    if not unused:
        pen.text(row, 9, plan.names[item.name], "name")
        pen.require(row, VALUE, _rule(plan, item))
    pen.name(plan.names[item.name], row, VALUE)


def _rule(plan: Plan, item: Assumption) -> dict[str, Any]:
    """Return what a value can be, by the bounds of its unit."""
    low, high = item.bounds
    if item.unit in ("per year, real", "years"):
        low += _ABOVE
    rule: dict[str, Any] = {"validate": "decimal", "error_title": plan.text(_WRONG)}
    told = {"low": f"{round(low):g}", "high": f"{high:g}"}
    if math.isinf(high):
        return rule | {
            "criteria": ">=", "value": low, "error_message": plan.text(_LOW.format(**told)),
        }  # fmt: skip
    return rule | {
        "criteria": "between", "minimum": low, "maximum": high,
        "error_message": plan.text(_BOUNDS.format(**told)),
    }  # fmt: skip


def _write_choices(plan: Plan, pen: Pen, row: int) -> int:
    """Write when in the year flows fall, and what becomes of the effects; return the next row."""
    pen.text(row, 0, _CHOICES, "section")
    choices: dict[str, tuple[str, tuple[str, ...]]] = {
        "timing": (plan.case.assumptions.discount.timing, ("start", "middle", "end")),
    }
    words = dict(TIMING)
    if plan.horizon > plan.estimated:
        choices["persistence"] = (plan.case.persistence, ("constant", "half_life", "linear"))
        words |= PERSISTENCE
    for name, (chosen, known) in choices.items():
        row += 1
        pen.text(row, 0, _CHOSEN[name])
        pen.text(row, VALUE, words[chosen], "input")
        pen.text(row, 9, plan.names[name], "name")
        pen.require(
            row, VALUE,
            {"validate": "list", "source": [plan.text(words[each]) for each in known],
             "error_title": plan.text(_WRONG), "error_message": plan.text(_CHOOSE)},
        )  # fmt: skip
        pen.name(plan.names[name], row, VALUE)
    return row + 1


def _write_derived(plan: Plan, pen: Pen, row: int) -> None:
    """Write what the rules use often, and a check of the tax shares."""
    names, rates = plan.names, plan.case.assumptions
    state = 1 - rates.municipal_tax_share - rates.county_tax_share
    cost = (1 + rates.pension_share) * (1 + rates.employer_contribution)
    shares = f"{names['municipal_tax_share']}-{names['county_tax_share']}"
    pen.text(row, 0, _DERIVED, "section")
    for key, label, formula, shown, value in (
        ("labour_cost", _LABOUR_COST,
         f"=(1+{names['pension_share']})*(1+{names['employer_contribution']})", "factor", cost),
        ("state_tax_share", _STATE_SHARE, f"=1-{shares}", "percent", state),
    ):  # fmt: skip
        row += 1
        pen.text(row, 0, label)
        pen.formula(row, VALUE, formula, shown, value=value)
        pen.text(row, 9, names[key], "name")
        pen.name(names[key], row, VALUE)
    yes, no = (plan.text(YES_NO[each]) for each in (True, False))
    pen.text(row + 1, 0, _WHOLE_TAX)
    # Shares that sum to one in decimals may miss it by a rounding.
    formula = f'=IF({names["state_tax_share"]}>=-1E-12,"{yes}","{no}")'
    pen.formula(row + 1, VALUE, formula, value=yes)
    pen.warn(row + 1, VALUE, yes)
