"""PanelReport: every breach of the contract at once, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from mih_impact.display.locale import Label, Lang, both, in_language, listed
from mih_impact.display.numbers import NOT_AVAILABLE, number, percent, year_range
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.display.unit import decimals_for
from mih_impact.errors import ADVICE, PanelContractError
from mih_impact.panel import messages as m
from mih_impact.panel.columns import Cast
from mih_impact.panel.contract import ABSURD_MONEY, CONTRACT
from mih_impact.panel.names import SURE, last_version, lookalikes, shown_files
from mih_impact.panel.number_text import TWO_WAYS
from mih_impact.panel.person_counts import Persons
from mih_impact.panel.row_counts import ColumnCount, PlaceCount, Rounding, Rows, Unfilled
from mih_impact.reference.prices import PriceIndex, adding, g_averages

__all__ = ["Breach", "Context", "PanelReport", "breaches", "notes_on"]


@dataclass(frozen=True)
class Breach:
    """One rule broken by one column.

    Attributes
    ----------
    rule
        The name of the rule.
    column
        Our name of the column, or several joined by a comma.
    severity
        An error stops every analysis; a warning is to be known.
    rows
        Rows affected; persons where the rule is about persons, and 0 where it is about names.
    what, do
        What was found and what to do about it.
    """

    rule: str
    column: str
    severity: Literal["error", "warning"]
    rows: int
    what: Label
    do: Label


@dataclass(frozen=True)
class Context:
    """What the rules need to know beside the counts.

    Attributes
    ----------
    casts
        The columns by our name.
    left_out
        Register columns of a type that cannot be used.
    unreadable
        Texts of a CSV that could not be converted: how many, by what they are.
    files
        The files that were read.
    index, price_year, currency
        The price index of a nominal panel (None for fixed prices), the year of the prices, and
        what they are in.
    spells
        Whether spells of residency were given.
    monthly
        Whether a row is a month.
    """

    casts: Mapping[str, Cast]
    left_out: tuple[str, ...]
    unreadable: Mapping[str, Mapping[str, int]]
    index: PriceIndex | None
    price_year: int
    currency: str
    spells: bool
    monthly: bool = False
    files: tuple[str, ...] = ()

    @property
    def cell(self) -> Label:
        """What a person and a period are called together."""
        return m.PERSON_MONTHS if self.monthly else m.PERSON_YEARS

    @property
    def money(self) -> Label:
        """What money is counted in."""
        code = self.currency
        return Label(nb="kroner" if code == "NOK" else code, en=code)

    @property
    def keys(self) -> str:
        """The columns that name a row."""
        return "person_id, year, month" if self.monthly else "person_id, year"

    def named(self, period: int) -> str:
        """Return a period in words: 2020, or 2020-03."""
        return f"{period // 12}-{period % 12 + 1:02d}" if self.monthly else str(period)


def breaches(
    rows: Rows, persons: Persons | None, unfilled: tuple[Unfilled, ...], context: Context
) -> tuple[Breach, ...]:
    """Return every breach, errors first, then in the contract's order of columns."""
    if rows.n_rows == 0:
        return (_breach("empty", "", "error", 0, m.EMPTY),)
    found = [
        *_names(context),
        *(b for name in context.casts for b in _column(name, rows.columns[name], rows, context)),
        *(_nowhere(each, context) for each in unfilled if each.column not in context.unreadable),
        *_prices(rows, context),
        *_exits(rows),
    ]
    if persons is not None:
        found += [*_keys(persons, context), *_constancy(persons)]
    if persons is not None and persons.periods:
        start = rows.columns.get("start_year")
        usable = start is None or not (start.below or start.above)  # else that is the error
        found += [*_starts(persons, context, usable), *_absence(persons, context)]
    return tuple(sorted(found, key=lambda breach: breach.severity != "error"))


