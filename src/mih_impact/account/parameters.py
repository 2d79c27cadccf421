"""Assumptions by name, settings of them, and what becomes of effects after the last year.

The rates of the rules, the sum and the reach of each cost, the age at start: a sensitivity
analysis, a draw, a scenario and an assumptions sheet all speak of them by the names given here.

The account is cut at its horizon. A longer one needs a word on what happens then: the effects of
the last estimated year go on, go down by a half-life, or go down in a straight line to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.account.assumption import VACANCY, Assumption, linked
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.programme import Programme
from mih_impact.arguments import nearest
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError, OptionError

__all__ = [
    "Persistence",
    "Setting",
    "all_assumptions",
    "estimated_years",
    "extend",
    "find_assumption",
    "shares_kept",
    "with_all",
    "with_values",
]

FloatArray = NDArray[np.float64]


def all_assumptions(assumptions: Assumptions, programme: Programme) -> tuple[Assumption, ...]:
    """Return every assumption of an account: the rates, then what the programme assumes."""
    return (*assumptions.items, *programme.assumptions)


def find_assumption(items: tuple[Assumption, ...], name: str) -> Assumption:
    """Return the assumption of a name, or suggest the nearest one."""
    for item in (*items, VACANCY):
        if item.name == name:
            return item
    known = [item.name for item in items]
    raise OptionError(
        f"The account has no assumption {name!r}",
        found=", ".join(known),
        do=f"use one of these names{nearest(name, known)}",
    )


def with_values(
    assumptions: Assumptions, programme: Programme, values: Mapping[str, float]
) -> tuple[Assumptions, Programme]:
    """Return assumptions and programme with some values changed, marked as the analyst's own."""
    known, values = all_assumptions(assumptions, programme), linked(values)
    changed = {name: find_assumption(known, name).changed(value) for name, value in values.items()}
    return with_all(assumptions, programme, tuple(changed.get(item.name, item) for item in known))


def with_all(
    assumptions: Assumptions, programme: Programme, items: tuple[Assumption, ...]
) -> tuple[Assumptions, Programme]:
    """Return assumptions and programme with every assumption put in place of the old one."""
    given = {item.name: item for item in items}
    rates = tuple(given[item.name] for item in assumptions.items)
    discount = assumptions.discount.with_first_rate(given["discount_rate"].value)
    new = replace(assumptions, items=rates, discount=discount)
    return new, programme.with_assumptions(items)


@dataclass(frozen=True, eq=False)
class Setting:
    """The values the rules are written with: one of each assumption, or n of them.

    Attributes
    ----------
    assumptions, programme
        What gives the base values, and the sources.
    changes
        Values in place of the base ones: a number, or an array of shape (n,).
    """

    assumptions: Assumptions
    programme: Programme
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", linked(self.changes))

    @cached_property
    def _items(self) -> dict[str, Assumption]:
        every = all_assumptions(self.assumptions, self.programme)
        return {item.name: item for item in every}

    def __getitem__(self, name: str) -> Any:
        """Return the value of an assumption: a number, or an array of shape (n,)."""
        return self.changes[name] if name in self.changes else self._items[name].value

    def source(self, name: str) -> str:
        """Return where the base value comes from."""
        return self._items[name].source

    def reach(self, item: str, phase: str) -> Any:
        """Return the share of starters who cost an item."""
        name = f"reach:{phase or item}"
        return self[name] if name in self._items else 1.0

    @property
    def first_rate(self) -> Any:
        """The discount rate of the first step where it is changed, else None."""
        return self.changes.get("discount_rate")


Persistence = Literal["none", "constant", "half_life", "linear"]


def estimated_years(effects: EffectSeries, horizon: int, persistence: Persistence) -> int:
    """Return how many years of the horizon are estimated; raise where the rest is not known."""
    absent = [year for year in range(horizon) if year not in effects.event_years]
    if not absent:
        return horizon
    last = max((year for year in effects.event_years if year >= 0), default=None)
    if persistence != "none" and last is not None and min(absent) > last:
        return last + 1
    if last is None:
        advice = "estimate years from 0 on"
    elif min(absent) < last:
        advice = "estimate every year from 0 on; only years after the last one can be extended"
    else:
        one_period = effects.provenance.options.get("cross_section", False)
        longer = "" if one_period else "estimate a longer window, "
        advice = (
            f"use horizon={last + 1} or less, {longer}or say what becomes of the"
            " effects: persistence='constant', 'half_life' or 'linear'"
        )
    raise EffectsError(
        "The horizon is longer than the effects reach",
        found=f"horizon {horizon} (years 0 to {horizon - 1}); no effects in"
        f" {', '.join(map(str, absent))}",
        do=advice,
    )


def shares_kept(persistence: Persistence, n_more: int, *, half_life: Any = 5.0) -> FloatArray:
    """Return the share of the last effect that is left 1, 2, ... years later.

    Parameters
    ----------
    persistence
        `constant`: all of it; `half_life`: half of it each `half_life` years; `linear`: in a
        straight line to nothing in the first year after them; `none`: nothing.
    n_more
        Years after the last estimated one.
    half_life
        Years, a number or an array of shape (n,).

    Returns
    -------
    ndarray, shape (..., n_more)

    Examples
    --------
    >>> shares_kept("half_life", 2, half_life=1.0).tolist()
    [0.5, 0.25]
    >>> shares_kept("linear", 3).tolist()
    [0.75, 0.5, 0.25]
    """
    later = np.arange(1, n_more + 1)
    if persistence == "constant":
        return np.ones(n_more)
    if persistence == "half_life":
        return np.asarray(0.5 ** (later / np.asarray(half_life, dtype=np.float64)[..., None]))
    return 1 - later / (n_more + 1) if persistence == "linear" else np.zeros(n_more)


def extend(
    effects: FloatArray, kept: FloatArray, grows: NDArray[np.bool_], growth: Any = 0.0
) -> FloatArray:
    """Return effects with the years after the last one.

    Parameters
    ----------
    effects
        Estimated effects, shape (..., R, T).
    kept
        Share of the last effect left in each later year, shape (..., M).
    grows
        Which of the R are time values, that grow in real terms, shape (R,).
    growth
        Real growth a year, a number or an array of shape (n,).

    Returns
    -------
    ndarray, shape (..., R, T + M)

    Examples
    --------
    >>> wage = np.array([[100.0]])
    >>> extend(wage, np.array([0.5, 0.25]), np.array([True]), 0.1).round(2).tolist()
    [[100.0, 55.0, 30.25]]
    """
    if kept.shape[-1] == 0:
        return effects
    later = np.arange(1, kept.shape[-1] + 1)
    grown = (1 + np.asarray(growth, dtype=np.float64)[..., None]) ** later  # (..., M)
    factor = np.where(grows[:, None], (kept * grown)[..., None, :], kept[..., None, :])
    after = effects[..., -1:] * factor
    before = np.broadcast_to(effects, (*after.shape[:-1], effects.shape[-1]))
    return np.concatenate([before, after], axis=-1)
