#!/usr/bin/env bash
# Package: pywinsor2 0.4.3 ("equivalent to Stata's winsor2 command functionality"): winsorising within groups.
# Expected: the same persons come back, one column richer; a percentile of a group is the one that Stata reckons (the mean of two neighbours
#   if n times p is a whole number, and else the next value up).
# Seen: with by=, persons whose group is missing are left out of the table that comes back, without a word: their wages leave the mean. The cuts
#   are interpolated as numpy does: of wages 1 to 10, cut at 10 and 90, the ends become 1.9 and 9.1, where Stata's percentiles are 1.5 and 9.5.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pywinsor2==0.4.3 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from pywinsor2 import winsor2

persons = pd.DataFrame({"industry": ["health"] * 3 + ["trade"] * 3 + [None] * 2, "wage": [300.0, 310, 320, 400, 410, 420, 700, 710]})
whole, within = winsor2(persons, "wage", cuts=(10, 90)), winsor2(persons, "wage", cuts=(10, 90), by="industry")
means = [round(float(table["wage"].mean()), 1) for table in (whole, within)]  # of the column as it was
print(f"persons: {len(persons)}, back {len(whole)}, back with by= {len(within)} | their mean wage, uncut: {means[0]} and {means[1]}")

wages = pd.DataFrame({"wage": range(1, 11)})
ends = [float(winsor2(wages, "wage", cuts=(10, 90))["wage_w"].agg(end)) for end in ("min", "max")]
by_hand = [(1 + 2) / 2, (9 + 10) / 2]  # 10 times 0.1 and 10 times 0.9 are whole numbers
print("lowest and highest of 1 to 10 after cuts at 10 and 90:", ends, "| by Stata's formula:", by_hand)
assert len(whole) == len(persons) == 8 and len(within) == 6
assert means == [446.2, 360.0]
assert ends == [1.9, 9.1] and by_hand == [1.5, 9.5]
PY
