"""Opening what the caller has: a path, a glob or a frame, as one lazy narwhals frame."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact.errors import MissingExtraError, OptionError, PanelContractError
from mih_impact.panel import engine
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.csv_text import Texts, convert, read_text
from mih_impact.panel.engine import is_spark, reading, reading_files
from mih_impact.panel.files import PARQUET, TypedFiles, files_of, is_path, kept_with
from mih_impact.panel.names import match_names, names_known, says_missing
from mih_impact.panel.number_text import AS_SHOWN, Marks

if TYPE_CHECKING:
    from mih_impact.panel.statfiles import Mode

__all__ = [
    "FILE",
    "LACKING",
    "Opened",
    "column_names",
    "evidence_clause",
    "evidence_of",
    "footers",
    "frame_of",
    "lacking_of",
    "mode_of",
    "open_source",
    "open_spells",
    "quoted",
    "require_in_all",
]

#: Which file a row came from, where there are several.
FILE = "_mih_file"

#: What the rows of a file that lacks a column are: empty, they would count as nothing paid.
LACKING = "in a file that lacks the column"

#: Where a Parquet file says what kind of data it is, so that a synthetic one cannot pass for real.
_EVIDENCE_KEYS = {"nb": "mih_impact.evidence.nb", "en": "mih_impact.evidence.en"}

#: DuckDB is not given less: it would not get through a scan.
LEAST = 500_000_000

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
        Per column of ours: how many texts could not be converted, by what they are.
    evidence
        What kind of data the file says it is, by language; empty where it says nothing.
    files
        The files; where there are several, the column `FILE` says which one a row came from.
    declared
        Per column of the register: how many values its files declare missing.
    lacking
        How many rows stand in files that lack a column, for each that not all have.
    """

    frame: nw.LazyFrame[Any]
    unreadable: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    declared: Mapping[str, int] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)


def column_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of the columns of a file or glob, as they stand in it."""
    kind, files = files_of(path)
    if kind.opened is not None:
        return kind.opened(files).columns
    if kind is PARQUET:
        schema = open_parquet(files, connect()).collect_schema()
        return tuple(name for name in schema if name != FILE)
    return tuple(read_text(files, names_known()).columns)


def open_source(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    codes: tuple[str, ...] = (),
    measured: Mapping[str, Dtype] | None = None,
    marks: Mapping[str, Marks] | None = None,
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
    values, codes
        Recodings by column of ours, and columns of codes: both stay text, but for recodings that
        only say what is missing.
    measured
        The type of columns that have a unit: they are numbers, also where they look like codes.
    marks
        How numbers are written in text, by column of ours; "" is every other column.
    monthly
        Whether a row is a month.
    memory_limit
        Bytes that DuckDB may take before it goes to disk; None leaves that to it.
    """
    if not is_path(source):
        return Opened(open_frame(source))
    kind, files = files_of(source)
    if kind is PARQUET:
        with reading_files():
            connection = connect(memory_limit)
            evidence = evidence_of(connection, files)
            return Opened(
                open_parquet(files, connection),
                evidence=evidence,
                files=tuple(files),
                lacking=lacking_of(connection, files),
            )
    asked = _Asked(columns or {}, values or {}, codes, measured or {}, monthly)
    if kind.opened is None:
        return _open_csv(files, asked, marks or {})
    return _open_typed(kind.opened(files), files, asked, memory_limit)


@dataclass(frozen=True)
class _Asked:
    """What the caller says of the columns; see `open_source`."""

    columns: Mapping[str, str]
    values: Mapping[str, Mapping[Any, Any]]
    codes: tuple[str, ...]
    measured: Mapping[str, Dtype]
    monthly: bool

    def names(self, present: Iterable[str]) -> dict[str, str]:
        """Return our name -> the register's."""
        return match_names(tuple(present), dict(self.columns), monthly=self.monthly)

    @property
    def absent(self) -> dict[str, Mapping[Any, Any]]:
        """The recodings that only say what is missing."""
        return {name: codes for name, codes in self.values.items() if says_missing(codes)}

    def dtype(self, name: str) -> Dtype | None:
        """Return the type a column is to have; None is what its values show."""
        recoded = name in self.values and name not in self.absent
        if recoded or (name in self.codes and name not in CONTRACT):
            return "text"
        if name in CONTRACT:
            return CONTRACT[name].dtype
        return self.measured.get(name)

    def mode(self, name: str, labels: Mapping[str, str]) -> Mode:
        """Return how a column of a file with labels is read."""
        from mih_impact.panel.statfiles import labels_named

        if name in self.values:
            return "label" if labels_named(self.values[name], labels) else "code"
        return mode_of(name, self.dtype(name))


