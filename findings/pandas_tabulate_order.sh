#!/usr/bin/env bash
# Package: pandas-tabulate 0.1.0: "Equivalent to Stata's: tabulate".
# Expected: sort_values=True, the default, is described as "Sort output by variable values", so that the cumulative per cent at a level is
#   the share at that level or below; Cramer's V is the root of chi-square over n, 1 if one variable decides the other (Stata has no continuity
#   correction).
# Seen: rows are sorted by how many persons they hold, and the cumulative column adds up in that order: 100 per cent are said to have level 1 of
#   schooling, the lowest, where 20 have. Chi-square is Yates's, corrected for continuity, in tables of two by two: V is 0.9 where it is 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas-tabulate==0.1.0 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from pandas_tabulate import tabulate

schooling = pd.Series([1] * 2 + [2] * 5 + [3] * 3)
table = tabulate(schooling, percent=True, cumulative=True)
print(table)
cumulative = {int(level): float(share) for level, share in table.data["cumulative_pct"].items()}
by_hand = {level: 100 * float((schooling <= level).mean()) for level in (1, 2, 3)}
print("at the level or below, by hand:", by_hand)

person = pd.DataFrame({"group": ["course"] * 10 + ["none"] * 10, "job": ["yes"] * 10 + ["no"] * 10})
statistics = tabulate(person["group"], person["job"], chi2=True, cramers_v=True).data["statistics"]
chi2, v = float(statistics["chi2"]["statistic"]), float(statistics["cramers_v"]["value"])
chi2_by_hand = sum((count - 5) ** 2 / 5 for count in (10, 0, 0, 10))
print(f"all with the course have a job, nobody else: chi-square {chi2}, V {v} | by hand {chi2_by_hand}, {(chi2_by_hand / 20) ** 0.5}")
assert by_hand == {1: 20, 2: 70, 3: 100}
assert cumulative == {2: 50, 3: 80, 1: 100} and list(cumulative) == [2, 3, 1]
assert chi2_by_hand == 20 and chi2 == 16.2 and v == 0.9
PY
