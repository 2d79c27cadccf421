"""Files of Stata, SPSS, SAS and Excel that the test writes: labels, days and codes in them."""

from __future__ import annotations

import gc
import tempfile
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.panel import files, statfiles
from mih_impact.panel.excel import ExcelFiles
from mih_impact.panel.sources import frame_of
from mih_impact.panel.statfiles import StatFiles, code_text

pyreadstat = pytest.importorskip("pyreadstat")
openpyxl = pytest.importorskip("openpyxl")

FORMATS = ("dta", "sav", "zsav", "por", "xpt", "xlsx")
NAMES = {"person_id": "LNR", "year": "AAR", "wage_income": "LONN", "sex": "KJONN",
         "municipality": "KOMM"}  # fmt: skip
ROWS = pd.DataFrame(
    {
        "LNR": [1.0, 1.0, 23.0, 23.0],
        "AAR": [2019.0, 2020.0, 2019.0, 2020.0],
        "LONN": [100.5, np.nan, 300.0, 400.0],
        "KJONN": [1.0, 1.0, 2.0, 2.0],
        "KOMM": ["0301", "0301", "", "1103"],
    }
)


def write(frame: pd.DataFrame, path: Path, **options) -> Path:
    kind = path.suffix[1:]
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "zsav":
        pyreadstat.write_sav(frame, path, compress=True, **options)
    else:
        name = {"xpt": "write_xport"}.get(kind, f"write_{kind}")
        getattr(pyreadstat, name)(frame, path, **options)
    return path


def cells(path: Path, mode: str = "label") -> pd.DataFrame:
    files = StatFiles([str(path)])
    return frame_of(files, dict.fromkeys(files.columns, mode)).collect("pandas").to_native()


def table(panel) -> list[list]:
    frame = panel.frame.collect("pandas").to_native().astype(object)
    return frame.where(frame.notna(), None).sort_values(["person_id", "year"]).values.tolist()


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_panel_that_csv_gives(kind, tmp_path):
    path = write(ROWS, tmp_path / f"rows.{kind}")
    text = tmp_path / "rows.csv"
    ROWS.astype({"LNR": int, "AAR": int, "KJONN": int}).to_csv(text, index=False, sep=";")
    assert table(mih.read_panel(path, columns=NAMES)) == table(mih.read_panel(text, columns=NAMES))


@pytest.mark.parametrize("kind", ["dta", "sav", "por", "xpt", "xlsx"])
def test_every_table_of_an_extract_may_be_such_a_file(kind, tmp_path):
    def given(name, frame):
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        stated = {c: "%td" if kind == "dta" else "DATE9" if kind == "xpt" else "EDATE10"
                  for c in ("FRA", "TIL") if c in frame}  # fmt: skip
        write(frame, tmp_path / f"{name}.{kind}",
              **({} if kind == "xlsx" else {"variable_format": stated}))  # fmt: skip

    days = {"FRA": [date(2019, 12, 22)], "TIL": [date(2020, 1, 10)]}
    given("persons", pd.DataFrame({"LNR": [1.0, 23.0], "FAAR": [1980.0, 1990.0]}))
    given("keys", pd.DataFrame({"LNR": [1.0], "FNR": ["0099"]}))
    given("aap", pd.DataFrame({"FNR": ["0099"], **days, "SATS": [1000.0]}))
    given("komm", pd.DataFrame({"LNR": [1.0], **days, "KOMM": ["0301"]}))
    given("start", pd.DataFrame({"LNR": [1.0], **days, "TILTAK": ["AFL"]}))

    def built(suffix):
        spell = {"start": "FRA", "stop": "TIL"}
        path = {n: tmp_path / f"{n}.{suffix}" for n in ("persons", "keys", "aap", "komm", "start")}
        panel = mih.build_panel(
            mih.Table(path["persons"], key="LNR", columns={"birth_year": "FAAR"}),
            identifiers=mih.Table(path["keys"], key="LNR", columns={"identifier": "FNR"}),
            spells=[mih.Spells(path["aap"], key="FNR", **spell, to="aap", amount="SATS",
                               per="day", days="calendar")],
            status=[mih.Status(path["komm"], key="LNR", **spell, value="KOMM",
                               to="municipality", at="31.12")],
            residence=mih.Spells(path["komm"], key="LNR", **spell),
            starts=mih.Starts(path["start"], key="LNR", **spell, where={"TILTAK": ["AFL"]}),
            years=(2019, 2020),
        )  # fmt: skip
        fates = panel.sources().drop(columns=["table", "declared_missing"])
        assert (fates.iloc[:, 2:].sum(axis=1) == fates["rows_read"]).all()
        return table(panel), fates.values.tolist()

    assert built(kind) == built("parquet")


