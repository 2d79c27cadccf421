"""Options that a call does not have get the nearest thing that it has, and signatures stay."""

from __future__ import annotations

import inspect
import re

import pytest

import mih_impact as mih
from mih_impact.arguments import ELSEWHERE

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
