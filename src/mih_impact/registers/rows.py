"""Tables of rows to columns: who the persons are, and what each has in a year or a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.panel.names import lookalikes
from mih_impact.registers.fates import Check, Taken, bookkeeping, chosen, ranked, weighed
from mih_impact.registers.spells import (
    PARTS,
    PER_ORE,
    Setting,
    clustered,
    in_parts,
    last_of,
    rounded,
)
from mih_impact.registers.tables import Table, refuse
from mih_impact.registers.taking import Kind, Store, Wanted, quoted, take

__all__ = ["People", "identified", "kind_of", "people", "periods"]

_KINDS: dict[Dtype, Kind] = {
    "text": "text", "category": "text", "int": "int", "money": "money", "bool": "bool",
    "number": "number",
}  # fmt: skip
#: Dates that the contract has years of.
_DATES = ("birth_date", "death_date", "emigration_date")
_FROM, _TO = "DATE '0001-01-01'", "DATE '9999-12-31'"


class People(NamedTuple):
    """The persons: their table as it was taken, pid and columns of each, and which columns."""

    taken: Taken
    persons: str
    columns: tuple[str, ...]


# --- who ------------------------------------------------------------------------------------------


def people(store: Store, table: Table, name: str) -> People:
    """Take the persons and their days of death: pid, person_id, row, died, and their columns.

    Raises
    ------
    PanelContractError
        A person is there twice, or a row has no key.
    """
    typed, content = _typed(store, table, name)
    rows = f"(SELECT *, {ranked(table, '0', content)} FROM (SELECT *, NULL AS pid FROM {typed}))"
    taken = _fated(store, table, name, rows, "ELSE 'used'")
    died = ["death_date"] if "death_date" in table.columns else []
    died += ['make_date("death_year", 12, 31)'] if "death_year" in table.columns else []
    fixed = {n.replace("_date", "_year") if n in _DATES else n: n for n in table.columns}
    years = [f"year({n}) AS {our}" if n in _DATES else quoted(our) for our, n in fixed.items()]
    columns = [f"coalesce({', '.join([*died, 'NULL::DATE'])}) AS died", *years]
    persons = store.keep(
        "SELECT row_number() OVER (ORDER BY key) AS pid, key AS person_id, row, "
        f"{', '.join(columns)} FROM {taken.rows} WHERE fate = 'used'"
    )
    missing, twice = store.row(
        "SELECT coalesce(sum(n) FILTER (person_id IS NULL), 0), "
        "count(*) FILTER (n > 1 AND person_id IS NOT NULL) "
        f"FROM (SELECT person_id, count(*) AS n FROM {persons} GROUP BY 1)"
    )
    if missing or twice:
        raise refuse(
            f"{name} does not have one row per person",
            found=f"{twice:,} persons twice or more, {missing:,} rows without {table.key}",
            do="keep one row of each; of versions the latest: revision=",
        )
    return People(taken, persons, tuple(fixed))


def identified(
    store: Store, persons: str, table: Table | None, name: str
) -> tuple[Taken | None, str]:
    """Return a table of identifiers as it was taken, and whose each is on any day."""
    always = f"{_FROM} AS valid_from, {_TO} AS valid_to"
    own = f"SELECT person_id AS key, pid, died, {always} FROM {persons}"
    if table is None:
        return None, store.keep(own, view=True)
    if "identifier" not in table.columns:
        raise refuse(
            f"{name} does not say which column has the identifiers",
            found="columns= without identifier",
            do='key= is the person as in persons=: columns={"identifier": "fnr"}',
        )
    taken = _identifiers(store, persons, table, name)
    used = store.keep(f"SELECT * FROM {taken.rows} WHERE fate = 'used'")
    shared = store.row(
        f"SELECT count(DISTINCT x.identifier) FROM {used} x JOIN {used} y ON "
        "x.identifier = y.identifier AND x.pid < y.pid AND x.a <= y.b AND y.a <= x.b"
    )[0]
    if shared:
        raise refuse(
            f"{name} gives identifiers to two persons at once",
            found=f"{shared:,} identifiers",
            do="say from when to when each holds: valid_from=, valid_to=",
        )
    joined = clustered(used, by="identifier, pid")
    return taken, store.keep(
        "SELECT identifier AS key, pid, any_value(died) AS died, min(a) AS valid_from, "
        f"max(b) AS valid_to FROM ({joined}) GROUP BY identifier, pid, cluster "
        f"UNION ALL {own} p ANTI JOIN {used} u ON u.identifier = p.person_id"
    )


def _identifiers(store: Store, persons: str, table: Table, name: str) -> Taken:
    """Return the table of identifiers with their person, days `a` to `b`, and fate."""
    wanted = bookkeeping(table) | {"identifier": Wanted(table.columns["identifier"], "key")}
    ends = {"valid_from": table.valid_from, "valid_to": table.valid_to}
    wanted |= {end: Wanted(column, "date") for end, column in ends.items() if column}
    typed = take(store, table, name, wanted)
    start = "valid_from" if table.valid_from else _FROM
    stop = "valid_to" if table.valid_to else _TO
    rows = (
        f"(SELECT t.*, pid, died, coalesce({start}, {_FROM}) AS a, coalesce({stop}, {_TO}) AS b, "
        f"{ranked(table, 'identifier', 'identifier')} FROM {typed} t "
        f"LEFT JOIN {persons} p ON p.person_id = t.key)"
    )
    fate = "WHEN pid IS NULL OR identifier IS NULL THEN 'without_person' WHEN b < a THEN 'empty'"
    return _fated(store, table, name, rows, f"{fate} ELSE 'used'")


def _typed(store: Store, table: Table, name: str) -> tuple[str, str]:
    """Return the rows of a table, and the SQL of what versions may differ in."""
    table.require_valued(table.columns)
    ours = {
        our: Wanted(column, kind_of(our), table.values.get(our))
        for our, column in table.columns.items()
    }
    wanted = bookkeeping(table) | ours
    content = [quoted(our) for our in wanted if our not in ("key", "revision")]
    return take(store, table, name, wanted), ", ".join(content) or "true"


def _fated(
    store: Store,
    table: Table,
    name: str,
    rows: str,
    fate: str,
    checks: Sequence[Check] = (),
    most: str = "0",
) -> Taken:
    """Return the table of rows with their fate, the last branches of which are given."""
    sql = f"SELECT *, CASE {chosen(table)} {fate} END AS fate FROM {rows}"
    return weighed(store, table, name, sql, checks, most=most)


# --- what they have in a period -------------------------------------------------------------------


def periods(setting: Setting, table: Table, name: str) -> Taken:
    """Return a table as it was taken, with one row of its columns per person and period.

    Raises
    ------
    PanelContractError
        A row has no year, or a person several rows of one period that nobody says to add up.
    """
    store, monthly = setting.store, setting.monthly
    names = [our for our in table.columns if our not in ("year", "month")]
    repeated = monthly and "month" not in table.columns
    money = [our for our in names if kind_of(our) == "money"]
    if repeated and money:
        raise refuse(
            f"{name} has amounts of a year, and the panel is by month",
            found=", ".join(money),
            do='give a table by month, or build it by year: period="year"',
        )
    taken = _placed(setting, table, name)
    types = store.types(taken.rows)
    summed, largest = table.combine == "sum", taken.largest
    parts = [_combined(our, types[our], name, summed, largest) for our in names]
    cells = store.keep(
        f"SELECT {', '.join(['pid', 'period', 'count(*) AS n', *parts])} FROM {taken.rows} "
        "WHERE fate = 'used' GROUP BY 1, 2"
    )
    merged = _merged(setting, table, name, cells, taken.rows)
    if repeated:
        months = "unnest(range(period * 12, period * 12 + 12)) AS period"
        columns = ", ".join(["pid", months, *map(quoted, names)])
        cells = store.keep(f"SELECT {columns} FROM {cells}", view=True)
    counts = {**taken.counts, "merged": taken.counts.get("merged", 0) + merged}
    counts["used"] = counts.get("used", 0) - merged
    return replace(taken, cells=cells, counts=counts)


def _placed(setting: Setting, table: Table, name: str) -> Taken:
    """Return rows with their fate, person and period."""
    store, with_month = setting.store, "month" in table.columns
    typed, content = _typed(store, table, name)
    months = setting.monthly and with_month
    low, high = setting.periods if months else (setting.first.year, setting.last.year)
    place = f"SELECT *, ({_place(table, name)})::BIGINT AS place FROM {typed}"
    period = "place" if months or not with_month else "place // 12"
    until = last_of("place", months=with_month)
    owned = f"SELECT t.*, k.pid, {period} AS period FROM ({place}) t {setting.owners(until)}"
    bounds = "12000 AND 36000" if with_month else "1000 AND 3000"
    wrong = f"place IS NULL OR place NOT BETWEEN {bounds}"
    fate = (
        f"WHEN pid IS NULL THEN 'without_person' "
        f"WHEN period NOT BETWEEN {low} AND {high} THEN 'outside' ELSE 'used'"
    )
    rows = f"(SELECT *, {ranked(table, 'place', content)} FROM ({owned}))"
    unplaced = Check(wrong, partial(_unplaced, name, with_month))
    money = [f"abs({quoted(our)}::DOUBLE)" for our in table.columns if kind_of(our) == "money"]
    most = f"greatest({', '.join(money)})" if money else "0"
    return _fated(store, table, name, rows, fate, [unplaced], most)


def _unplaced(name: str, with_month: bool, n: int, _: int) -> PanelContractError:
    return refuse(
        f"{name} has rows without a year{' and month' if with_month else ''}",
        found=f"{n:,} rows",
        do="correct them, or leave them out; a month is 1 to 12 beside a year, or 202012",
    )


def _merged(setting: Setting, table: Table, name: str, cells: str, rows: str) -> int:
    """Return how many rows were added to another; raise where nobody says that they may be."""
    merged, n, m = setting.store.row(
        "SELECT coalesce(sum(n) - count(*), 0), count(*) FILTER (n > 1), "
        f"coalesce(sum(n) FILTER (n > 1), 0) FROM {cells}"
    )
    if n and table.combine is None:
        each = "month" if setting.monthly else "year"
        read = ", ".join(quoted(our) for our in table.columns if our not in ("year", "month"))
        values = f"pid, place{read and ', '}{read}"
        [copies] = setting.store.row(
            f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {rows} "
            f"WHERE fate = 'used' GROUP BY {values})"
        )
        equal = f", {copies:,} of them copies of another in every column that is read"
        month = _month_unread(setting.store, table)
        raise refuse(
            f"{name} has several rows of one person and {each}",
            found=f"{n:,} such, with {m:,} rows{equal if copies else ''}",
            do=(
                ""
                if month is None
                else f"if {month} says that a row is a month, give the table in "
                f'monthly=[...] with columns={{"month": "{month}", ...}}; '
            )
            + ("see first whether the copies are to be left out; then " if copies else "")
            + 'add them up: combine="sum"; of versions take the latest: revision=',
        )
    return int(merged)


def _month_unread(store: Store, table: Table) -> str | None:
    """Return the column of the table read last that looks like a month, where none is taken."""
    if "month" in table.columns:
        return None
    unread = [name for name in store.types(store.reads[-1]) if name not in table.columns.values()]
    return lookalikes(["month"], unread, cutoff=0.65).get("month")


def _place(table: Table, name: str) -> str:
    """Return the SQL of the year of a row, or of year * 12 + month - 1."""
    if "month" in table.columns:
        alone = '"year" * 12 + "month" + 12' if "year" in table.columns else "NULL"
        return f'CASE WHEN "month" < 0 THEN {alone} ELSE "month" END'
    if "year" in table.columns:
        return '"year"'
    raise refuse(
        f"{name} does not say which column has the year",
        found=f"columns= names {', '.join(table.columns) or 'nothing'}",
        do='columns={"year": "aar", ...}, or "month" where a row is a month; a table with a column '
        "for each year has to be made long first, with a row for each person and year",
    )


def kind_of(our: str) -> Kind | None:
    """Return what a column of ours is read as; None leaves it as it is."""
    if our in ("year", "month"):
        return "year" if our == "year" else "month"
    if our in _DATES:
        return "date"
    return _KINDS[CONTRACT[our].dtype] if our in CONTRACT else None


def _combined(our: str, type_: str, name: str, summed: bool, largest: float) -> str:
    """Return the SQL of one cell of the rows that a person has in a period."""
    column = quoted(our)
    if kind_of(our) == "money":
        return f"{rounded(f'sum({in_parts(column, largest)})', str(PER_ORE))} AS {column}"
    if not summed:
        return f"any_value({column}) AS {column}"
    if type_.startswith(("VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP")):
        raise refuse(
            f'combine="sum" adds numbers, and {name} has columns that are not numbers',
            found=our,
            do="leave the column out, or take it from a table with one row a period",
        )
    return f"sum({in_parts(column)})::DOUBLE / {PARTS} AS {column}"
