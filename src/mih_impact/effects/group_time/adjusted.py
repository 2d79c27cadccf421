"""Effects of one start year with covariates: outcome regression, weighting, doubly robust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from mih_impact.controls.logit import SEPARATED, fit_logit, require_rank
from mih_impact.effects.group_time.means import changes, weighed, weights_of
from mih_impact.effects.group_time.sample import Outcomes, StartGroup
from mih_impact.errors import SupportError

__all__ = [
    "TRIM",
    "AdjustedEffects",
    "Estimator",
    "Gram",
    "adjusted_effects",
    "full_design",
    "probability",
    "propensity",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: A control with this propensity or more weighs nothing, as in R's DRDID.
TRIM = 0.995
#: Newton's steps, and the last one that matters: the error after it is about its square.
STEPS = 20
SMALL = 1e-8
#: A covariate that the others explain to this share of its variance adds nothing.
REDUNDANT = 1e-10


def full_design(group: StartGroup) -> tuple[FloatArray, tuple[str, ...]]:
    """Return indicators of the cells, then the covariates in standard units, and their names.

    The names are for messages.

    The rows are the starters, then the controls. Without exact cells there is one: the constant.
    """
    raw, cells = group.design.X, group.n_cells
    n = len(raw)
    X = np.empty((n, cells + raw.shape[1]), order="F")  # a covariate at a time, in one stretch
    cell = np.concatenate([group.treated_cell, group.control_cell]) if cells > 1 else np.zeros(1)
    for c in range(cells):
        X[:, c] = cell == c
    for k, column in enumerate(raw.T):
        out = X[:, cells + k]
        np.subtract(column, column.mean(), out=out)
        spread = np.sqrt(out @ out / n)
        varies = spread > 1e-12 * max(-float(column.min()), float(column.max()))
        out /= spread if varies else np.inf
    cell_names = [f"cell {c + 1}" for c in range(cells)] if cells > 1 else ["constant"]
    return X, (*cell_names, *group.design.names)


def probability(index: FloatArray) -> FloatArray:
    """Return the logistic function, at most 1 - 1e-6 as in R's DRDID."""
    np.negative(index, out=index)
    with np.errstate(over="ignore"):
        np.exp(index, out=index)
    index += 1.0
    np.reciprocal(index, out=index)
    return np.minimum(index, 1.0 - 1e-6, out=index)


@dataclass(frozen=True, eq=False)
class Gram:
    """A cross-product that can be solved with."""

    factor: tuple[FloatArray, bool]

    @classmethod
    def of(cls, product: FloatArray, names: Sequence[str], cells: int) -> Gram:
        """Factor X'X, or raise naming the covariates that follow from the others or the cells."""
        size = np.sqrt(np.diag(product))
        scaled = product / np.outer(*[np.where(size > 0, size, 1.0)] * 2)
        require_rank(scaled, size, names, own=cells, argument="covariates", least=REDUNDANT)
        return cls(cho_factor(product))

    def solve(self, right: FloatArray) -> FloatArray:
        """Return (X'X)^-1 right."""
        return np.asarray(cho_solve(self.factor, right))


def propensity(
    treated: FloatArray,
    control: FloatArray,
    names: Sequence[str],
    cells: int,
    weight: tuple[FloatArray, FloatArray] | None = None,
) -> FloatArray:
    """Fit a logit of starting, cell indicators first among the columns.

    `weight` are the design weights of starters and of controls, if there are such.

    Raises
    ------
    SupportError
        More covariates than starters, or covariates that tell starters from controls.

    Notes
    -----
    Plain Newton on columns in standard units. Where it does not settle at once the careful
    `fit_logit` decides, and says what is wrong.
    """
    if len(treated) < treated.shape[1]:
        raise SupportError(
            "There are more covariates than starters to fit the propensity to",
            found=f"{treated.shape[1]} with the constant or cells, {len(treated)} starters",
            do="use fewer covariates or exact columns, or estimator='reg'",
        )
    coef = np.zeros(treated.shape[1])
    w_t, w_c = (None, None) if weight is None else weight
    with_t, with_c = weighed(treated, w_t), weighed(control, w_c)
    coef[:cells] = np.log(with_t[:, :cells].sum(axis=0) / with_c[:, :cells].sum(axis=0))
    for _ in range(STEPS):
        p, q = probability(control @ coef), probability(treated @ coef)
        slope = with_t.T @ (1.0 - q) - with_c.T @ p
        p *= 1.0 - p
        information = (with_c * p[:, None]).T @ control
        information += (with_t * (q * (1.0 - q))[:, None]).T @ treated
        try:
            step = np.linalg.solve(information, slope)
        except np.linalg.LinAlgError:
            break
        coef = coef + step
        length = float(np.abs(step).max())
        if not length < SEPARATED or np.abs(coef[cells:]).max(initial=0.0) > SEPARATED:
            break
        if length < SMALL:
            return coef
    return _careful(treated, control, names, cells, weight)


