#!/usr/bin/env bash
# Package: CausalInference 0.1.3.post1, CausalModel.est_via_weighting.
# Expected: its documentation: a weighted least squares regression on treatment and covariates with the inverse of the
#   propensity score as weights (Horvitz-Thompson with adjustment).
# Seen: both sides are multiplied by the weights, not by their square root, so the weights of the regression are the SQUARES
#   of the inverse scores. With a mean effect of 1.00, weighting by the inverse score gives 1.03 and the package 1.60.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check CausalInference==0.1.3.post1 numpy==1.26.4 scipy==1.13.1 statsmodels==0.14.6 pandas==2.3.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings
import numpy as np, statsmodels.api as sm
from causalinference import CausalModel

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
x = rng.exponential(1, 20_000)
treated = (rng.random(20_000) < 1 / (1 + np.exp(1.5 - x))).astype(int)
y = np.exp(x / 2) + treated * x + rng.normal(size=20_000)
model = CausalModel(y, treated, x[:, None])
model.est_propensity()
model.est_via_weighting()
score = model.propensity["fitted"]
weight = np.where(treated == 1, 1 / score, 1 / (1 - score))
design = np.column_stack([np.ones(len(x)), treated, x])
once, squared = (sm.WLS(y, design, weights=weight**k).fit().params[1] for k in (1, 2))
got = model.estimates["weighting"]["ate"]
print(f"true mean effect {x.mean():.3f}, inverse scores {once:.3f}, their squares {squared:.3f}, package {got:.3f}")
assert abs(got - squared) < 1e-8 and abs(got - x.mean()) > 0.4 and abs(once - x.mean()) < 0.05
PY
