"""Smoothness: the slope of the deviation changes by at most M from one year to the next."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, linprog, nnls
from scipy.special import ndtr, ndtri

from mih_impact.errors import EffectsError
from mih_impact.falsification.honest.target import Target

__all__ = ["Frontier", "check_leads", "folded_quantile", "identified", "interval"]

FloatArray = NDArray[np.float64]
_ALMOST = 1e-10  # how near to the least possible bias the search goes, relative to the range


def check_leads(target: Target) -> None:
    """Refuse a series whose years before start say nothing of the slope."""
    if not len(target.leads):
        raise EffectsError(
            "Smoothness needs a year before start that nobody matched on, to see the slope",
            found=f"no unmatched year before year {-1 - target.anticipation} with an estimate",
            do="estimate a window that begins earlier, or match on fewer years of the outcome",
        )


def identified(target: Target, M: float) -> tuple[float, float]:
    """Return the bounds that the estimates themselves imply, were there no sampling error.

    NaN where no deviation with such small bends passes through the unmatched leads.
    """
    first, last = int(target.leads[0]), int(target.post[-1])
    years = np.arange(first, last + 1)
    bends = np.zeros((len(years) - 2, len(years)))
    for row, k in zip(bends, range(len(bends)), strict=True):
        row[k : k + 3] = 1.0, -2.0, 1.0
    known = np.concatenate([target.leads, [-1]]) - first
    fixed = np.zeros((len(known), len(years)))
    fixed[np.arange(len(known)), known] = 1.0
    scale = target.std_error
    at = np.append(target.beta[: len(target.leads)], 0.0) / scale
    goal = np.concatenate([np.zeros(-first), target.weights])
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            -sign * goal,
            A_ub=np.vstack([bends, -bends]),
            b_ub=np.full(2 * len(bends), M / scale),
            A_eq=fixed,
            b_eq=at,
            bounds=(None, None),
        )
        deviation = np.nan if found.fun is None else -sign * float(found.fun)
        ends.append(target.estimate - scale * deviation)
    return float(ends[0]), float(ends[1])


def interval(
    target: Target, M: float, *, level: float, frontier: Frontier | None = None
) -> tuple[float, float]:
    """Return the shortest interval of fixed length around a linear function of the estimates.

    The function is l'beta_post + v'beta_leads, its v such that a linear deviation cancels. With
    its worst bias b over all deviations allowed and its standard deviation s, the half-length is s
    times the quantile at `level` of |N(b / s, 1)|; v makes it least. A frontier made before for the
    same target saves time.
    """
    frontier = frontier or Frontier.of(target)
    bend = M / target.std_error
    best = _best_budget(frontier, bend, level)
    v, sd = frontier.estimator(best)
    half = sd * folded_quantile(bend * (frontier.fixed_bias + best) / sd, level)
    centre = target.estimate + float(v @ target.beta[: len(target.leads)])
    return centre - half * target.std_error, centre + half * target.std_error


def folded_quantile(t: float, level: float) -> float:
    """Return the quantile at `level` of |N(t, 1)|."""
    one_sided, two_sided = float(ndtri(level)), float(ndtri(0.5 + level / 2.0))

    def excess(c: float) -> float:
        return float(ndtr(c - t) - ndtr(-c - t)) - level

    # Nothing of the far side is left when t is large, everything when it is zero: a little more
    # than the two quantiles brackets the root also where rounding decides.
    return float(brentq(excess, t + one_sided - 1e-6, t + two_sided + 1e-6, xtol=1e-14))


def _best_budget(frontier: Frontier, bend: float, level: float) -> float:
    """Return the bias budget at which a year's bend in bias and in spread weigh the same.

    The half-length G(b, s) = s q(b / s) is convex in both and both are convex along the frontier.
    """
    if bend == 0.0 or frontier.most - frontier.least <= _ALMOST * frontier.most:
        return frontier.most

    def slope(budget: float) -> float:
        sd, per_budget = frontier.spread(budget)
        t = bend * (frontier.fixed_bias + budget) / sd
        q = folded_quantile(t, level)
        right, left = np.exp(-0.5 * (q - t) ** 2), np.exp(-0.5 * (q + t) ** 2)
        rise = (right - left) / (right + left)  # q'(t)
        return float(bend * rise + (q - t * rise) * per_budget)

    least = frontier.least + _ALMOST * (frontier.most - frontier.least)
    if slope(least) >= 0.0:
        return least
    return float(brentq(slope, least, frontier.most, xtol=1e-15 * frontier.most, rtol=1e-14))


@dataclass(eq=False)
class Frontier:
    """The least spread that a linear function can have within a budget of bias.

    In units of the standard error of the target and of M. The bias from bends after start is fixed
    (`fixed_bias`); that from bends before start is ||a + G y||_1, where y = 0 is the function of
    least variance and any other has its variance plus ||y||^2.
    """

    v_least: FloatArray  # the lead weights at y = 0
    to_v: FloatArray  # lead weights per y
    a: FloatArray
    G: FloatArray
    variance: float
    fixed_bias: float
    least: float
    most: float
    signs: list[FloatArray] = field(default_factory=list)

    @classmethod
    def of(cls, target: Target) -> Frontier:
        """Return the frontier of a target."""
        L, ahead = len(target.leads), -1.0 - target.leads  # distance of a lead from the base
        V = target.covariance / target.std_error**2
        weights, after = target.weights, target.post + 1.0
        bends = np.maximum(ahead - np.arange(ahead.max())[:, None], 0.0)  # (years, L)
        later = np.maximum(after - 1.0 - np.arange(len(after))[:, None], 0.0) @ weights
        # v'ahead = l'after cancels a linear deviation: a point and the directions along the plane.
        start = ahead * (weights @ after) / (ahead @ ahead)
        along = np.linalg.svd(ahead[None])[2][1:].T  # (L, L - 1)
        pull = V[:L, :L] @ start + V[:L, L:] @ weights
        root = np.linalg.cholesky(along.T @ V[:L, :L] @ along)
        to_v = np.linalg.solve(root, along.T).T
        v_least = start - to_v @ (to_v.T @ pull)
        whole = np.concatenate([v_least, weights])
        a, G = bends @ v_least, bends @ to_v
        return cls(
            v_least=v_least,
            to_v=to_v,
            a=a,
            G=G,
            variance=float(whole @ V @ whole),
            fixed_bias=float(np.abs(later).sum()),
            least=_least_sum(a, G),
            most=float(np.abs(a).sum()),
        )

    def estimator(self, budget: float) -> tuple[FloatArray, float]:
        """Return the lead weights and the standard deviation at a bias budget."""
        y, _ = self._nearest(budget)
        return self.v_least + self.to_v @ y, float(np.sqrt(self.variance + y @ y))

    def spread(self, budget: float) -> tuple[float, float]:
        """Return the standard deviation at a bias budget, and its derivative."""
        y, price = self._nearest(budget)
        sd = float(np.sqrt(self.variance + y @ y))
        return sd, -price / sd

    def _nearest(self, budget: float) -> tuple[FloatArray, float]:
        """Return the shortest y with ||a + G y||_1 <= budget, and what budget costs in ||y||^2 / 2.

        The sum of absolute values is the largest of s'(a + G y) over signs s. Only the signs that
        turn out to bind are kept; with those, it is Lawson and Hanson's least distance problem.
        """
        y, price = np.zeros(self.G.shape[1]), 0.0
        solved = 0
        while np.abs(self.a + self.G @ y).sum() > budget * (1.0 + 1e-13):
            sign = np.where(self.a + self.G @ y >= 0.0, 1.0, -1.0)
            if not any((sign == known).all() for known in self.signs):
                self.signs.append(sign)
            if solved == len(self.signs):
                break  # every sign that binds is there: what is left is rounding
            solved = len(self.signs)
            S = np.array(self.signs)
            towards, needed = -S @ self.G, S @ self.a - budget
            u, _ = nnls(np.vstack([towards.T, needed]), np.append(np.zeros(len(y)), 1.0))
            left = 1.0 - needed @ u
            y, price = towards.T @ u / left, float(u.sum() / left)
        return y, price


def _least_sum(a: FloatArray, G: FloatArray) -> float:
    """Return the least ||a + G y||_1 over y."""
    n, k = G.shape
    if not k:
        return float(np.abs(a).sum())
    eye = np.eye(n)
    found = linprog(
        np.append(np.zeros(k), np.ones(n)),
        A_ub=np.block([[G, -eye], [-G, -eye]]),
        b_ub=np.concatenate([-a, a]),
        bounds=(None, None),
    )
    return float(found.fun)  # type: ignore[arg-type]  # the sum is bounded: always solved
