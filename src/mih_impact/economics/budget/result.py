"""BudgetImpact: what a decision does to which budget in which year."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.provenance import Provenance
from mih_impact.display.result import Result
from mih_impact.economics.actors import PUBLIC
from mih_impact.economics.budget.entries import SAVINGS
from mih_impact.economics.budget.tables import BLOCKS
from mih_impact.storage import save, saveable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLOCKS", "BLOCK_LABELS", "BudgetImpact"]

BLOCK_LABELS = {
    "grants": Label(nb="bevilgninger som trengs", en="grants needed"),
    "rule_bound": Label(
        nb="anslagsendring på regelstyrte ytelser", en="re-estimates of rule-bound benefits"
    ),
    "revenue": Label(nb="skatter og avgifter", en="taxes and contributions"),
    SAVINGS: Label(nb="sparte bevilgninger til andre tiltak", en="grants saved on other measures"),
}


@saveable("BudgetImpact")
@dataclass(frozen=True, eq=False, repr=False)
class BudgetImpact(Result):
    """Cash by budget and calendar year; made by `budget_impact`.

    Attributes
    ----------
    table
        See `to_frame`.
    sums, overall, peaks, surplus
        See `by_block`, `totals`, `peak_need` and `first_surplus`.
    starters
        Persons by start year.
    prices
        Which kroner, in words.
    horizon
        Years that a cohort is followed.
    compensated
        Local budgets that the state is taken to cover; () where no decision is known, None where
        nothing is said of it.
    elasticity, reference_cohort
        How the effect changes with the size of the cohort.
    wage_bill
        Share of the posts that is new municipal money.
    programme
        The displayed name of the programme.
    provenance
        Versions, options, seed and fingerprint of the data.
    """

    table: pd.DataFrame
    sums: pd.DataFrame
    overall: pd.DataFrame
    peaks: pd.DataFrame
    surplus: pd.DataFrame
    starters: dict[int, float]
    prices: Label
    horizon: int
    compensated: tuple[str, ...] | None
    elasticity: float
    reference_cohort: float | None
    wage_bill: float
    programme: Label
    provenance: Provenance

    @property
    def years(self) -> tuple[int, ...]:
        """The calendar years, ascending."""
        return tuple(range(min(self.starters), max(self.starters) + self.horizon))

    def to_frame(self) -> pd.DataFrame:
        """Return the truth: a row per entry of the ledger and calendar year.

        Returns
        -------
        DataFrame
            `year, actor, department, budget_line, label_nb, label_en, posts` (chapter and post),
            `block` (grants, rule_bound, revenue; savings: other measures avoided; outside: no
            public budget), `component, amount` (NOK, plus is more money for the actor), `source`.
            Cash alone.
        """
        return self.table.copy()

    def by_block(self) -> pd.DataFrame:
        """Return sums by block, budget and year, with 95 per cent intervals.

        Returns
        -------
        DataFrame
            `year, actor` (state, county, municipality, and `public`, their sum), `block, amount,
            conf_low, conf_high`. There is no row that nets the blocks. In `public` a grant from one
            budget to another cancels. Where the account has other measures avoided, they are a
            block of their own, `savings`.
        """
        return self.sums.copy()

    def totals(self) -> pd.DataFrame:
        """Return sums over all years by block and budget, not discounted.

        Returns
        -------
        DataFrame
            `actor, block, amount, conf_low, conf_high`: what the cohorts cost and give while they
            are followed; the interval is that of the sum.
        """
        return self.overall.copy()

    def by_line(self) -> pd.DataFrame:
        """Return sums by budget line: a row per public budget, block and line, a column a year."""
        public = self.table[self.table["actor"].isin(PUBLIC)]
        keys = ["actor", "block", "department", "budget_line", "posts", "label_nb", "label_en"]
        wide = public.pivot_table(
            index=keys, columns="year", values="amount", aggfunc="sum", sort=False
        ).reindex(columns=list(self.years))
        wide.columns = [str(year) for year in self.years]
        return wide.reset_index()

    def peak_need(self) -> pd.DataFrame:
        """Return the largest grants needed in one year, by budget.

        Returns
        -------
        DataFrame, index `actor`
            `year` (missing where nothing must be found), `amount, conf_low, conf_high` (NOK), for
            state, county, municipality and `public`.
        """
        return self.peaks.astype({"year": "Int64"}).set_index("actor")

    def first_surplus(self) -> pd.DataFrame:
        """Return the first year from which a block gives a budget more money, to the end.

        Returns
        -------
        DataFrame
            `actor, block, year, conf_low, conf_high`: the first year with more money that no year
            with less follows; missing where there is none.
        """
        years = dict.fromkeys(("year", "conf_low", "conf_high"), "Int64")
        return self.surplus.astype(years)

    def plot(self, *, ax: Axes | None = None, lang: Lang | None = None) -> Axes:
        """Draw the three blocks side by side, year by year, never netted."""
        from mih_impact.economics.figures.budget import plot_budget

        return plot_budget(self, ax=ax, lang=lang)

    def save(self, path: str | Path) -> Path:
        """Write the result to one file; `load` gives it back."""
        return save(self, path)

    def _card(self, lang: Lang) -> Card:
        from mih_impact.economics.budget.card import budget_card

        return budget_card(self, lang)
