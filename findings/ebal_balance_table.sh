#!/usr/bin/env bash
# Package: ebal 1.0.0 (entropy balancing), check_balance.
# Expected: the columns Before_weighting and After_weighting are the same measure, so that they can be compared. With equal
#   weights nothing has been weighted, and the two must be equal.
# Seen: Before is in standard deviations, After in the covariate's own unit. Equal weights: 0.71 before, about 64,000 after (income in
#   kroner). The other way round, a share 0.71 standard deviations apart reads as 0.01 after.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ebal==1.0.0 numpy==1.26.4 pandas==2.3.3 scikit-learn==1.5.2 statsmodels==0.14.6 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd
from ebal import ebal_bin

rng = np.random.default_rng(1)
z = rng.normal(size=400)
treated = (rng.random(400) < 1 / (1 + np.exp(-z))).astype(int)
X = pd.DataFrame({"income": 400_000 + 100_000 * z, "share": 0.5 + 0.01 * z})
table = ebal_bin(print_level=-1).check_balance(X, treated, np.ones(400))
print(table)
assert table.Before_weighting["income"] < 1 < 1000 < table.After_weighting["income"]
assert table.Before_weighting["share"] > 0.6 and table.After_weighting["share"] < 0.02
PY
