"""The sheets of words: what is not given in kroner, and where every number comes from."""

from __future__ import annotations

from mih_impact.display.labels import Label
from mih_impact.economics.non_priced.card import NEVER_ADDED, non_priced_card, non_priced_cells
from mih_impact.economics.non_priced.effect import MATRIX_SOURCE
from mih_impact.reference.source_texts import source_in
from mih_impact.reporting.workbook.pen import FIRST_ROW, Pen
from mih_impact.reporting.workbook.plan import Plan

__all__ = ["write_non_priced", "write_sources"]

_NON_PRICED = Label(nb="Ikke-prissatte virkninger", en="Non-priced effects")
_METHOD = Label(nb="Metode: {source}.", en="Method: {source}.")
_SOURCES = Label(nb="Kilder", en="Sources")
_AS_RECORDED = Label(
    nb="Kildene, med numrene som de andre arkene viser til.",
    en="The sources, by the numbers that other sheets cite.",
)
_HEADINGS = (Label(nb="Nummer", en="Number"), Label(nb="Kilde", en="Source"))
_SOURCE_WIDTH = 130
_WIDTHS = (34, 24, 11, 17, 13, 70, 48)
_MADE_BY = Label(nb="Laget med", en="Made with")
_DATA = Label(nb="fingeravtrykk av dataene", en="fingerprint of the data")


def write_non_priced(plan: Plan, pen: Pen) -> None:
    """Write the plus-minus table, which nothing adds to the account."""
    effects = plan.case.programme.non_priced
    cells = non_priced_cells(effects, plan.lang)
    pen.head(_NON_PRICED, NEVER_ADDED, plan.evidence, [])
    for column, heading in enumerate(cells.columns):
        pen.text(FIRST_ROW - 1, column, str(heading), "header")
    row = FIRST_ROW
    for texts in cells.itertuples(index=False):
        for column, text in enumerate(texts):
            pen.text(row, column, str(text), "wrapped")
        pen.tall(row, zip(map(str, texts), _WIDTHS, strict=True))
        row += 1
    if not effects:
        for note in non_priced_card(effects, plan.lang).notes:
            pen.text(row, 0, note)
    else:
        pen.text(row + 1, 0, _METHOD.format(source=MATRIX_SOURCE), "small")
    pen.finish(_WIDTHS, frozen=(FIRST_ROW, 1))


def write_sources(plan: Plan, pen: Pen) -> None:
    """Write every source that was cited, then versions and the data's fingerprint."""
    pen.head(_SOURCES, _AS_RECORDED, plan.evidence, _HEADINGS)
    row = FIRST_ROW
    for source, number in plan.sources.texts.items():
        text = source_in(source, plan.lang)
        pen.text(row, 0, number)
        pen.text(row, 1, text, "wrapped")
        pen.tall(row, [(text, _SOURCE_WIDTH)])
        row += 1
    provenance = plan.case.provenance
    row += 1
    pen.text(row, 0, _MADE_BY, "section")
    for name, version in provenance.versions.items():
        row += 1
        pen.text(row, 0, name)
        pen.text(row, 1, version)
    if provenance.data:
        pen.text(row + 1, 0, _DATA)
        pen.text(row + 1, 1, provenance.data)
    pen.finish((26, _SOURCE_WIDTH), frozen=(FIRST_ROW, 1))
