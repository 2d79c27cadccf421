"""How long average effects by matching take beside R's Matching and scikit-learn's neighbours.

    python benchmarks/average_effect_speed.py [--persons 50000 500000] [--runs 3] [--peer PYTHON]

Persons x 12 years, a tenth of whom start in 2016 and the rest never, with three numbers that
matter to starting and to income. Effects on candidates (atc) and on everybody (ate), each with its
standard error by Abadie and Imbens (2006), with replacement, nearest on the log odds of a score
that is given or by Mahalanobis distance on the three numbers.

Each side is a process of its own and each call is repeated in it after one that is not counted
(after none where a call takes over ten seconds). Ours: `match` and `event_study` on a panel whose
cube is in memory; "with_reading" is the first call with `read_panel`, the contract's checks and the
cube from a Parquet file. scikit-learn: from a long pandas frame that was read before to changes by
person, `NearestNeighbors` from targets to the other side, and once more within the own side for the
variance, which NumPy adds up: on everybody, that of all, as the paper has it; on candidates, that
of those who are a match. "scikit_learn_reused" looks for it only where it counts, as ours does: of
those who are a match more than once, or in their own right as well. "from_columns" is its time
without the frame. R, up to 50,000 persons, since its time grows with the square of them:
`Match(Var.calc = 1, ties = TRUE)` from columns that lie ready. Time is that of the processor, user
and system; memory is the highest resident size of the process during the calls with all that it
holds, and what that is above its size before the first of them. A peer is stopped after `--limit`
seconds, or where it asks for more than `--memory` GB, and recorded so. Everything runs on one
thread. `--peer` is a Python with
scikit-learn. Estimates differ where two are as near within 1e-9, who are a tie to us alone.

Medians, and how far estimates and errors are apart, go to
benchmarks/results/average_effect_speed.json; nothing is asserted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from group_time_speed import timed

RESULTS = Path(__file__).parent / "results" / "average_effect_speed.json"
X, START, YEARS = ["x0", "x1", "x2"], 2016, np.arange(2010, 2022)
#: The effect in this year after start.
SINCE = 2
#: Beyond so many seconds one call is timed, the first.
LONG = 10.0
#: The most persons for R.
FEW = 50_000
TASKS = [
    {"by": "score", "neighbours": 1, "estimand": "ate"},
    {"by": "score", "neighbours": 1, "estimand": "atc"},
    {"by": "score", "neighbours": 5, "estimand": "ate"},
    {"by": "mahalanobis", "neighbours": 1, "estimand": "ate"},
]


def register(persons: int, *, seed: int = 2025) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a long frame for us and a row a person for the peers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(persons, 3))
    index = -2.6 + x @ [0.5, 0.4, 0.3]
    starts = rng.random(persons) < 1 / (1 + np.exp(-index))
    y = 300 + x @ [20.0, 10.0, 5.0] + rng.normal(0, 80, persons)
    wage = y[:, None] + rng.normal(0, 30, (persons, len(YEARS))).cumsum(axis=1)
    wage += np.where(starts[:, None] & (YEARS >= START), 20 + 10 * x[:, [0]], 0)
    long = pd.DataFrame(
        {
            "person_id": np.repeat(np.arange(persons), len(YEARS)),
            "year": np.tile(YEARS, persons),
            "outcome": wage.ravel(),
            "start_year": np.repeat(np.where(starts, float(START), np.nan), len(YEARS)),
            "p": np.repeat(1 / (1 + np.exp(-index)), len(YEARS)),
        }
    )
    for k, name in enumerate(X):
        long[name] = np.repeat(x[:, k], len(YEARS))
    change = wage[:, YEARS == START + SINCE] - wage[:, YEARS == START - 1]
    wide = pd.DataFrame(x, columns=X).assign(
        treated=starts.astype(int), index=index, y=change.ravel()
    )
    return long, wide


def ours(task: dict[str, object], folder: Path):
    """Return the call, and how long the first took with reading."""
    import mih_impact as mih

    how = {"score": "p"} if task["by"] == "score" else {"distance": "mahalanobis_total"}

    def estimate(panel: mih.Panel) -> tuple[float, float]:
        group = mih.match(
            panel, on=X, ratio=task["neighbours"], estimand=task["estimand"], caliper=None,
            outcomes="outcome", **how,
        )  # fmt: skip
        effects = mih.event_study(group, window=(SINCE, SINCE), outcomes="outcome")
        assert effects.se == "abadie_imbens"
        row = effects.to_frame().iloc[-1]
        return float(row["estimate"]), float(row["std_error"])

    begun = time.process_time()
    panel = mih.read_panel(
        folder / "register.parquet", money="fixed",
        units={"outcome": "points"},
    )  # fmt: skip
    estimate(panel)
    return lambda: estimate(panel), {"with_reading": round(time.process_time() - begun, 3)}


def scikit_learn(task: dict[str, object], folder: Path, *, reused: bool = False):
    """Return the call of neighbours and the variance of Abadie and Imbens (2006).

    With `reused` the nearest of the own side are looked for where they count alone, as by ours.
    """
    import sklearn
    from sklearn.neighbors import NearestNeighbors

    M, spent = int(str(task["neighbours"])), []
    columns = ["p"] if task["by"] == "score" else X
    frame = pd.read_parquet(
        folder / "register.parquet",
        columns=["person_id", "year", "outcome", "start_year", *columns],
    )

    def near(at: np.ndarray, among: np.ndarray, count: int) -> np.ndarray:
        return NearestNeighbors(n_neighbors=count).fit(among).kneighbors(at, return_distance=False)

    def estimate() -> tuple[float, float]:
        before = frame[frame["year"] == START - 1].set_index("person_id")
        after = frame[frame["year"] == START + SINCE].set_index("person_id")
        y = (after["outcome"] - before["outcome"]).to_numpy()
        treated = before["start_year"].to_numpy() == START
        begun = time.process_time()
        x = before[columns].to_numpy()
        if task["by"] == "score":
            point = np.log(x / (1 - x))
        else:
            point = x @ np.linalg.cholesky(np.linalg.inv(np.cov(x.T)))
        n = len(y) if task["estimand"] == "ate" else int((~treated).sum())
        contrast, used = [], np.zeros(len(y))
        for side in (treated, ~treated) if task["estimand"] == "ate" else (~treated,):
            own, other = np.flatnonzero(side), np.flatnonzero(~side)
            found = other[near(point[own], point[other], M)]
            sign = np.where(treated[own], 1.0, -1.0)
            contrast.append(sign * (y[own] - y[found].mean(axis=1)))
            used += np.bincount(found.ravel(), minlength=len(y))
        gap = np.concatenate(contrast)
        effect = gap.sum() / n
        reuse = (used / M) ** 2 - used / M**2
        if task["estimand"] == "ate":
            reuse += 2 * used / M
        spread = np.zeros(len(y))
        for side in (treated, ~treated):
            counts = reuse > 0 if reused else used + (task["estimand"] == "ate") > 0
            rows = np.flatnonzero(side & counts)
            if not len(rows):
                continue
            own = np.flatnonzero(side)
            both = own[near(point[rows], point[own], 2)]
            spread[rows] = (y[both[:, 0]] - y[both[:, 1]]) ** 2 / 2
        error = np.sqrt(((gap - effect) ** 2).sum() + reuse @ spread) / n
        spent.append(round(time.process_time() - begun, 4))
        return float(effect), float(error)

    return estimate, {"version": sklearn.__version__, "from_columns": spent}


# Distances are squared, and as near within 1e-10 whatever smaller tolerance is asked for.
MATCHING = """
suppressMessages(library(Matching))
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(file.path(args[1], "wide.csv"))
x <- if (args[2] == "score") d$index else as.matrix(d[c("x0", "x1", "x2")])
size <- function(what) {
  line <- grep(what, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- size("VmRSS")
seconds <- NULL
repeat {
  used <- system.time(fit <- Match(Y = d$y, Tr = d$treated, X = x, M = as.integer(args[3]),
    estimand = toupper(args[4]), Weight = if (args[2] == "score") 1 else 2, Var.calc = 1,
    ties = TRUE, sample = FALSE, distance.tolerance = 1e-20))
  seconds <- c(seconds, sum(used[1:2]))
  if (seconds[1] > as.numeric(args[6]) || length(seconds) > as.integer(args[5])) break
}
if (length(seconds) > 1) seconds <- seconds[-1]
peak <- size("VmHWM")
cat(sprintf('{"cpu_seconds": [%s], "peak_mb": %.1f, "above_data_mb": %.1f, "found": [%.17g, %.17g],
 "version": "%s"}', paste(round(seconds, 3), collapse = ", "), peak, peak - before,
 as.numeric(fit$est), fit$se, packageVersion("Matching")), "\n")
"""

SIDES = {
    "ours": ours,
    "scikit_learn": scikit_learn,
    "scikit_learn_reused": partial(scikit_learn, reused=True),
}


def side(name: str, task: dict[str, object], folder: Path, runs: int) -> dict[str, object]:
    """Time one side in this process."""
    call, about = SIDES[name](task, folder)
    found: list[tuple[float, float]] = []
    if name != "ours":
        once = timed(lambda: found.append(call()), 1, warm=0)
        if once["cpu_seconds"][0] > LONG:
            return once | about | {"found": found[0]}
    return timed(lambda: found.append(call()), runs) | about | {"found": found[-1]}


def in_process(command: list[str], limit: float, memory: float) -> dict[str, object]:
    """Run one side in a process of its own; what takes too long, or too much, is recorded so."""

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory * 2**30),) * 2)

    try:
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, preexec_fn=bounded
        )
    except subprocess.TimeoutExpired:
        return {"stopped": f"over {limit:.0f} s"}
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["ended without a word"])[-1]
        return {"stopped": f"over {memory:g} GB" if "memory" in last.lower() else last[:120]}
    return json.loads(found.stdout[found.stdout.index("{") :])


def compared(row: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return each peer's time and memory as a multiple of ours, and how far its numbers are."""
    own, found = row["ours"], {}
    for name in ("matching", "scikit_learn", "scikit_learn_reused"):
        other = row.get(name, {})
        if "cpu_seconds" not in other:
            continue
        found[name + "_times_as_long"] = round(
            statistics.median(other["cpu_seconds"]) / statistics.median(own["cpu_seconds"]), 1
        )
        found[name + "_memory_share"] = round(own["peak_mb"] / other["peak_mb"], 2)
        found[name + "_share_above_data"] = round(own["above_data_mb"] / other["above_data_mb"], 2)
        found[name + "_largest_difference"] = max(
            abs(a / b - 1) for a, b in zip(own["found"], other["found"], strict=True)
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", default=sys.executable, help="an interpreter with scikit-learn")
    parser.add_argument("--limit", type=float, default=1800.0)
    parser.add_argument("--memory", type=float, default=24.0, help="GB that a peer may take")
    parser.add_argument("--tasks", type=int, nargs="+", default=list(range(len(TASKS))))
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--side", choices=list(SIDES))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"
    if asked.side:
        print(json.dumps(side(asked.side, TASKS[asked.tasks[0]], asked.folder, asked.runs)))
        return
    rows = []
    for persons in asked.persons:
        with tempfile.TemporaryDirectory() as folder:
            long, wide = register(persons)
            long.to_parquet(f"{folder}/register.parquet")
            wide.to_csv(f"{folder}/wide.csv", index=False, float_format="%.17g")
            del long, wide
            for k in asked.tasks:
                rows.append(measured(persons, k, folder, asked))
                print(json.dumps(rows[-1]), flush=True)
    machine = {
        "python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__,
        "machine": platform.machine(), "cpus": os.cpu_count(), "load_after": os.getloadavg()[0],
    }  # fmt: skip
    asked.out.write_text(
        json.dumps({"machine": machine, "runs": asked.runs, "rows": rows}, indent=2)
    )


def measured(persons: int, k: int, folder: str, asked: argparse.Namespace) -> dict[str, object]:
    """Measure every side at one task."""
    task, runs = TASKS[k], str(asked.runs)
    row: dict[str, object] = {"persons": persons, **task}
    for name in SIDES:
        python = sys.executable if name == "ours" else asked.peer
        command = [python, __file__, "--side", name, "--tasks", str(k), "--runs", runs]
        row[name] = in_process([*command, "--folder", folder], asked.limit, asked.memory)
    how = [str(task[key]) for key in ("by", "neighbours", "estimand")]
    if persons <= FEW and shutil.which("Rscript"):
        command = ["Rscript", "-e", MATCHING, folder, *how, runs, str(LONG)]
        row["matching"] = in_process(command, asked.limit, asked.memory)
    return row | compared(row)


if __name__ == "__main__":
    main()
