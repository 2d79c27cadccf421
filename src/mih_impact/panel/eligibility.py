"""Who is eligible: in the rows of a register, and in the years in which a resident has none.

What a row says of its own period and of the absent rows that follow it leaves the engine as one
whole number. Its first bit is whether the person is eligible in the row; the others are whether it
would be in an absent row after it, in which amounts are zero, no measure begins and all else is as
in the row. An expression that looks at no date needs one such bit, one that looks at the year needs
a bit for every year, and nothing is laid out by person and period in the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact.panel import ops
from mih_impact.panel.residency import State

__all__ = ["Asked", "settled"]

#: Bits of a number that leaves; the sign is left alone.
BITS = 62
#: Persons settled at a time.
BLOCK = 10_000
_ASKED = "_mih_asked"
#: pandas types of columns without rows; other numbers are floats, and the rest is objects.
_EMPTY: dict[str, Any] = {"Boolean": "bool", "Int64": "int64", "String": "str"}
_KEPT = "_mih_kept_"


@dataclass(frozen=True, eq=False)
class Asked:
    """How eligibility is asked of a register.

    Attributes
    ----------
    expr
        A boolean expression on person-years; None for everybody.
    amounts
        Columns that are zero where a resident has no row, or no value in a row.
    uncarried
        Columns that have no value where there is no row.
    dates
        The dates that absent rows are asked at, each as values of `year` and `month`; one without
        any where the expression looks at no date, none where no absent row counts.
    same
        Whether an absent row is as the row before it whatever the expression.
    bit
        The place of each period's date in `dates`, shape (n_periods,).
    """

    expr: nw.Expr | None
    amounts: tuple[str, ...]
    uncarried: tuple[str, ...]
    dates: tuple[Mapping[str, int], ...]
    same: bool
    bit: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        expr: nw.Expr | None,
        frame: nw.LazyFrame[Any],
        *,
        amounts: Sequence[str],
        uncarried: Sequence[str],
        periods: NDArray[np.int64],
        per_year: int,
        resident_known: bool,
    ) -> Asked:
        """Find out what the expression looks at.

        Parameters
        ----------
        expr, amounts, uncarried
            As above; `measure` is among the last where there is one.
        frame
            The rows, in which a row of a panel by month still has its year and month.
        periods
            The register's periods, from the first to the last.
        per_year
            1 by year, 12 by month.
        resident_known
            Whether it is known who is resident; else absent rows are missing.
        """
        bit = np.zeros(len(periods), dtype=np.int64)
        dates: list[dict[str, int]] = [{}] if resident_known else []
        columns = tuple(amounts), tuple(uncarried)
        if expr is None:
            return cls(None, *columns, tuple(dates), True, bit)
        same = not _looks_at(expr, frame, [*amounts, *uncarried])
        looked_at = [n for n in ("year", "month") if resident_known and _looks_at(expr, frame, [n])]
        if looked_at:
            at = {"year": periods // per_year, "month": periods % per_year + 1}
            found, bit = np.unique(
                np.stack([at[name] for name in looked_at]), axis=1, return_inverse=True
            )
            bit = bit.reshape(-1)
            dates = [dict(zip(looked_at, date, strict=True)) for date in found.T.tolist()]
        same = same and not any(dates)
        return cls(expr, *columns, tuple(dates), same, bit)

    @property
    def names(self) -> list[str]:
        """The columns that the numbers leave in."""
        return [f"_mih_eligible_{k}" for k in range(-(-(len(self.dates) + 1) // BITS))]

    @property
    def dtype(self) -> type[np.unsignedinteger[Any]]:
        """The type that the numbers are kept in."""
        return np.uint8 if len(self.dates) < 8 else np.uint64

    def marked(self, frame: nw.LazyFrame[Any], row: str, after: str) -> nw.LazyFrame[Any]:
        """Return the rows with their numbers, and whether the person is eligible.

        Parameters
        ----------
        frame
            The rows.
        row, after
            The columns of whether it is in the row, and in any absent row after it.
        """
        flags = [row, *[after] * len(self.dates)]
        if self.same:
            everybody = nw.lit(True) if self.expr is None else ops.true_or_false(self.expr)
            frame = frame.with_columns(everybody.alias(row))
            later = nw.col(row) if self.dates else nw.lit(False)
            frame = frame.with_columns(later.alias(after))
        else:
            frame, flags = self._evaluated(frame, row)
            frame = frame.with_columns(ops.any_of([nw.col(f) for f in flags[1:]]).alias(after))
        words = [
            ops.packed([nw.col(flag) for flag in flags[first : first + BITS]]).alias(name)
            for name, first in zip(self.names, range(0, len(flags), BITS), strict=True)
        ]
        return frame.with_columns(words).drop(*[f for f in flags if f not in (row, after)])

    def _evaluated(self, frame: nw.LazyFrame[Any], row: str) -> tuple[nw.LazyFrame[Any], list[str]]:
        """Return the rows with a flag for themselves and for each date, and the flags' names.

        Columns are set aside, given the values that the expression is asked at, and set back.
        """
        assert self.expr is not None
        schema = frame.collect_schema()
        dates = [name for name in ("year", "month") if name in schema]
        whole = {name: nw.col(name).fill_null(0.0) for name in self.amounts}
        empty = {name: nw.lit(0.0).cast(nw.Float64) for name in self.amounts}
        empty |= {name: ops.nothing(name) for name in self.uncarried}
        flags = [row, *(f"_mih_absent_{k}" for k in range(len(self.dates)))]
        answer = ops.true_or_false(self.expr)
        kept = {name: _KEPT + name for name in (*self.amounts, *self.uncarried, *dates)}
        frame = frame.with_columns([nw.col(name).alias(other) for name, other in kept.items()])
        frame = ops.replaced(frame, whole).with_columns(answer.alias(row))
        for k, (date, flag) in enumerate(zip(self.dates, flags[1:], strict=True)):
            at = {name: nw.col(kept[name]) * 0 + value for name, value in date.items()}
            frame = ops.replaced(frame, {**(empty if k == 0 else {}), **at})
            frame = frame.with_columns(answer.alias(flag))
        back = ops.replaced(frame, {name: nw.col(other) for name, other in kept.items()})
        return back.drop(*kept.values()), flags


def _looks_at(expr: nw.Expr, frame: nw.LazyFrame[Any], names: Sequence[str]) -> bool:
    """Return whether an expression needs any of some columns: without them it has no type."""
    there = [name for name in names if name in frame.collect_schema()]
    if not there:
        return False
    try:
        frame.drop(*there).head(0).select(expr.alias(_ASKED)).collect_schema()
    except Exception:
        return True
    return False


# --- above the seam -------------------------------------------------------------------------------


def settled(
    words: Sequence[NDArray[np.unsignedinteger[Any]]],
    row: NDArray[np.bool_],
    state: NDArray[np.uint8],
    bit: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return who is eligible in each period: what its row says, or else the last row before it.

    Parameters
    ----------
    words
        The numbers of each row, shape (n_persons, n_periods); bytes are overwritten.
    row, state
        As in `Cube`. Only residents are eligible, and nobody before its first row.
    bit
        As in `Asked`.

    Returns
    -------
    ndarray of bool, shape (n_persons, n_periods)

    Examples
    --------
    >>> words = [np.array([[0, 3, 0, 0]], dtype=np.uint8)]
    >>> state = np.array([[State.ABSENT, State.OBSERVED, State.ABSENT, State.DEAD]], dtype=np.uint8)
    >>> settled(words, words[0] > 0, state, np.zeros(4, dtype=int)).tolist()
    [[False, True, True, False]]
    """
    first = words[0]
    found = first if first.dtype == np.uint8 else np.zeros(row.shape, dtype=np.uint8)
    for begin in range(0, len(row), BLOCK):
        here = slice(begin, begin + BLOCK)
        last = [np.zeros(len(row[here]), dtype=word.dtype) for word in words]
        for t, at in enumerate(bit.tolist()):
            seen = row[here, t]
            for k, word in enumerate(words):
                last[k] = np.where(seen, word[here, t], last[k])
            k, place = divmod(at + 1, BITS)
            own = seen & (state[here, t] == State.OBSERVED) & (first[here, t] & 1 > 0)
            after = (state[here, t] == State.ABSENT) & (
                last[k] >> last[k].dtype.type(place) & 1 > 0
            )
            found[here, t] = own | after
    return found.view(np.bool_)
