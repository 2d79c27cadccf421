"""What a study writes: tables, figures, the assumptions sheet and the result itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

from mih_impact.account.roles import GROUP_LABELS
from mih_impact.display.figure import figures_for_files
from mih_impact.display.locale import Label, in_language, language
from mih_impact.display.numbers import Formatter, count, kroner, number
from mih_impact.display.result import evidence_of, hide_small
from mih_impact.display.unit import amount, is_money
from mih_impact.panel.contract import label_of
from mih_impact.reporting.export import Table, write_figures, write_tables
from mih_impact.study.spec import OutputsSpec, chosen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.study.run import StudyResult

__all__ = ["study_tables", "write_outputs"]

_COMPARED = Label(
    nb="Hvem som sammenlignes: kjennetegn før oppstart, før og etter matching",
    en="Who is compared: characteristics before start, before and after matching",
)
_FLOW = Label(nb="Personer gjennom hvert filter", en="Persons through every filter")
_EFFECTS = Label(
    nb="Effekter per år siden oppstart, gjennomsnitt per deltaker som startet, faste {year}-priser",
    en="Effects by year since start, average per starter, fixed {year} prices",
)
_ACCOUNT = Label(
    nb="Nåverdi over {n} år per deltaker som startet, faste {year}-priser",
    en="Present value over {n} years per starter, fixed {year} prices",
)

_MEANS = ("participant_mean", "control_mean")

_STEM = Label(nb="forutsetninger", en="assumptions")


def study_tables(study: StudyResult) -> list[Table]:
    """Return the tables, small cells hidden, with the evidence in the line beneath each."""
    source = evidence_of(study)
    return [
        _who_is_compared(study, source),
        _attrition(study, source),
        _effects_table(study, source),
        _account(study, source),
    ]


def _mean(x: SupportsFloat | None, /) -> str:
    """Show a mean: kroner without decimals, shares and years with two."""
    return number(x, 0 if x is not None and abs(float(x)) >= 1000 else 2)


def _who_is_compared(study: StudyResult, source: str) -> Table:
    three = partial(number, decimals=3)
    columns: dict[str, tuple[Label, Formatter | None]] = {
        f"label_{language()}": (Label(nb="Kjennetegn", en="Characteristic"), None),
        "participants_before": (Label(nb="Deltakere", en="Participants"), _mean),
        "controls_before": (Label(nb="Kandidater", en="Candidates"), _mean),
        "smd_before": (Label(nb="Std. forskjell før", en="Std. difference before"), three),
        "participants_after": (Label(nb="Matchede deltakere", en="Matched participants"), _mean),
        "controls_after": (Label(nb="Kontroller", en="Controls"), _mean),
        "smd_after": (Label(nb="Std. forskjell etter", en="Std. difference after"), three),
        "variance_ratio_after": (
            Label(nb="Variansforhold etter", en="Variance ratio after"),
            three,
        ),
    }
    frame = study.balance.shown().to_frame()
    name = "table1_who_is_compared"
    return Table.of(name, _COMPARED.text(), frame, columns, source=source)


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


def _effects_table(study: StudyResult, source: str) -> Table:
    frame = study.effects.shown().to_frame()
    frame.insert(0, "label", [label_of(outcome).text() for outcome in frame["outcome"]])
    shown, units = frame.copy(), [study.effects.units[name] for name in frame["outcome"]]
    for name in ("estimate", "std_error", "conf_low", "conf_high", *_MEANS):
        shown[name] = [
            number(value) if is_money(unit) else amount(unit)(value)
            for value, unit in zip(frame[name], units, strict=True)
        ]
    columns: dict[str, tuple[Label, Formatter | None]] = {
        "label": (Label(nb="Utfall", en="Outcome"), None),
        "year_since_start": (Label(nb="År siden oppstart", en="Years since start"), None),
        "estimate": (Label(nb="Effekt", en="Effect"), None),
        "std_error": (Label(nb="Standardfeil", en="Standard error"), None),
        "conf_low": (Label(nb="KI fra", en="CI from"), None),
        "conf_high": (Label(nb="KI til", en="CI to"), None),
        "participant_mean": (Label(nb="Deltakere", en="Participants"), None),
        "control_mean": (Label(nb="Kontroller", en="Controls"), None),
        "n_participants": (Label(nb="Antall deltakere", en="Participants, n"), number),
        "n_controls": (Label(nb="Antall kontroller", en="Controls, n"), number),
        "n_lost": (Label(nb="Bortfall", en="Lost"), number),
        "matched_on": (Label(nb="Matchet på", en="Matched on"), None),
    }
    caption = _EFFECTS.format(year=study.effects.price_year).text()
    table = Table.of("table2_effects", caption, shown, columns, source=source)
    return replace(table, frame=frame)  # the CSV holds numbers, the page what is shown


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