def mode_of(name: str, dtype: Dtype | None) -> Mode:
    """Return how a column is read of a file whose codes may have labels.

    Places stay codes: it is by codes that they are harmonised.
    """
    if name in ("municipality", "county") or dtype == "text":
        return "code"
    return "label" if dtype in ("category", None) else "number"


def _open_csv(files: list[str], asked: _Asked, marks: Mapping[str, Marks]) -> Opened:
    texts = read_text(files, (*names_known(), *asked.columns.values()))
    names = asked.names(texts.columns)
    for name in asked.absent.keys() & names.keys():
        texts.columns[names[name]] = texts.columns[names[name]].without(asked.absent[name])
    opened = _typed(texts, {name: asked.dtype(name) for name in names}, names, marks)
    if len(files) == 1:
        return replace(opened, files=tuple(files))
    several = opened.frame.collect().to_native()
    several[FILE] = pd.Series(
        np.repeat(np.array(files, dtype=object), texts.rows), dtype="category"
    )
    return replace(opened, frame=nw.from_native(several).lazy(), files=tuple(files))


def _open_typed(
    table: TypedFiles, files: list[str], asked: _Asked, memory_limit: int | None
) -> Opened:
    """Return files of a statistics package or of Excel."""
    names = asked.names(table.columns)
    modes = {source: asked.mode(name, table.labels[source]) for name, source in names.items()}
    frame = frame_of(table, modes, FILE if len(files) > 1 else None, memory_limit)
    return Opened(frame, files=tuple(files), declared=table.declared, lacking=table.lacking)


def frame_of(
    table: TypedFiles,
    modes: Mapping[str, Mode],
    named: str | None = None,
    memory_limit: int | None = None,
) -> nw.LazyFrame[Any]:
    """Return the wanted columns of files with types as a lazy frame; see `TypedFiles.frame`."""
    with reading_files():
        return open_frame(table.frame(connect(memory_limit), modes, named))


def _typed(
    texts: Texts,
    dtypes: Mapping[str, Dtype | None],
    names: Mapping[str, str],
    marks: Mapping[str, Marks],
) -> Opened:
    """Return text columns, by our names, as a frame with the register's names."""
    series: dict[str, pd.Series[Any]] = {}
    unreadable: dict[str, Mapping[str, int]] = {}
    for name, source in names.items():
        written = marks.get(name, marks.get("", AS_SHOWN))
        # Taken out, so that the text goes as the values come.
        series[source], failures = convert(
            texts.columns.pop(source), dtypes[name], written, key=name == "person_id"
        )
        if failures:
            unreadable[name] = failures
    return Opened(nw.from_native(pd.DataFrame(series, copy=False)).lazy(), unreadable)


def open_spells(source: Any, *, marks: Mapping[str, Marks] | None = None) -> pd.DataFrame:
    """Return spells of residency as a pandas frame: person_id (text), from_year, to_year.

    A null `from_year` is since ever, a null `to_year` an open spell.

    Raises
    ------
    PanelContractError
        A column is missing or of the wrong type, or a spell ends before it begins.
    """
    frame = _open_spells(source, marks or {})
    with reading(frame):
        schema = frame.collect_schema()
    _require_spell_columns(schema)
    person = engine.nan_to_null("person_id", schema["person_id"])
    years = [
        engine.nan_to_null(name, schema[name]).cast(nw.Float64).fill_null(never).alias(name)
        for name, never in (("from_year", _SINCE_EVER), ("to_year", _STILL))
    ]
    person_id = engine.text_of(person, schema["person_id"]).alias("person_id")
    with reading(frame):
        spells = pd.DataFrame(engine.arrays(frame.select(person_id, *years)))
    spans = spells[["from_year", "to_year"]]
    for wrong, what, do in (
        (
            spells["person_id"].isna(),
            "without a person_id",
            "drop them, or find out whose they are",
        ),
        ((spans % 1 != 0).any(axis=1), "with years that are not whole", "give whole years"),
        (
            spans["to_year"] < spans["from_year"],
            "that end before they begin",
            "correct from_year and to_year",
        ),
    ):
        if wrong.any():
            raise PanelContractError(
                f"resident= has spells {what}", found=f"{int(wrong.sum())} spells", do=do
            )
    return spells


