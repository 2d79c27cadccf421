"""What must hold for control groups and effects whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mih_impact as mih
from tests.support import read_frame, small_register

FEW = settings(max_examples=4)
SEEDS = st.integers(0, 10_000)


def run(frame: pd.DataFrame, *, price_year: int = 2024, units=None, **options):
    panel = read_frame(frame, price_year=price_year, units=units)
    group = mih.match(
        panel, exact=["county"], on=["age", "education", *mih.lag("wage_income", 1, 2)], **options
    )
    return group, mih.event_study(group)


def numbers(effects) -> np.ndarray:
    columns = ["estimate", "std_error", "band_high", "participant_mean", "control_mean"]
    return effects.to_frame()[columns].to_numpy()


def register(seed: int) -> pd.DataFrame:
    return small_register(400, starters=60, seed=seed)


@FEW
@given(SEEDS, SEEDS)
def test_the_order_of_rows_and_columns_changes_nothing(seed, shuffle):
    frame = register(seed)
    mixed = frame.sample(frac=1, random_state=shuffle % 2**31)[sorted(frame.columns)]
    first, second = run(frame), run(mixed)
    np.testing.assert_array_equal(numbers(first[1]), numbers(second[1]))
    pd.testing.assert_frame_equal(first[0].pairs(), second[0].pairs())
    assert first[1].provenance.data == second[1].provenance.data


@FEW
@given(SEEDS, st.sampled_from([0.5, 2.0, 10.0]))
def test_incomes_times_a_number_give_effects_times_it(seed, factor):
    frame = register(seed).assign(hours=lambda f: f["wage_income"] / 300.0)
    scaled = frame.copy()
    for column in ("wage_income", "dagpenger", "sosialhjelp", "hours"):
        scaled[column] *= factor
    first, second = (run(data, units={"hours": "hours"})[1] for data in (frame, scaled))
    assert first.outcomes[-1] == "hours"
    np.testing.assert_allclose(numbers(second), factor * numbers(first), rtol=1e-6, atol=0.02)


@FEW
@given(SEEDS, st.sampled_from([2009, 2015, 2022]))
def test_another_price_year_scales_money_and_nothing_else(seed, year):
    frame = register(seed).assign(hours=lambda f: f["wage_income"] / 300.0)
    first, second = (run(frame, price_year=y, units={"hours": "hours"}) for y in (2024, year))
    money = mih.PriceIndex.kpi().factor(2024, year)
    factor = np.where(first[1].to_frame()["unit"] == "NOK", money, 1.0)[:, None]
    np.testing.assert_allclose(numbers(second[1]), factor * numbers(first[1]), rtol=1e-9, atol=1e-6)
    assert second[1].price_year == year
    ids = ["participant_id", "control_id", "start_year"]
    pd.testing.assert_frame_equal(first[0].pairs()[ids], second[0].pairs()[ids])


@FEW
@given(SEEDS)
def test_duplicating_everybody_leaves_estimates_and_shrinks_errors(seed):
    frame = register(seed)
    twin = frame.assign(person_id=frame["person_id"] + 10_000)
    results = []
    for data in (frame, pd.concat([frame, twin])):
        group = mih.match(read_frame(data), method="exact", exact=["county", "education"])
        results.append(mih.event_study(group, se="person"))
    one, two = results
    np.testing.assert_allclose(two.estimate, one.estimate, rtol=1e-9, atol=1e-4)
    rows = one.influence.rows.shape[0]
    before = one.to_frame()["std_error"] / two.to_frame()["std_error"]
    # sqrt(2) times the ratio of the small-sample factors sqrt(G / (G - 1)), G <= the rows
    assert before.dropna().between(np.sqrt(2), np.sqrt(2) * np.sqrt(1 + 10 / rows)).all()


@FEW
@given(SEEDS)
def test_what_happens_after_start_does_not_choose_controls(seed):
    frame = register(seed)
    frame["start_year"] = frame["start_year"].where(frame["start_year"].isna(), 2014)
    later = frame.copy()
    after = later["year"] >= later["start_year"].fillna(2014)
    rng = np.random.default_rng(seed)
    later.loc[after, "wage_income"] = rng.uniform(0, 9e5, int(after.sum())).round(2)
    later.loc[later["year"] >= later["start_year"], "education"] = "higher"
    first, second = (run(data)[0].pairs() for data in (frame, later))
    pd.testing.assert_frame_equal(first, second)


@FEW
@given(SEEDS)
def test_levels_add_up_to_the_effect(seed):
    """The effect is the gap in year e less the gap in the base year, where the same are seen."""
    _, effects = run(register(seed))
    wage = effects.to_frame().query("outcome == 'wage_income'").set_index("year_since_start")
    gap = wage["participant_mean"] - wage["control_mean"]
    whole = wage["n_participants"] == wage["n_participants"].max()
    assert whole.sum() >= 6
    np.testing.assert_allclose((gap - gap[-1])[whole], wage["estimate"][whole], atol=1e-6)


def test_the_covariance_is_that_of_its_rows_and_has_no_negative_direction(group):
    effects = mih.event_study(group)
    matrix = effects.covariance.to_numpy()
    assert np.allclose(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > -1e-6 * matrix.max()
    np.testing.assert_allclose(effects.influence.covariance, matrix)
    errors = effects.to_frame()["std_error"].fillna(0.0)
    np.testing.assert_allclose(np.sqrt(np.diag(matrix)), errors)


def test_the_dead_count_as_zero_or_not_at_all():
    frame = register(3)
    dies = frame["person_id"].isin(frame.loc[frame["start_year"] <= 2016, "person_id"].unique()[:8])
    frame["death_year"] = np.where(dies, frame["start_year"] + 2, np.nan)
    frame = frame[~(frame["year"] > frame["death_year"])]
    group = run(frame)[0]
    zero, missing = (mih.event_study(group, dead=dead).to_frame() for dead in ("zero", "missing"))
    at = (zero["outcome"] == "wage_income") & (zero["year_since_start"] == 4)
    assert zero.loc[at, "n_participants"].item() == missing.loc[at, "n_participants"].item() + 8
    assert missing.loc[at, "n_lost"].item() == zero.loc[at, "n_lost"].item() + 8
    assert zero.loc[at, "participant_mean"].item() < missing.loc[at, "participant_mean"].item()


@pytest.mark.parametrize("replace", [True, False])
def test_a_person_never_serves_twice_without_replacement(replace):
    frame = register(11)
    group, _ = run(frame, replace=replace, ratio=3)
    serves = group.pairs()["control_id"].value_counts()
    assert (serves.max() == 1) is not replace
