"""The figure of group-time effects: a line for each start year, by years since start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    CONTROL,
    axes,
    figure_style,
    label_line_ends,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.errors import EffectsError
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.group_time.result import GroupTimeEffects

__all__ = ["plot_group_time"]

#: Beyond so many years every other one is named on the axis.
MOST_TICKS = 16

_TITLE = Label(nb="Effekt på {outcome} etter oppstartsår", en="Effect on {outcome} by start year")
_SINCE = Label(nb="år siden oppstart", en="years since start")
_DIFFERENCE = Label(nb="forskjell fra kontrollgruppen", en="difference from the control group")
_NOTE = Label(
    nb="En linje for hvert oppstartsår, mørkere for senere. Usikkerheten står i tabellen.",
    en="A line for each start year, darker for later ones. The table has the uncertainty.",
)
_ALT = Label(nb="{title}. {n} oppstartsår.", en="{title}. {n} start years.")


def plot_group_time(
    effects: GroupTimeEffects, outcome: str, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the effects of every start year by years since start; small cells are hidden.

    Parameters
    ----------
    effects
        The effects.
    outcome
        Which outcome.
    ax
        Axes to draw on; a new figure if None.
    lang
        Language; the option in force if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib import colormaps

    if outcome not in effects.outcomes:
        raise EffectsError(
            f"No effects of {outcome!r}",
            found=f"outcomes {', '.join(effects.outcomes)}",
            do="name one of these",
        )
    lang = language(lang)
    frame = effects.shown().frame
    frame = frame[(frame["outcome"] == outcome) & frame["estimate"].notna()]
    starts = np.unique(frame["group"])
    shades = colormaps["cividis_r"](np.linspace(0.15, 1.0, max(len(starts), 2)))
    title = _TITLE.format(outcome=label_of(outcome)).text(lang)
    with figure_style():
        ax = axes(ax)
        ax.axhline(0, color="#222222", linewidth=0.9)
        ax.axvline(-0.5, color=CONTROL, linewidth=0.9, linestyle=(0, (2, 3)), zorder=0)
        for start, shade in zip(starts, shades, strict=False):
            rows = frame[frame["group"] == start]
            ax.plot(
                rows["year_since_start"], rows["estimate"], color=shade, linewidth=1.4,
                marker="o", markersize=3, label=str(start),
            )  # fmt: skip
        ticks = np.unique(frame["year_since_start"])
        if len(ticks) > MOST_TICKS:
            ticks = ticks[ticks % 2 == 0]
        ax.set_xticks(ticks, [number(year, lang=lang) for year in ticks])
        ax.set_xlabel(_SINCE.text(lang))
        ax.set_title(title)
        what = _DIFFERENCE.text(lang)
        unit = effects.units[outcome]
        unit_axis(ax, lang, unit=unit, price_year=effects.price_year, what=what)
        label_line_ends(ax)
        source_line(ax, " ".join(filter(None, [_NOTE.text(lang), evidence_of(effects, lang)])))
        set_alt_text(ax, _ALT.format(title=title, n=number(len(starts), lang=lang)).text(lang))
    return ax
