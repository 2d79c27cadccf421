"""The panel that knows where it came from: the fate of every row, and how one cell came about."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd

from mih_impact import arguments
from mih_impact.display.locale import Label, both
from mih_impact.display.numbers import NBSP, number, percent
from mih_impact.panel.check import Breach, PanelReport
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.panel.messages import STRANGERS
from mih_impact.panel.panel import Panel
from mih_impact.registers.fates import FATE_LABELS, FATES, Taken
from mih_impact.registers.rows import kind_of
from mih_impact.registers.spells import PARTS, Setting, between, last_of, shares
from mih_impact.registers.tables import Spells, refuse
from mih_impact.registers.taking import first_of, literal, quoted

__all__ = ["BuiltPanel", "Origin", "Part"]

#: Columns of a narrow screen, and of them those that the name of a table may take.
_WIDTH, _NAME = 79, 30
_TABLE = Label(nb="tabell", en="table")
_READ = Label(nb="leste rader", en="rows_read")
_BECAME = Label(nb="hva det ble av dem", en="what became of them")
#: The share of a table's rows without a person that is warned of. A few are normal: those who moved
#: abroad, or got another number; of a key that does not fit there are many.
_MANY = 0.05


@dataclass(frozen=True)
class Part:
    """One table of the extract as it went into the panel.

    Attributes
    ----------
    kind, name
        Which option it was given by, and what it is called.
    taken
        Its rows with their fates.
    columns
        What it gives the panel.
    table, held
        Of spells with amounts: what was said of them, and the engine's table of those that hold
        where they overlap.
    """

    kind: str
    name: str
    taken: Taken
    columns: tuple[str, ...]
    table: Spells | None = None
    held: str | None = None


@dataclass(frozen=True)
class Origin:
    """What the engine of a build still holds: the tables with their fates, and the panel."""

    setting: Setting
    parts: Sequence[Part]
    rows: str


class _Sources(pd.DataFrame):
    """A frame of what became of rows; as text it fits a screen, and a part of it is any frame."""

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def __repr__(self) -> str:
        wide = min(max(map(len, self["table"]), default=0), _NAME)
        head = (_TABLE.text().ljust(wide), _READ.text().rjust(11), _BECAME.text())
        lines = ["  ".join(head)]
        for row in self.to_dict("records"):
            met = [f"{told.text()} {number(row[name])}" for name, told in FATE_LABELS.items()
                   if row[name]]  # fmt: skip
            name = row["table"] if len(row["table"]) <= wide else row["table"][: wide - 3] + "..."
            begun = f"{name:{wide}}  {number(row['rows_read']):>11}  "
            text = ", ".join(fate.replace(" ", NBSP) for fate in met)
            lines += textwrap.wrap(
                text, _WIDTH, initial_indent=begun, subsequent_indent=" " * len(begun)
            ) or [begun.rstrip()]
        return "\n".join(lines).replace(NBSP, " ")


class BuiltPanel(Panel):
    """A panel made by `build_panel`: a `Panel` that tells what became of every row.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> persons = pd.DataFrame({"person_id": [1]})
    >>> wages = pd.DataFrame({"person_id": [1, 7], "year": [2020, 2020], "wage": [100.0, 50.0]})
    >>> panel = mih.build_panel(
    ...     mih.Table(persons),
    ...     yearly=[mih.Table(wages, columns={"year": "year", "wage_income": "wage"})],
    ...     years=(2020, 2020),
    ... )
    >>> panel.sources()[["table", "rows_read", "used", "without_person"]].values.tolist()
    [['persons', 1, 1, 0], ['yearly', 2, 1, 1]]
    """

    _origin: Origin

    @classmethod
    def of(cls, panel: Panel, origin: Origin) -> BuiltPanel:
        """Return a panel with where it came from; what it has read and checked holds for it."""
        built = cls.__new__(cls)
        built.__dict__.update(panel.__dict__)
        built._origin = origin
        return built

    def check(self) -> PanelReport:
        """Return every breach of the contract, and warn of tables with many rows of nobody here."""
        report = super().check()
        return replace(report, breaches=(*report.breaches, *self._strangers()))

    def _strangers(self) -> Iterator[Breach]:
        """Yield a warning for each table of which many rows have no person among the persons."""
        for part in self._origin.parts:
            lost, read = part.taken.counts.get("without_person", 0), sum(part.taken.counts.values())
            if part.kind in ("persons", "identifiers") or lost <= _MANY * read:
                continue
            values = {
                "table": part.name,
                "lost": both(partial(number, lost)),
                "read": both(partial(number, read)),
                "share": both(partial(percent, lost / read)),
            }
            what, do = (text.format(**values) for text in STRANGERS)
            yield Breach("rows without a person", "person_id", "warning", lost, what, do)

    def sources(self) -> pd.DataFrame:
        """Return what became of the rows of each table; the parts add up to the rows read.

        Returns
        -------
        DataFrame
            One row per table: `table`, `kind`, `rows_read`, and how many were

            - `used`: they are in the panel
            - `revised`: a later version took their place
            - `cancelled`: the register took them back
            - `merged`: copies of a row, or added to another row of the same person and period, or
              part of a participation that had begun
            - `excluded`: by the codes of `where=` and `exclude=`
            - `other_measure`: participation in a measure that is not the named one
            - `later`: participation after the first start
            - `overlapped`: on none of their days the spell that held
            - `empty`: spells without a day
            - `outside`: of days or periods outside the panel, or after what the table covers; of
              persons, those who have no row
            - `after_death`
            - `without_person`: of nobody among the persons

            `declared_missing` is how many values of its columns the files of Stata, SPSS or SAS
            declare missing (.a, user-missing); they are null, and no fate of a row. As text, each
            table has the fates that its rows met.
        """
        store, origin = self._origin.setting.store, self._origin
        lines = []
        for part, raw in zip(origin.parts, store.reads, strict=True):
            read = store.row(f"SELECT count(*) FROM {raw}")[0]
            found = dict(part.taken.counts)
            if lost := part.taken.overruled:
                for fate, n in store.run(f"SELECT fate, count(*) FROM ({lost}) GROUP BY 1"):
                    found["used"] -= n
                    found[fate] = found.get(fate, 0) + n
            fates = {fate: found.get(fate, 0) for fate in FATES}
            line = {"table": part.name, "kind": part.kind, "rows_read": read, **fates}
            lines.append({**line, "declared_missing": store.declared.get(raw, 0)})
        return _Sources(lines)

    def explain(
        self, person: Any, year: int, column: str, *, month: int | None = None
    ) -> pd.DataFrame:
        """Return the rows that one cell came from: a working view of one person.

        It is not part of any result, and nothing of it is written or displayed elsewhere. Parquet
        files of the extract are read again for it, and have to be there still.

        Parameters
        ----------
        person
            The person's identifier, as in the panel.
        year, month
            The period; `month` in a panel by month.
        column
            A column of the panel.

        Returns
        -------
        DataFrame
            `table`, `row` (counted from 1 in the table), `fate`, `start`, `stop`, `days` (of the
            spell in the period), `value` (as it stands in the table) and `kroner` (of the cell, on
            the days on which the row holds); the last row is the cell itself. The kroner of the
            rows add up to the cell's, which are rounded once. Of `benefit_type` the rows of all
            schemes are shown.

        Raises
        ------
        PanelContractError
            The panel has no such column, or no such row.
        """
        setting = self._origin.setting
        period = self._period_of(year, month)
        if column not in self.columns:
            raise refuse(
                f"The panel has no column {column}",
                found=", ".join(self.columns),
                do="name one of them",
            )
        who = literal(person)
        at = f"year = {int(year)}" + (f" AND month = {int(month)}" if month is not None else "")
        cells = setting.store.run(
            f"SELECT {quoted(column)} FROM {self._origin.rows} WHERE person_id = {who} AND {at}"
        )
        if not cells:
            raise refuse(
                "The panel has no such row",
                do="see that the identifier is written as in the panel, and the period is in it",
            )
        sought = BENEFITS if column == "benefit_type" else (column,)
        lines = [
            line
            for part in self._origin.parts
            for our in part.columns
            if our in sought
            for line in self._lines(part, our, who, period)
        ]
        cell = {"table": "panel", "fate": "cell", "value": cells[0][0]}
        money = column in CONTRACT and CONTRACT[column].dtype == "money"
        lines.append(cell | ({"kroner": cells[0][0]} if money else {}))
        names = ["table", "row", "fate", "start", "stop", "days", "value", "kroner"]
        told = pd.DataFrame(lines).reindex(columns=names)
        told["value"] = [float(v) if isinstance(v, Decimal) else v for v in told["value"]]
        types = {"row": "Int64", "start": "M8[s]", "stop": "M8[s]", "days": "Int64"}
        return told.astype(types | {"kroner": "Float64"})

    def _period_of(self, year: Any, month: Any) -> int:
        whole = arguments.whole("year", year)
        if (month is not None) != self._origin.setting.monthly:
            raise refuse(
                "A cell belongs to a period",
                found=f"period={self.period!r}, month={arguments.shown(month)}",
                do="month= belongs to a panel by month, and to no other",
            )
        if month is None:
            return whole
        return whole * 12 + arguments.whole("month", month) - 1

    def _lines(self, part: Part, column: str, who: str, period: int) -> list[dict[str, Any]]:
        """Return the rows of one table that a cell may have come from."""
        setting = self._origin.setting
        types = setting.store.types(part.taken.rows)
        lost = part.taken.overruled or "SELECT 0 AS row, '' AS fate"
        kept = {"row": "row", "fate": "coalesce(lost.fate, m.fate)"}
        mine = f"pid IN (SELECT pid FROM {setting.persons} WHERE person_id = {who})"
        if part.kind == "persons":
            mine = f"key = {who}"
            kept["value"] = quoted(column if column in types else column.replace("_year", "_date"))
        elif "a" in types:
            first = first_of(str(period), months=setting.monthly)
            last = last_of(str(period), months=setting.monthly)
            kept |= {"start": "start", "stop": "stop" if "stop" in types else "start"}
            kept["days"] = (
                f"greatest({between(f'greatest(a, {first})', f'least(b, {last}) + 1')}, 0)"
            )
            if "value" in types:
                kept["value"] = "value"
            if part.kind != "starts":
                mine += f" AND start <= {last} AND coalesce(last, {last}) >= {first}"
        else:
            kept["value"] = quoted(column)
            mine += f" AND period = {period}"
        if part.held is not None and part.table is not None:
            parts, per = shares(part.table, part.held, monthly=setting.monthly)
            kroner = f"sum(parts)::DOUBLE / ({PARTS}::BIGINT * any_value({per}))"
            kroner = f"SELECT {kroner} FROM ({parts}) s WHERE s.row = m.row AND period = {period}"
            kept["kroner"] = f"coalesce(({kroner}), 0)"
        elif part.kind in ("yearly", "monthly") and kind_of(column) == "money":
            kept["kroner"] = f"CASE WHEN m.fate = 'used' THEN {quoted(column)} ELSE 0 END"
        columns = ", ".join(f"{sql} AS {name}" for name, sql in kept.items())
        rows = f"{part.taken.rows} m LEFT JOIN ({lost}) lost USING (row)"
        found = setting.store.run(f"SELECT {columns} FROM {rows} WHERE {mine} ORDER BY row")
        return [{"table": part.name, **dict(zip(kept, line, strict=True))} for line in found]
