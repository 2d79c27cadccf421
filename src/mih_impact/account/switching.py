"""What assumptions would have to be for the answer to change, one or two at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mih_impact import arguments
from mih_impact.account.assumption import Assumption
from mih_impact.account.drawing import INK, per_participant, wrapped
from mih_impact.account.parameters import find_assumption
from mih_impact.account.roles import (
    GROUP_LABELS,
    GROUPS,
    amount_of,
    hundreds,
    require_group,
    role_label,
)
from mih_impact.account.sensitivity import at_each, totals
from mih_impact.account.tables import pooled, require_enough
from mih_impact.account.values import AccountValues, basis_of
from mih_impact.display.figure import (
    OKABE_ITO,
    kroner_unit,
    tinted,
    unit_line,
)
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, both, capital, in_language, language
from mih_impact.display.numbers import number, percent
from mih_impact.display.result import Card, NoContributors, Provenance, Result
from mih_impact.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap


__all__ = ["SensitivityGrid", "SwitchingValues", "grid_of", "plot_grid", "switching_values_of"]

FloatArray = NDArray[np.float64]

#: Present value is not a straight line in these; in every other assumption alone it is.
CURVED = ("discount_rate", "half_life", "real_growth")

#: They are parts of one whole.
_TAX_SHARES = ("municipal_tax_share", "county_tax_share")

_TIMES = "times the estimate"

_TITLE = Label(nb="Omslagspunkter: {who}", en="Switching values: {who}")
_COLUMNS = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Hovedanslag", en="Base"),
    Label(nb="Omslagspunkt", en="Switching value"),
    Label(nb="Endring", en="Change"),
)
_NOTE = Label(
    nb="Nåverdien er {value}. Den blir null når én forutsetning alene får verdien i tabellen. De"
    " {n} andre kan ikke snu svaret alene.",
    en="The present value is {value}. It is zero when one assumption alone has the value in the"
    " table. None of the {n} others changes the sign alone.",
)
_ALL = Label(nb="alle effekter", en="all effects")
_ONE = Label(nb="effekten på {what}", en="the effect on {what}")
_ERRORS = Label(nb="{n} standardfeil", en="{n} standard errors")

_NOTHING = "does not move this present value"
_IMPOSSIBLE = "would have to be {value:g}, which it cannot be"
_NO_ROOT = "no value it can have gives zero"


@dataclass(frozen=True, eq=False, repr=False)
class SwitchingValues(Result):
    """Where the answer changes sign; made by `CostBenefit.switching_values`.

    Attributes
    ----------
    actor
        Whose present value is to be zero.
    present_value
        What it is at the base values, NOK per starter.
    table
        See `to_frame`.
    provenance
        Versions, options and fingerprint of the data.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

    actor: str
    present_value: float
    table: pd.DataFrame
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per assumption, and per effect scaled.

        Returns
        -------
        DataFrame
            `assumption` (`effect:all` and `effect:<role>` are scales of the effects, 1 at the
            estimates), `label_nb, label_en, unit, base, switching_value, change_per_cent` (of the
            base value), `std_errors` (of effects: how many standard errors away), `within_range`,
            `method` ("closed form", "root finding"), `reason` (why there is none).
        """
        return self.table.copy()

    def _card(self) -> Card:
        found = self.table[self.table["switching_value"].notna()]
        cells = [
            (row[f"label_{language()}"], amount_of(row["base"], row["unit"]),
             amount_of(row["switching_value"], row["unit"]), _distance(row))
            for row in found.to_dict("records")
        ]  # fmt: skip
        table = pd.DataFrame(cells, columns=[column.text() for column in _COLUMNS])
        note = _NOTE.format(
            value=both(lambda: hundreds(self.present_value)),
            n=len(self.table) - len(found),
        )
        title = _TITLE.format(who=GROUP_LABELS[self.actor]).text()
        return Card(title, table=table, notes=(note.text(),))


def _distance(row: Mapping[Hashable, Any]) -> str:
    """Show how far away: in standard errors for effects, else in per cent of the base value."""
    if not np.isnan(row["std_errors"]):
        return _ERRORS.format(n=number(row["std_errors"], 1)).text()
    share = row["change_per_cent"] / 100
    return percent(share, 0)


def switching_values_of(case: AccountValues, of: str) -> SwitchingValues:
    """Find the switching values of one group; see `CostBenefit.switching_values`."""
    case = pooled(case)
    group = require_group(of)
    value = case.present_value(of)
    straight = [item for item in case.used_assumptions() if item.name not in CURVED]
    rows = [
        *_effect_rows(case, group, value),
        *_straight_rows(case, straight, group, value),
        *(
            _curved_row(case, item, group)
            for item in case.used_assumptions()
            if item.name in CURVED
        ),
    ]
    numbers = ("base", "switching_value", "change_per_cent", "std_errors")
    frame = pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))
    return SwitchingValues(of, value, frame, case.provenance)


def _effect_rows(case: AccountValues, group: int, value: float) -> list[dict[str, object]]:
    """Return the scale at which all effects, and each alone, give zero.

    The driven part of a present value is linear in the scale: zero is where 1 - scale times it is
    the whole value, which is value / standard error of the driven part away.
    """
    weights = case.model.accumulated.weights[group, -1]  # (R, S)
    parts = {"all": (_ALL, weights)}
    for row, role in enumerate(case.roles):
        alone = np.zeros_like(weights)
        alone[row] = weights[row]
        parts[role] = (_ONE.format(what=role_label(role, case.benefits)), alone)
    rows = []
    for name, (label, weight) in parts.items():
        driven = float((weight * case.effects).sum())
        error = np.nan
        if case.covariance is not None:
            c = weight.ravel()
            error = float(np.sqrt(max(c @ case.covariance @ c, 0.0)))
        scale = 1 - value / driven if driven else np.nan
        impossible = scale < 0
        reason = _NOTHING if driven == 0 else _IMPOSSIBLE.format(value=scale) if impossible else ""
        rows.append({
            "assumption": f"effect:{name}", "label_nb": label.nb, "label_en": label.en,
            "unit": _TIMES, "base": 1.0, "switching_value": np.nan if impossible else scale,
            "change_per_cent": 100 * (scale - 1) if not impossible else np.nan,
            "std_errors": abs(value) / error if error and not impossible else np.nan,
            "within_range": False, "method": "closed form", "reason": reason,
        })  # fmt: skip
    return rows


def _straight_rows(
    case: AccountValues, items: list[Assumption], group: int, value: float
) -> list[dict[str, object]]:
    """Return the switching values of assumptions in which present value is a straight line."""
    bounds = [_possible(case, item) for item in items]
    points = [
        (item.name, low if item.value != low else min(high, low + _step(item)))
        for item, (low, high) in zip(items, bounds, strict=True)
    ]
    moved = totals(case.model, case.effects, at_each(case.model, points))[:, group]
    rows = []
    for item, between, (_, to), at in zip(items, bounds, points, moved, strict=True):
        moves = to != item.value and abs(at - value) > 1e-9 * abs(value)
        found = item.value - value * (to - item.value) / (at - value) if moves else np.nan
        rows.append(_row(item, between, found, "closed form"))
    return rows


def _possible(case: AccountValues, item: Assumption) -> tuple[float, float]:
    """Return the least and the most an assumption can be while the others stay: shares sum to 1."""
    low, high = item.bounds
    if item.name in _TAX_SHARES:
        (other,) = (name for name in _TAX_SHARES if name != item.name)
        high = 1 - case.assumptions[other].value
    return low, high


def _step(item: Assumption) -> float:
    """Return a step up from nothing: far enough that rounding does not matter."""
    return 1_000.0 if np.isinf(item.bounds[1]) else 1.0


def _curved_row(case: AccountValues, item: Assumption, group: int) -> dict[str, object]:
    """Return the switching value nearest to the base, by looking everywhere it can be."""
    model, effects = case.model, case.effects

    def at(values: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):  # rates near -1 over a century leave the range of numbers
            changed = model.discounted(effects, {item.name: values}).sum(axis=-1)
        return np.broadcast_to(changed, (len(values), changed.shape[-1]))[:, group]

    low, high = item.bounds
    inside = np.linspace(low, high, 1002)[1:-1]
    grid = np.unique(np.concatenate([inside, [item.value]]))
    values = at(grid)
    if not values.any():
        return _row(item, item.bounds, np.nan, "root finding")
    signs = np.sign(values)
    places = np.flatnonzero(signs[:-1] * signs[1:] <= 0)
    roots = [_root(at, grid[place], grid[place + 1]) for place in places]
    if not roots:
        return _row(item, item.bounds, np.nan, "root finding", nothing=_NO_ROOT)
    nearest = min(roots, key=lambda root: abs(root - item.value))
    return _row(item, item.bounds, nearest, "root finding")


def _root(at: Callable[[FloatArray], FloatArray], low: float, high: float) -> float:
    """Return where a function is zero between two points of different signs.

    Many points are looked at in one call, four times over; so near to it the curve is a line.
    """
    for _ in range(4):
        points = np.linspace(low, high, 41)
        values = at(points)
        signs = np.sign(values)
        place = np.flatnonzero(signs[:-1] * signs[1:] <= 0)[0]
        low, high = points[place], points[place + 1]
    below, above = values[place], values[place + 1]
    return float(low if below == 0 else low - below * (high - low) / (above - below))


def _row(
    item: Assumption,
    between: tuple[float, float],
    found: float,
    method: str,
    *,
    nothing: str = _NOTHING,
) -> dict[str, object]:
    low, high = between
    possible = low <= found <= high
    reason = "" if possible else nothing if np.isnan(found) else _IMPOSSIBLE.format(value=found)
    within = possible and item.low is not None and item.high is not None
    return {
        "assumption": item.name, "label_nb": item.label.nb, "label_en": item.label.en,
        "unit": item.unit, "base": item.value, "switching_value": found if possible else np.nan,
        "change_per_cent": 100 * (found / item.value - 1) if possible and item.value else np.nan,
        "std_errors": np.nan,
        "within_range": bool(within and item.low <= found <= item.high),  # type: ignore[operator]
        "method": method, "reason": reason,
    }  # fmt: skip


_GRID_TITLE = Label(nb="To forutsetninger om gangen", en="Two assumptions at a time")
_GRID_OF = Label(
    nb="Nåverdi for {who}. Nedover: {down}. Bortover: {across}.",
    en="Present value for {who}. Down: {down}. Across: {across}.",
)


@dataclass(frozen=True, eq=False, repr=False)
class SensitivityGrid(Result):
    """Present values over a grid of two assumptions; made by `CostBenefit.grid`.

    Attributes
    ----------
    down, across
        The two assumptions.
    table
        See `to_frame`.
    price_year
        The year whose prices it is in.
    basis
        Whose account it is, by which rules, how long.
    provenance
        Versions, options and fingerprint of the data.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

    down: Assumption
    across: Assumption
    table: pd.DataFrame
    price_year: int
    basis: Label
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per pair of values: both by name, then a group a column, NOK per starter."""
        return self.table.copy()

    def pivot(self, of: str = "society") -> pd.DataFrame:
        """Return present values of one group, NOK per starter: one assumption down, one across."""
        require_group(of)
        return self.table.pivot(index=self.down.name, columns=self.across.name, values=of)

    def plot(
        self, of: str = "society", *, ax: Axes | None = None, lang: Lang | None = None
    ) -> Axes:
        """Draw the grid, losses and gains in two colours."""
        with in_language(lang):
            return plot_grid(self, of, ax=ax)

    def _card(self) -> Card:
        values = self.pivot()
        rows = {
            amount_of(float(down), self.down.unit): [hundreds(v) for v in row]
            for down, row in zip(values.index, values.to_numpy(), strict=True)
        }
        columns = [amount_of(float(value), self.across.unit) for value in values.columns]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        table = table.rename_axis(self.down.label.text()).reset_index()
        note = _GRID_OF.format(
            who=GROUP_LABELS["society"], down=self.down.label, across=self.across.label
        )
        return Card(_GRID_TITLE.text(), table=table, notes=(note.text(),))


def grid_of(case: AccountValues, over: Mapping[str, Sequence[float]]) -> SensitivityGrid:
    """Compute the account at every pair of values; see `CostBenefit.grid`."""
    require_enough(case)
    (first, downward), (second, sideward) = _axes(case, over)
    pairs = np.array([(x, y) for x in downward for y in sideward])
    changes = {first.name: pairs[:, 0], second.name: pairs[:, 1]}
    values = totals(case.model, case.effects, changes)
    frame = pd.DataFrame(pairs, columns=[first.name, second.name])
    frame[list(GROUPS)] = values
    return SensitivityGrid(first, second, frame, case.price_year, basis_of(case), case.provenance)


def _axes(
    case: AccountValues, over: Mapping[str, Sequence[float]]
) -> list[tuple[Assumption, list[float]]]:
    """Return the two assumptions and their values, checked."""
    example = '{"tax_rate_wage": [0.2, 0.24, 0.3], "displacement": [0, 0.1, 0.2]}'
    arguments.mapping("over", over, example)
    if len(over) != 2:
        raise OptionError(
            "A grid is over two assumptions",
            found=", ".join(map(str, over)) or "none",
            do=f"give for example {example}",
        )
    axes = []
    for name, values in over.items():
        item = find_assumption(case.model.items, name)
        what = f"The values of {name} are finite numbers, one or several"
        wanted = arguments.numbers(name, values, what, example="[0, 0.1]")
        for value in wanted:
            item.changed(value)  # raises on what it cannot be
        axes.append((item, wanted))
    return axes


_GRID_NOTE = Label(
    nb="Blått: gevinst. Oransje: tap. Kraftig strek: her skifter fortegnet.",
    en="Blue: gain. Orange: loss. Heavy line: here the sign changes.",
)
_BASE = Label(nb="Uthevet: hovedanslagene.", en="In bold: the base values.")
_ALT = Label(
    nb="Nåverdi per deltaker for {who} etter {down} (nedover) og {across} (bortover): {cells}.",
    en="Present value per participant for {who} by {down} (down) and {across} (across): {cells}.",
)


def plot_grid(grid: SensitivityGrid, of: str = "society", *, ax: Axes | None = None) -> Axes:
    """Draw the grid as a table of colours, centred at zero, with the amounts in its cells.

    Parameters
    ----------
    grid
        The grid.
    of
        An actor, `public` or `society`.
    ax
        Axes to draw in; None makes a figure.

    Returns
    -------
    Axes
    """
    table = grid.pivot(of)
    values = table.to_numpy()
    down, across = table.shape
    with figure(ax, size=(7.2, 2.1 + 0.5 * down)) as ax:
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
        _write_cells(ax, values, bold)
        ax.set_xticks(range(across), _shown(table.columns, grid.across))
        ax.set_yticks(range(down), _shown(table.index, grid.down))
        ax.set_xlabel(capital(grid.across.label.text()))
        ax.set_ylabel(
            wrapped(grid.down.label.text(), 18), rotation=0, ha="right", va="center",
            labelpad=8,
        )  # fmt: skip
        what = per_participant(GROUP_LABELS[of]).text()
        unit_line(ax, kroner_unit(what, price_year=grid.price_year))
        notes = (_GRID_NOTE, _BASE) if bold else (_GRID_NOTE,)
        finish(
            ax, title=_GRID_TITLE, source=[grid.basis, *notes], of=grid,
            alt=_alt(grid, of, table), names="rows")  # fmt: skip
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


def _write_cells(ax: Axes, values: np.ndarray, bold: tuple[int, int] | None) -> None:
    """Write each amount in thousands."""
    for (row, column), value in np.ndenumerate(values):
        ax.text(
            column, row, number(value / 1000, 0), ha="center", va="center", fontsize=9.5,
            color=INK,
            fontweight="bold" if (row, column) == bold else "normal",
        )  # fmt: skip


def _shown(values: pd.Index, item: Assumption) -> list[str]:
    return [amount_of(float(value), item.unit) for value in values]


def _alt(grid: SensitivityGrid, of: str, table: pd.DataFrame) -> str:
    cells = [
        f"{down}, {across}: {hundreds(value)}"
        for down, row in zip(_shown(table.index, grid.down), table.to_numpy(), strict=True)
        for across, value in zip(_shown(table.columns, grid.across), row, strict=True)
    ]
    text = _ALT.format(
        who=GROUP_LABELS[of], down=grid.down.label, across=grid.across.label, cells="; ".join(cells)
    )
    return text.text()
