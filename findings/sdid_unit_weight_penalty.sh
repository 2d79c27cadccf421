#!/usr/bin/env bash
# Packages: sdid 0.4.0, synthdid-py 0.1.0: synthetic difference-in-differences (Arkhangelsky and others 2021).
# Expected: on the data of that paper (California's tobacco programme, shipped with synthdid-py) both give its -15.6 packs; sdid says
#   that its penalty on the unit weights follows the paper.
# Seen: sdid gives -12.2. The paper multiplies the penalty by the number of periods before the start, sdid does not: the other
#   package comes to -12.2 too when its penalty is divided by the 19 periods. The unit weights are the less spread the
#   longer the panel.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sdid==0.4.0 synthdid-py==0.1.0 cvxpy==1.9.3 numpy==2.2.6 scipy==1.13.1 pandas==2.3.3 statsmodels==0.14.6 matplotlib==3.10.0 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
MPLBACKEND=agg "$work/venv/bin/python" - <<'PY'
import warnings
import synthdid
from sdid import SyntheticDiffInDiff
from synthdid.utils import panel_matrices

warnings.simplefilter("ignore")
data = synthdid.datasets.load_california_prop99()
panel = panel_matrices(data)
paper = synthdid.synthdid_estimate(panel.Y, panel.N0, panel.T0)
smaller = synthdid.synthdid_estimate(panel.Y, panel.N0, panel.T0, zeta_omega=paper.opts["zeta_omega"] / panel.T0**0.5)
marked = data.assign(treat=(data.State == "California").astype(int), post=(data.Year > 1988).astype(int))
got = SyntheticDiffInDiff(marked, outcome_col="PacksPerCapita", times_col="Year", units_col="State", treat_col="treat", post_col="post").fit()
print(f"synthdid-py {float(paper):.2f} (the paper: -15.6), with its penalty divided by {panel.T0}: {float(smaller):.2f}; sdid {got:.2f}")
assert abs(float(paper) + 15.6) < 0.05
assert abs(got - float(smaller)) < 0.1 and got > -12.5
PY
