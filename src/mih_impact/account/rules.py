"""The rules of the account: which flows an effect, a programme and an assumption give.

Circular R-109/2021 of the Norwegian Ministry of Finance, written as lines of the ledger. w is the
effect on wages, p the share of pension and social costs, g the employer's contribution, which falls
on pension too. Labour is priced at what the employer pays for it, w(1+p)(1+g) (R-109, 6.1.1 and
6.1.4). That output equals its labour cost is an inference from this: the employer nets to zero by
assumption.

Everything that asks "what if" goes through `AccountModel.discounted`: the estimate itself, a draw
of the effects, a draw of the assumptions, a step of a sensitivity analysis. Many settings of the
assumptions are one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mih_impact.account import roles
from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_item import CostItem
from mih_impact.account.ledger import (
    TAX_FINANCING,
    Accumulated,
    FloatArray,
    Ledger,
    Line,
    accumulate,
    discounted,
)
from mih_impact.account.parameters import Persistence, Setting, all_assumptions, extend, shares_kept
from mih_impact.account.programme import Programme
from mih_impact.account.roles import GROUPS, Benefit
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Timing

__all__ = ["AccountModel", "build_ledger"]


_ESTIMATE = "the estimated effect"
_BY_DECILE = "the estimated tax on it, at rates by decile of the controls' income"
_ZERO = np.zeros(())

#: How far above 1 two shares may sum: rounding.
_ROUNDING = 1e-12


def build_ledger(
    roles: Sequence[str], n_years: int, setting: Setting, benefits: Sequence[Benefit] = ()
) -> Ledger:
    """Write every flow of the account.

    Parameters
    ----------
    roles
        The R roles of the effects: `wage` and `benefit:<scheme>`.
    n_years
        Years of the account, from year 0.
    setting
        The assumptions, one of each or a stack of n; the programme's costs in their prices.
    benefits
        What the benefits among the roles are: payer, and whether taxed.

    Returns
    -------
    Ledger
        Lines that are zero whatever the effects are left out, tax-financing always last.
    """
    book = _Book(tuple(roles), n_years, tuple(benefits), 1 - setting["selection"])
    driven = [
        *_work(book, setting),
        *_benefits(book),
        *_income_tax(book, setting),
        _leisure(book, setting),
    ]
    lines = [
        *driven,
        *(_mirror(line, setting) for line in driven),
        *(_cost(book, item, setting) for item in setting.programme.items),
        _avoided_measures(book, setting),
    ]
    kept = [line for line in lines if not line.is_empty] or driven[:1]
    return Ledger((*kept, *_tax_financing(book, kept, setting)), book.roles)


class _Book:
    """Writes lines on the axes (roles, years) of one account."""

    def __init__(
        self, roles: tuple[str, ...], n_years: int, benefits: tuple[Benefit, ...], caused: Any
    ) -> None:
        self.roles = roles
        self.n_years = n_years
        self.benefits = benefits
        #: Share of the estimated effect that the programme causes; the rest is selection.
        self.caused = caused

    def along(self, role: str, rate: Any = 1.0) -> FloatArray:
        """Return coefficients of `rate` on one role, shape (..., R); 0 if the role is absent."""
        caused = np.asarray(self.caused * rate, dtype=np.float64)
        coefficients = np.zeros((*caused.shape, len(self.roles)))
        if role in self.roles:
            coefficients[..., self.roles.index(role)] = caused
        return coefficients

    def wage_tax(self, a: Setting) -> dict[str, Any]:
        """Return the rate of tax on the wage; 1 of the tax itself where that is estimated."""
        return {roles.TAX: 1.0} if roles.TAX in self.roles else {"wage": a["tax_rate_wage"]}

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
        timing: Timing | None = None,
    ) -> Line:
        """Return a resource made (positive) or used (negative) at one actor's gain or expense."""
        return Line(
            component=component,
            kind="real",
            receiver=actor,
            coefficients=np.zeros(len(self.roles)) if driven is None else driven,
            constant=np.zeros(self.n_years) if fixed is None else fixed,
            label=label,
            cash=cash,
            budget_line=budget_line,
            source=source,
            timing=timing,
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
        timing: Timing | None = None,
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
            timing=timing,
        )
        return replace(line, kind="transfer", payer=payer)


