"""A propensity score of the caller's: a column, a function, predicted out of fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from statsmodels.treatment.tests.results.results_teffects import results_ipw
from statsmodels.treatment.treatment_effects import ate_ipw

import mih_impact as mih
from tests.oracle.test_weighting import as_panel, in_1978
from tests.support import small_register, with_three_start_years

ON = ["age", *mih.lag("wage_income", 1)]


@pytest.fixture(scope="module")
def frame():
    return with_three_start_years(small_register(400, starters=120, seed=9))


@pytest.fixture(scope="module")
def register(frame):
    return mih.read_panel(frame, money="fixed", price_year=2024)


def logit(train, rows=None):
    """A logit by statsmodels with a term for each start year, as ours is."""
    rows = train if rows is None else rows
    years = sorted(train["start_year"].unique())

    def design(some):
        x = some.drop(columns=["starts", "start_year"]).to_numpy(float)
        return np.column_stack([*(some["start_year"] == c for c in years), x / [10.0, 1e5]])

    fit = sm.Logit(train["starts"], design(train)).fit(disp=0, method="newton", tol=1e-13)
    return fit.predict(design(rows))


def effect_of(group):
    effects = mih.event_study(group, outcomes="wage_income", window=(2, 2))
    return effects, effects.to_frame().iloc[0]


def test_our_own_score_given_back_gives_the_same_matches(register):
    ours = mih.match(register, on=ON, ratio=3)
    theirs = mih.match(register, on=ON, ratio=3, score=logit)
    np.testing.assert_allclose(theirs.score.index, ours.score.index, atol=1e-8)
    assert theirs.to_frame().equals(ours.to_frame())
    (one, a), (other, b) = effect_of(ours), effect_of(theirs)
    assert one.se == other.se == "abadie_imbens"
    assert a["std_error"] == pytest.approx(b["std_error"], rel=1e-9)
    assert theirs.score.to_frame().empty


@pytest.mark.parametrize("estimand", ["att", "ate"])
def test_our_own_score_given_back_gives_the_same_weights_and_errors_of_known_ones(
    register, estimand
):
    options = {"on": ON, "method": "ipw", "estimand": estimand}
    ours = mih.weight(register, **options)
    theirs = mih.weight(register, score=logit, **options)
    np.testing.assert_allclose(theirs.row_weight, ours.row_weight, rtol=1e-6, atol=1e-12)
    (one, a), (other, b) = effect_of(ours), effect_of(theirs)
    assert a["estimate"] == pytest.approx(b["estimate"], rel=1e-6)
    assert (one.se, other.se) == ("estimated_weights", "person")
    if estimand == "att":
        known = mih.event_study(ours, outcomes="wage_income", window=(2, 2), se="person")
        assert b["std_error"] == pytest.approx(known.to_frame()["std_error"].iloc[0], rel=1e-6)


def test_a_column_is_read_in_the_year_before_each_start(frame):
    rng = np.random.default_rng(3)
    noted = frame.assign(chance=rng.uniform(0.1, 0.9, len(frame)))
    panel = mih.read_panel(noted, money="fixed", price_year=2024)
    group = mih.match(panel, score="chance", ratio=1)
    assert group.on == ()
    before = noted.set_index([noted["person_id"].astype(str), "year"])["chance"]
    risk = group.risk
    wanted = before.loc[
        list(zip(risk.cube.person_id[risk.person], risk.start_year - 1, strict=True))
    ]
    np.testing.assert_allclose(group.score.probability, wanted.to_numpy())
    weighted = mih.weight(panel, score="chance", method="ipw")
    odds = wanted.to_numpy() / (1 - wanted.to_numpy())
    control = weighted.sets.control
    by_year = pd.Series(odds[control]).groupby(weighted.sets.member).transform("sum")
    np.testing.assert_allclose(weighted.sets.weight, odds[control] / by_year)


def test_folds_predict_each_person_from_the_others(register):
    group = mih.match(register, on=ON, score=logit, folds=4, seed=1)
    risk, seen = group.risk, []

    def noted(train, rows):
        seen.append((train, rows))
        return logit(train, rows)

    again = mih.match(register, on=ON, score=noted, folds=4, seed=1)
    np.testing.assert_array_equal(again.score.index, group.score.index)
    assert len(seen) == 4
    assert sum(len(rows) for _, rows in seen) == len(risk.person)
    assert all(len(train) + len(rows) == len(risk.person) for train, rows in seen)
    # A slow loop: whoever is predicted is in no row that is learnt from, whatever the start year.
    p = group.score.probability
    for train, rows in seen:
        own, others = set(risk.person[rows.index]), set(risk.person[train.index])
        assert not own & others
        np.testing.assert_allclose(p[rows.index], logit(train, rows), rtol=1e-9)
    other = mih.match(register, on=ON, score=logit, folds=4, seed=2)
    assert not np.allclose(other.score.index, group.score.index)


def test_an_estimator_of_scikit_learn_fits_the_door(register):
    ensemble = pytest.importorskip("sklearn.ensemble")

    def forest(train, rows):
        x = [name for name in train if name != "starts"]
        model = ensemble.RandomForestClassifier(50, min_samples_leaf=20, random_state=0)
        p = model.fit(train[x], train["starts"]).predict_proba(rows[x])[:, 1]
        return np.clip(p, 0.001, 0.999)

    group = mih.match(register, on=ON, score=forest, folds=2)
    assert group.n_participants > 100


def test_a_probit_gives_what_statas_teffects_publishes():
    """`teffects ipw (bweight) (mbsmoke mmarried c.mage##c.mage fbaby medu, probit)`: -230.69."""
    path = Path(statsmodels.__file__).parent / "treatment/tests/results/cataneo2.csv"
    births = pd.read_csv(path)
    X = births[["mmarried_", "mage", "mage2", "fbaby_", "medu"]].astype(float)
    columns = {f"x_{name}": X[name] for name in X}
    wages = {1975: np.zeros(len(births)), 1978: births["bweight"].astype(float)}
    panel = as_panel(wages, births["mbsmoke_"].to_numpy() == 1, columns)

    def probit(rows):
        x = sm.add_constant(rows.drop(columns=["starts", "start_year"]), has_constant="add")
        return sm.Probit(rows["starts"], x).fit(disp=0, maxiter=100).predict(x)

    group = mih.weight(panel, on=list(columns), score=probit, method="ipw", estimand="ate")
    ours = in_1978(group)
    assert ours["estimate"] == pytest.approx(results_ipw.table[0, 0], rel=1e-6)
    treated = births["mbsmoke_"].to_numpy()
    score = np.empty(len(births))
    score[group.risk.person] = group.score.probability
    order = group.risk.cube.person_id.astype(int)
    y = births["bweight"].to_numpy()[order]
    theirs = ate_ipw(y, treated[order], score, weighted=True)[0]
    assert ours["estimate"] == pytest.approx(theirs, rel=1e-9)
    # Stata counts the probit as estimated; a score that is given is taken as known.
    assert ours["std_error"] == pytest.approx(results_ipw.table[0, 1], rel=0.1)


@pytest.mark.parametrize(
    ("call", "options", "what"),
    [
        (mih.match, {"score": lambda rows: rows["starts"]}, "between 0 and 1"),
        (mih.match, {"score": lambda rows: [0.5]}, "one number for each row"),
        (mih.match, {"score": 3}, "a column, or a function"),
        (mih.match, {"score": "age_of_mother"}, "age_of_mother"),
        (mih.match, {"score": "county", "folds": 2}, "Folds are for"),
        (mih.match, {"score": "county"}, "between 0 and 1"),
        (mih.match, {"score": logit, "folds": 1}, "folds"),
        (mih.match, {"score": logit, "method": "exact", "on": "age"}, "No score is used here"),
        (mih.weight, {"score": logit}, "Entropy balancing has no score"),
    ],
)
def test_what_is_no_score_is_refused(register, call, options, what):
    with pytest.raises(mih.MihImpactError, match=what):
        call(register, **{"on": ON, **options})


def test_what_a_given_score_cannot_have_is_refused_and_cards_say_so(register):
    group = mih.match(register, on=ON, score=logit)
    with pytest.raises(mih.MihImpactError, match="How a score of your own was estimated"):
        mih.event_study(group, score_correction=True)
    with pytest.raises(mih.MihImpactError, match="not estimated again"):
        mih.resample(group, outcomes="wage_income", window=(-1, 2), draws=20)
    weighted = mih.weight(register, on=ON, score=logit, method="ipw")
    with pytest.raises(mih.MihImpactError, match="need weights that were estimated"):
        mih.event_study(weighted, se="estimated_weights")
    for lang, text in (("en", "standard errors take it as given"), ("nb", "regner den som gitt")):
        assert text in " ".join(group.summary(lang).split())
        assert text in " ".join(effect_of(weighted)[0].summary(lang).split())
    assert "as given" not in mih.match(register, on=ON).summary("en")
