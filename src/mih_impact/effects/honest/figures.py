"""The figure of honest bounds: intervals side by side, by how far trends may be from parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import percent
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.effects.honest.words import show_m
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.honest.result import HonestBounds

__all__ = ["plot_bounds"]

_PARALLEL = Label(nb="parallelle trender", en="parallel trends")
_EFFECT = Label(nb="effekt på {outcome}", en="effect on {outcome}")
_ACROSS = {
    "relative_magnitudes": Label(
        nb="M: største avvik fra år til år etter oppstart, i antall ganger det største før",
        en="M: largest deviation from year to year after start, in multiples of the largest before",
    ),
    "smoothness": Label(
        nb="M: hvor mye avvikets stigning kan endre seg fra ett år til det neste",
        en="M: how much the slope of the deviation may change from one year to the next",
    ),
}
_NOTE = Label(
    nb="Strek: {level} konfidensintervall. Felt: grensene uten utvalgsfeil.",
    en="Bars: {level} confidence interval. Shade: bounds without sampling error.",
)


def plot_bounds(bounds: HonestBounds, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw the interval under parallel trends in grey, and then one for each M.

    Parameters
    ----------
    bounds
        The bounds.
    ax
        Axes to draw on; a new figure if None.
    lang
        Language; the option in force if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    lang = language(lang)
    shown = bounds.shown()
    table = shown.table
    place = list(range(len(table)))
    colours = [CONTROL, *[PARTICIPANT] * (len(table) - 1)]
    with figure_style():
        ax = axes(ax)
        ax.axhline(0, color="#222222", linewidth=0.9)
        low, high = table["identified_lower"][1:], table["identified_upper"][1:]
        ax.vlines(place[1:], low, high, color=PARTICIPANT, alpha=0.2, linewidth=13)
        ax.vlines(place, table["lower"], table["upper"], color=colours, linewidth=2.2)
        for end in ("lower", "upper"):
            ax.scatter(place, table[end], marker="_", s=90, color=colours, linewidths=2.2)
        ax.scatter(place[:1], table["identified_lower"][:1], s=34, color=CONTROL, zorder=3)
        names = [show_m(m, bounds.restriction, bounds.unit, lang) for m in table["M"][1:]]
        ax.set_xticks(place, [_PARALLEL.text(lang), *names])
        ax.set_xlim(-0.5, len(table) - 0.5)
        ax.set_title(bounds.title[lang])
        ax.set_xlabel(_ACROSS[bounds.restriction].text(lang))
        what = _EFFECT.format(outcome=label_of(bounds.outcome)).text(lang)
        unit_axis(ax, lang, unit=bounds.unit, price_year=bounds.price_year, what=what)
        note = _NOTE.format(level=percent(bounds.level, lang=lang)).text(lang)
        source = " ".join(filter(None, [note, shown.sentence[lang], evidence_of(bounds, lang)]))
        source_line(ax, source)
        set_alt_text(ax, f"{bounds.title[lang]}. {shown.sentence[lang]}")
    return ax
