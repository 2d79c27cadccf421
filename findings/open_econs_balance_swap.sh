#!/usr/bin/env bash
# Package: open-econs 1.4.3: balance, the table of means of treated and controls before or after matching.
# Expected: "Treated Mean" is the mean of those with treatment 1. The description: the difference is "always computed as Treated Mean - Control
#   Mean"; a positive one means that the treated have the larger mean.
# Seen: the treated are those whose code comes second in the rows. If the first row is a treated person, all that is said of the treated is the
#   controls', and each difference has the wrong sign: those with a course earn 410 and the others 310, and -100 is printed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check open-econs==1.4.3 pyfixest==0.60.0 arch==8.0.0 linearmodels==7.0 formulaic==1.2.2 jinja2==3.1.6 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
import open_econs

persons = pd.DataFrame({"course": [0, 0, 0, 1, 1, 1], "wage": [300.0, 310, 320, 400, 410, 420]})
found = []
for order in (persons, persons.sort_values("course", ascending=False)):
    row = open_econs.balance(order, treatment="course").set_index("Variable").loc["wage"]
    found.append([float(row[name]) for name in ("Treated Mean", "Control Mean", "Difference")])
by_hand = [float(persons.loc[persons.course == code, "wage"].mean()) for code in (1, 0)]
print("mean of treated, of controls, difference: controls first", found[0], "| treated first", found[1], "| by hand", by_hand)
assert by_hand == [410, 310]
assert found == [[410, 310, 100], [310, 410, -100]]
PY
