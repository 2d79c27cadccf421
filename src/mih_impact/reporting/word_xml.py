"""What python-docx has no call for: links, bookmarks, fields, borders, alt texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.shape import InlineShape
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

__all__ = [
    "add_bookmark",
    "add_field",
    "add_link",
    "child",
    "describe_picture",
    "describe_table",
    "only_table_of_layout",
    "remove_thumbnail",
    "repeat_header",
    "top_border",
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


def add_link(paragraph: Paragraph, text: str, to: str, *, tip: str = "") -> Run:
    """Append a link to a bookmark of the document; `tip` is shown under the pointer."""
    link = child(paragraph._p, "w:hyperlink", anchor=to, history="1")
    if tip:
        link.set(qn("w:tooltip"), tip if len(tip) <= _TIP else f"{tip[: _TIP - 1]}…")
    run = paragraph.add_run(text)
    link.append(run._r)
    return run


def add_bookmark(paragraph: Paragraph, name: str, place: int) -> None:
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


def add_field(paragraph: Paragraph, code: str, shown: str) -> None:
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


def describe_table(table: Table, caption: str) -> None:
    """Give a table the title that screen readers announce."""
    child(table._tbl.tblPr, "w:tblCaption", val=caption)


def repeat_header(table: Table) -> None:
    """Let the first row stand on every page the table reaches, and break no row in two."""
    for place, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        child(properties, "w:cantSplit")
        if place == 0:
            child(properties, "w:tblHeader")


def only_table_of_layout(table: Table) -> None:
    """Say that a table places things side by side: no header row, no header column, no inset."""
    margins = child(table._tbl.tblPr, "w:tblCellMar")
    child(margins, "w:left", w="0", type="dxa")
    child(margins, "w:right", w="170", type="dxa")
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    if look is not None:
        table._tbl.tblPr.remove(look)
    child(table._tbl.tblPr, "w:tblLook", val="0000", firstRow="0", firstColumn="0")


def top_border(cell: _Cell, colour: str, *, eighths: int = 6) -> None:
    """Draw a line over a cell; width in eighths of a point."""
    borders = child(cell._tc.get_or_add_tcPr(), "w:tcBorders")
    child(borders, "w:top", val="single", sz=str(eighths), space="0", color=colour)


def remove_thumbnail(document: WordDocument) -> None:
    """Take out the picture of an empty page that python-docx's template carries."""
    rels = document.part.package.rels
    for key in [key for key, rel in rels.items() if rel.reltype.endswith("/thumbnail")]:
        rels.pop(key)
