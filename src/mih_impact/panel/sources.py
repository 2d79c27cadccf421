"""Opening what the caller has: a path, a glob or a frame, as one lazy narwhals frame."""

from __future__ import annotations

import glob
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from mih_impact.errors import MissingExtraError, PanelContractError
from mih_impact.panel import ops
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.csv_text import convert, read_text
from mih_impact.panel.engine import reading_files
from mih_impact.panel.names import match_names

__all__ = ["EVIDENCE_KEYS", "Opened", "open_source", "open_spells"]

#: Where a Parquet file says what kind of data it is, so that a synthetic one cannot pass for real.
EVIDENCE_KEYS = {"nb": "mih_impact.evidence.nb", "en": "mih_impact.evidence.en"}

#: DuckDB is not given less: it would not get through a scan.
LEAST = 500_000_000

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".tsv", ".txt")

_SPELLS: dict[str, Dtype] = {"person_id": "text", "from_year": "int", "to_year": "int"}
_SINCE_EVER, _STILL = 0.0, 9999.0


@dataclass(frozen=True, eq=False)
class Opened:
    """A source as a lazy frame, and what could not be read from text.

    Attributes
    ----------
    frame
        The register's own names and types.
    unreadable
        Per column of ours: the number of texts that could not be converted, and what they are.
    evidence
        What kind of data the file says it is, by language; empty where it says nothing.
    """

    frame: nw.LazyFrame[Any]
    unreadable: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)


def open_source(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    recoded: tuple[str, ...] = (),
    monthly: bool = False,
    memory_limit: int | None = None,
) -> Opened:
    """Return a path, a glob or a frame as a lazy frame.

    Parameters
    ----------
    source
        What `read_panel` was given.
    columns
        Our name -> the register's: a CSV is converted by the contract, so it needs the names.
    recoded
        Columns that `values` recodes: their codes stay text.
    monthly
        Whether a row is a month.
    memory_limit
        Bytes that DuckDB may take before it goes to disk; None leaves that to it.
    """
    if not isinstance(source, str | Path):
        return Opened(open_frame(source))
    kind, files = files_of(source)
    if kind == "parquet":
        with reading_files():
            return Opened(open_parquet(files, memory_limit), evidence=_evidence(files))
    texts = read_text(files)
    names = match_names(tuple(texts), dict(columns or {}), monthly=monthly)
    dtypes: dict[str, Dtype | None] = {
        name: "text" if name in recoded else CONTRACT[name].dtype if name in CONTRACT else None
        for name in names
    }
    return _typed({name: texts[names[name]] for name in names}, dtypes, names)


def _typed(
    texts: Mapping[str, list[str]], dtypes: Mapping[str, Dtype | None], names: Mapping[str, str]
) -> Opened:
    """Return text columns, by our names, as a frame with the register's names."""
    series: dict[str, pd.Series[Any]] = {}
    unreadable: dict[str, tuple[int, str]] = {}
    for name, column in texts.items():
        series[names[name]], failed, failure = convert(column, dtypes[name])
        if failed:
            unreadable[name] = (failed, failure)
    return Opened(nw.from_native(pd.DataFrame(series)).lazy(), unreadable)


