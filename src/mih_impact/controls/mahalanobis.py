"""Nearest by a distance on covariates: a tree in the space where that distance is the plain one.

As for scores, distances that differ by no more than `SAME` are the same. Rows with the same
covariates share a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from mih_impact.controls.covariates import names_for_messages
from mih_impact.controls.logit import linear_index, require_full_rank
from mih_impact.controls.nearest import SAME, Line, Neighbours, Places, runs
from mih_impact.controls.risk_set import RiskSet

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

__all__ = [
    "Cloud",
    "coordinates",
    "in_line",
    "in_space",
    "mahalanobis_greedy",
    "mahalanobis_nearest",
    "whiten",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Places looked at first; four times as many each time these do not suffice.
FIRST_LOOK = 16
#: Targets that are looked at together, to keep distances small in memory.
AT_A_GLANCE = 50_000


#: Directions in which ranks hardly vary, as a share of the largest variance, are not there.
FLAT = 1e-10


def coordinates(risk: RiskSet, distance: str) -> FloatArray:
    """Return coordinates of every row, shape (m, k), whose plain distance is the one asked for.

    Parameters
    ----------
    risk
        The stacked risk sets; variances are over all their rows.
    distance
        "mahalanobis", with the covariance within participants and within candidates
        (`whiten`); "mahalanobis_total", with that over everybody, divisor m - 1, as R's Matching
        and Stata; "robust_mahalanobis", on ranks; "inverse_variance"; or "euclidean".

    Notes
    -----
    Inverse variance and Euclidean: d^2 = sum_k (x_ik - x_jk)^2 / s_k^2, s_k^2 the variance over
    everybody, or 1. A category has an indicator for every value, each counting half, so that two
    different values are as far apart whichever they are, and as far as those of one indicator where
    there are two. Robust (Rosenbaum 2010, section 8.3; R's MatchIt): ranks, ties averaged, with the
    covariance of the ranks rescaled so that each has the variance of ranks without ties: a rare
    value does not outweigh the rest, nor does an outlier.

    Raises
    ------
    SupportError
        As `whiten`, for the Mahalanobis distances.
    """
    if distance == "mahalanobis":
        return whiten(risk)
    if distance == "mahalanobis_total":
        return whiten(risk, within=False)
    design = risk.design.with_every_value()
    if not design.width:  # nothing sets anybody apart
        return np.zeros((len(risk.person), 1))
    if distance == "robust_mahalanobis":
        return _by_ranks(design.X)
    halves = [name != str(term) for name, term in zip(design.names, design.terms, strict=True)]
    weight = np.where(halves, 0.5, 1.0)
    if distance == "inverse_variance":
        variance = design.X.var(axis=0, ddof=1)
        weight = weight / np.where(variance > 0, variance, np.inf)
    return np.asarray(design.X * np.sqrt(weight))


def _by_ranks(X: FloatArray) -> FloatArray:
    """Return coordinates whose plain distance is the robust Mahalanobis distance."""
    from scipy.stats import rankdata  # half a second to import, and not everybody's

    rank = rankdata(X, axis=0)
    rank = rank[:, rank.std(axis=0) > 0] - (len(X) + 1) / 2
    cov = rank.T @ rank / (len(X) - 1)
    untied = np.sqrt(len(X) * (len(X) + 1) / 12)  # the standard deviation of 1, ..., m
    stretch = untied / np.sqrt(np.diag(cov))
    value, vector = np.linalg.eigh(cov * np.outer(stretch, stretch))
    kept = value > FLAT * value.max(initial=0.0)
    root = vector[:, kept] / np.sqrt(value[kept])
    return np.column_stack([linear_index(rank, column) for column in root.T])


def whiten(risk: RiskSet, *, within: bool = True) -> FloatArray:
    """Return coordinates of every row, shape (m, k), whose plain distance is Mahalanobis'.

    Notes
    -----
    d(i, j)^2 = (x_i - x_j)' S^-1 (x_i - x_j), S the covariance within participants and within
    candidates, pooled over all rows of the risk sets with divisor m - 2, as in R's MatchIt; or over
    everybody with divisor m - 1 (within=False), as in R's Matching and Stata's teffects. A
    category enters as indicators, one left out; which one does not matter to the distance.

    Raises
    ------
    SupportError
        A covariate does not vary within the sides, or follows from the others.
    """
    X, treated = risk.design.X, risk.treated
    if not X.shape[1]:  # nothing sets anybody apart
        return np.zeros((len(X), 1))
    # Far from zero, numbers lose the digits that tell whether distances are the same.
    X = np.array(X, order="F")  # columns are added up, and rows are not
    spread = X.std(axis=0)
    X -= X.mean(axis=0)
    X /= np.where(spread > 0, spread, 1.0)
    apart = X.copy(order="F")
    sides = (treated, ~treated) if within else (slice(None),)
    for side in sides:
        apart[side] -= apart[side].mean(axis=0)
    deviation = apart.std(axis=0)
    names = names_for_messages(risk.design, risk.person)
    require_full_rank(apart, np.where(deviation > SAME, deviation, 0.0), names)
    cov = apart.T @ apart / (len(X) - len(sides))
    root = np.linalg.cholesky(cho_solve(cho_factor(cov), np.eye(len(cov))))
    return np.column_stack([linear_index(X, column) for column in root.T])


class Cloud:
    """Controls as points in space, the distinct points of a cell in a tree of their own.

    Parameters
    ----------
    point
        Coordinates, shape (m, k); rows in the order in which equals are to be taken.
    cell, person
        Start year and exact cell of each row, and who serves once.
    score, limit
        With a limit, only points whose score is within it of the target's are seen, and rows alike
        have the same score.
    """

    def __init__(
        self,
        point: FloatArray,
        cell: IntArray,
        person: IntArray,
        score: FloatArray | None = None,
        limit: float = np.inf,
    ) -> None:
        order = _curved(point, cell) if score is None else np.lexsort((score, cell))
        point, cell = point.take(order, axis=0), cell[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = np.any([np.diff(column) != 0 for column in (cell, *point.T)], axis=0)
        if score is not None:
            new[1:] |= np.diff(score[order]) != 0
        start = np.flatnonzero(new)
        self.places = Places(order, np.append(start, len(order)), person)
        #: The place of every row.
        self.place = np.empty(len(order), dtype=np.int64)
        self.place[order] = np.cumsum(new) - 1
        #: The first row of every place, and the point, the cell and, with a limit, the score of it.
        self.first, self.point, self.cell = order, point, cell
        if len(start) < len(order):
            self.first, self.point, self.cell = order[start], point[start], cell[start]
        self.key = np.zeros(len(start)) if score is None else score[self.first]
        self._limit = limit if score is not None else np.inf
        self._trees: dict[int, cKDTree] = {}

    @property
    def unlimited(self) -> bool:
        """Whether nearness is by distance alone, and no score is too far."""
        return bool(np.isinf(self._limit))

    def levels(self, target: FloatArray, cell: int, score: float) -> Iterator[list[int]]:
        """Yield places in order of distance, those that are equally near together."""
        first = int(np.searchsorted(self.cell, cell, side="left"))
        end = int(np.searchsorted(self.cell, cell, side="right"))
        count, done = FIRST_LOOK, -1.0
        while first < end:
            distance, place, whole = self._look(target, first, end, score, count)
            cuts = runs(distance)
            # Places as near as the last one may be missing, unless that was all.
            known = len(distance) if whole else int(cuts[-1])
            begin = int(np.searchsorted(distance, done + SAME, side="right"))
            later = cuts[(cuts > begin) & (cuts < known)]
            yield from (
                level.tolist()
                for level in np.split(place[begin:known], later - begin)
                if len(level)
            )
            if whole:
                return
            done, count = (distance[known - 1] if known else done), count * 4

    def _look(
        self, target: FloatArray, first: int, end: int, score: float, count: int
    ) -> tuple[FloatArray, IntArray, bool]:
        """Return distances and places, nearest first, and whether these are all."""
        if np.isinf(self._limit):
            distance, place = self._nearest(target, first, end, count)
            return distance, place, len(place) == end - first
        low, high = np.searchsorted(self.key[first:end], [score - self._limit - SAME,
                                                           score + self._limit + SAME])  # fmt: skip
        place = np.arange(first + low, first + high)
        place = place[np.abs(self.key[place] - score) <= self._limit + SAME]
        distance = np.sqrt(((self.point[place] - target) ** 2).sum(axis=1))
        if count < len(place):
            nearest = np.argpartition(distance, count - 1)[:count]
            nearest = nearest[np.argsort(distance[nearest], kind="stable")]
            return distance[nearest], place[nearest], False
        nearest = np.argsort(distance, kind="stable")
        return distance[nearest], place[nearest], True

    def _nearest(
        self, target: FloatArray, first: int, end: int, count: int
    ) -> tuple[FloatArray, IntArray]:
        """Return distances and places of the `count` nearest of a cell to one target or several."""
        if first not in self._trees:
            from scipy.spatial import cKDTree

            self._trees[first] = cKDTree(
                self.point[first:end], balanced_tree=False, compact_nodes=False
            )
        nth = np.arange(1, min(count, end - first) + 1)
        distance, found = self._trees[first].query(target, k=nth)
        return np.asarray(distance), np.asarray(found) + first if first else np.asarray(found)

    def around(
        self, target: FloatArray, cell: IntArray, count: int
    ) -> tuple[FloatArray, IntArray, BoolArray]:
        """Return the places nearest to many targets, whatever the score.

        Returns
        -------
        tuple
            Distances and places, shape (n, count), infinity and -1 where a cell has no more, and
            whether these are all, shape (n,).
        """
        if len(cell) and cell[0] == cell[-1] and (cell == cell[0]).all():
            first, end = np.searchsorted(self.cell, [cell[0], cell[0] + 1]).tolist()
            if end - first >= count:
                whole = np.full(len(target), end - first == count)
                return *self._nearest(target, first, end, count), whole
        far = np.full((len(target), count), np.inf)
        place, whole = np.full(far.shape, -1, dtype=np.int64), np.zeros(len(target), dtype=bool)
        order = np.argsort(cell, kind="stable")
        cells, begins = np.unique(cell[order], return_index=True)
        for c, here in zip(cells.tolist(), np.split(order, begins[1:]), strict=True):
            first, end = np.searchsorted(self.cell, [c, c + 1]).tolist()
            if first == end:
                continue
            distance, found = self._nearest(target[here], first, end, count)
            far[here, : found.shape[1]], place[here, : found.shape[1]] = distance, found
            whole[here] = end - first <= count
        return far, place, whole


#: Candidates, and those who start, by what they were last put in order by, as long as their risk
#: sets are held: the other side, and the variance, look for the nearest among the same.
_ORDERED: WeakKeyDictionary[RiskSet, dict[bool, tuple[FloatArray | None, Line | Cloud]]]
_ORDERED = WeakKeyDictionary()


def in_line(risk: RiskSet, score: FloatArray | None) -> Line:
    """Return the candidates on the line of a score of every row; without one all stand alike."""
    sides, side = _ORDERED.setdefault(risk.mirror_of or risk, {}), risk.mirror_of is None
    by, held = sides.get(side, (None, None))
    if not isinstance(held, Line) or by is not score:
        rows = np.flatnonzero(~risk.treated)
        held = Line.of(np.zeros(len(rows)) if score is None else score[rows], risk.cell[rows])
        sides[side] = score, held
    return held


def in_space(risk: RiskSet, point: FloatArray) -> Cloud:
    """Return the candidates by the coordinates of every row."""
    sides, side = _ORDERED.setdefault(risk.mirror_of or risk, {}), risk.mirror_of is None
    by, held = sides.get(side, (None, None))
    if not isinstance(held, Cloud) or by is not point:
        rows = np.flatnonzero(~risk.treated)
        sides[side] = point, (held := Cloud(point[rows], risk.cell[rows], rows))
    return held


def mahalanobis_nearest(cloud: Cloud, targets: Cloud, ratio: int) -> Neighbours:
    """Find the nearest controls of each target, with replacement, and all who are as near.

    Parameters
    ----------
    cloud, targets
        The controls, and those who look for some.
    ratio
        Neighbours wanted; fewer where the cell or the limit on the score gives fewer.

    Returns
    -------
    Neighbours
        As `nearest.nearest_within`; targets that are alike share a set.
    """
    own, control, left = _at_a_glance(cloud, targets, ratio)
    found = [
        _all_as_near(cloud, targets.point[i], int(targets.cell[i]), float(targets.key[i]), ratio)
        for i in left.tolist()
    ]
    own = np.concatenate([own, np.repeat(left, [len(rows) for rows in found])])
    # Sets are numbered in the order in which targets first have them.
    number = targets.first
    if len(number) < len(targets.place):
        leads = np.zeros(len(targets.place), dtype=bool)
        leads[number] = True
        number = (np.cumsum(leads) - 1)[number]
    own, control, size = number[own], np.concatenate([control, *found]), len(cloud.place) + 1
    many = np.bincount(own, minlength=len(number))
    key = own * size + control
    key.sort()
    own = np.repeat(np.arange(len(many)), many)
    key -= own * size
    has, alike = many > 0, np.arange(len(targets.place))
    if len(number) < len(alike):
        alike = number[targets.place]
    ties = int((many > ratio)[alike].sum()) if many.max(initial=0) > ratio else 0
    if has.all():
        return Neighbours(alike, own, key, ties)
    set_of = np.where(has, np.cumsum(has) - 1, -1)
    return Neighbours(set_of[alike], set_of[own], key, ties)


def _curved(point: FloatArray, cell: IntArray) -> IntArray:
    """Return rows cell by cell along a curve, those that are alike together and ascending.

    Rows that are alike are neighbours in any order by a function of what they are alike in.
    """
    key, along = point @ np.sqrt(np.arange(2.0, point.shape[1] + 2)), _along_curve(point)
    if int(cell.max(initial=0)) >= 2**15:
        return np.lexsort((key, along, cell))
    # One number to sort by: cell, place on the curve, and the key as far as four bytes hold it.
    bits = (key.astype(np.float32) + np.float32(0.0)).view(np.int32).astype(np.int64)
    number = np.where(bits < 0, -1 - (bits & 0x7FFFFFFF), bits) + 2**31
    number += (cell * 2**16 + along) << 32
    order = np.argsort(number)
    number = number[order]
    equal = np.zeros(len(order) + 1, dtype=bool)
    equal[1:-1] = np.diff(number) == 0
    among = np.flatnonzero(equal[1:] | equal[:-1])
    some = order[among]
    order[among] = some[np.lexsort((some, key[some], number[among]))]
    return order


def _along_curve(point: FloatArray) -> NDArray[np.uint16]:
    """Return a number for each point: those near one another have numbers near one another.

    Of what follows in this order each is looked for where the one before it was found, which the
    processor still holds: a Z-order curve, of the first sixteen coordinates at most.
    """
    columns = point.T[:16]
    bits = 15 // max(len(columns), 1) or 1
    side, number = 2.0**bits, np.zeros(len(point), dtype=np.uint16)
    spread = [float(x.std()) for x in columns]
    cut = [
        np.clip((x - x.mean()) * (side / 6 / (s or 1.0)) + side / 2, 0, side - 1).astype(np.uint16)
        for x, s in zip(columns, spread, strict=True)
    ]
    for bit in range(bits - 1, -1, -1):
        for each in cut:
            number = (number << 1) | ((each >> bit) & 1)
    return number


def _at_a_glance(cloud: Cloud, targets: Cloud, ratio: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return pairs of target's place and row for all that one look decides, and who are left.

    It decides where the place after the last one wanted is farther, in the same look.
    """
    nobody, everybody = np.zeros(0, dtype=np.int64), np.arange(len(targets.cell))
    if not cloud.unlimited or not len(cloud.place):
        return nobody, nobody, everybody
    owns, controls, decided = [nobody], [nobody], np.zeros(len(everybody), dtype=bool)
    alone = len(cloud.cell) == len(cloud.place)  # in places of their own
    for begin in range(0, len(everybody), AT_A_GLANCE):
        some = everybody[begin : begin + AT_A_GLANCE]
        distance, place, _ = cloud.around(targets.point[some], targets.cell[some], ratio + 1)
        if alone:
            sure = np.isfinite(distance[:, -1])
            sure &= distance[:, -1] - np.where(sure, distance[:, -2], 0.0) > SAME
            owns.append(np.repeat(some[sure], ratio))
            controls.append(cloud.places.order[place[sure, :ratio].ravel()])
            decided[some] = sure
            continue
        size = cloud.places.size[place]
        enough = np.cumsum(size, axis=1)[:, :-1] >= ratio
        there = np.isfinite(distance)
        last = enough & there[:, 1:] & (np.diff(np.where(there, distance, 0.0), axis=1) > SAME)
        sure, end = np.asarray(last.any(axis=1)), np.argmax(last, axis=1)
        kept = sure[:, None] & (np.arange(ratio + 1) <= end[:, None])
        own, at = np.nonzero(kept)
        place, size = place[own, at], size[own, at]
        owns.append(np.repeat(some[own], size))
        controls.append(cloud.places.rows_of(place, size))
        decided[some] = sure
    return np.concatenate(owns), np.concatenate(controls), np.flatnonzero(~decided)


def _all_as_near(cloud: Cloud, target: FloatArray, cell: int, score: float, ratio: int) -> IntArray:
    """Return the nearest rows of one target, level by level until there are enough."""
    rows = np.zeros(0, dtype=np.int64)
    for level in cloud.levels(target, cell, score):
        rows = np.concatenate([rows, *(cloud.places.rows(place) for place in level)])
        if len(rows) >= ratio:
            break
    return rows


def mahalanobis_greedy(
    cloud: Cloud,
    target: FloatArray,
    cell: IntArray,
    score: FloatArray,
    sequence: IntArray,
    ratio: int,
) -> Neighbours:
    """Match without replacement, in rounds: everyone chooses a first control before a second.

    Parameters
    ----------
    cloud
        The controls, with who serves once.
    target, cell, score
        Coordinates (n, k), cells (n,) and scores (n,) of the targets.
    sequence
        The order in which targets choose.
    ratio
        Rounds.
    """
    chosen = np.full((len(target), ratio), -1, dtype=np.int64)
    ahead = [cloud.levels(target[i], int(cell[i]), float(score[i])) for i in range(len(target))]
    level: list[list[int]] = [[] for _ in ahead]
    ties = 0
    for k in range(ratio):
        for i in sequence.tolist():
            # What is taken stays taken, so a level that is empty need never be seen again.
            while not (rows := [r for place in level[i] for r in cloud.places.first_two(place)]):
                following = next(ahead[i], None)
                if following is None:
                    level[i] = []
                    break
                level[i] = following
            if rows:
                ties += len(rows) > 1
                chosen[i, k] = min(rows)
                cloud.places.take(min(rows))
    return Neighbours.of_each(chosen, ties)
