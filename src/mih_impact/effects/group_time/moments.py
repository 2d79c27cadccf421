"""Never-starters seen in every year, as moments of their outcomes instead of rows.

Without covariates a control's influence on every effect is a linear map of its outcomes, the same
for all who stand in the same exact cells for every start year. Their number, sums and products
of outcomes are then all that means and covariances need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.effects.group_time.outcomes import Outcomes
from mih_impact.effects.group_time.sample import NO_START, StartGroup

__all__ = ["BLOCK", "Profiles", "build_profiles"]

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
        Shape (P, 1 + KT, 1 + KT): sums of (1, y) (1, y)' over the persons.
    values
        The outcomes of all persons of the cube, shape (n_persons, KT).
    """

    person: IntArray
    bounds: IntArray
    cell: IntArray
    moments: FloatArray
    values: FloatArray

    def blocks(self, p: int) -> Iterator[tuple[IntArray, FloatArray]]:
        """Give the persons of a profile and their (1, y), a block at a time."""
        return _blocks(self.person[self.bounds[p] : self.bounds[p + 1]], self.values)


def _blocks(person: IntArray, values: FloatArray) -> Iterator[tuple[IntArray, FloatArray]]:
    carrier = np.ones((min(BLOCK, len(person)), 1 + values.shape[1]))
    for first in range(0, len(person), BLOCK):
        block = person[first : first + BLOCK]
        carrier[: len(block), 1:] = values[block]
        yield block, carrier[: len(block)]


def build_profiles(
    outcomes: Outcomes, groups: Sequence[StartGroup], *, wanted: bool = True
) -> Profiles:
    """Sum up the never-starters who are seen throughout, profile by profile.

    A profile of no more persons than columns is left to be written out person by person, and
    every profile if none is `wanted`: with covariates no two persons have the same map.
    """
    values = outcomes.values
    n, width = values.shape
    membership = np.full((len(groups), n if wanted else 0), -1, dtype=np.int32)
    member = np.zeros(n, dtype=bool)
    for cells_of, group in zip(membership, groups if wanted else (), strict=False):
        cells_of[group.control] = group.control_cell
        member[group.control] = True
    for group in groups:  # whoever starts has rows of its own
        member[group.control[group.control_start != NO_START]] = False
    person = np.flatnonzero(member & outcomes.complete)
    code = np.zeros(len(person), dtype=np.int64)
    for cells_of in membership if wanted else ():
        cell = cells_of[person]
        if len(person) and (cell != cell[0]).any():
            code, _ = pd.factorize(code * (int(cell.max()) + 2) + cell + 1)
    size = np.bincount(code)
    large = size[code] > width
    person, code = person[large], code[large]
    if len(size) > 1:
        order = np.argsort(code, kind="stable")
        person, code = person[order], code[order]
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(code)) + 1, [len(code)]])
    bounds = np.unique(bounds).astype(np.int64)
    cells = membership[:, person[bounds[:-1]]].T.astype(np.int64)
    moments = np.zeros((len(cells), 1 + width, 1 + width))
    for p in range(len(cells)):
        for _, carrier in _blocks(person[bounds[p] : bounds[p + 1]], values):
            moments[p] += carrier.T @ carrier
    return Profiles(person, bounds, cells, moments, values)
