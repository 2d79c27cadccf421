"""What a study writes: tables, figures, the assumptions sheet and the result itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mih_impact.account.roles import GROUP_LABELS
from mih_impact.display.figure import figures_for_files
from mih_impact.display.locale import Label, in_language, language
from mih_impact.display.numbers import Formatter, count, kroner
from mih_impact.display.result import evidence_of, hide_small
from mih_impact.reporting.export import (
    Table,
    balance_table,
    effects_table,
    write_figures,
    write_tables,
)
from mih_impact.study.advice import told
from mih_impact.study.spec import OutputsSpec, chosen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.study.run import StudyResult

__all__ = ["study_tables", "write_outputs"]

_FLOW = Label(nb="Personer gjennom hvert filter", en="Persons through every filter")
_ACCOUNT = Label(
    nb="Nåverdi over {n} år per deltaker som startet, faste {year}-priser",
    en="Present value over {n} years per starter, fixed {year} prices",
)

_STEM = Label(nb="forutsetninger", en="assumptions")


def study_tables(study: StudyResult) -> list[Table]:
    """Return the tables, small cells hidden, with the evidence in the line beneath each."""
    source = evidence_of(study)
    return [
        balance_table("table1_who_is_compared", study.balance, source),
        _attrition(study, source),
        effects_table("table2_effects", study.effects, source),
        _account(study, source),
    ]


#: What `attrition` counts.
COUNTED: dict[str, tuple[str, ...]] = {"participants": (), "candidates": (), "candidate_rows": ()}


def _attrition(study: StudyResult, source: str) -> Table:
    frame = hide_small(study.attrition, COUNTED)
    columns: dict[str, tuple[Label, Formatter | None]] = {
        f"label_{language()}": (Label(nb="Filter", en="Filter"), None),
        "participants": (Label(nb="Deltakere", en="Participants"), count),
        "candidates": (Label(nb="Kandidater", en="Candidates"), count),
        "candidate_rows": (Label(nb="Kandidatrader", en="Candidate rows"), count),
    }
    name = "table1b_attrition"
    return Table.of(name, _FLOW.text(), frame, columns, source=source)


def _account(study: StudyResult, source: str) -> Table:
    case = study.case
    frame = case.by_actor()
    frame.insert(0, "label", [GROUP_LABELS[actor].text() for actor in frame["actor"]])
    columns: dict[str, tuple[Label, Formatter | None]] = {
        "label": (Label(nb="Hvem", en="Who"), None),
        "present_value": (Label(nb="Nåverdi", en="Present value"), kroner),
        "std_error": (Label(nb="Standardfeil", en="Standard error"), kroner),
        "conf_low": (Label(nb="KI fra", en="CI from"), kroner),
        "conf_high": (Label(nb="KI til", en="CI to"), kroner),
        "break_even_year": (Label(nb="Lønnsomt fra år", en="Breaks even in year"), None),
    }
    caption = _ACCOUNT.format(n=case.horizon, year=case.price_year).text()
    return Table.of("table3_account", caption, frame, columns, source=source)


@told()
def write_outputs(result: StudyResult, wanted: OutputsSpec, folder: str | Path) -> list[Path]:
    """Write what a specification asks for.

    Parameters
    ----------
    result
        What the analysis gave.
    wanted
        What to write.
    folder
        The folder of the analysis, where relative paths start.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    AssumptionError
        The account would give away amounts of single persons; nothing is written.
    """
    saved, result = result, replace(result, case=result.case.shown())
    out = Path(folder) / wanted.folder
    with in_language(wanted.lang):
        tables = [
            table
            for table in study_tables(result)
            if table.name.split("_", 1)[1] in chosen("tables", wanted.tables)
        ]
        written = write_tables(tables, out)
        with figures_for_files():
            drawn = {name: _DRAWN[name](result) for name in chosen("figures", wanted.figures)}
        written += write_figures(drawn, out)
        for suffix in chosen("sheet", wanted.sheet):
            path = out / f"{_STEM.text()}.{suffix}"
            written.append(result.case.sheet().write(path))
    if wanted.save is not None:
        written.append(saved.save(out / wanted.save))
    return written


_DRAWN: dict[str, Callable[[StudyResult], Axes]] = {
    "effects": lambda result: result.headline.plot(_wage(result)),
    "levels": lambda result: result.headline.plot_levels(_wage(result)),
    "present_value": lambda result: result.case.plot(),
    "actors": lambda result: result.case.plot_actors(),
    "balance": lambda result: result.balance.plot(),
}


def _wage(result: StudyResult) -> str:
    """Return the outcome that is wage to the account, or its first."""
    case = result.case
    return case.outcomes[case.roles.index("wage") if "wage" in case.roles else 0]
