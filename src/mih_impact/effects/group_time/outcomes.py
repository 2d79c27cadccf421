"""Outcomes as one block: persons x (outcome, year), centred, and who is seen throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.panel.cube import NEVER, Cube, Dead

__all__ = ["Outcomes", "read_outcomes"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What every person of the cube has in every year with register rows.

    Attributes
    ----------
    names
        The K outcomes.
    years
        The T calendar years with register rows, ascending.
    values
        Shape (n_persons, K * T), outcome-major, NaN where not seen (0 where nobody is); each column
        less its mean among those who never start, which no contrast of changes can feel and which
        keeps sums of squares exact.
    anybody
        Whether anybody is seen in the column, shape (K * T,).
    complete
        Whether a person is seen wherever anybody is, shape (n_persons,).
    """

    names: tuple[str, ...]
    years: IntArray
    values: FloatArray
    anybody: BoolArray
    complete: BoolArray

    @property
    def shape(self) -> tuple[int, int]:
        """Number of outcomes and of years."""
        return len(self.names), len(self.years)


def read_outcomes(cube: Cube, names: Sequence[str], *, dead: Dead) -> Outcomes:
    """Read outcomes out of the cube; years without rows for anybody are left out."""
    seen = cube.observed
    tables = [cube.outcome(name, dead=dead) for name in names]
    if not seen.all():
        tables = [table[:, seen] for table in tables]
    values = tables[0] if len(tables) == 1 else np.concatenate(tables, axis=1)
    never = cube.start_year == NEVER
    # A plain sum is quick, and tells at once whether anything is missing at all.
    total = never.astype(np.float64) @ values
    if np.isfinite(total).all() and np.isfinite(values[~never]).all():
        anybody = np.ones(values.shape[1], dtype=bool)
        complete = np.ones(len(values), dtype=bool)
        values -= total / max(int(never.sum()), 1)
    else:
        finite = np.isfinite(values)
        anybody = np.asarray(finite.any(axis=0))
        complete = np.asarray(finite[:, anybody].all(axis=1))
        values[:, ~anybody] = 0.0
        whole = values[never & complete]
        if len(whole):
            values -= whole.mean(axis=0)
    return Outcomes(tuple(names), cube.years, values, anybody, complete)
