"""Which estimates of an effect series are hidden: small cells, and what would give them away."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.options import current
from mih_impact.display.small_cells import is_small

__all__ = ["hidden_cells"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def hidden_cells(frame: pd.DataFrame) -> tuple[BoolArray, BoolArray]:
    """Return which rows' estimates are hidden, and which rows' `n_lost`, each of shape (rows,).

    Parameters
    ----------
    frame
        The tidy table of an effect series, all subgroups one after the other, all together first.

    Notes
    -----
    A cell is small by `options(min_cell=)` participants or controls. The effect on all is the
    participants' mean over subgroups, so that one hidden subgroup is what the others leave. Where
    all together are shown, further subgroups are therefore hidden, the smallest first, until at
    least two are, and as many persons in them as a cell must have.
    """
    parts = max(frame["subgroup"].nunique(), 1)
    persons, controls, lost = (
        frame[name].to_numpy(dtype=np.float64).reshape(parts, -1)
        for name in ("n_participants", "n_controls", "n_lost")
    )
    small = is_small(persons) | is_small(controls)
    _hide_more(small, persons)
    few_lost = is_small(lost)
    _hide_more(few_lost, lost)
    return small.ravel(), few_lost.ravel()


def _hide_more(hidden: BoolArray, size: FloatArray) -> None:
    """Hide what a hidden cell could be reckoned from, in place; shape (all and parts, cells)."""
    least = current().min_cell
    for cell in np.flatnonzero(hidden[1:].any(axis=0) & ~hidden[0]).tolist():
        chosen, n = hidden[1:, cell], size[1:, cell]
        for k in np.argsort(n, kind="stable").tolist():
            if chosen.sum() >= 2 and n[chosen].sum() >= least:
                break
            chosen[k] |= n[k] > 0
