"""Estimates on weights and their standard errors against one slow system of estimating equations.

The system stacks means, multipliers or logit coefficients, the controls' means and the effect; its
solution is found by SciPy, its derivative by complex steps, and V = A^-1 B A^-T.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import root

import mih_impact as mih
from mih_impact.controls.subgroups import split, within
from tests.support import STARTS, small_register, with_three_start_years

ON = ["age", *mih.lag("wage_income", 1)]


@pytest.fixture(scope="module")
def register():
    """Three start years, two of them within reach of each other, and 6 % of rows missing."""
    frame = small_register(500, starters=120, seed=5, missing=0.06)
    return mih.read_panel(with_three_start_years(frame), price_year=2024)


class Rows:
    """The rows of the risk sets and what one year since start needs of them, from the cube."""

    def __init__(self, group, e, among=None):
        risk, cube = group.risk, group.risk.cube
        wage, first = cube.outcome("wage_income"), cube.years[0]
        self.person, self.start, self.treated = risk.person, risk.start_year, risk.treated
        now = self.start + e - first
        inside = now < len(cube.years)
        late = wage[self.person, np.where(inside, now, 0)]
        change = np.where(inside, late, np.nan) - wage[self.person, self.start - 1 - first]
        county = risk.exact_design.X[:, 0]
        X = np.column_stack([risk.design.X, county])
        self.X = (X - X.mean(axis=0)) / X.std(axis=0)
        self.seen = np.isfinite(change)
        self.change = np.where(self.seen, change, 0.0) / 1e5
        self.among = np.ones(len(change), bool) if among is None else among
        self.years = [c for c in STARTS if (self.seen & (self.start == c)).any()]


def balancing(rows, theta, c):
    """Return the part of theta of start year c, phi of every row, and the equations' rows."""
    k = rows.X.shape[1]
    mean, slope = theta[:k], theta[k:]
    here = rows.start == c
    beyond = rows.X - mean
    phi = np.exp(beyond @ slope) * (here & ~rows.treated)
    psi = np.hstack([beyond * (here & rows.treated)[:, None], beyond * phi[:, None]])
    return phi, psi


def logit(rows, theta, at):
    """Return the odds of every row among `at`, and the score's rows."""
    Z = np.column_stack([*[(rows.start == c) for c in np.unique(rows.start[at])], rows.X])
    index = np.where(at, Z @ theta, 0.0)
    p = 1 / (1 + np.exp(-index))
    return np.exp(index) * (at & ~rows.treated), Z * (at * (rows.treated - p))[:, None]


def model_equations(rows, theta, method, by_start_year):
    """Return the models' rows, phi by start year, and how much of theta they took."""
    k, parts, phis, at = rows.X.shape[1], [], {}, 0
    if method == "ipw" and not by_start_year:
        width = len(np.unique(rows.start)) + k
        phi, psi = logit(rows, theta[:width], np.ones(len(rows.start), bool))
        return [psi], dict.fromkeys(rows.years, phi), width
    for c in rows.years:
        width = 2 * k if method == "entropy" else k + 1
        one, make = theta[at : at + width], balancing if method == "entropy" else logit
        phis[c], psi = make(rows, one, c if method == "entropy" else rows.start == c)
        parts, at = [*parts, psi], at + width
    return parts, phis, at


def equations(rows, theta, method, by_start_year, cohort_weighted):
    """Return psi, a row per row of the risk sets."""
    parts, phis, at = model_equations(rows, theta, method, by_start_year)
    means, own = [], np.zeros(len(rows.start), dtype=theta.dtype)
    for c in rows.years:
        here = (rows.start == c) & rows.seen
        means.append(phis[c] * here * (rows.change - theta[at]))
        own = own + (here & rows.treated & rows.among) * (rows.change - theta[at])
        at += 1
    valid = rows.seen & rows.treated & rows.among
    if not cohort_weighted:
        return np.column_stack([*parts, *means, valid * (own - theta[at])])
    effects, last = [], 0.0
    for c in rows.years:
        here = rows.start == c
        effects.append((valid & here) * (own - theta[at]))
        last = last + (here & rows.treated & rows.among) * (theta[at] - theta[-1])
        at += 1
    return np.column_stack([*parts, *means, *effects, last])


def adjusted_equations(rows, theta, method, by_start_year, cohort_weighted):
    """As `equations`, less what age and wage explain among the weighted controls of all years."""
    parts, phis, at = model_equations(rows, theta, method, by_start_year)
    valid, load = rows.seen & rows.treated, 0.0
    for c in rows.years:
        here = (rows.start == c) & rows.seen
        parts.append(valid * ((rows.start == c) - theta[at]))
        parts.append(phis[c] * here - valid * (theta[at + 1] - 1.0))
        load = load + theta[at] * phis[c] * here / (theta[at + 1] - 1.0)
        at += 2
    Z = np.column_stack([np.ones(len(rows.start)), rows.X[:, :2]])
    residual = rows.change - Z @ theta[at : at + 3]
    parts.append(Z * (load * residual)[:, None])
    return np.column_stack([*parts, (valid - load) * residual - valid * theta[-1]])


