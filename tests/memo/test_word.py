"""The Word file, read back by python-docx and by LibreOffice."""

from __future__ import annotations

import datetime
import io
import subprocess
import zipfile

import docx
import numpy as np
import pytest
from docx.oxml.ns import qn

from mih_impact.reporting.blocks import Cite, Heading, Number, walk
from mih_impact.reporting.word import word_bytes
from tests.memo.conftest import need
from tests.memo.reading import missing, pdf_pages, pdf_text, tight
from tests.memo.sample import LANGS, TRICKY, memo, tricky, words


@pytest.fixture(scope="module")
def files(written):
    return {lang: docx.Document(str(written[f"{lang}.docx"])) for lang in LANGS}


def styled(file, style):
    return [p.text for p in _paragraphs(file) if p.style.name == style]


def _paragraphs(file):
    """Return all paragraphs, those in cells too, in reading order."""
    from docx.text.paragraph import Paragraph

    return [Paragraph(node, file._body) for node in file.element.body.iter(qn("w:p"))]


@pytest.mark.parametrize("lang", LANGS)
def test_styles_are_real(files, lang):
    document, file = memo(lang), files[lang]
    assert styled(file, "Title") == [document.title]
    headings = [block.text for block in document.blocks if isinstance(block, Heading)]
    assert styled(file, "Heading 1")[: len(headings)] == headings
    assert len(styled(file, "List Bullet")) == 3
    assert len(styled(file, "List Number")) == len(document.sources)
    used = {p.style.name for p in _paragraphs(file)}
    assert used >= {"Caption", "Callout Answer", "Callout Caution", "Fact", "Table Text"}


@pytest.mark.parametrize(
    ("lang", "figure", "table"), [("nb", "Figur", "Tabell"), ("en", "Figure", "Table")]
)
def test_captions_count_themselves(files, lang, figure, table):
    captions = styled(files[lang], "Caption")
    assert captions[0].startswith(f"{figure}\u00a01. ")
    assert captions[2].startswith(f"{table}\u00a01. ")
    assert captions[4].startswith(f"{figure}\u00a03. ")
    codes = [node.text for node in files[lang].element.body.iter(qn("w:instrText"))]
    assert codes.count(f" SEQ {figure} \\* ARABIC ") == 3
    assert codes.count(f" SEQ {table} \\* ARABIC ") == 2


@pytest.mark.parametrize("lang", LANGS)
def test_pictures_have_alt_texts(files, lang):
    shown = [node.get("descr") for node in files[lang].element.body.iter(qn("wp:docPr"))]
    assert shown == [words(lang)["figures"][name]["alt"] for name in ("curve", "who", "path")]


@pytest.mark.parametrize("lang", LANGS)
def test_tables_have_a_header_that_repeats_and_a_title(files, lang):
    tables = [table for table in files[lang].tables if table.style.name == "Memo Table"]
    assert len(tables) == 3  # two and the annex
    for table, name in zip(tables, ("actors", "blocks"), strict=False):
        assert [cell.text for cell in table.rows[0].cells] == words(lang)["tables"][name]["header"]
        assert [[cell.text for cell in row.cells] for row in table.rows[1:]] == words(lang)[
            "tables"
        ][name]["rows"]
        title = table._tbl.tblPr.find(qn("w:tblCaption"))
        assert title.get(qn("w:val")) == words(lang)["tables"][name]["caption"]
    for table in tables:
        repeated = [row._tr.find(f".//{qn('w:tblHeader')}") is not None for row in table.rows]
        assert repeated == [True] + [False] * (len(table.rows) - 1)


@pytest.mark.parametrize(("lang", "locale"), [("nb", "nb-NO"), ("en", "en-GB")])
def test_language_and_properties(files, lang, locale):
    file = files[lang]
    defaults = file.styles.element.find(qn("w:docDefaults"))
    assert {node.get(qn("w:val")) for node in defaults.iter(qn("w:lang"))} == {locale}
    core = file.core_properties
    assert (core.language, core.title) == (locale, words(lang)["title"])
    assert core.subject == words(lang)["subtitle"]
    assert core.created is None
    assert "python-docx" not in core.comments
    assert words(lang)["footer"] in file.sections[0].footer.paragraphs[0].text


def test_every_link_has_its_target_and_every_number_a_link(files):
    body = files["nb"].element.body
    targets = [node.get(qn("w:name")) for node in body.iter(qn("w:bookmarkStart"))]
    assert len(set(targets)) == len(targets)
    links = [node.get(qn("w:anchor")) for node in body.iter(qn("w:hyperlink"))]
    assert set(links) == set(targets)
    parts = [part for text in memo("nb").texts() for part in walk(text)]
    assert sum(name.startswith("trace_") for name in links) == sum(
        isinstance(part, Number) for part in parts
    )
    tips = {node.get(qn("w:tooltip")) for node in body.iter(qn("w:hyperlink"))}
    assert tips >= set(words("nb")["traces"].values())
    assert any(isinstance(part, Cite) for part in parts)


def test_the_same_document_gives_the_same_bytes_and_a_date_only_if_asked(written):
    assert word_bytes(memo("en")) == written["en.docx"].read_bytes()
    dated = docx.Document(io.BytesIO(word_bytes(memo("en", date=datetime.date(2025, 6, 19)))))
    assert dated.core_properties.created.date() == datetime.date(2025, 6, 19)


def test_the_file_carries_nothing_of_the_template(written):
    with zipfile.ZipFile(written["nb.docx"]) as file:
        names = file.namelist()
        assert names[0] == "[Content_Types].xml"
        assert not any("thumbnail" in name for name in names)


@pytest.mark.parametrize("lang", LANGS)
def test_libreoffice_reads_two_pages_and_an_annex_with_every_word(from_word, lang):
    pages = pdf_pages(from_word[lang])
    assert len(pages) == 3
    assert missing(memo(lang), "".join(pages[:2])) == []
    for what in words(lang)["traces"].values():
        assert tight(what) in tight(pages[2])


def test_no_text_is_read_as_markup(from_word):
    text = pdf_text(from_word["tricky"])
    assert missing(tricky(), text) == []
    assert tight(text).count(tight(TRICKY)) >= 17


@pytest.mark.parametrize("lang", LANGS)
def test_pages_are_filled_and_nothing_reaches_into_the_margin(from_word, lang, tmp_path):
    need("pdftoppm")
    pages = rendered(from_word[lang], tmp_path)
    for page in pages[:2]:
        ink = page < 250
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        height, width = page.shape
        assert rows[-1] - rows[0] > 0.8 * height  # the footer counts
        assert columns[0] > width * 18.5 / 210
        assert columns[-1] < width * (1 - 18.5 / 210)


def rendered(path, folder):
    """Return the pages of a PDF as grey pictures, rows by columns, 0 black to 255 white."""
    from matplotlib.image import imread

    subprocess.run(
        ["pdftoppm", "-r", "72", "-gray", "-png", str(path), str(folder / "p")], check=True
    )
    return [255 * np.atleast_3d(imread(file))[..., 0] for file in sorted(folder.glob("p*.png"))]
