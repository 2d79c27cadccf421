"""What each process of benchmarks/size.py runs: the library, its bound, and a peer.

Each is a program of its own, given the row files, "year" or "month", and more as JSON; its last
line is JSON: seconds by stage, the highest resident memory, and what it found.
"""

from __future__ import annotations

__all__ = ["BOUND", "OURS", "PEER"]

ON = '["age", "education", *mih.lag("wage_income", 1, 2, 3)]'

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
import duckdb
import mih_impact as mih
from mih_impact import cost_benefit, event_study, match, read_panel  # loads what they need
from mih_impact.nav import menn_i_helse
mih.options(progress=False)
source, period, outcomes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
lap("import")
panel = mih.read_panel(source, period=period, precision=sys.argv[4])
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
source, period, outcomes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
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
bound(outcomes, text[:3], [])
lap("outcomes and cells")
print(json.dumps(found))
"""
)

#: The same steps with pandas, statsmodels and SciPy, as an analyst would write them without the
#: library: no check of the register, no joint covariance, no account, an absent row is a zero.
PEER = (
    LAP
    + """
from glob import glob
import numpy as np, pandas as pd
import statsmodels.api as sm
from scipy.spatial import cKDTree
source, period, outcomes, prices = sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:5])
KEY, CELL, LAGS = ["person_id", "year"], ["start", "county", "benefit_type"], (1, 2, 3)
lap("import")

fixed = ["start_year", "birth_year", "eligible", "county", "benefit_type", "education"]
month = ["month"] if period == "month" else []
files = sorted(glob(source))
rows = pd.read_parquet(files, columns=[*KEY, *month, *fixed, *outcomes])
lap("read")
if month:  # everybody starts in January, so years since start are calendar years
    how = {**dict.fromkeys(fixed, "last"), **dict.fromkeys(outcomes, "sum")}
    rows = rows.groupby(KEY, sort=False).agg(how).reset_index()
chosen = rows["eligible"].fillna(False) | rows["start_year"].notna()
rows = rows[rows["person_id"].isin(rows.loc[chosen, "person_id"].unique())].copy()
price = rows["year"].map({int(year): factor for year, factor in prices.items()})
for name in outcomes:
    rows[name] = rows[name].fillna(0) * price
lap("prepare")

wages = rows[[*KEY, "wage_income"]]
sets = []
for c in np.sort(rows["start_year"].dropna().unique()).astype(int):
    here = rows[rows["year"] == c - 1]
    treated = here["start_year"] == c
    here = here[treated | (here["start_year"].isna() & here["eligible"].fillna(False))]
    here = here.assign(start=c, treated=treated, age=c - here["birth_year"])
    for k in LAGS:
        lag = wages[wages["year"] == c - k].set_index("person_id")["wage_income"]
        here[f"wage_{k}"] = here["person_id"].map(lag).fillna(0.0)
    sets.append(here)
risk = pd.concat(sets, ignore_index=True).dropna(subset=["age", "county", "benefit_type"])
lap("risk sets")

dummies = pd.get_dummies(risk["start"], dtype=float)
numbers = risk[["age", *(f"wage_{k}" for k in LAGS)]].astype(float)
numbers = (numbers - numbers.mean()) / numbers.std()
levels = pd.get_dummies(risk["education"], drop_first=True, dtype=float)
X = np.column_stack([dummies, numbers, levels])
logit = sm.Logit(risk["treated"].to_numpy(float), X).fit(disp=0)
risk["score"] = X @ logit.params
caliper = 0.2 * risk["score"].std()
lap("score")

pairs = []
for _, cell in risk.groupby(CELL, sort=False):
    ours, theirs = cell[cell["treated"]], cell[~cell["treated"]]
    if not len(ours) or not len(theirs):
        continue
    tree = cKDTree(theirs[["score"]].to_numpy())
    gap, near = tree.query(ours[["score"]].to_numpy(), k=range(1, min(5, len(theirs)) + 1))
    who, which = np.nonzero(gap <= caliper)
    pairs.append((ours.index[who], theirs.index[near[who, which]]))
pairs = pd.DataFrame({"t": np.concatenate([t for t, _ in pairs]),
                      "c": np.concatenate([c for _, c in pairs])})
share = 1.0 / pairs.groupby("t")["c"].transform("size")
weights = pd.concat([pd.Series(1.0, index=pairs["t"].unique()), share.groupby(pairs["c"]).sum()])
matched = risk.loc[weights.index, ["person_id", "start", "treated"]].assign(w=weights)
lap("match")

people = pd.Index(matched["person_id"].unique())
rows = rows[rows["person_id"].isin(people)]
first, last = int(rows["year"].min()), int(rows["year"].max())
person = people.get_indexer(matched["person_id"])
start, D, w = matched["start"].to_numpy(), matched["treated"].to_numpy(float), matched["w"]
effects = {}
for name in outcomes:
    table = rows.pivot_table(index="person_id", columns="year", values=name, aggfunc="sum")
    table = table.reindex(index=people, columns=range(first, last + 1)).fillna(0.0).to_numpy()
    for e in range(-5, 7):
        seen = (start + e >= first) & (start + e <= last) & (start - 1 >= first)
        if e == -1 or not seen.any():
            continue
        p, at = person[seen], start[seen] - first
        change = table[p, at + e] - table[p, at - 1]
        fit = sm.WLS(change, sm.add_constant(D[seen]), weights=w[seen].to_numpy()).fit(
            cov_type="cluster", cov_kwds={"groups": p})
        effects[name, e] = float(fit.params[1]), float(fit.bse[1])
lap("effects")
found["peak_gb"] = peak_gb()
wage, error = effects["wage_income", 3]
found["about"] = {"participants": int(D.sum()), "risk_set_rows": len(risk),
                  "wage_effect_year_3": round(wage), "std_error": round(error)}
print(json.dumps(found))
"""
)
