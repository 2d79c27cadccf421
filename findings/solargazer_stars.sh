#!/usr/bin/env bash
# Package: solargazer 0.2 with linearmodels 7.0: LaTeX tables of panel regressions.
# Expected: the stars mean what the note under the table, which the package writes itself, says: * p < 0.05, ** p < 0.01, *** p < 0.001.
# Seen: they are given at p < 0.1, 0.05 and 0.01. A coefficient with p = 0.07 gets a star, and one with p = 0.004 three of them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check solargazer==0.2 linearmodels==7.0 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import contextlib, io, re, warnings

warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from linearmodels import PanelOLS
from solargazer.solargazer import SolarGazer

person, year, course = np.repeat(np.arange(20), 4), np.tile(np.arange(4), 20), np.tile([0, 1, 0, 1], 20)
noise = np.tile([1.0, -1.0, -1.0, 1.0], 20)  # of mean 0 with and without the course: the effect is estimated exactly
panel = pd.DataFrame({"course": course}).set_index([person, year])
found = []
for effect in (0.48, 0.78):
    panel["wage"] = effect * course + noise
    fit = PanelOLS(panel.wage, panel[["course"]], entity_effects=True).fit()
    with contextlib.redirect_stdout(io.StringIO()) as table:
        SolarGazer().make_table([fit], ["wage"])
    stars = len(re.search(r"course & \S+\$\^\{(\**)\}", table.getvalue())[1])
    note = re.search(r"\* p.*", table.getvalue())[0].replace("$", "")
    p = float(fit.pvalues["course"])
    by_note = sum(p < limit for limit in (0.05, 0.01, 0.001))
    print(f"p {p:.3f}: {stars} stars, {by_note} by the note under the table: {note}")
    found.append((round(p, 3), stars, by_note))
assert "* p<0.05, ** p<0.01, *** p<0.001" in note
assert all(stars == sum(p < limit for limit in (0.1, 0.05, 0.01)) for p, stars, _ in found)
assert [stars - by_note for _, stars, by_note in found] == [1, 1]
PY
