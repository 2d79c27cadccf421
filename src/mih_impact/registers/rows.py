"""Tables of rows to columns: who the persons are, and what each has in a year or a month."""

from __future__ import annotations

from typing import NamedTuple

from mih_impact.panel.contract import CONTRACT, Dtype
from mih_impact.registers.spells import (
    PARTS,
    PER_ORE,
    Setting,
    bookkeeping,
    chosen,
    clustered,
    last_of,
    ranked,
    require_known,
    rounded,
)
from mih_impact.registers.tables import Table, refuse
from mih_impact.registers.taking import Kind, Store, Wanted, quoted, take

__all__ = ["PeopleFound", "identified", "kind_of", "people", "periods"]

_KINDS: dict[Dtype, Kind] = {
    "text": "text", "category": "text", "int": "int", "money": "money", "bool": "bool",
    "number": "number",
}  # fmt: skip
#: Dates that the contract has years of.
_DATES = ("birth_date", "death_date", "emigration_date")
_FROM, _TO = "DATE '0001-01-01'", "DATE '9999-12-31'"


class PeopleFound(NamedTuple):
    """The tables of rows with fates and of persons, and the contract's columns of persons."""

    made: str
    persons: str
    columns: tuple[str, ...]


# --- who ------------------------------------------------------------------------------------------


def people(store: Store, table: Table, name: str) -> PeopleFound:
    """Take the persons and their days of death: pid, person_id, row, died, and their columns.

    Raises
    ------
    PanelContractError
        A person is there twice, or a row has no key.
    """
    typed, content = _typed(store, table, name)
    rows = f"(SELECT *, {ranked(table, '0', content)} FROM (SELECT *, NULL AS pid FROM {typed}))"
    made = _fated(store, table, name, rows, "ELSE 'used'")
    missing, twice = store.row(
        f"SELECT count(*) FILTER (key IS NULL), (SELECT count(*) FROM (SELECT key FROM {made} "
        "WHERE fate = 'used' AND key IS NOT NULL GROUP BY key HAVING count(*) > 1)) "
        f"FROM {made} WHERE fate = 'used'"
    )
    if missing or twice:
        raise refuse(
            f"{name} has not one row per person",
            found=f"{twice:,} persons twice or more, {missing:,} rows without {table.key}",
            do="keep one row of each; of versions the latest: revision=",
        )
    died = ["death_date"] if "death_date" in table.columns else []
    died += ['make_date("death_year", 12, 31)'] if "death_year" in table.columns else []
    fixed = {n.replace("_date", "_year") if n in _DATES else n: n for n in table.columns}
    years = [f"year({n}) AS {our}" if n in _DATES else quoted(our) for our, n in fixed.items()]
    columns = [f"coalesce({', '.join([*died, 'NULL::DATE'])}) AS died", *years]
    persons = store.keep(
        "SELECT row_number() OVER (ORDER BY key) AS pid, key AS person_id, row, "
        f"{', '.join(columns)} FROM {made} WHERE fate = 'used'"
    )
    return PeopleFound(made, persons, tuple(fixed))


def identified(
    store: Store, persons: str, table: Table | None, name: str
) -> tuple[str | None, str]:
    """Return the tables of rows with fates, and of identifiers: each of one person on any day."""
    own = f"SELECT person_id AS key, pid, {_FROM} AS valid_from, {_TO} AS valid_to FROM {persons}"
    if table is None:
        return None, store.keep(own)
    if "identifier" not in table.columns:
        raise refuse(
            f"{name} does not say which column has the identifiers",
            found="columns= without identifier",
            do='key= is the person as in persons=: columns={"identifier": "fnr"}',
        )
    made = _identifiers(store, persons, table, name)
    used = f"SELECT * FROM {made} WHERE fate = 'used'"
    shared = store.row(
        f"SELECT count(DISTINCT x.identifier) FROM ({used}) x JOIN ({used}) y ON "
        "x.identifier = y.identifier AND x.pid < y.pid AND x.a <= y.b AND y.a <= x.b"
    )[0]
    if shared:
        raise refuse(
            f"{name} gives identifiers to two persons at once",
            found=f"{shared:,} identifiers",
            do="say from when to when each holds: valid_from=, valid_to=",
        )
    joined = clustered(f"({used})", by="identifier, pid")
    return made, store.keep(
        "SELECT identifier AS key, pid, min(a) AS valid_from, max(b) AS valid_to "
        f"FROM ({joined}) GROUP BY identifier, pid, cluster "
        f"UNION ALL {own} WHERE person_id NOT IN (SELECT identifier FROM ({used}))"
    )


