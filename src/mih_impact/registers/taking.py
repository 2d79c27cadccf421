"""A table of an extract taken into the engine: keys, dates and numbers of one type, or an error."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple

import narwhals as nw
import pandas as pd

from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.csv_text import convert, decode, read_text
from mih_impact.panel.engine import has_arrow, reading
from mih_impact.panel.excel import ExcelFiles
from mih_impact.panel.names import says_missing, word_of
from mih_impact.panel.number_text import read_marks
from mih_impact.panel.sources import connect, files_of, is_csv, is_path, mode_of
from mih_impact.panel.statfiles import Mode, StatFiles, kept_with, labels_named
from mih_impact.reference.recoding import Recoding
from mih_impact.registers.tables import Source, refuse

__all__ = ["Kind", "Store", "Wanted", "quoted", "take"]

Kind = Literal["key", "date", "money", "number", "int", "year", "month", "text", "bool", "rank"]

_NUMBERS = ("money", "number", "int", "year", "month")
_VERSION = re.compile(r"(?:_p(\d{4}-\d\d-\d\d)(?:_p(\d{4}-\d\d-\d\d))?)?_v(\d+)$")
#: Characters beyond which a whole number is a date (20240819) and not a year.
_SPARE = "^[0-9]{4}-?[0-9]{2}$"
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
          "UINTEGER", "UBIGINT")  # fmt: skip
_FLOATS = ("FLOAT", "DOUBLE", "DECIMAL")
_DATED = ("DATE", "TIMESTAMP")
#: The number of a row in its files.
_ROW = "mih_impact row"
#: A month, or a quarter, half-year or week as Stata writes it.
_PERIOD = "[0-9]{4}(-(0[1-9]|1[0-2])|q[1-4]|h[12]|w([1-9]|[1-4][0-9]|5[0-2]))"
#: Fewest rows that a code is shown of.
_ENOUGH = 5


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
    """The DuckDB connection of a build, and what has been put in it.

    `reads` are the tables of the extract as they were read, in their order; `declared` is how many
    values in them their files declare missing.
    """

    connection: Any
    held: int = 0
    reads: list[str] = field(default_factory=list)
    declared: dict[str, int] = field(default_factory=dict)

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


def quoted(name: str) -> str:
    """Return a name as SQL has it.

    Examples
    --------
    >>> quoted("kjønn")
    '"kjønn"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Return a text as SQL has it."""
    return "'" + str(value).replace("'", "''") + "'"


def named(table: Source, kind: str) -> str:
    """Return what a table is called."""
    if table.name is not None:
        return table.name
    return Path(table.source).name if is_path(table.source) else kind


def take(store: Store, table: Source, name: str, wanted: Mapping[str, Wanted]) -> str:
    """Return the name of a table with `row` and the wanted columns, each of its kind.

    Parameters
    ----------
    store
        Where it goes.
    table, name
        What the caller declared, and what it is called.
    wanted
        Our name -> column and kind; a kind of None leaves it as it is.

    Raises
    ------
    PanelContractError
        A column is missing; a key, a date or a number cannot be read, or can be in two ways.
    """
    raw, unread = _raw(store, table, name, wanted)
    _require_read(name, unread)
    types = store.types(raw)
    _require_columns(name, wanted, [column for column in types if column != _ROW])
    dated = [w.source for w in wanted.values() if w.kind == "date" and types[w.source] == "VARCHAR"]
    reader = _Reader(store, table, name, raw, tuple(dict.fromkeys(dated)))
    meant, wanted = wanted, {our: want.of_codes() for our, want in wanted.items()}
    made = {our: reader.expr(want, types[want.source], our) for our, want in wanted.items()}
    reader.require_whole(made, wanted, types)
    parts = [f"{expr} AS {quoted(our)}" for our, expr in made.items()]
    in_files = _ROW in types
    row = quoted(_ROW) if in_files else "row_number() OVER ()"
    store.reads.append(raw)
    typed = store.keep(f"SELECT {row} AS row, {', '.join(parts)} FROM {raw}", view=in_files)
    for our, want in meant.items():
        if want.codes:
            typed = _decoded(store, typed, name, our, want, view=in_files)
    return typed


# --- opening --------------------------------------------------------------------------------------


