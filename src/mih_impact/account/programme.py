"""A programme: its phases, what each of them costs, and who pays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.assumption import Assumption, Distribution, Points, in_kroner
from mih_impact.account.cost_item import LONGEST_HORIZON, CostItem, UnpaidTime
from mih_impact.account.non_priced import NonPriced, require_non_priced
from mih_impact.account.roles import ACTORS, require_members, require_named
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import Status

__all__ = [
    "HEADLINES",
    "LOCAL",
    "PAY_TERMS",
    "Apprenticeship",
    "CostItem",
    "Phase",
    "Programme",
    "pay_term",
    "reach_assumption",
]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of a programme, such as twelve weeks of practice.

    Parameters
    ----------
    name
        Short name in English, unique within the programme.
    label
        The displayed name.
    when
        When it is, in words.
    reach
        Share of starters who get to it, from 0 to 1: only they cost what it costs.
    low, high
        The range of the reach.
    distribution, points
        What the reach is drawn from when assumptions vary; see `Assumption`.
    status, source
        How sure we are of the reach, and where it comes from.
    range_source
        Where the range comes from.

    Raises
    ------
    OptionError
        No name, a label that is not in two languages, or a reach that is no share.
    AssumptionError
        A range that does not hold the reach.

    Examples
    --------
    >>> Phase(name="school", label=Label(nb="skole", en="school"), reach=0.85).reach
    0.85
    """

    name: str
    label: Label
    when: Label | None = None
    reach: float = 1.0
    low: float | None = None
    high: float | None = None
    distribution: Distribution = "fixed"
    points: Points = ()
    status: Status = "ASSUMED"
    source: str = ""
    range_source: str = ""

    def __post_init__(self) -> None:
        when = () if self.when is None else (self.when,)
        require_named("The phase", self.name, self.label, *when)
        _ = self.assumption  # raises on what it cannot be

    @property
    def assumption(self) -> Assumption:
        """The reach as an assumption of the account, named `reach:<phase>`."""
        return reach_assumption(
            self.name,
            self.label,
            self.reach,
            status=self.status,
            source=self.source,
            low=self.low,
            high=self.high,
            distribution=self.distribution,
            points=self.points,
            range_source=self.range_source,
        )


def reach_assumption(
    name: str,
    label: Label,
    reach: float,
    *,
    status: Status = "ASSUMED",
    source: str = "",
    low: float | None = None,
    high: float | None = None,
    distribution: Distribution = "fixed",
    points: Points = (),
    range_source: str = "",
) -> Assumption:
    """Return the share of starters who get to a phase, as an assumption."""
    named = Label(nb="andel som når fram til: {name}", en="share who get to: {name}")
    return Assumption(
        f"reach:{name}",
        reach,
        "share",
        status,
        source,
        low,
        high,
        named.format(name=label),
        distribution,
        points,
        range_source,
    )


#: What apprentice pay is computed from: the name of each assumption, its unit and its label.
PAY_TERMS = {
    "apprentice_months": (
        "months", Label(nb="læretidens lengde", en="length of the apprenticeship")
    ),
    "apprentice_share": (
        "share", Label(nb="lærlinglønn, andel av fagarbeiderens lønn",
                       en="apprentice pay, share of the skilled wage"),
    ),
    "skilled_wage": (
        "NOK per year", Label(nb="fagarbeiderens begynnerlønn", en="skilled start wage")
    ),
}  # fmt: skip


def pay_term(name: str, **told: Any) -> Assumption:
    """Return one of the `PAY_TERMS` as an assumption.

    Parameters
    ----------
    name
        `apprentice_months`, `apprentice_share` or `skilled_wage`.
    told
        Its `value`, `status` and the rest of what `Assumption` takes.
    """
    unit, label = PAY_TERMS[name]
    return Assumption(name=name, unit=unit, label=label, **told)


