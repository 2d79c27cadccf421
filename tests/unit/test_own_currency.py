"""An account in another currency than kroner, by rules of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.figures import shown_texts
from tests.shown import shown_in

RATE, TAX = 0.05, 0.12
WAGES, RUNNING, EARNED = 2558.0, 1855.0, (-50.0, 100.0, 1000.0)


def texts_of(ax) -> str:
    return "\n".join(text.get_text() for text in shown_texts(ax.figure))


def item(name: str, amount: float, receiver: str | None = None) -> mih.CostItem:
    return mih.CostItem(
        name=name, label=mih.Label(nb=name, en=name), amounts=[amount], payer="state",
        receiver=receiver, unit="USD", price_year=1976, status="seen", source="made up",
    )  # fmt: skip


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(3), "estimate": EARNED}
    )
    effects = mih.EffectSeries.from_frame(
        frame, covariance=np.diag([1e4, 4e4, 9e4]), unit="USD", price_year=1976
    )
    rules = mih.Assumptions.bare(currency="USD", price_year=1976, discount_rate=RATE)
    programme = mih.Programme(
        name="work",
        label=mih.Label(nb="Arbeid", en="Work"),
        items=(item("wages", WAGES, "participant"), item("running", RUNNING)),
    )
    return mih.cost_benefit(
        effects, rules.replace(tax_rate_wage=TAX), programme=programme, horizon=3
    )


def test_every_sum_by_hand(case):
    earned = sum(e / (1 + RATE) ** t for t, e in enumerate(EARNED))
    by_actor = case.by_actor().set_index("actor")["present_value"]
    assert by_actor["participant"] == pytest.approx(WAGES + (1 - TAX) * earned)
    assert by_actor["state"] == pytest.approx(TAX * earned - WAGES - RUNNING)
    assert case.npv == pytest.approx(earned - RUNNING)
    error = np.sqrt(sum(v / (1 + RATE) ** (2 * t) for t, v in enumerate([1e4, 4e4, 9e4])))
    assert case.std_error == pytest.approx(error)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_card_and_figures_speak_its_currency(case, lang):
    shown = case.summary(lang)
    assert "USD" in shown
    figures = [
        case.plot(lang=lang),
        case.plot_actors(lang=lang),
        case.sensitivity().plot(lang=lang),
    ]
    for text in (shown, *map(texts_of, figures)):
        assert "NOK" not in text
        assert "kr\n" not in text
        assert "R-109" not in text
    assert all("USD" in texts_of(ax) for ax in figures)
    assert "NOK" in shown_in("en", mih.display.kroner, 5)  # and only there


def test_frames_and_files_keep_it(case, tmp_path):
    assert set(case.indicators().unit) == {"USD", "USD per year", "USD per USD"}
    again = mih.load(case.save(tmp_path / "case.zip"))
    assert (again.currency, again.npv) == ("USD", case.npv)
    assert again.summary("en") == case.summary("en")


@pytest.mark.parametrize(
    "call",
    [
        lambda case: case.sheet(),
        lambda case: case.bridge(),
        lambda case: mih.budget_impact(case, starters={2026: 5}),
        lambda case: mih.write_memo(case, "memo.html"),
        lambda case: mih.write_workbook(case, "account.xlsx"),
        lambda case: mih.write_budget_page(case, "page.html"),
        lambda case: mih.municipality_view(case),
    ],
)
def test_what_speaks_of_norwegian_rules_refuses_it(case, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mih.AssumptionError, match="Norwegian rules"):
        call(case)
    assert not list(tmp_path.iterdir())


def test_currencies_are_not_mixed_and_the_advice_can_be_followed(case):
    frame = pd.DataFrame({"outcome": "wage_income", "year_since_start": [0], "estimate": 10.0})
    dollars = mih.EffectSeries.from_frame(frame, unit="USD", price_year=2024)
    with pytest.raises(mih.AssumptionError, match=r"Assumptions\.bare\(currency='USD'"):
        mih.cost_benefit(dollars, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=1)
    rules = mih.Assumptions.bare(currency="USD", discount_rate=0.04)
    assert mih.cost_benefit(dollars, rules, programme=mih.Programme.none(), horizon=1).npv == 10.0
    kroner = mih.EffectSeries.from_frame(frame, price_year=2024)
    with pytest.raises(mih.AssumptionError, match="in USD"):
        mih.cost_benefit(kroner, rules, programme=mih.Programme.none(), horizon=1)
    with pytest.raises(mih.AssumptionError, match="not converted"):
        rules.replace(price_year=2015)
    later = mih.Assumptions.bare(currency="USD", price_year=1980, discount_rate=RATE)
    with pytest.raises(mih.AssumptionError, match="prices of 1980"):
        case.programme.in_prices(later.price_year)


@pytest.mark.parametrize("currency", ["dollars", "$", None, 7])
def test_a_currency_has_a_code(currency):
    with pytest.raises(mih.OptionError, match="ISO code"):
        mih.Assumptions.bare(currency=currency, discount_rate=0.04)


@pytest.mark.parametrize("year", [0, -1, 1976.5, "1976", None])
def test_prices_are_of_a_year(year):
    with pytest.raises(mih.OptionError, match="price_year"):
        mih.Assumptions.bare(currency="USD", price_year=year, discount_rate=RATE)
    first = mih.Assumptions.bare(currency="USD", price_year=1, discount_rate=RATE)
    assert first.price_year == 1
