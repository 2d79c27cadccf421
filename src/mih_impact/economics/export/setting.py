"""A reader's setting of an account, by Python's own rules: the truth that others are held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mih_impact.economics.export.sliders import RATES, base_persistence, sliders_of

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["account_at"]

Account = TypeVar("Account", bound="AccountValues")


def account_at(case: Account, setting: Mapping[str, Any]) -> Account:
    """Return the account at a reader's setting.

    Parameters
    ----------
    case
        The account.
    setting
        Values by the names of `sliders_of`, and `persistence`; what is left out is as in the
        account. The number of starters changes nothing here: the account is per starter.

    Notes
    -----
    `programme_cost` multiplies all the resources that the programme uses by the same factor; its
    grants stay as they are.
    """
    base = {slider.name: slider.value for slider in sliders_of(case, 1.0)}
    at = base | dict(setting)
    kind = at.get("persistence", base_persistence(case))
    years = 0 if kind == "none" else int(at["years_more"])
    values = {name: at[name] for name in RATES if name in at}
    if "programme_cost" in base:
        scale = at["programme_cost"] / base["programme_cost"]
        real = (item for item in case._books.programme.items if item.kind == "real")
        values |= {item.assumption.name: scale * item.total for item in real}
    moved = replace(case, horizon=case.effects.shape[1] + years, persistence=kind)
    return moved.with_values(values)
