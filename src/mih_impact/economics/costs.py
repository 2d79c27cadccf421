"""What the programme costs, phase by phase: who pays, who gets that far, how sure we are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mih_impact.display.labels import Label, Lang
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.cost_item import CostItem
from mih_impact.economics.labels import AVOIDED_MEASURES
from mih_impact.economics.programme import Programme

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["costs_frame"]

_WHOLE = Label(nb="hele løpet", en="the whole course")
_NEGATIVE = "saving"


def costs_frame(case: AccountValues, lang: Lang | None = None) -> pd.DataFrame:
    """Return the costs of the account by phase; see `CostBenefit.costs`."""
    programme = case._books.programme
    order = ["", *(phase.name for phase in programme.phases)]
    items = sorted(programme.items, key=lambda item: order.index(item.phase))
    rows = [_row(item, programme, case, lang) for item in items]
    if case.has_headline("avoided_measures"):
        saved = case.assumptions["avoided_measures"]
        rows.append(_avoided(saved, float(case.discount_factors[0]), lang))
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"low": float, "high": float})


def _row(
    item: CostItem, programme: Programme, case: AccountValues, lang: Lang | None
) -> dict[str, object]:
    discount = case.assumptions.discount
    factors = discount if item.timing is None else discount.with_timing(item.timing)
    phase = next((each for each in programme.phases if each.name == item.phase), None)
    kept = item.profile[: case.horizon]
    scale = item.reach * float(kept @ factors.factors(len(kept)))
    return {
        "phase": item.phase,
        "phase_label": (_WHOLE if phase is None else phase.label).text(lang),
        "when": "" if phase is None or phase.when is None else phase.when.text(lang),
        "item": item.name,
        "label": item.label.text(lang),
        "kind": item.kind,
        "payer": item.payer,
        "receiver": item.receiver or "",
        "reach": item.reach,
        "cash": item.cash,
        "budget_line": item.budget_line,
        "per_participant_in_phase": item.total,
        "per_starter": item.reach * item.total,
        "present_value": item.total * scale,
        "low": None if item.low is None else item.low * scale,
        "high": None if item.high is None else item.high * scale,
        "status": item.status,
        "source": item.source,
        "range_source": item.range_source,
    }


def _avoided(saved: Assumption, factor: float, lang: Lang | None) -> dict[str, object]:
    """Return what the controls' own measures would have cost, as a saving."""
    return {
        "phase": "", "phase_label": _WHOLE.text(lang), "when": "", "item": "avoided_measures",
        "label": AVOIDED_MEASURES.text(lang), "kind": _NEGATIVE, "payer": "state", "receiver": "",
        "reach": 1.0, "cash": True, "budget_line": "labour_market_measures",
        "per_participant_in_phase": -saved.value, "per_starter": -saved.value,
        "present_value": -factor * saved.value,
        "low": None if saved.high is None else -factor * saved.high,
        "high": None if saved.low is None else -factor * saved.low,
        "status": saved.status, "source": saved.source, "range_source": saved.range_source,
    }  # fmt: skip


_COLUMNS = [
    "phase", "phase_label", "when", "item", "label", "kind", "payer", "receiver", "reach", "cash",
    "budget_line", "per_participant_in_phase", "per_starter", "present_value", "low", "high",
    "status", "source", "range_source",
]  # fmt: skip
