"""A user's analysis, as mypy and pyright see the library from outside: `make typing` runs both.

`assert_type` says what a user may count on; nothing here is run by the test suite.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import pandas as pd

import mih_impact as mih


def analysis(register: Path) -> mih.CostBenefit:
    """Return the account of an analysis from a file."""
    panel = mih.read_panel(register, columns={"person_id": "lopenr"}, price_year=2024)
    assert_type(panel, mih.Panel)
    group = mih.match(panel, exact=["county"], on=["age", *mih.lag("wage_income", 1, 2)], ratio=5)
    assert_type(group, mih.ControlGroup)
    weighted = mih.weight(panel, on=["age"], method="entropy")
    assert_type(weighted, mih.ControlGroup)
    effects = mih.event_study(group, outcomes=["wage_income"], base=-1)
    assert_type(effects, mih.EffectSeries)
    assert_type(effects.to_frame(), pd.DataFrame)
    rules = mih.Assumptions.r109().replace(tax_rate_wage=0.3)
    case = mih.cost_benefit(effects, rules, programme=mih.Programme.none(), horizon=5)
    assert_type(case, mih.CostBenefit)
    assert_type(case.npv, float)
    assert_type(case.break_even_year, int | None)
    assert_type(case.interval(), tuple[float, float] | None)
    assert_type(case.by_actor(), pd.DataFrame)
    assert_type(mih.budget_impact(case, starters={2026: 500}), mih.BudgetImpact)
    dollars = mih.Assumptions.bare(currency="USD", price_year=1976, discount_rate=0.05)
    assert_type(dollars.currency, str)
    with mih.options(lang="en"):
        print(case.summary())
    return case
