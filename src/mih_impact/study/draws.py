"""Draws of persons: how often each is in, the same however many workers draw them.

`rematched` does everything from the drawn persons on once more: risk sets, score, matches, effects.
`Rematched` gives the same numbers in a fifth of the time: risk sets are built once and their rows
taken again, everybody's changes are read once, and the score starts from the one that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import Sets, distinct, sums_by
from mih_impact.controls.design import one_thread
from mih_impact.controls.drawn import Cells, DrawnRiskSet, NearestOfDraws
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.matching import as_sets, lots, matched, matched_in
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score
from mih_impact.controls.refit import Rescored
from mih_impact.display.locale import Label, progress_bar
from mih_impact.effects.adjustment import Adjustment
from mih_impact.effects.comparison import mean_weights
from mih_impact.effects.question import TargetEffects
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError, SupportError
from mih_impact.panel.cube import Cube

__all__ = [
    "Draws",
    "Rematched",
    "Urns",
    "at_once",
    "drawn_cube",
    "one_by_one",
    "padded",
    "patterns",
    "rematched",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Floats = NDArray[np.float64] | NDArray[np.float32]
IntArray = NDArray[np.int64]

_BAR = Label(nb="trekker utvalg på nytt", en="resampling")
#: A larger share of draws without estimates is no distribution of the estimates.
MOST_FAILED = 0.05
#: Draws that are estimated at once, so that rows are read from memory once for all of them: no
#: fewer and no more than this, and about as many as make so many rows.
FEWEST, MOST, ROWS = 4, 32, 2**22
#: Draws whose nearest are looked for at once: few calls, and what a processor's cache still holds.
FEW = 8


@dataclass(frozen=True, eq=False)
class Urns:
    """What is drawn, with replacement, as many as there are.

    Attributes
    ----------
    unit
        The unit each person goes with, shape (n_persons,): itself, or its cluster; -1 for persons
        who are never drawn.
    urn
        The urn of each unit, shape (n_units,); units of one urn take each other's place.
    """

    unit: IntArray
    urn: IntArray

    def counts(self, rng: np.random.Generator) -> IntArray:
        """Return how often each person is drawn, shape (n_persons,).

        A unit that is drawn twice counts twice: with a cluster all of its persons do.
        """
        drawn = np.zeros(len(self.urn), dtype=np.int64)
        for units in self._urns:
            picked = rng.integers(0, len(units), len(units))
            drawn[units] = np.bincount(picked, minlength=len(units))
        return np.where(self.unit >= 0, drawn[self.unit], 0)

    @cached_property
    def _urns(self) -> list[IntArray]:
        """The units of each urn, urns ascending."""
        return [np.flatnonzero(self.urn == u) for u in np.unique(self.urn).tolist()]


@dataclass(frozen=True, eq=False)
class Draws:
    """Estimates on every draw of persons.

    Attributes
    ----------
    estimates
        Shape (draws that could be estimated, C).
    failed
        How many could not.
    """

    estimates: FloatArray
    failed: int

    @classmethod
    def of(
        cls,
        estimate: Callable[[IntArray], Sequence[FloatArray | SupportError]],
        urns: Urns,
        *,
        draws: int,
        seed: int,
        workers: int,
        together: int = 1,
        wanted: BoolArray | None = None,
    ) -> Draws:
        """Estimate on draws of persons.

        Parameters
        ----------
        estimate
            Estimates on some draws, each of shape (C,), or why there are none, given how often each
            person counts, shape (B, n_persons).
        urns
            What is drawn.
        draws, seed
            Number of draws, each with a generator of its own spawned from the seed.
        workers
            Threads; they change no number.
        together
            How many draws `estimate` is given at a time.
        wanted
            Which estimates a draw must have, shape (C,); None asks for none.

        Raises
        ------
        EffectsError
            More than 5 % of the draws have no estimate; the first reason is given.
        """
        seeds = np.random.SeedSequence(seed).spawn(draws)

        def some(children: Sequence[np.random.SeedSequence]) -> list[FloatArray | SupportError]:
            counts = [urns.counts(np.random.default_rng(child)) for child in children]
            return [_whole(found, wanted) for found in estimate(np.stack(counts))]

        parts = [seeds[k : k + together] for k in range(0, draws, together)]
        with one_thread():
            found = _with_bar(some, parts, workers)
        errors = [one for one in found if isinstance(one, SupportError)]
        if len(errors) > MOST_FAILED * draws:
            raise EffectsError(
                "Too many draws of persons have no estimate",
                found=f"{len(errors)} of {draws}; the first: {errors[0].what}",
                do="choose controls on fewer columns, shorten window=, or take blocks='start_year'",
            )
        return cls(
            np.stack([one for one in found if not isinstance(one, SupportError)]), len(errors)
        )


def _whole(found: FloatArray | SupportError, wanted: BoolArray | None) -> FloatArray | SupportError:
    """Return the estimates of a draw, or why it has none: one that is wanted is missing."""
    if isinstance(found, SupportError):
        return found
    missing = np.isnan(found[[] if wanted is None else wanted])
    if not missing.any():
        return found
    return SupportError(
        "Nobody is compared in some year",
        found=f"{int(missing.sum())} of {len(missing)} estimates on a draw",
    )


def _with_bar(
    some: Callable[[Sequence[np.random.SeedSequence]], list[FloatArray | SupportError]],
    parts: Sequence[Sequence[np.random.SeedSequence]],
    workers: int,
) -> list[FloatArray | SupportError]:
    """Call for some seeds after the other, in order, with a progress bar where one is wanted."""
    with progress_bar(_BAR, total=sum(map(len, parts))) as bar:
        found: list[FloatArray | SupportError] = []
        with ThreadPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
            for results in map(some, parts) if pool is None else pool.map(some, parts):
                found += results
                bar.update(len(results))
        return found


def one_by_one(estimate: Callable[[Any], Any]) -> Callable[[Iterable[Any]], list[Any]]:
    """Return what estimates on some draws, from what does on one and raises where it cannot."""

    def found(draw: Any) -> Any:
        try:
            return estimate(draw)
        except SupportError as error:
            return error

    return lambda several: [found(draw) for draw in several]


def at_once(rows: int) -> int:
    """Return how many draws of so many rows are estimated at once.

    Examples
    --------
    >>> at_once(100_000), at_once(500_000), at_once(100_000_000)
    (32, 8, 4)
    """
    return min(max(ROWS // max(rows, 1), FEWEST), MOST)


def padded(counts: IntArray, together: int) -> IntArray:
    """Return draws, a row each, and the first of them again until they are as many as always.

    Products of matrices of one shape round alike: a draw's numbers are the same to the last bit
    whoever is drawn with it.
    """
    return np.concatenate([counts, np.repeat(counts[:1], max(together - len(counts), 0), axis=0)])


def patterns(seen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the different rows, as ones and zeros, and which of them each row is.

    Parameters
    ----------
    seen
        Shape (rows, persons).

    Returns
    -------
    tuple
        Shape (patterns, persons), and shape (rows,).

    Examples
    --------
    >>> seen = np.array([[True, False], [True, True], [True, False]])
    >>> patterns(seen)[1]
    array([0, 1, 0])
    """
    number: dict[bytes, int] = {}
    pattern = [number.setdefault(row.tobytes(), len(number)) for row in seen]
    first = [pattern.index(k) for k in range(len(number))]
    return seen[first].astype(np.float64), np.array(pattern, dtype=np.int64)


