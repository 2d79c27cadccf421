"""Bad input to the panel: one table of what is given and what the message says.

Every message has three parts: what was wrong, what was found, what to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from mih_impact.errors import MihImpactError, OptionError, PanelContractError
from mih_impact.panel.read import read_panel

GOOD = pd.DataFrame(
    {
        "person_id": ["a", "a", "b", "b"],
        "year": [2019, 2020, 2019, 2020],
        "wage_income": [1.0, 2.0, 3.0, 4.0],
        "start_year": [2020.0, 2020.0, np.nan, np.nan],
    }
)

MONTHS = GOOD.assign(year=2019, month=[6, 7, 6, 7], start_month=[7.0, 7.0, np.nan, np.nan])
MONTHS["start_year"] = [2019.0, 2019.0, np.nan, np.nan]


def require(frame: Any, **options: Any) -> None:
    read_panel(frame, **options).require()


def _wrong(**columns: Any) -> pd.DataFrame:
    return GOOD.assign(**columns)


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "missing and misspelt columns": (
        lambda: require(GOOD.rename(columns={"person_id": "LOPENR", "wage_income": "wage_incom"})),
        "Required columns are missing: person_id. "
        "Found: the columns LOPENR, year, wage_incom, start_year. "
        'Do: say which they are: columns={"person_id": "LOPENR", "wage_income": "wage_incom"}.',
    ),
    "missing with some named already": (
        lambda: require(
            GOOD.rename(columns={"person_id": "nr", "wage_income": "x", "start_year": "y"}),
            columns={"person_id": "nr"},
        ),
        "The panel has no outcome: no wage, no benefit, and no column with a unit. "
        "Found: the columns nr, year, x, y. "
        'Do: name the wage: columns={"person_id": "nr", "wage_income": "..."}; or say what another '
        'is measured in, such as units={"x": "hours"}.',
    ),
    "a name in columns= that is not in the register": (
        lambda: require(GOOD, columns={"sex": "start_yar"}),
        "columns={...} names register columns that do not exist. "
        "Found: 'start_yar' is not there (nearest: start_year). "
        "Do: choose among: person_id, year, wage_income, start_year.",
    ),
    "two sources for one name": (
        lambda: require(_wrong(lonn=1.0), columns={"wage_income": "lonn"}),
        "There are two sources for one name. "
        "Found: wage_income exists, and columns={...} takes it from lonn. "
        "Do: drop one of the two, or give the existing column another name in columns={...}.",
    ),
    "one source for two names": (
        lambda: require(GOOD, columns={"birth_year": "start_year", "death_year": "start_year"}),
        "columns={...} uses one register column for two names. Found: start_year. "
        "Do: give each name a column of its own.",
    ),
    "two columns of one name": (
        lambda: require(pd.concat([GOOD, GOOD[["year"]]], axis=1)),
        "Two columns of the frame have the same name. Found: year. Do: rename or drop one of them.",
    ),
    "a derived name in the register": (
        lambda: require(_wrong(in_work=1.0)),
        "There are two sources for one name. "
        "Found: in_work in the register, and derived by the library. "
        'Do: drop the column, or rename it: columns={"my_in_work": "in_work"}.',
    ),
    "wrong types, all at once": (
        lambda: require(_wrong(wage_income=["1", "2", "3", "4"], year=list("abcd"))),
        "A column has a type that cannot be used. "
        "Found: year is String where year needs whole numbers; "
        "wage_income is String where wage_income needs numbers (kroner). "
        "Do: convert it before reading, or recode coded values with values={...}; "
        "of a date keep the year.",
    ),
    "identifiers that went through floats": (
        lambda: require(_wrong(person_id=[1.0, 1.0, 2.0, 2.0])),
        "A column has a type that cannot be used. "
        "Found: person_id is Float64 where person_id needs text or whole numbers. "
        "Do: give whole numbers or text; pandas makes decimals of whole numbers with gaps: "
        "drop the rows without one, then frame['person_id'].astype('int64').",
    ),
    "a date where a year is needed": (
        lambda: require(
            pl.from_pandas(GOOD).with_columns(birth_year=pl.lit(datetime.date(1980, 1, 1)))
        ),
        "A column has a type that cannot be used. "
        "Found: birth_year is Date where birth_year needs whole numbers. "
        "Do: give the year, and not the date: frame['birth_year'].dt.year.",
    ),
    "values= for a column that is not there": (
        lambda: require(GOOD, values={"sx": {1: "m"}}),
        "values={...} recodes columns the panel does not have. Found: sx. "
        "Do: use our names: person_id, year, wage_income, start_year.",
    ),
    "values= that are no numbers where numbers are needed": (
        lambda: require(_wrong(months_unemployed=1), values={"months_unemployed": {1: "one"}}),
        "values={...} recodes months_unemployed to something that is not a number. "
        "Found: 'one'. Do: months_unemployed needs numbers.",
    ),
    "copies of rows": (
        lambda: require(pd.concat([GOOD, GOOD.iloc[[0, 1, 1]]])),
        "The panel breaks the contract. "
        "Found: 2 of the person-years have copies of one and the same row (3 rows too many). "
        "Do: keep one of each; copies are not to be summed.",
    ),
    "rows of one person and year that differ": (
        lambda: require(pd.concat([GOOD, GOOD.iloc[[0, 0]].assign(wage_income=5.0)])),
        "The panel breaks the contract. "
        "Found: 1 of the person-years have several rows, which differ (2 rows too many). "
        "Do: find out what a row is: sum the money if the rows are parts of one year (jobs, "
        "payments), keep the last if they are corrections.",
    ),
    "a start year that changes": (
        lambda: require(_wrong(start_year=[2019, 2020, np.nan, np.nan])),
        "The panel breaks the contract. "
        "Found: start_year differs between the rows of 1 person. "
        "Do: choose one start year a person, usually the first.",
    ),
    "negative money": (
        lambda: require(_wrong(wage_income=[1.0, -2.0, -0.01, 0.0])),
        "The panel breaks the contract. Found: wage_income is negative in 2 rows. "
        "Do: decide what a negative correction should mean (0, for instance) before reading.",
    ),
    "absurd money": (
        lambda: require(_wrong(wage_income=[1.0, 2e8, 3.0, 4.0])),
        "The panel breaks the contract. "
        "Found: wage_income is above NOK 100,000,000 in 1 row. "
        "Do: check the unit: perhaps it is øre, or a sum over years.",
    ),
    "a column all null": (
        lambda: require(_wrong(dagpenger=np.nan)),
        "The panel breaks the contract. Found: dagpenger is null in all rows (4 rows). "
        "Do: check the join that made the column, or drop it.",
    ),
    "null keys": (
        lambda: require(_wrong(person_id=["a", "a", None, "b"])),
        "The panel breaks the contract. Found: person_id is null in 1 row. "
        "Do: drop the rows or find the value: a row needs a person and a year.",
    ),
    "an empty register": (
        lambda: require(GOOD.iloc[:0]),
        "The panel breaks the contract. Found: The register has no rows. "
        "Do: check the file, and that a selection made before reading is not empty.",
    ),
    "years that are not whole": (
        lambda: require(_wrong(year=[2019.5, 2020.0, 2019.0, 2020.0])),
        "The panel breaks the contract. "
        "Found: year cannot be read in 1 row: not a whole number. "
        "Do: correct the values.",
    ),
    "fixed prices of a year that their index lacks": (
        lambda: require(GOOD, money="fixed", price_year=2030, index={2023: 1.0}),
        "There is no own index for the price year 2030. Found: an index for 2023-2023. "
        "Do: give 2030 in index= too: it takes the place of the shipped index; or add the years to "
        "that: index=mih.PriceIndex.kpi().extended({2025: ..., 2030: ...}).",
    ),
    "a year without a price index": (
        lambda: require(GOOD, index={2020: 100.0, 2024: 120.0}),
        "The panel breaks the contract. "
        "Found: There is no price index for 2019; the index covers 2020–2024. "
        "Do: leave the years out, or give them in index= too: it takes the place of the shipped "
        "index (years are added to that with mih.PriceIndex.kpi().extended({year: value})).",
    ),
    "another currency with the Norwegian index": (
        lambda: require(GOOD, currency="USD"),
        "The shipped consumer price index is Norwegian. Found: nominal money in USD. "
        'Do: pass index={year: value} for USD, or money="fixed".',
    ),
    "money= misspelt": (
        lambda: require(GOOD, money="real"),
        "read_panel has no money='real'. Found: money='real'. "
        "Do: choose one of 'nominal', 'fixed'.",
    ),
    "a period that is none": (
        lambda: require(GOOD, period="week"),
        "A row covers a year or a month. Found: period='week'. "
        'Do: use "year" or "month"; sum weeks or days to months before reading.',
    ),
    "a panel by month without months": (
        lambda: require(GOOD, period="month"),
        "Required columns are missing: month, start_month. "
        "Found: the columns person_id, year, wage_income, start_year. "
        'Do: say which they are: columns={"month": "...", "start_month": "..."}.',
    ),
    "months in a panel by year": (
        lambda: require(GOOD.assign(month=1)),
        "A panel with a row per person and year has no month. Found: the column month. "
        'Do: read it by month: period="month"; or drop or rename the column.',
    ),
    "a month that is none": (
        lambda: require(MONTHS.assign(month=13), period="month"),
        "The panel breaks the contract. Found: month is above 12 in 4 rows. "
        "Do: correct the values; of a date keep the year, and the month in a column of its own.",
    ),
    "duplicate person-months": (
        lambda: require(pd.concat([MONTHS, MONTHS.iloc[[0]]]), period="month"),
        "The panel breaks the contract. "
        "Found: 1 of the person-months have copies of one and the same row (1 row too many). "
        "Do: keep one of each; copies are not to be summed.",
    ),
    "a start year without its month": (
        lambda: require(
            MONTHS.assign(start_month=[np.nan, np.nan, 7, 7], start_year=[2019, 2019, 2019, 2019]),
            period="month",
        ),
        "The panel breaks the contract. "
        "Found: only one of start_year and start_month is given for 1 person. "
        "Do: give both for those who start, and neither for others.",
    ),
    "no file": (
        lambda: require("nowhere.parquet"),
        "There is no register file at the path. Found: nothing at 'nowhere.parquet'. "
        "Do: check the path; a glob such as 'register/*.parquet' is allowed.",
    ),
    "no frame": (
        lambda: require([1, 2, 3]),
        "The source is neither a path nor a frame. Found: an object of type list. "
        "Do: give the path of a file, or a pandas, Polars, DuckDB or PyArrow frame.",
    ),
    "spells without their columns": (
        lambda: require(GOOD, resident=pd.DataFrame({"person_id": ["a"], "from": [2000]})),
        "resident= lacks the columns from_year, to_year. Found: the columns person_id, from. "
        "Do: give person_id, from_year and to_year (null for an open spell); of dates, "
        "keep the year.",
    ),
    "spells that end before they begin": (
        lambda: require(
            GOOD,
            resident=pd.DataFrame({"person_id": ["a"], "from_year": [2001], "to_year": [2000]}),
        ),
        "resident= has spells that end before they begin. Found: 1 spell. "
        "Do: correct from_year and to_year.",
    ),
    "spells of nobody": (
        lambda: require(
            GOOD,
            resident=pd.DataFrame({"person_id": ["a", None], "from_year": 2001, "to_year": 2002}),
        ),
        "resident= has spells without a person_id. Found: 1 spell. "
        "Do: drop them, or find out whose they are.",
    ),
    "spells of parts of years": (
        lambda: require(
            GOOD,
            resident=pd.DataFrame({"person_id": ["a"], "from_year": [2001.5], "to_year": [2002]}),
        ),
        "resident= has spells with years that are not whole. Found: 1 spell. Do: give whole years.",
    ),
    "start years that stand for never": (
        lambda: require(_wrong(start_year=[2020, 2020, 9999, 9999])),
        "The panel breaks the contract. Found: start_year is above 2100 in 2 rows. "
        "Do: leave years that are none null: 9999 and the like do not mean never here; of a date "
        'such as "20200819" keep the year.',
    ),
    "columns= that are no mapping": (
        lambda: require(GOOD, columns=["person_id"]),
        "columns is a mapping. Found: columns=['person_id']. "
        'Do: give for example columns={"wage_income": "lonn"}.',
    ),
    "columns= that are no text": (
        lambda: require(GOOD, columns={"wage_income": 3}),
        "columns= gives our name -> the register's, both of them text. Found: 3. "
        'Do: give for example columns={"wage_income": "lonn"}.',
    ),
    "values= that are no mapping": (
        lambda: require(GOOD, values={"sex": ["man"]}),
        "values['sex'] is a mapping. Found: values['sex']=['man']. "
        'Do: give for example values[\'sex\']={1: "man", 2: "woman"}.',
    ),
    "two values for one code": (
        lambda: require(_wrong(sex=[1, 1, 2, 2]), values={"sex": {1: "m", "1": "k", 2: "k"}}),
        "values={...} gives two values for a code of sex. "
        "Found: 3 codes, 2 of them different as text. "
        "Do: name each code once, as a number or as text.",
    ),
    "spells whose years are text": (
        lambda: require(
            GOOD,
            resident=pd.DataFrame({"person_id": ["a"], "from_year": ["x"], "to_year": [2000]}),
        ),
        "resident= has years that are not numbers. Found: from_year is String. "
        "Do: convert them to whole years.",
    ),
    "eligibility by a column that is not there": (
        lambda: read_panel(GOOD).cube(eligible="target"),
        "eligible= cannot be evaluated on the panel. Found: target. "
        "Do: use the columns person_id, year, wage_income, start_year.",
    ),
    "eligibility that is not true or false": (
        lambda: read_panel(GOOD).cube(eligible="wage_income"),
        "eligible= is not true or false. Found: wage_income is Float64. "
        "Do: name a boolean column, or compare: nw.col('months_unemployed') >= 6.",
    ),
    "an expression on a column that is not there": (
        lambda: read_panel(GOOD).cube(eligible=nw.col("target") > 1),
        "eligible= cannot be evaluated on the panel. Found: col(target).__gt__(1). "
        "Do: use the columns person_id, year, wage_income, start_year.",
    ),
    "a cube of a column that is not there": (
        lambda: read_panel(GOOD).cube(columns=["wage_incom"]),
        "The panel has no column wage_incom. "
        "Found: the columns person_id, year, wage_income, start_year. "
        "Do: perhaps wage_income.",
    ),
    "a cube of a column by the name that a register has for it": (
        lambda: read_panel(GOOD).cube(columns=["lonn"]),
        "The panel has no column lonn. "
        "Found: the columns person_id, year, wage_income, start_year. "
        "Do: perhaps wage_income.",
    ),
    "a cube of a column that was not named when it was read": (
        lambda: read_panel(
            GOOD.rename(columns={"wage_income": "lonn"}), units={"lonn": "NOK"}
        ).cube(columns=["wage_income"]),
        "The panel has no column wage_income. "
        "Found: the columns person_id, year, start_year, lonn. "
        'Do: name it when reading, columns={"wage_income": "lonn"}.',
    ),
    "a cube of a share by the name that a register has for its column": (
        lambda: read_panel(GOOD).cube(columns=["lonn > 1 G"]),
        "lonn > 1 G is reckoned from lonn, which the panel does not have. "
        "Found: the columns person_id, year, wage_income, start_year. "
        "Do: perhaps wage_income; or name the column when reading, "
        'columns={"lonn": "..."}, or leave lonn > 1 G out.',
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_its_message(case):
    call, message = BAD[case]
    with pytest.raises((PanelContractError, OptionError)) as caught:
        call()
    assert str(caught.value).replace("\u00a0", " ") == message
    assert isinstance(caught.value, MihImpactError)


def test_a_price_year_outside_the_index_is_refused_at_the_door():
    with pytest.raises(OptionError, match=r"index for the price year 2099.*money=\"fixed\""):
        read_panel(GOOD, price_year=2099)


def test_an_unknown_file_type_is_refused(tmp_path):
    path = tmp_path / "register.xls"
    path.write_bytes(b"")
    with pytest.raises(PanelContractError, match=r"file type is not known.*\.xls"):
        read_panel(path)


def test_a_good_register_gets_none():
    require(GOOD)
