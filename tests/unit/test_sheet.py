"""The assumptions sheet: out and in to the last bit, and what people and spreadsheets do to it."""

from __future__ import annotations

import csv
import io
import random
import re
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mih_impact as mih
from mih_impact.account.sheet.cells import COLUMNS, WORDS, Line, code_of, number_of, number_text
from mih_impact.display.locale import Label, in_language

openpyxl = pytest.importorskip("openpyxl")
SUFFIXES = ("toml", "csv", "xlsx")


def planted_effects(price_year=2024):
    frame = pd.DataFrame(
        {"outcome": np.repeat(["wage_income", "dagpenger"], 5), "year_since_start": [*range(5)] * 2,
         "estimate": [-5e4, 1e5, 1.6e5, 2e5, 2.1e5, 1e4, -3e4, -5e4, -6e4, -6e4]}
    )  # fmt: skip
    return mih.EffectSeries.from_frame(frame, price_year=price_year)


@pytest.fixture(scope="module")
def case():
    """The reference programme on planted effects."""
    return mih.cost_benefit(
        planted_effects(), mih.Assumptions.r109(), programme=mih.nav.menn_i_helse(),
        horizon=8, persistence="constant",
    )  # fmt: skip


@pytest.fixture(scope="module")
def odd():
    """An account with everything a sheet can hold: points, timing, own reach, other prices."""
    rules = mih.Assumptions.r109(zone="IVa").replace(price_year=2022)
    rules = rules.replace(discount=mih.Discount(((3, 0.04), (None, 1 / 3)), "middle"))
    rules = rules.vary("displacement", distribution="discrete", points=((0.0, 0.7), (0.1, 0.3)))
    label = Label(nb='kurs; "A" = 1,5', en="course\nof two lines")
    common = {"label": label, "payer": "state", "status": "ASSUMED", "source": "=an example"}
    items = (
        mih.CostItem(name="a", amounts=(1 / 3, 0.1, 59.125), reach=0.3, **common),
        mih.CostItem(name="b", amounts=(0.0, 0.0), low=0, high=1e4, timing="end", phase="p",
                     receiver="county", cash=False, **(common | {"payer": "municipality"})),
        mih.CostItem(name="c", amounts=(), price_year=2019, **common),
    )  # fmt: skip
    phase = mih.Phase(name="p", label=label, reach=2 / 3, when=Label(nb="da", en="then"))
    programme = mih.Programme(
        name="odd", label=label, items=items, phases=(phase,), note=Label(nb="å", en="o")
    )
    return mih.cost_benefit(planted_effects(2022), rules, programme=programme, horizon=5)


# --- out and in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nb", "en"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("which", ["case", "odd"])
def test_what_is_written_is_read_back_to_the_last_bit(request, tmp_path, which, suffix, lang):
    account = request.getfixturevalue(which)
    sheet = account.sheet()
    path = sheet.write(tmp_path / f"sheet.{suffix}", lang=lang)
    found = mih.AssumptionSheet.read(path)
    assert found == sheet
    assert found.lines() == sheet.lines()
    assert found.changes(sheet).empty
    again = account.with_sheet(path)
    assert (again.npv, again.public) == (account.npv, account.public)
    assert again.sheet() == sheet


@given(st.floats(0, 1e9), st.booleans())
def test_every_number_survives_as_text(x, comma):
    line = Line("row 2", {}, {})
    text = number_text(x, comma=comma)
    assert number_of(text, line, "value", "NOK per starter") == x
    assert ("." in text) is False or not comma


@given(st.lists(st.floats(0.011, 0.989), min_size=6, max_size=6), st.floats(1, 1e6))
def test_any_values_make_the_round_trip_and_the_same_account(case, shares, cost):
    names = ("pension_share", "tax_rate_benefits", "displacement", "leisure", "reach:school",
             "wage_bill")  # fmt: skip
    changed = case.with_values(dict(zip(names, shares, strict=True)) | {"cost:school": cost})
    sheet = changed.sheet()
    buffer = zip_of(sheet)
    assert buffer == sheet
    assert case.with_sheet(buffer).npv == changed.npv


