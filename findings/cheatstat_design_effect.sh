#!/usr/bin/env bash
# Package: cheatstat 4.1.2, cross_tab with weights: a chi-square test corrected for the design.
# Expected: the design effect is n times the sum of squared weights over the squared sum, 1 when all weights are equal; the chi-square
#   statistic is divided by it.
# Seen: what is called DEFF, and divided by, is the effective number of persons: 400 for 400 persons of weight 1. The corrected
#   statistic is then near 0 whatever the table: p is 0.003 without weights and 0.88 with weights of 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cheatstat==4.1.2 pandas==3.1.1 numpy==2.4.6 scipy==1.17.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings
import numpy as np, pandas as pd
from scipy.stats import chi2

warnings.simplefilter("ignore")  # cheatstat: regression needs statsmodels
from cheatstat import cross_tab

work = ["yes"] * 130 + ["no"] * 70 + ["yes"] * 100 + ["no"] * 100
persons = pd.DataFrame({"programme": ["yes"] * 200 + ["no"] * 200, "work": work, "weight": 1.0})
found = cross_tab(persons, "programme", "work", weight="weight").info
by_hand = 400 * (130 * 100 - 70 * 100 - 200) ** 2 / (200 * 200 * 230 * 170)  # with Yates's correction, as the package has it
w = persons.weight
design_effect = len(w) * (w**2).sum() / w.sum() ** 2
print({name: float(found[name]) for name in ("Chi²", "DEFF", "Chi² (korr.)", "p (korr.)")})
print(f"by hand: chi-square {by_hand:.4f}, design effect {design_effect:g}, p {chi2.sf(by_hand / design_effect, 1):.4f}")
assert np.isclose(found["Chi²"], by_hand, atol=1e-4) and design_effect == 1 and chi2.sf(by_hand, 1) < 0.01
assert found["DEFF"] == 400 and round(found["p (korr.)"], 2) == 0.88
PY
