"""Effects of one start year without covariates: differences of mean changes within exact cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.effects.group_time.moments import Profiles
from mih_impact.effects.group_time.outcomes import Outcomes
from mih_impact.effects.group_time.sample import StartGroup

__all__ = ["MeanEffects", "changes", "mean_effects"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MeanEffects:
    """Effects of one start year on every (outcome, year), and what its persons' influence is.

    Attributes
    ----------
    estimate
        Shape (KT,), NaN where nobody can be compared.
    n_participants, n_controls
        Persons compared, shape (KT,).
    mean, load
        Mean change of the controls of a cell, and the weight of each of them over the number of
        participants, shape (n_cells, KT).
    place, base
        Column of the outcomes that holds the year and its base, shape (KT,); base is -1 where the
        register has none.
    free_after
        A control must start later than this, shape (KT,).
    treated, treated_rows
        The starters and their influence, shape (n, KT).
    person, cell, start
        Controls that are written out person by person, ascending, with cell and own start year.
    """

    estimate: FloatArray
    n_participants: IntArray
    n_controls: IntArray
    mean: FloatArray
    load: FloatArray
    base: IntArray
    free_after: IntArray
    treated: IntArray
    treated_rows: FloatArray
    person: IntArray
    cell: IntArray
    start: IntArray
    values: FloatArray

    def rows(self, which: slice | IntArray) -> FloatArray:
        """Return the influence of some of the controls in `person`, shape (number, KT)."""
        change = changes(self.values, self.person[which], self.base)
        seen = np.isfinite(change) & (self.start[which][:, None] > self.free_after)
        cell = self.cell[which]
        gap = np.where(seen, change - self.mean[cell], 0.0)
        return -self.load[cell] * gap

    def carrier(self, cell: int) -> FloatArray:
        """Return the map from (1, y) of a control in the cell to its influence, (1 + KT, KT)."""
        width = len(self.base)
        to = np.zeros((1 + width, width))
        if cell < 0:
            return to
        columns = np.flatnonzero(self.load[cell] > 0)
        load = self.load[cell, columns]
        to[0, columns] = load * self.mean[cell, columns]
        to[1 + columns, columns] -= load
        to[1 + self.base[columns], columns] += load
        return to


def changes(values: FloatArray, person: IntArray, base: IntArray) -> FloatArray:
    """Return changes from the base, NaN where either year is not seen."""
    own = values[person]
    return np.where(base >= 0, own - own[:, np.maximum(base, 0)], np.nan)


def _by_cell(cell: IntArray, rows: FloatArray, n_cells: int) -> FloatArray:
    """Add the rows of each cell."""
    if n_cells == 1:
        return np.asarray(rows.sum(axis=0, keepdims=True), dtype=np.float64)
    where = np.arange(len(cell) + 1)
    member = csr_array((np.ones(len(cell)), cell, where), shape=(len(cell), n_cells))
    return np.asarray(member.T @ rows, dtype=np.float64)


def mean_effects(
    group: StartGroup,
    k: int,
    outcomes: Outcomes,
    profiles: Profiles,
    listed: NDArray[np.bool_],
    base: IntArray,
    free_after: IntArray,
) -> MeanEffects:
    """Compare mean changes of starters and controls within exact cells.

    Parameters
    ----------
    group, k
        The start year and its number among the start years.
    profiles
        Controls that enter through moments.
    listed
        Which persons of the cube are written out instead, shape (n_persons,).
    base, free_after
        As in `MeanEffects`.

    Notes
    -----
    With n_ct starters and N_ct controls of cell c seen in t and its base, m_ct the controls' mean
    change and n_t the starters in cells with controls, the effect is sum_c n_ct (their mean
    change - m_ct) / n_t. A starter's influence is (change - m_ct - effect) / n_t, a control's
    -(n_ct / n_t) (change - m_ct) / N_ct. It is what regression, weighting and their doubly robust
    combination all give when the cells are the only covariates (Sant'Anna and Zhao 2020).
    """
    cells = group.n_cells
    of_listed = listed[group.control] if listed.any() else slice(0, 0)
    person = group.control[of_listed]
    cell, start = group.control_cell[of_listed], group.control_start[of_listed]
    change = changes(outcomes.values, person, base)
    seen = np.isfinite(change) & (start[:, None] > free_after)
    count = _by_cell(cell, seen.astype(np.float64), cells)
    total = _by_cell(cell, np.where(seen, change, 0.0), cells)
    within = profiles.cell[:, k] >= 0
    if within.any():
        at = profiles.cell[within, k]
        sums = profiles.moments[within, 0]
        known = base >= 0
        count += _by_cell(at, np.where(known, sums[:, :1], 0.0), cells)
        moved = sums[:, 1:] - sums[:, 1:][:, np.maximum(base, 0)]
        total += _by_cell(at, np.where(known, moved, 0.0), cells)
    mean = total / np.maximum(count, 1.0)

    own = changes(outcomes.values, group.treated, base)
    compared = np.isfinite(own) & (count[group.treated_cell] > 0)
    starters = _by_cell(group.treated_cell, compared.astype(np.float64), cells)
    n = starters.sum(axis=0)
    some = np.maximum(n, 1.0)
    contrast = np.where(compared, own - mean[group.treated_cell], 0.0)
    estimate = contrast.sum(axis=0) / some
    return MeanEffects(
        estimate=np.where(n > 0, estimate, np.nan),
        n_participants=n.astype(np.int64),
        n_controls=np.where(starters > 0, count, 0.0).sum(axis=0).astype(np.int64),
        mean=mean,
        load=np.where(count > 0, starters / some / np.maximum(count, 1.0), 0.0),
        base=base,
        free_after=free_after,
        treated=group.treated,
        treated_rows=np.where(compared, contrast - estimate, 0.0) / some,
        person=person,
        cell=cell,
        start=start,
        values=outcomes.values,
    )
