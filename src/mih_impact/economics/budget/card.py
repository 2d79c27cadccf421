"""The card of a budget impact: three blocks under each other, and what a reader must not miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import interval, millions, number, percent
from mih_impact.economics.actors import GROUP_LABELS
from mih_impact.economics.budget.result import BLOCK_LABELS
from mih_impact.economics.programme import LOCAL
from mih_impact.economics.sentences import cover_of

if TYPE_CHECKING:
    from mih_impact.economics.budget.result import BudgetImpact
    from mih_impact.economics.case import CostBenefit

__all__ = ["BOTH_KINDS", "budget_card", "cover_notes"]

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


#: The intervals are of more than sampling.
BOTH_KINDS = Label(
    nb="Intervallene har med både usikre effekter og usikre forutsetninger.",
    en="The intervals hold both uncertain effects and uncertain assumptions.",
)


def budget_card(impact: BudgetImpact, lang: Lang) -> Card:
    """Return the card: peak needs, every block by budget and year, notes."""
    columns = [str(year) for year in impact.years]
    starters = [number(impact.starters.get(year, 0.0), 0, lang) for year in impact.years]
    rows = [[_STARTERS.text(lang), *starters]]
    for (block, actor), own in impact.by_block().groupby(["block", "actor"], sort=False):
        if (own["amount"] == 0).all():
            continue
        name = f"{BLOCK_LABELS[str(block)].text(lang)}: {GROUP_LABELS[str(actor)].text(lang)}"
        rows.append([capital(name), *(number(v / 1e6, 1, lang) for v in own["amount"])])
    return Card(
        _TITLE.format(programme=impact.programme).text(lang),
        lines=_peaks(impact, lang),
        table=pd.DataFrame(rows, columns=[_MILLIONS.text(lang), *columns]),
        notes=_notes(impact, lang),
    )


def _peaks(impact: BudgetImpact, lang: Lang) -> tuple[tuple[str, str], ...]:
    """Return the largest need of each budget that has one, with its interval."""
    lines = []
    for actor, row in impact.peak_need().iterrows():
        if row["amount"] == 0:
            continue
        amount = millions(row["amount"], 1, lang)
        text = _PEAK_IN.format(amount=amount, year=int(row["year"])).text(lang)
        if not pd.isna(row["conf_low"]):
            ends = interval(row["conf_low"], row["conf_high"], millions, lang)
            text += _CI.format(interval=ends).text(lang)
        lines.append((_PEAK.format(who=GROUP_LABELS[str(actor)]).text(lang), text))
    return tuple(lines)


def _notes(impact: BudgetImpact, lang: Lang) -> tuple[str, ...]:
    notes = [
        _CASH_ALONE.format(prices=impact.prices),
        _NEVER_NETTED,
        _FOLLOWED.format(horizon=impact.horizon),
        _WAGES[impact.wage_bill > 0].format(share=percent(impact.wage_bill, 0, lang)),
    ]
    need = impact.peak_need()["amount"]
    paying = [actor for actor in LOCAL if need[actor] > 0 or actor in (impact.compensated or ())]
    notes += _covered(paying, impact.compensated)
    if impact.by_block()["conf_low"].notna().any():
        notes.append(BOTH_KINDS)
    if impact.elasticity != 0:
        e, n = number(impact.elasticity, 2, lang), number(impact.reference_cohort, 0, lang)
        notes.append(_ELASTICITY.format(e=e, n=n))
    return tuple(note.text(lang) for note in notes)


def cover_notes(case: CostBenefit) -> list[Label]:
    """Return what the programme says of cover for what local budgets pay in cash."""
    compensated = case.programme.compensated
    known = None if compensated is None else tuple(compensated)
    paying = {item.payer for item in case.programme.items if item.cash and item.total > 0}
    return _covered([actor for actor in LOCAL if actor in paying], known)


def _covered(actors: list[str], compensated: tuple[str, ...] | None) -> list[Label]:
    known = {actor: cover_of(actor, compensated) for actor in actors}
    return [_COVER[known[actor]].format(who=GROUP_LABELS[actor]) for actor in actors
            if known[actor] in _COVER]  # fmt: skip
