"""The love plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mih_impact.controls.balance import TOLERATED
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
)
from mih_impact.display.style.figure import root_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from mih_impact.controls.balance import Balance

__all__ = ["love_plot"]

_TITLE = Label(
    nb="Deltakere og kontroller ligner hverandre etter matching",
    en="Participants and controls are alike after matching",
)
_TITLE_PLAIN = Label(
    nb="Balanse mellom deltakere og kontroller", en="Balance of participants and controls"
)
_AXIS = Label(
    nb="absolutt standardisert forskjell (standardavvik blant deltakerne)",
    en="absolute standardised difference (participants' standard deviations)",
)
_BEFORE = Label(nb="før matching", en="before matching")
_AFTER = Label(nb="etter matching", en="after matching")
_ALT = Label(
    nb="Standardiserte forskjeller for {n} kjennetegn: størst {before} før og {after} etter "
    "matching.",
    en="Standardised differences of {n} covariates: at most {before} before and {after} after "
    "matching.",
)
_NOTE = Label(
    nb="Før: alle kandidater. Etter: {participants} deltakere og {controls} kontrollpersoner. "
    "Stiplet linje: {limit}.",
    en="Before: all candidates. After: {participants} participants and {controls} control persons. "
    "Dashed line: {limit}.",
)


def love_plot(balance: Balance, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw absolute standardised differences before and after matching.

    Parameters
    ----------
    balance
        The balance table.
    ax
        Axes to draw on; a new figure if None.
    lang
        Language; the option in force if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    lang = language(lang)
    frame = balance.frame
    before = frame["smd_before"].abs().to_numpy()
    after = frame["smd_after"].abs().to_numpy()
    order = np.argsort(before, kind="stable")
    place = np.arange(len(frame))
    with figure_style():
        ax = axes(ax, size=(7.2, 1.6 + 0.24 * len(frame)))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", color="#DDDDDD", linewidth=0.8)
        ax.hlines(place, after[order], before[order], color="#DDDDDD", linewidth=1.2, zorder=1)
        ax.scatter(
            before[order],
            place,
            s=26,
            facecolors="white",
            edgecolors=CONTROL,
            linewidths=1.4,
            label=_BEFORE.text(lang),
            zorder=2,
        )
        ax.scatter(after[order], place, s=30, color=PARTICIPANT, label=_AFTER.text(lang), zorder=3)
        ax.axvline(TOLERATED, color=CONTROL, linewidth=1, linestyle=(0, (4, 3)))
        ax.set_yticks(place, frame[f"label_{lang}"].to_numpy()[order])
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlim(left=-0.02 * np.nanmax(before))
        ax.xaxis.set_major_formatter(lambda value, _: number(value, decimals=1, lang=lang))
        ax.set_xlabel(_AXIS.text(lang), loc="right")
        title = _TITLE if np.nanmax(after) <= TOLERATED else _TITLE_PLAIN
        heading = ax.set_title(title.text(lang), loc="left", pad=12)
        ax.legend(loc="lower right")
        note = _NOTE.format(
            participants=number(balance.n_participants, lang=lang),
            controls=number(balance.n_controls, lang=lang),
            limit=number(TOLERATED, decimals=1, lang=lang),
        )
        source_line(ax, f"{note.text(lang)} {evidence_of(balance, lang)}".rstrip())
        _align_with_names(ax, heading)
        alt = _ALT.format(
            n=len(frame),
            before=number(np.nanmax(before), decimals=2, lang=lang),
            after=number(np.nanmax(after), decimals=2, lang=lang),
        )
        set_alt_text(ax, alt.text(lang))
    return ax


def _align_with_names(ax: Axes, heading: Text) -> None:
    """Let title and note begin where the names do: long names push the axes far to the right."""
    from matplotlib.text import Annotation

    root_figure(ax).draw_without_rendering()  # lets the layout settle
    names = ax.yaxis.get_tightbbox()
    note = ax.texts[-1]
    if names is None or not isinstance(note, Annotation):
        return
    left = float(ax.transAxes.inverted().transform((names.x0, 0))[0])
    heading.set_x(left)
    note.xy = (left, 0.0)
