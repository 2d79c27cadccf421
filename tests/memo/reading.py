"""What is read in a file, to hold against what the document says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mih_impact.reporting.document import Document
from mih_impact.reporting.text import Cite, walk


def pieces(document: Document) -> list[str]:
    """Return every text of a document between references to sources, without its spaces.

    Pages break lines where they like, and a reference puts its number into the text.
    """
    found = [""]
    for text in document.texts():
        for part in walk(text):
            if isinstance(part, Cite):
                found.append("")
            else:
                found[-1] += part if isinstance(part, str) else part.text
        found.append("")
    found += [source.text for source in document.sources]
    return [tight(piece) for piece in found if tight(piece)]


def tight(text: str) -> str:
    """Return a text without spaces of any kind."""
    return "".join(text.split())


def pdf_text(path: Path, *options: str) -> str:
    """Return the text of a PDF, pages parted by form feeds."""
    command = ["pdftotext", "-enc", "UTF-8", *options, str(path), "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def pdf_pages(path: Path) -> list[str]:
    """Return the text of every page."""
    return pdf_text(path).split("\f")[:-1]


def missing(document: Document, text: str) -> list[str]:
    """Return the pieces of a document that are not to be read in a text."""
    read = tight(text)
    return [piece for piece in pieces(document) if piece not in read]
