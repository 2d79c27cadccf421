"""All start years together: estimates, counts and the factored influence over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.effects.group_time.adjusted import AdjustedEffects, Estimator, adjusted_effects
from mih_impact.effects.group_time.influence import FactoredInfluence, factored, written_rows
from mih_impact.effects.group_time.means import MeanEffects, build_profiles, mean_effects
from mih_impact.effects.group_time.sample import Outcomes, StartGroup, Windows
from mih_impact.errors import EffectsError, SupportError

__all__ = [
    "Aggregation",
    "Average",
    "Estimates",
    "Overall",
    "averages",
    "clustered",
    "column_weights",
    "estimate_all",
    "overall_average",
    "starter_weights",
]

BoolArray = NDArray[np.bool_]
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
        Number of the start year each of the influence's starters is compared in, -1 for none; or
        of clusters above the person, how many they hold of each start year, shape (clusters, G);
        by design weights what starters, or clusters, weigh in each start year.
    influence
        Over (outcome, start year, year).
    mass
        Design weights of the starters of each start year added up, shape (G,); None without.
    """

    estimate: FloatArray
    n_participants: IntArray
    n_controls: IntArray
    failed: dict[tuple[int, int], SupportError]
    trimmed: int
    group_of: IntArray | FloatArray
    influence: FactoredInfluence
    mass: FloatArray | None = None


def estimate_all(
    groups: Sequence[StartGroup], outcomes: Outcomes, windows: Windows, estimator: Estimator
) -> Estimates:
    """Estimate every start year; without covariates all estimators are the same differences."""
    K = len(outcomes.names)
    adjusted = any(group.design.width for group in groups)
    starters = np.unique(np.concatenate([group.treated for group in groups]))
    controls = np.zeros(len(outcomes.values), dtype=bool)
    for last, group in zip([None, *groups], groups, strict=False):
        if last is None or group.control is not last.control:
            controls[group.control] = True
        starters = np.union1d(starters, group.later)
    columns = [_columns(outcomes, windows, k) for k in range(len(groups))]
    parts: list[MeanEffects | AdjustedEffects]
    profiles = build_profiles(outcomes, groups, None if adjusted else controls)
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
    weighing = None
    if outcomes.weight is not None:
        weighing = _in_groups(group_of, len(groups)) * outcomes.weight[starters, None]
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
        group_of=group_of if weighing is None else weighing,
        influence=influence,
        mass=None if weighing is None else weighing.sum(axis=0),
    )


def _in_groups(group_of: IntArray, groups: int) -> FloatArray:
    """Return 1 for the start year that each starter is compared in, shape (starters, G)."""
    return np.asarray(group_of[:, None] == np.arange(groups), dtype=np.float64)


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


def clustered(found: Estimates, label: IntArray) -> Estimates:
    """Add the influence of persons up within clusters above them.

    Parameters
    ----------
    found
        Effects whose influence is by person.
    label
        The cluster of every person of the cube, numbered from 0; -1 for who is not compared.

    Notes
    -----
    A row for every cluster (Liang and Zeger 1986), without a small-sample factor, as R's did has
    them. What estimating the shares of start years adds is summed in the same way.
    """
    added = found.influence.clustered(label[found.influence.cluster])
    weighing = found.group_of
    if weighing.ndim == 1:
        weighing = _in_groups(weighing.astype(np.int64), found.estimate.shape[1])
    compared = weighing.any(axis=1)
    at = np.searchsorted(added.cluster, label[found.influence.starters[compared]])
    shares = np.zeros((len(added.rows), weighing.shape[1]))
    np.add.at(shares, at, weighing[compared])
    influence = FactoredInfluence.written_out(added.rows, added.cluster, found.influence.outcomes)
    return replace(found, influence=influence, group_of=shares)


Aggregation = Literal["event", "group", "calendar", "simple"]
Overall = Literal["simple", "dynamic", "group", "calendar"]


@dataclass(frozen=True, eq=False)
class Average:
    """Averages of a (start year, year) table for every outcome and level.

    Attributes
    ----------
    levels
        What the L averages of an outcome stand for; 0 for the only one of "simple".
    asked, kept
        Which effects each average is of, and which of them there are to enter it, shape
        (K, L, G, T).
    weights
        Their weights, shape (K, L, G, T); they add up to 1, or are all 0 where nothing is kept.
    own
        What estimating the weights adds to the influence of a starter of each start year, shape
        (G, K, L).
    """

    levels: tuple[int, ...]
    asked: BoolArray
    kept: BoolArray
    weights: FloatArray
    own: FloatArray


