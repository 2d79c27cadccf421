"""Outcomes with models of their own: IPWRA and AIPW against Stata, persons raised one by one."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from statsmodels.treatment.tests.results import results_teffects as stata
from statsmodels.treatment.treatment_effects import TreatmentEffect

import mih_impact as mih
from mih_impact.controls.propensity import fold_of
from tests.oracle.test_whose_effect import STARTS, Slow, births_panel
from tests.support import small_register

TREATMENT = ["mmarried_", "mage", "mage2", "fbaby_", "medu"]
OUTCOME = ["prenatal1_", "mmarried_", "mage", "fbaby_"]
ON = ["age", *mih.lag("wage_income", 1)]
APART = ["age", "education"]
ENTROPY = [("att", "unweighted"), ("ate", "weighted"), ("ate", "unweighted")]


@pytest.fixture(scope="module")
def births():
    """Cattaneo's birth weights, as statsmodels ships them."""
    path = Path(statsmodels.__file__).parent / "treatment/tests/results/cataneo2.csv"
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def mothers(births):
    return births_panel(births, dict.fromkeys([*TREATMENT, *OUTCOME]))[0]


@pytest.fixture(scope="module")
def frame():
    """Three start years, two of them within reach of each other, and 6 % of rows missing."""
    rows = small_register(260, starters=90, seed=5, missing=0.06)
    later = rows["start_year"].map(lambda c: c if np.isnan(c) else STARTS[int(c) % 3])
    return rows.assign(start_year=later)


@pytest.fixture(scope="module")
def register(frame):
    return mih.read_panel(frame, money="fixed", price_year=2024)


def row_of(group, **options):
    asked = {"outcomes": "wage_income", "window": (2, 2), **options}
    return mih.event_study(group, **asked).to_frame().iloc[0]


def of_mothers(mothers, estimand, adjust=(), **options):
    group = mih.weight(
        mothers, on=[f"x_{x}" for x in TREATMENT], method="ipw", link="probit", estimand=estimand
    )
    adjust = [f"x_{x}" for x in adjust] or False
    return row_of(group, estimator="difference", adjust=adjust, **options)


@pytest.mark.parametrize(
    ("regression", "published"),
    [("weighted", stata.results_ipwra), ("unweighted", stata.results_aipw)],
)
def test_the_average_effect_is_what_stata_publishes(mothers, regression, published):
    """`teffects ipwra` and `aipw (bweight prenatal1 mmarried mage fbaby) (mbsmoke ..., probit)`."""
    ours = of_mothers(mothers, "ate", OUTCOME, outcome_regression=regression)
    (effect, error), (mean, _) = published.table[0, :2], published.table[1, :2]
    assert ours["estimate"] == pytest.approx(effect, rel=1e-8)
    assert ours["std_error"] == pytest.approx(error, rel=1e-8)
    assert ours["control_mean"] == pytest.approx(mean, rel=1e-8)
    assert ours["participant_mean"] == pytest.approx(mean + effect, rel=1e-8)


def test_inverse_probability_by_a_probit_is_what_stata_publishes(mothers):
    ours = of_mothers(mothers, "ate")
    assert ours["estimate"] == pytest.approx(stata.results_ipw.table[0, 0], rel=1e-8)
    assert ours["std_error"] == pytest.approx(stata.results_ipw.table[0, 1], rel=1e-6)


@pytest.mark.parametrize(("estimand", "peers"), [("att", 1), ("atc", 0)])
def test_other_estimands_are_those_of_statsmodels(births, mothers, estimand, peers):
    X, Q = (sm.add_constant(births[names].astype(float)) for names in (TREATMENT, OUTCOME))
    probit = sm.Probit(births["mbsmoke_"], X).fit(disp=0, method="newton", maxiter=100)
    outcome = sm.OLS(births["bweight"].astype(float), Q)
    peer = TreatmentEffect(outcome, births["mbsmoke_"].to_numpy(int), results_select=probit)
    effect, mean = peer.ipw_ra(effect_group=peers).results_gmm.params[:2]
    ours = of_mothers(mothers, estimand, OUTCOME)
    assert ours["estimate"] == pytest.approx(effect, rel=1e-8)
    if estimand == "atc":
        assert ours["control_mean"] == pytest.approx(mean, rel=1e-8)
    assert ours["participant_mean"] - ours["estimate"] == pytest.approx(mean, rel=1e-8)


