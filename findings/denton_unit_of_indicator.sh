#!/usr/bin/env bash
# Package: denton 0.0.2: years spread over quarters by the proportional Denton procedure (its example is a table of the IMF's manual).
# Expected: only the movement of the indicator counts, since the procedure works on the ratio of series to indicator: with the indicator in
#   kroner the quarters are the same as with it in millions.
# Seen: the equations are solved by a pseudo-inverse that drops small terms, and those shrink with the square of the indicator. With the
#   indicator of the example, about 100, the quarters are right. With the same indicator a million times as large each year is four equal
#   quarters, with a jump at New Year, and at a hundred thousand times they saw up and down. They add up to the years all the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check denton==0.0.2 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import denton, numpy as np

indicator = np.array([99.4, 99.6, 100.1, 100.9, 101.7, 102.2, 102.9, 103.8, 104.9, 106.3, 107.3, 107.8, 107.9, 107.5, 107.2, 107.5])
years = np.array([1000, 1040, 1060.8, 1064.9])

def by_hand(indicator, years):  # the ratio of series to indicator as even as the years allow, solved in ratios
    shape = indicator / indicator.mean()
    quarters, smooth = len(shape), np.diff(np.eye(len(shape)), axis=0)
    adds_up = np.kron(np.eye(len(years)), np.ones(4)) * shape
    equations = np.block([[2 * smooth.T @ smooth, adds_up.T], [adds_up, np.zeros((len(years), len(years)))]])
    return shape * np.linalg.solve(equations, np.r_[np.zeros(quarters), years])[:quarters]

right = by_hand(indicator, years)
found = {unit: denton.proportional_method(indicator * unit, years).ravel() / 4 for unit in (1, 1e5, 1e6)}
for unit, quarters in found.items():
    print(f"indicator times {unit:9.0f}: first two years {quarters[:8].round(1)}, off by up to {abs(quarters - right).max():.1f}")
assert np.allclose(found[1], right) and np.allclose(by_hand(indicator * 1e6, years), right)
assert abs(found[1e5] - right).max() > 1
assert np.allclose(found[1e6], np.repeat(years / 4, 4), atol=0.01) and abs(found[1e6] - right).max() > 3
assert all(np.allclose(quarters.reshape(4, 4).sum(axis=1), years) for quarters in found.values())
PY
