"""`weight`: weigh all candidates of a start year so that they stand in for its participants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.covariates import Modelled, spoken_names
from mih_impact.controls.design import Design
from mih_impact.controls.entropy import EntropyFit, entropy_weights
from mih_impact.controls.flow import Flow
from mih_impact.controls.group import ControlGroup, Sets
from mih_impact.controls.options import Controls, ScoreKind
from mih_impact.controls.overlap import warn_if_concentrated
from mih_impact.controls.propensity import (
    Score,
    WeightModel,
    covariates_of,
    independent,
    propensity_score,
)
from mih_impact.controls.recipe import (
    Recipe,
    about_panel,
    outcomes_along,
    require_outcomes,
    seed_of,
)
from mih_impact.controls.risk_set import Among, RiskSet, build_risk_set
from mih_impact.controls.terms import Lag, Term, as_terms
from mih_impact.display.locale import Label
from mih_impact.display.result import Provenance
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import OtherMeasures

__all__ = ["WeightMethod", "WeightOptions", "Weighted", "entropy", "odds", "weight", "weighted"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TRIMMED = Label(
    nb="tilbøyelighet til å delta er høyst grensen", en="propensity score within the limit"
)


@dataclass(frozen=True, eq=False)
class Weighted:
    """The risk sets, the weighted set of each start year, and the model behind the weights.

    Attributes
    ----------
    risk, sets, score, model
        As in `ControlGroup`.
    flow
        Persons through every filter before weighting.
    """

    risk: RiskSet
    sets: Sets
    score: Score | None
    model: WeightModel
    flow: tuple[Flow, ...]


def entropy(risk: RiskSet, design: Design) -> Weighted:
    """Balance the candidates of each start year.

    Parameters
    ----------
    risk
        The stacked risk sets, a cell for each start year.
    design
        What is balanced, a row for each of theirs; see `covariates_of`.

    Raises
    ------
    SupportError
        As `entropy_weights`, naming the start year.
    """
    spread = design.X.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    names = spoken_names(design, risk.person)
    weight = np.zeros(len(risk.person))
    tables, last = [], None
    for c in risk.start_years.tolist():
        here = risk.start_year == c
        candidate = np.flatnonzero(here & ~risk.treated)
        target = design.X[here & risk.treated].mean(axis=0)
        Z = np.empty((len(candidate), len(scale)), order="F")
        for k in range(len(scale)):
            Z[:, k] = (design.X[candidate, k] - target[k]) / scale[k]
        fit = entropy_weights(Z, names=names, start=last, whom=f"who start in {c}")
        # Standardised alike in all start years, multipliers of one are a good guess for the next.
        last, weight[candidate] = fit.multiplier, fit.weight
        tables.append(_table(c, design, fit, Z))
    model = WeightModel("entropy", design, True, pd.concat(tables, ignore_index=True))
    everyone = np.ones(len(risk.person), dtype=bool)
    return Weighted(risk, _sets(risk, weight, everyone), None, model, risk.flow)


def _table(start_year: int, design: Design, fit: EntropyFit, Z: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "start_year": start_year,
            "covariate": design.names,
            "multiplier": fit.multiplier,
            "imbalance": fit.weight @ Z,
        }
    )


def odds(risk: RiskSet, design: Design, *, pooled: bool, trim: float | None) -> Weighted:
    """Weigh candidates by their odds of starting, adding up to 1 within each start year.

    Parameters
    ----------
    risk
        The stacked risk sets, a cell for each start year.
    design
        What the odds are a function of; see `covariates_of`.
    pooled
        One logit for all start years, with a term for each, or one for each.
    trim
        The largest propensity score that is kept on either side; None keeps all.

    Raises
    ------
    SupportError
        As `propensity_score`, or nobody is left on one side.
    """
    score = propensity_score(replace(risk, design=design), pooled=pooled)
    kept, flow = np.ones(len(risk.person), dtype=bool), risk.flow
    if trim is not None:
        kept = score.probability <= trim
        flow = (*flow, _trimmed(risk, kept, trim))
    weight = np.zeros(len(risk.person))
    for c in risk.start_years.tolist():
        here = np.flatnonzero((risk.start_year == c) & ~risk.treated & kept)
        weight[here] = np.exp(score.index[here] - score.index[here].max(initial=-np.inf))
        weight[here] /= weight[here].sum()
    model = WeightModel("ipw", design, not pooled, score.to_frame())
    return Weighted(risk, _sets(risk, weight, kept), score, model, flow)


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
    )


WeightMethod = Literal["entropy", "ipw"]

WEIGHTED = Label(nb="fikk vekt", en="weighted")
_ADVICE = (
    "Weigh on fewer columns, widen eligible=, or with method='ipw' leave out those who are almost "
    "sure to start with trim=."
)


@dataclass(frozen=True, eq=False)
class WeightOptions:
    """How controls are weighted; every field is an argument of `weight` and explained there."""

    on: tuple[Term, ...]
    exact: tuple[str, ...]
    method: WeightMethod
    moments: int
    controls: Controls
    window_end: int
    score: ScoreKind
    trim: float | None
    seed: int | None

    def __post_init__(self) -> None:
        """Raise on an option that does not exist or does not go with the others."""
        choices: dict[str, tuple[Any, ...]] = {
            "method": get_args(WeightMethod),
            "moments": (1, 2),
            "controls": get_args(Controls),
            "score": get_args(ScoreKind),
        }
        for name, allowed in choices.items():
            arguments.choice("weight", name, getattr(self, name), allowed, error=SupportError)
        arguments.whole("window_end", self.window_end, low=0, error=SupportError)
        arguments.unrepeated("exact", self.exact, error=SupportError)
        if self.trim is not None:
            arguments.fraction("trim", self.trim, example=0.99, error=SupportError)
        if not (self.on or self.exact):
            raise SupportError(
                "Weights need covariates", found="on=() and exact=()", do="name columns in on="
            )
        self._require_method()

    def _require_method(self) -> None:
        """Raise on options of the other method."""
        if self.method == "entropy" and self.trim is not None:
            raise SupportError(
                "Entropy balancing has no score to trim by",
                found=f"trim={self.trim}",
                do="leave out trim=, or use method='ipw'",
            )
        if self.method == "ipw" and self.moments != 1:
            raise SupportError(
                "Inverse probability weights balance no moments",
                found=f"moments={self.moments}",
                do="leave out moments=, or use method='entropy'",
            )

    @property
    def modelled(self) -> Modelled:
        """Within what both sides must have a value."""
        if self.method == "entropy":
            return "weights"
        return "all" if self.score == "pooled" else "start_year"

    @property
    def not_started_through(self) -> int | None:
        """Years after the start year without a start among candidates; None if they never do."""
        return self.window_end if self.controls == "not_yet" else None


@named_options
def weight(
    panel: Panel,
    *,
    on: Term | Sequence[Term],
    exact: str | Sequence[str] = (),
    method: WeightMethod = "entropy",
    moments: Literal[1, 2] = 1,
    eligible: str | nw.Expr | None = None,
    controls: Controls = "never",
    window_end: int = 6,
    score: ScoreKind = "pooled",
    trim: float | None = None,
    outcomes: str | Sequence[str] | None = None,
    measure: str | None = None,
    other_measures: OtherMeasures = "risk_set",
    seed: int | None = None,
) -> ControlGroup:
    """Weigh everyone eligible the year before who does not start, so that they are alike.

    Parameters
    ----------
    panel
        The register panel; its breaches of the contract are raised before work starts.
    on
        Columns as of the year before start, and lags: `["age", *lag("wage_income", 1, 2)]`.
    exact
        Columns whose every value shall be as common among controls as among participants of the
        same start year (entropy), or have a coefficient of its own (ipw). Persons are not compared
        within cells.
    method
        "entropy": within each start year, the weights nearest to equal ones under which the means
        of `on` and `exact` are those of the participants. "ipw": the odds of starting, from a
        logit, adding up to 1 within each start year.
    moments
        Of "entropy": 1 for means, 2 for means and variances of what is not an indicator.
    eligible
        Who can be a candidate, evaluated in the year before start: a boolean column or an
        expression on person-years; None takes the column `eligible` if there is one, else
        everyone observed. A resident without a row then has amounts of zero and all else as in its
        last row; where it is not known who is resident, nobody is compared without a row then,
        participant or candidate.
    controls
        "never": candidates never start. "not_yet": they do not start by `window_end`; who starts
        later is a control before, and a participant after.
    window_end
        With "not_yet" the last year since start that controls are compared in.
    score
        Of "ipw": one logit with a term for each start year, or one logit per start year.
    trim
        Of "ipw": leave out participants and candidates whose propensity score is above this, such
        as 0.99; `attrition` counts them, and effects then speak of those who are left. The logit
        is not fitted again.
    outcomes
        Outcome columns to bring along; all of the panel's by default.
    measure, other_measures
        As in `match`.
    seed
        In a panel by month, seed of the months that candidates are compared from (2025 unless
        given).

    Returns
    -------
    ControlGroup
        Participants of a start year share one weighted set of controls.

    Raises
    ------
    PanelContractError
        The panel breaks its contract.
    SupportError
        No weights give candidates the participants' means, and which mean stands in the way; a
        logit that tells participants from candidates without error; nobody left after trimming; or
        an option that does not exist.

    Warns
    -----
    MihImpactWarning
        One person carries more than a tenth of the weight of all controls.

    Notes
    -----
    Entropy: minimises sum_j w_j log w_j over the candidates of a start year subject to
    sum_j w_j = 1 and sum_j w_j x_j = the participants' mean of x; means agree to 1e-10 of a
    standard deviation. Ipw: w_j = [p_j / (1 - p_j)] / sum of the same (Hajek's normalisation).

    That weights are estimated enters the standard errors of `event_study`.

    References
    ----------
    Hainmueller (2012), Entropy balancing for causal effects, Political Analysis 20(1).
    Zhao and Percival (2017), Entropy balancing is doubly robust, Journal of Causal Inference 5(1).
    Hirano, Imbens and Ridder (2003), Efficient estimation of average treatment effects using the
    estimated propensity score, Econometrica 71(4).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.weight(
    ...     mih.example_panel(),
    ...     exact=["county", "benefit_type"],
    ...     on=["age", *mih.lag("wage_income", 1, 2, 3)],
    ... )
    >>> bool(group.balance().worst < 1e-6)
    True
    """
    panel, about = about_panel(panel, measure, other_measures, verb="weight")
    fetched = outcomes_along(panel, outcomes)
    options = WeightOptions(
        on=as_terms(on),
        exact=arguments.names("exact", exact, error=SupportError),
        method=method,
        moments=moments,
        controls=controls,
        window_end=window_end,
        score=score,
        trim=trim,
        seed=seed_of(panel, seed),
    )
    panel.require()
    columns = [
        term.column if isinstance(term, Lag) else term for term in (*options.on, *options.exact)
    ]
    cube = panel.cube(eligible=eligible, columns=[*columns, *fetched])
    require_outcomes(panel, cube, fetched)
    group = _group(panel, eligible, outcomes, options, weighted(cube, options), about)
    warn_if_concentrated(group, advice=_ADVICE)
    return group


def weighted(cube: Cube, options: WeightOptions, among: Among | None = None) -> Weighted:
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
        return entropy(risk, design)
    return odds(risk, design, pooled=options.score == "pooled", trim=options.trim)


def _group(
    panel: Panel,
    eligible: str | nw.Expr | None,
    outcomes: str | Sequence[str] | None,
    options: WeightOptions,
    found: Weighted,
    about: dict[str, Any],
) -> ControlGroup:
    """Put together the group, with the flow of persons and how it was made."""
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    rule, sets, risk = panel.eligibility(eligible), found.sets, found.risk
    return ControlGroup(
        risk=risk,
        sets=sets,
        score=found.score,
        method=options.method,
        on=options.on,
        exact=options.exact,
        replace=True,
        eligible=rule,
        flow=(*found.flow, _weighted(found.sets, risk.person)),
        ties=0,
        provenance=Provenance.of(
            "weight",
            {
                **{name: value for name, value in given.items() if name != "seed"},
                "on": [str(term) for term in options.on],
                "eligible": rule,
                **about,
            },
            seed=options.seed,
            data=risk.cube.fingerprint,
            evidence=panel.provenance.evidence,
        ),
        recipe=Recipe(panel, weight, {**given, "eligible": eligible, "outcomes": outcomes}),
        window_end=options.not_started_through,
        model=found.model,
    )


def _weighted(sets: Sets, person: np.ndarray[Any, np.dtype[np.int64]]) -> Flow:
    """Return the last step: who has weight."""
    persons = np.unique(person[sets.control])
    return Flow("weighted", WEIGHTED, len(sets.participant), len(persons), len(sets.control))
