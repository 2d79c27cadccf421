"""The CSV door: bytes to text, text to values by the contract, nothing null in silence."""

from __future__ import annotations

import codecs
import csv
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import Dtype
from mih_impact.panel.names import spelling, word_of
from mih_impact.panel.number_text import (
    AS_SHOWN,
    TWO_WAYS,
    Marks,
    looks_like_a_code,
    read_numbers,
)

__all__ = [
    "DATE",
    "SHORTENED",
    "Converted",
    "TextColumn",
    "Texts",
    "convert",
    "decode",
    "dialect",
    "read_text",
]

DELIMITERS = (";", ",", "\t", "|")

#: Texts that stand for no value, beside the empty one; "." is how SAS writes it.
NULLS = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "."})

TRUE = frozenset({"true", "1", "ja", "j", "yes", "y", "t", "sann"})
FALSE = frozenset({"false", "0", "nei", "n", "no", "f", "usann"})

#: What a text that could not be converted is.
NO_NUMBER = "text that is not a number"
OTHER_MARKS = "text that is not a number as decimal= and thousands= say"
NEITHER = "text that is neither true nor false"
SHORTENED = "an identifier that a spreadsheet has shortened"
DATE = "a date where a whole number is needed"

#: Lines that are looked at together: few enough for what a processor holds, and fewer than the new
#: objects after which Python looks for garbage, which would take most of the time.
_LINES = 512

#: So many times that are looked through for the first line.
_FIRST = 128

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4}.*")
#: As spreadsheets show and save whole numbers of many digits: several persons become one.
_SCIENTIFIC = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+[0-9]+")
_STARTS_WITH_DIGIT = re.compile(r"[+-]?[0-9]")


class Converted(NamedTuple):
    """A converted column, and how many values failed by what they are."""

    column: pd.Series[Any]
    failures: dict[str, int]


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of text: different texts, and which of them each row has.

    Attributes
    ----------
    found
        The texts, shape (k,).
    place
        Which of them each row has, shape (rows,).
    """

    found: NDArray[np.object_]
    place: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str] | NDArray[np.object_]) -> TextColumn:
        """Take the text of every row."""
        place, found = pd.factorize(np.asarray(texts, dtype=object))
        return cls(found, place.astype(np.int32))

    @classmethod
    def joined(cls, parts: Sequence[TextColumn]) -> TextColumn:
        """Return the rows of one part after those of the other."""
        if len(parts) == 1:
            return parts[0]
        whole = cls.of(np.concatenate([part.found for part in parts]))
        ends = np.cumsum([len(part.found) for part in parts])
        own = np.split(whole.place, ends[:-1])
        place = [of_part[part.place] for of_part, part in zip(own, parts, strict=True)]
        return cls(whole.found, np.concatenate(place))

    def without(self, codes: Collection[Any]) -> TextColumn:
        """Return the column with no text where one of the codes stood."""
        none = {word_of(code) for code in codes}
        found = ["" if text.strip() in none else text for text in self.found]
        return TextColumn(np.array(found, dtype=object), self.place)

    def tolist(self) -> list[str]:
        """Return the text of every row."""
        texts: list[str] = self.found[self.place].tolist()
        return texts


@dataclass
class _Growing:
    """A column under way: each text once, with its number, and the numbers of some lines each."""

    number: dict[str, int] = field(default_factory=lambda: defaultdict(count().__next__))
    places: list[NDArray[np.int32]] = field(default_factory=list)

    def take(self, texts: Sequence[str]) -> None:
        """Add the texts of some lines; one that is new is given the next number."""
        numbers = map(self.number.__getitem__, texts)
        self.places.append(np.fromiter(numbers, dtype=np.int32, count=len(texts)))

    def begins_with(self, text: str) -> bool:
        """Return whether a text is among the first."""
        return any(self.number.get(text, -1) in place for place in self.places[:_FIRST])

    def column(self) -> TextColumn:
        """Return the column read so far."""
        nothing = np.zeros(0, dtype=np.int32)
        found = np.array(list(self.number), dtype=object)
        return TextColumn(found, np.concatenate([nothing, *self.places]))


@dataclass(frozen=True, eq=False)
class Texts:
    """The columns of CSV files as text, one file after the other.

    Attributes
    ----------
    columns
        The texts by name.
    rows
        The rows of each file.
    """

    columns: dict[str, TextColumn]
    rows: tuple[int, ...]


def read_text(files: list[str], known: Collection[str] = ()) -> Texts:
    """Return the columns of CSV files as text, in the files' order.

    Parameters
    ----------
    files
        Their paths.
    known
        Names that a header may have: a first line with none of them and with numbers is a row.

    Raises
    ------
    PanelContractError
        The bytes are no known encoding, a header is missing or double, a line has too few or too
        many fields, or the files have different columns. Messages name line numbers and columns,
        never contents.
    """
    columns: dict[str, list[TextColumn]] = {}
    rows = []
    for name in files:
        read = _read_one(Path(name), {spelling(each) for each in (*known, *columns)})
        if columns and read.keys() != columns.keys():
            raise PanelContractError(
                "The CSV files do not have the same columns",
                found=f"{Path(files[0]).name} and {Path(name).name} differ in "
                + ", ".join(sorted(read.keys() ^ columns.keys())),
                do="read them one by one, or give them the same header",
            )
        for column, texts in read.items():
            columns.setdefault(column, []).append(texts)
        rows.append(len(next(iter(read.values())).place) if read else 0)
    return Texts({name: TextColumn.joined(columns.pop(name)) for name in [*columns]}, tuple(rows))


def decode(raw: bytes) -> str:
    """Return bytes as text, in the encoding they are in.

    Examples
    --------
    >>> decode("år;kjønn".encode("cp1252")) == decode("år;kjønn".encode("utf-8-sig")) == "år;kjønn"
    True
    """
    return raw.decode(encoding_of(raw))


def encoding_of(raw: bytes) -> str:
    """Return what bytes of text are written in: UTF-8 with or without BOM, else Windows-1252."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw:
        raise PanelContractError(
            "The CSV file is UTF-16, or no text at all",
            do="save it as UTF-8 (in Excel: 'CSV UTF-8')",
        )
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8-sig"
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise PanelContractError(
            "The CSV file is neither UTF-8 nor Windows-1252",
            found=f"a byte that fits neither at position {error.start}",
            do="save it as UTF-8",
        ) from error
    return "cp1252"


