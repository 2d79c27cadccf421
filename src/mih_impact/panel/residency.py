"""Residency and eligibility: what a cell of the cube is, and who can be compared in which years.

What a row says of its own period and of the absent rows that follow it leaves the engine as one
whole number. Its first bit is whether the person is eligible in the row; the others are whether it
would be in an absent row after it, in which amounts are zero, no measure begins and all else is as
in the row. An expression that looks at no date needs one such bit, one that looks at the year needs
a bit for every year, and nothing is laid out by person and period in the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import PanelContractError
from mih_impact.panel import engine

__all__ = [
    "BY_RANK",
    "RANK",
    "EligibilityRule",
    "Spells",
    "State",
    "censored",
    "gone",
    "next_other",
    "present",
    "settled",
    "states",
]

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class State(IntEnum):
    """The state of a person in a year."""

    #: The register has a row.
    OBSERVED = 0
    #: No row though resident: no wage and no benefit, so money is zero.
    ABSENT = 1
    #: After the year of death, whether or not a row exists (holiday pay is paid after death).
    DEAD = 2
    #: After the year of emigration, or between and after the spells of `resident=`.
    EMIGRATED = 3
    #: Missing: no row and residency not known, before the first spell, or a gap in the register.
    UNKNOWN = 4
    #: A control that has begun another measure, where it is compared until then.
    CENSORED = 5


#: States from what explains least that a year is not seen to what explains most, and their ranks.
BY_RANK = np.array(
    [State.OBSERVED, State.ABSENT, State.UNKNOWN, State.CENSORED, State.EMIGRATED, State.DEAD],
    dtype=np.uint8,
)
RANK = np.argsort(BY_RANK)


def gone(state: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where somebody is dead or has emigrated."""
    return np.asarray((state == State.DEAD) | (state == State.EMIGRATED))


def present(state: NDArray[np.uint8], row: NDArray[np.bool_], position: int) -> NDArray[np.bool_]:
    """Return who has a row in a period, or is resident with a row before it, shape (n_persons,)."""
    if not 0 <= position < state.shape[1]:
        return np.zeros(len(state), dtype=bool)
    then = state[:, position]
    here = np.asarray(then == State.OBSERVED)
    if not here.all():
        absent = np.flatnonzero(then == State.ABSENT)
        here[absent] = row[absent, : position + 1].any(axis=1)
    return here


@dataclass(frozen=True, eq=False)
class Spells:
    """Spells of residency: `person` indexes the cube, years are inclusive, in no special order."""

    person: NDArray[np.int64]
    from_year: NDArray[np.float64]
    to_year: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pd.DataFrame, person_id: NDArray[Any]) -> Spells:
        """Return the spells of the cube's persons, from columns person_id, from_year, to_year.

        Raises
        ------
        PanelContractError
            None of them has a spell: the absent rows of all would be missing, as if no spells were
            given.
        """
        spell_of = frame["person_id"].astype(object).to_numpy()
        person = pd.Index(person_id, dtype=object).get_indexer(pd.Index(spell_of, dtype=object))
        kept = person >= 0
        if len(person_id) and not kept.any():
            raise PanelContractError(
                "None of those who start, or may be controls, has a spell in resident=",
                found=f"{len(frame):,} spells, none of them theirs",
                do="write person_id in the same way in both (00123 is not 123), and give the "
                "spells of everybody in the register",
            )
        return cls(
            person=person[kept].astype(np.int64),
            from_year=frame["from_year"].to_numpy(dtype=float)[kept],
            to_year=frame["to_year"].to_numpy(dtype=float)[kept],
        )


def states(
    row: NDArray[np.bool_],
    years: NDArray[np.int64],
    observed: NDArray[np.bool_],
    *,
    death_year: NDArray[np.float64] | None,
    emigration_year: NDArray[np.float64] | None,
    spells: Spells | None,
) -> NDArray[np.uint8]:
    """Return the state of every person-year.

    Parameters
    ----------
    row
        Whether the register has a row, shape (n_persons, n_years).
    years
        The calendar years, shape (n_years,).
    observed
        Whether the register has a row for anybody in the year, shape (n_years,).
    death_year, emigration_year
        Per person, NaN for none, shape (n_persons,); None when the register has no such column.
    spells
        Spells of residency; they replace the year of emigration, since people return.

    Returns
    -------
    ndarray of uint8, shape (n_persons, n_years)
        Values of `State`.
    """
    known = death_year is not None or emigration_year is not None or spells is not None
    absent = np.uint8(State.ABSENT if known else State.UNKNOWN)
    state = np.where(row, np.uint8(State.OBSERVED), absent)
    if spells is not None:
        state = _by_spells(state, years, spells)
    elif emigration_year is not None:
        _after(state, years, emigration_year, State.EMIGRATED)
    # A register year without any row says nothing about anybody alive.
    gap = ~observed
    state[:, gap] = np.where(state[:, gap] == State.ABSENT, State.UNKNOWN, state[:, gap])
    if death_year is not None:
        _after(state, years, death_year, State.DEAD)
    return state


def _after(
    state: NDArray[np.uint8], years: NDArray[np.int64], exit_: NDArray[np.float64], gone: State
) -> None:
    """Mark the years after an exit, in the rows of those who have one."""
    who = np.flatnonzero(~np.isnan(exit_))
    state[who] = np.where(years[None, :] > exit_[who, None], np.uint8(gone), state[who])


