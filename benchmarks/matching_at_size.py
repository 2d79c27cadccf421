"""100,000 participants against 3 million candidates: 1:5 propensity matching, in time and memory.

    python benchmarks/matching_at_size.py [--sizes 25000 50000 100000] [--runs 3] [--peer-most N]

Thirty candidates to a participant, nearest on the log odds within county and benefit type with the
columns of the reference case, all starting in one year or in one of three; in three, everybody is a
candidate three times. From a cube in memory, made here of random numbers with a fixed seed, to the
matched sets, by what `mih.match` calls. Every measurement is a process of its own; its memory is
the highest it ever had, the cube and making it included.

The bound is measured in the same process, afterwards: the same scores sorted once within cells, and
one product X'WX of the same covariates, which a logit needs at every step. The peer is what there
is for the purpose elsewhere: statsmodels' Logit and SciPy's cKDTree asked cell by cell for the five
nearest within the same caliper, from columns that lie ready, so that it stands beside our score and
search without the risk sets; one start year, and as many participants as --peer-most. Pairs of both
are counted, and their mean distance compared.

Written to benchmarks/results/matching_at_size.json, with what time and memory are multiplied by
when persons double, where the sizes are those above; nothing is asserted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
SIZES, CANDIDATES = (25_000, 50_000, 100_000), 30
FIRST, LAST = 2017, 2022
COUNTIES, BENEFITS = 15, 4
LEVELS = ("basic", "higher", "secondary")
RATIO, CALIPER = 5, 0.2
BLOCK = 8_192


def peak_gb() -> float:
    """Return the highest resident memory of this process; getrusage begins with its parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e6
    return float("nan")


def people(participants: int, start_years: int) -> dict[str, np.ndarray]:
    """Make up persons: participants are younger and earn less, and start in the last years."""
    rng = np.random.default_rng(participants)
    n = participants * (CANDIDATES + 1)
    starts = np.zeros(n, dtype=bool)
    starts[rng.choice(n, participants, replace=False)] = True
    years = LAST - np.arange(start_years)
    level = rng.normal(300.0, 90.0, n) - 50.0 * starts
    wage = np.empty((n, LAST - FIRST + 1), dtype=np.int64)
    for t in range(wage.shape[1]):  # øre; some have none
        paid = rng.random(n) < 0.85
        wage[:, t] = np.rint(np.maximum(level + rng.normal(0.0, 40.0, n), 0.0) * 1e5) * paid
    return {
        "start": np.where(starts, rng.choice(years, n), 0),
        "birth": rng.integers(1960, 1998, n) + 3 * starts,
        "wage": wage,
        "education": rng.choice(3, n, p=[0.4, 0.2, 0.4]).astype(np.int32),
        "county": rng.integers(0, COUNTIES, n, dtype=np.int32),
        "benefit_type": rng.integers(0, BENEFITS, n, dtype=np.int32),
    }


def cube_of(made: dict[str, np.ndarray]) -> Any:
    """Put the persons into a cube, all of them observed, resident and eligible every year."""
    from mih_impact.panel.cube import Cube
    from mih_impact.panel.residency import State

    n, periods = len(made["start"]), np.arange(FIRST, LAST + 1)
    shape = (n, len(periods))

    def every_year(codes: np.ndarray) -> np.ndarray:
        return np.repeat(codes[:, None], len(periods), axis=1)

    def names(word: str, many: int) -> tuple[str, ...]:
        return tuple(f"{word}{k:02d}" for k in range(many))

    return Cube(
        person_id=np.array([f"{i:08d}" for i in range(n)], dtype=object),
        periods=periods,
        observed=np.ones(len(periods), dtype=bool),
        start=made["start"],
        eligible=np.ones(shape, dtype=bool),
        state=np.full(shape, State.OBSERVED, dtype=np.uint8),
        row=np.ones(shape, dtype=bool),
        ore={"wage_income": made["wage"]},
        null={"wage_income": np.zeros(shape, dtype=bool)},
        code={c: every_year(made[c]) for c in ("education", "county", "benefit_type")},
        categories={
            "education": LEVELS,
            "county": names("county", COUNTIES),
            "benefit_type": names("benefit", BENEFITS),
        },
        number={},
        fixed={"birth_year": made["birth"].astype(float)},
        price_factor=np.ones(len(periods)),
        residency_known=True,
        price_year=LAST,
        currency="NOK",
    )


def ours(participants: int, start_years: int) -> dict[str, Any]:
    """Match from a cube, and measure the bound afterwards."""
    from mih_impact.controls.matching import matched_in
    from mih_impact.controls.options import MatchOptions
    from mih_impact.controls.propensity import propensity_score
    from mih_impact.controls.risk_set import build_risk_set
    from mih_impact.controls.terms import lag

    options = MatchOptions(
        on=("age", "education", *lag("wage_income", 1, 2, 3)), exact=("county", "benefit_type"),
        method="propensity", ratio=RATIO, replace=True, scope="global", caliper=CALIPER,
        common_support=False, order="largest", controls="never", window_end=6, score="pooled",
        cutpoints=None, seed=None,
    )  # fmt: skip
    cube = cube_of(people(participants, start_years))
    begun, before, made = time.perf_counter(), time.process_time(), peak_gb()
    risk = build_risk_set(cube, on=options.on, exact=options.exact)
    stacked = time.perf_counter() - begun, time.process_time() - before
    chosen = matched_in(risk, options, lambda: propensity_score(risk, pooled=True))
    wall, cpu, peak = time.perf_counter() - begun, time.process_time() - before, peak_gb()
    sets = chosen.sets
    assert chosen.score is not None
    found = {
        "wall_s": wall,
        "cpu_s": cpu,
        "score_and_search_wall_s": wall - stacked[0],
        "score_and_search_cpu_s": cpu - stacked[1],
        "peak_gb": peak,
        "making_the_cube_gb": made,
        "risk_set_rows": len(risk.person),
        "matched": len(sets.participant),
        "pairs": len(sets.control),
        "mean_distance": float(sets.distance.mean()),
    }
    return {**found, **bound(risk.design, chosen.score, risk.cell)}