@dataclass(frozen=True, kw_only=True)
class Apprenticeship:
    """What those who become apprentices are paid, when, and by whom.

    The pay is no cost of the programme: it is part of the effect on wages. It is an outlay of the
    budget that pays it, and `municipality_view` shows it there.

    Parameters
    ----------
    phase
        The phase in which participants are apprentices; its reach says how many.
    employer
        The actor who pays them.
    by_year
        Shares of the apprenticeship by year since start, from year 0; they sum to 1.
    months
        The assumption `apprentice_months`: its length.
    share
        The assumption `apprentice_share`: pay as a share of the skilled wage, on average.
    skilled_wage
        The assumption `skilled_wage`, NOK per year in prices of `price_year`.
    price_year
        The year whose prices the skilled wage is in.
    note
        A sentence for the card of `municipality_view`, on pay that is not included.

    Raises
    ------
    OptionError
        An unknown employer, shares that do not sum to 1, or an assumption of another name or unit.

    Examples
    --------
    >>> import mih_impact as mih
    >>> own = mih.nav.menn_i_helse().apprenticeship
    >>> own.employer, own.by_year, own.months.value
    ('municipality', (0.0, 0.45, 0.55), 13.5)
    """

    phase: str
    employer: str
    by_year: Sequence[float]
    months: Assumption
    share: Assumption
    skilled_wage: Assumption
    price_year: int = 2024
    note: Label | None = None

    def __post_init__(self) -> None:
        arguments.choice("An apprenticeship", "employer", self.employer, ACTORS)
        shares = arguments.listed(self.by_year) or []
        fit = all(arguments.is_number(share) and share >= 0 for share in shares)
        if not fit or not math.isclose(math.fsum(shares), 1.0, abs_tol=1e-9):
            raise OptionError(
                "by_year says how the apprenticeship is spread over the years since start",
                found=f"by_year={arguments.shown(self.by_year)}",
                do="give shares from year 0 on that sum to 1, such as [0, 0.45, 0.55]",
            )
        object.__setattr__(self, "by_year", tuple(map(float, shares)))
        arguments.whole("price_year", self.price_year)
        notes = () if self.note is None else (self.note,)
        require_named("The phase of the apprenticeship", self.phase, *notes)
        for item, (name, (unit, _)) in zip(self.terms, PAY_TERMS.items(), strict=True):
            if not isinstance(item, Assumption) or (item.name, item.unit) != (name, unit):
                raise OptionError(
                    f"{name} of the apprenticeship is an assumption of that name in {unit}",
                    found=f"{item.name} in {item.unit}"
                    if isinstance(item, Assumption)
                    else arguments.shown(item),
                    do=f"give mih.Assumption('{name}', ..., '{unit}', 'ASSUMED', 'whose number it "
                    "is', None, None, mih.Label(nb='...', en='...'))",
                )

    @property
    def terms(self) -> tuple[Assumption, Assumption, Assumption]:
        """What the pay is computed from, in the order of `PAY_TERMS`."""
        return self.months, self.share, self.skilled_wage

    def profile(self, n_years: int) -> NDArray[np.float64]:
        """Return the shares by year since start, shape (n_years,); what falls later is left out."""
        shares = np.zeros(n_years)
        kept = tuple(self.by_year)[:n_years]
        shares[: len(kept)] = kept
        return shares

    def in_prices(self, price_year: int, index: PriceIndex | None = None) -> Apprenticeship:
        """Return it with the skilled wage in the prices of another year.

        Parameters
        ----------
        price_year
            The year wanted.
        index
            Price index; the shipped consumer price index if None.
        """
        if price_year == self.price_year:
            return self
        index = PriceIndex.given(index)
        moved = in_kroner(self.skilled_wage, index.factor(self.price_year, price_year))
        source = f"{moved.source}, by the consumer price index {self.price_year}-{price_year}"
        wage = replace(moved, source=source, status="derived")
        return replace(self, skilled_wage=wage, price_year=price_year)


#: Variants of the account that a programme may have beside its headline: the posts as new municipal
#: money, and what the controls' own measures would have cost.
HEADLINES = ("wage_bill", "avoided_measures")

