"""The public call: what it asks for, what it says, what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.figure import alt_text
from mih_impact.errors import AssumptionError, EffectsError, OptionError

YEARS = (-6, -5, -4, -3, -2, -1, 0, 1, 2, 3)
ESTIMATE = (3e3, -2e3, 4e3, 1e3, -1e3, 0.0, 20e3, 60e3, 110e3, 150e3)


def effects(*, matched=(), estimate=ESTIMATE, years=YEARS, unit="NOK", scale=1.0):
    frame = pd.DataFrame(
        {
            "outcome": "wage_income",
            "year_since_start": years,
            "estimate": np.array(estimate) * scale,
            "unit": unit,
        }
    )
    root = np.random.default_rng(4).normal(size=(len(years), 2 * len(years)))
    covariance = root @ root.T * (900.0 * scale) ** 2
    base = years.index(-1) if -1 in years else 0
    covariance[base] = covariance[:, base] = 0.0
    series = mih.EffectSeries.from_frame(frame, covariance=covariance, price_year=2024)
    table = series.frame.assign(matched_on=series.frame["year_since_start"].isin(matched))
    return replace(series, frame=table)


@pytest.mark.parametrize("restriction", ["smoothness", "relative_magnitudes"])
class TestBoth:
    def test_intervals_begin_with_parallel_trends_and_widen(self, restriction):
        bounds = mih.honest_bounds(effects(), restriction=restriction)
        table = bounds.to_frame()
        assert table["method"].iloc[0] == "original"
        series = effects()
        beta, V = series.select(["wage_income"], [0, 1, 2, 3])
        half = 1.959963985 * np.sqrt(V.sum() / 16)
        assert table["upper"].iloc[0] - table["lower"].iloc[0] == pytest.approx(2 * half)
        assert table["lower"].iloc[0] + half == pytest.approx(beta.mean())
        assert (np.diff(table["upper"][1:] - table["lower"][1:]) > 0).all()
        assert bounds.passed is None

    def test_an_end_of_the_interval_is_zero_at_the_breakdown_value(self, restriction):
        M = mih.honest_bounds(effects(), restriction=restriction).breakdown
        at = mih.honest_bounds(effects(), restriction=restriction, M=M).table.iloc[1]
        assert abs(at["lower"]) < 1e-4 * (at["upper"] - at["lower"])

    def test_scaling_money_scales_the_bounds(self, restriction):
        one = mih.honest_bounds(effects(), restriction=restriction, M=[0.0, 0.7])
        factor = 1.0 if restriction == "relative_magnitudes" else 1e-3
        other = mih.honest_bounds(
            effects(scale=1e-3), restriction=restriction, M=[0.0, 0.7 * factor]
        )
        for name in ("lower", "upper"):
            np.testing.assert_allclose(other.table[name], one.table[name] * 1e-3, rtol=1e-6)
        assert other.breakdown == pytest.approx(one.breakdown * factor, rel=1e-6)

    def test_turning_the_sign_turns_the_interval(self, restriction):
        one = mih.honest_bounds(effects(), restriction=restriction, M=[0.0, 0.7])
        turned = effects(estimate=-np.array(ESTIMATE))
        other = mih.honest_bounds(turned, restriction=restriction, M=[0.0, 0.7])
        np.testing.assert_allclose(other.table["lower"], -one.table["upper"], rtol=1e-6)
        assert other.breakdown == pytest.approx(one.breakdown, rel=1e-6)

    def test_estimates_of_matched_years_play_no_part(self, restriction):
        moved = (*ESTIMATE[:3], 9e5, -9e5, *ESTIMATE[5:])
        one, other = (
            mih.honest_bounds(
                effects(matched=(-3, -2, -1), estimate=given), restriction=restriction, M=[0.5]
            )
            for given in (ESTIMATE, moved)
        )
        pd.testing.assert_frame_equal(one.table, other.table)
        assert "matched" in one.sentence["en"].lower()
        assert "−3, −2, −1" in one.sentence["nb"]

    def test_card_sentence_and_figure_in_both_languages(self, restriction):
        bounds = mih.honest_bounds(effects(), restriction=restriction, years=3)
        assert bounds.title == {
            "nb": "Robuste grenser for effekten på lønnsinntekt, år 3",
            "en": "Honest bounds on the effect on wage income, year 3",
        }
        for lang in ("nb", "en"):
            assert bounds.sentence[lang] in bounds.summary(lang).replace("\n", " ")
            ax = bounds.plot(lang=lang)
            assert bounds.sentence[lang] in alt_text(ax)
            assert len(ax.get_xticklabels()) == len(bounds.table)

    def test_saved_and_loaded(self, restriction, tmp_path):
        bounds = mih.honest_bounds(effects(), restriction=restriction)
        again = mih.load(bounds.save(tmp_path / "bounds.zip"))
        pd.testing.assert_frame_equal(again.table, bounds.table)
        assert again.summary("nb") == bounds.summary("nb")

    def test_few_persons_are_hidden_in_what_is_displayed_and_saved(self, restriction, tmp_path):
        series = effects()
        few = np.where(series.frame["year_since_start"] == 3, 3.0, 90.0)
        series = replace(series, frame=series.frame.assign(n_participants=few, n_controls=90.0))
        bounds = mih.honest_bounds(series, restriction=restriction)
        assert np.isfinite(bounds.table["lower"]).all()
        assert "kr til" not in bounds.summary("nb")
        assert bounds.plot(lang="nb") is not None
        assert mih.load(bounds.save(tmp_path / "b.zip")).table["lower"].isna().all()
        shown = mih.honest_bounds(series, restriction=restriction, years=(0, 1, 2))
        assert "kr til" in shown.summary("nb")

    def test_an_effect_that_is_not_there_has_no_breakdown_value(self, restriction):
        nothing = (*ESTIMATE[:6], 100.0, -200.0, 50.0, 10.0)
        bounds = mih.honest_bounds(effects(estimate=nothing), restriction=restriction)
        assert np.isnan(bounds.breakdown)
        assert "kan ikke skilles fra null" in bounds.sentence["nb"]


def test_the_breakdown_value_is_rounded_down_in_the_sentence():
    bounds = mih.honest_bounds(effects(), restriction="relative_magnitudes", years=1)
    said = float(bounds.sentence["en"].split(" times")[0].split()[-1])
    assert bounds.breakdown - 0.1 < said <= bounds.breakdown


def test_any_combination_of_years():
    series = effects()
    mean = mih.honest_bounds(series, years=(1, 3), M=[100.0])
    same = mih.honest_bounds(series, weights={1: 0.5, 3: 0.5}, M=100.0)
    pd.testing.assert_frame_equal(mean.table, same.table)
    double = mih.honest_bounds(series, weights={1: 1.0, 3: 1.0}, M=[100.0])
    np.testing.assert_allclose(double.table["upper"], 2 * same.table["upper"], rtol=1e-7)
    assert double.title["en"].endswith("weighted sum of years 1, 3")
    assert mean.title["nb"].endswith("gjennomsnitt av år 1, 3")


def test_shares_are_shown_as_percentages():
    bounds = mih.honest_bounds(effects(unit="share", scale=1e-6), M=[0.01])
    assert "%" in bounds.summary("en")
    assert "NOK" not in bounds.summary("en")
    bounds.plot(lang="nb")


@pytest.mark.parametrize(
    ("change", "call", "says"),
    [
        ({"matched": (-6, -4, -2)}, {"restriction": "relative_magnitudes"}, "two pairs"),
        ({"matched": (-3, -2, -1)}, {"restriction": "relative_magnitudes"}, None),
        ({"matched": (-4, -3, -2, -1)}, {"restriction": "relative_magnitudes"}, "Found: 1"),
        ({"matched": (-6, -5, -4, -3, -2)}, {}, "see the slope"),
        ({}, {"outcome": "income"}, "outcomes wage_income"),
        ({}, {"restriction": "monotone"}, "restriction='monotone'"),
        ({}, {"level": 1.0}, "level=1.0"),
        ({}, {"years": 4}, "asked for 4"),
        ({}, {"years": -2}, "0 to 3"),
        ({}, {"weights": {}}, "weighted sum"),
        ({}, {"weights": {1: 0.0}}, "weighted sum"),
        ({}, {"weights": {1: float("nan")}}, "finite weight"),
        ({}, {"years": 1, "weights": {1: 1.0}}, "years= and weights="),
        ({}, {"M": -1.0}, "a number from 0"),
        ({}, {"M": []}, "a number from 0"),
        ({"estimate": (*ESTIMATE[:5], 7.0, *ESTIMATE[6:])}, {}, "single year before start"),
        ({"years": (-7, -6, -5, -4, -3, -2, 0, 1, 2, 3)}, {}, "single year before start"),
    ],
)
def test_what_is_missing_is_named(change, call, says):
    if says is None:
        mih.honest_bounds(effects(**change), **call)
        return
    with pytest.raises(
        (OptionError, AssumptionError, EffectsError), match=says.replace("(", r"\(")
    ):
        mih.honest_bounds(effects(**change), **call)


@pytest.mark.parametrize("years", [(-5, -5), (3, 3), (-5, -4)])
def test_estimates_that_say_the_same_twice_or_nothing_are_refused(years):
    series = effects()
    one, other = (YEARS.index(year) for year in years)
    matrix = series.matrix.copy()
    matrix[one], matrix[:, one] = matrix[other], matrix[:, other]
    if one == other:
        matrix[one], matrix[:, one] = 0.0, 0.0
    else:
        matrix[one, one] = matrix[other, other]
    with pytest.raises(EffectsError, match="without uncertainty"):
        mih.honest_bounds(replace(series, matrix=matrix), years=3)


def test_effects_without_a_covariance_are_refused():
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": YEARS, "estimate": ESTIMATE}
    )
    with pytest.raises(OptionError, match="covariance"):
        mih.honest_bounds(mih.EffectSeries.from_frame(frame, price_year=2024))
