"""The methods of matching: each takes a cube and the options, and gives sets of controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import Chosen, Comparison, Sets, both_ways
from mih_impact.controls.covariates import by_period
from mih_impact.controls.cut import coarsened_cells
from mih_impact.controls.mahalanobis import (
    Cloud,
    coordinates,
    in_line,
    in_space,
    mahalanobis_greedy,
    mahalanobis_nearest,
)
from mih_impact.controls.nearest import SAME, Line, Neighbours, greedy, nearest_within, runs
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score, independent, score_of, supported
from mih_impact.controls.risk_set import Among, RiskSet, build_risk_set, uniform_number
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube

__all__ = [
    "NearestLists",
    "as_sets",
    "choosing_order",
    "lots",
    "matched",
    "matched_in",
    "most_controls",
    "nearest_sets",
    "nobody",
    "serves_once",
    "tied_share",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def matched(cube: Cube, options: MatchOptions, among: Among | None = None) -> Chosen:
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
    if options.nearest:
        if among is None:
            risk.require_varying(options.on)
        else:
            beside = risk.start_year if options.uses_score else np.zeros_like(risk.start_year)
            near = replace(risk, design=independent(risk.design, beside))
    asked = options.score, options.folds, options.seed, options.link
    found = matched_in(near, options, lambda: score_of(near, *asked))
    return found if near is risk else replace(found, risk=replace(found.risk, design=risk.design))


def matched_in(
    risk: RiskSet,
    options: MatchOptions,
    scored: Callable[[], Score],
    lot: FloatArray | None = None,
) -> Chosen:
    """Choose controls within risk sets that are there.

    `scored` is called if the method scores; the lots of the rows are drawn if none are given.
    """
    if options.method == "cem":
        risk = replace(risk, cell=coarsened_cells(risk, options.cutpoints))
    lot = lots(risk, options) if lot is None else lot
    by = _nearness(risk, options, scored) if options.nearest else None
    if options.estimand == "att":
        found = _one_way(risk, options, by, lot)
        return replace(found, sets=found.sets.by_design(risk.weight))
    forward = _one_way(risk, options, by, lot) if options.estimand == "ate" else None
    return both_ways(forward, _one_way(risk.mirrored, options, by, lot), risk)


def _nearness(
    risk: RiskSet, options: MatchOptions, scored: Callable[[], Score]
) -> tuple[Score | None, FloatArray | None]:
    """Return the score, and the coordinates, of every row, where they are asked for."""
    score = scored() if options.uses_score else None
    if score is not None and options.method == "probability":
        score = replace(score, scale="probability")
    return score, coordinates(risk, options.method) if options.in_space else None


def _one_way(
    risk: RiskSet,
    options: MatchOptions,
    by: tuple[Score | None, FloatArray | None] | None,
    lot: FloatArray,
) -> Chosen:
    """Give those who are treated in the risk sets their controls.

    By cells, or the nearest within start year, cell and caliper.
    """
    if by is None:
        return Chosen(risk, _cell_sets(risk), risk.flow)
    score, whitened = by
    target, flow = np.flatnonzero(risk.treated), risk.flow
    if options.common_support and score is not None:
        target, step = supported(risk, score)
        flow = (*flow, step)
    sets, ties = nearest_sets(risk, target, score, whitened, options, lot)
    return Chosen(risk, sets, flow, score, ties, whitened)


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
        limit = options.caliper * float(score.line.std(ddof=1))
    if whitened is not None:
        found = _in_space(risk, whitened, score, target, limit, options, lot)
    else:
        assert score is not None
        found = _on_line(risk, score.line, target, limit, options, lot)
    sets = as_sets(target, found)
    if options.replace and options.ties == "random":
        sets = _drawn(sets, _points(score, whitened), lot, options.ratio)
    return sets, found.ties


def _points(score: Score | None, whitened: FloatArray | None) -> FloatArray:
    """Return the coordinates of every row whose plain distance is nearness, shape (m, k)."""
    if whitened is not None:
        return whitened
    assert score is not None
    return score.line[:, None]


def _drawn(sets: Sets, point: FloatArray, lot: FloatArray, ratio: int) -> Sets:
    """Return sets of at most `ratio`: of those as near as the last, a lot decides who is in.

    Each participant has lots of its own, so that who is drawn for one is not drawn for all.
    """
    own, entry = sets.pairs()
    participant, control = sets.participant[own], sets.control[entry]
    distance = np.linalg.norm(point[participant] - point[control], axis=1)
    first = np.searchsorted(own, np.arange(len(sets.participant)))
    size = np.diff(np.append(first, len(own)))
    ranked = distance[np.lexsort((distance, own))]
    last = ranked[first + np.minimum(size, ratio) - 1]
    tied = distance > last[own] - SAME
    kept = np.lexsort((_mixed(lot[participant], lot[control]), tied, own))
    kept = np.sort(kept[np.arange(len(own)) - first[own] < ratio])
    member = own[kept]
    weight = 1.0 / np.minimum(size, ratio)[member]
    return Sets(sets.participant, np.arange(len(first)), member, control[kept], weight)


def _mixed(one: FloatArray, other: FloatArray) -> NDArray[np.uint64]:
    """Return a number for each pair of lots, no more alike than lots are (splitmix64)."""
    bits = one.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + other.view(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def lots(risk: RiskSet, options: MatchOptions, what: str = "ties") -> FloatArray:
    """Return a number between 0 and 1 for every row, by which equals stand in line, shape (m,).

    Where all who are as near are taken no lot is drawn: shape (0,). Another `what` is another draw.

    Notes
    -----
    A lot is reckoned from the seed, the start year and the identifier, as months of start are: who
    else is in the register, and in what order, does not matter, and which person has which lot has
    nothing to do with anything else.
    """
    lot = np.empty(len(risk.person) if options.draws_ties else 0)
    if options.draws_ties:
        for c, rows in by_period(risk.start_year):
            who = risk.cube.person_id[risk.person[rows]]
            lot[rows] = uniform_number(who, options.seed, c, what)
    return lot


def tied_share(group: Comparison) -> float:
    """Return the share of the controls' weight that ties leave to chance; see `ControlGroup`."""
    if not group.ties or group.recipe is None:
        return 0.0
    options, found = group.recipe.read(MatchOptions), group.matches or (group.sets,)
    if not options.draws_ties:
        count = np.concatenate([np.bincount(s.member)[s.set_of] for s in found if s is not None])
        return float((1.0 - np.minimum(options.ratio / count, 1.0)).mean())
    target = np.flatnonzero(group.risk.treated)
    if options.common_support and group.score is not None:
        target, _ = supported(group.risk, group.score)
    asked = group.score, group.whitened, options, lots(group.risk, options, "another draw")
    if group.estimand == "att":
        again = nearest_sets(group.risk, target, *asked)[0].by_design(group.risk.weight)
    else:
        again = _again(group, options, asked[-1])
    one, other = group.person_weight, replace(group, sets=again).person_weight
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2.0)


