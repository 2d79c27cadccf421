"""Every "what if" is the account kept again: by another road, one setting and one draw at a time.

A stack of settings, a tornado, a grid, a switching value, a draw and a residual value are held
against accounts that are kept one by one, against loops in plain Python, and against the moments
and quantiles of scipy's distributions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

from mih_impact.account.assumption import Assumption, quantiles
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.ledger import draw_effects
from mih_impact.account.programme import Phase, Programme
from mih_impact.account.roles import ACTORS, GROUPS, PUBLIC, Benefit
from mih_impact.account.switching import _root
from mih_impact.account.uncertainty import drawn_values
from mih_impact.reference.prices import PriceIndex
from tests.accounts import (
    LABEL,
    OUTCOMES,
    Drawn,
    covariance_of,
    drawn,
    few,
    in_groups,
    largest,
    near,
    values_by_hand,
)

fewer = settings(max_examples=8, deadline=None)
fewest = settings(max_examples=4, deadline=None)
seeds = st.integers(0, 999)


def values(case: CostBenefit) -> np.ndarray:
    """Return every group's present value by year, shape (G, T)."""
    frame = case.by_year().pivot(index="actor", columns="year_since_start", values="present_value")
    return frame.loc[list(GROUPS)].to_numpy()


def other_values(case: CostBenefit, n: int, seed: int) -> dict[str, np.ndarray]:
    """Return n values of every assumption that is used, anywhere that it can be."""
    rng = np.random.default_rng(seed)
    found = {}
    for item in case.used_assumptions():
        low, high = item.bounds
        low, high = {"per year, real": (-0.2, 0.5), "years": (0.5, 60.0)}.get(
            item.unit, (low, high)
        )
        high = min(high, 300_000.0) / (2 if item.name.endswith("_tax_share") else 1)
        found[item.name] = rng.uniform(low, high, n)
    return found


# -- a stack of settings ---------------------------------------------------------------------


@few
@given(drawn(), seeds)
def test_a_stack_of_settings_is_as_many_accounts(given: Drawn, seed: int) -> None:
    """All assumptions changed at once, n times: one call against n accounts kept apart."""
    case, n = given.case(), 3
    changes = other_values(case, n, seed)
    stack = case.model.discounted(case.effects, changes)
    assert stack.shape == (n, len(GROUPS), given.horizon)
    for k in range(n):
        alone = case.with_values({name: float(value[k]) for name, value in changes.items()})
        np.testing.assert_allclose(stack[k], values(alone), rtol=0, atol=1e-9 * largest(alone))


@few
@given(drawn(), seeds)
def test_a_stack_of_effects_and_settings_goes_pair_by_pair(given: Drawn, seed: int) -> None:
    case, n = given.case(), 3
    changes = other_values(case, n, seed)
    effects = np.random.default_rng(seed).normal(0, 100_000, (n, *case.effects.shape))
    stack = case.model.discounted(effects, changes)
    for k in range(n):
        one = replace(case, effects=effects[k]).with_values(
            {name: float(value[k]) for name, value in changes.items()}
        )
        np.testing.assert_allclose(stack[k], values(one), rtol=0, atol=1e-9 * largest(one))


@few
@given(drawn(), seeds)
def test_an_account_with_other_values_is_the_one_by_hand(given: Drawn, seed: int) -> None:
    """`with_values` changes rates, costs and reaches; kept by hand, they are changed in place."""
    case = given.case()
    changes = {name: float(value[0]) for name, value in other_values(case, 1, seed).items()}
    rates = {name: value for name, value in changes.items() if ":" not in name}
    rates.pop("age_at_start", None)

    def cost(item: CostItem) -> tuple[float, ...]:
        # A sum that was nothing is spread evenly, any other as it was.
        path, new = list(item.amounts), changes[f"cost:{item.name}"]
        total = sum(path)
        return tuple(new * amount / total if total else new / len(path) for amount in path)

    programme = given.programme
    items = [
        replace(item, amounts=cost(item), reach=1.0 if item.phase
                else changes.get(f"reach:{item.name}", item.reach))
        for item in programme.items
    ]  # fmt: skip
    phases = [replace(each, reach=changes[f"reach:{each.name}"]) for each in programme.phases]
    moved = given.but(
        rates=given.rates.replace(**rates),
        programme=replace(programme, items=items, phases=phases),
    )
    expected = in_groups(values_by_hand(moved))
    found = case.with_values(changes)
    np.testing.assert_allclose(
        values(found), [expected[group] for group in GROUPS], rtol=0, atol=1e-9 * largest(found)
    )


