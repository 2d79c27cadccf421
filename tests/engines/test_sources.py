"""What a source may be like, whatever the engine: empty columns, copies, other rows each time."""

from __future__ import annotations

import contextlib

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from mih_impact.errors import EngineError, MihImpactError, PanelContractError
from mih_impact.panel.person_counts import Duplicates
from mih_impact.panel.read import read_panel
from tests.engines.engines import ENGINES

ROWS = pd.DataFrame(
    {
        "person_id": ["a", "a", "b", "b"],
        "year": [2020, 2021] * 2,
        "wage_income": [3e5, 3.1e5, 4e5, 4.1e5],
        "county": ["03", None, "11", "11"],
    }
)
EXITS = ("death_year", "emigration_year")


# --- columns of nothing but nulls -----------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float64"])
@pytest.mark.parametrize("name", ["death_year", "dagpenger", "start_year", "shoe_size", "eligible"])
def test_a_column_of_nulls_is_a_breach_and_no_crash(engine, dtype, name, tmp_path):
    frame = ROWS.assign(**{name: pd.array([None] * 4, dtype=dtype)})
    panel = read_panel(ENGINES[engine](frame, tmp_path), money="fixed")
    (breach,) = (b for b in panel.check().breaches if b.column == name)
    assert (breach.rule, breach.rows) == ("all null", 4)
    assert panel.check().passed == (name in EXITS)
    if name in EXITS:
        assert np.isnan(panel.cube().fixed[name]).all()


@pytest.mark.parametrize(
    "source",
    [
        lambda: ROWS.assign(death_year=pd.Series([None] * 4, dtype=object)),
        lambda: pl.from_pandas(ROWS).with_columns(death_year=None),
        lambda: pl.from_pandas(ROWS).with_columns(death_year=None).lazy(),
        lambda: pl.from_pandas(ROWS).with_columns(death_year=None).to_arrow(),
        lambda: duckdb.connect().from_arrow(
            pl.from_pandas(ROWS).with_columns(death_year=None).to_arrow()
        ),
    ],
    ids=["pandas", "polars", "polars lazy", "pyarrow", "duckdb"],
)
def test_nulls_without_a_type_are_numbers(source, tmp_path):
    panel = read_panel(source(), money="fixed")
    assert [b.rule for b in panel.check().breaches] == ["all null"]
    assert np.isnan(panel.cube().fixed["death_year"]).all()


