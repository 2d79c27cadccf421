"""The rules of the account as formulas of a spreadsheet: one for each component of the ledger.

It is a second implementation of `economics.rules`, for readers who want to follow a krone from an
input cell to the result. A place in braces is a cell of the same column (`wage`, `benefit`,
`taxable`, `year`, `profile`, `original`) or the defined name of an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["formula_of"]

#: What the receiver gets of each component; the payer's row is the same with the other sign.
_FORMULAS: Mapping[str, str] = {
    "wage": "{wage}",
    "pension": "{wage}*{pension_share}",
    "contribution": "{wage}*(1+{pension_share})*{employer_contribution}",
    "wage_bill": "{wage}*{wage_bill}*{labour_cost}",
    "benefit": "{benefit}",
    "leisure": "-{wage}*{leisure}*(1-{tax_rate_wage})",
    "displacement": "-{displacement}*{original}",
    "programme": "{sign}{cost}{reach}*{profile}",
    "avoided_measures": "{avoided_measures}*({year}=0)",
    # The net effect on public budgets of the year, of the rows that fall at the same time of it.
    "tax_financing": "{tax_financing_cost}*SUMIFS({amounts},{is_public},{yes},{timings},{timing})",
}

_TAX = "*({wage}*{tax_rate_wage}+{taxable}*{tax_rate_benefits})"

#: Components that depend on who receives them.
_BY_RECEIVER: Mapping[tuple[str, str], str] = {
    ("production", "employer"): "{wage}*(1-{wage_bill})*{labour_cost}",
    ("production", "users"): "{wage}*{wage_bill}*{labour_cost}",
    ("income_tax", "state"): "{state_tax_share}" + _TAX,
    ("income_tax", "county"): "{county_tax_share}" + _TAX,
    ("income_tax", "municipality"): "{municipal_tax_share}" + _TAX,
}


def formula_of(component: str, receiver: str, places: Mapping[str, str]) -> str:
    """Return the formula of what the receiver gets of one component in one year.

    Parameters
    ----------
    component, receiver
        As in the ledger.
    places
        Cells and defined names by what they are.

    Examples
    --------
    >>> formula_of("pension", "participant", {"wage": "D9", "pension_share": "pension_share"})
    '=D9*pension_share'
    """
    head = component.partition(":")[0]
    formula = _BY_RECEIVER.get((component, receiver)) or _FORMULAS[head]
    return "=" + formula.format_map(places)
