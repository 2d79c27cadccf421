"""Text to numbers: one reading for a whole column or none, whatever the country that wrote it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from mih_impact.account.sheet.cells import Line, number_of
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.csv_text import convert
from mih_impact.panel.number_text import Marks, looks_like_a_code, read_marks, read_numbers

NAN = float("nan")

#: A column, and its numbers; NaN where it has two readings.
COLUMNS = {
    "every point before three digits": (["301.708", "45.000", "0"], [NAN, NAN, 0]),
    "every comma before three digits": (["301,708", "-1,234"], [NAN, NAN]),
    "a leading zero": (["0.125", "1.234"], [0.125, 1.234]),
    "a leading zero, negative": (["-0,125", "1,234"], [-0.125, 1.234]),
    "more than three digits before": (["1234.500", "1.234"], [1234.5, 1.234]),
    "other than three digits after": (["12.5", "1.234"], [12.5, 1.234]),
    "two points": (["1.234.567", "1.234"], [1_234_567, 1234]),
    "both marks": (["1.234", "1.234,50"], [1234, 1234.5]),
    "both marks, American": (["1,234", "1,234.50"], [1234, 1234.5]),
    "the other mark is the decimal one": (["1.234", "12,5"], [1234, 12.5]),
    "the other mark, and thousands that are not written": (["1.234", "1234,5"], [NAN, 1234.5]),
    "spaces between thousands": (["1 234", "1.234"], [1234, NAN]),
    "spaces and a decimal mark": (["1 234,567", "1,234"], [1234.567, 1.234]),
    "spaces and the other mark": (["1 234,50", "1.234"], [1234.5, NAN]),
    "one country's thousands, another's": (["1.234.567", "1,234"], [1_234_567, NAN]),
    "two decimal marks": (["1,5", "2.5", "1.234"], [1.5, 2.5, NAN]),
    "two decimal marks, nothing to decide": (["1,5", "2.5"], [1.5, 2.5]),
    "a mark that is both": (["1.234.567", "0.5", "1.234"], [1_234_567, 0.5, NAN]),
    "powers of ten": (["1.234e3", "1.234"], [1234, 1.234]),
    "apostrophes": (["1'234'567", "-1\u2019234.5", "999"], [1_234_567, -1234.5, 999]),
    "apostrophes and a point": (["1'234", "1.234"], [1234, NAN]),
    "nothing to read": ([], []),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_is_read_in_one_way_or_not_at_all(case):
    texts, numbers = COLUMNS[case]
    for order in (slice(None), slice(None, None, -1)):
        found = read_numbers(texts[order])
        np.testing.assert_array_equal(found.values, np.array(numbers, dtype=float)[order])
        np.testing.assert_array_equal(found.two_ways, np.isnan(numbers)[order])
        assert not found.no_number.any()


@pytest.mark.parametrize(
    ("marks", "texts", "numbers"),
    [
        (Marks(decimal=","), ["1.234", "1,234", "1 234"], [1234, 1.234, 1234]),
        (Marks(decimal="."), ["1.234", "1,234", "1 234"], [1.234, 1234, 1234]),
        (Marks(thousands="."), ["1.234", "1,234", "1 234"], [1234, 1.234, 1234]),
        (Marks(thousands=","), ["1.234", "1,234", "1 234"], [1.234, 1234, 1234]),
        (Marks(thousands=" "), ["1.234", "1,234", "1 234"], [1.234, 1.234, 1234]),
        (Marks(",", " "), ["1,234", "1 234,5"], [1.234, 1234.5]),
        (Marks(thousands="'"), ["1'234", "1.234", "1,5"], [1234, 1.234, 1.5]),
    ],
)
def test_what_the_caller_says_decides(marks, texts, numbers):
    assert read_numbers(texts, marks).values.tolist() == numbers


@pytest.mark.parametrize(
    ("marks", "text"),
    [(Marks(decimal=","), "1.5"), (Marks(thousands="."), "0.5"), (Marks(",", " "), "1.234")],
)
def test_a_text_that_is_written_otherwise_than_said_is_no_number(marks, text):
    assert read_numbers([text], marks).no_number.tolist() == [True]


def test_marks_are_given_for_all_columns_or_for_one():
    assert read_marks(None, None) == {"": Marks()}
    by_column = read_marks(",", {"share": ".", "wage_income": "."})
    assert by_column == {"": Marks(","), "share": Marks(",", "."), "wage_income": Marks(",", ".")}


@pytest.mark.parametrize(
    ("decimal", "thousands", "words"),
    [
        (";", None, "decimal= has a value it cannot have"),
        (None, "_", "thousands= has a value it cannot have"),
        (5, None, "decimal= has a value"),
        (None, {"wage_income": None}, "thousands= has a value"),
        ({3: ","}, None, "decimal= has a value"),
        (",", ",", "the same mark"),
        (",", {"wage_income": ","}, "for wage_income"),
    ],
)
def test_marks_that_are_none_are_refused(decimal, thousands, words):
    with pytest.raises(OptionError, match=words):
        read_marks(decimal, thousands)


#: How countries write numbers, by a locale of Babel: decimal mark and what is between thousands.
COUNTRIES = {
    "en_US": Marks(".", ","),
    "de_DE": Marks(",", "."),
    "nb_NO": Marks(",", " "),
    "fr_FR": Marks(",", " "),
}
AMOUNTS = st.decimals(-(10**7), 10**7, places=3).map(lambda x: x.normalize())


@given(
    country=st.sampled_from(sorted(COUNTRIES)),
    amounts=st.lists(AMOUNTS, min_size=1, max_size=12),
    grouped=st.booleans(),
)
def test_what_babel_writes_is_read_back_or_said_to_have_two_readings(country, amounts, grouped):
    texts = [_written(amount, country, grouped) for amount in amounts]
    truth = np.array([float(amount) for amount in amounts])
    found = read_numbers(texts)
    np.testing.assert_array_equal(found.values[~found.two_ways], truth[~found.two_ways])
    told = read_numbers(texts, COUNTRIES[country])
    np.testing.assert_array_equal(told.values, truth)


def _written(amount: Decimal, country: str, grouped: bool) -> str:
    pattern = "#,##0.###" if grouped else "0.###"
    return format_decimal(amount, format=pattern, locale=country, group_separator=grouped)


def test_texts_of_other_scripts_and_programs_are_no_numbers():
    texts = [
        "１２",
        "1_000",
        "0x10",
        "1'23",
        "'1234",
        "12 34",
        "1.234 567",
        "0.125.000",
        "1,2,3",
        "e5",
        "-",
    ]
    assert read_numbers(texts).no_number.all()
    assert read_numbers(["inf", "-Infinity"]).values.tolist() == [np.inf, -np.inf]


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codes",
    [
        ["0111", "111"],
        ["01.110", "47.190"],
        ["1234567890123456", "1234567890123457"],
        ["1E5", "100000"],
    ],
)
def test_what_a_number_would_lose_stays_text(codes):
    column, failures = convert(codes, None)
    assert column.tolist() == codes
    assert failures == {}


def test_numbers_outside_the_contract_are_numbers_all_the_same():
    assert convert(["0,5", "111", "1e+05", "0"], None).column.tolist() == [0.5, 111.0, 1e5, 0.0]
    assert not any(map(looks_like_a_code, ("0", "0.5", "-0,5", "1.5e10", "12")))


# --- the assumption sheet -------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["NOK per participant", "share", "persons", ""])
def test_a_cell_of_the_sheet_follows_the_same_rule(unit):
    line = Line("row 2", {"name": "x"}, {})
    for text, number in (("1.234.567", 1_234_567), ("1.234,5", 1234.5), ("0.125", 0.125)):
        assert number_of(text, line, "value", unit) == number
    for text in ("1.234", "150,000", "-1.500"):
        with pytest.raises(AssumptionError, match="thousands or as decimals") as caught:
            number_of(text, line, "value", unit)
        thousands, decimals = caught.value.do.removeprefix("write ").split(" for thousands, ")
        plain = text.replace(",", ".")
        assert number_of(thousands, line, "value", unit) == 1000 * float(plain)
        assert number_of(decimals.removesuffix(" for decimals"), line, "value", unit) == float(
            plain
        )