def averages(
    estimate: FloatArray,
    starts: IntArray,
    years: IntArray,
    sizes: IntArray | FloatArray,
    kind: Aggregation,
    *,
    window: tuple[int, int] | None,
    balance_e: int | None,
) -> Average:
    """Choose which effects are averaged, with what weight.

    Parameters
    ----------
    estimate
        Shape (K, G, T).
    starts, years
        The G start years and T years.
    sizes
        Starters compared in each start year, or their design weights added up, shape (G,).
    window
        First and last year since start that may enter; None for all.
    balance_e
        Only start years with an effect this many years after start, and only up to then.

    Notes
    -----
    All but "event" average what follows the start: an anticipated year is before it, and is no part
    of them. Weights are the start years' shares p_g of the starters that enter. A starter of g adds
    (sum of its start year's effects in the average - their number times the average) / sum of p to
    its influence, over the starters, times its design weight if there is one: the estimated shares
    of Callaway and Sant'Anna (2021), section 4.2, as R's did::aggte has them. "group" averages the
    years of one start year equally, and has no shares to estimate.
    """
    since = years[None, :] - starts[:, None]
    asked = np.ones(estimate.shape, dtype=bool)
    if window is not None:
        asked &= (since >= window[0]) & (since <= window[1])
    if balance_e is not None:
        reached = (np.isfinite(estimate) & (since == balance_e)).any(axis=2)
        first = balance_e - int(years[-1] - years[0])
        asked &= reached[:, :, None] & (since <= balance_e) & (since >= first)
    if kind != "event":
        asked &= since >= 0
    allowed = asked & np.isfinite(estimate)
    if not allowed.any():
        raise EffectsError(
            "No group-time effect is left to average",
            found=f"start years {starts[0]}-{starts[-1]}, years {years[0]}-{years[-1]}, "
            f"window {window}, balance_e {balance_e}",
            do="widen window=, or leave balance_e= out",
        )
    label = _labels(kind, since, starts, years)
    levels = np.unique(label[(asked if kind == "group" else allowed).any(axis=0)])
    of_level = label == levels[:, None, None]
    asked, kept = asked[:, None] & of_level, allowed[:, None] & of_level
    share = np.where(kept, sizes[:, None], 0).astype(np.float64)
    total = _or_one(share.sum(axis=(2, 3)))
    weights = share / total[:, :, None, None]
    value = np.where(kept, estimate[:, None], 0.0)
    average = (weights * value).sum(axis=(2, 3))
    own = value.sum(axis=3) - kept.sum(axis=3) * average[:, :, None]
    own = np.moveaxis(own / total[:, :, None], 2, 0)
    return Average(tuple(levels.tolist()), asked, kept, weights, own)


def overall_average(
    estimate: FloatArray,
    starts: IntArray,
    years: IntArray,
    sizes: IntArray | FloatArray,
    kind: Overall,
    *,
    window: tuple[int, int] | None,
    balance_e: int | None,
) -> Average:
    """Average the averages of a kind into one number of each outcome; see `averages`.

    Notes
    -----
    Callaway and Sant'Anna (2021), section 3, and R's did::aggte: "dynamic" is the mean of the
    averages by year since start, from the start on, each year alike; "calendar" the mean over
    calendar years; "group" that over start years by their share of the starters, which is estimated
    too; "simple" averages all effects from the start on at once.
    """
    if kind == "simple":
        return averages(
            estimate, starts, years, sizes, "simple", window=window, balance_e=balance_e
        )
    by: Aggregation = "event" if kind == "dynamic" else kind
    parts = averages(estimate, starts, years, sizes, by, window=window, balance_e=balance_e)
    after = np.array(parts.levels) >= 0  # start years and calendar years are all
    if not parts.kept[:, after].any():
        raise EffectsError(
            "No effect from the start on is left to average",
            found=f"years since start {parts.levels[0]} to {parts.levels[-1]}",
            do="widen window=, or bring register years after the start",
        )
    share = parts.kept[:, after].any(axis=(2, 3)).astype(np.float64)
    if kind == "group":
        share *= sizes[np.isin(starts, parts.levels)]
    total = _or_one(share.sum(axis=1, keepdims=True))
    share /= total
    weights = (share[:, :, None, None] * parts.weights[:, after]).sum(axis=1, keepdims=True)
    own = (share * parts.own[:, :, after]).sum(axis=2, keepdims=True)
    if kind == "group":
        value = np.where(parts.kept, np.nan_to_num(estimate)[:, None], 0.0) * parts.weights
        of_group, there = value.sum(axis=(1, 3)), parts.kept.any(axis=(1, 3))
        gap = np.where(there, of_group - (share * value.sum(axis=(2, 3))).sum(axis=1)[:, None], 0.0)
        own += (gap / total).T[:, :, None]
    asked = np.asarray(parts.asked[:, after].any(axis=1, keepdims=True))
    kept = np.asarray(parts.kept[:, after].any(axis=1, keepdims=True))
    return Average((0,), asked, kept, weights, own)


def _or_one(total: FloatArray) -> FloatArray:
    """Return what to divide by: 1 where nothing enters."""
    return np.asarray(np.where(total > 0, total, 1.0))


def _labels(kind: Aggregation, since: IntArray, starts: IntArray, years: IntArray) -> IntArray:
    """Return the level every (start year, year) belongs to."""
    if kind == "event":
        return since
    if kind == "group":
        return np.broadcast_to(starts[:, None], since.shape)
    if kind == "calendar":
        return np.broadcast_to(years, since.shape)
    return np.zeros_like(since)


def column_weights(average: Average) -> FloatArray:
    """Return the linear map from (outcome, start year, year) to (outcome, level)."""
    K, L, G, T = average.weights.shape
    to = np.zeros((K, G * T, K, L))
    for k in range(K):
        to[k, :, k] = average.weights[k].reshape(L, G * T).T
    return to.reshape(K * G * T, K * L)


def starter_weights(average: Average, group_of: IntArray | FloatArray) -> FloatArray:
    """Return what estimated shares add to each starter's influence, (starters, K * L)."""
    flat = average.own.reshape(len(average.own), -1)
    if group_of.ndim == 2:  # clusters above the person, or design weights
        return np.asarray(group_of @ flat)
    padded = np.concatenate([flat, np.zeros((1, flat.shape[1]))])
    rows: FloatArray = padded[group_of]
    return rows
