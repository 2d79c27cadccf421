"""The cube of a panel by month: years since start are twelve months from the month of start.

Money is stored as cumulative sums, so that twelve months anywhere are a difference; other columns
are combined as their units say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.unit import as_unit, zero_is_nothing
from mih_impact.errors import PanelContractError
from mih_impact.panel.cube import BoolArray, Cube, Dead, FloatArray, IntArray
from mih_impact.panel.residency import State

__all__ = ["MonthCube", "accumulate"]


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
        raise PanelContractError(
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
        low = np.where(inside, first, 0)
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
        if name in self.ore:
            total = self.ore[name]
            return self._in_fixed_prices(low, lambda at, n: _between(total, who, at, n) / 100.0)
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

    def _in_fixed_prices(
        self, low: IntArray, months: Callable[[IntArray, IntArray], FloatArray]
    ) -> FloatArray:
        """Return twelve months from each position, split where the calendar year turns."""
        period = low + int(self.periods[0])
        first = 12 - period % 12
        year = period // 12 - int(self.periods[0]) // 12
        factor = self.price_factor
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
