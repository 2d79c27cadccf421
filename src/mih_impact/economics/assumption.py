"""One number of an account, with what a reader needs in order to trust it and to vary it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.checks import require_named
from mih_impact.economics.distribution import (
    Distribution,
    Points,
    quantiles,
    require_distribution,
    require_pairs,
)
from mih_impact.errors import AssumptionError
from mih_impact.reference.rows import Status
from mih_impact.storage import saveable

__all__ = ["Assumption", "bounds_of", "in_kroner"]

FloatArray = NDArray[np.float64]

#: Hard bounds by unit; what lies outside is a slip, not an assumption.
_BOUNDS = {
    "share": (0.0, 1.0),
    "NOK per NOK": (0.0, 1.0),
    "NOK per starter": (0.0, math.inf),
    "NOK per participant in the phase": (0.0, math.inf),
    "per year, real": (-1.0, 1.0),
    "years": (0.0, 100.0),
    "months": (0.0, 120.0),
    "NOK per year": (0.0, math.inf),
}

#: The least that a rate and a number of years can be is not itself possible.
_OPEN_BELOW = ("per year, real", "years")

_OWN = "the analyst's own value"


@saveable("Assumption")
@dataclass(frozen=True)
class Assumption:
    """One number of the account.

    Attributes
    ----------
    name
        The name it is changed by.
    value, unit
        The number and what one unit of it is.
    status
        seen, derived, remembered or ASSUMED, as in the reference rows.
    source
        Where the number comes from.
    low, high
        The range to vary it over; None if none is known.
    label
        The displayed name.
    distribution
        What it is drawn from when assumptions vary: `fixed` (a rule or a choice of view: shown in
        sensitivity, never drawn), `triangular`, `uniform`, `normal` or `discrete`.
    points
        Values and probabilities of a discrete distribution.
    range_source
        Where the range comes from.

    Raises
    ------
    AssumptionError
        A value it cannot have, a range that does not hold the value, or a distribution without what
        it needs.
    """

    name: str
    value: float
    unit: str
    status: Status
    source: str
    low: float | None
    high: float | None
    label: Label
    distribution: Distribution = "fixed"
    points: Points = ()
    range_source: str = ""

    def __post_init__(self) -> None:
        require_named("The assumption", self.name, self.label)
        if not arguments.is_one_of(self.unit, _BOUNDS):
            raise AssumptionError(
                f"{self.name} has an unknown unit",
                found=repr(self.unit),
                do=f"use one of {'; '.join(_BOUNDS)}",
            )
        if not arguments.is_one_of(self.status, get_args(Status)):
            raise AssumptionError(
                f"{self.name} has a status that does not exist",
                found=arguments.shown(self.status),
                do=f"say how sure you are with one of {', '.join(get_args(Status))}",
            )
        for text in (self.source, self.range_source):
            if not isinstance(text, str):
                raise AssumptionError(
                    f"{self.name} has a source that is no text",
                    found=arguments.shown(text),
                    do="say in words where the number and its range come from",
                )
        self._require_value(self.value)
        object.__setattr__(self, "points", require_pairs(self.name, self.points))
        require_distribution(
            self.name,
            self.distribution,
            value=self.value,
            low=self.low,
            high=self.high,
            bounds=self.bounds,
            points=self.points,
        )

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the most it can be, whatever its range."""
        return _BOUNDS[self.unit]

    @property
    def is_unsure(self) -> bool:
        """Whether it is remembered or assumed, and must be shown as such."""
        return self.status in ("remembered", "ASSUMED")

    @property
    def is_drawn(self) -> bool:
        """Whether it varies when assumptions are drawn."""
        return self.distribution != "fixed"

    def changed(self, value: float) -> Assumption:
        """Return the assumption with the analyst's own value, marked as hers.

        A range that does not hold the new value is widened to it, and says so.
        """
        self._require_value(value)
        if value == self.value:
            return self
        new = {"value": float(value), "status": "ASSUMED", "source": _OWN}
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            new["low"], new["high"] = min(self.low, float(value)), max(self.high, float(value))
            new["range_source"] = f"{self.range_source}; widened to the analyst's own value"
        return replace(self, **new)  # type: ignore[arg-type]

    def drawn(self, uniform: FloatArray) -> FloatArray:
        """Return the values at probabilities `uniform`, shape (n,)."""
        return quantiles(
            uniform,
            distribution=self.distribution,
            value=self.value,
            low=self.value if self.low is None else self.low,
            high=self.value if self.high is None else self.high,
            bounds=self.bounds,
            points=self.points,
        )

    def _require_value(self, value: object) -> None:
        """Raise unless the value can be meant."""
        low, high = self.bounds
        number = float(value) if arguments.is_number(value) else math.nan  # type: ignore[arg-type]
        above = low < number if self.unit in _OPEN_BELOW else low <= number
        if above and number <= high and math.isfinite(number):
            return
        percent = high == 1.0 and 1.0 < number <= 100.0
        hint = f"; {number:g} per cent is {number / 100:g}" if percent else ""
        lower = f"above {low:g}" if self.unit in _OPEN_BELOW else f"from {low:g}"
        upper = "" if math.isinf(high) else f" to {high:g}"
        raise AssumptionError(
            f"{self.name} has a value it cannot have",
            found=arguments.shown(value),
            do=f"give {self.unit}, {lower}{upper}{hint}",
        )


def bounds_of(unit: str) -> tuple[float, float]:
    """Return the least and the most that an assumption in a unit can be."""
    return _BOUNDS[unit]


def in_kroner(item: Assumption, factor: float) -> Assumption:
    """Return an assumption with kroner multiplied by `factor`; one in another unit as it is."""
    if not item.unit.startswith("NOK per ") or item.unit == "NOK per NOK":
        return item
    return replace(
        item,
        value=factor * item.value,
        low=None if item.low is None else factor * item.low,
        high=None if item.high is None else factor * item.high,
        points=tuple((factor * at, weight) for at, weight in item.points),
    )
