"""A panel built on a Spark cluster is the one that DuckDB builds, to the last bit."""

from __future__ import annotations

import duckdb
import narwhals as nw
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import EngineError, OptionError
from mih_impact.registers.spark import SparkStore, in_spark
from mih_impact.registers.taking import Wanted, _Reader

ELIGIBLE = (nw.col("sex") == "mann") & ~(nw.col("start_year") <= nw.col("year"))
#: What stands in the columns of registers, and what does not but might.
TEXTS = ["2020-02-29", "2021-02-29", "2020-2-3", "2020-02-03 ", "20200229", "29.02.2020",
         "3/2/2020", "31DEC2024", "1jan2020", "31DEC24", "2020", "202002", "2020-02", "2020q3",
         "2020h2", "2020w52", "2020w7", "2020-02-03 10:11", "2020-02-03T10:11:12.5",
         "2020-02-03T23:00:00Z", "2020-02-03 00:00:00+00:00", "12", " 12 ",
         "-7", "+5", "12.0", "12.5", "-12.5", ".5", "5.", "1e3", "1d", "0x1F", "007", "true", "T",
         "ja", "0", "nei", "", " ", "a", "12a", "1-1-1", "99999999", "æøå", None,
         "9223372036854775807"]  # fmt: skip
NUMBERS = [0.0, -0.0, 1.0, -7.0, 7.5, -7.5, 0.125, 4e15, 9e15, 1e300, 0.1 + 0.2, 2020.0, None,
           float("nan"), float("inf"), -float("inf")]  # fmt: skip


@pytest.fixture(scope="module")
def session(spark):
    """A session that makes no code for statements of which each runs once on a few rows."""
    session = spark.newSession()
    session.conf.set("spark.sql.codegen.wholeStage", "false")
    session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    session.conf.set("spark.sql.adaptive.enabled", "false")
    return session


def rows(panel):
    """Return the rows of a panel in the order of their keys, with the engine's types."""
    frame = panel.frame.collect("pyarrow").to_native()
    return frame.sort_by([("person_id", "ascending"), ("year", "ascending")])


def test_the_delivery_gives_the_same_panel_on_a_cluster(session, tmp_path):
    mih.synthetic_delivery(tmp_path, participants=12, persons=300, seed=11)
    dated = {"start": "fra_dato", "stop": "til_dato"}
    held = {"key": "bruker_id", **dated, "id": "vedtak_id", "revision": "versjon",
            "cancelled": "annullert"}  # fmt: skip
    paid = {**held, "amount": "dagsats", "per": "day"}
    tables = {
        "persons": mih.Table(
            tmp_path / "persons.csv",
            key="lopenr",
            columns={"birth_date": "fodt", "death_date": "dod", "sex": "kjonn"},
            values={"sex": {1: "mann", 2: "kvinne"}},
        ),
        "identifiers": mih.Table(
            tmp_path / "key.csv",
            key="lopenr",
            columns={"identifier": "bruker_id"},
            valid_from="fra_dato",
            valid_to="til_dato",
        ),
        "yearly": [
            mih.Table(
                tmp_path / "income_*.parquet",
                versions="latest",
                key="lopenr",
                columns={"year": "aar", "wage_income": "lonn"},
                revision="versjon",
            )
        ],
        "spells": [
            mih.Spells(tmp_path / "dagpenger_*.parquet", versions="latest", to="dagpenger",
                       days="weekdays", overlap="latest", **paid),
            mih.Spells(tmp_path / "aap.dta", to="aap", days=mih.scaled(260), overlap="highest",
                       covers_to="2019-06-15", **paid),
            mih.Spells(tmp_path / "sosialhjelp.sav", to="sosialhjelp", amount="utbetalt",
                       per="spell", overlap="sum", **held),
            mih.Spells(tmp_path / "unemployed.parquet", to="days_unemployed", count="days",
                       stops="exclusive", overlap="union", gap=20, **held),
        ],
        "status": [
            mih.Status(tmp_path / "addresses.parquet", to="county", value="kommunenr",
                       at="longest", key="lopenr", gap=5, **dated,
                       values={"county": mih.codes.county(2024)})
        ],
        "residence": mih.Spells(tmp_path / "resident.csv", key="lopenr", **dated),
        "starts": mih.Starts(
            tmp_path / "measures.csv",
            key="bruker_id",
            **dated,
            measure="tiltak",
            earlier="earlier",
            gap=10,
            where={"tiltak": ["REKRUTT"], "status": ["GJENN", "FULLF", "AVBRUTT"]},
            exclude={"status": ["VENTELISTE", "IKKEMØTT", "FEILREG"]},
        ),
        "years": (2009, 2024),
        "rows": "events",
        "benefit_type": "december",
        "units": {"days_unemployed": "days"},
        "eligible": ELIGIBLE,
    }  # fmt: skip
    here = mih.build_panel(**tables, out=tmp_path / "here")
    there = mih.build_panel(**tables, out=tmp_path / "there", engine=session)
    found, expected = rows(there), rows(here)
    assert len(expected) > 3_000
    assert found.column_names == expected.column_names
    assert found.schema.types == expected.schema.types
    for name in expected.column_names:
        assert found[name].equals(expected[name]), name
    spells = [
        duckdb.sql(f"SELECT * FROM '{tmp_path}/{path}' ORDER BY ALL").fetchall()
        for path in (
            "here/residence/residence.parquet",
            "there/residence/residence.parquet/*.parquet",
        )
    ]
    assert len(spells[0]) > 300
    assert spells[0] == spells[1]
    pd.testing.assert_frame_equal(there.sources(), here.sources(), check_exact=True)
    again = mih.read_panel(
        tmp_path / "there" / "panel.parquet" / "*.parquet", units={"days_unemployed": "days"}
    )
    assert rows(again)["dagpenger"].equals(expected["dagpenger"])
    evidence = [each.provenance.evidence for each in (again, there, here)]
    assert evidence[0] == evidence[1] == evidence[2]
    assert "synthetic" in evidence[0]["en"].lower()
    table = expected.to_pandas()
    person, year = table.loc[table["sosialhjelp"] > 0, ["person_id", "year"]].iloc[3]
    told = [each.explain(person, year, "sosialhjelp") for each in (there, here)]
    assert len(told[1]) > 1
    pd.testing.assert_frame_equal(*told, check_exact=True)


