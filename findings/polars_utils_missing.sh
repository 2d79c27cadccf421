#!/usr/bin/env bash
# Package: polars-utils 0.1.12 on polars 1.35.2: ranks between 0 and 1 (expr_quantile) and groups by rank (expr_xtile, df_xtile).
# Expected: groups "of roughly equal weight", as Stata's xtile makes them: who has no income belongs to none, and the others share the groups.
# Seen: who has no income counts in what the rank is divided by. With half of the incomes missing the person in the middle has rank 0.25 and
#   nobody is in the upper two quarters. With weights, missing values come first in the sum of weights and last in the ranks: each person gets
#   the sum that belongs to another, one place down for each missing value, and as many of the poorest as are missing get none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars-utils==0.1.12 polars==1.35.2 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import polars as pl
from polars_utils.quantile import df_xtile, expr_quantile

def ranked(persons):
    income = pl.col("income")
    table = persons.with_columns(rank=income.pipe(expr_quantile), weighted=income.pipe(expr_quantile, w="weight"))
    return table.with_columns(df_xtile(persons, ["income"], n=4)["income_bin"].alias("quarter"))

known = pl.DataFrame({"income": [100.0, 200, 300, 400, 500, 600, 700, 800], "weight": [1.0] * 8})
for missing in (0, 2, 8):
    without = pl.DataFrame({"income": [None] * missing, "weight": [1.0] * missing}, schema=known.schema)
    table = ranked(pl.concat([known, without])).drop_nulls("income")
    quarters, ranks, weighted = table["quarter"].to_list(), table["rank"].to_list(), table["weighted"].to_list()
    print(f"missing {missing}: quarters {quarters}, rank of the richest {ranks[-1]:.2f}, weighted ranks {weighted}")
    if missing == 0:
        assert quarters == list("11223344") and ranks == weighted == [(i + 0.5) / 8 for i in range(8)]
    if missing == 2:
        assert weighted == [None, None] + [(i + 0.5) / 8 for i in range(6)]
    if missing == 8:
        assert quarters == list("11112222") and ranks == [(i + 0.5) / 16 for i in range(8)] and weighted == [None] * 8
PY
