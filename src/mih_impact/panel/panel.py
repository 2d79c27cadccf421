"""read_panel and Panel: a register behind the contract, lazy until something is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact.errors import PanelContractError
from mih_impact.panel import ops, sources
from mih_impact.panel.build import Request, build_cube
from mih_impact.panel.contract import BENEFITS, CONTRACT, DERIVED, OUTCOMES
from mih_impact.panel.cube import Cube
from mih_impact.panel.door import Plan, Values, plan_columns
from mih_impact.panel.survey import Persons, Rows, survey_persons, survey_rows
from mih_impact.reference.prices import PriceIndex

__all__ = ["Panel", "read_panel"]

Money = Literal["nominal", "fixed"]


class Panel:
    """A register panel, lazy."""

    def __init__(self, raw, plans, left_out, *, money, price_year, currency, index, resident) -> None:
        self._raw = raw
        self._plans = plans
        self._left_out = left_out
        self._frame = raw.select([plan.expr.alias(name) for name, plan in plans.items()])
        self._money = money
        self.price_year = price_year
        self.currency = currency
        self._index = index
        self._resident = resident

    @property
    def columns(self):
        return tuple(self._plans)

    @property
    def outcomes(self):
        return tuple(name for name in OUTCOMES if name in self._plans)

    @cached_property
    def _rows(self) -> Rows:
        return survey_rows(self._raw, self._plans)

    @cached_property
    def _persons(self) -> Persons:
        return survey_persons(self._frame, self.columns, self._rows.years)

    @property
    def first_year(self):
        return self._rows.years[0]

    @property
    def last_year(self):
        return self._rows.years[1]

    def require(self):
        self._persons

    def cube(self, *, eligible=None, columns=None) -> Cube:
        self.require()
        wanted = set(self.columns if columns is None else columns)
        if "in_work" in wanted:
            wanted.add("wage_income")
        if "on_benefit" in wanted:
            wanted |= set(BENEFITS)
        wanted |= {n for n in self.columns if n in CONTRACT and CONTRACT[n].role in ("treatment", "exit")}
        if "age" in wanted:
            wanted.add("birth_year")
        names = [n for n in self.columns if n in wanted and n not in ("person_id", "year", "eligible")]
        if isinstance(eligible, str):
            eligible = nw.col(eligible)
        if eligible is None and "eligible" in self.columns:
            eligible = nw.col("eligible")
        years = np.arange(self.first_year, self.last_year + 1)
        factor = np.ones(len(years)) if self._money == "fixed" else np.asarray(self._index.factors(years, self.price_year))
        return build_cube(Request(
            frame=self._frame, dtypes={n: self._plans[n].dtype for n in names}, eligible=eligible,
            first_year=self.first_year, last_year=self.last_year, start_range=self._rows.starts,
            price_factor=factor, price_year=self.price_year, currency=self.currency,
            schemes=tuple(n for n in BENEFITS if n in self.columns), spells=None))


def read_panel(source, *, columns=None, values=None, money="nominal", price_year=2024, currency="NOK", index=None, period="year", resident=None) -> Panel:
    """Read a panel."""
    if isinstance(source, (str, Path)):
        kind, files = sources.files_of(source)
        raw = sources.open_parquet(files)
    else:
        raw = sources.open_frame(source)
    plans, left_out = plan_columns(raw.collect_schema(), columns, values)
    if index is None and money == "nominal":
        index = PriceIndex.kpi()
    return Panel(raw, plans, left_out, money=money, price_year=price_year, currency=currency, index=index, resident=resident)
