"""What an account is made of, and the numbers it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.ledger import (
    MOST_DRAWS,
    FloatArray,
    break_even_year,
    draw_effects,
    probability_positive,
)
from mih_impact.account.parameters import Persistence, with_values
from mih_impact.account.programme import Programme
from mih_impact.account.roles import GROUPS, STATE_BENEFITS, TAX, Benefit, require_group
from mih_impact.account.rules import AccountModel
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label
from mih_impact.display.result import NoContributors, Provenance, Result
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import AssumptionError, EffectsError

__all__ = [
    "AccountValues",
    "BeforeStart",
    "Composed",
    "basis_of",
    "require_norwegian",
    "require_one_rate",
    "require_price_year",
    "require_same_money",
]


#: How far below zero a present value still counts as zero, relative to the largest flow: rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Composed:
    """The effects of an account with other start years behind each year.

    Attributes
    ----------
    composition
        Which, as `event_study` has it: "balanced", "filled".
    effects, covariance
        As those of the account, outcome by outcome.
    """

    composition: str
    effects: FloatArray
    covariance: FloatArray | None


@dataclass(frozen=True)
class BeforeStart:
    """How alike participants and controls were before start, few persons hidden.

    Attributes
    ----------
    how
        What made them alike: "match" or "weight"; "" where the balance is not known.
    rows, apart, largest
        Rows of the balance after it, how many differ by more than is tolerated, and the largest
        difference; in standard deviations.
    years
        Years since start that the pre-trend test of the wage looked at.
    p_value, passed
        Of that test, and whether no difference was found; NaN and None where nothing is tested.
    """

    how: str
    rows: int
    apart: int
    largest: float
    years: tuple[int, ...]
    p_value: float
    passed: bool | None


@dataclass(frozen=True, eq=False, repr=False)
class AccountValues(Result):
    """The numbers of an account: what it is worth, to whom, when, and how surely.

    Attributes
    ----------
    effects
        Estimated effects, shape (R, S), NOK per starter and year.
    covariance
        Their covariance, outcome-major, shape (R * S, R * S), or None.
    outcomes, roles, benefits
        The names of the R rows of `effects`, what they are to the account, and what is known of the
        benefits among them.
    starters
        Participants behind the wage effect of each estimated year, shape (S,); NaN where not known.
    horizon
        Years of the account, T, the start year included.
    persistence
        What becomes of the effects in the T - S years after the last estimated one.
    assumptions, programme
        What the account rests on, as given.
    provenance
        Versions, options and fingerprint of the data.
    composed
        The effects with other start years behind each year; they stand beside, in `objections`.
    before
        How alike participants and controls were before start; empty where that is not known.
    giving
        Who contributes to the effects, where that is known: `outcome, level` and the columns of
        `contributions`. In memory only, never saved.

    Notes
    -----
    All else is computed from these on request, so that a loaded account is the saved one.
    """

    contributors = NoContributors(
        "those of its effects are in `giving`; see `tables.require_enough`"
    )

    effects: FloatArray
    covariance: FloatArray | None
    outcomes: tuple[str, ...]
    roles: tuple[str, ...]
    benefits: tuple[Benefit, ...]
    starters: FloatArray
    horizon: int
    persistence: Persistence
    assumptions: Assumptions
    programme: Programme
    provenance: Provenance
    composed: Sequence[Composed] = ()
    before: Sequence[BeforeStart] = ()

    @property
    def estimand(self) -> str:
        """Whose effect is priced: "att", who started; "atc", candidates, had they; "ate", both."""
        return str(self.provenance.options.get("estimand", "att"))

    giving: pd.DataFrame | None = field(default=None, metadata={"saved": False})

    @property
    def price_year(self) -> int:
        """The year whose prices the account is in."""
        return self.assumptions.price_year

    @property
    def currency(self) -> str:
        """The currency of every amount, by its ISO code."""
        return self.assumptions.currency

    @property
    def npv(self) -> float:
        """Net present value to society, NOK per starter."""
        return self.present_value("society")

    @property
    def public(self) -> float:
        """Discounted effect on public budgets, NOK per starter; costs in kind included."""
        return self.present_value("public")

    def present_value(self, of: str = "society") -> float:
        """Return the present value of a group, `public`, `society` or an actor: NOK per starter."""
        return float(self._cumulative[require_group(of), -1])

    @property
    def std_error(self) -> float | None:
        """Standard error of the net present value, NOK per starter; None without a covariance."""
        return (
            None
            if self._std_errors is None
            else float(self._std_errors[require_group("society"), -1])
        )

    @named_options
    def interval(self, level: float = 0.95, *, of: str = "society") -> tuple[float, float] | None:
        """Return the confidence interval of a present value; None without a covariance.

        Parameters
        ----------
        level
            Coverage of the interval.
        of
            An actor, `public` or `society`.

        Returns
        -------
        tuple of float, or None
            The lower and the upper end, NOK per starter (the currency of the account).
        """
        arguments.level(level)
        if self._std_errors is None:
            return None
        value = self.present_value(of)
        reach = NormalDist().inv_cdf(0.5 + level / 2) * float(
            self._std_errors[require_group(of), -1]
        )
        return value - reach, value + reach

    @property
    def probability_positive(self) -> float | None:
        """Probability of a positive net present value; None without a covariance.

        Sampling uncertainty only: selection on unobservables is not included.
        """
        return None if self.std_error is None else probability_positive(self.npv, self.std_error)

    @property
    def break_even_year(self) -> int | None:
        """Years since start from which society's account stays at or above zero."""
        return self.break_even("society")

    def break_even(self, of: str = "society") -> int | None:
        """Return the year since start, 0 the first, from which a group has broken even.

        Its cumulative present value is then zero or more to the end of the account; None if never.
        """
        return break_even_year(self._cumulative[require_group(of)], tolerance=self.tolerance)

    @property
    def tolerance(self) -> float:
        """How far below zero a present value still counts as zero, NOK: rounding."""
        return _ROUNDING * float(np.abs(self.model.ledger().amounts(self.path)).max(initial=0.0))

    @property
    def path(self) -> FloatArray:
        """Effects of each of T years of the account, shape (R, T): estimated, then by persistence.

        A row is one of the R `roles`, wage first; NOK per starter, not discounted.
        """
        return self.model.path(self.effects)

    def draws(self, n: int, seed: int) -> pd.DataFrame:
        """Draw present values of every group from the sampling uncertainty of the effects.

        Parameters
        ----------
        n
            Number of draws.
        seed
            Seed of the generator; the same draws of the effects serve every group.

        Returns
        -------
        DataFrame
            One row per draw, one column per actor, `public` and `society`; NOK per starter.

        Raises
        ------
        EffectsError
            The effects came without a covariance.
        """
        if self.covariance is None:
            raise EffectsError(
                "The effects have no covariance to draw from",
                do="estimate them, or give from_frame a covariance",
            )
        what = "There must be at least one draw, and a whole number of them"
        arguments.whole("n", n, low=1, high=MOST_DRAWS, what=what)
        arguments.seed(seed)
        effects = draw_effects(self.effects, self.covariance, n, seed)
        values = self.model.accumulated.values(effects)[..., -1]
        return pd.DataFrame(values, columns=list(GROUPS)).rename_axis("draw")

    def with_assumptions(self, assumptions: Assumptions) -> Self:
        """Return the same effects and programme under other assumptions.

        Raises
        ------
        AssumptionError
            The assumptions are in the prices of another year than the effects.
        """
        arguments.instance(
            "with_assumptions", assumptions, Assumptions, "assumptions",
            "give mih.Assumptions.r109() or a changed copy of case.assumptions",
        )  # fmt: skip
        require_price_year(self.price_year, assumptions)
        return replace(self, assumptions=assumptions)

    def with_values(self, values: Mapping[str, float]) -> Self:
        """Return the account with some assumptions changed, by the names of `assumptions_frame`.

        Parameters
        ----------
        values
            New values by name: a rate (`tax_rate_wage`), a cost (`cost:school`, its sum over the
            years per participant in the phase), a reach (`reach:school`), `age_at_start`; or
            `vacancy`, see `Assumptions.replace`.

        Raises
        ------
        OptionError
            A name that does not exist, or a value it cannot have.
        """
        arguments.mapping("values", values, '{"tax_rate_wage": 0.3}')
        self.model.require_moved(values)
        assumptions, programme = with_values(self.assumptions, self.model.programme, values)
        return replace(self, assumptions=assumptions, programme=programme)

    def has_headline(self, name: str) -> bool:
        """Return whether a variant belongs beside the headline.

        Parameters
        ----------
        name
            One of `Programme.headlines`. It belongs there where the programme asks for it, and
            where its assumption is not 0.
        """
        return name in self.programme.headlines or self.assumptions[name].value != 0

    def switching_scale(self, of: str = "society") -> float | None:
        """Return the scale of all effects at which a present value is zero, costs held.

        Parameters
        ----------
        of
            An actor, `public` or `society`.

        Returns
        -------
        float or None
            0.2 says that a fifth of the estimated effects would be enough. None if no scale does
            it, because the effects do not move this present value.
        """
        constant = float(self.model.accumulated.constants[require_group(of), -1])
        driven = self.present_value(of) - constant
        return None if driven == 0 else -constant / driven

    @cached_property
    def model(self) -> AccountModel:
        """The account as a function of effects and assumptions; the programme in its prices."""
        return AccountModel(
            self.roles,
            self.benefits,
            self.effects.shape[1],
            self.horizon,
            self.persistence,
            self.assumptions,
            self.programme.in_prices(self.price_year),
        )

    @property
    def discount_factors(self) -> FloatArray:
        """Discount factors by year since start, shape (T,)."""
        return self.assumptions.discount.factors(self.horizon)

    @property
    def late_costs(self) -> float:
        """Programme costs after the horizon, left out: NOK per starter, not discounted."""
        programme = self.model.programme
        items = [item for item in programme.items if item.kind == "real"]
        after = [item.path(1 + programme.last_year)[self.horizon :] for item in items]
        return float(sum(path.sum() for path in after))

    def unsure(self) -> tuple[Assumption, ...]:
        """Return the assumptions in use that are remembered or assumed."""
        used = {item.name for item in self.used_assumptions()}
        return tuple(item for item in self.assumptions.unsure() if item.name in used)

    def used_assumptions(self) -> tuple[Assumption, ...]:
        """Return every assumption that can matter here: the rates, then what the programme assumes.

        Left out are the taxed share of benefits where there is no total of them, the one rate on
        wages where tax is by decile, and assumptions about later years where there are none.
        """
        unused: set[str] = set() if STATE_BENEFITS in self.roles else {"taxable_benefit_share"}
        if TAX in self.roles:
            unused.add("tax_rate_wage")
        if self.horizon == self.effects.shape[1]:
            unused |= {"half_life", "real_growth", "age_at_start"}
        return tuple(item for item in self.model.items if item.name not in unused)

    @cached_property
    def _cumulative(self) -> FloatArray:
        return self.model.accumulated.values(self.effects)

    @cached_property
    def _known(self) -> dict[object, Any]:
        """What was found of the account, by what was asked: it never changes."""
        return {}

    @cached_property
    def _std_errors(self) -> FloatArray | None:
        return (
            None if self.covariance is None else self.model.accumulated.std_errors(self.covariance)
        )


