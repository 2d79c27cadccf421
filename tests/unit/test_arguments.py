"""Misuse by argument: a wrong value is a typed error that says what, what was found, what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mih_impact as mih
from mih_impact import arguments
from mih_impact.errors import EffectsError, OptionError, SupportError
from tests.support import small_register

WINDOW = "A window is the first and the last year since start"
BASE = "A base is a year before start"
SEED = "seed is a whole number, 0 or more"
LEVEL = "level is the coverage of an interval, a number between 0.5 and 1"
ALPHA = "alpha is the probability of a false alarm of a test, a number between 0 and 0.5"
YEARS = "Years since start are whole numbers"
TERMS = "is a column, a lag, or a list of them"


@pytest.fixture(scope="module")
def given():
    """A panel with constant columns, and what is made of it."""
    frame = small_register().assign(one=1.0, text="x")
    panel = mih.read_panel(frame, price_year=2024)
    group = mih.match(panel, on=["age"], exact="county")
    return {
        "p": panel,
        "g": group,
        "e": mih.event_study(group, outcomes=["wage_income", "in_work"]),
        "cells": mih.match(panel, exact="county", method="exact"),
        "pairs": mih.match(panel, on=["age"], exact="county", ratio=1, replace=False),
        "split": mih.event_study(group, outcomes="wage_income", by="county", window=(-1, 3)),
        "gt": mih.group_time_effects(panel, outcomes="wage_income"),
    }


def m(**options):
    return lambda x: mih.match(x["p"], **{"on": ["age"], **options})


def w(**options):
    return lambda x: mih.weight(x["p"], **{"on": ["age"], **options})


def es(**options):
    return lambda x: mih.event_study(x["g"], **options)


def of(call, name="g", **options):
    return lambda x: getattr(mih, call)(x[name], **options)


def group_time(**options):
    return lambda x: mih.group_time_effects(x["p"], **{"outcomes": "wage_income", **options})


def ways(**options):
    return lambda x: mih.specification_curve(x["g"], ways=options)


CONTROLS = [
    (m(replace="no"), r"replace is True or False. Found: replace='no'"),
    (m(common_support="yes"), "common_support is True or False"),
    (m(caliper=True), r"caliper is a finite number above zero. Found: caliper=True"),
    (m(caliper="0.2"), "caliper is a finite number above zero"),
    (m(caliper=math.nan), "caliper is a finite number above zero"),
    (m(ratio=5.0), r"Found: ratio=5.0. Do: give a whole number"),
    (m(window_end="a"), "window_end is a whole number"),
    (m(method=["cem"]), "match has no method="),
    (m(method="cem", cutpoints=[30, 40]), r"cutpoints is a mapping.*\"age\": \[30, 40\]"),
    (m(method="cem", cutpoints={"age": "30"}), "neither a number of bins nor points"),
    (w(method="ipw", trim="0.9"), r"trim is a number between 0 and 1.*give trim=0.99"),
    (w(moments=True), "weight has no moments=True"),
    (m(order="random", seed="a"), SEED),
    (m(order="random", seed=-1), SEED),
    (w(seed=1.5), SEED),
    (m(on={"age": 1}), rf"on {TERMS}. Found: on=a dict"),
    (m(on={"age"}), rf"on {TERMS}. Found: on=a set"),
    (m(on=None), rf"on {TERMS}. Found: on=None"),
    (m(on=3), TERMS),
    (m(on=[["age"]]), TERMS),
    (
        m(on=["age", mih.lag("wage_income", 2, 3)]),
        r"put a star.*\*mih\.lag\(\"wage_income\", 2, 3\)",
    ),
    (m(on=["age", "age"]), "on names age twice"),
    (m(exact=["county", "county"]), "exact names county twice"),
    (m(exact=3), "exact is a name, or a list of names"),
    (m(outcomes="county"), "county cannot be an outcome.*choose among wage_income"),
    (m(outcomes=3), "outcomes is a name, or a list of names"),
    (w(outcomes="county"), "county cannot be an outcome"),
    (lambda _: mih.lag(3, 1), r"column is one name. Found: column=3"),
    (lambda _: mih.lag(["wage_income"], 1), "column is one name"),
    (lambda _: mih.lag("wage_income", True), "A lag counts whole years before start. Found: True"),
]

COLUMNS = [
    (m(on="person_id"), "person_id cannot be used here"),
    (es(by="year"), "year cannot be used here"),
    (es(by="eligible"), "eligible cannot be used here: .* is no characteristic"),
    (es(by="start_month"), "start_month cannot be used here"),
    (m(on="agee"), "has no column agee.*perhaps age"),
    (es(by="agee"), "has no column agee.*perhaps age"),
]

ESTIMATES = [
    (lambda x: mih.event_study(x["cells"], adjust=True), "nothing to adjust by"),
    (es(adjust="no"), "no column no"),
    (es(adjust=3), "adjust"),
    (es(score_correction="no"), "score_correction is True or False"),
    (of("resample", adjust="no"), "adjust is True or False"),
    *((es(base=base), BASE) for base in (3, 0, True, (-1, -1), -1.0, None, "-1", [-1, 2])),
    (of("randomisation_test", year=2, base=5), BASE),
    *(
        (es(window=window), WINDOW)
        for window in ((-1, 2, 3), (6, -5), (3,), 5, None, "-5,6", (math.nan, 3), (0.0, 2.0))
    ),
    (of("resample", window=(6, -5)), WINDOW),
    (of("attrition_check", window=3), WINDOW),
    (lambda _: mih.cut(3, 3), TERMS),
    (lambda _: mih.cut("age", True), "in ascending order. Found: columns age; bounds True"),
    (es(by=3), "split by one characteristic"),
    (es(cluster=3), "Clusters are the values of one column"),
    (es(se=["person"]), "event_study has no se="),
    (group_time(covariates=3), f"covariates {TERMS}"),
    (group_time(outcomes=3), "outcomes is a name"),
    (of("lee_bounds", year=3, within=3), "within is a name"),
    (of("attrition_check", baseline=3), f"baseline {TERMS}"),
    (es(outcomes=3), "outcomes is a name"),
    (es(outcomes=[["wage_income"]]), "outcomes is a name"),
    (of("lee_bounds", year=3, outcome=["wage_income"]), "outcome is one name"),
    *(
        (call, SEED)
        for call in (
            es(seed=-1),
            es(seed=None),
            group_time(seed="a"),
            of("multiplier_bootstrap", "e", seed="a"),
            of("randomisation_test", year=2, seed=-1),
            of("resample", seed="a"),
            of("wild_bootstrap", year=2, cluster="county", seed=-1),
        )
    ),
    *(
        (call, YEARS)
        for call in (
            of("honest_bounds", "e", years=3.0),
            of("placebo_outcomes", outcomes="sosialhjelp", year=3.0),
            of("leave_one_out", year="3"),
            of("randomisation_test", year=[2.5]),
            lambda x: x["split"].difference_test(years=3.0),
        )
    ),
    (of("rosenbaum_bounds", "pairs", year=[3]), r"year is a whole number. Found: year=\[3\]"),
    (of("wild_bootstrap", year=[1, 2], cluster="county"), "one of them is tested"),
    (of("rosenbaum_bounds", "pairs", year=3, gamma="a"), "ratio of odds from 1. Found: gamma='a'"),
    (of("honest_bounds", "e", M="a"), "a number from 0, or several. Found: M='a'"),
    (of("pretrend_power", "e", power="a"), "Power lies between"),
    (of("e_value", "e", year=3, sd="a"), "sd is a finite number above zero"),
    (of("honest_bounds", "e", weights=[1]), "weights is a mapping"),
    (of("honest_bounds", "e", years=[1, 1]), "years names 1 twice"),
    *((es(level=level), LEVEL) for level in ("0.95", None, 95, True)),
    (of("honest_bounds", "e", level="a"), LEVEL),
    (of("lee_bounds", year=3, level=None), LEVEL),
    (of("placebo_start", alpha=95), rf"{ALPHA}. Found: alpha=95. Do: give alpha=0.05"),
    (of("randomisation_test", year=2, alpha=0.9), "Found: alpha=0.9. Do: give alpha=0.1 "),
    (lambda x: x["e"].pretrend_test(alpha="a"), ALPHA),
    (es(level=0.1), "Found: level=0.1. Do: give level=0.9 "),
    (of("honest_bounds"), r"honest_bounds takes effects. Found: a ControlGroup"),
    (
        of("honest_bounds", "gt"),
        r"takes effects. Found: a GroupTimeEffects.*aggregate\(\"event\"\)",
    ),
    (of("multiplier_bootstrap"), "multiplier_bootstrap takes effects"),
    (of("pretrend_power"), "pretrend_power takes effects"),
    (of("rosenbaum_bounds", "e", year=3), "rosenbaum_bounds takes a control group"),
    (lambda x: mih.e_value(x["e"], year=3, group=x["p"]), "takes a control group. Found: a Panel"),
    (
        lambda x: mih.cost_benefit(x["gt"], mih.Assumptions.r109(), programme=mih.Programme.none()),
        "cost_benefit takes effects",
    ),
    (
        of("rosenbaum_bounds", "pairs", year=3, statistic="x"),
        "rosenbaum_bounds has no statistic='x'",
    ),
    (of("lee_bounds", year=3, seen="x"), "lee_bounds has no seen='x'"),
    (of("attrition_check", dead="x"), "attrition_check has no dead='x'"),
    (of("resample", composition="x"), "resample has no composition='x'"),
    (ways(ratio=[0]), "No specification can have ratio=0: ratio is a whole number"),
    (ways(ratio=[0, 2], method=["propensity", "ipw"]), "No specification can have ratio=0"),
    (ways(on=[["nope"]]), "No specification can have on=nope: The panel has no column nope"),
    (ways(ratio=3), "The values of ratio to try are a list"),
    (ways(se=["x"]), "specification_curve has no se='x'"),
    (ways(base=[3]), BASE),
    (ways(adjust=["no"]), "adjust is True or False"),
    (lambda x: mih.specification_curve(x["g"], ways=[1]), "ways is a mapping"),
]

#: Options that are well formed, and that these data cannot give.
DATA = [
    (m(on=["text"]), SupportError, r"text in on= does not vary. Found: one value in all"),
    (m(on=["one"]), SupportError, "one in on= does not vary"),
    (m(on=["age", "text"]), SupportError, "text in on= does not vary"),
    (m(on="text", method="mahalanobis"), SupportError, "text in on= does not vary"),
    (w(on=["one"]), SupportError, "one in on= does not vary"),
    (w(on=["text"]), SupportError, "text in on= does not vary"),
    (w(on=["age", "text"], method="ipw"), SupportError, "text in on= does not vary"),
    (es(by=mih.lag("county", 40)), EffectsError, "No participant has a known value"),
    (
        es(by=mih.cut("age", 300)),
        EffectsError,
        "all in one bin. Found: 90 participants, all under 300",
    ),
    (of("honest_bounds", "e", M=1e99), EffectsError, "M is so large"),
    (of("e_value", "e", year=3, sd=1e-300), EffectsError, "too many standard deviations"),
    (
        of("placebo_start", years=50),
        EffectsError,
        "The placebo start, 50 years before .* outside the register",
    ),
]

CALLS = [
    *DATA,
    *((call, OptionError, words) for call, words in CONTROLS),
    *((call, OptionError, words) for call, words in COLUMNS),
    *((call, OptionError, words) for call, words in ESTIMATES),
    (
        lambda x: mih.cost_benefit(x["e"], 1, programme=mih.Programme.none()),
        OptionError,
        "cost_benefit takes assumptions",
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    CALLS,
    ids=[f"{n}-{words[:40]}" for n, (*_, words) in enumerate(CALLS)],
)
def test_misuse_is_named(given, call, error, words):
    with pytest.raises(error, match=words) as caught:
        call(given)
    assert type(caught.value) is error
    assert "Found: " in str(caught.value)
    assert "Do: " in str(caught.value)


def test_numbers_of_numpy_are_numbers(given):
    group = given["g"]
    plain = mih.event_study(group, outcomes="wage_income", window=(-2, 2), base=(-2, -1), seed=3)
    numpy = mih.event_study(
        group,
        outcomes=np.array(["wage_income"]),
        window=np.array([-2, 2]),
        base=[np.int64(-2), np.int64(-1)],
        adjust=np.bool_(False),
        level=np.float64(0.95),
        seed=np.int64(3),
    )
    assert numpy.to_frame().equals(plain.to_frame())


def test_plain_differences_have_no_base(given):
    one = mih.event_study(given["g"], estimator="difference", base=0, window=(0, 2))
    assert one.to_frame().equals(
        mih.event_study(given["g"], estimator="difference", window=(0, 2)).to_frame()
    )


@pytest.mark.parametrize("options", [{}, {"replace": False}, {"method": "mahalanobis"}])
def test_a_ratio_above_the_candidates_takes_them_all(given, options):
    """The largest cell has some hundred candidates: more than these cannot be had."""
    options = {"on": ["age"], "exact": "county", "caliper": None, **options}
    most = mih.match(given["p"], ratio=10**9, **options)
    enough = mih.match(given["p"], ratio=len(most.risk.person), **options)
    assert most.pairs().equals(enough.pairs())
    assert len(most.pairs()) > 5 * most.n_participants


def test_a_combination_that_fails_is_a_row_and_no_error(given):
    curve = mih.specification_curve(
        given["g"], year=2, ways={"method": ["propensity", "cem"], "on": [["age"], []]}
    )
    assert curve.table["reason"].str.contains("needs? covariates").any()


def test_what_is_shown_of_a_value_is_never_its_contents():
    frame = small_register(20, starters=2)
    assert arguments.shown(frame) == "a DataFrame"
    assert arguments.shown([frame]) == "a list"
    assert arguments.shown(np.arange(3)) == "an ndarray"
    assert arguments.shown(list(range(50))) == "a list"
    assert arguments.shown((np.int64(1), "a")) == "(1, 'a')"
    assert len(arguments.shown("a" * 1000)) < 100
