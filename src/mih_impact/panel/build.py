"""Building a cube, by year or by month: select in the engine, spread the rows over arrays.

Money is stored as cumulative sums, so that twelve months anywhere are a difference; other columns
are combined as their units say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.locale import Label, progress_bar
from mih_impact.display.unit import AnyUnit, as_unit, zero_is_nothing
from mih_impact.errors import OptionError
from mih_impact.panel import engine
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.cube import NEVER, BoolArray, Cube, Dead, FloatArray, IntArray
from mih_impact.panel.derived import in_g_of
from mih_impact.panel.fill import Filled
from mih_impact.panel.residency import (
    EligibilityRule,
    Spells,
    State,
    gone,
    next_other,
    settled,
    states,
)
from mih_impact.panel.selection import MEASURE, Named
from mih_impact.panel.size import EIGHT, Widths

__all__ = [
    "MonthCube",
    "Request",
    "accumulate",
    "build_cube",
    "count_persons",
    "leaving",
    "marked_rows",
    "may_leave",
    "rows_leaving",
]


@dataclass(frozen=True, eq=False, repr=False)
class MonthCube(Cube):
    """Dense arrays by month; a period is 12 * year + month - 1.

    As `Cube`, but `ore` has shape (n_persons, n_periods + 1): what was received in the months
    before each, and in all of them. What is paid after death or emigration is left out, as it is by
    year. A year since start is known when all its months are.
    """

    PER_YEAR: ClassVar[int] = 12

    def outcome(self, name: str, *, dead: Dead = "zero") -> FloatArray:
        """Refuse: outcomes of calendar years are not what a panel by month is read for.

        Raises
        ------
        PanelContractError
        """
        raise OptionError(
            "A panel by month has outcomes in years since start, not in calendar years",
            found=f"{name}, dead={dead!r}",
            do="read the panel with one row per person and year for what goes by calendar year",
        )

    def _since_start(
        self, name: str, person: IntArray, start: IntArray, years: Sequence[int], *, dead: Dead
    ) -> FloatArray:
        """Return an outcome by year since start before anybody is censored.

        Year e is the twelve months from 12 e months after the month of start; each krone is
        converted with the price index of its own calendar year.
        """
        self._require_outcome(name, dead)
        first = start[:, None] + 12 * np.asarray(years)[None, :] - int(self.periods[0])
        who = np.broadcast_to(person[:, None], first.shape)
        inside = self.seen(start, years)
        low = np.where(inside, first, first[inside].min(initial=max(len(self.periods) - 12, 0)))
        values = self._year_from(name, who, low)
        unknown = _between(self._unknown, who, low, 12) > 0
        if dead == "missing":
            unknown |= _between(self._gone_before, who, low, 12) > 0
        values[unknown | ~inside] = np.nan
        return values

    def lagged(self, name: str, start: int, years: int) -> FloatArray:
        """Return an outcome in the year that begins that many years before a month."""
        everyone = np.arange(self.n_persons)
        at = np.full(self.n_persons, start, dtype=np.int64)
        return self.since_start(name, everyone, at, [-years], dead="missing")[:, 0]

    # --- twelve months ----------------------------------------------------------------------------

    def _year_from(self, name: str, who: IntArray, low: IntArray) -> FloatArray:
        """Return the sum of the twelve months from each position, unknown ones as nothing."""
        if name == "in_work":
            return (_between(self.ore["wage_income"], who, low, 12) > 0).astype(np.float64)
        if name == "on_benefit":
            paid = np.zeros(who.shape, dtype=bool)
            for scheme in self.schemes:
                paid |= _between(self.ore[scheme], who, low, 12) > 0
            return paid.astype(np.float64)
        if name == "mainly_benefit":
            paid = np.zeros(who.shape, dtype=np.int64)
            for scheme in self.schemes:
                paid += _between(self.ore[scheme], who, low, 12)
            return (paid > _between(self.ore["wage_income"], who, low, 12)).astype(np.float64)
        how = in_g_of(name)
        if how is not None or name in self.ore:
            total = self.ore[name if how is None else how.column]
            first = int(self.periods[0]) // 12
            ends = (low + int(self.periods[0]) + np.array([[[0]], [[11]]])) // 12 - first
            last = len(self.price_factor) - 1
            factor = self.price_factor if how is None else self._g(np.minimum(ends, last))
            amounts = self._valued(low, lambda at, n: _between(total, who, at, n) / 100.0, factor)
            return amounts if how is None else how.of(amounts)
        return self._combined(name, who, low)

    def _combined(self, name: str, who: IntArray, low: IntArray) -> FloatArray:
        """Return twelve months from each position as the unit combines them, NaN where unknown."""
        unit = as_unit(self.unit_of(name))
        amounts = np.where(self._gone, 0.0 if zero_is_nothing(unit) else np.nan, self.number[name])
        last = np.minimum(low + 11, amounts.shape[1] - 1)
        if unit.combined == "last":
            return np.asarray(amounts[who, last], dtype=np.float64)
        total = np.zeros(who.shape)
        for m in range(12):
            total += amounts[who, np.minimum(low + m, last)]
        return total / 12.0 if unit.combined == "mean" else total

    def _valued(
        self, low: IntArray, months: Callable[[IntArray, IntArray], FloatArray], factor: FloatArray
    ) -> FloatArray:
        """Return twelve months from each position, each by the factor of its calendar year."""
        period = low + int(self.periods[0])
        first = 12 - period % 12
        year = period // 12 - int(self.periods[0]) // 12
        after = np.minimum(year + 1, len(factor) - 1)
        return months(low, first) * factor[year] + months(low + first, 12 - first) * factor[after]

    @cached_property
    def _unknown(self) -> NDArray[np.int16]:
        """Months before each of which nothing is known, shape (n_persons, n_periods + 1)."""
        return _cumulated(self.state == State.UNKNOWN, np.int16)

    @cached_property
    def _gone_before(self) -> NDArray[np.int16]:
        """Months before each after death or emigration, shape (n_persons, n_periods + 1)."""
        return _cumulated(self._gone, np.int16)


def accumulate(total: NDArray[np.signedinteger[Any]], gone: BoolArray) -> None:
    """Turn monthly amounts, in place, into what was received before each month, and in all.

    The first column is empty; what is paid after death or emigration is left out. Totals of four
    bytes may go round, and their differences are right all the same (`Widths`).
    """
    total[:, 1:][gone] = 0
    np.cumsum(total, axis=1, dtype=total.dtype, out=total)


def _cumulated(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    total = np.zeros((values.shape[0], values.shape[1] + 1), dtype=dtype)
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def _between(
    total: NDArray[np.integer], who: IntArray, low: IntArray, months: IntArray | int
) -> NDArray[np.integer]:
    """Return what cumulative sums grow by in some months from each position."""
    high = np.minimum(low + months, total.shape[1] - 1)
    return np.asarray(total[who, high] - total[who, np.minimum(low, total.shape[1] - 1)])


NULL = "_mih_null_"
PERSON = "_mih_person"
ROW, AFTER = "_mih_eligible", "_mih_eligible_after"
HERE, CALENDAR = "_mih_eligible_here", "_mih_calendar"
CHOSEN, PERHAPS, CARRIED = "_mih_chosen", "_mih_perhaps", "_mih_carried"
_CUBES: dict[int, type[Cube]] = {cube.PER_YEAR: cube for cube in (Cube, MonthCube)}
_BAR = Label(nb="henter personene", en="fetching the persons")


@dataclass(frozen=True, eq=False)
class Request:
    """What to build: the columns by type, who is eligible, and the register's range.

    Attributes
    ----------
    frame
        The panel's lazy frame in the contract's names and types.
    dtypes
        The contract type of every column to fetch, keys apart.
    texts
        The distinct values of text columns that have few: they leave as codes.
    eligible
        A boolean expression on person-years; None for everybody.
    amounts, uncarried
        The register's columns, fetched or not, that are zero where a resident has no row, and those
        that have no value there; others are as in the last row.
    per_year
        1 for a panel by year, 12 by month: periods are years, or 12 * year + month - 1.
    persons, observed
        How many persons the register has, and the periods in which it has a row for anybody,
        ascending.
    start_range
        The first and last start year of the register, None when nobody starts.
    constant
        Whether every fixed column has one value in all rows of everybody, or none in all of them;
        else the last value that is given counts.
    measure
        The measure that the starts are in, where there are several.
    per_g
        G of each calendar year per krone of the register; None where there is none.
    widths
        The types that values are kept in.
    units, declared
        What those of the columns that can be outcomes are measured in, and those of them that are
        outcomes because somebody said so.
    """

    frame: nw.LazyFrame[Any]
    dtypes: Mapping[str, Dtype]
    texts: Mapping[str, tuple[str, ...]]
    eligible: nw.Expr | None
    amounts: tuple[str, ...]
    uncarried: tuple[str, ...]
    per_year: int
    persons: int
    observed: tuple[int, ...]
    start_range: tuple[int, int] | None
    constant: bool
    price_factor: NDArray[np.float64]
    price_year: int
    currency: str
    schemes: tuple[str, ...]
    spells: pd.DataFrame | None
    per_g: NDArray[np.float64] | None = None
    weights: str | None = None
    measure: Named | None = None
    widths: Widths = EIGHT
    units: Mapping[str, AnyUnit] = field(default_factory=dict)
    declared: tuple[str, ...] = ()

    @property
    def residency_known(self) -> bool:
        """Whether death or emigration years, or spells of residency, are there."""
        exits = ("death_year", "emigration_year")
        return self.spells is not None or any(name in self.dtypes for name in exits)

    @cached_property
    def rule(self) -> EligibilityRule:
        """How eligibility is asked."""
        periods = np.arange(self.observed[0], self.observed[-1] + 1, dtype=np.int64)
        return EligibilityRule.of(
            self.eligible,
            self.frame,
            amounts=self.amounts,
            uncarried=self.uncarried,
            periods=periods,
            per_year=self.per_year,
            resident_known=self.residency_known,
        )

    @property
    def window(self) -> tuple[int, ...]:
        """The observed periods in which somebody may be compared with who starts the period after.

        All of them where nobody starts.
        """
        if self.start_range is None:
            return self.observed
        first, last = (year * self.per_year for year in self.start_range)
        return tuple(t for t in self.observed if first - 1 <= t < last + self.per_year - 1)


def build_cube(request: Request) -> Cube:
    """Return the cube of everybody who starts, or is eligible in a year that can be compared."""
    marked = marked_rows(request)
    with (
        engine.kept(may_leave(request, marked), rows=request.persons) as perhaps,
        engine.kept(leaving(request, marked, perhaps), rows=request.persons) as persons,
    ):
        return _filled(request, persons, rows_leaving(request, marked, persons))


def _filled(request: Request, persons: nw.LazyFrame[Any], rows: nw.LazyFrame[Any]) -> Cube:
    """Return the cube of some persons' rows."""
    found = engine.arrays(persons)
    person_id, place = _in_text_order(found["person_id"], found[PERSON])
    first, last = request.observed[0], request.observed[-1]
    periods = np.arange(first, last + 1, dtype=np.int64)
    filled = Filled.empty(
        request.dtypes,
        request.texts,
        fixed=_fixed(request),
        eligible=request.rule.names,
        eligible_dtype=request.rule.dtype,
        shape=(len(person_id), len(periods)),
        cumulative=request.per_year == MonthCube.PER_YEAR,
        widths=request.widths,
    )
    if request.constant:
        filled.keep(place[found[PERSON]], np.zeros(len(place), dtype=np.int64), found)
    most = len(person_id) * len(request.observed)
    # what is done at once needs no bar
    with progress_bar(_BAR, total=most, unit_scale=True, delay=2.0) as bar:
        for chunk in engine.chunks(rows, by=PERSON, numbers=len(person_id), rows=most):
            person, period = place[chunk.pop(PERSON)], chunk.pop("year").astype(np.int64) - first
            filled.take(person, period, chunk)
            if not request.constant:
                filled.keep(person, period, chunk)
            bar.update(len(person))
    return _cube(request, person_id, periods, filled)


