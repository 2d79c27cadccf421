"""The decisions of the documents, the price of a place, and the funnel, against the sources."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.figure import alt_text
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, MihImpactError, OptionError
from mih_impact.study.toml_files import read_decisions
from tests.golden.test_base_case import planted_effects, planted_rows
from tests.support import texts_fit

TEXT = Label(nb="et eksempel", en="an example")


def printed() -> dict[str, dict[str, str]]:
    """Return the published figures as they stand in the file."""
    text = files("mih_impact.nav").joinpath("data/published_figures.csv").read_text("utf-8")
    return {row["id"]: row for row in csv.DictReader(text.splitlines())}


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    return mih.cost_benefit(
        planted_effects(planted_rows()),
        mih.Assumptions.r109(),
        programme=mih.nav.menn_i_helse(),
    )


def decision(**changes: object) -> mih.Decision:
    given = {"name": "more", "label": TEXT, "starters": {2026: 700, 2027: 700}, "source": TEXT}
    return mih.Decision(**(given | changes))


# -- what the documents say --------------------------------------------------------------


def test_amounts_and_cohorts_are_the_published_ones() -> None:
    figure = {name: float(row["value"] or "nan") for name, row in printed().items()}
    down, keep, every = mih.nav.decisions().values()
    assert keep.asked == figure["budget_keep_level"]
    assert every.asked == figure["budget_keep_level"] + figure["budget_all_counties"]
    assert down.asked == 0
    assert set(keep.starters.values()) == {figure["funnel_2025_start"]}
    assert set(every.starters.values()) == {figure["budget_cohort_all_counties"]}
    assert [each.budget for each in (down, keep, every)] == [2025] * 3
    assert [each.status for each in (down, keep, every)] == ["ASSUMED", "seen", "seen"]


def test_the_size_after_scaling_down_is_derived_openly() -> None:
    """500 less 6 million at the marginal coordination cost, and at the ends of its range."""
    figure = {name: float(row["value"] or "nan") for name, row in printed().items()}
    blocks = files("mih_impact.reference").joinpath("data/cost_building_blocks.csv")
    rows = csv.DictReader(blocks.read_text("utf-8").splitlines())
    marginal = next(
        float(row["value"]) for row in rows if row["name"] == "central coordination, marginal"
    )
    item = next(i for i in mih.nav.menn_i_helse().items if i.name == "coordination")
    missing, level = figure["budget_keep_level"], figure["funnel_2025_start"]
    down = mih.nav.decisions()["scale_down"]
    assert set(down.starters.values()) == {level - missing / marginal}
    assert set(down.low.values()) == {level - missing / item.low}
    assert set(down.high.values()) == {level - missing / item.high}
    for text in (down.source.nb, down.source.en):
        assert "6 million" in text
    assert "ikke i kildene" in down.summary("nb")
    assert "not in the sources" in down.summary("en")


def test_years_are_the_callers_to_choose() -> None:
    chosen = mih.nav.decisions(years=[2027, 2028])
    assert list(chosen["keep"].starters) == [2027, 2028]
    assert list(chosen["scale_down"].high) == [2027, 2028]
    for years, words in (([2026, 2028], "gaps"), ([], "No year"), ("2026", "whole numbers")):
        with pytest.raises(OptionError, match=words):
            mih.nav.decisions(years=years)


@pytest.mark.parametrize("name", ["scale_down", "keep", "all_counties"])
def test_a_card_is_in_one_language(name) -> None:
    card = mih.nav.decisions()[name]
    for lang, foreign in (
        ("nb", r"\b(the|and|of|budget|source|more)\b"),
        ("en", r"\b(og|ikke|det|som|av|kilde)\b"),
    ):
        own = card.summary(lang).replace("Menn i helse", "")
        assert not re.search(foreign, own, re.IGNORECASE)
        assert "2028" in own


# -- a decision --------------------------------------------------------------------------


def test_a_decision_has_the_impact_of_its_starters(case) -> None:
    every = mih.nav.decisions()["all_counties"]
    found = every.impact(case, budget_year=2020, elasticity=-0.2, reference_cohort=500)
    wanted = mih.budget_impact(
        case, starters=dict.fromkeys((2026, 2027, 2028), 700), budget_year=2020, elasticity=-0.2,
        reference_cohort=500,
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.to_frame(), wanted.to_frame())
    down = mih.nav.decisions()["scale_down"]
    low, high = (down.at(end).impact(case).totals()["amount"] for end in ("low", "high"))
    np.testing.assert_allclose(4 * low, high)
    assert down.at("base") is down


def test_what_one_decision_has_beyond_another() -> None:
    known = mih.nav.decisions()
    extra = known["all_counties"].beyond(known["keep"])
    assert set(extra.starters.values()) == {200.0}
    assert (extra.asked, extra.budget, extra.status) == (4_000_000.0, 2025, "derived")
    assert (
        known["keep"].beyond(decision(starters=dict.fromkeys(range(2026, 2029), 1))).asked is None
    )
    for more, less, left in (
        (9e6, 6e6, 3e6), (6e6, 6e6, 0), (0, 0, 0), (5e6, 6e6, None), (None, 6e6, None),
        (6e6, None, None),
    ):  # fmt: skip
        two = [
            decision(
                **({} if each is None else {"asked": each, "budget": 2025, "asked_source": TEXT})
            )
            for each in (more, less)
        ]
        beyond = two[0].beyond(two[1])
        assert (beyond.asked, beyond.budget) == (left, None if left is None else 2025)
    with pytest.raises(AssumptionError, match="fewer starters") as caught:
        known["keep"].beyond(known["all_counties"])
    assert "2026: -200" in str(caught.value)
    with pytest.raises(AssumptionError, match="different years"):
        known["keep"].beyond(decision())
    with pytest.raises(OptionError, match="beyond takes a decision"):
        known["keep"].beyond({2026: 500})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"starters": {2026: -1}}, "negative or no number"),
        ({"starters": None}, "starters is a mapping"),
        ({"name": ""}, "The decision has no name"),
        ({"label": "mer"}, "no label in both languages"),
        ({"source": Label(nb="kilde", en="")}, "no source in both languages"),
        ({"note": "husk"}, "no note in both languages"),
        ({"status": "sure"}, "status='sure'"),
        ({"low": {2026: 1, 2027: 1}}, "does not hold its starters"),
        ({"low": {2026: 1}, "high": {2026: 900}}, "does not hold its starters"),
        (
            {"low": {2026: 800, 2027: 1}, "high": {2026: 900, 2027: 900}},
            "does not hold its starters",
        ),
        ({"asked": 1e6}, "lacks its amount, year or source"),
        ({"asked": -1, "budget": 2025, "asked_source": TEXT}, "lacks its amount, year or source"),
        ({"asked": "mye", "budget": 2025, "asked_source": TEXT}, "asked is a finite number"),
    ],
)
def test_a_decision_that_does_not_hold_together_is_refused(changes, words) -> None:
    with pytest.raises((AssumptionError, OptionError), match=re.escape(words)) as caught:
        decision(**changes)
    assert caught.value.found
    assert caught.value.do


def test_an_end_that_is_not_there_is_refused() -> None:
    with pytest.raises(AssumptionError, match="no range of starters"):
        decision().at("low")
    with pytest.raises(OptionError, match="end='worst'"):
        decision().at("worst")
    with pytest.raises(MihImpactError, match="no price index"):
        decision().impact(
            mih.cost_benefit(
                planted_effects(planted_rows()), mih.Assumptions.r109(),
                programme=mih.Programme.none(),
            ),
            budget_year=2030,
        )  # fmt: skip


def test_a_saved_decision_comes_back(tmp_path) -> None:
    for each in (*mih.nav.decisions().values(), decision()):
        back = mih.load(each.save(tmp_path / "decision.zip"))
        assert back == each
        pd.testing.assert_frame_equal(back.to_frame(), each.to_frame())


GOOD = """
years = [2026]
[[decision]]
name = "more"
label = { nb = "mer", en = "more" }
starters = 700
status = "seen"
source = { nb = "et notat", en = "a note" }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("starters = 700", "", ["'more' of d.toml", "missing starters"]),
        ("starters =", "persons =", ["unknown persons"]),
        ("starters = 700", "starters = -7", ["negative or no number"]),
        ("years = [2026]", "", ["no year"]),
        ("years = [2026]", "year = [2026]", ["unknown year"]),
        ('{ nb = "mer", en = "more" }', "[1]", ["The label", "each language"]),
        ('name = "more"', "name = more", ["is no TOML file"]),
        (GOOD, GOOD + GOOD.replace("years = [2026]", ""), ["several decisions of one name"]),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path, old, new, words) -> None:
    path = tmp_path / "d.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_decisions(str(path))["more"].starters == {2026: 700.0}
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises((AssumptionError, OptionError)) as caught:
        read_decisions(path)
    for word in words:
        assert word in str(caught.value)


