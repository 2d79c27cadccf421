#!/usr/bin/env bash
# Packages: pyaxis 0.4.3 (PX files) and pyjstat 2.4.0 (JSON-stat): the two formats of most Nordic statistics banks.
# Expected: categories are told apart by their codes; both formats carry them (PX: CODES; JSON-stat: category.index).
#   Names need not be unique: Norway has had several municipalities of the same name (Våler, Herøy, Sande, Nes, Os, Bø).
# Seen: both give the NAMES by default; pyaxis has no way to ask for the codes in its table. Two municipalities called
#   Våler become rows that nothing tells apart, so a groupby on region adds two places together.
#   (pyjstat: write("dataframe", naming="id") gives codes.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3 numpy==2.4.6 pyaxis==0.4.3 pyjstat==2.4.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
from pyaxis import pyaxis
from pyjstat import pyjstat

px = '''CHARSET="ANSI";
AXIS-VERSION="2006";
MATRIX="employed";
DECIMALS=0;
SUBJECT-AREA="Work";
UNITS="persons";
TITLE="Employed by region and year";
CONTENTS="Employed";
STUB="region";
HEADING="year";
VALUES("region")="Våler","Våler";
VALUES("year")="2018","2019";
CODES("region")="0137","0426";
CODES("year")="2018","2019";
DATA=
10 11
20 21;
'''
open("t.px", "w", encoding="latin-1").write(px)
table = pyaxis.parse("t.px", encoding="latin-1")["DATA"]
cube = {"version": "2.0", "class": "dataset", "id": ["region", "year"], "size": [2, 2],
        "dimension": {"region": {"category": {"index": ["0137", "0426"], "label": {"0137": "Våler", "0426": "Våler"}}},
                      "year": {"category": {"index": ["2018", "2019"], "label": {"2018": "2018", "2019": "2019"}}}},
        "value": [10, 11, 20, 21]}
dataset = pyjstat.Dataset.read(json.dumps(cube))
names, codes = dataset.write("dataframe"), dataset.write("dataframe", naming="id")
print(table, names, codes, sep="\n\n")
assert not {"0137", "0426"} & set(table.astype(str).values.ravel()) and table.duplicated(["region", "year"]).sum() == 2
assert names.groupby("region").value.sum().to_dict() == {"Våler": 62}
assert codes.groupby("region").value.sum().to_dict() == {"0137": 21, "0426": 41}
PY
