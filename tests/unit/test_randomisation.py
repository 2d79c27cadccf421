"""The randomisation test: seeds, progress, bad input, what is shown and saved."""

from __future__ import annotations

import re
import sys

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.effects.inference.randomisation import _p_values
from tests.support import small_register

ON = ["age", *mih.lag("wage_income", 1)]


@pytest.fixture(scope="module")
def panel():
    frame = small_register(300, starters=45, seed=5)
    return mih.read_panel(
        frame.assign(start_year=2014 + 2 * (frame["start_year"] % 3)), price_year=2024
    )


@pytest.fixture(scope="module")
def matched(panel):
    return mih.match(panel, on=ON, exact=["county"], ratio=1, outcomes="wage_income")


@pytest.fixture(scope="module")
def cells(panel):
    return mih.match(panel, method="exact", exact=["county"])


@pytest.mark.parametrize("name", ["matched", "cells"])
def test_the_seed_decides_the_numbers(name, request):
    group = request.getfixturevalue(name)
    one, two = (mih.randomisation_test(group, year=[1, 2], draws=39, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    other = mih.randomisation_test(group, year=[1, 2], draws=39, seed=6)
    assert (one.table["placebo_mean"] != other.table["placebo_mean"]).all()
    assert (one.table["estimate"] == other.table["estimate"]).all()
    alone = mih.randomisation_test(group, year=2, draws=39, seed=5).table.iloc[0]
    both = one.table.set_index("year_since_start").loc[2]
    assert alone["p_value"] == both["p_value"]
    assert alone["placebo_sd"] == pytest.approx(both["placebo_sd"], rel=1e-12)


def test_odds_matter_where_there_are_any(matched, cells):
    for group, differ in ((matched, True), (cells, False)):
        by_score, alike = (
            mih.randomisation_test(group, year=2, draws=39, assignment=how).table["placebo_mean"][0]
            for how in ("score", "uniform")
        )
        assert (by_score != alike) == differ


def test_a_bar_is_shown_where_it_is_wanted(cells, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # as on a terminal
    with mih.options(progress=True):
        mih.randomisation_test(cells, year=2, draws=39)
    assert "trekker andre deltakere" in capsys.readouterr().err
    with mih.options(progress=False):
        mih.randomisation_test(cells, year=2, draws=39)
    assert capsys.readouterr().err == ""


def test_a_draw_without_an_estimate_counts_as_beyond():
    placebo = np.array([[1.0, 5.0], [np.nan, 1.0], [-3.0, 0.0], [2.0, -2.0]])
    p, joint = _p_values(np.array([3.0, 2.0]), placebo)
    np.testing.assert_allclose(p, [3 / 5, 3 / 5])  # of four: -3 and NaN; 5 and -2
    sd = [np.std([1, -3, 2], ddof=1), np.std([5, 1, 0, -2], ddof=1)]
    observed = max(3 / sd[0], 2 / sd[1])
    largest = [max(1 / sd[0], 5 / sd[1]), np.inf, 3 / sd[0], max(2 / sd[0], 2 / sd[1])]
    assert joint == (1 + sum(value >= observed for value in largest)) / 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"assignment": "lot"}, "no assignment='lot'"),
        ({"year": -1}, "base year has no effect"),
        ({"year": [0, -1]}, "base year has no effect"),
        ({"year": []}, "whole numbers"),
        ({"year": 2.5}, "whole numbers"),
        ({"year": "3"}, "whole numbers"),
        ({"year": [1, "2"]}, "whole numbers"),
        ({"year": 40}, "No start year covers"),
        ({"year": [3, 12]}, "nobody is compared in 12"),
        ({"outcome": ["wage_income"]}, "outcome is one name"),
        ({"outcome": "wage"}, "No such outcome: wage"),
        ({"draws": 5}, "Too few draws"),
        ({"alpha": 1.5}, "between 0 and 0.5"),
        ({"dead": "alive"}, "dead='alive'"),
        ({"base": -9}, "base year -9 has no register rows"),
    ],
    ids=str,
)
def test_bad_input_is_said(cells, options, message):
    with pytest.raises(
        (mih.OptionError, mih.EffectsError, mih.PanelContractError), match=re.escape(message)
    ):
        mih.randomisation_test(cells, **{"year": 2, **options})


def test_it_takes_a_group(panel):
    with pytest.raises(mih.OptionError, match="takes a control group"):
        mih.randomisation_test(panel, year=2)


def test_a_group_without_its_recipe_cannot_be_matched_again(matched):
    from dataclasses import replace

    with pytest.raises(mih.EffectsError, match="does not know how it was made"):
        mih.randomisation_test(replace(matched, recipe=None), year=2)


def test_draws_of_the_true_starters_are_warned_of():
    """Starters are nearly everybody in their cells."""
    frame = small_register(120, starters=80, seed=1)
    frame["start_year"] = frame["start_year"].where(frame["start_year"].isna(), 2016)
    group = mih.match(mih.read_panel(frame), method="exact", exact=["county"])
    with pytest.warns(mih.MihImpactWarning, match=r"6\d% of those drawn are true starters"):
        found = mih.randomisation_test(group, year=2, draws=39)
    assert found.table["redrawn"][0] == pytest.approx(80 / 120, abs=0.03)


def test_small_cells_are_hidden_where_it_is_shown_and_saved(panel, tmp_path):
    frame = small_register(300, starters=45, seed=5)
    early = frame["start_year"].where(frame["person_id"] % 12 == 0)
    frame["start_year"] = (
        early.where(early.isna(), 2014)
        .where(frame["person_id"] % 24 != 0, 2020)
        .where(frame["start_year"].notna())
    )
    group = mih.match(mih.read_panel(frame), method="exact", exact=["county"])
    found = mih.randomisation_test(group, year=[2, 6], draws=39)
    few = found.table["n_participants"].to_numpy()
    assert few[0] >= 5 > few[1] > 0
    for lang, word in (("nb", "Skjult"), ("en", "Hidden")):
        text = found.summary(lang)
        assert word in text
        assert "p =" not in text
    again = mih.load(found.save(tmp_path / "test.zip"))
    assert again.table["estimate"].isna().tolist() == [False, True]
    assert found.to_frame()["estimate"].notna().all()
    with mih.options(min_cell=1):
        assert "p = " in found.summary()


def test_it_is_said_in_both_languages_and_comes_back(cells, tmp_path):
    found = mih.randomisation_test(cells, year=[1, 3], draws=1999)
    nb, en = (found.summary(lang).replace("\n", " ") for lang in ("nb", "en"))
    row, p = found.table.iloc[1], found.table["p_joint"][0]
    assert f"Alle årene samlet: p = {p:.4f}. ".replace(".", ",", 1) in nb
    assert f"All years together: p = {p:.4f}. " in en
    thousands, rest = divmod(abs(round(row["estimate"])), 1000)
    assert f"{thousands}\xa0{rest:03d}\xa0kr, p = {row['p_value']:.4f}".replace(".", ",") in nb
    assert "i 1\xa0999 trekninger" in nb
    assert ("ingen forskjell påvist" in nb) == found.passed
    again = mih.load(found.save(tmp_path / "test.zip"))
    pd.testing.assert_frame_equal(again.table, found.table)
    assert again.summary() == found.summary()
    assert found.provenance.options["draws"] == 1999
