"""Do standard errors that count the propensity score as estimated hold what they say?

    python benchmarks/score_correction.py [--seeds 1000]

1,000 persons a sample, seeds 0, 1, ..., none left out, an effect that is known. `known` is the
spread of the estimates where controls are matched on the true score, which the uncorrected standard
errors are for; `spread` that on the estimated one, beside the root mean square of both standard
errors and the share of samples in which their 95 % intervals hold the mean effect on participants.

The designs are logits in two characteristics, uniform from -0.5 to 0.5. In the last, persons start
in one of four years or never, those who never do are candidates in all four, outcomes of a person
are correlated from year to year, and matching is within cells that are not in the logit and have
odds of their own. Written to benchmarks/results/score_correction.json.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import mih_impact as mih
from mih_impact.controls.nearest import Neighbours, nearest
from mih_impact.errors import MihImpactWarning

RESULT = Path(__file__).parent / "results" / "score_correction.json"
PERSONS, STARTS = 1000, (2015, 2016, 2017, 2018)


@dataclass(frozen=True)
class Design:
    """Log odds of starting and mean outcomes given two characteristics x, shape (n, 2).

    `patt` is the mean effect on participants: E[effect p] / E[p], by SciPy's dblquad.
    """

    says: str
    index: Callable[[np.ndarray], np.ndarray]
    without: Callable[[np.ndarray], np.ndarray]
    effect: Callable[[np.ndarray], np.ndarray]
    patt: float
    ratio: int = 1
    starts: tuple[int, ...] = STARTS[:1]
    cells: bool = False


def steep(x: np.ndarray) -> np.ndarray:
    return 8 * x[:, 0] - 8 * x[:, 1]


def nothing(x: np.ndarray) -> np.ndarray:
    return np.zeros(len(x))


DESIGNS = {
    "paper": Design(
        "index x1 + 2 x2, outcome 3 x1 - 3 x2, effect 5 + 2 x1 + 4 x2",
        lambda x: x[:, 0] + 2 * x[:, 1],
        lambda x: 3 * x[:, 0] - 3 * x[:, 1],
        lambda x: 5 + 2 * x[:, 0] + 4 * x[:, 1],
        5.388415,
    ),
    "opposite": Design(
        "index x1 + x2, outcome 10 x1, effect 5 - 20 x1",
        lambda x: x[:, 0] + x[:, 1],
        lambda x: 10 * x[:, 0],
        lambda x: 5 - 20 * x[:, 0],
        4.193044,
    ),
    "steep": Design(
        "index -1.5 + x1 + x2, outcome 8 x1 - 8 x2, no effect",
        lambda x: -1.5 + x[:, 0] + x[:, 1],
        steep,
        nothing,
        0.0,
    ),
    "steep, 4 controls": Design(
        "the same with four controls each",
        lambda x: -1.5 + x[:, 0] + x[:, 1],
        steep,
        nothing,
        0.0,
        ratio=4,
    ),
    "start years and cells": Design(
        "index -2.5 + x1 + x2 + 0.8 cell in each of four start years, 4 controls, no effect",
        lambda x: -2.5 + x[:, 0] + x[:, 1],
        steep,
        nothing,
        0.0,
        ratio=4,
        starts=STARTS,
        cells=True,
    ),
}


@dataclass(frozen=True)
class Sample:
    """Persons: characteristics (n, 2), cell, start year (0: never) and outcomes by start year."""

    x: np.ndarray
    cell: np.ndarray
    start: np.ndarray
    y: np.ndarray
    index: np.ndarray


def draw(design: Design, seed: int, persons: int = PERSONS) -> Sample:
    """Draw a sample; P(start in c) / P(never) is exp(index), the same in every start year."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-0.5, 0.5, (persons, 2))
    cell = rng.integers(0, 2, persons) * design.cells
    index = design.index(x) + 0.8 * cell
    never = 1 / (1 + len(design.starts) * np.exp(index))
    starts = rng.random(persons) >= never
    start = np.where(starts, rng.choice(design.starts, persons), 0)
    noise = rng.normal(size=(persons, 1)) if len(design.starts) > 1 else 0.0
    y = (design.without(x) + np.where(starts, design.effect(x), 0.0))[:, None] + noise
    return Sample(x, cell, start, y + rng.normal(size=(persons, len(design.starts))), index)


