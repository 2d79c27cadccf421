"""Draws of the whole account: the same for every actor, so that identities hold draw by draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.economics.actors import GROUPS
from mih_impact.economics.basis import basis_of
from mih_impact.economics.evaluate import MOST_DRAWS, break_even_years, discounted
from mih_impact.economics.ledger import Ledger
from mih_impact.economics.measures import programme_costs
from mih_impact.economics.parameters import Setting
from mih_impact.economics.uncertainty.draws import (
    EffectDraws,
    drawn_effects,
    drawn_values,
    given_effects,
)
from mih_impact.economics.uncertainty.result import Uncertainty
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Timing

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["uncertainty_of"]

FloatArray = NDArray[np.float64]


def uncertainty_of(
    case: AccountValues, n: int, seed: int, resampled: EffectDraws | None
) -> Uncertainty:
    """Draw effects and assumptions, apart and together; see `CostBenefit.uncertainty`."""
    arguments.whole("n", n, low=100, high=MOST_DRAWS, error=AssumptionError)
    arguments.seed(seed, error=AssumptionError)
    effects = drawn_effects(case, n, seed) if resampled is None else given_effects(case, resampled)
    n = n if effects is None else len(effects)
    values = drawn_values(case, n, seed)
    books, setting = case._books, case._books.setting(values)
    ledger = books.ledger(values)  # one ledger for all that is drawn
    factors = books.factors(ledger, setting)

    def flows(paths: FloatArray) -> FloatArray:
        return discounted(ledger, books.path(paths, values), factors)

    def totals(flows: FloatArray) -> FloatArray:
        return np.array(np.broadcast_to(flows.sum(axis=-1), (n, len(GROUPS))))

    draws = {}
    alone = flows(case.effects)
    last = alone if effects is None else flows(effects)
    if effects is not None:
        draws["sampling"] = case._accumulated.totals(effects)
        draws["total"] = totals(last)
    draws["assumptions"] = totals(alone)
    cumulative = np.broadcast_to(np.cumsum(last, axis=-1), (n, len(GROUPS), case.horizon))
    errors = case._std_errors
    kind = "resampled" if resampled is not None else "none" if effects is None else "normal"
    return Uncertainty(
        draws=draws,
        break_even=break_even_years(cumulative, tolerance=case._rounding),
        programme=np.array(np.broadcast_to(_programme(ledger, setting, factors), (n, len(GROUPS)))),
        cost=programme_costs(case)[1],
        std_errors=np.full(len(GROUPS), np.nan) if errors is None else errors[:, -1].copy(),
        horizon=case.horizon,
        price_year=case.price_year,
        seed=seed,
        kind=kind,
        basis=basis_of(case),
        provenance=replace(case.provenance, call="uncertainty", seed=seed),
    )


def _programme(
    ledger: Ledger, setting: Setting, factors: Mapping[Timing | None, FloatArray]
) -> FloatArray:
    """Return what the programme's resources cost each group, tax-financing included, (..., G).

    Its grants are no part of it: a dearer programme does not get larger ones.
    """
    lines = tuple(
        line
        for line in ledger.lines
        if line.kind == "real" and line.component.startswith("programme:")
    )
    if not lines:
        return np.zeros(len(GROUPS))
    costs = Ledger(lines, ledger.roles)
    nothing = np.zeros((len(ledger.roles), ledger.n_years))
    value = discounted(costs, nothing, factors).sum(axis=-1)
    financed = setting["tax_financing_cost"] * value[..., GROUPS.index("public")]
    bearing = np.isin(GROUPS, ("rest_of_society", "society")).astype(np.float64)
    return np.asarray(value + np.asarray(financed)[..., None] * bearing)
