"""`explore`: the sliders of a notebook, moved without one."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.roles import hundreds
from mih_impact.display.numbers import millions
from tests.shown import shown_in


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    planted = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(5), "estimate": 110_000.0}
    )
    covariance = 4e6 * (np.eye(5) + 0.5)
    effects = mih.EffectSeries.from_frame(planted, covariance=covariance, price_year=2024)
    return mih.cost_benefit(
        effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=5
    )


def parts(explorer) -> tuple[str, str, str]:
    """What the widgets show: the cohort, the card and the figure."""
    row = explorer.widget.children[0]
    return tuple(each.value for each in row.children[1].children)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_what_is_shown_is_the_account_at_the_sliders(case, lang):
    seen = mih.explore(case, lang=lang, starters=300)
    moves = {"displacement": 0.25, "tax_financing_cost": 0.3, "leisure": 0.4, "wage_bill": 0.5}
    for name, value in moves.items():
        seen.controls[name].value = value
    truth = case.with_values(moves)
    assert seen.case.npv == truth.npv
    assert seen.case.interval() == truth.interval()
    cohort, card, figure = parts(seen)
    assert shown_in(lang, millions, 300 * truth.npv) in cohort
    assert shown_in(lang, hundreds, truth.npv) in card
    assert f'lang="{lang}"' in card
    alt = re.search(r'alt="([^"]+)"', figure)[1]
    assert ("Hvem betaler" if lang == "nb" else "Who pays") in alt
    assert "data:image/png;base64," in figure


def test_cost_and_persistence_follow(case):
    seen = mih.explore(case)
    assert seen.controls["years_more"].disabled
    seen.controls["persistence"].value = "half_life"
    seen.controls["years_more"].value = 8.0
    seen.controls["half_life"].value = 6.5
    assert not seen.controls["half_life"].disabled
    assert seen.case.horizon == 13
    cost = seen.controls["programme_cost"]
    cost.value = cost.options[-1][1]
    assert -seen.case.by_component().query("component == 'programme:coordination'")[
        "society"
    ].item() == pytest.approx(30_000 * cost.options[-1][1] / 242_200)


def test_the_sliders_start_at_the_account_and_say_where_it_comes_from(case):
    seen = mih.explore(case, lang="en")
    assert seen.case.npv == pytest.approx(case.npv, rel=1e-12)
    assert seen.case.horizon == case.horizon
    assert seen.controls["discount_rate"].tooltip == (
        "Range 2% to 6% (assumed in mih_impact: two points either way). "
        "Read in the source: R-109/2021, 6.2."
    )
    assert "application/vnd.jupyter.widget-view+json" in seen._repr_mimebundle_()


def test_a_missing_extra_names_the_pip_command(case, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "mih_impact.errors.find_spec",
        lambda name: None if name == "ipywidgets" else find_spec(name),
    )
    with pytest.raises(
        mih.MissingExtraError, match=re.escape("pip install 'mih-impact[notebook]'")
    ):
        mih.explore(case)


def test_only_an_account_is_explored(case):
    with pytest.raises(mih.OptionError, match="takes an account"):
        mih.explore(case.assumptions)
    with pytest.raises(mih.OptionError, match="starters"):
        mih.explore(case, starters=-1)
    with pytest.raises(mih.OptionError):
        mih.explore(case, lang="sv")
