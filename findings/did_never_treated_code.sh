#!/usr/bin/env bash
# Packages: csdid 0.4.3, moderndid 0.2.0, diff-diff 3.13.0: group-time effects (Callaway and Sant'Anna 2021).
# Expected: a comparison person "never treated" is one whose first treated period lies after the panel or does not exist. Registers say so
#   in four ways: 0, infinity, an empty cell, or a period beyond the panel's end. A package takes or refuses each.
# Seen: 0 and infinity mean the same in all three. An empty cell is refused by diff-diff, but csdid and moderndid
#   delete all those rows and make the LAST TREATED cohort the comparison group, although control_group="nevertreated" was asked
#   for (a warning says so): another number, on half the persons. A period beyond the panel is never treated in csdid and
#   moderndid, and refused in diff-diff.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check csdid==0.4.3 moderndid==0.2.0 diff-diff==3.13.0 pandas==2.3.3 numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import contextlib, io, warnings
import numpy as np, pandas as pd, diff_diff, moderndid
from csdid.att_gt import ATTgt

rng = np.random.default_rng(3)
first = rng.choice([0, 3, 4, 5], 300, p=[0.4, 0.2, 0.2, 0.2])
level = rng.normal(size=300)
panel = pd.DataFrame([(i, t, first[i], level[i] + 0.3 * t + (0 < first[i] <= t) + 0.5 * rng.normal()) for i in range(300) for t in range(1, 7)],
                     columns=["id", "t", "g", "y"])

def csdid(d):
    model = ATTgt(yname="y", gname="g", idname="id", tname="t", xformla="y~1", data=d, control_group="nevertreated").fit(est_method="reg", bstrap=False)
    model.aggte("simple")
    return model.atte["overall_att"]

def moderndid_(d):
    return moderndid.aggte(moderndid.att_gt(data=d, yname="y", tname="t", idname="id", gname="g", est_method="reg", control_group="nevertreated"), type="simple").overall_att

def diff_diff_(d):
    try:
        return diff_diff.CallawaySantAnna(estimation_method="reg").fit(d, "y", "id", "t", "g").overall_att
    except ValueError:
        return "refused"

rows = {}
with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name, code in {"0": 0, "infinity": np.inf, "empty": np.nan, "beyond": 99}.items():
        data = panel.assign(g=panel.g.replace(0, code).astype(float))
        rows[name] = [csdid(data), moderndid_(data), diff_diff_(data)]
table = pd.DataFrame(rows, index=["csdid", "moderndid", "diff-diff"]).T
print(table)
truth = rows["0"][0]
assert all(abs(v - truth) < 1e-9 for v in rows["0"] + rows["infinity"] + rows["beyond"][:2])
assert rows["empty"][2] == rows["beyond"][2] == "refused" and all(abs(v - truth) > 0.02 for v in rows["empty"][:2])
PY
