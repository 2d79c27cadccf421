"""What is counted of a register before anybody leaves it, each thing once and only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from time import perf_counter
from typing import Any

import narwhals as nw

from mih_impact.errors import EngineError, MihImpactError
from mih_impact.panel import ops
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.door import Plan
from mih_impact.panel.engine import reading
from mih_impact.panel.measure import MEASURE, started
from mih_impact.panel.sources import FILE
from mih_impact.panel.survey import Rows, row_sums, survey_rows
from mih_impact.panel.survey_persons import Persons, survey_persons

__all__ = ["Surveyed"]

#: A text column with no more distinct values leaves the engine as codes.
FEW_TEXTS = 2_000


class Surveyed:
    """The rows of a register in the contract's names and types, and what has been counted of them.

    Panels of the same rows share it.

    Parameters
    ----------
    raw
        The register as it came.
    plans
        How each column of ours is made from it.
    monthly
        Whether a row is a month.

    Attributes
    ----------
    seconds
        How long the passes over rows and over persons took.
    """

    def __init__(self, raw: nw.LazyFrame[Any], plans: Mapping[str, Plan], *, monthly: bool) -> None:
        self.raw = raw
        self.plans = dict(plans)
        self.monthly = monthly
        self.seconds: dict[str, float] = {}
        self._texts: dict[str, tuple[str, ...] | None] = {}
        self._started: dict[str, tuple[nw.LazyFrame[Any], tuple[int, int]]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns by our names."""
        return tuple(self.plans)

    @cached_property
    def frame(self) -> nw.LazyFrame[Any]:
        """The rows in the contract's names and types."""
        return self.raw.select([plan.expr.alias(name) for name, plan in self.plans.items()])

    @cached_property
    def rows(self) -> Rows:
        """What one pass over the rows finds."""
        with self._timed("rows"), reading(self.raw):
            return survey_rows(self.raw, self.plans)

    @property
    def counted(self) -> Rows | None:
        """What has been found of the rows, None where nothing has been read yet."""
        return self.__dict__.get("rows")

    @cached_property
    def persons(self) -> Persons | None:
        """What one aggregate per person finds; None where no row has a usable year."""
        if self.rows.years is None:
            return None
        constant = [name for name in self.plans if name in CONTRACT and CONTRACT[name].constant]
        with self._timed("persons"), reading(self.raw):
            found = survey_persons(
                self._with_files,
                self.columns,
                self.rows.years,
                texts=self.texts_of(constant),
                extremes=self.rows.extremes,
                monthly=self.monthly,
            )
        if self.rows.all_usable and found.n_rows != self.rows.n_rows:
            raise _other_rows(f"{self.rows.n_rows} rows, and {found.n_rows} the next time")
        return found

    @property
    def _with_files(self) -> nw.LazyFrame[Any]:
        """The rows with the file that each came from, where there are several."""
        if FILE not in self.raw.collect_schema():
            return self.frame
        columns = [plan.expr.alias(name) for name, plan in self.plans.items()]
        return self.raw.select(*columns, nw.col(FILE).cast(nw.String))

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Raise where the source has given other rows meanwhile than when they were counted.

        What was read then belongs to no register. A sample that is drawn anew each time, or a table
        that somebody writes to, is such a source.

        Raises
        ------
        EngineError
        """
        try:
            yield
        except MihImpactError:
            raise
        except Exception:
            self._require_unchanged()  # what does not fit together may have any error
            raise
        self._require_unchanged()

    def _require_unchanged(self) -> None:
        counted = self.rows.sums
        with reading(self.raw):
            again = row_sums(self.raw, self.plans)
        if again != counted:
            rows = f"{counted['n']:.0f} rows, and {again['n']:.0f} the next time"
            raise _other_rows(f"{rows}, with other sums" if again["n"] == counted["n"] else rows)

    @property
    def measures(self) -> tuple[str, ...] | None:
        """The measures that somebody begins, ascending; None without the column."""
        if MEASURE not in self.plans:
            return None
        with reading(self.raw):
            return self.texts_of([MEASURE]).get(MEASURE, ())

    def started(self, measure: str) -> tuple[nw.LazyFrame[Any], tuple[int, int]]:
        """Return the rows with starts in a measure, and their first and last year; read once."""
        if measure not in self._started:
            with reading(self.raw):
                self._started[measure] = started(self.frame, measure, monthly=self.monthly)
        return self._started[measure]

    def texts_of(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the distinct values of those text columns that have few, read once a column."""
        found = {}
        for name in names:
            if self.plans[name].dtype == "category" and name not in self._texts:
                self._texts[name] = ops.distinct_texts(self.frame, name, at_most=FEW_TEXTS)
            texts = self._texts.get(name)
            if texts is not None:
                found[name] = texts
        return found

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = perf_counter()
        yield
        self.seconds[what] = perf_counter() - begun


def _other_rows(found: str) -> EngineError:
    return EngineError(
        "The source gives other rows each time that it is read",
        found=found,
        do="keep what it is to be before reading: write it to Parquet, collect it into a frame, or "
        "store a query as a table (a sample that is drawn anew each time is another register)",
    )
