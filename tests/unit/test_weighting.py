"""`weight`: what it gives, what it refuses, and what never changes it."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.controls.entropy import entropy_weights
from tests.support import small_register

ON = ["age", *mih.lag("wage_income", 1, 2)]


def three_starts(n=500, starters=120, **options):
    """Return a register in which start years have enough participants to balance."""
    frame = small_register(n, starters=starters, seed=5, **options)
    later = frame["start_year"].map(lambda c: c if np.isnan(c) else 2015 + 2 * (int(c) % 3))
    return frame.assign(start_year=later)


def read(frame):
    return mih.read_panel(frame, price_year=2024)


@pytest.fixture(scope="module")
def register():
    return three_starts(missing=0.05)


@pytest.fixture(scope="module", params=["entropy", "ipw"])
def method(request):
    return request.param


@pytest.fixture(scope="module")
def group(register, method):
    return mih.weight(read(register), on=ON, exact="county", method=method)


def effects_of(frame, method, **options):
    group = mih.weight(read(frame), on=ON, exact="county", method=method, **options)
    return mih.event_study(group, outcomes="wage_income", window=(-3, 4))


def test_weights_add_up_within_each_start_year(group):
    frame = group.to_frame()
    total = frame.groupby(["start_year", "role"])["weight"].sum().unstack()
    assert np.allclose(total["control"], total["participant"], rtol=1e-12)
    assert frame["match_id"].nunique() == 3
    observed = group.attrition().set_index("step").loc["observed", "participants"]
    assert group.n_participants == observed
    assert group.effective_controls < group.n_controls


def test_entropy_balances_every_start_year_to_rounding(register):
    group = mih.weight(read(register), on=[*ON, "education"], exact="county")
    risk, weight = group.risk, group.row_weight
    X = np.column_stack([risk.design.X, risk.exact_design.X])
    for c in risk.start_years:
        here = risk.start_year == c
        t, j = here & risk.treated, here & ~risk.treated
        gap = X[t].mean(axis=0) - weight[j] @ X[j] / weight[j].sum()
        assert np.abs(gap / X.std(axis=0)).max() < 1e-10
    assert group.balance().worst < 1e-10
    table = group.model.to_frame()
    assert table["imbalance"].abs().max() < 1e-10
    assert len(table) == 3 * (3 + 2 + 1)


def test_second_moments_on_request(register):
    group = mih.weight(read(register), on=ON, moments=2)
    ratio = group.balance().to_frame()["variance_ratio_after"]
    plain = mih.weight(read(register), on=ON).balance().to_frame()["variance_ratio_after"]
    assert ratio.sub(1).abs().max() < plain.sub(1).abs().max()
    assert "age^2" in set(group.model.to_frame()["covariate"])


def test_the_score_and_its_model_come_with_odds(register):
    group = mih.weight(read(register), on=ON, exact="county", method="ipw")
    pd.testing.assert_frame_equal(group.model.to_frame(), group.score.to_frame())
    names = set(group.model.to_frame()["covariate"])
    assert names >= {"start_year=2015", "age"}
    assert len([name for name in names if name.startswith("county=")]) == 1
    assert group.overlap() is not None


def test_flow_counts_who_is_trimmed(register):
    panel = read(register)
    kept = mih.weight(panel, on=ON, method="ipw").attrition().set_index("step")
    group = mih.weight(panel, on=ON, method="ipw", trim=0.2)
    flow = group.attrition().set_index("step")
    always = ["register", "observed", "cell", "trimmed", "weighted"]
    assert [step for step in flow.index if step in always] == always
    over = group.score.probability > 0.2
    count = ["participants", "candidate_rows"]
    gone = flow.loc["cell", count] - flow.loc["trimmed", count]
    assert gone["participants"] == (over & group.risk.treated).sum() > 0
    assert gone["candidate_rows"] == (over & ~group.risk.treated).sum() > 0
    assert flow.loc["weighted", "participants"] == group.n_participants
    assert kept.loc["weighted", "participants"] == kept.loc["cell", "participants"]
    assert not over[group.sets.control].any()


def test_missing_characteristics_are_counted_not_filled(register):
    frame = register.copy()
    frame.loc[frame["person_id"] % 10 == 3, "education"] = None
    group = mih.weight(read(frame), on=["age", "education"])
    flow = group.attrition().set_index("step")
    assert flow.loc["observed", "participants"] < flow.loc["register", "participants"]
    assert flow.loc["observed", "candidate_rows"] < flow.loc["register", "candidate_rows"]


def test_a_recipe_makes_it_again(group, method):
    again = group.recipe.again({})
    assert np.array_equal(again.sets.weight, group.sets.weight)
    other = group.recipe.again({"method": "ipw" if method == "entropy" else "entropy"})
    assert other.method != group.method


def test_card_in_both_languages(group, method):
    nb, en = group.summary("nb"), group.summary("en")
    assert "Største vekt på én person" in nb
    assert "Largest weight on one person" in en
    assert {"entropy": "entropibalansering", "ipw": "invers sannsynlighetsvekting"}[method] in nb
    assert "Helt likt" not in nb


def test_years_balanced_exactly_have_no_error_and_no_part_in_the_band(register):
    group = mih.weight(read(register), on=ON, exact="county")
    wide, short = (
        mih.event_study(group, outcomes="wage_income", window=window, level=0.9).to_frame()
        for window in ((-2, 3), (-1, 3))
    )
    balanced = wide[wide["year_since_start"] == -2].iloc[0]
    assert balanced["matched_on"]
    assert balanced["std_error"] == 0.0
    assert abs(balanced["estimate"]) < 1e-6
    reach = [f["band_high"] - f["estimate"] for f in (wide, short)]
    assert reach[0].iloc[-1] == pytest.approx(reach[1].iloc[-1], rel=0.01)


def test_weighting_makes_no_pairs(group):
    with pytest.raises(mih.SupportError, match="no pairs"):
        group.pairs()


@pytest.mark.parametrize("se", ["abadie_imbens", "matched_set"])
def test_errors_of_matching_are_refused(group, se):
    with pytest.raises((mih.EffectsError, mih.OptionError)):
        mih.event_study(group, outcomes="wage_income", se=se)


def test_errors_of_weighting_are_refused_for_matching(register):
    group = mih.match(read(register), on=ON)
    with pytest.raises(mih.OptionError, match="weights that were estimated"):
        mih.event_study(group, outcomes="wage_income", se="estimated_weights")


# What never changes the result -------------------------------------------------------------


def test_row_order_changes_nothing(register, method):
    shuffled = register.sample(frac=1.0, random_state=3)
    one, other = effects_of(register, method), effects_of(shuffled, method)
    assert np.array_equal(one.estimate, other.estimate, equal_nan=True)
    assert np.array_equal(one.matrix, other.matrix, equal_nan=True)


def test_incomes_times_a_number_give_effects_times_it(register, method):
    money = ["wage_income", "dagpenger", "sosialhjelp"]
    scaled = register.assign(**{name: register[name] * 3 for name in money})
    one, other = effects_of(register, method), effects_of(scaled, method)
    assert np.allclose(other.estimate, 3 * one.estimate, rtol=1e-7, atol=1e-2)
    assert np.allclose(np.diag(other.matrix), 9 * np.diag(one.matrix), rtol=1e-7)


def test_everybody_twice_leaves_estimates_and_halves_the_variance(register, method):
    twin = register.assign(person_id=register["person_id"] + 10_000)
    one, other = effects_of(register, method), effects_of(pd.concat([register, twin]), method)
    assert np.allclose(other.estimate, one.estimate, rtol=1e-8, atol=1e-3)
    assert np.allclose(other.matrix, one.matrix / 2, rtol=1e-6, atol=1e-3)


def test_start_years_add_up_where_each_has_weights_of_its_own(register, method):
    """A subgroup is weighted within; a start year is anyhow, given a score of its own."""
    own = {"score": "by_start_year"} if method == "ipw" else {}
    group = mih.weight(read(register), on="age", method=method, **own)
    frame = mih.event_study(
        group, outcomes="wage_income", window=(-1, 3), by="start_year"
    ).to_frame()
    at = frame[frame["year_since_start"] == 3].set_index("subgroup")
    parts = at.drop(index="all")
    whole = (parts["estimate"] * parts["n_participants"]).sum() / parts["n_participants"].sum()
    assert whole == pytest.approx(at.loc["all", "estimate"], rel=1e-9)


# Bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "cbps"}, "method='cbps'"),
        ({"moments": 3}, "moments=3"),
        ({"controls": "later"}, "controls='later'"),
        ({"score": "per_county"}, "score='per_county'"),
        ({"trim": 0.9}, "no score to trim"),
        ({"method": "ipw", "trim": 1.5}, "trim is a number between 0 and 1"),
        ({"method": "ipw", "moments": 2}, "balance no moments"),
        ({"window_end": -1}, "window_end"),
        ({"on": ()}, "Weights need covariates"),
    ],
)
def test_options_that_do_not_exist_or_go_together(register, options, message):
    with pytest.raises(mih.OptionError, match=message):
        mih.weight(read(register), **{"on": ON, **options})


def test_a_frame_is_not_a_panel(register):
    with pytest.raises(mih.OptionError, match="weight takes a panel"):
        mih.weight(register, on=ON)


def test_a_mean_beyond_all_candidates_is_named_with_its_start_year(register):
    frame = register.assign(shoe=np.where(register["start_year"] == 2017, 60.0, 40.0))
    frame["shoe"] += register["person_id"] % 7
    with pytest.raises(mih.SupportError, match=r"2017.*shoe is .* standard deviations above all"):
        mih.weight(read(frame), on=["age", "shoe"])


@pytest.mark.parametrize("method", ["entropy", "ipw"])
def test_participants_with_a_value_no_candidate_has_are_left_out_and_counted(register, method):
    frame = register.assign(county=np.where(register["start_year"] == 2019, "C", "A"))
    group = mih.weight(read(frame), on="age", exact="county", method=method)
    flow = group.attrition().set_index("step")
    assert flow.loc["level: county", "column"] == "county"
    assert 2019 not in group.risk.start_years
    lost = flow.loc["cell", "participants"] - flow.loc["level: county", "participants"]
    assert lost == (frame[frame["start_year"] == 2019]["year"] == 2018).sum() > 0


def test_means_that_cannot_be_reached_together_are_named():
    """Whoever has x has y, and participants have x more often than y."""
    Z = np.array([[1.0, 1.0], [0.0, 0.0]] * 50) - [0.5, 0.4]
    with pytest.raises(mih.SupportError, match=r"beside the others y stays 0\.1 .* too high"):
        entropy_weights(Z, names=["x", "y"], whom="who start in 2014")


def test_means_at_the_joint_edge_are_reached():
    """Only the two outer kinds can have weight, and the third gets none."""
    Z = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]] * 20) - 0.5
    fit = entropy_weights(Z, names=["x", "y"])
    assert fit.gap < 1e-10
    assert np.allclose(fit.weight.reshape(-1, 3).sum(axis=0), [0.0, 0.5, 0.5], atol=1e-9)


@pytest.mark.parametrize("n", [300, 60_000])
def test_balance_far_from_where_candidates_are(n):
    """Few candidates have what participants have; the search starts on a part of many rows."""
    rng = np.random.default_rng(4)
    X = np.column_stack([rng.lognormal(0.0, 1.5, n), rng.normal(size=n), rng.random(n) < 0.02])
    X[7] = [X[:, 0].max(), 0.5, 1.0]
    target = 0.9 * X[7] + 0.1 * X.mean(axis=0)
    Z = (X - target) / X.std(axis=0)
    fit = entropy_weights(Z, names=["wage", "z", "rare"])
    assert np.abs(fit.weight @ X / target - 1).max() < 1e-10
    index = np.log(fit.weight[fit.weight > 1e-200])
    part = np.column_stack([np.ones(len(index)), Z[fit.weight > 1e-200]])
    assert np.abs(index - part @ np.linalg.lstsq(part, index, rcond=None)[0]).max() < 1e-6


def test_constant_and_collinear_columns_do_no_harm(register):
    frame = register.assign(one=1.0, twice=2 * (2000 - register["birth_year"]))
    frame["older"] = frame["year"] - frame["birth_year"]
    plain = mih.weight(read(register), on=ON, exact="county")
    more = mih.weight(read(frame), on=[*ON, "one", "older"], exact="county")
    assert np.allclose(plain.sets.weight, more.sets.weight, rtol=1e-8)
    table = more.model.to_frame().set_index(["start_year", "covariate"])["multiplier"]
    assert table[2015].isna().sum() == 2
    with pytest.raises(mih.SupportError, match="add up to one another"):
        mih.weight(read(frame), on=[*ON, "older"], method="ipw")
    with pytest.raises(mih.SupportError, match="one in on= does not vary"):
        mih.weight(read(frame), on=[*ON, "one"], method="ipw")


def test_a_value_no_participant_has_takes_weight_from_who_has_it(register):
    frame = register.assign(
        county=np.where(
            register["start_year"].isna() & (register["person_id"] % 5 == 0),
            "C",
            register["county"],
        )
    )
    group = mih.weight(read(frame), on=ON, exact="county")
    county = group.read("county", group.sets.control)
    assert "C" not in set(county)
    assert len(group.sets.control) < (~group.risk.treated).sum()


def test_a_start_year_with_one_participant(register):
    first = register.loc[register["start_year"] == 2015, "person_id"].unique()
    frame = register[~register["person_id"].isin(first[1:])]
    group = mih.weight(read(frame), on="age", exact="county")
    assert (group.to_frame().query("start_year == 2015 and role == 'participant'").shape[0]) == 1
    effects = mih.event_study(group, outcomes="wage_income", window=(-1, 2))
    assert np.isfinite(effects.estimate).all()
    with pytest.raises(mih.SupportError, match="more covariates than the smaller side"):
        mih.weight(read(frame), on=ON, method="ipw", score="by_start_year")


def test_weight_on_one_person_is_warned_of():
    """All participants are alike and one candidate alone is near them."""
    frame = small_register(200, starters=30, seed=2)
    frame = frame[frame["start_year"].isna() | (frame["start_year"] == 2016)]
    starts = frame["start_year"].notna()
    only = frame.loc[~starts, "person_id"].unique()[0]
    frame["points"] = np.where(
        starts, 99.0 + frame["person_id"] % 2 / 10, frame["person_id"] % 10.0
    )
    frame.loc[frame["person_id"] == only, "points"] = 100.0
    with pytest.warns(mih.MihImpactWarning, match=r"One person carries \d\d% of the weight"):
        mih.weight(read(frame), on="points")


def test_separation_is_named(register):
    frame = register.assign(shoe=np.where(register["start_year"].notna(), 60.0, 40.0))
    frame["shoe"] += register["person_id"] % 7
    with pytest.raises(mih.SupportError, match=r"no common support.*shoe"):
        mih.weight(read(frame), on=["age", "shoe"], method="ipw")


def test_trimming_everybody_is_refused(register):
    with pytest.raises(mih.SupportError, match="score of 1e-06 or less"):
        mih.weight(read(register), on=ON, method="ipw", trim=1e-6)


@pytest.fixture(scope="module")
def by_age():
    return mih.weight(mih.example_panel(), on=["age"])


@pytest.mark.parametrize(("lang", "mark"), [("nb", ","), ("en", ".")])
def test_the_love_plot_of_small_differences_can_be_read(by_age, lang, mark):
    ax = by_age.balance().plot(lang=lang)
    ax.figure.draw_without_rendering()
    told = [tick.get_text() for tick in ax.get_xticklabels()]
    assert len(set(told)) == len(told)
    shown = [float(text.replace("\u2212", "-").replace(mark, ".")) for text in told]
    np.testing.assert_allclose(shown, ax.get_xticks(), atol=1e-9)
    box = ax.get_legend().get_window_extent()
    for markers in ax.collections:
        for point in ax.transData.transform(np.asarray(markers.get_offsets())):
            assert not box.contains(*point)
    title = ax.get_title(loc="left")
    assert ("vekting" if lang == "nb" else "weighting") in title
    assert "matching" not in " ".join([title, *(t.get_text() for t in ax.get_legend().get_texts())])
    heading = next(t for t in (ax._left_title,) if t.get_text())
    assert not heading.get_window_extent().overlaps(box)
    plt.close(ax.figure)


def test_cards_of_weights_do_not_speak_of_matching(by_age):
    for lang in ("nb", "en"):
        effects = mih.event_study(by_age, outcomes="wage_income", window=(-1, 3))
        for text in (by_age.summary(lang), by_age.balance().summary(lang), effects.summary(lang)):
            assert "match" not in text.lower()
    assert "så mange er sammenlignet i minst ett år" in effects.summary("nb").replace("\n", " ")
    assert "Balance before and after weighting" in by_age.balance().summary("en")


def test_the_largest_weight_is_not_shown_as_zero(by_age):
    share = by_age.person_weight.max() / by_age.n_participants
    assert 0 < share < 0.0005
    assert f"{100 * share:.2f}%" in by_age.summary("en")
    assert "0,0 %" not in by_age.summary("nb").replace("\u00a0", " ")


def test_one_matched_year_is_one_year(by_age):
    group = mih.weight(mih.example_panel(), on=mih.lag("wage_income", 2))
    effects = mih.event_study(group, outcomes="wage_income", window=(-3, 3))
    assert "in year \u22122 (at most" in effects.summary("en")


def test_ends_of_two_columns_that_nobody_has_together_are_no_support():
    """Each end is some candidate's, and both are nobody's: a message, no failure of an array."""
    z = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 0.0], [2.0, 0.0]])
    with pytest.raises(mih.SupportError, match="beside the others"):
        entropy_weights(z, names=["x", "y"], whom="who start in 2015")
