"""Tables and figures as files: CSV for machines, HTML for readers, PNG and SVG for print.

What is exported hides small cells; the complete tables stay in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mih_impact.display.layout import save_figure
from mih_impact.display.locale import Label
from mih_impact.display.numbers import Formatter
from mih_impact.display.tables import guarded, html_page, html_table
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Table", "write_figures", "write_tables"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table to be written.

    Attributes
    ----------
    name
        Stem of the files.
    caption
        What it shows, with unit and price year.
    frame
        The values as the CSV holds them, small cells hidden already.
    cells
        What the HTML shows, columns named in the reader's language.
    formats
        How the columns of `cells` are shown.
    source
        The line beneath.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    cells: pd.DataFrame
    formats: Mapping[str, Formatter]
    source: str

    @classmethod
    def of(
        cls,
        name: str,
        caption: str,
        frame: pd.DataFrame,
        columns: Mapping[str, tuple[Label, Formatter | None]],
        *,
        source: str,
    ) -> Table:
        """Show some columns of a frame, each under its displayed name and in its format."""
        names = {column: label.text() for column, (label, _) in columns.items()}
        formats = {names[column]: show for column, (_, show) in columns.items() if show is not None}
        cells = frame[list(columns)].rename(columns=names)
        return cls(name, caption, frame, cells, formats, source)


def write_tables(tables: list[Table], out: Path) -> list[Path]:
    """Write each table as CSV, with the columns' own names, and as an HTML page.

    A text in the CSV that a spreadsheet would run as a formula begins with an apostrophe.

    Parameters
    ----------
    tables
        What to write.
    out
        The folder; made if it is not there.

    Returns
    -------
    list of Path
    """
    written = []
    for table in tables:
        csv = csv_text(table.frame).encode()
        body = html_table(
            table.cells,
            caption=table.caption,
            formats=table.formats,
            source=table.source,
        )
        page = html_page(table.caption, body)
        written.append(write_whole(out / f"{table.name}.csv", csv))
        written.append(write_whole(out / f"{table.name}.html", page.encode()))
    return written


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV whose texts no spreadsheet runs as formulas; see `guarded`."""
    safe = frame.map(lambda cell: guarded(cell) if isinstance(cell, str) else cell)
    return safe.rename(columns=guarded).to_csv(index=False, lineterminator="\r\n")


def write_figures(figures: Mapping[str, Axes], out: Path) -> list[Path]:
    """Write each figure as PNG and SVG.

    Parameters
    ----------
    figures
        Axes by the stem of their files.
    out
        The folder; made if it is not there.

    Returns
    -------
    list of Path
    """
    return [path for stem, ax in figures.items() for path in save_figure(ax, out / stem)]
