"""A logit fitted again and again to the same rows, each counted as often as its person is drawn.

What does not depend on the draw is done once: rows are written out in standard deviations, the
columns that are zero throughout a block (terms of other start years) are left out of it, and the
known fit gives the first step. A draw is near it, so that Newton's steps need no line search; where
they do not settle as they should, nothing is returned, and `fit_logit` has the last word.

Draws run in threads: products are taken by `dot`, which lets other threads run, and not by `@`,
which does not (NumPy 2.4).

Drawing persons and then building risk sets gives the same rows as building them once and taking
rows again, since eligibility, characteristics and exact cells go with the person, and a cell that
holds both sides of a draw holds both sides of everybody. By month it does not: the months that
candidates are compared from hang on who else is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve

from mih_impact.controls.design import Coded, Design, Indicators
from mih_impact.controls.logit import (
    SEPARATED,
    Link,
    LogitFit,
    clear_factor,
    fit_logit,
    log_odds,
)
from mih_impact.controls.propensity import Score, with_start_years
from mih_impact.controls.risk_set import RiskSet, cells
from mih_impact.errors import SupportError

__all__ = ["DrawnRiskSet", "Refit", "Rescored", "exact_cells"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Rows that are added up at a time: few calls, and what a processor's cache still holds.
ROWS = 16_384
#: After a step of this length the information is known well enough for the steps to come.
NEAR = 1e-3
#: Coefficients, in standard deviations of their covariates, are good to this, which Newton's step
#: after one of this length is.
AIM, CLOSE = 1e-13, 1e-7
MOST_STEPS = 20
#: Beyond this log odds nobody's chance changes any more, and the exponential might overflow.
CERTAIN = 700.0


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows that follow one another.

    Attributes
    ----------
    rows
        Which.
    columns
        Columns that are not zero throughout, shape (c,).
    M
        These columns in standard deviations, shape (c, r).
    y, residual
        Who starts, and what the known fit leaves of it, shape (r,).
    """

    rows: slice
    columns: IntArray
    M: FloatArray
    y: FloatArray
    residual: FloatArray

    def drawn(self, count: FloatArray) -> _CountedRows:
        """Return the rows that count at all."""
        few = np.flatnonzero(count[self.rows])
        own = count[self.rows][few]
        return _CountedRows(
            self.columns, self.M[:, few], own, own * self.y[few], own * self.residual[few]
        )


