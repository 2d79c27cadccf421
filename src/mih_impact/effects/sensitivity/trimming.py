"""Lee's bounds in arrays: trim the side that is seen more often, and what moves the bounds.

Arrays in, arrays out. Rows are persons in a role; participants and controls each have weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

__all__ = ["Trimmed", "combine", "imbens_manski", "trim"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: A share of weight that is only rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Trimmed:
    """Bounds on the effect among those always seen.

    Attributes
    ----------
    bounds
        Lower and upper bound, shape (2,).
    influence
        Of every row on each bound, shape (rows, 2).
    always
        The share of the population that is always seen, and the influence of every row on it.
    cut
        Whether a row is trimmed, wholly or in part, from below or from above, shape (rows, 2).
    share
        Share of the weight of the trimmed side that is trimmed.
    """

    bounds: FloatArray
    influence: FloatArray
    always: tuple[float, FloatArray]
    cut: BoolArray
    share: float


def trim(
    y: FloatArray, seen: BoolArray, treated: BoolArray, weight: FloatArray, *, more: bool
) -> Trimmed:
    """Bound the effect in one cell.

    Parameters
    ----------
    y
        Outcomes, shape (r,); not read where not seen.
    seen, treated
        Shape (r,).
    weight
        Shape (r,), 0 outside the cell; made to add up to 1 on each side.
    more
        Whether it is participants who are seen at least as often: they are trimmed; else controls.

    Notes
    -----
    Lee (2009), proposition 1a: with s the share seen, r = s_less / s_more of the trimmed side's
    weight is kept, the lowest or the highest; the row at the edge is cut through, so that exactly r
    is kept. With q the outcome at the edge and mu the mean of the kept, rows of the trimmed side
    move mu by [(y - q) kept - r (mu - q)] / r and everybody by (q - mu) / r dr; their squares add
    up to proposition 3. Where the sample has r above 1, nothing is trimmed.
    """
    sides = (treated, ~treated) if more else (~treated, treated)
    w_more, w_less = (np.where(side, weight / weight[side].sum(), 0.0) for side in sides)
    s_more, s_less = float(w_more @ seen), float(w_less @ seen)
    value = np.where(seen, y, 0.0)
    kept_share = s_less / s_more
    if kept_share > 1.0 - ROUNDING:
        kept_share = 1.0

    d_less = w_less * (seen - s_less)
    d_ratio = np.zeros(len(y))
    if kept_share < 1.0:
        d_ratio = (d_less - kept_share * w_more * (seen - s_more)) / s_more
    other = float(w_less @ (seen * value) / s_less)
    d_other = w_less * seen * (value - other) / s_less
    within = w_more * seen / s_more

    means, moves, cut = [], [], []
    for direction in (1.0, -1.0):  # keep the lowest, keep the highest
        kept, edge = _keep(direction * value, within, kept_share)
        edge *= direction
        mean = float((within * kept) @ value / kept_share)
        part = within * ((value - edge) * kept - kept_share * (mean - edge)) / kept_share
        means.append(mean)
        moves.append(part + (edge - mean) / kept_share * d_ratio - d_other)
        cut.append((within > 0) & (kept < 1.0 - ROUNDING))
    low, high = (0, 1) if more else (1, 0)
    sign = 1.0 if more else -1.0
    return Trimmed(
        bounds=sign * (np.array([means[low], means[high]]) - other),
        influence=sign * np.stack([moves[low], moves[high]], axis=1),
        always=(s_less, d_less),
        cut=np.stack(cut, axis=1),
        share=1.0 - kept_share,
    )


def _keep(value: FloatArray, weight: FloatArray, share: float) -> tuple[FloatArray, float]:
    """Return which part of each row is kept when the lowest share of the weight is, and the edge.

    Parameters
    ----------
    value
        Shape (r,).
    weight
        Shape (r,), adding up to 1; rows of weight 0 are not there.
    share
        Above 0, up to 1.
    """
    if share == 1.0:  # nothing depends on where the edge is
        return np.ones(len(value)), 0.0
    order = np.argsort(value, kind="stable")
    order = order[weight[order] > 0]
    w = weight[order]
    before = np.cumsum(w) - w
    part = np.clip((share - before) / w, 0.0, 1.0)
    kept = np.zeros(len(value))
    kept[order] = part
    return kept, float(value[order][np.flatnonzero(part > ROUNDING)[-1]])


def combine(
    cells: Sequence[tuple[FloatArray, Trimmed]], members: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Average the bounds of cells, each with its participants who are always seen.

    Parameters
    ----------
    cells
        For each cell `members` of those in it and 0 for others, shape (r,), and its bounds.
    members
        Weight of every participant, adding up to 1, and 0 for controls, shape (r,).

    Returns
    -------
    tuple
        Bounds (2,), influence (r, 2) and the share trimmed among those seen.

    Notes
    -----
    theta = sum_x a_x theta_x / sum_x a_x, a_x the participants in cell x times the share of the
    less seen side that is seen there (Lee 2009, proposition 1b). Shares of cells are estimated too.
    """
    a = np.array([inside.sum() * cell.always[0] for inside, cell in cells])
    pi = a / a.sum()
    bounds = np.stack([cell.bounds for _, cell in cells])
    theta = pi @ bounds
    influence = np.zeros((len(members), 2))
    for (inside, cell), p, own in zip(cells, pi, bounds, strict=True):
        mass = inside.sum()
        d_mass = inside - mass * members
        d_a = cell.always[0] * d_mass + mass * cell.always[1]
        influence += p * cell.influence + np.outer(d_a / a.sum(), own - theta)
    return theta, influence, float(pi @ [cell.share for _, cell in cells])


def imbens_manski(bounds: FloatArray, error: FloatArray, level: float) -> tuple[float, float]:
    """Return an interval that covers the effect, wherever it lies between the bounds.

    Notes
    -----
    [L - c s_L, U + c s_U] with Phi(c + (U - L) / max(s_L, s_U)) - Phi(-c) = level (Imbens and
    Manski 2004): c runs from the two-sided to the one-sided normal quantile.
    """
    largest = float(error.max())
    if not largest > 0:
        return float(bounds[0]), float(bounds[1])
    gap = float(bounds[1] - bounds[0]) / largest
    c = brentq(lambda x: ndtr(x + gap) - ndtr(-x) - level, 0.0, 20.0, xtol=1e-12)
    return float(bounds[0] - c * error[0]), float(bounds[1] + c * error[1])
