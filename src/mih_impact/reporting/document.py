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
- Two A4 pages hold about 800 words, table cells counted, with three figures (two of them in
  `Beside`) and two tables of six rows; the annex has a page of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mih_impact.display.options import Lang
from mih_impact.reporting import document_checks
from mih_impact.reporting.blocks import (
    FULL,
    HALF,
    Beside,
    Block,
    Bullets,
    Callout,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Source,
    Table,
    opened,
    texts_of,
)
from mih_impact.reporting.text import Cite, Number, Text, Trace, plain, walk

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
        document_checks.check(self)

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
