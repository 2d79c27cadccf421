"""`multiplier_bootstrap`: the multiplier bootstrap, from each cluster's influence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.group_time.influence import FactoredInfluence
from mih_impact.effects.inference.covariance import require_draws, with_drawn_errors
from mih_impact.effects.influence import Influence, person
from mih_impact.effects.question import TargetEffects
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.effects.series import EffectSeries, require_effects
from mih_impact.errors import EffectsError, OptionError

__all__ = ["Multiplier", "linear_form", "multiplier_bootstrap", "multiplier_draws", "multipliers"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Multiplier = Literal["rademacher", "mammen", "webb"]

#: Clusters that share a generator: the random numbers depend on this, and on nothing else.
BLOCK = 4096
#: Draws made at a time.
AT_A_TIME = 1000
#: Mammen's upper point is taken with a probability of a whole number of 65 536ths.
STEPS = 1 << 16


@named_options
def multiplier_bootstrap(
    effects: EffectSeries,
    *,
    draws: int = 999,
    seed: int = 2025,
    kind: Multiplier = "rademacher",
    level: float = 0.95,
) -> EffectSeries:
    """Draw the errors of all estimates at once by weighting the influence of clusters at random.

    Parameters
    ----------
    effects
        Effects in memory, as `event_study` or `GroupTimeEffects.aggregate` made them.
    draws
        Number of draws.
    seed
        Seed of the weights.
    kind
        Weights with mean 0 and variance 1. "rademacher": plus or minus 1. "mammen": two points
        with third moment 1. "webb": six points, for few clusters.
    level
        Coverage of intervals and of simultaneous bands.

    Returns
    -------
    EffectSeries
        The same estimates, with `se="multiplier"`.

    Raises
    ------
    EffectsError
        The effects hold no influence (they were loaded from a file, or given).
    OptionError
        An option that does not exist, or too few draws.

    Notes
    -----
    A draw is sum_g v_g psi_g, psi_g the influence of cluster g. The covariance is the mean
    cross-product of the draws, so that a standard error is their standard deviation about zero,
    which is known to be their mean; R's did takes the range between quartiles over 1.349 instead.
    The band's critical value is the `level` quantile of the largest ``|draw / standard error|`` of
    an outcome's years; intervals are normal.

    The weights of a block of clusters come from a generator of its own, so that nothing depends on
    how the rows are kept in memory.

    References
    ----------
    Callaway and Sant'Anna (2021), Difference-in-differences with multiple time periods, Journal of
    Econometrics 225(2), section 4.1. Mammen (1993), Annals of Statistics 21(1). Webb (2023),
    Reworking wild bootstrap-based inference for clustered errors, Canadian Journal of Economics
    56(3).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> effects = mih.event_study(group, outcomes="wage_income", window=(-1, 1))
    >>> drawn = mih.multiplier_bootstrap(effects, draws=199)
    >>> drawn.se, bool((drawn.estimate == effects.estimate).all())
    ('multiplier', True)
    """
    influence = _require_influence(effects)
    require_draws(draws)
    arguments.level(level)
    arguments.seed(seed)
    arguments.choice("multiplier_bootstrap", "kind", kind, get_args(Multiplier))
    errors = _draw(influence, draws, seed, kind)
    return with_drawn_errors(
        effects,
        errors,
        se="multiplier",
        level=level,
        influence=effects.influence,
        provenance=effects.provenance.then(
            "multiplier_bootstrap",
            {**effects.provenance.options, "draws": draws, "kind": kind, "level": level},
            seed=seed,
        ),
    )


def _require_influence(effects: EffectSeries) -> Any:
    """Return the influence, or raise where there is none."""
    require_effects("multiplier_bootstrap", effects)
    if effects.influence is None:
        raise EffectsError(
            "The multiplier bootstrap needs each person's influence, which is never saved",
            found=f"effects loaded from a file, given or resampled (se {effects.se})",
            do="estimate again, and bootstrap before saving",
        )
    return effects.influence


def _draw(influence: Any, draws: int, seed: int, kind: Multiplier) -> FloatArray:
    """Draw errors, in factors where the influence is kept so."""
    if isinstance(influence, Influence):
        return multiplier_draws(influence.rows, draws, seed=seed, kind=kind)
    assert isinstance(influence, FactoredInfluence)
    if kind == "webb":
        raise OptionError(
            "Webb's weights are for few clusters, and here every person is one",
            found="effects averaged over start years",
            do="choose kind='rademacher' or 'mammen'",
        )
    return influence.multiplier_draws(draws, seed=seed, kind=kind)


def multiplier_draws(rows: FloatArray, draws: int, *, seed: int, kind: Multiplier) -> FloatArray:
    """Return sum_g v_g psi_g for every draw, shape (draws, C), of rows of shape (G, C)."""
    total = np.zeros((draws, rows.shape[1]))
    for number, first in enumerate(range(0, len(rows), BLOCK)):
        block = rows[first : first + BLOCK]
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, number))))
        for begin in range(0, draws, AT_A_TIME):
            shape = (min(AT_A_TIME, draws - begin), len(block))
            total[begin : begin + AT_A_TIME] += multipliers(rng, shape, kind) @ block
    return total


def multipliers(rng: np.random.Generator, shape: tuple[int, int], kind: Multiplier) -> FloatArray:
    """Draw weights with mean 0 and variance 1.

    Notes
    -----
    Webb's points are plus or minus the roots of 1/2, 1 and 3/2, each with probability 1/6. Mammen's
    upper point has a probability of a whole number of 65 536ths (0.27640 for 0.27639), its points
    moved so that mean 0 and variance 1 are exact.
    """
    if kind == "rademacher":
        return np.array([-1.0, 1.0])[rng.integers(0, 2, shape, dtype=np.int8)]
    if kind == "webb":
        roots = np.sqrt(np.array([0.5, 1.0, 1.5]))
        return np.append(-roots, roots)[rng.integers(0, 6, shape, dtype=np.int8)]
    lower = round((np.sqrt(5.0) + 1.0) / (2.0 * np.sqrt(5.0)) * STEPS)
    odds = float(np.sqrt(lower / (STEPS - lower)))
    drawn = rng.integers(0, STEPS, shape, dtype=np.uint16)
    return np.where(drawn < lower, -1.0 / odds, odds)


#: The controls' mean is a polynomial of this degree in the log odds.
DEGREE = 3
#: Directions with a smaller share of the largest spread than this carry no slope.
SAME = 1e-9


def linear_form(group: ControlGroup, target: TargetEffects, *, adjust: bool) -> Influence:
    """Return what each person adds to the matching estimates, K held fixed.

    Parameters
    ----------
    group
        Participants and their matched controls.
    target
        Outcomes and years.
    adjust
        Whether the estimates are those that are adjusted for `on`.

    Returns
    -------
    Influence
        Rows by person; a draw of the bootstrap is sum_i v_i psi_i, v with mean 0 and variance 1.

    Notes
    -----
    Otsu and Rai (2017), the treated population: with m an estimate of the controls' mean change
    given what was matched on,

        psi_i = [d_i (D_i - m_i - tau) - (1 - d_i) K_i (D_i - m_i)] / n,

    summed over a person's roles and start years. Redrawing residuals from m, not the changes
    themselves, keeps what a participant and its controls have in common from being counted twice.

    m has to depend on what the pairs have in common, and on no more. For plain estimates matched on
    the score it is a cubic in the log odds: what other characteristics explain is noise of this
    estimate. For Mahalanobis matching, and for adjusted estimates (Abadie and Imbens 2011, the
    paper's estimate for several covariates), it is linear in `on`. Start years and exact columns
    come in as indicators. The regression is on controls with weights K, so that their weighted
    residuals are zero in the mean, and is taken as known, as in the paper.

    Scaled by sqrt(P / (P - 1)), P the persons compared. That the score is estimated is not in it.
    """
    observed = RowOutcomes.of(group, target, "person")
    comparison = observed.compared()
    X, changes = _in_common(group, observed.rows, adjust=adjust), observed.changes.copy()
    alike: dict[bytes, list[int]] = {}
    for k in np.flatnonzero(comparison.valid.any(axis=0)).tolist():
        alike.setdefault(comparison.load[:, k].tobytes(), []).append(k)
    for columns in map(np.array, alike.values()):  # one regression for all that weigh alike
        load = comparison.load[:, columns[0]]
        seen, at = np.sqrt(load[load > 0])[:, None], observed.used[load > 0]
        fit = np.linalg.lstsq(seen * X[at], seen * changes[np.ix_(at, columns)], rcond=SAME)
        changes[:, columns] -= X @ fit[0]
    return person(group, replace(observed, changes=changes).compared())


def _in_common(group: ControlGroup, rows: IntArray | slice, *, adjust: bool) -> FloatArray:
    """Return what pairs have in common, standardised over the risk sets, of some of their rows."""
    risk = group.risk
    starts = (risk.start_year[:, None] == risk.start_years[1:]).astype(np.float64)
    own = risk.design.X
    if not adjust and group.score is not None and group.whitened is None:
        index = group.score.index - group.score.index.mean()
        own = (index / max(float(index.std()), SAME))[:, None] ** np.arange(1, DEGREE + 1)
    X = np.column_stack([own, starts, risk.exact_design.X])
    spread = X.std(axis=0)
    X = (X[rows] - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.column_stack([np.ones(len(X)), X])
