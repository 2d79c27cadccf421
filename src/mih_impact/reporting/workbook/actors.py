"""The sheet of actors: who gains and who loses, by year, and when each breaks even."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.display.labels import Label
from mih_impact.economics.actors import ACTORS, GROUP_LABELS, GROUPS, PUBLIC
from mih_impact.economics.labels import role_label
from mih_impact.economics.tables import year_frame
from mih_impact.reporting.workbook.ledger import LedgerCells
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import FIRST_YEAR, Plan
from mih_impact.reporting.workbook.words import CASES, SHEETS, TIMING

__all__ = ["ActorCells", "write_actors"]

_TITLE = Label(nb="Aktører", en="Actors")
_WHAT = Label(
    nb="Kroner per deltaker som startet, faste {year}-priser. Pluss er gevinst.",
    en="NOK per starter, fixed {year} prices. Plus is a gain.",
)
_HEADINGS = (
    Label(nb="Aktør", en="Actor"),
    Label(nb="Nåverdi", en="Present value"),
    Label(nb="Lønnsomt fra år", en="Breaks even in year"),
)
_BLOCKS = {
    "amount": Label(nb="Beløp per år", en="Amount by year"),
    "present_value": Label(nb="Nåverdi per år", en="Present value by year"),
    "cumulative": Label(nb="Nåverdi så langt", en="Cumulative present value"),
}
_ROUNDING = Label(
    nb="så langt under null regnes som null: avrunding",
    en="so far below zero counts as zero: rounding",
)
_PER_KRONE = Label(nb="Per krone effekt: {what}", en="Per krone of effect: {what}")

#: Relative to the largest amount, as in the library.
_TOLERANCE = "1E-9"


@dataclass(frozen=True)
class ActorCells:
    """Where the actors stand: first row of each block, groups in their order.

    Attributes
    ----------
    sheet
        What stands before a cell in other sheets.
    amount, present_value, cumulative
        First row of each block.
    """

    sheet: str
    amount: int
    present_value: int
    cumulative: int

    def row(self, block: str, group: str) -> int:
        """Return the row of a group in a block."""
        return int(getattr(self, block)) + GROUPS.index(group)

    def value(self, group: str) -> str:
        """Return the cell of a present value, as other sheets write it."""
        return self.sheet + address(self.row("cumulative", group), 1)

    def break_even(self, group: str) -> str:
        """Return the cell of a break-even year, as other sheets write it."""
        return self.sheet + address(self.row("cumulative", group), 2)

    def amount_at(self, group: str, column: int) -> str:
        """Return the cell of a group's amount in one column, as other sheets write it."""
        return self.sheet + address(self.row("amount", group), column)


def write_actors(plan: Plan, pen: Pen, ledger: LedgerCells) -> ActorCells:
    """Write sums by actor, public budgets and society; by year, discounted, cumulative."""
    what = _WHAT.format(year=plan.case.price_year)
    pen.head(_TITLE, what, plan.evidence, _HEADINGS)
    pen.years(FIRST_YEAR, plan.horizon, source=f"'{plan.text(SHEETS['effects'])}'!")
    for column, role in zip(plan.units, plan.roles, strict=True):
        label = _PER_KRONE.format(what=role_label(role, plan.case.benefits))
        pen.text(FIRST_ROW - 1, column, label, "header")
    step = len(GROUPS) + 2
    first = FIRST_ROW + 1
    cells = ActorCells(pen.there, first + step, first + 2 * step, first)
    _write_labels(pen, cells)
    shown = _shown(plan)
    for group in GROUPS:
        for column in (*plan.years, *plan.units):
            _write_amount(plan, pen, cells, ledger, group, column, shown)
        for column in plan.years:
            _write_present_value(plan, pen, cells, ledger, group, column, shown)
        _write_end(plan, pen, cells, group)
    _write_rounding(plan, pen, cells.present_value + step, ledger)
    pen.finish(
        (44, 14, 27, *[12.0] * (plan.units.stop - FIRST_YEAR)),
        frozen=(FIRST_ROW, 3),
        printed=plan.last_year,
    )
    return cells


def _write_labels(pen: Pen, cells: ActorCells) -> None:
    for block in ("cumulative", "amount", "present_value"):
        pen.text(int(getattr(cells, block)) - 1, 0, _BLOCKS[block], "section")
        for group in GROUPS:
            look = "text" if group in ACTORS else "total_text"
            pen.text(cells.row(block, group), 0, GROUP_LABELS[group], look)


def _shown(plan: Plan) -> dict[tuple[str, str, int], float]:
    """Return what the library itself gives, by block, group and year."""
    frame = year_frame(plan.case)
    return {
        (block, str(row["actor"]), int(row["year_since_start"])): float(row[block]) + 0.0
        for row in frame.to_dict("records")
        for block in ("amount", "present_value", "cumulative")
    }


