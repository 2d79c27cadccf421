"""Weighted averages of group-time effects, the weights counted as estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.errors import EffectsError

__all__ = ["Aggregation", "Average", "averages", "column_weights", "starter_weights"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Aggregation = Literal["event", "group", "calendar", "simple"]


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
    sizes: IntArray,
    kind: Aggregation,
    *,
    window: tuple[int, int] | None,
    balance: int | None,
) -> Average:
    """Choose which effects are averaged, with what weight.

    Parameters
    ----------
    estimate
        Shape (K, G, T).
    starts, years
        The G start years and T years.
    sizes
        Starters compared in each start year, shape (G,).
    window
        First and last year since start that may enter; None for all.
    balance
        Only start years with an effect this many years after start, and only up to then.

    Notes
    -----
    All but "event" average what follows the start: an anticipated year is before it, and is no part
    of them. Weights are the start years' shares p_g of the starters that enter. A starter of g adds
    (sum of its start year's effects in the average - their number times the average) / sum of p to
    its influence, over the starters: the estimated shares of Callaway and Sant'Anna (2021), section
    4.2, as R's did::aggte has them. "group" averages the years of one start year equally, and has
    no shares to estimate.
    """
    since = years[None, :] - starts[:, None]
    asked = np.ones(estimate.shape, dtype=bool)
    if window is not None:
        asked &= (since >= window[0]) & (since <= window[1])
    if balance is not None:
        reached = (np.isfinite(estimate) & (since == balance)).any(axis=2)
        first = balance - int(years[-1] - years[0])
        asked &= reached[:, :, None] & (since <= balance) & (since >= first)
    if kind != "event":
        asked &= since >= 0
    allowed = asked & np.isfinite(estimate)
    if not allowed.any():
        raise EffectsError(
            "No group-time effect is left to average",
            found=f"start years {starts[0]}-{starts[-1]}, years {years[0]}-{years[-1]}, "
            f"window {window}, balance {balance}",
            do="widen window=, or leave balance= out",
        )
    label = _labels(kind, since, starts, years)
    levels = np.unique(label[(asked if kind == "group" else allowed).any(axis=0)])
    of_level = label == levels[:, None, None]
    asked, kept = asked[:, None] & of_level, allowed[:, None] & of_level
    share = np.where(kept, sizes[:, None], 0).astype(np.float64)
    total = np.maximum(share.sum(axis=(2, 3)), 1.0)
    weights = share / total[:, :, None, None]
    value = np.where(kept, estimate[:, None], 0.0)
    average = (weights * value).sum(axis=(2, 3))
    own = value.sum(axis=3) - kept.sum(axis=3) * average[:, :, None]
    own = np.moveaxis(own / total[:, :, None], 2, 0)
    return Average(tuple(levels.tolist()), asked, kept, weights, own)


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


def starter_weights(average: Average, group_of: Sequence[int] | IntArray) -> FloatArray:
    """Return what estimated shares add to each starter's influence, (starters, K * L)."""
    flat = average.own.reshape(len(average.own), -1)
    padded = np.concatenate([flat, np.zeros((1, flat.shape[1]))])
    rows: FloatArray = padded[np.asarray(group_of)]
    return rows
