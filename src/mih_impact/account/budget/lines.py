"""The account as budgets see it: which line of whose budget, and in which ministry's field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.roles import GROUP_LABELS, PUBLIC, STATE_BENEFITS
from mih_impact.account.tables import line_values
from mih_impact.account.values import AccountValues
from mih_impact.display.locale import Label
from mih_impact.errors import AssumptionError, OptionError
from mih_impact.reference.budget_lines import DEPARTMENTS, BudgetLine, budget_lines
from mih_impact.reference.prices import PriceIndex

if TYPE_CHECKING:
    from mih_impact.account.ledger import Line

__all__ = ["block_of", "budget_frame", "department_frame", "line_label", "price_factors"]

FloatArray = NDArray[np.float64]

_OWN = Label(nb="egen post", en="line of its own")


def known_line(name: str) -> BudgetLine | None:
    """Return a budget line of the reference table, None for one of the analyst's own."""
    return next((line for line in budget_lines() if line.name == name), None)


def line_label(name: str, fallback: Label) -> str:
    """Return the displayed name of a budget line; one of the analyst's own is called as it is."""
    known = known_line(name)
    if known is None:
        return name or fallback.text()
    return Label(nb=known.label_nb, en=known.label_en).text()


def block_of(line: Line) -> str:
    """Return the block of the budget a flow belongs to: grants, rule_bound or revenue."""
    known = known_line(line.budget_line)
    if known is not None:
        return known.block
    component = line.component.removeprefix("displacement:")
    if component == STATE_BENEFITS or component.startswith("benefit:"):
        return "rule_bound"
    return "revenue" if component in ("income_tax", "contribution") else "grants"


def budget_frame(case: AccountValues) -> pd.DataFrame:
    """Return the public budgets line by line; see `CostBenefit.by_budget`."""
    ledger = case.model.ledger()
    values = line_values(case.model, case.effects)
    rows = [
        _row(line, actor, float(sign * value))
        for line, signs, value in zip(ledger.lines, ledger.signs, values, strict=True)
        for actor, sign in ((line.receiver, 1.0), (line.payer, -1.0))
        if actor in PUBLIC and signs.any()
    ]
    keys = [name for name in _COLUMNS if name != "present_value"]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    groups = frame.groupby(keys, sort=False, as_index=False, dropna=False)
    frame = pd.DataFrame(groups[["present_value"]].sum())
    order = frame["budget"].map({actor: place for place, actor in enumerate(PUBLIC)})
    return frame.loc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def _row(line: Line, actor: str, value: float) -> dict[str, object]:
    known = known_line(line.budget_line)
    return {
        "budget": actor,
        "department": "" if known is None else known.department,
        "budget_line": line.budget_line,
        "label": line_label(line.budget_line, line.label),
        "posts": "" if known is None else ", ".join(str(post) for post in known.posts),
        "block": block_of(line),
        "cash": line.cash,
        "present_value": value,
        "status": "ASSUMED" if known is None else known.status,
        "source": line.source if known is None else known.source,
    }


_COLUMNS = [
    "budget", "department", "budget_line", "label", "posts", "block", "cash", "present_value",
    "status", "source",
]  # fmt: skip


def department_frame(case: AccountValues) -> pd.DataFrame:
    """Return the public budgets by ministry and level; see `CostBenefit.by_department`."""
    frame = budget_frame(case)
    names = [
        _name(str(budget), str(department))
        for budget, department in zip(frame["budget"], frame["department"], strict=True)
    ]
    frame = frame.assign(label=names, in_cash=frame["present_value"].where(frame["cash"], 0.0))
    keys = ["budget", "department", "label"]
    return frame.groupby(keys, sort=False, as_index=False)[["present_value", "in_cash"]].sum()


def _name(budget: str, department: str) -> str:
    if department:
        return Label(*DEPARTMENTS[department]).text()
    own = GROUP_LABELS[budget].text()
    return f"{own}, {_OWN.text()}" if budget == "state" else own


_FIXED = Label(nb="faste {year}-priser", en="fixed {year} prices")
_BY = Label(nb="faste {year}-priser etter {index}", en="fixed {year} prices by {index}")
_NOMINAL = Label(nb="løpende priser etter {index}", en="current prices by {index}")