def _raw(
    store: Store, table: Source, name: str, wanted: Mapping[str, Wanted]
) -> tuple[str, Mapping[str, Mapping[str, int]]]:
    """Return the table as it is, and what could not be read of text."""
    source, plain = table.source, f"_raw{store.held}"
    store.held += 1
    if is_path(source):
        files = _chosen(files_of(source)[1], table, name)
        if is_csv(source):
            frame, unread = _from_text(files, table, wanted)
            store.connection.register(plain, frame)
            return plain, unread
        if files_of(source)[0] == "parquet":
            return _in_files(store, files), {}
        if files_of(source)[0] == "stat":
            return _from_stat(store, files, table, wanted), {}
        sheets = ExcelFiles(files)
        modes = {name: _mode(name, table, wanted, {}) for name in sheets.columns}
        source = sheets.frame(modes)
    frame = source if isinstance(source, pd.DataFrame) else _moved(source)
    store.connection.register(plain, frame)
    return plain, {}


def _in_files(store: Store, files: Sequence[str]) -> str:
    """Return the view of Parquet files, and of where in them a row is, counted from 1."""
    listed = f"[{', '.join(map(literal, files))}]"
    there = f"read_parquet({listed}, union_by_name = true)"
    rows = dict(store.run(f"SELECT file_name, num_rows FROM parquet_file_metadata({listed})"))
    before = list(accumulate((rows[file] for file in files[:-1]), initial=1))
    row = f"file_row_number + {before}[file_index::BIGINT + 1] AS {quoted(_ROW)}"
    return store.keep(f"SELECT * {_renamed(store, there)}, {row} FROM {there}", view=True)


def _renamed(store: Store, there: str) -> str:
    """Return the clause that gives dates of microdata.no their plain names."""
    present = store.types(f"(SELECT * FROM {there})") if there else {}
    days = [(f"{end}_epoch_days", end) for end in ("start", "stop")]
    found = [f"{quoted(old)} AS {new}" for old, new in days if old in present]
    return f"RENAME ({', '.join(found)})" if found else ""


def _from_stat(store: Store, files: list[str], table: Source, wanted: Mapping[str, Wanted]) -> str:
    """Return the view of the wanted columns of files of a statistics package."""
    stat = StatFiles(files)
    _require_columns(named(table, "table"), wanted, stat.columns)
    asked = [want.source for want in wanted.values()]
    modes = {name: _mode(name, table, wanted, stat.labels[name]) for name in asked}
    raw = store.keep(stat.written(kept_with(store.connection), modes), view=True)
    store.declared[raw] = sum(stat.declared.values())
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


def _moved(source: Any) -> Any:
    """Return any other frame as one that the engine of the build reads."""
    frame = nw.from_native(source)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pyarrow" if has_arrow() else "pandas")
    return frame.to_arrow() if has_arrow() else frame.to_pandas()


def _chosen(files: list[str], table: Source, name: str) -> list[str]:
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
    columns = _headerless(files) if table.form else read_text(files, tuple(sources)).columns
    marks = read_marks(table.decimal, table.thousands)[""]
    unread: dict[str, Mapping[str, int]] = {}
    frame: dict[str, Any] = {}
    for name, texts in columns.items():
        our, kind = sources.get(name, (name, "text"))
        dtype: Dtype | None = "text"
        if kind is None:
            dtype = CONTRACT[our].dtype if our in CONTRACT else None
        elif kind in ("money", "number", "int"):
            dtype = "money"
        elif kind == "bool":
            dtype = "bool"
        frame[name], failures = convert(texts, dtype, marks)
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


def _require_columns(name: str, wanted: Mapping[str, Wanted], present: Iterable[str]) -> None:
    """Raise where a table lacks columns that are wanted of it."""
    there = [*present]
    missing = sorted({want.source for want in wanted.values()} - {*there})
    if missing:
        raise refuse(
            f"{name} lacks the columns {', '.join(missing)}",
            found=f"the columns {', '.join(there)}",
            do="name the columns as the table has them: key=, columns=, start=, stop= ...",
        )


def _require_read(name: str, unread: Mapping[str, Mapping[str, int]]) -> None:
    if unread:
        raise refuse(
            f"{name} has values that cannot be read",
            found="; ".join(
                f"{column}: {n:,} values ({why})"
                for column, failures in unread.items()
                for why, n in failures.items()
            ),
            do="correct them, or say how numbers are written: decimal=, thousands=",
        )


