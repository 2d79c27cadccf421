"""Risk sets of persons drawn again and again, and who is nearest in them on the line of a score.

Drawing persons and then building risk sets gives the same rows as building them once and taking
rows again, since eligibility, characteristics and exact cells go with the person, and a cell that
holds both sides of a draw holds both sides of everybody. By month it does not: the months that
candidates are compared from hang on who else is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Coded, Design, Indicators
from mih_impact.controls.nearest import SAME, Line, Neighbours, nearest_within
from mih_impact.controls.risk_set import RiskSet, cells
from mih_impact.errors import SupportError

__all__ = ["Cells", "DrawnRiskSet", "Near", "NearestOfDraws"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
Floats = NDArray[np.float64] | NDArray[np.float32]
IntArray = NDArray[np.int64]

#: Bins that a line of scores is cut into, over all cells.
BINS = 2**15
#: Candidates of a cell that are looked at first for one who is drawn.
FIRST = 16


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
        cell = np.unique(cell, return_inverse=True)[1]
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
        both: BoolArray = np.asarray((count[self._first] > 0).any(axis=1))
        if not both.all():
            both = np.add.reduceat(count[self.candidates], self.begin) > 0
        starts = np.zeros(len(both), dtype=bool)
        starts[self.cell[self.starters[count[self.starters] > 0]]] = True
        both &= starts
        if not both.any():
            raise SupportError("No exact cell holds both sides", found="one draw of persons")
        if not both.all():
            count *= both[self.cell]

    @cached_property
    def _first(self) -> IntArray:
        """The first candidates of each cell, shape (cells, `FIRST`); the last one fills it up."""
        last = np.append(self.begin[1:], len(self.candidates)) - 1
        place = np.minimum(self.begin[:, None] + np.arange(FIRST), last[:, None])
        return np.asarray(self.candidates[place])


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


@dataclass(frozen=True, eq=False)
class Near:
    """Who starts on a draw, and among whom the nearest to them are.

    Attributes
    ----------
    target, own, limit
        Rows that start, as often as drawn, their scores, and how far off the nearest may be.
    other, score, many
        Rows among which the nearest are, their scores, and how often each counts.
    """

    target: IntArray
    own: FloatArray
    limit: FloatArray
    other: IntArray
    score: FloatArray
    many: IntArray


@dataclass(frozen=True, eq=False)
class NearestOfDraws:
    """The nearest neighbours on a score that is another on each draw.

    A first look at a draw sorts nobody: the line of scores is cut into bins, and who is in a bin
    that is far from all who start is left out.

    Attributes
    ----------
    cells
        Start year and exact values of the rows, m of them.
    point
        Which of the points that have a score each row is, shape (m,).
    ratio
        As in `nearest_within`.
    """

    cells: Cells
    point: IntArray
    ratio: int

    def look(self, count: Floats, score: FloatArray, limit: float) -> Near:
        """Return who starts on a draw, and among whom the nearest of each in its cell are.

        Parameters
        ----------
        count
            How often each row counts, shape (m,).
        score
            Where points stand, shape (points,).
        limit
            The greatest distance allowed.
        """
        starters, candidates = self.cells.starters, self.cells.candidates
        target = np.repeat(starters, count[starters].astype(np.int64))
        # Places are listed: to pick by a mask takes several times as long.
        drawn = np.flatnonzero(count[candidates] > 0)
        low, high = score.min(), score.max()
        # None is narrower than distances that are the same.
        per = self._bins / max(high - low, 2.0 * SAME * self._bins)
        bins = ((score - low) * per).astype(np.int64)
        place = bins.take(self._points)
        place += self._begin
        place = place[drawn]
        own = bins[self.point[target]] + self.cells.cell[target] * (self._bins + 2)
        other = candidates[drawn[np.flatnonzero(self._around(own, place)[place])]]
        many, far = count[other].astype(np.int64), np.full(len(target), limit)
        return Near(target, score[self.point[target]], far, other, score[self.point[other]], many)

    def of(self, draws: Sequence[Near]) -> tuple[IntArray, Neighbours]:
        """Return who starts on some draws, and the nearest of each in its cell.

        The rows of draw b are numbered from b m on. All draws are looked through at once, the cells
        of one apart from those of another.
        """
        m, many_cells = len(self.point), len(self.cells.begin)
        target, other = (
            np.concatenate([b * m + getattr(one, side) for b, one in enumerate(draws)])
            for side in ("target", "other")
        )
        own, limit, score, many = (
            np.concatenate([getattr(one, name) for one in draws])
            for name in ("own", "limit", "score", "many")
        )
        starting, could = (
            self.cells.cell[rows % m] + rows // m * many_cells for rows in (target, other)
        )
        line = Line.of(score, could)
        many = many[line.order]
        bounds = np.concatenate([[0], np.cumsum(many)])[line.bounds]
        line = Line(np.repeat(other[line.order], many), np.repeat(line.score, many), bounds)
        return target, nearest_within(Line.of(own, starting), line, self.ratio, limit)

    def _around(self, own: IntArray, others: IntArray) -> BoolArray:
        """Return which bins may hold the nearest of those in `own` bins, among `others`.

        None of these is beyond the ratio-th on its side, counted from the next bin on; and who is
        as near may stand in the bin beside that one.
        """
        held = np.bincount(others, minlength=len(self.cells.begin) * (self._bins + 2) + 1)
        through = np.cumsum(held)
        begin = own - own % (self._bins + 2)
        first = np.searchsorted(through, through[own] - held[own] - self.ratio + 1) - 1
        last = np.searchsorted(through, through[own] + self.ratio) + 1
        edges = np.zeros(len(held), dtype=np.int64)
        np.add.at(edges, np.maximum(first, begin), 1)
        np.add.at(edges, np.minimum(last, begin + self._bins) + 1, -1)
        return np.asarray(np.cumsum(edges) > 0)

    @property
    def _bins(self) -> int:
        """Bins of a cell; an empty one is between those of two."""
        return max(BINS // len(self.cells.begin), 16)

    @cached_property
    def _points(self) -> IntArray:
        """The point that each candidate is."""
        return self.point[self.cells.candidates]

    @cached_property
    def _begin(self) -> IntArray:
        """The first bin of each candidate's cell."""
        return self.cells.cell[self.cells.candidates] * (self._bins + 2)
