"""The sheet of measures: what the account comes to, and the check that it holds together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mih_impact.display.labels import Label
from mih_impact.economics.beside import BESIDE, beside_frame
from mih_impact.economics.measures import (
    MEASURES,
    REMARKS,
    WILLING,
    measures_frame,
    programme_costs,
)
from mih_impact.reporting.workbook.actors import ActorCells
from mih_impact.reporting.workbook.effects import EffectCells
from mih_impact.reporting.workbook.ledger import LedgerCells
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen, address
from mih_impact.reporting.workbook.plan import Plan
from mih_impact.reporting.workbook.words import CASES, KINDS, PARTS, UNITS, YES_NO, part_of

__all__ = ["MeasureCells", "write_measures"]

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
    plan: Plan, pen: Pen, actors: ActorCells, ledger: LedgerCells, effects: EffectCells
) -> tuple[MeasureCells, str]:
    """Write the measures, what stands beside them, and the check.

    Returns
    -------
    tuple
        Where they stand, and what the check says when all holds.
    """
    what = _WHAT.format(year=plan.case.price_year)
    pen.head(_TITLE, what, plan.evidence, _HEADINGS)
    writer = _Measures(plan, pen, actors, ledger, effects)
    row = writer.measures(FIRST_ROW)
    row = writer.beside(row + 1)
    row = writer.parts(row + 1)
    writer.check(row + 1)
    pen.finish(_WIDTHS, frozen=(FIRST_ROW, 1))
    return MeasureCells(pen.there, writer.rows, writer.known), plan.text(_OK)


class _Measures:
    """Writes the rows."""

    def __init__(
        self,
        plan: Plan,
        pen: Pen,
        actors: ActorCells,
        ledger: LedgerCells,
        effects: EffectCells,
    ) -> None:
        self.plan, self.pen = plan, pen
        self.actors, self.ledger, self.effects = actors, ledger, effects
        self.npv, self.public = actors.value("society"), actors.value("public")
        self._frame = measures_frame(plan.case, plan.lang).set_index("measure")
        self.rows: dict[str, int] = {}
        self.known: dict[str, float | str] = {}
        row = FIRST_ROW
        self._beside = beside_frame(plan.case, plan.lang).set_index("name")
        for block in (MEASURES, self._beside.index, _PARTS):
            self.rows |= {name: row + k for k, name in enumerate(block)}
            row += len(block) + 2  # an empty row, and the heading of the next block

    def cell(self, name: str) -> str:
        return address(self.rows[name], 1)

    def measures(self, row: int) -> int:
        """Write what the account comes to; return the next row."""
        npv, public = self.npv, self.public
        said = {key: self.plan.text(label) for key, label in REMARKS.items()}
        lose, gain = (self.plan.text(_OTHER_MEASURE.format(what=what)) for what in (_LOSE, _GAIN))
        outlay, cost, willing = (self.cell(name) for name in _PARTS)
        formulas = {
            "npv": (f"={npv}", "kroner"),
            "annuity": (f"={npv}/SUM({self.plan.names['factor_account']})", "kroner"),
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
        for name, (label, definition) in MEASURES.items():
            formula, shown = formulas[name]
            look = "total" if name == "npv" else "result"
            unit = "NOK" if shown == "kroner" else "NOK per NOK"
            unit = "NOK per year" if name == "annuity" else unit
            self.row(row, label, definition, unit)
            self.pen.formula(row, 1, formula, shown, look, value=self.shown(name))
            if formula.count('"') > 0:  # it may be a sentence
                self.pen.tall(row, [("x" * _SENTENCE, _WIDTHS[1])])
            row += 1
        return row

    def shown(self, name: str) -> float | str:
        """Return what the library gives for a measure: a number, or why there is none."""
        frame = self._frame
        if name not in frame.index:  # of the two gains per krone the account has one
            what = _LOSE if name == "gain_per_krone_of_net_budget" else _GAIN
            return self.plan.text(_OTHER_MEASURE.format(what=what))
        value = float(frame["value"][name])
        return value if math.isfinite(value) else str(frame["remark"][name])

    def row(self, row: int, label: Label, definition: Label | str, unit: str) -> None:
        text = self.plan.text(label)
        self.pen.text(row, 0, text[:1].upper() + text[1:])
        self.pen.text(row, 2, UNITS[unit])
        said = self.plan.text(definition) if isinstance(definition, Label) else definition
        self.pen.text(row, 3, said, "small_wrapped")
        self.pen.tall(row, [(said, _WIDTHS[3])])

    def beside(self, row: int) -> int:
        """Write what stands beside the headline; return the next row."""
        names, plan = self.plan.names, self.plan
        wage = self.effects.estimates["wage"]
        worth = self.effects.at(wage, plan.total)
        lasting = f"(1-{names['selection']})*(1-{names['displacement']})*{worth}"
        leisure = f"(1-{names['leisure']})*(1-{names['tax_rate_wage']})*{lasting}"
        new_money = f"(1-{names['wage_bill']})*{names['labour_cost']}*{lasting}"
        formulas = {
            "gross_wage_sum": f"=SUM({self.effects.years(wage, plan)})",
            "present_value_of_wages": f"={worth}",
            "society_leisure_1": f"={self.npv}-{leisure}",
            "public_leisure_1": f"={self.public}",
            "society_wage_bill_1": f"={self.npv}-{names['tax_financing_cost']}*{new_money}",
            "public_wage_bill_1": f"={self.public}-{new_money}",
            "switching_scale_society": self.scale("society"),
            "switching_scale_public": self.scale("public"),
        }
        frame = self._beside
        self.pen.text(row, 0, _BESIDE, "section")
        for name in map(str, frame.index):
            row, label = row + 1, BESIDE[name][0]
            unit = str(frame["unit"][name])
            self.row(row, label, "", unit)
            shown = "kroner" if unit == "NOK" else "ratio"
            value = float(frame["value"][name])
            self.known[name] = value if math.isfinite(value) else plan.text(CASES["none"])
            self.pen.formula(row, 1, formulas[name], shown, value=self.known[name])
        return row + 1

    def scale(self, group: str) -> str:
        """Return the scale of all effects at which a present value is zero, costs held."""
        terms = (
            f"{self.actors.amount_at(group, column)}"
            f"*{self.effects.at(self.effects.estimates[role], self.plan.total)}"
            for column, role in zip(self.plan.units, self.plan.roles, strict=True)
        )
        driven, value = "+".join(terms), self.actors.value(group)
        return f'=IF(({driven})=0,"{self.plan.text(CASES["none"])}",1-{value}/({driven}))'

    def parts(self, row: int) -> int:
        """Write the parts of the measures; return the next row."""
        ledger, words = self.ledger, {k: self.plan.text(v) for k, v in PARTS.items()}
        values, part = ledger.range("present_value"), ledger.range("part")
        yes = self.plan.text(YES_NO[True])
        formulas = {
            "outlay": f'=-SUMIFS({values},{part},"{words["programme"]}",'
            f'{ledger.range("public")},"{yes}")',
            "cost": f'=-SUMIFS({values},{part},"{words["programme"]}")'
            f'-SUMIFS({values},{part},"{words["avoided"]}")',
            "willing": "=" + "+".join(self.actors.value(actor) for actor in WILLING),
        }
        outlay, real, avoided = programme_costs(self.plan.case)
        willing = sum(self.plan.case.present_value(actor) for actor in WILLING)
        known = {"outlay": outlay, "cost": real - avoided, "willing": willing}
        self.pen.text(row, 0, _BUILT, "section")
        for name, (label, definition) in _PARTS.items():
            row += 1
            assert row == self.rows[name]
            self.row(row, label, definition, "NOK")
            self.pen.formula(row, 1, formulas[name], value=known[name])
        return row + 1

    def check(self, row: int) -> None:
        """Write the three routes to society, the transfers, and whether all agree."""
        ledger, plan = self.ledger, self.plan
        rate = plan.names["tax_financing_cost"]
        values, kind = ledger.range("present_value"), ledger.range("kind")
        other = f'{ledger.range("part")},"<>{plan.text(PARTS["tax_financing"])}"'
        real, transfer = (plan.text(KINDS[name]) for name in ("real", "transfer"))
        no = plan.text(YES_NO[False])
        yearly = (
            f'ABS(SUMIF({kind},"{transfer}",{ledger.range(column)}))' for column in plan.years
        )
        formulas = (
            f"={self.npv}",
            f'=SUMIFS({values},{kind},"{real}",{other})+{rate}*{self.public}',
            f'=SUMIFS({values},{ledger.range("public")},"{no}",{other})+(1+{rate})*{self.public}',
            "=" + "+".join(yearly),
        )
        self.pen.text(row, 0, _CHECK, "section")
        cells = [address(row + 1 + k, 1) for k in range(len(formulas))]
        known = self.routes()
        for k, (label, formula) in enumerate(zip(_ROUTES, formulas, strict=True)):
            self.row(row + 1 + k, label, "", "NOK")
            self.pen.formula(row + 1 + k, 1, formula, value=known[k])
        row += 1 + len(formulas)
        first, second, third, transfers = cells
        worst = f"MAX(ABS({first}-{second}),ABS({first}-{third}),{transfers})"
        good, wrong = plan.text(_OK), plan.text(_WRONG)
        formula = f'=IF({worst}<{_NEAR},"{good}","{wrong}")'
        apart = max(abs(known[0] - known[1]), abs(known[0] - known[2]), known[3])
        self.pen.text(row, 0, _AGREE, "total_text")
        self.known["check"] = good if apart < _NEAR else wrong
        self.pen.formula(row, 1, formula, look="total", value=self.known["check"])
        self.pen.warn(row, 1, good)
        self.rows["check"] = row

    def routes(self) -> tuple[float, float, float, float]:
        """Return society by each of the three routes, and the transfers, from the ledger."""
        plan, known = self.plan, self.plan.known
        rate, public = plan.case.assumptions.tax_financing_cost, plan.case.public
        priced = [e for e in plan.entries if part_of(e.line.component) != "tax_financing"]
        real = sum(known.present_value(e) for e in priced if e.line.kind == "real")
        private = sum(known.present_value(e) for e in priced if not e.is_public)
        transfers = sum(known.amounts(e) for e in plan.entries if e.line.kind == "transfer")
        return (
            plan.case.npv,
            real + rate * public,
            private + (1 + rate) * public,
            float(np.abs(transfers).sum()),
        )
