"""SpecificationCurve: an effect by every combination of choices, in a table, words and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import interval, number, percent
from mih_impact.display.small_cells import naming_limit
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.robustness.counted import CountedCheck
from mih_impact.effects.robustness.leave_out_result import effect_on
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SpecificationCurve", "title", "words"]

_TITLE = Label(
    nb="Andre valg av kontroller og metode: {effect}",
    en="Other controls and methods: {effect}",
)
_RANGE = Label(
    nb="{n} spesifikasjoner gir effekter fra {low} til {high}, median {median}; den valgte gir "
    "{own}.",
    en="{n} specifications give effects from {low} to {high}, median {median}; the chosen one "
    "gives {own}.",
)
_ONE = Label(
    nb="1 spesifikasjon, den valgte, gir effekten {own}.",
    en="1 specification, the chosen one, gives the effect {own}.",
)
_AGREE = Label(
    nb="{same} av dem har samme fortegn som den valgte, og {significant} er dessuten forskjellige "
    "fra null ({level} konfidensintervall).",
    en="{same} of them have the sign of the chosen one, and {significant} differ from zero as well "
    "({level} confidence interval).",
)
_HIDDEN = Label(
    nb="Den valgte spesifikasjonen er skjult: for få personer.",
    en="The chosen specification is hidden: too few persons.",
)
_FAILED = Label(
    nb="{n} til har ikke noe anslag som kan vises; grunnen står i tabellen.",
    en="{n} more have no estimate that can be shown; the table says why.",
)
_WARNED = Label(nb="{n} ga en advarsel.", en="{n} gave a warning.")
_NO_TEST = Label(
    nb="De bygger på de samme dataene, og hvor mange som er enige, er ingen test.",
    en="They share the same data, and how many agree is no test.",
)
_LINES = {
    "own": Label(nb="Valgt spesifikasjon", en="Chosen specification"),
    "n": Label(nb="Spesifikasjoner med anslag", en="Specifications with an estimate"),
    "of": Label(nb="{k} av {n}", en="{k} of {n}"),
    "median": Label(nb="Median", en="Median"),
    "range": Label(nb="Fra og til", en="Range"),
    "same": Label(nb="Samme fortegn", en="Same sign"),
    "significant": Label(nb="… og forskjellig fra null", en="… and different from zero"),
}


@saveable("SpecificationCurve")
@dataclass(frozen=True, eq=False, repr=False)
class SpecificationCurve(CountedCheck):
    """An effect by every combination of choices.

    Made by `specification_curve`, which says what the table has. `passed` is None: the curve
    informs, it sets no standard.

    Attributes
    ----------
    outcome, years
        The effect: an outcome, and the year since start or those it is the mean of.
    unit
        Unit of the effect: a currency, "share" or another.
    price_year
        The year whose prices money is in.
    level
        Coverage of the intervals.
    labels
        What each value of each varied option is called: option -> text in the table -> label.
    """

    outcome: str
    years: tuple[int, ...]
    unit: AnyUnit
    price_year: int
    level: float
    labels: dict[str, dict[str, Label]]

    @property
    def median(self) -> float:
        """The median estimate; NaN where there is none."""
        estimate = _seen(self.table)["estimate"]
        return float(estimate.median()) if len(estimate) else float("nan")

    @property
    def same_sign(self) -> float:
        """Share of the estimates with the sign of the chosen specification's."""
        return float(_agree(self.table).mean()) if len(_seen(self.table)) else float("nan")

    @property
    def significant(self) -> float:
        """Share of the estimates with that sign and an interval that excludes zero."""
        both = _agree(self.table) & _differ(self.table)
        return float(both.mean()) if len(both) else float("nan")

    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return in words how far the choices matter, as a table tells it."""
        return words(table, self.unit, self.level)

    def plot(self, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the estimates by size, and beneath them the choices that each rests on."""
        from mih_impact.effects.robustness.curve_figure import plot_curve

        return plot_curve(self, ax=ax, lang=lang)

    def card_table(self, lang: Lang) -> pd.DataFrame | None:
        """Return no table: there are too many rows to read."""
        del lang
        return None

    def _card(self, lang: Lang) -> Card:
        shown = self.shown()
        seen, own = _seen(shown.table), shown.table.iloc[0]
        show = amount(self.unit)
        estimate = f"{show(own['estimate'], lang=lang)}"
        if not np.isnan(own["estimate"]):
            estimate += f" ({interval(own['conf_low'], own['conf_high'], show, lang)})"
        counts = _LINES["of"].format(
            k=number(len(seen), lang=lang), n=number(len(shown.table), lang=lang)
        )
        lines = {
            "own": estimate,
            "n": counts.text(lang),
            "median": show(shown.median, lang=lang),
            "range": interval(seen["estimate"].min(), seen["estimate"].max(), show, lang),
            "same": percent(shown.same_sign, lang=lang),
            "significant": percent(shown.significant, lang=lang),
        }
        named = tuple((_LINES[name].text(lang), text) for name, text in lines.items())
        return replace(super()._card(lang), lines=named)


def title(outcome: str, years: Sequence[int]) -> dict[str, str]:
    """Return of which effect the curve is."""
    label = _TITLE.format(effect=effect_on(outcome, years))
    return {"nb": label.nb, "en": label.en}


def words(table: pd.DataFrame, unit: AnyUnit, level: float) -> dict[str, str]:
    """Return in words how far the choices matter, in both languages."""
    return {"nb": _words(table, unit, level, "nb"), "en": _words(table, unit, level, "en")}


def _seen(table: pd.DataFrame) -> pd.DataFrame:
    return table.dropna(subset=["estimate"])


def _agree(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which estimates have the sign of the chosen specification's, the first row's."""
    estimate = _seen(table)["estimate"].to_numpy()
    return np.asarray(estimate * np.sign(table["estimate"].iloc[0]) > 0)


def _differ(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which of those intervals exclude zero."""
    seen = _seen(table)
    return np.asarray((seen["conf_low"] > 0) | (seen["conf_high"] < 0))


def _words(table: pd.DataFrame, unit: AnyUnit, level: float, lang: Lang) -> str:
    show = amount(unit)
    seen, own = _seen(table), table["estimate"].iloc[0]
    if np.isnan(own):
        return naming_limit(_HIDDEN)[lang]
    agree = _agree(table)
    parts = (
        [_ONE.format(own=show(own, lang=lang))]
        if len(seen) == 1
        else [
            _RANGE.format(
                n=number(len(seen), lang=lang),
                low=show(seen["estimate"].min(), lang=lang),
                high=show(seen["estimate"].max(), lang=lang),
                median=show(seen["estimate"].median(), lang=lang),
                own=show(own, lang=lang),
            ),
            _AGREE.format(
                same=number(int(agree.sum()), lang=lang),
                significant=number(int((agree & _differ(table)).sum()), lang=lang),
                level=percent(level, lang=lang),
            ),
        ]
    )
    failed, warned = len(table) - len(seen), int((table["warning"] != "").sum())
    if failed:
        parts.append(_FAILED.format(n=number(failed, lang=lang)))
    if warned:
        parts.append(_WARNED.format(n=number(warned, lang=lang)))
    return " ".join(part.text(lang) for part in [*parts, _NO_TEST])
