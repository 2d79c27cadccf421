"""The odds: of a gain against what the programme costs, and of the year of break-even."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import number, percent
from mih_impact.display.options import language
from mih_impact.display.style import (
    ACTOR_COLOURS,
    CONTROL,
    align_with_names,
    axes,
    figure_style,
    label_line_ends,
    percent_axis,
    readable,
    set_alt_text,
    source_line,
    unit_line,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.card import break_even_text
from mih_impact.economics.figures.draws import ASKED, drawn_from
from mih_impact.economics.figures.parts import (
    INK,
    RULE,
    halo,
    wrapped,
)
from mih_impact.economics.labels import hundreds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.uncertainty.result import Uncertainty

__all__ = ["plot_acceptability", "plot_break_even"]

_ODDS = Label(
    nb="Hvor dyrt kan tiltaket bli og fortsatt lønne seg?",
    en="How costly can the programme be and still pay off?",
)
_ODDS_WHAT = Label(nb="sannsynlighet for gevinst", en="probability of a gain")
_COST = Label(
    nb="tiltakskostnad per deltaker, nåverdi i 1\u00a0000\u00a0kr, faste {year}-priser",
    en="programme cost per participant, present value in NOK\u00a0thousand, fixed {year} prices",
)
_BASE_COST = Label(nb="grunnlaget:\n{cost}", en="base:\n{cost}")
_SCALED = Label(
    nb="Alle ressurser skaleres likt; tilskudd og hvem som betaler, ligger fast.",
    en="All resources are scaled alike; grants, and who pays, are held.",
)
_ODDS_ALT = Label(
    nb="{title} Sannsynlighet for gevinst ved grunnlagets kostnad {cost}: {base}. Ved {most}:"
    " {last}.",
    en="{title} Probability of a gain at the base cost of {cost}: {base}. At {most}: {last}.",
)
_ODDS_LINES: dict[str, Any] = {"society": "-", "state": (0, (5, 2)), "municipality": (0, (1, 1.2))}

_WHEN = Label(nb="Når blir det lønnsomt?", en="When does it break even?")
_WHEN_WHAT = Label(
    nb="sannsynlighet for at det er lønnsomt fra dette året",
    en="probability that it breaks even in that year",
)
_YEARS = Label(nb="år siden oppstart", en="years since start")
_NEVER = Label(nb="ikke innen\n{years} år", en="not within\n{years} years")
_LESS = Label(nb="<\u00a01\u00a0%", en="<\u00a01%")
_TALL = 0.72  # height of a certainty, in rows


def plot_acceptability(
    uncertainty: Uncertainty, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the probability of a gain against the programme's cost per participant.

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

    Raises
    ------
    AssumptionError
        The programme has no costs to scale.
    """
    lang = language(lang)
    frame = uncertainty.acceptability()
    with figure_style():
        ax = axes(ax)
        ax.axvline(uncertainty.cost, color=CONTROL, linewidth=1.2, label="_base")
        for group, dashes in _ODDS_LINES.items():
            rows = frame[frame["actor"] == group]
            ax.plot(
                rows["cost_per_participant"], rows["probability_positive"], linestyle=dashes,
                color=ACTOR_COLOURS[group], label=GROUP_LABELS[group].text(lang), clip_on=False,
            )  # fmt: skip
        ax.set_ylim(0, 1)
        most = float(frame["cost_per_participant"].max())
        ax.set_xlim(0, most)
        # No tick at the very end, where a line that ends at nothing has its name.
        ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 0.93 * most])
        ax.set_yticks(np.linspace(0, 1, 6))
        ax.xaxis.set_major_formatter(lambda value, _: number(value / 1000, 0, lang))
        ax.set_xlabel(capital(_COST.format(year=uncertainty.price_year).text(lang)))
        ax.annotate(
            _BASE_COST.format(cost=hundreds(uncertainty.cost, lang)).text(lang),
            xy=(uncertainty.cost, 0.04), xytext=(6, 0), textcoords="offset points", fontsize=9,
            color=readable(CONTROL), ha="left", va="bottom", path_effects=halo(),
        )  # fmt: skip
        ax.set_title(_ODDS.text(lang))
        percent_axis(ax, lang, what=_ODDS_WHAT.text(lang))
        source_line(ax, drawn_from(uncertainty, lang, _SCALED))
        label_line_ends(ax)
        set_alt_text(ax, _odds_alt(uncertainty, frame, lang))
    return ax


