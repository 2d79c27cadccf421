"""The numbers an account rests on, each with unit, source, status and range.

Values come from the reference rows and keep their status there: a number that is remembered or
assumed is shown as such on every card that uses it.

Where a row states a range, the range is its own; elsewhere it is ours, and says so. A rule of the
circular and a choice of view (whose money, which perspective) have a range to be looked at in a
sensitivity analysis, and are never drawn: nobody is uncertain about them, people disagree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack

import pandas as pd

from mih_impact import arguments
from mih_impact.account.assumption import Assumption, Distribution, Points, in_kroner, linked
from mih_impact.arguments import nearest
from mih_impact.display.locale import Label
from mih_impact.display.unit import is_money
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import find, rows

__all__ = [
    "LEFT_OUT",
    "Assumption",
    "Assumptions",
    "assumption_rows",
    "discount_assumption",
    "preset_items",
]

_BLOCKS = "cost_building_blocks"
_OURS = "assumed in mih_impact"
_ROWS = "the row of the reference table"

#: What the simplified account leaves out.
LEFT_OUT = ("pension_share", "employer_contribution")

_NO_SOURCE = {
    "ASSUMED": "assumed in mih_impact, without a source",
    "remembered": "not checked against a source",
}


def preset_items(zone: str = "I") -> tuple[Assumption, ...]:
    """Return every assumption of R-109, for employers in one zone of the contribution."""
    return (
        _row("pension_share", _BLOCKS, "pension and social costs share of wage", "share",
             Label(nb="pensjon og sosiale kostnader, andel av lønn",
                   en="pension and social costs, share of wage"), "triangular"),
        _contribution(zone),
        _row("tax_rate_wage", _BLOCKS, "effective tax on the increment, wage", "share",
             Label(nb="effektiv skatt på økt lønn", en="effective tax on added wage"),
             "triangular"),
        _row("tax_rate_benefits", _BLOCKS, "effective tax on taxable benefits", "share",
             Label(nb="effektiv skatt på skattepliktige ytelser",
                   en="effective tax on taxable benefits"), "triangular", ours=(0.10, 0.25)),
        _row("taxable_benefit_share", _BLOCKS, "taxable share of Nav benefits", "share",
             Label(nb="skattepliktig andel av ytelser samlet",
                   en="taxable share of benefits in total"), "triangular", ours=(0.5, 1.0)),
        *_tax_shares(),
        _row("tax_financing_cost", "r109_2021", "tax_financing_cost", "NOK per NOK",
             Label(nb="skattefinansieringskostnad", en="tax-financing cost"), ours=(0.0, 0.4)),
        discount_assumption(Discount().ladder[0][1]),
        *_views(),
        _row("avoided_measures", _BLOCKS, "avoided measures of the controls (Nav)",
             "NOK per starter", Label(nb="sparte andre tiltak", en="other measures avoided"),
             "triangular"),
        *_beyond_the_estimates(),
    )  # fmt: skip


def discount_assumption(rate: float) -> Assumption:
    """Return the discount rate of the ladder's first step; the official one has its source."""
    row = find(rows("r109_2021"), "discount_rate_years_0_40")
    official = rate == row.number
    return Assumption(
        "discount_rate",
        rate,
        "per year, real",
        row.status if official else "ASSUMED",
        row.source if official else "the analyst's own value",
        min(0.02, rate),
        max(0.06, rate),
        Label(nb="kalkulasjonsrente (første trinn)", en="discount rate (first step)"),
        range_source=f"{_OURS}: two points either way",
    )


def _contribution(zone: str) -> Assumption:
    """Return the employer's contribution of one zone; the range is all zones."""
    zones = {row.name: row for row in rows("employer_contribution")}
    arguments.choice("The employer's contribution", "zone", zone, zones)
    row, rates = zones[zone], [each.number for each in zones.values()]
    where = Label(nb="landsgjennomsnitt", en="national average")
    where = where if zone == "average" else Label(nb=f"sone {zone}", en=f"zone {zone}")
    return Assumption(
        "employer_contribution",
        row.number,
        "share",
        row.status,
        row.source,
        min(rates),
        max(rates),
        Label(nb="arbeidsgiveravgift ({z})", en="employer's contribution ({z})").format(z=where),
        range_source="the zones",
    )


