"""The CSV door: bytes to text, text to values by the contract, nothing null in silence."""

from __future__ import annotations

import codecs
import csv
import io
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import Dtype

__all__ = ["Converted", "convert", "decode", "read_text", "sniff_delimiter"]

DELIMITERS = (";", ",", "\t")

#: Texts that stand for no value, beside the empty one; "." is how SAS writes it.
NULLS = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "."})

TRUE = frozenset({"true", "1", "ja", "j", "yes", "y", "t", "sann"})
FALSE = frozenset({"false", "0", "nei", "n", "no", "f", "usann"})

#: Spaces between thousands: no-break, narrow no-break, thin, and the ordinary one.
_SPACES = str.maketrans({"\u00a0": "", "\u202f": "", "\u2009": "", " ": "", "\u2212": "-"})

#: A converted column, the number of values that failed, and what they are.
Converted = tuple["pd.Series[Any]", int, str]


def read_text(files: list[str]) -> dict[str, list[str]]:
    """Return the columns of CSV files as text, in the files' order.

    Raises
    ------
    PanelContractError
        The bytes are no known encoding, a header is double, a line has too few or too many fields,
        or the files have different columns. Messages name line numbers, never contents.
    """
    columns: dict[str, list[str]] = {}
    for name in files:
        part = _read_one(Path(name))
        if columns and part.keys() != columns.keys():
            raise PanelContractError(
                "The CSV files do not have the same columns",
                found=", ".join(sorted(part.keys() ^ columns.keys())),
                do="read them one by one, or give them the same header",
            )
        for column, texts in part.items():
            columns.setdefault(column, []).extend(texts)
    return columns


def decode(raw: bytes) -> str:
    """Return bytes as text: UTF-8 with or without BOM, else Windows-1252.

    Examples
    --------
    >>> decode("år;kjønn".encode("cp1252")) == decode("år;kjønn".encode("utf-8-sig")) == "år;kjønn"
    True
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise PanelContractError(
            "The CSV file is UTF-16", do="save it as UTF-8 (in Excel: 'CSV UTF-8')"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise PanelContractError(
            "The CSV file is neither UTF-8 nor Windows-1252",
            found=f"a byte that fits neither at position {error.start}",
            do="save it as UTF-8",
        ) from error


def sniff_delimiter(header: str) -> str:
    """Return the delimiter that splits the header line into most fields.

    Only the header is looked at: below it a comma may be a decimal comma.

    Examples
    --------
    >>> sniff_delimiter('person_id;year;"wage, gross"')
    ';'
    """
    fields = {d: len(next(csv.reader([header], delimiter=d), [])) for d in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: fields[delimiter])
    if fields[best] < 2:
        raise PanelContractError(
            "The CSV header has one column only",
            found="no semicolon, comma or tab in the first line",
            do="separate the fields with one of them",
        )
    return best


def _read_one(path: Path) -> dict[str, list[str]]:
    text = decode(path.read_bytes())
    first = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=sniff_delimiter(first), strict=True
    )
    try:
        header = [name.strip() for name in next(reader)]
        double = sorted({name for name in header if header.count(name) > 1})
        if double:
            raise PanelContractError(
                "There are two sources for one name",
                found=f"the CSV header has {', '.join(double)} more than once",
                do="rename or drop one of them",
            )
        columns: list[list[str]] = [[] for _ in header]
        while lines := [line for line in islice(reader, 65_536) if line]:
            _require_width(lines, len(header), reader.line_num)
            for column, texts in zip(columns, zip(*lines, strict=True), strict=True):
                column.extend(texts)
    except csv.Error as error:
        raise PanelContractError(
            "The CSV file has a quotation mark that is not closed, or a stray one",
            found=f"at line {reader.line_num}",
            do="double the quotation marks inside quoted fields",
        ) from error
    return dict(zip(header, columns, strict=True))


def _require_width(lines: list[list[str]], width: int, last: int) -> None:
    wrong = [line for line in lines if len(line) != width]
    if wrong:
        raise PanelContractError(
            "The CSV file has lines with too few or too many fields",
            found=f"{len(wrong)} lines up to line {last}; the header has {width} fields",
            do="quote fields that contain the delimiter (a decimal comma, for instance)",
        )


# --- text to values -------------------------------------------------------------------------------


def convert(texts: list[str], dtype: Dtype | None) -> Converted:
    """Return a column in the contract's type, the number of failures, and what they are.

    Parameters
    ----------
    texts
        The column as text.
    dtype
        The contract's type; None for a column the contract does not know: a number if every value
        is one, else text.
    """
    values = np.array([text.strip() for text in texts], dtype=object)
    empty = np.fromiter((text in NULLS for text in values), dtype=bool, count=len(values))
    if dtype in ("text", "category"):
        return _as_text(values, empty), 0, ""
    if dtype == "bool":
        return _as_bool(values, empty)
    numbers, failed = _as_number(values, empty)
    if dtype is None:
        if failed:
            return _as_text(values, empty), 0, ""
        return numbers, 0, ""
    return numbers, failed, "text that is not a number"


def _as_text(values: NDArray[np.object_], empty: NDArray[np.bool_]) -> pd.Series[Any]:
    return pd.Series(values, dtype="string").mask(empty)


def _as_bool(values: NDArray[np.object_], empty: NDArray[np.bool_]) -> Converted:
    words = [text.lower() for text in values]
    true = np.fromiter((word in TRUE for word in words), dtype=bool, count=len(words))
    false = np.fromiter((word in FALSE for word in words), dtype=bool, count=len(words))
    failed = ~(true | false | empty)
    column = pd.Series(true, dtype="boolean").mask(empty | failed)
    return column, int(failed.sum()), "text that is neither true nor false"


def _as_number(values: NDArray[np.object_], empty: NDArray[np.bool_]) -> tuple[pd.Series[Any], int]:
    """Return floats with NaN, and the number of texts that are no number."""
    numbers = np.full(len(values), np.nan)
    failed = 0
    known: dict[str, float] = {}
    for i in np.flatnonzero(~empty):
        text = values[i]
        if text not in known:
            known[text] = _parse(text)
        numbers[i] = known[text]
        failed += known[text] != known[text]
    return pd.Series(numbers), failed


def _parse(text: str) -> float:
    """Return a number with decimal comma or point and spaced thousands; NaN when it is none.

    A text with both comma and point is refused: 1.234,50 and 1,234.50 would be guesses.
    """
    plain = text.translate(_SPACES)
    if ("," in plain and "." in plain) or plain.count(",") > 1 or "_" in plain:
        return np.nan
    try:
        return float(plain.replace(",", "."))
    except ValueError:
        return np.nan
