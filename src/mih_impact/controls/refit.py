"""A logit fitted again and again to the same rows, each counted as often as its person is drawn.

What does not depend on the draw is done once: rows are written out in standard deviations, and the
columns that are zero throughout a block (terms of other start years) are left out of it. A draw is
near the known fit, so that Newton's steps need no line search; where they do not settle as they
should, nothing is returned, and `fit_logit` has the last word.

Several draws take a step together: rows are read once for all of them, and sums over rows are
products of matrices. These are taken by `dot`, which lets other threads run, and not by `@`, which
does not (NumPy 2.4).

Drawing persons and then building risk sets gives the same rows as building them once and taking
rows again, since eligibility, characteristics and exact cells go with the person, and a cell that
holds both sides of a draw holds both sides of everybody. By month it does not: the months that
candidates are compared from hang on who else is drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Coded, Design, Indicators
from mih_impact.controls.logit import DEPENDENT, SEPARATED, Link, LogitFit, fit_logit, log_odds
from mih_impact.controls.nearest import SAME, Line, Neighbours, nearest_within
from mih_impact.controls.propensity import Score, with_start_years
from mih_impact.controls.risk_set import RiskSet, cells
from mih_impact.errors import SupportError

__all__ = ["Cells", "DrawnRiskSet", "Refit", "Rescored"]

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
#: Bins that a line of scores is cut into, over all cells.
BINS = 2**15


@dataclass(frozen=True, eq=False)
class _Part:
    """The rows of a start year, or all of them.

    Attributes
    ----------
    rows
        Which, one after the other.
    columns
        Columns that are not zero throughout, shape (c,).
    M, short
        These columns in standard deviations, shape (c, r), and the same with half the digits.
    """

    rows: slice
    columns: IntArray
    M: FloatArray
    short: Floats

    @classmethod
    def of(cls, rows: slice, M: FloatArray) -> _Part:
        """Leave out columns, shape (k, r), that are zero throughout."""
        columns = np.flatnonzero(M.any(axis=1))
        M = np.ascontiguousarray(M[columns])
        return cls(rows, columns, M, M.astype(np.float32))

    def sums(
        self, count: Floats, beta: FloatArray, *, short: bool, squares: bool
    ) -> tuple[Floats, Floats]:
        """Return sums over rows as often as they count, shapes (B, c) and (B, c (c + 1) / 2).

        Of covariates times the chance of starting; and, if asked for, of products of two covariates
        times its variance.
        """
        M = self.short if short else self.M
        minus = (-beta[:, self.columns]).astype(M.dtype)
        one, other = np.triu_indices(len(M))
        first = np.zeros((len(beta), len(M)), M.dtype)
        second = np.zeros((len(beta), len(one) if squares else 0), M.dtype)
        for begin in range(0, M.shape[1], ROWS):
            X = M[:, begin : begin + ROWS]
            at = self.rows.start + begin
            chance = minus.dot(X)
            with np.errstate(over="ignore"):  # a chance of nothing
                np.exp(chance, out=chance)
            chance += 1.0
            np.divide(1.0, chance, out=chance)
            expected = count[:, at : at + X.shape[1]] * chance
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
        bounds = [0, *(np.flatnonzero(np.diff(start_year)) + 1).tolist(), len(start_year)]
        parts = tuple(
            _Part.of(rows, design.block(rows).T / scale[:, None])
            for rows in itertools.starmap(slice, itertools.pairwise(bounds))
        )
        starters = np.flatnonzero(y)
        return cls(parts, starters, design.take(starters) / scale, scale, fit.coef * scale)

    def coefs(self, count: Floats) -> FloatArray:
        """Return a logit's coefficients on some draws, shape (B, k); NaN for one it is unsure of.

        Rows count as `count` says, shape (B, m). No draw changes the numbers of another.

        Notes
        -----
        Steps square as Newton's do. Once they are short the information is no longer reckoned anew,
        and a step leaves the share of itself that it was of the step before.
        """
        own = count[:, self.starters].astype(np.float64)
        starting, starts = own.dot(self.starting), own.sum(axis=1)
        others = count.sum(axis=1, dtype=np.float64) - starts
        enough = np.minimum(starts, others) >= len(self.known)
        found = self._settled(count, starting, enough, short=True)
        if np.isnan(found[enough]).any():  # half the digits do not do where columns nearly add up
            again = self._settled(count, starting, enough, short=False)
            found = np.where(np.isnan(found), again, found)
        return found / self.scale

    def _settled(
        self, count: Floats, starting: FloatArray, enough: BoolArray, *, short: bool
    ) -> FloatArray:
        """Return coefficients of scaled columns, given covariates added up over who starts.

        Long steps are found on sums of half the digits, or of all.
        """
        beta, length = np.tile(self.known, (len(count), 1)), np.full(len(count), np.inf)
        information, open_ = np.zeros((*beta.shape, len(self.known))), enough.copy()
        near, found = np.zeros(len(count), dtype=bool), np.full(beta.shape, np.nan)
        for _ in range(MOST_STEPS):
            if not open_.any():
                break
            expected, fresh = self._sums(count, beta, short=short, squares=True)
            information[open_] = fresh[open_]
            before = length
            length = _step(beta, information, starting - expected, open_)
            open_ &= length <= before / 2.0  # which a step that is no number is not
            near |= open_ & (length <= NEAR)
            open_ &= ~near
        open_ = near
        for _ in range(MOST_STEPS):
            if not open_.any():
                break
            expected, _ = self._sums(count, beta, short=False, squares=False)
            before = length
            length = _step(beta, information, starting - expected, open_)
            there = open_ & (length < CLOSE) & (length**2 <= AIM * before)
            found[there] = beta[there]
            open_ = open_ & ~there & (length <= NEAR)
        return np.where(np.abs(found).max(axis=1, keepdims=True) > SEPARATED, np.nan, found)

    def index(self, coefs: FloatArray, rows: slice) -> FloatArray:
        """Return the linear index of rows, whole start years, by several coefficients, (B, r).

        Added up column by column, so that equal rows have equal ones; see `Design.index`.
        """
        scaled, index = coefs * self.scale, np.empty((len(coefs), rows.stop - rows.start))
        for part in self.parts:
            if rows.start <= part.rows.start and part.rows.stop <= rows.stop:
                here = slice(part.rows.start - rows.start, part.rows.stop - rows.start)
                np.einsum("bk,kn->bn", scaled[:, part.columns], part.M, out=index[:, here])
        return index

    def _sums(
        self, count: Floats, beta: FloatArray, *, short: bool, squares: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Return who is expected to start by covariates, and the information if asked for."""
        many, k = beta.shape
        expected, information = np.zeros((many, k)), np.zeros((many, k, k))
        for part in self.parts:
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

    def coefs(self, count: Floats, link: Link, failed: dict[int, SupportError]) -> FloatArray:
        """Return the coefficients on some draws, shape (B, k); see `Rescored.fit`."""
        coefs = np.full((len(count), len(self.fit.coef)), np.nan)
        if link == "logit":
            coefs = self.refit.coefs(count)
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
    """A propensity score, ready to be estimated with rows counted otherwise."""

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

    def fit(self, count: Floats, failed: dict[int, SupportError]) -> list[FloatArray]:
        """Return the coefficients of each model on some draws, shape (B, k).

        Parameters
        ----------
        count
            How often each row counts on each draw, shape (B, m).
        failed
            Draws without a score, and why; those that turn out to have none are added.
        """
        return [model.coefs(count[:, model.rows], self.link, failed) for model in self.models]

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


