"""An effect series with the same estimates and another covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mih_impact import arguments
from mih_impact.display.provenance import Provenance
from mih_impact.effects.frozen import build_series
from mih_impact.effects.influence import AnyInfluence
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError

__all__ = ["band_from_draws", "redone", "require_draws"]

#: Draws beyond which a p-value has digits that nobody reads.
MOST_DRAWS = 100_000

FloatArray = NDArray[np.float64]

#: Columns of the table that have nothing to do with the standard errors.
_KEPT = (
    "matched_on",
    "n_participants",
    "n_controls",
    "n_lost",
    "participant_mean",
    "control_mean",
    "reason",
)


def redone(
    effects: EffectSeries,
    errors: FloatArray,
    *,
    se: str,
    level: float,
    provenance: Provenance,
    influence: AnyInfluence | None,
) -> EffectSeries:
    """Return the effects with the covariance and the bands of drawn errors.

    Parameters
    ----------
    effects
        C estimates.
    errors
        Draws of the estimates' errors, shape (draws, C).
    se
        What the standard errors are called.
    level
        Coverage of intervals and bands.
    """
    unseen = np.isnan(effects.estimate).ravel()
    if effects.matrix is not None:
        unseen = unseen | np.isnan(np.diag(effects.matrix))
    matrix = errors.T @ errors / len(errors)
    matrix[unseen], matrix[:, unseen] = np.nan, np.nan
    rows = [f"{group}/{name}" for group in effects.subgroups for name in effects.outcomes]
    size = len(effects.levels)
    error = np.sqrt(np.diag(matrix))
    critical = {
        row: band_from_draws(errors[:, k * size :][:, :size], error[k * size :][:size], level)
        for k, row in enumerate(rows)
    }
    return build_series(
        effects.estimate.copy(),
        matrix,
        outcomes=effects.outcomes,
        levels=effects.levels,
        subgroups=effects.subgroups,
        units=dict(effects.units),
        price_year=effects.price_year,
        provenance=provenance,
        se=se,
        base=effects.base,
        level=level,
        critical=critical,
        columns={name: effects.frame[name].to_numpy() for name in _KEPT},
        coverage=effects.coverage,
        influence=influence,
        term=effects.term,
        split=effects.split,
    )


def band_from_draws(errors: FloatArray, error: FloatArray, level: float) -> float:
    """Return the critical value of a band: the quantile of the largest |draw / standard error|.

    Parameters
    ----------
    errors
        Draws of the errors the band covers together, shape (draws, L).
    error
        Their standard errors, shape (L,); those of 0 or NaN are not covered.
    level
        Joint coverage.

    Notes
    -----
    At least the pointwise normal value; NaN where nothing is covered.
    """
    kept = error > 0
    if not kept.any():
        return float("nan")
    largest = np.abs(errors[:, kept] / error[kept]).max(axis=1)
    return float(max(np.quantile(largest, level), ndtri(0.5 + level / 2)))


def require_draws(draws: int) -> None:
    """Raise on too few draws, or more than anybody waits for."""
    arguments.whole("draws", draws, high=MOST_DRAWS, error=EffectsError)
    if not arguments.is_whole(draws) or draws < 20:
        raise EffectsError(
            "Too few draws to read a standard error off",
            found=f"draws={arguments.shown(draws)}",
            do="give 999, or at least 20",
        )
