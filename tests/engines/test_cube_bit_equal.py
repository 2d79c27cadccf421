"""The cube is the same bits whatever engine made it and in whatever order the rows came."""

from __future__ import annotations

import dataclasses

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

from mih_impact.panel.cube import Cube
from mih_impact.panel.read import read_panel
from mih_impact.panel.residency import State
from tests.engines.engines import ENGINES


def register(n: int = 60, seed: int = 7) -> pd.DataFrame:
    """Return a register with everything that engines treat differently."""
    rng = np.random.default_rng(seed)
    years = np.arange(2010, 2020)
    person = np.repeat(np.arange(n), len(years))
    year = np.tile(years, n)
    rows = len(person)
    start = np.where(rng.random(n) < 0.3, rng.integers(2013, 2018, n), np.nan)
    death = np.where(rng.random(n) < 0.2, rng.integers(2014, 2019, n), np.nan)
    frame = pd.DataFrame(
        {
            "person_id": [f"p{i:03d}" if i % 2 else f"å{i}" for i in person],
            "year": year,
            # Values with a third decimal: halves of an øre that engines round differently.
            "wage_income": np.where(
                rng.random(rows) < 0.3, np.nan, rng.integers(0, 4_000_000_00, rows) / 1000 + 0.005
            ),
            "dagpenger": np.where(rng.random(rows) < 0.5, 0.0, rng.random(rows) * 1e5),
            "start_year": start[person],
            "eligible": np.where(rng.random(rows) < 0.3, True, False),
            "sex": np.where(rng.random(n) < 0.9, "m", None)[person],
            "birth_year": (1960 + person % 30),
            "death_year": death[person],
            "county": rng.choice(["Østfold", "Oslo", "Ålesund", None], rows),
            "months_unemployed": np.where(
                rng.random(rows) < 0.2, np.nan, rng.integers(0, 13, rows)
            ),
            "shoe_size": rng.random(rows) * 10 + 36,
            # Declared below: money of either sign, and what is kept to the last bit.
            "profit": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(0, 1e5, rows)),
            "lemp": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(8, 1, rows)),
            "hours": rng.integers(0, 2000, rows),
        }
    )
    frame["eligible"] = frame["eligible"].astype(bool)
    kept = (rng.random(rows) < 0.85) & (year != 2012)  # 2012 is a year without any row
    return frame[kept].reset_index(drop=True)


UNITS = {"profit": "NOK", "lemp": "log points", "hours": "hours"}


def assert_equal_cubes(one: Cube, other: Cube) -> None:
    """Assert that two cubes are the same bits, array by array."""
    for field in dataclasses.fields(Cube):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, dict):
            assert list(left) == list(right), field.name
            pairs = [(f"{field.name}[{key}]", left[key], right[key]) for key in left]
        else:
            pairs = [(field.name, left, right)]
        for name, a, b in pairs:
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype, name
                assert a.shape == b.shape, name
                if a.dtype == object:
                    assert a.tolist() == b.tolist(), name
                else:
                    assert a.tobytes() == b.tobytes(), name
            else:
                assert a == b, name
    assert one.fingerprint == other.fingerprint


@pytest.fixture(scope="module")
def reference() -> Cube:
    return read_panel(register(), units=UNITS).cube()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_cube_is_bit_equal_from_every_engine(engine, reference, tmp_path):
    cube = read_panel(ENGINES[engine](register(), tmp_path), units=UNITS).cube()
    assert_equal_cubes(cube, reference)


@pytest.mark.parametrize("engine", ["pandas", "polars lazy", "parquet"])
def test_the_order_of_rows_changes_nothing(engine, reference, tmp_path):
    shuffled = register().sample(frac=1, random_state=3).reset_index(drop=True)
    panel = read_panel(ENGINES[engine](shuffled, tmp_path), units=UNITS)
    assert_equal_cubes(panel.cube(), reference)


@pytest.mark.parametrize("engine", ENGINES)
def test_recoded_and_renamed_columns_are_bit_equal(engine, tmp_path):
    coded = register().rename(columns={"person_id": "lopenr"})
    coded["county"] = coded["county"].map({"Østfold": 31.0, "Oslo": 3.0, "Ålesund": 15.0})
    coded["eligible"] = coded["eligible"].map({True: "J", False: "N"})
    options = {
        "columns": {"person_id": "lopenr"},
        "values": {
            "county": {31: "Østfold", 3: "Oslo", 15: "Ålesund"},
            "eligible": {"J": True, "N": False},
        },
    }
    cube = read_panel(ENGINES[engine](coded, tmp_path), **options).cube()
    assert_equal_cubes(cube, read_panel(register()).cube())


@pytest.mark.parametrize("engine", ENGINES)
def test_an_expression_chooses_the_same_persons_everywhere(engine, tmp_path):
    chosen = (nw.col("months_unemployed") >= 6) & nw.col("county").is_in(["Oslo"])
    one = read_panel(ENGINES[engine](register(), tmp_path)).cube(eligible=chosen)
    rows = register()
    rows["chosen"] = (rows["months_unemployed"] >= 6) & (rows["county"] == "Oslo")
    observed = sorted(rows["year"].unique())
    # A year without a row is as the last row before it.
    wide = rows.pivot(index="person_id", columns="year", values="chosen").astype("boolean")
    wide = wide[observed].ffill(axis=1).fillna(False).astype(bool)
    first, last = rows["start_year"].agg(["min", "max"]) - 1
    window = [year for year in observed if first <= year <= last]
    persons = set(wide.index[wide[window].any(axis=1)])
    persons |= set(rows[rows["start_year"].notna()]["person_id"])
    assert one.person_id.tolist() == sorted(persons)
    alive = wide.loc[sorted(persons)].to_numpy() & (one.state[:, one.observed] <= State.ABSENT)
    assert (one.eligible[:, one.observed] == alive).all()
    assert not one.eligible[:, ~one.observed].any()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_check_counts_the_same_everywhere(engine, tmp_path):
    bad = register()
    bad.loc[3, "wage_income"] = -1.0
    bad.loc[5, "dagpenger"] = 2e8
    bad.loc[8, "start_year"] = 2031.0
    bad["aap"] = 0.0
    bad["sykepenger"] = bad["dagpenger"] / 1e6
    bad["hours"] = bad["hours"] * 1e6
    bad = pd.concat([bad, bad.iloc[[10, 11, 11]]], ignore_index=True)
    units = {"profit": "NOK", "hours": "NOK"}
    found = read_panel(ENGINES[engine](bad, tmp_path), units=units).check().to_frame(lang="en")
    expected = read_panel(bad, units=units).check().to_frame(lang="en")
    assert {"lost in rounding", "absurd money"} <= set(expected["rule"])
    assert found.to_dict("records") == expected.to_dict("records")
    counted = dict(zip(found["rule"] + ":" + found["column"], found["rows"], strict=True))
    assert counted["negative money:wage_income"] == 1
    assert counted["absurd money:dagpenger"] == 1
    assert counted["duplicate person-years:person_id, year"] == 3
    assert counted["all zero:aap"] == len(bad)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_source_is_not_modified(engine, tmp_path):
    source = ENGINES[engine](register(), tmp_path)
    before = _as_pandas(source)
    panel = read_panel(source)
    panel.check()
    panel.cube()
    pd.testing.assert_frame_equal(_as_pandas(source), before)


def _as_pandas(source: object) -> pd.DataFrame:
    if isinstance(source, str):
        return pd.read_parquet(source)
    if isinstance(source, pd.DataFrame):
        return source.copy(deep=True)
    return nw.from_native(source).lazy().collect("pandas").to_native()
