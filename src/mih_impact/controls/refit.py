"""A logit fitted again and again to the same rows, each counted as often as its person is drawn.

What does not depend on the draw is done once: rows are written out in standard deviations, those
of a start year that are alike as one point, and the columns that are zero throughout a block (terms
of other start years) are left out of it. A draw is near the known fit, so that Newton's steps need
no line search; where they do not settle as they should, nothing is returned, and `fit_logit` has
the last word.

Several draws take a step together: rows are read once for all of them, and sums over rows are
products of matrices. These are taken by `dot`, which lets other threads run, and not by `@`, which
does not (NumPy 2.4).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Design
from mih_impact.controls.logit import DEPENDENT, SEPARATED, Link, LogitFit, fit_logit, log_odds
from mih_impact.controls.propensity import Score, with_start_years
from mih_impact.controls.risk_set import RiskSet
from mih_impact.errors import SupportError

__all__ = ["Refit", "Rescored"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Floats = NDArray[np.float64] | NDArray[np.float32]
IntArray = NDArray[np.int64]

#: Rows that are added up at a time: few calls, and what a processor's cache still holds.
ROWS = 2_048
#: Steps longer than this are found with half the digits, in half the time; after one that is not
#: the information is known well enough for the steps to come.
NEAR = 1e-3
#: Coefficients, in standard deviations of their covariates, are good to this, which Newton's step
#: after one of this length is.
AIM, CLOSE = 1e-13, 1e-7
MOST_STEPS = 20


@dataclass(frozen=True, eq=False)
class _Part:
    """The rows of a start year, or all of them.

    Attributes
    ----------
    rows, points
        Which, one after the other; and the points they are, of which no two are alike.
    columns
        Columns that are not zero throughout, shape (c,).
    place
        Which of its points each row is, shape (r,).
    M, short
        The columns of points in standard deviations, shape (c, g), and the same with half the
        digits.
    known
        What `sums` adds up of points at the known coefficients, shape (g, c + c (c + 1) / 2).
    """

    rows: slice
    points: slice
    columns: IntArray
    place: IntArray
    M: FloatArray
    short: Floats
    known: Floats

    @classmethod
    def of(cls, rows: slice, first: int, M: FloatArray, beta: FloatArray) -> _Part:
        """Leave out columns, shape (k, r), that are zero throughout; points are from `first` on."""
        columns = np.flatnonzero(M.any(axis=1))
        M = M[columns]
        order = np.lexsort(M)
        new = np.ones(len(order), dtype=bool)
        new[1:] = (np.diff(M[:, order]) != 0).any(axis=0)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.cumsum(new) - 1
        M = np.ascontiguousarray(M[:, order[new]])
        chance = 1.0 / (1.0 + np.exp(-beta[columns].dot(M)))
        one, other = np.triu_indices(len(M))
        known = np.concatenate([chance * M, chance * (1.0 - chance) * M[one] * M[other]])
        points, short = slice(first, first + M.shape[1]), M.astype(np.float32)
        return cls(rows, points, columns, place, M, short, known.T.astype(np.float32))

    def index(self, scaled: FloatArray) -> FloatArray:
        """Return the linear index of points by several coefficients, shape (B, g)."""
        return np.asarray(scaled[:, self.columns].dot(self.M))

    def sums(
        self, count: Floats, beta: FloatArray, *, short: bool, squares: bool
    ) -> tuple[Floats, Floats]:
        """Return sums over rows as often as they count, shapes (B, c) and (B, c (c + 1) / 2).

        Of covariates times the chance of starting; and, if asked for, of products of two covariates
        times its variance. Points count as `count` says, shape (B, g).
        """
        M = self.short if short else self.M
        minus = (-beta[:, self.columns]).astype(M.dtype)
        one, other = np.triu_indices(len(M))
        first = np.zeros((len(beta), len(M)), M.dtype)
        second = np.zeros((len(beta), len(one) if squares else 0), M.dtype)
        for begin in range(0, M.shape[1], ROWS):
            X = M[:, begin : begin + ROWS]
            chance = minus.dot(X)
            with np.errstate(over="ignore"):  # a chance of nothing
                np.exp(chance, out=chance)
            chance += 1.0
            np.divide(1.0, chance, out=chance)
            expected = count[:, begin : begin + ROWS] * chance
            first += expected.dot(X.T)
            if squares:
                chance *= expected
                expected -= chance
                second += expected.dot((X[one] * X[other]).T)
        return first, second


@dataclass(frozen=True, eq=False)
class Refit:
    """A fitted logit or probit, ready for other weights on its rows.

    Attributes
    ----------
    parts
        The rows.
    starters
        The rows that start, shape (s,).
    starting
        All columns of these in standard deviations, shape (s, k).
    scale
        What each column is divided by, shape (k,).
    known
        The known coefficients of the scaled columns, shape (k,).
    """

    parts: tuple[_Part, ...]
    starters: IntArray
    starting: FloatArray
    scale: FloatArray
    known: FloatArray

    @classmethod
    def of(cls, design: Design, y: BoolArray, fit: LogitFit, start_year: IntArray) -> Refit:
        """Write the rows out.

        Parameters
        ----------
        design
            Covariates with the constant or its indicators among them, shape (m, k).
        y
            Whether each row starts, shape (m,).
        fit
            The fit with every row counted once.
        start_year
            Start year of each row, ascending, shape (m,).
        """
        scale = np.array([float(design.column(k).std()) for k in range(design.width)])
        scale = np.where(scale > 0, scale, 1.0)
        known = fit.coef * scale
        bounds = [0, *(np.flatnonzero(np.diff(start_year)) + 1).tolist(), len(start_year)]
        parts: list[_Part] = []
        for rows in itertools.starmap(slice, itertools.pairwise(bounds)):
            first = parts[-1].points.stop if parts else 0
            parts.append(_Part.of(rows, first, design.block(rows).T / scale[:, None], known))
        starters = np.flatnonzero(y)
        return cls(tuple(parts), starters, design.take(starters) / scale, scale, known)

    @cached_property
    def point(self) -> IntArray:
        """The point that each row is, shape (m,)."""
        return np.concatenate([part.place + part.points.start for part in self.parts])

    @property
    def points(self) -> int:
        """How many points there are."""
        return int(self.parts[-1].points.stop)

    def together(self, count: Floats, out: Floats) -> None:
        """Write how often points count where rows count as `count` says, shape (B, points)."""
        for part in self.parts:
            for own, often in zip(out[:, part.points], count[:, part.rows], strict=True):
                own[:] = np.bincount(part.place, weights=often, minlength=len(own))

    def coefs(self, count: Floats, together: Floats | None = None) -> FloatArray:
        """Return a logit's coefficients on some draws, shape (B, k); NaN for one it is unsure of.

        Rows count as `count` says, shape (B, m), and points as `together` returns it, if that is
        known. No draw changes the numbers of another.

        Notes
        -----
        Steps square as Newton's do. After the first short one the information is no longer reckoned
        anew, and a step leaves the share of itself that it was of the step before.
        """
        if together is None:
            together = np.empty((len(count), self.points), dtype=np.float32)
            self.together(count, together)
        own = count[:, self.starters].astype(np.float64)
        starting, starts = own.dot(self.starting), own.sum(axis=1)
        others = together.sum(axis=1, dtype=np.float64) - starts
        enough = np.minimum(starts, others) >= len(self.known)
        found = self._settled(together, starting, enough, short=True)
        if np.isnan(found[enough]).any():  # half the digits do not do where columns nearly add up
            again = self._settled(together, starting, enough, short=False)
            found = np.where(np.isnan(found), again, found)
        return found / self.scale

    def _settled(
        self, together: Floats, starting: FloatArray, enough: BoolArray, *, short: bool
    ) -> FloatArray:
        """Return coefficients of scaled columns, given covariates added up over who starts.

        Long steps are found on sums of half the digits, or of all.
        """
        beta, length = np.tile(self.known, (len(enough), 1)), np.full(len(enough), np.inf)
        information, open_ = np.zeros((*beta.shape, len(self.known))), enough.copy()
        near, found = np.zeros(len(enough), dtype=bool), np.full(beta.shape, np.nan)
        for step in range(MOST_STEPS):
            if not open_.any():
                break
            at = None if short and not step else beta
            expected, fresh = self._sums(together, at, short=short, squares=True)
            information[open_] = fresh[open_]
            before = length
            length = _step(beta, information, starting - expected, open_)
            open_ &= length <= before / 2.0  # which a step that is no number is not
            near |= open_ & (length <= NEAR)
            open_ &= ~near
        open_ = near
        for step in range(MOST_STEPS):
            if not open_.any():
                break
            expected, fresh = self._sums(together, beta, short=False, squares=not step)
            if not step:
                information[open_] = fresh[open_]
            before = length
            length = _step(beta, information, starting - expected, open_)
            there = open_ & (length < CLOSE) & (length**2 <= AIM * before)
            found[there] = beta[there]
            open_ = open_ & ~there & (length <= NEAR)
        return np.where(np.abs(found).max(axis=1, keepdims=True) > SEPARATED, np.nan, found)

    def index(self, coefs: FloatArray, rows: slice) -> FloatArray:
        """Return the linear index of rows, whole start years, by several coefficients, (B, r)."""
        scaled, index = coefs * self.scale, np.empty((len(coefs), rows.stop - rows.start))
        for part in self.parts:
            if rows.start <= part.rows.start and part.rows.stop <= rows.stop:
                here = slice(part.rows.start - rows.start, part.rows.stop - rows.start)
                index[:, here] = part.index(scaled).take(part.place, axis=1)
        return index

    def at_points(self, coefs: FloatArray) -> FloatArray:
        """Return the linear index of points by several coefficients, shape (B, points)."""
        scaled = coefs * self.scale
        return np.concatenate([part.index(scaled) for part in self.parts], axis=1)

    def _sums(
        self, together: Floats, beta: FloatArray | None, *, short: bool, squares: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Return who is expected to start by covariates, and the information if asked for.

        At the known coefficients if none are given.
        """
        many, k = len(together), len(self.known)
        expected, information = np.zeros((many, k)), np.zeros((many, k, k))
        for part in self.parts:
            count = together[:, part.points]
            if beta is None:
                first, second = np.split(count.dot(part.known), [len(part.columns)], axis=1)
            else:
                first, second = part.sums(count, beta, short=short, squares=squares)
            expected[:, part.columns] += first
            if squares:
                one, other = part.columns[np.stack(np.triu_indices(len(part.columns)))]
                information[:, one, other] += second
        one, other = np.triu_indices(k, 1)
        information[:, other, one] = information[:, one, other]
        return expected, information


