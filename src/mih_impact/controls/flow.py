"""Persons through every filter between the register and the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.terms import Term, term_label
from mih_impact.display.locale import Label, both

__all__ = ["Flow", "Tally", "about", "attrition_frame", "left_after"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

IN_REGISTER = Label(nb="i registeret", en="in the register")
PRESENT = Label(
    nb="har en rad, eller er bosatt, året før oppstart",
    en="have a row, or are resident, the year before start",
)
KNOWN = Label(nb="kjent før oppstart: {column}", en="known before start: {column}")
OBSERVED = Label(nb="kjente kjennetegn før oppstart", en="characteristics before start are known")
IN_CELL = Label(
    nb="har noen i samme gruppe på den andre siden",
    en="somebody on the other side in the same exact cell",
)
LEVEL = Label(
    nb="noen på den andre siden har samme verdi: {column}",
    en="somebody on the other side has the same value: {column}",
)
IN_CELL_STILL = Label(
    nb="har fortsatt noen i samme gruppe på den andre siden",
    en="still somebody on the other side in the same exact cell",
)


@dataclass(frozen=True)
class Flow:
    """Persons left after one filter: participants, and distinct persons among candidates.

    `column` is the characteristic that the filter is about, None where it is about none alone.
    """

    step: str
    label: Label
    participants: int
    candidates: int
    candidate_rows: int
    column: str | None = None


def attrition_frame(flow: Sequence[Flow]) -> pd.DataFrame:
    """Return a flow as a table, a row for each step."""
    rows = [
        (f.step, f.label.nb, f.label.en, f.participants, f.candidates, f.candidate_rows, f.column)
        for f in flow
    ]
    names = ["step", "label_nb", "label_en", "participants", "candidates", "candidate_rows"]
    return pd.DataFrame(rows, columns=[*names, "column"])


def about(step: str, term: Term) -> tuple[str, Label, str]:
    """Return the name and the label of a step about one characteristic, and the characteristic."""
    column = both(lambda: term_label(term))
    label = {"known": KNOWN, "level": LEVEL}[step].format(column=column)
    return f"{step}: {term}", label, str(term)


class Tally:
    """Counts who is left after each filter, start year by start year.

    Parameters
    ----------
    terms, modelled
        Characteristics that must be known, and those of which both sides must have a value.
    n_persons
        Persons there are.
    """

    def __init__(self, terms: Sequence[Term], modelled: Sequence[Term], n_persons: int) -> None:
        self._steps: list[tuple[str, Label, str | None]] = [
            ("register", IN_REGISTER, None),
            ("present", PRESENT, None),
            *(about("known", term) for term in terms),
            ("observed", OBSERVED, None),
            ("cell", IN_CELL, None),
            *(about("level", term) for term in modelled),
            ("cell_left", IN_CELL_STILL, None),
        ]
        self._starters = np.zeros(len(self._steps), dtype=np.int64)
        self._rows = np.zeros(len(self._steps), dtype=np.int64)
        self._passed = np.zeros(n_persons, dtype=np.min_scalar_type(len(self._steps)))
        self._whole: IntArray | None = None

    def add(self, person: IntArray, treated: int, left: Sequence[BoolArray]) -> None:
        """Count the rows of a start year that are left after each step, in their order.

        The first `treated` rows are the starters; a row that a step leaves out stays out.
        """
        candidates = person[treated:]
        for k, here in enumerate(left):
            self._starters[k] += np.count_nonzero(here[:treated])
            self._rows[k] += np.count_nonzero(here[treated:])
        if left[-1].all():
            self._passed[candidates] = len(left)
            return
        passed = np.add.reduce([here[treated:] for here in left], dtype=self._passed.dtype)
        self._passed[candidates] = np.maximum(self._passed[candidates], passed)

    def add_all(self, starters: int, candidates: IntArray) -> None:
        """Count a start year in which no step leaves anybody out."""
        self._starters += starters
        self._rows += len(candidates)
        if candidates is not self._whole:  # the same persons again
            self._passed[candidates] = len(self._steps)
        self._whole = candidates

    def flow(self) -> tuple[Flow, ...]:
        """Return the steps; those that leave nobody out are not among them, but for three."""
        met = np.bincount(self._passed, minlength=len(self._steps) + 1)
        many = met[:0:-1].cumsum()[::-1]  # candidates who pass a step in some start year
        counts = list(zip(self._starters.tolist(), many.tolist(), self._rows.tolist(), strict=True))
        return tuple(
            Flow(step, label, *counts[k], column)
            for k, (step, label, column) in enumerate(self._steps)
            if step in ("register", "observed", "cell") or counts[k] != counts[k - 1]
        )


def left_after(
    step: str,
    label: Label,
    person: IntArray,
    treated: BoolArray,
    left: BoolArray,
    column: str | None = None,
) -> Flow:
    """Count the rows that are left after a filter, by side."""
    candidate = left & ~treated
    met = np.zeros(int(person.max(initial=-1)) + 1, dtype=bool)
    met[person[candidate]] = True
    participants, persons = int((left & treated).sum()), int(met.sum())
    return Flow(step, label, participants, persons, int(candidate.sum()), column)
