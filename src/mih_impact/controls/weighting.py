"""The methods of weighting: candidates of a start year stand in for its participants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.comparison import Chosen, Sets, in_one_set, weighed_sides
from mih_impact.controls.covariates import names_for_messages
from mih_impact.controls.design import Design
from mih_impact.controls.entropy import EntropyFit, entropy_weights
from mih_impact.controls.flow import Flow
from mih_impact.controls.options import EffectOn, WeightOptions
from mih_impact.controls.propensity import (
    Score,
    WeightModel,
    covariates_of,
    independent,
    score_of,
)
from mih_impact.controls.risk_set import Among, RiskSet, build_risk_set
from mih_impact.display.locale import Label
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube

__all__ = ["entropy", "odds", "weighted"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TRIMMED = Label(
    nb="tilbøyelighet til å delta er høyst grensen", en="propensity score within the limit"
)


def entropy(risk: RiskSet, design: Design, on: EffectOn = "att") -> Chosen:
    """Balance the candidates of each start year, or the side that the effect is not on.

    Parameters
    ----------
    risk
        The stacked risk sets, a cell for each start year.
    design
        What is balanced, a row for each of theirs; see `covariates_of`.
    on
        Whose means are wanted: of participants, of candidates, or of both together.

    Raises
    ------
    SupportError
        As `entropy_weights`, naming the start year.
    """
    spread = design.X.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    names = names_for_messages(design, risk.person)
    tables, last = [], dict[int, FloatArray]()
    target, sides = weighed_sides(risk, on)
    weight = np.where(target & (on != "att"), risk.weights, 0.0)
    for c in risk.start_years.tolist():
        here = risk.start_year == c
        wanted = design.X[here & target].mean(axis=0)
        if (each := _of(risk, here & target)) is not None:
            wanted = each @ design.X[here & target] / each.sum()
        for s, side in enumerate(sides):
            rows = np.flatnonzero(here & side)
            Z = np.empty((len(rows), len(scale)), order="F")
            for k in range(len(scale)):
                Z[:, k] = (design.X[rows, k] - wanted[k]) / scale[k]
            is_own = bool(risk.treated[rows[0]])
            base = _of(risk, rows)
            fit = _balanced(Z, names, last.get(s), c, on, participants=is_own, base=base)
            # Standardised alike in all start years, multipliers of one are a guess for the next.
            last[s], weight[rows] = fit.multiplier, fit.weight
            table = _table(c, design, fit, Z)
            tables.append(
                table if on == "att" else table.assign(side=_SIDES[risk.treated[rows[0]]])
            )
    model = WeightModel("entropy", design, True, pd.concat(tables, ignore_index=True))
    everyone = np.ones(len(risk.person), dtype=bool)
    sets = _sets(risk, weight, everyone) if on == "att" else in_one_set(risk, weight)
    return Chosen(risk, sets, risk.flow, model=model)


_SIDES = {True: "participant", False: "candidate"}
_MEANS = {"atc": "the candidates", "ate": "everybody in the risk set"}


def _balanced(
    Z: FloatArray,
    names: Sequence[str],
    start: FloatArray | None,
    start_year: int,
    on: EffectOn,
    *,
    participants: bool,
    base: FloatArray | None,
) -> EntropyFit:
    """Return the weights of one side of a start year, or the error that says whose cannot be."""
    try:
        whom = f"who start in {start_year}"
        return entropy_weights(Z, names=names, start=start, whom=whom, count=base)
    except SupportError as error:
        if on == "att":
            raise
        raise SupportError(
            f"No weights give the {'participants' if participants else 'candidates'} of "
            f"{start_year} the means of {_MEANS[on]}",
            found=str(error.found)
            .replace("participants' mean", "wanted mean")
            .replace("all candidates", "all who are weighed"),
            do=error.do,
        ) from None


def _table(start_year: int, design: Design, fit: EntropyFit, Z: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "start_year": start_year,
            "covariate": design.names,
            "multiplier": fit.multiplier,
            "imbalance": fit.weight @ Z,
        }
    )


def odds(risk: RiskSet, design: Design, score: Score, *, options: WeightOptions) -> Chosen:
    """Weigh candidates by their odds of starting, adding up to 1 within each start year.

    Where the effect is on candidates, participants are weighed by the inverse of their odds; where
    it is on both, everybody by the inverse of the probability of its own side.

    Parameters
    ----------
    risk
        The stacked risk sets, a cell for each start year.
    design
        What the odds are a function of; see `covariates_of`.
    score
        The log odds of every row.
    options
        Whose effect, the largest score that is kept on either side, and whether the score is given.

    Raises
    ------
    SupportError
        Nobody is left on one side.
    """
    trim, on = options.trim, options.estimand
    kept, flow = np.ones(len(risk.person), dtype=bool), risk.flow
    if trim is not None:
        kept = score.probability <= trim
        flow = (*flow, _trimmed(risk, kept, trim))
    kind: Literal["given", "ipw"] = "given" if options.given_score else "ipw"
    model = WeightModel(kind, design, options.score == "by_start_year", score.to_frame())
    if on != "att":
        sets = in_one_set(risk, _inverse(risk, score, on))
        return Chosen(risk, sets, flow, score, model=model)
    weight = np.zeros(len(risk.person))
    for c in risk.start_years.tolist():
        here = np.flatnonzero((risk.start_year == c) & ~risk.treated & kept)
        weight[here] = np.exp(score.index[here] - score.index[here].max(initial=-np.inf))
        if risk.weight is not None:
            weight[here] *= risk.weight[here]
        weight[here] /= weight[here].sum()
    return Chosen(risk, _sets(risk, weight, kept), flow, score, model=model)


def _inverse(risk: RiskSet, score: Score, on: EffectOn) -> FloatArray:
    """Return inverse probability weights of rows, each start year and side on its own scale."""
    # The log of 1/p for participants and 1/(1 - p) for candidates, less what the target shares.
    away = np.where(risk.treated, -score.index, score.index)
    log = np.logaddexp(0.0, away) if on == "ate" else np.where(risk.treated, away, 0.0)
    weight = np.zeros(len(log))
    for c in risk.start_years.tolist():
        for side in (risk.treated, ~risk.treated):
            rows = (risk.start_year == c) & side
            weight[rows] = np.exp(log[rows] - log[rows].max(initial=-np.inf)) * risk.weights[rows]
    return weight


def _trimmed(risk: RiskSet, kept: BoolArray, trim: float) -> Flow:
    """Return the step of the flow, or raise if nobody is left to compare."""
    both = _both_sides(risk, kept & risk.treated, kept & ~risk.treated)
    if not len(both):
        raise SupportError(
            f"No start year has both participants and candidates with a score of {trim} or less",
            found=f"{int((kept & risk.treated).sum())} participants and "
            f"{int((kept & ~risk.treated).sum())} candidate rows within the limit",
            do="raise trim=, or weigh on fewer columns",
        )
    candidates = risk.person[kept & ~risk.treated]
    return Flow(
        "trimmed",
        TRIMMED,
        int((kept & risk.treated).sum()),
        len(np.unique(candidates)),
        len(candidates),
    )


def _both_sides(risk: RiskSet, participant: BoolArray, control: BoolArray) -> IntArray:
    """Return the start years with somebody on either side."""
    return np.intersect1d(risk.start_year[participant], risk.start_year[control])


def _sets(risk: RiskSet, weight: FloatArray, kept: BoolArray) -> Sets:
    """Give the participants of a start year one set: all its candidates with weight."""
    years = _both_sides(risk, kept & risk.treated, weight > 0)
    inside = np.isin(risk.start_year, years)
    participant = np.flatnonzero(risk.treated & kept & inside)
    control = np.flatnonzero((weight > 0) & inside)
    return Sets(
        participant,
        np.searchsorted(years, risk.start_year[participant]),
        np.searchsorted(years, risk.start_year[control]),
        control,
        weight[control],
        own=_of(risk, participant),
    )


def _of(risk: RiskSet, rows: BoolArray | IntArray) -> FloatArray | None:
    """Return the design weights of rows, None without."""
    return None if risk.weight is None else risk.weight[rows]


def weighted(cube: Cube, options: WeightOptions, among: Among | None = None) -> Chosen:
    """Weigh by the method of the options, in the whole register or among a part of it.

    Among a part a covariate may be the same for all, or follow from others, without any fault of
    who asks: weights are then by the others.
    """
    risk = build_risk_set(
        cube,
        on=options.on,
        exact=options.exact,
        window_end=options.not_started_through,
        within=False,
        modelled=options.modelled,
        seed=options.seed,
        among=among,
    )
    if among is None:
        # A constant asks nothing of entropy weights: its mean is the same on both sides.
        risk.require_varying(options.on, one_does=options.method == "entropy")
    design = covariates_of(risk, moments=options.moments)
    if among is not None:
        design = independent(design, risk.start_year)
    if options.method == "entropy":
        return entropy(risk, design, options.estimand)
    # The caller's model gets the rows as they were read.
    modelled = risk if options.given_score else replace(risk, design=design)
    score = score_of(modelled, options.score, options.folds, options.seed, options.link)
    return odds(risk, design, score, options=options)
