"""Weights and effects estimated again with every person counting as often as drawn.

The risk sets are built once, and everybody's changes read once; a draw counts rows as often as
their person is drawn, starts from the full sample's coefficients, and adds changes up once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.entropy import entropy_weights, nearby_weights, with_constant
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.refit import Rescored
from mih_impact.effects.question import TargetEffects
from mih_impact.errors import SupportError
from mih_impact.study.draws import at_once, padded, patterns

__all__ = ["Reweighted"]

FloatArray = NDArray[np.float64]
Floats = NDArray[np.float64] | NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Side:
    """Changes of those who start in a year, or of all in its risk set.

    Attributes
    ----------
    changing
        Columns that change for anybody, shape (c,).
    changes
        Changes in these columns, a row for each, 0 where not seen, shape (c, r).
    seen
        Who is seen, a row for each pattern there is, shape (patterns, r).
    pattern
        Which of these a column has, shape (KE,).
    """

    changing: IntArray
    changes: FloatArray
    seen: FloatArray
    pattern: IntArray

    @classmethod
    def of(cls, changes: FloatArray) -> Side:
        """Lay changes, shape (r, KE) and NaN where not seen, so that a sum reads in one go."""
        own = changes.T
        seen, pattern = patterns(np.isfinite(own))
        own = np.where(np.isfinite(own), own, 0.0)
        changing = np.flatnonzero(own.any(axis=1))
        return cls(changing, np.ascontiguousarray(own[changing]), seen, pattern)

    def sums(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return weighted sums of changes and the weight of those seen, shapes (KE, B).

        `weight` has a row for each draw, shape (B, r).
        """
        total = np.zeros((len(self.pattern), len(weight)))
        # Unlike @, dot lets the threads of other draws run.
        total[self.changing] = self.changes.dot(weight.T)
        return total, self.seen.dot(weight.T)[self.pattern]


@dataclass(frozen=True, eq=False)
class Block:
    """The risk set of one start year.

    Attributes
    ----------
    start_year
        The year.
    rows
        Its rows, one after the other.
    starters
        Which of them start, shape (s,).
    participants, candidates
        Changes of those who start, and of all rows: participants weigh nothing among candidates.
    among
        Of which participants the effects speak, shape (s,).
    """

    start_year: int
    rows: slice
    starters: IntArray
    participants: Side
    candidates: Side
    among: BoolArray


