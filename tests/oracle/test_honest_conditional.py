"""The conditional test in closed form against linear programmes and loops from its definition."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import null_space
from scipy.optimize import linprog
from scipy.stats import norm, truncnorm

from mih_impact.falsification.honest import relative
from mih_impact.falsification.honest.relative import accepts
from mih_impact.falsification.honest.target import Target

SIZE, KAPPA = 0.05, 0.005


def random_target(seed: int, *, negative: bool = False) -> Target:
    rng = np.random.default_rng(seed)
    L, T = int(rng.integers(2, 5)), int(rng.integers(1, 5))
    root = rng.normal(size=(L + T, L + T + 2))
    weights = rng.normal(size=T) if negative else rng.random(T)
    return Target(
        leads=np.arange(-1 - L, -1),
        post=np.arange(T),
        weights=weights,
        beta=rng.normal(size=L + T) * 3,
        covariance=root @ root.T,
        pairs=tuple(range(-L, 0)),
    )


class Definition:
    """The test for one pair and sign: A beta - A_post tau <= 0 for some tau with l'tau = theta."""

    def __init__(self, target: Target, M: float, pair: int, sign: float) -> None:
        L, T = len(target.leads), len(target.post)
        position = {int(y): i for i, y in enumerate(target.leads)}
        position |= {t: L + t for t in range(T)}
        v = np.zeros(L + T)
        v[position[pair - 1]] -= sign
        if pair != -1:
            v[position[pair]] += sign
        rows = []
        for side in (1.0, -1.0):
            for t in range(T):
                row = -M * v
                row[position[t]] += side
                if t > 0:
                    row[position[t - 1]] -= side
                rows.append(row)
        self.A = np.array(rows)
        self.post = self.A[:, L:]
        self.l = target.weights
        self.X = self.post @ null_space(self.l[None])
        self.sigma = self.A @ target.covariance @ self.A.T
        self.sd = np.sqrt(np.diag(self.sigma))
        self.y = self.A @ target.beta

    def moments(self, theta: float) -> np.ndarray:
        return self.y - self.post @ self.l / (self.l @ self.l) * theta

    def eta(self, y: np.ndarray) -> float:
        """Return the least eta by linear programming, as in the definition."""
        k = self.X.shape[1]
        found = linprog(
            np.r_[1.0, np.zeros(k)],
            A_ub=-np.column_stack([self.sd, self.X]),
            b_ub=-y,
            bounds=(None, None),
        )
        return found.fun

    def vertices(self) -> np.ndarray:
        """Return every vertex of the dual, by trying all sets of columns."""
        W = np.column_stack([self.sd, self.X])
        goal = np.r_[1.0, np.zeros(self.X.shape[1])]
        found = []
        for chosen in combinations(range(len(W)), W.shape[1]):
            square = W[list(chosen)].T
            if abs(np.linalg.det(square)) < 1e-10:
                continue
            part = np.linalg.solve(square, goal)
            if (part > -1e-10).all():
                gamma = np.zeros(len(W))
                gamma[list(chosen)] = part
                found.append(gamma)
        return np.unique(np.round(found, 12), axis=0)

    def rejects(self, theta: float, critical: float) -> bool:
        y, corners = self.moments(theta), self.vertices()
        values = corners @ y
        gamma, eta = corners[values.argmax()], values.max()
        if eta > critical:
            return True
        variance = gamma @ self.sigma @ gamma
        c = self.sigma @ gamma / variance
        s = y - c * eta
        low, high = -np.inf, np.inf
        for other in corners:
            slope, level = other @ c, other @ s
            if slope < 1 - 1e-9:
                low = max(low, level / (1 - slope))
            elif slope > 1 + 1e-9:
                high = min(high, level / (1 - slope))
        high = min(high, critical)
        sd = np.sqrt(variance)
        size = (SIZE - KAPPA) / (1 - KAPPA)
        return bool(eta > max(0.0, sd * truncnorm.ppf(1 - size, low / sd, high / sd)))


@pytest.mark.parametrize("seed", range(12))
def test_largest_vertex_is_the_value_of_the_linear_programme(seed):
    target = random_target(seed, negative=seed % 2 == 1)
    M = 0.3 + seed / 8
    moments = relative.inequalities(target, M, kappa=KAPPA)
    sets = [(s, sign) for sign in (1.0, -1.0) for s in target.pairs]
    for c, (pair, sign) in enumerate(sets):
        definition = Definition(target, M, pair, sign)
        for theta in target.estimate + target.std_error * np.array([-4.0, -1.0, 0.3, 3.0]):
            at = np.array([moments.estimate[c, 0] - theta, moments.estimate[c, 1]])
            assert (moments.vertices[c] @ at).max() == pytest.approx(
                definition.eta(definition.moments(theta)), abs=1e-8
            )


