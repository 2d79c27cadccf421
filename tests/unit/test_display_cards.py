"""Options, labels, cards, results, provenance and HTML tables."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, dataclass
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from mih_impact.display.locale import Label, Options, current, options
from mih_impact.display.numbers import count, kroner, number
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.display.tables import html_page, html_table
from mih_impact.errors import OptionError
from tests.shown import shown_in


@pytest.fixture(autouse=True)
def defaults():
    with options(lang="nb", min_cell=5, progress=True):
        yield


# -- options -----------------------------------------------------------------------------


def test_options_apply_at_once_and_can_be_undone():
    before = current()
    handle = options(lang="en", min_cell=10)
    try:
        assert current() == Options(lang="en", min_cell=10, progress=True)
    finally:
        with handle:
            pass
    assert current() == before


def test_a_block_gives_back_what_was_there_whatever_happens():
    with options(lang="en"), options(min_cell=3, progress=False) as inner:
        assert inner == current() == Options("en", 3, False)
        with pytest.raises(RuntimeError), options(lang="nb"):
            raise RuntimeError
        assert current() == inner
    assert current() == Options()


@pytest.mark.parametrize(
    "wrong",
    [{"lang": "sv"}, {"min_cell": 0}, {"min_cell": 2.5}, {"min_cell": True}, {"progress": "yes"}],
)
def test_a_wrong_value_is_refused_and_changes_nothing(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong)).replace("lang", "language")):
        options(**{"progress": False, **wrong})
    assert current() == Options()


def test_options_without_arguments_show_what_is_in_force():
    assert repr(options()) == "options(lang='nb', min_cell=5, progress=True)"


# -- labels ------------------------------------------------------------------------------


def test_a_label_speaks_the_language_in_force_or_the_one_asked_for():
    label = Label("deltaker", "participant")
    assert (label.text(), label.text("nb"), label.text("en")) == ("deltaker",) * 2 + (
        "participant",
    )
    with options(lang="en"):
        assert label.text() == "participant"
    with pytest.raises(OptionError, match="language"):
        label.text("sv")


def test_a_label_within_a_label_is_filled_in_each_language():
    filled = Label("{n} {who}e", "{n} {who}s").format(n=527, who=Label("deltaker", "participant"))
    assert filled == Label("527 deltakere", "527 participants")


# -- cards and results -------------------------------------------------------------------


class Outline(HTMLParser):
    """Which tags there are, checking that each is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


TABLE = pd.DataFrame({"Hvem": ["Staten", "Fylket"], "Nåverdi": [kroner(426_200), kroner(-157_400)]})
CARD = Card(
    "Regnskap <2024>",
    (("Nåverdi", kroner(1_094_400)), ("I arbeid & på tiltak", "–")),
    TABLE,
    ("Obs!",),
)


def test_card_text_is_aligned_and_complete():
    assert CARD.text() == (
        "Regnskap <2024>\n"
        "---------------\n"
        "Nåverdi               1\u00a0094\u00a0400\u00a0kr\n"
        "I arbeid & på tiltak  –\n"
        "\n"
        "Hvem        Nåverdi\n"
        "Staten   426\u00a0200\u00a0kr\n"
        "Fylket  \u2212157\u00a0400\u00a0kr\n"
        "\n"
        "Obs!"
    )


def test_a_long_line_is_wrapped_under_itself_and_numbers_are_not_broken():
    value = "; ".join(f"år {t}: {kroner(100_000 + t)}" for t in range(8))
    lines = Card("t", (("lønnsinntekt", value), ("kort", "1"))).text().splitlines()[2:]
    assert len(lines) > 2
    assert all(len(line) <= 88 for line in lines)
    assert [line[:14].strip() for line in lines] == [
        "lønnsinntekt",
        *[""] * (len(lines) - 2),
        "kort",
    ]
    assert " ".join(line[14:] for line in lines[:-1]) == value
    assert not any(line.endswith("100") for line in lines)


def test_card_html_is_escaped_self_contained_and_accessible():
    html = CARD.html("nb")
    outline = Outline(html)
    assert outline.all("section") == [
        {"class": "mih", "lang": "nb", "aria-label": "Regnskap <2024>"}
    ]
    assert "<2024>" not in html
    assert "&amp; på" in html
    assert {th["scope"] for th in outline.all("th")} == {"row", "col"}
    assert len(outline.all("caption")) == 1
    assert not outline.all("script")
    assert "http" not in html
    assert "url(" not in html


def test_styles_touch_nothing_outside_the_card():
    style = re.search(r"<style>(.*?)</style>", CARD.html(), re.S)
    rules = re.findall(r"([^{}]+)\{", style[1])
    assert len(rules) > 5
    assert all(part.strip().startswith(".mih") for rule in rules for part in rule.split(","))


def test_an_empty_card_is_its_title():
    card = Card("Bare en tittel")
    assert card.text() == "Bare en tittel\n" + "-" * 14
    assert "Bare en tittel</p>" in card.html()
    assert Outline(card.html()).all("table") == []


