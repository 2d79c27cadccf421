"""What stands in the cells: formulas and not numbers, one language, texts that stay texts."""

from __future__ import annotations

import re
import textwrap

import openpyxl
import pytest
from openpyxl.formula import Tokenizer
from openpyxl.utils import column_index_from_string
from xlsxwriter.worksheet import Worksheet

import mih_impact as mih
from mih_impact import errors
from mih_impact.display.numbers import probability
from tests.workbook import cases

STARTERS = {2026: 500.0, 2027: 700.0}

_ENGLISH_WORDS = """
the of and with cost costs year years wage wages share benefits benefit effects actor society
state county municipality rate rates value values factor account assumption assumptions source
sources low high unit seen assumed remembered derived fixed yes no not is are be by present
public budget budgets starters participant employer users tax income transfer real cash payer
receiver line when gain outcome weights ladder step discount timing new money none
"""
ENGLISH = set(_ENGLISH_WORDS.split())
_BOKMAL_WORDS = """
og av som år ikke det er til på med lønn staten kommunen fylkeskommunen deltaker deltakeren
deltakere samfunnet kostnad kostnader verdi andel effekt effekter skatt ytelser forutsetning
forutsetninger kilde kilder lav høy enhet sett antatt utledet fast ja nei nåverdi regnskap
regnskapet aktør aktører mottaker betaler penger overføring ressurs fortrengning rente trinn
faktor diskontering pluss sum ingen eller fra hver hvert etter kull budsjett
"""
BOKMAL = set(_BOKMAL_WORDS.split())
#: Words that are the same in both languages, or a name.
SHARED = {"sum", "trekant", "faktor", "is", "no", "be", "by", "real", "state", "line"}


@pytest.fixture(scope="module", params=["nb", "en"])
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    path = mih.write_workbook(
        cases.menn_i_helse(), folder / "a.xlsx", lang=request.param, starters=STARTERS
    )
    return request.param, openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "odd.xlsx"
    mih.write_workbook(cases.longer("half_life"), path, starters=STARTERS)
    return openpyxl.load_workbook(path)


def _numbers(sheet) -> dict[str, float]:
    return {
        cell.coordinate: cell.value
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, (int, float))
    }


def _formulas(book) -> list[tuple[str, str, str]]:
    return [
        (sheet.title, cell.coordinate, getattr(cell.value, "text", cell.value))
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]


def test_no_number_is_typed_where_a_formula_belongs(written):
    _, book = written
    summary, _, _, _, _, ledger, actors, measures = book.worksheets[:8]
    for sheet in (summary, ledger, actors, measures):
        assert _numbers(sheet) == {}, sheet.title
    counts = {"nb": ("Regnskap", "Aktører"), "en": ("Ledger", "Actors")}[written[0]]
    found = [title for title, _, _ in _formulas(book)]
    rows = len(cases.menn_i_helse().ledger()) // 7
    assert found.count(counts[0]) >= rows * 8
    assert found.count(counts[1]) >= 10 * 21


def test_the_budget_has_cohorts_and_the_first_year_as_its_only_numbers(written):
    _, book = written
    assert _numbers(book.worksheets[10]) == {"E4": 2026, "E5": 500.0, "F5": 700.0}


def test_formulas_hold_no_number_of_the_account(written):
    """Only the numbers of arithmetic: 0, 1, the half and the tolerances."""
    _, book = written
    allowed = {"0", "1", "2", "0.5", "1E-9", "1E-12", "6", "12", "0.001", "0.999"}
    index = re.compile(r"INDEX\(\w+,\d+\)")  # the place of a year, not a number of the account
    for title, cell, formula in _formulas(book):
        tokens = Tokenizer(index.sub("x", formula)).items
        numbers = {t.value for t in tokens if t.type == "OPERAND" and t.subtype == "NUMBER"}
        assert numbers <= allowed, (title, cell, formula)


def test_formulas_have_no_function_that_a_file_names_otherwise(written, odd):
    """XlsxWriter, which would name them so, does not look through ours."""
    for title, cell, formula in _formulas(written[1]) + _formulas(odd):
        assert not formula.startswith("{")
        assert Worksheet()._prepare_formula(formula) == formula[1:], (title, cell)


def test_the_ledger_reads_by_names(written):
    lang, book = written
    formulas = {f for title, _, f in _formulas(book) if title == book.sheetnames[5]}
    joined = " ".join(formulas)
    names = {
        "nb": ("pensjonsandel", "arbeidsgiveravgift", "fortrengning", "kostnad_skoleplass"),
        "en": ("pension_share", "employer_contribution", "displacement", "cost_school_place"),
    }
    assert all(name in joined for name in names[lang])


