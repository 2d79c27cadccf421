"""The account of the planted path, against numbers reckoned independently of this code.

Source: the base case of the reference programme, thousand NOK per starter in 2024 prices, reckoned
independently of this library, twice, before it had an account. The rows it starts from are shipped
as `mih_impact/nav/data/base_case.csv`; the programme is put together here from those rows, so that
the golden hangs on nothing but the rules of the account.
"""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from mih_impact.display.labels import Label
from mih_impact.economics.account import CostBenefit, cost_benefit
from mih_impact.economics.assumptions import Assumptions
from mih_impact.economics.programme import CostItem, Programme
from mih_impact.effects.series import EffectSeries
from mih_impact.nav import menn_i_helse

YEARS = range(7)

#: Nav benefits by scheme; the taxable ones make up three quarters.
SPLIT = {"dagpenger": 0.30, "aap": 0.45, "tiltakspenger": 0.25}

#: Who pays each row, and whether money is paid.
PAYERS = {
    "coordination (HOD 761.21)": ("state", True),
    "school year (county), reach 0.85": ("county", True),
    "practice supervision (municipality)": ("municipality", False),
    "Nav follow-up": ("state", False),
    "apprentice supervision (municipality), reach 0.75": ("municipality", False),
}


def planted_rows() -> dict[str, np.ndarray]:
    """Return the shipped rows, thousand NOK by year since start."""
    text = files("mih_impact.nav").joinpath("data/base_case.csv").read_text(encoding="utf-8")
    name = "item" if "item" in text.splitlines()[0].split(",") else "name"
    return {
        row[name]: np.array([float(row[f"t{year}"]) for year in YEARS])
        for row in csv.DictReader(text.splitlines())
    }


def planted_effects(
    rows: dict[str, np.ndarray], *, wage: np.ndarray | None = None, by_scheme: bool = True
) -> EffectSeries:
    """Return the planted path as effects, in NOK."""
    nav = rows["Nav benefits effect"]
    zero = np.zeros(len(YEARS))
    benefits = {name: share * nav for name, share in SPLIT.items()} if by_scheme else {"nav": nav}
    paths = {
        "wage_income": rows["wage effect"] if wage is None else wage,
        **benefits,
        "sosialhjelp": rows["social assistance effect"],
        "uforetrygd": zero,
        "sykepenger": zero,
    }
    frame = pd.concat(
        pd.DataFrame({"outcome": name, "year_since_start": YEARS, "estimate": 1000 * path})
        for name, path in paths.items()
    )
    return EffectSeries.from_frame(frame, price_year=2024)


def planted_programme(rows: dict[str, np.ndarray]) -> Programme:
    """Return the costs as printed: reach is in the rows already."""

    def item(name: str, path: np.ndarray, payer: str, **more: object) -> CostItem:
        return CostItem(
            name=name, label=Label(nb=name, en=name), amounts=1000 * path, payer=payer, **more
        )

    items = [item(name, rows[name], payer, cash=cash) for name, (payer, cash) in PAYERS.items()]
    grant = rows["apprentice supervision (municipality), reach 0.75"]
    items.append(item("apprentice grant", grant, "county", receiver="municipality"))
    return Programme(name="planted", label=Label(nb="tiltaket", en="programme"), items=items)


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    return planted_rows()


@pytest.fixture(scope="module")
def case(rows: dict[str, np.ndarray]) -> CostBenefit:
    return cost_benefit(
        planted_effects(rows), Assumptions.r109(), programme=planted_programme(rows)
    )


def thousand(golden: float) -> object:
    """Return what agrees with a golden number when rounded as it is."""
    return pytest.approx(1000 * golden, abs=50)


def component(case: CostBenefit, name: str, group: str = "society") -> float:
    frame = case.by_component().set_index("component")
    return float(frame.loc[name, group])


def test_society(case: CostBenefit) -> None:
    assert case.npv == thousand(1094.4)


def test_public_budgets(case: CostBenefit) -> None:
    assert case.public == thousand(346.5)


def test_participant(case: CostBenefit) -> None:
    assert case.present_value("participant") == thousand(678.6)


def test_programme_real_cost(case: CostBenefit) -> None:
    frame = case.by_component()
    costs = frame[frame["component"].str.startswith("programme:")]
    assert -costs["society"].sum() == thousand(236.2)
    assert component(case, "programme:apprentice grant") == 0
    assert component(case, "programme:apprentice grant", "municipality") > 0


def test_production(case: CostBenefit) -> None:
    assert component(case, "production") == thousand(1261.3)


def test_wages(case: CostBenefit) -> None:
    beside = case.beside("en").set_index("name")["value"]
    assert beside["gross_wage_sum"] == pytest.approx(1_160_000)
    assert beside["present_value_of_wages"] == thousand(987.0)


def test_cumulative_society(case: CostBenefit) -> None:
    frame = case.by_year()
    path = frame.loc[frame["actor"] == "society", "cumulative"].to_list()
    golden = [-147.3, -191.3, -61.2, 190.9, 492.8, 799.8, 1094.4]
    assert path == [thousand(value) for value in golden]


