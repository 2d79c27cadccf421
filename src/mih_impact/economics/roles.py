"""What each outcome is to the account: the wage, a benefit, or nothing.

Payer and taxability of a benefit are read from the panel contract; nothing here repeats them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mih_impact.display.labels import Label
from mih_impact.economics import labels
from mih_impact.economics.checks import nearest
from mih_impact.errors import AssumptionError
from mih_impact.panel.contract import BENEFITS, CONTRACT

if TYPE_CHECKING:
    from mih_impact.effects.series import EffectSeries

__all__ = ["ROLES", "STATE_BENEFITS", "Benefit", "benefit_of", "roles_of"]

#: All benefits that the state pays, in one outcome; taxed by `Assumptions.taxable_benefit_share`.
STATE_BENEFITS = "benefit:state"

_PREFIX = "benefit:"

#: What an outcome can be to the account.
ROLES: tuple[str, ...] = ("wage", *(_PREFIX + name for name in BENEFITS), STATE_BENEFITS)

_DEFAULT: dict[str, str] = {"wage_income": "wage"} | {name: _PREFIX + name for name in BENEFITS}


@dataclass(frozen=True)
class Benefit:
    """A benefit as the account sees it.

    Attributes
    ----------
    role, name
        `benefit:<name>`, and the name alone.
    payer
        The public budget that pays it.
    taxable
        Whether it is taxed; None for a total, of which a share is.
    label
        The displayed name.
    """

    role: str
    name: str
    payer: str
    taxable: bool | None
    label: Label


def benefit_of(role: str) -> Benefit | None:
    """Return the benefit a role stands for, or None for the wage.

    Examples
    --------
    >>> benefit_of("benefit:sosialhjelp").payer
    'municipality'
    """
    if role == STATE_BENEFITS:
        return Benefit(role, "state benefits", "state", None, labels.STATE_BENEFITS)
    name = role.removeprefix(_PREFIX)
    scheme = CONTRACT[name].scheme if name in CONTRACT else None
    if scheme is None or name == role:
        return None
    return Benefit(role, name, scheme.payer, scheme.taxable, CONTRACT[name].label)


def roles_of(
    effects: EffectSeries, roles: Mapping[str, str | None] | None = None
) -> dict[str, str]:
    """Return the role of every outcome that enters the account.

    Parameters
    ----------
    effects
        The estimated effects.
    roles
        Roles by outcome, on top of the contract's own (`wage_income` is the wage, each scheme its
        benefit). None leaves an outcome out of the account.

    Returns
    -------
    dict
        Outcome to role, in the order of `effects.outcomes`. Outcomes measured as shares are not
        money and stay out.

    Raises
    ------
    AssumptionError
        A name that is no outcome, a role that does not exist, money without a role, two outcomes in
        one role, a total beside its parts, or no wage.
    """
    given = dict(roles or {})
    _require_known(effects, given)
    entered: dict[str, str] = {}
    unmapped: list[str] = []
    for outcome in effects.outcomes:
        role = given.get(outcome, _DEFAULT.get(outcome))
        if outcome in given and role is None:
            continue
        if effects.units[outcome] == "share" and outcome not in given:
            continue
        if role is None:
            unmapped.append(outcome)
        else:
            entered[outcome] = role
    _require_mapped(unmapped)
    _require_disjoint(entered)
    return entered


def _require_known(effects: EffectSeries, given: Mapping[str, str | None]) -> None:
    for outcome, role in given.items():
        if outcome not in effects.outcomes:
            raise AssumptionError(
                f"roles names {outcome!r}, which is no outcome of the effects",
                found=", ".join(effects.outcomes),
                do=f"use the outcomes' own names{nearest(outcome, effects.outcomes)}",
            )
        if role is not None and role not in ROLES:
            raise AssumptionError(
                f"The outcome {outcome!r} is given a role that does not exist",
                found=repr(role),
                do=f"use one of {', '.join(ROLES)}, or None to leave it out{nearest(role, ROLES)}",
            )
        if role is not None and effects.units[outcome] == "share":
            raise AssumptionError(
                f"The outcome {outcome!r} is a share and cannot enter the account",
                found=f"role {role!r}",
                do="leave it out of roles",
            )


def _require_mapped(unmapped: list[str]) -> None:
    if unmapped:
        raise AssumptionError(
            "Some outcomes in money have no role in the account",
            found=", ".join(unmapped),
            do=f"give each a role, roles={{{unmapped[0]!r}: 'benefit:...'}}, or leave it out,"
            f" roles={{{unmapped[0]!r}: None}}; a total must not stand beside its parts",
        )


def _require_disjoint(entered: Mapping[str, str]) -> None:
    """Raise where the same krone would be counted twice, or the wage not at all."""
    found = list(entered.values())
    for role in dict.fromkeys(found):
        if found.count(role) > 1:
            sources = [outcome for outcome, own in entered.items() if own == role]
            raise AssumptionError(
                f"The role {role!r} is filled twice",
                found=", ".join(sources),
                do="keep one of them and give the others the role None",
            )
    if STATE_BENEFITS in found:
        parts = [role for role in found if _is_part_of_state_benefits(role)]
        if parts:
            raise AssumptionError(
                "A total stands beside its parts: the parts would be counted twice",
                found=f"{STATE_BENEFITS} beside {', '.join(parts)}",
                do="give either the total or its parts the role None",
            )
    if "wage" not in found:
        raise AssumptionError(
            "No outcome is the wage: there is no production to account for",
            found=", ".join(entered) or "no outcome with a role",
            do="estimate wage_income, or name the wage, roles={'...': 'wage'}",
        )


def _is_part_of_state_benefits(role: str) -> bool:
    benefit = benefit_of(role)
    return role != STATE_BENEFITS and benefit is not None and benefit.payer == "state"
