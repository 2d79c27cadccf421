"""Kroner of which year: fixed prices of the budget year, or current prices by a labelled path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.errors import AssumptionError
from mih_impact.reference.prices import PriceIndex

__all__ = ["price_factors"]

FloatArray = NDArray[np.float64]

_FIXED = Label(nb="faste {year}-priser", en="fixed {year} prices")
_BY = Label(nb="faste {year}-priser etter {index}", en="fixed {year} prices by {index}")
_NOMINAL = Label(nb="løpende priser etter {index}", en="current prices by {index}")

#: What `PriceIndex.from_mapping` calls an index that nobody named.
_NAMELESS = ("own index", "user", "")
_OWN = Label(nb="egen prisindeks", en="an index of our own")
_CPI = Label(
    nb="konsumprisindeksen (Statistisk sentralbyrå)",
    en="the consumer price index (Statistics Norway)",
)


def price_factors(
    price_year: int,
    budget_year: int | None,
    price_path: PriceIndex | None,
    nominal: bool,
    years: Sequence[int],
) -> tuple[FloatArray, Label]:
    """Return what turns the account's kroner into those shown, year by year, and how to say so.

    Parameters
    ----------
    price_year
        The account's own.
    budget_year, price_path, nominal
        As for `budget_impact`.
    years
        The Y calendar years.

    Returns
    -------
    tuple
        Factors, shape (Y,), and the words for the prices.
    """
    arguments.flag("nominal", nominal, error=AssumptionError)
    if price_path is not None:
        arguments.instance(
            "budget_impact", price_path, PriceIndex, "a PriceIndex as price_path",
            "write mih.PriceIndex.from_mapping({2024: 100, 2025: 103}, name=..., source=...)",
            error=AssumptionError,
        )  # fmt: skip
    if budget_year is not None:
        arguments.whole("budget_year", budget_year, error=AssumptionError)
    if nominal:
        return _nominal(price_year, budget_year, price_path, years)
    to = price_year if budget_year is None else int(budget_year)
    if price_path is not None and to == price_year:
        raise AssumptionError(
            "The price path is given, and nothing uses it",
            found=f"price_path={arguments.shown(price_path.name)}, amounts in prices of {to}",
            do="give nominal=True for current prices, or the budget_year whose prices you want;"
            " or leave price_path out",
        )
    index = price_path or PriceIndex.kpi()
    if to != price_year and not {to, price_year} <= set(index.years):
        raise AssumptionError(
            f"There is no price index to show prices of {to}",
            found=f"{index.name}, {index.range}; the account is in prices of {price_year}",
            do=f"give price_path=mih.PriceIndex.from_mapping({{{price_year}: ..., {to}: ...}},"
            " name='...', source='...'), or leave budget_year out",
        )
    factor = index.factor(price_year, to) if to != price_year else 1.0
    words = _FIXED if price_path is None else _BY
    return np.full(len(years), factor), words.format(year=to, index=_called(index))


def _nominal(
    price_year: int,
    budget_year: int | None,
    price_path: PriceIndex | None,
    years: Sequence[int],
) -> tuple[FloatArray, Label]:
    if price_path is None:
        raise AssumptionError(
            "Current prices need a price path, with a name and a source",
            found="nominal=True without price_path",
            do="give price_path=mih.PriceIndex.from_mapping({...}, name='...', source='...'), or"
            " stay with fixed prices",
        )
    if {price_path.name, price_path.source} & set(_NAMELESS):
        raise AssumptionError(
            "Current prices need a price path that says what it is, and whose",
            found=f"name {arguments.shown(price_path.name)},"
            f" source {arguments.shown(price_path.source)}",
            do="give it both: mih.PriceIndex.from_mapping({...}, name='...', source='...')",
        )
    if budget_year is not None:
        raise AssumptionError(
            "Current prices are of each year, and budget_year asks for those of one",
            found=f"nominal=True with budget_year={budget_year}",
            do="leave one of them out",
        )
    absent = sorted({price_year, *years} - set(price_path.years))
    if absent:
        raise AssumptionError(
            "The price path does not reach every year",
            found=f"{price_path.range}; without {', '.join(map(str, absent))}",
            do=f"give it years {min(price_year, *years)} to {max(years)}",
        )
    index = dict(zip(price_path.years, price_path.values, strict=True))
    factors = np.array([index[year] / index[price_year] for year in years])
    return factors, _NOMINAL.format(index=_called(price_path))


def _called(index: PriceIndex) -> Label | str:
    """Return what an index is called, and whose it is: in the analyst's words if she has any."""
    if index == PriceIndex.kpi():
        return _CPI
    named = [part for part in (index.name, index.source) if part not in _NAMELESS]
    return f"{named[0]} ({named[1]})" if len(named) == 2 else named[0] if named else _OWN
