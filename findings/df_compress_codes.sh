#!/usr/bin/env bash
# Package: df-compress 0.7.0: "akin to Stata's compress command", which never changes a value.
# Expected: a frame takes less memory and holds what it held.
# Seen: by default text that can be read as numbers becomes numbers: municipality 0301 becomes 301. So does a column of which 99.9 per
#   cent can be read so, and the rest become missing values without a word: one AFL among 1,200 codes is gone. Numbers nearer than
#   1e-8 to a whole number below become that number. The caller's own frame is changed as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check df-compress==0.7.0 pandas==2.3.3 numpy==2.3.5 "dask==2025.11.0" "distributed==2025.11.0" 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from df_compress import compress

persons = pd.DataFrame({"municipality": ["0301", "1103"] * 600, "measure": ["100"] * 1199 + ["AFL"], "factor": [1.000000009, 2.0] * 600})
smaller = compress(persons)
print(smaller.dtypes.to_string())
print(f"municipality {smaller.municipality[0]}, measures missing {smaller.measure.isna().sum()}, factor {smaller.factor[0]}")
assert smaller.municipality.tolist()[:2] == [301, 1103]
assert smaller.measure.isna().sum() == 1 and smaller.measure[0] == 100
assert smaller.factor[0] == 1 and smaller is persons
PY
