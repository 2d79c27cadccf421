"""The sheet of costs: in which year each item falls, who pays it, and who gets that far."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.display.labels import Label
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.cost_item import CostItem
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import FIRST_YEAR, Plan
from mih_impact.reporting.workbook.words import SHEETS, TIMING, YES_NO

__all__ = ["CostCells", "write_costs"]

_TITLE = Label(nb="Kostnader: når de faller", en="Costs: when they fall")
_WHAT = Label(
    nb="Andel av summen per deltaker i fasen som faller i hvert år. Summene og andelene som når"
    " fram, står i arket {assumptions}.",
    en="Share of the sum per participant in the phase that falls in each year. The sums and the"
    " shares who get there are in the sheet {assumptions}.",
)
_HEADINGS = (
    Label(nb="Kostnad", en="Cost"),
    Label(nb="Fase", en="Phase"),
    Label(nb="Kilde", en="Source"),
)
_TOLD = (
    Label(nb="Etter analyseperioden", en="After the horizon"),
    Label(nb="Betaler", en="Payer"),
    Label(nb="Mottaker", en="Receiver"),
    Label(nb="Penger", en="Cash"),
    Label(nb="Når i året", en="When in the year"),
    Label(nb="Når, i ord", en="When, in words"),
)
_EFFECTS = SHEETS["effects"]
_WHOLE = Label(nb="hele løpet", en="the whole course")


@dataclass(frozen=True)
class CostCells:
    """Where the profiles stand: rows by item."""

    sheet: str
    rows: dict[str, int]

    def at(self, item: str, column: int) -> str:
        """Return the cell of one item's share in a year, as other sheets write it."""
        return self.sheet + address(self.rows[item], column)


def write_costs(plan: Plan, pen: Pen, assumptions: Label) -> CostCells:
    """Write the years of every cost item of the programme."""
    programme = plan.case._books.programme
    pen.head(_TITLE, _WHAT.format(assumptions=assumptions), plan.evidence, _HEADINGS)
    for place, heading in enumerate(_TOLD):
        pen.text(FIRST_ROW - 1, plan.total + place, heading, "header")
    effects = f"'{plan.text(_EFFECTS)}'!"
    pen.years(FIRST_YEAR, plan.horizon, source=effects)
    phases = {phase.name: phase for phase in programme.phases}
    cells = CostCells(
        pen.there, {item.name: FIRST_ROW + k for k, item in enumerate(programme.items)}
    )
    for item in programme.items:
        phase = phases.get(item.phase)
        _write_item(plan, pen, cells.rows[item.name], item, phase.label if phase else _WHOLE)
        if phase is not None and phase.when is not None:
            pen.text(cells.rows[item.name], plan.total + 5, phase.when, "small")
    wide = [9.0] * plan.horizon
    pen.finish((40, 15, 8, *wide, 17, 22, 16, 8, 20, 44), frozen=(FIRST_ROW, 1))
    return cells


def _write_item(plan: Plan, pen: Pen, row: int, item: CostItem, phase: Label) -> None:
    pen.text(row, 0, item.label)
    pen.text(row, 1, phase)
    pen.text(row, 2, plan.sources.cite(item.source))
    profile = [float(share) for share in item.profile[: plan.horizon]]
    for t, column in enumerate(plan.years):
        pen.number(row, column, profile[t] if t < len(profile) else 0.0, "percent")
    years = f"{address(row, FIRST_YEAR)}:{address(row, plan.last_year)}"
    pen.formula(row, plan.total, f"=1-SUM({years})", "percent", value=1 - sum(profile))
    pen.text(row, plan.total + 1, GROUP_LABELS[item.payer])
    pen.text(row, plan.total + 2, GROUP_LABELS[item.receiver] if item.receiver else "")
    pen.text(row, plan.total + 3, YES_NO[item.cash])
    pen.text(row, plan.total + 4, TIMING[item.timing or "account"])