def bound(design: Any, score: Any, cell: np.ndarray) -> dict[str, float]:
    """Sort the scores within cells, and add up X'WX, each once."""
    X = design.X
    weight = score.probability * (1.0 - score.probability)
    begun, before = time.perf_counter(), time.process_time()
    np.lexsort((score.index, cell))
    total = np.zeros((X.shape[1], X.shape[1]))
    for first in range(0, len(X), BLOCK):
        part = X[first : first + BLOCK]
        total += (part * weight[first : first + BLOCK, None]).T @ part
    return {
        "bound_wall_s": time.perf_counter() - begun,
        "bound_cpu_s": time.process_time() - before,
    }


def peer(participants: int, start_years: int) -> dict[str, Any]:
    """Fit statsmodels' logit and ask SciPy's trees, cell by cell, from columns that lie ready."""
    from scipy.spatial import cKDTree
    from statsmodels.api import Logit

    made = people(participants, start_years)
    treated = made["start"] > 0
    before_start = LAST - FIRST - 1
    columns = [LAST - 1 - made["birth"], made["education"] == 0, made["education"] == 1]
    columns += [made["wage"][:, before_start - k] / 1e7 for k in range(3)]
    X = np.column_stack([np.ones(len(treated)), *columns]).astype(float)
    cell = made["county"] * BENEFITS + made["benefit_type"]
    y = treated.astype(float)
    del made, columns
    begun, before = time.perf_counter(), time.process_time()
    index = X @ Logit(y, X).fit(disp=0, method="newton").params
    limit, pairs, matched, total = CALIPER * index.std(ddof=1), 0, 0, 0.0
    order = np.argsort(cell, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(cell))[:-1]):
        own, others = rows[treated[rows]], rows[~treated[rows]]
        tree = cKDTree(index[others, None])
        distance, _ = tree.query(index[own, None], k=RATIO, distance_upper_bound=limit)
        near = np.isfinite(distance)
        pairs, matched = pairs + int(near.sum()), matched + int(near.any(axis=1).sum())
        total += float(distance[near].sum())
    return {
        "wall_s": time.perf_counter() - begun,
        "cpu_s": time.process_time() - before,
        "peak_gb": peak_gb(),
        "matched": matched,
        "pairs": pairs,
        "mean_distance": total / pairs,
    }


def process(what: str, participants: int, start_years: int) -> dict[str, Any]:
    """Measure one of them in a process of its own."""
    command = [sys.executable, __file__, "--one", what, str(participants), str(start_years)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def middle(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians of seconds, the highest memory, and what is the same in every run."""
    row = dict(found[0])
    for name in row:
        if name.endswith("_s"):
            row[name] = round(statistics.median(one[name] for one in found), 3)
        elif name.endswith("_gb"):
            row[name] = round(max(one[name] for one in found), 3)
    return row


def measured(participants: int, start_years: int, runs: int, peer_most: int) -> dict[str, Any]:
    """Measure one size, ours and the peer in turn."""
    asks_peer = start_years == 1 and participants <= peer_most
    own, other = [], []
    for _ in range(runs):
        own.append(process("ours", participants, start_years))
        if asks_peer:
            other.append(process("peer", participants, start_years))
    row = {"participants": participants, "candidates": CANDIDATES * participants, **middle(own)}
    row["over_bound"] = round(row["cpu_s"] / row["bound_cpu_s"], 2)
    if asks_peer:
        row["statsmodels_and_ckdtree"] = middle(other)
        # The peer gets its columns ready made, so it stands beside score and search alone.
        clocks = ("wall_s", "cpu_s")
        row["peer_over_score_and_search"] = {
            clock: round(
                row["statsmodels_and_ckdtree"][clock] / row[f"score_and_search_{clock}"], 2
            )
            for clock in clocks
        }
    return row


def growth(rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return what time and memory are multiplied by when persons double, between sizes."""
    steps = []
    for small, large in pairwise(rows):
        doublings = log2(large["participants"] / small["participants"])
        per = {
            name: round((large[name] / small[name]) ** (1.0 / doublings), 2)
            for name in ("wall_s", "cpu_s", "peak_gb")
        }
        steps.append({"from": small["participants"], "to": large["participants"], **per})
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-most", type=int, default=SIZES[-1])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        what = {"ours": ours, "peer": peer}[given.one[0]]
        print(json.dumps(what(*map(int, given.one[1:]))))
        return
    record: dict[str, Any] = {
        "ratio": RATIO,
        "caliper": CALIPER,
        "cells": COUNTIES * BENEFITS,
        "runs": given.runs,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "cpus": os.cpu_count(),
        "load_at_start": [round(x, 1) for x in os.getloadavg()],
    }
    for start_years in (1, 3):
        rows = []
        for participants in given.sizes:
            rows.append(measured(participants, start_years, given.runs, given.peer_most))
            print(start_years, json.dumps(rows[-1], indent=1), flush=True)
        record[f"start_years_{start_years}"] = {
            "sizes": rows,
            "doubling_persons_multiplies": growth(rows),
        }
    record["load_at_end"] = [round(x, 1) for x in os.getloadavg()]
    if tuple(given.sizes) != SIZES:
        print(f"not written: {', '.join(map(str, SIZES))} participants are what is recorded")
        return
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "matching_at_size.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
