"""The account's card: headline, uncertainty, who pays and gains, and what it rests on.

A sentence that is not true of an account is None. The card, the memo, the workbook and the budget
page take theirs from here, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import SupportsFloat

import numpy as np
import pandas as pd

from mih_impact.account.objections import objections_of
from mih_impact.account.programme import LOCAL
from mih_impact.account.residual import LAST_AGE, residual_frame
from mih_impact.account.roles import (
    ACTORS,
    GROUP_LABELS,
    PUBLIC,
    amount_of,
    break_even_text,
    hundreds,
)
from mih_impact.account.tables import (
    actor_frame,
    beside_frame,
    given_away,
    is_of_few,
    ledger_frame,
    year_frame,
)
from mih_impact.account.values import AccountValues
from mih_impact.display.locale import Label, both, capital, current
from mih_impact.display.numbers import (
    count,
    hidden,
    hidden_too,
    interval,
    money_name,
    number,
    percent,
    probability,
)
from mih_impact.display.result import Card
from mih_impact.panel.contract import label_of

__all__ = [
    "COVER",
    "EMPLOYER",
    "EXAMPLE_SOURCE",
    "NO_COSTS",
    "TITLE",
    "WHOSE",
    "Sentence",
    "account_card",
    "controls",
    "cover_of",
    "cut",
    "in_kind",
    "kind_and_cash",
    "left_out",
    "local_losses",
    "made_up",
    "no_benefits",
    "no_resources",
    "participants_behind",
    "residual",
    "said",
]

#: A present value smaller than this, NOK, is rounding: nothing is said of it.
LEAST = 0.5

EMPLOYER = Label(
    nb="Arbeidsgiveren er forutsatt å gå i null: produksjonen er verdsatt til det arbeidskraften"
    " koster.",
    en="The employer is assumed to break even: output is valued at what the labour costs.",
)
NO_COSTS = Label(nb="Tiltakskostnader er IKKE regnet med.", en="Programme costs are NOT included.")
_WITHOUT = Label(
    nb="Tiltaket bruker ingen ressurser i regnskapet ({why}).",
    en="The programme uses no resources in the account ({why}).",
)
_NO_RESOURCES = {
    "transfer": Label(nb="overføringer", en="transfers"),
    "zero": Label(nb="satt til 0", en="set to 0"),
    "late": Label(nb="etter siste år", en="after the last year"),
}
_CUT = Label(
    nb="Analyseperioden er {years} år (år 0–{last} etter oppstart). Virkninger etter det er ikke"
    " regnet med.",
    en="The horizon is {years} years (years 0–{last} since start). Effects after that are not"
    " counted.",
)
_LEFT_OUT = Label(
    nb="Holdt utenfor regnskapet: {names}. Virkningen på offentlige budsjetter er uten dette.",
    en="Left out of the account: {names}. Public budgets are without it.",
)
_OF_FEW = Label(
    nb="For få deltakere til et regnskap: ingen verdier vises (min_cell i mih.options).",
    en="Too few participants for an account: no values are shown (min_cell of mih.options).",
)
_GIVEN_AWAY = Label(
    nb="Ingen verdier vises: regnskapet ville røpe beløp for færre enn {least} personer"
    " (min_cell i mih.options). Hold dette utenfor: roles={roles}.",
    en="No values are shown: the account would give away amounts of fewer than {least} persons"
    " (min_cell of mih.options). Leave out of it what is of few: roles={roles}.",
)
_NO_BENEFITS = Label(
    nb="Effekter på ytelser er IKKE regnet med.", en="Effects on benefits are NOT included."
)

#: The source of what `mih-impact init` makes up, as its programme files have it.
EXAMPLE_SOURCE = Label(nb="oppdiktet eksempel", en="made up, as an example")
_MADE_UP = {
    True: Label(
        nb="Kostnadene er oppdiktet, som eksempel.", en="The costs are made up, as an example."
    ),
    False: Label(
        nb="Noen av kostnadene er oppdiktet, som eksempel.",
        en="Some of the costs are made up, as an example.",
    ),
}

#: What is known of cover for what a local budget loses: nothing said, no decision known, decided.
COVER = {
    "unsaid": Label(
        nb="For {who} er netto nåverdi {value}.",
        en="For {who}, net present value is {value}.",
    ),
    "no decision": Label(
        nb="For {who} er netto nåverdi {value}, og det er ikke kjent noe vedtak om kompensasjon.",
        en="For {who}, net present value is {value}, and no decision on compensation is known.",
    ),
    "decided": Label(
        nb="For {who} er netto nåverdi {value} før statens dekning av utgiftene, som er vedtatt.",
        en="For {who}, net present value is {value} before the state's cover of its outlays, which"
        " is decided.",
    ),
}
_IN_KIND = Label(
    nb="For offentlige budsjetter er {amount} trukket fra for innsats som ikke betales ut, som egne"
    " ansattes tid. Regnes bare betalinger med, er virkningen {cash}.",
    en="Public budgets are net of {amount} for what is given in kind, such as the time of their"
    " staff. In cash alone, the effect is {cash}.",
)
_BEHIND = Label(
    nb="Anslaget for år {zero} bygger på {first} deltakere, for år {year} på {last}.",
    en="The estimate of year {zero} rests on {first} participants, that of year {year} on {last}.",
)
_BEHIND_ALL = Label(
    nb="Anslaget for hvert av årene bygger på {first} deltakere.",
    en="The estimate of each year rests on {first} participants.",
)
_CONTROLS = Label(
    nb="Kontrollgruppen fikk det som ellers tilbys. For det slike tiltak koster, er {value} trukket"
    " fra (spenn {low} til {high}).",
    en="Controls had what is otherwise offered. What such measures cost is deducted at {value}"
    " (range {low} to {high}).",
)
_RESIDUAL = Label(
    nb="Restverdi etter år {last} er ikke lagt til. Halveres effekten hvert femte år fram til"
    " {age} år, er den {value}.",
    en="Residual value after year {last} is not added. If the effect halves every five years until"
    " the age of {age}, it is {value}.",
)


@dataclass(frozen=True)
class Sentence:
    """A sentence with its places, and what stands in them.

    Attributes
    ----------
    text
        The sentence, with ``{named}`` places.
    values
        The displayed text of every place.
    """

    text: Label
    values: Mapping[str, Label] = field(default_factory=dict)

    @property
    def label(self) -> Label:
        """The sentence with its places filled."""
        return self.text.format(**self.values)


def _kroner(value: SupportsFloat | None) -> Label:
    """Return kroner to the nearest hundred in both languages."""
    return both(lambda: hundreds(value))


def _persons(n: float) -> Label:
    """Return a number of persons in both languages; few are hidden."""
    return both(lambda: count(n))


def _whole(n: int) -> Label:
    return both(lambda: number(n, 0))


def cut(case: AccountValues) -> Sentence:
    """Say after how many years the account ends."""
    return Sentence(_CUT, {"years": _whole(case.horizon), "last": _whole(case.horizon - 1)})


def no_benefits(case: AccountValues) -> Sentence | None:
    """Say that effects on benefits are left out, where they are."""
    has = any(role.startswith("benefit:") for role in case.roles)
    return None if has else Sentence(_NO_BENEFITS)


def left_out(case: AccountValues) -> Sentence | None:
    """Say which benefits of the panel are left out, where any is."""
    names = case.provenance.options.get("left_out", ())
    if not names:
        return None
    listed = both(lambda: ", ".join(label_of(name).text() for name in names))
    return Sentence(_LEFT_OUT, {"names": listed})


def made_up(case: AccountValues) -> Sentence | None:
    """Say that costs are those of the example that `init` writes, where any is."""
    items = case.programme.items
    found = [item for item in items if item.source in EXAMPLE_SOURCE.texts().values()]
    return Sentence(_MADE_UP[len(found) == len(items)]) if found else None


def no_resources(case: AccountValues) -> Label | None:
    """Say what becomes of the costs where none is of resources; None where no cost is given."""
    items = [item for item in case.programme.items if item.total or item.low is not None]
    if not items:
        return None
    real = [item for item in items if item.kind == "real"]
    why = {
        "transfer": [item for item in items if item.kind == "transfer"],
        "zero": [item for item in real if item.total == 0],
        "late": [item for item in real if item.total > 0],
    }

    def told() -> str:
        return "; ".join(
            f"{_NO_RESOURCES[name].text()}: {', '.join(item.label.text() for item in found)}"
            for name, found in why.items()
            if found
        )

    return _WITHOUT.format(why=both(told))


def cover_of(actor: str, compensated: tuple[str, ...] | None) -> str:
    """Return what is known of cover for a local budget's outlays: a key of `COVER`."""
    if compensated is None:
        return "unsaid"
    return "decided" if actor in compensated else "no decision"


