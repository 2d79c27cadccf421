"""read_panel: sources, names, types, and what a Panel says of itself."""

from __future__ import annotations

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

import mih_impact as mih
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel.read import read_panel
from mih_impact.panel.sources import footers
from tests.support import small_register

ROWS = pd.DataFrame(
    {
        "lopenr": [1, 1, 2, 2],
        "aar": [2019, 2020, 2019, 2020],
        "lonn": [100.0, 110.0, 200.0, np.nan],
        "kjonn": [1, 1, 2, 2],
        "malgruppe": ["J", "N", "N", "J"],
    }
)
NAMES = {
    "person_id": "lopenr",
    "year": "aar",
    "wage_income": "lonn",
    "sex": "kjonn",
    "eligible": "malgruppe",
}
VALUES = {"sex": {1: "man", 2: "woman"}, "eligible": {"J": True, "N": False}}


def read(source, **options):
    return read_panel(source, columns=NAMES, values=VALUES, money="fixed", **options)


def test_names_and_codes_are_translated():
    panel = read(ROWS)
    assert panel.columns == ("person_id", "year", "wage_income", "eligible", "sex")
    cube = panel.cube()
    assert cube.person_id.tolist() == ["1", "2"]
    assert cube.fixed["sex"].tolist() == ["man", "woman"]
    assert cube.eligible.tolist() == [[True, False], [False, True]]


def test_paths_globs_and_strings(tmp_path):
    for year, part in ROWS.groupby("aar"):
        pl.from_pandas(part.reset_index(drop=True)).write_parquet(tmp_path / f"r{year}.parquet")
    whole = read(ROWS).cube().fingerprint
    assert read(tmp_path / "r*.parquet").cube().fingerprint == whole
    assert read(str(tmp_path / "r*.parquet")).cube().fingerprint == whole
    assert read(tmp_path / "r2019.parquet").last_year == 2019


def test_parquet_files_are_matched_by_name_not_by_place(tmp_path):
    one, other = ROWS[ROWS["aar"] == 2019], ROWS[ROWS["aar"] == 2020]
    pl.from_pandas(one).write_parquet(tmp_path / "a.parquet")
    pl.from_pandas(other[other.columns[::-1]]).write_parquet(tmp_path / "b.parquet")
    assert read(tmp_path / "*.parquet").cube().fingerprint == read(ROWS).cube().fingerprint


def in_parts(folder, second, write):
    """The rows in two files, of which the second has other columns."""
    rows = ROWS.drop(columns="malgruppe").assign(dagpenger=[5.0, 6.0, 7.0, 8.0])
    for year, change in ((2019, lambda part: part), (2020, second)):
        write(change(rows[rows["aar"] == year]), folder / f"{year}")
    names = {name: NAMES[name] for name in ("person_id", "year", "wage_income", "sex")}
    return names | {"dagpenger": "dagpenger"}


@pytest.mark.parametrize("kind", ["parquet", "dta"])
def test_a_column_that_a_file_lacks_is_not_read_as_nothing_paid(kind, tmp_path):
    def write(part, path):
        if kind == "parquet":
            return part.to_parquet(path.with_suffix(".parquet"))
        return part.to_stata(path.with_suffix(".dta"), write_index=False)

    source = tmp_path / f"*.{kind}"
    names = in_parts(tmp_path, lambda part: part.rename(columns={"dagpenger": "dagp"}), write)
    panel = read_panel(source, columns=names, money="fixed")
    (breach,) = panel.check().errors
    assert (breach.rule, breach.column, breach.rows) == ("conversion", "dagpenger", 2)
    assert "in a file that lacks the column" in breach.what.en
    with pytest.raises(PanelContractError, match="one name in all the files"):
        panel.cube()
    # As advised: one name, or an empty column.
    in_parts(tmp_path, lambda part: part.assign(dagpenger=np.nan), write)
    told = read_panel(source, columns=names, money="fixed").cube()
    assert told.outcome("dagpenger").tolist() == [[5.0, 0.0], [7.0, 0.0]]
    # What the panel does not know may differ, and is missing where it is not.
    in_parts(tmp_path, lambda part: part.assign(extra=1.5), write)
    extra = read_panel(source, columns=names, money="fixed").cube().as_of("extra", 2019)
    assert np.isnan(extra.values.astype(float)).all()


