"""Minimum wages and county teen employment (mpdta), the example of R's did, against its numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih

HERE = Path(__file__).parent / "mpdta"
#: Our options for the scenarios that were recorded from R's did 2.5.1, by csdid's tests.
SCENARIOS = {
    "mpdta_nev_dr": {},
    "mpdta_nyt_dr": {"controls": "not_yet"},
    "mpdta_nev_reg_cov": {"covariates": "lpop", "estimator": "reg"},
}


@pytest.fixture(scope="module")
def panel() -> mih.Panel:
    wide = pd.read_csv(HERE / "mpdta.csv")
    long = wide.melt(["countyreal", "first.treat", "lpop"], var_name="year", value_name="lemp")
    long["year"] = long["year"].str[1:].astype(int)
    long["state"] = (long["countyreal"] // 1000).astype(str)
    long["start_year"] = long["first.treat"].where(long["first.treat"] > 0)
    long = long.rename(columns={"countyreal": "person_id"}).drop(columns="first.treat")
    return mih.read_panel(long, units={"lemp": "log jobs"})


def att_gt(panel: mih.Panel, **options: object) -> mih.GroupTimeEffects:
    return mih.group_time_effects(panel, outcomes="lemp", base_period="varying", **options)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_averages_overall_effects_and_pretrend_test_of_r_did(panel, scenario):
    effects = att_gt(panel, **SCENARIOS[scenario])
    recorded = pd.read_csv(HERE / "aggte.csv").query("scenario == @scenario")
    for kind, rows in recorded.groupby("type"):
        overall = effects.overall(kind)
        assert overall.params.item() == pytest.approx(rows["overall_att"].iloc[0], abs=1e-9)
        assert overall.std_errors.item() == pytest.approx(rows["overall_se"].iloc[0], abs=1e-9)
        if kind != "simple":
            own = effects.aggregate({"dynamic": "event"}.get(kind, kind)).to_frame()
            own = own.set_index("level").loc[rows["egt"]]
            np.testing.assert_allclose(own["estimate"], rows["att_egt"], atol=1e-9)
            np.testing.assert_allclose(own["std_error"], rows["se_egt"], atol=1e-9)
    told = pd.read_csv(HERE / "pretest.csv").set_index("scenario").loc[scenario]
    test = effects.pretrend_test()
    assert test.to_frame()["df"].tolist() == [5] * 5
    assert test.to_frame()["statistic"].iloc[0] == pytest.approx(told["W"], abs=1e-8)
    assert test.to_frame()["p_value"].iloc[0] == pytest.approx(told["Wpval"], abs=5e-6)
    assert test.passed


def test_the_joint_test_is_the_same_against_one_base_year(panel):
    varying = att_gt(panel).pretrend_test().to_frame()["statistic"].iloc[0]
    universal = mih.group_time_effects(panel, outcomes="lemp").pretrend_test().to_frame()
    assert universal["statistic"].iloc[0] == pytest.approx(varying)
    assert (universal["year"] < universal["group"] - 1).all()


@pytest.mark.parametrize("case", ["balance_e=1", "cluster"])
def test_balanced_event_years_and_clusters_of_states(panel, case):
    """As csdid has them, whose own tests hold it to R's did."""
    effects = att_gt(panel, cluster="state" if case == "cluster" else "person")
    options = {} if case == "cluster" else {"balance_e": 1}
    recorded = pd.read_csv(HERE / "csdid.csv").query("case == @case")
    for kind, rows in recorded.groupby("type"):
        overall, of_all = effects.overall(kind, **options), rows[rows["level"].isna()].iloc[0]
        assert overall.params.item() == pytest.approx(of_all["att"], abs=1e-9)
        assert overall.std_errors.item() == pytest.approx(of_all["se"], abs=1e-9)
        rows = rows.dropna()
        if len(rows):
            own = effects.aggregate({"dynamic": "event"}.get(kind, kind), **options).to_frame()
            assert own["level"].tolist() == rows["level"].tolist()
            np.testing.assert_allclose(own["estimate"], rows["att"], atol=1e-9)
            np.testing.assert_allclose(own["std_error"], rows["se"], atol=1e-9)


def test_the_multiplier_bootstrap_weighs_clusters(panel):
    overall = att_gt(panel, cluster="state").overall("dynamic")
    assert len(overall.influence.rows) == 29
    drawn = mih.multiplier_bootstrap(overall, draws=4000, kind="webb", seed=3)
    assert drawn.std_errors.item() == pytest.approx(overall.std_errors.item(), rel=0.05)
