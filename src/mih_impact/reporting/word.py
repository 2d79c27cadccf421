"""A document as Word: real styles, tables with headers that repeat, captions, alt texts.

A number is a link to its row in the annex, and shows what it is under the pointer.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from mih_impact.reporting.blocks import (
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
    Strong,
    Table,
    Text,
    parts,
    plain,
)
from mih_impact.reporting.document import (
    ANNEX,
    LOCALES,
    PAGE,
    SOURCES,
    Document,
    annex_tables,
    label_of,
)
from mih_impact.storage import pack

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.shape import InlineShape
    from docx.styles.style import ParagraphStyle
    from docx.table import Table as DocxTable
    from docx.table import Table as WordTable
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph as DocxParagraph
    from docx.text.paragraph import Paragraph as WordParagraph
    from docx.text.run import Run

__all__ = [
    "ACCENT",
    "HAIR",
    "INK",
    "TABLE_STYLE",
    "TEXT_WIDTH",
    "add_bookmark",
    "add_field",
    "add_link",
    "child",
    "describe_picture",
    "describe_table",
    "only_table_of_layout",
    "remove_thumbnail",
    "repeat_header",
    "set_language",
    "set_page",
    "set_styles",
    "top_border",
    "word_bytes",
]

#: Characters that Word shows under the pointer.
_TIP = 250


def child(parent: Any, tag: str, **attributes: str) -> Any:
    """Append an element; attributes are of the same namespace."""
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    parent.append(element)
    return element


def add_link(paragraph: DocxParagraph, text: str, to: str, *, tip: str = "") -> Run:
    """Append a link to a bookmark of the document; `tip` is shown under the pointer."""
    link = child(paragraph._p, "w:hyperlink", anchor=to, history="1")
    if tip:
        link.set(qn("w:tooltip"), tip if len(tip) <= _TIP else f"{tip[: _TIP - 1]}…")
    run = paragraph.add_run(text)
    link.append(run._r)
    return run


def add_bookmark(paragraph: DocxParagraph, name: str, place: int) -> None:
    """Make a paragraph the target of links; `place` is the bookmark's own number."""
    start = OxmlElement("w:bookmarkStart")
    start.set(qn("w:id"), str(place))
    start.set(qn("w:name"), name)
    runs = [node for node in paragraph._p if node.tag != qn("w:pPr")]
    if runs:
        runs[0].addprevious(start)
    else:
        paragraph._p.append(start)
    child(paragraph._p, "w:bookmarkEnd", id=str(place))


def add_field(paragraph: DocxParagraph, code: str, shown: str) -> None:
    """Append a field that Word keeps up to date, with what it shows until then."""
    child(paragraph.add_run()._r, "w:fldChar", fldCharType="begin")
    child(paragraph.add_run()._r, "w:instrText").text = f" {code} "
    child(paragraph.add_run()._r, "w:fldChar", fldCharType="separate")
    paragraph.add_run(shown)
    child(paragraph.add_run()._r, "w:fldChar", fldCharType="end")


def describe_picture(shape: InlineShape, *, name: str, alt: str) -> None:
    """Give a picture its name and the text that stands for it."""
    properties = shape._inline.docPr
    properties.set("name", name)
    properties.set("descr", alt)
    for side in "TBLR":  # LibreOffice keeps text away from a picture that does not say
        shape._inline.set(f"dist{side}", "0")


def describe_table(table: DocxTable, caption: str) -> None:
    """Give a table the title that screen readers announce."""
    child(table._tbl.tblPr, "w:tblCaption", val=caption)


def repeat_header(table: DocxTable) -> None:
    """Let the first row stand on every page the table reaches, and break no row in two."""
    for place, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        child(properties, "w:cantSplit")
        if place == 0:
            child(properties, "w:tblHeader")


def only_table_of_layout(table: DocxTable) -> None:
    """Say that a table places things side by side: no header row, no header column, no inset."""
    margins = child(table._tbl.tblPr, "w:tblCellMar")
    child(margins, "w:left", w="0", type="dxa")
    child(margins, "w:right", w="170", type="dxa")
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    if look is not None:
        table._tbl.tblPr.remove(look)
    child(table._tbl.tblPr, "w:tblLook", val="0000", firstRow="0", firstColumn="0")


