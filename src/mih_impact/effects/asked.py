"""What `event_study` is asked for, checked before work starts: outcomes, years, base, options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.covariates import entered
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import possible_outcomes, require_units
from mih_impact.effects.taken import require_group
from mih_impact.errors import EffectsError
from mih_impact.panel.cube import Cube, Dead

__all__ = [
    "Asked",
    "Composition",
    "Estimator",
    "base_years",
    "is_matched_on",
    "read_question",
    "require_choice",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Estimator = Literal["did", "difference"]
Composition = Literal["available", "balanced", "cohort_weighted"]


@dataclass(frozen=True)
class Asked:
    """A question that the group can answer.

    Attributes
    ----------
    outcomes
        The K outcomes.
    years
        The E years since start.
    bases
        The years whose mean is the base; empty for plain differences.
    composition
        Which start years each year speaks for.
    dead
        Income after death or emigration.
    """

    outcomes: tuple[str, ...]
    years: tuple[int, ...]
    bases: tuple[int, ...]
    composition: Composition
    dead: Dead

    @property
    def is_base(self) -> NDArray[np.bool_]:
        """Which years are the only base year, shape (E,)."""
        return np.array([self.bases == (e,) for e in self.years])

    def levels_and_changes(
        self, group: ControlGroup, rows: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return levels and changes from the base of rows of the risk set, shape (rows, K * E)."""
        values = self._values(group, rows, (*self.years, *self.bases))
        levels, before = np.split(values, [len(self.years)], axis=2)
        flat = levels.reshape(len(rows), -1)
        if not self.bases:
            return flat, flat
        return flat, (levels - before.mean(axis=2)[:, :, None]).reshape(len(rows), -1)

    def _values(self, group: ControlGroup, rows: IntArray, years: Sequence[int]) -> FloatArray:
        """Return outcomes by year since start, shape (rows, K, years); NaN where not seen."""
        cube, who, start = group.risk.cube, group.risk.person[rows], group.risk.start[rows]
        return np.stack(
            [cube.since_start(name, who, start, years, dead=self.dead) for name in self.outcomes],
            axis=1,
        )

    def within_register(self, group: ControlGroup) -> NDArray[np.bool_]:
        """Return which years since start the register has for each participant, shape (n, E)."""
        return group.risk.cube.seen(group.risk.start[group.sets.participant], self.years)

    def seen_in_part(self, group: ControlGroup) -> NDArray[np.bool_]:
        """Return where a participant's start year is not all within the register, (n, K * E).

        By month a register may end between the starts of one year: those it still has would then
        stand for the others.
        """
        within = self.within_register(group)
        start_year = group.risk.start_year[group.sets.participant]
        part = np.zeros(within.shape, dtype=bool)
        for c in np.unique(start_year).tolist():
            part[start_year == c] = ~within[start_year == c].all(axis=0)
        return np.tile(part, len(self.outcomes))

    def spoken_for(self, group: ControlGroup) -> int:
        """Return how many participants the composition lets the effects speak for."""
        if self.composition == "balanced":
            return int(self.seen_throughout(group).sum())
        return group.n_participants

    def spoken_for_rows(self, group: ControlGroup) -> NDArray[np.bool_]:
        """Return of which rows of the risk sets the effects speak if they start, shape (m,)."""
        start = group.risk.start
        if self.composition != "balanced":
            return np.ones(len(start), dtype=bool)
        return np.asarray(group.risk.cube.seen(start, self.years).all(axis=1))

    def seen_throughout(self, group: ControlGroup) -> NDArray[np.bool_]:
        """Return the participants for whom the whole window is in the register, shape (n,)."""
        return np.asarray(self.within_register(group).all(axis=1))


def read_question(
    group: ControlGroup,
    outcomes: str | Sequence[str] | None,
    estimator: Estimator,
    base: int | Sequence[int],
    window: tuple[int, int],
    composition: Composition,
    dead: Dead,
    *,
    call: str = "event_study",
) -> Asked:
    """Return what is asked, or raise where the group's register cannot answer.

    `call` is what the caller is called in messages.
    """
    require_group(call, group)
    require_choice("estimator", estimator, get_args(Estimator), call=call)
    require_choice("composition", composition, get_args(Composition), call=call)
    require_choice("dead", dead, get_args(Dead), call=call)
    bases = base_years(base, estimator)
    names = _require_outcomes(group.risk.cube, outcomes)
    years = _require_window(group, arguments.window(window, error=EffectsError), bases)
    asked = Asked(names, years, bases, composition, dead)
    if composition == "balanced" and not asked.seen_throughout(group).any():
        raise EffectsError(
            f"No start year is seen throughout the window {years[0]} to {years[-1]}",
            found=_span(group),
            do="choose a shorter window=, or composition='available'",
        )
    return asked