def _work(book: _Book, a: Setting) -> list[Line]:
    """Production, and what the employer pays for it."""
    p, g, new_money = a["pension_share"], a["employer_contribution"], a["wage_bill"]
    labour_cost = (1 + p) * (1 + g)
    rates = a.source("employer_contribution")
    priced = f"R-109/2021, 6.1.1 and 6.1.4; {rates}"
    return [
        book.real("production", "employer", roles.PRODUCTION, cash=False,
                  driven=book.along("wage", (1 - new_money) * labour_cost), source=priced),
        book.real("production", "users", roles.PRODUCTION, cash=False,
                  driven=book.along("wage", new_money * labour_cost), source=priced),
        book.transfer("wage", "employer", "participant", roles.WAGE,
                      driven=book.along("wage"), source=_ESTIMATE),
        # Deferred pay: the participant's, but no money in hand this year.
        book.transfer("pension", "employer", "participant", roles.PENSION, cash=False,
                      driven=book.along("wage", p), source=a.source("pension_share")),
        book.transfer("contribution", "employer", "state", roles.CONTRIBUTION,
                      driven=book.along("wage", (1 + p) * g), source=rates,
                      budget_line="employer_contribution"),
        book.transfer("wage_bill", "municipality", "employer", roles.WAGE_BILL,
                      driven=book.along("wage", new_money * labour_cost),
                      source=a.source("wage_bill"), budget_line="municipal_wages"),
    ]  # fmt: skip


def _benefits(book: _Book) -> list[Line]:
    """Each benefit from its payer to the participant; who pays is the contract's to say."""
    return [
        book.transfer(
            benefit.role,
            benefit.payer,
            "participant",
            benefit.displayed,
            driven=book.along(benefit.role),
            source=_ESTIMATE,
            budget_line=benefit.budget_line,
        )
        for benefit in book.benefits
    ]


def _income_tax(book: _Book, a: Setting) -> list[Line]:
    """Tax at the effective rate on the change in taxable income, split between budgets."""
    rates = book.wage_tax(a)
    for benefit in book.benefits:
        share = a["taxable_benefit_share"] if benefit.taxable is None else float(benefit.taxable)
        rates[benefit.role] = a["tax_rate_benefits"] * share
    municipal, county = a["municipal_tax_share"], a["county_tax_share"]
    most = float(np.max(np.asarray(municipal) + county))
    if most > 1 + _ROUNDING:
        raise AssumptionError(
            "Municipality and county get more than the whole income tax",
            found=f"municipal_tax_share and county_tax_share that sum to {most:g}",
            do="give them values and ranges that sum to at most 1; the state gets the rest",
        )
    shares = {"state": 1 - municipal - county, "county": county, "municipality": municipal}
    wage = _BY_DECILE if roles.TAX in book.roles else a.source("tax_rate_wage")
    source = f"{wage}; {a.source('tax_rate_benefits')}"
    return [
        book.transfer(
            "income_tax",
            "participant",
            budget,
            roles.INCOME_TAX,
            driven=sum((book.along(role, share * rate) for role, rate in rates.items()), _ZERO),
            source=source,
            budget_line=f"income_tax_{budget}",
        )
        for budget, share in shares.items()
    ]


def _leisure(book: _Book, a: Setting) -> Line:
    """Leisure given up, at a share of the net wage (R-109, 6.1.4)."""
    one_rate = book.wage_tax(a).get("wage", 0.0)
    return book.real(
        "leisure", "participant", roles.LEISURE,
        driven=book.along("wage", -a["leisure"] * (1 - one_rate))
        + book.along(roles.TAX, a["leisure"]),
        source=f"R-109/2021, 6.1.4; {a.source('leisure')}", cash=False,
    )  # fmt: skip


def _mirror(line: Line, a: Setting) -> Line:
    """Return what displacement takes back: the same flow of those pushed out of the posts."""

    def displaced(actor: str) -> str:
        return "displaced" if actor == "participant" else actor

    taken = np.asarray(a["displacement"], dtype=np.float64)
    return replace(
        line,
        component=f"displacement:{line.component}",
        receiver=displaced(line.receiver),
        payer=None if line.payer is None else displaced(line.payer),
        coefficients=-taken[..., None] * line.coefficients,
        label=roles.displaced(line.label),
        source=a.source("displacement"),
    )


def _cost(book: _Book, item: CostItem, a: Setting) -> Line:
    """One programme item: a resource used at the payer's expense, or a grant as a transfer."""
    per_starter = np.asarray(a[f"cost:{item.name}"] * a.reach(item.name, item.phase))
    profile = np.zeros(book.n_years)
    kept = item.profile[: book.n_years]
    profile[: len(kept)] = kept
    path = per_starter[..., None] * profile
    told: dict[str, Any] = {
        "source": item.source,
        "cash": item.cash,
        "budget_line": item.budget_line,
        "timing": item.timing,
    }
    name = f"programme:{item.name}"
    if item.receiver is None:
        return book.real(name, item.payer, item.label, fixed=-path, **told)
    return book.transfer(name, item.payer, item.receiver, item.label, fixed=path, **told)


def _avoided_measures(book: _Book, a: Setting) -> Line:
    """Save the state, in year 0, what the controls' own measures would have cost."""
    saved = np.asarray(a["avoided_measures"], dtype=np.float64)[..., None]
    return book.real(
        "avoided_measures", "state", roles.AVOIDED_MEASURES,
        fixed=saved * np.eye(1, book.n_years)[0], source=a.source("avoided_measures"), cash=True,
        budget_line="labour_market_measures",
    )  # fmt: skip


