"""The account as budgets see it: which line of whose budget, and in which ministry's field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.economics.actors import GROUP_LABELS, PUBLIC
from mih_impact.economics.roles import STATE_BENEFITS
from mih_impact.economics.tables import line_values
from mih_impact.reference.budget_lines import DEPARTMENTS, BudgetLine, budget_line, budget_lines

if TYPE_CHECKING:
    from mih_impact.economics.ledger import Line
    from mih_impact.economics.values import AccountValues

__all__ = ["block_of", "budget_frame", "department_frame", "line_label"]

_KNOWN = frozenset(line.name for line in budget_lines())
_OWN = Label(nb="egen post", en="line of its own")


def known_line(name: str) -> BudgetLine | None:
    """Return a budget line of the reference table, None for one of the analyst's own."""
    return budget_line(name) if name in _KNOWN else None


def line_label(name: str, fallback: Label, lang: Lang | None = None) -> str:
    """Return the displayed name of a budget line; one of the analyst's own is called as it is."""
    known = known_line(name)
    if known is None:
        return name or fallback.text(lang)
    return Label(nb=known.label_nb, en=known.label_en).text(lang)


def block_of(line: Line) -> str:
    """Return the block of the budget a flow belongs to: grants, rule_bound or revenue."""
    known = known_line(line.budget_line)
    if known is not None:
        return known.block
    component = line.component.removeprefix("displacement:")
    if component == STATE_BENEFITS or component.startswith("benefit:"):
        return "rule_bound"
    return "revenue" if component in ("income_tax", "contribution") else "grants"


def budget_frame(case: AccountValues, lang: Lang | None = None) -> pd.DataFrame:
    """Return the public budgets line by line; see `CostBenefit.by_budget`."""
    ledger = case._books.ledger()
    values = line_values(case._books, case.effects)
    rows = [
        _row(line, actor, float(sign * value), lang)
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


def _row(line: Line, actor: str, value: float, lang: Lang | None) -> dict[str, object]:
    known = known_line(line.budget_line)
    return {
        "budget": actor,
        "department": "" if known is None else known.department,
        "budget_line": line.budget_line,
        "label": line_label(line.budget_line, line.label, lang),
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


def department_frame(case: AccountValues, lang: Lang | None = None) -> pd.DataFrame:
    """Return the public budgets by ministry and level; see `CostBenefit.by_department`."""
    frame = budget_frame(case, lang)
    names = [
        _name(str(budget), str(department), lang)
        for budget, department in zip(frame["budget"], frame["department"], strict=True)
    ]
    frame = frame.assign(label=names, in_cash=frame["present_value"].where(frame["cash"], 0.0))
    keys = ["budget", "department", "label"]
    return frame.groupby(keys, sort=False, as_index=False)[["present_value", "in_cash"]].sum()


def _name(budget: str, department: str, lang: Lang | None) -> str:
    if department:
        return Label(*DEPARTMENTS[department]).text(lang)
    own = GROUP_LABELS[budget].text(lang)
    return f"{own}, {_OWN.text(lang)}" if budget == "state" else own
