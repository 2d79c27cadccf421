#!/usr/bin/env bash
# Package: psmatching 0.1.dev21, PSMatch.evaluate and the file written by PSMatch.match.
# Expected: evaluate tests whether cases and matched controls are alike ("the cases/controls are well-matched"), so it looks at the
#   matched persons; the file NAME_matched_ps.csv holds the matched persons, with the identifiers that they came with.
# Seen: evaluate tests all persons of the input. A perfect match (equal shares of women among cases and controls) fails, since
#   the test is of the unmatched data, and no matching can change its answer. The "matched" file holds everyone, and the
#   identifier is dropped, so that nobody can see later who was matched.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check psmatching==0.1.dev21 pandas==2.3.3 numpy==1.26.4 scipy==1.13.1 statsmodels==0.14.6 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import contextlib, io
import numpy as np, pandas as pd
from psmatching.match import PSMatch

rng = np.random.default_rng(1)
woman = rng.integers(0, 2, 300)
case = (rng.random(300) < np.where(woman, 0.35, 0.08)).astype(int)
pd.DataFrame({"OPTUM_LAB_ID": range(1000, 1300), "CASE": case, "woman": woman}).to_csv("persons.csv", index=False)
np.random.seed(1)
with contextlib.redirect_stdout(io.StringIO()):
    matching = PSMatch("persons.csv", "CASE ~ woman", "1")
    matching.prepare_data()
    matching.match()
    passed = matching.evaluate()
share = matching.matched_data.groupby("CASE").woman.mean()
file = pd.read_csv("persons_matched_ps.csv")
print("share of women, matched:", share.round(3).to_dict(), "| evaluate says well matched:", passed)
print("matched persons:", len(matching.matched_data), "| rows of the matched file:", len(file), "| its columns:", list(file.columns))
assert share[0] == share[1] and passed is False
assert len(file) == 300 > len(matching.matched_data) and "OPTUM_LAB_ID" not in file
PY
