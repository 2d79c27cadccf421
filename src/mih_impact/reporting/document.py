"""A document to be sent: its blocks, its sources, and where every number comes from.

The model is what a writer of content fills in; HTML, Word and PDF are made from it by
`mih_impact.reporting.write.write_document`, all with the same words. How to write one::

    from mih_impact.reporting import document as doc
    from mih_impact.reporting.text import Cite, Named, Number, Trace, compose

    npv = Trace(                                    # once for every number of the memo
        _WHAT_NPV.text(lang),                       # what it is, with unit and price year
        rows=(Named("production", "produksjonsverdi"), Named("income_tax", "inntektsskatt")),
        assumptions=(Named("tax_financing_cost", "skattefinansieringskostnad 20 %"),),
        sources=("r109", "nav"),                    # keys of Document.sources
    )
    gain = Number(millions(case.npv, lang=lang), npv)
    answer = compose(_ANSWER.text(lang), {"npv": gain, "ref": Cite(("nav",))})
    memo = doc.Document(
        title=..., lang=lang, blocks=(doc.Callout(_SHORT.text(lang), answer), ...), sources=(...)
    )
    write_document(memo, "notat.docx")

- Text is kept in `Label` templates with ``{named}`` places, and `compose` fills them: every number
  of a result is a `Number` with a `Trace`, in running text, in table cells and in key figures.
  `Document.untraced()` names the texts where a digit was typed instead.
- A reader walks from a number to the row of the annex that names its ledger components, its
  assumptions and its sources, and from there to the list of sources. The annex is made from the
  traces alone; nobody writes it.
- A figure is drawn as every figure of the library, at `HALF` or `FULL` size
  (``case.plot(ax=new_axes(size=doc.HALF))``), and goes in by `Figure.of`: the title becomes the
  caption, which is text, and the alt text of `set_alt_text` goes with it. Two of half width stand
  side by side in `Beside`.
- Headings have levels 1 and 2 below the title. Figures and tables are numbered in their order.
- Two A4 pages hold about 650 words, three figures (two of them in `Beside`) and two tables of six
  rows; the annex has a page of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from mih_impact.display.options import Lang
from mih_impact.display.style import alt_text, figure_bytes
from mih_impact.display.tables import is_numeric, text_cells
from mih_impact.reporting import document_checks
from mih_impact.reporting.text import Cite, Number, Strong, Text, Trace, parts, plain, walk

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.reporting import export

__all__ = [
    "FULL",
    "HALF",
    "Beside",
    "Block",
    "Bullets",
    "Callout",
    "Document",
    "Facts",
    "Figure",
    "Heading",
    "Paragraph",
    "Source",
    "Table",
]

HALF = (4.4, 3.0)
"""Size in inches to draw a figure at that shares the width of the page with another."""

FULL = (7.6, 2.9)
"""Size in inches to draw a figure at that takes the whole width."""

_PRINT_DPI = 300


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
        titles = {place: ax.get_title(loc=place) for place in ("left", "center", "right")}
        title = " ".join(" ".join(text.split()) for text in titles.values() if text)
        try:
            for place in titles:
                ax.set_title("", loc=place)
            png, svg = figure_bytes(ax, dpi=_PRINT_DPI, whole=True)
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
    """

    caption: Text
    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    note: Text = ""
    sums: tuple[int, ...] = ()
    anchors: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: export.Table, lang: Lang, *, note: Text | None = None) -> Table:
        """Take a table that is written as CSV and HTML too; its cells have no traces."""
        header, rows = text_cells(table.cells, lang=lang, formats=table.formats)
        return cls(
            table.caption,
            tuple(header),
            tuple(tuple(row) for row in rows),
            table.source if note is None else note,
        )

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


Block: TypeAlias = "Heading | Paragraph | Bullets | Callout | Facts | Figure | Beside | Table"


