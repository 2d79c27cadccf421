"""What a cell of the cube is: a row, a zero by absence, dead, emigrated, or not known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.errors import PanelContractError

__all__ = ["BY_RANK", "RANK", "Spells", "State", "gone", "present", "states"]


class State(IntEnum):
    """The state of a person in a year."""

    #: The register has a row.
    OBSERVED = 0
    #: No row though resident: no wage and no benefit, so money is zero.
    ABSENT = 1
    #: After the year of death, whether or not a row exists (holiday pay is paid after death).
    DEAD = 2
    #: After the year of emigration, or between and after the spells of `resident=`.
    EMIGRATED = 3
    #: Missing: no row and residency not known, before the first spell, or a gap in the register.
    UNKNOWN = 4
    #: A control that has begun another measure, where it is compared until then.
    CENSORED = 5


#: States from what explains least that a year is not seen to what explains most, and their ranks.
BY_RANK = np.array(
    [State.OBSERVED, State.ABSENT, State.UNKNOWN, State.CENSORED, State.EMIGRATED, State.DEAD],
    dtype=np.uint8,
)
RANK = np.argsort(BY_RANK)


def gone(state: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where somebody is dead or has emigrated."""
    return np.asarray((state == State.DEAD) | (state == State.EMIGRATED))


def present(state: NDArray[np.uint8], row: NDArray[np.bool_], position: int) -> NDArray[np.bool_]:
    """Return who has a row in a period, or is resident with a row before it, shape (n_persons,)."""
    if not 0 <= position < state.shape[1]:
        return np.zeros(len(state), dtype=bool)
    here = (state[:, position] == State.OBSERVED) | (state[:, position] == State.ABSENT)
    return np.asarray(here & row[:, : position + 1].any(axis=1))


@dataclass(frozen=True, eq=False)
class Spells:
    """Spells of residency: `person` indexes the cube, years are inclusive, in no special order."""

    person: NDArray[np.int64]
    from_year: NDArray[np.float64]
    to_year: NDArray[np.float64]

    @classmethod
    def of(cls, frame: pd.DataFrame, person_id: NDArray[Any]) -> Spells:
        """Return the spells of the cube's persons, from columns person_id, from_year, to_year.

        Raises
        ------
        PanelContractError
            None of them has a spell: the absent rows of all would be missing, as if no spells were
            given.
        """
        spell_of = frame["person_id"].astype(object).to_numpy()
        person = pd.Index(person_id, dtype=object).get_indexer(pd.Index(spell_of, dtype=object))
        kept = person >= 0
        if len(person_id) and not kept.any():
            raise PanelContractError(
                "None of those who start, or may be controls, has a spell in resident=",
                found=f"{len(frame):,} spells, none of them theirs",
                do="write person_id in the same way in both (00123 is not 123), and give the "
                "spells of everybody in the register",
            )
        return cls(
            person=person[kept].astype(np.int64),
            from_year=frame["from_year"].to_numpy(dtype=float)[kept],
            to_year=frame["to_year"].to_numpy(dtype=float)[kept],
        )


def states(
    row: NDArray[np.bool_],
    years: NDArray[np.int64],
    observed: NDArray[np.bool_],
    *,
    death_year: NDArray[np.float64] | None,
    emigration_year: NDArray[np.float64] | None,
    spells: Spells | None,
) -> NDArray[np.uint8]:
    """Return the state of every person-year.

    Parameters
    ----------
    row
        Whether the register has a row, shape (n_persons, n_years).
    years
        The calendar years, shape (n_years,).
    observed
        Whether the register has a row for anybody in the year, shape (n_years,).
    death_year, emigration_year
        Per person, NaN for none, shape (n_persons,); None when the register has no such column.
    spells
        Spells of residency; they replace the year of emigration, since people return.

    Returns
    -------
    ndarray of uint8, shape (n_persons, n_years)
        Values of `State`.
    """
    known = death_year is not None or emigration_year is not None or spells is not None
    absent = np.uint8(State.ABSENT if known else State.UNKNOWN)
    state = np.where(row, np.uint8(State.OBSERVED), absent)
    if spells is not None:
        state = _by_spells(state, years, spells)
    elif emigration_year is not None:
        _after(state, years, emigration_year, State.EMIGRATED)
    # A register year without any row says nothing about anybody alive.
    gap = ~observed
    state[:, gap] = np.where(state[:, gap] == State.ABSENT, State.UNKNOWN, state[:, gap])
    if death_year is not None:
        _after(state, years, death_year, State.DEAD)
    return state


def _after(
    state: NDArray[np.uint8], years: NDArray[np.int64], exit_: NDArray[np.float64], gone: State
) -> None:
    """Mark the years after an exit, in the rows of those who have one."""
    who = np.flatnonzero(~np.isnan(exit_))
    state[who] = np.where(years[None, :] > exit_[who, None], np.uint8(gone), state[who])


def _by_spells(state: NDArray[Any], years: NDArray[np.int64], spells: Spells) -> NDArray[Any]:
    """Mark rowless years outside the spells: before the first unknown, otherwise emigrated."""
    resident = np.zeros(state.shape, dtype=bool)
    arrived = np.full(state.shape[0], np.inf)
    np.minimum.at(arrived, spells.person, spells.from_year)
    for t, year in enumerate(years):
        inside = (spells.from_year <= year) & (year <= spells.to_year)
        resident[spells.person[inside], t] = True
    before = years[None, :] < arrived[:, None]
    outside = ~resident & (state == State.ABSENT)
    away = np.where(before, np.uint8(State.UNKNOWN), np.uint8(State.EMIGRATED))
    return np.where(outside, away, state)
