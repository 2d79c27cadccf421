"""Numbers, down to the code points."""

from __future__ import annotations

import decimal
import math
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from mih_impact.display.locale import Label, both, in_language, options
from mih_impact.display.numbers import (
    count,
    currency,
    hidden,
    interval,
    kroner,
    millions,
    number,
    percent,
    thousands,
    year_range,
)

CASES = [
    (kroner, 1_094_400, "1\u00a0094\u00a0400\u00a0kr", "NOK\u00a01,094,400"),
    (kroner, -147_000, "\u2212147\u00a0000\u00a0kr", "NOK\u00a0\u2212147,000"),
    (kroner, 0, "0\u00a0kr", "NOK\u00a00"),
    (millions, 1_094_400, "1,1\u00a0mill.\u00a0kr", "NOK\u00a01.1\u00a0million"),
    (thousands, 1_094_400, "1\u00a0094,4\u00a0tusen\u00a0kr", "NOK\u00a01,094.4\u00a0thousand"),
    (percent, 0.92, "92\u00a0%", "92%"),
    (partial(percent, decimals=1), 0.285, "28,5\u00a0%", "28.5%"),
    (partial(currency, unit="USD"), 1794, "1\u00a0794\u00a0USD", "USD\u00a01,794"),
    (partial(currency, unit="NOK"), 1794, "1\u00a0794\u00a0kr", "NOK\u00a01,794"),
    (number, 999, "999", "999"),
    (partial(number, decimals=2), -1234.5, "\u22121\u00a0234,50", "\u22121,234.50"),
    (number, math.inf, "∞", "∞"),
    (number, -math.inf, "\u2212∞", "\u2212∞"),
]


@pytest.mark.parametrize(("show", "x", "nb", "en"), CASES)
def test_both_languages_to_the_code_point(show, x, nb, en):
    assert both(lambda: show(x)) == Label(nb, en)


@pytest.mark.parametrize("missing", [None, math.nan, np.nan, pd.NA, decimal.Decimal("nan")])
@pytest.mark.parametrize("show", [number, kroner, millions, thousands, percent])
def test_missing_is_an_en_dash(show, missing):
    assert show(missing) == "\u2013"
    assert currency(missing, "USD") == "\u2013"


@pytest.mark.parametrize(
    ("x", "decimals", "shown"),
    [
        (0.5, 0, "1"),
        (2.5, 0, "3"),  # not to even
        (-2.5, 0, "\u22123"),
        (1.005, 2, "1,01"),  # as printed, not as stored in binary
        (-0.4, 0, "0"),  # no minus before a zero
        (1e22, 0, "10" + "\u00a0000" * 7),
    ],
)
def test_halves_round_away_from_zero(x, decimals, shown):
    assert number(x, decimals) == shown


@pytest.mark.parametrize("x", [np.int64(5), np.float32(5), decimal.Decimal(5), True + 4])
def test_any_kind_of_number(x):
    with in_language("en"):
        assert number(x, 1) == "5.0"


def test_the_language_in_force_is_used():
    assert kroner(1000) == "1\u00a0000\u00a0kr"
    with options(lang="en"):
        assert kroner(1000) == "NOK\u00a01,000"


def test_interval_shows_both_ends_and_needs_both():
    assert interval(-1000, 2000, kroner) == "\u22121\u00a0000\u00a0kr til 2\u00a0000\u00a0kr"
    with in_language("en"):
        assert interval(0.1, 0.2, partial(percent, decimals=1)) == "10.0% to 20.0%"
    assert interval(None, 2.0, kroner) == interval(1.0, math.nan, kroner) == "\u2013"


def test_year_range_has_an_en_dash():
    assert year_range(2014, 2021) == "2014\u20132021"
    assert year_range(2014, 2014) == "2014"


@pytest.mark.parametrize(("n", "shown"), [(0, "0"), (5, "5"), (1527, "1\u00a0527")])
def test_what_is_no_small_cell_is_shown(n, shown):
    assert hidden(n) is None
    assert count(n) == shown


@pytest.mark.parametrize("n", [1, 4, 4.0, np.int64(3)])
def test_small_cells_are_hidden(n):
    assert count(n) == hidden(n) == "skjult (færre enn 5)"
    with in_language("en"):
        assert count(n) == "hidden (fewer than 5)"
    with options(min_cell=1):
        assert hidden(n) is None
    with options(min_cell=10):
        assert hidden(9) == "skjult (færre enn 10)"
        assert hidden(10) is None


def test_a_cell_of_published_numbers_is_not_hidden():
    assert hidden(None) is None
    assert count(None) == "\u2013"


def test_the_callers_decimal_context_plays_no_part():
    with decimal.localcontext() as context, in_language("en"):
        context.prec = 3
        context.rounding = decimal.ROUND_DOWN
        assert kroner(1_234_567.5) == "NOK\u00a01,234,568"
        assert percent(0.123456, 3) == "12.346%"


SHOW = "from mih_impact.display.numbers import kroner; print(ascii(kroner(-1094400.5)))"


@pytest.mark.parametrize("name", ["C", "de_DE.UTF-8"])
def test_the_process_locale_plays_no_part(name, monkeypatch):
    code = f"import locale\ntry:\n  locale.setlocale(locale.LC_ALL, {name!r})\n"
    code += "except locale.Error: pass\n"
    monkeypatch.setenv("LC_ALL", name)
    monkeypatch.setenv("LANG", name)
    done = subprocess.run(
        [sys.executable, "-c", code + SHOW], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == r"'\u22121\xa0094\xa0401\xa0kr'"


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_marks_are_those_of_unicodes_own_tables(lang):
    from babel.numbers import format_decimal

    rng = np.random.default_rng(5)
    for decimals in range(5):
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        for x in [0.0, 9.5, 999.0, 1000.0, 1e6, *10.0 ** rng.uniform(-3, 13, 40)]:
            rounded = round(decimal.Decimal(str(x)), decimals)
            with in_language(lang):
                told = number(rounded, decimals)
            assert told == format_decimal(rounded, pattern, lang).replace("\u202f", "\u00a0")
