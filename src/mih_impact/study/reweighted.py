"""Weights and effects estimated again with every person counting as often as drawn.

The risk sets are built once, and everybody's changes read once; a draw counts rows as often as
their person is drawn, starts from the full sample's coefficients, and adds changes up once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.entropy import entropy_weights, nearby_weights, with_constant
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.refit import Rescored
from mih_impact.effects.question import TargetEffects
from mih_impact.errors import SupportError
from mih_impact.study.draws import TOGETHER, patterns

__all__ = ["Reweighted"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Side:
    """Those who start in a year, or those who could have.

    Attributes
    ----------
    rows
        Their rows in the risk sets, shape (r,).
    changing
        Columns that change for anybody, shape (c,).
    changes
        Changes in these columns, a row for each, 0 where not seen, shape (c, r).
    seen
        Who is seen, a row for each pattern there is, shape (patterns, r).
    pattern
        Which of these a column has, shape (KE,).
    """

    rows: IntArray
    changing: IntArray
    changes: FloatArray
    seen: FloatArray
    pattern: IntArray

    @classmethod
    def of(cls, rows: IntArray, changes: FloatArray) -> Side:
        """Lay changes, shape (m, KE) and NaN where not seen, so that a sum reads in one go."""
        own = changes[rows].T
        seen, pattern = patterns(np.isfinite(own))
        own = np.where(np.isfinite(own), own, 0.0)
        changing = np.flatnonzero(own.any(axis=1))
        return cls(rows, changing, np.ascontiguousarray(own[changing]), seen, pattern)

    def sums(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return weighted sums of changes and the weight of those seen, shapes (KE, B).

        `weight` has a column for each draw, shape (r, B).
        """
        total = np.zeros((len(self.pattern), weight.shape[1]))
        # Unlike @, dot lets the threads of other draws run.
        total[self.changing] = self.changes.dot(weight)
        return total, self.seen.dot(weight)[self.pattern]


@dataclass(frozen=True, eq=False)
class Block:
    """The risk set of one start year.

    Attributes
    ----------
    start_year
        The year.
    participants, candidates
        Both sides.
    among
        Of which participants the effects speak, shape (rows of participants,).
    """

    start_year: int
    participants: Side
    candidates: Side
    among: BoolArray


@dataclass(frozen=True, eq=False)
class Balance:
    """What entropy weights of a start year are found from.

    Attributes
    ----------
    participants
        Their moments, shape (k, r).
    candidates
        A constant, and theirs over the spread of the moment, shape (1 + k, r).
    scale
        That spread, over all start years, shape (k,).
    multiplier
        Those of the full sample, shape (k,).
    names
        The k names.
    weighed
        Candidates times their weights in the full sample, shape (1 + k, r).
    inverse
        That of the Hessian there, shape (k, k).
    """

    participants: FloatArray
    candidates: FloatArray
    scale: FloatArray
    multiplier: FloatArray
    names: tuple[str, ...]
    weighed: FloatArray
    inverse: FloatArray

    @classmethod
    def of(
        cls,
        participants: FloatArray,
        candidates: FloatArray,
        scale: FloatArray,
        multiplier: FloatArray,
        names: tuple[str, ...],
    ) -> Balance:
        """Lay out the moments of both sides, shapes (r, k)."""
        M = with_constant(candidates / scale)
        index = np.nan_to_num(multiplier) @ M[1:]
        weighed = M * np.exp(index - index.max())
        moments = weighed @ M.T / weighed[0].sum()
        spread = moments[1:, 1:] - np.outer(moments[0, 1:], moments[0, 1:])
        inverse = np.linalg.pinv(spread, hermitian=True)
        own = np.ascontiguousarray(participants.T)
        return cls(own, M, scale, multiplier, names, weighed, inverse)

    def start(self, target: FloatArray, others: IntArray) -> FloatArray:
        """Return the multipliers after Newton's first step from those of the full sample."""
        sums = self.weighed.dot(others.astype(np.float64))
        return np.asarray(self.multiplier - self.inverse.dot(sums[1:] / sums[0] - target))

    def weights(self, own: IntArray, others: IntArray, start_year: int) -> FloatArray:
        """Return weights of candidates, shape (rows of candidates,), given how often all count.

        Raises
        ------
        SupportError
            Nobody is drawn of the candidates, or no weights balance them.
        """
        weight = np.zeros(len(others))
        drawn = np.flatnonzero(others)
        if not own.any():
            return weight
        if not len(drawn):
            raise SupportError("No candidate is drawn", found=f"start year {start_year}")
        target = self.participants @ own / own.sum() / self.scale
        M, count = self.candidates.take(drawn, axis=1), others[drawn]
        M[1:] -= target[:, None]
        found = nearby_weights(M, self.start(target, others), count.astype(np.float64))
        if found is None:
            found = entropy_weights(
                M[1:].T,
                names=self.names,
                start=self.multiplier,
                whom=f"who start in {start_year}",
                count=count,
            ).weight
        weight[drawn] = found
        return weight


