"""Publication tables: what is shown, to which side, and escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import mih_impact as mih
from mih_impact import errors
from mih_impact.display.locale import Label, in_language
from mih_impact.display.numbers import MINUS, count, kroner
from mih_impact.display.result import Provenance
from mih_impact.reporting.export import Table
from mih_impact.reporting.publication import (
    _html,
    _latex,
    publication_table,
    write_publication_table,
)
from tests.shown import shown_in
from tests.support import small_register

FRAME = pd.DataFrame(
    {"who": ["Staten & <co>", "50 % #1_{x}"], "npv": [-61_000.0, 1_426_000.0], "n": [527, 3]}
)
COLUMNS = {
    "who": (Label("Aktør", "Actor"), None),
    "npv": (Label("Nåverdi", "Present value"), kroner),
    "n": (Label("Personer", "Persons"), count),
}
CAPTION = Label("Nåverdi & antall, kroner, faste 2024-priser", "Value & number, NOK, 2024 prices")
SOURCE = Label("Kilde: R-109_2021, 20 %", "Source: R-109_2021, 20%")


def table(lang):
    with in_language(lang):
        return Table.of("who", CAPTION.text(), FRAME, COLUMNS, source=SOURCE.text())


class Cells(HTMLParser):
    """The cells of a table: tag, classes, scope, text."""

    def __init__(self, text):
        super().__init__()
        self.cells = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("td", "th"):
            self.cells.append([tag, dict(attrs), ""])

    def handle_data(self, data):
        if self.cells:
            self.cells[-1][2] += data.strip("\n ")


@pytest.mark.parametrize(
    ("lang", "shown"),
    [
        ("nb", ["−61\u00a0000\u00a0kr", "1\u00a0426\u00a0000\u00a0kr", "skjult (færre enn 5)"]),
        ("en", ["NOK\u00a0−61,000", "NOK\u00a01,426,000", "hidden (fewer than 5)"]),
    ],
)
def test_html_shows_the_caption_the_cells_and_the_source(lang, shown):
    html = shown_in(lang, _html, table(lang))
    cells = Cells(html).cells
    text = [cell[2] for cell in cells]
    assert text[0] == CAPTION.text(lang)
    assert text[1:4] == [label.text(lang) for label, _ in COLUMNS.values()]
    assert text[-1] == SOURCE.text(lang)
    assert set(shown) <= set(text)
    assert {"Staten & <co>", "50 % #1_{x}"} <= set(text)
    assert f'lang="{ {"nb": "nb-NO", "en": "en-GB"}[lang] }"' in html
    assert "<script" not in html
    assert "http" not in html


def test_numbers_stand_to_the_right_and_headers_say_what_they_head():
    cells = {cell[2]: cell for cell in Cells(_html(table("nb"))).cells}
    assert "gt_right" in cells["527"][1]["class"]
    assert "gt_right" in cells["Personer"][1]["class"]
    assert "gt_left" in cells["Staten & <co>"][1]["class"]
    assert cells["Staten & <co>"][1]["scope"] == "row"
    assert cells["Nåverdi"][1]["scope"] == "col"


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_latex_is_escaped_and_needs_no_newer_engine(lang):
    latex = shown_in(lang, _latex, table(lang))
    assert "\u2212" not in latex
    assert "\u00a0" not in latex
    assert r"{\extracolsep{\fill}}lrr}" in latex
    assert r"Staten \& \textless{}co\textgreater{}" in latex
    assert r"50 \% \#1\_\{x\}" in latex
    assert {"nb": "$-$61~000~kr", "en": "NOK~$-$61,000"}[lang] in latex
    assert SOURCE.text(lang).replace("_", r"\_").replace("%", r"\%") in latex
    assert re.findall(r"(?<!\\)[#_%]", latex) == []


def test_columns_may_share_a_name():
    frame = pd.DataFrame({"a": ["x"], "b": [1], "c": [2]})
    same = Table("t", "C", frame, frame.set_axis(["a", "95 %", "95 %"], axis=1), {}, "S")
    assert [cell[2] for cell in Cells(_html(same)).cells].count("95 %") == 2


def test_files_by_suffix_whole_or_not_at_all(tmp_path):
    page = write_publication_table(table("nb"), tmp_path / "a" / "t.html", lang="nb").read_text(
        "utf-8"
    )
    assert page.startswith('<!DOCTYPE html>\n<html lang="nb-NO">')
    tex = write_publication_table(table("nb"), tmp_path / "t.tex", lang="nb").read_text("utf-8")
    assert tex == _latex(table("nb"))
    with pytest.raises(mih.OptionError, match=r"\.html or \.tex"):
        write_publication_table(table("nb"), tmp_path / "t.png", lang="nb")
    with pytest.raises(mih.OptionError):
        write_publication_table(table("nb"), tmp_path / "t.tex", lang="nn")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "t.tex"}


def test_a_missing_extra_names_the_pip_command(monkeypatch):
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    with pytest.raises(mih.MissingExtraError, match=r"pip install 'mih-impact\[tables\]'"):
        publication_table(table("nb"))


def test_a_result_gives_the_table_of_its_card(tmp_path):
    funnel = mih.nav.funnel()
    card = funnel.card("nb")
    cells = [
        cell[2] for cell in Cells(mih.publication_table(funnel, lang="nb").as_raw_html()).cells
    ]
    assert cells[0] == card.title
    assert set(card.table.columns) <= set(cells)
    assert set(card.table.iloc[0]) <= set(cells)
    assert all(note in cells[-1] for note in card.notes)
    tex = mih.write_publication_table(funnel, tmp_path / "funnel.tex", lang="en").read_text("utf-8")
    assert funnel.card("en").title in tex


@pytest.mark.parametrize(
    ("make", "head", "row"),
    [
        (lambda g, t: g.balance(), "Characteristic", ["age"]),
        (lambda g, t: mih.event_study(g, outcomes="wage_income"), "Years since start", ["3"]),
        (lambda g, t: mih.event_study(g, outcomes="wage_income", by="county"), "county", ["A"]),
        (lambda g, t: t.aggregate("group"), "Start year", ["2016"]),
        (lambda g, t: t.overall("simple"), "Effect", ["wage income"]),
    ],
)
def test_balance_and_effects_give_a_table(make, head, row):
    panel = mih.read_panel(small_register(300, starters=60))
    group = mih.match(panel, exact="county", on=["age"], ratio=1)
    result = make(group, mih.group_time_effects(panel, outcomes="wage_income"))
    cells = [
        cell[2] for cell in Cells(mih.publication_table(result, lang="en").as_raw_html()).cells
    ]
    assert head in cells
    assert set(row) <= set(cells)
    if head == "Effect":
        shown = result.to_frame().iloc[0]
        assert f"{shown['estimate']:,.0f}".replace("-", MINUS) in cells
        assert "Amounts in NOK, fixed 2024 prices" in cells[0]


def test_what_has_no_table_is_a_typed_error():
    said = {"nb": "Ingen.", "en": "None."}
    check = mih.CheckResult("x", None, FRAME, said, said, Provenance("x"))
    with pytest.raises(mih.ReportError, match=r"no table.*group\.balance"):
        mih.publication_table(check)
    with pytest.raises(mih.OptionError, match=r"takes a result.*a DataFrame"):
        mih.publication_table(FRAME)
