"""Draws of the whole account: the same for every actor, so that identities hold draw by draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.economics.actors import GROUPS
from mih_impact.economics.basis import basis_of
from mih_impact.economics.evaluate import break_even_years
from mih_impact.economics.measures import programme_costs
from mih_impact.economics.uncertainty.draws import (
    EffectDraws,
    drawn_effects,
    drawn_values,
    given_effects,
)
from mih_impact.economics.uncertainty.result import Uncertainty
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["uncertainty_of"]

FloatArray = NDArray[np.float64]


def uncertainty_of(
    case: AccountValues, n: int, seed: int, resampled: EffectDraws | None
) -> Uncertainty:
    """Draw effects and assumptions, apart and together; see `CostBenefit.uncertainty`."""
    arguments.whole("n", n, low=100, error=AssumptionError)
    arguments.seed(seed, error=AssumptionError)
    effects = drawn_effects(case, n, seed) if resampled is None else given_effects(case, resampled)
    n = n if effects is None else len(effects)
    values = drawn_values(case, n, seed)
    books, point = case._books, case.effects

    def totals(flows: FloatArray) -> FloatArray:
        return np.array(np.broadcast_to(flows.sum(axis=-1), (n, len(GROUPS))))

    draws = {}
    if effects is not None:
        draws["sampling"] = totals(case._accumulated.values(effects)[..., -1:])
    draws["assumptions"] = totals(books.discounted(point, values))
    flows = books.discounted(point if effects is None else effects, values)
    if effects is not None:
        draws["total"] = totals(flows)
    cumulative = np.broadcast_to(np.cumsum(flows, axis=-1), (n, len(GROUPS), case.horizon))
    errors = case._std_errors
    kind = "resampled" if resampled is not None else "none" if effects is None else "normal"
    return Uncertainty(
        draws=draws,
        break_even=break_even_years(cumulative, tolerance=case._rounding),
        programme=_programme(case, values, n),
        cost=programme_costs(case)[1],
        std_errors=np.full(len(GROUPS), np.nan) if errors is None else errors[:, -1].copy(),
        horizon=case.horizon,
        price_year=case.price_year,
        seed=seed,
        kind=kind,
        basis=basis_of(case),
        provenance=replace(case.provenance, call="uncertainty", seed=seed),
    )


def _programme(case: AccountValues, values: dict[str, FloatArray], n: int) -> FloatArray:
    """Return what the programme's costs are to each group, tax-financing included, shape (n, G)."""
    nothing = np.zeros_like(case.effects)
    books = replace(case._books, assumptions=case.assumptions.replace(avoided_measures=0.0))
    kept = {name: value for name, value in values.items() if name != "avoided_measures"}
    flows = books.discounted(nothing, kept).sum(axis=-1)
    return np.array(np.broadcast_to(flows, (n, len(GROUPS))))