def test_inputs_are_open_and_bounded_and_all_else_is_locked(written):
    _, book = written
    sheet = book.worksheets[1]
    case = cases.menn_i_helse()
    ruled = {str(rule.sqref) for rule in sheet.data_validations.dataValidation}
    for place, item in enumerate(case.used_assumptions()):
        cell = sheet.cell(5 + place, 2)
        assert cell.value == pytest.approx(item.value, rel=1e-15)
        assert not cell.protection.locked
        assert cell.fill.fgColor.rgb.endswith("FFF2CC")
        assert cell.coordinate in ruled
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert (float(rules["B5"].formula1), float(rules["B5"].formula2)) == (0.0, 1.0)
    for other in book.worksheets:
        assert other.protection.sheet, other.title
    assert all(cell.protection.locked for row in book.worksheets[5].iter_rows() for cell in row)


def test_every_name_in_a_formula_is_defined(written, odd):
    for book in (written[1], odd):
        known = {name.lower() for name in book.defined_names}
        for _, _, formula in _formulas(book):
            for token in Tokenizer(formula).items:
                if token.type == "OPERAND" and token.subtype == "RANGE":
                    bare = token.value.rpartition("!")[2]
                    is_cell = re.fullmatch(r"\$?[A-Z]{1,3}\$?\d+(:\$?[A-Z]{1,3}\$?\d+)?", bare)
                    assert is_cell or bare.lower() in known, formula


def test_every_citation_is_a_source(written):
    lang, book = written
    letter = {"nb": "K", "en": "S"}[lang]
    listed = {
        cell.value
        for cell in book.worksheets[-1]["A"]
        if re.fullmatch(rf"{letter}\d+", str(cell.value))
    }
    cited: set[str] = set()
    for sheet in book.worksheets[:-1]:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and re.fullmatch(
                    rf"{letter}\d+(, {letter}\d+)*", cell.value
                ):
                    cited |= set(cell.value.split(", "))
    assert cited == listed
    ledger = book.worksheets[5]
    column = 4 + 7 + 8
    assert all(ledger.cell(row, column).value for row in range(5, ledger.max_row + 1))


def _words(book) -> dict[str, str]:
    """Every word a reader sees, with where; the sources stand as they are recorded."""
    found: dict[str, str] = {}
    for sheet in book.worksheets:
        last = sheet is book.worksheets[-1]
        for row in sheet.iter_rows():
            for cell in row:
                if not isinstance(cell.value, str) or (last and cell.column == 2 and cell.row > 4):
                    continue
                text = cell.value
                if cell.data_type == "f":
                    text = " ".join(re.findall(r'"([^"]*)"', text))
                for word in re.findall(r"[^\W\d_]+", text.lower()):
                    found.setdefault(word, f"{sheet.title}!{cell.coordinate}: {cell.value[:60]}")
        for word in re.findall(r"[^\W\d_]+", sheet.title.lower()):
            found.setdefault(word, sheet.title)
        for rule in sheet.data_validations.dataValidation:
            for word in re.findall(
                r"[^\W\d_]+", f"{rule.error or ''} {rule.errorTitle or ''}".lower()
            ):
                found.setdefault(word, f"{sheet.title}: {rule.error}")
    for name in book.defined_names:
        for word in name.lower().split("_"):
            found.setdefault(word, name)
    return found


def test_one_language_alone(written):
    lang, book = written
    foreign = (ENGLISH if lang == "nb" else BOKMAL) - SHARED
    own = BOKMAL if lang == "nb" else ENGLISH
    words = _words(book)
    assert {word: words[word] for word in foreign & set(words)} == {}
    assert len(own & set(words)) > 40


def test_every_sheet_says_what_the_data_are(written):
    lang, book = written
    assert all(sheet["A3"].value == cases.EVIDENCE[lang] for sheet in book.worksheets)


def test_no_probability_is_shown_as_a_certainty(written):
    """The sheet of uncertainty shows what card and front page show; the cells keep the number."""
    lang, book = written
    sheet = book["Usikkerhet" if lang == "nb" else "Uncertainty"]
    label = "sannsynlighet for pluss" if lang == "nb" else "probability of a gain"
    [row] = [row for row in sheet.iter_rows() if row[0].value == label]
    with mih.options(lang=lang):
        above, below = probability(0.9999), probability(0.0001)
        assert above in cases.menn_i_helse().summary()
    codes = {cell.number_format for cell in row if cell.data_type == "f"}
    certain = {code for code in codes if above not in code}
    assert len(codes - certain) == 1
    [code] = codes - certain
    assert code.startswith(f'[>0.999]"{above}";[<0.001]"{below}";')
    without = [c for c in row if c.data_type == "f" and c.number_format in certain]
    assert len(without) == 3, "the displaced, the users and the employer, on whom nothing varies"


def test_text_is_never_a_formula(odd):
    texts = [
        cell
        for sheet in odd.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "s" and any(danger in str(cell.value) for danger in cases.DANGEROUS)
    ]
    met = {danger for danger in cases.DANGEROUS for cell in texts if danger in cell.value}
    assert met == set(cases.DANGEROUS)
    for _, _, formula in _formulas(odd):
        assert not any(danger in formula for danger in cases.DANGEROUS[:1] + cases.DANGEROUS[3:])


