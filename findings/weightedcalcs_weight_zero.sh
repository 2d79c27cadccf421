#!/usr/bin/env bash
# Package: weightedcalcs 0.1.3, Calculator.median and .quantile.
# Expected: a person of weight 0 counts for nothing, and the median is the same whatever unit the weights are in.
# Seen: where the cumulated share is exactly a half, the median is the mean of that row and the next, even if the next has weight 0:
#   incomes 100 and 300 with a person of weight 0 at 120 between them have median 110, not 200. The share is compared with a
#   half by ==, so that it hangs on rounding: the median of 1 to 10 is 5.5 with weights of 1 and 5.0 with weights of 0.01.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check weightedcalcs==0.1.3 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd, weightedcalcs

calculator = weightedcalcs.Calculator("weight")
without = calculator.median(pd.DataFrame({"income": [100, 300], "weight": [1, 1]}), "income")
with_zero = calculator.median(pd.DataFrame({"income": [100, 120, 300], "weight": [1, 0, 1]}), "income")
ten = {unit: calculator.median(pd.DataFrame({"income": range(1, 11), "weight": [unit] * 10}), "income") for unit in (1, 0.01)}
print(f"median of 100 and 300: {without}, with a person of weight 0 at 120: {with_zero} | of 1 to 10 by unit of weight: {ten}")
assert without == (100 + 300) / 2
assert with_zero == (100 + 120) / 2
assert ten == {1: (5 + 6) / 2, 0.01: 5.0}
PY