def _careful(
    treated: FloatArray,
    control: FloatArray,
    names: Sequence[str],
    cells: int,
    weight: tuple[FloatArray, FloatArray] | None,
) -> FloatArray:
    X = np.concatenate([treated, control])
    starts = np.arange(len(X)) < len(treated)
    spoken = [name.split("=")[0] for name in names]  # no value: it may be of few persons
    w = None if weight is None else np.concatenate(weight)
    return fit_logit(
        X, starts, names=names, spoken=spoken, own=cells, argument="covariates", weight=w
    ).coef


Estimator = Literal["dr", "ipw", "reg"]

#: Controls summed up at a time.
BLOCK = 16384
#: A change that covariates explain to this share of its size, they explain altogether.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients behind the columns that compare the same persons.

    Attributes
    ----------
    columns
        The (outcome, year) pairs, shape (q,).
    use
        Columns of the design that the persons span, shape (k,).
    score
        Coefficients of the propensity, shape (k,); None for "reg".
    total
        Sum of the controls' odds, times design weights.
    a
        Shape (k,).
    beta, d
        Shape (k, q).
    eta
        Shape (q,).
    trimmed
        Controls left without weight.
    everybody
        Whether every control is compared.
    exact
        Columns that the covariates explain altogether, shape (q,): no effect, and no error.
    """

    columns: IntArray
    use: IntArray
    score: FloatArray | None
    total: float
    a: FloatArray
    beta: FloatArray
    d: FloatArray
    eta: FloatArray
    trimmed: int
    everybody: bool
    exact: BoolArray

    def control_rows(self, x: FloatArray, change: FloatArray) -> FloatArray:
        """Return the influence of controls of design weight 1, (m, q); see `adjusted_effects`."""
        rows = x @ self.beta
        np.subtract(change, rows, out=rows)
        rows[:, self.exact] = 0.0
        u = x @ self.a
        if self.score is None:
            rows *= u[:, None]
            return rows
        p = probability(x @ self.score)
        v = _odds(p) / self.total
        rows *= (u - v)[:, None]
        rows += v[:, None] * self.eta
        rows += p[:, None] * (x @ self.d)
        return rows

    def treated_rows(
        self, x: FloatArray, change: FloatArray, weight: FloatArray | None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the effects, shape (q,), and the influence of starters, shape (n, q)."""
        gap = change - x @ self.beta
        gap[:, self.exact] = 0.0
        mean = _mean(gap, weight)
        rows = (gap - mean) / (len(gap) if weight is None else weight.sum())
        if self.score is not None:
            rows -= (1.0 - probability(x @ self.score))[:, None] * (x @ self.d)
        return mean - self.eta, weighed(rows, weight)


def _mean(rows: FloatArray, weight: FloatArray | None) -> FloatArray:
    """Return the mean of rows, by design weights where there are such."""
    return np.asarray(rows.mean(axis=0) if weight is None else weight @ rows / weight.sum())


@dataclass(frozen=True, eq=False)
class AdjustedEffects:
    """Effects of one start year on every (outcome, year), and what its persons' influence is.

    Attributes
    ----------
    estimate, n_participants, n_controls
        Shape (KT,).
    failed
        What stood in the way, by column.
    base, free_after
        As in `MeanEffects`.
    treated, treated_rows
        The starters and their influence, shape (n, KT).
    person, start, cell, X
        The controls, ascending, their own start, cell, and design.
    member
        Whether a cell has both sides in a column, shape (n_cells, KT).
    fits
        What the columns rest on.
    """

    estimate: FloatArray
    n_participants: IntArray
    n_controls: IntArray
    failed: dict[int, SupportError]
    base: IntArray
    free_after: IntArray
    treated: IntArray
    treated_rows: FloatArray
    person: IntArray
    start: IntArray
    cell: IntArray
    X: FloatArray
    member: BoolArray
    fits: list[Fit]
    values: FloatArray
    weight: FloatArray | None

    def carrier(self, cell: int) -> FloatArray:
        """Refuse: with covariates no two controls have the same map."""
        raise NotImplementedError("controls with covariates are written out person by person")

    def rows(self, which: slice | IntArray) -> FloatArray:
        """Return the influence of some of the controls in `person`, shape (number, KT)."""
        own, X = self.values[self.person[which]], self.X[which]
        rows = np.zeros(own.shape)
        for fit in self.fits:
            at = fit.columns
            change = own[:, at] - own[:, self.base[at]]
            part = fit.control_rows(X[:, fit.use], change)
            if not fit.everybody:
                seen = np.isfinite(change) & self.member[:, at][self.cell[which]]
                seen &= self.start[which][:, None] > self.free_after[at]
                part = np.where(seen, part, 0.0)
            rows[:, at] = part
        return weighed(rows, weights_of(self.weight, self.person[which]))


