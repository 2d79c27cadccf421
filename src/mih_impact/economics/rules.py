"""The rules of the account: which flows an effect, a programme and an assumption give.

Circular R-109/2021 of the Norwegian Ministry of Finance, written as lines of the ledger. w is the
effect on wages, p the share of pension and social costs, g the employer's contribution, which falls
on pension too. Labour is priced at what the employer pays for it, w(1+p)(1+g) (R-109, 6.1.1 and
6.1.4). That output equals its labour cost is an inference from this: the employer nets to zero by
assumption.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.economics import labels
from mih_impact.economics.actors import GROUPS
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.ledger import TAX_FINANCING, Ledger, Line
from mih_impact.economics.programme import Programme
from mih_impact.economics.roles import Benefit, benefit_of

__all__ = ["build_ledger"]

FloatArray = NDArray[np.float64]


def build_ledger(
    roles: Sequence[str], n_years: int, assumptions: Assumptions, programme: Programme
) -> Ledger:
    """Write every flow of the account.

    Parameters
    ----------
    roles
        The R roles of the effects: `wage` and `benefit:<scheme>`.
    n_years
        Years of the account, from year 0.
    assumptions
        The rates.
    programme
        The costs, in the prices of `assumptions.price_year`.

    Returns
    -------
    Ledger
        Lines that are zero whatever the effects are left out, tax-financing always last.
    """
    space = _Space(tuple(roles), n_years)
    driven = [
        *_work(space, assumptions),
        *_benefits(space),
        *_income_tax(space, assumptions),
        *_leisure(space, assumptions),
    ]
    lines = [
        *driven,
        *(_mirror(line, assumptions) for line in driven),
        *_programme(space, programme),
        *_avoided_measures(space, assumptions),
    ]
    lines.append(_tax_financing(lines, space, assumptions))
    kept = [line for line in lines if line.component == TAX_FINANCING or not line.is_empty]
    return Ledger(tuple(kept), space.roles)


class _Space:
    """The axes (roles, years) that coefficients live on."""

    def __init__(self, roles: tuple[str, ...], n_years: int) -> None:
        self.roles = roles
        self.n_years = n_years

    def along(self, role: str) -> FloatArray:
        """Return coefficients of 1 on one role, shape (n_roles, n_years); 0 if it is absent."""
        unit = np.zeros((len(self.roles), self.n_years))
        if role in self.roles:
            unit[self.roles.index(role)] = 1.0
        return unit

    @property
    def zero(self) -> FloatArray:
        """Coefficients of a flow that no effect drives."""
        return np.zeros((len(self.roles), self.n_years))

    @property
    def never(self) -> FloatArray:
        """The constant of a flow that effects alone drive."""
        return np.zeros(self.n_years)

    @property
    def benefits(self) -> tuple[Benefit, ...]:
        """The benefits among the roles."""
        found = (benefit_of(role) for role in self.roles)
        return tuple(benefit for benefit in found if benefit is not None)


def _work(space: _Space, a: Assumptions) -> list[Line]:
    """Production, and what the employer pays for it."""
    wage = space.along("wage")
    p, g, new_money = a.pension_share, a.employer_contribution, a.wage_bill
    labour_cost = (1 + p) * (1 + g) * wage
    price = f"R-109/2021 6.1.1, 6.1.4; {a['employer_contribution'].source}"

    def produced(receiver: str, share: float) -> Line:
        return Line(
            component="production",
            kind="real",
            receiver=receiver,
            coefficients=share * labour_cost,
            constant=space.never,
            label=labels.PRODUCTION,
            cash=False,
            source=price,
        )

    def paid(
        component: str, payer: str, receiver: str, rate: float, label: Label, source: str,
        *, cash: bool = True, budget_line: str = "",
    ) -> Line:  # fmt: skip
        return Line(
            component=component,
            kind="transfer",
            payer=payer,
            receiver=receiver,
            coefficients=rate * wage,
            constant=space.never,
            label=label,
            cash=cash,
            budget_line=budget_line,
            source=source,
        )

    return [
        produced("employer", 1 - new_money),
        produced("users", new_money),
        paid("wage", "employer", "participant", 1.0, labels.WAGE, "the estimated effect"),
        # Deferred pay: the participant's, but not money in his hand this year.
        paid("pension", "employer", "participant", p, labels.PENSION, a["pension_share"].source,
             cash=False),
        paid("contribution", "employer", "state", (1 + p) * g, labels.CONTRIBUTION,
             a["employer_contribution"].source, budget_line="employer's contribution"),
        paid("wage_bill", "municipality", "employer", new_money * (1 + p) * (1 + g),
             labels.WAGE_BILL, a["wage_bill"].source, budget_line="municipal wages"),
    ]  # fmt: skip


def _benefits(space: _Space) -> list[Line]:
    """Each benefit from its payer to the participant; the payer is the contract's."""
    return [
        Line(
            component=benefit.role,
            kind="transfer",
            payer=benefit.payer,
            receiver="participant",
            coefficients=space.along(benefit.role),
            constant=space.never,
            label=benefit.label,
            cash=True,
            budget_line=benefit.name,
            source="the estimated effect",
        )
        for benefit in space.benefits
    ]


