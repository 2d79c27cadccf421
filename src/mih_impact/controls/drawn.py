"""The risk sets of a draw: rows as often as their person is drawn, in cells that still hold both.

Drawing persons and then building risk sets gives the same rows as building them once and taking
rows again, since eligibility, characteristics and exact cells go with the person, and a cell that
holds both sides of a draw holds both sides of everybody. By month it does not: the months that
candidates are compared from hang on who else is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.design import Coded, Design, Indicators
from mih_impact.controls.risk_set import RiskSet, cells
from mih_impact.errors import SupportError

__all__ = ["Drawn", "exact_cells"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
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
    def of(cls, risk: RiskSet, cell: IntArray, counts: IntArray) -> Drawn:
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