def _tax_shares() -> tuple[Assumption, ...]:
    """Return the shares of income tax, of municipalities and of counties taken together.

    They have no range: what is equalised away from one municipality goes to the others and not to
    the state. What one of them keeps is `kept_tax` of `municipality_view`.
    """
    return (
        _row("municipal_tax_share", _BLOCKS, "municipal share of income tax", "share",
             Label(nb="kommunenes andel av inntektsskatten",
                   en="municipalities' share of income tax")),
        _row("county_tax_share", _BLOCKS, "county share of income tax", "share",
             Label(nb="fylkeskommunenes andel av inntektsskatten",
                   en="counties' share of income tax")),
    )  # fmt: skip


def _views() -> tuple[Assumption, ...]:
    """Return the choices of view, from 0 to 1."""
    return (
        _view("wage_bill", "assumed in mih_impact: the posts are budgeted anyway",
              Label(nb="andel av stillingene som er nye kommunale penger",
                    en="share of the posts that is new municipal money")),
        _view("displacement", "assumed in mih_impact: nobody is pushed out of a post",
              Label(nb="fortrengning", en="displacement")),
        _view("leisure", "assumed in mih_impact: job-seekers have a duty to be available for work",
              Label(nb="verdi av fritid, andel av nettolønn",
                    en="value of leisure, share of net wage")),
        _view("selection",
              "assumed in mih_impact: the control group adjusts for the differences that a register"
              " shows",
              Label(nb="andel av effekten som skyldes utvelgelse",
                    en="share of the effect that is selection")),
    )  # fmt: skip


def _beyond_the_estimates() -> tuple[Assumption, ...]:
    """Return what matters only for years after the last estimated one."""
    growth = _row(
        "real_growth", _BLOCKS, "real growth of time values", "per year, real",
        Label(nb="realvekst i timeverdier etter siste anslåtte år",
              en="real growth of time values after the last estimated year"),
        "triangular", ours=(0.0, 0.018),
    )  # fmt: skip
    half_life = Assumption(
        "half_life", 5.0, "years", "ASSUMED", "assumed in mih_impact, without a source",
        5.0, 10.0,
        Label(nb="halveringstid for effekten etter siste anslåtte år",
              en="half-life of the effect after the last estimated year"),
        "uniform", range_source=_OURS,
    )  # fmt: skip
    return half_life, growth


def _row(
    name: str,
    table: str,
    row: str,
    unit: str,
    label: Label,
    distribution: Distribution = "fixed",
    *,
    ours: tuple[float, float] | None = None,
) -> Assumption:
    """Return the assumption that a reference row holds, with its own range or ours."""
    found = find(rows(table), row)
    stated = stated_range(found.note)
    low, high = ours if stated is None and ours is not None else stated or (None, None)
    source = found.source or found.note or _NO_SOURCE.get(found.status, "no source")
    whence = "" if low is None else _ROWS if stated else _OURS
    return Assumption(
        name, found.number, unit, found.status, source, low, high, label,
        "fixed" if low is None else distribution, range_source=whence,
    )  # fmt: skip


def _view(name: str, source: str, label: Label) -> Assumption:
    """Return a choice of ours, between 0 and 1."""
    return Assumption(
        name, 0.0, "share", "ASSUMED", source, 0.0, 1.0, label, range_source="all that it can be"
    )


def stated_range(note: str) -> tuple[float, float] | None:
    """Return the range a reference row states in its note ("range 0-60 000: ...").

    Examples
    --------
    >>> stated_range("range 0-60 000: controls also get measures"), stated_range("none")
    ((0.0, 60000.0), None)
    """
    found = re.search(r"range (\d[\d.]*)-(\d[\d.]*(?: \d{3})*)", note)
    return None if found is None else (float(found[1]), float(found[2].replace(" ", "")))