def local_losses(case: AccountValues) -> dict[str, Sentence]:
    """Say which local budgets lose, and whether a decision to cover it is known."""
    compensated = case.programme.compensated
    known = None if compensated is None else tuple(compensated)
    values = {actor: case.present_value(actor) for actor in LOCAL}
    return {
        actor: Sentence(
            COVER[cover_of(actor, known)],
            {"who": GROUP_LABELS[actor], "value": _kroner(value)},
        )
        for actor, value in values.items()
        if value < -LEAST
    }


def kind_and_cash(case: AccountValues) -> tuple[float, float]:
    """Return what public budgets give in kind and what they come to in cash, present values."""
    ledger = ledger_frame(case.model, case.effects)
    public = ledger[ledger["actor"].isin(PUBLIC)]
    kind = -float(public.loc[~public["cash"], "present_value"].sum())
    return kind, case.public + kind


def in_kind(case: AccountValues) -> Sentence | None:
    """Say how much of the public account is no money, where any is."""
    kind, cash = kind_and_cash(case)
    if kind <= LEAST:
        return None
    return Sentence(_IN_KIND, {"amount": _kroner(kind), "cash": _kroner(cash)})


def participants_behind(case: AccountValues) -> Sentence | None:
    """Say how many persons stand behind the first and the last estimated year, where known."""
    behind = case.starters
    if not np.isfinite(behind[[0, -1]]).all():
        return None
    first, last = (float(n) for n in behind[[0, -1]])
    if len(behind) == 1 or (behind == first).all():
        return None if hidden(first) else Sentence(_BEHIND_ALL, {"first": _persons(first)})
    values = {
        "first": _persons(first),
        "last": _persons(last),
        "zero": _whole(0),
        "year": _whole(len(behind) - 1),
    }
    return Sentence(_BEHIND, values)


