#!/usr/bin/env bash
# Package: synthetic-control 0.0.5, SyntheticControl(treatment_start=...).
# Expected: treatment_start is "the start of the treatment period", and during the treatment "the model will not attempt to fit the
#   synthetic control group to the treatment group".
# Seen: the period that begins at treatment_start is fitted: only later ones are left out (treatment_end, though, belongs to the
#   treatment). With yearly figures dated 1 January, as statistics are, the first year's effect teaches the model: effects of exactly
#   40 a year from 2020 come out as 34 to 36, and years before the start get -3. With the day before as the start, 40.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check synthetic-control==0.0.5 pandas==2.3.3 numpy==2.3.5 scikit-learn==1.7.2 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
from datetime import datetime
import numpy as np, pandas as pd
from synthetic_control import SyntheticControl

rng = np.random.default_rng(1)
years = pd.date_range("2010-01-01", "2023-01-01", freq="YS")
donors = pd.DataFrame({name: 300 + 10 * np.arange(14) + rng.normal(0, 5, 14) for name in "abc"}, index=years)
municipality = donors.mean(axis=1) + np.where(years.year >= 2020, 40, 0)
effects = {}
for start in (datetime(2020, 1, 1), datetime(2019, 12, 31)):
    model = SyntheticControl(treatment_start=start)
    effects[start.date()] = (municipality - model.fit_predict(donors, municipality)).round(1).tolist()
    print(start.date(), "effects 2018-2023:", effects[start.date()][8:])
first_day, day_before = effects.values()
assert day_before[10:] == [40.0] * 4 and max(map(abs, day_before[:10])) < 0.1
assert max(first_day[10:]) < 37 and max(first_day[8:10]) < -3
PY
