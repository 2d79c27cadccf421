#!/usr/bin/env bash
# Package: tobit-reg 0.0.1, TobitRegression(low=0): regression of an outcome that is censored at 0, as incomes are.
# Expected: the estimates of maximum likelihood, or an error or a warning if they were not found.
# Seen: the steps run in circles: the derivatives for the censored rows are wrong. After 1000 of them the point reached is handed out as the
#   estimate, without a warning. With 400 persons, a slope of 2, intercept of 1 and standard deviation of 1, and a third at 0, it is a slope
#   of 6.7, intercept of -4.3 and 39; maximum likelihood has 2.1, 1.0 and 1.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tobit-reg==0.0.1 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings
import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm
from tobit_reg.tobit_reg import TobitRegression

rng = np.random.default_rng(0)
schooling = rng.normal(size=(400, 1))
income = np.maximum(0, 1 + 2 * schooling[:, 0] + rng.normal(size=400))


def log_likelihood(slope, intercept, sd):
    mean = slope * schooling[:, 0] + intercept
    return float(np.where(income == 0, norm.logcdf(-mean / sd), norm.logpdf(income, mean, sd)).sum())


model = TobitRegression(low=0, dtype=np.float64)
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    steps = len(model.fit(schooling, income).history)
(slope, intercept), sd = model.parameters
best = minimize(lambda p: -log_likelihood(p[0], p[1], np.exp(p[2])), [1, 1, 0]).x
by_hand = float(best[0]), float(best[1]), float(np.exp(best[2]))
reached = log_likelihood(slope, intercept, sd)
print(f"slope, intercept, sd: {slope:.2f}, {intercept:.2f}, {sd:.2f} after {steps} steps, {len(warned)} warnings; log likelihood {reached:.0f}")
print(f"maximum likelihood: {by_hand[0]:.2f}, {by_hand[1]:.2f}, {by_hand[2]:.2f}; log likelihood {log_likelihood(*by_hand):.0f}")
assert np.allclose(by_hand, [2.14, 0.97, 1.0], atol=0.01)
assert steps == 1000 and not warned
assert reached < log_likelihood(*by_hand) - 100 and slope > 4 and sd > 10
PY
