#!/usr/bin/env bash
# Package: wstats 0.0.99, wtd_t_test: a port of wtd.t.test of the R package weights.
# Expected: with equal weights it is Welch's t-test; and since the R function scales weights to a mean of 1 by default, the unit of the
#   weights says nothing.
# Seen: the variance is divided by the sum of the weights, and the sum itself is taken as the number of persons, unscaled. With
#   weights of 1 the statistic is too large by the root of n / (n - 1): 1.12 times with five persons a group. Weights that sum to a
#   population, as survey weights do, make the same ten persons count as thousands: p = 0.20 becomes 0.0000.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check wstats==0.0.99 numpy==2.3.5 scipy==1.16.3 numba==0.62.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from scipy.stats import ttest_ind
from wstats import wtd_t_test

participants, comparison = np.array([310.0, 290, 350, 330, 300]), np.array([300.0, 280, 320, 310, 270])
welch = ttest_ind(participants, comparison, equal_var=False)
by_unit = {unit: wtd_t_test(participants, comparison, np.full(5, unit), np.full(5, unit)) for unit in (1.0, 1000.0)}
print(f"Welch: t {welch.statistic:.3f}, p {welch.pvalue:.4f}")
for unit, test in by_unit.items():
    print(f"weights of {unit:g}: t {test['t_stat']:.3f}, p {test['p_value']:.4f}")
by_hand = 20 / np.sqrt(np.var(participants, ddof=1) / 5 + np.var(comparison, ddof=1) / 5)
assert np.isclose(welch.statistic, by_hand) and round(welch.pvalue, 2) == 0.2
assert np.isclose(by_unit[1.0]["t_stat"], by_hand * np.sqrt(5 / 4))
assert np.isclose(by_unit[1000.0]["t_stat"], by_hand * np.sqrt(5 / 4 * 1000)) and by_unit[1000.0]["p_value"] < 1e-9
PY
