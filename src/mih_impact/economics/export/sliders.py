"""What a reader may move: each with its value in the account, range, status and source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mih_impact.display.labels import Label
from mih_impact.economics.persistence import Persistence
from mih_impact.economics.residual import years_left

if TYPE_CHECKING:
    from mih_impact.economics.assumption import Assumption
    from mih_impact.economics.values import AccountValues

__all__ = ["RATES", "VIEWS", "Slider", "base_persistence", "longest_horizon", "sliders_of"]

#: Assumptions that the flows are affine in, each alone: those whose corners are exported.
VIEWS = ("wage_bill", "leisure", "displacement", "selection", "tax_financing_cost")

#: Assumptions that are moved under their own name.
RATES = (*VIEWS, "discount_rate", "half_life")

#: Years after the estimated ones that a persistence starts with, where the account has none.
_YEARS_MORE = 10

#: The longest account where the age at start is not known: the first step of the discount ladder.
_LONGEST = 40

_STEPS = {"share": 0.01, "NOK per NOK": 0.01, "per year, real": 0.005, "years": 0.5}

_STARTERS = Label(nb="deltakere som starter, ett kull", en="participants who start, one cohort")
_COST = Label(
    nb="tiltakskostnad per deltaker som starter", en="programme cost per participant who starts"
)
_MORE = Label(nb="år til etter de anslåtte", en="years more after the estimated ones")
_OURS = "ours, without a source"


@dataclass(frozen=True)
class Slider:
    """One thing a reader may move.

    Attributes
    ----------
    name
        The name it is set by.
    label
        The displayed name.
    value, unit
        Its value in the account, and what one unit of it is.
    low, high
        Its range.
    positions
        The values it can be put at, ascending; the account's own is among them.
    status, source, range_source
        How sure the value is, where it comes from, and where the range does.
    """

    name: str
    label: Label
    value: float
    unit: str
    low: float
    high: float
    positions: tuple[float, ...]
    status: str
    source: str
    range_source: str

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        label = {"nb": self.label.nb, "en": self.label.en}
        return told | {"label": label, "positions": list(self.positions)}


def sliders_of(case: AccountValues, starters: float) -> tuple[Slider, ...]:
    """Return what a reader may move in an account, in the order it is shown.

    Parameters
    ----------
    case
        The account.
    starters
        The cohort a reader sees first, persons.
    """
    own = {item.name: _assumption(item) for item in case.assumptions.items if item.name in RATES}
    more = longest_horizon(case) - case.effects.shape[1]
    after = (_years_more(case, more), own["half_life"]) if more else ()
    order = ("tax_financing_cost", "discount_rate", *VIEWS[:-1])
    return (_starters(starters), *_cost(case), *(own[name] for name in order), *after)


def base_persistence(case: AccountValues) -> Persistence:
    """Return what the account itself says of the years after the estimated ones."""
    return case.persistence if case.horizon > case.effects.shape[1] else "none"


def longest_horizon(case: AccountValues) -> int:
    """Return the longest account that a reader may ask for: until the mean starter is 67."""
    estimated = case.effects.shape[1]
    if case.programme.age_at_start is None:
        return max(case.horizon, _LONGEST)
    return int(max(estimated, case.horizon + years_left(case)))


def _assumption(item: Assumption) -> Slider:
    """Return an assumption over its own range; one without a range over all that it can be."""
    low = item.bounds[0] if item.low is None else item.low
    high = item.bounds[1] if item.high is None else item.high
    whence = item.range_source if item.low is not None else "all that it can be"
    return Slider(
        item.name, item.label, item.value, item.unit, low, high,
        _positions(low, high, item.value, _STEPS[item.unit]), item.status, item.source, whence,
    )  # fmt: skip


def _starters(starters: float) -> Slider:
    high = 2.0 * starters
    places = _positions(0.0, high, starters, _nice(high / 100))
    return Slider(
        "starters", _STARTERS, float(starters), "persons", 0.0, high, places, "choice",
        "the reader's own choice", "from nobody to the double",
    )  # fmt: skip


def _cost(case: AccountValues) -> tuple[Slider, ...]:
    """Return the real costs of a starter as one sum; moving it scales every item alike."""
    items = case._books.programme.items
    real = [item for item in items if item.kind == "real"]
    value = sum(item.reach * item.total for item in real)
    if value == 0:
        return ()
    low = sum(item.reach * (item.total if item.low is None else item.low) for item in real)
    high = sum(item.reach * (item.total if item.high is None else item.high) for item in real)
    weak = [item for item in real if item.status in ("ASSUMED", "remembered", "not found")]
    return (
        Slider(
            "programme_cost", _COST, value, "NOK per starter", low, high,
            _positions(low, high, value, _nice((high - low) / 100)),
            "ASSUMED" if weak else "derived",
            "the sum of the programme's cost items", "the sum of the items' own ranges",
        ),
    )  # fmt: skip


def _years_more(case: AccountValues, more: int) -> Slider:
    own = case.horizon - case.effects.shape[1]
    value = float(own or min(_YEARS_MORE, more))
    until = "until the mean starter is 67" if case.programme.age_at_start else "ours: 40 years"
    return Slider(
        "years_more", _MORE, value, "years", 1.0, float(more),
        _positions(1.0, float(more), value, 1.0), "ASSUMED", _OURS, until,
    )  # fmt: skip


def _positions(low: float, high: float, value: float, step: float) -> tuple[float, ...]:
    """Return the multiples of a step within a range, its ends, and the value itself."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    grid = (round(step * k, 10) for k in range(first, last + 1))
    apart = [at for at in grid if all(abs(at - own) > step / 4 for own in (low, high, value))]
    return tuple(sorted({*apart, float(low), float(high), float(value)}))


def _nice(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the nearest not below a step.

    Examples
    --------
    >>> _nice(1_400.0), _nice(0.3)
    (2000.0, 0.5)
    """
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return next(power * k for k in (1, 2, 5, 10) if power * k >= step * (1 - 1e-9))