def test_sheets_of_one_connection_are_told_apart(tmp_path):
    connection, asked = duckdb.connect(), []
    for k in range(3):
        path = tmp_path / f"{k}.xlsx"
        pd.DataFrame({"AMOUNT": [k]}).to_excel(path, index=False)
        asked.append(ExcelFiles([str(path)]).query(connection, {"AMOUNT": "code"}))
    assert [int(connection.sql(each).fetchall()[0][0]) for each in asked] == [0, 1, 2]


# --- labels and codes -----------------------------------------------------------------------------


def labelled(tmp_path: Path, labels: dict, suffix: str = "sav") -> Path:
    rows = ROWS.assign(KJONN=[1.0, 2.0, 3.0, np.nan], KOMM=[301.0, 1103.0, 301.0, np.nan])
    return write(rows, tmp_path / f"a.{suffix}", variable_value_labels=labels)


@pytest.mark.parametrize("suffix", ["sav", "dta"])
def test_a_category_has_its_label_and_its_code_where_it_has_none(suffix, tmp_path):
    labels = {"KJONN": {1: "Mann", 2: "Kvinne"}, "KOMM": {301: "Oslo"}}
    path = labelled(tmp_path, labels, suffix)
    found = mih.read_panel(path, columns=NAMES).frame.collect("pandas").to_native()
    assert found["sex"].fillna("").tolist() == ["Mann", "Kvinne", "3", ""]
    assert found["municipality"].fillna("").tolist() == ["301", "1103", "301", ""]
    coded = {"sex": {1: "m", 2: "k", 3: "?"}}
    named = {"sex": {"Mann": "m", "Kvinne": "k", "3": "?"}}
    for values in (coded, named):
        found = mih.read_panel(path, columns=NAMES, values=values)
        assert [row[3] for row in table(found)] == ["m", "k", "?", None]


def test_labels_that_several_codes_have_do_not_make_one_of_them(tmp_path):
    path = labelled(tmp_path, {"KJONN": {1.0: "Ja", 2.0: "Ja"}})
    assert cells(path)["KJONN"].fillna("").tolist() == ["Ja (1)", "Ja (2)", "3", ""]
    path = labelled(tmp_path, {"KJONN": {1.0: "2", 2.0: "Ja"}})
    assert cells(path)["KJONN"].fillna("").tolist() == ["2 (1)", "Ja", "3", ""]


@pytest.mark.parametrize("codes", [[1], ["Mann"]])
def test_where_names_codes_or_labels(codes, tmp_path):
    path = labelled(tmp_path, {"KJONN": {1.0: "Mann", 2.0: "Kvinne"}})
    rows = mih.Table(path, key="LNR", columns={"year": "AAR", "wage_income": "LONN"},
                     where={"KJONN": codes})  # fmt: skip
    panel = mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1]})), yearly=[rows],
                            years=(2019, 2020))  # fmt: skip
    assert panel.sources()[["used", "excluded"]].values.tolist()[1] == [1, 3]


def test_files_of_several_years_have_labels_of_their_own(tmp_path):
    for year, label in ((2019, "Mann"), (2020, "Kvinne")):
        rows = pd.DataFrame({"LNR": [1.0], "AAR": [float(year)], "LONN": [1.0], "KJONN": [1.0]})
        write(rows, tmp_path / f"y{year}.sav", variable_value_labels={"KJONN": {1.0: label}})
    text = pd.DataFrame({"LNR": ["01"], "AAR": [2021.0], "LONN": [1.0], "KJONN": [2.0]})
    write(text, tmp_path / "y2021.sav")
    names = {n: c for n, c in NAMES.items() if n != "municipality"}
    found = table(mih.read_panel(str(tmp_path / "y*.sav"), columns=names))
    assert [[row[0], row[3]] for row in found] == [["01", "2"], ["1", "Mann"], ["1", "Kvinne"]]


def test_zeros_that_a_format_shows_are_kept_in_codes_and_not_in_numbers(tmp_path):
    rows = pd.DataFrame({"KOMM": [301.0, 1103.0]})
    for suffix, shown in (("sav", "N4"), ("dta", "%04.0f"), ("xpt", "Z4")):
        path = write(rows, tmp_path / f"z.{suffix}", variable_format={"KOMM": shown})
        assert cells(path)["KOMM"].tolist() == ["0301", "1103"]
        assert cells(path, "number")["KOMM"].tolist() == [301, 1103]


