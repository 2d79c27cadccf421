"""CSV: bytes to text, text to values, and nothing null in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mih_impact.errors import PanelContractError
from mih_impact.panel import read_panel
from mih_impact.panel.csv_text import convert, decode, dialect, read_text

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
    with pytest.raises(PanelContractError, match=r"same columns\. Found: wage, wage_income"):
        read_panel(tmp_path / "*.csv")


def test_quoted_fields_may_hold_delimiters_newlines_and_quotation_marks(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text('person_id,year,wage_income,note\n1,2020,"1,5","a ""b""\nc"\n')
    assert read_text([str(path)]).columns["note"] == ['a "b"\nc']
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
        {"person_id": ["a", "a"], "year": [2020, 2021], "wage_income": [1.005, 2.5]}
    )
    frame.to_csv(tmp_path / "register.csv", sep=";", decimal=",", index=False)
    one = read_panel(tmp_path / "register.csv", money="fixed").cube()
    assert one.fingerprint == read_panel(frame, money="fixed").cube().fingerprint
