"""The rules of the panel, and what a breach of each one says and asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mih_impact.display.labels import Label

__all__ = ["Breach"]


@dataclass(frozen=True)
class Breach:
    """One rule broken by one column."""

    rule: str
    column: str
    severity: Literal["error", "warning"]
    rows: int
    what: Label
    do: Label
