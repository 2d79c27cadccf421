"""The numbers the account rests on, each with unit, source, status and range.

Values come from the reference rows and keep their status there: a number that is remembered or
assumed is shown as such on every card that uses it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack

import pandas as pd

from mih_impact.display.labels import Label
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError
from mih_impact.reference.discount import Discount
from mih_impact.reference.prices import PriceIndex
from mih_impact.reference.rows import Status, find, rows
from mih_impact.storage import saveable

__all__ = ["Assumption", "Assumptions"]

#: Prices of the presets.
_PRICE_YEAR = 2024

#: Hard bounds by unit; what lies outside is a slip, not an assumption.
_BOUNDS = {
    "share": (0.0, 1.0),
    "NOK per NOK": (0.0, 1.0),
    "NOK per starter": (0.0, math.inf),
}


class Changes(TypedDict, total=False):
    """What `Assumptions.replace` can change."""

    price_year: int
    discount: Discount
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
    leisure: float
    avoided_measures: float


@saveable("Assumption")
@dataclass(frozen=True)
class Assumption:
    """One number of the account.

    Attributes
    ----------
    name
        The name in `Assumptions`.
    value, unit
        The number and what one unit of it is.
    status
        seen, derived, remembered or ASSUMED, as in the reference rows.
    source
        Where the number comes from.
    low, high
        The range to vary it over; None if none is known.
    label
        The displayed name.
    """

    name: str
    value: float
    unit: str
    status: Status
    source: str
    low: float | None
    high: float | None
    label: Label

    @property
    def is_unsure(self) -> bool:
        """Whether it is remembered or assumed, and must be shown as such."""
        return self.status in ("remembered", "ASSUMED")

    def changed(self, value: float) -> Assumption:
        """Return the assumption with the analyst's own value, marked as hers."""
        _require_value(self, value)
        if value == self.value:
            return self
        return replace(self, value=float(value), status="ASSUMED", source="the analyst's own value")


