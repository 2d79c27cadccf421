"""The options of `match`: who can be a candidate, who is left out, what is said about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.support import small_register

ON = ("age", *mih.lag("wage_income", 1, 2))
WAGE = mih.lag("wage_income", 1)


@pytest.fixture(scope="module")
def not_yet(panel):
    return mih.match(panel, on=ON, exact="county", controls="not_yet", window_end=3)


@pytest.fixture(scope="module")
def thin():
    """A register with few candidates, so that some participants are unlike all of them."""
    return mih.read_panel(small_register(200, starters=90, seed=6))


def words_of(group, lang):
    """Return the card as one line."""
    return " ".join(group.summary(lang).split())


def test_not_yet_candidates_start_after_the_window(not_yet):
    frame = small_register()
    starts = frame.assign(person_id=frame["person_id"].astype(str)).groupby("person_id")
    starts = starts["start_year"].first()
    risk = not_yet.risk
    later_than = starts[risk.cube.person_id[risk.person]].to_numpy()
    for c in risk.start_years.tolist():
        found = set(risk.person[(risk.start_year == c) & ~risk.treated].tolist())
        start = starts[risk.cube.person_id].to_numpy()
        expected = np.flatnonzero(np.isnan(start) | (start > c + 3))
        assert found == set(expected.tolist())
    waiting = ~risk.treated & ~np.isnan(later_than)
    assert waiting.any()
    # Whoever waits is a participant in a risk set of its own.
    assert set(risk.person[waiting]) <= set(risk.person[risk.treated])
    assert not_yet.window_end == 3
    assert "innen 3 år etter oppstartsåret" in words_of(not_yet, "nb")
    assert "by 3 years after the start year" in words_of(not_yet, "en")


def test_never_says_that_it_knows_the_future(group):
    assert group.window_end is None
    assert "valgt med kunnskap om hva som skjedde senere" in words_of(group, "nb")
    assert "knowing what happened later" in words_of(group, "en")


@pytest.mark.parametrize("se", ["abadie_imbens", "person"])
def test_effects_with_not_yet_controls_are_near_the_planted(not_yet, se):
    effects = mih.event_study(not_yet, outcomes="wage_income", window=(-2, 3), se=se)
    row = effects.to_frame().set_index("year_since_start").loc[3]
    assert abs(row["estimate"] - 100_000) < 3 * row["std_error"]


def test_scope_lets_a_person_serve_once_in_each_start_year(panel):
    options = {"on": ON, "replace": False, "ratio": 5, "caliper": None}
    once = mih.match(panel, **options).pairs()
    yearly = mih.match(panel, scope="within_start_year", **options).pairs()
    assert once["control_id"].is_unique
    assert not yearly["control_id"].is_unique
    assert not yearly.duplicated(["control_id", "start_year"]).any()


def test_common_support_leaves_out_whom_no_candidate_is_like(thin):
    group = mih.match(thin, on=ON, common_support=True, caliper=None)
    risk, index = group.risk, group.score.index
    kept = set(group.sets.participant.tolist())
    for i in np.flatnonzero(risk.treated).tolist():
        pool = index[(risk.start_year == risk.start_year[i]) & ~risk.treated]
        assert (i in kept) == (pool.min() <= index[i] <= pool.max())
    flow = group.attrition().set_index("step")["participants"]
    assert flow["support"] == len(kept) < flow["cell"]
    assert len(kept) + group.overlap().n_outside == flow["cell"]


def test_overlap_is_what_numpy_says(group):
    frame = group.overlap().to_frame().set_index(["start_year", "side"])
    risk, index = group.risk, group.score.index
    here = index[(risk.start_year == 2016) & risk.treated]
    row = frame.loc[(2016, "participant")]
    assert row["n"] == len(here)
    assert row["min"], row["max"] == (here.min(), here.max())
    assert row["p25"] == pytest.approx(np.quantile(here, 0.25))
    assert group.overlap().histogram["candidates"].sum() == (~risk.treated).sum()


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_overlap_hides_few_in_what_it_shows(thin, lang, tmp_path):
    overlap = mih.match(thin, on=ON, caliper=None).overlap()
    few = overlap.to_frame().query("0 < n_outside < 5")
    assert len(few)
    text = overlap.summary(lang)
    assert ("skjult (færre enn 5)" if lang == "nb" else "hidden (fewer than 5)") in text
    ax = overlap.plot(lang=lang)
    assert ("deltakere" if lang == "nb" else "participants") in ax.get_legend_handles_labels()[1]
    counts = overlap.histogram["participants"].to_numpy()
    heights = [bar.get_height() for bar in ax.containers[0]]
    drawn = np.array([height > 0 for height in heights])
    assert not drawn[counts < 5].any()
    assert (~drawn & (counts >= 5)).sum() <= 1  # one more, if one small bar would else be told
    loaded = mih.load(overlap.save(tmp_path / "overlap.zip"))
    pd.testing.assert_frame_equal(loaded.to_frame(), overlap.shown().to_frame())


def test_balance_by_start_year_averages_to_the_whole(group):
    balance = group.balance()
    years = balance.by_start_year()
    assert set(years["start_year"]) == set(group.risk.start_years.tolist())
    age = years.query("covariate == 'age'")
    whole = balance.to_frame().set_index("covariate").loc["age"]
    for side in ("participants_after", "controls_after", "smd_after"):
        mean = np.average(age[side], weights=age["n_participants"])
        assert mean == pytest.approx(whole[side])
    assert age["n_participants"].sum() == group.n_participants


def test_coarsened_cells_share_every_bin(panel):
    points = [150_000.0, 250_000.0]
    group = mih.match(
        panel, method="cem", exact="county", on=["age", *WAGE],
        cutpoints={"wage_income[-1]": points, "age": 12},
    )  # fmt: skip
    age, wage = group.risk.design.X.T
    step = (age.max() - age.min()) / 12
    table = pd.DataFrame(
        {
            "set": np.concatenate([group.sets.set_of, group.sets.member]),
            "row": np.concatenate([group.sets.participant, group.sets.control]),
        }
    )
    table["wage"] = np.digitize(wage, points)[table["row"]]
    table["age"] = np.minimum((age - age.min()) // step, 11)[table["row"]]
    table["year"] = group.risk.start_year[table["row"]]
    assert (table.groupby("set")[["wage", "age", "year"]].nunique() == 1).all(axis=None)
    assert group.n_participants < group.attrition()["participants"].iloc[0]
    assert np.isfinite(mih.event_study(group, outcomes="wage_income").to_frame()["estimate"]).any()


def test_mahalanobis_stays_within_the_caliper(panel):
    group = mih.match(panel, method="mahalanobis", on=ON, caliper=0.1, ratio=3)
    index, sets = group.score.index, group.sets
    own, entry = sets.pairs()
    gap = np.abs(index[sets.participant[own]] - index[sets.control[entry]])
    assert gap.max() <= 0.1 * index.std(ddof=1)
    assert "omtrent samme tilbøyelighet" in words_of(group, "nb")
    free = mih.match(panel, method="mahalanobis", on=ON, caliper=None, ratio=3)
    assert free.score is None
    assert "about the same" not in words_of(free, "en")
    assert free.pairs()["distance"].mean() < group.pairs()["distance"].mean()


def test_a_group_that_hangs_on_one_person_says_so():
    frame = small_register(300, starters=30)
    frame["county"] = np.where(frame["start_year"].notna() | (frame["person_id"] < 3), "A", "B")
    with pytest.warns(mih.MihImpactWarning, match=r"One person carries \d+% of the weight") as told:
        group = mih.match(mih.read_panel(frame), on=["age"], exact="county", caliper=None)
    share = group.pairs().groupby("control_id")["weight"].sum().max() / group.n_participants
    assert f"{share:.0%}" in str(told[0].message)
    assert told[0].filename == __file__


BAD = [
    ({"scope": "yearly"}, "'global', 'within_start_year'"),
    ({"controls": "not_yet", "window_end": -1}, "0 or more"),
    ({"method": "cem", "on": []}, "needs covariates"),
    ({"method": "mahalanobis", "on": []}, "needs covariates"),
    ({"method": "cem", "common_support": True}, "judged by a propensity score"),
    ({"cutpoints": {"age": 3}}, "use method='cem'"),
    ({"method": "cem", "cutpoints": {"wage": 3}}, "names columns that are not matched on: wage"),
    ({"method": "cem", "cutpoints": {"age": 0}}, "neither a number of bins"),
    ({"method": "cem", "cutpoints": {"age": [30, np.nan]}}, "neither a number of bins"),
    ({"method": "cem", "cutpoints": {"age": "q4"}}, "neither a number of bins"),
    (
        {"method": "cem", "on": ["education"], "cutpoints": {"education": 2}},
        "education is a category",
    ),
    ({"method": "cem", "on": list(mih.lag("wage_income", 1, 2, 3)), "cutpoints": dict.fromkeys(
        ["wage_income[-1]", "wage_income[-2]", "wage_income[-3]"], 10**6)}, "fewer bins"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "words"), BAD, ids=lambda x: str(x)[:45])
def test_options_that_do_not_go_together_are_told(panel, options, words):
    options = {"on": ["age"], **options}
    with pytest.raises((mih.SupportError, mih.OptionError)) as caught:
        mih.match(panel, **options)
    assert words in str(caught.value)
    assert "Do: " in str(caught.value)


@pytest.mark.parametrize("method", ["propensity", "mahalanobis"])
def test_covariates_that_say_nothing_are_named(method):
    frame = small_register(300, starters=60)
    options = {"method": method, "caliper": None}
    constant = mih.read_panel(frame.assign(constant=1.5))
    with pytest.raises(mih.SupportError, match="constant in on= does not vary"):
        mih.match(constant, on=["age", "constant"], **options)
    twice = mih.read_panel(frame.assign(twice=2.0 * frame["birth_year"]))
    with pytest.raises(mih.SupportError, match="add up to one another"):
        mih.match(twice, on=["birth_year", "twice"], **options)
    giveaway = frame.assign(told=np.where(frame["start_year"].notna(), 1.0, 0.0))
    with pytest.raises(mih.SupportError, match="told"):
        mih.match(mih.read_panel(giveaway), on=["age", "told"], **options)


def test_a_characteristic_nobody_has_is_named_with_how_many_lack_it():
    frame = small_register(300, starters=40)
    frame["points"] = frame["birth_year"].where(frame["start_year"].isna()).astype(float)
    with pytest.raises(mih.SupportError, match="No participant has every") as caught:
        mih.match(mih.read_panel(frame), on=["age", "points"])
    assert "points for 40" in str(caught.value)


def test_a_start_year_with_one_participant():
    frame = small_register(600, starters=80)
    one = frame.loc[frame["start_year"] == 2016, "person_id"].unique()[1:]
    frame.loc[frame["person_id"].isin(one), "start_year"] = np.nan
    panel = mih.read_panel(frame)
    assert 2016 in mih.match(panel, on=ON).pairs()["start_year"].to_numpy()
    with pytest.raises(mih.SupportError, match="among those who start in 2016") as caught:
        mih.match(panel, on=ON, score="by_start_year")
    assert "1 participant" in str(caught.value)


def test_nobody_on_common_support():
    # Who starts is older than everybody else, in overlapping ranges over all start years only.
    frame = small_register(400, starters=40)
    late = frame["start_year"] >= 2018
    frame["start_year"] = frame["start_year"].where(~frame["start_year"].notna(), 2014 + 7 * late)
    start = frame["start_year"]
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 1, 400)[frame["person_id"]]
    base = np.where(frame["year"] < 2016, 0.0, 10.0)  # read in 2013 and in 2020
    frame["points"] = base + noise + np.where(start.notna(), np.where(start == 2014, 2, -2), 0)
    with pytest.raises(mih.SupportError, match="no common support") as caught:
        mih.match(mih.read_panel(frame), on=["points"], common_support=True, caliper=None)
    assert "all 40 participants" in str(caught.value)


def test_a_missing_score_is_said_where_overlap_needs_one(panel):
    group = mih.match(panel, method="cem", on=["age"])
    with pytest.raises(mih.OptionError, match="no propensity score"):
        group.overlap()


def test_duplicate_person_years_are_refused():
    frame = small_register(100, starters=20)
    twice = pd.concat([frame, frame.sample(7, random_state=1)])
    with pytest.raises(mih.PanelContractError, match="7"):
        mih.match(mih.read_panel(twice), on=["age"])