def test_what_footers_say_is_what_counting_finds(tmp_path):
    wide = pl.DataFrame(
        {
            "person_id": [1, 2, 3, 4],
            "year": [2019, 2020, 2019, None],
            "wage_income": pl.Series([100.0, np.nan, 300.5, None]),
            "dagpenger": [None, 5, 2_000_000_000, 7],
            "birth_year": pl.Series([1980, None, 1990, 3000], dtype=pl.UInt16),
            "start_year": pl.Series([None] * 4, dtype=pl.Int32),
            "eligible": [True, None, False, True],
            "county": ["03", None, "11", "03"],
            "sex": pl.Series([None] * 4, dtype=pl.String),
        }
    )
    files = {
        "whole": [wide],
        "groups": [wide[:2], wide[2:]],
        "lacking": [wide, wide.drop("dagpenger", "birth_year")],
        "otherwise": [wide, wide.rename({"dagpenger": "DAGPENGER"})],
        "mixed": [wide, wide.with_columns(pl.col("birth_year").cast(pl.Float64))],
        "empty": [wide[:0], wide],
        "year=2019": [wide],
    }
    found = {}
    for folder, parts in files.items():
        (tmp_path / folder).mkdir()
        for k, part in enumerate(parts):
            part.write_parquet(tmp_path / folder / f"{k}.parquet")
        names = sorted(map(str, (tmp_path / folder).iterdir()))
        told = read_panel(str(tmp_path / folder / "*.parquet"), money="fixed")
        counted = read_panel(duckdb.connect().read_parquet(names, union_by_name=True))
        assert told._counts.rows == counted._counts.rows, folder
        found[folder] = sorted(footers(told._counts.raw, told._counts.files))
    told = {"birth_year", "county", "dagpenger", "person_id", "sex", "start_year", "year"}
    assert found["whole"] == found["groups"] == found["empty"] == sorted(told)
    assert found["lacking"] == sorted(told - {"birth_year", "dagpenger"})
    assert found["otherwise"] == sorted(told - {"dagpenger"})
    assert found["mixed"] == sorted(told - {"birth_year"})
    assert found["year=2019"] == []


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    path = tmp_path / "register.parquet"
    pl.from_pandas(ROWS).write_parquet(path)
    panel = read(path)
    assert "ikke lest ennå" in panel.summary("nb")
    assert "not read yet" in panel.summary("en")
    panel.check()
    assert "2019–2020" in panel.summary("nb")


def test_each_panel_has_a_connection_of_its_own(tmp_path):
    path = tmp_path / "register.parquet"
    pl.from_pandas(ROWS).write_parquet(path)
    one, other = read(path), read(path)
    duckdb.close()  # the default connection plays no part
    assert one.cube().fingerprint == other.cube().fingerprint


def test_a_panel_knows_its_outcomes_years_and_prices():
    panel = read(ROWS.assign(aap=1.0, dagpenger=2.0), price_year=2020, currency="SEK")
    assert panel.outcomes == ("wage_income", "dagpenger", "aap")
    assert (panel.first_year, panel.last_year) == (2019, 2020)
    assert (panel.price_year, panel.currency) == (2020, "SEK")


def test_other_columns_are_welcome_by_type():
    more = ROWS.assign(
        score=[1, 2, 3, 4],
        note=["a", "b", None, "a"],
        flag=[True, False, True, True],
        kind=pd.Categorical(["x", "y", "x", "y"]),
        seen=pd.Timestamp("2020-01-01"),
    )
    panel = read(more)
    assert panel.columns[5:] == ("score", "note", "flag", "kind")
    cube = panel.cube()
    assert cube.as_of("score", 2020).values.tolist() == [2.0, 4.0]
    assert cube.as_of("flag", 2020).values.tolist() == [0.0, 1.0]
    assert cube.as_of("note", 2020).values.tolist() == ["b", "a"]
    assert cube.as_of("kind", 2020).values.tolist() == ["y", "y"]


