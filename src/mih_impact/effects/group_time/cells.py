"""The estimates of group-time effects: arrays, the tidy table, and what of them is hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.controls.flow import Flow, attrition_frame
from mih_impact.display.result import Provenance, Result, is_small, with_complement
from mih_impact.display.unit import AnyUnit
from mih_impact.effects.group_time.estimate import (
    Aggregation,
    Average,
    Overall,
    averages,
    overall_average,
)
from mih_impact.effects.group_time.influence import FactoredInfluence
from mih_impact.effects.hidden import contributors
from mih_impact.errors import EffectsError

__all__ = ["GroupTimeEstimates", "GroupTimeMethod", "in_overall", "persons_behind"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What a small cell blanks.
_BUILT_ON_PERSONS = (
    "estimate", "std_error", "conf_low", "conf_high", "n_participants", "n_controls",
)  # fmt: skip


@dataclass(frozen=True)
class GroupTimeMethod:
    """How group-time effects were asked for; see `group_time_effects`."""

    covariates: tuple[str, ...]
    exact: tuple[str, ...]
    eligible: str
    controls: str
    estimator: str
    base_period: str
    anticipation: int
    level: float
    seed: int
    cluster: str = "person"


@dataclass(frozen=True, eq=False, repr=False)
class GroupTimeEstimates(Result):
    """What `GroupTimeEffects` hold, for their card and figure to read.

    The attributes are described there.
    """

    frame: pd.DataFrame
    outcomes: tuple[str, ...]
    starts: tuple[int, ...]
    years: tuple[int, ...]
    estimate: FloatArray
    matrix: FloatArray
    sizes: IntArray
    units: dict[str, AnyUnit]
    price_year: int
    method: GroupTimeMethod
    coverage: dict[str, int]
    provenance: Provenance
    influence: FactoredInfluence | None = field(default=None, metadata={"saved": False})
    group_of: IntArray | FloatArray | None = field(default=None, metadata={"saved": False})
    mass: FloatArray | None = None
    flow: tuple[Flow, ...] | None = field(default=None, metadata={"saved": False})
    giving: Sequence[pd.DataFrame] = field(default=(), metadata={"saved": False})

    @property
    def contributions(self) -> pd.DataFrame | None:
        """Who contributes to the means of every row; None where that is not known."""
        return self.giving[0] if self.giving else None

    @property
    def contributors(self) -> FloatArray | None:
        """On how many persons' amounts each row of the table rests; None where not known."""
        return None if self.contributions is None else contributors(self.contributions)

    @property
    def covariance(self) -> pd.DataFrame:
        """The full covariance over outcomes, start years and years, labelled on both sides."""
        index = pd.MultiIndex.from_product(
            [self.outcomes, self.starts, self.years], names=["outcome", "group", "year"]
        )
        return pd.DataFrame(self.matrix, index=index, columns=index)

    @property
    def weighing(self) -> IntArray | FloatArray:
        """What each start year weighs in averages, shape (G,)."""
        return self.sizes if self.mass is None else self.mass

    def to_frame(self) -> pd.DataFrame:
        """Return the complete tidy table, a row per outcome, start year (`group`) and year.

        Estimates, errors and intervals are in `unit`, money in prices of `price_year`.
        `reason` says why an estimate is missing ("no_base_year", "nobody_to_compare",
        "models_not_estimable"), or only its standard error ("one_participant", "base_year").
        `n_lost` counts starters in the register who are not compared in a year that has a base.
        """
        return self.frame.copy()

    def attrition(self) -> pd.DataFrame:
        """Return starters and controls through every filter, all start years together.

        Returns
        -------
        pandas.DataFrame
            As `ControlGroup.attrition`; empty for effects that were loaded.
        """
        return attrition_frame(self.flow or ())

    def shown(self) -> Self:
        """Return the effects as displayed, exported and saved: small cells blanked.

        And the cells with which one could be reckoned from the averages; see `hidden_effects`.
        """
        counts = self.frame[["n_participants", "n_controls", "n_lost"]].to_numpy().T
        n, controls, n_lost = counts.reshape(3, *self.estimate.shape)
        starts, years = np.array(self.starts), np.array(self.years)
        thin = np.zeros(n.shape, dtype=bool)
        behind = n
        if self.contributions is not None:
            thin = self.thin.reshape(n.shape)
            giving = self.contributions["giving_participants"].to_numpy().reshape(n.shape)
            behind = np.minimum(n, giving).astype(n.dtype)
        small = hidden_effects(
            self.estimate, n, controls, starts, years, self.weighing, thin, behind
        ).ravel()
        lost = hidden_counts(n_lost, starts, years).ravel()
        if not (small.any() or lost.any()):
            return self
        few = with_complement(is_small(self.sizes), self.sizes)
        frame = self.frame.copy()
        frame["n_lost"] = frame["n_lost"].astype(np.float64).mask(lost)
        for name in _BUILT_ON_PERSONS:
            frame[name] = frame[name].astype(np.float64).mask(small)
        return replace(
            self,
            frame=frame,
            estimate=np.where(small.reshape(self.estimate.shape), np.nan, self.estimate),
            matrix=np.where(small[:, None] | small[None, :], np.nan, self.matrix),
            sizes=np.where(few, 0, self.sizes),
            mass=None if self.mass is None else np.where(few, 0.0, self.mass),
            influence=None,
            group_of=None,
        )


#: What is left of a cell when all that is known is taken out, relative to the cell, if nothing.
NOTHING = 1e-9