def _again(group: Comparison, options: MatchOptions, lot: FloatArray) -> Sets:
    """Return the weights of both sides by other lots, on the score and coordinates there are."""
    chosen = []
    for risk in (group.risk, group.risk.mirrored):
        target = np.flatnonzero(risk.treated)
        sets, ties = nearest_sets(risk, target, group.score, group.whitened, options, lot)
        chosen.append(Chosen(risk, sets, group.flow, group.score, ties, group.whitened))
    forward = chosen[0] if options.estimand == "ate" else None
    return both_ways(forward, chosen[1], group.risk).sets


def most_controls(risk: RiskSet, ratio: int) -> int:
    """Return the ratio, or the candidates of the largest cell where these are fewer."""
    if ratio == 1:
        return 1
    return max(1, min(int(ratio), int(np.bincount(risk.cell[~risk.treated]).max(initial=0))))


def _on_line(
    risk: RiskSet,
    index: FloatArray,
    target: IntArray,
    limit: float,
    options: MatchOptions,
    lot: FloatArray,
) -> Neighbours:
    """Match on the log odds, or on the probability."""
    if options.replace:
        targets = (
            in_line(risk.mirrored, index)
            if _everybody(risk, target)
            else Line.of(index[target], risk.cell[target])
        )
        found = nearest_within(targets, in_line(risk, index), options.ratio, limit)
        return found.at(np.flatnonzero(~risk.treated))
    control = _by_lot(risk, lot)
    who = index[target], risk.cell[target], index[control], risk.cell[control]
    once = serves_once(risk, control, options)
    order = choosing_order(index[target], lot[target], options)
    return greedy(*who, once, order, options.ratio, limit).at(control)


