"""The propensity score: a logit over the stacked risk sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.design import Design, Indicators
from mih_impact.controls.logit import (
    SEPARATED,
    LogitFit,
    fit_logit,
    independent_columns,
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
    "independent",
    "linear_index",
    "propensity_score",
    "require_full_rank",
    "with_start_years",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


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
    if pooled:
        design = with_start_years(risk.design, risk.start_year)
        started = np.bincount(risk.start_year[risk.treated], minlength=int(years[-1]) + 1)[years]
        share = started / np.bincount(risk.start_year)[years]
        fit = fit_logit(
            design,
            risk.treated,
            names=design.names,
            spoken=[*design.names[: len(years)], *spoken],
            own=len(years),
            start=np.concatenate([np.log(share / (1.0 - share)), np.zeros(risk.design.width)]),
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
                own=1,
            )
        except SupportError as error:
            raise SupportError(
                f"{error.what}, among those who start in {c}", found=error.found, do=error.do
            ) from None
        index[rows] = linear_index(X, fit.coef)
        models[str(c)] = fit
    return Score(index, models)


def independent(design: Design, start_year: IntArray) -> Design:
    """Return a design without columns that follow from start years and the columns before them."""
    terms = len(np.flatnonzero(np.bincount(start_year)))
    kept = np.flatnonzero(independent_columns(with_start_years(design, start_year))[terms:])
    if len(kept) == design.width:
        return design
    names, on = [design.names[k] for k in kept], [design.terms[k] for k in kept]
    return Design.written(design.X[:, kept], names, on)


def with_start_years(design: Design, start_year: IntArray) -> Design:
    """Return a design with a constant for each start year before it."""
    years = np.flatnonzero(np.bincount(start_year))
    names = [f"start_year={c}" for c in years.tolist()]
    of_year = np.searchsorted(years, start_year).astype(np.int32)
    at = Indicators(of_year, tuple(map(str, years.tolist())), -1)
    return Design(
        (at, *design.parts), (*names, *design.names), (*names, *design.terms), design.rows
    )
