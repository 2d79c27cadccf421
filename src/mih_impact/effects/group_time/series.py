"""Averages of group-time effects as the same result that an event study is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.covariates import entered, parse_term
from mih_impact.display.provenance import Provenance
from mih_impact.effects.frozen import build_series
from mih_impact.effects.group_time.aggregate import Aggregation, Average
from mih_impact.effects.group_time.hidden import in_overall, persons_behind
from mih_impact.effects.group_time.influence import FactoredInfluence
from mih_impact.effects.influence import sup_t
from mih_impact.effects.series import EffectSeries

if TYPE_CHECKING:
    from mih_impact.effects.group_time.result import GroupTimeEffects

__all__ = ["average_series"]

FloatArray = NDArray[np.float64]

#: Normal draws behind a band; they move its critical value by about 0.01 from seed to seed.
BAND_DRAWS = 20_000


def average_series(
    effects: GroupTimeEffects,
    average: Average,
    kind: Aggregation,
    influence: FactoredInfluence,
    options: dict[str, object],
) -> EffectSeries:
    """Freeze averages into the same result that an event study is."""
    K, L, G, T = average.kept.shape
    kept = average.kept.reshape(K, L, G * T)
    columns = effects.frame[["n_participants", "n_controls", "n_lost"]].to_numpy().T
    n, controls, lost = columns.reshape(3, K, G, T)
    reason = effects.frame["reason"].to_numpy().reshape(K, G, T)
    single = (reason == "one_participant").reshape(K, 1, G * T)
    alone = (~kept | single).all(axis=2)
    value = np.where(kept, np.nan_to_num(effects.estimate.reshape(K, 1, G * T)), 0.0)
    estimate = (average.weights.reshape(K, L, G * T) * value).sum(axis=2)
    estimate = np.where(kept.any(axis=2), estimate, np.nan)
    matrix = influence.covariance.copy()
    matrix[alone.ravel()] = np.nan
    matrix[:, alone.ravel()] = np.nan
    universal = effects.method.base_period == "universal" and kind == "event"
    base = (-1 - effects.method.anticipation,) if universal else ()
    based = average.asked & (reason != "no_base_year")[:, None]
    based_on = (reason == "base_year")[:, None]
    compared = persons_behind(average.kept, n)
    is_base = np.isin(average.levels, base)
    covariates = [parse_term(text) for text in effects.method.covariates]
    matched_on = [
        kind == "event" and entered(covariates, name, level + effects.method.anticipation)
        for name in effects.outcomes
        for level in average.levels
    ]
    return build_series(
        estimate,
        matrix,
        outcomes=effects.outcomes,
        levels=average.levels,
        term="overall" if kind == "simple" else kind,
        units=effects.units,
        price_year=effects.price_year,
        base=base,
        anticipation=effects.method.anticipation,
        se="influence",
        level=effects.method.level,
        critical=_critical(effects, matrix, is_base),
        columns={
            "n_participants": compared,
            "n_controls": np.where(average.kept, controls[:, None], 0).max(axis=(2, 3)),
            "n_lost": persons_behind(based, n + lost) - compared,
            "reason": np.where(is_base, "base_year", _why(average, based, reason, alone)),
            "matched_on": np.array(matched_on).reshape(K, L),
        },
        coverage=effects.coverage | {"compared": _compared(average.kept & ~based_on, n)},
        in_overall=in_overall(kind, average.levels),
        influence=influence,
        provenance=Provenance.of(
            f"group_time_effects, averaged by {kind}",
            {**effects.provenance.options, **options, **asdict(effects.method)},
            seed=effects.method.seed,
            data=effects.provenance.data,
            evidence=effects.provenance.evidence,
        ),
    )


def _compared(kept: NDArray[np.bool_], n: NDArray[np.int64]) -> int:
    """Return the persons behind all averages, each start year's in its fullest year."""
    return int(np.where(kept.any(axis=1), n, 0).max(axis=(0, 2)).sum())


def _why(
    average: Average,
    based: NDArray[np.bool_],
    reason: NDArray[np.object_],
    alone: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Return why an average or its standard error is missing, or start years of it; (K, L).

    A start year of which no effect enters has left the average, and what it says may then be of
    others than was asked: the first of its reasons stands there, with "some_" before it.
    """
    entered = average.kept.any(axis=(2, 3))
    left = based & ~average.kept.any(axis=3, keepdims=True)
    why = np.full(entered.shape, "", dtype=object)
    for code in ("nobody_to_compare", "models_not_estimable"):
        some = (left & np.equal(reason, code)[:, None]).any(axis=(2, 3))
        why[some] = np.where(entered, f"some_{code}", code)[some]
    why[~entered & (why == "")] = "nobody_to_compare"
    why[entered & alone] = "one_participant"
    return why


def _critical(
    effects: GroupTimeEffects, matrix: FloatArray, is_base: NDArray[np.bool_]
) -> dict[str, float]:
    """Return the critical value of each outcome's band over its levels with a standard error."""
    size = len(is_base)
    rng = np.random.default_rng(effects.method.seed)
    normal = rng.standard_normal((BAND_DRAWS, size))
    critical = {}
    for k, name in enumerate(effects.outcomes):
        columns = k * size + np.flatnonzero(~is_base)
        columns = columns[np.isfinite(matrix.diagonal()[columns])]
        block = matrix[np.ix_(columns, columns)]
        critical[name] = sup_t(block, normal, level=effects.method.level)
    return critical
