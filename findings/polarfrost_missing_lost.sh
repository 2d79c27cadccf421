#!/usr/bin/env bash
# Package: polarfrost 0.2.1 on polars 1.30.0 (with pyspark 4.0.1, which it needs and does not declare): k-anonymity by Mondrian's partitions.
# Expected: every person is in one of the groups of at least k that come out, those whose age is not known too.
# Seen: a split keeps who is at most, and who is above, the median; a missing value is neither, so that its person leaves the table without a
#   word. Of 48 persons of whom 4 have no age 44 are left, all groups being large enough either way.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polarfrost==0.2.1 polars==1.30.0 pandas==2.3.3 numpy==2.3.5 pyspark==4.0.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import polars as pl
from polarfrost import mondrian_k_anonymity

ages = [30, 31, 32, 33, None, 35, 36, 37, 38, 39, 40, 41] * 4
persons = pl.DataFrame({"age": ages, "benefit": ["aap", "dagpenger"] * 24})
groups = mondrian_k_anonymity(persons, ["age"], "benefit", k=3)
left = groups["count"].sum()
print(f"{persons.height} persons, {persons['age'].null_count()} without an age; {left} in {groups.height} groups of at least {groups['count'].min()}")
assert persons.height == 48 and left == 44 and groups["count"].min() >= 3
PY