# --- values ---------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """How the columns of one table become values of their kinds.

    `dated` are its dates in text, which are written in one way all of them.
    """

    store: Store
    table: Source
    name: str
    raw: str
    dated: tuple[str, ...]

    def expr(self, want: Wanted, type_: str, our: str = "") -> str:
        """Return the SQL of a column, which is called `our`."""
        column = quoted(want.source)
        base = type_.split("(")[0].split(" ")[0]
        match want.kind:
            case "key" | "text":
                return self._text(column, base)
            case "date":
                return self._date(want.source, base, our)
            case "rank":
                return self._rank(column, base)
            case "year" | "month":
                return self._part(want, base)
            case "money" | "number":
                self._require_type(want, base, (*_WHOLE, *_FLOATS))
                finite = f"CASE WHEN isfinite({column}::DOUBLE) THEN {column} END"
                return finite if base in ("FLOAT", "DOUBLE") else column
            case "int":
                whole = f"CASE WHEN {column} = floor({column}) THEN {column} END"
                return f"TRY_CAST({whole if base in _FLOATS else column} AS BIGINT)"
            case "bool":
                if base in (*_WHOLE, *_FLOATS):  # 1 for yes and 2 for no is another code
                    return f"CASE {column} WHEN 1 THEN true WHEN 0 THEN false END"
                return f"TRY_CAST({column} AS BOOLEAN)"
        if base in ("FLOAT", "DOUBLE"):
            return f"CASE WHEN NOT isnan({column}) THEN {column} END"
        return f"CAST({column} AS VARCHAR)" if base == "ENUM" else column

    def _require_type(self, want: Wanted, base: str, allowed: Iterable[str]) -> None:
        if base not in allowed and base != '"NULL"':
            raise refuse(
                f"{self.name} has another type in {want.source} than is needed",
                found=f"{base.lower()} where a {want.kind} is needed",
                do="convert the column before",
            )

    def _text(self, column: str, base: str) -> str:
        """Return text without blanks around it; a whole number that is kept as 7.0 is 7."""
        if base in _FLOATS:
            exact = 2**24 if base == "FLOAT" else 9e15  # beyond it several numbers are one
            whole = f"{column} = floor({column}) AND abs({column}) <= {exact}"
            return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) END"
        return f"NULLIF(trim(CAST({column} AS VARCHAR)), '')"

    def _rank(self, column: str, base: str) -> str:
        if base in _DATED:
            return f"epoch(CAST({column} AS TIMESTAMP))"
        if base == "VARCHAR":
            time = f"epoch(TRY_CAST(trim({column}) AS TIMESTAMP))"
            return f"coalesce(TRY_CAST(trim({column}) AS DOUBLE), {time})"
        return f"CAST({column} AS DOUBLE)"

    def _part(self, want: Wanted, base: str) -> str:
        """Return the year, or year * 12 + month - 1, of a number, a text or a date."""
        column, month = quoted(want.source), want.kind == "month"
        if base in _DATED or self.table.dates is not None:
            day = self._date(want.source, base)
            return f"year({day}) * 12 + month({day}) - 1" if month else f"year({day})"
        text = self._text(column, base)
        if base in _WHOLE:
            both = f"{column} BETWEEN 100000 AND 999999"
            spare = f"{column} // 100 * 12 + {column} % 100 - 1"
            year = f"CASE WHEN {column} BETWEEN 1000 AND 9999 THEN {column} END"
            return f"CASE WHEN {both} THEN {spare} ELSE {column} - 13 END" if month else year
        if month:
            both = f"regexp_full_match({text}, '{_SPARE}')"
            year, last = f"left({text}, 4)::INTEGER", f"right({text}, 2)::INTEGER"
            alone = f"TRY_CAST({text} AS INTEGER) - 13"  # without a year: -12 to -1
            return f"CASE WHEN {both} THEN {year} * 12 + {last} - 1 ELSE {alone} END"
        alone = f"length({text}) = 4 OR regexp_full_match({text}, '{_PERIOD}')"
        year = f"TRY_CAST(left({text}, 4) AS INTEGER)"
        return f"CASE WHEN {alone} THEN {year} ELSE year(TRY_CAST({text} AS DATE)) END"

    def _date(self, source: str, base: str, our: str = "") -> str:
        column = quoted(source)
        if base in _DATED:
            return f"CAST({column} AS DATE)"
        if self.table.dates == "days" or (self.table.form and base in _WHOLE):
            return f"DATE '1970-01-01' + CAST({column} AS INTEGER)"
        text = self._text(column, base)
        plain = _dashed(text)
        order = self._order
        return (
            f"CASE {self._period(text, our)}WHEN regexp_full_match({text}, '[0-9]{{8}}') "
            f"THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE) "
            f"WHEN regexp_full_match({plain}, '[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([ T].*)?') "
            f"THEN TRY_CAST(left({plain}, 10) AS DATE) "
            f"WHEN regexp_full_match({plain}, '[0-9]{{1,2}}-[0-9]{{1,2}}-[0-9]{{4}}') "
            f"THEN CAST(try_strptime({plain}, '{order}') AS DATE) "
            f"ELSE CAST(try_strptime({text}, '%d%b%Y') AS DATE) END"
        )

    def _period(self, text: str, our: str) -> str:
        """Return the branch for a month, quarter, half-year or week of Stata where a spell ends.

        It starts on the first of its days, and stops on the last, or on the day after it.
        """
        if our not in ("start", "stop", "valid_from", "valid_to"):
            return ""
        year, part = f"left({text}, 4)::INTEGER", f"regexp_extract({text}, '[0-9]+$')::INTEGER"
        months = f"CASE {text}[5] WHEN 'q' THEN 3 WHEN 'h' THEN 6 ELSE 1 END"
        nth = f"({part} - 1)"
        if our in ("stop", "valid_to") and getattr(self.table, "stops", "") != "exclusive":
            month = f"make_date({year}, 1, 1) + to_months({months} * {part}) - INTERVAL 1 DAY"
            week = f"make_date({year}, 1, 1) + 7 * {part} - 1"
            week = f"CASE {part} WHEN 52 THEN make_date({year}, 12, 31) ELSE {week} END"
        else:
            month = f"make_date({year}, 1, 1) + to_months({months} * {nth})"
            week = f"make_date({year}, 1, 1) + 7 * {nth}"
        day = f"CASE {text}[5] WHEN 'w' THEN {week} ELSE CAST({month} AS DATE) END"
        return f"WHEN regexp_full_match({text}, '{_PERIOD}') THEN {day} "

    @cached_property
    def _order(self) -> str:
        """How dates with their year last are written, as far as the table shows it."""
        if self.table.dates is not None or not self.dated:
            return "%m-%d-%Y" if self.table.dates == "mdy" else "%d-%m-%Y"
        parts = " UNION ALL ".join(
            f"SELECT regexp_extract({_dashed(quoted(source))}, "
            f"'^ *([0-9]{{1,2}})-([0-9]{{1,2}})-[0-9]{{4}} *$', ['a', 'b']) AS p FROM {self.raw}"
            for source in self.dated
        )
        rows, first, second = self.store.row(
            "SELECT count(*), count(*) FILTER (p.a::INTEGER > 12), "
            f"count(*) FILTER (p.b::INTEGER > 12) FROM ({parts}) WHERE p.a <> ''"
        )
        if rows and first and second:
            raise refuse(
                f"{self.name} mixes the order of day and month in {', '.join(self.dated)}",
                found=f"{first:,} dates with the day first and {second:,} with the month first, "
                f"of {rows:,}",
                do="find out which rows are written in which way, and write all as 2024-12-31",
            )
        if rows and not first and not second:
            raise refuse(
                f"{self.name} has dates that can be read in two ways in {', '.join(self.dated)}",
                found=f"{rows:,} dates, none with a day after the twelfth",
                do='say which comes first: dates="dmy" (31.12.2024) or dates="mdy" (12/31/2024)',
            )
        return "%m-%d-%Y" if second else "%d-%m-%Y"

    def require_whole(
        self, made: Mapping[str, str], wanted: Mapping[str, Wanted], types: Mapping[str, str]
    ) -> None:
        """Raise where a value is there and cannot be read, with how many there are."""
        checked = {our: w for our, w in wanted.items() if not _is_sure(w.kind, types[w.source])}
        if not checked:
            return
        counts = [
            f"count(*) FILTER ({self._given(want.source, types)} AND ({made[our]}) IS NULL)"
            for our, want in checked.items()
        ]
        lost = self.store.row(f"SELECT {', '.join(counts)} FROM {self.raw}")
        for (_, want), n in zip(checked.items(), lost, strict=True):
            if n > 0:
                raise refuse(
                    f"{self.name} has values in {want.source} that are no {_WORDS[want.kind]}",
                    found=f"{n:,} rows",
                    do=_REMEDIES.get(want.kind or "", "correct them, or leave them empty"),
                )

    def _given(self, source: str, types: Mapping[str, str]) -> str:
        column, base = quoted(source), types[source].split("(")[0]
        if base == "VARCHAR":
            return f"trim({column}) <> ''"
        if base in ("FLOAT", "DOUBLE"):
            return f"NOT isnan({column})"
        return f"{column} IS NOT NULL"


def _is_sure(kind: Kind | None, type_: str) -> bool:
    """Return whether every value of a type can be read as a kind."""
    base = type_.split("(")[0].split(" ")[0]
    if kind in ("key", "text"):
        return base not in _FLOATS
    return kind in (None, "money") or (kind in ("date", "rank") and base in _DATED)


def _dashed(text: str) -> str:
    return f"regexp_replace({text}, '[./-]', '-', 'g')"


_WORDS: dict[Kind | None, str] = {
    "key": "identifier",
    "text": "code",
    "date": "date",
    "rank": "number or time of a version",
    "year": "year",
    "month": "month",
    "int": "whole number",
    "number": "number",
    "money": "number",
    "bool": "yes or no",
}
_REMEDIES = {
    "key": "identifiers are text or whole numbers: convert the column before",
    "date": "dates are written 2024-12-31, 20241231, 31.12.2024 or 31DEC2024, or are dates; "
    'whole numbers since 1970 need dates="days"',
    "rank": "name a column of numbers, dates or times as revision=",
}


def _decoded(store: Store, typed: str, name: str, our: str, want: Wanted, *, view: bool) -> str:
    """Return a table with the codes of one column replaced by what they stand for.

    Raises
    ------
    PanelContractError
        A code has no answer, or becomes a number that is none.
    """
    given, column = want.codes or {}, quoted(our)
    found = f"SELECT {column}, count(*) FROM {typed} WHERE {column} IS NOT NULL GROUP BY 1"
    times: dict[str, int] = dict(store.run(found))
    if isinstance(given, Recoding):
        answers = given.answers(times)
    elif says_missing(given):
        missing = {word_of(code) for code in given}
        answers = {code: None if code in missing else code for code in times}
    else:
        words = {str(word_of(code)): word_of(new) for code, new in given.items()}
        plain = Recoding(f"values= of {our}, in {name}", words, call=f"values['{our}']")
        answers = plain.answers(times)
    lines = [
        f"({literal(code)}, {'NULL' if new is None else literal(new)})"
        for code, new in {"": None, **answers}.items()
    ]
    listed = f"(SELECT a, CAST(b AS VARCHAR) AS b FROM (VALUES {', '.join(lines)}) AS v(a, b))"
    type_ = {"int": "BIGINT", "number": "DOUBLE", "money": "DOUBLE", "bool": "BOOLEAN"}.get(
        want.kind or "", "VARCHAR"
    )
    made = store.keep(
        f"SELECT t.* REPLACE (TRY_CAST(l.b AS {type_}) AS {column}) "
        f"FROM {typed} t LEFT JOIN {listed} l ON l.a = t.{column}",
        view=view,
    )
    if type_ == "VARCHAR":
        return made
    given_ones = sum(times[code] for code, new in answers.items() if new is not None)
    lost = given_ones - store.row(f"SELECT count({column}) FROM {made}")[0]
    if lost:
        raise refuse(
            f"{name} has values in {want.source} that are no {_WORDS[want.kind]}",
            found=f"{lost:,} rows, after values=",
            do=f"values= of {our} names what each code stands for: a {_WORDS[want.kind]}, or None",
        )
    return made


def shown_codes(store: Store, table: str, column: str, condition: str) -> str:
    """Return how many rows have such codes, and those of the codes that are of several persons."""
    name = quoted(column)
    found = store.run(
        f"SELECT {name}, count(*), count(DISTINCT key) FROM {table} WHERE {condition} "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    often = [f"{code!r}" for code, _, persons in found[:10] if persons >= _ENOUGH]
    words = f"{sum(n for _, n, _ in found):,} rows with {len(found)} such codes"
    return words + (f", among them {', '.join(often)}" if often else "")