def residual(case: AccountValues) -> Sentence | None:
    """Say what the years after the horizon would be worth, where the age at start is known."""
    if case.programme.age_at_start is None:
        return None
    frame = residual_frame(case)
    if frame["first_year"].isna().all():  # the mean starter is 67 within the account
        return None
    value = float(frame.set_index(["decay", "actor"])["present_value"]["half_life_5", "society"])
    values = {"last": _whole(case.horizon - 1), "age": _whole(LAST_AGE), "value": _kroner(value)}
    return Sentence(_RESIDUAL, values)


def controls(case: AccountValues) -> Sentence | None:
    """Say what the controls' own measures cost, where the programme or the analyst asks."""
    saved = case.assumptions["avoided_measures"]
    if not case.has_headline("avoided_measures") or saved.low is None:
        return None
    numbers = {"value": saved.value, "low": saved.low, "high": saved.high}
    return Sentence(_CONTROLS, {name: _kroner(value) for name, value in numbers.items()})


def said(sentences: list[Sentence | None]) -> list[str]:
    """Return the sentences that are true of an account."""
    return [each.label.text() for each in sentences if each is not None]


#: The title of whatever shows a whole account.
TITLE = Label(
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
_NONE = Label(nb="ingen", en="none")
_PUBLIC = Label(nb="Offentlige budsjetter", en="Public budgets")
_STARTERS = Label(nb="Deltakere bak hvert år", en="Participants behind each year")
_YEARS_TO = Label(
    nb="{first} (år 0) til {last} (år {year})", en="{first} (year 0) to {last} (year {year})"
)

_WHO = Label(nb="Hvem betaler, hvem tjener", en="Who pays, who gains")
_PRESENT_VALUE = Label(nb="Nåverdi", en="Present value")
_CI = Label(nb="95\u00a0% KI", en="95% CI")

_OWN_RULES = Label(
    nb="Egne regler: Det som ikke er oppgitt, er null, også skattefinansieringskostnad og pensjon.",
    en="Own rules: what is not given is nothing, the cost of tax-financing and pensions too.",
)
_UNIT = Label(
    nb="{money} per deltaker som startet, faste {year}-priser; pluss er gevinst.",
    en="{money} per participant who started, fixed {year} prices; a gain is positive.",
)
#: Whose effect the account prices.
WHOSE = {
    "att": Label(
        nb="Effekten er gjennomsnittet for dem som startet (ATT).",
        en="The effect is the average on those who started (ATT).",
    ),
    "atc": Label(
        nb="Effekten er den kandidater ville hatt, om de hadde startet (ATC): regnskapet gjelder"
        " dem, og ikke dem som startet.",
        en="The effect is what candidates would have had, had they started (ATC): the account is"
        " of them, and not of those who started.",
    ),
    "ate": Label(
        nb="Effekten er gjennomsnittet for deltakere og kandidater under ett (ATE).",
        en="The effect is the average over participants and candidates together (ATE).",
    ),
}
#: Of effects that were estimated with design weights.
_WEIGHTED = Label(
    nb="Effekten er et gjennomsnitt vektet med utvalgsvekter; antall deltakere er uten vekter.",
    en="The effect is a mean by design weights; numbers of participants are unweighted.",
)
_HOW_COUNTED = Label(
    nb="Oppstartsåret er år 0. Lønnsomt i et år: samlet nåverdi er null eller mer når det året er"
    " omme, og blir der ut regnskapet.",
    en="The start year is year 0. Breaks even in a year: cumulative present value is zero or more"
    " when that year is over, and stays so to the end of the account.",
)
_SELECTION = Label(
    nb="Sannsynlighet og konfidensintervall viser bare utvalgsusikkerhet i effektene. Hva som skjer"
    " når også forutsetningene varierer, gir uncertainty(). De sier ingenting om skjev utvelgelse,"
    " for eksempel etter motivasjon; se omslagspunktet.",
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
    "remembered": Label(nb="Ikke kontrollert mot kilde: {names}.",
                        en="Not checked against a source: {names}."),
}  # fmt: skip


def account_card(case: AccountValues) -> Card:
    """Return the card of an account."""
    title = TITLE.format(programme=case.programme.label).text()
    refused = _refused(case)
    if refused is not None:
        secret = hidden_too(float(np.nanmin(case.starters)))
        values = tuple((name.text(), secret) for name in (_NPV, _PUBLIC, _STARTERS))
        return Card(title=title, lines=values, notes=(refused.text(),))
    return Card(
        title=title,
        lines=(*_headline(case), *_beside(case)),
        table=_who(case),
        notes=_notes(case),
    )


def _refused(case: AccountValues) -> Label | None:
    """Return why an account is not displayed, as `require_enough` has it; None where it is."""
    if is_of_few(case):
        return _OF_FEW
    names, _ = given_away(case)
    least = both(lambda: number(current().min_cell))
    return _GIVEN_AWAY.format(least=least, roles=dict.fromkeys(names)) if names else None


def _headline(case: AccountValues) -> list[tuple[str, str]]:
    bounds = case.interval()
    missing = _NOT_AVAILABLE.text()
    lines = [
        (_NPV.text(), hundreds(case.npv)),
        (_INTERVAL.text(), interval(*bounds, hundreds) if bounds else missing),
        (_PROBABILITY.text(), _probability(case)),
        (
            _BREAK_EVEN.text(),
            break_even_text(case.break_even_year, case.horizon, counted=True),
        ),
        (_PUBLIC.text(), hundreds(case.public)),
    ]
    if np.isfinite(case.starters).all():
        first, last = (count(n) for n in case.starters[[0, -1]])
        text = _YEARS_TO.format(first=first, last=last, year=case.horizon - 1).text()
        lines.append((_STARTERS.text(), text))
    return lines


def _probability(case: AccountValues) -> str:
    """Return P(NPV > 0), never rounded to a certainty."""
    share = case.probability_positive
    if share is None:
        return _NOT_AVAILABLE.text()
    return probability(share) if case.std_error else percent(share, 0)


def _beside(case: AccountValues) -> list[tuple[str, str]]:
    lines = []
    for row in beside_frame(case).to_dict("records"):
        if row["name"] == "public_leisure_1":  # leisure is no public money: said already
            continue
        name, value = str(row["label"]), float(row["value"])
        shown = hundreds(value) if row["unit"] == case.currency else _scale(value)
        lines.append((name[0].upper() + name[1:], shown))
    return lines


def _scale(value: float) -> str:
    """Return a switching scale; one that is negative or does not exist is none."""
    return number(value, 2) if value >= 0 else _NONE.text()


def _who(case: AccountValues) -> pd.DataFrame:
    """Return the table of actors; those whom nothing reaches are left out."""
    years = year_frame(case)
    moved = years.groupby("actor")["amount"].apply(lambda amount: bool((amount.abs() > 0.5).any()))
    frame = actor_frame(case)
    kept = frame[[bool(moved[actor]) or actor not in ACTORS for actor in frame["actor"]]]
    names = [GROUP_LABELS[actor].text() for actor in kept["actor"]]
    shown: dict[str, list[str]] = {
        _WHO.text(): names,
        _PRESENT_VALUE.text(): [hundreds(value) for value in kept["present_value"]],
    }
    if case.covariance is not None:
        bounds = zip(kept["conf_low"], kept["conf_high"], strict=True)
        shown[_CI.text()] = [interval(low, high, hundreds) for low, high in bounds]
    shown[_BREAK_EVEN.text()] = [
        break_even_text(case.break_even(actor), case.horizon) for actor in kept["actor"]
    ]
    return pd.DataFrame(shown)


def _notes(case: AccountValues) -> tuple[str, ...]:
    notes = [
        _UNIT.format(year=case.price_year, money=money_name()),
        WHOSE[case.estimand],
        *([_WEIGHTED] if case.provenance.options.get("weights") else []),
        cut(case).label,
        _HOW_COUNTED,
        EMPLOYER,
    ]
    if case.covariance is not None:
        notes.append(_SELECTION)
    if not case.programme.items:
        notes.append(NO_COSTS)
    if case.programme.note is not None:
        notes.append(case.programme.note)
    notes += [each.label for each in _objections(case) if each is not None]
    if case.programme.non_priced:
        notes.append(_NON_PRICED.format(n=len(case.programme.non_priced)))
    late = case.late_costs
    if late:
        notes.append(_LATE_COSTS.format(cost=_kroner(late)))
    texts = [capital(note.text()) for note in notes]
    return (*texts, *_unsure(case))


def _objections(case: AccountValues) -> list[Sentence | None]:
    """Return what a reader asks first: what is left out, who pays, the controls, later years."""
    own = case.assumptions.preset == "bare"  # what the Norwegian rules are asked is beside it
    return [
        Sentence(_OWN_RULES) if own else None,
        no_benefits(case),
        left_out(case),
        *local_losses(case).values(),
        Sentence(_NO_COVER) if local_losses(case) else None,
        in_kind(case),
        controls(case),
        residual(case),
        *(
            Sentence(each.sentence)
            for each in objections_of(case, ["tax_by_decile"] if own else None)
        ),
    ]


def _unsure(case: AccountValues) -> list[str]:
    """Return what is assumed or remembered, rates with their values, costs by name."""
    known = [
        (item.status, f"{item.label.text()} {amount_of(item.value, item.unit)}")
        for item in case.unsure()
    ]
    known += [(item.status, item.label.text()) for item in case.programme.items]
    texts = []
    for status, sentence in _UNSURE.items():
        names = [name for own, name in known if own == status]
        if names:
            texts.append(sentence.format(names="; ".join(names)).text())
    return texts