def zip_of(sheet):
    """Return a sheet written to TOML and read back, without a file."""
    import tomllib

    from mih_impact.account.sheet.files import toml_bytes

    return mih.AssumptionSheet.of_content(tomllib.loads(toml_bytes(sheet.lines()).decode()),
                                          "a sheet")  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_changed_sheet_reproduces_its_account(case, tmp_path, suffix):
    values = {"tax_rate_wage": 0.3, "cost:school": 150_000.0, "reach:school": 0.8,
              "discount_rate": 0.05, "age_at_start": 38.0}  # fmt: skip
    changed = case.with_values(values)
    path = changed.sheet().write(tmp_path / f"sheet.{suffix}")
    assert case.with_sheet(path).npv == changed.npv
    assert case.with_sheet(path).npv != case.npv
    sheet = mih.AssumptionSheet.read(path)
    rebuilt = mih.cost_benefit(
        planted_effects(), sheet.assumptions, programme=sheet.programme,
        horizon=sheet.horizon, persistence=sheet.persistence,
    )  # fmt: skip
    assert rebuilt.npv == changed.npv
    names = set(sheet.changes(case.sheet()).query("column == 'value'")["name"])
    assert names == set(values)


def test_a_saved_account_carries_its_sheet(case, tmp_path):
    assert mih.load(case.save(tmp_path / "case.zip")).sheet() == case.sheet()


def test_a_sum_given_to_a_cost_is_its_sum_to_the_last_bit():
    rng = np.random.default_rng(1)
    for _ in range(300):
        amounts = tuple(rng.uniform(0, 1e5, rng.integers(1, 8)))
        item = mih.CostItem(name="x", label=Label(nb="x", en="x"), amounts=amounts, payer="state")
        total = float(rng.uniform(1, 1e6))
        assert replace(item, amounts=item.spread(total)).total == total


def test_a_cost_of_nothing_is_spread_alike_and_its_years_follow_a_new_sum(case):
    nothing = case.with_values({"cost:school": 0.0})
    more = nothing.with_values({"cost:school": 300_000.0})
    changed = more.sheet().changes(nothing.sheet())
    assert "value" in set(changed["column"])
    assert not changed["column"].str.startswith("year_").any()
    school = next(item for item in more.programme.items if item.name == "school")
    assert set(school.amounts) == {300_000.0 / len(school.amounts)}
    assert len(school.amounts) > 1


# --- editing --------------------------------------------------------------------------------------


class Edited:
    """A CSV sheet as rows of text, to be spoilt."""

    def __init__(self, case, lang="nb"):
        from mih_impact.account.sheet.files import csv_bytes

        self.delimiter = ";" if lang == "nb" else ","
        with in_language(lang):
            text = csv_bytes(case.sheet().lines()).decode("utf-8-sig")
        self.header, *self.rows = csv.reader(io.StringIO(text), delimiter=self.delimiter)

    def row(self, name):
        return next(row for row in self.rows if row[0] == name)

    def set(self, name, column, text):
        self.row(name)[self.header.index(column)] = text

    def write(self, path, encoding="utf-8-sig"):
        buffer = io.StringIO(newline="")
        csv.writer(buffer, delimiter=self.delimiter).writerows([self.header, *self.rows])
        path.write_bytes(buffer.getvalue().encode(encoding))
        return path


SURVIVES = [
    ("tax_rate_wage", "0,3", {"tax_rate_wage": 0.3}),
    ("tax_rate_wage", "30 %", {"tax_rate_wage": 0.3}),
    ("tax_rate_wage", "30%", {"tax_rate_wage": 0.3}),
    ("tax_rate_wage", " 0.30 ", {"tax_rate_wage": 0.3}),
    ("tax_financing_cost", "25\u00a0%", {"tax_financing_cost": 0.25}),
    ("discount_rate", "5 %", {"discount_rate": 0.05}),
    ("cost:school", "150\u00a0000", {"cost:school": 150_000.0}),
    ("cost:school", "150 000,50 kr", {"cost:school": 150_000.5}),
    ("cost:school", "kr 150\u202f000", {"cost:school": 150_000.0}),
    ("cost:nav_follow_up", "0", {"cost:nav_follow_up": 0.0}),
]


@pytest.mark.parametrize(("name", "text", "values"), SURVIVES, ids=lambda v: str(v)[:24])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252"])
def test_what_people_type_is_read_as_they_meant_it(case, tmp_path, name, text, values, encoding):
    if encoding == "cp1252" and "\u202f" in text:
        text = text.replace("\u202f", "\u00a0")
    edited = Edited(case)
    edited.set(name, "value", text)
    path = edited.write(tmp_path / "sheet.csv", encoding)
    assert case.with_sheet(path).npv == case.with_values(values).npv