def require_norwegian(case: AccountValues, what: str) -> None:
    """Raise on an account with rules of its own, where the Norwegian ones are spoken of."""
    if case.assumptions.preset == "bare":
        raise AssumptionError(
            f"{what} is for accounts by the Norwegian rules, in kroner",
            found=f"an account with rules of its own, in {case.currency}",
            do="use the account's card, tables and figures; or convert effects and costs to NOK,"
            " and start from mih.Assumptions.r109()",
        )


def require_one_rate(case: AccountValues) -> None:
    """Raise on tax by decile, where each flow is reckoned again from the rates of the account."""
    if TAX in case.roles:
        raise AssumptionError(
            "The workbook has one rate of tax on wages",
            found="tax by decile of the controls' income",
            do="leave that tax out: roles={'tax_on_wage': None}, and give the share that"
            " case.objections() says it comes to as tax_rate_wage of the assumptions",
        )


def require_price_year(price_year: int, assumptions: Assumptions) -> None:
    """Raise unless effects and assumptions are in the prices of one year."""
    if price_year != assumptions.price_year:
        raise AssumptionError(
            "Effects and assumptions are in the prices of different years",
            found=f"effects {price_year}, assumptions {assumptions.price_year}",
            do=f"write assumptions.replace(price_year={price_year}),"
            " or read the panel with the other price year",
        )


