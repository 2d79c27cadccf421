"""`match` and `weight`: choose the controls of a programme's participants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import narwhals as nw

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.comparison import Chosen, distinct
from mih_impact.controls.flow import Flow
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.logit import Link
from mih_impact.controls.matching import matched, nobody
from mih_impact.controls.options import (
    METHODS_ELSEWHERE,
    Controls,
    Cutpoints,
    Distance,
    EffectOn,
    GivenScore,
    MatchOptions,
    Method,
    Order,
    Scope,
    Ties,
    WeightMethod,
    WeightOptions,
)
from mih_impact.controls.recipe import (
    Recipe,
    about_panel,
    outcomes_along,
    require_outcomes,
    seed_of,
)
from mih_impact.controls.terms import Lag, Term, as_terms
from mih_impact.display.locale import Label
from mih_impact.errors import OptionError, SupportError, warn
from mih_impact.panel.cube import Cube
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import OtherMeasures

__all__ = ["match", "weight"]

#: A person with a greater share of all control weight is warned of.
SHARE = 0.10

#: The last step of the flow.
_LAST = {
    "match": ("matched", Label(nb="fikk kontroller", en="matched")),
    "weight": ("weighted", Label(nb="fikk vekt", en="weighted")),
}
#: What can be done where one person carries much of the weight.
_ADVICE = {
    "match": "Widen the group with fewer columns in exact=, a larger ratio=, or replace=False.",
    "weight": "Weigh on fewer columns, widen eligible=, or with method='ipw' leave out those who "
    "are almost sure to start with trim=.",
}


@named_options
def match(
    panel: Panel,
    *,
    on: Term | Sequence[Term] = (),
    exact: str | Sequence[str] = (),
    method: Method = "propensity",
    estimand: EffectOn = "att",
    distance: Distance | None = None,
    ties: Ties = "average",
    ratio: int = 5,
    replace: bool = True,
    scope: Scope = "global",
    caliper: float | None = 0.2,
    common_support: bool = False,
    order: Order = "largest",
    eligible: str | nw.Expr | None = None,
    controls: Controls = "never",
    window_end: int = 6,
    score: GivenScore = "pooled",
    link: Link = "logit",
    folds: int | None = None,
    cutpoints: Cutpoints | None = None,
    outcomes: str | Sequence[str] | None = None,
    measure: str | None = None,
    other_measures: OtherMeasures = "risk_set",
    seed: int | None = None,
) -> ControlGroup:
    """Choose controls for every participant among those eligible the year before who do not start.

    Parameters
    ----------
    panel
        The register panel; its breaches of the contract are raised before work starts.
    on
        Columns as of the year before start, and lags: `["age", *lag("wage_income", 1, 2)]`.
    exact
        Columns participants and controls must share, as of the year before start.
    method
        "propensity": nearest on the log odds of a logit. "mahalanobis": nearest by Mahalanobis
        distance on `on`, among those within the caliper on the log odds; with caliper=None among
        all. "exact": every candidate with the same values of `exact` and `on`, each with equal
        weight. "cem": the same, with numbers in bins. To the last two ratio, caliper and order
        mean nothing.
    estimand
        Whose average effect `event_study` is to estimate. "att": of those who start, each with its
        nearest candidates. "atc": of candidates, had they started: each candidate of each start
        year with its nearest participants. "ate": of both. Start years count by their share of
        those who start, whoever the effect is on. The last two need replacement.
    distance
        In place of `method`, nearest by another distance. On the score: "propensity", the log odds,
        or "probability". On `on`: "mahalanobis", with the covariance within the two sides;
        "mahalanobis_total", with that of everybody; "robust_mahalanobis", on ranks;
        "inverse_variance"; "euclidean". See `mahalanobis.coordinates`.
    ties
        With replacement, several controls as near as the last of `ratio`: "average" takes all, with
        equal weight; "random" draws among them by lots that hang on `seed`. Without replacement a
        lot always decides.
    ratio
        Controls wanted per participant; with ties="average" more where several are as near as the
        last.
    replace
        With replacement a person may serve several participants; without, one only.
    scope
        Without replacement a person serves once ("global"), or once in each start year
        ("within_start_year").
    caliper
        Greatest distance on the score, in standard deviations of the log odds (with
        distance="probability" of the probability) over all rows of the risk sets; None for no
        limit. The card says which it is.
    common_support
        Leave out participants whose log odds lie outside the range of the candidates of their
        start year; `attrition` counts them.
    order
        Who chooses first without replacement: largest or smallest log odds, order of start year
        and identifier ("data"), or "random" (needs `seed`). Among equal log odds a lot decides.
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
        With "not_yet" the last year since start that controls are compared in: the last of
        `event_study(window=...)`.
    score
        "pooled": one logit with a term for each start year; "by_start_year": one per start year. Or
        a score of your own, a probability: a column of the panel, read in the year before start, or
        a function that takes the rows of the risk sets and returns one for each (see
        `propensity.rows_as_frame` for their columns). How it was estimated is not known, and no
        standard error counts it; `on` is then for balance alone, and may be empty.
    link
        What the score is estimated by: "logit" or "probit". Nearness is on the log odds of either.
    folds
        Of a score by a function: persons are parted in so many, by `seed`, and each part's score is
        what the function, given the rows of the others and those of the part, returns for the part.
    cutpoints
        Of "cem": by column, the number of bins or the points between them; a lag is named
        "wage_income[-1]". Others get Sturges' number of bins of equal width.
    outcomes
        Outcome columns to bring along; all of the panel's by default.
    measure
        In a register of several measures (its column `measure`), the one to look at: participants
        are those who begin it, from their first time. None takes the start years as they are.
    other_measures
        What other measures do to a control: "risk_set", nothing, the comparison is with what they
        are otherwise offered; "censor", it is compared until it begins one, and is no candidate in
        the period in which it does. What participants begin later is part of the effect.
    seed
        Seed of order="random", of the lots among equals, and in a panel by month of the months that
        candidates are compared from (2025 unless given).

    Returns
    -------
    ControlGroup

    Raises
    ------
    PanelContractError
        The panel breaks its contract.
    SupportError
        No common support, more covariates than participants, or nobody within the caliper.
    OptionError
        An option that does not exist, or that does not go with the others.

    Warns
    -----
    MihImpactWarning
        One person carries more than a tenth of the weight of all controls.

    Notes
    -----
    A participant's weight is 1 and its controls' weights are equal and add up to 1. Neighbours of
    one participant are different persons.

    No identifier decides who is compared. With replacement everybody is a control who is no farther
    than the ratio-th nearest, each with the weight 1 / #J (Abadie and Imbens 2006, section 2; R's
    Matching with `ties=TRUE`, Stata's teffects): of 7 where 5 are asked for and the last three are
    equally near, each weighs 1/7. Without replacement one of those who are equally near is drawn,
    as is who chooses first among equal log odds: the lots hang on `seed`, and another seed gives
    another draw. Distances that differ by no more than 1e-9 are equal: rounding by the order of
    sums is some 1e-14. A probability is measured in its standard deviations for that.

    The caliper of 0.2 is Austin's, and stays on unless it is taken off: a participant whom nobody
    resembles is better left out and counted than compared with somebody else. R's MatchIt and
    Matching and Stata's teffects have none: caliper=None. `docs/commands.md` has the options that
    give their defaults.

    Without replacement controls are chosen in rounds: everyone chooses a first before anyone
    chooses a second. The Mahalanobis distance is that of R's MatchIt: the covariance within
    participants and within candidates, pooled (`mahalanobis.whiten`); with a caliper it is MatchIt
    with `mahvars`, the score deciding who is near enough and who chooses first.

    References
    ----------
    Abadie and Imbens (2006), Large sample properties of matching estimators for average treatment
    effects, Econometrica 74(1), for ties.
    Stuart (2010), Matching methods for causal inference, Statistical Science 25(1), sections 3-4.
    Austin (2011), Optimal caliper widths, Pharmaceutical Statistics 10(2), for the 0.2.
    Rubin and Thomas (2000), Combining propensity score matching with additional adjustments, JASA
    95(450), for Mahalanobis within calipers.
    Iacus, King and Porro (2012), Causal inference without balance checking: coarsened exact
    matching, Political Analysis 20(1).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(
    ...     mih.example_panel(),
    ...     exact=["county", "benefit_type"],
    ...     on=["age", "education", *mih.lag("wage_income", 1, 2, 3)],
    ... )
    >>> group.attrition()["step"].tolist()
    ['register', 'observed', 'cell', 'matched']
    """
    call = _Call.of(match, panel, eligible, measure, other_measures, outcomes)
    method = _by_distance(method, distance)
    by_nearness = arguments.is_one_of(method, get_args(Distance))
    drawn = arguments.is_one_of(ties if replace is True else order, ("random",))
    lots = drawn if replace is True else replace is False and not drawn
    seed = seed_of(call.panel, seed, lots=by_nearness and lots)
    options = MatchOptions(
        on=as_terms(on),
        exact=arguments.names("exact", exact),
        method=method,
        estimand=estimand,
        ties=ties,
        ratio=ratio,
        replace=replace,
        scope=scope,
        caliper=caliper,
        common_support=common_support,
        order=order,
        controls=controls,
        window_end=window_end,
        score=score,
        link=link,
        folds=folds,
        cutpoints=cutpoints,
        seed=seed,
    )
    chosen = matched(call.cube(options), options)
    if not len(chosen.sets.participant):
        raise nobody(chosen, options)
    return call.group(options, chosen)


def _by_distance(method: Method, distance: Distance | None) -> Method:
    """Return the method that a distance is, or raise where another method is given beside it."""
    if distance is None:
        return method
    known = METHODS_ELSEWHERE["match", "distance"]
    arguments.choice("match", "distance", distance, (None, *get_args(Distance)), known)
    if method not in ("propensity", distance):
        raise OptionError(
            "A distance is a method of its own",
            found=f"method={arguments.shown(method)} and distance={distance!r}",
            do="leave out method=, or distance=",
        )
    return distance


@named_options
def weight(
    panel: Panel,
    *,
    on: Term | Sequence[Term] = (),
    exact: str | Sequence[str] = (),
    method: WeightMethod = "entropy",
    estimand: EffectOn = "att",
    moments: Literal[1, 2] = 1,
    eligible: str | nw.Expr | None = None,
    controls: Controls = "never",
    window_end: int = 6,
    score: GivenScore = "pooled",
    link: Link = "logit",
    folds: int | None = None,
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
    estimand
        Whose average effect `event_study` is to estimate: "att", of those who start: candidates are
        weighted to be like them. "atc", of candidates, had they started: participants are weighted
        to be like them. "ate", of both: both sides are weighted to be like everybody in the risk
        set. Start years count by their share of those who start, whoever the effect is on.
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
        Of "ipw": "pooled", one logit with a term for each start year; "by_start_year", one per
        start year; or a score of your own, a column or a function, as in `match`.
    link
        Of "ipw": "logit" or "probit".
    folds
        As in `match`.
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
        logit that tells participants from candidates without error; or nobody left after trimming.
    OptionError
        An option that does not exist, or that does not go with the others.

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
    from mih_impact.controls.weighting import weighted

    call = _Call.of(weight, panel, eligible, measure, other_measures, outcomes)
    options = WeightOptions(
        on=as_terms(on),
        exact=arguments.names("exact", exact),
        method=method,
        estimand=estimand,
        moments=moments,
        controls=controls,
        window_end=window_end,
        score=score,
        link=link,
        folds=folds,
        trim=trim,
        seed=seed_of(call.panel, seed),
    )
    return call.group(options, weighted(call.cube(options), options))


@dataclass(frozen=True, eq=False)
class _Call:
    """A call of `match` or `weight`: of which panel it is asked, and for whom.

    Attributes
    ----------
    verb
        Which of the two.
    panel
        The panel in which those start who begin the measure.
    about
        What provenance says of the panel.
    eligible, outcomes
        As given.
    """

    verb: Callable[..., ControlGroup]
    panel: Panel
    about: dict[str, Any]
    eligible: str | nw.Expr | None
    outcomes: str | Sequence[str] | None

    @classmethod
    def of(
        cls,
        verb: Callable[..., ControlGroup],
        panel: Panel,
        eligible: str | nw.Expr | None,
        measure: str | None,
        other_measures: OtherMeasures,
        outcomes: str | Sequence[str] | None,
    ) -> _Call:
        """Look at the panel, and at the names of outcomes."""
        panel, about = about_panel(panel, measure, other_measures, verb=verb.__name__)
        outcomes_along(panel, outcomes)
        return cls(verb, panel, about, eligible, outcomes)

    def cube(self, options: MatchOptions | WeightOptions) -> Cube:
        """Fetch the persons, with what is conditioned on and the outcomes brought along."""
        outcomes = outcomes_along(self.panel, self.outcomes)
        lags = [str(term) for term in options.on if isinstance(term, Lag)]
        if self.panel.cross_section and lags:
            raise SupportError(
                "A cross-section has no earlier years",
                found=f"on={', '.join(lags)}",
                do="name the columns themselves: all but the outcomes are from before treatment",
            )
        self.panel.require()
        cube = self.panel.cube(eligible=self.eligible, columns=[*options.columns, *outcomes])
        require_outcomes(self.panel, cube, outcomes)
        return cube

    def group(self, options: MatchOptions | WeightOptions, chosen: Chosen) -> ControlGroup:
        """Put together the group, with the flow of persons and how it was made."""
        risk, sets, name = chosen.risk, chosen.sets, self.verb.__name__
        persons = len(distinct(risk.person[sets.control]))
        last = Flow(*_LAST[name], len(sets.participant), persons, len(sets.control))
        rule, asked = self.panel.eligibility(self.eligible), options.as_dict()
        told = {key: value for key, value in asked.items() if key != "seed"}
        group = ControlGroup(
            **{**vars(chosen), "flow": (*chosen.flow, last)},
            method=options.method,
            estimand=options.estimand,
            on=options.on,
            exact=options.equal,
            replace=options.with_replacement,
            eligible=rule,
            provenance=self.panel.provenance.then(
                name,
                {**told, "on": [str(term) for term in options.on], "eligible": rule, **self.about},
                seed=options.seed,
                data=risk.cube.fingerprint,
            ),
            recipe=Recipe(
                self.panel,
                self.verb,
                {**asked, "eligible": self.eligible, "outcomes": self.outcomes},
            ),
            window_end=options.not_started_through,
        )
        _warn_if_concentrated(group, advice=_ADVICE[name])
        return group


def _warn_if_concentrated(group: ControlGroup, *, advice: str) -> None:
    """Warn when one person carries more than a tenth of the weight of all controls.

    Where a person stands in for one participant at most, that is the group's smallness, which its
    card tells, and nobody is warned. `advice` says what the caller of the verb can do.
    """
    weight = group.person_weight
    heaviest, total = float(weight.max()), float(weight.sum())
    if heaviest > SHARE * total and heaviest > 1.0 + 1e-9:
        warn(
            f"One person carries {heaviest / total:.0%} of the weight of all controls, as much as "
            f"{heaviest:.1f} of {group.n_participants} participants: the comparison hangs on that "
            f"person. {advice}"
        )