@saveable("Assumptions")
@dataclass(frozen=True)
class Assumptions:
    """The assumptions of an account; every value is an attribute of its own name.

    Made by `Assumptions.r109()` or `Assumptions.simplified()`, changed by `replace`.

    Attributes
    ----------
    preset
        Which preset it started from.
    price_year
        The year whose prices the account is in.
    discount
        Discount rates and timing, one for every measure.
    items
        The numbers.

    Examples
    --------
    >>> rules = Assumptions.r109()
    >>> rules.employer_contribution, rules.tax_financing_cost
    (0.141, 0.2)
    >>> rules["employer_contribution"].status
    'seen'
    >>> rules.replace(employer_contribution=0.13).employer_contribution
    0.13
    """

    preset: str
    price_year: int
    discount: Discount
    items: tuple[Assumption, ...]

    @classmethod
    def r109(cls) -> Assumptions:
        """Return the assumptions of circular R-109/2021, with the reference rows for the rest."""
        return cls("r109", _PRICE_YEAR, Discount(), _base_items())

    @classmethod
    def simplified(cls) -> Assumptions:
        """Return the simplified account: no pension, no employer's contribution.

        Notes
        -----
        Wage gain - programme cost + 0.20 x (tax + benefits saved - outlays): the same ledger with
        p = g = 0.
        """
        left_out = {"pension_share", "employer_contribution"}
        source = "left out of the simplified account"
        items = tuple(
            replace(item, value=0.0, status="ASSUMED", source=source)
            if item.name in left_out
            else item
            for item in _base_items()
        )
        return cls("simplified", _PRICE_YEAR, Discount(), items)

    def __getitem__(self, name: str) -> Assumption:
        """Return one assumption with its unit, source, status and range."""
        for item in self.items:
            if item.name == name:
                return item
        raise AssumptionError(
            f"There is no assumption {name!r}",
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
            year converts the assumptions in kroner by the consumer price index.

        Returns
        -------
        Assumptions

        Raises
        ------
        AssumptionError
            A name that does not exist (the nearest one is suggested), a value outside its bounds,
            or tax shares that sum to more than one.
        """
        values: dict[str, Any] = dict(changes)
        discount = values.pop("discount", self.discount)
        if not isinstance(discount, Discount):
            raise AssumptionError(
                "discount is not a Discount",
                found=repr(discount),
                do="write discount=Discount.flat(0.03), or Discount() for the R-109 rates",
            )
        price_year = int(values.pop("price_year", self.price_year))
        items = _in_prices(self.items, self.price_year, price_year)
        changed = {name: self[name] for name in values}  # raises on a name that does not exist
        items = tuple(
            item.changed(values[item.name]) if item.name in changed else item for item in items
        )
        new = Assumptions(self.preset, price_year, discount, items)
        if new.municipal_tax_share + new.county_tax_share > 1:
            raise AssumptionError(
                "Municipality and county get more than the whole income tax",
                found=f"{new.municipal_tax_share:g} and {new.county_tax_share:g}",
                do="give shares that sum to at most 1; the state gets the rest",
            )
        return new

    def unsure(self) -> tuple[Assumption, ...]:
        """Return the assumptions that are remembered or assumed: shown wherever they are used."""
        return tuple(item for item in self.items if item.is_unsure)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per assumption.

        Returns
        -------
        DataFrame
            `name, value, unit, status, source, low, high`; price year and discount rates last.
        """
        columns = ["name", "value", "unit", "status", "source", "low", "high"]
        frame = [[getattr(item, column) for column in columns] for item in self.items]
        frame.append(["price_year", self.price_year, "year", "choice", "fixed prices", None, None])
        frame.extend(_discount_rows(self.discount))
        return pd.DataFrame(frame, columns=columns).astype({"low": float, "high": float})


def _discount_rows(discount: Discount) -> list[list[object]]:
    """Return the steps of the ladder, for the table of assumptions."""
    official = discount.ladder == Discount().ladder
    status, source = ("seen", "R-109/2021 6.2") if official else ("ASSUMED", "the analyst's own")
    result: list[list[object]] = []
    for last, rate in discount.ladder:
        until = "after" if last is None else f"to year {last}"
        name = f"discount rate, {until} ({discount.timing} of year)"
        result.append([name, rate, "per year, real", status, source, None, None])
    return result


def _require_value(item: Assumption, value: object) -> None:
    """Raise unless the value can be meant."""
    low, high = _BOUNDS[item.unit]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and low <= float(value) <= high and math.isfinite(float(value)):  # type: ignore[arg-type]
        return
    percent = is_number and high == 1.0 and 1.0 < float(value) <= 100.0  # type: ignore[arg-type]
    hint = f"; {value:g} per cent is {float(value) / 100:g}" if percent else ""  # type: ignore[arg-type]
    upper = "" if math.isinf(high) else f" to {high:g}"
    raise AssumptionError(
        f"{item.name} has a value it cannot have",
        found=f"{value!r}",
        do=f"give {item.unit}, from {low:g}{upper}{hint}",
    )


def _in_prices(items: tuple[Assumption, ...], old: int, new: int) -> tuple[Assumption, ...]:
    """Return the assumptions with those in kroner in the prices of another year."""
    factor = PriceIndex.kpi().factor(old, new)  # also the check that the year has an index
    return tuple(
        replace(
            item,
            value=factor * item.value,
            low=None if item.low is None else factor * item.low,
            high=None if item.high is None else factor * item.high,
        )
        if item.unit.startswith("NOK per starter") and old != new
        else item
        for item in items
    )


def _range(note: str) -> tuple[float | None, float | None]:
    """Return the range a reference row states in its note ("range 0-60 000: ...").

    Examples
    --------
    >>> _range("range 0-60 000: controls also get measures"), _range("none")
    ((0.0, 60000.0), (None, None))
    """
    found = re.search(r"range (\d[\d.]*)-(\d[\d.]*(?: \d{3})*)", note)
    if found is None:
        return None, None
    return float(found[1]), float(found[2].replace(" ", ""))


_NO_SOURCE = {"ASSUMED": "ours, without a source", "remembered": "from memory"}


def _from_row(name: str, table: str, row: str, unit: str, label: Label) -> Assumption:
    """Return the assumption that a reference row holds."""
    found = find(rows(table), row)
    low, high = _range(found.note)
    source = found.source or found.note or _NO_SOURCE.get(found.status, "no source")
    return Assumption(name, found.number, unit, found.status, source, low, high, label)


def _own(name: str, value: float, source: str, label: Label) -> Assumption:
    """Return a choice of ours, between 0 and 1."""
    return Assumption(name, value, "share", "ASSUMED", source, 0.0, 1.0, label)


def _base_items() -> tuple[Assumption, ...]:
    """Return every number, read from the reference rows where there is one."""
    blocks = "cost_building_blocks"
    zones = [each.number for each in rows("employer_contribution")]
    contribution = _from_row(
        "employer_contribution", "employer_contribution", "I", "share",
        Label(nb="arbeidsgiveravgift (sone I)", en="employer's contribution (zone I)"),
    )  # fmt: skip
    return (
        _from_row("pension_share", blocks, "pension and social costs share of wage", "share",
                  Label(nb="pensjon og sosiale kostnader, andel av lønn",
                        en="pension and social costs, share of wage")),
        replace(contribution, low=min(zones), high=max(zones)),
        _from_row("tax_rate_wage", blocks, "effective tax on the increment, wage", "share",
                  Label(nb="effektiv skatt på økt lønn", en="effective tax on added wage")),
        _from_row("tax_rate_benefits", blocks, "effective tax on taxable benefits", "share",
                  Label(nb="effektiv skatt på skattepliktige ytelser",
                        en="effective tax on taxable benefits")),
        _from_row("taxable_benefit_share", blocks, "taxable share of Nav benefits", "share",
                  Label(nb="skattepliktig andel av ytelser samlet",
                        en="taxable share of benefits in total")),
        _from_row("municipal_tax_share", blocks, "municipal share of income tax", "share",
                  Label(nb="kommunens andel av inntektsskatten",
                        en="municipality's share of income tax")),
        _from_row("county_tax_share", blocks, "county share of income tax", "share",
                  Label(nb="fylkeskommunens andel av inntektsskatten",
                        en="county's share of income tax")),
        _from_row("tax_financing_cost", "r109_2021", "tax_financing_cost", "NOK per NOK",
                  Label(nb="skattefinansieringskostnad", en="tax-financing cost")),
        _own("wage_bill", 0.0, "ours: the posts are budgeted anyway",
             Label(nb="andel av stillingene som er nye kommunale penger",
                   en="share of the posts that is new municipal money")),
        _own("displacement", 0.0, "ours: nobody is pushed out of a post",
             Label(nb="fortrengning", en="displacement")),
        _own("leisure", 0.0, "ours: job-seekers have a duty to be available for work",
             Label(nb="verdi av fritid, andel av nettolønn",
                   en="value of leisure, share of net wage")),
        _from_row("avoided_measures", blocks, "avoided measures of the controls (Nav)",
                  "NOK per starter",
                  Label(nb="sparte andre tiltak", en="other measures avoided")),
    )  # fmt: skip
