"""Outcomes as studies define them, in multiples of G, against sums and loops by hand."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import MihImpactError, PanelContractError
from mih_impact.panel.contract import label_of
from mih_impact.reference.prices import PriceIndex, g_averages

OVER = mih.above("wage_income", g=1)


def g_of_file() -> dict[int, float]:
    """Return the averages as they stand in the shipped file, which names their source."""
    text = files("mih_impact.reference").joinpath("data/grunnbelop.csv").read_text("utf-8")
    return {
        int(row["year"]): float(row["value"])
        for row in csv.DictReader(text.splitlines())
        if row["name"] == "grunnbelop_annual_average"
    }


def by_year() -> pd.Series:
    return pd.Series(g_of_file()).loc[2014:2023]


def rows(*, years=range(2014, 2024), wage=None) -> pd.DataFrame:
    """Return 24 persons, a third of whom start in 2018; wages around the G of each year."""
    g, rng = g_of_file(), np.random.default_rng(1)
    found = []
    for i in range(24):
        for year in years:
            amount = g[year] * rng.choice([0.0, 0.5, 0.999, 1.0, 1.001, 2.5])
            found.append(
                {"person_id": i, "year": year, "wage_income": amount if wage is None else wage,
                 "aap": rng.choice([0.0, 60_000.0, 250_000.0]), "dagpenger": 10_000.0 * (i % 3),
                 "county": "A", "start_year": 2018 if i < 8 else None,
                 "death_year": 2021 if i == 0 else None}
            )  # fmt: skip
    return pd.DataFrame(found)


def outcome(panel: mih.Panel, name: str) -> pd.DataFrame:
    cube = panel.cube()
    return pd.DataFrame(cube.outcome(name), index=cube.person_id.astype(int), columns=cube.periods)


def wide(frame: pd.DataFrame, column: str = "wage_income") -> pd.DataFrame:
    return frame.pivot(index="person_id", columns="year", values=column)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return rows()


@pytest.fixture(scope="module")
def panel(frame) -> mih.Panel:
    return mih.read_panel(frame, price_year=2023)


def alive(frame: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return what is counted per starter: nothing after death, of the one who dies in 2021."""
    values = values.copy()
    values.loc[0, [year for year in values.columns if year > 2021]] = 0.0
    return values


def test_the_average_of_the_year_is_four_months_of_the_old_and_eight_of_the_new() -> None:
    averages = g_averages()
    assert averages == g_of_file()
    assert averages[2024] == pytest.approx((4 * 118_620 + 8 * 124_028) / 12, abs=1)
    assert averages[2015] == pytest.approx((4 * 88_370 + 8 * 90_068) / 12, abs=1)


def test_income_in_g_is_divided_by_the_g_of_its_own_year(frame, panel) -> None:
    expected = alive(frame, wide(frame) / by_year())
    found = outcome(panel, mih.in_g("wage_income"))
    pd.testing.assert_frame_equal(found.sort_index(), expected, check_names=False, rtol=1e-6)


@pytest.mark.parametrize("g", [1, 0.5, 2])
def test_above_is_strictly_above_in_kroner_of_the_year(frame, panel, g) -> None:
    expected = alive(frame, (wide(frame).round(2) > g * by_year()).astype(float))
    found = outcome(panel, mih.above("wage_income", g=g)).sort_index()
    exactly = np.isclose(wide(frame), g * by_year().to_numpy())
    pd.testing.assert_frame_equal(
        found.mask(exactly), expected.mask(exactly), check_names=False, check_dtype=False
    )
    assert 0.1 < expected.to_numpy().mean() < 0.9


def test_stable_work_is_in_each_of_the_years(frame, panel) -> None:
    over = outcome(panel, OVER)
    found = outcome(panel, mih.stable("wage_income", g=1, years=3))
    for year in range(2016, 2024):
        by_hand = over[year] * over[year - 1] * over[year - 2]
        pd.testing.assert_series_equal(found[year], by_hand, check_names=False)
    assert found[[2014, 2015]].isna().all().all()  # before the register nothing is known


