"""A document as one HTML file: no scripts, nothing fetched, two A4 pages when it is printed.

Numbers are links to the annex, which is on the screen and is not printed; they carry the names of
their ledger components and assumptions as ``data-rows`` and ``data-assumptions``.
"""

from __future__ import annotations

import re
from html import escape

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
from mih_impact.reporting.html_style import CSS, page_rules
from mih_impact.reporting.text import Cite, Number, Strong, Text, parts, plain
from mih_impact.reporting.words import ANNEX, LOCALES, SOURCE, SOURCES, annex_tables, label_of

__all__ = ["html_bytes"]

#: Nothing but this file's own style and pictures; a browser enforces it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html_bytes(document: Document) -> bytes:
    """Return the document as an HTML page.

    Parameters
    ----------
    document
        The document.

    Returns
    -------
    bytes
        UTF-8; the same document gives the same bytes.

    Examples
    --------
    >>> b"<h1>Memo</h1>" in html_bytes(Document(title="Memo", lang="en", blocks=()))
    True
    """
    lang = LOCALES[document.lang]
    head = (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n{_properties(document)}"
        f"<style>{CSS}{page_rules(document)}</style>\n</head>\n"
    )
    body = "\n".join(
        part
        for part in (
            _top(document),
            *(_block(block, document) for block in document.blocks),
            _sources(document),
            _annex(document),
        )
        if part
    )
    foot = f"\n<footer><p>{escape(document.footer)}</p></footer>" if document.footer else ""
    return f"{head}<body>\n<main>\n{body}\n</main>{foot}\n</body>\n</html>\n".encode()


def _properties(document: Document) -> str:
    values = {"author": document.author, "description": document.subtitle}
    if document.date is not None:
        values["date"] = document.date.isoformat()
    return "".join(
        f'<meta name="{name}" content="{escape(value)}">\n'
        for name, value in values.items()
        if value
    )


def _top(document: Document) -> str:
    lines = [f"<h1>{escape(document.title)}</h1>"]
    if document.subtitle:
        lines.append(f'<p class="subtitle">{escape(document.subtitle)}</p>')
    if document.meta:
        pairs = "".join(
            f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
            for name, value in document.meta
        )
        lines.append(f'<dl class="meta">{pairs}</dl>')
    return "<header>\n" + "\n".join(lines) + "\n</header>"


def _block(block: Block, document: Document) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{escape(text)}</h{level + 1}>"
        case Paragraph(text):
            return f"<p>{_text(text, document)}</p>"
        case Bullets(items):
            listed = "".join(f"<li>{_text(item, document)}</li>" for item in items)
            return f"<ul>{listed}</ul>"
        case Callout(title, text, tone):
            return (
                f'<aside class="{tone}" aria-label="{escape(title)}">'
                f'<p class="name">{escape(title)}</p><p>{_text(text, document)}</p></aside>'
            )
        case Facts(items):
            pairs = "".join(
                f"<div><dt>{escape(label)}</dt><dd>{_text(number, document)}</dd></div>"
                for number, label in items
            )
            return f'<dl class="facts">{pairs}</dl>'
        case Beside(figures):
            inside = "".join(_figure(figure, document) for figure in figures)
            return f'<div class="beside">{inside}</div>'
        case Figure():
            return _figure(block, document)
        case Table():
            return _table(block, document)


def _caption(block: Figure | Table, document: Document) -> str:
    if id(block) not in document.order:  # the annex is not numbered
        return _text(block.caption, document)
    word, place = label_of(block, document)
    number = f'<span class="label">{word}&nbsp;{place}.</span>'
    return f"{number} {_text(block.caption, document)}"


def _figure(figure: Figure, document: Document) -> str:
    _, place = label_of(figure, document)
    note = f'<p class="note">{_text(figure.note, document)}</p>' if figure.note else ""
    return (
        f'<figure class="{figure.width}"><figcaption>{_caption(figure, document)}</figcaption>'
        f"{_inline_svg(figure, place)}{note}</figure>"
    )


def _inline_svg(figure: Figure, place: int) -> str:
    """Return the picture as an element, its names apart from those of the other pictures."""
    text = figure.svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>f{place}-", text)
    opening, rest = text.split(">", 1)
    opening = re.sub(r'\s(width|height|version|role|aria-label)="[^"]*"', "", opening)
    return f'{opening} role="img" aria-label="{escape(figure.alt)}">{rest.strip()}'


def _table(table: Table, document: Document) -> str:
    css = [' class="num"' if numeric else "" for numeric in table.numeric]
    head = "".join(
        f'<th scope="col"{style}>{escape(name)}</th>'
        for name, style in zip(table.header, css, strict=True)
    )
    body = ""
    for place, row in table.cells():
        target = f' id="{escape(table.anchors[place])}"' if table.anchors else ""
        weighty = ' class="sum"' if place in table.sums else ""
        first = f'<th scope="row"{css[0]}>{_text(row[0], document)}</th>'
        cells = "".join(
            f"<td{style}>{_text(cell, document)}</td>"
            for cell, style in zip(row[1:], css[1:], strict=True)
        )
        body += f"<tr{target}{weighty}>{first}{cells}</tr>"
    note = f'<p class="note">{_text(table.note, document)}</p>' if table.note else ""
    # The frame scrolls where the screen is narrower than the table, so it must take the keyboard.
    name = escape(plain(table.caption))
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{name}">'
        f"<table><caption>{_caption(table, document)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}</div>"
    )


def _sources(document: Document) -> str:
    if not document.sources:
        return ""
    items = "".join(
        f'<li id="source-{place}">{escape(source.text)}{_address(source.url)}</li>'
        for place, source in enumerate(document.sources, start=1)
    )
    name = SOURCES.text(document.lang)
    return f'<section class="sources"><h2>{name}</h2><ol>{items}</ol></section>'


def _address(url: str) -> str:
    return f' <a href="{escape(url)}">{escape(url)}</a>' if url else ""


def _annex(document: Document) -> str:
    tables = annex_tables(document)
    if not tables:
        return ""
    shown = "".join(_table(table, document) for table in tables)
    return f'<section class="annex"><h2>{ANNEX.text(document.lang)}</h2>{shown}</section>'


def _text(text: Text, document: Document) -> str:
    """Return running text as HTML."""
    out = []
    for part in parts(text):
        if isinstance(part, str):
            out.append(escape(part))
        elif isinstance(part, Number):
            out.append(_number(part, document))
        elif isinstance(part, Cite):
            out.append(_cite(part, document))
        else:
            tag = "strong" if isinstance(part, Strong) else "em"
            out.append(f"<{tag}>{_text(part.content, document)}</{tag}>")
    return "".join(out)


def _number(number: Number, document: Document) -> str:
    trace = number.trace
    names = "".join(
        f' data-{kind}="{escape(" ".join(item.key for item in items))}"'
        for kind, items in (("rows", trace.rows), ("assumptions", trace.assumptions))
        if items
    )
    place = document.trace_numbers[trace]
    return (
        f'<a class="number" href="#trace-{place}" title="{escape(trace.what)}"{names}>'
        f"{escape(number.text)}</a>"
    )


def _cite(cite: Cite, document: Document) -> str:
    word = SOURCE.text(document.lang)
    links = [
        f'<a href="#source-{place}" aria-label="{word} {place}">{place}</a>'
        for place in document.places(cite)
    ]
    raised = ",\u202f".join(links)
    return f'<sup class="cite">{raised}</sup>' if cite.raised else ", ".join(links)
