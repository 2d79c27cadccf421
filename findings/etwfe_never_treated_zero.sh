#!/usr/bin/env bash
# Package: etwfe 0.1.4 (extended two-way fixed effects, Wooldridge 2021): the first period of those who never start.
# Expected: gref, the comparison group, "defaults to never-treated", coded 0 as in csdid and did or as a late year. Persons who start after
#   the panel's end are untreated in it: they change the estimate little.
# Seen: one such person takes the place of the comparison group, and those coded 0 count as treated since the year 0. The effect of 20 of those who
#   started in 2017 becomes 4.3 in the average over "all treated", without a word. With never-treated coded 9999 it stays 20.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check etwfe==0.1.4 pyfixest==0.60.0 patsy==1.0.2 packaging==25.0 matplotlib==3.10.7 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings

warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from etwfe import ETWFE

rng = np.random.default_rng(0)


def average_effect(never, late, **options):
    rows = []
    for person in range(120 + late):
        first = 2017 if person < 40 else never if person < 120 else 2021
        level = rng.normal(300, 10)
        for year in range(2014, 2020):
            rows.append((person, year, first, level + 5 * (year - 2014) + 20 * (first == 2017 <= year) + rng.normal(0, 2)))
    panel = pd.DataFrame(rows, columns=["person", "year", "first", "wage"])
    model = ETWFE("wage ~ 0", tvar="year", gvar="first", ivar="person", data=panel, **options).fit()
    return round(float(model.emfx("simple")["estimate"].iloc[0]), 1)


found = {(never, late): average_effect(never, late) for never in (0, 9999) for late in (0, 20)}
for (never, late), effect in found.items():
    print(f"never-treated coded {never}, {late} who start in 2021: average effect {effect}")
named = average_effect(0, 20, gref=0)
print("coded 0, with gref=0:", named)
assert all(abs(found[key] - 20) < 1 for key in [(0, 0), (9999, 0), (9999, 20)]) and abs(named - 20) < 1
assert 3 < found[0, 20] < 6
PY