def test_main_income_is_a_benefit_where_they_are_more_than_the_wage(frame, panel) -> None:
    paid = wide(frame, "aap") + wide(frame, "dagpenger")
    expected = alive(frame, (paid > wide(frame)).astype(float))
    found = outcome(panel, "mainly_benefit").sort_index()
    pd.testing.assert_frame_equal(found, expected, check_names=False)


def test_fixed_prices_are_converted_back_with_their_own_index(frame, panel) -> None:
    nominal = outcome(panel, mih.in_g("wage_income"))
    kpi = PriceIndex.kpi()
    fixed = frame.assign(
        wage_income=frame["wage_income"] * kpi.factors(frame["year"].tolist(), 2023)
    )
    again = mih.read_panel(fixed, money="fixed", price_year=2023)
    pd.testing.assert_frame_equal(outcome(again, mih.in_g("wage_income")), nominal, rtol=1e-6)
    own = {year: 100.0 * 1.05 ** (year - 2014) for year in range(2014, 2024)}
    factor = frame["year"].map(lambda year: own[2020] / own[year])
    fixed = frame.assign(wage_income=frame["wage_income"] * factor)
    again = mih.read_panel(fixed, money="fixed", price_year=2020, index=own)
    pd.testing.assert_frame_equal(outcome(again, mih.in_g("wage_income")), nominal, rtol=1e-6)
    # Nothing is deflated again.
    cube = again.cube()
    amounts = pd.DataFrame(cube.outcome("wage_income"), index=cube.person_id.astype(int))
    expected = alive(frame, wide(fixed)).to_numpy()
    np.testing.assert_allclose(amounts.sort_index(), expected, atol=0.006)


def test_by_month_every_month_is_in_its_own_years_g() -> None:
    g = g_of_file()
    months = [(year, month) for year in range(2015, 2020) for month in range(1, 13)]
    frame = pd.DataFrame(
        {"person_id": i, "year": year, "month": month, "wage_income": 1000.0 * (i + month),
         "aap": 9_000.0, "county": "A", "start_year": 2017 if i < 3 else None,
         "start_month": 5 if i < 3 else None}
        for i in range(9) for year, month in months
    )  # fmt: skip
    cube = mih.read_panel(frame, period="month", price_year=2019).cube()
    who, start = np.array([0, 2]), np.full(2, 12 * 2017 + 4)
    found = cube.since_start(mih.in_g("wage_income"), who, start, [0, 1], dead="zero")
    names = cube.person_id.astype(int)
    for row, person in enumerate(names[who]):
        for e in (0, 1):
            twelve = [divmod(12 * 2017 + 4 + 12 * e + m, 12) for m in range(12)]
            total = sum(1000.0 * (person + month + 1) / g[year] for year, month in twelve)
            assert found[row, e] == pytest.approx(total, rel=1e-9)
    over = cube.since_start(mih.above("wage_income", g=1), who, start, [0, 1], dead="zero")
    assert (over == (found > 1)).all()
    twice = cube.since_start(mih.stable("wage_income", g=0.5), who, start, [1], dead="zero")
    assert (twice[:, 0] == (found > 0.5).all(axis=1)).all()
    main = cube.since_start("mainly_benefit", who, start, [0, 1], dead="zero")
    wages = np.array([[sum(1000.0 * (p + m) for m in range(1, 13))] * 2 for p in names[who]])
    assert (main == (wages < 12 * 9_000.0)).all()


