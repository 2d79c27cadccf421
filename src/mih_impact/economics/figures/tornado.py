"""The tornado: how far each assumption alone moves the account over its own range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.display.options import language
from mih_impact.display.style import (
    ACTOR_COLOURS,
    align_with_names,
    axes,
    figure_style,
    key_row,
    kroner_axis,
    make_room,
    set_alt_text,
    source_line,
    tinted,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.figures.parts import (
    INK,
    beneath,
    halo,
    name_rows,
    per_participant,
    upright_grid,
    wrapped,
)
from mih_impact.economics.labels import amount_of, hundreds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from mih_impact.economics.sensitivity.tornado import Sensitivity

__all__ = ["plot_tornado"]

_TITLE = Label(nb="Hva avhenger svaret av?", en="What does the answer depend on?")
_UNSURE = Label(nb="Usikre forutsetninger", en="Uncertain assumptions")
_CHOSEN = Label(nb="Regler og valg av perspektiv", en="Rules and choices of view")
_LOW = Label(nb="lav ende av spennet", en="low end of the range")
_HIGH = Label(nb="høy ende", en="high end")
_BASE = Label(nb="grunnverdier: {amount}", en="base values: {amount}")
_NOTE = Label(
    nb="Én forutsetning om gangen over sitt eget spenn, de andre ligger fast. Ved søylene: verdien"
    " i hver ende.",
    en="One assumption at a time over its own range, the others held. At the bars: its value at"
    " each end.",
)
_ALT = Label(
    nb="{title} Nåverdi for {who}, {base} med grunnverdiene: {rows}.",
    en="{title} Present value for {who}, {base} at the base values: {rows}.",
)
_ALT_ROW = Label(
    nb="{name} fra {low} ({at_low}) til {high} ({at_high})",
    en="{name} from {low} ({at_low}) to {high} ({at_high})",
)
#: How strong the colour of each end is: told apart in grey too.
_STRENGTH = {"at_low": 0.3, "at_high": 0.8}


def plot_tornado(
    sensitivity: Sensitivity,
    of: str = "society",
    *,
    top: int = 12,
    ax: Axes | None = None,
    lang: Lang | None = None,
) -> Axes:
    """Draw the widest swings, what is uncertain apart from rules and choices of view.

    Parameters
    ----------
    sensitivity
        The swings.
    of
        An actor, `public` or `society`.
    top
        How many of the widest swings are drawn.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    every = sensitivity.of(of)
    base = float(every["at_base"].iloc[0])
    rows = every[every["swing"] > 0.5].head(top)
    names, places, heads, drawn = _rows(rows, lang)
    with figure_style():
        ax = axes(ax, size=(7.2, 1.9 + 0.37 * len(names)))
        upright_grid(ax)
        colours = {end: tinted(ACTOR_COLOURS[of], share) for end, share in _STRENGTH.items()}
        for end, colour in colours.items():
            reach = drawn[end].to_numpy() - base
            ax.barh(drawn["place"], reach, left=base, height=0.6, color=colour)
        line = ax.axvline(base, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
        name_rows(ax, places, names, heads=heads)
        for row in drawn.to_dict("records"):
            _write_ends(ax, row, base, lang)
        make_room(ax)
        low, high = ax.get_xlim()
        if low < 0 < high:
            ax.axvline(0, color=INK, linewidth=0.9, path_effects=halo(2.2))
        ax.set_title(_TITLE.text(lang))
        what = per_participant(GROUP_LABELS[of]).text(lang)
        kroner_axis(ax, lang, price_year=sensitivity.price_year, axis="x", what=what)
        line.set_label(_BASE.format(amount=hundreds(base, lang)).text(lang))
        key_row(ax, [*_patches(colours, lang), line])
        source_line(ax, beneath(sensitivity.basis, sensitivity, lang, _NOTE))
        align_with_names(ax)
        set_alt_text(ax, _alt(drawn, of, base, lang))
    return ax


def _rows(rows: pd.DataFrame, lang: Lang) -> tuple[list[str], list[float], list[int], pd.DataFrame]:
    """Return names and places of all lines, which are headings, and the rows with their places."""
    names: list[str] = []
    places: list[float] = []
    heads: list[int] = []
    parts = []
    at = 0.0
    for heading, chosen in ((_UNSURE, rows["drawn"]), (_CHOSEN, ~rows["drawn"])):
        part = rows[chosen.astype(bool)]
        if part.empty:
            continue
        heads.append(len(names))
        inside = at + 0.9 + np.arange(len(part))
        names += [heading.text(lang), *(wrapped(name, 36) for name in part[f"label_{lang}"])]
        places += [at, *inside.tolist()]
        parts.append(part.assign(place=inside))
        at = float(inside[-1]) + 1.2
    return names, places, heads, pd.concat(parts) if parts else rows.assign(place=0.0)


def _write_ends(ax: Axes, row: dict[Any, Any], base: float, lang: Lang) -> None:
    """Write the value of the assumption at the two ends of its bar, each on its own side."""
    ends = sorted((row[f"at_{end}"], end) for end in ("low", "high"))
    for (at, end), side in zip(ends, ("right", "left"), strict=True):
        # An end on the wrong side of the base line is written at that line: the two never meet.
        x = min(at, base) if side == "right" else max(at, base)
        ax.annotate(
            amount_of(row[end], row["unit"], lang), xy=(x, row["place"]),
            xytext=(-4 if side == "right" else 4, 0), textcoords="offset points", ha=side,
            va="center", fontsize=8.5, color=INK, path_effects=halo(),
        )  # fmt: skip


def _patches(colours: dict[str, tuple[float, float, float]], lang: Lang) -> list[Patch]:
    from matplotlib.patches import Patch

    labels = {"at_low": _LOW, "at_high": _HIGH}
    return [Patch(color=colour, label=labels[end].text(lang)) for end, colour in colours.items()]


def _alt(drawn: pd.DataFrame, of: str, base: float, lang: Lang) -> str:
    rows = [
        _ALT_ROW.format(
            name=row[f"label_{lang}"],
            low=amount_of(row["low"], row["unit"], lang),
            high=amount_of(row["high"], row["unit"], lang),
            at_low=hundreds(row["at_low"], lang),
            at_high=hundreds(row["at_high"], lang),
        ).text(lang)
        for row in drawn.to_dict("records")
    ]
    text = _ALT.format(
        title=_TITLE, who=GROUP_LABELS[of], base=hundreds(base, lang), rows="; ".join(rows)
    )
    return text.text(lang)
