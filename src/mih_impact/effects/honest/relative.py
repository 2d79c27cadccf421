"""Relative magnitudes: no change after start exceeds M times the largest one before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mih_impact.effects.honest.conditional import Inequalities, accepts
from mih_impact.effects.honest.target import Target
from mih_impact.errors import EffectsError

__all__ = ["check_pairs", "identified", "inequalities", "interval"]

FloatArray = NDArray[np.float64]
_POINTS = 65  # tried in a pass of the search
_PASSES = 6  # each divides the distance to the end point by 64


def check_pairs(target: Target) -> None:
    """Refuse a series whose years before start say too little of the largest change."""
    if len(target.pairs) < 2:
        raise EffectsError(
            "Relative magnitudes need two pairs of consecutive years before start that nobody "
            "matched on",
            found=f"{len(target.pairs)}; unmatched years with an estimate: "
            f"{', '.join(map(str, target.since_start(target.leads))) or 'none'}",
            do="estimate a window that begins earlier, match on fewer years of the outcome, or "
            'use restriction="smoothness"',
        )


def identified(target: Target, M: float) -> tuple[float, float]:
    """Return the bounds that the estimates themselves imply, were there no sampling error.

    theta_hat -+ M K max |change before start|, K = sum over t of |sum of l_u over u >= t|.
    """
    largest = max(abs(float(target.change(s) @ target.beta)) for s in target.pairs)
    width = M * _leverage(target) * largest
    return target.estimate - width, target.estimate + width


def interval(
    target: Target, M: float, *, level: float, first_stage: float = 0.1
) -> tuple[float, float]:
    """Return the confidence interval: the hull of all theta that the test does not reject.

    The largest change before start is not taken as known: it may be any pair's, up or down, and
    theta is kept if it passes with one of them. The first stage rejects everything outside a known
    distance, and everything between the identified bounds of the estimates passes; the end points
    lie between. Of 65 values the outermost that passes is taken, and the distance to its neighbour
    divided again, until it is nothing. Should the set have gaps, its hull is returned.

    first_stage: size of the first stage, as a share of the size of the test.
    """
    moments = inequalities(target, M, kappa=first_stage * (1.0 - level))
    inner = identified(target, M)
    outer = moments.reach()
    low, high = (
        _end(moments, inside, outside, size=1.0 - level)
        for inside, outside in zip(inner, outer, strict=True)
    )
    return low, high


def _end(moments: Inequalities, inside: float, outside: float, *, size: float) -> float:
    """Return the accepted value farthest towards `outside`."""
    for _ in range(_PASSES):
        points = np.linspace(inside, outside, _POINTS)
        accepted = np.flatnonzero(accepts(moments, points, size=size))
        last = int(accepted[-1]) if len(accepted) else 0
        inside, outside = float(points[last]), float(points[min(last + 1, _POINTS - 1)])
    return inside


def _leverage(target: Target) -> float:
    return float(np.abs(_from_each_year(target)).sum())


def _from_each_year(target: Target) -> FloatArray:
    """Return w_t, how much theta moves with the change of year t, shape (T,)."""
    return np.cumsum(target.weights[::-1])[::-1]


def inequalities(target: Target, M: float, *, kappa: float) -> Inequalities:
    """Return the inequalities of every pair before start, its change taken up and down.

    kappa: size of the first stage.
    """
    w = _from_each_year(target)
    changes = np.array([target.change(int(t)) for t in target.post])  # (T, L + T)
    up = np.array([target.change(s) for s in target.pairs])
    v = np.concatenate([up, -up])  # (C, L + T)
    V = target.covariance
    own, theirs, cross = (
        np.diag(changes @ V @ changes.T),
        np.einsum("ci,ij,cj->c", v, V, v)[:, None],
        v @ V @ changes.T,
    )
    upper = np.sqrt(np.maximum(own + M**2 * theirs - 2 * M * cross, 0.0))
    lower = np.sqrt(np.maximum(own + M**2 * theirs + 2 * M * cross, 0.0))
    c1 = upper @ np.maximum(w, 0) + lower @ np.maximum(-w, 0)
    c2 = lower @ np.maximum(w, 0) + upper @ np.maximum(-w, 0)
    both = upper + lower
    zero, K = np.zeros(len(v)), _leverage(target)
    vertices = np.stack(
        [
            np.column_stack([1.0 / c1, -M * K / c1]),
            np.column_stack([-1.0 / c2, -M * K / c2]),
            np.column_stack([zero, -2.0 * M / both.min(axis=1)]),
            np.column_stack([zero, -2.0 * M / both.max(axis=1)]),
        ],
        axis=1,
    )
    maps = np.stack([np.broadcast_to(target.along, v.shape), v], axis=1)  # (C, 2, L + T)
    return Inequalities.of(
        vertices,
        maps @ target.beta,
        maps @ V @ maps.transpose(0, 2, 1),
        first_stage=kappa,
    )
