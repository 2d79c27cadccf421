"""Two assumptions at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact import arguments
from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.provenance import Provenance
from mih_impact.economics.actors import GROUP_LABELS, GROUPS
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.basis import basis_of
from mih_impact.economics.checks import require_group
from mih_impact.economics.labels import amount_of, hundreds
from mih_impact.economics.parameters import find_assumption
from mih_impact.economics.saved import SavedResult
from mih_impact.economics.sensitivity.settings import totals
from mih_impact.errors import AssumptionError
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.values import AccountValues

__all__ = ["SensitivityGrid", "grid_of"]

_TITLE = Label(nb="To forutsetninger om gangen", en="Two assumptions at a time")
_NOTE = Label(
    nb="Nåverdi for {who}. Nedover: {down}. Bortover: {across}.",
    en="Present value for {who}. Down: {down}. Across: {across}.",
)


@saveable("SensitivityGrid")
@dataclass(frozen=True, eq=False, repr=False)
class SensitivityGrid(SavedResult):
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

    down: Assumption
    across: Assumption
    table: pd.DataFrame
    price_year: int
    basis: Label
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return a row per pair of values: both by name, then a column per group."""
        return self.table.copy()

    def pivot(self, of: str = "society") -> pd.DataFrame:
        """Return the present values of one group, the first assumption down, the second across."""
        require_group(of)
        return self.table.pivot(index=self.down.name, columns=self.across.name, values=of)

    def plot(
        self, of: str = "society", *, ax: Axes | None = None, lang: Lang | None = None
    ) -> Axes:
        """Draw the grid, losses and gains in two colours."""
        from mih_impact.economics.figures.grid import plot_grid

        return plot_grid(self, of, ax=ax, lang=lang)

    def _card(self, lang: Lang) -> Card:
        values = self.pivot()
        rows = {
            amount_of(float(down), self.down.unit, lang): [hundreds(v, lang) for v in row]
            for down, row in zip(values.index, values.to_numpy(), strict=True)
        }
        columns = [amount_of(float(value), self.across.unit, lang) for value in values.columns]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        table = table.rename_axis(self.down.label.text(lang)).reset_index()
        note = _NOTE.format(
            who=GROUP_LABELS["society"], down=self.down.label, across=self.across.label
        )
        return Card(_TITLE.text(lang), table=table, notes=(note.text(lang),))


def grid_of(case: AccountValues, over: Mapping[str, Sequence[float]]) -> SensitivityGrid:
    """Reckon the account at every pair of values; see `CostBenefit.grid`."""
    (first, downward), (second, sideward) = _axes(case, over)
    pairs = np.array([(x, y) for x in downward for y in sideward])
    changes = {first.name: pairs[:, 0], second.name: pairs[:, 1]}
    values = totals(case._books, case.effects, changes)
    frame = pd.DataFrame(pairs, columns=[first.name, second.name])
    frame[list(GROUPS)] = values
    return SensitivityGrid(first, second, frame, case.price_year, basis_of(case), case.provenance)


def _axes(
    case: AccountValues, over: Mapping[str, Sequence[float]]
) -> list[tuple[Assumption, list[float]]]:
    """Return the two assumptions and their values, checked."""
    example = '{"tax_rate_wage": [0.2, 0.24, 0.3], "displacement": [0, 0.1, 0.2]}'
    arguments.mapping("over", over, example, error=AssumptionError)
    if len(over) != 2:
        raise AssumptionError(
            "A grid is over two assumptions",
            found=", ".join(map(str, over)) or "none",
            do=f"give for example {example}",
        )
    axes = []
    for name, values in over.items():
        item = find_assumption(case._books.items, name)
        what = f"The values of {name} are finite numbers, one or several"
        wanted = arguments.numbers(name, values, what, example="[0, 0.1]", error=AssumptionError)
        for value in wanted:
            item.changed(value)  # raises on what it cannot be
        axes.append((item, wanted))
    return axes
