"""Fixed-length intervals against diff-diff, linear programmes and a blunt minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.stats import norm

from mih_impact.falsification.honest import smoothness
from mih_impact.falsification.honest.target import Target


def random_target(seed: int, *, leads=None, signed: bool = False) -> Target:
    rng = np.random.default_rng(seed)
    leads = np.arange(-1 - int(rng.integers(2, 6)), -1) if leads is None else np.array(leads)
    T = int(rng.integers(1, 6))
    root = rng.normal(size=(len(leads) + T, len(leads) + T + 3))
    weights = rng.normal(size=T) if signed else rng.random(T)
    beta = rng.normal(size=len(leads) + T)
    return Target(leads, np.arange(T), weights, beta, root @ root.T, ())


def worst_bias(target: Target, v: np.ndarray) -> float:
    """Return the largest bias over deviations of every year that bend by at most 1, by LP."""
    years = np.arange(target.leads[0], target.post[-1] + 1)
    bends = np.diff(np.eye(len(years)), n=2, axis=0)
    row = np.zeros(len(years))
    row[target.leads - years[0]] = v
    row[target.post - years[0]] = target.weights
    found = linprog(
        -row,
        A_ub=np.vstack([bends, -bends]),
        b_ub=np.ones(2 * len(bends)),
        A_eq=np.eye(len(years))[[-1 - years[0]]],
        b_eq=[0.0],
        bounds=(None, None),
    )
    return np.inf if found.fun is None else -found.fun


def half_length(target: Target, v: np.ndarray, M: float) -> float:
    row = np.concatenate([v, target.weights])
    sd = np.sqrt(row @ target.covariance @ row)
    t = M * worst_bias(target, v) / sd
    low, high = 0.0, t + 5.0
    for _ in range(80):
        middle = (low + high) / 2
        enough = norm.cdf(middle - t) - norm.cdf(-middle - t) >= 0.95
        low, high = (low, middle) if enough else (middle, high)
    return sd * high


def weights_on_leads(target: Target, M: float) -> np.ndarray:
    """Read the chosen linear function off the interval: its centre moves with each estimate."""
    at = target.beta.copy()
    centre = []
    for k in range(len(target.leads) + 1):
        beta = np.zeros_like(at)
        if k < len(target.leads):
            beta[k] = 1.0
        moved = Target(target.leads, target.post, target.weights, beta, target.covariance, ())
        centre.append(sum(smoothness.interval(moved, M, level=0.95)) / 2)
    return np.array(centre[:-1]) - centre[-1]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("M", [0.0, 0.3, 2.0])
def test_half_length_is_diff_diffs_or_shorter(seed, M):
    honest_did = pytest.importorskip("diff_diff.honest_did")
    target = random_target(seed)
    L, T = len(target.leads), len(target.post)
    low, high = honest_did._flci_solve(
        target.beta[:L], target.beta[L:], target.covariance, target.weights, L, T, M
    )[:2]
    ours = smoothness.interval(target, M, level=0.95)
    shorter = ((high - low) - (ours[1] - ours[0])) / 2 / target.std_error
    assert -1e-12 <= shorter < 1e-6
    # The centre is where its search stopped: the half-length is flat where it is least.
    assert abs(sum(ours) - low - high) / 2 < 3e-4 * target.std_error


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("leads", [None, (-6, -5), (-7, -5, -2), (-4,), (-8, -7, -6, -3)])
@pytest.mark.parametrize("M", [0.05, 0.6])
def test_no_other_linear_function_has_a_shorter_interval(seed, leads, M):
    """Also with free deviations in years between (matched ones), and weights of either sign."""
    target = random_target(seed, leads=leads, signed=seed % 2 == 1)
    v = weights_on_leads(target, M)
    low, high = smoothness.interval(target, M, level=0.95)
    assert half_length(target, v, M) == pytest.approx((high - low) / 2, rel=1e-7)
    ahead = -1.0 - target.leads
    assert v @ ahead == pytest.approx(target.weights @ (target.post + 1.0), abs=1e-7)
    plane = np.linalg.svd(ahead[None])[2][1:].T
    rng = np.random.default_rng(seed)
    for size in (1e-3, 1e-1):
        for _ in range(3 if plane.size else 0):
            other = v + plane @ rng.normal(size=plane.shape[1]) * size
            assert half_length(target, other, M) > (high - low) / 2 * (1 - 1e-9)


def test_a_blunt_minimiser_ends_at_the_same_half_length():
    target = random_target(0, leads=(-7, -6, -4))
    ahead = -1.0 - target.leads
    plane = np.linalg.svd(ahead[None])[2][1:].T
    start = ahead * (target.weights @ (target.post + 1.0)) / (ahead @ ahead)
    found = minimize(
        lambda z: half_length(target, start + plane @ z, 0.3),
        np.zeros(plane.shape[1]),
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 200},
    )
    low, high = smoothness.interval(target, 0.3, level=0.95)
    assert found.fun == pytest.approx((high - low) / 2, rel=1e-5)
    assert found.fun >= (high - low) / 2 * (1 - 1e-9)


def test_identified_bounds_continue_the_slope_before_start():
    """One lead: the deviation of year 0 is minus that of year -2, up to one bend."""
    target = Target(
        np.array([-2]), np.array([0]), np.array([1.0]), np.array([-3.0, 10.0]), np.eye(2), ()
    )
    assert smoothness.identified(target, 2.0) == pytest.approx((5.0, 9.0))


def test_identified_bounds_are_missing_where_the_leads_bend_more():
    target = Target(
        np.array([-3, -2]), np.array([0]), np.array([1.0]), np.array([5.0, 0.0, 9.0]), np.eye(3), ()
    )
    assert np.isnan(smoothness.identified(target, 4.9)).all()
    # delta_-3 = 5, delta_-2 = delta_-1 = 0: the bend of 5 is behind, and year 0 is one bend away.
    assert smoothness.identified(target, 5.0) == pytest.approx((4.0, 14.0))
    # With year -2 matched its deviation is free and takes half of the bend.
    free = Target(
        np.array([-3]), np.array([0]), np.array([1.0]), np.array([5.0, 9.0]), np.eye(2), ()
    )
    assert smoothness.identified(free, 0.0) == pytest.approx((11.5, 11.5))