def test_order_blank_rows_and_left_out_columns_play_no_part(case, tmp_path):
    edited = Edited(case, "en")
    random.Random(3).shuffle(edited.rows)
    edited.rows.insert(4, [""] * len(edited.header))
    order = [*range(len(edited.header))]
    random.Random(4).shuffle(order)
    edited.header = [edited.header[k] for k in order] + [""]
    edited.rows = [[row[k] for k in order] + [""] for row in edited.rows]
    sheet = mih.AssumptionSheet.read(edited.write(tmp_path / "sheet.csv"))
    assert sheet.changes(case.sheet()).empty
    assert case.with_sheet(sheet).sheet() == case.sheet()


def test_ten_digits_of_a_spreadsheet_are_no_change(case, tmp_path):
    """Excel saves CSV with the digits that it shows: 139058.823529 for 139058.82352941178."""
    edited = Edited(case)
    for row in edited.rows:
        for place, text in enumerate(row):
            if re.fullmatch(r"\d+,\d{8,}", text):
                row[place] = f"{float(text.replace(',', '.')):.10g}".replace(".", ",")
    sheet = mih.AssumptionSheet.read(edited.write(tmp_path / "sheet.csv"))
    assert sheet != case.sheet()
    assert sheet.changes(case.sheet()).empty
    assert case.with_sheet(sheet).npv == case.npv


def test_a_new_value_without_a_new_source_is_the_analysts_own(case, tmp_path):
    edited = Edited(case)
    edited.set("tax_rate_wage", "value", "0,3")
    edited.set("employer_contribution", "value", "0,1")
    edited.set("employer_contribution", "source", "a newer table")
    edited.set("pension_share", "high", "0,3")
    edited.set("cost:school", "source", "a better source of the same number")
    sheet = mih.AssumptionSheet.read(edited.write(tmp_path / "sheet.csv"))
    rules = case.with_sheet(sheet).assumptions
    assert rules["tax_rate_wage"].status == "ASSUMED"
    assert rules["tax_rate_wage"].source == "the analyst's own value"
    assert rules["employer_contribution"].status == "seen"
    assert rules["employer_contribution"].source == "a newer table"
    assert rules["pension_share"].range_source == "the analyst's own range"
    assert rules["pension_share"].status == case.assumptions["pension_share"].status
    changes = sheet.changes(case.sheet()).set_index(["name", "column"])
    assert changes.loc[("tax_rate_wage", "value"), "own"]
    assert not changes.loc[("employer_contribution", "value"), "own"]
    assert changes.loc[("pension_share", "high"), "before"] == 0.25
    assert len(changes) == 5


def test_timing_later_rates_and_persistence_can_be_edited(case, tmp_path):
    edited = Edited(case)
    edited.set("account:timing", "value", "midt i året")
    edited.set("discount_rate:from_41", "value", "0,01")
    edited.set("account:persistence", "value", "linear")
    found = case.with_sheet(edited.write(tmp_path / "sheet.csv"))
    ladder = ((40, 0.04), (75, 0.01), (None, 0.02))
    wanted = mih.cost_benefit(
        planted_effects(), case.assumptions.replace(discount=mih.Discount(ladder, "middle")),
        programme=case.programme, horizon=8, persistence="linear",
    )  # fmt: skip
    assert found.npv == wanted.npv
    assert found.provenance.options["persistence"] == "linear"


