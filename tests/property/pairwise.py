"""Covering arrays: few rows of options in which every pair of values that may meet does meet."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

__all__ = ["covering", "meets"]

Row = dict[str, int]
Combination = Mapping[str, Sequence[int]]
Pair = tuple[tuple[str, int], tuple[str, int]]


def meets(row: Mapping[str, Any], combination: Mapping[str, Sequence[Hashable]]) -> bool:
    """Return whether a row has one of the values named for each of the options."""
    return all(name in row and row[name] in values for name, values in combination.items())


def covering(
    levels: Mapping[str, int], forbidden: Sequence[Combination]
) -> tuple[list[Row], list[Row]]:
    """Return rows that cover every pair of values, and what can stand in no row.

    Greedy and without chance: a row begins with the first pair that is still to be met, and takes
    for each other option the value that meets most new ones, going back where none is allowed.

    Parameters
    ----------
    levels
        How many values each option has; the first is its default.
    forbidden
        Combinations that no row may have, as values by option.

    Returns
    -------
    tuple
        Full rows; and values, and pairs of values that can stand by themselves, that no row has.
    """
    task = _Task(levels, forbidden)
    never: list[Row] = []
    for name, size in levels.items():
        for value in range(size):
            if task.fill({name: value}) is None:
                never.append({name: value})
    alone = {(name, value) for one in never for name, value in one.items()}
    there = {
        name: [value for value in range(size) if (name, value) not in alone]
        for name, size in levels.items()
    }
    task.todo = {
        ((a, i), (b, j)): None
        for a, b in combinations(levels, 2)
        for i, j in product(there[a], there[b])
    }
    rows = []
    while task.todo:
        first = next(iter(task.todo))
        row = task.fill(dict(first))
        if row is None:
            never.append(dict(first))
            del task.todo[first]
            continue
        rows.append(row)
        for pair in combinations([(name, row[name]) for name in levels], 2):
            task.todo.pop(pair, None)
    return rows, never


@dataclass
class _Task:
    """What is to be covered; `todo` has the pairs that no row has yet, in their order."""

    levels: Mapping[str, int]
    forbidden: Sequence[Combination]
    todo: dict[Pair, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = {name: k for k, name in enumerate(self.levels)}
        #: What may not meet, by each option that takes part in it.
        self.of = {name: [one for one in self.forbidden if name in one] for name in self.levels}

    def fill(self, row: Row) -> Row | None:
        """Return the row with every option, or None where what it has forbids all that follows."""
        if any(meets(row, combination) for combination in self.forbidden):
            return None
        return self._follow(row)

    def _follow(self, row: Row) -> Row | None:
        """Return the row with every option, where what it has is allowed as it stands."""
        name = next((name for name in self.levels if name not in row), None)
        if name is None:
            return {name: row[name] for name in self.levels}
        each = ({**row, name: value} for value in range(self.levels[name]))
        allowed = [more for more in each if not any(meets(more, one) for one in self.of[name])]
        for more in sorted(allowed, key=lambda more: -self._gain(row, name, more[name])):
            found = self._follow(more)
            if found is not None:
                return found
        return None

    def _gain(self, row: Row, name: str, value: int) -> int:
        """Return how many pairs that are still to be met a value would meet."""
        one, place = (name, value), self.place
        return sum(
            ((other, one) if place[other[0]] < place[name] else (one, other)) in self.todo
            for other in row.items()
        )
