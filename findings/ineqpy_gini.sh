#!/usr/bin/env bash
# Package: IneqPy 0.4.1, ineqpy.inequality.gini.
# Expected: incomes 10, 20, 30, 40 have a Gini of 0.25 (half the mean absolute difference between all pairs over the mean;
#   the formula in the function's own docstring gives 0.25 too). A weight of 4 means the same as four equal rows.
# Seen: 0.3333, a third too much; the covariance is scaled by the number of rows less one. The bias goes with the
#   number of ROWS, not persons: weighted rows and the same persons written out give different numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ineqpy==0.4.1 pandas==2.3.3 numpy==1.26.4 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from ineqpy.inequality import gini

def by_pairs(x):
    return np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())

x, w = np.array([10.0, 20, 30, 40]), np.array([4.0, 1, 1, 2])
rows = np.repeat(x, w.astype(int))
print("equal weights:", gini(x, np.ones(4)), "pairs:", by_pairs(x))
print("weights 4 1 1 2:", gini(x, w), "written out:", gini(rows, np.ones(8)), "pairs:", by_pairs(rows))
assert abs(by_pairs(x) - 0.25) < 1e-12 and abs(gini(x, np.ones(4)) - 1 / 3) < 1e-9
assert abs(gini(x, w) - gini(rows, np.ones(8))) > 0.01
PY