@few
@given(drawn(), seeds)
def test_effects_of_a_stack_last_as_one_by_one(given: Drawn, seed: int) -> None:
    case = given.case()
    rng = np.random.default_rng(seed)
    changes = {"half_life": rng.uniform(0.5, 60, 3), "real_growth": rng.uniform(-0.1, 0.1, 3)}
    stack = np.broadcast_to(
        case.model.path(case.effects, changes), (3, len(case.roles), given.horizon)
    )
    for k in range(3):
        alone = case.with_values({name: float(value[k]) for name, value in changes.items()})
        np.testing.assert_allclose(stack[k], alone.path, rtol=1e-9)


# -- one at a time, two at a time ------------------------------------------------------------


@fewest
@given(drawn())
def test_the_ends_of_the_tornado_are_accounts(given: Drawn) -> None:
    case = given.case()
    frame = case.sensitivity().to_frame()
    for name, rows in frame[frame["assumption"] != "effects"].groupby("assumption", sort=False):
        row = rows.iloc[0]
        for end in ("low", "high"):
            if np.isnan(row[end]):
                assert rows[f"at_{end}"].isna().all()
                continue
            other = case.with_values({name: float(row[end])})
            for group, found in zip(rows["actor"], rows[f"at_{end}"], strict=True):
                assert near(found, other.present_value(group), other), (name, end, group)
        assert rows["at_base"].tolist() == [case.present_value(group) for group in GROUPS]
    names = [item.name for item in case.used_assumptions()]
    assert list(dict.fromkeys(frame["assumption"])) == [*names, "effects"]


@fewer
@given(drawn(), seeds)
def test_every_cell_of_a_grid_is_an_account(given: Drawn, seed: int) -> None:
    case = given.case()
    pool = other_values(case, 2, seed)
    pool.pop("age_at_start", None)
    first, second = np.random.default_rng(seed).choice(list(pool), 2, replace=False)
    grid = case.grid({first: pool[first].tolist(), second: pool[second].tolist()})
    frame = grid.to_frame()
    assert len(frame) == 4
    for row in frame.to_dict("records"):
        other = case.with_values({first: row[first], second: row[second]})
        for group in GROUPS:
            assert near(row[group], other.present_value(group), other)
    wide = grid.pivot("public")
    assert wide.index.tolist() == sorted(pool[first])
    assert wide.columns.tolist() == sorted(pool[second])


@fewest
@given(drawn())
def test_a_scenario_is_an_account(given: Drawn) -> None:
    case = given.case(covariance_of(given.path, 1))
    found = case.scenarios()
    table = found.to_frame().set_index(["scenario", "actor"])
    for scenario in found.scenarios:
        longer = scenario.horizon or given.horizon
        other = given.but(
            horizon=longer, persistence=scenario.persistence or given.persistence
        ).case(covariance_of(given.path, 1)).with_values(scenario.values)  # fmt: skip
        for group in GROUPS:
            row = table.loc[(scenario.name, group)]
            assert near(row["present_value"], other.present_value(group), other)
            never = other.break_even(group) is None
            assert pd.isna(row["break_even_year"]) == never
            assert never or row["break_even_year"] == other.break_even(group)
        error = table.loc[(scenario.name, "society"), "std_error"]
        assert error == pytest.approx(other.std_error, rel=1e-9)
    society = table["present_value"].xs("society", level="actor")
    assert society["pessimistic"] <= society["base"] <= society["optimistic"]


# -- switching values ------------------------------------------------------------------------


@few
@given(drawn(), st.sampled_from(GROUPS))
def test_a_switching_value_plugged_back_gives_zero(given: Drawn, group: str) -> None:
    """Of every assumption and of every effect, in closed form and by root finding."""
    case = given.case()
    frame = case.switching_values(group).to_frame()
    roles = dict(zip(case.roles, range(len(case.roles)), strict=True))
    for row in frame[frame["switching_value"].notna()].to_dict("records"):
        name, value = row["assumption"], row["switching_value"]
        if name.startswith("effect:"):
            scale = np.ones((len(roles), 1))
            chosen = name.removeprefix("effect:")
            scale[slice(None) if chosen == "all" else roles[chosen]] = value
            switched = replace(case, effects=scale * case.effects)
        else:
            switched = case.with_values({name: value})
        assert near(switched.present_value(group), 0.0, switched), (name, value)
    for row in frame[frame["switching_value"].isna()].to_dict("records"):
        assert row["reason"], row["assumption"]


