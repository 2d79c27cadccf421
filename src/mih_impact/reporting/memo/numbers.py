"""Numbers of the account that know where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import SupportsFloat

import numpy as np
import pandas as pd

from mih_impact.account.assumption import Assumption
from mih_impact.account.budget.result import BudgetImpact
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import (
    GROUP_LABELS,
    GROUPS,
    PUBLIC,
    amount_of,
    break_even_text,
    hundreds,
)
from mih_impact.account.sensitivity import Sensitivity
from mih_impact.account.tables import line_values
from mih_impact.display.locale import Label
from mih_impact.display.numbers import interval, number
from mih_impact.reporting.blocks import Named, Number, Part, Trace
from mih_impact.reporting.memo import texts

__all__ = ["Numbers", "in_hundreds"]

#: Assumptions that are named behind a present value; the sheet has them all.
_MOST = 6


def in_hundreds(x: SupportsFloat | None) -> str:
    """Show kroner to the nearest hundred, the unit said elsewhere."""
    return number(None if x is None else round(float(x), -2))


class Numbers:
    """Makes the memo's numbers, each with its trace.

    Parameters
    ----------
    case
        The account.
    """

    def __init__(self, case: CostBenefit) -> None:
        self.case = case
        self._switching: dict[str, dict[str, float]] = {}

    def say(self, key: str, **values: object) -> str:
        """Return what a number is, for the annex."""
        return texts.WHAT[key].format(**values).text()

    def present_value(self, of: str, *, size: bool = False, unit: bool = True) -> Number:
        """Return a present value.

        Parameters
        ----------
        of
            Whose.
        size
            Its size alone, where the sentence says which way it goes.
        unit
            Whether the unit stands beside it.
        """
        value = self.case.present_value(of)
        shown = hundreds if unit else in_hundreds
        what = self.say(
            "present_value",
            who=GROUP_LABELS[of],
            years=self.case.horizon,
            year=self.case.price_year,
        )
        trace = Trace(what, self.rows(of), self.deciding(of), self.sources, f"present_value:{of}")
        return Number(shown(abs(value) if size else value), trace)

    def interval(self, of: str, *, unit: bool = True) -> Number:
        """Return the interval of a present value that holds sampling alone."""
        low, high = self.case.interval(of=of) or (None, None)
        what = self.say("interval", who=GROUP_LABELS[of])
        trace = Trace(what, self.rows(of), (), self.sources, f"interval:{of}")
        return Number(interval(low, high, hundreds if unit else in_hundreds), trace)

    def total(self, of: str, *, unit: bool = True) -> Number:
        """Return the interval of a present value that holds sampling and assumptions."""
        low, high = self._total(of)
        what = self.say("total", who=GROUP_LABELS[of])
        trace = Trace(what, (), (), self.sources, f"total:{of}")
        return Number(interval(low, high, hundreds if unit else in_hundreds), trace)

    def _total(self, of: str) -> tuple[float, float]:
        frame = self.uncertainty.set_index(["actor", "source"])
        return float(frame["conf_low"][of, "total"]), float(frame["conf_high"][of, "total"])

    def unsure(self, of: str) -> str | None:
        """Return which interval of a present value holds zero: sampling, or first the total."""
        sampling = self.case.interval(of=of)
        if sampling is None:
            return None
        bounds = {"sampling": sampling, "total": self._total(of)}
        return next((name for name, (low, high) in bounds.items() if low <= 0 <= high), None)

    def when(self, of: str, *, counted: bool = False) -> Number:
        """Return the year in which a group breaks even, in words."""
        year, horizon = self.case.break_even(of), self.case.horizon
        text = break_even_text(year, horizon, counted=counted)
        what = self.say("when", who=GROUP_LABELS[of])
        return Number(text, Trace(what, self.rows(of), (), self.sources, f"when:{of}"))

    def changed(self, of: str, name: str, value: float) -> Number:
        """Return a present value with one assumption changed."""
        item = self.items[name]
        other = self.case.with_values({name: value})
        what = self.say(
            "changed",
            who=GROUP_LABELS[of],
            what=item.label,
            value=amount_of(value, item.unit),
        )
        key = f"changed:{of}:{name}:{value:g}"
        trace = Trace(what, self.rows(of, other), (self.named(item),), self.sources, key)
        return Number(hundreds(other.present_value(of)), trace)

    def of_assumption(self, text: str, name: str, what: str, of: str = "society") -> Number:
        """Return a number that is said of one assumption."""
        item = self.items[name]
        said = self.say(what, what=item.label, who=GROUP_LABELS[of])
        key = f"{what}:{of}:{name}"
        return Number(text, Trace(said, (), (self.named(item),), ("assumptions",), key))

    def plain(self, text: str, key: str, *sources: str, told: str = "") -> Number:
        """Return a number with what it is and its sources alone."""
        return Number(text, Trace(told or self.say(key), sources=sources, key=key))

    def named_as(self, key: str, shown: Mapping[str, str]) -> dict[str, Part]:
        """Return the numbers of one finding by name; the annex tells of them together."""
        return {name: self.plain(text, key, "effects") for name, text in shown.items()}

    def of_public(self, text: str, key: str, *, cash: bool) -> Number:
        """Return a part of the public account, in cash or in kind, with the rows it sums."""
        rows = self.rows("public", cash=cash)
        return Number(text, Trace(self.say(key), rows, (), self.sources, key))

    @cached_property
    def items(self) -> dict[str, Assumption]:
        """Every assumption by name."""
        return {item.name: item for item in self.case.model.items}

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources behind a present value."""
        costs = ("costs",) if self.case.programme.items else ()
        return ("effects", "r109", *costs, "assumptions")

    def rows(
        self, of: str, case: CostBenefit | None = None, *, cash: bool | None = None
    ) -> tuple[Named, ...]:
        """Return the components that make up a present value, the largest first.

        Parameters
        ----------
        of
            Whose.
        case
            The account; None is that of the memo.
        cash
            Only what is paid, or only what is in kind; None is both.
        """
        case = self.case if case is None else case
        model = case.model
        ledger = model.ledger()
        moved = np.abs(line_values(model, case.effects)[:, None] * ledger.group_signs)
        sums: dict[str, float] = {}
        labels: dict[str, Label] = {}
        for line, amount in zip(ledger.lines, moved[:, GROUPS.index(of)], strict=True):
            if cash is None or line.cash == cash:
                sums[line.component] = sums.get(line.component, 0.0) + float(amount)
                labels[line.component] = line.label
        return self.largest(sums, labels)

    def largest(self, sums: Mapping[str, float], labels: Mapping[str, Label]) -> tuple[Named, ...]:
        """Return the components that come to something, the largest first."""
        order = sorted((name for name in sums if sums[name] > 0.5), key=lambda name: -sums[name])
        return tuple(Named(name, labels[name].text()) for name in order)

    def budget_rows(self, impact: BudgetImpact, block: str) -> tuple[Named, ...]:
        """Return the components of one block of public budgets, the largest first."""
        table = impact.to_frame()
        own = table[(table["block"] == block) & table["actor"].isin(PUBLIC)]
        yearly = own.groupby(["component", "year"])["amount"].sum().abs()
        sums = {str(name): float(sum_) for name, sum_ in yearly.groupby("component").sum().items()}
        labels = {
            str(row["component"]): Label(nb=str(row["label_nb"]), en=str(row["label_en"]))
            for row in own.to_dict("records")
        }
        return self.largest(sums, labels)

    def deciding(self, of: str) -> tuple[Named, ...]:
        """Return the assumptions that move a present value most."""
        rows = self._swings(of)
        return tuple(self.named(self.items[name]) for name in rows[:_MOST])

    def _swings(self, of: str) -> Sequence[str]:
        frame = self.sensitivity.of(of)
        moved = frame[(frame["swing"] > 0.5) & frame["assumption"].isin(list(self.items))]
        return [str(name) for name in moved["assumption"]]

    @cached_property
    def sensitivity(self) -> Sensitivity:
        """How far each assumption alone moves the account."""
        return self.case.sensitivity()

    def switching(self, name: str, of: str = "society") -> float:
        """Return the value of an assumption at which a group breaks even; NaN if there is none."""
        if of not in self._switching:
            frame = self.case.switching_values(of).to_frame()
            pairs = zip(frame["assumption"], frame["switching_value"].astype(float), strict=True)
            self._switching[of] = dict(pairs)
        return self._switching[of][name]

    @cached_property
    def uncertainty(self) -> pd.DataFrame:
        """Intervals of sampling, of assumptions and of both, as `case.uncertainty()` has them."""
        return self.case.uncertainty().to_frame()

    def named(self, item: Assumption) -> Named:
        """Return an assumption with its value; the table of assumptions has its source."""
        return Named(item.name, f"{item.label.text()} {self.amount(item)}")

    def amount(self, item: Assumption) -> str:
        """Return the value of an assumption in its unit."""
        return amount_of(item.value, item.unit)
