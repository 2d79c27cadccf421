"""The ways of matching: each takes a cube and the options, and gives sets of controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.coarsen import coarsened_cells
from mih_impact.controls.covariates import by_period
from mih_impact.controls.flow import Flow
from mih_impact.controls.greedy import greedy
from mih_impact.controls.group import ControlGroup, Sets
from mih_impact.controls.mahalanobis import Cloud, mahalanobis_greedy, mahalanobis_nearest, whiten
from mih_impact.controls.nearest import Neighbours, nearest_within, runs
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score, independent, propensity_score
from mih_impact.controls.pseudo_start import Among, drawn_number
from mih_impact.controls.risk_set import RiskSet, build_risk_set
from mih_impact.controls.support import supported
from mih_impact.panel.cube import Cube

__all__ = [
    "Chosen",
    "as_sets",
    "choose",
    "choose_among",
    "choosing_order",
    "lots",
    "most_controls",
    "nearest_sets",
    "serves_once",
    "tied_share",
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


def choose_among(
    risk: RiskSet,
    options: MatchOptions,
    scored: Callable[[], Score],
    lot: FloatArray | None = None,
) -> Chosen:
    """Choose controls within risk sets that are there.

    `scored` is called if the method scores; the lots of the rows are drawn if none are given.
    """
    if options.method in ("exact", "cem"):
        if options.method == "cem":
            risk = replace(risk, cell=coarsened_cells(risk, options.cutpoints))
        return Chosen(risk, _cell_sets(risk), None, None, 0, risk.flow)
    return _neighbours(risk, options, scored, lots(risk, options) if lot is None else lot)


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
    )


def _neighbours(
    risk: RiskSet, options: MatchOptions, scored: Callable[[], Score], lot: FloatArray
) -> Chosen:
    """Take the nearest on the score or by Mahalanobis, within start year, cell and caliper."""
    score = scored() if options.uses_score else None
    target, flow = np.flatnonzero(risk.treated), risk.flow
    if options.common_support and score is not None:
        target, step = supported(risk, score)
        flow = (*flow, step)
    whitened = whiten(risk) if options.method == "mahalanobis" else None
    sets, ties = nearest_sets(risk, target, score, whitened, options, lot)
    return Chosen(risk, sets, score, whitened, ties, flow)


def nearest_sets(
    risk: RiskSet,
    target: IntArray,
    score: Score | None,
    whitened: FloatArray | None,
    options: MatchOptions,
    lot: FloatArray,
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
    lot
        The order among equals, as `lots` returns it.

    Returns
    -------
    tuple
        The sets, and the ties, as in `Neighbours`.
    """
    options = replace(options, ratio=most_controls(risk, options.ratio))
    limit = np.inf
    if options.caliper is not None and score is not None:
        limit = options.caliper * float(score.index.std(ddof=1))
    if whitened is not None:
        found = _in_space(risk, whitened, score, target, limit, options, lot)
    else:
        assert score is not None
        found = _on_line(risk, score.index, target, limit, options, lot)
    return as_sets(target, found), found.ties


def lots(risk: RiskSet, options: MatchOptions, what: str = "ties") -> FloatArray:
    """Return a number between 0 and 1 for every row, by which equals stand in line, shape (m,).

    With replacement all who are as near are taken, and no lot is drawn: shape (0,). Another `what`
    is another draw.

    Notes
    -----
    A lot is reckoned from the seed, the start year and the identifier, as months of start are: who
    else is in the register, and in what order, does not matter, and which person has which lot has
    nothing to do with anything else.
    """
    lot = np.empty(0 if options.replace else len(risk.person))
    if not options.replace:
        for c, rows in by_period(risk.start_year):
            lot[rows] = drawn_number(risk.cube.person_id[risk.person[rows]], options.seed, c, what)
    return lot


def tied_share(group: ControlGroup) -> float:
    """Return the share of the controls' weight that ties leave to chance; see `ControlGroup`."""
    if not group.ties or group.recipe is None:
        return 0.0
    options, sets = group.recipe.read(MatchOptions), group.sets
    if group.replace:
        count = np.bincount(sets.member)[sets.set_of]
        return float((1.0 - np.minimum(options.ratio / count, 1.0)).mean())
    target = np.flatnonzero(group.risk.treated)
    if options.common_support and group.score is not None:
        target, _ = supported(group.risk, group.score)
    others = lots(group.risk, options, "another draw")
    again, _ = nearest_sets(group.risk, target, group.score, group.whitened, options, others)
    one, other = group.person_weight, replace(group, sets=again).person_weight
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2.0)


def most_controls(risk: RiskSet, ratio: int) -> int:
    """Return the ratio, or the candidates of the largest cell where these are fewer."""
    return max(1, min(int(ratio), int(np.bincount(risk.cell[~risk.treated]).max(initial=0))))


def _on_line(
    risk: RiskSet,
    index: FloatArray,
    target: IntArray,
    limit: float,
    options: MatchOptions,
    lot: FloatArray,
) -> Neighbours:
    """Match on the log odds."""
    control = _in_line(risk, options, lot)
    who = index[target], risk.cell[target], index[control], risk.cell[control]
    if options.replace:
        return nearest_within(*who, options.ratio, limit).at(control)
    once = serves_once(risk, control, options)
    order = choosing_order(index[target], lot[target], options)
    return greedy(*who, once, order, options.ratio, limit).at(control)


def _in_space(
    risk: RiskSet,
    point: FloatArray,
    score: Score | None,
    target: IntArray,
    limit: float,
    options: MatchOptions,
    lot: FloatArray,
) -> Neighbours:
    """Match by Mahalanobis distance, within the limit on the log odds if there is one."""
    control = _in_line(risk, options, lot)
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
        return mahalanobis_nearest(cloud, *who, options.ratio).at(control)
    order = choosing_order(index[target], lot[target], options)
    return mahalanobis_greedy(cloud, *who, order, options.ratio).at(control)


def _in_line(risk: RiskSet, options: MatchOptions, lot: FloatArray) -> IntArray:
    """Return the rows of candidates, the one who comes first among equals first."""
    control = np.flatnonzero(~risk.treated)
    return control if options.replace else control[np.argsort(lot[control], kind="stable")]


def serves_once(risk: RiskSet, control: IntArray, options: MatchOptions) -> IntArray:
    """Return who serves once: a person, or a person in each start year, which is a row."""
    return risk.person[control] if options.scope == "global" else control


def choosing_order(index: FloatArray, lot: FloatArray, options: MatchOptions) -> IntArray:
    """Return the order in which participants choose; among equal scores the lot decides.

    "data" is the order of start year and identifier, since that is what it asks for.
    """
    position = np.arange(len(index))
    if options.order == "random":
        return np.random.default_rng(options.seed).permutation(position)
    if options.order == "data":
        return position
    ahead = -index if options.order == "largest" else index
    ranked = np.argsort(ahead, kind="stable")
    alike = np.zeros(len(index), dtype=np.int64)
    alike[runs(ahead[ranked])] = 1
    return ranked[np.lexsort((lot[ranked], np.cumsum(alike)))]


def as_sets(target: IntArray, chosen: Neighbours) -> Sets:
    """Turn chosen rows into weighted sets; participants without any are left out.

    Everybody in a set weighs the same, also those who are there because as near as the last.
    """
    has = chosen.set_of >= 0
    count = np.bincount(chosen.member)
    weight = 1.0 / count[chosen.member]
    return Sets(target[has], chosen.set_of[has], chosen.member, chosen.control, weight)
