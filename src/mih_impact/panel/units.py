"""What each column of a panel is measured in, and so which columns can be outcomes.

The contract's columns have their units; of any other column `units=` says it. Nothing is taken for
money, and nothing without a unit is an outcome.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mih_impact import arguments
from mih_impact.display.unit import SHARE, AnyUnit, Unit, as_unit, is_money, unit_given
from mih_impact.errors import MihImpactError, PanelContractError
from mih_impact.panel.contract import CONTRACT, DERIVED, Dtype
from mih_impact.panel.names import lookalikes

if TYPE_CHECKING:
    from mih_impact.panel.door import Plan

__all__ = [
    "default_outcomes",
    "kind_measured",
    "no_unit",
    "numeric_units",
    "require_an_outcome",
    "told",
    "unit_of",
    "units_given",
    "unmade",
]

_EXAMPLE = '{"hours": "hours", "lemp": "log points"}'


def units_given(
    units: Any, names: Sequence[str], *, currency: str, monthly: bool
) -> dict[str, AnyUnit]:
    """Return what `units=` says, by our names.

    Parameters
    ----------
    units
        Our name -> a unit, as the caller gave it.
    names
        The panel's columns by our names.
    currency
        Currency of the panel's money.
    monthly
        Whether a row is a month.

    Raises
    ------
    PanelContractError
        A column that is not there, a unit that is none, another unit than the contract's, money in
        another currency than the panel's, or a unit that does not say how months make a year.
    """
    given = _mapping(units)
    found: dict[str, AnyUnit] = {}
    for name, value in given.items():
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=2)
            raise PanelContractError(
                "units={...} names a column that the panel does not have, or has as codes",
                found=arguments.shown(name),
                do=f"perhaps {' or '.join(near)}" if near else f"choose among {', '.join(names)}",
            )
        unit = unit_given(value, f"units[{name!r}]", error=PanelContractError)
        _require_allowed(name, unit, currency)
        if monthly and name not in CONTRACT:
            _require_months(name, unit)
        found[name] = unit
    return found


def numeric_units(units: Any) -> tuple[str, ...]:
    """Return the columns that `units=` says are numbers; a share may be true or false."""
    return tuple(name for name, unit in _mapping(units).items() if str(unit) != SHARE)


def _mapping(units: Any) -> Mapping[Any, Any]:
    given = {} if units is None else units
    return arguments.mapping("units", given, _EXAMPLE, error=PanelContractError)


def _require_allowed(name: str, unit: AnyUnit, currency: str) -> None:
    """Raise on another unit than the contract's, and on money in another currency."""
    if name in CONTRACT:
        own = _contract_unit(name, currency)
        if own is None or str(unit) != str(own):
            raise PanelContractError(
                f"The contract says what {name} is measured in",
                found=f"{unit} where it is {own or CONTRACT[name].unit}",
                do=f"leave {name} out of units={{...}}; what is measured in something else is "
                f'another column: columns={{"my_{name}": ...}}',
            )
    elif is_money(unit) and str(unit) != currency:
        raise PanelContractError(
            "All money of a panel is in one currency",
            found=f"{name} in {unit}, the panel in {currency}",
            do=f'convert it and write units={{"{name}": "{currency}"}}, or give currency="{unit}"',
        )


def _require_months(name: str, unit: AnyUnit) -> None:
    """Raise on a unit that does not say how the months of a year are combined."""
    if as_unit(unit).combined is None:
        raise PanelContractError(
            f"In a panel by month the unit of {name} must say how months make a year",
            found=f"the unit {str(unit)!r}",
            do=f'write units={{"{name}": mih.Unit("{unit}", months="sum")}}, or "mean" or "last"',
        )


def told(unit: AnyUnit) -> str:
    """Return a unit as provenance tells it: with how months make a year, where that is given."""
    months = unit.months if isinstance(unit, Unit) else None
    return str(unit) if months is None else f"{unit}, {months} of the months"


def kind_measured(unit: AnyUnit, kind: Dtype | None) -> Dtype:
    """Return the type of a column of one's own whose unit is known: what is measured is numeric."""
    if is_money(unit):
        return "money"
    return "bool" if kind == "bool" else "number"


def unit_of(
    name: str, kind: Dtype, measured: Mapping[str, AnyUnit], currency: str
) -> AnyUnit | None:
    """Return the unit of a column, None where it cannot be an outcome.

    A true-or-false column that the contract does not know is a share without being told.
    """
    if name in CONTRACT:
        return _contract_unit(name, currency)
    return measured.get(name, SHARE if kind == "bool" else None)


def _contract_unit(name: str, currency: str) -> str | None:
    column = CONTRACT[name]
    return currency if column.dtype == "money" else column.outcome_unit or None


def default_outcomes(
    units: Mapping[str, AnyUnit], declared: Iterable[str], currency: str
) -> tuple[str, ...]:
    """Return the outcomes that are meant where none is named, in the order of `units`.

    Money and what `units=` declares; where there is neither, whatever can be one.
    """
    own = set(declared)
    meant = tuple(name for name, unit in units.items() if name in own or str(unit) == currency)
    return meant or tuple(units)


# --- what is not there ----------------------------------------------------------------------------


def no_unit(names: Sequence[str], *, error: type[MihImpactError]) -> MihImpactError:
    """Return the error for outcomes that nobody has said the unit of."""
    money = ", ".join(f'"{name}": "NOK"' for name in names)
    hours = ", ".join(f'"{name}": "hours"' for name in names)
    return error(
        f"It is not said what {', '.join(names)} is measured in: only money has a price year",
        found="a numeric column that the contract does not know, used as an outcome",
        do=f"read the panel with units={{{money}}} if it is money, or with its own unit, such as "
        f"units={{{hours}}}",
    )


def require_an_outcome(plans: Mapping[str, Plan]) -> None:
    """Raise where no column can be an outcome.

    Raises
    ------
    PanelContractError
    """
    if any(plan.unit is not None for plan in plans.values()):
        return
    strangers = [plan for name, plan in plans.items() if name not in CONTRACT]
    given = {name: plan.source for name, plan in plans.items() if name != plan.source}
    guess = lookalikes(["wage_income"], [plan.source for plan in strangers])
    named = {**given, "wage_income": guess.get("wage_income", "...")}
    wage = ", ".join(f'"{name}": "{source}"' for name, source in named.items())
    number = next((plan.name for plan in strangers if plan.dtype == "number"), "...")
    raise PanelContractError(
        "The panel has no outcome: no wage, no benefit, and no column with a unit",
        found=f"the columns {', '.join(plan.source for plan in plans.values())}",
        do=f"name the wage: columns={{{wage}}}; or say what another is measured in, such as "
        f'units={{"{number}": "hours"}}',
    )


def unmade(name: str, have: Iterable[str]) -> str | None:
    """Return the column that a derived outcome lacks, None where it can be reckoned."""
    derived = DERIVED.get(name)
    source = None if derived is None or derived.role != "outcome" else derived.reckoned_from
    return source if source is not None and source not in set(have) else None
