"""Who is compared with whom in each year since start: changes, weights that can be seen, contrasts.

Arrays in, arrays out. Columns are outcome-major: column k * E + e is outcome k in event year e.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.group import ControlGroup
from mih_impact.panel.cube import Cube, Dead

__all__ = ["Comparison", "compare", "event_values"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def event_values(
    cube: Cube,
    outcomes: Sequence[str],
    person: IntArray,
    start_year: IntArray,
    years: Sequence[int],
    *,
    dead: Dead,
) -> FloatArray:
    """Return outcomes by year since start, shape (rows, outcomes, years); NaN where not seen."""
    column = start_year[:, None] + np.asarray(years)[None, :] - int(cube.years[0])
    inside = (column >= 0) & (column < len(cube.years))
    place = np.clip(column, 0, len(cube.years) - 1)
    values = np.empty((len(person), len(outcomes), len(years)))
    for k, name in enumerate(outcomes):
        table = cube.outcome(name, dead=dead)
        values[:, k, :] = np.where(inside, table[person[:, None], place], np.nan)
    return values


@dataclass(frozen=True, eq=False)
class Comparison:
    """One weighted comparison per column.

    Attributes
    ----------
    estimate
        Mean contrast, shape (KE,); NaN where nobody is seen.
    contrast
        Each participant's change minus that of its controls, shape (n, KE); NaN where not seen.
    valid
        Whether the participant is in the mean, shape (n, KE).
    n
        Participants in the mean, shape (KE,).
    control_row
        Rows of the risk set that serve as controls, shape (q,).
    change_t, change_c
        Changes of participants (n, KE) and of controls (q, KE).
    load, load_squares
        Sums over sets of a control's weight and of its square, shape (q, KE): K and K'.
    mean_t, mean_c
        Mean levels of those compared, shape (KE,).
    """

    estimate: FloatArray
    contrast: FloatArray
    valid: BoolArray
    n: IntArray
    control_row: IntArray
    change_t: FloatArray
    change_c: FloatArray
    load: FloatArray
    load_squares: FloatArray
    mean_t: FloatArray
    mean_c: FloatArray


def compare(
    group: ControlGroup,
    level_t: FloatArray,
    change_t: FloatArray,
    values: FloatArray,
    base: FloatArray,
) -> Comparison:
    """Average the contrasts of all participants that can be compared.

    Parameters
    ----------
    group
        Participants and their controls.
    level_t, change_t
        Levels and changes of the participants, shape (n, KE).
    values, base
        Levels of the distinct control rows and what is subtracted from them, shape (q, KE).

    Notes
    -----
    tau(e) = mean over participants with y(e) and y(b) seen and at least one control seen of
    [(y_i(e) - y_i(b)) - sum_j w_ij (y_j(e) - y_j(b))], the weights renormalised to 1 over the
    controls seen.
    """
    sets = group.sets
    control_row, place = np.unique(sets.control, return_inverse=True)
    shape = (len(sets.participant), len(control_row))
    W = csr_array((sets.weight, (sets.member, place)), shape=shape)
    change_c = values - base
    seen_c = np.isfinite(change_c)
    total = W @ seen_c.astype(np.float64)
    valid = np.isfinite(change_t) & (total > 0)
    safe = np.where(valid, total, 1.0)
    contrast = change_t - (W @ np.where(seen_c, change_c, 0.0)) / safe
    contrast = np.where(valid, contrast, np.nan)
    n = valid.sum(axis=0)
    some = np.maximum(n, 1)
    estimate = np.where(n > 0, np.where(valid, contrast, 0.0).sum(axis=0) / some, np.nan)
    share = valid / safe
    load = np.asarray(W.T @ share, dtype=np.float64) * seen_c
    squares = csr_array((sets.weight**2, (sets.member, place)), shape=shape)
    load_squares = np.asarray(squares.T @ (share / safe), dtype=np.float64) * seen_c
    mean_t = np.where(n > 0, np.where(valid, level_t, 0.0).sum(axis=0) / some, np.nan)
    mean_c = np.where(n > 0, (load * np.where(seen_c, values, 0.0)).sum(axis=0) / some, np.nan)
    return Comparison(
        estimate=estimate,
        contrast=contrast,
        valid=valid,
        n=n,
        control_row=control_row,
        change_t=change_t,
        change_c=change_c,
        load=load,
        load_squares=load_squares,
        mean_t=mean_t,
        mean_c=mean_c,
    )
