#!/usr/bin/env bash
# Packages: poverty 7.2 and povertyInequalityMeasures 1.1.1: the Sen index; poverty 7.2: the Sen-Shorrocks-Thon index.
# Expected: both packages follow the World Bank's handbook, where the Sen index has the Gini coefficient among the poor; poverty's own
#   description of the SST index says "the Gini coefficient of the poverty gap ratios". Neither hangs on the incomes of the rich.
# Seen: all three use the Gini coefficient of everybody's income. With the poverty line at 100 and incomes 50, 80, 120 and 200, they
#   rise by 30 to 47 per cent when the richest person's income goes from 200 to 2000 and the poor are as they were.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check poverty==7.2 povertyInequalityMeasures==1.1.1 pandas==2.3.3 numpy==2.3.5 matplotlib==3.10.7 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import poverty, pandas as pd
from povertyInequalityMeasures.poverty import get_sen_index


def indices(incomes):
    table = pd.DataFrame({"income": incomes, "weight": 1.0})
    return [round(float(index), 3) for index in (
        poverty.sen_index(incomes, 100), poverty.sst_index(incomes, 100), get_sen_index(100, table, "income", "weight"))]


def gini(values):
    return sum(abs(a - b) for a in values for b in values) / (2 * len(values) * sum(values))


before, after = indices([50, 80, 120, 200]), indices([50, 80, 120, 2000])
headcount, gaps = 0.5, [0.5, 0.2, 0.0, 0.0]
sen = headcount * gini([50, 80]) + sum(gaps) / 4 * (1 - gini([50, 80]))
sst = headcount * sum(gaps) / 2 * (1 + gini(gaps))
print("Sen and SST index of poverty, Sen index of povertyInequalityMeasures:", before, "| richest ten times richer:", after)
print(f"by hand, both times: Sen {sen:.3f}, SST {sst:.3f}")
assert round(sen, 3) == 0.212 and round(sst, 3) == 0.281
assert before == [0.263, 0.223, 0.272] and after == [0.388, 0.29, 0.39]
PY
