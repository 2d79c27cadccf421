"""The double-entry ledger: every krone of the account, affine in the effects.

A line is *real* (a resource made or used, at one actor's gain or expense) or a *transfer* (from a
payer to a receiver, so that it cannot change the sum over actors). The amount of a line in year t
is `sum over roles r of coefficients[r] * effect[r, t] + constant[t]`, NOK per starter. One ledger
therefore evaluates the point, a matrix of draws and the exact variance alike; and since the rates
in the coefficients may be a stack of n, so may the ledger be: n settings of the assumptions at
once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.roles import ACTORS, GROUPS, PUBLIC
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Timing

__all__ = [
    "MOST_DRAWS",
    "TAX_FINANCING",
    "Accumulated",
    "FloatArray",
    "Ledger",
    "Line",
    "accumulate",
    "break_even_year",
    "break_even_years",
    "discounted",
    "draw_effects",
    "probability_positive",
]

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
        flow = f"The flow {self.component!r}"
        arguments.choice(flow, "receiver", self.receiver, ACTORS)
        arguments.choice(flow, "payer", self.payer, ACTORS, optional=True)

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
        """What each group gets in NOK whatever the effects are, shape (..., G, T)."""
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


#: Draws beyond which a quantile has digits that nobody reads.
MOST_DRAWS = 100_000


@dataclass(frozen=True, eq=False)
class Accumulated:
    """Cumulative present values of every group, as a linear map of the estimated effects.

    Attributes
    ----------
    weights
        Shape (G, T, R, S): what one krone of effect (r, s) adds to the present value accumulated to
        year t.
    constants
        Shape (G, T): the part no effect drives.
    """

    weights: FloatArray
    constants: FloatArray

    def values(self, effects: FloatArray) -> FloatArray:
        """Return cumulative present values, shape (..., G, T), for effects (..., R, S)."""
        driven: FloatArray = np.einsum("gtrs,...rs->...gt", self.weights, effects)
        return driven + self.constants

    def totals(self, effects: FloatArray) -> FloatArray:
        """Return present values to the end, shape (..., G), for effects (..., R, S)."""
        last = self.weights[:, -1].reshape(len(self.weights), -1)
        flat = effects.reshape(*effects.shape[:-2], -1)
        return np.asarray(flat @ last.T + self.constants[:, -1])

    def std_errors(self, covariance: FloatArray) -> FloatArray:
        """Return exact standard errors, shape (G, T): sqrt(c' Sigma c) with the full covariance."""
        groups, years = self.constants.shape
        c = self.weights.reshape(groups * years, -1)
        variance: FloatArray = ((c @ covariance) * c).sum(axis=1)
        return np.sqrt(np.clip(variance, 0.0, None)).reshape(groups, years)


def accumulate(
    ledger: Ledger, factors: Mapping[Timing | None, FloatArray], reaching: FloatArray
) -> Accumulated:
    """Return the map from estimated effects to cumulative present values.

    Parameters
    ----------
    ledger
        The flows.
    factors
        Discount factors by year, shape (T,), for each time of the year at which flows fall.
    reaching
        What one krone of effect estimated in year s is in year t, shape (R, T, S): the identity
        within the estimated years.

    Notes
    -----
    Accumulated to t: sum over s <= t of d_s F_s, and F is affine in the effects.
    """
    years = ledger.n_years
    groups, roles = len(GROUPS), len(ledger.roles)
    weights = np.zeros((groups, years, roles, reaching.shape[-1]))
    constants = np.zeros((groups, years))
    for timing in ledger.timings:
        part = ledger.at(timing)
        counted = np.tril(np.ones((years, years))) * factors[timing]  # (t, u)
        worth = np.einsum("tu,rus->trs", counted, reaching)
        weights += np.einsum("gr,trs->gtrs", part.group_coefficients, worth)
        constants += np.einsum("tu,gu->gt", counted, part.group_constants)
    return Accumulated(weights, constants)


def discounted(
    ledger: Ledger, effects: FloatArray, factors: Mapping[Timing | None, FloatArray]
) -> FloatArray:
    """Return the present value of every group's flow, year by year.

    Parameters
    ----------
    ledger
        The flows, one setting of the assumptions or a stack of them.
    effects
        Effects of all years, shape (..., R, T).
    factors
        Discount factors, shape (..., T), for each time of the year at which flows fall.

    Returns
    -------
    ndarray, shape (..., G, T)
    """
    parts = (
        ledger.at(timing).group_amounts(effects) * factors[timing][..., None, :]
        for timing in ledger.timings
    )
    return sum(parts, np.zeros(()))


def break_even_year(cumulative: FloatArray, *, tolerance: float = 0.0) -> int | None:
    """Return the smallest year from which the cumulative present value stays at or above zero.

    Parameters
    ----------
    cumulative
        Cumulative present value by year since start, shape (T,).
    tolerance
        How far below zero still counts as zero: rounding.

    Returns
    -------
    int or None
        None if it ends below zero: never within the horizon.

    Notes
    -----
    Not the first crossing: a gain that costs later eat up again has not broken even.

    Examples
    --------
    >>> break_even_year(np.array([-10.0, 5.0, -1.0, 2.0])), break_even_year(np.array([1.0, -1.0]))
    (3, None)
    """
    year = int(break_even_years(cumulative, tolerance=tolerance))
    return year if year < cumulative.size else None


def break_even_years(cumulative: FloatArray, *, tolerance: float = 0.0) -> NDArray[np.int64]:
    """Return the break-even year of many paths; the number of years itself means never.

    Parameters
    ----------
    cumulative
        Cumulative present values, shape (..., T).
    tolerance
        As for `break_even_year`.

    Returns
    -------
    ndarray of int, shape (...)

    Examples
    --------
    >>> break_even_years(np.array([[-10.0, 5.0], [1.0, -1.0]])).tolist()
    [1, 2]
    """
    below = cumulative < -tolerance
    years = cumulative.shape[-1]
    last_below = years - 1 - np.argmax(below[..., ::-1], axis=-1)
    return np.where(below.any(axis=-1), last_below + 1, 0).astype(np.int64)


def probability_positive(value: float, std_error: float) -> float:
    """Return the probability of a value above zero under the normal approximation.

    Examples
    --------
    >>> probability_positive(1.0, 0.0), round(probability_positive(1.96, 1.0), 3)
    (1.0, 0.975)
    """
    if std_error == 0:
        return float(value > 0)
    return NormalDist().cdf(value / std_error)


def draw_effects(effects: FloatArray, covariance: FloatArray, n: int, seed: int) -> FloatArray:
    """Draw effects from their normal approximation.

    Parameters
    ----------
    effects
        Estimates, shape (R, T).
    covariance
        Their full covariance, outcome-major, shape (R * T, R * T).
    n, seed
        Number of draws and the seed of their generator.

    Returns
    -------
    ndarray, shape (n, R, T)

    Notes
    -----
    The factor is the symmetric square root of the covariance, which is unique: the draws do not
    depend on the sign or order of eigenvectors that a linear algebra library happens to return.
    """
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    normal = np.random.default_rng(seed).standard_normal((n, effects.size))
    noise: FloatArray = (normal @ root).reshape(n, *effects.shape)
    return effects + noise
