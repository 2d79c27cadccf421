#!/usr/bin/env bash
# Packages: csdid 0.4.3, moderndid 0.2.0, diff-diff 3.13.0: group-time effects (Callaway and Sant'Anna 2021).
# Expected: the option allow_unbalanced_panel, False in all three, means one thing: the panel is made balanced, that is, a
#   person with one missing year is left out of all of it (as the option is documented in the method's R package).
# Seen: csdid and moderndid do so; diff-diff under the same option and default uses, for each pair of years, whoever has both.
#   With one early year missing for 116 of 300 persons the effect and its error differ. csdid's message says
#   "Dropped 116 observations"; it dropped 116 PERSONS, 696 - 116 = 580 rows that held numbers.
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

def estimates(data):
    said = []
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        one = ATTgt(yname="y", gname="g", idname="id", tname="t", xformla="y~1", data=data, control_group="nevertreated").fit(est_method="reg", bstrap=False)
        one.aggte("simple")
        said = [str(w.message) for w in caught if "Dropped" in str(w.message)]
        two = moderndid.aggte(moderndid.att_gt(data=data, yname="y", tname="t", idname="id", gname="g", est_method="reg"), type="simple")
        three = diff_diff.CallawaySantAnna(estimation_method="reg", allow_unbalanced_panel=False).fit(data, "y", "id", "t", "g")
    return np.array([one.atte["overall_att"], two.overall_att, three.overall_att], float), said

whole, _ = estimates(panel)
hole = panel[~((panel.t == 2) & (panel.id % 2 == 0) & (panel.g != 3))]
holed, said = estimates(hole)
gone = panel.id.nunique() - (hole.groupby("id").t.nunique() == 6).sum()
print("balanced panel   csdid, moderndid, diff-diff:", whole.round(4))
print("one year missing csdid, moderndid, diff-diff:", holed.round(4), "|", said, "| persons with a missing year:", gone)
assert np.ptp(whole) < 1e-9 and abs(holed[0] - holed[1]) < 1e-9 and abs(holed[0] - holed[2]) > 1e-3
assert any(f"Dropped {gone} observations" in s for s in said)
PY
