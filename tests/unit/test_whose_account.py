"""Whose effect an account prices, and what an expansion to others needs."""

from __future__ import annotations

import numpy as np
import pytest

import mih_impact as mih
from tests.support import small_register


@pytest.fixture(scope="module")
def cases():
    panel = mih.read_panel(small_register(400, starters=120, seed=3), price_year=2024)
    found = {}
    for estimand in ("att", "atc", "ate"):
        group = mih.weight(panel, on=["age", *mih.lag("wage_income", 1)], estimand=estimand)
        effects = mih.event_study(group, window=(-1, 3))
        found[estimand] = mih.cost_benefit(
            effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=4
        )
    return found


def words(result, lang):
    return " ".join(result.summary(lang).split())


def test_an_account_says_whose_effect_it_prices(cases, tmp_path):
    said = {
        "att": ("gjennomsnittet for dem som startet (ATT)", "those who started (ATT)"),
        "atc": ("om de hadde startet (ATC)", "had they started (ATC)"),
        "ate": ("deltakere og kandidater under ett (ATE)", "candidates together (ATE)"),
    }
    for estimand, (nb, en) in said.items():
        case = cases[estimand]
        assert case.estimand == estimand
        assert nb in words(case, "nb")
        assert en in words(case, "en")
    cases["atc"].save(tmp_path / "case.zip")
    assert mih.load(tmp_path / "case.zip").estimand == "atc"


def test_an_expansion_says_what_it_needs_and_shows_both(cases, tmp_path):
    starters = {2026: 500, 2027: 700}
    alone = mih.budget_impact(cases["att"], starters=starters, draws=100)
    assert "needs the effect on candidates (ATC), which is not shown here" in words(alone, "en")
    both = mih.budget_impact(cases["att"], starters=starters, candidates=cases["atc"], draws=100)
    other = mih.budget_impact(cases["atc"], starters=starters, draws=100)
    assert both.to_frame().equals(alone.to_frame())
    assert both.candidates.to_frame().equals(other.to_frame())
    assert "stands below each line" in words(both, "en")
    row = other.by_block().query("block == 'revenue' and actor == 'state'")["amount"]
    table = both.summary("en")
    last = f"{row.iloc[-1] / 1e6:.1f}"
    assert any("by the effect on candidates" in line and last in line for line in table.split("\n"))
    both.save(tmp_path / "budget.zip")
    again = mih.load(tmp_path / "budget.zip")
    assert again.candidates.estimand == "atc"
    assert np.isclose(again.candidates.totals()["amount"], other.totals()["amount"]).all()


def test_what_is_no_account_of_candidates_is_refused(cases):
    starters = {2026: 500}
    for candidates, what in (
        (cases["ate"], "effects on candidates"),
        (cases["att"], "effects on candidates"),
        (3, "an account"),
    ):
        with pytest.raises(mih.MihImpactError, match=what):
            mih.budget_impact(cases["att"], starters=starters, candidates=candidates)
