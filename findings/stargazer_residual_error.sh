#!/usr/bin/env bash
# Packages: stargazer 0.0.7 with linearmodels 7.0 and statsmodels 0.14.5: one regression table for both.
# Expected: "Residual Std. Error" is the root of the residual sum of squares over its degrees of freedom, whichever package fitted the
#   regression. That is how stargazer reckons it for statsmodels, and what R's stargazer prints.
# Seen: for every model of linearmodels it is reckoned from the sum of squares that the model explains. The same regression, fitted by both,
#   has 52.7 in one column and 15.8 in the next; a regression that explains nothing has 0, as if it fitted perfectly.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check stargazer==0.0.7 linearmodels==7.0 statsmodels==0.14.5 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import re
import numpy as np, pandas as pd, statsmodels.api as sm
from linearmodels import PooledOLS
from stargazer.stargazer import Stargazer

person, year, course = np.repeat(np.arange(5), 4), np.tile(np.arange(4), 5), np.tile([0, 0, 1, 1], 5)
noise = np.tile([50.0, -50.0, 50.0, -50.0], 5)  # of mean 0 in either half: the effect is estimated exactly
regressors = pd.DataFrame({"const": 1.0, "course": course})


def residual_errors(effect):
    wage = pd.Series(300 + effect * course + noise, name="wage")
    panel = pd.concat([wage, regressors], axis=1).set_index([person, year])
    fits = [sm.OLS(wage, regressors).fit(), PooledOLS(panel.wage, panel[["const", "course"]]).fit()]
    assert np.allclose(fits[0].params, fits[1].params)
    row = next(line for line in Stargazer(fits).render_latex().splitlines() if "Residual Std. Error" in line)
    return [float(number) for number in re.findall(r"& (\S+) \(df", row)]


with_effect, without = residual_errors(30), residual_errors(0)
by_hand = np.sqrt((noise**2).sum() / (20 - 2))
print("Residual Std. Error, effect of 30: statsmodels, linearmodels", with_effect, "| no effect:", without, f"| by hand, both: {by_hand:.3f}")
assert np.allclose([with_effect[0], without[0]], by_hand, atol=1e-3)
assert np.allclose([with_effect[1], without[1]], [np.sqrt(20 * 15**2 / 18), 0], atol=1e-3)  # explained: 15 from the mean each
PY
