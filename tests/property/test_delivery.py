"""The delivery to practise on gives back the register it was made from, to the øre and the day."""

from __future__ import annotations

import re
import shutil
import zipfile

import duckdb
import narwhals as nw
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.panel.contract import BENEFITS
from mih_impact.panel.synthetic.register import register_frame
from mih_impact.registers.fates import FATES

SIZE = {"participants": 60, "persons": 1_500, "seed": 11}

col = nw.col
#: The target group in the words of the register's README, home counties by their codes; who dies or
#: leaves in the year is not there at its end.
ELIGIBLE = (
    (col("sex") == "mann")
    & (col("year") - col("birth_year")).is_between(19, 55)
    & col("county").is_in(["31", "50", "33", "55"])
    & ~(col("start_year") <= col("year")).fill_null(False)
    & ~(col("death_year") <= col("year")).fill_null(False)
    & ~(col("emigration_year") <= col("year")).fill_null(False)
    & (
        (col("dagpenger") > 0)
        | (col("aap") > 0)
        | (col("tiltakspenger") > 0)
        | (col("sosialhjelp") > 0)
        | (col("months_unemployed") > 0)
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivery")
    mih.synthetic_delivery(folder, **SIZE)
    return folder


@pytest.fixture(scope="module")
def panel(folder):
    return mih.build_from_toml(folder / "tables.toml", eligible=ELIGIBLE)


@pytest.fixture(scope="module")
def register():
    return register_frame(**SIZE)[0]


def rows(panel, folder):
    """Return the rows of the panel with the invented names of places."""
    frame = panel.frame.collect("pandas").to_native().drop(columns="measure")
    places = pd.read_csv(folder / "places.csv", sep=";", encoding="cp1252", dtype=str)
    codes = places["kommunenr_2024"]
    frame["municipality"] = frame["municipality"].map(
        dict(zip(codes, places["kommune"], strict=True))
    )
    frame["county"] = frame["county"].map(dict(zip(codes.str[:2], places["fylke"], strict=True)))
    return frame.sort_values(["person_id", "year"], ignore_index=True)


def test_the_delivery_gives_the_register_back_bit_for_bit(panel, folder, register):
    found = rows(panel, folder)[list(register)]
    found["months_unemployed"] = found["months_unemployed"].astype("int64")
    expected = register.assign(eligible=register["eligible"].astype(bool))
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)
    assert (found[list(BENEFITS)] > 0).any().all()


def effects(source):
    group = mih.match(
        source,
        exact=["county", "benefit_type"],
        on=["age", "education", *mih.lag("wage_income", 1, 2, 3)],
    )
    return mih.event_study(group).to_frame()


def test_the_effects_are_those_of_the_register_to_the_digit(panel, register):
    pd.testing.assert_frame_equal(
        effects(panel), effects(mih.read_panel(register)), check_exact=True
    )


def test_the_whole_delivery_gives_the_effects_of_the_reference_case(tmp_path):
    mih.synthetic_delivery(tmp_path)
    panel = mih.build_from_toml(tmp_path / "tables.toml", eligible=ELIGIBLE)
    pd.testing.assert_frame_equal(effects(panel), effects(mih.example_panel()), check_exact=True)


def test_every_row_of_the_delivery_has_one_fate(panel):
    told = panel.sources()
    assert (told[list(FATES)].sum(axis=1) == told["rows_read"]).all()
    met = {fate for fate in FATES if told[fate].any()}
    assert met >= {"used", "revised", "cancelled", "merged", "excluded", "other_measure", "later",
                   "outside", "after_death", "without_person"}  # fmt: skip


def test_the_delivery_says_that_it_is_synthetic(folder):
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert "SYNTETISK" in text
    assert "SYNTHETIC" in text
    assert "synthetic" in (folder / "tables.toml").read_text(encoding="utf-8")


def test_the_same_command_writes_the_same_delivery(folder, tmp_path):
    for path in mih.synthetic_delivery(tmp_path, **SIZE):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_the_delivery_has_what_it_is_to_teach(folder):
    places = pd.read_parquet(folder / "addresses.parquet")
    days = pd.to_datetime(places["fra_dato"])
    used = {
        code: set(days[places["kommunenr"] == code].dt.year) for code in ("0101", "3001", "3101")
    }
    assert max(used["0101"]) < 2020
    assert (min(used["3001"]), max(used["3001"])) >= (2020, 2020)
    assert max(used["3001"]) < 2024 == min(used["3101"])
    benefit = pd.read_parquet(folder / "dagpenger_v2.parquet")
    assert benefit["til_dato"].isna().any()
    assert (benefit["til_dato"].astype(str) == "9999-12-31").any()
    assert len(pd.read_parquet(folder / "dagpenger_v1.parquet")) < len(benefit)
    raw = (folder / "measures.csv").read_bytes()
    assert "IKKEMØTT".encode("cp1252") in raw
    assert re.search(rb"\d\d\.\d\d\.\d{4}", raw)
    key = pd.read_csv(folder / "key.csv", sep=";", encoding="cp1252", dtype=str)
    assert key["lopenr"].duplicated().any()


def test_the_effects_of_a_panel_in_files_are_the_same(folder, panel, tmp_path):
    built = mih.build_from_toml(folder / "tables.toml", out=tmp_path, eligible=ELIGIBLE)
    again = mih.read_panel(tmp_path / "panel.parquet", resident=tmp_path / "residence/*.parquet")
    for other in (built, again):
        pd.testing.assert_frame_equal(rows(other, folder), rows(panel, folder))


def test_an_explained_cell_leaves_no_identifier_in_any_file(panel, folder, tmp_path, monkeypatch):
    spilled = tmp_path / "spilled"
    spilled.mkdir()
    monkeypatch.setenv("TMPDIR", str(spilled))
    monkeypatch.chdir(spilled)
    frame = panel.frame.collect("pandas").to_native()
    cell = frame[frame["start_year"].notna() & (frame["aap"] > 0)].iloc[0]
    told = panel.explain(cell["person_id"], int(cell["year"]), "aap")
    assert len(told) > 1
    group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1)], ratio=1)
    effects = mih.event_study(group, outcomes=["wage_income"])
    case = mih.cost_benefit(effects, mih.Assumptions.r109(), programme=mih.Programme.none())
    shown = [effects, case, group, panel, panel.check()]
    texts = [f"{each!r} {each._repr_html_()}" for each in shown] + [panel.sources().to_csv()]
    (spilled / "shown.txt").write_text(" ".join(texts), encoding="utf-8")
    effects.save(spilled / "effects.zip")
    case.save(spilled / "case.zip")
    mih.write_memo(case, spilled / "memo.html")
    key = pd.read_csv(folder / "key.csv", sep=";", encoding="cp1252", dtype=str)
    of = key.loc[key["lopenr"] == cell["person_id"]]
    found = [contents(path) for path in spilled.rglob("*") if path.is_file()]
    assert len(found) == 4
    for identifier in {cell["person_id"], *of["bruker_id"]}:
        assert not any(identifier.encode() in content for content in found)


