"""Influence kept in factors: participants in rows, controls in recipes and moments.

Columns are outcome-major: (outcome, start year, year), or what a linear map made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.effects.group_time.means import Profiles
from mih_impact.effects.influence import Influence

__all__ = ["FactoredInfluence", "Multiplier", "Recipe", "factored", "written_rows"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Multiplier = Literal["mammen", "rademacher"]

#: Persons written out at a time.
ROWS = 4096
#: Draws made at a time.
DRAWS = 32


class Recipe(Protocol):
    """How to write out the influence of one start year's controls."""

    @property
    def person(self) -> IntArray:
        """Positions in the cube, ascending."""
        ...

    def rows(self, which: slice | IntArray) -> FloatArray:
        """Return the influence of some of `person`, shape (number of them, KT)."""
        ...

    def carrier(self, cell: int) -> FloatArray:
        """Return the map from (1, y) to the influence of those in a cell, (1 + KT, KT)."""
        ...


@dataclass(frozen=True, eq=False)
class FactoredInfluence:
    """Influence of every person on every estimate, never written out unless asked for.

    Attributes
    ----------
    covariance
        The cross-product of the rows, shape (C, C).
    starters, starter_rows
        Those who ever start, and their rows, shapes (s,) and (s, C).
    listed
        Other persons whose rows are made from `recipes`, ascending, shape (l,).
    recipes
        One for each start year.
    profiles
        Persons kept as moments.
    weights
        Linear map from the columns of the recipes to C; None for all of them as they are.
    outcomes
        Number of outcomes in the recipes' columns.
    """

    covariance: FloatArray
    starters: IntArray
    starter_rows: FloatArray
    listed: IntArray
    recipes: Sequence[Recipe]
    profiles: Profiles
    weights: FloatArray | None
    outcomes: int

    @property
    def cluster(self) -> IntArray:
        """Positions in the cube of the persons, in the order of `rows`."""
        return np.concatenate([self.starters, self.listed, self.profiles.person])

    @property
    def rows(self) -> FloatArray:
        """The dense rows, shape (persons, C): large, and made anew at every request."""
        return np.concatenate([block for _, block in self._dense()])

    def dense(self) -> Influence:
        """Write the influence out: large, and made anew at every request."""
        return Influence(self.rows, self.cluster)

    def columns(self, chosen: slice | IntArray) -> FactoredInfluence:
        """Return the influence on some of the estimates, still in factors."""
        return self.mapped(np.eye(self.starter_rows.shape[1])[:, chosen])

    def mapped(self, weights: FloatArray) -> FactoredInfluence:
        """Return the influence on known linear combinations, shape (C, A), still in factors."""
        return self.combine(weights, np.zeros((len(self.starters), weights.shape[1])))

    def clustered(self, label: IntArray) -> Influence:
        """Add up the rows of the same label, in the order of `cluster`, a block at a time."""
        labels, place = np.unique(label, return_inverse=True)
        rows, first = np.zeros((len(labels), self.starter_rows.shape[1])), 0
        for _, block in self._dense():
            at = place[first : first + len(block)]
            member = csr_array(
                (np.ones(len(at)), (at, np.arange(len(at)))), shape=(len(labels), len(at))
            )
            rows += np.asarray(member @ block)
            first += len(block)
        return Influence(rows, labels)

    @classmethod
    def written_out(cls, rows: FloatArray, cluster: IntArray, outcomes: int) -> FactoredInfluence:
        """Return rows that are few as influence in factors, of which they are the only one."""
        width, nobody = rows.shape[1], np.empty(0, dtype=np.int64)
        none = Profiles(
            nobody,
            np.zeros(1, dtype=np.int64),
            np.empty((0, 0), dtype=np.int64),
            np.empty((0, 1 + width, 1 + width)),
            np.empty((0, width)),
        )
        return cls(rows.T @ rows, cluster, rows, nobody, (), none, None, outcomes)

    def combine(self, weights: FloatArray, own: FloatArray) -> FactoredInfluence:
        """Return the influence on linear combinations of the estimates.

        Parameters
        ----------
        weights
            Shape (C, A).
        own
            What estimating the weights adds for each of `starters`, shape (s, A).
        """
        mapped = self.starter_rows @ weights
        cross = mapped.T @ own
        covariance = weights.T @ self.covariance @ weights + cross + cross.T + own.T @ own
        return FactoredInfluence(
            covariance=covariance,
            starters=self.starters,
            starter_rows=mapped + own,
            listed=self.listed,
            recipes=self.recipes,
            profiles=self.profiles,
            weights=weights if self.weights is None else self.weights @ weights,
            outcomes=self.outcomes,
        )

    def multiplier_draws(self, n: int, *, seed: int, kind: Multiplier = "mammen") -> FloatArray:
        """Draw the estimates' errors by weighting persons' influence at random.

        Parameters
        ----------
        n
            Number of draws.
        seed
            Seed of the weights.
        kind
            "mammen": two points with mean 0, variance 1 and third moment 1. "rademacher": plus or
            minus 1.

        Returns
        -------
        array
            sum_i xi_i psi_i for every draw, shape (n, C).

        Notes
        -----
        Persons are drawn in fixed blocks, each with a generator of its own, and a block adds
        xi'(1, y) of its persons: what is random never depends on how the rows are kept in memory.
        Mammen's upper point has a probability of a whole number of 65 536ths (0.72360 for
        0.72361), its points moved so that mean 0 and variance 1 are exact.
        """
        low, high, chance = _points(kind)
        total = np.zeros((n, self.starter_rows.shape[1]))
        for number, (_, block) in enumerate(self._dense(with_profiles=False)):
            total += _weigh(block, n, (seed, 0, number), low, high, chance)
        for number, (to, _, carrier) in enumerate(self._profile_blocks()):
            total += _weigh(carrier, n, (seed, 1, number), low, high, chance) @ to
        return total

    def _dense(self, *, with_profiles: bool = True) -> Iterator[tuple[IntArray, FloatArray]]:
        """Give persons and their rows, a block at a time."""
        yield self.starters, self.starter_rows
        for first in range(0, len(self.listed), ROWS):
            person = self.listed[first : first + ROWS]
            block = written_rows(person, self.recipes, self.outcomes)
            yield person, block if self.weights is None else block @ self.weights
        if with_profiles:
            for to, person, carrier in self._profile_blocks():
                yield person, carrier @ to

    def _profile_blocks(self) -> Iterator[tuple[FloatArray, IntArray, FloatArray]]:
        """Give the map from (1, y) to rows, the persons and their (1, y), a block at a time."""
        for p in range(len(self.profiles.cell)):
            to = _carrier(self.recipes, self.profiles.cell[p], self.outcomes)
            to = to if self.weights is None else to @ self.weights
            for person, carrier in self.profiles.blocks(p):
                yield to, person, carrier


