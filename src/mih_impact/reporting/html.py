"""A document as one HTML file: no scripts, nothing fetched, two A4 pages when it is printed.

Numbers are links to the annex, which is on the screen and is not printed; they carry the names of
their ledger components and assumptions as ``data-rows`` and ``data-assumptions``.
"""

from __future__ import annotations

import re
from html import escape

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
    plain,
)
from mih_impact.reporting.document import (
    ANNEX,
    LOCALES,
    PAGE,
    SOURCE,
    SOURCES,
    Document,
    annex_tables,
    label_of,
)

__all__ = ["CSS", "html_bytes", "page_rules"]

# The accent is the participants' blue, dark enough for text.
CSS = """
:root{--ink:#1d1d1f;--soft:#55585c;--accent:#0b4f7d;--line:#c9ced3;--wash:#eef4f8;--warn:#fbf5e6;
color-scheme:light}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:#fff;color:var(--ink);
font:1.0625rem/1.5 "Libertinus Serif",Charter,Cambria,Caladea,Georgia,"Times New Roman",serif;
font-variant-numeric:lining-nums;overflow-wrap:break-word}
main,footer{max-width:47rem;margin:0 auto;padding:0 1.25rem}
main{padding-top:2.5rem;padding-bottom:2rem}
header{border-bottom:2px solid var(--accent);margin-bottom:1.1rem;padding-bottom:.7rem}
h1{font-size:1.85em;line-height:1.15;margin:0;color:var(--accent);text-wrap:balance}
.subtitle{font-size:1.08em;margin:.3em 0 0;color:var(--soft)}
h2{font-size:1.2em;line-height:1.25;margin:1.35em 0 .3em;color:var(--accent)}
h3{font-size:1.03em;line-height:1.25;margin:1em 0 .2em}
h2,h3{break-after:avoid}
p{margin:0 0 .6em;orphans:2;widows:2}
ul,ol{margin:0 0 .7em;padding-left:1.25em}
li{margin:0 0 .22em}
dl,dd{margin:0}
.meta{display:flex;flex-wrap:wrap;gap:.1em 1.6em;margin-top:.55em;font-size:.9em}
.meta div{display:flex;gap:.4em}
.meta dt{color:var(--soft)}
aside{border-left:4px solid var(--accent);background:var(--wash);padding:.7em .95em .75em;
margin:.9em 0;break-inside:avoid}
aside p{margin:0}
aside .name{font-weight:700;color:var(--accent);font-size:.92em;margin-bottom:.15em}
aside.answer p:last-child{font-size:1.06em}
aside.caution{border-color:#b97f00;background:var(--warn)}
aside.caution .name{color:#6b4a00}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(11rem,100%),1fr));
gap:.8em 1.6em;margin:1em 0;break-inside:avoid}
.facts div{display:flex;flex-direction:column-reverse;justify-content:flex-end;
border-top:1px solid var(--line);padding-top:.35em}
.facts dd{font-size:1.55em;line-height:1.15;font-weight:700;color:var(--accent)}
.facts dt{font-size:.88em;line-height:1.3;color:var(--soft)}
figure{margin:1.1em 0;break-inside:avoid}
figcaption,caption{font-weight:700;font-size:.92em;line-height:1.3;text-align:left;
caption-side:top;padding:0 0 .3em}
.label{color:var(--accent)}
figure svg{display:block;width:100%;height:auto}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));gap:0 1.6em;
break-inside:avoid}
.beside figure{margin:.8em 0;display:flex;flex-direction:column}
.beside figure svg{margin-top:auto}
.note{font-size:.82em;line-height:1.35;color:var(--soft);margin:.35em 0 0}
.table{overflow-x:auto;margin:1.1em 0;break-inside:avoid}
table{border-collapse:collapse;width:100%;font-size:.92em;line-height:1.3}
th,td{text-align:left;vertical-align:baseline;font-weight:400;padding:.24em 1.05em .24em 0;
border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:700;vertical-align:bottom;border-top:1.5px solid var(--ink);
border-bottom:1px solid var(--ink)}
tbody tr:last-child>*{border-bottom:1.5px solid var(--ink)}
.sum>*{border-top:1px solid var(--ink)}
.num{text-align:right;width:1%;white-space:nowrap;font-variant-numeric:lining-nums tabular-nums}
.sources{font-size:.86em;line-height:1.38}
.sources h2{font-size:1.15em}
.sources a{overflow-wrap:anywhere}
a{color:var(--accent)}
a:focus-visible,.table:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.number{color:inherit;text-decoration:underline dotted var(--soft) 1px;text-underline-offset:.2em}
.cite{font-size:.7em;line-height:0;vertical-align:super}
.cite a{text-decoration:none}
.annex{font-size:.86em;margin-top:2.4em;border-top:1px solid var(--line)}
.annex .table{break-inside:auto}
tr:target,li:target{background:var(--warn)}
footer{font-size:.82em;color:var(--soft);padding-bottom:2rem}
@media print{
body{font-size:9.7pt;line-height:1.33}
main,footer{max-width:none;padding:0}
header{margin-bottom:.7em;padding-bottom:.45em}
h1{font-size:1.75em}
h2{margin:.85em 0 .12em}
p{margin-bottom:.42em}
aside{padding:.45em .8em .5em;margin:.55em 0;-webkit-print-color-adjust:exact;
print-color-adjust:exact}
.facts{grid-template-columns:repeat(3,1fr);margin:.6em 0}
figure,.table{margin:.7em 0;overflow:visible}
.beside{grid-template-columns:1fr 1fr}
.beside figure{margin:.4em 0}
th,td{padding-top:.16em;padding-bottom:.16em}
ul,ol{margin-bottom:.45em}
li{margin-bottom:.1em}
.number{text-decoration:none}
a{color:inherit;text-decoration:none}
.annex,footer{display:none}
}
"""


def page_rules(document: Document) -> str:
    """Return the rules of the printed page: A4, the footer and the page number beneath."""
    page = PAGE.text(document.lang)
    style = "font:8pt/1.2 Charter,Cambria,Caladea,Georgia,serif;color:#55585c"
    return (
        "@page{size:A4;margin:16mm 20mm 17mm;"
        f'@bottom-left{{content:"{_css(document.footer)}";{style};white-space:nowrap}}'
        f'@bottom-right{{content:"{_css(page)} " counter(page);{style}}}}}\n'
    )


def _css(text: str) -> str:
    """Return a text as it stands in a CSS string; no text can leave the string or the element."""
    return "".join(
        sign if sign.isalnum() or sign in " .,:;()-–%" else f"\\{ord(sign):x} " for sign in text
    )


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
