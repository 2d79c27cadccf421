"""What a study writes: tables, figures, the assumptions sheet and the result itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

from mih_impact import arguments
from mih_impact.account.roles import GROUP_LABELS, nearest
from mih_impact.display.figure import figures_for_files
from mih_impact.display.locale import (
    Formatter,
    Label,
    Lang,
    count,
    kroner,
    language,
    number,
    options,
)
from mih_impact.display.result import evidence_of, hide_small
from mih_impact.display.unit import amount, is_money
from mih_impact.errors import AssumptionError, StorageError
from mih_impact.panel.contract import label_of
from mih_impact.reporting.export import Table, write_figures, write_tables
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.study.run import StudyResult

__all__ = ["OutputsSpec", "study_tables", "write_outputs", "write_template"]

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


def study_tables(study: StudyResult, lang: Lang) -> list[Table]:
    """Return the tables, small cells hidden, with the evidence in the line beneath each."""
    source = evidence_of(study, lang)
    return [
        _who_is_compared(study, source, lang),
        _attrition(study, source, lang),
        _effects_table(study, source, lang),
        _account(study, source, lang),
    ]


def _mean(x: SupportsFloat | None, /, *, lang: Lang | None) -> str:
    """Show a mean: kroner without decimals, shares and years with two."""
    return number(x, 0 if x is not None and abs(float(x)) >= 1000 else 2, lang)


def _who_is_compared(study: StudyResult, source: str, lang: Lang) -> Table:
    three = partial(number, decimals=3)
    columns: dict[str, tuple[Label, Formatter | None]] = {
        f"label_{lang}": (Label(nb="Kjennetegn", en="Characteristic"), None),
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
    frame = study.balance.to_frame()
    name = "table1_who_is_compared"
    return Table.of(name, _COMPARED.text(lang), frame, columns, source=source, lang=lang)


def _attrition(study: StudyResult, source: str, lang: Lang) -> Table:
    counts = ("participants", "candidates", "candidate_rows")
    frame = hide_small(study.attrition, {name: [] for name in counts})
    columns: dict[str, tuple[Label, Formatter | None]] = {
        f"label_{lang}": (Label(nb="Filter", en="Filter"), None),
        "participants": (Label(nb="Deltakere", en="Participants"), count),
        "candidates": (Label(nb="Kandidater", en="Candidates"), count),
        "candidate_rows": (Label(nb="Kandidatrader", en="Candidate rows"), count),
    }
    name = "table1b_attrition"
    return Table.of(name, _FLOW.text(lang), frame, columns, source=source, lang=lang)


def _effects_table(study: StudyResult, source: str, lang: Lang) -> Table:
    frame = study.effects.shown().to_frame()
    frame.insert(0, "label", [label_of(outcome).text(lang) for outcome in frame["outcome"]])
    shown, units = frame.copy(), [study.effects.units[name] for name in frame["outcome"]]
    for name in ("estimate", "std_error", "conf_low", "conf_high", *_MEANS):
        shown[name] = [
            number(value, lang=lang) if is_money(unit) else amount(unit)(value, lang=lang)
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
    caption = _EFFECTS.format(year=study.effects.price_year).text(lang)
    table = Table.of("table2_effects", caption, shown, columns, source=source, lang=lang)
    return replace(table, frame=frame)  # the CSV holds numbers, the page what is shown


def _account(study: StudyResult, source: str, lang: Lang) -> Table:
    case = study.case
    frame = case.by_actor()
    frame.insert(0, "label", [GROUP_LABELS[actor].text(lang) for actor in frame["actor"]])
    columns: dict[str, tuple[Label, Formatter | None]] = {
        "label": (Label(nb="Hvem", en="Who"), None),
        "present_value": (Label(nb="Nåverdi", en="Present value"), kroner),
        "std_error": (Label(nb="Standardfeil", en="Standard error"), kroner),
        "conf_low": (Label(nb="KI fra", en="CI from"), kroner),
        "conf_high": (Label(nb="KI til", en="CI to"), kroner),
        "break_even_year": (Label(nb="Lønnsomt fra år", en="Breaks even in year"), None),
    }
    caption = _ACCOUNT.format(n=case.horizon, year=case.price_year).text(lang)
    return Table.of("table3_account", caption, frame, columns, source=source, lang=lang)


TABLES = ("who_is_compared", "attrition", "effects", "account")
SHEETS = ("toml", "csv", "xlsx")
_STEM = {"nb": "forutsetninger", "en": "assumptions"}


@dataclass(frozen=True)
class OutputsSpec:
    """What is written when a study is run.

    Attributes
    ----------
    folder
        Where, relative to the analysis; made if it is not there.
    lang
        Language of what is written; the option in force if not given.
    tables
        True for all, or names: who_is_compared, attrition, effects, account.
    figures
        True for all, or names: effects, levels, present_value, actors, balance.
    sheet
        Formats of the assumptions sheet: toml, csv, xlsx.
    save
        File for the whole result (.zip), in the folder; not saved if not given.
    """

    folder: str = "out"
    lang: Lang | None = None
    tables: bool | tuple[str, ...] = False
    figures: bool | tuple[str, ...] = False
    sheet: str | tuple[str, ...] = ()
    save: str | None = None

    def __post_init__(self) -> None:
        language(self.lang)
        _chosen("tables", self.tables, TABLES)
        _chosen("figures", self.figures, tuple(_FIGURES))
        _chosen("sheet", self.sheet, SHEETS)
        for name in ("folder", "save"):
            value = getattr(self, name)
            if not (isinstance(value, str) and value) and not (name == "save" and value is None):
                raise AssumptionError(
                    f"[outputs] {name} is a path", found=arguments.shown(value), do="write a text"
                )
        if self.save is not None and not self.save.endswith(".zip"):
            raise AssumptionError(
                "[outputs] save is a .zip", found=repr(self.save), do='write save = "result.zip"'
            )


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
    """
    out, lang = Path(folder) / wanted.folder, language(wanted.lang)
    names = _chosen("tables", wanted.tables, TABLES)
    with options(lang=lang):
        tables = [
            table for table in study_tables(result, lang) if table.name.split("_", 1)[1] in names
        ]
        written = write_tables(tables, out, lang=lang)
        figures = _chosen("figures", wanted.figures, tuple(_FIGURES))
        with figures_for_files():
            drawn = {name: _FIGURES[name](result, lang) for name in figures}
        written += write_figures(drawn, out)
        for suffix in _chosen("sheet", wanted.sheet, SHEETS):
            path = out / f"{_STEM[lang]}.{suffix}"
            written.append(result.case.sheet().write(path, lang=lang))
    if wanted.save is not None:
        written.append(result.save(out / wanted.save))
    return written


