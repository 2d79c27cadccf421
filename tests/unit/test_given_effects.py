"""Effects that somebody gives: everything is checked as it came, and nothing is made to fit."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mih_impact as mih

FRAME = pd.DataFrame(
    {"outcome": "wage_income", "year_since_start": [0, 1, 2], "estimate": [1e4, 2e4, 3e4]}
)
MATRIX = np.array([[1.0, 0.5, 0.0], [0.5, 4.0, -1.0], [0.0, -1.0, 9.0]])


def given(frame: object = FRAME, **options: object) -> mih.EffectSeries:
    return mih.EffectSeries.from_frame(frame, **{"price_year": 2024, **options})


def with_column(name: str, values: list[object]) -> pd.DataFrame:
    return FRAME.assign(**{name: pd.Series(values, dtype=object)})


NO_YEARS = {
    "parts of years that would be one year": [0, 1.2, 1.4],
    "not a number": [0, np.nan, 2],
    "infinite": [0, np.inf, 2],
    "text": ["0", "1", "2"],
    "true and false": [False, True, 2],
    "dates": [datetime.date(2020, 1, 1)] * 3,
    "calendar years": [2020, 2021, 2022],
    "absurd": [0, 1, 10**6],
    "beyond any float": [0, 1, 10**400],
    "NA": [0, pd.NA, 2],
    "lists": [[0], [1], [2]],
}
NO_OUTCOMES = {
    "none": [None, "a", "b"],
    "not a number": [np.nan, "nan", "a"],
    "a number and its text": [1, "1", "a"],
    "empty": ["", "a", "b"],
    "bytes": [b"a", "b", "c"],
}
NO_ESTIMATES = {
    "text": ["1", "2", "3"],
    "thousands as text": ["400,000", "1", "2"],
    "true and false": [True, False, True],
    "complex": [1j, 1, 2],
    "missing": [None, 1, 2],
    "infinite": [np.inf, 1, 2],
    "decimals": [Decimal(1), 1, 2],
    "beyond any float": [10**400, 1, 2],
}


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        *(("year_since_start", v, "whole number from -100 to 100") for v in NO_YEARS.values()),
        *(("outcome", v, "named by a text") for v in NO_OUTCOMES.values()),
        *(("estimate", v, "finite number") for v in NO_ESTIMATES.values()),
        ("unit", ["NOK", "share", "NOK"], "has two units"),
        ("unit", ["NOK", None, "NOK"], "A unit is a name"),
        ("unit", ["kr", "kr", "kr"], "declared by its currency"),
    ],
)
def test_a_value_that_is_none_is_told_and_not_converted(column, values, message):
    with pytest.raises((mih.EffectsError, mih.OptionError), match=message):
        given(with_column(column, values))


@pytest.mark.parametrize("price_year", ["2024", 2024.5, None, 3000, -1, True, 10**30, np.nan])
def test_a_price_year_is_a_calendar_year(price_year):
    with pytest.raises(mih.OptionError, match="price year is a calendar year"):
        given(price_year=price_year)


@pytest.mark.parametrize("unit", [5, None, "", ["NOK"], float("nan")])
def test_a_unit_is_a_name(unit):
    with pytest.raises(mih.OptionError, match=r"[uU]nit"):
        given(unit=unit)


def test_whole_numbers_of_any_type_are_years_and_other_units_are_not_money():
    floats = given(FRAME.astype({"year_since_start": float}), price_year=np.int64(2024))
    nullable = given(FRAME.astype({"year_since_start": "Int64", "estimate": "Float64"}))
    assert floats.levels == nullable.levels == (0, 1, 2)
    hours = given(unit="hours")
    assert "NOK" not in hours.summary(lang="en")
    assert "10,000 hours" in hours.summary(lang="en").replace("\u00a0", " ")


@pytest.mark.parametrize("make", [pl.from_pandas, lambda f: pa.Table.from_pandas(f)])
def test_other_frames_are_read_as_well(make):
    found = given(make(FRAME), covariance=MATRIX)
    np.testing.assert_array_equal(found.estimate, given().estimate)
    np.testing.assert_array_equal(found.matrix, MATRIX)


@pytest.mark.parametrize(
    "frame", [None, [1], 3, "frame", {"outcome": ["a"]}, pl.LazyFrame({"outcome": ["a"]})]
)
def test_what_is_no_table_is_told(frame):
    with pytest.raises(mih.EffectsError, match="given as a table"):
        given(frame)


def test_columns_are_there_once_and_rows_are_there():
    with pytest.raises(mih.EffectsError, match="has estimate twice"):
        given(pd.concat([FRAME, FRAME[["estimate"]]], axis=1))
    with pytest.raises(mih.EffectsError, match="no rows"):
        given(FRAME.iloc[:0])


# --- covariances ----------------------------------------------------------------------------------


def test_a_labelled_covariance_is_read_by_its_labels_and_comes_back_as_it_was():
    two = pd.concat([FRAME, FRAME.assign(outcome="aap", estimate=[1.0, 2.0, 3.0])])
    rng = np.random.default_rng(1)
    half = rng.normal(size=(6, 6))
    series = given(two, covariance=half @ half.T)
    for seed in range(5):
        frame = series.to_frame().sample(frac=1, random_state=seed)
        again = given(frame, covariance=series.covariance)
        place = [again.outcomes.index(name) for name in series.outcomes]
        np.testing.assert_array_equal(again.estimate[place], series.estimate)
        pd.testing.assert_frame_equal(
            again.covariance.loc[series.covariance.index, series.covariance.index],
            series.covariance,
        )
    # Labels in another order, levels in another order, and more of them than effects.
    shuffled = series.covariance.sample(frac=1, random_state=1)
    shuffled = shuffled[list(series.covariance.columns[::-1])]
    swapped = shuffled.swaplevel(axis=0).swaplevel(axis=1)
    part = given(two.iloc[[4, 1]], covariance=swapped)
    expected = series.covariance.to_numpy()[np.ix_([1, 4], [1, 4])]
    at = [part.outcomes.index(name) * 1 for name in ("wage_income", "aap")]
    np.testing.assert_array_equal(part.matrix[np.ix_(at, at)], expected)


def test_years_alone_label_the_covariance_of_one_outcome():
    labelled = pd.DataFrame(MATRIX, index=[0, 1, 2], columns=[0, 1, 2])
    for order in ([0, 1, 2], [2, 0, 1]):
        other = labelled.iloc[order, order[::-1]]
        np.testing.assert_array_equal(given(covariance=other).matrix, MATRIX)
        frame = FRAME.iloc[order]
        np.testing.assert_array_equal(given(frame, covariance=other).matrix, MATRIX)
    with pytest.raises(mih.EffectsError, match="years or places"):
        given(FRAME.iloc[::-1], covariance=pd.DataFrame(MATRIX))
    positional = given(FRAME.iloc[::-1], covariance=MATRIX)
    np.testing.assert_array_equal(positional.matrix, MATRIX[::-1, ::-1])


SHARES = FRAME.assign(outcome="in_work", unit="share", estimate=0.1)
LABELS = "labels of the covariance"
NONE = {
    "other labels": (pd.DataFrame(MATRIX, list("xyz"), list("xyz")), LABELS),
    "other columns": (pd.DataFrame(MATRIX, [0, 1, 2], [5, 6, 7]), LABELS),
    "a label twice": (pd.DataFrame(MATRIX, [0, 1, 1], [0, 1, 1]), LABELS),
    "words in a frame": (pd.DataFrame([["a"] * 3] * 3), "made of numbers"),
    "asymmetric": (np.array([[1, 2, 0], [0, 4, 0], [0, 0, 9.0]]), "not symmetric"),
    "no covariance": (np.array([[1, 5, 0], [5, 4, 0], [0, 0, 9.0]]), "some combination"),
    "negative": (-MATRIX, "3 negative variances"),
    "negative beside a large one": (np.diag([1e10, -1.0, 1.0]), "1 negative variances"),
    "without variance": (np.array([[0, 1, 0], [1, 4, 0], [0, 0, 9.0]]), "variance is zero"),
    "not finite": (MATRIX * np.nan, "9 of 9 values are not finite"),
    "half": (MATRIX[:2], "shape"),
    "a vector": (np.diag(MATRIX), "shape"),
    "errors": ([1, 2, 3], "shape"),
    "a word": ("x", "shape"),
    "uneven": ([[1.0], [1.0, 2.0], [3.0]], "shape"),
    "words": (np.array([["a"] * 3] * 3, dtype=object), "made of numbers"),
    "true and false": (np.eye(3, dtype=bool), "made of numbers"),
    "complex": (MATRIX * 1j, "made of numbers"),
}


@pytest.mark.parametrize("case", NONE)
def test_what_is_no_covariance_is_told(case):
    matrix, message = NONE[case]
    with pytest.raises(mih.EffectsError, match=message):
        given(covariance=matrix)


def test_a_covariance_of_shares_is_judged_beside_one_of_kroner():
    both = pd.concat([FRAME.assign(unit="NOK"), SHARES])
    wrong = np.zeros((6, 6))
    wrong[:3, :3] = MATRIX * 1e8
    wrong[3:, 3:] = np.array([[1, 5, 0], [5, 4, 0], [0, 0, 9.0]]) * 1e-4  # lost beside 1e8
    with pytest.raises(mih.EffectsError, match="some combination"):
        given(both, covariance=wrong)
    right = wrong.copy()
    right[3:, 3:] = MATRIX * 1e-4
    np.testing.assert_array_equal(given(both, covariance=right).matrix, right)


def test_an_estimated_series_comes_back_with_its_base_year_and_rounding():
    group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    series = mih.event_study(group, outcomes=["wage_income", "in_work"], window=(-2, 2))
    again = given(series.to_frame().iloc[::-1], covariance=series.covariance)
    pd.testing.assert_frame_equal(
        again.covariance.loc[series.covariance.index, series.covariance.index], series.covariance
    )
    assert again.units == series.units
