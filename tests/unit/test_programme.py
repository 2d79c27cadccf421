"""Programmes as data: amounts by year, reach, payers, prices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mih_impact as mih
from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_item import CostItem
from mih_impact.account.parameters import with_values
from mih_impact.account.programme import Apprenticeship, Programme, pay_term
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.prices import PriceIndex
from mih_impact.study.toml_files import programme_of
from tests.golden.test_base_case import planted_effects, planted_rows

LABEL = Label(nb="kurs", en="course")


def item(**changes: object) -> CostItem:
    given = {"name": "course", "label": LABEL, "amounts": [100.0, 50.0], "payer": "state"}
    return CostItem(**(given | changes))


def test_only_who_gets_to_a_phase_costs_it() -> None:
    assert item(reach=0.5).path(3).tolist() == [50.0, 25.0, 0.0]
    assert item(reach=0.5).path(1).tolist() == [50.0]
    assert item(reach=0.5).total == 150.0


def test_amounts_by_year_may_skip_years() -> None:
    assert item(amounts={2: 30.0}).amounts == (0.0, 0.0, 30.0)
    assert item(amounts={}).amounts == ()


def test_an_item_with_a_receiver_is_a_transfer() -> None:
    assert item().kind == "real"
    assert item(receiver="municipality").kind == "transfer"


def test_prices_scale_amounts_and_range() -> None:
    index = PriceIndex.from_mapping({2021: 100, 2024: 120})
    moved = item(price_year=2021, low=100.0, high=300.0).in_prices(2024, index)
    assert moved.amounts == pytest.approx((120.0, 60.0))
    assert (moved.low, moved.high, moved.price_year) == (120.0, 360.0, 2024)
    assert item().in_prices(2024) == item()


@pytest.mark.parametrize("scale", [0.1, 0.3, 1.1, 1.7, 7 / 3])
def test_a_cost_may_be_set_outside_its_range(scale: float) -> None:
    course = item(amounts=[33.3, 44.1, 22.7], low=90.0, high=110.0)
    programme = Programme(name="p", label=LABEL, items=[course])
    moved = course.assumption.changed(scale * course.total)
    (changed,) = programme.with_assumptions((moved,)).items
    assert changed.total == pytest.approx(scale * course.total, rel=1e-12)
    assert changed.low <= changed.total <= changed.high
    assert "widened" in changed.range_source


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"headlines": "posts"}, "headlines='posts'"),
        ({"headlines": 3}, "headlines"),
        ({"compensated": ["state"]}, "compensated='state'"),
        ({"apprenticeship": "yes"}, "takes an apprenticeship"),
    ],
)
def test_facts_that_do_not_exist_are_refused(changes: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words) as caught:
        Programme(name="p", label=LABEL, **changes)
    assert caught.value.do


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"employer": "hospital"}, "no employer='hospital'"),
        ({"by_year": [0.5, 0.4]}, "by_year"),
        ({"by_year": "even"}, "by_year"),
        ({"months": 13.5}, "apprentice_months"),
        ({"share": pay_term("skilled_wage", value=1.0, status="ASSUMED", source="", low=None,
                            high=None)}, "apprentice_share"),
        ({"phase": ""}, "no name"),
        ({"note": np.array([1.0, 2.0])}, "not in two languages"),
    ],
)  # fmt: skip
def test_an_apprenticeship_holds_together(changes: dict, words: str) -> None:
    given = {"phase": "shop", "employer": "municipality", "by_year": [1.0]}
    told = {"status": "ASSUMED", "source": "", "low": None, "high": None}
    given |= {"months": pay_term("apprentice_months", value=12.0, **told)}
    given |= {"share": pay_term("apprentice_share", value=0.5, **told)}
    given |= {"skilled_wage": pay_term("skilled_wage", value=400_000.0, **told)}
    own = Apprenticeship(**given)
    with pytest.raises(OptionError, match="phase that the programme does not have"):
        Programme(name="p", label=LABEL, apprenticeship=own)
    with pytest.raises(OptionError, match=words):
        Apprenticeship(**(given | changes))


CONTENT = {"name": "p", "label": "Job club", "price_year": 2024}
APPRENTICES = {
    "phase": "shop", "employer": "municipality", "by_year": [1], "price_year": 2024,
    "months": {"value": 12, "status": "ASSUMED"}, "share": {"value": 0.5, "status": "ASSUMED"},
    "skilled_wage": {"value": 400_000, "status": "ASSUMED"},
}  # fmt: skip
SHOP = [{"name": "shop", "label": "shop", "reach": 0.5, "status": "ASSUMED"}]


def test_facts_are_read_from_the_file() -> None:
    told = {"headlines": ["wage_bill"], "compensated": [], "apprenticeship": APPRENTICES}
    programme = programme_of(CONTENT | told | {"phase": SHOP}, "a.toml")
    assert (programme.headlines, programme.compensated) == (("wage_bill",), ())
    assert programme.apprenticeship.skilled_wage.value == 400_000
    silent = programme_of(CONTENT, "a.toml")
    assert (silent.headlines, silent.compensated, silent.apprenticeship) == ((), None, None)
    for wrong, words in (
        ({"apprenticeship": 3}, "is no table"),
        ({"apprenticeship": APPRENTICES | {"wage": 1}}, "unknown wage"),
        ({"apprenticeship": APPRENTICES | {"months": {"value": 12}}}, "missing status"),
        ({"headlines": ["posts"]}, "headlines='posts'"),
    ):
        with pytest.raises((AssumptionError, OptionError), match=words):
            programme_of(CONTENT | wrong | {"phase": SHOP}, "a.toml")


def test_a_sheet_leaves_the_facts_of_the_programme_as_they_are() -> None:
    case = reference_case()
    again = case.with_sheet(case.sheet())
    assert again.programme == case.programme
    assert again.programme.apprenticeship is not None
    assert case.sheet().programme.apprenticeship is None


def reference_case() -> mih.CostBenefit:
    return mih.cost_benefit(
        planted_effects(planted_rows()), Assumptions.r109(), programme=mih.nav.menn_i_helse()
    )


def test_time_in_training_is_in_no_flow_and_is_not_said_to_be() -> None:
    """Leisure follows the wage effect: none in a year in which nobody earns more."""
    leisure = reference_case().with_values({"leisure": 1.0}).ledger().query("component=='leisure'")
    assert (
        leisure.loc[leisure["year"] == 0, "amount"].item() == 0
    )  # no wage effect, all in training
    assert leisure.loc[leisure["year"] == 3, "amount"].item() < 0
    (effort,) = (each for each in mih.nav.non_priced() if each.name == "training_effort")
    assert "følger bare lønnseffekten" in effort.reason.nb
    assert "follows the wage effect alone" in effort.reason.en


@pytest.mark.parametrize("shares", [[], [-0.1], ["0.25"], [0.25, float("nan")], 0.25, None])
def test_unpaid_time_is_years_from_0_on(shares) -> None:
    with pytest.raises(OptionError, match="full-time years by year since start") as caught:
        mih.UnpaidTime(years={"practice": [0.25], "school": shares}, wage=4e5, price_year=2024)
    assert "school: " in str(caught.value)
    kept = mih.UnpaidTime(years={"practice": [0.0, 1.5]}, wage=4e5, price_year=2024)
    assert kept.years == {"practice": (0.0, 1.5)}


def test_the_table_has_a_row_per_item_and_year() -> None:
    programme = Programme(name="p", label=LABEL, items=[item(reach=0.5)])
    frame = programme.to_frame()
    assert frame["amount"].to_list() == [50.0, 25.0]
    assert frame["year_since_start"].to_list() == [0, 1]
    assert list(Programme.none().to_frame().columns) == list(frame.columns)
    assert (programme.last_year, Programme.none().last_year) == (1, -1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payer": "munisipality"}, ["no payer=", "did you mean 'municipality'"]),
        ({"receiver": "nobody"}, ["no receiver=", "'nobody'"]),
        ({"receiver": "state"}, ["transfer from state to itself"]),
        ({"reach": 85}, ["reach", "85", "from 0 to 1"]),
        ({"amounts": [-5.0]}, ["negative", "-5"]),
        ({"amounts": [float("nan")]}, ["not a number", "nan"]),
        ({"amounts": {-1: 5.0}}, ["not years since start", "-1"]),
        ({"amounts": {2024: 5.0}}, ["not years since start", "2024"]),
    ],
)
def test_a_cost_that_cannot_be_is_an_error(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises((AssumptionError, OptionError)) as caught:
        item(**changes)
    for word in words:
        assert word in str(caught.value)


def test_two_items_of_one_name_are_an_error() -> None:
    with pytest.raises(AssumptionError, match="course"):
        Programme(name="p", label=LABEL, items=[item(), item()])


def test_mixed_currencies_are_an_error() -> None:
    with pytest.raises(AssumptionError, match="EUR, NOK"):
        Programme(name="p", label=LABEL, items=[item(), item(name="b", unit="EUR")])


@pytest.mark.parametrize("value", [10.0, 129_478.2065632595])
def test_a_cost_can_be_set_outside_its_range_which_is_widened(value: float) -> None:
    given = item(amounts=[600.0, 400.0], low=500.0, high=2_000.0)
    programme = Programme(name="p", label=LABEL, items=(given,))
    _, new = with_values(Assumptions.r109(), programme, {"cost:course": value})
    (cost,) = new.items
    assert cost.total == pytest.approx(value)
    assert cost.profile == pytest.approx([0.6, 0.4])
    assert cost.low <= cost.total <= cost.high


@pytest.mark.parametrize("odd", [pd.NA, 0, "", False], ids=repr)
@pytest.mark.parametrize("name", ["note", "published"])
def test_a_sentence_that_is_no_label_is_refused_whatever_it_counts_as(name, odd):
    with pytest.raises(mih.MihImpactError, match="Label"):
        mih.Programme(name="course", label=mih.Label(nb="kurs", en="course"), **{name: odd})
