"""From invented lives to the rows of a register, in nominal kroner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.panel.synthetic.effects import Planted
from mih_impact.panel.synthetic.histories import BENEFIT_TYPES, Histories, largest_benefit
from mih_impact.panel.synthetic.people import (
    COUNTIES,
    COUNTRY_GROUPS,
    EDUCATION,
    MUNICIPALITIES_PER_COUNTY,
    YEARS,
    Floats,
    People,
)
from mih_impact.panel.synthetic.start import Starters, eligible

__all__ = ["register_rows"]

SEXES = ("mann", "kvinne")
MUNICIPALITIES = tuple(
    f"Kommune {county.removeprefix('Fylke ').replace('Andre fylker', 'X')}{number}"
    for county in COUNTIES
    for number in range(1, MUNICIPALITIES_PER_COUNTY + 1)
)
#: From this year wages come from a-ordningen, which has no record of a person without a wage.
_NO_RECORD_FROM = 2015
#: Who completes has an upper secondary education from this year since start.
_CERTIFICATE_AFTER = 3


def register_rows(
    people: People,
    histories: Histories,
    starters: Starters,
    planted: Planted,
    to_price_year: Floats,
    *,
    others: int,
    first_year: int = int(YEARS[0]),
) -> pd.DataFrame:
    """Return the register: a row per person-year with a wage, a benefit or a registered month.

    Parameters
    ----------
    people, histories, starters, planted
        What happens to everybody, and to the participants with the programme.
    to_price_year
        Kroner of the price year for one krone of each register year, (n_years,).
    others
        How many persons beside the participants the register holds. Who never has a row is in no
        register, so somewhat more are invented than are kept.
    first_year
        Earlier rows are left out; who has no other row counts among `others` all the same.

    Returns
    -------
    pandas.DataFrame
        The columns of the contract in its order, persons by identifier, years ascending.
    """
    nominal = {
        name: np.rint(_with_programme(name, histories, starters, planted) / to_price_year)
        for name in planted.outcomes
    }
    wage, benefits = nominal["wage_income"], {name: nominal[name] for name in BENEFITS}
    event = YEARS - starters.start_year[:, None]
    start_year = np.zeros(len(people.birth_year), dtype=np.int64)
    start_year[starters.index] = starters.start_year
    months = histories.months.copy()
    months[starters.index] *= ~planted.left
    education = people.education.copy()
    certified = planted.completes[:, None] & (event >= _CERTIFICATE_AFTER)
    education[starters.index] = np.maximum(education[starters.index], certified.astype(np.int8))
    kind = histories.kind.copy()
    kind[starters.index] = largest_benefit({n: b[starters.index] for n, b in benefits.items()})
    started = (start_year[:, None] > 0) & (start_year[:, None] <= YEARS)

    seen = (wage > 0) | (months > 0)
    for amount in benefits.values():
        seen |= amount > 0
    seen[np.flatnonzero(seen.any(axis=1) & (start_year == 0))[others:]] = False
    identifiers = _identifiers(seen)
    seen[:, first_year > YEARS] = False
    person, t = np.nonzero(seen)
    wage[(wage == 0) & (_NO_RECORD_FROM <= YEARS)] = np.nan

    columns: dict[str, Any] = {
        "person_id": identifiers[person],
        "year": YEARS[t],
        "start_year": _nullable(start_year, person),
        "eligible": (eligible(people, histories) & ~started)[seen],
        "sex": _category(people.female[person].astype(np.int8), SEXES),
        "birth_year": people.birth_year[person],
        "death_year": _nullable(people.death_year, person),
        "emigration_year": _nullable(people.emigration_year, person),
        "county": _category(people.county[seen], COUNTIES),
        "municipality": _category(people.place[seen], MUNICIPALITIES),
        "education": _category(education[seen], EDUCATION),
        "country_group": _category(people.country[person], COUNTRY_GROUPS),
        "benefit_type": _category(kind[seen], BENEFIT_TYPES),
        "months_unemployed": months[seen].astype(np.int64),
    }
    columns |= {name: amount[seen] for name, amount in nominal.items()}
    return pd.DataFrame({name: columns[name] for name in CONTRACT if name in columns}, copy=False)


def _with_programme(
    name: str, histories: Histories, starters: Starters, planted: Planted
) -> Floats:
    """Return an outcome as it happened: with the programme for those who started."""
    without = histories.wage if name == "wage_income" else histories.benefits[name]
    happened = without.copy()
    happened[starters.index] = planted.outcomes[name]
    return happened


def _identifiers(seen: NDArray[np.bool_]) -> pd.api.extensions.ExtensionArray:
    """Return text identifiers, numbered among those who have a row."""
    number = np.cumsum(seen.any(axis=1)).astype(np.str_)
    return pd.array(np.char.add("p", np.char.zfill(number, 6)), dtype="str")


def _nullable(values: NDArray[np.int64], person: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Return a whole-number column where 0 is null."""
    taken = values[person]
    return pd.arrays.IntegerArray(taken, taken == 0)


def _category(codes: NDArray[np.int8], names: Sequence[str]) -> pd.api.extensions.ExtensionArray:
    """Return a text column from codes."""
    return pd.array(list(names), dtype="str").take(codes.astype(np.int64))
