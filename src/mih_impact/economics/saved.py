"""Results of the account that hold no counts of persons: saved as they are."""

from __future__ import annotations

from pathlib import Path

from mih_impact.display.result import Result
from mih_impact.storage import save

__all__ = ["SavedResult"]


class SavedResult(Result):
    """A result per starter, in which no cell is small: what is saved is the result itself."""

    def save(self, path: str | Path) -> Path:
        """Write the result to one file; `load` gives it back."""
        return save(self, path)
