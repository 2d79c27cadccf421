"""The cash of one municipality: components stacked about zero, the net on top."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import thousands
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    CONTROL,
    OKABE_ITO,
    axes,
    figure_style,
    kroner_axis,
    set_alt_text,
    source_line,
)
from mih_impact.economics.budget.municipality_result import COMPONENTS, NET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.budget.municipality_result import MunicipalityView

__all__ = ["plot_municipality"]

_LOOKS = {
    "apprentice_pay": (OKABE_ITO["vermillion"], ""),
    "apprentice_on_costs": (OKABE_ITO["vermillion"], "////"),
    "grant": (OKABE_ITO["orange"], ""),
    "in_kind": (OKABE_ITO["purple"], "...."),
    "programme": (CONTROL, ""),
    "tax_kept": (OKABE_ITO["green"], ""),
    "benefits": (OKABE_ITO["sky"], "////"),
}
_TITLE = Label(nb="Kommunens kasse, år for år", en="The municipality's cash, year by year")
_NET = Label(nb="netto i kassen", en="net cash")
_YEARS = Label(nb="År siden første oppstart", en="Years since the first start")
_SOURCE = Label(
    nb="{programme}. Bare penger kommunen betaler eller får. Strek: 95\u00a0% intervall for netto."
    " Det stillingene etterpå koster og gir, er ikke med.",
    en="{programme}. Only money that the municipality pays or receives. Line: 95% interval of the"
    " net. What the posts afterwards cost and give is left out.",
)
_INK = "#222222"

#: Letters of a component on one line.
_WIDTH = 26


def plot_municipality(
    view: MunicipalityView, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw each component by year, outlays below zero and receipts above, and the net.

    Parameters
    ----------
    view
        The view of the municipality.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    wide = view.table.pivot(index="component", columns="year", values="amount")
    years = np.array(view.years)
    net = view.table[view.table["component"] == NET]
    with figure_style():
        ax = axes(ax, size=(9.0, 4.6))
        bases = np.zeros((2, len(years)))  # under zero, above zero
        for name, label in COMPONENTS.items():
            amount = wide.loc[name].to_numpy()
            if not amount.any():
                continue
            side = (amount > 0).astype(int)
            bottom = bases[side, np.arange(len(years))]
            colour, hatch = _LOOKS[name]
            ax.bar(
                years, amount, bottom=bottom, width=0.62, color=colour, hatch=hatch,
                edgecolor="white", linewidth=0, label=textwrap.fill(label.text(lang), _WIDTH),
            )  # fmt: skip
            bases[side, np.arange(len(years))] += amount
        low, high = net["conf_low"].to_numpy(), net["conf_high"].to_numpy()
        ax.vlines(years, low, high, color=_INK, linewidth=1.3)
        ax.plot(
            years, net["amount"], "D", color="white", markeredgecolor=_INK, markersize=6,
            markeredgewidth=1.4, label=_NET.text(lang),
        )  # fmt: skip
        ax.axhline(0, color=_INK, linewidth=0.8)
        ax.set_xticks(years, [str(year) for year in years])
        if not view.calendar:
            ax.set_xlabel(_YEARS.text(lang))
        ax.set_title(_TITLE.text(lang))
        kroner_axis(ax, lang, price_year=view.price_year, what=capital(view.what().text(lang)))
        source = _SOURCE.format(programme=view.programme).text(lang)
        source_line(ax, " ".join(filter(None, [source, evidence_of(view, lang)])))
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8.5, handlelength=1.2)
        values = ", ".join(
            f"{year} {thousands(value, 0, lang)}"
            for year, value in zip(years, net["amount"], strict=True)
        )
        set_alt_text(ax, f"{_TITLE.text(lang)}. {capital(_NET.text(lang))}: {values}.")
    return ax
