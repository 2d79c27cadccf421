"""How long 1:5 matching without replacement takes beside R's MatchIt and pymatchit.

    python benchmarks/matching_speed.py [--runs 5] [--peer /path/to/python]

From arrays of scores to arrays of pairs: 527 participants and the rest of 50,000 or 500,000
persons, largest score first, caliper 0.2 standard deviations, scores given. Each tool runs in a
process of its own, once to warm up, then timed call by call; R by `system.time` inside `Rscript`.
pymatchit, which takes minutes at 500,000, gets one call there, timed after a warm-up on 1,527 rows.
`--peer` is a Python with pymatchit-causal (this one by default). A tool that is not installed is
left out and said so. Medians and ranges go to benchmarks/results/matching_speed.json; nothing is
asserted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"
PARTICIPANTS = 527
SIZES = (50_000, 500_000)

OURS = """
import sys, time, numpy as np
from mih_impact.controls.nearest import greedy
data = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
treated, score = data[:, 0] == 1, data[:, 1].copy()
def run():
    begun = time.perf_counter()
    target, control = score[treated], score[~treated]
    found = greedy(target, np.zeros(len(target), int), control, np.zeros(len(control), int),
                   np.arange(len(control)), np.argsort(-target, kind="stable"), 5,
                   0.2 * score.std(ddof=1))
    seconds = time.perf_counter() - begun
    return seconds, len(found.control)
run()
for _ in range(int(sys.argv[2])):
    print(*run())
"""
PEER = """
import sys, time, warnings, numpy as np, pandas as pd
warnings.simplefilter("ignore")
from pymatchit.matchers import NearestNeighborMatcher
data = pd.read_csv(sys.argv[1])
def run(data=data):
    begun = time.perf_counter()
    matches, _, _ = NearestNeighborMatcher(ratio=5, caliper=0.2, m_order="largest").match(
        data["treated"], distance_measure=data["score"])
    return time.perf_counter() - begun, sum(map(len, matches.values()))
run(data.groupby("treated").head(1000))
for _ in range(int(sys.argv[2])):
    print(*run())
"""
# Scores in units of 1e-7: MatchIt 4.5.1 compares whole numbers (see tests/oracle/R/matching.R).
MATCHIT = """
suppressMessages(library(MatchIt))
args <- commandArgs(trailingOnly = TRUE)
data <- read.csv(args[1])
data$score <- data$score * 1e7
run <- function() {
  seconds <- system.time(fit <- matchit(treated ~ score, data = data, distance = data$score,
    method = "nearest", ratio = 5, caliper = 0.2, m.order = "largest"))[["elapsed"]]
  cat(seconds, sum(!is.na(fit$match.matrix)), "\\n")
}
for (i in seq_len(1 + as.integer(args[2]))) run()
"""


def write_scores(path: Path, persons: int) -> None:
    """Write treated and score of made-up persons; participants' scores are higher."""
    rng = np.random.default_rng(persons)
    treated = np.zeros(persons, dtype=int)
    treated[rng.choice(persons, PARTICIPANTS, replace=False)] = 1
    score = rng.normal(-6.0, 1.2, persons) + treated
    np.savetxt(
        path,
        np.column_stack([treated, score]),
        delimiter=",",
        header="treated,score",
        comments="",
        fmt=["%d", "%.17g"],
    )


def timed(command: list[str]) -> tuple[list[float], int] | None:
    """Return the seconds of each warm run and the number of pairs; None if it cannot run."""
    env = dict(os.environ)
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    if done.returncode or not lines:
        print(done.stderr[-300:], file=sys.stderr)
        return None
    return [float(line[0]) for line in lines], int(lines[-1][1])


def measure(path: Path, persons: int, runs: int, peer: str) -> dict[str, object]:
    """Time every tool on one file."""
    count, few = str(runs), "1" if persons > 100_000 else str(runs)
    commands = {
        "ours": [sys.executable, "-c", OURS, str(path), count],
        "pymatchit": [peer, "-c", PEER, str(path), few],
    }
    if shutil.which("Rscript"):
        commands["matchit"] = ["Rscript", "-e", MATCHIT, str(path), count]
    found: dict[str, object] = {}
    for name, command in commands.items():
        result = timed(command)
        if result is None:
            found[name] = "not installed"
            continue
        seconds = result[0][-runs:]
        found[name] = {
            "min": round(min(seconds), 4),
            "median": round(statistics.median(seconds), 4),
            "max": round(max(seconds), 4),
            "runs": len(seconds),
            "pairs": result[1],
        }
    ours = found["ours"]["median"]  # type: ignore[index]
    for name in ("matchit", "pymatchit"):
        if isinstance(found.get(name), dict):
            found[f"{name}_over_ours"] = round(found[name]["median"] / ours, 1)  # type: ignore[index]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", default=sys.executable)
    arguments = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for persons in SIZES:
            path = Path(folder) / "scores.csv"
            write_scores(path, persons)
            table[str(persons)] = measure(path, persons, arguments.runs, arguments.peer)
    record = {
        "runs": arguments.runs,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "participants": PARTICIPANTS,
        "seconds_by_persons": table,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "matching_speed.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