def require_same_money(
    effects: EffectSeries,
    entered: Mapping[str, str],
    assumptions: Assumptions,
    programme: Programme,
) -> None:
    """Raise unless effects, assumptions and programme are in the same currency and prices."""
    own = assumptions.currency
    foreign = sorted({str(effects.units[name]) for name in entered} - {own})
    foreign += sorted({item.unit for item in programme.items} - {own})
    if foreign:
        raise AssumptionError(
            "The account is in Norwegian kroner" if own == "NOK" else f"The account is in {own}",
            found=", ".join(foreign),
            do=f"convert effects and costs to {own}; or give rules of another currency, by"
            f" mih.Assumptions.bare(currency={foreign[0]!r}, price_year=..., discount_rate=...)",
        )
    require_price_year(effects.price_year, assumptions)


_BASIS = Label(
    nb="{programme}. {preset}, analyseperiode {years} år.",
    en="{programme}. {preset}, horizon {years} years.",
)
#: The rules of an account, by the name of the preset.
PRESETS = {
    "r109": Label(nb="R-109/2021", en="R-109/2021"),
    "simplified": Label(nb="Forenklede regler", en="Simplified rules"),
    "bare": Label(nb="Egne regler", en="Own rules"),
}


def basis_of(case: AccountValues) -> Label:
    """Return the line that stands beneath every figure of an account."""
    preset = case.assumptions.preset
    rules = PRESETS.get(preset, Label(nb=preset, en=preset))
    return _BASIS.format(programme=case.programme.label, preset=rules, years=case.horizon)
