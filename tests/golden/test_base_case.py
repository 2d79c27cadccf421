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

from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.programme import Programme
from mih_impact.display.locale import Label
from mih_impact.effects.series import EffectSeries
from mih_impact.nav.case import menn_i_helse
from mih_impact.reference.prices import PriceIndex

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
    return Programme(
        name="planted",
        label=Label(nb="tiltaket", en="programme"),
        items=items,
        headlines=("wage_bill", "avoided_measures"),
    )


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
    values = case.switching_values(group).to_frame().set_index("assumption")["switching_value"]
    assert values["effect:all"] == pytest.approx(scale, abs=0.0005)


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


# -- the walk, the measures and the costs, from the same numbers -----------------------------


def test_the_bridge_walks_to_the_krone(case: CostBenefit) -> None:
    bridge = case.bridge().to_frame().set_index("term")
    golden = {
        "simplified": 788.9, "contribution": 139.2, "pension": 135.1,
        "tax_financing_of_contribution": 31.2, "society": 1094.4, "participant": -678.6,
        "tax_financing": -69.3, "public": 346.5,
    }  # fmt: skip
    for term, value in golden.items():
        assert bridge.loc[term, "amount"] == thousand(value), term
    others = bridge.drop(index=list(golden))
    assert others["amount"].abs().max() == 0.0
    # To the krone: every total is the sum that has been walked to, and the account's own value.
    totals = bridge[bridge["kind"] == "total"]
    assert totals.index.tolist() == ["simplified", "society", "public"]
    assert totals["running_sum"].tolist() == pytest.approx(totals["amount"].tolist(), abs=1e-6)
    simplified = case.with_assumptions(Assumptions.simplified())
    expected = [simplified.npv, case.npv, case.public]
    assert totals["amount"].tolist() == pytest.approx(expected, abs=1e-6)
    steps = bridge.loc[bridge["kind"] == "step", "amount"]
    assert simplified.npv + steps.sum() == pytest.approx(case.public, abs=1e-6)


def test_the_rounded_walk_is_the_printed_one() -> None:
    """788.9 + 139.2 + 135.1 + 31.2 = 1,094.4; less 678.6 less 69.3 = 346.5, as printed."""
    bridge = cost_benefit(
        planted_effects(planted_rows()), Assumptions.r109(),
        programme=planted_programme(planted_rows()),
    ).bridge()  # fmt: skip
    shown = [round(amount / 1000, 1) for amount in bridge.steps()["amount"]]
    assert shown == [788.9, 139.2, 135.1, 31.2, 1094.4, -678.6, -69.3, 346.5]
    assert round(sum(shown[:4]), 1) == shown[4]
    assert round(shown[4] + shown[5] + shown[6], 1) == shown[7]


#: 1 + 1/1.04 + ... + 1/1.04^6
ANNUITY = 6.242136856746


def measures(case: CostBenefit) -> pd.DataFrame:
    return case.indicators("en").set_index("indicator")


def test_measures_where_public_budgets_gain(case: CostBenefit) -> None:
    """Arithmetic on the base case: 1094.4, 346.5 and the real cost 236.2, all of it public."""
    found = measures(case)
    assert found.loc["npv", "value"] == thousand(1094.4)
    assert found.loc["public", "value"] == thousand(346.5)
    assert found.loc["annuity", "value"] == pytest.approx(1_094_400 / ANNUITY, abs=10)
    assert "gain_per_krone_of_net_budget" not in found.index
    gross = found.loc["gain_per_krone_of_gross_outlay", "value"]
    assert gross == pytest.approx(1094.4 / 236.2, abs=0.002)
    assert found.loc["benefit_cost_ratio", "value"] == pytest.approx(1 + 1094.4 / 236.2, abs=0.002)
    assert found.loc["mvpf", "value"] == np.inf
    assert "infinite" in found.loc["mvpf", "remark"]


def test_measures_where_every_post_is_new_money(case: CostBenefit) -> None:
    """Society 842.1, public -914.8; the participant's 678.6 and the users' 1261.3 are willing."""
    found = measures(case.with_assumptions(case.assumptions.replace(wage_bill=1.0)))
    assert "gain_per_krone_of_gross_outlay" not in found.index
    net = found.loc["gain_per_krone_of_net_budget", "value"]
    assert net == pytest.approx(842.1 / 914.8, abs=0.0002)
    assert found.loc["mvpf", "value"] == pytest.approx((678.6 + 1261.3) / 914.8, abs=0.0005)
    assert found.loc["mvpf", "remark"] == ""


def test_new_money_costs_society_its_tax_financing_alone(case: CostBenefit) -> None:
    """Convention (f): the municipality -w(1+p)(1+g), users the same plus; S falls by 0.2 of it."""
    changed = case.with_assumptions(case.assumptions.replace(wage_bill=1.0))
    assert case.npv - changed.npv == pytest.approx(0.2 * component(case, "production"))
    fall = case.present_value("municipality") - changed.present_value("municipality")
    assert fall == thousand(1261.3)
    assert fall == pytest.approx(changed.present_value("users"))


