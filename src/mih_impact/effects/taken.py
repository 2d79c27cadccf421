"""What the calls on effects take: a control group, or effects by year since start."""

from __future__ import annotations

from typing import Any

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError

__all__ = ["outcome_asked", "require_effects", "require_estimated", "require_group"]

#: The outcome that is meant where none is named and there is one.
_FIRST = "wage_income"


def outcome_asked(of: Any, outcome: str | None) -> str:
    """Return the outcome that a call is about: wage income where none is named, else the first.

    Parameters
    ----------
    of
        A control group or effects; what is neither is for the call to refuse.
    outcome
        What the call was given.
    """
    if outcome is not None:
        return arguments.name("outcome", outcome, error=EffectsError)
    group = isinstance(of, ControlGroup)
    known = of.risk.cube.outcomes if group else getattr(of, "outcomes", ())
    return _FIRST if _FIRST in known or not known else str(known[0])


def require_estimated(what: str, effects: EffectSeries, outcome: str) -> None:
    """Raise unless an outcome is there with a covariance; `what` is what needs it."""
    if outcome not in effects.outcomes or effects.matrix is None:
        raise EffectsError(
            f"{what} an estimated outcome with its covariance",
            found=f"{outcome!r}; outcomes {', '.join(effects.outcomes)}; se {effects.se}",
            do="name an outcome of event_study, or give from_frame a covariance",
        )


def require_group(call: str, group: Any) -> None:
    """Raise on what is no control group."""
    do = f"choose one first: mih.{call}(mih.match(panel, ...))"
    arguments.instance(call, group, ControlGroup, "a control group", do, error=EffectsError)


def require_effects(call: str, effects: Any) -> None:
    """Raise on what is no effect series, such as effects by start year that are not averaged."""
    do = f"estimate first: mih.{call}(mih.event_study(group), ...)"
    if hasattr(effects, "aggregate"):
        do = f'average over start years first: mih.{call}(effects.aggregate("event"), ...)'
    arguments.instance(call, effects, EffectSeries, "effects", do, error=EffectsError)
