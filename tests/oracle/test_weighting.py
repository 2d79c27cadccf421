"""Weights and their effects against R, statsmodels, diff-diff, empirical-calibration and SciPy.

The recorded files and the scripts that made them are in `weighting/`.
"""

from __future__ import annotations

from pathlib import Path

import diff_diff
import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from scipy.optimize import minimize
from statsmodels.stats.weightstats import DescrStatsW
from statsmodels.treatment.treatment_effects import TreatmentEffect

import mih_impact as mih
from mih_impact.controls.entropy import entropy_weights
from tests.support import small_register

FOLDER = Path(__file__).parent / "weighting"
LALONDE = ["x_age", "x_educ", "x_race", "x_married", "x_nodegree", "wage_income",
           *mih.lag("wage_income", 2)]  # fmt: skip


def as_panel(wages, treated, columns):
    """Return persons with wages by year, who start in 1976 if treated, and fixed columns."""
    blocks = [
        pd.DataFrame(
            {
                "person_id": np.arange(len(treated)),
                "year": year,
                "wage_income": wage,
                "start_year": np.where(treated, 1976, np.nan),
                **columns,
            }
        )
        for year, wage in wages.items()
    ]
    return mih.read_panel(pd.concat(blocks), money="fixed", price_year=2024)


@pytest.fixture(scope="module")
def lalonde():
    men = pd.read_csv(FOLDER / "lalonde.csv")
    wages = {1974: men["re74"].round(2), 1975: men["re75"].round(2), 1978: men["re78"].round(2)}
    columns = {f"x_{name}": men[name].astype(float) for name in ("age", "educ", "married",
                                                                  "nodegree")}  # fmt: skip
    return as_panel(wages, men["treat"] == 1, {**columns, "x_race": men["race"]})


def in_1978(group, se="auto"):
    effects = mih.event_study(
        group, outcomes="wage_income", estimator="difference", window=(2, 2), se=se
    )
    return effects.to_frame().iloc[0]


def test_odds_are_those_of_r_and_estimated_weights_are_in_the_variance(lalonde):
    """R's glm, lm and sandwich: 824 with weights as fixed, 798 with weights as estimated."""
    recorded = pd.read_csv(FOLDER / "ipw.csv").iloc[0]
    group = mih.weight(lalonde, on=LALONDE, method="ipw")
    auto, fixed = in_1978(group), in_1978(group, se="person")
    assert round(recorded["se_fixed"]) == 824
    assert round(recorded["se_estimated"]) == 798
    assert auto["estimate"] == pytest.approx(recorded["estimate"], rel=1e-6)
    assert auto["std_error"] == pytest.approx(recorded["se_estimated"], rel=1e-6)
    factor = np.sqrt(614 / 613)  # of "person", documented there
    assert fixed["std_error"] == pytest.approx(recorded["se_fixed"] * factor, rel=1e-6)


def test_odds_are_those_of_statsmodels_on_its_own_data():
    """`TreatmentEffect.ipw` of the treated on Cattaneo's births, its moments taken as they are."""
    path = Path(statsmodels.__file__).parent / "treatment/tests/results/cataneo2.csv"
    births = pd.read_csv(path)
    treated = births["mbsmoke_"].to_numpy() == 1
    X = births[["mmarried_", "mage", "fbaby_", "medu"]].astype(float)
    logit = sm.Logit(births["mbsmoke_"], sm.add_constant(X)).fit(disp=0, method="newton", tol=1e-13)
    outcome = sm.OLS(births["bweight"], sm.add_constant(X))
    peer = TreatmentEffect(outcome, treated.astype(int), results_select=logit)
    estimate, control, *_ = peer.ipw(return_results=False, effect_group=1)
    theta = np.concatenate([[estimate, control], logit.params])
    gmm = peer.ipw(effect_group=1).results_gmm.model

    wages = {1975: np.zeros(len(births)), 1978: births["bweight"].astype(float)}
    panel = as_panel(wages, treated, {f"x_{name}": X[name] for name in X})
    row = in_1978(mih.weight(panel, on=[f"x_{name}" for name in X], method="ipw"))
    assert row["estimate"] == pytest.approx(estimate, rel=1e-9)
    assert row["std_error"] == pytest.approx(sandwich(gmm.momcond, theta), rel=1e-6)


def sandwich(moments, theta):
    """Return the first standard error of moments that add up to 0, by central differences."""
    step = 1e-6 * np.maximum(np.abs(theta), 1.0)
    A = np.column_stack(
        [
            (moments(theta + h).sum(axis=0) - moments(theta - h).sum(axis=0)) / (2 * h.sum())
            for h in np.diag(step)
        ]
    )
    bread, psi = np.linalg.inv(A), moments(theta)
    return np.sqrt((bread @ psi.T @ psi @ bread.T)[0, 0])


