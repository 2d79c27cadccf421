"""The exported account is the account: its corners, its plain loops, its cash."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mih_impact as mih
from mih_impact.account.budget.impact import budget_impact
from mih_impact.account.export import VIEWS, account_at, export_account, mixed
from tests.accounts import account, assumptions, covariance_of, paths, programmes
from tests.property.export_reference import evaluate

few = settings(max_examples=20, deadline=None)

KINDS = ("none", "constant", "half_life", "linear")


@st.composite
def accounts(draw: st.DrawFn):
    """Accounts of any programme and rates, some items at another time of the year than the rest."""
    path = draw(paths(years=draw(st.integers(1, 4))))  # plain loops are slow
    rates, programme = draw(assumptions()), draw(programmes())
    timings = st.sampled_from([None, "start", "middle", "end"])
    items = [replace(item, timing=draw(timings)) for item in programme.items]
    covariance = covariance_of(path, draw(st.integers(0, 99))) if draw(st.booleans()) else None
    return account(path, rates, replace(programme, items=items), covariance)


@st.composite
def positions(draw: st.DrawFn, export: dict):
    """Any setting of an account: each slider at one of its positions, and a persistence."""
    at = {each["name"]: draw(st.sampled_from(each["positions"])) for each in export["sliders"]}
    return at | {"persistence": draw(st.sampled_from(KINDS))}


def close(value: float, expected: float, size: float) -> bool:
    return abs(value - expected) <= 1e-9 * max(size, 1.0)


@few
@given(accounts(), st.data())
def test_the_ledger_is_the_mean_of_its_corners(case, data):
    export = export_account(case)
    inside = st.floats(0, 1, allow_nan=False)
    at = {name: data.draw(inside, name) for name in VIEWS}
    ledger = replace(case.model, horizon=export["longest"]).ledger(at)
    coefficients = np.array(mixed(export["coefficients"], at))
    np.testing.assert_allclose(coefficients, ledger.group_coefficients, rtol=1e-9, atol=1e-12)
    fixed = sum(
        np.array(mixed(part[kind], at))
        for part in export["constants"]
        for kind in ("programme", "rest")
    )
    size = max(float(np.abs(ledger.constants).max()), 1.0)
    np.testing.assert_allclose(fixed, ledger.group_constants, rtol=1e-9, atol=1e-9 * size)


@few
@given(accounts(), st.data())
def test_plain_loops_agree_with_the_account(case, data):
    export = json.loads(json.dumps(export_account(case), allow_nan=False))
    setting = data.draw(positions(export))
    assume(setting["years_more"] < 12 or setting["persistence"] == "none")
    plain, truth = evaluate(export, setting), account_at(case, setting)
    size = float(np.abs(truth.model.ledger().amounts(truth.path)).max()) * truth.horizon
    assert plain["horizon"] == truth.horizon
    for name, group in plain["groups"].items():
        assert close(group["value"], truth.present_value(name), size), name
        years = truth.by_year().set_index("actor").loc[[name]]
        np.testing.assert_allclose(group["cumulative"], years["cumulative"], atol=1e-9 * size)
        bounds = truth.interval(of=name)
        if bounds is None:
            assert (group["low"], group["high"], group["reach"]) == (None, None, None)
            continue
        if bounds[1] - bounds[0] > 1e-6 * size:  # less is the root of a rounding error
            assert close(group["low"], bounds[0], size), name
            assert close(group["high"], bounds[1], size), name
    if truth.std_error is None:
        assert plain["probability"] is None
    elif truth.std_error > 1e-6 * size:
        assert plain["probability"] == pytest.approx(truth.probability_positive, abs=1e-9)


@few
@given(accounts(), st.data())
def test_break_even_is_the_accounts_own(case, data):
    export = export_account(case)
    setting = data.draw(positions(export)) | {"persistence": "none"}
    plain, truth = evaluate(export, setting), account_at(case, setting)
    size = float(np.abs(truth.model.ledger().amounts(truth.path)).max())
    for name, group in plain["groups"].items():
        if all(value == 0 or abs(value) > 1e-6 * size for value in group["cumulative"]):
            assert group["break_even"] == truth.break_even(name), name


@few
@given(accounts(), st.data())
def test_cash_is_the_budget_impact_of_one_cohort(case, data):
    export = export_account(case)
    setting = data.draw(positions(export)) | {"persistence": "none"}
    truth = account_at(case, setting)
    cash = evaluate(export, setting)["cash"]
    blocks = budget_impact(truth, starters={2026: 1}, draws=100).by_block()
    wide = blocks.pivot(index=["block", "actor"], columns="year", values="amount")
    size = float(np.abs(truth.model.ledger().amounts(truth.path)).max())
    seen = set()
    for row, amounts in zip(export["cash"]["rows"], cash, strict=True):
        key = (row["block"], row["actor"])
        seen.add(key)
        expected = wide.loc[key] if key in wide.index else np.zeros(truth.horizon)
        np.testing.assert_allclose(amounts, expected, atol=1e-9 * size)
    for key in set(wide.index) - seen:
        if key[1] != "public":
            assert np.abs(wide.loc[key]).max() == 0, key


def test_small_cells_are_not_exported():
    path = np.full((7, 3), 1_000.0)
    case = account(path, mih.Assumptions.r109(), mih.Programme.none())
    few_behind = replace(case, starters=np.array([120.0, 4.0, np.nan]))
    assert export_account(few_behind)["participants"] == [120, None, None]


@pytest.mark.parametrize("starters", [0, -5, float("nan"), "many"])
def test_a_cohort_is_a_number_above_zero(starters):
    case = account(np.zeros((7, 2)), mih.Assumptions.r109(), mih.Programme.none())
    with pytest.raises(mih.OptionError, match="starters"):
        export_account(case, starters=starters)


def test_positions_hold_the_accounts_own_value_and_the_ends_of_the_range():
    rates = mih.Assumptions.r109().replace(wage_bill=1 / 3, discount_rate=0.0433)
    case = account(np.full((7, 3), 1e5), rates, mih.nav.menn_i_helse())
    for slider in export_account(case, starters=527)["sliders"]:
        places = slider["positions"]
        assert {slider["value"], slider["low"], slider["high"]} <= set(places), slider["name"]
        assert places == sorted(set(places)), slider["name"]
        assert 5 <= len(places) <= 130, slider["name"]
