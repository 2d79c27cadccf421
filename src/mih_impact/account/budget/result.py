"""BudgetImpact: what a decision does to which budget in which year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mih_impact.account.budget.entries import BLOCKS, SAVINGS
from mih_impact.account.card import WHOSE, cover_of
from mih_impact.account.programme import LOCAL
from mih_impact.account.roles import GROUP_LABELS, PUBLIC
from mih_impact.account.values import AccountValues
from mih_impact.display.figure import (
    OKABE_ITO,
    kroner_axis,
)
from mih_impact.display.layout import figure, finish
from mih_impact.display.locale import Label, Lang, capital, in_language
from mih_impact.display.numbers import interval, millions, number, percent
from mih_impact.display.result import Card, NoContributors, Provenance, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLOCKS",
    "BLOCK_LABELS",
    "BOTH_KINDS",
    "BudgetImpact",
    "budget_card",
    "cover_notes",
    "plot_budget",
]

BLOCK_LABELS = {
    "grants": Label(nb="bevilgninger som trengs", en="grants needed"),
    "rule_bound": Label(
        nb="anslagsendring på regelstyrte ytelser", en="re-estimates of rule-bound benefits"
    ),
    "revenue": Label(nb="skatter og avgifter", en="taxes and contributions"),
    SAVINGS: Label(nb="sparte bevilgninger til andre tiltak", en="grants saved on other measures"),
}


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
    estimand
        Whose effect the account prices.
    candidates
        The same cohorts by the account of effects on candidates, where one was given.
    """

    contributors = NoContributors(
        "sums of an account, which `tables.require_enough` and `pooled` refuse or pool"
    )

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
    estimand: str = "att"
    candidates: BudgetImpact | None = None

    @property
    def years(self) -> tuple[int, ...]:
        """The calendar years, ascending."""
        return tuple(range(min(self.starters), max(self.starters) + self.horizon))

    def to_frame(self) -> pd.DataFrame:
        """Return a row per entry of the ledger and calendar year.

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
        """Return sums by budget line: a row per public budget, block and line, a column a year.

        Amounts are NOK of all starters, plus is more money for the budget.
        """
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
        with in_language(lang):
            return plot_budget(self, ax=ax)

    def _card(self) -> Card:

        return budget_card(self)


_TITLE = Label(nb="Budsjettvirkning: {programme}", en="Budget impact: {programme}")
_MILLIONS = Label(nb="Mill. kr", en="NOK million")
_STARTERS = Label(nb="Som starter", en="Starters")
_PEAK = Label(nb="Størst behov, {who}", en="Largest need, {who}")
_PEAK_IN = Label(nb="{amount} i {year}", en="{amount} in {year}")
_CI = Label(nb=" (95\u00a0% KI {interval})", en=" (95% CI {interval})")

_CASH_ALONE = Label(
    nb="Bare penger som faktisk betales, {prices}; pluss er mer penger på budsjettet.",
    en="Only money that is in fact paid, {prices}; plus is more money in the budget.",
)
_NEVER_NETTED = Label(
    nb="Delene skal ikke slås sammen: lavere ytelser og høyere skatt er følger av"
    " tiltaket, ikke inndekning for bevilgningene.",
    en="The parts are not to be added together: lower benefits and higher taxes are"
    " consequences of the programme and do not cover the grants.",
)
_FOLLOWED = Label(
    nb="Hvert kull følges i {horizon} år, ikke lenger. Det som kommer senere, er ikke med.",
    en="Each cohort is followed for {horizon} years and no longer. What comes later is left out.",
)
_COVER = {
    "no decision": Label(
        nb="Det er ikke kjent noe vedtak om å kompensere utgiftene til {who}.",
        en="No decision to compensate the outlays of {who} is known.",
    ),
    "decided": Label(
        nb="Det er lagt til grunn at staten dekker utgiftene til {who}.",
        en="It is taken as decided that the state covers the outlays of {who}.",
    ),
}
_WAGES = {
    False: Label(
        nb="Lønn etter tiltaket er ikke med: det er lagt til grunn at ingen av stillingene er nye"
        " kommunale penger.",
        en="Wages after the programme are left out: it is assumed that none of the posts is new"
        " municipal money.",
    ),
    True: Label(
        nb="Det er lagt til grunn at {share} av stillingene er nye kommunale penger.",
        en="It is assumed that {share} of the posts are new municipal money.",
    ),
}
_ELASTICITY = Label(
    nb="Det er lagt til grunn at effekten per deltaker endres med {e}\u00a0% når kullet er 1\u00a0%"
    " større enn {n}. Ingen kilde oppgir dette.",
    en="It is assumed that the effect per starter changes by {e}% when a cohort is 1% larger than"
    " {n}. No source gives this.",
)


_BY_CANDIDATES = Label(
    nb="\u2013 med effekten kandidater ville hatt (ATC)",
    en="\u2013 by the effect on candidates (ATC)",
)
#: What an expansion needs, and whether it is shown.
_EXPANSION = {
    False: Label(
        nb="Når en utvidelse skal nå andre enn dem som har startet til nå, trengs effekten"
        " kandidater ville hatt (ATC); den er ikke vist her.",
        en="An expansion to others than those who have started so far needs the effect on"
        " candidates (ATC), which is not shown here.",
    ),
    True: Label(
        nb="Når en utvidelse skal nå andre enn dem som har startet til nå, trengs effekten"
        " kandidater ville hatt (ATC); den står under hver linje som blir en annen med den.",
        en="An expansion to others than those who have started so far needs the effect on"
        " candidates (ATC), which stands below each line that it changes.",
    ),
}
#: The intervals are of more than sampling.
BOTH_KINDS = Label(
    nb="Intervallene har med både usikre effekter og usikre forutsetninger.",
    en="The intervals hold both uncertain effects and uncertain assumptions.",
)


def budget_card(impact: BudgetImpact) -> Card:
    """Return the card: peak needs, every block by budget and year, notes."""
    columns = [str(year) for year in impact.years]
    starters = [number(impact.starters.get(year, 0.0), 0) for year in impact.years]
    rows = [[_STARTERS.text(), *starters]]
    for (block, actor), own in impact.by_block().groupby(["block", "actor"], sort=False):
        if (own["amount"] == 0).all():
            continue
        name = f"{BLOCK_LABELS[str(block)].text()}: {GROUP_LABELS[str(actor)].text()}"
        shown = [number(v / 1e6, 1) for v in own["amount"]]
        rows.append([capital(name), *shown])
        if impact.candidates is not None:
            other = _by_candidates(impact.candidates, block, actor)
            rows += [] if other == shown else [[_BY_CANDIDATES.text(), *other]]
    return Card(
        _TITLE.format(programme=impact.programme).text(),
        lines=_peaks(impact),
        table=pd.DataFrame(rows, columns=[_MILLIONS.text(), *columns]),
        notes=_notes(impact),
    )


def _by_candidates(beside: BudgetImpact, block: Any, actor: Any) -> list[str]:
    """Return the amounts of a block by the effect on candidates, year by year."""
    rows = beside.by_block()
    own = rows[(rows["block"] == block) & (rows["actor"] == actor)]
    return [number(v / 1e6, 1) for v in own["amount"]]


def _peaks(impact: BudgetImpact) -> tuple[tuple[str, str], ...]:
    """Return the largest need of each budget that has one, with its interval."""
    lines = []
    for actor, row in impact.peak_need().iterrows():
        if row["amount"] == 0:
            continue
        amount = millions(row["amount"], 1)
        text = _PEAK_IN.format(amount=amount, year=int(row["year"])).text()
        if not pd.isna(row["conf_low"]):
            ends = interval(row["conf_low"], row["conf_high"], millions)
            text += _CI.format(interval=ends).text()
        lines.append((_PEAK.format(who=GROUP_LABELS[str(actor)]).text(), text))
    return tuple(lines)


def _notes(impact: BudgetImpact) -> tuple[str, ...]:
    notes = [
        _CASH_ALONE.format(prices=impact.prices),
        _NEVER_NETTED,
        _FOLLOWED.format(horizon=impact.horizon),
        WHOSE[impact.estimand],
        *([] if impact.estimand == "atc" else [_EXPANSION[impact.candidates is not None]]),
        _WAGES[impact.wage_bill > 0].format(share=percent(impact.wage_bill, 0)),
    ]
    need = impact.peak_need()["amount"]
    paying = [actor for actor in LOCAL if need[actor] > 0 or actor in (impact.compensated or ())]
    notes += _covered(paying, impact.compensated)
    if impact.by_block()["conf_low"].notna().any():
        notes.append(BOTH_KINDS)
    if impact.elasticity != 0:
        e, n = number(impact.elasticity, 2), number(impact.reference_cohort, 0)
        notes.append(_ELASTICITY.format(e=e, n=n))
    return tuple(note.text() for note in notes)


def cover_notes(case: AccountValues) -> list[Label]:
    """Return what the programme says of cover for what local budgets pay in cash."""
    compensated = case.programme.compensated
    known = None if compensated is None else tuple(compensated)
    paying = {item.payer for item in case.programme.items if item.cash and item.total > 0}
    return _covered([actor for actor in LOCAL if actor in paying], known)


def _covered(actors: list[str], compensated: tuple[str, ...] | None) -> list[Label]:
    known = {actor: cover_of(actor, compensated) for actor in actors}
    return [_COVER[known[actor]].format(who=GROUP_LABELS[actor]) for actor in actors
            if known[actor] in _COVER]  # fmt: skip


_COLOURS = {
    "grants": OKABE_ITO["vermillion"],
    "rule_bound": OKABE_ITO["sky"],
    "revenue": OKABE_ITO["green"],
    "savings": OKABE_ITO["orange"],
}
_HATCHES = {"grants": "", "rule_bound": "////", "revenue": "", "savings": "...."}
_BUDGET_TITLE = Label(
    nb="Hva skjer på budsjettene, år for år?", en="What happens to the budgets, year by year?"
)
_WHAT = Label(nb="Offentlige budsjetter, {prices}", en="Public budgets, {prices}")
_BASIS = Label(
    nb="{programme}, {starters}. Bare penger som betales. Delene skal ikke slås sammen."
    " Strek: 95\u00a0% intervall.",
    en="{programme}, {starters}. Only money that is paid. The parts are not to be added"
    " together. Line: 95% interval.",
)
_COHORTS = Label(nb="{n} starter i {year}", en="{n} starters in {year}")
_ALT = Label(nb="{block}: {values}", en="{block}: {values}")


def plot_budget(impact: BudgetImpact, *, ax: Axes | None = None) -> Axes:
    """Draw the amounts of all public budgets in each block."""
    frame = impact.by_block()
    public = frame[frame["actor"] == "public"]
    blocks = [block for block in BLOCK_LABELS if (public["block"] == block).any()]
    years, width = np.array(impact.years), 0.78 / len(blocks)
    alt, key = [], []
    with figure(ax) as ax:
        for place, block in enumerate(blocks):
            own = public[public["block"] == block].set_index("year").loc[years]
            at = years + (place - (len(blocks) - 1) / 2) * width
            amount = own["amount"].to_numpy()
            key.append(ax.bar(
                at, amount, width=0.92 * width, color=_COLOURS[block], hatch=_HATCHES[block],
                edgecolor="white", linewidth=0, label=BLOCK_LABELS[block].text(),
            ))  # fmt: skip
            low, high = own["conf_low"].to_numpy(), own["conf_high"].to_numpy()
            moved = (high - low) > 0.5
            ax.vlines(at[moved], low[moved], high[moved], color="#222222", linewidth=1.1)
            values = ", ".join(
                f"{year} {millions(value, 0)}" for year, value in zip(years, amount, strict=True)
            )
            alt.append(_ALT.format(block=BLOCK_LABELS[block], values=values).text())
        ax.axhline(0, color="#222222", linewidth=0.8)
        ax.set_xticks(years, [str(year) for year in years])
        kroner_axis(ax, what=_WHAT.format(prices=impact.prices).text())
        finish(
            ax, title=_BUDGET_TITLE, source=[_basis(impact)], of=impact, key=key,
            alt=f"{_BUDGET_TITLE.text()} {'. '.join(alt)}.")  # fmt: skip
    return ax


def _basis(impact: BudgetImpact) -> Label:
    cohorts = ", ".join(
        _COHORTS.format(n=f"{n:g}", year=year).text() for year, n in impact.starters.items()
    )
    return _BASIS.format(programme=impact.programme, starters=cohorts)
