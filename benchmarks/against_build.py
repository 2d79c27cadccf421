"""How long the same work takes in this build and in an earlier one, in turn, pair by pair.

    python benchmarks/against_build.py d4321e3 [--pairs 5] [--work reproduce memo ...]
    python benchmarks/against_build.py d4321e3 --with HEAD~3      # any two commits

Each piece of work is a process of its own, run by both builds one after the other, the older first
in every other pair, so that what else the machine does falls on both. Sources of a commit are laid
out in a temporary folder; the packages that both use are those of the environment that runs this.
What is timed is the process from start to end, or, where work has to be set up first, what the
process says it took, in seconds of the clock and of the processor. Memory is the peak of the
process with its children.

Written to benchmarks/results/against_build.json, beside the works recorded there before against the
same commit: for each the medians of both builds, the median of the ratios of pairs with the
smallest and largest, and peak memory.
"""

from __future__ import annotations

import argparse
import compileall
import json
import multiprocessing
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).parent / "results" / "against_build.json"

#: Calls the command line with the words given, as the process's own.
COMMAND = """
import sys, tempfile
from mih_impact.cli import main
with tempfile.TemporaryDirectory() as folder:
    sys.argv[1:] = [{command!r}, "--out", folder, "--quiet"]
    main()
"""
#: Says how long some work took.
TIMED = """
import time
begun = time.perf_counter(), time.process_time()
{work}
print(time.perf_counter() - begun[0], time.process_time() - begun[1])
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
group = mih.weight(panel, on=["age", "education", *mih.lag("wage_income", 1)], exact=["sex"])
mih.event_study(group)
"""
    + TIMED.format(work="mih.event_study(group)"),
    "honest bounds": REFERENCE
    + """
group = mih.match(panel, on=["age", "education", *mih.lag("wage_income", 1)], exact=["sex"])
effects = mih.event_study(group)
asked = {"outcome": "wage_income", "restriction": "relative_magnitudes", "years": range(7)}
mih.honest_bounds(effects, **asked)  # what is imported is no part of it
"""
    + TIMED.format(work="mih.honest_bounds(effects, **asked)"),
    "CSV of 2 million rows": """
import os
import mih_impact as mih
mih.options(progress=False)
assert mih.read_panel(os.environ["CSV"], price_year=2021).check().passed
""",
}
for _way, _verb, _options in (
    ("entropy", "weight", 'method="entropy"'),
    ("ipw", "weight", 'method="ipw"'),
    ("neighbours again", "match", ""),
):
    WORKS[f"999 draws, {_way}"] = (
        REFERENCE
        + f"""
on = ["age", "education", *mih.lag("wage_income", 1)]
group = mih.{_verb}(panel, on=on, exact=["sex"], {_options})
"""
        + TIMED.format(work='mih.resample(group, draws=999, seed=2025, method="naive")')
    )
WORKS["200 specifications"] = (
    REFERENCE
    + """
group = mih.match(panel, on=["age", "education", *mih.lag("wage_income", 1)], exact=["sex"])
ways = {
    "ratio": [1, 2, 3, 5, 10],
    "caliper": [0.05, 0.1, 0.2, 0.3, 0.5],
    "base": [-1, -2, (-1, -2), (-1, -2, -3)],
    "dead": ["zero", "missing"],
}
"""
    + TIMED.format(work="mih.specification_curve(group, ways=ways)")
)
WORKS["group-time, 500,000 x 12"] = """
import os
import mih_impact as mih
mih.options(progress=False)
panel = mih.read_panel(os.environ["GROUPS"], money="fixed")
mih.group_time_effects(panel, outcomes="wage_income")
""" + TIMED.format(work='mih.group_time_effects(panel, outcomes="wage_income").aggregate("event")')
WORKS["1 million persons by year"] = """
import os
import mih_impact as mih
mih.options(progress=False)
panel = mih.read_panel(os.environ["MILLION"])
assert panel.check().passed
on = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]
group = mih.match(panel, exact=["county", "benefit_type"], on=on, outcomes=panel.outcomes)
effects = mih.event_study(group)
programme = mih.nav.menn_i_helse()
mih.cost_benefit(effects, mih.Assumptions.r109(), programme=programme).by_actor()
"""
#: What some of the works read, and who writes it.
SOURCES = {
    "CSV of 2 million rows": "CSV",
    "group-time, 500,000 x 12": "GROUPS",
    "1 million persons by year": "MILLION",
}


