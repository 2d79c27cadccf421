#!/usr/bin/env bash
# Package: causalmatch 0.0.7, matching(...).psm: nearest neighbours on the propensity score.
# Expected: every pair is one treated person and one comparison person, whatever labels the rows carry.
# Seen: index labels are used as positions. With the rows turned round (as after a sort by date), 79 of the 125 "treated" persons
#   in the table of pairs are not treated and 38 of the "controls" are: no error, no warning. Its own column for treatment
#   shows it to whoever looks.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check causalmatch==0.0.7 pandas==2.3.3 numpy==1.26.4 scipy==1.13.1 scikit-learn==1.5.2 statsmodels==0.14.6 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
MPLBACKEND=agg "$work/venv/bin/python" - <<'PY'
import contextlib, io, warnings
import numpy as np, pandas as pd

rng = np.random.default_rng(1)
x = rng.normal(size=400)
treated = (rng.random(400) < 1 / (1 + np.exp(1 - 2 * x))).astype(float)
people = pd.DataFrame({"id": [f"p{i:03d}" for i in range(400)], "treated": treated, "x": x, "y": x + rng.normal(size=400)})
wrong = {}
with warnings.catch_warnings(record=True) as said, contextlib.redirect_stdout(io.StringIO()):
    warnings.simplefilter("always")
    from causalmatch import matching
    said.clear()
    for name, rows in {"usual": people, "turned": people.iloc[::-1]}.items():
        match = matching(data=rows.copy(), T="treated", X=["x"], y=["y"], id="id")
        match.psm(n_neighbors=1)
        pairs = match.df_out_final
        wrong[name] = len(pairs), int((pairs.treated_treat == 0).sum()), int((pairs.treated_control == 1).sum())
print("pairs, untreated among the treated, treated among the controls:", wrong)
assert not any("index" in str(w.message).lower() for w in said)
assert wrong["usual"] == (125, 0, 0) and wrong["turned"][0] == 125
assert wrong["turned"][1] > 50 and wrong["turned"][2] > 20
PY