def test_a_boolean_column_of_any_name_can_be_the_eligibility():
    panel = read_panel(ROWS.assign(person_id="a", year=[2017, 2018, 2019, 2020], wage_income=1.0,
                                   target=[True, False, False, False]), money="fixed")  # fmt: skip
    assert panel.cube(eligible="target").eligible.tolist() == [[True, False, False, False]]


def test_whole_numbers_in_floats_are_the_same_codes_as_whole_numbers():
    floats = ROWS.astype({"kjonn": float, "aar": float})
    assert read(floats).cube().fingerprint == read(ROWS).cube().fingerprint


def test_decimals_are_money():
    relation = duckdb.connect().sql(
        "select 1 as person_id, 2020 as year, 12.35::decimal(9, 2) as wage_income"
    )
    assert read_panel(relation, money="fixed").cube().ore["wage_income"].tolist() == [[1235]]


def test_recoding_to_numbers_and_of_columns_outside_the_contract():
    more = ROWS.assign(months_unemployed=["none", "half", "all", "all"], kind=[1, 2, 1, 2])
    values = {
        **VALUES,
        "months_unemployed": {"none": 0, "half": 6, "all": 12},
        "kind": {1: "one", 2: "two"},
    }
    cube = read_panel(more, columns=NAMES, values=values, money="fixed").cube()
    assert cube.number["months_unemployed"].tolist() == [[0.0, 6.0], [12.0, 12.0]]
    assert cube.as_of("kind", 2020).values.tolist() == ["two", "two"]


def test_a_code_may_stand_for_no_value():
    frame = ROWS.assign(months_unemployed=[1, 2, 99, 99])
    values = {
        **VALUES,
        "sex": {1: "man", 2: None},
        "months_unemployed": {1: 1, 2: "2,5", 99: np.nan},
    }
    panel = read_panel(frame, columns=NAMES, values=values, money="fixed")
    assert panel.check().passed
    assert panel.cube().fixed["sex"].tolist() == ["man", None]
    np.testing.assert_array_equal(
        panel.cube().number["months_unemployed"], [[1.0, 2.5], [np.nan, np.nan]]
    )


def test_the_frame_is_lazy_and_in_the_contracts_names():
    frame = read(ROWS).frame
    assert isinstance(frame, nw.LazyFrame)
    assert frame.collect_schema().names() == ["person_id", "year", "wage_income", "eligible", "sex"]


def test_columns_of_a_cube_may_be_derived_ones_and_unknown_ones_are_refused():
    panel = read(ROWS.assign(birth_year=1980))
    assert panel.cube(columns=["age", "in_work"]).names == ("wage_income", "birth_year")
    with pytest.raises(OptionError, match="perhaps wage_income"):
        panel.cube(columns=["wage_incom"])


def test_reading_is_public():
    assert mih.read_panel is read_panel
    assert mih.Panel is type(read(ROWS))


SPELLS = pd.DataFrame({"person_id": [1, 2], "from_year": [2000, 2020], "to_year": [2019.0, np.nan]})


@pytest.mark.parametrize("kind", ["frame", "parquet", "csv"])
def test_spells_of_residency_come_as_frames_and_files(kind, tmp_path):
    source = SPELLS
    if kind == "parquet":
        source = tmp_path / "spells.parquet"
        pl.from_pandas(SPELLS).write_parquet(source)
    if kind == "csv":
        source = tmp_path / "spells.csv"
        SPELLS.to_csv(source, index=False, sep=";")
    rows = ROWS.drop(index=[1, 3]).assign(malgruppe="J")
    later = pd.DataFrame({**ROWS.iloc[3].to_dict(), "lopenr": 3}, index=[9])
    cube = read(pd.concat([rows, later]), resident=source).cube(columns=["wage_income"])
    # 1 left after 2019; 2 arrived in 2020, though a row says 2 was paid in 2019.
    assert cube.state[:2].tolist() == [[0, 3], [0, 1]]