class SlowOutcomes(Slow):
    """The same with a regression of the outcome, by plain solvers."""

    def __init__(self, group, frame):
        super().__init__(group)
        person = group.risk.cube.person_id[self.person]
        named = dict(zip(frame["person_id"].astype(str), frame["education"], strict=True))
        level = pd.Series([named[p] for p in person])
        dummies = pd.get_dummies(level, drop_first=True).to_numpy(float)
        Q = np.column_stack([group.risk.design.column(0), dummies])
        self.Q = np.column_stack([np.ones(len(Q)), (Q - Q.mean(0)) / Q.std(0)])

    def adjusted(self, method, estimand, weight, *, by_weights):
        """The estimate where persons count as often as `weight` says."""
        w, seen = weight[self.person], np.isfinite(self.y)
        y, t = np.where(seen, self.y, 0.0), self.treated
        aim = {"att": t, "atc": ~t, "ate": np.ones_like(t)}[estimand] & seen
        starters = t & (seen if estimand == "att" else True)
        v, own = self.side_weights(method, estimand, w)
        share, each, load = {}, np.zeros(len(w)), np.zeros(len(w))
        for c in STARTS:
            here = self.year == c
            share[c] = w[starters & here].sum() / w[starters].sum()
            each[here & aim] = share[c] * w[here & aim] / w[here & aim].sum()
            for side in (t & here & seen, ~t & here & seen):
                load[side] = share[c] * v[side] / v[side].sum()
            if not by_weights and method == "ipw" and estimand != "att":
                load[here] = share[c] * (w * own * seen)[here] / w[here & aim].sum()
        m = []
        for side in (~t & seen, t & seen):
            u = np.sqrt(load[side] if by_weights else w[side])
            b = np.linalg.lstsq(self.Q[side] * u[:, None], y[side] * u, rcond=None)[0]
            m.append(self.Q @ b)
        if estimand == "att":
            return each @ (y - m[0]) - load[~t] @ (y - m[0])[~t]
        return each @ (m[1] - m[0]) + load[t] @ (y - m[1])[t] - load[~t] @ (y - m[0])[~t]


@pytest.mark.parametrize(
    ("method", "estimand", "regression"),
    [
        *product(["ipw"], ["att", "atc", "ate"], ["weighted", "unweighted"]),
        *(("entropy", estimand, way) for estimand, way in ENTROPY),
    ],
)
def test_estimates_move_with_persons_as_their_influence_says(
    register, frame, method, estimand, regression
):
    """Each person's influence by raising its count a little: weights and regressions anew."""
    group = mih.weight(register, on=ON, exact="county", method=method, estimand=estimand)
    ours = row_of(group, adjust=APART, outcome_regression=regression)
    slow, persons = SlowOutcomes(group, frame), group.risk.cube.n_persons
    asked = {"by_weights": regression == "weighted"}
    plain = slow.adjusted(method, estimand, np.ones(persons), **asked)
    assert ours["estimate"] == pytest.approx(plain, rel=1e-8)
    step, moved = 1e-4, np.zeros(persons)
    for i in np.unique(slow.person):
        up, down = np.ones(persons), np.ones(persons)
        up[i], down[i] = 1 + step, 1 - step
        ahead, behind = (slow.adjusted(method, estimand, each, **asked) for each in (up, down))
        moved[i] = ahead - behind
    error = np.sqrt((moved**2).sum()) / (2 * step)
    assert ours["std_error"] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("regression", ["weighted", "unweighted"])
def test_a_column_that_is_the_same_for_all_adjusts_nothing(frame, regression):
    panel = mih.read_panel(frame.assign(same=7.0), money="fixed", price_year=2024)
    group = mih.weight(panel, on=ON, method="ipw", estimand="ate")
    both = [
        row_of(group, adjust=adjust, outcome_regression=regression)
        for adjust in (["age"], ["age", "same"])
    ]
    for name in ("estimate", "std_error"):
        assert both[1][name] == pytest.approx(both[0][name], rel=1e-9)


