#!/usr/bin/env bash
# Package: paneleventstudy 0.0.7 on statsmodels 0.14.5: timeseries_eventstudy(), an event study of one unit by least squares.
# Expected: columns "lower" and "upper" hold the confidence interval of each lead and lag, by default from HC3 errors (vcov_type="HC3").
# Seen: they are missing for every lead and lag, whatever the data (statsmodels calls its columns 0 and 1), and the figure leaves them out
#   without a word, so that estimates look as if nothing were known of their error. vcov_type is handed to statsmodels under a name it takes
#   and does not use (its own is cov_type): the errors would not have been robust either.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check paneleventstudy==0.0.7 statsmodels==0.14.5 linearmodels==7.0 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd, statsmodels.formula.api as smf, paneleventstudy

rng = np.random.default_rng(1)
years = np.repeat(np.arange(-3, 3), 4)
office = pd.DataFrame({"reltime": years, "starts": 100 + 10 * (years >= 0) + rng.normal(size=24) * (1 + 4 * (years >= 0))})
found = paneleventstudy.timeseries_eventstudy(office, "starts", "reltime", [])
print(found)
assert found[["lower", "upper"]].isna().all().all() and found.parameter.notna().all()
model = smf.ols("starts ~ C(reltime)", data=office)
plain, named, robust = model.fit(), model.fit(vcov_type="HC3"), model.fit(cov_type="HC3")
print("error of the last year: plain", round(plain.bse.iloc[-1], 3), "vcov_type", round(named.bse.iloc[-1], 3), "cov_type", round(robust.bse.iloc[-1], 3))
assert np.allclose(named.bse, plain.bse) and not np.allclose(robust.bse, plain.bse)
PY