def _breach(
    rule: str,
    column: str,
    severity: Literal["error", "warning"],
    rows: int,
    text: tuple[Label, Label],
    **values: object,
) -> Breach:
    """Fill a text; the number counted is at hand as `rows` and as `persons`."""
    what, do = text
    filled = {
        "column": column,
        "rows": _counted(rows, m.ROW, m.ROWS),
        "persons": _counted(rows, m.PERSON, m.PERSONS),
        **values,
    }
    return Breach(rule, column, severity, rows, what.format(**filled), do.format(**filled))


def _count(n: int) -> Label:
    return both(lambda: number(n))


def _counted(n: int, one: Label, many: Label) -> Label:
    noun = one if n == 1 else many
    return both(lambda: f"{number(n)} {noun.text()}")


# --- one column at a time -------------------------------------------------------------------------


def _column(name: str, seen: ColumnCount, rows: Rows, context: Context) -> Iterator[Breach]:
    cast, declared = context.casts[name], CONTRACT.get(name)
    unread = context.unreadable.get(name, {})
    empty = rows.n_rows - seen.given - sum(unread.values())
    if declared is not None and declared.role == "key" and empty:
        yield _breach("null key", name, "error", empty, m.NULL_KEY)
    for why, failed in {**unread, cast.failure: seen.failed}.items():
        if failed:
            yield _unread(name, failed, why, outside=declared is None)
    if empty == rows.n_rows:
        exit_ = declared is not None and declared.role == "exit"
        severity: Literal["error", "warning"] = "warning" if exit_ else "error"
        yield _breach("all null", name, severity, empty, m.NO_EXITS if exit_ else m.ALL_NULL)
        return
    own = declared is None and cast.dtype == "money"
    outside = _own_money(name, seen, context) if own else _outside(name, cast, seen, context)
    yield from _or_coded(cast, seen, list(outside))
    if seen.rounding is not None and seen.rounding.loses:
        yield _rounded(cast, seen.given, seen.rounding, context)
    if cast.dtype in ("money", "number", "bool") and seen.all_zero:
        yield _breach("all zero", name, "warning", seen.given, m.ALL_ZERO)
    if name == "wage_income" and cast.dtype == "money" and context.currency == "NOK":
        yield from _scale(cast, seen, rows, context)
    if seen.gone > 0:
        yield _breach("no value by the list", name, "warning", seen.gone, m.NO_VALUE)
    if seen.places is not None and context.currency == "NOK":
        yield from _places(cast, seen.places, context)


#: Wages are taken for thousands where those above zero are on average below this share of G, the
#: basic amount of the National Insurance, a year; for øre above `MOST_OF_G`; and for the amount of
#: a year in each month above one G a month. So many rows have to have a wage.
LEAST_OF_G, MOST_OF_G, ROWS_WITH_WAGE = 0.05, 30.0, 200


def _scale(cast: Cast, seen: ColumnCount, rows: Rows, context: Context) -> Iterator[Breach]:
    """Warn of wages that are hardly kroner; G is of the last year that has both."""
    if seen.mean is None or seen.above_zero < ROWS_WITH_WAGE:
        return
    known, last = g_averages(), (rows.years or (0, 0))[1]
    year = min(max(last, min(known)), max(known))
    g = known[year] / (12 if context.monthly else 1)
    least, most = LEAST_OF_G * g, known[year] if context.monthly else MOST_OF_G * g
    large = m.A_YEAR_A_MONTH if context.monthly else m.ORE
    for rule, text, limit, wrong in (
        ("thousands", m.THOUSANDS, least, seen.mean < least),
        ("large amounts", large, most, seen.mean > most),
    ):
        if wrong:
            values = {"limit": _count(round(limit)), "year": str(year), "source": cast.source}
            yield _breach(rule, cast.name, "warning", seen.above_zero, text, **values)


