"""group_time_effects: its face, its results, what it refuses, and what never changes."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.support import read_numbers, small_register


@pytest.fixture(scope="module")
def panel() -> mih.Panel:
    return mih.read_panel(small_register(700, starters=160, seed=6))


@pytest.fixture(scope="module")
def effects(panel) -> mih.GroupTimeEffects:
    return mih.group_time_effects(panel, outcomes=["wage_income", "in_work"], exact="county")


def numbers(seed: int = 1, n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = rng.choice([0, 0, 0, 2012, 2014], n)
    frame = pd.DataFrame(
        {
            "person_id": np.repeat(np.arange(n), 6),
            "year": np.tile(np.arange(2010, 2016), n),
            "start_year": np.repeat(start, 6),
            "x": np.repeat(rng.normal(size=n), 6),
            "outcome": rng.normal(size=6 * n).cumsum() % 7,
        }
    )
    return frame


def estimate(frame: pd.DataFrame, **options) -> mih.GroupTimeEffects:
    return mih.group_time_effects(read_numbers(frame), outcomes="outcome", **options)


def test_the_table_has_a_row_for_every_outcome_start_year_and_year(effects):
    table = effects.to_frame()
    assert table.columns.tolist() == [
        "outcome", "group", "year", "year_since_start", "estimate", "std_error", "conf_low",
        "conf_high", "n_participants", "n_controls", "n_lost", "reason", "unit", "price_year",
    ]  # fmt: skip
    assert len(table) == effects.estimate.size == len(effects.covariance)
    base = table[table["reason"] == "base_year"]
    assert (base["year_since_start"] == -1).all()
    assert (base["estimate"] == 0).all()
    assert base["std_error"].isna().all()
    assert set(table["unit"]) == {"NOK", "share"}
    np.testing.assert_allclose(
        table["std_error"].dropna() ** 2,
        effects.matrix.diagonal()[table["std_error"].notna()],
    )


def test_averages_are_effect_series(effects):
    event = effects.aggregate("event", window=(-3, 4))
    assert event.levels == tuple(range(-3, 5))
    assert event.term == "event"
    assert event.base == (-1,)
    table = event.to_frame().set_index(["outcome", "level"])
    assert np.isnan(table.loc[("wage_income", -1), "std_error"])
    assert table.loc[("wage_income", 0), "band_low"] < table.loc[("wage_income", 0), "conf_low"]
    simple = effects.aggregate("simple")
    assert simple.term == "overall"
    assert simple.estimate.shape == (2, 1)
    assert "overall" in simple.summary("en").lower()
    assert effects.aggregate("group").levels == effects.starts
    assert str(effects.starts[0]) in effects.aggregate("group").summary("nb")
    assert effects.aggregate("calendar").levels[0] == effects.starts[0]


def test_the_card_says_what_was_compared_in_both_languages(effects):
    assert "Oppstartsår" in effects.summary("nb")
    assert "lønnsinntekt, samlet effekt" in effects.summary("nb")
    assert "never start" in effects.summary("en")
    assert "<section" in effects._repr_html_()


def test_the_figure_has_a_line_for_every_start_year(effects):
    ax = effects.plot("wage_income", lang="en")
    assert {str(start) for start in effects.starts} <= {line.get_label() for line in ax.get_lines()}
    with pytest.raises(mih.OptionError, match="No effects of 'nothing'"):
        effects.plot("nothing")


def test_saving_hides_small_cells_and_keeps_no_influence(effects, tmp_path):
    with mih.options(min_cell=20):
        shown = effects.shown()
        back = mih.load(effects.save(tmp_path / "effects.zip"))
    small = effects.frame["n_participants"].between(1, 19).to_numpy()
    assert small.any()
    assert not small.all()
    assert back.frame.loc[small, "estimate"].isna().all()
    assert np.isnan(back.matrix[small]).all()
    pd.testing.assert_frame_equal(back.frame, shown.frame)
    assert back.method == effects.method
    assert back.influence is None
    assert back.summary("en")
    with pytest.raises(mih.EffectsError, match="never saved"):
        back.aggregate("event")


def test_options_that_do_not_exist_are_named(panel, effects):
    for name, value in (
        ("controls", "all"), ("estimator", "ols"), ("base_period", "last"), ("dead", "gone"),
        ("cluster", 3),
    ):  # fmt: skip
        with pytest.raises(mih.OptionError, match=f"{name}="):
            mih.group_time_effects(panel, outcomes="wage_income", **{name: value})
    with pytest.raises(mih.EffectsError, match=r"Too few clusters.*cluster="):
        mih.group_time_effects(panel, outcomes="wage_income", cluster="county")
    with pytest.raises(mih.OptionError, match="years before start"):
        mih.group_time_effects(panel, outcomes="wage_income", anticipation=-1)
    with pytest.raises(mih.OptionError, match=r"between 0.5 and 1"):
        mih.group_time_effects(panel, outcomes="wage_income", level=95)
    with pytest.raises(mih.OptionError, match="outcomes is a name"):
        mih.group_time_effects(panel, outcomes=[])
    with pytest.raises(mih.OptionError, match="takes a panel"):
        mih.group_time_effects(pd.DataFrame(), outcomes="wage_income")
    with pytest.raises(mih.OptionError, match="no column"):
        mih.group_time_effects(panel, outcomes="wages")
    with pytest.raises(mih.OptionError, match="no kind="):
        effects.aggregate("month")
    with pytest.raises(mih.EffectsError, match="left to average"):
        effects.aggregate("event", window=(40, 50))


def test_duplicate_person_years_raise():
    frame = numbers()
    with pytest.raises(mih.PanelContractError):
        estimate(pd.concat([frame, frame.iloc[:3]], ignore_index=True))


def test_covariates_that_cannot_be_adjusted_for_are_named():
    frame = numbers()
    frame["twice"] = 2 * frame["x"] + 1
    frame["constant"] = 3.0
    for estimator in ("dr", "ipw", "reg"):
        with pytest.raises(mih.SupportError, match=r"add up to one another: x and twice"):
            estimate(frame, covariates=["x", "twice"], estimator=estimator)
        with pytest.raises(mih.SupportError, match="constant in covariates= does not vary"):
            estimate(frame, covariates=["x", "constant"], estimator=estimator)
    frame["starts"] = (frame["start_year"] > 0).astype(float) + frame["x"] / 100
    with pytest.raises(mih.SupportError, match=r"without error.*covariates="):
        estimate(frame, covariates=["starts"])
    rng = np.random.default_rng(2)
    few = frame[(frame["start_year"] == 0) | (frame["person_id"] < 12)].copy()
    names = [f"z{k}" for k in range(15)]
    for name in names:
        few[name] = rng.normal(size=len(few))
    with pytest.raises(mih.SupportError, match="more covariates than starters"):
        estimate(few, covariates=names)


def test_one_start_year_that_cannot_be_adjusted_is_missing_with_its_reason():
    frame = numbers()
    starters = frame.loc[frame["start_year"] == 2014, "person_id"].unique()
    frame = frame[~frame["person_id"].isin(starters[1:])]
    table = estimate(frame, covariates=["x"]).to_frame()
    late = table[(table["group"] == 2014) & (table["year"] != 2013)]
    assert (late["reason"] == "models_not_estimable").all()
    assert late["estimate"].isna().all()
    early = table[(table["group"] == 2012) & (table["year"] != 2011)]
    assert early["std_error"].notna().all()


def test_a_start_year_that_leaves_the_averages_is_counted_and_said():
    frame = numbers()
    late = frame.loc[frame["start_year"] == 2014, "person_id"].unique()
    frame = frame[~frame["person_id"].isin(late[1:])]
    early = frame.loc[frame["start_year"] == 2012, "person_id"].nunique()
    found = estimate(frame, covariates=["x"], estimator="dr")
    table = found.to_frame().query("group == 2014 and year >= 2014")
    assert (table["reason"] == "models_not_estimable").all()
    assert (table["n_participants"] == 0).all()
    assert (table["n_lost"] == 1).all()
    for kind in ("simple", "event", "calendar"):
        row = found.aggregate(kind).to_frame().set_index("level", drop=False)
        row = row[row["level"].isin([0, 2014])].iloc[0] if kind != "simple" else row.iloc[0]
        assert (row["n_participants"], row["n_lost"]) == (early, 1), kind
        assert row["reason"] == "some_models_not_estimable"
    group = found.aggregate("group").to_frame().set_index("level")
    assert group.loc[2012, ["n_participants", "n_lost", "reason"]].tolist() == [early, 0, ""]
    assert group.loc[2014, ["n_participants", "n_lost"]].tolist() == [0, 1]
    assert group.loc[2014, "reason"] == "models_not_estimable"
    assert np.isnan(group.loc[2014, "estimate"])
    assert "oppstartsår 2014" in found.summary("nb")
    assert "ikke lar seg justere for, mangler" in found.aggregate("simple").summary("nb")
    assert found.aggregate("group").plot("outcome")


def test_covariates_of_the_base_year_are_matched_on_in_their_own_year():
    """With anticipation the lags count from the base, and so does what is zero by construction."""
    panel = mih.read_panel(small_register(), price_year=2024)
    effects = mih.group_time_effects(
        panel, outcomes="wage_income", covariates=mih.lag("wage_income", 1, 2), anticipation=1,
        estimator="reg",
    ).aggregate("event", window=(-5, 2))  # fmt: skip
    table = effects.to_frame().set_index("year_since_start")
    assert table.index[table["matched_on"]].tolist() == [-3, -2]
    assert table.loc[-3, "std_error"] == 0


def test_drawn_errors_keep_which_years_are_anticipated(panel):
    effects = mih.group_time_effects(panel, outcomes="wage_income", anticipation=1)
    series = effects.aggregate("event")
    drawn = mih.multiplier_bootstrap(series, draws=100)
    assert drawn.anticipation == series.anticipation == 1
    tested = [each.pretrend_test().to_frame()["year_since_start"] for each in (series, drawn)]
    assert tested[0].tolist() == tested[1].tolist()


def test_a_start_year_with_one_participant_has_no_standard_error():
    frame = numbers()
    starters = frame.loc[frame["start_year"] == 2014, "person_id"].unique()
    found = estimate(frame[~frame["person_id"].isin(starters[1:])])
    late = found.to_frame().query("group == 2014 and year != 2013")
    assert (late["reason"] == "one_participant").all()
    assert late["estimate"].notna().all()
    assert late["std_error"].isna().all()
    group = found.aggregate("group").to_frame().set_index("level")
    assert np.isnan(group.loc[2014, "std_error"])
    assert group.loc[2014, "reason"] == "one_participant"
    event = found.aggregate("event").to_frame().set_index("level")
    first = found.to_frame().query("group == 2014 and year == 2010")  # no other start year has it
    assert event.loc[-4, "estimate"] == pytest.approx(first["estimate"].item())
    assert np.isfinite(found.aggregate("simple").matrix).all()
    assert "for få deltakere til en standardfeil" in found.summary("nb")


def test_years_and_start_years_that_are_not_covered_are_missing_with_their_reason():
    frame = numbers()
    frame.loc[frame["person_id"] < 40, "start_year"] = 2010
    found = estimate(frame, base_period="varying")
    table = found.to_frame().set_index(["group", "year"])
    assert (table.loc[2010, "reason"] == "no_base_year").all()
    assert table.loc[(2012, 2010), "reason"] == "no_base_year"
    assert table.loc[(2012, 2011), "reason"] == ""
    assert np.isfinite(found.aggregate("simple").estimate).all()
    empty = frame.assign(outcome=frame["outcome"].where(frame["year"] != 2013))
    table = estimate(empty).to_frame().set_index(["group", "year"])
    assert table.loc[(2012, 2013), "reason"] == "nobody_to_compare"
    assert np.isfinite(table.loc[(2012, 2014), "std_error"])
    assert (table.loc[2014, "estimate"].isna()).all()


def test_starters_in_cells_without_controls_are_lost_and_counted():
    frame = numbers()
    alone = frame["person_id"].isin(
        frame.loc[frame["start_year"] == 2012, "person_id"].unique()[:7]
    )
    frame["place"] = np.where(alone, "far", "near")
    found = estimate(frame, exact="place")
    assert found.coverage["participants"] - found.coverage["matched"] == 7
    assert (found.to_frame().query("group == 2012")["n_lost"] == 7).all()


def test_eligible_is_asked_the_year_before_start():
    frame = numbers()
    few = frame.assign(allowed=(frame["year"] == 2011) & (frame["person_id"] % 2 == 0))
    panel = read_numbers(few)
    found = mih.group_time_effects(
        panel, outcomes="outcome", eligible=nw.col("allowed") | (nw.col("year") == 2013)
    )
    table = found.to_frame().set_index(["group", "year"])
    never = frame[frame["start_year"] == 0]["person_id"].unique()
    assert table.loc[(2012, 2012), "n_controls"] == (never % 2 == 0).sum()
    assert table.loc[(2014, 2012), "n_controls"] == len(never)


@pytest.mark.parametrize(
    "options", [{}, {"covariates": ["x"]}, {"covariates": ["x"], "controls": "not_yet"}]
)
def test_order_of_rows_is_nothing_and_everybody_twice_divides_errors_by_root_two(options):
    frame = numbers(seed=7)
    one = estimate(frame, **options)
    mixed = estimate(frame.sample(frac=1.0, random_state=3), **options)
    np.testing.assert_array_equal(one.estimate, mixed.estimate)
    twin = frame.assign(person_id=frame["person_id"] + 10_000)
    two = estimate(pd.concat([frame, twin], ignore_index=True), **options)
    np.testing.assert_allclose(one.estimate, two.estimate, atol=1e-9)
    for kind in ("event", "simple"):
        a, b = one.aggregate(kind).matrix, two.aggregate(kind).matrix
        np.testing.assert_allclose(a, 2 * b, rtol=1e-7, atol=1e-12)


def test_factors_and_dense_rows_draw_the_same_spread():
    found = estimate(numbers(seed=9, n=900), controls="not_yet")
    influence = found.influence
    assert len(influence.cluster) == len(np.unique(influence.cluster))
    assert len(influence.profiles.person) > 0
    for kind in ("mammen", "rademacher"):
        draws = influence.multiplier_draws(6000, seed=4, kind=kind)
        again = influence.multiplier_draws(6000, seed=4, kind=kind)
        np.testing.assert_array_equal(draws, again)
        error = np.sqrt(influence.covariance.diagonal())
        used = error > 0
        np.testing.assert_allclose(draws[:, used].std(axis=0) / error[used], 1.0, atol=0.05)
        assert np.abs(draws[:, used].mean(axis=0) / error[used]).max() < 0.06
    some = influence.columns(slice(2, 5))
    np.testing.assert_allclose(some.rows, influence.rows[:, 2:5], atol=1e-15)
    np.testing.assert_allclose(
        influence.clustered(influence.cluster % 30).rows.sum(axis=0),
        influence.rows.sum(axis=0), atol=1e-12,
    )  # fmt: skip


def test_a_draw_weighs_every_person_once_whatever_columns_are_asked_for():
    found = estimate(numbers(seed=9, n=900))
    whole = found.influence.multiplier_draws(50, seed=4)
    part = found.influence.columns(np.array([1, 3])).multiplier_draws(50, seed=4)
    np.testing.assert_allclose(part, whole[:, [1, 3]], atol=1e-12)


def test_controls_near_certain_to_start_are_warned_of():
    rng = np.random.default_rng(5)
    frame = numbers(seed=3, n=600)
    person = frame.drop_duplicates("person_id")
    starts = person["start_year"].to_numpy() > 0
    x = np.where(starts, 3.0, 0.0) + rng.normal(size=len(person))
    x[np.flatnonzero(~starts)[0]] = 8.0
    frame["x"] = np.repeat(x, 6)
    with pytest.warns(mih.MihImpactWarning, match="propensity of 0.995"):
        estimate(frame, covariates=["x"])


@pytest.mark.parametrize("estimator", ["dr", "ipw"])
def test_controls_who_are_all_near_certain_to_start_are_refused(estimator):
    """Three against 1,200 of the same covariates: each starts with probability 400 / 401."""
    frame = numbers(n=1_203)
    frame["start_year"] = np.where(frame["person_id"] < 1_200, 2012, 0)
    frame["x"] = frame["person_id"] % 3
    with pytest.raises(mih.SupportError, match=r"certain to start.*3 controls"):
        estimate(frame, covariates=["x"], estimator=estimator)


@pytest.mark.parametrize("estimator", ["dr", "reg", "ipw"])
def test_years_among_the_covariates_are_matched_on_and_not_tested(estimator):
    """A change between two lags is linear in them: regression leaves no effect and no error."""
    panel = mih.read_panel(small_register(), price_year=2024)
    effects = mih.group_time_effects(
        panel,
        outcomes=["wage_income", "in_work"],
        covariates=["age", *mih.lag("wage_income", 1, 2, 3)],
        estimator=estimator,
    ).aggregate("event", window=(-5, 2))
    frame = effects.to_frame().query("year_since_start < -1")
    for _, rows in frame.set_index("year_since_start").groupby("outcome"):
        assert rows["matched_on"].to_dict() == {-5: False, -4: False, -3: True, -2: True}
    matched = frame.query("outcome == 'wage_income' and matched_on")
    assert (matched["std_error"] == 0).all() == (estimator != "ipw")
    assert (matched["estimate"] == 0).all() == (estimator != "ipw")
    tested = effects.pretrend_test().table
    assert tested["year_since_start"].tolist() == [-5, -4]
    assert np.isfinite(effects.to_frame()["band_low"]).any()


def test_nobody_followed_is_a_refusal_that_says_so():
    frame = numbers()
    frame["person_id"] = np.arange(len(frame))
    with pytest.raises(mih.SupportError, match="repeated cross-sections are not supported"):
        estimate(frame)


def test_small_start_years_are_not_shown_in_the_joint_test(tmp_path):
    start = np.repeat([0, 2013, 2014], [60, 3, 20])
    frame = numbers(n=len(start)).assign(start_year=np.repeat(start, 6))
    test = estimate(frame).pretrend_test()
    assert test.to_frame()["estimate"].notna().all()
    back = mih.load(test.save(tmp_path / "test.zip")).to_frame()
    assert back.loc[back["group"] == 2013, "estimate"].isna().all()
    assert back["p_value"].notna().all()
    assert "Hidden" in test.summary("en")


def test_an_overall_effect_wants_a_year_from_the_start_on():
    effects = estimate(numbers())
    with pytest.raises(mih.EffectsError, match="from the start on"):
        effects.overall("dynamic", window=(-3, -2))
    with pytest.raises(mih.OptionError, match="did you mean balance_e="):
        effects.aggregate("event", balance=1)
    with pytest.raises(mih.OptionError, match="no kind="):
        effects.overall("event")


def test_clusters_are_those_of_the_year_before_the_first_start_year_a_person_serves():
    frame = numbers(n=240)
    rng = np.random.default_rng(2)
    frame["town"] = rng.integers(0, 25, len(frame)).astype(str)
    effects = estimate(frame, cluster="town", controls="not_yet")
    own = estimate(frame, controls="not_yet")
    first = frame["start_year"].where(frame["start_year"] == 2012, 2012)
    town = frame[frame["year"] == first - 1].set_index("person_id")["town"]
    persons = frame["person_id"].unique()
    order = np.array(sorted(persons.astype(str))).astype(int)[own.influence.cluster]
    rows = pd.DataFrame(own.influence.rows).groupby(town.loc[order].to_numpy()).sum().to_numpy()
    np.testing.assert_allclose(effects.influence.covariance, rows.T @ rows, atol=1e-12)
