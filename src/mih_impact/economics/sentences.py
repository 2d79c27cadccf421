"""What is said of an account beside its numbers: each sentence once, and made from them.

A sentence that is not true of an account is None. The card, the memo, the workbook and the budget
page take theirs from here, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, SupportsFloat

import numpy as np

from mih_impact.display.labels import Label, Lang, capital
from mih_impact.display.numbers import count, hidden, number
from mih_impact.economics.actors import GROUP_LABELS, PUBLIC
from mih_impact.economics.labels import hundreds
from mih_impact.economics.programme import LOCAL
from mih_impact.economics.residual import LAST_AGE

if TYPE_CHECKING:
    from mih_impact.economics.case import CostBenefit
    from mih_impact.economics.values import AccountValues

__all__ = [
    "COVER",
    "EMPLOYER",
    "NO_COSTS",
    "SAMPLING",
    "Sentence",
    "controls",
    "cover_of",
    "cut",
    "in_kind",
    "kind_and_cash",
    "local_losses",
    "no_benefits",
    "participants_behind",
    "residual",
    "said",
]

#: A present value smaller than this, NOK, is rounding: nothing is said of it.
LEAST = 0.5

EMPLOYER = Label(
    nb="At arbeidsgiveren går i null, er en forutsetning: produksjonen er verdsatt til det"
    " arbeidskraften koster.",
    en="That the employer nets to zero is an assumption: output is valued at what the labour"
    " costs.",
)
NO_COSTS = Label(nb="Tiltakskostnader er IKKE regnet med.", en="Programme costs are NOT included.")
SAMPLING = Label(
    nb="Intervallet gjelder bare tilfeldig usikkerhet i effektene, ikke usikre forutsetninger.",
    en="The interval holds sampling uncertainty in the effects alone, not uncertain assumptions.",
)
_CUT = Label(
    nb="Regnskapet er kuttet etter {years} år (år 0–{last} etter oppstart). Virkninger etter det er"
    " ikke regnet med.",
    en="The account is cut after {years} years (years 0–{last} since start). Effects after that are"
    " not counted.",
)
_NO_BENEFITS = Label(
    nb="Effekter på ytelser er IKKE regnet med.", en="Effects on benefits are NOT included."
)

#: What is known of cover for what a local budget loses: nothing said, no decision known, decided.
COVER = {
    "unsaid": Label(
        nb="{Who} kommer ut med {value}.",
        en="{Who} comes out with {value}.",
    ),
    "no decision": Label(
        nb="{Who} kommer ut med {value}, og det er ikke kjent noe vedtak om å kompensere det.",
        en="{Who} comes out with {value}, and no decision to compensate it is known.",
    ),
    "decided": Label(
        nb="{Who} kommer ut med {value} før statens dekning av utgiftene, som er vedtatt.",
        en="{Who} comes out with {value} before the state's cover of its outlays, which is"
        " decided.",
    ),
}
_IN_KIND = Label(
    nb="I offentlige budsjetter er {amount} innsats uten utbetaling, som tiden til egne ansatte; i"
    " penger alene er virkningen {cash}.",
    en="Public budgets include {amount} of costs in kind, such as the time of their staff; in cash"
    " alone the effect is {cash}.",
)
_BEHIND = Label(
    nb="Bak år {zero} står {first} deltakere, og bak år {year} står {last}.",
    en="{first} participants stand behind year {zero}, {last} behind year {year}.",
)
_BEHIND_ALL = Label(
    nb="Bak hvert av årene står {first} deltakere.",
    en="{first} participants stand behind each year.",
)
_CONTROLS = Label(
    nb="Kontrollgruppen fikk det som ellers tilbys. Det slike tiltak koster, kommer til fradrag med"
    " {value} (spenn {low} til {high}).",
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
    return Label(nb=hundreds(value, "nb"), en=hundreds(value, "en"))


def _persons(n: float) -> Label:
    """Return a number of persons in both languages; few are hidden."""
    return Label(nb=count(n, "nb"), en=count(n, "en"))


def _capital(label: Label) -> Label:
    return Label(nb=capital(label.nb), en=capital(label.en))


def _whole(n: int) -> Label:
    return Label(nb=number(n, 0, "nb"), en=number(n, 0, "en"))


def cut(case: AccountValues) -> Sentence:
    """Say after how many years the account ends."""
    return Sentence(_CUT, {"years": _whole(case.horizon), "last": _whole(case.horizon - 1)})


def no_benefits(case: AccountValues) -> Sentence | None:
    """Say that effects on benefits are left out, where they are."""
    has = any(role.startswith("benefit:") for role in case.roles)
    return None if has else Sentence(_NO_BENEFITS)


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
            {"Who": _capital(GROUP_LABELS[actor]), "value": _kroner(value)},
        )
        for actor, value in values.items()
        if value < -LEAST
    }


def kind_and_cash(case: CostBenefit) -> tuple[float, float]:
    """Return what public budgets give in kind and what they come to in cash, present values."""
    ledger = case.ledger()
    public = ledger[ledger["actor"].isin(PUBLIC)]
    kind = -float(public.loc[~public["cash"], "present_value"].sum())
    return kind, case.public + kind


def in_kind(case: CostBenefit) -> Sentence | None:
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
        return None if hidden(first, "en") else Sentence(_BEHIND_ALL, {"first": _persons(first)})
    values = {
        "first": _persons(first),
        "last": _persons(last),
        "zero": _whole(0),
        "year": _whole(len(behind) - 1),
    }
    return Sentence(_BEHIND, values)


def residual(case: CostBenefit) -> Sentence | None:
    """Say what the years after the horizon would be worth, where the age at start is known."""
    if case.programme.age_at_start is None:
        return None
    frame = case.residual_value()
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


def said(sentences: list[Sentence | None], lang: Lang | None = None) -> list[str]:
    """Return the sentences that are true of an account."""
    return [each.label.text(lang) for each in sentences if each is not None]
