"""How long group-time effects take beside diff-diff, in time and memory, in the same run.

    python benchmarks/group_time_speed.py [--persons 50000 500000] [--runs 3] [--peer PYTHON]

Persons x 12 years, 527 starters over 8 start years, base period universal, controls never start.
Every task is a process of its own for each side, ours and the peer's in turn, each call repeated
in it after one that is not counted; medians and ranges go to
benchmarks/results/group_time_speed.json.

What is timed. Ours: the public call on a panel whose cube is in memory, the average by event year
with its full covariance, both tables; "with_reading" is the first call, with read_panel, the
contract's checks and the cube from a Parquet file. The peer's: CallawaySantAnna(...).fit(frame) and
its event study, from a long pandas frame read into memory from the same file. Tasks: "plain";
"draws", 999 multiplier draws of every group-time effect and event year (rademacher on both sides);
"doubly_robust", three covariates. Memory is the highest resident size of the process during the
calls, with its data (our cube, the peer's frame) and above it. Linear algebra runs on one thread on
both sides, so that what else the machine does disturbs less; processor time stands beside the
clock's for the same reason.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "group_time_speed.json"
TASKS = ("plain", "draws", "doubly_robust")
COVARIATES = ["x0", "x1", "x2"]
DRAWS = 999
#: The peer takes at least this many times as long, by task and persons.
WANTED = {
    "plain": {50_000: 5, 500_000: 10}, "draws": {500_000: 20}, "doubly_robust": {500_000: 8},
}  # fmt: skip


def register(persons: int, *, seed: int = 2025) -> pd.DataFrame:
    """Return a long frame: incomes, three fixed covariates, start year 0 for never."""
    rng = np.random.default_rng(seed)
    years = np.arange(2010, 2022)
    start = np.zeros(persons, dtype=np.int64)
    start[:527] = 2013 + np.arange(527) % 8
    x = rng.normal(size=(persons, 3)) + 0.2 * (start > 0)[:, None]
    noise = rng.normal(0, 30, (persons, len(years))).cumsum(axis=1)
    trend = 5 * (years - 2010) * (1 + 0.2 * x[:, [1]])
    y = 300 + 20 * x[:, [0]] + rng.normal(0, 80, (persons, 1)) + trend + noise
    y += np.where(start[:, None] > 0, 20 * np.clip(years - start[:, None] + 1, 0, 4), 0)
    frame = pd.DataFrame(
        {
            "person_id": np.repeat(np.arange(persons), len(years)),
            "year": np.tile(years, persons),
            "wage_income": 1.0,
            "outcome": y.ravel(),
            "start_year": np.repeat(np.where(start > 0, start, np.nan), len(years)),
        }
    )
    for k, name in enumerate(COVARIATES):
        frame[name] = np.repeat(x[:, k], len(years))
    return frame


def megabytes(what: str) -> float:
    """Return the resident size now (VmRSS) or its high-water mark (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(what))
    return round(float(line.split()[1]) / 1024, 1)


def timed(call, runs: int, *, warm: int = 1) -> dict[str, object]:
    """Return seconds of every run after the first (warm) ones, and memory before and at most."""
    Path("/proc/self/clear_refs").write_text("5")  # a new high-water mark
    before, seconds, busy = megabytes("VmRSS"), [], []
    for _ in range(warm + runs):
        begun, used = time.perf_counter(), time.process_time()
        call()
        seconds.append(round(time.perf_counter() - begun, 4))
        busy.append(round(time.process_time() - used, 4))
    peak = megabytes("VmHWM")
    return {
        "seconds": seconds[warm:],
        "cpu_seconds": busy[warm:],
        "peak_mb": peak,
        "above_data_mb": round(peak - before, 1),
    }


def effects_and_averages(effects):
    """Return the influence on every group-time effect, and beside it on every event year."""
    from mih_impact.effects.group_time.estimate import averages, column_weights, starter_weights

    average = averages(
        effects.estimate, np.array(effects.starts), np.array(effects.years), effects.sizes,
        "event", window=None, balance_e=None,
    )  # fmt: skip
    weights, own = column_weights(average), starter_weights(average, effects.group_of)
    same, nothing = np.eye(len(weights)), np.zeros((len(own), len(weights)))
    return effects.influence.combine(np.hstack([same, weights]), np.hstack([nothing, own]))


