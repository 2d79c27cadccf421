"""The sheet of the ledger: a row per line and actor side, a column per year, all formulas."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.display.labels import Label
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.budget.lines import known_line
from mih_impact.economics.cost_item import CostItem
from mih_impact.economics.labels import role_label
from mih_impact.reporting.workbook.costs import CostCells
from mih_impact.reporting.workbook.effects import EffectCells
from mih_impact.reporting.workbook.formulas import formula_of
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import FIRST_YEAR, Entry, Plan
from mih_impact.reporting.workbook.words import KINDS, PARTS, TIMING, YES_NO, part_of

__all__ = ["LedgerCells", "write_ledger"]

_TITLE = Label(nb="Regnskap", en="Ledger")
_WHAT = Label(
    nb="Kroner per deltaker som startet og år, faste {year}-priser. Pluss er gevinst for aktøren."
    " Hvert beløp er en formel.",
    en="NOK per starter and year, fixed {year} prices. Plus is a gain for the actor. Every amount"
    " is a formula.",
)
_HEADINGS = (
    Label(nb="Komponent", en="Component"),
    Label(nb="Aktør", en="Actor"),
    Label(nb="Type", en="Kind"),
)
_PRESENT_VALUE = Label(nb="Nåverdi", en="Present value")
_TOLD = {
    "payer": Label(nb="Betaler", en="Payer"),
    "receiver": Label(nb="Mottaker", en="Receiver"),
    "cash": Label(nb="Penger", en="Cash"),
    "budget_line": Label(nb="Budsjettlinje", en="Budget line"),
    "timing": Label(nb="Når i året", en="When in the year"),
    "part": Label(nb="Del av regnskapet", en="Part of the account"),
    "public": Label(nb="Offentlig budsjett", en="Public budget"),
    "source": Label(nb="Kilde", en="Source"),
}
_PER_KRONE = Label(nb="Per krone effekt: {what}", en="Per krone of effect: {what}")


@dataclass(frozen=True)
class LedgerCells:
    """Where the ledger stands, for formulas of other sheets.

    Attributes
    ----------
    sheet
        What stands before a cell in other sheets.
    first, last
        First and last row.
    columns
        Columns by what they tell: `actor`, `kind`, and those of the headings.
    """

    sheet: str
    first: int
    last: int
    columns: dict[str, int]

    def range(self, column: int | str, *, last: int | None = None, here: bool = False) -> str:
        """Return the cells of one column; `here` as the sheet itself writes them.

        A column by number moves with the formula, one by name does not.
        """
        fixed = isinstance(column, str)
        place = self.columns[column] if isinstance(column, str) else column
        ends = (self.first, self.last if last is None else last)
        cells = (address(row, place, fixed_row=True, fixed_column=fixed) for row in ends)
        return ("" if here else self.sheet) + ":".join(cells)


def write_ledger(plan: Plan, pen: Pen, effects: EffectCells, costs: CostCells) -> LedgerCells:
    """Write every row of the ledger."""
    what = _WHAT.format(year=plan.case.price_year)
    pen.head(_TITLE, what, plan.evidence, _HEADINGS)
    pen.years(FIRST_YEAR, plan.horizon, source=effects.sheet)
    pen.text(FIRST_ROW - 1, plan.total, _PRESENT_VALUE, "header_right")
    for place, heading in enumerate(_TOLD.values()):
        pen.text(FIRST_ROW - 1, plan.told + place, heading, "header")
    for column, role in zip(plan.units, plan.roles, strict=True):
        label = _PER_KRONE.format(what=role_label(role, plan.case.benefits))
        pen.text(FIRST_ROW - 1, column, label, "header")
    told = {name: plan.told + place for place, name in enumerate(_TOLD)}
    cells = LedgerCells(
        sheet=pen.there,
        first=FIRST_ROW,
        last=FIRST_ROW + len(plan.entries) - 1,
        columns={"component": 0, "actor": 1, "kind": 2, "present_value": plan.total, **told},
    )
    writer = _Rows(plan, pen, effects, costs, cells)
    for entry in plan.entries:
        writer.write(entry)
    wide = [12.0] * plan.horizon
    pen.finish(
        (46, 40, 12, *wide, 13, 22, 22, 8, 38, 20, 22, 11, 9, 3, *[13.0] * len(plan.roles)),
        frozen=(FIRST_ROW, 3),
        printed=plan.told + len(_TOLD) - 1,
        wide=True,
    )
    return cells


class _Rows:
    """Writes the rows, each from its formula."""

    def __init__(
        self, plan: Plan, pen: Pen, effects: EffectCells, costs: CostCells, cells: LedgerCells
    ) -> None:
        self.plan, self.pen = plan, pen
        self.effects, self.costs, self.cells = effects, costs, cells
        self.items = {item.name: item for item in plan.case._books.programme.items}

    def write(self, entry: Entry) -> None:
        """Write one row: what it is, its amounts, and what is told of it."""
        plan, pen, line = self.plan, self.pen, entry.line
        row = self.row(entry)
        pen.text(row, 0, line.label)
        pen.text(row, 1, GROUP_LABELS[entry.actor])
        pen.text(row, 2, KINDS[line.kind])
        amounts = plan.known.amounts(entry)
        for t, column in enumerate(plan.years):
            formula = self.formula(entry, column)
            pen.formula(row, column, formula, value=float(amounts[t]))
        years = f"{address(row, FIRST_YEAR)}:{address(row, plan.last_year)}"
        factors = plan.names[f"factor_{line.timing or 'account'}"]
        formula = f"=SUMPRODUCT({years},{factors})"
        value = plan.known.present_value(entry)
        pen.formula(row, plan.total, formula, look="total", value=value)
        self.tell(entry, row)
        for column, one in zip(plan.units, plan.known.coefficients(entry), strict=True):
            formula = self.formula(entry, column)
            pen.formula(row, column, formula, "factor", "small", value=float(one))

    def row(self, entry: Entry) -> int:
        return FIRST_ROW + entry.place

    def formula(self, entry: Entry, column: int) -> str:
        """Return the formula of an amount; the payer's is the receiver's with the other sign."""
        if entry.is_payer:
            return f"=-{address(self.row(entry) + 1, column)}"
        return formula_of(entry.line.component, entry.line.receiver, self.places(entry, column))

    def places(self, entry: Entry, column: int) -> dict[str, str]:
        """Return the cells and names that the formula of a row can speak of."""
        line, counted = entry.line, self.effects.counted
        places = dict(self.plan.names)
        places["year"] = address(FIRST_ROW - 1, column, fixed_row=True)
        places["wage"] = self.effects.at(counted["wage"], column)
        places["taxable"] = self.effects.at(self.effects.taxable, column)
        part = part_of(line.component)
        if line.component in counted:
            places["benefit"] = self.effects.at(counted[line.component], column)
        if part == "displacement":
            places["original"] = address(self.row(self.plan.original(entry)), column)
        if part == "programme":
            places |= self.cost(self.items[line.component.partition(":")[2]], column)
        if part == "tax_financing":
            places |= self.financed(entry, column)
        return places

    def cost(self, item: CostItem, column: int) -> dict[str, str]:
        """Return the sum of a cost, the share who get there, and the share of the year."""
        reach = self.plan.names.get(f"reach:{item.phase or item.name}")
        return {
            "sign": "" if item.kind == "transfer" else "-",
            "cost": self.plan.names[f"cost:{item.name}"],
            "reach": f"*{reach}" if reach else "",
            "profile": self.costs.at(item.name, column),
        }

    def financed(self, entry: Entry, column: int) -> dict[str, str]:
        """Return the rows that are financed: all above the first row of tax-financing."""
        plan, cells = self.plan, self.cells
        first = min(e.place for e in plan.entries if part_of(e.line.component) == "tax_financing")
        last = FIRST_ROW + first - 1
        own = address(self.row(entry), cells.columns["timing"], fixed_column=True)
        return {
            "amounts": cells.range(column, last=last, here=True),
            "is_public": cells.range("public", last=last, here=True),
            "yes": f'"{plan.text(YES_NO[True])}"',
            "timings": cells.range("timing", last=last, here=True),
            "timing": own,
        }

    def tell(self, entry: Entry, row: int) -> None:
        """Write who, whether money, on which line, when, and from which source."""
        line, columns = entry.line, self.cells.columns
        known = known_line(line.budget_line)
        budget = line.label if known is None else Label(nb=known.label_nb, en=known.label_en)
        told: dict[str, Label | str] = {
            "payer": GROUP_LABELS[line.payer] if line.payer else "",
            "receiver": GROUP_LABELS[line.receiver] if line.payer else "",
            "cash": YES_NO[line.cash],
            "budget_line": budget if line.budget_line else "",
            "timing": TIMING[line.timing or "account"],
            "part": PARTS[part_of(line.component)],
            "public": YES_NO[entry.is_public],
            "source": self.plan.sources.cite(line.source),
        }
        for name, text in told.items():
            self.pen.text(row, columns[name], text)