@fewer
@given(drawn(), st.sampled_from(GROUPS))
def test_where_there_is_no_switching_value_none_is_found(given: Drawn, group: str) -> None:
    """A straight line that does not cross zero has one sign at both ends of what it can be."""
    case = given.case()
    frame = case.switching_values(group).to_frame().set_index("assumption")
    for item in case.used_assumptions():
        if not np.isnan(frame.loc[item.name, "switching_value"]) or item.name == "age_at_start":
            continue
        low, high = item.bounds
        if item.unit == "per year, real":
            low, high = -0.5, 0.9
        if item.unit == "years":
            low = 0.5
        if item.name.endswith("_tax_share"):
            other = {"municipal_tax_share": "county_tax_share"}.get(
                item.name, "municipal_tax_share"
            )
            high = 1 - case.assumptions[other].value
        ends = [case.with_values({item.name: end}) for end in (low, min(high, 1e9))]
        at = [end.present_value(group) for end in ends]
        at = [0.0 if abs(x) <= 1e-7 * largest(e) else x for x, e in zip(at, ends, strict=True)]
        assert at[0] * at[1] >= 0, item.name


@fewer
@given(drawn(), st.sampled_from(GROUPS), seeds)
def test_distance_of_effects_is_in_their_own_standard_errors(
    given: Drawn, group: str, seed: int
) -> None:
    """With only these effects drawn, zero is (their part less what is left) / error away."""
    case = given.case(covariance_of(given.path, seed))
    frame = case.switching_values(group).to_frame().set_index("assumption")
    error = case.by_actor().set_index("actor").loc[group, "std_error"]
    row = frame.loc["effect:all"]
    if not np.isnan(row["switching_value"]) and error > 0:
        assert row["std_errors"] == pytest.approx(abs(case.present_value(group)) / error, rel=1e-9)
        assert row["change_per_cent"] == pytest.approx(100 * (row["switching_value"] - 1))


# -- after the horizon -----------------------------------------------------------------------


@few
@given(drawn(more=0), seeds)
def test_residual_value_is_the_longer_account_minus_the_shorter(given: Drawn, seed: int) -> None:
    """And covers no year of the account: the first one is the horizon, the last the age of 66."""
    sigma = covariance_of(given.path, seed)
    case = given.case(sigma)
    frame = case.residual_value("en")
    assert set(frame["first_year"]) == {given.horizon}
    assert set(frame["last_year"]) == {66 - 40}
    decays = {"none": ("constant", 1.0), "half_life_5": ("half_life", 5.0),
              "half_life_10": ("half_life", 10.0)}  # fmt: skip
    for decay, (persistence, half_life) in decays.items():
        longer = given.but(
            horizon=27, persistence=persistence, rates=given.rates.replace(half_life=half_life)
        )
        whole = longer.case(sigma)
        rows = frame[frame["decay"] == decay].set_index("actor")
        by_hand = in_groups(values_by_hand(longer))
        for group in GROUPS:
            found = rows.loc[group, "present_value"]
            difference = whole.present_value(group) - case.present_value(group)
            assert near(found, difference, whole)
            assert near(found, sum(by_hand[group][given.horizon :]), whole)


@fewest
@given(drawn(years=2, half_life=5.0), seeds)
def test_residual_value_of_an_account_that_is_long_already(given: Drawn, seed: int) -> None:
    """Years that a persistence covers are not counted again, and errors are those of a linear map.

    The effects of the account's last year are what decays; where the persistence is the decay, the
    residual value is the longer account's own.
    """
    sigma = covariance_of(given.path, seed)
    case = given.case(sigma)
    rows = case.residual_value("en").set_index(["decay", "actor"])
    assert set(rows["first_year"]) == {given.horizon}
    decay = {"constant": "none", "half_life": "half_life_5"}.get(given.persistence)
    if decay is not None:
        longer = given.but(horizon=27).case()
        for group in GROUPS:
            difference = longer.present_value(group) - case.present_value(group)
            assert near(rows.loc[(decay, group), "present_value"], difference, longer)

    def residual(path: np.ndarray) -> np.ndarray:
        other = given.but(path=path).case().residual_value("en")
        return other.loc[other["actor"] == "society", "present_value"].to_numpy()

    nothing = residual(np.zeros_like(given.path))
    units = np.eye(given.path.size).reshape(-1, *given.path.shape)
    slopes = 1e-5 * np.array([residual(1e5 * unit) - nothing for unit in units])
    for k, decay in enumerate(("none", "half_life_5", "half_life_10")):
        error = float(np.sqrt(slopes[:, k] @ sigma @ slopes[:, k]))
        found = rows.loc[(decay, "society"), "std_error"]
        assert found == pytest.approx(error, rel=1e-6, abs=1e-6)


def test_nothing_is_left_where_starters_are_old() -> None:
    old = Assumption("age_at_start", 60.0, "years", "ASSUMED", "test", None, None, LABEL)
    case = replace(fixed_case(), programme=replace(PROGRAMME, age_at_start=old))
    frame = replace(case, horizon=7, effects=np.ones((len(case.roles), 7))).residual_value("en")
    assert (frame["present_value"] == 0).all()
    assert frame["first_year"].isna().all()


