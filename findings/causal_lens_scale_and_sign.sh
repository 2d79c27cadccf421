#!/usr/bin/env bash
# Package: causal-lens 0.3.1: a synthetic control (SyntheticControl), and Rosenbaum's bounds for matched pairs (rosenbaum_bounds).
# Expected: the weights are those whose mix of regions comes closest to the treated one before the start, whatever the unit of the outcome; the
#   bounds say how much hidden bias would overturn that an effect is significant, whether the effect is a rise or a fall.
# Seen: the search for the weights stops at its start if the numbers are large, and nothing looks whether it succeeded: with amounts in
#   thousands all regions have the same weight, and the effect is 0.25 where it is 1.26 in millions. Bounds are for rises only: pairs of
#   whom nearly all have fewer months without work are not significant (p = 1.000) even without hidden bias.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check causal-lens==0.3.1 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import numpy as np, pandas as pd
from causal_lens import SyntheticControl
from causal_lens.diagnostics import rosenbaum_bounds
from scipy.optimize import nnls
from scipy.stats import wilcoxon

rng, regions, years, start = np.random.default_rng(4), 12, 16, 10
moves, ties = rng.normal(size=(years, 3)).cumsum(axis=0), rng.uniform(0, 1, size=(regions, 3))
ties[0] = 0.5 * ties[1] + 0.3 * ties[2] + 0.2 * ties[3]
income = 5 + moves @ ties.T + 0.1 * rng.normal(size=(years, regions))
income[start:, 0] += 1
table = pd.DataFrame([(f"region {r:02d}", y, income[y, r]) for r in range(regions) for y in range(years)], columns=["region", "year", "income"])

def fit(unit):
    found = SyntheticControl("region", "year", "income", "region 00", start).fit(table.assign(income=table["income"] * unit))
    return found.effect / unit, found.pre_treatment_rmse / unit, np.array(sorted(found.weights.values())), found.placebo_p_value

sums = 1000.0  # the weights add up to one: a heavy row among the years before the start
weights = nnls(np.vstack([income[:start, 1:], np.full(regions - 1, sums)]), np.r_[income[:start, 0], sums])[0]
by_hand = float((income[start:, 0] - income[start:, 1:] @ weights).mean())
for unit, name in ((1, "millions"), (1e3, "thousands"), (1e6, "kroner")):
    effect, missed, share, p = fit(unit)
    print(f"in {name:9}: effect {effect:.2f} (by hand {by_hand:.2f}), misses before the start {missed:.2f}, weights {share.round(2)}, placebo p {p:.2f}")
    assert np.isclose(effect, by_hand, atol=0.02) == (unit == 1)
    if unit > 1:
        assert np.allclose(share, 1 / (regions - 1)) and missed > 4 * fit(1)[1]

months = rng.normal(-2, 2, size=100)  # treated less matched
for name, pairs in (("fewer months", months), ("more months", -months)):
    gamma, p, significant = rosenbaum_bounds(pairs)[0]
    print(f"{name}: gamma {gamma}, p {p:.3f}, significant {significant} | two-sided signed-rank test p {wilcoxon(pairs).pvalue:.3f}")
    assert wilcoxon(pairs).pvalue < 1e-6 and bool(significant) == (pairs.mean() > 0)
assert not any(significant for _, _, significant in rosenbaum_bounds(months))
PY
