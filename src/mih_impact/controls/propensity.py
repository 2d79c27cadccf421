"""The propensity score: a logit by Newton's method over the stacked risk sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, qr

from mih_impact.controls.risk_set import RiskSet
from mih_impact.controls.spoken import spoken_names
from mih_impact.errors import SupportError

__all__ = [
    "LogitFit",
    "Score",
    "fit_logit",
    "linear_index",
    "propensity_score",
    "require_full_rank",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Newton has converged when no coefficient, in standard deviations of its covariate, moves more.
TOLERANCE = 1e-10
MAX_ITERATIONS = 60
#: No coefficient moves further in one step.
LONGEST = 5.0
#: How much the log likelihood may seem to fall by rounding alone, relative to its size.
ROUNDING = 1e-12
#: A standardised coefficient beyond this is a separated sample, not a preference.
SEPARATED = 30.0


@dataclass(frozen=True, eq=False)
class LogitFit:
    """A fitted logit.

    Attributes
    ----------
    coef
        Coefficients on the scale of X, shape (k,).
    cov
        Inverse information, shape (k, k).
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


@dataclass(frozen=True, eq=False)
class Score:
    """The linear index of every row, and the models behind it.

    Attributes
    ----------
    index
        Log odds of starting, shape (m,).
    models
        One model for all start years, or one for each.
    """

    index: FloatArray
    models: dict[str, LogitFit]

    @property
    def probability(self) -> FloatArray:
        """The propensity score, shape (m,)."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.index)))

    def to_frame(self) -> pd.DataFrame:
        """Return the model tables, stacked, with the start years each speaks of."""
        frames = [fit.to_frame().assign(start_years=name) for name, fit in self.models.items()]
        return pd.concat(frames, ignore_index=True)


def linear_index(X: FloatArray, coef: FloatArray) -> FloatArray:
    """Return X @ coef, added column by column.

    A matrix product may round equal rows differently depending on where they stand; this way equal
    rows get equal scores, so that ties are ties.
    """
    index = np.zeros(X.shape[0])
    for k in range(X.shape[1]):
        index += X[:, k] * coef[k]
    return index


def fit_logit(
    X: FloatArray,
    y: BoolArray,
    *,
    names: Sequence[str],
    spoken: Sequence[str] | None = None,
    start: FloatArray | None = None,
) -> LogitFit:
    """Fit a logit by Newton's method.

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
    start
        First guess of the coefficients, shape (k,); zeros if None. It saves steps and changes no
        result.

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
    The log likelihood is the sum of y x'b - log(1 + exp(x'b)). Covariates are divided by their
    standard deviation while fitting, so the tolerance means the same for kroner and for years.

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [0.0, 1.0, 0.0, 1.0]])
    >>> y = np.array([True, False, False, True])
    >>> fit_logit(X, y, names=["constant", "x"]).coef.round(6) + 0.0
    array([0., 0.])
    """
    fewest = int(min(y.sum(), (~y).sum()))
    if fewest < X.shape[1]:
        raise SupportError(
            "The score has more covariates than the smaller side has persons",
            found=f"{X.shape[1]} covariates, {int(y.sum())} participants, "
            f"{int((~y).sum())} candidates",
            do="use fewer covariates, or score='pooled'",
        )
    spread = np.sqrt(np.maximum((X**2).mean(axis=0) - X.mean(axis=0) ** 2, 0.0))
    varies = spread > 1e-9 * np.abs(X).max(axis=0)
    scale = np.where(varies, spread, np.abs(X).max(axis=0))
    said = names if spoken is None else spoken
    require_full_rank(X, scale, said)
    Z = X / scale
    beta = np.zeros(X.shape[1]) if start is None else start * scale
    target = y.astype(np.float64)
    index = Z @ beta
    value = _loglik(index, target)
    steps = 0
    while True:
        steps += 1
        p = 1.0 / (1.0 + np.exp(-index))
        information = (Z * (p * (1.0 - p))[:, None]).T @ Z
        try:
            step = cho_solve(cho_factor(information), Z.T @ (target - p))
        except np.linalg.LinAlgError:
            raise _separated(beta, names, said) from None
        length = float(np.abs(step).max())
        step *= min(1.0, LONGEST / max(length, LONGEST))
        # Where few start, a whole step can overshoot; the likelihood is concave, so halves arrive.
        while (ahead := _loglik(Z @ (beta + step), target)) < value - ROUNDING * abs(value):
            step /= 2.0
        beta, value = beta + step, ahead
        index = Z @ beta
        if np.abs(beta[varies]).max(initial=0.0) > SEPARATED:
            raise _separated(beta, names, said)
        if length < TOLERANCE:
            break
        if steps == MAX_ITERATIONS:
            raise _separated(beta, names, said)
    p = 1.0 / (1.0 + np.exp(-index))
    information = (Z * (p * (1.0 - p))[:, None]).T @ Z
    cov = cho_solve(cho_factor(information), np.eye(len(beta))) / np.outer(scale, scale)
    return LogitFit(beta / scale, cov, tuple(names), value, steps)


def _loglik(index: FloatArray, target: FloatArray) -> float:
    return float((target * index - np.logaddexp(0.0, index)).sum())


def require_full_rank(X: FloatArray, scale: FloatArray, names: Sequence[str]) -> None:
    """Raise naming the columns that follow from the others, or whose scale is 0."""
    empty = [name for name, size in zip(names, scale, strict=True) if size == 0]
    safe = np.where(scale > 0, scale, 1.0)
    # The tall matrix once without pivoting, then the small triangle with: same pivots, no waiting.
    triangle = np.linalg.qr(X / safe, mode="r")
    _, r, pivot = qr(triangle, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    redundant = [names[k] for k in pivot[size < 1e-9 * size[0]]]
    if empty or redundant:
        raise SupportError(
            "Covariates add up to one another",
            found=f"{', '.join(dict.fromkeys([*empty, *redundant]))} follows from the others",
            do="leave it out of on=",
        )


def _separated(beta: FloatArray, names: Sequence[str], said: Sequence[str]) -> SupportError:
    # Intercepts follow the covariates to infinity and are not what is wrong.
    slopes = [k for k, name in enumerate(names) if not name.startswith(("constant", "start_year="))]
    worst = max(slopes or range(len(names)), key=lambda k: abs(float(beta[k])))
    return SupportError(
        "Covariates tell participants from candidates without error: there is no common support",
        found=f"the coefficient on {said[worst]} grows without bound",
        do=f"leave {names[worst].split('=')[0]} out of on=, or match exactly on it",
    )


def propensity_score(risk: RiskSet, *, pooled: bool = True) -> Score:
    """Score every row of the risk sets.

    Parameters
    ----------
    risk
        The stacked risk sets.
    pooled
        One logit over all start years with a term for each; else one logit per start year.

    Returns
    -------
    Score

    Raises
    ------
    SupportError
        As `fit_logit`.
    """
    years, spoken = risk.start_years, spoken_names(risk.design, risk.person)
    at = risk.start_year[:, None] == years[None, :]
    if pooled:
        X = np.column_stack([at.astype(np.float64), risk.design.X])
        names = [*(f"start_year={c}" for c in years), *risk.design.names]
        share = np.array([risk.treated[at[:, k]].mean() for k in range(len(years))])
        start = np.concatenate([np.log(share / (1.0 - share)), np.zeros(risk.design.X.shape[1])])
        said = [*names[: len(years)], *spoken]
        fit = fit_logit(X, risk.treated, names=names, spoken=said, start=start)
        span = f"{years[0]}-{years[-1]}"
        return Score(linear_index(X, fit.coef), {span: fit})
    index = np.empty(len(risk.person))
    models = {}
    for k, c in enumerate(years.tolist()):
        rows = at[:, k]
        X = np.column_stack([np.ones(int(rows.sum())), risk.design.X[rows]])
        try:
            fit = fit_logit(
                X,
                risk.treated[rows],
                names=["constant", *risk.design.names],
                spoken=["constant", *spoken],
            )
        except SupportError as error:
            raise SupportError(
                f"{error.what}, among those who start in {c}", found=error.found, do=error.do
            ) from None
        index[rows] = linear_index(X, fit.coef)
        models[str(c)] = fit
    return Score(index, models)
