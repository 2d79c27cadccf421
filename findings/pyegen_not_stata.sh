#!/usr/bin/env bash
# Package: pyegen 0.2.4: Stata's egen for pandas; each function's description says "Equivalent to Stata's: egen ...".
# Expected: pc() is each value's percentage of the total; group() numbers groups from 1 in ascending order of their values, a missing
#   value having no group; kurt() and skew() are the moments that Stata reports; rows keep their index.
# Seen: pc() is the percentile rank: incomes of 100, 300, 200 and 400 have 25, 75, 50 and 100 where their shares of the total are
#   10, 30, 20 and 40. group() numbers by first appearance, gives missing values a group of their own, and returns the rows numbered
#   from 0, so that on a frame with another index each person gets the number of another. kurt() is excess kurtosis with a
#   small-sample correction, 3.23 where Stata's is 2.23.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyegen==0.2.4 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd, pyegen as egen

persons = pd.DataFrame({"income": [100.0, 300, 200, 400], "county": ["b", "a", None, "c"]}, index=[3, 2, 1, 0])
share = egen.pc(persons.income)
by_hand = 100 * persons.income / persons.income.sum()
print(f"pc: {share.tolist()}, per cent of the total: {by_hand.tolist()}")
assert share.tolist() == [25, 75, 50, 100] and np.allclose(by_hand, [10, 30, 20, 40])

persons["group"] = egen.group(persons, ["county"])  # pandas puts values on by index label
print(persons[["county", "group"]])
assert egen.group(persons, ["county"]).tolist() == [1, 2, 3, 4]  # b, a, missing, c; Stata: 2, 1, missing, 3
assert persons["group"].tolist() == [4, 3, 2, 1]

x = pd.Series([1.0, 2, 3, 10])
moment = ((x - x.mean()) ** 4).mean() / ((x - x.mean()) ** 2).mean() ** 2
print(f"kurt: {egen.kurt(x)[0]:.3f}, fourth moment over squared variance: {moment:.3f}")
assert round(egen.kurt(x)[0], 3) == 3.228 and round(moment, 3) == 2.230
PY
