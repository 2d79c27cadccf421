#!/usr/bin/env bash
# Package: cem 1.1.0 (coarsened exact matching), cem.match.match.
# Expected: "The weight to use for each observation of the provided data": one weight per row, in the rows' order (the method:
#   Iacus, King and Porro 2012).
# Seen: the weights come back sorted by index label, so putting them beside the rows by position gives them to other persons
#   whenever the index is not sorted (after a shuffle, a sort by date, a merge). With labels that repeat, as when the index is
#   the person and there are several spells, more weights come back than there are rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cem==1.1.0 pandas==2.3.3 numpy==1.26.4 scikit-learn==1.5.2 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from cem.match import match

data = pd.DataFrame({"treated": [1, 1, 0, 0, 0, 0, 1, 0], "school": list("aaaaabbc")})
usual = match(data, "treated")
turned = data.iloc[::-1]
weights = match(turned, "treated")
repeated = data.set_axis([5, 5, 1, 2, 3, 4, 0, 9])
print(pd.DataFrame({"school": turned.school, "treated": turned.treated, "by label": weights.reindex(turned.index), "by position": weights.to_numpy()}))
print("rows:", len(repeated), "weights with a repeated label:", len(match(repeated, "treated")))
assert weights.index.tolist() == sorted(turned.index) != turned.index.tolist()
assert usual[7] == 0 and turned.school.iloc[0] == "c" and weights.iloc[0] > 0
assert len(match(repeated, "treated")) > len(repeated)
PY
