"""What a study writes: tables, figures, the assumptions sheet and the result itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mih_impact import arguments
from mih_impact.display.labels import Lang
from mih_impact.display.options import language, options
from mih_impact.display.style import figures_for_files
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError
from mih_impact.reporting.export import write_figures, write_tables
from mih_impact.study.tables import study_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.study.run import StudyResult

__all__ = ["OutputsSpec", "write_outputs"]

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
