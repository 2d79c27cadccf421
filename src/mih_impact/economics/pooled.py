"""An account in which benefits of few persons stand in sum, for what is written to files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact.display.labels import Label
from mih_impact.display.options import current
from mih_impact.economics.roles import Benefit
from mih_impact.effects.contributions import thin_when_pooled
from mih_impact.effects.subgroups.hidden import pools
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.economics.case import CostBenefit

__all__ = ["pooled"]

_AND = Label(nb=" og ", en=" and ")


def pooled(case: CostBenefit) -> CostBenefit:
    """Return the account with the benefits of each pool as one; see `hidden.pools`.

    Amounts of one payer, taxed alike, enter every flow by the same coefficients, so that the
    account of their sum is the account of each of them.

    Raises
    ------
    AssumptionError
        An outcome is too few persons' and has none to be one with.
    """
    if case.giving is None:
        return case
    members = pools(case.giving, case.giving)
    _require_safe(case.giving, members)
    sets = tuple(dict.fromkeys(members.get(name, (name,)) for name in case.outcomes))
    if len(sets) == len(case.outcomes):
        return case
    to = np.array([[float(name in own) for name in case.outcomes] for own in sets])
    whole = np.kron(to, np.eye(case.effects.shape[1]))
    found = {
        own: _benefit(case, own) if len(own) > 1 else _own_benefit(case, own[0]) for own in sets
    }
    return replace(
        case,
        effects=_frozen(to @ case.effects),
        covariance=None if case.covariance is None else _frozen(whole @ case.covariance @ whole.T),
        outcomes=tuple("+".join(own) for own in sets),
        roles=tuple(
            case.roles[case.outcomes.index(own[0])] if benefit is None else benefit.role
            for own, benefit in found.items()
        ),
        benefits=tuple(benefit for benefit in found.values() if benefit is not None),
        giving=None,
    )


def _require_safe(giving: pd.DataFrame, members: dict[str, tuple[str, ...]]) -> None:
    """Raise where an outcome would still be told, alone or in its pool."""
    for own in dict.fromkeys(members.values()):
        parts = [giving[giving["outcome"] == name] for name in own]
        thin = thin_when_pooled(parts)
        if thin.any():
            years = ", ".join(str(int(year)) for year in parts[0]["level"][thin])
            raise AssumptionError(
                f"The account would give away amounts of single persons: {', '.join(own)}",
                found=f"fewer than {current().min_cell} persons with an amount, or one with more"
                f" than half of it, in year {years} since start",
                do=f"leave it out of the account: roles={{{own[0]!r}: None}}; or, where the file"
                " stays with those who may see it, write it within mih.options(min_cell=1)",
            )


def _own_benefit(case: CostBenefit, outcome: str) -> Benefit | None:
    role = case.roles[case.outcomes.index(outcome)]
    return next((benefit for benefit in case.benefits if benefit.role == role), None)


def _benefit(case: CostBenefit, outcomes: Sequence[str]) -> Benefit:
    """Return the benefit that a pool is."""
    parts = [own for name in outcomes if (own := _own_benefit(case, name)) is not None]
    label = Label(
        nb=_AND.nb.join(part.displayed.nb for part in parts),
        en=_AND.en.join(part.displayed.en for part in parts),
    )
    name = "+".join(part.name for part in parts)
    return Benefit(name, parts[0].payer, parts[0].taxable, label)


def _frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.setflags(write=False)
    return array
