"""The blocks that a document is made of.

A text is a tuple of parts: plain strings, emphasised text, numbers with their trace, and references
to sources. `compose` makes one from a displayed sentence with ``{named}`` places.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from mih_impact.display.figure import alt_text
from mih_impact.display.layout import figure_bytes
from mih_impact.display.tables import is_numeric
from mih_impact.errors import ReportError, of_one

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = [
    "FULL",
    "HALF",
    "PRINT_DPI",
    "Beside",
    "Block",
    "Bullets",
    "Callout",
    "Cite",
    "Emphasis",
    "Facts",
    "Figure",
    "Heading",
    "Named",
    "Number",
    "Paragraph",
    "Part",
    "Source",
    "Strong",
    "Table",
    "Text",
    "Trace",
    "compose",
    "opened",
    "parts",
    "plain",
    "texts_of",
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
    for k, (one, after) in enumerate(pairwise(flat), start=1):
        if isinstance(one, Number) and one.text == "1" and isinstance(after, str):
            flat[k] = of_one(f"1{after}")[1:]
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


_Place = Literal["left", "center", "right"]

HALF = (4.4, 3.0)
"""Size in inches to draw a figure at that shares the width of the page with another."""

FULL = (7.6, 2.9)
"""Size in inches to draw a figure at that takes the whole width."""

PRINT_DPI = 300
"""Dots per inch of a figure on paper, where it is no vector picture."""


@dataclass(frozen=True)
class Heading:
    """A heading: level 1 for the sections, 2 within them."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: Text


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: tuple[Text, ...]


@dataclass(frozen=True)
class Callout:
    """What no reader should miss.

    Attributes
    ----------
    title
        Two or three words.
    text
        What is said.
    tone
        `answer` for the conclusion, `caution` for what limits it.
    """

    title: str
    text: Text
    tone: Literal["answer", "caution"] = "answer"


@dataclass(frozen=True)
class Facts:
    """Key figures side by side: pairs of a number and what it is. Three fit well."""

    items: tuple[tuple[Number, str], ...]


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture with caption and the text that stands for it.

    Attributes
    ----------
    png, svg
        The picture: for Word, and for HTML and PDF.
    caption
        What it shows, as a title.
    alt
        What is seen in it, for those who do not see it.
    note
        A line beneath.
    width
        `full`, or `half` in `Beside`.
    """

    png: bytes
    svg: bytes
    caption: Text
    alt: str
    note: Text = ""
    width: Literal["full", "half"] = "full"

    @classmethod
    def of(
        cls,
        ax: Axes,
        *,
        caption: Text | None = None,
        note: Text = "",
        alt: str | None = None,
        width: Literal["full", "half"] = "full",
    ) -> Figure:
        """Take a drawn figure; its title becomes the caption and is no longer in the picture.

        Parameters
        ----------
        ax
            The axes, drawn at `FULL` or `HALF` size.
        caption
            The caption; None takes the axes' title.
        note
            A line beneath.
        alt
            The alt text; None takes the one of `set_alt_text`.
        width
            How wide it is printed.
        """
        places: tuple[_Place, ...] = ("left", "center", "right")
        titles = {place: ax.get_title(loc=place) for place in places}
        title = " ".join(" ".join(text.split()) for text in titles.values() if text)
        try:
            for place in titles:
                ax.set_title("", loc=place)
            png, svg = figure_bytes(ax, dpi=PRINT_DPI, whole=True)
        finally:  # the caller's figure is as it was
            for place, text in titles.items():
                ax.set_title(text, loc=place)
        stands_for = alt_text(ax) if alt is None else alt
        return cls(png, svg, title if caption is None else caption, stands_for, note, width)


@dataclass(frozen=True, eq=False)
class Beside:
    """Figures of half width, side by side."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A table of displayed texts; the first column heads the rows.

    Attributes
    ----------
    caption
        What it shows, with unit and price year.
    header
        The columns' names.
    rows
        The cells. A column whose every cell is a displayed number is set to the right.
    note
        Source or reservation, beneath.
    sums
        Positions of the rows that are sums.
    anchors
        Names of the rows as targets of links, where they have any.
    shares
        The columns' shares of the width, of a table of running text; none fits them to numbers.
    """

    caption: Text
    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    note: Text = ""
    sums: tuple[int, ...] = ()
    anchors: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds displayed numbers alone, set to the right."""
        if self.anchors:  # the annex lists numbers, it does not compare them
            return (False,) * len(self.header)
        columns = zip(*([plain(cell) for cell in row] for row in self.rows), strict=True)
        return tuple(is_numeric(column) for column in columns)

    def cells(self) -> Iterator[tuple[int, tuple[Text, ...]]]:
        """Yield the rows with their positions, sums set in weight."""
        for place, row in enumerate(self.rows):
            weighty = place in self.sums
            yield place, tuple((Strong(parts(cell)),) if weighty else cell for cell in row)


@dataclass(frozen=True)
class Source:
    """A source: the key it is cited by, the text shown, and an address if it has one."""

    key: str
    text: str
    url: str = ""


Block: TypeAlias = Heading | Paragraph | Bullets | Callout | Facts | Figure | Beside | Table


def opened(block: Block) -> tuple[Block, ...]:
    """Return the figures of `Beside`, any other block alone."""
    return block.figures if isinstance(block, Beside) else (block,)


def texts_of(block: Block) -> Iterator[Text]:
    """Yield the texts of a block in reading order."""
    match block:
        case Heading(text) | Paragraph(text):
            yield text
        case Bullets(items):
            yield from items
        case Callout(title, text):
            yield from (title, text)
        case Facts(items):
            for number, label in items:
                yield from (number, label)
        case Beside(figures):
            for figure in figures:
                yield from texts_of(figure)
        case Figure():
            yield from (block.caption, block.note)
        case Table():
            yield block.caption
            yield from block.header
            for row in block.rows:
                yield from row
            yield block.note
