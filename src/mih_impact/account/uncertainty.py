"""Draws of the account: of sampling, of assumptions, and of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol, cast
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.indicators import programme_costs
from mih_impact.account.ledger import (
    MOST_DRAWS,
    FloatArray,
    Ledger,
    break_even_years,
    discounted,
    draw_effects,
)
from mih_impact.account.parameters import Setting
from mih_impact.account.roles import GROUPS
from mih_impact.account.tables import require_enough
from mih_impact.account.uncertainty_result import Uncertainty
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import AssumptionError, EffectsError, OptionError
from mih_impact.reference.discount import Timing

__all__ = [
    "EffectDraws",
    "drawn_effects",
    "drawn_values",
    "given_effects",
    "uncertainty_of",
]


class EffectDraws(Protocol):
    """Effects estimated again on draws of persons, such as `mih.resample` gives."""

    @property
    def effects(self) -> EffectSeries:
        """The effects that were drawn again."""

    @property
    def draws(self) -> FloatArray:
        """Estimates of every draw, shape (n, K * L), in the order of the effects' covariance."""


def drawn_effects(case: AccountValues, n: int, seed: int) -> FloatArray | None:
    """Return draws of the effects from their full covariance, (n, R, S); None without one."""
    if case.covariance is None:
        return None
    return draw_effects(case.effects, case.covariance, n, seed)


def given_effects(case: AccountValues, draws: EffectDraws) -> FloatArray:
    """Return the draws of a resampling for the effects of the account, shape (n, R, S).

    Raises
    ------
    EffectsError
        The draws are of other outcomes or years, or some of them are missing.
    """
    if not isinstance(getattr(draws, "effects", None), EffectSeries):
        raise OptionError(
            "resampled takes effects that mih.resample returned",
            found=f"a {type(draws).__name__}",
            do="draw them first: case.uncertainty(resampled=mih.resample(group))",
        )
    series, years = draws.effects, range(case.effects.shape[1])
    point, _ = series.select(case.outcomes, tuple(years))  # raises on what is not there
    if not np.allclose(point, case.effects, rtol=1e-9, atol=1e-6):
        raise EffectsError(
            "The draws are of other effects than the account's",
            found="estimates that differ",
            do="resample the same group with the same options as event_study had",
        )
    rows = [series.outcomes.index(name) for name in case.outcomes]
    columns = [series.event_years.index(year) for year in years]
    places = np.array([[k * len(series.event_years) + e for e in columns] for k in rows])
    found = np.asarray(draws.draws, dtype=np.float64)[:, places]
    if np.isnan(found).any():
        raise EffectsError(
            "Some draws have no estimate in the years of the account",
            found=f"{int(np.isnan(found).any(axis=(1, 2)).sum())} of {len(found)} draws",
            do="resample again: saved draws have their small cells blanked",
        )
    return found


def drawn_values(case: AccountValues, n: int, seed: int) -> dict[str, FloatArray]:
    """Return n values of every assumption that varies.

    Each is drawn from a generator of its own name, so that its draws do not depend on which
    others vary.
    """
    values = {
        item.name: item.drawn(np.random.default_rng([seed, crc32(item.name.encode())]).random(n))
        for item in case.used_assumptions()
        if item.is_drawn
    }
    shares = [
        values.get(name, np.full(1, getattr(case.assumptions, name)))
        for name in ("municipal_tax_share", "county_tax_share")
    ]
    if (shares[0] + shares[1]).max() > 1:
        raise AssumptionError(
            "The ranges of the tax shares let municipality and county get more than all of the tax",
            found=f"up to {(shares[0] + shares[1]).max():g}",
            do="give municipal_tax_share and county_tax_share ranges whose high ends sum to 1",
        )
    return values


def uncertainty_of(
    case: AccountValues, n: int, seed: int, resampled: EffectDraws | None
) -> Uncertainty:
    """Draw effects and assumptions, apart and together; see `CostBenefit.uncertainty`."""
    require_enough(case)
    arguments.whole("n", n, low=100, high=MOST_DRAWS)
    arguments.seed(seed)
    asked, known = (n, seed), case._known.get("uncertainty")
    if resampled is None and known is not None and known[0] == asked:
        return cast("Uncertainty", known[1])
    effects = drawn_effects(case, n, seed) if resampled is None else given_effects(case, resampled)
    n = n if effects is None else len(effects)
    values = drawn_values(case, n, seed)
    draws = {}
    if effects is not None:
        draws["sampling"] = case.model.accumulated.totals(effects)
    ends = [*range(0, n, _AT_ONCE), n]
    blocks = [slice(first, last) for first, last in pairwise(ends)]
    found = [_evaluated(case, values, effects, block) for block in blocks]
    last, draws["assumptions"], programme, break_even = map(
        np.concatenate, zip(*found, strict=True)
    )
    if effects is not None:
        draws["total"] = last
    errors = case._std_errors
    kind = "resampled" if resampled is not None else "none" if effects is None else "normal"
    uncertainty = Uncertainty(
        draws=draws,
        break_even=break_even,
        programme=programme,
        cost=programme_costs(case)[1],
        std_errors=np.full(len(GROUPS), np.nan) if errors is None else errors[:, -1].copy(),
        horizon=case.horizon,
        price_year=case.price_year,
        seed=seed,
        kind=kind,
        basis=basis_of(case),
        provenance=replace(case.provenance, call="uncertainty", seed=seed),
    )
    if resampled is None:
        for array in (*draws.values(), break_even, programme, uncertainty.std_errors):
            array.setflags(write=False)  # it is answered with again
        case._known["uncertainty"] = asked, uncertainty  # the last alone: they are large
    return uncertainty


#: Draws whose ledgers are written at once: as fast as all of them, in a fraction of the memory.
_AT_ONCE = 2_000


def _evaluated(
    case: AccountValues, values: dict[str, FloatArray], effects: FloatArray | None, block: slice
) -> tuple[NDArray[Any], ...]:
    """Return what some of the draws come to, each of shape (n, G).

    Present values under drawn effects, where there are such, and drawn assumptions; under drawn
    assumptions alone; what the programme's resources cost; and the year of break-even.
    """
    drawn = {name: each[block] for name, each in values.items()}
    model, setting = case.model, case.model.setting(drawn)
    ledger = model.ledger(drawn)  # one ledger for all that is drawn
    factors = model.factors(ledger, setting)

    def flows(paths: FloatArray) -> FloatArray:
        return discounted(ledger, model.path(paths, drawn), factors)

    def whole(found: NDArray[Any]) -> NDArray[Any]:
        return np.array(np.broadcast_to(found, (block.stop - block.start, len(GROUPS))))

    alone = flows(case.effects)
    last = alone if effects is None else flows(effects[block])
    break_even = break_even_years(np.cumsum(last, axis=-1), tolerance=case.tolerance)
    sums = last.sum(axis=-1), alone.sum(axis=-1)
    return tuple(map(whole, (*sums, _programme(ledger, setting, factors), break_even)))


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
