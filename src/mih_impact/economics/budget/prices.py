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
_BY = Label(nb="faste {year}-priser etter {name} ({source})", en="fixed {year} prices by {name}"
            " ({source})")  # fmt: skip
_NOMINAL = Label(
    nb="løpende priser etter {name} ({source})", en="current prices by {name} ({source})"
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
    index = price_path or PriceIndex.kpi()
    if to != price_year and not {to, price_year} <= set(index.years):
        raise AssumptionError(
            f"There is no price index to show prices of {to}",
            found=f"{index.name}, {index.range}; the account is in prices of {price_year}",
            do="give price_path=mih.PriceIndex.from_mapping({...}, name=..., source=...) with both"
            " years, or leave budget_year out",
        )
    factor = index.factor(price_year, to) if to != price_year else 1.0
    own = price_path is not None and to != price_year
    words = (_BY if own else _FIXED).format(year=to, name=index.name, source=index.source)
    return np.full(len(years), factor), words


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
    return factors, _NOMINAL.format(name=price_path.name, source=price_path.source)
