"""Budget lines: the chapters and posts are those of the budget books, and unknown names help."""

from __future__ import annotations

import csv
import dataclasses
import re
from importlib.resources import files

import pytest

import mih_impact as mih
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference import budget_lines
from mih_impact.reference.budget_lines import DEPARTMENTS, BudgetLine, Post, _posts, budget_line
from tests.golden.test_base_case import planted_effects, planted_rows

# Rows of the budget book's own file for 2025 (fdep_navn, kap_nr, post_nr, kap_navn, post_navn,
# stikkord), those that the lines point at, copied as they stand; 761.21 from the file for 2024.
GUL_BOK = """
Arbeids- og inkluderingsdepartementet|605|1|Arbeids- og velferdsetaten|Lønn og godtgjørelser|
Arbeids- og inkluderingsdepartementet|634|76|Arbeidsmarkedstiltak|Tiltak for arbeidssøkere|kan overføres
Helse- og omsorgsdepartementet|760|21|Kommunale helse- og omsorgstjenester|Spesielle driftsutgifter|kan nyttes under postene 70 og 71
Helse- og omsorgsdepartementet|761|21|Omsorgstjeneste|Spesielle driftsutgifter|kan nyttes under post 79
Arbeids- og inkluderingsdepartementet|2541|70|Dagpenger|Dagpenger|overslagsbevilgning
Arbeids- og inkluderingsdepartementet|2650|70|Sykepenger|Sykepenger for arbeidstakere mv.|overslagsbevilgning
Arbeids- og inkluderingsdepartementet|2651|70|Arbeidsavklaringspenger|Arbeidsavklaringspenger|overslagsbevilgning
Arbeids- og inkluderingsdepartementet|2655|70|Uførhet|Uføretrygd|overslagsbevilgning
Finansdepartementet|5501|70|Skatter på formue og inntekt|Trinnskatt og formuesskatt mv.|
Finansdepartementet|5501|72|Skatter på formue og inntekt|Fellesskatt mv. fra personlige skattytere|
Finansdepartementet|5700|71|Folketrygdens inntekter|Trygdeavgift|
Finansdepartementet|5700|72|Folketrygdens inntekter|Arbeidsgiveravgift|
"""  # noqa: E501
BOOK = {
    (int(row[1]), int(row[2])): row
    for row in csv.reader(GUL_BOK.strip().splitlines(), delimiter="|")
}
# What each line is called in the book: a word of its chapter or post.
CALLED = {
    "care_services": "Omsorgstjeneste",
    "care_services_2025": "Kommunale helse- og omsorgstjenester",
    "nav_operations": "Arbeids- og velferdsetaten",
    "labour_market_measures": "Arbeidsmarkedstiltak",
    "dagpenger": "Dagpenger",
    "aap": "Arbeidsavklaringspenger",
    "tiltakspenger": "Tiltak for arbeidssøkere",
    "uforetrygd": "Uføretrygd",
    "sykepenger": "Sykepenger",
    "employer_contribution": "Arbeidsgiveravgift",
    "income_tax_state": "Skatter på formue og inntekt",
}
STATE = [line for line in budget_lines() if line.level == "state"]


@pytest.mark.parametrize("line", STATE, ids=lambda line: line.name)
def test_the_states_lines_are_in_the_budget_book(line) -> None:
    for post in line.posts:
        department, *_ = BOOK[post]
        assert DEPARTMENTS[line.department][0] == department
        assert (line.block == "revenue") == (post.chapter >= 3000)
    _, _, _, chapter, name, keyword = BOOK[line.posts[0]]
    assert CALLED[line.name] in (chapter, name)
    if line.block == "rule_bound" and line.status == "seen":
        assert keyword == "overslagsbevilgning"
    if line.block == "grants":
        assert keyword != "overslagsbevilgning"


def test_every_state_line_of_the_account_is_there() -> None:
    assert {line.name for line in STATE} == set(CALLED)
    lines = {line.name: line for line in budget_lines()}
    assert len(lines) == len(budget_lines())
    assert {post for line in STATE for post in line.posts} == set(BOOK)
    for name, level in {
        "sosialhjelp": "municipality",
        "county_school": "county",
        "county_apprentice_grant": "county",
        "municipal_health_care": "municipality",
        "municipal_wages": "municipality",
        "income_tax_county": "county",
        "income_tax_municipality": "municipality",
    }.items():
        assert lines[name].level == level
        assert lines[name].posts == ()