def test_nulls_without_a_type_in_a_file(tmp_path):
    path = tmp_path / "register.parquet"
    pl.from_pandas(ROWS).with_columns(death_year=None, to=None).write_parquet(path)
    assert [b.column for b in read_panel(path, money="fixed").check().breaches] == [
        "to",
        "death_year",
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_extract_with_the_usual_header_is_an_empty_register(engine, tmp_path):
    usual = ROWS.assign(start_year=2020.0, eligible=True, birth_year=1980)
    panel = read_panel(ENGINES[engine](usual.iloc[:0], tmp_path))
    assert [b.rule for b in panel.check().breaches] == ["empty"]


def test_an_empty_csv_with_the_usual_header_is_an_empty_register(tmp_path):
    path = tmp_path / "register.csv"
    path.write_text("person_id;year;wage_income;start_year;eligible;birth_year;county\n")
    assert [b.rule for b in read_panel(path).check().breaches] == ["empty"]


# --- rows that are there more than once -----------------------------------------------------------

#: a 2020 three times the same; b 2020 twice, otherwise; b 2021 the same but for what is null.
TWICE = pd.concat(
    [
        ROWS,
        ROWS.iloc[[0, 0]],
        ROWS.iloc[[2]].assign(wage_income=5e5),
        ROWS.iloc[[3]].assign(county=None),
    ],
    ignore_index=True,
)


@pytest.mark.parametrize("engine", ENGINES)
def test_copies_and_rows_that_differ_are_told_apart(engine, tmp_path):
    panel = read_panel(ENGINES[engine](TWICE, tmp_path), money="fixed")
    assert panel._counts.persons.duplicates == Duplicates(copies=(1, 2), different=(2, 2))
    copies, different = panel.check().errors
    assert copies.what.en.startswith("1 of the person-years have copies")
    assert "not to be summed" in copies.do.en
    assert different.what.nb.startswith("2 av personårene har flere rader, og de er ulike")
    assert "sum the money if the rows are parts of one year" in different.do.en


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("names", "files", "advice"),
    [
        (("wages_v1", "wages_v2", "wages_v10"), "wages_v1", "wages_v10"),
        (("2020", "2021_too"), "2020", "read each year from one file"),
    ],
)
def test_the_same_rows_in_several_files_name_the_files(kind, names, files, advice, tmp_path):
    for name in names:
        frame = ROWS.assign(wage_income=ROWS["wage_income"] + len(name))
        if kind == "csv":
            frame.to_csv(tmp_path / f"{name}.csv", sep=";", index=False)
        else:
            pl.from_pandas(frame).write_parquet(tmp_path / f"{name}.parquet")
    panel = read_panel(tmp_path / f"*.{kind}", money="fixed")
    (breach,) = panel.check().errors
    assert breach.rows == 4 * (len(names) - 1)
    assert f"{files}.{kind}" in breach.what.en
    assert advice in breach.do.en
    assert str(tmp_path) not in breach.what.en + breach.do.en
    if advice in names:
        read_panel(tmp_path / f"{advice}.{kind}", money="fixed").require()


def test_files_of_a_year_each_are_one_register(tmp_path):
    for year, part in ROWS.groupby("year"):
        pl.from_pandas(part.reset_index(drop=True)).write_parquet(tmp_path / f"{year}_v1.parquet")
    panel = read_panel(tmp_path / "*.parquet", money="fixed")
    assert panel.check().passed
    assert panel.columns == ("person_id", "year", "wage_income", "county")
    assert panel.cube().fingerprint == read_panel(ROWS, money="fixed").cube().fingerprint


# --- sources that are others each time ------------------------------------------------------------


def many() -> pd.DataFrame:
    """Return 400 persons over ten years."""
    person, year = np.repeat(np.arange(400), 10), np.tile(np.arange(2014, 2024), 400)
    wage = 300_000 + 1_000.0 * (person % 97) + year
    start = np.where(person < 60, 2018.0, np.nan)
    return pd.DataFrame(
        {"person_id": person, "year": year, "wage_income": wage, "start_year": start}
    )


def _sampled(query: str) -> duckdb.DuckDBPyRelation:
    return _stored().sql(query)


def _stored() -> duckdb.DuckDBPyConnection:
    """Return a connection with the table r."""
    connection = duckdb.connect()
    connection.register("rows", many())
    connection.execute("CREATE TABLE r AS FROM rows")
    return connection


@pytest.mark.parametrize(
    "query",
    [
        "FROM r USING SAMPLE 60 PERCENT (bernoulli)",
        "FROM r WHERE person_id IN (SELECT person_id FROM (SELECT DISTINCT person_id FROM r)"
        " USING SAMPLE 200 ROWS)",
    ],
    ids=["rows", "persons"],
)
def test_a_sample_that_is_drawn_anew_each_time_is_refused(query):
    panel = read_panel(_sampled(query), money="fixed")
    for _ in range(3):
        with pytest.raises(EngineError, match=r"other rows each time.*write it to Parquet"):
            panel.cube()


def test_a_stored_sample_is_read():
    connection = _sampled("FROM r USING SAMPLE 60 PERCENT (bernoulli)")
    assert read_panel(connection.pl(), money="fixed").cube().n_persons > 200


