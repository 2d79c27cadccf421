"""The cube: what leaves the engine, dense arrays person x year, and how they are read.

Above this seam everything is NumPy. Money is integer øre in nominal kroner, so the arrays are the
same bits whatever engine made them; prices and divisions come after, here, in a fixed order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.panel.residency import State

__all__ = ["NEVER", "CovariateRead", "Cube", "Dead"]

Dead = Literal["zero", "missing"]

#: The start year of a person who never starts.
NEVER = 0


@dataclass(frozen=True, eq=False)
class CovariateRead:
    """A covariate as of one year.

    Attributes
    ----------
    values
        Shape (n_persons,): float with NaN for missing, or object with None for categories.
    carried
        Shape (n_persons,): True where the value comes from an earlier row.
    """

    values: NDArray[Any]
    carried: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cube:
    """Dense arrays of the persons an analysis is about.

    Persons ascend by identifier as text, years are contiguous from the register's first to its
    last. All arrays are read-only.

    Attributes
    ----------
    person_id
        Shape (n_persons,), object.
    years
        Shape (n_years,), calendar years.
    year_observed
        Shape (n_years,): False for a year in which the register has no row for anybody.
    start_year
        Shape (n_persons,): calendar year, `NEVER` (0) for persons who never start.
    eligible
        Shape (n_persons, n_years); False where there is no row.
    state
        Shape (n_persons, n_years), values of `State`.
    row
        Shape (n_persons, n_years): whether the register has a row, also after death.
    ore, null
        Per money column, shape (n_persons, n_years): nominal øre (0 where none), and whether the
        value is null in a row that exists.
    code, categories
        Per varying category: index into the sorted categories, -1 for missing.
    number
        Per other varying numeric column: float, NaN for missing.
    fixed
        Per fixed column, shape (n_persons,): object for categories, float for years.
    price_factor
        Shape (n_years,): kroner of `price_year` per nominal krone.
    residency_known
        Whether death or emigration years, or spells of residency, were given.
    schemes
        The benefit schemes of the panel, fetched or not.
    """

    person_id: NDArray[Any]
    years: NDArray[np.int64]
    year_observed: NDArray[np.bool_]
    start_year: NDArray[np.int64]
    eligible: NDArray[np.bool_]
    state: NDArray[np.uint8]
    row: NDArray[np.bool_]
    ore: dict[str, NDArray[np.int64]]
    null: dict[str, NDArray[np.bool_]]
    code: dict[str, NDArray[np.int32]]
    categories: dict[str, tuple[str, ...]]
    number: dict[str, NDArray[np.float64]]
    fixed: dict[str, NDArray[Any]]
    price_factor: NDArray[np.float64]
    residency_known: bool
    price_year: int
    currency: str
    schemes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for array in self._all_arrays():
            array.setflags(write=False)

    def __repr__(self) -> str:
        return (
            f"<Cube: {self.n_persons} persons, {self.years[0]}-{self.years[-1]}, "
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
    def first_year(self) -> int:
        """The register's first year."""
        return int(self.years[0])

    def outcome(self, name: str, *, dead: Dead = "zero") -> NDArray[np.float64]:
        """Return an outcome in every year.

        Parameters
        ----------
        name
            A money column, a number column taken as money, or `in_work` or `on_benefit`.
        dead
            What the years after death or emigration count as: "zero" (per starter) or "missing"
            (among survivors).

        Returns
        -------
        ndarray of float, shape (n_persons, n_years)
            Kroner in prices of `price_year`, or a share (0 or 1) for `in_work` and `on_benefit`;
            NaN for missing.
        """
        return self._values(name, slice(None), dead)

    def lag_values(self, name: str, year: int) -> NDArray[np.float64]:
        """Return an outcome in exactly that year, NaN where missing; nothing is carried.

        The dead are missing here: a covariate speaks of the living. A year outside the register
        or in a gap is missing for everybody.

        Returns
        -------
        ndarray of float, shape (n_persons,)
        """
        if not self.first_year <= year <= int(self.years[-1]):
            self._require_outcome(name)
            return np.full(self.n_persons, np.nan)
        position = year - self.first_year
        return self._values(name, slice(position, position + 1), "missing")[:, 0]

    def as_of(self, name: str, year: int) -> CovariateRead:
        """Return a covariate as it was known in a year.

        A varying column is read in the person's last row at or before the year; a fixed column
        and age need no row; money is read in exactly the year.

        Parameters
        ----------
        name
            A category, a number column, a fixed column, `age`, or an outcome.
        year
            Calendar year.
        """
        nothing_carried = np.zeros(self.n_persons, dtype=bool)
        if name in self.fixed:
            return CovariateRead(self.fixed[name], nothing_carried)
        if name == "age" and name not in self.number:
            self._require("birth_year", self.fixed)
            return CovariateRead(year - self.fixed["birth_year"], nothing_carried)
        if name in self.code or name in self.number:
            return self._last_row_value(name, year)
        return CovariateRead(self.lag_values(name, year), nothing_carried)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when any array does; no value can be read back."""
        digest = hashlib.sha256()
        for array in self._all_arrays():
            if array.dtype == object:
                digest.update("\x1f".join(map(str, array)).encode())
            else:
                digest.update(np.ascontiguousarray(array).data)
        digest.update(repr((self.names, self.categories, self.price_year, self.currency)).encode())
        return digest.hexdigest()[:16]

    # --- reading ----------------------------------------------------------------------------------

    def _values(self, name: str, when: slice, dead: Dead) -> NDArray[np.float64]:
        if dead not in ("zero", "missing"):
            raise PanelContractError(
                "dead= has a value it cannot have", found=repr(dead), do='use "zero" or "missing"'
            )
        self._require_outcome(name)
        if name == "in_work":
            values = self._shown(self.ore["wage_income"][:, when] > 0, when)
        elif name == "on_benefit":
            paid = np.zeros_like(self.row[:, when])
            for scheme in self.schemes:
                paid |= self.ore[scheme][:, when] > 0
            values = self._shown(paid, when)
        elif name in self.ore:
            kroner = self.ore[name][:, when] / 100.0 * self.price_factor[when]
            values = self._shown(kroner, when)
        else:
            values = self.number[name][:, when] * self.price_factor[when]
        gone = self._gone[:, when]
        values[gone] = 0.0 if dead == "zero" else np.nan
        values[:, ~self.year_observed[when]] = np.nan
        return values

    def _shown(self, values: NDArray[Any], when: slice) -> NDArray[np.float64]:
        """Return the values with NaN where nothing is known; an absent resident has zero."""
        shown = values.astype(np.float64)
        shown[self.state[:, when] == State.UNKNOWN] = np.nan
        return shown

    @cached_property
    def _gone(self) -> NDArray[np.bool_]:
        return np.isin(self.state, (State.DEAD, State.EMIGRATED))

    @cached_property
    def _last_row(self) -> NDArray[np.int16]:
        """Position of the last row at or before each year, -1 when there is none yet."""
        position = np.arange(len(self.years), dtype=np.int16)
        return np.maximum.accumulate(np.where(self.row, position, np.int16(-1)), axis=1)

    def _last_row_value(self, name: str, year: int) -> CovariateRead:
        position = min(year - self.first_year, len(self.years) - 1)
        if position < 0:
            last = np.full(self.n_persons, -1)
        else:
            last = self._last_row[:, position].astype(np.int64)
        found = last >= 0
        person = np.arange(self.n_persons)
        values: NDArray[Any]
        if name in self.code:
            code = np.where(found, self.code[name][person, last], -1)
            # The extra None at the end is what code -1 picks.
            values = np.array([*self.categories[name], None], dtype=object)[code]
        else:
            values = np.where(found, self.number[name][person, last], np.nan)
        carried = found & (last < year - self.first_year)
        return CovariateRead(values, carried)

    def _require_outcome(self, name: str) -> None:
        if name == "in_work":
            self._require("wage_income", self.ore)
        elif name == "on_benefit":
            if not self.schemes:
                raise PanelContractError(
                    "on_benefit needs a benefit scheme, and the panel has none",
                    do=f"name one with columns={{...}}: {', '.join(BENEFITS)}",
                )
            for scheme in self.schemes:
                self._require(scheme, self.ore)
        elif name not in self.number:
            self._require(name, self.ore)

    def _require(self, name: str, among: dict[str, Any]) -> None:
        if name in among:
            return
        declared = CONTRACT.get(name)
        if name in self.names:
            raise PanelContractError(
                f"{name} is not a number of kroner and cannot be an outcome",
                found=declared.dtype if declared else "a category",
                do=f"choose among {', '.join((*self.ore, *self.number))}",
            )
        raise PanelContractError(
            f"The column {name} is not in the cube",
            found=f"the columns {', '.join(self.names)}",
            do="check the spelling, or fetch it: panel.cube(columns=[...])",
        )

    def _all_arrays(self) -> list[NDArray[Any]]:
        """Return every array in a fixed order."""
        plain = [
            self.person_id, self.years, self.year_observed, self.start_year,
            self.eligible, self.state, self.row, self.price_factor,
        ]  # fmt: skip
        groups: tuple[dict[str, Any], ...] = (
            self.ore,
            self.null,
            self.code,
            self.number,
            self.fixed,
        )
        return plain + [group[name] for group in groups for name in sorted(group)]
