"""Which estimates of an effect series are hidden: small cells, and what would give them away."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.small_cells import is_small, with_complement

__all__ = ["hidden_cells"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def hidden_cells(
    frame: pd.DataFrame, in_overall: tuple[int, ...] = ()
) -> tuple[BoolArray, BoolArray]:
    """Return which rows' estimates are hidden, and which rows' `n_lost`, each of shape (rows,).

    Parameters
    ----------
    frame
        The tidy table of an effect series, all subgroups one after the other, all together first.
    in_overall
        The levels that an overall average is made of, where there is one.

    Notes
    -----
    A cell is small by `options(min_cell=)` participants, compared or not, or controls. The effect
    on all is nearly the participants' mean over subgroups, which differ from it only by having
    controls of their own, so that one hidden subgroup is about what the others leave. Where all
    together are shown, further subgroups are therefore hidden; see `with_complement`. So are
    further levels among those of an overall average.
    """
    parts = max(frame["subgroup"].nunique(), 1)
    persons, controls, lost = (
        frame[name].to_numpy(dtype=np.float64).reshape(parts, -1)
        for name in ("n_participants", "n_controls", "n_lost")
    )
    size = np.concatenate([persons[:1], persons[1:] + lost[1:]])
    small = is_small(size) | is_small(persons) | is_small(controls)
    hidden = _beside_all(small, size, (persons == 0) & (size > 0))
    few_lost = _beside_all(is_small(lost), lost, np.zeros_like(small))
    few_lost[1:] |= hidden[1:]
    if not in_overall:
        return hidden.ravel(), few_lost.ravel()
    averaged = frame["level"].isin(in_overall).to_numpy()
    outcome = frame["outcome"].to_numpy()
    return (
        _beside_overall(hidden.ravel(), persons.ravel(), outcome, averaged),
        _beside_overall(few_lost.ravel(), lost.ravel(), outcome, averaged),
    )


def _beside_all(hidden: BoolArray, size: FloatArray, empty: BoolArray) -> BoolArray:
    """Hide subgroups beside all together, where these are shown; shape (all and parts, cells).

    Whoever has no estimate (`empty`) shows none anyhow, and is hidden before others are.
    """
    first = hidden[1:] | (empty[1:] & hidden[1:].any(axis=0))
    parts = np.where(hidden[0], hidden[1:], with_complement(first, size[1:]))
    return np.concatenate([hidden[:1], parts])


def _beside_overall(
    hidden: BoolArray, size: FloatArray, outcome: NDArray[np.object_], averaged: BoolArray
) -> BoolArray:
    """Hide levels beside their overall average, an outcome at a time; shape (rows,)."""
    out = hidden.copy()
    for name in set(outcome[averaged].tolist()):
        rows = (outcome == name) & averaged
        out[rows] = with_complement(hidden[rows], size[rows])
    return out
