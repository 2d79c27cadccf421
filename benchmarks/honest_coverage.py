"""Do honest bounds cover where trends are as far from parallel as the restriction allows?

    python benchmarks/honest_coverage.py [--draws 4000]

Estimates are drawn from a normal distribution around deviations at the edge of the restriction, so
that the true effect, zero, is at an end of its identified set; seeds are fixed and none left out.
For relative magnitudes the same draws are also covered, or not, by the interval that takes the
largest estimated change before start as known (what diff-diff gives: identified bounds -+ 1.96
standard errors). Written to benchmarks/results/honest_coverage.json.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from mih_impact.falsification.honest import relative, smoothness
from mih_impact.falsification.honest.relative import accepts
from mih_impact.falsification.honest.target import Target

RESULT = Path(__file__).parent / "results" / "honest_coverage.json"
LEVEL, Z = 0.95, 1.959964
LEADS, POST = 4, 7
WEIGHTS = {"average of years 0-6": np.full(POST, 1 / POST), "year 3": np.eye(POST)[3]}


def covariance(kind: str) -> np.ndarray:
    """Return the covariance of estimates relative to one base year, with variances near 1.

    base: independent years less the same base year. drift: errors that also accumulate.
    """
    years = np.array([*range(-1 - LEADS, -1), *range(POST)])
    same = 0.5 * np.eye(LEADS + POST) + 0.5
    if kind == "base":
        return same
    away = np.abs(years + 1)
    together = np.sign(years + 1)[:, None] == np.sign(years + 1)
    return same + 0.2 * np.where(together, np.minimum(away[:, None], away), 0)


def deviation(where: str, size: float, M: float) -> np.ndarray:
    """Return deviations whose largest change before start is `size`, and after it M * size a year.

    where: "last" or "first" pair before start, or "every" pair, up and down in turn.
    """
    change = {
        "last": np.array([0.0, 0.0, 0.0, size]),
        "first": np.array([size, 0.0, 0.0, 0.0]),
        "every": size * np.array([1.0, -1.0, 1.0, -1.0]),
    }[where]
    before = -np.cumsum(change[::-1])[::-1]
    return np.concatenate([before, M * size * np.arange(1.0, POST + 1)])


def target_of(beta: np.ndarray, V: np.ndarray, weights: np.ndarray) -> Target:
    pairs = tuple(range(-LEADS, 0))
    return Target(np.arange(-1 - LEADS, -1), np.arange(POST), weights, beta, V, pairs)


def relative_magnitudes(draws: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    designs = product(
        ("base", "drift"), WEIGHTS, ("last", "every"), (0.0, 0.5, 2.0, 6.0), (0.5, 1.0)
    )
    for seed, (kind, what, where, size, M) in enumerate(designs):
        V, delta = covariance(kind), deviation(where, size, M)
        rng = np.random.default_rng(seed)
        moments = relative.inequalities(target_of(delta, V, WEIGHTS[what]), M, kappa=0.005)
        covered, known = np.zeros(draws, dtype=bool), np.zeros(draws, dtype=bool)
        for k, beta in enumerate(rng.multivariate_normal(delta, V, size=draws)):
            target = target_of(beta, V, WEIGHTS[what])
            v = np.array([target.change(s) @ beta for s in target.pairs])
            pair = np.column_stack([np.full(2 * len(v), target.estimate), np.concatenate([v, -v])])
            here = replace(moments, estimate=pair)
            covered[k] = accepts(here, np.zeros(1), size=1 - LEVEL)[0]
            low, high = relative.identified(target, M)
            known[k] = low - Z * target.std_error <= 0.0 <= high + Z * target.std_error
        rows.append(
            {
                "covariance": kind,
                "effect": what,
                "largest_change_before_start": f"{where} pair" if size else "none",
                "in_standard_errors": size,
                "M": M,
                "coverage": float(covered.mean()),
                "coverage_if_taken_as_known": float(known.mean()),
            }
        )
    return rows


def smooth(draws: int) -> list[dict[str, object]]:
    """Return coverage of the fixed-length interval at the deviation that biases it most."""
    rows: list[dict[str, object]] = []
    designs = product(("base", "drift"), WEIGHTS, (0.0, 0.05, 0.3))
    for seed, (kind, what, M) in enumerate(designs):
        V, weights = covariance(kind), WEIGHTS[what]
        zero = target_of(np.zeros(LEADS + POST), V, weights)
        half = smoothness.interval(zero, M, level=LEVEL)[1]
        unit = np.eye(LEADS + POST)
        row = np.array(
            [sum(smoothness.interval(target_of(e, V, weights), M, level=LEVEL)) / 2 for e in unit]
        )
        delta = worst(row, M)
        beta = np.random.default_rng(seed).multivariate_normal(delta, V, size=50 * draws)
        rows.append(
            {
                "covariance": kind,
                "effect": what,
                "M": M,
                "worst_bias_in_standard_errors": float(row @ delta / np.sqrt(row @ V @ row)),
                "coverage": float((np.abs(beta @ row) <= half).mean()),
            }
        )
    return rows


def worst(row: np.ndarray, M: float) -> np.ndarray:
    """Return the deviations, bending by at most M a year, that move row @ beta the most."""
    from scipy.optimize import linprog

    n = LEADS + 1 + POST
    bends = np.diff(np.eye(n), n=2, axis=0)
    base = np.eye(n)[[LEADS]]
    goal = np.insert(row, LEADS, 0.0)
    steep = np.diff(np.eye(n), axis=0)[[LEADS]]  # any slope is as good: the row ignores it
    found = linprog(
        -goal,
        A_ub=np.vstack([bends, -bends]),
        b_ub=np.full(2 * len(bends), M),
        A_eq=np.vstack([base, steep]),
        b_eq=np.zeros(2),
        bounds=(None, None),
    )
    return np.delete(found.x, LEADS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    given = parser.parse_args()
    begun = time.perf_counter()
    error = float(np.sqrt(LEVEL * (1 - LEVEL) / given.draws))
    found = {
        "nominal": LEVEL,
        "draws": given.draws,
        "monte_carlo_error": round(error, 5),
        "relative_magnitudes": relative_magnitudes(given.draws),
        "smoothness_draws": 50 * given.draws,
        "smoothness": smooth(given.draws),
    }
    for kind in ("relative_magnitudes", "smoothness"):
        shares = [row["coverage"] for row in found[kind]]
        found[f"{kind}_least_coverage"] = min(shares)
    known = [row["coverage_if_taken_as_known"] for row in found["relative_magnitudes"]]
    found["least_coverage_if_taken_as_known"] = min(known)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
