"""One assumption at a time, each over its own range: the tornado."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.provenance import Provenance
from mih_impact.economics.actors import GROUP_LABELS, GROUPS
from mih_impact.economics.basis import basis_of
from mih_impact.economics.checks import require_group
from mih_impact.economics.labels import amount_of, hundreds
from mih_impact.economics.saved import SavedResult
from mih_impact.economics.sensitivity.settings import at_each, totals
from mih_impact.storage import saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mih_impact.economics.values import AccountValues

__all__ = ["EFFECTS", "Sensitivity", "sensitivity_of"]

#: The row of the sampling uncertainty of the effects, beside the assumptions.
EFFECTS = "effects"

_TITLE = Label(
    nb="Hva svaret avhenger av: én forutsetning om gangen",
    en="What the answer hangs on: one assumption at a time",
)
_COLUMNS = (
    Label(nb="Forutsetning", en="Assumption"),
    Label(nb="Grunnverdi", en="Base"),
    Label(nb="Lav", en="Low"),
    Label(nb="Høy", en="High"),
    Label(nb="Nåverdi ved lav", en="Present value at low"),
    Label(nb="Nåverdi ved høy", en="Present value at high"),
)
_EFFECTS = Label(
    nb="effektene, over 95\u00a0% konfidensintervall", en="the effects, over their 95% interval"
)
_FOR = Label(
    nb="Nåverdi for {who}, {base} med grunnverdiene. Hver forutsetning varierer over sitt eget"
    " spenn, de andre ligger fast.",
    en="Present value for {who}, {base} at the base values. Each assumption varies over its own"
    " range, the others held.",
)

_SHOWN = 12


@saveable("Sensitivity")
@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity(SavedResult):
    """How far each assumption alone moves the account; made by `CostBenefit.sensitivity`.

    Attributes
    ----------
    table
        See `to_frame`.
    price_year
        The year whose prices it is in.
    basis
        Whose account it is, by which rules, how long.
    provenance
        Versions, options and fingerprint of the data.
    """

    table: pd.DataFrame
    price_year: int
    basis: Label
    provenance: Provenance

    def to_frame(self) -> pd.DataFrame:
        """Return the truth: a row per assumption and group.

        Returns
        -------
        DataFrame
            `assumption, label_nb, label_en, unit, base, low, high, range_source, drawn` (uncertain;
            if not, a rule or a choice of view), `actor, at_base, at_low, at_high` (present values,
            NOK per starter), `swing` (the distance between the ends). The row `effects` is the
            effects over their 95 per cent interval, without a covariance missing; an assumption
            without a range has no ends.
        """
        return self.table.copy()

    def of(self, actor: str = "society") -> pd.DataFrame:
        """Return the rows of one group, the widest swing first."""
        require_group(actor)
        rows = self.table[self.table["actor"] == actor]
        return rows.sort_values("swing", ascending=False, kind="stable").reset_index(drop=True)

    def plot(
        self, of: str = "society", *, top: int = _SHOWN, ax: Axes | None = None,
        lang: Lang | None = None,
    ) -> Axes:  # fmt: skip
        """Draw the widest `top` swings as a tornado."""
        from mih_impact.economics.figures.tornado import plot_tornado

        return plot_tornado(self, of, top=top, ax=ax, lang=lang)

    def _card(self, lang: Lang) -> Card:
        rows = self.of()
        rows = rows[rows["swing"] > 0.5].head(_SHOWN)
        cells: list[tuple[str, ...]] = [
            (
                row[f"label_{lang}"],
                *(amount_of(row[column], row["unit"], lang) for column in ("base", "low", "high")),
                *(hundreds(row[column], lang) for column in ("at_low", "at_high")),
            )
            for row in rows.to_dict("records")
        ]
        table = pd.DataFrame(cells, columns=[column.text(lang) for column in _COLUMNS])
        base = float(self.of()["at_base"].iloc[0])
        note = _FOR.format(
            who=GROUP_LABELS["society"],
            base=Label(nb=hundreds(base, "nb"), en=hundreds(base, "en")),
        )
        return Card(_TITLE.text(lang), table=table, notes=(note.text(lang),))


def sensitivity_of(case: AccountValues) -> Sensitivity:
    """Move each assumption to the ends of its own range; all of it is one call of the books."""
    books = case._books
    items = case.used_assumptions()
    ends = [(item.name, item.value if end is None else end)
            for item in items for end in (item.low, item.high)]  # fmt: skip
    values = totals(books, case.effects, at_each(books, ends)).reshape(len(items), 2, len(GROUPS))
    base = np.array([case.present_value(group) for group in GROUPS])
    rows = [
        {
            "assumption": item.name, "label_nb": item.label.nb, "label_en": item.label.en,
            "unit": item.unit, "base": item.value, "low": item.low, "high": item.high,
            "range_source": item.range_source, "drawn": item.is_drawn, "actor": group,
            "at_base": base[g],
            "at_low": np.nan if item.low is None else low[g],
            "at_high": np.nan if item.high is None else high[g],
        }
        for item, (low, high) in zip(items, values, strict=True)
        for g, group in enumerate(GROUPS)
    ]  # fmt: skip
    rows += [_effects_row(case, group) for group in GROUPS]
    numbers = dict.fromkeys(("base", "low", "high", "at_base", "at_low", "at_high"), float)
    frame = pd.DataFrame(rows).astype(numbers)
    frame["swing"] = (frame["at_high"] - frame["at_low"]).abs().fillna(0.0)
    return Sensitivity(frame, case.price_year, basis_of(case), case.provenance)


def _effects_row(case: AccountValues, group: str) -> dict[str, object]:
    """Return the row of the effects: the ends of the interval of the present value."""
    reach = NormalDist().inv_cdf(0.975)
    low, high = case.interval(of=group) or (np.nan, np.nan)
    return {
        "assumption": EFFECTS, "label_nb": _EFFECTS.nb, "label_en": _EFFECTS.en,
        "unit": "standard errors", "base": 0.0, "low": -reach, "high": reach,
        "range_source": "the estimator", "drawn": True, "actor": group,
        "at_base": case.present_value(group), "at_low": low, "at_high": high,
    }  # fmt: skip
