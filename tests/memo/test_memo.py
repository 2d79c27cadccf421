"""The memo of an account: right numbers, each with a way back, two pages, one language."""

from __future__ import annotations

import io
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mih_impact as mih
from mih_impact.account.roles import hundreds
from mih_impact.display.locale import Label
from mih_impact.display.numbers import millions
from mih_impact.reporting import blocks
from mih_impact.reporting.blocks import plain
from mih_impact.reporting.document import annex_tables
from mih_impact.reporting.memo.content import memo_of
from mih_impact.reporting.memo.texts import SHORT
from mih_impact.reporting.memo.write import write_memos
from tests.golden.test_base_case import planted_effects, planted_rows
from tests.memo.conftest import need
from tests.memo.language import foreign_words, number_slips
from tests.memo.reading import pdf_text, written_over
from tests.shown import shown_in

LANGS = ("nb", "en")
STARTERS = {2026: 500, 2027: 700}
EVIDENCE = {
    "nb": "Syntetisk register, kalibrert til publiserte tall.",
    "en": "Synthetic register, calibrated to published figures.",
}
#: Names in a memo that are the same in both languages.
NAMES = (
    "Menn", "i", "helse", "Men", "in", "Health", "Care", "Economics", "Vista", "Analyse", "Oslo",
    "Utdanningsspeilet", "Finansdepartementet", "Kystverket", "Nav",
    "arbeidsgiveravgift", "Skatteetaten",
)  # fmt: skip
#: Names of publications and posts that look like numbers.
CITED = ("2021-42", "3-7", "6.1.1", "6.1.4", "6.2", "7.1")


def account(scale: float = 1.0, *, known: bool = True, **more: object) -> mih.CostBenefit:
    """Return the base case with a covariance, effects scaled."""
    series = planted_effects(planted_rows())
    size = series.estimate.size
    matrix = 4_000.0**2 * (np.eye(size) + np.full((size, size), 0.3)) if known else None
    series = replace(series, estimate=scale * series.estimate, matrix=matrix)
    given = {"programme": mih.nav.menn_i_helse()} | more
    case = mih.cost_benefit(series, mih.Assumptions.r109(), **given)
    return replace(case, provenance=replace(case.provenance, evidence=EVIDENCE))


CASE = account()
CASES = {
    "gain": (CASE, STARTERS),
    "without cohorts": (CASE, None),
    "loss": (account(0.1), STARTERS),
    "no covariance": (account(known=False), STARTERS),
    "no costs": (account(programme=mih.Programme.none()), None),
}


