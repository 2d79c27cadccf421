"""A document as PDF, set by Typst with the fonts it brings along.

The template (`memo.typ`) is fixed, and the document reaches it as data: no text is ever read as
markup. The file is tagged and follows PDF/UA-1, so that screen readers can follow it.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import typst

from mih_impact.errors import ReportError
from mih_impact.reporting.blocks import (
    Beside,
    Block,
    Bullets,
    Callout,
    Cite,
    Facts,
    Figure,
    Heading,
    Number,
    Paragraph,
    Strong,
    Table,
    Text,
    parts,
)
from mih_impact.reporting.document import ANNEX, PAGE, SOURCES, Document, annex_tables, label_of

__all__ = ["pdf_bytes"]

_Data = dict[str, Any]

#: The language, and for British English the region, as Typst names them.
_LANGUAGES = {"nb": ("nb", "NO"), "en": ("en", "GB")}


def pdf_bytes(document: Document) -> bytes:
    """Return the document as PDF.

    Parameters
    ----------
    document
        The document.

    Returns
    -------
    bytes
        The file; the same document gives the same bytes, whatever fonts the machine has.

    Raises
    ------
    ReportError
        When Typst cannot set it.

    Examples
    --------
    >>> pdf_bytes(Document(title="Memo", lang="en", blocks=()))[:8]
    b'%PDF-1.7'
    """
    template = files("mih_impact.reporting").joinpath("memo.typ").read_bytes()
    data = json.dumps(_data(document), ensure_ascii=False)
    try:
        made = typst.compile(
            template,
            format="pdf",
            sys_inputs={"document": data},
            pdf_standards="ua-1",
            ignore_system_fonts=True,
        )
    except typst.TypstError as error:
        raise ReportError("The PDF could not be set", found=error.message) from error
    return bytes(made)


def _data(document: Document) -> _Data:
    """Return all that the template needs, as plain data."""
    lang, region = _LANGUAGES[document.lang]
    annex = annex_tables(document) if document.annex else ()
    date = document.date
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "author": document.author,
        "date": None if date is None else [date.year, date.month, date.day],
        "lang": lang,
        "region": region,
        "meta": document.meta,
        "footer": document.footer,
        "page": PAGE.text(document.lang),
        "blocks": [_block(block, document) for block in document.blocks],
        "sources": [[source.text, source.url] for source in document.sources],
        "sources_name": SOURCES.text(document.lang),
        "annex": [_table(table, document) for table in annex],
        "annex_name": ANNEX.text(document.lang),
    }


def _block(block: Block, document: Document) -> _Data:
    match block:
        case Heading(text, level):
            return {"kind": "heading", "text": text, "level": level}
        case Paragraph(text):
            return {"kind": "paragraph", "text": _text(text, document)}
        case Bullets(items):
            return {"kind": "bullets", "items": [_text(item, document) for item in items]}
        case Callout(title, text, tone):
            return {"kind": "callout", "title": title, "text": _text(text, document), "tone": tone}
        case Facts(items):
            pairs = [[_text(number, document), label] for number, label in items]
            return {"kind": "facts", "items": pairs}
        case Beside(figures):
            return {"kind": "beside", "figures": [_figure(figure, document) for figure in figures]}
        case Figure():
            return _figure(block, document)
        case Table():
            return _table(block, document)


def _figure(figure: Figure, document: Document) -> _Data:
    word, place = label_of(figure, document)
    return {
        "kind": "figure",
        "label": f"{word}\u00a0{place}.",
        "caption": _text(figure.caption, document),
        "alt": figure.alt,
        "svg": figure.svg.decode(),
        "note": _text(figure.note, document),
    }


def _table(table: Table, document: Document) -> _Data:
    numbered = id(table) in document.order
    label = "{}\u00a0{}.".format(*label_of(table, document)) if numbered else ""
    return {
        "kind": "table",
        "label": label,
        "caption": _text(table.caption, document),
        "header": table.header,
        "numeric": table.numeric,
        "rows": [[_text(cell, document) for cell in row] for _, row in table.cells()],
        "sums": table.sums,
        "anchors": table.anchors,
        "shares": table.shares,
        "note": _text(table.note, document),
    }


def _text(text: Text, document: Document) -> list[_Data]:
    """Return running text as a list of parts, links resolved; none can point at nothing."""
    out: list[_Data] = []
    for part in parts(text):
        if isinstance(part, str):
            out += [{"kind": "plain", "text": part}] if part else []
        elif isinstance(part, Number):
            to = f"trace-{document.trace_numbers[part.trace]}" if document.annex else ""
            out.append({"kind": "number", "text": part.text, "to": to})
        elif isinstance(part, Cite):
            places = document.places(part)
            out.append({"kind": "cite", "places": places, "raised": part.raised})
        else:
            kind = "strong" if isinstance(part, Strong) else "emphasis"
            out.append({"kind": kind, "content": _text(part.content, document)})
    return out