def _cube(
    request: Request, person_id: NDArray[Any], periods: NDArray[np.int64], filled: Filled
) -> Cube:
    observed = np.isin(periods, request.observed)
    fixed = filled.fixed_values()
    start = fixed.pop("start_year", None)
    state = states(
        filled.row,
        periods // request.per_year,
        observed,
        death_year=fixed.get("death_year"),
        emigration_year=fixed.get("emigration_year"),
        spells=None if request.spells is None else Spells.of(request.spells, person_id),
    )
    starts = _starts(start, len(person_id))
    eligible = settled(list(filled.eligible.values()), filled.row, state, request.rule.bit)
    # The engine cannot tell of everybody whether there is such a period.
    here = (starts != NEVER) | eligible[:, np.isin(periods, request.window)].any(axis=1)
    if not here.all():
        person_id, starts, state, eligible = (
            array[here] for array in (person_id, starts, state, eligible)
        )
        fixed = {name: values[here] for name, values in fixed.items()}
        filled = filled.only(here)
    if request.per_year == MonthCube.PER_YEAR:
        left = gone(state)
        for total in filled.ore.values():
            accumulate(total, left)
    codes = {name: filled.settled(name) for name in filled.code}
    others = None
    if request.measure is not None and request.measure.others == "censor":
        others = next_other(*codes[MEASURE], request.measure.name)
    return _CUBES[request.per_year](
        person_id=person_id,
        periods=periods,
        observed=observed,
        start=starts,
        eligible=eligible,
        state=_kept_once(state),
        row=_kept_once(filled.row),
        ore=filled.ore,
        null=filled.null,
        code={name: code for name, (code, _) in codes.items()},
        categories={name: categories for name, (_, categories) in codes.items()},
        number={name: _kept_once(values) for name, values in filled.number.items()},
        fixed=fixed,
        price_factor=request.price_factor,
        per_g=request.per_g,
        weights=request.weights,
        residency_known=request.residency_known,
        price_year=request.price_year,
        currency=request.currency,
        schemes=request.schemes,
        others=others,
        units=dict(request.units),
        declared=request.declared,
    )


