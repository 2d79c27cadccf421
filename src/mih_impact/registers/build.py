"""build_panel: the columns of all tables side by side, a row per person and period."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, SupportsFloat, get_args

import narwhals as nw

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.display.locale import Label, Lang, progress_bar
from mih_impact.display.unit import AnyUnit
from mih_impact.panel.contract import BENEFITS, CONTRACT, NO_BENEFIT
from mih_impact.panel.engine import true_or_false
from mih_impact.panel.names import read_evidence
from mih_impact.panel.panel import Period
from mih_impact.panel.read import read_panel
from mih_impact.panel.size import parse_memory
from mih_impact.reference.prices import PriceIndex
from mih_impact.registers.built import BuiltPanel, Origin, Part
from mih_impact.registers.opening import removed, several
from mih_impact.registers.rows import identified, people, periods
from mih_impact.registers.spark import SparkStore
from mih_impact.registers.spells import (
    Setting,
    amounts,
    day,
    first_starts,
    paid,
    statuses,
    stays,
    unit_of,
)
from mih_impact.registers.tables import (
    BenefitType,
    Rows,
    Spells,
    Starts,
    Status,
    Table,
    day_of,
    refuse,
)
from mih_impact.registers.taking import Store, first_of, literal, named, quoted

__all__ = ["MEMORY", "build_panel", "first_and_last"]

MEMORY = "4 GB"
_BAR = Label(nb="setter sammen panelet", en="building the panel")
#: The file of the rows in the folder of a panel.
PANEL = "panel.parquet"


@named_options
def build_panel(
    persons: Table,
    *,
    years: tuple[int, int],
    yearly: Sequence[Table] = (),
    monthly: Sequence[Table] = (),
    spells: Sequence[Spells] = (),
    status: Sequence[Status] = (),
    residence: Spells | None = None,
    starts: Starts | None = None,
    identifiers: Table | None = None,
    period: Period = "year",
    rows: Rows = "any",
    benefit_type: BenefitType | None = None,
    eligible: nw.Expr | None = None,
    out: str | os.PathLike[str] | None = None,
    units: Mapping[str, AnyUnit] | None = None,
    price_year: int = 2024,
    index: PriceIndex | Mapping[int, SupportsFloat] | None = None,
    evidence: Label | Mapping[Lang, str] | None = None,
    memory_limit: float | str = MEMORY,
    engine: Any = None,
) -> BuiltPanel:
    """Build a panel from the tables of an extract, and tell what became of every row.

    Parameters
    ----------
    persons
        One row per person. Rows of other tables with nobody in it are counted and left out.
    years
        The first and last year of the panel.
    yearly, monthly
        Tables with one row per person and year, or month.
    spells
        Tables of spells, each to a column of kroner, days or months: zero where a person has a row
        and no spell.
    status
        Tables of spells of what a person is, each to a column of codes.
    residence
        Spells of being resident: a person has a row in each period with a day of them, and what
        has no row is known to be abroad. Without it a person has a row where a table has something.
        They make `emigration_year`, the year of the last day of those who have left and are not
        dead, where `persons` does not have it.
    starts
        Participation in measures: `start_year`, `start_month` in a panel by month, and `measure`,
        which begins in the period, where its table names measures.
    identifiers
        Other identifiers of the same persons: ``Table("key.csv", key="lopenr",
        columns={"identifier": "fnr"}, valid_from=..., valid_to=...)``.
    period
        "year" or "month".
    rows
        Which periods a person has a row in: "any" of any table, or those of "events" alone: a row
        of `yearly` or `monthly`, a day of `spells`, a start. Who has none is in no row then, as in
        a register of incomes, and addresses and residence make none; what has no row is zero for
        residents all the same.
    benefit_type
        The column `benefit_type`: the scheme that pays most in the "year" (in a panel by month, in
        the month) or in its "december", the month before a start in January; "ingen" if none pays.
        Sick pay, which is for people with a job, names it where no other scheme pays. None makes no
        such column.
    eligible
        The column `eligible`: an expression on the panel's columns. It is false where it has no
        answer.
    out
        A folder for the panel: ``read_panel("panel/panel.parquet")`` reads it again. None keeps it
        in the engine.
    units, price_year, index, evidence
        As in `read_panel`. Amounts are kroner of their year. Without `evidence` the panel is what
        Parquet files of the extract say of themselves; the file of the panel says it too.
    memory_limit
        What DuckDB may take before it goes to disk.
    engine
        None builds on DuckDB, in this process; a Spark session builds on its cluster, by the same
        statements and to the last bit the same panel. Parquet files have to be where all its
        machines see them, and `out` is a folder of such files. Other files and frames are read here
        and handed to it.

    Returns
    -------
    BuiltPanel
        A `Panel` with `sources()` and `explain()`.

    Raises
    ------
    OptionError
        An argument that is none of what it takes.
    PanelContractError
        A table lacks a column; a key, a date, a code or a number cannot be read, or can be in two
        ways; a spell stops before it starts; spells overlap, or rows share a period, without a rule
        for it; a person is twice among the persons; two tables make one column, in one period of a
        person if they are of rows: wages by year to 2014 and by month after are one column.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> persons = pd.DataFrame({"lopenr": [1, 2], "fodselsaar": [1980, 1990]})
    >>> income = pd.DataFrame({"lopenr": [1, 1], "aar": [2019, 2020], "lonn": [400_000, 420_000]})
    >>> benefit = pd.DataFrame({"lopenr": [1], "fra": ["2019-12-22"], "til": ["2020-01-10"],
    ...                         "dagsats": [1000.0]})
    >>> panel = mih.build_panel(
    ...     mih.Table(persons, key="lopenr", columns={"birth_year": "fodselsaar"}),
    ...     yearly=[mih.Table(income, key="lopenr",
    ...                       columns={"year": "aar", "wage_income": "lonn"})],
    ...     spells=[mih.Spells(benefit, key="lopenr", start="fra", stop="til", to="dagpenger",
    ...                        amount="dagsats", per="day", days="calendar")],
    ...     years=(2019, 2020),
    ... )
    >>> panel.frame.collect("pandas").to_native()[["year", "wage_income", "dagpenger"]].values
    array([[  2019., 400000.,  10000.],
           [  2020., 420000.,  10000.]])
    >>> panel.sources()[["table", "rows_read", "used", "outside"]].values.tolist()
    [['persons', 2, 1, 1], ['yearly', 2, 2, 0], ['spells', 1, 1, 0]]
    """
    arguments.choice("build_panel", "period", period, get_args(Period))
    arguments.choice("build_panel", "rows", rows, get_args(Rows))
    choices = get_args(BenefitType)
    arguments.choice("build_panel", "benefit_type", benefit_type, choices, optional=True)
    own_units = {} if units is None else arguments.mapping("units", units, '{"hours": "hours"}')
    first, last = first_and_last(years)
    limit = parse_memory(memory_limit)
    store = Store.of(limit) if engine is None else SparkStore.in_session(engine, limit)
    if evidence is not None:
        store.evidence = read_evidence(evidence)
    window = (date(first, 1, 1), date(last, 12, 31), period == "month")
    building = _Building(store, *window, events=rows == "events", benefit_type=benefit_type)
    folder = None if out is None else arguments.path("out", out)
    steps: list[Callable[[], Any]] = [partial(building.people, persons, identifiers)]
    steps += [partial(building.table, table, "yearly") for table in several("yearly", yearly)]
    steps += [partial(building.table, table, "monthly") for table in several("monthly", monthly)]
    steps += [partial(building.spells, spell) for spell in several("spells", spells)]
    steps += [partial(building.status, state) for state in several("status", status)]
    steps += [partial(building.residence, residence)] if residence is not None else []
    steps += [partial(building.starts, starts)] if starts is not None else []
    steps.append(partial(building.assembled, folder, eligible))
    origin = [step() for step in progress_bar(_BAR, steps)][-1]
    resident = _spells(store, building.resident, folder)
    panel = read_panel(
        store.source(origin.rows, None if folder is None else folder / PANEL),
        units={**building.units, **own_units} or None,
        price_year=price_year,
        index=index,
        period=period,
        resident=resident,
        evidence=Label(**store.evidence) if store.evidence else None,
        memory_limit=memory_limit if out is not None and engine is None else None,
    )
    return BuiltPanel.of(panel, origin)


def first_and_last(years: Any) -> tuple[int, int]:
    """Return the first and the last year of a panel."""
    pair = arguments.listed(years)
    if pair is None or len(pair) != 2 or not all(map(arguments.is_whole, pair)):
        raise refuse(
            "years= is the first and the last year",
            found=f"years={arguments.shown(years)}",
            do="years=(2009, 2025)",
        )
    first, last = int(pair[0]), int(pair[1])
    if not 1900 <= first <= last <= 2100:
        raise refuse(
            "years= goes from a first year to a last", found=f"{first} to {last}", do="(2009, 2025)"
        )
    return first, last


def _with_eligible(store: Store, sql: str, expr: Any) -> str:
    """Return the query of the panel's rows with the column `eligible`."""
    if not isinstance(expr, nw.Expr):
        raise refuse(
            "eligible= is an expression on the panel's columns",
            found=arguments.type_of(expr),
            do='narwhals.col("sex") == "mann"',
        )
    return store.with_column(sql, "eligible", true_or_false(expr))


