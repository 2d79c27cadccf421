"""PanelReport: every breach of the contract, found in one pass, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.result import Result
from mih_impact.errors import PanelContractError
from mih_impact.panel.rules import Breach

__all__ = ["PanelReport"]


@dataclass(frozen=True, eq=False)
class PanelReport(Result):
    """placeholder."""

    breaches: tuple[Breach, ...]

    def _card(self, lang: Lang) -> Card:
        return Card("x")
