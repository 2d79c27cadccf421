"""Opening what the caller has: a path, a glob or a frame, as one lazy narwhals frame."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

import narwhals as nw

from mih_impact.errors import MissingExtraError, PanelContractError

__all__ = ["connect", "files_of", "open_frame", "open_parquet"]

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".tsv", ".txt")


def connect() -> Any:
    """Return a DuckDB connection of its own: one per panel, nothing shared."""
    try:
        import duckdb
    except ImportError as error:  # pragma: no cover - duckdb is a core dependency
        raise MissingExtraError(
            "Reading Parquet needs DuckDB, which is not installed", do="pip install duckdb"
        ) from error
    return duckdb.connect()


def files_of(path: str | Path) -> tuple[str, list[str]]:
    """Return the kind of file ("parquet" or "csv") and the files a path or glob stands for."""
    text = str(path)
    files = sorted(glob.glob(text, recursive=True)) if glob.has_magic(text) else [text]
    files = [name for name in files if Path(name).is_file()]
    if not files:
        raise PanelContractError(
            "There is no register file at the path",
            found=f"nothing at {text!r}",
            do="check the path; a glob such as 'register/*.parquet' is allowed",
        )
    suffixes = {Path(name).suffix.lower() for name in files}
    if suffixes <= set(PARQUET):
        return "parquet", files
    if suffixes <= set(CSV):
        return "csv", files
    raise PanelContractError(
        "The file type is not known, or types are mixed",
        found=", ".join(sorted(suffix or "no suffix" for suffix in suffixes)),
        do="give Parquet (.parquet) or CSV (.csv, .tsv, .txt), or read the data into a frame first",
    )


def open_parquet(files: list[str]) -> nw.LazyFrame[Any]:
    """Return Parquet files as a lazy DuckDB frame; columns are matched by name."""
    return nw.from_native(connect().read_parquet(files, union_by_name=True))


def open_frame(source: Any) -> nw.LazyFrame[Any]:
    """Return any frame narwhals wraps as a lazy frame; PyArrow tables are handed to DuckDB."""
    try:
        frame = nw.from_native(source)
    except nw.exceptions.DuplicateError as error:
        raise PanelContractError(
            "Two columns of the frame have the same name", do="rename or drop one of them"
        ) from error
    except TypeError as error:
        raise PanelContractError(
            "The source is neither a path nor a frame",
            found=f"an object of type {type(source).__name__}",
            do="give a path to Parquet or CSV, or a pandas, Polars, DuckDB or PyArrow frame",
        ) from error
    if frame.implementation is nw.Implementation.PYARROW:
        # PyArrow tables lack operations the checks need; DuckDB reads them without a copy.
        return nw.from_native(connect().from_arrow(frame.to_native()))
    return frame.lazy()
