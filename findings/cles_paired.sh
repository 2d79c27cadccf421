#!/usr/bin/env bash
# Package: CLES 0.1.3, CLES_2paired: the common language effect size of two measurements of the same persons.
# Expected: the per cent of persons with the higher value at the one time, ties counted half, from 50 (no difference) to 100 (all of them), as the
#   description says; CLES_1samp of the differences, in the same package, is that number.
# Seen: a comparison is lost for each person, and the sum is divided by all of them. If all four earn more after a course it is 75, not
#   100; if nobody's earnings change it is 62.5, not 50; if three earn more and one less, 56.25, not 75.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check CLES==0.1.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from CLES import CLES_1samp, CLES_2paired

before = np.array([100.0, 200, 300, 400])
changes = {"all more": [10, 10, 10, 10], "no change": [0, 0, 0, 0], "three of four more": [10, 10, 10, -10]}
found = {}
for name, change in changes.items():
    differences = np.array(change, dtype=float)
    by_hand = 100 * float((differences > 0).mean() + (differences == 0).mean() / 2)
    found[name] = [float(CLES_2paired(before, before + differences)), float(CLES_1samp(differences)), by_hand]
    print(f"{name}: paired {found[name][0]}, the differences alone {found[name][1]}, by hand {found[name][2]}")
assert found == {"all more": [75, 100, 100], "no change": [62.5, 50, 50], "three of four more": [56.25, 75, 75]}
PY
