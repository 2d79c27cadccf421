"""Who starts in the programme: eligibility, selection, and what the register does not see.

Selection uses only what a register shows up to the year before the start, unless a confounding is
asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import AssumptionError
from mih_impact.panel.synthetic.people import (
    BENEFIT_TYPES,
    HOME_COUNTIES,
    YEARS,
    Floats,
    Histories,
    People,
)

__all__ = [
    "START_YEARS",
    "Confounding",
    "Starters",
    "choose_starters",
    "eligible",
    "start_factor",
    "wage_factor",
]

START_YEARS: NDArray[np.int64] = np.arange(2014, 2022)
#: Share of all participants who start in each of the start years.
_START_SHARE = np.array([0.09, 0.11, 0.12, 0.13, 0.13, 0.14, 0.14, 0.14])

#: The logarithm of what one standard deviation of motivation does to the wage at strength 1.
_MOTIVATION_WAGE = 0.15


@dataclass(frozen=True)
class Confounding:
    """An unobserved motivation that raises both the chance to start and the wage without it.

    One standard deviation more motivation multiplies the chance to start by e. What it does to the
    wage without the programme depends on `kind`; benefits are left alone.

    Attributes
    ----------
    kind
        "level": the wage is higher in every year, by a factor exp(0.15 x strength) for each
        standard deviation; lags and the base year see most of it.
        "trend": the logarithm of that factor grows by a fifth of it a year, from nothing in 2009.
        "post_only": the factor is for starters, from the start year on; no lead can show it.
    strength
        0 is none (motivation moves the start but no wage); 1 is strong.

    Raises
    ------
    OptionError
        If `kind` is unknown or `strength` is negative or not finite.

    Examples
    --------
    >>> Confounding("trend", strength=0.5)
    Confounding(kind='trend', strength=0.5)
    """

    kind: Literal["level", "trend", "post_only"]
    strength: float = 1.0

    def __post_init__(self) -> None:
        arguments.choice("Confounding", "kind", self.kind, ("level", "trend", "post_only"))
        arguments.number("strength", self.strength, low=0)


def wage_factor(confounding: Confounding | None, motivation: Floats) -> Floats | None:
    """Return what motivation does to everybody's wage, (n, n_years); None is nothing."""
    if confounding is None or confounding.kind == "post_only":
        return None
    level = _MOTIVATION_WAGE * confounding.strength * motivation[:, None]
    over_time = np.ones(len(YEARS)) if confounding.kind == "level" else (YEARS - YEARS[0]) / 5.0
    factor: Floats = np.exp(level * over_time)
    return factor


def start_factor(confounding: Confounding | None, motivation: Floats) -> Floats | None:
    """Return what motivation does to starters' wage from the start on, (n,); None is nothing."""
    if confounding is None or confounding.kind != "post_only":
        return None
    factor: Floats = np.exp(_MOTIVATION_WAGE * confounding.strength * motivation)
    return factor


def eligible(people: People, histories: Histories) -> NDArray[np.bool_]:
    """Return who belongs to the target group in each year, (n, n_years).

    Men of 19-55 who live in a programme county at the end of the year and received dagpenger, aap,
    tiltakspenger or sosialhjelp, or were registered unemployed, in that year.
    """
    age = people.age
    served = histories.months > 0
    for name in ("dagpenger", "aap", "tiltakspenger", "sosialhjelp"):
        served = served | (histories.benefits[name] > 0)
    man = ~people.female[:, None] & (people.present == 1.0)
    target: NDArray[np.bool_] = man & (age >= 19) & (age <= 55) & served
    return target & (people.county < HOME_COUNTIES)


@dataclass(frozen=True, eq=False)
class Starters:
    """The participants and how likely everybody was to become one.

    Attributes
    ----------
    index
        Row of each participant among the persons, ascending, (m,).
    start_year
        Start year of each participant, (m,).
    chance
        For each start year the chance of everybody to be chosen in it, (n_starts, n).
    """

    index: NDArray[np.int64]
    start_year: NDArray[np.int64]
    chance: Floats