def _or_coded(cast: Cast, seen: ColumnCount, outside: list[Breach]) -> Iterator[Breach]:
    """Tell of values that look like codes: with what is wrong with them anyway, or as a warning."""
    names_a_row = cast.name in CONTRACT and CONTRACT[cast.name].role == "key"
    if not seen.coded or names_a_row:
        yield from outside
        return
    codes = ", ".join(map(str, seen.coded))
    paste = f'values={{"{cast.name}": {{{", ".join(f"{code}: None" for code in seen.coded)}}}}}'
    for each in outside:
        yield replace(each, do=m.OR_CODED.format(do=each.do, codes=codes, paste=paste))
    if not outside:
        text = m.CODED_MONEY if cast.dtype == "money" else m.CODED
        rows = sum(seen.coded.values())
        yield _breach("coded", cast.name, "warning", rows, text, codes=codes, paste=paste)


def _places(cast: Cast, seen: PlaceCount, context: Context) -> Iterator[Breach]:
    """Warn of codes of places of several times, without their zeros, and of those that are none."""
    name, municipality = cast.name, context.casts.get("municipality")
    own = "" if name == "municipality" else 'of="county"'
    kept = f'values={{"{name}": mih.codes.{name}({own})}}'
    paste = f'values={{"{name}": mih.codes.{name}(2024, splits="together")}}'
    if name == "county":
        source = "..." if municipality is None else municipality.source
        columns = f'columns={{"county": "{source}", "county_then": "{cast.source}"}}'
        paste = f'{columns}, values={{"county": mih.codes.county(2024)}}'
    for year, (old, new) in seen.vintages.items():
        values = {"year": str(year), "old": _counted(old, m.ROW, m.ROWS), "paste": paste}
        yield _breach("codes of several times", name, "warning", new, m.VINTAGES, **values)
    if seen.stripped:
        yield _breach("zeros lost", name, "warning", seen.stripped, m.STRIPPED, paste=kept)
    if seen.no_place:
        yield _breach("no place", name, "warning", seen.no_place, m.NO_PLACE, paste=kept)


def _outside(name: str, cast: Cast, seen: ColumnCount, context: Context) -> Iterator[Breach]:
    if cast.dtype == "money" and seen.below:
        yield _breach("negative money", name, "error", seen.below, m.NEGATIVE)
    key = name in CONTRACT and CONTRACT[name].role == "key"
    if cast.dtype != "money" and seen.below:
        text = (m.BELOW[0], m.CORRECT_KEY) if key else m.BELOW
        yield _breach("out of range", name, "error", seen.below, text, low=_bound(name, "low"))
    if seen.above:
        year = name in CONTRACT and CONTRACT[name].unit == "calendar year"
        text = m.ABSURD if cast.dtype == "money" else m.ABOVE_YEARS if year else m.ABOVE
        text = (text[0], m.CORRECT_KEY) if key else text
        rule = "absurd money" if cast.dtype == "money" else "out of range"
        high = _bound(name, "high")
        currency = context.money
        yield _breach(rule, name, "error", seen.above, text, high=high, currency=currency)


def _own_money(name: str, seen: ColumnCount, context: Context) -> Iterator[Breach]:
    """Yield money that the contract does not know, of either sign, beyond what can be."""
    beyond, high = seen.below + seen.above, _count(int(ABSURD_MONEY))
    if beyond:
        currency = context.money
        yield _breach("absurd money", name, "error", beyond, m.BEYOND, high=high, currency=currency)


def _nowhere(found: Unfilled, context: Context) -> Breach:
    """Return the breach of amounts that are null in all rows of periods, files or a group."""
    where: Label | str = m.STARTERS if found.which[0] else m.NEVER_STARTERS
    if found.by == "period":
        names = [context.named(int(period)) for period in found.which]
        where = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    elif found.by == "file":
        where = ", ".join(shown_files(found.which))
    # What a programme pays itself only those who start can have.
    likely = found.chance or found.by == "start"
    severity: Literal["error", "warning"] = "warning" if likely else "error"
    return _breach("nowhere", found.column, severity, found.rows, m.NOWHERE, where=where)


