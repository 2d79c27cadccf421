"""The published figure read every way, against the independently reckoned base case and loops."""

from __future__ import annotations

import csv
import math
from importlib.resources import files
from itertools import product

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.display.figure import alt_text
from mih_impact.nav.readings import CONVENTIONS
from tests.support import texts_fit

BASE = {
    "costs": "net", "discounting": "discounted", "years": "0-6",
    "labour": "contribution_and_pension", "tax_financing": "in", "leisure": "out",
    "first_years": "assumed", "later_years": "rising", "benefits": "transfer",
}  # fmt: skip


@pytest.fixture(scope="module")
def result() -> mih.Readings:
    return mih.nav.readings()


@pytest.fixture(scope="module")
def table(result: mih.Readings) -> pd.DataFrame:
    return result.to_frame().set_index(list(CONVENTIONS))


@pytest.fixture(scope="module")
def rows() -> dict[str, list[float]]:
    """Return the base case, NOK by year; year 7 is like year 6, but for costs."""
    text = files("mih_impact.nav").joinpath("data/base_case.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        path = [1000 * float(row[f"t{year}"]) for year in range(7)]
        found[row["item"]] = [*path, path[-1]]
    return found


def at(table: pd.DataFrame, **other: str) -> pd.Series:
    return table.loc[tuple((BASE | other).values())]


@pytest.mark.parametrize(
    ("thousand", "other"),
    [  # reckoned independently of this library: the notes of the base case
        (1094.4, {}),
        (894.1, {"later_years": "flat"}),
        (788.9, {"labour": "wage"}),
        (344.2, {"leisure": "in"}),
        (987.0, {"costs": "gross", "labour": "wage", "tax_financing": "out"}),
        (1160.0, {"costs": "gross", "labour": "wage", "tax_financing": "out",
                  "discounting": "undiscounted"}),
        (1261.3, {"costs": "gross", "tax_financing": "out"}),
        (1025.1, {"tax_financing": "out"}),  # 1,261.3 - 236.2
    ],
)  # fmt: skip
def test_readings_that_were_reckoned_elsewhere(table, thousand, other) -> None:
    assert at(table, **other)["value"] == pytest.approx(1000 * thousand, abs=150)


def test_the_base_case_is_one_of_the_readings_that_give_both(table) -> None:
    base = at(table)
    assert (base["gives"], base["break_even_year"]) == ("both", 3)
    assert base["public"] == pytest.approx(346_500, abs=50)
    assert base["public_new_posts"] == pytest.approx(-914_800, abs=50)


def test_every_combination_is_there_once(table) -> None:
    assert len(table) == math.prod(len(options) for _, options in CONVENTIONS.values())
    assert table.index.is_unique


def by_hand(rows: dict[str, list[float]], how: dict[str, str]) -> dict[str, float]:
    """Reckon one reading year by year from the shipped rows."""
    costs = [name for name in rows if "effect" not in name]
    first = {"assumed": rows["wage effect"][:3], "even": [0, 2e5 / 3, 4e5 / 3], "none": [0, 0, 0]}
    later = {
        "rising": rows["wage effect"][4:], "flat": [2e5] * 4,
        "fading": [2e5 * 0.5 ** (k / 5) for k in (1, 2, 3, 4)],
    }  # fmt: skip
    wages = [*first[how["first_years"]], 2e5, *later[how["later_years"]]]
    g = 0.0 if how["labour"] == "wage" else 0.141
    p = 0.12 if how["labour"] == "contribution_and_pension" else 0.0
    rate = 0.04 if how["discounting"] == "discounted" else 0.0
    financing = 0.2 if how["tax_financing"] == "in" else 0.0
    years = range(7) if how["years"] == "0-6" else range(1, 8)
    amount = public = new_posts = running = 0.0
    below = -1
    for year in range(years[-1] + 1):
        counted = year in years
        w = wages[year] if counted else 0.0
        nav = rows["Nav benefits effect"][year] if counted else 0.0
        social = rows["social assistance effect"][year] if counted else 0.0
        cost = sum(rows[name][year] for name in costs) if year < 7 else 0.0
        tax = 0.24 * w + 0.17 * 0.75 * nav

        def gain(cost, w=w, nav=nav, social=social, tax=tax):
            budgets = tax + w * (1 + p) * g - nav - social - cost
            made = w * (1 + p) * (1 + g) - cost + financing * budgets
            made -= 0.76 * w if how["leisure"] == "in" else 0.0
            return made - (nav + social if how["benefits"] == "gain" else 0.0)

        running += gain(cost) / (1 + rate) ** year
        amount += gain(cost if how["costs"] == "net" else 0.0) / (1 + rate) ** year
        below = year if running < 0 else below
        budgets = tax + w * 1.12 * 0.141 - nav - social - cost
        public += budgets / 1.04**year
        new_posts += (budgets - w * 1.12 * 1.141) / 1.04**year
    year = math.nan if below == years[-1] else below + 1
    return {"value": amount, "break_even_year": year, "public": public,
            "public_new_posts": new_posts}  # fmt: skip


def test_every_reading_agrees_with_a_loop(table, rows) -> None:
    names = list(CONVENTIONS)
    options = [list(each) for _, each in CONVENTIONS.values()]
    for combination in product(*options):
        expected = by_hand(rows, dict(zip(names, combination, strict=True)))
        found = table.loc[combination, list(expected)].astype(float).to_numpy()
        np.testing.assert_allclose(found, list(expected.values()), rtol=0, atol=1.0)


def test_what_a_reading_gives_follows_from_amount_and_year(result) -> None:
    for row in result.to_frame().to_dict("records"):
        amount = 1_050_000 <= row["value"] <= 1_150_000
        year = row["break_even_year"] == 3
        expected = {(1, 1): "both", (1, 0): "amount", (0, 1): "break_even", (0, 0): "neither"}
        assert row["gives"] == expected[amount, year]


def test_the_card_says_what_it_can_mean_and_never_which(result) -> None:
    table = result.to_frame()
    both = table[table["gives"] == "both"]
    nb, en = (
        " ".join(result.summary(lang).split()).replace("\u00a0", " ") for lang in ("nb", "en")
    )
    assert "hva setningen kan bety, aldri hva den betyr" in nb
    assert "what the sentence can mean, and never which it does" in en
    assert f"Of 1,728 readings, {len(both)} give both" in en
    assert f"Av 1 728 lesemåter gir {len(both)} både" in nb
    for column in ("public", "public_new_posts"):
        low, high = (f"{round(each, -2):,.0f}".replace("-", "\u2212")
                     for each in (both[column].min(), both[column].max()))  # fmt: skip
        assert f"NOK {low} to NOK {high}" in en
    earlier = table["value"].between(1.05e6, 1.15e6) & (table["break_even_year"] == 2)
    assert f"the number that give both is {earlier.sum()}." in en
    assert "no probabilities" in en
    assert "bekrefter derfor ingenting" in nb


def test_each_option_counts_its_readings(result) -> None:
    counts = result.by_convention()
    verdicts = ["both", "amount", "break_even", "neither"]
    assert (counts[verdicts].sum(axis=1) == counts["readings"]).all()
    assert (counts.groupby("convention")["readings"].sum() == len(result.to_frame())).all()
    whole = counts.groupby("convention")["both"].sum()
    assert (whole == (result.to_frame()["gives"] == "both").sum()).all()


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_figure_colours_the_readings_that_give_both(result, lang) -> None:
    ax = result.plot(lang=lang)
    table = result.to_frame()
    both = (table["gives"] == "both").sum()
    bars = [bar for bar in ax.patches if bar.get_width() == pytest.approx(45_000)]
    height = sum(-bar.get_height() for bar in bars)
    coloured = [bar for bar in bars if bar.get_facecolor()[2] > bar.get_facecolor()[0]]
    assert sum(-bar.get_height() for bar in coloured) / height == pytest.approx(both / len(table))
    assert {bar.get_x() for bar in coloured} == {1_050_000, 1_100_000}
    assert str(both) in alt_text(ax)
    texts_fit(ax)


def test_saved_readings_come_back(result, tmp_path) -> None:
    back = mih.load(result.save(tmp_path / "readings.zip"))
    assert isinstance(back, mih.Readings)
    pd.testing.assert_frame_equal(back.to_frame(), result.to_frame())
    assert back.summary("en") == result.summary("en")
