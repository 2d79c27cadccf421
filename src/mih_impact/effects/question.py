"""The question asked: which effect, estimated how; and whether a group's register can answer it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import is_possible, no_weights, possible_outcomes, require_units
from mih_impact.controls.terms import entered
from mih_impact.errors import EffectsError, OptionError
from mih_impact.panel.cube import Cube, Dead

__all__ = [
    "Composition",
    "Estimator",
    "Question",
    "StandardError",
    "TargetEffects",
    "base_years",
    "is_cross_section",
    "is_matched_on",
    "outcome_asked",
    "read_target",
    "read_years",
    "require_choice",
    "require_group",
    "takes_question",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_P = ParamSpec("_P")
_R = TypeVar("_R")

Estimator = Literal["did", "difference"]
StandardError = Literal["auto", "person", "abadie_imbens", "matched_set", "estimated_weights"]
Composition = Literal["available", "balanced", "cohort_weighted"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """The effect that is estimated, and how.

    One object for what `event_study` and the calls that repeat it have in common: each takes it as
    `question=` in place of the single options.

    Parameters
    ----------
    outcome
        A column with a unit, or a share ("in_work", "on_benefit"); by default wage income, or the
        group's first outcome where there is none.
    year
        A year since start, or several. What is one number, such as a row of `specification_curve`,
        is the mean over them; `event_study` gives every year from the first to the last.
    estimator
        "did": change from the base year, participants less controls; "difference": levels.
    base
        The base year relative to start, before it, or several whose mean is the base.
    composition
        "available", "balanced" (start years seen in all the years) or "cohort_weighted"; see
        `event_study`.
    se
        The standard error; see `event_study`.
    dead
        Income after death or emigration: "zero" (per starter) or "missing" (among survivors).
    adjust
        Take out of every change what the columns of `on` explain of it among the controls.
    level
        Coverage of intervals and bands.

    Raises
    ------
    OptionError
        An option that does not exist, years that are none, or a base year that is not before start.

    Notes
    -----
    In the strict sense outcome, year, base, composition and what counts after death are the
    estimand; estimator, adjustment, standard error and coverage say how it is estimated, and travel
    with it. The population is always those who start (ATT).

    Examples
    --------
    >>> import mih_impact as mih
    >>> group = mih.match(mih.example_panel(), exact=["county"], on=["age"], ratio=1)
    >>> question = mih.Question(outcome="wage_income", year=(2, 3))
    >>> mih.event_study(group, question=question).event_years
    (2, 3)
    """

    outcome: str | None = None
    year: int | Sequence[int] = 3
    estimator: Estimator = "did"
    base: int | Sequence[int] = -1
    composition: Composition = "available"
    se: StandardError = "auto"
    dead: Dead = "zero"
    adjust: bool = False
    level: float = 0.95

    def __post_init__(self) -> None:
        for name, allowed in (
            ("estimator", get_args(Estimator)),
            ("composition", get_args(Composition)),
            ("se", get_args(StandardError)),
            ("dead", get_args(Dead)),
        ):
            require_choice(name, getattr(self, name), allowed, call="a question")
        base_years(self.base, self.estimator)
        if self.outcome is not None:
            arguments.name("outcome", self.outcome)
        years = read_years(self.year)
        settled = {
            "year": years[0] if len(years) == 1 else years,
            "base": int(self.base) if arguments.is_whole(self.base) else tuple(map(int, self.base)),  # type: ignore[arg-type]
            "adjust": arguments.flag("adjust", self.adjust),
            "level": arguments.level(self.level),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    @property
    def years(self) -> tuple[int, ...]:
        """The years since start, ascending, each once."""
        return (self.year,) if isinstance(self.year, int) else tuple(self.year)

    def of(self, group: ControlGroup) -> Question:
        """Return the same with the outcome that is meant where none is named."""
        return replace(self, outcome=outcome_asked(group, self.outcome))


def takes_question(*own: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a call take `question=` in place of the single options that it has.

    Parameters
    ----------
    own
        Fields of the question that the call settles in its own way, and whose documentation says
        so; another field that the call does not have must be as it is by default.

    Notes
    -----
    A call with `outcomes` and `window` is given the one outcome, and the years from the first to
    the last.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        call, parameters = function.__name__, inspect.signature(function).parameters

        @wraps(function)
        def called(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            question = kwargs.get("question")
            if question is not None:
                do = "give question=mih.Question(outcome=..., year=3)"
                arguments.instance(call, question, Question, "a question", do)
                assert isinstance(question, Question)
                group = args[0] if args else kwargs.get("group")
                options = _single_options(call, question, set(parameters), own, group)
                twice = [name for name in kwargs if name in options]
                if twice:
                    raise OptionError(
                        f"{call} is given a question, and what is part of one",
                        found=f"question= and {', '.join(f'{name}=' for name in twice)}",
                        do="leave these out, or put them into the question with "
                        "dataclasses.replace",
                    )
                kwargs.update(options)
            return function(*args, **kwargs)

        return called

    return decorate


def _single_options(
    call: str, question: Question, parameters: set[str], own: Sequence[str], group: Any
) -> dict[str, Any]:
    """Return a question as the options of a call, or raise on what the call does not have."""
    options = {f.name: getattr(question, f.name) for f in fields(question) if f.name not in own}
    if "outcomes" in parameters and "outcome" in options:
        options["outcomes"] = [outcome_asked(group, options.pop("outcome"))]
    if "window" in parameters and "year" in options:
        options["window"] = (question.years[0], question.years[-1])
        del options["year"]
    unknown = [name for name in options if name not in parameters]
    other = [name for name in unknown if options[name] != getattr(Question(), name)]
    if other:
        raise OptionError(
            f"{call} cannot estimate with {', '.join(other)} of the question",
            found=", ".join(f"{name}={options[name]!r}" for name in other),
            do="leave them at their defaults, or use mih.event_study",
        )
    return {name: value for name, value in options.items() if name in parameters}


@dataclass(frozen=True)
class TargetEffects:
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
        self, group: ControlGroup, rows: IntArray | slice
    ) -> tuple[FloatArray, FloatArray]:
        """Return levels and changes from the base of rows of the risk set, shape (rows, K * E)."""
        levels = self._values(group, rows, self.years)
        flat = levels.reshape(len(levels), -1)
        if not self.bases:
            return flat, flat
        if set(self.bases) <= {*self.years}:
            before = levels[:, :, [self.years.index(b) for b in self.bases]]
        else:
            before = self._values(group, rows, self.bases)
        base = before[:, :, 0] if len(self.bases) == 1 else before.mean(axis=2)
        return flat, (levels - base[:, :, None]).reshape(len(levels), -1)

    def _values(
        self, group: ControlGroup, rows: IntArray | slice, years: Sequence[int]
    ) -> FloatArray:
        """Return outcomes by year since start, shape (rows, K, years); NaN where not seen."""
        cube, who, start = group.risk.cube, group.risk.person[rows], group.risk.start[rows]
        values = np.empty((len(who), len(self.outcomes), len(years)))
        # One at a time: together they take the most memory.
        for k, name in enumerate(self.outcomes):
            values[:, k] = cube.since_start(name, who, start, years, dead=self.dead)
        return values

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

    def n_included(self, group: ControlGroup) -> int:
        """Return how many participants the composition lets the effects speak for."""
        if self.composition == "balanced":
            return int(self.seen_throughout(group).sum())
        return group.n_participants

    def included_rows(self, group: ControlGroup) -> NDArray[np.bool_]:
        """Return of which rows of the risk sets the effects speak if they start, shape (m,)."""
        start = group.risk.start
        if self.composition != "balanced":
            return np.ones(len(start), dtype=bool)
        return np.asarray(group.risk.cube.seen(start, self.years).all(axis=1))

    def seen_throughout(self, group: ControlGroup) -> NDArray[np.bool_]:
        """Return the participants for whom the whole window is in the register, shape (n,)."""
        return np.asarray(self.within_register(group).all(axis=1))


def read_target(
    group: ControlGroup,
    outcomes: str | Sequence[str] | None,
    estimator: Estimator,
    base: int | Sequence[int],
    window: tuple[int, int],
    composition: Composition,
    dead: Dead,
    *,
    call: str = "event_study",
) -> TargetEffects:
    """Return what is asked, or raise where the group's register cannot answer.

    `call` is what the caller is called in messages.
    """
    require_group(call, group)
    if is_cross_section(group):
        _require_one_period(estimator, window, call)
    require_choice("estimator", estimator, get_args(Estimator), call=call)
    require_choice("composition", composition, get_args(Composition), call=call)
    require_choice("dead", dead, get_args(Dead), call=call)
    bases = base_years(base, estimator)
    names = _require_outcomes(group.risk.cube, outcomes)
    years = _require_window(group, arguments.window(window), bases)
    target = TargetEffects(names, years, bases, composition, dead)
    if composition == "balanced" and not target.seen_throughout(group).any():
        raise EffectsError(
            f"No start year is seen throughout the window {years[0]} to {years[-1]}",
            found=_span(group),
            do="choose a shorter window=, or composition='available'",
        )
    return target


def is_cross_section(group: Any) -> bool:
    """Return whether a group is of persons with one period."""
    return bool(getattr(group, "cross_section", False))


def _require_one_period(estimator: str, window: tuple[int, int], call: str) -> None:
    """Raise on what needs more than the one period that a cross-section has."""
    if arguments.is_one_of(estimator, ["did"]):
        raise EffectsError(
            "A cross-section has no year before treatment that a change could be from",
            found="a group of read_cross_section, and estimator='did'",
            do="compare levels: estimator='difference'",
        )
    if tuple(window) != (0, 0):
        raise EffectsError(
            f"A cross-section has one period, and {call} asks for others",
            found=f"years {window[0]} to {window[1]}",
            do="give year=0, or window=(0, 0)",
        )


def require_group(call: str, group: Any) -> None:
    """Raise on what is no control group."""
    do = f"choose one first: mih.{call}(mih.match(panel, ...))"
    arguments.instance(call, group, ControlGroup, "a control group", do)
    if group.estimand != "att" and call != "event_study":
        raise EffectsError(
            f"{call} speaks of effects on those who start",
            found=f"controls chosen with estimand={group.estimand!r}",
            do="choose them with estimand='att', or use mih.event_study",
        )
    if group.risk.weight is not None and call != "event_study":
        raise no_weights(call)


def require_choice(
    name: str, value: Any, allowed: Sequence[str], *, call: str = "event_study"
) -> None:
    """Raise on an option that does not exist."""
    arguments.choice(call, name, value, allowed)


def read_years(year: int | Sequence[int]) -> tuple[int, ...]:
    """Return years since start, ascending, each once."""
    return tuple(sorted(set(arguments.years("year", year))))


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
        raise OptionError("A change needs a base year", found="base=()", do="give base=-1")
    whole = given is not None and all(map(arguments.is_whole, given))
    years = tuple(map(int, given)) if given is not None and whole else ()
    before = not did or (max(years, default=0) < 0 and len(set(years)) == len(years))
    if not whole or not before:
        raise OptionError(
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
        names = tuple(dict.fromkeys(arguments.names("outcomes", outcomes)))
    require_units(cube, names)
    possible = possible_outcomes(cube)
    unknown = [name for name in names if not is_possible(cube, name)]
    if unknown or not names:
        raise OptionError(
            f"No such outcome: {', '.join(unknown) or 'none given'}",
            found=f"outcomes {', '.join(possible)}",
            do="name one of these, or bring another amount or share of the panel along where "
            "controls are chosen: outcomes=[...]",
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


#: The outcome that is meant where none is named and there is one.
_FIRST = "wage_income"


def outcome_asked(of: Any, outcome: str | None) -> str:
    """Return the outcome that a call is about: wage income where none is named, else the first.

    Parameters
    ----------
    of
        A control group or effects; what is neither is for the call to refuse.
    outcome
        What the call was given.
    """
    if outcome is not None:
        return arguments.name("outcome", outcome)
    group = isinstance(of, ControlGroup)
    known = of.risk.cube.outcomes if group else getattr(of, "outcomes", ())
    return _FIRST if _FIRST in known or not known else str(known[0])