# -- per place ---------------------------------------------------------------------------


def test_the_price_of_a_place_by_hand(case) -> None:
    """4 million over 300, 200 and 100; grants from the rows of the base case, per starter."""
    frame = mih.nav.per_place(case).to_frame()
    asked = frame[frame["basis"] == "asked"].set_index("base")["per_place"]
    assert asked.to_dict() == pytest.approx({400: -4e6 / 300, 500: -20_000, 600: -40_000})
    assert frame["amount"][frame["basis"] == "asked"].tolist() == [-4e6] * 3
    paid = frame[frame["basis"] == "outlay"].set_index("actor")
    wanted = {"state": -30_000, "county": -(2 * 59_100 + 60_000), "municipality": 60_000}
    wanted["public"] = sum(wanted.values())
    assert paid["per_place"].to_dict() == pytest.approx(wanted)
    assert (paid["places"] == 200).all()
    assert paid["amount"].to_dict() == pytest.approx({k: 200 * v for k, v in wanted.items()})
    assert set(frame[frame["basis"] == "consequence"]["block"]) == {"rule_bound", "revenue"}


def test_lock_in_and_hours_stand_beside_by_hand(case) -> None:
    """Benefits rise by 25 and 35, social assistance falls by 3 in year 1: 57 thousand in all."""
    result = mih.nav.per_place(case)
    assert result.lock_in == pytest.approx(-57_000)
    assert result.in_kind == pytest.approx(-(24_000 + 6_000 + 4_000 + 27_000 + 33_000))
    text = " ".join(result.summary("nb").split())
    assert "øker først, med 57 000 kr per plass" in text
    assert "holdes utenom: 94 000 kr per plass" in text


