#!/usr/bin/env bash
# Package: pram 0.2.0, pram: post-randomisation of categories before data leave the office.
# Expected: m is the minimum diagonal value, "the minimum probability that a data point remains unchanged".
# Seen: columns are scaled to 1 after the minimum is put in, which takes it down again. With m = 0.9 and two categories of equal size, 0.9
#   becomes 0.9 / (0.9 + 0.5) = 0.64: 36 per cent of the persons change, where at most 10 were asked for.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pram==0.2.0 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings
import numpy as np, pandas as pd
from pram import pram

warnings.simplefilter("ignore")  # pandas: applymap
persons = pd.DataFrame({"in_work": ["yes", "no"] * 2000})
np.random.seed(1)
kept = (pram(persons, m=0.9, alpha=1).in_work == persons.in_work).mean()
print(f"asked to stay: at least 0.90; stayed: {kept:.3f}; 0.9 / 1.4 = {0.9 / 1.4:.3f}")
assert abs(kept - 0.9 / 1.4) < 0.03
PY
