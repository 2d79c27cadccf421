"""Names: what was meant when one is almost right, and whether an actor is one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from mih_impact.economics.actors import GROUPS
from mih_impact.errors import AssumptionError

__all__ = ["nearest", "require_group"]


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


def require_group(name: str) -> int:
    """Return the position of an actor or a sum of them among `GROUPS`."""
    if name not in GROUPS:
        raise AssumptionError(
            f"The account has no actor {name!r}",
            found=", ".join(GROUPS),
            do=f"use one of these{nearest(name, GROUPS)}",
        )
    return GROUPS.index(name)
