"""The cost-benefit account as a result: its tables, and the questions it can be asked.

What answers a question is loaded when it is asked: most accounts are asked few of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account import tables
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_item import LONGEST_HORIZON
from mih_impact.account.non_priced import non_priced_frame, plot_non_priced
from mih_impact.account.parameters import Persistence, estimated_years
from mih_impact.account.programme import Programme
from mih_impact.account.roles import Benefit, roles_of
from mih_impact.account.tables import (
    before_start,
    beside_frame,
    composed_of,
    costs_frame,
    frozen,
    left_out_of,
    pooled,
    starters_behind,
    tax_rates_of,
)
from mih_impact.account.values import AccountValues, require_norwegian, require_same_money
from mih_impact.arguments import named_options
from mih_impact.display.locale import Lang, current, in_language
from mih_impact.display.result import Card
from mih_impact.effects.series import EffectSeries, require_effects
from mih_impact.errors import RenamedError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.account.bridge import Bridge
    from mih_impact.account.scenarios import Scenario, Scenarios
    from mih_impact.account.sensitivity import Sensitivity, VarianceShares
    from mih_impact.account.sheet.sheet import AssumptionSheet
    from mih_impact.account.switching import SensitivityGrid, SwitchingValues
    from mih_impact.account.uncertainty import EffectDraws
    from mih_impact.account.uncertainty_result import Uncertainty

__all__ = ["CostBenefit", "cost_benefit"]


@dataclass(frozen=True, eq=False, repr=False)
class CostBenefit(AccountValues):
    """A cost-benefit account per starter, fixed prices; made by `cost_benefit`.

    Attributes
    ----------
    effects, covariance, outcomes, roles, benefits, starters, horizon, persistence
        The estimated effects and what they are to the account; see `AccountValues`.
    assumptions, programme
        What the account rests on, as given.
    composed, before
        The effects with other start years behind each year; how alike all were before start.
    provenance
        Versions, options and fingerprint of the data.

    Notes
    -----
    All else is computed from these on request, so that a loaded account is the saved one.
    """

    def ledger(self) -> pd.DataFrame:
        """Return every entry of the ledger at the estimated effects.

        Returns
        -------
        DataFrame
            `year` (since start), `component, kind, actor, amount, present_value` (NOK per starter,
            a gain positive), `cash, budget_line, source`: a real flow has one entry a year, a
            transfer one for the payer and one for the receiver.
        """
        return tables.ledger_frame(self.model, self.effects)

    def by_actor(self) -> pd.DataFrame:
        """Return the account: present value, uncertainty and break-even of every group.

        Returns
        -------
        DataFrame
            `actor, present_value, std_error, conf_low, conf_high, probability_positive,
            break_even_year`; the actors, then `public` and `society`. What is not available is
            missing.
        """
        return tables.actor_frame(self)

    def by_year(self) -> pd.DataFrame:
        """Return every group's flow by year.

        Returns
        -------
        DataFrame
            `actor, year_since_start, amount, present_value, cumulative, std_error, conf_low,
            conf_high`; uncertainty is that of the cumulative present value.
        """
        return tables.year_frame(self)

    def by_component(self) -> pd.DataFrame:
        """Return the present value of every component to every group.

        Returns
        -------
        DataFrame
            `component, kind`, then one column per actor, `public` and `society`. Along a row of a
            transfer the actors sum to zero.
        """
        return tables.component_frame(self.model, self.effects)

    def beside(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what must stand beside the headline.

        Returns
        -------
        DataFrame
            `name, value, unit, label, sentence`: the gross wage sum, the present value of wages,
            society and public budgets with leisure at the net wage and with every post new
            municipal money, and the scale of the effects at which each is zero.
        """
        with in_language(lang):
            return beside_frame(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the account, one row per actor and sum; see `by_actor`."""
        return self.by_actor()

    def indicators(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what the account comes to by several indicators.

        Returns
        -------
        DataFrame
            `indicator, value, unit, label, definition` (with the denominator of a ratio), `remark`:
            net present value, its annuity, the effect on public budgets, the gain per krone of net
            budget (of gross outlay where budgets gain), benefit-cost ratio, and the marginal value
            of public funds, infinite or undefined where it is. Break-even is in `by_actor`.
        """
        from mih_impact.account.indicators import indicators_frame

        with in_language(lang):
            return indicators_frame(self)

    def costs(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return the programme's costs by phase, less what controls' own measures cost.

        Returns
        -------
        DataFrame
            `phase, phase_label, when, item, label, kind` (real, transfer, saving), `payer,
            receiver, reach, cash, budget_line, per_participant_in_phase, per_starter` (NOK, all
            years), `present_value, low, high` (NOK per starter within the horizon), `status,
            source, range_source`.
        """
        with in_language(lang):
            return costs_frame(self)

    def by_budget(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return the public account by budget line.

        Returns
        -------
        DataFrame
            `budget` (state, county, municipality), `department, budget_line, label, posts` (chapter
            and post of the state budget), `block` (grants, rule_bound, revenue), `cash,
            present_value` (NOK per starter), `status, source` of the mapping. A line that is none
            of the reference table keeps its own name.
        """
        from mih_impact.account.budget.lines import budget_frame

        with in_language(lang):
            return budget_frame(self)

    def by_department(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return the public account by ministry, county and municipality.

        Returns
        -------
        DataFrame
            `budget, department, label, present_value, in_cash` (the part that is paid in money);
            NOK per starter. The rows sum to the public account.
        """
        from mih_impact.account.budget.lines import department_frame

        with in_language(lang):
            return department_frame(self)

    def non_priced(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what is not given in kroner, by the plus-minus method; never added.

        Returns
        -------
        DataFrame
            `name, label, whom, importance, extent, consequence, reason, source, status`.
        """
        with in_language(lang):
            return non_priced_frame(self.programme.non_priced)

    def residual_value(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what the years after the horizon would be worth, beside the headline.

        Returns
        -------
        DataFrame
            `decay` ("none": the effect of the last year lasts; "half_life_5", "half_life_10"),
            `label, actor, first_year, last_year` (to the age of 67), `present_value, std_error`
            (NOK per starter). No year of the account itself is among them.

        Raises
        ------
        AssumptionError
            The programme does not say how old starters are, or there are too few persons.
        """
        from mih_impact.account.residual import residual_frame

        with in_language(lang):
            return residual_frame(self)

    def objections(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what a ministry asks of the account, each with its size; nothing is added.

        Returns
        -------
        DataFrame
            `name, number, value, status, sentence`: posts otherwise vacant or filled, leisure by
            the circular's own row, the participant's time in the programme, pension accrual,
            indirect taxes, who stands behind which year (where `composed` gives it), social
            assistance, exit from work after the horizon, and tax by decile (where `tax_by_decile`
            gave it). NOK per starter; what is named share is one, what is named years is years. An
            "illustration" is no estimate: it says how large something would be, if it were so.
        """
        from mih_impact.account.objections import objections_frame

        with in_language(lang):
            return objections_frame(self)

    def bridge(self) -> Bridge:
        """Walk from the simplified account to this one, and on to public budgets."""
        from mih_impact.account.bridge import bridge_of

        return bridge_of(self)

    def uncertainty(
        self, *, n: int = 10_000, seed: int = 2025, resampled: EffectDraws | None = None
    ) -> Uncertainty:
        """Draw the whole account: sampling, assumptions, and both.

        Parameters
        ----------
        n
            Number of draws; with `resampled` as many as there are of persons.
        seed
            Seed of all of them. `draws(n, seed)` gives the same draws of sampling.
        resampled
            Effects estimated again on draws of persons (`mih.resample`), in place of draws from
            their covariance.

        Returns
        -------
        Uncertainty

        Raises
        ------
        AssumptionError
            Fewer than 100 draws, or ranges that do not go together.
        EffectsError
            The resampled effects are not those of the account.

        Examples
        --------
        >>> import mih_impact as mih
        >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
        >>> options = {"outcomes": "wage_income", "window": (-1, 3)}
        >>> case = mih.cost_benefit(
        ...     mih.event_study(group, **options), mih.Assumptions.r109(),
        ...     programme=mih.Programme.none(), horizon=4)
        >>> drawn = mih.resample(group, **options, draws=100)
        >>> case.uncertainty(resampled=drawn).kind
        'resampled'
        """
        from mih_impact.account.uncertainty import uncertainty_of

        return uncertainty_of(self, n, seed, resampled)

    def sensitivity(self) -> Sensitivity:
        """Move each assumption alone to the ends of its own range; `.plot()` is the tornado."""
        from mih_impact.account.sensitivity import sensitivity_of

        return sensitivity_of(self)

    def grid(self, over: Mapping[str, Sequence[float]]) -> SensitivityGrid:
        """Compute the account over a grid of two assumptions.

        Parameters
        ----------
        over
            Two assumptions by name, each with its values:
            ``{"tax_rate_wage": [0.2, 0.24, 0.3], "displacement": [0, 0.1, 0.2]}``.

        Raises
        ------
        AssumptionError
            Not two of them, a name that does not exist, or a value it cannot have.
        """
        from mih_impact.account.switching import grid_of

        return grid_of(self, over)

    def scenarios(self, more: Sequence[Scenario] = ()) -> Scenarios:
        """Evaluate the account under named scenarios.

        Pessimistic, base and optimistic; and, where the age at start is known, the effect lasting,
        halving and falling evenly to nothing until the age of 67.

        Parameters
        ----------
        more
            Scenarios of your own.
        """
        from mih_impact.account.scenarios import scenarios_of

        return scenarios_of(self, more)

    def switching_values(self, of: str = "society") -> SwitchingValues:
        """Find what each assumption, and each effect, would have to be for a value of zero.

        Parameters
        ----------
        of
            An actor, `public` or `society`.
        """
        from mih_impact.account.switching import switching_values_of

        return switching_values_of(self, of)

    def variance_shares(self, *, n: int = 2_000, seed: int = 2025) -> VarianceShares:
        """Decompose the variance by source; the contributions add up to all of it.

        Parameters
        ----------
        n, seed
            Number of draws, and their seed.
        """
        from mih_impact.account.sensitivity import variance_shares_of

        return variance_shares_of(self, n, seed)

    def sheet(self) -> AssumptionSheet:
        """Return every assumption of the account as a sheet that people edit.

        Examples
        --------
        >>> import mih_impact as mih
        >>> case = mih.reproduce_nav().case
        >>> case.with_sheet(case.sheet()).npv == case.npv
        True
        """
        from mih_impact.account.sheet.sheet import sheet_of

        require_norwegian(self, "The assumptions sheet")
        return sheet_of(self)

    def with_sheet(self, sheet: AssumptionSheet | str | Path) -> CostBenefit:
        """Return the account under the assumptions of a sheet.

        Parameters
        ----------
        sheet
            A sheet of this account, or the path of its file, with other values, ranges,
            distributions or sources. A value that is changed without its source is marked as the
            analyst's own; numbers that agree in nine digits are the account's.

        Returns
        -------
        CostBenefit

        Raises
        ------
        AssumptionError
            What `AssumptionSheet.read` raises; a sheet of another programme, rows that are missing
            or unknown, or a change of what is the account's structure and no assumption.
        """
        from mih_impact.account.sheet.sheet import with_sheet

        return with_sheet(self, sheet)

    def shown(self) -> CostBenefit:
        """Return the account as it is written to files: benefits of few persons only in sum.

        A benefit that in some year rests on the amounts of fewer than `options(min_cell=)`
        participants or controls is one with the next benefit of the same payer and tax; every sum
        over actors, years and components stays what it is. How many persons stand behind a year is
        left out where they are too few.

        Raises
        ------
        AssumptionError
            There is no benefit to be one with, or it is the wage.
        """
        hidden = (self.starters > 0) & (self.starters < current().min_cell)
        return replace(pooled(self), starters=np.where(hidden, np.nan, self.starters))

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the cumulative present value by year, with interval and break-even."""
        from mih_impact.account.figures import plot_cumulative

        with in_language(lang):
            return plot_cumulative(self, ax=ax)

    def plot_actors(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw who pays and who gains."""
        from mih_impact.account.figures import plot_actors

        with in_language(lang):
            return plot_actors(self, ax=ax)

    def plot_costs(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the programme's costs by phase: who pays, and how sure they are."""
        from mih_impact.account.figures import plot_costs

        with in_language(lang):
            return plot_costs(self, ax=ax)

    def plot_non_priced(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw what is not given in kroner, on the scale from four minuses to four pluses."""
        with in_language(lang):
            return plot_non_priced(self.programme.non_priced, ax=ax)

    def plot_residual(
        self, of: str = "society", *, ax: Axes | None = None, lang: Lang | None = None
    ) -> Axes:
        """Draw the residual value beside the headline, to which it is not added."""
        from mih_impact.account.residual import plot_residual

        with in_language(lang):
            return plot_residual(self, of, ax=ax)

    if not TYPE_CHECKING:  # so that type checkers still find names that do not exist

        def __getattr__(self, name: str) -> Any:
            if name == "measures":
                raise RenamedError(
                    "CostBenefit.measures has another name",
                    found=name,
                    do="write case.indicators()",
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _card(self) -> Card:
        from mih_impact.account.card import account_card

        return account_card(self)


@named_options
def cost_benefit(
    effects: EffectSeries,
    assumptions: Assumptions,
    *,
    programme: Programme,
    horizon: int = 7,
    persistence: Persistence = "none",
    roles: Mapping[str, str | Benefit | None] | None = None,
    composed: Sequence[EffectSeries] = (),
) -> CostBenefit:
    """Compute what the effects are worth to society, to public budgets and to every actor.

    Parameters
    ----------
    effects
        Effects by outcome and year since start, NOK per starter and year.
    assumptions
        The rates, in the same prices as the effects.
    programme
        The costs; `Programme.none()` for an account without. Converted to the account's prices by
        the consumer price index if given in other ones.
    horizon
        Number of years, from the start year (year 0).
    persistence
        What becomes of effects after the last estimated year where the horizon is longer: "none"
        (then it must not be), "constant", "half_life" (by the assumption of that name) or "linear"
        (in a straight line to nothing in the first year after the horizon).
    roles
        What outcomes are to the account, on top of the contract's own: `wage`,
        `benefit:<scheme>`, a `Benefit` of your own, or None to leave one out. `tax_on_wage`, where
        `tax_by_decile` gave it, is in place of the one rate `tax_rate_wage`.
    composed
        The same effects with other start years behind each year,
        `event_study(composition="balanced")` and "filled": what they come to stands beside, in
        `objections`.

    Returns
    -------
    CostBenefit

    Raises
    ------
    AssumptionError
        An outcome without a role, a total beside its parts, another currency, or effects and
        assumptions in the prices of different years.
    EffectsError
        A year of the horizon has no estimated effect, and nothing is said of its persistence; or
        effects in `composed` lack an outcome or a year of the account.

    Notes
    -----
    The account ends at the horizon; nothing is added for later years (`residual_value()` stands
    beside it). What each flow is, and who pays it, stands in `CostBenefit.ledger()`. Deadweight,
    what would have come about anyway, is no option: the control group has removed it.

    References
    ----------
    Norwegian Ministry of Finance, circular R-109/2021, Prinsipper og krav ved utarbeidelse av
    samfunnsøkonomiske analyser.

    Examples
    --------
    >>> import pandas as pd
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = EffectSeries.from_frame(planted, price_year=2024)
    >>> case = cost_benefit(
    ...     effects, Assumptions.simplified(), programme=Programme.none(), horizon=3
    ... )
    >>> round(case.npv), case.break_even_year, case.interval()
    (302463, 0, None)
    """
    require_effects("cost_benefit", effects)
    arguments.instance(
        "cost_benefit", assumptions, Assumptions, "assumptions", "give mih.Assumptions.r109()",
    )  # fmt: skip
    arguments.instance(
        "cost_benefit", programme, Programme, "a programme", "give programme=mih.Programme.none()",
    )  # fmt: skip
    arguments.whole("horizon", horizon)
    _require_options(horizon, persistence)
    effects = effects.subgroup(effects.subgroups[0])  # with subgroups, of all participants
    entered, benefits = roles_of(effects, roles)
    require_same_money(effects, entered, assumptions, programme)
    estimated = estimated_years(effects, horizon, persistence)
    theta, covariance = effects.select(tuple(entered), tuple(range(estimated)))
    return CostBenefit(
        effects=frozen(theta),
        covariance=None if covariance is None else frozen(covariance),
        outcomes=tuple(entered),
        roles=tuple(entered.values()),
        benefits=benefits,
        starters=frozen(starters_behind(effects.frame, entered, estimated)),
        giving=_giving(effects, entered, estimated),
        horizon=horizon,
        persistence=persistence,
        assumptions=assumptions,
        programme=programme,
        composed=composed_of(composed, tuple(entered), tuple(range(estimated)), effects.price_year),
        before=before_start(effects, entered),
        provenance=effects.provenance.then(
            "cost_benefit",
            {"horizon": horizon, "persistence": persistence, "estimand": effects.estimand}
            | ({} if assumptions.currency == "NOK" else {"currency": assumptions.currency})
            | ({} if effects.design_weights is None else {"weights": effects.design_weights})
            | tax_rates_of(effects, entered)
            | left_out_of(effects, entered),
        ),
    )


def _giving(
    effects: EffectSeries, entered: Mapping[str, str], estimated: int
) -> pd.DataFrame | None:
    """Return who contributes to the effects of the account, outcome by outcome, year by year."""
    if effects.contributions is None:
        return None
    family = effects.frame if effects.family is None else effects.family
    own = family["subgroup"].isin(effects.subgroups) & family["outcome"].isin(list(entered))
    own &= family["year_since_start"].isin(range(estimated))
    keys = family.loc[own, ["outcome", "level"]]
    return pd.concat([keys, effects.contributions[own.to_numpy()].set_axis(keys.index)], axis=1)


def _require_options(horizon: int, persistence: str) -> None:
    arguments.whole("horizon", horizon, low=1, high=LONGEST_HORIZON)
    arguments.choice("cost_benefit", "persistence", persistence, get_args(Persistence))


def require_account(call: str, case: Any, *, what: str = "") -> None:
    """Raise on what is no account by the Norwegian rules; `what` names what is asked for."""
    arguments.instance(call, case, CostBenefit, "an account", "give what mih.cost_benefit returned")
    require_norwegian(case, what or call)