def require_choice(
    name: str, value: Any, allowed: Sequence[str], *, call: str = "event_study"
) -> None:
    """Raise on an option that does not exist."""
    arguments.choice(call, name, value, allowed, error=EffectsError)


def base_years(base: Any, estimator: str) -> tuple[int, ...]:
    """Return the base years, none for plain differences.

    Raises
    ------
    EffectsError
        No whole years, the start year or one after it, whose outcome is an effect itself, or a year
        twice; plain differences have no base, and ask only that it is one or several whole years.
    """
    given = [base] if arguments.is_whole(base) else arguments.listed(base)
    did = arguments.is_one_of(estimator, ["did"])
    if did and given == []:
        raise EffectsError("A change needs a base year", found="base=()", do="give base=-1")
    whole = given is not None and all(map(arguments.is_whole, given))
    years = tuple(map(int, given)) if given is not None and whole else ()
    before = not did or (max(years, default=0) < 0 and len(set(years)) == len(years))
    if not whole or not before:
        raise EffectsError(
            "A base is a year before start, or several different ones",
            found=f"base={arguments.shown(base)}",
            do="give a whole number below 0, such as base=-1, or base=(-2, -1)",
        )
    return years if did else ()


def is_matched_on(group: ControlGroup, outcome: str, year: int) -> bool:
    """Return whether the outcome of that year since start entered `on`."""
    return entered(group.on, outcome, year)


def _require_outcomes(cube: Cube, outcomes: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the outcomes, or raise naming those that did not come along."""
    names = cube.outcomes
    if outcomes is not None:
        names = tuple(dict.fromkeys(arguments.names("outcomes", outcomes, error=EffectsError)))
    require_units(cube, names, error=EffectsError)
    possible = possible_outcomes(cube)
    unknown = [name for name in names if name not in possible]
    if unknown or not names:
        raise EffectsError(
            f"No such outcome: {', '.join(unknown) or 'none given'}",
            found=f"outcomes {', '.join(possible)}",
            do="name one of these, or bring the column along with match(outcomes=...)",
        )
    return names


def _span(group: ControlGroup) -> str:
    """Return the start years and the register years in words."""
    start_years = group.risk.start_years
    return f"start years {start_years[0]}-{start_years[-1]}, register {group.risk.cube.span}"


def _require_window(
    group: ControlGroup, window: tuple[int, int], bases: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the years since start, or raise where no start year covers them."""
    cube, starts = group.risk.cube, np.unique(group.risk.start[group.risk.treated])
    first, last = window
    years = tuple(range(first, last + 1))
    if group.window_end is not None and last > group.window_end:
        raise EffectsError(
            f"Controls may have started by year {last}",
            found=f"they are known not to have started by year {group.window_end}",
            do=f"end the window there, or choose controls with window_end={last}",
        )
    if not cube.seen(starts, years).any():
        reach = _in_register(group, throughout=False)
        if not reach:
            raise EffectsError(
                "No year since start can be seen for anybody",
                found=f"{_span(group)}; a year of months lacks rows of everybody in one at least",
                do="bring the rows of the months that panel.check() says are missing",
            )
        last_year = f"year={reach[-1]}" if first == last else f"window={(reach[0], reach[-1])}"
        raise EffectsError(
            f"No start year covers the window {first} to {last}",
            found=_span(group),
            do=f"choose a window within the register years, at most {last_year}",
        )
    for b in bases:
        unseen = starts[~cube.seen(starts, [b])[:, 0]]
        if len(unseen):
            gaps, lacking = cube.named(unseen), np.unique(unseen // cube.PER_YEAR + b)
            shared = [e for e in _in_register(group, throughout=True) if e < 0]
            raise EffectsError(
                f"The base year {b} has no register rows for every start year",
                found=f"{_span(group)}; none for those who start in {gaps}",
                do=(f"give base={max(shared, key=lambda e: -abs(e - b))}, " if shared else "")
                + f"bring the rows of {', '.join(map(str, lacking))}, or leave those who start in "
                f"{gaps} out of the panel",
            )
    return years


def _in_register(group: ControlGroup, *, throughout: bool) -> list[int]:
    """Return the years since start that the register has for some start, or for all of them."""
    cube, starts = group.risk.cube, np.unique(group.risk.start[group.risk.treated])
    begin = starts // cube.PER_YEAR
    around = np.arange(cube.years[0] - begin[-1], cube.years[-1] - begin[0] + 1)
    there = cube.seen(starts, around.tolist())
    kept = np.all(there, axis=0) if throughout else np.any(there, axis=0)
    return [int(e) for e in around[kept]]