@dataclass(frozen=True, eq=False)
class _CountedRows:
    """The rows of a part that count: how often, how often as starters, and what is left of that."""

    columns: IntArray
    M: FloatArray
    count: FloatArray
    starts: FloatArray
    residual: FloatArray

    def chance(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what the chances of starting add up to on each row, and their variance."""
        odds = np.exp(np.minimum(beta[self.columns].dot(self.M), CERTAIN))
        expected = self.count * odds / (1.0 + odds)
        return expected, expected / (1.0 + odds)


@dataclass(frozen=True, eq=False)
class Refit:
    """A fitted logit, ready to be fitted again with other weights on its rows.

    Attributes
    ----------
    parts
        The rows.
    scale
        What each column is divided by, shape (k,).
    known
        The known coefficients of the scaled columns, shape (k,).
    cov
        Their covariance, shape (k, k).
    """

    parts: tuple[_Part, ...]
    scale: FloatArray
    known: FloatArray
    cov: FloatArray

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
            Start year of each row, ascending, shape (m,): blocks are of one.
        """
        scale = np.array([float(design.column(k).std()) for k in range(design.width)])
        scale = np.where(scale > 0, scale, 1.0)
        known = fit.coef * scale
        parts = []
        for rows in _blocks(start_year):
            M = design.block(rows).T / scale[:, None]
            columns = np.flatnonzero(M.any(axis=1))
            M = np.ascontiguousarray(M[columns])
            odds = np.exp(np.minimum(known[columns] @ M, CERTAIN))
            own = y[rows].astype(np.float64)
            parts.append(_Part(rows, columns, M, own, own - odds / (1.0 + odds)))
        return cls(tuple(parts), scale, known, fit.cov * np.outer(scale, scale))

    def coef(self, count: IntArray) -> FloatArray | None:
        """Return the coefficients with rows counted as `count` says, shape (k,); None if unsure.

        Notes
        -----
        The first step takes the known information for that of the draw, and needs no exponentials.
        Steps square as Newton's do; once they are short the information is no longer reckoned anew,
        and a step leaves the share of itself that it was of the step before.
        """
        drawn = [part.drawn(count.astype(np.float64)) for part in self.parts]
        if not self._enough(drawn):
            return None
        step = self.cov @ self._sum(drawn, [one.residual for one in drawn])
        beta, length = self.known + step, float(np.abs(step).max())
        factor: tuple[FloatArray, bool] | None = None
        for _ in range(MOST_STEPS):
            again = factor is None or length > NEAR
            gradient, information = self._at(drawn, beta, again=again)
            try:
                factor = factor if information is None else clear_factor(information)
            except np.linalg.LinAlgError:  # a value that nobody drawn has
                return None
            assert factor is not None
            step, before = np.asarray(cho_solve(factor, gradient)), length
            beta, length = beta + step, float(np.abs(step).max())
            if not (length <= before / 2.0 or length < CLOSE) or np.abs(beta).max() > SEPARATED:
                return None
            if length < CLOSE and (again or length**2 <= AIM * before):
                return beta / self.scale
        return None

    def _enough(self, drawn: list[_CountedRows]) -> bool:
        """Return whether each side has as many as there are coefficients."""
        starts = sum(float(one.starts.sum()) for one in drawn)
        others = sum(float(one.count.sum()) for one in drawn) - starts
        return min(starts, others) >= len(self.known)

    def _sum(self, drawn: list[_CountedRows], values: list[FloatArray]) -> FloatArray:
        """Return the sum over rows of covariates times a value, shape (k,)."""
        total = np.zeros(len(self.known))
        for one, value in zip(drawn, values, strict=True):
            total[one.columns] += one.M.dot(value)
        return total

    def _at(
        self, drawn: list[_CountedRows], beta: FloatArray, *, again: bool
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return the gradient of the log likelihood, and its information if asked for."""
        chances = [one.chance(beta) for one in drawn]
        left = [one.starts - expected for one, (expected, _) in zip(drawn, chances, strict=True)]
        if not again:
            return self._sum(drawn, left), None
        information = np.zeros((len(beta), len(beta)))
        for one, (_, variance) in zip(drawn, chances, strict=True):
            information[np.ix_(one.columns, one.columns)] += (one.M * variance).dot(one.M.T)
        return self._sum(drawn, left), information


def _blocks(start_year: IntArray) -> Iterator[slice]:
    """Yield the rows of each block: one start year, and not too many."""
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(start_year)) + 1, [len(start_year)]])
    for first, last in pairwise(bounds.tolist()):
        for begin in range(first, last, ROWS):
            yield slice(begin, min(begin + ROWS, last))


@dataclass(frozen=True, eq=False)
class _Model:
    """One model of a score: its rows, what it is fitted to, its fit, and the same made ready."""

    rows: slice
    design: Design
    y: BoolArray
    fit: LogitFit
    refit: Refit | None


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
            rows = slice(len(risk.start_year))
            own = with_start_years(design, risk.start_year)
            if not pooled:
                rows = slice(*np.searchsorted(risk.start_year, [c, c + 1]).tolist())
                own = design.between(rows).beside_constant()
            y = risk.treated[rows]
            refit = Refit.of(own, y, fit, risk.start_year[rows]) if score.link == "logit" else None
            models.append(_Model(rows, own, y, fit, refit))
        return cls(tuple(models), score.link)

    def index(self, count: IntArray) -> FloatArray:
        """Return the log odds of every row with rows counted as `count` says, shape (m,).

        Rows of a start year in which nobody counts have 0.

        Raises
        ------
        SupportError
            As `fit_logit`.
        """
        index = np.zeros(len(count))
        for model in self.models:
            own = count[model.rows]
            if not own.any():
                continue
            coef = None if model.refit is None else model.refit.coef(own)
            if coef is None:
                names, start = model.fit.names, model.fit.coef
                coef = fit_logit(
                    model.design, model.y, names=names, start=start, count=own, link=self.link
                ).coef
            index[model.rows] = model.design.index(coef)
        return log_odds(index, self.link)[0]


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
    count
        How often each row of everybody's is one of them.
    """

    risk: RiskSet
    row: IntArray
    count: IntArray

    @classmethod
    def of(cls, risk: RiskSet, cell: IntArray, counts: IntArray) -> DrawnRiskSet:
        """Take rows as often as persons are drawn.

        Parameters
        ----------
        risk
            Everybody's risk sets, in a panel by year.
        cell
            The start year and exact cell of each row; see `exact_cells`.
        counts
            How often each person of the cube is drawn.

        Raises
        ------
        SupportError
            No cell holds both sides.
        """
        count = counts[risk.person]
        both = np.ones(int(cell.max()) + 1, dtype=bool)
        for side in (risk.treated, ~risk.treated):
            both &= np.bincount(cell[side & (count > 0)], minlength=len(both)) > 0
        count = np.where(both[cell], count, 0)
        if not count.any():
            raise SupportError("No exact cell holds both sides", found="one draw of persons")
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
        return cls(again, row, count)


def exact_cells(risk: RiskSet) -> IntArray:
    """Return the number of each row's start year and exact values, shape (m,)."""
    columns = [
        Coded(part.codes, part.categories)
        for part in risk.exact_design.parts
        if isinstance(part, Indicators)
    ]
    return cells(risk.start_year, columns, np.ones(len(risk.person), dtype=bool))
