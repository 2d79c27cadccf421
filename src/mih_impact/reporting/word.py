"""A document as Word: real styles, tables with headers that repeat, captions, alt texts.

A number is a link to its row in the annex, and shows what it is under the pointer.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.shared import Mm

from mih_impact.reporting.document import (
    Beside,
    Block,
    Bullets,
    Callout,
    Document,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Table,
)
from mih_impact.reporting.text import Cite, Emphasis, Number, Strong, Text, parts, plain
from mih_impact.reporting.word_styles import (
    HAIR,
    INK,
    TABLE_STYLE,
    TEXT_WIDTH,
    set_language,
    set_page,
    set_styles,
)
from mih_impact.reporting.word_xml import (
    add_bookmark,
    add_field,
    add_link,
    describe_picture,
    describe_table,
    only_table_of_layout,
    remove_thumbnail,
    repeat_header,
    top_border,
)
from mih_impact.reporting.words import ANNEX, LOCALES, PAGE, SOURCES, annex_tables, label_of
from mih_impact.storage.files import pack

if TYPE_CHECKING:
    from docx.table import Table as WordTable
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph as WordParagraph

__all__ = ["word_bytes"]

_INSET = 3.2  # millimetres: the right inset of what stands side by side, and a hair


def word_bytes(document: Document) -> bytes:
    """Return the document as a Word file.

    Parameters
    ----------
    document
        The document.

    Returns
    -------
    bytes
        The file; the same document gives the same bytes.

    Examples
    --------
    >>> word_bytes(Document(title="Memo", lang="en", blocks=()))[:2]
    b'PK'
    """
    writer = _Writer(document)
    writer.write()
    buffer = io.BytesIO()
    writer.word.save(buffer)
    with zipfile.ZipFile(buffer) as file:  # packed anew, without the clock
        return pack({name: file.read(name) for name in file.namelist()})


class _Writer:
    """A Word document under way, and how many bookmarks it has."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.word = docx.Document()
        self._bookmarks = 0

    def write(self) -> None:
        """Write everything, top to bottom."""
        document, word = self.document, self.word
        set_language(word, LOCALES[document.lang])
        set_page(word)
        set_styles(word)
        remove_thumbnail(word)
        self._properties()
        self._footer()
        word.add_paragraph(document.title, "Title")
        if document.subtitle:
            word.add_paragraph(document.subtitle, "Subtitle")
        lines = word.add_paragraph("", "Memo Lines")
        for place, (name, value) in enumerate(document.meta):
            lines.add_run(f"{'     ' if place else ''}{name}: ")
            lines.add_run(value).bold = True
        for block in document.blocks:
            self._block(block)
        self._sources()
        self._annex()

    def _properties(self) -> None:
        document, core = self.document, self.word.core_properties
        core.title, core.subject = _property(document.title), _property(document.subtitle)
        core.author = core.last_modified_by = document.author
        core.comments, core.keywords = document.footer, ""
        core.language = LOCALES[document.lang]
        for name in ("created", "modified"):
            if document.date is None:  # the template's own date is nobody's
                node = core._element.find(f"{{http://purl.org/dc/terms/}}{name}")
                core._element.remove(node)
            else:
                setattr(core, name, datetime.datetime.combine(document.date, datetime.time()))

    def _footer(self) -> None:
        paragraph = self.word.sections[0].footer.paragraphs[0]
        stops = paragraph.style.paragraph_format.tab_stops
        for _ in range(len(stops)):
            del stops[0]
        stops.add_tab_stop(Mm(TEXT_WIDTH), WD_TAB_ALIGNMENT.RIGHT)
        paragraph.add_run(f"{self.document.footer}\t{PAGE.text(self.document.lang)} ")
        add_field(paragraph, "PAGE", "1")

    def _block(self, block: Block) -> None:
        word = self.word
        match block:
            case Heading(text, level):
                word.add_heading(text, level)
            case Paragraph(text):
                self._fill(word.add_paragraph(), text)
            case Bullets(items):
                for item in items:
                    self._fill(word.add_paragraph(style="List Bullet"), item)
            case Callout(title, text, tone):
                style = f"Callout {tone.title()}"
                word.add_paragraph(title, f"{style} Title")
                self._fill(word.add_paragraph(style=style), text)
            case Facts():
                self._facts(block)
            case Beside(figures):
                table = self._layout(len(figures))
                width = TEXT_WIDTH / len(figures) - _INSET
                for cell, figure in zip(table.rows[0].cells, figures, strict=True):
                    self._figure(cell, figure, width)
                    _drop_first(cell)
                self._small_gap()
            case Figure():
                self._figure(word, block, TEXT_WIDTH - 0.2)
            case Table():
                self._table(block)

    def _layout(self, columns: int) -> WordTable:
        """Add a table that only places things side by side."""
        table: WordTable = self.word.add_table(rows=1, cols=columns)
        only_table_of_layout(table)
        table.autofit = False
        for cell in table.rows[0].cells:
            cell.width = Mm(TEXT_WIDTH / columns)
        return table

    def _small_gap(self) -> None:
        """End a table of layout: two tables without a paragraph between would become one."""
        self.word.add_paragraph(style="Gap")

    def _facts(self, block: Facts) -> None:
        table = self._layout(len(block.items))
        for cell, (number, label) in zip(table.rows[0].cells, block.items, strict=True):
            top_border(cell, HAIR)
            cell.paragraphs[0].style = self.word.styles["Fact"]
            self._fill(cell.paragraphs[0], number)
            cell.add_paragraph(label, "Fact Label")
        self._small_gap()

    def _caption(self, where: Any, block: Figure | Table) -> None:
        paragraph = where.add_paragraph(style="Caption")
        if id(block) in self.document.order:
            word, place = label_of(block, self.document)
            paragraph.add_run(f"{word}\u00a0")
            add_field(paragraph, f"SEQ {word} \\* ARABIC", str(place))
            paragraph.add_run(". ")
        self._fill(paragraph, block.caption)

    def _figure(self, where: Any, figure: Figure, width: float) -> None:
        self._caption(where, figure)
        paragraph = where.add_paragraph(style="Picture")
        paragraph.paragraph_format.keep_with_next = bool(figure.note)
        shape = paragraph.add_run().add_picture(io.BytesIO(figure.png), width=Mm(width))
        word, place = label_of(figure, self.document)
        describe_picture(shape, name=f"{word} {place}", alt=figure.alt)
        if figure.note:
            self._fill(where.add_paragraph(style="Source Note"), figure.note)

    def _table(self, block: Table) -> None:
        self._caption(self.word, block)
        table = self.word.add_table(len(block.rows) + 1, len(block.header), TABLE_STYLE)
        describe_table(table, plain(block.caption))
        table.autofit = False
        style = "Annex Text" if block.anchors else "Table Text"
        widths = _widths(block)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)  # what LibreOffice goes by; Word goes by the cells
        header = tuple((Strong((name,)),) for name in block.header)
        rows: list[tuple[Text, ...]] = [header, *(row for _, row in block.cells())]
        for place, (line, row) in enumerate(zip(table.rows, rows, strict=True), start=-1):
            for cell, text, width, numeric in zip(
                line.cells, row, widths, block.numeric, strict=True
            ):
                cell.width = Mm(width)
                paragraph = cell.paragraphs[0]
                paragraph.style = self.word.styles[style]
                # A table stays with its note, and on one page; the annex may run over.
                paragraph.paragraph_format.keep_with_next = not block.anchors
                if numeric:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                self._fill(paragraph, text)
                if place in block.sums:
                    top_border(cell, INK)
            if place >= 0 and block.anchors:
                self._bookmark(line.cells[0].paragraphs[0], block.anchors[place])
        repeat_header(table)
        self._fill(self.word.add_paragraph(style="Source Note"), block.note)

    def _sources(self) -> None:
        if not self.document.sources:
            return
        self.word.add_heading(SOURCES.text(self.document.lang), 1)
        for place, source in enumerate(self.document.sources, start=1):
            text = f"{source.text} {source.url}".strip()
            self._bookmark(self.word.add_paragraph(text, "List Number"), f"source-{place}")

    def _annex(self) -> None:
        tables = annex_tables(self.document) if self.document.annex else ()
        if tables:
            heading = self.word.add_heading(ANNEX.text(self.document.lang), 1)
            heading.paragraph_format.page_break_before = True
            for table in tables:
                self._table(table)

    def _bookmark(self, paragraph: WordParagraph, name: str) -> None:
        self._bookmarks += 1
        add_bookmark(paragraph, _word_name(name), self._bookmarks)

    def _fill(
        self, paragraph: WordParagraph, text: Text, *, bold: bool = False, italic: bool = False
    ) -> None:
        """Write running text into a paragraph."""
        document = self.document
        for part in parts(text):
            if isinstance(part, Strong):
                self._fill(paragraph, part.content, bold=True, italic=italic)
            elif isinstance(part, Emphasis):
                self._fill(paragraph, part.content, bold=bold, italic=True)
            elif isinstance(part, Cite):
                self._cite(paragraph, part)
            else:
                if isinstance(part, Number) and document.annex:
                    name = _word_name(f"trace-{document.trace_numbers[part.trace]}")
                    run = add_link(paragraph, part.text, name, tip=part.trace.what)
                else:
                    run = paragraph.add_run(part if isinstance(part, str) else part.text)
                run.bold, run.italic = bold or None, italic or None

    def _cite(self, paragraph: WordParagraph, cite: Cite) -> None:
        listed = self.document.sources
        for position, place in enumerate(self.document.places(cite)):
            if position:
                paragraph.add_run(", ").font.superscript = cite.raised or None
            tip = listed[place - 1].text
            run = add_link(paragraph, str(place), _word_name(f"source-{place}"), tip=tip)
            run.font.superscript = cite.raised or None


def _property(text: str) -> str:
    """Return a text as a property of the file holds it: at most 255 characters."""
    return text if len(text) <= 255 else f"{text[:254]}…"


def _word_name(anchor: str) -> str:
    """Return a name as bookmarks can have it."""
    return anchor.replace("-", "_")


def _drop_first(cell: _Cell) -> None:
    """Take out the empty paragraph that a new cell begins with."""
    first = cell.paragraphs[0]._p
    first.getparent().remove(first)


def _widths(block: Table) -> list[float]:
    """Return the columns' widths in millimetres: what numbers need, the rest to the first."""
    if block.shares:
        return [TEXT_WIDTH * share / sum(block.shares) for share in block.shares]
    columns = list(zip(block.header, *block.rows, strict=True))
    needed = [max(len(plain(cell)) for cell in column) * 1.75 + 4.0 for column in columns]
    others = needed[1:]
    first = max(TEXT_WIDTH - sum(others), TEXT_WIDTH / 4)
    fit = (TEXT_WIDTH - first) / sum(others) if others else 1.0
    return [first, *(width * fit for width in others)]