def _write_amount(
    plan: Plan,
    pen: Pen,
    cells: ActorCells,
    ledger: LedgerCells,
    group: str,
    column: int,
    shown: dict[tuple[str, str, int], float],
) -> None:
    """Write the amount of a group; public budgets and society are sums over actors."""
    row = cells.row("amount", group)
    inside = column in plan.years
    if group in ACTORS:
        label = address(row, 0, fixed_column=True)
        summed = f"SUMIF({ledger.range('actor')},{label},{ledger.range(column)})"
        # What cancels to rounding is zero: a millionth of a krone, and of a coefficient less.
        formula = f"=ROUND({summed},{6 if inside else 12})"
    else:
        formula = _sum_over(cells, "amount", group, column)
    look = "text" if group in ACTORS else "total"
    if inside:
        value = shown[("amount", group, column - FIRST_YEAR)]
    else:
        ledger_of = plan.case._books.ledger()
        role = column - plan.units.start
        value = float(ledger_of.group_coefficients[GROUPS.index(group), role])
    pen.formula(row, column, formula, "kroner" if inside else "factor", look, value=value)


def _sum_over(cells: ActorCells, block: str, group: str, column: int) -> str:
    """Return the sum over the actors of a group."""
    own = PUBLIC if group == "public" else ACTORS
    ends = (address(cells.row(block, actor), column) for actor in (own[0], own[-1]))
    return f"=SUM({':'.join(ends)})"


def _write_present_value(
    plan: Plan,
    pen: Pen,
    cells: ActorCells,
    ledger: LedgerCells,
    group: str,
    column: int,
    shown: dict[tuple[str, str, int], float],
) -> None:
    """Write a year's present value, and what is accumulated to it."""
    t = column - FIRST_YEAR
    look = "text" if group in ACTORS else "total"
    row = cells.row("present_value", group)
    if group not in ACTORS:
        formula = _sum_over(cells, "present_value", group, column)
    elif len(plan.timings) == 1:
        amount = address(cells.row("amount", group), column)
        formula = f"={amount}*{_factor(plan, plan.timings[0], column)}"
    else:
        label = address(row, 0, fixed_column=True)
        terms = (
            f"SUMIFS({ledger.range(column)},{ledger.range('actor')},{label},"
            f'{ledger.range("timing")},"{plan.text(TIMING[timing])}")'
            f"*{_factor(plan, timing, column)}"
            for timing in plan.timings
        )
        formula = f"=ROUND({'+'.join(terms)},6)"
    pen.formula(row, column, formula, look=look, value=shown[("present_value", group, t)])
    own, here = cells.row("cumulative", group), address(row, column)
    before = f"{address(own, column - 1)}+" if t > 0 else ""
    pen.formula(own, column, f"={before}{here}", look=look, value=shown[("cumulative", group, t)])


def _factor(plan: Plan, timing: str, column: int) -> str:
    """Return the discount factor of one year: its place in the named row."""
    year = address(FIRST_ROW - 1, column, fixed_row=True)
    return f"INDEX({plan.names[f'factor_{timing}']},{year}+1)"


def _write_end(plan: Plan, pen: Pen, cells: ActorCells, group: str) -> None:
    """Write the present value of the whole horizon, and when it breaks even.

    Not the first crossing: the year after the last one below zero.
    """
    row = cells.row("cumulative", group)
    look = "text" if group in ACTORS else "total"
    last = address(row, plan.last_year)
    pen.formula(row, 1, f"={last}", look=look, value=plan.case.present_value(group) + 0.0)
    years = f"{address(row, FIRST_YEAR)}:{last}"
    numbers = ":".join(
        address(FIRST_ROW - 1, column, fixed_row=True, fixed_column=True)
        for column in (FIRST_YEAR, plan.last_year)
    )
    after = f"SUMPRODUCT(MAX(({years}<-{plan.names['rounding']})*({numbers}+1)))"
    formula = f'=IF({last}<-{plan.names["rounding"]},"{plan.text(CASES["never"])}",{after})'
    known = plan.case.break_even(group)
    value = plan.text(CASES["never"]) if known is None else float(known)
    look = "result" if group in ACTORS else look
    pen.formula(row, 2, formula, "whole", look, value=value)


def _write_rounding(plan: Plan, pen: Pen, row: int, ledger: LedgerCells) -> None:
    first = address(ledger.first, FIRST_YEAR, fixed_row=True, fixed_column=True)
    last = address(ledger.last, plan.last_year, fixed_row=True, fixed_column=True)
    amounts = f"{ledger.sheet}{first}:{last}"
    pen.text(row, 0, _ROUNDING, "small")
    formula = f"={_TOLERANCE}*MAX(MAX({amounts}),-MIN({amounts}))"
    pen.formula(row, 1, formula, "factor", "small", value=plan.case._rounding)
    pen.name(plan.names["rounding"], row, 1)
