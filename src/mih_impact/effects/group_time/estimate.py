"""All start years together: estimates, counts and the factored influence over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.effects.group_time.adjusted import AdjustedEffects, Estimator, adjusted_effects
from mih_impact.effects.group_time.influence import FactoredInfluence, factored, written_rows
from mih_impact.effects.group_time.means import MeanEffects, mean_effects
from mih_impact.effects.group_time.moments import build_profiles
from mih_impact.effects.group_time.outcomes import Outcomes
from mih_impact.effects.group_time.sample import NO_START, StartGroup, Windows
from mih_impact.errors import SupportError

__all__ = ["Estimates", "estimate_all"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Effects of all start years, as numbers.

    Attributes
    ----------
    estimate, n_participants, n_controls
        Shape (K, G, T).
    failed
        What stood in the way of a start year's column: (start year number, column) to the error.
    trimmed
        Controls without weight for a propensity near 1, summed over models.
    group_of
        Number of the start year each of the influence's starters is compared in; -1 for none.
    influence
        Over (outcome, start year, year).
    """

    estimate: FloatArray
    n_participants: IntArray
    n_controls: IntArray
    failed: dict[tuple[int, int], SupportError]
    trimmed: int
    group_of: IntArray
    influence: FactoredInfluence


def estimate_all(
    groups: Sequence[StartGroup], outcomes: Outcomes, windows: Windows, estimator: Estimator
) -> Estimates:
    """Estimate every start year; without covariates all estimators are the same differences."""
    K = len(outcomes.names)
    adjusted = any(group.design.width for group in groups)
    starters = np.unique(np.concatenate([group.treated for group in groups]))
    controls = np.zeros(len(outcomes.values), dtype=bool)
    for group in groups:
        controls[group.control] = True
        starters = np.union1d(starters, group.control[group.control_start < NO_START])
    columns = [_columns(outcomes, windows, k) for k in range(len(groups))]
    parts: list[MeanEffects | AdjustedEffects]
    profiles = build_profiles(outcomes, groups, wanted=not adjusted)
    if adjusted:
        parts = [
            adjusted_effects(group, outcomes, *at, estimator)
            if len(group.treated)
            else mean_effects(group, k, outcomes, profiles, controls, *at)
            for k, (group, at) in enumerate(zip(groups, columns, strict=True))
        ]
    else:
        controls[profiles.person] = False
        parts = [
            mean_effects(group, k, outcomes, profiles, controls, *at)
            for k, (group, at) in enumerate(zip(groups, columns, strict=True))
        ]
    controls[starters] = False
    influence = factored(
        starters,
        _starter_rows(starters, parts, K),
        np.flatnonzero(controls),
        parts,
        profiles,
        K,
    )
    group_of = np.full(len(starters), -1)
    for k, group in enumerate(groups):
        group_of[np.searchsorted(starters, group.treated)] = k
    with_fits = [part for part in parts if isinstance(part, AdjustedEffects)]
    return Estimates(
        estimate=_stacked([part.estimate for part in parts], K),
        n_participants=_stacked([part.n_participants for part in parts], K),
        n_controls=_stacked([part.n_controls for part in parts], K),
        failed={
            (k, column): error
            for k, part in enumerate(parts)
            if isinstance(part, AdjustedEffects)
            for column, error in part.failed.items()
        },
        trimmed=sum(fit.trimmed for part in with_fits for fit in part.fits),
        group_of=group_of,
        influence=influence,
    )


def _columns(outcomes: Outcomes, windows: Windows, k: int) -> tuple[IntArray, IntArray]:
    """Return the base column of every (outcome, year) of a start year, and `free_after`."""
    K, T = outcomes.shape
    first = np.repeat(np.arange(K) * T, T)
    base = np.tile(windows.base[k], K)
    place = np.where(base >= 0, first + base, 0)
    known = (base >= 0) & outcomes.anybody & outcomes.anybody[place]
    return np.where(known, place, -1), np.tile(windows.free_after[k], K)


def _stacked(parts: Sequence[NDArray[Any]], outcomes: int) -> NDArray[Any]:
    """Turn (KT,) of every start year into (K, G, T)."""
    return np.stack([part.reshape(outcomes, -1) for part in parts], axis=1)


def _starter_rows(
    starters: IntArray, parts: Sequence[MeanEffects | AdjustedEffects], outcomes: int
) -> FloatArray:
    """Write out the rows of all who ever start, as starters and as later starters' controls."""
    flat = written_rows(starters, parts, outcomes)
    rows = flat.reshape(len(starters), outcomes, len(parts), -1)
    for k, part in enumerate(parts):
        place = np.searchsorted(starters, part.treated)
        rows[place, :, k] += part.treated_rows.reshape(len(place), outcomes, rows.shape[3])
    return rows.reshape(len(starters), -1)
