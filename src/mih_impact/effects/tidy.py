"""The tidy table of effects: a row per outcome and year since start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from mih_impact.display.unit import AnyUnit

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
    "reason",
)


def tidy_frame(
    estimate: FloatArray,
    matrix: FloatArray | None,
    *,
    outcomes: tuple[str, ...],
    levels: tuple[int, ...],
    term: str,
    subgroups: tuple[str, ...],
    units: Mapping[str, AnyUnit],
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
        Effects, shape (S * K, L): subgroups, then outcomes.
    matrix
        Covariance in the same order, shape (S * K * L, S * K * L), or None.
    levels
        The L years since start, or what `term` counts.
    term
        "event", "group", "calendar" or "overall".
    base
        The base years; the only one has no standard error.
    level
        Coverage of the intervals.
    critical
        The simultaneous critical value of each outcome, or of each subgroup and outcome under
        "subgroup/outcome"; no band without one.
    columns
        Further columns of the table, each with S * K * L values: counts, means, flags.

    Returns
    -------
    pandas.DataFrame
        The columns of `COLUMNS`.
    """
    size, flat = len(levels), estimate.ravel()
    rows = [(subgroup, name) for subgroup in subgroups for name in outcomes]
    level_of = np.tile(np.array(levels), len(rows))
    error = np.full(flat.size, np.nan) if matrix is None else np.sqrt(np.diag(matrix))
    is_base = len(base) == 1 and term == "event"
    error = np.where(is_base & np.isin(level_of, base), np.nan, error)
    z = float(ndtri(0.5 + level / 2))
    found = [critical.get(f"{group}/{name}", critical.get(name, np.nan)) for group, name in rows]
    sup = np.repeat(np.array(found, dtype=np.float64), size)
    blank = np.full(flat.size, np.nan)
    defaults = {
        "matched_on": np.zeros(flat.size, bool),
        "reason": np.full(flat.size, "", dtype=object),
    }
    given = {name: np.asarray(values).ravel() for name, values in columns.items()}
    frame = {
        "outcome": np.repeat(np.array([name for _, name in rows], dtype=object), size),
        "term": term,
        "level": blank if term == "overall" else level_of,
        "subgroup": np.repeat(np.array([group for group, _ in rows], dtype=object), size),
        "year_since_start": level_of if term == "event" else blank,
        "estimate": flat,
        "std_error": error,
        "conf_low": flat - z * error,
        "conf_high": flat + z * error,
        "band_low": flat - sup * error,
        "band_high": flat + sup * error,
        "unit": np.repeat([str(units[name]) for _, name in rows], size),
        "price_year": price_year,
    }
    frame |= {
        name: given.get(name, defaults.get(name, blank)) for name in COLUMNS if name not in frame
    }
    return pd.DataFrame(frame)[list(COLUMNS)]
