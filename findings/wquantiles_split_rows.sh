#!/usr/bin/env bash
# Packages: wquantiles 0.6, weightedstats 0.4.1, stacked-quantile 0.4.0: weighted medians.
# Expected: a weight is a number of persons: a row of weight 3 and three equal rows of weight 1 have the same median.
# Seen: wquantiles draws a line between the midpoints of the rows' weights, so the answer hangs on how persons are gathered in rows.
#   Incomes 300, 400 and 500 held by 1, 1 and 3 persons: 450, an income nobody has, where the five persons one by one give 500 in
#   the same package. The other two give 500 both ways. A median from a frequency table (as microdata.no and statistics
#   offices deliver) differs from the median of the same persons.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check wquantiles==0.6 weightedstats==0.4.1 stacked-quantile==0.4.0 numpy==1.26.4 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, weightedstats, wquantiles
from stacked_quantile import get_stacked_median

income, persons = np.array([300.0, 400.0, 500.0]), np.array([1, 1, 3])
one_by_one, ones = np.repeat(income, persons), np.ones(5)
medians = {"wquantiles": wquantiles.median, "stacked-quantile": get_stacked_median,
           "weightedstats": lambda x, w: weightedstats.weighted_median(list(x), weights=list(w))}
got = {name: (float(f(income, persons)), float(f(one_by_one, ones))) for name, f in medians.items()}
print("median of the table, median of the persons:", got)
assert got["wquantiles"] == (450.0, 500.0)
assert got["stacked-quantile"] == got["weightedstats"] == (500.0, 500.0)
PY