# -- uncertainty -----------------------------------------------------------------------------

PROGRAMME = Programme(
    name="p",
    label=LABEL,
    phases=(Phase(name="school", label=LABEL, reach=0.8, low=0.6, high=0.9,
                  distribution="uniform"),),
    items=(
        CostItem(name="place", label=LABEL, amounts=[60_000.0, 40_000.0], payer="county",
                 phase="school", low=80_000.0, high=150_000.0, timing="middle"),
        CostItem(name="course", label=LABEL, amounts=[30_000.0], payer="state", low=10_000.0,
                 high=50_000.0, distribution="normal"),
        CostItem(name="time", label=LABEL, amounts=[0.0, 5_000.0], payer="municipality",
                 cash=False, distribution="discrete",
                 points=((0.0, 0.2), (5_000.0, 0.5), (20_000.0, 0.3))),
        CostItem(name="grant", label=LABEL, amounts=[0.0, 20_000.0], payer="county",
                 receiver="municipality", low=10_000.0, high=30_000.0),
    ),
    age_at_start=Assumption("age_at_start", 40.0, "years", "ASSUMED", "test", 35.0, 45.0, LABEL),
)  # fmt: skip
BENEFITS = (Benefit("own_0", "municipality", True), Benefit("own_1", "state", False))


def fixed_path() -> np.ndarray:
    path = np.zeros((len(OUTCOMES), 5))
    path[0] = [0, 20_000, 40_000, 60_000, 60_000]
    path[1:] = -3_000.0
    return path


def fixed_drawn(rates: Assumptions | None = None, programme: Programme = PROGRAMME) -> Drawn:
    return Drawn(fixed_path(), BENEFITS, rates or Assumptions.r109(), programme, 5, "none")


def fixed_case(
    rates: Assumptions | None = None, programme: Programme = PROGRAMME, *, scale: float = 1.0
) -> CostBenefit:
    given = fixed_drawn(rates, programme)
    return given.case(scale**2 * covariance_of(given.path, 3))


def nothing_varies(rates: Assumptions | None = None) -> Assumptions:
    """Return assumptions none of which is drawn."""
    rates = rates or Assumptions.r109()
    for item in rates.items:
        rates = rates.vary(item.name, distribution="fixed")
    return rates


def costs_held(programme: Programme) -> Programme:
    held = {"low": None, "high": None, "distribution": "fixed", "points": ()}
    return replace(
        programme,
        items=tuple(replace(item, **held) for item in programme.items),
        phases=tuple(replace(phase, **held) for phase in programme.phases),
    )


@fewer
@given(drawn(), seeds)
def test_draws_of_sampling_agree_with_the_exact_errors(given: Drawn, seed: int) -> None:
    n = 4_000
    case = given.case(covariance_of(given.path, seed))
    frame = case.uncertainty(n=n, seed=seed).to_frame()
    rows = frame[frame["source"] == "sampling"].set_index("actor")
    exact = case.by_actor().set_index("actor")
    for group in GROUPS:
        error, row = exact.loc[group, "std_error"], rows.loc[group]
        assert row["std_error_exact"] == error
        allowed = 5 * error / np.sqrt(n) + 1e-9 * largest(case)
        assert abs(row["mean"] - case.present_value(group)) <= allowed
        assert abs(row["std_dev"] - error) <= allowed
        if error > 1e-6 * largest(case):
            assert row["probability_positive"] == pytest.approx(
                exact.loc[group, "probability_positive"], abs=5 * 0.5 / np.sqrt(n)
            )


def test_draws_of_sampling_are_those_of_draws() -> None:
    case = fixed_case()
    np.testing.assert_allclose(
        case.uncertainty(n=200, seed=4).draws["sampling"], case.draws(200, 4).to_numpy()
    )


def test_every_total_draw_is_an_account() -> None:
    """The k-th draw of effects with the k-th draw of assumptions, kept as an account of its own."""
    case = fixed_case()
    n, seed = 100, 8
    found = case.uncertainty(n=n, seed=seed)
    effects, drawn_k = draw_effects(case.effects, case.covariance, n, seed), drawn_values(
        case, n, seed
    )  # fmt: skip
    for k in range(0, n, 9):
        setting = {name: float(value[k]) for name, value in drawn_k.items()}
        both = replace(case, effects=effects[k]).with_values(setting)
        apart = case.with_values(setting)
        for g, group in enumerate(GROUPS):
            assert near(found.draws["total"][k, g], both.present_value(group), both)
            assert near(found.draws["assumptions"][k, g], apart.present_value(group), apart)
            never = both.break_even(group) is None
            assert found.break_even[k, g] == (case.horizon if never else both.break_even(group))