def test_what_was_not_read_says_so() -> None:
    for line in budget_lines():
        assert line.source or line.status in ("remembered", "ASSUMED")
        assert line.label_nb
        assert line.label_en
        assert line.unsure == (line.status != "seen")
    unsure = {line.name: line.status for line in budget_lines() if line.unsure}
    assert unsure == {
        "care_services_2025": "derived",
        "tiltakspenger": "remembered",
        "income_tax_county": "remembered",
        "income_tax_municipality": "remembered",
        "municipal_wages": "ASSUMED",
    }


def test_a_line_is_found_by_its_name_and_a_near_name_is_suggested() -> None:
    assert budget_line("aap").posts == (Post(2651, 70),)
    assert str(budget_line("nav_operations").posts[0]) == "605.01"
    with pytest.raises(OptionError, match="use 'dagpenger'") as caught:
        budget_line("dagpengar")
    assert "no budget line 'dagpengar'" in str(caught.value)
    with pytest.raises(OptionError, match="use one of those found"):
        budget_line("zzz")
    for odd in (None, 2541, ["aap"]):
        with pytest.raises(OptionError, match="There is no budget line"):
            budget_line(odd)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"level": "region"}, "no level="),
        ({"block": "grant"}, "no block="),
        ({"status": "read"}, "no status="),
        ({"department": "KMD"}, "no department="),
        ({"posts": ()}, "0 posts"),
        ({"level": "county"}, "mixes the state's budget with another"),
        ({"year": None}, "year none"),
    ],
)
def test_a_line_that_does_not_hold_together_is_refused(changes, words) -> None:
    with pytest.raises((AssumptionError, OptionError), match=re.escape(words)):
        dataclasses.replace(budget_line("aap"), **changes)
    assert isinstance(dataclasses.replace(budget_line("aap"), name="other"), BudgetLine)


def test_posts_are_read_as_the_budget_writes_them() -> None:
    assert _posts("kap. 605 post 01; kap. 634 post 76") == (Post(605, 1), Post(634, 76))
    for wrong in ("2541.70", "kap. 605 post 1", "kap 605 post 01"):
        with pytest.raises(AssumptionError, match="not a chapter and a post"):
            _posts(wrong)


def test_the_public_account_says_of_each_line_what_the_table_says() -> None:
    """And of the analyst's own line nothing but its name and source."""
    programme = mih.nav.menn_i_helse()
    items = [
        dataclasses.replace(item, budget_line="courses") if item.name == "school" else item
        for item in programme.items
    ]
    case = mih.cost_benefit(
        planted_effects(planted_rows()), mih.Assumptions.r109(),
        programme=dataclasses.replace(programme, items=items),
    )  # fmt: skip
    text = files("mih_impact.reference").joinpath("data/budget_lines.csv").read_text("utf-8")
    table = {row["name"]: row for row in csv.DictReader(text.splitlines())}
    found = case.by_budget("en")
    for row in found.to_dict("records"):
        post = re.compile(r"kap\. (\d+) post (\d+)")
        said = {
            "department": row["department"], "label_en": row["label"], "block": row["block"],
            "posts": row["posts"], "status": row["status"], "source": row["source"],
        }  # fmt: skip
        if row["budget_line"] == "courses":
            source = next(item.source for item in items if item.name == "school")
            wanted = ("", "courses", "grants", "", "ASSUMED", source)
            assert tuple(said.values()) == wanted
            continue
        wanted = {name: table[row["budget_line"]][name] for name in said}
        wanted["posts"] = ", ".join(".".join(each) for each in post.findall(wanted["posts"]))
        assert said == wanted
    assert {"courses", "tiltakspenger", "aap"} <= set(found["budget_line"])
    assert set(found["status"]) == {"seen", "remembered", "ASSUMED"}
    assert found["present_value"].sum() == pytest.approx(case.present_value("public"))