def test_identifiers_kept_as_floats_of_four_bytes_are_refused_where_they_may_be_others(tmp_path):
    rows = pd.DataFrame({"LNR": np.array([16_777_217, 5], "float32"), "FAAR": [1980, 1990]})
    path = tmp_path / "ids.dta"
    rows.to_stata(path, write_index=False)
    rows["LNR"] = np.array([20_000_001, 5], "float32")
    rows.to_stata(path, write_index=False)
    with pytest.raises(mih.PanelContractError, match=r"LNR that are no identifier.*1 row"):
        mih.build_panel(mih.Table(path, key="LNR", columns={"birth_year": "FAAR"}),
                        years=(2019, 2020))  # fmt: skip
    assert code_text(123.0) == "123"


# --- missing values -------------------------------------------------------------------------------


def build_rows(path: Path) -> pd.DataFrame:
    rows = mih.Table(path, key="LNR", columns={"year": "AAR", "wage_income": "LONN"})
    return mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1, 23]})), yearly=[rows],
                           years=(2019, 2020))  # fmt: skip


def test_what_the_files_declare_missing_is_null_and_counted(tmp_path):
    rows = ROWS[["LNR", "AAR"]].assign(LONN=[100.0, 9999.0, 9998.0, np.nan])
    spss = write(rows, tmp_path / "a.sav", missing_ranges={"LONN": [{"lo": 9990, "hi": 9999}]})
    tagged = rows.assign(LONN=pd.Series([100.0, "a", "z", np.nan], dtype=object))
    stata = write(tagged, tmp_path / "a.dta", missing_user_values={"LONN": ["a", "z"]})
    sas = write(rows.assign(LONN=[100.0, 9999.0, 9998.0, np.nan]), tmp_path / "a.xpt")
    raw = sas.read_bytes()
    for number, tag in ((b"\x44\x27\x0f", b"A"), (b"\x44\x27\x0e", b"_")):
        assert raw.count(number + bytes(5)) == 1
        raw = raw.replace(number + bytes(5), tag + bytes(7))
    sas.write_bytes(raw)
    for path in (spss, stata, sas):
        panel = build_rows(path)
        assert panel.sources()["declared_missing"].tolist() == [0, 2], path.name
        assert [row[2] for row in table(panel)] == [100.0, None, None, None], path.name


# --- days -----------------------------------------------------------------------------------------

STATA = {"%td": 21_915, "%tc": 21_915 * 86_400_000.0, "%tm": 720 + 1, "%tq": 240 + 1,
         "%th": 120 + 1, "%tw": 3120 + 1}  # fmt: skip


def stata(tmp_path: Path, form: str, value: float) -> Path:
    rows = pd.DataFrame({"LNR": [1.0, 23.0], "FRA": [float(value), np.nan]})
    return write(rows, tmp_path / "d.dta", variable_format={"FRA": form})


@pytest.mark.parametrize("form", STATA)
def test_days_and_periods_of_stata_are_those_that_pandas_reads(form, tmp_path):
    path = stata(tmp_path, form, STATA[form])
    first = pd.read_stata(path)["FRA"].iloc[0]
    spell = mih.Spells(_first(path, tmp_path), key="LNR", start="FRA", stop=None,
                       to="months_unemployed", count="days")  # fmt: skip
    panel = mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1]})), years=(2019, 2021),
                            spells=[spell])  # fmt: skip
    told = panel.explain("1", first.year, "months_unemployed")
    assert pd.Timestamp(told["start"].iloc[0]) == first.normalize()


def _first(path: Path, tmp_path: Path) -> Path:
    """Return the file without its row that has no start."""
    frame, meta = pyreadstat.read_dta(path, disable_datetime_conversion=True, row_limit=1)
    return write(frame, tmp_path / "one.dta", variable_format=meta.original_variable_types)


