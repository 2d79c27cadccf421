"""A year's kroner as a register keeps them: spells with rates whose days give them to the øre.

A spell is cut in two where kroner do not divide by its days: the first days are paid one øre more.
Some go on for days of the next year, which then has the less left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel.synthetic.people import YEARS

__all__ = ["SCHEMES", "Scheme", "spells_of"]

Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]
#: Paid days of a year where a scheme pays five days a week all the year round.
PAID_DAYS = 260


@dataclass(frozen=True)
class Scheme:
    """How a scheme pays.

    Attributes
    ----------
    per
        What its amounts are for: a day, a month, or the whole spell.
    days
        The days it pays: "calendar", "weekdays", or "scaled" to 260 a year.
    usual
        Øre for a calendar day (a month) that is usual: how long spells are.
    amount
        What the register calls its amounts.
    """

    per: Literal["day", "month", "spell"]
    days: Literal["calendar", "weekdays", "scaled"]
    usual: int
    amount: str

    def measured(self, first: Ints, last: Ints) -> Ints:
        """Return how many days (months) from `first` to `last` are paid."""
        if self.days != "weekdays":
            return last - first + 1
        return np.busday_count(_days(first), _days(last + 1)).astype(np.int64)

    def ahead(self, first: Ints, n: Ints) -> Ints:
        """Return the day after `n` paid days from `first` on."""
        if self.days != "weekdays":
            return first + n
        later: Ints = np.busday_offset(_days(first), n, roll="forward").astype(np.int64)
        return np.where(n > 0, later, first)


#: By the column of the contract.
SCHEMES = {
    "dagpenger": Scheme("day", "weekdays", 65_000, "dagsats"),
    "aap": Scheme("day", "scaled", 75_000, "dagsats"),
    "tiltakspenger": Scheme("day", "weekdays", 32_000, "dagsats"),
    "sosialhjelp": Scheme("spell", "calendar", 30_000, "utbetalt"),
    "uforetrygd": Scheme("month", "calendar", 2_200_000, "maanedsbelop"),
    "sykepenger": Scheme("day", "calendar", 90_000, "dagsats"),
}


def spells_of(scheme: Scheme, amounts: Ints, exits: Days, rng: np.random.Generator) -> pd.DataFrame:
    """Return spells that pay these amounts.

    Parameters
    ----------
    scheme
        How it pays.
    amounts
        Øre by person and year of `YEARS`, shape (n_persons, n_years); none after the exit.
    exits
        The last day of each person, not before July of a year.
    rng
        Where chance comes from.

    Returns
    -------
    pandas.DataFrame
        `person` (an index), `start`, `stop` (the last day), `amount` (kroner), by person and day.

    Examples
    --------
    >>> øre = np.zeros((1, len(YEARS)), dtype=np.int64)
    >>> øre[0, 0] = 100_01
    >>> spells = spells_of(SCHEMES["sykepenger"], øre, np.array(["2099-12-31"], dtype="M8[D]"),
    ...                    np.random.default_rng(1))
    >>> days = (spells["stop"] - spells["start"]).dt.days + 1
    >>> float((spells["amount"] * days).sum())
    100.01
    """
    unit = "M" if scheme.per == "month" else "D"
    starts = np.array([f"{year}-01" for year in [*YEARS, YEARS[-1] + 1]], dtype="M8[M]")
    begins = starts.astype(f"M8[{unit}]").astype(np.int64)
    until = exits.astype(f"M8[{unit}]").astype(np.int64) - (unit == "M")  # whole months only
    units = amounts
    if scheme.days == "scaled":
        days = starts.astype("M8[D]").astype(np.int64)
        units = (2 * amounts * (days[1:] - days[:-1]) + PAID_DAYS) // (2 * PAID_DAYS)
    units = np.pad(units, ((0, 0), (0, 1)))
    carried, paid = np.zeros(len(amounts), np.int64), np.zeros(len(amounts), np.int64)
    touches = np.zeros(len(amounts), dtype=bool)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    for t in range(len(YEARS)):
        who = np.flatnonzero(units[:, t] > 0)
        first = begins[t] + carried[who]
        last = np.minimum(begins[t + 1] - 1, until[who])
        goes_on = (units[who, t + 1] > 0) & (last == begins[t + 1] - 1)
        rest = units[who, t] - paid[who]
        free = last - first + 1
        n = np.clip(-(-rest // scheme.usual), np.where(scheme.days == "weekdays", 7, 1), free)
        drawn = (rng.random(len(who)) * (free - n + 1)).astype(np.int64)
        a = first + np.where(goes_on, free - n, np.where(touches[who], 0, drawn))
        b = a + n - 1
        each, more = np.divmod(rest, scheme.measured(a, b))
        cut = scheme.ahead(a, more)
        over = rng.integers(1, 3 if unit == "M" else 15, len(who))
        owed = each * scheme.measured(b + 1, b + over)
        over *= goes_on & (rng.random(len(who)) < 0.5) & (2 * owed < units[who, t + 1])
        found.append((who[more > 0], a[more > 0], cut[more > 0] - 1, each[more > 0] + 1))
        found.append((who[each > 0], cut[each > 0], (b + over)[each > 0], each[each > 0]))
        carried[:], paid[:], touches[:] = 0, 0, False
        carried[who], paid[who], touches[who] = over, owed * (over > 0), goes_on
    person, a, b, rate = (np.concatenate(part) for part in zip(*found, strict=True))
    start = a.astype(f"M8[{unit}]").astype("M8[D]")
    after: Days = (b + 1).astype(f"M8[{unit}]").astype("M8[D]")
    if scheme.per == "spell":
        rate = rate * (after - start).astype(np.int64)
    stop = after - np.timedelta64(1, "D")
    spells = pd.DataFrame({"person": person, "start": start, "stop": stop, "amount": rate / 100})
    return spells.sort_values(["person", "start"], ignore_index=True)


def _days(values: Ints) -> Days:
    return values.astype("M8[D]")