def contents(path):
    """Return what is in a file, and in the files of a zip."""
    content = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content += b"".join(archive.read(name) for name in archive.namelist())
    return content


# --- what kind of data it is --------------------------------------------------------------------


def test_a_panel_of_the_delivery_says_that_it_is_synthetic_wherever_it_goes(folder, tmp_path):
    """The tables of its Parquet files say so, and so does the file of the panel."""
    built = mih.build_from_toml(folder / "tables.toml", out=tmp_path)
    again = mih.read_panel(tmp_path / "panel.parquet")
    for each in (built, again):
        assert "synthetic" in each.provenance.evidence["en"].lower()
        assert "syntetisk" in each.provenance.evidence["nb"].lower()


def test_what_the_caller_says_of_the_data_is_written_with_the_panel(folder, tmp_path):
    said = {"nb": "oppdiktede rader i Nav's stil", "en": "invented rows, as Nav's would be"}
    persons = mih.Table(folder / "persons.csv", key="lopenr")
    income = mih.Table(
        folder / "income_*.parquet",
        key="lopenr",
        columns={"year": "aar", "wage_income": "lonn"},
        versions="latest",
        revision="versjon",
    )
    mih.build_panel(persons, yearly=[income], years=(2009, 2020), evidence=said, out=tmp_path)
    assert mih.read_panel(tmp_path / "panel.parquet").provenance.evidence == said


