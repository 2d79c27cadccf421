"""The account's card: headline, uncertainty, who pays and gains, and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mih_impact.display.card import Card
from mih_impact.display.labels import Label, Lang
from mih_impact.display.numbers import count, interval, number, ordinal, percent
from mih_impact.economics import sentences
from mih_impact.economics.actors import ACTORS, GROUP_LABELS
from mih_impact.economics.labels import amount_of, hundreds

if TYPE_CHECKING:
    from mih_impact.economics.case import CostBenefit

__all__ = ["account_card", "break_even_text"]

_TITLE = Label(
    nb="Nytte og kostnad per deltaker som startet: {programme}",
    en="Costs and benefits per participant who started: {programme}",
)
_NPV = Label(nb="Netto nåverdi (NNV)", en="Net present value (NPV)")
_INTERVAL = Label(nb="95\u00a0% konfidensintervall", en="95% confidence interval")
_PROBABILITY = Label(nb="Sannsynlighet for positiv NNV", en="Probability of a positive NPV")
_NOT_AVAILABLE = Label(
    nb="ikke tilgjengelig (effektene har ingen kovarians)",
    en="not available (the effects have no covariance)",
)
_BREAK_EVEN = Label(nb="Lønnsomt", en="Breaks even")
_IN_YEAR = Label(nb="i år {year}", en="in year {year}")
_COUNTED = Label(nb="{when}, det {ordinal} året", en="{when}, the {ordinal} year")
_AT_ONCE = Label(nb="fra start", en="from the start")
_NEVER = Label(nb="ikke innen {years} år", en="not within {years} years")
_NONE = Label(nb="ingen", en="none")
_PUBLIC = Label(nb="Offentlige budsjetter", en="Public budgets")
_STARTERS = Label(nb="Deltakere bak hvert år", en="Participants behind each year")
_YEARS_TO = Label(
    nb="{first} (år 0) til {last} (år {year})", en="{first} (year 0) to {last} (year {year})"
)

_WHO = Label(nb="Hvem betaler, hvem tjener", en="Who pays, who gains")
_PRESENT_VALUE = Label(nb="Nåverdi", en="Present value")
_CI = Label(nb="95\u00a0% KI", en="95% CI")

_UNIT = Label(
    nb="Kroner per deltaker som startet, faste {year}-priser; pluss er gevinst.",
    en="NOK per participant who started, fixed {year} prices; a gain is positive.",
)
_HOW_COUNTED = Label(
    nb="Oppstartsåret er år 0. Lønnsomt i et år: samlet nåverdi er null eller mer når det året er"
    " omme, og blir der ut regnskapet.",
    en="The start year is year 0. Breaks even in a year: cumulative present value is zero or more"
    " when that year is over, and stays so to the end of the account.",
)
_SELECTION = Label(
    nb="Sannsynlighet og konfidensintervall gjelder bare tilfeldig usikkerhet i effektene. Med"
    " usikre forutsetninger: se uncertainty(). De sier ingenting om skjev utvelgelse, for eksempel"
    " motivasjon; se omslagspunktet.",
    en="Probability and interval hold sampling uncertainty in the effects alone. With uncertain"
    " assumptions: see uncertainty(). They say nothing of selection, for instance on motivation;"
    " see the switching scale.",
)
_LATE_COSTS = Label(
    nb="{cost} i tiltakskostnader faller etter siste år og er ikke regnet med.",
    en="{cost} of programme costs fall after the last year and are not counted.",
)
_NO_COVER = Label(
    nb="Lavere ytelser og høyere skatt på andre budsjetter er ingen inndekning.",
    en="Lower benefits and higher taxes on other budgets are no cover.",
)
_NON_PRICED = Label(
    nb="{n} virkninger er ikke gitt i kroner. De står ved siden av regnskapet og er ikke lagt til.",
    en="{n} effects are not given in kroner. They stand beside the account and are not added.",
)
_UNSURE = {
    "ASSUMED": Label(nb="Antatt, uten kilde som gir tallet: {names}.",
                     en="Assumed, with no source that gives the number: {names}."),
    "remembered": Label(nb="Gjengitt etter hukommelsen, ikke kontrollert: {names}.",
                        en="From memory, not checked: {names}."),
}  # fmt: skip


def account_card(case: CostBenefit, lang: Lang | None = None) -> Card:
    """Return the card of an account."""
    title = _TITLE.format(programme=case.programme.label).text(lang)
    return Card(
        title=title,
        lines=(*_headline(case, lang), *_beside(case, lang)),
        table=_who(case, lang),
        notes=_notes(case, lang),
    )


def break_even_text(
    year: int | None, horizon: int, lang: Lang | None = None, *, counted: bool = False
) -> str:
    """Return a break-even year in words.

    Parameters
    ----------
    year
        Years since start, from 0; None is never.
    horizon
        Years of the account.
    lang
        Language; None is the one in force.
    counted
        Whether to say which of the years it is, counted from the first.

    Examples
    --------
    >>> break_even_text(3, 7, "en"), break_even_text(3, 7, "en", counted=True)
    ('in year 3', 'in year 3, the fourth year')
    """
    if year is None:
        return _NEVER.format(years=horizon).text(lang)
    if year == 0:
        return _AT_ONCE.text(lang)
    when = _IN_YEAR.format(year=year)
    return (_COUNTED.format(when=when, ordinal=ordinal(year + 1)) if counted else when).text(lang)


def _headline(case: CostBenefit, lang: Lang | None) -> list[tuple[str, str]]:
    bounds = case.interval()
    missing = _NOT_AVAILABLE.text(lang)
    lines = [
        (_NPV.text(lang), hundreds(case.npv, lang)),
        (_INTERVAL.text(lang), interval(*bounds, hundreds, lang) if bounds else missing),
        (_PROBABILITY.text(lang), _probability(case, lang)),
        (
            _BREAK_EVEN.text(lang),
            break_even_text(case.break_even_year, case.horizon, lang, counted=True),
        ),
        (_PUBLIC.text(lang), hundreds(case.public, lang)),
    ]
    if np.isfinite(case.starters).all():
        first, last = (count(n, lang) for n in case.starters[[0, -1]])
        text = _YEARS_TO.format(first=first, last=last, year=case.horizon - 1).text(lang)
        lines.append((_STARTERS.text(lang), text))
    return lines


def _probability(case: CostBenefit, lang: Lang | None) -> str:
    """Return P(NPV > 0), never rounded to a certainty."""
    share = case.probability_positive
    if share is None:
        return _NOT_AVAILABLE.text(lang)
    if not case.std_error:
        return percent(share, 0, lang)
    if share > 0.999:
        return f"> {percent(0.999, 1, lang)}"
    return f"< {percent(0.001, 1, lang)}" if share < 0.001 else percent(share, 1, lang)


def _beside(case: CostBenefit, lang: Lang | None) -> list[tuple[str, str]]:
    lines = []
    for row in case.beside(lang).to_dict("records"):
        if row["name"] == "public_leisure_1":  # leisure is no public money: said already
            continue
        name, value = str(row["label"]), float(row["value"])
        shown = hundreds(value, lang) if row["unit"] == "NOK" else _scale(value, lang)
        lines.append((name[0].upper() + name[1:], shown))
    return lines


def _scale(value: float, lang: Lang | None) -> str:
    """Return a switching scale; one that is negative or does not exist is none."""
    return number(value, 2, lang) if value >= 0 else _NONE.text(lang)


def _who(case: CostBenefit, lang: Lang | None) -> pd.DataFrame:
    """Return the table of actors; those whom nothing reaches are left out."""
    years = case.by_year()
    moved = years.groupby("actor")["amount"].apply(lambda amount: bool((amount.abs() > 0.5).any()))
    frame = case.by_actor()
    kept = frame[[bool(moved[actor]) or actor not in ACTORS for actor in frame["actor"]]]
    names = [GROUP_LABELS[actor].text(lang) for actor in kept["actor"]]
    shown: dict[str, list[str]] = {
        _WHO.text(lang): names,
        _PRESENT_VALUE.text(lang): [hundreds(value, lang) for value in kept["present_value"]],
    }
    if case.covariance is not None:
        bounds = zip(kept["conf_low"], kept["conf_high"], strict=True)
        shown[_CI.text(lang)] = [interval(low, high, hundreds, lang) for low, high in bounds]
    shown[_BREAK_EVEN.text(lang)] = [
        break_even_text(case.break_even(actor), case.horizon, lang) for actor in kept["actor"]
    ]
    return pd.DataFrame(shown)


def _notes(case: CostBenefit, lang: Lang | None) -> tuple[str, ...]:
    notes = [
        _UNIT.format(year=case.price_year),
        sentences.cut(case).label,
        _HOW_COUNTED,
        sentences.EMPLOYER,
    ]
    if case.covariance is not None:
        notes.append(_SELECTION)
    if not case.programme.items:
        notes.append(sentences.NO_COSTS)
    if case.programme.note is not None:
        notes.append(case.programme.note)
    notes += [each.label for each in _objections(case) if each is not None]
    if case.programme.non_priced:
        notes.append(_NON_PRICED.format(n=len(case.programme.non_priced)))
    late = case.late_costs
    if late:
        notes.append(_LATE_COSTS.format(cost=_both(late)))
    texts = [note.text(lang) for note in notes]
    return (*texts, *_unsure(case, lang))


def _objections(case: CostBenefit) -> list[sentences.Sentence | None]:
    """Return what a reader asks first: what is left out, who pays, the controls, later years."""
    return [
        sentences.no_benefits(case),
        *sentences.local_losses(case).values(),
        sentences.Sentence(_NO_COVER) if sentences.local_losses(case) else None,
        sentences.in_kind(case),
        sentences.controls(case),
        sentences.residual(case),
    ]


def _both(value: float | None) -> Label:
    """Return kroner to the nearest hundred in both languages."""
    return Label(nb=hundreds(value, "nb"), en=hundreds(value, "en"))


def _unsure(case: CostBenefit, lang: Lang | None) -> list[str]:
    """Return what is assumed or remembered, rates with their values, costs by name."""
    known = [
        (item.status, f"{item.label.text(lang)} {amount_of(item.value, item.unit, lang)}")
        for item in case.unsure()
    ]
    known += [(item.status, item.label.text(lang)) for item in case.programme.items]
    texts = []
    for status, sentence in _UNSURE.items():
        names = [name for own, name in known if own == status]
        if names:
            texts.append(sentence.format(names="; ".join(names)).text(lang))
    return texts
