"""The cash entries of the ledger: whose money, on which budget line, in which block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.economics.actors import PUBLIC
from mih_impact.economics.books import Books
from mih_impact.economics.budget.lines import block_of, known_line
from mih_impact.economics.ledger import Line

__all__ = ["OUTSIDE", "SAVINGS", "Entries", "Entry", "block_for", "cash_entries"]

FloatArray = NDArray[np.float64]

#: The block of those who have no public budget.
OUTSIDE = "outside"

#: What controls' own measures would have cost: a grant of another ministry, saved there. It lowers
#: no grant that the programme needs, so it is kept apart from them.
SAVINGS = "savings"

_COVER = Label(nb="inndekning av {what}", en="cover for {what}")


@dataclass(frozen=True)
class Entry:
    """One side of a cash flow.

    Attributes
    ----------
    actor, block
        Whose money, and in which block of the budgets.
    line
        The flow of the ledger.
    covers
        Whether it is the state's cover of somebody else's grant.
    """

    actor: str
    block: str
    line: Line
    covers: bool = False

    def row(self) -> dict[str, str]:
        """Return what the entry is, for tables."""
        known = known_line(self.line.budget_line)
        label = _COVER.format(what=self.line.label) if self.covers else self.line.label
        return {
            "actor": self.actor,
            "department": "" if known is None else known.department,
            "budget_line": self.line.budget_line,
            "label_nb": label.nb,
            "label_en": label.en,
            "posts": "" if known is None else ", ".join(str(post) for post in known.posts),
            "block": self.block,
            "component": ("cover:" if self.covers else "") + self.line.component,
            "source": self.line.source,
        }


@dataclass(frozen=True, eq=False)
class Entries:
    """Entries with their flows.

    Attributes
    ----------
    entries
        The E entries.
    fixed, driven
        Flows that no effect drives, and those that one does, shape (..., E, T): NOK per starter by
        year since start, plus is more money for the actor of the entry.
    """

    entries: tuple[Entry, ...]
    fixed: FloatArray
    driven: FloatArray


def cash_entries(
    books: Books, effects: FloatArray, changes: Mapping[str, Any], covered: Sequence[str] = ()
) -> Entries:
    """Return the cash flows per starter by year since start, entry by entry.

    Parameters
    ----------
    books
        The books of the account.
    effects
        Effects, shape (..., R, S).
    changes
        Assumptions changed, one value each or a stack.
    covered
        Local budgets whose outlays the state covers.

    Notes
    -----
    Cover is of what a budget pays, year by year, and not of what it receives: the apprentice grant
    that a municipality is paid stays its own whoever covers its outlays.
    """
    ledger = books.ledger(changes)
    entries: list[Entry] = []
    places: list[int] = []
    signs: list[float] = []

    def add(entry: Entry, place: int, sign: float) -> None:
        entries.append(entry)
        places.append(place)
        signs.append(sign)

    for place, line in enumerate(ledger.lines):
        for actor, sign in ((line.receiver, 1.0), (line.payer, -1.0)):
            if actor is None or not line.cash:
                continue
            block = block_for(line, actor)
            add(Entry(actor, block, line), place, sign)
            if actor in covered and block == "grants" and not _received(line, actor):
                add(Entry(actor, block, line, covers=True), place, -sign)
                add(Entry("state", block, line, covers=True), place, sign)
    sides = np.array(signs)[:, None]
    driven = ledger.coefficients @ books.path(effects, changes)
    return Entries(
        tuple(entries), sides * ledger.constants[..., places, :], sides * driven[..., places, :]
    )


def block_for(line: Line, actor: str) -> str:
    """Return the block in which a flow stands with one of its sides."""
    if actor not in PUBLIC:
        return OUTSIDE
    return SAVINGS if line.component == "avoided_measures" else block_of(line)


def _received(line: Line, actor: str) -> bool:
    """Return whether a flow is a grant paid to the actor by another."""
    return line.payer is not None and actor == line.receiver
