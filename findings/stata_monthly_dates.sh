#!/usr/bin/env bash
# Packages: polars-readstat 0.25.0, pyreadstat 1.3.7 (with pandas 2.3.3 as the writer and the judge).
# Expected: Stata's %tm, %tq, %th and %ty columns count months, quarters, half-years and years, not days
#   (Stata manual, "Datetime": January 1960 is %tm 0). A reader gives the calendar date, as pandas does, or the number.
# Seen: polars-readstat gives a proper Date column in which every period was taken for a DAY since 1 January 1960:
#   January 2015 (%tm 660) becomes 22 October 1961. No warning. pyreadstat leaves %tm as the bare number 660.0,
#   although it turns %td into dates.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3 numpy==2.4.6 pyreadstat==1.3.7 polars==2.1.0 polars-readstat==0.25.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd, polars_readstat, pyreadstat

frame = pd.DataFrame({"person": [1, 2], "month": pd.to_datetime(["2015-01-01", "2015-02-01"]),
                      "quarter": pd.to_datetime(["2015-01-01", "2015-04-01"]), "day": pd.to_datetime(["2015-01-01", "2015-02-01"])})
frame.to_stata("spells.dta", convert_dates={"month": "tm", "quarter": "tq", "day": "td"}, write_index=False)
judge = pd.read_stata("spells.dta")
one = polars_readstat.scan_readstat("spells.dta").collect()
two, _ = pyreadstat.read_dta("spells.dta")
print("pandas         ", judge.loc[0].astype(str).tolist())
print("polars-readstat", [str(v) for v in one.row(0)])
print("pyreadstat     ", [str(v) for v in two.loc[0]])
assert judge.month[0] == pd.Timestamp("2015-01-01")
assert str(one["day"][0]) == "2015-01-01" and str(one["month"][0]) == "1961-10-22" and str(one["quarter"][0]) == "1960-08-08"
assert str(two.day[0]) == "2015-01-01" and two.month[0] == 660
PY
