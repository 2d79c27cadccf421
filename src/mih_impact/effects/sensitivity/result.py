"""SensitivityCheck: a check whose table is shown with it, small cells hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import (
    Formatter,
    number,
    p_equals,
    p_value,
    percent,
)
from mih_impact.display.small_cells import hide_small, is_small, naming_limit
from mih_impact.display.unit import AnyUnit, amount
from mih_impact.effects.checks.result import CheckResult
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["SensitivityCheck", "fewest_persons", "p_equals"]

_HIDDEN = Label(
    nb="Skjult: for få personer står bak tallene.",
    en="Hidden: too few persons stand behind the numbers.",
)

_FORMATS: dict[str, Formatter] = {
    "count": number,
    "ratio": partial(number, decimals=2),
    "p": p_value,
    "percent": partial(percent, decimals=1),
}


@saveable("SensitivityCheck")
@dataclass(frozen=True, eq=False, repr=False)
class SensitivityCheck(CheckResult):
    """A check that says how far an answer can be trusted, with its table.

    Made by `pretrend_power`, `rosenbaum_bounds`, `e_value`, `attrition_check` and `lee_bounds`.

    Attributes
    ----------
    keys
        The columns of the table that say what a row is of; they are never hidden.
    shows
        The columns of the card: heading and format ("count", "ratio", "p", "percent", "text",
        "amount" in the unit of the outcome, or of the row where the table has a column `unit`).
    words
        What the texts of the table are called.
    unit
        Unit of amounts: a currency, "share" or another.
    card_rows
        The rows of the table that the card shows.
    persons
        The fewest persons behind the sentence; NaN where not known. The column `persons` of the
        table, where there is one, says the same of each row.
    """

    keys: tuple[str, ...]
    shows: dict[str, tuple[Label, str]]
    words: dict[str, Label]
    unit: AnyUnit
    card_rows: tuple[int, ...]
    persons: float

    def shown(self) -> SensitivityCheck:
        """Return the check as it is displayed and saved: blank where persons are too few."""
        counts = [name for name in map(str, self.table.columns) if name.startswith("n_")]
        table, sentence = hide_small(self.table, {name: [] for name in counts}), self.sentence
        if "persons" in table:
            numbers = table.select_dtypes("number").columns.difference(list(self.keys))
            table = hide_small(table, {"persons": list(numbers.drop("persons", errors="ignore"))})
        if is_small(self.persons).any():
            sentence = naming_limit(_HIDDEN)
        return replace(self, table=table, sentence=sentence)

    def save(self, path: str | Path) -> Path:
        """Save the check as displayed; `load` gives it back."""
        return save(self.shown(), path)

    def _card(self, lang: Lang) -> Card:
        shown = self.shown()
        verdict = super()._card(lang).lines if self.passed is not None else ()
        rows = shown.table.iloc[list(self.card_rows)].to_dict("records")
        table = pd.DataFrame(
            {
                heading.text(lang): [self._cell(row, name, how, lang) for row in rows]
                for name, (heading, how) in self.shows.items()
            }
        )
        return Card(
            title=self.title[lang],
            lines=verdict,
            table=table if rows else None,
            notes=(shown.sentence[lang],),
        )

    def _cell(self, row: dict[Any, Any], name: str, how: str, lang: Lang) -> str:
        """Return one cell of the card."""
        value = row[name]
        if how == "text":
            known = self.words.get(value)
            return known.text(lang) if known is not None else str(value)
        # A table knows units by name; what the name does not say, the check knows of its own.
        unit = row.get("unit", str(self.unit))
        unit = self.unit if unit == str(self.unit) else unit
        show = amount(unit) if how == "amount" else _FORMATS[how]
        return show(value, lang=lang)


def fewest_persons(effects: EffectSeries, outcome: str, years: list[int]) -> float:
    """Return the smallest count of persons above zero behind some years; NaN where not known.

    1 where a year is hidden lest another follow from it, however many are behind it.
    """
    rows = effects.frame[
        (effects.frame["outcome"] == outcome)
        & (effects.frame["subgroup"] == effects.subgroups[0])
        & effects.frame["year_since_start"].isin(years)
    ]
    beside = effects.shown().frame.loc[rows.index, "estimate"].isna() & rows["estimate"].notna()
    if beside.any() and not is_small(rows[["n_participants", "n_controls"]]).any():
        return 1.0
    counts = rows[["n_participants", "n_controls"]].to_numpy(dtype=np.float64)
    return float(min(counts[counts > 0], default=np.nan))
