"""How long 999 draws of the whole pipeline take, beside a bound and a loop over the pipeline.

    python benchmarks/draws_speed.py [--draws 999] [--runs 3] [--methods entropy ipw ...]

The reference case on the shipped register, all its outcomes from year -5 to 6, with two workers:
weights by entropy balancing and by inverse probability found again on every draw, nearest
neighbours chosen again on every draw (the naive bootstrap, on request), and Otsu and Rai's draws,
which are the default for nearest neighbours and choose nobody anew. Timed from the call of
`mih.resample` to its result, setting up included, in one process, after twenty draws that are not
counted; medians of the runs, wall and processor seconds. One run with one worker stands beside
them.

The bound is what any program must do for a draw: draw persons, count how often each is in, and take
one weighted sum over the outcomes of everybody in the risk sets; for Otsu and Rai's, draw a number
for each person compared and take one weighted sum over these. It has the same workers. The loop is
what an analyst would write: `match` or `weight`, and `event_study`, once for every draw. It is
timed once a run on the register as it stands and multiplied: making a drawn register is not in it.

Written to benchmarks/results/draws_speed.json where all methods and all 999 draws are run; nothing
is asserted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
DRAWS, WORKERS, SEED = 999, 2, 2025
METHODS = ("entropy", "ipw", "matching_otsu_rai", "matching_naive")


def timed(work: Callable[[], object], runs: int) -> dict[str, float]:
    """Return wall and processor seconds of some runs: medians, and the range of the first."""
    wall, cpu = [], []
    for _ in range(runs):
        begun, before = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - before)
    return {
        "wall_s": round(statistics.median(wall), 3),
        "wall_min_s": round(min(wall), 3),
        "wall_max_s": round(max(wall), 3),
        "cpu_s": round(statistics.median(cpu), 3),
    }


def in_threads(one: Callable[[int], object], draws: int) -> None:
    """Do something for every draw with as many workers, each product on one thread."""
    from mih_impact.controls.design import one_thread

    with one_thread(), ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(draws)))


def bound_of_persons(group: Any, outcomes: np.ndarray, draws: int) -> None:
    """Draw persons, and add up everybody's outcomes as often as drawn."""
    person, persons = group.risk.person, group.risk.cube.n_persons

    def one(seed: int) -> np.ndarray:
        drawn = np.random.default_rng(seed).integers(0, persons, persons)
        return outcomes @ np.bincount(drawn, minlength=persons)[person].astype(float)

    in_threads(one, draws)


def bound_of_multipliers(outcomes: np.ndarray, draws: int) -> None:
    """Draw a number for each person compared, and add up their outcomes so."""
    size = outcomes.shape[1]
    in_threads(lambda seed: outcomes @ np.random.default_rng(seed).random(size), draws)


def chosen(method: str, panel: Any, options: dict[str, Any]) -> Any:
    """Choose controls with the columns of the reference case."""
    import mih_impact as mih

    if method.startswith("matching"):
        return mih.match(panel, **options)
    return mih.weight(panel, on=options["on"], exact=options["exact"], method=method)


def measured(method: str, draws: int, runs: int) -> dict[str, Any]:
    """Time one method, its bound, and the loop."""
    import mih_impact as mih
    from mih_impact.effects.question import read_target

    spec, panel = mih.nav.analysis(), mih.example_panel()
    controls, effects = spec.controls.options, spec.effects.options
    outcomes, window = effects["outcomes"], effects["window"]
    group = chosen(method, panel, controls)
    kind = "otsu_rai" if method == "matching_otsu_rai" else "naive"

    def resample(draws: int, workers: int = WORKERS) -> Any:
        return mih.resample(
            group, outcomes=outcomes, window=window, method=kind, draws=draws, workers=workers,
            seed=SEED,
        )  # fmt: skip

    def pipeline() -> Any:
        again = chosen(method, panel, controls)
        return mih.event_study(again, outcomes=outcomes, window=window, se="person")

    asked = read_target(group, outcomes, "did", -1, window, "available", "zero")
    rows = np.arange(len(group.risk.person))
    if kind == "otsu_rai":
        rows = np.unique(np.concatenate([group.sets.participant, group.sets.control]))
    values = np.nan_to_num(asked.levels_and_changes(group, rows)[1].T)
    values = np.ascontiguousarray(values)

    def bound() -> None:
        if kind == "otsu_rai":
            bound_of_multipliers(values, draws)
        else:
            bound_of_persons(group, values, draws)

    resample(20)
    bound()
    pipeline()
    found: dict[str, Any] = {
        "resampling": resample(20).method,
        "risk_set_rows": len(group.risk.person),
        "participants": group.n_participants,
        "estimates": len(values),
        **timed(lambda: resample(draws), runs),
        "one_worker": timed(lambda: resample(draws, workers=1), 1),
        "bound": timed(bound, runs),
        "pipeline_once": timed(pipeline, runs),
    }
    found["loop_s"] = round(found["pipeline_once"]["wall_s"] * draws, 1)
    found["over_bound"] = round(found["cpu_s"] / found["bound"]["cpu_s"], 1)
    found["loop_over_ours"] = round(found["loop_s"] / found["wall_s"], 1)
    found["gain_of_the_second_worker"] = round(found["one_worker"]["wall_s"] / found["wall_s"], 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    given = parser.parse_args()
    import mih_impact as mih

    record: dict[str, Any] = {
        "draws": given.draws,
        "workers": WORKERS,
        "runs": given.runs,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "cpus": os.cpu_count(),
        "load_at_start": [round(x, 1) for x in os.getloadavg()],
        "methods": {},
    }
    for method in given.methods:
        with mih.options(progress=False), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The naive bootstrap is not valid")
            record["methods"][method] = measured(method, given.draws, given.runs)
        print(method, json.dumps(record["methods"][method], indent=2), flush=True)
    record["load_at_end"] = [round(x, 1) for x in os.getloadavg()]
    if given.draws != DRAWS or set(given.methods) != set(METHODS):
        print(f"not written: {DRAWS} draws by all methods are what is recorded")
        return
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "draws_speed.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
