"""Arrays person x period, filled from rows as they come, some at a time and in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel.contract import Dtype
from mih_impact.panel.engine import NO_ORE
from mih_impact.panel.size import EIGHT, Widths

__all__ = ["Filled", "Words"]

#: Persons whose codes are settled at a time.
BLOCK = 10_000
NULL = "_mih_null_"


class Words:
    """The texts of a column, numbered as they were given or met; which of them were met."""

    def __init__(self, known: Sequence[str] | None) -> None:
        self._coded = known is not None
        self._at = {text: place for place, text in enumerate(known or ())}
        self._met = np.zeros(len(self._at), dtype=bool)

    def codes(self, column: NDArray[Any]) -> NDArray[np.int32]:
        """Return the number of each text, -1 for null; columns of codes pass through."""
        if self._coded:
            codes = column.astype(np.int32, copy=False)
        else:
            local, distinct = pd.factorize(column)
            numbers = [self._at.setdefault(str(text), len(self._at)) for text in distinct]
            codes = np.array([*numbers, -1], dtype=np.int32)[local]
            self._met = np.pad(self._met, (0, len(self._at) - len(self._met)))
        self._met |= np.bincount(codes + 1, minlength=len(self._met) + 1)[1:] > 0
        return codes

    def settle(self, codes: NDArray[np.int32]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """Turn codes, in place, into places among the sorted texts that were met, and return these.

        Some at a time: an index of all at once would take twice the memory of the codes.
        """
        texts = list(self._at)
        met = sorted(np.flatnonzero(self._met).tolist(), key=texts.__getitem__)
        place = np.full(len(texts) + 1, -1, dtype=np.int32)
        place[met] = np.arange(len(met), dtype=np.int32)
        if met != list(range(len(texts))):
            for first in range(0, len(codes), BLOCK):
                block = codes[first : first + BLOCK]
                block[...] = place[block]
        return codes, tuple(texts[k] for k in met)


@dataclass(frozen=True, eq=False)
class Filled:
    """What a cube is made of, while it fills.

    Attributes
    ----------
    row
        Shape (n_persons, n_periods).
    eligible
        The numbers that rows say who is eligible by (`eligibility`), of the same shape.
    ore, null
        Per money column; `ore` has one more column, first, where it will be cumulated.
    code, words
        Per category: codes, shape (n_persons, n_periods) or (n_persons,) where fixed, and texts.
    number
        Per other column that varies.
    fixed
        Per fixed column that is no category, shape (n_persons,).
    last
        Per fixed column: the period its value comes from, shape (n_persons,).
    """

    row: NDArray[np.bool_]
    eligible: dict[str, NDArray[np.unsignedinteger[Any]]]
    ore: dict[str, NDArray[np.signedinteger[Any]]]
    null: dict[str, NDArray[np.bool_]]
    code: dict[str, NDArray[np.int32]]
    words: dict[str, Words]
    number: dict[str, NDArray[np.floating[Any]]]
    fixed: dict[str, NDArray[Any]]
    last: dict[str, NDArray[np.int32]]

    @classmethod
    def empty(
        cls,
        dtypes: Mapping[str, Dtype],
        texts: Mapping[str, tuple[str, ...]],
        *,
        fixed: Sequence[str],
        eligible: Sequence[str],
        eligible_dtype: type[np.unsignedinteger[Any]],
        shape: tuple[int, int],
        cumulative: bool,
        widths: Widths = EIGHT,
    ) -> Filled:
        """Return arrays that no row has been put in."""
        varying = [name for name in dtypes if name not in fixed]
        money = [name for name in varying if dtypes[name] == "money"]
        texts_of = [name for name in dtypes if dtypes[name] == "category"]
        wide = (shape[0], shape[1] + 1) if cumulative else shape
        return cls(
            row=np.zeros(shape, dtype=bool),
            eligible={name: np.zeros(shape, dtype=eligible_dtype) for name in eligible},
            ore={name: np.zeros(wide, dtype=widths.ore(name)) for name in money},
            null={name: np.zeros(shape, dtype=bool) for name in money},
            code={n: np.full(shape, -1, dtype=np.int32) for n in texts_of if n not in fixed},
            words={name: Words(texts.get(name)) for name in texts_of},
            number={
                name: np.full(shape, np.nan, dtype=widths.of_number(name))
                for name in varying
                if dtypes[name] in ("number", "int", "bool")
            },
            fixed={
                name: np.full(shape[0], -1, dtype=np.int32)
                if name in texts_of
                else np.full(shape[0], np.nan)
                for name in fixed
            },
            last={name: np.full(shape[0], -1, dtype=np.int32) for name in fixed},
        )

    def take(
        self,
        person: NDArray[np.int64],
        period: NDArray[np.int64],
        rows: Mapping[str, NDArray[Any]],
    ) -> None:
        """Put the varying columns of rows in their cells.

        Parameters
        ----------
        person, period
            Positions of each row, shape (n_rows,).
        rows
            Its values by column; money is in øre, `NO_ORE` where null.
        """
        cell = person * self.row.shape[1] + period
        _flat(self.row)[cell] = True
        for name, words in self.eligible.items():
            _flat(words)[cell] = rows[name]
        for name, array in self.ore.items():
            before = array.shape[1] - self.row.shape[1]
            place = cell + before * (person + 1)
            _flat(array)[place] = rows[name]
            null = np.flatnonzero(rows[name] == NO_ORE)
            _flat(array)[place[null]] = 0
            _flat(self.null[name])[cell[null]] = True
        for name, codes in self.code.items():
            _flat(codes)[cell] = self.words[name].codes(rows[name])
        for name, numbers in self.number.items():
            _flat(numbers)[cell] = rows[name]
            _flat(numbers)[cell[rows[NULL + name]]] = np.nan

    def keep(
        self,
        person: NDArray[np.int64],
        period: NDArray[np.int64],
        rows: Mapping[str, NDArray[Any]],
    ) -> None:
        """Keep the fixed columns of rows: the value of the last row that has one."""
        for name, kept in self.fixed.items():
            values = rows[name]
            if name in self.words:
                values = self.words[name].codes(values)
                given = values >= 0
            else:
                given = ~rows[NULL + name]
            later = np.flatnonzero(given & (period >= self.last[name][person]))
            later = later[np.argsort(period[later], kind="stable")]
            kept[person[later]] = values[later]
            self.last[name][person[later]] = period[later]

    def only(self, who: NDArray[np.bool_]) -> Filled:
        """Return what is known of some persons; a column at a time, so that little is held twice.

        Fixed columns and eligibility are not among it.
        """
        kinds: tuple[dict[str, NDArray[Any]], ...] = (self.ore, self.null, self.code, self.number)
        for columns in kinds:
            for name in columns:
                columns[name] = columns[name][who]
        return replace(self, row=self.row[who])

    def fixed_values(self) -> dict[str, NDArray[Any]]:
        """Return fixed columns as the cube has them: texts with None, numbers with NaN."""
        found: dict[str, NDArray[Any]] = {}
        for name, values in self.fixed.items():
            if name in self.words:
                codes, categories = self.words[name].settle(values)
                values = np.array([*categories, None], dtype=object)[codes]
            found[name] = values
        return found

    def settled(self, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
        """Return codes into the sorted categories that somebody has."""
        return self.words[name].settle(self.code[name])


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    return array.reshape(-1)
