"""Running text whose numbers know where they come from.

A text is a tuple of parts: plain strings, emphasised text, numbers with their trace, and references
to sources. `compose` makes one from a displayed sentence with ``{named}`` places.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mih_impact.errors import ReportError

__all__ = [
    "Cite",
    "Emphasis",
    "Named",
    "Number",
    "Part",
    "Strong",
    "Text",
    "Trace",
    "compose",
    "parts",
    "plain",
    "walk",
]


@dataclass(frozen=True)
class Named:
    """A thing of the account: the name that files and tables know it by, and the one shown.

    Attributes
    ----------
    key
        Its own name, such as ``"income_tax"``; an anchor for machines, never shown.
    text
        The displayed name, in the document's language.
    """

    key: str
    text: str


@dataclass(frozen=True)
class Trace:
    """Where a number comes from, so that a reader can walk there.

    Attributes
    ----------
    what
        What the number is: "net present value per participant, 2024 prices".
    rows
        The components of the ledger it is made of.
    assumptions
        The assumptions it rests on, with their values.
    sources
        Keys of the document's sources.
    key
        Which number it is, for machines and never shown: "present_value:county". With the rows it
        says what to add up.
    """

    what: str
    rows: tuple[Named, ...] = ()
    assumptions: tuple[Named, ...] = ()
    sources: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Number:
    """A displayed number and its trace.

    Attributes
    ----------
    text
        The number as it is shown, by `mih_impact.display.numbers`.
    trace
        Where it comes from.
    """

    text: str
    trace: Trace


@dataclass(frozen=True)
class Cite:
    """A reference to sources of the document, shown by their numbers.

    Attributes
    ----------
    keys
        Keys of the document's sources.
    raised
        Whether the numbers stand above the line, as in running text.
    """

    keys: tuple[str, ...]
    raised: bool = True


@dataclass(frozen=True)
class Strong:
    """Text of weight."""

    content: tuple[Part, ...]


@dataclass(frozen=True)
class Emphasis:
    """Text in italics."""

    content: tuple[Part, ...]


Part: TypeAlias = "str | Number | Cite | Strong | Emphasis"
Text: TypeAlias = "Part | tuple[Part, ...]"

_MARKS = re.compile(r"(\*\*|__)")
_STYLES: dict[str, type[Strong] | type[Emphasis]] = {"**": Strong, "__": Emphasis}


def parts(text: Text) -> tuple[Part, ...]:
    """Return a text as its parts; one part alone is a text."""
    return text if isinstance(text, tuple) else (text,)


def walk(text: Text) -> Iterator[str | Number | Cite]:
    """Yield the strings, numbers and references of a text in reading order."""
    for part in parts(text):
        if isinstance(part, Strong | Emphasis):
            yield from walk(part.content)
        else:
            yield part


def plain(text: Text) -> str:
    """Return what is read, references to sources left out.

    Examples
    --------
    >>> plain(("Gain: ", Strong((Number("NOK 1 million", Trace("gain")),)), Cite(("nav",)), "."))
    'Gain: NOK 1 million.'
    """
    return "".join(
        part if isinstance(part, str) else part.text
        for part in walk(text)
        if not isinstance(part, Cite)
    )


def compose(template: str, values: Mapping[str, Part] | None = None) -> tuple[Part, ...]:
    """Return a displayed sentence as parts: its ``{named}`` places filled, its marks read.

    Parameters
    ----------
    template
        The sentence in the document's language. ``**weight**`` and ``__italics__`` may hold places.
    values
        What stands in each place: a `Number`, a `Cite`, or text.

    Returns
    -------
    tuple
        The parts of the text.

    Raises
    ------
    ReportError
        A place without a value, a value without a place, or a mark that is not closed.

    Examples
    --------
    >>> gain = Number("NOK 1.1 million", Trace("net present value"))
    >>> compose("**Worth {gain}** to society.", {"gain": gain})[1]
    ' to society.'
    """
    values = values or {}
    flat: list[Part] = []
    asked: set[str] = set()
    for literal, place, spec, conversion in string.Formatter().parse(template):
        flat += [piece for piece in _MARKS.split(literal) if piece]
        if place is None:
            continue
        asked.add(place)
        if place not in values or spec or conversion:
            raise ReportError(
                f"Nothing is given for the place {{{place}}}",
                found=", ".join(map(repr, values)) or "no values",
                do="give a part for every {name} of the sentence",
            )
        flat.append(values[place])
    left = sorted(set(values) - asked)
    if left:
        raise ReportError(
            "A value has no place in the sentence", found=", ".join(left), do="name it in {}"
        )
    return _nested(flat, template)


def _nested(flat: list[Part], template: str) -> tuple[Part, ...]:
    """Put what stands between two marks of a kind into one part."""
    open_: list[tuple[str, list[Part]]] = [("", [])]
    for piece in flat:
        if not isinstance(piece, str) or piece not in _STYLES:
            open_[-1][1].append(piece)
        elif open_[-1][0] == piece:
            _, content = open_.pop()
            open_[-1][1].append(_STYLES[piece](tuple(content)))
        else:
            open_.append((piece, []))
    if len(open_) > 1:
        raise ReportError(
            f"A mark {open_[-1][0]} is not closed", found=template[:80], do="write it twice"
        )
    return tuple(open_[0][1])
