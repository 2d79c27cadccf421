"""CheckResult: the outcome of a check, as a verdict, a table and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.storage import save, saveable

__all__ = ["CheckResult"]

_VERDICT = Label(nb="Resultat", en="Result")
_VERDICTS = {
    True: Label(nb="ingen forskjell påvist", en="no difference found"),
    False: Label(nb="forskjell påvist", en="difference found"),
    None: Label(nb="kan ikke testes", en="cannot be tested"),
}

HIDDEN = Label(
    nb="Skjult: for få personer står bak et av årene.",
    en="Hidden: too few persons stand behind one of the years.",
)


@saveable("CheckResult")
@dataclass(frozen=True, eq=False, repr=False)
class CheckResult(Result):
    """The outcome of a check.

    Attributes
    ----------
    name
        What was checked.
    passed
        True or False; None where the check only informs or could not be made.
    table
        What the verdict rests on.
    sentence
        The verdict in words, in both languages.
    title
        Displayed title.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    name: str
    passed: bool | None
    table: pd.DataFrame
    sentence: dict[str, str]
    title: dict[str, str]
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return what the verdict rests on."""
        return self.table.copy()

    def save(self, path: str | Path) -> Path:
        """Save the check; `load` gives it back."""
        return save(self, path)

    def _card(self, lang: Lang) -> Card:
        verdict = _VERDICTS[self.passed].text(lang)
        return Card(
            title=self.title[lang],
            lines=((_VERDICT.text(lang), verdict),),
            notes=(self.sentence[lang],),
        )
