"""What the account comes to in one number, by several indicators, each with its denominator named.

A ratio never carries the headline: what counts as a cost and what as a smaller benefit is a choice,
and the choice moves the ratio while net present value stays where it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mih_impact.account.roles import GROUPS
from mih_impact.account.tables import line_values, require_enough
from mih_impact.account.values import AccountValues
from mih_impact.display.locale import Label

__all__ = ["INDICATORS", "REMARKS", "WILLING", "indicators_frame", "mvpf", "programme_costs"]

#: Whose willingness to pay the marginal value of public funds counts.
WILLING = ("participant", "displaced", "users")

#: What each indicator is called, and how it is defined.
INDICATORS: dict[str, tuple[Label, Label]] = {
    "npv": (
        Label(nb="netto nåverdi", en="net present value"),
        Label(nb="summen over alle aktører", en="the sum over all actors"),
    ),
    "annuity": (
        Label(nb="netto nåverdi som årlig beløp", en="net present value as an annuity"),
        Label(
            nb="like stort beløp hvert år i analyseperioden, med samme nåverdi",
            en="the same amount every year of the horizon, with the same present value",
        ),
    ),
    "public": (
        Label(nb="virkning på offentlige budsjetter", en="effect on public budgets"),
        Label(nb="stat, fylkeskommune og kommune", en="state, county and municipality"),
    ),
    "gain_per_krone_of_net_budget": (
        Label(
            nb="netto nåverdi per krone netto over offentlige budsjetter",
            en="net present value per krone of net public budget",
        ),
        Label(
            nb="nevner: det offentlige budsjetter taper netto",
            en="denominator: what public budgets lose, net",
        ),
    ),
    "gain_per_krone_of_gross_outlay": (
        Label(
            nb="netto nåverdi per krone brutto i offentlige utlegg",
            en="net present value per krone of gross public outlay",
        ),
        Label(
            nb="nevner: offentlige tiltakskostnader uten fradrag, fordi offentlige budsjetter"
            " tjener på tiltaket",
            en="denominator: public programme costs with nothing deducted, because public budgets"
            " gain",
        ),
    ),
    "benefit_cost_ratio": (
        Label(nb="nytte-kostnadsbrøk", en="benefit-cost ratio"),
        Label(
            nb="nevner: ressursene tiltaket bruker, hvem som enn betaler, fratrukket sparte andre"
            " tiltak",
            en="denominator: the resources the programme uses, whoever pays, less other measures"
            " avoided",
        ),
    ),
    "mvpf": (
        Label(
            nb="marginalverdien av offentlige midler (MVPF)",
            en="marginal value of public funds (MVPF)",
        ),
        Label(
            nb="betalingsvilje hos deltaker, fortrengte og brukere, delt på netto kostnad for det"
            " offentlige; skattefinansieringskostnaden er ikke med",
            en="willingness to pay of participant, displaced and users, over the net cost to public"
            " budgets; the tax-financing cost is not included",
        ),
    ),
}

#: Why an indicator has no number.
REMARKS = {
    "infinite": Label(
        nb="uendelig: tiltaket betaler seg selv over offentlige budsjetter",
        en="infinite: the programme pays for itself on public budgets",
    ),
    "undefined": Label(
        nb="ikke definert: offentlige budsjetter taper ikke, og ingen har betalingsvilje",
        en="undefined: public budgets do not lose, and nobody would pay",
    ),
    "no_cost": Label(nb="ikke definert: ingen kostnad", en="undefined: no cost"),
}


def mvpf(willingness_to_pay: float, net_cost: float) -> float | None:
    """Return the marginal value of public funds.

    Parameters
    ----------
    willingness_to_pay
        Of participant, displaced and users, NOK per starter.
    net_cost
        What public budgets lose, NOK per starter.

    Returns
    -------
    float or None
        Infinite where public budgets do not lose and somebody would pay; None, undefined, where
        they do not lose and nobody would.

    References
    ----------
    Hendren and Sprung-Keyser (2020), A unified welfare analysis of government policies, Quarterly
    Journal of Economics 135(3).

    Examples
    --------
    >>> mvpf(150.0, 100.0), mvpf(150.0, -1.0), mvpf(-5.0, 0.0)
    (1.5, inf, None)
    """
    if net_cost > 0:
        return willingness_to_pay / net_cost
    return np.inf if willingness_to_pay > 0 else None


def indicators_frame(case: AccountValues) -> pd.DataFrame:
    """Return `indicator, value, unit, label, definition, remark`; see `CostBenefit.indicators`."""
    require_enough(case)
    value = {group: case.present_value(group) for group in GROUPS}
    npv, public = value["society"], value["public"]
    outlay, real, avoided = programme_costs(case)
    cost = real - avoided
    marginal = mvpf(sum(value[actor] for actor in WILLING), -public)
    money = case.currency
    ratio = f"{money} per {money}"
    rows: list[tuple[str, float | None, str, str]] = [
        ("npv", npv, money, ""),
        ("annuity", npv / float(case.discount_factors.sum()), f"{money} per year", ""),
        ("public", public, money, ""),
        _per_krone(npv, public, outlay, ratio),
        ("benefit_cost_ratio", (npv + cost) / cost if cost > 0 else None, ratio,
         "" if cost > 0 else "no_cost"),
        ("mvpf", marginal, ratio,
         "undefined" if marginal is None else "infinite" if np.isinf(marginal) else ""),
    ]  # fmt: skip
    shown = [
        (name, number, unit, *(text.text() for text in INDICATORS[name]),
         REMARKS[remark].text() if remark else "")
        for name, number, unit, remark in rows
    ]  # fmt: skip
    columns = ["indicator", "value", "unit", "label", "definition", "remark"]
    return pd.DataFrame(shown, columns=columns).astype({"value": float})


def _per_krone(
    npv: float, public: float, outlay: float, ratio: str
) -> tuple[str, float | None, str, str]:
    """Return the gain per krone of net budget, or of gross outlay where the budget gains."""
    if public < 0:
        return "gain_per_krone_of_net_budget", npv / -public, ratio, ""
    value = npv / outlay if outlay > 0 else None
    remark = "" if outlay > 0 else "no_cost"
    return "gain_per_krone_of_gross_outlay", value, ratio, remark


def programme_costs(case: AccountValues) -> tuple[float, float, float]:
    """Return present values of gross public outlay, real cost, and other measures avoided."""
    ledger = case.model.ledger()
    values = line_values(case.model, case.effects)
    groups = ledger.group_signs * values[:, None]
    programme = np.array([line.component.startswith("programme:") for line in ledger.lines])
    avoided = np.array([line.component == "avoided_measures" for line in ledger.lines])
    public, society = GROUPS.index("public"), GROUPS.index("society")
    return (
        -float(groups[programme, public].sum()),
        -float(groups[programme, society].sum()),
        float(groups[avoided, society].sum()),
    )