def _step(
    beta: FloatArray, information: FloatArray, gradient: FloatArray, some: BoolArray
) -> FloatArray:
    """Move some draws by Newton's step; return how long it is of each, shape (B,).

    It is NaN where rounding has left nothing of a column, and 0 of the others.
    """
    step = np.zeros(beta.shape)
    step[some] = _steps(information[some], gradient[some])
    beta += step
    return np.asarray(np.abs(step).max(axis=1))


def _steps(information: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return Newton's steps, shape (B, k); NaN where rounding has left nothing of a column."""
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        if len(information) == 1:  # a value that nobody drawn has
            return np.full(gradient.shape, np.nan)
        alone = zip(information[:, None], gradient[:, None], strict=True)
        return np.concatenate([_steps(*one) for one in alone])
    left, size = (np.diagonal(of, axis1=1, axis2=2) for of in (factor, information))
    clear = np.all(left >= DEPENDENT * np.sqrt(size), axis=1, keepdims=True)
    return np.where(clear, np.linalg.solve(information, gradient[:, :, None])[:, :, 0], np.nan)


@dataclass(frozen=True, eq=False)
class _Model:
    """One model of a score: its rows, what it is fitted to, its fit, and the same made ready."""

    rows: slice
    design: Design
    y: BoolArray
    fit: LogitFit
    refit: Refit

    def coefs(
        self, count: Floats, together: Floats, link: Link, failed: dict[int, SupportError]
    ) -> FloatArray:
        """Return the coefficients on some draws, shape (B, k); see `Rescored.fit`."""
        coefs = np.full((len(count), len(self.fit.coef)), np.nan)
        if link == "logit":
            coefs = self.refit.coefs(count, together)
        for b in np.flatnonzero(np.isnan(coefs[:, 0])).tolist():
            coefs[b] = 0.0
            if b not in failed and count[b].any():
                own, start = count[b].astype(np.int64), self.fit.coef
                try:
                    coefs[b] = fit_logit(
                        self.design, self.y, names=self.fit.names, start=start, count=own, link=link
                    ).coef
                except SupportError as error:
                    failed[b] = error
        return coefs


@dataclass(frozen=True, eq=False)
class Rescored:
    """A propensity score, ready to be estimated with rows counted otherwise.

    Rows of a start year that are alike in all it is a function of are one point.
    """

    models: tuple[_Model, ...]
    link: Link

    @classmethod
    def of(cls, risk: RiskSet, design: Design, score: Score, *, pooled: bool) -> Rescored:
        """Make the models of a score ready.

        Parameters
        ----------
        risk
            The stacked risk sets, m rows.
        design
            What the score is a function of, m rows.
        score
            The score; only a logit is fitted again in few steps.
        pooled
            Whether it is one model for all start years, or one for each.
        """
        models = []
        for c, fit in zip(risk.start_years.tolist(), score.models.values(), strict=not pooled):
            rows = slice(0, len(risk.start_year))
            own = with_start_years(design, risk.start_year)
            if not pooled:
                rows = slice(*np.searchsorted(risk.start_year, [c, c + 1]).tolist())
                own = design.between(rows).beside_constant()
            y = risk.treated[rows]
            refit = Refit.of(own, y, fit, risk.start_year[rows])
            models.append(_Model(rows, own, y, fit, refit))
        return cls(tuple(models), score.link)

    @cached_property
    def point(self) -> IntArray:
        """The point that each row is, shape (m,)."""
        return np.concatenate([model.refit.point + points.start for model, points in self._points])

    @cached_property
    def _points(self) -> list[tuple[_Model, slice]]:
        """The models, and which points are theirs."""
        ends = np.cumsum([0, *(model.refit.points for model in self.models)])
        slices = itertools.starmap(slice, itertools.pairwise(ends.tolist()))
        return list(zip(self.models, slices, strict=True))

    def together(self, count: Floats) -> Floats:
        """Return how often points count where rows count as `count` says, shape (B, points)."""
        found = np.empty((len(count), self._points[-1][1].stop), dtype=np.float32)
        for model, points in self._points:
            model.refit.together(count[:, model.rows], found[:, points])
        return found

    def fit(
        self, count: Floats, failed: dict[int, SupportError], together: Floats | None = None
    ) -> list[FloatArray]:
        """Return the coefficients of each model on some draws, shape (B, k).

        Parameters
        ----------
        count
            How often each row counts on each draw, shape (B, m).
        failed
            Draws without a score, and why; those that turn out to have none are added.
        together
            What `together` returns, if that is known.
        """
        if together is None:
            together = self.together(count)
        return [
            model.coefs(count[:, model.rows], together[:, points], self.link, failed)
            for model, points in self._points
        ]

    def at_points(self, coefs: Sequence[FloatArray]) -> FloatArray:
        """Return the log odds of points by what `fit` found, shape (B, points)."""
        found = [model.refit.at_points(own) for model, own in zip(self.models, coefs, strict=True)]
        index = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
        return log_odds(index, self.link)[0]

    def index(self, coefs: Sequence[FloatArray], rows: slice) -> FloatArray:
        """Return the log odds of rows, whole start years, by what `fit` found, shape (B, r).

        Rows of a start year in which nobody counts have 0.
        """
        found = [
            model.refit.index(own, slice(first, last))
            for model, own in zip(self.models, coefs, strict=True)
            if (first := max(rows.start - model.rows.start, 0))
            < (last := min(rows.stop, model.rows.stop) - model.rows.start)
        ]
        index = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
        return log_odds(index, self.link)[0]
