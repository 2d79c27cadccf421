"""What is read of every row that is compared, and the comparison and influence made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import distinct
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.adjustment import Adjustment, fitted
from mih_impact.effects.comparison import Compared, Comparison, SetWeights, compare
from mih_impact.effects.estimated_weights import ScoreMoments, estimated_weights, score_moments
from mih_impact.effects.influence import (
    Influence,
    Nearby,
    abadie_imbens,
    matched_set,
    neighbours,
    on_average,
    person,
)
from mih_impact.effects.question import TargetEffects
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube

__all__ = ["OutcomeBlocks", "RowOutcomes"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowOutcomes:
    """Levels and changes of every row that is compared, or stands beside one that is.

    Attributes
    ----------
    group, target
        Who is compared, and what is asked.
    kind
        The kind of standard error.
    who
        The controls, and what they weigh.
    rows
        Rows of the risk set, shape (r,), ascending.
    levels, changes
        Shape (r, K * E).
    adjustment
        How changes are adjusted; None for no adjustment.
    covariates
        What a regression adjusts for, shape (r, k); None for no regression.
    treated, used
        Where the participants and the controls stand among the rows.
    near
        The neighbours of the controls that are reused, which are among the rows; None where
        nothing is read off them.
    """

    group: ControlGroup
    target: TargetEffects
    kind: str
    who: SetWeights
    rows: IntArray
    levels: FloatArray
    changes: FloatArray
    adjustment: Adjustment | None
    covariates: FloatArray | None
    treated: IntArray
    used: IntArray
    near: Nearby | None

    @classmethod
    def of(
        cls,
        group: ControlGroup,
        target: TargetEffects,
        kind: str,
        *,
        adjustment: Adjustment | None = None,
    ) -> RowOutcomes:
        """Read what is asked of the rows that matter."""
        return cls.unread(group, target, kind, adjustment=adjustment).read(target)

    @classmethod
    def unread(
        cls,
        group: ControlGroup,
        target: TargetEffects,
        kind: str,
        *,
        adjustment: Adjustment | None = None,
    ) -> RowOutcomes:
        """Return the rows that matter with nothing read of them."""
        sets, who = group.sets, SetWeights.of(group)
        near = _near_reused(group) if kind == "abadie_imbens" else None
        others = [] if near is None else [near.rows]
        rows = distinct(sets.participant, who.control_row, *others)
        if adjustment is not None and adjustment.function is not None:
            rows = np.arange(len(group.risk.person))  # it may learn from every candidate
        covariates = None
        if adjustment is not None and not adjustment.given:
            design = adjustment.design(group)
            # Within a subgroup all columns may be constant, which leaves nothing to adjust by.
            covariates = design.take(rows) if design.width else None
        nothing = np.zeros((len(rows), 0))
        return cls(
            group=group,
            target=target,
            kind=kind,
            who=who,
            rows=rows,
            levels=nothing,
            changes=nothing,
            adjustment=adjustment,
            covariates=covariates,
            treated=np.searchsorted(rows, sets.participant),
            used=np.searchsorted(rows, who.control_row),
            near=near,
        )

    def read(self, target: TargetEffects) -> RowOutcomes:
        """Return the same rows with what another question asks of them."""
        levels, changes = target.levels_and_changes(self.group, self.rows)
        if target.composition == "cohort_weighted":
            own = changes[self.treated]
            changes[self.treated] = np.where(target.seen_in_part(self.group), np.nan, own)
        return replace(self, target=target, levels=levels, changes=changes)

    def effect(self, among: BoolArray) -> tuple[Comparison, Influence]:
        """Compare some of the participants, shape (n,), with their controls."""
        comparison = self.compared(among)
        return comparison, self._influence(comparison)

    def compared(self, among: BoolArray | None = None) -> Comparison:
        """Compare all participants, or some, shape (n,), without what errors are made of."""
        if self.target.composition == "balanced":
            throughout = self.target.seen_throughout(self.group)
            among = throughout if among is None else among & throughout
        if self.adjustment is not None and self.adjustment.given:
            return self._compare(self.changes - self._untreated(self.adjustment), among)
        comparison = self._compare(self.changes, among)
        if self.covariates is None:
            return comparison
        changes, leverage, apart = self._adjusted(comparison)
        return replace(self._compare(changes, among), leverage=leverage, apart=apart)

    def _untreated(self, adjustment: Adjustment) -> FloatArray:
        """Return what the caller predicts of changes without treatment, shape (r, K * E)."""
        target, group = self.target, self.group
        if adjustment.columns is None:
            columns = [(name, e) for name in target.outcomes for e in target.years]
            return adjustment.predictions(group, columns, self.changes)[0]
        assert group.recipe is not None
        names = tuple(adjustment.columns[name] for name in target.outcomes)
        cube = group.recipe.fetch(names)
        told = replace(group, risk=replace(group.risk, cube=cube))
        _, changes = replace(target, outcomes=names).levels_and_changes(told, self.rows)
        who = np.concatenate([self.treated, self.used])
        gone = np.isfinite(self.changes[who]) & ~np.isfinite(changes[who])
        at = self.rows[who]
        null = _null(cube, names, group.risk.person[at], group.risk.start[at], target)
        if gone.any() or null:
            raise SupportError(
                "A change that is compared has no prediction",
                found=f"{int(gone.sum())} of {gone.size} changes, and {null} rows without a value"
                f", of {', '.join(names)}",
                do="give a number in every row in which the outcome has one, the base year's too",
            )
        return np.where(np.isfinite(changes), changes, 0.0)

    def score_moments(self, comparison: Comparison) -> ScoreMoments:
        """Return how a comparison hangs on the coefficients of the score."""
        near = neighbours(self.group, comparison.control_row)
        _, changes = self.target.levels_and_changes(self.group, near.rows)
        return score_moments(self.group, comparison, near, changes)

    def _compare(self, changes: FloatArray, among: BoolArray | None) -> Comparison:
        own = changes is self.changes
        return compare(
            self.group,
            self._sides(self.levels),
            self._sides(changes),
            who=self.who,
            moved=None if own else self._sides(self.changes),
            among=among,
            by_start_year=self.target.composition == "cohort_weighted",
        )

    def _sides(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what participants and controls have of values by row."""
        return values.take(self.treated, axis=0), values.take(self.used, axis=0)

    def _influence(self, comparison: Comparison) -> Influence:
        if self.kind == "person":
            return person(self.group, comparison)
        if self.kind == "matched_set":
            return matched_set(self.group, comparison)
        if self.kind == "estimated_weights":
            return estimated_weights(self.group, comparison)
        assert self.near is not None
        beside = self.changes.take(np.searchsorted(self.rows, self.near.rows), axis=0)
        otherwise = partial(self._mean_of_controls, comparison.load)
        return abadie_imbens(self.group, comparison, self.near, beside, otherwise)

    def _mean_of_controls(self, load: FloatArray) -> FloatArray:
        """Return the mean change of the controls, not adjusted, shape (KE,)."""
        return on_average(load, self.changes.take(self.used, axis=0))

    def _adjusted(self, comparison: Comparison) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return changes less what covariates explain among the controls, leverage and `apart`.

        Notes
        -----
        One regression per column, of the controls' changes on the covariates and an intercept (one
        per start year where their shares are estimated), weights K or none; participants and
        controls are both lowered by the fitted values. With weights, leverage is
        mean_t(x)' (sum K x x')^-1 x_j, which is what each control's residual weighs once the
        regression counts as estimated; without, what a control moves the regression by stands
        apart: (mean_t(x) - mean_c(x))' (sum x x')^-1 x_j e_j. What is constant among the controls
        explains nothing. Where there are no more controls than coefficients nothing is left to
        explain: no changes, and no leverage.
        """
        c = comparison
        assert self.covariates is not None
        assert self.adjustment is not None
        weighted = self.adjustment.weighted
        strata = np.unique(c.stratum_c)
        at = np.searchsorted(strata, self._stratum())
        Z = self.covariates
        spread = Z.std(axis=0)
        Z = (Z - Z.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        X = np.column_stack([np.eye(len(strata))[at], Z])
        X_t, X_c = X[self.treated], X[self.used]
        changes, leverage = self.changes.copy(), np.ones_like(c.load)
        apart, design = np.zeros_like(c.load), self.group.risk.weights[c.control_row]
        for k in np.flatnonzero(c.valid.any(axis=0)).tolist():
            seen, load = c.load[:, k] > 0, c.load[:, k]
            if not c.change_c[seen, k].any():  # the base year, whose changes are zero
                continue
            if seen.sum() <= X.shape[1]:
                changes[:, k], leverage[:, k] = np.nan, 0.0
                continue
            w = load[seen] if weighted else design[seen]
            coef, inverse = fitted(X_c[seen], c.change_c[seen, k], w)
            changes[:, k] -= X @ coef
            mean_t = c.share[:, k] @ X_t
            if weighted:
                leverage[:, k] = X_c @ (inverse @ mean_t)
            else:
                gain = inverse @ (mean_t - load @ X_c)
                residual = c.change_c[seen, k] - X_c[seen] @ coef
                apart[seen, k] = X_c[seen] @ gain * residual * w
        return changes, leverage, None if weighted else apart

    def _stratum(self) -> IntArray:
        """Return the stratum of every row, shape (r,)."""
        if self.target.composition == "cohort_weighted":
            return self.group.risk.start_year[self.rows]
        return np.zeros(len(self.rows), dtype=np.int64)


#: Numbers of a kind, over rows, years and outcomes, that are made at a time.
_NUMBERS = 2**19


@dataclass(frozen=True, eq=False)
class OutcomeBlocks:
    """Rows that are read for some outcomes at a time, lest what is read of them all is held.

    Attributes
    ----------
    rows
        With nothing read, and not to be adjusted; of a group whose weights are not estimated.
    """

    rows: RowOutcomes

    @classmethod
    def of(cls, group: ControlGroup, target: TargetEffects, kind: str) -> OutcomeBlocks:
        """Lay out a group, with nothing read."""
        return cls(RowOutcomes.unread(group, target, kind))

    @property
    def group(self) -> ControlGroup:
        """Participants and their controls."""
        return self.rows.group

    @property
    def target(self) -> TargetEffects:
        """What is asked."""
        return self.rows.target

    def effect(self, among: BoolArray) -> tuple[Compared, Influence]:
        """Compare some of the participants, shape (n,), with their controls."""
        names, years = self.target.outcomes, len(self.target.years)
        many = max(1, _NUMBERS // max(len(self.rows.rows) * years, 1))
        compared: list[Compared] = []
        rows = np.empty(0)
        for k in range(0, len(names), many):
            some, influence = self._some(names[k : k + many], among)
            if not compared:  # clusters are the same of all outcomes
                rows = np.empty((len(influence.cluster), len(names) * years))
            rows[:, k * years : (k + many) * years] = influence.rows
            compared.append(some)
        return Compared.side_by_side(compared), Influence(rows, influence.cluster)

    def _some(self, outcomes: tuple[str, ...], among: BoolArray) -> tuple[Compared, Influence]:
        rows = self.rows.read(replace(self.target, outcomes=outcomes))
        comparison, influence = rows.effect(among)
        return comparison.summary, influence


def _null(
    cube: Cube, names: Sequence[str], person: IntArray, start: IntArray, target: TargetEffects
) -> int:
    """Return in how many rows amounts have no value, which in an amount would count as zero."""
    years = np.unique([*target.years, *target.bases])
    first = start[:, None] + cube.PER_YEAR * years - int(cube.periods[0])
    many = 0
    for name, k in product([name for name in names if name in cube.null], range(cube.PER_YEAR)):
        inside = (first + k >= 0) & (first + k < len(cube.periods))
        at = np.clip(first + k, 0, len(cube.periods) - 1)
        many += int((inside & cube.null[name][person[:, None], at]).sum())
    return many


#: Who is near the controls of a group: other outcomes and years of its are beside the same.
_NEAR: WeakKeyDictionary[ControlGroup, Nearby] = WeakKeyDictionary()


def _near_reused(group: ControlGroup) -> Nearby:
    """Return the candidates nearest to the controls that are reused, looked for once.

    They are the rows of persons of whom several participants have the same row: a person's rows of
    influence are one, and nobody else has any.
    """
    if (near := _NEAR.get(group)) is None:
        sets, person = group.sets, group.risk.person
        shared = np.bincount(sets.set_of, minlength=int(sets.member.max(initial=-1)) + 1)
        times = np.bincount(sets.control, weights=shared[sets.member])
        reused = np.zeros(group.risk.cube.n_persons, dtype=bool)
        reused[person[np.flatnonzero(times > 1)]] = True
        control = distinct(sets.control)
        _NEAR[group] = near = neighbours(group, control[reused[person[control]]])
    return near
