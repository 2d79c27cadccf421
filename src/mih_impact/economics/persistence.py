"""What becomes of effects after the last estimated year.

The account is cut at its horizon. A longer one needs a word on what happens then: the effects of
the last estimated year go on, go down by a half-life, or go down in a straight line to nothing.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError

__all__ = ["Persistence", "extend", "require_persistence", "shares_kept"]

FloatArray = NDArray[np.float64]

Persistence = Literal["none", "constant", "half_life", "linear"]


def require_persistence(persistence: str) -> None:
    """Raise on a persistence that does not exist."""
    if not arguments.is_one_of(persistence, get_args(Persistence)):
        raise AssumptionError(
            f"There is no persistence {persistence!r}",
            found=repr(persistence),
            do=f"use one of {', '.join(map(repr, get_args(Persistence)))}",
        )


def shares_kept(persistence: Persistence, n_more: int, *, half_life: Any = 5.0) -> FloatArray:
    """Return the share of the last effect that is left 1, 2, ... years later.

    Parameters
    ----------
    persistence
        `constant`: all of it; `half_life`: half of it each `half_life` years; `linear`: in a
        straight line to nothing in the first year after them; `none`: nothing.
    n_more
        Years after the last estimated one.
    half_life
        Years, a number or an array of shape (n,).

    Returns
    -------
    ndarray, shape (..., n_more)

    Examples
    --------
    >>> shares_kept("half_life", 2, half_life=1.0).tolist()
    [0.5, 0.25]
    >>> shares_kept("linear", 3).tolist()
    [0.75, 0.5, 0.25]
    """
    later = np.arange(1, n_more + 1)
    if persistence == "constant":
        return np.ones(n_more)
    if persistence == "half_life":
        return np.asarray(0.5 ** (later / np.asarray(half_life, dtype=np.float64)[..., None]))
    return 1 - later / (n_more + 1) if persistence == "linear" else np.zeros(n_more)


def extend(
    effects: FloatArray, kept: FloatArray, grows: NDArray[np.bool_], growth: Any = 0.0
) -> FloatArray:
    """Return effects with the years after the last one.

    Parameters
    ----------
    effects
        Estimated effects, shape (..., R, T).
    kept
        Share of the last effect left in each later year, shape (..., M).
    grows
        Which of the R are time values, that grow in real terms, shape (R,).
    growth
        Real growth a year, a number or an array of shape (n,).

    Returns
    -------
    ndarray, shape (..., R, T + M)

    Examples
    --------
    >>> wage = np.array([[100.0]])
    >>> extend(wage, np.array([0.5, 0.25]), np.array([True]), 0.1).round(2).tolist()
    [[100.0, 55.0, 30.25]]
    """
    if kept.shape[-1] == 0:
        return effects
    later = np.arange(1, kept.shape[-1] + 1)
    grown = (1 + np.asarray(growth, dtype=np.float64)[..., None]) ** later  # (..., M)
    factor = np.where(grows[:, None], (kept * grown)[..., None, :], kept[..., None, :])
    after = effects[..., -1:] * factor
    before = np.broadcast_to(effects, (*after.shape[:-1], effects.shape[-1]))
    return np.concatenate([before, after], axis=-1)
