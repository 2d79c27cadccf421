"""What a ministry asks of the account: sizes against the independent base case; sentences."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import mih_impact as mih
from mih_impact.account.objections import ASSUMED
from mih_impact.account.roles import ACTORS, PUBLIC, hundreds
from mih_impact.errors import OptionError
from mih_impact.study import run
from tests.golden.test_base_case import planted_effects, planted_rows
from tests.shown import shown_in

RULES = mih.Assumptions.r109()


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    return mih.cost_benefit(
        planted_effects(planted_rows()), RULES, programme=mih.nav.menn_i_helse()
    )


@pytest.fixture(scope="module")
def estimated() -> mih.CostBenefit:
    return mih.reproduce_nav().case


def numbers(case: mih.CostBenefit) -> dict[str, dict[str, float]]:
    frame = case.objections("en")
    return {
        name: dict(zip(part["number"], part["value"], strict=True))
        for name, part in frame.groupby("name")
    }


def card(case: mih.CostBenefit, lang: str) -> str:
    return " ".join(case.summary(lang).split())


def thousand(value: float) -> object:
    return pytest.approx(1000 * value, abs=100)


def test_posts_are_vacant_or_filled(case) -> None:
    found = numbers(case)["posts"]
    # The base case as reckoned elsewhere: every post new money; and -1.2 x the programme's cost.
    assert found["society_vacant"] == thousand(842.1)
    assert found["public_vacant"] == thousand(-914.8)
    assert found["society_filled"] == thousand(-1.2 * 236.2)
    assert found["public_filled"] == thousand(-236.2)
    assert found["share_turn"] == pytest.approx(346.5 / (346.5 + 914.8), abs=1e-3)
    turned = case.with_values({"wage_bill": found["share_turn"]})
    assert turned.public == pytest.approx(0, abs=1)


def test_one_share_of_vacant_posts_links_new_money_and_displacement(case) -> None:
    linked = {"wage_bill": 0.25, "displacement": 0.75}
    one, both = case.with_values({"vacancy": 0.25}), case.with_values(linked)
    assert (one.npv, one.public) == (both.npv, both.public)
    assert RULES.replace(vacancy=0.25) == RULES.replace(**linked)
    # As rules, a stack of them in a grid: three routes agree at each.
    grid = case.grid({"vacancy": [0.0, 0.25, 1.0], "tax_rate_wage": [0.24]}).to_frame()
    assert grid["public"][1] == pytest.approx(one.public)
    assert grid["public"][0] == pytest.approx(-236_200, abs=100)
    private = grid[["participant", "displaced", "users", "employer", "rest_of_society"]].sum(axis=1)
    np.testing.assert_allclose(grid["society"], private + grid["public"], rtol=1e-9)
    with pytest.raises(OptionError, match="vacancy decides"):
        RULES.replace(vacancy=0.5, wage_bill=0.5)
    with pytest.raises(OptionError, match="vacancy"):
        case.with_values({"vacancy": 1.5})


def test_time_in_the_programme_is_sized_at_the_price_of_leisure(case) -> None:
    found = numbers(case)["programme_time"]
    wage = 415_300 * mih.PriceIndex.kpi().factor(2023, 2024)
    # Practice of 0.23 years, all; a school year in two halves, 85 per cent.
    years = [0.23 + 0.85 * 0.5, 0.85 * 0.5 / 1.04]
    assert found["years_given"] == pytest.approx(0.23 + 0.85)
    assert found["time"] == pytest.approx(0.76 * wage * sum(years))
    assert found["with_time"] == pytest.approx(numbers(case)["leisure"]["circular"] - found["time"])
    taxed = numbers(case.with_values({"tax_rate_wage": 0.338}))["programme_time"]
    assert taxed["time"] == pytest.approx(found["time"] * 0.662 / 0.76)
    fewer = numbers(case.with_values({"reach:school": 0.0}))["programme_time"]
    assert fewer["years_given"] == pytest.approx(0.23)
    assert "programme_time" in numbers(case.with_values({"leisure": 1.0}))


@pytest.mark.parametrize(("lang", "word"), [("nb", "illustrasjon"), ("en", "illustration")])
def test_what_has_no_source_is_an_illustration_and_says_so(case, lang, word) -> None:
    frame = case.objections(lang)
    told = frame[frame["status"] == word]
    assert set(told["name"]) == {"indirect_taxes", "exit_from_work"}
    assert told["sentence"].str.contains(word.capitalize()).all()
    assert {ASSUMED[name].status for name in set(told["name"])} == {"illustration"}


def test_leisure_by_the_circulars_own_row(case) -> None:
    found = numbers(case)["leisure"]
    assert (found["base"], found["circular"]) == (thousand(1094.4), thousand(344.2))
    half = numbers(case.with_values({"leisure": 0.5}))["leisure"]
    assert half["base"] == pytest.approx((found["base"] + found["circular"]) / 2)
    assert half["circular"] == pytest.approx(found["circular"])
    assert "leisure" not in numbers(case.with_values({"leisure": 1.0}))


def test_pension_accrual_is_sized_and_the_12_per_cent_are_named(case) -> None:
    found = numbers(case)["pension_accrual"]
    assert found["accrual"] == thousand(0.18 * 987.0)
    assert found["counted"] == thousand(0.12 * 987.0)
    more = numbers(case.with_values({"pension_share": 0.2}))["pension_accrual"]
    assert more["counted"] == thousand(0.2 * 987.0)
    assert ASSUMED["pension_accrual"].status == "remembered"


def test_indirect_taxes_are_sized_on_the_gain_in_cash(case) -> None:
    found = numbers(case)["indirect_taxes"]
    assert found["revenue"] == thousand(0.15 * (678.6 - 0.12 * 987.0))
    taxed = numbers(case.with_values({"tax_rate_wage": 0.338}))["indirect_taxes"]
    assert taxed["revenue"] < found["revenue"]


def test_social_assistance_is_municipal_money(case) -> None:
    d = [1.04**-t for t in range(7)]
    by_hand = sum(x * f for x, f in zip([0, 3, 6, 8, 8, 8, 8], d, strict=True))
    assert numbers(case)["social_assistance"]["saved"] == thousand(by_hand)
    rows = case.by_budget("en").set_index("budget_line")
    assert set(rows.loc[rows["label"].str.contains("social assistance"), "budget"]) == {
        "municipality"
    }


def test_exit_from_work_makes_the_residual_value_smaller(case) -> None:
    found = numbers(case)["exit_from_work"]
    after = case.residual_value().set_index(["decay", "actor"])["present_value"]
    assert found["without"] == pytest.approx(after["half_life_5", "society"])
    # A slow loop: wages, benefits and their flows are in proportion to what is left each year.
    last = case.by_year().query("actor == 'society' and year_since_start == 6")["amount"].iloc[0]
    wage_only = mih.cost_benefit(
        planted_effects(planted_rows()), RULES.replace(real_growth=0.0),
        programme=mih.nav.menn_i_helse(),
    )  # fmt: skip
    by_hand = sum(
        last * 0.5 ** (k / 5) * 0.98**k / 1.04 ** (6 + k) for k in range(1, 67 - 40 - 7 + 1)
    )
    assert numbers(wage_only)["exit_from_work"]["with_exit"] == pytest.approx(by_hand, rel=1e-9)
    older = numbers(case.with_values({"age_at_start": 50.0}))["exit_from_work"]
    assert older["with_exit"] < found["with_exit"] < found["without"]


def test_the_mean_under_the_ranges_stands_beside_the_base(estimated) -> None:
    found = numbers(estimated)["expected"]
    drawn = estimated.uncertainty().to_frame().set_index(["source", "actor"])["mean"]
    assert found["society_mean"] == drawn["assumptions", "society"]
    assert found["public_mean"] == drawn["assumptions", "public"]
    assert found["base"] == estimated.npv
    moved = numbers(estimated.with_values({"cost:school": 209_000.0}))["expected"]
    assert moved["society_mean"] < found["society_mean"]


def test_the_draws_of_an_account_are_made_once_and_cannot_be_changed(estimated) -> None:
    found = estimated.uncertainty()
    assert estimated.uncertainty(n=10_000, seed=2025) is found
    with pytest.raises(ValueError, match="read-only"):
        found.draws["total"][0, 0] = 0.0
    other = estimated.uncertainty(n=2_100)  # more than are evaluated at once, and no multiple
    assert [len(each) for each in other.draws.values()] == [2_100] * 3
    assert np.array_equal(other.draws["assumptions"], found.draws["assumptions"][:2_100])


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_each_sentence_stands_on_the_card_with_its_numbers(estimated, lang) -> None:
    shown = card(estimated, lang)
    frame = estimated.objections(lang)
    assert set(frame["name"]) == {
        "posts", "leisure", "programme_time", "pension_accrual", "indirect_taxes", "expected",
        "start_years", "social_assistance", "exit_from_work",
    }  # fmt: skip
    for name, part in frame.groupby("name"):
        (sentence,) = set(part["sentence"])
        assert " ".join(sentence.split()) in shown, name
        for number, value in zip(part["number"], part["value"], strict=True):
            if not number.startswith(("share", "years")):
                assert shown_in(lang, hundreds, value) in sentence, (name, number)
    assert {"nb": "Dette regnskapet gjør ikke det", "en": "This account does not"}[lang] in shown


def test_effects_with_other_start_years_are_estimated_when_asked_for_and_once(monkeypatch) -> None:
    asked = []

    def counted(*given):
        asked.append(given)
        return composed(*given)

    composed = run._composed
    monkeypatch.setattr(run, "_composed", counted)
    case = mih.run_study(mih.nav.analysis()).case
    assert case.npv > 0
    assert not asked
    assert {"balanced", "filled"} <= set(numbers(case)["start_years"])
    assert numbers(case.with_values({"displacement": 0.1}))["start_years"]["balanced"]
    assert len(asked) == 1
    assert [each.composition for each in copy.copy(case.composed)] == ["balanced", "filled"]


def test_a_programme_without_posts_or_age_is_not_asked_of_them() -> None:
    bare = mih.cost_benefit(planted_effects(planted_rows()), RULES, programme=mih.Programme.none())
    left_out = {"posts", "exit_from_work", "programme_time", "start_years"}
    assert not left_out & set(numbers(bare))


def test_who_stands_behind_which_year(estimated) -> None:
    """The same persons behind every year: the start years that are seen in all of them."""
    study = mih.nav.analysis()
    panel = mih.example_panel()
    group = mih.match(panel, **study.controls.options)
    outcomes = [name for name in study.effects.options["outcomes"]
                if name not in ("in_work", "on_benefit", "wage_income > 1 G")]  # fmt: skip
    effects = mih.event_study(group, outcomes=outcomes, window=(-1, 6), composition="balanced")
    filled = mih.event_study(group, outcomes=outcomes, window=(-1, 6), composition="filled")
    programme = mih.nav.menn_i_helse()
    balanced = mih.cost_benefit(effects, RULES, programme=programme)
    beside = numbers(estimated)["start_years"]
    for name, other in (("balanced", effects), ("filled", filled)):
        account = mih.cost_benefit(other, RULES, programme=programme)
        assert beside[name] == pytest.approx(account.npv)
        assert beside[f"error_{name}"] == pytest.approx(account.std_error)
        again = account.with_values({"tax_rate_wage": 0.3}).npv
        moved = numbers(estimated.with_values({"tax_rate_wage": 0.3}))["start_years"]
        assert moved[name] == pytest.approx(again)
        private = [account.present_value(who) for who in ACTORS if who not in PUBLIC]
        assert account.npv == pytest.approx(sum(private) + account.public)
    assert beside["filled"] < beside["base"] < beside["balanced"]
    assert (balanced.starters == balanced.starters[-1]).all()
    assert balanced.starters[-1] == estimated.starters[-1]
    shown = f"{round(balanced.npv, -2):,.0f}"
    assert f"{round(beside['filled'], -2):,.0f}" in (
        (Path(__file__).parents[2] / "docs" / "account.md").read_text(encoding="utf-8")
    )
    page = (Path(__file__).parents[2] / "docs" / "account.md").read_text(encoding="utf-8")
    assert shown in page
    assert f"{round(estimated.npv, -2):,.0f}" in page
    assert balanced.std_error == pytest.approx(70_000, rel=0.5)
