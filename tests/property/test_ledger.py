"""What holds for every account, whatever the effects, the programme and the assumptions.

Tolerances are relative to the largest term, 1e-9, unless a test says otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mih_impact.display.labels import Label
from mih_impact.economics.account import CostBenefit, cost_benefit
from mih_impact.economics.actors import ACTORS, PUBLIC
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.evaluate import break_even_year
from mih_impact.economics.programme import CostItem, Programme
from mih_impact.effects.series import EffectSeries
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex

OUTCOMES = ("wage_income", *BENEFITS)
PRIVATE = tuple(actor for actor in ACTORS if actor not in (*PUBLIC, "rest_of_society"))

few = settings(max_examples=40, deadline=None)

shares = st.integers(0, 1000).map(lambda n: n / 1000)
money = st.integers(-500_000, 500_000).map(float)
costs = st.integers(0, 300_000).map(float)
discounts = st.builds(
    Discount,
    ladder=st.sampled_from([Discount().ladder, ((3, 0.05), (None, 0.01)), ((None, 0.0),)]),
    timing=st.sampled_from(["start", "middle", "end"]),
)


@st.composite
def assumptions(draw: st.DrawFn, **held: object) -> Assumptions:
    names = (
        "pension_share", "employer_contribution", "tax_rate_wage", "tax_rate_benefits",
        "tax_financing_cost", "wage_bill", "displacement", "leisure", "selection",
    )  # fmt: skip
    values = {name: draw(shares) for name in names}
    values |= {"municipal_tax_share": draw(shares) / 2, "county_tax_share": draw(shares) / 2}
    values |= {"avoided_measures": draw(costs), "discount": draw(discounts)}
    return Assumptions.r109().replace(**(values | held))


@st.composite
def programmes(draw: st.DrawFn, *, payers: tuple[str, ...] = ACTORS, years: int = 8) -> Programme:
    items = []
    for number in range(draw(st.integers(0, 4))):
        payer = draw(st.sampled_from(payers))
        others = [actor for actor in payers if actor != payer]
        items.append(
            CostItem(
                name=f"item {number}",
                label=Label(nb="post", en="item"),
                amounts=draw(st.lists(costs, min_size=1, max_size=years)),
                payer=payer,
                receiver=draw(st.sampled_from([None, *others])),
                reach=draw(shares),
                cash=draw(st.booleans()),
            )
        )
    return Programme(name="drawn", label=Label(nb="tiltak", en="programme"), items=items)


@st.composite
def paths(draw: st.DrawFn, *, years: int | None = None) -> np.ndarray:
    years = years or draw(st.integers(1, 8))
    flat = draw(st.lists(money, min_size=len(OUTCOMES) * years, max_size=len(OUTCOMES) * years))
    return np.array(flat).reshape(len(OUTCOMES), years)


def effects(
    path: np.ndarray, covariance: np.ndarray | None = None, *, price_year: int = 2024
) -> EffectSeries:
    years = path.shape[1]
    frame = pd.DataFrame(
        {
            "outcome": np.repeat(OUTCOMES, years),
            "year_since_start": np.tile(np.arange(years), len(OUTCOMES)),
            "estimate": path.ravel(),
        }
    )
    return EffectSeries.from_frame(frame, covariance=covariance, price_year=price_year)


def account(
    path: np.ndarray,
    rates: Assumptions,
    programme: Programme,
    covariance: np.ndarray | None = None,
) -> CostBenefit:
    return cost_benefit(
        effects(path, covariance, price_year=rates.price_year),
        rates,
        programme=programme,
        horizon=path.shape[1],
    )


def covariance_of(path: np.ndarray, seed: int) -> np.ndarray:
    """Return a full covariance over outcomes and years, far from diagonal."""
    root = np.random.default_rng(seed).normal(0, 20_000, (path.size, path.size))
    return root @ root.T / path.size


def near(value: float, expected: float, case: CostBenefit) -> bool:
    """Tell whether two sums agree to 1e-9 of the largest term in the account."""
    largest = float(np.abs(case._ledger.amounts(case.effects)).max())
    return abs(value - expected) <= 1e-9 * max(largest, 1.0)


def by_hand(path: np.ndarray, rates: Assumptions, programme: Programme) -> dict[str, np.ndarray]:
    """Return every actor's flow, year by year, from the rules as formulas: slow and obvious."""
    effect = dict(zip(OUTCOMES, (1 - rates.selection) * path, strict=True))
    wage, zero = effect["wage_income"], np.zeros(path.shape[1])
    p, g, theta = rates.pension_share, rates.employer_contribution, rates.displacement
    cost = wage * (1 + p) * (1 + g)
    benefit = dict.fromkeys(("state", "county", "municipality"), zero)
    tax = rates.tax_rate_wage * wage
    for name in BENEFITS:
        scheme = CONTRACT[name].scheme
        benefit = benefit | {scheme.payer: benefit[scheme.payer] + effect[name]}
        if scheme.taxable:
            tax = tax + rates.tax_rate_benefits * effect[name]
    local, county = rates.municipal_tax_share, rates.county_tax_share
    person = wage * (1 + p) - tax + sum(effect[name] for name in BENEFITS)
    person = person - rates.leisure * wage * (1 - rates.tax_rate_wage)
    kept = 1 - theta
    flow = {
        "participant": person,
        "displaced": -theta * person,
        "users": kept * rates.wage_bill * cost,
        "employer": zero,
        "state": kept * ((1 - local - county) * tax + wage * (1 + p) * g - benefit["state"]),
        "county": kept * (county * tax - benefit["county"]),
        "municipality": kept * (local * tax - benefit["municipality"] - rates.wage_bill * cost),
        "rest_of_society": zero,
    }
    for item in programme.items:
        for year, amount in enumerate(item.amounts[: path.shape[1]]):
            unit = np.eye(path.shape[1])[year] * amount * item.reach
            flow[item.payer] = flow[item.payer] - unit
            if item.receiver is not None:
                flow[item.receiver] = flow[item.receiver] + unit
    flow["state"] = flow["state"] + np.eye(path.shape[1])[0] * rates.avoided_measures
    public = sum(flow[actor] for actor in PUBLIC)
    flow["rest_of_society"] = flow["rest_of_society"] + rates.tax_financing_cost * public
    return flow


