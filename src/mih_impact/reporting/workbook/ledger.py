"""The sheet of the ledger: a row per line and actor side, a column per year, all formulas."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.account.budget.lines import known_line
from mih_impact.account.cost_item import CostItem
from mih_impact.account.roles import GROUP_LABELS, role_label
from mih_impact.display.locale import Label
from mih_impact.reference.discount import Discount
from mih_impact.reporting.workbook.effects import EffectCells
from mih_impact.reporting.workbook.layout import FIRST_YEAR, Entry, Layout, formula_of
from mih_impact.reporting.workbook.pages import (
    FIRST_ROW,
    KINDS,
    PARTS,
    SHEETS,
    STATUS,
    TIMING,
    YES_NO,
    Page,
    address,
    part_of,
)

__all__ = ["CostCells", "LedgerCells", "write_costs", "write_discounting", "write_ledger"]

_COSTS_TITLE = Label(nb="Kostnader: når de faller", en="Costs: when they fall")
_COSTS_WHAT = Label(
    nb="Andel av summen per deltaker i fasen som faller i hvert år. Summene og andelene som når"
    " fram, står i arket {assumptions}.",
    en="Share of the sum per participant in the phase that falls in each year. The sums and the"
    " shares who get there are in the sheet {assumptions}.",
)
_COSTS_HEADINGS = (
    Label(nb="Kostnad", en="Cost"),
    Label(nb="Fase", en="Phase"),
    Label(nb="Kilde", en="Source"),
)
_COSTS_TOLD = (
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


def write_costs(layout: Layout, page: Page, assumptions: Label) -> CostCells:
    """Write the years of every cost item of the programme."""
    programme = layout.case.model.programme
    page.head(
        _COSTS_TITLE, _COSTS_WHAT.format(assumptions=assumptions), layout.evidence, _COSTS_HEADINGS
    )
    for place, heading in enumerate(_COSTS_TOLD):
        page.text(FIRST_ROW - 1, layout.total + place, heading, "header")
    effects = f"'{_EFFECTS.text()}'!"
    page.years(FIRST_YEAR, layout.horizon, source=effects)
    phases = {phase.name: phase for phase in programme.phases}
    cells = CostCells(
        page.there, {item.name: FIRST_ROW + k for k, item in enumerate(programme.items)}
    )
    for item in programme.items:
        phase = phases.get(item.phase)
        _write_item(layout, page, cells.rows[item.name], item, phase.label if phase else _WHOLE)
        if phase is not None and phase.when is not None:
            page.text(cells.rows[item.name], layout.total + 5, phase.when, "small")
    wide = [9.0] * layout.horizon
    page.finish((40, 15, 8, *wide, 17, 22, 16, 8, 20, 44), frozen=(FIRST_ROW, 1))
    return cells


def _write_item(layout: Layout, page: Page, row: int, item: CostItem, phase: Label) -> None:
    page.text(row, 0, item.label)
    page.text(row, 1, phase)
    page.text(row, 2, layout.sources.cite(item.source))
    profile = [float(share) for share in item.profile[: layout.horizon]]
    for t, column in enumerate(layout.years):
        page.number(row, column, profile[t] if t < len(profile) else 0.0, "percent")
    years = f"{address(row, FIRST_YEAR)}:{address(row, layout.last_year)}"
    page.formula(row, layout.total, f"=1-SUM({years})", "percent", value=1 - sum(profile))
    page.text(row, layout.total + 1, GROUP_LABELS[item.payer])
    page.text(row, layout.total + 2, GROUP_LABELS[item.receiver] if item.receiver else "")
    page.text(row, layout.total + 3, YES_NO[item.cash])
    page.text(row, layout.total + 4, TIMING[item.timing or "account"])


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


def write_ledger(layout: Layout, page: Page, effects: EffectCells, costs: CostCells) -> LedgerCells:
    """Write every row of the ledger."""
    what = _WHAT.format(year=layout.case.price_year)
    page.head(_TITLE, what, layout.evidence, _HEADINGS)
    page.years(FIRST_YEAR, layout.horizon, source=effects.sheet)
    page.text(FIRST_ROW - 1, layout.total, _PRESENT_VALUE, "header_right")
    for place, heading in enumerate(_TOLD.values()):
        page.text(FIRST_ROW - 1, layout.told + place, heading, "header")
    for column, role in zip(layout.units, layout.roles, strict=True):
        label = _PER_KRONE.format(what=role_label(role, layout.case.benefits))
        page.text(FIRST_ROW - 1, column, label, "header")
    told = {name: layout.told + place for place, name in enumerate(_TOLD)}
    cells = LedgerCells(
        sheet=page.there,
        first=FIRST_ROW,
        last=FIRST_ROW + len(layout.entries) - 1,
        columns={"component": 0, "actor": 1, "kind": 2, "present_value": layout.total, **told},
    )
    writer = _Rows(layout, page, effects, costs, cells)
    for entry in layout.entries:
        writer.write(entry)
    wide = [12.0] * layout.horizon
    page.finish(
        (46, 40, 12, *wide, 13, 22, 22, 8, 38, 20, 22, 11, 9, 3, *[13.0] * len(layout.roles)),
        frozen=(FIRST_ROW, 3),
        printed=layout.told + len(_TOLD) - 1,
        wide=True,
    )
    return cells


class _Rows:
    """Writes the rows, each from its formula."""

    def __init__(
        self, layout: Layout, page: Page, effects: EffectCells, costs: CostCells, cells: LedgerCells
    ) -> None:
        self.layout, self.page = layout, page
        self.effects, self.costs, self.cells = effects, costs, cells
        self.items = {item.name: item for item in layout.case.model.programme.items}

    def write(self, entry: Entry) -> None:
        """Write one row: what it is, its amounts, and what is told of it."""
        layout, page, line = self.layout, self.page, entry.line
        row = self.row(entry)
        page.text(row, 0, line.label)
        page.text(row, 1, GROUP_LABELS[entry.actor])
        page.text(row, 2, KINDS[line.kind])
        amounts = layout.known.amounts(entry)
        for t, column in enumerate(layout.years):
            formula = self.formula(entry, column)
            page.formula(row, column, formula, value=float(amounts[t]))
        years = f"{address(row, FIRST_YEAR)}:{address(row, layout.last_year)}"
        factors = layout.names[f"factor_{line.timing or 'account'}"]
        formula = f"=SUMPRODUCT({years},{factors})"
        value = layout.known.present_value(entry)
        page.formula(row, layout.total, formula, look="total", value=value)
        self.tell(entry, row)
        for column, one in zip(layout.units, layout.known.coefficients(entry), strict=True):
            formula = self.formula(entry, column)
            page.formula(row, column, formula, "factor", "small", value=float(one))

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
        places = dict(self.layout.names)
        places["year"] = address(FIRST_ROW - 1, column, fixed_row=True)
        places["wage"] = self.effects.at(counted["wage"], column)
        places["taxable"] = self.effects.at(self.effects.taxable, column)
        part = part_of(line.component)
        if line.component in counted:
            places["benefit"] = self.effects.at(counted[line.component], column)
        if part == "displacement":
            places["original"] = address(self.row(self.layout.original(entry)), column)
        if part == "programme":
            places |= self.cost(self.items[line.component.partition(":")[2]], column)
        if part == "tax_financing":
            places |= self.financed(entry, column)
        return places

    def cost(self, item: CostItem, column: int) -> dict[str, str]:
        """Return the sum of a cost, the share who get there, and the share of the year."""
        reach = self.layout.names.get(f"reach:{item.phase or item.name}")
        return {
            "sign": "" if item.kind == "transfer" else "-",
            "cost": self.layout.names[f"cost:{item.name}"],
            "reach": f"*{reach}" if reach else "",
            "profile": self.costs.at(item.name, column),
        }

    def financed(self, entry: Entry, column: int) -> dict[str, str]:
        """Return the rows that are financed: all above the first row of tax-financing."""
        layout, cells = self.layout, self.cells
        first = min(e.place for e in layout.entries if part_of(e.line.component) == "tax_financing")
        last = FIRST_ROW + first - 1
        own = address(self.row(entry), cells.columns["timing"], fixed_column=True)
        return {
            "amounts": cells.range(column, last=last, here=True),
            "is_public": cells.range("public", last=last, here=True),
            "yes": f'"{YES_NO[True].text()}"',
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
            "source": self.layout.sources.cite(line.source),
        }
        for name, text in told.items():
            self.page.text(row, columns[name], text)


_DISCOUNTING_TITLE = Label(nb="Diskontering", en="Discounting")
_DISCOUNTING_WHAT = Label(
    nb="Nåverdien i oppstartsåret av én krone i hvert år. År telles fra oppstart.",
    en="The present value, in the start year, of one krone in each year. Years since start.",
)
_DISCOUNTING_HEADINGS = (
    Label(nb="Hva", en="What"),
    Label(nb="Navn i formlene", en="Name in the formulas"),
    None,
)
_RATE = Label(nb="rente i året", en="rate of the year")
_NEXT = Label(nb="rente i året etter", en="rate of the year after")
_ACCOUNT = Label(nb="regnskapets faktor ({timing})", en="factor of the account ({timing})")
_FACTOR = Label(nb="faktor {timing}", en="factor, {timing}")
_CHOSEN = Label(nb="som valgt", en="as chosen")
_LADDER = Label(nb="Rentetrapp", en="Ladder of rates")
_STEPS = (
    Label(nb="Trinn", en="Step"),
    Label(nb="Fra år", en="From year"),
    Label(nb="Til og med år", en="To year"),
    Label(nb="Rente", en="Rate"),
    Label(nb="Status", en="Status"),
    Label(nb="Kilde", en="Source"),
)
_STEP = Label(nb="trinn {n}", en="step {n}")
_OPEN = Label(nb="uten ende", en="no end")
_OFFICIAL = "R-109/2021, 6.2"
_OWN = Label(nb="analytikerens egen rente", en="the analyst's own rate")


@dataclass(frozen=True)
class _DiscountingRows:
    """Rows of the sheet."""

    rate: int = FIRST_ROW
    following: int = FIRST_ROW + 1
    start: int = FIRST_ROW + 2
    middle: int = FIRST_ROW + 3
    end: int = FIRST_ROW + 4
    account: int = FIRST_ROW + 5
    ladder: int = FIRST_ROW + 8


def write_discounting(layout: Layout, page: Page) -> None:
    """Write rates and factors by year; the rows of factors have names."""
    rows = _DiscountingRows()
    page.head(_DISCOUNTING_TITLE, _DISCOUNTING_WHAT, layout.evidence, _DISCOUNTING_HEADINGS)
    page.years(FIRST_YEAR, layout.horizon, source=f"'{SHEETS['effects'].text()}'!")
    steps = _write_ladder(layout, page, rows)
    labels = {
        rows.rate: _RATE,
        rows.following: _NEXT,
        rows.start: _FACTOR.format(timing=TIMING["start"]),
        rows.middle: _FACTOR.format(timing=TIMING["middle"]),
        rows.end: _FACTOR.format(timing=TIMING["end"]),
        rows.account: _ACCOUNT.format(timing=_CHOSEN),
    }
    for row, label in labels.items():
        page.text(row, 0, label, "total_text" if row == rows.account else "text")
    for row, timing in _named(rows).items():
        name = layout.names[f"factor_{timing}"]
        page.text(row, 1, name, "name")
        page.name(name, row, FIRST_YEAR, last=layout.last_year)
    for column in layout.years:
        _write_year(layout, page, rows, column, steps)
    widest = max(layout.horizon, 3)
    page.finish((44, 26, 13, *[11] * widest), frozen=(FIRST_ROW, 1))


def _named(rows: _DiscountingRows) -> dict[int, str]:
    return {
        rows.start: "start", rows.middle: "middle", rows.end: "end", rows.account: "account",
    }  # fmt: skip


def _write_year(
    layout: Layout, page: Page, rows: _DiscountingRows, column: int, steps: str
) -> None:
    """Write the rates and factors of one year."""
    discount, t = layout.case.assumptions.discount, column - FIRST_YEAR
    rates = discount.rates(layout.horizon)
    year = address(FIRST_ROW - 1, column, fixed_row=True)
    if t > 0:
        page.formula(rows.rate, column, f"=LOOKUP({year},{steps})", "percent",
                    value=float(rates[t - 1]))  # fmt: skip
    page.formula(rows.following, column, f"=LOOKUP({year}+1,{steps})", "percent",
                value=float(rates[t]))  # fmt: skip
    own = {
        timing: float(discount.with_timing(timing).factors(layout.horizon)[t])
        for timing in ("start", "middle", "end")
    }
    before, rate = address(rows.start, column - 1), address(rows.rate, column)
    # A flow of the start year is not discounted.
    first = f"={before}/(1+{rate})" if t > 0 else f"=1/(1+{layout.names['discount_rate']})^{year}"
    start, after = address(rows.start, column), f"(1+{address(rows.following, column)})"
    page.formula(rows.start, column, first, "factor", value=own["start"])
    page.formula(rows.middle, column, f"={start}/SQRT{after}", "factor", value=own["middle"])
    page.formula(rows.end, column, f"={start}/{after}", "factor", value=own["end"])
    timing = layout.names["timing"]
    words = {key: TIMING[key].text() for key in ("start", "middle")}
    chosen = (
        f'=IF({timing}="{words["start"]}",{start},IF({timing}="{words["middle"]}",'
        f"{address(rows.middle, column)},{address(rows.end, column)}))"
    )
    page.formula(rows.account, column, chosen, "factor", "total", value=own[discount.timing])


def _write_ladder(layout: Layout, page: Page, rows: _DiscountingRows) -> str:
    """Write the steps; return where their first years and rates stand, as LOOKUP takes them."""
    discount = layout.case.assumptions.discount
    official = Discount().ladder
    page.text(rows.ladder - 1, 0, _LADDER, "section")
    for column, heading in enumerate(_STEPS):
        page.text(rows.ladder, column, heading, "header")
    top = rows.ladder + 1
    for k, (last, rate) in enumerate(discount.ladder):
        row = top + k
        page.text(row, 0, _STEP.format(n=k + 1))
        if k == 0:
            page.number(row, 1, 1, "whole", "text")
            page.formula(row, 3, f"={layout.names['discount_rate']}", "percent", value=rate)
        else:
            before = discount.ladder[k - 1][0]
            assert before is not None, "only the last step is open"
            page.formula(row, 1, f"={address(row - 1, 2)}+1", "whole", value=before + 1)
            page.number(row, 3, rate, "percent", "input")
            page.require(row, 3, {"validate": "decimal", "criteria": ">", "value": -1})
        if last is None:
            page.text(row, 2, _OPEN)
        else:
            page.number(row, 2, last, "whole", "input")
            page.require(row, 2, {"validate": "integer", "criteria": ">", "value": 0})
        known = k < len(official) and (last, rate) == official[k]
        page.text(row, 4, STATUS["seen" if known else "ASSUMED"])
        page.text(row, 5, layout.sources.cite(_OFFICIAL if known else _OWN.text()))
    last_row = top + len(discount.ladder) - 1
    ranges = (
        f"{address(top, column, fixed_row=True, fixed_column=True)}:"
        f"{address(last_row, column, fixed_row=True, fixed_column=True)}"
        for column in (1, 3)
    )
    return ",".join(ranges)
