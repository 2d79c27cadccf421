"""The double-entry ledger: every krone of the account, affine in the effects.

A line is *real* (a resource made or used, at one actor's gain or expense) or a *transfer* (from a
payer to a receiver, so that it cannot change the sum over actors). The amount of a line in year t
is `sum over roles r of coefficients[r] * effect[r, t] + constant[t]`, NOK per starter. One ledger
therefore evaluates the point, a matrix of draws and the exact variance alike; and since the rates
in the coefficients may be a stack of n, so may the ledger be: n settings of the assumptions at
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.economics.actors import ACTORS, GROUPS, PUBLIC
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Timing

__all__ = ["TAX_FINANCING", "Ledger", "Line"]

FloatArray = NDArray[np.float64]

#: The component that prices the financing of public budgets; a row of its own.
TAX_FINANCING = "tax_financing"

#: Whether an actor belongs to a group, shape (n_actors, n_groups).
_MEMBERS: FloatArray = np.array(
    [
        [group in (actor, "society") or (group == "public" and actor in PUBLIC) for group in GROUPS]
        for actor in ACTORS
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Line:
    """One flow of the account.

    Attributes
    ----------
    component
        What the flow is; several lines may make up one component.
    kind
        `real` or `transfer`.
    receiver
        The actor who gains where the amount is positive.
    payer
        The actor who loses the same amount; of a transfer, and only of a transfer.
    coefficients
        NOK per NOK of effect, the same every year, shape (..., n_roles).
    constant
        NOK per starter whatever the effect, shape (..., n_years).
    label
        The displayed name of the component.
    cash
        Whether money changes hands in the year.
    budget_line
        The budget line it is charged to; empty if none.
    source
        Where its rate or amount comes from.
    timing
        When in the year it falls, if not when the account's other flows do.
    """

    component: str
    kind: Literal["real", "transfer"]
    receiver: str
    payer: str | None = None
    coefficients: FloatArray
    constant: FloatArray
    label: Label
    cash: bool
    budget_line: str = ""
    source: str = ""
    timing: Timing | None = None

    def __post_init__(self) -> None:
        if (self.kind == "transfer") != (self.payer is not None):
            raise AssumptionError(
                f"The flow {self.component!r} is not double-entry",
                found=f"a {self.kind} flow with payer {self.payer!r}",
                do="give a transfer both payer and receiver, and a real flow one actor only",
            )
        for actor in (self.receiver, self.payer):
            if actor is not None and actor not in ACTORS:
                raise AssumptionError(
                    f"The flow {self.component!r} names an unknown actor",
                    found=repr(actor),
                    do=f"use one of {', '.join(ACTORS)}{nearest(actor, ACTORS)}",
                )

    @property
    def signs(self) -> FloatArray:
        """What one krone of the line does to each actor, shape (n_actors,)."""
        signs = np.zeros(len(ACTORS))
        signs[ACTORS.index(self.receiver)] += 1.0
        if self.payer is not None:
            signs[ACTORS.index(self.payer)] -= 1.0
        return signs

    @property
    def is_empty(self) -> bool:
        """Whether the line is zero whatever the effects are."""
        return not (self.coefficients.any() or self.constant.any())


@dataclass(frozen=True, eq=False)
class Ledger:
    """All lines of an account, as arrays.

    Parameters
    ----------
    lines
        The L lines.
    roles
        The R roles of the effects, in the order of the coefficients.

    Notes
    -----
    Axes: `l` line, `a` actor, `g` group (`GROUPS`: the actors, public, society), `r` role, `t` year
    since start; `...` settings of the assumptions, one or a stack. Effects have shape (..., R, T):
    one path, or a stack of draws.
    """

    lines: tuple[Line, ...]
    roles: tuple[str, ...]

    @cached_property
    def coefficients(self) -> FloatArray:
        """NOK per NOK of effect, shape (..., L, R)."""
        return _stack([line.coefficients for line in self.lines])

    @cached_property
    def constants(self) -> FloatArray:
        """NOK whatever the effect, shape (..., L, T)."""
        return _stack([line.constant for line in self.lines])

    @cached_property
    def signs(self) -> FloatArray:
        """What one krone of each line does to each actor, shape (L, A)."""
        return np.stack([line.signs for line in self.lines])

    @property
    def n_years(self) -> int:
        """Years of the account, from year 0."""
        return int(self.lines[0].constant.shape[-1])

    @property
    def timings(self) -> tuple[Timing | None, ...]:
        """The times of the year at which lines fall, None for that of the account."""
        return tuple(dict.fromkeys(line.timing for line in self.lines))

    def at(self, timing: Timing | None) -> Ledger:
        """Return the lines that fall at one time of the year."""
        if self.timings == (timing,):
            return self
        return Ledger(tuple(line for line in self.lines if line.timing == timing), self.roles)

    def amounts(self, effects: FloatArray) -> FloatArray:
        """Return the amount of every line, shape (..., L, T), NOK per starter and year."""
        return self.coefficients @ effects + self.constants

    @cached_property
    def group_signs(self) -> FloatArray:
        """What one krone of each line does to each group, shape (L, G)."""
        return self.signs @ _MEMBERS

    @cached_property
    def group_coefficients(self) -> FloatArray:
        """NOK per NOK of effect for each group, shape (..., G, R)."""
        driven = [k for k, line in enumerate(self.lines) if line.coefficients.any()] or [0]
        return _net(self.group_signs[driven], [self.lines[k].coefficients for k in driven])

    @cached_property
    def group_constants(self) -> FloatArray:
        """NOK whatever the effect for each group, shape (..., G, T)."""
        fixed = [k for k, line in enumerate(self.lines) if line.constant.any()] or [0]
        return _net(self.group_signs[fixed], [self.lines[k].constant for k in fixed])

    def driven_and_fixed(self, group: int) -> tuple[FloatArray, FloatArray]:
        """Return coefficients (..., R) and constants (..., T) of one group alone."""
        signs = self.group_signs[:, [group]]
        coefficients = _net(signs, [line.coefficients for line in self.lines])
        constants = _net(signs, [line.constant for line in self.lines])
        return coefficients[..., 0, :], constants[..., 0, :]

    def group_amounts(self, effects: FloatArray) -> FloatArray:
        """Return the flow of every group, shape (..., G, T), NOK per starter and year."""
        return self.group_coefficients @ effects + self.group_constants


def _stack(arrays: list[FloatArray]) -> FloatArray:
    """Stack (..., X) to (..., L, X), a line with one setting beside lines with n."""
    return np.stack(np.broadcast_arrays(*arrays), axis=-2)


def _net(signs: FloatArray, arrays: list[FloatArray]) -> FloatArray:
    """Sum L lines of (..., X) to groups (..., G, X), sums that cancel to rounding set to zero.

    An employer who pays out all he produces nets to 0, not to 1e-16 of a krone with a sign.
    """
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    net, gross = np.zeros((2, signs.shape[1], *shape))
    for line, group in zip(*np.nonzero(signs), strict=True):  # few: a line reaches two actors
        net[group] += signs[line, group] * arrays[line]
        gross[group] += np.abs(arrays[line])
    net[np.abs(net) <= 1e-14 * gross] = 0.0
    return np.moveaxis(net, 0, -2)
