"""HonestBounds: the effect's intervals by how far trends may be from parallel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.figure import (
    CONTROL,
    PARTICIPANT,
    axes,
    figure_style,
    set_alt_text,
    source_line,
    unit_axis,
)
from mih_impact.display.locale import Label, Lang, both, in_language, language
from mih_impact.display.numbers import NOT_AVAILABLE, currency, interval, number, percent
from mih_impact.display.result import Card, evidence_of, is_small, naming_limit
from mih_impact.display.unit import SHARE, AnyUnit, difference, is_money, points
from mih_impact.effects.check_result import HIDDEN, CheckResult
from mih_impact.panel.contract import label_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HonestBounds", "at_most", "plot_bounds", "sentence", "show_m", "title"]

_TITLE = Label(
    nb="Robuste grenser for effekten på {outcome}, {which}",
    en="Honest bounds on the effect on {outcome}, {which}",
)
_ONE = Label(nb="år {years}", en="year {years}")
_AVERAGE = Label(nb="gjennomsnitt av år {years}", en="average of years {years}")
_SUM = Label(nb="vektet sum av år {years}", en="weighted sum of years {years}")
_HOLDS = {
    "relative_magnitudes": Label(
        nb="Effekten er forskjellig fra null så lenge avviket fra parallelle trender etter "
        "oppstart, fra ett år til det neste, er høyst {M} ganger det største før oppstart.",
        en="The effect differs from zero as long as the deviation from parallel trends after "
        "start, from one year to the next, is at most {M} times the largest before start.",
    ),
    "smoothness": Label(
        nb="Effekten er forskjellig fra null så lenge avviket fra parallelle trender endrer "
        "stigning med høyst {M} fra ett år til det neste.",
        en="The effect differs from zero as long as the slope of the deviation from parallel "
        "trends changes by at most {M} from one year to the next.",
    ),
}
_FAILS = {
    "relative_magnitudes": Label(
        nb="Effekten kan ikke skilles fra null, selv med parallelle trender etter oppstart.",
        en="The effect cannot be told from zero, even with parallel trends after start.",
    ),
    "smoothness": Label(
        nb="Effekten kan ikke skilles fra null, selv om avviket fra parallelle trender følger en "
        "rett linje.",
        en="The effect cannot be told from zero, even if the deviation from parallel trends is a "
        "straight line.",
    ),
}
_MATCHED = Label(
    nb=" Matchede år før oppstart ({years}) sier ingenting om trenden og er holdt utenfor.",
    en=" Matched years before start ({years}) say nothing of the trend and are left out.",
)
_AHEAD = Label(
    nb=" Deltakerne kan ha reagert på forhånd: alt fra og med år {first} regnes som etter "
    "oppstart.",
    en=" Participants may have responded in advance: all from year {first} on counts as after "
    "start.",
)


def title(outcome: str, post: Sequence[int], weights: Sequence[float]) -> dict[str, str]:
    """Return what is bounded, in words."""
    used = [(int(year), w) for year, w in zip(post, weights, strict=True) if w]
    years = [year for year, _ in used]
    if len(years) == 1 and used[0][1] == 1.0:
        which = _ONE
    elif all(math.isclose(w, 1.0 / len(years)) for _, w in used):
        which = _AVERAGE
    else:
        which = _SUM
    run = years == list(range(years[0], years[-1] + 1)) and len(years) > 1
    text = f"{years[0]}–{years[-1]}" if run else ", ".join(map(str, years))
    label = _TITLE.format(outcome=label_of(outcome), which=which.format(years=text))
    return label.texts()


def sentence(
    restriction: str,
    unit: AnyUnit,
    breakdown: float,
    *,
    matched: Sequence[int],
    anticipation: int = 0,
) -> dict[str, str]:
    """Return the breakdown value in words; it is rounded down, so that the sentence is true."""

    def text() -> str:
        holds = breakdown == breakdown
        label = (_HOLDS if holds else _FAILS)[restriction]
        first = label.format(M=at_most(breakdown, restriction, unit)).text()
        if anticipation:
            first += _AHEAD.format(first=number(-anticipation)).text()
        if not matched:
            return first
        years = ", ".join(number(year) for year in matched)
        return first + _MATCHED.format(years=years).text()

    return both(text).texts()


def at_most(M: float, restriction: str, unit: AnyUnit) -> str:
    """Show a breakdown value rounded down to two digits; what is not a number is not available."""
    if not M > 0.0:
        return NOT_AVAILABLE
    digit = 10.0 ** (math.floor(math.log10(M)) - 1)
    return show_m(math.floor(M / digit + 1e-9) * digit, restriction, unit)


def show_m(M: Any, restriction: str, unit: AnyUnit) -> str:
    """Show one M with as many decimals as it has, up to three, or as fit its unit."""
    smooth = restriction == "smoothness"
    if smooth and not is_money(unit) and str(unit) != SHARE:
        return difference(unit)(M)
    scale = 100.0 if smooth and str(unit) == SHARE else 1.0
    whole = (d for d in range(3) if math.isclose(M * scale, round(M * scale, d), abs_tol=1e-9))
    decimals = next(whole, 3)
    if not smooth:
        return number(M, decimals)
    if str(unit) == SHARE:
        return points(M, decimals)
    return currency(M, str(unit), decimals=decimals)


_BREAKDOWN = Label(nb="Omslagspunkt (M)", en="Breakdown value (M)")
_ORIGINAL = Label(nb="parallelle trender", en="parallel trends")
_INTERVAL = Label(nb="{level} konfidensintervall", en="{level} confidence interval")
_IDENTIFIED = Label(nb="Grenser uten utvalgsfeil", en="Bounds without sampling error")


@dataclass(frozen=True, eq=False, repr=False)
class HonestBounds(CheckResult):
    """Bounds on an effect by how far participants and controls may be from parallel trends.

    Made by `honest_bounds`. `passed` is None: the bounds inform, they set no standard.

    Attributes
    ----------
    table
        A row for the interval under parallel trends (`M` missing, method "original") and one for
        each M: `M, lower, upper, identified_lower, identified_upper, method`.
    outcome
        The outcome.
    restriction
        "smoothness" or "relative_magnitudes".
    unit
        Unit of the effect, and of M under smoothness (per year): a currency, "share"
        or another.
    price_year
        The year whose prices money is in.
    level
        Coverage of the intervals.
    breakdown
        The least M at which the interval includes zero; NaN where it does so at M = 0.
    persons
        The fewest persons behind a year of the effect, or a year before start that informs on it;
        NaN where not known.
    """

    outcome: str
    restriction: str
    unit: AnyUnit
    price_year: int
    level: float
    breakdown: float
    persons: float

    def shown(self) -> HonestBounds:
        """Return the bounds as they are displayed and saved: hidden where persons are too few.

        With them go the M, which are chosen by the estimates where nobody gave them.
        """
        if not is_small(self.persons).any():
            return self
        numbers = self.table.columns.difference(["M", "method"])
        options = {name: value for name, value in self.provenance.options.items() if name != "M"}
        return replace(
            self,
            table=self.table.head(1).assign(**dict.fromkeys(numbers, np.nan)),
            sentence=naming_limit(HIDDEN),
            provenance=replace(self.provenance, options=options),
            breakdown=float("nan"),
            persons=float("nan"),
        )

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the interval under parallel trends, and one for each M."""
        with in_language(lang):
            return plot_bounds(self, ax=ax)

    def _card(self) -> Card:
        lang = language()
        shown = self.shown()
        show = difference(self.unit)
        rows = shown.table.to_dict("records")
        table = pd.DataFrame(
            {
                "M": [
                    show_m(row["M"], self.restriction, self.unit)
                    if row["M"] == row["M"]
                    else _ORIGINAL.text()
                    for row in rows
                ],
                _INTERVAL.format(level=percent(self.level)).text(): [
                    interval(row["lower"], row["upper"], show) for row in rows
                ],
                _IDENTIFIED.text(): [
                    interval(row["identified_lower"], row["identified_upper"], show) for row in rows
                ],
            }
        )
        value = at_most(shown.breakdown, self.restriction, self.unit)
        return Card(
            title=self.title[lang],
            lines=((_BREAKDOWN.text(), value),),
            table=table,
            notes=(shown.sentence[lang],),
        )


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


def plot_bounds(bounds: HonestBounds, *, ax: Axes | None = None) -> Axes:
    """Draw the interval under parallel trends in grey, and then one for each M.

    Parameters
    ----------
    bounds
        The bounds.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.axes.Axes
    """
    lang = language()
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
        names = [show_m(m, bounds.restriction, bounds.unit) for m in table["M"][1:]]
        ax.set_xticks(place, [_PARALLEL.text(), *names])
        ax.set_xlim(-0.5, len(table) - 0.5)
        ax.set_title(bounds.title[lang])
        ax.set_xlabel(_ACROSS[bounds.restriction].text())
        what = _EFFECT.format(outcome=label_of(bounds.outcome)).text()
        unit_axis(ax, unit=bounds.unit, price_year=bounds.price_year, what=what)
        note = _NOTE.format(level=percent(bounds.level)).text()
        source = " ".join(filter(None, [note, shown.sentence[lang], evidence_of(bounds)]))
        source_line(ax, source)
        set_alt_text(ax, f"{bounds.title[lang]}. {shown.sentence[lang]}")
    return ax
