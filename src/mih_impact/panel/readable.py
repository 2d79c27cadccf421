"""What can be read out of a cube by which name, and what to say where it cannot."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import BENEFITS, CONTRACT
from mih_impact.panel.units import no_unit

__all__ = ["CovariateRead", "require_column", "require_dead", "require_outcome"]


@dataclass(frozen=True, eq=False)
class CovariateRead:
    """A covariate as of one year.

    Attributes
    ----------
    values
        Shape (n_persons,): float with NaN for missing, or object with None for categories.
    carried
        Shape (n_persons,): True where the value comes from an earlier row.
    """

    values: NDArray[Any]
    carried: NDArray[np.bool_]


def require_dead(dead: str) -> None:
    """Raise where `dead=` is no word for what the dead count as."""
    if not arguments.is_one_of(dead, ("zero", "missing")):
        raise PanelContractError(
            "dead= has a value it cannot have", found=repr(dead), do='use "zero" or "missing"'
        )


def require_outcome(
    name: str,
    *,
    outcomes: Sequence[str],
    numbers: Sequence[str],
    schemes: Sequence[str],
    names: Sequence[str],
) -> None:
    """Raise where a name is no outcome of a cube.

    Parameters
    ----------
    name
        What is asked for.
    outcomes, numbers, names
        The cube's columns that can be outcomes, its number columns, and all of its columns.
    schemes
        The panel's benefit schemes, fetched or not.

    Raises
    ------
    PanelContractError
    """
    if name == "on_benefit" and not schemes:
        raise PanelContractError(
            "on_benefit needs a benefit scheme, and the panel has none",
            do=f"name one with columns={{...}}: {', '.join(BENEFITS)}",
        )
    if name in numbers and name not in (*outcomes, *CONTRACT):
        raise no_unit([name], error=PanelContractError)
    made_from = {"in_work": ("wage_income",), "on_benefit": tuple(schemes)}
    absent = [column for column in made_from.get(name, ()) if column not in outcomes]
    if absent:
        raise PanelContractError(
            f"{name} is reckoned from {', '.join(absent)}, which did not come along",
            found=f"the columns {', '.join(names)}",
            do=f"bring {', '.join(absent)} along, outcomes=[..., {absent[0]!r}], or, where the "
            f'panel lacks it, name it when reading, columns={{"{absent[0]}": "..."}}',
        )
    if name not in made_from:
        require_column(name, outcomes, names=names, usable=outcomes)


def require_column(
    name: str, among: Container[str], *, names: Sequence[str], usable: Sequence[str]
) -> None:
    """Raise where a name is not among some columns: it is of another kind, or was not fetched.

    Parameters
    ----------
    name, among
        What is asked for, and the columns it has to be one of.
    names, usable
        All columns of the cube, and those that can be an outcome.

    Raises
    ------
    PanelContractError
    """
    if name in among:
        return
    declared = CONTRACT.get(name)
    if name in names:
        raise PanelContractError(
            f"{name} is no amount and no share, and cannot be an outcome",
            found=declared.dtype if declared else "a category",
            do=f"choose among {', '.join(usable)}",
        )
    if declared is not None and declared.role == "treatment":
        raise PanelContractError(
            f"{name} says who participates and from when, and is no characteristic",
            found=f"{name} among the columns asked for",
            do="leave it out: only persons of one start year are compared with one another anyway; "
            "effects by start year are mih.group_time_effects(panel, ...)",
        )
    raise PanelContractError(
        f"The column {name} is not in the cube",
        found=f"the columns {', '.join(names)}",
        do="check the spelling, or fetch it: panel.cube(columns=[...])",
    )
