"""Building a cube: select persons and columns in the engine, spread the rows over arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel import ops
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.cube import NEVER, Cube
from mih_impact.panel.month_cube import MonthCube, cumulated_ore
from mih_impact.panel.residency import Spells, State, states

__all__ = ["Request", "build_cube"]

_ELIGIBLE = "_mih_eligible"
_NULL = "_mih_null_"
_CUBES: dict[int, type[Cube]] = {cube.PER_YEAR: cube for cube in (Cube, MonthCube)}


@dataclass(frozen=True, eq=False)
class Request:
    """What to build: the columns by type, who is eligible, and the register's range.

    Attributes
    ----------
    frame
        The panel's lazy frame in the contract's names and types.
    dtypes
        The contract type of every column to fetch, keys apart.
    eligible
        A boolean expression on person-years; None for everybody observed.
    per_year
        1 for a panel by year, 12 by month: periods are years, or 12 * year + month - 1.
    observed
        The periods in which the register has a row for anybody, ascending.
    start_range
        The first and last start year of the register, None when nobody starts.
    """

    frame: nw.LazyFrame[Any]
    dtypes: Mapping[str, Dtype]
    eligible: nw.Expr | None
    per_year: int
    observed: tuple[int, ...]
    start_range: tuple[int, int] | None
    price_factor: NDArray[np.float64]
    price_year: int
    currency: str
    schemes: tuple[str, ...]
    spells: pd.DataFrame | None


def build_cube(request: Request) -> Cube:
    """Return the cube of everybody who starts, or is eligible in a year that can be compared."""
    fetched = ops.arrays(_leaving(request))
    person_id, person = _number_persons(fetched.pop("person_id"))
    first, last = request.observed[0], request.observed[-1]
    periods = np.arange(first, last + 1, dtype=np.int64)
    spread = _Spread(len(person_id), len(periods), person, fetched.pop("year") - first)
    row = spread.flags(np.ones(len(person), dtype=bool))
    observed = np.isin(periods, request.observed)
    varying = [name for name in request.dtypes if not _is_fixed(name)]
    fixed = {
        name: _fixed(name, spread, fetched, request.dtypes[name])
        for name in request.dtypes
        if _is_fixed(name)
    }
    start = fixed.pop("start_year", None)
    state = states(
        row,
        periods // request.per_year,
        observed,
        death_year=fixed.get("death_year"),
        emigration_year=fixed.get("emigration_year"),
        spells=None if request.spells is None else Spells.of(request.spells, person_id),
    )
    coded = {
        name: _categories(fetched[name]) for name in varying if request.dtypes[name] == "category"
    }
    money = [name for name in varying if request.dtypes[name] == "money"]
    ore = {name: spread.whole(fetched[name]) for name in money}
    if request.per_year == MonthCube.PER_YEAR:
        gone = np.isin(state, (State.DEAD, State.EMIGRATED))
        ore = {name: cumulated_ore(values, gone) for name, values in ore.items()}
    return _CUBES[request.per_year](
        person_id=person_id,
        periods=periods,
        observed=observed,
        start=_starts(start, len(person_id)),
        eligible=spread.flags(fetched[_ELIGIBLE]),
        state=state,
        row=row,
        ore=ore,
        null={name: spread.flags(fetched[_NULL + name]) for name in money},
        code={name: spread.codes(codes) for name, (codes, _) in coded.items()},
        categories={name: categories for name, (_, categories) in coded.items()},
        number={
            n: spread.floats(np.where(fetched[_NULL + n], np.nan, fetched[n]))
            for n in varying
            if request.dtypes[n] in ("number", "int", "bool")
        },
        fixed=fixed,
        price_factor=request.price_factor,
        residency_known=request.spells is not None
        or any(name in fixed for name in ("death_year", "emigration_year")),
        price_year=request.price_year,
        currency=request.currency,
        schemes=request.schemes,
    )


# --- in the engine --------------------------------------------------------------------------------


def _leaving(request: Request) -> nw.LazyFrame[Any]:
    """Return the plan of the rows and columns that leave the engine, without nulls in numbers."""
    eligible = nw.lit(True) if request.eligible is None else ops.true_or_false(request.eligible)
    marked = request.frame.with_columns(eligible.alias(_ELIGIBLE))
    if request.per_year == MonthCube.PER_YEAR:
        marked = ops.in_months(marked)
    chosen = nw.col(_ELIGIBLE)
    if request.start_range is not None:
        first, last = (year * request.per_year for year in request.start_range)
        before_the_next = nw.col("year") < last + request.per_year - 1
        chosen = chosen & (nw.col("year") >= first - 1) & before_the_next
        chosen = chosen | ops.is_given(nw.col("start_year"))
    persons = marked.filter(chosen).select("person_id").unique()
    rows = marked.join(persons, on="person_id", how="semi")
    leaving = [nw.col("person_id"), nw.col("year").cast(nw.Int64), nw.col(_ELIGIBLE)]
    for name, dtype in request.dtypes.items():
        column = nw.col(name)
        if dtype == "category":
            leaving.append(column)
            continue
        leaving.append(ops.is_given(column).__invert__().alias(_NULL + name))
        leaving.append(
            ops.ore(column).alias(name)
            if dtype == "money"
            else column.cast(nw.Float64).fill_null(0.0)
        )
    return rows.select(leaving)


# --- above the seam -------------------------------------------------------------------------------


class _Spread:
    """Spreads the values of rows over person x period."""

    def __init__(
        self, n_persons: int, n_periods: int, person: NDArray[np.int64], period: NDArray[np.int64]
    ) -> None:
        self.shape = (n_persons, n_periods)
        self.person = person
        self.cell = person * n_periods + period
        # Rows by person and period: a counting sort, since every cell holds one row at most.
        place = np.full(n_persons * n_periods, -1, dtype=np.int64)
        place[self.cell] = np.arange(len(person))
        self.in_order = place[place >= 0]

    def _over(self, values: NDArray[Any], empty: float, dtype: Any) -> NDArray[Any]:
        cells = np.full(self.shape[0] * self.shape[1], empty, dtype=dtype)
        cells[self.cell] = values
        return cells.reshape(self.shape)

    def flags(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        return self._over(values, False, np.bool_)

    def whole(self, values: NDArray[Any]) -> NDArray[np.int64]:
        return self._over(values, 0, np.int64)

    def codes(self, values: NDArray[Any]) -> NDArray[np.int32]:
        return self._over(values, -1, np.int32)

    def floats(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return self._over(values, np.nan, np.float64)


def _is_fixed(name: str) -> bool:
    return name in CONTRACT and CONTRACT[name].role in ("fixed", "exit", "treatment")


def _number_persons(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the persons in ascending text order and each row's place among them."""
    codes, categories = _categories(values)
    # Texts of their own, so that those of the rows can be freed.
    kept = [text.encode().decode() for text in categories]
    return np.array(kept, dtype=object), codes.astype(np.int64)


