"""`event_study`: effects by year since start, all outcomes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.subgroups import ALL, By, Parts, own_groups, split
from mih_impact.controls.terms import Lag, Term
from mih_impact.effects.adjustment import Adjust, Adjustment, OutcomeRegression
from mih_impact.effects.estimated_weights import require_estimated, require_theory
from mih_impact.effects.estimates import with_table
from mih_impact.effects.filled import require_fillable
from mih_impact.effects.inference.covariance import (
    cluster_of,
    clustered,
    clustered_kind,
    require_clusters,
)
from mih_impact.effects.inference.small_sample import (
    SmallSample,
    require_small_sample,
)
from mih_impact.effects.influence import Influence, critical_values
from mih_impact.effects.part_estimates import EstimationOptions, PartEstimate, estimate_parts
from mih_impact.effects.question import (
    Composition,
    Estimator,
    Question,
    StandardError,
    TargetEffects,
    is_cross_section,
    is_matched_on,
    read_target,
    require_choice,
    takes_question,
)
from mih_impact.effects.series import EffectSeries, not_estimated
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.cube import Dead
from mih_impact.storage import Later

__all__ = ["event_study", "resolved_se"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_REGRESSIONS = get_args(OutcomeRegression)


# More than ten parameters: each is a choice of its own, and what is repeated goes as question=.
@named_options
@takes_question()
def event_study(
    group: ControlGroup,
    *,
    question: Question | None = None,
    outcomes: str | Sequence[str] | None = None,
    estimator: Estimator = "did",
    base: int | Sequence[int] = -1,
    window: tuple[int, int] = (-5, 6),
    composition: Composition | Literal["filled"] = "available",
    se: StandardError = "auto",
    cluster: Term = "person",
    dead: Dead = "zero",
    by: By | tuple[Lag] | None = None,
    adjust: Adjust = False,
    outcome_regression: OutcomeRegression = "weighted",
    folds: int | None = None,
    score_correction: bool = False,
    small_sample: SmallSample = "auto",
    level: float = 0.95,
    seed: int = 2025,
) -> EffectSeries:
    """Estimate the average effect on those who started, by year since start.

    Parameters
    ----------
    group
        Participants and their controls.
    question
        In place of `outcomes`, `window` and the other options that are part of it: effects on its
        outcome, from its first year to its last.
    outcomes
        Columns with a unit, see `read_panel`, and shares ("in_work", "on_benefit"); by default
        wage income, every benefit scheme, and every column whose unit was declared, of those that
        came along.
    estimator
        "did": change from the base year, participants less controls; "difference": levels.
    base
        The base year relative to start, before it, or several whose mean is the base.
    window
        First and last year since start, inclusive. Of a cross-section the only one, 0.
    composition
        "available": each year speaks for the start years seen in it. "balanced": every year speaks
        for the start years seen throughout the window. "cohort_weighted": each start year has the
        weight of its share of all matched participants; a year not seen for all of them is missing,
        and `reason` says why. "filled": as "cohort_weighted", and years that later start years have
        not come to are filled by their own first years, scaled as in those seen throughout; counts
        and means are of those seen. See `filled.fill`.
    se
        "auto": "abadie_imbens" for matching with replacement and for cells, "matched_set" where
        nobody is in two sets, "estimated_weights" for `weight`; else "person": weights taken as
        fixed, clustered by person.
    cluster
        "person", or a column above the person as it stood in the year before start, such as
        "municipality": the rows of "person" or "estimated_weights" are added up within clusters,
        of which there are at least 20; see `clustered`. With fewer, `wild_bootstrap`.
    dead
        Income after death or emigration: "zero" (per starter) or "missing" (among survivors).
    by
        Split the participants by a column as it stood in the year before start, by "start_year", by
        `cut("age", 30, 40)`, which "age" alone does too (30, 40, 50), or by `completers(column)`,
        which is no effect and says so. Each subgroup has controls of its own, matched or weighted
        within it by the options of the group. The effects of all together, "all", come first, and
        the covariance is over everything. Who has no value is the subgroup "(missing)", compared
        with candidates who have none.
    adjust
        Take out of every change what the columns of `on` explain of it among the controls, by a
        weighted regression: the bias adjustment of Abadie and Imbens (2011) for matching, and
        for weights inverse probability weighted regression adjustment (IPWRA), as Stata's
        `teffects ipwra`. Columns, or lags, by name are adjusted by instead of `on`, as they stood
        before start: outcome and treatment then have models of their own. Or a function of your
        own predicts the change: it takes rows to learn from, which are candidates with their
        `change`, and rows to predict, as `propensity.rows_as_frame` has them (`attrs` of both say
        the outcome and the year since start), and returns a number for each of the latter. Or
        predictions are columns of the panel, {"wage_income": "predicted"}: what is predicted of
        each outcome without treatment in every row, in its unit and its years' prices; changes are
        compared less the predictions' own. How predictions were estimated is not known, and no
        standard error counts it.
    outcome_regression
        For weights. "weighted": the regression has the weights of the group. "unweighted": it has
        none, so that the weights correct what it leaves (AIPW, as `teffects aipw`).
    folds
        Of a function: persons are parted in so many, by `seed`, and each part is predicted from the
        others, the parts being those of `weight(folds=)` with the same seed.
    score_correction
        For propensity matching with replacement: count the score as estimated in the Abadie-Imbens
        standard errors (Abadie and Imbens 2016), which makes them smaller or larger; see
        `estimated_weights.corrected`. `se` of the result is then "abadie_imbens_2016".
    small_sample
        The correction of standard errors that are clustered by person, matched set or `cluster`:
        "none", "CR1", "CR1S" (as Stata's `regress, vce(cluster)`) or "CR2" (Bell and McCaffrey),
        see `small_sample_rows`. Intervals of "CR1S" and "CR2" are t intervals. "CR2" is made for
        few clusters, and may have fewer than 20. "auto" is "CR1" by person or matched set, once
        more where `cluster` lies above the person, and "none" for weights that were estimated.
    level
        Coverage of intervals and of simultaneous bands.
    seed
        Seed of the draws behind the bands' critical values.

    Returns
    -------
    EffectSeries
        Money in fixed prices of the panel's price year.

    Raises
    ------
    OptionError
        An unknown outcome or option, a base year that is not before start, an adjustment by
        nothing, or a question beside an option that is part of it.
    EffectsError
        A window that no start year covers, a base year without register rows, a correction for an
        estimated score where it has no theory, or a split by too many values, by what is known only
        after start, or into subgroups of which none has controls of its own.

    Notes
    -----
    See `comparison.compare` for the estimate and `influence` for its covariance, which is over all
    years and outcomes at once. Bands cover all non-base years of an outcome together. Years whose
    outcome entered `on` are marked `matched_on`. `n_lost` counts matched participants whose year
    lies within the register but who are not compared in it.

    A subgroup is estimated as if the register held no others: score, caliper, bins, weights and, by
    month, the months of candidates are its own. A subgroup too small for that has no estimate, and
    `reason` says why; its participants, and those who find controls in the whole and not in their
    subgroup, are in `n_lost`. Subgroups need not add up to "all", whose controls are like all
    participants in the mean and not like each subgroup; they do where controls are chosen within
    the subgroups anyhow, as in cells of the column. One participant alone has an estimate but no
    standard error, and `reason` says so.

    References
    ----------
    Abadie and Imbens (2006), Large sample properties of matching estimators, Econometrica 74(1).
    Abadie and Imbens (2011), Bias-corrected matching estimators, JBES 29(1).
    Abadie and Imbens (2016), Matching on the estimated propensity score, Econometrica 84(2).
    Abadie and Spiess (2022), Robust post-matching inference, JASA 117(538).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> mih.event_study(group, outcomes=["wage_income"], window=(-1, 1)).event_years
    (-1, 0, 1)
    """
    del question  # it has come as the single options
    window = _only_period(group, window)
    fills = arguments.is_one_of(composition, ["filled"])
    among: Any = "cohort_weighted" if fills else composition
    target = read_target(group, outcomes, estimator, base, window, among, dead)
    arguments.choice("event_study", "outcome_regression", outcome_regression, _REGRESSIONS)
    adjustment = Adjustment.of(adjust, outcome_regression, folds, seed)
    adjusted = adjustment is not None
    arguments.flag("score_correction", score_correction)
    arguments.level(level)
    arguments.seed(seed)
    require_choice("small_sample", small_sample, get_args(SmallSample))
    require_choice("se", se, get_args(StandardError))
    own_way = score_correction or small_sample != "auto"
    _require_estimand(group, se, cluster, corrected=own_way)
    if fills:
        require_fillable(group, corrected=own_way)
    _require_se(group, se)
    by_person = isinstance(cluster, str) and cluster == "person"
    kind = resolved_se(se, [group]) if by_person else clustered_kind(se, group)
    if score_correction:
        require_theory(group, kind, adjust=adjusted)
    if adjustment is not None:
        adjustment.require(group, target.outcomes)
    parts = None if by is None else split(group, by)
    own = [] if parts is None else own_groups(group, parts)
    groups = [group, *(each for each in own if isinstance(each, ControlGroup))]
    if by_person:
        kind = resolved_se(se, groups)
    require_small_sample(small_sample, kind, adjust=adjusted, composition=composition)
    label = None
    if small_sample != "auto" and not by_person:
        label = _clusters(groups, cluster, few=small_sample == "CR2")
    options = EstimationOptions(
        target, kind, adjustment, score_correction, small_sample, label, fills
    )
    estimates = estimate_parts(group, parts, own, options)
    influence = Influence.stack([each_part.influence for each_part in estimates])
    if score_correction:
        kind = "abadie_imbens_2016"
    if not by_person and label is None:
        influence = clustered(group, influence, cluster, groups[1:])
    told = {
        "match": group.provenance.options,
        "outcomes": list(target.outcomes),
        "estimator": estimator,
        "base": list(target.bases),
        "window": [target.years[0], target.years[-1]],
        "composition": composition,
        "se": kind,
        "cluster": str(cluster),
        "dead": dead,
        "by": None if parts is None else parts.split.by,
        "adjust": False if adjustment is None else adjustment.told(),
        **({} if folds is None else {"folds": folds}),
        "outcome_regression": outcome_regression,
        "score_correction": score_correction,
        "small_sample": small_sample,
        "level": level,
        **({"cross_section": True} if group.cross_section else {}),
    }
    return _series(group, target, parts, estimates, influence, told, seed)


def _series(
    group: ControlGroup,
    target: TargetEffects,
    parts: Parts | None,
    estimates: Sequence[PartEstimate],
    influence: Influence,
    told: dict[str, Any],
    seed: int,
) -> EffectSeries:
    """Put the estimates of all, and of each subgroup, into one result."""
    estimate = np.concatenate([each_part.comparison.estimate for each_part in estimates])
    matrix = influence.covariance
    unseen = np.isnan(estimate) | np.concatenate([each_part.alone for each_part in estimates])
    matrix[unseen], matrix[:, unseen] = np.nan, np.nan
    subgroups = (ALL,) if parts is None else tuple(parts.split.names)
    names, cube, level = target.outcomes, group.risk.cube, told["level"]
    rows = [f"{subgroup}/{name}" for subgroup in subgroups for name in names]
    series = EffectSeries(
        outcomes=names,
        levels=target.years,
        estimate=estimate.reshape(len(rows), len(target.years)),
        matrix=matrix,
        units={name: cube.unit_of(name) for name in names},
        price_year=cube.price_year,
        se=told["se"],
        provenance=group.provenance.then(
            "event_study", told | not_estimated(cube.schemes, names), seed=seed
        ),
        base=target.bases,
        coverage=_coverage(estimates[0]),
        subgroups=subgroups,
        split=None if parts is None else parts.split,
        df=_degrees(estimates),
        influence=influence,
        giving=(_contributions(estimates),),
        balance=Later(lambda: [group.balance()]),
    )
    return with_table(
        series,
        level=level,
        critical=critical_values(matrix, rows, target.is_base, level=level, seed=seed),
        columns=_columns(group, target, estimates),
    )


def resolved_se(se: StandardError, groups: Sequence[ControlGroup]) -> str:
    """Return the standard error that "auto" means for a group and its subgroups."""
    if se != "auto":
        return se
    if groups[0].model is not None:
        return "person" if groups[0].estimated_model is None else "estimated_weights"
    if groups[0].replace:
        return "abadie_imbens"
    return "matched_set" if all(map(_sets_are_apart, groups)) else "person"


def _sets_are_apart(group: ControlGroup) -> bool:
    """Return whether nobody is in two sets, be it as a participant or as a control."""
    sets = group.sets
    who = group.risk.person[np.concatenate([sets.participant, sets.control])]
    return len(np.unique(who)) == len(who)


def _columns(
    group: ControlGroup, target: TargetEffects, estimates: Sequence[PartEstimate]
) -> dict[str, NDArray[Any]]:
    """Return the further columns of the tidy table, all subgroups one after the other."""
    matched_on = [is_matched_on(group, name, e) for name in target.outcomes for e in target.years]
    parts = [{**each_part.columns(), "matched_on": np.array(matched_on)} for each_part in estimates]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _only_period(group: ControlGroup, window: tuple[int, int]) -> tuple[int, int]:
    """Return the window, of a cross-section the one period if that is in it."""
    if not is_cross_section(group):
        return window
    first, last = arguments.window(window)
    return (0, 0) if first <= 0 <= last else (first, last)


def _clusters(groups: Sequence[ControlGroup], cluster: Term, *, few: bool) -> IntArray:
    """Return the cluster above the person of everybody in the cube, or raise on too few."""
    label = cluster_of(groups[0], cluster, groups[1:])
    require_clusters(label, cluster, few=few)
    return label


def _coverage(part: PartEstimate) -> dict[str, int]:
    """Return for whom the effects on all speak."""
    starts = part.group.risk.start_years
    return {
        "participants": part.group.flow[0].participants,
        "matched": part.target.n_included(part.group),
        "compared": part.compared,
        "first_start_year": int(starts[0]),
        "last_start_year": int(starts[-1]),
    }


def _degrees(estimates: Sequence[PartEstimate]) -> FloatArray | None:
    """Return the degrees of freedom of every row of the tidy table, None where there are none."""
    if all(part.df is None for part in estimates):
        return None
    size = estimates[0].comparison.n.shape
    return np.concatenate([np.full(size, np.nan) if p.df is None else p.df for p in estimates])


def _contributions(estimates: Sequence[PartEstimate]) -> pd.DataFrame:
    """Return who contributes to the means of every row of the tidy table."""
    giving = [each_part.comparison.giving for each_part in estimates]
    return pd.DataFrame(
        {name: np.concatenate([part[name] for part in giving]) for name in giving[0]}
    )


def _require_estimand(
    group: ControlGroup, se: StandardError, cluster: Term, *, corrected: bool
) -> None:
    """Raise on what is known for effects on those who start only."""
    if group.estimand == "att":
        return
    own = resolved_se("auto", [group])
    above = group.model is None and not (isinstance(cluster, str) and cluster == "person")
    if se not in ("auto", own) or above or corrected:
        raise EffectsError(
            f"Effects of {group.estimand!r} have standard errors {own!r}"
            + (" by person" if group.model is None else "")
            + ", and are not corrected for an estimated score or small samples",
            found=f"se={se!r}, cluster={str(cluster)!r}"
            + (", score_correction= or small_sample=" if corrected else ""),
            do="leave these out, or choose controls with estimand='att'",
        )


def _require_se(group: ControlGroup, se: str) -> None:
    """Raise on a standard error that does not go with the group."""
    if se == "matched_set" and (group.model is not None or not _sets_are_apart(group)):
        raise EffectsError(
            "Matched sets share persons, so they are not independent clusters",
            found="somebody is in more than one set, or everybody in one",
            do="use se='person', or choose controls with replace=False, scope='global'",
        )
    weighted = group.model is not None
    if se == "abadie_imbens" and (weighted or not group.replace):
        raise OptionError(
            "Abadie-Imbens standard errors are for matching with replacement",
            found="weights that were estimated" if weighted else "matching without replacement",
            do="use se='auto' or 'person'",
        )
    if se == "estimated_weights":
        require_estimated(group)
