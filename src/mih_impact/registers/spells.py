"""Spells to days: which rows count, what holds where they overlap, and what falls in a period.

Each step is a query over the table of the step before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TypeAlias

from mih_impact.errors import PanelContractError
from mih_impact.registers.fates import Check, Taken, bookkeeping, chosen, one_of, ranked, weighed
from mih_impact.registers.tables import Scaled, Spells, Starts, Status, day_of, refuse
from mih_impact.registers.taking import Store, Wanted, first_of, literal, quoted, take

__all__ = ["Setting", "amounts", "fated", "first_starts", "statuses", "stays"]

Dated: TypeAlias = Spells | Status | Starts

#: Whole parts of a krone that amounts are kept in: 1e-4 øre.
PARTS = 1_000_000
PER_ORE = 10_000
#: Whole numbers that can be doubled within 64 bits, with room for a divisor.
SMALL = 4 * 10**18
#: What parts are multiplied by at most before they are added up.
LONGEST = 366 * 13_485
#: The least number that 28, 29, 30 and 31 divide.
MONTH_DAYS = 377_580
SINCE_EVER = date(1, 1, 1)


@dataclass(frozen=True)
class Setting:
    """Whose days, and which of them.

    Attributes
    ----------
    store
        The engine.
    persons
        The table of persons: pid, person_id, died.
    known
        The table of identifiers: key, pid, died, valid_from, valid_to.
    dated
        Whether an identifier is a person's for a time only.
    first, last
        The panel's first and last day.
    monthly
        Whether a period is a month; else a year.
    """

    store: Store
    persons: str
    known: str
    first: date
    last: date
    monthly: bool
    dated: bool = False

    def owners(self, at: str) -> str:
        """Return the join of rows `t` with whose they are, `k`, on a day."""
        valid = f" AND coalesce({at} BETWEEN k.valid_from AND k.valid_to, true)"
        return f"LEFT JOIN {self.known} k ON t.key = k.key{valid if self.dated else ''}"

    @property
    def periods(self) -> tuple[int, int]:
        """The first and last period: years, or year * 12 + month - 1."""
        if self.monthly:
            return self.first.year * 12, self.last.year * 12 + 11
        return self.first.year, self.last.year


def day(value: date) -> str:
    """Return a day as SQL has it."""
    return f"DATE '{value:%Y-%m-%d}'" if value.year > 999 else f"DATE '{value.isoformat()}'"


def unit_of(column: str, *, months: bool) -> str:
    """Return the SQL of the year, or the month, that a day is in."""
    return f"(year({column}) * 12 + month({column}) - 1)" if months else f"year({column})"


def last_of(unit: str, *, months: bool) -> str:
    """Return the SQL of the last day of a year or a month."""
    return f"({first_of(f'{unit} + 1', months=months)} - 1)"


# --- which spells there are ----------------------------------------------------------------------


def fated(setting: Setting, table: Dated, name: str, value: Wanted | None = None) -> Taken:
    """Return the table of spells: their person, days, value and fate.

    `start` to `last` are the days of the spell, `a` to `b` those of them that the panel has.

    Raises
    ------
    PanelContractError
        A row that counts has no start, ends before it begins, lacks its amount, or has a code that
        nobody named.
    """
    wanted = bookkeeping(table) | {"start": Wanted(table.start, "date")}
    if table.stop is not None:
        wanted["stop"] = Wanted(table.stop, "date")
    if value is not None:
        wanted["value"] = value
    measure = table.measure if isinstance(table, Starts) else None
    if measure is not None:
        wanted |= {"measure": Wanted(measure, "text"), f"code_{measure}": Wanted(measure, "text")}
    typed = take(setting.store, table, name, wanted)
    most = "0"
    checks = [
        Check("fate = 'no_start'", partial(_no_start, name)),
        Check("fate = 'backwards'", partial(_backwards, table, name)),
    ]
    if value is not None and value.kind == "money":
        most = "abs(value::DOUBLE)"
        checks.append(
            Check("fate = 'used' AND value IS NULL", partial(_no_amount, value.source, name))
        )
    sql = _fates(setting, table, typed, wanted, measure)
    return weighed(setting.store, table, name, sql, checks, most=most)


def _fates(
    setting: Setting, table: Dated, typed: str, wanted: Mapping[str, Wanted], measure: str | None
) -> str:
    covers = setting.last
    if table.covers_to is not None:
        covers = min(covers, day_of("covers_to", table.covers_to))
    first = SINCE_EVER if isinstance(table, Starts) else setting.first
    owned = f"SELECT t.*, k.pid, k.died FROM {typed} t {setting.owners('t.start')}"
    content = ", ".join(quoted(name) for name in wanted if name not in ("key", "revision"))
    never = ", ".join(f"DATE {literal(end)}" for end in table.never)
    stop = "start" if table.stop is None else "stop"
    back = " - 1" if table.stops == "exclusive" and table.stop is not None else ""
    is_open = f"{stop} IS NULL OR {stop} IN ({never})"
    ends = (
        f"SELECT *, CASE WHEN {is_open} THEN {day(covers)} ELSE {stop}{back} END AS last, "
        f"coalesce(NOT ({is_open}) AND {stop} < start, false) AS backwards, "
        f"coalesce({is_open}, false) AS is_open, {ranked(table, 'start', content)} FROM ({owned})"
    )
    fate = (
        f"CASE {chosen(table, apart=measure)} "
        "WHEN start IS NULL THEN 'no_start' WHEN backwards THEN 'backwards' "
        "WHEN pid IS NULL THEN 'without_person' WHEN last < start AND NOT is_open THEN 'empty' "
        f"WHEN greatest(start, {day(first)}) > least(last, {day(covers)}) THEN 'outside' "
        "WHEN greatest(start, died_from) > died THEN 'after_death' ELSE 'used' END"
    ).replace("died_from", day(first))
    return (
        f"SELECT *, {fate} AS fate, greatest(start, {day(first)}) AS a, "
        f"least(last, {day(covers)}, coalesce(died, {day(covers)})) AS b FROM ({ends})"
    )


def _no_start(name: str, n: int, of: int) -> PanelContractError:
    return refuse(
        f"{name} has spells without a start",
        found=f"{n:,} of {of:,} rows",
        do="find the day, or leave them out: cancelled= and where= say which rows count",
    )


def _backwards(table: Dated, name: str, n: int, of: int) -> PanelContractError:
    return refuse(
        f"{name} has spells that stop before they start",
        found=f"{n:,} of {of:,} rows",
        do=f"correct {table.start} and {table.stop}; if that is how the register cancels a "
        "row, say which are: cancelled=",
    )


def _no_amount(column: str, name: str, n: int, _: int) -> PanelContractError:
    return refuse(
        f"{name} has spells without an amount in {column}",
        found=f"{n:,} rows that count",
        do="find the amounts, write 0, or leave the rows out with where= or cancelled=",
    )


# --- where spells overlap -------------------------------------------------------------------------


def require_apart(setting: Setting, name: str, spells: str) -> None:
    """Raise where a person has several spells on one day."""
    found = (
        f"SELECT pid, a <= max(b) OVER (PARTITION BY pid ORDER BY a, b, row "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS over FROM {spells}"
    )
    n = setting.store.row(f"SELECT count(*) FILTER (over) FROM ({found})")[0]
    if n:
        raise refuse(
            f"{name} has spells that overlap",
            found=f"{n:,} spells begin before an earlier one of the same person has ended",
            do='say what holds then: overlap="union", "sum", "highest" or "latest"; if they share '
            'one day only, the stop may be the day after: stops="exclusive"',
        )


def clustered(spells: str, gap: int = 0, *, by: str = "pid", alike: bool = False) -> str:
    """Return spells with `cluster`, the same for those that hang together, and are `alike`."""
    reach = "a" if gap < 0 else f"a - {1 + gap}"
    before = f"lag(value) OVER (PARTITION BY {by} ORDER BY a, b, row)"
    if alike:
        reach = f"coalesce(value = {before}, false) AND {reach}"
    return (
        "SELECT *, sum(begins) OVER (PARTITION BY "
        f"{by} ORDER BY a, b, row ROWS UNBOUNDED PRECEDING) AS cluster FROM (SELECT *, "
        f"CASE WHEN {reach} <= max(b) OVER (PARTITION BY {by} ORDER BY a, b, row "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS begins "
        f"FROM {spells})"
    )


def united(spells: str, gap: int, *, alike: bool = False) -> str:
    """Return the query of spells of the days that count once, those at most a gap apart as one."""
    return (
        "SELECT pid, min(row) AS row, min(a) AS a, max(b) AS b, any_value(value) AS value "
        f"FROM ({clustered(spells, gap, alike=alike)}) GROUP BY pid, cluster"
    )


def one_at_a_time(setting: Setting, spells: str, order: str) -> str:
    """Return the query of spells in which a person has on each day the first by an order."""
    store = setting.store
    cluster = store.keep(
        f"SELECT *, count(*) OVER (PARTITION BY pid, cluster) AS n FROM ({clustered(spells, -1)})"
    )
    edges = (
        f"SELECT pid, cluster, a AS edge FROM {cluster} WHERE n > 1 "
        f"UNION SELECT pid, cluster, b + 1 FROM {cluster} WHERE n > 1"
    )
    parts = (
        "SELECT pid, cluster, edge AS a, lead(edge) OVER "
        f"(PARTITION BY pid, cluster ORDER BY edge) - 1 AS b FROM ({edges}) QUALIFY b IS NOT NULL"
    )
    return (
        f"SELECT pid, row, a, b, value FROM {cluster} WHERE n = 1 UNION ALL "
        f"SELECT p.pid, m.row, p.a, p.b, m.value FROM ({parts}) p JOIN {cluster} m "
        "ON m.pid = p.pid AND m.cluster = p.cluster AND m.n > 1 AND m.a <= p.a AND m.b >= p.b "
        f"QUALIFY row_number() OVER (PARTITION BY p.pid, p.a ORDER BY {order}) = 1"
    )


_LATEST = "m.revision DESC NULLS LAST, m.begun DESC, m.ends DESC, m.value DESC NULLS LAST, m.row"


def resolved(
    setting: Setting, table: Spells | Status, name: str, taken: Taken, spells: str
) -> tuple[str, Taken]:
    """Return the spells after the rule of overlaps, and what that made of the rows."""
    store = setting.store
    if table.overlap is None:
        require_apart(setting, name, spells)
    if table.overlap == "union" or (table.gap and isinstance(table, Spells)):
        return store.keep(united(spells, table.gap)), taken
    if table.overlap in ("highest", "latest"):
        order = f"m.value DESC, {_LATEST}" if table.overlap == "highest" else _LATEST
        won = store.keep(one_at_a_time(setting, spells, order))
        used = f"SELECT row FROM {taken.rows} WHERE fate = 'used'"
        lost = f"SELECT row, 'overlapped' AS fate FROM ({used}) ANTI JOIN {won} USING (row)"
        spells, taken = won, replace(taken, overruled=lost)
    if table.gap:  # of a status, with nothing else between
        spells = store.keep(united(spells, table.gap, alike=True))
    return spells, taken


# --- what falls in a period -----------------------------------------------------------------------


def pieces(spells: str, *, months: bool) -> str:
    """Return the query of spells cut at the ends of years or months."""
    units = f"range({unit_of('a', months=months)}, {unit_of('b', months=months)} + 1)"
    return (
        f"SELECT pid, row, value, unit, greatest(a, {first_of('unit', months=months)}) AS a, "
        f"least(b, {last_of('unit', months=months)}) AS b "
        f"FROM (SELECT *, unnest({units}) AS unit FROM {spells})"
    )


def between(first: str, until: str) -> str:
    """Return the SQL of the days from one to another, which is not among them."""
    return f"date_diff('day', {first}, {until})"


def weekdays(until: str) -> str:
    """Return the SQL of how many days from Monday to Friday there are before a day."""
    days = between("DATE '0001-01-01'", until)  # which is a Monday
    return f"({days} // 7 * 5 + least({days} % 7, 5))"


def rounded(parts: str, per: str) -> str:
    """Return the SQL of a quotient, rounded to whole øre half away from zero, in kroner.

    Most are small enough for numbers of 64 bits, which divide thirty times as fast as of 128.
    """
    small, large = (
        f"(sign({parts})::INTEGER * ((2 * abs({parts}::{type_}) + {per}) // (2 * {per})))"
        for type_ in ("BIGINT", "HUGEINT")
    )
    whole = f"CASE WHEN abs({parts}) < {SMALL} THEN {small}::DECIMAL(18, 0) ELSE {large} END"
    return f"(CAST({whole} AS DECIMAL(18, 0)) * CAST(0.01 AS DECIMAL(3, 2)))::DECIMAL(18, 2)"


def in_parts(value: str, largest: float | None = None) -> str:
    """Return the SQL of kroner as whole parts, of 64 bits where the largest of them allows it."""
    small = largest is not None and largest * PARTS * LONGEST < SMALL
    return f"CAST(round({value}::DOUBLE * {PARTS}) AS {'BIGINT' if small else 'HUGEINT'})"


def _weighed(table: Spells) -> tuple[str, str]:
    """Return the SQL of the amount of a piece of a spell, in parts, and of how many make one."""
    days = between("a", "b + 1")
    year = between("make_date(year, 1, 1)", "make_date(year + 1, 1, 1)")
    if isinstance(table.days, Scaled):
        return f"value * {days} * {table.days.days}", year
    if table.days == "weekdays":
        return f"value * ({weekdays('b + 1')} - {weekdays('a')})", "1"
    if table.per == "month":
        return f"value * {days} * ({MONTH_DAYS} // day(last_day(a)))", str(MONTH_DAYS)
    return f"value * {days}", year if table.per == "year" else "1"


def amounts(setting: Setting, table: Spells, name: str) -> tuple[Taken, str]:
    """Return a table of amounts or counts as it was taken, and its spells that hold."""
    store, monthly = setting.store, setting.monthly
    wanted = None if table.amount is None else Wanted(table.amount, "money")
    taken = fated(setting, table, name, wanted)
    if table.amount is None:
        held, taken = resolved(setting, table, name, taken, _live(setting, table, taken, "1"))
        months = monthly or table.count == "months"
        unit = "unit // 12" if months and not monthly else "unit"
        counted = (
            "count(DISTINCT unit)" if table.count == "months" else f"sum({between('a', 'b + 1')})"
        )
        sql = f"SELECT pid, {unit} AS period, {counted}::BIGINT AS value "
        cells = f"{sql} FROM ({pieces(held, months=months)}) GROUP BY 1, 2"
        return replace(taken, cells=store.keep(cells)), held
    held, taken = resolved(setting, table, name, taken, _paid(setting, table, taken))
    return replace(taken, cells=store.keep(paid(table, held, monthly=monthly))), held


def paid(table: Spells, held: str, *, monthly: bool, december: bool = False) -> str:
    """Return the query of pid, period and kroner of spells; of Decembers alone, if wanted."""
    parts, per = shares(table, held, monthly=monthly, december=december)
    sums = (
        "SELECT pid, period, any_value(year) AS year, sum(parts) AS parts "
        f"FROM ({parts}) GROUP BY 1, 2"
    )
    kroner = rounded("parts", f"({PER_ORE}::BIGINT * {per})")
    return f"SELECT pid, period, {kroner} AS value FROM ({sums})"


def shares(table: Spells, held: str, *, monthly: bool, december: bool = False) -> tuple[str, str]:
    """Return the query of pid, row, period, year and parts, and how many make 1e-4 øre."""
    months = monthly or december or table.per == "month"
    year = "unit // 12" if months else "unit"
    period = "unit" if monthly else "year"
    weight, per = _weighed(table)
    cut = f"SELECT *, {year} AS year FROM ({pieces(held, months=months)})"
    cut += " WHERE unit % 12 = 11" if december else ""
    return f"SELECT pid, row, {period} AS period, year, {weight} AS parts FROM ({cut})", per


def stays(setting: Setting, table: Spells, name: str) -> tuple[Taken, str]:
    """Return a table of residence as it was taken, and its spells."""
    store, taken = setting.store, fated(setting, table, name)
    held = _live(setting, table, taken, "1")
    if table.gap:
        held = store.keep(united(held, table.gap))
    cut = f"SELECT pid, unit AS period FROM ({pieces(held, months=setting.monthly)})"
    return replace(taken, cells=store.keep(cut, view=True)), held


def _live(setting: Setting, table: Spells | Status, taken: Taken, value: str) -> str:
    """Return the view of the spells that count."""
    revision = "revision" if table.revision else "NULL AS revision"
    return setting.store.keep(
        f"SELECT pid, row, a, b, {value} AS value, {revision}, start AS begun, last AS ends "
        f"FROM {taken.rows} WHERE fate = 'used'",
        view=True,
    )


def _paid(setting: Setting, table: Spells, taken: Taken) -> str:
    """Return spells with what a day is paid; the last day of a total has the remainder too."""
    live = _live(setting, table, taken, in_parts("value", taken.largest))
    if table.per != "spell":
        return live
    each = f"SELECT *, value // {between('begun', 'ends + 1')} AS share FROM {live}"
    columns, rest = "revision, begun, ends", f"value - share * {between('begun', 'ends')}"
    return setting.store.keep(
        f"SELECT pid, row, a, least(b, ends - 1) AS b, share AS value, {columns} FROM ({each}) "
        "WHERE a < ends UNION ALL "
        f"SELECT pid, row, ends, ends, {rest}, {columns} FROM ({each}) "
        "WHERE b = ends",
        view=True,
    )


def statuses(setting: Setting, table: Status, name: str) -> Taken:
    """Return a table of statuses as it was taken."""
    store, monthly = setting.store, setting.monthly
    table.require_valued([table.to])
    value = Wanted(table.value or table.to, None, table.values.get(table.to))
    taken = fated(setting, table, name, value)
    held, taken = resolved(setting, table, name, taken, _live(setting, table, taken, "value"))
    cut = pieces(held, months=monthly)
    if table.at == "longest":
        days = (
            f"SELECT pid, unit, value, sum({between('a', 'b + 1')}) AS n, max(b) AS b "
            f"FROM ({cut}) GROUP BY 1, 2, 3"
        )
        best = "QUALIFY row_number() OVER (PARTITION BY pid, unit ORDER BY n DESC, b DESC) = 1"
        cells = f"SELECT pid, unit AS period, value FROM ({days}) {best}"
        return replace(taken, cells=store.keep(cells))
    ends = {"first": first_of("unit", months=monthly), "last": last_of("unit", months=monthly)}
    at = ends.get(table.at)
    if at is None:
        if monthly:
            raise refuse(
                "A day of the year is for panels by year",
                found=f"at={table.at!r}",
                do='in a panel by month at="first", "last" or "longest"',
            )
        number, month = table.day
        at = f"make_date(unit, {month}, {number})"
    sql = f"SELECT pid, unit AS period, value FROM ({cut}) WHERE {at} BETWEEN a AND b"
    return replace(taken, cells=store.keep(sql, view=True))


def first_starts(setting: Setting, table: Starts, name: str) -> tuple[Taken, str, str]:
    """Return a table as it was taken, its participations, and first starts: pid, start, row."""
    store = setting.store
    taken = fated(setting, table, name)
    measure = "measure" if table.measure is not None else "''"
    codes = table.where.get(table.measure) if table.measure is not None else None
    mine = "true" if table.measure is None or codes is None else one_of(table.measure, codes)
    kept = store.keep(
        f"SELECT pid, row, start AS a, b, {measure} AS measure, {mine} AS mine "
        f"FROM {taken.rows} WHERE fate = 'used'"
    )
    joined = clustered(kept, table.gap, by="pid, measure")
    begun = store.keep(joined if table.gap else f"SELECT *, 1 AS begins FROM {kept}")
    first = store.keep(
        f"SELECT pid, a AS start, row FROM {begun} WHERE mine AND begins = 1 "
        "QUALIFY row_number() OVER (PARTITION BY pid ORDER BY a, row) = 1"
    )
    lost = (
        "SELECT row, CASE WHEN NOT mine THEN 'other_measure' WHEN begins = 0 THEN 'merged' "
        f"ELSE 'later' END AS fate FROM {begun} ANTI JOIN {first} USING (row)"
    )
    return replace(taken, overruled=lost), begun, first
