"""Who contributes to group-time effects.

The controls of one start year are nearly those of the next, so that a person's amounts are looked
at once: what those seen throughout have in a year is the same for all start years whose controls
they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.effects.group_time.sample import NO_START, Outcomes, StartGroup, Windows
from mih_impact.effects.hidden import Behind, Part, Sums, by_rows, of_side

__all__ = ["giving_of"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Persons whose amounts are looked at together.
_ROWS = 8_192


def giving_of(groups: Sequence[StartGroup], outcomes: Outcomes, windows: Windows) -> pd.DataFrame:
    """Return who contributes to every effect, in the order (outcome, start year, year)."""
    K, T = outcomes.shape
    found = []
    for j in range(K):
        own = _Amounts(outcomes, windows, slice(j * T, (j + 1) * T))
        found += [pd.DataFrame(own.giving(group, k)) for k, group in enumerate(groups)]
    return pd.concat(found, ignore_index=True)


class _Amounts:
    """The amounts of one outcome, and what was found of the persons of a side looked at last."""

    def __init__(self, outcomes: Outcomes, windows: Windows, columns: slice) -> None:
        self.outcomes, self.windows, self.columns = outcomes, windows, columns
        self.middle = np.broadcast_to(outcomes.middle, outcomes.values.shape[1:])[columns]
        self._last: dict[str, tuple[IntArray, Sums]] = {}

    def giving(self, group: StartGroup, k: int) -> dict[str, FloatArray]:
        """Return who contributes to the effects in one start year."""
        sides = {
            "participants": (
                group.treated,
                np.broadcast_to(np.int64(NO_START), len(group.treated)),
            ),
            "controls": (group.control, group.control_start),
        }
        found: dict[str, FloatArray] = {}
        for side, (who, start) in sides.items():
            # Whoever has the same years as others is added up by the year, not by the pair.
            usual = self.outcomes.complete[who]
            if len(group.later) and side == "controls":
                usual &= start == NO_START
            few = np.flatnonzero(~usual)
            of = of_side(
                side,
                self._behind(k, who[few], start[few]) if len(few) else (),
                partial(self._behind, k, who, start),
                self._by_year(side, k, who if not len(few) else who[usual]),
            )
            n = np.maximum(of[f"persons_{side}"], 1)  # a mean is of those who are seen
            found |= {
                name: x / n if name[:5] in ("large", "total") else x for name, x in of.items()
            }
        return found

    def _by_year(self, side: str, k: int, who: IntArray) -> Sums:
        """Return the sums of persons who are seen in all years and never start as controls."""
        if side not in self._last or not np.array_equal(self._last[side][0], who):
            sums = Sums.none(1, len(self.middle))
            for part in by_rows(self._rows(who)):
                sums.add(part)
            self._last[side] = who, sums
        each, base = self._last[side][1], self.windows.base[k]
        there, before = base >= 0, np.maximum(base, 0)
        return Sums(
            np.where(there, each.persons, 0.0),
            np.where(there, np.concatenate([each.found, each.found[:, :, before]]), 0.0),
            np.concatenate([each.binary, each.binary[:, before]]) | ~there,
        )

    def _amounts(self, who: IntArray) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Give some persons at a time: their places, amounts and design weights."""
        design = self.outcomes.weight
        for at in range(0, max(len(who), 1), _ROWS):
            some = slice(at, at + _ROWS)
            own = self.outcomes.values[who[some], self.columns] + self.middle
            yield some, own, np.ones((len(own), 1)) if design is None else design[who[some], None]

    def _rows(self, who: IntArray) -> Iterator[Part]:
        """Give the amounts of persons in every year."""
        for _, own, design in self._amounts(who):
            yield np.broadcast_to(design, own.shape), [own], None

    def _behind(
        self, k: int, who: IntArray, start: IntArray, cells: IntArray | None = None
    ) -> Iterator[Behind]:
        """Give who is behind the effects in a start year, with the base's amounts, or changes."""
        return by_rows(self._pairs(k, who, start, cells))

    def _pairs(
        self, k: int, who: IntArray, start: IntArray, cells: IntArray | None
    ) -> Iterator[Part]:
        base, free_after = self.windows.base[k], self.windows.free_after[k]
        for some, own, design in self._amounts(who):
            before = np.where(base >= 0, own[:, np.maximum(base, 0)], np.nan)
            seen = np.isfinite(own - before) & (start[some, None] > free_after)
            if cells is None:
                yield seen * design, [own, before], None
            else:
                yield (seen * design)[:, cells], [(own - before)[:, cells]], None
