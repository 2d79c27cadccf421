"""The cube: who comes along, what a cell is, and how it is read."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.errors import OptionError, PanelContractError
from mih_impact.panel.cube import NEVER
from mih_impact.panel.read import read_panel
from mih_impact.panel.residency import State
from tests.support import small_register

NAN = np.nan


def rows(
    table: dict[str, dict[int, float | None]], **per_person: dict[str, object]
) -> pd.DataFrame:
    """Return a register from {person: {year: wage}}; further columns are {person: value}."""
    records = [
        {
            "person_id": person,
            "year": year,
            "wage_income": wage,
            **{column: values.get(person) for column, values in per_person.items()},
        }
        for person, wages in table.items()
        for year, wage in wages.items()
    ]
    frame = pd.DataFrame(records)
    for column in frame:
        if column in ("start_year", "birth_year", "death_year", "emigration_year", "wage_income"):
            frame[column] = frame[column].astype(float)
    return frame


def cube_of(frame: pd.DataFrame, **options):
    return read_panel(frame, money="fixed", **options).cube()


WAGES = {
    "a": {2015: 100.0, 2016: 110.0, 2017: 120.0, 2018: 130.0},
    "b": {2015: 200.0, 2018: 230.0},
    "c": {2015: 300.0, 2016: None, 2017: 320.0, 2018: 330.0},
}


# --- what a cell is -------------------------------------------------------------------------------


def test_a_resident_without_a_row_has_zero_wage():
    cube = cube_of(rows(WAGES, death_year={}).assign(death_year=[NAN] * 9 + [2030.0]))
    assert cube.outcome("wage_income")[1].tolist() == [200.0, 0.0, 0.0, 230.0]
    assert cube.state[1].tolist() == [State.OBSERVED, State.ABSENT, State.ABSENT, State.OBSERVED]
    assert cube.residency_known


def test_without_word_on_residency_a_row_that_is_not_there_is_missing():
    cube = cube_of(rows(WAGES))
    np.testing.assert_array_equal(cube.outcome("wage_income")[1], [200.0, NAN, NAN, 230.0])
    assert cube.state[1, 1] == State.UNKNOWN
    assert not cube.residency_known


def test_a_null_wage_in_a_row_is_zero_and_remembered_as_null():
    cube = cube_of(rows(WAGES))
    assert cube.outcome("wage_income")[2].tolist() == [300.0, 0.0, 320.0, 330.0]
    assert cube.null["wage_income"].sum() == 1
    assert cube.null["wage_income"][2, 1]


def test_the_dead_are_zero_or_missing_in_the_years_after_even_with_a_late_payment():
    cube = cube_of(rows(WAGES, death_year={"a": 2016, "b": 2016}))
    zero = cube.outcome("wage_income")
    missing = cube.outcome("wage_income", dead="missing")
    # a has rows in 2017 and 2018: holiday pay after death does not count.
    assert zero[0].tolist() == [100.0, 110.0, 0.0, 0.0]
    np.testing.assert_array_equal(missing[0], [100.0, 110.0, NAN, NAN])
    # b has no row in the year of death: zero, and not missing, since b lived into it.
    np.testing.assert_array_equal(zero[1], [200.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(missing[1], [200.0, 0.0, NAN, NAN])
    np.testing.assert_array_equal(zero[2], missing[2])
    assert cube.state[0].tolist() == [State.OBSERVED] * 2 + [State.DEAD] * 2


def test_the_emigrated_are_treated_likewise_and_death_goes_before_emigration():
    cube = cube_of(rows(WAGES, emigration_year={"a": 2016, "b": 2015}, death_year={"a": 2017}))
    assert cube.state[0].tolist() == [
        State.OBSERVED, State.OBSERVED, State.EMIGRATED, State.DEAD,
    ]  # fmt: skip
    np.testing.assert_array_equal(
        cube.outcome("wage_income", dead="missing")[:2],
        [[100.0, 110.0, NAN, NAN], [200.0, NAN, NAN, NAN]],
    )
    assert cube.outcome("wage_income")[:2].tolist() == [[100, 110, 0, 0], [200, 0, 0, 0]]


def test_spells_of_residency_say_who_was_here_and_people_return():
    spells = pd.DataFrame(
        {
            "person_id": ["b", "b", "d", "stranger"],
            "from_year": [2015, 2018, 2017, 2000],
            "to_year": [2016, NAN, NAN, NAN],
        }
    )
    table = {**WAGES, "d": {2018: 50.0}}
    frame = rows(table, emigration_year={"b": 2016})
    cube = read_panel(frame, money="fixed", resident=spells).cube()
    assert cube.state[1].tolist() == [
        State.OBSERVED, State.ABSENT, State.EMIGRATED, State.OBSERVED,
    ]  # fmt: skip
    # d arrived in 2017: before that nothing is known, and not zero.
    np.testing.assert_array_equal(cube.outcome("wage_income")[3], [NAN, NAN, 0.0, 50.0])
    assert cube.outcome("wage_income")[1].tolist() == [200.0, 0.0, 0.0, 230.0]


def test_a_year_without_any_row_is_missing_for_everybody_also_the_dead():
    table = {p: {y: w for y, w in wages.items() if y != 2017} for p, wages in WAGES.items()}
    cube = cube_of(rows(table, death_year={"a": 2015}))
    assert cube.periods.tolist() == [2015, 2016, 2017, 2018]
    assert cube.observed.tolist() == [True, True, False, True]
    assert np.isnan(cube.outcome("wage_income")[:, 2]).all()
    assert np.isnan(cube.outcome("in_work")[:, 2]).all()
    assert cube.outcome("wage_income")[0, 3] == 0.0


def test_a_year_counts_as_observed_when_anybody_in_the_register_has_a_row():
    # Only a starts; nobody who comes along has a row in 2016, but z has one.
    table = {"a": {2015: 1.0, 2017: 2.0}, "z": {2016: 5.0}}
    frame = rows(table, start_year={"a": 2017}, death_year={"z": 2016})
    frame["eligible"] = False
    frame.loc[frame.year == 2015, "eligible"] = True
    cube = cube_of(frame)
    assert cube.person_id.tolist() == ["a"]
    assert cube.outcome("wage_income")[0].tolist() == [1.0, 0.0, 2.0]


# --- money ----------------------------------------------------------------------------------------


def test_years_since_start_are_read_in_any_order_also_those_that_nobody_has():
    frame = small_register(60, starters=20, seed=3)
    cube = read_panel(frame, money="fixed").cube(columns=["wage_income"])
    start = np.where(np.arange(cube.n_persons) % 2 == 0, 2015, 2018)
    person = np.arange(cube.n_persons)
    wage = frame.set_index(["person_id", "year"])["wage_income"]
    for years in ([0, 2, 1, 3], [1, -1], [40], [-2, 40]):
        found = cube.since_start("wage_income", person, start, years, dead="zero")
        for i, key in enumerate(cube.person_id):
            expected = [wage.get((int(key), start[i] + e), np.nan) for e in years]
            np.testing.assert_array_equal(found[i], expected)


def test_nominal_kroner_are_deflated_once_by_the_index_of_their_year():
    index = {2015: 100, 2016: 110, 2017: 120, 2018: 125, 2024: 150}
    cube = read_panel(rows(WAGES), index=index, price_year=2024).cube()
    np.testing.assert_allclose(
        cube.outcome("wage_income")[0],
        [100 * 150 / 100, 110 * 150 / 110, 120 * 150 / 120, 130 * 150 / 125],
        rtol=1e-15,
    )
    assert cube.ore["wage_income"][0].tolist() == [10_000, 11_000, 12_000, 13_000]


def test_money_in_fixed_prices_is_left_alone():
    cube = cube_of(rows(WAGES))
    assert cube.price_factor.tolist() == [1.0] * 4
    assert cube.outcome("wage_income")[0].tolist() == [100.0, 110.0, 120.0, 130.0]


def test_the_shipped_index_is_norwegian_consumer_prices():
    cube = read_panel(rows(WAGES), price_year=2024).cube()
    # KPI (2015 = 100): 133.6 in 2024, so a krone of 2015 is 1.336 of 2024.
    assert cube.price_factor[0] == pytest.approx(1.336, abs=5e-4)


def test_derived_outcomes():
    frame = rows(WAGES).assign(dagpenger=[5.0, 0, 0, 0, 0, 0, NAN, 7, 0, 0], aap=0.0)
    frame.loc[3, "aap"] = 9.0
    cube = cube_of(frame)
    np.testing.assert_array_equal(cube.outcome("in_work")[1:], [[1, NAN, NAN, 1], [1, 0, 1, 1]])
    np.testing.assert_array_equal(
        cube.outcome("on_benefit"), [[1, 0, 0, 1], [0, NAN, NAN, 0], [0, 1, 0, 0]]
    )
    np.testing.assert_array_equal(cube.lagged("in_work", 2017, 1), [1, NAN, 0])


def test_on_benefit_needs_every_scheme_of_the_panel():
    frame = rows(WAGES).assign(dagpenger=1.0, aap=1.0)
    panel = read_panel(frame, money="fixed")
    assert set(panel.cube(columns=["on_benefit"]).ore) == {"dagpenger", "aap"}
    with pytest.raises(PanelContractError, match="reckoned from aap, which was not fetched"):
        panel.cube(columns=["dagpenger"]).outcome("on_benefit")
    with pytest.raises(PanelContractError, match="needs a benefit scheme"):
        cube_of(rows(WAGES)).outcome("on_benefit")


def test_only_money_of_ones_own_has_a_price_year_and_is_zero_without_a_row():
    frame = rows(WAGES).assign(bonus=[10.0] * 9 + [NAN], hours=[10.125] * 9 + [NAN])
    frame["loss"] = -frame["bonus"]
    index = mih.PriceIndex(
        (2015, 2016, 2017, 2018, 2024), (1.0, 1.0, 1.0, 2.0, 4.0), "made up", "a test"
    )
    units = {"bonus": "NOK", "loss": "NOK", "hours": "hours"}
    spells = pd.DataFrame({"person_id": ["a", "b", "c"], "from_year": 2015, "to_year": [NAN] * 3})
    panel = read_panel(frame, index=index, units=units, resident=spells)
    cube = panel.cube()
    money = np.array([[40, 40, 40, 20], [40, 0, 0, 20], [40, 40, 40, 0]])
    np.testing.assert_array_equal(cube.outcome("bonus"), money)
    np.testing.assert_array_equal(cube.outcome("loss"), -money)
    held = np.array([[10.125] * 4, [10.125, NAN, NAN, 10.125], [10.125] * 3 + [NAN]])
    np.testing.assert_array_equal(cube.outcome("hours"), held)
    assert panel.outcomes == cube.outcomes == ("wage_income", "bonus", "hours", "loss")
    assert panel.units["loss"] == "NOK"


def test_a_number_without_a_unit_is_no_outcome_and_the_error_has_the_line_to_paste():
    frame = rows(WAGES).assign(bonus=10.0)
    with pytest.raises(OptionError, match="Nothing says what bonus is measured in") as caught:
        read_panel(frame, money="fixed").cube().outcome("bonus")
    for paste in ({"bonus": "NOK"}, {"bonus": "hours"}):
        assert f"units={paste}".replace("'", '"') in str(caught.value)
        cube = read_panel(frame, money="fixed", units=paste).cube()
        assert np.nanmax(cube.outcome("bonus")) == 10.0


# --- covariates -----------------------------------------------------------------------------------


def with_county() -> pd.DataFrame:
    frame = rows(WAGES, birth_year={"a": 1980, "b": 1990, "c": None}, sex={"a": "m", "b": "f"})
    frame["county"] = [
        "Oslo",
        "Oslo",
        "Agder",
        "Agder",
        "Oslo",
        "Viken",
        "Agder",
        None,
        "Oslo",
        "Oslo",
    ]
    frame["months_unemployed"] = [1.0, 2, 3, 4, 5, 8, 9, 10, NAN, 12]
    return frame


def test_a_varying_column_is_read_in_the_last_row_at_or_before_the_year():
    cube = cube_of(with_county())
    read = cube.as_of("county", 2017)
    assert read.values.tolist() == ["Agder", "Oslo", "Oslo"]
    assert read.carried.tolist() == [False, True, False]
    number = cube.as_of("months_unemployed", 2017)
    np.testing.assert_array_equal(number.values, [3.0, 5.0, NAN])
    assert number.carried.tolist() == [False, True, False]


def test_a_null_in_the_last_row_is_missing_and_not_looked_for_further_back():
    assert cube_of(with_county()).as_of("county", 2016).values.tolist() == ["Oslo", "Oslo", None]


def test_nothing_is_known_before_the_first_row_and_the_last_row_lasts():
    cube = cube_of(with_county())
    early, late = cube.as_of("county", 2014), cube.as_of("county", 2025)
    assert early.values.tolist() == [None, None, None]
    assert not early.carried.any()
    assert late.values.tolist() == ["Agder", "Viken", "Oslo"]
    assert late.carried.all()


def test_fixed_columns_and_age_need_no_row():
    cube = cube_of(with_county())
    assert cube.as_of("sex", 2001).values.tolist() == ["m", "f", None]
    np.testing.assert_array_equal(cube.as_of("age", 2017).values, [37.0, 27.0, NAN])
    assert not cube.as_of("age", 2017).carried.any()


def test_the_registers_own_age_is_read_like_a_varying_column():
    frame = rows(WAGES).assign(age=[30.0, 31, 32, 33, 40, 43, 50, 51, 52, 53])
    read = cube_of(frame).as_of("age", 2017)
    assert read.values.tolist() == [32.0, 40.0, 52.0]
    assert read.carried.tolist() == [False, True, False]


def test_money_as_a_covariate_is_that_year_exactly():
    cube = cube_of(rows(WAGES))
    np.testing.assert_array_equal(cube.lagged("wage_income", 2017, 1), [110.0, NAN, 0.0])
    np.testing.assert_array_equal(cube.as_of("wage_income", 2016).values, [110.0, NAN, 0.0])
    assert np.isnan(cube.lagged("wage_income", 2004, 1)).all()


def test_a_covariate_of_the_dead_is_missing():
    cube = cube_of(rows(WAGES, death_year={"a": 2015}))
    assert np.isnan(cube.lagged("wage_income", 2017, 1)[0])


def test_a_fixed_column_takes_the_value_of_the_last_row_that_has_one():
    frame = rows(WAGES)
    frame["sex"] = ["f", "m", None, None, "f", "f", "m", "m", "m", "m"]
    cube = cube_of(frame)
    assert cube.fixed["sex"].tolist() == ["m", "f", "m"]
    backwards = cube_of(frame.iloc[::-1].reset_index(drop=True))
    assert backwards.fixed["sex"].tolist() == ["m", "f", "m"]


# --- who comes along ------------------------------------------------------------------------------


def candidates() -> pd.DataFrame:
    frame = rows(
        {p: dict.fromkeys(range(2012, 2020), 1.0) for p in "abcdef"},
        start_year={"a": 2015, "b": 2017},
    )
    frame["target"] = False
    eligible = {"c": 2014, "d": 2016, "e": 2013, "f": 2017}  # the window is 2014 to 2016
    for person, year in eligible.items():
        frame.loc[(frame.person_id == person) & (frame.year == year), "target"] = True
    return frame


def test_starters_and_those_eligible_the_year_before_a_start_come_along():
    cube = read_panel(candidates()).cube(eligible="target")
    assert cube.person_id.tolist() == ["a", "b", "c", "d"]
    assert cube.start_year.tolist() == [2015, 2017, NEVER, NEVER]
    assert cube.eligible[2].tolist() == [y == 2014 for y in range(2012, 2020)]


def test_the_contracts_column_is_the_default_and_an_expression_may_replace_it():
    panel = read_panel(candidates().rename(columns={"target": "eligible"}))
    assert panel.cube().person_id.tolist() == ["a", "b", "c", "d"]
    everyone = panel.cube(eligible=nw.col("wage_income") > 0)
    assert everyone.person_id.tolist() == list("abcdef")
    assert panel.eligibility() == "eligible"
    assert panel.eligibility("target") == "target"
    assert "wage_income" in panel.eligibility(nw.col("wage_income") > 0)


def test_without_eligibility_everybody_observed_is():
    panel = read_panel(candidates().drop(columns="target"))
    assert panel.eligibility() == "everyone observed"
    assert panel.cube().eligible.all()


def test_without_start_years_everybody_eligible_comes_along():
    frame = candidates().drop(columns="start_year")
    cube = read_panel(frame).cube(eligible="target")
    assert cube.person_id.tolist() == ["c", "d", "e", "f"]
    assert (cube.start_year == NEVER).all()


def test_persons_ascend_by_identifier_as_text():
    frame = rows({p: {2015: 1.0} for p in ("b", "a")})
    frame["person_id"] = [10, 9]
    assert cube_of(frame).person_id.tolist() == ["10", "9"]


def test_only_the_columns_asked_for_leave_the_engine():
    frame = with_county().assign(dagpenger=1.0)
    panel = read_panel(frame, money="fixed")
    cube = panel.cube(columns=["county", "age"])
    assert cube.names == ("county", "birth_year")
    assert panel.cube(columns=["county", "age"]) is cube
    assert panel.cube(columns=["in_work"]).names == ("wage_income",)


# --- its manners ----------------------------------------------------------------------------------


def test_arrays_cannot_be_written():
    cube = cube_of(with_county())
    for array in (cube.ore["wage_income"], cube.person_id, cube.code["county"], cube.state):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


def test_the_repr_shows_no_person():
    text = repr(cube_of(rows({"secret-1": {2015: 1.0}, "secret-2": {2015: 1.0}})))
    assert "2 persons" in text
    assert "secret" not in text


def test_the_fingerprint_is_short_and_changes_with_any_value():
    one, same = cube_of(with_county()), cube_of(with_county())
    assert one.fingerprint == same.fingerprint
    assert len(one.fingerprint) == 16
    int(one.fingerprint, 16)
    changes = {"wage_income": 101.0, "county": "Bergen", "person_id": "aa", "sex": "x"}
    for column, value in changes.items():
        frame = with_county()
        frame.loc[0 if column == "wage_income" else frame.index[:4], column] = value
        assert cube_of(frame).fingerprint != one.fingerprint, column


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.outcome("wage_incme"), "wage_incme is not in the cube"),
        (lambda c: c.outcome("county"), "county is no amount and no share"),
        (lambda c: c.lagged("nothing", 1901, 1), "nothing is not in the cube"),
        (lambda c: c.as_of("nothing", 2016), "nothing is not in the cube"),
        (lambda c: c.outcome("wage_income", dead="gone"), "no dead='gone'"),
    ],
)
def test_what_cannot_be_read_is_a_typed_error(call, message):
    with pytest.raises((PanelContractError, OptionError), match=message):
        call(cube_of(with_county()))


def test_age_needs_birth_years():
    with pytest.raises(PanelContractError, match="birth_year is not in the cube"):
        cube_of(rows(WAGES)).as_of("age", 2016)


def test_persons_asked_for_again_and_again_are_read_as_when_asked_for_once():
    cube, years = cube_of(rows(WAGES)), [-2, 0, 1]
    person, start = np.tile([0, 1, 2], 3), np.repeat([2015, 2016, 2018], 3)
    together = cube.since_start("wage_income", person, start, years, dead="zero")
    for k in range(9):
        own = cube.since_start("wage_income", person[[k]], start[[k]], years, dead="zero")
        np.testing.assert_array_equal(together[[k]], own)


@pytest.mark.parametrize(
    "years",
    [[0], [-4, -2, -3, -1], [0, 0, 2], [2, -1, 0], [-5, 1, 9], [-2, 5, -1], [-9, 9]],
    ids=str,
)
@pytest.mark.parametrize(
    "start", [[2016] * 6, [2015, 2018] * 3, [2018, 2018, 2015, 2016] + [2018] * 2]
)
def test_years_and_starts_are_read_in_any_order(years, start):
    """Each cell is that of its calendar year, whatever stands beside it."""
    cube = cube_of(rows(WAGES))
    whole, person = cube.outcome("wage_income"), np.array([2, 0, 1, 2, 0, 1])
    found = cube.since_start("wage_income", person, np.array(start), years, dead="zero")
    for i, k in np.ndindex(found.shape):
        at = start[i] + years[k] - 2015
        expected = whole[person[i], at] if 0 <= at < 4 else np.nan
        np.testing.assert_equal(found[i, k], expected)


@pytest.mark.parametrize("moves", [False, True])
def test_numbers_that_never_change_within_persons_are_kept_once(moves):
    frame = small_register(60, starters=20, seed=2)
    frame["points"] = frame["person_id"].astype("category").cat.codes.astype(float)
    frame.loc[frame["person_id"] == frame["person_id"].iloc[0], "points"] = np.nan
    frame.loc[frame.index[-1], "points"] += moves
    panel = mih.read_panel(frame, units={"points": "points"})
    group = mih.match(panel, on=["age"], outcomes="points")
    kept = group.risk.cube.number["points"]
    assert (kept.strides[1] == 0) != moves
    cube, value = group.risk.cube, frame.set_index("person_id")["points"]
    expected = np.stack([value[int(who)].to_numpy() for who in cube.person_id])
    np.testing.assert_array_equal(kept, expected)
