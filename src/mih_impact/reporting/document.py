"""A document to be sent: its blocks, its sources, and where every number comes from.

The model is what a writer of content fills in; HTML, Word and PDF are made from it by
`mih_impact.reporting.write.write_document`, all with the same words. How to write one::

    from mih_impact.reporting import document as doc
    from mih_impact.reporting.blocks import Cite, Named, Number, Trace, compose

    npv = Trace(                                    # once for every number of the memo
        _WHAT_NPV.text(lang),                       # what it is, with unit and price year
        rows=(Named("production", "produksjonsverdi"), Named("income_tax", "inntektsskatt")),
        assumptions=(Named("tax_financing_cost", "skattefinansieringskostnad 20 %"),),
        sources=("r109", "nav"),                    # keys of Document.sources
    )
    gain = Number(millions(case.npv), npv)
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
- Two A4 pages hold about 800 words, table cells counted, with three figures (two of them in
  `Beside`) and two tables of six rows; the annex has a page of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from mih_impact.arguments import shown
from mih_impact.display.locale import UNFIT, Label, Lang, language
from mih_impact.display.numbers import NOT_AVAILABLE
from mih_impact.errors import ReportError
from mih_impact.reporting import blocks
from mih_impact.reporting.blocks import (
    FULL,
    HALF,
    PRINT_DPI,
    Beside,
    Block,
    Bullets,
    Callout,
    Cite,
    Emphasis,
    Facts,
    Figure,
    Heading,
    Number,
    Paragraph,
    Source,
    Strong,
    Table,
    Text,
    Trace,
    opened,
    parts,
    plain,
    texts_of,
    walk,
)

__all__ = [
    "ANNEX",
    "FULL",
    "HALF",
    "LOCALES",
    "PAGE",
    "PRINT_DPI",
    "SOURCE",
    "SOURCES",
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
    "annex_table",
    "annex_tables",
    "check",
    "label_of",
]


def check(document: Document) -> None:
    """Raise on the first thing that does not hold together."""
    language(document.lang)
    if document.date is not None and not isinstance(document.date, datetime.date):
        raise ReportError(
            "date takes a day", found=f"date={shown(document.date)}", do="give a datetime.date"
        )
    _check_kinds(document)
    for text in document.texts():
        _check_text(text)
    for unseen in _beside_the_body(document):
        _check_characters(unseen)
    if not document.title.strip():
        raise ReportError("The document has no title", do="give one")
    _check_headings(document)
    for part in (part for block in document.blocks for part in blocks.opened(block)):
        if isinstance(part, blocks.Figure):
            _check_figure(part)
        elif isinstance(part, blocks.Table):
            _check_table(part)
    _check_sources(document)


def _check_kinds(document: Document) -> None:
    kinds = get_args(blocks.Block)
    for block in document.blocks:
        inside = block.figures if isinstance(block, blocks.Beside) else ()
        wrong: list[object] = [part for part in inside if not isinstance(part, blocks.Figure)]
        if not isinstance(block, kinds):
            wrong.append(block)
        if wrong:
            raise ReportError(
                "A document is made of blocks",
                found=shown(wrong[0]),
                do="give " + ", ".join(kind.__name__ for kind in kinds),
            )


def _check_headings(document: Document) -> None:
    level = 0
    for block in document.blocks:
        if not isinstance(block, blocks.Heading):
            continue
        if block.level not in (1, 2) or block.level > level + 1:
            raise ReportError(
                f"The heading {block.text!r} skips a level",
                found=f"level {block.level} after {level}",
                do="begin with level 1, and give level 2 within it",
            )
        level = block.level


def _check_figure(figure: blocks.Figure) -> None:
    for name, value in (("caption", plain(figure.caption)), ("alt text", figure.alt)):
        if not value.strip():
            raise ReportError(
                f"A figure has no {name}",
                found=plain(figure.caption) or "a figure without a caption",
                do="give the axes a title and set_alt_text, or caption= and alt=",
            )
    if b"<svg" not in figure.svg or not figure.png.startswith(b"\x89PNG"):
        raise ReportError(
            f"The figure {plain(figure.caption)!r} is no picture",
            found=f"PNG of {len(figure.png)} bytes, SVG of {len(figure.svg)} bytes",
            do="take it by Figure.of",
        )


def _check_table(table: blocks.Table) -> None:
    widths = {len(row) for row in table.rows}
    if widths != {len(table.header)}:
        raise ReportError(
            f"The table {plain(table.caption)!r} is not whole",
            found=f"{len(table.header)} columns, rows of {sorted(widths)} cells",
            do="give every row a cell for each column",
        )
    if not all(0 <= place < len(table.rows) for place in table.sums):
        raise ReportError("A sum is no row of the table", found=shown(list(table.sums)))


def _check_sources(document: Document) -> None:
    keys = [source.key for source in document.sources]
    if len(set(keys)) < len(keys):
        double = next(key for key in keys if keys.count(key) > 1)
        raise ReportError("Two sources have the same key", found=repr(double), do="name them apart")
    for source in document.sources:
        if source.url and not source.url.startswith(("https://", "http://")):
            raise ReportError(
                f"The address of the source {source.key!r} is no web address",
                found=shown(source.url),
                do="begin it with https://",
            )
    used: dict[str, None] = {}
    for text in document.texts():
        for part in walk(text):
            cited = part.keys if isinstance(part, Cite) else ()
            traced = part.trace.sources if isinstance(part, Number) else ()
            used |= dict.fromkeys((*cited, *traced))
    unknown = [key for key in used if key not in keys]
    if unknown:
        raise ReportError(
            "A source is referred to that is not listed",
            found=", ".join(map(repr, unknown)),
            do="add it to sources=",
        )


def _check_text(text: Text) -> None:
    for part in parts(text):
        if not isinstance(part, str | Number | Cite | Strong | Emphasis):
            raise ReportError("Text is made of parts", found=shown(part), do="use compose()")
        if isinstance(part, Strong | Emphasis):
            _check_text(part.content)
    _check_characters(plain(text))


def _beside_the_body(document: Document) -> Iterator[str]:
    """Yield what stands in the files outside the body."""
    yield from (document.footer, document.author)
    for source in document.sources:
        yield from (source.text, source.url)
    for block in document.blocks:
        for part in blocks.opened(block):
            yield part.alt if isinstance(part, blocks.Figure) else ""
    for trace in document.numbers:
        yield trace.what
        for named in (*trace.rows, *trace.assumptions):
            yield from (named.key, named.text)


def _check_characters(text: str) -> None:
    found = UNFIT.search(text)
    if found:
        raise ReportError(
            "A text has a character that no document can hold",
            found=f"U+{ord(found[0]):04X}",
            do="leave it out",
        )


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
    appendix
        Tables that follow that of the numbers in the annex, such as the assumptions.
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
    appendix: tuple[Table, ...] = ()
    annex: bool = True

    def __post_init__(self) -> None:
        check(self)

    def texts(self) -> Iterator[Text]:
        """Yield every text of the body in reading order, sources and annex left out."""
        yield from (self.title, self.subtitle)
        for name, value in self.meta:
            yield from (name, value)
        for block in self.blocks:
            yield from texts_of(block)

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
        flat = [b for block in self.blocks for b in opened(block)]
        return {
            id(block): place
            for kind in (Figure, Table)
            for place, block in enumerate((b for b in flat if isinstance(b, kind)), start=1)
        }

    def untraced(self) -> tuple[str, ...]:
        """Return the strings in which a digit was typed, outside any `Number`."""
        strings = (part for text in self.texts() for part in walk(text) if isinstance(part, str))
        return tuple(part for part in strings if any(sign.isdigit() for sign in part))


SOURCE = Label(nb="Kilde", en="Source")
SOURCES = Label(nb="Kilder", en="Sources")
PAGE = Label(nb="Side", en="Page")
ANNEX = Label(nb="Vedlegg: hvor tallene kommer fra", en="Annex: where the numbers come from")
LOCALES = {"nb": "nb-NO", "en": "en-GB"}
"""The documents' languages as files name them."""

