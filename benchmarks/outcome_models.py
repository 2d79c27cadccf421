"""Do intervals cover where outcome and treatment have models of their own, and with a probit?

    python benchmarks/outcome_models.py [--seeds 1000]

The samples of `benchmarks/whose_effect.py`, seeds 0, 1, ..., none left out: who starts follows a
logit in x and z, and the outcome without treatment is linear in both. In the rows in which a model
is wrong, the score knows nothing of z, or the outcome nothing of x.

Bias, spread and mean standard error are of the effect in the start year, in NOK; coverage is that
of the 95 % interval. Written to benchmarks/results/outcome_models.json, and as a table to
docs/monte_carlo.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from interval_studies import Found, Study
from whose_effect import ON, sample, truth

import mih_impact as mih


def least_squares(learn: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return what a regression of the change on x and z predicts, as a caller's function would."""
    A, B = (np.column_stack([np.ones(len(f)), f["x"], f["z"]]) for f in (learn, rows))
    return np.asarray(B @ np.linalg.lstsq(A, learn["change"].to_numpy(), rcond=None)[0])


PROBIT: dict[str, Any] = {"link": "probit"}
#: Of each way the verb, what controls are chosen by, and how changes are adjusted.
WAYS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "five nearest by a probit": (mih.match, PROBIT, {}),
    "odds of a probit": (mih.weight, PROBIT, {}),
    "IPWRA": (mih.weight, {}, {"adjust": ON}),
    "IPWRA, the score without z": (mih.weight, {"on": "x"}, {"adjust": ON}),
    "AIPW": (mih.weight, {}, {"adjust": ON, "outcome_regression": "unweighted"}),
    "AIPW, the outcome without x": (
        mih.weight,
        {},
        {"adjust": "z", "outcome_regression": "unweighted"},
    ),
    "AIPW by a function, two folds": (mih.weight, {}, {"adjust": least_squares, "folds": 2}),
}


def one(seed: int) -> Found:
    """Return estimate and standard error of every way and estimand."""
    panel, found = sample(seed), {}
    for way, (verb, choosing, adjusting) in WAYS.items():
        method = {"method": "ipw"} if verb is mih.weight else {}
        for estimand in ("att", "atc", "ate"):
            options = {"on": ON, **method, **choosing, "estimand": estimand}
            group = verb(panel, outcomes="wage_income", **options)
            effects = mih.event_study(group, estimator="difference", window=(0, 0), **adjusting)
            error = float(np.sqrt(effects.matrix.item()))
            found[way, estimand] = float(effects.estimate.item()), error
    return found


STUDY = Study(
    name="outcome_models",
    one=one,
    truth=truth,
    title="## Models of the outcome, and a probit\n",
    introduction="""
Written by `benchmarks/outcome_models.py`. {seeds} samples of the section before: who starts follows
a logit in x and z, the outcome is linear in both. IPWRA and AIPW stand on two models, and are right
where one of them is. Thousand NOK.

""",
    reading="""
Samples are the same in all rows, so that their biases go together; the Monte Carlo error of a bias
is 0.14 to 0.18 thousand, that of a share near 95 % 0.7 points. Either model alone keeps the effect
where it is, and intervals cover 94 to 95 %; on candidates a regression that knows x takes a tenth
off the spread. The probit is a little wrong, as samples follow a logit, and its odds show it on
candidates by less than a tenth of the spread. Matched effects on candidates are off by a fifth of
it: few participants are near those who hardly ever start. Errors that take a function's predictions
as given are here as large as the spread.
""",
    first="estimate",
    by_estimand=True,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
