"""The engines a panel may come from, each made from the same pandas frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl

Maker = Callable[[pd.DataFrame, Path], Any]


def _parquet(frame: pd.DataFrame, folder: Path) -> str:
    path = folder / "register.parquet"
    pl.from_pandas(frame).write_parquet(path)
    return str(path)


def _duckdb(frame: pd.DataFrame, folder: Path) -> Any:
    return duckdb.connect().from_arrow(pl.from_pandas(frame).to_arrow())


def _ibis(frame: pd.DataFrame, folder: Path) -> Any:
    import ibis

    return ibis.duckdb.connect().read_parquet(_parquet(frame, folder))


ENGINES: dict[str, Maker] = {
    "pandas": lambda frame, folder: frame,
    "pandas nullable": lambda frame, folder: frame.convert_dtypes(),
    "pandas object text": lambda frame, folder: frame.astype(
        {name: object for name in frame if pd.api.types.is_string_dtype(frame[name])}
    ),
    "polars eager": lambda frame, folder: pl.from_pandas(frame),
    "polars lazy": lambda frame, folder: pl.from_pandas(frame).lazy(),
    "duckdb": _duckdb,
    "parquet": _parquet,
    "pyarrow": lambda frame, folder: pl.from_pandas(frame).to_arrow(),
    "ibis": _ibis,
}
