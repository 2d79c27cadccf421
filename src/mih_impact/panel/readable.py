"""What can be read out of a cube by which name, and what to say where it cannot."""

from __future__ import annotations

from collections.abc import Container, Sequence

from mih_impact.errors import PanelContractError
from mih_impact.panel.contract import BENEFITS, CONTRACT

__all__ = ["require_column", "require_dead", "require_outcome"]


def require_dead(dead: str) -> None:
    """Raise where `dead=` is no word for what the dead count as."""
    if dead not in ("zero", "missing"):
        raise PanelContractError(
            "dead= has a value it cannot have", found=repr(dead), do='use "zero" or "missing"'
        )


def require_outcome(
    name: str,
    *,
    money: Sequence[str],
    numbers: Sequence[str],
    schemes: Sequence[str],
    names: Sequence[str],
) -> None:
    """Raise where a name is no outcome of a cube.

    Parameters
    ----------
    name
        What is asked for.
    money, numbers, names
        The cube's money columns, its number columns, and all of its columns.
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
    made_from = {"in_work": ("wage_income",), "on_benefit": tuple(schemes)}
    for column in made_from.get(name, () if name in numbers else (name,)):
        require_column(column, money, names=names, usable=(*money, *numbers))


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
            f"{name} is not a number of kroner and cannot be an outcome",
            found=declared.dtype if declared else "a category",
            do=f"choose among {', '.join(usable)}",
        )
    raise PanelContractError(
        f"The column {name} is not in the cube",
        found=f"the columns {', '.join(names)}",
        do="check the spelling, or fetch it: panel.cube(columns=[...])",
    )
