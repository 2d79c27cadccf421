"""Average effects on candidates, or on everybody: estimates and rows of influence.

Columns are outcome-major, as in `comparison`. There the effect is on those who start, and they
weigh alike; here both sides are weighted, within start years that count by their share of those who
start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.comparison import (
    Sets,
    distinct,
    in_years,
    started,
    sums_by,
    weighed_sides,
)
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.adjustment import Adjustment, fitted
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.estimated_weights import FLAT, by_coefficient, moved_by_score
from mih_impact.effects.hidden import contributions
from mih_impact.effects.influence import Influence, neighbour_residual, neighbours, on_average
from mih_impact.effects.question import TargetEffects
from mih_impact.errors import EffectsError

__all__ = ["BothSides"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Parts:
    """An estimate by start year, and what every row weighs in it.

    Attributes
    ----------
    by_year
        Effects of the C start years, shape (C, KE); 0 where there is none.
    share
        Weight of each start year, shape (C, KE); a column adds up to 1, or is 0.
    load
        What each row's change weighs on its own side, shape (m, KE).
    rows
        Influence of each row, that of start years' shares apart, shape (m, KE).
    reuse
        What a row adds by being a match of others, shape (m, KE); None without matches.
    by_share
        What an estimate moves by with a start year's share, where that is more than its own effect,
        shape (C, KE).
    stands_for
        What each row's level weighs in the mean of its side, shape (m, KE), where changes are
        adjusted by a regression; else `load`.
    """

    by_year: FloatArray
    share: FloatArray
    load: FloatArray
    rows: FloatArray
    reuse: FloatArray | None = None
    by_share: FloatArray | None = None
    stands_for: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class BothSides:
    """Levels and changes of the rows of a group whose effect is not on those who start alone.

    Attributes
    ----------
    group, target
        Who is compared, and what is asked.
    levels, changes
        Of every row of the risk sets, shape (m, KE); changes are NaN where not seen, or where the
        composition leaves them out.
    year
        Which of the start years each row is of, shape (m,).
    adjustment
        How changes are adjusted; None for not at all.
    """

    group: ControlGroup
    target: TargetEffects
    levels: FloatArray
    changes: FloatArray
    year: IntArray
    adjustment: Adjustment | None = None

    @classmethod
    def of(
        cls, group: ControlGroup, target: TargetEffects, adjustment: Adjustment | None = None
    ) -> BothSides:
        """Read what is asked of all rows: whoever weighs nothing may be a neighbour."""
        risk = group.risk
        levels, changes = target.levels_and_changes(group, slice(None))
        included = target.included_rows(group)
        if not included.all():
            changes = np.where(included[:, None], changes, np.nan)
        return cls(group, target, levels, changes, in_years(risk), adjustment)

    def effect(self, among: BoolArray) -> tuple[Comparison, Influence]:
        """Compare the sides; nobody where nobody is asked for."""
        changes = self.changes if among.any() else np.full_like(self.changes, np.nan)
        matched = self.group.matches is not None
        parts = self._matched(changes) if matched else self._weighted(changes)
        if self.adjustment is not None:
            parts = adjusted(self, parts, changes)
        estimate = (parts.share * parts.by_year).sum(axis=0)
        there = parts.share.sum(axis=0) > 0
        influence = self._influence(parts, estimate)
        parts = replace(parts, rows=np.empty(0), reuse=None)  # not both in memory
        return self._comparison(np.where(there, estimate, np.nan), parts, changes), influence

    def _shares(self, valid: BoolArray) -> FloatArray:
        """Return what start years weigh by those who start, shape (C, KE), where they are valid."""
        many = np.where(valid, started(self.group.risk)[:, None], 0.0)
        if self.target.composition == "cohort_weighted":
            many = np.where(valid.all(axis=0), many, 0.0)
        return np.asarray(many / _or_one(many.sum(axis=0)))

    def _weighted(self, changes: FloatArray) -> Parts:
        """Return weighted means of the sides, and how they move with who is in them.

        Notes
        -----
        The effect is sum_c S_c (sum_t v_t D_t - sum_j v_j D_j), v a side's weights renormalised
        over those seen. A participant's row is S_c v_i (D_i - mu_1c), a candidate's
        -S_c v_j (D_j - mu_0c); what the weights' model adds is in `of_model`.
        """
        seen = np.isfinite(changes)
        change, weight = np.where(seen, changes, 0.0), self.group.row_weight
        treated, C = self.group.risk.treated, len(self.group.risk.start_years)
        mass = np.zeros((2, C, changes.shape[1]))
        mean, load = np.zeros_like(mass), np.zeros_like(changes)
        for c, side, rows in self.cells():
            w = weight[rows, None] * seen[rows]
            mass[side, c] = w.sum(axis=0)
            some = np.where(mass[side, c] > 0, mass[side, c], 1.0)
            load[rows] = w / some
            mean[side, c] = (load[rows] * change[rows]).sum(axis=0)
        share = self._shares(np.asarray((mass > 0).all(axis=0)))
        load *= share[self.year]
        gap = change - mean[treated.astype(np.int64), self.year]
        moved = load * gap * np.where(treated, 1.0, -1.0)[:, None]
        return Parts(mean[1] - mean[0], share, load, moved + self.of_model(moved))

    def cells(self) -> list[tuple[int, int, IntArray]]:
        """Return start year, side (1 for participants) and rows of every side of a start year."""
        treated = self.group.risk.treated
        return [
            (c, side, np.flatnonzero((self.year == c) & (treated == bool(side))))
            for c in range(len(self.group.risk.start_years))
            for side in (1, 0)
        ]

    def of_model(self, rows: FloatArray) -> FloatArray:
        """Return what persons move by way of the weights' model, shape (m, KE).

        Notes
        -----
        With u_r the rows as if weights were known (M-estimation, as in `estimated_weights`):

        - odds: d log w / d index is -(1 - p) for participants and p for candidates ("ate"), or -1
          for participants ("atc"), all times h, the derivative of the log odds by the index; with
          G the sum of u_r times that times x_r, what every row adds is in `moved_by_score`.
        - entropy: with m_c the wanted mean, H = sum w (x - m)(x - m)' of a weighted side and
          g = H^-1 sum u (x - m), a row of that side adds -w g'(x - m), and each of the n_c rows
          that the effect is on g'(x - m) / n_c, or by its share of their design weights.
        """
        model = self.group.estimated_model
        if model is None:
            return np.zeros_like(rows)
        return self._balancing(rows) if model.kind == "entropy" else self._logit(rows)

    def _balancing(self, rows: FloatArray) -> FloatArray:
        group, added = self.group, np.zeros_like(rows)
        assert group.model is not None
        X, weight = group.model.covariates.X, group.row_weight
        spread = X.std(axis=0)
        target, sides = weighed_sides(group.risk, group.estimand)
        weighed = np.any(sides, axis=0)
        for c, _, side in self.cells():
            if not weighed[side[:1]].all():
                continue
            wanted = np.flatnonzero(target & (self.year == c))
            each = group.risk.weights[wanted, None] / group.risk.weights[wanted].sum()
            mean = (each * X[wanted]).sum(axis=0)
            Z, own = ((X[at] - mean) / np.where(spread > 0, spread, 1.0) for at in (side, wanted))
            w = weight[side, None] / weight[side].sum()
            inverse = np.linalg.pinv(Z.T @ (w * Z), rcond=FLAT, hermitian=True)
            gain = inverse @ (Z.T @ rows[side])
            added[side] -= (w * Z) @ gain
            added[wanted] += each * (own @ gain)
        return added

    def _logit(self, rows: FloatArray) -> FloatArray:
        group, score = self.group, self.group.score
        assert score is not None
        p, treated = score.probability, group.risk.treated
        slope = np.where(treated, p - 1.0, p)
        if group.estimand == "atc":
            slope = np.where(treated, -1.0, 0.0)
        moved, slopes = slope[:, None] * rows, {}
        for c, start_year in enumerate(group.risk.start_years.tolist()):
            here = np.flatnonzero(self.year == c)
            slopes[start_year] = by_coefficient(group, here, moved[here])
        added = np.zeros_like(rows)
        for here, factor, gain in moved_by_score(group, slopes):
            added[here] = factor @ gain
        return added

    def _matched(self, changes: FloatArray) -> Parts:
        """Return the mean contrast of whom the effect is on, and rows of Abadie and Imbens (2006).

        Notes
        -----
        With s_i the share of a row the effect is on and L_i, L'_i the sums of what it is as a match
        of others (share times weight) and of their squares, a person's rows are s_i (contrast_i -
        tau_c), and sqrt((s_i + L_i)^2 - s_i^2 - L'_i) r_i, r_i as in `influence.abadie_imbens`, on
        either side. With one start year, n rows and M matches each this is the paper's
        1/n^2 [sum (contrast_i - tau)^2 + sum (K_i^2 / M^2 + (2M - 1) K_i / M^2) s_i^2]. By design
        weights s_i is a row's share of those of its start year.
        """
        assert self.group.matches is not None
        own_weight = self.group.risk.weights[:, None]
        found = [
            (sets, sign, *_contrasts(sets, changes))
            for sets, sign in zip(self.group.matches, (1.0, -1.0), strict=True)
            if sets is not None
        ]
        C = len(self.group.risk.start_years)
        many, total = np.zeros((2, C, changes.shape[1]))
        for sets, sign, contrast, valid, _ in found:
            weight, at = valid * own_weight[sets.participant], self.year[sets.participant]
            many = sums_by(at, weight, C, onto=many)
            weight *= sign * np.where(valid, contrast, 0.0)
            total = sums_by(at, weight, C, onto=total)
        share, many = self._shares(many > 0), _or_one(many)
        by_year, each = total / many, share / many
        own, load, squares, rows = (np.zeros_like(changes) for _ in range(4))
        while found:
            sets, sign, contrast, valid, seen_weight = found.pop(0)
            year = self.year[sets.participant]
            weight = valid * each[year] * own_weight[sets.participant]
            own[sets.participant] = weight
            gap = sign * np.where(valid, contrast, 0.0) - by_year[year]
            rows[sets.participant] = weight * gap
            del contrast, gap, year
            for power, sums in ((1, load), (2, squares)):
                sums += _passed_on(sets, weight**power, seen_weight**power, power, len(load))
        seen = np.isfinite(changes)
        load *= seen
        squares *= seen
        reuse = (own + load) ** 2
        reuse -= own**2
        reuse -= squares
        load += own
        del own, squares, seen
        reuse = np.sqrt(np.clip(reuse, 0.0, None, out=reuse), out=reuse)
        return Parts(by_year, share, load, rows, self._reused(reuse, load, changes))

    def _reused(self, reuse: FloatArray, load: FloatArray, changes: FloatArray) -> FloatArray:
        """Return reuse times the change of a row less that of its nearest on its own side, scaled.

        Who is nobody's match, or one's alone, adds nothing: its nearest are not looked for.
        """
        added, year = np.zeros_like(load), self.group.risk.start_year
        for risk in (self.group.risk, self.group.risk.mirrored):
            rows = np.flatnonzero(~risk.treated & (reuse > 0).any(axis=1))
            near = neighbours(replace(self.group, risk=risk), rows, in_steps=True)
            side = partial(self._on_average, ~risk.treated, load, changes)
            added[rows] = reuse[rows] * neighbour_residual(near, changes, year, side)
        return added

    @staticmethod
    def _on_average(side: BoolArray, load: FloatArray, changes: FloatArray) -> FloatArray:
        """Return the mean change of a side by load, shape (KE,)."""
        rows = np.flatnonzero(side & (load > 0).any(axis=1))
        return on_average(load[rows], changes[rows])

    def _comparison(self, estimate: FloatArray, parts: Parts, changes: FloatArray) -> Comparison:
        """Return the estimates with who is behind them."""
        sets, person = self.group.sets, self.group.risk.person
        own, control = sets.participant, distinct(sets.control)
        share, load = parts.load[own], parts.load[control]
        stands_for = (share, load)
        if parts.stands_for is not None:
            stands_for = parts.stands_for[own], parts.stands_for[control]
        levels = self.levels[own], self.levels[control]
        mean_t, mean_c = (
            np.where(np.isnan(estimate), np.nan, np.where(w != 0, w * level, 0.0).sum(0))
            for w, level in zip(stands_for, levels, strict=True)
        )
        change = seen = self.changes[own], self.changes[control]
        if changes is not self.changes:
            seen = changes[own], changes[control]
        return Comparison(
            estimate=estimate,
            contrast=np.where(share > 0, seen[0], np.nan),
            valid=share > 0,
            share=share,
            between=np.broadcast_to(0.0, share.shape),
            stratum_t=self.year[own],
            stratum_c=self.year[control],
            n=(share > 0).sum(axis=0),
            control_row=control,
            change_t=seen[0],
            change_c=seen[1],
            load=load,
            load_squares=None,
            mean_t=mean_t,
            mean_c=mean_c,
            giving=contributions(
                (share, load),
                levels,
                (np.arange(len(own)), person[control]),
                change,
            ),
        )

    def _influence(self, parts: Parts, estimate: FloatArray) -> Influence:
        """Return the rows by person, with the error of the start years' shares."""
        risk, P = self.group.risk, len(self.group.risk.cube.person_id)
        many = started(risk)
        counted = np.where(parts.share > 0, many[:, None], 0.0).sum(axis=0)
        by_share = parts.by_year if parts.by_share is None else parts.by_share
        between = np.where(parts.share > 0, by_share - estimate, 0.0) / _or_one(counted)
        own = np.where(risk.treated, 1.0 if risk.weight is None else risk.weight, 0.0)
        rows = between[self.year]
        rows *= own[:, None]
        rows += parts.rows
        summed = sums_by(risk.person, rows, P)
        del own, rows
        touched = np.flatnonzero(summed.any(axis=1))
        if self.group.model is not None and self.group.estimated_model is None:
            # Weights taken as fixed have the factor that they have in `influence.person`.
            count = np.maximum((summed != 0).sum(axis=0), 2)
            summed *= np.sqrt(count / (count - 1))
        found = [(summed[touched], touched)]
        if parts.reuse is not None:
            # Of either side a row of its own: whoever is on both adds twice.
            for side, first in ((risk.treated, P), (~risk.treated, 0)):
                some = np.flatnonzero(side & parts.reuse.any(axis=1))
                reuse = sums_by(risk.person[some], parts.reuse[some], P)
                again = np.flatnonzero(reuse.any(axis=1))
                found.append((reuse[again], ~(first + again)))
        return Influence(*(np.concatenate(each) for each in zip(*found, strict=True)))


def _or_one(total: FloatArray) -> FloatArray:
    """Return what to divide by: 1 where there is nothing."""
    return np.asarray(np.where(total > 0, total, 1.0))


def _contrasts(sets: Sets, changes: FloatArray) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Return contrasts of a side with its matches, which are valid, and the weight seen by set."""
    W = sets.matrix(len(changes))
    seen = np.isfinite(changes)
    seen_weight = np.asarray(W @ seen.astype(np.float64))
    mean = W @ (changes if seen.all() else np.where(seen, changes, 0.0))
    mean /= _or_one(seen_weight)
    valid = seen[sets.participant] & (seen_weight > 0)[sets.set_of]
    return changes[sets.participant] - mean[sets.set_of], valid, seen_weight


def _passed_on(
    sets: Sets, weight: FloatArray, seen_weight: FloatArray, power: int, rows: int
) -> FloatArray:
    """Return what members pass on to those they are compared with, summed by row, (rows, KE)."""
    W = sets.matrix(rows, power)
    total = sums_by(sets.set_of, weight, W.shape[0]) / _or_one(seen_weight)
    return np.asarray(W.T @ total)


def adjusted(sides: BothSides, parts: Parts, changes: FloatArray) -> Parts:
    """Return an estimate in which regressions, or predictions, stand beside the weights.

    Parameters
    ----------
    sides
        Both sides, weighted.
    parts
        Their weighted means.
    changes
        Of every row, shape (m, KE); NaN where not seen.

    Notes
    -----
    m_1 and m_0 are what is predicted of a change with and without treatment. With n_c the rows seen
    that the effect is on, and e = D - m of the own side,

        tau_c = mean over these of (m_1 - m_0) + sum_t v_t e_t - sum_j v_j e_j

    The weights v add up to 1 on each side, and the regressions have them too: IPWRA, as Stata's
    `teffects ipwra`. Or the regressions have none, and odds then count as they are, 1/p over n_c
    and not adding up to 1: AIPW, as `teffects aipw`. A row of influence is that of each sum, that
    of the regressions, a'(X'wX)^-1 x w e with a = mean(x) - sum v x, and that of the model.
    """
    adjustment, group = sides.adjustment, sides.group
    assert adjustment is not None
    predicted, K = None, changes.shape[1]
    if adjustment.function is None:
        Z = adjustment.design(group).X
        spread = Z.std(axis=0)
        Z = (Z - Z.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        X = np.column_stack([np.ones(len(Z)), Z])
    else:
        X = np.ones((len(changes), 1))
        columns = [(name, e) for name in sides.target.outcomes for e in sides.target.years]
        untreated, treated = adjustment.predictions(group, columns, changes)
        assert treated is not None
        predicted = untreated, treated
    given = [None if predicted is None else [p[:, k] for p in predicted] for k in range(K)]
    found = [_column(sides, X, k, parts, given[k]) for k in range(K)]
    by_year, by_share, load, stands_for, moved, rows = (
        np.column_stack(each) for each in zip(*found, strict=True)
    )
    rows = rows + sides.of_model(moved)
    return Parts(by_year, parts.share, load, rows, None, by_share, stands_for)


def _column(
    sides: BothSides, X: FloatArray, k: int, parts: Parts, given: Sequence[FloatArray] | None
) -> tuple[FloatArray, ...]:
    """Return effects by year, what they move by with shares, loads of changes and of levels.

    And what weights move the estimate by, and the rows without that of the weights' model.
    """
    group, year, S = sides.group, sides.year, parts.share[:, k]
    treated, C = group.risk.treated, len(S)
    assert sides.adjustment is not None
    assert group.model is not None
    weighted = given is None and sides.adjustment.weighted
    y = sides.changes[:, k]
    seen = np.isfinite(y) & (S[year] > 0)
    target = weighed_sides(group.risk, group.estimand)[0] & seen
    design = group.risk.weights
    n = _or_one(np.bincount(year[target], design[target], minlength=C).astype(np.float64))
    each, load = np.where(target, S[year] / n[year] * design, 0.0), parts.load[:, k]
    as_they_are = not weighted and group.model.kind != "entropy"
    if as_they_are:
        load = np.where(seen, S[year] / n[year] * design * _odds(group), 0.0)
    m, lever = np.zeros((2, len(y))), np.zeros(len(y))
    for side in (0, 1):
        rows = np.flatnonzero(seen & (treated == bool(side)))
        if given is not None:
            m[side] = given[side]
            continue
        if len(rows) <= X.shape[1] and y[rows].any():
            raise EffectsError(
                "There are too few on one side to adjust by so many columns",
                found=f"{len(rows)} rows and {X.shape[1]} coefficients",
                do="name fewer columns in adjust=, or ask for a shorter window",
            )
        w = load[rows] if weighted else design[rows]
        coef, inverse = fitted(X[rows], y[rows], w)
        m[side] = X @ coef
        lever[rows] = X[rows] @ (inverse @ (each @ X - load[rows] @ X[rows])) * w
    e = np.where(seen, y - np.where(treated, m[1], m[0]), 0.0)
    sign, gap, some = np.where(treated, 1.0, -1.0), m[1] - m[0], np.where(S > 0, S, 1.0)
    own, via = sign * load * e, sign * lever * e
    by_year = np.bincount(year, each * gap + own, minlength=C) / some
    by_share = by_year + (np.bincount(year, via, minlength=C) / some if weighted else 0.0)
    if as_they_are:
        rest = via + each * (gap - by_year[year])
    else:
        rest = each * (gap - (np.bincount(year, each * gap, minlength=C) / some)[year])
        own, rest = (own + via, rest) if weighted else (own, rest + via)
        for c, _, rows in sides.cells():
            own[rows] -= load[rows] / some[c] * own[rows].sum()
    return by_year, by_share, load, load + lever, own, own + rest


def _odds(group: ControlGroup) -> FloatArray:
    """Return inverse probability weights as they are, not adding up to anything, shape (m,)."""
    assert group.score is not None
    p, treated = group.score.probability, group.risk.treated
    if group.estimand == "atc":
        return np.where(treated, (1.0 - p) / p, 1.0)
    return np.where(treated, 1.0 / p, 1.0 / (1.0 - p))
