"""The HTML file, read as text and opened in a browser without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mih_impact.reporting.blocks import Number, walk
from mih_impact.reporting.html import html_bytes
from tests.memo.conftest import need
from tests.memo.reading import missing, pdf_pages, tight
from tests.memo.sample import LANGS, TRICKY, memo, tricky, words


class Page(HTMLParser):
    """The tags of a page in reading order, and what is read."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text = [], ""
        self._style = False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        if not self._style:
            self.text += data

    def all(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(scope="module")
def pages(written):
    return {name: Page(written[f"{name}.html"]) for name in (*LANGS, "tricky")}


@pytest.mark.parametrize(("lang", "locale"), [("nb", "nb-NO"), ("en", "en-GB")])
def test_it_stands_alone_and_says_its_language(pages, lang, locale):
    page = pages[lang]
    assert page.all("html") == [{"lang": locale}]
    assert page.all("script", "link", "iframe", "img", "object") == []
    policy = next(meta for meta in page.all("meta") if "http-equiv" in meta)
    assert "default-src 'none'" in policy["content"]


@pytest.mark.parametrize("lang", LANGS)
def test_every_word_is_there(pages, lang):
    assert missing(memo(lang), pages[lang].text) == []


def test_no_text_is_read_as_markup(pages):
    assert missing(tricky(), pages["tricky"].text) == []
    assert tight(pages["tricky"].text).count(tight(TRICKY)) >= 17
    assert pages["tricky"].all("b") == []


@pytest.mark.parametrize("lang", LANGS)
def test_headings_come_in_order_and_tables_say_what_they_head(pages, lang):
    page = pages[lang]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    assert len(page.all("caption")) == len(page.all("table")) == 3
    assert {cell.get("scope") for cell in page.all("th")} == {"col", "row"}


@pytest.mark.parametrize("lang", LANGS)
def test_figures_have_alt_texts_and_no_name_is_used_twice(pages, lang):
    page = pages[lang]
    alts = [svg["aria-label"] for svg in page.all("svg")]
    assert alts == [words(lang)["figures"][name]["alt"] for name in ("curve", "who", "path")]
    assert {svg["role"] for svg in page.all("svg")} == {"img"}
    names = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(names)) == len(names)
    used = {
        value[1:]
        for _, attrs in page.tags
        for key, value in attrs.items()
        if key in ("href", "xlink:href") and value.startswith("#")
    }
    assert used <= set(names)


def test_every_number_names_its_ledger_rows_and_assumptions(pages):
    document = memo("nb")
    numbers = [part for text in document.texts() for part in walk(text) if isinstance(part, Number)]
    links = [link for link in pages["nb"].all("a") if link.get("class") == "number"]
    assert len(links) == len(numbers)
    for link, number in zip(links, numbers, strict=True):
        assert link["title"] == number.trace.what
        assert link.get("data-rows", "").split() == [row.key for row in number.trace.rows]
        assumed = [item.key for item in number.trace.assumptions]
        assert link.get("data-assumptions", "").split() == assumed


def test_the_same_document_gives_the_same_bytes():
    assert html_bytes(memo("nb")) == html_bytes(memo("nb"))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_a_browser_opens_it_without_complaint_network_or_overflow(browser, written, lang, width):
    path = written[f"{lang}.html"]
    browser.open(path, width=width)
    assert browser.console() == []
    assert browser.requests() == [path.as_uri()]
    assert browser.script("return document.documentElement.scrollWidth") <= width


def test_the_tricky_one_opens_too(browser, written):
    browser.open(written["tricky.html"], width=390)
    assert browser.console() == []
    assert browser.script("return document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("lang", LANGS)
def test_it_prints_two_pages_with_every_word_and_the_footer(browser, written, tmp_path, lang):
    need("pdftotext")
    browser.open(written[f"{lang}.html"])
    printed = pdf_pages(browser.printed(tmp_path / "p.pdf"))
    assert len(printed) == 2
    assert missing(memo(lang), "".join(printed)) == []
    for place, page in enumerate(printed, start=1):
        assert tight(words(lang)["footer"]) in tight(page)
        assert {"nb": f"Side{place}", "en": f"Page{place}"}[lang] in tight(page)


def test_a_wide_font_still_leaves_two_pages(browser, written, tmp_path):
    """On a machine with none of the fonts asked for, the widest common one takes their place."""
    need("pdftotext")
    path = tmp_path / "wide.html"
    text = written["nb.html"].read_text("utf-8")
    path.write_text(
        re.sub(r'"Libertinus Serif",Charter,[^;]*?serif', '"DejaVu Serif"', text), "utf-8"
    )
    browser.open(path)
    assert len(pdf_pages(browser.printed(tmp_path / "wide.pdf"))) == 2
