"""How long the same work takes in this build and in an earlier one, in turn, pair by pair.

    python benchmarks/against_build.py d4321e3 [--pairs 5] [--work reproduce memo ...]
    python benchmarks/against_build.py d4321e3 --with HEAD~3      # any two commits

Each piece of work is a process of its own, run by both builds one after the other, the older first
in every other pair, so that what else the machine does falls on both. Sources of a commit are laid
out in a temporary folder; the packages that both use are those of the environment that runs this.
What is timed is the process from start to end, or, where work has to be set up first, what the
process says it took. Memory is the peak of the process with its children.

Written to benchmarks/results/against_build.json when all works are run: for each the medians of
both builds, the median of the ratios of pairs with the smallest and largest, and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).parent / "results" / "against_build.json"

#: Calls the command line with the words given.
COMMAND = """
import sys, tempfile
from mih_impact.cli import main
with tempfile.TemporaryDirectory() as folder:
    main([{command!r}, "--out", folder, "--quiet"])
"""
#: The reference case: who is compared, and effects on all outcomes.
REFERENCE = """
import mih_impact as mih
mih.options(progress=False)
study = mih.nav.analysis()
panel = mih.example_panel()
"""
WORKS = {
    "reproduce": COMMAND.format(command="reproduce"),
    "memo": COMMAND.format(command="memo"),
    "reference case": """
import mih_impact as mih
mih.options(progress=False)
assert mih.reproduce_nav().case.npv > 0
""",
    "event study of weights": REFERENCE
    + """
import time
group = mih.weight(panel, on=["age", "education", *mih.lag("wage_income", 1)], exact=["sex"])
mih.event_study(group)
begun = time.perf_counter()
mih.event_study(group)
print(time.perf_counter() - begun)
""",
    "honest bounds": REFERENCE
    + """
import time
group = mih.match(panel, on=["age", "education", *mih.lag("wage_income", 1)], exact=["sex"])
effects = mih.event_study(group)
begun = time.perf_counter()
mih.honest_bounds(effects, outcome="wage_income")
print(time.perf_counter() - begun)
""",
}
for _method in ("entropy", "ipw"):
    WORKS[f"999 draws, {_method}"] = (
        REFERENCE
        + f"""
import time
on = ["age", "education", *mih.lag("wage_income", 1)]
group = mih.weight(panel, on=on, exact=["sex"], method="{_method}")
begun = time.perf_counter()
mih.resample(group, draws=999, seed=2025)
print(time.perf_counter() - begun)
"""
    )


def laid_out(revision: str, folder: Path) -> Path:
    """Lay out the files of a commit, and return where its sources are."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", revision],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    target = folder / commit
    target.mkdir()
    packed = subprocess.Popen(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(target)], stdin=packed.stdout, check=True)
    if packed.wait():
        raise SystemExit(f"git has no commit {revision}")
    return target / "src"


def run(code: str, sources: Path) -> tuple[float, int]:
    """Run code with the library of a folder: seconds, and peak bytes of the process."""
    env = {**os.environ, "PYTHONPATH": str(sources), "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=printed)
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - begun
        if status:
            raise SystemExit(f"the work failed in {sources}")
        printed.seek(0)
        said = printed.read().split()
    inner = float(said[-1]) if "perf_counter" in code else took
    unit = 1 if sys.platform == "darwin" else 1024
    return inner, used.ru_maxrss * unit


def compare(code: str, old: Path, new: Path, pairs: int) -> dict[str, object]:
    """Time both builds in turn; ratios are of new over old within a pair."""
    seconds: dict[str, list[float]] = {"old": [], "new": []}
    peak: dict[str, list[int]] = {"old": [], "new": []}
    for pair in range(pairs):
        order = [("old", old), ("new", new)]
        for which, sources in order if pair % 2 == 0 else order[::-1]:
            took, bytes_used = run(code, sources)
            seconds[which].append(took)
            peak[which].append(bytes_used)
    ratios = [b / a for a, b in zip(seconds["old"], seconds["new"], strict=True)]
    return {
        "old_s": round(median(seconds["old"]), 3),
        "new_s": round(median(seconds["new"]), 3),
        "ratio": round(median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "peak_mb": {which: round(median(used) / 2**20) for which, used in peak.items()},
    }


def main() -> None:
    """Compare, print the table, and record it if all of it was run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", help="the earlier build, a commit")
    parser.add_argument("--with", dest="other", help="the later build; without it, the files here")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--work", nargs="*", choices=list(WORKS), default=list(WORKS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = laid_out(given.revision, folder)
        new = laid_out(given.other, folder) if given.other else ROOT / "src"
        rows = {}
        for work in given.work:
            rows[work] = compare(WORKS[work], old, new, given.pairs)
            print(f"{work:28} {json.dumps(rows[work])}", flush=True)
    record = {
        "old": old.parent.name,
        "pairs": given.pairs,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "works": rows,
    }
    if given.work == list(WORKS) and not given.other:
        RESULT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
