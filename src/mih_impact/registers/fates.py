"""Which rows count: versions, cancelled rows, codes; and one pass that counts and checks them.

Every row has one fate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from mih_impact.display.locale import Label
from mih_impact.errors import MihImpactError, PanelContractError
from mih_impact.panel.csv_text import FALSE, TRUE
from mih_impact.registers.tables import Source, refuse
from mih_impact.registers.taking import Store, Wanted, literal, quoted, shown_codes

__all__ = [
    "FATES",
    "FATE_LABELS",
    "Check",
    "Taken",
    "bookkeeping",
    "chosen",
    "one_of",
    "ranked",
    "weighed",
]

_NAMES = {
    "used": "brukt",
    "revised": "erstattet av en senere versjon",
    "cancelled": "annullert",
    "merged": "slått sammen",
    "excluded": "utelatt",
    "other_measure": "annet tiltak",
    "later": "senere deltakelse",
    "overlapped": "overlappet",
    "empty": "uten dager",
    "outside": "utenfor panelet",
    "after_death": "etter død",
    "without_person": "uten person",
}
#: What becomes of a row. Each has one.
FATES = tuple(_NAMES)
#: What a reader is told of each, and of values that their file declares missing.
FATE_LABELS = {
    name: Label(nb=nb, en=name)
    for name, nb in {**_NAMES, "declared_missing": "verdier filen sier mangler"}.items()
}


def bookkeeping(table: Source) -> dict[str, Wanted]:
    """Return the columns by which rows are chosen."""
    wanted = {"key": Wanted(table.key, "key")}
    if table.revision is not None:
        wanted["revision"] = Wanted(table.revision, "rank")
    if isinstance(table.cancelled, str):
        wanted["cancelled"] = Wanted(table.cancelled, "text")
    wanted |= {f"id_{column}": Wanted(column, "text") for column in table.identifying}
    return wanted | {f"code_{column}": Wanted(column, "text") for column in table.coded}


def one_of(column: str, codes: object) -> str:
    """Return the SQL of whether a code is one of several."""
    listed = ", ".join(literal(code) for code in codes)  # type: ignore[attr-defined]
    return f"coalesce({quoted(f'code_{column}')} IN ({listed or 'NULL'}), false)"


def is_cancelled(table: Source) -> str:
    """Return the SQL of whether a row is cancelled."""
    if table.cancelled is None:
        return "false"
    if isinstance(table.cancelled, Mapping):
        parts = [one_of(column, codes) for column, codes in table.cancelled.items()]
        return " OR ".join(parts) or "false"
    return f"coalesce(lower(cancelled) IN ({', '.join(map(literal, sorted(TRUE)))}), false)"


def ranked(table: Source, start: str, content: str) -> str:
    """Return the SQL of `newest`, 1 for the last version, and `copy`, 1 for one of its like."""
    if table.revision is None:
        return "1 AS newest, 1 AS copy"
    ids = [quoted(f"id_{column}") for column in table.identifying] or [start]
    same = ", ".join(["pid", "CASE WHEN pid IS NULL THEN key END", *ids])
    return (
        f"rank() OVER (PARTITION BY {same} ORDER BY revision DESC NULLS LAST) AS newest, "
        f"row_number() OVER (PARTITION BY {same}, revision, {content} ORDER BY row) AS copy, "
        f"min(hash({content})) OVER (PARTITION BY {same}, revision) <> "
        f"max(hash({content})) OVER (PARTITION BY {same}, revision) AS other"
    )


def chosen(table: Source, *, apart: str | None = None) -> str:
    """Return the first branches of a row's fate; `apart` is a column whose codes choose later."""
    counts = [
        *(one_of(column, codes) for column, codes in table.where.items() if column != apart),
        *(f"NOT {one_of(column, codes)}" for column, codes in table.exclude.items()),
    ]
    return (
        "WHEN newest > 1 THEN 'revised' WHEN copy > 1 THEN 'merged' "
        f"WHEN {is_cancelled(table)} THEN 'cancelled' "
        f"WHEN NOT ({' AND '.join(counts) or 'true'}) THEN 'excluded'"
    )


class Check(NamedTuple):
    """What no row may be, and the error where some are: n of them, of so many."""

    wrong: str
    error: Callable[[int, int], MihImpactError]


@dataclass(frozen=True)
class Taken:
    """A table as it was taken.

    Attributes
    ----------
    rows
        The table of its rows with their fates.
    counts
        How many have each fate.
    cells
        The table of what it gives a person and period.
    overruled
        The query of rows and fates of used rows of which nothing came after all.
    largest
        The largest amount.
    """

    rows: str
    counts: Mapping[str, int]
    cells: str = ""
    overruled: str = ""
    largest: float = 0.0


def weighed(
    store: Store, table: Source, name: str, sql: str, checks: Sequence[Check], *, most: str = "0"
) -> Taken:
    """Return a table of rows with fates, in one pass that counts them and checks them all.

    Versions are ranked once; all else is a view, and reckoned where it is asked for.
    """
    made = store.keep(sql, view=table.revision is None)
    checks = [*known_codes(store, table, name, made), *checks]
    counted = "".join(f", count(*) FILTER ({check.wrong})" for check in checks)
    lines = store.run(f"SELECT fate, count(*), max({most}){counted} FROM {made} GROUP BY 1")
    of = sum(line[1] for line in lines)
    for k, check in enumerate(checks):
        n = sum(line[3 + k] for line in lines)
        if n:
            raise check.error(n, of)
    largest = max((float(line[2] or 0) for line in lines), default=0.0)
    return Taken(made, {line[0]: line[1] for line in lines}, largest=largest)


def known_codes(store: Store, table: Source, name: str, made: str) -> list[Check]:
    """Return what finds codes that are named neither in where= nor in exclude=, and the like."""
    checks = []
    for column, without in table.exclude.items():
        codes = [*without, *table.where.get(column, ())]
        newest = "fate NOT IN ('revised', 'merged', 'cancelled')"
        unknown = f"{newest} AND NOT {one_of(column, codes)}"
        checks.append(Check(unknown, partial(_unknown, store, name, made, column, unknown)))
    if isinstance(table.cancelled, str):
        words = ", ".join(map(literal, sorted(TRUE | FALSE)))
        unread = f"cancelled IS NOT NULL AND lower(cancelled) NOT IN ({words})"
        checks.append(Check(unread, partial(_unread, name, table.cancelled)))
    if table.revision is not None:
        checks.append(Check("newest = 1 AND other", partial(_differing, name)))
    return checks


def _unknown(
    store: Store, name: str, made: str, column: str, unknown: str, *_: int
) -> PanelContractError:
    return refuse(
        f"{name} has codes in {column} that are named neither in where= nor in exclude=",
        found=shown_codes(store, made, f"code_{column}", unknown),
        do=f"say of each whether it counts: where={{'{column}': [...]}}, "
        f"exclude={{'{column}': [...]}}",
    )


def _unread(name: str, column: str, n: int, _: int) -> PanelContractError:
    return refuse(
        f"{name} has values in {column} that are neither yes nor no",
        found=f"{n:,} rows",
        do=f"name the codes that cancel: cancelled={{'{column}': [...]}}",
    )


def _differing(name: str, n: int, _: int) -> PanelContractError:
    return refuse(
        f"{name} has rows of one version that differ",
        found=f"{n:,} rows",
        do="name what the versions of one row have in common beside the person: id=",
    )
