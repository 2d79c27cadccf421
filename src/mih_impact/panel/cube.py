"""The cube: what leaves the engine, dense arrays person x period, and how they are read.

A period is a year here and a month in `MonthCube`. Who reads a cube asks in years since start, by
person and period of start, and need not know which it is.

Above this seam everything is NumPy. Money is integer øre in nominal kroner, so the arrays are the
same bits whatever engine made them; prices and divisions come after, here, in a fixed order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.unit import AnyUnit, zero_is_nothing
from mih_impact.errors import PanelContractError
from mih_impact.panel.columns import default_outcomes
from mih_impact.panel.derived import InG, derived_of, in_g_of
from mih_impact.panel.residency import BY_RANK, RANK, State, censored, gone, present
from mih_impact.panel.selection import CovariateRead, require_column, require_outcome

__all__ = ["NEVER", "Cube", "Dead", "arrays_of", "fingerprint_of"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def _on_end(name: str) -> InG | None:
    """Return how an outcome of several years on end is reckoned, None of any other."""
    how = in_g_of(name)
    return how if how is not None and how.years > 1 else None


def _span(places: IntArray) -> slice | IntArray:
    """Return places as a slice where each is one after the last: it copies nothing."""
    if len(places) and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _at(array: NDArray[Any], cells: Cells) -> NDArray[Any]:
    """Return an array in some cells; whole rows are copied faster than what is picked of them."""
    who, when = cells
    return (array if isinstance(who, slice) else array.take(who, axis=0))[:, when]


def arrays_of(cube: Cube) -> list[NDArray[Any]]:
    """Return every array of a cube, in a fixed order."""
    plain = [
        cube.person_id, cube.periods, cube.observed, cube.start,
        cube.eligible, cube.state, cube.row, cube.price_factor,
    ]  # fmt: skip
    groups: tuple[dict[str, Any], ...] = (cube.ore, cube.null, cube.code, cube.number, cube.fixed)
    others = [] if cube.others is None else [cube.others]
    return plain + [group[name] for group in groups for name in sorted(group)] + others


def fingerprint_of(arrays: Iterable[NDArray[Any]], about: object) -> str:
    """Return sixteen hexadecimal digits that change when any array, or what it is about, does.

    Examples
    --------
    >>> fingerprint_of([np.arange(3)], "years") == fingerprint_of([np.arange(3)], "months")
    False
    """
    digest = hashlib.sha256()
    for array in arrays:
        if array.dtype == object:
            digest.update("\x1f".join(map(str, array)).encode())
        else:
            digest.update(np.ascontiguousarray(array).data)
    digest.update(repr(about).encode())
    return digest.hexdigest()[:16]


Dead = Literal["zero", "missing"]

#: Some persons, or all, and positions of periods; each of these of each of those.
Cells = tuple[slice | IntArray, slice | IntArray]

#: The start of a person who never starts.
NEVER = 0


@dataclass(frozen=True, eq=False)
class Cube:
    """Dense arrays of the persons an analysis is about.

    Persons ascend by identifier as text, periods are contiguous from the register's first to its
    last: here each is a calendar year. All arrays are read-only.

    Attributes
    ----------
    person_id
        Shape (n_persons,), object.
    periods
        Shape (n_periods,), ascending.
    observed
        Shape (n_periods,): False for a period in which the register has no row for anybody.
    start
        Shape (n_persons,): the period of start, `NEVER` (0) for persons who never start.
    eligible, state
        Shape (n_persons, n_periods): see `residency.settled`, and values of `State`.
    row
        Shape (n_persons, n_periods): whether the register has a row, also after death.
    ore, null
        Per money column, shape (n_persons, n_periods): nominal øre (0 where none), and whether the
        value is null in a row that exists.
    code, categories
        Per varying category: index into the sorted categories, -1 for missing.
    number
        Per other varying numeric column: float, NaN for missing.
    fixed
        Per fixed column, shape (n_persons,): object for categories, float for years.
    price_factor
        Shape (number of calendar years,): kroner of `price_year` per nominal krone.
    residency_known
        Whether death or emigration years, or spells of residency, were given.
    schemes
        The benefit schemes of the panel, fetched or not.
    units
        What columns are measured in, of those that can be outcomes.
    declared, weights
        Those of them that are outcomes because `units=` says so; the column of design weights.
    per_g
        G of the own year per krone of the register, by calendar year; None where there is no G for
        its currency, NaN for years without.
    others
        Where persons are compared only until they begin another measure: the position of the first
        period, from each on, in which they do; shape (n_persons, n_periods).
    """

    #: Periods in a calendar year; period // PER_YEAR is the year.
    PER_YEAR: ClassVar[int] = 1

    person_id: NDArray[Any]
    periods: NDArray[np.int64]
    observed: NDArray[np.bool_]
    start: NDArray[np.int64]
    eligible: NDArray[np.bool_]
    state: NDArray[np.uint8]
    row: NDArray[np.bool_]
    ore: dict[str, NDArray[np.signedinteger[Any]]]
    null: dict[str, NDArray[np.bool_]]
    code: dict[str, NDArray[np.int32]]
    categories: dict[str, tuple[str, ...]]
    number: dict[str, NDArray[np.floating[Any]]]
    fixed: dict[str, NDArray[Any]]
    price_factor: NDArray[np.float64]
    residency_known: bool
    price_year: int
    currency: str
    schemes: tuple[str, ...] = field(default=())
    others: NDArray[np.int16] | None = None
    units: Mapping[str, AnyUnit] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    per_g: FloatArray | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        for array in arrays_of(self):
            array.setflags(write=False)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}: {self.n_persons} persons, {self.span}, "
            f"{', '.join(self.names)}>"
        )

    @property
    def n_persons(self) -> int:
        """Number of persons."""
        return len(self.person_id)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that were fetched, fixed ones last."""
        return (*self.ore, *self.code, *self.number, *self.fixed)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are meant where none is named."""
        return default_outcomes(self.units, self.declared, self.currency)

    def unit_of(self, outcome: str) -> AnyUnit:
        """Return what an outcome is measured in."""
        derived = derived_of(outcome)
        return self.units[outcome] if derived is None else derived.unit

    def is_outcome(self, column: str) -> bool:
        """Return whether a column is read as what happened in a year, and not as a characteristic.

        Money, shares, and what `units=` declares.
        """
        derived = derived_of(column)
        is_made = derived is not None and derived.role == "outcome"
        return is_made or column in self.ore or column in self.declared

    @property
    def span(self) -> str:
        """The register's first and last calendar year in words."""
        return f"{self.periods[0] // self.PER_YEAR}-{self.periods[-1] // self.PER_YEAR}"

    def named(self, periods: IntArray) -> str:
        """Return periods in words: 2020, 2021, or 2020-03 by month; the first six of many."""
        words = [
            str(p) if self.PER_YEAR == 1 else f"{p // self.PER_YEAR}-{p % self.PER_YEAR + 1:02d}"
            for p in np.unique(periods).tolist()
        ]
        return ", ".join(words[:6]) + (" …" if len(words) > 6 else "")

    def has(self, periods: IntArray) -> BoolArray:
        """Return whether the register has a row for anybody in each period, shape of periods."""
        position = periods - int(self.periods[0])
        inside = (position >= 0) & (position < len(self.periods))
        return np.asarray(inside & self.observed[np.clip(position, 0, len(self.periods) - 1)])

    @cached_property
    def start_year(self) -> IntArray:
        """Calendar year in which each person starts, shape (n_persons,); `NEVER` for none."""
        return self.start // self.PER_YEAR

    @cached_property
    def years(self) -> IntArray:
        """The calendar years with a row for anybody, ascending."""
        return np.unique(self.periods[self.observed] // self.PER_YEAR)

    def eligible_before(self, start: int) -> BoolArray:
        """Return who is eligible in the period before one, shape (n_persons,)."""
        if not self.periods[0] < start <= self.periods[-1] + 1:
            return np.zeros(self.n_persons, dtype=bool)
        return self.eligible[:, start - 1 - int(self.periods[0])]

    def present_before(self, start: int) -> BoolArray:
        """Return who can be compared from a period, shape (n_persons,); see `present`."""
        return present(self.state, self.row, start - 1 - int(self.periods[0]))

    def seen(self, start: IntArray, years: Sequence[int]) -> BoolArray:
        """Return whether the register has a year since start, shape (len(start), len(years)).

        Parameters
        ----------
        start
            Periods of start.
        years
            Years since start; negative for years before.
        """
        first = start[:, None] + self.PER_YEAR * np.asarray(years)[None, :] - int(self.periods[0])
        covered = np.concatenate([[0], np.cumsum(self.observed)])
        low = np.clip(first, 0, len(self.periods))
        high = np.clip(first + self.PER_YEAR, 0, len(self.periods))
        return np.asarray(covered[high] - covered[low] == self.PER_YEAR)

    def since_start(
        self, name: str, person: IntArray, start: IntArray, years: Sequence[int], *, dead: Dead
    ) -> FloatArray:
        """Return an outcome by year since start, shape (len(person), len(years)).

        Parameters
        ----------
        name
            A column with a unit, or `in_work` or `on_benefit`.
        person, start
            Positions in the cube, and the period that each is compared from.
        years
            Years since start; negative for years before.
        dead
            What years after death or emigration count as: "zero" (per starter) or "missing" (among
            survivors).

        Returns
        -------
        ndarray of float
            Money in prices of `price_year`, other columns as they are in the register, shares 0 or
            1; NaN where not seen.
        """
        if (how := _on_end(name)) is not None:
            once = how.in_one_year
            return self._all_of(
                self.since_start(once, person, start, [e - k for e in years], dead=dead)
                for k in range(how.years)
            )
        values = self._since_start(name, person, start, years, dead=dead)
        if self.others is not None:
            values[self._censored(person, start, years)] = np.nan
        return values

    def begins_other(self, period: int) -> BoolArray:
        """Return who begins a measure that ends the comparison in a period, shape (n_persons,)."""
        if self.others is None:
            return np.zeros(self.n_persons, dtype=bool)
        position = period - int(self.periods[0])
        return np.asarray(self.others[:, position] == position)

    def _censored(self, person: IntArray, start: IntArray, years: Sequence[int]) -> BoolArray:
        """Return whether a control has begun another measure by the end of a year since start.

        What participants begin later is part of the effect, and nothing of theirs is censored.
        """
        assert self.others is not None
        position = start - int(self.periods[0])
        ended = censored(self.others, person, position, years, per_year=self.PER_YEAR)
        return np.asarray((self.start[person] != start)[:, None] & ended)

    def _since_start(
        self, name: str, person: IntArray, start: IntArray, years: Sequence[int], *, dead: Dead
    ) -> FloatArray:
        """Return `since_start` before anybody is censored."""
        starts = np.unique(start)
        column = starts[:, None] + np.asarray(years)[None, :] - int(self.periods[0])
        inside = (column >= 0) & (column < len(self.periods))
        # Nobody's values, which raises on what lacks for anybody.
        self._values(name, (np.zeros(0, dtype=np.int64), np.unique(column[inside])), dead)
        values = np.full((len(person), len(years)), np.nan)
        for s, at, there in zip(starts.tolist(), column, inside, strict=True):
            if not there.any():
                continue
            rows, kept = np.flatnonzero(start == s), np.flatnonzero(there)
            place: tuple[Any, ...] = _span(rows), _span(kept)
            if not any(isinstance(each, slice) for each in place):
                place = np.ix_(rows, kept)
            values[place] = self._values(name, (person[rows], _span(at[there])), dead)
        return values

    def why_unseen(
        self, person: IntArray, start: IntArray, years: Sequence[int]
    ) -> NDArray[np.uint8]:
        """Return what explains best that a year since start is not seen, (len(person), len(years)).

        Of the states of its periods dead, then emigrated, then censored, then unknown, then the
        rest. What a year outside the register is said to be has no meaning; see `seen`.
        """
        first = start[:, None] + self.PER_YEAR * np.asarray(years)[None, :] - int(self.periods[0])
        worst = np.zeros(first.shape, dtype=np.int64)
        for k in range(self.PER_YEAR):
            place = np.clip(first + k, 0, len(self.periods) - 1)
            worst = np.maximum(worst, RANK[self.state[person[:, None], place]])
        if self.others is not None:
            ended = RANK[State.CENSORED] * self._censored(person, start, years)
            worst = np.maximum(worst, ended)
        return BY_RANK[worst]

    def outcome(self, name: str, *, dead: Dead = "zero") -> FloatArray:
        """Return an outcome in every calendar year.

        Parameters
        ----------
        name, dead
            As in `since_start`.

        Returns
        -------
        ndarray of float, shape (n_persons, n_periods)
            As `since_start`; NaN for missing.
        """
        if (how := _on_end(name)) is not None:
            one = self.outcome(how.in_one_year, dead=dead)
            padded = np.pad(one, ((0, 0), (how.years - 1, 0)), constant_values=np.nan)
            return self._all_of(padded[:, k:][:, : one.shape[1]] for k in range(how.years))
        return self._values(name, (slice(None), slice(None)), dead)

    @staticmethod
    def _all_of(years: Iterable[FloatArray]) -> FloatArray:
        """Return 1 where all of some shares are, NaN where one is not known."""
        return np.asarray(np.minimum.reduce(list(years)))

    def lagged(self, name: str, start: int, years: int) -> FloatArray:
        """Return an outcome that many years before a period, NaN where missing; nothing is carried.

        The dead are missing here: a covariate speaks of the living. A year outside the register
        or in a gap is missing for everybody.

        Returns
        -------
        ndarray of float, shape (n_persons,)
        """
        if (how := _on_end(name)) is not None:
            one = how.in_one_year
            return self._all_of(self.lagged(one, start, years + k) for k in range(how.years))
        position = start - years - int(self.periods[0])
        if not 0 <= position < len(self.periods):
            self._require_outcome(name)
            return np.full(self.n_persons, np.nan)
        return self._values(name, (slice(None), np.array([position])), "missing")[:, 0]

    def as_of(self, name: str, period: int) -> CovariateRead:
        """Return a characteristic as it was known in a period.

        A varying column is read in the person's last row at or before the period; a fixed column
        and age need no row; money is that of the year that ends with the period.

        Parameters
        ----------
        name
            A category, a number column, a fixed column, `age`, or an outcome.
        period
            The period.
        """
        nothing_carried = np.zeros(self.n_persons, dtype=bool)
        if name in self.fixed:
            return CovariateRead(self.fixed[name], nothing_carried)
        if name == "age" and name not in self.number:
            usable = tuple(self.units)
            require_column("birth_year", self.fixed, names=self.names, usable=usable)
            year = period // self.PER_YEAR
            return CovariateRead(year - self.fixed["birth_year"], nothing_carried)
        if name in self.code or name in self.number:
            return self._last_row_value(name, period)
        return CovariateRead(self.lagged(name, period + 1, 1), nothing_carried)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when any array does; no value can be read back."""
        own = [f"{name}: {self.units[name]}" for name in self.declared]
        about = (self.names, self.categories, self.price_year, self.currency, *own)
        return fingerprint_of(arrays_of(self), about)

    def _values(self, name: str, cells: Cells, dead: Dead) -> FloatArray:
        """Return an outcome in some cells: who, and positions of periods."""
        self._require_outcome(name, dead)
        when = np.arange(len(self.periods))[cells[1]]
        values: NDArray[Any]
        if name == "in_work":
            values = _at(self.ore["wage_income"], cells) > 0
        elif name == "on_benefit":
            values = np.zeros_like(_at(self.row, cells))
            for scheme in self.schemes:
                values |= _at(self.ore[scheme], cells) > 0
        elif name == "mainly_benefit":
            total = sum(_at(self.ore[scheme], cells).astype(np.int64) for scheme in self.schemes)
            values = np.asarray(total > _at(self.ore["wage_income"], cells))
        elif (how := in_g_of(name)) is not None:
            values = how.of(_at(self.ore[how.column], cells) / 100.0 * self._g(when)[when])
        elif name in self.ore:
            values = _at(self.ore[name], cells) / 100.0
            if (self.price_factor[when] != 1.0).any():
                values *= self.price_factor[when]
        else:
            values = _at(self.number[name], cells)
            if np.may_share_memory(values, self.number[name]):
                values = values.copy()
        values = values.astype(np.float64, copy=False)
        away = np.flatnonzero(self._is_away[cells[0]])
        if len(away):
            who = away if isinstance(cells[0], slice) else cells[0][away]
            state, own = _at(self.state, (who, cells[1])), values[away]
            zero = dead == "zero" and zero_is_nothing(self.unit_of(name))
            own[state == State.UNKNOWN] = np.nan  # an absent resident has zero
            own[gone(state)] = 0.0 if zero else np.nan
            values[away] = own
        if not self.observed[when].all():
            values[:, ~self.observed[when]] = np.nan
        return values

    @cached_property
    def _is_away(self) -> BoolArray:
        """Who is ever anything but observed, or absent and resident, shape (n_persons,)."""
        return np.asarray((self.state > State.ABSENT).any(axis=1))

    @cached_property
    def _gone(self) -> NDArray[np.bool_]:
        return gone(self.state)

    @cached_property
    def _last_row(self) -> NDArray[np.int16]:
        """Position of the last row at or before each period, -1 when there is none yet."""
        position = np.arange(len(self.periods), dtype=np.int16)
        if self.row.all():
            return np.broadcast_to(position, self.row.shape)
        return np.maximum.accumulate(np.where(self.row, position, np.int16(-1)), axis=1)

    def code_as_of(self, name: str, period: int) -> tuple[NDArray[np.int32], BoolArray]:
        """Return a category as `as_of` does: codes into `categories`, -1 for missing; carried."""
        last, carried = self._last_row_at(period)
        code = self.code[name][np.arange(self.n_persons), last]
        return np.where(last >= 0, code, np.int32(-1)), carried

    def _last_row_at(self, period: int) -> tuple[IntArray, BoolArray]:
        """Return the position of the last row at or before a period, -1 for none."""
        asked = period - int(self.periods[0])
        position = min(asked, len(self.periods) - 1)
        if position < 0:
            last = np.full(self.n_persons, -1)
        else:
            last = self._last_row[:, position].astype(np.int64)
        return last, (last >= 0) & (last < asked)

    def _last_row_value(self, name: str, period: int) -> CovariateRead:
        if name in self.code:
            code, carried = self.code_as_of(name, period)
            # The extra None at the end is what code -1 picks.
            texts = np.array([*self.categories[name], None], dtype=object)
            return CovariateRead(texts[code], carried)
        last, carried = self._last_row_at(period)
        if len(last) and last.min() == last.max() >= 0:  # the same row of everybody
            return CovariateRead(self.number[name][:, last[0]].astype(np.float64), carried)
        values = self.number[name][np.arange(self.n_persons), last]
        return CovariateRead(np.where(last >= 0, values.astype(np.float64), np.nan), carried)

    def _g(self, year: IntArray) -> FloatArray:
        """Return G per krone of the register in calendar years, counted from the first one.

        Raises
        ------
        PanelContractError
            There is no G for one of them, or for the currency.
        """
        per_g = np.full(len(self.price_factor), np.nan) if self.per_g is None else self.per_g
        lacking = np.unique(year[np.isnan(per_g[year])])
        if len(lacking):
            first = int(self.periods[0]) // self.PER_YEAR
            raise PanelContractError(
                "Income in G needs kroner, and the G of every year that is looked at",
                found=f"{self.currency}, no G for {', '.join(map(str, (lacking + first)[:6]))}",
                do="leave out the outcomes in G, or choose a window= of years with a G",
            )
        return per_g

    def _require_outcome(self, name: str, dead: Dead = "missing") -> None:
        arguments.choice("An outcome", "dead", dead, ("zero", "missing"))
        require_outcome(
            name,
            outcomes=tuple(self.units),
            numbers=tuple(self.number),
            schemes=self.schemes,
            names=self.names,
        )
