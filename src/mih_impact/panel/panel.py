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
from numpy.typing import NDArray

from mih_impact.display.locale import Label
from mih_impact.display.numbers import number, year_range
from mih_impact.display.result import Card, Displayed, Provenance
from mih_impact.display.unit import AnyUnit, as_unit, is_money
from mih_impact.errors import PanelContractError
from mih_impact.panel.build import Request, build_cube, count_persons
from mih_impact.panel.check import Context, PanelReport, breaches, notes_on
from mih_impact.panel.columns import Cast, default_outcomes, told
from mih_impact.panel.contract import BENEFITS
from mih_impact.panel.cube import Cube
from mih_impact.panel.engine import reading
from mih_impact.panel.person_counts import PanelCounts
from mih_impact.panel.selection import (
    MEASURE,
    Eligible,
    Named,
    OtherMeasures,
    columns_to_fetch,
    eligible_expr,
    eligible_words,
    named_measure,
)
from mih_impact.panel.size import Precision, SizeEstimate, Widths, bytes_of, disk_of
from mih_impact.reference.prices import PriceIndex, g_averages

__all__ = ["Money", "Panel", "Period", "panel_card"]

_CARD = {
    "title": Label(nb="Registerpanel", en="Register panel"),
    "cross_section": Label(nb="Tverrsnitt", en="Cross-section"),
    "persons": Label(nb="Personer", en="Persons"),
    "engine": Label(nb="Motor", en="Engine"),
    "size": Label(nb="Rader og år", en="Rows and years"),
    "period": Label(nb="En rad er", en="A row is"),
    "year": Label(nb="et år", en="a year"),
    "month": Label(nb="en måned", en="a month"),
    "unread": Label(nb="ikke lest ennå", en="not read yet"),
    "columns": Label(nb="Kolonner", en="Columns"),
    "outcomes": Label(nb="Utfall", en="Outcomes"),
    "money": Label(nb="Beløp", en="Money"),
    "nominal": Label(
        nb="løpende {currency}, gjøres om til {year}-priser",
        en="current {currency}, converted to {year} prices",
    ),
    "fixed": Label(nb="faste {year}-priser, {currency}", en="fixed {year} prices, {currency}"),
}


