#!/usr/bin/env bash
# Package: pyrifreg 0.1.1, RIFRegression: what moves a person's place in the distribution does to a quantile or to the Gini coefficient.
# Expected: predict(X) gives a value for each row of X ("samples to predict for"); with statistic="gini" the mean of what is regressed is the Gini
#   coefficient and its coefficients are small changes in the Gini (Firpo, Fortin and Lemieux 2018), whole numbers or decimals alike.
# Seen: predict(X) gives the fitted values of the first persons of the fit, whatever X is: asked for one with a course and one without, it answers
#   400 and 500, where those with a course earn 500. The Gini's coefficients are wrong, also in sign: a larger share of people with
#   low incomes, which raises the Gini by 0.57 a unit, is said to lower it by 0.70, and by 0.25 if incomes are whole numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyrifreg==0.1.1 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 scikit-learn==1.7.2 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from pyrifreg import RIFRegression


def gini(income, weight):
    mean = np.average(income, weights=weight)
    return float(weight @ np.abs(income[:, None] - income) @ weight / (2 * weight.sum() ** 2 * mean))


income, low = np.array([100.0, 200, 600, 700, 800, 900]), np.array([1, 1, 0, 0, 0, 0])
h = 1e-6  # from each group's share to a slightly larger one: the effect of the share on the Gini, without any package
def shifted(step):
    return gini(income, np.where(low == 1, (1 / 3 + step) / 2, (2 / 3 - step) / 4))
by_hand = (shifted(h) - shifted(-h)) / (2 * h)
decimals, whole = (float(RIFRegression("gini").fit(low, y).results.params[1]) for y in (income, income.astype(int)))
print(f"effect on the Gini of the share with low incomes: {decimals:.3f}, from whole numbers {whole:.3f}, by hand {by_hand:.3f}")

wage, course = np.array([300.0, 500, 500, 500]), np.array([0, 1, 0, 1])
predicted = RIFRegression("mean").fit(course, wage).predict(np.array([[1], [0]])).tolist()
print("predicted mean wage, with a course and without:", np.round(predicted, 3).tolist(), "| by hand [500, 400]")
assert round(by_hand, 3) == 0.567 and round(decimals, 3) == -0.697 and round(whole, 3) == -0.25
assert np.allclose(predicted, [400, 500])
PY
