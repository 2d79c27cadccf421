"""What stands beside the headline, so that no reader takes one number for the whole answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.economics.labels import hundreds

if TYPE_CHECKING:
    from mih_impact.economics.case import CostBenefit

__all__ = ["BESIDE", "beside_frame"]

#: name -> what it is called, and what it says. `{value}` is the displayed number.
BESIDE: dict[str, tuple[Label, Label]] = {
    "gross_wage_sum": (
        Label(nb="sum lønnseffekt, ikke diskontert", en="sum of wage effects, not discounted"),
        Label(
            nb="Lønnseffektene summerer seg til {value} over {years} år, uten diskontering.",
            en="The wage effects sum to {value} over {years} years, not discounted.",
        ),
    ),
    "present_value_of_wages": (
        Label(nb="nåverdi av lønnseffekten", en="present value of wage effects"),
        Label(
            nb="Nåverdien av lønnseffekten er {value}.",
            en="The present value of the wage effects is {value}.",
        ),
    ),
    "society_leisure_1": (
        Label(
            nb="samfunnet, med fritid verdsatt til nettolønn",
            en="society, with leisure valued at the net wage",
        ),
        Label(
            nb="Er tapt fritid verdt hele nettolønnen, er netto nåverdi {value}.",
            en="If leisure given up is worth the whole net wage, net present value is {value}.",
        ),
    ),
    "public_leisure_1": (
        Label(
            nb="offentlige budsjetter, med fritid verdsatt til nettolønn",
            en="public budgets, with leisure valued at the net wage",
        ),
        Label(
            nb="Offentlige budsjetter berøres ikke av verdien av fritid: {value}.",
            en="Public budgets do not depend on the value of leisure: {value}.",
        ),
    ),
    "society_wage_bill_1": (
        Label(
            nb="samfunnet, når alle stillingene er nye kommunale penger",
            en="society, with every post new municipal money",
        ),
        Label(
            nb="Må kommunen bevilge nye penger til alle stillingene, er netto nåverdi {value}.",
            en="If every post takes new municipal money, net present value is {value}.",
        ),
    ),
    "public_wage_bill_1": (
        Label(
            nb="offentlige budsjetter, når alle stillingene er nye kommunale penger",
            en="public budgets, with every post new municipal money",
        ),
        Label(
            nb="Må kommunen bevilge nye penger til alle stillingene, er virkningen på offentlige"
            " budsjetter {value}.",
            en="If every post takes new municipal money, the effect on public budgets is {value}.",
        ),
    ),
    "switching_scale_society": (
        Label(
            nb="omslagspunkt for effekten, samfunnet",
            en="switching scale of the effect, society",
        ),
        Label(
            nb="Netto nåverdi er null når alle effekter er {value} ganger de anslåtte.",
            en="Net present value is zero when all effects are {value} times those estimated.",
        ),
    ),
    "switching_scale_public": (
        Label(
            nb="omslagspunkt for effekten, offentlige budsjetter",
            en="switching scale of the effect, public budgets",
        ),
        Label(
            nb="Offentlige budsjetter går i null når alle effekter er {value} ganger de anslåtte.",
            en="Public budgets break even when all effects are {value} times those estimated.",
        ),
    ),
}

_NO_SCALE = Label(
    nb="Ingen positiv skalering av effektene gir null.",
    en="No positive scale of the effects gives zero.",
)

_SCALE = "times the effect"


def beside_frame(case: CostBenefit, lang: Lang | None = None) -> pd.DataFrame:
    """Return `name, value, unit, label, sentence`, a row per number."""
    wage = case.path[case.roles.index("wage")]
    leisure = case.with_assumptions(case.assumptions.replace(leisure=1.0))
    values: dict[str, tuple[float | None, str]] = {
        "gross_wage_sum": (float(wage.sum()), "NOK"),
        "present_value_of_wages": (float(wage @ case.discount_factors), "NOK"),
        "society_leisure_1": (leisure.npv, "NOK"),
        "public_leisure_1": (leisure.public, "NOK"),
    }
    if case.has_headline("wage_bill"):
        new_money = case.with_assumptions(case.assumptions.replace(wage_bill=1.0))
        values["society_wage_bill_1"] = new_money.npv, "NOK"
        values["public_wage_bill_1"] = new_money.public, "NOK"
    for group in ("society", "public"):
        values[f"switching_scale_{group}"] = case.switching_scale(group), _SCALE
    rows = []
    for name, (value, unit) in values.items():
        label, sentence = BESIDE[name]
        shown = number(value, 2, lang) if unit == _SCALE else hundreds(value, lang)
        # A negative scale would turn the effects round: arithmetic, but no answer to the question.
        unanswered = value is None or (unit == _SCALE and value < 0)
        text = _NO_SCALE if unanswered else sentence
        filled = text.format(value=shown, years=case.horizon)
        rows.append([name, value, unit, label.text(lang), filled.text(lang)])
    frame = pd.DataFrame(rows, columns=["name", "value", "unit", "label", "sentence"])
    return frame.astype({"value": float})
