"""Common support: participants whom some candidate of their start year is as likely to join as."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.flow import Flow
from mih_impact.controls.nearest import SAME
from mih_impact.controls.propensity import Score
from mih_impact.controls.risk_set import RiskSet
from mih_impact.display.labels import Label
from mih_impact.errors import SupportError

__all__ = ["outside_range", "supported"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SUPPORTED = Label(
    nb="innenfor kandidatenes spenn (felles støtte)", en="within the candidates' range (support)"
)


def outside_range(risk: RiskSet, score: Score) -> BoolArray:
    """Tell which rows have log odds outside the range of the candidates of their start year.

    Returns
    -------
    array of bool
        Shape (m,); a candidate is never outside.
    """
    outside = np.zeros(len(risk.person), dtype=bool)
    for c in risk.start_years.tolist():
        here = risk.start_year == c
        candidates = score.index[here & ~risk.treated]
        low, high = candidates.min() - SAME, candidates.max() + SAME
        outside[here] = (score.index[here] < low) | (score.index[here] > high)
    return outside


def supported(risk: RiskSet, score: Score) -> tuple[IntArray, Flow]:
    """Return the rows of participants on common support, and the step of the flow.

    Raises
    ------
    SupportError
        No participant is.
    """
    kept = np.flatnonzero(risk.treated & ~outside_range(risk, score))
    if not len(kept):
        raise SupportError(
            "There is no common support",
            found=f"all {int(risk.treated.sum())} participants have log odds outside the range of "
            "the candidates of their start year",
            do="use fewer covariates in on=, or other candidates with eligible=",
        )
    before = risk.flow[-1]
    return kept, Flow("support", SUPPORTED, len(kept), before.candidates, before.candidate_rows)
