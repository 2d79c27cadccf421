"""What is read of every row that is compared, and the comparison and influence made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import distinct
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.adjustment import Adjustment, fitted
from mih_impact.effects.comparison import Comparison, compare
from mih_impact.effects.estimated_weights import ScoreMoments, estimated_weights, score_moments
from mih_impact.effects.influence import (
    Influence,
    Nearby,
    abadie_imbens,
    matched_set,
    neighbours,
    person,
)
from mih_impact.effects.question import TargetEffects
from mih_impact.errors import SupportError
from mih_impact.panel.cube import Cube

__all__ = ["RowOutcomes"]

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
        The neighbours of the controls, as positions among the rows; None where nothing is read off
        them.
    """

    group: ControlGroup
    target: TargetEffects
    kind: str
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
        sets, many = group.sets, len(group.risk.person)
        control = distinct(sets.control)
        near = _near_controls(group, control) if kind == "abadie_imbens" else None
        others = control if near is None else near.rows
        function = None if adjustment is None else adjustment.function
        rows = distinct(sets.participant, control, others)
        if function is not None:  # which may learn from every candidate
            rows = np.arange(many)
        used = np.searchsorted(rows, control)
        if near is not None:
            near = replace(near, rows=np.searchsorted(rows, near.rows), used=used)
        levels, changes = target.levels_and_changes(group, rows)
        treated = np.searchsorted(rows, sets.participant)
        if target.composition == "cohort_weighted":
            changes[treated] = np.where(target.seen_in_part(group), np.nan, changes[treated])
        covariates = None
        if adjustment is not None and not adjustment.given:
            design = adjustment.design(group)
            # Within a subgroup all columns may be constant, which leaves nothing to adjust by.
            covariates = design.take(rows) if design.width else None
        return cls(
            group=group,
            target=target,
            kind=kind,
            rows=rows,
            levels=levels,
            changes=changes,
            adjustment=adjustment,
            covariates=covariates,
            treated=treated,
            used=used,
            near=near,
        )

    def effect(self, among: BoolArray) -> tuple[Comparison, Influence]:
        """Compare some of the participants, shape (n,), with their controls."""
        if self.target.composition == "balanced":
            among = among & self.target.seen_throughout(self.group)
        if self.adjustment is not None and self.adjustment.given:
            comparison = self._compare(self.changes - self._untreated(self.adjustment), among)
            return comparison, self._influence(comparison)
        comparison = self._compare(self.changes, among)
        if self.covariates is None:
            return comparison, self._influence(comparison)
        changes, leverage, apart = self._adjusted(comparison)
        comparison = replace(self._compare(changes, among), leverage=leverage, apart=apart)
        return comparison, self._influence(comparison)

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
        assert self.near is not None
        return score_moments(self.group, comparison, self.near, self.rows, self.changes)

    def _compare(self, changes: FloatArray, among: BoolArray) -> Comparison:
        own = changes is self.changes
        return compare(
            self.group,
            (self.levels[self.treated], self.levels[self.used]),
            (changes[self.treated], changes[self.used]),
            moved=None if own else (self.changes[self.treated], self.changes[self.used]),
            among=among,
            by_start_year=self.target.composition == "cohort_weighted",
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


def _near_controls(group: ControlGroup, control: IntArray) -> Nearby:
    """Return the candidates nearest to the controls of a group, looked for once."""
    if (near := _NEAR.get(group)) is None:
        _NEAR[group] = near = neighbours(group, control)
    return near
