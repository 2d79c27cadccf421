"""The restricted wild cluster bootstrap-t of a difference of two weighted means.

Arrays in, arrays out: everything is linear in a draw's weights, so that a draw costs a row of sums
over clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.effects.inference.multiplier import multipliers

__all__ = ["ClusterSums", "WildWeights", "inverted", "p_value", "rejected", "wild_weights"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WildWeights = Literal["webb", "rademacher"]

#: Statistics that differ by less, relatively, are the same: signs turned around, not rounding.
SAME = 1e-9
#: How far beyond the estimate an end point is looked for, in standard errors.
FARTHEST = 1e6


@dataclass(frozen=True, eq=False)
class ClusterSums:
    """What the test needs of the data, summed within G clusters.

    Attributes
    ----------
    own, other
        Weighted sums of y less its mean over both sides, of participants and of controls, shape
        (G,).
    share, load
        Sums of the weights of participants and of controls, shape (G,); each adds up to 1.
    """

    own: FloatArray
    other: FloatArray
    share: FloatArray
    load: FloatArray

    @classmethod
    def of(
        cls,
        participants: tuple[FloatArray, FloatArray, IntArray],
        controls: tuple[FloatArray, FloatArray, IntArray],
    ) -> ClusterSums:
        """Sum values, weights (adding up to 1) and clusters of either side."""
        (y_t, w_t, g_t), (y_c, w_c, g_c) = participants, controls
        label, at = np.unique(np.concatenate([g_t, g_c]), return_inverse=True)
        at_t, at_c, G = at[: len(y_t)], at[len(y_t) :], len(label)
        middle = (w_t @ y_t + w_c @ y_c) / 2.0

        def summed(at: IntArray, values: FloatArray) -> FloatArray:
            return np.bincount(at, values, minlength=G).astype(np.float64)

        return cls(
            own=summed(at_t, w_t * (y_t - middle)),
            other=summed(at_c, w_c * (y_c - middle)),
            share=summed(at_t, w_t),
            load=summed(at_c, w_c),
        )

    @property
    def estimate(self) -> float:
        """The difference of the two weighted means."""
        return float(self.own.sum() - self.other.sum())

    @property
    def std_error(self) -> float:
        """The cluster-robust standard error, with the factor G / (G - 1)."""
        G = len(self.own)
        score = self.own - self.share * self.own.sum() - self.other + self.load * self.other.sum()
        return float(np.sqrt(G / (G - 1) * (score**2).sum()))

    def statistics(self, null: float, v: FloatArray) -> FloatArray:
        """Return the t statistic of every draw when the effect is `null`.

        Parameters
        ----------
        null
            The effect that the residuals are made under.
        v
            Weights of the clusters, shape (draws, G).

        Notes
        -----
        With residuals u~ = y - a~ - null d restricted to the null, a draw has
        y* = a~ + null d + v_g u~. Its two means move by sum_g v_g P_g and sum_g v_g Q_g, P and Q
        the clusters' weighted sums of u~ on either side, and a cluster's score is
        v_g (P_g - Q_g) - share_g (sum v P) + load_g (sum v Q).
        """
        G = len(self.own)
        P = self.own - null / 2.0 * self.share
        Q = self.other + null / 2.0 * self.load
        up, down = v @ P, v @ Q
        score = v * (P - Q) - up[:, None] * self.share + down[:, None] * self.load
        error = np.sqrt(G / (G - 1) * (score**2).sum(axis=1))
        moved = up - down
        flat = error <= 1e-12 * np.abs(moved)  # a draw without error is as far out as can be
        return np.asarray(np.where(flat, np.inf, moved / np.where(flat, 1.0, error)))


def wild_weights(
    clusters: int, draws: int, *, kind: WildWeights, seed: int
) -> tuple[FloatArray, bool]:
    """Return weights of shape (draws, clusters), and whether they are all there are.

    All 2^G signs, each once, where these are no more than `draws`; else random ones.
    """
    if kind == "rademacher" and 2.0**clusters <= draws:
        return np.array(list(product([1.0, -1.0], repeat=clusters))), True
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed)))
    return multipliers(rng, (draws, clusters), kind), False


def p_value(sums: ClusterSums, null: float, v: FloatArray, *, complete: bool) -> float:
    """Return the two-sided p-value of `null`.

    Notes
    -----
    The share of draws with |t*| >= |t|. Where all signs are listed the data are one of the draws;
    else they are counted as one: (1 + number) / (1 + draws).
    """
    t = abs((sums.estimate - null) / sums.std_error)
    beyond = int((np.abs(sums.statistics(null, v)) >= t * (1.0 - SAME)).sum())
    return beyond / len(v) if complete else (1 + beyond) / (1 + len(v))


def rejected(p: float, level: float) -> bool:
    """Return whether a p-value is 1 - level or less, as on paper: 1 - 0.9 is 0.1."""
    return p <= 1.0 - level + SAME


def inverted(
    sums: ClusterSums, v: FloatArray, *, complete: bool, level: float
) -> tuple[float, float]:
    """Return the end points of the effects around the estimate that are not rejected.

    Infinite where nothing in that direction is ever rejected, as with a handful of clusters.
    """
    found = []
    for side in (-1.0, 1.0):
        inside, step = 0.0, 1.0
        while step <= FARTHEST and _kept(sums, side * step, v, complete, level):
            inside, step = step, 2.0 * step
        if step > FARTHEST:
            found.append(side * np.inf)
            continue
        while step - inside > 1e-7 * step:
            middle = (inside + step) / 2.0
            if _kept(sums, side * middle, v, complete, level):
                inside = middle
            else:
                step = middle
        found.append(sums.estimate + side * inside * sums.std_error)
    return found[0], found[1]


def _kept(sums: ClusterSums, beyond: float, v: FloatArray, complete: bool, level: float) -> bool:
    """Return whether an effect some standard errors beyond the estimate is not rejected."""
    null = sums.estimate + beyond * sums.std_error
    return not rejected(p_value(sums, null, v, complete=complete), level)
