"""Standard errors: rows of influence whose cross-product is the covariance of all estimates.

Three ways to write the rows for matched sets; every interval, band and test above comes from them.
Columns are outcome-major, as in `comparison`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.comparison import distinct
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.mahalanobis import Cloud
from mih_impact.controls.nearest import SAME, Line
from mih_impact.effects.comparison import Comparison, centred

__all__ = [
    "AnyInfluence",
    "Influence",
    "Nearby",
    "abadie_imbens",
    "critical_values",
    "matched_set",
    "neighbour_residual",
    "neighbours",
    "on_average",
    "pair_rows",
    "person",
    "seen_alike",
    "sup_t",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Places on each side looked at for one where somebody's outcomes are seen.
LOOK = 4


@dataclass(frozen=True, eq=False)
class Nearby:
    """Candidates in places, those of a place being alike, and the places near some of them.

    Attributes
    ----------
    rows, place
        Candidates and the place of each, shape (s,): all who are in a place near somebody.
    used
        Whose neighbours these are, shape (q,).
    near
        The places near each of them, its own among the first, nearest first, shape (q, L); -1 for
        none.
    level
        Places of the same level are equally near, shape (q, L); ascending.
    further
        The same with more places, of some of them, for whom those of the last level may be too few;
        None if there are no more.
    """

    rows: IntArray
    place: IntArray
    used: IntArray
    near: IntArray
    level: IntArray
    further: Callable[[IntArray], Nearby] | None = None

    @cached_property
    def placed(self) -> Nearby:
        """The same by position among `rows`, ascending, whose values alone are then needed."""
        used = np.searchsorted(self.rows, self.used)
        return replace(self, rows=np.arange(len(self.rows)), used=used)

    @cached_property
    def _seen(self) -> dict[bytes, NearestSeen]:
        return {}

    def means(self, values: FloatArray, seen: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return the mean of the nearest others who are seen, and how many these are.

        Parameters
        ----------
        values
            What `rows` and `used` are positions in, shape (r, c).
        seen
            Who is seen, shape (r,).

        Returns
        -------
        tuple
            Shapes (q, c) and (q,); 0 where nobody is seen. All who are equally near are in it, so
            that nobody has to be chosen among them.
        """
        key = np.packbits(seen).tobytes()
        if (nearest := self._seen.get(key)) is None:
            nearest = self._among(seen)
            if len(self._seen) < _HELD:
                self._seen[key] = nearest
        return nearest.means(values), nearest.count

    def _among(self, seen: BoolArray) -> NearestSeen:
        """Return the nearest of those who are seen."""
        many, kept = int(self.place.max(initial=-1)) + 1, seen[self.rows]
        rows, place = self.rows[kept], self.place[kept]
        member = csr_array((np.ones(len(rows)), (place, rows)), shape=(many, len(seen)))
        size = np.bincount(place, minlength=many)[self.near]
        size[self.near < 0] = 0
        # Everybody is in a place near it, and is no neighbour of itself.
        own, at = seen[self.used], np.zeros(len(seen), dtype=np.int64)
        at[self.rows] = self.place
        found = np.cumsum(size, axis=1) - own[:, None]
        enough = np.zeros(size.shape, dtype=bool)
        enough[:, 1:] = (self.level[:, 1:] > self.level[:, :-1]) & (found[:, :-1] > 0)
        enough = np.logical_or.accumulate(enough, axis=1)
        size[enough] = 0
        count = size.sum(axis=1) - own.astype(np.float64)
        alone = own[:, None] & (size == 1) & (self.near == at[self.used][:, None])
        size[alone] = 0
        begin = np.concatenate([[0], np.cumsum((size > 0).sum(axis=1))])
        places = self.near[size > 0]
        near = csr_array((np.ones(len(places)), places, begin), shape=(len(size), many))
        left, further = np.flatnonzero(~enough[:, -1]), None
        if self.further is not None and len(left):
            further = self.further(left)._among(seen)
            count[left] = further.count
        not_alone = np.flatnonzero(own & ~alone.any(axis=1))
        return NearestSeen(member, near, not_alone, self.used[not_alone], count, left, further)


#: Of so many sets of who is seen the nearest are held; other outcomes and years share them.
_HELD = 8


