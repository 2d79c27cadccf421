"""Random accounts, and the same accounts kept by hand: slow, in plain Python, one year at a time.

What is drawn: effects on the wage, on every scheme of the contract and on two benefits of the
analyst's own; programmes of phases, with costs and grants at the start, middle and end of years;
every assumption; horizons longer than the effects with each kind of persistence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.programme import Phase, Programme
from mih_impact.account.roles import ACTORS, PUBLIC, Benefit
from mih_impact.display.locale import Label
from mih_impact.effects.series import EffectSeries
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.reference.discount import Discount

LABEL = Label(nb="post", en="item")
PRIVATE = tuple(actor for actor in ACTORS if actor not in (*PUBLIC, "rest_of_society"))
#: Outcomes of the contract, then those of benefits of one's own.
OUTCOMES = ("wage_income", *BENEFITS, "own_0", "own_1")
TIMINGS = (None, "start", "middle", "end")

few = settings(max_examples=20, deadline=None)

seeds = st.integers(0, 2**32 - 1)
shares = st.integers(0, 1000).map(lambda n: n / 1000)
money = st.integers(-500_000, 500_000).map(float)
LADDERS = (Discount().ladder, ((3, 0.05), (None, 0.01)), ((None, 0.08),), ((None, 0.0),))


@dataclass(frozen=True)
class Drawn:
    """What an account is made of."""

    path: np.ndarray
    benefits: tuple[Benefit, Benefit]
    rates: Assumptions
    programme: Programme
    horizon: int
    persistence: str

    def case(self, covariance: np.ndarray | None = None) -> CostBenefit:
        return cost_benefit(
            effects(self.path, covariance, price_year=self.rates.price_year),
            self.rates,
            programme=self.programme,
            horizon=self.horizon,
            persistence=self.persistence,
            roles={f"own_{k}": benefit for k, benefit in enumerate(self.benefits)},
        )

    def but(self, **changes: Any) -> Drawn:
        return replace(self, **changes)


def effects(
    path: np.ndarray, covariance: np.ndarray | None = None, *, price_year: int = 2024
) -> EffectSeries:
    rows, years = path.shape
    frame = pd.DataFrame(
        {
            "outcome": np.repeat(OUTCOMES[:rows], years),
            "year_since_start": np.tile(np.arange(years), rows),
            "estimate": path.ravel(),
        }
    )
    return EffectSeries.from_frame(frame, covariance=covariance, price_year=price_year)


# Everything in an account comes from one generator: hypothesis draws its seed and no more, so that
# the first account is as full as the last, where strategies for every number begin with nothing.


def share(rng: np.random.Generator) -> float:
    """Return a share: none and all of it every sixth time each."""
    return float(rng.choice([0.0, 1.0, *rng.integers(0, 1001, 4) / 1000]))


def kroner(rng: np.random.Generator) -> float:
    """Return whole kroner up to 300,000, nothing every sixth time."""
    return float(rng.choice([0, *rng.integers(0, 300_001, 5)]))


def random_path(rng: np.random.Generator, years: int) -> np.ndarray:
    """Return whole kroner up to half a million either way, some of them none, now and then all."""
    path = rng.integers(-500_000, 500_000, (len(OUTCOMES), years)).astype(float)
    return np.where(rng.random(path.shape) < rng.choice([0.0, 0.2, 0.5, 1.0]), 0.0, path)


def random_assumptions(rng: np.random.Generator, **held: object) -> Assumptions:
    names = (
        "pension_share", "employer_contribution", "tax_rate_wage", "tax_rate_benefits",
        "tax_financing_cost", "wage_bill", "displacement", "leisure", "selection",
    )  # fmt: skip
    values: dict[str, Any] = {name: share(rng) for name in names}
    values |= {"municipal_tax_share": share(rng) / 2, "county_tax_share": share(rng) / 2}
    values |= {"half_life": rng.integers(1, 41) / 2, "real_growth": share(rng) / 20 - 0.01}
    values["avoided_measures"] = kroner(rng)
    ladder, timing = LADDERS[rng.integers(len(LADDERS))], TIMINGS[rng.integers(1, len(TIMINGS))]
    values["discount"] = Discount(ladder=ladder, timing=timing)
    return Assumptions.r109().replace(**(values | held))


def random_programme(rng: np.random.Generator, payers: tuple[str, ...]) -> Programme:
    """Return items of phases and items of their own reach, each at its time of the year."""
    phases = tuple(
        Phase(name=f"phase {k}", label=LABEL, reach=share(rng)) for k in range(rng.integers(0, 3))
    )
    items = []
    for number in range(rng.integers(0, 6)):
        payer, other = rng.choice(payers, 2, replace=False)
        phase = str(rng.choice(["", *(each.name for each in phases)]))
        items.append(
            CostItem(
                name=f"item {number}",
                label=LABEL,
                amounts=[kroner(rng) for _ in range(rng.integers(1, 9))],
                payer=str(payer),
                receiver=str(other) if rng.random() < 0.4 else None,
                phase=phase,
                reach=1.0 if phase else share(rng),
                cash=bool(rng.random() < 0.5),
                timing=TIMINGS[rng.integers(len(TIMINGS))],
            )
        )
    age = Assumption("age_at_start", 40.0, "years", "ASSUMED", "test", 35.0, 45.0, LABEL)
    return Programme(name="drawn", label=LABEL, items=items, phases=phases, age_at_start=age)


def drawn(
    *,
    payers: tuple[str, ...] = ACTORS,
    years: int | None = None,
    more: int = 6,
    **held: object,
) -> st.SearchStrategy[Drawn]:
    """Return a strategy for what an account is made of.

    payers: who pays for items and benefits. years: estimated ones; `more` at most after them.
    held: assumptions that are not random.
    """
    paid_by = [actor for actor in payers if actor not in ("participant", "displaced")]

    def build(seed: int) -> Drawn:
        rng = np.random.default_rng(seed)
        estimated = years or int(rng.integers(1, 7))
        longer = int(rng.integers(0, more + 1))
        kinds = ("constant", "half_life", "linear")
        return Drawn(
            path=random_path(rng, estimated),
            benefits=(
                Benefit("own_0", str(rng.choice(paid_by)), bool(rng.random() < 0.5)),
                Benefit("own_1", str(rng.choice(paid_by)), bool(rng.random() < 0.5)),
            ),
            rates=random_assumptions(rng, **held),
            programme=random_programme(rng, payers),
            horizon=estimated + longer,
            persistence=str(rng.choice(kinds)) if longer else "none",
        )

    return seeds.map(build)


# -- parts, for tests that put an account of the contract's own outcomes together themselves -----


def paths(*, years: int | None = None) -> st.SearchStrategy[np.ndarray]:
    """Return effects on the wage and every scheme of the contract, as many years as the account."""

    def build(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return random_path(rng, years or int(rng.integers(1, 9)))[: 1 + len(BENEFITS)]

    return seeds.map(build)


def assumptions(**held: object) -> st.SearchStrategy[Assumptions]:
    return seeds.map(lambda seed: random_assumptions(np.random.default_rng(seed), **held))


def programmes(*, payers: tuple[str, ...] = ACTORS) -> st.SearchStrategy[Programme]:
    return seeds.map(lambda seed: random_programme(np.random.default_rng(seed), payers))


def account(
    path: np.ndarray,
    rates: Assumptions,
    programme: Programme,
    covariance: np.ndarray | None = None,
) -> CostBenefit:
    series = effects(path, covariance, price_year=rates.price_year)
    return cost_benefit(series, rates, programme=programme, horizon=path.shape[1])


def covariance_of(path: np.ndarray, seed: int) -> np.ndarray:
    """Return a full covariance over outcomes and years, far from diagonal."""
    root = np.random.default_rng(seed).normal(0, 20_000, (path.size, path.size))
    return root @ root.T / path.size


def near(value: float, expected: float, case: CostBenefit) -> bool:
    """Tell whether two sums agree to 1e-9 of the largest term in the account."""
    return abs(value - expected) <= 1e-9 * largest(case)


@lru_cache(maxsize=4)
def largest(case: CostBenefit) -> float:
    """Return the largest amount of any line in any year, 1 at least, as it is discounted."""
    return max(float(case.ledger()[["amount", "present_value"]].abs().to_numpy().max()), 1.0)


# -- the account by hand: formulas and loops -------------------------------------------------


def lasting_by_hand(given: Drawn) -> list[list[float]]:
    """Return the effects of every year, outcome by outcome."""
    more = given.horizon - given.path.shape[1]
    found = []
    for name, estimated in zip(OUTCOMES, given.path.tolist(), strict=True):
        years = list(estimated)
        for k in range(1, more + 1):
            if given.persistence == "constant":
                left = 1.0
            elif given.persistence == "half_life":
                left = 2.0 ** (-k / given.rates.half_life)
            else:
                left = (more + 1 - k) / (more + 1)
            growth = (1 + given.rates.real_growth) ** k if name == "wage_income" else 1.0
            years.append(estimated[-1] * left * growth)
        found.append(years)
    return found


def factor_by_hand(discount: Discount, year: int, timing: str | None) -> float:
    """Return the discount factor of a year: one division for each year that has passed."""

    def rate(of: int) -> float:
        return next(rate for end, rate in discount.ladder if end is None or of <= end)

    factor = 1.0
    for passed in range(1, year + 1):
        factor /= 1 + rate(passed)
    timing = timing or discount.timing
    if timing == "end":
        return factor / (1 + rate(year + 1))
    return factor / (1 + rate(year + 1)) ** 0.5 if timing == "middle" else factor


def schemes_by_hand(given: Drawn) -> dict[str, tuple[str, bool]]:
    """Return the payer of each benefit, and whether it is taxed."""
    contract = {name: (CONTRACT[name].scheme.payer, CONTRACT[name].scheme.taxable)
                for name in BENEFITS}  # fmt: skip
    return contract | {each.name: (each.payer, bool(each.taxable)) for each in given.benefits}


def flows_by_hand(given: Drawn) -> dict[str, list[dict[str | None, float]]]:
    """Return every actor's flow by year, apart by the time of the year at which it falls."""
    rates, path = given.rates, dict(zip(OUTCOMES, lasting_by_hand(given), strict=True))
    p, g, theta = rates.pension_share, rates.employer_contribution, rates.displacement
    caused, kept = 1 - rates.selection, 1 - rates.displacement
    local, county = rates.municipal_tax_share, rates.county_tax_share
    found: dict[str, list[dict[str | None, float]]] = {
        actor: [dict.fromkeys(TIMINGS, 0.0) for _ in range(given.horizon)] for actor in ACTORS
    }

    def add(actor: str, year: int, amount: float, timing: str | None = None) -> None:
        found[actor][year][timing] += amount

    for year in range(given.horizon):
        wage = caused * path["wage_income"][year]
        cost, tax, person = wage * (1 + p) * (1 + g), rates.tax_rate_wage * wage, wage * (1 + p)
        for name, (payer, taxed) in schemes_by_hand(given).items():
            amount = caused * path[name][year]
            person += amount
            tax += rates.tax_rate_benefits * amount if taxed else 0.0
            # The mirror: what the displaced lose of a benefit its payer saves.
            add(payer, year, -kept * amount)
        person -= tax + rates.leisure * wage * (1 - rates.tax_rate_wage)
        add("participant", year, person)
        add("displaced", year, -theta * person)
        add("users", year, kept * rates.wage_bill * cost)
        add("state", year, kept * ((1 - local - county) * tax + wage * (1 + p) * g))
        add("county", year, kept * county * tax)
        add("municipality", year, kept * (local * tax - rates.wage_bill * cost))
    add("state", 0, rates.avoided_measures)
    reaches = {phase.name: phase.reach for phase in given.programme.phases}
    for item in given.programme.items:
        reach = reaches.get(item.phase, item.reach)
        for year, amount in enumerate(list(item.amounts)[: given.horizon]):
            add(item.payer, year, -reach * amount, item.timing)
            if item.receiver is not None:
                add(item.receiver, year, reach * amount, item.timing)
    for year in range(given.horizon):
        for timing in TIMINGS:
            public = sum(found[actor][year][timing] for actor in PUBLIC)
            add("rest_of_society", year, rates.tax_financing_cost * public, timing)
    return found


def amounts_by_hand(given: Drawn) -> dict[str, list[float]]:
    """Return every actor's flow by year, not discounted."""
    flows = flows_by_hand(given)
    return {actor: [sum(year.values()) for year in years] for actor, years in flows.items()}


def values_by_hand(given: Drawn) -> dict[str, list[float]]:
    """Return every actor's present value by year."""
    factor = {
        timing: [factor_by_hand(given.rates.discount, t, timing) for t in range(given.horizon)]
        for timing in TIMINGS
    }
    return {
        actor: [
            sum(factor[timing][t] * amount for timing, amount in flow.items())
            for t, flow in enumerate(years)
        ]
        for actor, years in flows_by_hand(given).items()
    }


def in_groups(by_actor: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return the flows of the actors with those of public budgets and of society."""
    sums = {"public": PUBLIC, "society": ACTORS}
    totals = {
        name: [sum(year) for year in zip(*(by_actor[actor] for actor in members), strict=True)]
        for name, members in sums.items()
    }
    return by_actor | totals