@pytest.mark.parametrize(
    ("form", "value", "stops", "last"),
    [
        ("%tm", 721, "inclusive", date(2020, 2, 29)),
        ("%tm", 721, "exclusive", date(2020, 1, 31)),
        ("%tq", 240, "inclusive", date(2020, 3, 31)),
        ("%th", 121, "inclusive", date(2020, 12, 31)),
        ("%tw", 3120 + 51, "inclusive", date(2020, 12, 31)),
        ("%tw", 3120, "inclusive", date(2020, 1, 7)),
    ],
)
def test_a_spell_that_stops_in_a_month_stops_on_its_last_day(form, value, stops, last, tmp_path):
    rows = pd.DataFrame({"LNR": [1.0], "FRA": [21_915.0], "TIL": [float(value)]})
    path = write(rows, tmp_path / "d.dta", variable_format={"FRA": "%td", "TIL": form})
    spell = mih.Spells(
        path, key="LNR", start="FRA", stop="TIL", stops=stops, to="months_unemployed", count="days"
    )
    panel = mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1]})), spells=[spell],
                            years=(2020, 2021))  # fmt: skip
    days = (last - date(2020, 1, 1)).days + 1
    assert panel.explain("1", 2020, "months_unemployed")["value"].iloc[-1] == days


def test_a_month_of_stata_is_a_year_and_month_of_rows(tmp_path):
    rows = pd.DataFrame({"LNR": [1.0], "MND": [721.0], "LONN": [5.0]})
    path = write(rows, tmp_path / "m.dta", variable_format={"MND": "%tm"})
    wages = mih.Table(path, key="LNR", columns={"month": "MND", "wage_income": "LONN"})
    panel = mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1]})), monthly=[wages],
                            years=(2020, 2020), period="month")  # fmt: skip
    assert table(panel) == [["1", 2020, 2, 5.0]]


def test_days_of_spss_and_sas_are_right_over_their_first_days_and_open_ends(tmp_path):
    days = [date(1950, 2, 28), date(1960, 1, 1), date(2020, 2, 29), date(9999, 12, 31)]
    rows = pd.DataFrame({"D": days})
    for suffix, shown in (("sav", "SDATE10"), ("por", "EDATE10"), ("xpt", "DDMMYY10"),
                          ("dta", "%td")):  # fmt: skip
        path = write(rows, tmp_path / f"d.{suffix}", variable_format={"D": shown})
        read = frame_of(StatFiles([str(path)]), {"D": "number"}).to_native()
        assert [row[0] for row in read.fetchall()] == days, suffix


def test_times_that_are_of_no_plain_calendar_and_days_of_none_are_refused(tmp_path):
    with pytest.raises(mih.PanelContractError, match=r"not calendar times.*Do: .*dofC"):
        cells(stata(tmp_path, "%tC", 5.0))
    with pytest.raises(mih.PanelContractError, match=r"outside the calendar.*1 value"):
        cells(stata(tmp_path, "%td", 1e9))


# --- pieces, files that are none ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dta", "sav", "zsav", "xpt5", "xpt8"])
def test_a_file_read_in_pieces_is_the_file(kind, tmp_path, monkeypatch):
    draws = np.random.default_rng(1)
    texts = draws.choice(np.array(["", "", "æ1", "02"], object), 3_500)
    rows = pd.DataFrame({"T": texts}) if kind[:3] == "xpt" else pd.DataFrame(
        {"T": texts, "N": draws.normal(size=3_500).round(3)}
    )  # fmt: skip
    rows.loc[3_499, "T"] = texts[-1] = "02"
    rows.loc[999:1_001, "T"] = texts[999:1_002] = ""  # blank rows where a piece would end
    version = {"file_format_version": int(kind[3])} if kind[:3] == "xpt" else {}
    path = write(rows, tmp_path / f"p.{kind.rstrip('58')}", **version)
    whole = cells(path)
    monkeypatch.setattr(statfiles, "CELLS", 1)  # pieces of a thousand rows
    assert cells(path).equals(whole)
    assert whole["T"].fillna("").tolist() == texts.tolist()


def test_a_transport_file_of_several_tables_and_one_in_windows_1252(tmp_path):
    path = write(pd.DataFrame({"T": ["aa", "bb"]}), tmp_path / "t.xpt")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"aa", "Åå".encode("cp1252")))
    assert cells(path)["T"].tolist() == ["Åå", "bb"]
    for version in (5, 8):
        write(pd.DataFrame({"T": ["aa", "bb"]}), path, file_format_version=version)
        raw = path.read_bytes()
        path.write_bytes(raw + raw[240:])
        with pytest.raises(mih.PanelContractError, match="holds several tables"):
            cells(path)


def test_the_files_that_are_taken_for_a_programs_are_those_that_can_be_read():
    (kind,) = (kind for kind in files.KINDS if kind.name == "stat")
    assert set(kind.suffixes) == set(statfiles.STAT)


