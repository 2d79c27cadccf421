"""The funnel as a picture: counted stages in full, assumed ones hatched with their range."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.options import language
from mih_impact.display.style import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
)
from mih_impact.effects.forest import align_with_names
from mih_impact.nav.recruitment import persons_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.nav.recruitment import Funnel

__all__ = ["plot_funnel"]

_TITLE = Label(nb="Fra informasjonsmøte til lærling", en="From information meeting to apprentice")
_COHORT = Label(nb="{label} (kull\u00a0{cohort})", en="{label} (cohort\u00a0{cohort})")
_ASSUMED = Label(nb="{n} (antatt)", en="{n} (assumed)")
_SOURCE = Label(
    nb="Fylt: talt i kildene (KS/Menn i helse 2025, Finsam 2019), flere av dem runde tall."
    " Skravert: vår antakelse om hvor mange av dem som startet, som når fram; strek: spennet."
    " 92\u00a0% i jobb gjelder dem som har fagbrev, og er ikke effekten.",
    en="Filled: counted in the sources (KS/Menn i helse 2025, Finsam 2019), several of them round"
    " numbers. Hatched: our assumption of how many of those who started get there; line: the range."
    " 92% in work is of those with a craft certificate, and is not the effect.",
)

#: Letters of a stage on one line.
_WIDTH = 32


def plot_funnel(result: Funnel, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw the stages of each cohort beneath each other, the latest cohort first.

    Parameters
    ----------
    result
        The funnel.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    frame = result.table[result.table["persons"].notna()]
    frame = frame.sort_values("cohort", ascending=False, kind="stable").reset_index(drop=True)
    later = frame["cohort"].ne(frame["cohort"].iloc[0]).to_numpy()
    persons, places = frame["persons"].to_numpy(), np.arange(len(frame)) + 0.7 * later
    assumed = frame["status"].isin(["ASSUMED", "remembered"]).to_numpy()
    names = [textwrap.fill(capital(_stage(row, lang)), _WIDTH) for row in frame.to_dict("records")]
    with figure_style():
        ax = axes(ax, size=(7.2, 2.0 + 0.42 * len(frame)))
        ax.grid(visible=False)
        ax.spines["bottom"].set_visible(False)
        ax.set_xticks([])
        for chosen, hatch, face in ((~assumed, "", PARTICIPANT), (assumed, "////", "white")):
            colours = np.where(later[chosen], CONTROL, PARTICIPANT).tolist()
            ax.barh(
                places[chosen], persons[chosen], height=0.66, hatch=hatch, linewidth=1.0,
                color=colours if face != "white" else face, edgecolor=colours,
            )  # fmt: skip
        low, high = frame["low"].to_numpy(), frame["high"].to_numpy()
        moved = np.isfinite(low) & (high > low)
        ax.hlines(places[moved], low[moved], high[moved], color="#222222", linewidth=1.6)
        ends = np.fmax(persons, high)
        texts = []
        rows = frame.to_dict("records")
        for place, row, end, own in zip(places, rows, ends, assumed, strict=True):
            shown = persons_text(row, lang)
            texts.append(_ASSUMED.format(n=shown).text(lang) if own else shown)
            ax.annotate(
                texts[-1], xy=(end, place), xytext=(6, 0), textcoords="offset points", ha="left",
                va="center", fontsize=9, color="#222222",
            )  # fmt: skip
        ax.set_xlim(0, 1.18 * persons.max())
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        heading = ax.set_title(_TITLE.text(lang), pad=10)
        source_line(ax, _SOURCE.text(lang))
        align_with_names(ax, heading)
        said = "; ".join(
            f"{name}: {text}" for name, text in zip(names, texts, strict=True)
        ).replace("\n", " ")
        set_alt_text(ax, f"{_TITLE.text(lang)}. {said}.")
    return ax


def _stage(row: dict[Any, Any], lang: Lang) -> str:
    label = row[f"label_{lang}"]
    return _COHORT.format(label=label, cohort=row["cohort"]).text(lang)
