#!/usr/bin/env bash
# Package: wcorr 2.2, WeightedCorr: weighted correlations.
# Expected: the correlation of two columns is one number, whether they are handed over as two columns or in a table; persons with
#   a missing value are left out.
# Seen: in a table (df=..., wcol=...) a missing value is left out of the sums but its weight stays in the mean's denominator, and the other
#   column keeps the person. Income rises by exactly one a year for the four persons with an income: the pair has correlation
#   1.00, the table of the same data 0.52. Spearman's correlation in the table is NaN, with a warning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check wcorr==2.2 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd
from wcorr import WeightedCorr

persons = pd.DataFrame({"income": [1.0, 2, 3, 4, np.nan], "years": [1.0, 2, 3, 4, 5], "weight": [1.0] * 5})
pair = WeightedCorr(x=persons.income, y=persons.years, w=persons.weight)("pearson")
in_table = WeightedCorr(df=persons, wcol="weight")("pearson").loc["income", "years"]
ranked = WeightedCorr(df=persons, wcol="weight")("spearman").loc["income", "years"]
by_hand = np.corrcoef([1.0, 2, 3, 4], [1.0, 2, 3, 4])[0, 1]
print(f"correlation of income and years: pair {pair:.3f}, table {in_table:.3f} (Spearman {ranked}), by hand {by_hand:.3f}")
assert np.isclose(pair, 1.0) and np.isclose(by_hand, 1.0)
assert np.isclose(in_table, 4 / 60**0.5) and np.isnan(ranked)
PY
