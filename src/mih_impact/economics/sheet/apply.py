"""An account kept again under the assumptions of a sheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mih_impact import arguments
from mih_impact.economics.sheet.compare import merged
from mih_impact.economics.sheet.sheet import AssumptionSheet
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.economics.case import CostBenefit

__all__ = ["with_sheet"]


def with_sheet(case: CostBenefit, sheet: AssumptionSheet | str | Path) -> CostBenefit:
    """Return the account under the assumptions of a sheet; see `CostBenefit.with_sheet`."""
    given = AssumptionSheet.read(sheet) if isinstance(sheet, (str, Path)) else sheet
    arguments.instance(
        "with_sheet", given, AssumptionSheet, "a sheet or its file",
        'give case.sheet(), or "forutsetninger.xlsx"', error=AssumptionError,
    )  # fmt: skip
    new = merged(case.sheet(), given)
    provenance = case.provenance
    if new.persistence != case.persistence:
        _require_persistence(case, given)
        options = {**provenance.options, "persistence": new.persistence}
        provenance = replace(provenance, options=options)
    return replace(
        case,
        assumptions=new.assumptions,
        programme=new.programme.with_facts_of(case.programme),
        persistence=new.persistence,
        provenance=provenance,
    )


def _require_persistence(case: CostBenefit, sheet: AssumptionSheet) -> None:
    """Raise where years after the estimated ones would be left without effects."""
    estimated = case.effects.shape[1]
    if sheet.persistence == "none" and case.horizon > estimated:
        raise AssumptionError(
            f"{sheet.place('account:persistence')}, column 'value': the account has years after the"
            " estimated ones, and nothing is said of their effects",
            found=f"persistence 'none', horizon {case.horizon}, estimated years {estimated}",
            do="write constant, half_life or linear",
        )
