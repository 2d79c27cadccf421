"""The design matrix of stacked rows: kept as columns and codes, written out a block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.terms import Term
from mih_impact.errors import SupportError

__all__ = [
    "BLOCK",
    "Coded",
    "Column",
    "Design",
    "Indicators",
    "combined",
    "factorized",
    "one_thread",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Rows that are written out at a time: what a processor's cache holds.
BLOCK = 8_192


@dataclass(frozen=True, eq=False)
class Coded:
    """A category of every row: `codes` into `categories`, -1 for missing, shape (m,)."""

    codes: NDArray[np.int32]
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: NDArray[Any] | slice) -> Coded:
        return Coded(self.codes[rows], self.categories)

    @classmethod
    def of(cls, values: NDArray[Any]) -> Coded:
        """Return texts, or None, as codes."""
        codes, categories = pd.factorize(values, sort=True)
        return cls(codes.astype(np.int32), tuple(str(text) for text in categories))


#: A column as it is read: numbers, texts with None, or codes.
Column = NDArray[Any] | Coded


@dataclass(frozen=True, eq=False)
class Indicators:
    """A category: an indicator for every value but the one left out.

    Attributes
    ----------
    codes
        The value of each row, shape (m,).
    categories
        The values.
    left_out
        The one without an indicator; -1 for none.
    """

    codes: NDArray[np.int32]
    categories: tuple[str, ...]
    left_out: int

    @property
    def shown(self) -> list[int]:
        """The values that have an indicator."""
        return [k for k in range(len(self.categories)) if k != self.left_out]


@dataclass(frozen=True, eq=False)
class Design:
    """Covariates of stacked rows as numbers.

    Attributes
    ----------
    parts
        Numbers, shape (m,), or indicators; in the order of the columns.
    names
        The k names, `education=low` for an indicator.
    terms
        The term each column comes from.
    rows
        How many rows there are, m.
    """

    parts: tuple[FloatArray | Indicators, ...]
    names: tuple[str, ...]
    terms: tuple[Term, ...]
    rows: int

    @cached_property
    def X(self) -> FloatArray:  # noqa: N802
        """All of it, shape (m, k): a category is k - 1 indicators, its most common left out."""
        X = np.empty((self.rows, self.width))
        for k in range(self.width):
            X[:, k] = self.column(k)
        X.setflags(write=False)
        return X

    @property
    def width(self) -> int:
        """The number of columns, k."""
        return len(self.names)

    def column(self, k: int) -> FloatArray:
        """Return column k, shape (m,)."""
        part, value = self._places[k]
        found = self.parts[part]
        if not isinstance(found, Indicators):
            return found
        indicator: FloatArray = np.equal(found.codes, value).astype(np.float64)
        return indicator

    def block(self, rows: slice) -> FloatArray:
        """Return some rows of all columns."""
        lines = range(self.rows)[rows]
        X = np.empty((self.width, len(lines)))
        for k, (part, value) in enumerate(self._places):
            found = self.parts[part]
            X[k] = found.codes[rows] == value if isinstance(found, Indicators) else found[rows]
        block: FloatArray = X.T
        return block

    def take(self, rows: IntArray) -> FloatArray:
        """Return chosen rows of all columns, shape (q, k)."""
        X = np.empty((len(rows), self.width))
        for k, (part, value) in enumerate(self._places):
            found = self.parts[part]
            chosen = found.codes[rows] == value if isinstance(found, Indicators) else found[rows]
            X[:, k] = chosen
        return X

    def between(self, rows: slice) -> Design:
        """Return a design of rows that follow one another; every value keeps its indicator."""
        parts = tuple(
            Indicators(part.codes[rows], part.categories, part.left_out)
            if isinstance(part, Indicators)
            else part[rows]
            for part in self.parts
        )
        return Design(parts, self.names, self.terms, len(range(self.rows)[rows]))

    def beside_constant(self) -> Design:
        """Return the design with a constant before it."""
        constant = np.ones(self.rows)
        names, terms = ("constant", *self.names), ("constant", *self.terms)
        return Design((constant, *self.parts), names, terms, self.rows)

    def not_shared(self, own: NDArray[np.bool_], others: NDArray[np.bool_]) -> list[Term]:
        """Return the terms of which `own` rows have a value that nothing in `others` is like.

        Of a category a value that no other row has; of a number a range beyond that of the others,
        or several values where these have one.

        Parameters
        ----------
        own, others
            The rows of either side, shape (rows,).
        """
        found = []
        for p, term in self._term_of.items():
            part = self.parts[p]
            if isinstance(part, Indicators):
                if not np.isin(part.codes[own], np.unique(part.codes[others])).all():
                    found.append(term)
            elif own.any() and others.any():
                (low, high), (least, most) = (
                    (float(part[side].min()), float(part[side].max())) for side in (own, others)
                )
                if low > most or high < least or (least == most and low < high):
                    found.append(term)
        return found

    def with_every_value(self) -> Design:
        """Return the design with an indicator for every value of a category, none left out.

        A category of one value only has no column here either.
        """
        parts: list[FloatArray | Indicators] = []
        names: list[str] = []
        terms: list[Term] = []
        for p, term in self._term_of.items():
            part = self.parts[p]
            if isinstance(part, Indicators):
                part = replace(part, left_out=-1)
                names += [f"{term}={value}" for value in part.categories]
                terms += [term] * len(part.categories)
            else:
                names.append(str(term))
                terms.append(term)
            parts.append(part)
        return Design(tuple(parts), tuple(names), tuple(terms), self.rows)

    def again(self, rows: IntArray) -> Design:
        """Return what `of` makes of chosen rows, any of them several times."""
        columns: list[tuple[Term, Column]] = []
        for p, term in self._term_of.items():
            part = self.parts[p]
            known = Coded(part.codes, part.categories) if isinstance(part, Indicators) else part
            columns.append((term, known[rows]))
        return Design.of(columns, len(rows))

    def index(self, coef: FloatArray, start: FloatArray | None = None) -> FloatArray:
        """Return X @ coef, shape (m,), added column by column to `start`, or to nothing.

        A matrix product may round equal rows differently depending on where they stand; this way
        equal rows get equal scores, so that ties are ties.
        """
        index = np.zeros(self.rows) if start is None else start
        k = 0
        for part in self.parts:
            if isinstance(part, Indicators):
                of_value = np.zeros(len(part.categories))
                of_value[part.shown] = coef[k : k + len(part.shown)]
                index += of_value[part.codes]
                k += len(part.shown)
            else:
                index += part * coef[k]
                k += 1
        return index

    def blocks(self) -> Iterator[slice]:
        """Yield the rows of each block."""
        for first in range(0, self.rows, BLOCK):
            yield slice(first, min(first + BLOCK, self.rows))

    @cached_property
    def _term_of(self) -> dict[int, Term]:
        """The term of every part that has a column; a value that all share has none."""
        of_column = zip(self._places, self.terms, strict=True)
        return {part: term for (part, _), term in of_column}

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """The part of every column, and the value that an indicator is of."""
        return [
            (p, value)
            for p, part in enumerate(self.parts)
            for value in (part.shown if isinstance(part, Indicators) else [-1])
        ]

    def require_varying(self, on: Sequence[Term], *, one_does: bool = False) -> None:
        """Raise on a term that is the same for everybody, which makes nobody like or unlike.

        Parameters
        ----------
        on
            The terms.
        one_does
            Whether it is enough that one of them varies.

        Raises
        ------
        SupportError
            A number of one value, or a category of one, which has no indicator at all.
        """
        vary = set()
        for term, (p, _) in zip(self.terms, self._places, strict=True):
            part = self.parts[p]
            values = part.codes if isinstance(part, Indicators) else part
            if (values != values[0]).any():
                vary.add(term)
        constant = [str(term) for term in on if term not in vary]
        if constant and not (one_does and len(constant) < len(on)):
            raise SupportError(
                f"{', '.join(constant)} in on= does not vary",
                found=f"one value in all {self.rows} rows that can be compared",
                do="leave it out of on=",
            )

    @classmethod
    def of(
        cls,
        columns: Sequence[tuple[Term, Column]],
        rows: int | None = None,
        *,
        drop_one: bool = True,
    ) -> Design:
        """Expand categories to indicators; values must have no missing.

        `rows` says how many there are, which no columns cannot.
        """
        parts: list[FloatArray | Indicators] = []
        names: list[str] = []
        terms: list[Term] = []
        for term, values in columns:
            if not isinstance(values, Coded) and values.dtype != object:
                parts.append(values.astype(np.float64, copy=False))
                names.append(str(term))
                terms.append(term)
                continue
            codes, categories = factorized(values)
            counts = np.bincount(codes, minlength=len(categories))
            left_out = int(counts.argmax()) if drop_one and len(categories) else -1
            part = Indicators(codes, categories, left_out)
            parts.append(part)
            names += [f"{term}={categories[k]}" for k in part.shown]
            terms += [term] * len(part.shown)
        if rows is None:
            rows = len(columns[0][1])
        return cls(tuple(parts), tuple(names), tuple(terms), rows)

    @classmethod
    def written(cls, X: FloatArray, names: Sequence[str], terms: Sequence[Term]) -> Design:
        """Return a design whose columns are those of a matrix, shape (m, k)."""
        columns = np.ascontiguousarray(X.T)
        columns.setflags(write=False)
        return cls(tuple(columns), tuple(names), tuple(terms), X.shape[0])


def factorized(values: Column) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return codes into the values that occur, ascending, -1 for missing."""
    if not isinstance(values, Coded):
        values = Coded.of(values)
    met = np.zeros(len(values.categories) + 1, dtype=bool)
    met[values.codes] = True  # -1 marks the last
    place = np.full(len(met), -1, dtype=np.int32)
    used = np.flatnonzero(met[:-1])
    place[used] = np.arange(len(used), dtype=np.int32)
    return place[values.codes], tuple(values.categories[k] for k in used.tolist())


