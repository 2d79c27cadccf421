"""What depends on which engine it is: errors while reading, and small tables held in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import narwhals as nw

from mih_impact.errors import EngineError, MemoryLimitError, MihImpactError

__all__ = ["is_spark", "kept", "reading", "reading_files"]

#: Where the errors of engines come from.
_ENGINES = ("duckdb", "_duckdb", "polars", "pyspark", "py4j", "ibis", "pyarrow", "narwhals")


def is_spark(implementation: nw.Implementation) -> bool:
    """Return whether the frame is Spark's."""
    return implementation in (nw.Implementation.PYSPARK, nw.Implementation.PYSPARK_CONNECT)


@contextmanager
def reading_files() -> Iterator[None]:
    """Turn what DuckDB raises over files that are none into a typed error."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in _ENGINES:
            raise
        raise EngineError(
            "The files are not whole Parquet files",
            found=str(error).splitlines()[0],
            do="write them again",
        ) from None


def _session_gone(frame: nw.LazyFrame[Any]) -> bool:
    """Return whether the frame's Spark session has been stopped: then anything may be raised."""
    if frame.implementation is not nw.Implementation.PYSPARK:
        return False
    return frame.to_native().sparkSession.sparkContext._jsc is None


@contextmanager
def kept(frame: nw.LazyFrame[Any]) -> Iterator[nw.LazyFrame[Any]]:
    """Hold a result in a Spark cluster while it is read more than once; others pass through."""
    if not is_spark(frame.implementation):
        yield frame
        return
    with reading(frame):
        held = frame.to_native().persist()
    try:
        yield nw.from_native(held)
    finally:
        if not _session_gone(frame):
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
        module = type(error).__module__.split(".")[0]
        files = isinstance(error, OSError) or "IO" in type(error).__name__
        if module not in _ENGINES and not files and not _session_gone(frame):
            raise
        said = f": {str(error).splitlines()[0]}" if files and str(error) else ""
        raise EngineError(
            "The source broke off while it was read, and nothing was kept of what had been read",
            found=f"{frame.implementation.name.lower()} raised {type(error).__name__}{said}",
            do="see that the files, the disk and the cluster are whole, and read again",
        ) from None
