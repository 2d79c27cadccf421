"""The engine: what it is asked for, how engines differ, and a cluster that has gone away.

Each of them gives the same answer on pandas, Polars (eager and lazy) and DuckDB; `tests/engines`
proves it one by one. Operations that break on one engine or another (`replace_strict` without a
default, ranks and firsts over a window, lazy pivots, aggregates of expressions) are not here, and
not used. Comparisons are guarded against null: prepare columns first, aggregate elementary ones.

A standalone cluster that loses its workers and its master leaves the driver alive: it keeps the job
and waits for executors that nobody is left to start. Other cluster managers stop the session.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from importlib.util import find_spec
from operator import add, or_
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact.errors import EngineError, MemoryLimitError, MihImpactError

__all__ = [
    "BLOCK",
    "NO_ORE",
    "any_of",
    "arrays",
    "can_be_kept",
    "chunks",
    "code_of",
    "count_of",
    "first_of_person",
    "fractional",
    "grouped",
    "has_arrow",
    "has_value",
    "in_months",
    "is_spark",
    "kept",
    "nan_to_null",
    "no_code",
    "nothing",
    "ore",
    "outside",
    "packed",
    "period_bit",
    "reading",
    "reading_files",
    "recode",
    "recode_number",
    "rounding",
    "rows_by_text",
    "rows_of",
    "session_gone",
    "text_of",
    "true_or_false",
    "watched",
]

#: Seconds between two looks at how many executors there are.
_LOOK = 0.5


def session_gone(frame: nw.LazyFrame[Any]) -> bool:
    """Return whether the frame's Spark session has been stopped: then anything may be raised."""
    if frame.implementation is not nw.Implementation.PYSPARK:
        return False
    return frame.to_native().sparkSession.sparkContext._jsc is None


@contextmanager
def watched(frame: nw.LazyFrame[Any]) -> Iterator[None]:
    """Run a frame's jobs; give them up when their cluster has long had no executor.

    How long is the session's `spark.network.timeout`, after which Spark holds an executor for lost.

    Raises
    ------
    EngineError
        The jobs were given up.
    """
    if session_gone(frame) or not _standalone(frame):
        yield
        return
    context, tag = frame.to_native().sparkSession.sparkContext, f"mih_impact_{uuid4().hex}"
    patience = int(_scala(context).conf().getTimeAsSeconds("spark.network.timeout", "120s"))
    over, given_up = Event(), Event()
    watch = Thread(target=_watch, args=(context, tag, patience, over, given_up), daemon=True)
    context.addJobTag(tag)
    watch.start()
    try:
        yield
    except Exception:
        if not given_up.is_set():
            raise
        raise EngineError(
            "The Spark cluster went away while the source was read, and nothing was kept of what "
            "had been read",
            found=f"no executor for {patience} seconds",
            do="see that the master and the workers run, begin a new session and read again; "
            "a session that may have to wait longer for executors needs a higher "
            "spark.network.timeout",
        ) from None
    finally:
        over.set()
        watch.join()
        if not session_gone(frame):
            context.removeJobTag(tag)


def _standalone(frame: nw.LazyFrame[Any]) -> bool:
    if frame.implementation is not nw.Implementation.PYSPARK:
        return False
    return bool(frame.to_native().sparkSession.sparkContext.master.startswith("spark://"))


def _scala(context: Any) -> Any:
    return context._jsc.sc()


def _watch(context: Any, tag: str, patience: float, over: Event, given_up: Event) -> None:
    """Cancel the jobs of a tag once there has been no executor for as long as patience lasts."""
    last_seen = time.monotonic()
    while not over.wait(_LOOK):
        try:
            # The driver is one of those who report their memory.
            executors = _scala(context).getExecutorMemoryStatus().size() - 1
            if executors:
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > patience:
                given_up.set()
                context.cancelJobsWithTag(tag)
                return
        except Exception:  # the session was stopped, which the job itself reports
            return


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
def kept(frame: nw.LazyFrame[Any], *, rows: int) -> Iterator[nw.LazyFrame[Any]]:
    """Hold a result of at most so many rows where it is while it is read more than once.

    It is a plan where it cannot be held.
    """
    if not can_be_kept(frame):
        yield frame
        return
    if frame.implementation is nw.Implementation.DUCKDB:
        native, name = frame.to_native(), f"_mih_{uuid4().hex}"
        if rows <= FEW_ROWS:  # what is held so is no table, for which all plans are made again
            with reading(frame):
                held = native.materialize()
            yield nw.from_native(held)
            return
        with reading(frame):
            native.query("_mih_asked", f"CREATE TEMP TABLE {name} AS FROM _mih_asked")
        held = native.query("_mih_asked", f"FROM {name}")
        try:
            yield nw.from_native(held)
        finally:
            held.query("_mih_asked", f"DROP TABLE {name}")
        return
    with reading(frame):
        persisted = frame.to_native().persist()
    try:
        yield nw.from_native(persisted)
    finally:
        if not session_gone(frame):
            persisted.unpersist()


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
                "The engine did not have enough memory to read the source",
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