def _income_tax(space: _Space, a: Assumptions) -> list[Line]:
    """Tax at the effective rate on the change in taxable income, split between budgets."""
    taxed = a.tax_rate_wage * space.along("wage")
    for benefit in space.benefits:
        share = a.taxable_benefit_share if benefit.taxable is None else float(benefit.taxable)
        taxed = taxed + a.tax_rate_benefits * share * space.along(benefit.role)
    municipal, county = a.municipal_tax_share, a.county_tax_share
    shares = {"state": 1 - municipal - county, "county": county, "municipality": municipal}
    return [
        Line(
            component="income_tax",
            kind="transfer",
            payer="participant",
            receiver=budget,
            coefficients=share * taxed,
            constant=space.never,
            label=labels.INCOME_TAX,
            cash=True,
            budget_line="income tax",
            source=f"{a['tax_rate_wage'].source}; {a['tax_rate_benefits'].source}",
        )
        for budget, share in shares.items()
    ]


def _leisure(space: _Space, a: Assumptions) -> list[Line]:
    """Leisure given up, at a share of the net wage (R-109, 6.1.4)."""
    return [
        Line(
            component="leisure",
            kind="real",
            receiver="participant",
            coefficients=-a.leisure * (1 - a.tax_rate_wage) * space.along("wage"),
            constant=space.never,
            label=labels.LEISURE,
            cash=False,
            source=f"R-109/2021 6.1.4; {a['leisure'].source}",
        )
    ]


def _mirror(line: Line, a: Assumptions) -> Line:
    """Return what displacement takes back: the flow of those pushed out of the same posts."""

    def displaced(actor: str) -> str:
        return "displaced" if actor == "participant" else actor

    return replace(
        line,
        component=f"displacement:{line.component}",
        receiver=displaced(line.receiver),
        payer=None if line.payer is None else displaced(line.payer),
        coefficients=-a.displacement * line.coefficients,
        label=labels.displaced(line.label),
        source=a["displacement"].source,
    )


def _programme(space: _Space, programme: Programme) -> list[Line]:
    """Write the programme's items: real costs at the payer's expense, grants as transfers."""
    lines = []
    for item in programme.items:
        path = item.path(space.n_years)
        transfer = item.receiver is not None
        lines.append(
            Line(
                component=f"programme:{item.name}",
                kind="transfer" if transfer else "real",
                payer=item.payer if transfer else None,
                receiver=item.receiver or item.payer,
                coefficients=space.zero,
                constant=path if transfer else -path,
                label=item.label,
                cash=item.cash,
                budget_line=item.budget_line,
                source=item.source,
            )
        )
    return lines


def _avoided_measures(space: _Space, a: Assumptions) -> list[Line]:
    """Save the state, in year 0, what the controls' own measures would have cost."""
    saved = space.never
    saved[0] = a.avoided_measures
    return [
        Line(
            component="avoided_measures",
            kind="real",
            receiver="state",
            coefficients=space.zero,
            constant=saved,
            label=labels.AVOIDED_MEASURES,
            cash=True,
            budget_line="labour market measures",
            source=a["avoided_measures"].source,
        )
    ]


def _tax_financing(lines: Sequence[Line], space: _Space, a: Assumptions) -> Line:
    """Return 0.20 of the NET effect on public budgets of the year, signed, once (R-109, 7.1)."""
    ledger = Ledger(tuple(lines), space.roles)
    public = GROUPS.index("public")
    return Line(
        component=TAX_FINANCING,
        kind="real",
        receiver="rest_of_society",
        coefficients=a.tax_financing_cost * ledger.group_coefficients[public],
        constant=a.tax_financing_cost * ledger.group_constants[public],
        label=labels.TAX_FINANCING,
        cash=False,
        source=a["tax_financing_cost"].source,
    )
