"""Who contributes to group-time effects, and who is compared, found quickly and slowly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.effects.group_time import call, sample
from mih_impact.effects.group_time.giving import giving_of
from tests.support import small_register

ASKED = [
    {},
    {"controls": "not_yet"},
    {"controls": "not_yet", "anticipation": 1},
    {"base_period": "varying"},
    {"exact": ["county"]},
]


def panel(missing: float, weights: bool) -> mih.Panel:
    frame = small_register(400, starters=120, seed=5, missing=missing)
    frame["w8"] = 1.0 + frame["person_id"] % 3
    return mih.read_panel(frame, price_year=2024, **({"weights": "w8"} if weights else {}))


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.06])
@pytest.mark.parametrize("options", ASKED, ids=str)
def test_who_is_seen_throughout_is_added_up_as_others_are(options, missing, weights, monkeypatch):
    given = []

    def kept(*args):
        given[:] = args
        return giving_of(*args)

    monkeypatch.setattr(call, "giving_of", kept)
    outcomes = ["wage_income", "in_work", "sosialhjelp"]
    effects = mih.group_time_effects(panel(missing, weights), outcomes=outcomes, **options)
    found = effects.giving[0]
    groups, read, windows = given
    by_pair = replace(read, complete=np.zeros_like(read.complete))
    slow = giving_of(groups, by_pair, windows)
    assert read.complete.all() == (missing == 0)
    assert (found["giving_controls"] > 0).any()
    for name in found:
        counts = name.startswith(("giving", "persons"))
        assert found[name].to_numpy() == pytest.approx(slow[name], rel=0 if counts else 1e-10)


@pytest.mark.parametrize("options", ASKED[:4], ids=str)
def test_where_all_are_there_the_groups_are_those_of_the_long_way(options, monkeypatch):
    whole = panel(0.0, weights=False)
    short = []
    everybody = sample._everybody
    monkeypatch.setattr(sample, "_everybody", lambda *args: short.append(1) or everybody(*args))
    found = mih.group_time_effects(whole, outcomes="wage_income", **options)
    assert short
    monkeypatch.setattr(sample, "_everybody", _long(options))
    slow = mih.group_time_effects(whole, outcomes="wage_income", **options)
    pd.testing.assert_frame_equal(found.to_frame(), slow.to_frame())
    assert found.flow == slow.flow


def _long(options):
    ahead = options.get("anticipation", 0)

    def gather(cube, g, never, later_than, tally):
        del never
        return sample._start_group(cube, g, [], [], later_than, ahead, False, tally)

    return gather
