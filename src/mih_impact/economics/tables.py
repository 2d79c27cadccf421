"""The account as tidy tables: the truth that cards and figures are views of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.economics.actors import GROUPS
from mih_impact.economics.books import Books
from mih_impact.economics.evaluate import probability_positive

if TYPE_CHECKING:
    from mih_impact.economics.case import CostBenefit

__all__ = [
    "actor_frame",
    "component_frame",
    "ledger_frame",
    "line_values",
    "starters_behind",
    "year_frame",
]

FloatArray = NDArray[np.float64]

_Z = NormalDist().inv_cdf(0.975)


def ledger_frame(books: Books, effects: FloatArray) -> pd.DataFrame:
    """Return every entry: a real flow once a year, a transfer once for each side."""
    ledger, factors = books.ledger(), _line_factors(books)
    entries = [
        (line, actor, row, sign)
        for row, line in enumerate(ledger.lines)
        for actor, sign in ((line.payer, -1.0), (line.receiver, 1.0))
        if actor is not None
    ]
    rows = [row for _, _, row, _ in entries]
    signs = np.array([sign for _, _, _, sign in entries])
    amounts = signs[:, None] * ledger.amounts(books.path(effects))[rows]  # (entries, T)
    years = ledger.n_years

    def repeated(values: Sequence[object]) -> NDArray[Any]:
        return np.repeat(np.array(values), years)

    lines = [line for line, _, _, _ in entries]
    return pd.DataFrame(
        {
            "year": np.tile(np.arange(years), len(entries)),
            "component": repeated([line.component for line in lines]),
            "kind": repeated([line.kind for line in lines]),
            "actor": repeated([actor for _, actor, _, _ in entries]),
            "amount": amounts.ravel(),
            "present_value": (amounts * factors[rows]).ravel(),
            "cash": repeated([line.cash for line in lines]),
            "budget_line": repeated([line.budget_line for line in lines]),
            "source": repeated([line.source for line in lines]),
        }
    )


def _line_factors(books: Books) -> FloatArray:
    """Return the discount factors of every line, shape (L, T)."""
    ledger = books.ledger()
    factors = books.factors(ledger, books.setting())
    return np.stack([factors[line.timing] for line in ledger.lines])


def line_values(books: Books, effects: FloatArray) -> FloatArray:
    """Return the present value of every line, shape (L,)."""
    amounts = books.ledger().amounts(books.path(effects))
    return np.asarray((amounts * _line_factors(books)).sum(axis=1))


def component_frame(books: Books, effects: FloatArray) -> pd.DataFrame:
    """Return present values, a row per component and a column per group."""
    ledger = books.ledger()
    values = ledger.group_signs * line_values(books, effects)[:, None] + 0.0  # no negative zeros
    frame = pd.DataFrame(values, columns=list(GROUPS))
    frame.insert(0, "component", [line.component for line in ledger.lines])
    frame.insert(1, "kind", [line.kind for line in ledger.lines])
    return frame.groupby(["component", "kind"], sort=False, as_index=False).sum()


def actor_frame(case: CostBenefit) -> pd.DataFrame:
    """Return present value, uncertainty and break-even, a row per group."""
    years = year_frame(case)
    last = years[years["year_since_start"] == case.horizon - 1].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "actor": last["actor"],
            "present_value": last["cumulative"],
            "std_error": last["std_error"],
            "conf_low": last["conf_low"],
            "conf_high": last["conf_high"],
        }
    )
    pairs = zip(frame["present_value"], frame["std_error"], strict=True)
    frame["probability_positive"] = [
        np.nan if np.isnan(error) else probability_positive(value, error) for value, error in pairs
    ]
    frame["break_even_year"] = pd.array([case.break_even(group) for group in GROUPS], dtype="Int64")
    return frame


def year_frame(case: CostBenefit) -> pd.DataFrame:
    """Return flow, present value and cumulative present value, a row per group and year."""
    amounts = case._ledger.group_amounts(case.path)  # (G, T)
    cumulative = case._cumulative
    errors = case._std_errors if case._std_errors is not None else np.full(amounts.shape, np.nan)
    groups, years = amounts.shape
    return pd.DataFrame(
        {
            "actor": np.repeat(GROUPS, years),
            "year_since_start": np.tile(np.arange(years), groups),
            "amount": amounts.ravel(),
            "present_value": np.diff(cumulative, axis=1, prepend=0.0).ravel(),
            "cumulative": cumulative.ravel(),
            "std_error": errors.ravel(),
            "conf_low": (cumulative - _Z * errors).ravel(),
            "conf_high": (cumulative + _Z * errors).ravel(),
        }
    )


def starters_behind(frame: pd.DataFrame, entered: Mapping[str, str], years: int) -> FloatArray:
    """Return the participants behind the wage effect of each estimated year, shape (years,)."""
    (wage,) = (outcome for outcome, role in entered.items() if role == "wage")
    counts = frame[frame["outcome"] == wage].set_index("year_since_start")["n_participants"]
    return counts.reindex(range(years)).to_numpy(dtype=np.float64)
