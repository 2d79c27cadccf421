#!/usr/bin/env bash
# Package: episia 0.1.3, mantel_haenszel_or: common odds ratio, risk ratio and risk difference over strata, such as counties.
# Expected: if the strata are all alike the common ratio and difference are those of one of them, which the package itself gives for a single table;
#   a risk difference lies between -1 and 1.
# Seen: only the odds ratio is so. The common risk ratio and difference divide by all cases and all others, where the exposed and unexposed
#   stand: 1.42 for 2.00, and a risk difference of 5.0 for 0.10. The interval of the odds ratio is too short: 1.47 to 3.44 for 1.26 to 4.01.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check statsmodels==0.14.5 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps episia==0.1.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, statsmodels.api as sm
from episia.stats.contingency import Table2x2
from episia.stats.stratified import mantel_haenszel_or

county = Table2x2(20, 10, 80, 90)  # a job: 20 of 100 with the course, 10 of 100 without
both = mantel_haenszel_or([county, county])
reference = sm.stats.StratifiedTable([np.array([[20, 80], [10, 90]])] * 2)
interval, expected = np.round(both.or_ci, 2).tolist(), np.round(reference.oddsratio_pooled_confint(), 2).tolist()
single = float(county.risk_ratio().estimate), float(county.odds_ratio().estimate)
print(f"one county: risk ratio {single[0]:.2f}, odds ratio {single[1]:.2f}, risk difference {county.risk_exposed - county.risk_unexposed:.2f}")
print(f"two counties alike: {both.common_rr:.2f}, {both.common_or:.2f}, {both.common_rd:.2f}; odds ratio from {interval[0]} to {interval[1]}")
print(f"statsmodels: {reference.riskratio_pooled:.2f}, {reference.oddsratio_pooled:.2f}; odds ratio from {expected[0]} to {expected[1]}")
assert np.allclose(single, [2, 2.25]) and np.isclose(reference.riskratio_pooled, 2) and np.isclose(both.common_or, 2.25)
assert np.isclose(both.common_rr, 17 / 12) and np.isclose(both.common_rd, 5)
assert interval == [1.47, 3.44] and expected == [1.26, 4.01]
PY