def least_squares(learn, rows):
    """A regression of the change on age and wage, as a function of the caller's."""
    x = ["age", "wage_income[-1]"]
    fit = sm.OLS(learn["change"], sm.add_constant(learn[x])).fit()
    return fit.predict(sm.add_constant(rows[x], has_constant="add"))


@pytest.mark.parametrize("estimand", ["att", "ate"])
def test_a_function_that_regresses_gives_the_estimate_of_the_regression(register, estimand):
    group = mih.weight(register, on=ON, method="ipw", estimand=estimand)
    ours = row_of(group, adjust=True, outcome_regression="unweighted")
    theirs = row_of(group, adjust=least_squares)
    assert theirs["estimate"] == pytest.approx(ours["estimate"], rel=1e-9)
    # What the regression adds to the error is not known of a function's.
    assert theirs["std_error"] == pytest.approx(ours["std_error"], rel=0.05)


@pytest.mark.parametrize("choose", [mih.match, mih.weight])
def test_predictions_are_subtracted_from_changes(frame, register, choose):
    """As if the outcome had been lowered by what is predicted, standard errors too."""
    left = frame["wage_income"] - 1000.0 * np.sqrt(frame["year"] - 2000)
    lowered = mih.read_panel(
        frame.assign(left=left), money="fixed", price_year=2024, units={"left": "NOK"}
    )
    theirs = row_of(choose(lowered, on=ON), outcomes="left")

    def drift(learn, rows):
        assert "change" not in rows
        assert set(learn["starts"]) == {0}
        assert rows.attrs == {"outcome": "wage_income", "year_since_start": 2}
        c = rows["start_year"] - 2000
        return 1000.0 * (np.sqrt(c + 2) - np.sqrt(c - 1))

    ours = row_of(choose(register, on=ON), adjust=drift)
    for name in ("estimate", "std_error"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-9)


def test_folds_predict_each_person_from_the_others(register):
    group = mih.weight(register, on=ON, method="ipw", estimand="ate")
    seen, risk = [], group.risk

    def noted(learn, rows):
        seen.append((learn, rows))
        return least_squares(learn, rows)

    effects = mih.event_study(
        group, outcomes="wage_income", window=(2, 2), adjust=noted, folds=3, seed=4
    )
    fold = fold_of(risk, 3, 4)
    assert len(seen) == 6  # of either side in three parts
    for learn, rows in seen:
        assert len(set(fold[rows.index])) == 1
        assert not set(fold[rows.index]) & set(fold[learn.index])
        assert not set(risk.person[rows.index]) & set(risk.person[learn.index])
    again = row_of(group, adjust=least_squares, folds=3, seed=4)
    assert effects.to_frame()["estimate"].iloc[0] == again["estimate"]
    assert again["estimate"] != row_of(group, adjust=least_squares)["estimate"]


def test_the_card_says_what_errors_know(register):
    group = mih.weight(register, on=ON, method="ipw")
    options = {"outcomes": "wage_income", "window": (-1, 3)}
    given = mih.event_study(group, adjust=least_squares, **options)
    for lang, text in (("en", "predictions of the analyst's own"), ("nb", "analytikerens egne")):
        assert text in " ".join(given.summary(lang).split())
    named = mih.event_study(group, adjust="age", **options)
    assert "analyst's own" not in named.summary("en")
    assert "adjusted by a regression" in " ".join(named.summary("en").split())
    assert "regresjon" in named.summary("nb")


@pytest.mark.parametrize(
    ("choose", "options", "what"),
    [
        (mih.weight, {"adjust": True, "folds": 2}, "Folds are for"),
        (mih.weight, {"adjust": least_squares, "folds": 1}, "folds"),
        (mih.weight, {"outcome_regression": "unweighted"}, "weights for a regression"),
        (mih.weight, {"adjust": "age", "outcome_regression": "none"}, "outcome_regression"),
        (mih.weight, {"adjust": "nowhere"}, "nowhere"),
        (mih.weight, {"adjust": 3}, "adjust"),
        (mih.weight, {"adjust": lambda learn, rows: [0.5]}, "one number for each row"),
        (mih.weight, {"adjust": lambda learn, rows: rows["age"] * np.nan}, "is a number"),
        (mih.match, {"adjust": True, "outcome_regression": "unweighted"}, "weights of the match"),
    ],
)
def test_what_cannot_be_adjusted_by_is_refused(register, choose, options, what):
    with pytest.raises(mih.MihImpactError, match=what):
        row_of(choose(register, on=ON), **options)


