#!/usr/bin/env bash
# Package: divintseg 0.7.0 (indices of diversity, integration and segregation): isolation, exposure, bells.
# Expected: a row for each region with that region's index, whatever the order of the rows. The example of the documentation has the regions
#   in order of the alphabet.
# Seen: the regions are named in the order in which they come in the table, the indices put beside them in the order of the alphabet. In
#   any other order each region gets another's index: with Voss before Alta, 0.10 (Alta's) stands at Voss and 0.83 (Voss's) at Alta.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps divintseg==0.7.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from divintseg import bells, exposure, isolation

columns = ["municipality", "office", "refugees", "others"]
alta = [["Alta", "a1", 0, 100], ["Alta", "a2", 10, 90]]
voss = [["Voss", "v1", 100, 0], ["Voss", "v2", 50, 50]]
where = {"by": "municipality", "over": "office"}


def indices(rows):
    table = pd.DataFrame(rows, columns=columns)
    results = [index(table, "refugees", **where).set_index("municipality") for index in (isolation, bells, exposure)]
    return {name: [round(float(result.loc[name].iloc[0]), 3) for result in results] for name in ("Alta", "Voss")}


by_hand = {"Alta": 10 / 10 * 10 / 100, "Voss": 100 / 150 * 100 / 100 + 50 / 150 * 50 / 100}  # the share of refugees where refugees are
sorted_rows, voss_first = indices(alta + voss), indices(voss + alta)
print("isolation, Bell's index and exposure, sorted:", sorted_rows, "| Voss first:", voss_first)
print("isolation by hand:", {name: round(index, 3) for name, index in by_hand.items()})
assert all(abs(sorted_rows[name][0] - index) < 1e-3 for name, index in by_hand.items())
assert voss_first["Voss"][0] == sorted_rows["Alta"][0] and voss_first["Alta"][0] == sorted_rows["Voss"][0]
assert voss_first["Voss"][1:] != sorted_rows["Voss"][1:] and voss_first["Voss"][2] == sorted_rows["Alta"][2]
PY
