"""Invented people: who they are, where they live, how long they stay.

Nothing here is estimated from a person. Shares and rates are chosen by hand so that a panel looks
like one from an income register.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CLIENTS",
    "COUNTIES",
    "COUNTRY_GROUPS",
    "EDUCATION",
    "HOME_COUNTIES",
    "MUNICIPALITIES_PER_COUNTY",
    "NATIONAL",
    "YEARS",
    "Codes",
    "Floats",
    "People",
    "Population",
    "draw_people",
    "exit_hazard",
]

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

#: The register years.
YEARS: NDArray[np.int64] = np.arange(2009, 2025)

#: Invented counties: the source does not say which four took part. The last one has no programme.
COUNTIES = ("Fylke A", "Fylke B", "Fylke C", "Fylke D", "Andre fylker")
HOME_COUNTIES = 4
MUNICIPALITIES_PER_COUNTY = 8
_COUNTY_SHARE = np.array([0.34, 0.26, 0.22, 0.15])  # within the programme counties
_MOVE_RATE = 0.025  # a year

EDUCATION = ("grunnskole", "videregående", "høyere")
_EDUCATION_SHARE = np.array([0.45, 0.39, 0.16])
_UPGRADE_RATE = 0.02  # a year, before the age of 30

COUNTRY_GROUPS = ("Norge", "EØS", "Resten av verden")
_COUNTRY_SHARE = np.array([0.72, 0.11, 0.17])
_EMIGRATION_RATE = np.array([0.0015, 0.010, 0.006])  # a year

_BIRTH_YEARS = (1958, 1997)

#: Later than any register year: stands for "does not happen".
_NEVER = 9999


@dataclass(frozen=True)
class Population:
    """Whom the register holds.

    Attributes
    ----------
    women
        Share of women, who are not in the target group.
    home
        Share who live in the programme counties.
    """

    women: float
    home: float


#: Mostly men where the programme is: small registers with many to compare.
CLIENTS = Population(women=0.10, home=0.97)
#: A whole country, of whom about one in eight is in the target group at some time.
NATIONAL = Population(women=0.5, home=0.37)


@dataclass(frozen=True, eq=False)
class People:
    """Who they are and how long they stay; arrays of (n,) or (n, n_years).

    Attributes
    ----------
    female, birth_year, country
        Fixed characteristics; `country` is a code in `COUNTRY_GROUPS`.
    place
        Municipality code by year; the county is the code divided by `MUNICIPALITIES_PER_COUNTY`.
    education
        Code in `EDUCATION` by year.
    death_year, emigration_year
        Year of exit, 0 for none up to the last register year.
    present
        1 in years before the exit, 0.5 in the year of exit, 0 after it.
    """

    female: NDArray[np.bool_]
    birth_year: NDArray[np.int64]
    country: Codes
    place: Codes
    education: Codes
    death_year: NDArray[np.int64]
    emigration_year: NDArray[np.int64]
    present: Floats

    @cached_property
    def age(self) -> NDArray[np.int64]:
        """Age in each register year, (n, n_years)."""
        return YEARS[None, :] - self.birth_year[:, None]

    @property
    def county(self) -> Codes:
        """Code in `COUNTIES` by year, (n, n_years)."""
        return self.place // np.int8(MUNICIPALITIES_PER_COUNTY)


def exit_hazard(birth_year: NDArray[np.int64], country: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return the yearly chances of dying and of emigrating, both (n, n_years).

    They depend on age and country group alone. That makes the expected share of starters still
    present a known number for each of them, and with it the planted average exact.

    Examples
    --------
    >>> death, emigration = exit_hazard(np.array([1970]), np.array([1]))
    >>> death.shape, float(emigration[0, 0])
    ((1, 16), 0.01)
    """
    by_birth = np.arange(birth_year.min(), birth_year.max() + 1)
    age = YEARS[None, :] - by_birth[:, None]
    death = np.clip(0.0008 * np.exp(0.07 * (age - 30.0)), 0.0002, 0.03)
    emigration = np.broadcast_to(_EMIGRATION_RATE[:, None], (len(_EMIGRATION_RATE), len(YEARS)))
    return death[birth_year - by_birth[0]], emigration[country]


def draw_people(rng: np.random.Generator, n: int, population: Population = CLIENTS) -> People:
    """Draw `n` persons: fixed characteristics, moves, education, death and emigration."""
    female = rng.random(n) < population.women
    birth_year = rng.integers(_BIRTH_YEARS[0], _BIRTH_YEARS[1] + 1, n)
    country = _draw_codes(rng.random(n), _COUNTRY_SHARE)
    place = _draw_places(rng, n, population.home)
    education = _draw_education(rng, birth_year)
    death, emigration = _draw_exits(rng, birth_year, country)
    last = np.minimum(death, emigration)[:, None]
    return People(
        female=female,
        birth_year=birth_year,
        country=country,
        place=place,
        education=education,
        # The first of the two ends the record: a death abroad is not registered.
        death_year=np.where((death < _NEVER) & (death <= emigration), death, 0),
        emigration_year=np.where((emigration < _NEVER) & (emigration < death), emigration, 0),
        present=0.5 * ((last > YEARS).astype(float) + (last >= YEARS)),
    )


def _draw_codes(uniform: Floats, shares: Floats) -> Codes:
    """Return the category each uniform number falls in."""
    return np.searchsorted(np.cumsum(shares)[:-1], uniform, side="right").astype(np.int8)


def _draw_places(rng: np.random.Generator, n: int, home: float) -> Codes:
    """Return municipality codes (n, n_years): where a person lives until the next move."""
    moves = rng.random((n, len(YEARS))) < _MOVE_RATE
    moves[:, 0] = True
    n_spells = int(moves.sum())
    shares = np.append(_COUNTY_SHARE * home / _COUNTY_SHARE.sum(), 1.0 - home)
    county = _draw_codes(rng.random(n_spells), shares)
    municipality = rng.integers(0, MUNICIPALITIES_PER_COUNTY, n_spells)
    codes = (county * MUNICIPALITIES_PER_COUNTY + municipality).astype(np.int8)
    spell = np.cumsum(moves).reshape(moves.shape) - 1
    places: Codes = codes[spell]
    return places


def _draw_education(rng: np.random.Generator, birth_year: NDArray[np.int64]) -> Codes:
    """Return education codes (n, n_years): at most one step up, before the age of 30."""
    first = _draw_codes(rng.random(len(birth_year)), _EDUCATION_SHARE)
    upgrade = YEARS[0] + rng.geometric(_UPGRADE_RATE, len(birth_year))
    can = (upgrade - birth_year < 30) & (first < len(EDUCATION) - 1)
    upgrade = np.where(can, upgrade, _NEVER)
    return first[:, None] + (upgrade[:, None] <= YEARS).astype(np.int8)


def _draw_exits(
    rng: np.random.Generator, birth_year: NDArray[np.int64], country: Codes
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the years of death and of emigration, `_NEVER` where after the register."""
    drawn = []
    for hazard in exit_hazard(birth_year, country):
        gone = 1.0 - np.cumprod(1.0 - hazard, axis=1)
        position = (gone < rng.random(len(birth_year))[:, None]).sum(axis=1)
        drawn.append(np.where(position < len(YEARS), YEARS[0] + position, _NEVER))
    return drawn[0], drawn[1]
