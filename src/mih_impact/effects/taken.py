"""What the calls on effects take: a control group, or effects by year since start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.controls.group import ControlGroup
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import EffectsError

__all__ = ["no_estimate", "outcome_asked", "require_effects", "require_estimated", "require_group"]

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


def no_estimate(
    effects: EffectSeries,
    outcomes: Sequence[str],
    years: Sequence[int],
    missing: NDArray[np.bool_],
) -> EffectsError:
    """Return the error for estimates that are hidden, or that nobody gives.

    `missing` says which are, shape (outcomes, years).
    """
    rows = effects.frame[effects.frame["subgroup"] == effects.subgroups[0]]
    nobody = (rows[["n_participants", "n_controls"]] == 0).any(axis=1).to_numpy()
    place = np.ix_(
        [effects.outcomes.index(name) for name in outcomes],
        [effects.event_years.index(year) for year in years],
    )
    hidden = missing & ~nobody.reshape(effects.estimate.shape)[place]
    which = hidden if hidden.any() else missing
    columns = np.flatnonzero(which.any(axis=0)).tolist()
    when = ", ".join(str(years[i]) for i in columns)
    if not hidden.any():
        return EffectsError(
            "Some years since start have no estimate",
            found=f"none for {when}: no start year is seen there, or nobody is compared",
            do="shorten the window= or the horizon, or bring the register years that lie so long "
            "after start",
        )
    names = [outcomes[i] for i in np.flatnonzero(hidden.any(axis=1)).tolist()]
    return EffectsError(
        "Some effects are hidden, since too few persons stand behind them",
        found=f"{', '.join(names)} in years {when}; hidden when they were saved or shown",
        do="use the effects as event_study returned them; save them within "
        "mih.options(min_cell=1) where the file stays with those who may see it; or leave the "
        f"outcome out, in an account by roles={dict.fromkeys(names)}",
    )
