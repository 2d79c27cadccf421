"""The displayed texts of this floor, in bokmål and English."""

from __future__ import annotations

from typing import SupportsFloat

from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import kroner
from mih_impact.storage import saveable

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
TAX_FINANCING = Label(nb="skattefinansieringskostnad", en="tax-financing cost")
STATE_BENEFITS = Label(nb="statlige ytelser samlet", en="state benefits in total")


def displaced(label: Label) -> Label:
    """Return the label of a flow's mirror among the displaced."""
    return Label(nb=f"fortrengning: {label.nb}", en=f"displacement: {label.en}")


def hundreds(x: SupportsFloat | None, lang: Lang | None = None) -> str:
    """Show kroner to the nearest hundred: the account claims no more.

    Examples
    --------
    >>> hundreds(1_094_375, "en") == "NOK\u00a01,094,400"
    True
    """
    return kroner(None if x is None else round(float(x), -2), lang)
