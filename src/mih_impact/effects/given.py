"""Effects that somebody gives: read from a frame, checked, laid out as arrays."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import EffectsError

__all__ = ["fingerprint", "read_given"]

FloatArray = NDArray[np.float64]


def read_given(
    frame: pd.DataFrame, covariance: pd.DataFrame | FloatArray | None
) -> tuple[tuple[str, ...], tuple[int, ...], FloatArray, FloatArray | None]:
    """Lay given effects out by outcome and year.

    Parameters
    ----------
    frame
        Columns `outcome`, `year_since_start`, `estimate`.
    covariance
        In the order of the rows, shape (n, n), or None.

    Returns
    -------
    tuple
        Outcomes (K), years (E), estimates (K, E) with NaN where none was given, and the covariance,
        outcome-major, (K * E, K * E) or None.

    Raises
    ------
    EffectsError
        As `EffectSeries.from_frame`.
    """
    _require_effect_rows(frame)
    outcomes = tuple(dict.fromkeys(str(name) for name in frame["outcome"]))
    years = tuple(sorted({int(year) for year in frame["year_since_start"]}))
    position = np.array(
        [
            outcomes.index(str(name)) * len(years) + years.index(int(year))
            for name, year in zip(frame["outcome"], frame["year_since_start"], strict=True)
        ]
    )
    size = len(outcomes) * len(years)
    estimate = np.full(size, np.nan)
    estimate[position] = frame["estimate"].to_numpy(dtype=np.float64)
    matrix = None
    if covariance is not None:
        given = _require_covariance(np.asarray(covariance, dtype=np.float64), len(frame))
        matrix = np.full((size, size), np.nan)
        matrix[np.ix_(position, position)] = given
    return outcomes, years, estimate.reshape(len(outcomes), len(years)), matrix


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a hash of the frame's values, which are aggregates already."""
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()[:16]


def _require_effect_rows(frame: pd.DataFrame) -> None:
    """Raise unless the frame has the three columns, each pair once, each estimate a number."""
    missing = [name for name in ("outcome", "year_since_start", "estimate") if name not in frame]
    if missing:
        raise EffectsError(
            f"The frame of effects lacks {', '.join(missing)}",
            found=f"columns {', '.join(map(str, frame.columns))}",
            do="name the columns outcome, year_since_start and estimate",
        )
    twice = int(frame.duplicated(["outcome", "year_since_start"]).sum())
    if twice:
        raise EffectsError(
            "An outcome has more than one effect in the same year since start",
            found=f"{twice} repeated rows",
            do="keep one row per outcome and year_since_start",
        )
    bad = int((~np.isfinite(pd.to_numeric(frame["estimate"], errors="coerce"))).sum())
    if bad or not len(frame):
        raise EffectsError(
            "Every effect must be a finite number",
            found=f"{bad} of {len(frame)} rows are not",
            do="leave out years without an estimate",
        )


def _require_covariance(given: FloatArray, rows: int) -> FloatArray:
    """Raise unless the matrix can be the covariance of that many estimates."""
    if given.shape != (rows, rows):
        raise EffectsError(
            "The covariance does not fit the effects",
            found=f"shape {given.shape} for {rows} effects",
            do="give a square matrix in the order of the rows of the frame",
        )
    scale = float(np.abs(given).max(initial=0.0))
    asymmetric = float(np.abs(given - given.T).max(initial=0.0)) > 1e-8 * max(scale, 1e-300)
    lowest = float(np.linalg.eigvalsh((given + given.T) / 2).min(initial=0.0)) if rows else 0.0
    if asymmetric or not np.isfinite(given).all() or lowest < -1e-8 * scale:
        raise EffectsError(
            "The matrix given is not a covariance",
            found="it is not finite, not symmetric, or has a negative eigenvalue",
            do="give variances on the diagonal and covariances beside it",
        )
    return given
