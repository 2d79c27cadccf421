"""Three blocks of the budgets side by side, year by year, never netted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import millions
from mih_impact.display.options import language
from mih_impact.display.result import evidence_of
from mih_impact.display.style import (
    OKABE_ITO,
    axes,
    figure_style,
    kroner_axis,
    set_alt_text,
    source_line,
)
from mih_impact.economics.budget.result import BLOCK_LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.budget.result import BudgetImpact

__all__ = ["plot_budget"]

_COLOURS = {
    "grants": OKABE_ITO["vermillion"],
    "rule_bound": OKABE_ITO["sky"],
    "revenue": OKABE_ITO["green"],
    "savings": OKABE_ITO["orange"],
}
_HATCHES = {"grants": "", "rule_bound": "////", "revenue": "", "savings": "...."}
_TITLE = Label(
    nb="Hva skjer på budsjettene, år for år?", en="What happens to the budgets, year by year?"
)
_WHAT = Label(nb="Offentlige budsjetter, {prices}", en="Public budgets, {prices}")
_BASIS = Label(
    nb="{programme}, {starters}. Bare penger som betales. Delene skal ikke slås sammen."
    " Strek: 95\u00a0% intervall.",
    en="{programme}, {starters}. Only money that is paid. The parts are not to be added"
    " together. Line: 95% interval.",
)
_COHORTS = Label(nb="{n} starter i {year}", en="{n} starters in {year}")
_ALT = Label(nb="{block}: {values}", en="{block}: {values}")


def plot_budget(impact: BudgetImpact, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
    """Draw the amounts of all public budgets in each block.

    Parameters
    ----------
    impact
        The budget impact.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    frame = impact.by_block()
    public = frame[frame["actor"] == "public"]
    blocks = [block for block in BLOCK_LABELS if (public["block"] == block).any()]
    years, width = np.array(impact.years), 0.78 / len(blocks)
    alt = []
    with figure_style():
        ax = axes(ax)
        for place, block in enumerate(blocks):
            own = public[public["block"] == block].set_index("year").loc[years]
            at = years + (place - (len(blocks) - 1) / 2) * width
            amount = own["amount"].to_numpy()
            ax.bar(
                at, amount, width=0.92 * width, color=_COLOURS[block], hatch=_HATCHES[block],
                edgecolor="white", linewidth=0, label=BLOCK_LABELS[block].text(lang),
            )  # fmt: skip
            low, high = own["conf_low"].to_numpy(), own["conf_high"].to_numpy()
            moved = (high - low) > 0.5
            ax.vlines(at[moved], low[moved], high[moved], color="#222222", linewidth=1.1)
            values = ", ".join(
                f"{year} {millions(value, 0, lang)}"
                for year, value in zip(years, amount, strict=True)
            )
            alt.append(_ALT.format(block=BLOCK_LABELS[block], values=values).text(lang))
        ax.axhline(0, color="#222222", linewidth=0.8)
        ax.set_xticks(years, [str(year) for year in years])
        ax.set_title(_TITLE.text(lang))
        ax.legend(loc="upper left", fontsize=8.5, handlelength=1.2)
        kroner_axis(ax, lang, what=_WHAT.format(prices=impact.prices).text(lang))
        source_line(ax, _basis(impact, lang))
        set_alt_text(ax, f"{_TITLE.text(lang)} {'. '.join(alt)}.")
    return ax


def _basis(impact: BudgetImpact, lang: Lang | None) -> str:
    cohorts = ", ".join(
        _COHORTS.format(n=f"{n:g}", year=year).text(lang) for year, n in impact.starters.items()
    )
    text = _BASIS.format(programme=impact.programme, starters=cohorts).text(lang)
    return " ".join(filter(None, [text, evidence_of(impact, language(lang))]))
