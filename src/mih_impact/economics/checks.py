"""Small helps for messages: what was meant, when a name is almost right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["nearest"]


def nearest(name: object, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" for the closest known name, or nothing.

    Examples
    --------
    >>> nearest("munisipality", ("state", "municipality"))
    "; did you mean 'municipality'?"
    >>> nearest("xyz", ("state", "municipality"))
    ''
    """
    close = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