REFUSED = [
    ("tax_rate_wage", "value", "24", "24 per cent is 0.24"),
    ("tax_rate_wage", "value", "", "row 4 (tax_rate_wage), column 'value': the cell is empty"),
    ("tax_rate_wage", "value", "ca. 0,3", "not a number"),
    ("tax_rate_wage", "value", "#REF!", "not a number"),
    ("tax_rate_wage", "value", "1_0", "not a number"),
    ("tax_rate_wage", "value", "nan", "not a number"),
    ("tax_rate_wage", "value", "0,5", "outside its range"),
    ("tax_rate_wage", "value", "-0,1", "column 'value'"),
    ("tax_rate_wage", "low", "0,4", "row 4 (tax_rate_wage), column 'low': low is above high"),
    ("tax_rate_wage", "low", "", "column 'low': the range has one end only"),
    ("tax_rate_wage", "high", "1,2", "column 'high'"),
    ("pension_share", "high", "1,2", "(pension_share), column 'high'"),  # low is 0, as it may be
    ("tax_rate_wage", "unit", "NOK per NOK", "the unit of tax_rate_wage is share"),
    ("tax_rate_wage", "unit", "%", "column 'unit'"),
    ("tax_rate_wage", "distribution", "triangel", "did you mean"),
    ("tax_rate_wage", "distribution", "discrete", "column 'points'"),
    ("tax_rate_wage", "points", "0,2; 0,5", "0.2: 0.5 | 0.3: 0.5"),
    ("tax_rate_wage", "status", "sikker", "seen, derived, remembered"),
    ("tax_rate_wage", "payer", "state", "a row of this kind has nothing in this column"),
    ("tax_rate_wage", "year_0", "100", "a row of this kind has nothing in this column"),
    ("tax_rate_wage", "name", "tax_rate_wages", "did you mean 'tax_rate_wage'"),
    ("tax_rate_wage", "name", "", "the row has no name"),
    ("tax_rate_wage", "name", "pension_share", "row 2 and row 4"),
    ("cost:school", "value", "24 %", "per cent is no way to write"),
    ("cost:school", "value", "150.000", "thousands or as decimals"),
    ("cost:school", "value", "1.50.000", "not a number"),
    ("cost:school", "value", "-5", "column 'value'"),
    ("cost:school", "name", "cost:schol", "did you mean 'cost:school'"),
    ("cost:school", "payer", "stae", "did you mean 'state'"),
    ("cost:school", "payer", "state", "structure of the account"),
    ("cost:school", "receiver", "county", "transfer from county to itself"),
    ("cost:school", "cash", "nei", "programme file"),
    ("cost:school", "phase", "practice", "structure of the account"),
    ("cost:school", "phase", "scool", "did you mean 'school'"),
    ("cost:school", "budget_line", "another", "programme file"),
    ("cost:school", "year_0", "100", "write the sum under value"),
    ("cost:school", "year_1", "", "the value"),
    ("cost:apprentice_grant", "year_0", "", "have a gap"),
    ("reach:school", "value", "85", "85 per cent is 0.85"),
    ("reach:school", "phase", "practice", "different names"),
    ("reach:school", "label_nb", "andel", "structure of the account"),
    ("account:horizon", "value", "9", "cost_benefit(..., horizon=...)"),
    ("account:horizon", "value", "7,5", "not a whole number"),
    ("account:price_year", "value", "2020", "read_panel(price_year=...)"),
    ("account:preset", "value", "simplified", "other preset"),
    ("account:persistence", "value", "none", "nothing is said of their effects"),
    ("account:persistence", "value", "forever", "constant"),
    ("account:timing", "value", "sommer", "start, middle, end"),
    ("discount_rate:from_41", "source", "my own table", "keeps no source"),
    ("discount_rate:from_41", "value", "-2", "column"),
    ("employer_contribution", "label_nb", "arbeidsgiveravgift (sone V)", "zone"),
    ("programme", "value", "another", "of another programme"),
    ("programme:note", "label_nb", "endret", "structure of the account"),
]


@pytest.mark.parametrize(("name", "column", "text", "words"), REFUSED)
def test_what_cannot_be_meant_is_refused_by_row_and_column(
    case, tmp_path, name, column, text, words
):
    edited = Edited(case)
    edited.set(name, column, text)
    with pytest.raises(mih.AssumptionError) as caught:
        case.with_sheet(edited.write(tmp_path / "sheet.csv"))
    message = str(caught.value)
    assert words in message or (column == "year_1" and "year" in message)
    assert "Do:" in message or "price" in message


@pytest.mark.parametrize(
    ("gone", "words"),
    [("tax_rate_wage", "tax_rate_wage"), ("cost:school", "set to 0"), ("age_at_start", "missing"),
     ("account:horizon", "account:horizon"), ("programme", "programme"),
     ("discount_rate:from_76", "missing"), ("reach:school", "phase")],
)  # fmt: skip
def test_a_deleted_row_is_not_taken_for_zero(case, tmp_path, gone, words):
    edited = Edited(case)
    edited.rows = [row for row in edited.rows if row[0] != gone]
    with pytest.raises(mih.AssumptionError, match=words):
        case.with_sheet(edited.write(tmp_path / "sheet.csv"))


def test_an_added_cost_belongs_in_the_programme_file(case, tmp_path):
    edited = Edited(case)
    row = [*edited.row("cost:school")]
    row[0] = "cost:bus"
    edited.rows.append(row)
    path = edited.write(tmp_path / "sheet.csv")
    assert len(mih.AssumptionSheet.read(path).programme.items) == len(case.programme.items) + 1
    with pytest.raises(mih.AssumptionError, match=r"cost:bus.*programme file"):
        case.with_sheet(path)