@dataclass(frozen=True, eq=False)
class NearestSeen:
    """The nearest others who are seen, of each of some.

    Attributes
    ----------
    member, near
        Who is in each place, shape (places, r), and the nearest places of each, shape (q, places).
    own, used
        Who of the q is in one of these with others, and their rows.
    count
        How many others there are, shape (q,).
    left, further
        Who of the q has to look further, and the nearest that they find there.
    """

    member: csr_array
    near: csr_array
    own: IntArray
    used: IntArray
    count: FloatArray
    left: IntArray
    further: NearestSeen | None

    def means(self, values: FloatArray) -> FloatArray:
        """Return their mean values, shape (q, c)."""
        mean = np.asarray(self.near @ (self.member @ values))
        mean[self.own] -= values[self.used]
        mean /= np.maximum(self.count, 1.0)[:, None]
        if self.further is not None:
            mean[self.left] = self.further.means(values)
        return mean


def neighbours(group: ControlGroup, rows: IntArray, *, in_steps: bool = False) -> Nearby:
    """Return the candidates nearest to some candidates, in start year and cell.

    Near is what was near to the matching: on the log odds, or by Mahalanobis distance; within a
    cell without either everybody is as near.

    Parameters
    ----------
    group
        The control group.
    rows
        Rows of the risk set, candidates all, shape (q,).
    in_steps
        Look at the next places first, and at others for those whose next are not seen.
    """
    risk = group.risk
    candidate = np.flatnonzero(~risk.treated)
    position = np.zeros(len(risk.person), dtype=np.int64)
    position[candidate] = np.arange(len(candidate))
    wanted = position[rows]
    find: Callable[[IntArray, int], tuple[IntArray, IntArray, IntArray]]
    if group.whitened is None:
        find = partial(_on_line, group.line)
    else:
        find = partial(_in_space, group.cloud)

    def within(look: int, some: IntArray | slice) -> Nearby:
        return _nearby(candidate, rows[some], *find(wanted[some], look))

    if not in_steps:
        return within(LOOK, slice(None))
    return replace(within(1, slice(None)), further=lambda some: within(LOOK, some))


def _nearby(
    candidate: IntArray, rows: IntArray, place: IntArray, near: IntArray, level: IntArray
) -> Nearby:
    """Return the places near some rows with all who are in them."""
    needed = np.zeros(int(place.max(initial=-1)) + 1, dtype=bool)
    needed[near[near >= 0]] = True
    member, number = np.flatnonzero(needed[place]), np.cumsum(needed) - 1
    near = np.where(near >= 0, number[near], -1)
    return Nearby(candidate[member], number[place[member]], rows, near, level)


def _on_line(line: Line, rows: IntArray, look: int = LOOK) -> tuple[IntArray, IntArray, IntArray]:
    """Return the place of everybody, and the places near some rows with their levels."""
    near, distance = line.around(rows, look)
    return line.place, near, _levels(distance)


