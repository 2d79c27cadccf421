"""What a document must be before it is written anywhere."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from mih_impact.arguments import shown
from mih_impact.display.options import language
from mih_impact.errors import ReportError
from mih_impact.reporting.text import Cite, Emphasis, Number, Strong, Text, parts, plain, walk

if TYPE_CHECKING:
    from mih_impact.reporting.document import Document, Figure, Table

__all__ = ["check"]

#: Characters that neither XML nor a PDF can hold, and halves of characters.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check(document: Document) -> None:
    """Raise on the first thing that does not hold together."""
    language(document.lang)
    if not document.title.strip():
        raise ReportError("The document has no title", do="give one")
    if document.date is not None and not isinstance(document.date, datetime.date):
        raise ReportError(
            "date is a date", found=f"date={shown(document.date)}", do="give a datetime.date"
        )
    _check_blocks(document)
    _check_sources(document)
    for text in (*document.texts(), *(source.text for source in document.sources)):
        _check_text(text)


def _check_blocks(document: Document) -> None:
    from mih_impact.reporting import document as doc

    kinds = (doc.Heading, doc.Paragraph, doc.Bullets, doc.Callout, doc.Facts, doc.Beside,
             doc.Figure, doc.Table)  # fmt: skip
    level = 0
    for block in document.blocks:
        if not isinstance(block, kinds):
            raise ReportError(
                "A document is made of blocks",
                found=shown(block),
                do="give " + ", ".join(kind.__name__ for kind in kinds),
            )
        if isinstance(block, doc.Heading):
            if block.level not in (1, 2) or block.level > level + 1:
                raise ReportError(
                    f"The heading {block.text!r} skips a level",
                    found=f"level {block.level} after {level}",
                    do="begin with level 1, and give level 2 within it",
                )
            level = block.level
        for figure in block.figures if isinstance(block, doc.Beside) else (block,):
            if isinstance(figure, doc.Figure):
                _check_figure(figure)
        if isinstance(block, doc.Table):
            _check_table(block)


def _check_figure(figure: Figure) -> None:
    for name, value in (("caption", plain(figure.caption)), ("alt text", figure.alt)):
        if not value.strip():
            raise ReportError(
                f"A figure has no {name}",
                found=plain(figure.caption) or "a figure without a caption",
                do="give the axes a title and set_alt_text, or caption= and alt=",
            )


def _check_table(table: Table) -> None:
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
    found = _UNFIT.search(plain(text))
    if found:
        raise ReportError(
            "A text has a character that no document can hold",
            found=f"U+{ord(found[0]):04X}",
            do="leave it out",
        )