def _everybody(risk: RiskSet, target: IntArray) -> bool:
    """Return whether the targets are all who are treated."""
    return len(target) == np.count_nonzero(risk.treated) and bool(risk.treated[target].all())


def _in_space(
    risk: RiskSet,
    point: FloatArray,
    score: Score | None,
    target: IntArray,
    limit: float,
    options: MatchOptions,
    lot: FloatArray,
) -> Neighbours:
    """Match by a distance on the covariates, within the limit on the log odds if there is one."""
    index = np.zeros(len(risk.person)) if score is None else score.index
    limited = np.isfinite(limit)

    def cloud(rows: IntArray) -> Cloud:
        among = index[rows] if limited else None
        return Cloud(point[rows], risk.cell[rows], serves_once(risk, rows, options), among, limit)

    if not options.replace:
        control = _by_lot(risk, lot)
        order = choosing_order(index[target], lot[target], options)
        who = point[target], risk.cell[target], index[target], order
        return mahalanobis_greedy(cloud(control), *who, options.ratio).at(control)
    control = np.flatnonzero(~risk.treated)
    controls = cloud(control) if limited else in_space(risk, point)
    alone = limited or not _everybody(risk, target)
    targets = cloud(target) if alone else in_space(risk.mirrored, point)
    return mahalanobis_nearest(controls, targets, options.ratio).at(control)


