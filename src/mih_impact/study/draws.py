"""Draws of persons: how often each is in, the same however many workers draw them.

`rematched` does everything from the drawn persons on once more: risk sets, score, matches, effects.
`Rematched` gives the same numbers in a fifth of the time: risk sets are built once and their rows
taken again, everybody's changes are read once, and the score starts from the one that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from mih_impact.controls.matching import lots, matched, matched_in
from mih_impact.controls.options import MatchOptions
from mih_impact.controls.propensity import Score
from mih_impact.controls.refit import DrawnRiskSet, Rescored, exact_cells
from mih_impact.display.locale import Label, current
from mih_impact.effects.adjustment import Adjustment
from mih_impact.effects.comparison import average
from mih_impact.effects.question import TargetEffects
from mih_impact.effects.row_outcomes import RowOutcomes
from mih_impact.errors import EffectsError, SupportError
from mih_impact.panel.cube import Cube

__all__ = ["TOGETHER", "Draws", "Rematched", "Urns", "drawn_cube", "patterns", "rematched"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BAR = Label(nb="trekker utvalg på nytt", en="resampling")
#: A larger share of draws without estimates is no distribution of the estimates.
MOST_FAILED = 0.05
#: Draws that are finished together, so that changes are read from memory once for all of them.
TOGETHER = 8


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
        estimate: Callable[[IntArray], Any],
        urns: Urns,
        *,
        draws: int,
        seed: int,
        workers: int,
        together: Callable[[Sequence[Any]], FloatArray] = np.stack,
        wanted: BoolArray | None = None,
    ) -> Draws:
        """Estimate on draws of persons.

        Parameters
        ----------
        estimate
            Estimates, shape (C,), or what `together` makes them of, given how often each person
            counts; raises a SupportError where there are none.
        urns
            What is drawn.
        draws, seed
            Number of draws, each with a generator of its own spawned from the seed.
        workers
            Threads; they change no number.
        together
            Makes estimates, shape (B, C), of what some draws gave.
        wanted
            Which estimates a draw must have, shape (C,); None asks for none.

        Raises
        ------
        EffectsError
            More than 5 % of the draws have no estimate; the first reason is given.
        """
        seeds = np.random.SeedSequence(seed).spawn(draws)

        def one(child: np.random.SeedSequence) -> Any:
            try:
                return estimate(urns.counts(np.random.default_rng(child)))
            except SupportError as error:
                return error

        def some(children: Sequence[np.random.SeedSequence]) -> list[FloatArray | SupportError]:
            found = [one(child) for child in children]
            drawn = [each for each in found if not isinstance(each, SupportError)]
            rows = iter([_whole(row, wanted) for row in together(drawn)] if drawn else [])
            return [each if isinstance(each, SupportError) else next(rows) for each in found]

        with one_thread():
            found = _with_bar(some, seeds, workers)
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


def _whole(found: FloatArray, wanted: BoolArray | None) -> FloatArray | SupportError:
    """Return the estimates of a draw, or why it has none: one that is wanted is missing."""
    missing = np.isnan(found[[] if wanted is None else wanted])
    if not missing.any():
        return found
    return SupportError(
        "Nobody is compared in some year",
        found=f"{int(missing.sum())} of {len(missing)} estimates on a draw",
    )


def _with_bar(
    some: Callable[[Sequence[np.random.SeedSequence]], list[FloatArray | SupportError]],
    seeds: Sequence[np.random.SeedSequence],
    workers: int,
) -> list[FloatArray | SupportError]:
    """Call for some seeds after the other, in order, with a progress bar where one is wanted."""
    from tqdm import tqdm

    with tqdm(
        total=len(seeds), desc=_BAR.text(), disable=not current().progress, leave=False
    ) as bar:
        found: list[FloatArray | SupportError] = []
        parts = [seeds[k : k + TOGETHER] for k in range(0, len(seeds), TOGETHER)]
        with ThreadPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
            for results in map(some, parts) if pool is None else pool.map(some, parts):
                found += results
                bar.update(len(results))
        return found


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
    cell
        Start year and exact cell of each row of the risk sets, shape (m,).
    score
        The score, where the method has one.
    lot
        The order among equals, as `lots` returns it.
    changes
        Everybody's changes, 0 where not seen, shape (m, KE).
    seen
        Who is seen, a column for each pattern there is, shape (m, patterns).
    pattern
        Which of these a column has, shape (KE,).
    among
        Of whom the effects speak, shape (m,).
    """

    group: ControlGroup
    target: TargetEffects
    options: MatchOptions
    cell: IntArray
    score: Rescored | None
    lot: FloatArray
    changes: FloatArray
    seen: FloatArray
    pattern: IntArray
    among: BoolArray

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects) -> Rematched:
        """Read the changes of everybody in the risk sets."""
        risk, options, score = group.risk, _options(group), None
        if group.score is not None:
            pooled = options.score == "pooled"
            score = Rescored.of(risk, risk.design, group.score, pooled=pooled)
        changes = target.levels_and_changes(group, np.arange(len(risk.person)))[1]
        seen, pattern = patterns(np.isfinite(changes).T)
        changes[~np.isfinite(changes)] = 0.0
        return cls(
            group=group,
            target=target,
            options=options,
            cell=exact_cells(risk),
            score=score,
            lot=lots(risk, options),
            changes=changes,
            seen=np.ascontiguousarray(seen.T),
            pattern=pattern,
            among=target.included_rows(group),
        )

    def estimate(self, counts: IntArray) -> FloatArray:
        """Return the effects when persons drawn as often as `counts` says are matched again, (KE,).

        Raises
        ------
        SupportError
            No controls can be chosen on this draw.
        """
        drawn = DrawnRiskSet.of(self.group.risk, self.cell, counts)
        index = None
        if self.score is not None:
            try:
                index = self.score.index(drawn.count)
            except SupportError:  # a value nobody drawn has, which risk sets made anew leave out
                return rematched(self.group, self.target, False, counts)
        lot = self.lot[drawn.row] if len(self.lot) else self.lot
        chosen = matched_in(drawn.risk, self.options, lambda: _score(index, drawn), lot)
        _require_anybody(chosen.sets)
        return self._effects(chosen.sets, drawn.row)

    def _effects(self, sets: Sets, row: IntArray) -> FloatArray:
        """Return the mean contrast of participants and their sets, given the row of each."""
        begin = np.searchsorted(sets.member, np.arange(len(sets.size) + 1))
        of_set = csr_array(
            (sets.weight, row[sets.control], begin), shape=(len(sets.size), len(self.changes))
        )
        seen_weight = np.asarray(of_set @ self.seen)[:, self.pattern]
        mean = np.asarray(of_set @ self.changes) / np.where(seen_weight > 0, seen_weight, 1.0)
        own, everyone = row[sets.participant], self.among[row[sets.participant]]
        valid = (self.seen[own][:, self.pattern] > 0) & (seen_weight > 0)[sets.set_of]
        valid &= everyone[:, None]
        start_year = self.group.risk.start_year[own]
        by_start_year = self.target.composition == "cohort_weighted"
        stratum = start_year if by_start_year else np.zeros_like(start_year)
        contrast = self.changes[own] - mean[sets.set_of]
        return average(contrast, valid, everyone, stratum, np.ones(len(valid)))[0]


def _options(group: ControlGroup) -> MatchOptions:
    """Return the options that the group was matched with."""
    recipe = group.recipe
    assert recipe is not None
    return recipe.read(MatchOptions)


def _require_anybody(sets: Sets) -> None:
    if not len(sets.participant):
        raise SupportError("No participant has a control", found="one draw of persons")


def _score(index: FloatArray | None, drawn: DrawnRiskSet) -> Score:
    """Return the score of the drawn rows; its models are of no use here."""
    assert index is not None
    return Score(index[drawn.row], {})
