"""Which estimates are hidden: small cells, dominance, and what would give them away.

A mean of forty persons, of whom one has an amount, times forty is that person's amount. A mean is
therefore shown only if nobody contributes to it, or if at least `options(min_cell=)` persons do and
none of them more than half: the minimum frequency rule and the dominance rule, (n, k) with n = 1
and k = 50 per cent.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, Wiley, section 4.2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.display.locale import current
from mih_impact.display.result import DOMINANT, are_many, is_small, persons_behind, with_complement
from mih_impact.panel.contract import CONTRACT

__all__ = [
    "Behind",
    "Hidden",
    "Part",
    "Sums",
    "averaged",
    "by_rows",
    "contributions",
    "contributions_of",
    "contributors",
    "hidden_cells",
    "is_thin",
    "of_side",
    "pools",
    "thin_when_pooled",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SIDES = ("participants", "controls")
_COLUMNS = [
    f"{name}_{side}{when}"
    for name in ("giving", "largest", "total")
    for side in _SIDES
    for when in ("", "_before")
]

#: Amounts that are looked at together, lest everybody's stand in memory once more.
_AMOUNTS = 50_000


def contributions(
    weight: Sequence[FloatArray],
    value: Sequence[FloatArray],
    person: Sequence[IntArray],
    change: Sequence[FloatArray] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Return who contributes to the means of participants and of controls.

    Parameters
    ----------
    weight, value
        Of either side, shape (rows, cells): the weight of each row in the mean, and its amount.
    person
        Whose row it is, shape (rows,).
    change
        Change of the amounts from what they were in the base, of the same shape as these.

    Returns
    -------
    dict
        For each side, shape (cells,): `persons_`, who have a weight; `giving_`, persons with an
        amount, or of an outcome that is 0 or 1 the fewer of those who have it and those who have
        not; `largest_`, the largest amount of a person; and `total_`, the sum of all amounts,
        without their signs. Where changes are given, the same of the base with `_before`, and of
        the changes with `_change`.
    """
    found: dict[str, FloatArray] = {}
    for k, side in enumerate(_SIDES):
        own = None if change is None else change[k]
        found |= contributions_of(side, weight[k], value[k], person[k], own)
    return found


