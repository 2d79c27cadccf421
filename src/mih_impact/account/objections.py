"""What a ministry asks of the account: each objection with its size, as a sentence and a row.

Some are a choice between assumptions that the account has (who pays for the posts, leisure); some
are left out and sized here (pension accrual, indirect taxes, exit from work after the horizon).
None of them changes the headline, but for tax by decile, which is told where the account has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from mih_impact.account.residual import residual_value_of, years_left
from mih_impact.account.roles import GROUPS, STATUS_LABELS, TAX, hundreds
from mih_impact.account.tables import component_frame, ledger_frame, require_enough
from mih_impact.account.uncertainty import uncertainty_of
from mih_impact.account.values import AccountValues
from mih_impact.display.locale import Label, both, listed
from mih_impact.display.numbers import number, percent
from mih_impact.errors import AssumptionError

__all__ = ["ASSUMED", "Limit", "Objection", "objections_frame", "objections_of"]


@dataclass(frozen=True)
class Limit:
    """A number of ours that sizes what the account leaves out.

    Attributes
    ----------
    value, low, high
        The number and its range.
    unit, status, source
        What it is measured in, how sure we are, and where it comes from.
    """

    value: float
    low: float
    high: float
    unit: str
    status: str
    source: str


#: Draws of the mean under the ranges: those of `CostBenefit.uncertainty` by default.
_DRAWS, _SEED = 10_000, 2025

#: What sizes the limits; no number of the account hangs on them. An illustration is no estimate: it
#: shows how large something would be, if it were so.
ASSUMED: dict[str, Limit] = {
    "pension_accrual": Limit(
        0.18, 0.0, 0.18, "share of wage", "remembered",
        "old-age pension in the National Insurance: about 18 per cent of wages accrue; not checked",
    ),
    "indirect_taxes": Limit(
        0.15, 0.10, 0.20, "share of the participant's gain in cash",
        "illustration", "assumed in mih_impact, an example of a size: no figure was found",
    ),
    "exit_from_work": Limit(
        0.02, 0.0, 0.04, "per year after the horizon", "illustration",
        "assumed in mih_impact, an example of a size: no rate of mortality and exit was found",
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Objection:
    """One objection, its numbers, and the sentence that tells of it.

    Attributes
    ----------
    name
        What it is called.
    status
        What its numbers are: a key of `STATUS`.
    text
        The sentence, with places named as the numbers and as what else stands in it.
    numbers
        The numbers by name.
    shown
        The displayed text of every place.
    """

    name: str
    status: str
    text: Label
    numbers: Mapping[str, float]
    shown: Mapping[str, Label]

    @property
    def sentence(self) -> Label:
        """The sentence with its places filled."""
        return self.text.format(**self.shown)


#: What the numbers of an objection are, as its table says it.
STATUS = {
    "account": Label(nb="beregnet i regnskapet", en="computed in the account"),
    "view": Label(nb="valg av synspunkt", en="choice of view"),
    "ASSUMED": STATUS_LABELS["ASSUMED"],
    "remembered": STATUS_LABELS["remembered"],
    "illustration": Label(nb="illustrasjon", en="illustration"),
    "estimated": Label(nb="anslått", en="estimated"),
    "given": Label(nb="oppgitte satser", en="rates given"),
}


def objections_of(case: AccountValues, names: Sequence[str] | None = None) -> list[Objection]:
    """Return the objections to the account that apply; of those named, where names are given."""
    require_enough(case)
    found = [make(case) for name, make in _ALL.items() if names is None or name in names]
    return [each for each in found if each is not None]


def objections_frame(case: AccountValues) -> pd.DataFrame:
    """Return `name, number, value, status, sentence`; see `CostBenefit.objections`."""
    rows = [
        (each.name, number, value, STATUS[each.status].text(), each.sentence.text())
        for each in objections_of(case)
        for number, value in each.numbers.items()
    ]
    return pd.DataFrame(rows, columns=["name", "number", "value", "status", "sentence"])


def _said(
    name: str, status: str, text: Label, numbers: Mapping[str, float], **more: Label
) -> Objection:
    shown = {key: _shown(key, value) for key, value in numbers.items()}
    return Objection(name, status, text, dict(numbers), shown | more)


def _shown(key: str, value: float) -> Label:
    """Return a number by what its name says it is: a share, a number of years, or kroner."""
    show: Callable[[float], str] = hundreds
    if key.startswith("share"):
        show = percent
    elif key.startswith("years"):
        show = partial(number, decimals=2)
    return both(lambda: show(value))


_POSTS = Label(
    nb="Stillingene: var de ellers ledige, er lønnen nye utbetalinger, og netto nåverdi er"
    " {society_vacant}, offentlige budsjetter {public_vacant}. Var de ellers fylt av andre, er alt"
    " fortrengning: {society_filled} og {public_filled}. Hovedregnskapet forutsetter verken ledige"
    " stillinger som det må bevilges penger til, eller fortrengning.{turn}",
    en="The posts: if they were otherwise vacant, their wages are new outlays, and net present"
    " value is {society_vacant}, public budgets {public_vacant}. If others would have filled them,"
    " all of it is displacement: {society_filled} and {public_filled}. The base assumes neither"
    " vacant posts that need new money nor displacement.{turn}",
)
_TURN = Label(
    nb=" Offentlige budsjetter går i null når {share_turn} av stillingene er nye penger.",
    en=" Public budgets break even where {share_turn} of the posts is new money.",
)
_LEISURE = Label(
    nb="Fritid: Rundskrivet (R-109, 6.1.4) verdsetter tapt fritid til nettolønn. Da er netto"
    " nåverdi {circular}. Dette regnskapet gjør ikke det, fordi arbeidssøkere har plikt til å være"
    " tilgjengelige for arbeid, og gir {base}. Deltakerens tid i tiltaket er ikke priset i noen av"
    " dem.",
    en="Leisure: the circular (R-109, 6.1.4) values leisure given up at the net wage. Net present"
    " value is then {circular}. This account does not, because job-seekers have a duty to be"
    " available for work, and gives {base}. The participant's time in the programme is priced in"
    " neither.",
)
_TIME = Label(
    nb="Deltakerens tid i {phases}, antatt {years_given} årsverk, står ikke i regnskapet."
    " Til nettolønn, av {wage} i året før skatt, er den verdt {time}, og netto nåverdi med begge"
    " er {with_time}.",
    en="The participant's time in {phases}, taken as {years_given} full-time years, is"
    " left out. At the net wage, of {wage} before tax, it is worth {time}; with both, net present"
    " value is {with_time}.",
)
_PENSION = Label(
    nb="Pensjon: {share_accrual} av lønnen er opptjening av alderspensjon i folketrygden, og er"
    " ikke regnet med. Det er {accrual} til deltakeren senere, betalt av staten. Pensjon og sosiale"
    " kostnader i regnskapet ({counted}) er arbeidsgiverens, og regnes som deltakerens utsatte"
    " lønn, uten skatt.",
    en="Pension: {share_accrual} of the wage accrues as old-age pension in the National Insurance,"
    " and is not counted. That is {accrual} to the participant later, paid by the state. Pension"
    " and social costs in the account ({counted}) are the employer's, and count as the"
    " participant's deferred pay, untaxed.",
)
_INDIRECT = Label(
    nb="Merverdiavgift og særavgifter på det deltakeren kjøper for gevinsten, er ikke regnet med,"
    " og ikke anslått. Illustrasjon, uten kilde: var de {share_taxes} av gevinsten i penger, økte"
    " de offentlige inntekter med {revenue}.",
    en="VAT and excises on what the participant buys for the gain are not counted, nor estimated."
    " Illustration, without a source: at {share_taxes} of the gain in cash, they would add"
    " {revenue} to public revenue.",
)
_SOCIAL = Label(
    nb="Økonomisk sosialhjelp er kommunens penger, ikke en regelstyrt ytelse fra staten: {saved} av"
    " virkningen på kommunen.",
    en="Social assistance is municipal money, not a rule-bound benefit of the state: {saved} of the"
    " effect on the municipality.",
)
_EXIT = Label(
    nb="Restverdien tar ikke hensyn til død og avgang fra arbeid, som ikke er anslått."
    " Illustrasjon, uten kilde: falt {share_exit} fra hvert år, var den {with_exit} i stedet for"
    " {without} når effekten ellers halveres hvert femte år.",
    en="Residual value does not allow for mortality and exit from work, which are not estimated."
    " Illustration, without a source: if {share_exit} left each year, it would be {with_exit}"
    " instead of {without} where the effect otherwise halves every five years.",
)


_EXPECTED = Label(
    nb="Hovedanslagene er ikke forventningsverdier, for flere av spennene går bare én vei. Trekkes"
    " forutsetningene fra spennene, er gjennomsnittlig netto nåverdi {society_mean}"
    " (hovedregnskapet {base}) og virkningen på offentlige budsjetter {public_mean}.",
    en="Base values are not expected values, for several ranges go one way only. If the"
    " assumptions are drawn from their ranges, net present value is {society_mean} on average (base"
    " {base}), and public budgets {public_mean}.",
)


_STARTS = Label(
    nb="De som startet sist, er ikke fulgt fram til år {last}. Netto nåverdi er {base}.",
    en="The last to start are not followed to year {last}. Net present value is {base}.",
)
_SAME = Label(
    nb=" Med de samme deltakerne bak alle år er den {balanced}",
    en=" With the same participants in all years it is {balanced}",
)
_FILLED = Label(
    nb=" Fylles årene som mangler, med anslag ut fra årene før, er den {filled}",
    en=" With missing years estimated from those before them it is {filled}",
)
_ERRORS = {
    name: Label(nb=f" (standardfeil {{error_{name}}})", en=f" (standard error {{error_{name}}})")
    for name in ("balanced", "filled")
}


_TAX = Label(
    nb="Lønnsøkningen er skattlagt etter desil i kontrollgruppens inntekt samme år, med"
    " satser fra {share_lowest} til {share_highest} (kilde: {source}). Det er {share_tax} av"
    " økningen. Med én sats på {share_flat} er netto nåverdi {society_flat} i stedet for {base}, og"
    " offentlige budsjetter {public_flat} i stedet for {public}.",
    en="The gain in wages is taxed by decile of the control group's income of the same year,"
    " at rates from {share_lowest} to {share_highest} (source: {source}). That is {share_tax} of"
    " the gain. At one rate of {share_flat}, net present value is {society_flat} instead of {base},"
    " and public budgets {public_flat} instead of {public}.",
)


def _expected(case: AccountValues) -> Objection | None:
    drawn = [item for item in case.used_assumptions() if item.distribution != "fixed"]
    if not drawn or case.covariance is None:
        return None
    try:
        table = uncertainty_of(case, _DRAWS, _SEED, None).to_frame()
    except AssumptionError:  # ranges that do not go together are for uncertainty() to refuse
        return None
    mean = table[table["source"] == "assumptions"].set_index("actor")["mean"].to_dict()
    numbers = {"base": case.npv, "society_mean": mean["society"], "public_mean": mean["public"]}
    return _said("expected", "account", _EXPECTED, numbers)


def _start_years(case: AccountValues) -> Objection | None:
    found = {each.composition: each for each in case.composed}
    if not {"balanced", "filled"} & set(found):
        return None
    numbers, texts = {"base": case.npv}, [_STARTS]
    map_of, society = case.model.accumulated, GROUPS.index("society")
    for name, text in (("balanced", _SAME), ("filled", _FILLED)):
        each = found.get(name)
        if each is None:
            continue
        numbers[name] = float(map_of.values(each.effects)[society, -1])
        texts.append(text)
        if each.covariance is not None:
            numbers[f"error_{name}"] = float(map_of.std_errors(each.covariance)[society, -1])
            texts.append(_ERRORS[name])
        texts.append(Label(nb=".", en="."))
    text = Label(nb="".join(each.nb for each in texts), en="".join(each.en for each in texts))
    last = str(case.effects.shape[1] - 1)
    return _said("start_years", "estimated", text, numbers, last=Label(nb=last, en=last))


def _posts(case: AccountValues) -> Objection | None:
    if not case.has_headline("wage_bill"):
        return None
    vacant, filled = (case.with_values({"vacancy": share}) for share in (1.0, 0.0))
    numbers = {
        "society_vacant": vacant.npv, "public_vacant": vacant.public,
        "society_filled": filled.npv, "public_filled": filled.public,
    }  # fmt: skip
    none, all_new = (
        case.with_values({"wage_bill": share}).public for share in (0.0, 1.0)
    )  # a straight line between them
    if none > 0 > all_new:
        numbers["share_turn"] = none / (none - all_new)
        turn = _TURN.format(share_turn=_shown("share_turn", numbers["share_turn"]))
    else:
        turn = Label(nb="", en="")
    return _said("posts", "view", _POSTS, numbers, turn=turn)


def _leisure(case: AccountValues) -> Objection | None:
    if case.assumptions.leisure == 1:
        return None
    circular = case.with_values({"leisure": 1.0}).npv
    return _said("leisure", "view", _LEISURE, {"base": case.npv, "circular": circular})


def _time(case: AccountValues) -> Objection | None:
    own = case.model.programme.unpaid_time
    given = case.model.programme.time_given(case.horizon)
    if own is None or not given.any():
        return None
    priced = case.with_values({"leisure": 1.0})
    worth = own.wage * (1 - _wage_tax(case)) * float(given @ case.discount_factors)
    numbers = {
        "years_given": float(given.sum()), "wage": own.wage, "time": worth,
        "with_time": priced.npv - worth,
    }  # fmt: skip
    spent = [phase.label for phase in case.programme.phases if any(own.years.get(phase.name, ()))]
    phases = Label(
        nb=listed([label.nb for label in spent]).nb, en=listed([label.en for label in spent]).en
    )
    return _said("programme_time", own.status, _TIME, numbers, phases=phases)


def _wages(case: AccountValues) -> float:
    return float(case.path[case.roles.index("wage")] @ case.discount_factors)


def _pension(case: AccountValues) -> Objection | None:
    share, wages = ASSUMED["pension_accrual"].value, _wages(case)
    numbers = {
        "share_accrual": share, "accrual": share * wages,
        "counted": case.assumptions.pension_share * wages,
    }  # fmt: skip
    return _said("pension_accrual", ASSUMED["pension_accrual"].status, _PENSION, numbers)


def _indirect(case: AccountValues) -> Objection | None:
    ledger = ledger_frame(case.model, case.effects)
    own = ledger[(ledger["actor"] == "participant") & ledger["cash"]]
    share = ASSUMED["indirect_taxes"].value
    revenue = share * float(own["present_value"].sum())
    return _said(
        "indirect_taxes",
        ASSUMED["indirect_taxes"].status,
        _INDIRECT,
        {"share_taxes": share, "revenue": revenue},
    )


def _social(case: AccountValues) -> Objection | None:
    rows = component_frame(case.model, case.effects).set_index("component")
    if "benefit:sosialhjelp" not in rows.index:
        return None
    saved = float(rows["municipality"].to_dict()["benefit:sosialhjelp"])
    return _said("social_assistance", "account", _SOCIAL, {"saved": saved})


def _exit(case: AccountValues) -> Objection | None:
    if case.programme.age_at_start is None or years_left(case) == 0:
        return None
    share = ASSUMED["exit_from_work"].value
    # Halved every five years and fewer by a share each year: a shorter half-life.
    shorter = 1 / (1 / 5 - math.log2(1 - share))
    numbers = {
        "share_exit": share, "with_exit": residual_value_of(case, shorter),
        "without": residual_value_of(case, 5.0),
    }  # fmt: skip
    return _said("exit_from_work", ASSUMED["exit_from_work"].status, _EXIT, numbers)


def _wage_tax(case: AccountValues) -> float:
    """Return the share of the wage effect that is tax, in present values."""
    if TAX not in case.roles:
        return case.assumptions.tax_rate_wage
    tax = float(case.path[case.roles.index(TAX)] @ case.discount_factors)
    return tax / (_wages(case) or 1.0)


def _tax_by_decile(case: AccountValues) -> Objection | None:
    if TAX not in case.roles:
        return None
    kept = np.array([role != TAX for role in case.roles])
    flat = replace(
        case,
        effects=case.effects[kept],
        covariance=None,
        outcomes=tuple(name for name, own in zip(case.outcomes, kept, strict=True) if own),
        roles=tuple(role for role in case.roles if role != TAX),
        composed=(),
        giving=None,
    )
    told = case.provenance.options
    numbers = {
        "share_lowest": min(told["tax_rates"]), "share_highest": max(told["tax_rates"]),
        "share_tax": _wage_tax(case), "share_flat": case.assumptions.tax_rate_wage,
        "society_flat": flat.npv, "base": case.npv,
        "public_flat": flat.public, "public": case.public,
    }  # fmt: skip
    source = Label(nb=told["tax_source"], en=told["tax_source"])
    return _said("tax_by_decile", "given", _TAX, numbers, source=source)


#: How each is found, in the order in which they are told.
_ALL: dict[str, Callable[[AccountValues], Objection | None]] = {
    "posts": _posts,
    "leisure": _leisure,
    "programme_time": _time,
    "pension_accrual": _pension,
    "indirect_taxes": _indirect,
    "expected": _expected,
    "start_years": _start_years,
    "social_assistance": _social,
    "exit_from_work": _exit,
    "tax_by_decile": _tax_by_decile,
}
