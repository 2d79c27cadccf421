"""What a caller says of each table of an extract: its columns, and by which rules it is read."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import Any, Literal, get_args

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.errors import PanelContractError

__all__ = ["Scaled", "Source", "Spells", "Starts", "Status", "Table", "scaled"]

Dates = Literal["dmy", "mdy", "days"]
Stops = Literal["inclusive", "exclusive"]
Overlap = Literal["union", "sum", "highest", "latest"]
Per = Literal["day", "month", "year", "spell"]
Count = Literal["days", "months"]
Rows = Literal["any", "events"]
BenefitType = Literal["year", "december"]
Codes = Mapping[str, Sequence[Any]]

#: The stop that registers write for none.
NEVER = "9999-12-31"


def refuse(what: str, *, found: str | None = None, do: str | None = None) -> PanelContractError:
    """Return the error of this floor."""
    return PanelContractError(what, found=found, do=do)


@dataclass(frozen=True)
class Scaled:
    """So many paid days a year, spread evenly over its days; see `scaled`."""

    days: int


@named_options
def scaled(days: int) -> Scaled:
    """Return the paid days of a scheme that pays so many days a year: 260 for aap and dagpenger.

    Parameters
    ----------
    days
        Paid days a year, between 1 and 366. A spell of n calendar days in a year of Y days is paid
        for n * days / Y of them, Y being 365 or 366.

    Raises
    ------
    PanelContractError

    Examples
    --------
    >>> scaled(260)
    Scaled(days=260)
    """
    if not arguments.is_whole(days) or not 1 <= days <= 366:
        raise refuse(
            "scaled() takes the paid days of a year",
            found=f"scaled({arguments.shown(days)})",
            do="give a whole number from 1 to 366: mih.scaled(260) for five days a week",
        )
    return Scaled(int(days))


def _parameters(text: str) -> str:
    """Return the parameters of a docstring without its indent; they have no blank lines."""
    return text.partition("Parameters\n----------\n")[2].partition("\n\n")[0]


def _with_inherited(text: str, inherited: str) -> str:
    """Return a docstring with the parameters that it does not name, from another."""
    text = inspect.cleandoc(text)
    own = _parameters(text)
    named = {item.partition("\n")[0] for item in re.split(r"\n(?=\S)", own)}
    items = re.split(r"\n(?=\S)", _parameters(inspect.cleandoc(inherited)))
    more = [item for item in items if item.partition("\n")[0] not in named]
    return text.replace(own, "\n".join([own, *more]), 1)


@dataclass(frozen=True, eq=False)
class Source:
    """What all tables have in common.

    Parameters
    ----------
    source
        A path or a glob (Parquet, CSV, Stata, SPSS, SAS, Excel), or a frame.
    key
        The column of persons' identifiers.
    name
        What the table is called in `sources()` and in errors; None is the name of its file.
    revision
        The column that numbers or dates the versions of a row: the latest wins.
    id
        What the versions of one row have in common beside the person; None is its start, or its
        year and month.
    cancelled
        The column that says that a row is cancelled (1, J, true ...), or the codes that say so:
        ``{"status": ["Annulled"]}``. A row whose latest version is cancelled does not count.
    where
        The codes that count, by column: ``{"measure": ["AFL"]}``; other rows are excluded.
    exclude
        The codes that do not count, by column. All other codes of such a column have to be named in
        `where`: a code that is named in neither is an error.
    values
        What codes stand for, by column of ours: ``{"sex": {1: "mann", 2: "kvinne"}}``,
        ``{"municipality": mih.codes.municipality(2024)}``. A code that is not named is an error; if
        all that are named are None, the others are what they are.
    dates
        How dates are written where they can be read in two ways: "dmy" or "mdy" in text, "days" for
        whole numbers since 1970-01-01.
    decimal, thousands
        How numbers are written in a CSV, as in `read_panel`.
    versions
        "latest" takes the last version of each file named ``..._v2.parquet``; None does not choose,
        and raises where there are several.
    form
        "microdata.no" for files without a header of unit_id, value, start, stop and attributes.
    """

    source: Any
    _: KW_ONLY
    key: str = "person_id"
    name: str | None = None
    revision: str | None = None
    id: str | Sequence[str] | None = None
    cancelled: str | Codes | None = None
    where: Codes = field(default_factory=dict)
    exclude: Codes = field(default_factory=dict)
    values: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    dates: Dates | None = None
    decimal: str | Mapping[str, str] | None = None
    thousands: str | Mapping[str, str] | None = None
    versions: Literal["latest"] | None = None
    form: Literal["microdata.no"] | None = None

    def __init_subclass__(cls) -> None:
        """Let the help of each kind of table tell of all its arguments, its own first."""
        super().__init_subclass__()
        if cls.__doc__:  # not under python -OO
            cls.__doc__ = _with_inherited(cls.__doc__, cls.__mro__[1].__doc__ or "")

    def __post_init__(self) -> None:
        self._choose("dates", get_args(Dates))
        self._choose("versions", ("latest",))
        self._choose("form", ("microdata.no",))
        for option in ("where", "exclude"):
            given = getattr(self, option)
            example = '{"status": ["Waiting list"]}'
            arguments.mapping(option, given, example)
            for column, codes in given.items():
                if arguments.listed(codes) is None:
                    raise refuse(
                        f"{option}= names the codes of each column in a list",
                        found=f"{column}: {arguments.type_of(codes)}",
                        do=f'{option}={{"{column}": [...]}}',
                    )

        example = 'name codes by our column: {"sex": {1: "mann", 2: "kvinne"}}'
        arguments.mapping("values", self.values, example)
        for column, codes in self.values.items():
            arguments.mapping(f"values[{column!r}]", codes, example)

    def _choose(self, option: str, allowed: tuple[str, ...]) -> None:
        """Raise where an option has a value that it cannot have; None is not given."""
        value = getattr(self, option)
        arguments.choice(type(self).__name__, option, value, allowed, optional=True)

    def require_valued(self, columns: Iterable[str]) -> None:
        """Raise where `values` are of columns that the table does not make."""
        strangers = [column for column in self.values if column not in columns]
        if strangers:
            raise refuse(
                "values= names columns that the table does not make",
                found=", ".join(strangers),
                do=f"use our names: {', '.join(columns) or 'none'}",
            )

    @property
    def coded(self) -> tuple[str, ...]:
        """The columns whose codes decide whether a row counts."""
        cancelling = self.cancelled if isinstance(self.cancelled, Mapping) else {}
        return tuple(dict.fromkeys([*self.where, *self.exclude, *cancelling]))

    @property
    def identifying(self) -> tuple[str, ...]:
        """What the versions of one row have in common, beside the person."""
        return (self.id,) if isinstance(self.id, str) else tuple(self.id or ())


@dataclass(frozen=True, eq=False)
class Table(Source):
    """A table with one row per person, or per person and year or month.

    Parameters
    ----------
    columns
        Our name -> the table's, for what is wanted of it.
        "birth_date", "death_date" and "emigration_date" become the years of the contract. A month
        is a number with a year beside it, or has its year in it (202001, "2020-01", a date).
    combine
        "sum" adds the numbers of several rows of a period; None takes several rows for an error.
    valid_from, valid_to
        In a table of identifiers: the days from and to which they belong to the person, both
        included; None, or a null, is without limit.

    Examples
    --------
    >>> income = Table("income_*.csv", columns={"year": "aar", "wage_income": "lonn"})
    >>> income.columns["wage_income"]
    'lonn'
    """

    _: KW_ONLY
    columns: Mapping[str, str] = field(default_factory=dict)
    combine: Literal["sum"] | None = None
    valid_from: str | None = None
    valid_to: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choose("combine", ("sum",))
        example = '{"wage_income": "lonn"}'
        arguments.mapping("columns", self.columns, example)


@dataclass(frozen=True, eq=False)
class _Dated(Source):
    """A table of spells.

    Parameters
    ----------
    start, stop
        The columns of the first day and of the stop; None for stop is an event of one day.
    stops
        Whether the stop is the last day of the spell ("inclusive") or the first day after it
        ("exclusive").
    open_ends
        Stops that mean that the spell goes on, beside null and 9999-12-31.
    covers_to
        The last day that the table covers: open spells, and spells that end later, are cut at it.
        None is the last day of the panel. Amounts of later periods are not known, and `check`
        refuses a panel with more of them: end `years` there.
    overlap
        What holds where a person has several spells at once; None takes that for an error.
    gap
        Days between two spells that are taken for one; of a status, if it is the same in both.
    """

    _: KW_ONLY
    start: str = "start"
    stop: str | None = "stop"
    stops: Stops = "inclusive"
    open_ends: Sequence[str | date] = ()
    covers_to: str | date | None = None
    overlap: Overlap | None = None
    gap: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choose("stops", get_args(Stops))
        self._choose("overlap", get_args(Overlap))
        if not arguments.is_whole(self.gap) or self.gap < 0:
            raise refuse(
                "gap= is a number of days", found=f"gap={arguments.shown(self.gap)}", do="give 0"
            )
        if arguments.listed(self.open_ends) is None and not isinstance(self.open_ends, (str, date)):
            raise refuse(
                "open_ends= is a list of the days that mean still going on",
                found=f"open_ends={arguments.shown(self.open_ends)}",
                do='open_ends=["9999-12-31"]',
            )
        for end in self.never:
            day_of("open_ends", end)
        if self.covers_to is not None:
            day_of("covers_to", self.covers_to)

    @property
    def never(self) -> tuple[str, ...]:
        """The stops that are none, as ISO dates."""
        ends = [self.open_ends] if isinstance(self.open_ends, (str, date)) else self.open_ends
        return (NEVER, *(str(end) for end in ends))


def day_of(option: str, value: Any) -> date:
    """Return an option's day, written as an ISO date or given as one."""
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise refuse(
            f"{option}= is a day",
            found=f"{option}={arguments.shown(value)}",
            do='write it as "2024-12-31"',
        ) from None


