"""Placebos, one left out, and the specification curve: what they ask, say, hide and refuse."""

from __future__ import annotations

import sys
from dataclasses import replace

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.figure import alt_text
from mih_impact.errors import (
    EffectsError,
    MihImpactError,
    OptionError,
    SupportError,
)
from mih_impact.falsification.specification_curve import words as curve_words
from mih_impact.falsification.specifications import own_options, value_label
from tests.support import small_register

SEED = 12
ON = ["age", *mih.lag("wage_income", 1, 2)]


@pytest.fixture(scope="module")
def panel():
    return mih.read_panel(small_register(400, starters=80, seed=SEED))


@pytest.fixture(scope="module")
def group(panel):
    return mih.match(panel, exact=["county"], on=ON, ratio=2)


@pytest.fixture(scope="module")
def curve(group):
    ways = {"ratio": [1, 2], "estimator": ["did", "difference"], "base": [-1, (-2, -1)]}
    return mih.specification_curve(group, year=2, ways=ways, alone={"method": ["entropy", "exact"]})


@pytest.fixture(scope="module")
def results(group, curve):
    return [
        mih.placebo_start(group),
        mih.placebo_outcomes(group, outcomes=["sosialhjelp", "in_work"], year=[1, 2]),
        mih.leave_one_out(group, year=2),
        curve,
    ]


