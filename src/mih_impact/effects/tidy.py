"""The tidy table of effects: a row per outcome and year since start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["COLUMNS", "tidy_frame"]

FloatArray = NDArray[np.float64]

#: The columns of `EffectSeries.to_frame()`, in order.
COLUMNS = (
    "outcome",
    "term",
    "level",
    "subgroup",
    "year_since_start",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "band_low",
    "band_high",
    "matched_on",
    "n_participants",
    "n_controls",
    "n_lost",
    "participant_mean",
    "control_mean",
    "unit",
    "price_year",
)


def tidy_frame(
    estimate: FloatArray,
    matrix: FloatArray | None,
    *,
    outcomes: tuple[str, ...],
    event_years: tuple[int, ...],
    units: Mapping[str, str],
    price_year: int,
    base: tuple[int, ...],
    level: float,
    critical: Mapping[str, float],
    columns: Mapping[str, NDArray[Any]],
) -> pd.DataFrame:
    """Lay estimates out with their uncertainty and counts.

    Parameters
    ----------
    estimate
        Effects, shape (K, E).
    matrix
        Covariance, outcome-major, shape (K * E, K * E), or None.
    base
        The base years; the only one has no standard error.
    level
        Coverage of the intervals.
    critical
        The simultaneous critical value of each outcome; no band without one.
    columns
        Further columns of the table, each with K * E values: counts, means, flags.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`.
    """
    shape = estimate.shape
    flat = estimate.ravel()
    error = np.full(flat.size, np.nan) if matrix is None else np.sqrt(np.diag(matrix))
    is_base = (
        np.isin(np.tile(event_years, shape[0]), base)
        if len(base) == 1
        else np.zeros(flat.size, bool)
    )
    error = np.where(is_base, np.nan, error)
    z = float(ndtri(0.5 + level / 2))
    sup = np.repeat([critical.get(name, np.nan) for name in outcomes], shape[1])
    given = {name: np.asarray(values).ravel() for name, values in columns.items()}
    blank_count = np.full(flat.size, np.nan)
    return pd.DataFrame(
        {
            "outcome": np.repeat(np.array(outcomes, dtype=object), shape[1]),
            "term": "event",
            "level": np.tile(event_years, shape[0]),
            "subgroup": "all",
            "year_since_start": np.tile(event_years, shape[0]),
            "estimate": flat,
            "std_error": error,
            "conf_low": flat - z * error,
            "conf_high": flat + z * error,
            "band_low": flat - sup * error,
            "band_high": flat + sup * error,
            "matched_on": given.get("matched_on", np.zeros(flat.size, bool)),
            "n_participants": given.get("n_participants", blank_count),
            "n_controls": given.get("n_controls", blank_count),
            "n_lost": given.get("n_lost", blank_count),
            "participant_mean": given.get("participant_mean", blank_count),
            "control_mean": given.get("control_mean", blank_count),
            "unit": np.repeat([units[name] for name in outcomes], shape[1]),
            "price_year": price_year,
        }
    )[list(COLUMNS)]
