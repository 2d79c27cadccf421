"""The apprenticeship of a programme: who becomes an apprentice, when, and who pays them what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.display.labels import Label
from mih_impact.economics.actors import ACTORS
from mih_impact.economics.assumption import Assumption, in_kroner
from mih_impact.economics.checks import nearest, require_named
from mih_impact.errors import AssumptionError
from mih_impact.reference.prices import PriceIndex
from mih_impact.storage import saveable

__all__ = ["PAY_TERMS", "Apprenticeship", "pay_term"]

#: What apprentice pay is reckoned from: the name of each assumption, its unit and its label.
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


@saveable("Apprenticeship")
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
        A sentence for the card of `municipality_view`, on pay that is not in it.

    Raises
    ------
    AssumptionError
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
        if self.employer not in ACTORS:
            raise AssumptionError(
                "The employer of the apprentices is an unknown actor",
                found=arguments.shown(self.employer),
                do=f"use one of {', '.join(ACTORS)}{nearest(self.employer, ACTORS)}",
            )
        shares = arguments.listed(self.by_year) or []
        fit = all(arguments.is_number(share) and share >= 0 for share in shares)
        if not fit or not math.isclose(math.fsum(shares), 1.0, abs_tol=1e-9):
            raise AssumptionError(
                "by_year says how the apprenticeship is spread over the years since start",
                found=f"by_year={arguments.shown(self.by_year)}",
                do="give shares from year 0 on that sum to 1, such as [0, 0.45, 0.55]",
            )
        object.__setattr__(self, "by_year", tuple(map(float, shares)))
        arguments.whole("price_year", self.price_year, error=AssumptionError)
        require_named("The phase of the apprenticeship", self.phase, *filter(None, (self.note,)))
        for item, (name, (unit, _)) in zip(self.terms, PAY_TERMS.items(), strict=True):
            if not isinstance(item, Assumption) or (item.name, item.unit) != (name, unit):
                raise AssumptionError(
                    f"{name} of the apprenticeship is an assumption of that name in {unit}",
                    found=f"{item.name} in {item.unit}"
                    if isinstance(item, Assumption)
                    else arguments.shown(item),
                    do=f"give mih.Assumption('{name}', ..., '{unit}', 'ASSUMED', 'whose number it "
                    "is', None, None, mih.Label(nb='...', en='...'))",
                )

    @property
    def terms(self) -> tuple[Assumption, Assumption, Assumption]:
        """What the pay is reckoned from, in the order of `PAY_TERMS`."""
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
        index = index or PriceIndex.kpi()
        moved = in_kroner(self.skilled_wage, index.factor(self.price_year, price_year))
        source = f"{moved.source}, by the consumer price index {self.price_year}-{price_year}"
        wage = replace(moved, source=source, status="derived")
        return replace(self, skilled_wage=wage, price_year=price_year)