def test_leisure_is_the_net_wage_and_nothing_else(case: CostBenefit) -> None:
    """Convention (g): participant -w(1-0.24), no pension, no benefits; budgets unchanged."""
    changed = case.with_assumptions(case.assumptions.replace(leisure=1.0))
    lost = case.present_value("participant") - changed.present_value("participant")
    assert lost == pytest.approx(0.76 * 1000 * 987.0, abs=50)
    assert case.npv - changed.npv == pytest.approx(lost)
    for group in ("public", "state", "county", "municipality", "users", "employer"):
        assert changed.present_value(group) == pytest.approx(case.present_value(group))


def test_contribution_is_all_the_states(case: CostBenefit) -> None:
    """Convention (b): 0.141 on w(1 + 0.12), all to the state; production is w(1+p)(1+g)."""
    wages = 987.0
    assert component(case, "contribution", "state") == thousand(0.141 * 1.12 * wages)
    assert component(case, "contribution", "employer") == thousand(-0.141 * 1.12 * wages)
    assert component(case, "production") == thousand(1.141 * 1.12 * wages)
    assert component(case, "pension", "participant") == thousand(0.12 * wages)


def test_benefits_are_paid_by_who_pays_them(case: CostBenefit, rows: dict[str, np.ndarray]) -> None:
    """Convention (c): social assistance is the municipality's, Nav benefits are the state's."""
    discount = 1.04 ** -np.arange(7.0)
    nav = 1000 * float(rows["Nav benefits effect"] @ discount)
    social = 1000 * float(rows["social assistance effect"] @ discount)
    schemes = [f"benefit:{name}" for name in SPLIT]
    state = sum(component(case, name, "state") for name in schemes)
    assert state == pytest.approx(-nav)
    assert component(case, "benefit:sosialhjelp", "municipality") == pytest.approx(-social)
    assert component(case, "benefit:sosialhjelp") == pytest.approx(0, abs=1e-6)
    wage, tax = 987_000.0, -component(case, "income_tax", "participant")
    participant = 1.12 * wage - tax + nav + social  # convention (e)
    assert participant == thousand(678.6)


def test_costs_by_item_are_the_rows(case: CostBenefit, rows: dict[str, np.ndarray]) -> None:
    """`costs()` says what each row costs and whom; in kind and cash are both in the account."""
    costs = case.costs("en").set_index("item")
    discount = 1.04 ** -np.arange(7.0)
    for name, (payer, cash) in PAYERS.items():
        row = costs.loc[name]
        assert row["present_value"] == pytest.approx(1000 * float(rows[name] @ discount))
        assert row["per_starter"] == pytest.approx(1000 * float(rows[name].sum()))
        assert (row["kind"], row["payer"], bool(row["cash"])) == ("real", payer, cash)
    grant = costs.loc["apprentice grant"]
    assert (grant["kind"], grant["payer"], grant["receiver"]) == (
        "transfer", "county", "municipality",
    )  # fmt: skip
    real = costs.loc[costs["kind"] == "real", "present_value"].sum()
    assert real == thousand(236.2)
    saving = costs.loc["avoided_measures"]
    assert (saving["kind"], saving["present_value"]) == ("saving", 0.0)
    assert saving["low"] == -60_000.0


def test_costs_of_the_shipped_programme_by_phase() -> None:
    """The shipped phases: 236.2 in all, the school place 139 a pupil at a reach of 0.85.

    59.1 x 2 / 0.85 = 139.06; its range 124-209 thousand is per pupil, so per starter it is 0.85 of
    that, half of it discounted by a year.
    """
    shipped = cost_benefit(
        planted_effects(planted_rows()), Assumptions.r109(), programme=menn_i_helse()
    )
    costs = shipped.costs("en").set_index("item")
    real = costs[costs["kind"] == "real"]
    assert real["present_value"].sum() == thousand(236.2)
    school, half_and_half = costs.loc["school"], 0.85 * (1 + 1 / 1.04) / 2
    assert (school["phase"], school["reach"]) == ("school", 0.85)
    assert school["per_participant_in_phase"] == pytest.approx(139_058.8, abs=0.1)
    assert school["per_starter"] == pytest.approx(118_200.0)
    assert school["low"] == pytest.approx(124_000 * half_and_half)
    assert school["high"] == pytest.approx(209_000 * half_and_half)
    assert costs.loc["apprentice_supervision", "per_participant_in_phase"] == pytest.approx(80_000)
    assert costs.loc["summer_job_supervision", "present_value"] == 0
    assert costs.loc["summer_job_supervision", "high"] == pytest.approx(10_000)


def test_the_school_place_from_its_blocks() -> None:
    """(107.4 + 26.1 / 2) thousand of 2021 in prices of 2024, x 0.85, half a year each: 58.9."""
    place = (107_400 + 26_100 / 2) * PriceIndex.kpi().factor(2021, 2024)
    assert place == pytest.approx(139_000, abs=500)
    assert 0.85 * place / 2 == thousand(58.9)


def test_public_break_even_by_year(case: CostBenefit) -> None:
    """Where each group's sum stays above zero, by its last cumulative value below it."""
    frame = case.by_year().set_index(["actor", "year_since_start"])["cumulative"]
    for group, year in (("public", 4), ("municipality", 3), ("state", 3), ("society", 3)):
        assert frame[group, year - 1] < 0 <= frame[group, year]
    assert frame["county", 6] < 0
    assert frame["participant", 0] >= 0
