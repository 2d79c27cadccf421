"""Newton's method where few start and selection is strong."""

from __future__ import annotations

import causaldata
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import norm

from mih_impact.controls.logit import fit_logit, log_odds
from mih_impact.errors import SupportError

NAMES = ["constant", "age", "black", "hisp", "marr", "nodegree", "re74", "re75", "u74", "u75"]


def rare_and_selected():
    """One in ninety starts, and hardly anybody else is like them: NSW men among all CPS men."""
    nsw = causaldata.nsw_mixtape.load_pandas().data
    men = pd.concat([nsw[nsw["treat"] == 1], causaldata.cps_mixtape.load_pandas().data])
    men = men.assign(constant=1.0, u74=men["re74"] > 0, u75=men["re75"] > 0)
    return men[NAMES].to_numpy(dtype=float), men["treat"].to_numpy() == 1


@pytest.mark.parametrize("from_share", [False, True])
def test_the_fit_does_not_depend_on_where_it_begins(from_share):
    X, y = rare_and_selected()
    start = np.zeros(len(NAMES))
    if from_share:  # from here a whole step overshoots
        start[0] = np.log(y.mean() / (1 - y.mean()))
    fit = fit_logit(X, y, names=NAMES, start=start)
    unit = np.where(np.char.startswith(NAMES, "re"), 1000.0, 1.0)
    reference = sm.Logit(y.astype(float), X / unit).fit(disp=0, tol=1e-14, maxiter=200)
    np.testing.assert_allclose(fit.coef * unit, reference.params, rtol=1e-7)
    assert fit.loglik == pytest.approx(reference.llf, rel=1e-10)


def test_a_probit_is_that_of_statsmodels():
    X, y = rare_and_selected()
    X = X[:, [0, 1, 2, 4, 8]]
    names = [NAMES[k] for k in (0, 1, 2, 4, 8)]
    fit = fit_logit(X, y, names=names, link="probit")
    reference = sm.Probit(y.astype(float), X).fit(disp=0, tol=1e-14, maxiter=200)
    np.testing.assert_allclose(fit.coef, reference.params, rtol=1e-7)
    np.testing.assert_allclose(fit.cov, reference.cov_params(), rtol=1e-6)
    assert fit.loglik == pytest.approx(reference.llf, rel=1e-10)
    # Its log odds, and how steep they are, where the chance is tiny and where it is almost sure.
    index = np.array([-9.0, -2.0, 0.0, 1.5, 9.0])
    odds, steep = log_odds(index, "probit")
    np.testing.assert_allclose(odds[:4], np.log(norm.cdf(index[:4]) / norm.sf(index[:4])))
    step = 1e-5
    moved = (log_odds(index + step, "probit")[0] - log_odds(index - step, "probit")[0]) / (2 * step)
    np.testing.assert_allclose(steep, moved, rtol=1e-7)


def test_a_sample_that_is_told_apart_without_error_is_refused_from_the_share_too():
    x = np.arange(200.0)
    X, y = np.column_stack([np.ones(200), x]), x >= 190
    start = np.array([np.log(0.05 / 0.95), 0.0])
    with pytest.raises(SupportError, match="no common support"):
        fit_logit(X, y, names=["constant", "x"], start=start)