def _tax_financing(book: _Book, lines: Sequence[Line], a: Setting) -> list[Line]:
    """Return 0.20 of the NET effect on public budgets of the year, signed, once (R-109, 7.1).

    A line for each time of the year at which other lines fall, so that it is discounted as what it
    finances is.
    """
    rate = np.asarray(a["tax_financing_cost"], dtype=np.float64)[..., None]
    flows, public = Ledger(tuple(lines), book.roles), GROUPS.index("public")
    nets = {timing: flows.at(timing).driven_and_fixed(public) for timing in flows.timings}
    return [
        book.real(
            TAX_FINANCING, "rest_of_society", roles.TAX_FINANCING, driven=rate * driven,
            fixed=rate * fixed, source=a.source("tax_financing_cost"), cash=False, timing=timing,
        )
        for timing, (driven, fixed) in nets.items()
    ]  # fmt: skip


_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class AccountModel:
    """The account as a function: what given effects and assumptions come to, for everybody.

    It is what `cost_benefit` makes of roles, rules and programme once and for all
    (`CostBenefit.model`). The estimated effects are no part of it: they are what it is applied to.

    Attributes
    ----------
    roles, benefits
        What the R rows of the effects are, and what is known of the benefits among them.
    estimated
        Years with estimated effects, from year 0.
    horizon
        Years of the account; those after the estimated ones follow `persistence`.
    persistence
        What becomes of the effects after the last estimated year.
    assumptions, programme
        The base values; the programme in their prices.
    """

    roles: tuple[str, ...]
    benefits: tuple[Benefit, ...]
    estimated: int
    horizon: int
    persistence: Persistence
    assumptions: Assumptions
    programme: Programme

    @cached_property
    def items(self) -> tuple[Assumption, ...]:
        """Every assumption of the account."""
        return all_assumptions(self.assumptions, self.programme)

    def setting(self, changes: Mapping[str, Any] = _NONE) -> Setting:
        """Return the base values with some of them changed, each to a number or to n of them."""
        self.require_moved(changes)
        return Setting(self.assumptions, self.programme, changes)

    def require_moved(self, changes: Mapping[str, Any]) -> None:
        """Raise on a change of the one rate of tax where tax is by decile."""
        if roles.TAX in self.roles and "tax_rate_wage" in changes:
            raise AssumptionError(
                "The one rate of tax on wages moves nothing: tax is by decile",
                found="tax_rate_wage changed",
                do="change the rates of mih.tax_by_decile, or leave that tax out: "
                "roles={'tax_on_wage': None}",
            )

    def ledger(self, changes: Mapping[str, Any] = _NONE) -> Ledger:
        """Return every flow; with n values in `changes`, of n settings at once."""
        if not changes:
            return self._ledger
        return build_ledger(self.roles, self.horizon, self.setting(changes), self.benefits)

    @cached_property
    def _ledger(self) -> Ledger:
        return build_ledger(self.roles, self.horizon, self.setting(), self.benefits)

    def factors(self, ledger: Ledger, setting: Setting) -> dict[Timing | None, FloatArray]:
        """Return the discount factors, shape (..., T), for each time of the year in a ledger."""
        discount = self.assumptions.discount
        at = {
            timing: discount if timing is None else discount.with_timing(timing)
            for timing in ledger.timings
        }
        rate = setting.first_rate
        return {timing: each.factors(self.horizon, first_rate=rate) for timing, each in at.items()}

    def path(self, effects: FloatArray, changes: Mapping[str, Any] = _NONE) -> FloatArray:
        """Return effects of every year of the account, (..., R, horizon), from (..., R, S)."""
        more = self.horizon - self.estimated
        if more == 0:
            return effects
        setting = self.setting(changes)
        kept = shares_kept(self.persistence, more, half_life=setting["half_life"])
        wages = np.array([role in ("wage", roles.TAX) for role in self.roles])
        return extend(effects, kept, wages, setting["real_growth"])

    def discounted(self, effects: FloatArray, changes: Mapping[str, Any] = _NONE) -> FloatArray:
        """Return the present value of every group's flow by year.

        Parameters
        ----------
        effects
            Estimated effects, shape (..., R, S): one path, or n of them.
        changes
            Assumptions changed, each to a number or to an array of shape (n,).

        Returns
        -------
        ndarray, shape (..., G, T)
        """
        ledger = self.ledger(changes)
        factors = self.factors(ledger, self.setting(changes))
        return discounted(ledger, self.path(effects, changes), factors)

    @cached_property
    def accumulated(self) -> Accumulated:
        """Cumulative present values at the base values, as a linear map of estimated effects."""
        units = np.eye(self.estimated)[:, None, :].repeat(len(self.roles), axis=1)  # (S, R, S)
        reaching = np.moveaxis(self.path(units), 0, -1)  # (R, T, S)
        factors = self.factors(self._ledger, self.setting())
        return accumulate(self._ledger, factors, reaching)
