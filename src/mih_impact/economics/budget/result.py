"""BudgetImpact: what a decision does to which budget in which year."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import number
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.economics.actors import GROUP_LABELS, PUBLIC
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLOCKS", "BLOCK_LABELS", "BudgetImpact"]

#: What a budget document keeps apart, and this library never nets.
BLOCKS = ("grants", "rule_bound", "revenue")

BLOCK_LABELS = {
    "grants": Label(nb="bevilgninger som trengs", en="grants needed"),
    "rule_bound": Label(
        nb="anslagsendring på regelstyrte ytelser", en="re-estimates of rule-bound benefits"
    ),
    "revenue": Label(nb="skatter og avgifter", en="taxes and contributions"),
}

_TITLE = Label(nb="Budsjettvirkning: {programme}", en="Budget impact: {programme}")
_MILLIONS = Label(nb="Mill. kr", en="NOK million")
_STARTERS = Label(nb="Som starter", en="Starters")
_NOTES = (
    Label(
        nb="Bare penger som faktisk betales, {prices}; pluss er mer penger på budsjettet.",
        en="Only money that is in fact paid, {prices}; plus is more money in the budget.",
    ),
    Label(
        nb="De tre delene skal ikke slås sammen: lavere ytelser og høyere skatt er følger av"
        " tiltaket, ikke inndekning for bevilgningene.",
        en="The three parts are not to be added together: lower benefits and higher taxes are"
        " consequences of the programme, no cover for the grants.",
    ),
    Label(
        nb="Hvert kull følges i {horizon} år, ikke lenger.",
        en="Each cohort is followed for {horizon} years and no longer.",
    ),
)
_UNCOMPENSATED = Label(
    nb="Utgiftene til {who} er ikke kompensert: ingen har vedtatt at rammen skal økes.",
    en="The outlays of {who} are not compensated: nobody has decided to raise the block grant.",
)
_COMPENSATED = Label(
    nb="Det er lagt til grunn at staten dekker utgiftene til {who}.",
    en="It is taken as decided that the state covers the outlays of {who}.",
)
_DEFINITE = {
    "county": Label(nb="fylkeskommunen", en="the county"),
    "municipality": Label(nb="kommunen", en="the municipality"),
}


@saveable("BudgetImpact")
@dataclass(frozen=True, eq=False, repr=False)
class BudgetImpact(Result):
    """Cash by budget and calendar year; made by `budget_impact`.

    Attributes
    ----------
    table
        See `to_frame`.
    sums
        See `by_block`.
    starters
        Persons by start year.
    prices
        Which kroner, in words.
    horizon
        Years that a cohort is followed.
    compensated
        Local budgets that the state is taken to cover.
    elasticity, reference_cohort
        How the effect changes with the size of the cohort.
    programme
        The displayed name of the programme.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    table: pd.DataFrame
    sums: pd.DataFrame
    starters: dict[int, float]
    prices: Label
    horizon: int
    compensated: tuple[str, ...]
    elasticity: float
    reference_cohort: float | None
    programme: Label
    provenance: Provenance

    @property
    def years(self) -> tuple[int, ...]:
        """The calendar years, ascending."""
        return tuple(sorted(set(self.table["year"].tolist())))

    def to_frame(self) -> pd.DataFrame:
        """Return the truth: a row per entry of the ledger and calendar year.

        Returns
        -------
        DataFrame
            `year, actor, department, budget_line, label_nb, label_en, posts` (chapter and post),
            `block` (grants, rule_bound, revenue; outside: no public budget), `component, amount`
            (NOK, plus is more money for the actor), `source`. Cash alone.
        """
        return self.table.copy()

    def by_block(self) -> pd.DataFrame:
        """Return sums by block and budget, with 95 per cent intervals.

        Returns
        -------
        DataFrame
            `year, actor` (state, county, municipality, and `public`, their sum), `block, amount,
            conf_low, conf_high`. There is no row that nets the blocks.
        """
        return self.sums[self.sums["block"].isin(BLOCKS)].reset_index(drop=True)

    def by_line(self) -> pd.DataFrame:
        """Return sums by budget line: a row per public budget, block and line, a column a year."""
        public = self.table[self.table["actor"].isin(PUBLIC)]
        keys = ["actor", "block", "department", "budget_line", "posts", "label_nb", "label_en"]
        wide = public.pivot_table(
            index=keys, columns="year", values="amount", aggfunc="sum", sort=False
        )
        wide.columns = [str(year) for year in wide.columns]
        return wide.reset_index()

    def peak_need(self) -> pd.DataFrame:
        """Return the year of the largest grants, by budget.

        Returns
        -------
        DataFrame, index `actor`
            `year, amount` (NOK, what must be found; 0 where nothing must), for state, county,
            municipality and `public`.
        """
        grants = self.sums[self.sums["block"] == "grants"]
        wide = -grants.pivot(index="actor", columns="year", values="amount")
        wide = wide.loc[list(dict.fromkeys(grants["actor"]))]
        need = wide.max(axis=1).clip(lower=0.0) + 0.0
        return pd.DataFrame({"year": wide.idxmax(axis=1).astype(int), "amount": need})

    def first_surplus(self) -> pd.DataFrame:
        """Return the first year from which a block gives a budget more money, to the end.

        Returns
        -------
        DataFrame
            `actor, block, year`: the first year with more money from which no later year has less;
            missing where there is none.
        """
        rows = []
        for (block, actor), own in self.by_block().groupby(["block", "actor"], sort=False):
            amount, years = own["amount"].to_numpy(), own["year"].to_numpy()
            lasting = np.minimum.accumulate(amount[::-1])[::-1] >= 0
            found = np.flatnonzero((amount > 0) & lasting)
            rows.append((actor, block, int(years[found[0]]) if found.size else None))
        frame = pd.DataFrame(rows, columns=["actor", "block", "year"])
        return frame.astype({"year": "Int64"})

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the three blocks side by side, year by year, never netted."""
        from mih_impact.economics.figures.budget import plot_budget

        return plot_budget(self, ax=ax, lang=lang)

    def save(self, path: str | Path) -> Path:
        """Write the result to one file; `load` gives it back."""
        return save(self, path)

    def _card(self, lang: Lang) -> Card:
        columns = list(map(str, self.years))
        rows = [
            [
                _STARTERS.text(lang),
                *(number(self.starters.get(y, 0.0), 0, lang) for y in self.years),
            ]
        ]
        for (block, actor), own in self.by_block().groupby(["block", "actor"], sort=False):
            name = f"{BLOCK_LABELS[str(block)].text(lang)}: {GROUP_LABELS[str(actor)].text(lang)}"
            rows.append([_capital(name), *(number(v / 1e6, 1, lang) for v in own["amount"])])
        return Card(
            _TITLE.format(programme=self.programme).text(lang),
            table=pd.DataFrame(rows, columns=[_MILLIONS.text(lang), *columns]),
            notes=self._notes(lang),
        )

    def _notes(self, lang: Lang) -> tuple[str, ...]:
        filled = [note.format(prices=self.prices, horizon=self.horizon) for note in _NOTES]
        need = self.peak_need()["amount"]
        for actor, name in _DEFINITE.items():
            if actor in self.compensated:
                filled.append(_COMPENSATED.format(who=name))
            elif need.get(actor, 0.0) > 0:
                filled.append(_UNCOMPENSATED.format(who=name))
        return tuple(note.text(lang) for note in filled)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
