"""The plus-minus figure: where each non-priced effect stands on the scale, and nothing summed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mih_impact.display.labels import Label, Lang
from mih_impact.display.style import (
    CONTROL,
    OKABE_ITO,
    axes,
    figure_style,
    set_alt_text,
    source_line,
)
from mih_impact.display.style.palette import GRID
from mih_impact.economics.non_priced.card import NEVER_ADDED, consequence_text, signs
from mih_impact.economics.non_priced.effect import CONSEQUENCES, NonPriced, require_non_priced
from mih_impact.effects.forest import align_with_names
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_non_priced"]

_TITLE = Label(nb="Virkninger som ikke er prissatt", en="Effects that are not priced")
_AXIS = Label(nb="Konsekvens", en="Consequence")
_SOURCE = Label(
    nb="Pluss-minusmetoden (DFØ); strek: halvt trinn. {never}",
    en="Plus-minus method (DFØ); line: a half step. {never}",
)
_JUDGED = Label(
    nb="Betydning og omfang er våre vurderinger.", en="Importance and extent are our judgements."
)
_COLOURS = {"+": OKABE_ITO["blue"], "-": OKABE_ITO["vermillion"], "0": CONTROL}

#: Letters of an effect's name on one line.
_WIDTH = 24


def plot_non_priced(
    effects: Sequence[NonPriced], *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw each effect on the scale from four minuses to four pluses.

    Parameters
    ----------
    effects
        The effects, from the top down.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes

    Raises
    ------
    AssumptionError
        Without effects, or if two share a name.
    """
    effects = require_non_priced(effects)
    if not effects:
        raise AssumptionError(
            "There are no non-priced effects to draw",
            found="0 effects",
            do="describe them with NonPriced(...), or leave the figure out",
        )
    with figure_style():
        ax = axes(ax, size=(7.2, 2.0 + 0.4 * len(effects)))
        ax.grid(visible=False, axis="y")
        ax.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
        ax.axvline(0, color="#222222", linewidth=0.8)
        for place, each in enumerate(effects):
            _mark(ax, place, each.consequence)
        names = [_name(each, lang) for each in effects]
        ax.set_yticks(range(len(effects)), names)
        ax.set_ylim(len(effects) - 0.4, -0.6)
        ax.set_xlim(-4.4, 4.4)
        whole = [text for text in CONSEQUENCES if "/" not in text]
        ax.set_xticks(range(-4, 5), [signs(text) for text in whole])
        ax.set_xlabel(_AXIS.text(lang))
        heading = ax.set_title(_TITLE.text(lang), loc="left", pad=12)
        source_line(ax, _source(effects, lang))
        align_with_names(ax, heading)
        set_alt_text(ax, _alt(effects, lang))
    return ax


def _mark(ax: Axes, place: int, consequence: str) -> None:
    """Draw a whole step as a dot, a half step as the line between its two."""
    ends = [len(part.strip("0")) * (-1 if "-" in part else 1) for part in consequence.split("/")]
    colour = _COLOURS[consequence[-1]]
    ax.plot(ends, [place] * len(ends), "o-", color=colour, linewidth=5.0, markersize=8)


def _name(effect: NonPriced, lang: Lang | None) -> str:
    text = effect.label.text(lang)
    return textwrap.fill(text[:1].upper() + text[1:], _WIDTH)


def _source(effects: tuple[NonPriced, ...], lang: Lang | None) -> str:
    text = _SOURCE.format(never=NEVER_ADDED).text(lang)
    judged = any(each.status == "ASSUMED" for each in effects)
    return f"{text} {_JUDGED.text(lang)}" if judged else text


def _alt(effects: tuple[NonPriced, ...], lang: Lang | None) -> str:
    parts = [
        f"{each.label.text(lang)} {consequence_text(each.consequence).text(lang)}"
        for each in effects
    ]
    return f"{_TITLE.text(lang)}: {'; '.join(parts)}."
