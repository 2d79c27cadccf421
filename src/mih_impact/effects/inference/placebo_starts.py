"""The effect that other starters would have had, had the programme done nothing.

A group's rows with their odds of starting, and its estimate as a function of who starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.choose import nearest_sets
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.support import supported
from mih_impact.effects.asked import Asked
from mih_impact.effects.comparison import compare
from mih_impact.errors import EffectsError

__all__ = ["Experiment"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


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
    statistic
        The estimates, shape (E,), given the rows of the risk set that start, ascending.
    """

    rows: IntArray
    treated: BoolArray
    block: IntArray
    log_odds: FloatArray
    statistic: Callable[[IntArray], FloatArray]

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
        options = MatchOptions(**{f.name: recipe.options[f.name] for f in fields(MatchOptions)})

        def statistic(starters: IntArray) -> FloatArray:
            treated = np.zeros(len(risk.person), dtype=bool)
            treated[starters] = True
            again, target = replace(risk, treated=treated), starters
            if options.common_support and group.score is not None:
                target, _ = supported(again, group.score)
            sets, _ = nearest_sets(again, target, group.score, group.whitened, options)
            if not len(sets.participant):
                return np.full(changes.shape[1], np.nan)
            own = changes[sets.participant]
            other = changes[np.unique(sets.control)]
            with_sets = replace(group, risk=again, sets=sets)
            return compare(with_sets, own, own, other, np.zeros_like(other)).estimate

        index = np.zeros(len(risk.person)) if group.score is None else group.score.index
        return cls(np.arange(len(index)), risk.treated, risk.cell, index, statistic)

    @classmethod
    def _shared(cls, group: ControlGroup, changes: FloatArray) -> Experiment:
        """Weigh whoever does not start by its odds: cells, and weights with their coefficients."""
        log_odds = _log_odds(group)
        rows = np.flatnonzero(np.isfinite(log_odds))
        block = np.unique(group.risk.cell[rows], return_inverse=True)[1]
        return cls(
            rows,
            group.risk.treated[rows],
            block,
            log_odds[rows],
            _by_block(rows, block, log_odds[rows], changes[rows]),
        )


def _by_block(
    rows: IntArray, block: IntArray, log_odds: FloatArray, changes: FloatArray
) -> Callable[[IntArray], FloatArray]:
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
