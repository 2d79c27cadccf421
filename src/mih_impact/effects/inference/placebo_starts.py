"""The effect that other starters would have had, had the programme done nothing.

A group's rows with their odds of starting, and its estimate as a function of who starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.choose import most_controls
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.listed import Listed
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score
from mih_impact.controls.risk_set import RiskSet
from mih_impact.controls.support import outside_range
from mih_impact.effects.asked import Asked
from mih_impact.effects.comparison import compare
from mih_impact.errors import EffectsError

__all__ = ["Experiment"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Statistic = Callable[[IntArray], FloatArray]

#: Neighbours listed beyond those wanted, in the place of those who start; and without replacement
#: so many times those wanted, in the place of those taken. Lists that are too short cost time only.
SPARE, CROWD = 10, 6


@dataclass(frozen=True, eq=False)
class Experiment:
    """A group as an experiment that could have come out otherwise.

    Attributes
    ----------
    rows
        Rows of the risk set that take part, shape (r,), ascending.
    treated
        Who starts, shape (r,).
    block
        Start year and cell within which starters are drawn, shape (r,).
    log_odds
        Of starting, shape (r,).
    prepare
        Given all rows that will start in some draw, returns the estimates, shape (E,), as a
        function of the rows of the risk set that start, ascending; NaN where there is none.
    """

    rows: IntArray
    treated: BoolArray
    block: IntArray
    log_odds: FloatArray
    prepare: Callable[[IntArray], Statistic]

    @classmethod
    def of(cls, group: ControlGroup, asked: Asked) -> Experiment:
        """Read the group's odds, and the changes of everybody who could have started."""
        _, changes = asked.levels_and_changes(group, np.arange(len(group.risk.person)))
        if group.model is None and (group.score is not None or group.whitened is not None):
            return cls._nearest(group, changes)
        return cls._shared(group, changes)

    @classmethod
    def _nearest(cls, group: ControlGroup, changes: FloatArray) -> Experiment:
        """Match drawn starters again, on the score or coordinates that are there."""
        risk, recipe = group.risk, group.recipe
        if recipe is None:
            raise EffectsError(
                "The group does not know how it was made",
                found="a group without its recipe",
                do="choose it with mih.match",
            )
        options = recipe.read(MatchOptions)
        index = np.zeros(len(risk.person)) if group.score is None else group.score.index
        return cls(
            np.arange(len(index)),
            risk.treated,
            risk.cell,
            index,
            lambda rows: _by_neighbours(group, options, changes, rows),
        )

    @classmethod
    def _shared(cls, group: ControlGroup, changes: FloatArray) -> Experiment:
        """Weigh whoever does not start by its odds: cells, and weights with their coefficients."""
        log_odds = _log_odds(group)
        rows = np.flatnonzero(np.isfinite(log_odds))
        block = np.unique(group.risk.cell[rows], return_inverse=True)[1]
        statistic = _by_block(rows, block, log_odds[rows], changes[rows])
        return cls(rows, group.risk.treated[rows], block, log_odds[rows], lambda _: statistic)


def _by_neighbours(
    group: ControlGroup, options: MatchOptions, changes: FloatArray, rows: IntArray
) -> Statistic:
    """Return the estimate where those who start are matched with those who do not."""
    risk, score = group.risk, group.score
    options = replace(options, ratio=most_controls(risk, options.ratio))
    length = SPARE + (1 if options.replace else CROWD) * options.ratio
    listed = Listed.of(risk, rows, score, group.whitened, options, length=length)

    def statistic(starters: IntArray) -> FloatArray:
        target = starters
        if options.common_support and score is not None:
            target = _on_support(risk, score, starters)
        sets = listed.match(starters, target)
        if not len(sets.participant):
            return np.full(changes.shape[1], np.nan)
        own, other = changes[sets.participant], changes[np.unique(sets.control)]
        again = replace(group, sets=sets)
        return compare(again, own, own, other, np.zeros_like(other)).estimate

    return statistic


def _on_support(risk: RiskSet, score: Score, starters: IntArray) -> IntArray:
    """Return the starters within the range of those who do not start."""
    treated = np.zeros(len(risk.person), dtype=bool)
    treated[starters] = True
    return starters[~outside_range(replace(risk, treated=treated), score)[starters]]


def _by_block(
    rows: IntArray, block: IntArray, log_odds: FloatArray, changes: FloatArray
) -> Statistic:
    """Return the estimate where those who do not start weigh their odds within a block.

    Sums over a block less those over its starters, so that a draw costs as much as its starters.
    """
    blocks = int(block.max()) + 1
    top = np.full(blocks, -np.inf)
    np.maximum.at(top, block, log_odds)
    odds = np.exp(log_odds - top[block])[:, None]
    seen = np.isfinite(changes)
    own = np.where(seen, changes, 0.0)
    parts = np.hstack([odds * own, odds * seen, own, seen])
    E = changes.shape[1]

    def summed(which: IntArray | slice, values: FloatArray) -> FloatArray:
        total = np.zeros((blocks, values.shape[1]))
        np.add.at(total, block[which], values)
        return total

    whole = summed(slice(None), parts[:, : 2 * E])

    def statistic(starters: IntArray) -> FloatArray:
        place = np.searchsorted(rows, starters)
        started = summed(place, parts[place])
        rest = whole - started[:, : 2 * E]
        mass = rest[:, E:]
        there = mass > 1e-9 * whole[:, E:]
        mean = rest[:, :E] / np.where(there, mass, 1.0)
        own, n = started[:, 2 * E : 3 * E], started[:, 3 * E :] * there
        count = n.sum(axis=0)
        effect = np.where(there, own - n * mean, 0.0).sum(axis=0)
        return np.asarray(np.where(count > 0, effect / np.maximum(count, 1.0), np.nan))

    return statistic


def _log_odds(group: ControlGroup) -> FloatArray:
    """Return log odds of starting, shape (m,); -inf or NaN for rows that take no part.

    Entropy weights are odds too: their logarithm is linear in the covariates within a start year,
    which says what those of the participants would be.
    """
    risk, sets, model = group.risk, group.sets, group.model
    kept = np.full(len(risk.person), -np.inf)
    if model is None:
        kept[np.concatenate([sets.participant, sets.control])] = 0.0
        return kept
    if group.score is not None:
        taking_part = np.concatenate([sets.participant, sets.control])
        kept[taking_part] = group.score.index[taking_part]
        return kept
    X = model.covariates.X
    Z = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)])
    year = risk.start_year[sets.control]
    for c in np.unique(year).tolist():
        control, weight = sets.control[year == c], np.log(sets.weight[year == c])
        slope = np.linalg.lstsq(Z[control], weight, rcond=1e-10)[0]
        own = sets.participant[risk.start_year[sets.participant] == c]
        kept[control], kept[own] = weight, Z[own] @ slope
    return kept
