#!/usr/bin/env bash
# Package: weightedstats 0.4.1, median.
# Expected: a function that reckons a median leaves its argument alone; incomes and weights held in two lists stay paired.
# Seen: median sorts the caller's list in place. A weighted mean of the same lists afterwards pairs each weight with another
#   person's income: the number depends on whether the median was asked for first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check weightedstats==0.4.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import weightedstats as ws

income, weight = [500, 100, 300], [1, 8, 1]
before = ws.weighted_mean(income, weight)
ws.median(income)
after = ws.weighted_mean(income, weight)
print("weighted mean before asking for the median:", before, "after:", after, "| the list now:", income)
assert abs(before - 160) < 1e-9 and abs(after - 300) < 1e-9
PY
