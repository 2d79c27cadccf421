"""What holds for every budget impact, whatever the account, the cohorts and the prices.

Tolerances are relative to the largest amount, 1e-9.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mih_impact as mih
from mih_impact.account.budget.entries import BLOCKS, SAVINGS, block_sums, cash_entries
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.roles import ACTORS, GROUPS, PUBLIC
from mih_impact.account.uncertainty import drawn_effects, drawn_values
from mih_impact.display.locale import Label
from mih_impact.reference.discount import Discount
from tests.accounts import (
    Drawn,
    account,
    assumptions,
    covariance_of,
    drawn,
    near,
    paths,
    programmes,
    shares,
)

FIRST = 2026

few = settings(max_examples=40, deadline=None)

cohorts = st.lists(st.integers(0, 900), min_size=1, max_size=4).map(
    lambda sizes: {FIRST + place: float(size) for place, size in enumerate(sizes)}
)


@st.composite
def cases(draw: st.DrawFn, **held: object) -> CostBenefit:
    return account(draw(paths()), draw(assumptions(**held)), draw(programmes()))


def atol(*arrays: object) -> float:
    return 1e-9 * max(1.0, *(float(np.abs(np.asarray(array)).max(initial=0.0)) for array in arrays))


def by_actor_and_year(impact: mih.BudgetImpact) -> pd.DataFrame:
    """Return amounts, actors down and years across, nothing left out."""
    sums = impact.to_frame().groupby(["actor", "year"])["amount"].sum().unstack("year")
    return sums.reindex(index=list(ACTORS), columns=list(impact.years)).fillna(0.0)


def cash_of(case: CostBenefit) -> np.ndarray:
    """Return the cash account per starter from the ledger's own table, shape (actors, years)."""
    ledger = case.ledger()
    cash = np.zeros((len(ACTORS), case.horizon))
    for actor, year, amount in ledger.loc[ledger["cash"], ["actor", "year", "amount"]].to_numpy():
        cash[ACTORS.index(actor), year] += amount
    return cash


@few
@given(cases(), cohorts, st.sampled_from([0.0, 0.02, 0.04, 0.1]))
def test_present_value_over_cohorts_is_the_account_times_discounted_cohort_sizes(
    case: CostBenefit, starters: dict[int, float], rate: float
) -> None:
    found = by_actor_and_year(mih.budget_impact(case, starters=starters))
    since_first = np.array(found.columns) - FIRST
    present = found.to_numpy() @ (1 + rate) ** -since_first.astype(float)
    sizes = sum(n * (1 + rate) ** -float(year - FIRST) for year, n in starters.items())
    per_starter = cash_of(case) @ (1 + rate) ** -np.arange(case.horizon, dtype=float)
    np.testing.assert_allclose(
        present, sizes * per_starter, rtol=0, atol=atol(sizes * cash_of(case), found)
    )


@few
@given(cases(), cohorts, st.sampled_from([-1.0, -0.3, 0.0, 0.5]), st.sampled_from([50.0, 500.0]))
def test_a_slow_triple_loop_gives_the_same(
    case: CostBenefit, starters: dict[int, float], elasticity: float, reference: float
) -> None:
    impact = mih.budget_impact(
        case, starters=starters, elasticity=elasticity, reference_cohort=reference
    )
    found = by_actor_and_year(impact)
    fixed = cash_of(replace(case, effects=np.zeros_like(case.effects)))
    driven = cash_of(case) - fixed
    expected = {(actor, year): 0.0 for actor in ACTORS for year in impact.years}
    for start, n in starters.items():
        for a, actor in enumerate(ACTORS):
            for t in range(case.horizon):
                scale = (n / reference) ** elasticity if n > 0 else 1.0
                expected[actor, start + t] += n * (fixed[a, t] + scale * driven[a, t])
    wanted = pd.Series(expected).unstack().loc[list(ACTORS)].to_numpy()
    gross = max(starters.values()) * (np.abs(fixed).sum() + np.abs(driven).sum()) * 20
    np.testing.assert_allclose(found.to_numpy(), wanted, rtol=0, atol=atol(wanted, gross))