def _by_spells(state: NDArray[Any], years: NDArray[np.int64], spells: Spells) -> NDArray[Any]:
    """Mark rowless years outside the spells: before the first unknown, otherwise emigrated."""
    resident = np.zeros(state.shape, dtype=bool)
    arrived = np.full(state.shape[0], np.inf)
    np.minimum.at(arrived, spells.person, spells.from_year)
    for t, year in enumerate(years):
        inside = (spells.from_year <= year) & (year <= spells.to_year)
        resident[spells.person[inside], t] = True
    before = years[None, :] < arrived[:, None]
    outside = ~resident & (state == State.ABSENT)
    away = np.where(before, np.uint8(State.UNKNOWN), np.uint8(State.EMIGRATED))
    return np.where(outside, away, state)


#: Bits of a number that leaves; the sign is left alone.
BITS = 62
#: Persons settled at a time.
BLOCK = 10_000
_ASKED = "_mih_asked"
_KEPT = "_mih_kept_"


@dataclass(frozen=True, eq=False)
class EligibilityRule:
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
    ) -> EligibilityRule:
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
            everybody = nw.lit(True) if self.expr is None else engine.true_or_false(self.expr)
            frame = frame.with_columns(everybody.alias(row))
            later = nw.col(row) if self.dates else nw.lit(False)
            frame = frame.with_columns(later.alias(after))
        else:
            frame, flags = self._evaluated(frame, row)
            frame = frame.with_columns(engine.any_of([nw.col(f) for f in flags[1:]]).alias(after))
        words = [
            engine.packed([nw.col(flag) for flag in flags[first : first + BITS]]).alias(name)
            for name, first in zip(self.names, range(0, len(flags), BITS), strict=True)
        ]
        return frame.with_columns(words).drop(*[f for f in flags if f not in (row, after)])

    def _evaluated(self, frame: nw.LazyFrame[Any], row: str) -> tuple[nw.LazyFrame[Any], list[str]]:
        """Return the rows with a flag for themselves and for each date, and the flags' names.

        Columns are given the values that they have at each date, and then their own again.
        """
        assert self.expr is not None
        schema = frame.collect_schema()
        dates = [name for name in ("year", "month") if name in schema]
        whole = {name: nw.col(name).fill_null(0.0) for name in self.amounts}
        empty = {name: nw.lit(0.0).cast(nw.Float64) for name in self.amounts}
        empty |= {name: engine.nothing(name) for name in self.uncarried}
        flags = [row, *(f"_mih_absent_{k}" for k in range(len(self.dates)))]
        answer = engine.true_or_false(self.expr)
        kept = {name: _KEPT + name for name in (*self.amounts, *self.uncarried, *dates)}
        frame = frame.with_columns([nw.col(name).alias(other) for name, other in kept.items()])
        frame = engine.replaced(frame, whole).with_columns(answer.alias(row))
        for k, (date, flag) in enumerate(zip(self.dates, flags[1:], strict=True)):
            at = {name: nw.col(kept[name]) * 0 + value for name, value in date.items()}
            frame = engine.replaced(frame, {**(empty if k == 0 else {}), **at})
            frame = frame.with_columns(answer.alias(flag))
        back = engine.replaced(frame, {name: nw.col(other) for name, other in kept.items()})
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
        As in `EligibilityRule`.

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


def next_other(
    code: NDArray[np.int32], categories: tuple[str, ...], name: str
) -> NDArray[np.int16]:
    """Return the position of the first period, from each on, in which another measure begins.

    Parameters
    ----------
    code, categories
        The column `measure` of the cube, shape (n_persons, n_periods).
    name
        The measure the analysis is about.

    Returns
    -------
    ndarray of int16, shape (n_persons, n_periods)
        The number of periods where no other measure begins from there on.

    Examples
    --------
    >>> next_other(np.array([[-1, 1, 0, -1]]), ("afl", "aft"), "afl").tolist()
    [[1, 1, 4, 4]]
    """
    named = categories.index(name) if name in categories else -1
    periods = code.shape[1]
    begins = (code >= 0) & (code != named)
    position = np.where(begins, np.arange(periods, dtype=np.int16), np.int16(periods))
    return np.minimum.accumulate(position[:, ::-1], axis=1)[:, ::-1].copy()


def censored(
    others: NDArray[np.int16],
    person: IntArray,
    position: IntArray,
    years: Sequence[int],
    *,
    per_year: int,
) -> BoolArray:
    """Return whether another measure has begun by the end of a year since start.

    Parameters
    ----------
    others
        As `next_other` returns it.
    person, position
        Persons, and the position of the period that each is compared from, shape (n,).
    years
        Years since start; nothing ends before start.
    per_year
        Periods in a year.

    Returns
    -------
    ndarray of bool, shape (n, len(years))

    Examples
    --------
    >>> others = next_other(np.array([[-1, -1, 1, -1]]), ("afl", "aft"), "afl")
    >>> censored(others, np.array([0]), np.array([1]), [-1, 0, 1, 2], per_year=1).tolist()
    [[False, False, True, True]]
    """
    begins = others[person, np.clip(position, 0, others.shape[1] - 1)]
    since = np.asarray(years)[None, :]
    last = position[:, None] + per_year * (since + 1) - 1
    return np.asarray(
        (since >= 0) & (last >= begins[:, None]) & (begins < others.shape[1])[:, None]
    )