def dialect(text: str) -> tuple[str, str]:
    r"""Return the delimiter of a CSV file and its text from the header on.

    The delimiter is the one that splits the header line into most fields, or what a line `sep=;`
    above it names, as Excel writes it. Only the header is looked at: below it a comma may be a
    decimal comma. Lines may end in any of the three ways.

    Examples
    --------
    >>> dialect('person_id;year;"wage, gross"')[0], dialect("sep=|\na|b")
    (';', ('|', 'a|b'))
    """
    first, *rest = re.split(r"\r\n|\r|\n", text, maxsplit=1)
    named = re.fullmatch(r'"?sep=(.)"?[;,\t|]*', first.strip(" "), re.IGNORECASE)
    if named is not None:
        return named[1], "".join(rest)
    try:
        fields = {d: len(next(csv.reader([first], delimiter=d), [])) for d in DELIMITERS}
    except csv.Error as error:
        raise _stray_quotation(1) from error
    best = max(DELIMITERS, key=lambda delimiter: fields[delimiter])
    if fields[best] < 2:
        raise PanelContractError(
            "The CSV header has one column only",
            found="no semicolon, comma, tab or vertical bar in the first line",
            do="separate the fields with one of them, and begin the file with the header",
        )
    return best, text


def _read_one(path: Path, known: set[str]) -> dict[str, TextColumn]:
    with path.open(encoding=encoding_of(path.read_bytes()), newline="") as file:
        delimiter, begun = dialect(file.readline())
        reader = csv.reader(chain([begun] if begun else [], file), delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            columns = [_Growing() for _ in header]
            while lines := list(filter(None, islice(reader, _LINES))):
                for column, texts in zip(columns, _fields(lines, len(header), reader), strict=True):
                    column.take(texts)
        except csv.Error as error:
            raise _stray_quotation(reader.line_num) from error
    _require_header(header, columns, known, path.name)
    return dict(_named(header, columns))


def _stray_quotation(line: int) -> PanelContractError:
    return PanelContractError(
        "The CSV file has a quotation mark that is not closed, or a stray one",
        found=f"at line {line}",
        do="double the quotation marks inside quoted fields",
    )


def _fields(lines: list[list[str]], width: int, reader: Any) -> list[tuple[str, ...]]:
    """Return the fields of some lines by column."""
    try:
        fields = list(zip(*lines, strict=True))
    except ValueError:  # they are not as long as one another
        fields = []
    if len(fields) != width:
        wrong = sum(len(line) != width for line in lines)
        raise PanelContractError(
            "The CSV file has lines with too few or too many fields",
            found=f"{wrong} lines up to line {reader.line_num}; the header has {width} fields",
            do="quote fields that contain the delimiter (a decimal comma, for instance)",
        )
    return fields


def _require_header(header: list[str], columns: list[_Growing], known: set[str], file: str) -> None:
    """Raise where the first line is a row: it would be shown as the names of the columns."""
    if any(spelling(name) in known for name in header):
        return
    numbers = sum(_STARTS_WITH_DIGIT.match(name) is not None for name in header)
    again = sum(
        bool(name) and own.begins_with(name) for name, own in zip(header, columns, strict=True)
    )
    if numbers or again:
        raise PanelContractError(
            f"The first line of {file} is a row, not the names of the columns",
            found=f"{len(header)} fields, {numbers} of them begin with a digit and {again} stand in"
            " their column again",
            do="write the names of the columns in the first line; a table with a column for each "
            "year has to be made long first, with a row for each person and year",
        )


def _named(header: list[str], columns: list[_Growing]) -> list[tuple[str, TextColumn]]:
    """Return the columns with their names; one without a name and without content is none."""
    kept = [
        (name, own.column())
        for name, own in zip(header, columns, strict=True)
        if name or any(text.strip() for text in own.number)
    ]
    names = [name for name, _ in kept]
    if (unnamed := names.count("")) > 1:
        raise PanelContractError(
            "The first line of the CSV file does not name its columns",
            found=f"{unnamed} of {len(names)} columns without a name",
            do="write the names of the columns in the first line: take away what stands above them",
        )
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise PanelContractError(
            "There are two sources for one name",
            found=f"the CSV header has {', '.join(double)} more than once",
            do="rename or drop one of them",
        )
    return kept


# --- text to values -------------------------------------------------------------------------------


def convert(
    texts: Sequence[str] | TextColumn,
    dtype: Dtype | None,
    marks: Marks = AS_SHOWN,
    *,
    key: bool = False,
) -> Converted:
    """Return a column in the contract's type, and how many values failed by what they are.

    Parameters
    ----------
    texts
        The column as text.
    dtype
        The contract's type; None for a column the contract does not know: a number if every value
        is one and none would lose what it says (0111 is not 111), else text.
    marks
        What the caller says of how numbers are written.
    key
        Whether it is of identifiers, which a spreadsheet may have shortened.
    """
    column = texts if isinstance(texts, TextColumn) else TextColumn.of(texts)
    place = column.place
    values = np.array([text.strip() for text in column.found], dtype=object)
    empty = np.fromiter((text in NULLS for text in values), dtype=bool, count=len(values))
    if key:
        return _as_keys(values, empty, place)
    if dtype in ("text", "category"):
        return _as_text(values, empty, place)
    if dtype == "bool":
        return _as_bool(values, empty, place)
    given = values[~empty].tolist()
    if dtype is None and any(map(looks_like_a_code, given)):
        return _as_text(values, empty, place)
    numbers = read_numbers(given, marks, money=dtype == "money")
    # Numbers that are written otherwise than the caller says are no text for that.
    if dtype is None and numbers.no_number.any() and read_numbers(given).no_number.any():
        return _as_text(values, empty, place)
    read = np.full(len(values), np.nan)
    read[~empty] = numbers.values
    times = np.bincount(place, minlength=len(values))[~empty]
    failures: dict[str, int] = {}
    if numbers.two_ways.any():
        failures[TWO_WAYS[numbers.mark]] = int(times[numbers.two_ways].sum())
    for i in np.flatnonzero(numbers.no_number):
        dated = dtype == "int" and _DATE.fullmatch(given[i])
        failure = DATE if dated else OTHER_MARKS if marks.stated else NO_NUMBER
        failures[failure] = failures.get(failure, 0) + int(times[i])
    return Converted(pd.Series(read[place]), failures)


def _as_keys(
    values: NDArray[np.object_], empty: NDArray[np.bool_], place: NDArray[np.int32]
) -> Converted:
    wrong = ["+" in text and _SCIENTIFIC.fullmatch(text) is not None for text in values]
    number = int(np.array(wrong, dtype=bool)[place].sum())
    failures = {SHORTENED: number} if number else {}
    return _as_text(values, empty | np.array(wrong, dtype=bool), place)._replace(failures=failures)


def _as_text(
    values: NDArray[np.object_], empty: NDArray[np.bool_], place: NDArray[np.int32]
) -> Converted:
    words = values.copy()
    words[empty] = None
    return Converted(pd.Series(pd.array(words, dtype="string").take(place)), {})


def _as_bool(
    values: NDArray[np.object_], empty: NDArray[np.bool_], place: NDArray[np.int32]
) -> Converted:
    words = [text.lower() for text in values]
    true = np.fromiter((word in TRUE for word in words), dtype=bool, count=len(words))
    false = np.fromiter((word in FALSE for word in words), dtype=bool, count=len(words))
    failed = ~(true | false | empty)
    column = pd.Series(true[place], dtype="boolean").mask((empty | failed)[place])
    number = int(failed[place].sum())
    return Converted(column, {NEITHER: number} if number else {})
