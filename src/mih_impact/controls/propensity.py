"""The propensity score: a logit over the stacked risk sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.design import Design, Indicators
from mih_impact.controls.logit import (
    SEPARATED,
    LogitFit,
    fit_logit,
    linear_index,
    require_full_rank,
)
from mih_impact.controls.risk_set import RiskSet
from mih_impact.controls.spoken import spoken_names
from mih_impact.errors import SupportError

__all__ = [
    "SEPARATED",
    "LogitFit",
    "Score",
    "fit_logit",
    "linear_index",
    "propensity_score",
    "require_full_rank",
]

FloatArray = NDArray[np.float64]


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


def propensity_score(risk: RiskSet, *, pooled: bool = True, near: Score | None = None) -> Score:
    """Score every row of the risk sets.

    Parameters
    ----------
    risk
        The stacked risk sets.
    pooled
        One logit over all start years with a term for each; else one logit per start year.
    near
        The score of the sample that this one is drawn from, to start from.

    Returns
    -------
    Score

    Raises
    ------
    SupportError
        As `fit_logit`.
    """
    years, spoken = risk.start_years, spoken_names(risk.design, risk.person)
    if pooled:
        of_year = np.searchsorted(years, risk.start_year).astype(np.int32)
        at = Indicators(of_year, tuple(str(c) for c in years), -1)
        names = [*(f"start_year={c}" for c in years), *risk.design.names]
        design = Design(
            (at, *risk.design.parts), tuple(names), (*names[: len(years)], *risk.design.terms),
            risk.design.rows,
        )  # fmt: skip
        many = np.bincount(of_year, minlength=len(years))
        share = np.bincount(of_year[risk.treated], minlength=len(years)) / many
        start = np.concatenate([np.log(share / (1.0 - share)), np.zeros(risk.design.width)])
        said = [*names[: len(years)], *spoken]
        known = None if near is None else _known(near, names)
        fit = fit_logit(
            design,
            risk.treated,
            names=names,
            spoken=said,
            start=start if known is None else known,
            near=known is not None,
        )
        return Score(design.index(fit.coef), {f"{years[0]}-{years[-1]}": fit})
    index = np.empty(len(risk.person))
    models = {}
    for c in years.tolist():
        rows = np.flatnonzero(risk.start_year == c)
        X = np.column_stack([np.ones(len(rows)), risk.design.take(rows)])
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


def _known(near: Score, names: Sequence[str]) -> FloatArray | None:
    """Return the coefficients of a pooled score; None where it has other covariates."""
    fit = next(iter(near.models.values()))
    return fit.coef if len(near.models) == 1 and fit.names == tuple(names) else None