#: What `PriceIndex.from_mapping` calls an index that nobody named.
_NAMELESS = ("own index", "user", "")
_PRICES_OWN = Label(nb="egen prisindeks", en="an index of our own")
_CPI = Label(
    nb="konsumprisindeksen (Statistisk sentralbyrå)",
    en="the consumer price index (Statistics Norway)",
)


def price_factors(
    price_year: int,
    budget_year: int | None,
    price_path: PriceIndex | None,
    nominal: bool,
    years: Sequence[int],
) -> tuple[FloatArray, Label]:
    """Return what turns the account's kroner into those shown, year by year, and how to say so.

    Parameters
    ----------
    price_year
        The account's own.
    budget_year, price_path, nominal
        As for `budget_impact`.
    years
        The Y calendar years.

    Returns
    -------
    tuple
        Factors, shape (Y,), and the words for the prices.
    """
    arguments.flag("nominal", nominal)
    if price_path is not None:
        arguments.instance(
            "budget_impact", price_path, PriceIndex, "a PriceIndex as price_path",
            "write mih.PriceIndex.from_mapping({2024: 100, 2025: 103}, name=..., source=...)",
        )  # fmt: skip
    if budget_year is not None:
        arguments.whole("budget_year", budget_year)
    if nominal:
        return _nominal(price_year, budget_year, price_path, years)
    to = price_year if budget_year is None else int(budget_year)
    if price_path is not None and to == price_year:
        raise OptionError(
            "The price path is given, and nothing uses it",
            found=f"price_path={arguments.shown(price_path.name)}, amounts in prices of {to}",
            do="give nominal=True for current prices, or the budget_year whose prices you want;"
            " or leave price_path out",
        )
    index = price_path or PriceIndex.kpi()
    if to != price_year and not {to, price_year} <= set(index.years):
        raise AssumptionError(
            f"There is no price index to show prices of {to}",
            found=f"{index.name}, {index.range}; the account is in prices of {price_year}",
            do=f"give price_path=mih.PriceIndex.from_mapping({{{price_year}: ..., {to}: ...}},"
            " name='...', source='...'), or leave budget_year out",
        )
    factor = index.factor(price_year, to) if to != price_year else 1.0
    words = _FIXED if price_path is None else _BY
    return np.full(len(years), factor), words.format(year=to, index=_called(index))


def _nominal(
    price_year: int,
    budget_year: int | None,
    price_path: PriceIndex | None,
    years: Sequence[int],
) -> tuple[FloatArray, Label]:
    if price_path is None:
        raise OptionError(
            "Current prices need a price path, with a name and a source",
            found="nominal=True without price_path",
            do="give price_path=mih.PriceIndex.from_mapping({...}, name='...', source='...'), or"
            " stay with fixed prices",
        )
    if {price_path.name, price_path.source} & set(_NAMELESS):
        raise OptionError(
            "Current prices need a price path that says what it is, and whose",
            found=f"name {arguments.shown(price_path.name)},"
            f" source {arguments.shown(price_path.source)}",
            do="give it both: mih.PriceIndex.from_mapping({...}, name='...', source='...')",
        )
    if budget_year is not None:
        raise OptionError(
            "Current prices are of each year, and budget_year asks for those of one",
            found=f"nominal=True with budget_year={budget_year}",
            do="leave one of them out",
        )
    absent = sorted({price_year, *years} - set(price_path.years))
    if absent:
        raise AssumptionError(
            "The price path does not reach every year",
            found=f"{price_path.range}; without {', '.join(map(str, absent))}",
            do=f"give it years {min(price_year, *years)} to {max(years)}",
        )
    index = dict(zip(price_path.years, price_path.values, strict=True))
    factors = np.array([index[year] / index[price_year] for year in years])
    return factors, _NOMINAL.format(index=_called(price_path))


def _called(index: PriceIndex) -> Label | str:
    """Return what an index is called, and whose it is: in the analyst's words if she has any."""
    if index == PriceIndex.kpi():
        return _CPI
    named = [part for part in (index.name, index.source) if part not in _NAMELESS]
    return f"{named[0]} ({named[1]})" if len(named) == 2 else named[0] if named else _PRICES_OWN
