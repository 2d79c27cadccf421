"""read_panel: a register's rows taken behind the contract, and none of them read yet.

read_cross_section does the same for one year of persons, treated and not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, SupportsFloat, get_args

import narwhals as nw
import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, Lang
from mih_impact.display.unit import AnyUnit, is_money
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel.columns import Values, column_casts, numeric_units
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.files import is_csv
from mih_impact.panel.names import price_index_of, read_evidence, require_mappings
from mih_impact.panel.number_text import Marks, read_marks
from mih_impact.panel.panel import Money, Panel, Period
from mih_impact.panel.size import Precision, parse_memory
from mih_impact.panel.sources import LACKING, open_source, open_spells
from mih_impact.reference.prices import PriceIndex

__all__ = ["BEFORE", "read_cross_section", "read_panel"]


@named_options
def read_panel(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    values: Values | None = None,
    units: Mapping[str, AnyUnit] | None = None,
    money: Money = "nominal",
    price_year: int = 2024,
    currency: str = "NOK",
    index: PriceIndex | Mapping[int, SupportsFloat] | None = None,
    period: Period = "year",
    resident: Any = None,
    evidence: Label | Mapping[Lang, str] | None = None,
    memory_limit: float | str | None = None,
    precision: Precision = "float64",
    decimal: str | Mapping[str, str] | None = None,
    thousands: str | Mapping[str, str] | None = None,
    codes: str | Sequence[str] = (),
    weights: str | None = None,
) -> Panel:
    """Read a register panel with one row per person and year, or per person and month.

    Nothing but the names and types is looked at until a call needs rows (CSV apart, which has no
    types before it is read). The source is never modified.

    Parameters
    ----------
    source
        A path or glob (Parquet, CSV, Stata, SPSS, SAS, Excel), or a pandas, Polars, DuckDB or
        PyArrow frame, or any other frame narwhals wraps. Of files with value labels a category is
        its label, and its code where it has none; places, and what `values` and `codes` name, stay
        codes. What a file declares missing is null.
    columns
        Our name -> the register's name, where they differ.
    values
        Our name -> {code in the register: value}; every code must be named, unless all of them mean
        that there is no value: ``{"wage_income": {".a": None}}`` leaves the others as they are.
    units
        What numeric columns that the contract does not know are measured in, where they are to be
        outcomes: {"hours": "hours", "lemp": "log points", "pension": "NOK"}. Only what is measured
        in `currency` is money: deflated, kept in øre, zero where a resident has none. Anything else
        is kept as it is, and a resident without a row has none. In a panel by month the unit says
        how months make a year, see `Unit`.
    money
        "nominal": kroner of each year, converted to `price_year`. "fixed": already in it.
    price_year
        Year whose prices results are in.
    currency
        Currency of the money columns.
    index
        A price index in place of the shipped consumer price index: {year: value} is a whole series
        of your own, with every year of the panel and `price_year`. Years are added to the shipped
        one, whatever their base year, by ``PriceIndex.kpi().extended({2024: ..., 2025: ...})``.
        Of money in fixed prices it is the index that it was put into them with: nothing is deflated
        again, and income in G (`above`) is converted back with it.
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
    precision
        "float32" keeps what leaves the engine in half the memory: numbers in four bytes, of seven
        digits, and money in four where they hold every amount to the øre; columns that can be
        outcomes and are no money stay in eight. What is reckoned from it is reckoned in float64
        either way, so that effects are the same to the last bit.
    decimal, thousands
        How numbers are written in a CSV: the decimal mark ("," or "."), and what stands between
        thousands (",", ".", " " or "'"); for every column, or for each by our name, such as
        ``{"wage_income": "."}``. None is what each column shows, over all files: a column that
        shows neither (1.234 may be 1234 or 1.234) is an error of `Panel.check`. Spaces and
        apostrophes may always stand between thousands.
    codes
        Columns outside the contract that hold codes (of industries, occupations): categories,
        also where they look like numbers. In a CSV a column with a leading zero is one anyway.
    weights
        The column with design weights, where persons were drawn with different probabilities: one
        over the probability, as in did(weightsname=) and WeightIt's `s.weights`. A number above 0,
        the same in all rows of a person; its scale does not matter. `match`, `weight`, balance,
        `event_study`, `group_time_effects` and what is read off their results weigh persons by it;
        what does not know weights refuses. Persons are counted unweighted, small cells among them.

    Returns
    -------
    Panel

    Raises
    ------
    OptionError
        `columns`, `values`, `units` or `codes` that name what is not there, or options that
        contradict.
    PanelContractError
        Columns that are needed are missing, or come from two sources; types that cannot be used; no
        column that can be an outcome.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"lopenr": [1, 1], "aar": [2020, 2021], "lonn": [400_000, 420_000]})
    >>> names = {"person_id": "lopenr", "year": "aar", "wage_income": "lonn"}
    >>> read_panel(rows, columns=names).columns
    ('person_id', 'year', 'wage_income')
    """
    prices = price_index_of(money, price_year, currency, index)
    require_mappings(columns, values)
    coded = arguments.names("codes", codes)
    marks = read_marks(decimal, thousands)
    _require_options(period, precision, marks, is_csv(source) or is_csv(resident))
    monthly = period == "month"
    measured = numeric_units(units)
    allowed = None if memory_limit is None else parse_memory(memory_limit)
    opened = open_source(
        source,
        memory_limit=allowed,
        columns=columns,
        values=values or {},
        codes=coded,
        measured=measured,
        marks=marks,
        monthly=monthly,
    )
    casts, left_out = column_casts(
        opened.frame,
        columns,
        values,
        codes=coded,
        units=units,
        currency=currency,
        monthly=monthly,
    )
    lacking = {
        name: {LACKING: opened.lacking[cast.source]}
        for name, cast in casts.items()
        if opened.lacking.get(cast.source) and (name in CONTRACT or cast.declared)
    }
    spells = () if resident is None else ("from_year", "to_year")
    _require_written(marks, (*casts, *left_out, *spells))
    return Panel(
        opened.frame,
        casts,
        left_out=left_out,
        unreadable={**opened.unreadable, **lacking},
        files=opened.files,
        money=money,
        price_year=int(price_year),
        currency=currency,
        index=prices,
        period=period,
        spells=None if resident is None else open_spells(resident, marks=marks),
        evidence=opened.evidence if evidence is None else read_evidence(evidence),
        memory_limit=allowed,
        precision=precision,
        weights=weights,
    )


def _require_written(marks: Mapping[str, Marks], names: Collection[str]) -> None:
    """Raise where marks are those of a column that nobody has."""
    strangers = sorted({*marks} - {"", *names})
    if strangers:
        raise OptionError(
            "decimal= or thousands= names columns the panel does not have",
            found=", ".join(strangers),
            do=f"use our names: {', '.join(names)}",
        )


def _require_options(
    period: Period, precision: Precision, marks: Mapping[str, Marks], from_csv: bool
) -> None:
    """Raise on options that do not exist, and on marks of numbers where nothing is text."""
    if any(each.stated for each in marks.values()) and not from_csv:
        raise OptionError(
            "decimal= and thousands= say how numbers are written in a CSV",
            found="no CSV: its numbers are numbers already",
            do="leave them out",
        )
    if not isinstance(period, str) or period not in get_args(Period):
        raise OptionError(
            "A row covers a year or a month",
            found=f"period={arguments.shown(period)}",
            do='use "year" or "month"; sum weeks or days to months before reading',
        )
    precisions = get_args(Precision)
    arguments.choice("read_panel", "precision", precision, precisions)


# --- one year of persons --------------------------------------------------------------------------


#: What the calls above see: characteristics stand in one year, outcomes in the next, in which the
#: treated start. Nothing that is shown says so.
BEFORE = 2000
#: Names that the two periods need.
_TAKEN = ("year", "start_year", "month", "start_month", "person_id")


@named_options
def read_cross_section(
    frame: Any,
    *,
    treated: str,
    outcome: str | Sequence[str],
    person_id: str | None = None,
    unit: AnyUnit = "NOK",
    price_year: int = 2024,
    weights: str | None = None,
) -> Panel:
    """Read persons of whom each has one row: treated or not, characteristics, and what came of it.

    Parameters
    ----------
    frame
        A pandas or Polars frame, or another one in memory that narwhals wraps; a row per person.
    treated
        The column that is 1 or True for the treated, 0 or False for others.
    outcome
        One or several columns of numbers that came after treatment. All other columns are
        characteristics from before it.
    person_id
        The column that names persons; by default the rows are numbered.
    unit
        What the outcomes are in: a currency, which is kept in hundredths, or another unit, such as
        "dollars", which is kept as it is.
    price_year
        The year whose prices a currency is in.
    weights
        The column with design weights, as of `read_panel`.

    Returns
    -------
    Panel
        For `match` and `weight`, and what follows from their groups: balance, overlap,
        ``event_study(group, estimator="difference")`` with one effect of each outcome (year 0),
        subgroups, and the checks that look at one year (``year=0``). Calls that compare years
        refuse it.

    Raises
    ------
    OptionError
        Not a frame in memory, or an option that is none.
    PanelContractError
        A column is missing, `treated` has other values than two, an outcome is no number, a person
        has two rows, or a name that the library uses for something else.

    Notes
    -----
    Without a year before treatment the effect is a difference in levels among those who are alike
    in `on` and `exact`: it is causal only if nothing else that matters sets the groups apart.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> frame = pd.DataFrame(
    ...     {"treat": [1, 1, 0, 0] * 5, "age": [20, 30] * 10, "earnings": [5.0, 6, 3, 4] * 5}
    ... )
    >>> panel = mih.read_cross_section(frame, treated="treat", outcome="earnings", unit="dollars")
    >>> group = mih.match(panel, exact=["age"], method="exact")
    >>> round(mih.event_study(group, estimator="difference").params.item(), 6)
    2.0
    """
    table = _table(frame)
    outcomes = arguments.names("outcome", outcome, least=1)
    named = [arguments.name("treated", treated), *outcomes]
    named += [] if person_id is None else [arguments.name("person_id", person_id)]
    _require_columns(table, named)
    starts = _treated(table, treated)
    persons = np.arange(len(table)) if person_id is None else table[person_id].to_numpy()
    if len(pd.unique(persons)) < len(persons):
        raise PanelContractError(
            "A person of a cross-section has one row",
            found=f"{len(persons)} rows of {len(pd.unique(persons))} persons",
            do="read a panel with mih.read_panel, or leave out person_id= "
            "and its column if rows are persons",
        )
    before = table.drop(columns=named).assign(
        person_id=persons, start_year=np.where(starts, BEFORE + 1.0, np.nan)
    )
    after = before.assign(**{name: _numbers(table, name) for name in outcomes})
    rows = pd.concat([before.assign(year=BEFORE), after.assign(year=BEFORE + 1)])
    panel = read_panel(
        rows,
        units=dict.fromkeys(outcomes, unit),
        money="fixed",
        price_year=price_year,
        currency=str(unit) if is_money(unit) else "NOK",
        weights=weights,
    )
    return panel.as_cross_section()


def _table(frame: Any) -> pd.DataFrame:
    """Return the frame as pandas, or raise where it is none in memory."""
    try:
        found = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise OptionError(
            "read_cross_section takes a frame in memory",
            found=arguments.type_of(frame),
            do="read the file first, as with pandas.read_csv, or collect the lazy frame",
        ) from None
    table: pd.DataFrame = found.to_pandas()
    return table


def _require_columns(table: pd.DataFrame, named: list[str]) -> None:
    """Raise on columns that are missing, named twice, or called what the two periods need."""
    missing = [name for name in named if name not in table]
    if missing:
        raise PanelContractError(
            f"The frame has no column {', '.join(missing)}",
            found=f"columns {', '.join(map(str, table.columns))}",
            do="name one of these in treated=, outcome= or person_id=",
        )
    arguments.unrepeated("treated, outcome and person_id", named)
    taken = [name for name in _TAKEN if name in table and name not in named]
    if taken:
        raise PanelContractError(
            f"A cross-section has no {', '.join(taken)} of its own",
            found=f"columns {', '.join(taken)}",
            do="read a panel with mih.read_panel; or leave these columns out, name the persons in "
            "person_id=, or rename a characteristic that is called so",
        )


def _numbers(table: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return an outcome as numbers; a text is none, for 1.234 may be 1234."""
    column = table[name]
    if not any(isinstance(value, str) for value in column.dropna().unique()):
        with suppress(TypeError, ValueError):
            return column.astype(np.float64)
    raise PanelContractError(
        "An outcome is a number",
        found=f"{name} is {column.dtype}",
        do=f"make it one before reading: pandas.to_numeric(frame[{name!r}])",
    )


def _treated(table: pd.DataFrame, treated: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return who is treated, or raise where that is not told of everybody."""
    column = table[treated]
    values = pd.unique(column.dropna())
    fit = set(values.tolist()) <= {0, 1} and not column.isna().any()
    if not fit or len(values) < 2:
        shown = ", ".join(sorted(map(str, values))[:5])
        raise PanelContractError(
            f"{treated} says of everybody whether treated: 1 or True, 0 or False, and both occur",
            found=f"{len(values)} different values{f': {shown}' if len(values) < 3 else ''}; "
            f"{int(column.isna().sum())} rows without one",
            do="make such a column, and leave rows without a value out",
        )
    return np.asarray(column.astype(np.float64) == 1.0)