@dataclass(frozen=True, eq=False, kw_only=True)
class Document:
    """A document in one language.

    Attributes
    ----------
    title, subtitle
        What stands at the top.
    lang
        Its language, ``"nb"`` or ``"en"``.
    blocks
        What it says, in reading order.
    meta
        Pairs of name and value under the title: to, from, case number.
    sources
        The list of sources; numbered in this order.
    footer
        The line at the foot of every page: what kind of data this rests on.
    author
        For the properties of the file.
    date
        For the properties of the file; None leaves them without one. Never today's by itself.
    annex
        Whether Word and PDF end with the table that says where the numbers come from. HTML always
        has it, for the screen; it is not printed.

    Raises
    ------
    ReportError
        A heading that skips a level, an unknown or doubled source, a figure without alt text, a row
        with too few cells, a character that no document can hold.
    OptionError
        An unknown language.

    Examples
    --------
    >>> memo = Document(title="Memo", lang="en", blocks=(Heading("Answer"), Paragraph("Yes.")))
    >>> memo.text()
    ('Memo', 'Answer', 'Yes.')
    """

    title: str
    lang: Lang
    blocks: tuple[Block, ...]
    subtitle: str = ""
    meta: tuple[tuple[str, str], ...] = ()
    sources: tuple[Source, ...] = ()
    footer: str = ""
    author: str = ""
    date: datetime.date | None = None
    annex: bool = True

    def __post_init__(self) -> None:
        document_checks.check(self)

    def texts(self) -> Iterator[Text]:
        """Yield every text of the body in reading order, sources and annex left out."""
        yield from (self.title, self.subtitle)
        for name, value in self.meta:
            yield from (name, value)
        for block in self.blocks:
            yield from _texts(block)

    def text(self) -> tuple[str, ...]:
        """Return what is read, in reading order: for comparing the files with."""
        listed = (source.text for source in self.sources)
        return tuple(filter(None, (*map(plain, self.texts()), *listed)))

    @cached_property
    def numbers(self) -> dict[Trace, list[str]]:
        """The displayed numbers of every trace, in the order they are first met."""
        found: dict[Trace, list[str]] = {}
        for text in self.texts():
            for part in walk(text):
                if isinstance(part, Number):
                    shown = found.setdefault(part.trace, [])
                    if part.text not in shown:
                        shown.append(part.text)
        return found

    @cached_property
    def trace_numbers(self) -> dict[Trace, int]:
        """The row of the annex of every trace, from 1."""
        return {trace: place for place, trace in enumerate(self.numbers, start=1)}

    @cached_property
    def source_numbers(self) -> dict[str, int]:
        """The number of every source by its key, from 1."""
        return {source.key: place for place, source in enumerate(self.sources, start=1)}

    def places(self, cite: Cite) -> tuple[int, ...]:
        """Return the numbers of the sources that are referred to, ascending."""
        return tuple(sorted(self.source_numbers[key] for key in cite.keys))

    @cached_property
    def order(self) -> dict[int, int]:
        """The number of every figure and of every table, by the block's identity."""
        flat = [b for block in self.blocks for b in _opened(block)]
        return {
            id(block): place
            for kind in (Figure, Table)
            for place, block in enumerate((b for b in flat if isinstance(b, kind)), start=1)
        }

    def untraced(self) -> tuple[str, ...]:
        """Return the strings in which a digit was typed, outside any `Number`."""
        strings = (part for text in self.texts() for part in walk(text) if isinstance(part, str))
        return tuple(part for part in strings if any(sign.isdigit() for sign in part))


def _opened(block: Block) -> tuple[Block, ...]:
    return block.figures if isinstance(block, Beside) else (block,)


def _texts(block: Block) -> Iterator[Text]:
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
                yield from _texts(figure)
        case Figure():
            yield from (block.caption, block.note)
        case Table():
            yield block.caption
            yield from block.header
            for row in block.rows:
                yield from row
            yield block.note
