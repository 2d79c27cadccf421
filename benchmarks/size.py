"""How time and memory grow with the register, beside a bound measured in the same run.

    python benchmarks/size.py [--persons 10000 100000 1000000 5000000] [--by year] [--runs 1]

For every size a synthetic register is streamed to Parquet (in --data, kept between runs), then
read, checked, matched 1:5 on the propensity score within county and benefit type, estimated, and
put into the account, each stage timed by itself, in a process of its own.

The bound is DuckDB reading the same columns with one GROUP BY person, nothing leaving the engine,
in a process of its own just before and just after; its median counts. Wall time depends on what
else the machine does, so processor seconds stand beside it. Ratios and growth are written to
benchmarks/results/size_<by>.json; nothing is asserted here.
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
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ON = '["age", "education", *mih.lag("wage_income", 1, 2, 3)]'
OUTCOMES = {"year": None, "month": ["wage_income", "dagpenger", "aap", "tiltakspenger"]}

LAP = """
import json, os, sys, time
found, begun, before = {}, time.perf_counter(), sum(os.times()[:2])
def peak_gb():
    # The highest resident memory of this process; getrusage would begin with its parent's.
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e6
def lap(stage):
    global begun, before
    now, cpu = time.perf_counter(), sum(os.times()[:2])
    found[stage] = {"wall": now - begun, "cpu": cpu - before}
    begun, before = now, cpu
"""
OURS = (
    LAP
    + """
import mih_impact as mih
from mih_impact.nav import menn_i_helse
mih.options(progress=False)
source, period, outcomes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
lap("import")
panel = mih.read_panel(source, period=period)
report = panel.check()
lap("check")
assert report.passed, report.summary()
chosen = {"outcomes": outcomes} if outcomes else {}
columns = ["age", "education", "county", "benefit_type", "wage_income"]
columns += outcomes or panel.outcomes
panel.cube(columns=columns)
lap("cube")
group = mih.match(panel, exact=["county", "benefit_type"], on=ON, **chosen)
lap("match")
effects = mih.event_study(group)
lap("effects")
case = mih.cost_benefit(effects, mih.Assumptions.r109(), programme=menn_i_helse())
case.by_actor()
lap("account")
found["peak_gb"] = peak_gb()
wage = effects.to_frame().query("outcome == 'wage_income' and year_since_start == 3").iloc[0]
found["about"] = {
    "rows": report.n_rows, "persons": report.n_persons, "in_cube": group.risk.cube.n_persons,
    "participants": group.n_participants, "risk_set_rows": len(group.risk.person),
    "wage_effect_year_3": round(float(wage["estimate"])),
    "std_error": round(float(wage["std_error"])),
}
print(json.dumps(found))
""".replace("ON", ON)
)
BOUND = (
    LAP
    + """
import duckdb
source, period = sys.argv[1], sys.argv[2]
money = ["wage_income", "dagpenger", "aap", "tiltakspenger", "sosialhjelp", "uforetrygd",
         "sykepenger"]
text = ["county", "benefit_type", "education", "sex", "municipality", "country_group"]
numbers = ["year", "start_year", "birth_year", "death_year", "emigration_year",
           "months_unemployed"] + (["month", "start_month"] if period == "month" else [])
def bound(money, text, numbers):
    columns = [f"sum({c}) as {c}" for c in money + numbers] + [f"max({c}) as {c}" for c in text]
    inner = f"select person_id, {', '.join(columns)}, max(eligible) as eligible from '{source}'"
    outer = [f"sum({c})" for c in money + numbers] + [f"max({c})" for c in text]
    duckdb.connect().sql(f"select max(person_id), bool_or(eligible), {', '.join(outer)} "
                         f"from ({inner} group by person_id)").fetchall()
lap("import")
bound(money, text, numbers)
lap("all columns")
bound(money, text[:3], [])
lap("outcomes and cells")
print(json.dumps(found))
"""
)


def process(code: str, *given: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(lines[-1])


def register(folder: Path, persons: int, by: str) -> str:
    """Return the row files of a register of this size, made if they are not there."""
    out = folder / f"{by}_{persons}"
    if not (out / "truth.json").is_file():
        from mih_impact.panel.synthetic.stream import stream_register

        stream_register(out, persons=persons, period=by, first_year=2013)
    return str(out / "rows" / "*.parquet")


def measured(source: str, by: str, runs: int) -> dict[str, Any]:
    outcomes = json.dumps(OUTCOMES[by])
    bounds, ours = [process(BOUND, source, by)], []
    for _ in range(runs):
        ours.append(process(OURS, source, by, outcomes))
        bounds.append(process(BOUND, source, by))
    stages = [name for name in ours[0] if name not in ("peak_gb", "about", "import")]

    def middle(found: list[dict[str, Any]], stage: str, clock: str) -> float:
        return round(statistics.median(one[stage][clock] for one in found), 3)

    table = {stage: {c: middle(ours, stage, c) for c in ("wall", "cpu")} for stage in stages}
    limits = ("all columns", "outcomes and cells")
    bound = {limit: {c: middle(bounds, limit, c) for c in ("wall", "cpu")} for limit in limits}
    whole = {c: round(sum(table[stage][c] for stage in stages), 3) for c in ("wall", "cpu")}
    check = {c: round(table["check"][c] / bound["all columns"][c], 2) for c in ("wall", "cpu")}
    return {
        **ours[0]["about"],
        "seconds": {**table, "whole": whole},
        "bound_seconds": bound,
        "whole_over_bound": {
            limit: {c: round(whole[c] / bound[limit][c], 2) for c in ("wall", "cpu")}
            for limit in limits
        },
        "check_over_bound": check,
        "peak_gb": round(max(one["peak_gb"] for one in ours), 2),
    }


def growth(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return what time and memory are multiplied by when persons double, between sizes."""
    steps = []
    for small, large in pairwise(found):
        doublings = log2(large["persons"] / small["persons"])
        time = large["seconds"]["whole"]["cpu"] / small["seconds"]["whole"]["cpu"]
        memory = large["peak_gb"] / small["peak_gb"]
        steps.append(
            {
                "from": small["persons"],
                "to": large["persons"],
                "time": round(time ** (1 / doublings), 2),
                "memory": round(memory ** (1 / doublings), 2),
            }
        )
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--persons", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 5_000_000]
    )
    parser.add_argument("--by", choices=("year", "month"), default="year")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "mih_impact_size"
    )
    given = parser.parse_args()
    found = []
    for persons in given.persons:
        source = register(given.data, persons, given.by)
        found.append({"asked": persons, **measured(source, given.by, given.runs)})
        print(json.dumps(found[-1], indent=1), flush=True)
    record = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "runs": given.runs,
        "load_at_end": [round(x, 1) for x in os.getloadavg()],
        "sizes": found,
        "doubling_persons_multiplies": growth(found),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"size_{given.by}.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
