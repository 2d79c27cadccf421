"""CSV: bytes to text, text to values, and nothing null in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import MihImpactError, OptionError, PanelContractError
from mih_impact.panel import csv_text
from mih_impact.panel.csv_text import convert, decode, dialect, read_text
from mih_impact.panel.read import read_panel

CSV = (
    "lopenr;år;lønn;kjønn;i_malgruppe;fylke\n"
    "0012;2019;1\u00a0234,50;M;ja;Østfold\n"
    "0012;2020;;M;nei;Østfold\n"
    "0013;2019;300 000;K;J;\n"
)
COLUMNS = {
    "person_id": "lopenr",
    "year": "år",
    "wage_income": "lønn",
    "sex": "kjønn",
    "eligible": "i_malgruppe",
    "county": "fylke",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_norwegian_csv_in_any_of_its_encodings(encoding, newline, tmp_path):
    path = tmp_path / "register.csv"
    path.write_bytes(CSV.replace("\n", newline).encode(encoding))
    panel = read_panel(path, columns=COLUMNS, money="fixed")
    assert panel.check().passed
    cube = panel.cube()
    assert cube.person_id.tolist() == ["0012", "0013"]
    assert cube.ore["wage_income"].tolist() == [[123_450, 0], [30_000_000, 0]]
    assert cube.null["wage_income"].tolist() == [[False, True], [False, False]]
    assert cube.fixed["sex"].tolist() == ["M", "K"]
    assert cube.eligible.tolist() == [[True, False], [True, False]]
    assert cube.as_of("county", 2019).values.tolist() == ["Østfold", None]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_read_from_the_header(delimiter, tmp_path):
    path = tmp_path / "register.txt"
    lines = [["person_id", "year", "wage_income"], ["1", "2020", '"10,5"']]
    path.write_text("\n".join(delimiter.join(line) for line in lines), encoding="utf-8")
    assert read_panel(path, money="fixed").cube().ore["wage_income"].tolist() == [[1050]]


def test_the_delimiter_is_the_one_with_most_fields():
    assert dialect("a;b,c;d")[0] == ";"
    assert dialect("a\tb\tc,d")[0] == "\t"
    assert dialect("a|b|c,d")[0] == "|"
    with pytest.raises(PanelContractError, match="one column only"):
        dialect("person_id year wage")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234.0),
        ("1 234", 1234.0),
        ("1\u00a0234\u202f567,5", 1234567.5),
        ("12,75", 12.75),
        ("12.75", 12.75),
        ("\u2212500", -500.0),
        ("-0,5", -0.5),
        ("  7 ", 7.0),
        ("1e3", 1000.0),
    ],
)
def test_numbers_that_can_be_read(text, value):
    column, failures = convert([text], "money")
    assert (column.tolist(), failures) == ([value], {})


@pytest.mark.parametrize("text", ["1,2,3", "abc", "12 kr", "1_000", "--1", "12 34", "1.23.456"])
def test_texts_that_are_no_numbers_fail_and_are_counted(text):
    column, failures = convert([text, "1", text], "money")
    assert failures == {"text that is not a number": 2}
    assert np.isnan(column[0])
    assert column[1] == 1.0


@pytest.mark.parametrize("text", ["", "  ", "NA", "NaN", "NULL", "."])
def test_texts_that_stand_for_no_value_are_null_and_no_failure(text):
    for dtype in ("money", "category", "bool", None):
        column, failures = convert([text, "1"], dtype)
        assert (column.isna().tolist(), failures) == ([True, False], {})


def test_truth_in_two_languages():
    column, failures = convert(["ja", "Nei", "TRUE", "0", "1", "", "kanskje"], "bool")
    assert column.tolist()[:5] == [True, False, True, False, True]
    assert column.isna().tolist()[5:] == [True, True]
    assert failures == {"text that is neither true nor false": 1}


def test_an_unknown_column_is_a_number_only_if_every_value_is():
    assert convert(["1,5", "2"], None)[0].tolist() == [1.5, 2.0]
    assert convert(["1,5", "two"], None)[0].tolist() == ["1,5", "two"]


def test_what_could_not_be_converted_is_an_error_of_the_check_with_its_count(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text(
        "person_id;year;wage_income;eligible\n1;2020;12 kr;ja\n2;20x0;5;maybe\n3;2020;mye;nei\n",
        encoding="utf-8",
    )
    report = read_panel(path).check()
    found = {(row.rule, row.column): row.rows for row in report.to_frame(lang="en").itertuples()}
    assert found[("conversion", "wage_income")] == 2
    assert found[("conversion", "year")] == 1
    assert found[("conversion", "eligible")] == 1
    assert ("null key", "year") not in found
    with pytest.raises(PanelContractError, match="text that is not a number"):
        report.raise_if_failed()


def test_codes_that_are_recoded_stay_text_until_then(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("person_id;year;wage_income;county\n1;2020;1;03\n2;2020;2;31\n")
    panel = read_panel(path, values={"county": {"03": "Oslo", "31": "Østfold"}}, money="fixed")
    assert panel.cube().as_of("county", 2020).values.tolist() == ["Oslo", "Østfold"]


def test_several_files_are_one_register(tmp_path):
    for year in (2020, 2021):
        (tmp_path / f"r{year}.csv").write_text(f"person_id,year,wage_income\n1,{year},{year}\n")
    panel = read_panel(tmp_path / "r*.csv", money="fixed")
    assert panel.cube().outcome("wage_income").tolist() == [[2020.0, 2021.0]]


def test_files_with_different_columns_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("person_id,year,wage_income\n1,2020,1\n")
    (tmp_path / "b.csv").write_text("person_id,year,wage\n1,2021,1\n")
    with pytest.raises(PanelContractError, match=r"a\.csv and b\.csv differ in wage, wage_"):
        read_panel(tmp_path / "*.csv")


def test_quoted_fields_may_hold_delimiters_newlines_and_quotation_marks(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text('person_id,year,wage_income,note\n1,2020,"1,5","a ""b""\nc"\n')
    assert read_text([str(path)]).columns["note"].tolist() == ['a "b"\nc']
    assert read_panel(path, money="fixed").cube().as_of("note", 2020).values.tolist() == [
        'a "b"\nc'
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"person_id,year,wage_income\n1,2020\n2,2020,5\n", "1 lines up to line 3"),
        (b"person_id,year,wage_income\n1,2020,1,5\n", "too few or too many fields"),
        (b'person_id,year,wage_income\n1,2020,"5\n', "quotation mark"),
        (b"person_id,year,year,wage_income\n", "year more than once"),
        (b"Uttrekk 2025;;\n;;\nlopenr;aar;lonn\n1;2020;5\n", "2 of 3 columns without a name"),
        ("person_id,year,wage_income\n".encode("utf-16"), "UTF-16"),
        (b"person_id,year,wage_income\n1,2020,\x81\n", "neither UTF-8 nor Windows-1252"),
        (b"", "one column only"),
    ],
)
def test_files_that_cannot_be_read_say_why(content, message, tmp_path):
    path = tmp_path / "register.csv"
    path.write_bytes(content)
    with pytest.raises(PanelContractError, match=message):
        read_panel(path)


def test_a_file_with_a_header_only_is_an_empty_register(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("person_id,year,wage_income\n")
    assert read_panel(path).check().to_frame(lang="en")["rule"].tolist() == ["empty"]


def test_no_message_shows_a_value_of_a_person(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("person_id;year;wage_income\nola-nordmann;2020;hemmelig\n")
    report = read_panel(path).check()
    with pytest.raises(PanelContractError) as caught:
        report.raise_if_failed()
    shown = report.summary("nb") + report.summary("en") + str(caught.value)
    assert "hemmelig" not in shown
    assert "ola" not in shown


def test_decoding_is_exact():
    assert decode("\ufeffblåbær".encode()) == "blåbær"
    assert decode("blåbær €".encode("cp1252")) == "blåbær €"


def test_the_file_is_the_same_as_the_frame(tmp_path):
    frame = pd.DataFrame(
        {"person_id": ["a", "a"], "year": [2020, 2021], "wage_income": [1.25, 2.5]}
    )
    frame.to_csv(tmp_path / "register.csv", sep=";", decimal=",", index=False)
    one = read_panel(tmp_path / "register.csv", money="fixed").cube()
    assert one.fingerprint == read_panel(frame, money="fixed").cube().fingerprint


# --- thousands and decimals, over all files -------------------------------------------------------

AMOUNTS = (301_708, 45_000, 999, 1_000)


def _write(path, amounts, *, delimiter=";", extra="", header="person_id;year;wage_income"):
    lines = [header.replace(";", delimiter)]
    lines += [delimiter.join((str(i), "2020", f'"{a}"')) for i, a in enumerate(amounts)]
    path.write_text("\n".join([*lines, *([extra] if extra else [])]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("delimiter", "mark"), [(",", ","), (";", "."), (";", ",")])
def test_thousands_that_may_be_decimals_are_an_error_whose_advice_can_be_followed(
    delimiter, mark, tmp_path
):
    path = _write(
        tmp_path / "wages.csv", [f"{a:,}".replace(",", mark) for a in AMOUNTS], delimiter=delimiter
    )
    (breach,) = read_panel(path, money="fixed").check().errors
    assert (breach.rule, breach.column, breach.rows) == ("two readings", "wage_income", 3)
    assert f'thousands={{"wage_income": "{mark}"}}' in breach.do.en
    assert f'decimal={{"wage_income": "{mark}"}}' in breach.do.nb
    told = read_panel(path, money="fixed", thousands={"wage_income": mark})
    told = told.cube().ore["wage_income"]
    assert told[:, 0].tolist() == [100 * a for a in AMOUNTS]
    other = read_panel(path, money="fixed", decimal=mark).frame.select("wage_income")
    assert other.collect().to_native()["wage_income"].tolist() == [301.708, 45.0, 999.0, 1.0]


def test_a_column_is_judged_over_all_files(tmp_path):
    _write(tmp_path / "a.csv", ["301.708", "45.000"])
    one = _write(tmp_path / "b.csv", ["1.234.567", "12,50"])
    one.write_text(one.read_text().replace(";2020;", ";2021;"))
    cube = read_panel(tmp_path / "*.csv", money="fixed").cube()
    assert cube.outcome("wage_income").tolist() == [[301_708, 1_234_567], [45_000, 12.5]]


def test_one_column_may_be_written_otherwise_than_another(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_text("person_id;year;wage_income;share\na;2020;301.708;0.5\nb;2020;45.000;1.250\n")
    report = read_panel(path, money="fixed", thousands=".").check()
    assert [b.column for b in report.errors] == ["share"]
    assert "without share: thousands={'...': '.'}" in report.errors[0].do.en
    panel = read_panel(path, money="fixed", thousands={"wage_income": "."})
    assert panel.cube().outcome("wage_income")[:, 0].tolist() == [301_708, 45_000]
    assert panel.cube().as_of("share", 2020).values.tolist() == [0.5, 1.25]


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("other", ["{:.2f}", "{:,.2f}"])
@pytest.mark.parametrize("column", ["wage_income", "bonus"])
def test_amounts_of_two_ways_of_writing_are_not_read_as_thousandths(column, other, files, tmp_path):
    # 301.708 of one delivery beside 45000.50 of the other: nothing is divided by a thousand
    both = [f"{a:,}".replace(",", ".") for a in AMOUNTS[:2]], [other.format(45_000.5)] * 2
    parts = both if files == 2 else [[*both[0], *both[1]]]
    for year, part in enumerate(parts, 2020):
        lines = [f"{i};{year};1;{amount}" for i, amount in enumerate(part)]
        header = "person_id;year;x;" + column
        (tmp_path / f"{year}.csv").write_text("\n".join([header, *lines]) + "\n")
    units = {"x": "points"} | ({"bonus": "NOK"} if column == "bonus" else {})
    source = tmp_path / "*.csv"
    (breach,) = read_panel(source, money="fixed", units=units).check().errors
    assert (breach.rule, breach.column, breach.rows) == ("two readings", column, 2)
    said = read_panel(source, money="fixed", units=units, decimal={column: "."})
    assert said.frame.select(column).collect().to_native()[column][0] == 301.708


@pytest.mark.parametrize("parts", [["100.000", "134567.000"], ["301.708", "0.000", "45000.500"]])
@pytest.mark.parametrize("split", [False, True])
def test_amounts_that_all_have_three_digits_after_the_mark_may_be_thousands(parts, split, tmp_path):
    # thousands of one delivery beside the other's "%.3f", in one file or in two
    for year, amounts in enumerate([parts[:1], parts[1:]] if split else [parts], 2020):
        lines = [f"{i};{year};{amount}" for i, amount in enumerate(amounts)]
        rows = "\n".join(["person_id;year;wage_income", *lines])
        (tmp_path / f"{year}.csv").write_text(rows + "\n", encoding="utf-8")
    (breach,) = read_panel(tmp_path / "*.csv", money="fixed").check().errors
    assert (breach.rule, breach.column, breach.rows) == ("two readings", "wage_income", 1)
    told = read_panel(tmp_path / "*.csv", money="fixed", decimal={"wage_income": "."})
    assert told.frame.select("wage_income").collect().to_native()["wage_income"][0] == float(
        parts[0]
    )


def test_apostrophes_between_thousands_are_read(tmp_path):
    path = _write(tmp_path / "wages.csv", ["1'234'567", "45'000.50", "0"])
    for said in ({}, {"thousands": "'"}, {"thousands": {"wage_income": "'"}}):
        cube = read_panel(path, money="fixed", **said).cube()
        assert cube.outcome("wage_income")[:, 0].tolist() == [1_234_567, 45_000.5, 0]


def test_pandas_years_with_a_point_do_not_stand_in_the_way_of_the_advice(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("person_id;year;start_year;wage_income\na;2020;2021.0;301.708\n")
    (breach,) = read_panel(path, money="fixed").check().errors
    assert breach.do.en.startswith('say which: thousands={"wage_income": "."}')
    panel = read_panel(path, money="fixed", thousands={"wage_income": "."})
    assert panel.cube().outcome("wage_income")[0].tolist() == [301_708]


def test_marks_of_a_column_that_is_not_there_are_refused(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("person_id;year;wage_income\na;2020;301.708\n")
    with pytest.raises(OptionError, match=r"names columns the panel does not have.*wage\."):
        read_panel(path, money="fixed", thousands={"wage": "."})


def test_marks_for_what_is_no_csv_are_refused(tmp_path):
    frame = pd.DataFrame({"person_id": ["a"], "year": [2020], "wage_income": [1.0]})
    with pytest.raises(OptionError, match="written in a CSV"):
        read_panel(frame, decimal=",")
    spells = tmp_path / "spells.csv"
    spells.write_text("person_id;from_year;to_year\na;2.000;2.024\n")
    with pytest.raises(PanelContractError, match="point that may stand between thousands"):
        read_panel(frame, resident=spells)
    read_panel(frame, resident=spells, thousands=".").require()


def test_values_that_are_texts_of_numbers_follow_the_same_rule():
    frame = pd.DataFrame({"person_id": ["a", "b"], "year": 2020, "wage_income": ["x", "y"]})
    cube = read_panel(frame, values={"wage_income": {"x": "1.234,50", "y": "2"}}, money="fixed")
    assert cube.cube().ore["wage_income"][:, 0].tolist() == [123_450, 200]
    with pytest.raises(PanelContractError, match=r"two ways.*give it as a number"):
        read_panel(frame, values={"wage_income": {"x": "1.234", "y": "2"}})


# --- codes ----------------------------------------------------------------------------------------


def test_codes_with_leading_zeros_stay_apart(tmp_path):
    path = tmp_path / "industry.csv"
    path.write_text("person_id;year;wage_income;industry\na;2020;1;0111\nb;2020;1;111\nc;2020;1;\n")
    cube = read_panel(path, money="fixed").cube()
    assert cube.as_of("industry", 2020).values.tolist() == ["0111", "111", None]


def test_columns_of_codes_are_categories_also_where_they_are_numbers(tmp_path):
    path = tmp_path / "industry.csv"
    path.write_text("person_id;year;wage_income;industry\na;2020;1;47.190\nb;2020;1;86.107\n")
    (breach,) = read_panel(path, money="fixed").check().errors
    assert 'codes="industry"' in breach.do.en
    for source in (path, pd.read_csv(path, sep=";", dtype={"person_id": str, "industry": str})):
        cube = read_panel(source, money="fixed", codes="industry").cube()
        assert cube.as_of("industry", 2020).values.tolist() == ["47.190", "86.107"]
    whole = pd.read_csv(path, sep=";").assign(industry=[111, 890])
    assert read_panel(whole, codes=["industry"]).cube().as_of("industry", 2020).values[0] == "111"
    for codes, words in ((["x"], "does not have"), (["wage_income"], "not codes in the contract")):
        with pytest.raises(OptionError, match=words):
            read_panel(whole, codes=codes)


# --- what is no CSV, or none with a header --------------------------------------------------------


@pytest.mark.parametrize("newline", ["\r", "\r\n", "\n"])
def test_lines_may_end_in_any_of_the_three_ways(newline, tmp_path):
    path = tmp_path / "register.csv"
    path.write_bytes(f"person_id;year;wage_income{newline}a;2020;1{newline}".encode())
    assert read_panel(path, money="fixed").cube().outcome("wage_income").tolist() == [[1.0]]


def test_what_spreadsheets_add_is_no_column(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("sep=;\nperson_id;year;wage_income;;\na;2020;1;;\n")
    panel = read_panel(path, money="fixed")
    assert panel.columns == ("person_id", "year", "wage_income")
    assert panel.check().passed


SECRETS = ("hemmelig", "27")


@pytest.mark.parametrize(
    "content",
    [
        "hemmelig;2020;27;\nola;2021;28;\n",
        "00000000027;100120;2020-01-01;2020-12-31;hemmelig\n" * 2,
        "hemmelig;y2020;K;K\nola;y2021;K;K\n",
        "27;27;27\nola;1;2\n",
        "hemmelig;hemmelig;2020;27\n",
        'person_id;year;wage_income\n"hemmelig;2020;27\n',
        "person_id;year;wage_income\nhemmelig;2020;27;5\n",
        "person_id;year;wage_income\nhemmelig;2020-08-27;27.000\n",
    ],
)
@pytest.mark.parametrize("resident", [False, True])
def test_no_error_shows_what_stands_in_a_cell(content, resident, tmp_path):
    path = tmp_path / "register.csv"
    path.write_text(content)
    frame = pd.DataFrame({"person_id": ["a"], "year": [2020], "wage_income": [1.0]})
    with pytest.raises(PanelContractError) as caught:
        (read_panel(frame, resident=path) if resident else read_panel(path)).require()
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_a_second_file_without_a_header_shows_nothing_either(tmp_path):
    (tmp_path / "a.csv").write_text("person_id;year;wage_income\na;2020;1\n")
    (tmp_path / "b.csv").write_text("hemmelig;2021;27\n")
    with pytest.raises(PanelContractError, match=r"first line of b\.csv is a row") as caught:
        read_panel(tmp_path / "*.csv")
    assert "hemmelig" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "first", "words"),
    [
        ("a.csv", b"PK\x03\x04", "zip, or Excel"),
        ("a.csv", b"\x1f\x8b\x08", "gzip"),
        ("a.csv", b"PAR1", "Parquet"),
        ("a.csv", b"a\0;\0b\0", "no text at all"),
        ("a.parquet", b"\x1f\x8b\x08", "gzip"),
        ("a.parquet", b"person_id;year", "not whole Parquet"),
        ("a.dta", b"x", "cannot be read as a file of Stata"),
        ("a.sav", b"PAR1", "is not of its program.*it is Parquet"),
        ("a.sas7bdat", b"x", "cannot be read as a file of SAS"),
        ("a.xlsx", b"x", "no Excel workbook"),
        ("a.xls", b"x", r"pandas\.read_excel"),
        ("a.csv.gz", b"x", "unpack"),
        ("a.rds", b"x", "read the data into a frame first"),
    ],
)
def test_a_file_of_another_kind_says_what_to_do(name, first, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(first + b"\n")
    with pytest.raises(MihImpactError, match=words):
        read_panel(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(PanelContractError, match=r"path is a folder.*\*\.parquet"):
        read_panel(tmp_path)


@pytest.mark.parametrize("source", [None, 5, 2.5, [1], object()])
def test_what_is_neither_path_nor_frame_says_so(source):
    frame = pd.DataFrame({"person_id": ["a"], "year": [2020], "wage_income": [1.0]})
    with pytest.raises(OptionError, match="neither a path nor a frame"):
        read_panel(source)
    if source is not None:
        with pytest.raises(OptionError, match="resident= is neither a path nor a frame"):
            read_panel(frame, resident=source)


def test_a_file_longer_than_what_is_looked_at_together_reads_the_same(monkeypatch, tmp_path):
    path = tmp_path / "register.csv"
    rows = [f"{k // 3:04d};{2019 + k % 3};{1000 * (k % 4)},50" for k in range(30)]
    path.write_text("\n".join(["lopenr;år;lønn", *rows, ""]), encoding="utf-8")
    whole = read_text([str(path)])
    monkeypatch.setattr(csv_text, "_LINES", 4)
    parts = read_text([str(path), str(path)])
    assert parts.rows == (30, 30)
    for name, column in whole.columns.items():
        assert parts.columns[name].tolist() == 2 * column.tolist()
        assert len(set(parts.columns[name].found)) == len(parts.columns[name].found)
    assert whole.columns["lopenr"].tolist() == [row.split(";")[0] for row in rows]


def test_identifiers_that_a_spreadsheet_has_shortened_are_not_one_person(tmp_path):
    path = tmp_path / "register.csv"
    lines = "1,23E+10;2020;1\n1,23E+10;2021;2\n12300000001;2020;3\n1E5;2020;4\n"
    path.write_text("person_id;year;wage_income\n" + lines, encoding="utf-8")
    (breach,) = read_panel(path, money="fixed").check().errors
    assert (breach.rule, breach.column, breach.rows) == ("conversion", "person_id", 2)
    assert "take the file from its source again" in breach.do.en
    persons = mih.Table(path)
    with pytest.raises(PanelContractError, match="an identifier that a spreadsheet has shortened"):
        mih.build_panel(persons, years=(2020, 2021), yearly=[mih.Table(path)])
