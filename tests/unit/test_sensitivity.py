"""Doubt: what is asked for, what is refused, what is shown, hidden and saved."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import EffectsError, OptionError, SupportError
from tests.support import small_register

CALLS = ("pretrend_power", "rosenbaum_bounds", "e_value", "attrition_check", "lee_bounds")


@pytest.fixture(scope="module")
def mortal():
    """A register in which some die after start, participants more often."""
    frame = small_register(900, starters=120, seed=5)
    start = frame.groupby("person_id")["start_year"].first().to_numpy()
    rng = np.random.default_rng(2)
    risk = np.where(start > 0, 0.3, 0.1)
    year = np.where(rng.random(len(start)) < risk, rng.integers(2016, 2022, len(start)), np.nan)
    year = np.where(year <= start, np.nan, year)
    return mih.read_panel(frame.assign(death_year=year[frame["person_id"]]), price_year=2024)


@pytest.fixture(scope="module")
def pairs(mortal):
    return mih.match(mortal, on=["age", *mih.lag("wage_income", 1)], ratio=1, replace=False)


@pytest.fixture(scope="module")
def shared(mortal):
    return mih.match(mortal, exact="county", on=["age", *mih.lag("wage_income", 1)])


@pytest.fixture(scope="module")
def effects(shared):
    return mih.event_study(shared, outcomes=["wage_income", "in_work"])


@pytest.fixture(scope="module")
def results(pairs, shared, effects):
    return {
        "pretrend_power": mih.pretrend_power(effects),
        "rosenbaum_bounds": mih.rosenbaum_bounds(pairs, year=3),
        "e_value": mih.e_value(effects, year=3, group=shared),
        "attrition_check": mih.attrition_check(shared),
        "lee_bounds": mih.lee_bounds(shared, year=4, within="county"),
    }


class TestAll:
    @pytest.mark.parametrize("call", CALLS)
    def test_a_check_is_saved_as_it_is_shown(self, results, call, tmp_path):
        result = results[call]
        loaded = mih.load(result.save(tmp_path / "check.zip"))
        assert isinstance(result, mih.CheckResult)
        for lang in ("nb", "en"):
            assert loaded.summary(lang) == result.summary(lang)
        pd.testing.assert_frame_equal(loaded.to_frame(), result.shown().to_frame())

    @pytest.mark.parametrize("call", CALLS)
    def test_sentences_are_whole_in_both_languages(self, results, call):
        result = results[call]
        assert result.sentence["nb"] != result.sentence["en"]
        for lang, text in result.sentence.items():
            assert text.endswith(".")
            assert "{" not in text
            assert "nan" not in text
            assert text.split()[0] in result.summary(lang)
        digits = re.findall(r"\d[.,]\d", result.sentence["nb"])
        assert all("," in part for part in digits)

    @pytest.mark.parametrize("call", CALLS)
    def test_no_person_is_shown(self, results, call):
        with mih.options(min_cell=10_000):
            for lang in ("nb", "en"):
                text = results[call].summary(lang)
                assert ("Skjult" if lang == "nb" else "Hidden") in text
            hidden = results[call].shown().table
        kept = [*results[call].keys, "statistic", "df", "p_joint", "cells"]
        numbers = hidden.select_dtypes("number").columns.difference(kept)
        if "persons" in hidden:
            built = (results[call].table["persons"] > 0).to_numpy()
            assert hidden.loc[built, numbers].isna().all().all()

    def test_provenance_names_call_and_options(self, results):
        for call, result in results.items():
            assert result.provenance.call == call
            assert result.provenance.data
        assert results["lee_bounds"].provenance.options["within"] == ("county",)


class TestPower:
    def test_more_power_needs_a_steeper_trend(self, effects):
        table = mih.pretrend_power(effects, power=(0.3, 0.5, 0.9)).table
        for _, own in table.groupby("test"):
            slopes = own.groupby("power")["slope"].first()
            assert slopes.is_monotonic_increasing
            assert (slopes > 0).all()
            late = own[own["year_since_start"] == 6]
            assert late["bias"].to_numpy() == pytest.approx(7 * slopes.to_numpy())

    def test_matched_years_are_no_part_of_it(self, effects):
        tested = mih.pretrend_power(effects).table["year_since_start"]
        assert sorted(set(tested[tested < 0])) == [-5, -4, -3, -2]
        frame = effects.frame.assign(matched_on=effects.frame["year_since_start"] == -3)
        tested = mih.pretrend_power(replace(effects, frame=frame)).table["year_since_start"]
        assert sorted(set(tested[tested < 0])) == [-5, -4, -2]

    def test_the_base_may_be_several_years(self, shared):
        effects = mih.event_study(shared, outcomes="wage_income", base=(-3, -2, -1), window=(-5, 3))
        table = mih.pretrend_power(effects, power=0.5).table
        late = table[table["year_since_start"] == 3]
        assert (late["bias"] / late["slope"]).to_list() == pytest.approx([5.0, 5.0])

    def test_nothing_to_test_is_said(self, shared):
        effects = mih.event_study(shared, outcomes="wage_income", window=(-1, 3))
        found = mih.pretrend_power(effects)
        assert found.passed is None
        assert found.table.empty
        assert "ingen styrke" in found.summary("nb")
        assert "no power" in found.summary("en")

    def test_it_works_after_load(self, effects, tmp_path):
        loaded = mih.load(effects.save(tmp_path / "effects.zip"))
        found = mih.pretrend_power(loaded).table
        pd.testing.assert_frame_equal(found, mih.pretrend_power(effects).table)

    def test_what_is_refused(self, effects, shared):
        with pytest.raises(OptionError, match="estimated outcome"):
            mih.pretrend_power(effects, outcome="dagpenger")
        for power in (0.05, 1.0, ()):
            with pytest.raises(OptionError, match="Power lies between"):
                mih.pretrend_power(effects, power=power)
        levels = mih.event_study(shared, outcomes="wage_income", estimator="difference")
        with pytest.raises(EffectsError, match="have none"):
            mih.pretrend_power(levels)

    def test_leads_without_uncertainty_are_refused(self):
        frame = pd.DataFrame(
            {"outcome": "x", "year_since_start": [-3, -2, -1, 0], "estimate": [1.0, 2.0, 0.0, 3.0]}
        )
        row = np.array([1.0, 1.0, 0.0, 0.5])
        covariance = np.outer(row, row) + np.diag([0.0, 0.0, 0.0, 1.0])
        series = mih.EffectSeries.from_frame(frame, covariance=covariance, price_year=2024)
        with pytest.raises(EffectsError, match="without uncertainty"):
            mih.pretrend_power(series, outcome="x")


class TestRosenbaum:
    def test_bounds_widen_with_gamma(self, pairs):
        table = mih.rosenbaum_bounds(pairs, year=3, gamma=[3, 1, 1.5, 2]).table
        assert table["gamma"].tolist() == [1.0, 1.5, 2.0, 3.0]
        assert table["p_upper"].is_monotonic_increasing
        assert table["p_lower"].is_monotonic_decreasing
        assert table["estimate_low"].is_monotonic_decreasing
        assert table["estimate_high"].is_monotonic_increasing
        assert table["p_lower"][0] == table["p_upper"][0]

    def test_at_the_largest_gamma_p_is_the_level(self, pairs):
        most = mih.rosenbaum_bounds(pairs, year=3).table["largest_gamma"][0]
        found = mih.rosenbaum_bounds(pairs, year=3, gamma=most).table["p_upper"][0]
        assert found == pytest.approx(0.05)

    def test_no_finding_has_no_gamma(self, pairs):
        found = mih.rosenbaum_bounds(pairs, year=3, alternative="less")
        assert math.isnan(found.table["largest_gamma"][0])
        assert "Selv uten skjult seleksjon" in found.summary("nb")

    def test_less_is_greater_of_the_negative(self, pairs):
        """A benefit that falls by a tenth of another, in the other direction."""
        up = mih.rosenbaum_bounds(pairs, outcome="sosialhjelp", year=3, alternative="less").table
        down = mih.rosenbaum_bounds(pairs, outcome="dagpenger", year=3, alternative="less").table
        assert up["p_upper"].to_list() == pytest.approx(down["p_upper"].to_list(), rel=0.05)
        assert (up["estimate_low"] <= up["estimate_high"]).all()
        assert up["estimate_high"][0] < 0

    def test_shares_are_compared_by_their_mean(self, pairs):
        found = mih.rosenbaum_bounds(pairs, outcome="in_work", year=3, dead="missing")
        assert set(found.table["statistic"]) == {"mean"}
        assert found.unit == "share"

    def test_sets_that_share_persons_are_refused(self, shared, mortal):
        weighted = mih.weight(mortal, on=["age"])
        cells = mih.match(mortal, method="exact", exact=["county"])
        for group in (shared, weighted, cells):
            with pytest.raises(SupportError, match=r"mih.match\(panel, replace=False"):
                mih.rosenbaum_bounds(group, year=3)
        within = mih.match(mortal, on=["age"], ratio=5, replace=False, scope="within_start_year")
        with pytest.raises(SupportError, match="persons used again"):
            mih.rosenbaum_bounds(within, year=3)

    def test_what_is_refused(self, pairs, mortal):
        for gamma in (0.9, (), math.nan):
            with pytest.raises(OptionError, match="ratio of odds from 1"):
                mih.rosenbaum_bounds(pairs, year=3, gamma=gamma)
        with pytest.raises(OptionError, match="statistic='median'"):
            mih.rosenbaum_bounds(pairs, year=3, statistic="median")
        with pytest.raises(OptionError, match="alternative='both'"):
            mih.rosenbaum_bounds(pairs, year=3, alternative="both")
        two = mih.match(mortal, on=["age"], ratio=2, replace=False)
        with pytest.raises(EffectsError, match="one control each"):
            mih.rosenbaum_bounds(two, year=3, statistic="wilcoxon")
        with pytest.raises(EffectsError, match="no scale"):
            mih.rosenbaum_bounds(pairs, outcome="in_work", year=3, statistic="huber")


class TestEValue:
    def test_the_standard_deviation_is_the_controls(self, effects, shared, mortal):
        row = mih.e_value(effects, year=3, group=shared).table.iloc[0]
        frame = shared.to_frame()
        cube = shared.risk.cube
        place = {person: i for i, person in enumerate(cube.person_id)}
        control = frame[frame["role"] == "control"]
        wage = cube.outcome("wage_income", dead="zero")
        y = np.array(
            [
                wage[place[person], year + 3 - int(cube.periods[0])]
                for person, year in zip(control["person_id"], control["start_year"], strict=True)
            ]
        )
        w = control["weight"].to_numpy() / control["weight"].sum()
        assert row["sd"] == pytest.approx(np.sqrt(w @ (y - w @ y) ** 2))
        given = mih.e_value(effects, year=3, sd=row["sd"]).table.iloc[0]
        assert given["e_value"] == row["e_value"]
        assert given["risk_ratio"] == pytest.approx(math.exp(0.91 * row["estimate"] / row["sd"]))

    def test_a_share_needs_no_standard_deviation(self, effects, tmp_path):
        loaded = mih.load(effects.save(tmp_path / "effects.zip"))
        row = mih.e_value(loaded, outcome="in_work", year=3).table.iloc[0]
        own = effects.frame
        own = own[(own["outcome"] == "in_work") & (own["year_since_start"] == 3)].iloc[0]
        without = own["participant_mean"] - own["estimate"]
        assert row["risk_ratio"] == pytest.approx(own["participant_mean"] / without)
        assert row["risk_ratio_low"] < row["risk_ratio"] < row["risk_ratio_high"]

    def test_an_interval_over_one_has_an_e_value_of_one(self, effects):
        wide = mih.e_value(effects, year=3, sd=1e5, level=1 - 1e-16)
        assert wide.table["e_value_limit"][0] == 1.0
        assert "omfatter alt null" in wide.sentence["nb"]

    def test_without_standard_error_there_is_no_limit(self):
        frame = pd.DataFrame({"outcome": ["x"], "year_since_start": [3], "estimate": [-5.0]})
        series = mih.EffectSeries.from_frame(frame, price_year=2024)
        row = mih.e_value(series, outcome="x", year=3, sd=4.0).table.iloc[0]
        assert math.isnan(row["e_value_limit"])
        assert row["e_value"] > 1

    def test_what_is_refused(self, effects, shared):
        for given in ({}, {"sd": 1.0, "group": shared}):
            with pytest.raises(EffectsError, match="standard deviation of the controls"):
                mih.e_value(effects, year=3, **given)
        with pytest.raises(OptionError, match="above zero"):
            mih.e_value(effects, year=3, sd=-1.0)
        with pytest.raises(OptionError, match="needs no standard deviation"):
            mih.e_value(effects, outcome="in_work", year=3, sd=0.5)
        with pytest.raises(EffectsError, match="is the base"):
            mih.e_value(effects, year=-1, sd=1e5)
        with pytest.raises(EffectsError, match="do not have everything"):
            mih.e_value(effects, year=30, sd=1e5)

    def test_another_group_is_refused(self, effects, group):
        with pytest.raises(EffectsError, match="not of this control group"):
            mih.e_value(effects, year=3, group=group)


class TestAttrition:
    def test_more_deaths_among_participants_are_found(self, results):
        found = results["attrition_check"]
        assert found.passed is False
        table = found.table
        gone = table[table["item"] == "any"]
        assert (gone["difference"].to_numpy()[-3:] > 0).all()
        assert gone["participants"].is_monotonic_increasing

    def test_states_add_up(self, shared):
        table = mih.attrition_check(shared).table
        left = table[table["test"] == "left"]
        by_state = left.pivot(index="year_since_start", columns="item", values="controls")
        parts = by_state.drop(columns="any").sum(axis=1)
        assert parts.to_numpy() == pytest.approx(by_state["any"].to_numpy())

    def test_nobody_leaves_when_the_dead_earn_zero(self, shared):
        found = mih.attrition_check(shared, dead="zero")
        assert found.passed is True
        assert found.sentence["nb"] == "Alle ses i alle år som registeret har."
        assert found.table["df"].eq(0).all()

    def test_missing_rows_are_not_in_the_register(self, gappy):
        group = mih.match(gappy, on=["age"], ratio=1)
        table = mih.attrition_check(group).table
        states = table[table["test"] == "left"].groupby("item")["n_controls"].sum()
        assert states["not_in_register"] == states["any"] > 0

    def test_those_who_leave_are_compared_before_start(self, shared):
        found = mih.attrition_check(shared, baseline=["age", *mih.lag("wage_income", 1)])
        rows = found.table[found.table["test"] == "baseline"]
        assert rows["item"].tolist() == ["age"] * 2 + ["wage_income[-1]"] * 2
        assert rows["among"].tolist() == ["left", "stayed"] * 2
        n = rows.groupby("item")["n_participants"].sum()
        assert n.tolist() == [shared.n_participants] * 2

    def test_what_is_refused(self, shared):
        with pytest.raises(OptionError, match="is no number"):
            mih.attrition_check(shared, baseline="education")
        with pytest.raises(OptionError, match="No such outcome"):
            mih.attrition_check(shared, outcome="wages")
        with pytest.raises(OptionError, match=r"between 0 and 0.5"):
            mih.attrition_check(shared, alpha=5)


class TestLee:
    def test_bounds_hold_the_untrimmed_effect(self, results):
        table = results["lee_bounds"].table
        assert table["within"].tolist() == ["all", "county"]
        assert (table["lower"] < table["untrimmed"]).all()
        assert (table["untrimmed"] < table["upper"]).all()
        assert (table["conf_low"] < table["lower"]).all()
        assert (table["conf_high"] > table["upper"]).all()
        assert set(table["trimmed"]) == {"controls"}

    def test_nobody_gone_is_nothing_trimmed(self, shared):
        effects = mih.event_study(shared, outcomes="wage_income", window=(-1, 3))
        row = mih.lee_bounds(shared, year=3, dead="zero").table.iloc[0]
        assert row["lower"] == row["upper"] == pytest.approx(row["untrimmed"])
        assert row["lower"] == pytest.approx(effects.select(["wage_income"], [3])[0][0, 0])
        assert row["n_trimmed"] == 0

    def test_monotonicity_may_be_assumed_the_other_way(self, shared):
        row = mih.lee_bounds(shared, year=4, monotone="more").table.iloc[0]
        assert row["share_trimmed"] == 0.0
        assert row["lower"] == row["upper"]

    def test_whoever_works_is_fewer(self, shared):
        seen = mih.lee_bounds(shared, year=3).table.iloc[0]
        work = mih.lee_bounds(shared, year=3, seen="in_work")
        assert work.table["n_controls"][0] < seen["n_controls"]
        assert "i arbeid" in work.summary("nb")
        assert "in work" in work.summary("en")

    def test_what_is_refused(self, shared):
        with pytest.raises(OptionError, match="Not matched on exactly: education"):
            mih.lee_bounds(shared, year=3, within="education")
        with pytest.raises(OptionError, match="seen='alive'"):
            mih.lee_bounds(shared, year=3, seen="alive")
        with pytest.raises(OptionError, match="monotone='yes'"):
            mih.lee_bounds(shared, year=3, monotone="yes")
        with pytest.raises(OptionError, match=r"between 0.5 and 1"):
            mih.lee_bounds(shared, year=3, level=95)
        with pytest.raises(EffectsError, match="No start year covers"):
            mih.lee_bounds(shared, year=30)


def test_a_year_is_unseen_for_the_gravest_of_its_months():
    """A month without a row, with no word on residency, makes the year unseen, not null."""
    rows = pd.DataFrame(
        [
            (person, 2015 + t // 12, t % 12 + 1, 100.0)
            for person in range(40)
            for t in range(60)
            if not (person < 6 and t == 30)
        ],
        columns=["person_id", "year", "month", "wage_income"],
    )
    starts = rows["person_id"] % 2 == 0
    rows["start_year"] = np.where(starts, 2017.0, np.nan)
    rows["start_month"] = np.where(starts, 1.0, np.nan)
    rows["one"] = "x"
    panel = mih.read_panel(rows, period="month", money="fixed")
    group = mih.match(panel, exact=["one"], method="exact")
    found = mih.attrition_check(group, window=(0, 1), dead="missing").table
    first = found.query("test == 'left' and year_since_start == 0").set_index("item")
    assert first.loc["any", "n_participants"] == 3
    assert first.loc["not_in_register", "n_participants"] == 3
    assert first.loc["null", "n_participants"] == 0
