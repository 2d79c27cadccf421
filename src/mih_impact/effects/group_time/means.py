"""Effects of one start year without covariates: differences of mean changes within exact cells.

Without covariates a control's influence on every effect is a linear map of its outcomes, the same
for all who stand in the same exact cells for every start year. Their number, sums and products
of outcomes are then all that means and covariances need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.effects.group_time.sample import Outcomes, StartGroup

__all__ = [
    "BLOCK",
    "MeanEffects",
    "Profiles",
    "build_profiles",
    "changes",
    "mean_effects",
    "weighed",
    "weights_of",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Persons taken at a time: blocks stay in the processor's cache.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Profiles:
    """Persons grouped by the cells they stand in for each start year.

    Attributes
    ----------
    person
        Positions in the cube, profile by profile, shape (m,).
    bounds
        Where each profile begins in `person`, and the end, shape (P + 1,).
    cell
        The cell of each profile for each start year, -1 where it is no control, shape (P, G).
    moments
        Shape (P, 1 + KT, 1 + KT): sums of (1, y) (1, y)' over the persons, by design weights w
        those of w (1, y) w (1, y)'.
    values
        The outcomes of all persons of the cube, shape (n_persons, KT).
    weight
        Their design weights, shape (n_persons,); None without.
    """

    person: IntArray
    bounds: IntArray
    cell: IntArray
    moments: FloatArray
    values: FloatArray
    weight: FloatArray | None = None

    @cached_property
    def sums(self) -> FloatArray:
        """Sums of w (1, y) over the persons, shape (P, 1 + KT)."""
        if self.weight is None:
            return self.moments[:, 0]
        each = [sum(part.sum(axis=0) for _, part in self.blocks(p)) for p in range(len(self.cell))]
        return np.array(each).reshape(self.moments.shape[:2])

    def blocks(self, p: int) -> Iterator[tuple[IntArray, FloatArray]]:
        """Give the persons of a profile and their w (1, y), a block at a time."""
        return _blocks(self.person[self.bounds[p] : self.bounds[p + 1]], self.values, self.weight)


def _blocks(
    person: IntArray, values: FloatArray, weight: FloatArray | None
) -> Iterator[tuple[IntArray, FloatArray]]:
    carrier = np.ones((min(BLOCK, len(person)), 1 + values.shape[1]))
    own = np.empty((len(carrier), values.shape[1]))
    for first in range(0, len(person), BLOCK):
        block = person[first : first + BLOCK]
        # Into memory that is there already, of rows that lie together: a third of the time.
        np.take(values, block, axis=0, out=own[: len(block)], mode="clip")
        carrier[: len(block), 1:] = own[: len(block)]
        if weight is not None:
            carrier[: len(block), 0] = weight[block]
            carrier[: len(block), 1:] *= weight[block, None]
        yield block, carrier[: len(block)]


def build_profiles(
    outcomes: Outcomes, groups: Sequence[StartGroup], controls: NDArray[np.bool_] | None
) -> Profiles:
    """Sum up the never-starters who are seen throughout, profile by profile.

    `controls` are those of any start year, shape (n_persons,); None where no profile is wanted:
    with covariates no two persons have the same map. A profile of no more persons than columns is
    left to be written out person by person.
    """
    values = outcomes.values
    n, width = values.shape
    member = np.zeros(n, dtype=bool) if controls is None else controls & outcomes.complete
    everybody = 0 if controls is None else np.count_nonzero(controls)
    for group in groups:  # whoever starts has rows of its own
        member[group.later] = False
    person = np.flatnonzero(member)
    code, standing = np.zeros(len(person), dtype=np.int64), []
    for group in groups:
        if group.n_cells == 1 and len(group.control) == everybody:
            standing.append(np.broadcast_to(np.int32(0), len(person)))
            continue
        cells_of = np.full(n, -1, dtype=np.int32)
        cells_of[group.control] = group.control_cell
        standing.append(cells_of[person])
        if len(person) and (standing[-1] != standing[-1][0]).any():
            code, _ = pd.factorize(code * (int(standing[-1].max()) + 2) + standing[-1] + 1)
    size = np.bincount(code)
    order = np.flatnonzero((size > width)[code])
    if len(size) > 1:
        order = order[np.argsort(code[order], kind="stable")]
    if len(order) < len(person) or len(size) > 1:
        person, code = person[order], code[order]
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(code)) + 1, [len(code)]])
    bounds = np.unique(bounds).astype(np.int64)
    cells = np.array([cell[order[bounds[:-1]]] for cell in standing]).T.astype(np.int64)
    moments = np.zeros((len(cells), 1 + width, 1 + width))
    for p in range(len(cells)):
        for _, carrier in _blocks(person[bounds[p] : bounds[p + 1]], values, outcomes.weight):
            moments[p] += carrier.T @ carrier
    return Profiles(person, bounds, cells, moments, values, outcomes.weight)


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
        participants, shape (n_cells, KT); times its design weight, where there are such.
    place, base
        Column of the outcomes that holds the year and its base, shape (KT,); base is -1 where the
        register has none.
    free_after
        A control must start later than this, shape (KT,).
    treated, treated_rows
        The starters and their influence, shape (n, KT).
    person, cell, start
        Controls that are written out person by person, ascending, with cell and own start year.
    values, weight
        As in `Profiles`.
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
    weight: FloatArray | None

    def rows(self, which: slice | IntArray) -> FloatArray:
        """Return the influence of some of the controls in `person`, shape (number, KT)."""
        change = changes(self.values, self.person[which], self.base)
        seen = np.isfinite(change) & (self.start[which][:, None] > self.free_after)
        cell = self.cell[which]
        gap = np.where(seen, change - self.mean[cell], 0.0)
        return weighed(-self.load[cell] * gap, weights_of(self.weight, self.person[which]))

    def carrier(self, cell: int) -> FloatArray:
        """Return the map from w (1, y) of a control in the cell to its influence, (1 + KT, KT)."""
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


def weights_of(weight: FloatArray | None, person: IntArray) -> FloatArray | None:
    """Return the design weights of some persons; None without."""
    return None if weight is None else weight[person]


def weighed(rows: FloatArray, weight: FloatArray | None) -> FloatArray:
    """Return rows times design weights, where there are such."""
    return rows if weight is None else rows * weight[:, None]


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
    combination all give when the cells are the only covariates (Sant'Anna and Zhao 2020). By design
    weights w, means are weighted, n and N are sums of weights, and influence is times w.
    """
    cells = group.n_cells
    of_listed = listed[group.control] if listed.any() else slice(0, 0)
    person = group.control[of_listed]
    cell, start = group.control_cell[of_listed], group.control_start[of_listed]
    change = changes(outcomes.values, person, base)
    seen = np.isfinite(change) & (start[:, None] > free_after)
    w, w_own = (weights_of(outcomes.weight, who) for who in (person, group.treated))
    count = _by_cell(cell, seen.astype(np.float64), cells)
    mass = count.copy() if w is None else _by_cell(cell, weighed(seen.astype(np.float64), w), cells)
    total = _by_cell(cell, weighed(np.where(seen, change, 0.0), w), cells)
    within = profiles.cell[:, k] >= 0
    if within.any():
        at, known = profiles.cell[within, k], base >= 0
        sums, many = profiles.sums[within], np.diff(profiles.bounds)[within, None]
        count += _by_cell(at, np.where(known, many, 0.0), cells)
        mass += _by_cell(at, np.where(known, sums[:, :1], 0.0), cells)
        moved = sums[:, 1:] - sums[:, 1:][:, np.maximum(base, 0)]
        total += _by_cell(at, np.where(known, moved, 0.0), cells)
    mean = total / np.where(count > 0, mass, 1.0)

    own = changes(outcomes.values, group.treated, base)
    compared = np.isfinite(own) & (count[group.treated_cell] > 0)
    n = compared.sum(axis=0)
    starters = _by_cell(group.treated_cell, weighed(compared.astype(np.float64), w_own), cells)
    some = np.where(n > 0, starters.sum(axis=0), 1.0)
    contrast = np.where(compared, own - mean[group.treated_cell], 0.0)
    estimate = weighed(contrast, w_own).sum(axis=0) / some
    return MeanEffects(
        estimate=np.where(n > 0, estimate, np.nan),
        n_participants=n.astype(np.int64),
        n_controls=np.where(starters > 0, count, 0.0).sum(axis=0).astype(np.int64),
        mean=mean,
        load=np.where(count > 0, starters / some / np.where(count > 0, mass, 1.0), 0.0),
        base=base,
        free_after=free_after,
        treated=group.treated,
        treated_rows=weighed(np.where(compared, contrast - estimate, 0.0), w_own) / some,
        person=person,
        cell=cell,
        start=start,
        values=outcomes.values,
        weight=outcomes.weight,
    )
