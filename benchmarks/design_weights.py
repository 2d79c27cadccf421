"""Do intervals cover the effect in a population from which persons were drawn unevenly?

    python benchmarks/design_weights.py [--seeds 1000]

The samples of `benchmarks/whose_effect.py`, seeds 0, 1, ..., of 900 persons, of whom each comes
into the register with probability 0.25 to 0.85, falling with x; the effect rises with x. A design
weight is one over the probability; the truth is the effect in the population, on those who start
unless a row says otherwise.

Bias, spread and mean standard error are of the effect in the start year, in NOK; coverage is that
of the 95 % interval. Written to benchmarks/results/design_weights.json, and as a table to
docs/monte_carlo.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import whose_effect
from interval_studies import Found, Study

import mih_impact as mih

PERSONS = 900
#: Of each way whether weights are used, the verb, what controls are chosen by, and the adjustment.
WAYS: dict[str, tuple[bool, Any, dict[str, Any], dict[str, Any]]] = {
    "entropy balancing, weights left out": (False, mih.weight, {}, {}),
    "entropy balancing": (True, mih.weight, {}, {}),
    "inverse probability weights": (True, mih.weight, {"method": "ipw"}, {}),
    "IPWRA": (True, mih.weight, {"method": "ipw"}, {"adjust": True}),
    "five nearest by log odds": (True, mih.match, {}, {}),
    "entropy balancing, on candidates": (True, mih.weight, {"estimand": "atc"}, {}),
    "inverse probability weights, on everybody": (
        True,
        mih.weight,
        {"method": "ipw", "estimand": "ate"},
        {},
    ),
    "five nearest by log odds, on everybody": (True, mih.match, {"estimand": "ate"}, {}),
}
GROUP_TIME = "group-time, doubly robust"


def drawn(seed: int) -> pd.DataFrame:
    """Return the rows of those who were drawn, with their weights."""
    whose_effect.PERSONS = PERSONS
    rows = whose_effect.sample(seed).frame.collect("pandas").to_native()
    person = rows.groupby("person_id")["x"].first()
    chance = 0.55 - 0.15 * person
    kept = person.index[np.random.default_rng([seed, 1]).random(len(person)) < chance]
    own = rows[rows["person_id"].isin(kept)]
    return own.assign(w=1.0 / (0.55 - 0.15 * own["x"]))


def one(seed: int) -> Found:
    """Return estimate and standard error of every way."""
    rows, found = drawn(seed), {}
    options: dict[str, Any] = {"money": "fixed", "price_year": 2024}
    panels = {
        False: mih.read_panel(rows, **options),
        True: mih.read_panel(rows, weights="w", **options),
    }
    for way, (weighted, verb, choosing, adjusting) in WAYS.items():
        panel = panels[weighted]
        group = verb(panel, on=whose_effect.ON, outcomes="wage_income", **choosing)
        effects = mih.event_study(group, estimator="difference", window=(0, 0), **adjusting)
        found[way, effects.estimand] = effects.params.item(), effects.std_errors.item()
    by_start = mih.group_time_effects(
        panels[True], outcomes="wage_income", covariates=whose_effect.ON
    )
    effects = by_start.aggregate("event", window=(0, 0))
    found[GROUP_TIME, "att"] = effects.params.item(), effects.std_errors.item()
    return found


STUDY = Study(
    name="design_weights",
    one=one,
    truth=whose_effect.truth,
    title="## Design weights\n",
    introduction="""
Written by `benchmarks/design_weights.py`. {seeds} samples of {persons} persons, of whom each comes
into the register with a probability that falls with x from 0.85 to 0.25; the effect rises with x.
The truth is the effect in the population, on those who start unless a row says otherwise. Thousand
NOK.

""",
    reading="""
The Monte Carlo error of a bias is 0.16 thousand, that of a share near 95 % 0.7 points. Without the
weights the effect is that on those who were drawn, 6 thousand below the population's, and its
interval covers in 72 %. With them intervals cover 94 to 96 %, whoever the effect is on and by
start year too; errors are within 3 % of the spread.
""",
    first="controls",
    persons=PERSONS,
)

if __name__ == "__main__":
    STUDY.main(__doc__)
