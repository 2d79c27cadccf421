#!/usr/bin/env bash
# Package: pycausal-inference 0.1.0, calculate_ate_pvalue: difference in means of a randomised programme, with a two-sided p-value.
# Expected: a p-value between 0 and 1 that does not change if the groups change names.
# Seen: twice the upper tail, whatever the sign: for every negative effect p is over 1. A programme that shortens unemployment by two months,
#   with t = -3.9, has p = 1.9999, and so is never found significant; with the groups' names changed p is 0.0001.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pycausal-inference==0.1.0 lightgbm==4.6.0 patsy==1.0.2 packaging==25.0 scikit-learn==1.7.2 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import math
import pandas as pd
from pycausal_inference.rct import calculate_ate_pvalue

months = pd.DataFrame({"T": [1] * 8 + [0] * 8, "Y": [4.0, 5, 6, 7, 4, 5, 6, 5, 6, 7, 8, 9, 6, 7, 8, 7]})
found = []
for table in (months, months.assign(T=1 - months["T"])):
    effect, t, p = (float(number) for number in calculate_ate_pvalue(table))
    by_hand = math.erfc(abs(t) / math.sqrt(2))
    print(f"effect {effect:+.2f} months, t {t:.2f}, p {p:.4f}, by hand {by_hand:.4f}")
    found.append((effect, round(p, 4), round(by_hand, 4)))
(shorter, p_shorter, hand), (longer, p_longer, hand_again) = found
assert shorter == -longer == -2 and hand == hand_again == p_longer == 0.0001
assert p_shorter == 1.9999
PY
