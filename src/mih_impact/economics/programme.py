"""What a programme costs, who pays it, and who gets to the phase that costs it.

A programme is data: named items with payer, year and source. An item with a receiver is a transfer
and uses no resource; an item without one is a resource used, at the payer's expense.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label
from mih_impact.economics.actors import ACTORS
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import Status
from mih_impact.storage import saveable

__all__ = ["CostItem", "Programme"]


@saveable("CostItem")
@dataclass(frozen=True, kw_only=True)
class CostItem:
    """One cost of a programme, per person who reaches the phase that costs it.

    Parameters
    ----------
    name
        Short name in English, unique within the programme.
    label
        The displayed name.
    amounts
        NOK by year since start, from year 0: a sequence, or a mapping from year to NOK. Per person
        who reaches the phase; what the account charges a starter is `reach` times this.
    payer
        The actor who pays.
    receiver
        The actor who receives. Set, the item is a *transfer*; None, a resource is used.
    reach
        Share of starters who get to the phase, from 0 to 1.
    cash
        Whether money is paid; False for costs in kind, such as the time of staff already employed.
    budget_line
        The grant or line it is charged to.
    unit, price_year
        Currency and the year whose prices `amounts` are in.
    status, source
        How sure we are, and where the number comes from.
    low, high
        The range of the *sum over the years* per person who reaches the phase, same prices.

    Raises
    ------
    AssumptionError
        For an unknown actor, a transfer to oneself, a negative amount or a reach outside 0 to 1.

    Examples
    --------
    >>> course = CostItem(
    ...     name="course", label=Label(nb="kurs", en="course"), amounts={0: 40_000, 1: 20_000},
    ...     payer="state", reach=0.5, cash=True, budget_line="courses", price_year=2024,
    ...     status="ASSUMED", source="an example")
    >>> course.kind, course.path(4).tolist()
    ('real', [20000.0, 10000.0, 0.0, 0.0])
    """

    name: str
    label: Label
    amounts: Sequence[float] | Mapping[int, float]
    payer: str
    receiver: str | None = None
    reach: float = 1.0
    cash: bool = True
    budget_line: str = ""
    unit: str = "NOK"
    price_year: int = 2024
    status: Status = "ASSUMED"
    source: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", _by_year(self.name, self.amounts))
        for actor in (self.payer, self.receiver):
            if actor is not None and actor not in ACTORS:
                raise AssumptionError(
                    f"The cost item {self.name!r} names an unknown actor",
                    found=repr(actor),
                    do=f"use one of {', '.join(ACTORS)}{nearest(actor, ACTORS)}",
                )
        if self.payer == self.receiver:
            raise AssumptionError(
                f"The cost item {self.name!r} is a transfer from {self.payer} to itself",
                do="name another receiver, or none for a resource that is used",
            )
        if not 0.0 <= self.reach <= 1.0:
            raise AssumptionError(
                f"The reach of the cost item {self.name!r} is not a share",
                found=f"{self.reach:g}",
                do="give the share of starters who get to the phase, from 0 to 1",
            )

    @property
    def kind(self) -> str:
        """`transfer` if somebody receives it, else `real`."""
        return "real" if self.receiver is None else "transfer"

    @property
    def total(self) -> float:
        """Sum over the years per person who reaches the phase."""
        return float(sum(self._amounts))

    @property
    def _amounts(self) -> tuple[float, ...]:
        assert isinstance(self.amounts, tuple)
        return self.amounts

    def path(self, n_years: int) -> np.ndarray:
        """Return the cost per starter by year since start.

        Parameters
        ----------
        n_years
            Number of years from year 0; what falls later is left out.

        Returns
        -------
        ndarray, shape (n_years,)
            NOK per starter, prices of `price_year`: `reach` times `amounts`.
        """
        path = np.zeros(n_years)
        kept = self._amounts[:n_years]
        path[: len(kept)] = kept
        return self.reach * path

    def in_prices(self, price_year: int, index: PriceIndex | None = None) -> CostItem:
        """Return the item in the prices of another year.

        Parameters
        ----------
        price_year
            The year wanted.
        index
            Price index; the shipped consumer price index if None.
        """
        if price_year == self.price_year:
            return self
        factor = (index or PriceIndex.kpi()).factor(self.price_year, price_year)
        return replace(
            self,
            amounts=tuple(factor * amount for amount in self._amounts),
            low=None if self.low is None else factor * self.low,
            high=None if self.high is None else factor * self.high,
            price_year=price_year,
        )


def _by_year(name: str, amounts: Sequence[float] | Mapping[int, float]) -> tuple[float, ...]:
    """Return amounts from year 0 on as a tuple, or say what is wrong with them."""
    if isinstance(amounts, Mapping):
        if any(not isinstance(year, int) or year < 0 for year in amounts):
            raise AssumptionError(
                f"The cost item {name!r} has amounts in years that are not years since start",
                found=", ".join(repr(year) for year in amounts),
                do="count from the start year, which is 0",
            )
        amounts = [amounts.get(year, 0.0) for year in range(max(amounts, default=-1) + 1)]
    path = tuple(float(amount) for amount in amounts)
    if not all(np.isfinite(amount) and amount >= 0 for amount in path):
        raise AssumptionError(
            f"The cost item {name!r} has an amount that is negative or not a number",
            found=", ".join(f"{amount:g}" for amount in path),
            do="give what is paid as a positive number; a payment the other way is a transfer"
            " with payer and receiver",
        )
    return path


@saveable("Programme")
@dataclass(frozen=True, kw_only=True)
class Programme:
    """A programme: its name, its label and what it costs.

    Parameters
    ----------
    name
        Short name in English.
    label
        The displayed name.
    items
        The costs. Empty means that costs are left out, and every card says so.
    note
        A sentence shown on every card, for what a reader must know about the costs.

    Raises
    ------
    AssumptionError
        If two items share a name or the items are in different currencies.

    Examples
    --------
    >>> Programme.none().items
    ()
    """

    name: str
    label: Label
    items: tuple[CostItem, ...] = ()
    note: Label | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))
        names = [item.name for item in self.items]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise AssumptionError(
                f"The programme {self.name!r} has several cost items of one name",
                found=", ".join(twice),
                do="give each item its own name",
            )
        if len({item.unit for item in self.items}) > 1:
            raise AssumptionError(
                f"The programme {self.name!r} mixes currencies",
                found=", ".join(sorted({item.unit for item in self.items})),
                do="give every item in one currency",
            )

    @classmethod
    def none(cls) -> Programme:
        """Return the programme without costs, for an account of effects alone."""
        return cls(
            name="none", label=Label(nb="tiltak uten kostnader", en="programme without costs")
        )

    @property
    def last_year(self) -> int:
        """The last year since start with a cost; -1 without costs."""
        return (
            max(
                (len(np.trim_zeros(item.path(len(item._amounts)), "b")) for item in self.items),
                default=0,
            )
            - 1
        )

    def in_prices(self, price_year: int, index: PriceIndex | None = None) -> Programme:
        """Return the programme with every item in the prices of one year.

        Parameters
        ----------
        price_year
            The year wanted.
        index
            Price index; the shipped consumer price index if None.
        """
        return replace(self, items=tuple(item.in_prices(price_year, index) for item in self.items))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per item and year since start with a cost.

        Returns
        -------
        DataFrame
            `item, kind, payer, receiver, year_since_start, amount` (NOK per starter: reach times
            the amount per person who gets there), `reach, cash, budget_line, unit, price_year,
            status, source, low, high`.
        """
        rows = [
            {
                "item": item.name,
                "kind": item.kind,
                "payer": item.payer,
                "receiver": item.receiver,
                "year_since_start": year,
                "amount": amount,
                "reach": item.reach,
                "cash": item.cash,
                "budget_line": item.budget_line,
                "unit": item.unit,
                "price_year": item.price_year,
                "status": item.status,
                "source": item.source,
                "low": item.low,
                "high": item.high,
            }
            for item in self.items
            for year, amount in enumerate(item.path(len(item._amounts)).tolist())
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    "item", "kind", "payer", "receiver", "year_since_start", "amount", "reach", "cash",
    "budget_line", "unit", "price_year", "status", "source", "low", "high",
]  # fmt: skip
