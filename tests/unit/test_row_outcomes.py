"""Outcomes read some at a time, and the nearest of reused controls alone, change no number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls.comparison import distinct
from mih_impact.effects import row_outcomes
from mih_impact.effects.influence import neighbours
from tests.support import small_register, with_three_start_years

WAYS = {
    "score": {"on": ["age", *mih.lag("wage_income", 1)], "exact": ["county"], "ratio": 3},
    "cells": {"method": "exact", "exact": ["county", "education"]},
    "once": {"on": ["age"], "replace": False, "scope": "global"},
    "distance": {"on": ["age", *mih.lag("wage_income", 1)], "method": "mahalanobis"},
}


@pytest.fixture(scope="module", params=[0.0, 0.06], ids=["all seen", "some missing"])
def panel(request):
    frame = small_register(500, starters=120, seed=5, missing=request.param)
    return mih.read_panel(with_three_start_years(frame), price_year=2024)


@pytest.fixture(scope="module", params=WAYS)
def group(request, panel):
    return mih.match(panel, **WAYS[request.param])


def assert_same(one, other):
    for found, expected in ((one.frame, other.frame), (one.contributions, other.contributions)):
        for name in expected:
            if expected[name].dtype.kind == "f":
                np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-9)
            else:
                assert found[name].equals(expected[name])
    assert (one.influence.cluster == other.influence.cluster).all()
    size = np.abs(other.influence.rows).max()
    np.testing.assert_allclose(one.influence.rows, other.influence.rows, atol=1e-14 * size)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"se": "person"},
        {"base": (-3, -2), "outcomes": ["wage_income", "in_work", "sosialhjelp"]},
        {"composition": "cohort_weighted", "window": (-2, 3), "by": "county"},
        {"composition": "balanced", "window": (-2, 2), "dead": "missing"},
    ],
    ids=str,
)
def test_outcomes_by_themselves_are_those_read_together(group, options, monkeypatch):
    together = mih.event_study(group, **options)
    monkeypatch.setattr(row_outcomes, "_NUMBERS", 1)
    assert_same(mih.event_study(group, **options), together)


def test_outcomes_by_month_are_read_by_themselves_too(monkeypatch):
    years = small_register(200, starters=60, seed=5).query("2013 <= year <= 2019")
    years["start_year"] = years["start_year"].where(years["start_year"].isna(), 2016.0)
    months = years.merge(pd.DataFrame({"month": range(1, 13)}), how="cross")
    panel = mih.read_panel(
        months.assign(start_month=months["start_year"] * 0 + 1), period="month", price_year=2024
    )
    group = mih.match(panel, on=["age"], exact=["county"])
    together = mih.event_study(group, window=(-2, 2))
    monkeypatch.setattr(row_outcomes, "_NUMBERS", 1)
    assert_same(mih.event_study(group, window=(-2, 2)), together)


@pytest.mark.parametrize("way", ["score", "cells", "distance"])
def test_a_control_that_one_participant_has_adds_nothing_by_its_nearest(panel, way, monkeypatch):
    group = mih.match(panel, **WAYS[way])
    found = mih.event_study(group)
    monkeypatch.setattr(
        row_outcomes, "_near_reused", lambda group: neighbours(group, distinct(group.sets.control))
    )
    everybody = mih.event_study(group)
    near = row_outcomes.neighbours(group, distinct(group.sets.control))
    reused = len(row_outcomes._NEAR[group].used)
    assert 0 < reused <= len(near.used)
    assert way == "cells" or reused < len(near.used)
    np.testing.assert_allclose(found.estimate, everybody.estimate, rtol=1e-12)
    size = np.sqrt(np.abs(np.outer(*[np.diag(everybody.matrix)] * 2)))
    assert (np.abs(found.matrix - everybody.matrix) <= 1e-9 * size).all()
