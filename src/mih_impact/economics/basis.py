"""In one line what an account is: whose, by which rules, how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mih_impact.display.labels import Label

if TYPE_CHECKING:
    from mih_impact.economics.values import AccountValues

__all__ = ["basis_of"]

_BASIS = Label(
    nb="{programme}. {preset}, kuttet etter {years} år.",
    en="{programme}. {preset}, cut after {years} years.",
)
_PRESETS = {
    "r109": Label(nb="R-109/2021", en="R-109/2021"),
    "simplified": Label(nb="Forenklede regler", en="Simplified rules"),
}


def basis_of(case: AccountValues) -> Label:
    """Return the line that stands beneath every figure of an account."""
    preset = case.assumptions.preset
    rules = _PRESETS.get(preset, Label(nb=preset, en=preset))
    return _BASIS.format(programme=case.programme.label, preset=rules, years=case.horizon)
