#!/usr/bin/env bash
# Packages: numpy-financial 1.0.0, pyxirr 0.10.8, bond-pricing 1.0.1: three functions called npv.
# Expected: the same rate and the same list of yearly flows give one net present value.
# Seen: numpy-financial and pyxirr put the first flow at time 0; bond-pricing puts it at time 1, as spreadsheets do. The two differ
#   by the factor 1 + rate, so a project at 4 per cent looks 4 per cent better or worse; the signs agree, which hides it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy-financial==1.0.0 pyxirr==0.10.8 bond-pricing==1.0.1 numpy==1.26.4 scipy==1.13.1 pandas==2.3.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy_financial, pyxirr, bond_pricing

flows = [-100, 50, 50, 50]
got = {"numpy-financial": numpy_financial.npv(0.04, flows), "pyxirr": pyxirr.npv(0.04, flows), "bond-pricing": bond_pricing.npv(flows, rate=0.04)}
print(got)
assert abs(got["numpy-financial"] - got["pyxirr"]) < 1e-9
assert abs(got["numpy-financial"] / got["bond-pricing"] - 1.04) < 1e-9
PY