def test_another_programmes_sheet_is_refused(case, odd, tmp_path):
    with pytest.raises(mih.AssumptionError, match=r"of another programme.*odd"):
        case.with_sheet(odd.sheet())
    with pytest.raises(mih.OptionError, match=r"case\.sheet\(\)"):
        case.with_sheet(case.assumptions)
    with pytest.raises(mih.OptionError, match="a sheet"):
        case.sheet().changes(case)


def test_columns_that_are_missing_unknown_or_without_a_name(case, tmp_path):
    path = tmp_path / "sheet.csv"
    for spoil, words in (
        (lambda e: e.header.__setitem__(3, "velue"), "did you mean 'value'"),
        (lambda e: e.header.__setitem__(3, "unit"), "twice unit; missing value"),
        (lambda e: e.header.__setitem__(3, ""), "has no name"),
        (lambda e: [row.append("x") for row in [e.header, *e.rows]], "no column 'x'"),
        (lambda e: e.rows[3].append("0"), "row 5: too few or too many fields"),
    ):
        edited = Edited(case)
        spoil(edited)
        with pytest.raises(mih.AssumptionError, match=words):
            mih.AssumptionSheet.read(edited.write(path))


def test_a_costs_own_reach_has_no_range_to_lose(odd, tmp_path):
    edited = Edited(odd)
    edited.set("reach:a", "value", "0,5")
    path = edited.write(tmp_path / "sheet.csv")
    assert odd.with_sheet(path).npv == odd.with_values({"reach:a": 0.5}).npv
    edited.set("reach:a", "value", "1")
    assert odd.with_sheet(edited.write(path)).npv == odd.with_values({"reach:a": 1.0}).npv
    edited.set("reach:a", "low", "0,1")
    edited.set("reach:a", "high", "1")
    with pytest.raises(mih.AssumptionError, match="plain reach"):
        odd.with_sheet(edited.write(path))


FILES = [
    ("sheet.toml", b"[account\n", "no TOML"),
    ("sheet.toml", b"[acount]\n", "did you mean 'account'"),
    ("sheet.toml", b"[account]\npreset = 'r109'\n", "Rows are missing"),
    ("sheet.toml", b"[[assumption]]\nname = 'tax_rate_wage'\nvalu = 1\n", "did you mean 'value'"),
    ("sheet.toml", b"[[assumption]]\nname = 'x'\nyears = 3\n", "amounts by year"),
    ("sheet.toml", b"assumption = 3\n", "tables of a sheet"),
    ("sheet.csv", b"", "header"),
    ("sheet.csv", b"name\n", "one column"),
    ("sheet.csv", "name;value".encode("utf-16"), "UTF-16"),
    ("sheet.csv", b'name;value\n"a;1\n', "quotation mark"),
    ("sheet.xlsx", b"not a zip", "no Excel workbook"),
    ("sheet.xls", b"", "xlsx"),
]


