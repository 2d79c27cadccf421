"""The account over a grid of two assumptions: losses and gains in two colours, amounts in cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import number
from mih_impact.display.options import language
from mih_impact.display.style import (
    OKABE_ITO,
    align_with_names,
    axes,
    figure_style,
    kroner_unit,
    set_alt_text,
    source_line,
    tinted,
    unit_line,
)
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.figures.parts import INK, beneath, per_participant, wrapped
from mih_impact.economics.labels import amount_of, hundreds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap

    from mih_impact.economics.sensitivity.grid import SensitivityGrid

__all__ = ["plot_grid"]

_TITLE = Label(nb="To forutsetninger om gangen", en="Two assumptions at a time")
_NOTE = Label(
    nb="Blått: gevinst. Oransje: tap. Kraftig strek: her skifter fortegnet.",
    en="Blue: gain. Orange: loss. Heavy line: here the sign changes.",
)
_BASE = Label(nb="Uthevet: grunnverdiene.", en="In bold: the base values.")
_ALT = Label(
    nb="Nåverdi per deltaker for {who} etter {down} (nedover) og {across} (bortover): {cells}.",
    en="Present value per participant for {who} by {down} (down) and {across} (across): {cells}.",
)


def plot_grid(
    grid: SensitivityGrid,
    of: str = "society",
    *,
    ax: Axes | None = None,
    lang: Lang | None = None,
) -> Axes:
    """Draw the grid as a table of colours, centred at zero, with the amounts in its cells.

    Parameters
    ----------
    grid
        The grid.
    of
        An actor, `public` or `society`.
    ax
        Axes to draw in; None makes a figure.
    lang
        Language; None is the one in force.

    Returns
    -------
    Axes
    """
    lang = language(lang)
    table = grid.pivot(of)
    values = table.to_numpy()
    down, across = table.shape
    with figure_style():
        ax = axes(ax, size=(7.2, 2.1 + 0.5 * down))
        ax.grid(visible=False)
        ax.tick_params(axis="x", length=0)
        ax.spines["bottom"].set_visible(False)
        scale = float(np.abs(values).max()) or 1.0
        edges = np.arange(across + 1) - 0.5, np.arange(down + 1) - 0.5
        ax.pcolormesh(
            *edges, values, cmap=_two_colours(), vmin=-scale, vmax=scale, edgecolors="white",
            linewidth=1.5,
        )  # fmt: skip
        ax.set_ylim(down - 0.5, -0.5)
        _where_the_sign_changes(ax, values)
        bold = _base_cell(grid, table)
        _write_cells(ax, values, bold, lang)
        ax.set_xticks(range(across), _shown(table.columns, grid.across, lang))
        ax.set_yticks(range(down), _shown(table.index, grid.down, lang))
        ax.set_xlabel(capital(grid.across.label.text(lang)))
        ax.set_ylabel(
            wrapped(grid.down.label.text(lang), 18), rotation=0, ha="right", va="center",
            labelpad=8,
        )  # fmt: skip
        ax.set_title(_TITLE.text(lang))
        what = per_participant(GROUP_LABELS[of]).text(lang)
        unit_line(ax, kroner_unit(what, lang, price_year=grid.price_year))
        notes = (_NOTE, _BASE) if bold else (_NOTE,)
        source_line(ax, beneath(grid.basis, grid, lang, *notes))
        align_with_names(ax)
        set_alt_text(ax, _alt(grid, of, table, lang))
    return ax


def _two_colours() -> LinearSegmentedColormap:
    """Return orange, white, blue: ends that colour-blind readers tell apart, and ink reads on."""
    from matplotlib.colors import LinearSegmentedColormap

    ends = [
        tinted(OKABE_ITO["vermillion"], 0.8),
        (0.97, 0.97, 0.97),
        tinted(OKABE_ITO["blue"], 0.8),
    ]
    return LinearSegmentedColormap.from_list("loss_to_gain", ends)


def _where_the_sign_changes(ax: Axes, values: np.ndarray) -> None:
    """Draw a heavy line between cells of different sign: what colour says is said in grey too."""
    gain = values >= 0
    rows, columns = np.nonzero(gain[:, 1:] != gain[:, :-1])
    line: dict[str, Any] = {"colors": INK, "linewidth": 2.2, "capstyle": "projecting"}
    ax.vlines(columns + 0.5, rows - 0.5, rows + 0.5, **line)
    rows, columns = np.nonzero(gain[1:] != gain[:-1])
    ax.hlines(rows + 0.5, columns - 0.5, columns + 0.5, **line)


def _base_cell(grid: SensitivityGrid, table: pd.DataFrame) -> tuple[int, int] | None:
    """Return the row and column of the base values; None when they are not in the grid."""
    row = np.flatnonzero(np.isclose(table.index, grid.down.value))
    column = np.flatnonzero(np.isclose(table.columns, grid.across.value))
    return (int(row[0]), int(column[0])) if row.size and column.size else None


def _write_cells(ax: Axes, values: np.ndarray, bold: tuple[int, int] | None, lang: Lang) -> None:
    """Write each amount in thousands."""
    for (row, column), value in np.ndenumerate(values):
        ax.text(
            column, row, number(value / 1000, 0, lang), ha="center", va="center", fontsize=9.5,
            color=INK,
            fontweight="bold" if (row, column) == bold else "normal",
        )  # fmt: skip


def _shown(values: pd.Index, item: Assumption, lang: Lang) -> list[str]:
    return [amount_of(float(value), item.unit, lang) for value in values]


def _alt(grid: SensitivityGrid, of: str, table: pd.DataFrame, lang: Lang) -> str:
    cells = [
        f"{down}, {across}: {hundreds(value, lang)}"
        for down, row in zip(_shown(table.index, grid.down, lang), table.to_numpy(), strict=True)
        for across, value in zip(_shown(table.columns, grid.across, lang), row, strict=True)
    ]
    text = _ALT.format(
        who=GROUP_LABELS[of], down=grid.down.label, across=grid.across.label, cells="; ".join(cells)
    )
    return text.text(lang)