def top_border(cell: _Cell, colour: str) -> None:
    """Draw a line over a cell, of six eighths of a point."""
    borders = child(cell._tc.get_or_add_tcPr(), "w:tcBorders")
    child(borders, "w:top", val="single", sz="6", space="0", color=colour)


def remove_thumbnail(document: WordDocument) -> None:
    """Take out the picture of an empty page that python-docx's template carries."""
    rels = document.part.package.rels
    for key in [key for key, rel in rels.items() if rel.reltype.endswith("/thumbnail")]:
        rels.pop(key)


INK, SOFT, ACCENT, HAIR = "1D1D1F", "55585C", "0B4F7D", "C9CED3"
_TONES = {"answer": ("0B4F7D", "EEF4F8", "0B4F7D"), "caution": ("B97F00", "FBF5E6", "6B4A00")}
#: Cambria is on every machine with Word; LibreOffice takes Caladea, of the same widths.
_FONT = "Cambria"
_MARGIN = 20.0

TEXT_WIDTH = 210.0 - 2 * _MARGIN
"""Width of the text in millimetres."""

TABLE_STYLE = "Memo Table"

#: Built-in styles: size, colour, weight, space before and after in points.
_BUILT_IN: dict[str, tuple[float, str, bool, float, float]] = {
    "Normal": (10, INK, False, 0, 5),
    "Title": (19, ACCENT, True, 0, 3),
    "Subtitle": (11, SOFT, False, 0, 4),
    "Heading 1": (12.5, ACCENT, True, 9, 2),
    "Heading 2": (10.5, INK, True, 7, 2),
    "Caption": (9, INK, True, 6, 2),
    "List Bullet": (10, INK, False, 0, 2),
    "List Number": (8.5, INK, False, 0, 1),
    "Footer": (8, SOFT, False, 0, 0),
}
#: Our own, on top of Normal.
_OWN: dict[str, tuple[float, str, bool, float, float]] = {
    "Memo Lines": (9, INK, False, 0, 6),
    "Callout Answer": (10.5, INK, False, 0, 8),
    "Callout Caution": (10, INK, False, 0, 8),
    "Callout Answer Title": (9, _TONES["answer"][2], True, 8, 0),
    "Callout Caution Title": (9, _TONES["caution"][2], True, 8, 0),
    "Fact": (15, ACCENT, True, 2, 0),
    "Fact Label": (8.5, SOFT, False, 0, 2),
    "Table Text": (8.8, INK, False, 1.0, 1.0),
    "Annex Text": (8, INK, False, 1.5, 1.5),
    "Source Note": (8, SOFT, False, 2, 6),
    "Picture": (10, INK, False, 0, 2),
    "Gap": (1, INK, False, 0, 0),
}


def set_styles(document: WordDocument) -> None:
    """Dress the built-in styles and add ours."""
    for name, look in _BUILT_IN.items():
        _dress(document.styles[name], look)
    for name, look in _OWN.items():
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Normal"]
        _dress(style, look)
    for tone, (bar, ground, _) in _TONES.items():
        for name in (f"Callout {tone.title()}", f"Callout {tone.title()} Title"):
            _box(document.styles[name], bar, ground)
        document.styles[f"Callout {tone.title()} Title"].paragraph_format.keep_with_next = True
    # A table stays with its note, and on one page; the annex, whose style does not, may run over.
    for name in ("Heading 1", "Heading 2", "Caption", "Fact", "Picture", "Table Text"):
        document.styles[name].paragraph_format.keep_with_next = True
    document.styles["Picture"].paragraph_format.keep_with_next = False
    document.styles["Gap"].paragraph_format.line_spacing = Pt(1)
    _line_beneath(document.styles["Memo Lines"])
    _add_table_style(document)