def test_each_start_year_is_the_normalised_weighting_of_callaway_and_santanna():
    """diff-diff's ATT(g, t) by ipw with a logit per start year: estimates and standard errors."""
    frame = small_register(500, starters=120, seed=5)
    start = frame["start_year"]
    frame["start_year"] = start.map(lambda c: c if np.isnan(c) else 2015 + int(c) % 3 * 2)
    frame["birth"] = frame["birth_year"] - 1977.0
    panel = mih.read_panel(frame, money="fixed", price_year=2024)
    group = mih.weight(panel, on="birth", exact="county", method="ipw", score="by_start_year")
    effects = mih.event_study(group, outcomes="wage_income", by="start_year").to_frame()
    first = frame["start_year"].fillna(0).astype(int)
    data = frame.assign(first=first, B=(frame["county"] == "B") * 1.0)
    peer = diff_diff.CallawaySantAnna(
        estimation_method="ipw", control_group="never_treated", base_period="universal",
        pscore_trim=1e-9, n_bootstrap=0,
    ).fit(
        data, outcome="wage_income", unit="person_id", time="year", first_treat="first",
        covariates=["birth", "B"],
    )  # fmt: skip
    rows = effects[effects["subgroup"] != "all"].set_index(["subgroup", "year_since_start"])
    compared = 0
    for (g, t), cell in peer.group_time_effects.items():
        if -5 <= t - g <= 6 and t != g - 1:
            row = rows.loc[(str(int(g)), t - g)]
            assert row["estimate"] == pytest.approx(cell["effect"], rel=1e-6, abs=1e-3)
            assert row["std_error"] == pytest.approx(cell["se"], rel=1e-6)
            compared += 1
    assert compared == 3 * 11 - 1  # 2019 is seen to year 5


def test_entropy_weights_are_those_of_a_peer_that_stops_early(lalonde):
    """empirical-calibration: the same weights, means apart by more than rounding there only."""
    peer = pd.read_csv(FOLDER / "empirical_calibration.csv", comment="#")["weight"].to_numpy()
    group = mih.weight(lalonde, on=LALONDE)
    X, treated = group.model.covariates.X, group.risk.treated
    Z = (X - X[treated].mean(axis=0)) / X.std(axis=0)
    ours = group.sets.weight
    np.testing.assert_allclose(ours, peer, rtol=1e-6, atol=1e-9)
    assert np.abs(peer @ Z[~treated]).max() > 1e-10
    assert np.abs(ours @ Z[~treated]).max() < 1e-13


def test_entropy_weights_are_the_nearest_to_equal_ones(panel):
    """A general optimiser on the weights themselves finds nothing nearer, and the same point."""
    group = mih.weight(panel, on=["age", *mih.lag("wage_income", 1)])
    risk, X = group.risk, group.model.covariates.X
    here = risk.start_year == 2016
    Z = (X - X[here & risk.treated].mean(axis=0)) / X.std(axis=0)
    Z = Z[here & ~risk.treated]
    take = np.argsort(np.abs(Z).max(axis=1), kind="stable")[:40]  # a small problem, slowly
    fit = entropy_weights(Z[take], names=group.model.covariates.names)
    slow = minimize(
        lambda w: (w * np.log(np.maximum(w, 1e-300))).sum(),
        np.full(40, 1 / 40),
        jac=lambda w: np.log(np.maximum(w, 1e-300)) + 1,
        bounds=[(0, 1)] * 40,
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(40)},
            {"type": "eq", "fun": lambda w: Z[take].T @ w, "jac": lambda w: Z[take].T},
        ],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    assert np.allclose(fit.weight, slow.x, atol=1e-6)
    value = (fit.weight * np.log(fit.weight)).sum()
    assert value <= slow.fun + 1e-9


def test_second_moments_are_those_of_weighted_statistics(lalonde):
    group = mih.weight(lalonde, on=["x_age", "x_educ", "wage_income"], exact="x_race", moments=2)
    risk, weight = group.risk, group.row_weight
    for k in range(3):
        x = risk.design.X[:, k]
        sides = [DescrStatsW(x[s], weights=weight[s]) for s in (risk.treated, ~risk.treated)]
        assert sides[0].mean == pytest.approx(sides[1].mean, rel=1e-10)
        assert sides[0].std == pytest.approx(sides[1].std, rel=1e-10)