#: Budgets that the state may have decided to give cover for their outlays.
LOCAL = ("county", "municipality")


@dataclass(frozen=True, kw_only=True)
class Programme:
    """A programme as data: its name, its phases and what they cost.

    Parameters
    ----------
    name
        Short name in English.
    label
        The displayed name.
    items
        The costs. Empty means that costs are left out, and every card says so.
    phases
        The phases that items belong to; each gives its items its reach.
    age_at_start
        Mean age of those who start, as an assumption in years named `age_at_start`, for values
        after the horizon; None if it is not known.
    non_priced
        Effects that are not given in kroner; they stand beside the account and are never added.
    note
        A sentence shown on every card, for what a reader must know about the costs.
    published
        A sentence on the figures that are published for this programme, for data that were made to
        agree with them: it stands beside what is said of such data. None where none are.
    headlines
        Which variants stand beside the headline: "wage_bill" (every post is new municipal money)
        and "avoided_measures" (what controls' own measures cost). An account in which one of them
        is not 0 shows it whatever the programme says.
    compensated
        Which of "county" and "municipality" the state has decided to give cover for their outlays;
        () where no such decision is known. None says nothing, and nothing is said of cover.
    apprenticeship
        What apprentices are paid, and by whom; None where nobody becomes one.
    unpaid_time
        What participants give of their own time; None where nothing is known of it.

    Raises
    ------
    OptionError
        `headlines` or `compensated` names what does not exist, or an item or a phase is none.
    AssumptionError
        Two items or phases share a name, an item or the apprenticeship names a phase that is not
        there, an item has a reach beside it, or the items are in different currencies.

    Examples
    --------
    >>> Programme.none().items
    ()
    """

    name: str
    label: Label
    items: tuple[CostItem, ...] = ()
    phases: tuple[Phase, ...] = ()
    age_at_start: Assumption | None = None
    non_priced: tuple[NonPriced, ...] = ()
    note: Label | None = None
    headlines: Sequence[str] = ()
    compensated: Sequence[str] | None = None
    apprenticeship: Apprenticeship | None = None
    unpaid_time: UnpaidTime | None = None
    published: Label | None = None

    def __post_init__(self) -> None:
        told = [each for each in (self.note, self.published) if each is not None]
        require_named("The programme", self.name, self.label, *told)
        for what, kind in (("phases", Phase), ("items", CostItem)):
            example = f"{what}=[mih.{kind.__name__}(name=..., label=..., ...)]"
            members = require_members(
                f"The {what} of a programme", getattr(self, what), kind, example
            )
            object.__setattr__(self, what, members)
        _require_age(self.age_at_start)
        object.__setattr__(self, "non_priced", require_non_priced(self.non_priced))
        object.__setattr__(self, "items", tuple(self._reached(item) for item in self.items))
        for what, names in (
            ("cost items", [item.name for item in self.items]),
            ("phases", [phase.name for phase in self.phases]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise AssumptionError(
                    f"The programme {self.name!r} has several {what} of one name",
                    found=", ".join(twice),
                    do="give each its own name",
                )
        apart = {item.name for item in self.items if not item.phase}
        both = sorted(apart & {phase.name for phase in self.phases})
        if both:
            raise AssumptionError(
                f"The programme {self.name!r} has a phase and an item outside it of one name",
                found=f"{', '.join(both)}: reach:{both[0]} would be the reach of either",
                do="give the item its phase, or another name",
            )
        if len({item.unit for item in self.items}) > 1:
            raise AssumptionError(
                f"The programme {self.name!r} mixes currencies",
                found=", ".join(sorted({item.unit for item in self.items})),
                do="give every item in one currency",
            )
        self._require_facts()

    def _require_facts(self) -> None:
        """Raise on facts that name assumptions, payers or phases that do not exist."""
        for what, known in (("headlines", HEADLINES), ("compensated", LOCAL)):
            given = getattr(self, what)
            if given is None and what == "compensated":
                continue
            names = arguments.names(what, given)
            for name in names:
                arguments.choice("Programme", what, name, known)
            object.__setattr__(self, what, tuple(dict.fromkeys(names)))
        own, phases = self.apprenticeship, [phase.name for phase in self.phases]
        self._require_time(phases)
        if own is None:
            return
        arguments.instance(
            "Programme", own, Apprenticeship, "an apprenticeship, or None",
            "give mih.Apprenticeship(phase=..., employer=..., ...)",
        )  # fmt: skip
        _require_phase("The apprenticeship is of", own.phase, phases)

    def _require_time(self, phases: Sequence[str]) -> None:
        """Raise on unpaid time that is not UnpaidTime, or is of a phase that does not exist."""
        if self.unpaid_time is None:
            return
        arguments.instance(
            "Programme", self.unpaid_time, UnpaidTime, "unpaid time, or None",
            "give mih.UnpaidTime(years={phase: [...]}, wage=..., price_year=...)",
        )  # fmt: skip
        for phase in self.unpaid_time.years:
            _require_phase("Unpaid time is given in", phase, phases)

    def time_given(self, n_years: int) -> NDArray[np.float64]:
        """Return unpaid full-time years per starter by year since start, shape (n_years,)."""
        given = np.zeros(arguments.whole("n_years", n_years, low=0, high=LONGEST_HORIZON))
        years = {} if self.unpaid_time is None else self.unpaid_time.years
        for phase in self.phases:
            kept = years.get(phase.name, ())[:n_years]
            given[: len(kept)] += phase.reach * np.asarray(kept)
        return given

    def _reached(self, item: CostItem) -> CostItem:
        """Return an item with the reach of its phase."""
        if not item.phase:
            return item
        reach = {phase.name: phase.reach for phase in self.phases}
        if item.phase not in reach:
            raise AssumptionError(
                f"The cost item {item.name!r} belongs to a phase that the programme does not have",
                found=repr(item.phase),
                do=f"use one of {', '.join(reach) or 'the phases given'}"
                f"{nearest(item.phase, reach)}",
            )
        if item.reach not in (1.0, reach[item.phase]):
            raise AssumptionError(
                f"The cost item {item.name!r} has a reach beside that of its phase",
                found=f"{item.reach:g}, phase {item.phase!r} {reach[item.phase]:g}",
                do="give the reach once, with the phase",
            )
        return replace(item, reach=reach[item.phase])

    @classmethod
    def none(cls) -> Programme:
        """Return the programme without costs, for an account of effects alone."""
        return cls(
            name="none", label=Label(nb="tiltak uten kostnader", en="programme without costs")
        )

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the programme assumes: a sum for each cost, a reach for each phase, the age."""
        age = () if self.age_at_start is None else (self.age_at_start,)
        own = tuple(
            reach_assumption(item.name, item.label, item.reach)
            for item in self.items
            if not item.phase and item.reach != 1.0
        )
        reaches = (*(phase.assumption for phase in self.phases), *own)
        return (*(item.assumption for item in self.items), *reaches, *age)

    def with_assumptions(self, items: tuple[Assumption, ...]) -> Programme:
        """Return the programme with assumptions of the names of `assumptions` put in place.

        Raises
        ------
        AssumptionError
            One of them is missing.
        """
        listed = arguments.listed(items) or ()
        given = {item.name: item for item in listed if isinstance(item, Assumption)}
        missing = [own.name for own in self.assumptions if own.name not in given]
        if missing:
            raise AssumptionError(
                "Assumptions of the programme are missing",
                found=", ".join(missing),
                do="change those of programme.assumptions, and give them all",
            )
        phases = tuple(_with_reach(phase, given) for phase in self.phases)
        costs = tuple(_with_cost(item, given) for item in self.items)
        age = None if self.age_at_start is None else given["age_at_start"]
        return replace(self, items=costs, phases=phases, age_at_start=age)

    def with_facts_of(self, other: Programme) -> Programme:
        """Return the programme with the facts of another: all that no sheet of assumptions has."""
        arguments.instance("with_facts_of", other, Programme, "a programme", "give a mih.Programme")
        facts = (
            "non_priced", "published", "headlines", "compensated", "apprenticeship", "unpaid_time",
        )  # fmt: skip
        return replace(self, **{name: getattr(other, name) for name in facts})

    @property
    def last_year(self) -> int:
        """The last year since start with a cost; -1 without costs."""
        lengths = [len(np.trim_zeros(item.path(len(item.profile)), "b")) for item in self.items]
        return max(lengths, default=0) - 1

    def in_prices(self, price_year: int, index: PriceIndex | None = None) -> Programme:
        """Return the programme with every amount in the prices of one year.

        Parameters
        ----------
        price_year
            The year wanted.
        index
            Price index; the shipped consumer price index if None.
        """
        arguments.whole("price_year", price_year)
        own, time = self.apprenticeship, self.unpaid_time
        return replace(
            self,
            items=tuple(item.in_prices(price_year, index) for item in self.items),
            apprenticeship=None if own is None else own.in_prices(price_year, index),
            unpaid_time=None if time is None else time.in_prices(price_year, index),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per item and year since start with a cost.

        Returns
        -------
        DataFrame
            `item, phase, kind, payer, receiver, year_since_start, amount` (NOK per starter: reach
            times the amount per person who gets there), `reach, cash, budget_line, unit,
            price_year, status, source, low, high`.
        """
        rows = [
            {
                "item": item.name,
                "year_since_start": year,
                "amount": amount,
                **{name: getattr(item, name) for name in _COLUMNS if name not in _BY_YEAR},
            }
            for item in self.items
            for year, amount in enumerate(item.path(len(item.profile)).tolist())
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)


def _require_age(age: Assumption | None) -> None:
    """Raise unless the age at start is an assumption in years, by the name it is asked for."""
    if age is None or (
        isinstance(age, Assumption) and (age.name, age.unit) == ("age_at_start", "years")
    ):
        return
    found = f"{age.name!r} in {age.unit}" if isinstance(age, Assumption) else arguments.shown(age)
    raise AssumptionError(
        "The age at start is an assumption in years, named age_at_start",
        found=found,
        do="give mih.Assumption('age_at_start', 40.0, 'years', 'ASSUMED', 'source', 35, 45, "
        "mih.Label(nb='...', en='...'))",
    )


_BY_YEAR = ("item", "year_since_start", "amount")
_COLUMNS = [
    "item", "phase", "kind", "payer", "receiver", "year_since_start", "amount", "reach", "cash",
    "budget_line", "unit", "price_year", "status", "source", "low", "high",
]  # fmt: skip


def _told(new: Assumption) -> dict[str, Any]:
    """Return what an assumption says of its number: range, distribution, status, sources."""
    names = ("low", "high", "distribution", "points", "status", "source", "range_source")
    return {name: getattr(new, name) for name in names}


def _with_reach(phase: Phase, given: dict[str, Assumption]) -> Phase:
    """Return a phase with another reach, range and source."""
    new = given[phase.assumption.name]
    return replace(phase, reach=new.value, **_told(new))


def _with_cost(item: CostItem, given: dict[str, Assumption]) -> CostItem:
    """Return a cost with another sum, range and source; its phase gives it its reach."""
    new = given[item.assumption.name]
    own = given.get(f"reach:{item.name}")
    amounts = item.amounts if new.value == item.total else item.spread(new.value)
    reach = 1.0 if item.phase else item.reach if own is None else own.value
    return replace(item, amounts=amounts, reach=reach, **_told(new))


def _require_phase(what: str, phase: str, phases: Sequence[str]) -> None:
    """Raise on a phase that the programme does not have."""
    if phase not in phases:
        raise OptionError(
            f"{what} a phase that the programme does not have",
            found=arguments.shown(phase),
            do=f"use one of {', '.join(phases) or 'the phases given'}{nearest(phase, phases)}",
        )
