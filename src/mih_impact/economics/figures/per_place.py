"""What is asked per place beside what budgets pay per place: bars on one scale, nothing netted."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    ACTOR_COLOURS,
    CONTROL,
    axes,
    figure_style,
    kroner_axis,
    set_alt_text,
    source_line,
)
from mih_impact.display.style.palette import GRID
from mih_impact.economics.labels import hundreds
from mih_impact.effects.forest import align_with_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.budget.per_place import PerPlace

__all__ = ["plot_per_place"]

_TITLE = Label(
    nb="Det som bes om, og det en plass koster", en="What is asked for, and what a place costs"
)
_AXIS = Label(nb="Utgift per plass", en="Outlay per place")
_SOURCE = Label(
    nb="Grått: det som bes om, til koordinering, kroner fra budsjettet for {year}, delt på plassene"
    " opp til kullet. Farget: bevilgninger over {years} år for {n} plasser, {prices}, ikke"
    " diskontert. Strek: 95\u00a0% intervall. Tilskudd fra ett budsjett til et annet står hos"
    " begge.",
    en="Grey: what is asked for coordination, kroner of the budget of {year}, divided by the places"
    " up to the cohort. Coloured: grants over {years} years for {n} places, {prices}, not"
    " discounted. Line: 95% interval. A grant from one budget to another stands with both.",
)

#: Letters of a name on one line.
_WIDTH = 30


def plot_per_place(result: PerPlace, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw what is asked per place by base, and the grants per place by payer.

    Parameters
    ----------
    result
        What a place costs.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    frame = result.table[result.table["basis"].isin(["asked", "outlay"])]
    frame = frame[frame["amount"] != 0].reset_index(drop=True)
    paid = -frame["per_place"].to_numpy() + 0.0
    low, high = -frame["conf_high"].to_numpy(), -frame["conf_low"].to_numpy()
    places = np.arange(len(frame)) + 0.5 * (frame["basis"] == "outlay").to_numpy()
    colours = [ACTOR_COLOURS.get(actor, CONTROL) for actor in frame["actor"]]
    names = [textwrap.fill(name, _WIDTH) for name in frame[f"label_{lang}"]]
    with figure_style():
        ax = axes(ax, size=(7.2, 2.1 + 0.42 * len(frame)))
        ax.grid(visible=False, axis="y")
        ax.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
        ax.barh(places, paid, height=0.62, color=colours)
        drawn = np.isfinite(low)
        ax.hlines(places[drawn], low[drawn], high[drawn], color="#222222", linewidth=1.4)
        ax.axvline(0, color="#222222", linewidth=0.8)
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        _name_bars(ax, places, paid, low, high, lang)
        heading = ax.set_title(_TITLE.text(lang))
        kroner_axis(ax, lang, axis="x", what=_AXIS.text(lang))
        source_line(ax, _source(result, lang))
        align_with_names(ax, heading)
        values = ", ".join(
            f"{name} {hundreds(value, lang)}"
            for name, value in zip(frame[f"label_{lang}"], paid, strict=True)
        )
        set_alt_text(ax, f"{_TITLE.text(lang)}. {_AXIS.text(lang)}: {values}.")
    return ax


def _name_bars(
    ax: Axes, places: np.ndarray, paid: np.ndarray, low: np.ndarray, high: np.ndarray, lang: Lang
) -> None:
    """Write each amount beyond its bar and its interval."""
    left, right = np.fmin(np.fmin(paid, low), 0.0), np.fmax(np.fmax(paid, high), 0.0)
    room = 0.2 * (right.max() - left.min())
    ax.set_xlim(left.min() - (room if left.min() < 0 else 0.0), right.max() + room)
    for place, value, start, end in zip(places, paid, left, right, strict=True):
        ax.annotate(
            number(round(value, -2), 0, lang), xy=(end if value >= 0 else start, place),
            xytext=(5 if value >= 0 else -5, 0), textcoords="offset points",
            ha="left" if value >= 0 else "right", va="center", fontsize=9, color="#222222",
        )  # fmt: skip


def _source(result: PerPlace, lang: Lang) -> str:
    text = _SOURCE.format(
        year=result.more.budget,
        years=result.horizon,
        n=number(result.places, 0, lang),
        prices=result.prices,
    ).text(lang)
    return " ".join(filter(None, [text, evidence_of(result, lang)]))
