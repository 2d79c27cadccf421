"""The comparison with weighted controls, read from calendar years instead of row by row.

All candidates of a start year are controls of it, and most are candidates of every start year: one
row each would hold the same calendar years again and again. Here amounts are read once for each
person, persons side by side, and a start year is a window on them. The arithmetic is that of
`compare` and `estimated_weights`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import distinct
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.comparison import Compared, SetMeans, centred, with_sets
from mih_impact.effects.estimated_weights import (
    cancelled,
    largest_of,
    moved_by_weights,
    require_estimated,
    steepness,
)
from mih_impact.effects.hidden import Behind, contributions_of, of_side
from mih_impact.effects.influence import Influence
from mih_impact.effects.question import TargetEffects

__all__ = ["WeightedYears"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Persons looked at together: what is made of them stays in the processor's cache.
_PERSONS = 8_192


@dataclass(frozen=True, eq=False)
class Window:
    """The years since start of one start year that the register has, of some persons.

    Attributes
    ----------
    columns
        Which years since start these are.
    level
        Amounts, shape (years, persons); 0 where not seen.
    before
        The base, shape (persons,); 0 without one.
    weight
        The persons' weights, shape (persons,), or (years, persons) with 0 where somebody is not
        seen then or in the base.
    """

    columns: slice
    level: FloatArray
    before: FloatArray | float
    weight: FloatArray

    @property
    def change(self) -> FloatArray:
        """Changes from the base, made anew; of no meaning where not seen."""
        return self.level - self.before


@dataclass(frozen=True, eq=False)
class WeightedYears:
    """What is asked of participants and of their weighted controls.

    Attributes
    ----------
    group, target
        Who is compared, and what is asked.
    who
        Participants and controls, as positions in the cube, shape (P,), ascending.
    start_year
        The start year of each set of controls, shape (S,).
    weight
        Weight of each person in each set, shape (S, P).
    row
        The row of the risk set that a person is in each set, shape (S, P).
    """

    group: ControlGroup
    target: TargetEffects
    who: IntArray
    start_year: IntArray
    weight: FloatArray
    row: IntArray

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> WeightedYears | None:
        """Lay out a weighted group; None where amounts do not go by the calendar year alone."""
        risk, sets = group.risk, group.sets
        year = np.zeros(len(sets.size), dtype=np.int64)
        year[sets.member] = risk.start_year[sets.control]
        apart = len(np.unique(year)) == len(year)
        if risk.cube.PER_YEAR > 1 or risk.cube.others is not None or not apart:
            return None
        who = distinct(risk.person[sets.control], risk.person[sets.participant])
        at = sets.member, np.searchsorted(who, risk.person[sets.control])
        weight = np.zeros((len(year), len(who)))
        row = np.zeros(weight.shape, dtype=np.int64)
        weight[at], row[at] = sets.weight, sets.control
        return cls(group, target, who, year, weight, row)

    def effect(self, among: BoolArray) -> tuple[Compared, Influence]:
        """Compare some of the participants, shape (n,), with their controls."""
        group, target = self.group, self.target
        if target.composition == "balanced":
            among = among & target.seen_throughout(group)
        level, change = target.levels_and_changes(group, group.sets.participant)
        means = self._means()
        found = with_sets(
            group,
            means,
            level,
            change,
            among=among,
            by_start_year=target.composition == "cohort_weighted",
        )
        mass = found.pop("mass") / np.where(means.weight > 0, means.weight, 1.0)
        persons = np.arange(len(level))
        own = contributions_of("participants", found["share"], level, persons, change)
        compared = Compared(**found, giving=own | self._giving(mass))
        return compared, self._influence(compared, mass, means.change)

    @cached_property
    def _amounts(self) -> tuple[FloatArray, BoolArray]:
        """Amounts by calendar year, 0 where not seen, and who is seen: shape (K, T, P)."""
        cube, names = self.group.risk.cube, self.target.outcomes
        value = np.empty((len(names), len(cube.periods), len(self.who)))
        everybody = len(self.who) == cube.n_persons
        for k, name in enumerate(names):
            amounts = cube.outcome(name, dead=self.target.dead)
            value[k] = (amounts if everybody else amounts[self.who]).T
        seen = np.isfinite(value)
        if not seen.all():
            value[~seen] = 0.0
        return value, seen

    @cached_property
    def _whole(self) -> BoolArray:
        """Whether everybody is seen, shape (K, T)."""
        return np.asarray(self._amounts[1].all(axis=2))

    @cached_property
    def _places(self) -> list[tuple[slice, slice, list[int]]]:
        """Of each start year the years since start there are, their periods and the base's."""
        periods, found = self.group.risk.cube.periods, []
        for start in self.start_year.tolist():
            place = np.array(self.target.years) + start - int(periods[0])
            inside = (place >= 0) & (place < len(periods))
            base = [b + start - int(periods[0]) for b in self.target.bases]
            if any(not 0 <= b < len(periods) for b in base):
                inside[:] = False
            first, many = int(inside.argmax()), int(inside.sum())
            at = int(place[first])
            found.append((slice(first, first + many), slice(at, at + many), base))
        return found

    def _windows(self, k: int, some: slice) -> Iterator[tuple[int, Window]]:
        """Give the window of every start year on an outcome of some persons."""
        value, seen = self._amounts[0][k, :, some], self._amounts[1][k, :, some]
        for s, (columns, at, base) in enumerate(self._places):
            if columns.start == columns.stop:
                continue
            before: FloatArray | float = 0.0
            if base:
                before = value[base[0]] if len(base) == 1 else value[base].mean(axis=0)
            weight = self.weight[s, some]
            if not (self._whole[k, at].all() and self._whole[k, base].all()):
                weight = weight * (seen[at] & seen[base].all(axis=0))
            yield s, Window(columns, value[at], before, weight)

    def _chunks(self) -> Iterator[slice]:
        for first in range(0, len(self.who), _PERSONS):
            yield slice(first, first + _PERSONS)

    def _means(self) -> SetMeans:
        """Return the weight and the means of the controls of each start year."""
        K, E, S = len(self.target.outcomes), len(self.target.years), len(self.start_year)
        found = np.zeros((3, S, K, E))
        for k in range(K):
            for some in self._chunks():
                for s, window in self._windows(k, some):
                    at, weight = (s, k, window.columns), window.weight
                    for each, y in zip(found[1:], (window.change, window.level), strict=True):
                        each[at] += y @ weight if weight.ndim == 1 else (y * weight).sum(axis=1)
                    found[0][at] += weight.sum(axis=-1)
        found[1:] /= np.where(found[0] > 0, found[0], 1.0)
        return SetMeans(*found.reshape(3, S, K * E))

    def _influence(self, compared: Compared, mass: FloatArray, mean: FloatArray) -> Influence:
        """Return the rows by person; see `estimated_weights`.

        Parameters
        ----------
        compared
            The comparison.
        mass, mean
            What a control's weight is multiplied by in each column, and the mean change, shape
            (S, K * E).
        """
        group, E = self.group, len(self.target.years)
        rows = np.zeros((mass.shape[1], len(self.who)))
        width = 1 + require_estimated(group).covariates.width
        slopes = np.zeros((len(self.start_year), width, mass.shape[1]))
        for some in self._chunks():
            steep = [steepness(group, row) for row in self.row[:, some]]
            for k in range(len(self.target.outcomes)):
                own = slice(k * E, (k + 1) * E)
                for s, window in self._windows(k, some):
                    at, moved = window.columns, window.change
                    moved -= mean[s, own][at, None]
                    moved *= window.weight
                    moved *= mass[s, own][at, None]
                    rows[own, some][at] -= moved
                    slopes[s][:, own][:, at] += steep[s] @ moved.T
        who = np.searchsorted(self.who, group.risk.person[group.sets.participant])
        by_start = centred(compared.contrast, compared.share, compared.stratum_t)
        rows[:, who] += (by_start + compared.between).T
        largest = largest_of(rows.T)
        by_year = dict(zip(self.start_year.tolist(), slopes, strict=True))
        parts = [
            (self._side_by_side(*part[:2]), part[2]) for part in moved_by_weights(group, by_year)
        ]
        factor, gain = (
            np.vstack([part[0] for part in parts]),
            np.vstack([part[1] for part in parts]),
        )
        for some in self._chunks():
            rows[:, some] += gain.T @ factor[:, some]
        rows[cancelled(rows.T, largest)] = 0.0
        touched = np.flatnonzero(rows.any(axis=0))
        everybody = len(touched) == len(self.who)
        return Influence(rows.T if everybody else rows.T[touched], self.who[touched])

    def _side_by_side(self, rows: IntArray, factor: FloatArray) -> FloatArray:
        """Return what rows of the risk set have, 0 for others, shape (columns, P)."""
        found = np.zeros((factor.shape[1], len(self.who)))
        found[:, np.searchsorted(self.who, self.group.risk.person[rows])] = factor.T
        return found

    def _giving(self, mass: FloatArray) -> dict[str, FloatArray]:
        """Return who contributes to the means of controls; see `contributions`."""
        E = len(self.target.years)
        found = []
        for k in range(len(self.target.outcomes)):
            own = mass[:, k * E : (k + 1) * E]
            levels, changes = partial(self._behind, k, own), None
            if self.target.bases:
                changes = partial(self._behind, k, own)
            found.append(of_side("controls", levels(), changes))
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

    def _behind(self, k: int, mass: FloatArray, cells: IntArray | None = None) -> Iterator[Behind]:
        """Give who is behind the means of an outcome: with amounts and the base's, or changes."""
        E, many = len(self.target.years), 1 if cells is not None or not self.target.bases else 2
        binary, of_changes = [np.ones(E, dtype=bool) for _ in range(many)], cells is not None
        for some in self._chunks():
            shape, short = (E, len(self.who[some])), (len(mass), len(self.who[some]))
            there, amounts = np.zeros(shape, dtype=bool), [np.zeros(shape) for _ in range(many)]
            counts, before = np.zeros(short), np.zeros(short)  # the same in all years
            for s, window in self._windows(k, some):
                at, weight = window.columns, window.weight
                own = weight > 0
                if own.ndim == 1:
                    counts[s] = own
                else:
                    there[at] |= own & (mass[s, at, None] > 0)
                values = [window.change] if of_changes else [window.level, window.before]
                for y, amount, of in zip(values[:many], amounts, binary, strict=True):
                    if of[at].any():
                        odd = ((y != 0) & (y != 1) & own).any(axis=-1)
                        of[at] &= ~odd | (mass[s, at] <= 0)
                    added = y * weight
                    np.abs(added, out=added)
                    if added.ndim == 1:
                        before[s] = added
                    else:
                        added *= mass[s, at, None]
                        amount[at] += added
            there |= (mass > 0).T.astype(np.float64) @ counts > 0
            amounts[-1] += mass.T @ before
            if cells is None:
                yield Behind(there.T, [each.T for each in amounts], binary)
            else:
                yield Behind(there[cells].T, [amounts[0][cells].T], [binary[0][cells]])
