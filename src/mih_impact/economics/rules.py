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
from mih_impact.economics.programme import CostItem, Programme
from mih_impact.economics.roles import Benefit, benefit_of

__all__ = ["build_ledger"]

FloatArray = NDArray[np.float64]

_ESTIMATE = "the estimated effect"


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
    book = _Book(tuple(roles), n_years)
    driven = [
        *_work(book, assumptions),
        *_benefits(book),
        *_income_tax(book, assumptions),
        _leisure(book, assumptions),
    ]
    lines = [
        *driven,
        *(_mirror(line, assumptions) for line in driven),
        *(_cost(book, item) for item in programme.items),
        _avoided_measures(book, assumptions),
    ]
    kept = [line for line in lines if not line.is_empty]
    return Ledger((*kept, _tax_financing(book, kept, assumptions)), book.roles)


class _Book:
    """Writes lines on the axes (roles, years) of one account."""

    def __init__(self, roles: tuple[str, ...], n_years: int) -> None:
        self.roles = roles
        self.n_years = n_years
        found = (benefit_of(role) for role in roles)
        self.benefits: tuple[Benefit, ...] = tuple(each for each in found if each is not None)

    def along(self, role: str) -> FloatArray:
        """Return coefficients of 1 on one role, shape (n_roles, n_years); 0 if it is absent."""
        unit = np.zeros((len(self.roles), self.n_years))
        if role in self.roles:
            unit[self.roles.index(role)] = 1.0
        return unit

    def real(
        self,
        component: str,
        actor: str,
        label: Label,
        *,
        driven: FloatArray | None = None,
        fixed: FloatArray | None = None,
        source: str,
        cash: bool,
        budget_line: str = "",
    ) -> Line:
        """Return a resource made (positive) or used (negative) at one actor's gain or expense."""
        return Line(
            component=component,
            kind="real",
            receiver=actor,
            coefficients=np.zeros((len(self.roles), self.n_years)) if driven is None else driven,
            constant=np.zeros(self.n_years) if fixed is None else fixed,
            label=label,
            cash=cash,
            budget_line=budget_line,
            source=source,
        )

    def transfer(
        self,
        component: str,
        payer: str,
        receiver: str,
        label: Label,
        *,
        driven: FloatArray | None = None,
        fixed: FloatArray | None = None,
        source: str,
        cash: bool = True,
        budget_line: str = "",
    ) -> Line:
        """Return what one actor pays another."""
        line = self.real(
            component,
            receiver,
            label,
            driven=driven,
            fixed=fixed,
            source=source,
            cash=cash,
            budget_line=budget_line,
        )
        return replace(line, kind="transfer", payer=payer)


def _work(book: _Book, a: Assumptions) -> list[Line]:
    """Production, and what the employer pays for it."""
    wage = book.along("wage")
    p, g, new_money = a.pension_share, a.employer_contribution, a.wage_bill
    labour_cost = (1 + p) * (1 + g) * wage
    rates = a["employer_contribution"].source
    priced = f"R-109/2021, 6.1.1 and 6.1.4; {rates}"
    return [
        book.real("production", "employer", labels.PRODUCTION, cash=False,
                  driven=(1 - new_money) * labour_cost, source=priced),
        book.real("production", "users", labels.PRODUCTION, cash=False,
                  driven=new_money * labour_cost, source=priced),
        book.transfer("wage", "employer", "participant", labels.WAGE,
                      driven=wage, source=_ESTIMATE),
        # Deferred pay: the participant's, but no money in hand this year.
        book.transfer("pension", "employer", "participant", labels.PENSION, cash=False,
                      driven=p * wage, source=a["pension_share"].source),
        book.transfer("contribution", "employer", "state", labels.CONTRIBUTION,
                      driven=(1 + p) * g * wage, source=rates,
                      budget_line="employer's contribution"),
        book.transfer("wage_bill", "municipality", "employer", labels.WAGE_BILL,
                      driven=new_money * labour_cost, source=a["wage_bill"].source,
                      budget_line="municipal wages"),
    ]  # fmt: skip


def _benefits(book: _Book) -> list[Line]:
    """Each benefit from its payer to the participant; who pays is the contract's to say."""
    return [
        book.transfer(
            benefit.role,
            benefit.payer,
            "participant",
            benefit.label,
            driven=book.along(benefit.role),
            source=_ESTIMATE,
            budget_line=benefit.name,
        )
        for benefit in book.benefits
    ]


def _income_tax(book: _Book, a: Assumptions) -> list[Line]:
    """Tax at the effective rate on the change in taxable income, split between budgets."""
    taxed = a.tax_rate_wage * book.along("wage")
    for benefit in book.benefits:
        share = a.taxable_benefit_share if benefit.taxable is None else float(benefit.taxable)
        taxed = taxed + a.tax_rate_benefits * share * book.along(benefit.role)
    municipal, county = a.municipal_tax_share, a.county_tax_share
    shares = {"state": 1 - municipal - county, "county": county, "municipality": municipal}
    source = f"{a['tax_rate_wage'].source}; {a['tax_rate_benefits'].source}"
    return [
        book.transfer(
            "income_tax",
            "participant",
            budget,
            labels.INCOME_TAX,
            driven=share * taxed,
            source=source,
            budget_line="income tax",
        )
        for budget, share in shares.items()
    ]


def _leisure(book: _Book, a: Assumptions) -> Line:
    """Leisure given up, at a share of the net wage (R-109, 6.1.4)."""
    net_wage = (1 - a.tax_rate_wage) * book.along("wage")
    return book.real(
        "leisure", "participant", labels.LEISURE,
        driven=-a.leisure * net_wage, source=f"R-109/2021, 6.1.4; {a['leisure'].source}",
        cash=False,
    )  # fmt: skip


def _mirror(line: Line, a: Assumptions) -> Line:
    """Return what displacement takes back: the same flow of those pushed out of the posts."""

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


def _cost(book: _Book, item: CostItem) -> Line:
    """One programme item: a resource used at the payer's expense, or a grant as a transfer."""
    name, path = f"programme:{item.name}", item.path(book.n_years)
    if item.receiver is None:
        return book.real(
            name,
            item.payer,
            item.label,
            fixed=-path,
            source=item.source,
            cash=item.cash,
            budget_line=item.budget_line,
        )
    return book.transfer(
        name, item.payer, item.receiver, item.label,
        fixed=path, source=item.source, cash=item.cash, budget_line=item.budget_line,
    )  # fmt: skip


def _avoided_measures(book: _Book, a: Assumptions) -> Line:
    """Save the state, in year 0, what the controls' own measures would have cost."""
    saved = np.zeros(book.n_years)
    saved[0] = a.avoided_measures
    return book.real(
        "avoided_measures", "state", labels.AVOIDED_MEASURES,
        fixed=saved, source=a["avoided_measures"].source, cash=True,
        budget_line="labour market measures",
    )  # fmt: skip


def _tax_financing(book: _Book, lines: Sequence[Line], a: Assumptions) -> Line:
    """Return 0.20 of the NET effect on public budgets of the year, signed, once (R-109, 7.1)."""
    rate = a.tax_financing_cost
    flows, public = Ledger(tuple(lines), book.roles), GROUPS.index("public")
    return book.real(
        TAX_FINANCING, "rest_of_society", labels.TAX_FINANCING,
        driven=rate * flows.group_coefficients[public],
        fixed=rate * flows.group_constants[public],
        source=a["tax_financing_cost"].source, cash=False,
    )  # fmt: skip
