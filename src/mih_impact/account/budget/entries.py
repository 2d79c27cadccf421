"""The cash entries of the ledger: whose money, on which budget line, in which block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.account.budget.lines import block_of, known_line
from mih_impact.account.ledger import FloatArray, Line
from mih_impact.account.roles import PUBLIC
from mih_impact.account.rules import AccountModel
from mih_impact.display.locale import Label

__all__ = [
    "BLOCKS",
    "OUTSIDE",
    "SAVINGS",
    "BlockSums",
    "Entries",
    "Entry",
    "block_for",
    "block_frame",
    "block_sums",
    "cash_entries",
    "entry_frame",
    "peak_frame",
    "surplus_frame",
    "total_frame",
]


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
    model: AccountModel,
    effects: FloatArray,
    changes: Mapping[str, Any],
    covered: Sequence[str] = (),
) -> Entries:
    """Return the cash flows per starter by year since start, entry by entry.

    Parameters
    ----------
    model
        The model of the account.
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
    ledger = model.ledger(changes)
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
    driven = ledger.coefficients @ model.path(effects, changes)
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


#: What a budget document keeps apart, and this library never nets.
BLOCKS = ("grants", "rule_bound", "revenue")

_LEVELS = [0.025, 0.975]

#: A sum smaller than this share of its terms is rounding, and nought.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class BlockSums:
    """Sums by block and budget, at the estimates and draw by draw.

    Attributes
    ----------
    keys
        The K pairs of block and budget; `public` is the sum of the three.
    years
        The Y calendar years.
    point
        Amounts at the estimates, shape (K, Y).
    drawn
        The same for n draws, shape (n, K, Y); None where the effects have no covariance.
    """

    keys: tuple[tuple[str, str], ...]
    years: tuple[int, ...]
    point: FloatArray
    drawn: FloatArray | None


def entry_frame(
    entries: Sequence[Entry], amounts: FloatArray, years: tuple[int, ...]
) -> pd.DataFrame:
    """Return a row per entry and calendar year; `amounts` has shape (E, Y)."""
    columns = [
        "actor", "department", "budget_line", "label_nb", "label_en", "posts", "block", "component",
        "source",
    ]  # fmt: skip
    rows = pd.DataFrame([entry.row() for entry in entries], columns=columns, dtype=object)
    frame = rows.loc[np.repeat(rows.index, len(years))].reset_index(drop=True)
    frame.insert(0, "year", np.tile(np.array(years), len(rows)))
    frame.insert(len(frame.columns) - 1, "amount", amounts.ravel() + 0.0)
    return frame


def block_sums(
    point: tuple[Sequence[Entry], FloatArray],
    drawn: tuple[Sequence[Entry], FloatArray] | None,
    years: tuple[int, ...],
) -> BlockSums:
    """Return entries summed by block and budget.

    Parameters
    ----------
    point
        The entries and their amounts, shape (E, Y).
    drawn
        The same of the draws, shape (n, F, Y). They have entries of their own: a cost that is 0 at
        the estimates has none there, and is drawn from its range all the same.
    years
        The Y calendar years.

    Notes
    -----
    A grant from one public budget to another cancels in `public`, and in no other row.
    """
    keys = tuple((block, actor) for block in (*BLOCKS, SAVINGS) for actor in (*PUBLIC, "public"))
    sums = [None if each is None else _summed(keys, *each) for each in (point, drawn)]
    assert sums[0] is not None
    return BlockSums(keys, years, sums[0], sums[1])


def _summed(
    keys: Sequence[tuple[str, str]], entries: Sequence[Entry], amounts: FloatArray
) -> FloatArray:
    """Sum entries to keys, (..., E, Y) to (..., K, Y), rounding set to zero."""
    chosen = np.zeros((len(keys), len(entries)))
    for row, (block, actor) in enumerate(keys):
        own = PUBLIC if actor == "public" else (actor,)
        chosen[row] = [entry.block == block and entry.actor in own for entry in entries]
    net, gross = chosen @ amounts, chosen @ np.abs(amounts)
    return np.where(np.abs(net) <= _ROUNDING * gross, 0.0, net)


