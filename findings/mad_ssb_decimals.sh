#!/usr/bin/env bash
# Package: mad-ssb 0.1.2, read_ssb: tables exported from Statistics Norway.
# Expected: dtype="float" is, in the package's words, for "when the table contains decimals".
# Seen: decimals are cut before the option is looked at: 3.9 per cent unemployed becomes 3.0, and 0.8 becomes 0.0, the number that
#   the package gives to missing values.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mad-ssb==0.1.2 pandas==3.1.1 openpyxl==3.1.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from mad_ssb import read_ssb

rate = [3.9, 0.8, 2.6, 4.2, 3.1, 2.9, 5.5, 1.7, 2.2, 3.4, 4.8, 2.1]
head = [["99999: Unemployed (per cent)", None, None], [None] * 3, [None, None, "2024"]]
rows = [["Unemployed (per cent)" if i == 0 else None, f"99{i:02d} Town{i}", value] for i, value in enumerate(rate)]
pd.DataFrame(head + rows + [[None] * 3, ["Source: invented", None, None]]).to_excel("table.xlsx", header=False, index=False)
read = read_ssb("table.xlsx", non_year_col_names=["municipality"], dtype="float").outcome.tolist()
print("per cent:", rate)
print("read:    ", read)
assert read == [float(int(value)) for value in rate] and read[:2] == [3.0, 0.0]
PY
