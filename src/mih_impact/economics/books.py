"""The books of an account: what turns effects and a setting of the assumptions into flows.

Everything that asks "what if" goes through `Books.discounted`: the point, a draw of the effects, a
draw of the assumptions, a step of a sensitivity analysis. A stack of settings is one call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.economics.assumption import Assumption
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.evaluate import Accumulated, accumulate, discounted
from mih_impact.economics.ledger import Ledger
from mih_impact.economics.parameters import Setting, all_assumptions
from mih_impact.economics.persistence import Persistence, extend, shares_kept
from mih_impact.economics.programme import Programme
from mih_impact.economics.roles import Benefit
from mih_impact.economics.rules import build_ledger
from mih_impact.reference.discount import Timing

__all__ = ["Books"]

FloatArray = NDArray[np.float64]
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class Books:
    """Roles, rules and horizon of one account.

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
        return Setting(self.assumptions, self.programme, changes)

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
        wages = np.array([role == "wage" for role in self.roles])
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