@pytest.mark.parametrize("suffix", [s[1:] for s in statfiles.STAT])
def test_a_file_that_is_none_and_a_broken_one_are_told(suffix, tmp_path):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(b"no such file" * 100)
    with pytest.raises(mih.MihImpactError, match=r"x\.\w+ cannot be read as a file of S.*Do: "):
        mih.read_panel(path)


@pytest.mark.parametrize("name", ["formats.sas7bcat", "labels.sps"])
def test_a_file_of_labels_is_told_from_data(name, tmp_path):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(mih.PanelContractError, match="labels or commands, and no rows"):
        mih.read_panel(tmp_path / name)


def test_files_of_two_types_are_told_from_unknown_ones(tmp_path):
    write(ROWS, tmp_path / "a.dta")
    write(ROWS, tmp_path / "a.xlsx")
    with pytest.raises(mih.PanelContractError, match="name files of one type"):
        mih.read_panel(str(tmp_path / "a.*"))


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [
        ("pyreadstat", "a.sav", "stat"),
        ("pyarrow", "a.dta", "stat"),
        ("openpyxl", "a.xlsx", "excel"),
    ],
)
def test_without_the_extra_its_pip_command_is_named(package, name, extra, tmp_path, monkeypatch):
    path = write(ROWS, tmp_path / name)
    found = mih.errors.find_spec
    monkeypatch.setattr(mih.errors, "find_spec", lambda n: None if n == package else found(n))
    with pytest.raises(mih.errors.MissingExtraError, match=rf"mih-impact\[{extra}\]"):
        mih.read_panel(path, columns=NAMES)


def test_what_was_written_for_the_engine_goes_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = write(ROWS, tmp_path / "a.sav")
    panel = mih.read_panel(path, columns=NAMES)
    assert list(tmp_path.glob("mih_impact_*/*.parquet"))
    del panel
    gc.collect()
    assert not list(tmp_path.glob("mih_impact_*"))


def test_a_flag_of_one_and_two_is_no_yes_and_no(tmp_path):
    rows = pd.DataFrame({"LNR": [1.0, 23.0], "AAR": [2019.0] * 2, "M": [1.0, 2.0]})
    path = write(rows, tmp_path / "a.sav")
    table_ = mih.Table(path, key="LNR", columns={"year": "AAR", "eligible": "M"})
    with pytest.raises(mih.PanelContractError, match=r"M that are no yes or no.*1 row"):
        mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1, 23]})), yearly=[table_],
                        years=(2019, 2020))  # fmt: skip


# --- Excel ----------------------------------------------------------------------------------------


def book(tmp_path: Path, *rows: list, formats: dict | None = None) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for cell, shown in (formats or {}).items():
        made.active[cell].number_format = shown
    made.save(tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


HEAD = ["person_id", "year", "wage_income", "municipality"]


def test_cells_of_excel_keep_zeros_and_types(tmp_path):
    path = book(tmp_path, HEAD, ["007", 2019, 5, 301], ["008", 2019, 5.5, 1103],
                formats={"D2": "0000", "D3": "0000"})  # fmt: skip
    rows = table(mih.read_panel(path))
    assert rows == [["007", 2019, 5.0, "0301"], ["008", 2019, 5.5, "1103"]]
    path = book(tmp_path, ["person_id", "d"], [1, datetime(2020, 1, 2)])
    wages = pd.DataFrame({"person_id": [1], "y": [2020], "w": [1.0]})
    panel = mih.build_panel(
        mih.Table(path, columns={"birth_date": "d"}),
        yearly=[mih.Table(wages, columns={"year": "y", "wage_income": "w"})],
        years=(2020, 2020),
    )
    assert 2020 in panel.frame.collect("pandas").to_native()["birth_year"].tolist()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([HEAD, ["1", 2019, "=1+1", "x"]], "formulas without their values.*1 cell"),
        ([HEAD, ["1", 2019, "#N/A", "x"]], "Excel shows an error.*1 cell"),
        ([["title"], HEAD], "not the names of the columns.*3 columns"),
        ([[1, 2019], [2, 2020]], "not the names of the columns.*numbers"),
        ([["a", "a"], [1, 2]], "a more than once"),
        ([], "not have exactly one sheet with rows.*0 sheets"),
    ],
)
def test_sheets_that_are_no_table_are_refused(rows, says, tmp_path):
    with pytest.raises(mih.PanelContractError, match=says):
        mih.read_panel(book(tmp_path, *rows))
