#!/usr/bin/env bash
# Package: synthetic-panel 0.1.4 ("Estimate poverty transition shares using synthetic panel methodology"): how many stayed poor, became poor and
#   so on, from two surveys of different persons.
# Expected: the shares are the same with incomes and poverty lines in kroner, in hundreds or in euros.
# Seen: log income is regressed without a constant, so that the unit of money becomes part of the slopes. Of persons of whom 35 per cent are
#   poor in the survey itself, 56 per cent are said to have been poor with amounts in one unit and 66 with the same amounts in another. With a
#   column of ones among the explaining columns it is 36 in all units.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check synthetic-panel==0.1.4 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import contextlib, io
import numpy as np, pandas as pd
from synthetic_panel import estimate_transitions

rng = np.random.default_rng(0)

def survey(growth, line, persons=300):
    table = pd.DataFrame({"school": rng.integers(0, 4, persons), "town": rng.integers(0, 2, persons), "born": rng.integers(0, 5, persons)})
    noise = rng.normal(0, 0.5, persons)
    income = np.exp(1 + growth + 0.2 * table["school"] + 0.2 * table["town"] + 0.1 * table["born"] + noise)
    return table.assign(one=1, income=income, **{line: 4.0})

first, second = survey(0, "pline_7"), survey(0.1, "pline")
poor = [float((table["income"] < 4).mean()) for table in (first, second)]

def shares(unit, columns):
    tables = [table.assign(income=table["income"] * unit, **{line: table[line] * unit}) for table, line in ((first, "pline_7"), (second, "pline"))]
    with contextlib.redirect_stdout(io.StringIO()):
        found = estimate_transitions(*tables, columns, ["born"], "income", "income", n_bootstrap=3)
    both, left, came = (float(found[name].mean()) for name in ("Stayed Poor (P11)", "Escaped Poverty (P10)", "Fell into Poverty (P01)"))
    return both, both + left, both + came

print(f"poor in the surveys: {poor[0]:.2f} and {poor[1]:.2f}")
found = {(unit, ones): shares(unit, ["school", "town"] + ["one"] * ones) for ones in (0, 1) for unit in (1, 10, 1000)}
for (unit, ones), (both, before, after) in found.items():
    print(f"amounts times {unit:4d}, {'with' if ones else 'without'} a column of ones: stayed poor {both:.2f}, poor before {before:.2f}, after {after:.2f}")
assert np.allclose(found[1, 1], found[1000, 1], atol=1e-6) and np.allclose(found[1, 1], found[10, 1], atol=1e-6)
assert found[1000, 0][0] - found[1, 0][0] > 0.05 and found[1000, 0][1] - found[1, 0][1] > 0.05
assert all(found[unit, 0][1] - poor[0] > 0.15 for unit in (1, 10, 1000)) and abs(found[1, 1][1] - poor[0]) < 0.05
PY