def _rounded(cast: Cast, given: int, rounding: Rounding, context: Context) -> Breach:
    moved = max(abs(rounding.moved), rounding.shifted) / rounding.total
    share = both(lambda: percent(moved, decimals_for(100 * moved)))
    own = f"my_{cast.name}" if cast.name in CONTRACT else cast.name
    paste = f'units={{"{own}": "log points"}}'
    if own != cast.name:  # the contract's name is money
        paste = f'columns={{"{own}": "{cast.source}"}}, {paste}'
    return _breach(
        "lost in rounding",
        cast.name,
        "error",
        given,
        m.ROUNDED,
        share=share,
        currency=context.money,
        paste=paste,
    )


def _unread(name: str, rows: int, why: str, *, outside: bool) -> Breach:
    """Return the breach of values that could not be converted."""
    marks = {text: mark for mark, text in TWO_WAYS.items()}
    if why in marks:
        text = m.TWO_WAYS_CODE if outside else m.TWO_WAYS
        return _breach("two readings", name, "error", rows, text, mark=marks[why])
    text = (m.CONVERSION[0], m.REMEDIES.get(why, m.CONVERSION[1]))
    return _breach("conversion", name, "error", rows, text, failure=m.FAILURES[why])


def _bound(name: str, which: Literal["low", "high"]) -> Label:
    bound = getattr(CONTRACT[name], which) if name in CONTRACT else None
    if bound is None:
        return m.FINITE
    if CONTRACT[name].dtype == "int":
        return Label(nb=str(int(bound)), en=str(int(bound)))
    return _count(int(bound))


# --- names, prices, years, persons ----------------------------------------------------------------


def _names(context: Context) -> Iterator[Breach]:
    """Warn of a column that looks like one of the contract's misspelt, and of types left out."""
    absent = [
        name
        for name, column in CONTRACT.items()
        if name not in context.casts and (context.monthly or not column.monthly)
    ]
    strangers = [cast.source for name, cast in context.casts.items() if name not in CONTRACT]
    for name, source in lookalikes(absent, strangers, cutoff=SURE).items():
        paste = f'columns={{"{name}": "{source}"}}'
        yield _breach("misspelt column", name, "warning", 0, m.MISSPELT, source=source, paste=paste)
    if context.left_out:
        yield _breach("column left out", ", ".join(context.left_out), "warning", 0, m.LEFT_OUT)


def _prices(rows: Rows, context: Context) -> Iterator[Breach]:
    money = any(cast.dtype == "money" for cast in context.casts.values())
    if context.index is None or rows.years is None or not money:
        return
    first, last = rows.years
    needed = {*range(first, last + 1), context.price_year}
    missing = sorted(needed - set(context.index.years))
    if missing:
        shipped = context.index.range.replace("-", "\u2013")
        years = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
        text = m.NO_INDEX if context.index.shipped else m.NO_INDEX_OWN
        values = {"years": years, "shipped": shipped, "adding": adding(missing)}
        yield _breach("price index", "year", "error", 0, text, **values)


def notes_on(rows: Rows, context: Context, *, synthetic: bool = False) -> tuple[Label, ...]:
    """Return what is to be known of sources that changed, and of an index that is not measured.

    A synthetic register has one source throughout.
    """
    if rows.years is None or context.currency != "NOK":
        return ()
    found = []
    first, last = rows.years
    if not synthetic and "wage_income" in context.casts and first < SOURCES_CHANGED <= last:
        found.append(m.WAGE_SOURCES)
    money = any(plan.dtype == "money" for plan in context.casts.values())
    if context.index is not None and money:
        used = {*range(first, last + 1), context.price_year}
        for years, text in (
            (context.index.derived, m.DERIVED_INDEX),
            (context.index.forecast, m.FORECAST_INDEX),
        ):
            told = [year for year in years if year in used]
            if told:
                found.append(text.format(years=listed([str(year) for year in told])))
    return tuple(found)


