"""Who enters Lee's bounds: everybody who could have been seen, and the cells they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.cells import combined
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.asked import Asked
from mih_impact.effects.sensitivity.pooled import Pooled
from mih_impact.errors import EffectsError

__all__ = ["Sample", "cells_of", "require_exact"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """Everybody who could have been seen in a year: with a base, and the year in the register.

    Attributes
    ----------
    rows
        Rows of the risk set, shape (r,).
    y
        Outcomes, 0 where not seen.
    seen, treated
        Whether the outcome is seen, and whether the row is a participant.
    weight
        1 for a participant, what the group gives a control.
    person
        Position in the cube.
    """

    rows: NDArray[np.int64]
    y: FloatArray
    seen: BoolArray
    treated: BoolArray
    weight: FloatArray
    person: NDArray[np.int64]

    @classmethod
    def of(cls, group: ControlGroup, asked: Asked, *, in_work: bool) -> Sample:
        """Read changes in the year, of those with a base and a year within the register."""
        pooled, cube = Pooled.of(group), group.risk.cube
        who, start = pooled.person, group.risk.start[pooled.rows]
        change = asked.levels_and_changes(group, pooled.rows)[1][:, 0]
        able = cube.seen(start, asked.years)[:, 0]
        if asked.bases:
            before = cube.since_start(asked.outcomes[0], who, start, asked.bases, dead=asked.dead)
            able &= np.isfinite(before).all(axis=1)
        there = np.isfinite(change)
        if in_work:
            work = cube.since_start("in_work", who, start, asked.years, dead=asked.dead)
            there &= work[:, 0] == 1.0
        sample = cls(
            pooled.rows[able],
            np.where(there, change, 0.0)[able],
            there[able],
            pooled.treated[able],
            pooled.weight[able],
            who[able],
        )
        sample.require_seen(asked.years[0])
        return sample

    def count(self, which: BoolArray) -> tuple[int, int]:
        """Return the distinct persons among some rows, as participants and as controls."""
        own, other = (len(np.unique(self.person[which & side])) for side in self._sides)
        return own, other

    @property
    def shares(self) -> tuple[float, float]:
        """The share seen among participants and among controls."""
        own, other = (float(np.average(self.seen[s], weights=self.weight[s])) for s in self._sides)
        return own, other

    @property
    def more(self) -> bool:
        """Whether participants are seen at least as often as controls."""
        return self.shares[0] >= self.shares[1]

    @property
    def untrimmed(self) -> float:
        """The difference of means among all who are seen."""
        weight = self.weight * self.seen
        own, other = (float(np.average(self.y[s], weights=weight[s])) for s in self._sides)
        return own - other

    @property
    def _sides(self) -> tuple[BoolArray, BoolArray]:
        return self.treated, ~self.treated

    def require_seen(self, year: int) -> None:
        """Raise where nobody of a side is seen."""
        own, other = self.count(self.seen)
        if not (own and other):
            raise EffectsError(
                f"A side has nobody with an outcome in year {year}",
                found=f"{own} participants and {other} controls with one",
                do="choose another year or outcome",
            )


def cells_of(group: ControlGroup, sample: Sample, columns: tuple[str, ...]) -> NDArray[np.int64]:
    """Give each combination of values a number, shape (rows of the sample,)."""
    codes: list[tuple[NDArray[np.int64], int]] = [(np.zeros(len(sample.rows), dtype=np.int64), 1)]
    for column in columns:
        if column == "start_year":
            values: NDArray[Any] = group.risk.start_year[sample.rows]
        else:
            values = group.read(column, sample.rows)
        code, distinct = pd.factorize(values)
        codes.append((code, len(distinct)))
    return np.unique(combined(codes)[0], return_inverse=True)[1]


def require_exact(group: ControlGroup, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns, or raise on one in whose cells controls do not stand for participants."""
    exact = (*group.exact, "start_year")
    unknown = [column for column in columns if column not in exact]
    if unknown:
        raise EffectsError(
            f"Not matched on exactly: {', '.join(unknown)}",
            found=f"exact={list(group.exact)}",
            do="name columns of exact=, or start_year: there controls weigh as the participants do",
        )
    return columns
