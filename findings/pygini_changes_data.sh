#!/usr/bin/env bash
# Package: pygini 1.0.1: the Gini coefficient of an array, along an axis.
# Expected: a call reads the array and changes nothing; each column has its own coefficient, which does not depend on the others.
# Seen: with axis=0 the smallest number of the whole array is taken from all of it where any is negative, in the caller's own array.
#   One loss of 5 in the second year moves every income of the first by 5: its coefficient falls from 0.22 to 0.18, and
#   mean income, reckoned afterwards from the same array, rises from 20 to 25.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pygini==1.0.1 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from pygini import gini

incomes = np.array([[10.0, -5.0], [20.0, 10.0], [30.0, 20.0]])  # persons x years
first = incomes[:, 0].copy()
alone, mean_before = gini(first), incomes[:, 0].mean()
by_hand = abs(np.subtract.outer(incomes[:, 0], incomes[:, 0])).mean() / (2 * mean_before)
together = gini(incomes, axis=0)[0]
print(f"first year: alone {alone:.3f}, by pairs {by_hand:.3f}, beside the second {together:.3f}")
print(f"mean income of the first year: {mean_before:.1f} before the call, {incomes[:, 0].mean():.1f} after it")
assert np.isclose(alone, by_hand, atol=1e-6) and np.isclose(by_hand, 2 / 9)
assert np.isclose(together, 8 / 45) and np.isclose(incomes[:, 0].mean(), 25)
PY
