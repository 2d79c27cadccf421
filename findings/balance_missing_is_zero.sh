#!/usr/bin/env bash
# Package: balance 0.23.0 (weighting of samples to a population), Sample.outcomes().
# Expected: a missing outcome is left out of the mean (the summary itself reports how many answered), as it is of the package's own
#   weighted median.
# Seen: a missing outcome counts as 0 in the mean. Incomes 300, 400 and two missing: mean 175, "95 per cent confidence interval" from 0 to
#   350, under "Mean outcomes"; the weighted median of the same four is 350. (That None is treated like 0 stands at weighted_mean, an
#   inner function; neither the summary nor a warning says so.) Before and after weighting, what moves may be the share that answered.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check balance==0.23.0 pandas==2.3.3 numpy==1.26.4 scipy==1.13.1 scikit-learn==1.3.2 statsmodels==0.14.6 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
MPLBACKEND=agg "$work/venv/bin/python" - <<'PY'
import logging, warnings
logging.disable(logging.INFO)
import pandas as pd
from balance import Sample
from balance.stats_and_plots.weighted_stats import weighted_quantile

people = pd.DataFrame({"id": ["1", "2", "3", "4"], "age": [31, 42, 53, 64], "income": [300.0, 400.0, None, None]})
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    outcomes = Sample.from_frame(people, id_column="id", outcome_columns="income").outcomes()
    mean = float(outcomes.mean()["income"].iloc[0])
    text = outcomes.summary()
median = float(weighted_quantile(people.income, [0.5], pd.Series([1.0] * 4)).iloc[0, 0])
print("mean of those who answered:", people.income.mean(), "| balance: mean", mean, "median", median)
print(next(line for line in text.splitlines() if line.startswith("income")))
assert people.income.mean() == 350 and mean == 175 and median == 350
assert "zero" not in text and not any("missing" in str(w.message).lower() or "zero" in str(w.message).lower() for w in said)
PY
