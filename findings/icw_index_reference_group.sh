#!/usr/bin/env bash
# Package: icw-index 0.1.0, icw_index(reference_mask=...): a summary index of several outcomes (Anderson 2008).
# Expected: the option's description: the reference group (say, the comparison persons) is the group for the covariance that
#   weighs the outcomes together. The index of the reference group then does not hang on the others.
# Seen: mean and standard deviation come from the reference group, the covariance from everybody, the treated too. When only the
#   treated persons' third outcome changes, the comparison persons' index changes: its correlation with the index made from
#   them alone falls from 1.00 to 0.61. A programme that ties outcomes together chooses the weights it is judged by.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check icw-index==0.1.0 numpy==1.26.4 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from icw import icw_index

rng = np.random.default_rng(1)
common = rng.normal(size=400)
outcomes = np.column_stack([common + rng.normal(size=400), common + rng.normal(size=400), rng.normal(size=400)])
comparison = np.arange(400) >= 200
changed = outcomes.copy()
changed[~comparison, 2] = 3 * outcomes[~comparison, 0]
alone = icw_index([*outcomes[comparison].T])
before, after = (icw_index([*data.T], reference_mask=comparison)[comparison] for data in (outcomes, changed))
agree = [np.corrcoef(alone, index)[0, 1] for index in (before, after)]
print(f"correlation with the index of the comparison persons alone: {agree[0]:.3f}, and {agree[1]:.3f} after the treated changed")
assert abs(after.mean()) < 1e-9 and np.array_equal(outcomes[comparison], changed[comparison])
assert agree[0] > 0.99 and agree[1] < 0.7
PY
