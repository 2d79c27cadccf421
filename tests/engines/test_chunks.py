"""Rows leave an engine some at a time, are the same rows, and leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import duckdb
import ibis
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from mih_impact.errors import EngineError
from mih_impact.panel import engine as ops
from mih_impact.panel.read import read_panel
from tests.engines.engines import ENGINES
from tests.engines.test_cube_bit_equal import assert_equal_cubes, register

AT_ONCE = 100


@pytest.fixture
def sizes(monkeypatch) -> list[int]:
    """Return the numbers of rows that left at a time, where no more than `AT_ONCE` may."""
    found: list[int] = []
    as_it_is = ops.chunks

    def few(frame: Any, **given: Any) -> Iterator[dict[str, np.ndarray]]:
        for chunk in as_it_is(frame, **given, at_once=AT_ONCE):
            found.append(len(chunk["year"]))
            yield chunk

    monkeypatch.setattr(ops, "chunks", few)
    return found


@pytest.fixture
def no_arrow(monkeypatch) -> None:
    monkeypatch.setattr(ops, "has_arrow", lambda: False)


def tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    found = "select table_name from duckdb_tables() union all "
    found += "select view_name from duckdb_views() where not internal"
    return connection.execute(found).fetchall()


def many(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """Return a relation over the register, as an analyst with a database has it."""
    connection.register("_rows", pl.from_pandas(register()).to_arrow())
    connection.execute("create table rows as from _rows")
    connection.unregister("_rows")
    return connection.table("rows")


def test_files_stream_without_pyarrow(sizes, no_arrow, tmp_path, monkeypatch):
    source = ENGINES["parquet"](register(), tmp_path)
    expected = read_panel(register()).cube()
    sizes.clear()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    cube = read_panel(source).cube()
    assert len(sizes) > 3
    assert max(sizes) <= AT_ONCE
    assert sum(sizes) == int(cube.row.sum())
    assert_equal_cubes(cube, expected)


@pytest.mark.parametrize("few", [0, 10**6])
def test_a_relation_streams_without_pyarrow_and_its_database_is_left_as_it_was(
    sizes, no_arrow, monkeypatch, few
):
    monkeypatch.setattr(ops, "FEW_ROWS", few)
    connection = duckdb.connect()
    source = many(connection)
    cube = read_panel(source).cube()
    assert len(sizes) > 3
    assert max(sizes) <= AT_ONCE
    assert_equal_cubes(cube, read_panel(register()).cube())
    assert tables(connection) == [("rows",)]


def test_a_database_for_reading_only_streams_without_pyarrow(sizes, no_arrow, tmp_path):
    path = tmp_path / "register.duckdb"
    with duckdb.connect(path) as connection:
        many(connection)
    with duckdb.connect(path, read_only=True) as connection:
        cube = read_panel(connection.table("rows")).cube()
    assert len(sizes) > 3
    assert_equal_cubes(cube, read_panel(register()).cube())


def test_what_breaks_off_halfway_leaves_nothing_in_the_database(no_arrow, monkeypatch):
    monkeypatch.setattr(ops, "FEW_ROWS", 0)  # a table holds what is read more than once
    connection = duckdb.connect()
    panel = read_panel(many(connection))
    panel.check()
    as_it_is, calls = ops.arrays, []

    def breaks(frame: nw.LazyFrame[Any]) -> dict[str, np.ndarray]:
        calls.append(tables(connection))
        if len(calls[-1]) == 3:  # texts have left; persons, and who may be among them, are held
            raise duckdb.IOException("the disk is gone")
        return as_it_is(frame)

    monkeypatch.setattr(ops, "arrays", breaks)
    with pytest.raises(EngineError, match="nothing was kept"):
        panel.cube()
    assert max(map(len, calls)) == 3, "nothing was held when it broke"
    assert tables(connection) == [("rows",)]


def stream(table: Any) -> list[pd.DataFrame]:
    frame = nw.from_native(table).lazy()
    found = ops.chunks(frame, by="year", numbers=3000, rows=1000, at_once=AT_ONCE)
    return [pd.DataFrame(chunk) for chunk in found]


def test_ibis_streams_where_its_backend_does():
    rows = register()[["person_id", "year", "wage_income", "county"]]
    table = ibis.polars.connect().create_table("rows", pl.from_pandas(rows).to_arrow())
    found = stream(table)
    assert [len(part) for part in found[:-1]] == [AT_ONCE] * (len(rows) // AT_ONCE)
    pd.testing.assert_frame_equal(
        pd.concat(found, ignore_index=True), rows, check_dtype=False, check_exact=True
    )


def test_ibis_over_duckdb_gives_all_rows(tmp_path):
    rows = register()[["person_id", "year", "wage_income", "county"]]
    found = pd.concat(stream(ENGINES["ibis"](rows, tmp_path)), ignore_index=True)
    order = ["person_id", "year"]
    pd.testing.assert_frame_equal(
        found.sort_values(order, ignore_index=True),
        rows.sort_values(order, ignore_index=True),
        check_dtype=False,
        check_exact=True,
    )