def ours(task: str, path: str, runs: int) -> dict[str, object]:
    import mih_impact as mih

    covariates = COVARIATES if task == "doubly_robust" else []

    def estimate(panel: mih.Panel) -> None:
        effects = mih.group_time_effects(panel, outcomes="outcome", covariates=covariates)
        series = effects.aggregate("event")
        effects.to_frame(), series.to_frame(), effects.matrix, series.matrix
        if task == "draws":
            effects_and_averages(effects).multiplier_draws(DRAWS, seed=1, kind="rademacher")

    begun = time.perf_counter()
    panel = mih.read_panel(path, money="fixed", units={"outcome": "points"})
    estimate(panel)
    with_reading = time.perf_counter() - begun
    return timed(lambda: estimate(panel), runs) | {"with_reading": round(with_reading, 3)}


def peers(task: str, path: str, runs: int) -> dict[str, object]:
    import warnings

    import diff_diff

    warnings.simplefilter("ignore")
    columns = ["person_id", "year", "outcome", "start_year"]
    columns += COVARIATES if task == "doubly_robust" else []
    frame = pd.read_parquet(path, columns=columns).fillna({"start_year": 0})
    options: dict[str, object] = {"estimation_method": "dr"}
    if task == "draws":
        options |= {"n_bootstrap": DRAWS, "seed": 1}

    def fit() -> None:
        model = diff_diff.CallawaySantAnna(base_period="universal", **options)
        covariates = COVARIATES if task == "doubly_robust" else None
        model.fit(
            frame, "outcome", "person_id", "year", "start_year", covariates=covariates,
            aggregate="event_study",
        )  # fmt: skip

    return timed(fit, runs) | {"version": diff_diff.__version__}


def in_process(python: str, side: str, task: str, path: str, runs: int) -> dict[str, object]:
    """Run one side of one task in a process of its own."""
    command = [python, __file__, "--side", side, "--task", task, "--runs", str(runs)]
    found = subprocess.run([*command, "--path", path], capture_output=True, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def compare(task: str, persons: int, path: str, runs: int, peer: str) -> dict[str, object]:
    """Time both sides of a task, in turn."""
    own = in_process(sys.executable, "ours", task, path, runs)
    other = in_process(peer, "peers", task, path, runs)
    medians = [statistics.median(side["seconds"]) for side in (own, other)]
    busy = [statistics.median(side["cpu_seconds"]) for side in (own, other)]
    return {
        "task": task,
        "persons": persons,
        "ours": own | {"median": medians[0]},
        "diff_diff": other | {"median": medians[1]},
        "times_as_long": round(medians[1] / medians[0], 1),
        "times_as_long_cpu": round(busy[1] / busy[0], 1),
        "wanted": WANTED[task].get(persons),
        "memory_share": round(own["peak_mb"] / other["peak_mb"], 2),
        "memory_share_above_data": round(own["above_data_mb"] / other["above_data_mb"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", default=sys.executable, help="an interpreter with diff-diff")
    parser.add_argument("--side", choices=["ours", "peers"])
    parser.add_argument("--path")
    parser.add_argument("--task", choices=TASKS, nargs="+", default=list(TASKS))
    asked = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # inherited by the processes below
    if asked.side:
        side = ours if asked.side == "ours" else peers
        print(json.dumps(side(asked.task[0], asked.path, asked.runs)))
        return
    rows = []
    for persons in asked.persons:
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "register.parquet")
            register(persons).to_parquet(path)
            for task in asked.task:
                rows.append(compare(task, persons, path, asked.runs, asked.peer))
                print(json.dumps(rows[-1]), flush=True)
    machine = {
        "python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__,
        "machine": platform.machine(), "cpus": os.cpu_count(), "load_after": os.getloadavg()[0],
    }  # fmt: skip
    RESULTS.write_text(json.dumps({"machine": machine, "runs": asked.runs, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