@dataclass(frozen=True, eq=False)
class Spells(_Dated):
    """Spells of a benefit, of unemployment, of residence: what a person has from day to day.

    Parameters
    ----------
    to
        The column of the panel that is made.
    amount
        The column of kroner; `per` says what they are for.
    per
        "day", "month", "year", or "spell" for a total. Every amount is apportioned by day: a month
        or a year by its own number of days, a total over the days of the spell.
    days
        Which days are paid where `per="day"`: "calendar", "weekdays" (Monday to Friday) or
        `scaled(260)`. It has no default.
    count
        Instead of an amount: the "days", or the "months" with at least one day.

    Notes
    -----
    Amounts are whole 1e-4 øre until they are rounded, half away from zero, once for each person,
    period and column. A total of T over n days is T // n a day; its last day has the remainder too.

    `overlap` is "sum" (amounts of all spells), "highest" or "latest" (the highest amount, or the
    spell of the latest revision, then of the latest start) for amounts, and "union" (days count
    once) or "sum" for counts.

    Examples
    --------
    >>> aap = Spells("aap.parquet", start="fra", stop="til", to="aap", amount="dagsats",
    ...              per="day", days=scaled(260), overlap="latest")
    >>> aap.days
    Scaled(days=260)
    """

    _: KW_ONLY
    to: str = ""
    amount: str | None = None
    per: Per | None = None
    days: Literal["calendar", "weekdays"] | Scaled | None = None
    count: Count | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choose("per", get_args(Per))
        self._choose("count", get_args(Count))
        if not isinstance(self.days, Scaled):
            self._choose("days", ("calendar", "weekdays"))
        if self.amount is None:
            self._require_count()
        else:
            self._require_amount()

    def _require_count(self) -> None:
        if self.per is not None or self.days is not None:
            raise refuse(
                "per= and days= are about an amount", do='name its column: amount="dagsats"'
            )
        allowed = {"days": ("union", "sum"), "months": ("union",)}.get(self.count or "days", ())
        self._choose("overlap", allowed)
        if self.gap and self.overlap == "sum":
            raise refuse("gap= joins spells, and overlap='sum' keeps them apart", do="drop one")

    def _require_amount(self) -> None:
        if self.per is None:
            source = self.source if isinstance(self.source, str | os.PathLike) else "a table"
            raise refuse(
                f"An amount needs the period that it is for, in {self.name or source}",
                found=f"amount={self.amount!r} and no per=, for the column {self.to}",
                do='say which: per="day", "month", "year" or "spell"',
            )
        if self.count is not None:
            raise refuse("A column is an amount or a count", do="drop amount= or count=")
        if (self.per == "day") != (self.days is not None):
            raise refuse(
                'per="day" needs the days that are paid, and nothing else has any',
                found=f"per={self.per!r}, days={arguments.shown(self.days)}",
                do='days="calendar", days="weekdays" or days=mih.scaled(260) with per="day"; '
                "leave it out otherwise",
            )
        if self.overlap == "union":
            raise refuse(
                'overlap="union" counts days once, and says nothing of which amount holds',
                do='overlap="highest", "latest" or "sum"',
            )
        if self.gap:
            raise refuse("gap= is about days, and there is no amount between spells", do="drop it")