@dataclass(frozen=True, eq=False)
class Mean(Result):
    contributors = NoContributors("a number of nobody")
    value: float
    draws: np.ndarray

    def _card(self):
        return Card(Label("Gjennomsnitt", "Mean").text(), (("=", number(self.value, 1)),))


def test_every_view_of_a_result_is_its_card():
    mean = Mean(2.5, np.arange(1000))
    assert repr(mean) == str(mean) == mean.summary() == "Gjennomsnitt\n------------\n=  2,5"
    assert mean.summary("en") == "Mean\n----\n=  2.5"
    assert 'lang="nb"' in mean._repr_html_()
    with options(lang="en"):
        assert repr(mean) == mean.summary("en")
        assert 'lang="en"' in mean._repr_html_()


def test_a_result_needs_a_card_and_stays_frozen():
    class Empty(Result):
        pass

    with pytest.raises(TypeError, match=r"_card.*contributors"):
        Empty()
    with pytest.raises(FrozenInstanceError):
        Mean(1.0, np.arange(2)).value = 2.0


# -- tables ------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "År": [2014, 2015],
        "Deltakere": [4, 527],
        "Effekt": [-200_000.0, np.nan],
        "SMD": [0.1234, 2.0],
        "Matchet": [True, False],
        "Merknad": ["<b>", None],
    }
)


def table_cells(html: str) -> list[str]:
    return re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", html)


def test_html_table_formats_hides_and_escapes():
    html = html_table(
        FRAME,
        caption="Effekter, faste 2024-priser",
        formats={"Deltakere": count, "Effekt": kroner, "SMD": partial(number, decimals=3)},
        source="Kilde: syntetisk register",
    )
    assert table_cells(html)[6:] == [
        *("2014", "skjult (færre enn 5)", "\u2212200\u00a0000\u00a0kr", "0,123", "ja", "&lt;b&gt;"),
        *("2015", "527", "–", "2,000", "nei", "–"),
    ]
    outline = Outline(html)
    assert [th["scope"] for th in outline.all("th")] == ["col"] * 6 + ["row"] * 2
    assert [td.get("class") for td in outline.all("td")][:5] == ["mih-num"] * 3 + [None] * 2
    assert "<caption>Effekter, faste 2024-priser</caption>" in html
    assert html.index("Kilde: syntetisk register") > html.index("</table>")


def test_a_sentence_that_starts_with_a_number_is_text():
    said = "160 personer med start_year utenfor registerets år (2009\u20132024)"
    frame = pd.DataFrame({"Hva": [said], "KI": ["−NOK\u00a01,221,700 to −NOK\u00a0991,800"[1:]]})
    classes = [td.get("class") for td in Outline(html_table(frame, caption="c")).all("td")]
    assert classes == ["mih-num"]  # the first cell is a header of its row
    assert '<th scope="row">' in html_table(frame, caption="c")


def test_html_table_in_english_without_formats():
    cells = table_cells(shown_in("en", partial(html_table, caption="Effects"), FRAME))
    assert cells[6:12] == ["2014", "4", "\u2212200,000.00", "0.12", "yes", "&lt;b&gt;"]


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        (pd.RangeIndex(2), False),
        (pd.Index([4, 9]), False),  # what filtering leaves
        (pd.Index([4, 9], name="t"), True),
        (pd.Index(["a", "b"]), True),
        (pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"]), True),
    ],
)
def test_the_index_is_shown_when_it_says_something(index, shown):
    frame = FRAME[["SMD"]].set_axis(index)
    first = table_cells(html_table(frame, caption="c"))
    assert first[0] == (index.names[0] or "" if shown else "SMD")
    assert len(first) == 3 * (1 + (index.nlevels if shown else 0))


def test_an_empty_table_still_has_its_header():
    html = html_table(FRAME.head(0), caption="c")
    assert len(Outline(html).all("th")) == 6


def test_the_page_is_whole():
    html = html_page("Tabeller & figurer", html_table(FRAME, caption="c"))
    outline = Outline(html)
    assert html.startswith("<!DOCTYPE html>")
    assert outline.all("html") == [{"lang": "nb"}]
    assert {"charset": "utf-8"} in outline.all("meta")
    assert "<h1>Tabeller &amp; figurer</h1>" in html


# -- provenance --------------------------------------------------------------------------


def test_provenance_names_versions_and_keeps_only_plain_options():
    made = Provenance.of(
        "match",
        {"ratio": np.int64(5), "on": ["age", ("wage", 1)], "eligible": FRAME, "caliper": None},
        seed=2025,
        data="3f2a",
    )
    assert made.options == {
        "ratio": 5,
        "on": ("age", ("wage", 1)),
        "eligible": "<DataFrame>",
        "caliper": None,
    }
    assert type(made.options["ratio"]) is int
    assert made.seed == 2025
    assert {"python", "numpy", "pandas", "mih-impact"} <= made.versions.keys()
    assert made == Provenance.of(
        "match", {"ratio": 5, "on": ("age", ("wage", 1)), "eligible": FRAME, "caliper": None},
        seed=2025, data="3f2a",
    )  # fmt: skip