def factored(
    starters: IntArray,
    starter_rows: FloatArray,
    listed: IntArray,
    recipes: Sequence[Recipe],
    profiles: Profiles,
    outcomes: int,
) -> FactoredInfluence:
    """Put the factors together and reckon their covariance."""
    covariance = starter_rows.T @ starter_rows
    for first in range(0, len(listed), ROWS):
        block = written_rows(listed[first : first + ROWS], recipes, outcomes)
        covariance += block.T @ block
    for moments, cell in zip(profiles.moments, profiles.cell, strict=True):
        to = _carrier(recipes, cell, outcomes)
        covariance += to.T @ moments @ to
    return FactoredInfluence(
        covariance, starters, starter_rows, listed, recipes, profiles, None, outcomes
    )


def _carrier(recipes: Sequence[Recipe], cell: IntArray, outcomes: int) -> FloatArray:
    """Return the map from (1, y) to the rows of a profile, shape (1 + KT, C)."""
    parts = [recipe.carrier(int(c)) for recipe, c in zip(recipes, cell, strict=True)]
    stacked = [part.reshape(len(part), outcomes, -1) for part in parts]
    return np.stack(stacked, axis=2).reshape(len(parts[0]), -1)


def written_rows(person: IntArray, recipes: Sequence[Recipe], outcomes: int) -> FloatArray:
    """Write out the rows of some persons as controls; `person` ascends, shape (persons, C)."""
    rows = np.empty(0)
    for k, recipe in enumerate(recipes):
        ends = (
            np.searchsorted(recipe.person, [person[0], person[-1] + 1]) if len(person) else (0, 0)
        )
        among = recipe.person[ends[0] : ends[1]]
        place = np.searchsorted(person, among)
        wanted = person[place] == among
        which = slice(*ends) if wanted.all() else ends[0] + np.flatnonzero(wanted)
        part = recipe.rows(which)
        years = part.shape[1] // outcomes
        if k == 0:
            rows = np.zeros((len(person), outcomes, len(recipes), years))
        rows[place[wanted], :, k] = part.reshape(len(part), outcomes, years)
    return rows.reshape(len(person), -1)


def _points(kind: Multiplier) -> tuple[float, float, int]:
    """Return the two points of a weight and the 65 536ths of chance of the first."""
    if kind == "rademacher":
        return -1.0, 1.0, 1 << 15
    chance = round((np.sqrt(5) + 1) / (2 * np.sqrt(5)) * (1 << 16))
    odds = float(np.sqrt(chance / ((1 << 16) - chance)))
    return -1.0 / odds, odds, chance


def _weigh(
    rows: FloatArray, n: int, key: tuple[int, int, int], low: float, high: float, chance: int
) -> FloatArray:
    """Return n draws of xi'rows, xi `low` with the chance given, else `high`."""
    source = np.random.SFC64(np.random.SeedSequence(key))
    total = np.empty((n, rows.shape[1]))
    upper = np.empty((DRAWS, len(rows)))  # one buffer, small enough to stay in the cache
    for first in range(0, n, DRAWS):
        size = min(DRAWS, n - first)
        if chance == 1 << 15:
            raw = _random(source, size, -(-len(rows) // 64)).view(np.uint8)
            upper[:size] = np.unpackbits(raw, axis=1, count=len(rows))
        else:
            raw = _random(source, size, -(-len(rows) // 4)).view(np.uint16)
            upper[:size] = raw[:, : len(rows)] >= chance
        np.matmul(upper[:size], rows, out=total[first : first + size])
    drawn: FloatArray = low * rows.sum(axis=0) + (high - low) * total
    return drawn


def _random(source: np.random.SFC64, draws: int, words: int) -> NDArray[np.uint64]:
    """Return random 64-bit words, in the same order of bytes on every machine."""
    return source.random_raw(draws * words).astype("<u8", copy=False).reshape(draws, words)
