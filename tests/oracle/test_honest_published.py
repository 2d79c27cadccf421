"""Honest bounds against the numbers HonestDiD itself gives for its own examples.

HonestDiD tests a grid of values, so its end points lie up to one grid step inside the interval. Its
first stage takes 1,000 random draws, whose 99.5th percentile varies by a few per cent from seed to
seed: that moves an end point by one or two steps more, to either side. Its folded normal quantile
is a percentile of a million draws, 0.15 % off at most.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mih_impact.falsification.honest import relative, smoothness
from mih_impact.falsification.honest.target import Target

PUBLISHED = json.loads((Path(__file__).parent / "data" / "honest_did.json").read_text())
CASES = {
    kind: [
        pytest.param(name, entry, id=f"{name}: {entry['what']}")
        for name, study in PUBLISHED.items()
        for entry in study.get(kind, [])
    ]
    for kind in ("relative_magnitudes", "smoothness")
}


def target_of(name: str, weights: list[float]) -> Target:
    study = PUBLISHED[name]
    L = study["leads"]
    return Target(
        leads=np.arange(-1 - L, -1),
        post=np.arange(len(weights)),
        weights=np.array(weights, dtype=float),
        beta=np.array(study["beta"]),
        covariance=np.array(study["covariance"]),
        pairs=tuple(range(-L, 0)),
    )


@pytest.mark.parametrize(("name", "entry"), CASES["relative_magnitudes"])
def test_relative_magnitudes(name, entry):
    target = target_of(name, entry["weights"])
    half, points = entry["grid"]
    step = 2 * half * target.std_error / (points - 1)
    exact = entry["method"] == "conditional"
    noise = 0.0 if exact else 2.0 * max(step, 0.02 * target.std_error)
    rounding = 0.0 if name != "medicaid" else 5e-5
    for M, lower, upper in zip(entry["M"], entry["lower"], entry["upper"], strict=True):
        first_stage = 1e-9 if exact else 0.1
        low, high = relative.interval(target, M, level=0.95, first_stage=first_stage)
        for inside in (lower - low, high - upper if upper is not None else 0.0):
            assert -noise - rounding - 1e-12 <= inside <= step + noise + rounding


@pytest.mark.parametrize(("name", "entry"), CASES["smoothness"])
def test_smoothness(name, entry):
    target = target_of(name, entry["weights"])
    rounding = 5e-4 if name == "medicaid" else 0.0
    for M, lower, upper in zip(entry["M"], entry["lower"], entry["upper"], strict=True):
        low, high = smoothness.interval(target, M, level=0.95)
        assert high - low == pytest.approx(upper - lower, rel=0.0015, abs=2 * rounding)
        first, last = centres_near(target, M)
        assert first - rounding <= (lower + upper) / 2 <= last + rounding


def centres_near(target: Target, M: float) -> tuple[float, float]:
    """Return between which values the centre lies when the spread is a search step off its best.

    HonestDiD looks for the best standard deviation to within a hundredth of its range; the
    half-length is flat there, the centre is not.
    """
    frontier = smoothness.Frontier.of(target)
    budgets = np.linspace(frontier.least + 1e-9 * frontier.most, frontier.most, 1500)
    spread = np.array([frontier.spread(b)[0] for b in budgets])
    leads = target.beta[: len(target.leads)]
    centre = np.array([target.estimate + frontier.estimator(b)[0] @ leads for b in budgets])
    middle = sum(smoothness.interval(target, M, level=0.95)) / 2
    best = spread[np.abs(centre - middle).argmin()]
    near = centre[np.abs(spread - best) <= 0.0101 * (spread[0] - spread[-1])]
    return near.min(), near.max()


def test_identified_bounds_of_the_estimates():
    entry = PUBLISHED["profits"]["relative_magnitudes"][2]
    target = target_of("profits", entry["weights"])
    for k, M in enumerate(entry["M"]):
        low, high = relative.identified(target, M)
        assert low == pytest.approx(entry["identified_lower"][k], rel=1e-9)
        assert high == pytest.approx(entry["identified_upper"][k], rel=1e-9)
