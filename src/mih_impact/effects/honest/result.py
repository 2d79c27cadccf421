"""HonestBounds: the effect's intervals by how far trends may be from parallel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, percent
from mih_impact.display.small_cells import is_small, naming_limit
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.checks.result import HIDDEN, CheckResult
from mih_impact.effects.honest.words import at_most, show_m
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HonestBounds"]

_BREAKDOWN = Label(nb="Omslagspunkt (M)", en="Breakdown value (M)")
_ORIGINAL = Label(nb="parallelle trender", en="parallel trends")
_INTERVAL = Label(nb="{level} konfidensintervall", en="{level} confidence interval")
_IDENTIFIED = Label(nb="Grenser uten utvalgsfeil", en="Bounds without sampling error")


@saveable("HonestBounds")
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
        The fewest persons behind a year of the effect; NaN where not known.
    """

    outcome: str
    restriction: str
    unit: AnyUnit
    price_year: int
    level: float
    breakdown: float
    persons: float

    def shown(self) -> HonestBounds:
        """Return the bounds as they are displayed and saved: hidden where persons are too few."""
        if not is_small(self.persons).any():
            return self
        numbers = self.table.columns.difference(["M", "method"])
        return replace(
            self,
            table=self.table.assign(**dict.fromkeys(numbers, np.nan)),
            sentence=naming_limit(HIDDEN),
            breakdown=float("nan"),
            persons=float("nan"),
        )

    def save(self, path: str | Path) -> Path:
        """Save the bounds as displayed; `load` gives them back."""
        return save(self.shown(), path)

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the interval under parallel trends, and one for each M."""
        from mih_impact.effects.honest.figures import plot_bounds

        return plot_bounds(self, ax=ax, lang=lang)

    def _card(self, lang: Lang) -> Card:
        shown = self.shown()
        show = amount(self.unit)
        rows = shown.table.to_dict("records")
        table = pd.DataFrame(
            {
                "M": [
                    show_m(row["M"], self.restriction, self.unit, lang)
                    if row["M"] == row["M"]
                    else _ORIGINAL.text(lang)
                    for row in rows
                ],
                _INTERVAL.format(level=percent(self.level, lang=lang)).text(lang): [
                    interval(row["lower"], row["upper"], show, lang) for row in rows
                ],
                _IDENTIFIED.text(lang): [
                    interval(row["identified_lower"], row["identified_upper"], show, lang)
                    for row in rows
                ],
            }
        )
        value = at_most(shown.breakdown, self.restriction, self.unit, lang)
        return Card(
            title=self.title[lang],
            lines=((_BREAKDOWN.text(lang), value),),
            table=table,
            notes=(shown.sentence[lang],),
        )
