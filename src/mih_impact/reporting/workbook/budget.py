"""The sheet of the budgets: cohorts as inputs, cash rows as formulas, three blocks never netted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.economics.actors import GROUP_LABELS, PUBLIC
from mih_impact.economics.budget.card import cover_notes
from mih_impact.economics.budget.entries import SAVINGS, block_for
from mih_impact.economics.budget.lines import known_line
from mih_impact.economics.budget.result import BLOCK_LABELS, BLOCKS
from mih_impact.reporting.workbook.ledger import LedgerCells
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import FIRST_YEAR, Entry, Plan
from mih_impact.reporting.workbook.words import CASES

__all__ = ["write_budget"]

FloatArray = NDArray[np.float64]

_TITLE = Label(nb="Budsjettvirkning", en="Budget impact")
_WHAT = Label(
    nb="Kroner, faste {year}-priser. Bare penger som betales; pluss er mer penger på budsjettet."
    " Hvert kull følges i {horizon} år.",
    en="NOK, fixed {year} prices. Only money that is paid; plus is more money in the budget. Each"
    " cohort is followed for {horizon} years.",
)
_NEVER_NETTED = Label(
    nb="De tre delene skal ikke slås sammen: lavere ytelser og høyere skatt er følger av tiltaket,"
    " ikke inndekning for bevilgningene.",
    en="The three parts are not to be added together: lower benefits and higher taxes are"
    " consequences of the programme and do not cover the grants.",
)
_HEADINGS = (
    Label(nb="Budsjett", en="Budget"),
    Label(nb="Budsjettlinje", en="Budget line"),
    Label(nb="Komponent", en="Component"),
    Label(nb="Kapittel og post", en="Chapter and post"),
)
_STARTERS = Label(nb="Deltakere som starter i året", en="Participants who start in the year")
_SUM = Label(nb="sum, {actor}", en="sum, {actor}")
_PEAK = Label(
    nb="Største behov for bevilgninger i ett år", en="Largest need for grants in one year"
)
_PEAK_YEAR = Label(nb="I året", en="In the year")
_SURPLUS = Label(
    nb="Første år med mer penger, uten mindre senere", en="First year with more money, none later"
    " with less",
)  # fmt: skip
_SURPLUS_OF = Label(nb="{block}: {actor}", en="{block}: {actor}")
_FIRST_YEAR = len(_HEADINGS)
_STARTERS_ROW = FIRST_ROW
_NOTE_ROW = FIRST_ROW + 1


def write_budget(plan: Plan, pen: Pen, ledger: LedgerCells, starters: Mapping[int, float]) -> None:
    """Write cohorts by start year and what they do to every public budget, block by block."""
    years = len(starters) + plan.horizon - 1
    what = _WHAT.format(year=plan.case.price_year, horizon=plan.horizon)
    pen.head(_TITLE, what, plan.evidence, _HEADINGS)
    writer = _Budget(plan, pen, ledger, starters, range(_FIRST_YEAR, _FIRST_YEAR + years))
    writer.cohorts(starters)
    row = FIRST_ROW + 3
    sums: dict[tuple[str, str], int] = {}
    for block in (*BLOCKS, SAVINGS):
        row = writer.block(row, block, sums)
    writer.ends(row, sums)
    pen.finish((58, 46, 46, 24, *[15] * years), frozen=(FIRST_ROW + 1, 1), wide=True)


class _Budget:
    """Writes the blocks."""

    def __init__(
        self,
        plan: Plan,
        pen: Pen,
        ledger: LedgerCells,
        starters: Mapping[int, float],
        columns: range,
    ) -> None:
        self.plan, self.pen, self.ledger = plan, pen, ledger
        self.first, self.starters = min(starters), [starters[year] for year in sorted(starters)]
        self.n, self.columns = len(starters), columns
        #: What the library gives for the rows written so far, by year.
        self.known: dict[int, FloatArray] = {}

    def cohorts(self, starters: Mapping[int, float]) -> None:
        """Write the calendar years, and how many start in each."""
        pen, first = self.pen, min(starters)
        pen.text(_STARTERS_ROW, 0, _STARTERS, "total_text")
        notes = (_NEVER_NETTED, *cover_notes(self.plan.case))
        pen.text(_NOTE_ROW, 0, " ".join(map(self.plan.text, notes)), "small")
        for k, column in enumerate(self.columns):
            if k == 0:
                pen.number(FIRST_ROW - 1, column, first, "calendar", "header")
            else:
                formula = f"={address(FIRST_ROW - 1, column - 1)}+1"
                pen.formula(FIRST_ROW - 1, column, formula, "calendar", "header", value=first + k)
            if k < self.n:
                pen.number(_STARTERS_ROW, column, float(starters[first + k]), "kroner", "input")
                rule = {"validate": "decimal", "criteria": ">=", "value": 0}
                pen.require(_STARTERS_ROW, column, rule)

    def block(self, row: int, block: str, sums: dict[tuple[str, str], int]) -> int:
        """Write the cash rows of one block and its sums by budget; return the next row."""
        plan, pen = self.plan, self.pen
        label = plan.text(BLOCK_LABELS[block])
        pen.text(row, 0, label[:1].upper() + label[1:], "section")
        row += 1
        for actor in PUBLIC:
            own = [e for e in plan.entries if self._belongs(e, actor, block)]
            if not own:
                continue
            first = row
            for entry in own:
                self.row(row, entry)
                row += 1
            sums[block, actor] = row
            self.total(row, GROUP_LABELS[actor], [f"{first}:{row - 1}"])
            row += 1
        parts = [str(sums[block, actor]) for actor in PUBLIC if (block, actor) in sums]
        sums[block, "public"] = row
        self.total(row, GROUP_LABELS["public"], parts)
        return row + 2

    def _belongs(self, entry: Entry, actor: str, block: str) -> bool:
        own = entry.actor == actor and entry.line.cash
        return own and block_for(entry.line, actor) == block

    def row(self, row: int, entry: Entry) -> None:
        """Write one row: every cohort's own year of the ledger, times its starters."""
        pen, line = self.pen, entry.line
        known = known_line(line.budget_line)
        label = line.label if known is None else Label(nb=known.label_nb, en=known.label_en)
        pen.text(row, 0, GROUP_LABELS[entry.actor])
        pen.text(row, 1, label)
        pen.text(row, 2, line.label)
        pen.text(row, 3, "" if known is None else ", ".join(map(str, known.posts)))
        self.known[row] = np.convolve(self.starters, self.plan.known.amounts(entry))
        for k, column in enumerate(self.columns):
            terms = [
                self._starters(c) + "*" + self._flow(entry, k - c)
                for c in range(self.n)
                if 0 <= k - c < self.plan.horizon
            ]
            value = float(self.known[row][k])
            pen.formula(row, column, "=" + "+".join(terms), value=value)

    def _starters(self, cohort: int) -> str:
        return address(_STARTERS_ROW, _FIRST_YEAR + cohort, fixed_row=True, fixed_column=True)

    def _flow(self, entry: Entry, year: int) -> str:
        row = self.ledger.first + entry.place
        return self.ledger.sheet + address(row, FIRST_YEAR + year)

    def total(self, row: int, actor: Label, parts: list[str]) -> None:
        """Write the sum of some rows: "5:7" are those from row 5 to row 7."""
        self.pen.text(row, 0, _SUM.format(actor=actor), "total_text")
        summed = [
            self.known[own]
            for first, _, last in (part.partition(":") for part in parts)
            for own in range(int(first), int(last or first) + 1)
        ]
        self.known[row] = np.sum([np.zeros(len(self.columns)), *summed], axis=0)
        for column, value in zip(self.columns, self.known[row], strict=True):
            cells = (
                ":".join(address(int(end), column) for end in part.split(":")) for part in parts
            )
            formula = f"=SUM({','.join(cells)})"
            self.pen.formula(row, column, formula, look="total", value=float(value))

    def ends(self, row: int, sums: Mapping[tuple[str, str], int]) -> None:
        """Write the largest need by budget, and the first year of surplus by block."""
        pen, years = self.pen, self._years(FIRST_ROW - 1, fixed=True)
        pen.text(row, 0, _PEAK, "section")
        pen.text(row, 2, _PEAK_YEAR, "section")
        for actor in (*PUBLIC, "public"):
            if ("grants", actor) not in sums:
                continue
            row += 1
            own = self._years(sums["grants", actor])
            known = self.known[sums["grants", actor]]
            pen.text(row, 0, GROUP_LABELS[actor])
            pen.formula(row, 1, f"=MAX(0,-MIN({own}))", value=max(0.0, -float(known.min())))
            formula = f"=INDEX({years},MATCH(MIN({own}),{own},0))"
            pen.formula(row, 2, formula, "calendar", value=self.first + int(known.argmin()))
        row += 2
        pen.text(row, 0, _SURPLUS, "section")
        none = self.plan.text(CASES["none"])
        for (block, actor), place in sums.items():
            row += 1
            own = self._years(place)
            label = _SURPLUS_OF.format(block=BLOCK_LABELS[block], actor=GROUP_LABELS[actor])
            pen.text(row, 0, label)
            later = f"IF(({own}>0)*({years}>MAX(({own}<0)*{years})),{years})"
            formula = f'=IF(COUNT({later})=0,"{none}",MIN({later}))'
            year = self.surplus(self.known[place])
            pen.array_formula(row, 1, formula, "calendar", value=none if year is None else year)

    def surplus(self, amounts: FloatArray) -> int | None:
        """Return the first year above zero that no year below zero follows."""
        below = np.flatnonzero(amounts < 0)
        last = below[-1] if len(below) else -1
        above = np.flatnonzero(amounts > 0)
        above = above[above > last]
        return self.first + int(above[0]) if len(above) else None

    def _years(self, row: int, *, fixed: bool = False) -> str:
        ends = (self.columns[0], self.columns[-1])
        return ":".join(address(row, end, fixed_row=fixed, fixed_column=fixed) for end in ends)
