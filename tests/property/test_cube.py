"""The cube against the definition, read cell by cell in a slow loop.

Outcomes are read from pandas; what does not hang on the engine, from polars, in half the time.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mih_impact.panel.read import read_panel

YEARS = range(2015, 2021)
PERSONS = "abcd"


@st.composite
def registers(draw: st.DrawFn) -> tuple[pd.DataFrame, bool]:
    """Return a small register with any rows missing, and whether residency is known."""
    cells = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(PERSONS), st.sampled_from(YEARS)),
            st.tuples(
                st.one_of(st.none(), st.integers(0, 10_000_000)),
                st.one_of(st.none(), st.integers(1, 5_000)),
                st.sampled_from(["Oslo", "Agder", None]),
            ),
            min_size=1,
        )
    )
    exits = {
        name: draw(st.dictionaries(st.sampled_from(PERSONS), st.integers(2012, 2023), max_size=3))
        for name in ("death_year", "emigration_year")
    }
    known = draw(st.booleans())
    frame = pd.DataFrame(
        [
            {
                "person_id": person,
                "year": year,
                # Øre as kroner, an exact number of them: no rounding to argue about.
                "wage_income": math.nan if ore is None else ore / 100,
                "dagpenger": math.nan if aid is None else float(aid),
                "county": county,
                **{name: float(exits[name].get(person, math.nan)) for name in exits},
            }
            for (person, year), (ore, aid, county) in cells.items()
        ]
    )
    frame["county"] = frame["county"].astype("string")
    if not known:
        frame = frame.drop(columns=[*exits])
    return frame.sample(frac=1, random_state=0), known


def slow_outcome(frame: pd.DataFrame, person: str, year: int, dead: str, known: bool) -> float:
    """Return the wage of one cell, from the definition in docs/contract.md."""
    if year not in set(frame["year"]):
        return math.nan
    own = frame[frame["person_id"] == person]
    for name in ("death_year", "emigration_year"):
        if known and own[name].iloc[0] < year:
            return 0.0 if dead == "zero" else math.nan
    row = own[own["year"] == year]
    if len(row):
        wage = row["wage_income"].iloc[0]
        return 0.0 if math.isnan(wage) else wage
    return 0.0 if known else math.nan


def _is_readable(frame: pd.DataFrame) -> bool:
    columns = ("wage_income", "dagpenger", "county")
    return all(frame[name].notna().any() for name in columns)


@settings(max_examples=25)
@given(registers(), st.sampled_from(["zero", "missing"]))
def test_every_cell_of_an_outcome_is_its_definition(drawn, dead):
    frame, known = drawn
    assume(_is_readable(frame))
    cube = read_panel(frame, money="fixed").cube()
    wages = cube.outcome("wage_income", dead=dead)
    work = cube.outcome("in_work", dead=dead)
    for i, person in enumerate(cube.person_id):
        for t, year in enumerate(cube.periods.tolist()):
            want = slow_outcome(frame, person, year, dead, known)
            got = wages[i, t]
            assert (math.isnan(want) and math.isnan(got)) or abs(want - got) < 1e-9
            assert (math.isnan(work[i, t]) and math.isnan(want)) or work[i, t] == (want > 0)


@settings(max_examples=25)
@given(registers(), st.integers(2013, 2022))
def test_a_covariate_is_that_of_the_last_row_at_or_before_the_year(drawn, year):
    frame, _ = drawn
    assume(_is_readable(frame))
    cube = read_panel(pl.from_pandas(frame), money="fixed").cube()
    read = cube.as_of("county", year)
    for i, person in enumerate(cube.person_id):
        rows = frame[(frame["person_id"] == person) & (frame["year"] <= year)]
        rows = rows.sort_values("year")
        want = None if rows.empty or pd.isna(rows["county"].iloc[-1]) else rows["county"].iloc[-1]
        assert read.values[i] == want
        assert read.carried[i] == (not rows.empty and rows["year"].iloc[-1] < year)


@settings(max_examples=25)
@given(registers(), st.sampled_from([2019, 2022, 2024]), st.sampled_from([2021, 2023]))
def test_a_change_of_price_year_scales_money_and_leaves_shares_alone(drawn, one, other):
    frame, _ = drawn
    assume(_is_readable(frame))
    index = {year: 100.0 * 1.03 ** (year - 2015) for year in range(2015, 2025)}
    rows = pl.from_pandas(frame)
    first = read_panel(rows, index=index, price_year=one).cube()
    second = read_panel(rows, index=index, price_year=other).cube()
    scale = index[other] / index[one]
    np.testing.assert_allclose(
        second.outcome("wage_income"), first.outcome("wage_income") * scale, rtol=1e-12
    )
    np.testing.assert_array_equal(second.outcome("in_work"), first.outcome("in_work"))
    assert (first.ore["wage_income"] == second.ore["wage_income"]).all()
