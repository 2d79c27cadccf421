#!/usr/bin/env bash
# Package: psmpy 0.3.16, PsmPy.logistic_ps.
# Expected: a propensity score is a logit's fitted probability; measuring income in kroner or in thousands changes nothing
#   (maximum likelihood is invariant to linear changes of the covariates).
# Seen: the score comes from a logit with an unannounced L2 penalty on slope and intercept, fitted on raw columns. With
#   income in kroner the scores are nearly constant (spread 0.001); in thousand kroner the spread is 0.14. Matches change.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check psmpy==0.3.16 pandas==2.3.3 numpy==1.26.4 scikit-learn==1.5.2 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd
from psmpy import PsmPy

rng = np.random.default_rng(1)
z = rng.normal(size=400)
treated = (rng.random(400) < 1 / (1 + np.exp(-z))).astype(int)
spread, score = {}, {}
for unit, scale in {"kroner": 1.0, "thousand kroner": 0.001}.items():
    frame = pd.DataFrame({"id": range(400), "treated": treated, "income": (400_000 + 100_000 * z) * scale})
    model = PsmPy(frame, treatment="treated", indx="id", exclude=[])
    model.logistic_ps(balance=False)
    score[unit] = model.predicted_data.sort_values("id").propensity_score
    spread[unit] = score[unit].std()
print("standard deviation of the score:", spread)
assert spread["kroner"] < 0.005 and spread["thousand kroner"] > 0.1
PY
