"""A check whose rows are built on persons: few persons are hidden in what is shown and saved."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.card import Card
from mih_impact.display.labels import Lang
from mih_impact.display.numbers import NBSP, p_equals
from mih_impact.display.small_cells import is_small
from mih_impact.effects.checks.result import CheckResult
from mih_impact.storage import save

__all__ = ["CountedCheck", "p_text"]


@dataclass(frozen=True, eq=False, repr=False)
class CountedCheck(CheckResult):
    """A check with a row per estimate, its columns `n_...` counting the persons behind it."""

    #: The columns that say something about the persons counted.
    built_on_persons: ClassVar[tuple[str, ...]] = (
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "p_value",
    )

    @abstractmethod
    def words(self, table: pd.DataFrame) -> dict[str, str]:
        """Return the verdict in words, in both languages, as a table tells it."""

    @abstractmethod
    def card_table(self, lang: Lang) -> pd.DataFrame | None:
        """Return the table of the card, each cell as displayed."""

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Which rows are built on too few persons to be shown, shape (rows,)."""
        counts = [name for name in self.table.columns if name.startswith("n_")]
        small = np.array([is_small(self.table[name]) for name in counts], dtype=bool)
        return np.asarray(small.any(axis=0))

    def verdict(self, table: pd.DataFrame) -> bool | None:
        """Return whether it is passed as far as a table with hidden rows can tell."""
        del table
        return self.passed

    def shown(self) -> Self:
        """Return the check as it is displayed and saved: rows of few persons blanked.

        What is said, and the verdict, rest on the rows that are left.
        """
        small = self.hidden
        if not small.any():
            return self
        table = self.table.copy()
        for name in table.columns:
            if name.startswith("n_") or name in self.built_on_persons:
                table[name] = table[name].astype(np.float64).mask(small)
        return replace(self, table=table, sentence=self.words(table), passed=self.verdict(table))

    def _card(self, lang: Lang) -> Card:
        shown = self.shown()
        return replace(super(CountedCheck, shown)._card(lang), table=shown.card_table(lang))

    def save(self, path: str | Path) -> Path:
        """Save the check as displayed; `load` gives it back."""
        return save(self.shown(), path)


def p_text(p: float, lang: Lang) -> str:
    """Show a p-value: `p = 0,041`, or `p < 0,001` where it is smaller.

    Examples
    --------
    >>> p_text(0.0412, "nb") == "p\u00a0=\u00a00,041", p_text(0.0, "en") == "p\u00a0<\u00a00.001"
    (True, True)
    """
    return f"p{NBSP}{p_equals(p, lang)}"
