"""Who contributes to imputed effects.

An imputed effect is a sum over persons and years of v times the outcome: 1 over the number of
starters for the outcomes themselves, and what the regressions give to years without treatment. A
starter of whom the effect is stands on the participants' side with all its years; whoever else has
years without treatment, on the controls'.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.effects.hidden import Part, by_rows, of_side
from mih_impact.effects.imputed import ImputationSample, ImputedOutcome

__all__ = ["giving_of"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Persons looked at together.
_ROWS = 2_048
#: What is left of sums that cancel, relative to their terms, if nothing.
_NOTHING = 1e-9


def giving_of(sample: ImputationSample, parts: list[ImputedOutcome]) -> pd.DataFrame:
    """Return who contributes to every effect, in the order (outcome, level)."""
    tables = []
    for part in parts:
        found = _giving(sample, part, turned=False)
        if _is_indicator(sample, part):
            other = _giving(sample, part, turned=True)
            for name in found:
                if name.startswith("giving"):
                    both = (found[name] > 0) & (other[name] > 0)
                    found[name] = np.where(both, np.minimum(found[name], other[name]), found[name])
        for side in ("participants", "controls"):
            found[f"persons_{side}"] = part.counts[f"n_{side}"].astype(np.float64)
        tables.append(pd.DataFrame(found))
    return pd.concat(tables, ignore_index=True)


def _giving(
    sample: ImputationSample, part: ImputedOutcome, *, turned: bool
) -> dict[str, FloatArray]:
    """Return who contributes to the effects on one outcome; `turned`, to those on 1 less it."""
    own = _Amounts(sample, part, turned)
    found = of_side("participants", by_rows(own.of_level()))
    for when in ("before", "change"):
        found |= of_side(f"participants_{when}", by_rows(own.of_starters(when)))
    found |= of_side("controls", by_rows(own.of_controls()))
    return {name: value for name, value in found.items() if not name.startswith("persons")}


class _Amounts:
    """The amounts of one outcome behind its effects, some persons at a time; see `Part`."""

    def __init__(self, sample: ImputationSample, part: ImputedOutcome, turned: bool) -> None:
        T = len(sample.values.years)
        self.sample, self.part, self.turned = sample, part, turned
        self.columns = slice(part.number * T, (part.number + 1) * T)
        self.levels = np.sort(np.concatenate(part.at))
        self.anybody = sample.values.anybody[self.columns]

    def values(self, person: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the amounts of persons, 0 where they are not seen, and where they are, (b, T)."""
        values = self.sample.values
        middle = np.broadcast_to(values.middle, values.values.shape[1:])[self.columns]
        y = values.values[person, self.columns] + middle
        seen = np.isfinite(y) & self.anybody
        return np.where(seen, 1.0 - y if self.turned else y, 0.0), seen

    def starters(self) -> Iterator[tuple[FloatArray, BoolArray, FloatArray]]:
        """Give amounts (b, T), whose effect it is and when (b, T, L), and the weights (b, T, L)."""
        sample, part = self.sample, self.part
        for at in range(0, max(len(sample.starters), 1), _ROWS):
            rows = slice(at, at + _ROWS)
            y, _ = self.values(sample.starters[rows])
            since = (sample.values.years - sample.start[rows, None])[:, :, None]
            free, imputed = part.untreated[rows], part.imputed[rows]
            among = np.where(part.is_lead, free[:, :, None], imputed[:, :, None])
            among &= (since >= part.spans[:, 0]) & (since <= part.spans[:, 1])
            yield y, among, self._weights(since, free, among)

    def _weights(self, since: IntArray, free: BoolArray, among: BoolArray) -> FloatArray:
        """Return what every year of the starters weighs in every effect, (b, T, L)."""
        part, (lead, later) = self.part, self.part.at
        weight = np.zeros(among.shape)
        weight[:, :, lead] = (since == part.spans[lead, 0]) @ part.between
        for places, to in zip(part.at, part.to, strict=True):
            weight[:, :, places] += to
        # A person's own effect is the mean of its years without treatment.
        weight -= _mean(weight, free)
        weight *= free[:, :, None]
        own = among[:, :, later] / np.maximum(part.counts["n_participants"], 1.0)[later]
        if part.simple:
            own = among[:, :, later] / max(part.imputed.sum(), 1.0)
        m = np.maximum(free.sum(axis=1), 1.0)[:, None, None]
        weight[:, :, later] += own - free[:, :, None] * own.sum(axis=1, keepdims=True) / m
        return _cleared(weight)

    def of_level(self) -> Iterator[Part]:
        """Give what starters have in the years that the effects are of."""
        for y, among, _ in self.starters():
            own = np.einsum("bt,btl->bl", y, among)
            yield _indicator(among), [own], None

    def of_starters(self, when: str) -> Iterator[Part]:
        """Give what their years without treatment add, or all their years together."""
        for y, among, weight in self.starters():
            added = y[:, :, None] * weight
            size = np.abs(added)
            if when == "before":
                amount = (size * ~among).sum(axis=1)
            else:
                amount = added.sum(axis=1)
                amount[np.abs(amount) < _NOTHING * size.sum(axis=1)] = 0.0
            yield _indicator(among), [amount], None

    def of_controls(self) -> Iterator[Part]:
        """Give what all others add in their years without treatment."""
        for y, among, weight in self.starters():
            own = np.einsum("bt,btl->bl", np.abs(y), np.abs(weight))
            yield 1.0 - _indicator(among), [own], None
        to = np.zeros((len(self.anybody), len(self.levels)))
        for places, own in zip(self.part.at, self.part.to, strict=True):
            to[:, places] = own
        for persons in (self.sample.listed, self.sample.whole):
            for at in range(0, len(persons), _ROWS):
                yield self._of_never(persons[at : at + _ROWS], to)

    def _of_never(self, person: IntArray, to: FloatArray) -> Part:
        y, seen = self.values(person)
        kinds, own = np.unique(seen, axis=0, return_inverse=True)
        amount = np.empty((len(person), to.shape[1]))
        for k, kind in enumerate(kinds):
            rows = own.ravel() == k
            weight = np.where(kind[:, None], to - to[kind].sum(axis=0) / max(kind.sum(), 1), 0.0)
            amount[rows] = np.abs(y[rows]) @ np.abs(_cleared(weight))
        return np.ones(amount.shape), [amount], None


def _indicator(among: BoolArray) -> FloatArray:
    """Return 1 for persons who are in an effect in some year, else 0, (b, L)."""
    return np.asarray(among.any(axis=1), dtype=np.float64)


def _cleared(weight: FloatArray) -> FloatArray:
    """Return weights with what is rounding set to nothing."""
    size = np.abs(weight)
    return np.where(size > _NOTHING * size.max(initial=0.0), weight, 0.0)


def _mean(values: FloatArray, free: BoolArray) -> FloatArray:
    """Return means over the years without treatment, (b, 1, L)."""
    total: FloatArray = np.einsum("bt,btl->bl", free.astype(np.float64), values)
    return np.asarray(total / np.maximum(free.sum(axis=1), 1.0)[:, None])[:, None]


def _is_indicator(sample: ImputationSample, part: ImputedOutcome) -> bool:
    """Return whether everybody has 0 or 1 of an outcome."""
    amounts = _Amounts(sample, part, turned=False)
    for persons in (sample.starters, sample.listed, sample.whole):
        for at in range(0, len(persons), _ROWS):
            y, _ = amounts.values(persons[at : at + _ROWS])
            if not ((y == 0.0) | (y == 1.0)).all():
                return False
    return True
