"""What a document must be before it is written anywhere."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from mih_impact.arguments import shown
from mih_impact.display.labels import UNFIT
from mih_impact.display.options import language
from mih_impact.errors import ReportError
from mih_impact.reporting import blocks
from mih_impact.reporting.text import Cite, Emphasis, Number, Strong, Text, parts, plain, walk

if TYPE_CHECKING:
    from mih_impact.reporting.document import Document

__all__ = ["check"]


def check(document: Document) -> None:
    """Raise on the first thing that does not hold together."""
    language(document.lang)
    if document.date is not None and not isinstance(document.date, datetime.date):
        raise ReportError(
            "date is a date", found=f"date={shown(document.date)}", do="give a datetime.date"
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
                f"The address of the source {source.key!r} is none",
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