@few
@given(paths(), assumptions(), programmes())
def test_the_ledger_is_the_formulas(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    case = account(path, rates, programme)
    expected = by_hand(path, rates, programme)
    frame = case.by_year().set_index("actor")["amount"]
    largest = max(float(case.ledger()["amount"].abs().max()), 1.0)
    for actor in ACTORS:
        found = frame[[actor]].to_numpy()
        np.testing.assert_allclose(found, expected[actor], rtol=0, atol=1e-9 * largest)


@few
@given(paths(), assumptions(), programmes())
def test_transfers_sum_to_zero_by_component_and_year(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    ledger = account(path, rates, programme).ledger()
    transfers = ledger[ledger["kind"] == "transfer"]
    sums = transfers.groupby(["component", "year"])["amount"].sum().abs()
    assert sums.max() <= 1e-9 * transfers["amount"].abs().max()
    assert transfers.groupby(["component", "year"])["actor"].nunique().min() >= 2


@few
@given(paths(), assumptions(), programmes())
def test_three_routes_to_society_agree(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    case = account(path, rates, programme)
    ledger, rate = case.ledger(), rates.tax_financing_cost
    value = {actor: case.present_value(actor) for actor in ACTORS}
    resources = ledger[(ledger["kind"] == "real") & (ledger["component"] != "tax_financing")]
    financed = sum(value[actor] for actor in PUBLIC)
    # Tax-financing falls on the rest of society, beside what the programme itself does there.
    others = ledger[ledger["actor"].isin((*PRIVATE, "rest_of_society"))]
    private = others.loc[others["component"] != "tax_financing", "present_value"].sum()
    assert near(case.npv, sum(value.values()), case)
    assert near(case.npv, resources["present_value"].sum() + rate * case.public, case)
    assert near(case.npv, private + (1 + rate) * financed, case)


@few
@given(assumptions(), programmes(), st.integers(1, 8))
def test_no_effect_leaves_the_costs(rates: Assumptions, programme: Programme, years: int) -> None:
    rates = rates.replace(avoided_measures=0.0)
    case = account(np.zeros((len(OUTCOMES), years)), rates, programme)
    factors = rates.discount.factors(years)
    used = outlay = 0.0
    for item in programme.items:
        cost = float(item.path(years) @ factors)
        used += cost if item.receiver is None else 0.0
        outlay += cost * ((item.payer in PUBLIC) - (item.receiver in PUBLIC))
    assert near(case.npv, -used - rates.tax_financing_cost * outlay, case)
    assert near(case.public, -outlay, case)


@few
@given(paths(), assumptions(discount=Discount.flat(0.0)), programmes())
def test_rate_zero_is_the_plain_sum(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    case = account(path, rates, programme)
    assert near(case.npv, case.ledger()["amount"].sum(), case)


@few
@given(paths(), assumptions(tax_financing_cost=0.0), programmes(), shares)
def test_society_moves_by_public_when_tax_financing_does(
    path: np.ndarray, rates: Assumptions, programme: Programme, step: float
) -> None:
    case = account(path, rates, programme)
    dearer = case.with_assumptions(rates.replace(tax_financing_cost=step))
    assert near(dearer.npv - case.npv, step * case.public, case)
    assert dearer.public == case.public


@few
@given(paths(), assumptions(), programmes(), st.integers(2009, 2024), st.integers(0, 9))
def test_another_price_year_scales_money_and_nothing_else(
    path: np.ndarray, rates: Assumptions, programme: Programme, year: int, seed: int
) -> None:
    factor = PriceIndex.kpi().factor(2024, year)
    sigma = covariance_of(path, seed)
    case = account(path, rates, programme, sigma)
    moved = account(factor * path, rates.replace(price_year=year), programme, factor**2 * sigma)
    assert near(moved.npv, factor * case.npv, case)
    assert moved.std_error == pytest.approx(factor * case.std_error, rel=1e-9)
    assert moved.break_even_year == case.break_even_year
    assert moved.probability_positive == pytest.approx(case.probability_positive, abs=1e-9)
    found, expected = moved.switching_scale(), case.switching_scale()
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))


@few
@given(paths(), assumptions(avoided_measures=0.0), programmes())
def test_a_years_delay_is_one_more_year_of_discounting(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    rate = 0.04
    rates = rates.replace(discount=replace(rates.discount, ladder=((None, rate),)))
    case = account(path, rates, programme)
    cut = [replace(item, amounts=item.amounts[: path.shape[1]]) for item in programme.items]
    later = [replace(item, amounts=(0.0, *item.amounts)) for item in cut]
    delayed = account(
        np.hstack([np.zeros((len(OUTCOMES), 1)), path]), rates, replace(programme, items=later)
    )
    assert near(delayed.npv, case.npv / (1 + rate), case)
    assert near(delayed.public, case.public / (1 + rate), case)


@few
@given(paths(), assumptions(displacement=1.0, avoided_measures=0.0), programmes(payers=PUBLIC))
def test_full_displacement_leaves_the_public_cost(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    case = account(path, rates, programme)
    factors = rates.discount.factors(path.shape[1])
    cost = sum(
        float(item.path(path.shape[1]) @ factors)
        for item in programme.items
        if item.receiver is None
    )
    assert near(case.npv, -(1 + rates.tax_financing_cost) * cost, case)


@few
@given(paths(), assumptions(), programmes(), st.sampled_from(["society", "public"]))
def test_a_switching_scale_plugged_back_gives_zero(
    path: np.ndarray, rates: Assumptions, programme: Programme, group: str
) -> None:
    case = account(path, rates, programme)
    scale = case.switching_scale(group)
    if scale is None or abs(scale) > 1e3:  # nothing to scale, or next to nothing
        return
    switched = account(scale * path, rates, programme)
    assert near(switched.present_value(group), 0.0, switched)


@few
@given(paths(), assumptions(), programmes(), st.integers(0, 99))
def test_zero_covariance_makes_every_draw_the_point(
    path: np.ndarray, rates: Assumptions, programme: Programme, seed: int
) -> None:
    case = account(path, rates, programme, np.zeros((path.size, path.size)))
    draws = case.draws(3, seed)
    assert case.std_error == 0
    assert case.interval() == (case.npv, case.npv)
    for group in draws:
        assert (draws[group] == case.present_value(group)).all()


@few
@given(paths(), assumptions(), programmes(), st.integers(0, 99))
def test_identities_hold_draw_by_draw(
    path: np.ndarray, rates: Assumptions, programme: Programme, seed: int
) -> None:
    case = account(path, rates, programme, covariance_of(path, seed))
    draws = case.draws(20, seed)
    largest = max(float(draws.abs().to_numpy().max()), 1.0)
    society = draws[list(ACTORS)].sum(axis=1) - draws["society"]
    public = draws[list(PUBLIC)].sum(axis=1) - draws["public"]
    assert max(society.abs().max(), public.abs().max()) <= 1e-9 * largest
    assert draws.equals(case.draws(20, seed))


@few
@given(paths(years=2), assumptions(), programmes(), st.integers(0, 99))
def test_the_variance_is_that_of_a_linear_map(
    path: np.ndarray, rates: Assumptions, programme: Programme, seed: int
) -> None:
    """Each coefficient is found by adding one krone of effect: nothing is read from the ledger."""
    sigma = covariance_of(path, seed)
    case = account(path, rates, programme, sigma)
    errors = case.by_actor().set_index("actor")["std_error"]
    groups = ("society", "public", "participant")

    def worth(effect: np.ndarray) -> np.ndarray:
        other = replace(case, effects=effect.reshape(path.shape), programme=Programme.none())
        return np.array([other.present_value(group) for group in groups])

    nothing = worth(np.zeros(path.size))
    slopes = np.array([worth(unit) - nothing for unit in np.eye(path.size)])  # (R * T, groups)
    for group, slope in zip(groups, slopes.T, strict=True):
        error = float(np.sqrt(slope @ sigma @ slope))
        assert errors[group] == pytest.approx(error, rel=1e-6, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(paths(years=4), assumptions(), programmes(), st.integers(0, 9))
def test_draws_have_the_exact_mean_and_variance(
    path: np.ndarray, rates: Assumptions, programme: Programme, seed: int
) -> None:
    case = account(path, rates, programme, covariance_of(path, seed))
    n = 20_000
    draws = case.draws(n, seed)["society"]
    # Five standard errors of the mean and of the standard deviation.
    assert abs(draws.mean() - case.npv) <= 5 * case.std_error / np.sqrt(n) + 1e-6
    assert abs(draws.std() - case.std_error) <= 5 * case.std_error / np.sqrt(2 * n) + 1e-6


@few
@given(st.lists(money, min_size=1, max_size=9))
def test_break_even_is_its_definition(path: list[float]) -> None:
    lasting = [t for t in range(len(path)) if all(value >= 0 for value in path[t:])]
    assert break_even_year(np.array(path)) == (min(lasting) if lasting else None)


@few
@given(paths(), assumptions(), programmes(payers=PUBLIC))
def test_the_employer_and_the_pension_net_to_nothing(
    path: np.ndarray, rates: Assumptions, programme: Programme
) -> None:
    case = account(path, rates, programme)
    assert case.present_value("employer") == 0.0
    assert (case.by_component().set_index("component")["employer"].sum()) == pytest.approx(
        0.0, abs=1e-9 * max(case.ledger()["present_value"].abs().max(), 1.0)
    )
