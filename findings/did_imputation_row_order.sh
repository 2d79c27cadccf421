#!/usr/bin/env bash
# Package: did_imputation 0.1.0 (imputation estimator of Borusyak, Jaravel and Spiess 2024).
# Expected: a panel is a set of rows; the length of a period is, as documented, the most common step between two consecutive
#   times, whatever the rows' order.
# Seen: the step is taken between consecutive ROWS. Sorted by person and year all is well. With the latest year first the step
#   is -1: lags turn into leads, horizon 2 is lost, and the effects two years after the start come out as tau-2. Sorted by
#   year and person, as registers often are delivered, the step is 0: every effect is 0.0 with standard error 0.0, and what is
#   printed speaks of weights.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check did_imputation==0.1.0 pyhdfe==0.2.1 pandas==2.3.3 numpy==2.2.6 scipy==1.13.1 statsmodels==0.14.6 matplotlib==3.10.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import contextlib, io, warnings
import numpy as np, pandas as pd
from did_imputation import did_imputation

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
first = rng.choice([np.nan, 4, 5], 200)
level = rng.normal(size=200)
rows = [(i, t, first[i], level[i] + 0.3 * t + max(np.nan_to_num(t - first[i] + 1, nan=0), 0) + 0.3 * rng.normal()) for i in range(200) for t in range(1, 8)]
panel = pd.DataFrame(rows, columns=["id", "t", "g", "y"])

def effects(data, **options):
    with contextlib.redirect_stdout(io.StringIO()):
        result = did_imputation(data.reset_index(drop=True), "y", "id", "t", "g", **options)
    return {k: round(float(v), 3) for k, v in result.estimates.items()}, {k: round(float(v), 3) for k, v in result.std_errors.items()}

usual, _ = effects(panel, horizons=[0, 1, 2])
turned, _ = effects(panel.sort_values(["id", "t"], ascending=[True, False]), allhorizons=True)
by_year, errors = effects(panel.sort_values(["t", "id"]), horizons=[0, 1, 2])
print("person, year (true: 1, 2, 3):", usual)
print("person, latest year first:", turned)
print("year, person:", by_year, "standard errors", errors)
assert all(abs(usual[f"tau{h}"] - (h + 1)) < 0.1 for h in (0, 1, 2))
assert turned["tau-2"] == usual["tau2"] and "tau2" not in turned
assert set(by_year.values()) == set(errors.values()) == {0.0}
PY
