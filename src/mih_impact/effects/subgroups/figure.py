"""The figure of subgroups: the effect on each beneath that on all, in one year since start."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import NBSP, interval, number, percent
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.small_cells import hidden_note
from mih_impact.display.style import PARTICIPANT, alt_text, figure_style, set_alt_text
from mih_impact.display.style.palette import SOFT
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.figures import interval_level
from mih_impact.effects.forest import TITLE_WIDTH, Rows, forest
from mih_impact.effects.subgroups.rows import HIDDEN_CELL, shown_rows, year_to_show
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.series import EffectSeries

__all__ = ["name_subgroup", "plot_subgroups"]

_TITLE = Label(
    nb="Effekt på {outcome} år {year} etter oppstart, etter {by}",
    en="Effect on {outcome} in year {year} since start, by {by}",
)
_CONDITIONAL_TITLE = Label(
    nb="{outcome} år {year}, betinget av fullføring (ikke en effekt)",
    en="{outcome} in year {year}, conditional on finishing (not an effect)",
)
_DIFFERENCE = Label(nb="forskjell fra kontrollgruppen", en="difference from the control group")
_BARS = Label(
    nb="Strek: {level} konfidensintervall, hver gruppe for seg. I parentes: antall deltakere.",
    en="Bars: {level} confidence interval, each group on its own. In brackets: participants.",
)
_ROW_ALT = Label(nb="{name}: {estimate} ({interval})", en="{name}: {estimate} ({interval})")
_NO_ERROR = Label(nb="uten standardfeil", en="no standard error")
_NOBODY = Label(nb="ingen data", en="no data")
_ONE = Label(nb="{by}: {name}", en="{by}: {name}")
_ONE_CONDITIONAL = Label(
    nb="{outcome}, {name}: ikke en effekt", en="{outcome}, {name}: not an effect"
)


def plot_subgroups(
    effects: EffectSeries,
    outcome: str,
    *,
    year: int | None = None,
    ax: Axes | None = None,
    lang: Lang | None = None,
) -> Axes:
    """Draw the effect on each subgroup with its interval, beneath that on all.

    Parameters
    ----------
    effects
        Effects by subgroup.
    outcome
        Which outcome.
    year
        Which year since start; three if None, or the last before it that has an estimate.
    ax
        Axes to draw on; a new figure if None.
    lang
        Language; the option in force if None.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    EffectsError
        Effects without subgroups, an outcome or a year that is not there.
    """
    parts = effects.split
    if parts is None or outcome not in effects.outcomes:
        raise EffectsError(
            f"No effects of {outcome!r} by subgroup",
            found=f"outcomes {', '.join(effects.outcomes)}; subgroups "
            f"{', '.join(effects.subgroups)}",
            do="name one of these outcomes, or split: event_study(group, by=...)",
        )
    if year is not None and year not in effects.event_years:
        raise EffectsError(
            f"Year {year} since start is not among the estimated ones",
            found=", ".join(map(str, effects.event_years)),
            do="name one of these",
        )
    at = year_to_show(effects, outcome) if year is None else year
    frame = shown_rows(effects, outcome, at)

    def rows(lang: Lang) -> Rows:
        names = [parts.names[name].text(lang) for name in frame["subgroup"]]
        template = _TITLE if parts.conditional is None else _CONDITIONAL_TITLE
        told = template.format(
            outcome=label_of(outcome), year=number(at, lang=lang), by=parts.label
        ).text(lang)
        told = capital(told)
        level = interval_level(effects)
        notes = [_BARS.format(level=percent(level, lang=lang)).text(lang)]
        notes += [hidden_note(lang)] if frame["hidden"].any() else []
        said = [parts.conditional.text(lang)] if parts.conditional else []
        return Rows(
            names=[_named(n, row, lang) for n, row in zip(names, _records(frame), strict=True)],
            estimate=frame["estimate"].to_numpy(dtype=np.float64),
            low=frame["conf_low"].to_numpy(dtype=np.float64),
            high=frame["conf_high"].to_numpy(dtype=np.float64),
            unit=effects.units[outcome],
            price_year=effects.price_year,
            what=_DIFFERENCE.text(lang),
            title=told,
            source=" ".join(filter(None, [*notes, *said, evidence_of(effects, lang)])),
            alt=" ".join([f"{told}. {_alt(names, frame, effects.units[outcome], lang)}.", *said]),
            first=1,
            colours=(PARTICIPANT, SOFT),
        )

    return forest(rows, ax=ax, lang=lang)


def name_subgroup(ax: Axes, effects: EffectSeries, outcome: str, lang: Lang | None) -> Axes:
    """Say in title and alt text whom a figure is of, if it is of one subgroup."""
    parts = effects.split
    if parts is None or len(effects.subgroups) > 1:
        return ax
    lang = language(lang)
    name = parts.names[effects.subgroups[0]]
    if parts.conditional is None:
        who = capital(_ONE.format(by=parts.label, name=name).text(lang))
        heading, said = f"{ax.get_title(loc='left')}\n{who}", f"{alt_text(ax)} {who}."
    else:
        heading = _ONE_CONDITIONAL.format(outcome=label_of(outcome), name=name).text(lang)
        heading = textwrap.fill(capital(heading), TITLE_WIDTH)
        said = f"{heading}. {parts.conditional.text(lang)}"
    with figure_style():
        ax.set_title(heading, loc="left")
    set_alt_text(ax, said)
    return ax


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _named(name: str, row: dict[Any, Any], lang: Lang) -> str:
    """Return a subgroup's name with its participants, or why nothing is drawn."""
    if row["hidden"]:
        return f"{name} ({HIDDEN_CELL.text(lang)})"
    if np.isnan(row["estimate"]):
        return f"{name} ({_NOBODY.text(lang)})"
    count = number(row["n_participants"], lang=lang)
    alone = f"; {_NO_ERROR.text(lang)}" if np.isnan(row["std_error"]) else ""
    return f"{name} ({count}{alone})".replace(" (", f"{NBSP}(")


def _alt(names: list[str], frame: pd.DataFrame, unit: AnyUnit, lang: Lang) -> str:
    """Return the figure in words, row by row."""
    show = amount(unit)
    said = []
    for name, row in zip(names, _records(frame), strict=True):
        if np.isnan(row["estimate"]):
            said.append(_named(name, row, lang))
            continue
        label = _ROW_ALT.format(
            name=name,
            estimate=show(row["estimate"], lang=lang),
            interval=interval(row["conf_low"], row["conf_high"], show, lang),
        )
        said.append(label.text(lang))
    return "; ".join(said)
