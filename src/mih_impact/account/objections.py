"""What a ministry asks of the account: each objection with its size, as a sentence and a row.

Some are a choice between assumptions that the account has (who pays for the posts, leisure); some
are left out and sized here (pension accrual, indirect taxes, exit from work after the horizon).
None of them changes the headline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from mih_impact.account.residual import residual_value_of, years_left
from mih_impact.account.roles import hundreds
from mih_impact.account.tables import component_frame, ledger_frame
from mih_impact.account.uncertainty import uncertainty_of
from mih_impact.account.values import AccountValues
from mih_impact.display.locale import Label, Lang, percent
from mih_impact.errors import AssumptionError

__all__ = ["ASSUMED", "Limit", "Objection", "objections_frame", "objections_of", "vacancy_values"]


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

#: What sizes the limits; no number of the account hangs on them.
ASSUMED: dict[str, Limit] = {
    "pension_accrual": Limit(
        0.18, 0.0, 0.18, "share of wage", "remembered",
        "old-age pension in the National Insurance: about 18 per cent of wages accrue; not checked",
    ),
    "indirect_taxes": Limit(
        0.15, 0.10, 0.20, "share of the participant's gain in cash", "ASSUMED",
        "ours: VAT and excises on what is bought for the gain; no figure was found",
    ),
    "exit_from_work": Limit(
        0.02, 0.0, 0.04, "per year after the horizon", "ASSUMED",
        "ours: mortality and exit from work among those who would otherwise earn the effect",
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Objection:
    """One objection: what it is called, its numbers, and the sentence that tells of it."""

    name: str
    numbers: Mapping[str, float]
    sentence: Label


def vacancy_values(vacancy: float) -> dict[str, float]:
    """Return what a share of posts otherwise vacant means for the account's two assumptions.

    A post that was otherwise vacant costs the municipality its wage anew (`wage_bill`) and pushes
    nobody out; a post that was otherwise filled costs nothing anew and displaces whoever would have
    filled it (`displacement`).

    Examples
    --------
    >>> vacancy_values(1.0)
    {'wage_bill': 1.0, 'displacement': 0.0}
    """
    return {"wage_bill": vacancy, "displacement": 1.0 - vacancy}


def objections_of(case: AccountValues) -> list[Objection]:
    """Return the objections that the account can be met with, those of them that apply."""
    found = [make(case) for make in _ALL]
    return [each for each in found if each is not None]


def objections_frame(case: AccountValues, lang: Lang | None = None) -> pd.DataFrame:
    """Return `name, number, value, sentence`; see `CostBenefit.objections`."""
    rows = [
        (each.name, number, value, each.sentence.text(lang))
        for each in objections_of(case)
        for number, value in each.numbers.items()
    ]
    return pd.DataFrame(rows, columns=["name", "number", "value", "sentence"])


def _said(name: str, text: Label, numbers: Mapping[str, float], **more: object) -> Objection:
    shown = {
        key: Label(nb=hundreds(value, "nb"), en=hundreds(value, "en"))
        for key, value in numbers.items()
        if not key.startswith("share")
    }
    shares = {
        key: Label(nb=percent(value, lang="nb"), en=percent(value, lang="en"))
        for key, value in numbers.items()
        if key.startswith("share")
    }
    return Objection(name, dict(numbers), text.format(**shown, **shares, **more))


_POSTS = Label(
    nb="Stillingene: var de ellers ledige, er lønnen nye utbetalinger, og netto nåverdi er"
    " {society_vacant}, offentlige budsjetter {public_vacant}. Var de ellers fylt av andre, er alt"
    " fortrengning: {society_filled} og {public_filled}. Grunnregnskapet forutsetter verken ledige"
    " stillinger som må bevilges, eller fortrengning.{turn}",
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
    nb="Fritid: rundskrivets egen linje (R-109, 6.1.4) verdsetter tapt fritid til nettolønn, og da"
    " er netto nåverdi {circular}. Grunnregnskapet avviker fra den og gir {base}, fordi"
    " arbeidssøkere har plikt til å være tilgjengelige for arbeid. Deltakerens tid i praksis og"
    " skole er ikke priset i noen av dem.",
    en="Leisure: the circular's own row (R-109, 6.1.4) values leisure given up at the net wage, and"
    " net present value is then {circular}. The base departs from it and gives {base}, because"
    " job-seekers have a duty to be available for work. The participant's time in practice and"
    " school is priced in neither.",
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
    nb="Merverdiavgift og særavgifter på det deltakeren kjøper for gevinsten, er ikke regnet med."
    " Er de {share_taxes} av gevinsten i penger, øker de offentlige inntekter med {revenue}.",
    en="VAT and excises on what the participant buys for the gain are not counted. If they are"
    " {share_taxes} of the gain in cash, they add {revenue} to public revenue.",
)
_SOCIAL = Label(
    nb="Økonomisk sosialhjelp er kommunens penger, ikke en regelstyrt ytelse fra staten: {saved} av"
    " virkningen på kommunen.",
    en="Social assistance is municipal money, not a rule-bound benefit of the state: {saved} of the"
    " effect on the municipality.",
)
_EXIT = Label(
    nb="Restverdien tar ikke hensyn til død og avgang fra arbeid. Faller {share_exit} fra hvert år,"
    " er den {with_exit} i stedet for {without} når effekten ellers halveres hvert femte år.",
    en="Residual value does not allow for mortality and exit from work. If {share_exit} leave each"
    " year, it is {with_exit} instead of {without} where the effect otherwise halves every five"
    " years.",
)


_EXPECTED = Label(
    nb="Grunnverdier er ikke forventninger: flere spenn er ensidige. Trekkes forutsetningene fra"
    " spennene, er gjennomsnittlig netto nåverdi {society_mean} (grunnregnskapet {base}), og"
    " offentlige budsjetter {public_mean}.",
    en="Base values are no expectations: several ranges are one-sided. If the assumptions are drawn"
    " from their ranges, net present value is {society_mean} on average (base {base}), and public"
    " budgets {public_mean}.",
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
    return _said("expected", _EXPECTED, numbers)


def _posts(case: AccountValues) -> Objection | None:
    if not case.has_headline("wage_bill"):
        return None
    vacant, filled = (case.with_values(vacancy_values(share)) for share in (1.0, 0.0))
    numbers = {
        "society_vacant": vacant.npv, "public_vacant": vacant.public,
        "society_filled": filled.npv, "public_filled": filled.public,
    }  # fmt: skip
    none, all_new = (
        case.with_values({"wage_bill": share}).public for share in (0.0, 1.0)
    )  # a straight line between them
    if none > 0 > all_new:
        numbers["share_turn"] = none / (none - all_new)
        turn = _TURN.format(share_turn=Label(
            nb=percent(numbers["share_turn"], lang="nb"),
            en=percent(numbers["share_turn"], lang="en"),
        ))  # fmt: skip
    else:
        turn = Label(nb="", en="")
    return _said("posts", _POSTS, numbers, turn=turn)


def _leisure(case: AccountValues) -> Objection | None:
    if case.assumptions.leisure == 1:
        return None
    circular = case.with_values({"leisure": 1.0}).npv
    return _said("leisure", _LEISURE, {"base": case.npv, "circular": circular})


def _wages(case: AccountValues) -> float:
    return float(case.path[case.roles.index("wage")] @ case.discount_factors)


def _pension(case: AccountValues) -> Objection | None:
    share, wages = ASSUMED["pension_accrual"].value, _wages(case)
    numbers = {
        "share_accrual": share, "accrual": share * wages,
        "counted": case.assumptions.pension_share * wages,
    }  # fmt: skip
    return _said("pension_accrual", _PENSION, numbers)


def _indirect(case: AccountValues) -> Objection | None:
    ledger = ledger_frame(case.model, case.effects)
    own = ledger[(ledger["actor"] == "participant") & ledger["cash"]]
    share = ASSUMED["indirect_taxes"].value
    revenue = share * float(own["present_value"].sum())
    return _said("indirect_taxes", _INDIRECT, {"share_taxes": share, "revenue": revenue})


def _social(case: AccountValues) -> Objection | None:
    rows = component_frame(case.model, case.effects).set_index("component")
    if "benefit:sosialhjelp" not in rows.index:
        return None
    saved = float(rows["municipality"].to_dict()["benefit:sosialhjelp"])
    return _said("social_assistance", _SOCIAL, {"saved": saved})


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
    return _said("exit_from_work", _EXIT, numbers)


_ALL: tuple[Callable[[AccountValues], Objection | None], ...] = (
    _posts, _leisure, _pension, _indirect, _expected, _social, _exit,
)  # fmt: skip
