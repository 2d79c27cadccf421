"""The sheet of measures: what the account comes to, and the check that it holds together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mih_impact.account.indicators import (
    INDICATORS,
    REMARKS,
    WILLING,
    indicators_frame,
    programme_costs,
)
from mih_impact.account.roles import ACTORS, GROUP_LABELS, GROUPS, PUBLIC, role_label
from mih_impact.account.tables import BESIDE, beside_frame, year_frame
from mih_impact.display.locale import Label
from mih_impact.reporting.workbook.effects import EffectCells
from mih_impact.reporting.workbook.layout import FIRST_YEAR, Layout
from mih_impact.reporting.workbook.ledger import LedgerCells
from mih_impact.reporting.workbook.pages import (
    CASES,
    FIRST_ROW,
    KINDS,
    PARTS,
    SHEETS,
    TIMING,
    UNITS,
    YES_NO,
    Page,
    address,
    part_of,
)

__all__ = ["ActorCells", "MeasureCells", "write_actors", "write_measures"]

_ACTORS_TITLE = Label(nb="Aktører", en="Actors")
_ACTORS_WHAT = Label(
    nb="Kroner per deltaker som startet, faste {year}-priser. Pluss er gevinst.",
    en="NOK per starter, fixed {year} prices. Plus is a gain.",
)
_ACTORS_HEADINGS = (
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


def write_actors(layout: Layout, page: Page, ledger: LedgerCells) -> ActorCells:
    """Write sums by actor, public budgets and society; by year, discounted, cumulative."""
    what = _ACTORS_WHAT.format(year=layout.case.price_year)
    page.head(_ACTORS_TITLE, what, layout.evidence, _ACTORS_HEADINGS)
    page.years(FIRST_YEAR, layout.horizon, source=f"'{SHEETS['effects'].text()}'!")
    for column, role in zip(layout.units, layout.roles, strict=True):
        label = _PER_KRONE.format(what=role_label(role, layout.case.benefits))
        page.text(FIRST_ROW - 1, column, label, "header")
    step = len(GROUPS) + 2
    first = FIRST_ROW + 1
    cells = ActorCells(page.there, first + step, first + 2 * step, first)
    _write_labels(page, cells)
    shown = _shown(layout)
    for group in GROUPS:
        for column in (*layout.years, *layout.units):
            _write_amount(layout, page, cells, ledger, group, column, shown)
        for column in layout.years:
            _write_present_value(layout, page, cells, ledger, group, column, shown)
        _write_end(layout, page, cells, group)
    _write_rounding(layout, page, cells.present_value + step, ledger)
    page.finish(
        (44, 14, 27, *[12.0] * (layout.units.stop - FIRST_YEAR)),
        frozen=(FIRST_ROW, 3),
        printed=layout.last_year,
    )
    return cells


def _write_labels(page: Page, cells: ActorCells) -> None:
    for block in ("cumulative", "amount", "present_value"):
        page.text(int(getattr(cells, block)) - 1, 0, _BLOCKS[block], "section")
        for group in GROUPS:
            look = "text" if group in ACTORS else "total_text"
            page.text(cells.row(block, group), 0, GROUP_LABELS[group], look)


def _shown(layout: Layout) -> dict[tuple[str, str, int], float]:
    """Return what the library itself gives, by block, group and year."""
    frame = year_frame(layout.case)
    return {
        (block, str(row["actor"]), int(row["year_since_start"])): float(row[block]) + 0.0
        for row in frame.to_dict("records")
        for block in ("amount", "present_value", "cumulative")
    }


def _write_amount(
    layout: Layout,
    page: Page,
    cells: ActorCells,
    ledger: LedgerCells,
    group: str,
    column: int,
    shown: dict[tuple[str, str, int], float],
) -> None:
    """Write the amount of a group; public budgets and society are sums over actors."""
    row = cells.row("amount", group)
    inside = column in layout.years
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
        ledger_of = layout.case.model.ledger()
        role = column - layout.units.start
        value = float(ledger_of.group_coefficients[GROUPS.index(group), role])
    page.formula(row, column, formula, "kroner" if inside else "factor", look, value=value)


def _sum_over(cells: ActorCells, block: str, group: str, column: int) -> str:
    """Return the sum over the actors of a group."""
    own = PUBLIC if group == "public" else ACTORS
    ends = (address(cells.row(block, actor), column) for actor in (own[0], own[-1]))
    return f"=SUM({':'.join(ends)})"


def _write_present_value(
    layout: Layout,
    page: Page,
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
    elif len(layout.timings) == 1:
        amount = address(cells.row("amount", group), column)
        formula = f"={amount}*{_factor(layout, layout.timings[0], column)}"
    else:
        label = address(row, 0, fixed_column=True)
        terms = (
            f"SUMIFS({ledger.range(column)},{ledger.range('actor')},{label},"
            f'{ledger.range("timing")},"{TIMING[timing].text()}")'
            f"*{_factor(layout, timing, column)}"
            for timing in layout.timings
        )
        formula = f"=ROUND({'+'.join(terms)},6)"
    page.formula(row, column, formula, look=look, value=shown[("present_value", group, t)])
    own, here = cells.row("cumulative", group), address(row, column)
    before = f"{address(own, column - 1)}+" if t > 0 else ""
    page.formula(own, column, f"={before}{here}", look=look, value=shown[("cumulative", group, t)])


def _factor(layout: Layout, timing: str, column: int) -> str:
    """Return the discount factor of one year: its place in the named row."""
    year = address(FIRST_ROW - 1, column, fixed_row=True)
    return f"INDEX({layout.names[f'factor_{timing}']},{year}+1)"


def _write_end(layout: Layout, page: Page, cells: ActorCells, group: str) -> None:
    """Write the present value of the whole horizon, and when it breaks even.

    Not the first crossing: the year after the last one below zero.
    """
    row = cells.row("cumulative", group)
    look = "text" if group in ACTORS else "total"
    last = address(row, layout.last_year)
    page.formula(row, 1, f"={last}", look=look, value=layout.case.present_value(group) + 0.0)
    years = f"{address(row, FIRST_YEAR)}:{last}"
    numbers = ":".join(
        address(FIRST_ROW - 1, column, fixed_row=True, fixed_column=True)
        for column in (FIRST_YEAR, layout.last_year)
    )
    after = f"SUMPRODUCT(MAX(({years}<-{layout.names['rounding']})*({numbers}+1)))"
    formula = f'=IF({last}<-{layout.names["rounding"]},"{CASES["never"].text()}",{after})'
    known = layout.case.break_even(group)
    value = CASES["never"].text() if known is None else float(known)
    look = "result" if group in ACTORS else look
    page.formula(row, 2, formula, "whole", look, value=value)


def _write_rounding(layout: Layout, page: Page, row: int, ledger: LedgerCells) -> None:
    first = address(ledger.first, FIRST_YEAR, fixed_row=True, fixed_column=True)
    last = address(ledger.last, layout.last_year, fixed_row=True, fixed_column=True)
    amounts = f"{ledger.sheet}{first}:{last}"
    page.text(row, 0, _ROUNDING, "small")
    formula = f"={_TOLERANCE}*MAX(MAX({amounts}),-MIN({amounts}))"
    page.formula(row, 1, formula, "factor", "small", value=layout.case.tolerance)
    page.name(layout.names["rounding"], row, 1)


_TITLE = Label(nb="Målestokker", en="Measures")
_WHAT = Label(
    nb="Kroner per deltaker som startet, faste {year}-priser. Hovedtallet er aldri et"
    " forholdstall.",
    en="NOK per starter, fixed {year} prices. A ratio is never the headline.",
)
_HEADINGS = (
    Label(nb="Målestokk", en="Measure"),
    Label(nb="Verdi", en="Value"),
    Label(nb="Enhet", en="Unit"),
    Label(nb="Hvordan", en="How"),
)
_PARTS = {
    "outlay": (
        Label(nb="offentlige tiltakskostnader brutto", en="gross public programme costs"),
        Label(nb="nåverdi, overføringer mellom offentlige budsjetter går ut mot hverandre",
              en="present value; transfers between public budgets cancel"),
    ),
    "cost": (
        Label(nb="ressursene tiltaket bruker", en="resources the programme uses"),
        Label(nb="nåverdi, hvem som enn betaler, fratrukket sparte andre tiltak",
              en="present value, whoever pays, less other measures avoided"),
    ),
    "willing": (
        Label(nb="betalingsvilje hos deltaker, fortrengte og brukere",
              en="willingness to pay of participant, displaced and users"),
        Label(nb="nåverdi", en="present value"),
    ),
}  # fmt: skip
_BESIDE = Label(nb="Ved siden av hovedtallet", en="Beside the headline")
_BUILT = Label(nb="Ledd i målestokkene", en="Parts of the measures")
_CHECK = Label(nb="Kontroll", en="Check")
_ROUTES = (
    Label(nb="samfunnet som sum over aktører", en="society as the sum over actors"),
    Label(
        nb="samfunnet som ressurser + skattefinansieringskostnad × offentlige budsjetter",
        en="society as resources + tax-financing cost × public budgets",
    ),
    Label(
        nb="samfunnet som private + (1 + skattefinansieringskostnad) × offentlige budsjetter",
        en="society as private + (1 + tax-financing cost) × public budgets",
    ),
    Label(nb="overføringene, summert i hvert år", en="transfers, summed in every year"),
)
_AGREE = Label(
    nb="de tre veiene er like og overføringene går i null",
    en="the three routes agree and transfers sum to zero",
)
_OK = Label(nb="stemmer", en="holds")
_WRONG = Label(nb="STEMMER IKKE", en="DOES NOT HOLD")
_OTHER_MEASURE = Label(
    nb="gjelder ikke: offentlige budsjetter {what}",
    en="does not apply: public budgets {what}",
)
_LOSE = Label(nb="taper ikke", en="do not lose")
_GAIN = Label(nb="taper", en="lose")

#: Characters of the longest sentence that stands in the place of a number.
_SENTENCE = 70

_WIDTHS = (72, 46, 18, 90)

#: A thousandth of a krone: the sums are rounded at a millionth.
_NEAR = 0.001


@dataclass(frozen=True)
class MeasureCells:
    """Where the measures stand: rows by name, and what the library gives beside them."""

    sheet: str
    rows: dict[str, int]
    known: dict[str, float | str]

    def value(self, name: str) -> str:
        """Return the cell of a measure, as other sheets write it."""
        return self.sheet + address(self.rows[name], 1)


def write_measures(
    layout: Layout, page: Page, actors: ActorCells, ledger: LedgerCells, effects: EffectCells
) -> tuple[MeasureCells, str]:
    """Write the measures, what stands beside them, and the check.

    Returns
    -------
    tuple
        Where they stand, and what the check says when all holds.
    """
    what = _WHAT.format(year=layout.case.price_year)
    page.head(_TITLE, what, layout.evidence, _HEADINGS)
    writer = _Measures(layout, page, actors, ledger, effects)
    row = writer.measures(FIRST_ROW)
    row = writer.beside(row + 1)
    row = writer.parts(row + 1)
    writer.check(row + 1)
    page.finish(_WIDTHS, frozen=(FIRST_ROW, 1))
    return MeasureCells(page.there, writer.rows, writer.known), _OK.text()


class _Measures:
    """Writes the rows."""

    def __init__(
        self,
        layout: Layout,
        page: Page,
        actors: ActorCells,
        ledger: LedgerCells,
        effects: EffectCells,
    ) -> None:
        self.layout, self.page = layout, page
        self.actors, self.ledger, self.effects = actors, ledger, effects
        self.npv, self.public = actors.value("society"), actors.value("public")
        self._frame = indicators_frame(layout.case).set_index("indicator")
        self.rows: dict[str, int] = {}
        self.known: dict[str, float | str] = {}
        row = FIRST_ROW
        self._beside = beside_frame(layout.case).set_index("name")
        for block in (INDICATORS, self._beside.index, _PARTS):
            self.rows |= {name: row + k for k, name in enumerate(block)}
            row += len(block) + 2  # an empty row, and the heading of the next block

    def cell(self, name: str) -> str:
        return address(self.rows[name], 1)

    def measures(self, row: int) -> int:
        """Write what the account comes to; return the next row."""
        npv, public = self.npv, self.public
        said = {key: label.text() for key, label in REMARKS.items()}
        lose, gain = (_OTHER_MEASURE.format(what=what).text() for what in (_LOSE, _GAIN))
        outlay, cost, willing = (self.cell(name) for name in _PARTS)
        formulas = {
            "npv": (f"={npv}", "kroner"),
            "annuity": (f"={npv}/SUM({self.layout.names['factor_account']})", "kroner"),
            "public": (f"={public}", "kroner"),
            "gain_per_krone_of_net_budget": (
                f'=IF({public}<0,{npv}/-{public},"{lose}")', "ratio"),
            "gain_per_krone_of_gross_outlay": (
                f'=IF({public}<0,"{gain}",IF({outlay}>0,{npv}/{outlay},"{said["no_cost"]}"))',
                "ratio"),
            "benefit_cost_ratio": (
                f'=IF({cost}>0,({npv}+{cost})/{cost},"{said["no_cost"]}")', "ratio"),
            "mvpf": (
                f'=IF(-{public}>0,{willing}/-{public},'
                f'IF({willing}>0,"{said["infinite"]}","{said["undefined"]}"))', "ratio"),
        }  # fmt: skip
        for name, (label, definition) in INDICATORS.items():
            formula, shown = formulas[name]
            look = "total" if name == "npv" else "result"
            unit = "NOK" if shown == "kroner" else "NOK per NOK"
            unit = "NOK per year" if name == "annuity" else unit
            self.row(row, label, definition, unit)
            self.page.formula(row, 1, formula, shown, look, value=self.shown(name))
            if formula.count('"') > 0:  # it may be a sentence
                self.page.tall(row, [("x" * _SENTENCE, _WIDTHS[1])])
            row += 1
        return row

    def shown(self, name: str) -> float | str:
        """Return what the library gives for a measure: a number, or why there is none."""
        frame = self._frame
        if name not in frame.index:  # of the two gains per krone the account has one
            what = _LOSE if name == "gain_per_krone_of_net_budget" else _GAIN
            return _OTHER_MEASURE.format(what=what).text()
        value = float(frame["value"][name])
        return value if math.isfinite(value) else str(frame["remark"][name])

    def row(self, row: int, label: Label, definition: Label | str, unit: str) -> None:
        text = label.text()
        self.page.text(row, 0, text[:1].upper() + text[1:])
        self.page.text(row, 2, UNITS[unit])
        said = definition.text() if isinstance(definition, Label) else definition
        self.page.text(row, 3, said, "small_wrapped")
        self.page.tall(row, [(said, _WIDTHS[3])])

    def beside(self, row: int) -> int:
        """Write what stands beside the headline; return the next row."""
        names, layout = self.layout.names, self.layout
        wage = self.effects.estimates["wage"]
        worth = self.effects.at(wage, layout.total)
        lasting = f"(1-{names['selection']})*(1-{names['displacement']})*{worth}"
        leisure = f"(1-{names['leisure']})*(1-{names['tax_rate_wage']})*{lasting}"
        new_money = f"(1-{names['wage_bill']})*{names['labour_cost']}*{lasting}"
        formulas = {
            "gross_wage_sum": f"=SUM({self.effects.years(wage, layout)})",
            "present_value_of_wages": f"={worth}",
            "society_leisure_1": f"={self.npv}-{leisure}",
            "public_leisure_1": f"={self.public}",
            "society_wage_bill_1": f"={self.npv}-{names['tax_financing_cost']}*{new_money}",
            "public_wage_bill_1": f"={self.public}-{new_money}",
            "switching_scale_society": self.scale("society"),
            "switching_scale_public": self.scale("public"),
        }
        frame = self._beside
        self.page.text(row, 0, _BESIDE, "section")
        for name in map(str, frame.index):
            row, label = row + 1, BESIDE[name][0]
            unit = str(frame["unit"][name])
            self.row(row, label, "", unit)
            shown = "kroner" if unit == "NOK" else "ratio"
            value = float(frame["value"][name])
            self.known[name] = value if math.isfinite(value) else CASES["none"].text()
            self.page.formula(row, 1, formulas[name], shown, value=self.known[name])
        return row + 1

    def scale(self, group: str) -> str:
        """Return the scale of all effects at which a present value is zero, costs held."""
        terms = (
            f"{self.actors.amount_at(group, column)}"
            f"*{self.effects.at(self.effects.estimates[role], self.layout.total)}"
            for column, role in zip(self.layout.units, self.layout.roles, strict=True)
        )
        driven, value = "+".join(terms), self.actors.value(group)
        return f'=IF(({driven})=0,"{CASES["none"].text()}",1-{value}/({driven}))'

    def parts(self, row: int) -> int:
        """Write the parts of the measures; return the next row."""
        ledger, words = self.ledger, {k: v.text() for k, v in PARTS.items()}
        values, part = ledger.range("present_value"), ledger.range("part")
        yes = YES_NO[True].text()
        formulas = {
            "outlay": f'=-SUMIFS({values},{part},"{words["programme"]}",'
            f'{ledger.range("public")},"{yes}")',
            "cost": f'=-SUMIFS({values},{part},"{words["programme"]}")'
            f'-SUMIFS({values},{part},"{words["avoided"]}")',
            "willing": "=" + "+".join(self.actors.value(actor) for actor in WILLING),
        }
        outlay, real, avoided = programme_costs(self.layout.case)
        willing = sum(self.layout.case.present_value(actor) for actor in WILLING)
        known = {"outlay": outlay, "cost": real - avoided, "willing": willing}
        self.page.text(row, 0, _BUILT, "section")
        for name, (label, definition) in _PARTS.items():
            row += 1
            assert row == self.rows[name]
            self.row(row, label, definition, "NOK")
            self.page.formula(row, 1, formulas[name], value=known[name])
        return row + 1

    def check(self, row: int) -> None:
        """Write the three routes to society, the transfers, and whether all agree."""
        ledger, layout = self.ledger, self.layout
        rate = layout.names["tax_financing_cost"]
        values, kind = ledger.range("present_value"), ledger.range("kind")
        other = f'{ledger.range("part")},"<>{PARTS["tax_financing"].text()}"'
        real, transfer = (KINDS[name].text() for name in ("real", "transfer"))
        no = YES_NO[False].text()
        yearly = (
            f'ABS(SUMIF({kind},"{transfer}",{ledger.range(column)}))' for column in layout.years
        )
        formulas = (
            f"={self.npv}",
            f'=SUMIFS({values},{kind},"{real}",{other})+{rate}*{self.public}',
            f'=SUMIFS({values},{ledger.range("public")},"{no}",{other})+(1+{rate})*{self.public}',
            "=" + "+".join(yearly),
        )
        self.page.text(row, 0, _CHECK, "section")
        cells = [address(row + 1 + k, 1) for k in range(len(formulas))]
        known = self.routes()
        for k, (label, formula) in enumerate(zip(_ROUTES, formulas, strict=True)):
            self.row(row + 1 + k, label, "", "NOK")
            self.page.formula(row + 1 + k, 1, formula, value=known[k])
        row += 1 + len(formulas)
        first, second, third, transfers = cells
        worst = f"MAX(ABS({first}-{second}),ABS({first}-{third}),{transfers})"
        good, wrong = _OK.text(), _WRONG.text()
        formula = f'=IF({worst}<{_NEAR},"{good}","{wrong}")'
        apart = max(abs(known[0] - known[1]), abs(known[0] - known[2]), known[3])
        self.page.text(row, 0, _AGREE, "total_text")
        self.known["check"] = good if apart < _NEAR else wrong
        self.page.formula(row, 1, formula, look="total", value=self.known["check"])
        self.page.warn(row, 1, good)
        self.rows["check"] = row

    def routes(self) -> tuple[float, float, float, float]:
        """Return society by each of the three routes, and the transfers, from the ledger."""
        layout, known = self.layout, self.layout.known
        rate, public = layout.case.assumptions.tax_financing_cost, layout.case.public
        priced = [e for e in layout.entries if part_of(e.line.component) != "tax_financing"]
        real = sum(known.present_value(e) for e in priced if e.line.kind == "real")
        private = sum(known.present_value(e) for e in priced if not e.is_public)
        transfers = sum(known.amounts(e) for e in layout.entries if e.line.kind == "transfer")
        return (
            layout.case.npv,
            real + rate * public,
            private + (1 + rate) * public,
            float(np.abs(transfers).sum()),
        )