@pytest.fixture(scope="module")
def memos() -> dict[tuple[str, str], object]:
    """Every memo in both languages, for its words: figures are drawn and not made pictures of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "figure_bytes", lambda ax, **given: (b"\x89PNG", b"<svg"))
        return {
            (name, lang): memo_of(case, lang, starters)
            for name, (case, starters) in CASES.items()
            for lang in LANGS
        }


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    """The reference memo in every format, in both languages: "nb.pdf" to its path."""
    need("typst", "docx")
    folder = tmp_path_factory.mktemp("reference")
    files = {
        lang: [folder / f"{lang}{end}" for end in (".pdf", ".docx", ".html")] for lang in LANGS
    }
    made = (write_memos(CASE, own, lang=lang, starters=STARTERS) for lang, own in files.items())
    return {path.name: path for paths in made for path in paths}


@pytest.fixture(scope="module")
def from_word(written, tmp_path_factory) -> dict[str, str]:
    """The text of the Word files as LibreOffice lays them out, both converted in one start."""
    need("soffice", "pdftotext")
    out = tmp_path_factory.mktemp("libreoffice")
    profile = f"-env:UserInstallation={(out / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(out)]
    files = [str(written[f"{lang}.docx"]) for lang in LANGS]
    subprocess.run([*convert, *files], check=True, capture_output=True, timeout=180)
    return {lang: pdf_text(out / f"{lang}.pdf", "-layout") for lang in LANGS}


@pytest.mark.parametrize("lang", LANGS)
def test_the_answer_is_the_accounts(memos, lang: str) -> None:
    text = " ".join(memos["gain", lang].text())
    low, high = CASE.interval()
    impact = mih.budget_impact(CASE, starters=STARTERS)
    for value in (CASE.npv, CASE.public, low, high, CASE.present_value("county")):
        assert (
            shown_in(lang, hundreds, abs(value) if value in (CASE.npv, CASE.public) else value)
            in text
        )
    peak = float(impact.peak_need()["amount"]["public"])
    assert shown_in(lang, millions, peak, 1) in text
    scale = CASE.switching_scale()
    assert f"{100 * scale:.0f}" in text
    new = CASE.with_values({"wage_bill": 1.0})
    assert shown_in(lang, hundreds, new.public) in text


@pytest.mark.parametrize("lang", LANGS)
def test_costs_can_reach_what_makes_society_break_even(memos, lang: str) -> None:
    """The cost that the memo names is plugged back: resources scaled alike, grants as they are."""
    from mih_impact.account.indicators import programme_costs
    from mih_impact.reporting.memo.content import most as bearable

    _, cost, _ = programme_costs(CASE)
    most = bearable(CASE, cost)
    real = [item for item in CASE.programme.items if item.kind == "real"]
    scaled = CASE.with_values({f"cost:{each.name}": each.total * most / cost for each in real})
    assert scaled.npv == pytest.approx(0.0, abs=1e-6 * CASE.npv)
    assert shown_in(lang, hundreds, most) in " ".join(memos["gain", lang].text())


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", CASES)
def test_every_number_can_be_walked_back(memos, name: str, lang: str) -> None:
    """From a number to components of the ledger, to assumptions with sources, to the sources."""
    case, _ = CASES[name]
    document = memos[name, lang]
    new_posts = case.with_values({"wage_bill": 1.0, "leisure": 1.0, "displacement": 1.0})
    components = set(case.ledger()["component"]) | set(new_posts.ledger()["component"])
    assumptions = {item.name for item in case.model.items}
    sources = {source.key for source in document.sources}
    assert len(document.numbers) > 15
    for trace in document.numbers:
        assert trace.what
        assert {row.key for row in trace.rows} <= components
        assert {item.key for item in trace.assumptions} <= assumptions
        assert set(trace.sources) <= sources
    npv = next(
        t for t, shown in document.numbers.items() if shown_in(lang, hundreds, case.npv) in shown
    )
    assert npv.rows
    assert npv.assumptions
    assert "effects" in npv.sources
    listed = document.appendix[0].rows
    assert len(listed) == len(case.used_assumptions())
    assert all(plain(cell) for row in listed for cell in row)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", CASES)
def test_digits_are_typed_only_in_names(memos, name: str, lang: str) -> None:
    allowed = re.compile(r"(19|20)\d\d|95|\b12\b|0/[+−]")  # years, level, "12 weeks", signs
    for text in memos[name, lang].untraced():
        assert not re.search(r"\d", allowed.sub("", text)), text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", CASES)
def test_one_language_and_its_typography(memos, name: str, lang: str) -> None:
    document = memos[name, lang]
    annex = [plain(cell) for table in document.appendix for row in table.rows for cell in row]
    alts = [figure.alt for block in document.blocks for figure in getattr(block, "figures", ())]
    said = "\n".join([*document.text(), *annex, *alts, *(t.what for t in document.numbers)])
    assert foreign_words(said, lang, allow=NAMES) == []
    assert lang == "en" or number_slips(said, allow=CITED) == []


@pytest.mark.parametrize("lang", LANGS)
def test_what_the_data_are_is_said(memos, lang: str) -> None:
    for name in CASES:
        document = memos[name, lang]
        assert document.footer == EVIDENCE[lang]
        assert EVIDENCE[lang] in plain(document.blocks[-1].text)
    loss = " ".join(memos["loss", lang].text())
    assert {"nb": "Samfunnet taper", "en": "Society loses"}[lang] in loss
    bare = " ".join(memos["no costs", lang].text())
    assert {"nb": "ikke regnet med", "en": "not included"}[lang] in bare
    unknown = " ".join(memos["no covariance", lang].text())
    assert {"nb": "ikke tilgjengelig", "en": "not available"}[lang] in unknown


@pytest.mark.parametrize("lang", LANGS)
def test_two_pages_and_the_annex(written, from_word, lang: str) -> None:
    need("pypdf")
    import pypdf

    path = written[f"{lang}.pdf"]
    read = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages]
    annex = {"nb": "Vedlegg", "en": "Annex"}[lang]
    sources = {"nb": "Kilder", "en": "Sources"}[lang]
    for pages in (read, from_word[lang].split("\f")):
        assert sources in pages[1]
        assert "2021-42" in pages[1]  # the last source is on the second page, too
        assert annex not in pages[0] + pages[1]
        assert annex in pages[2]


@pytest.mark.parametrize("lang", LANGS)
def test_no_row_of_the_annex_is_broken_over_two_pages(written, lang: str) -> None:
    need("pdftotext")
    heads = {"nb": ("Tall", "Forutsetning"), "en": ("Number", "Assumption")}[lang]
    pages = pdf_text(written[f"{lang}.pdf"], "-layout").split("\f")[3:-1]
    assert len(pages) > 2
    for page in pages:
        header, first, *_ = [line for line in page.splitlines() if line.strip()]
        assert header.startswith(heads)
        assert first[:1].strip(), first


@pytest.mark.parametrize("lang", LANGS)
def test_no_value_of_an_assumption_is_broken_in_word(memos, from_word, lang: str) -> None:
    table = annex_tables(memos["gain", lang])[-1]
    text = " ".join(from_word[lang].split())
    for row in table.rows:
        assert " ".join(plain(row[1]).split()) in text


@pytest.mark.parametrize("lang", LANGS)
def test_the_annex_says_what_each_number_of_an_objection_is(lang: str) -> None:
    document = memo_of(mih.reproduce_nav().case, lang, None)
    end = {"nb": ": anslått", "en": ": estimated"}[lang]
    what = [plain(row[1]) for row in annex_tables(document)[0].rows]
    told = [each for each in what if each.endswith(end)]
    assert len(told) == len(set(told)) == 5


@pytest.mark.parametrize("lang", LANGS)
def test_the_memo_of_the_command_has_two_pages_too(lang: str, tmp_path) -> None:
    """It says more than that of the planted account: start years, and three cohorts."""
    need("typst", "pypdf")
    import pypdf

    case = mih.reproduce_nav().case
    starters = {2026: 500, 2027: 500, 2028: 500}
    (path,) = write_memos(case, [tmp_path / "memo.pdf"], lang=lang, starters=starters)
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages]
    assert "2021-42" in pages[1]
    assert {"nb": "Vedlegg", "en": "Annex"}[lang] in pages[2][:20]


@pytest.mark.parametrize("lang", LANGS)
def test_what_data_it_rests_on_stands_beside_the_answer(written, from_word, lang: str) -> None:
    need("pypdf")
    import pypdf

    heading = f"{SHORT.text(lang)}. {EVIDENCE[lang]}"
    first = pypdf.PdfReader(written[f"{lang}.pdf"]).pages[0].extract_text()
    page = written[f"{lang}.html"].read_text(encoding="utf-8")
    for text in (first, from_word[lang].split("\f")[0]):
        assert heading in " ".join(text.split())
    assert heading in page
    told = memo_of(replace(CASE, provenance=replace(CASE.provenance, evidence={})), lang, None)
    assert told.blocks[0].title == SHORT.text(lang)


@pytest.mark.parametrize("lang", LANGS)
def test_no_word_of_the_reference_memo_stands_on_another(written, lang: str) -> None:
    need("pdftotext")
    assert written_over(written[f"{lang}.pdf"]) == []


def test_the_folder_holds_every_format(tmp_path) -> None:
    need("typst", "docx", "xlsxwriter")
    from mih_impact.reporting.memo.write import write_memo_folder

    files = write_memo_folder(CASE, tmp_path, lang="en", starters=STARTERS)
    names = ["memo.html", "memo.docx", "memo.pdf", "account.xlsx", "budget_page.html"]
    assert [path.name for path in files] == names
    assert all(path.stat().st_size > 10_000 for path in files)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"lang": "se"}, mih.OptionError, ["'se'"]),
        ({"starters": {2026: -5}}, mih.OptionError, ["2026", "-5"]),
        ({"starters": {2026: 5, 2028: 5}}, mih.OptionError, ["2027"]),
        ({"path": "memo.odt"}, mih.OptionError, ["memo.odt", ".docx"]),
        ({"case": "a case"}, mih.OptionError, ["cost_benefit"]),
    ],
)
def test_what_cannot_be_written_is_an_error(tmp_path, changes, error, words) -> None:
    given = {"case": CASE, "path": "memo.html"} | changes
    path = tmp_path / given.pop("path")
    with pytest.raises(error) as caught:
        mih.write_memo(given.pop("case"), path, **given)
    for word in words:
        assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_marks_stays_a_name(tmp_path) -> None:
    name = Label(nb="**A** & <b>{x}</b>", en="**A** & <b>{x}</b>")
    case = account(programme=replace(mih.nav.menn_i_helse(), label=name))
    text = mih.write_memo(case, tmp_path / "m.html", lang="en").read_text(encoding="utf-8")
    assert "**A** &amp; &lt;b&gt;{x}&lt;/b&gt;" in text


@pytest.mark.parametrize("lang", LANGS)
def test_word_opens_it_and_a_browser_shows_it(from_word, memos, written, lang: str) -> None:
    """The Word file converts in LibreOffice with every heading; the HTML fetches nothing."""
    shown = from_word[lang]
    headings = [block.text for block in memos["gain", lang].blocks if hasattr(block, "level")]
    assert len(headings) == 5
    for heading in headings:
        assert heading in shown
    assert " ".join(shown_in(lang, hundreds, CASE.npv).split()) in " ".join(shown.split())
    page = written[f"{lang}.html"].read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"https?://", page)
    assert "<script" not in page
