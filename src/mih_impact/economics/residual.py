"""What the account leaves out: the value of the years after its horizon.

R-109 (6.4) asks for the residual value where effects outlast the period: the net present value of
the net benefits after it, from those of the last year. It stands beside the headline and is never
added to it, since nobody has estimated those years: it is shown under named assumptions of what
becomes of the effects, to the age of 67.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.labels import Label, Lang
from mih_impact.economics.actors import GROUPS
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["LAST_AGE", "residual_frame", "years_left"]

FloatArray = NDArray[np.float64]

#: Effects on wages end where working life does.
LAST_AGE = 67

_DECAYS: dict[str, tuple[Label, float | None]] = {
    "none": (Label(nb="effekten holder seg", en="the effect lasts"), None),
    "half_life_5": (Label(nb="halveres hvert femte år", en="halved every five years"), 5.0),
    "half_life_10": (Label(nb="halveres hvert tiende år", en="halved every ten years"), 10.0),
}


def years_left(case: AccountValues) -> int:
    """Return the years from the horizon until the mean starter is 67; not below 0."""
    age = case.programme.age_at_start
    if age is None:
        raise AssumptionError(
            "The residual value runs to the age of 67, and the age at start is not known",
            found=f"programme {case.programme.name!r} without age_at_start",
            do="give Programme(age_at_start=mih.Assumption('age_at_start', 40.0, 'years', ...))",
        )
    return max(0, round(LAST_AGE - age.value) - case.horizon)


def residual_frame(case: AccountValues, lang: Lang | None = None) -> pd.DataFrame:
    """Return the residual value under each decay; see `CostBenefit.residual_value`."""
    last = case.horizon + years_left(case)
    rows = []
    for name, (label, half_life) in _DECAYS.items():
        values, errors = _after(case, last, half_life)
        for group, value, error in zip(GROUPS, values, errors, strict=True):
            years = [case.horizon, last - 1] if last > case.horizon else [pd.NA, pd.NA]
            rows.append([name, label.text(lang), group, *years, value, error])
    columns = [
        "decay", "label", "actor", "first_year", "last_year", "present_value", "std_error",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"first_year": "Int64", "last_year": "Int64"})


def _after(
    case: AccountValues, last: int, half_life: float | None
) -> tuple[FloatArray, FloatArray]:
    """Return present value and standard error of every group in the years after the horizon.

    The years within the horizon are as in the account, whatever its persistence; the effects of its
    last year are the first that decay.
    """
    nothing = np.zeros(len(GROUPS))
    if last == case.horizon:
        return nothing, nothing
    reached = _as_estimated(case)
    longer = replace(
        reached,
        horizon=last,
        persistence="constant" if half_life is None else "half_life",
        assumptions=case.assumptions.replace(half_life=half_life or case.assumptions.half_life),
    )
    books = longer._books.accumulated
    weights = books.weights[:, -1] - books.weights[:, case.horizon - 1]  # (G, R, T)
    constants = books.constants[:, -1] - books.constants[:, case.horizon - 1]
    values = np.einsum("grs,rs->g", weights, reached.effects) + constants
    if reached.covariance is None:
        return values, np.full(len(GROUPS), np.nan)
    c = weights.reshape(len(GROUPS), -1)
    variance = ((c @ reached.covariance) * c).sum(axis=1)
    return values, np.sqrt(np.clip(variance, 0.0, None))


def _as_estimated(case: AccountValues) -> AccountValues:
    """Return the account with the effects of every year of its horizon as if estimated."""
    roles, years = case.effects.shape
    if years == case.horizon:
        return case
    units = np.eye(roles * years).reshape(roles * years, roles, years)
    spread = case._books.path(units).reshape(roles * years, -1)  # (R * S, R * T)
    covariance = None if case.covariance is None else spread.T @ case.covariance @ spread
    return replace(case, effects=case.path, covariance=covariance)
