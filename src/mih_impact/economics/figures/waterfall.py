"""The waterfall: from the simplified account to R-109, and on to public budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang
from mih_impact.display.options import language
from mih_impact.display.style import (
    ACTOR_COLOURS,
    align_with_names,
    axes,
    figure_style,
    kroner_axis,
    make_room,
    set_alt_text,
    source_line,
)
from mih_impact.economics.figures.parts import (
    INK,
    beneath,
    halo,
    name_rows,
    signed,
    upright_grid,
    wrapped,
)
from mih_impact.economics.labels import hundreds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.bridge import Bridge

__all__ = ["plot_bridge"]

_TITLE = Label(
    nb="Fra forenklet regnskap til R-109 og offentlige budsjetter",
    en="From the simplified account to R-109 and public budgets",
)
_WHAT = Label(nb="Nåverdi per deltaker", en="Present value per participant")
_NOTE = Label(
    nb="Fulle søyler: regnskap. Flytende: ledd som legges til eller trekkes fra, i fargen til den"
    " det gjelder.",
    en="Full bars: accounts. Floating: terms added or taken away, in the colour of whose they are.",
)
#: Terms that belong to somebody whose name they do not bear.
_OWNERS = {
    "simplified": "society",
    "tax_financing": "rest_of_society",
}
_NOBODY = "#C4C4C4"
_HEIGHT = 0.62


def plot_bridge(bridge: Bridge, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw the walk as a waterfall, from the top.

    Parameters
    ----------
    bridge
        The walk.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    rows = bridge.shown()
    places = np.arange(len(rows), dtype=float)
    ends = rows["running_sum"].to_numpy()
    is_total = (rows["kind"] == "total").to_numpy()
    begins = np.where(is_total, 0.0, ends - rows["amount"].to_numpy())
    colours = [ACTOR_COLOURS.get(_OWNERS.get(term, term), _NOBODY) for term in rows["term"]]
    with figure_style():
        ax = axes(ax, size=(7.2, 1.7 + 0.4 * len(rows)))
        upright_grid(ax)
        ax.barh(places, ends - begins, left=begins, height=_HEIGHT, color=colours)
        edge = _HEIGHT / 2
        ax.vlines(ends[:-1], places[:-1] + edge, places[1:] - edge, color=INK, linewidth=0.9)
        ax.axvline(0, color=INK, linewidth=0.8)
        name_rows(ax, places, [wrapped(name, 34) for name in rows[f"label_{lang}"]])
        for place, amount, total, right in zip(
            places, rows["amount"], is_total, np.maximum(begins, ends), strict=True
        ):
            ax.annotate(
                hundreds(amount, lang) if total else signed(amount, lang), xy=(right, place),
                xytext=(5, 0), textcoords="offset points", ha="left", va="center", fontsize=9,
                color=INK, fontweight="bold" if total else "normal", path_effects=halo(),
            )  # fmt: skip
        make_room(ax)
        ax.set_title(_TITLE.text(lang))
        kroner_axis(ax, lang, price_year=bridge.price_year, axis="x", what=_WHAT.text(lang))
        source_line(ax, beneath(bridge.basis, bridge, lang, _NOTE))
        align_with_names(ax)
        set_alt_text(ax, _alt(bridge, lang))
    return ax


def _alt(bridge: Bridge, lang: Lang) -> str:
    parts = [
        f"{row[f'label_{lang}']} "
        + (hundreds if row["kind"] == "total" else signed)(row["amount"], lang)
        for row in bridge.shown().to_dict("records")
    ]
    return f"{_TITLE.text(lang)}: {'; '.join(parts)}."
