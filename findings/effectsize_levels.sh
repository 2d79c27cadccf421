#!/usr/bin/env bash
# Package: effectsize 1.0.0 on pandas 1.5.3: standardised differences between two groups, with weights if wanted, to judge balance.
# Expected: the shares of each level of a variable (schooling, say) are set against each other, level by level.
# Seen: the shares are paired by their place. Controls with basic and upper secondary school and treated with upper secondary school and a degree
#   have a difference of 0.00, as if balanced. With weights the list of shares is cut in the middle: where the groups do not have
#   equally many levels, shares of the controls are taken for those of the treated. Without weights that is an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check effectsize==1.0.0 pandas==1.5.3 numpy==1.26.4 scipy==1.11.4 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import effectsize, numpy as np, pandas as pd

def persons(controls, treated):
    rows = [(group, level) for group, counts in ((0, controls), (1, treated)) for level, count in counts.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=["treated", "school"]).assign(weight=1.0)

def by_hand(table):  # the root of d' S^-1 d over all levels but one, shares as the multinomial distribution has them
    shares = pd.crosstab(table["treated"], table["school"], normalize="index").to_numpy()
    spread = sum(np.diag(p) - np.outer(p, p) for p in shares) / 2
    d = (shares[1] - shares[0])[1:]
    return float(np.sqrt(d @ np.linalg.inv(spread[1:, 1:]) @ d))

def found(table, **weights):
    return float(effectsize.compute(data=table, group="treated", categorical=["school"], **weights).iloc[0, 0])

alike = persons({"a": 50, "b": 30, "c": 20}, {"a": 20, "b": 30, "c": 50})
other = persons({"1 basic": 50, "2 upper": 50}, {"2 upper": 50, "3 degree": 50})
fewer = persons({"a": 50, "b": 30, "c": 20}, {"c": 100})
for name, table in (("same levels", alike), ("other levels", other), ("fewer levels", fewer)):
    plain = "an error" if table is fewer else f"{found(table):.2f}"
    print(f"{name}: without weights {plain}, with weights of 1 {found(table, weights='weight'):.2f}, by hand {by_hand(table):.2f}")
assert np.isclose(found(alike), by_hand(alike), atol=0.01) and np.isclose(found(alike, weights="weight"), by_hand(alike), atol=0.01)
assert found(other) == found(other, weights="weight") == 0 and by_hand(other) > 1.5
cut = persons({"a": 50, "b": 30}, {"a": 20, "b": 100})  # the four shares, cut in the middle
assert np.isclose(found(fewer, weights="weight"), by_hand(cut), atol=0.01) and by_hand(fewer) > 1.5
try:
    found(fewer)
except ValueError as error:
    print("error:", error)
else:
    raise SystemExit("no error without weights")
PY
