"""The words that every document has, whoever wrote it, and the annex made from its traces."""

from __future__ import annotations

from mih_impact.display.labels import Label
from mih_impact.display.numbers import NOT_AVAILABLE
from mih_impact.reporting.document import Document, Figure, Table
from mih_impact.reporting.text import Cite

__all__ = [
    "ANNEX",
    "LOCALES",
    "PAGE",
    "SOURCE",
    "SOURCES",
    "annex_table",
    "annex_tables",
    "label_of",
]

SOURCE = Label(nb="Kilde", en="Source")
SOURCES = Label(nb="Kilder", en="Sources")
PAGE = Label(nb="Side", en="Page")
ANNEX = Label(nb="Vedlegg: hvor tallene kommer fra", en="Annex: where the numbers come from")
LOCALES = {"nb": "nb-NO", "en": "en-GB"}
"""The documents' languages as files name them."""

#: Numbers of one trace that the annex shows; a table can have many.
_SHOWN = 3
_FIGURE = Label(nb="Figur {n}", en="Figure {n}")
_TABLE = Label(nb="Tabell {n}", en="Table {n}")
_ANNEX_CAPTION = Label(
    nb="Hvert tall i notatet, linjene i regnskapet det er satt sammen av, forutsetningene det"
    " hviler på, og kildene",
    en="Every number in the memo, the rows of the account it is made of, the assumptions it rests"
    " on, and the sources",
)
_ANNEX_HEADER = (
    Label(nb="Tall", en="Number"),
    Label(nb="Hva det er", en="What it is"),
    Label(nb="Linjer i regnskapet", en="Rows of the account"),
    Label(nb="Forutsetninger", en="Assumptions"),
    Label(nb="Kilder", en="Sources"),
)


def label_of(block: Figure | Table, document: Document) -> tuple[str, int]:
    """Return the word and the number of a figure or a table: ("Figur", 2)."""
    place = document.order[id(block)]
    label = _FIGURE if isinstance(block, Figure) else _TABLE
    word, _, _ = label.text(document.lang).partition(" ")
    return word, place


def annex_tables(document: Document) -> tuple[Table, ...]:
    """Return the tables of the annex: where each number comes from, then the document's own."""
    numbers = annex_table(document)
    return (*(() if numbers is None else (numbers,)), *document.appendix)


def annex_table(document: Document) -> Table | None:
    """Return the table of all numbers and where they come from; None if none has a trace."""
    if not document.numbers:
        return None
    rows = tuple(
        (
            "; ".join([*shown[:_SHOWN], *["…"][: len(shown) > _SHOWN]]),
            trace.what,
            "; ".join(row.text for row in trace.rows) or NOT_AVAILABLE,
            "; ".join(item.text for item in trace.assumptions) or NOT_AVAILABLE,
            (Cite(trace.sources, raised=False),) if trace.sources else NOT_AVAILABLE,
        )
        for trace, shown in document.numbers.items()
    )
    return Table(
        _ANNEX_CAPTION.text(document.lang),
        tuple(label.text(document.lang) for label in _ANNEX_HEADER),
        rows,
        anchors=tuple(f"trace-{place}" for place in document.trace_numbers.values()),
        shares=(1.3, 1.7, 1.8, 1.8, 0.5),
    )
