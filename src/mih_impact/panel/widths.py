"""How many bytes the values of a cube take: eight, or four where four hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mih_impact.panel.contract import Dtype

__all__ = ["EIGHT", "Precision", "Widths"]

Precision = Literal["float64", "float32"]

#: Whole øre that four bytes hold.
MOST_ORE = 2**31 - 1


@dataclass(frozen=True)
class Widths:
    """The types that values are kept in; they are read out as float64 whatever these are.

    Attributes
    ----------
    number
        Type of number columns.
    exact
        Number columns that are kept in eight bytes all the same: those that can be outcomes.
    narrow
        Money columns whose øre are kept in four bytes, which loses nothing.
    """

    number: type[np.floating[Any]] = np.float64
    narrow: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        precision: Precision,
        money: Iterable[str],
        extremes: Mapping[str, tuple[float, float]],
        *,
        per_year: int,
        exact: Iterable[str] = (),
    ) -> Widths:
        """Return the types for a precision.

        Parameters
        ----------
        precision
            "float64" keeps everything in eight bytes. "float32" keeps numbers in four, which have
            seven digits, unless they can be outcomes, and money in four where no year of anybody's
            can be too large for them.
        money
            The money columns.
        extremes
            Smallest and largest value of each, in kroner.
        per_year
            Periods in a year. By month amounts are kept as running totals, and these may go round:
            what a year adds is right as long as no year alone is too large.
        exact
            The number columns that can be outcomes.

        Examples
        --------
        >>> Widths.of("float32", ["aap"], {"aap": (0.0, 900_000.0)}, per_year=12).narrow
        frozenset({'aap'})
        """
        if precision == "float64":
            return EIGHT
        largest = {name: max(map(abs, extremes[name])) for name in money if name in extremes}
        fits = [name for name, kroner in largest.items() if kroner * 100 * per_year <= MOST_ORE]
        return cls(np.float32, frozenset(fits), frozenset(exact))

    def of_number(self, name: str) -> type[np.floating[Any]]:
        """Return the type of a number column."""
        return np.float64 if name in self.exact else self.number

    def ore(self, name: str) -> type[np.signedinteger[Any]]:
        """Return the type of a money column."""
        return np.int32 if name in self.narrow else np.int64

    def bytes(self, name: str, dtype: Dtype) -> int:
        """Return the bytes of a varying column's cell: money has øre and a flag for null."""
        if dtype == "category":
            return 4
        if dtype == "money":
            return np.dtype(self.ore(name)).itemsize + 1
        return np.dtype(self.of_number(name)).itemsize


EIGHT = Widths()
