"""Fixed prices: from the kroner of one year to those of another.

Nominal NOK of year y in prices of p is ``x * index[p] / index[y]``. A year without an index is an
error that names the range there is: no index is ever extrapolated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError, PanelContractError
from mih_impact.reference.rows import Row, rows

__all__ = ["PriceIndex", "adding", "grunnbelop"]


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
        """Return an index of your own, year by year: a whole series, on one base.

        Nothing is added to it. To add years to a series there is, see `extended`.

        Parameters
        ----------
        index
            Year -> index. The years that are asked for later must be in it.
        name, source
            What it measures and who publishes it, for labels and messages.

        Raises
        ------
        PanelContractError
            It is no mapping from whole years to positive numbers, or it follows the shipped index
            and then jumps, as two tables with different base years do.

        Examples
        --------
        >>> PriceIndex.from_mapping({2024: 100, 2025: 103}).factor(2024, 2025)
        1.03
        """
        given = _numbers(index)
        _require_one_base(given)
        return cls(tuple(given), tuple(given.values()), name, source)

    def extended(self, index: Mapping[int, SupportsFloat], *, source: str = "user") -> PriceIndex:
        """Return this index with more years.

        Parameters
        ----------
        index
            Year -> index, on any base: one year at least is in this index too, and the others are
            brought to its base by the last such year. Years that this index has keep its values.
        source
            Who publishes the added years.

        Returns
        -------
        PriceIndex

        Raises
        ------
        PanelContractError
            No year is in common, or prices rise otherwise between years in common: then it is
            another index.

        Notes
        -----
        With o the last year in common, year y gets ``index[y] * this[o] / index[o]``.

        Examples
        --------
        Statistics Norway publishes the index with 2025 = 100; 2024 is 97.0 there, say.

        >>> kpi = PriceIndex.kpi().extended({2024: 97.0, 2025: 100.0})
        >>> kpi.range, round(kpi.factor(2024, 2025), 3)
        ('2009-2025', 1.031)
        """
        given = _numbers(index)
        own = dict(zip(self.years, self.values, strict=True))
        common = [year for year in given if year in own]
        if not common:
            near = self.years[-1] if not given or min(given) > self.years[-1] else self.years[0]
            raise PanelContractError(
                f"The years to add have none in common with the {self.name}",
                found=f"{_listed(given) or 'no years'}; the index has {self.range}",
                do=f"give {near} too, from the same table: base years may differ then",
            )
        last = common[-1]
        apart = [y for y in common if not _agree(given[y] / given[last], own[y] / own[last])]
        if apart:
            raise PanelContractError(
                f"The years to add are of another index than the {self.name}",
                found=f"prices rise otherwise from {_listed(apart)} to {last}",
                do="take the years from the same index; a whole series of another one is "
                "PriceIndex.from_mapping({...})",
            )
        added = {y: value * own[last] / given[last] for y, value in given.items() if y not in own}
        years = sorted(own | added)
        sources = f"{self.source}; {_listed(added)}: {source}" if added else self.source
        values = tuple((own | added)[year] for year in years)
        return PriceIndex(tuple(years), values, self.name, sources)

    @property
    def range(self) -> str:
        """The years there is an index for, as displayed."""
        return f"{self.years[0]}-{self.years[-1]}"

    @property
    def told(self) -> dict[str, str]:
        """What provenance says of it: names, years, and digits that change with any value.

        Examples
        --------
        >>> PriceIndex.from_mapping({2024: 100, 2025: 103}, name="wages").told["years"]
        '2024-2025'
        """
        digest = hashlib.sha256(repr((self.years, self.values)).encode()).hexdigest()
        return {
            "name": self.name, "source": self.source, "years": self.range,
            "fingerprint": digest[:16],
        }  # fmt: skip

    @property
    def shipped(self) -> bool:
        """Whether it is the consumer price index as it is shipped."""
        return self == _kpi()

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
        arguments.whole("price_year", price_year, error=PanelContractError)
        given = arguments.listed(years)
        if given is None or not all(map(arguments.is_whole, given)):
            raise PanelContractError(
                "Years of prices are whole numbers",
                found=f"years={arguments.shown(years)}",
                do="give for example [2020, 2021]",
            )
        wanted = [int(year) for year in given]
        index = dict(zip(self.years, self.values, strict=True))
        missing = sorted({*wanted, int(price_year)} - index.keys())
        if missing:
            raise PanelContractError(
                f"There is no {self.name} for {_listed(missing)}",
                found=f"an index for {self.range}",
                do=f"choose years within it, or add them: index={adding(missing)}"
                if self.shipped
                else "choose years within it, or give a series that has them too",
            )
        return np.array([index[int(price_year)] / index[year] for year in wanted])


def adding(years: Iterable[int]) -> str:
    """Return the line that adds years to the shipped index, ready to be filled in.

    Examples
    --------
    >>> adding([2026, 2025])
    'mih.PriceIndex.kpi().extended({2024: ..., 2025: ..., 2026: ...})'
    """
    wanted = sorted({*years} - {*_kpi().years})
    near = _kpi().years[0] if wanted and wanted[-1] < _kpi().years[0] else _kpi().years[-1]
    shown = sorted({near, *wanted[:5]})
    return f"mih.PriceIndex.kpi().extended({{{', '.join(f'{year}: ...' for year in shown)}}})"


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


#: How far the growth of one index may be from that of another rounded otherwise.
_ROUNDING = 0.003
#: What a year's prices are of the year's before, where one base year is kept.
_USUAL = (0.85, 1.25)


def _agree(one: float, other: float) -> bool:
    return abs(one / other - 1) < _ROUNDING


def _numbers(index: object) -> dict[int, float]:
    """Return years and values as given, ascending; refuse what is no index."""
    error, example = PanelContractError, "{2023: 129.6, 2024: 133.6}"
    given = arguments.mapping("index", index, example, error=error)
    wrong = [pair for pair in given.items() if not _is_year_and_value(*pair)]
    if wrong:
        raise error(
            "A price index gives whole years and positive numbers",
            found=f"{arguments.shown(wrong[0][0])}: {arguments.shown(wrong[0][1])}",
            do=f"give for example index={example}",
        )
    return {int(year): float(given[year]) for year in sorted(given)}


def _is_year_and_value(year: object, value: object) -> bool:
    number = isinstance(value, SupportsFloat) and not isinstance(value, (str, bool))
    return arguments.is_whole(year) and number and 0 < float(value) < np.inf  # type: ignore[arg-type]


def _require_one_base(given: Mapping[int, float]) -> None:
    """Raise where the shipped index goes on, on another base."""
    shipped = dict(zip(_kpi().years, _kpi().values, strict=True))
    steps = [(year, given[year] / given[year - 1]) for year in given if year - 1 in given]
    same = sum(
        year in shipped and year - 1 in shipped and _agree(step, shipped[year] / shipped[year - 1])
        for year, step in steps
    )
    jumps = [year for year, step in steps if not _USUAL[0] < step < _USUAL[1]]
    if same >= 2 and jumps:
        raise PanelContractError(
            "The price index follows the consumer price index and then jumps, as two tables with "
            "different base years do",
            found=f"a jump to {_listed(jumps)}",
            do=f"add the years of the other table, and one that both have: index={adding(added)}"
            if (added := [year for year in jumps if year not in shipped])
            else f"correct the index of {_listed(jumps)}, or leave index= out: these years are in "
            "the shipped one",
        )


def _listed(years: Iterable[int]) -> str:
    return ", ".join(map(str, years))