def test_no_price_stands_alone(case) -> None:
    for lang in ("nb", "en"):
        result = mih.nav.per_place(case)
        text = result.summary(lang).replace("\u00a0", " ").replace(",", " ")
        assert [number in text for number in ("13 300", "20 000", "40 000", "148 200")] == [
            True
        ] * 4
        names = [tick.get_text() for tick in result.plot(lang=lang).get_yticklabels()]
        assert len(names) == 7
        assert len([name for name in names if "700" in name]) == 3
    first = mih.nav.per_place(case, bases=[1]).to_frame().query("basis == 'asked'")
    assert first["per_place"].tolist() == pytest.approx([-4e6 / 699])
    with pytest.raises(OptionError, match="cohorts above 0"):
        mih.nav.per_place(case, bases=[0])
    with pytest.raises(AssumptionError, match="not below the cohort"):
        mih.nav.per_place(case, bases=[400, 700])
    with pytest.raises(OptionError, match="bases"):
        mih.nav.per_place(case, bases="mange")
    with pytest.raises(OptionError, match="takes an account"):
        mih.nav.per_place("case")


def test_the_price_of_a_place_has_an_interval_with_a_covariance() -> None:
    frame = pd.DataFrame({"outcome": "wage_income", "year_since_start": range(7), "estimate": 2e5})
    effects = mih.EffectSeries.from_frame(frame, covariance=1e8 * np.eye(7), price_year=2024)
    case = mih.cost_benefit(
        effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=7
    )
    paid = mih.nav.per_place(case, draws=400).to_frame().query("basis == 'outlay'")
    assert (paid["conf_low"] < paid["per_place"]).all()
    assert (paid["per_place"] < paid["conf_high"]).all()


def test_decisions_without_a_price_between_them_are_refused(case) -> None:
    from mih_impact.account.budget.per_place import per_place

    known, bases = mih.nav.decisions(), (400,)
    with pytest.raises(AssumptionError, match="no price per place"):
        per_place(case, more=known["keep"], less=known["keep"], bases=bases)
    with pytest.raises(AssumptionError, match="no price per place"):
        per_place(
            case, more=known["keep"], less=replace(known["scale_down"], asked=None), bases=bases
        )
    with pytest.raises(OptionError, match="a decision as more"):
        per_place(case, more="all", less=known["keep"], bases=bases)


