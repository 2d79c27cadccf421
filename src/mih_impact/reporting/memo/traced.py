"""Numbers of the account that know where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mih_impact.display.labels import Label, Lang
from mih_impact.economics.actors import GROUP_LABELS, GROUPS
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.case import CostBenefit
from mih_impact.economics.labels import amount_of, hundreds
from mih_impact.economics.sensitivity.tornado import Sensitivity
from mih_impact.economics.tables import line_values
from mih_impact.reporting.memo import texts
from mih_impact.reporting.text import Named, Number, Trace

__all__ = ["Traced"]

#: Assumptions that are named behind a present value; the sheet has them all.
_MOST = 6


class Traced:
    """Makes the memo's numbers, each with its trace.

    Parameters
    ----------
    case
        The account.
    lang
        Language of what is shown.
    """

    def __init__(self, case: CostBenefit, lang: Lang) -> None:
        self.case = case
        self.lang = lang

    def say(self, key: str, **values: object) -> str:
        """Return what a number is, for the annex."""
        return texts.WHAT[key].format(**values).text(self.lang)

    def present_value(self, of: str, *, size: bool = False) -> Number:
        """Return a present value; its size alone where the sentence says which way it goes."""
        value = self.case.present_value(of)
        return Number(hundreds(abs(value) if size else value, self.lang), self.behind(of))

    def behind(self, of: str) -> Trace:
        """Return where a present value comes from: rows, assumptions, sources."""
        what = self.say(
            "present_value",
            who=GROUP_LABELS[of],
            years=self.case.horizon,
            year=self.case.price_year,
        )
        return Trace(what, self.rows(of), self.deciding(of), self.sources)

    def changed(self, of: str, name: str, value: float) -> Number:
        """Return a present value with one assumption changed."""
        item = self.items[name]
        other = self.case.with_values({name: value})
        what = self.say(
            "changed",
            who=GROUP_LABELS[of],
            what=item.label,
            value=amount_of(value, item.unit, self.lang),
        )
        trace = Trace(what, self.rows(of), (self.named(item),), self.sources)
        return Number(hundreds(other.present_value(of), self.lang), trace)

    def of_assumption(self, text: str, name: str, what: str) -> Number:
        """Return a number that is said of one assumption."""
        item = self.items[name]
        said = self.say(what, what=item.label)
        return Number(text, Trace(said, (), (self.named(item),), ("assumptions",)))

    def plain(self, text: str, what: str, *sources: str) -> Number:
        """Return a number with what it is and its sources alone."""
        return Number(text, Trace(what, sources=sources))

    @cached_property
    def items(self) -> dict[str, Assumption]:
        """Every assumption by name."""
        return {item.name: item for item in self.case._books.items}

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources behind a present value."""
        costs = ("costs",) if self.case.programme.items else ()
        return ("effects", "r109", *costs, "assumptions")

    def rows(self, of: str) -> tuple[Named, ...]:
        """Return the components that make up a present value, the largest first."""
        books = self.case._books
        ledger = books.ledger()
        moved = np.abs(line_values(books, self.case.effects)[:, None] * ledger.group_signs)
        sums: dict[str, float] = {}
        labels: dict[str, Label] = {}
        for line, amount in zip(ledger.lines, moved[:, GROUPS.index(of)], strict=True):
            sums[line.component] = sums.get(line.component, 0.0) + float(amount)
            labels[line.component] = line.label
        order = sorted((name for name in sums if sums[name] > 0.5), key=lambda name: -sums[name])
        return tuple(Named(name, labels[name].text(self.lang)) for name in order)

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

    @cached_property
    def switching(self) -> dict[str, float]:
        """The value of each assumption at which society breaks even; NaN where there is none."""
        frame = self.case.switching_values().to_frame()
        return dict(zip(frame["assumption"], frame["switching_value"].astype(float), strict=True))

    def named(self, item: Assumption) -> Named:
        """Return an assumption with its value; the table of assumptions has its source."""
        return Named(item.name, f"{item.label.text(self.lang)} {self.amount(item)}")

    def amount(self, item: Assumption) -> str:
        """Return the value of an assumption in its unit."""
        return amount_of(item.value, item.unit, self.lang)
