#!/usr/bin/env bash
# Package: propensio 1.0.6, PropensityScoreMatch: propensity score matching.
# Expected: ATT, ATE and ATC are the effects on the treated, on everybody and on the others, which differ where who is treated gains more.
# Seen: all three are one coefficient of a regression among the matched persons, so that they are equal to the last digits whatever the
#   data: 3.2 each, where by construction those treated gain 3.3, everybody 2.1 and the others 1.5. Extending the programme to the others
#   looks more than twice as good as it is. Scores are put into the caller's own frame.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check propensio==1.0.6 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd
from propensio.matching import PropensityScoreMatch

rng = np.random.default_rng(2)
age = rng.uniform(20, 60, 4000)
treated = (rng.uniform(size=4000) < 1 / (1 + np.exp(-(age - 45) / 6))).astype(int)
gain = np.where(age > 45, 4.0, 1.0)  # those treated are mostly above 45
persons = pd.DataFrame({"age": age, "treated": treated, "income": 20 + 0.1 * age + gain * treated + rng.normal(0, 0.5, 4000)})
found = PropensityScoreMatch(persons, ["age"], "treated", "income")
truth = [gain[treated == 1].mean(), gain.mean(), gain[treated == 0].mean()]
print("ATT, ATE, ATC:", np.round([found.ATT, found.ATE, found.ATC], 6), "by construction:", np.round(truth, 2))
assert np.allclose([found.ATE, found.ATC], found.ATT, rtol=1e-9)
assert round(found.ATC, 1) == 3.2 and np.round(truth, 1).tolist() == [3.3, 2.1, 1.5]
assert "proba" in persons
PY
