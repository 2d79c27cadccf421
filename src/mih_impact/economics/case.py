"""The cost-benefit account as a result: what it is worth, to whom, when, and how surely."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.card import Card
from mih_impact.display.labels import Lang
from mih_impact.display.options import current
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.economics import tables
from mih_impact.economics.actors import GROUPS
from mih_impact.economics.assumptions import Assumption, Assumptions
from mih_impact.economics.beside import beside_frame
from mih_impact.economics.checks import nearest
from mih_impact.economics.evaluate import (
    Accumulated,
    accumulate,
    break_even_year,
    draw_effects,
    probability_positive,
)
from mih_impact.economics.ledger import Ledger
from mih_impact.economics.programme import Programme
from mih_impact.economics.roles import STATE_BENEFITS
from mih_impact.economics.rules import build_ledger
from mih_impact.errors import AssumptionError, EffectsError
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CostBenefit"]

FloatArray = NDArray[np.float64]

#: How far below zero a present value still counts as zero, relative to the largest flow: rounding.
_ROUNDING = 1e-9


@saveable("CostBenefit")
@dataclass(frozen=True, eq=False, repr=False)
class CostBenefit(Result):
    """A cost-benefit account per starter, fixed prices; made by `cost_benefit`.

    Attributes
    ----------
    effects
        Effects, shape (R, T), NOK per starter and year.
    covariance
        Their covariance, outcome-major, shape (R * T, R * T), or None.
    roles
        What the R rows of `effects` are to the account.
    starters
        Participants behind the wage effect of each year, shape (T,); NaN where not known.
    assumptions, programme
        What the account rests on, as given.
    provenance
        Versions, options and fingerprint of the data.

    Notes
    -----
    All else is reckoned from these on request, so that a loaded account is the saved one.
    """

    effects: FloatArray
    covariance: FloatArray | None
    roles: tuple[str, ...]
    starters: FloatArray
    assumptions: Assumptions
    programme: Programme
    provenance: Provenance

    @property
    def horizon(self) -> int:
        """Years of the account, the start year included."""
        return int(self.effects.shape[1])

    @property
    def price_year(self) -> int:
        """The year whose prices the account is in."""
        return self.assumptions.price_year

    @property
    def npv(self) -> float:
        """Net present value to society, NOK per starter."""
        return self.present_value("society")

    @property
    def public(self) -> float:
        """Discounted effect on public budgets, NOK per starter; costs in kind included."""
        return self.present_value("public")

    def present_value(self, of: str = "society") -> float:
        """Return the present value of one group: an actor, `public` or `society`."""
        return float(self._cumulative[_group(of), -1])

    @property
    def std_error(self) -> float | None:
        """Exact standard error of the net present value; None without a covariance."""
        return None if self._std_errors is None else float(self._std_errors[_group("society"), -1])

    def interval(self, level: float = 0.95, *, of: str = "society") -> tuple[float, float] | None:
        """Return the confidence interval of a present value; None without a covariance.

        Parameters
        ----------
        level
            Coverage of the interval.
        of
            An actor, `public` or `society`.
        """
        if not 0 < level < 1:
            raise AssumptionError(
                "The level of an interval is not between 0 and 1",
                found=f"{level:g}",
                do="write level=0.95",
            )
        if self._std_errors is None:
            return None
        value = self.present_value(of)
        reach = NormalDist().inv_cdf(0.5 + level / 2) * float(self._std_errors[_group(of), -1])
        return value - reach, value + reach

    @property
    def probability_positive(self) -> float | None:
        """Probability of a positive net present value; None without a covariance.

        Sampling uncertainty only: selection on what no register sees is not in it.
        """
        return None if self.std_error is None else probability_positive(self.npv, self.std_error)

    @property
    def break_even_year(self) -> int | None:
        """Years since start from which society's account stays at or above zero."""
        return self.break_even("society")

    def break_even(self, of: str = "society") -> int | None:
        """Return the break-even year of one group; None if it never breaks even."""
        largest = float(np.abs(self._ledger.amounts(self.effects)).max(initial=0.0))
        return break_even_year(self._cumulative[_group(of)], tolerance=_ROUNDING * largest)

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
        if n < 1:
            raise EffectsError("There must be at least one draw", found=str(n))
        effects = draw_effects(self.effects, self.covariance, n, seed)
        values = self._accumulated.values(effects)[..., -1]
        return pd.DataFrame(values, columns=list(GROUPS)).rename_axis("draw")

    def ledger(self) -> pd.DataFrame:
        """Return every entry of the ledger at the estimated effects.

        Returns
        -------
        DataFrame
            `year` (since start), `component, kind, actor, amount, present_value` (NOK per starter,
            a gain positive), `cash, budget_line, source`: a real flow has one entry a year, a
            transfer one for the payer and one for the receiver.
        """
        return tables.ledger_frame(self._ledger, self.effects, self.discount_factors)

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
        return tables.component_frame(self._ledger, self.effects, self.discount_factors)

    def beside(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return what must stand beside the headline.

        Returns
        -------
        DataFrame
            `name, value, unit, label, sentence`: the gross wage sum, the present value of wages,
            society and public budgets with leisure at the net wage and with every post new
            municipal money, and the scale of the effects at which each is zero.
        """
        return beside_frame(self, lang)

    def to_frame(self) -> pd.DataFrame:
        """Return the account, one row per actor and sum; see `by_actor`."""
        return self.by_actor()

    def with_assumptions(self, assumptions: Assumptions) -> CostBenefit:
        """Return the same effects and programme under other assumptions.

        Raises
        ------
        AssumptionError
            The assumptions are in the prices of another year than the effects.
        """
        require_price_year(self.price_year, assumptions)
        return replace(self, assumptions=assumptions)

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
        constant = float(self._accumulated.constants[_group(of), -1])
        driven = self.present_value(of) - constant
        return None if driven == 0 else -constant / driven

    def save(self, path: str | Path) -> Path:
        """Write the account to one file, small cells hidden; `load` reads it back."""
        hidden = (self.starters > 0) & (self.starters < current().min_cell)
        return save(replace(self, starters=np.where(hidden, np.nan, self.starters)), path)

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the cumulative present value by year, with interval and break-even."""
        from mih_impact.economics.figures import plot_cumulative

        return plot_cumulative(self, ax=ax, lang=lang)

    def plot_actors(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw who pays and who gains."""
        from mih_impact.economics.figures import plot_actors

        return plot_actors(self, ax=ax, lang=lang)

    def _card(self, lang: Lang) -> Card:
        from mih_impact.economics.card import account_card

        return account_card(self, lang)

    @cached_property
    def _ledger(self) -> Ledger:
        return build_ledger(self.roles, self.horizon, self.assumptions, self._programme)

    @property
    def discount_factors(self) -> FloatArray:
        """Discount factors by year since start, shape (T,)."""
        return self.assumptions.discount.factors(self.horizon)

    @property
    def late_costs(self) -> float:
        """Programme costs after the horizon, left out: NOK per starter, not discounted."""
        items = [item for item in self._programme.items if item.kind == "real"]
        after = [item.path(1 + self._programme.last_year)[self.horizon :] for item in items]
        return float(sum(path.sum() for path in after))

    def unsure(self) -> tuple[Assumption, ...]:
        """Return the assumptions in use that are remembered or assumed."""
        unused = () if STATE_BENEFITS in self.roles else ("taxable_benefit_share",)
        return tuple(item for item in self.assumptions.unsure() if item.name not in unused)

    @cached_property
    def _programme(self) -> Programme:
        return self.programme.in_prices(self.price_year)

    @cached_property
    def _accumulated(self) -> Accumulated:
        return accumulate(self._ledger, self.discount_factors)

    @cached_property
    def _cumulative(self) -> FloatArray:
        return self._accumulated.values(self.effects)

    @cached_property
    def _std_errors(self) -> FloatArray | None:
        return None if self.covariance is None else self._accumulated.std_errors(self.covariance)


def _group(name: str) -> int:
    """Return the position of an actor or sum."""
    if name not in GROUPS:
        raise AssumptionError(
            f"The account has no actor {name!r}",
            found=", ".join(GROUPS),
            do=f"use one of these{nearest(name, GROUPS)}",
        )
    return GROUPS.index(name)


def require_price_year(price_year: int, assumptions: Assumptions) -> None:
    """Raise unless effects and assumptions are in the prices of one year."""
    if price_year != assumptions.price_year:
        raise AssumptionError(
            "Effects and assumptions are in the prices of different years",
            found=f"effects {price_year}, assumptions {assumptions.price_year}",
            do=f"write assumptions.replace(price_year={price_year}),"
            " or read the panel with the other price year",
        )
