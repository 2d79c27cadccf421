#!/usr/bin/env bash
# Package: permuted-brunnermunzel 0.1.0 ("a Python reimplementation of the R package brunnermunzel", for groups of 7 to 10 persons).
# Expected: the estimate is the chance that a person of the second group has more than one of the first, and the p-value comes from all ways of
#   dividing the persons: neither hangs on the order in which the persons are listed.
# Seen: where ranks are needed the order that would sort the list is taken (argsort once, and not twice). The same two groups have estimates
#   from 0.47 to 0.65 where it is 0.86, and p-values from 0.08 to 0.55 where it is 0.02, by how the persons are listed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check permuted-brunnermunzel==0.1.0 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import random
import numpy as np
from permuted_brunnermunzel import permuted_brunnermunzel
from scipy.stats import brunnermunzel, permutation_test

without, trained = [1.0, 3.0, 2.0, 5.0, 8.0, 4.0, 7.0], [6.0, 9.0, 12.0, 10.0, 11.0, 13.0, 2.5]  # months in work, no two alike
chance = np.mean([[later > earlier for later in trained] for earlier in without])
exact = permutation_test((without, trained), lambda a, b: brunnermunzel(a, b).statistic, n_resamples=np.inf).pvalue
print(f"by hand: chance {chance:.2f}, p {exact:.3f} over all divisions")
shuffle, found = random.Random(1), []
for _ in range(6):
    shuffle.shuffle(without)
    shuffle.shuffle(trained)
    found.append(permuted_brunnermunzel(list(without), list(trained)))
    print("estimate {:.2f}, p {:.3f}".format(*found[-1]), "| in the order", without, trained)
estimates, p_values = np.array(found).T
assert np.isclose(chance, 42 / 49) and exact < 0.03
assert np.ptp(estimates) > 0.1 and estimates.max() < 0.7
assert np.ptp(p_values) > 0.4 and p_values.min() > 0.03
PY