@pytest.mark.parametrize(
    ("group", "year", "value"),
    [
        ("society", 3, 1094.4),
        ("public", 4, 346.5),
        ("municipality", 3, 77.7),
        ("state", 3, 426.2),
        ("county", None, -157.4),
        ("participant", 0, 678.6),
    ],
)
def test_break_even(case: CostBenefit, group: str, year: int | None, value: float) -> None:
    assert case.break_even(group) == year
    assert case.present_value(group) == thousand(value)
    found = case.by_actor().set_index("actor").loc[group, "break_even_year"]
    assert (None if pd.isna(found) else int(found)) == year


def test_simplified(rows: dict[str, np.ndarray]) -> None:
    case = cost_benefit(
        planted_effects(rows), Assumptions.simplified(), programme=planted_programme(rows)
    )
    assert case.npv == thousand(788.9)


def test_bridge_from_simplified_to_r109(case: CostBenefit, rows: dict[str, np.ndarray]) -> None:
    simplified = case.with_assumptions(Assumptions.simplified())
    without_pension = case.with_assumptions(case.assumptions.replace(pension_share=0.0))
    contribution = component(without_pension, "contribution", "state")
    on_pension = component(case, "contribution", "state") - contribution
    pension = component(case, "pension", "participant") + on_pension
    financing = component(case, "tax_financing") - component(simplified, "tax_financing")
    assert contribution == thousand(139.2)
    assert pension == thousand(135.1)
    assert financing == thousand(31.2)
    assert simplified.npv + contribution + pension + financing == pytest.approx(case.npv)


def test_from_society_to_public(case: CostBenefit) -> None:
    financing = component(case, "tax_financing")
    assert financing == thousand(69.3)
    assert case.npv - case.present_value("participant") - financing == thousand(346.5)


def test_every_post_new_municipal_money(case: CostBenefit) -> None:
    beside = case.beside("en").set_index("name")["value"]
    assert beside["society_wage_bill_1"] == thousand(842.1)
    assert beside["public_wage_bill_1"] == thousand(-914.8)
    changed = case.with_assumptions(case.assumptions.replace(wage_bill=1.0))
    assert changed.present_value("users") == thousand(1261.3)
    assert changed.public - case.public == thousand(-1261.3)


def test_leisure_at_the_net_wage(case: CostBenefit) -> None:
    beside = case.beside("en").set_index("name")["value"]
    assert beside["society_leisure_1"] == thousand(344.2)
    assert beside["public_leisure_1"] == pytest.approx(case.public)


def test_flat_200_from_year_3(case: CostBenefit, rows: dict[str, np.ndarray]) -> None:
    wage = np.where(np.arange(7) >= 3, 200.0, rows["wage effect"])
    flat = cost_benefit(
        planted_effects(rows, wage=wage), case.assumptions, programme=case.programme
    )
    assert flat.npv == thousand(894.1)


@pytest.mark.parametrize(("group", "scale"), [("society", 0.206), ("public", 0.405)])
def test_switching_scale(case: CostBenefit, group: str, scale: float) -> None:
    assert case.switching_scale(group) == pytest.approx(scale, abs=0.0005)
    beside = case.beside("en").set_index("name")["value"]
    assert beside[f"switching_scale_{group}"] == pytest.approx(scale, abs=0.0005)


def test_tax_falls_on_the_taxable_three_quarters(
    case: CostBenefit, rows: dict[str, np.ndarray]
) -> None:
    taxed = 0.24 * rows["wage effect"] + 0.17 * 0.75 * rows["Nav benefits effect"]
    tax = 1000 * float(taxed @ 1.04 ** -np.arange(7.0))
    assert -component(case, "income_tax", "participant") == pytest.approx(tax)
    assert component(case, "income_tax", "municipality") == pytest.approx(0.31 * tax)
    assert component(case, "income_tax", "county") == pytest.approx(0.07 * tax)
    assert component(case, "income_tax", "state") == pytest.approx(0.62 * tax)


def test_benefits_in_one_sum_give_the_same(case: CostBenefit, rows: dict[str, np.ndarray]) -> None:
    total = cost_benefit(
        planted_effects(rows, by_scheme=False),
        case.assumptions,
        programme=case.programme,
        roles={"nav": "benefit:state", "uforetrygd": None, "sykepenger": None},
    )
    assert total.npv == pytest.approx(case.npv)
    assert total.present_value("municipality") == pytest.approx(case.present_value("municipality"))


def test_the_shipped_programme_gives_the_same(case: CostBenefit) -> None:
    """The programme the library ships is these rows, whatever it says of phases and reach."""
    shipped = cost_benefit(
        planted_effects(planted_rows()), case.assumptions, programme=menn_i_helse()
    )
    found, expected = shipped.by_actor(), case.by_actor()
    assert found["present_value"].to_list() == pytest.approx(expected["present_value"].to_list())


def test_without_a_covariance_nothing_is_said_of_uncertainty(case: CostBenefit) -> None:
    assert case.std_error is None
    assert case.interval() is None
    assert case.probability_positive is None
    assert "ikke tilgjengelig" in case.summary("nb")
    assert "not available" in case.summary("en")
