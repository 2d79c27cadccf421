"""The tables of an extract opened for the engine of a build: files, their versions, and frames."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple

import narwhals as nw
import pandas as pd

from mih_impact import arguments
from mih_impact.errors import OptionError
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.csv_text import TextColumn, convert, decode, read_text
from mih_impact.panel.engine import has_arrow, reading, reading_files
from mih_impact.panel.files import PARQUET, TypedFiles, files_of, is_path
from mih_impact.panel.names import says_missing
from mih_impact.panel.number_text import read_marks
from mih_impact.panel.sources import (
    connect,
    evidence_clause,
    evidence_of,
    lacking_of,
    mode_of,
    require_in_all,
)
from mih_impact.panel.statfiles import Mode, labels_named
from mih_impact.registers.tables import Source, refuse

__all__ = [
    "ROW",
    "Kind",
    "Store",
    "Wanted",
    "first_of",
    "literal",
    "named",
    "quoted",
    "raw_of",
    "require_columns",
    "require_read",
    "several",
]

Kind = Literal["key", "date", "money", "number", "int", "year", "month", "text", "bool", "rank"]

_VERSION = re.compile(r"(?:_p(\d{4}-\d\d-\d\d)(?:_p(\d{4}-\d\d-\d\d))?)?_v(\d+)$")
#: The number of a row in its files.
ROW = "mih_impact row"


class Wanted(NamedTuple):
    """A column that is wanted of a table: its own name there, and what it is to become.

    `codes` are what the codes in it stand for.
    """

    source: str
    kind: Kind | None
    codes: Mapping[Any, Any] | None = None

    def of_codes(self) -> Wanted:
        """Return the column as the codes it holds."""
        return self._replace(kind="text") if self.codes else self


@dataclass
class Store:
    """The engine of a build, DuckDB, and what has been put in it; the only things asked of it.

    `reads` are the tables of the extract as they were read, in their order; `declared` is how many
    values in them their files declare missing; `evidence` is what kind of data they are, where the
    caller or a file says so.
    """

    connection: Any
    held: int = 0
    reads: list[str] = field(default_factory=list)
    declared: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, memory_limit: int) -> Store:
        """Return an empty store, which goes to disk beyond the memory it may take."""
        return cls(connect(memory_limit))

    def keep(self, sql: str, *, view: bool = False) -> str:
        """Run a query into a table of its own, and return its name."""
        self.held += 1
        name = f"t{self.held}"
        self.run(f"CREATE TEMP {'VIEW' if view else 'TABLE'} {name} AS {sql}")
        return name

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that a query gives; what the engine raises tells of no person."""
        with reading(nw.from_native(self.connection.sql("SELECT 1 AS one"))):
            found: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
            return found

    def row(self, sql: str) -> tuple[Any, ...]:
        """Return the one row that a query gives."""
        return self.run(sql)[0]

    def types(self, name: str) -> dict[str, str]:
        """Return the types of a table's columns."""
        return {row[0]: row[1] for row in self.run(f"DESCRIBE {name}")}

    def frame(self, name: str) -> Any:
        """Return a table as the engine's own frame."""
        return self.connection.table(name)

    # --- what is read -----------------------------------------------------------------------------

    def take_frame(self, frame: Any) -> str:
        """Take a frame as a table, and return its name."""
        self.held += 1
        name = f"_raw{self.held}"
        own = _known(frame) if isinstance(frame, pd.DataFrame) else _moved(frame)
        self.connection.register(name, own)
        return name

    def take_read(self, sql: str) -> str:
        """Take what a query of DuckDB's reads of files that were written for it."""
        return self.keep(sql, view=True)

    def take_files(self, files: Sequence[str]) -> str:
        """Take Parquet files, and where in them a row is, counted from 1."""
        listed = f"[{', '.join(map(literal, files))}]"
        there = f"read_parquet({listed}, union_by_name = true)"
        first = first_rows(self.connection, files)
        row = f"file_row_number + {first}[file_index::BIGINT + 1] AS {quoted(ROW)}"
        found = renamed(self.types(f"(SELECT * FROM {there})"))
        new = [f"{quoted(old)} AS {new}" for old, new in found.items()]
        new_names = f"RENAME ({', '.join(new)})" if new else ""
        return self.keep(f"SELECT * {new_names}, {row} FROM {there}", view=True)

    # --- what is written --------------------------------------------------------------------------

    def with_column(self, sql: str, name: str, expr: nw.Expr) -> str:
        """Return a query with one column more, an expression on its columns."""
        frame = nw.from_native(self.connection.view(self.keep(sql, view=True)))
        with reading(frame):
            return str(frame.with_columns(expr.alias(name)).to_native().sql_query())

    def write(self, sql: str, path: Path) -> str | None:
        """Write a query's rows to Parquet, whole or not at all; return their name if any."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        told = evidence_clause(self.evidence)
        try:
            if not self.row(f"COPY ({sql}) TO {literal(part)} (FORMAT parquet{told})")[0]:
                return None
            removed(path)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return self.keep(f"SELECT * FROM read_parquet({literal(path)})", view=True)

    def source(self, name: str, path: Path | None) -> Any:
        """Return what a panel reads: a table, or the files that it was written to."""
        return self.frame(name) if path is None else path


def quoted(name: str) -> str:
    """Return a name quoted for SQL.

    Examples
    --------
    >>> quoted("kjønn")
    '"kjønn"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Return a text quoted for SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def first_of(unit: str, *, months: bool) -> str:
    """Return the SQL of the first day of a year or a month."""
    if months:
        return f"make_date(({unit}) // 12, ({unit}) % 12 + 1, 1)"
    return f"make_date({unit}, 1, 1)"


