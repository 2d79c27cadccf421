"""Each bad input above the panel gets a typed error that says what, what was found, what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.support import small_register

MATCH = [
    ({"on": ["aeg"], "exact": ["county"]}, mih.OptionError, "age"),
    ({"on": [], "exact": []}, mih.OptionError, "name columns in on="),
    ({"on": ["age"], "method": "nearest"}, mih.OptionError, "'probability', 'mahalanobis'"),
    ({"on": ["age"], "controls": "later"}, mih.OptionError, "'never', 'not_yet'"),
    ({"on": ["age"], "order": "best"}, mih.OptionError, "'largest'"),
    ({"on": ["age"], "ratio": 0}, mih.OptionError, "1 or more"),
    ({"on": ["age"], "caliper": -1}, mih.OptionError, "above zero"),
    ({"on": ["age"], "order": "random"}, mih.OptionError, "give seed="),
    ({"on": ["age"], "ties": pd.DataFrame()}, mih.OptionError, "'average', 'random'"),
    ({"on": ["age"], "score": len, "folds": 2}, mih.OptionError, "def model(learn, rows)"),
    ({"on": ["age"], "score": lambda: 0}, mih.OptionError, "def model(rows)"),
    ({"on": ["age"], "score": lambda rows: "half"}, mih.SupportError, "one number for each row"),
    (
        {"on": ["age", *mih.lag("wage_income", 1, 2, 3, 4, 5)], "caliper": 1e-14},
        mih.SupportError,
        "widen caliper",
    ),
    ({"on": list(mih.lag("wage_income", 9))}, mih.SupportError, "2005 for the start year 2014"),
    ({"on": list(mih.lag("wage_income", 1)), "method": "exact"}, mih.OptionError, "for lags"),
    ({"on": ["birth_year", "age"]}, mih.SupportError, "add up to one another"),
    ({"method": "exact", "exact": ["person_number"]}, mih.OptionError, "person_number"),
]


@pytest.mark.parametrize(("options", "error", "words"), MATCH, ids=lambda x: str(x)[:40])
def test_match_says_what_is_wrong(panel, options, error, words):
    with pytest.raises(error) as caught:
        mih.match(panel, **options)
    text = str(caught.value)
    assert words in text
    assert "Do: " in text


EFFECTS = [
    ({"outcomes": ["wages"]}, "wage_income"),
    ({"outcomes": []}, "none given"),
    ({"window": (40, 45)}, "No start year covers the window"),
    ({"base": -8}, "base year -8"),
    ({"estimator": "dd"}, "'did', 'difference'"),
    ({"composition": "complete"}, "'available'"),
    ({"se": "robust"}, "'auto'"),
    ({"se": "matched_set"}, "replace=False"),
    ({"dead": "alive"}, "'zero', 'missing'"),
    ({"level": 95}, "between 0.5 and 1"),
    ({"adjust": len}, "def model(learn, rows)"),
]


@pytest.mark.parametrize(("options", "words"), EFFECTS, ids=lambda x: str(x)[:40])
def test_event_study_says_what_is_wrong(group, options, words):
    with pytest.raises((mih.EffectsError, mih.OptionError)) as caught:
        mih.event_study(group, **options)
    text = str(caught.value)
    assert words in text
    assert "Do: " in text


@pytest.mark.parametrize("call", [mih.group_time_effects, mih.imputation_effects])
def test_effects_need_an_outcome(panel, call):
    with pytest.raises(mih.OptionError, match="outcomes is a name, or a list of names"):
        call(panel, outcomes=[])


def test_nobody_starts_nobody_eligible_nobody_alike():
    frame = small_register(200, starters=30)
    nobody = mih.read_panel(frame.assign(start_year=np.nan).astype({"start_year": float}))
    with pytest.raises((mih.SupportError, mih.PanelContractError), match="start_year"):
        mih.match(nobody, on=["age"])
    barred = mih.read_panel(frame.assign(eligible=False))
    with pytest.raises(mih.SupportError, match="Nobody in the panel can be a control"):
        mih.match(barred, on=["age"])
    apart = frame.assign(county=np.where(frame["start_year"].notna(), "A", "B"))
    with pytest.raises(mih.SupportError, match="coarser"):
        mih.match(mih.read_panel(apart), on=["age"], exact=["county"])


def test_too_few_participants_and_perfect_prediction():
    frame = small_register(200, starters=4)
    frame["start_year"] = frame["start_year"].where(frame["start_year"].isna(), 2016)
    terms = ["age", "education", *mih.lag("wage_income", 1, 2, 3)]
    with pytest.raises(mih.SupportError, match="4 participants"):
        mih.match(mih.read_panel(frame), on=terms)
    frame = small_register(400, starters=60)
    frame["start_year"] = frame["start_year"].where(frame["start_year"].isna(), 2016)
    giveaway = frame.assign(score=np.where(frame["start_year"].notna(), 1.0, 0.0))
    with pytest.raises(mih.SupportError, match="no common support"):
        mih.match(mih.read_panel(giveaway), on=["score"])


def test_a_lag_counts_years_before_start():
    for years in ((), (0,), (-1,), (1.5,)):
        with pytest.raises(mih.OptionError, match="at least 1"):
            mih.lag("wage_income", *years)


FRAME = pd.DataFrame({"outcome": "wage_income", "year_since_start": [0, 1], "estimate": [0.0, 1.0]})
GIVEN = [
    (FRAME.drop(columns="estimate"), None, "lacks estimate"),
    (pd.concat([FRAME, FRAME]), None, "2 repeated rows"),
    (FRAME.assign(estimate=[np.nan, 1.0]), None, "1 of 2 rows"),
    (FRAME, np.eye(3), "shape (3, 3) for 2 effects"),
    (FRAME, np.array([[1.0, 2.0], [2.0, 1.0]]), "some combination of the effects would have"),
    (FRAME, np.array([[1.0, 0.5], [0.0, 1.0]]), "not symmetric"),
]


@pytest.mark.parametrize(("frame", "covariance", "words"), GIVEN, ids=lambda x: str(x)[:20])
def test_given_effects_are_checked(frame, covariance, words):
    with pytest.raises(mih.EffectsError) as caught:
        mih.EffectSeries.from_frame(frame, covariance=covariance, price_year=2024)
    assert words in str(caught.value)


def test_asking_for_what_is_not_there(group):
    effects = mih.event_study(group, outcomes=["wage_income"], window=(-1, 2))
    with pytest.raises(mih.EffectsError, match="dagpenger, 5"):
        effects.select(["wage_income", "dagpenger"], [0, 5])
    with pytest.raises(mih.OptionError, match="dagpenger"):
        effects.plot("dagpenger")
    with pytest.raises(mih.OptionError, match="needs an estimated outcome"):
        effects.pretrend_test("dagpenger")


def test_no_message_shows_a_person():
    frame = small_register(200, starters=20)
    frame["person_id"] = "secret" + frame["person_id"].astype(str)
    frame = pd.concat([frame, frame.head(3)])
    with pytest.raises(mih.PanelContractError) as caught:
        mih.match(mih.read_panel(frame), on=["age"])
    assert "secret" not in str(caught.value)


def test_a_frame_is_not_a_panel_and_a_panel_not_a_group(panel):
    with pytest.raises(mih.OptionError, match="read_panel"):
        mih.match(small_register(50, starters=5), on=["age"])
    with pytest.raises(mih.OptionError, match="choose one first"):
        mih.event_study(panel)


def test_one_name_alone_is_a_list_of_one(panel):
    one = mih.match(panel, on="age", exact="county", outcomes="wage_income")
    many = mih.match(panel, on=["age"], exact=["county"], outcomes=["wage_income"])
    assert one.pairs().equals(many.pairs())
    assert mih.event_study(one, outcomes="wage_income").outcomes == ("wage_income",)
