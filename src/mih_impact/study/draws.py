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
from scipy.sparse import csr_array

from mih_impact.controls.comparison import Sets
from mih_impact.controls.design import one_thread
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.matching import as_sets, lots, matched, matched_in
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score
from mih_impact.controls.refit import Cells, DrawnRiskSet, Rescored
from mih_impact.display.locale import Label, progress_bar
from mih_impact.effects.adjustment import Adjustment
from mih_impact.effects.comparison import mean_contrast
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
IntArray = NDArray[np.int64]

_BAR = Label(nb="trekker utvalg på nytt", en="resampling")
#: A larger share of draws without estimates is no distribution of the estimates.
MOST_FAILED = 0.05
#: Draws that are estimated at once, so that rows are read from memory once for all of them: no
#: fewer and no more than this, and about as many as make so many rows.
FEWEST, MOST, ROWS = 4, 32, 2**22
#: The nearest on a draw are looked for among this many times as many on either side.
LOOK = 14


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
    everyone = np.ones(again.n_participants, dtype=bool)
    adjustment = Adjustment() if adjust else None
    rows = RowOutcomes.of(again, target, "person", adjustment=adjustment)
    comparison, _ = rows.effect(everyone)
    return comparison.estimate


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
    reach
        How far off the nearest of each starter are looked for, where all on the line of the score
        that are as near are taken.
    lot
        The order among equals, as `lots` returns it.
    values
        Everybody's changes, 0 where not seen, and a column for each pattern there is of who is
        seen, shape (m, KE + patterns).
    pattern
        Which of these a column of changes has, shape (KE,).
    among
        Of whom the effects speak, shape (m,).
    """

    group: ControlGroup
    target: TargetEffects
    options: MatchOptions
    cells: Cells
    score: Rescored | None
    reach: FloatArray | None
    lot: FloatArray
    values: FloatArray
    pattern: IntArray
    among: BoolArray

    @property
    def together(self) -> int:
        """How many draws are estimated at once."""
        return at_once(len(self.among))

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> Rematched:
        """Read the changes of everybody in the risk sets."""
        risk, options, score = group.risk, _options(group), None
        cells, reach = Cells.of(risk), None
        if group.score is not None:
            pooled = options.score == "pooled"
            score = Rescored.of(risk, risk.design, group.score, pooled=pooled)
            if _in_line(options):
                reach = cells.reach(group.score.index, LOOK * options.ratio)
        changes = target.levels_and_changes(group, np.arange(len(risk.person)))[1]
        seen, pattern = patterns(np.isfinite(changes).T)
        changes[~np.isfinite(changes)] = 0.0
        return cls(
            group=group,
            target=target,
            options=options,
            cells=cells,
            reach=reach,
            score=score,
            lot=lots(risk, options),
            values=np.column_stack([changes, seen.T]),
            pattern=pattern,
            among=target.included_rows(group),
        )

    def estimate(self, counts: IntArray) -> list[FloatArray | SupportError]:
        """Return the effects on some draws, shape (KE,), or why there are none.

        Persons drawn as often as `counts` says, shape (B, persons), are matched again.
        """
        together = self.together if self.score is not None else len(counts)
        drawn = padded(counts, together).astype(np.float32)
        count = drawn.take(self.group.risk.person, axis=1)
        both = one_by_one(self.cells.require_both)(count)
        failed = {b: why for b, why in enumerate(both) if why is not None}
        unscored = dict(failed)
        coefs = None if self.score is None else self.score.fit(count, unscored)

        def found(b: int) -> FloatArray:
            if b in failed:
                raise failed[b]
            if b in unscored:  # a value nobody drawn has, which risk sets made anew leave out
                return rematched(self.group, self.target, False, counts[b])
            own, index = count[b].astype(np.int64), None
            if coefs is not None and self.score is not None:
                everybody = slice(0, len(own))
                index = self.score.index([every[b : b + 1] for every in coefs], everybody)[0]
                if self.reach is not None:
                    return self._nearest(own, index)
            return self._chosen(counts[b], own, index)

        return one_by_one(found)(range(len(counts)))

    def _nearest(self, count: IntArray, index: FloatArray) -> FloatArray:
        """Return the effects of a draw that is matched on the line of the score.

        Whom nobody is near is no matter here: no risk set of the draw is made.
        """
        limit, reach = np.inf, self.reach
        assert reach is not None
        if self.options.caliper is not None:
            often = count.astype(np.float64)
            apart = index - often.dot(index) / often.sum()
            spread = often.dot(apart * apart) / (often.sum() - 1.0)
            limit = self.options.caliper * float(np.sqrt(spread))
        return self._effects(
            as_sets(*self.cells.nearest(count, index, reach, self.options.ratio, limit))
        )

    def _chosen(self, counts: IntArray, count: IntArray, index: FloatArray | None) -> FloatArray:
        """Return the effects of a draw whose controls are chosen among its risk sets."""
        drawn = DrawnRiskSet.of(self.group.risk, self.cells.cell, counts, count)
        lot = self.lot[drawn.row] if len(self.lot) else self.lot
        chosen = matched_in(drawn.risk, self.options, lambda: _score(index, drawn), lot)
        sets = chosen.sets
        row = drawn.row[sets.participant], drawn.row[sets.control]
        return self._effects(replace(sets, participant=row[0], control=row[1]))

    def _effects(self, sets: Sets) -> FloatArray:
        """Return the mean contrast of participants and their sets, in rows of everybody's."""
        _require_anybody(sets)
        begin = np.searchsorted(sets.member, np.arange(len(sets.size) + 1))
        of_set = csr_array(
            (sets.weight, sets.control, begin), shape=(len(sets.size), len(self.values))
        )
        KE, mean = len(self.pattern), np.asarray(of_set @ self.values)
        own, seen_weight = self.values[sets.participant], mean[:, KE:]
        everyone = self.among[sets.participant]
        valid = (own[:, KE:] > 0) & (seen_weight > 0)[sets.set_of] & everyone[:, None]
        mean = mean[:, :KE] / np.where(seen_weight > 0, seen_weight, 1.0)[:, self.pattern]
        contrast = own[:, :KE] - mean[sets.set_of]
        stratum = self.group.risk.start_year[sets.participant]
        if self.target.composition != "cohort_weighted":
            stratum = np.zeros_like(stratum)
        return mean_contrast(contrast, valid[:, self.pattern], everyone, stratum)


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