@fewer
@given(drawn(), seeds)
def test_identities_hold_in_every_draw_of_every_source(given: Drawn, seed: int) -> None:
    rates = given.rates.vary("displacement", low=0, high=1).vary("selection", low=0, high=1)
    found = given.but(rates=rates).case(covariance_of(given.path, seed)).uncertainty(n=100)
    places = [GROUPS.index(actor) for actor in ACTORS]
    public = [GROUPS.index(actor) for actor in PUBLIC]
    for draws in (*found.draws.values(), found.programme):
        scale = 1e-9 * max(float(np.abs(draws).max()), 1.0)
        assert np.abs(draws[:, places].sum(axis=1) - draws[:, GROUPS.index("society")]).max() <= (
            scale
        )
        assert np.abs(draws[:, public].sum(axis=1) - draws[:, GROUPS.index("public")]).max() <= (
            scale
        )


def test_tax_financing_is_there_in_every_draw() -> None:
    """The rest of society bears 0.2 of the public effect, nothing else, whatever is drawn."""
    for draws in fixed_case().uncertainty(n=200).draws.values():
        rest, public = (draws[:, GROUPS.index(g)] for g in ("rest_of_society", "public"))
        np.testing.assert_allclose(rest, 0.2 * public, rtol=1e-9)


@fewer
@given(drawn(), seeds)
def test_without_uncertainty_every_draw_is_the_point(given: Drawn, seed: int) -> None:
    given = given.but(rates=nothing_varies(given.rates), programme=costs_held(given.programme))
    case = given.case(np.zeros((given.path.size, given.path.size)))
    found = case.uncertainty(n=100, seed=seed)
    assert set(found.draws) == {"sampling", "assumptions", "total"}
    point = np.array([case.present_value(group) for group in GROUPS])
    for draws in found.draws.values():
        assert np.abs(draws - point).max() <= 1e-9 * largest(case)
        assert (draws == draws[0]).all()
    assert (found.break_even == found.break_even[0]).all()


# -- the distributions, with scipy as the judge ----------------------------------------------

_Z = stats.norm.ppf(0.975)
TAILS = np.array([0.0001, 0.01, 0.2, 0.5, 0.77, 0.99, 0.9999])


def judge(item: Assumption) -> object:
    """Return scipy's distribution of an assumption."""
    low, high, value = item.low, item.high, item.value
    if item.distribution == "triangular":
        return stats.triang((value - low) / (high - low), loc=low, scale=high - low)
    if item.distribution == "uniform":
        return stats.uniform(low, high - low)
    if item.distribution == "normal":
        sd = (high - low) / (2 * _Z)
        below, above = ((bound - value) / sd for bound in item.bounds)
        return stats.truncnorm(below, above, loc=value, scale=sd)
    at, weights = np.array(item.points).T
    return stats.rv_discrete(values=(np.arange(len(at)), weights))


ends = st.lists(st.integers(0, 1000), min_size=3, max_size=3, unique=True).map(
    lambda xs: tuple(x / 1000 for x in sorted(xs))
)


