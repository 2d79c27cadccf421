#!/usr/bin/env bash
# Package: pypowerup 0.1.0 (PowerUp!, Dong and Maynard 2013): sample_size, power, effect_size.
# Expected: the sample size for 80 per cent power has 80 per cent power, if the same is said to both functions.
# Seen: what is not said is not the same. sample_size takes the share of the variance between offices as 0, the other two as 0.1. To draw lots
#   among offices of 20 persons (design cra2_2r) and find an effect of 0.4, 12 offices are asked for; their power, by the same package, is
#   35 per cent. In the designs of a cut-off (rd...) nothing said of the design effect means 0: an effect of 0 is found for certain.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pypowerup==0.1.0 innerscope==0.8.0 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from pypowerup import effect_size, power, sample_size

offices = sample_size("cra2_2r", es=0.4, n=20)
same_words = float(power("cra2_2r", es=0.4, n=20, J=offices))
counts = {rho: sample_size("cra2_2r", es=0.4, n=20, rho2=rho) for rho in (0, 0.1)}
said = {rho: (count, round(float(power("cra2_2r", es=0.4, n=20, J=count, rho2=rho)), 2)) for rho, count in counts.items()}
print(f"offices for 80 per cent power: {offices}, their power: {same_words:.2f} | offices and power by the share said:", said)
with np.errstate(divide="ignore"):
    cut_off = {design: (float(effect_size(design, n=20, J=20, K=10)), float(power(design, es=0.01, n=20, J=20, K=10))) for design in ("rd2_1f", "rdc_2r")}
print("cut-off designs: smallest effect found, power for an effect of 0.01:", cut_off)
assert offices == said[0][0] == 12 and round(same_words, 2) == 0.35
assert all(abs(achieved - 0.8) < 0.03 for _, achieved in said.values())
assert all(found == (0, 1) for found in cut_off.values())
PY