def test_matched_effects_on_others_are_not_adjusted(register):
    with pytest.raises(mih.OptionError, match="are not adjusted"):
        row_of(mih.match(register, on=ON, estimand="ate"), adjust=True)


@pytest.fixture(scope="module")
def foretold():
    """A register with a wage that is predicted, in nominal kroner, and what is left of the wage."""
    frame = small_register(260, starters=90, seed=6, missing=0.04)
    trend = 3_000.0 * (frame["year"] - 2015) * (frame["birth_year"] % 7)
    told = (150_000.0 + trend).round(2)
    units = {"told": "NOK", "rest": "NOK", "told_days": "days"}
    rest = (frame["wage_income"] - told).round(2)
    rows = frame.assign(told=told, rest=rest, told_days=1.0)
    return rows, mih.read_panel(rows, units=units, price_year=2022)


@pytest.mark.parametrize("composition", ["available", "balanced", "cohort_weighted", "filled"])
@pytest.mark.parametrize("method", ["entropy", "propensity"])
def test_columns_of_predictions_give_the_effect_on_what_they_leave(foretold, method, composition):
    panel = foretold[1]
    verb = mih.weight if method == "entropy" else mih.match
    group = verb(panel, on=["age", *mih.lag("wage_income", 1)], method=method, exact="county")
    asked = {"window": (-2, 3), "composition": composition}
    ours = mih.event_study(group, outcomes="wage_income", adjust={"wage_income": "told"}, **asked)
    rest = mih.event_study(group, outcomes="rest", **asked)
    np.testing.assert_allclose(ours.estimate, rest.estimate, rtol=1e-9, atol=1e-6)
    if method == "entropy":  # matching reads what is left to chance off changes as they are
        np.testing.assert_allclose(ours.matrix, rest.matrix, rtol=1e-8, atol=1e-6)
    plain = mih.event_study(group, outcomes="wage_income", **asked)
    assert np.abs(ours.estimate - plain.estimate).max() > 100
    assert "predictions of the analyst" in " ".join(ours.summary("en").split())


@pytest.mark.parametrize(
    ("adjust", "what"),
    [
        ({"dagpenger": "told"}, "one column for each"),
        ({"wage_income": "told", "dagpenger": "told"}, "one column for each"),
        ({"wage_income": "nowhere"}, "nowhere"),
        ({"wage_income": "told_days"}, "in its unit"),
        ({"wage_income": "birth_year"}, "cannot be an outcome"),
        ({}, "one column for each"),
    ],
)
def test_columns_of_predictions_that_cannot_be_are_refused(foretold, adjust, what):
    group = mih.weight(foretold[1], on="age")
    with pytest.raises(mih.MihImpactError, match=what):
        mih.event_study(group, outcomes="wage_income", window=(-1, 2), adjust=adjust)


def test_a_change_without_a_prediction_is_refused_and_counted(foretold):
    rows = foretold[0]
    gone = rows["told"].where((rows["person_id"] % 9 > 0) | (rows["year"] < 2016))
    panel = mih.read_panel(rows.assign(told=gone), units={"told": "NOK"})
    group = mih.weight(panel, on="age")
    with pytest.raises(mih.SupportError, match=r"has no prediction.* [1-9]\d* rows without"):
        mih.event_study(
            group, outcomes="wage_income", window=(-1, 2), adjust={"wage_income": "told"}
        )
    other = mih.weight(foretold[1], on="age", estimand="ate")
    with pytest.raises(mih.OptionError, match="without treatment"):
        mih.event_study(other, outcomes="wage_income", adjust={"wage_income": "told"})
    with pytest.raises(mih.OptionError, match="Folds are for predictions by a function"):
        mih.event_study(
            mih.weight(foretold[1], on="age"), outcomes="wage_income", folds=2,
            adjust={"wage_income": "told"},
        )  # fmt: skip