def contributions_of(
    side: str,
    weight: FloatArray,
    value: FloatArray,
    person: IntArray,
    change: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Return who contributes on one side, "participants" or "controls"; see `contributions`."""
    parts = partial(_by_person, person, weight, value)
    if change is None:
        return of_side(side, by_rows(parts()))
    return of_side(side, by_rows(parts(change)), lambda cells: by_rows(parts(change, cells)))


#: Rows: what each weighs, one or two amounts, and whose they are where a person has several.
Part = tuple[FloatArray, list[FloatArray], csr_array | None]


class Behind(NamedTuple):
    """Some persons behind means.

    Attributes
    ----------
    there
        Who is in each mean, shape (persons, cells).
    amounts
        What each adds to each, without sign; one or two arrays of that shape.
    binary
        Of each of these whether all values are 0 or 1, shape (cells,).
    """

    there: BoolArray
    amounts: list[FloatArray]
    binary: list[BoolArray]


def of_side(
    side: str,
    parts: Iterable[Behind],
    changes: Callable[[IntArray], Iterable[Behind]] | None = None,
    others: Sums | None = None,
) -> dict[str, FloatArray]:
    """Return who contributes on one side; see `contributions`.

    Parameters
    ----------
    side
        "participants" or "controls".
    parts
        Some persons at a time, with their amounts and, where changes are given, those of the base.
    changes
        Gives all persons with their changes in some cells: those whose base tells too little.
    others
        Persons that are not among the parts, already summed.
    """
    persons, many = _summed(parts, others).told()
    if changes is not None:
        many = np.concatenate([many, many[1:]])
        unsure = np.flatnonzero(~_tells_enough(persons, many[1]))
        if len(unsure):
            many[2][:, unsure] = _summed(changes(unsure)).told()[1][0]
    found = {f"persons_{side}": persons}
    for when, (giving, largest, total) in zip(("", "_before", "_change"), many, strict=False):
        found[f"giving_{side}{when}"] = giving
        found[f"largest_{side}{when}"] = largest
        found[f"total_{side}{when}"] = total
    return found


def _tells_enough(persons: FloatArray, before: FloatArray) -> BoolArray:
    """Return in which cells who has an amount in the base says enough, (cells,)."""
    giving, largest, total = before
    return np.asarray(are_many(giving) & (largest < DOMINANT * total) | (persons == 0))


def _by_person(
    person: IntArray,
    weight: FloatArray,
    value: FloatArray,
    change: FloatArray | None = None,
    cells: IntArray | None = None,
) -> Iterator[Part]:
    """Give the rows of some persons at a time: with amounts, with the base's, or with changes.

    Who has one row comes first, and all rows of another together.
    """
    many = max(1, _AMOUNTS // max(weight.shape[1], 1))

    def part(rows: IntArray, own: csr_array | None = None) -> Part:
        if cells is not None:
            assert change is not None
            at = rows[:, None], cells
            return weight[at], [change[at]], own
        amounts = [value.take(rows, axis=0)]
        if change is not None:
            amounts.append(amounts[0] - change.take(rows, axis=0))
        return weight.take(rows, axis=0), amounts, own

    if (person[1:] > person[:-1]).all():  # everybody has one, in order
        for k in range(0, max(len(person), 1), many):
            yield part(np.arange(k, min(k + many, len(person))))
        return
    order = np.argsort(person, kind="stable")
    first = np.flatnonzero(np.diff(person[order], prepend=-1))
    size = np.diff(first, append=len(order))
    several = np.repeat(size > 1, size)
    alone = np.sort(order[~several])
    for k in range(0, max(len(alone), 1), many):
        yield part(alone[k : k + many])
    order, ends = order[several], np.cumsum(size[size > 1])
    for k in range(0, len(ends), many):
        bounds = np.concatenate([ends[k - 1 : k] if k else [0], ends[k : k + many]])
        own = np.ones(bounds[-1] - bounds[0]), np.arange(bounds[-1] - bounds[0]), bounds - bounds[0]
        yield part(order[bounds[0] : bounds[-1]], csr_array(own))


def by_rows(parts: Iterable[Part]) -> Iterator[Behind]:
    """Give who is behind means by rows, some persons at a time, of whom one may have several."""
    binary: list[BoolArray] = []
    for weight, amounts, own in parts:
        if not binary:
            binary = [np.ones(weight.shape[1], dtype=bool) for _ in amounts]
        counts, added = weight > 0, []
        for y, of in zip(amounts, binary, strict=True):
            if of.any():
                at = np.flatnonzero(of)
                given = np.where(counts[:, at], y[:, at], 0.0)
                of[at] = ((given == 0) | (given == 1)).all(axis=0)
            amount = weight * y
            if np.isnan(amount).any():  # what is not seen weighs nothing
                amount[~counts] = 0.0
            np.abs(amount, out=amount)
            added.append(amount if own is None else own @ amount)
        yield Behind(counts if own is None else own @ counts.astype(np.float64) > 0, added, binary)


class Sums(NamedTuple):
    """Who is behind means, added up.

    Attributes
    ----------
    persons
        How many there are, shape (cells,).
    found
        Of each amount who has it, the largest and the sum, shape (amounts, 3, cells).
    binary
        Whether all values are 0 or 1, shape (amounts, cells).
    """

    persons: FloatArray
    found: FloatArray
    binary: BoolArray

    @classmethod
    def none(cls, amounts: int, cells: int) -> Sums:
        """Return the sums over nobody."""
        everything = np.ones((amounts, cells), dtype=bool)
        return cls(np.zeros(cells), np.zeros((amounts, 3, cells)), everything)

    def add(self, part: Behind) -> None:
        """Add some persons."""
        np.add(self.persons, _how_many(part.there), out=self.persons)
        rows = zip(part.amounts, part.binary, self.binary, self.found, strict=True)
        for amount, of, binary, (giving, largest, total) in rows:
            binary &= of
            giving += _how_many(amount > 0)
            np.maximum(largest, _largest(amount), out=largest)
            total += np.ones(len(amount)) @ amount

    def told(self) -> tuple[FloatArray, FloatArray]:
        """Return how many there are, and what is found, with the fewer of who has a share."""
        found, giving = self.found.copy(), self.found[:, 0]
        without = self.persons - giving
        fewer = np.where((giving > 0) & (without > 0), np.minimum(giving, without), giving)
        found[:, 0] = np.where(self.binary, fewer, giving)
        return self.persons, found


def _summed(parts: Iterable[Behind], sums: Sums | None = None) -> Sums:
    """Add up who is behind means, to those who are already added up."""
    for part in parts:
        if sums is None:
            sums = Sums.none(len(part.amounts), part.there.shape[1])
        sums.add(part)
    assert sums is not None
    return sums


def _how_many(true: BoolArray) -> FloatArray:
    """Return how many are true in each column: a product, which is faster than any sum of bools.

    Four bytes hold whole numbers to 16 million, and rows come by the thousand.
    """
    return np.asarray(np.ones(len(true), dtype=np.float32) @ true.astype(np.float32))


def _largest(amount: FloatArray) -> FloatArray:
    """Return the largest of each column; of few columns many rows are laid side by side first."""
    beside = max(1, 64 // max(amount.shape[1], 1)) if amount.flags.c_contiguous else 1
    even = len(amount) // beside * beside
    wide = amount[:even].reshape(-1, beside * amount.shape[1]).max(axis=0, initial=0.0)
    rest = np.concatenate([wide.reshape(beside, -1), amount[even:]])
    return np.asarray(rest.max(axis=0, initial=0.0))


def averaged(
    cells: pd.DataFrame, weight: FloatArray, apart: Sequence[str] = ("participants",)
) -> pd.DataFrame:
    """Return who contributes to averages of means, as far as is known.

    Parameters
    ----------
    cells
        Who contributes to the means, in the order of the last three axes of `weight`.
    weight
        What each mean weighs in each average, shape (K, L, G, T): those of another of the K are in
        none, and the same persons may stand behind all T.
    apart
        The sides on which other persons stand behind each of the G; on the other they may be the
        same, and at least as many give as to the mean that most give to.
    """
    K, _, G, T = weight.shape
    found = {}
    for name in map(str, cells.columns):
        value = cells[name].to_numpy().reshape(K, 1, G, T)
        of_other = any(f"_{side}" in name for side in apart)
        if name.startswith(("persons", "giving")):
            most = np.where(weight > 0, value, 0.0).max(axis=3)
            found[name] = (most.sum(axis=2) if of_other else most.max(axis=2)).ravel()
        else:
            part = (weight * value).sum(axis=3)
            largest = of_other and name.startswith("largest")
            found[name] = (part.max(axis=2) if largest else part.sum(axis=2)).ravel()
    return pd.DataFrame(found)


#: Who contributes to means, by the name of what is counted.
Table = pd.DataFrame | Mapping[str, FloatArray]


def contributors(table: Table) -> FloatArray:
    """Return on how many persons' amounts each effect rests, (rows,).

    One, where a person has more than half; 0, where nobody has any. An effect is a change from the
    base: where the base rests on too few, the changes must rest on enough.
    """
    found = np.full(len(table["giving_participants"]), np.inf)
    for side in _SIDES:
        behind = [_behind(table, side)]
        if f"giving_{side}_before" in table:
            before = _behind(table, f"{side}_before")
            change = _behind(table, f"{side}_change") if f"giving_{side}_change" in table else 0.0
            behind.append(np.where(before > 0, np.maximum(before, change), 0.0))
        for each in behind:
            found = np.where(each > 0, np.minimum(found, each), found)
    return np.where(np.isinf(found), 0.0, found)


def _behind(table: Table, of: str) -> FloatArray:
    """Return on how many persons' amounts the means of a side, or its base or changes, rest."""
    return persons_behind(*(table[f"{n}_{of}"] for n in ("giving", "largest", "total")))


def is_thin(table: Table) -> BoolArray:
    """Return which effects rest on too few persons with an amount, or on one above all, (rows,)."""
    return is_small(contributors(table))


def thin_when_pooled(parts: Sequence[Table]) -> BoolArray:
    """Return which sums of outcomes would still be thin, (rows,), as far as is known.

    The same person may have an amount of each: as many give as to the part that most give to, and
    the largest amount of a person is at most the sum of the largest. Changes can cancel in a sum.
    """
    pooled: dict[str, FloatArray] = {}
    for name in (name for name in _COLUMNS if name in parts[0]):
        values = np.array([part[name] for part in parts])
        pooled[name] = values.max(axis=0) if name.startswith("giving") else values.sum(axis=0)
    return is_small(contributors(pooled))


class Hidden(NamedTuple):
    """What is hidden of each row of a tidy table, each of shape (rows,).

    Attributes
    ----------
    estimates, means, counts, lost
        The estimate with its errors; the means; how many are compared; how many are lost.
    """

    estimates: BoolArray
    means: BoolArray
    counts: BoolArray
    lost: BoolArray


def hidden_cells(
    frame: pd.DataFrame,
    in_overall: tuple[int, ...] = (),
    contributions: pd.DataFrame | None = None,
) -> Hidden:
    """Return what is hidden of each row.

    Parameters
    ----------
    frame
        The tidy table of an effect series, all subgroups one after the other, all together first.
    in_overall
        The levels that an overall average is made of, where there is one.
    contributions
        Who contributes to the means of every row, where that is known.

    Notes
    -----
    A cell is small by `options(min_cell=)` participants, compared or not, or controls. The effect
    on all is nearly the participants' mean over subgroups, which differ from it only by having
    controls of their own, so that one hidden subgroup is about what the others leave. Where all
    together are shown, further subgroups are therefore hidden; see `with_complement`. So are
    further levels among those of an overall average.

    A mean that rests on the amounts of too few (see `contributions`) is hidden with its estimate,
    which with the other means would give it away. Where the base year's is such a mean, all means
    of the outcome are hidden, and the estimates, which are changes from it, are shown where enough
    others have an amount by then.

    Means of participants add up, where estimates do not, whose controls differ: what subgroups
    leave of all is those who are compared in all and not in their subgroup, or the other way. If
    these are few, the means of another subgroup are hidden with theirs.

    How many are compared in two years differs by the size of a start year that only one of them
    has: counts less than `min_cell` apart are not all shown.
    """
    if contributions is None and "giving_participants" in frame:
        contributions = frame
    parts = max(frame["subgroup"].nunique(), 1)
    persons, controls, lost = (
        frame[name].to_numpy(dtype=np.float64).reshape(parts, -1)
        for name in ("n_participants", "n_controls", "n_lost")
    )
    size = np.concatenate([persons[:1], persons[1:] + lost[1:]])
    small = is_small(size) | is_small(persons) | is_small(controls)
    hidden = _beside_all(small, size, (persons == 0) & (size > 0))
    few_lost = _beside_all(is_small(lost), lost, np.zeros_like(small))
    few_lost[1:] |= hidden[1:]
    if in_overall:
        within = frame["level"].isin(in_overall).to_numpy()
        outcome, behind = frame["outcome"].to_numpy(), persons.ravel()
        if contributions is not None:
            hidden |= is_thin(contributions).reshape(hidden.shape)
            behind = np.minimum(behind, contributions["giving_participants"].to_numpy())
        hidden = _beside_overall(hidden.ravel(), behind, outcome, within)
        few_lost = _beside_overall(few_lost.ravel(), lost.ravel(), outcome, within)
    small, few = hidden.ravel(), few_lost.ravel()
    near, apart = _near_counts(frame), _beside_lost(hidden.reshape(parts, -1), persons, lost)
    if contributions is None:
        return Hidden(small, small | apart, small | near, few | near)
    amounts = {str(name): values.to_numpy() for name, values in contributions.items()}
    thin = _thin(frame, amounts, parts)
    base = frame["std_error"].isna().to_numpy() & (frame["estimate"] == 0).to_numpy()
    means = small | apart | thin | _of_outcomes(frame, (thin & base) | _base_is_thin(amounts))
    return Hidden(small | (thin & ~base), means, small | near, few | near)


def pools(frame: pd.DataFrame, contributions: Table) -> dict[str, tuple[str, ...]]:
    """Return the benefits that are told apart only in sum, by the name of each.

    A benefit whose amounts are too few persons' in some year is one with the next of the same payer
    and tax, the smallest first, until their sum is not; one for which there is none is alone.

    Parameters
    ----------
    frame, contributions
        Of all participants, as in `hidden_cells`.
    """
    return _pools(frame["outcome"].to_numpy(), contributions, is_thin(contributions))


def _pools(
    outcome: NDArray[np.object_], contributions: Table, thin: BoolArray
) -> dict[str, tuple[str, ...]]:
    """Return the benefits that are told apart only in sum, given which are thin."""
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(outcome[thin].tolist()):
        if name not in found:
            members = _pool(str(name), outcome, contributions)
            members = tuple(dict.fromkeys(one for m in members for one in found.get(m, (m,))))
            found |= dict.fromkeys(members, members)
    return found


def _pool(name: str, outcome: NDArray[np.object_], contributions: Table) -> tuple[str, ...]:
    """Return the smallest set of benefits with a name in it whose sum is not thin."""
    scheme = CONTRACT[name].scheme if name in CONTRACT else None
    if scheme is None:
        return (name,)
    same = [
        own
        for own in map(str, dict.fromkeys(outcome.tolist()))
        if own != name and own in CONTRACT and CONTRACT[own].scheme == scheme
    ]
    parts = {own: _some(contributions, outcome == own) for own in (name, *same)}
    same.sort(key=lambda own: float(parts[own]["total_participants"].sum()))
    for more in range(1, len(same) + 1):
        for chosen in combinations(same, more):
            if not thin_when_pooled([parts[name], *(parts[own] for own in chosen)]).any():
                return (name, *chosen)
    return (name, *same)


def _some(table: Table, rows: BoolArray) -> dict[str, FloatArray]:
    """Return some rows of who contributes."""
    return {name: np.asarray(table[name])[rows] for name in _COLUMNS if name in table}


def _thin(frame: pd.DataFrame, contributions: Table, parts: int) -> BoolArray:
    """Return the rows with thin means, and those that with a total would give them away."""
    thin = is_thin(contributions)
    if parts == 1:
        return _with_pools(frame, contributions, thin)
    giving = np.asarray(contributions["giving_participants"]).reshape(parts, -1)
    own = thin.reshape(parts, -1)
    everybody = np.arange(len(thin)) < own.shape[1]
    first = _with_pools(frame.iloc[: own.shape[1]], _some(contributions, everybody), own[0])
    beside = np.where(first, own[1:], with_complement(own[1:], giving[1:]))
    return np.concatenate([first[None], beside]).ravel()


def _with_pools(frame: pd.DataFrame, contributions: Table, thin: BoolArray) -> BoolArray:
    """Hide beside a thin benefit the others of its pool in the same year."""
    out = thin.copy()
    outcome, level = frame["outcome"].to_numpy(), frame["level"].to_numpy()
    for name, members in _pools(outcome, contributions, thin).items():
        years = level[thin & (outcome == name)]
        out |= np.isin(outcome, members) & np.isin(level, years)
    return out


def _base_is_thin(contributions: Table) -> BoolArray:
    """Return of which rows the base rests on too few persons' amounts."""
    sides = [f"{side}_before" for side in _SIDES if f"giving_{side}_before" in contributions]
    behind = [is_small(_behind(contributions, side)) for side in sides]
    nobody = np.zeros(len(contributions["giving_participants"]), dtype=bool)
    return np.asarray(np.any([nobody, *behind], axis=0))


def _of_outcomes(frame: pd.DataFrame, marked: BoolArray) -> BoolArray:
    """Return all rows of the outcome and subgroup of marked ones."""
    keys = list(zip(frame["subgroup"].tolist(), frame["outcome"].tolist(), strict=True))
    those = {keys[k] for k in np.flatnonzero(marked).tolist()}
    return np.array([key in those for key in keys], dtype=bool)


def _near_counts(frame: pd.DataFrame) -> BoolArray:
    """Return counts that differ from a larger one that is shown by fewer than `min_cell`."""
    least = current().min_cell
    out = np.zeros(len(frame), dtype=bool)
    if not frame["term"].isin(["event", "calendar"]).all():  # start years hold different persons
        return out
    n = frame["n_participants"].to_numpy(dtype=np.float64)
    for _, rows in frame.groupby(["subgroup"], sort=False).indices.items():
        shown: list[float] = []
        for count in sorted(set(n[rows][np.isfinite(n[rows])].tolist()), reverse=True):
            if count and shown and 0 < shown[-1] - count < least:
                out[rows[n[rows] == count]] = True
            elif count:
                shown.append(count)
    return out


def _beside_all(hidden: BoolArray, size: FloatArray, empty: BoolArray) -> BoolArray:
    """Hide subgroups beside all together, where these are shown; shape (all and parts, cells).

    Whoever has no estimate (`empty`) shows none anyhow, and is hidden before others are.
    """
    first = hidden[1:] | (empty[1:] & hidden[1:].any(axis=0))
    parts = np.where(hidden[0], hidden[1:], with_complement(first, size[1:]))
    return np.concatenate([hidden[:1], parts])


def _beside_lost(hidden: BoolArray, persons: FloatArray, lost: FloatArray) -> BoolArray:
    """Hide subgroups beside those who are in all or in their subgroup only; shape (rows,)."""
    out = np.zeros_like(hidden)
    if len(hidden) > 1:
        apart = np.abs(persons[0] - persons[1:].sum(axis=0))
        apart = np.maximum(apart, lost[1:].sum(axis=0) - lost[0])
        needed = is_small(apart) | hidden[1:].any(axis=0)
        first = np.vstack([hidden[1:], needed & (apart > 0)])
        beside = with_complement(first, np.vstack([persons[1:], apart]))[:-1]
        out[1:] = beside & ~hidden[0]
    return np.asarray(out.ravel())


def _beside_overall(
    hidden: BoolArray, size: FloatArray, outcome: NDArray[np.object_], averaged: BoolArray
) -> BoolArray:
    """Hide levels beside their overall average, an outcome at a time; shape (rows,)."""
    out = hidden.copy()
    for name in set(outcome[averaged].tolist()):
        rows = (outcome == name) & averaged
        out[rows] = with_complement(hidden[rows], size[rows])
    return out