def open_spells(source: Any) -> pd.DataFrame:
    """Return spells of residency as a pandas frame: person_id (text), from_year, to_year.

    A null `from_year` is since ever, a null `to_year` an open spell.

    Raises
    ------
    PanelContractError
        A column is missing or of the wrong type, or a spell ends before it begins.
    """
    frame = _open_spells(source)
    schema = frame.collect_schema()
    missing = [name for name in _SPELLS if name not in schema]
    if missing:
        raise PanelContractError(
            f"resident= lacks the columns {', '.join(missing)}",
            found=f"the columns {', '.join(schema)}",
            do="give person_id, from_year and to_year (null for an open spell)",
        )
    wrong = [name for name in ("from_year", "to_year") if not schema[name].is_numeric()]
    if wrong:
        raise PanelContractError(
            "resident= has years that are not numbers",
            found="; ".join(f"{name} is {schema[name]}" for name in wrong),
            do="convert them to whole years",
        )
    person = ops.nan_to_null("person_id", schema["person_id"])
    years = [
        ops.nan_to_null(name, schema[name]).cast(nw.Float64).fill_null(never).alias(name)
        for name, never in (("from_year", _SINCE_EVER), ("to_year", _STILL))
    ]
    person_id = ops.text_of(person, schema["person_id"]).alias("person_id")
    spells = pd.DataFrame(ops.arrays(frame.select(person_id, *years)))
    backwards = int((spells["to_year"] < spells["from_year"]).sum())
    if backwards:
        raise PanelContractError(
            "resident= has spells that end before they begin",
            found=f"{backwards} spells",
            do="correct from_year and to_year",
        )
    return spells


def _open_spells(source: Any) -> nw.LazyFrame[Any]:
    if not isinstance(source, str | Path):
        return open_frame(source)
    kind, files = files_of(source)
    if kind == "parquet":
        return open_parquet(files)
    texts = read_text(files)
    opened = _typed(texts, {name: _SPELLS.get(name) for name in texts}, {n: n for n in texts})
    if opened.unreadable:
        raise PanelContractError(
            "resident= has years that cannot be read",
            found="; ".join(f"{name}: {n} values" for name, (n, _) in opened.unreadable.items()),
            do="correct them",
        )
    return opened.frame


def connect(memory_limit: int | None = None) -> Any:
    """Return a DuckDB connection of its own: one per panel, nothing shared.

    Where it needs more memory than it may take it writes to a folder that is removed with it.
    """
    try:
        import duckdb
    except ImportError as error:  # pragma: no cover - duckdb is a core dependency
        raise MissingExtraError(
            "Reading Parquet needs DuckDB, which is not installed", do="pip install duckdb"
        ) from error
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")  # the library has its own
    if memory_limit is not None:
        connection.execute(f"SET memory_limit = '{max(memory_limit, LEAST)} bytes'")
        spilled = tempfile.TemporaryDirectory(prefix="mih_impact_", ignore_cleanup_errors=True)
        connection.execute(f"SET temp_directory = '{spilled.name}'")
        _SPILLED[id(connection)] = spilled
        weakref.finalize(connection, _remove, id(connection))
    return connection


#: Folders that open connections may write to, by connection.
_SPILLED: dict[int, tempfile.TemporaryDirectory[str]] = {}


def _remove(connection: int) -> None:
    _SPILLED.pop(connection).cleanup()


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


def open_parquet(files: list[str], memory_limit: int | None = None) -> nw.LazyFrame[Any]:
    """Return Parquet files as a lazy DuckDB frame; columns are matched by name."""
    frame: nw.LazyFrame[Any] = nw.from_native(
        connect(memory_limit).read_parquet(files, union_by_name=True)
    )
    return frame


def _evidence(files: list[str]) -> dict[str, str]:
    """Return what Parquet files say of themselves under `EVIDENCE_KEYS`."""
    kept = connect().execute("SELECT key, value FROM parquet_kv_metadata(?)", [files]).fetchall()
    told = {key.decode(): value.decode() for key, value in kept}
    return {lang: told[key] for lang, key in EVIDENCE_KEYS.items() if key in told}


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
    strange = [name for name in frame.collect_schema() if not isinstance(name, str)]
    if strange:
        raise PanelContractError(
            "Column names must be text",
            found=", ".join(f"{name} ({type(name).__name__})" for name in strange),
            do="rename the columns: frame.rename(columns=str)",
        )
    if frame.implementation is nw.Implementation.PYARROW:
        # PyArrow tables lack operations the checks need; DuckDB reads them without a copy.
        handed: nw.LazyFrame[Any] = nw.from_native(connect().from_arrow(frame.to_native()))
        return handed
    lazy: nw.LazyFrame[Any] = frame.lazy()
    return lazy