def _dress(style: Any, look: tuple[float, str, bool, float, float]) -> None:
    size, colour, weighty, before, after = look
    font, layout = style.font, style.paragraph_format
    font.name, font.size, font.bold, font.italic = _FONT, Pt(size), weighty or None, False
    font.color.rgb = RGBColor.from_string(colour)
    fonts = style.element.rPr.rFonts
    for name in list(fonts.attrib):  # a theme's font would win over the one named
        if name.endswith("Theme"):
            del fonts.attrib[name]
    for kind in ("eastAsia", "cs"):
        fonts.set(qn(f"w:{kind}"), _FONT)
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.line_spacing, layout.widow_control = 1.0, True
    for unwanted in ("w:contextualSpacing", "w:pBdr"):
        for found in style.element.pPr.findall(qn(unwanted)):
            style.element.pPr.remove(found)
    spacing = style.element.rPr.find(qn("w:spacing"))
    if spacing is not None:  # the template spreads the letters of titles
        style.element.rPr.remove(spacing)


def _box(style: ParagraphStyle, bar: str, ground: str) -> None:
    """Draw a bar at the left and a ground beneath; paragraphs of a tone join into one box."""
    properties = style.element.get_or_add_pPr()
    borders = _placed(properties, "w:pBdr")
    for side, space in (("top", "4"), ("left", "7"), ("bottom", "5"), ("right", "7")):
        thick = "24" if side == "left" else "4"
        colour = bar if side == "left" else ground
        child(borders, f"w:{side}", val="single", sz=thick, space=space, color=colour)
    _placed(properties, "w:shd").attrib.update(
        {qn("w:val"): "clear", qn("w:color"): "auto", qn("w:fill"): ground}
    )
    style.paragraph_format.left_indent = style.paragraph_format.right_indent = Mm(3)


def _line_beneath(style: ParagraphStyle) -> None:
    borders = _placed(style.element.get_or_add_pPr(), "w:pBdr")
    child(borders, "w:bottom", val="single", sz="12", space="5", color=ACCENT)


def _placed(properties: Any, tag: str) -> Any:
    """Add an element to paragraph properties at the place that the format asks for."""
    from docx.oxml import OxmlElement

    element = OxmlElement(tag)
    after = ("w:shd", "w:tabs", "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl")
    follows = after[1:] if tag == "w:shd" else after
    properties.insert_element_before(element, *follows)
    return element


def _add_table_style(document: WordDocument) -> None:
    """Add a table style: lines over, under and beneath the header, hair lines between rows."""
    style = document.styles.add_style(TABLE_STYLE, WD_STYLE_TYPE.TABLE)
    style.base_style = document.styles["Normal Table"]
    table = child(style.element, "w:tblPr")
    borders = child(table, "w:tblBorders")
    for side, thick, colour in (("top", "8", INK), ("bottom", "8", INK), ("insideH", "4", HAIR)):
        child(borders, f"w:{side}", val="single", sz=thick, space="0", color=colour)
    margins = child(table, "w:tblCellMar")
    for side in ("left", "right"):
        child(margins, f"w:{side}", w="70", type="dxa")
    first = child(style.element, "w:tblStylePr", type="firstRow")
    child(child(first, "w:rPr"), "w:b")
    beneath = child(child(first, "w:tcPr"), "w:tcBorders")
    child(beneath, "w:bottom", val="single", sz="6", space="0", color=INK)


