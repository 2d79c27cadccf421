"""Rows: every number has a unit, a status and a source, and none has been changed on the way."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import get_args

import pandas as pd
import pytest

from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference import rows
from mih_impact.reference.discount import Discount
from mih_impact.reference.rows import TABLES, Row, Status, find, table, unsure

NAV = files("mih_impact") / "nav" / "data"
EVERY = [(name, None) for name in TABLES] + [("published_figures", NAV), ("base_case", NAV)]


@pytest.mark.parametrize(("name", "folder"), EVERY)
def test_every_row_says_what_it_is_and_how_sure_we_are(name, folder):
    found = rows(name, folder)
    assert found
    for row in found:
        assert row.name
        assert row.status in get_args(Status)
        assert (row.value is None) == (row.status == "not found" or row.note == "qualitative")
        assert row.unit or not isinstance(row.value, float)
        assert row.source or row.status in ("remembered", "ASSUMED", "not found")


@pytest.mark.parametrize(("name", "folder"), EVERY)
def test_tables_and_rows_are_the_same_file(name, folder):
    frame = table(name, folder)
    per_line = 7 if name == "base_case" else 1
    assert len(rows(name, folder)) == per_line * len(frame)
    names = next(frame[column] for column in ("name", "id", "item") if column in frame)
    assert [row.name.split(",")[0] for row in rows(name, folder)][::per_line] == [
        text.split(",")[0] for text in names
    ]


@pytest.mark.parametrize(("name", "folder"), EVERY)
def test_a_reader_is_never_sent_to_a_numbered_document(name, folder):
    for row in rows(name, folder):
        assert "seed" not in (row.source + row.note).lower()
        assert not re.search(r"(^|[,;:] ?)00\d\b", f"{row.source}; {row.note}")


@pytest.mark.parametrize(
    ("name", "key", "year", "value", "status"),
    [
        ("kpi", "kpi", 2015, 100.0, "seen"),  # the base year, by Statistics Norway's definition
        ("kpi", "kpi", 2009, 89.9, "seen"),
        ("kpi", "kpi", 2022, 122.8, "seen"),
        ("kpi", "kpi", 2024, 133.6, "derived"),
        ("grunnbelop", "grunnbelop_1_may", 2009, 72881.0, "seen"),
        ("grunnbelop", "grunnbelop_1_may", 2024, 124028.0, "seen"),
        ("grunnbelop", "grunnbelop_annual_average", 2024, 122225.0, "derived"),
        ("wage_growth", "annual_wage_growth", 2022, 4.4, "seen"),
        ("employer_contribution", "I", 2026, 0.141, "seen"),
        ("employer_contribution", "average", 2021, 0.13, "seen"),
        ("r109_2021", "tax_financing_cost", 2021, 0.2, "seen"),
        ("r109_2021", "in_force_from", 2021, "2022-01-01", "seen"),
        ("cost_building_blocks", "apprenticeship length", None, "12-15", "seen"),
        ("cost_building_blocks", "central coordination, marginal", 2024, 20000.0, "derived"),
        ("cost_building_blocks", "AAP replacement rate", None, 0.66, "seen"),
        ("cost_building_blocks", "AAP minimum, from 1 July 2024", None, 2.041, "seen"),
        ("cost_building_blocks", "tiltakspenger, day rate", 2026, 312.0, "seen"),
        ("kpi", "kpi", 2025, 137.7, "derived"),
        ("kpi_forecast", "kpi", 2026, 141.9, "ASSUMED"),
        ("wage_growth", "annual_wage_growth", 2025, 5.0, "seen"),
        ("cost_building_blocks", "effective tax on taxable benefits", None, 0.17, "ASSUMED"),
    ],
)
def test_values_as_published(name, key, year, value, status):
    row = find(rows(name), key, year=year) if year else find(rows(name), key)
    assert (row.value, row.status, row.year) == (value, status, year)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("kpi", 2009, 2025), ("wage_growth", 2014, 2025), ("grunnbelop", 2009, 2026)],
)
def test_series_have_no_gap(name, first, last):
    years = [row.year for row in rows(name) if row.name != "grunnbelop_annual_average"]
    assert years == list(range(first, last + 1))


def test_the_average_basic_amount_is_four_old_months_and_eight_new():
    may = {row.year: row.number for row in rows("grunnbelop") if row.name == "grunnbelop_1_may"}
    averages = [row for row in rows("grunnbelop") if row.name == "grunnbelop_annual_average"]
    assert [row.year for row in averages] == list(range(2009, 2027))
    for row in averages[1:]:  # the amount of May 2008 is not carried
        average = (4 * may[row.year - 1] + 8 * may[row.year]) / 12
        assert row.number == pytest.approx(average, abs=0.5)  # published in whole kroner


def test_the_consumer_price_index_follows_the_published_growth():
    index = {row.year: row.number for row in rows("kpi")}
    assert index[2023] / index[2022] - 1 == pytest.approx(0.055, abs=0.0005)
    assert index[2024] / index[2023] - 1 == pytest.approx(0.031, abs=0.0005)


def test_what_is_not_sure_is_found_and_is_marked():
    found = {row.name for row in unsure(rows("cost_building_blocks"))}
    assert {"effective tax on taxable benefits", "municipal share of income tax"} <= found
    assert "pension and social costs share of wage" in found
    assert "effective tax on the increment, wage" not in found
    assert not unsure(rows("r109_2021"))
    assert [Row("x", 1.0, "", None, s, "", "").unsure for s in get_args(Status)] == [
        *(False, False), *(True, True), False,
    ]  # fmt: skip


# -- the reference case ------------------------------------------------------------------------


def test_the_base_case_gives_a_row_for_each_year():
    found = rows("base_case", NAV)
    wage = [row for row in found if row.name.startswith("wage effect")]
    assert [row.value for row in wage] == [0, 50, 130, 200, 250, 265, 265]
    assert wage[3].name == "wage effect, 3 years after start"
    assert "year 3 published" in wage[3].note
    assert {row.unit for row in found} == {"NOK thousand per starter, 2024 prices"}
    frame = table("base_case", NAV).set_index("item")[[f"t{t}" for t in range(7)]]
    # Reckoned by hand when the case was set up: gross wage sum and present value of wages.
    assert frame.loc["wage effect"].sum() == 1160.0
    assert frame.loc["wage effect"] @ Discount().factors(7) == pytest.approx(987.0, abs=0.05)


def test_every_published_figure_has_its_relation():
    frame = table("published_figures", NAV).set_index("id")
    relations = frame["relation"].str.split(" (", regex=False).str[0]
    assert set(relations) == {"calibrated", "implied", "not in the register"}
    assert frame.loc["nav_wage_effect_year_3", ["value", "unit"]].tolist() == [
        200000, "NOK per participant and year",
    ]  # fmt: skip
    assert find(rows("published_figures", NAV), "nav_participants").value == 527


# -- errors ------------------------------------------------------------------------------------


def test_a_table_that_is_not_there_names_those_that_are():
    with pytest.raises(OptionError, match=r"no table 'cpi'.*employer_contribution.*kpi"):
        rows("cpi")


def test_a_row_that_is_not_one_names_its_years():
    pupil = "upper-secondary pupil-year, all-in"
    with pytest.raises(AssumptionError, match="3 rows; years of that name: 2013, 2016, 2021"):
        find(rows("cost_building_blocks"), pupil)
    assert find(rows("cost_building_blocks"), pupil, year=2016).value == 158200
    with pytest.raises(AssumptionError, match="not exactly one row 'kpi' for 1999"):
        find(rows("kpi"), "kpi", year=1999)


def test_a_rule_in_words_is_no_number():
    with pytest.raises(AssumptionError, match="holds no number"):
        _ = find(rows("r109_2021"), "leisure_price").number


def test_a_status_that_is_none_is_an_error(tmp_path):
    (tmp_path / "mine.csv").write_text("name,value,status\nrate,0.1,guessed\n", encoding="utf-8")
    with pytest.raises(AssumptionError, match="'guessed'"):
        rows("mine", tmp_path)
    assert table("mine", tmp_path)["value"].tolist() == [0.1]
    pd.testing.assert_frame_equal(
        table("kpi"), table("kpi", files("mih_impact.reference") / "data")
    )
