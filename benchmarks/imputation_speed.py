"""How long the imputation estimator takes beside pyfixest's did2s and diff-diff, in the same run.

    python benchmarks/imputation_speed.py --pyfixest PYTHON [--persons 50000 500000] [--runs 3]

The register of `group_time_speed.py`: persons x 12 years, 527 starters over 8 start years, years
since start 0 to 6 with their standard errors. Each side is a process of its own, each call repeated
in it after one that is not counted (after none where a call takes over a minute). Ours: the public
call on a panel whose cube is in memory, without years before start, its table and covariance;
"with_reading" is the first call, with read_panel, the contract's checks and the cube from a Parquet
file. The peers: did2s with an indicator of every year since start, and ImputationDiD with its event
study, from a long pandas frame that was read before. Memory is the highest resident size of the
process during the calls, with its data. A peer is stopped after `--limit` seconds, or where it asks
for more than `--memory` GB, and recorded so. Linear algebra runs on one thread on all sides.
Medians go to benchmarks/results/imputation_speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from group_time_speed import register, timed

RESULTS = Path(__file__).parent / "results" / "imputation_speed.json"
LAST = 6
#: Beyond so many seconds one call is timed, the first.
LONG = 60.0
COLUMNS = ["person_id", "year", "outcome", "start_year"]


def ours(path: str):
    """Return the call, and how long the first took with reading."""
    import mih_impact as mih

    def estimate(panel: mih.Panel) -> dict[str, float]:
        effects = mih.imputation_effects(panel, outcomes="outcome", window=(0, LAST))
        effects.to_frame(), effects.covariance
        return dict(zip(map(str, effects.levels), effects.estimate[0].tolist(), strict=True))

    begun = time.perf_counter()
    panel = mih.read_panel(path, money="fixed", units={"outcome": "points"})
    estimate(panel)
    return lambda: estimate(panel), {"with_reading": round(time.perf_counter() - begun, 3)}


def pyfixest(path: str):
    """Return the call of did2s."""
    import pyfixest as pf

    frame = pd.read_parquet(path, columns=COLUMNS)
    since = frame["year"] - frame["start_year"]
    frame["treated"] = (since >= 0).astype(int)
    frame["since"] = since.where(since >= 0, -1).fillna(-1).astype(int)

    def fit() -> dict[str, float]:
        found = pf.did2s(
            frame, yname="outcome", first_stage="~ 0 | person_id + year",
            second_stage="~ i(since, ref=-1)", treatment="treated", cluster="person_id",
        )  # fmt: skip
        return {name.rstrip("]").split("::")[-1].split(".")[-1]: float(b)
                for name, b in found.coef().items()}  # fmt: skip

    return fit, {"version": pf.__version__}


def diff_diff(path: str):
    """Return the call of ImputationDiD."""
    import diff_diff as dd

    frame = pd.read_parquet(path, columns=COLUMNS).fillna({"start_year": 0})

    def fit() -> dict[str, float]:
        fitted = dd.ImputationDiD().fit(frame, "outcome", "person_id", "year", "start_year")
        table = fitted.aggregate("event_study").to_dataframe().set_index("event_time")
        return {str(e): float(table.loc[e, "att"]) for e in range(LAST + 1)}

    return fit, {"version": dd.__version__}


SIDES = {"ours": ours, "pyfixest": pyfixest, "diff_diff": diff_diff}


def side(name: str, path: str, runs: int) -> dict[str, object]:
    """Time one side in this process."""
    warnings.simplefilter("ignore")
    call, about = SIDES[name](path)
    found: list[dict[str, float]] = []
    if name != "ours":
        once = timed_once(lambda: found.append(call()))
        if once["seconds"][0] > LONG:
            return once | about | {"effects": found[0]}
    return timed(lambda: found.append(call()), runs) | about | {"effects": found[-1]}


def timed_once(call) -> dict[str, object]:
    """Return seconds and memory of a first and only call."""
    Path("/proc/self/clear_refs").write_text("5")
    begun = time.perf_counter()
    call()
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return {
        "seconds": [round(time.perf_counter() - begun, 3)],
        "peak_mb": round(float(peak.split()[1]) / 1024, 1),
    }


def in_process(
    python: str, name: str, path: str, runs: int, limit: float, memory: float
) -> dict[str, object]:
    """Run one side in a process of its own; what takes too long, or too much, is recorded so."""
    command = [python, __file__, "--side", name, "--runs", str(runs), "--path", path]
    command += ["--memory", str(memory)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"stopped": f"over {limit:.0f} s"}
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["ended without a word"])[-1]
        return {"stopped": f"over {memory:g} GB" if "memory" in last.lower() else last[:120]}
    return json.loads(found.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=1800.0)
    parser.add_argument("--memory", type=float, default=24.0, help="GB that a peer may take")
    parser.add_argument("--pyfixest", default=sys.executable, help="an interpreter with pyfixest")
    parser.add_argument("--side", choices=list(SIDES))
    parser.add_argument("--path")
    asked = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"
    if asked.side:
        most = int(asked.memory * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        print(json.dumps(side(asked.side, asked.path, asked.runs)))
        return
    rows = []
    for persons in asked.persons:
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "register.parquet")
            register(persons).to_parquet(path)
            row: dict[str, object] = {"persons": persons}
            for name in SIDES:
                python = asked.pyfixest if name == "pyfixest" else sys.executable
                row[name] = in_process(python, name, path, asked.runs, asked.limit, asked.memory)
            rows.append(row | compared(row))
            print(json.dumps(rows[-1]), flush=True)
    machine = {
        "python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__,
        "machine": platform.machine(), "cpus": os.cpu_count(), "load_after": os.getloadavg()[0],
    }  # fmt: skip
    RESULTS.write_text(json.dumps({"machine": machine, "runs": asked.runs, "rows": rows}, indent=2))


def compared(row: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return each peer's time and memory as a multiple of ours, and how far its effects are."""
    own, found = row["ours"], {}
    for name in SIDES:
        other = row[name]
        if name == "ours" or "seconds" not in other:
            continue
        found[name + "_times_as_long"] = round(
            statistics.median(other["seconds"]) / statistics.median(own["seconds"]), 1
        )
        found[name + "_memory_share"] = round(own["peak_mb"] / other["peak_mb"], 2)
        found[name + "_largest_difference"] = max(
            abs(other["effects"][e] - b) for e, b in own["effects"].items()
        )
    return found


if __name__ == "__main__":
    main()
