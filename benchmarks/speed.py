"""How long the reference case takes, beside bounds and a peer measured in the same run.

    python benchmarks/speed.py [--runs 7]

Every figure is a fresh process or a fresh call, run in turn with what it is compared with; medians
and ranges are printed and written to benchmarks/results/speed.json.

- import: `import mih_impact` against the bare interpreter.
- cold: a new process, Parquet to effects and account, no drawing.
- warm: the second call in a process; beside it the bound, DuckDB reading the same columns once with
  one GROUP BY person, and a peer: statsmodels' logit for the same score, nearest neighbours by a
  SciPy tree, then one clustered weighted regression per outcome and year.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

WARM = """
import time, sys
import mih_impact as mih
from mih_impact.nav import analysis
mih.options(progress=False)
spec = analysis()
def run():
    begun = time.perf_counter()
    result = mih.run_study(spec)
    result.effects.to_frame(); result.case.by_actor(); result.case.ledger()
    return time.perf_counter() - begun
run()
print(min(run() for _ in range(3)) if len(sys.argv) > 1 else run())
"""
COLD = """
import mih_impact as mih
from mih_impact.nav import analysis
mih.options(progress=False)
result = mih.run_study(analysis())
result.effects.to_frame(); result.case.by_actor(); result.case.ledger()
"""
BOUND = """
import time, duckdb
from pathlib import Path
path = Path("data/synthetic/register.parquet").resolve()
columns = ["wage_income", "dagpenger", "aap", "tiltakspenger", "sosialhjelp", "uforetrygd",
           "sykepenger"]
sums = ", ".join(f"sum({c})" for c in columns)
text = "max(county), max(benefit_type), max(education)"
query = f"select person_id, {text}, {sums} from '{path}' group by 1"
duckdb.sql(query).fetchall()
begun = time.perf_counter(); duckdb.sql(query).fetchnumpy(); print(time.perf_counter() - begun)
"""
PEER = """
import time
import numpy as np, pandas as pd
import statsmodels.api as sm
from scipy.spatial import cKDTree
import mih_impact as mih
mih.options(progress=False)
panel = mih.example_panel()
group = mih.match(panel, exact=["county", "benefit_type"],
                  on=["age", "education", *mih.lag("wage_income", 1, 2, 3)])
risk = group.risk
begun = time.perf_counter()
years = (risk.start_year[:, None] == risk.start_years[None, :]).astype(float)
X = np.column_stack([years, risk.design.X / risk.design.X.std(axis=0)])
fit = sm.Logit(risk.treated.astype(float), X).fit(disp=0)
score = X @ fit.params
rows = []
for cell in np.unique(risk.cell):
    here = risk.cell == cell
    t, c = np.flatnonzero(here & risk.treated), np.flatnonzero(here & ~risk.treated)
    _, near = cKDTree(score[c, None]).query(score[t, None], k=min(5, len(c)))
    near = np.atleast_2d(near.T).T
    rows += [(i, c[j]) for i, js in zip(t, near) for j in js]
pairs = pd.DataFrame(rows, columns=["t", "c"])
weight = pairs["c"].map((1 / pairs.groupby("t").size()).to_dict()).fillna(0.2)
control = pairs["c"].value_counts() / 5
index = np.concatenate([np.unique(pairs["t"]), control.index])
w = np.concatenate([np.ones(pairs["t"].nunique()), control])
D = risk.treated[index].astype(float)
for name in risk.cube.ore:
    table = risk.cube.outcome(name)
    base = table[risk.person[index], risk.start_year[index] - 1 - risk.cube.years[0]]
    for e in range(-5, 7):
        column = risk.start_year[index] + e - risk.cube.years[0]
        seen = (column >= 0) & (column < len(risk.cube.years))
        y = table[risk.person[index][seen], column[seen]] - base[seen]
        sm.WLS(y, sm.add_constant(D[seen]), weights=w[seen]).fit(
            cov_type="cluster", cov_kwds={"groups": risk.person[index][seen]})
print("peer", time.perf_counter() - begun)
begun = time.perf_counter()
group = mih.match(panel, exact=["county", "benefit_type"],
                  on=["age", "education", *mih.lag("wage_income", 1, 2, 3)])
mih.event_study(group)
print("ours", time.perf_counter() - begun)
"""


def wall(code: str) -> float:
    """Return the wall seconds of a whole process."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - begun


def said(code: str) -> list[float]:
    """Return the numbers a process printed."""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return [float(line.split()[-1]) for line in out.stdout.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    RESULTS.mkdir(exist_ok=True)
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        bare, ours = wall("pass"), wall("import mih_impact")
        found.setdefault("import_above_bare", []).append(ours - bare)
        found.setdefault("cold_process", []).append(wall(COLD))
        found.setdefault("warm_call", []).append(said(WARM)[0])
        found.setdefault("bound_duckdb_scan", []).append(said(BOUND)[0])
        peer, mine = said(PEER)
        found.setdefault("peer_score_match_regress", []).append(peer)
        found.setdefault("ours_same_steps", []).append(mine)
    table = {
        name: {
            "min": round(min(values), 4),
            "median": round(statistics.median(values), 4),
            "max": round(max(values), 4),
        }
        for name, values in found.items()
    }
    record = {
        "runs": runs,
        "python": platform.python_version(),
        "cpus": __import__("os").cpu_count(),
        "seconds": table,
        "warm_over_bound": round(
            table["warm_call"]["median"] / table["bound_duckdb_scan"]["median"], 2
        ),
        "peer_over_ours": round(
            table["peer_score_match_regress"]["median"] / table["ours_same_steps"]["median"],
            2,
        ),
    }
    (RESULTS / "speed.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
