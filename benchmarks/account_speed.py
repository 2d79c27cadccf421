"""How long a draw of the whole account takes, beside a bound and beside one account at a time.

    python benchmarks/account_speed.py [--runs 7]

The reference case on the shipped register. Timed warm, medians of the runs, in one process: ten
thousand draws of effects and assumptions with all actors (`uncertainty`, which keeps three accounts
a draw: sampling, assumptions, both), one such account alone, the tornado over every assumption, and
the switching values. The bound is what any program must do for one account: draw as many normal and
uniform numbers and put the effects through one matrix. The peer is the same account kept once for
every draw, as a spreadsheet would, timed on a hundred draws. Written to
benchmarks/results/account_speed.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"
DRAWS = 10_000


def timed(work: Callable[[], object], runs: int) -> float:
    """Return the median seconds of some runs, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs

    import mih_impact as mih
    from mih_impact.account.uncertainty import drawn_effects, drawn_values

    with mih.options(progress=False):
        case = mih.reproduce_nav().case
    effects, values = drawn_effects(case, DRAWS, 1), drawn_values(case, DRAWS, 1)
    assert effects is not None
    size, varying = case.effects.size, len(values)
    weights = case.model.accumulated.weights[:, -1].reshape(-1, size)

    def bound() -> object:
        rng = np.random.default_rng(1)
        normal = rng.standard_normal((DRAWS, size))
        rng.random((DRAWS, varying))
        return normal @ weights.T

    def one_at_a_time() -> object:
        return [
            case.with_values({name: float(value[k]) for name, value in values.items()}).npv
            for k in range(100)
        ]

    found = {
        "draws": DRAWS,
        "assumptions_drawn": varying,
        "assumptions_in_the_tornado": len(case.used_assumptions()),
        "machine": platform.processor() or platform.machine(),
        "runs": runs,
        "one_account_of_all_draws_s": timed(lambda: case.model.discounted(effects, values), runs),
        "uncertainty_s": timed(lambda: case.uncertainty(n=DRAWS), runs),
        "bound_s": timed(bound, runs),
        "one_at_a_time_s": timed(one_at_a_time, max(2, runs // 3)) * DRAWS / 100,
        "tornado_s": timed(case.sensitivity, runs),
        "switching_values_s": timed(case.switching_values, runs),
    }
    found["ratio_to_bound"] = found["one_account_of_all_draws_s"] / found["bound_s"]
    found["times_faster_than_one_at_a_time"] = (
        found["one_at_a_time_s"] / found["one_account_of_all_draws_s"]
    )
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(found, indent=2) + "\n"
    (RESULTS / "account_speed.json").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
