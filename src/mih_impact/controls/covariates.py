"""What a comparison conditions on: columns before start, lags, and their design matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.errors import MihImpactError, SupportError
from mih_impact.panel.contract import DERIVED, OUTCOMES, label_of
from mih_impact.panel.cube import Cube

__all__ = [
    "Design",
    "Lag",
    "Term",
    "as_terms",
    "entered",
    "lag",
    "parse_term",
    "read_rows",
    "read_term",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

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


def lag(column: str, *years: int) -> tuple[Lag, ...]:
    """Return values of a column that many years before the start year, for `on=`.

    Parameters
    ----------
    column
        A column of the panel.
    *years
        Years before start, each 1 or more: 1 is the year before start.

    Returns
    -------
    tuple of Lag

    Raises
    ------
    SupportError
        No year is given, or one is not a whole number of at least 1: what is measured in the start
        year or later is an effect, not a characteristic.

    Examples
    --------
    >>> [str(term) for term in lag("wage_income", 1, 2)]
    ['wage_income[-1]', 'wage_income[-2]']
    """
    arguments.name("column", column, error=SupportError)
    if not years or not all(arguments.is_whole(year) and year >= 1 for year in years):
        raise SupportError(
            "A lag counts whole years before start",
            found=f"{', '.join(map(arguments.shown, years)) or 'none'} for {column}",
            do="give one or more years of at least 1",
        )
    return tuple(Lag(column, int(year)) for year in years)


def as_terms(
    given: Term | Sequence[Term],
    argument: str = "on",
    *,
    error: type[MihImpactError] = SupportError,
) -> tuple[Term, ...]:
    """Return terms as a tuple; one name or lag alone is a tuple of one.

    Parameters
    ----------
    given
        A column, a lag, or a list of them.
    argument, error
        What the argument is called, and what is raised.

    Raises
    ------
    MihImpactError
        Something else, such as the tuple that `lag` returns within a list, or a term given twice.

    Examples
    --------
    >>> as_terms("county"), as_terms(["age", "education"])
    (('county',), ('age', 'education'))
    """
    terms = [given] if isinstance(given, str | Lag) else arguments.listed(given)
    nested = [t for t in terms or () if isinstance(t, tuple) and t and isinstance(t[0], Lag)]
    if nested:
        lags = f'*lag("{nested[0][0].column}", {", ".join(str(term.years) for term in nested[0])})'
        raise error(
            f"{argument} has lags in a tuple of their own",
            found="what mih.lag(...) returns, without a star",
            do=f"put a star before it: {argument}=[..., {lags}]",
        )
    if terms is None or not all(isinstance(term, str | Lag) and str(term) for term in terms):
        raise error(
            f"{argument} is a column, a lag, or a list of them",
            found=f"{argument}={arguments.shown(given)}",
            do=f'give for example {argument}=["age", *mih.lag("wage_income", 1, 2)]',
        )
    arguments.unrepeated(argument, terms, error=error)
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


def term_label(term: Term, lang: Lang | None = None) -> str:
    """Return the displayed name of a term."""
    if isinstance(term, str):
        return label_of(term).text(lang)
    text = _LAGGED_ONE if term.years == 1 else _LAGGED
    name = label_of(term.column).text(lang)
    return text.format(name=name, years=number(term.years, lang=lang)).text(lang)


def entered(terms: Sequence[Term], outcome: str, year: int) -> bool:
    """Return whether an outcome in a year since start is among the terms, itself or its source.

    Examples
    --------
    >>> entered(lag("wage_income", 2), "in_work", -2), entered(["wage_income"], "wage_income", -2)
    (True, False)
    """
    derived = DERIVED.get(outcome)
    column = (derived.reckoned_from if derived else None) or outcome
    before = {_years_before(term) for term in terms if getattr(term, "column", term) == column}
    return -year in before


def _years_before(term: Term) -> int:
    return term.years if isinstance(term, Lag) else 1


def _is_outcome(cube: Cube, column: str) -> bool:
    return column in cube.ore or (column in DERIVED and DERIVED[column].role == "outcome")


def read_term(cube: Cube, term: Term, start: int) -> tuple[NDArray[Any], BoolArray]:
    """Read a term for every person of the cube, as of those who start in a period.

    Returns
    -------
    tuple
        Values, shape (n_persons,), float with NaN or object with None where missing, and whether
        each was carried forward from an earlier row.
    """
    column = term.column if isinstance(term, Lag) else term
    years = _years_before(term)
    if _is_outcome(cube, column):
        values = cube.lagged(column, start, years)
        return values, np.zeros(values.shape, dtype=bool)
    read = cube.as_of(column, start - 1 - cube.PER_YEAR * (years - 1))
    return read.values, read.carried


def read_rows(
    cube: Cube, term: Term, person: IntArray, start: IntArray
) -> tuple[NDArray[Any], BoolArray]:
    """Read a term for rows of a risk set, each as of the period it is compared from.

    Returns
    -------
    tuple
        Values, shape (m,), float with NaN or object with None where missing, and whether each was
        carried forward from an earlier row.
    """
    values, carried = np.empty(0), np.zeros(len(person), dtype=bool)
    for s in np.unique(start).tolist():
        here = start == s
        read, forward = read_term(cube, term, s)
        if not len(values):
            values = np.empty(len(person), dtype=read.dtype)
        values[here], carried[here] = read[person[here]], forward[person[here]]
    return values, carried


def require_years(cube: Cube, terms: Sequence[Term], start: IntArray) -> None:
    """Raise if a term falls in a year the register does not have for some periods of start."""
    periods = np.unique(start)
    for term in terms:
        years, column = _years_before(term), str(getattr(term, "column", term))
        if isinstance(term, str) and term not in OUTCOMES:
            continue
        if _is_outcome(cube, column):
            unseen = periods[~cube.seen(periods, [-years])[:, 0]]
        else:
            unseen = periods[~cube.has(periods - 1 - cube.PER_YEAR * (years - 1))]
        if len(unseen):
            first = int(unseen[0])
            raise SupportError(
                f"{term} falls in a year without register rows",
                found=f"{first // cube.PER_YEAR - years} for the start year "
                f"{first // cube.PER_YEAR}; the register has {cube.span}",
                do=f"drop the lag, bring earlier years, or leave out those who start in "
                f"{cube.named(unseen)}",
            )


@dataclass(frozen=True, eq=False)
class Design:
    """Covariates of stacked rows as numbers.

    Attributes
    ----------
    X
        Shape (m, k); a category is k - 1 indicators, its most common value left out.
    names
        The k names, `education=low` for an indicator.
    terms
        The term each column comes from.
    """

    X: FloatArray
    names: tuple[str, ...]
    terms: tuple[Term, ...]

    def require_varying(self, on: Sequence[Term], *, one_does: bool = False) -> None:
        """Raise on a term that is the same for everybody, which makes nobody like or unlike.

        Parameters
        ----------
        on
            The terms.
        one_does
            Whether it is enough that one of them varies.

        Raises
        ------
        SupportError
            A number of one value, or a category of one, which has no indicator at all.
        """
        vary = {t for t, x in zip(self.terms, self.X.T, strict=True) if (x != x[0]).any()}
        constant = [str(term) for term in on if term not in vary]
        if constant and not (one_does and len(constant) < len(on)):
            raise SupportError(
                f"{', '.join(constant)} in on= does not vary",
                found=f"one value in all {len(self.X)} rows where every characteristic is known",
                do="leave it out of on=",
            )

    @classmethod
    def of(cls, columns: Sequence[tuple[Term, NDArray[Any]]], *, drop_one: bool = True) -> Design:
        """Expand categories to indicators; values must have no missing."""
        blocks: list[FloatArray] = []
        names: list[str] = []
        terms: list[Term] = []
        for term, values in columns:
            if values.dtype != object:
                blocks.append(values.astype(np.float64))
                names.append(str(term))
                terms.append(term)
                continue
            codes, categories = pd.factorize(values, sort=True)
            counts = np.bincount(codes, minlength=len(categories))
            for k, category in enumerate(categories):
                if not (drop_one and k == int(counts.argmax())):
                    blocks.append((codes == k).astype(np.float64))
                    names.append(f"{term}={category}")
                    terms.append(term)
        rows = len(columns[0][1]) if columns else 0
        X = np.column_stack(blocks) if blocks else np.empty((rows, 0))
        X.setflags(write=False)
        return cls(X, tuple(names), tuple(terms))
