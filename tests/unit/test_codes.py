"""Code lists: what a code became, what was divided, and what a panel says of mixed codes."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mih_impact as mih
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel.synthetic.register import register_frame

LINES = list(
    csv.DictReader(
        (files("mih_impact") / "reference/data/municipality_codes.csv")
        .read_text(encoding="utf-8")
        .splitlines()
    )
)


def panel_of(codes, column="municipality", **options):
    rows = {
        "person_id": [f"p{i}" for i in range(len(codes))],
        "year": [2021] * len(codes),
        "wage_income": [1.0] * len(codes),
        column: codes,
    }
    engine = options.pop("engine", pd.DataFrame)
    return mih.read_panel(engine(rows), **options)


def rules_of(panel):
    return {breach.rule for breach in panel.check().breaches}


# --- the lists ------------------------------------------------------------------------------------


def test_every_line_of_the_list_is_what_the_recoding_says():
    recoding = mih.codes.municipality(2024)
    answers = {}
    for line in LINES:
        answers.setdefault(line["code"], []).append(line["code_2024"])
    assert len(LINES) == 855
    for code, became in answers.items():
        if len(became) == 1:
            assert recoding[code] == became[0]
        else:
            assert recoding.divided[code] == tuple(became)
            assert code not in recoding


@pytest.mark.parametrize(
    ("year", "number"),
    # Statistics Norway: municipalities on 1 January.
    [(2017, 426), (2018, 422), (2019, 422), (2020, 356), (2023, 356), (2024, 357), (2026, 357)],
)
def test_the_number_of_municipalities_is_the_published_one(year, number):
    whole = {line["code"] for line in LINES}
    after = {
        new
        for code, new in mih.codes.municipality(year, splits="missing").items()
        if code in whole and new is not None
    }
    assert len(after) == number


@pytest.mark.parametrize(
    ("year", "old", "new"),
    [
        (2024, "0101", "3101"),  # Halden
        (2024, "3001", "3101"),
        (2020, "0101", "3001"),
        (2023, "3101", "3001"),  # back to the codes of the year before
        (2020, "1504", "1507"),  # Ålesund before it was divided
        (2023, "1580", "1507"),
        (2018, "1719", "5037"),  # Levanger
        (2018, "1613", "5012"),  # Snillfjord: renumbered in 2018, divided in 2020
        (2010, "0706", "0706"),
    ],
)
def test_codes_of_other_years(year, old, new):
    assert mih.codes.municipality(year)[old] == new


def test_what_was_divided_needs_a_rule():
    codes = pd.Series(["1507", "0301", "1507"])
    with pytest.raises(PanelContractError, match=r"1507 became 1508 and 1580; 2 rows") as caught:
        mih.codes.municipality(2024)(codes)
    assert "splits=" in str(caught.value)
    to_one = mih.codes.municipality(2024, splits={"1507": "1508"})
    assert to_one(codes).tolist() == ["1508", "0301", "1508"]
    assert "1850" in to_one.divided  # a rule is for the code it names
    together = mih.codes.municipality(2024, splits="together")
    assert together(pd.Series(["1504", "1507", "1508", "1580"])).tolist() == ["1508"] * 4
    assert mih.codes.municipality(2024, splits="missing")(codes).isna().tolist() == [1, 0, 1]
    with pytest.raises(OptionError, match="where it became 1508 or 1580"):
        mih.codes.municipality(2024, splits={"1507": "0301"})
    with pytest.raises(OptionError, match="which was not divided"):
        mih.codes.municipality(2024, splits={"0301": "0301"})


def test_together_keeps_every_place_in_one_piece():
    together = mih.codes.municipality(2024, splits="together")
    for line in LINES:
        assert together[line["code"]] == together[line["code_2024"]]


@pytest.mark.parametrize("year", [1976, 2027, 20.5, "2024"])
def test_other_years_are_refused(year):
    with pytest.raises(OptionError, match=r"1977-2026|whole number"):
        mih.codes.municipality(year)


def test_counties():
    of_municipality = mih.codes.county(2024)
    assert not of_municipality.divided  # every municipality's county of 2024 is known
    codes = pd.Series(["0219", "0602", "1902", "2012", "1507", "1567", "0301"])
    # Bærum, Drammen, Tromsø, Alta, Ålesund, Rindal, Oslo
    assert of_municipality(codes).tolist() == ["32", "33", "55", "56", "15", "50", "03"]
    assert mih.codes.county(2020)(codes).tolist()[:4] == ["30", "30", "54", "54"]
    assert mih.codes.county()(codes).tolist() == ["02", "06", "19", "20", "15", "15", "03"]
    alone = mih.codes.county(2024, of="county")
    assert set(alone.divided["30"]) == {"31", "32", "33"}
    assert set(alone.divided["54"]) == {"55", "56"}
    assert (alone["20"], alone["11"]) == ("56", "11")
    with pytest.raises(PanelContractError, match="30 became"):
        alone(pd.Series(["30"]))


def test_zeros_come_back_and_what_is_no_place_is_missing():
    recoding = mih.codes.municipality()
    numbers = pd.Series([301, 1103, 9999, 0, -1, None])
    assert recoding(numbers).tolist()[:2] == ["0301", "1103"]
    assert recoding(numbers).isna().tolist() == [False, False, True, True, True, True]
    told = recoding.count(numbers).set_index("what")["rows"].to_dict()
    assert told == {"kept": 1, "recoded": 1, "no value": 3, "empty": 1}
    assert mih.codes.county(of="county")(pd.Series([3, 11])).tolist() == ["03", "11"]


def test_a_code_that_is_not_in_the_list_is_an_error_without_showing_it():
    with pytest.raises(PanelContractError, match="1 code in 2 rows") as caught:
        mih.codes.municipality(2024)(pd.Series(["0301", "12345678901", "12345678901"]))
    assert "12345678901" not in str(caught.value)
    mended = mih.codes.municipality(2024) | {"4321": None, "1507": "1508"}
    assert mended(pd.Series(["4321", "1507"])).fillna("-").tolist() == ["-", "1508"]


def test_series_of_other_packages_stay_what_they_are():
    recoding = mih.codes.municipality(2024)
    codes = ["0101", None, "0301"]
    polars = recoding(pl.Series("kommune", codes))
    assert isinstance(polars, pl.Series)
    assert polars.to_list() == ["3101", None, "0301"]
    named = pd.Series(codes, index=[7, 8, 9], name="kommune")
    pandas = recoding(named)
    assert pandas.index.tolist() == [7, 8, 9]
    assert pandas.name == "kommune"
    assert recoding(named.astype("category")).dropna().tolist() == ["3101", "0301"]
    assert recoding(pl.Series([101.0, float("nan")])).to_list() == ["3101", None]
    with pytest.raises(OptionError, match="called on a column"):
        recoding(["0101"])


def test_effort_groups_and_measures():
    new = mih.codes.effort_group()
    assert new["BFORM"] == new["SITUASJONSBESTEMT_INNSATS"] == "TRENGER_VEILEDNING"
    assert new["VARIG_TILPASSET_INNSATS"] == "LITEN_MULIGHET_TIL_A_JOBBE"
    assert new.divided == {"VARIG": ("JOBBE_DELVIS", "LITEN_MULIGHET_TIL_A_JOBBE")}
    back = mih.codes.effort_group("arena")
    assert back["JOBBE_DELVIS"] == back["LITEN_MULIGHET_TIL_A_JOBBE"] == "VARIG"
    measures = mih.codes.programme()
    assert measures["MIDLONTIL"] == "MIDLERTIDIG_LONNSTLSKUDD"  # as the source spells it
    assert set(measures.divided) == {"GRUPPEAMO", "GRUFAGYRKE"}
    assert mih.codes.programme("arena")["GRUPPE_ARBEIDSMARKEDSOPPLAERING"] == "GRUPPEAMO"
    level = mih.codes.education_level()
    assert level(pd.Series([641108, 201199, 999999])).fillna("-").tolist() == ["6", "2", "-"]


def test_lists_of_other_countries_by_the_same_door():
    table = pd.DataFrame(
        {
            "old": ["A1", "A2", "B1", "B1", "A1"],
            "new": ["A", "A", "B", "C", "D"],
            "from": ["1990", "1990", "1990", "1990", "2010"],
            "to": ["2009", "2009", "", "", None],
        }
    )
    options = {"code": "old", "becomes": "new", "valid_from": "from", "valid_to": "to"}
    early = mih.codes.correspondence(table, **options, years=(2000, 2005), missing=["99"])
    assert (early["A1"], early["99"], early.divided) == ("A", None, {"B1": ("B", "C")})
    assert mih.codes.correspondence(table, **options, years=(2012, 2015))["A1"] == "D"
    assert set(mih.codes.correspondence(pl.from_pandas(table), **options).divided) == {"A1", "B1"}
    with pytest.raises(PanelContractError, match="leading zeros"):
        mih.codes.correspondence(
            pd.DataFrame({"old": [1], "new": ["A"]}), code="old", becomes="new"
        )
    with pytest.raises(PanelContractError, match="no gammel"):
        mih.codes.correspondence(table, code="gammel", becomes="new")


# --- in a panel -----------------------------------------------------------------------------------

MIXED = ["0101", "3001", "0301", "1507", "9999", "3101"]


@pytest.mark.parametrize("engine", [pd.DataFrame, pl.DataFrame, "duckdb"])
def test_a_panel_is_recoded_while_it_is_read(engine, tmp_path):
    options = {"values": {"municipality": mih.codes.municipality(2024, splits="together")}}
    if engine == "duckdb":
        panel_of(MIXED, engine=pl.DataFrame).frame.collect("polars").to_native().write_parquet(
            tmp_path / "r.parquet"
        )
        panel = mih.read_panel(tmp_path / "r.parquet", **options)
    else:
        panel = panel_of(MIXED, engine=engine, **options)
    report = panel.check()
    assert [(b.rule, b.rows) for b in report.breaches] == [
        ("absent rows", 0) if b.rule == "absent rows" else ("no value by the list", 1)
        for b in report.breaches
    ]
    assert "no value by the list" in rules_of(panel)
    found = panel.frame.collect("pandas").to_native().sort_values("person_id")["municipality"]
    assert found.fillna("-").tolist() == ["3101", "3101", "0301", "1508", "-", "3101"]


def test_a_divided_code_in_a_panel_stops_it_with_what_to_do():
    panel = panel_of(MIXED, values={"municipality": mih.codes.municipality(2024)})
    with pytest.raises(PanelContractError, match="became several") as caught:
        panel.require()
    assert 'splits="together"' in str(caught.value)
    assert "municipality cannot be read in 1 row" in str(caught.value)


def test_education_levels_in_a_panel():
    panel = panel_of(
        [641108, 201199, 999999], "education", values={"education": mih.codes.education_level()}
    )
    panel.require()
    found = panel.frame.collect("pandas").to_native()["education"]
    assert found.fillna("-").tolist() == ["6", "2", "-"]
    wrong = panel_of(["64110"], "education", values={"education": mih.codes.education_level()})
    with pytest.raises(PanelContractError, match="education cannot be read in 1 row"):
        wrong.require()


def test_codes_of_several_times_are_told_and_the_call_told_mends_it():
    panel = panel_of(MIXED)
    found = {b.rule: b for b in panel.check().breaches}
    assert found["no place"].rows == 1
    several = [b for b in panel.check().breaches if b.rule == "codes of several times"]
    assert [b.what.text("en")[:62] for b in several] == [
        "municipality has codes that were in use only before 2020, in 1",
        "municipality has codes that were in use only before 2024, in 3",
    ]
    assert all(b.severity == "warning" for b in several)
    mended = eval(  # the advice, as it is pasted
        "panel_of(MIXED, " + several[0].do.text("en").split(": ", 1)[1] + ")",
        {"panel_of": panel_of, "MIXED": MIXED, "mih": mih},
    )
    assert not rules_of(mended) & {"codes of several times", "no place", "zeros lost"}
    mended.require()


@pytest.mark.parametrize("engine", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    ("column", "codes", "rules"),
    [
        ("municipality", ["0301", "3101", "1103"], set()),  # 2024
        ("municipality", ["0301", "0101", "1504", "5001"], set()),  # 2019
        ("municipality", ["0301", "3001", "1507", "5401"], set()),  # 2020
        ("municipality", ["1507", "1508"], {"codes of several times"}),
        ("municipality", ["1601", "5001"], {"codes of several times"}),
        ("municipality", [301, 1103, 4601], {"zeros lost"}),
        ("municipality", ["0000", "0301"], {"no place"}),
        ("municipality", ["Kommune A", "Kommune B"], set()),
        ("county", ["02", "03", "30", "32"], {"codes of several times"}),
        ("county", ["03", "11", "31", "32"], set()),
        ("county", ["01", "02", "03", "19"], set()),
        ("county", [3, 11, 15], {"zeros lost"}),
        ("county", ["1", "2"], set()),  # anybody's codes
        ("county", ["99", "03"], {"no place"}),
    ],
)
def test_what_is_said_of_codes(engine, column, codes, rules):
    said = rules_of(panel_of(codes, column, engine=engine))
    assert said & {"codes of several times", "zeros lost", "no place"} == rules


def test_codes_in_another_currency_are_not_norwegian():
    panel = panel_of(["0101", "3001"], currency="SEK", money="fixed")
    assert "codes of several times" not in rules_of(panel)


def test_a_county_of_several_times_is_taken_from_the_municipality():
    rows = pd.DataFrame(
        {
            "person_id": ["a", "b"],
            "year": [2021, 2021],
            "wage_income": [1.0, 1.0],
            "county": ["02", "32"],
            "municipality": ["0219", "3201"],
        }
    )
    breach = next(b for b in mih.read_panel(rows).check().breaches if b.column == "county")
    line = "mih.read_panel(rows, " + breach.do.text("en").split(": ", 1)[1] + ")"
    mended = eval(line, {"mih": mih, "rows": rows})
    assert mended.frame.collect("pandas").to_native()["county"].tolist() == ["32", "32"]
    assert "codes of several times" not in rules_of(mended)


# --- columns that divide people -------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_their_time():
    """A register whose places have the codes of their time: Fylke A is 01, 30 and 31."""
    frame, _ = register_frame(participants=60, persons=1_500, seed=11)
    frame = frame.astype({"county": object})
    home, year = frame["county"] == "Fylke A", frame["year"]
    codes = np.select([year < 2020, year < 2024], ["0101", "3001"], "3101")
    frame["knr"] = np.where(home, codes, "1505")
    return frame.assign(county=frame["knr"].str[:2], municipality=frame["knr"])


def test_exact_and_by_on_codes_of_several_times_point_to_what_mends_them(of_their_time):
    given = {"on": ["age", *mih.lag("wage_income", 1)], "ratio": 1}
    frame = of_their_time.drop(columns="knr")
    mixed = mih.read_panel(frame)
    county = r"county has codes in use only before 2020 \(1\)"
    with pytest.warns(mih.MihImpactWarning, match=county):
        first = mih.match(mixed, exact=["county"], **given)
    with pytest.warns(mih.MihImpactWarning, match=county):  # of the same risk sets, told again
        assert mih.match(mixed, exact=["county"], caliper=0.5, **given).risk is first.risk
    group = mih.match(mixed, **given)
    with pytest.warns(mih.MihImpactWarning, match="municipality has codes .*splits=.together"):
        mih.event_study(group, outcomes=["wage_income"], by="municipality")
    mended = mih.read_panel(
        frame, values={"municipality": mih.codes.municipality(2024, splits="together")}
    )
    by = mih.event_study(mih.match(mended, **given), outcomes=["wage_income"], by="municipality")
    assert {"3101", "1505"} <= set(by.to_frame()["subgroup"])
    mended = mih.read_panel(
        of_their_time.drop(columns=["county", "municipality"]),
        columns={"county": "knr"},
        values={"county": mih.codes.county(2024)},
    )
    mih.match(mended, exact=["county"], **given)


def test_places_of_another_country_are_left_alone(of_their_time):
    index = dict.fromkeys(range(2000, 2026), 100.0)
    panel = mih.read_panel(of_their_time.drop(columns="knr"), currency="SEK", index=index)
    mih.match(panel, exact=["county"], on=["age"], ratio=1)
