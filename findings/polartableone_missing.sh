#!/usr/bin/env bash
# Package: polartableone 0.1.1, TableOne(groupby=..., pval=True): the table of background characteristics.
# Expected: the p-value compares the groups that the table shows, on the values that it shows. With include_null=False missing values are, by the
#   description, no category level; the original, tableone 0.9.6, leaves them and persons of no group out of the test.
# Seen: the chi-square test counts missing values as a level, include_null or not, and persons without a group as a group of their own. Two
#   groups with the very same shares, 50 and 50 per cent, get p < 0.001, where tableone has 1.000.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 great-tables==0.20.0 tabulate==0.9.0 statsmodels==0.14.6 tableone==0.9.6 pandas==2.3.3 numpy==2.4.0 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps polartableone==0.1.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import pandas as pd, polars, polartableone, tableone

half = ["yes", "no"]  # in each table half of each group that it shows has a job
tables = {
    "missing answers": {"group": ["course"] * 40 + ["none"] * 40, "job": half * 10 + [None] * 20 + half * 19 + [None] * 2},
    "persons without a group": {"group": ["course"] * 20 + ["none"] * 20 + [None] * 20, "job": half * 20 + ["yes"] * 20},
}
found = {}
for name, columns in tables.items():
    ours = polartableone.TableOne(polars.DataFrame(columns), columns=["job"], groupby="group", pval=True, include_null=False).tabulate()
    original = tableone.TableOne(pd.DataFrame(columns), columns=["job"], categorical=["job"], groupby="group", pval=True, include_null=False)
    rows = [[cell.strip() for cell in line.split("|")] for line in ours.splitlines() if line.startswith("|")]
    header, no = rows[0], next(row for row in rows if row[1].startswith("job") and row[2] == "no")
    cells = dict(zip(header, no, strict=True))
    p_original = original.tableone.xs("no", level=1).iloc[0].filter(like="P-Value").iloc[0] or "1.000"
    found[name] = [cells["course"], cells["none"], cells["P-Value"], p_original]
    print(f"{name}: no job in the course group {cells['course']}, in the other {cells['none']}: p {cells['P-Value']} | tableone: p {p_original}")
assert found["missing answers"] == ["10 (50.0)", "19 (50.0)", "< 0.001", "1.000"]
assert found["persons without a group"] == ["10 (50.0)", "10 (50.0)", "< 0.001", "1.000"]
PY
