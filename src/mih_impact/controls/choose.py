"""The ways of matching: each takes a cube and the options, and gives sets of controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.coarsen import coarsened_cells
from mih_impact.controls.flow import Flow
from mih_impact.controls.greedy import greedy
from mih_impact.controls.group import Sets
from mih_impact.controls.mahalanobis import Cloud, mahalanobis_greedy, mahalanobis_nearest, whiten
from mih_impact.controls.nearest import Neighbours, nearest_within
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score, independent, propensity_score
from mih_impact.controls.pseudo_start import Among
from mih_impact.controls.risk_set import RiskSet, build_risk_set
from mih_impact.controls.support import supported
from mih_impact.panel.cube import Cube

__all__ = [
    "Chosen",
    "as_sets",
    "choose",
    "choose_among",
    "choosing_order",
    "coordinates",
    "most_controls",
    "nearest_sets",
    "serves_once",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Chosen:
    """The risk set, each participant's controls, and what chose them.

    Attributes
    ----------
    risk, sets, score, whitened, ties
        As in `ControlGroup`.
    flow
        Persons through every filter before matching.
    """

    risk: RiskSet
    sets: Sets
    score: Score | None
    whitened: FloatArray | None
    ties: int
    flow: tuple[Flow, ...]

    @property
    def neighbours(self) -> bool:
        """Whether controls were chosen by nearness, not by cell."""
        return self.score is not None or self.whitened is not None


def choose(cube: Cube, options: MatchOptions, among: Among | None = None) -> Chosen:
    """Choose controls by the method of the options, in the whole register or among a part of it.

    Among a part a covariate may be the same for all, or follow from others, without any fault of
    who asks: nearness is then by the others.
    """
    risk = build_risk_set(
        cube,
        on=() if options.method == "exact" else options.on,
        exact=options.equal,
        window_end=options.not_started_through,
        modelled=options.modelled,
        seed=options.seed,
        among=among,
    )
    near = risk
    if options.method in ("propensity", "mahalanobis"):
        if among is None:
            risk.require_varying(options.on)
        else:
            beside = risk.start_year if options.uses_score else np.zeros_like(risk.start_year)
            near = replace(risk, design=independent(risk.design, beside))
    pooled = options.score == "pooled"
    chosen = choose_among(near, options, lambda: propensity_score(near, pooled=pooled))
    return replace(chosen, risk=replace(chosen.risk, design=risk.design))


def choose_among(risk: RiskSet, options: MatchOptions, scored: Callable[[], Score]) -> Chosen:
    """Choose controls within risk sets that are there; `scored` is called if the method scores."""
    if options.method in ("exact", "cem"):
        if options.method == "cem":
            risk = replace(risk, cell=coarsened_cells(risk, options.cutpoints))
        return Chosen(risk, _cell_sets(risk), None, None, 0, risk.flow)
    return _neighbours(risk, options, scored)


def _cell_sets(risk: RiskSet) -> Sets:
    """Give the participants of a cell one set: all its candidates, with equal weight."""
    both = np.intersect1d(risk.cell[risk.treated], risk.cell[~risk.treated])
    kept = np.isin(risk.cell, both)
    participant = np.flatnonzero(risk.treated & kept)
    candidate = np.flatnonzero(~risk.treated & kept)
    member = np.searchsorted(both, risk.cell[candidate])
    order = np.argsort(member, kind="stable")
    size = np.bincount(member, minlength=len(both))
    return Sets(
        participant,
        np.searchsorted(both, risk.cell[participant]),
        member[order],
        candidate[order],
        1.0 / size[member[order]],
        np.zeros(len(candidate)),
    )


def _neighbours(risk: RiskSet, options: MatchOptions, scored: Callable[[], Score]) -> Chosen:
    """Take the nearest on the score or by Mahalanobis, within start year, cell and caliper."""
    score = scored() if options.uses_score else None
    target, flow = np.flatnonzero(risk.treated), risk.flow
    if options.common_support and score is not None:
        target, step = supported(risk, score)
        flow = (*flow, step)
    whitened = whiten(risk) if options.method == "mahalanobis" else None
    sets, ties = nearest_sets(risk, target, score, whitened, options)
    return Chosen(risk, sets, score, whitened, ties, flow)


def nearest_sets(
    risk: RiskSet,
    target: IntArray,
    score: Score | None,
    whitened: FloatArray | None,
    options: MatchOptions,
) -> tuple[Sets, int]:
    """Give rows that start their nearest controls, on a score or coordinates that are there.

    Parameters
    ----------
    risk
        The stacked risk sets.
    target
        Rows that start, ascending.
    score, whitened
        As in `ControlGroup`; the coordinates are used where there are any.
    options
        Ratio, caliper, replacement and order.

    Returns
    -------
    tuple
        The sets, and the targets for whom the last control was settled by the lower identifier.
    """
    options = replace(options, ratio=most_controls(risk, options.ratio))
    limit = np.inf
    if options.caliper is not None and score is not None:
        limit = options.caliper * float(score.index.std(ddof=1))
    if whitened is not None:
        found = _in_space(risk, whitened, score, target, limit, options)
    else:
        assert score is not None
        found = _on_line(risk, score.index, target, limit, options)
    return as_sets(target, found, coordinates(score, whitened)), found.ties


def most_controls(risk: RiskSet, ratio: int) -> int:
    """Return the ratio, or the candidates of the largest cell where these are fewer."""
    return max(1, min(int(ratio), int(np.bincount(risk.cell[~risk.treated]).max(initial=0))))


def coordinates(score: Score | None, whitened: FloatArray | None) -> FloatArray:
    """Return what distances are between, shape (m, k): the log odds, or points in space."""
    if whitened is not None:
        return whitened
    assert score is not None
    return score.index[:, None]


def _on_line(
    risk: RiskSet, index: FloatArray, target: IntArray, limit: float, options: MatchOptions
) -> Neighbours:
    """Match on the log odds."""
    control = np.flatnonzero(~risk.treated)
    who = index[target], risk.cell[target], index[control], risk.cell[control]
    if options.replace:
        return _as_rows(nearest_within(*who, options.ratio, limit), control)
    once, order = serves_once(risk, control, options), choosing_order(index[target], options)
    return _as_rows(greedy(*who, once, order, options.ratio, limit), control)


def _in_space(
    risk: RiskSet,
    point: FloatArray,
    score: Score | None,
    target: IntArray,
    limit: float,
    options: MatchOptions,
) -> Neighbours:
    """Match by Mahalanobis distance, within the limit on the log odds if there is one."""
    control = np.flatnonzero(~risk.treated)
    index = np.zeros(len(risk.person)) if score is None else score.index
    cloud = Cloud(
        point[control],
        risk.cell[control],
        serves_once(risk, control, options),
        index[control] if np.isfinite(limit) else None,
        limit,
    )
    who = point[target], risk.cell[target], index[target]
    if options.replace:
        return _as_rows(mahalanobis_nearest(cloud, *who, options.ratio), control)
    sequence = choosing_order(index[target], options)
    return _as_rows(mahalanobis_greedy(cloud, *who, sequence, options.ratio), control)


def serves_once(risk: RiskSet, control: IntArray, options: MatchOptions) -> IntArray:
    """Return who serves once: a person, or a person in each start year, which is a row."""
    return risk.person[control] if options.scope == "global" else control


def _as_rows(found: Neighbours, control: IntArray) -> Neighbours:
    """Turn positions among the controls into rows of the risk set."""
    return Neighbours(np.where(found.position >= 0, control[found.position], -1), found.ties)


def choosing_order(index: FloatArray, options: MatchOptions) -> IntArray:
    """Return the order in which participants choose; equal scores by start year and identifier."""
    position = np.arange(len(index))
    if options.order == "random":
        return np.random.default_rng(options.seed).permutation(position)
    if options.order == "data":
        return position
    return np.lexsort((position, -index if options.order == "largest" else index))


def as_sets(target: IntArray, chosen: Neighbours, point: FloatArray) -> Sets:
    """Turn chosen rows into weighted sets; participants without any are left out."""
    count = (chosen.position >= 0).sum(axis=1)
    participant = target[count > 0]
    rows = chosen.position[count > 0]
    member, place = np.nonzero(rows >= 0)
    control = rows[member, place]
    weight = 1.0 / count[count > 0][member]
    distance = np.linalg.norm(point[participant[member]] - point[control], axis=1)
    return Sets(participant, np.arange(len(participant)), member, control, weight, distance)
