"""Group-time effects against slow loops: cells, eligibility, missing rows, several outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from tests.oracle.group_time_loops import all_cells, dense, require_same
from tests.support import read_numbers


def small_panel(seed=3, *, missing=0.0, n=170) -> pd.DataFrame:
    """Return a panel with cells that change, eligibility, covariates and two outcomes."""
    rng = np.random.default_rng(seed)
    years = np.arange(2010, 2017)
    start = rng.choice([0, 0, 0, 2012, 2013, 2015], n)
    level = rng.normal(size=n) + 0.3 * (start > 0)
    rows = []
    place = rng.choice(["A", "B", "C"], n)
    for year in years:
        place = np.where(rng.random(n) < 0.08, rng.choice(["A", "B", "C"], n), place)
        rows.append(
            pd.DataFrame(
                {
                    "person_id": np.arange(n) + 100,
                    "year": year,
                    "start_year": np.where(start > 0, start, np.nan),
                    "county": place,
                    "eligible": rng.random(n) < 0.8,
                    "x": level + rng.normal(0, 0.5, n),
                    "outcome": level * year / 2000
                    + (place == "B") * (year - 2010) * 0.2
                    + rng.normal(size=n)
                    + 1.5 * ((start > 0) & (year >= start)),
                    "second": rng.normal(size=n) + 0.5 * level,
                }
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    return frame[rng.random(len(frame)) >= missing].reset_index(drop=True)


@pytest.mark.parametrize(
    "options",
    [
        {"exact": ["county"]},
        {"exact": ["county"], "controls": "not_yet", "base_period": "varying"},
        {"controls": "not_yet", "anticipation": 1},
        {"exact": ["county"], "covariates": ["x"], "estimator": "dr"},
        {"covariates": ["x"], "estimator": "ipw", "controls": "not_yet"},
        {"exact": ["county"], "covariates": ["x"], "estimator": "reg"},
    ],
)
@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_cells_eligibility_and_missing_rows_match_slow_loops(options, missing):
    frame = small_panel(missing=missing)
    effects = mih.group_time_effects(read_numbers(frame), outcomes=["outcome", "second"], **options)
    asked = dict(options)
    kind = asked.pop("estimator", "reg")
    carried = frame.copy()
    if missing:  # covariates and cells come from the last row at or before the year
        full = pd.MultiIndex.from_product(
            [frame["person_id"].unique(), sorted(frame["year"].unique())],
            names=["person_id", "year"],
        )
        carried = frame.set_index(["person_id", "year"]).reindex(full)
        filled = carried.groupby(level=0)[["county", "x"]].ffill()
        start = frame.groupby("person_id")["start_year"].first()
        carried = carried.assign(**filled, absent=carried["outcome"].isna()).reset_index()
        carried["start_year"] = carried["person_id"].map(start)
        carried["eligible"] = carried["eligible"].eq(True)
    slow = all_cells(carried, ["outcome", "second"], kind=kind, **asked)
    require_same(effects, slow, frame["person_id"].unique())


@pytest.mark.parametrize(
    "options",
    [{}, {"anticipation": 1}, {"anticipation": 1, "base_period": "varying"}],
    ids=["plain", "anticipation", "anticipation, varying"],
)
def test_averages_are_of_years_from_the_start_on_and_count_the_shares_as_estimated(options):
    """An anticipated year is before the start, and in none but its own average by event year."""
    frame = small_panel(seed=8)
    effects = mih.group_time_effects(read_numbers(frame), outcomes=["outcome", "second"], **options)
    slow = all_cells(frame, ["outcome", "second"], **options)
    sizes = frame.groupby("person_id")["start_year"].first().value_counts()
    start = frame.groupby("person_id")["start_year"].first()
    for kind, label in (
        ("event", lambda g, t: t - g),
        ("calendar", lambda g, t: t if t >= g else None),
        ("group", lambda g, t: g if t >= g else None),
        ("simple", lambda g, t: 0 if t >= g else None),
    ):
        series = effects.aggregate(kind)
        asked = {label(g, t) for _, g, t in slow} - {None}
        assert set(series.levels) - set(series.base) == asked
        place, value, columns = [], [], []
        for k, outcome in enumerate(effects.outcomes):
            for i, level in enumerate(series.levels):
                keys = [key for key in slow if key[0] == outcome and label(*key[1:]) == level]
                if not keys:
                    continue
                size = np.array([sizes[key[1]] for key in keys])
                effect = np.array([slow[key].estimate for key in keys])
                average = size @ effect / size.sum()
                row = dense([slow[key] for key in keys], start.index) @ (size / size.sum())
                for key, own in zip(keys, effect, strict=True):
                    # d(average) / d(share of g), and a starter's influence on the shares
                    row += (start == key[1]).to_numpy() * (own - average) / size.sum()
                place.append(k * len(series.levels) + i)
                value.append(average)
                columns.append(row)
        rows = np.column_stack(columns)
        np.testing.assert_allclose(series.estimate.ravel()[place], value, atol=1e-10)
        found = series.matrix[np.ix_(place, place)]
        np.testing.assert_allclose(found, rows.T @ rows, atol=1e-11)


def test_a_few_missing_rows_cost_their_own_comparisons_only():
    """A panel coerced to a balanced one would lose most persons, and the estimate with them."""
    full, holes = small_panel(seed=5, n=1500), small_panel(seed=5, n=1500, missing=0.05)
    whole = mih.group_time_effects(read_numbers(full), outcomes="outcome").aggregate("simple")
    partly = mih.group_time_effects(read_numbers(holes), outcomes="outcome")
    simple = partly.aggregate("simple")
    gap = abs(whole.estimate[0, 0] - simple.estimate[0, 0])
    assert gap < 0.5 * np.sqrt(whole.matrix[0, 0])
    table = partly.to_frame().query("reason == ''")
    share = table["n_participants"] / (table["n_participants"] + table["n_lost"])
    assert share.between(0.80, 0.97).all()
    counts = holes.groupby("person_id")["start_year"].first()
    wide = holes.pivot(index="person_id", columns="year", values="outcome")
    row = table.set_index(["group", "year"]).loc[(2013, 2015)]
    seen = wide[[2012, 2015]].notna().all(axis=1)
    assert row["n_participants"] == int((seen & (counts == 2013)).sum())