#: More numbers than this are given anew, so that a table over them stays small.
MOST = 10_000_000


def combined(
    columns: Iterable[tuple[NDArray[np.integer], int]], *, most: int = MOST
) -> tuple[IntArray, int]:
    """Return a number for every combination of codes, in their order, and a bound on the numbers.

    Parameters
    ----------
    columns
        Codes of each column, all of one shape, -1 for unknown, which is a value like any other; and
        how many values there are.
    most
        When there could be more numbers than this only combinations that occur get one.

    Returns
    -------
    tuple
        Numbers from 0, of the shape of the codes, and one that all of them are below.

    Examples
    --------
    >>> combined([(np.array([0, 1, 1]), 2), (np.array([2, 0, -1]), 3)])
    (array([7, 9, 8]), 12)
    """
    several = iter(columns)
    codes, values = next(several)
    cell, many = codes.astype(np.int64) + 1, values + 1
    for codes, values in several:
        cell *= values + 1  # in place: with many rows memory is what takes the time
        cell += codes
        cell += 1
        many *= values + 1
        if many > most:
            numbers, found = np.unique(cell, return_inverse=True)
            cell, many = found.reshape(cell.shape), len(numbers)
    return cell, many


_lock = Lock()
_inside = 0
_limit: Any = None


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS to one thread, until the last of those who asked for it has left.

    A block of a few thousand rows is done before a second thread has woken; on a busy machine
    waiting for that takes ten times as long as the work.
    """
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()
