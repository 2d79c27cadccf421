"""Invented people and their working lives without the programme.

Nothing here is estimated from a person. Shares and rates are chosen by hand so that a panel looks
like one from an income register.

The orders of magnitude are chosen by hand: many have no wage, a bad year is followed by a partial
recovery, a scheme tends to last. All money is in real kroner of the price year; the step to nominal
kroner is taken when the rows are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact.panel.contract import BENEFITS, NO_BENEFIT

__all__ = [
    "BENEFIT_TYPES",
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
    "Histories",
    "People",
    "Population",
    "draw_histories",
    "draw_people",
    "exit_hazard",
    "largest_benefit",
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


#: The types the generator assigns: the schemes' own names, and none.
BENEFIT_TYPES = (*BENEFITS, NO_BENEFIT)
_DAGPENGER, _AAP, _TILTAK, _SOSIAL, _UFORE, _SYKE, _NONE = range(len(BENEFIT_TYPES))

#: Share of persons with a firm footing in working life; the others move in and out of it.
_STEADY_SHARE = 0.58

#: Real kroner for a full year on the scheme; dagpenger replaces a share of the wage up to a cap.
_FULL_YEAR = {_AAP: 262_000.0, _TILTAK: 172_000.0, _SOSIAL: 140_000.0, _UFORE: 315_000.0}
_DAGPENGER_RATE, _DAGPENGER_CAP = 0.624, 744_000.0
#: Share of the time out of work that is paid for: the rest is waiting and gaps.
_PAID = 0.85
#: The real wage that earns a right to dagpenger.
_EARNED_RIGHT = 150_000.0
#: Real kroner for a full year's work by education.
_FULL_WAGE = np.array([405_000.0, 455_000.0, 590_000.0])
#: Chance to stay on a scheme another year.
_STAYS = np.array([0.68, 0.78, 0.76, 0.70, 1.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class Histories:
    """What happens without the programme; every array is (n, n_years).

    Attributes
    ----------
    wage
        Wage income, real kroner.
    benefits
        Real kroner by scheme.
    kind
        Code in `BENEFIT_TYPES`: the scheme that pays most, "ingen" if none does.
    months
        Months registered unemployed.
    """

    wage: Floats
    benefits: Mapping[str, Floats]
    kind: Codes
    months: Codes


def draw_histories(
    rng: np.random.Generator, people: People, real_wage: Floats, wage_factor: Floats | None = None
) -> Histories:
    """Draw wages, benefits and registered months in the absence of the programme.

    Parameters
    ----------
    rng
        The random stream of the histories.
    people
        The persons.
    real_wage
        Real wage level of each register year relative to the price year, (n_years,).
    wage_factor
        Multiplies the wage of a person-year, (n, n_years); None is 1.
    """
    share = _work_share(rng, people)
    full_wage = _full_wage(rng, people) * real_wage
    wage = share * full_wage
    if wage_factor is not None:
        wage *= wage_factor
    kind = _schemes(rng, people, share, wage)
    benefits = _amounts(rng, share, full_wage, kind)
    months = _months(rng, share, kind)
    for amount in (wage, months, *benefits.values()):
        amount *= people.present
    return Histories(wage, benefits, largest_benefit(benefits), np.ceil(months).astype(np.int8))


def _work_share(rng: np.random.Generator, people: People) -> Floats:
    """Return the share of each year spent in work, in [0, 1].

    A permanent part, a part that fades by three tenths a year and a part that lasts one year: so a
    bad year is followed by a partial recovery, steep at first. The year 2020 is bad for all.
    """
    n, n_years = len(people.birth_year), len(YEARS)
    age = people.age
    steady = rng.random(n) < _STEADY_SHARE
    permanent = np.where(steady, 1.3, 0.16)
    permanent += np.where(steady, 0.22, 0.28) * rng.standard_normal(n)
    permanent += np.array([-0.07, 0.02, 0.10])[people.education[:, 0]]
    permanent += np.array([0.03, 0.0, -0.10])[people.country]
    latent = np.clip(0.012 * (age - 30), -0.20, 0.0) - 0.015 * np.clip(age - 54, 0, None)
    latent += permanent[:, None] + 0.13 * rng.standard_normal((n, n_years))
    latent -= np.select([YEARS == 2020, YEARS == 2021], [0.10, 0.05], 0.0)
    shocks = 0.25 * rng.standard_normal((n, n_years))
    fading = shocks[:, 0] / np.sqrt(1.0 - 0.7**2)
    for t in range(n_years):
        fading = fading if t == 0 else 0.7 * fading + shocks[:, t]
        latent[:, t] += fading
    share: Floats = np.clip(latent, 0.0, 1.0)
    share[age < 17] = 0.0
    share[(age >= 17) & (age < 20)] *= 0.4
    return share


def _full_wage(rng: np.random.Generator, people: People) -> Floats:
    """Return the wage of a full year's work by education, age and person, (n, n_years)."""
    personal = np.exp(0.20 * rng.standard_normal(len(people.birth_year)) - 0.02)
    by_age = np.clip(0.70 + 0.02 * (people.age - 18), 0.70, 1.0)
    wages: Floats = _FULL_WAGE[people.education] * by_age * personal[:, None]
    return wages