def _require_spell_columns(schema: Mapping[str, nw.dtypes.DType]) -> None:
    """Raise where spells lack a column, or have one of another type."""
    missing = [name for name in _SPELLS if name not in schema]
    if missing:
        raise PanelContractError(
            f"resident= lacks the columns {', '.join(missing)}",
            found=f"the columns {', '.join(schema)}",
            do="give person_id, from_year and to_year (null for an open spell); of dates, "
            "keep the year",
        )
    wrong = [name for name in ("from_year", "to_year") if not schema[name].is_numeric()]
    if wrong:
        raise PanelContractError(
            "resident= has years that are not numbers",
            found="; ".join(f"{name} is {schema[name]}" for name in wrong),
            do="convert them to whole years",
        )
    named = schema["person_id"]
    if not (named.is_numeric() or named in (nw.String, nw.Categorical, nw.Enum)):
        raise PanelContractError(
            "resident= has identifiers that are neither text nor whole numbers",
            found=f"person_id is {named}",
            do="give them the type that the panel's have",
        )


def _open_spells(source: Any, marks: Mapping[str, Marks]) -> nw.LazyFrame[Any]:
    if not is_path(source):
        return open_frame(source, "resident=")
    kind, files = files_of(source)
    if kind is PARQUET:
        with reading_files():
            return open_parquet(files, connect())
    if kind.opened is not None:
        table = kind.opened(files)
        return frame_of(table, {name: mode_of(name, _SPELLS.get(name)) for name in table.columns})
    texts = read_text(files, tuple(_SPELLS))
    opened = _typed(
        texts,
        {name: _SPELLS.get(name, "text") for name in texts.columns},
        {name: name for name in texts.columns},
        marks,
    )
    if opened.unreadable:
        raise PanelContractError(
            "resident= has years that cannot be read",
            found="; ".join(
                f"{name}: {n} values ({why})"
                for name, failures in opened.unreadable.items()
                for why, n in failures.items()
            ),
            do="correct them, or say with decimal= or thousands= how they are written",
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
    connection.execute("SET allocator_background_threads = true")  # what is free goes back
    if memory_limit is not None:
        connection.execute(f"SET memory_limit = '{max(memory_limit, LEAST)} bytes'")
        connection.execute(f"SET temp_directory = '{kept_with(connection)}'")
    return connection


def open_parquet(files: list[str], connection: Any) -> nw.LazyFrame[Any]:
    """Return Parquet files as a lazy DuckDB frame; columns are matched by name."""
    if len(files) == 1:
        return _typed_nulls(nw.from_native(connection.read_parquet(files, union_by_name=True)))
    several = f"FROM read_parquet([{quoted(files)}], union_by_name = true, filename = '{FILE}')"
    return _typed_nulls(nw.from_native(connection.sql(several)))


def lacking_of(connection: Any, files: list[str]) -> dict[str, int]:
    """Return how many rows of Parquet files lack a column, for each that not all files have."""
    if len(files) < 2:
        return {}
    rows = connection.execute("SELECT file_name, num_rows FROM parquet_file_metadata(?)", [files])
    held = dict(rows.fetchall())
    told = connection.execute("SELECT DISTINCT file_name, name FROM parquet_schema(?)", [files])
    having: dict[str, dict[str, set[str]]] = {}
    for file, name in told.fetchall():
        having.setdefault(name.lower(), {}).setdefault(name, set()).add(file)
    lacking: dict[str, int] = {}
    for spelt in having.values():  # DuckDB takes names for the same whatever their case
        without = sum(held.values()) - sum(held[file] for file in set().union(*spelt.values()))
        lacking |= dict.fromkeys(spelt, without)
    return {name: n for name, n in lacking.items() if n}


def footers(frame: nw.LazyFrame[Any], files: Sequence[str]) -> dict[str, list[float | None]]:
    """Return how many values text and whole numbers have, and the smallest and largest of these.

    Of Parquet files, as their footers say it, by which DuckDB leaves out row groups as well. Only
    columns are here that every row group tells of; of numbers with decimals none does, since what
    is no number is not told apart.

    Parameters
    ----------
    frame, files
        The rows, and the files they are read from, of whatever kind.
    """
    suffixes = {Path(name).suffix.lower() for name in files}
    # The name of a folder, such as year=2020, goes before what the file itself has.
    if not suffixes or not suffixes <= set(PARQUET.suffixes) or any("=" in f for f in files):
        return {}
    found = frame.to_native().query("_mih_asked", _FOOTERS.format(files=quoted(files))).fetchall()
    schema = frame.collect_schema()
    whole = {name for name, dtype in schema.items() if dtype.is_integer()}
    texts = {name for name, dtype in schema.items() if dtype == nw.String}
    return {
        name: told for name, *told, ranged in found if name in texts or (name in whole and ranged)
    }


_FOOTERS = """
WITH chunks AS (
    SELECT file_name, row_group_id, path_in_schema AS name, num_values, stats_null_count AS nulls,
        TRY_CAST(stats_min_value AS DOUBLE) AS low, TRY_CAST(stats_max_value AS DOUBLE) AS high
    FROM parquet_metadata([{files}])
)
SELECT name, sum(num_values - nulls)::DOUBLE, min(low), max(high),
    bool_and(nulls = num_values OR low + high IS NOT NULL)
FROM chunks GROUP BY name
HAVING count(*) = (SELECT count(DISTINCT (file_name, row_group_id)) FROM chunks)
    AND bool_and(coalesce(nulls >= 0, false))
"""


def require_in_all(what: str, lacking: Mapping[str, int], wanted: Iterable[str]) -> None:
    """Raise where files lack a column that is taken of them."""
    missing = [f"{name}, {lacking[name]:,} rows" for name in wanted if lacking.get(name)]
    if missing:
        raise PanelContractError(
            f"{what} has files that lack a column of the others",
            found="; ".join(missing),
            do="give the column one name in all of them; where there was nothing to write, write "
            "it empty",
        )


def quoted(files: Iterable[str]) -> str:
    """Return the names of files as SQL has them in a list."""
    return ", ".join("'" + name.replace("'", "''") + "'" for name in files)


def evidence_of(connection: Any, files: list[str]) -> dict[str, str]:
    """Return what kind of data Parquet files say they are, in both languages, if they do."""
    found = connection.execute("SELECT key, value FROM parquet_kv_metadata(?)", [files])
    kept = found.fetchall()
    told = dict(kept)  # bytes, of which other programs' need not be UTF-8
    keys = {lang: key.encode() for lang, key in _EVIDENCE_KEYS.items()}
    if not told.keys() >= {*keys.values()}:
        return {}
    return {lang: told[key].decode("utf-8", "replace") for lang, key in keys.items()}


def evidence_clause(evidence: Mapping[str, str]) -> str:
    """Return the option of COPY with which a Parquet file says what kind of data it is.

    Examples
    --------
    >>> evidence_clause({"nb": "oppdiktet", "en": "invented"})
    ", KV_METADATA {'mih_impact.evidence.nb': 'oppdiktet', 'mih_impact.evidence.en': 'invented'}"
    >>> evidence_clause({})
    ''
    """
    told = ", ".join(
        f"'{key}': '{evidence[lang].replace(chr(39), chr(39) * 2)}'"
        for lang, key in _EVIDENCE_KEYS.items()
        if lang in evidence
    )
    return f", KV_METADATA {{{told}}}" if told else ""


def open_frame(source: Any, name: str = "The source") -> nw.LazyFrame[Any]:
    """Return any frame narwhals wraps as a lazy frame; PyArrow tables are handed to DuckDB."""
    try:
        frame = nw.from_native(source)
    except nw.exceptions.DuplicateError as error:
        names = [str(name) for name in source.columns] if hasattr(source, "iloc") else []
        raise PanelContractError(
            "Two columns of the frame have the same name",
            found=", ".join(sorted({name for name in names if names.count(name) > 1})) or None,
            do="rename or drop one of them",
        ) from error
    except TypeError as error:
        raise OptionError(
            f"{name} is neither a path nor a frame",
            found=f"an object of type {type(source).__name__}",
            do="give the path of a file, or a pandas, Polars, DuckDB or PyArrow frame",
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
        return _typed_nulls(nw.from_native(connect().from_arrow(frame.to_native())))
    return _typed_nulls(frame.lazy())


def _typed_nulls(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the frame with numbers in columns of nothing but nulls, which have no type at all."""
    native = frame.to_native()
    if frame.implementation is nw.Implementation.PANDAS:
        objects = [name for name in native.columns if native[name].dtype == object]
        empty = [name for name in objects if len(native) and native[name].isna().all()]
        typed = native.assign(**dict.fromkeys(empty, np.nan)) if empty else native
        lazy: nw.LazyFrame[Any] = nw.from_native(typed).lazy()
        return lazy
    unknown = [name for name, dtype in frame.collect_schema().items() if dtype == nw.Unknown]
    empty = [name for name in unknown if _native_type(frame, name) in ("null", "void")]
    return frame.with_columns(nw.col(name).cast(nw.Float64) for name in empty) if empty else frame


def _native_type(frame: nw.LazyFrame[Any], name: str) -> str:
    """Return what an engine calls the type of a column."""
    native = frame.to_native()
    if frame.implementation is nw.Implementation.DUCKDB:
        return str(native.types[native.columns.index(name)]).strip('"').lower()
    if frame.implementation is nw.Implementation.POLARS:
        return str(native.collect_schema()[name]).lower()
    if frame.implementation is nw.Implementation.IBIS:
        return str(native.schema()[name]).lower()
    if is_spark(frame.implementation):
        return str(native.schema[name].dataType.simpleString())
    return ""
