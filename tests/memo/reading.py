"""What is read in a file, to hold against what the document says."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

from mih_impact.reporting.blocks import Cite, walk
from mih_impact.reporting.document import Document


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


def written_over(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of words of a PDF that stand on each other."""
    shape = "{http://www.w3.org/1999/xhtml}"
    pairs = []
    for page in ElementTree.fromstring(pdf_text(path, "-bbox")).iter(f"{shape}page"):
        words = []
        for word in page.iter(f"{shape}word"):
            box = [float(word.attrib[side]) for side in ("yMin", "yMax", "xMin", "xMax")]
            words.append((*box, word.text or ""))
        words.sort()
        for k, (top, bottom, left, right, text) in enumerate(words):
            for top2, bottom2, left2, right2, text2 in words[k + 1 :]:
                if top2 > bottom:
                    break
                high = min(bottom, bottom2) - top2
                wide = min(right, right2) - max(left, left2)
                if wide > 1.0 and high > 0.5 * min(bottom - top, bottom2 - top2):
                    pairs.append((text, text2))
    return pairs