def plot_break_even(
    uncertainty: Uncertainty, *, ax: Axes | None = None, lang: Lang | None = None
) -> Axes:
    """Draw the distribution of break-even, never within the horizon included.

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
    frame = uncertainty.break_even_frame()
    horizon = uncertainty.horizon
    years = np.append(np.arange(horizon), horizon + 0.4)  # a gap before never
    with figure_style():
        ax = axes(ax)
        ax.grid(visible=False)
        for row, group in enumerate(ASKED):
            share = frame.loc[frame["actor"] == group, "probability"].to_numpy()
            bottom = float(len(ASKED) - 1 - row)
            ax.axhline(bottom, color=RULE, linewidth=0.8)
            ax.bar(years, share * _TALL, bottom=bottom, width=0.72, color=ACTOR_COLOURS[group])
            _write_shares(ax, years, share, bottom, lang)
        ax.set_ylim(-0.05, len(ASKED) - 0.05)
        names = [wrapped(GROUP_LABELS[group].text(lang), 18) for group in ASKED]
        ax.set_yticks([len(ASKED) - 1 - row + 0.2 for row in range(len(ASKED))], names)
        ax.axvline(horizon - 0.3, color=CONTROL, linewidth=0.9, linestyle=(0, (2, 3)))
        never = _NEVER.format(years=horizon).text(lang)
        ax.set_xticks(years, [*(number(year, lang=lang) for year in years[:-1]), never])
        ax.set_xlabel(capital(_YEARS.text(lang)))
        ax.set_title(_WHEN.text(lang))
        unit_line(ax, _WHEN_WHAT.text(lang))
        source_line(ax, drawn_from(uncertainty, lang))
        align_with_names(ax)
        set_alt_text(ax, _when_alt(uncertainty, frame, lang))
    return ax


def _write_shares(
    ax: Axes, years: np.ndarray, share: np.ndarray, bottom: float, lang: Lang
) -> None:
    """Write each probability above its bar; a rare one is no zero, and none is not written."""
    for year, part in zip(years, share, strict=True):
        if part > 0:
            text = percent(part, 0, lang) if part >= 0.005 else _LESS.text(lang)
            ax.annotate(
                text, xy=(year, bottom + part * _TALL), xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom", fontsize=8.5, color=INK,
            )  # fmt: skip


def _odds_alt(uncertainty: Uncertainty, frame: pd.DataFrame, lang: Lang) -> str:
    at_base = uncertainty.acceptability([uncertainty.cost])
    most = float(frame["cost_per_participant"].max())

    def said(rows: pd.DataFrame) -> str:
        shares = rows.set_index("actor")["probability_positive"]
        return ", ".join(
            f"{GROUP_LABELS[group].text(lang)} {percent(shares[group], 1, lang)}"
            for group in _ODDS_LINES
        )

    text = _ODDS_ALT.format(
        title=_ODDS, cost=hundreds(uncertainty.cost, lang), base=said(at_base),
        most=hundreds(most, lang), last=said(frame[frame["cost_per_participant"] == most]),
    )  # fmt: skip
    return text.text(lang)


def _when_alt(uncertainty: Uncertainty, frame: pd.DataFrame, lang: Lang) -> str:
    parts = []
    for group in ASKED:
        rows = frame[(frame["actor"] == group) & (frame["probability"] > 0)]
        shares = [
            f"{_year_text(year, uncertainty.horizon, lang)} {percent(share, 1, lang)}"
            for year, share in zip(rows["year_since_start"], rows["probability"], strict=True)
        ]
        parts.append(f"{GROUP_LABELS[group].text(lang)}: {', '.join(shares)}")
    return f"{_WHEN.text(lang)} {capital(_WHEN_WHAT.text(lang))}. {'; '.join(parts)}."


def _year_text(year: Any, horizon: int, lang: Lang) -> str:
    return break_even_text(None if pd.isna(year) else int(year), horizon, lang)
