"""Group-time effects by design weights: csdid's numbers, slow loops, and copied persons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.oracle.group_time_loops import all_cells, dense, require_same
from tests.oracle.test_group_time_loops import small_panel
from tests.support import read_numbers

HERE = Path(__file__).parent
#: Our options for the cases that `group_time_weights/record_csdid.py` recorded.
CASES = {
    "plain": {},
    "plain, not yet": {"controls": "not_yet", "base_period": "varying"},
    "reg": {"estimator": "reg", "covariates": "lpop", "base_period": "varying"},
    "ipw": {"estimator": "ipw", "covariates": "lpop"},
    "dr": {"covariates": "lpop"},
    "dr, not yet": {"covariates": "lpop", "controls": "not_yet", "base_period": "varying"},
}
WAYS = {
    "plain": {},
    "cells": {"exact": "county", "controls": "not_yet", "base_period": "varying"},
    "reg": {"exact": "county", "covariates": "x", "estimator": "reg"},
    "ipw": {"covariates": "x", "estimator": "ipw", "controls": "not_yet"},
    "dr": {"exact": "county", "covariates": "x", "anticipation": 1},
}


@pytest.fixture(scope="module")
def minimum_wages() -> mih.Panel:
    wide = pd.read_csv(HERE / "mpdta" / "mpdta.csv")
    long = wide.melt(["countyreal", "first.treat", "lpop"], var_name="year", value_name="lemp")
    long["year"] = long["year"].str[1:].astype(int)
    long["w"] = 0.5 + long["countyreal"] % 7
    long["start_year"] = long["first.treat"].where(long["first.treat"] > 0)
    long = long.rename(columns={"countyreal": "person_id"}).drop(columns="first.treat")
    return mih.read_panel(long, units={"lemp": "log jobs"}, weights="w")


@pytest.mark.parametrize("case", CASES)
def test_effects_and_averages_are_those_of_csdid(minimum_wages, case):
    effects = mih.group_time_effects(minimum_wages, outcomes="lemp", **CASES[case])
    told = pd.read_csv(HERE / "group_time_weights" / "csdid.csv").query("case == @case")
    table = effects.to_frame().set_index(["group", "year"])
    each = told[told["type"] == "gt"]
    own = table.loc[list(zip(each["group"].astype(int), each["level"].astype(int), strict=True))]
    np.testing.assert_allclose(own["estimate"], each["att"], atol=1e-6)
    seen = each["se"].notna().to_numpy()
    np.testing.assert_allclose(own["std_error"][seen], each["se"][seen], atol=1e-6)
    for kind, rows in told[told["type"] != "gt"].groupby("type"):
        overall, of_all = effects.overall(kind), rows[rows["level"].isna()].iloc[0]
        assert overall.params.item() == pytest.approx(of_all["att"], abs=1e-6)
        assert overall.std_errors.item() == pytest.approx(of_all["se"], abs=1e-6)
        rows = rows.dropna(subset="se")
        if kind != "simple":
            rows = rows[rows["level"].notna()]
            own = effects.aggregate({"dynamic": "event"}.get(kind, kind)).to_frame()
            own = own.set_index("level").loc[rows["level"]]
            np.testing.assert_allclose(own["estimate"], rows["att"], atol=1e-6)
            np.testing.assert_allclose(own["std_error"], rows["se"], atol=1e-6)


def weighing(persons):
    return 1.0 + np.asarray(persons) % 3


@pytest.fixture(scope="module", params=[0.0, 0.05], ids=["complete", "rows missing"])
def frame(request):
    rows = small_panel(missing=request.param)
    return rows.assign(w=weighing(rows["person_id"]))


def estimated(panel, way):
    return mih.group_time_effects(panel, outcomes=["outcome", "second"], **WAYS[way])


@pytest.mark.parametrize("way", WAYS)
def test_equal_weights_change_nothing(frame, way):
    plain, equal = read_numbers(frame), read_numbers(frame.assign(w=0.2), weights="w")
    one, other = estimated(plain, way), estimated(equal, way)
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.matrix, other.matrix, rtol=1e-8, atol=1e-12)
    for kind in ("event", "group", "simple"):
        a, b = one.aggregate(kind), other.aggregate(kind)
        np.testing.assert_allclose(a.matrix, b.matrix, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("way", WAYS)
def test_whole_weights_are_copies_of_persons_in_clusters(frame, way):
    """Estimates are those of copied persons, errors theirs by the person; persons are counted."""
    copies = [
        frame[frame["w"] > k].assign(person_id=lambda f, k=k: f["person_id"] + 1000 * k)
        for k in range(3)
    ]
    copied = pd.concat(copies).assign(same=lambda f: (f["person_id"] % 1000).astype(str))
    ours = estimated(read_numbers(frame, weights="w"), way)
    asked = {**WAYS[way], "cluster": "same", "outcomes": ["outcome", "second"]}
    theirs = mih.group_time_effects(read_numbers(copied), **asked)
    np.testing.assert_allclose(ours.estimate, theirs.estimate, atol=1e-9)
    np.testing.assert_allclose(ours.matrix, theirs.matrix, atol=1e-10)
    many = {name: ours.to_frame()[name].sum() for name in ("n_participants", "n_controls")}
    assert all(many[name] < theirs.to_frame()[name].sum() for name in many)
    for kind in ("event", "group", "calendar", "simple"):
        a, b = ours.aggregate(kind), theirs.aggregate(kind)
        np.testing.assert_allclose(a.estimate, b.estimate, atol=1e-9)
        np.testing.assert_allclose(a.matrix, b.matrix, atol=1e-10)
    for kind in ("dynamic", "group", "calendar"):
        a, b = ours.overall(kind), theirs.overall(kind)
        np.testing.assert_allclose(a.matrix, b.matrix, atol=1e-10)


def test_controls_kept_as_moments_are_those_written_out(frame):
    """Slow loops without covariates: enough who are alike for their moments to stand for them."""
    effects = mih.group_time_effects(read_numbers(frame, weights="w"), outcomes="outcome")
    slow = all_cells(frame, ["outcome"], weight=weighing)
    require_same(effects, slow, frame["person_id"].unique())


@pytest.mark.parametrize("kind", ["reg", "ipw", "dr"])
def test_persons_raised_one_by_one_move_effects_as_their_influence_says(kind):
    frame = small_panel(seed=5, n=80).query("2011 <= year <= 2013")
    frame = frame.assign(w=weighing(frame["person_id"]))
    asked = {"covariates": ["x"], "exact": ["county"] if kind == "reg" else []}
    effects = mih.group_time_effects(
        read_numbers(frame, weights="w"), outcomes="outcome", estimator=kind, **asked
    )
    slow = all_cells(frame, ["outcome"], kind=kind, weight=weighing, **asked)
    table, index = effects.to_frame().set_index(["outcome", "group", "year"]), list(slow)
    place = [table.index.get_loc(key) for key in index]
    value = [slow[key].estimate for key in index]
    np.testing.assert_allclose(table["estimate"].to_numpy()[place], value, atol=1e-9)
    rows = dense([slow[key] for key in index], frame["person_id"].unique())
    found = np.nan_to_num(effects.matrix[np.ix_(place, place)])
    np.testing.assert_allclose(found, rows.T @ rows, atol=1e-5 * np.nanmax(found))


def test_small_cells_are_of_persons_whatever_they_weigh(tmp_path):
    """Few who weigh much are few; many who weigh little are many; and a hidden weight is gone."""
    frame = small_panel(seed=8, n=400)
    few = frame["person_id"].isin(frame.loc[frame["start_year"] == 2015, "person_id"].unique()[4:])
    frame = frame[~few].assign(w=lambda f: np.where(f["start_year"] == 2015, 1000.0, 0.001))
    effects = mih.group_time_effects(read_numbers(frame, weights="w"), outcomes="outcome")
    with mih.options(min_cell=5):
        shown = effects.shown()
    table, hidden = effects.to_frame(), shown.to_frame()["estimate"].isna()
    assert hidden[table["group"] == 2015].all()
    assert not hidden[table["group"] == 2012].all()
    assert shown.mass[effects.starts.index(2015)] == 0.0
    assert (effects.mass > 0).all()
    loaded = mih.load(effects.save(tmp_path / "effects.zip"))
    assert loaded.mass is not None


def test_cards_and_accounts_say_that_persons_are_weighted(minimum_wages):
    effects = mih.group_time_effects(minimum_wages, outcomes="lemp")
    for each in (effects, effects.aggregate("event")):
        assert "design weights, w" in " ".join(each.summary("en").split())
        assert "utvalgsvektene i w" in " ".join(each.summary("nb").split())


def test_the_bootstrap_draws_weighted_influence(minimum_wages):
    overall = mih.group_time_effects(minimum_wages, outcomes="lemp").overall("dynamic")
    drawn = mih.multiplier_bootstrap(overall, draws=4000, seed=3)
    assert drawn.std_errors.item() == pytest.approx(overall.std_errors.item(), rel=0.05)


def test_advice_on_weights_is_followed(minimum_wages):
    with pytest.raises(mih.OptionError, match=r"mih.read_panel\(frame, weights="):
        mih.group_time_effects(minimum_wages, outcomes="lemp", weightsname="w")
