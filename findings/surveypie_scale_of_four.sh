#!/usr/bin/env bash
# Package: surveypie 0.0.1 ("Polarization indices in Python" for answers on a scale): Apouey's index and that of Abul Naga and Yalcin.
# Expected: both lie between 0 (all give the same answer) and 1 (half at either end). Apouey's is for 3 to 10 answers, with an exponent for
#   each number of answers such that an even spread has 0.5; the text of the other says that it is largest with half at either end.
# Seen: for a scale of four answers Apouey's exponent is -0.2, not 0.42 (a bracket is misplaced): an ordinary spread has -0.33 for 0.42, and
#   minus infinity if half answer 1 or 2. The other index has half of its value with half at either end, 0.5 or, for four answers, 0.43.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check surveypie==0.0.1 pandas==2.3.3 numpy==1.26.4 scipy==1.13.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import numpy as np
from surveypie.abul_naga_yalcin_index import any_index
from surveypie.apouey_index import get_apouey_index

for answers in (3, 4, 5, 6):
    scale = list(range(1, answers + 1))
    ends, even, same = [1] * 50 + [answers] * 50, scale * 20, [2] * 100
    apouey = [float(get_apouey_index(scale, given)) for given in (ends, even, same)]
    other = [float(any_index(scale, given).index) for given in (ends, even, same)]
    print(f"{answers} answers: half at either end, even, all the same: Apouey {np.round(apouey, 2)}, Abul Naga and Yalcin {np.round(other, 2)}")
    assert (apouey[0] == -np.inf) if answers == 4 else np.allclose(apouey, [1, 0.5, 0], atol=0.01)
    assert np.isclose(other[0], {3: 1 / 2, 4: 3 / 7, 5: 1 / 2, 6: 5 / 11}[answers])

given, exponent = np.array([30, 25, 15, 30]), np.log(4 / 3) / np.log(2)  # an even spread over four answers has 0.5
share_up_to = given.cumsum()[:-1] / given.sum()
by_hand = 1 - 2**exponent / 3 * np.sum(abs(share_up_to - 0.5) ** exponent)
found = float(get_apouey_index([1, 2, 3, 4], list(np.repeat([1, 2, 3, 4], given))))
print(f"30, 25, 15 and 30 per cent: {found:.2f}, by hand {by_hand:.2f}")
assert np.isclose(found, -0.33, atol=0.01) and np.isclose(by_hand, 0.42, atol=0.01)
PY