#: The source of what `Assumptions.bare` leaves at nothing.
NO_RULE = "no rule was given"
#: What an account without rules keeps: views and years, which are no country's.
_KEPT = ("discount_rate", "wage_bill", "displacement", "leisure", "selection", "half_life")


def _left_out(item: Assumption, why: str) -> Assumption:
    """Return an assumption as nothing, without a range."""
    return replace(
        item, value=0.0, status="ASSUMED", source=why, low=None, high=None, distribution="fixed",
        points=(), range_source="",
    )  # fmt: skip


#: Prices of the presets.
_PRICE_YEAR = 2024


class Changes(TypedDict, total=False):
    """What `Assumptions.replace` can change."""

    price_year: int
    discount: Discount
    discount_rate: float
    pension_share: float
    employer_contribution: float
    tax_rate_wage: float
    tax_rate_benefits: float
    taxable_benefit_share: float
    municipal_tax_share: float
    county_tax_share: float
    tax_financing_cost: float
    wage_bill: float
    displacement: float
    vacancy: float
    leisure: float
    selection: float
    avoided_measures: float
    half_life: float
    real_growth: float


@dataclass(frozen=True)
class Assumptions:
    """The assumptions of an account; every value is an attribute of its own name.

    Made by `Assumptions.r109()` or `Assumptions.simplified()`, changed by `replace` (values) and
    `vary` (ranges and distributions).

    Attributes
    ----------
    preset
        Which preset it started from.
    price_year
        The year whose prices the account is in.
    discount
        Discount rates and timing, one for every measure; the rate of its first step is also the
        assumption `discount_rate`.
    items
        The numbers.
    currency
        The currency of the account; another than NOK has rules of its own, by `Assumptions.bare`.

    Examples
    --------
    >>> rules = Assumptions.r109()
    >>> rules.employer_contribution, rules.tax_financing_cost, rules.discount_rate
    (0.141, 0.2, 0.04)
    >>> rules["employer_contribution"].status
    'seen'
    >>> rules.replace(employer_contribution=0.13).employer_contribution
    0.13
    >>> rules.replace(vacancy=0.4).displacement
    0.6
    >>> Assumptions.r109(zone="IVa").employer_contribution
    0.079
    """

    preset: str
    price_year: int
    discount: Discount
    items: tuple[Assumption, ...]
    currency: str = "NOK"

    def __post_init__(self) -> None:
        rate, first = self["discount_rate"].value, self.discount.ladder[0][1]
        if rate != first:
            raise AssumptionError(
                "The discount rate stands in two places with two values",
                found=f"discount_rate {rate:g}, first step of the ladder {first:g}",
                do="change one of them with replace(); the other follows",
            )
        if self.municipal_tax_share + self.county_tax_share > 1:
            raise AssumptionError(
                "Municipality and county get more than the whole income tax",
                found=f"{self.municipal_tax_share:g} and {self.county_tax_share:g}",
                do="give shares that sum to at most 1; the state gets the rest",
            )

    @classmethod
    def r109(cls, *, zone: str = "I") -> Assumptions:
        """Return the assumptions of circular R-109/2021, with the reference rows for the rest.

        Parameters
        ----------
        zone
            Zone of the employer's contribution: I, Ia, II, III, IV, IVa, V, or "average".
        """
        return cls("r109", _PRICE_YEAR, Discount(), preset_items(zone))

    @classmethod
    def simplified(cls) -> Assumptions:
        """Return the simplified account: no pension, no employer's contribution.

        Notes
        -----
        Wage gain - programme cost + 0.20 x (tax + benefits saved - outlays): the same ledger with
        p = g = 0.
        """
        return cls.r109()._simplified()

    def _simplified(self) -> Assumptions:
        """Return the same assumptions without pension and contribution."""
        items = tuple(
            _left_out(item, "left out of the simplified account") if item.name in LEFT_OUT else item
            for item in self.items
        )
        return replace(self, preset="simplified", items=items)

    @classmethod
    def bare(
        cls, *, currency: str = "NOK", price_year: int = _PRICE_YEAR, discount_rate: float
    ) -> Assumptions:
        """Return an account without rules of its own, in any currency: what you do not give is 0.

        Parameters
        ----------
        currency
            ISO code of the currency that effects and costs are in.
        price_year
            The year whose prices they are in; nothing is converted.
        discount_rate
            One real rate for ever, flows at the start of the year; `replace(discount=)` for others.

        Notes
        -----
        No pension, no employer's contribution, no tax, no tax-financing cost: a wage is worth its
        amount to society, and stays with the participant. Give the programme's own rates with
        `replace`. The memo, the budgets, the bridge and the workbook speak of the Norwegian rules,
        and refuse such an account.

        Examples
        --------
        >>> rules = Assumptions.bare(currency="USD", price_year=1976, discount_rate=0.05)
        >>> rules.replace(tax_rate_wage=0.12).tax_financing_cost, rules.currency
        (0.0, 'USD')
        """
        if not isinstance(currency, str) or not is_money(currency):
            raise OptionError(
                "A currency is named by its ISO code",
                found=arguments.shown(currency),
                do='write currency="USD", or another code of three letters',
            )
        arguments.whole("price_year", price_year, low=1)
        items = tuple(
            item if item.name in _KEPT else _left_out(item, NO_RULE) for item in preset_items("I")
        )
        discount = Discount.flat(discount_rate)
        first = discount_assumption(discount.ladder[0][1])
        items = tuple(first if item.name == "discount_rate" else item for item in items)
        return cls("bare", price_year, discount, items, currency)

    def __getitem__(self, name: str) -> Assumption:
        """Return one assumption with its unit, source, status and range."""
        for item in self.items:
            if isinstance(name, str) and item.name == name:
                return item
        raise OptionError(
            f"There is no assumption {arguments.shown(name)}",
            found=", ".join(self._names),
            do=f"use one of these names{nearest(name, self._names)}",
        )

    def __getattr__(self, name: str) -> float:
        # Only called for what is no field; `items` itself is missing while the object is unpacked.
        for item in self.__dict__.get("items", ()):
            if item.name == name:
                return float(item.value)
        known = [item.name for item in self.__dict__.get("items", ())]
        raise AttributeError(f"Assumptions has no value {name!r}{nearest(name, known)}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names]

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.items)

    def replace(self, **changes: Unpack[Changes]) -> Assumptions:
        """Return a copy with some values changed; what is changed is marked as the analyst's own.

        Parameters
        ----------
        **changes
            New values by name: the names of `to_frame()`, `price_year` and `discount`. A new price
            year converts the assumptions in kroner by the consumer price index. `vacancy`, the
            share of the posts that were otherwise vacant, sets `wage_bill` to it and
            `displacement` to the rest.

        Returns
        -------
        Assumptions

        Raises
        ------
        OptionError
            A name that does not exist (the nearest one is suggested), a value outside its bounds,
            or `discount` beside `discount_rate`.
        AssumptionError
            Tax shares that sum to more than one.
        """
        values = linked(changes)
        discount = self._discount(values)
        price_year = arguments.whole("price_year", values.pop("price_year", self.price_year))
        factor = self._factor(price_year)
        changed = {name: self[name] for name in values}  # raises on a name that does not exist
        items = tuple(
            item.changed(values[item.name])
            if item.name in changed
            else discount_assumption(discount.ladder[0][1])
            if item.name == "discount_rate" and discount != self.discount
            else item
            for item in (in_kroner(each, factor) for each in self.items)
        )
        return Assumptions(self.preset, price_year, discount, items, self.currency)

    def _factor(self, price_year: int) -> float:
        """Return what the assumptions in money are multiplied by, or raise without an index."""
        if self.currency == "NOK" and (self.preset != "bare" or price_year != self.price_year):
            return PriceIndex.kpi().factor(self.price_year, price_year)  # the year has an index
        if price_year == self.price_year:
            return 1.0
        raise AssumptionError(
            f"Prices in {self.currency} are not converted: the consumer price index is Norwegian",
            found=f"price_year={price_year}, assumptions in prices of {self.price_year}",
            do=f"convert effects and costs to {price_year}, and write"
            f" mih.Assumptions.bare(currency={self.currency!r}, price_year={price_year}, ...)",
        )

    def _discount(self, values: dict[str, Any]) -> Discount:
        """Take the discount out of the changes, or bring its first step in line with them."""
        given = values.pop("discount", None)
        if given is not None and "discount_rate" in values:
            raise OptionError(
                "The discount is given twice",
                found="discount and discount_rate",
                do="give discount, or the rate of its first step as discount_rate",
            )
        if given is None and "discount_rate" in values:
            self["discount_rate"].changed(values["discount_rate"])  # raises on what is no rate
            return self.discount.with_first_rate(float(values["discount_rate"]))
        if given is not None and not isinstance(given, Discount):
            raise OptionError(
                "discount is not a Discount",
                found=arguments.shown(given),
                do="write discount=mih.Discount.flat(0.03), or mih.Discount() for the R-109 rates",
            )
        return self.discount if given is None else given

    def vary(
        self,
        name: str,
        *,
        low: float | None = None,
        high: float | None = None,
        distribution: Distribution = "triangular",
        points: Points = (),
        source: str = "the analyst's own range",
    ) -> Assumptions:
        """Return a copy in which one assumption has another range or distribution.

        Parameters
        ----------
        name
            The assumption.
        low, high
            The range; None keeps the one it has.
        distribution
            `triangular` (mode at the value), `uniform`, `normal` (the range is its central 95 per
            cent), `discrete`, or `fixed`: in the sensitivity analysis, never drawn.
        points
            Values and probabilities of a discrete distribution.
        source
            Where the range comes from.

        Examples
        --------
        >>> rules = Assumptions.r109().vary("displacement", low=0, high=0.3)
        >>> rules["displacement"].high
        0.3
        """
        old = self[name]
        for end, given in (("low", low), ("high", high)):
            if given is not None:
                arguments.number(end, given)
        new = replace(
            old,
            low=old.low if low is None else float(low),
            high=old.high if high is None else float(high),
            distribution=distribution,
            points=points,
            range_source=source,
        )
        items = tuple(new if item.name == name else item for item in self.items)
        return replace(self, items=items)

    def unsure(self) -> tuple[Assumption, ...]:
        """Return the assumptions that are remembered or assumed: shown wherever they are used."""
        return tuple(item for item in self.items if item.is_unsure and item.source != NO_RULE)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per assumption.

        Returns
        -------
        DataFrame
            `name, value, unit, status, source, low, high, distribution, range_source`; price year
            and discount rates last.
        """
        frame = assumption_rows(self.items)
        more = [["price_year", self.price_year, "year", "choice", "fixed prices"]]
        more.extend(_discount_rows(self.discount))
        rest = pd.DataFrame(more, columns=frame.columns[:5])
        return pd.concat([frame.astype({"value": object}), rest], ignore_index=True).astype(
            {"low": float, "high": float}
        )


def assumption_rows(items: tuple[Assumption, ...]) -> pd.DataFrame:
    """Return assumptions as a table, a row each."""
    columns = [
        "name", "value", "unit", "status", "source", "low", "high", "distribution", "range_source",
    ]  # fmt: skip
    rows = [[getattr(item, column) for column in columns] for item in items]
    return pd.DataFrame(rows, columns=columns).astype({"low": float, "high": float})


def _discount_rows(discount: Discount) -> list[list[object]]:
    """Return the steps of the ladder, for the table of assumptions."""
    official = discount.ladder == Discount().ladder
    status, source = ("seen", "R-109/2021 6.2") if official else ("ASSUMED", "the analyst's own")
    result: list[list[object]] = []
    for last, rate in discount.ladder:
        until = "after" if last is None else f"to year {last}"
        name = f"discount rate, {until} ({discount.timing} of year)"
        result.append([name, rate, "per year, real", status, source])
    return result