@dataclass(frozen=True, eq=False)
class Balance:
    """What entropy weights of a start year are found from.

    Attributes
    ----------
    participants
        Their moments over the spread of the moment, less their mean, shape (s, k).
    candidates
        A constant, and those of all rows of the risk set, shape (1 + k, r).
    multiplier
        Those of the full sample, shape (k,).
    names
        The k names.
    start_year
        The year, for messages.
    """

    participants: FloatArray
    candidates: FloatArray
    multiplier: FloatArray
    names: tuple[str, ...]
    start_year: int

    def weights(
        self, own: FloatArray, others: Floats, failed: dict[int, SupportError]
    ) -> FloatArray:
        """Return weights of candidates, shape (B, r), given how often all count.

        Draws that no weights balance are added to `failed`, and why.
        """
        starts = own.sum(axis=1)
        target = own.dot(self.participants) / np.where(starts > 0, starts, 1.0)[:, None]
        weight = nearby_weights(self.candidates, self.multiplier, others, target)
        weight[starts == 0] = 0.0
        for b in np.flatnonzero(np.isnan(weight[:, 0])).tolist():
            try:
                weight[b] = self._alone(target[b], others[b])
            except SupportError as error:
                failed.setdefault(b, error)
        return weight

    def _alone(self, target: FloatArray, others: Floats) -> FloatArray:
        """Return the weights on one draw."""
        drawn = np.flatnonzero(others > 0)
        if not len(drawn):
            raise SupportError("No candidate is drawn", found=f"start year {self.start_year}")
        Z = self.candidates[1:].take(drawn, axis=1) - target[:, None]
        weight = np.zeros(len(others))
        weight[drawn] = entropy_weights(
            Z.T,
            names=self.names,
            start=self.multiplier,
            whom=f"who start in {self.start_year}",
            count=others[drawn].astype(np.float64),
        ).weight
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

    @property
    def together(self) -> int:
        """How many draws are estimated at once."""
        return at_once(len(self.person))

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> Reweighted:
        """Read the changes of everybody in the risk sets."""
        risk, model, score = group.risk, group.model, group.score
        assert model is not None
        changes = target.levels_and_changes(group, np.arange(len(risk.person)))[1]
        throughout = target.included_rows(group)
        blocks = []
        for c in risk.start_years.tolist():
            rows = slice(*np.searchsorted(risk.start_year, [c, c + 1]).tolist())
            starters, here = np.flatnonzero(risk.treated[rows]), changes[rows]
            sides = Side.of(here[starters]), Side.of(here)
            blocks.append(Block(c, rows, starters, *sides, throughout[rows][starters]))
        by_start_year, trim = target.composition == "cohort_weighted", None
        if model.kind == "entropy":
            balances = tuple(_balances(group, blocks))
            return cls(risk.person, tuple(blocks), balances, None, None, by_start_year)
        assert score is not None
        if group.recipe is not None:
            trim = group.recipe.options["trim"]
        again = Rescored.of(risk, model.covariates, score, pooled=not model.by_start_year)
        return cls(risk.person, tuple(blocks), (), again, trim, by_start_year)

    def estimate(self, counts: IntArray) -> list[FloatArray | SupportError]:
        """Return the effects on some draws, shape (KE,), or why there are none.

        Each person counts as often as `counts` says, shape (B, persons).
        """
        many = len(counts)
        count = padded(counts, self.together).astype(np.float32).take(self.person, axis=1)
        failed: dict[int, SupportError] = {}
        coefs = None if self.score is None else self.score.fit(count, failed)
        shape = len(self.blocks[0].candidates.pattern), len(count)
        total, mass, everyone = np.zeros(shape), np.zeros(shape), np.zeros(len(count))
        for k, block in enumerate(self.blocks):
            others, index = count[:, block.rows], None
            if coefs is not None and self.score is not None:
                index = self.score.index(coefs, block.rows)
                if self.trim is not None:
                    others *= 1.0 / (1.0 + np.exp(-index)) <= self.trim
            own = others[:, block.starters].astype(np.float64)
            others[:, block.starters] = 0.0
            if index is None:
                weight = self.balances[k].weights(own, others, failed)
            else:
                weight = _odds(index, others)
            own *= block.among
            control, seen_c = block.candidates.sums(weight)
            participant, seen_t = block.participants.sums(own)
            valid = (seen_c > 0) & (seen_t > 0)
            mean_t = participant / np.where(valid, seen_t, 1.0)
            effect = mean_t - control / np.where(valid, seen_c, 1.0)
            share = own.sum(axis=1) if self.by_start_year else seen_t
            everyone += own.sum(axis=1)
            total += np.where(valid, share * effect, 0.0)
            mass += np.where(valid, share, 0.0)
        complete = mass > (1.0 - 1e-9) * everyone if self.by_start_year else mass > 0
        found = np.where(complete, total / np.where(complete, mass, 1.0), np.nan).T
        return [failed.get(b, found[b]) for b in range(many)]


def _odds(index: FloatArray, count: Floats) -> FloatArray:
    """Return weights in proportion to the odds and how often each counts, in place of the index."""
    for odds, often in zip(index, count, strict=True):  # a draw at a time stays in the cache
        odds -= odds.max()
        np.exp(odds, out=odds)
        odds *= often
    return index


def _balances(group: ControlGroup, blocks: list[Block]) -> Iterator[Balance]:
    """Lay out what entropy weights are found from, start year by start year."""
    model = group.model
    assert model is not None
    X, spread = model.covariates.X, model.covariates.X.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    first = dict(iter(model.table.groupby("start_year")["multiplier"]))
    for block in blocks:
        everybody = X[block.rows] / scale
        own = everybody[block.starters]
        yield Balance(
            own - own.mean(axis=0),
            with_constant(everybody - own.mean(axis=0)),
            np.nan_to_num(first[block.start_year].to_numpy()),
            model.covariates.names,
            block.start_year,
        )
