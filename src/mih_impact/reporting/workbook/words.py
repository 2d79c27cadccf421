"""Words that several sheets of the workbook share, in bokmål and English."""

from __future__ import annotations

from collections.abc import Mapping

from mih_impact.display.labels import Label

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

UNITS: Mapping[str, Label] = {
    "share": Label(nb="andel", en="share"),
    "NOK per NOK": Label(nb="kr per kr", en="NOK per NOK"),
    "NOK per starter": Label(nb="kr per deltaker som startet", en="NOK per starter"),
    "NOK per participant in the phase": Label(
        nb="kr per deltaker i fasen", en="NOK per participant in the phase"
    ),
    "per year, real": Label(nb="per år, reelt", en="per year, real"),
    "years": Label(nb="år", en="years"),
    "NOK": Label(nb="kr", en="NOK"),
    "NOK per year": Label(nb="kr per år", en="NOK per year"),
    "times the effect": Label(nb="ganger effekten", en="times the effect"),
}

DISTRIBUTIONS: Mapping[str, Label] = {
    "fixed": Label(nb="fast", en="fixed"),
    "triangular": Label(nb="trekant", en="triangular"),
    "uniform": Label(nb="jevn", en="uniform"),
    "normal": Label(nb="normal", en="normal"),
    "discrete": Label(nb="punkter", en="discrete"),
}

STATUS: Mapping[str, Label] = {
    "seen": Label(nb="sett i kilden", en="seen"),
    "derived": Label(nb="utledet", en="derived"),
    "remembered": Label(nb="etter hukommelsen", en="remembered"),
    "ASSUMED": Label(nb="ANTATT", en="ASSUMED"),
    "not found": Label(nb="ikke funnet", en="not found"),
}

TIMING: Mapping[str, Label] = {
    "start": Label(nb="ved årets begynnelse", en="start of the year"),
    "middle": Label(nb="midt i året", en="middle of the year"),
    "end": Label(nb="ved årets slutt", en="end of the year"),
    "account": Label(nb="som regnskapet", en="as the account"),
}

PERSISTENCE: Mapping[str, Label] = {
    "constant": Label(nb="varig", en="constant"),
    "half_life": Label(nb="halveres", en="half-life"),
    "linear": Label(nb="rett linje til null", en="straight line to nothing"),
}

KINDS: Mapping[str, Label] = {
    "real": Label(nb="ressurs", en="real"),
    "transfer": Label(nb="overføring", en="transfer"),
}

YES_NO: Mapping[bool, Label] = {True: Label(nb="ja", en="yes"), False: Label(nb="nei", en="no")}

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
