"""Budget impact: bad input, what is shown, and amounts reckoned by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.figure import alt_text
from mih_impact.errors import MihImpactError, OptionError
from tests.golden.test_base_case import planted_effects, planted_rows
from tests.support import texts_fit

HORIZON = 7
LEVEL = {2026: 500, 2027: 500}
INDEX = {year: 100.0 * 1.02 ** (year - 2024) for year in range(2024, 2040)}
PATH = mih.PriceIndex.from_mapping(INDEX, name="prisbane", source="eget anslag")


def planted(**changes: float) -> mih.CostBenefit:
    """Return the account of the planted path, without a covariance."""
    rates = mih.Assumptions.r109().replace(**changes)
    return mih.cost_benefit(
        planted_effects(planted_rows()), rates, programme=mih.nav.menn_i_helse()
    )


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    return planted()


@pytest.fixture(scope="module")
def unsure() -> mih.CostBenefit:
    """Return the account of a wage effect with a covariance."""
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(HORIZON), "estimate": 150_000.0}
    )
    effects = mih.EffectSeries.from_frame(
        frame, covariance=1e8 * (0.5 + 0.5 * np.eye(HORIZON)), price_year=2024
    )
    return mih.cost_benefit(
        effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=HORIZON
    )


def block(impact: mih.BudgetImpact, name: str, actor: str) -> list[float]:
    frame = impact.by_block()
    return frame[(frame["block"] == name) & (frame["actor"] == actor)]["amount"].tolist()


def test_the_table_has_the_columns_that_are_documented(case: mih.CostBenefit) -> None:
    frame = mih.budget_impact(case, starters={2026: 10, 2027: 10}, draws=100).to_frame()
    assert frame.columns.tolist() == [
        "year", "actor", "department", "budget_line", "label_nb", "label_en", "posts", "block",
        "component", "amount", "source",
    ]  # fmt: skip
    assert frame.index.tolist() == list(range(len(frame)))
    assert not frame.duplicated(["year", "actor", "budget_line", "component", "label_nb"]).any()


# -- amounts -----------------------------------------------------------------------------


def test_grants_are_the_printed_rows_times_the_starters(case: mih.CostBenefit) -> None:
    """Thousand NOK per starter from the rows of the base case: 30; 59.1 twice; grant 27 and 33."""
    impact = mih.budget_impact(case, starters={2026: 500, 2027: 700})
    state = [-30_000 * 500, -30_000 * 700, *[0.0] * 6]
    county = [
        -59_100 * 500,
        -(59_100 + 27_000) * 500 - 59_100 * 700,
        -33_000 * 500 - (59_100 + 27_000) * 700,
        -33_000 * 700,
        *[0.0] * 4,
    ]
    received = [0.0, 27_000 * 500, 33_000 * 500 + 27_000 * 700, 33_000 * 700, *[0.0] * 4]
    assert block(impact, "grants", "state") == pytest.approx(state)
    assert block(impact, "grants", "county") == pytest.approx(county)
    assert block(impact, "grants", "municipality") == pytest.approx(received)
    together = [sum(each) for each in zip(state, county, received, strict=True)]
    assert block(impact, "grants", "public") == pytest.approx(together)
    peak = impact.peak_need()
    assert peak.loc["county", "year"] == 2027
    assert peak.loc["county", "amount"] == pytest.approx(-county[1])
    assert peak.loc["municipality", "amount"] == 0
    assert pd.isna(peak.loc["municipality", "year"])


def test_re_estimates_and_revenue_are_the_planted_rows(case: mih.CostBenefit) -> None:
    impact = mih.budget_impact(case, starters={2026: 100})
    rows = planted_rows()
    nav, social, wage = (
        1000 * rows[name]
        for name in ("Nav benefits effect", "social assistance effect", "wage effect")
    )
    tax = 0.24 * wage + 0.17 * 0.75 * nav
    assert block(impact, "rule_bound", "state") == pytest.approx((-100 * nav).tolist())
    assert block(impact, "rule_bound", "municipality") == pytest.approx((-100 * social).tolist())
    assert block(impact, "rule_bound", "county") == [0.0] * HORIZON
    assert block(impact, "revenue", "municipality") == pytest.approx((31 * tax).tolist())
    state = 62 * tax + 100 * wage * 1.12 * 0.141
    assert block(impact, "revenue", "state") == pytest.approx(state.tolist())
    totals = impact.totals().set_index(["actor", "block"])["amount"]
    assert totals["state", "revenue"] == pytest.approx(state.sum())


def test_the_first_surplus_is_the_one_that_lasts(case: mih.CostBenefit) -> None:
    surplus = mih.budget_impact(case, starters={2026: 100}).first_surplus()
    year = surplus.set_index(["actor", "block"])["year"]
    assert year["state", "rule_bound"] == 2028  # 25, 35 more paid out, then less
    assert pd.isna(year["state", "grants"])
    assert pd.isna(year["county", "rule_bound"])
    none = mih.budget_impact(case, starters={2026: 0})
    assert none.first_surplus()["year"].isna().all()
    assert none.peak_need()["amount"].tolist() == [0.0] * 4


def test_a_grant_that_a_municipality_receives_is_no_outlay_to_cover(case: mih.CostBenefit) -> None:
    alone = mih.budget_impact(case, starters=LEVEL)
    covered = mih.budget_impact(case, starters=LEVEL, compensated=["municipality"])
    pd.testing.assert_frame_equal(alone.by_block(), covered.by_block())
    county = mih.budget_impact(case, starters=LEVEL, compensated="county")
    assert block(county, "grants", "county") == [0.0] * 8
    assert block(county, "grants", "municipality") == block(alone, "grants", "municipality")
    assert county.compensated == ("county",)


def test_other_ministries_savings_are_no_cover_for_the_grant() -> None:
    plain = mih.budget_impact(planted(), starters={2026: 100})
    saving = mih.budget_impact(planted(avoided_measures=40_000.0), starters={2026: 100})
    assert block(saving, "grants", "state") == block(plain, "grants", "state")
    assert block(saving, "savings", "state")[0] == pytest.approx(4_000_000)
    assert block(plain, "savings", "state") == []
    assert "Sparte bevilgninger til andre tiltak" in saving.summary("nb")


def test_an_elasticity_scales_effects_and_holds_costs(case: mih.CostBenefit) -> None:
    plain = mih.budget_impact(case, starters={2026: 700})
    less = mih.budget_impact(case, starters={2026: 700}, elasticity=-0.5, reference_cohort=500)
    scale = (500 / 700) ** 0.5
    for name in ("rule_bound", "revenue"):
        wanted = [scale * amount for amount in block(plain, name, "public")]
        assert block(less, name, "public") == pytest.approx(wanted)
    assert block(less, "grants", "public") == pytest.approx(block(plain, "grants", "public"))
    assert "−0,50\u00a0%" in less.summary("nb")
    same = mih.budget_impact(case, starters={2026: 700}, elasticity=-0.5, reference_cohort=700)
    assert block(same, "revenue", "state") == pytest.approx(block(plain, "revenue", "state"))


def test_wages_are_left_out_until_the_posts_are_new_money() -> None:
    plain = mih.budget_impact(planted(), starters={2026: 100})
    new = mih.budget_impact(planted(wage_bill=1.0), starters={2026: 100})
    wage = 1000 * planted_rows()["wage effect"]
    received = np.array(block(plain, "grants", "municipality"))
    paid = received - 100 * wage * 1.12 * 1.141
    assert block(new, "grants", "municipality") == pytest.approx(paid.tolist())
    assert "ingen av stillingene er nye kommunale penger" in " ".join(plain.summary("nb").split())
    assert "100 % av stillingene er nye kommunale penger" in new.summary("nb").replace(
        "\u00a0", " "
    )


def test_lines_carry_chapter_and_post(case: mih.CostBenefit) -> None:
    impact = mih.budget_impact(case, starters=LEVEL)
    lines = impact.by_line().set_index("budget_line")
    assert lines.loc["care_services", "posts"] == "761.21"
    assert lines.loc["care_services", "department"] == "HOD"
    assert lines.loc["aap", "posts"] == "2651.70"
    assert lines.loc["care_services", "2026"] == pytest.approx(-15e6)
    assert [name for name in lines.columns if name.isdigit()] == [str(y) for y in impact.years]


# -- prices ------------------------------------------------------------------------------


def test_prices_are_said(case: mih.CostBenefit) -> None:
    def words(**options: object) -> tuple[str, str]:
        prices = mih.budget_impact(case, starters=LEVEL, **options).prices
        return prices.nb, prices.en

    assert words() == ("faste 2024-priser", "fixed 2024 prices")
    assert words(budget_year=2020) == ("faste 2020-priser", "fixed 2020 prices")
    assert words(budget_year=2026, price_path=PATH)[0] == (
        "faste 2026-priser etter prisbane (eget anslag)"
    )
    assert words(nominal=True, price_path=PATH)[1] == "current prices by prisbane (eget anslag)"
    nameless = mih.PriceIndex.from_mapping(INDEX)
    assert words(budget_year=2026, price_path=nameless)[0].endswith("etter egen prisindeks")
    kpi = words(budget_year=2020, price_path=mih.PriceIndex.kpi())
    assert kpi[0].endswith("konsumprisindeksen (Statistisk sentralbyrå)")


def test_a_budget_year_scales_by_the_index(case: mih.CostBenefit) -> None:
    plain = mih.budget_impact(case, starters=LEVEL).to_frame()["amount"]
    later = mih.budget_impact(case, starters=LEVEL, budget_year=2026, price_path=PATH)
    assert later.provenance.options["price_path"] == PATH.told
    np.testing.assert_allclose(later.to_frame()["amount"], 1.02**2 * plain)


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starters", "words"),
    [
        ({2026: -1}, ["negative or no number", "2026: -1", "nobody is 0"]),
        ({2026: 500, 2028: 500}, ["gaps", "nothing for 2027", "every year"]),
        ([500, 700], ["starters is a mapping", "{2026: 500, 2027: 700}"]),
        (500, ["starters is a mapping", "starters=500"]),
        ({}, ["from start years to numbers", "no year"]),
        ({"2026": 500}, ["from start years", "'2026'"]),
        ({2026.0: 500}, ["from start years", "2026.0"]),
        ({26: 500}, ["from start years", "26"]),
        ({True: 500}, ["from start years", "True"]),
        ({2026: "mange"}, ["negative or no number", "'mange'"]),
        ({2026: float("nan")}, ["negative or no number", "nan"]),
        ({2026: float("inf")}, ["negative or no number", "inf"]),
        ({2026: None}, ["negative or no number", "None"]),
        ({2026: True}, ["negative or no number", "True"]),
    ],
)
def test_starters_that_are_none_are_refused(case, starters, words) -> None:
    with pytest.raises(OptionError) as caught:
        mih.budget_impact(case, starters=starters)
    _told(caught.value, words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget_year": 2026}, ["no price index to show prices of 2026", "2009-2025"]),
        ({"budget_year": "2026"}, ["budget_year is a whole number"]),
        ({"nominal": True}, ["need a price path", "without price_path"]),
        ({"nominal": "yes", "price_path": PATH}, ["nominal is True or False"]),
        (
            {"nominal": True, "price_path": mih.PriceIndex.from_mapping(INDEX)},
            ["says what it is", "'own index'", "name='...'"],
        ),
        (
            {
                "nominal": True,
                "price_path": mih.PriceIndex.from_mapping(
                    {2024: 100, 2025: 103}, name="a", source="b"
                ),
            },
            ["does not reach every year", "2026", "2033"],
        ),
        ({"nominal": True, "price_path": PATH, "budget_year": 2026}, ["of each year"]),
        ({"price_path": PATH}, ["nothing uses it", "nominal=True"]),
        ({"price_path": {2024: 100}}, ["a PriceIndex as price_path", "a dict"]),
        ({"compensated": "staten"}, ["compensated='staten'", "'county', 'municipality'"]),
        ({"compensated": {"county": 1}}, ["compensated is a name"]),
        ({"elasticity": -0.1}, ["needs the cohort size", "reference_cohort"]),
        ({"elasticity": -0.1, "reference_cohort": 0}, ["reference_cohort", "above zero"]),
        ({"elasticity": 5, "reference_cohort": 500}, ["from -1 to 1", "elasticity=5"]),
        ({"elasticity": float("nan"), "reference_cohort": 500}, ["from -1 to 1", "nan"]),
        ({"elasticity": "low"}, ["from -1 to 1", "'low'"]),
        ({"draws": 99}, ["draws is a whole number, 100 or more", "draws=99"]),
        ({"draws": 1e3}, ["draws is a whole number"]),
        ({"seed": -1}, ["seed is a whole number"]),
    ],
)
def test_options_that_do_not_hold_are_refused(case, options, words) -> None:
    with pytest.raises(MihImpactError) as caught:
        mih.budget_impact(case, starters=LEVEL, **options)
    _told(caught.value, words)


def test_something_else_than_an_account_is_refused() -> None:
    with pytest.raises(OptionError) as caught:
        mih.budget_impact(pd.DataFrame(), starters=LEVEL)
    _told(caught.value, ["budget_impact takes an account", "a DataFrame", "mih.cost_benefit"])


def _told(error: MihImpactError, words: list[str]) -> None:
    assert error.what
    assert error.found
    assert error.do
    for word in words:
        assert word in str(error)


# -- intervals ---------------------------------------------------------------------------


def test_intervals_are_there_with_a_covariance_and_missing_without(case, unsure) -> None:
    without = mih.budget_impact(case, starters=LEVEL)
    for frame in (without.by_block(), without.totals(), without.peak_need()):
        assert frame[["conf_low", "conf_high"]].isna().all().all()
    assert "KI" not in without.summary("nb")
    impact = mih.budget_impact(unsure, starters=LEVEL, draws=400)
    for frame in (impact.by_block(), impact.totals(), impact.peak_need()):
        assert frame[["conf_low", "conf_high"]].notna().all().all()
        assert (frame["conf_low"] <= frame["conf_high"]).all()
    revenue = impact.by_block().query("block == 'revenue' and actor == 'state'")
    assert ((revenue["conf_high"] - revenue["conf_low"]) > 0).all()
    assert "95 % KI" in impact.summary("nb").replace("\u00a0", " ")
    again = mih.budget_impact(unsure, starters=LEVEL, draws=400)
    pd.testing.assert_frame_equal(impact.by_block(), again.by_block())
    other = mih.budget_impact(unsure, starters=LEVEL, draws=400, seed=1)
    assert not impact.by_block().equals(other.by_block())


def test_the_interval_of_a_sum_is_not_the_sum_of_intervals(unsure) -> None:
    """Undiscounted revenue of one starter has the standard error of the sum of its years."""
    impact = mih.budget_impact(unsure, starters={2026: 1}, draws=400)
    years = impact.by_block().query("block == 'rule_bound'")
    assert (years["amount"] == 0).all()
    total = impact.totals().query("block == 'revenue' and actor == 'public'").iloc[0]
    summed = impact.by_block().query("block == 'revenue' and actor == 'public'")
    assert total["amount"] == pytest.approx(summed["amount"].sum())
    width = total["conf_high"] - total["conf_low"]
    assert width < (summed["conf_high"] - summed["conf_low"]).sum()


# -- what is shown, and kept -------------------------------------------------------------


def test_a_saved_impact_comes_back(tmp_path, unsure) -> None:
    impact = mih.budget_impact(
        unsure, starters=LEVEL, draws=200, compensated="county", elasticity=-0.1,
        reference_cohort=500,
    )  # fmt: skip
    back = mih.load(impact.save(tmp_path / "impact.zip"))
    for call in ("to_frame", "by_block", "totals", "by_line", "peak_need", "first_surplus"):
        pd.testing.assert_frame_equal(getattr(impact, call)(), getattr(back, call)())
    for lang in ("nb", "en"):
        assert back.summary(lang) == impact.summary(lang)
    assert back.starters == impact.starters
    assert back.provenance == impact.provenance
    assert impact.provenance.options["elasticity"] == -0.1


@pytest.mark.parametrize(
    ("lang", "words", "foreign"),
    [
        (
            "nb",
            [
                "Budsjettvirkning",
                "Bevilgninger som trengs",
                "ikke kjent noe vedtak",
                "skal ikke slås",
            ],
            r"\b(the|and|of|grants|state|not)\b",
        ),
        (
            "en",
            ["Budget impact", "Grants needed", "No decision to compensate", "not to be added"],
            r"\b(og|ikke|staten|kommunen|som|skal)\b",
        ),
    ],
)
def test_the_card_is_in_one_language(case, lang, words, foreign) -> None:
    text = mih.budget_impact(case, starters=LEVEL).summary(lang)
    for word in words:
        assert word in text
    own = text.replace("Menn i helse", "").replace("(Men in Health Care)", "")
    assert not re.search(foreign, own, re.IGNORECASE)


def test_a_covered_county_is_said_to_be(case) -> None:
    text = mih.budget_impact(case, starters=LEVEL, compensated="county").summary("nb")
    assert "staten dekker utgiftene til fylkeskommunen" in text
    assert "kompensere" not in text


def test_cover_is_a_fact_of_the_programme(case) -> None:
    """Nothing is said where the programme says nothing; what it says, the account does not move."""
    said = {}
    for cover in (None, (), ("county",)):
        programme = replace(case.programme, compensated=cover)
        impact = mih.budget_impact(replace(case, programme=programme), starters=LEVEL)
        text = " ".join(impact.summary("en").split())
        said[cover] = ("No decision" in text, "covers the outlays of the county" in text)
        assert impact.compensated == cover
    assert said == {None: (False, False), (): (True, False), ("county",): (False, True)}
    own = mih.budget_impact(case, starters=LEVEL, compensated=["county"])
    assert block(own, "grants", "county") == block(impact, "grants", "county")


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_figure_draws_each_block_apart(unsure, lang) -> None:
    impact = mih.budget_impact(unsure, starters=LEVEL, draws=200)
    ax = impact.plot(lang=lang)
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    for drawn, name in zip(heights, ("grants", "rule_bound", "revenue"), strict=True):
        assert drawn == pytest.approx(block(impact, name, "public"))
    assert {"nb": "faste 2024-priser", "en": "fixed 2024 prices"}[lang] in ax.get_ylabel()
    assert len(alt_text(ax)) > 100
    texts_fit(ax)


def test_an_account_in_which_nothing_is_paid_has_an_empty_table() -> None:
    frame = pd.DataFrame({"outcome": "wage_income", "year_since_start": [0, 1], "estimate": 1e5})
    case = mih.cost_benefit(
        mih.EffectSeries.from_frame(frame, price_year=2024),
        mih.Assumptions.r109().replace(selection=1.0),
        programme=mih.Programme.none(),
        horizon=2,
    )
    impact = mih.budget_impact(case, starters={2026: 5})
    assert impact.to_frame().empty
    assert (impact.by_block()["amount"] == 0).all()
    assert impact.years == (2026, 2027)
    assert impact.by_line().empty
    assert "2027" in impact.summary("nb")
    impact.plot()
