"""What stands in a sheet instead of the code's own words, in bokmål or English.

TOML and CSV hold the code's words; Excel holds the reader's. A cell may hold either.
"""

from __future__ import annotations

from collections.abc import Mapping

from mih_impact.display.labels import Label, Lang
from mih_impact.economics.actors import ACTORS, GROUP_LABELS

__all__ = ["WORDS", "code_of", "word_of"]

_START = Label(nb="ved årets begynnelse", en="start of the year")
_MIDDLE = Label(nb="midt i året", en="middle of the year")
_END = Label(nb="ved årets slutt", en="end of the year")
_TIMING = {"start": _START, "middle": _MIDDLE, "end": _END}
_ACTORS = {actor: GROUP_LABELS[actor] for actor in ACTORS}

#: The code's words by column; `persistence` and `account_timing` are values of the account's rows.
WORDS: Mapping[str, Mapping[str, Label]] = {
    "unit": {
        "share": Label(nb="andel", en="share"),
        "NOK per NOK": Label(nb="kr per kr", en="NOK per NOK"),
        "NOK per starter": Label(nb="kr per deltaker som startet", en="NOK per starter"),
        "NOK per participant in the phase": Label(
            nb="kr per deltaker i fasen", en="NOK per participant in the phase"
        ),
        "per year, real": Label(nb="per år, reelt", en="per year, real"),
        "years": Label(nb="år", en="years"),
        "calendar year": Label(nb="kalenderår", en="calendar year"),
    },
    "distribution": {
        "fixed": Label(nb="fast", en="fixed"),
        "triangular": Label(nb="trekant", en="triangular"),
        "uniform": Label(nb="jevn", en="uniform"),
        "normal": Label(nb="normal", en="normal"),
        "discrete": Label(nb="punkter", en="discrete"),
    },
    "status": {
        "seen": Label(nb="sett i kilden", en="seen"),
        "derived": Label(nb="utledet", en="derived"),
        "remembered": Label(nb="etter hukommelsen", en="remembered"),
        "ASSUMED": Label(nb="ANTATT", en="ASSUMED"),
        "not found": Label(nb="ikke funnet", en="not found"),
    },
    "payer": _ACTORS,
    "receiver": _ACTORS,
    "timing": _TIMING,
    "account_timing": _TIMING,
    "persistence": {
        "none": Label(nb="ingen", en="none"),
        "constant": Label(nb="varig", en="constant"),
        "half_life": Label(nb="halveres", en="half-life"),
        "linear": Label(nb="rett linje til null", en="straight line to nothing"),
    },
    "cash": {"true": Label(nb="ja", en="yes"), "false": Label(nb="nei", en="no")},
}

#: How spreadsheets write true and false in the two languages.
_MORE = {"cash": {"sann": "true", "usann": "false", "1": "true", "0": "false"}}


def word_of(column: str, code: str, lang: Lang | None) -> str:
    """Return a word of the code as a reader of `lang` has it; None keeps the code's own.

    Examples
    --------
    >>> word_of("distribution", "triangular", "nb"), word_of("distribution", "triangular", None)
    ('trekant', 'triangular')
    """
    return code if lang is None else WORDS[column][code].text(lang)


def code_of(column: str, text: str) -> str | None:
    """Return the code's word for a text in either language; None where it is none.

    Examples
    --------
    >>> code_of("status", "antatt"), code_of("payer", "The state"), code_of("payer", "nobody")
    ('ASSUMED', 'state', None)
    """
    wanted = " ".join(text.split()).casefold()
    known = _MORE.get(column, {})
    for code, label in WORDS[column].items():
        if wanted in (code.casefold(), label.nb.casefold(), label.en.casefold()):
            return code
    return known.get(wanted)