def test_sheets_are_ready_to_read_and_to_print(written):
    lang, book = written
    for sheet in book.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0  # as many pages as it takes, one wide
        assert sheet.freeze_panes is not None
        assert sheet.print_area
        assert sheet.print_title_rows == "$4:$4"
        assert all(d.width and d.width >= 3 for d in sheet.column_dimensions.values())
    code = book.worksheets[5]["D5"].number_format
    assert code.startswith({"nb": "[$-414]#,##0;", "en": "[$-809]#,##0;"}[lang])


def test_the_same_account_gives_the_same_bytes(tmp_path):
    case = cases.longer("constant")
    first, second = (mih.write_workbook(case, tmp_path / f"{k}.xlsx") for k in (1, 2))
    assert first.read_bytes() == second.read_bytes()


def test_small_cells_are_hidden(tmp_path):
    from dataclasses import replace

    import numpy as np

    case = replace(cases.longer("constant"), starters=np.array([40.0, 12.0, 3.0]))
    book = openpyxl.load_workbook(mih.write_workbook(case, tmp_path / "a.xlsx"))
    row = [cell.value for cell in book["Effekter"][book["Effekter"].max_row]]
    assert row[3:6] == [40.0, 12.0, "skjult (færre enn 5)"]


def test_without_a_covariance_no_interval_is_made_up(tmp_path):
    path = mih.write_workbook(cases.longer("constant", covariance=False), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    assert not {"Usikkerhet", "Kovarians", "Budsjett"} & set(book.sheetnames)
    assert book["Forside"]["B6"].value.startswith("ikke tilgjengelig")


class TestBadInput:
    CASE = cases.longer("constant")

    def test_an_unknown_language(self, tmp_path):
        with pytest.raises(mih.OptionError, match="language"):
            mih.write_workbook(self.CASE, tmp_path / "a.xlsx", lang="se")
        assert not list(tmp_path.iterdir())

    def test_another_suffix(self, tmp_path):
        with pytest.raises(mih.OptionError, match=r"\.xlsx"):
            mih.write_workbook(self.CASE, tmp_path / "a.xls")
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("here")
        with pytest.raises(mih.StorageError, match="could not be written"):
            mih.write_workbook(self.CASE, tmp_path / "file" / "a.xlsx")
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_what_stood_there_is_kept_when_writing_fails(self, tmp_path, monkeypatch):
        target = tmp_path / "a.xlsx"
        target.write_bytes(b"old")
        monkeypatch.setattr("os.replace", _fail)
        with pytest.raises(mih.StorageError):
            mih.write_workbook(self.CASE, target)
        assert target.read_bytes() == b"old"
        assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]

    def test_a_missing_extra(self, tmp_path, monkeypatch):
        monkeypatch.setattr(errors, "find_spec", lambda name: None)
        with pytest.raises(mih.MissingExtraError, match=r"pip install 'mih-impact\[memo\]'"):
            mih.write_workbook(self.CASE, tmp_path / "a.xlsx")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("starters", [{2026: -1}, {2026: 5, 2028: 5}, {}, "500"])
    def test_starters_that_are_none(self, tmp_path, starters):
        with pytest.raises(mih.OptionError):
            mih.write_workbook(self.CASE, tmp_path / "a.xlsx", starters=starters)
        assert not list(tmp_path.iterdir())

    def test_what_is_no_account(self, tmp_path):
        with pytest.raises(mih.OptionError, match="cost_benefit"):
            mih.write_workbook("account", tmp_path / "a.xlsx")


def _fail(*_: object) -> None:
    raise OSError("no space left")


def _room(sheet, cell) -> float:
    """Return the width in characters of a cell and of the empty ones on its right."""
    width = {}
    for name, column in sheet.column_dimensions.items():
        first = column.min or column_index_from_string(name)
        width |= dict.fromkeys(range(first, (column.max or first) + 1), column.width)
    last = cell.column
    if not cell.alignment.wrap_text:
        while last < sheet.max_column and sheet.cell(cell.row, last + 1).value is None:
            last += 1
    return sum(width.get(column, 8.43) for column in range(cell.column, last + 1))


def _lines(text: str, room: float) -> int:
    """Return how many lines a text takes, broken between its words; 99 if a word is too long."""
    words = [len(word) for word in re.split(r"(?<=-)|[ /]", text)]
    return 99 if max(words) > room else len(textwrap.wrap(text, int(room)))


def test_every_text_has_room(written):
    """Of a heading and a cell that is broken, by its height; of any other, by its width."""
    tight = []
    for sheet in written[1].worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if not isinstance(cell.value, str) or cell.value.startswith("="):
                continue
            size = cell.font.size / 11
            wide = size * (1.1 if cell.font.bold else 1.0)
            lines = _lines(cell.value, _room(sheet, cell) / wide)
            height = sheet.row_dimensions[cell.row].height or 15.0
            if lines > (height / (15.0 * size) + 0.05 if cell.alignment.wrap_text else 1):
                tight.append((sheet.title, cell.coordinate, cell.value))
    assert tight == []


def test_no_heading_takes_the_screen(written):
    """Long headings of columns far to the right make the row of all of them no taller than four."""
    for sheet in written[1].worksheets:
        assert (sheet.row_dimensions[4].height or 15.0) <= 4 * 16.0, sheet.title
