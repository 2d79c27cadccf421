"""The displayed texts of this floor, in bokmål and English."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsFloat

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import NOT_AVAILABLE, kroner, number, percent
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from mih_impact.economics.roles import Benefit

# Programmes and assumptions take their labels with them into saved accounts.
saveable("Label")(Label)

PRODUCTION = Label(nb="produksjonsverdi", en="production value")
WAGE = Label(nb="lønn", en="wage")
PENSION = Label(nb="pensjon og sosiale kostnader", en="pension and social costs")
CONTRIBUTION = Label(nb="arbeidsgiveravgift", en="employer's contribution")
WAGE_BILL = Label(nb="nye kommunale lønnsmidler", en="new municipal wage money")
INCOME_TAX = Label(nb="inntektsskatt", en="income tax")
LEISURE = Label(nb="tapt fritid", en="leisure given up")
AVOIDED_MEASURES = Label(nb="sparte andre tiltak", en="other measures avoided")
_YEARS = Label(nb="{n} år", en="{n} years")
_ERRORS = Label(nb="{n} standardfeil", en="{n} std. errors")
_MONTHS = Label(nb="{n} måneder", en="{n} months")
TAX_FINANCING = Label(nb="skattefinansieringskostnad", en="tax-financing cost")
STATE_BENEFITS = Label(nb="statlige ytelser samlet", en="state benefits in total")

#: How sure we are of a number, in words.
STATUS_LABELS = {
    "seen": Label(nb="lest i kilden", en="read in the source"),
    "derived": Label(nb="utledet", en="derived"),
    "remembered": Label(nb="etter hukommelsen", en="from memory"),
    "ASSUMED": Label(nb="antatt", en="assumed"),
    "not found": Label(nb="ikke funnet", en="not found"),
}


def role_label(role: str, benefits: Sequence[Benefit]) -> Label:
    """Return the displayed name of what an outcome is to the account."""
    return next((each.displayed for each in benefits if each.role == role), WAGE)


def displaced(label: Label) -> Label:
    """Return the label of a flow's mirror among the displaced."""
    return Label(nb=f"fortrengning: {label.nb}", en=f"displacement: {label.en}")


def amount_of(value: float | None, unit: str, lang: Lang | None = None) -> str:
    """Show the value of an assumption in its unit.

    Examples
    --------
    >>> amount_of(0.24, "share", "en"), amount_of(0.009, "per year, real", "en")
    ('24%', '0.9%')
    """
    if value is None or math.isnan(value):
        return NOT_AVAILABLE
    if unit in ("share", "per year, real"):
        return percent(value, 0 if round(100 * value, 6).is_integer() else 1, lang)
    if unit.startswith("NOK per ") and unit != "NOK per NOK":
        return hundreds(value, lang)
    if unit == "months":
        return _MONTHS.format(n=number(value, 0 if float(value).is_integer() else 1, lang)).text(
            lang
        )
    if unit == "years":
        return _YEARS.format(n=number(value, 0 if float(value).is_integer() else 1, lang)).text(
            lang
        )
    if unit == "standard errors":
        return _ERRORS.format(n=number(value, 2, lang)).text(lang)
    return number(value, 2, lang)


def hundreds(x: SupportsFloat | None, lang: Lang | None = None) -> str:
    """Show kroner to the nearest hundred: the account claims no more.

    Examples
    --------
    >>> hundreds(1_094_375, "en") == "NOK\u00a01,094,400"
    True
    """
    return kroner(None if x is None else round(float(x), -2), lang)
