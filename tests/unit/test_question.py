"""A question stands for the single options: the same numbers, and never beside them."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih

CALLS = {
    "event_study": {"outcomes": "wage_income", "window": (2, 3)},
    "leave_one_out": {"by": "start_year"},
    "placebo_outcomes": {"outcomes": "sykepenger"},
    "placebo_start": {"years": 3, "gap": 1},
    "randomisation_test": {"draws": 20},
    "resample": {"draws": 20},
    "rosenbaum_bounds": {},
    "lee_bounds": {"seen": "in_work"},
    "specification_curve": {"ways": {"estimator": ["did", "difference"]}},
    "wild_bootstrap": {"cluster": "county", "draws": 50},
}
QUESTION = mih.Question(outcome="wage_income", year=2, base=-2)


@pytest.fixture(scope="module")
def group():
    return mih.match(
        mih.example_panel(), exact=["county"], on=["age"], ratio=1, replace=False, seed=1
    )


def frame(result):
    return result.effects.to_frame() if hasattr(result, "draws") else result.to_frame()


@pytest.mark.parametrize("name", CALLS)
def test_an_estimand_gives_what_the_single_options_give(name, group):
    call, own = getattr(mih, name), CALLS[name]
    taken = inspect.signature(call).parameters
    single = {"outcome": "wage_income", "year": 2, "base": -2}
    if name in ("event_study", "resample"):
        own = {key: value for key, value in own.items() if key not in ("outcomes", "window")}
        single |= {"outcomes": ["wage_income"], "window": (2, 2)}
    if name == "lee_bounds":
        single["dead"] = "zero"
    single = {key: value for key, value in single.items() if key in taken and key not in own}
    with mih.options(progress=False):
        one, other = call(group, question=QUESTION, **own), call(group, **single, **own)
    pd.testing.assert_frame_equal(frame(one), frame(other))


@pytest.mark.parametrize("name", CALLS)
def test_an_estimand_beside_a_part_of_it_is_refused(name, group):
    own = {k: v for k, v in CALLS[name].items() if k not in ("window", "outcomes")}
    own |= {"outcomes": "sykepenger"} if name == "placebo_outcomes" else {}
    with pytest.raises(mih.OptionError, match=f"{name} is given a question, and .*base="):
        getattr(mih, name)(group, question=QUESTION, base=-1, **own)


def test_what_a_call_cannot_estimate_is_refused_and_said(group):
    with pytest.raises(mih.OptionError, match=r"cannot estimate with adjust.*adjust=True"):
        mih.wild_bootstrap(group, question=mih.Question(adjust=True), cluster="county")
    with pytest.raises(mih.OptionError, match="takes a question"):
        mih.event_study(group, question="ATT")


def test_an_estimand_is_frozen_settled_and_checked():
    question = mih.Question(year=[3, 1, 3], base=[-2, -1])
    assert (question.years, question.base) == ((1, 3), (-2, -1))
    assert question == mih.Question(year=(1, 3), base=(-2, -1)) == replace(question)
    assert len({question, mih.Question(year=(1, 3), base=(-2, -1))}) == 1
    assert mih.Question(year=np.int64(2)).years == (2,)
    with pytest.raises(FrozenInstanceError):
        question.year = 3
    with pytest.raises(TypeError):
        mih.Question("wage_income")
    for wrong in ({"estimator": "dd"}, {"base": 1}, {"year": 1.5}, {"level": 95}, {"dead": None}):
        with pytest.raises(mih.MihImpactError):
            mih.Question(**wrong)


def test_without_an_outcome_it_is_wage_income_or_the_first(group):
    assert mih.event_study(group, question=mih.Question()).outcomes == ("wage_income",)


def test_its_options_and_defaults_are_those_of_event_study():
    study = inspect.signature(mih.event_study).parameters
    shared = {f.name: f.default for f in fields(mih.Question) if f.name in study}
    assert set(shared) == {"estimator", "base", "composition", "se", "dead", "adjust", "level"}
    assert shared == {name: study[name].default for name in shared}


def test_whose_effect_is_asked_for_where_controls_are_chosen(group):
    with pytest.raises(mih.UnknownOptionError, match=r"goes with the controls: mih\.match"):
        mih.event_study(group, estimand="ate")