#: Numbers of one trace that the annex shows; a table can have many.
_SHOWN = 3
_FIGURE = Label(nb="Figur {n}", en="Figure {n}")
_TABLE = Label(nb="Tabell {n}", en="Table {n}")
_ANNEX_CAPTION = Label(
    nb="Hvert tall i notatet, linjene i regnskapet det er satt sammen av, forutsetningene det"
    " hviler på, og kildene",
    en="Every number in the memo, the rows of the account it is made of, the assumptions it rests"
    " on, and the sources",
)
_ANNEX_HEADER = (
    Label(nb="Tall", en="Number"),
    Label(nb="Hva det er", en="What it is"),
    Label(nb="Linjer i regnskapet", en="Rows of the account"),
    Label(nb="Forutsetninger", en="Assumptions"),
    Label(nb="Kilder", en="Sources"),
)


def label_of(block: Figure | Table, document: Document) -> tuple[str, int]:
    """Return the word and the number of a figure or a table: ("Figur", 2)."""
    place = document.order[id(block)]
    label = _FIGURE if isinstance(block, Figure) else _TABLE
    word, _, _ = label.text(document.lang).partition(" ")
    return word, place


def annex_tables(document: Document) -> tuple[Table, ...]:
    """Return the tables of the annex: where each number comes from, then the document's own."""
    numbers = annex_table(document)
    return (*(() if numbers is None else (numbers,)), *document.appendix)


def annex_table(document: Document) -> Table | None:
    """Return the table of all numbers and where they come from; None if none has a trace."""
    if not document.numbers:
        return None
    rows = tuple(
        (
            "; ".join([*shown[:_SHOWN], *["…"][: len(shown) > _SHOWN]]),
            trace.what,
            "; ".join(row.text for row in trace.rows) or NOT_AVAILABLE,
            "; ".join(item.text for item in trace.assumptions) or NOT_AVAILABLE,
            (Cite(trace.sources, raised=False),) if trace.sources else NOT_AVAILABLE,
        )
        for trace, shown in document.numbers.items()
    )
    return Table(
        _ANNEX_CAPTION.text(document.lang),
        tuple(label.text(document.lang) for label in _ANNEX_HEADER),
        rows,
        anchors=tuple(f"trace-{place}" for place in document.trace_numbers.values()),
        shares=(1.3, 1.7, 1.75, 1.7, 0.65),
    )