def _spells(store: Store, resident: str | None, folder: Path | None) -> Any:
    """Return the spells of residency, in files where there is a folder for them."""
    path = None if folder is None else folder / "residence" / "residence.parquet"
    if path is not None:
        removed(path)
    if resident is None:
        return None
    if path is not None:
        store.write(f"SELECT * FROM {resident} ORDER BY 1, 2, 3", path)
    return store.source(resident, path)


@dataclass
class _Building:
    """What has been made so far of a panel."""

    store: Store
    first: date
    last: date
    by_month: bool
    events: bool
    benefit_type: BenefitType | None
    fixed: tuple[str, ...] = ()
    parts: list[Part] = field(default_factory=list)
    sides: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    cells: dict[str, list[str]] = field(default_factory=dict)
    december: dict[str, str] = field(default_factory=dict)
    zero: dict[str, date] = field(default_factory=dict)
    units: dict[str, AnyUnit] = field(default_factory=dict)
    resident: str | None = None
    emigrated: str | None = None
    first_starts: str | None = None
    earlier: tuple[str, str] | None = None

    def people(self, table: Table, identifiers: Table | None) -> None:
        """Take the persons, their days of death, and all their identifiers."""
        name, store = named(table, "persons"), self.store
        found = people(store, table, name)
        self.fixed = found.columns
        self.parts.append(Part("persons", name, found.taken, self.fixed))
        name = "" if identifiers is None else named(identifiers, "identifiers")
        taken, known = identified(store, found.persons, identifiers, name)
        if taken is not None:
            self.parts.append(Part("identifiers", name, taken, ()))
        window = (self.first, self.last, self.by_month)
        self.setting = Setting(store, found.persons, known, *window, dated=taken is not None)

    # --- a table each -----------------------------------------------------------------------------

    def table(self, table: Table, kind: str) -> None:
        """Take the columns of a table with a row per person and period."""
        name = named(table, kind)
        taken = periods(self.setting, table, name)
        names = tuple(our for our in table.columns if our not in ("year", "month"))
        self._require_apart(taken.cells, names)
        self._add(taken.cells, {our: our for our in names})
        for our in {*names} & {*BENEFITS}:
            months = f"SELECT pid, period, {quoted(our)} AS value FROM {taken.cells}"
            if "month" in table.columns and not self.by_month:
                paid = f"SELECT pid, period, sum({quoted(our)}) AS value FROM {taken.rows}"
                months = f"{paid} WHERE fate = 'used' AND place % 12 = 11 GROUP BY 1, 2"
            self._add_december(our, months if "month" in table.columns else None, name)
        self.parts.append(Part(kind, name, taken, names))

    def spells(self, table: Spells) -> None:
        """Take a column of kroner, days or months."""
        name = named(table, "spells")
        if not table.to or (table.amount is None and table.count is None):
            raise refuse(
                f"{name} does not say what is made of its spells",
                do='to="aap" with amount="dagsats", per="day", days=mih.scaled(260); or '
                'count="days" or "months"',
            )
        taken, held = amounts(self.setting, table, name)
        self._add(taken.cells, {table.to: "value"})
        if table.to in BENEFITS:
            months = paid(table, held, monthly=self.by_month, december=not self.by_month)
            self._add_december(table.to, months if table.amount else None, name)
        covers = self.last if table.covers_to is None else day_of("covers_to", table.covers_to)
        self.zero[table.to] = covers
        if table.amount is not None and table.to not in CONTRACT:
            self.units[table.to] = "NOK"
        held_so = (table, held) if table.amount else (None, None)
        self.parts.append(Part("spells", name, taken, (table.to,), *held_so))

    def status(self, table: Status) -> None:
        """Take a column of what persons are."""
        name = named(table, "status")
        if not table.to:
            raise refuse(f"{name} does not say which column it makes", do='to="municipality"')
        taken = statuses(self.setting, table, name)
        self._add(taken.cells, {table.to: "value"}, events=False)
        self.parts.append(Part("status", name, taken, (table.to,)))

    def residence(self, table: Spells) -> None:
        """Take the periods in which persons are resident."""
        name = named(table, "residence")
        if table.amount is not None:
            raise refuse(f"{name} is residence, and has no amount", do="drop amount=")
        taken, held = stays(self.setting, replace(table, to=""), name)
        self._add(taken.cells, {}, events=False)
        if "emigration_year" not in self.fixed:
            covers = self.last if table.covers_to is None else day_of("covers_to", table.covers_to)
            self.emigrated = self.store.keep(
                f"SELECT pid, year(b)::BIGINT AS emigration_year FROM (SELECT pid, max(b) AS b "
                f"FROM {held} GROUP BY 1) JOIN {self.setting.persons} USING (pid) WHERE "
                f"b < least({day(self.last)}, {day(covers)}) AND coalesce(b < died, true)"
            )
        self.resident = self.store.keep(
            "SELECT DISTINCT person_id, year(a)::BIGINT AS from_year, year(b)::BIGINT AS to_year "
            f"FROM {held} JOIN {self.setting.persons} USING (pid)"
        )
        new = () if self.emigrated is None else ("emigration_year",)
        self.parts.append(Part("residence", name, taken, new))

    def starts(self, table: Starts) -> None:
        """Take first starts, and earlier participation."""
        name = named(table, "starts")
        taken, begun, self.first_starts = first_starts(self.setting, table, name)
        if table.earlier is not None:
            self.earlier = (table.earlier, begun)
        new = ["start_year", *(["start_month"] if self.by_month else [])]
        new += [table.earlier] if table.earlier else []
        self._require_new(*new)
        if table.measure is not None:
            low, high = self.setting.periods
            period = unit_of("a", months=self.by_month)
            began = f"SELECT *, {period} AS period FROM {begun} WHERE begins = 1"
            began = self.store.keep(
                f"SELECT pid, period, measure FROM ({began}) WHERE period BETWEEN {low} AND {high} "
                "QUALIFY row_number() OVER (PARTITION BY pid, period "
                "ORDER BY mine DESC, a, measure, row) = 1"
            )
            self._add(began, {"measure": "measure"})
            new.append("measure")
        self.parts.append(Part("starts", name, taken, tuple(new)))

    # --- side by side -----------------------------------------------------------------------------

    def _add(self, table: str, columns: Mapping[str, str], *, events: bool = True) -> None:
        """Take columns (our name -> the table's) of a table of persons and periods.

        `events` says that a person has a row where the table has one, whatever `rows=` is.
        """
        self._require_new(*(our for our in columns if our not in self.cells))
        self.columns += [our for our in columns if our not in self.columns]
        makes = "true" if events or not self.events else "false"
        here = {our: quoted(theirs) for our, theirs in columns.items()}
        self.sides.append((table, {"makes": makes, **here}))

    def _require_apart(self, cells: str, names: Sequence[str]) -> None:
        """Raise where another table of rows has the same column of a person in the same period."""
        self._require_new(*(our for our in names if our not in self.cells))
        for our in names:
            column, others = quoted(our), self.cells.setdefault(our, [])
            for other in others:
                n = self.store.row(
                    f"SELECT count(*) FROM {cells} x JOIN {other} y USING (pid, period) "
                    f"WHERE x.{column} IS NOT NULL AND y.{column} IS NOT NULL"
                )[0]
                if n:
                    raise refuse(
                        f"Two tables have {our} of the same persons and periods",
                        found=f"{n:,} such",
                        do="take each period from one of them, or give one another name",
                    )
            others.append(cells)

    def _add_december(self, our: str, months: str | None, name: str) -> None:
        """Take what a scheme pays in the last month of a period, where that is asked for."""
        if self.benefit_type != "december" or self.by_month:
            return
        if months is None:
            raise refuse(
                f"{name} does not say what is paid in December",
                found=f"{our} without months",
                do='benefit_type="year", or give the scheme by month or in spells with amounts',
            )
        self.december[our] = hidden = f"_december_{our}"
        self.sides.append((f"({months})", {"makes": "false", hidden: "value"}))

    def _require_new(self, *columns: str) -> None:
        twice = [our for our in columns if our in self.columns or our in self.fixed]
        if twice:
            raise refuse(
                "Two tables make one column",
                found=", ".join(twice),
                do="give one of them another name, or add the rows up before",
            )

    def assembled(self, folder: Path | None, eligible: Any = None) -> Origin:
        """Put the columns side by side, in a file where there is a folder for it."""
        store, setting = self.store, self.setting
        low, high = setting.periods
        sides = list(self.sides)
        if self.first_starts is not None:
            period = unit_of("start", months=self.by_month)
            begun = f"SELECT pid, {period} AS period FROM {self.first_starts}"
            begun = f"(SELECT * FROM ({begun}) WHERE period BETWEEN {low} AND {high})"
            sides.append((begun, {"makes": "true"}))
        names = [*self.columns, *self.december.values()]
        cells = ", ".join(
            ["pid", "period", *(f"any_value({quoted(n)}) AS {quoted(n)}" for n in names)]
        )
        parts = []
        for table, here in sides:
            columns = [f"{here.get(n, 'NULL')} AS {quoted(n)}" for n in ("makes", *names)]
            parts.append(f"SELECT {', '.join(['pid', 'period', *columns])} FROM {table}")
        union = " UNION ALL ".join(parts) or "SELECT NULL AS pid, NULL AS period, true AS makes"
        grid = store.keep(
            f"SELECT {cells} FROM ({union}) WHERE pid IS NOT NULL GROUP BY pid, period"
            + (" HAVING bool_or(makes)" if self.events else ""),
            view=self.earlier is None,
        )
        sql = self._wide(grid)
        if eligible is not None:
            sql = _with_eligible(store, sql, eligible)
        rows = self._kept(sql, folder)
        absent = f"SELECT row, 'outside' AS fate FROM {setting.persons} ANTI JOIN {rows}"
        persons = self.parts[0]
        taken = replace(persons.taken, overruled=f"{absent} USING (person_id)")
        return Origin(setting, (replace(persons, taken=taken), *self.parts[1:]), rows)

    def _kept(self, sql: str, folder: Path | None) -> str:
        """Return the table of the panel's rows, or the view of the file that they are in."""
        store = self.store
        if folder is None:
            rows: str | None = store.keep(sql)
            rows = rows if store.row(f"SELECT count(*) FROM {rows}")[0] else None
        else:
            rows = store.write(sql, folder / PANEL)
        if rows is None:
            raise refuse(
                "Nobody has a row in the panel",
                found=f"{len(self.sides)} tables with none for these persons and years",
                do="see that identifiers are written in the same way in all tables, and years="
                if self.sides
                else "give tables: yearly=, monthly=, spells= or status=",
            )
        return rows

    def _wide(self, grid: str) -> str:
        """Return the query of the panel's rows, with what is fixed and zeros where nothing is."""
        period = (
            "g.period // 12 AS year, g.period % 12 + 1 AS month"
            if self.by_month
            else "g.period AS year"
        )
        columns = ["person_id", period, *(f"p.{quoted(our)}" for our in self.fixed)]
        for our in self.columns:
            covers = self.zero.get(our)
            begins = (
                f"{first_of('g.period', months=self.by_month)} <= {day(covers)}" if covers else ""
            )
            columns.append(
                f"CASE WHEN {begins} THEN coalesce(g.{quoted(our)}, 0) END AS {quoted(our)}"
                if covers
                else f"g.{quoted(our)}"
            )
        tables = f"{grid} g JOIN {self.setting.persons} p ON p.pid = g.pid"
        if self.benefit_type is not None:
            columns.append(f"{self._largest()} AS benefit_type")
        if self.emigrated is not None:
            columns.append("x.emigration_year")
            tables += f" LEFT JOIN {self.emigrated} x ON x.pid = g.pid"
        if self.first_starts is not None:
            parts = ("year", "month") if self.by_month else ("year",)
            columns += [f"{part}(s.start) AS start_{part}" for part in parts]
            tables += f" LEFT JOIN {self.first_starts} s ON s.pid = g.pid"
        if self.earlier is not None:
            our, taken = self.earlier
            began = unit_of("t.a", months=self.by_month)
            tables += (
                f" LEFT JOIN (SELECT g.pid, g.period, count(*) AS n FROM {grid} g JOIN {taken} t "
                f"ON t.pid = g.pid AND t.begins = 1 AND {began} <= g.period GROUP BY 1, 2) e "
                "ON e.pid = g.pid AND e.period = g.period"
            )
            columns.append(f"coalesce(e.n, 0) AS {quoted(our)}")
        return f"SELECT {', '.join(columns)} FROM {tables} ORDER BY g.pid, g.period"

    def _largest(self) -> str:
        """Return the SQL of the scheme that pays most, the first of the contract's of several."""
        self._require_new("benefit_type")
        there = [our for our in BENEFITS if our in self.columns]
        if not there:
            raise refuse("benefit_type= needs schemes, and no table makes one", do="drop it")
        paid = {our: f"coalesce(g.{quoted(self.december.get(our, our))}, 0)" for our in there}
        largest = ", ".join(paid[our] for our in there if our != "sykepenger") or "0"
        cases = [
            f"WHEN {paid[our]} > 0"
            + (f" AND {paid[our]} = greatest({largest})" if our != "sykepenger" else "")
            + f" THEN {literal(our)}"
            for our in there
        ]
        covered = [day(self.zero[our]) for our in there if our in self.zero]
        begins = first_of("g.period", months=self.by_month)
        unknown = f"WHEN {begins} > least({', '.join(covered)}) THEN NULL " if covered else ""
        return f"CASE {unknown}{' '.join(cases)} ELSE {literal(NO_BENEFIT)} END"