@pytest.mark.parametrize("seed", range(8))
def test_decisions_agree_with_the_loop_over_all_vertices(seed):
    target = random_target(seed, negative=seed % 3 == 2)
    M = 0.25 + seed / 6
    moments = relative.inequalities(target, M, kappa=KAPPA)
    low, high = moments.reach()
    theta = np.linspace(low, high, 25)[1:-1]
    sets = [(s, sign) for sign in (1.0, -1.0) for s in target.pairs]
    slow = np.zeros(len(theta), dtype=bool)
    for c, (pair, sign) in enumerate(sets):
        definition = Definition(target, M, pair, sign)
        slow |= [not definition.rejects(t, moments.critical[c]) for t in theta]
    np.testing.assert_array_equal(accepts(moments, theta, size=SIZE), slow)
    assert slow.any()
    assert not slow.all()


@pytest.mark.parametrize("seed", range(4))
def test_least_favourable_value_is_the_quantile_of_simulated_programmes(seed):
    target = random_target(seed)
    moments = relative.inequalities(target, 1.0, kappa=KAPPA)
    draws = np.random.default_rng(seed).multivariate_normal(
        np.zeros(2), moments.covariance[0], size=200_000
    )
    below = ((draws @ moments.vertices[0].T).max(axis=1) <= moments.critical[0]).mean()
    assert below == pytest.approx(1 - KAPPA, abs=4 * np.sqrt(KAPPA / 200_000))


def share_below(q: float, vertices: np.ndarray, covariance: np.ndarray) -> float:
    """P(every vertex <= q), an integral over the change before start."""
    sd, slope = np.sqrt(covariance[1, 1]), covariance[0, 1] / covariance[1, 1]
    own = np.sqrt(covariance[0, 0] - slope * covariance[0, 1])

    def inside(v: float) -> float:
        ends = [(q - b * v) / a for a, b in vertices[:2]]
        low, high = norm.cdf((np.sort(ends) - slope * v) / own)
        return (high - low) * norm.pdf(v / sd) / sd

    steepest = -vertices[2:, 1].min()
    start = -9.0 * sd if steepest == 0.0 else max(-9.0 * sd, -q / steepest)
    return float(quad(inside, start, 9.0 * sd, points=[0.0], epsabs=1e-13, limit=200)[0])


@pytest.mark.parametrize("M", [0.0, 0.01, 1.0, 2.0])
def test_least_favourable_value_solves_the_integral(M):
    moments = relative.inequalities(random_target(7), M, kappa=KAPPA)
    of_each = zip(moments.critical, moments.vertices, moments.covariance, strict=True)
    for q, vertices, covariance in of_each:
        assert share_below(q, vertices, covariance) == pytest.approx(1 - KAPPA, abs=1e-13)


@pytest.mark.parametrize("seed", range(6))
def test_end_points_are_the_outermost_accepted_values(seed):
    target = random_target(seed)
    moments = relative.inequalities(target, 1.0, kappa=KAPPA)
    grid = np.linspace(*moments.reach(), 20_001)
    accepted = grid[accepts(moments, grid, size=SIZE)]
    low, high = relative.interval(target, 1.0, level=1 - SIZE)
    step = grid[1] - grid[0]
    assert 0 <= accepted[0] - low <= step
    assert 0 <= high - accepted[-1] <= step


def test_it_covers_at_the_worst_deviation_where_a_known_largest_pretrend_does_not():
    """The change before start is five standard deviations, and so is each after: theta is at the
    end of its identified set. Taking the largest estimate before start as known covers too seldom.
    """
    L, T, M, n = 4, 3, 1.0, 4000
    covariance = 0.5 * np.eye(L + T) + 0.5
    delta = np.concatenate([np.full(L, -5.0), 5.0 * M * np.arange(1.0, T + 1)])
    weights, truth = np.full(T, 1 / T), 0.0
    covered = naive = 0
    moments = None
    for beta in np.random.default_rng(2025).multivariate_normal(delta, covariance, size=n):
        target = Target(
            np.arange(-1 - L, -1), np.arange(T), weights, beta, covariance, tuple(range(-L, 0))
        )
        moments = moments or relative.inequalities(target, M, kappa=KAPPA)
        v = np.array([target.change(s) @ beta for s in target.pairs])
        estimate = np.column_stack([np.full(2 * L, target.estimate), np.concatenate([v, -v])])
        here = replace(moments, estimate=estimate)
        covered += bool(accepts(here, np.array([truth]), size=SIZE)[0])
        low, high = relative.identified(target, M)
        naive += low - 1.959964 * target.std_error <= truth <= high + 1.959964 * target.std_error
    assert covered / n == pytest.approx(1 - SIZE, abs=3 * np.sqrt(SIZE * (1 - SIZE) / n))
    assert naive / n < 0.85


def test_that_too_narrow_interval_is_diff_diffs():
    honest_did = pytest.importorskip("diff_diff.honest_did")
    target = random_target(3)
    L = len(target.leads)
    bounds = honest_did._solve_rm_bounds_union(
        target.beta[:L], target.beta[L:], target.weights, L, 1.0
    )
    assert relative.identified(target, 1.0) == pytest.approx(bounds)
    peer = honest_did._compute_flci(*bounds, target.std_error, 0.05)
    ours = relative.interval(target, 1.0, level=0.95)
    assert ours[1] - ours[0] > peer[1] - peer[0]
