"""A logit or probit by Newton's method, a block of rows at a time: no copy of the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, qr

from mih_impact.controls.design import Design, one_thread
from mih_impact.errors import SupportError

__all__ = [
    "DEPENDENT",
    "SEPARATED",
    "Link",
    "LogitFit",
    "fit_logit",
    "independent_columns",
    "linear_index",
    "log_odds",
    "require_full_rank",
    "require_rank",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: The chance of starting is this of the linear index: the logistic, or the normal, function.
Link = Literal["logit", "probit"]

#: Newton has converged when no coefficient, in standard deviations of its covariate, moves more.
TOLERANCE = 1e-10
MAX_ITERATIONS = 60
#: A column of which the others leave less than this share has no information of its own.
DEPENDENT = 1e-7
#: No coefficient moves further in one step.
LONGEST = 5.0
#: A column is part of what another one follows from if its share, both scaled, is more than this.
MADE_OF = 1e-6
#: How much the log likelihood may seem to fall by rounding alone, relative to its size.
ROUNDING = 1e-12
#: A standardised coefficient beyond this is a separated sample, not a preference.
SEPARATED = 30.0


@dataclass(frozen=True, eq=False)
class LogitFit:
    """A fitted logit or probit.

    Attributes
    ----------
    coef
        Coefficients on the scale of X, shape (k,).
    cov
        Inverse of the observed information, shape (k, k).
    names
        The k names.
    loglik
        Log likelihood at `coef`.
    iterations
        Newton steps taken.
    """

    coef: FloatArray
    cov: FloatArray
    names: tuple[str, ...]
    loglik: float
    iterations: int

    def to_frame(self) -> pd.DataFrame:
        """Return the model table: coefficient, standard error and z of each covariate."""
        error = np.sqrt(np.diag(self.cov))
        return pd.DataFrame(
            {
                "covariate": self.names,
                "coefficient": self.coef,
                "std_error": error,
                "z": self.coef / error,
            }
        )


def linear_index(X: FloatArray, coef: FloatArray) -> FloatArray:
    """Return X @ coef, added column by column; see `Design.index`."""
    index = np.zeros(X.shape[0])
    for k in range(X.shape[1]):
        index += X[:, k] * coef[k]
    return index


def fit_logit(
    X: FloatArray | Design,
    y: BoolArray,
    *,
    names: Sequence[str],
    spoken: Sequence[str] | None = None,
    own: int = 0,
    argument: str = "on",
    start: FloatArray | None = None,
    count: NDArray[np.int64] | None = None,
    weight: FloatArray | None = None,
    link: Link = "logit",
) -> LogitFit:
    """Fit a logit, or a probit, by Newton's method.

    Parameters
    ----------
    X
        Covariates with the constant or its indicators among them, shape (m, k).
    y
        Whether each row starts, shape (m,).
    names
        The k names.
    spoken
        The k names in messages, where values of few persons are not named; `names` if None.
    own
        How many columns, the first ones, are the constant or its indicators and not given.
    argument
        What the others were given as.
    start
        First guess of the coefficients, shape (k,); zeros if None. It saves steps and changes no
        result.
    count
        How many times each row counts, shape (m,); once if None.
    weight
        In place of that what each row weighs in the likelihood, above 0, shape (m,): one row stays
        one row.
    link
        "logit" or "probit".

    Returns
    -------
    LogitFit

    Raises
    ------
    SupportError
        Fewer participants or candidates than covariates, covariates that add up to one another, or
        covariates that tell participants from candidates without error.

    Notes
    -----
    The log likelihood is the sum of y x'b - log(1 + exp(x'b)), of a probit that of log Phi(q x'b)
    with q = 2y - 1; both are concave. Covariates are divided by their
    standard deviation while fitting, so the tolerance means the same for kroner and for years.

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 0.0, 1.0]])
    >>> y = np.array([True, False, False, True])
    >>> fit_logit(X, y, names=["constant", "x"]).coef.round(6) + 0.0
    array([0., 0.])
    """
    said = _Said(names, names if spoken is None else spoken, own, argument)
    sample = _Sample.of(X, y, count, link)
    _require_enough(sample)
    if weight is not None:
        sample = replace(sample, count=weight)
    with one_thread():
        return _newton(sample, said, start)


@dataclass(frozen=True)
class _Said:
    """What columns are called in messages, and which of them were given."""

    names: Sequence[str]
    spoken: Sequence[str]
    own: int
    argument: str


def _newton(sample: _Sample, said: _Said, start: FloatArray | None) -> LogitFit:
    scale, varies = sample.scale()
    require_rank(sample.triangle(scale), scale, said.names, own=said.own, argument=said.argument)
    beta = np.zeros(len(scale)) if start is None else start * scale
    at = sample.at(beta, scale)
    steps = 0
    while True:
        steps += 1
        try:
            step = cho_solve(_clear_factor(at.information), at.gradient)
        except np.linalg.LinAlgError:
            raise _separated(sample, beta, scale, said) from None
        length = float(np.abs(step).max())
        step *= min(1.0, LONGEST / max(length, LONGEST))
        # Where few start, a whole step can overshoot; the likelihood is concave, so halves arrive.
        while (ahead := sample.at(beta + step, scale)).value < at.least:
            step /= 2.0
        beta, at = beta + step, ahead
        if np.abs(beta[varies]).max(initial=0.0) > SEPARATED:
            raise _separated(sample, beta, scale, said)
        if length < TOLERANCE:
            break
        if steps == MAX_ITERATIONS:
            raise _separated(sample, beta, scale, said)
    cov = cho_solve(cho_factor(at.information), np.eye(len(beta))) / np.outer(scale, scale)
    return LogitFit(beta / scale, cov, tuple(said.names), at.value, steps)


def _clear_factor(information: FloatArray) -> tuple[FloatArray, bool]:
    """Return the Cholesky factor, or raise where rounding has left nothing of a column."""
    factor, lower = cho_factor(information)
    size = np.abs(np.diag(factor)) / np.sqrt(np.diag(information))
    if size.min() < DEPENDENT:
        raise np.linalg.LinAlgError("columns follow from others")
    return factor, lower


@dataclass(frozen=True, eq=False)
class _Point:
    """The log likelihood of coefficients, its gradient, and its information."""

    value: float
    gradient: FloatArray
    information: FloatArray

    @property
    def least(self) -> float:
        """What the log likelihood may seem to fall to by rounding alone."""
        return self.value - ROUNDING * abs(self.value)


@dataclass(frozen=True, eq=False)
class _Sample:
    """The rows that a logit is fitted to."""

    design: Design
    y: BoolArray
    count: FloatArray | None
    link: Link = "logit"

    @classmethod
    def of(
        cls, X: FloatArray | Design, y: BoolArray, count: NDArray[np.int64] | None, link: Link
    ) -> _Sample:
        if not isinstance(X, Design):
            empty = [""] * X.shape[1]
            X = Design.written(X, empty, empty)
        return cls(X, y, None if count is None else count.astype(np.float64), link)

    def counts(self, rows: slice) -> FloatArray:
        """Return how many times some rows count."""
        if self.count is None:
            return np.ones(len(self.y[rows]))
        return self.count[rows]

    def scale(self) -> tuple[FloatArray, BoolArray]:
        """Return what each column is divided by, and whether it varies."""
        width, n = self.design.width, 0.0
        total, square, size = np.zeros(width), np.zeros(width), np.zeros(width)
        for rows in self.design.blocks():
            X, c = self.design.block(rows), self.counts(rows)
            total, square, n = total + c @ X, square + c @ X**2, n + c.sum()
            size = np.maximum(size, np.abs(X).max(axis=0, where=c[:, None] > 0, initial=0.0))
        spread = np.sqrt(np.maximum(square / n - (total / n) ** 2, 0.0))
        varies = spread > 1e-9 * size
        return np.where(varies, spread, size), varies

    def triangle(self, scale: FloatArray) -> FloatArray:
        """Return R of the QR decomposition of the scaled columns, adding rows block by block."""
        safe = np.where(scale > 0, scale, 1.0)
        r = np.zeros((0, len(scale)))
        for rows in self.design.blocks():
            X = self.design.block(rows) * (np.sqrt(self.counts(rows))[:, None] / safe)
            r = np.asarray(np.linalg.qr(np.concatenate([r, X]), mode="r"))
        return r

    def apart(self, beta: FloatArray, scale: FloatArray) -> bool:
        """Return whether scaled coefficients put every participant above every candidate."""
        lowest, highest = np.inf, -np.inf
        for rows in self.design.blocks():
            index = self.design.block(rows) / scale @ beta
            seen = self.counts(rows) > 0
            lowest = min(lowest, float(index[self.y[rows] & seen].min(initial=np.inf)))
            highest = max(highest, float(index[~self.y[rows] & seen].max(initial=-np.inf)))
        return lowest > highest

    def at(self, beta: FloatArray, scale: FloatArray) -> _Point:
        """Return the likelihood and its derivatives at scaled coefficients."""
        value, k, of = 0.0, len(beta), _BY_LINK[self.link]
        gradient, information = np.zeros(k), np.zeros((k, k))
        for rows in self.design.blocks():
            Z, c, y = self.design.block(rows) / scale, self.counts(rows), self.y[rows]
            each, score, curve = of(Z @ beta, y)
            value += float(c @ each)
            gradient += (c * score) @ Z
            information += (Z * (c * curve)[:, None]).T @ Z
        return _Point(value, gradient, information)


def _logit(index: FloatArray, y: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the log likelihood of rows, its derivative by the index, and less its second one."""
    small = np.exp(-np.abs(index))
    p = np.where(index >= 0, 1.0, small) / (1.0 + small)
    return y * index - np.maximum(index, 0.0) - np.log1p(small), y - p, p * (1.0 - p)


