"""The page and Python agree, on positions set through the page's own inputs in a browser."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

import mih_impact as mih
from mih_impact.account.export import account_at, export_account
from mih_impact.account.roles import GROUPS as ACTORS
from mih_impact.account.roles import hundreds
from mih_impact.display.numbers import interval
from tests.shown import shown_in

KINDS = ("none", "constant", "half_life", "linear")
HALF_A_KRONE = 0.5


def positions(case: mih.CostBenefit, n: int, seed: int) -> list[dict]:
    """The account itself, both ends of every slider at once, and n random positions."""
    sliders = export_account(case)["sliders"]
    rng = random.Random(seed)
    ends = [
        {each["name"]: each["positions"][end] for each in sliders} | {"persistence": kind}
        for end in (0, -1)
        for kind in KINDS
    ]
    own = {each["name"]: each["value"] for each in sliders} | {"persistence": "none"}
    drawn = [
        {each["name"]: rng.choice(each["positions"]) for each in sliders}
        | {"persistence": rng.choice(KINDS)}
        for _ in range(n)
    ]
    return [own, *ends, *drawn]


def number(text: str) -> float | None:
    return float(text) if text else None


def test_the_page_agrees_with_python_to_half_a_krone(browser, pages, case):
    settings = positions(case, 200, seed=2025)
    browser.open(pages["nb"])
    for setting, seen in zip(settings, browser.move(settings), strict=True):
        truth = account_at(case, setting)
        agrees(seen, truth, setting)
    assert browser.complaints() == []
    assert browser.requests() == [pages["nb"]]


def agrees(seen: dict, truth: mih.CostBenefit, setting: dict) -> None:
    """Raise unless everything shown is the account's own number."""
    low, high = truth.interval()
    expected = {
        "npv": truth.npv, "npv-low": low, "npv-high": high, "public": truth.public,
        "cohort": setting["starters"] * truth.npv,
        "cohort-low": setting["starters"] * low, "cohort-high": setting["starters"] * high,
    }  # fmt: skip
    for name, value in expected.items():
        assert abs(float(seen[name]) - value) < HALF_A_KRONE, (name, setting)
    assert float(seen["probability"]) == pytest.approx(truth.probability_positive, abs=1e-9)
    assert number(seen["break-even"]) == truth.break_even_year, setting
    assert seen["text"] == shown_in("nb", hundreds, truth.npv)
    for name in ACTORS:
        told, value = seen["actors"].get(name), truth.present_value(name)
        if told is None:  # nothing reaches it
            assert abs(value) <= HALF_A_KRONE, (name, setting)
            continue
        assert abs(float(told[0]) - value) < HALF_A_KRONE, (name, setting)
        if name == "employer":
            assert len(told) == 1
            continue
        for end, bound in zip(told[1:3], truth.interval(of=name), strict=True):
            assert abs(float(end) - bound) < HALF_A_KRONE, (name, setting)
        assert number(told[3]) == truth.break_even(name), (name, setting)


def test_cash_is_the_budget_impact_of_one_cohort(browser, pages, case):
    # Only the estimated years are shown: what comes after moves nothing.
    drawn = positions(case, 12, seed=7)[5:]
    settings = [each | {"persistence": "none"} for each in drawn if each["starters"] > 0]
    browser.open(pages["en"])
    for setting, seen in zip(settings, browser.move(settings), strict=True):
        truth = mih.budget_impact(
            account_at(case, setting), starters={2026: setting["starters"]}, draws=100
        ).by_block()
        for (block, actor), own in truth[truth["actor"] != "public"].groupby(["block", "actor"]):
            amounts = own.sort_values("year")["amount"].to_list()[:7]
            shown = seen["cash"].get(f"{block} {actor}", [0.0] * 7)
            for t, (told, amount) in enumerate(zip(shown, amounts, strict=True)):
                assert abs(float(told) - amount) < HALF_A_KRONE, (block, actor, t, setting)
    assert browser.complaints() == []


def test_an_account_that_is_extended_starts_where_it_is(browser, tmp_path, case):
    longer = mih.CostBenefit.with_values(case, {"half_life": 7.25, "wage_bill": 1 / 3})
    longer = mih.cost_benefit(
        mih.EffectSeries.from_frame(_frame(case), price_year=2024),
        longer.assumptions,
        programme=case.programme,
        horizon=15,
        persistence="half_life",
    )
    page = mih.write_budget_page(longer, tmp_path / "longer.html", starters=8)
    browser.open(page.as_uri())
    (seen,) = browser.move([{}])
    assert float(seen["npv"]) == pytest.approx(longer.npv, abs=HALF_A_KRONE)
    assert number(seen["break-even"]) == longer.break_even_year
    assert browser.run("return document.getElementById('npv-interval').hidden")
    assert browser.run("return document.getElementById('npv-base').textContent") == seen["text"]
    assert browser.complaints() == []


def _frame(case):
    import pandas as pd

    return pd.DataFrame(
        [
            (name, t, float(value))
            for name, path in zip(case.outcomes, case.effects, strict=True)
            for t, value in enumerate(path)
        ],
        columns=["outcome", "year_since_start", "estimate"],
    )


def test_the_summary_says_the_same_in_whole_sentences(browser, pages, case):
    setting = {"displacement": 0.2, "wage_bill": 0.5, "starters": 700.0}
    truth = account_at(case, setting)
    for lang in ("nb", "en"):
        browser.open(pages[lang])
        browser.move([setting])
        said = browser.rest()
        assert shown_in(lang, hundreds, abs(truth.npv)) in said
        assert shown_in(lang, hundreds, abs(truth.public)) in said
        assert all(shown_in(lang, hundreds, end) in said for end in truth.interval())
        assert said.count(". ") >= 4
        assert said.endswith(".")
        share = 1 - case.with_values({"displacement": 0.2, "wage_bill": 0.5}).switching_scale()
        assert f"{share:.0%}".replace("%", "\u00a0%" if lang == "nb" else "%") in said


def test_displayed_intervals_name_the_unit_once(browser, pages, case):
    low, high = case.interval()
    for lang, cut in (("nb", "\u00a0kr"), ("en", "NOK\u00a0")):
        browser.open(pages[lang])
        shown = browser.run("return document.getElementById('npv-interval').textContent")
        whole = shown_in(lang, interval, low, high, hundreds)
        assert shown.endswith(whole.replace(cut, "", 1) if lang == "nb" else _last_cut(whole, cut))


def _last_cut(text: str, cut: str) -> str:
    before, _, after = text.rpartition(cut)
    return before + after


def test_more_selection_never_helps(browser, pages):
    browser.open(pages["nb"])
    seen = browser.move([{"selection": x / 10} for x in range(11)])
    values = [float(each["npv"]) for each in seen]
    assert all(before > after for before, after in pairwise(values))
