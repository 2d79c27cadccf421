"""Panel: a register behind the contract, lazy until something is asked of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Lang
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.errors import PanelContractError
from mih_impact.panel import ops
from mih_impact.panel.build import Request, build_cube, count_persons
from mih_impact.panel.card import panel_card
from mih_impact.panel.check import PanelReport
from mih_impact.panel.contract import BENEFITS, CONTRACT, OUTCOMES
from mih_impact.panel.cube import Cube
from mih_impact.panel.door import Plan
from mih_impact.panel.engine import reading
from mih_impact.panel.measure import MEASURE, Named, OtherMeasures, named_measure, started
from mih_impact.panel.rules import Context, breaches
from mih_impact.panel.selection import (
    Eligible,
    columns_to_fetch,
    eligible_expr,
    eligible_words,
)
from mih_impact.panel.size import SizeEstimate, bytes_of
from mih_impact.panel.survey import Rows, survey_rows
from mih_impact.panel.survey_persons import Persons, survey_persons
from mih_impact.panel.widths import Precision, Widths
from mih_impact.reference.prices import PriceIndex

__all__ = ["Money", "Panel", "Period"]

#: A text column with no more distinct values leaves the engine as codes.
FEW_TEXTS = 2_000

Money = Literal["nominal", "fixed"]
Period = Literal["year", "month"]


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
        precision: Precision = "float64",
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
        self._precision = precision
        self.provenance = Provenance.of(
            "read_panel",
            {
                "columns": {name: plan.source for name, plan in self._plans.items()},
                "money": money,
                "price_year": price_year,
                "currency": currency,
                **({} if period == "year" else {"period": period}),
                **({} if precision == "float64" else {"precision": precision}),
            },
            evidence=evidence,
        )
        self._measure: Named | None = None
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
    def measures(self) -> tuple[str, ...]:
        """The measures that somebody begins, ascending; empty without the column `measure`."""
        return self._known_measures or ()

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

    def for_measure(self, measure: str, *, other_measures: OtherMeasures = "risk_set") -> Panel:
        """Return the panel in which those start who begin a measure, from their first time.

        `match`, `weight` and `group_time_effects` do so themselves with `measure=`.

        Parameters
        ----------
        measure
            One of `measures`. Columns start_year and start_month are not read then.
        other_measures
            "risk_set": who begins another measure can be a control like anybody. "censor": controls
            are compared until they begin another measure, and nobody is a candidate in the period
            in which it does. What participants begin later is part of the effect either way.

        Returns
        -------
        Panel
            What has been read and checked of this one holds for it.

        Raises
        ------
        PanelContractError
            Nobody begins the measure, or the panel has no column `measure`.

        Examples
        --------
        >>> import mih_impact as mih
        >>> rows = mih.example_panel().frame.collect("pandas").to_native()
        >>> begins = rows["year"] == rows["start_year"]
        >>> panel = mih.read_panel(rows.assign(measure=begins.map({True: "afl", False: None})))
        >>> panel.measures, panel.for_measure("afl").cube(columns=["wage_income"]).n_persons > 500
        (('afl',), True)
        """
        chosen = copy.copy(self)
        chosen._measure = named_measure(measure, other_measures, self._known_measures)
        chosen._last_cube = None
        about = {"measure": measure, "other_measures": other_measures}
        options = {**self.provenance.options, **about}
        chosen.provenance = replace(self.provenance, options=options)
        return chosen

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
        taken = bytes_of(
            request.dtypes,
            persons,
            periods,
            monthly=self._period == "month",
            widths=request.widths,
        )
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
        >>> import mih_impact as mih
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"person_id": ["a"], "year": [2020], "wage_income": [1.0]})
        >>> mih.read_panel(rows).eligibility()
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
        dtypes = {name: self._plans[name].dtype for name in names}
        frame, starts = self._frame, self._rows.starts
        if self._measure is not None:
            frame, starts = self._begun
            dtypes = {**dtypes, "start_year": "int"}
            if self._measure.others == "censor":
                dtypes[MEASURE] = "category"
        per_year = 12 if self._period == "month" else 1
        money = [name for name, dtype in dtypes.items() if dtype == "money"]
        return Request(
            frame=frame,
            dtypes=dtypes,
            texts=self._texts_of(name for name in dtypes if name in self._plans),
            eligible=eligible,
            per_year=per_year,
            observed=() if self._persons is None else self._persons.periods,
            start_range=starts,
            constant=self._persons is not None and self._persons.constant,
            price_factor=factors,
            price_year=self._price_year,
            currency=self._currency,
            schemes=tuple(name for name in BENEFITS if name in self._plans),
            spells=self._spells,
            measure=self._measure,
            widths=Widths.of(self._precision, money, self._rows.extremes, per_year=per_year),
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

    @property
    def _known_measures(self) -> tuple[str, ...] | None:
        """The measures of the register, None without the column."""
        if MEASURE not in self._plans:
            return None
        with reading(self._raw):
            return self._texts_of([MEASURE]).get(MEASURE, ())

    @property
    def _begun(self) -> tuple[nw.LazyFrame[Any], tuple[int, int]]:
        """The rows with starts in the named measure, and the first and last year of them."""
        assert self._measure is not None
        monthly = self._period == "month"
        with reading(self._raw):
            return started(self._frame, self._measure.name, monthly=monthly)

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
