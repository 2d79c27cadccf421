"""Words that several sheets of the workbook share, in bokmål and English."""

from __future__ import annotations

from collections.abc import Mapping

from mih_impact.display.labels import Label
from mih_impact.economics.sheet.words import WORDS

__all__ = [
    "CASES", "DISTRIBUTIONS", "KINDS", "NOT_AVAILABLE", "PARTS", "PERSISTENCE", "SHEETS", "STATUS",
    "TIMING", "UNITS", "YES_NO", "part_of",
]  # fmt: skip

SHEETS: Mapping[str, Label] = {
    "summary": Label(nb="Forside", en="Summary"),
    "assumptions": Label(nb="Forutsetninger", en="Assumptions"),
    "effects": Label(nb="Effekter", en="Effects"),
    "costs": Label(nb="Kostnader", en="Costs"),
    "discounting": Label(nb="Diskontering", en="Discounting"),
    "ledger": Label(nb="Regnskap", en="Ledger"),
    "actors": Label(nb="Aktører", en="Actors"),
    "measures": Label(nb="Målestokker", en="Measures"),
    "uncertainty": Label(nb="Usikkerhet", en="Uncertainty"),
    "covariance": Label(nb="Kovarians", en="Covariance"),
    "budget": Label(nb="Budsjett", en="Budget impact"),
    "non_priced": Label(nb="Ikke prissatt", en="Non-priced"),
    "sources": Label(nb="Kilder", en="Sources"),
}

# What the sheet of assumptions calls things, and the workbook's own beside them.
UNITS: Mapping[str, Label] = {
    **WORDS["unit"],
    "NOK": Label(nb="kr", en="NOK"),
    "NOK per year": Label(nb="kr per år", en="NOK per year"),
    "times the effect": Label(nb="ganger effekten", en="times the effect"),
}
DISTRIBUTIONS: Mapping[str, Label] = WORDS["distribution"]
STATUS: Mapping[str, Label] = WORDS["status"]
TIMING: Mapping[str, Label] = {
    **WORDS["timing"],
    "account": Label(nb="som regnskapet", en="as the account"),
}
PERSISTENCE: Mapping[str, Label] = {
    code: label for code, label in WORDS["persistence"].items() if code != "none"
}
YES_NO: Mapping[bool, Label] = {yes: WORDS["cash"][str(yes).lower()] for yes in (True, False)}

KINDS: Mapping[str, Label] = {
    "real": Label(nb="ressurs", en="real"),
    "transfer": Label(nb="overføring", en="transfer"),
}

#: Which part of the account a line belongs to: what the measures add up.
PARTS: Mapping[str, Label] = {
    "effect": Label(nb="virkning av effekten", en="effect"),
    "displacement": Label(nb="fortrengning", en="displacement"),
    "programme": Label(nb="tiltakskostnad", en="programme cost"),
    "avoided": Label(nb="sparte andre tiltak", en="other measures avoided"),
    "tax_financing": Label(nb="skattefinansiering", en="tax-financing"),
}

CASES: Mapping[str, Label] = {
    "never": Label(nb="ikke innen analyseperioden", en="not within the horizon"),
    "none": Label(nb="ingen", en="none"),
}

NOT_AVAILABLE = Label(
    nb="ikke tilgjengelig: effektene har ingen kovarians",
    en="not available: the effects have no covariance",
)


def part_of(component: str) -> str:
    """Return which part of the account a component belongs to.

    Examples
    --------
    >>> part_of("programme:school"), part_of("displacement:wage"), part_of("wage")
    ('programme', 'displacement', 'effect')
    """
    head = component.partition(":")[0]
    known = {"avoided_measures": "avoided", "tax_financing": "tax_financing"}
    return known.get(head, head if head in PARTS else "effect")
