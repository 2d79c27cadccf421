#!/usr/bin/env bash
# Package: pyjstat 2.4.0.
# Expected: a data frame is a set of labelled rows; written to JSON-stat and read back, each region and year keeps its
#   number whatever the order of the rows (JSON-stat 2.0: values stand in row-major order of the dimensions).
# Seen: the writer puts the values down in the order of the rows and the categories in order of first appearance. If the
#   rows are not a full cube sorted by its dimensions, numbers move to other cells: no error, no warning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3 numpy==2.4.6 pyjstat==2.4.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from pyjstat import pyjstat

frame = pd.DataFrame({"region": ["B", "B", "A", "A"], "year": ["2021", "2020", "2020", "2021"], "value": [4, 3, 1, 2]})
back = pyjstat.Dataset.read(pyjstat.Dataset.read(frame).write()).write("dataframe")
before = frame.set_index(["region", "year"]).value.sort_index()
after = back.set_index(["region", "year"]).value.sort_index()
print(pd.DataFrame({"written": before, "read back": after}))
assert before.to_dict() == {("A", "2020"): 1, ("A", "2021"): 2, ("B", "2020"): 3, ("B", "2021"): 4}
assert after[("A", "2020")] == 2 and after[("A", "2021")] == 1
PY
