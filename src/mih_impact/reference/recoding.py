"""Recoding: what each code of a list is in another, and what the list cannot say.

A code list changes: codes are renumbered, merged, and divided. The first two have one answer; the
third has none, and a rule has to be given. Nothing is averaged, and a code that the list does not
have is an error, never a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import narwhals as nw
import pandas as pd

from mih_impact import arguments
from mih_impact.errors import OptionError, PanelContractError

__all__ = ["Recoding", "Splits", "code_text", "correspondence"]

_Values = TypeVar("_Values")

Splits = Literal["together", "missing"] | Mapping[str, str | None] | None
"""What becomes of a code that was divided: a rule for all of them, or a code for each."""


@dataclass(frozen=True, eq=False, repr=False)
class Recoding(Mapping[str, str | None]):
    """A code list as a mapping from code to code, None where a code means that there is no value.

    It goes wherever a mapping of codes does, ``read_panel(values={"municipality": recoding})``
    above all, and is called on a column: ``recoding(frame["kommune"])``.

    Parameters
    ----------
    name
        What the codes are after it.
    pairs
        Code -> code.
    divided
        Codes that became several, without a rule for which: code -> what it became.
    heads
        Codes of this length are looked up by their first character; 0 is none.
    source, status
        Where the list was read, and how sure it is.
    call
        The line that makes it, for messages.

    Examples
    --------
    >>> from mih_impact.reference import codes
    >>> recoding = codes.municipality(2024)
    >>> recoding(pd.Series(["0101", "3001", "301", "9999"])).fillna("-").tolist()
    ['3101', '3101', '0301', '-']
    """

    name: str
    pairs: Mapping[str, str | None]
    divided: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    heads: int = 0
    source: str = "user"
    status: str = "seen"
    call: str = "the recoding"

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", MappingProxyType(dict(self.pairs)))
        object.__setattr__(self, "divided", MappingProxyType(dict(self.divided)))

    def __getitem__(self, code: str) -> str | None:
        return self.pairs[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __or__(self, others: Mapping[Any, Any]) -> Recoding:
        """Return the recoding with codes of your own, or other answers for some."""
        given = {str(code_text(code)): code_text(value) for code, value in others.items()}
        divided = {code: parts for code, parts in self.divided.items() if code not in given}
        return replace(self, pairs={**self.pairs, **given}, divided=divided)

    def __repr__(self) -> str:
        divided = f", {len(self.divided)} divided and without a rule" if self.divided else ""
        return f"<{self.name}: {len(self.pairs)} codes{divided}; {self.status}; {self.source}>"

    def __call__(self, values: _Values) -> _Values:
        """Return a column with the codes replaced.

        Parameters
        ----------
        values
            A Series of pandas, Polars or another package that narwhals wraps: text, or numbers,
            which are taken as the same digits.

        Returns
        -------
        Series
            Text, of the same package; missing where it was, and where the code means no value.

        Raises
        ------
        PanelContractError
            Codes that were divided, or that the list does not have.
        """
        series, words = _words(values)
        times = _times(series)
        known = self.answers({word: times[raw] for raw, word in words.items()})
        known = {raw: known[word] for raw, word in words.items()}
        named = {raw: code for raw, code in known.items() if code is not None}
        new = series.replace_strict(
            list(named), list(named.values()), default=None, return_dtype=nw.String
        )
        done: _Values = new.to_native()
        return done

    def count(self, values: Any) -> pd.DataFrame:
        """Return how many codes and rows of a column are kept, changed, missing or not known.

        Returns
        -------
        pandas.DataFrame
            ``what`` (kept, recoded, no value, divided, unknown, empty), ``codes``, ``rows``.

        Examples
        --------
        >>> from mih_impact.reference import codes
        >>> codes.municipality(2024).count(pd.Series(["0101", "0101", "1507", "9999", None]))
               what  codes  rows
        0   recoded      1     2
        1  no value      1     1
        2   divided      1     1
        3     empty      0     1
        """
        series, words = _words(values)
        times = _times(series)
        found: dict[str, list[int]] = {}
        for raw, word in words.items():
            told = found.setdefault(self._what(word), [0, 0])
            told[0] += 1
            told[1] += times[raw]
        empty = len(series) - sum(times.values())
        if empty:
            found["empty"] = [0, empty]
        order = ("kept", "recoded", "no value", "divided", "unknown", "empty")
        lines = [(what, *found[what]) for what in order if what in found]
        return pd.DataFrame(lines, columns=["what", "codes", "rows"])

    def to_frame(self) -> pd.DataFrame:
        """Return the list: ``code``, ``becomes``, and whether it was ``divided``."""
        lines = [(code, new, False) for code, new in self.pairs.items()]
        lines += [(code, part, True) for code, parts in self.divided.items() for part in parts]
        return pd.DataFrame(lines, columns=["code", "becomes", "divided"])

    def _key(self, code: str) -> str:
        full = self.heads and len(code) == self.heads and code.isdigit()
        return code[0] if full and code not in self.pairs else code

    def _of(self, code: str) -> str | None:
        return self.pairs.get(self._key(code))

    def _what(self, code: str) -> str:
        key = self._key(code)
        if key in self.pairs:
            new = self.pairs[key]
            return "no value" if new is None else "kept" if new == code else "recoded"
        return "divided" if code in self.divided else "unknown"

    def answers(self, times: Mapping[str, int]) -> dict[str, str | None]:
        """Return what codes become.

        Parameters
        ----------
        times
            How many rows have each code.

        Raises
        ------
        PanelContractError
            Codes that were divided, or that the list does not have.

        Examples
        --------
        >>> from mih_impact.reference import codes
        >>> codes.municipality(2024).answers({"0101": 7, "9999": 1})
        {'0101': '3101', '9999': None}
        """
        wrong = {code: self._what(code) for code in times}
        divided = sorted(code for code, what in wrong.items() if what == "divided")
        strangers = [code for code, what in wrong.items() if what == "unknown"]
        if not divided and not strangers:
            return {code: self._of(code) for code in times}
        if divided:
            rows = sum(times[code] for code in divided)
            raise PanelContractError(
                f"Some codes became several: {self.name} cannot say which",
                found=f"{_several(divided, self.divided)}; {rows} rows",
                do="give a rule: splits={code: the code to use} for each, "
                'splits="together" (what was divided stays one) or splits="missing"',
            )
        raise PanelContractError(
            f"Some codes are not in the list: {self.name}",
            found=f"{len(strangers)} codes in {sum(times[code] for code in strangers)} rows",
            do=f"correct them, or say what they are: {self.call} | {{'code': None}}",
        )


def correspondence(
    table: Any,
    *,
    code: str,
    becomes: str,
    valid_from: str | None = None,
    valid_to: str | None = None,
    years: tuple[int, int] | None = None,
    splits: Splits = None,
    missing: Iterable[str] = (),
    name: str = "the codes of your table",
    source: str = "user",
) -> Recoding:
    """Return a correspondence table of any country or register as a recoding.

    Parameters
    ----------
    table
        A frame with a row per code and what it becomes, read as text (``dtype=str``); several rows
        of one code are several answers. A code that stays is a row that says so.
    code, becomes
        Its columns.
    valid_from, valid_to
        Its columns with the first and last year of a row, where it has them; empty is open.
    years
        First and last year of the data. Only rows valid in some of them count, so that a number
        used twice for different places has one answer.
    splits
        What becomes of a code with several answers; see `mih.codes`.
    missing
        Codes that mean that there is no value.
    name, source
        What the codes are after it, and who publishes the table.

    Returns
    -------
    Recoding

    Raises
    ------
    PanelContractError
        A column is not there, or holds numbers, of which leading zeros are gone.

    Examples
    --------
    >>> danish = pd.DataFrame({"before": ["101", "713", "727"], "now": ["101", "746", "727"]})
    >>> recoding = correspondence(danish, code="before", becomes="now", missing=["999"])
    >>> recoding(pd.Series(["713", "999"])).fillna("-").tolist()
    ['746', '-']
    """
    frame: Any = nw.from_native(table, eager_only=True)
    wanted = [column for column in (code, becomes, valid_from, valid_to) if column is not None]
    absent = [column for column in wanted if column not in frame.columns]
    if absent:
        raise PanelContractError(
            "The correspondence table lacks a column",
            found=f"no {', '.join(absent)} among {', '.join(frame.columns)}",
            do="name its columns with code=, becomes=, valid_from= and valid_to=",
        )
    numeric = [column for column in (code, becomes) if frame[column].dtype.is_numeric()]
    if numeric:
        raise PanelContractError(
            "The correspondence table has codes as numbers: leading zeros would be gone",
            found=f"{', '.join(numeric)}",
            do="read it as text: pandas.read_csv(path, dtype=str)",
        )
    first, last = (None, None) if years is None else years
    answers: dict[str, dict[str, None]] = {}
    for row in frame.iter_rows(named=True):
        begins = _year(row[valid_from]) if valid_from is not None else None
        ends = _year(row[valid_to]) if valid_to is not None else None
        too_early = first is not None and ends is not None and ends < first
        too_late = last is not None and begins is not None and begins > last
        if not (too_early or too_late):
            answers.setdefault(row[code], {})[row[becomes]] = None
    plain = {old: tuple(new) for old, new in answers.items()}
    made = settled(name, plain, splits, call="the recoding", source=source)
    return made | dict.fromkeys(missing) if missing else made


def settled(
    name: str,
    answers: Mapping[str, tuple[str, ...]],
    splits: Splits,
    *,
    call: str,
    source: str,
    status: str = "seen",
) -> Recoding:
    """Return answers as a recoding, those that are several settled by the rule."""
    pairs: dict[str, str | None] = {c: new[0] for c, new in answers.items() if len(new) == 1}
    several = {c: new for c, new in answers.items() if len(new) > 1}
    if splits == "missing":
        pairs |= dict.fromkeys(several)
        several = {}
    elif splits == "together":
        home = _together(several.values())
        pairs = {c: new if new is None else home.get(new, new) for c, new in pairs.items()}
        pairs |= {c: home[new[0]] for c, new in several.items()}
        several = {}
    elif splits is not None:
        ruled = _rules(splits, several)
        pairs |= ruled
        several = {c: new for c, new in several.items() if c not in ruled}
    return Recoding(name, pairs, several, source=source, status=status, call=call)


def _together(groups: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return for each code of groups that overlap the first code of all of them."""
    home: dict[str, str] = {}
    for group in groups:
        joined = {*group, *(c for c, at in home.items() if at in {home.get(g, g) for g in group})}
        home |= dict.fromkeys(joined, min(joined))
    return home


