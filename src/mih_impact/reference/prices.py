"""Fixed prices: from the kroner of one year to those of another.

Nominal NOK of year y in prices of p is ``x * index[p] / index[y]``. A year without an index is an
error that names the range there is: no index is ever extrapolated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mih_impact.errors import AssumptionError, PanelContractError
from mih_impact.reference.rows import Row, rows
from mih_impact.storage import saveable

__all__ = ["PriceIndex", "grunnbelop"]


@saveable("PriceIndex")
@dataclass(frozen=True)
class PriceIndex:
    """A yearly price index.

    Parameters
    ----------
    years : tuple of int
        The years, ascending.
    values : tuple of float
        The index of each year; the base year plays no part.
    name
        What it measures, for labels and messages.
    source
        Who publishes it.

    Raises
    ------
    PanelContractError
        When years are missing or twice, or an index is not a positive number.

    Examples
    --------
    >>> round(PriceIndex.kpi().factor(2015, 2024), 3)
    1.336
    """

    years: tuple[int, ...]
    values: tuple[float, ...]
    name: str
    source: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "years", tuple(int(year) for year in self.years))
        object.__setattr__(self, "values", tuple(float(value) for value in self.values))
        if not self.years or len(self.years) != len(self.values):
            raise PanelContractError(
                "A price index needs one value a year",
                found=f"{len(self.years)} years and {len(self.values)} values",
            )
        if any(
            later <= earlier for earlier, later in zip(self.years, self.years[1:], strict=False)
        ):
            raise PanelContractError("The years of a price index must ascend, each of them once")
        wrong = [y for y, v in zip(self.years, self.values, strict=True) if not 0 < v < np.inf]
        if wrong:
            raise PanelContractError(
                "A price index must be positive", found=f"not so in {_listed(wrong)}"
            )

    @classmethod
    def kpi(cls) -> PriceIndex:
        """Return Statistics Norway's consumer price index, as shipped."""
        return _kpi()

    @classmethod
    def from_mapping(
        cls, index: Mapping[int, SupportsFloat], *, name: str = "own index", source: str = "user"
    ) -> PriceIndex:
        """Return an index of your own, year by year.

        Examples
        --------
        >>> PriceIndex.from_mapping({2024: 100, 2025: 103}).factor(2024, 2025)
        1.03
        """
        years = sorted(index)
        return cls(tuple(years), tuple(float(index[year]) for year in years), name, source)

    @property
    def range(self) -> str:
        """The years there is an index for, as displayed."""
        return f"{self.years[0]}-{self.years[-1]}"

    def factor(self, year: int, price_year: int) -> float:
        """Return what one krone of `year` is in prices of `price_year`."""
        return float(self.factors([year], price_year)[0])

    def factors(self, years: ArrayLike, price_year: int) -> NDArray[np.float64]:
        """Return what one krone of each year is in prices of `price_year`.

        Parameters
        ----------
        years : array-like of int, shape (n,)
            Years of the nominal amounts.
        price_year
            Year of the fixed prices.

        Returns
        -------
        numpy.ndarray, shape (n,)
            ``index[price_year] / index[year]``.

        Raises
        ------
        PanelContractError
            When a year has no index; the message names the range there is.
        """
        wanted = np.asarray(years).astype(np.int64)
        index = dict(zip(self.years, self.values, strict=True))
        missing = sorted({*wanted.ravel().tolist(), int(price_year)} - index.keys())
        if missing:
            raise PanelContractError(
                f"There is no {self.name} for {_listed(missing)}",
                found=f"an index for {self.range}",
                do="Choose years within it, or pass your own: PriceIndex.from_mapping({2026: ...})",
            )
        return np.array([index[int(price_year)] / index[year] for year in wanted.tolist()])


def grunnbelop(year: int, *, average: bool = True) -> float:
    """Return the National Insurance basic amount (G).

    Parameters
    ----------
    year
        Calendar year.
    average
        The average of the year (four months at the old amount, eight at the new), else the amount
        in force from 1 May.

    Returns
    -------
    float
        NOK, nominal.

    Raises
    ------
    AssumptionError
        When the year is not shipped.

    Examples
    --------
    >>> grunnbelop(2024), grunnbelop(2024, average=False)
    (122225.0, 124028.0)
    """
    name = "grunnbelop_annual_average" if average else "grunnbelop_1_may"
    amounts = {row.year: row for row in rows("grunnbelop") if row.name == name}
    if year not in amounts:
        known = [known for known in amounts if known is not None]
        raise AssumptionError(
            f"There is no basic amount (G) for {year}", found=f"{min(known)}-{max(known)}"
        )
    return amounts[year].number


@cache
def _kpi() -> PriceIndex:
    found: list[Row] = [row for row in rows("kpi") if row.year is not None]
    return PriceIndex(
        years=tuple(row.year for row in found if row.year is not None),
        values=tuple(row.number for row in found),
        name="consumer price index",
        source=found[0].source,
    )


def _listed(years: Iterable[int]) -> str:
    return ", ".join(map(str, years))