def read(sample: Sample, starts: tuple[int, ...]) -> mih.Panel:
    """Return the sample as a panel: the outcome y is 0 before the first start year."""
    fixed = pd.DataFrame(
        {
            "person_id": np.arange(len(sample.x)),
            "x1": sample.x[:, 0],
            "x2": sample.x[:, 1],
            "cell": np.where(sample.cell == 1, "a", "b"),
            "start_year": pd.Series(sample.start).where(sample.start > 0),
            "wage_income": 1.0,
        }
    )
    years = [fixed.assign(year=starts[0] - 1, y=0.0)]
    years += [fixed.assign(year=c, y=sample.y[:, k]) for k, c in enumerate(starts)]
    return mih.read_panel(pd.concat(years, ignore_index=True), units={"y": "points"}, money="fixed")


def one(name: str, seed: int, persons: int = PERSONS) -> dict[str, float]:
    """Estimate once; the estimate, both standard errors, and the estimate on the true score."""
    design = DESIGNS[name]
    sample = draw(design, seed, persons)
    exact = ("cell",) if design.cells else ()
    group = mih.match(
        read(sample, design.starts),
        on=["x1", "x2"],
        exact=exact,
        ratio=design.ratio,
        caliper=None,
        outcomes="y",
    )
    found: dict[str, float] = {"warned": 0.0}
    for corrected in (False, True):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", MihImpactWarning)
            row = mih.event_study(
                group,
                outcomes="y",
                estimator="difference",
                window=(0, 0),
                score_correction=corrected,
            ).frame.iloc[0]
        found["warned"] += float(bool(said))
        found["estimate"] = float(row["estimate"])
        found["corrected" if corrected else "uncorrected"] = float(row["std_error"])
    found["known"] = on_true_score(design, sample)
    return found


def mean_of_nearest(near: Neighbours, y: np.ndarray) -> np.ndarray:
    """Return the mean over each target's nearest controls."""
    total = np.bincount(near.member, weights=y[near.control])
    return (total / np.bincount(near.member))[near.set_of]


def on_true_score(design: Design, sample: Sample) -> float:
    """Match on the true log odds, within start year and cell."""
    contrasts = []
    for k, c in enumerate(design.starts):
        for cell in np.unique(sample.cell):
            here = sample.cell == cell
            treated = np.flatnonzero(here & (sample.start == c))
            candidate = np.flatnonzero(here & (sample.start == 0))
            near = nearest(sample.index[treated], sample.index[candidate], design.ratio, np.inf)
            matched = mean_of_nearest(near, sample.y[candidate, k])
            contrasts.append(sample.y[treated, k] - matched)
    return float(np.concatenate(contrasts).mean())


def summary(name: str, seeds: int) -> dict[str, object]:
    rows = pd.DataFrame([one(name, seed) for seed in range(seeds)])
    patt = DESIGNS[name].patt
    off = rows["estimate"] - patt

    def covers(kind: str) -> float:
        return float((off.abs() <= 1.959964 * rows[kind]).mean())

    return {
        "design": DESIGNS[name].says,
        "seeds": seeds,
        "patt": patt,
        "bias": round(float(off.mean()), 4),
        "known": round(float(rows["known"].std()), 4),
        "spread": round(float(off.std()), 4),
        "uncorrected": round(float(np.sqrt((rows["uncorrected"] ** 2).mean())), 4),
        "corrected": round(float(np.sqrt((rows["corrected"] ** 2).mean())), 4),
        "covered_uncorrected": round(covers("uncorrected"), 4),
        "covered_corrected": round(covers("corrected"), 4),
        "warned": int(rows["warned"].sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    seeds = parser.parse_args().seeds
    result = {name: summary(name, seeds) for name in DESIGNS}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(pd.DataFrame(result).T.drop(columns="design").to_string())


if __name__ == "__main__":
    main()
