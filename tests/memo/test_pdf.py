"""The PDF, read by poppler: pages, words, language, tags, fonts; the same bytes every time."""

from __future__ import annotations

import datetime
import subprocess

import pytest
from pypdf import PdfReader

from mih_impact.reporting.blocks import Cite, Number, walk
from mih_impact.reporting.pdf import pdf_bytes
from tests.memo.conftest import need
from tests.memo.reading import missing, pdf_pages, pdf_text, tight
from tests.memo.sample import LANGS, TRICKY, memo, tricky, words


def info(path, program="pdfinfo"):
    need(program)
    return subprocess.run([program, str(path)], capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("lang", LANGS)
def test_two_pages_and_an_annex_with_every_word(written, lang):
    need("pdftotext")
    pages = pdf_pages(written[f"{lang}.pdf"])
    assert len(pages) == 3
    assert missing(memo(lang), "".join(pages[:2])) == []
    annex = {"nb": "Vedlegg:hvortallenekommerfra", "en": "Annex:wherethenumberscomefrom"}[lang]
    assert tight(pages[2]).startswith(annex)
    for what in words(lang)["traces"].values():
        assert tight(what) in tight(pages[2])
    for page in pages:
        assert tight(words(lang)["footer"]) in tight(page)


def test_without_annex_it_is_two_pages(tmp_path):
    need("pdftotext")
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes(memo("nb", annex=False)))
    assert len(pdf_pages(path)) == 2


@pytest.mark.parametrize(("lang", "locale"), [("nb", "nb-NO"), ("en", "en-GB")])
def test_it_is_tagged_titled_and_says_its_language(written, lang, locale):
    file = PdfReader(written[f"{lang}.pdf"])
    root = file.trailer["/Root"]
    assert root["/Lang"] == locale
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert file.metadata.title == words(lang)["title"]
    assert file.metadata.creation_date is None
    assert file.pages[0].mediabox.width == pytest.approx(595.276, abs=0.01)


@pytest.mark.parametrize("lang", LANGS)
def test_a_screen_reader_hears_headings_in_order_and_alt_texts(written, lang):
    tree = PdfReader(written[f"{lang}.pdf"]).trailer["/Root"]["/StructTreeRoot"]
    tags = list(_tags(tree))
    alts = [str(tag["/Alt"]) for tag in tags if tag.get("/S") == "/Figure"]
    assert alts == [words(lang)["figures"][name]["alt"] for name in ("curve", "who", "path")]
    levels = [tag["/S"] for tag in tags if str(tag.get("/S")).startswith("/H")]
    assert levels[0] == "/H1"
    assert set(levels[1:]) == {"/H2"}
    assert [tag["/S"] for tag in tags].count("/TH") >= 5 + 6 + 5


def test_every_number_leads_to_the_annex_and_every_reference_to_its_source(written):
    file = PdfReader(written["nb.pdf"])
    to = [_page_of(note.get_object(), file) for page in file.pages for note in page["/Annots"]]
    document = memo("nb")
    parts = [part for text in document.texts() for part in walk(text)]
    assert to.count(2) == sum(isinstance(part, Number) for part in parts)  # the annex
    cited = sum(len(part.keys) for part in parts if isinstance(part, Cite))
    again = sum(len(trace.sources) for trace in document.numbers)  # from the annex
    assert to.count(1) == cited + again


def _page_of(link, file):
    """Return the position of the page a link leads to, None where it leads out of the file."""
    target = link.get("/Dest") or link["/A"].get("/D")
    if isinstance(target, str):
        target = file.named_destinations[target].dest_array
    return None if target is None else file.get_page_number(target[0].get_object())


def test_fonts_are_in_the_file_and_are_those_of_typst(written):
    fonts = info(written["nb.pdf"], "pdffonts").splitlines()[2:]
    assert fonts
    assert all("LibertinusSerif" in line for line in fonts)


def test_the_same_document_gives_the_same_bytes_and_a_date_only_if_asked():
    assert pdf_bytes(memo("nb")) == pdf_bytes(memo("nb"))
    dated = pdf_bytes(memo("nb", date=datetime.date(2025, 6, 19)))
    assert b"20250619" in dated
    assert dated == pdf_bytes(memo("nb", date=datetime.date(2025, 6, 19)))


def test_no_text_is_read_as_markup(written):
    need("pdftotext")
    text = pdf_text(written["tricky.pdf"])
    assert missing(tricky(), text) == []
    assert tight(text).count(tight(TRICKY)) >= 17


def _tags(node):
    """Yield the tags of a PDF in reading order."""
    node = node.get_object()
    if isinstance(node, dict):
        if "/S" in node:
            yield node
        yield from _tags(node["/K"]) if "/K" in node else ()
    elif isinstance(node, list):
        for child in node:
            yield from _tags(child)
