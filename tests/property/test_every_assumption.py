"""No assumption is decoration: each moves some output in one documented configuration.

The configuration: effects on the wage, on all state benefits in one sum and on social assistance,
estimated for three years and halved every five years after that, to year 5; some displacement,
leisure, new wage money, selection and avoided measures; a programme of two phases whose costs fall
on all three public budgets, and a mean age at start, which the residual value needs. The list of
assumptions is the account's own, so a new one cannot be forgotten here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mih_impact.account.assumption import Assumption
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.programme import Phase, Programme
from mih_impact.display.locale import Label
from mih_impact.effects.series import EffectSeries
from mih_impact.reference.discount import Discount

CONFIGURATION: dict[str, float] = {
    "wage_bill": 0.5,
    "displacement": 0.2,
    "leisure": 0.3,
    "selection": 0.1,
    "avoided_measures": 10_000.0,
}


def label(text: str) -> Label:
    return Label(nb=text, en=text)


PROGRAMME = Programme(
    name="p",
    label=label("p"),
    phases=(
        Phase(name="school", label=label("school"), reach=0.8),
        Phase(name="work", label=label("work"), reach=0.6),
    ),
    items=(
        CostItem(name="place", label=label("place"), amounts=[50_000.0, 9_000.0], payer="county",
                 phase="school", timing="middle"),
        CostItem(name="unknown", label=label("unknown"), amounts=[0.0, 0.0], payer="municipality",
                 phase="work", low=0.0, high=20_000.0),
        CostItem(name="grant", label=label("grant"), amounts=[0.0, 30_000.0], payer="county",
                 receiver="municipality", phase="work"),
        CostItem(name="follow_up", label=label("follow up"), amounts=[5_000.0], payer="state",
                 reach=0.9),
    ),
    age_at_start=Assumption("age_at_start", 40.0, "years", "ASSUMED", "test", 30.0, 50.0,
                            label("age")),
)  # fmt: skip


def configured() -> CostBenefit:
    frame = pd.DataFrame(
        {
            "outcome": np.repeat(["wage_income", "benefits", "sosialhjelp"], 3),
            "year_since_start": np.tile(np.arange(3), 3),
            "estimate": np.repeat([100_000.0, -30_000.0, -5_000.0], 3),
        }
    )
    return cost_benefit(
        EffectSeries.from_frame(frame, price_year=2024),
        Assumptions.r109().replace(**CONFIGURATION),
        programme=PROGRAMME,
        horizon=6,
        persistence="half_life",
        roles={"benefits": "benefit:state"},
    )


CASE = configured()


def outputs(case: CostBenefit) -> np.ndarray:
    residual = case.residual_value()["present_value"]
    return np.array([*case.by_actor()["present_value"], *residual])


def moved(item: Assumption) -> float:
    """Return another value that the assumption can have."""
    if item.low is not None and item.high is not None:
        return item.low if item.low != item.value else item.high
    _, high = item.bounds
    return 0.9 * item.value if item.value else min(0.1, high) if high < np.inf else 1_000.0


def test_the_list_is_complete() -> None:
    names = [item.name for item in CASE.model.items]
    rates = [item.name for item in Assumptions.r109().items]
    costs = ["cost:place", "cost:unknown", "cost:grant", "cost:follow_up"]
    reaches = ["reach:school", "reach:work", "reach:follow_up"]
    assert names == [*rates, *costs, *reaches, "age_at_start"]
    assert {item.name for item in CASE.used_assumptions()} == set(names)


@pytest.mark.parametrize("item", CASE.model.items, ids=lambda item: item.name)
def test_every_assumption_moves_some_output(item: Assumption) -> None:
    changed = CASE.with_values({item.name: moved(item)})
    assert np.abs(outputs(changed) - outputs(CASE)).max() > 1.0


def test_so_does_the_rest_of_the_ladder() -> None:
    flat = CASE.with_assumptions(CASE.assumptions.replace(discount=Discount.flat(0.03)))
    late = CASE.with_assumptions(CASE.assumptions.replace(discount=Discount(timing="end")))
    for other in (flat, late):
        assert np.abs(outputs(other) - outputs(CASE)).max() > 1.0


@pytest.mark.parametrize("item", CASE.model.items, ids=lambda item: item.name)
def test_a_changed_value_is_the_same_by_either_road(item: Assumption) -> None:
    """The rules read a changed setting; `with_values` writes the change into the objects."""
    value = moved(item)
    one = CASE.model.discounted(CASE.effects, {item.name: value}).sum(axis=-1)
    stack = CASE.model.discounted(CASE.effects, {item.name: np.array([value, item.value])})
    other = CASE.with_values({item.name: value})
    found = other.by_actor()["present_value"].to_numpy()
    scale = 1e-9 * max(float(np.abs(found).max()), 1.0)
    np.testing.assert_allclose(one, found, rtol=0, atol=scale)
    if item.name == "age_at_start":  # speaks of the years after the account alone
        return
    np.testing.assert_allclose(stack[0].sum(axis=-1), found, rtol=0, atol=scale)
    base = CASE.by_actor()["present_value"].to_numpy()
    np.testing.assert_allclose(stack[1].sum(axis=-1), base, rtol=0, atol=scale)
