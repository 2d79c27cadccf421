"""What holds for any index, any rate, any number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mih_impact.display.locale import in_language
from mih_impact.display.numbers import MINUS, NBSP, kroner, number
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex
from mih_impact.storage import load, save

rates = st.floats(-0.2, 0.5)
timings = st.sampled_from(["start", "middle", "end"])


@st.composite
def ladders(draw):
    ends = sorted(draw(st.sets(st.integers(1, 90), max_size=4)))
    return tuple((end, draw(rates)) for end in [*ends, None])


@given(ladders(), st.integers(1, 100))
def test_the_factors_of_any_ladder_agree_with_a_slow_loop(ladder, n):
    factor, slow = 1.0, [1.0]
    for year in range(1, n):
        rate = next(rate for end, rate in ladder if end is None or year <= end)
        factor /= 1 + rate
        slow.append(factor)
    np.testing.assert_allclose(Discount(ladder).factors(n), slow, rtol=1e-10)


@given(ladders(), st.integers(1, 100))
def test_the_middle_of_a_year_is_the_geometric_mean_of_its_ends(ladder, n):
    start, middle, end = (
        Discount(ladder, timing).factors(n) for timing in ("start", "middle", "end")
    )
    np.testing.assert_allclose(middle, np.sqrt(start * end), rtol=1e-10)


@given(ladders(), timings, st.integers(0, 60), st.integers(0, 40))
def test_more_years_do_not_change_the_first(ladder, timing, n, more):
    discount = Discount(ladder, timing)
    np.testing.assert_array_equal(discount.factors(n + more)[:n], discount.factors(n))


@given(st.floats(-0.2, 0.5), timings, st.integers(1, 60))
def test_a_years_delay_costs_one_year_of_interest_at_a_flat_rate(rate, timing, n):
    d = Discount.flat(rate, timing=timing).factors(n + 1)
    np.testing.assert_allclose(d[1:] * (1 + rate), d[:-1], rtol=1e-10)


@given(ladders(), timings, st.integers(0, 9))
def test_a_rate_of_zero_is_the_plain_sum(ladder, timing, n):
    zero = Discount(tuple((end, 0.0) for end, _ in ladder), timing)
    assert zero.factors(n).sum() == n


indices = st.dictionaries(
    st.integers(1980, 2040), st.floats(1.0, 1e4), min_size=1, max_size=12
).map(
    lambda index: PriceIndex(
        tuple(sorted(index)), tuple(index[y] for y in sorted(index)), "made up", "a test"
    )
)


@given(indices, st.data())
def test_prices_there_and_back_are_what_they_were(index, data):
    a, b, c = (data.draw(st.sampled_from(index.years)) for _ in range(3))
    assert index.factor(a, a) == 1.0
    assert index.factor(a, b) * index.factor(b, a) == pytest.approx(1.0, rel=1e-12)
    assert index.factor(a, b) * index.factor(b, c) == pytest.approx(index.factor(a, c), rel=1e-12)


@given(indices, st.floats(0.01, 100.0))
def test_the_base_of_an_index_plays_no_part(index, scale):
    scaled = PriceIndex(index.years, tuple(v * scale for v in index.values), "scaled", "user")
    year = index.years[-1]
    np.testing.assert_allclose(
        scaled.factors(index.years, year), index.factors(index.years, year), rtol=1e-12
    )


amounts = st.floats(-1e12, 1e12)


@given(amounts, st.integers(0, 6))
def test_a_shown_number_can_be_read_back(x, decimals):
    for lang, comma, group in (("nb", ",", NBSP), ("en", ".", ",")):
        with in_language(lang):
            text = number(x, decimals)
        back = float(text.replace(group, "").replace(comma, ".").replace(MINUS, "-"))
        assert abs(back - x) <= 0.5 * 10.0**-decimals * (1 + 1e-9) + abs(x) * 1e-15
        assert len(text.split(comma)[1]) == decimals if decimals else comma not in text
        assert not set(text) - set("0123456789" + comma + group + MINUS)


@given(amounts)
def test_an_amount_and_its_opposite_look_alike(x):
    for lang in ("nb", "en"):
        with in_language(lang):
            gain, loss = kroner(abs(x)), kroner(-abs(x))
        assert loss.replace(MINUS, "") == gain
        assert MINUS not in gain
        assert " " not in gain  # never broken from its unit


@given(ladders(), timings)
def test_any_discount_comes_back_from_its_file(tmp_path_factory, ladder, timing):
    path = tmp_path_factory.getbasetemp() / "discount.zip"
    assert load(save(Discount(ladder, timing), path)) == Discount(ladder, timing)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_float_at_all_can_be_shown(x):
    text = number(x, 2)
    assert (text == "–") == math.isnan(x)
    assert ("∞" in text) == math.isinf(x)
    assert (text[0] == MINUS) == (x <= -0.005)