#: Years per positional sum: 2**40 leaves 13 bits of a double for duplicates before it rounds.
BLOCK = 40
#: Rows that leave an engine at a time.
CHUNK = 1_000_000
#: Up to so many rows are held outside of the engine's limit of memory: some tens of megabytes.
FEW_ROWS = 100_000
#: Up to so many texts are compared one by one, which takes half the time of looking them up.
FEW = 8
#: What stands for null among whole øre: an amount that passes no check.
NO_ORE = -(10**15)
_ROWS = "_mih_rows"
#: Whole numbers below are exact as floats.
EXACT = 2.0**53


def nan_to_null(name: str, dtype: nw.dtypes.DType) -> nw.Expr:
    """Return the column with NaN made null; other types are passed through."""
    column = nw.col(name)
    return column.fill_nan(None) if dtype.is_float() else column


def has_value(expr: nw.Expr) -> nw.Expr:
    """Return True where a value is present, never null."""
    return ~expr.is_null()


def text_of(expr: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    """Return the value as text: whole floats without decimals, booleans as true and false.

    pandas turns integer codes with gaps into floats, and engines spell booleans differently; the
    same register must give the same text from all of them. What is too large for a float to hold
    exactly, or infinite, has no text.
    """
    if dtype.is_float() or dtype.is_decimal():
        number = expr.cast(nw.Float64).fill_null(0.0)
        held = number.abs() < EXACT
        whole = nw.when(held).then(number).otherwise(nw.lit(0.0)).floor().cast(nw.Int64)
        return nw.when(has_value(expr) & held).then(whole.cast(nw.String))
    if dtype == nw.Boolean:
        words = nw.when(expr.fill_null(False)).then(nw.lit("true")).otherwise(nw.lit("false"))
        return nw.when(has_value(expr)).then(words)
    return expr.cast(nw.String)


def head_of(text: nw.Expr, *, length: int, unless: Sequence[str]) -> nw.Expr:
    """Return the first character of codes of a length; others, and those named, as they are."""
    known = true_or_false(text.is_in(list(unless)))
    cut = true_or_false(text.str.len_chars() == length) & ~known
    return nw.when(cut).then(text.str.slice(0, 1)).otherwise(text)


def recode(text: nw.Expr, mapping: Mapping[str, str]) -> nw.Expr:
    """Return coded text replaced by `mapping`; a code outside the mapping becomes null."""
    return text.replace_strict(
        list(mapping), list(mapping.values()), default=None, return_dtype=nw.String
    )


def recode_number(text: nw.Expr, mapping: Mapping[str, float]) -> nw.Expr:
    """Return coded text as numbers; a code outside the mapping becomes null."""
    return text.replace_strict(
        list(mapping), list(mapping.values()), default=None, return_dtype=nw.Float64
    )


def code_of(text: nw.Expr, values: Sequence[str]) -> nw.Expr:
    """Return the position of a text among `values`, -1 for null and for any other."""
    if not values:
        return has_value(text).cast(nw.Int32) * 0 - 1
    if len(values) > FEW:
        places = {value: float(place) for place, value in enumerate(values)}
        return recode_number(text, places).fill_null(-1.0).cast(nw.Int32)
    code = nw.lit(-1)
    for place, value in enumerate(values):  # a null is no value, and comes last without being told
        code = nw.when(text == value).then(nw.lit(place)).otherwise(code)
    return code.cast(nw.Int32)


def fractional(expr: nw.Expr) -> nw.Expr:
    """Return True where a number has decimals; a null has none."""
    number = expr.cast(nw.Float64).fill_null(0.0)
    return number.floor() != number


def no_code(expr: nw.Expr) -> nw.Expr:
    """Return True where a number is no code: it has decimals, or no float holds it exactly."""
    return fractional(expr) | (expr.cast(nw.Float64).fill_null(0.0).abs() >= EXACT)


def true_or_false(expr: nw.Expr) -> nw.Expr:
    """Return a boolean column where null counts as false."""
    return expr.fill_null(False)


def count_of(expr: nw.Expr) -> nw.Expr:
    """Return 1 where true and 0 where false or null, ready to be summed."""
    return true_or_false(expr).cast(nw.Int64)


def outside(expr: nw.Expr, low: float | None, high: float | None) -> nw.Expr:
    """Return True where a number lies outside the inclusive range; a null does not."""
    parts = []
    if low is not None:
        parts.append((expr < low).fill_null(False))
    if high is not None:
        parts.append((expr > high).fill_null(False))
    return any_of(parts)


def packed(flags: Sequence[nw.Expr]) -> nw.Expr:
    """Return a whole number whose bits are flags without nulls, the first one the lowest."""
    number: nw.Expr = reduce(add, [flag.cast(nw.Int64) * 2**k for k, flag in enumerate(flags)])
    return number


def nothing(name: str) -> nw.Expr:
    """Return a column of the same type without any value; `year` is never null."""
    return nw.when(nw.col("year").is_null()).then(nw.col(name))


def any_of(parts: Sequence[nw.Expr]) -> nw.Expr:
    """Return True where at least one part is true."""
    return reduce(or_, parts) if parts else nw.lit(False)


def ore(expr: nw.Expr) -> nw.Expr:
    """Return kroner as whole øre, `NO_ORE` where null.

    Integers, because float sums differ in the last digits between engines and threads. Half an
    øre is rounded up by `floor(x + 1/2)`: the engines' own `round` disagree about ties.
    """
    return _in_ore(expr.cast(nw.Float64).fill_null(NO_ORE / 100.0)).cast(nw.Int64)


def rounding(expr: nw.Expr) -> tuple[nw.Expr, nw.Expr, nw.Expr]:
    """Return of kroner, null as zero, their size, what øre add to it, and how far they move it."""
    kroner = expr.cast(nw.Float64).fill_null(0.0)
    rounded = _in_ore(kroner) / 100.0
    return kroner.abs(), rounded.abs() - kroner.abs(), (rounded - kroner).abs()


def _in_ore(kroner: nw.Expr) -> nw.Expr:
    return (kroner * 100.0 + 0.5).floor()


def period_bit(period: nw.Expr, first: int) -> nw.Expr:
    """Return 2**k as a float, k being the place of a period from `first` on within its block.

    Summed within a person and a block of `BLOCK` periods, the bits of distinct periods cannot
    carry, so the sum has as many ones as there are rows; a duplicate lowers the number.
    """
    place = period.cast(nw.Float64) - first
    return 2.0 ** (place - (place / BLOCK).floor() * BLOCK)


def in_months(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return a frame whose `year` and `start_year` count months: 12 * year + month - 1.

    A count is null where the year or the month is.
    """
    counted = {"year": _months("year", "month")}
    if "start_year" in frame.collect_schema():
        counted["start_year"] = _months("start_year", "start_month")
    return replaced(frame, counted).drop("month", "start_month", strict=False)


def replaced(frame: nw.LazyFrame[Any], values: Mapping[str, nw.Expr]) -> nw.LazyFrame[Any]:
    """Return a frame with some of its columns replaced, each in terms of the columns as they were.

    Not by `with_columns`: Polars 2.1 gathers several of them and moves a new value of a column
    ahead of what was reckoned from the old one.
    """
    return frame.select(
        values[name].alias(name) if name in values else nw.col(name)
        for name in frame.collect_schema()
    )


def _months(year: str, month: str) -> nw.Expr:
    return nw.col(year) * 12 + nw.col(month) - 1


def grouped(frame: nw.LazyFrame[Any], key: str, *, summed: Sequence[str] = ()) -> nw.LazyFrame[Any]:
    """Return distinct keys with the sums of some other columns, and the largest value of the rest.

    By grouping, also where there is no other column: `unique` is a window over all rows on SQL
    engines, and takes many times as long.
    """
    others = [
        nw.col(other).sum() if other in summed else nw.col(other).max()
        for other in frame.collect_schema()
        if other != key
    ]
    return frame.group_by(key).agg(nw.len().alias(_ROWS), *others).drop(_ROWS)


def first_of_person(frame: nw.LazyFrame[Any], value: nw.Expr, name: str) -> nw.LazyFrame[Any]:
    """Return the smallest value of each person."""
    found = frame.select("person_id", value.alias(name))
    return found.group_by("person_id").agg(nw.col(name).min())


def rows_by_text(frame: nw.LazyFrame[Any], name: str, *, at_most: int) -> dict[str, int] | None:
    """Return how many rows have each value of a text column; None where there are more values."""
    groups = frame.group_by(name).agg(nw.len().alias(_ROWS)).head(at_most + 2)  # null is one
    found = arrays(groups)
    each = zip(found[name].tolist(), found[_ROWS].tolist(), strict=True)
    rows = {str(text): int(n) for text, n in each if isinstance(text, str)}
    return rows if len(rows) <= at_most else None


def rows_of(frame: nw.LazyFrame[Any], name: str, among: Iterable[str]) -> dict[str, int]:
    """Return how many rows of a text column have each of some texts, of those that are there.

    Grouped first: a long list is looked through once a text, not once a row.
    """
    given = frame.select(name).filter(has_value(nw.col(name)))
    groups = given.group_by(name).agg(nw.len().alias(_ROWS))
    found = arrays(groups.filter(nw.col(name).is_in(list(among))))
    return dict(zip(map(str, found[name]), map(int, found[_ROWS]), strict=True))


def arrays(frame: nw.LazyFrame[Any]) -> dict[str, NDArray[Any]]:
    """Run the plan and return its columns as NumPy arrays, in whatever row order the engine has.

    Text comes as an object array with None or NaN for null. Numbers must have no nulls left:
    fill them first and carry a flag beside them.
    """
    with reading(frame):
        if frame.implementation is nw.Implementation.DUCKDB:
            fetched = frame.to_native().fetchnumpy()
            return {name: _unmasked(column) for name, column in fetched.items()}
        if frame.implementation in (nw.Implementation.PANDAS, nw.Implementation.POLARS):
            return _columns(frame.collect())
        with watched(frame):
            return _columns(frame.collect("pyarrow" if has_arrow() else "pandas"))


def chunks(
    frame: nw.LazyFrame[Any], *, by: str, numbers: int, rows: int, at_once: int = CHUNK
) -> Iterator[dict[str, NDArray[Any]]]:
    """Run the plan once and yield its rows as arrays, some at a time, as `arrays` does.

    With PyArrow DuckDB streams, and so does Ibis over what is not DuckDB. A frame that can be held
    where it is, by Spark's executors or in DuckDB, is handed over by ranges of the whole number
    `by`, of which there are `numbers`; it has at most `rows` rows. Other engines give all rows at
    once.
    """
    with reading(frame):
        batches = _batches(frame, at_once) if has_arrow() else None
        if batches is not None:
            for batch in batches:
                names, columns = batch.schema.names, batch.columns
                yield {
                    name: column.to_numpy(zero_copy_only=False)
                    for name, column in zip(names, columns, strict=True)
                }
            return
    if can_be_kept(frame):
        parts = max(1, -(-rows // at_once))
        with kept(frame, rows=rows) as held:
            for k in range(parts):
                low, high = numbers * k // parts, numbers * (k + 1) // parts
                yield arrays(held.filter((nw.col(by) >= low) & (nw.col(by) < high)))
    else:
        yield arrays(frame)


def _batches(frame: nw.LazyFrame[Any], at_once: int) -> Iterator[Any] | None:
    """Return record batches as the engine makes them; None where it cannot."""
    native: Any = frame.to_native()
    batches: Iterator[Any] | None = None
    if frame.implementation is nw.Implementation.DUCKDB:
        reader = getattr(native, "to_arrow_reader", None) or native.fetch_record_batch
        batches = iter(reader(at_once))
    # Ibis 12 asks DuckDB 2 for a method that it no longer has, and leaves the connection in use.
    if frame.implementation is nw.Implementation.IBIS and native.get_backend().name != "duckdb":
        batches = iter(native.to_pyarrow_batches(chunk_size=at_once))
    return batches


def has_arrow() -> bool:
    """Return whether PyArrow is installed: engines stream with it."""
    return find_spec("pyarrow") is not None


def _columns(frame: nw.DataFrame[Any]) -> dict[str, NDArray[Any]]:
    return {name: frame.get_column(name).to_numpy() for name in frame.columns}


def _unmasked(column: NDArray[Any]) -> NDArray[Any]:
    """Return a masked array as a plain one: None where text is null, NaN where a number is."""
    if not np.ma.isMaskedArray(column):
        return column
    missing = np.ma.getmaskarray(column)
    plain: NDArray[Any] = np.array(column.data)
    if not missing.any():
        return plain
    if plain.dtype != object:
        plain = plain.astype(np.float64)
    plain[missing] = None if plain.dtype == object else np.nan
    return plain
