"""The question asked of a control group: outcomes, years, base, estimator, standard error."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.recipe import possible_outcomes, require_units
from mih_impact.controls.terms import entered
from mih_impact.effects.comparison import Comparison, compare
from mih_impact.effects.influence import (
    Influence,
    Nearby,
    abadie_imbens,
    estimated_weights,
    matched_set,
    neighbours,
    person,
)
from mih_impact.effects.score_correction import ScoreMoments, score_moments
from mih_impact.errors import EffectsError
from mih_impact.panel.cube import Cube, Dead

__all__ = [
    "Asked",
    "Composition",
    "Estimator",
    "Measured",
    "base_years",
    "is_matched_on",
    "read_question",
    "require_choice",
    "require_group",
]

BoolArray = NDArray[np.bool_]
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


def require_group(call: str, group: Any) -> None:
    """Raise on what is no control group."""
    do = f"choose one first: mih.{call}(mih.match(panel, ...))"
    arguments.instance(call, group, ControlGroup, "a control group", do, error=EffectsError)


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


@dataclass(frozen=True, eq=False)
class Measured:
    """Levels and changes of every row that is compared, or stands beside one that is.

    Attributes
    ----------
    group, asked
        Who is compared, and what is asked.
    kind
        The kind of standard error.
    rows
        Rows of the risk set, shape (r,), ascending.
    levels, changes
        Shape (r, K * E).
    covariates
        What changes are adjusted for, shape (r, k); None for no adjustment.
    treated, used
        Where the participants and the controls stand among the rows.
    near
        The neighbours of the controls, as positions among the rows; None where nothing is read off
        them.
    """

    group: ControlGroup
    asked: Asked
    kind: str
    rows: IntArray
    levels: FloatArray
    changes: FloatArray
    covariates: FloatArray | None
    treated: IntArray
    used: IntArray
    near: Nearby | None

    @classmethod
    def of(cls, group: ControlGroup, asked: Asked, kind: str, *, adjust: bool) -> Measured:
        """Read what is asked of the rows that matter."""
        sets, control = group.sets, np.unique(group.sets.control)
        near = neighbours(group, control) if kind == "abadie_imbens" else None
        others = control if near is None else near.rows
        rows = np.unique(np.concatenate([sets.participant, control, others]))
        used = np.searchsorted(rows, control)
        if near is not None:
            near = replace(near, rows=np.searchsorted(rows, near.rows), used=used)
        levels, changes = asked.levels_and_changes(group, rows)
        treated = np.searchsorted(rows, sets.participant)
        if asked.composition == "cohort_weighted":
            changes[treated] = np.where(asked.seen_in_part(group), np.nan, changes[treated])
        return cls(
            group=group,
            asked=asked,
            kind=kind,
            rows=rows,
            levels=levels,
            changes=changes,
            # Within a subgroup all columns may be constant, which leaves nothing to adjust by.
            covariates=group.risk.design.take(rows) if adjust and group.risk.design.width else None,
            treated=treated,
            used=used,
            near=near,
        )

    def effect(self, among: BoolArray) -> tuple[Comparison, Influence]:
        """Compare some of the participants, shape (n,), with their controls."""
        if self.asked.composition == "balanced":
            among = among & self.asked.seen_throughout(self.group)
        comparison = self._compare(self.changes, among)
        if self.covariates is None:
            return comparison, self._influence(comparison)
        changes, leverage = self._adjusted(comparison)
        comparison = replace(self._compare(changes, among), leverage=leverage)
        return comparison, self._influence(comparison)

    def score_moments(self, comparison: Comparison) -> ScoreMoments:
        """Return how a comparison hangs on the coefficients of the score."""
        assert self.near is not None
        return score_moments(self.group, comparison, self.near, self.rows, self.changes)

    def _compare(self, changes: FloatArray, among: BoolArray) -> Comparison:
        used = self.levels[self.used]
        return compare(
            self.group,
            self.levels[self.treated],
            changes[self.treated],
            used,
            used - changes[self.used],
            among=among,
            by_start_year=self.asked.composition == "cohort_weighted",
        )

    def _influence(self, comparison: Comparison) -> Influence:
        if self.kind == "person":
            return person(self.group, comparison)
        if self.kind == "matched_set":
            return matched_set(self.group, comparison)
        if self.kind == "estimated_weights":
            return estimated_weights(self.group, comparison)
        assert self.near is not None
        return abadie_imbens(self.group, comparison, self.near, self.changes)

    def _adjusted(self, comparison: Comparison) -> tuple[FloatArray, FloatArray]:
        """Return changes less what covariates explain among the controls, and the leverage.

        Notes
        -----
        One weighted regression per column, of the controls' changes on the covariates and an
        intercept (one per start year where their shares are estimated), weights K; participants and
        controls are both lowered by the fitted values. Leverage is mean_t(x)' (sum K x x')^-1 x_j,
        which is what each control's residual weighs once the regression counts as estimated. What
        is constant among the controls explains nothing. Where there are no more controls than
        coefficients nothing is left to explain: no changes, and no leverage.
        """
        from statsmodels.regression.linear_model import WLS
        from statsmodels.tools.sm_exceptions import SingularMatrixWarning

        c = comparison
        assert self.covariates is not None
        strata = np.unique(c.stratum_c)
        at = np.searchsorted(strata, self._stratum())
        Z = self.covariates
        spread = Z.std(axis=0)
        Z = (Z - Z.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        X = np.column_stack([np.eye(len(strata))[at], Z])
        X_t, X_c = X[self.treated], X[self.used]
        changes, leverage = self.changes.copy(), np.ones_like(c.load)
        for k in np.flatnonzero(c.valid.any(axis=0)).tolist():
            seen = c.load[:, k] > 0
            if not c.change_c[seen, k].any():  # the base year, whose changes are zero
                continue
            if seen.sum() <= X.shape[1]:
                changes[:, k], leverage[:, k] = np.nan, 0.0
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SingularMatrixWarning)
                model = WLS(c.change_c[seen, k], X_c[seen], weights=c.load[seen, k])
                fit = model.fit(method="pinv")
            changes[:, k] -= X @ np.asarray(fit.params)
            mean_t = c.share[:, k] @ X_t
            leverage[:, k] = X_c @ (np.asarray(fit.normalized_cov_params) @ mean_t)
        return changes, leverage

    def _stratum(self) -> IntArray:
        """Return the stratum of every row, shape (r,)."""
        if self.asked.composition == "cohort_weighted":
            return self.group.risk.start_year[self.rows]
        return np.zeros(len(self.rows), dtype=np.int64)
