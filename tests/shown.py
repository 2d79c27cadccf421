"""Numbers as they are shown in a language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mih_impact.display.locale import Lang, in_language


def shown_in(lang: Lang, show: Callable[..., str], *values: Any) -> str:
    """Return what `show` makes of the values in a language."""
    with in_language(lang):
        return show(*values)
