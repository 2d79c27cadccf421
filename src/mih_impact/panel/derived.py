"""Outcomes and characteristics reckoned from columns, by names that say how.

Norwegian studies speak of income in multiples of the National Insurance basic amount (G): who earns
more than 1 G in the year, who still does in the year after. Such an outcome is a text that any call
takes as `outcomes=`, and that a specification file can hold: "wage_income > 1 G".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import number
from mih_impact.errors import OptionError, PanelContractError

__all__ = ["DERIVED", "Derived", "InG", "above", "derived_of", "in_g", "in_g_of", "stable"]


@dataclass(frozen=True)
class InG:
    """How an outcome is reckoned from a money column and G.

    Attributes
    ----------
    column
        The money column.
    over
        The multiple of G that is exceeded or not; None where income in G is the outcome itself.
    years
        Years on end in which it is exceeded, the year itself the last.
    """

    column: str
    over: float | None = None
    years: int = 1

    @property
    def in_one_year(self) -> str:
        """The outcome that is asked of each of the years."""
        return above(self.column, g=self.over or 0.0)

    def of(self, in_g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the outcome of a year from its income in G."""
        return in_g if self.over is None else (in_g > self.over).astype(np.float64)


@dataclass(frozen=True)
class Derived:
    """A quantity reckoned from columns, usable as a covariate or an outcome by its name."""

    name: str
    unit: str
    role: Literal["outcome", "covariate"]
    #: May hold a place for the displayed name of `reckoned_from`: {column}.
    label: Label
    definition: str
    #: The one column it is reckoned from, if there is one: matching on that matches on this.
    reckoned_from: str | None = None
    in_g: InG | None = None


DERIVED: Mapping[str, Derived] = {
    derived.name: derived
    for derived in (
        Derived(
            "age",
            "years",
            "covariate",
            Label(nb="alder", en="age"),
            "year minus birth_year",
            reckoned_from="birth_year",
        ),
        Derived(
            "in_work",
            "share",
            "outcome",
            Label(nb="andel med lønnsinntekt", en="share with wage income"),
            "1 if wage_income is above zero in the year, else 0",
            reckoned_from="wage_income",
        ),
        Derived(
            "on_benefit",
            "share",
            "outcome",
            Label(nb="andel med ytelse", en="share on a benefit"),
            "1 if any benefit scheme of the panel paid something in the year, else 0",
        ),
        Derived(
            "mainly_benefit",
            "share",
            "outcome",
            Label(
                nb="andel med ytelser som hovedinntekt", en="share whose main income is benefits"
            ),
            "1 if the benefit schemes of the panel together paid more than wage_income in the year,"
            " else 0",
        ),
    )
}
"""The derived quantities with a name of their own."""

_NAME = re.compile(
    r"(?P<column>\S+) (?:/ G|> (?P<over>\d+(?:\.\d+)?) G(?: in (?P<years>\d+) years)?)"
)
_OVER = Label(nb="andel med {{column}} over {g} G", en="share with {{column}} over {g} G")
_IN_A_ROW = Label(
    nb="andel med {{column}} over {g} G i {n} år på rad",
    en="share with {{column}} over {g} G for {n} years running",
)
_IN_G = Label(nb="{column} i G", en="{column} in G")


def derived_of(name: str) -> Derived | None:
    """Return what a name is reckoned by, None where it is no derived quantity.

    Examples
    --------
    >>> derived_of("wage_income > 1 G").reckoned_from
    'wage_income'
    >>> derived_of("wage_income") is None
    True
    """
    known = DERIVED.get(name)
    found = _NAME.fullmatch(name) if known is None and isinstance(name, str) else None
    if found is None:
        return known
    column, years = found["column"], int(found["years"] or 1)
    if found["over"] is None:
        how, label = InG(column), _IN_G
        definition = f"{column} of the year in multiples of G, both in kroner of the year"
        return Derived(name, "G", "outcome", label, definition, column, how)
    over = float(found["over"])
    g = both(lambda: number(over, _decimals(over)))
    label = (_OVER if years == 1 else _IN_A_ROW).format(g=g, n=str(years))
    before = {1: "", 2: " and in the year before"}.get(years, f" and in the {years - 1} before")
    definition = f"1 if {column} is above {over:g} G in the year{before}, else 0"
    return Derived(name, "share", "outcome", label, definition, column, InG(column, over, years))


def in_g_of(name: str) -> InG | None:
    """Return how a name is reckoned in G, None if it is not."""
    derived = derived_of(name)
    return None if derived is None else derived.in_g


def _decimals(value: float) -> int:
    return next(d for d in range(7) if d == 6 or round(value, d) == value)


@named_options
def above(column: str, *, g: float) -> str:
    """Return an outcome: 1 for income above a multiple of the basic amount (G) in the year, else 0.

    Parameters
    ----------
    column
        A money column, such as "wage_income".
    g
        The multiple, such as 1 or 2.

    Returns
    -------
    str
        What `outcomes=` and `outcome=` take, and a specification file can hold.

    Raises
    ------
    PanelContractError
        No column name, or no positive number.

    Notes
    -----
    G is the average of the amount's own calendar year (four months at the old amount, eight at the
    new), and both are in kroner of that year: an amount in fixed prices is converted back with the
    index it was deflated by. In a panel by month each month is divided by its own year's G, and the
    twelve are added up. Whoever is gone has not earned it, under `dead="zero"`.

    Examples
    --------
    >>> above("wage_income", g=1)
    'wage_income > 1 G'
    """
    return f"{_column(column)} > {_multiple(g)} G"


@named_options
def stable(column: str, *, g: float = 1, years: int = 2) -> str:
    """Return an outcome: 1 for income above a multiple of G in several years on end, else 0.

    In year 3 it is who has been in stable work since year 2: the transition that Norwegian
    evaluations look at three years on.

    Parameters
    ----------
    column, g
        As in `above`.
    years
        How many years on end, at least 2; the year that the outcome is of is the last of them. The
        base year looks back as many years.

    Returns
    -------
    str

    Examples
    --------
    >>> stable("wage_income", g=1, years=3)
    'wage_income > 1 G in 3 years'
    """
    arguments.whole("years", years, low=2)
    return f"{_column(column)} > {_multiple(g)} G in {years} years"


@named_options
def in_g(column: str) -> str:
    """Return an outcome: income in multiples of the basic amount (G) of its own year.

    Parameters
    ----------
    column
        A money column.

    Returns
    -------
    str

    Examples
    --------
    >>> in_g("wage_income")
    'wage_income / G'
    """
    return f"{_column(column)} / G"


def _column(column: Any) -> str:
    arguments.name("column", column)
    if re.search(r"\s", column):
        raise OptionError(
            "A column that is measured in G has a name without spaces",
            found=arguments.shown(column),
            do='rename it when reading: columns={"pension": "..."}',
        )
    return str(column)


def _multiple(g: Any) -> str:
    value = arguments.number("g", g, above=0)
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    if float(text) != value:
        raise PanelContractError(
            "A multiple of G has at most six decimals", found=f"g={value!r}", do="round it"
        )
    return text