def test_effects_on_them_are_effects_on_the_column_made_by_hand(frame, panel) -> None:
    g = pd.Series(g_of_file())
    own = frame.assign(mine=(frame["wage_income"] > frame["year"].map(g) * 1.0005).astype(float))
    names = [mih.above("wage_income", g=1.0005), "mine"]
    both = mih.read_panel(own, price_year=2023, units={"mine": "share"})
    group = mih.match(both, exact=["county"], on=[], method="exact", outcomes=names)
    table = mih.event_study(group, outcomes=names, window=(-2, 3)).to_frame()
    ours, theirs = (table[table["outcome"] == name].reset_index(drop=True) for name in names)
    columns = ["estimate", "std_error", "participant_mean", "control_mean"]
    before_death = ours["year_since_start"] <= 3
    pd.testing.assert_frame_equal(
        ours.loc[before_death, columns], theirs.loc[before_death, columns]
    )


def test_their_names_are_displayed_and_say_how_they_are_reckoned() -> None:
    assert label_of(OVER).text("nb") == "andel med lønnsinntekt over 1 G"
    assert label_of(mih.above("wage_income", g=1.5)).text("nb").endswith("over 1,5 G")
    assert label_of(mih.stable("wage_income", g=1)).text("en") == (
        "share with wage income over 1 G for 2 years running"
    )
    assert label_of(mih.in_g("wage_income")).text("en") == "wage income in G"
    assert label_of("mainly_benefit").text("nb") == "andel med ytelser som hovedinntekt"


@pytest.mark.filterwarnings("ignore::mih_impact.MihImpactWarning")
def test_matching_on_the_wage_matches_on_them(panel) -> None:
    group = mih.match(
        panel, exact=["county"], on=mih.lag("wage_income", 1, 2), ratio=4, caliper=None
    )
    table = mih.event_study(group, outcomes=[OVER, mih.in_g("wage_income")], window=(-3, 1))
    matched = table.to_frame().set_index(["outcome", "year_since_start"])["matched_on"]
    assert matched[OVER].tolist() == [False, True, True, False, False]
    assert matched["wage_income / G"].tolist() == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mih.above("wage_income", g=0), "above zero"),
        (lambda: mih.above("wage_income", g="1"), "a number"),
        (lambda: mih.above("", g=1), "column"),
        (lambda: mih.above("my wage", g=1), "without spaces"),
        (lambda: mih.stable("wage_income", years=1), "2 or more"),
        (lambda: mih.in_g(None), "column"),
    ],
)
def test_what_cannot_be_is_refused(call, said) -> None:
    with pytest.raises(MihImpactError, match=said):
        call()


def test_years_without_a_g_and_other_currencies_are_refused() -> None:
    old = rows(years=range(2014, 2020)).assign(year=lambda f: f["year"] - 8)
    old["start_year"] -= 8
    panel = mih.read_panel(old.assign(death_year=None), money="fixed", price_year=2015)
    with pytest.raises(
        PanelContractError, match=r"no G for 2006, 2007, 2008\..*leave out the outcomes in G"
    ):
        panel.cube().outcome(OVER)
    foreign = mih.read_panel(rows(), money="fixed", currency="SEK", price_year=2020)
    with pytest.raises(PanelContractError, match="needs kroner"):
        foreign.cube().outcome(OVER)


def test_a_column_that_is_no_money_has_no_g(panel) -> None:
    with pytest.raises(MihImpactError):
        mih.match(panel, exact=["county"], on=[], method="exact", outcomes=["county > 1 G"])


def test_a_window_of_years_with_a_g_needs_no_others() -> None:
    old = rows(years=range(2014, 2024)).assign(year=lambda f: f["year"] - 8, death_year=None)
    old["start_year"] -= 6
    panel = mih.read_panel(old, money="fixed", price_year=2015)
    group = mih.match(panel, exact=["county"], on=[], method="exact", outcomes=[OVER])
    table = mih.event_study(group, outcomes=[OVER], window=(-2, 3)).to_frame()  # 2010-2015
    assert table["estimate"].notna().all()
    with pytest.raises(PanelContractError, match="no G for 2008"):
        mih.event_study(group, outcomes=[OVER], window=(-4, 3))