def size(rows, method, by_start_year, cohort_weighted):
    k, C = rows.X.shape[1], len(rows.years)
    model = {
        ("entropy", False): 2 * k * C,
        ("ipw", False): k + len(np.unique(rows.start)),
        ("ipw", True): (k + 1) * C,
    }[method, by_start_year]
    return model + C + 1 + C * cohort_weighted


def sandwich(rows, method, by_start_year=False, cohort_weighted=False, adjusted=False):
    """Return the effect and its standard error."""
    options = method, by_start_year, cohort_weighted
    system = adjusted_equations if adjusted else equations
    width = size(rows, *options) + adjusted * (3 + len(rows.years))
    start = np.zeros(width)

    def total(theta):
        return system(rows, theta, *options).sum(axis=0)

    def slope(theta):
        steps = np.eye(len(theta)) * 1e-30j
        return np.column_stack([total(theta + step).imag / 1e-30 for step in steps])

    found = root(total, start, jac=slope, method="lm", tol=1e-14)
    theta = found.x
    for _ in range(3):  # SciPy stops at its own tolerance; a few plain Newton steps to rounding
        theta = theta - np.linalg.solve(slope(theta), total(theta))
    assert np.abs(total(theta)).max() < 1e-9
    psi = pd.DataFrame(system(rows, theta, *options)).groupby(rows.person).sum().to_numpy()
    bread = np.linalg.inv(slope(theta))
    return theta[-1] * 1e5, np.sqrt((bread @ psi.T @ psi @ bread.T)[-1, -1]) * 1e5


def line(effects, e, subgroup="all"):
    frame = effects.to_frame()
    return frame[(frame["year_since_start"] == e) & (frame["subgroup"] == subgroup)].iloc[0]


@pytest.mark.parametrize(
    ("method", "score", "controls", "e"),
    [
        ("entropy", "pooled", "never", -3),
        ("entropy", "pooled", "never", 6),
        ("entropy", "pooled", "not_yet", 2),
        ("ipw", "pooled", "never", 6),
        ("ipw", "pooled", "not_yet", 2),
        ("ipw", "by_start_year", "never", 2),
    ],
)
def test_estimate_and_error_are_those_of_the_stacked_equations(
    register, method, score, controls, e
):
    group = mih.weight(
        register, on=ON, exact="county", method=method, score=score, controls=controls,
        window_end=2,
    )  # fmt: skip
    effects = mih.event_study(
        group, outcomes="wage_income", window=(-3, 2 if controls == "not_yet" else 6)
    )
    assert effects.se == "estimated_weights"
    estimate, error = sandwich(Rows(group, e), method, score == "by_start_year")
    row = line(effects, e)
    assert row["estimate"] == pytest.approx(estimate, rel=1e-8, abs=1e-3)
    assert row["std_error"] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_shares_of_start_years_are_estimated_too(register, method):
    group = mih.weight(register, on=ON, exact="county", method=method)
    effects = mih.event_study(group, outcomes="wage_income", composition="cohort_weighted")
    estimate, error = sandwich(Rows(group, 2), method, cohort_weighted=True)
    assert line(effects, 2)["estimate"] == pytest.approx(estimate, rel=1e-8)
    assert line(effects, 2)["std_error"] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_a_subgroup_has_weights_and_errors_of_its_own(register, method):
    group = mih.weight(register, on=ON, exact="county", method=method)
    effects = mih.event_study(group, outcomes="wage_income", by="education")
    own = within(group, split(group, "education"), "higher")
    assert set(own.read("education", np.arange(len(own.risk.person)))) == {"higher"}
    estimate, error = sandwich(Rows(own, 2), method)
    row = line(effects, 2, "higher")
    assert row["estimate"] == pytest.approx(estimate, rel=1e-8)
    assert row["std_error"] == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_what_covariates_explain_is_estimated_too(register, method):
    group = mih.weight(register, on=ON, exact="county", method=method)
    effects = mih.event_study(group, outcomes="wage_income", adjust=True)
    estimate, error = sandwich(Rows(group, 2), method, adjusted=True)
    assert line(effects, 2)["estimate"] == pytest.approx(estimate, rel=1e-7)
    assert line(effects, 2)["std_error"] == pytest.approx(error, rel=1e-6)


def test_covariance_over_years_is_the_product_of_the_same_rows(register):
    """Errors of differences between years need the covariance: two years' effects subtracted."""
    group = mih.weight(register, on=ON, exact="county")
    effects = mih.event_study(group, outcomes="wage_income", window=(-2, 3))
    rows = effects.influence.rows
    assert np.allclose(rows.T @ rows, effects.matrix, rtol=1e-12)
    assert np.abs(rows.sum(axis=0)).max() < 1e-6 * np.abs(rows).sum(axis=0).max()
