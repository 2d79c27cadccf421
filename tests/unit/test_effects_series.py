"""EffectSeries: the tidy truth, views of it, saving it, and the pre-trend test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import mih_impact as mih
from mih_impact.display.locale import in_language
from mih_impact.effects.estimates import COLUMNS


@pytest.fixture(scope="module")
def effects(group):
    return mih.event_study(group, outcomes=["wage_income", "dagpenger", "in_work", "on_benefit"])


def test_the_columns_are_those_users_build_on(effects):
    frame = effects.to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 4 * 12
    assert (frame["unit"].unique() == ["NOK", "share"]).all()
    base = frame[frame["year_since_start"] == -1]
    assert (base["estimate"] == 0).all()
    assert base["std_error"].isna().all()


def test_to_frame_is_a_copy(effects):
    frame = effects.to_frame()
    frame["estimate"] = 0.0
    assert (effects.to_frame()["estimate"] != 0).any()
    with pytest.raises(ValueError, match="read-only"):
        effects.estimate[0, 0] = 1.0


def test_matched_years_are_marked_also_for_what_is_reckoned_from_them(effects):
    frame = effects.to_frame()
    marked = frame[frame["matched_on"]].groupby("outcome")["year_since_start"].apply(list)
    assert marked.to_dict() == {"wage_income": [-3, -2, -1], "in_work": [-3, -2, -1]}


def test_counts_fall_as_start_years_leave_the_register(effects, group):
    wage = effects.to_frame().query("outcome == 'wage_income'").set_index("year_since_start")
    start = group.to_frame().query("role == 'participant'")["start_year"]
    for e in (0, 3, 5, 6):
        assert wage.loc[e, "n_participants"] == (start + e <= 2024).sum()
    assert (wage["n_lost"] == 0).all()


def test_pretrend_uses_unmatched_leads_only(effects):
    check = effects.pretrend_test("wage_income")
    assert check.table["year_since_start"].tolist() == [-5, -4]
    b = effects.estimate[0, :2]
    V = effects.covariance.loc["wage_income", "wage_income"].to_numpy()[:2, :2]
    statistic = b @ np.linalg.inv(V) @ b
    assert check.table["statistic"].iloc[0] == pytest.approx(statistic)
    assert check.table["p_value"].iloc[0] == pytest.approx(chi2(2).sf(statistic))
    assert check.passed is bool(check.table["p_value"].iloc[0] >= 0.05)
    assert "p =\u00a00," in check.summary("nb")
    assert effects.pretrend_test("dagpenger").table["year_since_start"].tolist() == [-5, -4, -3, -2]


def test_pretrend_without_leads_says_so(group):
    effects = mih.event_study(group, outcomes=["wage_income"], window=(-1, 2))
    check = effects.pretrend_test()
    assert check.passed is None
    assert "kan ikke testes" in check.summary("nb")


def test_difference_is_did_plus_the_gap_in_the_base_year(group):
    did = mih.event_study(group, outcomes=["wage_income"], window=(-1, 3))
    levels = mih.event_study(
        group, outcomes=["wage_income"], window=(-1, 3), estimator="difference"
    )
    gap = levels.estimate[0, 0]
    np.testing.assert_allclose(levels.estimate[0] - gap, did.estimate[0], atol=1e-6)
    assert levels.base == ()


def test_a_base_of_several_years_is_their_mean(group):
    levels = mih.event_study(
        group, outcomes=["wage_income"], window=(-4, 3), estimator="difference"
    )
    did = mih.event_study(group, outcomes=["wage_income"], window=(-4, 3), base=(-4, -3))
    mean = levels.estimate[0, :2].mean()
    np.testing.assert_allclose(did.estimate[0], levels.estimate[0] - mean, atol=1e-6)


def test_from_frame_and_back(effects):
    frame = effects.to_frame().query("unit == 'NOK' and year_since_start >= 0")
    keep = [("wage_income", e) for e in range(7)] + [("dagpenger", e) for e in range(7)]
    covariance = effects.covariance.loc[keep, keep]
    given = mih.EffectSeries.from_frame(frame, covariance=covariance, price_year=2024)
    theta, V = given.select(["dagpenger", "wage_income"], [3, 1])
    expected, W = effects.select(["dagpenger", "wage_income"], [3, 1])
    np.testing.assert_allclose(theta, expected)
    np.testing.assert_allclose(V, W)
    np.testing.assert_allclose(given.to_frame()["std_error"], frame["std_error"])


def test_without_covariance_no_interval(effects):
    frame = pd.DataFrame({"outcome": "wage_income", "year_since_start": [0], "estimate": [1.0]})
    given = mih.EffectSeries.from_frame(frame, price_year=2024)
    assert given.covariance is None
    assert given.to_frame()["conf_low"].isna().all()
    assert "ikke tilgjengelig" in given.summary("nb")


def test_save_and_load_give_the_same_without_persons(effects, tmp_path):
    path = effects.save(tmp_path / "effects.zip")
    again, shown = mih.load(path), effects.shown()
    pd.testing.assert_frame_equal(again.to_frame(), shown.to_frame())
    pd.testing.assert_frame_equal(again.covariance, shown.covariance)
    assert again.provenance == effects.provenance
    assert again.influence is None
    assert again.summary("en") == effects.summary("en")


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_figures_say_unit_and_price_year(effects, lang):
    for ax in (effects.plot(lang=lang), effects.plot_levels(lang=lang)):
        assert "2024" in ax.get_ylabel()
        assert ax.get_title(loc="left")
    from mih_impact.effects.figures import plot_shares

    with in_language(lang):
        assert plot_shares(effects).get_ylim() == (0.0, 1.0)


def test_the_language_changes_no_number(effects):
    with mih.options(lang="en"):
        english = effects.to_frame()
    pd.testing.assert_frame_equal(english, effects.to_frame())


@pytest.mark.parametrize("lang", ["nb", "en"])
@pytest.mark.parametrize("kind", ["group", "calendar", "simple"])
def test_averages_are_drawn_beneath_each_other(panel, kind, lang):
    averages = mih.group_time_effects(panel, outcomes="wage_income", level=0.9).aggregate(kind)
    ax = averages.plot(lang=lang)
    names = [label.get_text() for label in ax.get_yticklabels()]
    if kind == "simple":
        assert names == ["alle" if lang == "nb" else "all"]
    else:
        assert names == [str(level) for level in averages.levels]
    assert ("90\u00a0%" if lang == "nb" else "90%") in ax.texts[-1].get_text()
    with pytest.raises(mih.EffectsError, match="no levels"):
        averages.plot_levels()


def test_honest_bounds_need_no_estimate_in_years_that_are_not_asked_for(panel):
    group = mih.match(panel, exact=["county"], on=["age"])
    longer = mih.event_study(group, outcomes="wage_income", window=(-5, 12))
    shorter = mih.event_study(group, outcomes="wage_income", window=(-5, 3))
    assert longer.to_frame()["estimate"].isna().any()
    bounds = [
        mih.honest_bounds(effects, years=2, M=[0.0, 5_000.0]).to_frame()[["lower", "upper"]]
        for effects in (longer, shorter)
    ]
    np.testing.assert_allclose(bounds[0], bounds[1], rtol=1e-6)


def test_a_balanced_composition_speaks_for_whom_it_counts(panel):
    group = mih.match(panel, exact=["county"], on=["age"])
    effects = mih.event_study(group, outcomes="wage_income", composition="balanced")
    counted = effects.to_frame()["n_participants"].max()
    assert effects.coverage["matched"] == counted < group.n_participants


def test_the_card_says_what_an_unusual_choice_means(panel):
    group = mih.match(panel, exact=["county"], on=["age"])
    effects = mih.event_study(
        group, outcomes="wage_income", dead="missing", estimator="difference", window=(0, 3)
    )
    assert "Døde og utvandrede".lower() in effects.summary("nb").lower()
    assert "difference in levels" in " ".join(effects.summary("en").split())
    assert "levels" not in mih.event_study(group, window=(-1, 0)).summary("en")


def test_results_answer_by_the_names_of_linearmodels(effects):
    frame = effects.to_frame().set_index(["outcome", "year_since_start"])
    np.testing.assert_array_equal(effects.params.to_numpy(), frame["estimate"])
    assert effects.params.index.equals(effects.covariance.index)
    np.testing.assert_array_equal(effects.std_errors, frame["std_error"])
    pd.testing.assert_frame_equal(effects.cov, effects.covariance)
    ends = effects.conf_int()
    np.testing.assert_allclose(ends["lower"], frame["conf_low"])
    np.testing.assert_allclose(ends["upper"], frame["conf_high"])
    wide = effects.conf_int(0.99)
    assert (wide["upper"] - wide["lower"]).loc[("wage_income", 3)] > 5 * effects.std_errors.loc[
        ("wage_income", 3)
    ]


def test_an_average_over_years_has_the_variance_of_a_sum(effects):
    years = [1, 2, 3]
    average = effects.average(years)
    theta, V = effects.select(["dagpenger"], years)
    row = average.to_frame().set_index("outcome").loc["dagpenger"]
    assert row["estimate"] == pytest.approx(theta.mean())
    assert row["std_error"] == pytest.approx(np.sqrt(V.sum()) / 3)
    np.testing.assert_allclose(average.matrix, average.influence.covariance)
    assert average.averaged == (1, 2, 3)
    assert "1, 2, 3" in average.summary("en")
    drawn = mih.multiplier_bootstrap(average, draws=999)
    assert drawn.std_errors.iloc[0] == pytest.approx(average.std_errors.iloc[0], rel=0.1)
    with pytest.raises(mih.EffectsError, match="leave out 40"):
        effects.average([0, 40])
    with pytest.raises(mih.EffectsError, match="averages by overall"):
        average.average(0)


def test_an_average_is_hidden_where_one_of_its_years_is(effects, tmp_path):
    n = effects.to_frame().query("outcome == 'wage_income'").set_index("year_since_start")
    assert n.loc[1, "n_participants"] > n.loc[6, "n_participants"] + 1
    with mih.options(min_cell=int(n.loc[6, "n_participants"]) + 1):
        back = mih.load(effects.average([0, 6]).save(tmp_path / "average.zip"))
        assert back.params.isna().all()
        assert effects.average([0, 1]).shown().params.notna()["wage_income"].all()