def test_a_frame_that_is_changed_in_between_is_refused():
    frame = many()
    panel = read_panel(frame, money="fixed")
    panel.require()
    frame["wage_income"] += 1.0
    with pytest.raises(EngineError, match="with other sums"):
        panel.cube()


def test_a_file_that_is_written_to_in_between_is_refused(tmp_path):
    path = tmp_path / "register.parquet"
    many().to_parquet(path)
    panel = read_panel(path, money="fixed")
    panel.require()
    many().assign(wage_income=many()["wage_income"] + 1.0).to_parquet(path)
    with pytest.raises(EngineError, match="with other sums"):
        panel.cube()


def test_a_file_that_nobody_writes_to_is_not_summed_again(tmp_path, monkeypatch):
    path = tmp_path / "register.parquet"
    many().to_parquet(path)
    monkeypatch.setattr("mih_impact.panel.person_counts.row_sums", lambda *_: {})
    assert read_panel(path, money="fixed").cube().n_persons > 200


def test_a_stream_that_can_be_read_once_is_refused():
    reader = pl.from_pandas(many()).to_arrow().to_reader()
    panel = read_panel(duckdb.connect().from_arrow(reader), money="fixed")
    with pytest.raises(MihImpactError, match=r"can be read once|other rows each time"):
        panel.cube()


def test_a_busy_connection_says_how_to_free_it():
    connection = _stored()
    connection.execute("SELECT count(*) FROM r").fetchone()
    panel = read_panel(connection.table("r"), money="fixed")
    with contextlib.ExitStack() as stack:
        if duckdb.__version__ >= "2":  # DuckDB 1 lets it be read
            stack.enter_context(pytest.raises(EngineError, match=r"busy.*\.fetchall\(\)"))
        panel.check()
    assert read_panel(connection.cursor().table("r"), money="fixed").check().passed
    connection.execute("SELECT count(*) FROM r").fetchall()
    assert read_panel(connection.table("r"), money="fixed").check().passed


# --- files ----------------------------------------------------------------------------------------


def test_metadata_of_other_programs_need_not_be_text(tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    table = pl.from_pandas(ROWS).to_arrow().replace_schema_metadata({b"writer": b"\xff\xfe\x00"})
    pyarrow.parquet.write_table(table, tmp_path / "register.parquet")
    assert read_panel(tmp_path / "register.parquet", money="fixed").check().passed


@pytest.mark.parametrize("where", [5, 60, 200, -30, -9, -5])
def test_a_damaged_parquet_file_is_a_typed_error(where, tmp_path):
    path = tmp_path / "register.parquet"
    pl.from_pandas(ROWS).write_parquet(path)
    path.write_bytes(path.read_bytes()[:where])
    with pytest.raises(MihImpactError, match=r"not whole Parquet|not Parquet"):
        read_panel(path)


def test_tagged_missing_values_get_advice_that_can_be_followed():
    frame = ROWS.assign(wage_income=pd.Series([3e5, "a", 4e5, 4e5], dtype=object))
    with pytest.raises(PanelContractError) as caught:
        read_panel(frame)
    line = caught.value.do.partition("null with ")[2].partition(";")[0]
    frame["wage_income"] = eval(line, {"pandas": pd, "frame": frame})
    cube = read_panel(frame, money="fixed").cube()
    assert cube.null["wage_income"].tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([True, None, False, True], "eligible"),
        ([1.5, None, 2, 3], "months_unemployed"),
        ([1, "x", None, 2], "education"),
        (pd.to_datetime(["2019-08-19"] * 4), "birth_year"),
    ],
)
def test_advice_on_columns_without_a_type_can_be_followed(values, name):
    frame = ROWS.assign(**{name: pd.Series(values, dtype=None if name == "birth_year" else object)})
    try:
        read_panel(frame, money="fixed").require()
    except PanelContractError as error:
        line = error.do.rpartition(": ")[2]
        frame[name] = eval(line, {"frame": frame})
        read_panel(frame, money="fixed").require()
