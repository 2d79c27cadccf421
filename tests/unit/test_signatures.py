"""Options that a call does not have get the nearest thing that it has, and signatures stay."""

from __future__ import annotations

import inspect
import re
from ast import literal_eval
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import mih_impact as mih
from mih_impact.arguments import ELSEWHERE
from mih_impact.controls.options import METHODS_ELSEWHERE
from tests.support import read_frame, small_register

FUNCTIONS = sorted(
    name
    for name in mih.__all__
    if inspect.isfunction(getattr(mih, name)) and name not in ("load", "options")
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_call_refuses_an_option_it_does_not_have(name):
    call = getattr(mih, name)
    own = inspect.signature(call).parameters
    assert not any(each.kind is each.VAR_KEYWORD for each in own.values())
    with pytest.raises(mih.UnknownOptionError, match=f"{name} has no option no_such_thing"):
        call(no_such_thing=1)
    with pytest.raises(TypeError):  # as any other function of Python
        call(no_such_thing=1)


def defaults(option: str) -> dict[str, object]:
    """Return what an option is by default, in every public call and method that has a default."""
    own = {name: getattr(mih, name) for name in FUNCTIONS} | {
        f"{name}.{method}": getattr(kind, method)
        for name, kind in ((name, getattr(mih, name)) for name in mih.__all__)
        if inspect.isclass(kind)
        for method in vars(kind)
        if not method.startswith("_") and callable(getattr(kind, method))
    }
    found = {
        name: inspect.signature(call).parameters[option].default
        for name, call in own.items()
        if option in inspect.signature(call).parameters
    }
    return {name: value for name, value in found.items() if value is not inspect.Parameter.empty}


def test_an_option_has_the_same_default_in_every_call():
    assert set(defaults("level").values()) == {0.95}
    assert set(defaults("alpha").values()) == {0.05}
    seeds = defaults("seed")
    drawn_only_on_request = {name for name, value in seeds.items() if value is None}
    assert drawn_only_on_request == {"match", "weight", "Provenance.of", "Provenance.then"}
    assert set(seeds.values()) == {2025, None}
    draws = defaults("draws")
    tests = {name for name, value in draws.items() if value == 999}
    assert tests == {"multiplier_bootstrap", "randomisation_test", "resample", "wild_bootstrap"}
    assert set(draws.values()) == {999, 2_000}


@pytest.mark.parametrize(
    ("call", "option", "advice"),
    [
        ("match", "metric", "here it is distance="),
        ("match", "M", "here it is ratio="),
        ("match", "BiasAdjust", r"adjust=True"),
        ("event_study", "clusters", "here it is cluster="),
        ("event_study", "vcov", "se= and cluster="),
        ("event_study", "windw", "did you mean window="),
        ("group_time_effects", "xformla", "covariates="),
        ("group_time_effects", "control_group", "not_yet"),
        ("honest_bounds", "Mbarvec", "relative_magnitudes"),
        ("resample", "B", "here it is draws="),
        ("read_panel", "sep", "found in the header"),
        ("cost_benefit", "discount", "use one of assumptions"),
        ("match", "vce", r"mih.event_study\(group, se="),
        ("match", "data", "first argument is a panel"),
        ("event_study", "data", "first argument is a control group"),
        ("event_study", "nboot", "mih.multiplier_bootstrap"),
        ("event_study", "alpha", "here it is level=, which is 1 - alpha"),
        ("placebo_start", "level", "here it is alpha=, which is 1 - level"),
    ],
)
def test_options_of_other_packages_get_the_nearest_of_ours(call, option, advice):
    with pytest.raises(mih.UnknownOptionError, match=advice):
        getattr(mih, call)(**{option: 1})


@pytest.mark.parametrize("call", [call for call in ELSEWHERE if call])
def test_no_advice_of_a_call_is_lost_for_the_list_of_its_options(call):
    for option in ELSEWHERE[call]:
        with pytest.raises(mih.UnknownOptionError) as error:
            getattr(mih, call)(**{option: 1})
        assert "use one of" not in str(error.value), option


def advised() -> list[tuple[str, str, str]]:
    return [
        (call, option, told)
        for call, options in ELSEWHERE.items()
        for option, told in options.items()
    ]


@pytest.mark.parametrize(("call", "option", "told"), advised())
def test_what_is_advised_is_there(call, option, told):
    """Every option named is one of the call's, or of the call that is named before it."""
    if call:
        assert option not in inspect.signature(getattr(mih, call)).parameters
    for named, given in re.findall(r"mih\.(\w+)\([^)]*?(\w+)=", told):
        assert given in inspect.signature(getattr(mih, named)).parameters, told
    own = re.sub(r"mih\.\w+(\.\w+)?\(.*", "", told)
    for given in re.findall(r"(?<![\w.])([A-Za-z_]\w*)=", own):
        calls = [call] if call else FUNCTIONS
        calls += re.findall(r"(?:of mih\.|on )(\w+)", told)
        there = {
            each
            for name in calls
            if name in FUNCTIONS
            for each in inspect.signature(getattr(mih, name)).parameters
        }
        assert given in there, told


def test_a_name_of_before_is_told_its_new_one():
    with pytest.raises(mih.RenamedError, match=r"bands has another name.*mih\.cut\(") as told:
        mih.bands("age", 30)
    assert isinstance(told.value, (mih.OptionError, AttributeError))
    assert not hasattr(mih, "bands")
    assert "bands" not in dir(mih)


def test_a_bootstrap_is_one_of_two():
    with pytest.raises(mih.RenamedError, match=r"multiplier_bootstrap\(.*mih\.resample\("):
        mih.bootstrap("effects")


def test_years_and_bounds_are_given_one_by_one_or_in_a_list():
    one_by_one = mih.lag("wage_income", 1, 2, 3)
    assert mih.lag("wage_income", [1, 2, 3]) == one_by_one == mih.lag("wage_income", range(1, 4))
    assert mih.cut("age", [30, 45]) == mih.cut("age", 30, 45)
    with pytest.raises(mih.OptionError, match=r"0 for wage_income"):
        mih.lag("wage_income", [0])
    with pytest.raises(mih.OptionError, match="ascending order"):
        mih.cut("age", [45, 30])


FRAME = small_register(200, starters=40)
PAGE = Path(__file__).parents[2] / "docs" / "r_and_stata.md"


def of_other_packages() -> list[tuple[str, str, str, str]]:
    return [
        (call, option, value, told)
        for (call, option), values in METHODS_ELSEWHERE.items()
        for value, told in values.items()
    ]


@pytest.fixture(scope="module")
def few() -> mih.Panel:
    return read_frame(FRAME)


@pytest.mark.parametrize(("call", "option", "value", "told"), of_other_packages())
def test_a_method_of_another_package_is_told_as_a_call_that_runs(few, call, option, value, told):
    with pytest.raises(mih.OptionError) as error:
        getattr(mih, call)(few, on=["age"], **{option: value})
    assert f"Do: {told}; or choose one of" in str(error.value)
    for verb, given in re.findall(r"\b(match|weight)\(panel(?:, on=\.\.\.)?([^)]*)\)", told):
        options = dict(re.findall(r"(\w+)=('\w+'|\w+)", given))
        # A function stands for one that the caller has.
        known = {name: score if name == "score" else literal_eval(o) for name, o in options.items()}
        assert getattr(mih, verb)(few, on=["age"], **known).n_participants


def score(learn: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    return pd.Series(learn["starts"].mean(), index=rows.index)


@pytest.mark.parametrize("value", ["nearest", "psmatch", "nnmatch"])
def test_what_is_told_of_a_method_is_what_the_page_of_commands_says(value):
    """The page's rows are compared with the packages' own numbers."""
    page = PAGE.read_text(encoding="utf-8")
    told = METHODS_ELSEWHERE["match", "method"][value]
    options = re.sub(r".*match\(panel, on=\.\.\., ", "match(", told).replace("'", '"')
    assert f"`{options}`" in page


def test_just_identified_cbps_has_the_weights_of_entropy_balancing(few):
    """Odds exp(x'b) of a logit whose weighted means are the participants' (Imai and Ratkovic)."""
    rows = mih.weight(few, on=["age"]).to_frame()
    birth = FRAME.drop_duplicates("person_id").set_index("person_id")["birth_year"]
    age = (rows["start_year"] - 1980 - rows["person_id"].astype(int).map(birth - 1980)) / 10
    for start in sorted(rows["start_year"].unique()):
        of_year, starts = rows["start_year"] == start, rows["role"] == "participant"
        own, others = (age[of_year & side].to_numpy() for side in (starts, ~starts))
        b = brentq(lambda b, o, m: np.average(o, weights=np.exp(b * o)) - m, -9, 9,
                   (others, own.mean()), xtol=1e-14)  # fmt: skip
        odds = np.exp(b * others)
        weight = rows.loc[of_year & ~starts, "weight"]
        np.testing.assert_allclose(weight / weight.sum(), odds / odds.sum(), rtol=1e-6)
