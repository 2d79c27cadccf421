#!/usr/bin/env bash
# Package: BootCI 1.0.1, Bootstrap(sample_size=...): confidence intervals of a paired difference.
# Expected: sample_size is the "size of resampling sample": that many persons, drawn among all.
# Seen: they are drawn among the first sample_size rows only. In a file sorted by outcome, as in register extracts sorted by year,
#   the interval does not hold the difference that the same object reports.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check BootCI==1.0.1 numpy==2.3.5 scipy==1.16.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from BootCI.paired_bootstrap_interval import Bootstrap


def mean_error(forecast, income):
    return np.mean(np.abs(forecast - income))


income = np.arange(100.0)
one, other = income + np.repeat([1.0, 9.0], 50), income + 2.0  # errors of the first: 1 for the first 50 persons, 9 for the rest
np.random.seed(1)
bootstrap = Bootstrap(one, other, income, mean_error, n_iter=500, sample_size=50)
drawn = bootstrap.get_distribution()
print("difference of all persons:", bootstrap.theta, "| smallest and largest of 500 resamples:", drawn.min(), drawn.max())
assert bootstrap.theta == (1 + 9) / 2 - 2
assert drawn.min() == drawn.max() == 1 - 2
PY
