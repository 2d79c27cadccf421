"""What the workbook holds: the rows of its ledger, its years, and where things stand.

The rows are those of the library's own ledger at a setting where no rule gives nothing, so that a
row is there also when it is zero at the base values, and can be switched on in its input cell.

It is a second implementation of `account.rules`, for readers who want to follow a krone from an
input cell to the result. A place in braces is a cell of the same column (`wage`, `benefit`,
`taxable`, `year`, `profile`, `original`) or the defined name of an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mih_impact.account.assumption import Assumption
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.ledger import Ledger, Line
from mih_impact.account.roles import AVOIDED_MEASURES, PUBLIC
from mih_impact.display.locale import language
from mih_impact.display.result import evidence_of
from mih_impact.reporting.workbook.pages import defined_names

__all__ = ["FIRST_YEAR", "Entry", "Known", "Layout", "SourceList", "formula_of"]

FloatArray = NDArray[np.float64]

#: Column of year 0, the same on every sheet, so that formulas point straight across.
FIRST_YEAR = 3

#: A value of every assumption at which no rule gives nothing.
_NOWHERE_ZERO = 0.3


@dataclass(frozen=True)
class Entry:
    """One row of the ledger: a line, seen from one actor.

    Attributes
    ----------
    line
        The line.
    actor
        Whose gain the row is.
    place
        Its place among the rows.
    """

    line: Line
    actor: str
    place: int

    @property
    def is_payer(self) -> bool:
        """Whether the row is the payer's side of a transfer, the row after it the receiver's."""
        return self.line.payer == self.actor

    @property
    def is_public(self) -> bool:
        """Whether it is money of a public budget."""
        return self.actor in PUBLIC


class SourceList:
    """The sources, numbered in the order in which they are cited."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._letter = {"nb": "K", "en": "S"}[language()]

    def cite(self, *texts: str) -> str:
        """Return the numbers of some sources: "K1, K4"."""
        for text in filter(None, texts):
            self.texts.setdefault(text, f"{self._letter}{len(self.texts) + 1}")
        return ", ".join(dict.fromkeys(self.texts[text] for text in filter(None, texts)))


@dataclass(frozen=True, eq=False)
class Layout:
    """A workbook of one account.

    Attributes
    ----------
    case
        The account.
    sources
        The sources cited so far.
    """

    case: CostBenefit
    sources: SourceList

    @property
    def evidence(self) -> str:
        """What kind of data the account rests on, in words."""
        return evidence_of(self.case)

    @property
    def horizon(self) -> int:
        """Years of the account."""
        return self.case.horizon

    @property
    def estimated(self) -> int:
        """Years with estimated effects."""
        return int(self.case.effects.shape[1])

    @property
    def roles(self) -> tuple[str, ...]:
        """What the effects are to the account."""
        return self.case.roles

    @property
    def years(self) -> range:
        """Columns of the years."""
        return range(FIRST_YEAR, FIRST_YEAR + self.horizon)

    @property
    def total(self) -> int:
        """Column of present values, after the years."""
        return FIRST_YEAR + self.horizon

    @property
    def told(self) -> int:
        """First column of what is told of a row."""
        return self.total + 1

    @property
    def units(self) -> range:
        """Columns of what one krone of each effect gives, beyond what is told."""
        first = self.told + 9
        return range(first, first + len(self.roles))

    @property
    def last_year(self) -> int:
        """Column of the last year."""
        return FIRST_YEAR + self.horizon - 1

    @cached_property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The assumptions that can matter."""
        return self.case.used_assumptions()

    @cached_property
    def names(self) -> dict[str, str]:
        """Defined names, by the names of the assumptions."""
        programme = self.case.programme
        labels = {item.assumption.name: item.label for item in programme.items}
        labels |= {phase.assumption.name: phase.label for phase in programme.phases}
        labels |= {f"reach:{item.name}": item.label for item in programme.items if not item.phase}
        labels |= {"avoided_measures": AVOIDED_MEASURES}
        return defined_names(self.assumptions, labels)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger with every line that can be there."""
        model = self.case.model
        everywhere = {item.name: _NOWHERE_ZERO for item in model.items}
        return model.ledger(everywhere)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The rows of the ledger: of a transfer first the payer's, then the receiver's."""
        sides = [
            (line, actor)
            for line in self.ledger.lines
            for actor in (line.payer, line.receiver)
            if actor is not None
        ]
        return tuple(Entry(line, actor, place) for place, (line, actor) in enumerate(sides))

    @cached_property
    def known(self) -> Known:
        """What the library itself gives for the rows of the ledger."""
        return Known(self.case)

    @cached_property
    def timings(self) -> tuple[str, ...]:
        """When in the year lines fall; `account` is when the account's own flows do."""
        return tuple(timing or "account" for timing in self.ledger.timings)

    def original(self, entry: Entry) -> Entry:
        """Return the receiver's row of the flow that a row of displacement mirrors."""
        component = entry.line.component.removeprefix("displacement:")
        receiver = "participant" if entry.line.receiver == "displaced" else entry.line.receiver
        key = (component, receiver, entry.line.budget_line)
        return next(each for each in self._receivers() if _key(each) == key)

    def _receivers(self) -> Sequence[Entry]:
        return [each for each in self.entries if each.actor == each.line.receiver]


class Known:
    """The library's own amounts, which programs show that do not reckon."""

    def __init__(self, case: CostBenefit) -> None:
        model = case.model
        ledger = model.ledger()
        factors = model.factors(ledger, model.setting())
        amounts = ledger.amounts(case.path)
        self._of = {
            (line.component, line.receiver, line.budget_line, line.timing): (
                amounts[k], float(amounts[k] @ factors[line.timing]), ledger.coefficients[k],
            )
            for k, line in enumerate(ledger.lines)
        }  # fmt: skip
        self._nothing = (np.zeros(case.horizon), 0.0, np.zeros(len(case.roles)))

    def amounts(self, entry: Entry) -> FloatArray:
        """Return the amounts of a row by year, NOK per starter, shape (horizon,)."""
        return _sign(entry) * self._line(entry)[0]

    def present_value(self, entry: Entry) -> float:
        """Return the present value of a row, NOK per starter."""
        return _sign(entry) * self._line(entry)[1]

    def coefficients(self, entry: Entry) -> FloatArray:
        """Return what one krone of each effect gives, shape (n_roles,)."""
        return _sign(entry) * self._line(entry)[2]

    def _line(self, entry: Entry) -> tuple[FloatArray, float, FloatArray]:
        line = entry.line
        key = (line.component, line.receiver, line.budget_line, line.timing)
        return self._of.get(key, self._nothing)


def _sign(entry: Entry) -> float:
    return -1.0 if entry.is_payer else 1.0


def _key(entry: Entry) -> tuple[str, str, str]:
    return entry.line.component, entry.line.receiver, entry.line.budget_line


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
