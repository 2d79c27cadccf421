"""`group_time_effects`: an effect for every start year and year, all outcomes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.recipe import about_panel, require_units, require_years
from mih_impact.controls.risk_set import require_starters
from mih_impact.controls.terms import Lag, Term, as_terms
from mih_impact.effects.group_time.adjusted import TRIM, Estimator
from mih_impact.effects.group_time.cells import GroupTimeMethod
from mih_impact.effects.group_time.estimate import Estimates, clustered, estimate_all
from mih_impact.effects.group_time.giving import giving_of
from mih_impact.effects.group_time.result import GroupTimeEffects, build_result
from mih_impact.effects.group_time.sample import (
    BasePeriod,
    Controls,
    Outcomes,
    StartGroup,
    Windows,
    build_windows,
    cluster_labels,
    read_outcomes,
    require_cluster,
    require_followed,
    start_groups,
)
from mih_impact.effects.series import not_estimated
from mih_impact.errors import EffectsError, PanelContractError, warn
from mih_impact.panel.cube import Dead
from mih_impact.panel.panel import Panel
from mih_impact.storage import Later

__all__ = ["group_time_effects"]

IntArray = NDArray[np.int64]


@named_options
def group_time_effects(
    panel: Panel,
    *,
    outcomes: str | Sequence[str],
    covariates: Term | Sequence[Term] = (),
    exact: str | Sequence[str] = (),
    eligible: str | nw.Expr | None = None,
    controls: Controls = "never",
    estimator: Estimator = "dr",
    base_period: BasePeriod = "universal",
    anticipation: int = 0,
    cluster: Term = "person",
    dead: Dead = "zero",
    measure: str | None = None,
    level: float = 0.95,
    seed: int = 2025,
) -> GroupTimeEffects:
    """Estimate the average effect on those who start in a year, in every year.

    Parameters
    ----------
    panel
        The register panel; its breaches of the contract are raised before work starts.
    outcomes
        Columns with a unit, see `read_panel`, and shares ("in_work", "on_benefit"); all of them
        share one influence, so any combination of them has its variance.
    covariates
        Columns and lags as of the base year start - 1 - anticipation.
    exact
        Columns that starters and controls must share, as of the year before start. With covariates
        the cells enter both models as indicators.
    eligible
        Who can be a control, evaluated in the year before start: a boolean column or an expression
        on person-years; None takes the column `eligible` if there is one, else everyone observed.
        A year without a row counts as in `match`, for starters and controls alike.
    controls
        "never": persons who never start. "not_yet": also those who start later than the year and
        its base (and than anticipation reaches).
    estimator
        "dr": doubly robust. "ipw": weighting. "reg": outcome regression. Without covariates they
        are the same difference of mean changes.
    base_period
        "universal": every year is compared with start - 1 - anticipation. "varying": years before
        the start are compared with the year before them.
    anticipation
        Years before the start in which the programme may already show.
    cluster
        "person": a person is one cluster, however many start years it serves. Or a column above the
        person, such as "municipality", as it stood in the year before the first start year that a
        person serves; at least 20 clusters. `multiplier_bootstrap` of the averages then weighs
        clusters, as R's did does with `clustervars`.
    dead
        Income after death or emigration: "zero" (per starter) or "missing" (among survivors).
    measure
        In a register of several measures, the one to look at, as in `match`; who begins another can
        be a control like anybody.
    level
        Coverage of intervals, and of the bands of averages.
    seed
        Seed of the draws behind the bands' critical values.

    Returns
    -------
    GroupTimeEffects
        Money in fixed prices of the panel's price year.

    Raises
    ------
    PanelContractError
        The panel breaks its contract.
    OptionError
        An option that does not exist.
    EffectsError
        Fewer than 20 clusters.
    SupportError
        Nobody starts or nobody can be compared; every person is seen in one year only (repeated
        cross-sections); no start year's models can be fitted: the first
        covariate that stands in the way is named.
    MihImpactWarning
        Controls with a propensity of 0.995 or more, which weigh nothing (a warning).

    Notes
    -----
    ATT(g, t) of Callaway and Sant'Anna (2021). Every (g, t) compares those seen in t and in its
    base, so a missing row costs its own comparisons only; the counts stand in the frame. Starters
    in exact cells without controls are lost and counted. What cannot be estimated is missing with
    its `reason`. With design weights (`read_panel(weights=)`) every mean, model and share of start
    years is weighted, as with `weightsname` of R's did; persons are counted, small cells among
    them. Standard errors are the root of the summed squares of influence, without a
    small-sample factor, as R's did has them; estimated models and shares are in the influence.

    Two choices that other implementations make otherwise: weights of "dr" are normalised, as in
    R's DRDID; and covariates are read once a start year, also for the early years of "varying".

    References
    ----------
    Callaway and Sant'Anna (2021), Difference-in-differences with multiple time periods, Journal of
    Econometrics 225(2). Sant'Anna and Zhao (2020), Doubly robust difference-in-differences
    estimators, Journal of Econometrics 219(1).

    Examples
    --------
    >>> import mih_impact as mih
    >>> effects = mih.group_time_effects(
    ...     mih.example_panel(), outcomes="wage_income", exact=["county", "benefit_type"]
    ... )
    >>> effects.estimate.shape == (1, len(effects.starts), len(effects.years))
    True
    >>> effects.aggregate("event", window=(-5, 6)).levels[0]
    -5
    """
    panel, about = about_panel(panel, measure, "risk_set", verb="group_time_effects")
    require_years(panel, "group_time_effects")
    if panel.period != "year":
        raise PanelContractError(
            "group_time_effects compares calendar years, and the panel is by month",
            found=f"period={panel.period!r}",
            do="use mih.event_study, whose years since start begin in the month of start; or sum "
            "the months to years and read the panel with period='year'",
        )
    names = tuple(dict.fromkeys(arguments.names("outcomes", outcomes, least=1)))
    terms = as_terms(covariates, "covariates")
    cells = arguments.names("exact", exact)
    arguments.unrepeated("exact", cells)
    what = "Anticipation counts years before start"
    arguments.whole("anticipation", anticipation, low=0, high=100, what=what)
    arguments.level(level)
    arguments.seed(seed)
    _require_options(controls, estimator, base_period, dead)
    require_cluster(cluster)
    above = [] if cluster == "person" else [cluster]
    columns = [term.column if isinstance(term, Lag) else term for term in (*terms, *cells, *above)]
    cube = panel.cube(eligible=eligible, columns=[*columns, *names])
    if cube.others is not None:
        raise EffectsError(
            "group_time_effects does not end comparisons where other measures begin",
            found="a panel made by for_measure(other_measures='censor')",
            do="use match or weight with other_measures='censor', and event_study; or give "
            "panel.for_measure(..., other_measures='risk_set')",
        )
    require_starters(cube)
    require_followed(cube, "group_time_effects")
    require_units(cube, names)
    values = read_outcomes(cube, names, dead=dead)
    windows = build_windows(cube, base_period, anticipation)
    groups, flow = start_groups(
        cube, windows, covariates=terms, exact=cells, controls=controls, anticipation=anticipation,
        logit=estimator != "reg",
    )  # fmt: skip
    label = None
    if cluster != "person":
        serving = [(g.start_year, np.concatenate([g.treated, g.control])) for g in groups]
        label = cluster_labels(cube, serving, cluster)
    found = estimate_all(groups, values, windows, estimator)
    if label is not None:
        found = clustered(found, label)
    _require_some(found)
    method = GroupTimeMethod(
        covariates=tuple(map(str, terms)),
        exact=cells,
        eligible=panel.eligibility(eligible),
        controls=controls,
        estimator=estimator,
        base_period=base_period,
        anticipation=anticipation,
        level=level,
        seed=seed,
        cluster=str(cluster),
    )
    options = {"outcomes": list(names), "dead": dead, **about, **vars(method)}
    options |= not_estimated(cube.schemes, names)
    provenance = panel.provenance.then(
        "group_time_effects", options, seed=seed, data=cube.fingerprint
    )
    return build_result(
        found, groups, windows, names, _reasons(found, groups, values, windows), method,
        cube=cube, giving=Later(lambda: (giving_of(groups, values, windows),)), flow=flow,
        provenance=provenance,
    )  # fmt: skip


def _require_options(
    controls: str,
    estimator: str,
    base_period: str,
    dead: str,
) -> None:
    """Raise on an option that does not exist."""
    choices = (
        ("controls", controls, get_args(Controls)),
        ("estimator", estimator, get_args(Estimator)),
        ("base_period", base_period, get_args(BasePeriod)),
        ("dead", dead, get_args(Dead)),
    )
    for name, value, allowed in choices:
        arguments.choice("group_time_effects", name, value, allowed)


def _require_some(found: Estimates) -> None:
    """Raise if the models failed everywhere; warn of controls that weigh nothing."""
    compared = found.failed or found.trimmed
    beside_base = found.influence.covariance.diagonal() > 0
    if found.failed and not (np.isfinite(found.estimate).ravel() & beside_base).any():
        raise next(iter(found.failed.values()))
    if compared and found.trimmed:
        warn(
            f"Some controls are as good as certain to start by their covariates: {found.trimmed} "
            f"times a propensity of {TRIM} or more. They weigh nothing."
        )


def _reasons(
    found: Estimates, groups: Sequence[StartGroup], values: Outcomes, windows: Windows
) -> NDArray[np.object_]:
    """Return why an estimate or its standard error is missing, "" where neither is, (K, G, T)."""
    K, T = values.shape
    reason = np.full((K, len(groups), T), "", dtype=object)
    missing = np.isnan(found.estimate)
    reason[missing] = "nobody_to_compare"
    reason[:, windows.base < 0] = "no_base_year"
    for (k, column), _ in found.failed.items():
        reason[column // T, k, column % T] = "models_not_estimable"
    reason[~missing & (found.n_participants == 1)] = "one_participant"
    reason[:, windows.base == np.arange(T)] = "base_year"
    return reason