@dataclass(frozen=True, eq=False)
class Cells:
    """Start year and exact values of the rows of risk sets.

    Attributes
    ----------
    cell
        The cell of each row, shape (m,).
    starters
        Rows that start, ascending.
    candidates
        Rows that could have, cell by cell.
    begin
        Where each cell begins among these.
    """

    cell: IntArray
    starters: IntArray
    candidates: IntArray
    begin: IntArray

    @classmethod
    def of(cls, risk: RiskSet) -> Cells:
        """Give each cell a number; all of them hold both sides."""
        columns = [
            Coded(part.codes, part.categories)
            for part in risk.exact_design.parts
            if isinstance(part, Indicators)
        ]
        cell = cells(risk.start_year, columns, np.ones(len(risk.person), dtype=bool))
        candidates = np.flatnonzero(~risk.treated)
        candidates = candidates[np.argsort(cell[candidates], kind="stable")]
        begin = np.searchsorted(cell[candidates], np.arange(int(cell.max()) + 1))
        return cls(cell, np.flatnonzero(risk.treated), candidates, begin)

    def require_both(self, count: Floats) -> None:
        """Leave rows out of a draw, (m,), whose cell does not hold both sides: they count 0.

        Raises
        ------
        SupportError
            No cell holds both sides.
        """
        both = np.add.reduceat(count[self.candidates], self.begin) > 0
        starts = np.zeros(len(both), dtype=bool)
        starts[self.cell[self.starters[count[self.starters] > 0]]] = True
        both &= starts
        if not both.any():
            raise SupportError("No exact cell holds both sides", found="one draw of persons")
        if not both.all():
            count *= both[self.cell]

    def reach(self, score: FloatArray, many: int) -> FloatArray:
        """Return how far each starter has so many candidates on either side, shape (starters,)."""
        line = Line.of(score[self.candidates], self.cell[self.candidates])
        own, cell = score[self.starters], self.cell[self.starters]
        found = np.empty(len(own))
        for c in np.unique(cell).tolist():
            among, here = line.score[line.bounds[c] : line.bounds[c + 1]], cell == c
            at = np.searchsorted(among, own[here])
            low, high = np.maximum(at - many, 0), np.minimum(at + many, len(among) - 1)
            found[here] = np.maximum(own[here] - among[low], among[high] - own[here])
        return found

    def nearest(
        self, count: IntArray, score: FloatArray, reach: FloatArray, ratio: int, limit: float
    ) -> tuple[IntArray, Neighbours]:
        """Return who starts on a draw, and the nearest of each in its cell, by row.

        Parameters
        ----------
        count, score
            How often each row counts, and where it stands, shape (m,).
        reach
            Where the nearest are looked for first, shape (starters,): a longer look finds the same
            and takes longer.
        ratio, limit
            As in `nearest_within`.
        """
        often = count[self.starters]
        target, reach = np.repeat(self.starters, often), np.repeat(reach, often)
        own, cell = score[target], self.cell[target]
        targets, among = Line.of(own, cell), score[self.candidates]
        low, high = min(among.min(), own.min()), max(among.max(), own.max())
        bins = _Bins(low, high, max(BINS // len(self.begin), 16))
        place, drawn = bins.of(among, self._cells), (count > 0)[self.candidates]
        while True:
            around = bins.marked(own - reach, own + reach, cell, len(self.begin))
            line = self._line(self.candidates[drawn & around[place]], count, score)
            found = nearest_within(targets, line, ratio, limit)
            # Whoever is within reach was looked at.
            short = ~(_farthest(found, own, score, ratio) + SAME <= reach)
            short &= reach <= min(limit + SAME, high - low)
            if not short.any():
                return target, found
            reach = np.where(short, 4.0 * reach + SAME, reach)

    @cached_property
    def _cells(self) -> IntArray:
        """The cell of each candidate."""
        return self.cell[self.candidates]

    def _line(self, rows: IntArray, count: IntArray, score: FloatArray) -> Line:
        """Return rows in line, each as often as it counts."""
        line = Line.of(score[rows], self.cell[rows])
        rows = rows[line.order]
        many = count[rows]
        bounds = np.concatenate([[0], np.cumsum(many)])[line.bounds]
        return Line(np.repeat(rows, many), np.repeat(line.score, many), bounds)


def _farthest(found: Neighbours, own: FloatArray, score: FloatArray, ratio: int) -> FloatArray:
    """Return how far the farthest of the nearest is, infinity where they are fewer, shape (n,)."""
    far = np.full(len(own), np.inf)
    if len(found.member):
        of_set = score[found.control]
        begin = np.searchsorted(found.member, np.arange(int(found.member[-1]) + 1))
        low, high = np.minimum.reduceat(of_set, begin), np.maximum.reduceat(of_set, begin)
        has = found.set_of >= 0
        chosen = found.set_of[has]
        most = np.maximum(own[has] - low[chosen], high[chosen] - own[has])
        far[has] = np.where(np.bincount(found.member)[chosen] >= ratio, most, np.inf)
    return far


@dataclass(frozen=True)
class _Bins:
    """Equal parts of a line, one after the other for each cell."""

    low: float
    high: float
    many: int

    def of(self, score: FloatArray, cell: IntArray) -> IntArray:
        """Return the bin of each score; a larger one is in no lower bin."""
        per = self.many / max(self.high - self.low, SAME)
        place = ((score - self.low) * per).astype(np.int64)
        place += cell * (self.many + 2)
        return place

    def marked(self, low: FloatArray, high: FloatArray, cell: IntArray, cells: int) -> BoolArray:
        """Return which bins hold anything between some ends."""
        edges = np.zeros(cells * (self.many + 2) + 1, dtype=np.int64)
        np.add.at(edges, self.of(np.maximum(low, self.low), cell), 1)
        np.add.at(edges, self.of(np.minimum(high, self.high), cell) + 1, -1)
        return np.asarray(np.cumsum(edges) > 0)


@dataclass(frozen=True, eq=False)
class DrawnRiskSet:
    """Risk sets of a draw.

    Attributes
    ----------
    risk
        Its rows. A person who is drawn twice is two persons, numbered as drawn, while `cube` stays
        that of everybody: what is read from it is read by `row`.
    row
        The row of everybody's risk sets that each is, ascending, shape (m,).
    """

    risk: RiskSet
    row: IntArray

    @classmethod
    def of(cls, risk: RiskSet, cell: IntArray, counts: IntArray, count: IntArray) -> DrawnRiskSet:
        """Take rows as often as persons are drawn.

        Parameters
        ----------
        risk
            Everybody's risk sets, in a panel by year.
        cell
            The start year and exact cell of each row; see `Cells`.
        counts
            How often each person of the cube is drawn.
        count
            How often each row is in the risk sets of this draw.
        """
        row = np.repeat(np.arange(len(count)), count)
        first = np.cumsum(counts) - counts
        copy = np.arange(len(row)) - (np.cumsum(count) - count)[row]
        nobody = Design((), (), (), len(row))
        again = replace(
            risk,
            person=first[risk.person[row]] + copy,
            start=risk.start[row],
            start_year=risk.start_year[row],
            treated=risk.treated[row],
            cell=cell[row],
            design=risk.design.again(row),
            exact_design=nobody,
        )
        return cls(again, row)