def _in_space(
    cloud: Cloud, rows: IntArray, look: int = LOOK
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the same by the distance between points: one look for all, closer ones for some.

    Places are looked at, not rows, in the order in which they lie: alike rows have the same near.
    """
    wanted = np.zeros(len(cloud.cell), dtype=bool)
    wanted[cloud.place[rows]] = True
    looked = np.flatnonzero(wanted)
    near = np.full((len(looked), 1), -1, dtype=np.int64)
    level = np.zeros((len(looked), 1), dtype=np.int64)
    open_, count = np.arange(len(looked)), 3 if look == 1 else 4 * look
    while len(open_):
        some = looked[open_]
        distance, place, whole = cloud.around(cloud.point[some], cloud.cell[some], count)
        step = _levels(distance)
        # Places as near as the last one may be missing, unless that was all.
        known = (place >= 0) & (whole[:, None] | (step < step[:, -1:]))
        wider = ((0, 0), (0, max(0, place.shape[1] - near.shape[1])))
        near, level = np.pad(near, wider, constant_values=-1), np.pad(level, wider, mode="maximum")
        near[open_[:, None], np.arange(place.shape[1])] = np.where(known, place, -1)
        level[open_[:, None], np.arange(place.shape[1])] = step
        open_, count = open_[~whole & (step[:, -1] < 2)], 4 * count
    own = (np.cumsum(wanted) - 1)[cloud.place[rows]]
    return cloud.place, near[own], level[own]


def _levels(distance: FloatArray) -> IntArray:
    """Return a number for what is equally far, in each row of ascending distances."""
    beyond = np.diff(np.where(np.isinf(distance), np.finfo(float).max, distance), axis=1) > SAME
    first = np.zeros((len(distance), 1), dtype=np.int64)
    return np.concatenate([first, np.cumsum(beyond, axis=1)], axis=1)


#: Differences of less than this share of what is subtracted are rounding.
ROUNDING = 1e-12


class AnyInfluence(Protocol):
    """Influence of every cluster on every estimate, written out or kept in factors."""

    @property
    def covariance(self) -> FloatArray:
        """The cross-product of the rows, shape (KE, KE)."""

    @property
    def rows(self) -> FloatArray:
        """What each cluster moves every estimate by, shape (n_clusters, KE)."""

    @property
    def cluster(self) -> IntArray:
        """Which cluster each row is, shape (n_clusters,)."""

    def columns(self, chosen: slice | IntArray) -> AnyInfluence:
        """Return the influence on some of the estimates."""

    def mapped(self, weights: FloatArray) -> AnyInfluence:
        """Return the influence on known linear combinations of the estimates, shape (KE, A)."""

    def clustered(self, label: IntArray) -> Influence:
        """Add up the rows of the same label, shape (n_clusters,), such as a county."""


@dataclass(frozen=True, eq=False)
class Influence:
    """Influence of every cluster on every estimate, written out.

    Attributes
    ----------
    rows
        Shape (n_clusters, KE); an estimate moves by its row when the cluster is added.
    cluster
        Which cluster each row is, shape (n_clusters,): a person's position in the cube; ~position
        (below zero) for what a control adds by being used again, which is a row of its own.
    """

    rows: FloatArray
    cluster: IntArray

    @property
    def covariance(self) -> FloatArray:
        """The cross-product of the rows, shape (KE, KE)."""
        return np.asarray(self.rows.T @ self.rows)

    def columns(self, chosen: slice | IntArray) -> Influence:
        """Return the influence on some of the estimates."""
        return Influence(self.rows[:, chosen], self.cluster)

    def mapped(self, weights: FloatArray) -> Influence:
        """Return the influence on known linear combinations of the estimates, shape (KE, A)."""
        return Influence(self.rows @ weights, self.cluster)

    def clustered(self, label: IntArray) -> Influence:
        """Add up the rows of the same label, shape (n_clusters,), such as a county."""
        return Influence(*_sum_within(self.rows, label))

    @classmethod
    def stack(cls, parts: Sequence[Influence]) -> Influence:
        """Set several side by side, rows of the same cluster in line; absent ones are zero."""
        if len(parts) == 1:
            return parts[0]
        clusters = np.unique(np.concatenate([part.cluster for part in parts]))
        width = sum(part.rows.shape[1] for part in parts)
        rows, first = np.zeros((len(clusters), width)), 0
        for part in parts:
            last = first + part.rows.shape[1]
            rows[np.searchsorted(clusters, part.cluster), first:last] = part.rows
            first = last
        return cls(rows, clusters)


def _sum_within(rows: FloatArray, label: IntArray) -> tuple[FloatArray, IntArray]:
    """Add the rows of the same label; labels ascending."""
    order, starts, labels = _in_order(label)
    return np.add.reduceat(rows[order], starts, axis=0), labels


def _in_order(label: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the rows label by label, where each label begins, and the labels."""
    labels, place = np.unique(label, return_inverse=True)
    order = np.argsort(place, kind="stable")
    return order, np.searchsorted(place[order], np.arange(len(labels))), labels


def person(group: ControlGroup, comparison: Comparison) -> Influence:
    """Rows by person, the weights taken as fixed.

    Notes
    -----
    The estimate is the coefficient on treatment in a weighted regression of the change on
    treatment, controls weighted by K; a person's row is the sum of its scores over roles and start
    years, so that a control used twice is one cluster. Scaled by sqrt(G / (G - 1)), G the persons
    compared. Where changes are adjusted, a control's score counts with its leverage, or what it
    moves a regression without weights by is added.
    """
    c, who = comparison, group.risk.person
    treated = centred(c.change_t, c.share, c.stratum_t) + c.between
    control = -centred(c.change_c, c.load, c.stratum_c)
    if c.leverage is not None:
        control *= c.leverage
    if c.apart is not None:
        control -= c.apart
    label = np.concatenate([who[group.sets.participant], who[c.control_row]])
    order, starts, clusters = _in_order(label)
    rows = np.add.reduceat(np.concatenate([treated, control])[order], starts, axis=0)
    used = np.concatenate([c.valid, c.load > 0])[order]
    count = np.logical_or.reduceat(used, starts, axis=0).sum(axis=0)
    return Influence(rows * np.sqrt(count / np.maximum(count - 1, 1)), clusters)


def pair_rows(comparison: Comparison) -> FloatArray:
    """Return (contrast - tau) / n of every participant, or within strata, shape (n, KE)."""
    c = comparison
    return centred(c.contrast, c.share, c.stratum_t) + c.between


def matched_set(group: ControlGroup, comparison: Comparison) -> Influence:
    """Rows by matched set, for matching without replacement (Abadie and Spiess 2022).

    Notes
    -----
    A set is a participant and its controls, none of whom is in another set: its row is its contrast
    less the mean contrast, over n, scaled by sqrt(n / (n - 1)).
    """
    c = comparison
    rows = pair_rows(c)
    scale = np.sqrt(np.maximum(c.n, 1) / np.maximum(c.n - 1, 1))
    return Influence(rows * scale, group.risk.person[group.sets.participant])


def abadie_imbens(
    group: ControlGroup,
    comparison: Comparison,
    near: Nearby,
    changes: FloatArray,
    otherwise: Callable[[], FloatArray],
) -> Influence:
    """Rows for matching with replacement (Abadie and Imbens 2006, section 4, for the treated).

    Parameters
    ----------
    group
        Participants and their controls.
    comparison
        Their contrasts and the load on every control.
    near
        The neighbours of each control that is reused.
    changes
        Changes of `near.rows` by outcome and year, not adjusted; NaN where not seen.
    otherwise
        Gives the mean change of the controls, shape (KE,).

    Notes
    -----
    The participants' rows are (contrast_i - tau) / n. Control j's row is the sum over start years c
    of sqrt(K_jc^2 - K'_jc) r_jc / n, K the sum of its weights and K' of their squares, and r_jc is
    (its change - the mean change of its L nearest other candidates) sqrt(L / (L + 1)), the nearest
    being of that start year and cell on the log odds, L of them where L are equally near; with one
    that is (its change - the other's) / sqrt 2, and in a cell, where all others are as near, r_jc^2
    is on average the variance within it. With one start year, and M equal weights, this is
    1/n^2 [sum_i (contrast_i - tau)^2 + sum_j K(K - 1)/M^2 s_j^2]. Where none of the nearest is seen
    in a year, the next nearest are looked at; where none is, the change less the controls' mean
    takes its place, which is conservative. For a control that one participant has K^2 is K', so
    that its nearest are not looked for.
    """
    c, who = comparison, group.risk.person
    assert c.load_squares is not None
    pairs = pair_rows(c)
    start_year, again = group.risk.start_year[near.rows], np.searchsorted(c.control_row, near.used)
    residual = neighbour_residual(near.placed, changes, start_year, otherwise)
    load = c.load.take(again, axis=0)
    reuse = load**2 - c.load_squares.take(again, axis=0)
    residual *= np.sqrt(np.clip(reuse, 0.0, None, out=reuse), out=reuse)
    persons, whose = distinct(who[c.control_row]), who[c.control_row[again]]
    place = len(pairs) + np.searchsorted(persons, whose)
    shape = len(pairs) + len(persons), len(place)
    rows = np.asarray(
        csr_array((np.ones(len(place)), (place, np.arange(len(place)))), shape=shape) @ residual
    )
    rows[: len(pairs)] = pairs
    return Influence(rows, np.concatenate([who[group.sets.participant], ~persons]))


def on_average(load: FloatArray, changes: FloatArray) -> FloatArray:
    """Return the mean change by load, those seen, shape (KE,)."""
    return np.asarray((load * np.where(np.isfinite(changes), changes, 0.0)).sum(axis=0))


def seen_alike(changes: FloatArray, start_year: IntArray) -> list[tuple[BoolArray, IntArray]]:
    """Return who is seen, shape (r,), and the columns, shape (c,), in which it is just these.

    Whoever starts in a year of which nobody is seen in a column counts as seen there: neighbours
    are of the same start year, and none are asked for. `start_year` is that of each row, ascending.
    """
    columns: dict[bytes, list[int]] = {}
    seen, begin = np.isfinite(changes), np.flatnonzero(np.diff(start_year, prepend=-1))
    somebody = np.logical_or.reduceat(seen, begin, axis=0) if len(begin) else seen
    seen |= ~np.repeat(somebody, np.diff(begin, append=len(seen)), axis=0)
    seen = np.ascontiguousarray(seen.T)
    for k, those in enumerate(seen):
        columns.setdefault(those.tobytes(), []).append(k)
    return [(seen[ks[0]], np.array(ks)) for ks in columns.values()]


def neighbour_residual(
    near: Nearby, changes: FloatArray, start_year: IntArray, otherwise: Callable[[], FloatArray]
) -> FloatArray:
    """Return r of every row of `near.used`, shape (q, KE); 0 where the row itself is not seen.

    `start_year` is that of each row of `changes`, and `otherwise` gives the mean change of the
    side, shape (KE,), for rows without a neighbour.
    """
    own = changes.take(near.used, axis=0)
    residual = np.empty_like(own)
    for seen, columns in seen_alike(changes, start_year):
        all_of_them = len(columns) == changes.shape[1]
        mean, count = near.means(changes if all_of_them else changes[:, columns], seen)
        gap = own[:, columns] - mean
        # Equal changes, whose sums are rounded, do not differ.
        gap[np.abs(gap) <= ROUNDING * np.abs(mean)] = 0.0
        gap *= np.sqrt(count / (count + 1.0))[:, None]
        alone = np.flatnonzero(count == 0)
        if len(alone):
            gap[alone] = own[np.ix_(alone, columns)] - otherwise()[columns]
        residual[:, columns] = gap
    return np.where(np.isfinite(own), residual, 0.0)


def sup_t(matrix: FloatArray, normal: FloatArray, *, level: float) -> float:
    """Return the critical value of a simultaneous band.

    Parameters
    ----------
    matrix
        Covariance of the estimates the band covers together, shape (E, E).
    normal
        Independent standard normal draws, shape (draws, E) or wider.
    level
        Joint coverage.

    Notes
    -----
    The `level` quantile of max_e |Z_e|, Z normal with the correlation of the estimates (Montiel
    Olea and Plagborg-Moller 2019), at least the pointwise value.
    """
    from scipy.special import ndtri

    error = np.sqrt(np.diag(matrix))
    kept = error > 0
    if not kept.any():
        return float("nan")
    correlation = matrix[np.ix_(kept, kept)] / np.outer(error[kept], error[kept])
    value, vector = np.linalg.eigh(correlation)
    # Rounding may turn vectors of equal values, and the sign of any: this root is the same.
    root = vector * np.sqrt(np.clip(value, 0.0, None)) @ vector.T
    largest = np.abs(normal[:, : len(value)] @ root).max(axis=1)
    return float(max(np.quantile(largest, level), ndtri(0.5 + level / 2)))


#: Normal draws behind a band; they move its critical value by about 0.01 from seed to seed.
BAND_DRAWS = 20_000


def critical_values(
    matrix: FloatArray, rows: Sequence[str], is_base: BoolArray, *, level: float, seed: int
) -> dict[str, float]:
    """Return the critical value of each row's band over its levels with a standard error.

    Parameters
    ----------
    matrix
        Covariance of rows times L levels, row after row.
    rows
        What the rows are called.
    is_base
        Which levels are the base, and in no band, shape (L,).
    level
        Joint coverage.
    seed
        Seed of the draws, which are the same for every row.
    """
    size, critical = len(is_base), {}
    normal = np.random.default_rng(seed).standard_normal((BAND_DRAWS, size))
    for k, name in enumerate(rows):
        columns = k * size + np.flatnonzero(~is_base)
        columns = columns[np.isfinite(matrix.diagonal()[columns])]
        critical[name] = sup_t(matrix[np.ix_(columns, columns)], normal, level=level)
    return critical
