"""Every assumption of an account under one name, and settings of them: one, or a stack.

The rates of the rules, the sum and the reach of each cost, the age at start: a sensitivity
analysis, a draw, a scenario and an assumptions sheet all speak of them by the names given here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.economics.assumption import Assumption
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.checks import nearest
from mih_impact.economics.programme import Programme
from mih_impact.errors import AssumptionError

__all__ = ["Setting", "all_assumptions", "find_assumption", "with_all", "with_values"]

FloatArray = NDArray[np.float64]


def all_assumptions(assumptions: Assumptions, programme: Programme) -> tuple[Assumption, ...]:
    """Return every assumption of an account: the rates, then what the programme assumes."""
    return (*assumptions.items, *programme.assumptions)


def find_assumption(items: tuple[Assumption, ...], name: str) -> Assumption:
    """Return the assumption of a name, or suggest the nearest one."""
    for item in items:
        if item.name == name:
            return item
    known = [item.name for item in items]
    raise AssumptionError(
        f"The account has no assumption {name!r}",
        found=", ".join(known),
        do=f"use one of these names{nearest(name, known)}",
    )


def with_values(
    assumptions: Assumptions, programme: Programme, values: Mapping[str, float]
) -> tuple[Assumptions, Programme]:
    """Return assumptions and programme with some values changed, marked as the analyst's own."""
    known = all_assumptions(assumptions, programme)
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
    """The values the rules are written with: of each assumption one, or a stack of n.

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
