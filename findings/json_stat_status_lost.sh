#!/usr/bin/env bash
# Package: pyjstat 2.4.0.
# Expected: JSON-stat's "status" says why a cell is empty (statistics banks use ":" for numbers withheld to protect
#   persons and "." for cells that cannot exist), so that a reader can keep "hidden" apart from "nobody".
# Seen: the data frame has value and dimensions only; both become the same NaN, and the frame written back to JSON-stat has no
#   status at all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3 numpy==2.4.6 pyjstat==2.4.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
from pyjstat import pyjstat

cube = {"version": "2.0", "class": "dataset", "id": ["region"], "size": [3],
        "dimension": {"region": {"category": {"index": ["a", "b", "c"], "label": {"a": "a", "b": "b", "c": "c"}}}},
        "value": [10, None, None], "status": {"1": ":", "2": "."}}
frame = pyjstat.Dataset.read(json.dumps(cube)).write("dataframe")
again = json.loads(pyjstat.Dataset.read(frame).write())
print(frame)
print("status in the file:", cube["status"], "| after a round trip:", again.get("status"))
assert list(frame.columns) == ["region", "value"] and frame.value.isna().sum() == 2 and "status" not in again
PY
