"""How a control group was made, so that it can be made again with something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mih_impact.controls.pseudo_start import DEFAULT_SEED
from mih_impact.errors import PanelContractError
from mih_impact.panel.cube import Cube
from mih_impact.panel.panel import Panel

if TYPE_CHECKING:
    from mih_impact.controls.group import ControlGroup

__all__ = ["Recipe", "outcomes_along", "seed_of"]


@dataclass(frozen=True, eq=False)
class Recipe:
    """A panel, the verb that chose controls from it, and the options it was called with.

    Attributes
    ----------
    panel
        The panel.
    verb
        `match` or `weight`.
    options
        All keyword arguments of the call.
    """

    panel: Panel
    verb: Callable[..., ControlGroup]
    options: Mapping[str, Any]

    def again(self, changes: Mapping[str, Any], *, panel: Panel | None = None) -> ControlGroup:
        """Choose controls again with some options changed, or from another panel."""
        return self.verb(self.panel if panel is None else panel, **{**self.options, **changes})

    def fetch(self, columns: Iterable[str]) -> Cube:
        """Go back to the register for columns that were not brought along; the same persons."""
        return self.panel.cube(eligible=self.options["eligible"], columns=columns)


def seed_of(panel: Panel, seed: int | None) -> int | None:
    """Return the seed that is used: in a panel by month some chance always is."""
    return DEFAULT_SEED if seed is None and panel.period == "month" else seed


def outcomes_along(
    panel: Panel, outcomes: str | Sequence[str] | None, *, verb: str
) -> tuple[str, ...]:
    """Return the outcome columns that a verb brings along, or raise if this is no panel."""
    if not isinstance(panel, Panel):
        raise PanelContractError(
            f"{verb} takes a panel",
            found=f"a {type(panel).__name__}",
            do=f"read it first: mih.{verb}(mih.read_panel(frame), ...)",
        )
    if outcomes is None:
        return panel.outcomes
    return (outcomes,) if isinstance(outcomes, str) else tuple(outcomes)