def named(table: Source, kind: str) -> str:
    """Return what a table is called; raise where it is none."""
    if not isinstance(table, Source):
        raise OptionError(
            f"{kind}= takes what says which column is which",
            found=arguments.type_of(table),
            do='wrap it: mih.Table(frame, key="lopenr", columns={"wage_income": "lonn"}); of spells'
            " mih.Spells, mih.Status and mih.Starts",
        )
    if table.name is not None:
        return table.name
    return Path(table.source).name if is_path(table.source) else kind


def several(option: str, tables: Any) -> list[Any]:
    """Return the tables of an option; raise where they are in no list."""
    found = arguments.listed(tables)
    if found is None or isinstance(tables, pd.Series):
        raise OptionError(
            f"{option}= takes a list of tables",
            found=arguments.type_of(tables),
            do=f"put it in a list: {option}=[table]",
        )
    return found


def raw_of(
    store: Store, table: Source, name: str, wanted: Mapping[str, Wanted]
) -> tuple[str, Mapping[str, Mapping[str, int]]]:
    """Return the table as it is, and what could not be read of text."""
    source = table.source
    if not is_path(source):
        return store.take_frame(source), {}
    kind, files = files_of(source)
    files = chosen_files(files, table, name)
    sources = [want.source for want in wanted.values()]
    if kind is PARQUET:
        require_in_all(name, lacking_of(store.connection, files), sources)
        store.evidence = evidence_of(store.connection, files) | store.evidence
        return store.take_files(files), {}
    if kind.opened is not None:
        opened = kind.opened(files)
        require_in_all(name, opened.lacking, sources)
        return _from_typed(store, opened, table, wanted), {}
    frame, unread = _from_text(files, table, wanted)
    return store.take_frame(frame), unread


def first_rows(connection: Any, files: Sequence[str]) -> list[int]:
    """Return the first row of each Parquet file, counted from 1 through them all, and of none."""
    listed = f"[{', '.join(map(literal, files))}]"
    found = f"SELECT file_name, num_rows FROM parquet_file_metadata({listed})"
    with reading_files():
        rows = dict(connection.execute(found).fetchall())
    return list(accumulate((rows[file] for file in files), initial=1))


def renamed(present: Iterable[str]) -> dict[str, str]:
    """Return the plain names of dates of microdata.no, by the names they have in Parquet."""
    ends = {f"{end}_epoch_days": end for end in ("start", "stop")}
    return {old: ends[old] for old in present if old in ends}


def removed(path: Path) -> None:
    """Remove what a build before this one wrote: a file, or a folder of files."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _from_typed(
    store: Store, files: TypedFiles, table: Source, wanted: Mapping[str, Wanted]
) -> str:
    """Return the view of the wanted columns of files of a statistics package or of Excel."""
    require_columns(named(table, "table"), wanted, files.columns)
    asked = [want.source for want in wanted.values()]
    modes = {name: _mode(name, table, wanted, files.labels[name]) for name in asked}
    raw = store.take_read(files.query(store.connection, modes))
    store.declared[raw] = sum(files.declared.values())
    return raw


def _mode(
    source: str, table: Source, wanted: Mapping[str, Wanted], labels: Mapping[str, str]
) -> Mode:
    """Return how a column is read of a file whose codes may have labels.

    What the caller names, codes or labels, is what the column has.
    """
    wants = {our: want for our, want in wanted.items() if want.source == source}
    listed = [table.where, table.exclude]
    listed += [table.cancelled] if isinstance(table.cancelled, Mapping) else []
    codes = [code for each in listed for code in each.get(source, ())]
    codes += [code for want in wants.values() for code in want.codes or ()]
    if codes:
        return "label" if labels_named(codes, labels) else "code"
    modes: set[Mode] = set()
    for our, want in wants.items():
        if want.kind in ("key", "text", None):
            name = getattr(table, "to", our) if our == "value" else our
            known = CONTRACT[name].dtype if name in CONTRACT else None
            flag = want.kind == "key" or our == "cancelled" or our.startswith("id_")
            modes.add("code" if flag else mode_of(name, known))
    return min(modes, default="number")  # of several, the codes


def _known(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without the types that only pandas has: 2020-12 is the text of a month."""
    types: dict[Any, Any] = {}
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.SparseDtype):
            types[name] = dtype.subtype
        elif isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype) or dtype.kind == "c":
            types[name] = pd.StringDtype()
    return frame.astype(types) if types else frame


