"""Tables to publication standard, by great-tables: HTML for the web, LaTeX for a paper.

One style in both languages: the title above, three rules and hair lines, numbers to the right, and
beneath what else the card says. The cells are those of the result's card, so what is hidden there
is hidden here.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mih_impact import arguments
from mih_impact.arguments import named_options
from mih_impact.controls.balance import Balance
from mih_impact.display.locale import Lang, in_language, language
from mih_impact.display.numbers import MINUS, NBSP
from mih_impact.display.result import Displayed
from mih_impact.display.tables import is_numeric, text_cells
from mih_impact.effects.series import EffectSeries
from mih_impact.errors import OptionError, ReportError, require_package
from mih_impact.reporting.document import LOCALES
from mih_impact.reporting.export import Table, balance_table, effects_table
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from great_tables import GT

__all__ = ["publication_table", "write_publication_table"]

_FONTS = ["Libertinus Serif", "Charter", "Cambria", "Caladea", "Georgia", "serif"]
_INK, _HAIR = "#1d1d1f", "#c9ced3"
#: What LaTeX without its newer engines has no character for.
_LATEX = {MINUS: "$-$", NBSP: "~"}


@named_options
def publication_table(
    result: Displayed | Table, *, lang: Lang | None = None, row_heads: bool = True
) -> GT:
    """Return the table of a result as great-tables knows it, to style further or to write.

    Parameters
    ----------
    result
        Effects by year since start, a balance, or a result whose card has a table, such as an
        account or a check that estimates again.
    lang
        Language; None is the one in force.
    row_heads
        Whether the first column heads the rows, for screen readers.

    Returns
    -------
    great_tables.GT

    Raises
    ------
    OptionError
        The result is none of a call of the library.
    ReportError
        Its card has no table.
    MissingExtraError
        great-tables is not installed.

    Examples
    --------
    >>> import mih_impact as mih
    >>> table = publication_table(mih.nav.funnel(), lang="en")
    >>> "At information meetings" in table.as_raw_html()
    True
    """
    arguments.flag("row_heads", row_heads)
    with in_language(lang):
        return _set(_table_of(result), bool(row_heads))


def _set(table: Table, row_heads: bool = True) -> GT:
    """Return a table as great-tables has it, in the language in force."""
    require_package("great_tables", extra="tables", to="A publication table")
    from great_tables import GT

    header, rows = text_cells(table.cells, table.formats)
    keys = [f"column-{place}" for place in range(len(header))]  # names may be equal, or no names
    frame = pd.DataFrame(rows, columns=keys, dtype=object)
    great = GT(frame, rowname_col=keys[0] if row_heads else None, id=table.name, locale=language())
    great = great.cols_label(dict(zip(keys[row_heads:], header[row_heads:], strict=True)))
    if row_heads:
        great = great.tab_stubhead(header[0])
    great = great.tab_header(title=table.caption).tab_source_note(table.source)
    great = great.cols_align("left", columns=keys[row_heads:])
    if columns := [key for key in keys[row_heads:] if is_numeric(frame[key].tolist())]:
        great = great.cols_align("right", columns=columns)
    return _styled(great)


def _table_of(result: Displayed | Table) -> Table:
    """Return the table of a card: its title above, its lines and notes beneath."""
    if isinstance(result, Table):
        return result
    arguments.instance(
        "A publication table", result, Displayed, "a result", "give what a call of mih returned",
    )  # fmt: skip
    card, name = result.card(), type(result).__name__.lower()
    if isinstance(result, Balance):
        return balance_table(name, result, " ".join(card.notes))
    if isinstance(result, EffectSeries):
        return effects_table(name, result, " ".join(card.notes))
    if card.table is None:
        raise ReportError(
            "The result has no table on its card",
            found=card.title,
            do="give a result with a table, such as group.balance() or mih.event_study(group)",
        )
    said = [*(f"{name}: {value}." for name, value in card.lines), *card.notes]
    return Table(name, card.title, card.table, card.table, {}, " ".join(said))


def _styled(great: GT) -> GT:
    """Give a table the memo's look."""
    rule, hair = "1.5px", "1px"
    return great.tab_options(
        table_font_names=_FONTS,
        table_font_size="15px",
        table_font_color=_INK,
        table_margin_left="0",
        table_additional_css=[
            ".gt_table {font-variant-numeric: lining-nums tabular-nums;}",
            ".gt_table .gt_title {font-weight: bold !important;}",
        ],
        table_border_top_style="none",
        table_border_bottom_style="none",
        heading_align="left",
        heading_title_font_size="16px",
        heading_padding_horizontal="0",
        heading_border_bottom_style="none",
        column_labels_font_weight="bold",
        column_labels_border_top_color=_INK,
        column_labels_border_top_width=rule,
        column_labels_border_bottom_color=_INK,
        column_labels_border_bottom_width=hair,
        stub_border_style="none",
        table_body_hlines_color=_HAIR,
        table_body_border_top_style="none",
        table_body_border_bottom_color=_INK,
        table_body_border_bottom_width=rule,
        data_row_padding="5px",
        source_notes_font_size="13px",
        source_notes_padding_horizontal="0",
    )


def _html(table: Table) -> str:
    """Return a table as an HTML fragment with its own style."""
    fragment = _set(table).as_raw_html()
    return fragment.replace("<div ", f'<div lang="{LOCALES[language()]}" ', 1)


def _latex(table: Table) -> str:
    """Return a table as LaTeX, for the packages booktabs and caption; any engine sets it."""
    text = str(_set(table, row_heads=False).as_latex())
    for sign, command in _LATEX.items():
        text = text.replace(sign, command)
    return text


@named_options
def write_publication_table(
    result: Displayed | Table, path: str | os.PathLike[str], *, lang: Lang | None = None
) -> Path:
    """Write the table of a result as a page (.html) or for a paper (.tex), whole or not at all.

    LaTeX needs the packages booktabs and caption; any engine sets it.

    Parameters
    ----------
    result
        As for `publication_table`.
    path
        The file; its suffix says which.
    lang
        Language; None is the one in force.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        An unknown suffix, or a result of no call of the library.
    ReportError
        The card of the result has no table.
    StorageError
        The file cannot be written.
    MissingExtraError
        great-tables is not installed.
    """
    path = arguments.path("path", path)
    kind = path.suffix.lower()
    if kind not in (".html", ".tex"):
        raise OptionError(
            "There is no table of this kind",
            found=repr(path.name),
            do="end the name with .html or .tex",
        )
    with in_language(lang):
        table = _table_of(result)
        text = _latex(table) if kind == ".tex" else _page(table)
    return write_whole(path, text.encode())


def _page(table: Table) -> str:
    """Return a page with a table."""
    return (
        f'<!DOCTYPE html>\n<html lang="{LOCALES[language()]}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(table.caption)}</title>\n</head>\n<body>\n"
        f"{_html(table)}\n</body>\n</html>\n"
    )
