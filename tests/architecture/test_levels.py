"""`level` is the coverage of intervals, `alpha` the false alarms of tests, in every public call."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import mih_impact as mih
from mih_impact.errors import MihImpactError
from tests.support import small_register

#: A value of the other kind, and per cent; with what the message then tells to give.
WRONG = {
    "level": {0.05: "level=0.95", 95: "level=0.95", 5: "level=0.95", 0.5: "level=0.95"},
    "alpha": {0.95: "alpha=0.05", 95: "alpha=0.05", 5: "alpha=0.05", 0.5: "alpha=0.05"},
}


def _asks(function: object) -> list[str]:
    return [name for name in WRONG if name in inspect.signature(function).parameters]


def _functions():
    found = {name: getattr(mih, name) for name in mih.__all__}
    return {name: f for name, f in found.items() if inspect.isfunction(f) and _asks(f)}


def _methods():
    """Return the public methods of every class of the package, by class and name."""
    found = {}
    for module in pkgutil.walk_packages(mih.__path__, "mih_impact."):
        if module.name.endswith("__main__"):
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            if not inspect.isclass(kind) or kind.__module__ != module.name or name[0] == "_":
                continue
            for method, f in vars(kind).items():
                if method[0] != "_" and inspect.isfunction(f) and _asks(f):
                    found[name, method] = f
    return found


FUNCTIONS, METHODS = _functions(), _methods()


@pytest.fixture(scope="module")
def given():
    """What public calls ask for, by the name of the parameter."""
    panel = mih.read_panel(small_register(60, starters=20), price_year=2024)
    group = mih.match(panel, on=["age"])
    effects = mih.event_study(group, outcomes="wage_income", window=(-3, 3))
    return {
        "panel": panel,
        "group": group,
        "effects": effects,
        "outcome": "wage_income",
        "outcomes": "wage_income",
        "year": 2,
        "cluster": "county",
        "years": [1, 2],
    }


@pytest.fixture(scope="module")
def results(given):
    """A result of each class that has such a method."""
    case = mih.cost_benefit(
        given["effects"], mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=4
    )
    draws = case.uncertainty(n=100)
    start_years = mih.group_time_effects(given["panel"], outcomes="wage_income")
    return {
        "EffectEstimates": given["effects"],
        "GroupTimeEffects": start_years,
        "EffectSeries": given["effects"],
        "AccountValues": case,
        "Uncertainty": draws,
    }


def _needed(function, given):
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    return {p.name: given[p.name] for p in parameters if p.default is inspect.Parameter.empty}


def _refuses(call, name):
    other = "level" if name == "alpha" else "alpha"
    with pytest.raises(MihImpactError, match=f"no option {other}.*Do: .*{name}="):
        call(**{other: 0.9})
    for value, told in WRONG[name].items():
        with pytest.raises(MihImpactError, match=f"Found: {name}={value}. Do: give {told} "):
            call(**{name: value})


def test_there_are_intervals_and_tests():
    kinds = [_asks(f) for f in (*FUNCTIONS.values(), *METHODS.values())]
    assert kinds.count(["level"]) >= 12
    assert kinds.count(["alpha"]) >= 8
    assert ["level", "alpha"] not in kinds


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_call_refuses_the_other_kind(name, given):
    function = FUNCTIONS[name]
    needed = _needed(function, given)
    _refuses(lambda **option: function(**needed, **option), *_asks(function))


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_a_method_refuses_the_other_kind(kind, name, given, results):
    function = METHODS[kind, name]
    needed = _needed(function, given)
    _refuses(lambda **option: function(results[kind], **needed, **option), *_asks(function))