def _probit(index: FloatArray, y: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the same of a probit."""
    from scipy.special import log_ndtr

    sign = np.where(y, 1.0, -1.0)
    log = np.asarray(log_ndtr(sign * index))
    ratio = sign * np.exp(_log_density(index) - log)
    return log, ratio, ratio * (ratio + index)


_BY_LINK = {"logit": _logit, "probit": _probit}


def _log_density(index: FloatArray) -> FloatArray:
    return np.asarray(-0.5 * index**2 - 0.5 * np.log(2.0 * np.pi))


def log_odds(index: FloatArray, link: Link) -> tuple[FloatArray, FloatArray | None]:
    """Return the log odds of rows, and their derivative by the linear index, each shape (m,).

    Parameters
    ----------
    index
        The linear index of rows, shape (m,).
    link
        "logit", whose index are the log odds, the derivative being 1 and None here; or "probit".
    """
    if link == "logit":
        return index, None
    from scipy.special import log_ndtr

    above, below = np.asarray(log_ndtr(index)), np.asarray(log_ndtr(-index))
    return above - below, np.exp(_log_density(index) - above - below)


def _require_enough(sample: _Sample) -> None:
    c = np.ones(len(sample.y)) if sample.count is None else sample.count
    treated, others = int(c[sample.y].sum()), int(c[~sample.y].sum())
    if min(treated, others) < sample.design.width:
        raise SupportError(
            "The score has more covariates than the smaller side has persons",
            found=f"{sample.design.width} covariates, {treated} participants, {others} candidates",
            do="use fewer covariates, or score='pooled'",
        )


def require_full_rank(X: FloatArray, scale: FloatArray, names: Sequence[str]) -> None:
    """Raise naming the columns that follow from the others, or whose scale is 0."""
    safe = np.where(scale > 0, scale, 1.0)
    require_rank(np.asarray(np.linalg.qr(X / safe, mode="r")), scale, names)


def independent_columns(design: Design) -> BoolArray:
    """Return which columns do not follow from those before them, shape (k,)."""
    sample = _Sample(design, np.zeros(design.rows, dtype=bool), None)
    triangle = sample.triangle(sample.scale()[0])
    left = np.zeros(design.width)  # what the columns before leave of each
    left[: len(triangle)] = np.abs(np.diag(triangle))
    return np.asarray(left > DEPENDENT * np.sqrt((triangle**2).sum(axis=0)))


def require_rank(
    triangle: FloatArray,
    scale: FloatArray,
    names: Sequence[str],
    *,
    own: int = 0,
    argument: str = "on",
    least: float = 1e-9,
) -> None:
    """Raise as `require_full_rank`: the small triangle has the pivots of the tall matrix.

    Parameters
    ----------
    triangle
        R of the scaled columns, or their cross-product, shape (k, k).
    scale
        What columns were divided by, shape (k,).
    names
        The k names; an indicator is named after its column.
    own
        How many columns, the first ones, were not given: the constant, or what stands for it.
    argument
        What the others were given as.
    least
        A pivot of this share of the largest is none.
    """
    empty = [name for name, size in zip(names, scale, strict=True) if size == 0]
    _, r, pivot = qr(triangle, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    rank = int((size >= least * size[0]).sum())
    if not empty and rank == len(size):
        return
    columns = dict.fromkeys(name.split("=")[0] for name in empty)
    # What each column that is too much is made of: the columns that were given stand together.
    made_of = np.linalg.solve(r[:rank, :rank], r[:rank, rank:]) if rank else r[:0, rank:]
    for k, parts in zip(pivot[rank:].tolist(), made_of.T, strict=True):
        members = [k, *pivot[:rank][np.abs(parts) > MADE_OF].tolist()]
        columns |= dict.fromkeys(names[m].split("=")[0] for m in sorted(members) if m >= own)
    raise _adding_up(list(columns), argument)


def _adding_up(columns: list[str], argument: str) -> SupportError:
    """Return the error for columns of which one follows from the others."""
    if len(columns) == 1:
        return SupportError(
            f"{columns[0]} does not vary among those who are compared",
            found="one value in all rows, or in all rows of each start year or exact cell",
            do=f"leave {columns[0]} out of {argument}=",
        )
    words = f"{', '.join(columns[:-1])} and {columns[-1]}"
    return SupportError(
        f"Covariates add up to one another: {words}",
        found="one of them follows from the others",
        do=f"leave one of {', '.join(columns)} out of {argument}=",
    )


def _separated(sample: _Sample, beta: FloatArray, scale: FloatArray, said: _Said) -> SupportError:
    # Intercepts follow the covariates to infinity and are not what is wrong.
    worst = max(range(min(said.own, len(beta) - 1), len(beta)), key=lambda k: abs(float(beta[k])))
    name = said.names[worst].split("=")[0]
    what = (
        "Covariates tell participants from candidates without error: there is no common support"
        if sample.apart(beta, scale)
        else "Some participants or candidates have values, alone or together, that nobody on the "
        "other side has: the propensity score has no finite coefficients"
    )
    return SupportError(
        what,
        found=f"the coefficient on {said.spoken[worst]} grows without bound",
        do=f"leave {name} out of {said.argument}=, make it coarser, or match exactly on it",
    )
