"""Accounts that were kept by somebody else, kept again in this ledger.

None of the numbers expected here was made by this library. Each test says where its numbers stand
and what of the library they go through: cost items, effects, lines, discounting, measures.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mih_impact.account.assumptions import Assumptions
from mih_impact.account.cost_benefit import CostBenefit, cost_benefit
from mih_impact.account.cost_item import CostItem
from mih_impact.account.indicators import mvpf
from mih_impact.account.ledger import Ledger, Line, accumulate, discounted
from mih_impact.account.programme import Programme
from mih_impact.account.roles import GROUPS
from mih_impact.display.locale import Label
from mih_impact.effects.series import EffectSeries
from mih_impact.reference.discount import Discount

#: No pension, no contribution, no tax, no tax-financing: a krone of wage is a krone to society.
BARE = Assumptions.simplified().replace(tax_rate_wage=0.0, tax_financing_cost=0.0)


def label(text: str) -> Label:
    return Label(nb=text, en=text)


def wages(path: list[float]) -> EffectSeries:
    frame = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(len(path)), "estimate": path}
    )
    return EffectSeries.from_frame(frame, price_year=2024)


def costing(amounts: dict[int, float], payer: str, **more: object) -> Programme:
    item = CostItem(name="cost", label=label("cost"), amounts=amounts, payer=payer, **more)
    return Programme(name="p", label=label("p"), items=(item,))


# -- numpy-financial's documented net present value ------------------------------------------

#: The flows of the example in the documentation of `numpy_financial.npv` (numpy-financial 1.0):
#: ``rate, cashflows = 0.08, [-40_000, 5_000, 8_000, 12_000, 30_000]``, the first at t = 0, and
#: ``npf.npv(rate, cashflows).round(5)`` is printed as 3065.22267.
NPF_RATE, NPF_FLOWS, NPF_NPV = 0.08, [-40_000.0, 5_000.0, 8_000.0, 12_000.0, 30_000.0], 3065.22267


def npf_account(payer: str) -> CostBenefit:
    return cost_benefit(
        wages([0.0, *NPF_FLOWS[1:]]),
        BARE.replace(discount=Discount.flat(NPF_RATE)),
        programme=costing({0: -NPF_FLOWS[0]}, payer),
        horizon=5,
    )


@pytest.mark.parametrize("payer", ["participant", "state", "rest_of_society"])
def test_npv_of_numpy_financial_as_an_account(payer: str) -> None:
    """The outlay as a cost item in year 0, the receipts as effects on the wage.

    Source: documentation of `numpy_financial.npv`, 8 %, 3065.22267 (see `NPF_FLOWS`).
    """
    case = npf_account(payer)
    assert case.npv == pytest.approx(NPF_NPV, abs=5e-6)
    assert case.by_year().set_index("actor").loc["society", "amount"].tolist() == NPF_FLOWS
    values = case.indicators("en").set_index("indicator")["value"]
    assert values["npv"] == pytest.approx(NPF_NPV, abs=5e-6)
    assert case.ledger()["present_value"].sum() == pytest.approx(NPF_NPV, abs=5e-6)


def test_npv_of_numpy_financial_for_who_pays_and_who_gains() -> None:
    """A participant who pays the course himself keeps the whole of it; the state pays all else."""
    assert npf_account("participant").present_value("participant") == pytest.approx(
        NPF_NPV, abs=5e-6
    )
    apart = npf_account("state")
    assert apart.present_value("participant") == pytest.approx(40_000 + NPF_NPV, abs=5e-6)
    assert apart.present_value("state") == pytest.approx(-40_000, abs=5e-6)


def test_npv_of_numpy_financial_as_one_line() -> None:
    """The flows as the constants of one line of the ledger (source: see `NPF_FLOWS`)."""
    flows = np.array(NPF_FLOWS)
    ledger = Ledger((line("flows", "users", constant=flows),), ("wage",))
    factors = {None: Discount.flat(NPF_RATE).factors(5)}
    value = discounted(ledger, np.zeros((1, 5)), factors).sum(axis=-1)
    assert value[GROUPS.index("users")] == pytest.approx(NPF_NPV, abs=5e-6)
    assert value[GROUPS.index("society")] == pytest.approx(NPF_NPV, abs=5e-6)


# -- the discount factors of R-109/2021 ------------------------------------------------------


@pytest.mark.parametrize(("timing", "total"), [("start", 6.242136856746), ("end", 6.002054669948)])
def test_factor_sums_of_seven_years(timing: str, total: float) -> None:
    """A krone of wage a year for seven years, from the start year and from the year after.

    Source: R-109/2021, 6.2 (4 % in years 1-40) and 6.3; the sum of an annuity at 4 %,
    (1 - 1.04^-7) / 0.04 = 6.002054669948 at the ends of years and 1.04 times that at their starts,
    as in any table of annuities.
    """
    case = cost_benefit(
        wages([1.0] * 7), BARE.replace(discount=Discount(timing=timing)), programme=Programme.none()
    )
    assert case.npv == pytest.approx(total, rel=1e-12)
    annuity = case.indicators("en").set_index("indicator").loc["annuity", "value"]
    assert annuity == pytest.approx(1.0, rel=1e-12)


def test_factor_sum_from_year_one() -> None:
    """The same krone in years 1 to 7 of an account of eight (source: as above)."""
    case = cost_benefit(wages([0.0] + [1.0] * 7), BARE, programme=Programme.none(), horizon=8)
    assert case.npv == pytest.approx(6.002054669948, rel=1e-12)


@pytest.mark.parametrize(
    ("year", "factor"), [(40, 0.208289), (41, 0.202222), (75, 0.074022), (76, 0.072571)]
)
def test_the_ladder_at_its_steps(year: int, factor: float) -> None:
    """A cost of a million in one late year, and an effect on the wage in that year alone.

    Source: R-109/2021, 6.2: 4 % in years 1-40, 3 % in 41-75, 2 % after:
    1.04^-40, 1.04^-40 / 1.03, 1.04^-40 x 1.03^-35 and that / 1.02.
    """
    late = cost_benefit(
        wages([0.0]), BARE, programme=costing({year: 1.0}, "users"), horizon=year + 1,
        persistence="constant",
    )  # fmt: skip
    assert late.present_value("users") == pytest.approx(-factor, abs=5e-7)
    gain = cost_benefit(
        wages([0.0] * year + [1.0]), BARE, programme=Programme.none(), horizon=year + 1
    )
    assert gain.npv == pytest.approx(factor, abs=5e-7)
    steps = [1.04] * min(year, 40) + [1.03] * max(0, min(year, 75) - 40) + [1.02] * (year - 75)
    assert gain.npv == pytest.approx(1 / np.prod(steps), rel=1e-12)


# -- the marginal value of public funds of JTPA for adults -----------------------------------

#: Per person assigned: number of persons, 30-month effect on earnings with the wage subsidy in it,
#: the subsidy, 30-month FALL in welfare payments, and cost of training with the subsidy in it.
#:
#: Source: Bloom, Orr, Bell, Cave, Doolittle, Lin and Bos (1997), The benefits and costs of JTPA
#: Title II-A programs, Journal of Human Resources 32(3), tables 3 and 8; tax of 12.8 per cent:
#: note 32. The recipe is that of Hendren and Sprung-Keyser (2020), A unified welfare analysis of
#: government policies, Quarterly Journal of Economics 135(3), whose replication file
#: `JTPA_Adult.do` spreads both effects over the 30 months (12/30 a year, at t = 0 and 1, half a
#: year's worth at t = 1.5, discounted at 3 %) and adds the subsidy once, undiscounted.
JTPA = {"men": (5102, 1599.0, 244.0, -334.0, 1175.0), "women": (6102, 1837.0, 154.0, 235.0, 1381.0)}
JTPA_TAX, JTPA_RATE = 0.128, 0.03


def line(
    component: str,
    receiver: str,
    payer: str | None = None,
    *,
    constant: np.ndarray,
    coefficients: np.ndarray | None = None,
    timing: str | None = None,
) -> Line:
    return Line(
        component=component, kind="real" if payer is None else "transfer", receiver=receiver,
        payer=payer, constant=constant, label=label(component), cash=True, timing=timing,
        coefficients=np.zeros(1) if coefficients is None else coefficients,
    )  # fmt: skip


def jtpa_lines(sex: str) -> list[Line]:
    """Write what the trial found as a double-entry ledger of years 0 and 1, per person.

    Work: production to the employer, earnings from him to the participant. Tax on earnings and
    subsidy, from the participant to the state. A fall in welfare payments is a transfer the other
    way. The state pays for training: the subsidy is a transfer, the rest is used up.
    """
    n, effect, subsidy, welfare, cost = JTPA[sex]
    share = n / sum(entry[0] for entry in JTPA.values())
    yearly = share * (effect - subsidy) * 12 / 30
    less_welfare = share * welfare * 12 / 30
    whole, half, once = np.array([1.0, 1.0]), np.array([0.0, 0.5]), np.array([1.0, 0.0])
    lines = []
    for when, timing in ((whole, None), (half, "middle")):
        lines += [
            line("production", "employer", constant=yearly * when, timing=timing),
            line("earnings", "participant", "employer", constant=yearly * when, timing=timing),
            line("tax", "state", "participant", constant=JTPA_TAX * yearly * when, timing=timing),
            line("welfare", "state", "participant", constant=less_welfare * when, timing=timing),
        ]
    taxed = JTPA_TAX * share * subsidy
    return [
        *lines,
        line("subsidy", "participant", "state", constant=share * subsidy * once),
        line("tax on subsidy", "state", "participant", constant=taxed * once),
        line("training", "state", constant=-share * (cost - subsidy) * once),
    ]


def jtpa_values() -> dict[str, float]:
    """Return the present value of every group, men and women pooled by their number."""
    ledger = Ledger((*jtpa_lines("men"), *jtpa_lines("women")), ("earnings",))
    discount = Discount.flat(JTPA_RATE)
    factors = {t: (discount.with_timing(t) if t else discount).factors(2) for t in ledger.timings}
    assert set(factors) == {None, "middle"}
    flows = discounted(ledger, np.zeros((1, 2)), factors)
    whole = accumulate(ledger, factors, np.eye(2)[None])  # the other road to the same sums
    np.testing.assert_allclose(whole.values(np.zeros((1, 2)))[:, -1], flows.sum(axis=-1))
    return dict(zip(GROUPS, flows.sum(axis=-1).tolist(), strict=True))


def test_mvpf_of_jtpa_for_adults() -> None:
    """Published: 1.38 (Policy Impacts library and the article's table); recomputed: 1.3752.

    Willingness to pay 1503.79 = 0.872 x (earnings + subsidy) - fall in welfare; net cost 1093.54 =
    cost - 0.128 x (earnings + subsidy) - fall in welfare, dollars per person, men and women pooled
    by number. Sources: see `JTPA`.
    """
    value = jtpa_values()
    willing, cost = value["participant"] + value["users"] + value["displaced"], -value["public"]
    assert willing == pytest.approx(1503.79, abs=0.005)
    assert cost == pytest.approx(1093.54, abs=0.005)
    found = mvpf(willing, cost)
    assert found == pytest.approx(1.3752, abs=5e-5)
    assert round(found, 2) == 1.38


def test_mvpf_of_jtpa_valued_at_its_cost() -> None:
    """Published: 1.18, with what the programme costs as the willingness to pay; recomputed 1.1771.

    Sources: see `JTPA`; the variant is the replication file's `wtp_valuation = "cost"`.
    """
    n = np.array([entry[0] for entry in JTPA.values()])
    cost = np.array([entry[-1] for entry in JTPA.values()])
    found = mvpf(float(n @ cost / n.sum()), -jtpa_values()["public"])
    assert found == pytest.approx(1.1771, abs=5e-5)
    assert round(found, 2) == 1.18


def test_jtpa_is_double_entry() -> None:
    """Society gains what is produced less what training uses up: transfers are nobody's gain."""
    value = jtpa_values()
    assert value["employer"] == 0.0
    spread = 1 + 1 / 1.03 + 0.5 / 1.03**1.5
    n = {sex: entry[0] / 11_204 for sex, entry in JTPA.items()}
    made = sum(n[sex] * (e - s) * 0.4 * spread for sex, (_, e, s, _, _) in JTPA.items())
    used = sum(n[sex] * (c - s) for sex, (_, _, s, _, c) in JTPA.items())
    assert value["society"] == pytest.approx(made - used, rel=1e-12)
