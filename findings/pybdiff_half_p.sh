#!/usr/bin/env bash
# Package: pybdiff 0.1.0 on pyfixest 0.60.0 ("reproducible coefficient-difference tests"): does a coefficient differ between two groups?
# Expected: three methods, permutation, bootstrap and Wald, that agree on whether it differs; the description calls p_value two-sided.
# Seen: the bootstrap draws each group anew and counts how often the drawn difference exceeds the one found: about half the time, whatever the
#   groups are. A slope of 1 in one group and 11 in the other has p = 0.5. The permutation test gives the smaller tail as the two-sided p, half
#   of what it is: it never exceeds 0.5, and is below 0.05 where it should be below 0.10.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybdiff==0.1.0 pyfixest==0.60.0 pandas==2.3.3 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import numpy as np, pandas as pd
from pybdiff import bdiff

rng = np.random.default_rng(1)

def p_values(gap, persons=300):
    table = pd.DataFrame({"treated": np.repeat([0, 1], persons // 2), "school": rng.normal(size=persons)})
    table["wage"] = 1 + table["school"] * (1 + gap * table["treated"]) + rng.normal(size=persons)
    return {m: float(bdiff(table, "treated", "wage ~ school", method=m, reps=100, verbose=False).loc["school", "p_value"]) for m in ("wald", "permutation", "bootstrap")}

found = {gap: p_values(gap) for gap in (0.0, 0.2, 10.0)}
for gap, by_method in found.items():
    print(f"slopes 1 and {1 + gap:4.1f}:", ", ".join(f"{method} p = {p:.3f}" for method, p in by_method.items()))
assert found[10.0]["wald"] < 1e-6 and found[10.0]["permutation"] < 0.01
assert all(0.3 < by_method["bootstrap"] <= 0.5 for by_method in found.values())
assert all(abs(by_method["permutation"] - by_method["wald"] / 2) < 0.12 for by_method in found.values())
PY
