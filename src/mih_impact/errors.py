"""The typed errors and warnings.

Every message has three parts: what was wrong, what was found (counts, never persons), what to do.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from importlib.util import find_spec

__all__ = [
    "ADVICE",
    "WORDS",
    "AssumptionError",
    "EffectsError",
    "EngineError",
    "MemoryLimitError",
    "MihImpactError",
    "MihImpactWarning",
    "MissingExtraError",
    "OptionError",
    "PanelContractError",
    "RenamedError",
    "ReportError",
    "StorageError",
    "SupportError",
    "UnknownOptionError",
    "of_one",
    "require_package",
    "warn",
]

#: Puts the options that a warning speaks of in the words of what the caller wrote.
WORDS: ContextVar[Callable[[str], str]] = ContextVar("words", default=str)
#: What stands between a finding and what to do about it, where an error has several.
ADVICE = " -> "

#: Nouns that are counted in messages and displayed texts, in the plural and of one.
_NOUNS = {
    # English
    "persons": "person", "rows": "row", "participants": "participant", "starters": "starter",
    "controls": "control", "candidates": "candidate", "start years": "start year",
    "years": "year", "months": "month", "clusters": "cluster", "cells": "cell", "draws": "draw",
    "files": "file", "columns": "column", "spells": "spell", "subgroups": "subgroup",
    "values": "value", "outcomes": "outcome", "amounts": "amount", "effects": "effect",
    "codes": "code", "cases": "case", "pairs": "pair", "sets": "set", "tables": "table",
    "assumptions": "assumption", "specifications": "specification", "places": "place",
    "person-years": "person-year", "figures": "figure", "points": "point",
    # bokmål
    "personer": "person", "deltakere": "deltaker", "kontroller": "kontroll", "rader": "rad",
    "kandidater": "kandidat", "oppstartsår": "oppstartsår", "måneder": "måned",
    "klynger": "klynge", "celler": "celle", "trekninger": "trekning", "filer": "fil",
    "kolonner": "kolonne", "perioder": "periode", "delgrupper": "delgruppe",
    "verdier": "verdi", "utfall": "utfall", "virkninger": "virkning", "effekter": "effekt",
    "koder": "kode", "par": "par", "plasser": "plass", "forutsetninger": "forutsetning",
    "spesifikasjoner": "spesifikasjon", "frihetsgrader": "frihetsgrad", "personår": "personår",
}  # fmt: skip
_VERBS = {"are": "is", "have": "has", "were": "was", "stand": "stands", "do": "does",
          "lack": "lacks", "differ": "differs", "begin": "begins"}  # fmt: skip
#: A count of one before a noun in the plural: no digit of a longer number, no year, no end of a
#: range.
_ONE = re.compile(
    r"(?<![\w.,:\-\u2013\u2212\u00a0\u202f+/])"
    r"(?<!\d )(?<!year )(?<!years )(?<!år )(?<!to )(?<!til )"
    rf"1(?P<space>[ \u00a0])(?P<noun>{'|'.join(sorted(_NOUNS, key=len, reverse=True))})\b"
    rf"(?: (?P<verb>{'|'.join(_VERBS)})\b)?"
)


def of_one(text: str) -> str:
    """Return a text in which a count of one stands with the singular of what it counts.

    Messages and displayed texts are written for many; where the number turns out to be 1, noun and
    verb follow it.

    Examples
    --------
    >>> of_one("1 persons are without a row, 21 persons have one; 1 deltakere")
    '1 person is without a row, 21 persons have one; 1 deltaker'
    """

    def singular(found: re.Match[str]) -> str:
        verb = "" if found["verb"] is None else f" {_VERBS[found['verb']]}"
        return f"1{found['space']}{_NOUNS[found['noun']]}{verb}"

    return _ONE.sub(singular, text) if "1" in text else text


class MihImpactError(ValueError):
    """The root of every error the library raises on purpose.

    Parameters
    ----------
    what
        What was wrong, as a sentence without its full stop.
    found
        What was found: counts and names, never a person.
    do
        What the caller can do about it.

    Examples
    --------
    >>> print(MihImpactError("The column is missing", found="3 columns", do="Name it"))
    The column is missing. Found: 3 columns. Do: Name it.
    """

    def __init__(self, what: str, *, found: str | None = None, do: str | None = None) -> None:
        self.what = of_one(what)
        self.found = None if found is None else of_one(found)
        self.do = None if do is None else of_one(do)
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [self.what]
        if self.found is not None:
            parts.append(f"Found: {self.found}")
        if self.do is not None:
            parts.append(f"Do: {self.do}")
        return " ".join(
            part if part.endswith(("...", "?")) else part.rstrip(".") + "." for part in parts
        )

    def advise(self, words: Callable[[str], str]) -> None:
        """Put what to do in other words, also where it stands behind each of several findings."""
        self.do = None if self.do is None else words(self.do)
        if self.found is not None:
            lines = (line.partition(ADVICE) for line in self.found.split("\n"))
            self.found = "\n".join(f"{what}{to}{words(do)}" for what, to, do in lines)
        self.args = (self._text(),)


class PanelContractError(MihImpactError):
    """The panel breaks the contract: columns, types, keys, money, years."""


class SupportError(MihImpactError):
    """Nobody, or too few, to compare with."""


class EffectsError(MihImpactError):
    """The group, its years or its effects cannot give what was asked for."""


class AssumptionError(MihImpactError):
    """An assumption, a programme or a role in the account does not hold together."""


class ReportError(MihImpactError):
    """A memo, a table or a figure to be sent does not hold together."""


class EngineError(MihImpactError):
    """The engine that holds the register broke off: a file, a disk, a cluster."""


class MemoryLimitError(MihImpactError):
    """What is asked for would not fit the memory it may take."""


class StorageError(MihImpactError):
    """A result could not be saved or loaded."""


class OptionError(MihImpactError):
    """An argument is mistyped: it has a value it cannot have, or names what is not there.

    Every call of the library raises this for its own arguments, so one `except` catches them all.
    The other classes say what is wrong with the data, the persons or the account.
    """


class UnknownOptionError(OptionError, TypeError):
    """A call was given an option that it does not have; the message names the nearest."""


class RenamedError(OptionError, AttributeError):
    """A public name is called something else now; the message says what."""


class MissingExtraError(MihImpactError, ImportError):
    """An optional package is not installed; the message names the pip command."""


def require_package(module: str, *, extra: str, to: str) -> None:
    """Raise unless a package is installed; the error names the pip command.

    Parameters
    ----------
    module
        The name it is imported by.
    extra
        The extra of ours that brings it.
    to
        What needs it.

    Examples
    --------
    >>> require_package("json", extra="memo", to="Writing Word")
    >>> require_package("no_such_package", extra="memo", to="Writing Word")
    Traceback (most recent call last):
      ...
    mih_impact.errors.MissingExtraError: Writing Word needs an optional package. Found: \
no_such_package is not installed. Do: pip install 'mih-impact[memo]'.
    """
    if find_spec(module) is None:
        raise MissingExtraError(
            f"{to} needs an optional package",
            found=f"{module} is not installed",
            do=f"pip install 'mih-impact[{extra}]'",
        )


class MihImpactWarning(UserWarning):
    """Something the reader of the result should know; no number was changed."""


def warn(text: str) -> None:
    """Warn at the line of the caller's that asked, however deep in the library this is said."""
    package = __name__.partition(".")[0]
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _within(frame.f_globals.get("__name__", ""), package):
        frame, level = frame.f_back, level + 1
    warnings.warn(of_one(WORDS.get()(text)), MihImpactWarning, stacklevel=level)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
