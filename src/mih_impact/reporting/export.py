"""Tables and figures as files: CSV for machines, HTML for readers, PNG and SVG for print.

What is exported hides small cells; the complete tables stay in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, SupportsFloat

import pandas as pd

from mih_impact.controls.balance import Balance
from mih_impact.display.layout import save_figure
from mih_impact.display.locale import Label, language
from mih_impact.display.numbers import MINUS, Formatter, number
from mih_impact.display.tables import guarded, html_page, html_table
from mih_impact.display.unit import POINTS, PP, amount, difference, is_money, unit_between
from mih_impact.effects.card import title_of
from mih_impact.effects.series import EffectSeries
from mih_impact.panel.contract import label_of
from mih_impact.storage import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Table", "balance_table", "effects_table", "write_figures", "write_tables"]

_COMPARED = Label(
    nb="Hvem som sammenlignes: kjennetegn før oppstart, før og etter at kontrollene ble valgt",
    en="Who is compared: characteristics before start, before and after controls were chosen",
)
_EFFECTS = Label(
    nb="{title}, gjennomsnitt per deltaker som startet{prices}{short}",
    en="{title}, average per starter{prices}{short}",
)
_PRICES = Label(
    nb=". Beløp i {unit}, faste {year}-priser", en=". Amounts in {unit}, fixed {year} prices"
)
_SHORT = Label(nb=f". {PP}: prosentpoeng", en=f". {PP}: percentage points")
_LEVELS = {
    "event": Label(nb="År siden oppstart", en="Years since start"),
    "group": Label(nb="Oppstartsår", en="Start year"),
    "calendar": Label(nb="År", en="Year"),
}
_MEANS = ("participant_mean", "control_mean")


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


def _mean(x: SupportsFloat | None, /) -> str:
    """Show a mean: kroner without decimals, shares and years with two."""
    return number(x, 0 if x is not None and abs(float(x)) >= 1000 else 2)


def balance_table(name: str, balance: Balance, source: str) -> Table:
    """Return who is compared, before and after controls were chosen, small cells hidden."""
    three = partial(number, decimals=3)
    columns: dict[str, tuple[Label, Formatter | None]] = {
        f"label_{language()}": (Label(nb="Kjennetegn", en="Characteristic"), None),
        "participants_before": (Label(nb="Deltakere", en="Participants"), _mean),
        "controls_before": (Label(nb="Kandidater", en="Candidates"), _mean),
        "smd_before": (Label(nb="Std. forskjell før", en="Std. difference before"), three),
        "participants_after": (Label(nb="Deltakere etter", en="Participants after"), _mean),
        "controls_after": (Label(nb="Kontroller", en="Controls"), _mean),
        "smd_after": (Label(nb="Std. forskjell etter", en="Std. difference after"), three),
        "variance_ratio_after": (
            Label(nb="Variansforhold etter", en="Variance ratio after"),
            three,
        ),
    }
    frame = balance.shown().to_frame()
    return Table.of(name, _COMPARED.text(), frame, columns, source=source)


def effects_table(name: str, effects: EffectSeries, source: str) -> Table:
    """Return effects with their intervals and the means behind them, small cells hidden."""
    frame = effects.shown().to_frame()
    frame.insert(0, "label", [label_of(outcome).text() for outcome in frame["outcome"]])
    units = [effects.units[outcome] for outcome in frame["outcome"]]
    shown = frame.copy()
    for column in ("estimate", "std_error", "conf_low", "conf_high", *_MEANS):
        of = amount if column in _MEANS else difference
        shown[column] = [
            number(value) if is_money(unit) else of(unit)(value)
            for value, unit in zip(frame[column], units, strict=True)
        ]
    columns: dict[str, tuple[Label, Formatter | None]] = {
        "label": (Label(nb="Utfall", en="Outcome"), None),
        "estimate": (Label(nb="Effekt", en="Effect"), None),
        "std_error": (Label(nb="Standardfeil", en="Standard error"), None),
        "conf_low": (Label(nb="KI fra", en="CI from"), None),
        "conf_high": (Label(nb="KI til", en="CI to"), None),
        "participant_mean": (Label(nb="Deltakere", en="Participants"), None),
        "control_mean": (Label(nb="Kontroller", en="Controls"), None),
        "n_participants": (Label(nb="Antall deltakere", en="Participants, n"), number),
        "n_controls": (Label(nb="Antall kontroller", en="Controls, n"), number),
        "n_lost": (Label(nb="Bortfall", en="Lost"), number),
    }
    table = Table.of(name, _effects_caption(effects), shown, columns, source=source)
    if effects.term in _LEVELS:
        levels = [str(int(level)).replace("-", MINUS) for level in frame["level"]]
        table.cells.insert(1, _LEVELS[effects.term].text(), levels)
    if effects.split is not None:
        names = [effects.split.names[each].text() for each in frame["subgroup"]]
        table.cells.insert(1, effects.split.label.text(), names)
    return replace(table, frame=frame)  # the CSV holds numbers, the page what is shown


def _effects_caption(effects: EffectSeries) -> str:
    """Return what the effects are, and the prices of those that are money."""
    money = dict.fromkeys(str(unit) for unit in effects.units.values() if is_money(unit))
    unit = Label("kroner", "NOK") if list(money) == ["NOK"] else ", ".join(money)
    prices = _PRICES.format(unit=unit, year=effects.price_year) if money else ""
    units = {str(unit_between(unit)) for unit in effects.units.values()}
    short = _SHORT if POINTS in units and len(units) > 1 else ""
    return _EFFECTS.format(title=title_of(effects), prices=prices, short=short).text()


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
