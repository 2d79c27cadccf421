#!/usr/bin/env bash
# Package: deepecon 0.1.1, OLS: regression as in Stata, with Stata's table.
# Expected: weight= weights the rows; each call gives a result of its own; the table shows R-squared, and an adjusted R-squared of
#   1 - (1 - R2)(n - 1)/(n - k), k with the constant.
# Seen: weight= is taken and not used: 8.3 where the weighted difference is 17.7. All calls fill one and the same result: the first
#   regression shows the second's numbers once that has run. The list of regressors is the caller's own and grows by "_cons". The
#   adjusted R-squared counts one regressor too many, and the table prints R-squared as a second "Prob > F".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check deepecon==0.1.1 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 openpyxl==3.1.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd
from deepecon.estimators import OLS

persons = pd.DataFrame({"wage": [10.0, 12, 14, 19, 30], "course": [0.0, 1, 0, 1, 1], "other": [1.0, 2, 3, 5, 4], "weight": [1.0, 1, 1, 1, 100]})
regressors = ["course"]
weighted = OLS(persons)("wage", regressors, weight="weight")
slope = weighted.data["beta"][0]
mean = {c: np.average(g.wage, weights=g.weight) for c, g in persons.groupby("course")}
plain = persons[persons.course == 1].wage.mean() - persons[persons.course == 0].wage.mean()
print(f"slope with weights {slope:.2f}; by hand: weighted {mean[1] - mean[0]:.2f}, unweighted {plain:.2f}; regressors now {regressors}")
assert np.isclose(slope, plain) and round(plain, 1) == 8.3 and round(mean[1] - mean[0], 1) == 17.7
assert regressors == ["course", "_cons"]
r2, adjusted = weighted.meta["R2"], weighted.meta["AdjR2"]
print(f"adjusted R-squared {adjusted:.3f}, by hand {1 - (1 - r2) * 4 / 3:.3f}")
assert np.isclose(adjusted, 1 - (1 - r2) * 4 / 2)
text = str(weighted)
assert text.count("Prob > F") == 2 and f"{r2:.4f}" in text and "  R-squared" not in text
again = OLS(persons)("wage", ["other"])
print(f"the first result after a second regression: slope {weighted.data['beta'][0]:.2f}")
assert again is weighted and not np.isclose(weighted.data["beta"][0], slope)
PY