def persons_behind(kept: BoolArray, n: IntArray) -> IntArray:
    """Return the persons behind each average, each start year's in its fullest year.

    Parameters
    ----------
    kept
        Which effects enter each average, shape (K, L, G, T).
    n
        Persons behind each effect, shape (K, G, T).
    """
    return np.asarray(np.where(kept, n[:, None], 0).max(axis=3).sum(axis=2))


def in_overall(term: str, levels: tuple[int, ...]) -> tuple[int, ...]:
    """Return the levels of an average that the overall one is made of; none of itself."""
    if term == "overall":
        return ()
    return tuple(level for level in levels if term != "event" or level >= 0)


def hidden_counts(n: IntArray, starts: IntArray, years: IntArray) -> BoolArray:
    """Return which counts are hidden: small ones, and others of their year or year since start.

    Parameters
    ----------
    n
        Persons, shape (K, G, T).
    starts, years
        The G start years and T years.
    """
    small: BoolArray = is_small(n)
    hidden = small.copy()
    for line in _lines(starts, years):
        hidden[:, line] |= with_complement(small[:, line].T, n[:, line].T).T
    return hidden


def hidden_effects(
    estimate: FloatArray,
    participants: IntArray,
    controls: IntArray,
    starts: IntArray,
    years: IntArray,
    sizes: IntArray | FloatArray,
    thin: BoolArray | bool = False,
    behind: IntArray | None = None,
) -> BoolArray:
    """Return which effects are hidden, shape (K, G, T).

    Parameters
    ----------
    estimate, participants, controls
        The effects and the persons behind them, shape (K, G, T).
    starts, years
        The G start years and T years.
    sizes
        What each start year weighs in averages, shape (G,).
    thin, behind
        Which effects rest on the amounts of too few, and how many have an amount, (K, G, T).

    Notes
    -----
    Averages by year since start, start year, year, and overall, are shown beside the effects, and
    are linear in them. A small cell that lies in the span of the averages shown, given the effects
    shown, could be reckoned from them: the smallest other cell of its year or year since start is
    hidden, until none can.
    """
    small: BoolArray = is_small(participants) | is_small(controls) | thin
    if not small.any():
        return small
    n = participants if behind is None else behind
    hidden = small.copy()
    lines = _lines(starts, years)
    for line in lines:
        hidden[:, line] |= with_complement(small[:, line].T, n[:, line].T).T
    known = _known(estimate, participants, controls, starts, years, sizes)
    for k in range(len(estimate)):
        _hide_until_free(hidden[k], small[k], known[k], n[k], lines)
    return hidden


def _hide_until_free(
    hidden: BoolArray, small: BoolArray, known: FloatArray, n: IntArray, lines: list[BoolArray]
) -> None:
    """Hide more cells of one outcome, in place, until no small one can be reckoned; (G, T)."""
    while True:
        told = np.zeros_like(hidden)
        told[hidden] = _determined(known[:, hidden])
        for g, t in np.argwhere(told & small).tolist():
            beside = np.any([line for line in lines if line[g, t]], axis=0) & ~hidden & (n > 0)
            if beside.any():
                hidden.flat[np.where(beside, n, n.max() + 1).argmin()] = True
                break
        else:
            return


def _determined(known: FloatArray) -> BoolArray:
    """Return which unknowns are determined by the equations, shape (lines, unknowns)."""
    _, size, right = np.linalg.svd(known, full_matrices=True)
    free = right[int((size > NOTHING * size.max(initial=0.0)).sum()) :]
    return np.asarray(np.sqrt((free**2).sum(axis=0)) < NOTHING)


def _lines(starts: IntArray, years: IntArray) -> list[BoolArray]:
    """Return the cells of each year since start and each year, (G, T)."""
    since = years - starts[:, None]
    of_year = np.broadcast_to(years, since.shape)
    started = since >= 0
    return [since == e for e in np.unique(since)] + [started & (of_year == y) for y in years]


def _all_averages(
    estimate: FloatArray, starts: IntArray, years: IntArray, sizes: IntArray | FloatArray
) -> Iterator[tuple[str, Average]]:
    """Give the averages that there are, with their term, and the overall ones of them."""
    table = estimate, starts, years, sizes
    overall: tuple[Overall, ...] = ("dynamic", "group", "calendar")
    for kind in get_args(Aggregation):
        with suppress(EffectsError):  # there is no such average
            term = "overall" if kind == "simple" else kind
            yield term, averages(*table, kind, window=None, balance_e=None)
    for of in overall:
        with suppress(EffectsError):
            yield "overall", overall_average(*table, of, window=None, balance_e=None)


def _known(
    estimate: FloatArray,
    participants: IntArray,
    controls: IntArray,
    starts: IntArray,
    years: IntArray,
    sizes: IntArray | FloatArray,
) -> FloatArray:
    """Return the weights of the averages that are shown, shape (K, lines, G, T)."""
    rows = []
    for term, average in _all_averages(estimate, starts, years, sizes):
        persons = persons_behind(average.kept, participants)
        few = is_small(persons)
        few |= is_small(np.where(average.kept, controls[:, None], 0).max(axis=(2, 3)))
        parts = np.isin(average.levels, in_overall(term, average.levels))
        few[:, parts] = with_complement(few[:, parts].T, persons[:, parts].T).T
        rows.append(np.where(few[:, :, None, None], 0.0, average.weights))
    return (
        np.concatenate(rows, axis=1)
        if rows
        else np.zeros((len(estimate), 0, *sizes.shape, len(years)))
    )
