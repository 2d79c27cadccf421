"""Fixed prices and discount factors."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import mih_impact as mih
from mih_impact.errors import AssumptionError, OptionError, PanelContractError
from mih_impact.reference import rows
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex, grunnbelop
from mih_impact.reference.rows import find

# -- prices ------------------------------------------------------------------------------------


def test_kroner_of_one_year_in_prices_of_another():
    kpi = PriceIndex.kpi()
    assert kpi.factor(2021, 2024) == 133.6 / 116.1
    assert kpi.factor(2024, 2024) == 1.0
    assert kpi.factor(2024, 2015) == 100.0 / 133.6
    np.testing.assert_array_equal(kpi.factors([2009, 2015], 2024), [133.6 / 89.9, 133.6 / 100.0])
    assert kpi.factors(np.array([], dtype=int), 2024).shape == (0,)


def test_the_shipped_index_says_what_it_is():
    kpi = PriceIndex.kpi()
    assert (kpi.years[0], kpi.years[-1]) == (2009, 2025)
    assert (kpi.derived, kpi.forecast) == ((2023, 2024, 2025), ())
    assert kpi.name == "consumer price index"
    assert "Statistics Norway" in kpi.source
    with pytest.raises(FrozenInstanceError):
        kpi.values = ()


@pytest.mark.parametrize(
    ("years", "price_year", "missing"),
    [
        ([2008, 2010], 2024, "2008"),
        ([2010], 2026, "2026"),
        ([2026, 1999], 2030, "1999, 2026, 2030"),
    ],
)
def test_a_year_without_an_index_is_an_error_that_names_the_range(years, price_year, missing):
    with pytest.raises(PanelContractError) as caught:
        PriceIndex.kpi().factors(years, price_year)
    assert f"no consumer price index for {missing}." in str(caught.value)
    assert "2009-2025" in str(caught.value)
    assert "PriceIndex.kpi().extended({" in str(caught.value)


def test_an_index_of_ones_own():
    own = PriceIndex.from_mapping({2026: 104.0, 2025: 100}, name="budget prices")
    assert own.years == (2025, 2026)
    assert own.factor(2025, 2026) == 1.04
    with pytest.raises(PanelContractError, match=r"no budget prices for 2024.*2025-2026"):
        own.factor(2024, 2026)
    assert own == PriceIndex((2025, 2026), (100, 104), "budget prices", "user")
    assert hash(own) == hash(PriceIndex((2025, 2026), (100.0, 104.0), "budget prices", "user"))


@pytest.mark.parametrize(
    ("years", "values", "message"),
    [
        ((), (), "one value a year"),
        ((2020, 2021), (100.0,), "2 years and 1 value"),
        ((2021, 2020), (1.0, 2.0), "ascend"),
        ((2020, 2020), (1.0, 2.0), "ascend"),
        ((2020, 2021), (1.0, 0.0), "positive.*2021"),
        ((2020, 2021), (float("nan"), 1.0), "positive.*2020"),
    ],
)
def test_an_index_that_is_none_is_refused(years, values, message):
    with pytest.raises(PanelContractError, match=message):
        PriceIndex(years, values, "own", "user")


def test_years_are_added_whatever_their_base_year():
    # The same prices, published with 2015 = 100 and with 2025 = 100.
    kpi = PriceIndex.kpi()
    added = kpi.extended({2025: 100.0, 2026: 102.5, 2024: 100 * 133.6 / 137.7}, source="table 2")
    assert added.range == "2009-2026"
    assert added.factor(2024, 2025) == pytest.approx(137.7 / 133.6, rel=1e-12)
    assert added.factor(2015, 2026) == pytest.approx(1.377 * 1.025, rel=1e-12)
    assert added.factors(kpi.years, 2024).tolist() == kpi.factors(kpi.years, 2024).tolist()
    assert added.source.endswith("2026: table 2")
    assert kpi.extended({2024: 133.6, 2008: 88.0}).factor(2008, 2009) == 89.9 / 88.0
    assert kpi.extended({2024: 7.0}) == kpi


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({2026: 100.0}, r"share no year.*give 2025 too"),
        ({2008: 88.0}, r"share no year.*give 2009 too"),
        ({}, r"share no year"),
        ({2023: 100.0, 2024: 104.0, 2025: 108.0}, r"another index.*from 2023, 2024 to 2025"),
        ({"2024": 100.0}, "whole years and positive numbers"),
        ({2024: "133.6"}, "whole years and positive numbers"),
        ({2024: float("nan")}, "whole years and positive numbers"),
        ([2024], "index is a mapping"),
    ],
)
def test_years_that_cannot_be_added_are_refused(index, message):
    with pytest.raises((PanelContractError, OptionError), match=message):
        PriceIndex.kpi().extended(index)


def test_following_the_message_about_a_year_without_an_index_works():
    with pytest.raises(PanelContractError) as caught:
        PriceIndex.kpi().factor(2025, 2027)
    line = caught.value.do.partition("index=")[2]
    assert line == "mih.PriceIndex.kpi().extended({2025: ..., 2027: ...})"
    for value in ("100.0", "102.0"):
        line = line.replace("...", value, 1)
    assert eval(line, {"mih": mih}).factor(2025, 2027) == pytest.approx(1.02)


def test_years_are_linked_by_the_base_that_their_table_says():
    kpi = PriceIndex.kpi()
    linked = kpi.extended({2026: 103.2}, base="2025=100")
    assert linked.factor(2025, 2026) == pytest.approx(1.032, rel=1e-12)
    assert linked.factors(kpi.years, 2024).tolist() == kpi.factors(kpi.years, 2024).tolist()
    assert linked.derived == (2023, 2024, 2025)
    assert kpi.extended({2025: 100.0, 2026: 103.2}, base="2025=100").values == linked.values
    for base in ("2025", "100=2025x", 2025, ""):
        with pytest.raises(OptionError, match="base= gives the base year"):
            kpi.extended({2026: 103.2}, base=base)
    with pytest.raises(PanelContractError, match="not on the base 2025=100"):
        kpi.extended({2025: 137.7, 2026: 141.0}, base="2025=100")
    with pytest.raises(PanelContractError, match=r"jumps.*from 137.7 to 103.2"):
        kpi.extended({2025: 137.7, 2026: 103.2})


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ({2024: 133.6, 2025: 100.0}, "a jump to 2025: from 133.6 to 100; 2025 is near 100"),
        ({2025: 137.7, 2026: 103.2}, 'base="2025=100"'),
        ({2019: 1.0, 2020: 1.16}, "a jump to 2020"),
        ({2019: 1.0, 2020: 0.84}, "a jump to 2020"),
    ],
)
def test_a_jump_between_neighbours_is_another_base(index, words):
    with pytest.raises(PanelContractError, match=words):
        PriceIndex.from_mapping(index)
    years, values = tuple(index), tuple(index.values())
    assert PriceIndex(years, values, "prices that rose so", "user").years == years
    assert PriceIndex.from_mapping({2019: 1.0, 2020: 1.14, 2023: 2.0}).range == "2019-2023"


def test_a_forecast_is_asked_for_and_says_so():
    assert 2026 not in PriceIndex.kpi().years
    index = PriceIndex.kpi(forecast=True)
    assert index.factor(2025, 2026) == pytest.approx(1.03, abs=0.001)
    assert (index.forecast, index.told["forecast"]) == ((2026,), "2026")
    assert "forecast for 2026" in index.name
    assert "forecast" in index.source
    assert not index.shipped


@pytest.mark.parametrize("base_year", [2025, 2024])
def test_two_base_years_in_one_series_are_no_index(base_year):
    kpi = PriceIndex.kpi()
    pasted = dict(zip(kpi.years, kpi.values, strict=True)) | {2025: 137.7, 2026: 141.0}
    rebased = {y: 100 * v / pasted[base_year] for y, v in pasted.items() if y >= base_year}
    with pytest.raises(PanelContractError, match=f"a jump to {base_year}"):
        PriceIndex.from_mapping(pasted | rebased)
    assert PriceIndex.from_mapping(pasted).factor(2025, 2026) == 141.0 / 137.7


def test_the_basic_amount():
    assert grunnbelop(2024) == 122_225
    assert grunnbelop(2024, average=False) == 124_028
    assert grunnbelop(2009, average=False) == 72_881
    assert grunnbelop(2026, average=False) == 136_549
    with pytest.raises(AssumptionError, match=r"2008.*2009-2026"):
        grunnbelop(2008)
    with pytest.raises(AssumptionError, match=r"2027.*2009-2026"):
        grunnbelop(2027, average=False)


# -- discount ----------------------------------------------------------------------------------


def r109_by_hand(n: int) -> list[float]:
    """R-109/2021, 6.2, year by year as the circular says it."""
    factors, factor = [], 1.0
    for t in range(n):
        if t > 0:
            rate = 0.04 if t <= 40 else 0.03 if t <= 75 else 0.02
            factor = factor / (1 + rate)
        factors.append(factor)
    return factors


def test_the_ladder_agrees_with_a_slow_loop():
    np.testing.assert_allclose(Discount().factors(120), r109_by_hand(120), rtol=1e-13)


def test_the_ladder_is_read_from_its_rows():
    assert Discount().ladder == ((40, 0.04), (75, 0.03), (None, 0.02))
    assert find(rows("r109_2021"), "discount_rate_years_0_40").value == Discount().ladder[0][1]


@pytest.mark.parametrize(
    ("year", "rate"), [(1, 0.04), (40, 0.04), (41, 0.03), (75, 0.03), (76, 0.02), (500, 0.02)]
)
def test_the_rate_changes_after_year_40_and_year_75(year, rate):
    assert Discount().rates(year)[-1] == rate
    d = Discount().factors(year + 1)
    assert d[year - 1] / d[year] == pytest.approx(1 + rate, rel=1e-12)


def test_seven_years_as_in_the_account():
    expected = [1.04**-t for t in range(7)]
    np.testing.assert_allclose(Discount().factors(7), expected, rtol=1e-14)
    assert Discount().factors(7)[0] == 1.0


@pytest.mark.parametrize("n", [1, 7, 40, 41, 42, 75, 76, 77, 100])
def test_timings_are_shifts_of_the_same_factors(n):
    start = Discount().factors(n + 1)
    np.testing.assert_allclose(Discount(timing="end").factors(n), start[1:], rtol=1e-14)
    half = start[:n] * (start[1:] / start[:n]) ** 0.5
    np.testing.assert_allclose(Discount(timing="middle").factors(n), half, rtol=1e-14)


def test_the_middle_of_year_40_is_already_at_the_next_rate():
    d = Discount(timing="middle").factors(41)
    assert d[39] == pytest.approx(1.04**-39 * 1.04**-0.5, rel=1e-13)
    assert d[40] == pytest.approx(1.04**-40 * 1.03**-0.5, rel=1e-13)


def test_a_flat_rate():
    np.testing.assert_allclose(Discount.flat(0.025).factors(50), 1.025 ** -np.arange(50.0))
    np.testing.assert_array_equal(Discount.flat(0).factors(9), np.ones(9))
    assert Discount.flat(0.04, timing="end").factors(1).tolist() == [1 / 1.04]


def test_no_years_and_wrong_years():
    for timing in ("start", "middle", "end"):
        assert Discount(timing=timing).factors(0).shape == (0,)
    with pytest.raises(OptionError, match="0 or more"):
        Discount().factors(-1)


@pytest.mark.parametrize(
    "ladder",
    [
        (),
        ((40, 0.04),),
        ((75, 0.03), (40, 0.04), (None, 0.02)),
        ((40, 0.04), (40, 0.03), (None, 0.02)),
        ((0, 0.04), (None, 0.02)),
        ((None, 0.04), (None, 0.02)),
    ],
)
def test_a_ladder_that_does_not_climb_is_refused(ladder):
    with pytest.raises(AssumptionError, match="ladder must climb"):
        Discount(ladder)


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(AssumptionError, match="rate must be"):
        Discount.flat(rate)


def test_a_timing_that_is_not_known_is_refused():
    with pytest.raises(OptionError, match="'mid'"):
        Discount(timing="mid")


def test_a_ladder_may_be_given_as_lists_and_is_a_value():
    assert Discount([[40, 0.04], [75, 0.03], [None, 0.02]]) == Discount()
    assert len({Discount(), Discount(timing="start"), Discount.flat(0.04)}) == 2
