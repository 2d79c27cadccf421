#!/usr/bin/env bash
# Package: CAST_panel 1.0.2, method: effects of a staggered programme by low rank, with confidence intervals.
# Expected: the standard errors are the same whatever order the units come in, and alpha=0.95, described as the coverage of the
#   intervals and the default, gives 95 per cent.
# Seen: the residuals are of units sorted by start, but masked by the units as they came: when the units are given in
#   another order the estimates stay and the standard errors change. And alpha is read as 1 minus coverage: the interval is the estimate
#   plus and minus 0.06 standard errors, not 1.96.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check CAST_panel==1.0.2 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from CAST_panel import method

rng = np.random.default_rng(1)
units, years, start = 40, 12, np.repeat([12, 8], 20)
outcome = 5 + 2 * rng.normal(size=(units, 1)) @ rng.normal(size=(1, years)) + np.linspace(0.2, 3, units)[:, None] * rng.normal(size=(units, years))
shuffled = rng.permutation(units)
sorted_by_start, in_any_order = method(outcome, start, 2), method(outcome[shuffled], start[shuffled], 2)
(effect, error), (effect_again, error_again) = sorted_by_start.get_average_effect(), in_any_order.get_average_effect()
fit = sorted_by_start.method
half = ((fit.CI_upper - fit.CI_lower) / 2)[20:, 8:] / fit.std_est[20:, 8:]
print("effects", effect.round(3), "in another order", effect_again.round(3))
print("errors ", error.round(3), "in another order", error_again.round(3), "| half an interval in standard errors:", half.mean().round(3))
assert np.allclose(effect, effect_again)
assert np.abs(error_again / error - 1).max() > 0.1
assert np.allclose(half, 0.0627, atol=1e-3)
PY
