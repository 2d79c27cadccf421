"""The styles of a Word document: real ones, that the reader can change in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from mih_impact.reporting.word_xml import child

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.styles.style import ParagraphStyle

__all__ = [
    "ACCENT",
    "HAIR",
    "INK",
    "TABLE_STYLE",
    "TEXT_WIDTH",
    "set_language",
    "set_page",
    "set_styles",
]

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
    "Table Text": (8.8, INK, False, 1.5, 1.5),
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
    for name in ("Heading 1", "Heading 2", "Caption", "Fact", "Picture"):
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
    layout.line_spacing, layout.widow_control = 1.08, True
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