# --- the same information in another form ---------------------------------------------------------

BENEFIT, SPELLS = "tiltakspenger.parquet", "unemployed.parquet"
LAST = "DATE '9999-12-31'"
#: What is written in place of the rows of a table.
OTHER_FORMS = {
    "rows in another order": (BENEFIT, "SELECT * FROM t ORDER BY hash(vedtak_id, versjon)"),
    "a cancelled decision beside each": (
        BENEFIT,
        "FROM t UNION ALL SELECT * REPLACE (fra_dato - 40 AS fra_dato, 2 * dagsats AS dagsats, "
        "vedtak_id + 1000000 AS vedtak_id, 'J' AS annullert) FROM t",
    ),
    "an older version of each": (
        BENEFIT,
        "FROM t UNION ALL SELECT * REPLACE (fra_dato - 40 AS fra_dato, 3 * dagsats AS dagsats, "
        "0 AS versjon, 'N' AS annullert) FROM t",
    ),
    "open ends without a date": (
        "dagpenger_v2.parquet",
        f"SELECT * REPLACE (nullif(til_dato, {LAST}) AS til_dato) FROM t",
    ),
    "open ends as the last day there is": (
        "dagpenger_v2.parquet",
        f"SELECT * REPLACE (coalesce(til_dato, {LAST}) AS til_dato) FROM t",
    ),
    "spells in two that are adjacent": (
        SPELLS,
        "WITH s AS (SELECT *, min(coalesce(til_dato, current_date) - fra_dato) OVER "
        "(PARTITION BY vedtak_id) > 9 AS long FROM t) "
        "SELECT * EXCLUDE long REPLACE (if(long, fra_dato + 8, til_dato) AS til_dato) FROM s "
        "UNION ALL SELECT * EXCLUDE long REPLACE (fra_dato + 9 AS fra_dato, "
        "vedtak_id + 1000000 AS vedtak_id) FROM s WHERE long",
    ),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    mih.synthetic_delivery(folder, participants=20, persons=300, seed=3)
    return folder, frame_of(folder)


def frame_of(folder):
    frame = mih.build_from_toml(folder / "tables.toml").frame.collect("pandas").to_native()
    return frame.sort_values(["person_id", "year"], ignore_index=True)


def rewritten(path, sql):
    """Write a table anew as a query on it, `t`; return how many of its rows were not there."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"CREATE TABLE t AS FROM '{path}'")
        connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
        new = f"SELECT count(*) FROM (FROM '{path}' EXCEPT ALL FROM t)"
        return connection.execute(new).fetchone()[0]


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_the_same_information_in_another_form_gives_the_same_panel(form, small, tmp_path):
    folder, expected = small
    copy = shutil.copytree(folder, tmp_path / "copy")
    table, sql = OTHER_FORMS[form]
    assert (rewritten(copy / table, sql) > 0) == ("order" not in form)
    pd.testing.assert_frame_equal(frame_of(copy), expected, check_exact=True)


def test_other_identifiers_give_the_same_panel(small, tmp_path):
    folder, expected = small
    copy = shutil.copytree(folder, tmp_path / "copy")
    for path in copy.glob("*.csv"):
        path.write_bytes(re.sub(rb"(?m)^p(?=\d)", b"zz-", path.read_bytes()))
    for path in copy.glob("*.parquet"):
        if "lopenr" in pd.read_parquet(path).columns:
            rewritten(path, "SELECT * REPLACE (replace(lopenr, 'p', 'zz-') AS lopenr) FROM t")
    found = frame_of(copy)
    assert found["person_id"].str.startswith("zz-").all()
    found["person_id"] = found["person_id"].str.replace("zz-", "p")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
