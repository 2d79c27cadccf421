"""Writing the budget page: what is refused, what is left behind, what the file is made of."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.export import SCHEMA
from mih_impact.display.locale import Label
from mih_impact.reporting.page.texts import source_label
from mih_impact.reporting.page.write import budget_page


@pytest.fixture(scope="module")
def case() -> mih.CostBenefit:
    planted = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(4), "estimate": 90_000.0}
    )
    effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    return mih.cost_benefit(
        effects, mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(), horizon=4
    )


def embedded(page: str) -> dict:
    return json.loads(re.search(r'id="account">(.*?)</script>', page, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("page.pdf", {}, mih.OptionError, "ends in .html"),
        ("page", {}, mih.OptionError, "ends in .html"),
        ("page.html", {"lang": "nn"}, mih.OptionError, "'nn'"),
        ("page.html", {"starters": -8}, mih.OptionError, "starters=-8"),
        ("page.html", {"starters": 0}, mih.OptionError, "starters=0"),
        ("page.html", {"starters": {2026: 500}}, mih.OptionError, "a dict"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_leaves_nothing(
    case, tmp_path, name, options, error, words
):
    with pytest.raises(error, match=re.escape(words)):
        mih.write_budget_page(case, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_only_an_account_has_a_page(tmp_path):
    with pytest.raises(mih.OptionError, match="takes an account"):
        mih.write_budget_page(mih.Assumptions.r109(), tmp_path / "page.html")


def test_costs_that_are_transfers_are_not_said_to_be_left_out(case):
    label = Label(nb="stipend", en="stipend")
    grant = mih.CostItem(
        name="grant", label=label, amounts=[9_000.0], payer="state", receiver="participant"
    )
    programme = mih.Programme(name="own", label=label, items=(grant,))
    page = budget_page(replace(case, programme=programme), lang="en")
    assert "The programme uses no resources in the account (transfers: stipend)." in page
    assert "NOT included" not in page
    assert "NOT included" in budget_page(replace(case, programme=mih.Programme.none()), lang="en")


def test_a_file_that_cannot_be_written_leaves_what_stood_there(case, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("mine")
    with pytest.raises(mih.StorageError, match="could not be written"):
        mih.write_budget_page(case, blocked / "page.html")
    assert blocked.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [blocked]


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_file_is_whole_and_asks_for_nothing(case, tmp_path, lang):
    path = mih.write_budget_page(case, tmp_path / "new" / "page.html", lang=lang)
    page = path.read_text(encoding="utf-8")
    assert len(page) < 250_000
    assert "{{" not in re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    outside = re.findall(r"\b(?:src|href|action)\s*=|url\(|@import|fetch\(|XMLHttp|<link", page)
    assert outside == []
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "default-src 'none'" in page
    assert embedded(page)["schema"] == SCHEMA


def test_the_same_account_gives_the_same_bytes(case):
    assert budget_page(case, lang="nb") == budget_page(case, lang="nb")


def test_no_text_of_the_account_ends_the_data(case):
    bad = "</script><!--\u2028"
    programme = replace(case.programme, label=Label(nb=bad, en=bad))
    page = budget_page(replace(case, programme=programme))
    assert embedded(page)["programme"] == bad
    assert page.count("</script>") == 2
    assert "\u2028" not in page.split('id="account">')[1]


def test_every_source_of_the_presets_is_said_in_both_languages(case):
    for rates in (mih.Assumptions.r109(), mih.Assumptions.simplified()):
        account = embedded(budget_page(case.with_assumptions(rates), lang="nb"))
        for slider in account["sliders"]:
            for kind in ("source", "range_source"):
                assert source_label(slider[kind]) is not None, (slider["name"], slider[kind])
    changed = case.with_values({"discount_rate": 0.09, "displacement": 0.1})
    page = budget_page(changed, lang="nb")
    assert "analytikerens egen verdi" in page
    assert "the analyst" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_a_source_of_the_analysts_own_is_marked_with_its_language(case):
    rates = case.assumptions
    items = tuple(
        replace(item, source="a report <of> mine") if item.name == "leisure" else item
        for item in rates.items
    )
    page = budget_page(case.with_assumptions(replace(rates, items=items)), lang="nb")
    assert '<span lang="en">a report &lt;of&gt; mine</span>' in page
