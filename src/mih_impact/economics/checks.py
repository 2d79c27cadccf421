"""What the parts of an account must be: names, displayed texts, lists of parts, actors."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.actors import GROUPS
from mih_impact.errors import AssumptionError

__all__ = ["nearest", "require_group", "require_members", "require_named"]

_T = TypeVar("_T")

#: Characters of a displayed name: a line and a half of a memo.
LONGEST_NAME = 150


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
    if not isinstance(name, str) or name not in GROUPS:
        raise AssumptionError(
            f"The account has no actor {arguments.shown(name)}",
            found=", ".join(GROUPS),
            do=f"use one of these{nearest(name, GROUPS)}",
        )
    return GROUPS.index(name)


def require_named(what: str, name: Any, *texts: Any) -> None:
    """Raise unless a part of an account has a name, and each displayed text is in two languages.

    The first text is what the part is called; others may be sentences.
    """
    if not isinstance(name, str) or not name.strip():
        raise AssumptionError(
            f"{what} has no name",
            found=f"name={arguments.shown(name)}",
            do="give it a short name in English, such as name='school'",
        )
    for text in texts:
        if not isinstance(text, Label):
            raise AssumptionError(
                f"{what} {name!r} has a displayed text that is not in two languages",
                found=arguments.shown(text),
                do="write mih.Label(nb='...', en='...')",
            )
    longest = max((len(text) for label in texts[:1] for text in (label.nb, label.en)), default=0)
    if longest > LONGEST_NAME:
        raise AssumptionError(
            f"{what} {name!r} has a displayed name that no table or figure has room for",
            found=f"{longest} characters",
            do=f"give it a name of at most {LONGEST_NAME} characters",
        )


def require_members(what: str, given: Any, kind: type[_T], example: str) -> tuple[_T, ...]:
    """Return a list of parts as a tuple, or raise saying what they are."""
    listed = arguments.listed(given)
    other = [each for each in listed or () if not isinstance(each, kind)]
    if listed is None or other:
        raise AssumptionError(
            f"{what} are a list of {kind.__name__}",
            found=arguments.shown(other[0] if other else given),
            do=f"write {example}",
        )
    return tuple(listed)