def _kept_once(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers that are the same in all periods of everybody as one column, read in each."""
    same = (np.array_equal(values[:, 0], column, equal_nan=True) for column in values.T[1:])
    return np.broadcast_to(values[:, :1].copy(), values.shape) if all(same) else values


# --- in the engine --------------------------------------------------------------------------------


def marked_rows(request: Request) -> nw.LazyFrame[Any]:
    """Return the plan of all rows with what they say of eligibility, and their calendar year."""
    marked = request.rule.marked(request.frame, ROW, AFTER)
    here = nw.col(ROW) & _resident(request, nw.col("year"))
    marked = marked.with_columns(here.alias(HERE), nw.col("year").alias(CALENDAR))
    return engine.in_months(marked) if request.per_year == MonthCube.PER_YEAR else marked


def may_leave(request: Request, marked: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the plan of who starts, or is or may be eligible in a period of the window.

    In a row of it, or perhaps in an absent one, which `leaving` finds out of them alone.
    """
    inside = _inside(request)
    started, perhaps = nw.lit(False), nw.lit(False)
    if "start_year" in request.dtypes:
        started = engine.has_value(nw.col("start_year"))
    # What is dear to reckon is reckoned of the few rows that are left after what is cheap.
    asked = nw.col(ROW) & inside
    if _may_be_carried(request):
        perhaps = _carrying(request) & (nw.col("year") < request.window[0])
        perhaps = perhaps if request.rule.same else perhaps | (nw.col(AFTER) & inside)
        asked = (nw.col(ROW) | nw.col(AFTER)) & (nw.col("year") <= request.window[-1])
    flags = {CHOSEN: started | (nw.col(HERE) & inside), PERHAPS: perhaps}
    named = [flag.cast(nw.Int64).alias(name) for name, flag in flags.items()]
    rows = marked.filter(started | asked).select("person_id", *_once(request), *named)
    return engine.grouped(rows, "person_id").filter(engine.any_of([nw.col(f) == 1 for f in flags]))


def leaving(
    request: Request, marked: nw.LazyFrame[Any], perhaps: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """Return the plan of the persons who leave the engine, numbered, with fixed columns.

    Parameters
    ----------
    request, marked
        What is asked for, and the rows of everybody.
    perhaps
        Who may leave: see `may_leave`.
    """
    if _may_be_carried(request):
        unknown = perhaps.filter(nw.col(CHOSEN) == 0).select("person_id")
        carried = _carried(request, marked.join(unknown, on="person_id", how="inner"))
        perhaps = perhaps.join(carried, on="person_id", how="left")
        perhaps = perhaps.filter((nw.col(CHOSEN) == 1) | engine.has_value(nw.col(CARRIED)))
    # Which number a person gets is the engine's business.
    numbered = perhaps.with_row_index(PERSON, order_by="person_id")
    once = [expr for name in _once(request) for expr in _leaves(request, name)]
    return numbered.select("person_id", PERSON, *once)


def _inside(request: Request) -> nw.Expr:
    """Return whether a row is within the window, or in one of its gaps."""
    year, window = nw.col("year"), request.window
    return (year >= window[0]) & (year <= window[-1]) if window else nw.lit(False)


def _may_be_carried(request: Request) -> bool:
    """Return whether an absent row of the window can be eligible where no row of it is."""
    if not (request.residency_known and request.window):
        return False
    return not request.rule.same or request.observed[0] < request.window[0]


def _carrying(request: Request) -> nw.Expr:
    """Return whether a row before the window carries its person into it, unless another follows."""
    return nw.col(AFTER) & _resident(request, request.window[0] // request.per_year)


def _carried(request: Request, rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return who is carried into the window, of the persons whose rows these are, with a mark.

    By the last row before it, or, where an absent row is not as the row before it, perhaps by a row
    of a window with gaps.
    """
    year, window, inside = nw.col("year"), request.window, _inside(request)
    last = nw.when(year < window[0]).then(_carrying(request).cast(nw.Int64)).otherwise(nw.lit(0))
    asked = (year <= window[0]) & (nw.col(CALENDAR) <= window[0] // request.per_year)
    # The largest is that of the last row by then, odd where the first absent row is eligible.
    flags = {CARRIED: (year.cast(nw.Int64) * 2 + last) * (year <= window[0]).cast(nw.Int64)}
    which = nw.col(CARRIED) % 2 == 1
    if not request.rule.same:
        flags["_mih_later"] = (nw.col(AFTER) & inside).cast(nw.Int64)
        flags["_mih_inside"] = inside.cast(nw.Int64)
        which = which | ((nw.col("_mih_later") == 1) & (nw.col("_mih_inside") < len(window)))
        asked = asked | inside
    named = [flag.alias(name) for name, flag in flags.items()]
    found = rows.filter(asked).select("person_id", *named)
    found = engine.grouped(found, "person_id", summed=["_mih_inside"])
    return found.filter(which).select("person_id", CARRIED)


def rows_leaving(
    request: Request, marked: nw.LazyFrame[Any], persons: nw.LazyFrame[Any]
) -> nw.LazyFrame[Any]:
    """Return the plan of the rows of some persons.

    The text that identifies a person leaves once, not with every row; nor does other text where a
    column has few values. Numbers leave without nulls.
    """
    once = _once(request)
    rows = marked.join(persons.select("person_id", PERSON), on="person_id", how="inner")
    columns = [
        nw.col(PERSON).cast(nw.Int32),
        nw.col("year").cast(nw.Int32),
        *map(nw.col, request.rule.names),
        *(expr for name in request.dtypes if name not in once for expr in _leaves(request, name)),
    ]
    return rows.select(columns)


def _resident(request: Request, year: nw.Expr | int) -> nw.Expr:
    """Return whether a person is neither dead nor emigrated in a calendar year, never null."""
    exits = ["death_year"] if request.spells is not None else ["death_year", "emigration_year"]
    left = [(nw.col(name) < year).fill_null(False) for name in exits if name in request.dtypes]
    return ~engine.any_of(left)


def count_persons(request: Request) -> int:
    """Return how many persons would leave the engine."""
    marked = marked_rows(request)
    with engine.kept(may_leave(request, marked), rows=request.persons) as perhaps:
        counted = leaving(request, marked, perhaps).select(nw.len().alias("n"))
        return int(engine.arrays(counted)["n"][0])


def _leaves(request: Request, name: str) -> list[nw.Expr]:
    """Return what leaves of a column: codes, øre, or a number and a flag for null."""
    column, dtype = nw.col(name), request.dtypes[name]
    if dtype == "category":
        known = request.texts.get(name)
        return [column if known is None else engine.code_of(column, known).alias(name)]
    if dtype == "money":
        return [engine.ore(column).alias(name)]
    value = column.cast(nw.Float64).fill_null(0.0)
    return [(~engine.has_value(column)).alias(NULL + name), value.alias(name)]


# --- above the seam -------------------------------------------------------------------------------


def _fixed(request: Request) -> list[str]:
    roles = ("fixed", "exit", "treatment")
    return [name for name in request.dtypes if name in CONTRACT and CONTRACT[name].role in roles]


def _once(request: Request) -> list[str]:
    """Return the fixed columns that leave with the person, not with every row."""
    return _fixed(request) if request.constant else []


def _in_text_order(
    texts: NDArray[Any], number: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the persons in ascending text order, and the place among them of each number."""
    order = np.array(sorted(range(len(texts)), key=texts.__getitem__), dtype=np.int64)
    place = np.empty(len(texts), dtype=np.int64)
    place[np.asarray(number, dtype=np.int64)[order]] = np.arange(len(texts))
    person_id = np.empty(len(texts), dtype=object)
    person_id[:] = [str(texts[i]) for i in order]
    return person_id, place


def _starts(start: NDArray[np.float64] | None, n_persons: int) -> NDArray[np.int64]:
    if start is None:
        return np.full(n_persons, NEVER, dtype=np.int64)
    return np.where(np.isnan(start), NEVER, start).astype(np.int64)