@few
@given(cases(), cohorts, st.sampled_from(PUBLIC), st.integers(1, 90_000))
def test_what_is_not_cash_never_enters(
    case: CostBenefit, starters: dict[int, float], payer: str, amount: int
) -> None:
    before = mih.budget_impact(case, starters=starters).to_frame()
    hours = CostItem(name="hours", label=Label(nb="timer", en="hours"), amounts=[float(amount)],
                     payer=payer, cash=False)  # fmt: skip
    programme = replace(case.programme, items=(*case.programme.items, hours))
    more = replace(case, programme=programme)
    assert more.public < case.public
    after = mih.budget_impact(more, starters=starters).to_frame()
    pd.testing.assert_frame_equal(before, after)
    pension = {"pension", "production", "leisure", "tax_financing"}
    components = after["component"].str.removeprefix("displacement:")
    assert not components.isin(pension).any()


@few
@given(
    cases(), cohorts, st.sampled_from([("county",), ("municipality",), ("county", "municipality")])
)
def test_cover_moves_outlays_to_the_state_and_changes_no_total(
    case: CostBenefit, starters: dict[int, float], covered: tuple[str, ...]
) -> None:
    alone = mih.budget_impact(case, starters=starters)
    moved = mih.budget_impact(case, starters=starters, compensated=covered)
    keys = ["actor", "block", "year"]
    before = alone.by_block().set_index(keys)["amount"]
    after = moved.by_block().set_index(keys)["amount"]
    tolerance = atol(before)
    for block in BLOCKS:
        for year in alone.years:
            assert after["public", block, year] == pytest.approx(
                before["public", block, year], abs=tolerance
            )
            if block != "grants":
                for actor in PUBLIC:
                    assert after[actor, block, year] == pytest.approx(
                        before[actor, block, year], abs=tolerance
                    )
    entries = alone.to_frame()
    grants = entries[(entries["block"] == "grants") & entries["actor"].isin(covered)]
    received = grants["component"].isin(
        f"programme:{item.name}" for item in case.programme.items if item.receiver is not None
    ) & (grants["amount"] >= 0)
    outlays = grants[~received].groupby("year")["amount"].sum().reindex(alone.years).fillna(0.0)
    for year in alone.years:
        gain = after["state", "grants", year] - before["state", "grants", year]
        assert gain == pytest.approx(outlays[year], abs=tolerance)


@few
@given(cases(), cohorts, st.sampled_from([1.0, 500.0, 1e6]))
def test_no_elasticity_changes_nothing(
    case: CostBenefit, starters: dict[int, float], reference: float
) -> None:
    plain = mih.budget_impact(case, starters=starters)
    same = mih.budget_impact(case, starters=starters, elasticity=0.0, reference_cohort=reference)
    pd.testing.assert_frame_equal(plain.to_frame(), same.to_frame())
    pd.testing.assert_frame_equal(plain.by_block(), same.by_block())


@few
@given(cases(), cohorts)
def test_blocks_are_never_netted(case: CostBenefit, starters: dict[int, float]) -> None:
    impact = mih.budget_impact(case, starters=starters)
    entries, sums = impact.to_frame(), impact.by_block()
    saved = case.assumptions.avoided_measures > 0 and case.horizon > 0 and any(starters.values())
    assert set(sums["block"]) == {*BLOCKS, *([SAVINGS] if saved else [])}
    assert not sums.duplicated(["year", "actor", "block"]).any()
    amounts = sums.set_index(["year", "actor", "block"])["amount"]
    for (year, actor, block), amount in amounts.items():
        own = PUBLIC if actor == "public" else (actor,)
        chosen = entries[
            (entries["year"] == year) & (entries["block"] == block) & entries["actor"].isin(own)
        ]
        assert amount == pytest.approx(chosen["amount"].sum(), abs=atol(chosen["amount"]))
    for frame in (impact.totals(), impact.first_surplus(), impact.by_line()):
        assert set(frame["block"]) <= {*BLOCKS, SAVINGS}


@few
@given(paths(), assumptions(wage_bill=0.0), programmes(), cohorts, st.sampled_from([0.0, 0.3, 1.0]))
def test_a_tax_rate_moves_revenue_and_no_other_block(
    path: np.ndarray, rates: mih.Assumptions, programme: mih.Programme, starters: dict, rate: float
) -> None:
    impacts = [
        mih.budget_impact(account(path, each, programme), starters=starters).by_block()
        for each in (rates, rates.replace(tax_rate_wage=rate))
    ]
    before, after = (frame[frame["block"] != "revenue"] for frame in impacts)
    pd.testing.assert_frame_equal(before, after)


