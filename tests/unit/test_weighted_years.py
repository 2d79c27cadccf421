"""Weighted controls read by calendar year are compared as they are row by row."""

from __future__ import annotations

import numpy as np
import pytest

import mih_impact as mih
from mih_impact.effects import weighted_years
from mih_impact.effects.weighted_years import WeightedYears
from tests.support import small_register, with_three_start_years

WAYS = {
    "entropy": {},
    "odds": {"method": "ipw"},
    "probit": {"method": "ipw", "link": "probit"},
}


@pytest.fixture(scope="module", params=[0.0, 0.06], ids=["all seen", "some missing"])
def panel(request):
    frame = small_register(500, starters=120, seed=5, missing=request.param)
    return mih.read_panel(with_three_start_years(frame), price_year=2024)


@pytest.fixture(scope="module", params=WAYS)
def group(request, panel):
    on = ["age", *mih.lag("wage_income", 1)]
    return mih.weight(panel, on=on, exact=["county"], **WAYS[request.param])


@pytest.mark.parametrize(
    "options",
    [
        {"outcomes": ["wage_income", "in_work"]},
        {"base": (-3, -2)},
        {"estimator": "difference"},
        {"composition": "balanced", "window": (-2, 2)},
        {"composition": "cohort_weighted", "window": (-2, 3)},
        {"dead": "missing", "by": "county"},
        {"window": (-12, 10), "outcomes": "sosialhjelp"},
    ],
    ids=str,
)
def test_years_side_by_side_are_the_rows(group, options, monkeypatch):
    monkeypatch.setattr(weighted_years, "_PERSONS", 128)
    found = mih.event_study(group, **options)
    monkeypatch.setattr(WeightedYears, "of", classmethod(lambda *_: None))
    slow = mih.event_study(group, **options)
    for name in ("estimate", "participant_mean", "control_mean", "std_error"):
        one, other = found.frame[name], slow.frame[name]
        assert one.to_numpy() == pytest.approx(other.to_numpy(), rel=1e-10, abs=1e-6, nan_ok=True)
    kept = [name for name in found.frame if found.frame[name].dtype.kind != "f"]
    assert found.frame[kept].equals(slow.frame[kept])
    assert (found.influence.cluster == slow.influence.cluster).all()
    size = np.abs(slow.influence.rows).max()
    assert found.influence.rows == pytest.approx(slow.influence.rows, rel=1e-9, abs=1e-10 * size)
    for name in found.contributions:
        one, other = found.contributions[name], slow.contributions[name]
        counts = name.startswith(("giving", "persons"))
        assert one.to_numpy() == pytest.approx(other.to_numpy(), rel=0 if counts else 1e-10)
    assert found.shown().frame.isna().equals(slow.shown().frame.isna())