def _by_lot(risk: RiskSet, lot: FloatArray) -> IntArray:
    """Return the rows of candidates, the one who comes first among equals first."""
    control = np.flatnonzero(~risk.treated)
    return control[np.argsort(lot[control], kind="stable")]


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

    Everybody in a set weighs the same, also those who are there because they tie with the last one.
    """
    has = chosen.set_of >= 0
    count = np.bincount(chosen.member)
    weight = 1.0 / count[chosen.member]
    if has.all():
        return Sets(target, chosen.set_of, chosen.member, chosen.control, weight)
    return Sets(target[has], chosen.set_of[has], chosen.member, chosen.control, weight)


#: Rows whose nearest are listed at a time, to keep distances small in memory.
AT_A_TIME = 20_000


@dataclass(frozen=True, eq=False)
class NearestLists:
    """The nearest of every row that may start, whoever starts.

    Attributes
    ----------
    risk, score, whitened, options
        As in `nearest_sets`; whom the risk sets take to start plays no part.
    lot
        The order among equals, as `lots` returns it.
    rows
        Rows with a list, shape (r,), ascending.
    near
        The nearest rows within cell and caliper, the row itself among them, nearest first and
        equals by lot, shape (r, L); -1 where there are no more.
    far
        How far they are, shape (r, L); infinity where there are no more.
    """

    risk: RiskSet
    score: Score | None
    whitened: FloatArray | None
    options: MatchOptions
    lot: FloatArray
    rows: IntArray
    near: IntArray
    far: FloatArray

    @classmethod
    def of(
        cls,
        risk: RiskSet,
        rows: IntArray,
        score: Score | None,
        whitened: FloatArray | None,
        options: MatchOptions,
        *,
        length: int,
    ) -> NearestLists:
        """List the `length` nearest of some rows, when everybody else is free to be a control."""
        free = replace(risk, treated=np.zeros(len(risk.person), dtype=bool))
        alike = replace(options, ratio=length, replace=True, ties="average")
        lot = lots(risk, options)
        point = _points(score, whitened)
        near = np.full((len(rows), length), -1, dtype=np.int64)
        far = np.full(near.shape, np.inf)
        for first in range(0, len(rows), AT_A_TIME):
            some = rows[first : first + AT_A_TIME]
            sets, _ = nearest_sets(free, some, score, whitened, alike, lot)
            own, entry = sets.pairs()
            control = sets.control[entry]
            distance = np.linalg.norm(point[sets.participant[own]] - point[control], axis=1)
            ranked = _ranked(own, distance, lot[control] if len(lot) else control)
            own, control, distance = own[ranked], control[ranked], distance[ranked]
            at = first + np.searchsorted(some, sets.participant)[own]
            place = np.arange(len(own)) - np.searchsorted(own, own)
            kept = place < length
            near[at[kept], place[kept]] = control[kept]
            far[at[kept], place[kept]] = distance[kept]
        return cls(risk, score, whitened, options, lot, rows, near, far)

    def match(self, starters: IntArray, target: IntArray) -> Sets:
        """Return what `nearest_sets` returns, by way of the lists where these are long enough.

        Parameters
        ----------
        starters
            Rows that start, ascending.
        target
            Those of them that are to have controls, ascending; all have lists.
        """
        treated = np.zeros(len(self.risk.person), dtype=bool)
        treated[starters] = True
        at = np.searchsorted(self.rows, target)
        near, far = self.near[at], self.far[at]
        whole = near[:, -1] < 0
        free = (near >= 0) & ~treated[near]
        if self.options.replace:
            found = self._first(near, far, free, whole)
        else:
            found = self._in_turn(target, near, far, free, whole)
        if found is None:
            again = replace(self.risk, treated=treated)
            chosen = self.score, self.whitened, self.options, self.lot
            return nearest_sets(again, target, *chosen)[0]
        sets = as_sets(target, found)
        if self.options.replace and self.options.ties == "random":
            point = _points(self.score, self.whitened)
            sets = _drawn(sets, point, self.lot, self.options.ratio)
        return sets

    def _first(
        self, near: IntArray, far: FloatArray, free: BoolArray, whole: BoolArray
    ) -> Neighbours | None:
        """Return the first free rows of every list, and those as near; None if one is too short."""
        last = free & (free.cumsum(axis=1) == self.options.ratio)
        reach = np.where(last.any(axis=1), np.max(far, axis=1, where=last, initial=0.0), np.inf)
        # A list that goes on beyond them leaves out nobody who is as near.
        if not (whole | (far[:, -1] > reach + SAME)).all():
            return None
        chosen = np.where(free & (far <= reach[:, None] + SAME), near, -1)
        return Neighbours.of_each(chosen, 0)

    def _in_turn(
        self, target: IntArray, near: IntArray, far: FloatArray, free: BoolArray, whole: BoolArray
    ) -> Neighbours | None:
        """Return rows chosen in rounds, each person once; None where a list ends."""
        index = np.zeros(len(self.risk.person)) if self.score is None else self.score.index
        order = choosing_order(index[target], self.lot[target], self.options).tolist()
        once = serves_once(self.risk, near, self.options)
        # Of the last ones some who are as near may be missing, who would come first by lot.
        free = free & (whole[:, None] | (far < far[:, -1:] - SAME))
        left = [
            iter(zip(rows[f].tolist(), who[f].tolist(), strict=True))
            for rows, who, f in zip(near, once, free, strict=True)
        ]
        chosen = np.full((len(target), self.options.ratio), -1, dtype=np.int64)
        taken: set[int] = set()
        for k in range(self.options.ratio):
            for i in order:
                for row, person in left[i]:
                    if person not in taken:
                        chosen[i, k] = row
                        taken.add(person)
                        break
                else:
                    if not whole[i]:
                        return None
        return Neighbours.of_each(chosen, 0)


def _ranked(own: IntArray, distance: FloatArray, lot: NDArray[np.number]) -> IntArray:
    """Return the order by whose list, distance and lot; what differs by rounding is as near."""
    order = np.lexsort((distance, own))
    new = np.ones(len(order), dtype=np.int64)
    new[1:] = (np.diff(own[order]) != 0) | (np.diff(distance[order]) > SAME)
    return order[np.lexsort((lot[order], np.cumsum(new)))]


def nobody(chosen: Chosen, options: MatchOptions) -> SupportError:
    """Return the error for a group without anybody."""
    participants = int(chosen.risk.treated.sum())
    if options.method == "cem":
        return SupportError(
            "No cell of the coarsened columns holds both a participant and a candidate",
            found=f"{participants} participants in {len(np.unique(chosen.risk.cell))} cells",
            do="give fewer bins with cutpoints=, or match on fewer columns",
        )
    return SupportError(
        "No participant has a control within the caliper",
        found=f"{participants} participants, caliper {options.caliper}",
        do="widen caliper= or match on fewer columns",
    )
