"""read_cross_section: what one period can answer, what it cannot, and LaLonde's numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.formula.api as smf

import mih_impact as mih

ON = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


@pytest.fixture(scope="module")
def men() -> pd.DataFrame:
    causaldata = pytest.importorskip("causaldata")
    return causaldata.nsw_mixtape.load_pandas().data.drop(columns="data_id")


@pytest.fixture(scope="module")
def panel(men) -> mih.Panel:
    return mih.read_cross_section(men, treated="treat", outcome="re78", unit="dollars")


@pytest.fixture(scope="module")
def group(panel) -> mih.ControlGroup:
    return mih.match(panel, on=ON, ratio=1, caliper=None)


def test_the_experiment_of_dehejia_and_wahba(men):
    """1,794 (671) dollars (Dehejia and Wahba 1999): a weight of one for everybody."""
    panel = mih.read_cross_section(
        men.assign(everybody="x"), treated="treat", outcome="re78", unit="dollars"
    )
    group = mih.match(panel, method="exact", exact="everybody")
    effects = mih.event_study(group, estimator="difference", se="person", small_sample="CR1S")
    fit = smf.ols("re78 ~ treat", men.astype(float)).fit(
        cov_type="cluster", cov_kwds={"groups": np.arange(len(men))}, use_t=True
    )
    assert effects.params.item() == pytest.approx(1794.342, abs=1e-3)
    assert effects.params.item() == pytest.approx(fit.params["treat"], rel=1e-9)
    assert effects.std_errors.item() == pytest.approx(fit.bse["treat"], rel=1e-9)
    assert effects.std_errors.item() == pytest.approx(671, abs=1)
    classical = mih.event_study(group, estimator="difference", se="person", small_sample="CR2")
    neyman = np.sqrt(men.groupby("treat")["re78"].agg(lambda y: y.var() / len(y)).sum())
    assert classical.std_errors.item() == pytest.approx(neyman, rel=1e-5)


def test_one_period_gives_the_same_as_two_invented_years(men, group):
    fixed = men.drop(columns=["treat", "re78"]).assign(
        person_id=np.arange(len(men)), start_year=np.where(men["treat"] == 1, 2011.0, np.nan)
    )
    rows = pd.concat([fixed.assign(year=2010), fixed.assign(year=2011, re78=men["re78"])])
    panel = mih.read_panel(rows, units={"re78": "dollars"})
    other = mih.match(panel, on=ON, ratio=1, caliper=None)
    own = mih.event_study(group, estimator="difference")
    theirs = mih.event_study(other, estimator="difference", window=(0, 0))
    np.testing.assert_array_equal(own.matrix, theirs.matrix)
    np.testing.assert_array_equal(own.estimate, theirs.estimate)


def test_nothing_that_is_shown_tells_of_years(panel, group):
    effects = mih.event_study(group, estimator="difference")
    assert "200" not in group.overlap().summary("en")
    for shown in (panel, group, effects, group.balance()):
        text = shown.summary("en") + shown.summary("nb")
        for word in ("2000", "2001", "year 0", "år 0", "per år", "oppstart", "never start"):
            assert word not in text, (type(shown).__name__, word)
    assert "445" in panel.summary("en")


def test_weights_subgroups_and_checks_of_one_period(panel):
    group = mih.weight(panel, on=ON)
    effects = mih.event_study(group, estimator="difference", by="black")
    assert len(effects.subgroups) == 3
    with mih.options(progress=False):
        left = mih.leave_one_out(group, by="black", year=0, estimator="difference")
        curve = mih.specification_curve(
            group, year=0, estimator="difference", ways={"method": ["entropy", "ipw"]}
        )
    assert left.table["estimate"].notna().all()
    assert curve.table["estimate"].notna().all()


def test_other_frames_are_read_alike(men, group):
    panel = mih.read_cross_section(
        pl.from_pandas(men), treated="treat", outcome=["re78"], unit="dollars"
    )
    again = mih.match(panel, on=ON, ratio=1, caliper=None)
    one, two = (mih.event_study(g, estimator="difference").estimate for g in (group, again))
    np.testing.assert_array_equal(one, two)


def test_what_needs_years_says_why_not(panel, group):
    with pytest.raises(mih.EffectsError, match=r"no year before treatment.*'difference'"):
        mih.event_study(group)
    with pytest.raises(mih.EffectsError, match=r"has one period, and .* asks for others"):
        mih.event_study(group, estimator="difference", window=(1, 3))
    for call in (mih.group_time_effects, mih.imputation_effects):
        with pytest.raises(mih.PanelContractError, match="compares years"):
            call(panel, outcomes="re78")
    with pytest.raises(mih.SupportError, match="no earlier years"):
        mih.match(panel, on=["age", *mih.lag("re75", 1)])
    with pytest.raises(mih.OptionError):
        mih.placebo_start(group, years=1, gap=1)
    effects = mih.event_study(group, estimator="difference")
    assert effects.pretrend_test().passed is None
    with pytest.raises(mih.EffectsError):
        mih.honest_bounds(effects)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"treated": "treated"}, "no column treated"),
        ({"treat": 2}, {}, "both occur.*1 different values: 2"),
        ({"treat": np.nan}, {}, "445 rows without one"),
        ({"year": 1978}, {}, "no year of its own"),
        ({"man": 1}, {"person_id": "man"}, "445 rows of 1 person"),
        ({}, {"outcome": "treat"}, "names treat twice"),
        ({}, {"outcome": []}, "outcome is a name"),
        ({}, {"person_id": 7}, "person_id is one name"),
        ({}, {"person_id": {"man": 1}}, "person_id is one name"),
    ],
)
def test_bad_input_is_named(men, change, options, message):
    ask = {"treated": "treat", "outcome": "re78", **options}
    with pytest.raises(mih.MihImpactError, match=message):
        mih.read_cross_section(men.assign(**change), **ask)
    with pytest.raises(mih.OptionError, match="frame in memory"):
        mih.read_cross_section("men.csv", treated="treat", outcome="re78")


def test_an_account_of_one_period_is_of_one_year_or_says_what_becomes_of_the_rest():
    """The wage effect alone, no costs: d labour cost by hand, and seven years of the same."""
    rng = np.random.default_rng(1)
    treat = np.repeat([1, 0], [60, 240])
    wage = 200_000.0 + 50_000 * treat + rng.normal(0, 1_000, 300)
    frame = pd.DataFrame({"treat": treat, "wage_income": wage, "cell": "x"})
    panel = mih.read_cross_section(frame, treated="treat", outcome="wage_income")
    group = mih.match(panel, method="exact", exact="cell")
    effects = mih.event_study(group, estimator="difference")
    asked = {"assumptions": mih.Assumptions.simplified(), "programme": mih.Programme.none()}
    case = mih.cost_benefit(effects, **asked, horizon=1)
    gain = wage[treat == 1].mean() - wage[treat == 0].mean()
    by_hand = gain * (1 + 0.2 * 0.24)  # the 20 per cent of the tax it gives
    assert case.npv == pytest.approx(by_hand)
    assert case.std_error == pytest.approx(effects.std_errors.item() * (1 + 0.2 * 0.24))
    with pytest.raises(mih.MihImpactError, match="horizon=1 or less, or say") as error:
        mih.cost_benefit(effects, **asked, horizon=7)
    assert "window" not in error.value.do
    lasting = mih.cost_benefit(effects, **asked, horizon=7, persistence="constant")
    grown = sum((1.009 / 1.04) ** t for t in range(7))
    assert lasting.npv == pytest.approx(by_hand * grown)
