#!/usr/bin/env bash
# Packages: kaplanmeier 0.2.0 on lifelines 0.30.3: fit and plot.
# Expected: plot(cii_alpha=0.05) draws the 95 per cent confidence band (its "confidence interval"), as alpha=0.05 does in lifelines;
#   logrank_Z is, in the description's words, the Z-score of the log-rank test.
# Seen: plot hands lifelines alpha = 1 - cii_alpha = 0.95, so that the default draws a band of 5 per cent: 0.49 to 0.51 where the 95 per
#   cent band is 0.27 to 0.69. logrank_Z holds the chi-square statistic, Z squared: 2.6 reads as significant (over 1.96), where Z
#   is 1.6 and the p-value 0.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kaplanmeier==0.2.0 lifelines==0.30.3 pandas==2.3.3 numpy==2.3.5 matplotlib==3.10.7 seaborn==0.13.2 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import math, warnings
import matplotlib
matplotlib.use("agg")
import kaplanmeier, numpy as np
from lifelines import KaplanMeierFitter

warnings.simplefilter("ignore")
months = np.repeat([6.0, 12.0, 6.0, 12.0], [10, 10, 5, 15])  # in each group of 20, some leave in month 6, the rest are followed to month 12
left, group = (months == 6).astype(int), np.repeat(["a", "b"], 20)
fit = kaplanmeier.fit(months, left, group)
_, ax = kaplanmeier.plot(fit, cii_alpha=0.05, visible=False)
drawn = min(y for _, y in ax.collections[0].get_paths()[0].vertices)
lifelines_lower = KaplanMeierFitter().fit(months[:20], left[:20], alpha=0.05).confidence_interval_.iloc[-1, 0]
by_hand = 0.5 ** math.exp(1.959964 * math.sqrt(10 / (20 * 10)) / math.log(2))  # half of 20 left: Greenwood's variance, log-log scale
z = (10 - 15 * 20 / 40) / math.sqrt(15 * 25 * 20 * 20 / (40**2 * 39))  # 15 of 40 left: hypergeometric variance
print(f"band from: drawn {drawn:.3f}, lifelines {lifelines_lower:.3f}, by hand {by_hand:.3f}")
print(f"logrank_Z {fit['logrank_Z']:.3f}, p {fit['logrank_P']:.3f}; Z by hand {z:.3f}, squared {z * z:.3f}")
assert math.isclose(lifelines_lower, by_hand, abs_tol=1e-4) and round(by_hand, 2) == 0.27
assert round(drawn, 2) == 0.49
assert math.isclose(fit["logrank_Z"], z * z, rel_tol=1e-9) and round(z, 2) == 1.61 and round(fit["logrank_P"], 2) == 0.11
PY
