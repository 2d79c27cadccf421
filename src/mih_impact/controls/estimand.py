"""Whose average effect: of those who start, of candidates, or of both; and what rows then weigh.

Every start year counts by its share of those who start, whoever the effect is on: candidates stand
in the risk set of each start year, so that a year with many candidates would else count for more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import Chosen, Sets
from mih_impact.controls.options import EffectOn
from mih_impact.controls.risk_set import RiskSet

__all__ = ["both_ways", "in_one_set", "started", "weighed_sides"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


def started(risk: RiskSet) -> FloatArray:
    """Return how many start in each of `risk.start_years`, by design weights, shape (C,)."""
    weight = None if risk.weight is None else risk.weight[risk.treated]
    many = np.bincount(risk.start_year[risk.treated], weights=weight)
    return many[risk.start_years].astype(np.float64)


def weighed_sides(risk: RiskSet, on: EffectOn) -> tuple[BoolArray, list[BoolArray]]:
    """Return the rows that the effect is on, and the sides that are weighed to be like them."""
    everybody = np.ones(len(risk.person), dtype=bool)
    return {
        "att": (risk.treated, [~risk.treated]),
        "atc": (~risk.treated, [risk.treated]),
        "ate": (everybody, [~risk.treated, risk.treated]),
    }[on]


def in_one_set(risk: RiskSet, weight: FloatArray) -> Sets:
    """Return one set for each start year in which both sides weigh something.

    Parameters
    ----------
    risk
        The stacked risk sets.
    weight
        What rows weigh within side and start year, shape (m,); the scale does not matter.

    Returns
    -------
    Sets
        Sides weigh as many as start that year.
    """
    years = risk.start_years
    place = np.searchsorted(years, risk.start_year).astype(np.int64)
    total = np.stack(
        [
            np.bincount(place[side], weights=weight[side], minlength=len(years))
            for side in (risk.treated, ~risk.treated)
        ]
    )
    both: BoolArray = np.asarray((total > 0).all(axis=0))
    kept = (weight > 0) & both[place]
    number = np.cumsum(both) - 1
    own, other = np.flatnonzero(kept & risk.treated), np.flatnonzero(kept & ~risk.treated)
    return Sets(
        own,
        number[place[own]],
        number[place[other]],
        other,
        weight[other] / total[1, place[other]],
        own=weight[own] / total[0, place[own]] * started(risk)[place[own]],
    )


@dataclass(frozen=True, eq=False)
class _Loads:
    """What rows weigh so far: as those the effect is on, and as those compared with them."""

    total: FloatArray

    def add(self, sets: Sets, weight: FloatArray) -> None:
        """Add targets and, by way of their sets, those they are compared with."""
        own, entry = sets.pairs()
        target = sets.participant
        self.total[target] += weight[target]
        np.add.at(self.total, sets.control[entry], weight[target[own]] * sets.weight[entry])


def both_ways(forward: Chosen | None, backward: Chosen, risk: RiskSet) -> Chosen:
    """Return participants and candidates, each matched with the other side, as one group.

    Parameters
    ----------
    forward
        Participants and their nearest candidates; None where the effect is on candidates alone.
    backward
        Candidates and their nearest participants, found in the mirrored risk sets.
    risk
        The risk sets.

    Notes
    -----
    With n_c the rows of start year c that the effect is on and that have a match, each weighs
    N_c / n_c, N_c those who start then; its matches share that. A row weighs what it does in its
    own right and as a match of others. By design weights n and N are their sums, each row weighs
    its own times as much, and matches share by theirs.
    """
    found = [backward] if forward is None else [forward, backward]
    sets = [each.sets.by_design(risk.weight) for each in found]
    years, weight = risk.start_years, risk.weights
    targets = np.concatenate([each.participant for each in sets])
    last = int(years[-1]) + 1
    many = np.bincount(risk.start_year[targets], weights=weight[targets], minlength=last)
    each_weighs = np.zeros(len(many))
    each_weighs[years] = started(risk) / np.where(many > 0, many, 1.0)[years]
    loads = _Loads(np.zeros(len(risk.person)))
    for each in sets:
        loads.add(each, each_weighs[risk.start_year] * weight)
    return replace(
        backward,
        risk=risk,
        sets=in_one_set(risk, loads.total),
        ties=sum(each.ties for each in found),
        matches=(None if forward is None else sets[0], sets[-1]),
    )
