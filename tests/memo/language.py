"""Words of the other language, and numbers set as no Norwegian sets them, in any displayed text.

Both checks take plain text and return what they found, so that a test can show it. Names that are
the same in both languages (Nav, R-109/2021) and the Norwegian names of benefits, which English text
keeps, are in neither list. A word that exists in both languages ("under", "per", "man", "for") can
tell nothing and is left out too.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path


def _words(name: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(f"words_{name}.txt").read_text("utf-8").split())


#: English words that are no Norwegian words, and Norwegian words that are no English words.
ENGLISH, NORWEGIAN = _words("english"), _words("norwegian")

#: Names that English text keeps.
KEPT = _words("kept")

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+")

#: What each slip of bokmål number typography looks like.
_SLIPS = {
    "decimal point": re.compile(r"(?<![\d.])\d+\.\d+(?![\d.]|\w)"),
    "comma between thousands": re.compile(r"(?<!\d)[1-9]\d{0,2}(?:,\d{3})+(?![\d,])"),
    "space that can break between thousands": re.compile(r"(?<!\d)\d{1,3} \d{3}(?!\d)"),
    "thousands not grouped": re.compile(r"(?<![\w/.,-])\d{5,}(?!\d)"),
    "hyphen for a minus sign": re.compile(r"(?<![\w)\]/–-])-\d"),
    "hyphen in a range": re.compile(r"(?<![\w/-])\d+-\d"),
    "spaced dash in a range": re.compile(r"\d [–-] \d"),
    "no no-break space before the unit": re.compile(r"\d ?(?:%| kr\b| mill\.| mrd\.| tusen kr)"),
    "unit before the number": re.compile(r"\b(?:kr|NOK)[ \u00a0]?[−\d]"),
}


def foreign_words(text: str, lang: str, *, allow: Collection[str] = ()) -> list[str]:
    """Return the words of the other language in a text, in their order.

    Parameters
    ----------
    text
        Displayed text.
    lang
        The language it is in, ``"nb"`` or ``"en"``.
    allow
        Words that may stand: names, and what the glossary keeps in brackets.
    """
    other = ENGLISH if lang == "nb" else NORWEGIAN
    kept = {word.casefold() for word in allow} | (KEPT if lang == "en" else frozenset())
    found = _WORD.findall(_ADDRESS.sub(" ", text))
    return [
        word
        for word in found
        if word.casefold() not in kept
        and (word.casefold() in other or (lang == "en" and _has_norwegian_letter(word)))
    ]


def _has_norwegian_letter(word: str) -> bool:
    return any(sign in "æøåÆØÅ" for sign in word)


def number_slips(text: str, *, allow: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return what breaks the number typography of bokmål: pairs of the slip and where it stands.

    Parameters
    ----------
    text
        Displayed text in bokmål.
    allow
        Pieces that are names and no numbers, such as ``"761.21"``, a post of the budget.
    """
    for name in allow:
        text = text.replace(name, " ")
    text = _ADDRESS.sub(" ", text)
    return [
        (slip, text[max(0, hit.start() - 15) : hit.end() + 15])
        for slip, pattern in _SLIPS.items()
        for hit in pattern.finditer(text)
    ]
