"""Years that later starters have not come to yet, filled by their own first years, scaled.

The register ends before those who started last have come to the last years of the window. Years 0
to 3, say, are seen for every start year, years 4 to 6 for the early ones. That the late would do in
years 4 to 6 as the early did, if their first years were alike, is an assumption and no finding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.group import ControlGroup
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.influence import Influence
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError

__all__ = ["fill", "filled", "require_fillable"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: The step of a derivative by complex numbers, which has no rounding to balance against.
_STEP = 1e-30


@dataclass(frozen=True, eq=False)
class _Pattern:
    """Where effects by start year are seen: in which years all of them, and which throughout.

    Attributes
    ----------
    seen
        Shape (C, E).
    shared
        Years from the start on that are seen for every start year, shape (E,).
    throughout
        Start years seen in every year from the start on, shape (C,).
    """

    seen: BoolArray
    shared: BoolArray
    throughout: BoolArray

    @classmethod
    def of(cls, seen: BoolArray, years: FloatArray) -> _Pattern:
        """Return the pattern, or raise where nothing is shared or nobody is seen throughout."""
        shared, throughout = seen.all(axis=0) & (years >= 0), seen[:, years >= 0].all(axis=1)
        if not shared.any() or not throughout.any():
            raise EffectsError(
                "Later years can be filled only where every start year has a first year, and some"
                " start year has them all",
                found=f"{int(shared.sum())} years seen for every start year,"
                f" {int(throughout.sum())} of {len(seen)} start years seen throughout",
                do="end the window earlier, or use composition='available'",
            )
        return cls(seen, np.asarray(shared), np.asarray(throughout))


def fill(
    effects: NDArray[np.inexact], share: NDArray[np.inexact], pattern: _Pattern
) -> NDArray[np.inexact]:
    """Return the mean over start years, what is not seen of them filled.

    Parameters
    ----------
    effects
        By how far they are followed, outcome and year since start, shape (C, K, E); anything where
        not seen.
    share
        Of the participants, or of their design weights, shape (C,).
    pattern
        Where they are seen.

    Returns
    -------
    ndarray, shape (K, E)
        NaN in years before start that not every start year has.

    Notes
    -----
    P(e) is the mean path of those seen throughout. The path of start years c is a_c P(e) where it
    is not seen, with a_c = sum_e tau_c(e) P(e) / sum_e P(e)^2 over the years seen for all: the
    scale by which their own first years fit those of the others best. A ratio of sums would break
    down where a path changes its sign, as the effect on benefits does.
    """
    early = pattern.throughout
    weight = share[early] / share[early].sum()
    path = np.einsum("c,cke->ke", weight, effects[early])
    first = path[:, pattern.shared]
    length = (first * first).sum(axis=1)
    scale = (effects[:, :, pattern.shared] * first).sum(axis=2) / np.where(length, length, 1.0)
    own = pattern.seen[:, None, :]
    whole = np.where(own, effects, scale[:, :, None] * path)
    mean = np.einsum("c,cke->ke", share, whole)
    mean[:, ~pattern.seen.all(axis=0) & _before(pattern)] = np.nan
    return np.asarray(mean)


def _before(pattern: _Pattern) -> BoolArray:
    """Return the years before the first that every start year has from the start on, (E,)."""
    return np.arange(len(pattern.shared)) < int(np.flatnonzero(pattern.shared)[0])


def filled(observed: RowOutcomes) -> tuple[Comparison, Influence]:
    """Compare participants by how far they are followed, and fill what is not seen of the later.

    Returns
    -------
    tuple
        The comparison of those seen, with the filled estimates in place of theirs, and their rows.

    Raises
    ------
    EffectsError
        No year is seen for every start year, or no start year throughout.

    Notes
    -----
    Start years that are followed equally far are one. Rows are those of their effects times the
    derivative of `fill`, by complex steps, and what each participant adds to the error of the
    shares. The derivative is that of the point estimate: with few persons in a start year the
    scale's error is not small beside it, and the normal interval is then too short.
    """
    group, target = observed.group, observed.target
    within = target.within_register(group)
    seen = replace(observed, target=replace(target, composition="available"))
    whole = seen.compared()
    reach, own = np.unique(within, axis=0, return_inverse=True)
    own = own.ravel()
    weight = np.ones(len(own)) if group.sets.own is None else group.sets.own
    n = np.bincount(own, weights=weight)
    shape = (len(reach), len(target.outcomes), len(target.years))
    effects, parts = np.empty(shape), []
    for place in range(len(reach)):
        comparison, influence = observed.effect(own == place)
        unseen = np.isnan(comparison.estimate) | np.tile(~reach[place], len(target.outcomes))
        effects[place] = np.where(unseen, np.nan, comparison.estimate).reshape(shape[1:])
        parts.append(Influence(np.where(unseen, 0.0, influence.rows), influence.cluster))
    found = np.asarray(np.isfinite(effects).all(axis=1))
    pattern = _Pattern.of(found, np.array(target.years, float))
    effects = np.where(pattern.seen[:, None, :], effects, 0.0)
    share = n / n.sum()
    by_effect, by_share = _derivatives(effects, share, pattern)
    moved = (by_share - share @ by_share)[own] * weight[:, None] / n.sum()
    rows = [part.rows @ each for part, each in zip(parts, by_effect, strict=True)]
    clusters = [*(part.cluster for part in parts), group.risk.person[group.sets.participant]]
    influence = Influence(np.concatenate([*rows, moved]), np.concatenate(clusters))
    estimate = np.asarray(fill(effects, share, pattern).ravel(), dtype=np.float64)
    return replace(whole, estimate=estimate), influence.clustered(influence.cluster)


def _derivatives(
    effects: FloatArray, share: FloatArray, pattern: _Pattern
) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of `fill`: by effects (C, K * E, K * E), and by shares (C, K * E)."""
    starts, outcomes, years = effects.shape
    by_effect = np.zeros((starts, outcomes, years, outcomes, years))
    by_share = np.zeros((starts, outcomes * years))
    each = np.arange(outcomes)
    for c in range(starts):
        for e in np.flatnonzero(pattern.seen[c]).tolist():
            moved = effects.astype(complex)
            moved[c, :, e] += 1j * _STEP  # outcomes do not enter each other's
            by_effect[c, each, e, each] = fill(moved, share, pattern).imag / _STEP
        other = share.astype(complex)
        other[c] += 1j * _STEP
        by_share[c] = (fill(effects, other, pattern).imag / _STEP).ravel()
    size = outcomes * years
    return np.nan_to_num(by_effect).reshape(starts, size, size), np.nan_to_num(by_share)


def require_fillable(group: ControlGroup, *, corrected: bool) -> None:
    """Raise on filled years beside what is not known for them."""
    if group.estimand != "att" or corrected:
        raise EffectsError(
            "Filled years are for effects on those who start, without a correction for an estimated"
            " score or small samples",
            found=f"estimand={group.estimand!r}"
            + (", score_correction= or small_sample=" if corrected else ""),
            do="leave these out, or use composition='available'",
        )
