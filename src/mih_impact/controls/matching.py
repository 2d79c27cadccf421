"""`match`: choose each participant's controls within start year and exact cell."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import numpy as np

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.flow import Flow
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.matching_methods import Chosen, choose
from mih_impact.controls.options import (
    Controls,
    Cutpoints,
    MatchOptions,
    Method,
    Order,
    Scope,
    ScoreKind,
)
from mih_impact.controls.overlap import warn_if_concentrated
from mih_impact.controls.recipe import (
    Recipe,
    about_panel,
    outcomes_along,
    require_outcomes,
    seed_of,
)
from mih_impact.controls.terms import Lag, Term, as_terms
from mih_impact.display.locale import Label
from mih_impact.display.result import Provenance
from mih_impact.errors import SupportError
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import OtherMeasures

__all__ = ["Method", "Order", "match", "nobody"]

MATCHED = Label(nb="fikk kontroller", en="matched")
_ADVICE = "Widen the group with fewer columns in exact=, a larger ratio=, or replace=False."


@named_options
def match(
    panel: Panel,
    *,
    on: Term | Sequence[Term] = (),
    exact: str | Sequence[str] = (),
    method: Method = "propensity",
    ratio: int = 5,
    replace: bool = True,
    scope: Scope = "global",
    caliper: float | None = 0.2,
    common_support: bool = False,
    order: Order = "largest",
    eligible: str | nw.Expr | None = None,
    controls: Controls = "never",
    window_end: int = 6,
    score: ScoreKind = "pooled",
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
    ratio
        Controls wanted per participant; with replacement more where several are as near as the
        last.
    replace
        With replacement a person may serve several participants; without, one only.
    scope
        Without replacement a person serves once ("global"), or once in each start year
        ("within_start_year").
    caliper
        Greatest distance, in standard deviations of the log odds over all rows of the risk sets;
        None for no limit.
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
        One logit with a term for each start year, or one logit per start year.
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
        Seed of order="random"; without replacement of the lots among equals, and in a panel by
        month of the months that candidates are compared from (2025 unless given).

    Returns
    -------
    ControlGroup

    Raises
    ------
    PanelContractError
        The panel breaks its contract.
    SupportError
        No common support, more covariates than participants, nobody within the caliper, or an
        option that does not exist.

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
    another draw. Distances on the log odds, or by Mahalanobis, that differ by no more than 1e-9 are
    equal: rounding by the order of sums is some 1e-14.

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
    panel, about = about_panel(panel, measure, other_measures, verb="match")
    fetched = outcomes_along(panel, outcomes)
    by_nearness = arguments.is_one_of(method, ("propensity", "mahalanobis"))
    drawn = arguments.is_one_of(order, ("random",))
    seed = seed_of(panel, seed, lots=by_nearness and replace is False and not drawn)
    options = MatchOptions(
        on=as_terms(on),
        exact=arguments.names("exact", exact, error=SupportError),
        method=method,
        ratio=ratio,
        replace=replace,
        scope=scope,
        caliper=caliper,
        common_support=common_support,
        order=order,
        controls=controls,
        window_end=window_end,
        score=score,
        cutpoints=cutpoints,
        seed=seed,
    )
    panel.require()
    columns = [
        term.column if isinstance(term, Lag) else term for term in (*options.on, *options.exact)
    ]
    cube = panel.cube(eligible=eligible, columns=[*columns, *fetched])
    require_outcomes(panel, cube, fetched)
    chosen = choose(cube, options)
    risk, sets = chosen.risk, chosen.sets
    if not len(sets.participant):
        raise nobody(chosen, options)
    persons = np.unique(risk.person[sets.control])
    last = Flow("matched", MATCHED, len(sets.participant), len(persons), len(sets.control))
    rule = panel.eligibility(eligible)
    group = ControlGroup(
        risk=risk,
        sets=sets,
        score=chosen.score,
        method=method,
        on=options.on,
        exact=options.equal,
        replace=replace if chosen.neighbours else True,
        eligible=rule,
        flow=(*chosen.flow, last),
        ties=chosen.ties,
        provenance=Provenance.of(
            "match",
            {
                **{name: value for name, value in options.as_dict().items() if name != "seed"},
                "on": [str(term) for term in options.on],
                "eligible": rule,
                **about,
            },
            seed=seed,
            data=cube.fingerprint,
            evidence=panel.provenance.evidence,
        ),
        recipe=Recipe(
            panel, match, {**options.as_dict(), "eligible": eligible, "outcomes": outcomes}
        ),
        whitened=chosen.whitened,
        window_end=options.not_started_through,
    )
    warn_if_concentrated(group, advice=_ADVICE)
    return group


def nobody(chosen: Chosen, options: MatchOptions) -> SupportError:
    """Return the error for a group without anybody."""
    participants = int(chosen.risk.treated.sum())
    if options.method == "cem":
        return SupportError(
            "No cell of the coarsened columns holds both a participant and a candidate",
            found=f"{participants} participants in {len(np.unique(chosen.risk.cell))} cells",
            do="give fewer bins with cutpoints=, or match on fewer columns",
        )
    return SupportError(
        "No participant has a control within the caliper",
        found=f"{participants} participants, caliper {options.caliper}",
        do="widen caliper= or match on fewer columns",
    )
