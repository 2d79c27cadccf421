"""Assumptions: values from the reference rows, changes that are marked, slips that are caught."""

from __future__ import annotations

import pytest

from mih_impact.account.assumptions import Assumptions
from mih_impact.errors import AssumptionError, MihImpactError, OptionError
from mih_impact.reference.discount import Discount
from mih_impact.reference.rows import find, rows


def test_values_are_those_of_the_reference_rows() -> None:
    rules = Assumptions.r109()
    blocks = rows("cost_building_blocks")
    row = find(blocks, "effective tax on the increment, wage")
    assert rules.tax_rate_wage == row.number
    assert rules["tax_rate_wage"].source == row.source
    assert rules["tax_rate_wage"].status == row.status
    assert rules["municipal_tax_share"].status == "remembered"
    assert rules.tax_financing_cost == find(rows("r109_2021"), "tax_financing_cost").number


def test_ranges_are_read_from_the_rows() -> None:
    rules = Assumptions.r109()
    assert (rules["pension_share"].low, rules["pension_share"].high) == (0.0, 0.25)
    assert (rules["tax_rate_wage"].low, rules["tax_rate_wage"].high) == (0.20, 0.338)
    assert (rules["avoided_measures"].low, rules["avoided_measures"].high) == (0.0, 60_000.0)
    zones = [row.number for row in rows("employer_contribution")]
    found = rules["employer_contribution"]
    assert (found.low, found.value, found.high) == (min(zones), 0.141, max(zones))


def test_ranges_of_ours_are_those_that_were_decided() -> None:
    rules = Assumptions.r109()
    decided = {"half_life": (5.0, 5.0, 10.0), "real_growth": (0.0, 0.009, 0.018)}
    views = dict.fromkeys(["wage_bill", "displacement", "leisure", "selection"], (0.0, 0.0, 1.0))
    for name, (low, value, high) in (decided | views).items():
        item = rules[name]
        assert (item.low, item.value, item.high) == (low, value, high), name


def test_simplified_leaves_out_pension_and_contribution() -> None:
    simplified, full = Assumptions.simplified(), Assumptions.r109()
    assert simplified.pension_share == simplified.employer_contribution == 0.0
    others = [item.name for item in full.items if simplified[item.name] != full[item.name]]
    assert others == ["pension_share", "employer_contribution"]


def test_what_is_changed_is_marked_as_the_analysts_own() -> None:
    rules = Assumptions.r109()
    changed = rules.replace(employer_contribution=0.13)
    assert rules.employer_contribution == 0.141
    assert changed.employer_contribution == 0.13
    assert changed["employer_contribution"].status == "ASSUMED"
    assert "employer_contribution" in [item.name for item in changed.unsure()]
    assert rules.replace(employer_contribution=0.141) == rules


def test_unsure_lists_what_is_remembered_or_assumed() -> None:
    names = {item.name for item in Assumptions.r109().unsure()}
    assert names == {
        "pension_share", "tax_rate_benefits", "taxable_benefit_share", "municipal_tax_share",
        "county_tax_share", "wage_bill", "displacement", "leisure", "avoided_measures",
        "selection", "half_life",
    }  # fmt: skip


def test_a_new_price_year_converts_kroner_only() -> None:
    rules = Assumptions.r109().replace(avoided_measures=10_000)
    older = rules.replace(price_year=2015)
    factor = older.avoided_measures / 10_000
    kpi = {row.year: row.number for row in rows("kpi")}
    assert factor == pytest.approx(kpi[2015] / kpi[2024])
    assert older["avoided_measures"].high == pytest.approx(60_000 * factor)
    assert older.pension_share == rules.pension_share
    assert older.price_year == 2015


def test_the_table_has_every_number_with_unit_and_status() -> None:
    frame = Assumptions.r109().to_frame().set_index("name")
    assert frame.loc["pension_share", "status"] == "ASSUMED"
    assert frame.loc["price_year", "value"] == 2024
    assert (frame["unit"] != "").all()
    assert (frame["source"] != "").all()
    assert frame.filter(like="discount rate", axis=0)["value"].to_list() == [0.04, 0.03, 0.02]
    own = Assumptions.r109().replace(discount=Discount.flat(0.03)).to_frame().set_index("name")
    assert own.filter(like="discount rate", axis=0)["status"].to_list() == ["ASSUMED"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"employer_contribtion": 0.1}, ["did you mean 'employer_contribution'"]),
        ({"pension_share": 12}, ["pension_share", "12", "12 per cent is 0.12"]),
        ({"pension_share": -0.1}, ["pension_share", "-0.1", "from 0 to 1"]),
        ({"pension_share": float("nan")}, ["pension_share", "nan"]),
        ({"leisure": True}, ["leisure", "True"]),
        ({"leisure": "1"}, ["leisure", "'1'"]),
        ({"avoided_measures": -1}, ["avoided_measures", "-1", "NOK per starter"]),
        ({"municipal_tax_share": 0.8, "county_tax_share": 0.3}, ["0.8 and 0.3", "at most 1"]),
        ({"discount": 0.04}, ["discount", "Discount.flat"]),
    ],
)  # fmt: skip
def test_slips_are_caught(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises((AssumptionError, OptionError)) as caught:
        Assumptions.r109().replace(**changes)
    for word in words:
        assert word in str(caught.value)


def test_a_price_year_without_an_index_is_an_error() -> None:
    with pytest.raises(MihImpactError, match="2050"):
        Assumptions.r109().replace(price_year=2050)


def test_an_attribute_that_does_not_exist_suggests_one() -> None:
    with pytest.raises(AttributeError, match="did you mean 'tax_rate_wage'"):
        _ = Assumptions.r109().tax_rate_wages
    assert "tax_rate_wage" in dir(Assumptions.r109())