def block_frame(sums: BlockSums) -> pd.DataFrame:
    """Return `year, actor, block, amount, conf_low, conf_high`."""
    sums = _shown(sums)
    low, high = _ends(sums.drawn, sums.point.shape)
    n = len(sums.years)
    return pd.DataFrame(
        {
            "year": np.tile(np.array(sums.years), len(sums.keys)),
            "actor": np.repeat([actor for _, actor in sums.keys], n),
            "block": np.repeat([block for block, _ in sums.keys], n),
            "amount": sums.point.ravel(),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
        }
    )


def total_frame(sums: BlockSums) -> pd.DataFrame:
    """Return sums over all years, `actor, block, amount, conf_low, conf_high`."""
    sums = _shown(sums)
    drawn = None if sums.drawn is None else sums.drawn.sum(axis=-1)
    low, high = _ends(drawn, (len(sums.keys),))
    return _keyed(sums).assign(amount=sums.point.sum(axis=-1), conf_low=low, conf_high=high)


def peak_frame(sums: BlockSums) -> pd.DataFrame:
    """Return the largest need of grants in a year, `actor, year, amount, conf_low, conf_high`.

    The interval is that of the largest need, in whichever year a draw has it.
    """
    grants = [place for place, (block, _) in enumerate(sums.keys) if block == "grants"]
    need = -sums.point[grants]
    drawn = None if sums.drawn is None else (-sums.drawn[:, grants]).max(axis=-1).clip(min=0.0)
    low, high = _ends(drawn, (len(grants),))
    amount = need.max(axis=-1).clip(min=0.0)
    year = np.array(sums.years, dtype=np.float64)[need.argmax(axis=-1)]
    return pd.DataFrame(
        {
            "actor": [sums.keys[place][1] for place in grants],
            "year": np.where(amount > 0, year, np.nan),
            "amount": amount + 0.0,
            "conf_low": low + 0.0,
            "conf_high": high + 0.0,
        }
    )


def surplus_frame(sums: BlockSums) -> pd.DataFrame:
    """Return the first year in lasting surplus, `actor, block, year, conf_low, conf_high`.

    In years, NaN where there is none; a draw without one counts as later than all years.
    """
    sums = _shown(sums)
    years = np.array([*sums.years, np.nan])
    first = _first_surplus(sums.point)
    low = high = np.full(first.shape, np.nan)
    if sums.drawn is not None:
        drawn = _first_surplus(sums.drawn)
        places = np.quantile(drawn, _LEVELS, axis=0, method="inverted_cdf").astype(int)
        low, high = years[places]
    return _keyed(sums).assign(year=years[first], conf_low=low, conf_high=high)


def _first_surplus(amounts: FloatArray) -> NDArray[np.int64]:
    """Return the place of the first year above zero that no year below zero follows; Y if none.

    Examples
    --------
    >>> _first_surplus(np.array([[1.0, -1.0, 2.0, 0.0], [1.0, 2.0, 0.0, -1.0]])).tolist()
    [2, 4]
    """
    lasting = np.minimum.accumulate(amounts[..., ::-1], axis=-1)[..., ::-1] >= 0
    found = (amounts > 0) & lasting
    return np.asarray(np.where(found.any(axis=-1), found.argmax(axis=-1), amounts.shape[-1]))


def _shown(sums: BlockSums) -> BlockSums:
    """Return the three blocks, and savings where the account has any at the estimates."""
    saved = [place for place, (block, _) in enumerate(sums.keys) if block == SAVINGS]
    if sums.point[saved].any():
        return sums
    kept = [place for place in range(len(sums.keys)) if place not in saved]
    drawn = None if sums.drawn is None else sums.drawn[:, kept]
    return BlockSums(tuple(sums.keys[k] for k in kept), sums.years, sums.point[kept], drawn)


def _keyed(sums: BlockSums) -> pd.DataFrame:
    return pd.DataFrame(
        {"actor": [actor for _, actor in sums.keys], "block": [block for block, _ in sums.keys]}
    )


def _ends(drawn: FloatArray | None, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Return the ends of 95 per cent intervals over the draws, missing without draws."""
    if drawn is None:
        return np.full(shape, np.nan), np.full(shape, np.nan)
    low, high = np.quantile(drawn, _LEVELS, axis=0)
    return low, high