def readings(type_: str) -> dict[str, str]:
    """Return the SQL by which a column becomes a value of each kind."""
    reader = _Reader(None, mih.Spells(None, count="days", dates="dmy"), "", "raw", ())
    kinds = ["key", "rank", "year", "month", "int"]
    kinds += ["bool", "date", "date start", "date stop"] if type_ == "VARCHAR" else ["money"]
    return {
        kind: reader.expr(Wanted("x", kind.split()[0]), type_, kind.partition(" ")[2])
        for kind in kinds
    }


#: What DuckDB reads and Spark does not: who has it is told, as a value that cannot be read is.
STRICTER = {
    ("rank", "1-1-1"),
    ("rank", "2020-02-03T23:00:00Z"),
    ("rank", "2020-02-03 00:00:00+00:00"),
}


@pytest.mark.parametrize(("values", "type_"), [(TEXTS, "VARCHAR"), (NUMBERS, "DOUBLE")])
def test_values_are_read_alike_or_not_at_all(session, values, type_):
    store = SparkStore.in_session(session, 10**9)
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object if type_ == "VARCHAR" else float)})
    name, made = store.take_frame(frame), readings(type_)
    assert store.types(name)["x"] == type_
    sql = f"SELECT x, {', '.join(made.values())} FROM"
    here = duckdb.sql(f"{sql} frame").fetchall()
    stricter = set()
    for expected, found in zip(here, store.run(f"{sql} {name}"), strict=True):
        for kind, a, b in zip(made, expected[1:], found[1:], strict=True):
            if a != b:
                assert b is None, (kind, expected[0], a, b)
                stricter.add((kind, expected[0]))
    assert stricter == (STRICTER if type_ == "VARCHAR" else set())


def test_what_the_cluster_cannot_do_is_a_typed_error(session, tmp_path):
    store = SparkStore.in_session(session, 10**9)
    with pytest.raises(EngineError, match=r"larger than Spark's whole numbers.*engine=None"):
        store.run("SELECT CAST(round(1e19::DOUBLE) AS HUGEINT)")
    for k, values in enumerate(([1, 2], ["a", "b"])):
        pd.DataFrame({"x": values}).to_parquet(tmp_path / f"{k}.parquet")
    with pytest.raises(EngineError, match="a column of several types"):
        store.take_files([str(tmp_path / f"{k}.parquet") for k in (0, 1)])
    with pytest.raises(OptionError, match="a Spark session, or None"):
        mih.build_panel(mih.Table(pd.DataFrame({"person_id": [1]})), years=(2020, 2020), engine=1)


def test_times_with_a_time_zone_are_no_days_but_a_spark_frame_shows_its_own(session):
    days = pd.DataFrame({"person_id": ["a"], "start": [pd.Timestamp(2019, 12, 30)],
                         "stop": [pd.Timestamp(2020, 1, 2)]})  # fmt: skip
    persons = mih.Table(days[["person_id"]])

    def counted(rows):
        spells = [mih.Spells(rows, name="s", to="n", count="days")]
        units = {"n": "days"}
        years = (2019, 2020)
        return mih.build_panel(persons, years=years, spells=spells, units=units, engine=session)

    for rows in (days, session.createDataFrame(days)):
        found = counted(rows).frame.collect("pyarrow").to_native().to_pydict()
        assert dict(zip(found["year"], found["n"], strict=True)) == {2019: 2.0, 2020: 2.0}
    zoned = days.assign(start=days["start"].dt.tz_localize("Europe/Oslo"))
    with pytest.raises(mih.PanelContractError, match="times with a time zone in start"):
        counted(zoned)


def test_rows_are_numbered_through_all_files_in_their_order(session, tmp_path):
    store, files = SparkStore.in_session(session, 10**9), []
    for k, n in enumerate((3, 1, 2)):
        files.append(str(tmp_path / f"å +{k} %20.parquet"))
        pd.DataFrame({"x": range(10 * k, 10 * k + n), "start_epoch_days": 0}).to_parquet(files[-1])
    name = store.take_files(files)
    assert set(store.types(name)) == {"x", "start", "mih_impact row"}
    found = store.run(f'SELECT "mih_impact row", x FROM {name} ORDER BY 1')
    assert found == [(1, 0), (2, 1), (3, 2), (4, 10), (5, 20), (6, 21)]
    taken = store.take_frame(session.createDataFrame([("a", 1.5)], ["key", "kr"]))
    assert store.types(taken) == {"key": "VARCHAR", "kr": "DOUBLE", "mih_impact row": "BIGINT"}


def test_a_statement_says_in_spark_what_it_says_in_duckdb():
    assert in_spark("SELECT make_date(y, 1, 1) - 1, greatest(a) FROM t") == (
        "SELECT MAKE_DATE(CAST(`y` AS INT), CAST(1 AS INT), CAST(1 AS INT)) - 1, `a` FROM `t`"
    )
