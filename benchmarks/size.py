"""How time and memory grow with the register, beside a bound and a peer measured in the same run.

    python benchmarks/size.py [--persons 10000 100000 1000000 5000000] [--by year] [--runs 1]
    python benchmarks/size.py --persons 10000 20000 40000 80000    # what doubling multiplies

For every size a synthetic register is streamed to Parquet (in --data, kept between runs), then
read, checked, matched 1:5 on the propensity score within county and benefit type, estimated, and
put into the account, each stage timed by itself, in a process of its own.

The bound is DuckDB reading the same columns with one GROUP BY person, nothing leaving the engine,
in a process of its own just before and just after; its median counts. The peer does the same steps
from the same files with pandas, statsmodels and SciPy, in a process of its own, up to PEER_ROWS
rows: it checks nothing, has no joint covariance and no account. Wall time depends on what else the
machine does, so processor seconds stand beside it. Ratios and growth are written to
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

from size_processes import BOUND, OURS, PEER

RESULTS = Path(__file__).parent / "results"
CLOCKS = ("wall", "cpu")
SCHEMES = ["dagpenger", "aap", "tiltakspenger", "sosialhjelp", "uforetrygd", "sykepenger"]
#: By month four outcomes at most: a month takes twelve times what a year does.
OUTCOMES = {"year": ["wage_income", *SCHEMES], "month": ["wage_income", *SCHEMES[:3]]}
#: Money by month stands in four bytes, to the øre.
PRECISION = {"year": "float64", "month": "float32"}
#: A peer holds every row in memory, some 250 bytes each.
PEER_ROWS = 15_000_000


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


def prices() -> str:
    """Return what a krone of each year is in prices of 2024, which the peer needs too."""
    from mih_impact.reference.prices import PriceIndex

    index = PriceIndex.kpi()
    return json.dumps({int(y): index.factor(y, 2024) for y in index.years if 2000 <= y <= 2024})


def measured(source: str, by: str, runs: int, *, peer: bool = True) -> dict[str, Any]:
    outcomes = json.dumps(OUTCOMES[by])
    bounds, ours, peers = [process(BOUND, source, by, outcomes)], [], []
    for _ in range(runs):
        ours.append(process(OURS, source, by, outcomes, PRECISION[by]))
        bounds.append(process(BOUND, source, by, outcomes))
        if peer and ours[0]["about"]["rows"] <= PEER_ROWS:
            peers.append(process(PEER, source, by, outcomes, prices()))
    table, limits = middle(ours), middle(bounds)
    totals = [whole(one) for one in ours]
    table["whole"] = {c: round(statistics.median(one[c] for one in totals), 3) for c in CLOCKS}
    ranges = {c: [round(pick(one[c] for one in totals), 3) for pick in (min, max)] for c in CLOCKS}
    return {
        **ours[0]["about"],
        "seconds": table,
        "whole_range": ranges,
        "bound_seconds": limits,
        "whole_over_bound": {limit: over(table["whole"], limits[limit]) for limit in limits},
        "check_over_bound": over(table["check"], limits["all columns"]),
        "peak_gb": round(max(one["peak_gb"] for one in ours), 2),
        **beside(peers, table["whole"], ours[0]["about"]),
    }


def beside(
    peers: list[dict[str, Any]], ours: dict[str, float], about: dict[str, Any]
) -> dict[str, Any]:
    """Return what the peer took and found, or why there is none."""
    if not peers:
        return {
            "peer": f"none: over {PEER_ROWS:,} rows, which it would hold in memory, or not asked"
        }
    totals = [whole(one) for one in peers]
    taken = {c: round(statistics.median(one[c] for one in totals), 3) for c in CLOCKS}
    found = peers[0]["about"]
    apart = abs(found["wage_effect_year_3"] - about["wage_effect_year_3"]) / about["std_error"]
    return {
        "peer": {**found, "effects_apart_in_std_errors": round(apart, 2)},
        "peer_seconds": {**middle(peers), "whole": taken},
        "peer_over_ours": over(taken, ours),
        "peer_peak_gb": round(max(one["peak_gb"] for one in peers), 2),
    }


def stages(found: dict[str, Any]) -> list[str]:
    return [name for name in found if name not in ("peak_gb", "about", "import")]


def middle(found: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the median of each stage, by clock."""
    return {
        stage: {c: round(statistics.median(one[stage][c] for one in found), 3) for c in CLOCKS}
        for stage in stages(found[0])
    }


def whole(found: dict[str, Any]) -> dict[str, float]:
    """Return what all stages of a process took together, its imports apart."""
    return {c: sum(found[stage][c] for stage in stages(found)) for c in CLOCKS}


def over(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {c: round(one[c] / other[c], 2) for c in CLOCKS}


def growth(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return what time and memory are multiplied by when persons double, between sizes."""
    steps = []
    for small, large in pairwise(found):
        doublings = log2(large["persons"] / small["persons"])
        time = {c: large["seconds"]["whole"][c] / small["seconds"]["whole"][c] for c in CLOCKS}
        memory = large["peak_gb"] / small["peak_gb"]
        steps.append(
            {
                "from": small["persons"],
                "to": large["persons"],
                "time": {c: round(time[c] ** (1 / doublings), 2) for c in CLOCKS},
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
    parser.add_argument("--results", type=Path, default=RESULTS)
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
    given.results.mkdir(exist_ok=True)
    (given.results / f"size_{given.by}.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
