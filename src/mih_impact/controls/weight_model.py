"""What control weights were estimated from: the covariates, and the model with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.covariates import Design, Term
from mih_impact.controls.risk_set import RiskSet

__all__ = ["WeightModel", "covariates_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightModel:
    """The model behind the weights, for the variance and for who wants to read it.

    Attributes
    ----------
    kind
        "entropy": log weights are linear in the covariates, by start year, so that means agree.
        "ipw": weights are the odds of a logit in the covariates.
    covariates
        What the weights are a function of, m rows; indicators with one value of each left out.
    by_start_year
        Whether each start year has coefficients of its own.
    table
        The model; see `to_frame`.
    """

    kind: Literal["entropy", "ipw"]
    covariates: Design
    by_start_year: bool
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the model.

        Returns
        -------
        pandas.DataFrame
            Entropy: `start_year, covariate, multiplier, imbalance`, a row per start year and
            moment; the log weight rises by the multiplier per standard deviation, and the weighted
            mean misses the participants' by `imbalance` standard deviations. The multiplier is
            missing where the moment follows from others, or where only candidates with the
            participants' one value have weight. Ipw: the logit's table as of
            `ControlGroup.score.to_frame()`.
        """
        return self.table.copy()


def covariates_of(risk: RiskSet, *, moments: int = 1) -> Design:
    """Return the covariates of `on` and indicators of `exact`, the most common value left out.

    Parameters
    ----------
    risk
        The stacked risk sets, m rows.
    moments
        2 adds the square of every covariate that is not an indicator, as its distance from the mean
        in standard deviations.
    """
    columns: list[FloatArray] = []
    names: list[str] = []
    terms: list[Term] = []
    for design, left_out in ((risk.design, set[int]()), (risk.exact_design, _most_common(risk))):
        for k, name in enumerate(design.names):
            if k in left_out:
                continue
            x = design.column(k)
            columns.append(x)
            names.append(name)
            terms.append(design.terms[k])
            if moments == 2 and not np.isin(x, (0.0, 1.0)).all():
                spread = float(x.std())
                columns.append(((x - x.mean()) / (spread if spread > 0 else 1.0)) ** 2)
                names.append(f"{name}^2")
                terms.append(design.terms[k])
    return Design(tuple(columns), tuple(names), tuple(terms), len(risk.person))


def _most_common(risk: RiskSet) -> set[int]:
    """Return the indicator of the most common value of each exact column."""
    design = risk.exact_design
    persons = [design.column(k).sum() for k in range(design.width)]
    by_term: dict[Term, int] = {}
    for k, term in enumerate(design.terms):
        if term not in by_term or persons[k] > persons[by_term[term]]:
            by_term[term] = k
    return set(by_term.values())
