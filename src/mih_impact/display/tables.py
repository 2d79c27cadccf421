"""Tables as HTML a screen reader can follow, and texts that a spreadsheet does not run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from mih_impact.display.locale import Label, language
from mih_impact.display.numbers import MINUS, NOT_AVAILABLE, Formatter, number
from mih_impact.display.unit import points_once

__all__ = [
    "CSS",
    "guarded",
    "html_page",
    "html_rows",
    "html_table",
    "is_numeric",
    "text_cells",
    "unguarded",
]

#: What a spreadsheet that opens a CSV file takes for the beginning of a formula.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Return a text cell of a CSV file with an apostrophe before what would be run as a formula.

    A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is a formula to Excel
    and LibreOffice, whatever it says. With the apostrophe it is shown as it stands. Numbers are no
    text, and keep their minus.

    Examples
    --------
    >>> guarded("=1+1"), guarded("kurs"), unguarded(guarded("=1+1"))
    ("'=1+1", 'kurs', '=1+1')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Return a text as it was before `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# Colours are inherited and lines are half-transparent grey, so that light and dark themes both
# read well without asking which one it is. The class stands twice to outrank Jupyter's own rule,
# which aligns every cell to the right.
CSS = """
.mih{overflow-x:auto;font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-size:.92em;line-height:1.45;max-width:60em;margin:.4em 0;color:inherit}
.mih table.mih-lines,.mih table.mih-table{border-collapse:collapse;border:0;margin:.2em 0 .7em;
font-size:1em;color:inherit;background:transparent;display:table}
.mih table caption,.mih p.mih-title{caption-side:top;text-align:left;font-weight:700;
font-size:1.1em;padding:.1em 0 .45em;margin:0;color:inherit}
.mih table tr,.mih table tbody tr:nth-child(odd),.mih table tbody tr:nth-child(even),
.mih table tbody tr:hover{background:transparent;border:0}
.mih.mih table th,.mih.mih table td{text-align:left;vertical-align:baseline;
padding:.24em 1.2em .24em 0;border:0;border-bottom:1px solid rgba(128,128,128,.28);font-weight:400;
color:inherit;background:transparent;white-space:normal;max-width:none}
.mih.mih table.mih-lines caption{white-space:nowrap}
.mih.mih table.mih-lines th{opacity:.78}
.mih.mih table.mih-lines td{font-weight:600}
.mih.mih table.mih-table thead th{font-weight:600;border-bottom:1.5px solid rgba(128,128,128,.75);
vertical-align:bottom}
.mih.mih table.mih-table tbody tr:last-child>*{border-bottom:1.5px solid rgba(128,128,128,.75)}
.mih.mih table .mih-num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.mih p.mih-note{margin:.25em 0;font-size:.92em;opacity:.85;max-width:52em}
""".strip()

_PAGE_CSS = """
:root{color-scheme:light dark}
body{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;max-width:84em;
margin:2.5em auto;padding:0 1.2em;line-height:1.5}
h1{font-size:1.45em;max-width:40em}
main .mih{max-width:none}
img,svg{max-width:100%;height:auto}
@media print{body{margin:0;max-width:none}}
""".strip()

_NUMBER = re.compile(r"([A-Z]{3}\u00a0)?[\u2212+]?[\d∞]|\u2013$|(skjult|hidden) \(")
#: Characters of an interval of the largest amounts there are, and a little more.
_LONGEST = 44
_YES, _NO = Label("ja", "yes"), Label("nei", "no")


def html_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    formats: Mapping[str, Formatter] | None = None,
    source: str | None = None,
) -> str:
    """Return a frame as a self-contained HTML table.

    Parameters
    ----------
    frame
        The table. The first column (or the index, when it has a name) heads the rows.
    caption
        What the table shows, with unit and price year.
    formats
        How a column is shown, by column name: `kroner`, ``partial(number, decimals=1)`` ...
        A column without one is shown as it is, floats with two decimals.
    source
        The source line beneath.

    Returns
    -------
    str
        A fragment with its own scoped style, no scripts and nothing fetched.
    """
    rows = html_rows(*text_cells(frame, formats))
    note = "" if source is None else f'\n<p class="mih-note">{escape(source)}</p>'
    return (
        f'<section class="mih" lang="{language()}">\n<style>{CSS}</style>\n'
        f'<table class="mih-table"><caption>{escape(caption)}</caption>{rows}</table>{note}\n'
        "</section>"
    )


def html_page(title: str, body: str) -> str:
    """Return a whole HTML page around `body`, readable in light, dark and print."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_PAGE_CSS}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def text_cells(
    frame: pd.DataFrame, formats: Mapping[str, Formatter] | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a frame as displayed text.

    The index is shown unless it is a nameless one of integers, which only counts the rows.
    """
    names = [name or "" for name in frame.index.names]
    if any(names) or not pd.api.types.is_integer_dtype(frame.index.dtype):
        frame = frame.reset_index(names=names)
    columns = [
        points_once(
            str(name), [_cell(value, (formats or {}).get(str(name))) for value in frame.iloc[:, i]]
        )
        for i, name in enumerate(frame.columns)
    ]
    rows = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
    return [heading for heading, _ in columns], rows


def html_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return ``<thead>`` and ``<tbody>``; every header cell says what it heads."""
    css = [' class="mih-num"' if is_numeric(cells) else "" for cells in zip(*rows, strict=True)]
    css = css or [""] * len(header)
    head = "".join(
        f'<th scope="col"{style}>{escape(name)}</th>'
        for name, style in zip(header, css, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row"{css[0]}>{escape(row[0])}</th>'
        + "".join(
            f"<td{style}>{escape(cell)}</td>" for cell, style in zip(row[1:], css[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def is_numeric(cells: Sequence[str]) -> bool:
    """Tell whether every cell of a column is a displayed number, hidden, or not available.

    A sentence that starts with a number is none: it is set to the left, and may be broken.
    """
    return bool(cells) and all(_NUMBER.match(cell) and len(cell) <= _LONGEST for cell in cells)


def _cell(value: object, formatter: Formatter | None) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return NOT_AVAILABLE
    if formatter is not None and not isinstance(value, str):
        return formatter(value)  # type: ignore[arg-type]
    if isinstance(value, bool | np.bool_):
        return (_YES if value else _NO).text()
    if isinstance(value, float | np.floating):
        return number(value, 2)
    if isinstance(value, int | np.integer):  # a year is not grouped
        return str(value).replace("-", MINUS)
    return str(value)