def test_spells_in_a_csv_that_cannot_be_read_are_refused_with_their_number(tmp_path):
    path = tmp_path / "spells.csv"
    path.write_text("person_id,from_year,to_year\n1,2000,x\n2,2001,2002\n")
    with pytest.raises(PanelContractError, match=r"cannot be read\. Found: to_year: 1 value"):
        read(ROWS, resident=path)


def test_a_price_index_may_be_an_object():
    index = mih.PriceIndex((2019, 2020, 2024), (1.0, 2.0, 4.0), "prices that rose so", "user")
    panel = read_panel(ROWS, columns=NAMES, values=VALUES, index=index)
    assert panel.cube().price_factor.tolist() == [4.0, 2.0]


@pytest.mark.parametrize("verb", ["match", "weight", "group_time_effects", "event_study"])
def test_results_of_another_price_index_say_so(verb):
    rows = small_register(n=240, starters=40)
    shipped = mih.PriceIndex.kpi()
    last = dict(zip(shipped.years, shipped.values, strict=True))
    indices = [
        None, {**last, 2020: 113.0}, {**last, 2020: 114.0},
        mih.PriceIndex.from_mapping(last, name="another name"),
        shipped.extended({2025: 100, 2026: 103}),  # a year that the register does not have
    ]  # fmt: skip

    def told(index):
        panel = mih.read_panel(rows, index=index)
        if verb == "group_time_effects":
            return panel, mih.group_time_effects(panel, outcomes="wage_income").provenance.options
        group = (mih.weight if verb == "weight" else mih.match)(panel, on="age")
        if verb != "event_study":
            return panel, group.provenance.options
        return panel, mih.event_study(group).provenance.options["match"]

    found = [told(index) for index in indices]
    assert ["index" in options for _, options in found] == [False, True, True, True, True]
    assert all(panel.provenance.options.get("index") == o.get("index") for panel, o in found)
    own = [options["index"] for _, options in found[1:]]
    assert len({tuple(index.values()) for index in own}) == 4
    assert [index["years"] for index in own] == [shipped.range] * 3 + ["2009-2026"]
    assert own[2]["name"] == "another name"
    assert len({index["fingerprint"] for index in own}) == 4


def test_a_panel_without_a_usable_year_says_so():
    panel = read(ROWS.assign(aar=np.nan))
    with pytest.raises(PanelContractError, match="year is null in 4 rows"):
        _ = panel.first_year


def test_names_of_columns_must_be_text():
    with pytest.raises(PanelContractError, match=r"must be text\. Found: 0 \(int\)"):
        read_panel(pd.DataFrame([[1, 2]]))


def test_a_csv_by_month_is_the_frame(tmp_path):
    rows = pd.DataFrame(
        {
            "lopenr": [1, 1, 2, 2],
            "aar": 2020,
            "maaned": [1, 2, 1, 2],
            "lonn": [1000.5, 2000.25, 0.0, 3000.0],
            "startaar": [2020, 2020, None, None],
            "startmaaned": [2, 2, None, None],
        }
    )
    names = {
        "person_id": "lopenr",
        "year": "aar",
        "month": "maaned",
        "wage_income": "lonn",
        "start_year": "startaar",
        "start_month": "startmaaned",
    }
    path = tmp_path / "uttrekk.csv"
    rows.to_csv(path, sep=";", decimal=",", index=False)
    prints = {
        read_panel(source, columns=names, period="month").cube().fingerprint
        for source in (rows, path)
    }
    assert len(prints) == 1


def test_evidence_is_in_both_languages():
    rows = pd.DataFrame({"person_id": ["a"], "year": [2020], "wage_income": [1.0]})
    panel = read_panel(rows, evidence={"nb": "Mitt uttrekk.", "en": "My extract."})
    assert panel.provenance.evidence == {"nb": "Mitt uttrekk.", "en": "My extract."}
    for wrong in ("Mitt uttrekk", {"nb": "Mitt uttrekk"}):
        with pytest.raises(OptionError, match="both languages"):
            read_panel(rows, evidence=wrong)


