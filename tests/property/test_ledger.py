"""What holds for every account, whatever the effects, the programme and the assumptions.

The accounts are those of `tests/accounts.py`: with selection, phases and their reach, costs at any
time of the year, benefits of one's own, and horizons longer than the effects. Tolerances are
relative to the largest term, 1e-9, unless a test says otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mih_impact.account.ledger import break_even_year
from mih_impact.account.programme import Programme
from mih_impact.account.roles import ACTORS, GROUPS, PUBLIC
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex
from tests.accounts import (
    OUTCOMES,
    PRIVATE,
    Drawn,
    amounts_by_hand,
    covariance_of,
    drawn,
    factor_by_hand,
    few,
    in_groups,
    largest,
    lasting_by_hand,
    money,
    near,
    shares,
    values_by_hand,
)


def paid(given: Drawn, *, real: bool) -> tuple[float, float]:
    """Return the present value of costs (of resources alone, or of all), and of public outlay."""
    used = outlay = 0.0
    for item in given.programme.items:
        path = item.path(given.horizon)
        discount = given.rates.discount
        cost = sum(
            factor_by_hand(discount, t, item.timing) * amount for t, amount in enumerate(path)
        )
        used += cost if item.receiver is None or not real else 0.0
        outlay += cost * ((item.payer in PUBLIC) - (item.receiver in PUBLIC))
    return used, outlay


@few
@given(drawn())
def test_the_ledger_is_the_formulas(given: Drawn) -> None:
    case = given.case()
    frame = case.by_year().set_index("actor")
    amounts, values = in_groups(amounts_by_hand(given)), in_groups(values_by_hand(given))
    tolerance = {"rtol": 0, "atol": 1e-9 * largest(case)}
    for group in GROUPS:
        found = frame.loc[[group]]
        np.testing.assert_allclose(found["amount"], amounts[group], **tolerance)
        np.testing.assert_allclose(found["present_value"], values[group], **tolerance)
        np.testing.assert_allclose(found["cumulative"], np.cumsum(values[group]), **tolerance)
        assert near(case.present_value(group), sum(values[group]), case)


@few
@given(drawn())
def test_effects_last_as_in_a_slow_loop(given: Drawn) -> None:
    np.testing.assert_allclose(given.case().path, lasting_by_hand(given), rtol=1e-9)


@few
@given(drawn())
def test_tables_add_up_to_the_account(given: Drawn) -> None:
    case = given.case()
    ledger, parts = case.ledger(), case.by_component()
    for group in GROUPS:
        members = {"public": PUBLIC, "society": ACTORS}.get(group, (group,))
        entries = ledger[ledger["actor"].isin(members)]
        assert near(entries["present_value"].sum(), case.present_value(group), case)
        assert near(parts[group].sum(), case.present_value(group), case)
    programme = parts[parts["component"].str.startswith("programme:")]
    costs = case.costs("en")
    real = costs.loc[costs["kind"] == "real", "present_value"].sum()
    assert near(real, -programme["society"].sum(), case)


@few
@given(drawn())
def test_transfers_sum_to_zero_by_component_and_year(given: Drawn) -> None:
    ledger = given.case().ledger()
    transfers = ledger[ledger["kind"] == "transfer"]
    for column in ("amount", "present_value"):
        sums = transfers.groupby(["component", "year"])[column].sum().abs()
        assert not (sums > 1e-9 * transfers[column].abs().max()).any()
    assert (transfers.groupby(["component", "year"])["actor"].nunique() >= 2).all()


@few
@given(drawn())
def test_three_routes_to_society_agree(given: Drawn) -> None:
    case, rate = given.case(), given.rates.tax_financing_cost
    ledger = case.ledger()
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
@given(drawn(avoided_measures=0.0))
def test_no_effect_leaves_the_costs(given: Drawn) -> None:
    given = given.but(path=np.zeros_like(given.path))
    case = given.case()
    used, outlay = paid(given, real=True)
    assert near(case.npv, -used - given.rates.tax_financing_cost * outlay, case)
    assert near(case.public, -outlay, case)


@few
@given(drawn(discount=Discount.flat(0.0)))
def test_rate_zero_is_the_plain_sum(given: Drawn) -> None:
    case = given.case()
    assert near(case.npv, case.ledger()["amount"].sum(), case)


@few
@given(drawn(tax_financing_cost=0.0), shares)
def test_society_moves_by_public_when_tax_financing_does(given: Drawn, step: float) -> None:
    case = given.case()
    dearer = case.with_assumptions(given.rates.replace(tax_financing_cost=step))
    assert near(dearer.npv - case.npv, step * case.public, case)
    assert dearer.public == case.public


@few
@given(drawn(), st.integers(2009, 2024), st.integers(0, 9))
def test_another_price_year_scales_money_and_nothing_else(
    given: Drawn, year: int, seed: int
) -> None:
    factor = PriceIndex.kpi().factor(2024, year)
    sigma = covariance_of(given.path, seed)
    case = given.case(sigma)
    moved = given.but(path=factor * given.path, rates=given.rates.replace(price_year=year)).case(
        factor**2 * sigma
    )
    assert near(moved.npv, factor * case.npv, case)
    assert moved.std_error == pytest.approx(factor * case.std_error, rel=1e-9)
    assert moved.break_even_year == case.break_even_year
    assert moved.probability_positive == pytest.approx(case.probability_positive, abs=1e-9)
    found, expected = moved.switching_scale(), case.switching_scale()
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))


@few
@given(drawn(avoided_measures=0.0))
def test_a_years_delay_is_one_more_year_of_discounting(given: Drawn) -> None:
    rate = 0.04
    discount = replace(given.rates.discount, ladder=((None, rate),))
    cut = [replace(item, amounts=item.amounts[: given.horizon]) for item in given.programme.items]
    given = given.but(
        rates=given.rates.replace(discount=discount),
        programme=replace(given.programme, items=cut),
    )
    later = [replace(item, amounts=(0.0, *item.amounts)) for item in cut]
    delayed = given.but(
        path=np.hstack([np.zeros((len(OUTCOMES), 1)), given.path]),
        programme=replace(given.programme, items=later),
        horizon=given.horizon + 1,
    ).case()
    case = given.case()
    for group in GROUPS:
        expected = case.present_value(group) / (1 + rate)
        assert near(delayed.present_value(group), expected, case)


@few
@given(drawn(payers=PUBLIC, displacement=1.0, avoided_measures=0.0))
def test_full_displacement_leaves_the_public_cost(given: Drawn) -> None:
    case = given.case()
    cost, _ = paid(given, real=True)
    assert near(case.npv, -(1 + given.rates.tax_financing_cost) * cost, case)
    assert near(case.present_value("displaced"), -case.present_value("participant"), case)


@few
@given(drawn())
def test_displacement_takes_nothing_from_the_participant(given: Drawn) -> None:
    """What displacement leaves on all others is the driven part times 1 - theta; costs stay."""
    rates = given.rates
    whole = given.but(rates=rates.replace(displacement=0.0)).case()
    nothing = given.but(path=np.zeros_like(given.path)).case()
    case = given.case()
    assert case.present_value("participant") == whole.present_value("participant")
    for group in ("users", "employer", *PUBLIC, "public", "rest_of_society"):
        driven = whole.present_value(group) - nothing.present_value(group)
        kept = nothing.present_value(group) + (1 - rates.displacement) * driven
        assert near(case.present_value(group), kept, case)


@few
@given(drawn())
def test_selection_is_a_smaller_effect(given: Drawn) -> None:
    caused = 1 - given.rates.selection
    smaller = given.but(path=caused * given.path, rates=given.rates.replace(selection=0.0)).case()
    case = given.case()
    for group in GROUPS:
        assert near(case.present_value(group), smaller.present_value(group), case)


@few
@given(drawn(), st.sampled_from(["society", "public"]))
def test_a_switching_scale_plugged_back_gives_zero(given: Drawn, group: str) -> None:
    scale = given.case().switching_scale(group)
    if scale is None or abs(scale) > 1e3:  # nothing to scale, or next to nothing
        return
    switched = given.but(path=scale * given.path).case()
    assert near(switched.present_value(group), 0.0, switched)


@few
@given(drawn(), st.integers(0, 99))
def test_zero_covariance_makes_every_draw_the_point(given: Drawn, seed: int) -> None:
    case = given.case(np.zeros((given.path.size, given.path.size)))
    draws = case.draws(3, seed)
    assert case.std_error == 0
    assert case.interval() == (case.npv, case.npv)
    for group in draws:
        assert (draws[group] == case.present_value(group)).all()


@few
@given(drawn(), st.integers(0, 99))
def test_identities_hold_draw_by_draw(given: Drawn, seed: int) -> None:
    case = given.case(covariance_of(given.path, seed))
    draws = case.draws(20, seed)
    scale = max(float(draws.abs().to_numpy().max()), 1.0)
    society = draws[list(ACTORS)].sum(axis=1) - draws["society"]
    public = draws[list(PUBLIC)].sum(axis=1) - draws["public"]
    assert max(society.abs().max(), public.abs().max()) <= 1e-9 * scale
    assert draws.equals(case.draws(20, seed))


@few
@given(drawn(years=2), st.integers(0, 99))
def test_the_variance_is_that_of_a_linear_map(given: Drawn, seed: int) -> None:
    """Each coefficient is found by adding one krone of effect: nothing is read from the ledger."""
    path = given.path
    sigma = covariance_of(path, seed)
    case = given.case(sigma)
    errors = case.by_actor().set_index("actor")["std_error"]
    groups = ("society", "public", "participant")
    bare = given.but(programme=Programme.none())

    def worth(effect: np.ndarray) -> np.ndarray:
        values = in_groups(values_by_hand(bare.but(path=effect.reshape(path.shape))))
        return np.array([sum(values[group]) for group in groups])

    nothing = worth(np.zeros(path.size))
    slopes = np.array([worth(unit) - nothing for unit in np.eye(path.size)])  # (R * T, groups)
    for group, slope in zip(groups, slopes.T, strict=True):
        error = float(np.sqrt(slope @ sigma @ slope))
        assert errors[group] == pytest.approx(error, rel=1e-6, abs=1e-6)


@settings(max_examples=10, deadline=None)
@given(drawn(years=4), st.integers(0, 9))
def test_draws_have_the_exact_mean_and_variance(given: Drawn, seed: int) -> None:
    case = given.case(covariance_of(given.path, seed))
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
@given(drawn())
def test_break_even_of_every_group_is_that_of_the_account_by_hand(given: Drawn) -> None:
    case = given.case()
    allowed = 1e-9 * largest(case)
    for group, flows in in_groups(values_by_hand(given)).items():
        paths = np.cumsum(flows)
        if (np.abs(paths) <= 2 * allowed).any() and np.abs(paths).max() > allowed:
            continue  # a sum of nothing but rounding: on either side of zero
        lasting = [t for t in range(given.horizon) if (paths[t:] >= -allowed).all()]
        assert case.break_even(group) == (min(lasting) if lasting else None)


@few
@given(drawn(payers=PUBLIC))
def test_the_employer_and_the_pension_net_to_nothing(given: Drawn) -> None:
    case = given.case()
    assert case.present_value("employer") == 0.0
    assert (case.by_component().set_index("component")["employer"].sum()) == pytest.approx(
        0.0, abs=1e-9 * max(case.ledger()["present_value"].abs().max(), 1.0)
    )


@few
@given(drawn())
def test_a_walk_from_the_simplified_account_ends_where_it_should(given: Drawn) -> None:
    """Every step is another account's difference; the sums are found by walking alone."""
    case = given.case()
    rates = given.rates
    bare = given.but(rates=rates.replace(pension_share=0.0, employer_contribution=0.0)).case()
    half = given.but(rates=rates.replace(pension_share=0.0)).case()
    rate = rates.tax_financing_cost
    walk = case.bridge().to_frame().set_index("term")
    expected = {
        "simplified": bare.npv,
        "contribution": (half.npv - rate * half.public) - (bare.npv - rate * bare.public),
        "pension": (case.npv - rate * case.public) - (half.npv - rate * half.public),
        "tax_financing_of_contribution": rate * (case.public - bare.public),
        "society": case.npv,
        **{actor: -case.present_value(actor) for actor in PRIVATE},
        "rest_of_society": rate * case.public - case.present_value("rest_of_society"),
        "tax_financing": -rate * case.public,
        "public": case.public,
    }
    for term, amount in expected.items():
        assert near(walk.loc[term, "amount"], amount, case), term
    totals = walk[walk["kind"] == "total"]
    for found, amount in zip(totals["running_sum"], totals["amount"], strict=True):
        assert near(found, amount, case)
    assert pd.Index(expected).equals(walk.index)
