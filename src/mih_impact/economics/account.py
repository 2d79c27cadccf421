"""The verb of this floor: effects, assumptions and a programme, put together in one account."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.provenance import Provenance
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.persistence import Persistence, require_persistence
from mih_impact.economics.programme import Programme
from mih_impact.economics.roles import Benefit, roles_of
from mih_impact.economics.tables import starters_behind
from mih_impact.economics.values import require_price_year
from mih_impact.effects.series import EffectSeries
from mih_impact.effects.taken import require_effects
from mih_impact.errors import AssumptionError, EffectsError
from mih_impact.signatures import named_options

__all__ = ["CostBenefit", "cost_benefit"]

#: Years of the longest account: more than two lifetimes.
LONGEST_HORIZON = 200

FloatArray = NDArray[np.float64]


@named_options
def cost_benefit(
    effects: EffectSeries,
    assumptions: Assumptions,
    *,
    programme: Programme,
    horizon: int = 7,
    persistence: Persistence = "none",
    roles: Mapping[str, str | Benefit | None] | None = None,
) -> CostBenefit:
    """Reckon what the effects are worth to society, to public budgets and to every actor.

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
        `benefit:<scheme>`, a `Benefit` of your own, or None to leave one out.

    Returns
    -------
    CostBenefit

    Raises
    ------
    AssumptionError
        An outcome without a role, a total beside its parts, another currency, or effects and
        assumptions in the prices of different years.
    EffectsError
        A year of the horizon has no estimated effect, and nothing is said of its persistence.

    Notes
    -----
    The account is cut at the horizon; nothing is added for later years (`residual_value()` stands
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
        error=AssumptionError,
    )  # fmt: skip
    arguments.instance(
        "cost_benefit", programme, Programme, "a programme", "give programme=mih.Programme.none()",
        error=AssumptionError,
    )  # fmt: skip
    arguments.whole("horizon", horizon, error=AssumptionError)
    _require_options(horizon, persistence)
    effects = effects.subgroup(effects.subgroups[0])  # with subgroups, of all participants
    entered, benefits = roles_of(effects, roles)
    _require_same_money(effects, entered, assumptions, programme)
    estimated = _estimated_years(effects, horizon, persistence)
    theta, covariance = effects.select(tuple(entered), tuple(range(estimated)))
    return CostBenefit(
        effects=_frozen(theta),
        covariance=None if covariance is None else _frozen(covariance),
        outcomes=tuple(entered),
        roles=tuple(entered.values()),
        benefits=benefits,
        starters=_frozen(starters_behind(effects.frame, entered, estimated)),
        giving=_giving(effects, entered, estimated),
        horizon=horizon,
        persistence=persistence,
        assumptions=assumptions,
        programme=programme,
        provenance=Provenance.of(
            "cost_benefit",
            {"horizon": horizon, "persistence": persistence},
            data=effects.provenance.data,
            evidence=effects.provenance.evidence,
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


def _frozen(array: FloatArray) -> FloatArray:
    """Return a read-only copy."""
    copy = np.array(array, dtype=np.float64)
    copy.setflags(write=False)
    return copy


def _require_options(horizon: int, persistence: str) -> None:
    arguments.whole("horizon", horizon, low=1, error=AssumptionError)
    if horizon > LONGEST_HORIZON:
        raise AssumptionError(
            "The horizon is longer than anybody can account for",
            found=f"horizon={arguments.shown(horizon)}",
            do=f"give at most {LONGEST_HORIZON} years",
        )
    require_persistence(persistence)


def _estimated_years(effects: EffectSeries, horizon: int, persistence: Persistence) -> int:
    """Return how many years of the horizon are estimated; raise where the rest is not known."""
    absent = [year for year in range(horizon) if year not in effects.event_years]
    if not absent:
        return horizon
    last = max((year for year in effects.event_years if year >= 0), default=None)
    if persistence != "none" and last is not None and min(absent) > last:
        return last + 1
    if last is None:
        advice = "estimate years from 0 on"
    elif min(absent) < last:
        advice = "estimate every year from 0 on; only years after the last one can be extended"
    else:
        advice = (
            f"use horizon={last + 1} or less, estimate a longer window, or say what becomes of the"
            " effects: persistence='constant', 'half_life' or 'linear'"
        )
    raise EffectsError(
        "The horizon is longer than the effects reach",
        found=f"horizon {horizon} (years 0 to {horizon - 1}); no effects in"
        f" {', '.join(map(str, absent))}",
        do=advice,
    )


def _require_same_money(
    effects: EffectSeries,
    entered: Mapping[str, str],
    assumptions: Assumptions,
    programme: Programme,
) -> None:
    """Raise unless effects, assumptions and programme are in the same currency and prices."""
    foreign = sorted({str(effects.units[name]) for name in entered} - {"NOK"})
    foreign += sorted({item.unit for item in programme.items} - {"NOK"})
    if foreign:
        raise AssumptionError(
            "The account is in Norwegian kroner",
            found=", ".join(foreign),
            do="convert effects and costs to NOK; the rates of the rules are Norwegian",
        )
    require_price_year(effects.price_year, assumptions)
