#!/usr/bin/env bash
# Package: suda 0.2.2, suda: disclosure risk of persons who are unique in a sample (Elliot and others).
# Expected: dis-suda shares the file's risk (0.1) out by the persons' scores, and sums to it; a score adds the minimal unique sets of
#   a person, (attributes - size)! for each. A set that contains a smaller unique set is not minimal.
# Seen: dis-suda is 0 for everybody, the unique persons too: the column that says who gets a share was itself set to 0 before. And
#   sets that are not minimal are counted: the person with a schooling and a job of her own scores 22, not 3! + 3! = 12.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check suda==0.2.2 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings
import pandas as pd
from suda import suda

warnings.simplefilter("ignore")  # pandas: observed
persons = pd.DataFrame({
    "sex": list("ffffmm"), "place": ["town"] * 6,
    "school": ["primary", "upper", "upper", "lower", "lower", "lower"], "work": ["none", "job", "job", "job", "job", "job"]})
unique_on = [column for column in persons if persons[column].value_counts()[persons[column][0]] == 1]
scored = suda(persons.copy(), max_msu=2, dis=0.1)
print(scored[["sex", "place", "school", "work", "fK", "suda", "dis-suda"]].to_string())
assert unique_on == ["school", "work"] and scored.fK[0] == 1
assert scored.suda[0] == 2 * 6 + 5 * 2
assert scored["dis-suda"].sum() == 0
PY
