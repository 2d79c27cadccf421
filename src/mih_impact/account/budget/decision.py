"""Decision: what is on the table, as a sourced object that a budget impact is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import pandas as pd

from mih_impact import arguments
from mih_impact.account.budget.impact import budget_impact, read_starters
from mih_impact.account.budget.result import BudgetImpact
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.roles import STATUS_LABELS, require_named
from mih_impact.display.locale import Label
from mih_impact.display.numbers import millions, number
from mih_impact.display.result import Card, NoContributors, Result
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import Status

__all__ = ["Decision", "End"]

End = Literal["low", "base", "high"]
"""Which number of starters: the least or the most of the range, or that of the decision."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Decision(Result):
    """A decision on the table: how many start, what is asked for it, and who says so.

    Parameters
    ----------
    name
        Short name in English.
    label
        The displayed name.
    starters
        Persons by start year, every year from the first to the last.
    low, high
        The range of the starters, by the same years; None if none is known.
    asked
        NOK a year that the source asks for, on top of the appropriation there is.
    budget
        The year of the budget it is asked in, and of its kroner.
    covers
        What the amount covers, and what it does not.
    status, source
        How sure we are of the number of starters, and where it comes from.
    asked_source
        Where the amount comes from.
    note
        What else a reader must know.

    Raises
    ------
    OptionError
        Starters that `budget_impact` would refuse, an amount without the budget it is asked in or
        without a source, an unknown status, or no text.
    AssumptionError
        A range that does not hold the starters.

    Examples
    --------
    >>> more = Decision(
    ...     name="more", label=Label(nb="flere", en="more"), starters={2026: 700},
    ...     status="ASSUMED", source=Label(nb="et eksempel", en="an example"))
    >>> less = replace(more, name="less", starters={2026: 500})
    >>> more.beyond(less).starters
    {2026: 200.0}
    """

    contributors = NoContributors("what is decided is nobody's amounts")

    name: str
    label: Label
    starters: Mapping[int, float]
    low: Mapping[int, float] | None = None
    high: Mapping[int, float] | None = None
    asked: float | None = None
    budget: int | None = None
    covers: Label | None = None
    status: Status = "ASSUMED"
    source: Label
    asked_source: Label | None = None
    note: Label | None = None

    def __post_init__(self) -> None:
        for field in ("starters", "low", "high"):
            given = getattr(self, field)
            if given is not None or field == "starters":
                object.__setattr__(self, field, read_starters(given))
        _require_texts(self)
        _require_range(self)
        _require_asked(self)

    def at(self, end: End) -> Decision:
        """Return the decision with the starters of one end of their range.

        Parameters
        ----------
        end
            "low", "high", or "base" for the decision itself.

        Raises
        ------
        AssumptionError
            The decision has no range.
        """
        arguments.choice("at", "end", end, get_args(End))
        if end == "base":
            return self
        starters = self.low if end == "low" else self.high
        if starters is None:
            raise AssumptionError(
                f"The decision {self.name!r} has no range of starters",
                found="low and high are None",
                do="give it low and high by year, or stay with end='base'",
            )
        return replace(self, starters=starters)

    def beyond(self, other: Decision) -> Decision:
        """Return what this decision has more than another, as a decision of its own.

        Parameters
        ----------
        other
            A decision for the same years with no more starters in any of them.

        Raises
        ------
        AssumptionError
            Other years, or fewer starters than the other in some year.
        """
        arguments.instance("beyond", other, Decision, "a decision", "give another Decision")
        if list(self.starters) != list(other.starters):
            raise AssumptionError(
                "The two decisions are for different years",
                found=f"{_listed(self.starters)} and {_listed(other.starters)}",
                do="give both the same years",
            )
        more = {year: n - other.starters[year] for year, n in self.starters.items()}
        if min(more.values()) < 0:
            raise AssumptionError(
                f"{self.name!r} has fewer starters than {other.name!r} in some year",
                found=", ".join(f"{year}: {n:g}" for year, n in more.items() if n < 0),
                do="ask the larger decision what it has beyond the smaller one",
            )
        asked = None
        if self.budget == other.budget and self.asked is not None and other.asked is not None:
            asked = self.asked - other.asked if self.asked >= other.asked else None
        return replace(
            self,
            name=f"{self.name} beyond {other.name}",
            label=_BEYOND.format(more=self.label, less=other.label),
            starters=more,
            low=None,
            high=None,
            asked=asked,
            budget=None if asked is None else self.budget,
            status="derived",
            source=_DIFFERENCE.format(more=self.source, less=other.source),
        )

    def impact(
        self,
        case: CostBenefit,
        *,
        budget_year: int | None = None,
        price_path: PriceIndex | None = None,
        nominal: bool = False,
        elasticity: float = 0.0,
        reference_cohort: float | None = None,
        compensated: Sequence[str] | None = None,
        draws: int = 2_000,
        seed: int = 2025,
    ) -> BudgetImpact:
        """Compute what the decision does to the budgets; see `budget_impact`.

        Parameters
        ----------
        case
            The account per starter.
        budget_year, price_path, nominal, elasticity, reference_cohort, compensated, draws, seed
            As for `budget_impact`.

        Notes
        -----
        What is asked for is no part of it: the account has costs of its own, and they are more than
        what an applicant asks of one budget.
        """
        return budget_impact(
            case,
            starters=self.starters,
            budget_year=budget_year,
            price_path=price_path,
            nominal=nominal,
            elasticity=elasticity,
            reference_cohort=reference_cohort,
            compensated=compensated,
            draws=draws,
            seed=seed,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per start year.

        Returns
        -------
        DataFrame
            `decision, year, starters, low, high, asked` (NOK a year), `budget, status, source_nb,
            source_en`.
        """
        none = dict.fromkeys(self.starters, float("nan"))
        return pd.DataFrame(
            {
                "decision": self.name,
                "year": list(self.starters),
                "starters": list(self.starters.values()),
                "low": list((self.low or none).values()),
                "high": list((self.high or none).values()),
                "asked": float("nan") if self.asked is None else self.asked,
                "budget": pd.Series([self.budget] * len(none), dtype="Int64"),
                "status": self.status,
                "source_nb": self.source.nb,
                "source_en": self.source.en,
            }
        )

    def _card(self) -> Card:
        header = ["", *map(str, self.starters)]
        rows = [
            [label.text(), *(number(n, 0) for n in values.values())]
            for label, values in (
                (_STARTERS, self.starters), (_LOW, self.low), (_HIGH, self.high)
            )
            if values is not None
        ]  # fmt: skip
        lines = [
            (_STATUS.text(), STATUS_LABELS[self.status].text()),
            (_SOURCE.text(), self.source.text()),
        ]
        if self.asked is not None:
            amount = millions(self.asked, 1)
            text = _AMOUNT if self.asked > 0 else _NOTHING
            asked = text.format(amount=amount, year=self.budget).text()
            lines.append((_ASKED.text(), asked))
        for label, value in ((_ASKED_SOURCE, self.asked_source), (_COVERS, self.covers)):
            if value is not None:
                lines.append((label.text(), value.text()))
        return Card(
            self.label.text(),
            lines=tuple(lines),
            table=pd.DataFrame(rows, columns=header),
            notes=() if self.note is None else (self.note.text(),),
        )


_STARTERS = Label(nb="Som starter", en="Starters")
_LOW = Label(nb="Færrest", en="Fewest")
_HIGH = Label(nb="Flest", en="Most")
_STATUS = Label(nb="Antallet er", en="The number is")
_SOURCE = Label(nb="Kilde for antallet", en="Source of the number")
_ASKED = Label(nb="Det bes om", en="Asked for")
_ASKED_SOURCE = Label(nb="Kilde for beløpet", en="Source of the amount")
_COVERS = Label(nb="Beløpet dekker", en="The amount covers")
_AMOUNT = Label(
    nb="{amount} i året ut over dagens bevilgning, budsjettet for {year}",
    en="{amount} a year beyond today's appropriation, the budget of {year}",
)
_NOTHING = Label(
    nb="ingenting ut over dagens bevilgning, budsjettet for {year}",
    en="nothing beyond today's appropriation, the budget of {year}",
)
_BEYOND = Label(nb="{more}, ut over: {less}", en="{more}, beyond: {less}")
_DIFFERENCE = Label(
    nb="forskjellen mellom to tall: {more}, og {less}",
    en="the difference between two numbers: {more}, and {less}",
)


def _listed(starters: Mapping[int, float]) -> str:
    return ", ".join(map(str, starters))


def _require_texts(decision: Decision) -> None:
    """Raise unless name, texts and status are what they should be."""
    require_named("The decision", decision.name)
    for field in ("label", "source", "covers", "asked_source", "note"):
        text = getattr(decision, field)
        needed = field in ("label", "source")
        if (text is None and not needed) or (isinstance(text, Label) and text.nb and text.en):
            continue
        raise OptionError(
            f"The decision {decision.name!r} has no {field} in both languages",
            found=arguments.shown(text),
            do=f"give {field}=mih.Label(nb=..., en=...)",
        )
    arguments.choice("Decision", "status", decision.status, get_args(Status))


def _require_range(decision: Decision) -> None:
    """Raise unless the range holds the starters, year by year."""
    low, high, n = decision.low, decision.high, decision.starters
    if low is None and high is None:
        return
    held = (
        low is not None
        and high is not None
        and list(low) == list(n) == list(high)
        and all(low[year] <= n[year] <= high[year] for year in n)
    )
    if not held:
        raise AssumptionError(
            f"The range of the decision {decision.name!r} does not hold its starters",
            found=f"starters {dict(n)}, low {low and dict(low)}, high {high and dict(high)}",
            do="give low and high for the same years, around the starters",
        )


def _require_asked(decision: Decision) -> None:
    """Raise unless an amount comes with the budget it is asked in, and a source."""
    if decision.asked is None:
        return
    amount = arguments.number("asked", decision.asked)
    if amount < 0 or not arguments.is_whole(decision.budget) or decision.asked_source is None:
        raise OptionError(
            f"What the decision {decision.name!r} asks for lacks its amount, year or source",
            found=f"asked={amount:g}, budget={arguments.shown(decision.budget)},"
            f" {'no' if decision.asked_source is None else 'a'} source",
            do="give an amount of 0 or more, the year of the budget, and asked_source",
        )
    object.__setattr__(decision, "asked", amount)
