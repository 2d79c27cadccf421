"""What a comparison conditions on: columns as they stood before start, and lags of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label
from mih_impact.display.numbers import number
from mih_impact.errors import OptionError
from mih_impact.panel.contract import label_of
from mih_impact.panel.derived import derived_of

__all__ = [
    "Lag",
    "Term",
    "as_terms",
    "column_of",
    "entered",
    "lag",
    "parse_term",
    "term_label",
    "years_before",
]

_LAGGED = Label(nb="{name}, {years} år før oppstart", en="{name}, {years} years before start")
_LAGGED_ONE = Label(nb="{name}, 1 år før oppstart", en="{name}, 1 year before start")


@dataclass(frozen=True)
class Lag:
    """The value of a column some years before the start year."""

    column: str
    years: int

    def __str__(self) -> str:
        return f"{self.column}[-{self.years}]"


#: A column as it stood in the year before start, or a lag.
Term = str | Lag


@named_options
def lag(column: str, *years: int | Iterable[int]) -> tuple[Lag, ...]:
    """Return values of a column that many years before the start year, for `on=`.

    Parameters
    ----------
    column
        A column of the panel.
    *years
        Years before start, each 1 or more: 1 is the year before start. One by one or in a list.

    Returns
    -------
    tuple of Lag

    Raises
    ------
    OptionError
        No year is given, or one is not a whole number of at least 1: what is measured in the start
        year or later is an effect, not a characteristic.

    Examples
    --------
    >>> [str(term) for term in lag("wage_income", 1, 2)]
    ['wage_income[-1]', 'wage_income[-2]']
    >>> lag("wage_income", [1, 2]) == lag("wage_income", range(1, 3)) == lag("wage_income", 1, 2)
    True
    """
    arguments.name("column", column)
    given = arguments.flattened(years)
    if not given or not all(arguments.is_whole(year) and year >= 1 for year in given):
        raise OptionError(
            "A lag counts whole years before start",
            found=f"{', '.join(map(arguments.shown, given)) or 'none'} for {column}",
            do="give one or more years of at least 1",
        )
    return tuple(Lag(column, int(year)) for year in given)


def as_terms(
    given: Term | Sequence[Term],
    argument: str = "on",
) -> tuple[Term, ...]:
    """Return terms as a tuple; one name or lag alone is a tuple of one.

    Parameters
    ----------
    given
        A column, a lag, or a list of them.
    argument
        What the argument is called.

    Raises
    ------
    OptionError
        Something else, such as the tuple that `lag` returns within a list, or a term given twice.

    Examples
    --------
    >>> as_terms("county"), as_terms(["age", "education"])
    (('county',), ('age', 'education'))
    """
    terms = [given] if isinstance(given, str | Lag) else arguments.listed(given)
    nested = [t for t in terms or () if isinstance(t, tuple) and t and isinstance(t[0], Lag)]
    if nested:
        lags = (
            f'*mih.lag("{nested[0][0].column}", {", ".join(str(term.years) for term in nested[0])})'
        )
        raise OptionError(
            f"{argument} has lags in a tuple of their own",
            found="what mih.lag(...) returns, without a star",
            do=f"put a star before it: {argument}=[..., {lags}]",
        )
    if terms is None or not all(isinstance(term, str | Lag) and str(term) for term in terms):
        raise OptionError(
            f"{argument} is a column, a lag, or a list of them",
            found=f"{argument}={arguments.shown(given)}",
            do=f'give for example {argument}=["age", *mih.lag("wage_income", 1, 2)]',
        )
    arguments.unrepeated(argument, terms)
    return tuple(terms)


def parse_term(text: str) -> Term:
    """Return the term that `str(term)` wrote: a column, or a lag of one.

    Examples
    --------
    >>> parse_term("age"), parse_term("wage_income[-2]")
    ('age', Lag(column='wage_income', years=2))
    """
    found = re.fullmatch(r"(.+)\[-(\d+)\]", text)
    return lag(found[1], int(found[2]))[0] if found else text


def term_label(term: Term) -> str:
    """Return the displayed name of a term."""
    if isinstance(term, str):
        return label_of(term).text()
    text = _LAGGED_ONE if term.years == 1 else _LAGGED
    name = label_of(term.column).text()
    return text.format(name=name, years=number(term.years)).text()


def entered(terms: Sequence[Term], outcome: str, year: int) -> bool:
    """Return whether an outcome in a year since start is among the terms, itself or its source.

    Examples
    --------
    >>> entered(lag("wage_income", 2), "in_work", -2), entered(["wage_income"], "wage_income", -2)
    (True, False)
    """
    derived = derived_of(outcome)
    column = (derived.reckoned_from if derived else None) or outcome
    before = {years_before(term) for term in terms if column_of(term) == column}
    return -year in before


def column_of(term: Term) -> str:
    """Return the column that a term is read from."""
    if not isinstance(term, str | Lag):
        raise OptionError(
            "A term is a column or a lag",
            found=arguments.shown(term),
            do='name a column, such as "county", or mih.lag("wage_income", 1)',
        )
    return term.column if isinstance(term, Lag) else term


def years_before(term: Term) -> int:
    """Return how many years before start a term is measured."""
    return term.years if isinstance(term, Lag) else 1
