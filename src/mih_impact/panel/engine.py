"""What depends on which engine it is: errors while reading, and results held in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import narwhals as nw

from mih_impact.errors import EngineError, MemoryLimitError, MihImpactError
from mih_impact.panel.cluster import session_gone

__all__ = ["can_be_kept", "is_spark", "kept", "reading", "reading_files"]

#: Where the errors of engines come from.
_ENGINES = ("duckdb", "_duckdb", "polars", "pyspark", "py4j", "ibis", "pyarrow", "narwhals")


#: What some errors are known by, what they mean, and what to do.
_KNOWN = (
    (
        "UnicodeEncodeError",
        "The source has text with characters that are none (halves of pairs)",
        "correct the text: frame[column].str.encode('utf-8', 'replace').str.decode('utf-8')",
    ),
    (
        "ResourceInUseException",
        "The DuckDB connection is busy with a query whose rows have not all been fetched",
        "fetch them all with .fetchall(), or give the table from a cursor of its own: "
        "connection.cursor().table(name)",
    ),
    (
        "RecordBatchReader",
        "The source is a stream that can be read once, and a register is read more than once",
        "read it into a table first: reader.read_all()",
    ),
)


@contextmanager
def reading_files() -> Iterator[None]:
    """Turn what DuckDB raises over files that are none into a typed error."""
    try:
        yield
    except MihImpactError:
        raise
    except Exception as error:  # names of columns that are no text have errors of Python's own
        own = type(error).__module__.split(".")[0] in _ENGINES
        raise EngineError(
            "The files are not whole Parquet files",
            found=str(error).splitlines()[0] if own and str(error) else type(error).__name__,
            do="write them again",
        ) from None


def is_spark(implementation: nw.Implementation) -> bool:
    """Return whether the frame is Spark's."""
    return implementation in (nw.Implementation.PYSPARK, nw.Implementation.PYSPARK_CONNECT)


def can_be_kept(frame: nw.LazyFrame[Any]) -> bool:
    """Return whether a result can be held by its engine while it is read more than once.

    DuckDB 1 would need to write to the database for that, which may be open for reading only.
    """
    if frame.implementation is nw.Implementation.DUCKDB:
        return not hasattr(frame.to_native(), "fetch_df_chunk")
    return is_spark(frame.implementation)


@contextmanager
def kept(frame: nw.LazyFrame[Any]) -> Iterator[nw.LazyFrame[Any]]:
    """Hold a result that `can_be_kept` where it is while it is read more than once."""
    if frame.implementation is nw.Implementation.DUCKDB:
        native, name = frame.to_native(), f"_mih_{uuid4().hex}"
        with reading(frame):
            native.query("_mih_asked", f"CREATE TEMP TABLE {name} AS FROM _mih_asked")
        try:
            yield nw.from_native(native.query("_mih_asked", f"FROM {name}"))
        finally:
            native.query("_mih_asked", f"DROP TABLE {name}")
        return
    with reading(frame):
        held = frame.to_native().persist()
    try:
        yield nw.from_native(held)
    finally:
        if not session_gone(frame):
            held.unpersist()


@contextmanager
def reading(frame: nw.LazyFrame[Any]) -> Iterator[None]:
    """Turn what an engine raises while rows are read into a typed error.

    An engine's message may quote a value of the register, so it is not repeated; the original error
    is not chained either. Messages about files and connections are, since they are what helps.
    """
    try:
        yield
    except MihImpactError:
        raise
    except Exception as error:
        if "OutOfMemory" in type(error).__name__ or isinstance(error, MemoryError):
            raise MemoryLimitError(
                "The engine had not enough memory to read the source",
                found=f"{frame.implementation.name.lower()} raised {type(error).__name__}",
                do="allow more with memory_limit=, or name fewer columns",
            ) from None
        raised = f"{frame.implementation.name.lower()} raised {type(error).__name__}"
        for said, what, do in _KNOWN:
            if said in f"{type(error).__name__}: {error}":
                raise EngineError(what, found=raised, do=do) from None
        module = type(error).__module__.split(".")[0]
        files = isinstance(error, OSError) or "IO" in type(error).__name__
        if module not in _ENGINES and not files and not session_gone(frame):
            raise
        said = f": {str(error).splitlines()[0]}" if files and str(error) else ""
        raise EngineError(
            "The source broke off while it was read, and nothing was kept of what had been read",
            found=raised + said,
            do="see that the files, the disk and the cluster are whole, and read again",
        ) from None
