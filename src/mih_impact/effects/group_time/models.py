"""The models behind covariates: design, propensity, and what makes them impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from mih_impact.controls.logit import SEPARATED, fit_logit, require_rank
from mih_impact.effects.group_time.sample import StartGroup
from mih_impact.errors import SupportError

__all__ = ["TRIM", "Gram", "full_design", "probability", "propensity"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: A control with this propensity or more weighs nothing, as in R's DRDID.
TRIM = 0.995
#: Newton's steps, and the last one that matters: the error after it is about its square.
STEPS = 20
SMALL = 1e-8
#: A covariate that the others explain to this share of its variance adds nothing.
REDUNDANT = 1e-10


def full_design(group: StartGroup) -> tuple[FloatArray, tuple[str, ...]]:
    """Return indicators of the cells, then the covariates in standard units, and their names.

    The names are for messages.

    The rows are the starters, then the controls. Without exact cells there is one: the constant.
    """
    raw, cells = group.design.X, group.n_cells
    n = len(raw)
    X = np.empty((n, cells + raw.shape[1]), order="F")  # a covariate at a time, in one stretch
    cell = np.concatenate([group.treated_cell, group.control_cell]) if cells > 1 else np.zeros(1)
    for c in range(cells):
        X[:, c] = cell == c
    for k, column in enumerate(raw.T):
        out = X[:, cells + k]
        np.subtract(column, column.mean(), out=out)
        spread = np.sqrt(out @ out / n)
        varies = spread > 1e-12 * max(-float(column.min()), float(column.max()))
        out /= spread if varies else np.inf
    cell_names = [f"cell {c + 1}" for c in range(cells)] if cells > 1 else ["constant"]
    return X, (*cell_names, *group.design.names)


def probability(index: FloatArray) -> FloatArray:
    """Return the logistic function, at most 1 - 1e-6 as in R's DRDID."""
    np.negative(index, out=index)
    with np.errstate(over="ignore"):
        np.exp(index, out=index)
    index += 1.0
    np.reciprocal(index, out=index)
    return np.minimum(index, 1.0 - 1e-6, out=index)


@dataclass(frozen=True, eq=False)
class Gram:
    """A cross-product that can be solved with."""

    factor: tuple[FloatArray, bool]

    @classmethod
    def of(cls, product: FloatArray, names: Sequence[str], cells: int) -> Gram:
        """Factor X'X, or raise naming the covariates that follow from the others or the cells."""
        size = np.sqrt(np.diag(product))
        scaled = product / np.outer(*[np.where(size > 0, size, 1.0)] * 2)
        require_rank(scaled, size, names, own=cells, argument="covariates", least=REDUNDANT)
        return cls(cho_factor(product))

    def solve(self, right: FloatArray) -> FloatArray:
        """Return (X'X)^-1 right."""
        return np.asarray(cho_solve(self.factor, right))


def propensity(
    treated: FloatArray, control: FloatArray, names: Sequence[str], cells: int
) -> FloatArray:
    """Fit a logit of starting, cell indicators first among the columns.

    Raises
    ------
    SupportError
        More covariates than starters, or covariates that tell starters from controls.

    Notes
    -----
    Plain Newton on columns in standard units. Where it does not settle at once the careful
    `fit_logit` decides, and says what is wrong.
    """
    if len(treated) < treated.shape[1]:
        raise SupportError(
            "There are more covariates than starters to fit the propensity to",
            found=f"{treated.shape[1]} with the constant or cells, {len(treated)} starters",
            do="use fewer covariates or exact columns, or estimator='reg'",
        )
    coef = np.zeros(treated.shape[1])
    coef[:cells] = np.log(treated[:, :cells].sum(axis=0) / control[:, :cells].sum(axis=0))
    for _ in range(STEPS):
        p, q = probability(control @ coef), probability(treated @ coef)
        slope = treated.T @ (1.0 - q) - control.T @ p
        p *= 1.0 - p
        information = (control * p[:, None]).T @ control
        information += (treated * (q * (1.0 - q))[:, None]).T @ treated
        try:
            step = np.linalg.solve(information, slope)
        except np.linalg.LinAlgError:
            break
        coef = coef + step
        length = float(np.abs(step).max())
        if not length < SEPARATED or np.abs(coef[cells:]).max(initial=0.0) > SEPARATED:
            break
        if length < SMALL:
            return coef
    return _careful(treated, control, names, cells)


def _careful(
    treated: FloatArray, control: FloatArray, names: Sequence[str], cells: int
) -> FloatArray:
    X = np.concatenate([treated, control])
    starts = np.arange(len(X)) < len(treated)
    spoken = [name.split("=")[0] for name in names]  # no value: it may be of few persons
    return fit_logit(X, starts, names=names, spoken=spoken, own=cells, argument="covariates").coef
