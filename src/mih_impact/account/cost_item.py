"""One cost of a programme: how much, in which years, who pays it, and who gets that far.

An item with a receiver is a transfer and uses no resource; an item without one is a resource used,
at the payer's expense.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.assumption import Assumption, Distribution, Points
from mih_impact.account.roles import ACTORS, require_named
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.discount import Timing
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import Status

__all__ = ["LONGEST_HORIZON", "CostItem", "UnpaidTime"]

FloatArray = NDArray[np.float64]


#: Years that an account can have at most.
LONGEST_HORIZON = 200


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
    phase
        The phase of the programme that costs it; its reach is that of the phase.
    reach
        Share of starters who cost it, from 0 to 1, where the item belongs to no phase.
    cash
        Whether money is paid; False for costs in kind, such as the time of staff already employed.
    budget_line
        The grant or line it is charged to.
    unit, price_year
        Currency and the year whose prices `amounts` are in.
    timing
        When in the year it falls, if not when the account's other flows do: "start", "middle" or
        "end", for its discounting.
    status, source
        How sure we are, and where the number comes from.
    low, high
        The range of the *sum over the years* per person who reaches the phase, same prices.
    distribution, points
        What the sum is drawn from when assumptions vary; see `Assumption`. None is `triangular`
        where there is a range, else `fixed`.
    range_source
        Where the range comes from.

    Raises
    ------
    OptionError
        An unknown actor, or a reach outside 0 to 1.
    AssumptionError
        A transfer to oneself, a negative amount, or a range that does not hold the sum.

    Notes
    -----
    A cost that is not known is an amount of 0 with a range: it is in the account, in every table
    of assumptions, and in the sensitivity analysis, spread evenly over the years of `amounts`.

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
    phase: str = ""
    reach: float = 1.0
    cash: bool = True
    budget_line: str = ""
    unit: str = "NOK"
    price_year: int = 2024
    timing: Timing | None = None
    status: Status = "ASSUMED"
    source: str = ""
    low: float | None = None
    high: float | None = None
    distribution: Distribution | None = None
    points: Points = ()
    range_source: str = ""

    def __post_init__(self) -> None:
        require_named("The cost item", self.name, self.label)
        object.__setattr__(self, "amounts", _by_year(self.name, self.amounts))
        item = f"The cost item {self.name!r}"
        arguments.choice(item, "payer", self.payer, ACTORS)
        arguments.choice(item, "receiver", self.receiver, ACTORS, optional=True)
        if self.payer == self.receiver:
            raise AssumptionError(
                f"The cost item {self.name!r} is a transfer from {self.payer} to itself",
                do="name another receiver, or none for a resource that is used",
            )
        if self.distribution is None:
            known = "fixed" if self.low is None else "triangular"
            object.__setattr__(self, "distribution", known)
        if not arguments.is_number(self.reach) or not 0.0 <= self.reach <= 1.0:
            raise OptionError(
                f"The reach of the cost item {self.name!r} is not a share",
                found=arguments.shown(self.reach),
                do="give the share of starters who get to the phase, from 0 to 1",
            )
        arguments.choice(item, "timing", self.timing, get_args(Timing), optional=True)
        self._require_types()
        _ = self.assumption  # raises on a range that does not hold the sum

    def _require_types(self) -> None:
        """Raise on what only shows later, as a wrong word on a budget or a wrong price."""
        arguments.flag("cash", self.cash)
        arguments.whole("price_year", self.price_year)
        for name in ("phase", "budget_line", "unit"):
            if not isinstance(getattr(self, name), str):
                raise OptionError(
                    f"The cost item {self.name!r} has a {name} that is no text",
                    found=f"{name}={arguments.shown(getattr(self, name))}",
                    do=f"give {name} as a text, or leave it out",
                )
        if not self._amounts and self.low is not None:
            raise AssumptionError(
                f"The cost item {self.name!r} has a range and no year it could fall in",
                found="no amounts",
                do="give an amount for each year it may fall in, 0 where nothing is known",
            )

    @property
    def kind(self) -> str:
        """`transfer` if somebody receives it, else `real`."""
        return "real" if self.receiver is None else "transfer"

    @property
    def total(self) -> float:
        """Sum over the years per person who reaches the phase."""
        return math.fsum(self._amounts)

    @property
    def _amounts(self) -> tuple[float, ...]:
        assert isinstance(self.amounts, tuple)
        return self.amounts

    @property
    def profile(self) -> FloatArray:
        """Shares of the sum by year since start; even where the sum is 0."""
        amounts = np.array(self._amounts)
        if self.total == 0:
            return np.full(amounts.shape, 1 / max(len(amounts), 1))
        return amounts / self.total

    @property
    def assumption(self) -> Assumption:
        """The sum over the years as an assumption of the account, named `cost:<item>`."""
        assert self.distribution is not None
        return Assumption(
            name=f"cost:{self.name}",
            value=self.total,
            unit="NOK per participant in the phase",
            status=self.status,
            source=self.source,
            low=self.low,
            high=self.high,
            label=self.label,
            distribution=self.distribution,
            points=self.points,
            range_source=self.range_source,
        )

    def spread(self, total: float) -> tuple[float, ...]:
        """Return another sum over the years as amounts by year, spread as these are.

        What rounding leaves goes to the smallest that can carry it, whose digits are the finest, so
        that they sum to it to the last bit.
        """
        amounts = arguments.number("total", total, low=0) * self.profile
        left = math.fsum([total, *(-amounts).tolist()])
        able = np.flatnonzero(amounts > abs(left))
        if able.size:
            amounts[able[amounts[able].argmin()]] += left
        return tuple(amounts.tolist())

    def path(self, n_years: int) -> FloatArray:
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
        path = np.zeros(arguments.whole("n_years", n_years, low=0, high=LONGEST_HORIZON))
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
        arguments.whole("price_year", price_year)
        if price_year == self.price_year:
            return self
        if self.unit != "NOK" and index is None:
            raise AssumptionError(
                f"The cost item {self.name!r} is in other prices than the account",
                found=f"{self.unit} of {self.price_year}, account in prices of {price_year}",
                do=f"give amounts in prices of {price_year}, or item.in_prices(..., index=...)",
            )
        factor = PriceIndex.given(index).factor(self.price_year, price_year)
        return replace(
            self,
            amounts=tuple(factor * amount for amount in self._amounts),
            low=None if self.low is None else factor * self.low,
            high=None if self.high is None else factor * self.high,
            points=tuple((factor * at, weight) for at, weight in self.points),
            price_year=price_year,
        )


@dataclass(frozen=True, kw_only=True)
class UnpaidTime:
    """What participants give of their own time in a programme, unpaid.

    It is no flow of the account: `CostBenefit.objections` sizes it at the price of leisure.

    Parameters
    ----------
    years
        Full-time years by year since start, from year 0, for each phase by name: per person who
        reaches the phase.
    wage, price_year
        Pay of a full-time year before tax, NOK in prices of `price_year`.
    status, source
        How sure we are, and where years and wage come from.

    Raises
    ------
    OptionError
        Years that are no numbers from 0 on, or a wage that is not above 0.

    Examples
    --------
    >>> UnpaidTime(years={"practice": [0.25]}, wage=400_000.0, price_year=2024).years
    {'practice': (0.25,)}
    """

    years: Mapping[str, Sequence[float]]
    wage: float
    price_year: int
    status: Status = "ASSUMED"
    source: str = ""

    def __post_init__(self) -> None:
        arguments.mapping("years", self.years, '{"practice": [0.25]}')
        given = {phase: arguments.listed(shares) for phase, shares in self.years.items()}
        for phase, shares in given.items():
            if not shares or not all(arguments.is_number(one) and one >= 0 for one in shares):
                raise OptionError(
                    "Unpaid time is full-time years by year since start",
                    found=f"{phase}: {arguments.shown(self.years[phase])}",
                    do="give numbers from 0 on for each phase, such as [0.25] or [0.5, 0.5]",
                )
        arguments.number("wage", self.wage, above=0.0)
        arguments.whole("price_year", self.price_year)
        years = {phase: tuple(map(float, shares or ())) for phase, shares in given.items()}
        object.__setattr__(self, "years", years)

    def in_prices(self, price_year: int, index: PriceIndex | None = None) -> UnpaidTime:
        """Return it with the wage in the prices of another year, as a cost item is."""
        if price_year == self.price_year:
            return self
        factor = PriceIndex.given(index).factor(self.price_year, price_year)
        return replace(self, wage=factor * self.wage, price_year=price_year)


def _by_year(name: str, amounts: Any) -> tuple[float, ...]:
    """Return amounts from year 0 on as a tuple, or say what is wrong with them."""
    amounts = dict(amounts.items()) if hasattr(amounts, "items") else amounts
    if isinstance(amounts, Mapping):
        years = range(LONGEST_HORIZON)
        if any(not arguments.is_whole(year) or year not in years for year in amounts):
            raise AssumptionError(
                f"The cost item {name!r} has amounts in years that are not years since start",
                found=", ".join(map(arguments.shown, amounts)),
                do="count from the start year, which is 0: amounts={0: 40_000, 1: 20_000}",
            )
        amounts = [amounts.get(year, 0.0) for year in range(max(amounts, default=-1) + 1)]
    path = arguments.listed(amounts)
    if path is None or not all(arguments.is_number(amount) and amount >= 0 for amount in path):
        raise AssumptionError(
            f"The cost item {name!r} has an amount that is negative or not a number",
            found=", ".join(map(arguments.shown, [amounts] if path is None else path)),
            do="give what is paid as positive numbers by year; a payment the other way is a"
            " transfer with payer and receiver",
        )
    return tuple(map(float, path))