def adjusted_effects(
    group: StartGroup,
    outcomes: Outcomes,
    base: IntArray,
    free_after: IntArray,
    estimator: Estimator,
) -> AdjustedEffects:
    """Compare changes of starters and controls with the same covariates.

    Parameters
    ----------
    group
        The start year's starters and controls.
    base, free_after
        As in `MeanEffects`.
    estimator
        "dr", "ipw" or "reg".

    Notes
    -----
    The models are fitted within the start year, exact cells as indicators among the covariates x.
    With e = change - x'beta, beta by least squares among controls, p a logit and w = p / (1 - p):
    the effect is the starters' mean of e less the controls' w-weighted mean eta of e, beta = 0 for
    "ipw" and no w for "reg". Influence, n the number of starters and W the sum of w:

    - a starter: (e - its mean) / n - (1 - p) x'd
    - a control: -w (e - eta) / W + e x'a + p x'd

    with d = H^-1 sum_w (e - eta) x / W, H the logit's information, and a = (X'X)^-1 (w-weighted
    mean of x - starters' mean of x), the first term away for "reg" and both for "ipw". By design
    weights every sum and both models are weighted, n is their sum, and influence is times a
    person's own (R's DRDID with `i.weights`). Columns that compare the same persons are solved at
    once.

    References
    ----------
    Sant'Anna and Zhao (2020), Doubly robust difference-in-differences estimators, Journal of
    Econometrics 219(1), with normalised weights as its R package DRDID has them.
    """
    design, names = full_design(group)
    n, width = len(group.treated), len(base)
    own, X = design[:n], design[n:]
    change = changes(outcomes.values, group.treated, base)
    effects = AdjustedEffects(
        estimate=np.full(width, np.nan),
        n_participants=np.zeros(width, dtype=np.int64),
        n_controls=np.zeros(width, dtype=np.int64),
        failed={},
        base=base,
        free_after=free_after,
        treated=group.treated,
        treated_rows=np.zeros((n, width)),
        person=group.control,
        start=group.control_start,
        cell=group.control_cell,
        X=X,
        member=np.zeros((group.n_cells, width), dtype=bool),
        fits=[],
        values=outcomes.values,
        weight=outcomes.weight,
    )
    reference = np.flatnonzero(base == np.arange(width))
    effects.estimate[reference] = 0.0
    effects.n_participants[reference] = np.isfinite(change[:, reference]).sum(axis=0)
    effects.n_controls[reference] = [
        _controls_seen(group, outcomes, effects, column).sum() for column in reference.tolist()
    ]
    for columns, seen_t, seen_c in _same_persons(group, outcomes, np.isfinite(change), effects):
        cells = np.bincount(group.treated_cell[seen_t], minlength=group.n_cells) > 0
        cells &= np.bincount(group.control_cell[seen_c], minlength=group.n_cells) > 0
        compared = seen_t & cells[group.treated_cell]
        if not cells.all():
            seen_c = seen_c & cells[group.control_cell]
        effects.n_participants[columns] = compared.sum()
        effects.n_controls[columns] = seen_c.sum()
        if not compared.any():
            continue
        use = np.concatenate([np.flatnonzero(cells), np.arange(group.n_cells, X.shape[1])])
        x = own[compared][:, use]
        all_seen = bool(seen_c.all()) and len(use) == X.shape[1]
        who = _Controls(
            X if all_seen else X[seen_c][:, use],
            group.control if all_seen else group.control[seen_c],
            outcomes.values,
            columns,
            base[columns],
            all_seen,
            outcomes.weight,
        )
        try:
            own_change, spoken = change[compared][:, columns], [names[k] for k in use]
            w = weights_of(outcomes.weight, group.treated[compared])
            fit = _fit(x, own_change, w, who, use, spoken, int(cells.sum()), estimator)
        except SupportError as error:
            effects.failed.update(dict.fromkeys(columns.tolist(), error))
            continue
        effects.fits.append(fit)
        effects.member[:, columns] = cells[:, None]
        estimate, rows = fit.treated_rows(x, own_change, w)
        effects.estimate[columns] = estimate
        effects.treated_rows[np.ix_(compared, columns)] = rows
    return effects