def _effects(result: StudyResult, lang: Lang) -> Axes:
    return result.headline.plot(_wage(result), lang=lang)


def _levels(result: StudyResult, lang: Lang) -> Axes:
    return result.headline.plot_levels(_wage(result), lang=lang)


def _present_value(result: StudyResult, lang: Lang) -> Axes:
    return result.case.plot(lang=lang)


def _actors(result: StudyResult, lang: Lang) -> Axes:
    return result.case.plot_actors(lang=lang)


def _balance(result: StudyResult, lang: Lang) -> Axes:
    return result.balance.plot(lang=lang)


_FIGURES: dict[str, Callable[[StudyResult, Lang], Axes]] = {
    "effects": _effects,
    "levels": _levels,
    "present_value": _present_value,
    "actors": _actors,
    "balance": _balance,
}


def _wage(result: StudyResult) -> str:
    """Return the outcome that is wage to the account, or its first."""
    case = result.case
    return case.outcomes[case.roles.index("wage") if "wage" in case.roles else 0]


def _chosen(
    key: str, given: bool | str | tuple[str, ...], known: Collection[str]
) -> tuple[str, ...]:
    """Return the names chosen: all, none, or some; raise on one that does not exist."""
    if isinstance(given, bool):
        return tuple(known) if given else ()
    names = arguments.names(f"[outputs] {key}", given, error=AssumptionError) if given else ()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise AssumptionError(
            f"[outputs] {key} names what does not exist",
            found=", ".join(unknown),
            do=f"use {', '.join(known)}{nearest(unknown[0], known)}",
        )
    return names


_FILES = ("analysis.toml", "programme.toml")


def write_template(folder: str | Path, *, lang: Lang | None = None) -> list[Path]:
    """Write an analysis and its programme, with comments; it runs as it stands.

    Parameters
    ----------
    folder
        Where; made if it is not there.
    lang
        Language of the comments; the option in force if None.

    Returns
    -------
    list of Path

    Raises
    ------
    StorageError
        One of the files is there already; nothing is written then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_template(folder)]
    ['analysis.toml', 'programme.toml']
    """
    home = files("mih_impact.study") / "templates" / language(lang)
    paths = [Path(folder) / name for name in _FILES]
    there = [path.name for path in paths if path.exists()]
    if there:
        raise StorageError(
            "There is an analysis already, and it is left as it is",
            found=", ".join(there),
            do="give another folder, or move the files",
        )
    return [write_whole(path, (home / path.name).read_bytes()) for path in paths]
