#!/usr/bin/env bash
# Package: mpitb 0.2, MPIToolbox: multidimensional poverty (Alkire and Foster), levels and changes over time.
# Expected: the error of a change between two years hangs on the persons of those years; a person who is deprived in enough indicators
#   is poor, whatever the indicator that is missing would have said.
# Seen: the error is divided by the number of persons of all years in the table, so that any year between makes the change of the same two
#   years surer: t = -1.43 by hand, -2.02 with two years, -3.19 with five. A person with one missing indicator counts as not poor.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mpitb==0.2 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import contextlib, io
import numpy as np, pandas as pd
from mpitb.core import MPIToolbox


def year(number, poor):
    return pd.DataFrame({"year": number, "work": [1] * poor + [0] * (100 - poor)}).assign(school=lambda t: t.work, health=0)


toolbox = MPIToolbox()
toolbox.set(name="mpi", dimensions=[(["work"], "work"), (["school"], "school"), (["health"], "health")])
first, last, between = year(2020, 50), year(2024, 40), [year(y, 45) for y in (2021, 2022, 2023)]
t_values = []
for table in (pd.concat([first, last]), pd.concat([first, *between, last])):
    with contextlib.redirect_stdout(io.StringIO()):
        changes = toolbox.est_cot(table, "mpi", "year", klist=[50], cotmeasures=["H"])
    t_values.append(next(row["tval"] for row in changes if row["change_type"] == "total"))
by_hand = (0.4 - 0.5) / np.sqrt(0.5 * 0.5 / 100 + 0.4 * 0.6 / 100)
missing = pd.DataFrame({"work": [1.0, 0.0], "school": [1.0, 0.0], "health": [np.nan, 0.0]})  # the first is poor whatever health is
share = next(row["b"] for row in toolbox.est(missing, "mpi", klist=[50]) if row["measure"] == "H")
print(f"t of the change 2020-2024: two years {t_values[0]:.2f}, five years {t_values[1]:.2f}, by hand {by_hand:.2f} | poor of two persons: {share}")
assert round(by_hand, 2) == -1.43
assert np.allclose(t_values, by_hand * np.sqrt([2, 5]))
assert share == 0
PY
