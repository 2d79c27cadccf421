"""`imputation_effects`: what starters would have had is imputed from fixed effects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.recipe import about_panel, no_weights, require_units, require_years
from mih_impact.controls.risk_set import require_starters
from mih_impact.controls.terms import Lag, Term
from mih_impact.effects.estimates import with_table
from mih_impact.effects.group_time.sample import (
    cluster_labels,
    read_outcomes,
    require_cluster,
    require_followed,
)
from mih_impact.effects.imputed import ImputationSample, ImputedOutcome
from mih_impact.effects.imputed_amounts import giving_of
from mih_impact.effects.influence import AnyInfluence, critical_values
from mih_impact.effects.series import EffectSeries, not_estimated
from mih_impact.errors import EffectsError, PanelContractError, SupportError
from mih_impact.panel.cube import Cube, Dead
from mih_impact.panel.panel import Panel
from mih_impact.storage import Later

__all__ = ["imputation_effects"]

IntArray = NDArray[np.int64]

Kind = Literal["event", "simple"]


# More than ten parameters: each is a choice of its own, as in group_time_effects.
@named_options
def imputation_effects(
    panel: Panel,
    *,
    outcomes: str | Sequence[str],
    eligible: str | nw.Expr | None = None,
    window: tuple[int, int] = (-5, 6),
    kind: Kind = "event",
    anticipation: int = 0,
    cluster: Term = "person",
    dead: Dead = "zero",
    measure: str | None = None,
    level: float = 0.95,
    seed: int = 2025,
) -> EffectSeries:
    """Estimate effects by imputing what starters would have had from person and year effects.

    Parameters
    ----------
    panel
        The register panel, a row per person and year.
    outcomes
        Columns with a unit, see `read_panel`, and shares ("in_work", "on_benefit").
    eligible
        Who can be a control, as in `group_time_effects`: of those who never start, persons who are
        eligible in the year before some start year.
    window
        First and last year since start. Years before the start are coefficients of the pre-trend
        regression, against all untreated years before the first of them.
    kind
        "event": by year since start. "simple": one effect of each outcome, every starter's year
        from the start on in the window alike; no years before start.
    anticipation
        Years before the start in which the programme may already show: they are imputed too.
    cluster
        "person", or a column above the person as it stood in the year before start (of who never
        starts, before the first start year); at least 20 clusters.
    dead
        Income after death or emigration: "zero" (per starter) or "missing" (among survivors).
    measure
        In a register of several measures, the one to look at, as in `match`.
    level
        Coverage of intervals and of simultaneous bands.
    seed
        Seed of the draws behind the bands' critical values.

    Returns
    -------
    EffectSeries
        `n_participants` are starters with an imputed outcome in that year, `n_controls` others with
        an untreated outcome in the calendar years it is of, `n_lost` the other starters for whom
        the register has the year.

    Raises
    ------
    PanelContractError
        The panel breaks its contract, or is by month.
    OptionError
        An option that does not exist.
    EffectsError
        Fewer than 20 clusters.
    SupportError
        Nobody starts; nobody is seen in two years; no starter's outcome can be imputed.

    Notes
    -----
    Among untreated observations, of who never starts and of starters before start - anticipation,
    the outcome is a person effect, a year effect and an error, fitted by least squares. A starter's
    effect in a later year is the outcome less its person and year effect, and tau_h is the mean
    over starters h years after start. As a linear estimate it is sum_it v_it Y_it, v being
    1 / N_h for the effects themselves and for untreated observations the weights that the
    regression gives. A person's influence is sum_t v_it e_it, e the residual, and of a treated
    observation its effect less the mean effect of its start year and year: the conservative
    variance of theorem 3 and equation (7) of the paper, without leaving out, as
    Stata's did_imputation has it. Estimates of all years and outcomes share one covariance.

    Years before the start are the coefficients on their indicators when these are added to the
    regression on untreated observations alone (the paper's test 1); with person-clustered errors
    without a small-sample factor. They are missing where every start year has no untreated year
    before the first of them: shorten `window`.

    An effect that no untreated observation can tell, such as that of a year in which everybody has
    started, is not imputed, and its starters are counted in `n_lost`.

    References
    ----------
    Borusyak, Jaravel and Spiess (2024), Revisiting event-study designs: robust and efficient
    estimation, Review of Economic Studies 91(6).

    Examples
    --------
    >>> import mih_impact as mih
    >>> effects = mih.imputation_effects(
    ...     mih.example_panel(), outcomes="wage_income", window=(-3, 6)
    ... )
    >>> effects.levels[0], effects.pretrend_test().table["df"].iloc[0].item()
    (-3, 3)
    """
    panel, about = about_panel(panel, measure, "risk_set", verb="imputation_effects")
    require_years(panel, "imputation_effects")
    if panel.period != "year":
        raise PanelContractError(
            "imputation_effects has an effect of every calendar year, and the panel is by month",
            found=f"period={panel.period!r}",
            do="use mih.event_study, or sum the months to years and read the panel with "
            "period='year'",
        )
    names = tuple(dict.fromkeys(arguments.names("outcomes", outcomes, least=1)))
    first, last = arguments.window(window)
    what = "Anticipation counts years before start"
    arguments.whole("anticipation", anticipation, low=0, high=100, what=what)
    arguments.level(level)
    arguments.seed(seed)
    for name, value, allowed in (("kind", kind, get_args(Kind)), ("dead", dead, get_args(Dead))):
        arguments.choice("imputation_effects", name, value, allowed)
    require_cluster(cluster)
    above = [cluster.column if isinstance(cluster, Lag) else cluster]
    if panel.weights is not None:
        raise no_weights("imputation_effects")
    cube = panel.cube(eligible=eligible, columns=[*(above if cluster != "person" else []), *names])
    if cube.others is not None:
        raise EffectsError(
            "imputation_effects does not end comparisons where other measures begin",
            found="a panel made by for_measure(other_measures='censor')",
            do="use match or weight with other_measures='censor', and event_study; or 'risk_set'",
        )
    require_starters(cube)
    require_followed(cube, "imputation_effects")
    require_units(cube, names)
    values = read_outcomes(cube, names, dead=dead)
    sample = ImputationSample.of(cube, values, anticipation)
    levels = tuple(range(first, last + 1)) if kind == "event" else (0,)
    parts = [
        ImputedOutcome.of(sample, k, levels, None if kind == "event" else (first, last))
        for k in range(len(names))
    ]
    if not any(part.imputed.any() for part in parts):
        raise SupportError(
            "No starter's outcome can be imputed",
            found=f"{len(sample.starters)} starters, start years "
            f"{cube.named(np.unique(cube.start[sample.starters]))}, register {cube.span}",
            do="bring register years before the start, or widen window=",
        )
    influence: AnyInfluence = sample.influence(parts)
    if cluster != "person":
        influence = influence.clustered(_labels(cube, sample, cluster)[influence.cluster])
    estimate = np.stack([part.estimate for part in parts])
    matrix = influence.covariance.copy()
    unknown = np.isnan(estimate) | (np.stack([part.counts["n_participants"] for part in parts]) < 2)
    matrix[unknown.ravel()], matrix[:, unknown.ravel()] = np.nan, np.nan
    options = {
        "outcomes": list(names), "eligible": panel.eligibility(eligible), "window": [first, last],
        "kind": kind, "anticipation": anticipation, "cluster": str(cluster), "dead": dead,
        "level": level, **about,
    }  # fmt: skip
    nowhere = np.zeros(len(levels), dtype=bool)
    series = EffectSeries(
        outcomes=names,
        levels=levels,
        estimate=estimate,
        matrix=matrix,
        units={name: cube.unit_of(name) for name in names},
        price_year=cube.price_year,
        se="imputation",
        provenance=panel.provenance.then(
            "imputation_effects",
            options | not_estimated(cube.schemes, names),
            seed=seed,
            data=cube.fingerprint,
        ),
        coverage=_coverage(cube, sample, parts),
        term="event" if kind == "event" else "overall",
        anticipation=anticipation,
        influence=influence,
        giving=Later(lambda: (giving_of(sample, parts),)),
    )
    return with_table(
        series,
        level=level,
        critical=critical_values(matrix, names, nowhere, level=level, seed=seed),
        columns={name: np.stack([p.counts[name] for p in parts]) for name in parts[0].counts},
    )


def _coverage(
    cube: Cube, sample: ImputationSample, parts: Sequence[ImputedOutcome]
) -> dict[str, int]:
    """Return for how many starters the effects speak."""
    start = cube.start[sample.starters]
    imputed = int(max(part.imputed.any(axis=1).sum() for part in parts))
    return {
        "participants": len(sample.starters),
        "matched": imputed,
        "compared": imputed,
        "first_start_year": int(start.min()),
        "last_start_year": int(start.max()),
    }


def _labels(cube: Cube, sample: ImputationSample, cluster: Term) -> IntArray:
    """Return the cluster of every person of the cube."""
    starts = np.unique(cube.start[sample.starters])
    serving = [(int(g), np.flatnonzero(cube.start == g)) for g in starts]
    others = np.concatenate([sample.listed, sample.whole])
    return cluster_labels(cube, [(int(starts[0]), others), *serving], cluster)
