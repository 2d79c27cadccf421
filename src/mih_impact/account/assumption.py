"""One number of an account, with what a reader needs in order to trust it and to vary it.

All are quantiles of the same uniform numbers, so that a change of one assumption's distribution
leaves the draws of every other where they were.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.roles import require_named
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.rows import Status

__all__ = [
    "VACANCY",
    "Assumption",
    "Distribution",
    "Points",
    "bounds_of",
    "in_kroner",
    "linked",
    "quantiles",
    "require_distribution",
    "require_pairs",
]

FloatArray = NDArray[np.float64]

Distribution = Literal["fixed", "triangular", "uniform", "normal", "discrete"]
Points = tuple[tuple[float, float], ...]
"""Values and their probabilities, of a discrete distribution."""

#: A normal distribution has its range as the central 95 per cent.
_Z = 1.959963984540054


def quantiles(
    uniform: FloatArray,
    *,
    distribution: Distribution,
    value: float,
    low: float,
    high: float,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    points: Points = (),
) -> FloatArray:
    """Return the quantiles of a distribution.

    Parameters
    ----------
    uniform
        Probabilities between 0 and 1, shape (n,).
    distribution
        `triangular` with `value` as its mode; `uniform` from `low` to `high`; `normal` with mean
        `value` and `low` to `high` as wide as its central 95 per cent, cut off at `bounds`;
        `discrete` with `points`; `fixed` is `value` always.
    value, low, high
        Base value and range.
    bounds
        What the assumption can be at all.
    points
        Values and probabilities of a discrete distribution.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> u = np.array([0.0, 0.5, 1.0])
    >>> quantiles(u, distribution="uniform", value=2.0, low=1.0, high=5.0).tolist()
    [1.0, 3.0, 5.0]
    >>> quantiles(u, distribution="triangular", value=1.0, low=0.0, high=2.0).tolist()
    [0.0, 1.0, 2.0]
    """
    if distribution == "fixed":
        return np.full(uniform.shape, value)
    if distribution == "uniform":
        return low + (high - low) * uniform
    if distribution == "triangular":
        return _triangular(uniform, value, low, high)
    if distribution == "normal":
        return _normal(uniform, value, (high - low) / (2 * _Z), bounds)
    values, weights = np.array(points, dtype=np.float64).T
    place = np.searchsorted(np.cumsum(weights), uniform, side="right")
    return np.asarray(values[np.minimum(place, len(values) - 1)])


def _triangular(uniform: FloatArray, mode: float, low: float, high: float) -> FloatArray:
    width = high - low
    rising = low + np.sqrt(uniform * width * (mode - low))
    falling = high - np.sqrt((1 - uniform) * width * (high - mode))
    return np.where(uniform <= (mode - low) / width, rising, falling)


def _normal(uniform: FloatArray, mean: float, sd: float, bounds: tuple[float, float]) -> FloatArray:
    from scipy.special import ndtr, ndtri

    below, above = (ndtr((bound - mean) / sd) for bound in bounds)
    inside = np.clip(below + uniform * (above - below), 1e-16, 1 - 1e-16)
    return np.asarray(np.clip(mean + sd * ndtri(inside), *bounds))


def require_distribution(
    name: str,
    distribution: str,
    *,
    value: float,
    low: float | None,
    high: float | None,
    bounds: tuple[float, float],
    points: Points,
) -> None:
    """Raise unless a range and a distribution go together, and with the value."""
    arguments.choice(name, "distribution", distribution, get_args(Distribution))
    for end in (low, high):
        if end is not None and not arguments.is_number(end):
            raise OptionError(
                f"The range of {name} has an end that is no number",
                found=arguments.shown(end),
                do="give low and high as finite numbers, or neither",
            )
    if (low is None) != (high is None):
        raise AssumptionError(
            f"The range of {name} has one end only",
            found=f"low {low}, high {high}",
            do="give both ends, or neither",
        )
    if low is not None and high is not None:
        _require_range(name, value, low, high, bounds)
    elif distribution not in ("fixed", "discrete"):
        raise AssumptionError(
            f"{name} is to vary, and has no range",
            found=f"distribution {distribution!r} without low and high",
            do=f"give low and high, as in assumptions.vary({name!r}, low=..., high=...)",
        )
    _require_points(name, distribution, bounds, points)


def require_pairs(name: str, points: Any) -> Points:
    """Return the points of a discrete distribution as pairs of numbers, or raise."""
    listed = arguments.listed(points)
    pairs = [arguments.listed(pair) or [] for pair in listed or ()]
    if listed is None or not all(
        len(pair) == 2 and all(map(arguments.is_number, pair)) for pair in pairs
    ):
        raise OptionError(
            f"The points of {name} are not pairs of numbers",
            found=arguments.shown(points),
            do="give points=((value, probability), ...), such as ((0, 0.5), (1000, 0.5))",
        )
    return tuple((float(at), float(weight)) for at, weight in pairs)


def _require_range(
    name: str, value: float, low: float, high: float, bounds: tuple[float, float]
) -> None:
    if not low <= value <= high or low == high:
        raise AssumptionError(
            f"The range of {name} does not hold its value",
            found=f"{value:g}, range {low:g} to {high:g}",
            do="give low and high, not the same, with the value between them",
        )
    if not bounds[0] <= low <= high <= bounds[1]:
        raise AssumptionError(
            f"The range of {name} goes beyond what it can be",
            found=f"{low:g} to {high:g}",
            do=f"stay from {bounds[0]:g} to {bounds[1]:g}",
        )


def _require_points(
    name: str, distribution: str, bounds: tuple[float, float], points: Points
) -> None:
    if (distribution == "discrete") != bool(points):
        raise AssumptionError(
            f"Points belong to a discrete distribution, and to no other: {name}",
            found=f"distribution {distribution!r} with {len(points)} points",
            do="give points=((value, probability), ...) with distribution='discrete'",
        )
    weights = [weight for _, weight in points]
    outside = [at for at, _ in points if not bounds[0] <= at <= bounds[1]]
    if points and (abs(sum(weights) - 1) > 1e-9 or min(weights) < 0 or outside):
        raise AssumptionError(
            f"The points of {name} are no distribution",
            found=f"probabilities that sum to {sum(weights):g}"
            + (f"; values outside {bounds[0]:g} to {bounds[1]:g}" if outside else ""),
            do="give probabilities from 0 on that sum to 1, and values the assumption can have",
        )


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
    OptionError
        A name, unit, status, source or distribution that is none, or a value it cannot have.
    AssumptionError
        A range that does not hold the value, or a distribution without what it needs.
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
        arguments.choice(self.name, "unit", self.unit, _BOUNDS)
        arguments.choice(self.name, "status", self.status, get_args(Status))
        for text in (self.source, self.range_source):
            if not isinstance(text, str):
                raise OptionError(
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
        raise OptionError(
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


#: The share of the posts that were otherwise vacant: one number for `wage_bill` and `displacement`,
#: which follow from it where it is given. The base has neither, so this has no value of its own.
VACANCY = Assumption(
    "vacancy", 0.0, "share", "ASSUMED",
    "assumed in mih_impact: no count of vacancies behind the posts was found",
    0.0, 1.0, Label(nb="andel av stillingene som ellers var ledige",
                    en="share of the posts otherwise vacant"),
    range_source="all that it can be",
)  # fmt: skip


def linked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes in which the share of posts otherwise vacant stands for what it decides.

    A post that was otherwise vacant costs the municipality its wage anew (`wage_bill`) and pushes
    nobody out; a post that was otherwise filled costs nothing anew and displaces whoever would have
    filled it (`displacement`).

    Raises
    ------
    OptionError
        `vacancy` beside one of the two that follow from it, or one that is no share.

    Examples
    --------
    >>> linked({"vacancy": 0.25})
    {'wage_bill': 0.25, 'displacement': 0.75}
    """
    if "vacancy" not in changes:
        return dict(changes)
    rest = {name: value for name, value in changes.items() if name != "vacancy"}
    both = [name for name in ("wage_bill", "displacement") if name in rest]
    if both:
        raise OptionError(
            "vacancy decides wage_bill and displacement",
            found=f"vacancy and {' and '.join(both)}",
            do="give vacancy alone, or the other two without it",
        )
    share = changes["vacancy"]
    if np.ndim(share) == 0:
        share = VACANCY.changed(share).value  # raises on what is no share
    return rest | {"wage_bill": share, "displacement": 1 - share}