def _schemes(rng: np.random.Generator, people: People, share: Floats, wage: Floats) -> Codes:
    """Return the main scheme of each person-year out of work: (n, n_years) codes."""
    n, n_years = len(people.birth_year), len(YEARS)
    health = rng.random(n)  # high values end up on aap
    needs = (rng.random(n) < 0.92)[:, None] & (share < 0.93) & (people.age >= 18)
    kind = np.full((n, n_years), _NONE, dtype=np.int8)
    previous = kind[:, 0]
    for t in range(n_years):
        keep, pick = rng.random(n), rng.random(n)
        earned = wage[:, max(t - 3, 0) : max(t, 1)].max(axis=1) > _EARNED_RIGHT
        now = np.where(keep < _STAYS[previous], previous, _new_scheme(pick, earned, health))
        now[~needs[:, t]] = _NONE
        now[(previous == _AAP) & (people.age[:, t] > 33) & (keep > 1.0 - 0.035)] = _UFORE
        now[previous == _UFORE] = _UFORE  # a disability benefit is for good
        kind[:, t] = previous = now
    return kind


def _new_scheme(pick: Floats, earned: NDArray[np.bool_], health: Floats) -> Codes:
    """Return the scheme of someone newly out of work: dagpenger needs an earned right."""
    dagpenger = np.where(earned, 0.74, 0.0)
    aap = np.where(earned, 0.16, 0.38) * (0.4 + 1.2 * health)
    tiltak = np.where(earned, 0.06, 0.38)
    edges = np.stack([dagpenger, dagpenger + aap, dagpenger + aap + tiltak])
    schemes: Codes = (pick > edges).sum(axis=0).astype(np.int8)
    return schemes


def _amounts(
    rng: np.random.Generator, share: Floats, full_wage: Floats, kind: Codes
) -> dict[str, Floats]:
    """Return kroner by scheme; some get a second scheme in the same year."""
    out = _PAID * (1.0 - share)
    second = 0.30 * (rng.random(share.shape) < 0.35)
    on = [kind == code for code in range(len(BENEFITS))]
    ill = (share > 0.25) & (rng.random(share.shape) < 0.10)
    replaced = _DAGPENGER_RATE * np.minimum(full_wage, _DAGPENGER_CAP)
    return {
        "dagpenger": on[_DAGPENGER] * replaced * out,
        "aap": on[_AAP] * _FULL_YEAR[_AAP] * out,
        "tiltakspenger": np.where(on[_TILTAK], 1.0, second * (on[_DAGPENGER] | on[_SOSIAL]))
        * _FULL_YEAR[_TILTAK]
        * out,
        "sosialhjelp": np.where(on[_SOSIAL], 1.0, second * on[_TILTAK]) * _FULL_YEAR[_SOSIAL] * out,
        "uforetrygd": on[_UFORE] * _FULL_YEAR[_UFORE] * out,
        "sykepenger": ill * 0.18 * share * full_wage,
    }


def _months(rng: np.random.Generator, share: Floats, kind: Codes) -> Floats:
    """Return months registered unemployed; some on aap are registered too."""
    registered = (kind == _DAGPENGER) | (kind == _TILTAK) | (kind == _SOSIAL)
    registered |= (kind == _AAP) & (rng.random(share.shape) < 0.25)
    return np.where(registered, np.clip(np.rint(12.0 * (1.0 - share)), 1.0, 12.0), 0.0)


def largest_benefit(benefits: Mapping[str, Floats]) -> Codes:
    """Return the benefit type of each cell: the scheme that pays most, "ingen" if none pays.

    Sick pay is for people with a job; it names the type only where nothing else is paid.
    """
    best = np.zeros_like(benefits["dagpenger"])
    kind = np.full(best.shape, _NONE, dtype=np.int8)
    for code, name in enumerate(BENEFITS):
        amount = benefits[name]
        larger = amount > (best if code != _SYKE else np.where(kind == _NONE, 0.0, np.inf))
        kind[larger] = code
        best = np.where(larger, amount, best)
    return kind