def panel_card(panel: Panel, engine: str, money: str, size: tuple[int, int, int] | None) -> Card:
    """Return the card; size is rows, first and last year, None where nothing has been read yet."""
    read = _CARD["unread"].text()
    if size is not None:
        read = f"{number(size[0])}, {year_range(size[1], size[2])}"
        if panel.cross_section:
            read = number(size[0] // 2)
    title = _CARD["cross_section" if panel.cross_section else "title"]
    shown = (("columns", ", ".join(panel.columns)), ("outcomes", ", ".join(_outcomes(panel))))
    if panel.cross_section:
        own = [name for name in panel.columns if name not in ("person_id", "year", "start_year")]
        few = (("persons", read), ("columns", ", ".join(own)), shown[1])
        return Card(title.text(), tuple((_CARD[name].text(), text) for name, text in few))
    kroner = _CARD[money].format(currency=panel.currency, year=panel.price_year)
    lines = (
        ("engine", engine),
        ("size", read),
        ("period", _CARD[panel.period].text()),
        *shown,
        ("money", kroner.text()),
    )
    return Card(title.text(), tuple((_CARD[name].text(), text) for name, text in lines))


def _outcomes(panel: Panel) -> list[str]:
    """Return the outcomes, those that are no money with their units."""
    units = {name: as_unit(panel.units[name]) for name in panel.outcomes}
    return [
        name if is_money(unit) else f"{name} ({unit.displayed.text()})"
        for name, unit in units.items()
    ]


Money = Literal["nominal", "fixed"]
Period = Literal["year", "month"]


class Panel(Displayed):
    """A register panel behind the contract: checked and read only when something is asked of it.

    Made by `read_panel`. The panel holds a lazy frame, not rows.
    """

    def __init__(
        self,
        raw: nw.LazyFrame[Any],
        casts: Mapping[str, Cast],
        *,
        left_out: tuple[str, ...],
        unreadable: Mapping[str, Mapping[str, int]],
        files: tuple[str, ...] = (),
        money: Money,
        price_year: int,
        currency: str,
        index: PriceIndex | None,
        period: Period,
        spells: pd.DataFrame | None,
        evidence: Mapping[str, str],
        memory_limit: int | None = None,
        precision: Precision = "float64",
        weights: str | None = None,
    ) -> None:
        self._counts = PanelCounts(raw, casts, monthly=period == "month", files=files)
        self._casts = self._counts.casts
        self._left_out = left_out
        self._unreadable = dict(unreadable)
        self._files = files
        self._money = money
        self._price_year = price_year
        self._currency = currency
        self._index = index
        self._period = period
        self._spells = spells
        self._memory_limit = memory_limit
        self._precision = precision
        self.weights = weights
        self._require_weights()
        declared = {name: told(self.units[name]) for name in self._declared}
        self.provenance = Provenance.of(
            "read_panel",
            {
                "columns": {name: cast.source for name, cast in self._casts.items()},
                "money": money,
                "price_year": price_year,
                "currency": currency,
                **({} if index is None or index.shipped else {"index": index.told}),
                **({"units": declared} if declared else {}),
                **({} if period == "year" else {"period": period}),
                **({} if precision == "float64" else {"precision": precision}),
                **({} if weights is None else {"weights": weights}),
            },
            evidence=evidence,
        )
        #: Whether it is of one period: see `read_cross_section`.
        self.cross_section = False
        self._measure: Named | None = None
        self._last_cube: tuple[tuple[Any, ...], Cube] | None = None

    def _require_weights(self) -> None:
        """Raise on a column of design weights that is none of the panel's numbers."""
        name = self.weights
        if name is None:
            return
        cast = self._casts.get(name) if isinstance(name, str) else None
        if cast is None or cast.dtype != "number" or cast.declared:
            numbers = [name for name, cast in self._casts.items() if cast.dtype == "number"]
            numbers = [name for name in numbers if not self._casts[name].declared]
            raise PanelContractError(
                "Design weights are a column of numbers outside the contract",
                found=f"weights={name!r}, which is "
                + ("no column" if cast is None else f"{cast.dtype}, or has a unit"),
                do=f"name one of {', '.join(numbers)}, without a unit in units="
                if numbers
                else "bring such a column",
            )

    # --- what it has ------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by our names: the contract's first, then the register's others."""
        return tuple(self._casts)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are meant where none is named, wage income first.

        Money: the wage and the schemes; and the columns that `units=` says the unit of. Where there
        is neither, whatever can be an outcome.
        """
        return default_outcomes(self.units, self._declared, self._currency)

    @property
    def units(self) -> dict[str, AnyUnit]:
        """What each column is measured in that can be an outcome."""
        found = {name: cast.unit for name, cast in self._casts.items()}
        return {name: unit for name, unit in found.items() if unit is not None}

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that somebody begins, ascending; empty without the column `measure`."""
        return self._counts.measures or ()

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
        return self._counts.frame

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
        chosen._measure = named_measure(measure, other_measures, self._counts.measures)
        chosen._last_cube = None
        about = {"measure": measure, "other_measures": other_measures}
        options = {**self.provenance.options, **about}
        chosen.provenance = replace(self.provenance, options=options)
        return chosen

    def as_cross_section(self) -> Panel:
        """Return the panel as one that knows of one period only; see `read_cross_section`."""
        chosen = copy.copy(self)
        chosen.cross_section = True
        options = {**self.provenance.options, "cross_section": True}
        chosen.provenance = replace(self.provenance, call="read_cross_section", options=options)
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
        names = self._to_fetch(columns)
        expr = eligible_expr(eligible, self._counts.frame)
        self.require()
        request = self._request(names, expr)
        with reading(self._counts.raw):
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
        everybody = 0 if self._counts.persons is None else self._counts.persons.n_persons
        limited = self._memory_limit is not None
        return SizeEstimate(
            persons=persons,
            periods=periods,
            by_column=taken,
            rows=self._counts.rows.n_rows,
            seconds=sum(self._counts.seconds.values()),
            disk_bytes=disk_of(self._counts.raw, taken, everybody=everybody, limited=limited),
            provenance=provenance,
        )

    def cube(self, *, eligible: Eligible = None, columns: Iterable[str] | None = None) -> Cube:
        """Return the persons an analysis is about as dense arrays.

        Who comes along: everybody with a start year, and everybody eligible in at least one year
        from the period before the first start to the period before the last. In a year in which a
        resident has no row, eligibility is asked with amounts of zero and all else as in the last
        row before; where it is not known who is resident, nobody is eligible without a row.

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
        names = self._to_fetch(columns)
        expr = eligible_expr(eligible, self._counts.frame)
        key = (eligible, names)
        if self._last_cube is not None and not isinstance(eligible, nw.Expr):
            known, cube = self._last_cube
            if known == key:
                return cube
        self.require()
        if self._memory_limit is not None:
            self.estimate_size(eligible=eligible, columns=columns).require(self._memory_limit)
        with reading(self._counts.raw), self._counts.unchanged():
            cube = build_cube(self._request(names, expr))
        if not isinstance(eligible, nw.Expr):
            self._last_cube = (key, cube)
        return cube

    def _to_fetch(self, columns: Iterable[str] | None) -> tuple[str, ...]:
        """Return the columns to fetch, design weights among them."""
        if columns is not None and self.weights is not None:
            named = [columns] if isinstance(columns, str) else list(columns)
            columns = list(dict.fromkeys([*named, self.weights]))
        return columns_to_fetch(columns, self.columns)

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
            if self._index is None or self._money == "fixed" or not self._has_money
            else self._index.factors(years, self._price_year)
        )
        dtypes = {name: self._casts[name].dtype for name in names}
        frame, starts = self._counts.frame, self._counts.rows.starts
        if self._measure is not None:
            frame, starts = self._counts.started(self._measure.name)
            dtypes = {**dtypes, "start_year": "int"}
            if self._measure.others == "censor":
                dtypes[MEASURE] = "category"
        per_year = 12 if self._period == "month" else 1
        money = [name for name, dtype in dtypes.items() if dtype == "money"]
        units = {name: unit for name, unit in self.units.items() if name in dtypes}
        return Request(
            frame=frame,
            dtypes=dtypes,
            texts=self._counts.texts_of(name for name in dtypes if name in self._casts),
            eligible=eligible,
            amounts=tuple(n for n, cast in self._casts.items() if cast.dtype == "money"),
            uncarried=tuple(
                name
                for name, cast in self._casts.items()
                if name == MEASURE or (cast.declared and cast.dtype == "number")
            ),
            per_year=per_year,
            persons=0 if self._counts.persons is None else self._counts.persons.n_persons,
            observed=() if self._counts.persons is None else self._counts.persons.periods,
            start_range=starts,
            constant=self._counts.persons is not None and self._counts.persons.constant,
            price_factor=factors,
            price_year=self._price_year,
            currency=self._currency,
            schemes=tuple(name for name in BENEFITS if name in self._casts),
            spells=self._spells,
            measure=self._measure,
            widths=Widths.of(
                self._precision,
                money,
                self._counts.rows.extremes,
                per_year=per_year,
                exact=[name for name in units if dtypes[name] == "number"],
            ),
            per_g=self._per_g(years),
            weights=self.weights,
            units=units,
            declared=tuple(name for name in self._declared if name in units),
        )

    def _per_g(self, years: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return G of each year per krone of the register; fixed prices are converted back."""
        if self._currency != "NOK":
            return None
        known = g_averages()
        per_krone = np.array([1.0 / known.get(year, np.nan) for year in years.tolist()])
        if self._money == "nominal":
            return per_krone
        index = PriceIndex.kpi() if self._index is None else self._index
        have = np.isin(years, index.years) & (self._price_year in index.years)
        factor = np.full(len(years), np.nan)
        if have.any():
            factor[have] = index.factors(years[have], self._price_year)
        return np.asarray(per_krone / factor)

    @property
    def _has_money(self) -> bool:
        return any(cast.dtype == "money" for cast in self._casts.values())

    @property
    def _synthetic(self) -> bool:
        """Whether the register says of itself that it is synthetic."""
        return "synthetic" in self.provenance.evidence.get("en", "").lower()

    @property
    def _declared(self) -> tuple[str, ...]:
        return tuple(name for name, cast in self._casts.items() if cast.declared)

    # --- read once --------------------------------------------------------------------------------

    @property
    def _years(self) -> tuple[int, int]:
        if self._counts.rows.years is None:
            self.require()
            raise PanelContractError("The panel has no usable year")
        return self._counts.rows.years

    @cached_property
    def _report(self) -> PanelReport:
        context = Context(
            casts=self._casts,
            left_out=self._left_out,
            unreadable=self._unreadable,
            files=self._files,
            index=None if self._money == "fixed" else self._index,
            price_year=self._price_year,
            currency=self._currency,
            spells=self._spells is not None,
            monthly=self._period == "month",
        )
        # The outcomes of a cross-section stand in its second period alone.
        unfilled = () if self.cross_section else self._counts.unfilled
        return PanelReport(
            breaches=breaches(self._counts.rows, self._counts.persons, unfilled, context),
            n_rows=self._counts.rows.n_rows,
            n_persons=None if self._counts.persons is None else self._counts.persons.n_persons,
            years=self._counts.rows.years,
            provenance=replace(self.provenance, call="check"),
            notes=notes_on(self._counts.rows, context, synthetic=self._synthetic),
        )

    def _card(self) -> Card:
        rows = self._counts.counted
        size = None if rows is None or rows.years is None else (rows.n_rows, *rows.years)
        return panel_card(self, self._counts.raw.implementation.name.lower(), self._money, size)