def _rules(splits: Any, several: Mapping[str, tuple[str, ...]]) -> dict[str, str | None]:
    """Return the rule of each code; refuse what is none."""
    example = '{"1507": "1508"}'
    given = arguments.mapping("splits", splits, example)
    ruled = {str(code_text(old)): code_text(new) for old, new in given.items()}
    wrong = [
        f"{old} -> {new}, where it became {' or '.join(several[old])}"
        if old in several
        else f"{old}, which was not divided"
        for old, new in ruled.items()
        if old not in several or (new is not None and new not in several[old])
    ]
    if wrong:
        raise OptionError(
            "splits={...} sends a code to one that it did not become",
            found="; ".join(wrong[:5]),
            do=f"the codes that were divided: {_several(sorted(several), several) or 'none'}",
        )
    return ruled


def _several(divided: Iterable[str], became: Mapping[str, tuple[str, ...]]) -> str:
    """Return what codes became, as displayed: the first few of them."""
    shown = [f"{code} became {' and '.join(became[code])}" for code in divided]
    return "; ".join(shown[:5]) + (f"; and {len(shown) - 5} more" if len(shown) > 5 else "")


def code_text(value: Any) -> str | None:
    """Return a code as text; a whole number keeps its digits, None is no value.

    Examples
    --------
    >>> code_text(301.0), code_text("0301"), code_text(float("nan"))
    ('301', '0301', None)
    """
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain != plain:
        return None
    if isinstance(plain, float) and plain.is_integer():
        return str(int(plain))
    return str(plain)


def _year(value: Any) -> int | None:
    text = code_text(value)
    return int(text[:4]) if text else None


def _words(values: Any) -> tuple[nw.Series[Any], dict[Any, str]]:
    """Return a column, and its values with what each is as text; a missing one is in neither."""
    try:
        series = nw.from_native(values, series_only=True)
    except TypeError as error:
        raise OptionError(
            "A recoding is called on a column",
            found=f"an object of type {type(values).__name__}",
            do='give a Series, such as frame["kommune"]; a panel is recoded while it is read: '
            "values={...}",
        ) from error
    if series.dtype in (nw.Categorical, nw.Enum):
        series = series.cast(nw.String)
    distinct = series.drop_nulls().unique().to_list()
    words = {raw: text for raw in distinct if (text := code_text(raw)) is not None}
    return series, words


def _times(series: nw.Series[Any]) -> dict[Any, int]:
    """Return how often each value that is given stands in a column."""
    counted: dict[Any, int] = {}
    for raw in series.to_list():
        if code_text(raw) is not None:
            counted[raw] = counted.get(raw, 0) + 1
    return counted
