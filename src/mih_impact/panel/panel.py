"""read_panel and Panel: a register behind the contract, lazy until something is asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, SupportsFloat, get_args

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.errors import PanelContractError
from mih_impact.panel import ops
from mih_impact.panel.build import Request, build_cube, count_persons
from mih_impact.panel.card import panel_card
from mih_impact.panel.check import PanelReport
from mih_impact.panel.contract import BENEFITS, CONTRACT, OUTCOMES
from mih_impact.panel.cube import Cube
from mih_impact.panel.door import Plan, Values, plan_columns
from mih_impact.panel.engine import reading
from mih_impact.panel.given import evidence_given, prices_given
from mih_impact.panel.rules import Context, breaches
from mih_impact.panel.selection import (
    Eligible,
    columns_to_fetch,
    eligible_expr,
    eligible_words,
)
from mih_impact.panel.size import SizeEstimate, bytes_of, parse_memory
from mih_impact.panel.sources import open_source, open_spells
from mih_impact.panel.survey import Rows, survey_rows
from mih_impact.panel.survey_persons import Persons, survey_persons
from mih_impact.reference.prices import PriceIndex

__all__ = ["Money", "Panel", "Period", "read_panel"]

#: A text column with no more distinct values leaves the engine as codes.
FEW_TEXTS = 2_000

Money = Literal["nominal", "fixed"]
Period = Literal["year", "month"]


def read_panel(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    values: Values | None = None,
    money: Money = "nominal",
    price_year: int = 2024,
    currency: str = "NOK",
    index: PriceIndex | Mapping[int, SupportsFloat] | None = None,
    period: Period = "year",
    resident: Any = None,
    evidence: Label | Mapping[Lang, str] | None = None,
    memory_limit: float | str | None = None,
) -> Panel:
    """Read a register panel with one row per person and year, or per person and month.

    Nothing but the names and types is looked at until a call needs rows (CSV apart, which has no
    types before it is read). The source is never modified.

    Parameters
    ----------
    source
        A path or glob (Parquet, CSV), or a pandas, Polars, DuckDB or PyArrow frame, or any other
        frame narwhals wraps.
    columns
        Our name -> the register's name, where they differ.
    values
        Our name -> {code in the register: value}; every code must be named.
    money
        "nominal": kroner of each year, converted to `price_year`. "fixed": already in it.
    price_year
        Year whose prices results are in.
    currency
        Currency of the money columns.
    index
        A price index to use instead of the shipped consumer price index.
    period
        What a row covers. "month": rows have year and month, starters start_year and start_month;
        years since start are then twelve months from the month of start.
    resident
        Spells of residency: a frame or path with person_id, from_year, to_year (inclusive; a null
        to_year is an open spell). They replace the year of emigration.
    evidence
        What kind of data this is, in both languages, {"nb": ..., "en": ...}; stands on every card,
        table and figure. None takes what a Parquet file says of itself: the synthetic register
        does.
    memory_limit
        What the persons of an analysis may take in memory, in bytes or as "4 GB"; a larger cube is
        refused before it is fetched. DuckDB, when it reads files, is given as much for itself, and
        at least 500 MB, and goes to disk beyond that. None is no limit.

    Returns
    -------
    Panel

    Raises
    ------
    PanelContractError
        Names missing, misspelt or double; types that cannot be used; options that contradict.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"lopenr": [1, 1], "aar": [2020, 2021], "lonn": [400_000, 420_000]})
    >>> names = {"person_id": "lopenr", "year": "aar", "wage_income": "lonn"}
    >>> read_panel(rows, columns=names).columns
    ('person_id', 'year', 'wage_income')
    """
    prices = prices_given(money, price_year, currency, index)
    if period not in get_args(Period):
        raise PanelContractError(
            "A row covers a year or a month",
            found=f"period={period!r}",
            do='use "year" or "month"; sum weeks or days to months before reading',
        )
    monthly = period == "month"
    allowed = None if memory_limit is None else parse_memory(memory_limit)
    opened = open_source(
        source,
        memory_limit=allowed,
        columns=columns,
        recoded=tuple(values or ()),
        monthly=monthly,
    )
    plans, left_out = plan_columns(opened.frame.collect_schema(), columns, values, monthly=monthly)
    return Panel(
        opened.frame,
        plans,
        left_out=left_out,
        unreadable=opened.unreadable,
        money=money,
        price_year=int(price_year),
        currency=currency,
        index=prices,
        period=period,
        spells=None if resident is None else open_spells(resident),
        evidence=opened.evidence if evidence is None else evidence_given(evidence),
        memory_limit=allowed,
    )


class Panel(Result):
    """A register panel behind the contract: checked and read only when something is asked of it.

    Made by `read_panel`. The panel holds a lazy frame, not rows.
    """

    def __init__(
        self,
        raw: nw.LazyFrame[Any],
        plans: Mapping[str, Plan],
        *,
        left_out: tuple[str, ...],
        unreadable: Mapping[str, tuple[int, str]],
        money: Money,
        price_year: int,
        currency: str,
        index: PriceIndex | None,
        period: Period,
        spells: pd.DataFrame | None,
        evidence: Mapping[str, str],
        memory_limit: int | None = None,
    ) -> None:
        self._raw = raw
        self._plans = dict(plans)
        self._left_out = left_out
        self._unreadable = dict(unreadable)
        self._money = money
        self._price_year = price_year
        self._currency = currency
        self._index = index
        self._period = period
        self._spells = spells
        self._memory_limit = memory_limit
        self.provenance = Provenance.of(
            "read_panel",
            {
                "columns": {name: plan.source for name, plan in self._plans.items()},
                "money": money,
                "price_year": price_year,
                "currency": currency,
                **({} if period == "year" else {"period": period}),
            },
            evidence=evidence,
        )
        self._texts: dict[str, tuple[str, ...] | None] = {}
        self._last_cube: tuple[tuple[Any, ...], Cube] | None = None

    # --- what it has ------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by our names: the contract's first, then the register's others."""
        return tuple(self._plans)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The contract's money outcomes that the panel has: wage income, then the schemes."""
        return tuple(name for name in OUTCOMES if name in self._plans)

    @property
    def price_year(self) -> int:
        """The year whose prices results are in."""
        return self._price_year

    @property
    def currency(self) -> str:
        """The currency of the money columns."""
        return self._currency

    @property
    def period(self) -> Period:
        """What a row covers: "year" or "month"."""
        return self._period

    @property
    def first_year(self) -> int:
        """The register's first year."""
        return self._years[0]

    @property
    def last_year(self) -> int:
        """The register's last year."""
        return self._years[1]

    @property
    def frame(self) -> nw.LazyFrame[Any]:
        """The rows in the contract's names and types, as a lazy narwhals frame."""
        return self._frame

    # --- checking ---------------------------------------------------------------------------------

    def check(self) -> PanelReport:
        """Return every breach of the contract, found in one pass over rows and one per person.

        The report is made once a panel.
        """
        return self._report

    def require(self) -> None:
        """Raise if a rule is broken at the level of an error, naming all such breaches.

        Raises
        ------
        PanelContractError
        """
        self._report.raise_if_failed()

    # --- leaving the engine -----------------------------------------------------------------------

    def estimate_size(
        self, *, eligible: Eligible = None, columns: Iterable[str] | None = None
    ) -> SizeEstimate:
        """Return what a cube would take; the persons are counted in the engine, none leaves it.

        `eligible` and `columns` are as in `cube`.
        """
        names = columns_to_fetch(columns, self.columns)
        expr = eligible_expr(eligible, self._frame)
        self.require()
        request = self._request(names, expr)
        with reading(self._raw):
            persons = count_persons(request)
        periods = request.observed[-1] - request.observed[0] + 1
        taken = bytes_of(request.dtypes, persons, periods, monthly=self._period == "month")
        provenance = replace(self.provenance, call="estimate_size")
        return SizeEstimate(persons, periods, taken, self._rows.n_rows, provenance)

    def cube(self, *, eligible: Eligible = None, columns: Iterable[str] | None = None) -> Cube:
        """Return the persons an analysis is about as dense arrays.

        Who comes along: everybody with a start year, and everybody eligible in at least one year
        from the period before the first start to the period before the last.

        Parameters
        ----------
        eligible
            A boolean column by name, or a narwhals expression on person-years; None takes the
            column `eligible` where the panel has one, else everybody observed.
        columns
            The columns and derived quantities to fetch; None is all of them.

        Returns
        -------
        Cube

        Raises
        ------
        PanelContractError
            The panel breaks the contract, or a name is not in it.
        MemoryLimitError
            It would not fit the panel's `memory_limit`.
        EngineError
            The source broke off while it was read.
        """
        names = columns_to_fetch(columns, self.columns)
        expr = eligible_expr(eligible, self._frame)
        key = (eligible, names)
        if self._last_cube is not None and not isinstance(eligible, nw.Expr):
            known, cube = self._last_cube
            if known == key:
                return cube
        self.require()
        if self._memory_limit is not None:
            self.estimate_size(eligible=eligible, columns=columns).require(self._memory_limit)
        with reading(self._raw):
            cube = build_cube(self._request(names, expr))
        if not isinstance(eligible, nw.Expr):
            self._last_cube = (key, cube)
        return cube

    def eligibility(self, eligible: Eligible = None) -> str:
        """Return in words who counts as eligible, for cards and provenance.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"person_id": ["a"], "year": [2020], "wage_income": [1.0]})
        >>> read_panel(rows).eligibility()
        'everyone observed'
        """
        return eligible_words(eligible, self.columns)

    def _request(self, names: tuple[str, ...], eligible: nw.Expr | None) -> Request:
        years = np.arange(self.first_year, self.last_year + 1)
        factors = (
            np.ones(len(years))
            if self._index is None
            else self._index.factors(years, self._price_year)
        )
        return Request(
            frame=self._frame,
            dtypes={name: self._plans[name].dtype for name in names},
            texts=self._texts_of(names),
            eligible=eligible,
            per_year=12 if self._period == "month" else 1,
            observed=() if self._persons is None else self._persons.periods,
            start_range=self._rows.starts,
            constant=self._persons is not None and self._persons.constant,
            price_factor=factors,
            price_year=self._price_year,
            currency=self._currency,
            schemes=tuple(name for name in BENEFITS if name in self._plans),
            spells=self._spells,
        )

    # --- read once --------------------------------------------------------------------------------

    @cached_property
    def _frame(self) -> nw.LazyFrame[Any]:
        return self._raw.select([plan.expr.alias(name) for name, plan in self._plans.items()])

    @cached_property
    def _rows(self) -> Rows:
        with reading(self._raw):
            return survey_rows(self._raw, self._plans)

    @cached_property
    def _persons(self) -> Persons | None:
        if self._rows.years is None:
            return None
        texts = [name for name in self.columns if name in CONTRACT and CONTRACT[name].constant]
        with reading(self._raw):
            return survey_persons(
                self._frame,
                self.columns,
                self._rows.years,
                texts=self._texts_of(texts),
                extremes=self._rows.extremes,
                monthly=self._period == "month",
            )

    def _texts_of(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the distinct values of those text columns that have few, read once a column."""
        for name in names:
            if self._plans[name].dtype == "category" and name not in self._texts:
                self._texts[name] = ops.distinct_texts(self._frame, name, at_most=FEW_TEXTS)
        known = ((name, self._texts.get(name)) for name in names)
        return {name: texts for name, texts in known if texts is not None}

    @property
    def _years(self) -> tuple[int, int]:
        if self._rows.years is None:
            self.require()
            raise PanelContractError("The panel has no usable year")
        return self._rows.years

    @cached_property
    def _report(self) -> PanelReport:
        context = Context(
            plans=self._plans,
            left_out=self._left_out,
            unreadable=self._unreadable,
            index=self._index,
            price_year=self._price_year,
            currency=self._currency,
            spells=self._spells is not None,
            monthly=self._period == "month",
        )
        return PanelReport(
            breaches=breaches(self._rows, self._persons, context),
            n_rows=self._rows.n_rows,
            n_persons=None if self._persons is None else self._persons.n_persons,
            years=self._rows.years,
            provenance=replace(self.provenance, call="check"),
        )

    def _card(self, lang: Lang) -> Card:
        rows = self.__dict__.get("_rows")
        size = None if rows is None or rows.years is None else (rows.n_rows, *rows.years)
        return panel_card(self, self._raw.implementation.name.lower(), self._money, size, lang)