@few
@given(cases(), cohorts, st.integers(2009, 2024))
def test_prices_of_another_year_scale_every_amount(
    case: CostBenefit, starters: dict[int, float], year: int
) -> None:
    here = mih.budget_impact(case, starters=starters)
    there = mih.budget_impact(case, starters=starters, budget_year=year)
    index = mih.PriceIndex.kpi()
    values = dict(zip(index.years, index.values, strict=True))
    scaled = here.to_frame()["amount"] * values[year] / values[2024]
    np.testing.assert_allclose(
        there.to_frame()["amount"], scaled, rtol=0, atol=atol(scaled, here.to_frame()["amount"])
    )
    pd.testing.assert_frame_equal(here.first_surplus(), there.first_surplus())


@few
@given(cases(), cohorts, st.lists(st.integers(80, 140), min_size=13, max_size=13))
def test_current_prices_follow_the_path_year_by_year(
    case: CostBenefit, starters: dict[int, float], values: list[int]
) -> None:
    path = {2024 + place: float(value) for place, value in enumerate(values)}
    index = mih.PriceIndex(tuple(path), tuple(path.values()), "prisbane", "test")
    fixed = mih.budget_impact(case, starters=starters).to_frame()
    nominal = mih.budget_impact(case, starters=starters, price_path=index, nominal=True).to_frame()
    wanted = [x * path[y] / path[2024] for x, y in zip(fixed["amount"], fixed["year"], strict=True)]
    np.testing.assert_allclose(nominal["amount"], wanted, rtol=0, atol=atol(wanted))


@settings(max_examples=15, deadline=None)
@given(paths(), assumptions(discount=Discount.flat(0.0)), programmes(), st.integers(0, 99))
def test_the_draws_are_those_of_the_account(
    path: np.ndarray, rates: mih.Assumptions, programme: mih.Programme, seed: int
) -> None:
    """Undiscounted, and with every line cash, the blocks sum to the public account in each draw."""
    paid = replace(programme, items=tuple(replace(item, cash=True) for item in programme.items))
    case = account(path, rates, paid, covariance_of(path, seed))
    effects, values = drawn_effects(case, 100, seed), drawn_values(case, 100, seed)
    point, drawn = (
        (each.entries, each.fixed + each.driven)
        for each in (
            cash_entries(case.model, case.effects, {}),
            cash_entries(case.model, effects, values),
        )
    )
    sums = block_sums(point, drawn, tuple(range(case.horizon)))
    public = [place for place, (_, actor) in enumerate(sums.keys) if actor == "public"]
    summed = sums.drawn[:, public].sum(axis=(1, 2))
    column = case.uncertainty(n=100, seed=seed).draws["total"][:, GROUPS.index("public")]
    np.testing.assert_allclose(summed, column, rtol=0, atol=atol(column, drawn[1]))


@settings(max_examples=8, deadline=None)
@given(paths(years=4), st.integers(0, 99))
def test_the_interval_is_that_of_the_accounts_draws(path: np.ndarray, seed: int) -> None:
    """With wages alone and no programme there is one block: revenue is the public account."""
    path = np.abs(path[:1]) + 1_000.0
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(4), "estimate": path[0]}
    )
    effects = mih.EffectSeries.from_frame(
        frame, covariance=covariance_of(path, seed), price_year=2024
    )
    rates = mih.Assumptions.r109().replace(discount=Discount.flat(0.0))
    rates = rates.vary("avoided_measures", distribution="fixed")
    case = mih.cost_benefit(effects, rates, programme=mih.Programme.none(), horizon=4)
    impact = mih.budget_impact(case, starters={FIRST: 1}, draws=500, seed=seed)
    totals = impact.totals().set_index(["actor", "block"]).loc[("public", "revenue")]
    draws = case.uncertainty(n=500, seed=seed).draws["total"][:, GROUPS.index("public")]
    low, high = np.quantile(draws, [0.025, 0.975])
    assert totals["amount"] == pytest.approx(case.public, rel=1e-9)
    assert (totals["conf_low"], totals["conf_high"]) == pytest.approx((low, high), rel=1e-9)


@few
@given(drawn(), shares, shares)
def test_the_municipality_is_walked_from_the_account_to_its_cash(
    given: Drawn, paid: float, kept: float
) -> None:
    """Every step named: what is left after them is the net, for any programme."""
    case = given.case()
    view = mih.municipality_view(case, places=3, paid_in_kind=paid, kept_tax=kept)
    steps = view.from_account().set_index("step")["amount"]
    assert steps["account"] == case.present_value("municipality")
    assert near(steps.iloc[:-1].sum(), steps["net"], case)
    assert near(3 * steps["net"], view.totals().set_index("component")["amount"]["net"], case)
    assert steps["apprentices"] == 0  # none is declared