@dataclass(frozen=True, eq=False)
class Reweighted:
    """A weighted control group, ready to be estimated on draws of persons.

    Attributes
    ----------
    person
        The person of each row, shape (m,).
    blocks
        One for each start year.
    balances
        One for each start year, of entropy weights; none of odds.
    score
        What odds are reckoned from; None for entropy weights.
    trim
        The largest score that is kept; None keeps all.
    by_start_year
        Whether start years weigh by their share of all participants, not of those seen.
    """

    person: IntArray
    blocks: tuple[Block, ...]
    balances: tuple[Balance, ...]
    score: Rescored | None
    trim: float | None
    by_start_year: bool

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> Reweighted:
        """Read the changes of everybody in the risk sets."""
        risk, model, score = group.risk, group.model, group.score
        assert model is not None
        changes = target.levels_and_changes(group, np.arange(len(risk.person)))[1]
        throughout = target.included_rows(group)
        blocks = []
        for c in risk.start_years.tolist():
            here = risk.start_year == c
            starts, others = (
                np.flatnonzero(here & risk.treated),
                np.flatnonzero(here & ~risk.treated),
            )
            sides = Side.of(starts, changes), Side.of(others, changes)
            blocks.append(Block(c, *sides, throughout[starts]))
        by_start_year, trim = target.composition == "cohort_weighted", None
        if model.kind == "entropy":
            balances = tuple(_balances(group, blocks))
            return cls(risk.person, tuple(blocks), balances, None, None, by_start_year)
        assert score is not None
        if group.recipe is not None:
            trim = group.recipe.options["trim"]
        again = Rescored.of(risk, model.covariates, score, pooled=not model.by_start_year)
        return cls(risk.person, tuple(blocks), (), again, trim, by_start_year)

    def estimate(self, counts: IntArray) -> FloatArray:
        """Return the effects with each person counting as often as `counts` says, shape (KE,)."""
        found: FloatArray = self.effects([self.weigh(counts)])[0]
        return found

    def weigh(self, counts: IntArray) -> list[tuple[FloatArray, FloatArray]]:
        """Return what participants and candidates of each start year weigh on a draw.

        Raises
        ------
        SupportError
            No weights can be found on this draw.
        """
        count = counts[self.person]
        weights, kept = self._weights(count)
        own = count * kept
        return [
            ((own[block.participants.rows] * block.among).astype(np.float64), weight)
            for block, weight in zip(self.blocks, weights, strict=True)
        ]

    def effects(self, drawn: Sequence[list[tuple[FloatArray, FloatArray]]]) -> FloatArray:
        """Return the effects on some draws, given what all weigh on each, shape (B, KE)."""
        many = len(drawn)
        # As many columns whoever is drawn with whom: sums are rounded alike, to the last bit.
        drawn = [*drawn, *[drawn[0]] * (-len(drawn) % TOGETHER)]
        shape = len(self.blocks[0].candidates.pattern), len(drawn)
        total, mass = np.zeros(shape), np.zeros(shape)
        everyone = np.array([max(sum(own.sum() for own, _ in draw), 1.0) for draw in drawn])
        for k, block in enumerate(self.blocks):
            own, weight = (np.stack([draw[k][side] for draw in drawn], axis=1) for side in (0, 1))
            control, seen_c = block.candidates.sums(weight)
            participant, seen_t = block.participants.sums(own)
            valid = (seen_c > 0) & (seen_t > 0)
            mean_t = participant / np.where(valid, seen_t, 1.0)
            effect = mean_t - control / np.where(valid, seen_c, 1.0)
            share = own.sum(axis=0) / everyone if self.by_start_year else seen_t
            total += np.where(valid, share * effect, 0.0)
            mass += np.where(valid, share, 0.0)
        complete = mass > 1.0 - 1e-9 if self.by_start_year else mass > 0
        return np.where(complete, total / np.where(complete, mass, 1.0), np.nan).T[:many]

    def _weights(self, count: IntArray) -> tuple[list[FloatArray], BoolArray]:
        """Return candidates' weights, adding up to 1 a start year, and which rows are kept."""
        kept = np.ones(len(count), dtype=bool)
        if self.score is None:
            return [
                balance.weights(
                    count[block.participants.rows], count[block.candidates.rows], block.start_year
                )
                for block, balance in zip(self.blocks, self.balances, strict=True)
            ], kept
        index = self.score.index(count)
        if self.trim is not None:
            kept = 1.0 / (1.0 + np.exp(-index)) <= self.trim
        free = count * kept
        return [
            _odds(index[block.candidates.rows], free[block.candidates.rows])
            for block in self.blocks
        ], kept


def _odds(index: FloatArray, count: IntArray) -> FloatArray:
    """Return weights in proportion to the odds and how often each counts, adding up to 1."""
    if not count.any():
        return np.zeros(len(index))
    odds = count * np.exp(np.minimum(index - index[count > 0].max(), 0.0))
    return np.asarray(odds / odds.sum())


def _balances(group: ControlGroup, blocks: list[Block]) -> list[Balance]:
    """Lay out what entropy weights are found from, start year by start year."""
    model = group.model
    assert model is not None
    X, spread = model.covariates.X, model.covariates.X.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    first = dict(iter(model.table.groupby("start_year")["multiplier"]))
    return [
        Balance.of(
            X[block.participants.rows],
            X[block.candidates.rows],
            scale,
            first[block.start_year].to_numpy(),
            model.covariates.names,
        )
        for block in blocks
    ]