def test_a_saved_price_comes_back(tmp_path, case) -> None:
    result = mih.nav.per_place(case)
    back = mih.load(result.save(tmp_path / "place.zip"))
    assert isinstance(back, mih.PerPlace)
    pd.testing.assert_frame_equal(back.to_frame(), result.to_frame())
    assert back.summary("en") == result.summary("en")


# -- the funnel --------------------------------------------------------------------------


def test_the_funnel_counts_what_the_sources_count() -> None:
    rows = mih.nav.funnel().to_frame().set_index("stage")
    known = printed()
    for stage in (
        "funnel_2025_info", "funnel_2025_interview", "funnel_2025_start", "funnel_2019_applied",
        "funnel_2019_selected",
    ):  # fmt: skip
        assert rows.loc[stage, "persons"] == float(known[stage]["value"])
        assert rows.loc[stage, "relation"] == "not in the register"
        assert rows.loc[stage, "status"] == "seen"
        assert rows.loc[stage, "source"] == known[stage]["source"]
    assert rows.loc["funnel_2025_start", "share_of_previous"] == pytest.approx(500 / 1100)
    assert rows.loc["funnel_2019_selected", "share_of_previous"] == pytest.approx(327 / 815)


def test_what_comes_after_the_start_is_assumed_with_its_range() -> None:
    rows = mih.nav.funnel().to_frame().set_index("stage")
    assert rows.loc["phase:school", ["persons", "low", "high"]].tolist() == [425, 375, 475]
    assert rows.loc["phase:apprenticeship", ["persons", "low", "high"]].tolist() == [375, 300, 425]
    assert set(
        rows.loc[["phase:summer_job", "phase:school", "phase:apprenticeship"], "status"]
    ) == {"ASSUMED"}
    assert rows.loc["craft_certificate", "status"] == "not found"
    assert np.isnan(rows.loc["craft_certificate", "persons"])
    other = replace(
        mih.nav.menn_i_helse(), items=(), phases=(mih.Phase(name="school", label=TEXT, reach=0.5),),
        apprenticeship=None, unpaid_time=None,
    )  # fmt: skip
    stages = mih.nav.funnel(programme=other).to_frame().set_index("stage")
    assert stages.loc["phase:school", "persons"] == 250
    with pytest.raises(OptionError, match="funnel takes a programme"):
        mih.nav.funnel(programme="mih")


def test_92_per_cent_has_two_definitions_and_is_no_effect() -> None:
    shares = mih.nav.funnel().job_shares().set_index("id")
    assert shares.loc["ks_job_share", "value"] == shares.loc["finsam_job_share", "value"] == 0.92
    assert shares.loc["ks_job_share", "of_en"] != shares.loc["finsam_job_share", "of_en"]
    nb, en = (mih.nav.funnel().summary(lang).replace("\u00a0", " ") for lang in ("nb", "en"))
    nb, en = nb.replace("\n", " "), en.replace("\n", " ")
    assert "to definisjoner" in nb
    assert "92 % er ikke effekten" in nb
    assert "92% is not the effect" in en
    assert "Oppstart er her første dag i de tolv ukene" in nb
    assert "om lag 300 på ett år" in nb  # 1,700 less 1,400
    assert "ingen av dem er hentet fra et register" in nb


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_funnel_hatches_what_is_assumed(lang) -> None:
    ax = mih.nav.funnel().plot(lang=lang)
    bars = {round(bar.get_width()): bar.get_hatch() for bar in ax.patches}
    assert {1900, 1100, 815, 327, 425, 375} <= set(bars)
    assert [bars[n] for n in (1900, 1100, 815, 327)] == [""] * 4
    assert bars[425] == bars[375] == "////"
    word = {"nb": "antatt", "en": "assumed"}[lang]
    assert sum(word in text.get_text() for text in ax.texts[:-1]) == 3
    assert "425" in alt_text(ax)
    for each in (ax, mih.nav.funnel().plot(lang=lang)):
        texts_fit(each)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_price_figuretexts_fit(case, lang) -> None:
    ax = mih.nav.per_place(case).plot(lang=lang)
    texts_fit(ax)
    assert len(alt_text(ax)) > 100


def test_a_saved_funnel_comes_back(tmp_path) -> None:
    result = mih.nav.funnel()
    back = mih.load(result.save(tmp_path / "funnel.zip"))
    assert isinstance(back, mih.Funnel)
    pd.testing.assert_frame_equal(back.to_frame(), result.to_frame())
    for lang in ("nb", "en"):
        assert back.summary(lang) == result.summary(lang)
