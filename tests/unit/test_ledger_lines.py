"""The lines of the ledger, one by one, on an account small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mih_impact.account.assumptions import Assumptions
from mih_impact.account.ledger import Ledger, Line, draw_effects
from mih_impact.account.parameters import Setting
from mih_impact.account.programme import Programme
from mih_impact.account.roles import ACTORS, GROUP_LABELS, GROUPS, ROLES, benefit_of
from mih_impact.account.rules import build_ledger
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.panel.contract import BENEFITS, CONTRACT

LABEL = Label(nb="post", en="item")


def line(**changes: object) -> Line:
    given = {
        "component": "item", "kind": "real", "receiver": "state", "label": LABEL, "cash": True,
        "coefficients": np.ones(1), "constant": np.zeros(2),
    }  # fmt: skip
    return Line(**(given | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "transfer"},
        {"kind": "real", "payer": "county"},
        {"receiver": "stat"},
        {"kind": "transfer", "payer": "nobody"},
    ],
)
def test_a_line_is_double_entry_or_it_is_not_written(changes: dict[str, object]) -> None:
    with pytest.raises((AssumptionError, OptionError)):
        line(**changes)


def test_a_transfer_takes_what_it_gives() -> None:
    ledger = Ledger((line(kind="transfer", payer="county"),), ("wage",))
    flows = dict(zip(GROUPS, ledger.group_amounts(np.array([[7.0, 9.0]])), strict=True))
    assert flows["state"].tolist() == [7.0, 9.0]
    assert flows["county"].tolist() == [-7.0, -9.0]
    assert flows["public"].tolist() == flows["society"].tolist() == [0.0, 0.0]


def flows(rates: Assumptions, wage: float = 100.0) -> dict[str, dict[str, float]]:
    """Return component -> actor -> amount of one year with an effect on the wage alone."""
    ledger = build_ledger(["wage"], 1, Setting(rates, Programme.none()))
    amounts = ledger.amounts(np.array([[wage]]))[:, 0]
    found: dict[str, dict[str, float]] = {}
    for each, amount in zip(ledger.lines, amounts, strict=True):
        entry = found.setdefault(each.component, {})
        entry[each.receiver] = entry.get(each.receiver, 0.0) + amount
        if each.payer is not None:
            entry[each.payer] = entry.get(each.payer, 0.0) - amount
    return found


def test_work_pays_the_participant_and_the_state() -> None:
    found = flows(Assumptions.r109().replace(pension_share=0.1, employer_contribution=0.2))
    assert found["production"]["employer"] == pytest.approx(132.0)
    assert found["wage"] == pytest.approx({"participant": 100.0, "employer": -100.0})
    assert found["pension"] == pytest.approx({"participant": 10.0, "employer": -10.0})
    assert found["contribution"] == pytest.approx({"state": 22.0, "employer": -22.0})


def test_new_wage_money_moves_production_to_users() -> None:
    rates = Assumptions.simplified().replace(wage_bill=0.25)
    found = flows(rates)
    assert found["production"] == pytest.approx({"employer": 75.0, "users": 25.0})
    assert found["wage_bill"] == pytest.approx({"employer": 25.0, "municipality": -25.0})


def test_leisure_is_priced_at_the_net_wage() -> None:
    rates = Assumptions.r109().replace(leisure=0.5, tax_rate_wage=0.3)
    assert flows(rates)["leisure"] == pytest.approx({"participant": -35.0})


def test_displacement_mirrors_what_effects_drive() -> None:
    rates = Assumptions.r109().replace(displacement=0.4, leisure=0.5, wage_bill=0.5)
    found = flows(rates)
    driven = [name for name in found if not name.startswith(("displacement:", "tax_financing"))]
    for name in driven:
        mirror = {
            ("displaced" if actor == "participant" else actor): -0.4 * amount
            for actor, amount in found[name].items()
        }
        assert found[f"displacement:{name}"] == pytest.approx(mirror)


def test_avoided_measures_save_the_state_in_the_first_year() -> None:
    rates = Assumptions.r109().replace(avoided_measures=5_000)
    assert flows(rates, wage=0.0)["avoided_measures"] == {"state": 5_000.0}


def test_tax_financing_is_one_row_on_the_rest_of_society() -> None:
    found = flows(Assumptions.r109().replace(avoided_measures=5_000))
    public = sum(
        amount
        for name, entry in found.items()
        if name != "tax_financing"
        for actor, amount in entry.items()
        if actor in ("state", "county", "municipality")
    )
    assert found["tax_financing"] == pytest.approx({"rest_of_society": 0.2 * public})


def test_payer_and_tax_of_a_benefit_are_the_contracts() -> None:
    for name in BENEFITS:
        benefit, scheme = benefit_of(f"benefit:{name}"), CONTRACT[name].scheme
        assert (benefit.payer, benefit.taxable) == (scheme.payer, scheme.taxable)
    for no_benefit in ("wage", "sosialhjelp", "benefit:wage_income", "benefit:made_up"):
        assert benefit_of(no_benefit) is None
    assert set(ROLES) == {"wage", "benefit:state", *(f"benefit:{name}" for name in BENEFITS)}


def test_every_group_has_a_name_in_both_languages() -> None:
    assert set(GROUP_LABELS) == set(GROUPS)
    assert (*ACTORS, "public", "society") == GROUPS


def test_draws_use_the_whole_covariance() -> None:
    """Two effects that always move together cancel in their difference."""
    draws = draw_effects(np.zeros((1, 2)), np.full((2, 2), 4.0), 500, seed=1)
    assert draws.shape == (500, 1, 2)
    np.testing.assert_allclose(draws[:, 0, 0], draws[:, 0, 1], atol=1e-7)
    assert draws[:, 0, 0].std() == pytest.approx(2.0, rel=0.15)
