#!/usr/bin/env bash
# Package: reghdfe 0.1.1 ("Python implementation of Stata's reghdfe").
# Expected: the same regression as with dummies, which is what absorbing means: without absorbed effects a constant, as in Stata; with weights
#   the weighted one; robust standard errors that count the absorbed persons, as Stata and dummies do.
# Seen: without fixed effects there is no constant: the mean wage becomes the effect, 310 where the difference is 10. With weights and persons' fixed
#   effects it is 58.8 where weighted dummies have 11.9. With two years a person the robust error is 0.7 of what it is, 0.64 for 0.92.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check reghdfe==0.1.1 pyhdfe==0.2.1 tabulate==0.9.0 statsmodels==0.14.6 pandas==2.3.3 numpy==2.2.6 scipy==1.13.1 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np, pandas as pd, statsmodels.formula.api as smf
from reghdfe import reghdfe

persons = np.arange(20)
panel = pd.DataFrame({"person": np.repeat(persons, 2), "course": np.tile([0, 1], 20)})
panel["wage"] = 300 + 10 * panel.course + np.repeat(np.tile([-5.0, 5.0], 10), 2) + panel.course * np.repeat(np.tile([-4.0, -4, 4, 4], 5), 2)
panel["weight"] = np.repeat(np.tile([1.0, 1, 3, 3], 5), 2) + panel.course * np.repeat(np.tile([1.0, 0, 0, 2], 5), 2)
cases = {
    "no fixed effects": ({}, smf.ols("wage ~ course", panel)),
    "persons": ({"fe": "person"}, smf.ols("wage ~ course + C(person)", panel)),
    "persons, weighted": ({"fe": "person", "weights": "weight"}, smf.wls("wage ~ course + C(person)", panel, weights=panel.weight)),
}
found = {}
for name, (options, dummies) in cases.items():
    fit, other = reghdfe(panel, y="wage", x="course", **options), dummies.fit(cov_type="HC1")
    found[name] = [float(number) for number in (fit.params["course"], other.params["course"], fit.bse["course"], other.bse["course"])]
    print("{}: effect {:.2f}, with dummies {:.2f}; robust error {:.3f}, with dummies {:.3f}".format(name, *found[name]))
assert np.allclose(found["no fixed effects"][:2], [310, 10]) and np.allclose(found["persons"][:2], 10)
assert np.isclose(found["persons"][2] / found["persons"][3], np.sqrt((40 - 21) / (40 - 1)))  # 21 of 40 are estimated, 1 is counted
assert np.allclose(found["persons, weighted"][:2], [58.78, 11.94], atol=0.01)
PY
