"""Entropy weights of the package `empirical-calibration` for MatchIt's `lalonde`, recorded.

    python tests/oracle/weighting/record_peer.py      # where that package is installed

Reads lalonde.csv beside it and writes empirical_calibration.csv: the weight of every control, in
order, on columns in standard deviations. (With its own `autoscale=True` it does not converge here,
and its `maybe_exact_calibrate` then accepts means that differ by 0.004 standard deviations.)
"""

from importlib.metadata import version
from pathlib import Path

import pandas as pd
from empirical_calibration import Objective, calibrate

FOLDER = Path(__file__).parent

men = pd.read_csv(FOLDER / "lalonde.csv")
X = men.drop(columns=["treat", "race", "re78"]).assign(
    black=men["race"] == "black", hispan=men["race"] == "hispan"
)
X = X.astype(float)
X = (X - X.mean()) / X.std(ddof=0)
treated = (men["treat"] == 1).to_numpy()
weight, success = calibrate(
    X[~treated].to_numpy(), X[treated].to_numpy(), objective=Objective.ENTROPY
)
assert success
frame = pd.DataFrame({"weight": weight})
path = FOLDER / "empirical_calibration.csv"
path.write_text(
    f"# empirical-calibration {version('empirical-calibration')}\n"
    + frame.to_csv(index=False, float_format="%.17g", lineterminator="\n")
)