def _categories(values: NDArray[Any]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return codes into the sorted distinct values, -1 for null; only the distinct are sorted."""
    codes, distinct = pd.factorize(values)
    order = np.array(sorted(range(len(distinct)), key=distinct.__getitem__), dtype=np.int64)
    place = np.empty(len(distinct) + 1, dtype=np.int32)
    place[order] = np.arange(len(distinct), dtype=np.int32)
    place[-1] = -1  # what factorize calls null
    return place[codes], tuple(str(distinct[i]) for i in order)


def _fixed(
    name: str, spread: _Spread, fetched: Mapping[str, NDArray[Any]], dtype: Dtype
) -> NDArray[Any]:
    """Return a fixed column per person: the value of the last row that has one."""
    if dtype == "category":
        codes, categories = _categories(fetched[name])
        last = _last_given(spread, codes, codes >= 0, missing=-1)
        per_person: NDArray[Any] = np.array([*categories, None], dtype=object)[last]
        return per_person
    return _last_given(spread, fetched[name], ~fetched[_NULL + name], missing=np.nan)


def _last_given(
    spread: _Spread, values: NDArray[Any], given: NDArray[np.bool_], *, missing: float
) -> NDArray[Any]:
    """Return per person the value in the last cell where one is given."""
    result = np.full(spread.shape[0], missing, dtype=values.dtype)
    order = spread.in_order[given[spread.in_order]]
    result[spread.person[order]] = values[order]
    return result


def _starts(start: NDArray[np.float64] | None, n_persons: int) -> NDArray[np.int64]:
    if start is None:
        return np.full(n_persons, NEVER, dtype=np.int64)
    return np.where(np.isnan(start), NEVER, start).astype(np.int64)
