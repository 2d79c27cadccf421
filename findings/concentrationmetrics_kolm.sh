#!/usr/bin/env bash
# Package: concentrationMetrics 0.6.0, Index.kolm: the Kolm index of inequality.
# Expected: 0 when all incomes are equal, and unchanged when everybody gets the same amount more (that is what the index is for).
# Seen: the mean of the incomes is taken from shares of the total, not from incomes, so that the index is about minus the mean:
#   -9.75 for four equal incomes of 10, and one lower for each krone that everybody gets.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check concentrationMetrics==0.6.0 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from concentrationMetrics import Index


def by_hand(income, aversion):
    return np.log(np.mean(np.exp(aversion * (income.mean() - income)))) / aversion


incomes = [np.full(4, 10.0), np.array([10.0, 20, 30, 40]), np.array([11.0, 21, 31, 41])]
found = [Index().kolm(income, 0.1) for income in incomes]
expected = [by_hand(income, 0.1) for income in incomes]
print("equal, unequal, unequal with 1 more each:", np.round(found, 2), "| by hand:", np.round(expected, 2))
assert np.allclose(expected, [0, 5.539, 5.539], atol=1e-3)
assert np.isclose(found[0], 1 / 4 - 10) and np.isclose(found[2] - found[1], -1, atol=1e-3)
PY