def _moved(source: Any) -> Any:
    """Return any other frame as one that the engine of the build reads."""
    frame = nw.from_native(source)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow" if has_arrow() else "pandas")
    return frame.to_arrow() if has_arrow() else frame.to_pandas()


def chosen_files(files: list[str], table: Source, name: str) -> list[str]:
    """Return the files that count: of the versions of one the last, or an error, never both."""
    found: dict[str, list[tuple[str, str, int, str]]] = {}
    for file in files:
        stem = Path(file).stem
        match = _VERSION.search(stem)
        first, last = (match[1] or "", match[2] or "9999") if match else ("", "9999")
        version = int(match[3]) if match else -1
        same = str(Path(file).parent / (stem[: match.start()] if match else stem))
        found.setdefault(same, []).append((first, last, version, file))
    kept: list[str] = []
    for parts in found.values():
        parts.sort(key=lambda part: (-part[2], part[0]))
        chosen: list[tuple[str, str, int, str]] = []
        for part in parts:
            if all(part[0] > other[1] or part[1] < other[0] for other in chosen):
                chosen.append(part)
        if len(chosen) < len(parts) and table.versions is None:
            raise refuse(
                f"{name} has several versions of one file",
                found=", ".join(sorted(Path(part[3]).name for part in parts)),
                do=f'name the one that counts, or take the last of each: versions="latest" '
                f"({', '.join(sorted(Path(part[3]).name for part in chosen))})",
            )
        kept += [part[3] for part in chosen]
    return sorted(kept)


def _from_text(
    files: list[str], table: Source, wanted: Mapping[str, Wanted]
) -> tuple[pd.DataFrame, Mapping[str, Mapping[str, int]]]:
    """Return the wanted columns of CSV files, numbers read as the contract reads them."""
    sources = {want.source: (our, want.kind) for our, want in wanted.items()}
    absent = {want.source: want.codes or {} for want in wanted.values() if says_missing(want.codes)}
    columns: Mapping[str, list[str] | TextColumn] = (
        _headerless(files) if table.form else read_text(files, tuple(sources)).columns
    )
    marks = read_marks(table.decimal, table.thousands)
    strangers = sorted(name for name in marks if name and name not in wanted)
    if strangers:
        raise refuse(
            "decimal= or thousands= names columns that are not taken of the table",
            found=", ".join(strangers),
            do=f"use our names: {', '.join(wanted)}",
        )
    unread: dict[str, Mapping[str, int]] = {}
    frame: dict[str, Any] = {}
    for name, texts in columns.items():
        our, kind = sources.get(name, (name, "text"))
        dtype: Dtype | None = "text"
        if kind is None:
            dtype = CONTRACT[our].dtype if our in CONTRACT else None
        elif kind in ("money", "number", "int"):
            dtype = "money" if kind == "money" else "number"
        elif kind == "bool":
            dtype = "bool"
        if dtype not in ("text", None) and name in absent:  # text is decoded when it is read
            texts = TextColumn.of(texts) if isinstance(texts, list) else texts
            texts = texts.without(absent[name])
        frame[name], failures = convert(texts, dtype, marks.get(our, marks[""]), key=kind == "key")
        if frame[name].dtype == "string":
            values = frame[name].astype(object)
            frame[name] = values.where(values.notna(), None)
        if failures:
            unread[name] = failures
    return pd.DataFrame(frame), unread


def _headerless(files: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of files of microdata.no, which have no header."""
    names = ("unit_id", "value", "start", "stop", "attributes")
    columns: dict[str, list[str]] = {name: [] for name in names}
    for file in files:
        lines = csv.reader(io.StringIO(decode(Path(file).read_bytes()), newline=""), delimiter=";")
        for line in lines:
            if line and len(line) not in (4, 5):
                raise refuse(
                    f"{Path(file).name} is no file of microdata.no",
                    found=f"{len(line)} fields at line {lines.line_num}",
                    do="a line is unit_id;value;start;stop;attributes, without a header",
                )
            for name, text in zip(names, [*line, ""] if len(line) == 4 else line, strict=False):
                columns[name].append(text)
    return columns


def require_columns(name: str, wanted: Mapping[str, Wanted], present: Iterable[str]) -> None:
    """Raise where a table lacks columns that are wanted of it."""
    there = [*present]
    missing = sorted({want.source for want in wanted.values()} - {*there})
    if missing:
        endless = "; stop=None where a row is one day, such as a start" if "stop" in missing else ""
        raise refuse(
            f"{name} lacks the columns {', '.join(missing)}",
            found=f"the columns {', '.join(there)}",
            do="name the columns as the table has them: key=, columns=, start= and stop=" + endless,
        )


def require_read(name: str, unread: Mapping[str, Mapping[str, int]]) -> None:
    """Raise where numbers of a CSV could not be read."""
    if unread:
        raise refuse(
            f"{name} has values that cannot be read",
            found="; ".join(
                f"{column}: {n:,} values ({why})"
                for column, failures in unread.items()
                for why, n in failures.items()
            ),
            do="correct them; say how numbers are written: decimal=, thousands=; or say by our "
            "names which texts mean that there is no value: values={'wage_income': {'..': None}}",
        )