def choose_starters(
    rng: np.random.Generator,
    participants: int,
    people: People,
    histories: Histories,
    motivation: Floats | None,
    *,
    first_start: int = int(START_YEARS[0]),
) -> Starters:
    """Choose exactly `participants` starters, each start year among those eligible the year before.

    Nobody starts before `first_start`.

    Notes
    -----
    Fixed-size sampling with unequal probabilities: systematic sampling in random order, so the
    chance of each candidate is exactly proportional to exp(index) (or 1 where that exceeds 1).

    References
    ----------
    Madow, W. G. (1949). On the theory of systematic sampling, II. Annals of Mathematical
    Statistics 20.
    """
    n = len(people.birth_year)
    can = eligible(people, histories)
    start = np.zeros(n, dtype=np.int64)
    chances = np.zeros((len(START_YEARS), n))
    for k, (year, size) in enumerate(
        zip(START_YEARS, _quota(participants, first_start), strict=True)
    ):
        before = int(year - YEARS[0]) - 1
        pool = np.flatnonzero(can[:, before] & (start == 0))
        if len(pool) < max(size, 1):
            raise AssumptionError(
                f"Too few persons to choose the participants of {year} from",
                found=f"{len(pool)} candidates for {size} places",
                do="Ask for more persons or fewer participants",
            )
        index = _selection_index(pool, before, people, histories)
        if motivation is not None:
            index = index + motivation[pool]
        chance = _inclusion(np.exp(index - index.max()), int(size))
        start[pool[_systematic(rng, chance)]] = year
        chances[k, pool] = chance
    chosen = np.flatnonzero(start)
    return Starters(chosen, start[chosen], chances)


def _quota(participants: int, first_start: int) -> NDArray[np.int64]:
    """Return the number of starters by start year: largest remainders, the sum is exact."""
    share = np.where(first_start <= START_YEARS, _START_SHARE, 0.0)
    exact = participants * share / share.sum()
    quota: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    largest = np.argsort(quota - exact, kind="stable")[: participants - int(quota.sum())]
    quota[largest] += 1
    return quota


def _selection_index(
    pool: NDArray[np.int64], before: int, people: People, histories: Histories
) -> Floats:
    """Return the log of the relative chance to start, from the register up to year `before`.

    Deliberately not linear in what an analyst would put into a logit: broken lines in lagged wage
    and age, an indicator for a year without wage, an interaction of a year with next to no wage
    with the wage before it. The typical starter has lost a job that he had had for some years.
    """
    lag1, lag2, lag3 = (histories.wage[pool, before - k] / 100_000.0 for k in range(3))
    age = people.age[pool, before]
    index: Floats = -1.2 * np.minimum(lag1, 1.5) - 1.0 * np.maximum(lag1 - 1.5, 0.0)
    index += 0.3 * np.minimum(lag2, 4.0)
    index += 0.2 * np.minimum(lag3, 2.0) + 0.5 * np.clip(lag3 - 2.0, 0.0, 2.5)
    index += -0.15 * (lag1 == 0) + 0.1 * (lag1 < 0.5) * np.minimum(lag3, 3.0)
    index += -0.01 * np.minimum(age - 35, 0) - 0.03 * np.maximum(age - 35, 0)
    index += np.array([0.3, 0.2, -0.6])[people.education[pool, before]]
    index += np.array([0.0, 0.4, -0.3, 0.2])[people.county[pool, before]]
    by_type = dict.fromkeys(BENEFIT_TYPES, 0.0) | {"dagpenger": 0.1, "tiltakspenger": 0.2}
    index += np.array([by_type[name] for name in BENEFIT_TYPES])[histories.kind[pool, before]]
    return index


def _inclusion(weights: Floats, size: int) -> Floats:
    """Return chances proportional to `weights`, at most 1, that sum to `size`."""
    certain = np.zeros(len(weights), dtype=bool)
    while True:
        scale = (size - certain.sum()) / weights[~certain].sum()
        chance: Floats = np.where(certain, 1.0, scale * weights)
        over = chance > 1.0 + 1e-9
        if not over.any():
            break
        certain |= over
    return np.minimum(chance, 1.0)


def _systematic(rng: np.random.Generator, chance: Floats) -> NDArray[np.int64]:
    """Return the positions drawn: every one with its own chance, exactly sum(chance) of them."""
    order = rng.permutation(len(chance))
    ticks = np.cumsum(chance[order])
    ticks[-1] = np.rint(ticks[-1])
    steps = np.diff(np.floor(ticks + rng.random()), prepend=0.0)
    return order[steps > 0]
