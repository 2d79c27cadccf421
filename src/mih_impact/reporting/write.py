"""A document as a file: the suffix says which kind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mih_impact import arguments
from mih_impact.errors import OptionError, require_package
from mih_impact.reporting.document import Document
from mih_impact.storage import write_whole

__all__ = ["document_path", "write_document"]


def write_document(document: Document, path: str | os.PathLike[str]) -> Path:
    """Write a document as HTML, Word or PDF, whole or not at all.

    Parameters
    ----------
    document
        What to write.
    path
        The file; its suffix is .html, .docx or .pdf, and its folder is made if it is not there.

    Returns
    -------
    Path
        The file written. The same document gives the same bytes.

    Raises
    ------
    StorageError
        An unknown suffix, or a file that cannot be written.
    MissingExtraError
        The package for Word (python-docx) or PDF (typst) is not installed.
    """
    path = document_path(path)
    return write_whole(path, _WRITERS[path.suffix.lower()](document))


def document_path(path: str | os.PathLike[str]) -> Path:
    """Return where a document goes, or raise on what is no path or no kind of document."""
    given = arguments.path("path", path)
    if given.suffix.lower() not in _WRITERS:
        raise OptionError(
            "There is no document of this kind",
            found=repr(given.name),
            do=f"end the name with {', '.join(_WRITERS)}",
        )
    return given


def _html(document: Document) -> bytes:
    from mih_impact.reporting.html import html_bytes

    return html_bytes(document)


def _word(document: Document) -> bytes:
    require_package("docx", extra="memo", to="Writing Word")
    from mih_impact.reporting.word import word_bytes

    return word_bytes(document)


def _pdf(document: Document) -> bytes:
    require_package("typst", extra="memo", to="Writing PDF")
    from mih_impact.reporting.pdf import pdf_bytes

    return pdf_bytes(document)


_WRITERS: dict[str, Callable[[Document], bytes]] = {".html": _html, ".docx": _word, ".pdf": _pdf}
