"""How sure the account is: the intervals of sampling, of assumptions and of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval
from mih_impact.display.options import language
from mih_impact.display.style import (
    OKABE_ITO,
    align_with_names,
    axes,
    figure_style,
    key_row,
    kroner_axis,
    make_room,
    set_alt_text,
    source_line,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.figures.draws import ASKED, drawn_from
from mih_impact.economics.figures.parts import (
    INK,
    halo,
    name_rows,
    upright_grid,
    wrapped,
)
from mih_impact.economics.labels import hundreds
from mih_impact.economics.uncertainty.result import SOURCE_LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.uncertainty.result import Uncertainty

__all__ = ["plot_intervals"]

_INTERVALS = Label(nb="Hvor usikkert er regnskapet?", en="How uncertain is the account?")
_INTERVALS_WHAT = Label(
    nb="Nåverdi per deltaker, 95\u00a0%-intervaller",
    en="Present value per participant, 95% intervals",
)
_MEAN = Label(nb="gjennomsnitt", en="mean")
#: Three shades that grey tells apart, as does the order of the bars.
_SHADES = {"sampling": OKABE_ITO["blue"], "assumptions": "#F0B429", "total": INK}
_BAR, _APART = 0.17, 0.24


def plot_intervals(
    uncertainty: Uncertainty, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the intervals of sampling, of assumptions and of both, for those who ask.

    Parameters
    ----------
    uncertainty
        The draws.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    frame = uncertainty.to_frame().dropna(subset="mean")
    sources = [source for source in _SHADES if source in uncertainty.draws]
    places = np.arange(len(ASKED), dtype=float)
    with figure_style():
        ax = axes(ax)
        upright_grid(ax)
        ax.axvline(0, color=INK, linewidth=0.8)
        for k, source in enumerate(sources):
            rows = frame[frame["source"] == source].set_index("actor").loc[list(ASKED)]
            at = places + _APART * (k - (len(sources) - 1) / 2)
            ax.barh(
                at, rows["conf_high"] - rows["conf_low"], left=rows["conf_low"], height=_BAR,
                color=_SHADES[source], label=capital(SOURCE_LABELS[source].text(lang)),
            )  # fmt: skip
            ax.plot(
                rows["mean"], at, "o", color="white", markeredgecolor=INK, markeredgewidth=1.0,
                markersize=5.0, label=capital(_MEAN.text(lang)),
            )  # fmt: skip
        _write_bounds(ax, rows, at, lang)  # of the last source: all there is
        names = [wrapped(GROUP_LABELS[group].text(lang), 18) for group in ASKED]
        name_rows(ax, places, names)
        make_room(ax)
        ax.set_title(_INTERVALS.text(lang))
        what = _INTERVALS_WHAT.text(lang)
        kroner_axis(ax, lang, price_year=uncertainty.price_year, axis="x", what=what)
        handles, _ = ax.get_legend_handles_labels()
        key_row(ax, [*ax.containers, handles[0]])
        source_line(ax, drawn_from(uncertainty, lang))
        align_with_names(ax)
        set_alt_text(ax, _intervals_alt(frame, lang))
    return ax


def _write_bounds(ax: Axes, rows: pd.DataFrame, at: np.ndarray, lang: Lang) -> None:
    """Write the two ends of the widest interval."""
    for column, side, away in (("conf_low", "right", -5), ("conf_high", "left", 5)):
        for place, value in zip(at, rows[column], strict=True):
            ax.annotate(
                hundreds(value, lang), xy=(value, place), xytext=(away, 0),
                textcoords="offset points", ha=side, va="center", fontsize=8.5, color=INK,
                path_effects=halo(),
            )  # fmt: skip


def _intervals_alt(frame: pd.DataFrame, lang: Lang) -> str:
    parts = []
    for group in ASKED:
        rows = frame[frame["actor"] == group].to_dict("records")
        bounds = [
            f"{SOURCE_LABELS[row['source']].text(lang)}"
            f" {interval(row['conf_low'], row['conf_high'], hundreds, lang)}"
            for row in rows
        ]
        name, mean = GROUP_LABELS[group].text(lang), hundreds(rows[-1]["mean"], lang)
        parts.append(f"{name} {mean} ({', '.join(bounds)})")
    return f"{_INTERVALS.text(lang)} {_INTERVALS_WHAT.text(lang)}: {'; '.join(parts)}."