@few
@given(ends, st.sampled_from(["triangular", "uniform", "normal"]))
def test_quantiles_are_scipys(range_: tuple[float, float, float], distribution: str) -> None:
    low, value, high = range_
    item = Assumption("x", value, "share", "ASSUMED", "", low, high, LABEL, distribution)
    np.testing.assert_allclose(item.drawn(TAILS), judge(item).ppf(TAILS), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_triangle_may_have_its_mode_at_an_end(value: float) -> None:
    item = Assumption("x", value, "share", "ASSUMED", "", 0.0, 1.0, LABEL, "triangular")
    np.testing.assert_allclose(item.drawn(TAILS), judge(item).ppf(TAILS), rtol=1e-12)


def test_discrete_values_come_with_their_probabilities() -> None:
    points = ((3.0, 0.25), (1.0, 0.0), (2.0, 0.75))
    item = Assumption(
        "x", 2.0, "NOK per starter", "ASSUMED", "", None, None, LABEL, "discrete", points
    )
    uniform = (np.arange(10_000) + 0.5) / 10_000
    found, counts = np.unique(item.drawn(uniform), return_counts=True)
    assert found.tolist() == [2.0, 3.0]
    assert (counts / 10_000).tolist() == [0.75, 0.25]


@pytest.mark.parametrize("seed", [1, 2])
def test_draws_have_the_moments_of_their_distributions(seed: int) -> None:
    """Mean, variance and the whole distribution (Kolmogorov-Smirnov), each assumption's own."""
    rates = (
        Assumptions.r109()
        .vary("displacement", low=0.0, high=0.3)
        .vary("selection", low=0.0, high=0.5, distribution="uniform")
        .vary("discount_rate", low=0.02, high=0.06, distribution="normal")
        .vary("leisure", distribution="discrete", points=((0.0, 0.5), (0.5, 0.3), (1.0, 0.2)))
    )
    case, n = fixed_case(rates), 20_000
    found = drawn_values(case, n, seed)
    items = {item.name: item for item in case.used_assumptions()}
    kinds = {items[name].distribution for name in found}
    assert kinds == {"triangular", "uniform", "normal", "discrete"}
    for name, draws in found.items():
        item = items[name]
        if item.distribution == "discrete":
            at, weights = np.array(item.points).T
            mean, variance = at @ weights, (at**2) @ weights - (at @ weights) ** 2
            shares = [(draws == one).mean() for one in at]
            np.testing.assert_allclose(shares, weights, atol=5 * 0.5 / np.sqrt(n))
        else:
            law = judge(item)
            mean, variance = law.mean(), law.var()
            assert stats.kstest(draws, law.cdf).pvalue > 1e-4, name
        spread = ((draws - mean) ** 2).std() / np.sqrt(n)  # standard error of the variance
        assert abs(draws.mean() - mean) <= 5 * np.sqrt(variance / n), name
        assert abs(draws.var() - variance) <= 5 * spread, name


def test_assumptions_are_drawn_independently() -> None:
    found = np.array(list(drawn_values(fixed_case(), 20_000, 5).values()))
    correlation = np.corrcoef(found) - np.eye(len(found))
    assert np.abs(correlation).max() < 5 / np.sqrt(20_000)


def test_another_distribution_leaves_the_draws_of_the_others() -> None:
    case = fixed_case()
    before = drawn_values(case, 500, 11)
    changed = Assumptions.r109().vary("pension_share", distribution="uniform")
    changed = changed.vary("displacement", low=0, high=0.2).vary(
        "tax_rate_wage", distribution="fixed"
    )
    after = drawn_values(case.with_assumptions(changed), 500, 11)
    assert set(after) == set(before) - {"tax_rate_wage"} | {"displacement"}
    assert not np.array_equal(after["pension_share"], before["pension_share"])
    for name in set(before) - {"pension_share", "tax_rate_wage"}:
        np.testing.assert_array_equal(after[name], before[name])
    more = drawn_values(case, 500, 12)
    assert all(not np.array_equal(more[name], before[name]) for name in before)


def test_a_fixed_assumption_is_its_value_in_every_draw() -> None:
    uniform = np.linspace(0, 1, 7)
    found = quantiles(uniform, distribution="fixed", value=0.3, low=0.0, high=1.0)
    assert found.tolist() == [0.3] * 7


# -- what follows from the draws -------------------------------------------------------------


@fewer
@given(drawn(), seeds, st.sampled_from([3.0, 0.5, 0.0]))
def test_acceptability_is_the_account_kept_again_with_scaled_costs(
    given: Drawn, seed: int, factor: float
) -> None:
    def scaled(item: CostItem) -> CostItem:
        ends = {
            end: None if getattr(item, end) is None else factor * getattr(item, end)
            for end in ("low", "high")
        }
        if factor == 0:
            ends = {"low": None, "high": None, "distribution": "fixed"}
        return replace(item, amounts=tuple(factor * a for a in item.amounts), **ends)

    sigma = covariance_of(given.path, seed)
    found = given.case(sigma).uncertainty(n=100, seed=seed)
    if found.cost <= 0:
        return
    rows = found.acceptability([factor * found.cost]).set_index("actor")["probability_positive"]
    items = tuple(scaled(item) if item.kind == "real" else item for item in given.programme.items)
    again = given.but(programme=replace(given.programme, items=items)).case(sigma)
    draws = again.uncertainty(n=100, seed=seed).draws["total"]
    allowed = 1e-9 * largest(again)
    moved = found.draws["total"] + (factor - 1) * found.programme
    np.testing.assert_allclose(moved, draws, rtol=0, atol=allowed)
    for g, group in enumerate(GROUPS):
        surely, perhaps = (draws[:, g] > allowed).mean(), (draws[:, g] > -allowed).mean()
        assert surely <= rows[group] <= perhaps


def test_acceptability_of_varying_costs_scales_their_ranges() -> None:
    case = fixed_case(scale=0.2)
    found = case.uncertainty(n=2_000)
    items = tuple(
        replace(
            item,
            amounts=tuple(2.5 * amount for amount in item.amounts),
            low=None if item.low is None else 2.5 * item.low,
            high=None if item.high is None else 2.5 * item.high,
            points=tuple((2.5 * at, weight) for at, weight in item.points),
        )
        if item.kind == "real"
        else item  # a dearer programme has no larger grants
        for item in PROGRAMME.items
    )
    dear = fixed_case(programme=replace(PROGRAMME, items=items), scale=0.2).uncertainty(n=2_000)
    rows = found.acceptability([2.5 * found.cost]).set_index("actor")["probability_positive"]
    total = dear.to_frame().set_index(["source", "actor"])["probability_positive"]["total"]
    assert rows.to_dict() == pytest.approx(total.to_dict(), abs=1e-3)
    assert 0.0 < rows["society"] < 1.0
    assert dear.cost == pytest.approx(2.5 * found.cost)


@fewer
@given(drawn(), seeds)
def test_a_gain_is_never_likelier_when_resources_cost_more(given: Drawn, seed: int) -> None:
    """Where every item is a resource that somebody pays for: grants have a side that gains."""
    items = tuple(replace(item, receiver=None) for item in given.programme.items)
    case = given.but(programme=replace(given.programme, items=items)).case(
        covariance_of(given.path, seed)
    )
    found = case.uncertainty(n=100, seed=seed)
    if found.cost <= 0:
        return
    curve = found.acceptability()
    wide = curve.pivot(index="cost_per_participant", columns="actor", values="probability_positive")
    assert wide.index.is_monotonic_increasing
    assert (wide.diff().dropna() <= 0).all(axis=None)
    assert len(wide) == 61


@fewer
@given(drawn(years=3), seeds)
def test_distribution_of_break_even_is_a_slow_loop(given: Drawn, seed: int) -> None:
    given = given.but(rates=nothing_varies(given.rates), programme=costs_held(given.programme))
    sigma, n = covariance_of(given.path, seed), 100
    case = given.case(sigma)
    found = case.uncertainty(n=n, seed=seed).break_even_frame()
    counts = {group: [0.0] * (given.horizon + 1) for group in GROUPS}
    allowed = 1e-9 * largest(case)
    for effects in draw_effects(given.path, sigma, n, seed):
        for group, flows in in_groups(values_by_hand(given.but(path=effects))).items():
            total, first = 0.0, 0
            for year, flow in enumerate(flows):
                total += flow
                if total < -allowed:
                    first = year + 1
            counts[group][first] += 1 / n
    for group in GROUPS:
        rows = found[found["actor"] == group]
        assert rows["year_since_start"].isna().tolist() == [False] * given.horizon + [True]
        assert rows["probability"].tolist() == pytest.approx(counts[group])


# -- where the variance comes from -----------------------------------------------------------


def test_contributions_add_up_to_the_variance() -> None:
    case = fixed_case(Assumptions.r109().vary("displacement", low=0, high=0.4))
    frame = case.variance_shares(n=2_000, seed=6).to_frame()
    total = case.uncertainty(n=2_000, seed=6).draws["total"]
    sums = frame.groupby("actor", sort=False)[["contribution", "share"]].sum()
    for g, group in enumerate(GROUPS):
        variance = total[:, g].var()
        assert sums.loc[group, "contribution"] == pytest.approx(variance, rel=1e-9, abs=1e-6)
        if group != "employer" and group != "users":
            assert sums.loc[group, "share"] == pytest.approx(1.0, rel=1e-9)
    assert frame.loc[frame["actor"] == "employer", "share"].isna().all()


def test_contributions_are_the_variances_where_all_is_a_sum() -> None:
    """Effects that do not covary and costs that are added: each contribution is its own variance.

    Exact: c' Sigma_kk c of each outcome, and the variance of each cost's distribution times the
    square of what a krone of it is worth. Allowed: five standard errors of a covariance of n draws.
    """
    given = fixed_drawn(nothing_varies(), replace(PROGRAMME, phases=(
        replace(PROGRAMME.phases[0], distribution="fixed"),)))  # fmt: skip
    years = given.path.shape[1]
    blocks = np.kron(np.eye(len(OUTCOMES)), np.ones((years, years)))
    sigma = covariance_of(given.path, 3) * blocks
    case, n = given.case(sigma), 20_000
    frame = case.variance_shares(n=n, seed=2).to_frame()
    society = frame[frame["actor"] == "society"].set_index("source")["contribution"]
    exact: dict[str, float] = {}
    for k, role in enumerate(case.roles):
        own = np.zeros_like(sigma)
        block = slice(k * years, (k + 1) * years)
        own[block, block] = sigma[block, block]
        exact[f"effect:{role}"] = given.case(own).std_error ** 2
    for item in case.used_assumptions():
        if item.is_drawn:
            moved = case.with_values({item.name: item.value + 1_000})
            worth = (moved.npv - case.npv) / 1_000
            if item.distribution == "discrete":
                at, weights = np.array(item.points).T
                variance = (at**2) @ weights - (at @ weights) ** 2
            else:
                variance = judge(item).var()
            exact[item.name] = worth**2 * variance
    whole = sum(exact.values())
    assert set(society.index) == {*exact, "interactions"}
    # The account is a sum: nothing interacts, but for rounding.
    assert abs(society["interactions"]) <= 1e-6 * whole
    for name, variance in exact.items():
        allowed = 5 * np.sqrt(variance * whole / n) + 5 * variance * np.sqrt(2 / n) + 1e-9 * whole
        assert abs(society[name] - variance) <= allowed, name
    alone = frame[frame["actor"] == "society"].set_index("source")["std_dev_alone"]
    for name, variance in exact.items():
        assert alone[name] == pytest.approx(np.sqrt(variance), rel=0.05, abs=1e-6), name


# -- the size of a krone ---------------------------------------------------------------------


def scaled(given: Drawn, factor: float) -> Drawn:
    """Return the same account with every krone multiplied, prices left alone."""

    def item(one: CostItem) -> CostItem:
        return replace(
            one,
            amounts=tuple(factor * amount for amount in one.amounts),
            low=None if one.low is None else factor * one.low,
            high=None if one.high is None else factor * one.high,
            points=tuple((factor * at, weight) for at, weight in one.points),
        )

    avoided = given.rates["avoided_measures"]
    items = tuple(
        replace(each, value=factor * avoided.value, low=factor * avoided.low,
                high=factor * avoided.high)
        if each.name == "avoided_measures" else each
        for each in given.rates.items
    )  # fmt: skip
    return given.but(
        path=factor * given.path,
        rates=replace(given.rates, items=items),
        programme=replace(given.programme, items=tuple(map(item, given.programme.items))),
    )


@pytest.mark.parametrize("how", ["ten per cent", "prices of 2015"])
def test_the_size_of_a_krone_changes_no_probability_no_ratio_and_no_break_even(how: str) -> None:
    """Amounts x 1.1; and amounts, rates and costs carried to the prices of another year."""
    rates = Assumptions.r109().vary("displacement", low=0, high=0.3)
    rates = rates.replace(wage_bill=0.4, avoided_measures=12_000.0)
    given, sigma = fixed_drawn(rates), covariance_of(fixed_path(), 3)
    if how == "ten per cent":
        factor, other = 1.1, scaled(given, 1.1)
    else:
        factor = PriceIndex.kpi().factor(2024, 2015)
        other = given.but(path=factor * given.path, rates=rates.replace(price_year=2015))
    case, moved = given.case(sigma), other.case(factor**2 * sigma)

    one, two = case.indicators("en"), moved.indicators("en")
    assert one["indicator"].tolist() == two["indicator"].tolist()
    assert one["remark"].tolist() == two["remark"].tolist()
    for value, other_value, unit in zip(one["value"], two["value"], one["unit"], strict=True):
        by = 1.0 if unit == "NOK per NOK" else factor
        assert other_value == pytest.approx(by * value, rel=1e-9)

    first, second = case.uncertainty(n=1_000), moved.uncertainty(n=1_000)
    a, b = first.to_frame(), second.to_frame()
    for column in ("mean", "std_dev", "conf_low", "conf_high", "std_error_exact"):
        np.testing.assert_allclose(b[column], factor * a[column], rtol=1e-9, atol=1e-6)
    pd.testing.assert_series_equal(a["probability_positive"], b["probability_positive"])
    pd.testing.assert_frame_equal(first.break_even_frame(), second.break_even_frame())
    costs = np.linspace(0, 400_000, 9)
    curve, again = first.acceptability(costs), second.acceptability(factor * costs)
    pd.testing.assert_series_equal(curve["probability_positive"], again["probability_positive"])
    assert second.cost == pytest.approx(factor * first.cost)

    assert case.by_actor()["break_even_year"].equals(moved.by_actor()["break_even_year"])
    scales = [x.switching_values("public").to_frame() for x in (case, moved)]
    effects = scales[0]["unit"] == "times the estimate"
    for column in ("switching_value", "std_errors"):
        np.testing.assert_allclose(
            scales[0].loc[effects, column], scales[1].loc[effects, column], rtol=1e-9
        )
    shares = [x.variance_shares(n=500).to_frame()["share"] for x in (case, moved)]
    np.testing.assert_allclose(shares[0], shares[1], rtol=1e-6, atol=1e-9)


@given(st.floats(-5, 5), st.floats(0.1, 3))
def test_a_root_is_where_another_solver_finds_it(root, bend):
    def curve(x):
        return np.expm1(bend * (x - root)) + (x - root) ** 3

    between = root - 0.013, root + 0.009
    assert _root(curve, *between) == pytest.approx(brentq(curve, *between, xtol=1e-14), abs=1e-12)
