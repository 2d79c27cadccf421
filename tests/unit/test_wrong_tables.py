"""Wrong tables of an extract: each a typed error with how many, and what to do."""

from __future__ import annotations

import ast
import inspect
import re

import pandas as pd
import pytest

import mih_impact as mih

PERSONS = mih.Table(pd.DataFrame({"person_id": ["a", "b"]}))
DAY = "2020-05-05"


def frame(rows, *columns):
    return pd.DataFrame(rows, columns=["person_id", *columns])


def rows(lines, *columns, **options):
    names = {our: our for our in columns}
    return mih.Table(frame(lines, *columns), **{"columns": names, "name": "rows", **options})


def spells(lines, *more, **options):
    options = {"to": "aap", "amount": "rate", "per": "day", "days": "calendar", **options}
    return mih.Spells(frame(lines, "start", "stop", "rate", *more), name="spells", **options)


SPELL = ("a", DAY, DAY, 1.0)
WAGE = ("a", 2020, 1.0)
WRONG = {
    "a spell without a start": (
        {"spells": [spells([SPELL, ("a", None, DAY, 1.0)])]},
        r"spells has spells without a start\. Found: 1 of 2 rows\. Do: find the day",
    ),
    "a spell without an amount": (
        {"spells": [spells([SPELL, ("b", DAY, DAY, None)])]},
        r"without an amount in rate\. Found: 1 row that count\. Do: find the amounts",
    ),
    "a row without a year": (
        {"yearly": [rows([WAGE, ("a", None, 1.0), ("a", 0, 1.0)], "year", "wage_income")]},
        r"values in year that are no year\. Found: 1 row|without a year\. Found: 2 rows",
    ),
    "a month without a year": (
        {"monthly": [rows([("a", 5, 1.0)], "month", "wage_income")]},
        r"without a year and month\. Found: 1 row\. Do: .*202012",
    ),
    "no column of years": (
        {"yearly": [rows([("a", 1.0)], "wage_income")]},
        r"does not say which column has the year\. Found: .*wage_income\. Do: columns=",
    ),
    "cancelled by a word nobody knows": (
        {"spells": [spells([(*SPELL, "J"), (*SPELL, "perhaps")], "off", cancelled="off")]},
        r"off that are neither yes nor no\. Found: 1 row\. Do: name the codes that cancel",
    ),
    "codes added up": (
        {"yearly": [rows([("a", 2020, "x")], "year", "education", combine="sum")]},
        r'combine="sum" adds numbers.*Found: education\. Do: leave the column out',
    ),
    "amounts that are text": (
        {"yearly": [rows([("a", 2020, "high")], "year", "wage_income")]},
        r"another type in wage_income.*Found: varchar where a money.*Do: convert",
    ),
    "identifiers with a fraction": (
        {"yearly": [mih.Table(pd.DataFrame({"person_id": [1.5], "year": [2020]}), name="rows",
                              columns={"year": "year"})]},
        r"person_id that are no identifier\. Found: 1 row\. Do: identifiers are text or whole",
    ),
    "starts without a stop": (
        {"starts": mih.Starts(frame([("a", DAY)], "start"), name="measures")},
        r"measures lacks the columns stop\..*Do: .*; stop=None where a row is one day",
    ),
    "a version that is no number and no time": (
        {"spells": [spells([(*SPELL, "2"), (*SPELL, "second")], "v", revision="v")]},
        r"v that are no number or time of a version\. Found: 1 row\. Do: name a column",
    ),
    "one column twice": (
        {"spells": [spells([SPELL]), spells([SPELL])]},
        r"Two tables make one column\. Found: aap\. Do: give one of them another name",
    ),
    "nobody in the panel": (
        {"spells": [spells([("z", DAY, DAY, 1.0)])]},
        r"Nobody has a row in the panel\. Found: 1 table with none.*Do: see that identifiers",
    ),
    "a day of the year by month": (
        {"period": "month",
         "status": [mih.Status(frame([("a", DAY, DAY, "x")], "start", "stop", "place"),
                               to="municipality", value="place", at="31.12")]},
        r"for panels by year\. Found: at='31.12'\. Do: in a panel by month",
    ),
    "a stop before the start in residence": (
        {"residence": mih.Spells(frame([("a", DAY, "2020-05-04")], "start", "stop"), name="stays")},
        r"stays has spells that stop before they start\. Found: 1 of 1 row",
    ),
    "identifiers of nothing": (
        {"identifiers": mih.Table(frame([("a", "f")], "fnr"), name="key")},
        r"key does not say which column has the identifiers\..*Do: .*identifier",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_table_says_how_many_rows_and_what_to_do(what):
    tables, said = WRONG[what]
    with pytest.raises(mih.PanelContractError, match=said):
        mih.build_panel(PERSONS, years=(2019, 2021), **tables)


@pytest.mark.parametrize("kind", [mih.Table, mih.Spells, mih.Status, mih.Starts])
def test_the_help_of_a_table_tells_of_every_argument(kind):
    told = re.findall(r"^(\w[\w, ]*)$", kind.__doc__, re.MULTILINE)
    named = [name for line in told for name in line.split(", ")]
    assert set(inspect.signature(kind).parameters) <= set(named)
    assert len(named) == len(set(named))


def test_texts_that_stand_for_no_value_are_told_and_can_be_named(tmp_path):
    path = tmp_path / "lonn.csv"
    path.write_text("person_id;aar;lonn\na;2019;..\na;2020;10,5\n", encoding="utf-8")
    income = {"columns": {"year": "aar", "wage_income": "lonn"}}
    with pytest.raises(mih.PanelContractError, match=r"lonn: 1 value.*Do: .*values=") as caught:
        mih.build_panel(PERSONS, years=(2019, 2021), yearly=[mih.Table(path, **income)])
    (named,) = re.findall(r"values=(\{.*\}\})", caught.value.do)
    table = mih.Table(path, **income, values=ast.literal_eval(named))
    panel = mih.build_panel(PERSONS, years=(2019, 2021), yearly=[table])
    assert panel.frame.collect()["wage_income"].to_list() == [None, 10.5]


def test_a_code_for_no_amount_may_stand_among_amounts_with_decimals(tmp_path):
    wages = frame([("a", 2019, 9999999.0), ("a", 2020, 10.5), ("b", 2020, -1.0)], "year", "wage")
    wages.to_csv(tmp_path / "wages.csv", index=False)
    for source in (wages, tmp_path / "wages.csv"):
        table = mih.Table(
            source,
            columns={"year": "year", "wage_income": "wage"},
            values={"wage_income": {9999999: None, "-1": None, "..": None}},
        )
        panel = mih.build_panel(PERSONS, years=(2019, 2021), yearly=[table])
        wage = panel.frame.collect().sort("person_id", "year")["wage_income"].to_list()
        assert wage == [None, 10.5, None]


def test_files_of_other_columns_are_named(tmp_path):
    for year, column in ((2019, "lonn"), (2020, "kontantlonn")):
        (tmp_path / f"i_{year}.csv").write_text(f"person_id;aar;{column}\na;{year};1\n")
    table = mih.Table(tmp_path / "i_*.csv", columns={"year": "aar", "wage_income": "lonn"})
    said = r"Found: i_2019\.csv and i_2020\.csv differ in kontantlonn, lonn\."
    with pytest.raises(mih.PanelContractError, match=said):
        mih.build_panel(PERSONS, years=(2019, 2021), yearly=[table])


@pytest.mark.parametrize("years", [2019, (2021, 2019), (19, 21), ("2019", "2021")])
def test_years_are_a_first_and_a_last(years):
    with pytest.raises(mih.MihImpactError, match=r"years= .*Do: .*2009, 2025"):
        mih.build_panel(PERSONS, years=years, spells=[spells([SPELL])])


def test_nothing_is_left_of_a_panel_that_nobody_is_in(tmp_path):
    with pytest.raises(mih.PanelContractError, match="Nobody has a row"):
        mih.build_panel(PERSONS, years=(2019, 2021), out=tmp_path / "panel",
                        spells=[spells([("z", DAY, DAY, 1.0)])])  # fmt: skip
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_rows_of_several_files_are_counted_from_the_first_on(tmp_path):
    lines = [("a", DAY, DAY, 1.0), ("b", DAY, DAY, 2.0), ("b", "2020-06-06", "2020-06-07", 4.0)]
    whole = frame(lines, "start", "stop", "rate")
    whole.iloc[:1].to_parquet(tmp_path / "aap_1.parquet")
    whole.iloc[1:].to_parquet(tmp_path / "aap_2.parquet")
    options = {"to": "aap", "amount": "rate", "per": "day", "days": "calendar", "name": "aap"}
    tables = [mih.Spells(tmp_path / "aap_*.parquet", **options), mih.Spells(whole, **options)]
    panels = [mih.build_panel(PERSONS, years=(2020, 2020), spells=[one]) for one in tables]
    assert panels[0].explain("b", 2020, "aap")["row"].tolist()[:2] == [2, 3]
    told = [panel.explain("b", 2020, "aap") for panel in panels]
    pd.testing.assert_frame_equal(*told)
    pd.testing.assert_frame_equal(*(panel.sources() for panel in panels))
    frames = [panel.frame.collect("pandas").to_native() for panel in panels]
    pd.testing.assert_frame_equal(*frames)