def _same_persons(
    group: StartGroup, outcomes: Outcomes, seen_t: BoolArray, effects: AdjustedEffects
) -> Iterator[tuple[IntArray, BoolArray, BoolArray]]:
    """Give columns that compare the same persons, and which starters and controls those are."""
    base = effects.base
    found: dict[bytes, tuple[list[int], BoolArray]] = {}
    for column in np.flatnonzero((base >= 0) & (base != np.arange(len(base)))).tolist():
        seen_c = _controls_seen(group, outcomes, effects, column)
        key = seen_t[:, column].tobytes() + np.packbits(seen_c).tobytes()
        found.setdefault(key, ([], seen_c))[0].append(column)
    for columns, seen_c in found.values():
        yield np.array(columns), seen_t[:, columns[0]], seen_c


def _controls_seen(
    group: StartGroup, outcomes: Outcomes, effects: AdjustedEffects, column: int
) -> BoolArray:
    """Return which controls are seen in a column and its base, and have not started then."""
    seen = np.asarray(group.control_start > effects.free_after[column])
    if not outcomes.complete[group.control].all():
        pair = outcomes.values[:, [column, effects.base[column]]][group.control]
        seen &= np.isfinite(pair).all(axis=1)
    return seen


@dataclass(frozen=True, eq=False)
class _Controls:
    """Controls seen in some columns: design, positions in the cube, and how to read changes."""

    x: FloatArray
    person: IntArray
    values: FloatArray
    columns: IntArray
    base: IntArray
    everybody: bool
    weight: FloatArray | None

    def blocks(self) -> Iterator[tuple[FloatArray, FloatArray | None, FloatArray]]:
        """Give the design, design weights if any, and the changes, a block at a time."""
        for first in range(0, len(self.person), BLOCK):
            person = self.person[first : first + BLOCK]
            own, w = self.values[person], weights_of(self.weight, person)
            yield self.x[first : first + BLOCK], w, own[:, self.columns] - own[:, self.base]


def _odds(p: FloatArray) -> FloatArray:
    """Return the weights of controls, 0 from `TRIM` on."""
    return np.where(p < TRIM, p / (1.0 - p), 0.0)


def _fit(
    x: FloatArray,
    own_change: FloatArray,
    own_weight: FloatArray | None,
    controls: _Controls,
    use: IntArray,
    names: Sequence[str],
    cells: int,
    estimator: Estimator,
) -> Fit:
    """Fit the models of columns that compare the same persons, all columns at once."""
    k, q = x.shape[1], len(controls.columns)
    w_c = weights_of(controls.weight, controls.person)
    gram = Gram.of(weighed(controls.x, w_c).T @ controls.x, names, cells)
    score = None
    if estimator != "reg":
        both = None if own_weight is None or w_c is None else (own_weight, w_c)
        score = propensity(x, controls.x, names, cells, both)
    plain, weighted = np.zeros((k, q)), np.zeros((k, q))
    moments, information = np.zeros((k, k)), np.zeros((k, k))
    mean_x, mean_change = np.zeros(k), np.zeros(q)
    total, trimmed = 0.0, 0
    for block, design, change in controls.blocks():
        plain += weighed(block, design).T @ change
        if score is None:
            continue
        p = probability(block @ score)
        w = _odds(p) if design is None else _odds(p) * design
        by_weight = block * w[:, None]
        weighted += by_weight.T @ change
        moments += by_weight.T @ block
        information += (weighed(block, design) * (p * (1.0 - p))[:, None]).T @ block
        mean_x += w @ block
        mean_change += w @ change
        total += float(w.sum())
        trimmed += int((p >= TRIM).sum())
    beta = np.zeros((k, q)) if estimator == "ipw" else gram.solve(plain)
    a = np.zeros(k) if estimator == "ipw" else -gram.solve(_mean(x, own_weight))
    # A change between two lags among the covariates is linear in them: what is left is rounding.
    left = np.abs(own_change - x @ beta).max(axis=0)
    exact = (left <= ROUNDING * np.abs(own_change).max(axis=0)) & (estimator != "ipw")
    eta, d = np.zeros(q), np.zeros((k, q))
    if score is not None:
        if not total > 0:
            raise SupportError(
                "Every control is as good as certain to start: there is no common support",
                found=f"{trimmed} controls with a propensity of {TRIM} or more",
                do="use fewer covariates=",
            )
        eta = (mean_change - mean_x @ beta) / total
        p = probability(x @ score)
        information += (weighed(x, own_weight) * (p * (1.0 - p))[:, None]).T @ x
        eta[exact] = 0.0
        gap = weighted - moments @ beta - np.outer(mean_x, eta)
        gap[:, exact] = 0.0
        d = Gram.of(information, names, cells).solve(gap) / total
        a = a if estimator == "ipw" else a + gram.solve(mean_x / total)
    columns = controls.columns
    return Fit(columns, use, score, total, a, beta, d, eta, trimmed, controls.everybody, exact)
