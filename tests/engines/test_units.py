"""A constant is itself: ten hours more come out as ten hours, whatever prices, engine and period.

Had hours been deflated, rounded or combined wrongly, no year would give ten.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.engines.engines import ENGINES

#: Prices that double, and halve again.
YEARS = tuple(range(2010, 2026))
INDEX = mih.PriceIndex(YEARS, tuple(100.0 * 2.0 ** (y % 2) for y in YEARS), "up, down", "a test")
MORE = 10.0


def yearly() -> pd.DataFrame:
    """Return a register in which starters work ten hours more from their start, all else equal.

    A third of an hour is in every value, which no hundredths hold.
    """
    persons, years = np.arange(30), np.arange(2012, 2019)
    person, year = (x.ravel() for x in np.meshgrid(persons, years, indexing="ij"))
    start = np.where(person % 3 == 0, 2015 + person % 2, 0)
    worked = 100.0 + 1.0 / 3.0 + MORE * ((start > 0) & (year >= start))
    return pd.DataFrame(
        {
            "person_id": person,
            "year": year,
            "wage_income": 1_000.0,
            "start_year": np.where(start > 0, start, np.nan),
            "birth_year": 1980,
            "hours": worked,
            "debt": -worked.round(2),
        }
    )


@pytest.mark.parametrize(
    ("engine", "money"), [*((engine, "nominal") for engine in ENGINES), ("duckdb", "fixed")]
)
def test_ten_hours_more_are_ten_hours_in_every_year(engine, money, tmp_path):
    panel = mih.read_panel(
        ENGINES[engine](yearly(), tmp_path),
        money=money,
        index=INDEX if money == "nominal" else None,
        price_year=2016,
        units={"hours": "hours", "debt": "NOK"},
    )
    group = mih.match(panel, method="exact", exact=["birth_year"])
    series = mih.event_study(group, window=(-3, 2))
    hours = series.to_frame().query("outcome == 'hours'")
    np.testing.assert_allclose(hours["estimate"], [0, 0, 0, MORE, MORE, MORE], rtol=0, atol=1e-12)
    assert set(hours["unit"]) == {"hours"}
    road = mih.group_time_effects(panel, outcomes=["hours", "debt"]).aggregate("event")
    after = road.to_frame().query("level >= 0")
    np.testing.assert_allclose(
        after.query("outcome == 'hours'")["estimate"], MORE, rtol=0, atol=1e-12
    )
    debt = after.query("outcome == 'debt'")["estimate"].to_numpy()
    if money == "fixed":  # øre are exact, and below zero
        np.testing.assert_allclose(debt, -MORE, rtol=0, atol=1e-12)
    else:  # money is moved by prices
        assert np.abs(debt + MORE).max() > 1.0


def by_month() -> pd.DataFrame:
    """Return the register by month: a twelfth of the hours, the level, and the stock of a year."""
    rows = yearly()
    months = rows.loc[rows.index.repeat(12)].reset_index(drop=True)
    months["month"] = np.tile(np.arange(1, 13), len(rows))
    months["start_month"] = np.where(months["start_year"].notna(), 1.0, np.nan)
    months["level"] = months["hours"]
    # What the last month of a year has; the others are far off.
    months["stock"] = np.where(months["month"] == 12, months["hours"], -7_000.0 * months["month"])
    months["hours"] /= 12.0
    return months.drop(columns="debt")


@pytest.mark.parametrize(
    ("engine", "money"),
    [("pandas", "nominal"), ("polars lazy", "fixed"), ("parquet", "nominal")],
)
def test_ten_more_are_ten_more_by_month_as_a_sum_a_mean_and_a_last_value(engine, money, tmp_path):
    panel = mih.read_panel(
        ENGINES[engine](by_month(), tmp_path),
        period="month",
        money=money,
        index=INDEX if money == "nominal" else None,
        price_year=2016,
        units={
            "hours": "hours",
            "level": mih.Unit("hours", months="mean"),
            "stock": mih.Unit("points", months="last"),
        },
    )
    group = mih.match(panel, method="exact", exact=["birth_year"], seed=1)
    frame = mih.event_study(group, window=(-3, 2)).to_frame()
    # Everybody starts in January: a year since start ends with December, the month of the stock.
    for outcome in ("hours", "level", "stock"):
        found = frame.loc[frame["outcome"] == outcome, "estimate"]
        np.testing.assert_allclose(found, [0, 0, 0, MORE, MORE, MORE], rtol=0, atol=1e-11)
