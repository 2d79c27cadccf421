#!/usr/bin/env bash
# Package: weightipy 0.4.2 (raking; the successor of quantipy's weighting), weight_dataframe.
# Expected: the weighted shares are the targets; who cannot be raked has no weight, or a warning says so; total=N makes the weights
#   add up to N.
# Seen: (1) persons with a missing value in one of the variables get the weight 1 in silence, and the rest is raked without them.
#   52 women of 400 persons lack an age group: asked for 50 per cent women, the weights give 56.5. (2) With total=1000 the
#   weights add up to 1000, unless the sample already has the target shares: then every weight comes back missing, since
#   weights that are exactly 1 are taken for "none". A check that must be called by hand (validate_scheme_dict) finds the first only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check weightipy==0.4.2 pandas==2.3.3 numpy==1.26.4 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings
import numpy as np, pandas as pd, weightipy

rng = np.random.default_rng(1)
sample = pd.DataFrame({"sex": rng.choice(["m", "f"], 400, p=[0.7, 0.3]), "age": rng.choice(["a", "b", "c"], 400)})
sample.loc[(sample.sex == "f") & (rng.random(400) < 0.5), "age"] = None
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    scheme = weightipy.scheme_from_dict({"sex": {"m": 50, "f": 50}, "age": {"a": 40, "b": 40, "c": 20}})
    weights = weightipy.weight_dataframe(sample, scheme).weights
missing, woman = sample.age.isna(), sample.sex == "f"
share = weights[woman].sum() / weights.sum()
print(f"{missing.sum()} persons lack an age group, their weights {set(weights[missing])}, women {share:.3f} (asked: 0.500), warnings {len(said)}")
half = pd.DataFrame({"sex": ["m"] * 50 + ["f"] * 50})
total = {}
for men in (40, 50):
    scheme = weightipy.scheme_from_dict({"sex": {"m": men, "f": 100 - men}}, rim_params={"total": 1000})
    total[men] = weightipy.weight_dataframe(half, scheme).weights
    print(f"target {men} per cent men: sum of weights {total[men].sum():.0f}, missing {total[men].isna().sum()} of {len(total[men])}")
assert not said and set(weights[missing]) == {1.0} and share > 0.55
assert round(total[40].sum()) == 1000 and total[50].isna().all()
PY