@dataclass(frozen=True, eq=False)
class Status(_Dated):
    """A status of a person at a date, or for most of a period: municipality, employer.

    Parameters
    ----------
    to
        The column of the panel that is made.
    value
        The table's column; None has the same name.
    at
        "31.12" (a day of each year), "first" or "last" (day of the period), or "longest": what
        holds for most of its days, of two with the same number the later.

    Examples
    --------
    >>> Status("addresses.parquet", start="fra", stop="til", to="municipality", at="31.12").at
    '31.12'
    """

    _: KW_ONLY
    to: str = ""
    value: str | None = None
    at: str = "last"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.overlap not in (None, "latest"):
            raise refuse(
                "Of several statuses at once, the latest holds, or they are an error",
                found=f"overlap={self.overlap!r}",
                do='overlap="latest"',
            )
        if not arguments.is_one_of(self.at, ("first", "last", "longest")):
            self.day  # noqa: B018

    @property
    def day(self) -> tuple[int, int]:
        """The day and month of `at`."""
        try:
            day, month = (int(part) for part in self.at.rstrip(".").split("."))
            date(2023, month, day)
        except (AttributeError, TypeError, ValueError):
            raise refuse(
                "at= is a day of the year, or a part of the period",
                found=f"at={arguments.shown(self.at)}",
                do='"31.12", "first", "last" or "longest"',
            ) from None
        return day, month


@dataclass(frozen=True, eq=False)
class Starts(_Dated):
    """Participation in measures: who starts in the named one, and when.

    Parameters
    ----------
    where
        The codes of the named measure, and of the statuses that are starts.
    exclude
        The statuses that are no starts: waiting list, cancelled, registered by mistake.
    earlier
        A column that is made: how many participations, in any measure of the table, a person has
        begun by the end of the period. It is a covariate of the year before start.
    gap
        Days between two spells in the same measure that are taken for one participation.
    measure
        The column that names the measure; what `earlier` counts. Rows of other measures are no
        starts, but earlier participation.

    Examples
    --------
    >>> starts = Starts("measures.csv", measure="tiltak", where={"tiltak": ["AFL"]},
    ...                 exclude={"status": ["Venteliste"]})
    >>> starts.measure
    'tiltak'
    """

    _: KW_ONLY
    earlier: str | None = None
    measure: str | None = None
