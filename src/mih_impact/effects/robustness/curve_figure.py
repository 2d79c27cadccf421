"""The figure of a specification curve: estimates by size above, the choices behind them beneath."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import percent
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    CONTROL,
    OKABE_ITO,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.display.style.figure import root_figure
from mih_impact.display.style.palette import GRID
from mih_impact.effects.forest import TITLE_WIDTH, align_with_names
from mih_impact.effects.robustness.option_words import option_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.effects.robustness.curve import SpecificationCurve

__all__ = ["plot_curve"]

#: Characters that the name of a row has room for.
LONGEST = 56
_OWN = OKABE_ITO["vermillion"]
_EFFECT = Label(nb="effekt", en="effect")
_NOTE = Label(
    nb="Hver loddrette strek er en spesifikasjon med {level} konfidensintervall, grå der det "
    "inneholder null. Oransje: den valgte. Stiplet: medianen. Prikkene viser valgene bak.",
    en="Each upright bar is a specification with its {level} confidence interval, grey where that "
    "includes zero. Orange: the chosen one. Dashed: the median. Dots show the choices behind.",
)


def plot_curve(
    curve: SpecificationCurve, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the estimates by size with their intervals, and beneath them a matrix of choices.

    Parameters
    ----------
    curve
        The curve.
    ax
        Axes whose place the two panels share; a new figure if None.
    lang
        Language; the option in force if None.

    Returns
    -------
    matplotlib.axes.Axes
        The upper panel.
    """
    lang = language(lang)
    shown = curve.shown()
    rows = shown.table.dropna(subset=["estimate"]).sort_values("estimate", kind="stable")
    place = np.arange(len(rows))
    own = rows["own"].to_numpy(dtype=bool)
    differs = ((rows["conf_low"] > 0) | (rows["conf_high"] < 0)).to_numpy()
    colours = np.where(own, _OWN, np.where(differs, PARTICIPANT, CONTROL))
    names = _names(curve, lang)
    size = float(np.clip(700.0 / max(len(rows), 1), 4.0, 30.0))
    with figure_style():
        ax = axes(ax, size=(7.6, 4.2 + 0.19 * len(names)))
        beneath = _panel_beneath(ax, share=(3.0, 0.5 + 0.19 * len(names)))
        ax.axhline(0, color="#222222", linewidth=0.9)
        if len(rows):
            ax.axhline(shown.median, color=CONTROL, linewidth=1.0, linestyle=(0, (4, 3)))
        ax.vlines(
            place, rows["conf_low"], rows["conf_high"], color=colours, linewidth=max(size / 15, 0.8)
        )
        ax.scatter(place, rows["estimate"], s=size, c=colours, zorder=3)
        ax.scatter(place[own], rows["estimate"][own], s=36, color=_OWN, zorder=4)
        ax.set_xlim(-1, max(len(rows), 1))
        ax.tick_params(axis="x", length=0, labelbottom=False)
        heading = ax.set_title(textwrap.fill(curve.title[lang], TITLE_WIDTH), loc="left")
        what = _EFFECT.text(lang)
        unit_axis(ax, lang, unit=curve.unit, price_year=curve.price_year, what=what)
        _matrix(beneath, shown, rows.index.to_numpy(), colours, names, size)
        note = _NOTE.format(level=percent(curve.level, lang=lang)).text(lang)
        said = shown.sentence[lang]
        source_line(beneath, " ".join(filter(None, [note, said, evidence_of(curve, lang)])))
        align_with_names(beneath, heading, of=ax)
        set_alt_text(ax, f"{curve.title[lang]}. {said}")
    return ax


def _names(curve: SpecificationCurve, lang: Lang) -> list[tuple[str, str, str]]:
    """Return option, value and displayed name of each row of the matrix, the first on top."""
    rows = []
    for option, values in curve.labels.items():
        head = option_label(option).text(lang)
        for k, (text, label) in enumerate(values.items()):
            name = label.text(lang)
            if k == 0:
                name = f"{head[:1].upper()}{head[1:]}: {name}"
            rows.append((option, text, textwrap.shorten(name, LONGEST, placeholder=" …")))
    return rows


def _matrix(
    ax: Axes,
    curve: SpecificationCurve,
    order: np.ndarray,
    colours: np.ndarray,
    names: list[tuple[str, str, str]],
    size: float,
) -> None:
    """Draw a dot where a specification has a value, options apart from each other."""
    height = np.arange(len(names))[::-1]
    ax.grid(axis="y", visible=False)
    for (option, text, _), y in zip(names, height, strict=True):
        has = (curve.table[option].to_numpy()[order] == text) if len(order) else np.zeros(0, bool)
        x = np.flatnonzero(has)
        ax.scatter(x, np.full(len(x), y), s=0.7 * size, c=colours[has], marker="s", linewidths=0)
    options = [option for option, _, _ in names]
    for y, above, below in zip(height, options, options[1:], strict=False):
        if above != below:
            ax.axhline(y - 0.5, color=GRID, linewidth=0.8)
    ax.set_yticks(height, [name for _, _, name in names], fontsize=8)
    ax.set_ylim(-0.7, len(names) - 0.3)
    ax.tick_params(axis="x", length=0, labelbottom=False)
    ax.spines["bottom"].set_visible(False)


def _panel_beneath(ax: Axes, *, share: tuple[float, float]) -> Axes:
    """Part the place of the axes in two, one above the other, and return the lower."""
    from mih_impact.display.style import axes as dressed

    figure, cell = root_figure(ax), ax.get_subplotspec()
    if cell is not None:
        parts = cell.subgridspec(2, 1, height_ratios=share, hspace=0.02)
        ax.set_subplotspec(parts[0])
        return dressed(figure.add_subplot(parts[1], sharex=ax))
    box = ax.get_position()
    low = box.height * share[1] / sum(share)
    ax.set_position((box.x0, box.y0 + low, box.width, box.height - low))
    return dressed(figure.add_axes((box.x0, box.y0, box.width, low), sharex=ax))