def _exits(rows: Rows) -> Iterator[Breach]:
    for name, after in rows.after.items():
        if after:
            yield _breach("rows after exit", name, "warning", after, m.AFTER[name])


def _keys(persons: Persons, context: Context) -> Iterator[Breach]:
    """Tell copies, rows that differ, and the same person-years in several files apart."""
    found = persons.duplicates
    files = shown_files(found.files)
    last = last_version(found.files, context.files)
    across = m.ACROSS if last is None else m.VERSIONS
    for (cells, surplus), text in (
        (found.across, across),
        (found.copies, m.COPIES),
        (found.different, m.DIFFERENT),
    ):
        if cells:
            yield _breach(
                "duplicate person-months" if context.monthly else "duplicate person-years",
                context.keys,
                "error",
                surplus,
                text,
                cells=_count(cells),
                periods=context.cell,
                period=m.MONTH if context.monthly else m.YEAR,
                files=", ".join(files),
                last=last or "",
            )


#: The first year of a-ordningen, from which wages in the registers come.
SOURCES_CHANGED = 2015

_CHANGES = {"start_year": m.START_CHANGES, "start_month": m.START_MONTH_CHANGES}


def _constancy(persons: Persons) -> Iterator[Breach]:
    for name, changed in persons.changed.items():
        if not changed:
            continue
        if CONTRACT[name].role == "fixed":
            yield _breach("changes within person", name, "warning", changed, m.FIXED_CHANGES)
        else:
            text = _CHANGES.get(name, m.EXIT_CHANGES)
            yield _breach("changes within person", name, "error", changed, text)


def _starts(persons: Persons, context: Context, usable: bool) -> Iterator[Breach]:
    if persons.half_started:
        columns = "start_year, start_month"
        yield _breach("half a start", columns, "error", persons.half_started, m.HALF)
    if persons.partly_started:
        yield _breach(
            "start year partly null", "start_year", "warning", persons.partly_started, m.PARTLY
        )
    if persons.start_outside and usable:
        first, last = context.named(persons.periods[0]), context.named(persons.periods[-1])
        years = f"{first}\u2013{last}"
        yield _breach(
            "start year outside",
            "start_year",
            "warning",
            persons.start_outside,
            m.OUTSIDE,
            years=years,
        )


#: Persons with one row each that are no small example.
MANY_PERSONS = 50


def _absence(persons: Persons, context: Context) -> Iterator[Breach]:
    if persons.n_rows == persons.n_persons >= MANY_PERSONS:
        period, many = m.MONTH if context.monthly else m.YEAR, persons.n_persons
        yield _breach("one row each", context.keys, "warning", many, m.ONE_ROW, period=period)
    gaps = sorted(set(range(persons.periods[0], persons.periods[-1] + 1)) - set(persons.periods))
    if gaps:
        years = ", ".join(map(context.named, gaps))
        yield _breach("gap", "year", "warning", 0, m.GAP, years=years)
    known = context.spells or any(n in context.casts for n in ("death_year", "emigration_year"))
    cells = persons.n_persons * len(persons.periods)
    absent = cells - persons.n_rows
    if absent > 0 and not known and not persons.duplicates.any:
        values = {"share": both(lambda: percent(absent / cells, 1)), "cells": context.cell}
        yield _breach("absent rows", context.keys, "warning", absent, m.ABSENT, **values)


