#!/usr/bin/env bash
# Package: weak-instruments 0.1.2: ar_test (jackknife Anderson-Rubin test of Mikusheva and Sun 2022) and TSLS.
# Expected: the statistic is the sum over pairs divided by the root of the number of instruments times its variance, so that the unit of
#   the outcome cancels out; TSLS(...).standard_errors holds, in the description's words, "the robust standard errors".
# Seen: the sum is multiplied by that root (with the number of regressors in the place of instruments). The true effect, which the test by hand
#   keeps (p = 0.36), is refused with p = 0.000 in thousands of kroner, and in millions every effect has p = 1.000. standard_errors is
#   the matrix of variances.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check weak-instruments==0.1.2 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from scipy.stats import norm
from weak_instruments.anderson_rubin import ar_test
from weak_instruments.tsls import TSLS

rng = np.random.default_rng(1)
offices, motivation = rng.normal(size=(200, 5)), rng.normal(size=200)
months = offices @ np.full(5, 0.3) + motivation
wage = 2 * months + motivation / 2 + rng.normal(size=200)  # in thousands of kroner: the true effect is 2


def by_hand(outcome, effect):
    e = outcome - months * effect
    p = offices @ np.linalg.solve(offices.T @ offices, offices.T)
    m = np.eye(200) - p
    pairs = ~np.eye(200, dtype=bool)
    weight = p**2 / (np.outer(np.diag(m), np.diag(m)) + m**2)
    variance = 2 / 5 * (weight * np.outer(e * (m @ e), e * (m @ e)))[pairs].sum()
    return 2 * norm.sf(abs((p * np.outer(e, e))[pairs].sum() / np.sqrt(5 * variance)))


found = {}
for unit, scale in (("thousands", 1), ("millions", 0.001)):
    for effect in (2, 0):
        p = ar_test(wage * scale, months[:, None], offices, np.array([effect * scale]))["p_val"]
        found[unit, effect] = round(float(p), 3), round(float(by_hand(wage * scale, effect * scale)), 3)
        print(f"effect of {effect}, wages in {unit}: p {found[unit, effect][0]:.3f}, by hand {found[unit, effect][1]:.3f}")
fit = TSLS(wage, months[:, None], offices)
errors = np.asarray(fit.standard_errors)
print("standard_errors:", np.round(errors, 4).tolist(), "| from the t-values:", np.round(np.asarray(fit.beta) / np.asarray(fit.tstats), 4).tolist())
assert [found[unit, 2] for unit in ("thousands", "millions")] == [(0.0, 0.363), (1.0, 0.363)]
assert [found[unit, 0] for unit in ("thousands", "millions")] == [(0.0, 0.0), (1.0, 0.0)]
assert errors.shape == (2, 2) and np.allclose(np.sqrt(np.diag(errors)), np.asarray(fit.beta) / np.asarray(fit.tstats))
PY