def write_csv(path: str) -> None:
    """Write made-up wages of 200,000 persons in ten years, 58 MB."""
    import numpy as np
    import pandas as pd

    rng, persons, years = np.random.default_rng(2025), 200_000, 10
    start = np.where(rng.random(persons) < 0.02, rng.integers(2014, 2019, persons), 0).astype(str)
    start[start == "0"] = ""
    frame = pd.DataFrame(
        {
            "person_id": np.repeat([f"p{k:07d}" for k in range(persons)], years),
            "year": np.tile(np.arange(2012, 2012 + years), persons),
            "wage_income": rng.lognormal(12.8, 0.4, persons * years).round().astype(int),
            "sex": np.repeat(np.where(rng.random(persons) < 0.5, "M", "F"), years),
            "birth_year": np.repeat(rng.integers(1950, 1990, persons), years),
            "start_year": np.repeat(start, years),
        }
    )
    frame.to_csv(path, index=False)


def write_source(which: str, path: str) -> None:
    """Write what a work reads."""
    if which == "CSV":
        write_csv(path)
    elif which == "GROUPS":
        from group_time_speed import register

        frame = register(500_000)
        frame["wage_income"] = (1000 * frame.pop("outcome")).clip(lower=0).round(2)
        frame.to_parquet(path, index=False)
    else:
        from mih_impact.display.locale import options
        from mih_impact.panel.synthetic.stream import stream_register

        options(progress=False)
        stream_register(Path(path), persons=1_000_000, first_year=2013)


def laid_out(revision: str | None, folder: Path) -> Path:
    """Lay out the files of a commit, or those here, and return where its sources are.

    Compiled, as those of an installed package are.
    """
    if revision is None:
        target = folder / "here"
        shutil.copytree(ROOT / "src", target / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (target / "data").symlink_to(ROOT / "data")
        compileall.compile_dir(target / "src", quiet=1)
        return target / "src"
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
    compileall.compile_dir(target / "src", quiet=1)
    return target / "src"


def run(code: str, sources: Path) -> tuple[float, float, int]:
    """Run code with the library of a folder: seconds, those of the processor, and peak bytes."""
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
    cpu = used.ru_utime + used.ru_stime
    if "perf_counter" in code:
        took, cpu = float(said[-2]), float(said[-1])
    unit = 1 if sys.platform == "darwin" else 1024
    return took, cpu, used.ru_maxrss * unit


def compare(code: str, old: Path, new: Path, pairs: int) -> dict[str, object]:
    """Time both builds in turn; ratios are of new over old within a pair."""
    found: dict[str, list[tuple[float, float, int]]] = {"old": [], "new": []}
    for pair in range(pairs):
        order = [("old", old), ("new", new)]
        for which, sources in order if pair % 2 == 0 else order[::-1]:
            found[which].append(run(code, sources))
    row: dict[str, object] = {}
    for place, name in enumerate(("clock", "processor")):
        before, after = ([each[place] for each in found[which]] for which in ("old", "new"))
        ratios = [b / a for a, b in zip(before, after, strict=True)]
        row[name] = {
            "old_s": round(median(before), 3),
            "new_s": round(median(after), 3),
            "ratio": round(median(ratios), 3),
            "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        }
    peak = {which: round(median(each[2] for each in runs) / 2**20) for which, runs in found.items()}
    return {**row, "peak_mb": peak, "peak_ratio": round(peak["new"] / peak["old"], 2)}


def main() -> None:
    """Compare, print the table, and record it if it is about the files here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", help="the earlier build, a commit")
    parser.add_argument("--with", dest="other", help="the later build; without it, the files here")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--work", nargs="*", choices=list(WORKS), default=list(WORKS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = laid_out(given.revision, folder)
        new = laid_out(given.other, folder)
        files = {"CSV": "wages.csv", "GROUPS": "groups.parquet", "MILLION": "million"}
        for which in dict.fromkeys(SOURCES[work] for work in given.work if work in SOURCES):
            path = files[which]
            # By a process of its own: one that is started from a large one counts as large.
            spawn = multiprocessing.get_context("spawn")
            writer = spawn.Process(target=write_source, args=(which, str(folder / path)))
            writer.start()
            writer.join()
            inside = "/rows/*.parquet" if which == "MILLION" else ""
            os.environ[which] = str(folder / path) + inside
        for work in given.work:
            row = compare(WORKS[work], old, new, given.pairs)
            print(f"{work:28} {json.dumps(row)}", flush=True)
            if not given.other:
                record(old.parent.name, work, {"pairs": given.pairs, **row})


def record(old: str, work: str, row: dict[str, object]) -> None:
    """Write a row beside those recorded before against the same commit."""
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    works = {**(kept["works"] if kept.get("old") == old else {}), work: row}
    about = {"old": old, "python": platform.python_version(), "cores": os.cpu_count()}
    RESULT.write_text(json.dumps({**about, "works": works}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
