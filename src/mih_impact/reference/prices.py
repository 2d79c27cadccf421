"""Fixed prices: from the kroner of one year to those of another.

Nominal NOK of year y in prices of p is ``x * index[p] / index[y]``. A year without an index is an
error that names the range there is: no index is ever extrapolated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError, OptionError, PanelContractError
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
    derived, forecast : tuple of int
        Years whose value is reckoned from published growth, and years nobody has measured yet.

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
    derived: tuple[int, ...] = ()
    forecast: tuple[int, ...] = ()

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
    def given(cls, index: PriceIndex | None) -> PriceIndex:
        """Return the index given, or the shipped one for None; raise on what is none."""
        if index is None:
            return cls.kpi()
        what = "give mih.PriceIndex.from_mapping({2020: 100.0, 2021: 103.5})"
        arguments.instance("index=", index, PriceIndex, "a price index", what)
        return index

    @classmethod
    def kpi(cls, *, forecast: bool = False) -> PriceIndex:
        """Return Statistics Norway's consumer price index, as shipped.

        Parameters
        ----------
        forecast
            Whether years that are only forecast are in it; its name says so then.

        Examples
        --------
        >>> PriceIndex.kpi().range, PriceIndex.kpi(forecast=True).name
        ('2009-2025', 'consumer price index with a forecast for 2026')
        """
        arguments.flag("forecast", forecast)
        return _with_forecast() if forecast else _kpi()

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
            It is no mapping from whole years to positive numbers, or it jumps by more than 15 per
            cent from one year to the next, as two tables with different base years do.

        Examples
        --------
        >>> PriceIndex.from_mapping({2024: 100, 2025: 103}).factor(2024, 2025)
        1.03
        """
        given = _numbers(index)
        _require_one_base(given)
        return cls(tuple(given), tuple(given.values()), name, source)

    def extended(
        self, index: Mapping[int, SupportsFloat], *, base: str | None = None, source: str = "user"
    ) -> PriceIndex:
        """Return this index with more years, linked to it.

        Parameters
        ----------
        index
            Year -> index, on any base: one year at least is in this index too, and the others are
            brought to its base by the last such year. Years that this index has keep its values.
        base
            The base of the years given, as its table says it: "2025=100". That year is then in
            common, if this index has it, and need not be given.
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
        Statistics Norway publishes the index with 2025 = 100; 2026 is 103.2 there, say.

        >>> kpi = PriceIndex.kpi().extended({2026: 103.2}, base="2025=100")
        >>> kpi.range, round(kpi.factor(2025, 2026), 3)
        ('2009-2026', 1.032)
        """
        given = _numbers(index)
        if base is not None:
            given = _with_base(given, base)
        own = dict(zip(self.years, self.values, strict=True))
        common = [year for year in given if year in own]
        if not common:
            near = self.years[-1] if not given or min(given) > self.years[-1] else self.years[0]
            raise PanelContractError(
                f"The years to add share no year with the {self.name}",
                found=f"{_listed(given) or 'no years'}; the index has {self.range}",
                do=f"give {near} too, from the same table: base years may differ then",
            )
        last = common[-1]
        apart = [y for y in common if not _agree(given[y] / given[last], own[y] / own[last])]
        if apart:
            raise PanelContractError(
                f"The years to add are from another index than the {self.name}",
                found=f"other growth from {_listed(apart)} to {last}",
                do="take the years from the same index; a whole series of another one is "
                "mih.PriceIndex.from_mapping({...})",
            )
        added = {y: value * own[last] / given[last] for y, value in given.items() if y not in own}
        years = sorted(own | added)
        sources = f"{self.source}; {_listed(added)}: {source}" if added else self.source
        linked = {year: (own | added)[year] for year in years}
        beside = {year + step for year in added for step in (-1, 0, 1)}
        _require_one_base({year: value for year, value in linked.items() if year in beside})
        return replace(self, years=tuple(years), values=tuple(linked.values()), source=sources)

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
        unsure = {"derived": self.derived, "forecast": self.forecast}
        return {
            "name": self.name, "source": self.source, "years": self.range,
            **{status: _listed(years) for status, years in unsure.items() if years},
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
        OptionError
            A year is not a whole number.
        PanelContractError
            A year has no index; the message names the range there is.
        """
        arguments.whole("price_year", price_year)
        given = arguments.listed(years)
        if given is None or not all(map(arguments.is_whole, given)):
            raise OptionError(
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
    'mih.PriceIndex.kpi().extended({2025: ..., 2026: ...})'
    """
    added = ", ".join(f"{year}: ..." for year in _linked(years))
    return f"mih.PriceIndex.kpi().extended({{{added}}})"


def _linked(years: Iterable[int]) -> list[int]:
    """Return the years to be added, few of many, and the nearest one that the index has."""
    wanted = sorted({*years} - {*_kpi().years})
    near = _kpi().years[0] if wanted and wanted[-1] < _kpi().years[0] else _kpi().years[-1]
    return sorted({near, *wanted[:5]})


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
    amounts = g_averages() if average else _g("grunnbelop_1_may")
    if year not in amounts:
        raise AssumptionError(
            f"There is no basic amount (G) for {year}", found=f"{min(amounts)}-{max(amounts)}"
        )
    return amounts[year]


def g_averages() -> dict[int, float]:
    """Return the average basic amount (G) of every year there is one for, nominal NOK."""
    return _g("grunnbelop_annual_average")


def _g(name: str) -> dict[int, float]:
    found = (row for row in rows("grunnbelop") if row.name == name)
    return {row.year: row.number for row in found if row.year is not None}


@cache
def _kpi() -> PriceIndex:
    found: list[Row] = [row for row in rows("kpi") if row.year is not None]
    return PriceIndex(
        years=tuple(row.year for row in found if row.year is not None),
        values=tuple(row.number for row in found),
        name="consumer price index",
        source=found[0].source,
        derived=tuple(
            row.year for row in found if row.year is not None and row.status == "derived"
        ),
    )


@cache
def _with_forecast() -> PriceIndex:
    known = _kpi()
    added = {row.year: row for row in rows("kpi_forecast") if row.year is not None}
    return replace(
        known,
        years=(*known.years, *added),
        values=(*known.values, *(row.number for row in added.values())),
        name=f"{known.name} with a forecast for {_listed(added)}",
        source="; ".join((known.source, *(row.source for row in added.values()))),
        forecast=tuple(added),
    )


#: How far the growth of one index may be from that of another rounded otherwise.
_ROUNDING = 0.003
#: How far prices move from one year to the next where one base year is kept.
_MOST = 0.15


def _agree(one: float, other: float) -> bool:
    return abs(one / other - 1) < _ROUNDING


def _numbers(index: object) -> dict[int, float]:
    """Return years and values as given, ascending; refuse what is no index."""
    example = "{2023: 129.6, 2024: 133.6}"
    given = arguments.mapping("index", index, example)
    wrong = [pair for pair in given.items() if not _is_year_and_value(*pair)]
    if wrong:
        raise OptionError(
            "A price index gives whole years and positive numbers",
            found=f"{arguments.shown(wrong[0][0])}: {arguments.shown(wrong[0][1])}",
            do=f"give for example index={example}",
        )
    return {int(year): float(given[year]) for year in sorted(given)}


def _is_year_and_value(year: object, value: object) -> bool:
    number = isinstance(value, SupportsFloat) and not isinstance(value, (str, bool))
    return arguments.is_whole(year) and number and 0 < float(value) < np.inf  # type: ignore[arg-type]


def _with_base(given: Mapping[int, float], base: str) -> dict[int, float]:
    """Return years and values with that of the base year, which its table says."""
    said = re.fullmatch(r"\s*(\d{4})\s*=\s*(\d+(?:\.\d+)?)\s*", str(base))
    if said is None:
        raise OptionError(
            "base= gives the base year of the values",
            found=f"base={arguments.shown(base)}",
            do='give it as the table does: base="2025=100"',
        )
    year, value = int(said[1]), float(said[2])
    if not _agree(given.get(year, value), value):
        raise PanelContractError(
            f"The values given are not on the base {base}",
            found=f"{given[year]:g} for {year}",
            do="give the base that the table of these values has",
        )
    return dict(sorted({year: value, **given}.items()))


def _require_one_base(given: Mapping[int, float]) -> None:
    """Raise where the index jumps from one year to the next, as where two tables are pasted."""
    steps = {year: given[year] / given[year - 1] for year in given if year - 1 in given}
    jumps = [year for year, step in steps.items() if abs(step - 1) > _MOST]
    if not jumps:
        return
    year, shipped = jumps[0], {*_kpi().years}
    known = [jump for jump in jumps if jump in shipped and jump - 1 in shipped]
    pasted = abs(given[year] - 100) < 5
    likely = f"; {year} is near 100: a table with another base year begins there" if pasted else ""
    added = adding(jumps)
    raise PanelContractError(
        "The price index jumps by more than 15 per cent from one year to the next, which happens "
        "where tables with different base years are joined",
        found=f"a jump to {_listed(jumps)}: from {given[year - 1]:g} to {given[year]:g}{likely}",
        do="add the years of the other table, and one that both have (or its base: "
        f'base="2025=100"): index={added}'
        if not known
        else f"correct the index of {_listed(known)}, or leave index= out: these years are in "
        "the shipped one; prices that rose so are mih.PriceIndex(years=..., values=..., ...)",
    )


def _listed(years: Iterable[int]) -> str:
    return ", ".join(map(str, years))