def _identifiers(store: Store, persons: str, table: Table, name: str) -> str:
    """Return the table of identifiers with their person, days `a` to `b`, and fate."""
    wanted = bookkeeping(table) | {"identifier": Wanted(table.columns["identifier"], "key")}
    ends = {"valid_from": table.valid_from, "valid_to": table.valid_to}
    wanted |= {end: Wanted(column, "date") for end, column in ends.items() if column}
    typed = take(store, table, name, wanted)
    start = "valid_from" if table.valid_from else _FROM
    stop = "valid_to" if table.valid_to else _TO
    rows = (
        f"(SELECT t.*, pid, coalesce({start}, {_FROM}) AS a, coalesce({stop}, {_TO}) AS b, "
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


def _fated(store: Store, table: Table, name: str, rows: str, fate: str) -> str:
    """Return the table of rows with their fate, the last branches of which are given."""
    made = store.keep(f"SELECT *, CASE {chosen(table)} {fate} END AS fate FROM {rows}")
    require_known(store, table, name, made)
    return made


# --- what they have in a period -------------------------------------------------------------------


def periods(setting: Setting, table: Table, name: str) -> tuple[str, str, int]:
    """Return the tables of rows with fates, and of one row per person and period; rows merged.

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
    made = _placed(setting, table, name)
    cells = _cells(setting, table, name, made, names)
    merged = store.row(
        f"SELECT (SELECT count(*) FROM {made} WHERE fate = 'used') - count(*) FROM {cells}"
    )[0]
    if repeated:
        months = "unnest(range(period * 12, period * 12 + 12)) AS period"
        cells = store.keep(f"SELECT * REPLACE ({months}) FROM {cells}")
    return made, cells, merged


def _placed(setting: Setting, table: Table, name: str) -> str:
    """Return rows with their fate, person and period."""
    store, with_month = setting.store, "month" in table.columns
    typed, content = _typed(store, table, name)
    months = setting.monthly and with_month
    low, high = setting.periods if months else (setting.first.year, setting.last.year)
    placed = store.keep(f"SELECT *, ({_place(table, name)})::BIGINT AS place FROM {typed}")
    _require_placed(store, name, placed, with_month=with_month)
    period = "place" if months or not with_month else "place // 12"
    until = last_of("place", months=with_month)
    owned = (
        f"SELECT t.*, k.pid, {period} AS period FROM {placed} t "
        f"LEFT JOIN {setting.known} k ON t.key = k.key "
        f"AND {until} BETWEEN k.valid_from AND k.valid_to"
    )
    fate = (
        "WHEN pid IS NULL THEN 'without_person' "
        f"WHEN period NOT BETWEEN {low} AND {high} THEN 'outside' ELSE 'used'"
    )
    rows = f"(SELECT *, {ranked(table, 'place', content)} FROM ({owned}))"
    return _fated(store, table, name, rows, fate)


def _require_placed(store: Store, name: str, placed: str, *, with_month: bool) -> None:
    bounds = "12000 AND 36000" if with_month else "1000 AND 3000"
    wrong = f"place IS NULL OR place NOT BETWEEN {bounds}"
    n = store.row(f"SELECT count(*) FROM {placed} WHERE {wrong}")[0]
    if n:
        raise refuse(
            f"{name} has rows without a year{' and month' if with_month else ''}",
            found=f"{n:,} rows",
            do="correct them, or leave them out; a month is 1 to 12 beside a year, or 202012",
        )


def _cells(setting: Setting, table: Table, name: str, made: str, names: list[str]) -> str:
    """Return the table of person, period and columns, one row each."""
    store, used = setting.store, f"FROM {made} WHERE fate = 'used'"
    if table.combine is None:
        n, m = store.row(
            f"SELECT count(*), coalesce(sum(n), 0) FROM (SELECT count(*) AS n {used} "
            "GROUP BY pid, period HAVING count(*) > 1)"
        )
        if n:
            each = "month" if setting.monthly else "year"
            raise refuse(
                f"{name} has several rows of one person and {each}",
                found=f"{n:,} such, with {m:,} rows",
                do='add them up: combine="sum"; of versions take the latest: revision=',
            )
    types = store.types(made)
    parts = [_combined(our, types[our], name, summed=table.combine == "sum") for our in names]
    return store.keep(f"SELECT {', '.join(['pid', 'period', *parts])} {used} GROUP BY 1, 2")


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
        do='columns={"year": "aar", ...}, or "month" where a row is a month',
    )


def kind_of(our: str) -> Kind | None:
    """Return what a column of ours is read as; None leaves it as it is."""
    if our in ("year", "month"):
        return "year" if our == "year" else "month"
    if our in _DATES:
        return "date"
    return _KINDS[CONTRACT[our].dtype] if our in CONTRACT else None


def _combined(our: str, type_: str, name: str, *, summed: bool) -> str:
    """Return the SQL of one cell of the rows that a person has in a period."""
    column = quoted(our)
    if kind_of(our) == "money":
        parts = f"sum(CAST(round({column}::DOUBLE * {PARTS}) AS HUGEINT))"
        return f"{rounded(parts, str(PER_ORE))} AS {column}"
    if not summed:
        return f"any_value({column}) AS {column}"
    if type_.startswith(("VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP")):
        raise refuse(
            f'combine="sum" adds numbers, and {name} has others',
            found=our,
            do="leave the column out, or take it from a table with one row a period",
        )
    return f"sum(CAST(round({column}::DOUBLE * {PARTS}) AS HUGEINT))::DOUBLE / {PARTS} AS {column}"