_BY_PERSON = ("person_id", "start", "eligible", "state", "row")
_BY_COLUMN = ("ore", "null", "code", "number", "fixed")


def drawn_cube(cube: Cube, counts: IntArray) -> Cube:
    """Return the cube with each person in it as often as `counts` says, duplicates side by side."""
    who = np.repeat(np.arange(cube.n_persons), counts)
    arrays: dict[str, Any] = {name: getattr(cube, name)[who] for name in _BY_PERSON}
    for name in _BY_COLUMN:
        arrays[name] = {column: values[who] for column, values in getattr(cube, name).items()}
    if cube.others is not None:
        arrays["others"] = cube.others[who]
    return replace(cube, **arrays)


def rematched(
    group: ControlGroup, target: TargetEffects, adjust: bool, counts: IntArray
) -> FloatArray:
    """Return the effects when the drawn persons are matched again, shape (KE,).

    Raises
    ------
    SupportError
        No controls can be chosen on this draw.
    """
    chosen = matched(drawn_cube(group.risk.cube, counts), _options(group))
    _require_anybody(chosen.sets)
    again = replace(
        group, risk=chosen.risk, sets=chosen.sets, score=chosen.score, whitened=chosen.whitened
    )
    adjustment = Adjustment() if adjust else None
    rows = RowOutcomes.of(again, target, "person", adjustment=adjustment)
    return rows.compared().estimate


