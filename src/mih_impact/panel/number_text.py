"""Text to numbers: one reading for a whole column, or none.

"1.234" is 1234 where the point stands between thousands and 1.234 where it is the decimal mark. A
text with two readings is settled by the other texts of its column, or by what the caller says; a
column that settles nothing is not read. The same rule holds wherever text becomes numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import OptionError

__all__ = [
    "AS_SHOWN",
    "TWO_WAYS",
    "Marks",
    "Numbers",
    "looks_like_a_code",
    "read_marks",
    "read_numbers",
]

_POINT, _COMMA, _SPACE = ".", ",", " "
#: What a mark is that has two readings in a column.
TWO_WAYS = {
    ".": "a point that may stand between thousands or be the decimal mark",
    ",": "a comma that may stand between thousands or be the decimal mark",
}

#: Spaces between thousands (no-break, narrow no-break, thin, figure), the minus and the apostrophe
#: of typography.
_PLAIN = str.maketrans(
    dict.fromkeys("\u00a0\u202f\u2009\u2007", " ") | {"\u2212": "-", "\u2019": "'"}
)
#: An apostrophe between thousands, as the Swiss write them: it can be nothing else, like a space.
_APOSTROPHE = re.compile(r"(?<=[0-9])'(?=[0-9]{3}(?![0-9]))")

#: A sign, what has digits and marks, and a power of ten.
_NUMBER = re.compile(r"([+-]?) ?([0-9.,][0-9 .,]*)(e[+-]?[0-9]{1,4})?", re.IGNORECASE)
_GROUPS = r"[1-9][0-9]{0,2}([ .,])[0-9]{3}(?:\%d[0-9]{3})*"
_GROUPED = re.compile(_GROUPS % 1)
_DECIMAL = re.compile(rf"(?=.*[0-9])([0-9]*|{_GROUPS % 2})([.,])([0-9]*)")
_SPACED = re.compile(r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?:[.,][0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)

#: A zero before other digits, more digits than a double holds, or a letter that is no power of ten
#: as programs write it.
_CODE = re.compile(r"0[0-9].*|[0-9]{16,}|[0-9]+[eE][0-9]+", re.DOTALL)


@dataclass(frozen=True)
class Marks:
    """How numbers are written in text.

    Attributes
    ----------
    decimal
        The decimal mark, "," or "."; None is what the column shows.
    thousands
        What stands between thousands, ",", ".", " " or "'"; None is what the column shows. A space
        and an apostrophe can be nothing else, and may always stand there.
    """

    decimal: str | None = None
    thousands: str | None = None

    @property
    def stated(self) -> bool:
        """Whether the caller has said anything."""
        return self.decimal is not None or self.thousands is not None

    @property
    def decimals(self) -> frozenset[str]:
        """What may be a decimal mark."""
        named = {_POINT, _COMMA} if self.decimal is None else {self.decimal}
        return frozenset(named - {self.thousands})

    @property
    def groupers(self) -> frozenset[str]:
        """What may stand between thousands."""
        named = {_POINT, _COMMA} if self.thousands is None else {self.thousands}
        return frozenset((named - {self.decimal}) | {_SPACE})


AS_SHOWN = Marks()


@dataclass(frozen=True, eq=False)
class Numbers:
    """Texts read as numbers.

    Attributes
    ----------
    values
        The numbers; NaN where a text is none, or has two readings. Shape (n,).
    two_ways
        Where a text has two readings and nothing settles which, shape (n,).
    mark
        The mark that has two readings, "" where none has.
    """

    values: NDArray[np.float64]
    two_ways: NDArray[np.bool_]
    mark: str = ""

    @property
    def no_number(self) -> NDArray[np.bool_]:
        """Where a text is no number at all, shape (n,)."""
        return np.isnan(self.values) & ~self.two_ways


def read_numbers(texts: Sequence[str], marks: Marks = AS_SHOWN, *, money: bool = False) -> Numbers:
    """Return the numbers that the texts of a column stand for.

    Parameters
    ----------
    texts
        The column's texts without blanks around them, none of them empty; each once is enough.
    marks
        What the caller says of how they are written.
    money
        Whether they are amounts, which are seldom written to a thousandth.

    Notes
    -----
    A mark followed by exactly three digits, with one to three digits before it and no zero first,
    has two readings. It is the decimal mark if other texts have it as that (0.125, 1234.500, 12.5);
    it stands between thousands if others have it there (1.234.567), or have the other mark as the
    decimal mark (1.234,50) and write thousands in no other way. Where texts contradict each other
    it stays undecided. Amounts are seldom written to a thousandth, and stay undecided too where
    others have one or two digits after the mark (301.708, 4567.50) or all have three (100.000,
    134567.000): two ways of writing may have come together.

    Examples
    --------
    >>> read_numbers(["1.234", "1.234,50"]).values.tolist()
    [1234.0, 1234.5]
    >>> read_numbers(["1.234", "0.125"]).values.tolist()
    [1.234, 0.125]
    >>> found = read_numbers(["1.234", "567.000", "12"])
    >>> found.two_ways.tolist(), found.mark
    ([True, True, False], '.')
    >>> read_numbers(["1.234"], Marks(thousands=".")).values.tolist()
    [1234.0]
    """
    texts = list(_spelt_plainly(texts))
    values = np.full(len(texts), math.nan)
    # Most texts are digits alone, which have one reading: taken together, as `plain` takes them.
    whole = [text.isascii() and text.isdigit() for text in texts]
    values[whole] = [float(text) for text in compress(texts, whole)]
    seen, decimals = _Seen(), marks.decimals
    seen.ungrouped = any(len(text) > 3 for text in compress(texts, whole))
    open_: dict[int, _Reading] = {}
    for i in np.flatnonzero(~np.array(whole, dtype=bool)).tolist():
        text = texts[i]
        plain = seen.plain(text, decimals)
        if plain is not None:
            values[i] = plain
            continue
        reading = _read(text, marks)
        if reading is None:
            continue
        if reading.thousands is None or reading.decimals is None:
            values[i] = reading.settled(seen)
        else:
            open_[i] = reading
    two_ways = np.zeros(len(texts), dtype=bool)
    mark = ""
    for i, reading in open_.items():
        kept = seen.settles(reading.mark, thousandths=not money)
        if kept is None:
            two_ways[i], mark = True, reading.mark
        else:
            decided = reading.decimals if kept == "decimal" else reading.thousands
            assert decided is not None
            values[i] = decided
    return Numbers(values, two_ways, mark)


def looks_like_a_code(text: str) -> bool:
    """Return whether a number would lose what a text says: 0111 is not 111.

    Examples
    --------
    >>> [looks_like_a_code(text) for text in ("0111", "01.110", "1234567890123456", "1E5")]
    [True, True, True, True]
    >>> [looks_like_a_code(text) for text in ("0", "0,5", "111", "1e+05")]
    [False, False, False, False]
    """
    return _CODE.fullmatch(text) is not None


# --- one text -------------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """What a text may stand for, and which marks that makes decimal or groups of thousands."""

    thousands: float | None
    decimals: float | None
    mark: str
    grouper: str
    ungrouped: bool
    places: int = 0

    def settled(self, seen: _Seen) -> float:
        """Return the one number, and remember how it was written."""
        seen.ungrouped |= self.ungrouped
        if self.grouper:
            seen.groupers.add(self.grouper)
        if self.decimals is not None:
            seen.saw(self.mark, self.places)
            return self.decimals
        assert self.thousands is not None
        return self.thousands


@dataclass
class _Seen:
    """How the texts of a column that have one reading are written.

    Of a decimal mark it is also known how many digits follow it.
    """

    decimals: dict[str, set[int]] = field(default_factory=dict)
    groupers: set[str] = field(default_factory=set)
    ungrouped: bool = False

    def plain(self, text: str, marks: Collection[str]) -> float | None:
        """Return the number of a text of digits with one reading; None sends it the long way."""
        if not text.isascii():
            return None
        spaced = _SPACE in text
        if spaced:
            if _SPACED.fullmatch(text) is None:
                return None
            self.groupers.add(_SPACE)
            text = text.replace(_SPACE, "")
        if text.isdigit():
            self.ungrouped |= len(text) > 3 and not spaced
            return float(text)
        mark = _COMMA if _COMMA in text else _POINT
        before, _, after = text.partition(mark)
        fits = before.isdigit() and after.isdigit() and mark in marks
        if not fits or (len(after) == 3 and len(before) <= 3 and before[0] != "0"):
            return None
        self.ungrouped |= len(before) > 3 and not spaced
        self.saw(mark, len(after))
        return float(f"{before}.{after}")

    def saw(self, mark: str, places: int) -> None:
        """Remember a decimal mark, and how many digits follow it."""
        self.decimals.setdefault(mark, set()).add(places)

    def settles(self, mark: str, *, thousandths: bool) -> str | None:
        """Return what a mark with two readings is: "decimal", "thousands", or None."""
        other = _COMMA if mark == _POINT else _POINT
        if mark in self.decimals and mark not in self.groupers and other not in self.decimals:
            told = self.decimals[mark]
            return "decimal" if thousandths or (max(told) >= 3 and told != {3}) else None
        if mark in self.groupers and mark not in self.decimals and other not in self.groupers:
            return "thousands"
        alone = not self.ungrouped and self.groupers <= {mark}
        if other in self.decimals and mark not in self.decimals and alone:
            return "thousands"
        return None


def _spelt_plainly(texts: Sequence[str]) -> Sequence[str]:
    """Return the texts with one kind of space and of minus, which most have already."""
    if all(map(str.isascii, texts)):
        return texts
    return [text if text.isascii() else text.translate(_PLAIN) for text in texts]


def _read(text: str, marks: Marks) -> _Reading | None:
    """Return the readings of a text that the marks allow; None where it is no number."""
    if "'" in text:
        text = _APOSTROPHE.sub(_SPACE, text)
    found = _NUMBER.fullmatch(text)
    if found is None:
        infinite = _INFINITE.fullmatch(text)
        return _Reading(float(text), None, "", "", False) if infinite else None
    sign, body, power = found[1], found[2], found[3] or ""
    if body.isdigit():
        return _Reading(float(sign + body + power), None, "", "", len(body) > 3)
    thousands = decimals = None
    mark = grouper = ""
    grouped = _GROUPED.fullmatch(body)
    if grouped is not None and not power and grouped[1] in marks.groupers:
        mark = grouper = grouped[1]
        thousands = float(sign + body.replace(mark, ""))
    parted = _DECIMAL.fullmatch(body)
    ungrouped, places = False, 0
    if parted is not None and parted[3] in marks.decimals and parted[2] != parted[3]:
        before, between, mark, after = parted.groups()
        if between is None or between in marks.groupers:
            whole = before.replace(between, "") if between else before
            grouper = between or ("" if thousands is None else grouper)
            ungrouped = between is None and len(before) > 3
            decimals = float(f"{sign}{whole or '0'}.{after or '0'}{power}")
            places = len(after)
    if thousands is None and decimals is None:
        return None
    return _Reading(thousands, decimals, mark, grouper, ungrouped, places)


# --- what the caller says -------------------------------------------------------------------------


def read_marks(
    decimal: str | Mapping[str, str] | None, thousands: str | Mapping[str, str] | None
) -> Mapping[str, Marks]:
    """Return what `decimal=` and `thousands=` say, by column; "" stands for every other column.

    Raises
    ------
    PanelContractError
        A mark that is none, or one mark for both.

    Examples
    --------
    >>> read_marks({"bonus": ","}, None)["bonus"]
    Marks(decimal=',', thousands=None)
    """
    decimals = _by_column("decimal", decimal, (_COMMA, _POINT))
    groupers = _by_column("thousands", thousands, (_COMMA, _POINT, _SPACE, "'"))
    given = {
        name: Marks(decimals.get(name, decimals.get("")), groupers.get(name, groupers.get("")))
        for name in {"", *decimals, *groupers}
    }
    same = sorted(name for name, marks in given.items() if marks.stated and _one_for_both(marks))
    if same:
        where = ", ".join(name for name in same if name)
        raise OptionError(
            "decimal= and thousands= are the same mark",
            found=repr(given[same[0]].decimal) + (f" for {where}" if where else ""),
            do='name two, such as decimal="," and thousands=".", or one of the options only',
        )
    return given


def _one_for_both(marks: Marks) -> bool:
    return marks.decimal == marks.thousands


def _by_column(option: str, given: object, allowed: Sequence[str]) -> dict[str, str]:
    """Return a mark by column, "" standing for all."""
    named = given if isinstance(given, Mapping) else {} if given is None else {"": given}
    wrong = [v for v in named.values() if not isinstance(v, str) or v not in allowed]
    if wrong or not all(isinstance(name, str) for name in named):
        raise OptionError(
            f"{option}= has a value it cannot have",
            found=arguments.shown(wrong[0] if wrong else given),
            do=f"use {' or '.join(map(repr, allowed))}, or one for each column by our names: "
            f'{option}={{"wage_income": {allowed[0]!r}}}',
        )
    return dict(named)
