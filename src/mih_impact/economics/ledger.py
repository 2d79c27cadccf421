"""The double-entry ledger: every krone of the account, affine in the effects.

A line is *real* (a resource made or used, at one actor's gain or expense) or a *transfer* (from a
payer to a receiver, so that it cannot change the sum over actors). The amount of a line in year t
is `sum over roles r of coefficients[r, t] * effect[r, t] + constant[t]`, NOK per starter. One
ledger therefore evaluates the point, a matrix of draws and the exact variance alike.
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

__all__ = ["TAX_FINANCING", "Ledger", "Line"]

FloatArray = NDArray[np.float64]

#: The component that prices the financing of public budgets; a row of its own.
TAX_FINANCING = "tax_financing"


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
        NOK per NOK of effect, shape (n_roles, n_years).
    constant
        NOK per starter whatever the effect, shape (n_years,).
    label
        The displayed name of the component.
    cash
        Whether money changes hands in the year.
    budget_line
        The budget line it is charged to; empty if none.
    source
        Where its rate or amount comes from.
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
    since start. Effects have shape (..., R, T): one path, or a stack of draws.
    """

    lines: tuple[Line, ...]
    roles: tuple[str, ...]

    @cached_property
    def coefficients(self) -> FloatArray:
        """NOK per NOK of effect, shape (L, R, T)."""
        return np.stack([line.coefficients for line in self.lines])

    @cached_property
    def constants(self) -> FloatArray:
        """NOK whatever the effect, shape (L, T)."""
        return np.stack([line.constant for line in self.lines])

    @cached_property
    def signs(self) -> FloatArray:
        """What one krone of each line does to each actor, shape (L, A)."""
        return np.stack([line.signs for line in self.lines])

    @property
    def n_years(self) -> int:
        """Years of the account, from year 0."""
        return int(self.constants.shape[1])

    def amounts(self, effects: FloatArray) -> FloatArray:
        """Return the amount of every line, shape (..., L, T), NOK per starter and year."""
        driven: FloatArray = np.einsum("lrt,...rt->...lt", self.coefficients, effects)
        return driven + self.constants

    @cached_property
    def group_signs(self) -> FloatArray:
        """What one krone of each line does to each group, shape (L, G)."""
        public = np.isin(ACTORS, PUBLIC).astype(np.float64)
        sums = np.column_stack([np.eye(len(ACTORS)), public, np.ones(len(ACTORS))])
        assert sums.shape == (len(ACTORS), len(GROUPS))
        return self.signs @ sums

    @cached_property
    def group_coefficients(self) -> FloatArray:
        """NOK per NOK of effect for each group, shape (G, R, T)."""
        return _net(self.group_signs, self.coefficients)

    @cached_property
    def group_constants(self) -> FloatArray:
        """NOK whatever the effect for each group, shape (G, T)."""
        return _net(self.group_signs, self.constants)

    def group_amounts(self, effects: FloatArray) -> FloatArray:
        """Return the flow of every group, shape (..., G, T), NOK per starter and year."""
        driven: FloatArray = np.einsum("grt,...rt->...gt", self.group_coefficients, effects)
        return driven + self.group_constants


def _net(signs: FloatArray, amounts: FloatArray) -> FloatArray:
    """Sum lines (L, ...) to groups (G, ...), with sums that cancel to rounding set to zero.

    An employer who pays out all he produces nets to 0, not to 1e-16 of a krone with a sign.
    """
    net: FloatArray = np.einsum("lg,l...->g...", signs, amounts)
    gross = np.einsum("lg,l...->g...", np.abs(signs), np.abs(amounts))
    return np.where(np.abs(net) <= 1e-14 * gross, 0.0, net)
