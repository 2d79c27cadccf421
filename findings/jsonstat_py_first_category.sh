#!/usr/bin/env bash
# Package: jsonstat.py 0.1.14 ("Library for reading JSON-stat format data"), with a table that pyjstat 2.4.0 reads too.
# Expected: value(region="0301") needs a category of each dimension, as the description lets only dimensions of size one be left out; the values
#   of a table may be listed with their place, {"5": 12}, which JSON-stat has for tables with many empty cells.
# Seen: a dimension left out is read as its first category, without a word: the number for Oslo is that of men in 2022. From a table whose
#   values are listed with their place no value can be had (KeyError), though it is read without complaint.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
# it asks for versions of its time: the packages it needs are named here
"$work/venv/bin/pip" install --quiet --disable-pip-version-check terminaltables==3.1.10 jsonschema==4.25.1 requests==2.32.5 click==8.3.0 pyjstat==2.4.0 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps jsonstat.py==0.1.14 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import json, jsonstat
from pyjstat import pyjstat

table = {"version": "2.0", "class": "dataset", "label": "Persons in work", "id": ["region", "sex", "year"], "size": [2, 2, 2],
         "dimension": {"region": {"label": "region", "category": {"index": ["0301", "1103"], "label": {"0301": "Oslo", "1103": "Stavanger"}}},
                       "sex": {"label": "sex", "category": {"index": ["1", "2"], "label": {"1": "men", "2": "women"}}},
                       "year": {"label": "year", "category": {"index": ["2022", "2023"], "label": {"2022": "2022", "2023": "2023"}}}},
         "value": [10, 11, 20, 21, 30, 31, 40, 41]}
full = jsonstat.from_string(json.dumps(table))
for asked in ({"region": "0301"}, {"region": "0301", "sex": "2"}, {"year": "2023"}):
    rest = {"region": "0301", "sex": "1", "year": "2022"} | asked
    print(asked, "->", full.value(**asked), "| as", rest, "->", full.value(**rest))
    assert full.value(**asked) == full.value(**rest)
assert full.value(region="0301") == 10 and full.value(region="0301", sex="2", year="2023") == 21

table["value"] = {str(place): number for place, number in enumerate(table["value"])}
listed = jsonstat.from_string(json.dumps(table))
try:
    listed.value(region="0301", sex="2", year="2023")
except KeyError as error:
    print("listed with their place: KeyError", error, "| pyjstat reads", pyjstat.Dataset.read(json.dumps(table)).write("dataframe")["value"].tolist())
else:
    raise SystemExit("values listed with their place are read now")
PY