class TestAll:
    def test_cards_and_figures_in_both_languages(self, results):
        for found in results:
            for lang in ("nb", "en"):
                assert found.sentence[lang] in found.summary(lang).replace("\n", " ")
                assert found.title[lang] in found.summary(lang)
                ax = found.plot(lang=lang)
                assert found.sentence[lang] in alt_text(ax)
                assert found.title[lang] == ax.get_title(loc="left").replace("\n", " ")
            assert found.sentence["nb"] != found.sentence["en"]

    def test_saved_and_loaded(self, results, tmp_path):
        for found in results:
            again = mih.load(found.save(tmp_path / "check.zip"))
            pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
            assert again.summary("nb") == found.summary("nb")
            assert again.passed == found.passed
        assert again.labels == found.labels

    def test_few_persons_are_hidden_in_what_is_displayed_and_saved(self, results, tmp_path):
        for found in results:
            few = found.table["n_participants"].where(found.table.index != 0, 3.0)
            small = replace(found, table=found.table.assign(n_participants=few))
            assert np.isfinite(small.to_frame()["estimate"][0])
            shown = small.shown()
            hidden = shown.table.iloc[0]
            for name in ("estimate", "std_error", "conf_low", "conf_high", "n_participants"):
                assert np.isnan(hidden[name]), (found.name, name)
            text = f"{small.summary('en')} {shown.sentence['en']}"
            for name in ("estimate", "conf_low", "conf_high"):
                assert f"{found.table[name][0]:,.0f}".replace("-", "−") not in text
            back = mih.load(small.save(tmp_path / "small.zip"))
            assert np.isnan(back.table["estimate"][0])
            with mih.options(min_cell=1):
                assert small.shown() is small

    def test_the_same_call_gives_the_same_numbers(self, group, results):
        again = mih.placebo_start(group)
        pd.testing.assert_frame_equal(again.table, results[0].table)
        pd.testing.assert_frame_equal(mih.leave_one_out(group, year=2).table, results[2].table)

    def test_rows_may_stand_in_any_order(self, group, results):
        frame = small_register(400, starters=80, seed=SEED).sample(frac=1.0, random_state=1)
        other = mih.match(mih.read_panel(frame), exact=["county"], on=ON, ratio=2)
        pd.testing.assert_frame_equal(mih.placebo_start(other).table, results[0].table)
        pd.testing.assert_frame_equal(mih.leave_one_out(other, year=2).table, results[2].table)

    def test_a_group_without_its_recipe_is_refused(self, group):
        lost = replace(group, recipe=None)
        for call in (mih.placebo_start, mih.leave_one_out, mih.specification_curve):
            with pytest.raises(EffectsError, match="made"):
                call(lost)
            with pytest.raises(EffectsError, match="without a recipe"):
                call("group")

    def test_a_progress_bar_is_shown_where_it_is_wanted(self, group, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # as on a terminal
        mih.leave_one_out(group, year=2)
        assert capsys.readouterr().err == ""
        with mih.options(progress=True, lang="en"):
            mih.leave_one_out(group, year=2)
        assert "leaving one out" in capsys.readouterr().err


class TestPlaceboStart:
    def test_years_count_from_the_true_start_and_end_before_it(self, group):
        table = mih.placebo_start(group, years=3).table
        assert list(table["year_since_start"]) == [-3, -2, -1]
        assert list(table["year_since_placebo"]) == [0, 1, 2]
        assert list(table["balanced_in_group"]) == [False, True, True]
        assert (table["df"] == 3).all()

    def test_the_sentence_says_what_the_group_itself_takes_out(self, group):
        found = mih.placebo_start(group, years=3, alpha=0.49)
        assert found.passed is False
        assert "matchet på år −2, −1" in found.sentence["nb"]
        assert "matched on year −2, −1" in found.sentence["en"]
        assert "matched on" not in mih.placebo_start(group, years=3, alpha=1e-12).sentence["en"]

    def test_eligibility_may_be_an_expression(self, panel, group):
        other = mih.match(
            panel, exact=["county"], on=ON, ratio=2, eligible=nw.col("wage_income") >= 0
        )
        pd.testing.assert_frame_equal(
            mih.placebo_start(other).table, mih.placebo_start(group).table
        )

    @pytest.mark.parametrize(
        ("call", "error", "says"),
        [
            ({"years": 0}, OptionError, "years of 1 or more|years= of 1 or more"),
            ({"years": 1.5}, OptionError, "1.5"),
            ({"years": 2, "gap": 2}, OptionError, "last 2"),
            ({"years": 4}, SupportError, "2008"),
            ({"outcome": "wages"}, OptionError, "wages"),
            ({"base": -9}, EffectsError, "base year -9"),
        ],
    )
    def test_what_cannot_be_tested_is_named(self, group, call, error, says):
        with pytest.raises(error, match=says):
            mih.placebo_start(group, **call)


class TestPlaceboOutcomes:
    def test_an_outcome_that_did_not_come_along_is_fetched(self, panel, group):
        lean = mih.match(panel, exact=["county"], on=ON, ratio=2, outcomes="wage_income")
        one, other = (
            mih.placebo_outcomes(g, outcomes="sosialhjelp", year=2).table for g in (lean, group)
        )
        pd.testing.assert_frame_equal(one, other)

    def test_an_outcome_that_never_varies_has_no_joint_test_but_the_others_do(self, panel):
        frame = small_register(400, starters=80, seed=SEED)
        rare = frame["person_id"].eq(0) & frame["year"].eq(2009)
        frame = frame.assign(aap=np.where(rare, 1.0, 0.0))
        group = mih.match(mih.read_panel(frame), exact=["county"], on=ON, ratio=2)
        found = mih.placebo_outcomes(group, outcomes=["aap", "sosialhjelp"], year=2)
        assert found.passed is None
        assert np.isnan(found.table["p_joint"]).all()
        assert np.isnan(found.table["p_holm"][0])
        assert found.table["p_holm"][1] == found.table["p_value"][1]
        assert "Samlet test finnes ikke" in found.sentence["nb"]

    @pytest.mark.parametrize(
        ("call", "error", "says"),
        [
            ({"outcomes": "wage_income", "year": -2}, EffectsError, "wage_income in year -2"),
            ({"outcomes": "sosialhjelp", "year": -1}, EffectsError, "is the base"),
            ({"outcomes": "sosialhjelp", "year": 15}, EffectsError, "No start year covers"),
            ({"outcomes": "sosialhjelp", "year": [3, 12]}, EffectsError, "no estimate"),
            ({"outcomes": [], "year": 2}, OptionError, "none given"),
            ({"outcomes": "sosialhjlp", "year": 2}, OptionError, "sosialhjelp"),
            ({"outcomes": "sosialhjelp", "year": []}, OptionError, "No year"),
        ],
    )
    def test_what_is_no_test_is_refused(self, group, call, error, says):
        with pytest.raises(error, match=says):
            mih.placebo_outcomes(group, **call)


class TestLeaveOneOut:
    def test_everybody_first_and_then_each_level(self, group):
        found = mih.leave_one_out(group, year=2)
        effects = mih.event_study(group, outcomes="wage_income", window=(2, 2))
        assert list(found.table["left_out"]) == ["", "A", "B"]
        assert found.table["estimate"][0] == pytest.approx(effects.estimate[0, 0], rel=1e-12)
        assert found.table["n_left_out"].sum() == 80
        assert found.passed is True

    def test_a_level_without_which_nothing_is_left_is_a_row_with_its_reason(self):
        frame = small_register(400, starters=60, seed=2)
        starters = frame["start_year"].notna()
        frame["county"] = np.where(starters & (frame["person_id"] % 9 != 0), "A", frame["county"])
        frame.loc[starters & (frame["county"] != "A"), "county"] = "C"
        frame = frame[~(starters & (frame["county"] == "C"))]
        group = mih.match(mih.read_panel(frame), on=["age"], replace=False, ratio=1)
        found = mih.leave_one_out(group, year=2)
        row = found.table.set_index("left_out").loc["A"]
        assert np.isnan(row["estimate"])
        assert row["reason"].startswith("Nobody in the panel starts.")
        assert "Uten A kan den ikke beregnes" in found.sentence["nb"]
        assert np.isfinite(found.table.set_index("left_out").loc["B", "estimate"])

    def test_the_verdict_tells_sign_and_interval(self, group):
        found = mih.leave_one_out(group, year=2)
        table = found.table.copy()
        table.loc[1, "estimate"] = table.loc[0, "conf_high"] + 1.0
        assert "Without A the effect lies outside" in found.words(table)["en"]
        table.loc[1, "estimate"] = -table.loc[0, "estimate"]
        assert "Fortegnet snur uten A." in found.words(table)["nb"]

    def test_not_passed_where_the_effect_is_one_countys(self):
        frame = small_register(400, starters=120, seed=4, effect=0.0)
        county = frame["county"] == "B"
        since = frame["year"] - frame["start_year"]
        frame["wage_income"] += np.where(county & (since >= 0), 150_000.0, 0.0)
        group = mih.match(mih.read_panel(frame), exact=["county"], on=["age"], ratio=2)
        found = mih.leave_one_out(group, year=2)
        assert found.passed is False
        assert "henger på hvem som er med" in found.summary("nb")

    def test_few_left_out_persons_are_hidden_too(self, group):
        found = mih.leave_one_out(group, year=2)
        few = replace(found, table=found.table.assign(n_left_out=[0.0, 4.0, 76.0]))
        # The other of two levels is what everybody's effect would leave.
        assert list(np.isnan(few.shown().table["estimate"])) == [False, True, True]
        assert list(np.isnan(few.shown().table["difference"])) == [False, True, True]

    @pytest.mark.parametrize(
        ("call", "error", "says"),
        [
            ({"by": "wage_income"}, EffectsError, "between 2 and 60"),
            ({"by": "contry"}, MihImpactError, "county"),
            ({"year": []}, OptionError, "No year"),
            ({"year": -1}, EffectsError, "no standard error"),
            ({"outcome": "wages"}, OptionError, "wages"),
        ],
    )
    def test_what_cannot_be_left_out_is_named(self, group, call, error, says):
        with pytest.raises(error, match=says):
            mih.leave_one_out(group, **call)


class TestSpecificationCurve:
    def test_what_groups_share_is_what_each_would_have_alone(self):
        """Risk sets, scores and neighbours that a group holds serve others of the same panel."""
        panels = [mih.read_panel(small_register(400, starters=80, seed=SEED)) for _ in range(2)]
        given = {"exact": ["county"], "on": ON, "ratio": 1}
        first = mih.match(panels[0], **{**given, "ratio": 2})
        apart = mih.match(panels[0], score="by_start_year", **given)
        other, alone = (mih.match(panel, caliper=0.5, **given) for panel in panels)
        assert other.risk is first.risk
        assert other.score is first.score
        assert other.line is first.line
        assert apart.score is not first.score
        assert alone.risk is not first.risk
        for dead in ("zero", "missing", "zero"):
            one, same = (mih.event_study(each, dead=dead) for each in (other, alone))
            pd.testing.assert_frame_equal(one.frame, same.frame, check_exact=True)

    def test_the_chosen_specification_is_first_and_marked(self, group, curve):
        effects = mih.event_study(group, outcomes="wage_income", window=(2, 2))
        assert list(curve.table.index[curve.table["own"]]) == [0]
        assert curve.table["estimate"][0] == pytest.approx(effects.estimate[0, 0], rel=1e-12)
        assert curve.table.loc[0, ["ratio", "estimator", "base", "method"]].tolist() == [
            "2", "did", "-1", "propensity",
        ]  # fmt: skip

    def test_options_without_a_meaning_make_no_specification_of_their_own(self, curve):
        table = curve.table
        # 2 ratios x (did with 2 bases, difference without one), and two other methods.
        assert len(table) == 2 * 3 + 2
        assert (table.loc[table["estimator"] == "difference", "base"] == "").all()
        assert (table.loc[table["method"] == "entropy", "ratio"] == "").all()

    def test_what_fails_is_a_row_with_its_reason(self, curve):
        row = curve.table[curve.table["method"] == "exact"].iloc[0]
        assert np.isnan(row["estimate"])
        assert row["reason"].startswith("Lags are continuous")
        assert "1 til har ikke noe anslag" in curve.sentence["nb"]

    def test_shares_and_median_are_of_the_estimates(self, curve):
        seen = curve.table.dropna(subset=["estimate"])
        assert curve.median == np.median(seen["estimate"])
        n = len(seen)
        values = np.arange(1.0, n + 1) * np.where(np.arange(n) == 1, -1, 1)
        table = seen.assign(estimate=values, conf_low=values - 0.5, conf_high=values + 0.5)
        table.loc[table.index[2], "conf_low"] = -5.0
        other = replace(curve, table=table)
        assert other.same_sign == pytest.approx((len(seen) - 1) / len(seen))
        assert other.significant == pytest.approx((len(seen) - 2) / len(seen))
        assert curve.passed is None

    def test_warnings_are_kept_in_the_row(self):
        frame = small_register(60, starters=30, seed=3)
        group = mih.weight(mih.read_panel(frame), on=["county", "age"])
        curve = mih.specification_curve(group, year=2, ways={"method": ["propensity"]})
        row = curve.table[curve.table["method"] == "propensity"].iloc[0]
        assert row["warning"].startswith("One person carries 11% of the weight")
        assert np.isfinite(row["estimate"])
        assert "1 ga en advarsel" in curve.sentence["nb"]

    def test_values_may_be_named_by_the_caller(self, group):
        ways = {"on": {"bare alder": ["age"], "alt": ON}}
        curve = mih.specification_curve(group, year=2, ways=ways)
        assert list(curve.table["on"]) == ["alt", "bare alder"]
        names = [t.get_text() for t in curve.plot(lang="nb").figure.axes[1].get_yticklabels()]
        assert names == ["Kjennetegn: alt", "bare alder"]

    def test_values_are_named_in_both_languages(self, group):
        ways = {
            "on": [ON[:2], "age"],
            "caliper": [0.05, None],
            "base": [(-2, -1)],
            "adjust": [True],
        }
        curve = mih.specification_curve(group, year=2, ways={}, alone=ways)
        names = {
            lang: {
                label.text(lang) for values in curve.labels.values() for label in values.values()
            }
            for lang in ("nb", "en")
        }
        assert {
            "uten lønnsinntekt, 2 år før oppstart",
            "bare alder",
            "0,05",
            "ingen",
            "gjennomsnitt av −2, −1",
            "ja",
        } <= names["nb"]
        assert {
            "without wage income, 2 years before start",
            "0.05",
            "none",
            "average of −2, −1",
            "yes",
        } <= names["en"]

    def test_imputation_needs_no_controls_and_is_one_row(self, group):
        ways = {"estimator": ["did", "imputation"], "ratio": [1, 2]}
        curve = mih.specification_curve(group, year=2, ways=ways)
        row = curve.table[curve.table["estimator"] == "imputation"]
        panel = group.recipe.panel
        own = mih.imputation_effects(panel, outcomes="wage_income", window=(2, 2))
        assert row["estimate"].tolist() == own.params.tolist()
        assert row["std_error"].tolist() == own.std_errors.tolist()

    def test_the_default_grid(self, group):
        curve = mih.specification_curve(group, year=7)
        table = curve.table
        imputed = table["estimator"] == "imputation"
        assert set(table.loc[~imputed, "method"]) == {"propensity", "mahalanobis", "entropy", "ipw"}
        assert table.loc[imputed, "method"].tolist() == [""]
        assert {"balanced", "cohort_weighted"} <= set(table["composition"])
        # 2 x (2 x 2 x 2) + 2 x 2, and controls, caliper, score, level, imputation, base,
        # adjustment, two compositions one at a time.
        assert len(table) == 20 + 9
        assert not table.duplicated(subset=list(curve.labels)).any()
        late = table.set_index("composition").loc["cohort_weighted", "reason"]
        assert "no estimate" in late

    def test_the_curve_of_weights_tries_matching(self, panel):
        group = mih.weight(panel, exact=["county"], on=ON)
        curve = mih.specification_curve(group, year=2, ways={"method": ["propensity"]})
        direct = mih.event_study(mih.match(panel, exact=["county"], on=ON), window=(2, 2))
        assert curve.table["method"].tolist() == ["entropy", "propensity"]
        assert curve.table["estimate"][1] == pytest.approx(direct.estimate[0, 0], rel=1e-12)

    def test_it_can_be_drawn_beside_something_else(self, curve):
        import matplotlib.pyplot as plt

        figure, (left, right) = plt.subplots(1, 2, layout="constrained", figsize=(15, 8))
        assert curve.plot(ax=right, lang="en") is right
        assert len(figure.axes) == 3
        placed = plt.figure().add_axes((0.3, 0.2, 0.6, 0.7))
        curve.plot(ax=placed)
        assert placed.get_position().y0 > 0.2
        assert not left.has_data()

    def test_every_option_of_the_verbs_is_known(self, group):
        from mih_impact.effects.question import Question

        known = set(own_options(group, Question(outcome="wage_income", year=2)))
        assert {"on", "method", "trim", "moments", "cutpoints", "window_end", "base"} <= known

    @pytest.mark.parametrize(
        ("ways", "says"),
        [
            ({"methods": ["ipw"]}, "perhaps method"),
            ({"outcomes": ["dagpenger"]}, "no option 'outcomes'"),
            ({"method": "ipw"}, "list"),
            ({"method": []}, "list"),
        ],
    )
    def test_what_cannot_be_varied_is_named(self, group, ways, says):
        with pytest.raises(OptionError, match=says):
            mih.specification_curve(group, ways=ways)

    def test_a_chosen_specification_without_an_estimate_is_an_error(self, group):
        with pytest.raises(EffectsError):
            mih.specification_curve(group, year=14, ways={"ratio": [1]})


def test_the_propensity_score_has_its_norwegian_name():
    label = value_label("method", "propensity", "propensity", "propensity")
    assert (label.nb, label.en) == ("tilbøyelighet til å delta", "propensity score")


def test_one_specification_is_in_the_singular():
    table = pd.DataFrame(
        {"estimate": [5.0, np.nan], "conf_low": [1.0, np.nan], "conf_high": [9.0, np.nan]}
    ).assign(warning="", reason="", chosen=[True, False])
    said = curve_words(table, "NOK", 0.95)
    assert said["nb"].startswith("1 spesifikasjon, den valgte, gir effekten 5\u00a0kr.")
    assert "1 specification, the chosen one" in said["en"]
    assert "specifications" not in said["en"]