@dataclass(frozen=True, eq=False)
class Rematched:
    """A matched control group of a panel by year, ready to be matched again on draws of persons.

    Attributes
    ----------
    group, target, options
        Whom, what and how.
    cells
        Start year and exact cell of the rows of the risk sets, m of them.
    score
        The score, where the method has one.
    nearest
        The nearest on its line, where all who are as near are taken.
    lot
        The order among equals, as `lots` returns it.
    seen
        The patterns there are of who is seen, shape (patterns, m).
    pattern
        Which of these a column of changes has, shape (KE,).
    values
        Everybody's changes in the columns of each pattern, 0 where not seen, each of m rows.
    among
        Of whom the effects speak, shape (m,).
    """

    group: ControlGroup
    target: TargetEffects
    options: MatchOptions
    cells: Cells
    score: Rescored | None
    nearest: NearestOfDraws | None
    lot: FloatArray
    seen: BoolArray
    pattern: IntArray
    values: tuple[FloatArray, ...]
    among: BoolArray

    @property
    def together(self) -> int:
        """How many draws are estimated at once."""
        return at_once(len(self.among))

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> Rematched:
        """Read the changes of everybody in the risk sets."""
        risk, options = group.risk, _options(group)
        cells, score, nearest = Cells.of(risk), None, None
        if group.score is not None:
            pooled = options.score == "pooled"
            score = Rescored.of(risk, risk.design, group.score, pooled=pooled)
            if _in_line(options):
                nearest = NearestOfDraws(cells, score.point, options.ratio)
        changes = target.levels_and_changes(group, np.arange(len(risk.person)))[1]
        known = np.isfinite(changes)
        seen, pattern = patterns(known.T)
        np.copyto(changes, 0.0, where=~known)
        return cls(
            group=group,
            target=target,
            options=options,
            cells=cells,
            score=score,
            nearest=nearest,
            lot=lots(risk, options),
            seen=seen > 0,
            pattern=pattern,
            values=tuple(changes.compress(pattern == p, axis=1) for p in range(len(seen))),
            among=target.included_rows(group),
        )

    def estimate(self, counts: IntArray) -> list[FloatArray | SupportError]:
        """Return the effects on some draws, shape (KE,), or why there are none.

        Persons drawn as often as `counts` says, shape (B, persons), are matched again.
        """
        as_many = self.together if self.score is not None else len(counts)
        drawn = padded(counts, as_many).astype(np.float32)
        count = drawn.take(self.group.risk.person, axis=1)
        both = one_by_one(self.cells.require_both)(count)
        failed = {b: why for b, why in enumerate(both) if why is not None}
        unscored: dict[int, SupportError] = dict(failed)
        coefs: list[FloatArray] = []
        together: Floats = count
        if self.score is not None:
            together = self.score.together(count)
            coefs = self.score.fit(count, unscored, together)

        def alone(b: int) -> FloatArray:
            if b in failed:
                raise failed[b]
            if b in unscored:  # a value nobody drawn has, which risk sets made anew leave out
                return rematched(self.group, self.target, False, counts[b])
            own = [of[b : b + 1] for of in coefs]
            return self._chosen(counts[b], count[b].astype(np.int64), own)

        draws = range(len(counts))
        rest = [b for b in draws if self.nearest is None or b in unscored]
        found = dict(zip(rest, one_by_one(alone)(rest), strict=True))
        scored = [b for b in draws if b not in found]
        for some in (scored[k : k + FEW] for k in range(0, len(scored), FEW)):
            as_always = (some + some[:1] * FEW)[:FEW]  # see `padded`
            effects = self._nearest(count[some], together[some], [of[as_always] for of in coefs])
            found |= zip(some, effects, strict=True)
        return [found[b] for b in draws]

    def _nearest(
        self, count: Floats, together: Floats, coefs: Sequence[FloatArray]
    ) -> list[FloatArray | SupportError]:
        """Return the effects of some draws that are matched on the line of the score.

        Whom nobody is near is no matter here: no risk set of the draws is made.
        """
        assert self.score is not None
        assert self.nearest is not None
        near = []
        for own, often, index in zip(count, together, self.score.at_points(coefs), strict=False):
            near.append(self.nearest.look(own, index, self._limit(often, index)))
        return self._effects(as_sets(*self.nearest.of(near)), len(near))

    def _limit(self, count: Floats, index: FloatArray) -> float:
        """Return the greatest distance allowed where points count so often, and stand there."""
        if self.options.caliper is None:
            return float("inf")
        often = count.astype(np.float64)
        apart = index - often.dot(index) / often.sum()
        spread = often.dot(apart * apart) / (often.sum() - 1.0)
        return self.options.caliper * float(np.sqrt(spread))

    def _chosen(self, counts: IntArray, count: IntArray, coefs: Sequence[FloatArray]) -> FloatArray:
        """Return the effects of a draw whose controls are chosen among its risk sets."""
        index = None
        if self.score is not None:
            index = self.score.index(coefs, slice(0, len(count)))[0]
        drawn = DrawnRiskSet.of(self.group.risk, self.cells.cell, counts, count)
        lot = self.lot[drawn.row] if len(self.lot) else self.lot
        chosen = matched_in(drawn.risk, self.options, lambda: _score(index, drawn), lot)
        sets = chosen.sets
        row = drawn.row[sets.participant], drawn.row[sets.control]
        (found,) = self._effects(replace(sets, participant=row[0], control=row[1]), 1)
        if isinstance(found, SupportError):
            raise found
        return found

    def _effects(self, sets: Sets, draws: int) -> list[FloatArray | SupportError]:
        """Return the mean contrast of participants and their sets on each draw.

        In rows of everybody's, those of draw b numbered from b m on. It is first found what each
        row weighs, so that its changes are read once.
        """
        m, by_start_year = len(self.among), self.target.composition == "cohort_weighted"
        control, participant = sets.control % m, sets.participant % m
        bounds = np.arange(draws + 1) * m
        starts = np.searchsorted(sets.participant, bounds).tolist()
        ends = np.searchsorted(sets.control - control, bounds).tolist()
        begin = np.flatnonzero(np.diff(sets.member, prepend=-1))
        seen = self.seen.take(control, axis=1) * sets.weight
        weight = np.add.reduceat(seen, begin, axis=1).T if len(begin) else seen.T
        everyone = self.among[participant]
        valid = self.seen.take(participant, axis=1).T & (weight > 0)[sets.set_of]
        valid &= everyone[:, None]
        stratum = self.group.risk.start_year[participant] * by_start_year
        inverse = 1.0 / np.where(weight > 0, weight, 1.0)

        def effects(b: int) -> FloatArray:
            mine, theirs = slice(*starts[b : b + 2]), slice(*ends[b : b + 2])
            if not len(participant[mine]):
                raise SupportError("No participant has a control", found="one draw of persons")
            first, last = sets.member[theirs][[0, -1]].tolist()
            own = mean_weights(valid[mine], everyone[mine], stratum[mine])
            shared = sums_by(sets.set_of[mine] - first, own, last + 1 - first)
            shared *= inverse[first : last + 1]
            rows = distinct(control[theirs])
            place = np.empty(int(rows[-1]) + 1, dtype=np.int64)
            place[rows] = np.arange(len(rows))
            place, member = place[control[theirs]], sets.member[theirs] - first
            both = np.concatenate([rows, participant[mine]])
            estimate = np.empty(len(self.pattern))
            for p, values in enumerate(self.values):
                loads = np.bincount(place, weights=shared[:, p].take(member) * sets.weight[theirs])
                weighs = np.concatenate([-loads, own[:, p]])
                some = np.flatnonzero(weighs != 0.0)
                # Unlike @, dot lets the threads of other draws run.
                estimate[self.pattern == p] = weighs[some].dot(values.take(both[some], axis=0))
            return estimate

        return one_by_one(effects)(range(draws))


def _options(group: ControlGroup) -> MatchOptions:
    """Return the options that the group was matched with."""
    recipe = group.recipe
    assert recipe is not None
    return recipe.read(MatchOptions)


def _in_line(options: MatchOptions) -> bool:
    """Return whether all who are nearest on the line of the log odds are taken."""
    alone = options.ties == "random" or options.common_support
    return options.method == "propensity" and options.replace and not alone


def _require_anybody(sets: Sets) -> None:
    if not len(sets.participant):
        raise SupportError("No participant has a control", found="one draw of persons")


def _score(index: FloatArray | None, drawn: DrawnRiskSet) -> Score:
    """Return the score of the drawn rows; its models are of no use here."""
    assert index is not None
    return Score(index[drawn.row], {})