_TITLE = Label(nb="Kontroll av panelet", en="Check of the panel")
_LINES = (
    Label(nb="Rader", en="Rows"),
    Label(nb="Personer", en="Persons"),
    Label(nb="År", en="Years"),
    Label(nb="Feil", en="Errors"),
    Label(nb="Advarsler", en="Warnings"),
)
_COLUMNS = (
    Label(nb="Alvor", en="Severity"),
    Label(nb="Hva", en="What"),
    Label(nb="Gjør", en="Do"),
)
_SEVERITY = {"error": Label(nb="feil", en="error"), "warning": Label(nb="advarsel", en="warning")}
_CLEAN = Label(nb="Ingen brudd på kontrakten.", en="No breach of the contract.")
_STOPPED = Label(
    nb="Feil må rettes før en analyse kan kjøres.",
    en="Errors must be corrected before an analysis can run.",
)


@dataclass(frozen=True, eq=False)
class PanelReport(Result):
    """What `Panel.check` found: all breaches of the contract in one pass.

    Attributes
    ----------
    breaches
        Errors first; empty when there is nothing to say.
    n_rows, n_persons
        Size of the register; persons are None where the years could not be used.
    years
        First and last usable year, None when there is none.
    provenance
        What was checked.
    notes
        What is no breach, and to be known of sources and of the price index.

    Examples
    --------
    >>> import pandas as pd
    >>> from mih_impact.panel import read_panel
    >>> rows = {"person_id": ["a", "a"], "year": [2020, 2020], "wage_income": [1.0, -2.0]}
    >>> report = read_panel(pd.DataFrame(rows)).check()
    >>> report.passed
    False
    >>> report.to_frame()[["rule", "column", "rows"]]
                         rule           column  rows
    0          negative money      wage_income     1
    1  duplicate person-years  person_id, year     1
    """

    contributors = NoContributors("rows that break a rule are counted; no amounts")

    breaches: tuple[Breach, ...]
    n_rows: int
    n_persons: int | None
    years: tuple[int, int] | None
    provenance: Provenance
    notes: tuple[Label, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no rule is broken at the level of an error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Breach, ...]:
        """The breaches that stop an analysis."""
        return tuple(breach for breach in self.breaches if breach.severity == "error")

    @property
    def warnings(self) -> tuple[Breach, ...]:
        """The breaches that are to be known."""
        return tuple(breach for breach in self.breaches if breach.severity == "warning")

    def to_frame(self, *, lang: Lang | None = None) -> pd.DataFrame:
        """Return one row per breach: rule, column, severity, rows, what, do."""
        with in_language(lang):
            return pd.DataFrame(
                [
                    (b.rule, b.column, b.severity, b.rows, b.what.text(), b.do.text())
                    for b in self.breaches
                ],
                columns=["rule", "column", "severity", "rows", "what", "do"],
            )

    def raise_if_failed(self) -> None:
        """Raise with every error at once.

        Raises
        ------
        PanelContractError
            When a rule is broken at the level of an error.
        """
        errors = self.errors
        if not errors:
            return
        if len(errors) == 1:
            raise PanelContractError(
                "The panel breaks the contract",
                found=errors[0].what.text("en"),
                do=errors[0].do.text("en"),
            )
        raise PanelContractError(
            f"The panel breaks the contract in {len(errors)} ways",
            found="".join(f"\n  - {b.what.text('en')}{ADVICE}{b.do.text('en')}" for b in errors),
            do="correct the source and read it again; panel.check() gives a table",
        )

    def _card(self) -> Card:
        values = (
            number(self.n_rows),
            NOT_AVAILABLE if self.n_persons is None else number(self.n_persons),
            NOT_AVAILABLE if self.years is None else year_range(*self.years),
            number(len(self.errors)),
            number(len(self.warnings)),
        )
        told = [(_SEVERITY[b.severity].text(), b.what.text(), b.do.text()) for b in self.breaches]
        table = pd.DataFrame(told, columns=[label.text() for label in _COLUMNS])
        note = _CLEAN if not self.breaches else None if self.passed else _STOPPED
        return Card(
            _TITLE.text(),
            tuple((label.text(), value) for label, value in zip(_LINES, values, strict=True)),
            table if self.breaches else None,
            tuple(each.text() for each in (note, *self.notes) if each is not None),
        )