@pytest.mark.parametrize(("name", "content", "words"), FILES)
def test_a_file_that_is_no_sheet_says_so(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((mih.AssumptionError, mih.OptionError), match=words):
        mih.AssumptionSheet.read(path)


def test_no_file_and_no_path():
    with pytest.raises(mih.AssumptionError, match="no such sheet"):
        mih.AssumptionSheet.read("nowhere.csv")
    with pytest.raises(mih.OptionError, match="a file"):
        mih.AssumptionSheet.read(3)


# --- Excel ----------------------------------------------------------------------------------------


def excel(case, tmp_path, lang="nb"):
    """Return a path, its workbook, its first sheet and the columns by name."""
    path = case.sheet().write(tmp_path / "sheet.xlsx", lang=lang)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    return path, book, sheet, columns


def cell_of(sheet, columns, name, column):
    row = next(row for row in range(2, 99) if sheet.cell(row, 1).value == name)
    return sheet.cell(row, columns[column])


@pytest.mark.parametrize("value", ["0,3", "30 %", "30\u00a0%", 0.3])
def test_text_in_a_cell_of_excel_is_a_number_all_the_same(case, tmp_path, value):
    path, book, sheet, columns = excel(case, tmp_path)
    cell_of(sheet, columns, "tax_rate_wage", "verdi").value = value
    sheet.insert_rows(1)
    sheet.cell(1, 1).value = "Forutsetninger, utkast"
    book.save(path)
    changed = case.with_sheet(path)
    assert changed.npv == case.with_values({"tax_rate_wage": 0.3}).npv


def test_a_formula_counts_by_the_value_that_was_saved(case, tmp_path):
    path, book, sheet, columns = excel(case, tmp_path)
    cell = cell_of(sheet, columns, "tax_rate_wage", "verdi")
    cell.value = "=0.1+0.2"
    book.save(path)
    with pytest.raises(mih.AssumptionError, match=f"row 4, cell {cell.coordinate}: a formula"):
        case.with_sheet(path)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    main = "xl/worksheets/sheet1.xml"
    text = members[main].decode()
    saved = re.sub(r"<f>0.1\+0.2</f><v ?/?>(</v>)?", "<f>0.1+0.2</f><v>0.3</v>", text)
    assert saved != text
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (members | {main: saved.encode()}).items():
            new.writestr(name, data)
    assert case.with_sheet(path).npv == case.with_values({"tax_rate_wage": 0.3}).npv


def test_what_excel_makes_of_a_number_is_refused(case, tmp_path):
    import datetime

    for value in (datetime.date(2024, 3, 1), True):
        path, book, sheet, columns = excel(case, tmp_path, "en")
        cell_of(sheet, columns, "tax_rate_wage", "value").value = value
        book.save(path)
        with pytest.raises(mih.AssumptionError, match=r"row 4 \(tax_rate_wage\), column 'value'"):
            case.with_sheet(path)


def test_a_workbook_without_the_sheet(case, tmp_path):
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(mih.AssumptionError, match="no sheet of assumptions"):
        mih.AssumptionSheet.read(path)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_workbook_lets_edit_assumptions_and_locks_the_structure(case, tmp_path, lang):
    _, book, sheet, columns = excel(case, tmp_path, lang)
    headings = {column.key: column.label.text(lang) for column in COLUMNS}
    value, payer = headings["value"], headings["payer"]
    assert sheet.freeze_panes == "C2"
    assert sheet.protection.sheet
    assert not cell_of(sheet, columns, "tax_rate_wage", value).protection.locked
    assert not cell_of(sheet, columns, "cost:school", headings["source"]).protection.locked
    assert cell_of(sheet, columns, "cost:school", payer).protection.locked
    assert cell_of(sheet, columns, "account:horizon", value).protection.locked
    assert cell_of(sheet, columns, "tax_rate_wage", value).number_format.endswith("%")
    order = [columns[headings[key]] for key in ("value", "unit", "low", "high")]
    assert order == list(range(order[0], order[0] + 4))
    told = book.worksheets[1]
    explained = {told.cell(row, 1).value for row in range(2, 40)}
    shown = {cell.value for cell in sheet[1] if not str(cell.value).startswith(("år", "year"))}
    assert shown <= explained
    rules = [r for r in sheet.data_validations.dataValidation if r.type == "list"]
    words = {word for rule in rules for word in rule.formula1.strip('"').split(",")}
    assert {label.text(lang) for label in WORDS["distribution"].values()} <= words
    bounds = [
        rule for rule in sheet.data_validations.dataValidation
        if rule.type == "decimal" and cell_of(sheet, columns, "tax_rate_wage", value).coordinate
        in rule.sqref
    ]  # fmt: skip
    assert (bounds[0].formula1, bounds[0].formula2) == ("0", "1")


def test_words_are_read_in_both_languages_and_none_means_two_things():
    for column, words in WORDS.items():
        for code, label in words.items():
            for text in (code, label.nb, label.en.upper()):
                assert code_of(column, text) == code, (column, text)


def test_excel_without_its_package_names_the_command(case, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(mih.MissingExtraError, match=r"mih-impact\[excel\]"):
        case.sheet().write(tmp_path / "sheet.xlsx")


def test_the_card_speaks_the_language(case):
    assert "Forutsetninger: Menn i helse" in case.sheet().summary("nb")
    assert "effektiv skatt på økt lønn" in case.sheet().summary("nb")
    assert "effective tax on added wage" in case.sheet().summary("en")
    assert len(case.sheet().to_frame()) == len(case.sheet().lines())


def test_a_norwegian_code_page_holds_every_text_of_the_reference_case(case):
    """Excel saves CSV in it: a text with another character would come back with a question mark."""
    text = "".join(str(cell) for cells in case.sheet().lines() for cell in cells.values())
    assert text.encode("cp1252").decode("cp1252") == text


def test_replacing_the_persistence_keeps_the_rest(case):
    sheet = replace(case.sheet(), persistence="half_life")
    found = case.with_sheet(sheet)
    assert (found.persistence, found.assumptions) == ("half_life", case.assumptions)