def set_page(document: WordDocument) -> None:
    """Make the page an A4 with the memo's margins."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(_MARGIN)
    section.top_margin, section.bottom_margin = Mm(16), Mm(17)
    section.header_distance, section.footer_distance = Mm(8), Mm(9)


def set_language(document: WordDocument, locale: str) -> None:
    """Set the language that Word proofs and screen readers speak, and today's layout rules."""
    defaults = document.styles.element.find(qn("w:docDefaults"))
    for lang in defaults.iter(qn("w:lang")):
        lang.set(qn("w:val"), locale)
    settings = document.settings.element
    for lang in settings.iter(qn("w:themeFontLang")):
        lang.set(qn("w:val"), locale)
    for rule in settings.iter(qn("w:compatSetting")):
        if rule.get(qn("w:name")) == "compatibilityMode":
            rule.set(qn("w:val"), "15")


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
        self._ids: dict[str, str] = {}

    def write(self) -> None:
        """Write everything, top to bottom."""
        document, word = self.document, self.word
        set_language(word, LOCALES[document.lang])
        set_page(word)
        set_styles(word)
        remove_thumbnail(word)
        self._properties()
        self._footer()
        self._add(word, "Title", document.title)
        if document.subtitle:
            self._add(word, "Subtitle", document.subtitle)
        lines = self._add(word, "Memo Lines")
        if not document.meta:
            lines.paragraph_format.line_spacing = Pt(1)
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
                    self._fill(self._add(word, "List Bullet"), item)
            case Callout(title, text, tone):
                style = f"Callout {tone.title()}"
                self._add(word, f"{style} Title", title)
                self._fill(self._add(word, style), text)
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

    def _style(self, name: str) -> str:
        """Return the identifier of a style; python-docx would read all styles at each look."""
        if name not in self._ids:
            self._ids[name] = self.word.styles[name].style_id
        return self._ids[name]

    def _add(self, where: Any, style: str, text: str = "") -> WordParagraph:
        paragraph: WordParagraph = where.add_paragraph(text)
        paragraph._p.style = self._style(style)
        return paragraph

    def _layout(self, columns: int) -> WordTable:
        """Add a table that only places things side by side."""
        table: WordTable = self.word.add_table(rows=1, cols=columns)
        only_table_of_layout(table)
        table.autofit = False
        for cell in table.rows[0].cells:
            cell.width = Mm(TEXT_WIDTH / columns)
        return table

    def _small_gap(self) -> WordParagraph:
        """End a table: two tables without a paragraph between would become one."""
        return self._add(self.word, "Gap")

    def _facts(self, block: Facts) -> None:
        table = self._layout(len(block.items))
        for cell, (number, label) in zip(table.rows[0].cells, block.items, strict=True):
            top_border(cell, HAIR)
            cell.paragraphs[0]._p.style = self._style("Fact")
            self._fill(cell.paragraphs[0], number)
            self._add(cell, "Fact Label", label)
        self._small_gap()

    def _caption(self, where: Any, block: Figure | Table) -> None:
        paragraph = self._add(where, "Caption")
        if id(block) in self.document.order:
            word, place = label_of(block, self.document)
            paragraph.add_run(f"{word}\u00a0")
            add_field(paragraph, f"SEQ {word} \\* ARABIC", str(place))
            paragraph.add_run(". ")
        self._fill(paragraph, block.caption)

    def _figure(self, where: Any, figure: Figure, width: float) -> None:
        self._caption(where, figure)
        paragraph = self._add(where, "Picture")
        paragraph.paragraph_format.keep_with_next = bool(figure.note)
        shape = paragraph.add_run().add_picture(io.BytesIO(figure.png), width=Mm(width))
        word, place = label_of(figure, self.document)
        describe_picture(shape, name=f"{word} {place}", alt=figure.alt)
        if figure.note:
            self._fill(self._add(where, "Source Note"), figure.note)

    def _table(self, block: Table) -> None:
        self._caption(self.word, block)
        table = self.word.add_table(len(block.rows) + 1, len(block.header), TABLE_STYLE)
        describe_table(table, plain(block.caption))
        table.autofit = False
        style = self._style("Annex Text" if block.anchors else "Table Text")
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
                paragraph._p.style = style
                if numeric:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                self._fill(paragraph, text)
                if place in block.sums:
                    top_border(cell, INK)
            if place >= 0 and block.anchors:
                self._bookmark(line.cells[0].paragraphs[0], block.anchors[place])
        repeat_header(table)
        if block.note:
            self._fill(self._add(self.word, "Source Note"), block.note)
        else:
            self._small_gap().paragraph_format.space_after = Pt(4)

    def _sources(self) -> None:
        if not self.document.sources:
            return
        self.word.add_heading(SOURCES.text(self.document.lang), 1)
        for place, source in enumerate(self.document.sources, start=1):
            text = f"{source.text} {source.url}".strip()
            self._bookmark(self._add(self.word, "List Number", text), f"source-{place}")

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
