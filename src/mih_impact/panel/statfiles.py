"""Files of Stata, SPSS and SAS: read piece by piece into Parquet that an engine reads.

ReadStat (by pyreadstat) reads the values; here they become what the library's other doors give:
days and not numbers of days, codes as the file shows them or their labels, and nothing where the
file says that a value is missing, with how many there were.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import PanelContractError, require_package
from mih_impact.panel.files import kept_with

__all__ = ["STAT", "Mode", "StatFiles", "code_text", "labels_named"]

#: Suffix -> the reader of pyreadstat, the program, and its first day.
STAT = {
    ".dta": ("read_dta", "Stata", "1960-01-01"),
    ".sav": ("read_sav", "SPSS", "1582-10-14"),
    ".zsav": ("read_sav", "SPSS", "1582-10-14"),
    ".por": ("read_por", "SPSS", "1582-10-14"),
    ".sas7bdat": ("read_sas7bdat", "SAS", "1960-01-01"),
    ".xpt": ("read_xport", "SAS", "1960-01-01"),
}

#: How a column is wanted: its numbers, its codes as the file shows them, or the codes' labels.
Mode = Literal["number", "code", "label"]

#: What a column holds beside plain values; the last are periods of Stata.
Reads = Literal["plain", "day", "second", "%tc", "%tm", "%tq", "%th", "%tw", "other"]

#: Values that are read at once: about 200 MB with all copies. A compressed file is read from its
#: beginning for each piece, for a twentieth of the time of the rows before it.
CELLS = 6_000_000

_SAS_DAYS = re.compile(
    "(N8601|E8601|B8601|IS8601)DA|(DATE|(DDMM|MMDD|YYMM|MM)YY[BCDNPS]?|YYMMDD[BCDNPS]?|YYMM[CDNPS]?"
    "|YYMON|MMYY[CDNPS]|MONYY|YYQR?[CDNPSZ]?|WEEKDAT[EX]|WORDDAT[EX]|WEEK[UVW]|(EUR|NOR)DF(DD|DE|DN"
    "|DWN|MN|MY|WDX|WKX)|NLDATE[A-Z]*|JULIAN|JULDAY|DAY|DOWNAME|WEEKDAY|MONTH|MONNAME|QTRR?|YEAR)"
)
_SAS_SECONDS = re.compile(
    "(N8601|E8601|B8601|IS8601)D[TNXZ]|DATETIME|DATEAMPM|MDYAMPM|DTDATE|DTMONYY|DTWKDATX|DTYEAR"
    "|DTYYQC|NLDATM[A-Z]*|(EUR|NOR)DFDT"
)
_SPSS: dict[str, Reads] = {
    **dict.fromkeys(("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"), "day"),
    **dict.fromkeys(("DATETIME", "YMDHMS"), "second"),
}  # fmt: skip
#: Numbers that the format writes with leading zeros: SAS's Z4., SPSS's N4, Stata's %04.0f.
_ZEROS = re.compile(r"(?:Z|N)(\d+)(?:\.0?)?|%-?0(\d+)\.0[fg]")

#: Beyond these a float does not hold every whole number.
_EXACT = {"float": 2.0**24, "double": 2.0**53}
_LAST_DAY = 2_932_896  # 9999-12-31, from 1970


@dataclass(frozen=True)
class _Column:
    """What a file says of one of its columns."""

    name: str
    storage: str
    reads: Reads
    zeros: int = 0
    labels: Mapping[Any, str] = field(default_factory=dict)
    declared: tuple[tuple[Any, Any], ...] = ()

    @property
    def textual(self) -> bool:
        """Whether its values are text in the file."""
        return self.storage == "string"


def _column(name: str, program: str, meta: Any) -> _Column:
    shown = (meta.original_variable_types.get(name) or "").strip()
    storage = meta.readstat_variable_types[name]
    ranges = tuple(
        (each["lo"], each["hi"]) if isinstance(each, dict) else (each, each)
        for each in meta.missing_ranges.get(name, ())
    )
    zeros = _ZEROS.fullmatch(shown.upper() if program != "Stata" else shown)
    width = int(zeros[1] or zeros[2]) if zeros and storage != "string" else 0
    reads: Reads = "plain" if storage == "string" else _reads(program, shown)
    labels = meta.variable_value_labels.get(name, {})
    return _Column(name, storage, reads, width, labels, ranges)


def _reads(program: str, shown: str) -> Reads:
    """Return what the numbers of a column are, by the format in which the program shows them."""
    if program == "Stata":
        form = re.sub("^%-?", "", shown)
        if form[:1] == "d" or form[:2] == "td":
            return "day"
        known: dict[str, Reads] = {"tc": "%tc", "tm": "%tm", "tq": "%tq", "th": "%th", "tw": "%tw"}
        if form[:2] in ("tC", "tb"):
            return "other"
        return known.get(form[:2], "plain")
    name = re.sub(r"[0-9]*\.?[0-9]*$", "", shown.upper())
    if program == "SPSS":
        return _SPSS.get(name, "plain")
    if _SAS_DAYS.fullmatch(name):
        return "day"
    return "second" if _SAS_SECONDS.fullmatch(name) else "plain"


# --- one file -------------------------------------------------------------------------------------


class _File:
    """One file: its columns, and its rows in pieces."""

    def __init__(self, path: str) -> None:
        require_package("pyreadstat", extra="stat", to="Reading files of Stata, SPSS and SAS")
        require_package("pyarrow", extra="stat", to="Reading files of Stata, SPSS and SAS")
        import pyreadstat

        self.path = path
        reader, self.program, self.origin = STAT[Path(path).suffix.lower()]
        self._reader: Callable[..., Any] = getattr(pyreadstat, reader)
        self._options: dict[str, Any] = {"disable_datetime_conversion": True}
        if reader in ("read_dta", "read_sav", "read_sas7bdat"):
            self._options["user_missing"] = True
        catalog = self._catalog() if reader == "read_sas7bdat" else None
        told = {"catalog_file": catalog} if catalog else {}
        self.rows, meta = self._decoded(lambda: self._head(**told))
        self._meta = meta
        self.columns = {name: _column(name, self.program, meta) for name in meta.column_names}

    def _head(self, **told: Any) -> tuple[int | None, Any]:
        meta = self._read(metadataonly=True, **told)[1]
        return meta.number_rows, meta

    def _catalog(self) -> str | None:
        """Return the file beside a SAS file that has its labels: of its name, or formats."""
        beside = (Path(self.path).with_suffix(".sas7bcat"), Path(self.path).parent / _FORMATS)
        return next((str(path) for path in beside if path.is_file()), None)

    def _read(self, source: Any = None, **options: Any) -> Any:
        given = self.path if source is None else source
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._reader(given, **self._options, **options)

    def _decoded(self, call: Callable[[], Any]) -> Any:
        """Return what a call gives; what is no UTF-8 is Windows-1252, as in a CSV."""
        try:
            return call()
        except UnicodeDecodeError as error:
            if "encoding" in self._options or self._reader.__name__ == "read_por":
                raise self._unreadable(error) from None
            self._options["encoding"] = "WINDOWS-1252"
            return self._decoded(call)
        except OSError:
            raise
        except Exception as error:  # pyreadstat's own have no common class
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> PanelContractError:
        own = type(error).__module__.startswith("pyreadstat") and str(error)
        told = str(error).splitlines()[0].rstrip(". ") if own else type(error).__name__
        return PanelContractError(
            f"The file {Path(self.path).name} cannot be read as a file of {self.program}",
            found=told,
            do=f"see that it is whole, and save it again from {self.program}, or as CSV",
        )

    def pieces(self, wanted: Sequence[str]) -> Iterator[Any]:
        """Yield the wanted columns of some thousand rows at a time, and counts of tagged values."""
        step = max(CELLS // max(len(wanted), 1), 1_000)
        if self._reader.__name__ == "read_xport":
            transport = _Transport(self.path, self._meta)
            for rows in transport.pieces(step):
                source = io.BytesIO(rows)
                yield self._frame(wanted, source), transport.tagged(rows)
            return
        if self._reader.__name__ == "read_por":  # every piece would read it from its beginning
            yield self._frame(wanted), {}
            return
        done = 0
        while self.rows is None or done < self.rows:
            piece = self._frame(wanted, row_offset=done, row_limit=step)
            if not len(piece):
                return
            yield piece, {}
            done += step

    def _frame(self, wanted: Sequence[str], source: Any = None, **options: Any) -> pd.DataFrame:
        def call() -> pd.DataFrame:
            if source is not None:
                source.seek(0)
            frame: pd.DataFrame = self._read(source, usecols=list(wanted), **options)[0]
            return frame

        piece: pd.DataFrame = self._decoded(call)
        return piece


_FORMATS = "formats.sas7bcat"


class _Transport:
    """A SAS transport file cut in pieces that are files of their own.

    ReadStat reaches a row of such a file by reading all rows before it, so that reading piece by
    piece takes the square of its length. Rows have one width: head and some rows are a file too.
    """

    def __init__(self, path: str, meta: Any) -> None:
        self._path, self._meta = path, meta
        self._widths = [meta.variable_storage_width[name] for name in meta.column_names]
        self._width = sum(self._widths)
        self._head = self._before_rows()

    def _before_rows(self) -> bytes:
        with open(self._path, "rb") as file:
            head = b""
            while not re.search(rb"HEADER RECORD\*{7}OBS(?:V8)? +HEADER RECORD!{7}", head[-160:]):
                line = file.read(80)
                if len(line) < 80:
                    return head
                head += line
        return head

    def pieces(self, step: int) -> Iterator[bytes]:
        """Yield files of so many rows; the last row of each but the last is not blank."""
        with open(self._path, "rb") as file:
            left = self._bytes_of_rows()
            file.seek(len(self._head) + left)
            self._require_one_table(file.read(160))
            file.seek(len(self._head))
            while left > 0 and self._width:
                rows = file.read(min(step * self._width, left))
                # ReadStat takes blanks at the end for what fills the last line of a file.
                while len(rows) < left and not rows[-self._width :].strip(b" "):
                    rows += file.read(self._width)
                left -= len(rows)
                self._require_one_table(rows)
                yield self._head + rows

    def _bytes_of_rows(self) -> int:
        """Return how much the rows take; version 8 says it, as blanks at its end look like rows."""
        there = os.path.getsize(self._path) - len(self._head)
        told = re.search(rb"OBSV8 +HEADER RECORD!{7} *([0-9]{1,15})", self._head[-160:])
        return min(there, int(told[1]) * self._width) if told and int(told[1]) else there

    def _require_one_table(self, rows: bytes) -> None:
        if b"HEADER RECORD*******MEMB" in rows:
            raise PanelContractError(
                f"The file {Path(self._path).name} holds several tables",
                do="write each to a file of its own in SAS",
            )

    def tagged(self, piece: bytes) -> dict[str, int]:
        """Return how many values of each column are SAS's .A to .Z and ._, which are nothing."""
        rows = np.frombuffer(piece, dtype=np.uint8, offset=len(self._head))
        rows = rows[: len(rows) // self._width * self._width].reshape(-1, self._width)
        found, at = {}, 0
        for name, width in zip(self._meta.column_names, self._widths, strict=True):
            if self._meta.readstat_variable_types[name] != "string":
                first = rows[:, at]
                said = (first == ord("_")) | ((first >= ord("A")) & (first <= ord("Z")))
                found[name] = int((~rows[said, at + 1 : at + width].any(axis=1)).sum())
            at += width
        return found


# --- all files ------------------------------------------------------------------------------------


class StatFiles:
    """Files of a statistics package that are one table.

    Parameters
    ----------
    files
        Their paths.

    Attributes
    ----------
    columns
        The names of their columns, in order.
    labels
        The labels of each column's codes, of all files.
    declared
        How many values of each column the files say are missing: Stata's and SAS's .a to .z, and
        what SPSS calls user-missing. They are null. Known after `query`.
    lacking
        How many rows stand in files that lack a column, for each that not all have; a file that
        does not say how many it has counts as one.
    rows
        How many rows they have; None if one of them does not say it.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self._files = [_File(file) for file in files]
        held: dict[str, list[_Column]] = {}
        for file in self._files:
            for name, column in file.columns.items():
                held.setdefault(name, []).append(column)
        self._held = held
        self.columns = tuple(held)
        self.labels = {
            name: {code_text(code): label for part in parts for code, label in part.labels.items()}
            for name, parts in held.items()
        }
        self.declared: dict[str, int] = {}
        self.lacking = {
            name: sum(file.rows or 1 for file in self._files if name not in file.columns)
            for name in held
        }
        rows = [file.rows for file in self._files]
        self.rows = None if None in rows else sum(n or 0 for n in rows)

    def frame(self, connection: Any, modes: Mapping[str, Mode], named: str | None = None, /) -> Any:
        """Return the wanted columns as a relation of DuckDB; see `query`."""
        return connection.sql(self.query(connection, modes, named))

    def query(self, connection: Any, modes: Mapping[str, Mode], named: str | None = None, /) -> str:
        """Write the columns to Parquet, and return the query that reads them.

        Parameters
        ----------
        connection
            DuckDB's; the Parquet files are removed with it.
        modes
            The columns that are wanted, and how. "label" gives a column with labels as text, the
            label of each code that has one and the other codes as they are.
        named
            A column that says which file a row came from; None is none.

        Raises
        ------
        PanelContractError
            A file cannot be read, or a wanted column has days that cannot be told.
        """
        folder, wanted = kept_with(connection), [name for name in self.columns if name in modes]
        self._require_one_kind(wanted)
        as_text = {name for name in wanted if self._is_text(name, modes[name])}
        # A column that is whole numbers in all files is made of them: 123.0 is 123.
        whole = {n for n in wanted if n not in as_text and self._floats(n)}
        paths: list[Path] = []
        for file in self._files:
            paths.append(folder / f"{len(paths) + 1}.parquet")
            self._write(file, paths[-1], {n: modes[n] for n in wanted}, as_text, whole)
        whole_numbers = [f"CAST({_quoted(n)} AS BIGINT) AS {_quoted(n)}" for n in whole]
        replaced = f" REPLACE ({', '.join(whole_numbers)})" if whole else ""
        read = f"read_parquet([{_listed(map(str, paths))}], union_by_name = true"
        if named is None:
            return f"SELECT *{replaced} FROM {read})"
        number = "CAST(regexp_extract(_path, '([0-9]+)[.]parquet$', 1) AS INTEGER)"
        source = f"([{_listed(file.path for file in self._files)}])[{number}] AS {named}"
        return f"SELECT * EXCLUDE (_path){replaced}, {source} FROM {read}, filename = '_path')"

    def _require_one_kind(self, wanted: Sequence[str]) -> None:
        for name in wanted:
            reads = {part.reads for part in self._held[name] if not part.textual}
            if len(reads) > 1:
                raise PanelContractError(
                    f"The files hold different things in {name}",
                    found=", ".join(sorted(_HOLDS.get(each, each) for each in reads)),
                    do="give the column one format in all of them, or read them one by one",
                )

    def _is_text(self, name: str, mode: Mode) -> bool:
        """Return whether a column becomes text, in all files if in one."""
        parts = self._held[name]
        if any(part.reads in ("%tm", "%tq", "%th", "%tw") for part in parts):
            return True
        shown = any(part.textual or (mode != "number" and part.zeros) for part in parts)
        return shown or (mode == "label" and any(part.labels for part in parts))

    def _floats(self, name: str) -> bool:
        parts = self._held[name]
        return all(p.reads == "plain" for p in parts) and any(p.storage in _EXACT for p in parts)

    def _write(
        self, file: _File, path: Path, modes: dict[str, Mode], as_text: set[str], whole: set[str]
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = [file.columns[name] for name in modes if name in file.columns]
        kinds = {c.name: pa.string() if c.name in as_text else _arrow(c) for c in columns}
        schema = pa.schema(list(kinds.items()))
        texts = [name for name in kinds if name in as_text]
        with pq.ParquetWriter(path, schema, use_dictionary=texts, write_statistics=False) as out:
            for piece, tagged in file.pieces(list(kinds)):
                arrays = []
                for column in columns:
                    self._count(column.name, tagged.get(column.name, 0))
                    read = _texts if column.textual else _numbers
                    values, said = read(piece[column.name], column)
                    self._count(column.name, said)
                    if column.name in whole and not _all_whole(values, column):
                        whole.discard(column.name)
                    words = column.name in as_text
                    made = _converted(values, column, file, modes[column.name], text=words)
                    arrays.append(pa.array(made, from_pandas=True).cast(kinds[column.name]))
                    del piece[column.name]
                out.write_table(pa.table(arrays, names=list(kinds)))

    def _count(self, name: str, number: int) -> None:
        if number:
            self.declared[name] = self.declared.get(name, 0) + number


#: What a column of each kind holds, in words.
_HOLDS = {"plain": "numbers", "day": "days", "second": "times", "%tc": "times",
          "other": "times %tC or %tb"}  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(texts: Iterable[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def _arrow(column: _Column) -> Any:
    """Return the type of a column that does not become text."""
    import pyarrow as pa

    if column.reads == "day":
        return pa.date32()
    if column.reads in ("second", "%tc"):
        return pa.timestamp("us")
    return {"float": pa.float32(), "double": pa.float64()}.get(column.storage, pa.int64())


def _texts(values: pd.Series[Any], column: _Column) -> tuple[Any, int]:
    """Return texts, null where empty or declared missing, and how many the file declares so."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array(values, from_pandas=True).cast(pa.string())
    nothing, said = pc.equal(texts, ""), 0
    if column.declared:
        listed = pc.is_in(texts, value_set=pa.array([low for low, _ in column.declared]))
        nothing, said = pc.or_(nothing, listed), pc.sum(listed).as_py()
    return pc.if_else(nothing, pa.scalar(None, pa.string()), texts), said or 0


def _numbers(values: pd.Series[Any], column: _Column) -> tuple[NDArray[Any], int]:
    """Return numbers, NaN where missing, and how many the file declares so."""
    tagged = 0
    if not pd.api.types.is_numeric_dtype(values):  # letters are tagged missing values
        tagged = sum(isinstance(value, str) for value in values)
        values = pd.to_numeric(values, errors="coerce")
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    for low, high in column.declared:
        said = (numbers >= low) & (numbers <= high)
        tagged += int(said.sum())
        numbers = np.where(said, np.nan, numbers)
    return numbers, tagged


def _all_whole(numbers: NDArray[Any], column: _Column) -> bool:
    given = numbers[~np.isnan(numbers)]
    exact = _EXACT.get(column.storage, np.inf)
    return bool(np.all((given == np.floor(given)) & (np.abs(given) <= exact)))


def code_text(value: Any) -> str:
    """Return a code as text: whole numbers without decimals.

    Examples
    --------
    >>> code_text(301.0), code_text("0301"), code_text(1.5)
    ('301', '0301', '1.5')
    """
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _converted(values: Any, column: _Column, file: _File, mode: Mode, *, text: bool) -> Any:
    """Return the values of a column as they are written."""
    if column.reads == "other":
        raise PanelContractError(
            f"{Path(file.path).name} has times in {column.name} that are not calendar times",
            found="a format %tC (with leap seconds) or %tb (of business days)",
            do="make days of them in Stata: gen day = dofC(time), format day %td",
        )
    if column.reads == "plain":
        labelled = mode == "label" and bool(column.labels)
        if not text or (column.textual and not labelled):
            return values
        return _words(values, column, labelled=labelled)
    gone = np.isnan(values)
    numbers = np.where(gone, 0, values)
    if column.reads in ("%tm", "%tq", "%th", "%tw"):
        return _mapped(values, lambda number: _period(number, column.reads))
    unit = {"day": 86_400 if file.program == "SPSS" else 1, "second": 86_400, "%tc": 86_400_000}
    per_day = unit[column.reads]
    past = np.floor(numbers / per_day)
    first = int(np.datetime64(file.origin, "D").astype(np.int64))
    days = np.where(gone, 0, past + first).astype(np.int64)
    _require_days(days, column, file)
    if column.reads == "day":
        return np.where(gone, np.datetime64("NaT"), days.astype("datetime64[D]"))
    since = np.round((numbers - past * per_day) * (86_400_000_000 // per_day)).astype(np.int64)
    moment = (days * 86_400_000_000 + since).astype("datetime64[us]")
    return np.where(gone, np.datetime64("NaT"), moment)


def _require_days(days: NDArray[Any], column: _Column, file: _File) -> None:
    wrong = int((np.abs(days) > _LAST_DAY).sum())
    if wrong:
        raise PanelContractError(
            f"{Path(file.path).name} has dates in {column.name} that are outside the calendar",
            found=f"{wrong:,} values after the year 9999",
            do="correct them, or take the date format off a column that is none",
        )


def _period(number: float, reads: Reads) -> str:
    """Return a month, quarter, half-year or week of Stata, of which 0 begins 1960."""
    parts, sign = {"%tm": (12, "-"), "%tq": (4, "q"), "%th": (2, "h"), "%tw": (52, "w")}[reads]
    year, part = divmod(int(np.floor(number)), parts)
    return f"{1960 + year}{sign}{part + 1:02d}" if parts == 12 else f"{1960 + year}{sign}{part + 1}"


def _words(values: Any, column: _Column, *, labelled: bool) -> NDArray[Any]:
    """Return codes as text, with their labels where they are wanted."""
    if column.textual:
        values = values.to_numpy(zero_copy_only=False)
    known = {code_text(code): label for code, label in column.labels.items()} if labelled else {}
    shared = [label for label in known.values() if list(known.values()).count(label) > 1]
    double = {*shared, *(label for code, label in known.items() if label in known.keys() - {code})}

    def word(value: Any) -> str:
        code = code_text(value)
        label = known.get(code)
        if label is None:
            return code.zfill(column.zeros)
        return f"{label} ({code})" if label in double else label

    return _mapped(values, word)


def _mapped(values: NDArray[Any], word: Callable[[Any], str]) -> NDArray[Any]:
    """Return a text of each value that is there; each different value is asked for once."""
    place, found = pd.factorize(values)  # nulls have place -1
    words = np.array([*(word(value) for value in found), None], dtype=object)
    return np.asarray(words[place])


def labels_named(codes: Iterable[Any], labels: Mapping[str, str]) -> bool:
    """Return whether a caller who names codes of a column names their labels.

    Examples
    --------
    >>> labels_named(["Mann"], {"1": "Mann"}), labels_named([1], {"1": "Mann"})
    (True, False)
    """
    given = {code_text(c) if isinstance(c, (int, float)) else str(c).strip() for c in codes}
    return bool(given & {*labels.values()}) and not given & labels.keys()
