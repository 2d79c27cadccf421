"""Invented working lives without the programme: wages, benefits, registered months.

The orders of magnitude are chosen by hand: many have no wage, a bad year is followed by a partial
recovery, a scheme tends to last. All money is in real kroner of the price year; the step to nominal
kroner is taken when the rows are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mih_impact.panel.contract import BENEFITS
from mih_impact.panel.synthetic.people import YEARS, Codes, Floats, People

__all__ = ["BENEFIT_TYPES", "Histories", "draw_histories", "largest_benefit"]

#: The types the generator assigns: the schemes' own names, and none.
BENEFIT_TYPES = (*BENEFITS, "ingen")
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
