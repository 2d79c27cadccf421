"""When a comparison rests on one person."""

from __future__ import annotations

from mih_impact.controls.group import ControlGroup
from mih_impact.errors import warn

__all__ = ["warn_if_concentrated"]

#: A person with a greater share of all control weight is warned of.
SHARE = 0.10


def warn_if_concentrated(group: ControlGroup, *, advice: str) -> None:
    """Warn when one person carries more than a tenth of the weight of all controls.

    Where a person stands in for one participant at most, that is the group's smallness, which its
    card tells, and nobody is warned. `advice` says what the caller of the verb can do.
    """
    weight = group.person_weight
    heaviest, total = float(weight.max()), float(weight.sum())
    if heaviest > SHARE * total and heaviest > 1.0 + 1e-9:
        warn(
            f"One person carries {heaviest / total:.0%} of the weight of all controls, as much as "
            f"{heaviest:.1f} of {group.n_participants} participants: the comparison hangs on that "
            f"person. {advice}"
        )
