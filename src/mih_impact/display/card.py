"""A card: what a result shows of itself, as text and as HTML."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

import pandas as pd

from mih_impact.display.options import Lang, language
from mih_impact.display.tables import CSS, html_rows, is_numeric, text_cells

__all__ = ["Card"]

_WIDTH = 88


@dataclass(frozen=True, eq=False)
class Card:
    """Title, lines of name and value, a table and notes, all of them ready to read.

    Parameters
    ----------
    title
        What the result is.
    lines
        Pairs of name and value, already in the reader's language and number style.
    table
        A table whose cells are displayed text; its index is shown unless it just counts the rows.
    notes
        Sentences the reader should not miss.

    Examples
    --------
    >>> print(Card("Kontrollgruppe", (("Deltakere", "527"),)).text())
    Kontrollgruppe
    --------------
    Deltakere  527
    """

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    table: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the card as plain text, for terminals and logs."""
        blocks = [f"{self.title}\n{'-' * len(self.title)}"]
        if self.lines:
            width = max(len(name) for name, _ in self.lines)
            blocks[0] += "".join(f"\n{_line(name, value, width)}" for name, value in self.lines)
        if self.table is not None:
            blocks.append(_text_table(self.table))
        if self.notes:
            blocks.append("\n".join(textwrap.fill(note, _WIDTH) for note in self.notes))
        return "\n\n".join(blocks)

    def html(self, lang: Lang | None = None) -> str:
        """Return the card as one HTML fragment: scoped style, no scripts, nothing fetched."""
        title = escape(self.title)
        parts = [
            f'<section class="mih" lang="{language(lang)}" aria-label="{title}">',
            f"<style>{CSS}</style>",
        ]
        if self.lines:
            rows = "".join(
                f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
                for name, value in self.lines
            )
            parts.append(
                f'<table class="mih-lines"><caption>{title}</caption><tbody>{rows}</tbody></table>'
            )
        else:
            parts.append(f'<p class="mih-title">{title}</p>')
        if self.table is not None:
            rows = html_rows(*text_cells(self.table))
            parts.append(f'<table class="mih-table" aria-label="{title}">{rows}</table>')
        parts += [f'<p class="mih-note">{escape(note)}</p>' for note in self.notes]
        return "\n".join([*parts, "</section>"])


def _line(name: str, value: str, width: int) -> str:
    """Return a name and its value, wrapped under itself; no-break spaces are kept together."""
    indent = " " * (width + 2)
    lines = textwrap.wrap(value, max(30, _WIDTH - len(indent)), break_on_hyphens=False)
    return f"{name:<{width}}  " + f"\n{indent}".join(lines or [""])


def _text_table(frame: pd.DataFrame) -> str:
    header, rows = text_cells(frame)
    columns = list(zip(header, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [is_numeric(column[1:]) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join(lines)
