"""The love plot, and the overlap of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.controls.balance import TOLERATED
from mih_impact.display.figure import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
)
from mih_impact.display.layout import align_with_names
from mih_impact.display.locale import Label, Lang, hidden, language, number, percent
from mih_impact.display.result import evidence_of, naming_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.controls.balance import Balance
    from mih_impact.controls.overlap import Overlap

__all__ = ["love_plot", "overlap_plot"]

FloatArray = NDArray[np.float64]

_TITLE = Label(
    nb="Deltakere og kontroller ligner hverandre etter {how}",
    en="Participants and controls are alike after {how}",
)
_TITLE_PLAIN = Label(
    nb="Balanse mellom deltakere og kontroller", en="Balance of participants and controls"
)
_AXIS = Label(
    nb="absolutt standardisert forskjell (standardavvik blant deltakerne)",
    en="absolute standardised difference (participants' standard deviations)",
)
_BEFORE = Label(nb="før {how}", en="before {how}")
_AFTER = Label(nb="etter {how}", en="after {how}")
_ALT = Label(
    nb="Standardiserte forskjeller for {n} kjennetegn: størst {before} før og {after} etter {how}.",
    en="Standardised differences of {n} covariates: at most {before} before and {after} after "
    "{how}.",
)
_NOTE = Label(
    nb="Før: alle kandidater. Etter: {participants} deltakere og {controls} kontrollpersoner. "
    "Stiplet linje: {limit}.",
    en="Before: all candidates. After: {participants} participants and {controls} control persons. "
    "Dashed line: {limit}.",
)
_ARROWS = Label(
    nb="Pil: alle deltakerne er like og de andre avviker; forskjellen er uendelig.",
    en="Arrow: all participants are alike and the others differ; the difference is infinite.",
)

_OVERLAP = Label(
    nb="Det finnes kandidater der deltakerne er", en="There are candidates where participants are"
)
_OVERLAP_PLAIN = Label(
    nb="Tilbøyelighet til å delta blant deltakere og kandidater",
    en="Propensity scores of participants and candidates",
)
_LOG_ODDS = Label(
    nb="log-odds for å starte (andel av gruppen over og under streken)",
    en="log odds of starting (share of the group above and below the line)",
)
_PARTICIPANTS = Label(nb="deltakere", en="participants")
_CANDIDATES = Label(nb="kandidater", en="candidates")
_OVERLAP_NOTE = Label(
    nb="{n} deltakere og {m} kandidatrader før matching; {share} av deltakerne er utenfor "
    "kandidatenes spenn i sitt oppstartsår.",
    en="{n} participants and {m} candidate rows before matching; {share} of the participants are "
    "outside the range of the candidates of their start year.",
)
_FEW = Label(
    nb=" Søyler med få personer, og det som ville røpet dem, er skjult.",
    en=" Bars of few persons, and what would give them away, are hidden.",
)
#: The share outside that still is overlap.
_SLIGHT = 0.01


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
    size = np.column_stack([frame["smd_before"].abs(), frame["smd_after"].abs()])
    endless = np.isinf(size)
    # What is infinite stands at the edge, as an arrow that points beyond it.
    edge = 1.15 * max(float(size[~endless].max(initial=0.0)), TOLERATED)
    before, after = np.where(endless, edge, size).T
    order = np.argsort(before, kind="stable")
    place = np.arange(len(frame))
    with figure_style():
        ax = axes(ax, size=(7.2, 1.6 + 0.24 * len(frame)))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", color="#DDDDDD", linewidth=0.8)
        ax.hlines(place, after[order], before[order], color="#DDDDDD", linewidth=1.2, zorder=1)
        hollow: dict[str, Any] = {"facecolors": "white", "edgecolors": CONTROL, "linewidths": 1.4}
        sides = ((before, 26, hollow, _BEFORE), (after, 30, {"color": PARTICIPANT}, _AFTER))
        for k, (x, area, colours, side) in enumerate(sides):
            label, beyond = side.format(how=balance.how).text(lang), endless[order, k]
            there, z = ~beyond, 2 + k
            ax.scatter(x[order][there], place[there], s=area, label=label, zorder=z, **colours)
            ax.scatter(x[order][beyond], place[beyond], s=area, marker=">", zorder=z, **colours)
        ax.axvline(TOLERATED, color=CONTROL, linewidth=1, linestyle=(0, (4, 3)))
        ax.set_yticks(place, frame[f"label_{lang}"].to_numpy()[order])
        ax.set_ylim(-0.7, len(frame) - 0.3)
        ax.set_xlim(left=-0.02 * np.nanmax(before))
        places = _decimals(ax)
        ax.xaxis.set_major_formatter(lambda value, _: number(value, decimals=places, lang=lang))
        ax.set_xlabel(_AXIS.text(lang), loc="right")
        title = _TITLE if np.nanmax(size[:, 1]) <= TOLERATED else _TITLE_PLAIN
        above = _corner_is_taken(np.column_stack([before, after])[order])
        if above:
            ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, ncols=2)
        else:
            ax.legend(loc="lower right")
        ax.set_title(title.format(how=balance.how).text(lang), loc="left", pad=30 if above else 12)
        note = _NOTE.format(
            participants=number(balance.n_participants, lang=lang),
            controls=number(balance.n_controls, lang=lang),
            limit=number(TOLERATED, decimals=1, lang=lang),
        )
        arrows = f" {_ARROWS.text(lang)}" if endless.any() else ""
        source_line(ax, f"{note.text(lang)}{arrows} {evidence_of(balance, lang)}".rstrip())
        align_with_names(ax)
        alt = _ALT.format(
            how=balance.how,
            n=len(frame),
            before=number(np.nanmax(size[:, 0]), decimals=2, lang=lang),
            after=number(np.nanmax(size[:, 1]), decimals=2, lang=lang),
        )
        set_alt_text(ax, alt.text(lang))
    return ax


def _decimals(ax: Axes) -> int:
    """Return the decimals, one at least, with which ticks of the horizontal axis are told apart."""
    ticks = ax.get_xticks()
    step = float(np.diff(ticks).min()) if len(ticks) > 1 else 1.0
    return next((d for d in range(1, 6) if abs(round(step, d) - step) < 1e-9), 6)


def _corner_is_taken(x: FloatArray) -> bool:
    """Return whether markers of the lowest rows reach where a legend would stand; (rows, 2)."""
    return bool(np.nanmax(x[:3]) > 0.6 * np.nanmax(x))


def overlap_plot(overlap: Overlap, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw the log odds as mirrored histograms: participants above the line, candidates below.

    Parameters
    ----------
    overlap
        The scores of both sides.
    ax
        Axes to draw on; a new figure if None.
    lang
        Language; the option in force if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    lang = language(lang)
    bars = overlap.shown().histogram
    lower, width = bars["lower"].to_numpy(), (bars["upper"] - bars["lower"]).to_numpy()
    sides = (
        ("participant", 1.0, PARTICIPANT, _PARTICIPANTS),
        ("candidate", -1.0, CONTROL, _CANDIDATES),
    )
    with figure_style():
        ax = axes(ax)
        for side, sign, colour, label in sides:
            share = bars[f"{side}s"].fillna(0.0).to_numpy() / overlap.n_rows(side)
            ax.bar(lower, sign * share, width, align="edge", color=colour, edgecolor="white",
                   linewidth=0.6, label=label.text(lang))  # fmt: skip
        ax.axhline(0, color="#222222", linewidth=1)
        ax.yaxis.set_major_formatter(lambda value, _: percent(abs(value), lang=lang))
        ax.xaxis.set_major_formatter(lambda value, _: number(value, decimals=0, lang=lang))
        ax.set_xlabel(_LOG_ODDS.text(lang), loc="right")
        title = _OVERLAP if overlap.share_outside < _SLIGHT else _OVERLAP_PLAIN
        ax.set_title(title.text(lang), loc="left", pad=12)
        ax.legend(loc="upper right")
        note = _overlap_note(overlap, lang)
        source_line(ax, f"{note} {evidence_of(overlap, lang)}".rstrip())
        set_alt_text(ax, f"{_OVERLAP_PLAIN.text(lang)}. {note}")
    return ax


def _overlap_note(overlap: Overlap, lang: Lang) -> str:
    """Say how many each side has, how many are outside, and whether bars are hidden."""
    bars = overlap.shown().histogram[["participants", "candidates"]]
    note = _OVERLAP_NOTE.format(
        n=number(overlap.n_rows("participant"), lang=lang),
        m=number(overlap.n_rows("candidate"), lang=lang),
        share=hidden(overlap.n_outside, lang) or percent(overlap.share_outside, 1, lang),
    ).text(lang)
    return note + (naming_limit(_FEW)[lang] if bars.isna().any(axis=None) else "")
