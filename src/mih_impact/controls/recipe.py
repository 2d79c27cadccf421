"""How a control group was made, so that it can be made again with something changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from mih_impact import arguments
from mih_impact.controls.risk_set import DEFAULT_SEED
from mih_impact.errors import OptionError, PanelContractError, SupportError
from mih_impact.panel.columns import no_unit
from mih_impact.panel.contract import CONTRACT
from mih_impact.panel.cube import Cube
from mih_impact.panel.derived import DERIVED, derived_of
from mih_impact.panel.panel import Panel
from mih_impact.panel.selection import OtherMeasures

__all__ = [
    "Recipe",
    "about_panel",
    "is_possible",
    "no_weights",
    "outcomes_along",
    "possible_outcomes",
    "require_outcomes",
    "require_units",
    "require_years",
    "seed_of",
]


_T = TypeVar("_T")
#: What a verb returns.
_Made = TypeVar("_Made", covariant=True)


@dataclass(frozen=True, eq=False)
class Recipe(Generic[_Made]):
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
    verb: Callable[..., _Made]
    options: Mapping[str, Any]

    def read(self, kind: type[_T]) -> _T:
        """Return the options of the call as a dataclass of them, `MatchOptions` for one."""
        return kind(**{field.name: self.options[field.name] for field in fields(kind)})  # type: ignore[arg-type]

    def again(self, changes: Mapping[str, Any], *, panel: Panel | None = None) -> _Made:
        """Choose controls again with some options changed, or from another panel."""
        return self.verb(self.panel if panel is None else panel, **{**self.options, **changes})

    def fetch(self, columns: Iterable[str]) -> Cube:
        """Go back to the register for columns that were not brought along; the same persons."""
        return self.panel.cube(eligible=self.options["eligible"], columns=columns)


def seed_of(panel: Panel, seed: int | None, *, lots: bool = False) -> int | None:
    """Return the seed that is used: months of start, and lots among equals, are always drawn."""
    arguments.seed(seed, optional=True)
    return DEFAULT_SEED if seed is None and (lots or panel.period == "month") else seed


def about_panel(
    panel: Panel, measure: str | None, other_measures: OtherMeasures, *, verb: str
) -> tuple[Panel, dict[str, Any]]:
    """Return the panel in which those start who begin a measure, and what provenance says.

    Without a measure it is the panel itself. A price index of the caller's own is told too: the
    panel that was read with it is no part of the result.

    Raises
    ------
    PanelContractError
        This is no panel, or it has no such measure.
    """
    if not isinstance(panel, Panel):
        raise OptionError(
            f"{verb} takes a panel",
            found=arguments.type_of(panel),
            do=f"read it first: mih.{verb}(mih.read_panel(frame), ...)",
        )
    told = panel.provenance.options
    prices: dict[str, Any] = {n: told[n] for n in ("index", "weights") if n in told}
    if measure is None:
        if not isinstance(other_measures, str) or other_measures != "risk_set":
            raise OptionError(
                "Other measures are those besides the one under study",
                found=f"other_measures={arguments.shown(other_measures)} and measure=None",
                do="name the measure with measure=",
            )
        return panel, prices
    about = prices | {"measure": measure, "other_measures": other_measures}
    return panel.for_measure(measure, other_measures=other_measures), about


def require_years(panel: Panel, call: str) -> None:
    """Raise on a cross-section, of which a call that compares years can say nothing."""
    if panel.cross_section:
        raise PanelContractError(
            f"{call} compares years, and a cross-section has one period",
            found="a panel made by read_cross_section",
            do="use mih.match or mih.weight, and mih.event_study(group, estimator='difference'); "
            "or read the years before treatment with mih.read_panel",
        )


def no_weights(call: str) -> SupportError:
    """Return the error of a call that does not know design weights."""
    return SupportError(
        f"{call} does not know design weights",
        found="a panel read with weights=",
        do="read the panel without weights=, whose effects speak of the persons as they were drawn",
    )


def outcomes_along(panel: Panel, outcomes: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the outcome columns that a verb brings along."""
    if outcomes is None:
        return panel.outcomes
    return arguments.names("outcomes", outcomes)


def possible_outcomes(cube: Cube) -> tuple[str, ...]:
    """Return what can be an outcome: columns with a unit, and shares."""
    shares = [name for name, column in DERIVED.items() if column.role == "outcome"]
    return (*cube.units, *shares)


def is_possible(cube: Cube, name: str) -> bool:
    """Return whether a name can be an outcome: one of these, or an amount of these in G."""
    derived = derived_of(name)
    in_g = derived is not None and derived.in_g is not None and derived.in_g.column in cube.ore
    return in_g or name in possible_outcomes(cube)


def require_units(cube: Cube, outcomes: Sequence[str]) -> None:
    """Raise on numeric columns whose unit nobody has said.

    Raises
    ------
    MihImpactError
    """
    own = [name for name in cube.number if name not in (*cube.units, *CONTRACT)]
    unsaid = [name for name in outcomes if name in own]
    if unsaid:
        raise no_unit(unsaid)


def require_outcomes(panel: Panel, cube: Cube, outcomes: Sequence[str]) -> None:
    """Raise on a column brought along as an outcome that cannot be one."""
    require_units(cube, outcomes)
    possible = possible_outcomes(cube)
    unfit = [name for name in outcomes if not is_possible(cube, name)]
    known = dict.fromkeys([*panel.outcomes, *possible])
    if unfit:
        raise OptionError(
            f"{', '.join(unfit)} cannot be an outcome: it is no amount and no share",
            found=f"outcomes={arguments.shown(list(outcomes))}",
            do=f"choose among {', '.join(known)}; columns to match on or to split by need not "
            "be brought along",
        )
