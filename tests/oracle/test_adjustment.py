"""Regression adjustment against R's Matching (recorded) and against one weighted regression."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import mih_impact as mih
from mih_impact.effects.adjustment import Adjustment
from mih_impact.effects.question import read_target
from mih_impact.effects.row_outcomes import RowOutcomes
from tests.oracle.test_effects import rows_of
from tests.oracle.test_matching_references import ON, RECORDED, panel

ESTIMATES = list(pd.read_csv(RECORDED / "estimates.csv").query("bias_adjusted").itertuples())


@pytest.mark.parametrize("row", ESTIMATES, ids=lambda row: f"{row.outcome}-{row.M}")
def test_bias_adjustment_is_that_of_matching(row):
    """R regresses on what it matches on, the log odds, so that is what we adjust for here."""
    group = mih.match(panel([2016]), on=ON, ratio=row.M, caliper=None)
    target = read_target(group, "wage_income", "did", -1, (-1, 2), "available", "zero")
    observed = RowOutcomes.of(group, target, "abadie_imbens", adjustment=Adjustment())
    observed = replace(observed, covariates=group.score.index[observed.rows][:, None])
    comparison, influence = observed.effect(np.ones(group.n_participants, dtype=bool))
    e = 1 + int(row.outcome[1:])
    assert comparison.estimate[e] == pytest.approx(row.estimate, rel=1e-6)
    assert np.sqrt(influence.covariance[e, e]) == pytest.approx(row.std_error, rel=1e-6)


@pytest.mark.parametrize("e", [-4, 3, 6])
def test_adjusted_effects_are_those_of_a_regression(gappy, e):
    """Participants less the fit on controls: the point and the sandwich, by statsmodels.

    The clustered sandwich of the two regressions stacked, controls' beta then participants' mean
    residual, has the rows a_i (d_i - x_i b - tau) and K_j r_j mean_t(x)' A^-1 x_j.
    """
    group = mih.match(gappy, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)])
    effects = mih.event_study(group, outcomes="wage_income", se="person", adjust=True)
    found = effects.to_frame().set_index("year_since_start").loc[e]
    rows = rows_of(group, effects, "wage_income", e)
    place = {person: k for k, person in enumerate(group.risk.cube.person_id)}
    risk = group.risk
    at = {pair: k for k, pair in enumerate(zip(risk.person, risk.start_year, strict=True))}
    X = group.risk.design.X
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    treated = rows["treated"] == 1
    where = [at[place[row.person], row.start_year] for row in rows.itertuples()]
    x = sm.add_constant(X[where])
    fit = sm.WLS(rows["change"][~treated], x[~treated], weights=rows["weight"][~treated]).fit()
    residual = rows["change"].to_numpy() - x @ fit.params
    tau = residual[treated].mean()
    n = int(treated.sum())
    score = np.where(treated, (residual - tau) / n, 0.0)
    leverage = x @ np.asarray(fit.normalized_cov_params) @ x[treated].mean(axis=0)
    score = np.where(treated, score, -rows["weight"] * residual * leverage)
    clusters = pd.Series(score).groupby(rows["person"].to_numpy()).sum()
    G = len(clusters)
    assert found["estimate"] == pytest.approx(tau, rel=1e-8)
    expected = np.sqrt((clusters**2).sum() * G / (G - 1))
    assert found["std_error"] == pytest.approx(expected, rel=1e-8)
