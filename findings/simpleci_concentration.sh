#!/usr/bin/env bash
# Package: simpleci-nfarrokhian 0.2.5 ("generates concentration curves from ordered data and calculates concentration indices (ACI and RCI)").
# Expected: a concentration index tells by its sign who has the thing: below 0 if it is gathered among the poor, above 0 among the rich. The
#   absolute index is the relative one times the rate of the whole population.
# Seen: the index is an area without sign: sick leave gathered among the poor and sick leave gathered among the rich both have 0.25. The
#   absolute index takes the plain mean of the groups' rates, however large the groups: 0.034 for 0.046 in the example.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check simpleci-nfarrokhian==0.2.5 pandas==2.3.3 numpy==2.3.5 matplotlib==3.10.7 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
MPLBACKEND=agg "$work/venv/bin/python" - <<'PY'
import numpy as np
from simpleci.simpleci import ACI, RCI

def by_hand(persons, cases):  # twice the covariance of rate and rank, by the rate of all; groups from poor to rich
    share, rate = persons / persons.sum(), cases / persons
    rank, mean = np.cumsum(share) - share / 2, cases.sum() / persons.sum()
    return 2 * np.sum(share * (rate - mean) * (rank - 0.5)) / mean

persons, poor = np.array([100.0, 100, 100, 100]), np.array([40.0, 30, 20, 10])
for who, cases in (("poor", poor), ("rich", poor[::-1])):
    print(f"cases among the {who}: RCI {RCI(persons, cases):.2f}, by hand {by_hand(persons, cases):.2f}")
assert np.isclose(RCI(persons, poor), 0.25) and np.isclose(RCI(persons, poor[::-1]), 0.25)
assert np.isclose(by_hand(persons, poor), -0.25) and np.isclose(by_hand(persons, poor[::-1]), 0.25)

persons, cases = np.array([100.0, 100, 100, 700]), np.array([10.0, 20, 30, 280])
absolute, relative = ACI(persons, cases, cases / persons), RCI(persons, cases)
right = by_hand(persons, cases) * cases.sum() / persons.sum()
print(f"groups of 100 and 700: ACI {absolute:.4f}, by hand {right:.4f}; RCI {relative:.4f}, by hand {by_hand(persons, cases):.4f}")
assert np.isclose(relative, by_hand(persons, cases))
assert np.isclose(absolute, relative * (cases / persons).mean()) and not np.isclose(absolute, right)
PY
