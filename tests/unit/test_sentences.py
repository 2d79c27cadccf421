"""What a sentence says: every number in it is found again in the table that it stands beside."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.falsification import leave_out, placebo, specification_curve
from tests.support import small_register


def numbers(text: str) -> list[float]:
    """Return the numbers of a text as it is displayed in bokmål."""
    found = re.findall(r"−?\d{1,3}(?:\u00a0\d{3})+|−?\d+(?:,\d+)?", text)
    return [float(one.replace("\u00a0", "").replace("−", "-").replace(",", ".")) for one in found]


def said(result, words: str) -> str:
    """Return the sentence on a card that has some words."""
    card = result._card()
    texts = [text for note in card.notes for text in re.split(r"(?<=[.:]) (?=[A-ZÅ])", note)]
    [sentence] = [text for text in texts if words in text]
    return sentence


def register() -> pd.DataFrame:
    """Return 200 persons with hours; 70 start in 2015 and 2016."""
    frame = small_register(200, starters=70, seed=3).query("2009 <= year <= 2022")
    start = frame["start_year"].where(frame["start_year"].isna(), 2015 + frame["start_year"] % 2)
    hours = (frame["wage_income"] / 250).round(1)
    return frame.assign(start_year=start, hours=hours)


def matched(frame: pd.DataFrame, **options) -> mih.ControlGroup:
    panel = mih.read_panel(frame, money="fixed", units={"hours": "hours"})
    return mih.match(panel, **{"on": ["age"], "exact": "county", **options})


@pytest.fixture(scope="module")
def partly():
    """Hours of a third of the starters are never seen, and of few from 2018 on."""
    frame = register()
    starter = frame["start_year"].notna()
    never = starter & (frame["person_id"] % 3 == 0)
    late = starter & (frame["year"] >= 2018) & (frame["person_id"] % 3 == 1)
    return frame.assign(hours=frame["hours"].mask(never | late))


class TestWhomAnEffectSpeaksFor:
    def test_those_who_are_compared_in_some_year(self, partly):
        effects = mih.event_study(matched(partly), outcomes="hours", window=(-2, 4))
        after = effects.to_frame().query("year_since_start >= 0")["n_participants"]
        starters = partly.dropna(subset=["start_year"])
        seen = starters.dropna(subset=["hours"])["person_id"].nunique()
        n, everybody, low, high = numbers(said(effects, "Effekten gjelder"))
        assert (n, everybody) == (seen, starters["person_id"].nunique())
        assert (low, high) == (after.min(), after.max())
        assert low < high <= n < everybody

    def test_the_balanced_composition_speaks_for_its_own(self):
        """Those who start last are not seen throughout, and are compared in no year of it."""
        group = matched(register())
        effects = mih.event_study(
            group, outcomes="wage_income", window=(-1, 7), composition="balanced"
        )
        n, everybody, *rest = numbers(said(effects, "Effekten gjelder"))
        assert n == effects.to_frame()["n_participants"].max() < everybody
        assert rest == []

    def test_nobody_is_not_everybody_with_controls(self):
        frame = register()
        frame["hours"] = frame["hours"].mask(frame["year"] == frame["start_year"] - 1)
        effects = mih.event_study(matched(frame), outcomes="hours", window=(-2, 3))
        assert effects.to_frame()["estimate"].isna().all()
        assert numbers(said(effects, "Ingen av")) == [70]
        assert "Effekten gjelder" not in effects.summary("nb")

    @pytest.mark.parametrize("kind", ["event", "group", "calendar", "simple"])
    def test_averages_of_group_time_effects_count_from_the_table(self, partly, kind):
        panel = mih.read_panel(partly, money="fixed", units={"hours": "hours"})
        effects = mih.group_time_effects(panel, outcomes="hours", covariates="age")
        average = effects.aggregate(kind)
        table = effects.to_frame().query("reason != 'base_year'")
        used = table if kind == "event" else table.query("year_since_start >= 0")
        counts = used.dropna(subset=["estimate"]).groupby("group")["n_participants"].max()
        assert numbers(said(average, "gjelder"))[:2] == [counts.sum(), 70]
        if kind == "simple":
            assert average.to_frame()["n_participants"].tolist() == [counts.sum()]
        assert f"{table.groupby('group')['n_participants'].max().sum()} av 70" in effects.summary()


class TestYearsThatAreMatchedOn:
    def test_the_difference_is_said_as_it_is(self):
        """Only year -3 is matched on, and the change from the base to it is anything."""
        group = matched(register(), on=["age", *mih.lag("wage_income", 3)])
        effects = mih.event_study(group, outcomes="wage_income", window=(-4, 2))
        there = effects.to_frame().set_index("year_since_start")["estimate"][-3]
        assert abs(there) > 5_000
        assert numbers(said(effects, "lønnsinntekt i år")) == [-3, round(abs(there))]
        assert "nær null" not in effects.summary("nb")
        assert "konstruksjon" not in _note(effects)

    def test_a_hidden_difference_is_not_said(self):
        group = matched(register(), on=["age", *mih.lag("wage_income", 3)])
        effects = mih.event_study(group, outcomes="wage_income", window=(-4, 2))
        with mih.options(min_cell=100):
            assert numbers(said(effects, "lønnsinntekt i år")) == [-3]

    def test_open_points_are_named_as_what_they_are(self):
        group = matched(register())
        plain = mih.event_study(group, outcomes="wage_income", window=(-2, 1))
        assert "Åpent punkt: basisåret" in _note(plain)
        several = mih.event_study(group, outcomes="wage_income", base=(-2, -1), window=(-2, 1))
        assert "basisårene" in _note(several)
        after = mih.event_study(group, outcomes="wage_income", window=(0, 2))
        assert "Åpne" not in _note(after)


def _note(effects: mih.EffectSeries, *, levels: bool = False) -> str:
    ax = (effects.plot_levels if levels else effects.plot)("wage_income", lang="nb")
    texts = [text.get_text() for text in (*ax.texts, *ax.figure.texts)]
    return " ".join(" ".join(texts).split())


class TestTestsOfYearsBeforeStart:
    def given(self, estimate, variance) -> mih.EffectSeries:
        years = list(range(-len(estimate), 1))
        frame = pd.DataFrame(
            {"outcome": "wage_income", "year_since_start": years, "estimate": [*estimate, 9.0]}
        )
        spread = np.zeros((len(years), len(years)))
        spread[:-1, :-1] = variance
        spread[-1, -1] = 1.0
        return mih.EffectSeries.from_frame(frame, covariance=spread, price_year=2024)

    def test_a_small_p_is_not_zero(self):
        found = self.given([90.0, 80.0, 0.0], np.diag([1.0, 1.0, 0.0])).pretrend_test()
        assert found.passed is False
        assert numbers(found.sentence["nb"]) == [-3, -2, 0.001]
        assert "p < 0,001" in found.sentence["nb"].replace("\u00a0", " ")

    def test_years_that_repeat_others_are_no_test(self):
        V = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
        found = self.given([2.0, 2.0, 0.0], V).pretrend_test()
        assert found.passed is None
        assert np.isnan(found.table["p_value"]).all()
        assert "følger av hverandre" in found.sentence["nb"]

    def test_years_without_variation_have_data(self):
        found = self.given([0.0, 0.0, 0.0], np.zeros((3, 3))).pretrend_test()
        assert found.passed is None
        assert "uten data" not in found.sentence["nb"]
        assert "uten usikkerhet" in found.sentence["nb"]


def test_means_of_survivors_do_not_count_the_dead_as_zero():
    group = matched(register())
    for dead, words in (("zero", "teller som null"), ("missing", "er ikke med")):
        effects = mih.event_study(group, outcomes="wage_income", window=(-1, 1), dead=dead)
        assert f"Døde og utvandrede {words}" in _note(effects, levels=True)


def test_attrition_is_of_the_last_year_that_the_register_has(partly):
    found = mih.attrition_check(matched(partly), outcome="hours", window=(0, 9))
    rows = found.table.query("item == 'any'").set_index("year_since_start")
    assert rows["participants"].isna().iloc[-1]
    last = rows["participants"].last_valid_index()
    year, participants, controls, *_ = numbers(found.sentence["nb"])
    assert year == last
    assert participants == round(100 * rows.loc[last, "participants"], 1)
    assert controls == round(100 * rows.loc[last, "controls"], 1)


def test_who_is_drawn_is_said():
    frame = register()
    frame["municipality"] = (frame["person_id"] % 25).astype(str)
    group = matched(frame, method="exact", on=(), exact=["county"])
    drawn = mih.resample(group, outcomes="wage_income", window=(-1, 0), draws=20)
    assert "20 trekninger av personer" in drawn.summary("nb").replace("\n", " ")
    clustered = mih.resample(
        group, outcomes="wage_income", window=(-1, 0), draws=20, cluster="municipality"
    )
    assert numbers(said(clustered, "hele klynger")) == [len(clustered.draws)]


def test_some_start_later_where_some_do():
    frame = register()
    group = matched(frame, controls="not_yet", window_end=0)
    later = group.to_frame().query("role == 'control'")["person_id"].astype(int)
    starts = frame.drop_duplicates("person_id").set_index("person_id")["start_year"]
    some = starts[later].notna().any()
    assert ("Noen av dem starter senere" in " ".join(group.summary("nb").split())) == some
    alone = matched(frame[~(frame["start_year"] == 2016)], controls="not_yet", window_end=0)
    assert "starter senere" not in alone.summary("nb")
    assert numbers(said(alone, "har ikke startet")) == [0]


class TestWordsAboutManyEstimates:
    def table(self, estimate, low=None, high=None) -> pd.DataFrame:
        estimate = np.array(estimate, dtype=float)
        return pd.DataFrame(
            {
                "left_out": ["", *"ABCDEFGH"[: len(estimate) - 1]],
                "estimate": estimate,
                "conf_low": estimate - 1.0 if low is None else low,
                "conf_high": estimate + 1.0 if high is None else high,
                "warning": "",
            }
        )

    def test_nearly_all_is_not_all(self):
        """299 of 300 rounds to 100 per cent."""
        table = pd.DataFrame(
            {
                "estimate": [5.0] * 299 + [-5.0], "conf_low": [4.0] * 299 + [-6.0],
                "conf_high": [6.0] * 299 + [-4.0], "warning": "",
            }
        )  # fmt: skip
        text = specification_curve.words(table, "NOK", 0.95)["nb"]
        assert numbers(text.split(". ")[1]) == [299, 299, 95]
        assert "100" not in text

    def test_without_an_interval_nothing_lies_outside_it(self):
        table = self.table([5.0, 4.0, 6.0]).assign(conf_low=np.nan, conf_high=np.nan)
        text = leave_out.words(table, "NOK")["nb"]
        assert "utenfor" not in text
        assert "ikke noe konfidensintervall" in text
        assert leave_out.verdict(table) is None

    def test_where_everybody_has_no_effect_the_others_may(self):
        text = leave_out.words(self.table([np.nan, 4.0, 6.0]), "NOK")["nb"]
        assert "effekten for alle kan ikke beregnes" in text
        assert "når én er utelatt" not in text

    def test_those_without_an_estimate_are_not_among_all(self):
        text = leave_out.words(self.table([5.0, 5.5, np.nan]), "NOK")["nb"]
        assert "De som vises, har samme fortegn" in text
        assert "Uten B kan den ikke beregnes" in text

    def test_holm_counts_what_was_tested(self):
        table = pd.DataFrame(
            {
                "outcome": ["dagpenger", "aap", "sosialhjelp"], "estimate": [1.0, 2.0, 0.0],
                "p_holm": [0.04, 0.2, np.nan], "p_joint": np.nan, "unit": "NOK",
            }
        )  # fmt: skip
        text = placebo.placebo_words("placebo_outcomes", table, 0.05)["nb"]
        assert numbers(text[text.index("Minste p") :])[:2] == [2, 0.04]


def test_an_effect_without_variance_is_not_called_the_base():
    effects = mih.event_study(matched(register()), outcomes="wage_income", window=(-1, 2))
    matrix = np.zeros_like(effects.matrix)
    with pytest.raises(mih.EffectsError, match="has no variance"):
        mih.e_value(replace(effects, matrix=matrix), year=2, sd=1e5)
    with pytest.raises(mih.EffectsError, match="is the base"):
        mih.e_value(effects, year=-1, sd=1e5)
