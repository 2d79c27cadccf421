"""A count of one has its noun in the singular, wherever a count meets a noun."""

from __future__ import annotations

import warnings

import pytest

import mih_impact as mih
from mih_impact.errors import MihImpactError, of_one, warn
from mih_impact.reporting.blocks import Number, Trace, compose


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("1 persons are", "1 person is"),
        ("found in 1 rows, 2 rows", "found in 1 row, 2 rows"),
        ("1 start years", "1 start year"),
        ("1 person-years of 3", "1 person-year of 3"),
        ("1\u00a0personer", "1\u00a0person"),
        ("1 deltakere og 11 deltakere", "1 deltaker og 11 deltakere"),
    ],
)
def test_one_of_a_kind(many: str, one: str) -> None:
    assert of_one(many) == one


@pytest.mark.parametrize(
    "text",
    [
        "21 persons", "0.1 years", "0,1 personer", "1,001 rows", "10\u00a01 rows", "\u22121 years",
        "in year 1 effects are", "years 0 to 1 effects", "1 personality", "v1 rows",
        "1 av 5 deltakere",        "2014\u20131 years",
    ],
)  # fmt: skip
def test_what_is_no_count_of_one_stays(text: str) -> None:
    assert of_one(text) == text


def test_messages_sentences_and_memo_count_so() -> None:
    error = MihImpactError("1 persons have no row", found="1 rows", do="give 1 years more")
    assert str(error) == "1 person has no row. Found: 1 row. Do: give 1 year more."
    assert (error.what, error.found) == ("1 person has no row", "1 row")
    label = mih.Label(nb="{n} deltakere", en="{n} participants stand behind it").format(n=1)
    assert (label.nb, label.en) == ("1 deltaker", "1 participant stands behind it")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn("1 rows left out")
    assert str(told[0].message) == "1 row left out"
    parts = compose("{n} persons are there", {"n": Number("1", Trace("a count"))})
    assert parts[1] == " person is there"


def test_an_error_of_a_real_call_counts_so() -> None:
    import pandas as pd

    frame = pd.DataFrame({"person_id": [1, 1, 2], "year": [2020, 2020, 2020],
                          "wage_income": [1.0, 2.0, 3.0]})  # fmt: skip
    report = mih.read_panel(frame, price_year=2024).check()
    assert "1 rows" not in report.summary("en")
    assert "1 persons" not in report.summary("en")
    assert "1 personer" not in report.summary("nb")