@pytest.mark.parametrize(
    ("through", "code"),
    [
        *(("csv", code) for code in (".a", "..", "-9", "99999999")),
        *(("pandas", "-9"), ("polars", "-9"), ("duckdb", "99999999")),
    ],
)
def test_codes_of_missing_leave_the_other_values_as_they_are(tmp_path, through, code):
    """What the check advises, ``values=``, works where a few codes say why a value is missing."""
    wages = ["312000.5", code, "0", "298000"]
    rows = pd.DataFrame({"person_id": ["a", "a", "b", "b"], "year": [2020, 2021, 2020, 2021]})
    if through == "csv":
        source = tmp_path / "r.csv"
        rows.assign(wage_income=wages).to_csv(source, sep=";", index=False)
    else:
        rows["wage_income"] = [float(wage) for wage in wages]
        source = {"pandas": rows, "polars": pl.from_pandas(rows), "duckdb": duckdb.from_df(rows)}[
            through
        ]
    panel = read_panel(source, values={"wage_income": {code: None}})
    assert panel.check().passed
    read = panel.frame.select("person_id", "year", "wage_income").collect("pandas").to_native()
    read = read.sort_values(["person_id", "year"])["wage_income"].tolist()
    assert [None if pd.isna(each) else float(each) for each in read] == [312000.5, None, 0, 298000]


def test_codes_that_get_values_must_all_be_named_and_whole():
    rows = pd.DataFrame({"person_id": ["a", "a"], "year": [2020, 2021], "wage_income": [1.0, 2.0]})
    for sex in ([1.0, 1.7], [1.0, 3.0]):
        panel = read_panel(rows.assign(sex=sex), values={"sex": {1: "man", 2: "woman"}})
        assert [breach.rule for breach in panel.check().errors] == ["conversion"]


def test_the_text_that_says_why_a_value_is_missing_is_advised_as_such(tmp_path):
    """What the check says to do is done, and the register is read."""
    source = tmp_path / "r.csv"
    source.write_text("person_id;year;wage_income\na;2020;..\na;2021;300000\n")
    advice = read_panel(source).check().errors[0].do.en
    assert "values={'wage_income': {'..': None}}" in advice
    assert read_panel(source, values={"wage_income": {"..": None}}).check().passed


def test_what_names_a_row_is_not_advised_to_be_null():
    rows = pd.DataFrame({"person_id": ["a"], "year": [13], "wage_income": [1.0]})
    assert "null" not in read_panel(rows).check().errors[0].do.en


@pytest.mark.parametrize("other", ["written otherwise", "none"])
def test_spells_of_nobody_in_the_register_are_no_spells(other):
    """Identifiers written otherwise: all absent rows would be missing, and no word of it."""
    rows = mih.synthetic_register(participants=20, persons=200).panel.frame.collect("pandas")
    rows = rows.to_native()
    persons = rows["person_id"].drop_duplicates()
    spells = pd.DataFrame({"person_id": "0" + persons, "from_year": 1990, "to_year": 2030})
    panel = read_panel(rows, resident=spells if other != "none" else spells.iloc[:0])
    with pytest.raises(PanelContractError, match="has a spell in resident="):
        mih.match(panel, on=["age"])
    spells["person_id"] = persons
    assert mih.match(read_panel(rows, resident=spells), on=["age"]).n_participants


def test_the_start_year_is_no_characteristic():
    panel = mih.synthetic_register(participants=20, persons=200).panel
    for use in ({"on": ["start_year"]}, {"on": ["age"], "exact": ["start_year"]}):
        with pytest.raises(OptionError, match=r"is no characteristic.*group_time_effects"):
            mih.match(panel, **use)
    assert len(mih.group_time_effects(panel, outcomes="wage_income").to_frame())
